/* SPDX-License-Identifier: MIT
 *
 * line_waits: which cache lines an op waits for when one other thread is about, by geometry alone.
 *
 * Closed forms, no simulation: a line on which this op has a word and the other op another is gone
 * when this op comes, if the other has been there since. What that costs depends on what either
 * does to the line, and on whether a load takes a modified line away (LB_HANDOVER_MIGRATORY) or
 * shares it. How often the other has been there is not said here: that is measured.
 */
#ifndef LINEBOUNCE_LINE_WAITS_H
#define LINEBOUNCE_LINE_WAITS_H

#include <linebounce/costs.h>
#include <linebounce/scenario.h>

LB_BEGIN_C

/* What is done to one line in an op that finds it gone. */
struct lb_line_wait {
    char words[96]; /* what lies on it: "count, owner beside vm_start, vm_end, ...": written words,
                       then words that are only read */
    double share;   /* of the places that objects or neighbours take: on the others it is not shared
                       so */
    /* How often each is paid for. TRANSFER is a locked op or a store on a modified line. */
    int loads, transfers, reloads, upgrades;
    int together; /* lines that the op loads so, this one among them: their fetches overlap */
};
#define LB_LINE_WAITS_MOST 16

/* The lines that threads of `role` wait for in a scenario of two threads: same-object, neighbours,
 * observer and whatif. -ENOTSUP for other scenarios, in which ops wait for locks too, or pick
 * objects; -EINVAL as lb_layout_allows; -E2BIG: more kinds of line than LB_LINE_WAITS_MOST.
 * `handover` unknown is taken as plain. */
int lb_line_waits_of(const struct lb_layout *layout, enum lb_lock_kind lock,
                     enum lb_scenario_kind kind, int role, enum lb_handover handover,
                     struct lb_line_wait lines[LB_LINE_WAITS_MOST], size_t *n);
/* What an op pays that finds the line gone, in ns; transfer_ns as in samples.csv. Lines that are
 * loaded together are paid for as two at once are, each its part. NaN where a cost
 * that it needs is not known. */
double lb_line_wait_ns(const struct lb_line_wait *line, double transfer_ns,
                       const double costs[LB_COSTS]);

LB_END_C

#endif
