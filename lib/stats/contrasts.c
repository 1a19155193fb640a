/* SPDX-License-Identifier: MIT
 *
 * Weighted sums of means over the same rounds, with one correction over all of them.
 */
#include <linebounce/stats.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static double weighted(const double *weights, const double *x, size_t k)
{
    double sum = 0;

    for (size_t j = 0; j < k; j++)
        sum += weights[j] * x[j];
    return sum;
}

static double deviation(const double *x, size_t n)
{
    double mean = 0, squares = 0;

    for (size_t i = 0; i < n; i++)
        mean += x[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    return sqrt(squares / (double)(n - 1));
}

static void estimate(const double *weights, const double *mean, const double *means, size_t k,
                     double *scratch, struct lb_weighted *result)
{
    double sd;

    result->value = weighted(weights, mean, k);
    for (size_t r = 0; r < LB_STATS_REPLICATES; r++)
        scratch[r] = weighted(weights, means + r * k, k);
    sd = deviation(scratch, LB_STATS_REPLICATES);
    lb_stats_interval(scratch, &result->lo, &result->hi);
    result->p = sd > 0                                   ? erfc(fabs(result->value) / sd / sqrt(2))
                : result->value < 0 || result->value > 0 ? 0
                                                         : 1;
    result->p_holm = result->p;
}

int lb_stats_contrasts(const double *rows, size_t n, size_t k, const double *weights, size_t m,
                       uint64_t seed, struct lb_weighted *results)
{
    double *mean = calloc(k + 1, sizeof *mean), *scratch;
    double *means = calloc((size_t)LB_STATS_REPLICATES * (k + 1), sizeof *means);
    int err = mean && means ? lb_stats_bootstrap(rows, n, k, seed, mean, means) : -ENOMEM;

    scratch = calloc(LB_STATS_REPLICATES, sizeof *scratch);
    if (!scratch)
        err = -ENOMEM;
    for (size_t i = 0; !err && i < m; i++)
        estimate(weights + i * k, mean, means, k, scratch, &results[i]);
    free(mean);
    free(means);
    free(scratch);
    return err;
}

static int by_p(const void *a, const void *b)
{
    return lb_by_value(&(*(struct lb_weighted *const *)a)->p,
                       &(*(struct lb_weighted *const *)b)->p);
}

void lb_stats_holm_of(struct lb_weighted **results, size_t m)
{
    double highest = 0;

    qsort(results, m, sizeof(struct lb_weighted *), by_p);
    for (size_t i = 0; i < m; i++) {
        highest = fmin(1, fmax(highest, (double)(m - i) * results[i]->p));
        results[i]->p_holm = highest;
    }
}
