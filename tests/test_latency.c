/* SPDX-License-Identifier: MIT
 *
 * latency: buckets without gaps, and quantiles against sorted arrays of the same values.
 */
#include <linebounce/latency.h>

#include <linebounce/arena.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define VALUES 20000

/* Buckets */

static void test_small_values_have_buckets_of_their_own(void **state)
{
    (void)state;
    for (uint64_t v = 0; v < LB_LATENCY_LINEAR; v++) {
        assert_int_equal(lb_latency_bucket(v), v);
        assert_int_equal(lb_latency_least(v), v);
    }
    assert_int_equal(lb_latency_least(LB_LATENCY_LINEAR), LB_LATENCY_LINEAR);
}

/* Each bucket begins where the one before ends, and both edges lead back to it. */
static void test_bucket_edges(void **state)
{
    (void)state;
    assert_int_equal(lb_latency_least(0), 0);
    for (size_t i = 0; i < LB_LATENCY_BUCKETS; i++) {
        uint64_t least = lb_latency_least(i), end = lb_latency_least(i + 1);

        assert_true(end > least);
        assert_int_equal(lb_latency_bucket(least), i);
        assert_int_equal(lb_latency_bucket(end - 1), i);
        if (i >= LB_LATENCY_LINEAR)
            assert_true((end - least) * (LB_LATENCY_LINEAR / 2) <= least);
        else
            assert_int_equal(end - least, 1);
    }
    assert_int_equal(lb_latency_least(LB_LATENCY_BUCKETS), UINT64_C(1) << LB_LATENCY_BITS);
}

static void test_known_buckets(void **state)
{
    (void)state;
    /* 64 to 127 in steps of 2, 128 to 255 in steps of 4. */
    assert_int_equal(lb_latency_bucket(64), 64);
    assert_int_equal(lb_latency_bucket(65), 64);
    assert_int_equal(lb_latency_bucket(66), 65);
    assert_int_equal(lb_latency_bucket(127), 95);
    assert_int_equal(lb_latency_bucket(128), 96);
    assert_int_equal(lb_latency_bucket(131), 96);
    assert_int_equal(lb_latency_bucket(132), 97);
    assert_int_equal(lb_latency_least(97), 132);
    assert_int_equal(LB_LATENCY_BUCKETS, 1152);
}

static void test_huge_values(void **state)
{
    static const uint64_t huge[] = {UINT64_C(1) << LB_LATENCY_BITS,
                                    (UINT64_C(1) << LB_LATENCY_BITS) + 1, UINT64_C(1) << 50,
                                    UINT64_MAX - 1, UINT64_MAX};
    struct lb_latency h = {0};

    (void)state;
    assert_int_equal(lb_latency_bucket((UINT64_C(1) << LB_LATENCY_BITS) - 1),
                     LB_LATENCY_BUCKETS - 1);
    for (size_t i = 0; i < LB_COUNT(huge); i++) {
        assert_int_equal(lb_latency_bucket(huge[i]), LB_LATENCY_BUCKETS - 1);
        lb_latency_add(&h, huge[i], UINT64_MAX);
        assert_true(h.max == huge[i]);
    }
    assert_int_equal(h.n, LB_COUNT(huge));
    assert_int_equal(h.buckets[LB_LATENCY_BUCKETS - 1], LB_COUNT(huge));
    assert_int_equal(h.slow, 0);
    assert_true(lb_latency_quantile(&h, 0.5) >= (double)lb_latency_least(LB_LATENCY_BUCKETS - 1));
}

/* Counting */

static int by_ticks(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

enum shape { UNIFORM, LONG_TAIL, TWO_PEAKS, STEPS, SHAPES };

/* Latencies as they come: spread, over many powers of two, hits and misses, and a coarse clock. */
static uint64_t made_value(enum shape shape, uint64_t *random)
{
    uint64_t r = lb_random_below(random, 1000000);

    switch (shape) {
    case UNIFORM:
        return r % 5000;
    case LONG_TAIL:
        return (uint64_t)(30 / (1 - (double)r / 1000001));
    case TWO_PEAKS:
        return r % 10 ? 40 + r % 5 : 900 + r % 70;
    default:
        return r % 40 * 26;
    }
}

static void fill(enum shape shape, uint64_t seed, uint64_t *values, size_t n, struct lb_latency *h)
{
    memset(h, 0, sizeof *h);
    for (size_t i = 0; i < n; i++) {
        values[i] = made_value(shape, &seed);
        lb_latency_add(h, values[i], 500);
    }
    qsort(values, n, sizeof *values, by_ticks);
}

static void test_totals(void **state)
{
    static uint64_t values[VALUES];
    struct lb_latency h;

    (void)state;
    for (enum shape shape = 0; shape < SHAPES; shape++) {
        uint64_t sum = 0, slow = 0;

        fill(shape, shape + 1, values, VALUES, &h);
        for (size_t i = 0; i < VALUES; i++)
            slow += values[i] > 500;
        for (size_t i = 0; i < LB_LATENCY_BUCKETS; i++)
            sum += h.buckets[i];
        assert_int_equal(h.n, VALUES);
        assert_int_equal(sum, VALUES);
        assert_int_equal(h.max, values[VALUES - 1]);
        assert_int_equal(h.slow, slow);
        assert_true(slow > 0);
    }
}

/* Values that share a bucket with the bound are taken as spread over it. */
static void test_above_a_bound(void **state)
{
    struct lb_latency h = {0};

    (void)state;
    for (uint64_t ticks = 10; ticks < 20; ticks++)
        lb_latency_add(&h, ticks, UINT64_MAX);
    for (uint64_t ticks = 1024; ticks < 1056; ticks++) /* one bucket */
        lb_latency_add(&h, ticks, UINT64_MAX);
    assert_int_equal(lb_latency_bucket(1024), lb_latency_bucket(1055));
    assert_float_equal(lb_latency_above(&h, 0), 42, 1e-9);
    assert_float_equal(lb_latency_above(&h, 15), 4 + 32, 1e-9);
    assert_float_equal(lb_latency_above(&h, 15.9), 4 + 32, 1e-9);
    assert_float_equal(lb_latency_above(&h, 500), 32, 1e-9);
    assert_float_equal(lb_latency_above(&h, 1023), 32, 1e-9);
    assert_float_equal(lb_latency_above(&h, 1031), 24, 1e-9);
    assert_float_equal(lb_latency_above(&h, 1055), 0, 1e-9);
    assert_float_equal(lb_latency_above(&h, 1e18), 0, 1e-9);
}

/* The threshold itself is not slow. */
static void test_slow_is_above_the_threshold(void **state)
{
    struct lb_latency h = {0};

    (void)state;
    lb_latency_add(&h, 99, 100);
    lb_latency_add(&h, 100, 100);
    assert_int_equal(h.slow, 0);
    lb_latency_add(&h, 101, 100);
    assert_int_equal(h.slow, 1);
    lb_latency_add(&h, UINT64_MAX, UINT64_MAX);
    assert_int_equal(h.slow, 1);
}

/* Quantiles */

static void check_quantile(const struct lb_latency *h, const uint64_t *sorted, size_t n, double q)
{
    double found = lb_latency_quantile(h, q);
    size_t rank = (size_t)ceil(q * (double)n - 1e-6);
    uint64_t exact = sorted[rank ? rank - 1 : 0];
    size_t bucket = lb_latency_bucket(exact);
    double width = (double)(lb_latency_least(bucket + 1) - lb_latency_least(bucket));

    if (!(fabs(found - (double)exact) < width))
        fail_msg("q %g of %zu: %g, sorted %llu, bucket %g wide", q, n, found,
                 (unsigned long long)exact, width);
    assert_true(found <= (double)h->max);
}

static void test_quantiles_of_sorted_arrays(void **state)
{
    static const double quantiles[] = {0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999};
    static const size_t counts[] = {5000, 9999, VALUES};
    static uint64_t values[VALUES];
    struct lb_latency h;

    (void)state;
    for (enum shape shape = 0; shape < SHAPES; shape++)
        for (size_t c = 0; c < LB_COUNT(counts); c++) {
            fill(shape, 10 * c + shape, values, counts[c], &h);
            for (size_t k = 0; k < LB_COUNT(quantiles); k++)
                check_quantile(&h, values, counts[c], quantiles[k]);
        }
}

static void test_few_values(void **state)
{
    static uint64_t values[64];
    struct lb_latency h;

    (void)state;
    for (size_t n = 2; n < LB_COUNT(values); n++) {
        fill(LONG_TAIL, n, values, n, &h);
        check_quantile(&h, values, n, 0.5);
    }
}

/* All in one bucket of four values: the quantile goes through them in proportion. */
static void test_linear_within_a_bucket(void **state)
{
    struct lb_latency h = {0};

    (void)state;
    for (int i = 0; i < 999; i++)
        lb_latency_add(&h, 128, UINT64_MAX);
    lb_latency_add(&h, 131, UINT64_MAX);
    assert_true(fabs(lb_latency_quantile(&h, 0.5) - 129.5) < 1e-9);
    assert_true(fabs(lb_latency_quantile(&h, 0.9) - 130.7) < 1e-9);
    /* A bucket of one value has no inside. */
    memset(&h, 0, sizeof h);
    for (int i = 0; i < 1000; i++)
        lb_latency_add(&h, 63, UINT64_MAX);
    assert_true(fabs(lb_latency_quantile(&h, 0.5) - 63) < 1e-9);
    assert_true(fabs(lb_latency_quantile(&h, 0.9) - 63) < 1e-9);
}

static void test_quantile_is_never_above_max(void **state)
{
    struct lb_latency h = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        lb_latency_add(&h, 4096, UINT64_MAX); /* the least of a bucket of 128 */
    assert_true(lb_latency_quantile(&h, 0.99) <= 4096);
    assert_true(lb_latency_quantile(&h, 0.99) >= 4096);
}

static void add_many(struct lb_latency *h, int n)
{
    memset(h, 0, sizeof *h);
    for (int i = 0; i < n; i++)
        lb_latency_add(h, 10, UINT64_MAX);
}

/* At least five values are expected beyond a quantile, or it is none. */
static void test_quantile_needs_values_beyond(void **state)
{
    static const struct {
        double q;
        int n; /* the fewest that do */
    } least[] = {{0.5, 2}, {0.9, 50}, {0.99, 500}, {0.999, 5000}, {0.75, 20}, {0.51, 11}};
    struct lb_latency h;

    (void)state;
    for (size_t i = 0; i < LB_COUNT(least); i++) {
        add_many(&h, least[i].n - 1);
        if (!isnan(lb_latency_quantile(&h, least[i].q)))
            fail_msg("q %g of %d", least[i].q, least[i].n - 1);
        add_many(&h, least[i].n);
        if (isnan(lb_latency_quantile(&h, least[i].q)))
            fail_msg("no q %g of %d", least[i].q, least[i].n);
    }
    add_many(&h, 0);
    assert_true(isnan(lb_latency_quantile(&h, 0.5)));
}

static void test_no_such_quantile(void **state)
{
    static const double bad[] = {0, 1, -0.5, 1.5};
    struct lb_latency h;

    (void)state;
    add_many(&h, 100000);
    for (size_t i = 0; i < LB_COUNT(bad); i++)
        assert_true(isnan(lb_latency_quantile(&h, bad[i])));
    assert_true(isnan(lb_latency_quantile(&h, (double)NAN)));
    assert_true(isnan(lb_latency_quantile(&h, (double)INFINITY)));
}

/* Merging */

static void test_merge_is_adding(void **state)
{
    struct lb_latency parts[3], sum = {0}, at_once = {0};
    uint64_t random = 99;

    (void)state;
    memset(parts, 0, sizeof parts);
    for (int i = 0; i < 30000; i++) {
        uint64_t value = made_value((enum shape)(i % SHAPES), &random);
        lb_latency_add(&parts[i % 3], value, 300);
        lb_latency_add(&at_once, value, 300);
    }
    for (int i = 0; i < 3; i++)
        lb_latency_merge(&parts[i], &sum);
    assert_memory_equal(&sum, &at_once, sizeof sum);
    /* An empty one changes nothing. */
    lb_latency_merge(&(struct lb_latency){0}, &sum);
    assert_memory_equal(&sum, &at_once, sizeof sum);
}

static void test_keep_and_merge_kept(void **state)
{
    static uint64_t values[VALUES];
    struct lb_latency h, sum = {0}, twice = {0};

    (void)state;
    for (enum shape shape = 0; shape < SHAPES; shape++) {
        struct lb_latency back = {0};
        struct lb_latency_kept *kept;

        fill(shape, 7, values, VALUES, &h);
        kept = lb_latency_keep(&h);
        assert_non_null(kept);
        assert_true(kept->n_buckets > 0 && kept->n_buckets < LB_LATENCY_BUCKETS);
        for (size_t i = 0; i < kept->n_buckets; i++)
            assert_true(kept->buckets[i].count > 0);
        lb_latency_merge_kept(kept, &back);
        assert_memory_equal(&back, &h, sizeof h);
        lb_latency_merge_kept(kept, &sum);
        lb_latency_merge(&h, &twice);
        assert_memory_equal(&sum, &twice, sizeof sum);
        free(kept);
    }
}

static void test_keep_the_first_and_the_last_bucket(void **state)
{
    struct lb_latency h = {0}, back = {0};
    struct lb_latency_kept *kept = lb_latency_keep(&h);

    (void)state;
    assert_non_null(kept);
    assert_int_equal(kept->n_buckets, 0);
    lb_latency_merge_kept(kept, &back);
    assert_memory_equal(&back, &h, sizeof h);
    free(kept);
    lb_latency_add(&h, 0, 0);
    lb_latency_add(&h, UINT64_MAX, 0);
    kept = lb_latency_keep(&h);
    assert_non_null(kept);
    assert_int_equal(kept->n_buckets, 2);
    lb_latency_merge_kept(kept, &back);
    assert_memory_equal(&back, &h, sizeof h);
    free(kept);
}

/* More of one value than 32 bits count. */
static void test_counts_are_wide(void **state)
{
    struct lb_latency sum = {0};
    struct lb_latency_kept *kept;

    (void)state;
    lb_latency_add(&sum, 40, 0);
    for (int i = 0; i < 33; i++) {
        struct lb_latency copy = sum;
        lb_latency_merge(&copy, &sum);
    }
    kept = lb_latency_keep(&sum);
    assert_non_null(kept);
    lb_latency_merge_kept(kept, &sum);
    free(kept);
    assert_true(sum.n == UINT64_C(1) << 34);
    assert_true(sum.slow == sum.n);
    assert_true(sum.buckets[40] == sum.n);
    assert_true(fabs(lb_latency_quantile(&sum, 0.999) - 40) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_values_have_buckets_of_their_own),
        cmocka_unit_test(test_bucket_edges),
        cmocka_unit_test(test_known_buckets),
        cmocka_unit_test(test_huge_values),
        cmocka_unit_test(test_totals),
        cmocka_unit_test(test_above_a_bound),
        cmocka_unit_test(test_slow_is_above_the_threshold),
        cmocka_unit_test(test_quantiles_of_sorted_arrays),
        cmocka_unit_test(test_few_values),
        cmocka_unit_test(test_linear_within_a_bucket),
        cmocka_unit_test(test_quantile_is_never_above_max),
        cmocka_unit_test(test_quantile_needs_values_beyond),
        cmocka_unit_test(test_no_such_quantile),
        cmocka_unit_test(test_merge_is_adding),
        cmocka_unit_test(test_keep_and_merge_kept),
        cmocka_unit_test(test_keep_the_first_and_the_last_bucket),
        cmocka_unit_test(test_counts_are_wide),
    };

    return cmocka_run_group_tests_name("latency", tests, NULL, NULL);
}
