/* SPDX-License-Identifier: MIT
 *
 * compare_brief: a comparison on one screen, or as a table for a commit message.
 */
#ifndef LB_COMPARE_BRIEF_H
#define LB_COMPARE_BRIEF_H

#include <linebounce/compare_view.h>

#include <stdio.h>

#define COMPARE_LINES          40
#define COMPARE_COMMIT_COLUMNS 72

/* At most COMPARE_LINES lines of 100 columns: what differs between the sides, what changed (of a
 * filtered view every case), how much did not and why it is not known, and the answer. -ENOMEM. */
int compare_brief(FILE *out, const struct lb_compare_view *view);
/* What changed, within COMPARE_COMMIT_COLUMNS. */
void compare_commit(FILE *out, const struct lb_compare_view *view);

#endif
