/* SPDX-License-Identifier: MIT
 *
 * compare_text: a comparison as a person reads it.
 */
#ifndef LB_COMPARE_TEXT_H
#define LB_COMPARE_TEXT_H

#include <linebounce/compare_view.h>

#include <stdio.h>

/* Text of files and their names as it may be printed. Good for eight calls; longer ones are cut. */
const char *compare_shown(const char *text);
/* One line: which runs are on that side, and what of them was left out. */
void compare_side(FILE *out, const struct lb_compare *compare, int side);
/* All cases, group by group. -ENOMEM. */
int compare_table(FILE *out, const struct lb_compare *compare);

#define COMPARE_LINES          40
#define COMPARE_COMMIT_COLUMNS 72

/* At most COMPARE_LINES lines of 100 columns: what differs between the sides, what changed (of a
 * filtered view every case), how much did not and why it is not known, and the answer. -ENOMEM. */
int compare_brief(FILE *out, const struct lb_compare_view *view);
/* What changed, within COMPARE_COMMIT_COLUMNS. */
void compare_commit(FILE *out, const struct lb_compare_view *view);

#endif
