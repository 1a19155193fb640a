/* SPDX-License-Identifier: MIT
 *
 * verdicts: what the table says, in sentences.
 */
#ifndef LB_VERDICTS_H
#define LB_VERDICTS_H

#include <linebounce/analysis.h>

#include <stdio.h>

/* One sentence for the group of cases that the given one opens, in one regime, which it names where
 * it is not that of the tables. */
void verdict_sentence(FILE *out, const struct lb_analysis *analysis, size_t first, int regime);
/* Controls and self-check, a line each placement, work and regime. */
void verdict_controls(FILE *out, const struct lb_analysis *analysis);
/* May the lock move back into the struct here, and what does it cost in memory? Only where the run
 * has both sides of the question. */
void verdict_answer(FILE *out, const struct lb_analysis *analysis);
/* One line where the machine was too busy for verdicts, nothing else. */
void verdict_busy(FILE *out, const struct lb_analysis *analysis);

#endif
