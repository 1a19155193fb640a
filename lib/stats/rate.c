/* SPDX-License-Identifier: MIT
 *
 * Sums over sums, as counts per op, with what the windows they come from say of their error.
 */
#include "stats_private.h"

#include <errno.h>
#include <limits.h>
#include <math.h>

/* The upper end of what a count of 0 allows, at 95 %: Poisson's exp(-3) is 5 %. */
#define RULE_OF_THREE 3

static int sum_up(const double *counts, const double *ops, size_t n, double *count, double *all)
{
    *count = *all = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(counts[i] >= 0 && ops[i] > 0) || !isfinite(counts[i]) || !isfinite(ops[i]))
            return -EDOM;
        *count += counts[i];
        *all += ops[i];
    }
    return n ? 0 : -ENODATA;
}

int lb_stats_rate(const double *counts, const double *ops, size_t n, struct lb_rate *rate)
{
    double count, all, squares = 0, half;
    int err = sum_up(counts, ops, n, &count, &all);

    if (err)
        return err;
    *rate = (struct lb_rate){.n = n, .value = count / all, .lo = NAN, .hi = NAN};
    if (!(count > 0)) {
        rate->lo = 0;
        rate->hi = RULE_OF_THREE / all;
        return 0;
    }
    if (n < 2)
        return 0;
    for (size_t i = 0; i < n; i++) {
        double away = counts[i] - rate->value * ops[i];
        squares += away * away;
    }
    half = sqrt(squares * (double)n / ((double)n - 1)) / all *
           lb_stats_student_quantile(0.025, n < UINT_MAX ? (unsigned)n - 1 : UINT_MAX);
    rate->lo = fmax(0, rate->value - half);
    rate->hi = rate->value + half;
    return 0;
}
