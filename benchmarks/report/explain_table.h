/* SPDX-License-Identifier: MIT
 *
 * explain_table: what differences between layouts are made of, as text of at most 100 columns.
 */
#ifndef LB_EXPLAIN_TABLE_H
#define LB_EXPLAIN_TABLE_H

#include <linebounce/explain.h>

#include <stdio.h>

/* One difference with its parts, the last line "explained ...", or "not explained by this: why". */
void explain_parts(FILE *out, const struct lb_explanation *explanation);
/* All of them, a line each. */
void explain_list(FILE *out, const struct lb_explanations *explanations);

#endif
