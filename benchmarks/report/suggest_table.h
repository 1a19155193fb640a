/* SPDX-License-Identifier: MIT
 *
 * suggest_table: moves that a model has ranked, and what was measured of the best.
 */
#ifndef LB_SUGGEST_TABLE_H
#define LB_SUGGEST_TABLE_H

#include "request/settings.h"

#include <linebounce/analysis.h>

#include <stdio.h>

/* So many of the best are measured. */
#define SUGGEST_MEASURED 3

/* Of settings->suggestions at most so many, of the structure that is the first of its whatifs. */
void suggest_ranking(FILE *out, const struct settings *settings, size_t most);

/* The rest of the whatifs, in their order, against the first: a line a role, and a sentence that
 * begins with "=> ". */
void suggest_measured(FILE *out, const struct lb_analysis *analysis,
                      const struct settings *settings);

#endif
