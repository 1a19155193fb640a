/* SPDX-License-Identifier: MIT
 *
 * option_values: what stands behind options. All return -EINVAL and the like with a sentence, and
 * exit nowhere.
 */
#ifndef LB_OPTION_VALUES_H
#define LB_OPTION_VALUES_H

#include "request/settings.h"

#define MOST_NUMBER  1e12
#define MOST_ROUNDS  1e9
#define MOST_RUNS    1e4
#define MOST_THREADS 1e6
/* A gap of twice that is drawn in 32 bits. */
#define MOST_SAMPLE_EVERY 1e9

int value_number(const char *option, const char *text, double least, struct lb_why *why,
                 double *value);
/* Whole numbers that a double holds exactly. */
int value_whole(const char *option, const char *text, double least, double most, struct lb_why *why,
                uint64_t *value);
/* "20us", "500ns", "1ms", from `least` to `most` ns. */
int value_span(const char *option, const char *text, double least, double most, struct lb_why *why,
               double *ns);
/* "90", "90s", "30m", "2h", in seconds. */
int value_time(const char *text, struct lb_why *why, double *s);

/* Adds what a comma-separated list names to the list of that option. NO_LIST: it has none. */
#define NO_LIST 1
int values_add(struct settings *settings, const char *option, const char *text, struct lb_why *why);

#endif
