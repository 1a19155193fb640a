/* SPDX-License-Identifier: MIT
 *
 * suite_help: what a suite asks, what it measures unless told otherwise, and which options mean
 * something to it, from its own tables.
 */
#ifndef LB_SUITE_HELP_H
#define LB_SUITE_HELP_H

#include "suite.h"

/* -ENOMEM. */
int suite_help(const struct suite *suite, FILE *out);
/* A section of a manual page with all of them. -ENOMEM. */
int suites_manual(FILE *out);

#endif
