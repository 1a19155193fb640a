/* SPDX-License-Identifier: MIT */
#ifndef LB_ANALYSIS_PRIVATE_H
#define LB_ANALYSIS_PRIVATE_H

#include <linebounce/analysis.h>

/* What was accounted, timed and counted in the samples of a line's regime. `scratch` and `more`
 * hold lb_run_longest values each. -ENOMEM. */
void lb_result_account(const struct lb_run *run, struct lb_result *line);
int lb_result_timed(const struct lb_run *run, double *scratch, double *more,
                    struct lb_result *line);
int lb_result_counted(const struct lb_run *run, double *scratch, double *more,
                      struct lb_result *line);
/* Takes the zeros away that no positive control stands up for. */
void lb_analysis_doubt_zeros(struct lb_analysis *analysis);
/* Says what is expected of the others. -ENOMEM. */
int lb_analysis_expect(struct lb_analysis *analysis);

/* Why two cases that are compared met different rates, or did not reach the one that was set:
 * static text, or NULL. The line is one of the compared. */
const char *lb_analysis_rates(const struct lb_analysis *analysis, const struct lb_result *line);

/* Controls, self-checks and disturbance, and the verdicts that they take away. -ENOMEM. */
int lb_analysis_judge(struct lb_analysis *analysis);

#endif
