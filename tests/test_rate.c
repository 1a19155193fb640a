/* SPDX-License-Identifier: MIT
 *
 * Counts per op and percentiles with their intervals over windows: by hand, and how often simulated
 * ones hold what they were drawn from. All draws are from fixed seeds.
 */
#include "support/made_run.h"

#include <errno.h>

static double uniform(uint64_t *random)
{
    return ((double)(lb_random(random) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(uint64_t *random)
{
    return sqrt(-2 * log(uniform(random))) * cos(2 * M_PI * uniform(random));
}

/* 10 of 100 and 30 of 200: 40 / 300; the residuals are -+10/3, so that the error is that of
 * sqrt(2 * 200/9 / 1) / 300 and t of one degree 12.706. */
static void test_by_hand(void **state)
{
    static const double counts[] = {10, 30}, ops[] = {100, 200};
    struct lb_rate r;

    (void)state;
    assert_int_equal(lb_stats_rate(counts, ops, 2, &r), 0);
    assert_int_equal(r.n, 2);
    assert_true(near_to(r.value, 40.0 / 300, 1e-12));
    assert_true(near_to(r.hi - r.value, 12.7062047 * sqrt(2 * 200.0 / 9) / 300, 1e-6));
    assert_true(near_to(r.lo, 0, 0)); /* never below */
    assert_int_equal(lb_stats_rate(counts, ops, 1, &r), 0);
    assert_true(isnan(r.lo) && isnan(r.hi) && near_to(r.value, 0.1, 1e-12));
}

static void test_exact_and_nothing(void **state)
{
    static const double two[] = {200, 20, 2000}, ops[] = {100, 10, 1000}, none[3] = {0};
    struct lb_rate r;

    (void)state;
    assert_int_equal(lb_stats_rate(two, ops, 3, &r), 0); /* two of each op in every window */
    assert_true(near_to(r.lo, 2, 0) && near_to(r.hi, 2, 0));
    assert_int_equal(lb_stats_rate(none, ops, 3, &r), 0);
    assert_true(near_to(r.value, 0, 0) && near_to(r.lo, 0, 0));
    assert_true(near_to(r.hi, 3.0 / 1110, 1e-15));
    assert_int_equal(lb_stats_rate(none, ops, 1, &r), 0);
    assert_true(near_to(r.hi, 0.03, 1e-15));
}

static void test_refusals(void **state)
{
    static const double bad[] = {-1, NAN, INFINITY}, zero[] = {0, NAN, -1, INFINITY}, one[] = {1};
    struct lb_rate r = {.n = 99};

    (void)state;
    assert_int_equal(lb_stats_rate(one, one, 0, &r), -ENODATA);
    for (size_t i = 0; i < LB_COUNT(bad); i++)
        assert_int_equal(lb_stats_rate(&bad[i], one, 1, &r), -EDOM);
    for (size_t i = 0; i < LB_COUNT(zero); i++)
        assert_int_equal(lb_stats_rate(one, &zero[i], 1, &r), -EDOM);
    assert_int_equal(r.n, 99);
}

/* Windows of 2000 to 4000 ops whose rates scatter by a quarter, counts by chance on top. Of 2000
 * trials how many hold the rate; standard error 0.5 %. */
static double covered(size_t n, double rate, uint64_t seed)
{
    double counts[64], ops[64];
    int good = 0;

    for (int trial = 0; trial < 2000; trial++) {
        struct lb_rate r;
        for (size_t i = 0; i < n; i++) {
            ops[i] = floor(2000 + 2000 * uniform(&seed));
            double mean = rate * ops[i] * (1 + 0.25 * normal(&seed));
            counts[i] = fmax(0, round(mean + sqrt(fmax(0, mean)) * normal(&seed)));
        }
        assert_int_equal(lb_stats_rate(counts, ops, n, &r), 0);
        good += r.lo <= rate && rate <= r.hi;
    }
    print_message("%zu windows at %g: %.1f %% hold it\n", n, rate, good / 20.0);
    return good / 2000.0;
}

static void test_coverage(void **state)
{
    (void)state;
    for (size_t n = 8; n <= 45; n = n < 20 ? 20 : n + 25) {
        double share = covered(n, 0.01, n);
        assert_true(share > 0.925 && share < 0.97);
        share = covered(n, 0.1, n);
        assert_true(share > 0.925 && share < 0.97);
    }
}

/* Percentiles: windows whose ops are all longer or shorter by luck. */
static void time_window(struct made *m, int index, double scale)
{
    struct lb_series *s = &m->run->series[index];
    struct lb_latency sum = {0};

    for (int i = 0; i < 400; i++) /* exponential, mean 1000 ticks */
        lb_latency_add(&sum, (uint64_t)(-1000 * scale * log(uniform(&m->random))), UINT64_MAX);
    s->latencies[0] = realloc(s->latencies[0], (s->n + 1) * sizeof(struct lb_latency_kept *));
    assert_non_null(s->latencies[0]);
    s->latencies[0][s->n] = lb_latency_keep(&sum);
    assert_non_null(s->latencies[0][s->n]);
    add(m, index, (unsigned)s->n, 250, &near);
}

static struct lb_result_latency latency_of(double scatter, uint64_t seed)
{
    struct made *m = make(&simple);
    int c = find_in_plan(m->plan, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200);

    m->random = seed;
    m->run->clock.ns_per_tick = 0.05;
    m->run->clock.step_ns = 10;
    for (int i = 0; i < 20; i++) {
        time_window(m, c, exp(scatter * normal(&m->random)));
        m->run->series[c].samples[0][i].own_op_ns = 20;
        m->run->series[c].samples[0][i].transfer_ns = 60;
    }
    struct lb_analysis *a = analyse(m);
    struct lb_result_latency t = lb_analysis_find(a, c, 0)->latency;
    lb_analysis_destroy(a);
    drop(m);
    return t;
}

static bool holds(const struct lb_range *r, double value)
{
    return r->lo <= value && value <= r->hi;
}

/* An exponential's percentiles are known: of a mean of 50 ns. */
static void test_percentiles(void **state)
{
    int median = 0, high = 0, slow = 0;
    double width[2] = {0, 0};

    (void)state;
    for (uint64_t trial = 0; trial < 200; trial++) {
        struct lb_result_latency t = latency_of(0, 100 + trial);
        median += holds(&t.p50_range, 50 * log(2));
        high += holds(&t.p99_range, 50 * log(100));
        slow += holds(&t.slow_range, 1000 * exp(-50 / 50.0));
        width[0] += (t.p90_range.hi - t.p90_range.lo) / 200;
        t = latency_of(0.3, 100 + trial);
        width[1] += (t.p90_range.hi - t.p90_range.lo) / 200;
    }
    print_message(
        "held: p50 %d, p99 %d, slow ops %d of 200; width of p90 %.2f, with scatter %.2f\n", median,
        high, slow, width[0], width[1]);
    assert_true(median >= 180 && high >= 180 && slow >= 180);
    assert_true(median < 200 || high < 200 || slow < 200);
    assert_true(width[1] > 3 * width[0]); /* of pooled ops they would be as wide */
}

/* What was timed in no window, or in one, has no interval; nor what too few lie beyond. */
static void test_percentiles_of_little(void **state)
{
    struct made *m = make(&simple);
    int c = find_in_plan(m->plan, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200);

    (void)state;
    m->run->clock.ns_per_tick = 0.5;
    time_window(m, c, 1);
    struct lb_analysis *a = analyse(m);
    struct lb_result_latency t = lb_analysis_find(a, c, 0)->latency;
    assert_true(isfinite(t.p50) && isnan(t.p50_range.lo) && isnan(t.p50_range.hi));
    assert_true(isnan(t.p999) && isnan(t.p999_range.hi));
    lb_analysis_destroy(a);
    drop(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),     cmocka_unit_test(test_exact_and_nothing),
        cmocka_unit_test(test_refusals),    cmocka_unit_test(test_coverage),
        cmocka_unit_test(test_percentiles), cmocka_unit_test(test_percentiles_of_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
