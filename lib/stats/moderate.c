/* SPDX-License-Identifier: MIT
 *
 * What the variances of many cases say of each other, where each has few degrees of freedom.
 */
#include <linebounce/stats.h>

#include <math.h>

/* Derivatives of log gamma for x > 0: recurrence up to 6, then the asymptotic series (Abramowitz
 * and Stegun, 6.3.18 and 6.4.12), good to 1e-8 there. */
static double digamma(double x)
{
    double sum = 0;

    for (; x < 6; x++)
        sum -= 1 / x;
    double square = 1 / (x * x);
    return sum + log(x) - 1 / (2 * x) -
           square * (1.0 / 12 - square * (1.0 / 120 - square * (1.0 / 252 - square / 240)));
}

static double trigamma(double x)
{
    double sum = 0;

    for (; x < 6; x++)
        sum += 1 / (x * x);
    double square = 1 / (x * x);
    return sum + 1 / x + square / 2 +
           square / x * (1.0 / 6 - square * (1.0 / 30 - square * (1.0 / 42 - square / 30)));
}

/* The x whose trigamma, which falls, is y; at most `most`. */
static double trigamma_inverse(double y, double most)
{
    double lo = 0, hi = most;

    for (int i = 0; i < 60; i++) {
        double middle = (lo + hi) / 2;
        if (trigamma(middle) > y)
            lo = middle;
        else
            hi = middle;
    }
    return hi;
}

/* The expected log of a chi square over its degrees. */
static double log_bias(double df)
{
    return digamma(df / 2) - log(df / 2);
}

struct lb_prior lb_stats_prior(const double *squares, const double *df, size_t n)
{
    double mean = 0, spread = 0, noise = 0, most = 0, used = 0;

    for (size_t i = 0; i < n; i++)
        if (squares[i] > 0) {
            /* Welford's, of the logarithms */
            double x = log(squares[i]) - log_bias(df[i]), step = x - mean;
            mean += step / ++used;
            spread += step * (x - mean);
            noise += trigamma(df[i] / 2);
            most += df[i];
        }
    if (used < LB_PRIOR_FEWEST)
        return (struct lb_prior){0, 0};
    /* All that degrees of freedom do not explain is how the cases differ. */
    spread = spread / (used - 1) - noise / used;
    double d = spread > 0 ? 2 * trigamma_inverse(spread, most / 2) : most;
    return (struct lb_prior){exp(mean + log_bias(d)), d};
}
