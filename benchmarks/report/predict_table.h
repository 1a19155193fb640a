/* SPDX-License-Identifier: MIT
 *
 * predict_table: what the model says, as text of at most 100 columns, CSV or JSON.
 */
#ifndef LB_PREDICT_TABLE_H
#define LB_PREDICT_TABLE_H

#include <linebounce/bracket.h>
#include <linebounce/predict.h>

#include <stdio.h>

enum predict_format { PREDICT_TEXT, PREDICT_CSV, PREDICT_JSON };

/* A case of two threads from costs that were given. */
struct predict_pair {
    struct lb_workload shape;
    struct lb_predicted predicted;
};
struct predict_pairs {
    const struct predict_pair *items; /* by scenario, then layout */
    size_t n;
    struct lb_line_costs costs;
    double think_ns, held_ns;
};

/* Cases of a matrix: by number of threads, then scenario, then layout, the baseline first. */
struct predict_crowd {
    struct lb_workload shape;
    struct lb_bracket bracket;
};
struct predict_crowds {
    const struct predict_crowd *items;
    size_t n;
    const struct lb_matrix *matrix;
    const char *path;
    enum lb_matrix_cell cell;
    const char *baseline;
    double think_ns, held_ns;
    const char *placement; /* "scatter", "compact"; NULL: CPUs in the order of the file */
    bool pairs;            /* a prefetcher of pairs is on */
};

/* 0 or -ENOMEM. */
int predict_print_folder(FILE *out, enum predict_format format, const struct lb_predictions *p);
int predict_print_pairs(FILE *out, enum predict_format format, const struct predict_pairs *p);
int predict_print_crowds(FILE *out, enum predict_format format, const struct predict_crowds *p);

#endif
