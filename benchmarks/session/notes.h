/* SPDX-License-Identifier: MIT
 *
 * notes: what stood in a run's way: what did not fit into its budget, what else ran on its CPUs.
 */
#ifndef LB_NOTES_H
#define LB_NOTES_H

#include "request/settings.h"

#include <linebounce/run.h>

#include <stdio.h>

/* Below the table: scenarios left out and rounds that were not measured for want of time, atomics
 * that are not what this machine's kernel uses, and other load where it matters. Nothing where
 * nothing is to be said. */
void notes_run(const struct lb_run *run, const struct settings *settings, FILE *out);
/* Instead of a table, where there is not one whole round: how far the run came. */
void notes_unfinished(const struct lb_run *run, FILE *out);
void notes_load(const struct lb_load *before, const struct lb_load *load, FILE *out);

#endif
