/* SPDX-License-Identifier: MIT
 *
 * slope: lines that are known, noise that has none, and what correlation takes away.
 */
#include <linebounce/stats.h>

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define N 200

/* Uniform in -1..1, the same in every run. */
static double draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / (double)(1ull << 52) - 1;
}

static void test_a_line(void **state)
{
    double x[N], y[N];
    uint64_t random = 1;
    struct lb_slope s;

    (void)state;
    for (int i = 0; i < N; i++) {
        x[i] = 85 + draw(&random);
        y[i] = 20 + 0.5 * (x[i] - 85) + 0.01 * draw(&random);
    }
    assert_int_equal(lb_stats_slope(x, y, N, &s), 0);
    assert_true(fabs(s.slope - 0.5) < 0.005);
    assert_true(s.t > 100);
}

/* By hand: x 1..6, y 1 1 2 2 3 3: slope 16/35, rest 0.3428571, t = 6.5319726. */
static void test_by_hand(void **state)
{
    static const double x[] = {1, 2, 3, 4, 5, 6}, y[] = {1, 1, 2, 2, 3, 3};
    struct lb_slope s;

    (void)state;
    assert_int_equal(lb_stats_slope(x, y, 6, &s), 0);
    assert_true(fabs(s.slope - 16.0 / 35) < 1e-12);
    assert_true(fabs(s.t - 16.0 / 35 / sqrt((4.0 - 16.0 * 16 / 35 / 2) / 4 / 17.5)) < 1e-9);
}

/* Two walks that have nothing to do with each other look as if they had, to those who take
 * neighbours for independent. */
static void test_noise_has_none(void **state)
{
    unsigned seen[2] = {0, 0};
    uint64_t random = 7;

    (void)state;
    for (int trial = 0; trial < 400; trial++)
        for (int walk = 0; walk < 2; walk++) {
            double x[N], y[N], keep = walk ? 0.8 : 0;
            struct lb_slope s;
            for (int i = 0; i < N; i++) {
                x[i] = draw(&random) + (i ? keep * x[i - 1] : 0);
                y[i] = draw(&random) + (i ? keep * y[i - 1] : 0);
            }
            assert_int_equal(lb_stats_slope(x, y, N, &s), 0);
            seen[walk] += fabs(s.t) >= LB_SLOPE_SEEN;
        }
    assert_uint_in_range(seen[0], 0, 4);
    assert_uint_in_range(seen[1], 0, 8);
}

static void test_what_there_is_none_of(void **state)
{
    static const double same[] = {1, 1, 1, 1, 1, 1}, y[] = {1, 2, 3, 4, 5, 6};
    static const double bad[] = {1, NAN, 3, 4, 5, 6};
    struct lb_slope s;

    (void)state;
    assert_int_equal(lb_stats_slope(same, y, 6, &s), 0);
    assert_true(isnan(s.slope) && isnan(s.t));
    assert_int_equal(lb_stats_slope(y, y, 5, &s), 0);
    assert_true(isnan(s.slope) && isnan(s.t));
    assert_int_equal(lb_stats_slope(bad, y, 6, &s), -EDOM);
    assert_int_equal(lb_stats_slope(y, bad, 6, &s), -EDOM);
    assert_int_equal(lb_stats_slope(y, y, 0, &s), -ENODATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_noise_has_none),
        cmocka_unit_test(test_what_there_is_none_of),
    };

    return cmocka_run_group_tests_name("slope", tests, NULL, NULL);
}
