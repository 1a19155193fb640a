/* SPDX-License-Identifier: MIT
 *
 * pairs: what one line takes from any PU to any other.
 *
 * One-way latency here is half a round trip of one line: two PUs hand it to and fro, by a store
 * that the other's loads wait for (load-store), or by a compare-and-swap that the other's
 * compare-and-swaps wait for (compare-and-swap). The two halves of a trip cannot be told apart, so
 * half of it is a mean of both directions. A line's address decides some 8 % of it, so each pair
 * takes LB_PU_PAIRS_LINES fresh ones in every round, and their median counts.
 */
#ifndef LINEBOUNCE_PAIRS_H
#define LINEBOUNCE_PAIRS_H

#include <linebounce/run.h>

LB_BEGIN_C

/* Fresh lines for each pair, op, home and round. */
#define LB_PU_PAIRS_LINES 9
/* Each is handed over for about so long at least: the number of trips follows from the pair's last
 * round trip, so that a measurement takes the same time near and far and a plan's time is known. */
#define LB_PU_PAIRS_LINE_NS 10000.0
/* Where that leaves time, lines are handed over for longer, until a run takes so long or its budget
 * is used up. Round trips drift by some 4 % over seconds: on two CPUs, medians of ten runs of 0.1 s
 * differed by 7 % (CV, load-store), of 0.7 s by 2.3, of 20 s by 1.6. */
#define LB_PU_PAIRS_SPREAD_S 20.0

/* Where a pair's lines are homed: on the NUMA node of its first PU, of its second, or on the one
 * that both have. */
enum lb_pu_pair_home { LB_PU_PAIR_HOME_A, LB_PU_PAIR_HOME_B, LB_PU_PAIR_HOME_BOTH };
const char *lb_pu_pair_home_name(enum lb_pu_pair_home home); /* "a", "b", "both" */

struct lb_pu_pair {
    /* a before b in logical order; of a class of two nodes, a on the lower; of two kinds of core
     * on one node, a of the lower. */
    int pu_a_os, pu_b_os;
    uint32_t class_index;
};

struct lb_pu_pairs_request {
    const struct lb_topology *topology;
    const char *pus; /* list of kernel numbers, or NULL: all allowed */
    bool all;        /* every pair, whatever the budget */
    double budget_s; /* > 0 */
    unsigned rounds; /* 0: as many as the budget allows, at most lb_pu_pairs_rounds_most */
};
/* Few pairs get up to LB_PU_PAIRS_ROUNDS rounds, many at least LB_PU_PAIRS_ROUNDS_LEAST, so that a
 * run has some LB_PU_PAIRS_ROWS rows where it can. */
#define LB_PU_PAIRS_ROUNDS       1000
#define LB_PU_PAIRS_ROUNDS_LEAST 60
#define LB_PU_PAIRS_ROWS         100000
unsigned lb_pu_pairs_rounds_most(size_t measurements);

struct lb_pu_pairs_plan {
    struct lb_pu_pair *pairs;
    size_t n_pairs;
    struct lb_pu_pair_class *classes;
    size_t n_classes;
    bool all;            /* every pair; else one of each symmetry class */
    uint64_t n_possible; /* pairs that there are */
    size_t measurements; /* in a round: pairs x ops x homes */
    unsigned rounds;
    double line_ns; /* for how long each line is handed over */
    double round_s;
};

/* All pairs where LB_FIRST_LOOK (20) rounds of them fit into the budget, or as asked, else one pair
 * for each symmetry class. -ENODEV: fewer than two PUs; -ERANGE: not one round fits; what
 * lb_placement_list says; -ENOMEM. */
int lb_pu_pairs_plan_create(const struct lb_pu_pairs_request *request, struct lb_why *why,
                            struct lb_pu_pairs_plan **plan);
void lb_pu_pairs_plan_destroy(struct lb_pu_pairs_plan *plan);

/* One pair, op and home over all rounds. */
struct lb_pu_pair_result {
    size_t pair;
    enum lb_pingpong_op op;
    enum lb_pu_pair_home home;
    int home_node_os;          /* -1: no NUMA information */
    double regime_ns;          /* median round trip of the regime below */
    size_t rounds_other;       /* rounds in other regimes */
    struct lb_summary one_way; /* ns, in the regime with most rounds; n 0: never measured */
};

struct lb_pu_pairs {
    const struct lb_pu_pairs_plan *plan;
    struct lb_pu_pair_result *lines; /* plan->measurements of them, in the plan's order */
    unsigned rounds;                 /* whole ones */
    double elapsed_s, measured_s;
    struct lb_load load_before, load; /* as in struct lb_run */
    struct lb_clock clock;
    char note[160]; /* what could not be had of the memory */
};

/* Measures round by round, pairs in an order shuffled from the seed. A row a measurement goes to
 * `csv` (lb_schema_pairs; NULL: none). Of the options seed, stop, progress, data, emulated and
 * budget_s (as in lb_run_measure) count. Errors as lb_run_measure; *pairs is set too when
 * anything was measured. */
int lb_pu_pairs_measure(const struct lb_pu_pairs_plan *plan, const struct lb_topology *topology,
                        const struct lb_run_options *options, struct lb_csv *csv,
                        struct lb_why *why, struct lb_pu_pairs **pairs);
void lb_pu_pairs_destroy(struct lb_pu_pairs *pairs);

/* pairs.csv: a row a measurement; matrix.csv: a row a line. */
extern const struct lb_schema lb_schema_pairs, lb_schema_matrix;
int lb_pu_pairs_write(const struct lb_pu_pairs *pairs, bool emulated, struct lb_csv *csv,
                      struct lb_why *why);
/* The same as a square, one file an op: the first column, pu_os, names the row's PU, the others
 * (pu_N) the column's; a cell is the one-way latency between the two in ns, the line homed on the
 * row's node. Empty where it was not measured. */
int lb_pu_pairs_write_square(const struct lb_pu_pairs *pairs, enum lb_pingpong_op op,
                             const char *path, struct lb_why *why);

LB_END_C

#endif
