/* SPDX-License-Identifier: MIT
 *
 * Where the centre of paired samples lies: Hodges-Lehmann, signed ranks, moving blocks.
 *
 * Of the Walsh averages few are stored at a time. In sorted samples those up to a bound are counted
 * by a walk of two indices; some such walks bring two bounds so near to the k-th smallest that
 * there are no more than some n between, among which it is selected. It is found exactly, for any
 * n.
 *
 * The test statistic for a bound is the number of Walsh averages above it, which without ties is
 * Wilcoxon's sum of positive ranks. Averages equal to the bound count against the claim: ties and
 * zeros make it weaker, never wrong, and a p value of at most 0.025 is the same thing as a 95 %
 * interval above the bound.
 *
 * Where rounds correlate (correlation.c), the same interval is widened about the estimate: by the
 * root of the inflated variance, and by Student's t over the normal quantile.
 */
#include "stats_private.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Up to here the distribution of the signed-rank sum is computed, beyond it is normal to 1e-4. */
#define EXACT_N    60
#define EXACT_SUMS (EXACT_N * (EXACT_N + 1) / 2 + 1)

/* Samples, and what their interval and their p value share. */
struct lb_location {
    double *sorted; /* with room behind them */
    size_t n;
    uint64_t n_walsh;
    double centre;
    double lag1;
    enum lb_stats_method method;
    unsigned df;
    double worth; /* as many independent rounds */
    double widen; /* factor on the signed-rank interval; 1 for independent rounds */
    double mean, mean_error;
    bool humped;
    bool with_mean;     /* the interval holds that of the mean too */
    struct lb_pool own; /* what the series itself shows of its correlation */
};

static double normal_above(double z)
{
    return erfc(z / M_SQRT2) / 2;
}

/* The z that a standard normal variable exceeds with probability `tail`, 0 < tail <= 1/2. */
static double normal_quantile(double tail)
{
    double lo = 0, hi = 40;
    for (int i = 0; i < 60; i++) {
        double middle = (lo + hi) / 2;
        if (normal_above(middle) > tail)
            lo = middle;
        else
            hi = middle;
    }
    return hi;
}

/* P(|T| <= sqrt(df) tan(angle)) of Student's T, negative for a negative angle: the finite series of
 * Abramowitz and Stegun, 26.7.3 and 26.7.4. */
static double student_within(double angle, unsigned df)
{
    double cosine = cos(angle);
    double sum = 0, term = df % 2 ? cosine : 1;
    for (unsigned k = df % 2 ? 3 : 2; k <= df; k += 2) {
        sum += term;
        term *= cosine * cosine * (k - 1) / k;
    }
    return df % 2 ? (angle + sin(angle) * sum) * M_2_PI : sin(angle) * sum;
}

double lb_stats_student_above(double t, unsigned df)
{
    return fmax(0, (1 - student_within(atan(t / sqrt(df)), df)) / 2);
}

/* The t that is exceeded with probability `tail`, 0 < tail <= 1/2. */
double lb_stats_student_quantile(double tail, unsigned df)
{
    double lo = 0, hi = M_PI_2;
    for (int i = 0; i < 60; i++) {
        double middle = (lo + hi) / 2;
        if (student_within(middle, df) < 1 - 2 * tail)
            lo = middle;
        else
            hi = middle;
    }
    return sqrt(df) * tan(hi);
}

static double rank_mean(size_t n)
{
    return (double)n * ((double)n + 1) / 4;
}

static double rank_sd(size_t n)
{
    return sqrt((double)n * ((double)n + 1) * (2 * (double)n + 1) / 24);
}

/* pmf[t] = P(T = t) of the signed-rank sum T of n <= EXACT_N samples: one rank more at a time, each
 * positive with probability 1/2. */
static void rank_pmf(size_t n, double pmf[EXACT_SUMS])
{
    memset(pmf, 0, EXACT_SUMS * sizeof *pmf);
    pmf[0] = 1;
    size_t most = 0;
    for (size_t rank = 1; rank <= n; rank++) {
        most += rank;
        for (size_t t = most + 1; t-- > 0;)
            pmf[t] = (pmf[t] + (t >= rank ? pmf[t - rank] : 0)) / 2;
    }
}

/* P(T <= t). */
static double rank_at_most(size_t n, uint64_t t)
{
    if (n > EXACT_N)
        return normal_above((rank_mean(n) - 0.5 - (double)t) / rank_sd(n));
    double pmf[EXACT_SUMS];
    rank_pmf(n, pmf);
    double p = 0;
    for (uint64_t i = 0; i <= t && i < EXACT_SUMS; i++)
        p += pmf[i];
    return fmin(p, 1);
}

/* The largest k with P(T <= k - 1) <= tail: the k-th smallest and the k-th largest Walsh average
 * bound the centre. 0 when there is none. */
static uint64_t critical_rank(size_t n, double tail)
{
    if (n > EXACT_N) {
        double k = floor(rank_mean(n) - 0.5 - normal_quantile(tail) * rank_sd(n)) + 1;
        return k > 0 ? (uint64_t)k : 0;
    }
    double pmf[EXACT_SUMS];
    rank_pmf(n, pmf);
    uint64_t k = 0;
    for (double p = pmf[0]; p <= tail; p += pmf[k])
        k++;
    return k;
}

/* Number of Walsh averages (i <= j) of sorted samples that are at most `bound`. */
static uint64_t walsh_at_most(const double *sorted, size_t n, double bound)
{
    uint64_t count = 0;
    size_t end = n;
    for (size_t i = 0; i < n; i++) {
        while (end > i && lb_stats_average(sorted[i], sorted[end - 1]) > bound)
            end--;
        if (end <= i)
            break;
        count += end - i;
    }
    return count;
}

/* Doubles in rising order as unsigned integers in rising order, and back. */
static uint64_t ordinal_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static double double_of(uint64_t ordinal)
{
    uint64_t bits = ordinal >> 63 ? ordinal & ~(UINT64_C(1) << 63) : ~ordinal;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Averages between two bounds that are few enough to be looked at, times n: a walk costs less than
 * to select among more. */
#define FEW_ROWS 1

/* Where the k-th smallest average lies: above lo, at most at hi. */
struct bracket {
    double lo, hi;
    uint64_t below, up_to; /* averages up to lo, fewer than k; up to hi, no fewer */
};

/* Least number of samples that have so many averages among them. */
static size_t samples_of(uint64_t averages, size_t n)
{
    size_t m = (size_t)sqrt(2 * (double)averages);

    m = m > 2 ? m - 2 : 0;
    while (m < n && (uint64_t)m * (m + 1) / 2 < averages)
        m++;
    return m;
}

/* All averages of the least samples are at most the greatest of these, so enough of them bound the
 * k-th from above, and likewise from below: outliers are never in between. */
static struct bracket bracket_init(const double *sorted, size_t n, uint64_t k)
{
    double upper = sorted[samples_of(k, n) - 1];
    double lower = sorted[n - samples_of((uint64_t)n * (n + 1) / 2 - k + 1, n)];
    struct bracket b = {.lo = nextafter(lb_stats_average(lower, lower), -INFINITY),
                        .hi = lb_stats_average(upper, upper)};

    b.below = walsh_at_most(sorted, n, b.lo);
    b.up_to = walsh_at_most(sorted, n, b.hi);
    return b;
}

/* Averages lie evenly enough that a straight line leads near the wanted one, a quarter of a row
 * beside it on the side that is farther away; what so many lines do not part, halves of the doubles
 * between do. */
#define STRAIGHT_LINES 8

static double bound_between(const struct bracket *b, uint64_t k, size_t n, int step)
{
    double before = (double)(k - b->below), behind = (double)(b->up_to - k);
    double share = (before + (before > behind ? -0.25 : 0.25) * (double)n) / (before + behind);
    double at = b->lo + (b->hi - b->lo) * fmin(fmax(share, 1e-3), 1 - 1e-3);
    uint64_t lo = ordinal_of(b->lo), hi = ordinal_of(b->hi);

    if (step < STRAIGHT_LINES && at > b->lo && at < b->hi)
        return at;
    return double_of(lo + (hi - lo) / 2);
}

/* The averages above lo and up to hi, into x. */
static void walsh_between(const double *sorted, size_t n, const struct bracket *b, double *x)
{
    size_t from = n, end = n, found = 0;

    for (size_t i = 0; i < end; i++) {
        while (end > i && lb_stats_average(sorted[i], sorted[end - 1]) > b->hi)
            end--;
        while (from > i && lb_stats_average(sorted[i], sorted[from - 1]) > b->lo)
            from--;
        for (size_t j = from > i ? from : i; j < end; j++)
            x[found++] = lb_stats_average(sorted[i], sorted[j]);
    }
}

/* The k-th smallest Walsh average, 1 <= k <= n (n + 1) / 2, and where it is known by then the next
 * one (else NaN). Behind the n samples is room for FEW_ROWS times as many. */
static double walsh_select(double *sorted, size_t n, uint64_t k, double *next)
{
    struct bracket b = bracket_init(sorted, n, k);
    double *few = sorted + n, found;
    uint64_t count;

    *next = NAN;
    for (int step = 0; b.up_to - b.below > FEW_ROWS * (uint64_t)n; step++) {
        if (ordinal_of(b.hi) - ordinal_of(b.lo) <= 1)
            return b.hi + 0.0; /* makes -0 a 0 */
        double at = bound_between(&b, k, n, step);
        count = walsh_at_most(sorted, n, at);
        if (count < k)
            b = (struct bracket){at, b.hi, count, b.up_to};
        else
            b = (struct bracket){b.lo, at, b.below, count};
    }
    walsh_between(sorted, n, &b, few);
    found = lb_stats_select(few, b.up_to - b.below, k - b.below - 1);
    for (uint64_t i = k - b.below; i < b.up_to - b.below; i++)
        *next = fmin(*next, few[i]);
    return found + 0.0;
}

/* A sorted copy with the room that walsh_select needs. */
static int sort_with_room(const double *d, size_t n, double **sorted)
{
    double *copy, *more;
    int err = lb_stats_sorted(d, n, &copy);

    if (err)
        return err;
    if (!(more = realloc(copy, (1 + FEW_ROWS) * n * sizeof *more))) {
        free(copy);
        return -ENOMEM;
    }
    *sorted = more;
    return 0;
}

static double walsh_median(double *sorted, size_t n, uint64_t n_walsh)
{
    double next, after, lower = walsh_select(sorted, n, (n_walsh + 1) / 2, &next);

    if (n_walsh % 2)
        return lower;
    return lb_stats_average(lower,
                            isnan(next) ? walsh_select(sorted, n, n_walsh / 2 + 1, &after) : next);
}

/* The mean beside the centre, and whether the two may differ by more than noise. */
static int mean_init(const double *d, struct lb_location *at)
{
    size_t n = at->n, beyond = 0;
    double *away = calloc(n, sizeof *away), sum = 0, squares = 0, mad;
    double median = lb_stats_middle(at->sorted, n);

    if (!away)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        away[i] = fabs(d[i] - median);
        sum += (d[i] - d[0]) / (double)n;
    }
    at->mean = d[0] + sum;
    for (size_t i = 0; i < n; i++)
        squares += (d[i] - at->mean) * (d[i] - at->mean);
    mad = lb_stats_select_median(away, n);
    for (size_t i = 0; i < n; i++)
        beyond += fabs(d[i] - at->centre) > LB_HUMPS_MAD * mad;
    at->humped = n >= LB_STATS_FEWEST && (double)beyond > LB_HUMPS_SHARE * (double)n;
    at->with_mean = at->humped;
    at->mean_error = n > 1 ? sqrt(squares / ((double)n - 1) / (double)n) : NAN;
    free(away);
    return 0;
}

/* As if rounds were independent. On success at->sorted is the caller's to free. */
static int location_init(const double *d, size_t n, struct lb_location *at)
{
    double *sorted;
    int err = sort_with_room(d, n, &sorted);
    if (err)
        return err;
    *at = (struct lb_location){
        .sorted = sorted,
        .n = n,
        .n_walsh = (uint64_t)n * (n + 1) / 2,
        .lag1 = lb_stats_lag1(d, n),
        .method = LB_STATS_SIGNED_RANK,
        .widen = 1,
        .worth = (double)n,
    };
    at->centre = walsh_median(sorted, n, at->n_walsh);
    err = mean_init(d, at);
    if (!err && n >= LB_STATS_FEWEST)
        err = lb_stats_pool_sorted(d, sorted, n, at->centre, &at->own);
    if (err)
        free(sorted);
    return err;
}

/* Allows for the correlation that the series or its pool shows. */
static void location_allow(struct lb_location *at, const struct lb_pool *pool)
{
    struct lb_allowance allowed;

    if (at->n < LB_STATS_FEWEST)
        return;
    allowed = lb_stats_allow(&at->own, pool, at->n);
    if (!(allowed.inflation > 1 || allowed.worth < (double)at->n))
        return;
    at->widen = sqrt(allowed.inflation);
    at->df = allowed.df;
    at->worth = allowed.worth;
    at->mean_error = sqrt(allowed.mean_variance);
    at->with_mean = true;
    at->method = LB_STATS_BLOCKS;
}

/* Both sides of the signed-rank interval, widened about the estimate where rounds correlate. */
static void centre_interval(const struct lb_location *at, double confidence, double *lo, double *hi)
{
    double tail = (1 - confidence) / 2, next;
    uint64_t k = critical_rank(at->n, tail);
    *lo = -INFINITY;
    *hi = INFINITY;
    if (at->n < LB_STATS_FEWEST || k == 0)
        return;
    *lo = walsh_select(at->sorted, at->n, k, &next);
    *hi = walsh_select(at->sorted, at->n, at->n_walsh + 1 - k, &next);
    if (at->method == LB_STATS_SIGNED_RANK)
        return;
    double widen = at->widen * lb_stats_student_quantile(tail, at->df) / normal_quantile(tail);
    *lo = at->centre - widen * (at->centre - *lo);
    *hi = at->centre + widen * (*hi - at->centre);
}

/* P value of the centre of ranks alone. */
static double centre_p(const struct lb_location *at, double bound)
{
    if (at->method == LB_STATS_SIGNED_RANK)
        return rank_at_most(at->n, walsh_at_most(at->sorted, at->n, bound));
    /* The standard error is the lower half of the interval over its quantile, so that p is at most
     * 0.025 exactly when the 95 % interval lies above the bound. */
    double lo, hi;
    centre_interval(at, 0.95, &lo, &hi);
    if (lo < at->centre)
        return lb_stats_student_above((at->centre - bound) / (at->centre - lo) *
                                          lb_stats_student_quantile(0.025, at->df),
                                      at->df);
    return at->centre > bound ? 0 : 1;
}

static unsigned mean_df(const struct lb_location *at)
{
    unsigned df = at->n - 1 < UINT_MAX ? (unsigned)(at->n - 1) : UINT_MAX;

    return at->method == LB_STATS_SIGNED_RANK || df < at->df ? df : at->df;
}

static double location_p(const struct lb_location *at, double bound)
{
    double p, mean;

    if (at->n < LB_STATS_FEWEST || at->worth < LB_STATS_FEWEST)
        return 1;
    p = centre_p(at, bound);
    if (!at->with_mean)
        return p;
    mean = at->mean_error > 0
               ? lb_stats_student_above((at->mean - bound) / at->mean_error, mean_df(at))
           : at->mean > bound ? 0
                              : 1;
    return fmax(p, mean);
}

/* Turns the samples' signs around. */
static void location_negate(struct lb_location *at)
{
    for (size_t i = 0; i < at->n / 2; i++) {
        double low = at->sorted[i];
        at->sorted[i] = at->sorted[at->n - 1 - i];
        at->sorted[at->n - 1 - i] = low;
    }
    for (size_t i = 0; i < at->n; i++)
        at->sorted[i] = -at->sorted[i];
    at->centre = -at->centre;
    at->mean = -at->mean;
}

static void location_estimate(const struct lb_location *at, double confidence,
                              struct lb_estimate *out)
{
    *out = (struct lb_estimate){
        .n = at->n,
        .value = at->centre,
        .mean = at->mean,
        .humped = at->humped,
        .lag1 = at->lag1,
        .method = at->method,
    };
    centre_interval(at, confidence, &out->lo, &out->hi);
    if (!at->with_mean)
        return;
    double half = at->mean_error * lb_stats_student_quantile((1 - confidence) / 2, mean_df(at));
    out->lo = fmin(out->lo, at->mean - half);
    out->hi = fmax(out->hi, at->mean + half);
}

int lb_stats_location(const double *d, size_t n, double confidence, const struct lb_pool *pool,
                      struct lb_estimate *estimate)
{
    if (!(confidence > 0 && confidence < 1))
        return -EINVAL;
    struct lb_location at;
    int err = location_init(d, n, &at);
    if (err)
        return err;
    location_allow(&at, pool);
    location_estimate(&at, confidence, estimate);
    free(at.sorted);
    return 0;
}

int lb_stats_pool(const double *d, size_t n, struct lb_pool *pool)
{
    double *sorted;
    int err;

    if (n < LB_STATS_FEWEST)
        return 0;
    if ((err = sort_with_room(d, n, &sorted)))
        return err;
    err = lb_stats_pool_sorted(d, sorted, n, walsh_median(sorted, n, (uint64_t)n * (n + 1) / 2),
                               pool);
    free(sorted);
    return err;
}

int lb_stats_p_above(const double *d, size_t n, double bound, const struct lb_pool *pool, double *p)
{
    if (!isfinite(bound))
        return -EDOM;
    struct lb_location at;
    int err = location_init(d, n, &at);
    if (err)
        return err;
    location_allow(&at, pool);
    *p = location_p(&at, bound);
    free(at.sorted);
    return 0;
}

int lb_stats_beyond(const double *d, size_t n, double margin, const struct lb_pool *pool,
                    struct lb_estimate *estimate, double *p)
{
    struct lb_location at;
    int err = location_init(d, n, &at);
    if (err)
        return err;
    location_allow(&at, pool);
    location_estimate(&at, LB_STATS_CONFIDENCE, estimate);
    double p_above = location_p(&at, margin);
    location_negate(&at);
    *p = fmin(p_above, location_p(&at, margin));
    free(at.sorted);
    return 0;
}

int lb_stats_locate(const double *d, size_t n, struct lb_location **location)
{
    struct lb_location *at = calloc(1, sizeof *at);
    int err = at ? location_init(d, n, at) : -ENOMEM;

    if (err) {
        free(at);
        return err;
    }
    *location = at;
    return 0;
}

void lb_stats_location_drop(struct lb_location *at)
{
    if (at)
        free(at->sorted);
    free(at);
}

void lb_stats_pool_location(const struct lb_location *at, struct lb_pool *pool)
{
    pool->series += at->own.series;
    pool->rounds += at->own.rounds;
    pool->products += at->own.products;
    pool->squares += at->own.squares;
    pool->blocks += at->own.blocks;
    pool->variances += at->own.variances;
    pool->covariances += at->own.covariances;
}

int lb_stats_beside(struct lb_location *location, double bound, const struct lb_pool *pool,
                    struct lb_estimate *estimate, double *p)
{
    struct lb_location at = *location; /* whose samples are its own */

    if (!isfinite(bound))
        return -EDOM;
    location_allow(&at, pool);
    location_estimate(&at, LB_STATS_CONFIDENCE, estimate);
    double p_above = location_p(&at, bound);
    location_negate(&at);
    *p = fmin(p_above, location_p(&at, -bound));
    location_negate(&at);
    return 0;
}
