/* SPDX-License-Identifier: MIT */
#ifndef LB_SWEEP_MATRIX_H
#define LB_SWEEP_MATRIX_H

#include <linebounce/answer.h>

#include <stdio.h>

/* Of a sweep: layouts x distances, the largest cost or gain of each over all scenarios with a
 * pause, in the regimes that tables show. Nothing where no two threads were compared, and of other
 * suites.
 */
void sweep_print_matrix(const struct lb_found *found, FILE *out);

#endif
