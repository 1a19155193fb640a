/* SPDX-License-Identifier: MIT
 *
 * repeat_table: how runs repeat, on one screen.
 */
#ifndef LB_REPEAT_TABLE_H
#define LB_REPEAT_TABLE_H

#include <linebounce/repeat.h>

#include <stdio.h>

/* At most REPEAT_LINES lines of 100 columns; what does not fit is in repeat.csv. -ENOMEM. */
#define REPEAT_LINES 40
int repeat_table(FILE *out, const struct lb_repeat *repeat);

#endif
