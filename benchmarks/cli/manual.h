/* SPDX-License-Identifier: MIT
 *
 * manual: a command's manual page, from the same table as its --help.
 */
#ifndef LB_MANUAL_H
#define LB_MANUAL_H

#include <argp.h>
#include <stdio.h>

/* Text as roff takes it, from the beginning of a line. */
void manual_put(const char *text, FILE *out);

/* The page of "linebounce run" in section 1. `input` is what the table's help filter gets; `more`
 * (NULL: nothing) writes sections of its own behind the options. -ENOMEM. */
int manual_print(const struct argp *argp, const char *program, const char *summary, void *input,
                 int (*more)(FILE *out), FILE *out);

#endif
