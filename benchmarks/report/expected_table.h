/* SPDX-License-Identifier: MIT
 *
 * expected_table: what counters should count an op, as text of at most 100 columns.
 */
#ifndef LB_EXPECTED_TABLE_H
#define LB_EXPECTED_TABLE_H

#include "request/settings.h"

#include <linebounce/analysis.h>

#include <stdio.h>

/* Of the settings' layouts (all built-in ones), kinds of lock (each layout's own), scenarios (those
 * that the model knows) and hand-over (both), on a machine that is not measured. */
void expected_table(FILE *out, const struct settings *settings);

/* Beside what was counted: "embedded lock: hitm_local expected 0.87 (model), counted 0.91", a line
 * for those rows (cases) of which anything is expected; nothing where there are none. */
void expected_beside(FILE *out, const struct lb_analysis *analysis, const int *rows, size_t n);

#endif
