/* SPDX-License-Identifier: MIT
 *
 * compare: planted differences and none, runs and rounds, and which rows count.
 */
#include "support/compared_runs.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Verdicts ----------------------------------------------------------------------------------- */

static void test_planted_difference(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    make_six(1.2);
    c = compare(ALL_SIX);
    assert_int_equal(c->n_common, 2);
    k = find(c, "embedded");
    assert_int_equal(k->time.verdict, LB_VERDICT_SLOWER);
    assert_true(k->time.lo < 1.2 * 1.01 && k->time.hi > 1.2 * 0.99);
    assert_true(k->time.lo > 1.1 && k->time.hi < 1.35);
    assert_int_equal(k->time.runs[0], 3);
    assert_int_equal(k->time.rounds[1], 90);
    assert_true(fabs(k->time.side[0] - 122) < 1.5);
    assert_string_equal(c->cases[k->base].cells[LB_KEY_LAYOUT], "pointer");
    assert_int_equal(k->relative.verdict, LB_VERDICT_SLOWER);
    assert_true(fabs(k->relative.side[0] - 1.2) < 0.02);
    k = find(c, "pointer");
    assert_int_equal(k->base, -1);
    assert_int_not_equal(k->time.verdict, LB_VERDICT_SLOWER);
    assert_int_equal(c->time.verdicts[LB_VERDICT_SLOWER], 1);
    assert_int_equal(c->time.judged, 2);
    assert_int_equal(c->relative.verdicts[LB_VERDICT_SLOWER], 1);
    assert_int_equal(lb_compare_slower(c, 0.05), 1);
    assert_int_equal(lb_compare_slower(c, 0.3), 0);
    /* The interval has to lie above, not the estimate alone. */
    assert_int_equal(lb_compare_slower(c, find(c, "embedded")->time.ratio - 1.001), 0);
    lb_compare_destroy(c);
    c = compare("B1 B2 B3 -- A1 A2 A3"); /* the other way round */
    assert_int_equal(find(c, "embedded")->time.verdict, LB_VERDICT_FASTER);
    assert_int_equal(lb_compare_slower(c, 0.05), 0);
    lb_compare_destroy(c);
}

static void test_no_difference(void **state)
{
    struct lb_compare *c;

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct writer w;
        struct made m = usual;
        open_run(&w, six[i]);
        m.rounds = 200;
        put_rounds(&w, m);
        m.layout = "embedded";
        put_rounds(&w, m);
        close_run(&w);
    }
    c = compare(ALL_SIX);
    assert_int_equal(c->time.verdicts[LB_VERDICT_SAME], 2);
    assert_int_equal(c->relative.verdicts[LB_VERDICT_SAME], 1);
    assert_true(isnan(find(c, "pointer")->relative.ratio));
    lb_compare_destroy(c);
}

/* What between runs is as large as between sides is no difference, however many rounds there are.
 */
static void test_runs_differ(void **state)
{
    const double ns[2][3] = {{100, 120, 110}, {112, 132, 121}};
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < 3; i++) {
            char name[3] = {"AB"[side], (char)('1' + i)};
            make_run(name, ns[side][i], ns[side][i] * (side ? 1.5 : 1.2));
        }
    c = compare(ALL_SIX);
    k = find(c, "pointer");
    assert_int_equal(k->time.verdict, LB_VERDICT_UNRESOLVED);
    assert_string_equal(k->time.note, "");
    assert_true(k->time.lo < 0.95 && k->time.hi > 1.25);
    /* Within each run the ratio is steady all the same. */
    k = find(c, "embedded");
    assert_int_equal(k->relative.verdict, LB_VERDICT_SLOWER);
    assert_true(k->relative.lo > 1.2 && k->relative.hi < 1.3);
    lb_compare_destroy(c);
}

static void test_one_run_a_side(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    make_run("A", 100, 120);
    make_run("B", 150, 150 * 1.4);
    c = compare("A -- B");
    k = find(c, "embedded");
    assert_int_equal(k->time.verdict, LB_VERDICT_UNRESOLVED);
    assert_non_null(strstr(k->time.note, "1 run on side A"));
    assert_true(isnan(k->time.lo) && isfinite(k->time.ratio));
    /* A ratio is no more free of the run than a time. */
    assert_int_equal(k->relative.verdict, LB_VERDICT_UNRESOLVED);
    assert_string_equal(k->relative.note, "1 run on side A: a verdict needs 3 on each");
    assert_true(isnan(k->relative.lo) && isnan(k->relative.p_holm));
    near(k->relative.ratio, 1.4 / 1.2, 0.02);
    assert_int_equal(c->time.judged, 0);
    assert_int_equal(c->relative.judged, 0);
    assert_int_equal(lb_compare_slower(c, 0), 0);
    assert_true(warns(c, "fewer than three runs"));
    lb_compare_destroy(c);
}

static void test_two_runs_have_an_interval_and_no_verdict(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    make_six(3);
    c = compare("A1 A2 -- B1 B2 B3");
    k = find(c, "embedded");
    assert_true(isfinite(k->time.lo));
    assert_int_equal(k->time.verdict, LB_VERDICT_UNRESOLVED);
    assert_non_null(strstr(k->time.note, "2 runs on side A"));
    assert_true(isfinite(k->relative.lo));
    assert_int_equal(k->relative.verdict, LB_VERDICT_UNRESOLVED);
    assert_string_equal(k->relative.note, k->time.note);
    assert_int_equal(lb_compare_slower(c, 0), 0);
    lb_compare_destroy(c);
}

static void test_few_rounds(void **state)
{
    struct writer w;
    struct lb_compare *c;
    struct made m = usual;

    (void)state;
    for (int i = 0; i < 6; i++) {
        open_run(&w, six[i]);
        m.layout = "pointer";
        put_rounds(&w, m);
        m.layout = "embedded";
        m.rounds = i % 2 ? 6 : 30;
        put_rounds(&w, m);
        m.layout = "padded";
        m.rounds = i % 2 ? 5 : 30;
        put_rounds(&w, m);
        m.rounds = 30;
        close_run(&w);
    }
    c = compare(ALL_SIX);
    assert_string_equal(find(c, "embedded")->relative.note, "fewer than 20 rounds on side B");
    assert_non_null(strstr(find(c, "padded")->relative.note, "no run of side B has 6 rounds"));
    assert_true(isnan(find(c, "padded")->relative.ratio));
    near(find(c, "padded")->time.regime_ns[1], 90, 0.1); /* what was measured is shown */
    lb_compare_destroy(c);
}

/* Ratios are of one round and one regime each, whatever else was measured. */
static void test_pairs(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct writer w;
        struct made m = usual;
        open_run(&w, six[i]);
        for (unsigned r = 0; r < 80; r += 2) {
            m.trip = r < 20 ? 310 : 90;
            put_window(&w, &m, r, -1, 100 + 10 * r);
        }
        m.trip = 90;
        m.layout = "embedded";
        for (unsigned r = 0; r < 80; r++)
            put_window(&w, &m, r, -1, (1.5 + 0.001 * (i / 2)) * (100 + 10 * r));
        close_run(&w);
    }
    c = compare(ALL_SIX);
    k = find(c, "embedded");
    assert_int_equal(k->relative.rounds[0], 90);
    assert_int_equal(k->relative.rounds[1], 90);
    near(k->relative.side[0], 1.501, 1e-5);
    assert_int_equal(k->relative.verdict, LB_VERDICT_SAME);
    lb_compare_destroy(c);
}

/* Medians that do not differ at all say nothing about how much they might. */
static void test_no_spread(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct writer w;
        open_run(&w, six[i]);
        for (unsigned r = 0; r < 30; r++)
            put_window(&w, &usual, r, -1, i % 2 ? 120 : 100);
        close_run(&w);
    }
    c = compare(ALL_SIX);
    k = find(c, "pointer");
    near(k->time.ratio, 1.2, 1e-6);
    assert_true(isnan(k->time.lo) && isnan(k->time.p_holm));
    assert_int_equal(k->time.verdict, LB_VERDICT_UNRESOLVED);
    assert_non_null(strstr(k->time.note, "to the last digit"));
    assert_int_equal(c->time.judged, 0);
    lb_compare_destroy(c);
}

static void test_references_are_not_judged(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct writer w;
        struct made m = usual;
        open_run(&w, six[i]);
        put_rounds(&w, m);
        m.layout = m.lock = "";
        m.scenario = "empty";
        m.ns = i % 2 ? 200 : 100;
        put_rounds(&w, m);
        close_run(&w);
    }
    c = compare(ALL_SIX);
    k = &c->cases[1];
    assert_true(k->reference);
    assert_true(k->time.lo > 1.9);
    assert_true(isnan(k->time.p_holm)); /* no part of the correction */
    assert_int_equal(k->time.verdict, LB_VERDICT_UNRESOLVED);
    assert_non_null(strstr(k->time.note, "reference"));
    assert_int_equal(c->n_common, 1);
    assert_int_equal(lb_compare_slower(c, 0.05), 0);
    assert_int_equal(c->time.judged, 1);
    lb_compare_destroy(c);
}

/* Rows --------------------------------------------------------------------------------------- */

static void test_only_ok_rows_count(void **state)
{
    struct writer w;
    struct lb_compare *c;
    struct made m = usual;
    const struct lb_compare_case *k;

    (void)state;
    make_run("A", 100, 120);
    open_run(&w, "B");
    put_rounds(&w, m);
    m.status = "spoiled";
    m.ns = 900;
    m.rounds = 3;
    put_rounds(&w, m);
    m.status = "armed";
    m.rounds = 4;
    put_rounds(&w, m);
    close_run(&w);
    c = compare("A -- B");
    k = find(c, "pointer");
    assert_int_equal(k->ok[1], 30);
    assert_int_equal(k->spoiled[1], 3);
    assert_int_equal(k->armed[1], 4);
    assert_int_equal(c->runs[1].spoiled, 3);
    assert_int_equal(c->runs[1].armed, 4);
    assert_true(k->time.side[1] < 110);
    assert_int_equal(c->n_only[0], 1);
    assert_string_equal(find(c, "embedded")->time.note, "only on side A");
    lb_compare_destroy(c);
}

static void test_rates_of_spoiled_windows(void **state)
{
    struct lb_compare *c;

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct writer w;
        struct made m = usual;
        open_run(&w, six[i]);
        put_rounds(&w, m);
        m.layout = "embedded";
        put_rounds(&w, m);
        m.status = "spoiled";
        m.rounds = i % 2 ? 15 : 0;
        put_rounds(&w, m);
        close_run(&w);
    }
    c = compare(ALL_SIX);
    assert_non_null(strstr(find(c, "embedded")->relative.note, "rates of spoiled windows"));
    assert_int_equal(find(c, "embedded")->relative.verdict, LB_VERDICT_UNRESOLVED);
    lb_compare_destroy(c);
}

/* 4 of 30 against 0 of 26 are chance (Fisher's exact test: p = 0.115). */
static void test_no_spoiled_windows_on_a_side(void **state)
{
    static const unsigned ok[] = {9, 9, 8}, spoiled[] = {2, 1, 1};
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct writer w;
        struct made m = usual;
        open_run(&w, six[i]);
        m.rounds = ok[i / 2];
        m.ns = i % 2 ? 150 : 100;
        put_rounds(&w, m);
        m.status = "spoiled";
        m.rounds = i % 2 ? spoiled[i / 2] : 0;
        put_rounds(&w, m);
        close_run(&w);
    }
    c = compare(ALL_SIX);
    k = find(c, "pointer");
    assert_int_equal(k->ok[1] + k->spoiled[1], 30);
    assert_string_equal(k->time.note, "");
    assert_int_equal(k->time.verdict, LB_VERDICT_SLOWER);
    lb_compare_destroy(c);
}

/* Windows of a round are averaged first; a round that lacks one is left out. */
static void test_roaming(void **state)
{
    struct writer w;
    struct lb_compare *c;
    struct made m = usual;

    (void)state;
    make_run("A", 100, 100);
    open_run(&w, "B");
    for (unsigned r = 0; r < 30; r++)
        for (int p = 0; p < (r == 7 ? 3 : 4); p++)
            put_window(&w, &m, r, p, p == 3 ? 400 : 100);
    close_run(&w);
    c = compare("A -- B");
    near(find(c, "pointer")->time.side[1], 175, 0.01);
    assert_int_equal(find(c, "pointer")->time.rounds[1], 29);
    assert_int_equal(find(c, "pointer")->ok[1], 119);
    lb_compare_destroy(c);
}

/* The first probe and the last of a round in two regimes. */
static void test_a_round_across_regimes(void **state)
{
    struct writer w;
    struct lb_compare *c;
    struct made m = usual;

    (void)state;
    make_run("A", 100, 100);
    open_run(&w, "B");
    for (unsigned r = 0; r < 30; r++)
        for (int p = 0; p < 2; p++) {
            m.trip = r == 3 && p ? 300 : 90;
            put_window(&w, &m, r, p, 100);
        }
    close_run(&w);
    c = compare("A -- B");
    assert_int_equal(find(c, "pointer")->time.rounds[1], 29);
    lb_compare_destroy(c);
}

static void test_unusable_and_torn(void **state)
{
    struct writer w;
    struct lb_compare *c;
    struct made m = usual;

    (void)state;
    make_run("A", 100, 120);
    open_run(&w, "B");
    put_rounds(&w, m);
    put_window(&w, &m, 30, -1, NAN);
    put_window(&w, &m, 31, -1, 0);
    close_run(&w);
    put_text("B/samples.csv", "a", "3,layouts,observer");
    c = compare("A -- B");
    assert_int_equal(c->runs[1].torn, 1);
    assert_int_equal(c->runs[1].unusable, 2);
    assert_int_equal(c->runs[1].rows, 32);
    assert_true(warns(c, "torn"));
    assert_true(warns(c, "2 rows without a usable number"));
    assert_int_equal(find(c, "pointer")->ok[1], 30);
    lb_compare_destroy(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_planted_difference),
        TEST(test_no_difference),
        TEST(test_runs_differ),
        TEST(test_one_run_a_side),
        TEST(test_two_runs_have_an_interval_and_no_verdict),
        TEST(test_few_rounds),
        TEST(test_pairs),
        TEST(test_no_spread),
        TEST(test_references_are_not_judged),
        TEST(test_only_ok_rows_count),
        TEST(test_rates_of_spoiled_windows),
        TEST(test_no_spoiled_windows_on_a_side),
        TEST(test_roaming),
        TEST(test_a_round_across_regimes),
        TEST(test_unusable_and_torn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
