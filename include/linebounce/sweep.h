/* SPDX-License-Identifier: MIT
 *
 * sweep: which placements one sweep of a machine visits, and in how many rounds. Pure data from a
 * topology, a request and a budget.
 *
 * Placements are one pair of PUs for every class of pairs that symmetry does not tell apart
 * (lb_placement_pair_classes), and 1, 2, 3, 4, 6, 8, 12, ... threads up to all, close together
 * (compact) and far apart (scatter), each with memory at every home that the machine has. Line-ups
 * of the same PUs at the same home are visited once, under the first name.
 */
#ifndef LINEBOUNCE_SWEEP_H
#define LINEBOUNCE_SWEEP_H

#include <linebounce/plan.h>

LB_BEGIN_C

/* Rounds where neither the user nor a budget says otherwise: half as many again as the first look
 * at a verdict wants, since some windows are spoiled. */
#define LB_SWEEP_ROUNDS 30
/* Fewest rounds that a cut may leave as long as something else can be left out: with fewer there
 * are no verdicts (LB_FIRST_LOOK of stats.h). */
#define LB_SWEEP_ROUNDS_LEAST 20

struct lb_sweep_request {
    const struct lb_topology *topology;
    /* Layouts, scenarios and so on of the plan. Its placements, threads and homes are what the user
     * limits the sweep to; where they are empty everything that the machine has is meant. */
    struct lb_request plan;
    double budget_s; /* 0 or INFINITY: none */
    unsigned rounds; /* 0: LB_SWEEP_ROUNDS, or with a budget as many as it holds */
};

#define LB_SWEEP_CUTS 6
struct lb_sweep {
    struct lb_plan *plan;
    unsigned rounds;
    double round_s;   /* lb_plan_round_s */
    char absent[200]; /* "pairs smt, l2; memory remote, interleaved": classes and homes that this
                         machine lacks; "" none */
    char cuts[LB_SWEEP_CUTS][200]; /* what the budget cost, a clause each */
    int n_cuts;
};

/* Where the budget is too short for everything, what follows is given up in this order, until 20
 * rounds fit: symmetric pairs (one stays for each distance class), thread counts that are no powers
 * of two (all stays), remote and interleaved memory with more than two threads, more than two
 * threads. Then rounds, down to one. All that was given up stands in `cuts`, and nothing else.
 * Placements that the user named are never given up.
 *
 * Errors: -ERANGE for a budget in which not one round fits (why says how long one takes), and for
 * more threads than there are; -ENOENT for a class or home that the machine lacks and the user
 * named; -EINVAL for a home named twice; what lb_plan_create says; -ENOMEM. */
int lb_sweep_create(const struct lb_sweep_request *request, struct lb_why *why,
                    struct lb_sweep **sweep);
void lb_sweep_destroy(struct lb_sweep *sweep);

LB_END_C

#endif
