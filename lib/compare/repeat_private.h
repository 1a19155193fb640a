/* SPDX-License-Identifier: MIT
 *
 * What the files of repeat share.
 */
#ifndef LB_REPEAT_PRIVATE_H
#define LB_REPEAT_PRIVATE_H

#include "compare_private.h"

#include <linebounce/repeat.h>

/* The rounds of a case in one run and regime. */
struct lb_rounds {
    double *y, *trip; /* of each: ns, and the round's round trip */
    size_t n;
};

/* What all rounds of a run in a regime at one placement say of its round trip. */
struct lb_round_trips {
    uint32_t *round;
    double *ns; /* the median over cases */
    size_t n;
};

/* Rounds of case i less those of case `other` (-1: none) in run r, where both lie in the regime and
 * the round trip is known (or none is: `trips` empty). The lists have room for the case's samples.
 */
void lb_repeat_rounds(const struct lb_compare *c, int i, int other, size_t r, int regime,
                      const struct lb_round_trips *trips, struct lb_rounds *rounds);
/* Of the cases for which `belongs` holds; freed by the caller. */
int lb_repeat_trips(const struct lb_compare *c, const bool *belongs, size_t r, int regime,
                    struct lb_round_trips *trips);
/* Decided comparisons of the headline by run, and how many there are in all. */
int lb_repeat_decided(struct lb_repeat *repeat, struct lb_why *why);

#endif
