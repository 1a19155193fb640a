/* SPDX-License-Identifier: MIT
 *
 * The interval between two sides of several runs: runs are resampled, then rounds.
 *
 * A side's value is the mean over runs of the logarithm of the run's median. A replicate draws runs
 * with replacement, and for each a median of as many rounds, drawn with replacement. Rounds are not
 * drawn one by one: the median of n draws is the sample's quantile at a Beta((n+1)/2, (n+1)/2)
 * distributed place (Maritz and Jarrett 1978), one draw for any n. Correlated rounds count for
 * fewer. Three runs know little about how much runs differ, so the spread of the drawn runs is that
 * of a sample, k / (k - 1) times their variance, and the interval has Student's quantile with
 * Satterthwaite's degrees of freedom.
 */
#include "compare_private.h"

#include <linebounce/arena.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REPLICATES 2000
#define TAIL       0.025
#define DF_MOST    500
/* Nearer to 1 the rounds are a random walk, and no interval means much. */
#define LAG1_MOST 0.9

/* In (0, 1), never 0 or 1. */
static double uniform(uint64_t *state)
{
    return ((double)(lb_random(state) >> 11) + 0.5) * 0x1p-53;
}

/* Beta(a, a) with 2 a - 1 = n (Ulrich 1984; Devroye 1986, IX.4.3). */
static double middle_place(double n, uint64_t *state)
{
    double radius = sqrt(1 - pow(uniform(state), 2 / n));

    return (1 + radius * cos(2 * M_PI * uniform(state))) / 2;
}

static double normal(uint64_t *state)
{
    double radius = sqrt(-2 * log(uniform(state)));

    return radius * cos(2 * M_PI * uniform(state));
}

/* The sorted sample's quantile, interpolated between the middles of its steps. */
static double quantile(const double *sorted, size_t n, double place)
{
    double at = place * (double)n - 0.5;
    size_t below;

    if (at <= 0)
        return sorted[0];
    if (at >= (double)(n - 1))
        return sorted[n - 1];
    below = (size_t)at;
    return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

static double draw(const struct lb_compare_voice *v, uint64_t *state)
{
    return v->sorted ? quantile(v->sorted, v->n, middle_place(v->weight, state))
                     : v->centre + v->error * normal(state);
}

int lb_compare_voice(double *values, size_t n, struct lb_compare_voice *voice)
{
    double lag1 = lb_stats_lag1(values, n), rho = 0, median;
    int err = lb_stats_median(values, n, &median);

    if (err)
        return err;
    /* The sample's own mean pulls the correlation down by (1 + 3 rho) / n, as in stats. */
    if (n > 3)
        rho = ((double)n * lag1 + 1) / ((double)n - 3);
    rho = rho > 2 / sqrt((double)n) ? fmin(rho, LAG1_MOST) : 0;
    qsort(values, n, sizeof *values, lb_by_value);
    *voice = (struct lb_compare_voice){
        .sorted = values,
        .n = n,
        .weight = fmax(1, (double)n * (1 - rho) / (1 + rho)),
        .centre = median,
    };
    return 0;
}

struct side {
    double mean, variance, df;
};

/* Mean and variance of the mean of n runs. */
static void resample(const struct lb_compare_voice *v, size_t n, uint64_t *state, struct side *s)
{
    double k = (double)n, widen = n > 1 ? sqrt(k / (k - 1)) : 1;
    double mean = 0, squares = 0, between = 0, rounds = 0, share;

    s->mean = 0;
    for (size_t i = 0; i < n; i++)
        s->mean += v[i].centre / k;
    for (size_t i = 0; i < n; i++) {
        between += (v[i].centre - s->mean) * (v[i].centre - s->mean);
        rounds += v[i].weight;
    }
    for (int replicate = 1; replicate <= REPLICATES; replicate++) {
        double sum = 0, deviation;
        for (size_t j = 0; j < n; j++) {
            const struct lb_compare_voice *drawn = &v[lb_random_below(state, n)];
            sum += widen * (drawn->centre - s->mean) + draw(drawn, state) - drawn->centre;
        }
        deviation = sum / k - mean;
        mean += deviation / replicate;
        squares += deviation * (sum / k - mean);
    }
    s->variance = squares / (REPLICATES - 1);
    share = n > 1 && s->variance > 0 ? fmin(1, between / (k - 1) / k / s->variance) : 0;
    s->df = 1 / ((n > 1 ? share * share / (k - 1) : 0) +
                 (1 - share) * (1 - share) / fmax(1, rounds - k));
}

/* P(|T| <= t) for whole df: the finite series of Abramowitz and Stegun, 26.7.3 and 26.7.4. */
static double student_within(double t, int df)
{
    double angle = atan(t / sqrt(df)), cosine = cos(angle), square = cosine * cosine;
    double term = df % 2 ? cosine : 1, sum = 0;

    for (int k = df % 2 ? 3 : 2; k <= df; k += 2) {
        sum += term;
        term *= square * (k - 1) / k;
    }
    return df % 2 ? (angle + sin(angle) * sum) * M_2_PI : sin(angle) * sum;
}

static double student_above(double t, int df)
{
    return t < 0 ? 1 - student_above(-t, df) : fmax(0, (1 - student_within(t, df)) / 2);
}

static double student_quantile(int df)
{
    double lo = 0, hi = 20; /* 12.7 with one degree */

    for (int i = 0; i < 60; i++) {
        double middle = (lo + hi) / 2;
        if (student_above(middle, df) > TAIL)
            lo = middle;
        else
            hi = middle;
    }
    return hi;
}

int lb_compare_interval(const struct lb_compare_voice *const voices[2], const size_t n[2],
                        double margin, uint64_t seed, struct lb_compare_interval *interval)
{
    struct side s[2];
    double variance, error, beyond;
    int df;

    if (!n[0] || !n[1])
        return -ENODATA;
    for (int side = 0; side < 2; side++)
        resample(voices[side], n[side], &seed, &s[side]);
    variance = s[0].variance + s[1].variance;
    error = sqrt(variance);
    df = 1;
    if (variance > 0)
        df = (int)fmax(1, fmin(DF_MOST, round(variance * variance /
                                              (s[0].variance * s[0].variance / s[0].df +
                                               s[1].variance * s[1].variance / s[1].df))));
    interval->value = s[1].mean - s[0].mean;
    interval->lo = interval->value - student_quantile(df) * error;
    interval->hi = interval->value + student_quantile(df) * error;
    beyond = fabs(interval->value) - margin;
    if (error > 0)
        interval->p = fmin(1, 2 * student_above(beyond / error, df));
    else
        interval->p = beyond > 0 ? 0 : 1;
    return 0;
}
