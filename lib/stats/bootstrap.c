/* SPDX-License-Identifier: MIT
 *
 * Means of several quantities of the same rounds, resampled together in blocks.
 */
#include <linebounce/stats.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* splitmix64, as arena.h has it for draws: stats include nothing of machines. */
static uint64_t next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void add_row(const double *row, size_t k, double *sums)
{
    for (size_t j = 0; j < k; j++)
        sums[j] += row[j];
}

/* One resample of n rows in blocks that go round the end, into its means. */
static void resample(const double *rows, size_t n, size_t k, size_t block, uint64_t *state,
                     double *means)
{
    memset(means, 0, k * sizeof *means);
    for (size_t taken = 0; taken < n;) {
        size_t from = (size_t)(next(state) % n);
        for (size_t i = 0; i < block && taken < n; i++, taken++)
            add_row(rows + (from + i) % n * k, k, means);
    }
    for (size_t j = 0; j < k; j++)
        means[j] /= (double)n;
}

int lb_stats_bootstrap(const double *rows, size_t n, size_t k, uint64_t seed, double *mean,
                       double *means)
{
    size_t block = (size_t)(cbrt((double)n) + 0.5);

    if (!n || !k)
        return -ENODATA;
    for (size_t i = 0; i < n * k; i++)
        if (!isfinite(rows[i]))
            return -EDOM;
    memset(mean, 0, k * sizeof *mean);
    for (size_t i = 0; i < n; i++)
        add_row(rows + i * k, k, mean);
    for (size_t j = 0; j < k; j++)
        mean[j] /= (double)n;
    for (size_t r = 0; r < LB_STATS_REPLICATES; r++)
        resample(rows, n, k, block, &seed, means + r * k);
    return 0;
}

void lb_stats_interval(double *replicates, double *lo, double *hi)
{
    const size_t cut = LB_STATS_REPLICATES / 40; /* 2.5 % at either end */

    qsort(replicates, LB_STATS_REPLICATES, sizeof *replicates, lb_by_value);
    *lo = replicates[cut];
    *hi = replicates[LB_STATS_REPLICATES - 1 - cut];
}
