/* SPDX-License-Identifier: MIT
 *
 * explain: what a difference between two layouts is made of, from a results folder alone.
 *
 * In every round that has both, the difference of ns_op is what ops waited longer (wait_ns_op) and
 * what they take longer by themselves (own_op_mean_ns), where they sleep also what they slept, and
 * a rest. That is measured, not assumed: timed ops are others than those whose blocks make ns_op.
 * They begin a little later after the thread's last op and find lines away more often: lines get
 * what waits come to without that.
 * Of the waits, geometry names the lines (line_waits.h), and what lines were measured to cost says
 * how much they can account for; where the two do not agree, the waits are not said to be those
 * lines'. Of a paced role, whose ops are all timed, ns_op holds the very waits: there lines get
 * what geometry and costs come to in each round, and the remainder is in the rest.
 *
 * Nothing is explained where the interval of the total holds 0, the total is under LB_EXPLAIN_LEAST
 * ns, or less than LB_EXPLAIN_SHARE of it is accounted for, surely no more than half.
 */
#ifndef LINEBOUNCE_EXPLAIN_H
#define LINEBOUNCE_EXPLAIN_H

#include <linebounce/line_waits.h>
#include <linebounce/stats.h>

#include <stdbool.h>

LB_BEGIN_C

#define LB_EXPLAIN_LEAST  5.0
#define LB_EXPLAIN_SHARE  0.80
#define LB_EXPLAIN_SURELY 0.50 /* the lower end of its interval */
/* Fewest rounds that both have in one regime, and how far geometry and waits may lie apart. */
#define LB_EXPLAIN_ROUNDS 6
#define LB_EXPLAIN_AGREE  1.5
/* ns that lie before a timed op and before no other, beside the pause: the clock is read twice and
 * the block before is noted. In them the other thread takes the line more often. About: a reading
 * takes 17 ns on the machine that this was looked at on. */
#define LB_EXPLAIN_LATER 40.0

enum lb_explain_kind {
    LB_EXPLAIN_LINES,     /* waits for lines that geometry names */
    LB_EXPLAIN_MISSES,    /* many: waits for what is not in the op's own cache */
    LB_EXPLAIN_OWN,       /* the op by itself: pointer chase, kind of lock */
    LB_EXPLAIN_ASLEEP,    /* where sleeping is the subject: off its CPU of its own will */
    LB_EXPLAIN_PREEMPTED, /* likewise: runnable, but not running */
    LB_EXPLAIN_SPINNING,  /* likewise: on its CPU, waiting for the lock */
    LB_EXPLAIN_KINDS,
};

struct lb_explain_value {
    double value, lo, hi; /* with its 95 % interval (block bootstrap of rounds) */
};

struct lb_explain_part {
    enum lb_explain_kind kind;
    char what[128]; /* "line of count, owner", "own work: pointer chase and kind of lock" */
    struct lb_explain_value ns; /* of a line: its share of the waits, by geometry */
    double model_ns; /* what geometry and the costs of lines come to; NaN: they do not say */
};
#define LB_EXPLAIN_PARTS_MOST (LB_LINE_WAITS_MOST + LB_EXPLAIN_KINDS)

struct lb_explanation {
    /* Borrowed from the lb_explanations. */
    const char *scenario, *layout, *lock, *against, *against_lock, *placement, *role;
    double work_ns, round_trip_ns; /* mean of the rounds */
    int regime;
    size_t rounds;                 /* that went in */
    size_t rounds_left_out;        /* that lie far beyond all others: an interruption */
    struct lb_explain_value total; /* ns_op less that of `against` */
    struct lb_explain_value waits; /* of it, what timed ops waited longer, whatever for */
    double waits_model_ns; /* what geometry and costs account for of the waits; NaN: no say */
    struct lb_explain_part parts[LB_EXPLAIN_PARTS_MOST];
    size_t n_parts;
    struct lb_explain_value rest;
    struct lb_explain_value explained; /* 1 - |rest| / |total|, shares; NaN where total holds 0 */
    bool is_explained;
    char why_not[192]; /* else the reason, a clause; "" */
};

struct lb_explanations {
    struct lb_explanation *items; /* in the order of summary.csv */
    size_t n;
    size_t unresolved; /* pairs left out: the interval of their difference holds 0 */
    enum lb_handover handover;
    double handover_ratio;
    void *hidden;
};

struct lb_explain_request {
    const char *dir;
    /* NULL: any. `against` NULL: the baseline that summary.csv names for the layout. */
    const char *scenario, *layout, *against;
    double work_ns; /* NaN: any that is not 0 */
};

/* Reads samples.csv, summary.csv and run.json of the folder. With a layout or `against` all pairs
 * that match are explained, resolved or not; without, those that are resolved. Every regime and
 * role is one item. -ENODATA: no row matches, or the rows have no wait_ns_op (they were written by
 * an earlier version, or nothing was timed); -EPROTO and what lb_csv_open says; -ENOMEM. */
int lb_explain_create(const struct lb_explain_request *request, struct lb_why *why,
                      struct lb_explanations **explanations);
void lb_explain_destroy(struct lb_explanations *explanations);

/* Layouts that part what built-in ones mix, as lb_layout_parse takes them; NULL ends them: that of
 * the RFC of 2024-08-08 reached by a pointer, and both with a reference count. Suite causes
 * measures them, and so folders name them. */
#define LB_CHAIN_CHASE "chase256"
#define LB_CHAIN_KIND  "own-line-refcount"
#define LB_CHAIN_BOTH  "chase256-refcount"
extern const char *const lb_chain_layouts[];

LB_END_C

#endif
