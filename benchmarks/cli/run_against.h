/* SPDX-License-Identifier: MIT
 *
 * run_against: two programs measured in turns, and compared.
 */
#ifndef LB_RUN_AGAINST_H
#define LB_RUN_AGAINST_H

#include "request/settings.h"

/* Runs settings->against (A) and this program (B) settings->runs times in turns (A B A B ...), each
 * with the arguments given but for --against, --runs and --out, into folders A1, B1, A2, ... below
 * the results folder; what they print goes into A1.txt and so on beside them. Then prints B against
 * A. `given` is the command line from "run" on. Returns an exit status: that of the first run which
 * did not end well, else compare's. */
int run_against(const struct settings *settings, char **given);

#endif
