/* SPDX-License-Identifier: MIT
 *
 * options: a command line read by argp, with what argp leaves out: what was meant by an option that
 * nobody knows, and an end where it could not read.
 */
#ifndef LB_OPTIONS_H
#define LB_OPTIONS_H

#include <argp.h>

/* argp_parse, which prints help, usage and refusals itself and exits then. Exits with a sentence
 * and 2 for a long option that does not exist, and with 1 where there is no memory to read it. */
void options_parse(const struct argp *argp, int argc, char **argv, unsigned flags, void *input);

#endif
