/* SPDX-License-Identifier: MIT
 *
 * answer_figures: tables of suites whose answer is no matrix of layouts.
 */
#ifndef LB_ANSWER_FIGURES_H
#define LB_ANSWER_FIGURES_H

#include "answer_grid.h"

#include <linebounce/answer.h>

/* Fills the grid (to be finished by the caller) and says in one clause what it has: latencies by
 * distance, sizes of interference, or costs where nothing was compared. Returns a note to stand
 * below it, or ""; NULL where the suite has none of these. */
const char *answer_figures(const struct lb_found *found, int suite, struct grid *grid,
                           const char **what);

#endif
