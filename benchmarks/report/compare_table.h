/* SPDX-License-Identifier: MIT
 *
 * compare_table: a comparison as a person reads it.
 */
#ifndef LB_COMPARE_TABLE_H
#define LB_COMPARE_TABLE_H

#include <linebounce/compare_view.h>

#include <stdio.h>

/* Text of files and their names as it may be printed. Good for eight calls; longer ones are cut. */
const char *compare_shown(const char *text);
/* One line: which runs are on that side, and what of them was left out. */
void compare_side(FILE *out, const struct lb_compare *compare, int side);
/* All cases, group by group. -ENOMEM. */
int compare_table(FILE *out, const struct lb_compare *compare);

#endif
