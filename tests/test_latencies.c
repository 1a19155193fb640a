/* SPDX-License-Identifier: MIT
 *
 * Matrices of latencies as people post them, and what the model's settings agree on.
 */
#include <linebounce/bracket.h>
#include <linebounce/matrix.h>
#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct lb_matrix *read_as(const char *text, enum lb_matrix_cell cell)
{
    struct lb_matrix *m;
    struct lb_why why;

    if (lb_matrix_parse("text", text, cell, &why, &m))
        fail_msg("%s\n%s", why.text, text);
    return m;
}

/* Two pairs of near CPUs: 0 and 2, 1 and 3. */
static void check_four(const char *text, double near, double far)
{
    struct lb_matrix *m = read_as(text, LB_MATRIX_HALF);

    assert_int_equal(m->n, 4);
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 4; k++) {
            size_t a = 0, b = 0;
            while (m->cpus[a] != (int)i)
                a++;
            while (m->cpus[b] != (int)k)
                b++;
            double expected = i == k ? 0 : i % 2 == k % 2 ? near : far, got = m->ns[4 * a + b];
            if (fabs(got - expected) > 1e-9)
                fail_msg("from %zu to %zu %g ns, expected %g:\n%s", i, k, got, expected, text);
        }
    assert_int_equal(m->n_classes, 2);
    assert_int_equal(m->class_pairs[0], 2);
    assert_int_equal(m->class_pairs[1], 4);
    assert_true(fabs(m->class_ns[1] - far) < 1e-9);
    lb_matrix_destroy(m);
}

static void test_forms(void **state)
{
    static const char *const texts[] = {
        "0 100 30 100\n100 0 100 30\n30 100 0 100\n100 30 100 0\n",
        "0,100,30,100\n100,0,100,30\n30,100,0,100\n100,30,100,0\n",
        "0\t100\t30\t100\r\n100\t0\t100\t30\r\n30\t100\t0\t100\r\n100\t30\t100\t0\r\n",
        "0;100;30;100\n100;0;100;30\n30;100;0;100\n100;30;100;0",
        "# a comment\n\n x 100 30 100\n100 x 100 30\n30 100 x 100\n100 30 100 x\n\n",
        /* Lower triangles, with their diagonal and without. */
        "0\n100 0\n30 100 0\n100 30 100 0\n",
        "100\n30 100\n100 30 100\n",
        "-\n100 -\n30 100 -\n100 30 100 -\n",
        "5\n100 5\n30 100 5\n100 30 100 5\n",
        ",,,\n100,,,\n30,100,,\n100,30,100,\n",
        /* Upper ones. */
        "0 100 30 100\n0 100 30\n0 100\n0\n",
        "100 30 100\n100 30\n100\n",
        ",100,30,100\n,,100,30\n,,,100\n,,,\n",
        /* Names of columns; of rows too; in any order. */
        "0 1 2 3\n0 0 100 30 100\n1 100 0 100 30\n2 30 100 0 100\n3 100 30 100 0\n",
        "   0 1 2 3\n0 \n1 100\n2 30 100\n3 100 30 100\n",
        "CPU 0 1 2 3\n0 0 100 30 100\n1 100 0 100 30\n2 30 100 0 100\n3 100 30 100 0\n",
        "cpu0,cpu1,cpu2,cpu3\n0,100,30,100\n100,0,100,30\n30,100,0,100\n100,30,100,0\n",
        "cpu0,cpu2,cpu1,cpu3\n0,30,100,100\n30,0,100,100\n100,100,0,30\n100,100,30,0\n",
        "pu_os,pu_2,pu_0,pu_1,pu_3\n3,100,100,30,\n0,30,,100,100\n1,100,100,,30\n2,,30,100,100\n",
        ",3,1,0,2\n0,100,100,0,30\n1,30,0,100,100\n2,100,100,30,0\n3,0,30,100,100\n",
        /* Deviations and units. */
        "0 100±3 30±1 100±2\n100±3 0 100 30\n30 100 0 100\n100 30 100 0\n",
        "0 100ns 30ns 100\n100 0 100 30.0ns\n30 1e2 0 100\n100 30 100 0\n",
        "\"0\",\"100\",\"30\",\"100\"\n100,0,100,30\n30,100,0,100\n100,30,100,0\n",
        "cpu0 0 100 30 100\ncpu1 100 0 100 30\ncpu2 30 100 0 100\ncpu3 100 30 100 0\n",
        "\357\273\2770 100 30 100\n100 0 100 30\n30 100 0 100\n100 30 100 0\n",
    };

    (void)state;
    for (size_t i = 0; i < LB_COUNT(texts); i++)
        check_four(texts[i], 30, 100);
    /* One way only, where the other is missing. */
    check_four("0 100 30 100\n- 0 100 30\n30 - 0 100\n100 30 - 0\n", 30, 100);
}

static void test_cells(void **state)
{
    (void)state;
    struct lb_matrix *m = read_as("0 80\n100 0\n", LB_MATRIX_TRIP);
    assert_int_equal(m->n, 2);
    assert_true(fabs(m->ns[1] - 40) < 1e-9 && fabs(m->ns[2] - 50) < 1e-9);
    assert_false(m->named);
    assert_false(m->triangle);
    lb_matrix_destroy(m);
    m = read_as("cpu4,cpu8\n0,80\n,0\n", LB_MATRIX_HALF);
    assert_int_equal(m->cpus[1], 8);
    assert_true(m->named);
    assert_true(m->triangle);
    lb_matrix_destroy(m);
}

static void check_refused(const char *text, int err, const char *says)
{
    struct lb_matrix *m = NULL;
    struct lb_why why = {""};
    int got = lb_matrix_parse("text", text, LB_MATRIX_HALF, &why, &m);

    if (got != err || !strstr(why.text, says))
        fail_msg("%d, '%s'; expected %d, '%s':\n%s", got, why.text, err, says, text);
    lb_matrix_destroy(m);
}

static void test_refusals(void **state)
{
    (void)state;
    check_refused("", -EINVAL, "two CPUs or more");
    check_refused("\n# nothing\n", -EINVAL, "two CPUs or more");
    check_refused("7\n", -EINVAL, "two CPUs or more");
    check_refused("0 1 2\n1 0 3\n", -EINVAL, "not a square");
    check_refused("0 1 2\n1 0 3\n2 3 0\n4 5 6\n", -EINVAL, "not a square");
    check_refused("0 1 2\n1 0 3 4\n2 3 0\n", -EINVAL, "square");
    check_refused("a b c\n0 1\n1 0\n", -EINVAL, "3 names, 2 rows");
    check_refused("0 -5\n5 0\n", -EINVAL, "above 0");
    check_refused("0 0\n5 0\n", -EINVAL, "above 0");
    check_refused("0 nan\n5 0\n", -EINVAL, "NaN");
    check_refused("0 7 8\n7 0 a8\n8 9 0\n", -EINVAL, "no latency");
    check_refused("0 2e6\n2e6 0\n", -EINVAL, "millisecond");
    check_refused("0 -\n- 0\n", -EINVAL, "neither way");
    check_refused("0 10\n90 0\n", -EINVAL, "back");
    check_refused("0 10 40\n30 0 30\n15 90 0\n", -EINVAL, "both ways");
    check_refused("cpu0,cpu0\n0,1\n1,0\n", -EINVAL, "there twice");
    check_refused("c0,c1\nd5,0,1\nd6,1,0\n", -EINVAL, "names of its rows");
}

/* What no machine is like: noise between 20 and 500 ns. */
static void test_noise(void **state)
{
    enum { N = 16 };
    char text[N * N * 8], *at = text;
    double square[N][N];
    uint64_t random = 3;

    (void)state;
    for (int i = 0; i < N; i++)
        for (int k = 0; k <= i; k++)
            square[i][k] = square[k][i] = i == k ? 0 : 20 + (double)lb_random_below(&random, 480);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++)
            at += sprintf(at, "%.0f%c", square[i][k], k + 1 < N ? ' ' : '\n');
    check_refused(text, -EINVAL, "noise");
    /* And a machine of four clusters with a tenth of noise, which is read. */
    at = text;
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++)
            at += sprintf(at, "%.0f%c",
                          i == k ? 0
                                 : (i / 4 == k / 4 ? 30.0 : 110.0) *
                                       (0.95 + 0.1 * (double)((i * k * 7) % 10) / 10),
                          k + 1 < N ? ' ' : '\n');
    struct lb_matrix *m = read_as(text, LB_MATRIX_HALF);
    assert_int_equal(m->n_classes, 2);
    lb_matrix_destroy(m);
}

static void test_too_large(void **state)
{
    const size_t n = LB_MATRIX_CPUS_MOST + 1;
    char *text = malloc(n * (2 * n + 1) + 1), *at = text;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            at += sprintf(at, "%c%c", i == k ? '0' : '5', k + 1 < n ? ' ' : '\n');
    check_refused(text, -E2BIG, "at most");
    free(text);
    struct lb_matrix *m;
    assert_int_equal(lb_matrix_read("/no/such/file", LB_MATRIX_HALF, NULL, &m), -ENOENT);
}

/* Brackets ---------------------------------------------------------------------------------------
 */

/* Every level of a factor meets every level of another as often. */
static void test_design(void **state)
{
    int triples[2][3][2] = {{{0}}}, by_handover[2][3] = {{0}}, by_overlap[2][3] = {{0}};
    int by_arbitration[3][3] = {{0}};

    (void)state;
    for (size_t i = 0; i < LB_BRACKET_SETTINGS; i++) {
        const struct lb_model_parameters *p = &lb_bracket_settings[i];
        int migratory = p->handover == LB_HANDOVER_MIGRATORY;
        int all = p->overlap == LB_MODEL_EVERYTHING;
        int keeps = p->steal > 0 ? 0 : p->residence_ns > 0 ? 2 : 1;
        triples[migratory][p->arbitration][all]++;
        by_handover[migratory][keeps]++;
        by_overlap[all][keeps]++;
        by_arbitration[p->arbitration][keeps]++;
    }
    for (int m = 0; m < 2; m++)
        for (int a = 0; a < 3; a++)
            for (int o = 0; o < 2; o++)
                assert_int_equal(triples[m][a][o], 1);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 3; i++) {
            assert_true(by_arbitration[i][k] >= 1);
            if (i < 2) {
                assert_int_equal(by_handover[i][k], 2);
                assert_int_equal(by_overlap[i][k], 2);
            }
        }
}

static struct lb_bracket bracket_of(const struct lb_matrix *m, enum lb_scenario_kind kind,
                                    const char *layout, int threads)
{
    struct lb_workload shape = {.scenario = &lb_scenarios[kind], .threads = threads};
    struct lb_model_case c = {&shape, 200, 0, 0};
    unsigned cpus[16];
    struct lb_bracket b;
    struct lb_why why;

    assert_int_equal(lb_layout_find(layout, NULL, &shape.layout), 0);
    shape.lock = shape.layout->lock;
    for (unsigned i = 0; i < 16; i++)
        cpus[i] = i;
    if (lb_bracket_make(&c, m, cpus, 0, 1, &why, &b))
        fail_msg("%s", why.text);
    return b;
}

static void check_verdict(const struct lb_matrix *m, const struct lb_bracket *against,
                          enum lb_scenario_kind kind, int role, const char *layout,
                          enum lb_bracket_verdict expected)
{
    struct lb_bracket b = bracket_of(m, kind, layout, 16);
    struct lb_bracket_comparison c;

    lb_bracket_compare(&b, against, role, &c);
    if (c.verdict != expected)
        fail_msg("%s, role %d, %s: %s (%g to %g)", lb_scenarios[kind].name, role, layout,
                 lb_bracket_verdict_name(c.verdict), c.least, c.most);
    assert_true(c.least <= c.most);
    assert_int_equal(c.verdict >= LB_BRACKET_NEVER_SLOWER, c.n_factors > 0);
}

/* What follows from structure alone is said, what hangs on who is served first is not. */
static void test_verdicts(void **state)
{
    struct lb_matrix *m;
    char text[16 * 16 * 5], *at = text;

    (void)state;
    for (int i = 0; i < 16; i++)
        for (int k = 0; k < 16; k++)
            at += sprintf(at, "%d%c", i == k ? 0 : i / 8 == k / 8 ? 40 : 130, k < 15 ? ' ' : '\n');
    m = read_as(text, LB_MATRIX_HALF);
    struct lb_bracket against = bracket_of(m, LB_SCENARIO_OBSERVER, "padded", 16);
    check_verdict(m, &against, LB_SCENARIO_OBSERVER, 1, "embedded", LB_BRACKET_IS_SLOWER);
    check_verdict(m, &against, LB_SCENARIO_OBSERVER, 1, "embedded-split", LB_BRACKET_IS_SLOWER);
    check_verdict(m, &against, LB_SCENARIO_OBSERVER, 1, "refcount", LB_BRACKET_IS_SAME);
    check_verdict(m, &against, LB_SCENARIO_OBSERVER, 0, "padded", LB_BRACKET_IS_SAME);
    against = bracket_of(m, LB_SCENARIO_SAME_OBJECT, "padded", 16);
    check_verdict(m, &against, LB_SCENARIO_SAME_OBJECT, 0, "embedded-split",
                  LB_BRACKET_NEVER_FASTER);
    check_verdict(m, &against, LB_SCENARIO_SAME_OBJECT, 0, "refcount", LB_BRACKET_NEVER_SLOWER);
    against = bracket_of(m, LB_SCENARIO_NESTED, "padded", 16);
    check_verdict(m, &against, LB_SCENARIO_NESTED, 0, "pointer", LB_BRACKET_DEPENDS);
    against = bracket_of(m, LB_SCENARIO_OBSERVER, "embedded", 16);
    check_verdict(m, &against, LB_SCENARIO_OBSERVER, 1, "padded", LB_BRACKET_IS_FASTER);
    lb_matrix_destroy(m);
}

/* A ratio in each setting, and what is said of them. */
static void check_said(double first, double others, enum lb_bracket_verdict expected,
                       const char *name)
{
    struct lb_bracket bracket = {.results = {{.fairness = 0}}}, against = bracket;
    struct lb_bracket_comparison c;

    for (size_t i = 0; i < LB_BRACKET_SETTINGS; i++) {
        against.results[i].roles[0].ns_op = 100;
        bracket.results[i].roles[0].ns_op = 100 * (i ? others : first);
    }
    lb_bracket_compare(&bracket, &against, 0, &c);
    assert_int_equal(c.verdict, expected);
    assert_string_equal(lb_bracket_verdict_name(c.verdict), name);
    assert_int_equal(c.n_factors > 0, fabs(first - others) > 1e-9);
}

static void test_what_settings_agree_on(void **state)
{
    (void)state;
    check_said(1, 1, LB_BRACKET_IS_SAME, "same");
    check_said(2, 2, LB_BRACKET_IS_SLOWER, "slower");
    check_said(0.5, 0.5, LB_BRACKET_IS_FASTER, "faster");
    check_said(1, 0.5, LB_BRACKET_NEVER_SLOWER, "never slower");
    check_said(0.5, 1, LB_BRACKET_NEVER_SLOWER, "never slower");
    check_said(1, 2, LB_BRACKET_NEVER_FASTER, "never faster");
    check_said(2, 0.5, LB_BRACKET_DEPENDS, "depends");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_settings_agree_on),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_design),
        cmocka_unit_test(test_verdicts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
