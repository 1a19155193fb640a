/* SPDX-License-Identifier: MIT
 *
 * Medians, fairness, and rates.
 */
#include "stats_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Below so many an insertion is quicker than another split. */
#define SPLIT_FEWEST 16

static void insert_sorted(double *x, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        double value = x[i];
        size_t at = i;
        for (; at && x[at - 1] > value; at--)
            x[at] = x[at - 1];
        x[at] = value;
    }
}

static double middle_of(double a, double b, double c)
{
    return fmax(fmin(a, b), fmin(fmax(a, b), c));
}

/* Of x[*i..*j]: those up to the new *j are no larger than the pivot, those from the new *i on no
 * smaller, and any between are equal to it. It lies among them, which ends the inner loops. */
static void part(double *x, double pivot, long *i, long *j)
{
    while (*i <= *j) {
        while (x[*i] < pivot)
            ++*i;
        while (pivot < x[*j])
            --*j;
        if (*i > *j)
            break;
        double swapped = x[*i];
        x[(*i)++] = x[*j];
        x[(*j)--] = swapped;
    }
}

/* Quicksort, without a call for each comparison. The larger part is gone on with, so that it nests
 * no deeper than log2 n. */
static void sort_values(double *x, size_t n)
{
    while (n > SPLIT_FEWEST) {
        double pivot = middle_of(x[0], x[n / 2], x[n - 1]);
        long i = 0, j = (long)n - 1;
        part(x, pivot, &i, &j);
        size_t left = (size_t)(j + 1), right = n - (size_t)i;
        if (left < right) {
            sort_values(x, left);
            x += i;
            n = right;
        } else {
            sort_values(x + i, right);
            n = left;
        }
    }
    insert_sorted(x, n);
}

int lb_stats_sorted(const double *x, size_t n, double **sorted)
{
    if (n == 0)
        return -ENODATA;
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return -EDOM;
    double *copy = calloc(n, sizeof *copy);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, x, n * sizeof *copy);
    sort_values(copy, n);
    *sorted = copy;
    return 0;
}

double lb_stats_middle(const double *sorted, size_t n)
{
    return n % 2 ? sorted[n / 2] : lb_stats_average(sorted[n / 2 - 1], sorted[n / 2]);
}

/* Hoare's FIND. */
double lb_stats_select(double *x, size_t n, size_t k)
{
    long first = 0, last = (long)n - 1, wanted = (long)k;

    while (first < last) {
        long i = first, j = last;
        part(x, x[wanted], &i, &j);
        if (j < wanted)
            first = i;
        if (wanted < i)
            last = j;
    }
    return x[wanted];
}

double lb_stats_select_median(double *x, size_t n)
{
    double upper = lb_stats_select(x, n, n / 2), lower = x[0];

    if (n % 2)
        return upper;
    for (size_t i = 1; i < n / 2; i++)
        lower = fmax(lower, x[i]);
    return lb_stats_average(lower, upper);
}

int lb_stats_median(const double *x, size_t n, double *median)
{
    double *copy;

    if (n == 0)
        return -ENODATA;
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return -EDOM;
    if (!(copy = calloc(n, sizeof *copy)))
        return -ENOMEM;
    memcpy(copy, x, n * sizeof *copy);
    *median = lb_stats_select_median(copy, n);
    free(copy);
    return 0;
}

/* The largest k with P(B <= k - 1) <= tail for B ~ binomial(n, 1/2): the k-th smallest and the k-th
 * largest sample bound the median. 0 when there is none. Logarithms, because 2^-n underflows. */
static size_t order_rank(size_t n, double tail)
{
    double log_pmf = -(double)n * M_LN2;
    double below = 0;
    size_t k = 0;
    while (k < n / 2) {
        below += exp(log_pmf);
        if (below > tail)
            break;
        k++;
        log_pmf += log((double)(n - k + 1) / (double)k);
    }
    return k;
}

int lb_stats_summary(const double *x, size_t n, double confidence, struct lb_summary *summary)
{
    if (!(confidence > 0 && confidence < 1))
        return -EINVAL;
    double *sorted;
    int err = lb_stats_sorted(x, n, &sorted);
    if (err)
        return err;
    struct lb_summary s = {
        .n = n,
        .median = lb_stats_middle(sorted, n),
        .min = sorted[0],
        .max = sorted[n - 1],
    };
    size_t k = order_rank(n, (1 - confidence) / 2);
    s.lo = k > 0 ? sorted[k - 1] : NAN;
    s.hi = k > 0 ? sorted[n - k] : NAN;
    for (size_t i = 0; i < n; i++)
        sorted[i] = fabs(sorted[i] - s.median);
    s.mad = lb_stats_select_median(sorted, n);
    free(sorted);
    *summary = s;
    return 0;
}

/* Shares are divided by the largest, so that no square overflows. */
double lb_stats_jain(const double *x, size_t n)
{
    double max = 0;
    for (size_t i = 0; i < n; i++)
        max = fmax(max, x[i]);
    if (!(max > 0))
        return NAN;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        sum += x[i] / max;
        squares += x[i] / max * (x[i] / max);
    }
    return sum * sum / ((double)n * squares);
}

double lb_stats_min_over_max(const double *x, size_t n)
{
    double min = INFINITY, max = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i]))
            return NAN;
        min = fmin(min, x[i]);
        max = fmax(max, x[i]);
    }
    return max > 0 ? min / max : NAN;
}

/* Of a hundred pairs two standard errors would withhold several by chance. */
#define RATES_APART_SD 3

double lb_stats_rate_gap(size_t x_a, size_t n_a, size_t x_b, size_t n_b)
{
    double na = (double)n_a + 2, nb = (double)n_b + 2;
    double pa = ((double)x_a + 1) / na, pb = ((double)x_b + 1) / nb;

    if (!n_a || !n_b)
        return 0;
    double error = sqrt(pa * (1 - pa) / na + pb * (1 - pb) / nb);
    double gap = fabs((double)x_a / (double)n_a - (double)x_b / (double)n_b);
    return fabs(pa - pb) > RATES_APART_SD * error ? gap : 0;
}

bool lb_stats_rates_differ(size_t x_a, size_t n_a, size_t x_b, size_t n_b)
{
    return lb_stats_rate_gap(x_a, n_a, x_b, n_b) > LB_RATE_GAP_MOST;
}

double lb_stats_lag1(const double *x, size_t n)
{
    if (n < 3)
        return 0;
    /* About the first sample: the mean of equal samples is then exact and leaves no variance. */
    double mean = 0;
    for (size_t i = 0; i < n; i++)
        mean += (x[i] - x[0]) / (double)n;
    mean += x[0];
    double products = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        double deviation = x[i] - mean;
        squares += deviation * deviation;
        if (i + 1 < n)
            products += deviation * (x[i + 1] - mean);
    }
    return squares > 0 ? products / squares : 0;
}

/* At work 0 the net cost is a difference of overlapping costs and means little (design: 3 % of
 * ns_op there, 5 % of net_ns_op or the asked precision with work). */
#define PRECISE_SHARE_NET   0.05
#define PRECISE_SHARE_NS_OP 0.03

bool lb_stats_precise(double half, double net, double ns_op, double work_ns, double precision_ns)
{
    if (work_ns > 0)
        return half <= fmax(precision_ns, PRECISE_SHARE_NET * fabs(net));
    return half <= PRECISE_SHARE_NS_OP * ns_op;
}
