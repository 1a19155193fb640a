/* SPDX-License-Identifier: MIT */
#ifndef LB_CAUSES_H
#define LB_CAUSES_H

#include <linebounce/analysis.h>

#include <stdio.h>

/* Below a group's table: where the time of its cases goes, timed, accounted and counted, one row a
 * layout and role. `rows` are the plan's indices of the group's cases. */
void causes_group(FILE *out, const struct lb_analysis *analysis, const int *rows, size_t n,
                  int name_width);
/* At the end: what the timer costs, and which events have no values and why. */
void causes_notes(FILE *out, const struct lb_analysis *analysis);

#endif
