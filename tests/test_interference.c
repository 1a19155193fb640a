/* SPDX-License-Identifier: MIT
 *
 * interference: planted steps in synthetic scans are found, with their confidence.
 */
#include <linebounce/arena.h>
#include <linebounce/interference.h>

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROUNDS 40
static const size_t offsets[] = {8, 32, 56, 64, 96, 120, 128, 192, 256, 512};
#define N LB_COUNT(offsets)
static const struct lb_margin margin = {LB_MARGIN_NS, LB_MARGIN_SHARE};

/* ns_op of every offset and round: `near` below the step, `far` from it on, and noise. */
static void fill(double *ns, size_t step, double near, double far, double noise, uint64_t seed)
{
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < ROUNDS; k++)
            ns[i * ROUNDS + k] = (offsets[i] < step ? near : far) +
                                 noise * ((double)lb_random_below(&seed, 2001) / 1000 - 1);
}

static int judge(const double *ns, struct lb_interference *out)
{
    return lb_interference(&(struct lb_scan){offsets, N, ns, ROUNDS}, &margin, 1, out);
}

static void test_planted_steps(void **state)
{
    static const struct {
        size_t step, size, below;
    } rows[] = {{64, 64, 56}, {128, 128, 120}, {256, 256, 192}, {512, 512, 256}};
    double ns[N * ROUNDS];
    struct lb_interference out;

    (void)state;
    for (size_t i = 0; i < LB_COUNT(rows); i++) {
        fill(ns, rows[i].step, 240, 210, 5, i + 1);
        assert_int_equal(judge(ns, &out), 0);
        assert_int_equal(out.size_bytes, rows[i].size);
        assert_int_equal(out.below_bytes, rows[i].below);
        assert_true(out.confidence > 0.99);
        assert_true(fabs(out.cost_ns - 30) < 3);
        assert_true(fabs(out.cost_ratio - 240.0 / 210) < 0.02);
        assert_int_equal(out.rounds, ROUNDS);
    }
}

/* Lines cost 30 ns, pairs of lines 6: the larger distance is the size. */
static void test_weak_coupling_of_pairs(void **state)
{
    double ns[N * ROUNDS], pairs[N * ROUNDS];
    struct lb_interference out;

    (void)state;
    fill(ns, 64, 240, 210, 5, 1);
    fill(pairs, 128, 216, 210, 5, 2);
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; offsets[i] >= 64 && k < ROUNDS; k++)
            ns[i * ROUNDS + k] = pairs[i * ROUNDS + k];
    assert_int_equal(judge(ns, &out), 0);
    assert_int_equal(out.size_bytes, 128);
    assert_true(out.confidence > 0.95);
}

static void test_no_interference(void **state)
{
    double ns[N * ROUNDS];
    struct lb_interference out;

    (void)state;
    fill(ns, 0, 0, 210, 5, 3);
    assert_int_equal(judge(ns, &out), 0);
    assert_int_equal(out.size_bytes, 0);
    assert_true(out.confidence > 0.99);
    assert_true(isnan(out.cost_ns) && isnan(out.cost_ratio));
    fill(ns, 64, 211.5, 210, 1, 4); /* below the margin */
    assert_int_equal(judge(ns, &out), 0);
    assert_int_equal(out.size_bytes, 0);
}

/* A cost at the margin itself is no certainty. */
static void test_doubt(void **state)
{
    double ns[N * ROUNDS];
    struct lb_interference out;

    (void)state;
    fill(ns, 64, 214.2, 210, 12, 5);
    assert_int_equal(judge(ns, &out), 0);
    assert_true(out.confidence < 0.95);
    assert_int_equal(judge(ns, &out), 0); /* the same seed, the same answer */
}

static void test_too_little(void **state)
{
    double ns[N * ROUNDS];
    struct lb_interference out = {.rounds = 77};

    (void)state;
    fill(ns, 64, 240, 210, 5, 1);
    for (size_t k = LB_INTERFERENCE_ROUNDS - 1; k < ROUNDS; k++)
        ns[3 * ROUNDS + k] = NAN; /* one offset lacks these rounds: they are not whole */
    assert_int_equal(judge(ns, &out), -ENODATA);
    assert_int_equal(out.rounds, 77);
    ns[3 * ROUNDS + LB_INTERFERENCE_ROUNDS - 1] = 210;
    assert_int_equal(judge(ns, &out), 0);
    assert_int_equal(out.rounds, LB_INTERFERENCE_ROUNDS);
    assert_int_equal(lb_interference(&(struct lb_scan){offsets, 1, ns, ROUNDS}, &margin, 1, &out),
                     -ENODATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planted_steps),   cmocka_unit_test(test_weak_coupling_of_pairs),
        cmocka_unit_test(test_no_interference), cmocka_unit_test(test_doubt),
        cmocka_unit_test(test_too_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
