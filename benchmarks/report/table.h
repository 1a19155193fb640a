/* SPDX-License-Identifier: MIT
 *
 * table: a run's lines as a person reads them.
 */
#ifndef LB_TABLE_H
#define LB_TABLE_H

#include <linebounce/analysis.h>

#include <stdio.h>

/* Of the first column. */
#define NAME_WIDTH 21

/* Headline and saturated columns per layout and role, controls, and a sentence per scenario. */
void table_layouts(const struct lb_analysis *analysis, FILE *out);
/* One row a lock kind. */
void table_fastpath(const struct lb_analysis *analysis, FILE *out);
/* What the run was: rounds, windows, spoiled, regimes, clock. */
void table_run(const struct lb_analysis *analysis, FILE *out);

#endif
