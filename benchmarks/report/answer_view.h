/* SPDX-License-Identifier: MIT
 *
 * answer_view: the answer of a run as a person reads it, in one screen or two.
 */
#ifndef LB_ANSWER_VIEW_H
#define LB_ANSWER_VIEW_H

#include "look.h"

#include <linebounce/answer.h>

#include <stdio.h>

/* Question and answer, what each layout costs in each scenario, what is undecided and what would
 * decide it, what vouches for it, and once more the answer with its table: the last 24 lines hold
 * question and answer. `quiet`: these alone. */
void answer_view(FILE *out, const struct look *look, const struct lb_found *found, bool quiet);
/* In its place at the end of a run that was interrupted: how far it came, a line a suite. */
void answer_interrupted(FILE *out, const struct lb_found *found);
/* The answer to paste into an issue: Markdown tables, no colours, no width. */
void answer_markdown(FILE *out, const struct lb_found *found);

/* Of a sweep: layouts x distances, the largest cost or gain of each over all scenarios with a
 * pause, in the regimes that tables show. Nothing where no two threads were compared, and of other
 * suites.
 */
void sweep_print_matrix(const struct lb_found *found, FILE *out);

/* Parts of it. */
void answer_matrix(FILE *out, const struct look *look, const struct lb_found *found, int suite);
/* "-12.3", "+54.5!", "=", "<=", "?"; a dot where layout and scenario do not go together. */
#define ANSWER_CELL_BYTES 24
enum look_paint answer_cell(const struct lb_found_cell *cell, char text[ANSWER_CELL_BYTES]);

/* Which tables of a folder `answer_tables` shows. */
struct answer_choice {
    const char *scenario; /* NULL: all */
    bool saturated, far, why;
};
/* Today's tables: a table for each scenario, placement and pause, every layout and role with its
 * interval; `why` where the time goes. -ENOENT where nothing is of that choice; what reading
 * summary.csv says. */
int answer_tables(FILE *out, const struct lb_found *found, const struct answer_choice *choice,
                  struct lb_why *why);

#endif
