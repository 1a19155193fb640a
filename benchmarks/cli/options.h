/* SPDX-License-Identifier: MIT
 *
 * options: a command line read by argp, with what argp leaves out: what was meant by an option that
 * nobody knows, and an end where it could not read.
 */
#ifndef LB_OPTIONS_H
#define LB_OPTIONS_H

#include <argp.h>
#include <stdio.h>

/* What options_parse does: reads the command line; or prints what there is, an option a line or as
 * a manual page, and exits. */
enum options_how { OPTIONS_READ, OPTIONS_NAMES, OPTIONS_MANUAL };
/* From here on. Of a manual page: what stands behind the name, and what writes sections of its own
 * (NULL: nothing does). */
void options_describe(enum options_how how, const char *summary, int (*more)(FILE *out));

/* argp_parse, which prints help, usage and refusals itself and exits then. Exits with a sentence
 * and 2 for a long option that does not exist, and with 1 where there is no memory to read it. */
void options_parse(const struct argp *argp, int argc, char **argv, unsigned flags, void *input);

#endif
