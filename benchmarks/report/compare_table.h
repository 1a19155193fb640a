/* SPDX-License-Identifier: MIT
 *
 * compare_table: a comparison as a person reads it.
 */
#ifndef LB_COMPARE_TABLE_H
#define LB_COMPARE_TABLE_H

#include <linebounce/compare.h>

#include <stdio.h>

/* -ENOMEM. */
int compare_table(FILE *out, const struct lb_compare *compare);

#endif
