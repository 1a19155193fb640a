/* SPDX-License-Identifier: MIT
 *
 * compare_brief: a comparison on one screen, or as a table for a commit message.
 */
#ifndef LB_COMPARE_BRIEF_H
#define LB_COMPARE_BRIEF_H

#include <linebounce/compare.h>

#include <stdio.h>

enum compare_sort {
    COMPARE_SORT_CHANGE, /* the largest first; those with a pause before saturated ones */
    COMPARE_SORT_NAME,
    COMPARE_SORT_TIME, /* B's, the slowest first */
    COMPARE_SORTS
};

struct compare_view {
    const char *filter; /* show cases whose name holds this, changed or not; NULL: the changed */
    enum compare_sort sort;
};

#define COMPARE_LINES          40
#define COMPARE_COMMIT_COLUMNS 72

/* At most COMPARE_LINES lines of 100 columns: what differs between the sides, what changed, how
 * much did not and why it is not known, and the answer. -ENOMEM. */
int compare_brief(FILE *out, const struct lb_compare *compare, const struct compare_view *view);
/* What changed, within COMPARE_COMMIT_COLUMNS. -ENOMEM. */
int compare_commit(FILE *out, const struct lb_compare *compare, const struct compare_view *view);

#endif
