/* SPDX-License-Identifier: MIT
 *
 * rates: how often the roles of a group's cases came, in lines of 80 columns.
 */
#ifndef LB_RATES_H
#define LB_RATES_H

#include <linebounce/analysis.h>

#include <stdio.h>

/* A time as options take it: "20 us". */
#define RATES_TIME_BYTES 32
void rates_time(double ns, char text[RATES_TIME_BYTES]);
/* What was set, for the head of a table: "; writer begins an op every 20 us"; nothing where no
 * scenario has rates that are set. */
void rates_set(FILE *out, const struct lb_case *c);
/* Of each case its second role's ops a second and per 1000 of the first; nothing where there is one
 * role. `title` says at which work. */
void rates_group(FILE *out, const struct lb_analysis *analysis, const int *cases, size_t n,
                 const char *title);

#endif
