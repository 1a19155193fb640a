/* SPDX-License-Identifier: MIT
 *
 * Variances of few degrees, moderated by those of their kind.
 */
#include <linebounce/stats.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define CASES 4000

static void near(double got, double want)
{
    if (!(fabs(got - want) <= 1e-6 * want))
        fail_msg("%.9g, not %.9g", got, want);
}

/* Computed by the formulae of the paper apart from this code, with sums of the gamma function's
 * derivatives of 15 digits. */
static void test_fitted(void **state)
{
    static const struct {
        double squares[6], df[6];
        size_t n;
        struct lb_prior prior;
    } fits[] = {
        {{0.5, 1, 1.7, 2, 9, 0.2}, {2, 2, 3, 2, 2, 4}, 6, {1.561280947634629, 4.61128818276117}},
        /* less scattered than chance: all degrees together */
        {{0.5, 1, 1.7, 2, 1.1, 0.7}, {2, 2, 3, 2, 2, 4}, 6, {1.596954581832829, 15}},
        /* nothing in common */
        {{1e-3, 1, 100, 5e3, 1e5}, {4, 4, 4, 4, 4}, 5, {0.1801375298602718, 0.2806517120833651}},
        /* what has no spread says nothing */
        {{0.5, 0, 1, 1.7, 2, 0}, {2, 2, 2, 3, 2, 2}, 6, {NAN, 9}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof fits / sizeof *fits; i++) {
        struct lb_prior p = lb_stats_prior(fits[i].squares, fits[i].df, fits[i].n);
        near(p.df, fits[i].prior.df);
        if (isfinite(fits[i].prior.square))
            near(p.square, fits[i].prior.square);
    }
}

static void test_too_few(void **state)
{
    static const double squares[] = {1, 2, 0, 0}, df[] = {2, 2, 2, 2};

    (void)state;
    for (size_t n = 0; n <= 4; n++)
        assert_true(!(lb_stats_prior(squares, df, n).df > 0));
}

static uint64_t seed = 5;

static double normal(void)
{
    double sum = -6;

    for (int k = 0; k < 12; k++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        sum += (double)(seed >> 11) * 0x1p-53;
    }
    return sum;
}

static double chi_square(int df)
{
    double sum = 0;

    for (int i = 0; i < df; i++) {
        double x = normal();
        sum += x * x;
    }
    return sum;
}

/* Cases whose variances are drawn with 8 degrees about 2, and seen with 2. */
static void test_found_again(void **state)
{
    static double squares[CASES], df[CASES];
    struct lb_prior p;

    (void)state;
    for (int i = 0; i < CASES; i++) {
        df[i] = 2;
        squares[i] = 2 * 8 / chi_square(8) * chi_square(2) / 2;
    }
    p = lb_stats_prior(squares, df, CASES);
    assert_true(p.df > 6 && p.df < 11);
    assert_true(p.square > 1.85 && p.square < 2.15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fitted),
        cmocka_unit_test(test_too_few),
        cmocka_unit_test(test_found_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
