/* SPDX-License-Identifier: MIT */
#ifndef LB_EXPLAIN_PRIVATE_H
#define LB_EXPLAIN_PRIVATE_H

#include <linebounce/explain.h>
#include <linebounce/record.h>

/* What a round is asked for, of one case and role; NaN where it was not measured. */
enum lb_told {
    LB_TOLD_NS_OP,
    LB_TOLD_WAIT,
    LB_TOLD_OWN,
    LB_TOLD_ASLEEP,
    LB_TOLD_PREEMPTED,
    LB_TOLD_SPINS, /* per op, of all kinds */
    LB_TOLD_SLOW,  /* share of timed ops */
    LB_TOLD_TRIP,  /* round trip around the window */
    LB_TOLD_TRANSFER,
    LB_TOLD_COSTS, /* LB_COSTS of them */
    LB_TOLDS = LB_TOLD_COSTS + LB_COSTS,
};

struct lb_told_round {
    unsigned round, windows;
    double told[LB_TOLDS]; /* sums over its windows until they are all read, then means */
};

struct lb_told_series {
    char *cells[LB_KEYS];
    struct lb_told_round *rounds;
    size_t n;
};

/* A row of summary.csv. */
struct lb_told_row {
    char *cells[LB_KEYS];
    char *baseline; /* "" none */
    int regime;
    double regime_ns;
};

struct lb_told_folder {
    struct lb_told_series *series;
    size_t n_series;
    struct lb_told_row *rows;
    size_t n_rows;
    char **command;      /* as run.json has it; NULL: it has none */
    size_t without_wait; /* rows that are ok, but do not say what ops waited */
};

int lb_told_read(const char *dir, struct lb_why *why, struct lb_told_folder *folder);
void lb_told_free(struct lb_told_folder *folder);
/* The series of the row's case with that layout, or NULL; of several kinds of lock the one with the
 * row's lock, else the first. */
const struct lb_told_series *lb_told_find(const struct lb_told_folder *folder,
                                          const struct lb_told_row *row, const char *layout);

/* What geometry and costs come to, for one side of a difference: waits in ns an op, and its lines,
 * each with its part in told[]. */
struct lb_told_lines {
    struct lb_line_wait lines[LB_LINE_WAITS_MOST];
    double ns[LB_LINE_WAITS_MOST];
    size_t n;
    double sum;
};
/* Means of the rounds in `mean`. -ENOTSUP where geometry does not say, -ENOENT where the layout is
 * not known. */
int lb_told_model(const struct lb_told_folder *folder, const struct lb_told_series *series,
                  const double mean[LB_TOLDS], enum lb_handover handover,
                  struct lb_told_lines *model);
/* The layout of a series: built in, or given on the command line. NULL: not known. */
const struct lb_layout *lb_told_layout(const struct lb_told_folder *folder, const char *name,
                                       struct lb_layout *own);

#endif
