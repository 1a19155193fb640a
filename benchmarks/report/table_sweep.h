/* SPDX-License-Identifier: MIT */
#ifndef LB_TABLE_SWEEP_H
#define LB_TABLE_SWEEP_H

#include "request/settings.h"

#include <linebounce/analysis.h>

#include <stdio.h>

/* A row per scenario, role, layout and lock: its verdicts over all placements, and where it is best
 * and worst off; then, by placement, controls that did not part and how often its distance changed,
 * and what the sweep took. */
void table_sweep(const struct lb_analysis *analysis, const struct settings *settings, FILE *out);

#endif
