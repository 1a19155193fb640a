/* SPDX-License-Identifier: MIT
 *
 * The interval between two sides of several runs: Welch's, from one number a run.
 *
 * A run's number is the logarithm of the median of its rounds. The spread of these medians already
 * holds the noise of the rounds, correlated or not, so that nothing of it is added: with the rounds
 * resampled too, intervals of three runs a side were a fifth too wide. From one run there is no
 * spread, and no interval. Three runs say little of their own spread, so that hardly anything
 * survived a correction over a hundred cases; but the cases of a table say much of each other's.
 */
#include "compare_private.h"
#include "stats/stats_private.h"

#include <errno.h>
#include <math.h>

struct spread {
    double square; /* of the mean's standard error */
    double df;
};

static struct spread spread_of(const struct lb_compare_heard *side, const struct lb_prior *prior)
{
    double own = (double)side->runs - 1, df = own + prior->df;

    return (struct spread){
        .square = (own * side->square + prior->df * prior->square) / df / (double)side->runs,
        .df = df,
    };
}

int lb_compare_interval(const struct lb_compare_heard side[2], const struct lb_prior prior[2],
                        double margin, struct lb_compare_interval *interval)
{
    double value = side[1].mean - side[0].mean, square, half, beyond;
    struct spread a, b;
    unsigned df;

    /* medians that are equal to the last digit say nothing about their noise */
    if (side[0].runs < 2 || side[1].runs < 2 || !(side[0].square + side[1].square > 0))
        return -ENODATA;
    a = spread_of(&side[0], &prior[0]);
    b = spread_of(&side[1], &prior[1]);
    square = a.square + b.square;
    df = (unsigned)fmax(
        1, round(square * square / (a.square * a.square / a.df + b.square * b.square / b.df)));
    half = sqrt(square) * lb_stats_student_quantile(0.025, df);
    beyond = fabs(value) - margin;
    *interval = (struct lb_compare_interval){
        .value = value,
        .lo = value - half,
        .hi = value + half,
        .p = fmin(1, 2 * lb_stats_student_above(beyond / sqrt(square), df)),
    };
    return 0;
}
