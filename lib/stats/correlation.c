/* SPDX-License-Identifier: MIT
 *
 * How much wider an interval has to be because rounds correlate.
 *
 * To first order a round contributes to the deviation of the Hodges-Lehmann estimate by its score,
 * the share of its Walsh averages above the centre less a half; of independent rounds the sum of n
 * scores has a variance of n / 12. Blocks of rounds show what it is instead. One series of 20
 * rounds sees a correlation of 0.3 in a quarter of cases and knows the variance of its blocks to a
 * half at best; the pairs of a scenario, which were measured in the same rounds and disturbed by
 * the same levels, know ten times as much together.
 */
#include "stats_private.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

/* A lag-1 correlation is taken as at most this when the variance of blocks is extrapolated: nearer
 * to 1 the rounds are a random walk and no interval means much. */
#define LAG1_MOST 0.9

/* Standard errors at which a correlation counts as seen: of one series two, since what its blocks
 * show is half noise; of a pool one, since it costs independent rounds 3 % of width, and what
 * stays unseen costs winners that are none. */
#define OWN_SEEN_SD  2
#define POOL_SEEN_SD 1

/* Index of the first of n sorted samples that is not below x, which is one of them. */
static size_t place_of(const double *sorted, size_t n, double x)
{
    size_t first = 0;

    while (n > 1) {
        size_t half = n / 2;
        first += sorted[first + half - 1] < x ? half : 0;
        n -= half;
    }
    return first;
}

/* Scores of sorted samples: half of the partners whose average is the centre count as above it. */
static void score_sorted(const double *sorted, size_t n, double centre, double *scores)
{
    size_t below = n, up_to = n;

    for (size_t i = 0; i < n; i++) {
        while (below && lb_stats_average(sorted[i], sorted[below - 1]) >= centre)
            below--;
        while (up_to && lb_stats_average(sorted[i], sorted[up_to - 1]) > centre)
            up_to--;
        double above = (double)(n - up_to) + (double)(up_to - below) / 2;
        scores[i] = above / (double)n - 0.5;
    }
}

/* sums[i] is the sum of the first i scores, n + 1 long; scores is scratch for n. */
static void score_sums(const double *d, const double *sorted, size_t n, double centre,
                       double *scores, double *sums)
{
    score_sorted(sorted, n, centre, scores);
    sums[0] = 0;
    for (size_t i = 0; i < n; i++)
        sums[i + 1] = sums[i] + scores[place_of(sorted, n, d[i])];
}

/* The least b with b^3 >= n, in whole numbers: cbrt(27) may be a little over 3. */
static size_t block_length(size_t n)
{
    size_t b = 1;
    while (b * b * b < n)
        b++;
    return b;
}

/* Variance of the sum of a block of that length, over all places where one can begin. */
static double block_variance(const double *sums, size_t n, size_t length)
{
    double mean = 0, squares = 0, places = (double)(n - length + 1);

    for (size_t i = 0; length && i + length <= n; i++)
        mean += (sums[i + length] - sums[i]) / places;
    for (size_t i = 0; length && i + length <= n; i++) {
        double deviation = sums[i + length] - sums[i] - mean;
        squares += deviation * deviation / places;
    }
    return squares;
}

/* Adds the samples' variance, and the covariance of neighbours in time. */
static void add_variance(const double *d, size_t n, struct lb_pool *pool)
{
    double mean = 0;

    for (size_t i = 0; i < n; i++)
        mean += (d[i] - d[0]) / (double)n;
    for (size_t i = 0; i < n; i++) {
        double away = d[i] - d[0] - mean;
        pool->variances += away * away / ((double)n - 1);
        if (i + 1 < n)
            pool->covariances += away * (d[i + 1] - d[0] - mean) / ((double)n - 1);
    }
}

int lb_stats_pool_sorted(const double *d, const double *sorted, size_t n, double centre,
                         struct lb_pool *pool)
{
    double *sums = calloc(2 * n + 1, sizeof *sums);
    size_t block = block_length(n);

    if (!sums)
        return -ENOMEM;
    score_sums(d, sorted, n, centre, sums + n + 1, sums);
    for (size_t i = 0; i < n; i++) {
        double score = sums[i + 1] - sums[i];
        pool->squares += score * score;
        if (i + 1 < n)
            pool->products += score * (sums[i + 2] - sums[i + 1]);
    }
    /* What a moving-block bootstrap of all n comes to, exactly: whole blocks, and one cut short. */
    pool->blocks +=
        (double)(n / block) * block_variance(sums, n, block) + block_variance(sums, n, n % block);
    add_variance(d, n, pool);
    pool->rounds += (double)n;
    pool->series++;
    free(sums);
    return 0;
}

/* What blocks of this length miss of the variance of first-order autoregressive noise: they see no
 * correlation beyond their ends and weigh the rest down (as Bartlett's window does). */
static double block_deficit(double rho, size_t block)
{
    double seen = 1, power = 1;
    for (size_t lag = 1; lag < block; lag++) {
        power *= rho;
        seen += 2 * (1 - (double)lag / (double)block) * power;
    }
    return (1 + rho) / (1 - rho) / seen;
}

/* The lag-1 correlation, where it exceeds that of white noise by so many standard errors; else 0.
 * The sample's own mean pulls it down by (1 + 3 rho) / n to first order (Marriott and Pope 1954).
 * Series that share a base are correlated by a half, their products by a quarter: k of them know as
 * much as 4 k / (k + 3) that do not. */
static double seen(const struct lb_pool *pool, double lag1, double sd)
{
    double n = pool->rounds / pool->series, worth = 4 * pool->series / (pool->series + 3);
    double rho = (n * lag1 + 1) / (n - 3);

    return n > 3 && rho > sd / sqrt(n * worth) ? fmin(rho, LAG1_MOST) : 0;
}

/* The variance of summed scores over that of independent rounds, by blocks. */
static double inflation_of(const struct lb_pool *pool, double sd)
{
    double n = pool->rounds / pool->series;
    double rho = pool->squares > 0 ? seen(pool, pool->products / pool->squares, sd) : 0;

    return rho > 0 ? fmax(1, pool->blocks / (pool->rounds / 12) *
                                 block_deficit(rho, block_length((size_t)n)))
                   : 1;
}

/* That of summed samples: ranks hardly see a state that few rounds have. */
static double mean_inflation_of(const struct lb_pool *pool, double sd)
{
    double rho = pool->variances > 0 ? seen(pool, pool->covariances / pool->variances, sd) : 0;

    return (1 + rho) / (1 - rho);
}

/* What a series varies about its own mean, its blocks alike, is short of the variance by that of
 * the mean. */
static double unseen(double inflation, size_t n)
{
    return (double)n / ((double)n - fmin(inflation, (double)n / 2));
}

/* A variance known from so many blocks has as many degrees of freedom, less one; and n rounds are
 * worth no more than n over their inflation. States that last may hide from one series, which by
 * luck saw one of them all along, and not from the others of the pool: theirs is the least spread
 * that it is given. */
struct lb_allowance lb_stats_allow(const struct lb_pool *own, const struct lb_pool *pool, size_t n)
{
    struct lb_allowance a = {.inflation = inflation_of(own, OWN_SEEN_SD),
                             .df = (unsigned)(n / block_length(n)) - 1,
                             .worth = (double)n};
    double shared, mean;

    a.mean_variance = a.inflation * own->variances / (double)n;
    if (!pool || pool->series < 2)
        return a;
    shared = inflation_of(pool, POOL_SEEN_SD);
    mean = mean_inflation_of(pool, POOL_SEEN_SD);
    if (shared <= 1 && mean <= 1)
        return a;
    shared *= unseen(shared, n);
    mean *= unseen(mean, n);
    a.inflation = fmax(a.inflation, shared);
    a.worth = (double)n / fmax(a.inflation, mean);
    a.df = (unsigned)fmax(1, round(a.worth) - 1);
    a.mean_variance =
        fmax(a.inflation, mean) * fmax(own->variances, pool->variances / pool->series) / (double)n;
    return a;
}
