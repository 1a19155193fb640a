/* SPDX-License-Identifier: MIT
 *
 * stats: examples worked by hand or taken from published tables, and properties of the intervals
 * and verdicts on simulated samples. Every seed is fixed, so a run repeats exactly.
 */
#include <linebounce/arena.h>
#include <linebounce/stats.h>

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define TINY 1e-12

/* cmocka 1.1.7 compares floats only. Says both numbers and the caller's line. */
#define assert_close(actual, expected, within)                                                     \
    check_close(actual, expected, within, __FILE__, __LINE__)

static void check_close(double actual, double expected, double within, const char *file, int line)
{
    if (fabs(actual - expected) <= within)
        return;
    print_error("%.17g instead of %.17g\n", actual, expected);
    _fail(file, line);
}

/* Simulated samples. */

static double uniform(uint64_t *state)
{
    return ((double)(lb_random(state) >> 11) + 0.5) * 0x1p-53;
}

static double normal(uint64_t *state)
{
    double radius = sqrt(-2 * log(uniform(state)));
    return radius * cos(2 * M_PI * uniform(state));
}

/* One in ten is five times as wide. */
static double heavy(uint64_t *state)
{
    double z = normal(state);
    return uniform(state) < 0.1 ? 5 * z : z;
}

/* d[i] = first, first + 1, ... */
static void count_up(double *d, size_t n, double first)
{
    for (size_t i = 0; i < n; i++)
        d[i] = first + (double)i;
}

/* 0..n-1 in an order whose neighbours do not correlate enough to be noticed. */
static void scatter(double *d, size_t n)
{
    for (size_t i = 0; i < n; i++)
        d[i] = (double)(i % 2 ? n - 1 - i / 2 : i / 2);
}

/* Summaries. */

static void test_median(void **state)
{
    (void)state;
    double odd[] = {9, 1, 5}, even[] = {4, 1, 3, 2}, one[] = {7}, median = 0;
    assert_int_equal(lb_stats_median(odd, 3, &median), 0);
    assert_close(median, 5, 0);
    assert_int_equal(lb_stats_median(even, 4, &median), 0);
    assert_close(median, 2.5, 0);
    assert_int_equal(lb_stats_median(one, 1, &median), 0);
    assert_close(median, 7, 0);
    double huge[] = {1.6e308, 1.7e308};
    assert_int_equal(lb_stats_median(huge, 2, &median), 0);
    assert_close(median, 1.65e308, 1e294);
}

static void test_summary(void **state)
{
    (void)state;
    struct lb_summary s;
    double x[] = {10, 1, 2, 4, 3};
    assert_int_equal(lb_stats_summary(x, 5, 0.95, &s), 0);
    assert_int_equal(s.n, 5);
    assert_close(s.median, 3, 0);
    assert_close(s.mad, 1, 0); /* of 7, 2, 1, 1, 0 */
    assert_close(s.min, 1, 0);
    assert_close(s.max, 10, 0);
    assert_close(x[0], 10, 0); /* the input stays as it is */
}

/* Ranks from tables of the binomial interval of the median: n, lower rank, upper rank. */
static void test_summary_interval(void **state)
{
    (void)state;
    static const struct {
        size_t n, lo, hi;
    } table[] = {{6, 1, 6},    {8, 1, 8},    {9, 2, 8},     {10, 2, 9},
                 {12, 3, 10},  {20, 6, 15},  {30, 10, 21},  {50, 18, 33},
                 {60, 22, 39}, {70, 27, 44}, {100, 40, 61}, {2000, 956, 1045}};
    static double x[2000];
    for (size_t i = 0; i < LB_COUNT(table); i++) {
        struct lb_summary s;
        count_up(x, table[i].n, 1);
        assert_int_equal(lb_stats_summary(x, table[i].n, 0.95, &s), 0);
        assert_close(s.lo, (double)table[i].lo, 0);
        assert_close(s.hi, (double)table[i].hi, 0);
    }
    for (size_t n = 1; n < 6; n++) { /* the widest there is covers 93.8 % of five, 50 % of two */
        struct lb_summary s;
        assert_int_equal(lb_stats_summary(x, n, 0.95, &s), 0);
        assert_true(isnan(s.lo) && isnan(s.hi));
    }
}

static void test_refusals(void **state)
{
    (void)state;
    struct lb_summary s = {.n = 99};
    struct lb_estimate e = {.n = 99};
    double median = 99, p = 99;
    double bad[3][2] = {{1, NAN}, {INFINITY, 1}, {1, -INFINITY}};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(lb_stats_summary(bad[i], 2, 0.95, &s), -EDOM);
        assert_int_equal(lb_stats_median(bad[i], 2, &median), -EDOM);
        assert_int_equal(lb_stats_location(bad[i], 2, 0.95, NULL, &e), -EDOM);
        assert_int_equal(lb_stats_p_above(bad[i], 2, 0, NULL, &p), -EDOM);
    }
    double x[] = {1, 2};
    assert_int_equal(lb_stats_summary(x, 0, 0.95, &s), -ENODATA);
    assert_int_equal(lb_stats_median(x, 0, &median), -ENODATA);
    assert_int_equal(lb_stats_location(x, 0, 0.95, NULL, &e), -ENODATA);
    assert_int_equal(lb_stats_p_above(x, 0, 0, NULL, &p), -ENODATA);
    assert_int_equal(lb_stats_p_above(x, 2, NAN, NULL, &p), -EDOM);
    assert_int_equal(lb_stats_summary(x, 2, 1, &s), -EINVAL);
    assert_int_equal(lb_stats_summary(x, 2, NAN, &s), -EINVAL);
    assert_int_equal(lb_stats_location(x, 2, 0, NULL, &e), -EINVAL);
    /* Outputs stay as they were. */
    assert_int_equal(s.n, 99);
    assert_int_equal(e.n, 99);
    assert_close(median, 99, 0);
    assert_close(p, 99, 0);
}

static void test_fairness(void **state)
{
    (void)state;
    double equal[] = {3, 3, 3, 3}, one_of_four[] = {0, 8, 0, 0}, some[] = {1, 2, 3};
    double zeros[] = {0, 0}, huge[] = {1e300, 1e300}, one[] = {5};
    assert_close(lb_stats_jain(equal, 4), 1, TINY);
    assert_close(lb_stats_jain(one_of_four, 4), 0.25, TINY);
    assert_close(lb_stats_jain(some, 3), 36.0 / 42, TINY);
    assert_close(lb_stats_jain(huge, 2), 1, TINY);
    assert_close(lb_stats_jain(one, 1), 1, 0);
    assert_true(isnan(lb_stats_jain(zeros, 2)));
    assert_close(lb_stats_min_over_max(equal, 4), 1, 0);
    assert_close(lb_stats_min_over_max(one_of_four, 4), 0, 0);
    assert_close(lb_stats_min_over_max(some, 3), 1.0 / 3, TINY);
    assert_close(lb_stats_min_over_max(one, 1), 1, 0);
    assert_true(isnan(lb_stats_min_over_max(zeros, 2)));
}

static void test_lag1(void **state)
{
    (void)state;
    double rising[] = {1, 2, 3, 4, 5}, turns[] = {1, -1, 1, -1};
    double level[] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
    assert_close(lb_stats_lag1(rising, 5), 0.4, TINY); /* (2 + 0 + 0 + 2) / 10 */
    assert_close(lb_stats_lag1(turns, 4), -0.75, TINY);
    assert_close(lb_stats_lag1(level, 6), 0, 0);
    assert_close(lb_stats_lag1(rising, 2), 0, 0);
}

/* Locations. */

static void test_walsh_by_hand(void **state)
{
    (void)state;
    /* Averages of 1, 2, 10: 1, 1.5, 2, 5.5, 6, 10; of 1, 5: 1, 3, 5. */
    double three[] = {10, 1, 2}, two[] = {5, 1}, one[] = {-4};
    struct lb_estimate e;
    assert_int_equal(lb_stats_location(three, 3, 0.95, NULL, &e), 0);
    assert_close(e.value, 3.75, 0);
    assert_int_equal(e.n, 3);
    assert_int_equal(lb_stats_location(two, 2, 0.95, NULL, &e), 0);
    assert_close(e.value, 3, 0);
    assert_int_equal(lb_stats_location(one, 1, 0.95, NULL, &e), 0);
    assert_close(e.value, -4, 0);
    assert_true(isinf(e.lo) && e.lo < 0 && isinf(e.hi) && e.hi > 0);
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The k-th smallest of all averages, the slow way. */
static double walsh_rank(const double *d, size_t n, size_t k)
{
    double *all = calloc(n * (n + 1) / 2, sizeof *all);
    assert_non_null(all);
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++)
            all[count++] = d[i] / 2 + d[j] / 2;
    qsort(all, count, sizeof *all, compare_doubles);
    double value = all[k - 1];
    free(all);
    return value;
}

/* Wilcoxon's critical values at two-sided 0.05, from published tables: the interval runs from the
 * (critical + 1)-th smallest to the (critical + 1)-th largest Walsh average. 60 was counted with
 * integers, 61 is the normal approximation: 945.5 - 0.5 - 1.96 * 139.2 = 672.1. */
static void test_signed_rank_interval(void **state)
{
    (void)state;
    static const struct {
        size_t n, critical;
    } table[] = {{6, 0},   {7, 2},   {8, 3},    {9, 5},    {10, 8},   {12, 13},  {15, 25},
                 {20, 52}, {25, 89}, {30, 137}, {40, 264}, {50, 434}, {60, 648}, {61, 672}};
    uint64_t seed = 5;
    for (size_t t = 0; t < LB_COUNT(table); t++) {
        size_t n = table[t].n, k = table[t].critical + 1;
        double d[61];
        for (size_t i = 0; i < n; i++)
            d[i] = (i % 2 ? 1 : -1) * uniform(&seed) + 0.1 * normal(&seed);
        struct lb_estimate e;
        assert_int_equal(lb_stats_location(d, n, 0.95, NULL, &e), 0);
        assert_int_equal(e.method, LB_STATS_SIGNED_RANK);
        assert_close(e.lo, walsh_rank(d, n, k), 0);
        assert_close(e.hi, walsh_rank(d, n, n * (n + 1) / 2 + 1 - k), 0);
        size_t middle = n * (n + 1) / 2;
        double value = (walsh_rank(d, n, (middle + 1) / 2) + walsh_rank(d, n, middle / 2 + 1)) / 2;
        assert_close(e.value, value, 1e-15);
        assert_close(e.lag1, lb_stats_lag1(d, n), 0);
    }
}

static void test_few_samples(void **state)
{
    (void)state;
    double d[6], p = 0;
    struct lb_estimate e;
    scatter(d, 6);
    assert_int_equal(lb_stats_location(d, 5, 0.95, NULL, &e), 0);
    assert_true(isinf(e.lo) && isinf(e.hi));
    assert_int_equal(lb_stats_location(d, 5, 0.5, NULL, &e), 0);
    assert_true(isinf(e.lo) && isinf(e.hi));
    assert_int_equal(lb_stats_p_above(d, 5, -1000, NULL, &p), 0);
    assert_close(p, 1, 0);
    assert_int_equal(lb_stats_location(d, 6, 0.95, NULL, &e), 0);
    assert_close(e.lo, 0, 0);
    assert_close(e.hi, 5, 0);
    assert_close(e.value, 2.5, 0);
    assert_int_equal(lb_stats_p_above(d, 6, -1000, NULL, &p), 0);
    assert_close(p, 1.0 / 64, TINY);
    /* 99 % is out of reach of 6 samples: 2 / 64 > 0.01. */
    assert_int_equal(lb_stats_location(d, 6, 0.99, NULL, &e), 0);
    assert_true(isinf(e.lo) && isinf(e.hi));
}

/* Differences with a sum of positive ranks that can be looked up. */
static void test_p_above(void **state)
{
    (void)state;
    double p = 0;
    /* Ranks 1..10, negative are 3 and 5: T = 47, P(T >= 47) = P(T <= 8) = 25 / 1024. */
    double ten[] = {1, 10, 2, 9, -3, 8, 4, 7, -5, 6};
    assert_int_equal(lb_stats_p_above(ten, 10, 0, NULL, &p), 0);
    assert_close(p, 25.0 / 1024, TINY);
    for (size_t i = 0; i < 10; i++)
        ten[i] = -ten[i];
    assert_int_equal(lb_stats_p_above(ten, 10, 0, NULL, &p), 0); /* P(T >= 8) = 1 - P(T <= 7) */
    assert_close(p, 1 - 19.0 / 1024, TINY);
    /* Zeros and ties count against the claim. */
    double zeros[8] = {0}, ties[] = {1, 2, 2, 1, -1, 2};
    assert_int_equal(lb_stats_p_above(zeros, 8, 0, NULL, &p), 0);
    assert_close(p, 1, 0);
    /* Averages above 0: the 15 of the five positive ones, and (-1 + 2) / 2 three times. */
    assert_int_equal(lb_stats_p_above(ties, 6, 0, NULL, &p), 0);
    assert_close(p, 5.0 / 64, TINY); /* P(T >= 18) = P(T <= 3) = (1 + 1 + 1 + 2) / 64 */
}

/* A p value of at most 0.025 and a 95 % interval above the bound are the same thing. */
static void test_p_agrees_with_interval(void **state)
{
    (void)state;
    uint64_t seed = 17;
    size_t above = 0, resampled = 0;
    for (int trial = 0; trial < 400; trial++) {
        size_t n = 6 + lb_random_below(&seed, 90);
        double d[96], rest = normal(&seed), p;
        for (size_t i = 0; i < n; i++) {
            rest = (trial % 2 ? 0.6 : 0) * rest + normal(&seed);
            d[i] = round(8 * rest) / 8; /* with ties */
        }
        double bound = 0.5 * normal(&seed);
        struct lb_estimate e;
        assert_int_equal(lb_stats_location(d, n, 0.95, NULL, &e), 0);
        assert_int_equal(lb_stats_p_above(d, n, bound, NULL, &p), 0);
        assert_int_equal(p <= 0.025, e.lo > bound);
        assert_true(e.lo <= e.value && e.value <= e.hi);
        above += p <= 0.025;
        resampled += e.method == LB_STATS_BLOCKS;
    }
    assert_uint_in_range(above, 40, 360);
    assert_uint_in_range(resampled, 80, 300);
}

static void test_correlated(void **state)
{
    (void)state;
    uint64_t seed = 23;
    double d[40], shuffled[40], rest = 0;
    for (size_t i = 0; i < 40; i++) {
        rest = 0.7 * rest + normal(&seed);
        d[i] = rest;
        shuffled[(i * 7) % 40] = rest;
    }
    struct lb_estimate e, other;
    assert_int_equal(lb_stats_location(d, 40, 0.95, NULL, &e), 0);
    assert_int_equal(e.method, LB_STATS_BLOCKS);
    /* The same values in another order are independent as far as one can see: same estimate. */
    assert_int_equal(lb_stats_location(shuffled, 40, 0.95, NULL, &other), 0);
    assert_int_equal(other.method, LB_STATS_SIGNED_RANK);
    assert_close(e.value, other.value, 0);
    assert_close(e.mean, other.mean, 1e-12);
    assert_true(e.hi - e.lo > 1.3 * (other.hi - other.lo));
}

/* Blocks of 3 in 27 rounds leave 8 degrees of freedom, blocks of 4 would leave 5: twice as far as
 * the end of the interval p is that of 2 x 2.306, not of 2 x 2.571. */
static void test_block_length(void **state)
{
    (void)state;
    uint64_t seed = 3;
    double d[27], rest = 0, p;
    for (size_t i = 0; i < LB_COUNT(d); i++)
        d[i] = rest = 0.8 * rest + normal(&seed);
    struct lb_estimate e;
    assert_int_equal(lb_stats_location(d, LB_COUNT(d), 0.95, NULL, &e), 0);
    assert_int_equal(e.method, LB_STATS_BLOCKS);
    double bound = e.value - 2 * (e.value - e.lo);
    assert_int_equal(lb_stats_p_above(d, LB_COUNT(d), bound, NULL, &p), 0);
    assert_close(p, 0.000866, 2e-6);
}

static void test_equal_samples(void **state)
{
    (void)state;
    double d[30], p = 9;
    for (size_t i = 0; i < 30; i++)
        d[i] = 0.1;
    struct lb_estimate e;
    assert_int_equal(lb_stats_location(d, 30, 0.95, NULL, &e), 0);
    assert_int_equal(e.method, LB_STATS_SIGNED_RANK);
    assert_close(e.lo, 0.1, 0);
    assert_close(e.value, 0.1, 0);
    assert_close(e.hi, 0.1, 0);
    assert_int_equal(lb_stats_p_above(d, 30, 0, NULL, &p), 0);
    assert_close(p, ldexp(1, -30), 1e-20);
}

/* Far more samples than averages would fit in memory. */
static void test_many_samples(void **state)
{
    (void)state;
    size_t n = 200001;
    double *d = calloc(n, sizeof *d);
    assert_non_null(d);
    scatter(d, n);
    struct lb_estimate e;
    assert_int_equal(lb_stats_location(d, n, 0.95, NULL, &e), 0);
    assert_close(e.value, 100000, 0);
    /* z * width / sqrt(12 n) */
    assert_close(e.hi - e.value, 1.96 * (double)n / sqrt(12 * (double)n), 2);
    free(d);
}

/* Verdicts. */

static void test_looks(void **state)
{
    (void)state;
    static const size_t looks[] = {20, 30, 45, 68, 102, 153, 230, 345, 518};
    assert_int_equal(lb_stats_look(0), 20);
    for (size_t i = 0; i + 1 < LB_COUNT(looks); i++) {
        assert_int_equal(lb_stats_look(looks[i]), looks[i]);
        assert_int_equal(lb_stats_look(looks[i] + 1), looks[i + 1]);
    }
    assert_true(lb_stats_look(SIZE_MAX) == SIZE_MAX);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(lb_verdict_name(LB_VERDICT_UNRESOLVED), "unresolved");
    assert_string_equal(lb_verdict_name(LB_VERDICT_SAME), "same");
    assert_string_equal(lb_verdict_name(LB_VERDICT_FASTER), "faster");
    assert_string_equal(lb_verdict_name(LB_VERDICT_SLOWER), "slower");
    assert_string_equal(lb_verdict_name(LB_VERDICT_NOT_SLOWER), "not slower");
    assert_string_equal(lb_verdict_name((enum lb_verdict)99), "unknown");
}

static const struct lb_margin margins = {LB_MARGIN_NS, LB_MARGIN_SHARE};

/* Pairs of `base` and `base + shift` with a spread of +-1 ns, judged alone. */
static struct lb_comparison judge(size_t n, double base, double shift, double min_over_max,
                                  double spoiled_gap)
{
    double a[64], b[64];
    for (size_t i = 0; i < n; i++) {
        a[i] = base;
        b[i] = base + shift + (double)(i * 7 % 11) / 5 - 1;
    }
    struct lb_pair pair = {a, b, n, min_over_max, spoiled_gap, NULL};
    struct lb_comparison c;
    assert_int_equal(lb_stats_compare(&pair, &margins, &c), 0);
    assert_int_equal(c.verdict, LB_VERDICT_UNRESOLVED);
    assert_int_equal(lb_stats_holm(&c, 1), 0);
    return c;
}

static void test_verdicts(void **state)
{
    (void)state;
    assert_int_equal(judge(20, 50, 5, 1, 0).verdict, LB_VERDICT_SLOWER);
    assert_int_equal(judge(20, 50, -5, 1, 0).verdict, LB_VERDICT_FASTER);
    assert_int_equal(judge(20, 50, 0, 1, 0).verdict, LB_VERDICT_SAME);
    assert_int_equal(judge(20, 50, 2, 1, 0).verdict, LB_VERDICT_UNRESOLVED);
    assert_int_equal(judge(20, 50, -2, 1, 0).verdict, LB_VERDICT_NOT_SLOWER);
    /* Beyond 2 ns, but not beyond 2 % of 500 ns. */
    assert_int_equal(judge(20, 500, 5, 1, 0).verdict, LB_VERDICT_SAME);
    assert_int_equal(judge(20, 500, 10, 1, 0).verdict, LB_VERDICT_UNRESOLVED);
    assert_int_equal(judge(20, 500, 15, 1, 0).verdict, LB_VERDICT_SLOWER);
    /* Beyond 2 %, but not beyond 2 ns. */
    assert_int_equal(judge(20, 10, 0.5, 1, 0).verdict, LB_VERDICT_SAME);
    assert_close(judge(20, 10, 0, 1, 0).margin_ns, 2, 0);
    assert_close(judge(20, 500, 0, 1, 0).margin_ns, 10, TINY);
}

static void test_withheld(void **state)
{
    (void)state;
    struct lb_comparison few = judge(19, 50, 50, 1, 0);
    assert_int_equal(few.verdict, LB_VERDICT_UNRESOLVED);
    assert_non_null(few.no_verdict);
    assert_non_null(strstr(few.no_verdict, "20"));
    struct lb_comparison spoiled = judge(30, 50, 50, 1, 0.11);
    assert_int_equal(spoiled.verdict, LB_VERDICT_UNRESOLVED);
    assert_non_null(strstr(spoiled.no_verdict, "spoiled"));
    assert_int_equal(judge(30, 50, 0, 1, 0.11).verdict, LB_VERDICT_UNRESOLVED);
    struct lb_comparison fine = judge(30, 50, 50, 1, 0.10);
    assert_null(fine.no_verdict);
    assert_int_equal(fine.verdict, LB_VERDICT_SLOWER);
    struct lb_comparison tiny = judge(5, 50, 50, 1, 0);
    assert_true(isinf(tiny.difference.lo) && isinf(tiny.ratio.hi));
    assert_close(tiny.ratio.lo, 0, 0);
    assert_close(tiny.p, 1, 0);
}

/* 0 of 26 against 4 of 30: Fisher's exact test says p = 0.115. */
static void test_rates(void **state)
{
    (void)state;
    assert_close(lb_stats_rate_gap(0, 26, 4, 30), 0, 0);
    assert_false(lb_stats_rates_differ(0, 26, 4, 30));
    assert_false(lb_stats_rates_differ(4, 30, 0, 26));
    assert_false(lb_stats_rates_differ(0, 12, 4, 14));
    assert_close(lb_stats_rate_gap(0, 40, 10, 40), 0.25, TINY);
    assert_true(lb_stats_rates_differ(0, 40, 10, 40));
    assert_true(lb_stats_rates_differ(40, 40, 30, 40));
    /* Sure, but small. */
    assert_close(lb_stats_rate_gap(100, 10000, 1000, 10000), 0.09, TINY);
    assert_false(lb_stats_rates_differ(100, 10000, 1000, 10000));
    /* Nothing tried, nothing known. */
    assert_false(lb_stats_rates_differ(0, 0, 50, 50));
    assert_false(lb_stats_rates_differ(0, 50, 0, 0));
}

static void test_unfair(void **state)
{
    (void)state;
    assert_true(judge(20, 50, -5, 0.49, 0).unfair);
    assert_true(judge(20, 50, 5, 0.49, 0).unfair);
    assert_false(judge(20, 50, -5, 0.5, 0).unfair);
    assert_false(judge(20, 50, 0, 0.1, 0).unfair);
    assert_false(judge(19, 50, -5, 0.1, 0).unfair);
}

static void test_compare_estimates(void **state)
{
    (void)state;
    double a[20], b[20];
    for (size_t i = 0; i < 20; i++) {
        a[i] = 100 + (double)(i * 7 % 20);
        b[i] = 1.5 * a[i];
    }
    struct lb_pair pair = {a, b, 20, 1, 0, NULL};
    struct lb_comparison c;
    assert_int_equal(lb_stats_compare(&pair, &margins, &c), 0);
    assert_close(c.ratio.value, 1.5, TINY);
    assert_close(c.ratio.lo, 1.5, TINY);
    assert_close(c.ratio.hi, 1.5, TINY);
    assert_close(c.difference.value, 54.75, TINY); /* half of 109.5 */
    assert_close(c.margin_ns, 0.02 * 109.5, TINY);
    assert_close(c.p, ldexp(1, -19), 1e-18); /* one side is 2^-20 */
    assert_int_equal(c.ratio.n, 20);
}

static void test_compare_refuses(void **state)
{
    (void)state;
    double a[20], b[20];
    count_up(a, 20, 10);
    count_up(b, 20, 10);
    struct lb_pair pair = {a, b, 20, 1, 0, NULL};
    struct lb_margin negative = {-1, 0.02}, unknown = {2, NAN};
    struct lb_comparison c = {.margin_ns = 99};
    assert_int_equal(lb_stats_compare(&pair, &negative, &c), -EINVAL);
    assert_int_equal(lb_stats_compare(&pair, &unknown, &c), -EINVAL);
    pair.n = 0;
    assert_int_equal(lb_stats_compare(&pair, &margins, &c), -ENODATA);
    pair.n = 20;
    pair.spoiled_gap = NAN;
    assert_int_equal(lb_stats_compare(&pair, &margins, &c), -EDOM);
    pair.spoiled_gap = 0;
    double bad[] = {0, -1, NAN, INFINITY};
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        b[3] = bad[i];
        assert_int_equal(lb_stats_compare(&pair, &margins, &c), -EDOM);
    }
    b[3] = 10;
    a[4] = 0;
    assert_int_equal(lb_stats_compare(&pair, &margins, &c), -EDOM);
    assert_close(c.margin_ns, 99, 0);
}

/* A difference that is clear, as far as its interval goes. */
static struct lb_comparison clear(double p)
{
    return (struct lb_comparison){
        .ratio = {.n = 20, .value = 2, .lo = 1.9, .hi = 2.1},
        .difference = {.n = 20, .value = 50, .lo = 45, .hi = 55},
        .margin_ns = 2,
        .min_over_max = 1,
        .p = p,
    };
}

static void test_holm_by_hand(void **state)
{
    (void)state;
    /* Sorted 0.001, 0.002, 0.006, 0.008, times 4, 3, 2, 1: 0.004, 0.006, 0.012, then never falling.
     */
    struct lb_comparison c[] = {clear(0.002), clear(0.008), clear(0.006), clear(0.001)};
    double expected[] = {0.006, 0.012, 0.012, 0.004};
    assert_int_equal(lb_stats_holm(c, 4), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_close(c[i].p_holm, expected[i], TINY);
        assert_int_equal(c[i].verdict,
                         expected[i] > 0.01 ? LB_VERDICT_UNRESOLVED : LB_VERDICT_SLOWER);
    }
    /* Again, with fewer: what was unresolved among four is clear alone. */
    assert_int_equal(lb_stats_holm(&c[1], 1), 0);
    assert_int_equal(c[1].verdict, LB_VERDICT_SLOWER);
    struct lb_comparison ones[] = {clear(0.6), clear(0.9)};
    assert_int_equal(lb_stats_holm(ones, 2), 0);
    assert_close(ones[0].p_holm, 1, 0);
    assert_close(ones[1].p_holm, 1, 0);
    assert_int_equal(lb_stats_holm(NULL, 0), 0);
    ones[1].p = NAN;
    assert_int_equal(lb_stats_holm(ones, 2), -EDOM);
}

static enum lb_verdict alone(struct lb_comparison c)
{
    assert_int_equal(lb_stats_holm(&c, 1), 0);
    return c.verdict;
}

/* The same on the other side. */
static struct lb_comparison mirrored(struct lb_comparison c)
{
    struct lb_comparison m = c;
    m.ratio.lo = 1 / c.ratio.hi;
    m.ratio.hi = 1 / c.ratio.lo;
    m.difference.lo = -c.difference.hi;
    m.difference.hi = -c.difference.lo;
    return m;
}

static void test_interval_has_a_say(void **state)
{
    (void)state;
    struct lb_comparison c = clear(0.011);
    assert_int_equal(alone(c), LB_VERDICT_UNRESOLVED);
    c = clear(0.009);
    assert_int_equal(alone(c), LB_VERDICT_SLOWER);
    assert_int_equal(alone(mirrored(c)), LB_VERDICT_FASTER);
    c.difference.lo = 1.9; /* within the margin of 2 */
    assert_int_equal(alone(c), LB_VERDICT_UNRESOLVED);
    assert_int_equal(alone(mirrored(c)), LB_VERDICT_NOT_SLOWER);
    c.difference.lo = 45;
    c.ratio.lo = 0.9; /* the ratio contradicts */
    assert_int_equal(alone(c), LB_VERDICT_UNRESOLVED);
    assert_int_equal(alone(mirrored(c)), LB_VERDICT_NOT_SLOWER);
    c = clear(1);
    c.difference.value = 0.5;
    c.difference.lo = -1.5;
    c.difference.hi = 1.9;
    assert_int_equal(alone(c), LB_VERDICT_SAME);
    c.difference.hi = 2.1; /* the estimate is inside, the interval is not wholly */
    assert_int_equal(alone(c), LB_VERDICT_UNRESOLVED);
    assert_int_equal(alone(mirrored(c)), LB_VERDICT_NOT_SLOWER);
}

/* What is withheld, or has too few pairs to win, is no part of the family, and has no p. */
static void test_family(void **state)
{
    (void)state;
    struct lb_comparison c[] = {clear(0.01), clear(0.02), clear(0.03), clear(0.9)};
    c[1].no_verdict = "because";
    c[2].no_verdict = "few";
    c[2].few = true;
    c[2].difference = (struct lb_estimate){.n = 12, .value = -1, .lo = -9, .hi = 1.9};
    assert_int_equal(lb_stats_holm(c, 4), 0);
    assert_close(c[0].p_holm, 0.02, TINY);
    assert_close(c[3].p_holm, 0.9, TINY);
    assert_true(isnan(c[1].p_holm) && isnan(c[2].p_holm));
    assert_int_equal(c[1].verdict, LB_VERDICT_UNRESOLVED);
    assert_int_equal(c[2].verdict, LB_VERDICT_NOT_SLOWER);
    assert_null(c[2].no_verdict);
    c[2].difference.n = 11;
    c[2].no_verdict = "few";
    assert_int_equal(lb_stats_holm(c, 4), 0);
    assert_int_equal(c[2].verdict, LB_VERDICT_UNRESOLVED);
    assert_string_equal(c[2].no_verdict, "few");
}

static void test_precise(void **state)
{
    (void)state;
    assert_true(lb_stats_precise(2, 10, 200, 100, 2));
    assert_false(lb_stats_precise(2.1, 10, 200, 100, 2));
    assert_true(lb_stats_precise(5, 100, 200, 100, 2));
    assert_true(lb_stats_precise(5, -100, 200, 100, 2));
    assert_false(lb_stats_precise(5.1, 100, 200, 100, 2));
    assert_true(lb_stats_precise(6, 1, 200, 0, 2));
    assert_false(lb_stats_precise(6.1, 1000, 200, 0, 20));
    assert_false(lb_stats_precise(INFINITY, 10, 200, 100, 2));
    assert_false(lb_stats_precise(NAN, 10, 200, 0, 2));
}

/* Properties. */

#define TRIALS 1000

/* Median of (X + Y) / 2 for two exponential variables: half the median of Gamma(2, 1). */
#define EXPONENTIAL_CENTRE 0.8391734950

/* How many of TRIALS intervals from n samples hold the centre. */
static int covered(size_t n, double rho, bool skewed)
{
    uint64_t seed = 2024;
    int count = 0;
    for (uint64_t trial = 0; trial < TRIALS; trial++) {
        double d[64], rest = normal(&seed);
        for (size_t i = 0; i < n; i++) {
            d[i] = skewed ? -log(uniform(&seed)) - EXPONENTIAL_CENTRE : rest;
            rest = rho * rest + sqrt(1 - rho * rho) * normal(&seed);
        }
        struct lb_estimate e;
        assert_int_equal(lb_stats_location(d, n, 0.95, NULL, &e), 0);
        count += e.lo <= 0 && e.hi >= 0;
    }
    return count;
}

/* Standard error of the counts: 7 to 10. */
static void test_coverage(void **state)
{
    (void)state;
    assert_uint_in_range(covered(30, 0, false), 930, 970);
    assert_uint_in_range(covered(30, 0, true), 925, 970);
    assert_uint_in_range(covered(30, 0.5, false), 885, 970);
    assert_uint_in_range(covered(60, 0.5, false), 920, 975);
}

#define RUNS      100
#define RUN_PAIRS 77

/* One run of twins: noise of 5 % with heavy tails, and a drift that the round's cases share.
 * Returns how many of its pairs have a winner, adds what p alone would call one. */
static int twins_run(uint64_t *seed, int *uncorrected)
{
    struct lb_comparison c[RUN_PAIRS];
    double drift[20], a[20], b[20], walk = 0;
    for (size_t i = 0; i < 20; i++) {
        walk += 0.02 * normal(seed);
        drift[i] = 215 * exp(walk);
    }
    for (size_t pair = 0; pair < RUN_PAIRS; pair++) {
        for (size_t i = 0; i < 20; i++) {
            a[i] = drift[i] * exp(0.05 * heavy(seed));
            b[i] = drift[i] * exp(0.05 * heavy(seed));
        }
        struct lb_pair samples = {a, b, 20, 1, 0, NULL};
        assert_int_equal(lb_stats_compare(&samples, &margins, &c[pair]), 0);
        *uncorrected += c[pair].difference.lo > 0 || c[pair].difference.hi < 0;
    }
    assert_int_equal(lb_stats_holm(c, RUN_PAIRS), 0);
    int winners = 0;
    for (size_t pair = 0; pair < RUN_PAIRS; pair++)
        winners += c[pair].verdict == LB_VERDICT_FASTER || c[pair].verdict == LB_VERDICT_SLOWER;
    return winners;
}

static void test_twins(void **state)
{
    (void)state;
    uint64_t seed = 99;
    int false_runs = 0, uncorrected = 0;
    for (int run = 0; run < RUNS; run++)
        false_runs += twins_run(&seed, &uncorrected) > 0;
    assert_uint_in_range(false_runs, 0, 5);
    /* The samples are not so tame that nothing could go wrong: 5 % of 7700 exclude "equal". */
    assert_uint_in_range(uncorrected, 300, 460);
}

static void test_finds_five_percent(void **state)
{
    (void)state;
    uint64_t seed = 7;
    int found = 0;
    for (uint64_t trial = 0; trial < 100; trial++) {
        double a[20], b[20];
        for (size_t i = 0; i < 20; i++) {
            a[i] = 215 * (1 + 0.01 * normal(&seed));
            b[i] = 215 * 1.05 * (1 + 0.01 * normal(&seed));
        }
        struct lb_pair pair = {a, b, 20, 1, 0, NULL};
        struct lb_comparison c;
        assert_int_equal(lb_stats_compare(&pair, &margins, &c), 0);
        assert_int_equal(lb_stats_holm(&c, 1), 0);
        found += c.verdict == LB_VERDICT_SLOWER;
    }
    assert_uint_in_range(found, 95, 100);
}

/* Samples of contended layouts and their twins, recorded on a real machine:
 * tests/data/contended.txt says which, and how. Rounds of one pair follow each other. */
#define RECORDED_MOST 400
#define RECORDED_RUN  27 /* rounds of a default run */

struct recorded {
    char name[64];
    double base[RECORDED_MOST], twin[RECORDED_MOST];
    size_t n;
};

static FILE *open_recorded(void)
{
    const char *dir = getenv("LB_TESTS_DIR");
    char path[512], line[256];
    FILE *file;

    snprintf(path, sizeof path, "%s/data/contended.txt", dir ? dir : "tests");
    file = fopen(path, "r");
    assert_non_null(file);
    for (int c = getc(file); c == '#'; c = getc(file))
        assert_non_null(fgets(line, sizeof line, file));
    fseek(file, -1, SEEK_CUR);
    return file;
}

/* One pair: "NAME COUNT", then as many lines "BASE TWIN" in ns per op. */
static bool next_recorded(FILE *file, struct recorded *r)
{
    if (fscanf(file, "%63s %zu", r->name, &r->n) != 2)
        return false;
    assert_uint_in_range(r->n, RECORDED_RUN, RECORDED_MOST);
    for (size_t i = 0; i < r->n; i++)
        assert_int_equal(fscanf(file, "%lf %lf", &r->base[i], &r->twin[i]), 2);
    return true;
}

/* In how many of 100 runs' worth of consecutive rounds the scaled twin has the verdict. */
static int count_recorded(const struct recorded *r, double factor, bool any_winner)
{
    int count = 0;

    for (size_t run = 0; run < 100; run++) {
        size_t start = (r->n - RECORDED_RUN) * run / 99;
        double scaled[RECORDED_RUN];
        struct lb_comparison c;
        for (size_t i = 0; i < RECORDED_RUN; i++)
            scaled[i] = factor * r->twin[start + i];
        struct lb_pair pair = {r->base + start, scaled, RECORDED_RUN, 1, 0, NULL};
        assert_int_equal(lb_stats_compare(&pair, &margins, &c), 0);
        assert_int_equal(lb_stats_holm(&c, 1), 0);
        count += c.verdict == LB_VERDICT_SLOWER || (any_winner && c.verdict == LB_VERDICT_FASTER);
    }
    return count;
}

static void test_recorded_contention(void **state)
{
    struct recorded *r = malloc(sizeof *r);
    FILE *file = open_recorded();
    int pairs = 0, winners = 0;

    (void)state;
    assert_non_null(r);
    for (; next_recorded(file, r); pairs++) {
        int found = count_recorded(r, 1.05, false);
        if (found < 95)
            fail_msg("%s: 5 %% found in %d of 100", r->name, found);
        winners += count_recorded(r, 1, true);
    }
    assert_uint_in_range(pairs, 10, 1000);
    assert_uint_in_range(winners, 0, 5 * pairs); /* unscaled, each pair on its own: 5 % at most */
    fclose(file);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded_contention),
        cmocka_unit_test(test_median),
        cmocka_unit_test(test_summary),
        cmocka_unit_test(test_summary_interval),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_fairness),
        cmocka_unit_test(test_lag1),
        cmocka_unit_test(test_walsh_by_hand),
        cmocka_unit_test(test_signed_rank_interval),
        cmocka_unit_test(test_few_samples),
        cmocka_unit_test(test_p_above),
        cmocka_unit_test(test_p_agrees_with_interval),
        cmocka_unit_test(test_correlated),
        cmocka_unit_test(test_block_length),
        cmocka_unit_test(test_equal_samples),
        cmocka_unit_test(test_many_samples),
        cmocka_unit_test(test_looks),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_withheld),
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_unfair),
        cmocka_unit_test(test_compare_estimates),
        cmocka_unit_test(test_compare_refuses),
        cmocka_unit_test(test_holm_by_hand),
        cmocka_unit_test(test_interval_has_a_say),
        cmocka_unit_test(test_family),
        cmocka_unit_test(test_precise),
        cmocka_unit_test(test_coverage),
        cmocka_unit_test(test_twins),
        cmocka_unit_test(test_finds_five_percent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
