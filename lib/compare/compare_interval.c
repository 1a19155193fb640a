/* SPDX-License-Identifier: MIT
 *
 * The interval between two sides of several runs: Welch's, from one number a run.
 *
 * A run's number is the logarithm of the median of its rounds. The spread of these medians already
 * holds the noise of the rounds, correlated or not, so that nothing of it is added: with the rounds
 * resampled too, intervals of three runs a side were a fifth too wide. From one run there is no
 * spread, and no interval.
 */
#include "compare_private.h"
#include "stats/stats_private.h"

#include <errno.h>
#include <math.h>

struct side {
    double mean;
    double square; /* of the mean's standard error */
    double df;
};

static struct side side_of(const double *medians, size_t n)
{
    struct side s = {.df = (double)n - 1};

    for (size_t i = 0; i < n; i++)
        s.mean += medians[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        s.square += (medians[i] - s.mean) * (medians[i] - s.mean) / s.df / (double)n;
    return s;
}

int lb_compare_interval(const double *const medians[2], const size_t n[2], double margin,
                        struct lb_compare_interval *interval)
{
    struct side a, b;
    double square, half, beyond;
    unsigned df;

    if (n[0] < 2 || n[1] < 2)
        return -ENODATA;
    a = side_of(medians[0], n[0]);
    b = side_of(medians[1], n[1]);
    square = a.square + b.square;
    if (!(square > 0)) /* medians that are equal to the last digit say nothing about their noise */
        return -ENODATA;
    df = (unsigned)fmax(
        1, round(square * square / (a.square * a.square / a.df + b.square * b.square / b.df)));
    half = sqrt(square) * lb_stats_student_quantile(0.025, df);
    beyond = fabs(b.mean - a.mean) - margin;
    *interval = (struct lb_compare_interval){
        .value = b.mean - a.mean,
        .lo = b.mean - a.mean - half,
        .hi = b.mean - a.mean + half,
        .p = fmin(1, 2 * lb_stats_student_above(beyond / sqrt(square), df)),
    };
    return 0;
}
