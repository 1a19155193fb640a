/* SPDX-License-Identifier: MIT
 *
 * Steps of a chain from the same rounds: they add up, and one correction is over all.
 */
#include <linebounce/stats.h>

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROUNDS = 60, DESIGNS = 4, CONTRASTS = 4 };

/* Steps of -10, 0 and +2 ns, noise of about 1 that all designs of a round share, and 0.3 of each.
 */
static void make_rows(double rows[ROUNDS * DESIGNS], uint64_t seed)
{
    static const double ns[DESIGNS] = {230, 220, 220, 222};

    for (int i = 0; i < ROUNDS; i++) {
        double shared = 0;
        for (int j = -1; j < DESIGNS; j++) {
            double noise = 0;
            for (int k = 0; k < 12; k++) { /* about normal */
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                noise += (double)(seed >> 11) * 0x1p-53 - 0.5;
            }
            if (j < 0)
                shared = noise;
            else
                rows[i * DESIGNS + j] = ns[j] + shared + 0.3 * noise;
        }
    }
}

/* Three steps and their sum. */
static const double weights[CONTRASTS * DESIGNS] = {-1, 1, 0,  0, 0,  -1, 1, 0,
                                                    0,  0, -1, 1, -1, 0,  0, 1};

static void test_steps_add_up(void **state)
{
    double rows[ROUNDS * DESIGNS];
    struct lb_weighted w[CONTRASTS];

    (void)state;
    make_rows(rows, 7);
    assert_int_equal(lb_stats_contrasts(rows, ROUNDS, DESIGNS, weights, CONTRASTS, 1, w), 0);
    assert_true(fabs(w[0].value + w[1].value + w[2].value - w[3].value) < 1e-9);
    /* What designs share is in none of the steps: their intervals are those of the 0.3. */
    for (int i = 0; i < CONTRASTS; i++) {
        assert_true(w[i].lo < w[i].value && w[i].value < w[i].hi);
        assert_true(w[i].hi - w[i].lo > 0.1 && w[i].hi - w[i].lo < 0.4);
    }
    assert_true(fabs(w[0].value + 10) < 0.2 && w[0].p < 1e-6);
    assert_true(fabs(w[1].value) < 0.2 && w[1].p > 0.01);
    assert_true(fabs(w[2].value - 2) < 0.2 && w[2].p < 1e-6);
}

static void test_the_same_seed_gives_the_same(void **state)
{
    double rows[ROUNDS * DESIGNS];
    struct lb_weighted a[CONTRASTS], b[CONTRASTS];

    (void)state;
    make_rows(rows, 7);
    lb_stats_contrasts(rows, ROUNDS, DESIGNS, weights, CONTRASTS, 3, a);
    lb_stats_contrasts(rows, ROUNDS, DESIGNS, weights, CONTRASTS, 3, b);
    for (int i = 0; i < CONTRASTS; i++)
        assert_true(fabs(a[i].lo - b[i].lo) < 1e-12 && fabs(a[i].hi - b[i].hi) < 1e-12);
}

/* The interval holds what is true about as often as it says. */
static void test_coverage(void **state)
{
    double rows[ROUNDS * DESIGNS];
    struct lb_weighted w[CONTRASTS];
    int held = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        make_rows(rows, seed * 0x9e3779b97f4a7c15u);
        lb_stats_contrasts(rows, ROUNDS, DESIGNS, weights, CONTRASTS, seed, w);
        held += w[0].lo <= -10 && w[0].hi >= -10;
    }
    assert_true(held >= 175 && held < 200);
}

static void test_holm(void **state)
{
    struct lb_weighted w[3] = {{.p = 0.04}, {.p = 0.001}, {.p = 0.03}};
    struct lb_weighted *all[3] = {&w[0], &w[1], &w[2]};

    (void)state;
    lb_stats_holm_of(all, 3);
    assert_true(fabs(w[1].p_holm - 0.003) < 1e-12);
    assert_true(fabs(w[2].p_holm - 0.06) < 1e-12);
    assert_true(fabs(w[0].p_holm - 0.06) < 1e-12); /* never below one of smaller p */
}

static void test_refusals(void **state)
{
    double rows[ROUNDS * DESIGNS];
    struct lb_weighted w[CONTRASTS] = {{.value = 7}};

    (void)state;
    make_rows(rows, 7);
    assert_int_equal(lb_stats_contrasts(rows, 0, DESIGNS, weights, CONTRASTS, 1, w), -ENODATA);
    rows[5] = (double)NAN;
    assert_int_equal(lb_stats_contrasts(rows, ROUNDS, DESIGNS, weights, CONTRASTS, 1, w), -EDOM);
    assert_true(fabs(w[0].value - 7) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_add_up), cmocka_unit_test(test_the_same_seed_gives_the_same),
        cmocka_unit_test(test_coverage),     cmocka_unit_test(test_holm),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
