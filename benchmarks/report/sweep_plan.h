/* SPDX-License-Identifier: MIT
 *
 * sweep_plan: what a sweep will measure, in a dozen lines.
 */
#ifndef LB_SWEEP_PLAN_H
#define LB_SWEEP_PLAN_H

#include <linebounce/sweep.h>

#include <stdint.h>
#include <stdio.h>

/* "9.5 s", "90 s", "45 min", "3.2 h" */
void sweep_print_time(double s, FILE *out);
/* Cases, rounds and time (`around_s` of it for setting up and pictures); the placements by distance
 * and kind, CPUs as ranges; what the machine lacks, and what the budget cost. -ENOMEM. */
int sweep_print_plan(const struct lb_sweep *sweep, double around_s, uint64_t seed, FILE *out);
/* Every placement and every case, a line each. */
void sweep_print_cases(const struct lb_plan *plan, FILE *out);
/* What some budgets would leave out, a line each: those that do not hold all of it.
 * -ENOMEM. */
int sweep_print_budgets(const struct lb_sweep_request *request, double around_s, double whole_s,
                        FILE *out);

#endif
