/* SPDX-License-Identifier: MIT
 *
 * matrix: latencies between any two CPUs of some machine, as people post them.
 *
 * Read are squares and lower or upper triangles, with commas, semicolons, tabs or blanks between
 * the cells, with or without a line of names and a column of names; with names the rows and columns
 * may be in any order. Cells may end in "ns", and in a deviation ("52±1"); "", "-", "x" and the
 * like stand for nothing, which is allowed on the diagonal, and where the other way is given. Lines
 * that begin with # are passed over.
 */
#ifndef LINEBOUNCE_MATRIX_H
#define LINEBOUNCE_MATRIX_H

#include <linebounce/base.h>

#include <stdbool.h>

LB_BEGIN_C

#define LB_MATRIX_CPUS_MOST    512
#define LB_MATRIX_CLASSES_MOST 12
/* Two ways of a pair that differ by more than the first are askew; a tenth of the pairs may be, and
 * none by more than the second. */
#define LB_MATRIX_ASKEW      2.0
#define LB_MATRIX_ASKEW_MOST 5.0
/* A CPU and the one nearest to it see all others alike: in the median of these, no further apart
 * than by this factor. So it is on machines, and not in noise or in a table of other things. */
#define LB_MATRIX_ALIKE 1.35
/* Values are of one class where sorted ones differ by less than this factor. */
#define LB_MATRIX_GAP 1.15

/* What a cell holds. Tools mostly print half of a round trip and do not say so. */
enum lb_matrix_cell { LB_MATRIX_HALF, LB_MATRIX_TRIP };

struct lb_matrix {
    size_t n;
    double *ns; /* n x n, half of a round trip, from the row's CPU to the column's; 0 on the
                   diagonal */
    int *cpus;  /* their numbers: those in the names, else 0, 1, ... */
    bool named; /* the file has names */
    bool triangle;
    size_t n_classes; /* of latencies, the nearest first; at most LB_MATRIX_CLASSES_MOST, the last
                         of which then holds all others */
    double class_ns[LB_MATRIX_CLASSES_MOST]; /* medians */
    size_t class_pairs[LB_MATRIX_CLASSES_MOST];
};

/* -EINVAL with the reason, and where: no square, fewer than two CPUs, names that are there twice or
 * in rows alone, a cell that is no number, NaN, not above 0 or over 1 ms, missing both ways, askew,
 * or like no machine (LB_MATRIX_ALIKE). -E2BIG: more CPUs than LB_MATRIX_CPUS_MOST. What
 * lb_read_regular says; -ENOMEM. */
int lb_matrix_read(const char *path, enum lb_matrix_cell cell, struct lb_why *why,
                   struct lb_matrix **matrix);
/* The same of what stands in a file; `name` is for sentences. */
int lb_matrix_parse(const char *name, const char *text, enum lb_matrix_cell cell,
                    struct lb_why *why, struct lb_matrix **matrix);
void lb_matrix_destroy(struct lb_matrix *matrix);

LB_END_C

#endif
