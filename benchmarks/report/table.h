/* SPDX-License-Identifier: MIT
 *
 * table: a run's lines as a person reads them.
 */
#ifndef LB_TABLE_H
#define LB_TABLE_H

#include "request/settings.h"

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

/* A row per scenario, role, layout and lock: its verdicts over all placements, and where it is best
 * and worst off; then, by placement, controls that did not part and how often its distance changed,
 * and what the sweep took. */
void table_sweep(const struct lb_analysis *analysis, const struct settings *settings, FILE *out);

/* One sentence for the group of cases that the given one opens, in one regime, which it names where
 * it is not that of the tables. */
void verdict_sentence(FILE *out, const struct lb_analysis *analysis, size_t first, int regime);
/* Controls and self-check, a line each placement, work and regime. */
void verdict_controls(FILE *out, const struct lb_analysis *analysis);
/* May the lock move back into the struct here, and what does it cost in memory? Only where the run
 * has both sides of the question. */
void verdict_answer(FILE *out, const struct lb_analysis *analysis);
/* One line where the machine was too busy for verdicts, nothing else. */
void verdict_busy(FILE *out, const struct lb_analysis *analysis);

/* What was set, for the head of a table: "; writer begins an op every 20 us"; nothing where no
 * scenario has rates that are set. */
void rates_set(FILE *out, const struct lb_case *c);
/* Of each case its second role's ops a second and per 1000 of the first; nothing where there is one
 * role. `title` says at which work. */
void rates_group(FILE *out, const struct lb_analysis *analysis, const int *cases, size_t n,
                 const char *title);

/* Below a group's table: where the time of its cases goes, timed, accounted and counted, one row a
 * layout and role. `rows` are the plan's indices of the group's cases. */
void causes_group(FILE *out, const struct lb_analysis *analysis, const int *rows, size_t n,
                  int name_width);
/* At the end: what the timer costs, and which events have no values and why. */
void causes_notes(FILE *out, const struct lb_analysis *analysis);

#endif
