/* SPDX-License-Identifier: MIT
 *
 * What the files of the stats stage share.
 */
#ifndef LINEBOUNCE_STATS_PRIVATE_H
#define LINEBOUNCE_STATS_PRIVATE_H

#include <linebounce/stats.h>

/* No two-sided 95 % interval exists below: 2 * 2^-5 > 0.05 for the signed-rank test and for order
 * statistics alike. */
#define LB_STATS_FEWEST 6

/* Confidence of every interval that a verdict rests on. */
#define LB_STATS_CONFIDENCE 0.95

/* A sorted copy of x on the heap, freed by the caller. -ENODATA, -EDOM, -ENOMEM as in stats.h. */
int lb_stats_sorted(const double *x, size_t n, double **sorted);

/* The k-th smallest of n > k samples, k from 0: x is left with no greater ones before it and no
 * smaller ones behind. */
double lb_stats_select(double *x, size_t n, size_t k);
/* Median of n > 0 samples, which it leaves in disorder. */
double lb_stats_select_median(double *x, size_t n);

/* Median of n > 0 sorted samples. */
double lb_stats_middle(const double *sorted, size_t n);

/* lb_stats_location at 95 %, and the smaller of the one-sided p values for a centre above +margin
 * and for one below -margin. The margin is finite. */
int lb_stats_beyond(const double *d, size_t n, double margin, const struct lb_pool *pool,
                    struct lb_estimate *estimate, double *p);

/* lb_stats_pool of a series whose sorted samples and centre are known. -ENOMEM. */
int lb_stats_pool_sorted(const double *d, const double *sorted, size_t n, double centre,
                         struct lb_pool *pool);
/* What an interval of n >= 6 rounds has to allow for. pool may be NULL. */
struct lb_allowance {
    double inflation;     /* of the variance; 1: no correlation is seen */
    double mean_variance; /* of the mean, by which the interval goes too */
    double worth;         /* as many independent rounds */
    unsigned df;
};
struct lb_allowance lb_stats_allow(const struct lb_pool *own, const struct lb_pool *pool, size_t n);

/* P(T > t) of Student's T with df >= 1 degrees, and the t with `tail` above it. */
double lb_stats_student_above(double t, unsigned df);
double lb_stats_student_quantile(double tail, unsigned df);

/* Half of each first: the sum of two finite samples may overflow. Monotonic in both arguments, also
 * after rounding, which counting Walsh averages in sorted samples relies on. */
static inline double lb_stats_average(double a, double b)
{
    return a / 2 + b / 2;
}

#endif
