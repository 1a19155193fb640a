/* SPDX-License-Identifier: MIT
 *
 * What an analysis makes of a run: pairs, regimes, verdicts, the rows of its summary. The runs are
 * made up.
 */
#include <linebounce/analysis.h>
#include <linebounce/scenario.h>

#include "support/real_run.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Pairs */

static void test_pairs_by_round(void **state)
{
    static const unsigned rounds_a[] = {0, 1, 3, 4, 7}, rounds_b[] = {1, 2, 3, 7, 8};
    struct made *m = make(&simple);
    int a = find_in_plan(m->plan, LB_SCENARIO_SAME_OBJECT, "embedded", 0, 200);
    int b = find_in_plan(m->plan, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200);
    double left[8], right[8] = {-1, -1, -1, -1, -1};

    (void)state;
    for (int i = 0; i < 5; i++) {
        add(m, a, rounds_a[i], 10 + rounds_a[i], &near);
        add(m, b, rounds_b[i], 20 + rounds_b[i], &near);
    }
    assert_int_equal(lb_run_longest(m->run), 5);
    assert_int_equal(lb_run_pairs(m->run, a, 0, b, 0, -1, left, right), 3);
    assert_true(near_to(left[0], 11, 0) && near_to(left[1], 13, 0) && near_to(left[2], 17, 0));
    assert_true(near_to(right[0], 21, 0) && near_to(right[1], 23, 0) && near_to(right[2], 27, 0));
    right[0] = -1;
    assert_int_equal(lb_run_pairs(m->run, a, 0, -1, 0, -1, left, right), 5);
    assert_true(near_to(left[4], 17, 0) && near_to(right[0], -1, 0));
    assert_int_equal(lb_run_pairs(m->run, b, 0, a, 0, -1, left, right), 3);
    /* A case without a window. */
    assert_int_equal(lb_run_pairs(m->run, m->plan->cases[a].empty, 0, a, 0, -1, left, right), 0);
    assert_int_equal(lb_run_pairs(m->run, a, 0, m->plan->cases[a].empty, 0, -1, left, right), 0);
    drop(m);
}

static void test_pairs_by_regime(void **state)
{
    struct made *m = make(&simple);
    int a = find_in_plan(m->plan, LB_SCENARIO_SAME_OBJECT, "embedded", 0, 200);
    int b = find_in_plan(m->plan, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200);
    double left[8], right[8];

    (void)state;
    for (unsigned round = 0; round < 8; round++) {
        add(m, a, round, 10 + round, round % 2 ? &far : &near);
        add(m, b, round, 20 + round, round % 4 > 1 ? &far : &near);
    }
    assert_int_equal(lb_run_regimes(m->run), 0);
    assert_int_equal(lb_run_pairs(m->run, a, 0, b, 0, 0, left, right), 2); /* rounds 0, 4 */
    assert_true(near_to(left[1], 14, 0) && near_to(right[1], 24, 0));
    assert_int_equal(lb_run_pairs(m->run, a, 0, b, 0, 1, left, right), 2); /* rounds 3, 7 */
    assert_true(near_to(left[0], 13, 0) && near_to(right[0], 23, 0));
    assert_int_equal(lb_run_pairs(m->run, a, 0, b, 0, -1, left, right), 8);
    assert_int_equal(lb_run_pairs(m->run, a, 0, -1, 0, 1, left, right), 4);
    assert_int_equal(lb_run_pairs(m->run, a, 0, b, 0, 2, left, right), 0);
    drop(m);
}

static void test_partner_roles(void **state)
{
    struct order o = simple;
    struct made *m;
    int a, b;
    double left[2], right[2];

    (void)state;
    o.scenario = S(OBSERVER);
    m = make(&o);
    a = find_in_plan(m->plan, LB_SCENARIO_OBSERVER, "embedded", 0, 200);
    b = find_in_plan(m->plan, LB_SCENARIO_OBSERVER, "pointer", 0, 200);
    assert_int_equal(lb_run_partner_role(m->run, a, 1, b), 1);
    assert_int_equal(lb_run_partner_role(m->run, a, 0, b), 0);
    assert_int_equal(lb_run_partner_role(m->run, a, 1, m->plan->cases[a].empty), 0);
    add(m, a, 3, 10, &near);
    add(m, b, 3, 30, &near);
    assert_int_equal(lb_run_pairs(m->run, a, 1, b, 1, -1, left, right), 1);
    assert_true(near_to(left[0], 20, 0) && near_to(right[0], 60, 0));
    drop(m);
}

/* Regimes */

static int regime_of(const struct made *m, int index, size_t k)
{
    const struct lb_series *s = &m->run->series[index];

    for (int role = 0; role < lb_case_roles(&m->plan->cases[index]); role++)
        assert_int_equal(s->samples[role][k].regime, s->samples[0][k].regime);
    return s->samples[0][k].regime;
}

static void test_two_regimes(void **state)
{
    static const float probes[] = {330, 61, 60, 305, 90, 345, 59};
    static const int expected[] = {1, 0, 0, 1, 0, 1, 0};
    struct order o = simple;
    struct made *m;
    int a;

    (void)state;
    o.scenario = S(OBSERVER);
    m = make(&o);
    a = find_in_plan(m->plan, LB_SCENARIO_OBSERVER, "pointer", 0, 200);
    for (unsigned round = 0; round < 4 * LB_COUNT(probes); round++)
        add(m, a, round, 10, &probes[round % LB_COUNT(probes)]);
    for (int time = 0; time < 3; time++) { /* as often as one likes */
        assert_int_equal(lb_run_regimes(m->run), 0);
        assert_int_equal(m->run->n_regimes, 2);
        for (size_t k = 0; k < 4 * LB_COUNT(probes); k++)
            assert_int_equal(regime_of(m, a, k), expected[k % LB_COUNT(probes)]);
        /* Medians, as the header says: of 59, 60, 61, 90 and of 305, 330, 345. */
        assert_true(near_to(m->run->regime_ns[0], 60.5, 1e-3));
        assert_true(near_to(m->run->regime_ns[1], 330, 1e-3));
    }
    drop(m);
}

static void test_one_regime(void **state)
{
    struct made *m = make(&simple);
    int a = find_in_plan(m->plan, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200);

    (void)state;
    /* Without a window there is one regime of unknown distance. */
    assert_int_equal(lb_run_regimes(m->run), 0);
    assert_int_equal(m->run->n_regimes, 1);
    assert_true(isnan(m->run->regime_ns[0]));
    for (unsigned round = 0; round < 20; round++) {
        float probe = 50 + 2 * (float)round;
        add(m, a, round, 10, &probe);
    }
    assert_int_equal(lb_run_regimes(m->run), 0);
    assert_int_equal(m->run->n_regimes, 1);
    for (size_t k = 0; k < 20; k++)
        assert_int_equal(regime_of(m, a, k), 0);
    drop(m);
}

static void test_regimes_link_by_link(void **state)
{
    /* A ring of three. The mean of the links says little: what counts is which link is far. */
    static const float probes[][3] = {{60, 60, 60},  {60, 300, 60},  {60, 60, 60}, {300, 60, 60},
                                      {60, 300, 60}, {300, 300, 60}, {62, 58, 61}};
    static const int same_as[] = {0, 1, 0, 3, 1, 5, 0};
    struct order o = simple;
    struct made *m;
    int a;

    (void)state;
    o.threads = 3;
    m = make(&o);
    a = find_in_plan(m->plan, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200);
    for (unsigned round = 0; round < 5 * LB_COUNT(probes); round++)
        add(m, a, round, 10, probes[round % LB_COUNT(probes)]);
    assert_int_equal(lb_run_regimes(m->run), 0);
    assert_int_equal(m->run->n_regimes, 4);
    for (size_t k = 0; k < LB_COUNT(probes); k++)
        for (size_t j = 0; j < LB_COUNT(probes); j++)
            assert_int_equal(regime_of(m, a, k) == regime_of(m, a, j), same_as[k] == same_as[j]);
    assert_int_equal(regime_of(m, a, 0), 0);
    assert_int_equal(regime_of(m, a, 5), 3);
    drop(m);
}

/* Of the sixty-four links of a ring eight are probed. Each is far once: as many regimes as there
 * are windows, and none is mistaken for another. */
static void test_regimes_of_a_large_ring(void **state)
{
    struct order o = simple;
    struct made *m;
    float probes[8];
    int a;

    (void)state;
    assert_int_equal(lb_ring_links(64), 8);
    o.machine = "pack:1 numa:1 l3:1 core:64 pu:1";
    o.threads = 64;
    m = make(&o);
    a = find_in_plan(m->plan, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200);
    for (unsigned round = 0; round < 5 * 9; round++) {
        for (unsigned link = 0; link < 8; link++)
            probes[link] = link + 1 == round % 9 ? far : near;
        add(m, a, round, 10, probes);
    }
    assert_int_equal(lb_run_regimes(m->run), 0);
    assert_int_equal(m->run->n_regimes, 9);
    for (size_t k = 0; k < 9; k++) {
        assert_int_equal(regime_of(m, a, k), regime_of(m, a, k + 9));
        for (size_t j = 0; j < k; j++)
            assert_int_not_equal(regime_of(m, a, k), regime_of(m, a, j));
    }
    drop(m);
}

/* Placements are clustered on their own, and no regime spans two of them. */
static void test_regimes_of_two_placements(void **state)
{
    static const char *const names[] = {"l3", "package"};
    static const float other = 64; /* one regime with l3's 60, were they thrown together */
    struct order o = simple;
    struct made *m;
    int a, b;

    (void)state;
    o.placements = names;
    o.n_placements = 2;
    m = make(&o);
    a = find_in_plan(m->plan, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200);
    b = find_in_plan(m->plan, LB_SCENARIO_SAME_OBJECT, "pointer", 1, 200);
    for (unsigned round = 0; round < 12; round++) {
        add(m, a, round, 10, round % 2 ? &far : &near);
        add(m, b, round, 10, &other);
    }
    assert_int_equal(lb_run_regimes(m->run), 0);
    assert_int_equal(m->run->n_regimes, 3);
    assert_int_equal(regime_of(m, a, 0), 0);
    assert_int_equal(regime_of(m, b, 0), 1);
    assert_int_equal(regime_of(m, a, 1), 2);
    assert_true(near_to(m->run->regime_ns[0], 60, 1e-3));
    assert_true(near_to(m->run->regime_ns[1], 64, 1e-3));
    assert_true(near_to(m->run->regime_ns[2], 330, 1e-3));
    drop(m);
}

static void test_one_thread_has_no_regime(void **state)
{
    struct order o = simple;
    struct made *m;
    int a;

    (void)state;
    o.threads = 1;
    m = make(&o);
    a = find_in_plan(m->plan, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200);
    add(m, a, 0, 10, NULL);
    add(m, a, 1, 10, NULL);
    assert_int_equal(lb_run_regimes(m->run), 0);
    assert_int_equal(m->run->n_regimes, 1);
    assert_int_equal(regime_of(m, a, 1), 0);
    assert_true(isnan(m->run->regime_ns[0]));
    drop(m);
}

static void test_main_regime(void **state)
{
    struct made *m = make(&simple);
    int a = find_in_plan(m->plan, LB_SCENARIO_SAME_OBJECT, "embedded", 0, 200);
    int b = find_in_plan(m->plan, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200);

    (void)state;
    fill(m, a, 0, 16, 10, near); /* most windows near, most pairs far */
    fill(m, a, 16, 20, 10, far);
    fill(m, b, 14, 16, 10, near);
    fill(m, b, 16, 20, 10, far);
    assert_int_equal(lb_run_regimes(m->run), 0);
    assert_int_equal(lb_run_main_regime(m->run, 0), 1);
    drop(m);
    /* Never together with its base: the windows decide, and the line is found. */
    m = make(&simple);
    fill(m, a, 0, 6, 10, far);
    fill(m, b, 10, 15, 10, near);
    struct lb_analysis *analysis = analyse(m);
    assert_int_equal(lb_run_main_regime(m->run, 0), 1);
    assert_non_null(lb_analysis_find(analysis, a, 0));
    assert_false(lb_analysis_find(analysis, a, 0)->compared);
    assert_null(lb_analysis_find(analysis, b, 0)); /* one regime for all that stands in a table */
    assert_non_null(lb_analysis_find_in(analysis, b, 0, 0));
    lb_analysis_destroy(analysis);
    drop(m);
}

/* Verdicts */

static void test_planted_differences(void **state)
{
    struct made *m = make(&full);
    struct lb_analysis *a;
    const struct lb_result *l;

    (void)state;
    fill_frame(m, 0, 30, 24, near);
    fill_layouts(m, 0, 30, near);
    a = analyse(m);
    assert_int_equal(a->n_lines, m->plan->n_cases);
    l = line_of(a, m, "embedded");
    assert_true(l->compared && l->main_regime);
    assert_int_equal(l->pairs, 30);
    assert_int_equal(l->comparison.verdict, LB_VERDICT_FASTER);
    assert_true(near_to(l->comparison.difference.value, -20, 0.5));
    assert_true(near_to(l->comparison.ratio.value, 230.0 / 250, 0.01));
    assert_true(near_to(l->comparison.margin_ns, 5, 0.1)); /* 2 % of 250 */
    assert_null(l->comparison.no_verdict);
    assert_true(l->comparison.p_holm >= l->comparison.p);
    assert_true(near_to(l->ns_op.median, 230, 0.5));
    assert_int_equal(l->ns_op.n, 30);
    assert_int_equal(l->net.n, 30);
    assert_true(near_to(l->net.value, 230 - 205, 0.7));
    assert_int_equal(line_of(a, m, "padded")->comparison.verdict, LB_VERDICT_SAME);
    assert_int_equal(line_of(a, m, "refcount")->comparison.verdict, LB_VERDICT_SLOWER);
    assert_false(line_of(a, m, "pointer")->compared);
    lb_analysis_destroy(a);
    drop(m);
    lb_analysis_destroy(NULL);
    lb_run_destroy(NULL);
}

static void test_medians_and_events(void **state)
{
    struct made *m = make(&full);
    struct lb_analysis *a;
    const struct lb_result *l;

    (void)state;
    fill_frame(m, 0, 21, 24, near);
    fill_layouts(m, 0, 21, near);
    a = analyse(m);
    l = line_of(a, m, "embedded");
    assert_true(near_to(l->machine_ns_op, 115, 0.5));
    assert_true(near_to(l->jain, 1, 0) && near_to(l->min_over_max, 0.9, 1e-9));
    assert_true(near_to(l->off_cpu_share, 0.25, 1e-9) && near_to(l->cpu_ns_op, 230, 0.5));
    assert_true(near_to(l->per.voluntary, 0.5, 1e-9) && near_to(l->per.involuntary, 0, 0));
    assert_true(near_to(l->per.fallbacks, 2, 1e-9) && near_to(l->per.retries, 3, 1e-9));
    assert_true(near_to(l->per.sleeps, 1, 1e-9) && near_to(l->per.handoffs, 0, 0));
    assert_true(near_to(l->per.spins_owner, 2.5, 1e-9));
    assert_true(near_to(l->per.spins_queue, 0, 0));
    assert_true(near_to(l->per.spins_reader, 0.5, 1e-9));
    assert_true(near_to(l->latency.n, 0, 0) && isnan(l->latency.p50)); /* nothing was timed */
    assert_null(l->counts);
    lb_analysis_destroy(a);
    drop(m);
}

static void check_withheld(const struct made *m, const char *word)
{
    static const char *const names[] = {"embedded", "padded", "refcount"};
    struct lb_analysis *a = analyse(m);

    for (size_t i = 0; i < LB_COUNT(names); i++) {
        const struct lb_result *l = line_of(a, m, names[i]);

        assert_true(l->compared);
        if (word) {
            assert_int_equal(l->comparison.verdict, LB_VERDICT_UNRESOLVED);
            assert_non_null(l->comparison.no_verdict);
            assert_non_null(strstr(l->comparison.no_verdict, word));
        } else {
            assert_null(l->comparison.no_verdict);
            assert_int_not_equal(l->comparison.verdict, LB_VERDICT_UNRESOLVED);
        }
    }
    lb_analysis_destroy(a);
}

static void test_few_pairs(void **state)
{
    struct made *m = make(&full);

    (void)state;
    fill_frame(m, 0, 11, 24, near);
    fill_layouts(m, 0, 11, near);
    check_withheld(m, "20 pairs");
    fill_frame(m, 11, 19, 24, near);
    fill_layouts(m, 11, 19, near);
    struct lb_analysis *a = analyse(m);
    assert_int_equal(line_of(a, m, "embedded")->comparison.verdict, LB_VERDICT_NOT_SLOWER);
    assert_int_equal(line_of(a, m, "refcount")->comparison.verdict, LB_VERDICT_UNRESOLVED);
    lb_analysis_destroy(a);
    fill_frame(m, 19, 20, 24, near);
    fill_layouts(m, 19, 20, near);
    check_withheld(m, NULL);
    drop(m);
}

/* The difference of the controls decides where there is work, their ratio where there is none. */
static void test_controls_that_do_not_part(void **state)
{
    static const struct {
        double work_ns, shared;
        bool part;
    } cases[] = {
        {200, 4, false}, {200, 6, true}, {0, 4.5, false}, {0, 5.6, true}, {200, -24, false}};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        struct order o = full;
        struct made *m;
        struct lb_analysis *a;

        o.work_ns = cases[i].work_ns;
        m = make(&o);
        fill_frame(m, 0, 30, cases[i].shared, near);
        fill_layouts(m, 0, 30, near);
        check_withheld(m, cases[i].part ? NULL : "controls do not part");
        a = analyse(m);
        assert_int_equal(a->n_controls, o.work_ns > 0 ? 3 : 3);
        for (size_t k = 0; k < a->n_controls; k++) {
            if (near_to(a->controls[k].work_ns, o.work_ns, 0))
                assert_int_equal(a->controls[k].state,
                                 cases[i].part ? LB_CONTROL_PARTS : LB_CONTROL_FAILS);
        }
        lb_analysis_destroy(a);
        drop(m);
    }
}

/* The shared control costs `at_short` and `at_long` more than the one apart, each +-`noise`. */
static enum lb_self_check_state self_check(double work_ns, double at_short, double at_long,
                                           double noise, bool withheld)
{
    struct order o = full;
    struct lb_analysis *a;
    enum lb_self_check_state state;
    struct made *m;

    o.work_ns = work_ns;
    m = make(&o);
    fill_layouts(m, 0, 30, near);
    fill_frame(m, 0, 30, 24, near);
    for (int k = 0; k < 2; k++) {
        double work = k ? LB_WORK_CHECK_LONG_NS : LB_WORK_CHECK_SHORT_NS;
        int c = find_in_plan(m->plan, LB_SCENARIO_CONTROL_SHARED, "", 0, work);
        m->run->series[c].n = 0;
        for (unsigned round = 0; round < 30; round++) {
            double luck = (double)lb_random_below(&m->random, 2001) / 1000 - 1;
            add(m, c, round, 10 + work + (k ? at_long : at_short) + noise * luck, &near);
        }
    }
    check_withheld(m, withheld ? "pause hides" : NULL);
    a = analyse(m);
    assert_int_equal(a->n_self_checks, 1);
    state = a->self_checks[0].state;
    if (noise <= 1) {
        assert_true(near_to(a->self_checks[0].at_short.value, at_short, 1));
        assert_true(near_to(a->self_checks[0].at_long.value, at_long, 1));
    }
    lb_analysis_destroy(a);
    drop(m);
    return state;
}

static void test_self_check(void **state)
{
    (void)state;
    assert_int_equal(self_check(200, 24, 24, 0, false), LB_SELF_CHECK_PASSED);
    assert_int_equal(self_check(200, 24, 28, 0, false), LB_SELF_CHECK_PASSED);
    assert_int_equal(self_check(200, 24, 20, 0, false), LB_SELF_CHECK_PASSED);
    assert_int_equal(self_check(200, 24, 32, 0, true), LB_SELF_CHECK_FAILED);
    assert_int_equal(self_check(200, 24, 12, 0, true), LB_SELF_CHECK_FAILED);
    /* Saturated throughput has no pause that could hide anything. */
    assert_int_equal(self_check(0, 24, 12, 0, false), LB_SELF_CHECK_FAILED);
    /* Intervals wide enough for anything. */
    assert_int_equal(self_check(200, 24, 40, 40, false), LB_SELF_CHECK_OPEN);
}

static void test_self_check_not_measured(void **state)
{
    struct order o = full;
    struct made *m;
    struct lb_analysis *a;

    (void)state;
    o.controls = false;
    m = make(&o);
    fill_frame(m, 0, 30, 24, near);
    fill_layouts(m, 0, 30, near);
    check_withheld(m, "controls were not measured");
    a = analyse(m);
    assert_int_equal(a->n_controls, 0);
    assert_int_equal(a->self_checks[0].state, LB_SELF_CHECK_NONE);
    lb_analysis_destroy(a);
    drop(m);
}

static void test_spoiled_rates(void **state)
{
    struct made *m = make(&full);
    int c = find_in_plan(m->plan, LB_SCENARIO_NEIGHBOURS, "pointer", 0, 200);

    (void)state;
    fill_frame(m, 0, 30, 24, near);
    fill_layouts(m, 0, 30, near);
    m->run->series[c].tried = 33;
    m->run->series[c].failed = 3;
    check_withheld(m, NULL); /* 9 points */
    m->run->series[c].tried = 34;
    m->run->series[c].failed = 4;
    check_withheld(m, NULL); /* 12 against none: Fisher's exact test says p = 0.11 */
    m->run->series[c].tried = 40;
    m->run->series[c].failed = 10;
    check_withheld(m, "spoiled windows");
    m->run->series[c].tried = 30; /* what was spoiled were repeats, or the distance changed */
    m->run->series[c].failed = 0;
    m->run->series[c].attempts = 40;
    m->run->series[c].spoiled = 10;
    check_withheld(m, NULL);
    drop(m);
}

static void test_unfair(void **state)
{
    struct made *m = make(&full);
    struct lb_analysis *a;
    int c = find_in_plan(m->plan, LB_SCENARIO_NEIGHBOURS, "pointer", 0, 200);

    (void)state;
    fill_frame(m, 0, 30, 24, near);
    fill_layouts(m, 0, 30, near);
    for (size_t k = 0; k < 30; k++) /* the baseline's shares count as well */
        m->run->series[c].samples[0][k].min_over_max = 0.4;
    a = analyse(m);
    assert_int_equal(line_of(a, m, "embedded")->comparison.verdict, LB_VERDICT_FASTER);
    assert_true(line_of(a, m, "embedded")->comparison.unfair);
    assert_true(line_of(a, m, "refcount")->comparison.unfair);
    lb_analysis_destroy(a);
    drop(m);
}

/* Each regime has lines, comparisons and controls of its own. */
static void test_lines_by_regime(void **state)
{
    struct made *m = make(&full);
    struct lb_analysis *a;
    const struct lb_result *l;
    size_t lines = 0;
    int c = find_in_plan(m->plan, LB_SCENARIO_NEIGHBOURS, "embedded", 0, 200);

    (void)state;
    fill_frame(m, 0, 40, 24, near);
    fill_layouts(m, 0, 40, near);
    fill_frame(m, 40, 65, 100, far);
    fill_layouts(m, 40, 65, far);
    for (size_t k = 40; k < 65; k++) /* far apart it is slower */
        m->run->series[c].samples[0][k].ns_op += 100;
    a = analyse(m);
    assert_int_equal(a->n_lines, 2 * m->plan->n_cases);
    for (size_t i = 0; i < a->n_lines; i++) {
        l = &a->lines[i];
        assert_int_equal(l->main_regime, l->regime == 0);
        assert_int_equal(l->ns_op.n, l->regime ? 25 : 40);
        assert_int_equal(l->windows_other, l->regime ? 40 : 25);
        if (l->case_index != c)
            continue;
        lines++;
        assert_int_equal(l->pairs, l->regime ? 25 : 40);
        assert_int_equal(l->comparison.verdict, l->regime ? LB_VERDICT_SLOWER : LB_VERDICT_FASTER);
    }
    assert_int_equal(lines, 2);
    lb_analysis_destroy(a);
    drop(m);
}

/* Near, the controls do not part; far, they do. Neither answer may stand for the other. */
static void test_controls_by_regime(void **state)
{
    struct made *m = make(&full);
    struct lb_analysis *a;
    int c = find_in_plan(m->plan, LB_SCENARIO_NEIGHBOURS, "embedded", 0, 200);

    (void)state;
    fill_frame(m, 0, 40, 1, near);
    fill_layouts(m, 0, 40, near);
    fill_frame(m, 40, 65, 100, far);
    fill_layouts(m, 40, 65, far);
    a = analyse(m);
    for (size_t i = 0; i < a->n_lines; i++)
        if (a->lines[i].case_index == c)
            assert_int_equal(a->lines[i].comparison.no_verdict == NULL, a->lines[i].regime == 1);
    lb_analysis_destroy(a);
    drop(m);
}

/* The self-check compares within a regime: here each work was measured mostly in another one. */
static void test_self_check_stays_in_a_regime(void **state)
{
    struct made *m = make(&full);
    struct lb_analysis *a;

    (void)state;
    fill_layouts(m, 0, 70, near);
    for (size_t i = 0; i < m->plan->n_cases; i++) {
        const struct lb_case *c = &m->plan->cases[i];
        double shared = c->shape.scenario->purpose == LB_PURPOSE_SHARED_CONTROL ? 24 : 0;
        bool longer = c->work_ns > LB_WORK_HEADLINE_NS;

        if (c->shape.layout)
            continue;
        fill(m, (int)i, 0, longer ? 25 : 40, 10 + c->work_ns + shared, near);
        fill(m, (int)i, longer ? 25 : 40, 70, 10 + c->work_ns + 4 * shared, far);
    }
    a = analyse(m);
    assert_int_equal(a->self_checks[0].state, LB_SELF_CHECK_PASSED);
    lb_analysis_destroy(a);
    drop(m);
}

static void test_roles_are_judged_apart(void **state)
{
    struct order o = full;
    struct made *m;
    struct lb_analysis *a;
    int c;

    (void)state;
    o.scenario = S(OBSERVER);
    m = make(&o);
    c = find_in_plan(m->plan, LB_SCENARIO_OBSERVER, "embedded", 0, 200);
    fill_frame(m, 0, 30, 24, near);
    fill(m, find_in_plan(m->plan, LB_SCENARIO_OBSERVER, "pointer", 0, 200), 0, 30, 250, near);
    fill(m, c, 0, 30, 250, near);
    for (size_t k = 0; k < 30; k++)
        m->run->series[c].samples[1][k].ns_op += 60;
    a = analyse(m);
    assert_int_equal(lb_analysis_find(a, c, 0)->comparison.verdict, LB_VERDICT_SAME);
    assert_int_equal(lb_analysis_find(a, c, 1)->comparison.verdict, LB_VERDICT_SLOWER);
    assert_true(near_to(lb_analysis_find(a, c, 1)->comparison.difference.value, 60, 1.5));
    assert_null(lb_analysis_find(a, c, 2));
    assert_null(
        lb_analysis_find(a, find_in_plan(m->plan, LB_SCENARIO_OBSERVER, "padded", 0, 200), 0));
    lb_analysis_destroy(a);
    drop(m);
}

/* Records */

static void check_layout_row(const struct lb_csv_reader *r)
{
    static const char *const known[] = {
        "ns_op_ci95_lo",     "ns_op_mad",           "net_ns_op_hl",     "machine_ns_op_median",
        "jain_median",       "min_over_max_median", "cpu_ns_op_median", "off_cpu_share_median",
        "fallbacks_per_kop", "sleeps_per_kop",      "bytes_per_object", "pages_per_1000_objects"};
    bool base = !strcmp(lb_csv_cell(r, "layout"), "pointer");

    assert_cell(r, "lock", strcmp(lb_csv_cell(r, "layout"), "refcount") ? "rwsem40" : "refcount");
    for (size_t i = 0; i < LB_COUNT(known); i++)
        assert_true(lb_csv_number(r, known[i]) > -1e9); /* not NaN */
    assert_cell(r, "baseline", base ? "" : "pointer");
    assert_cell(r, "pairs", base ? "" : "30");
    assert_int_equal(isnan(lb_csv_number(r, "ratio")), base);
    assert_int_equal(isnan(lb_csv_number(r, "p_holm")), base);
    assert_int_equal(isnan(lb_csv_number(r, "diff_ns_ci95_hi")), base);
    assert_cell(r, "note", "");
    assert_cell(r, "writers", "");
    assert_cell(r, "objects", "");
    if (!strcmp(lb_csv_cell(r, "layout"), "embedded"))
        assert_cell(r, "verdict", "faster");
    if (base)
        assert_cell(r, "verdict", "");
}

static void test_summary_rows(void **state)
{
    struct made *m = make(&full);
    struct lb_analysis *a;
    struct lb_csv_reader *r;
    struct lb_csv *csv;
    char path[64];
    size_t rows = 0;

    (void)state;
    fill_frame(m, 0, 30, 24, near);
    fill_layouts(m, 0, 30, near);
    a = analyse(m);
    csv = create_csv(&lb_schema_summary, path);
    assert_int_equal(lb_analysis_write(a, csv, NULL), 0);
    lb_csv_close(csv);
    r = open_csv(path);
    while (lb_csv_next(r, NULL) == 1) {
        rows++;
        assert_cell(r, "suite", "test");
        assert_cell(r, "placement", "l3");
        assert_cell(r, "distance", "l3");
        assert_cell(r, "threads", "2");
        assert_cell(r, "role", "all");
        assert_cell(r, "regime", "0");
        assert_cell(r, "regime_ns", "60");
        assert_cell(r, "windows", "30");
        assert_cell(r, "windows_spoiled", "0");
        assert_cell(r, "windows_other_regime", "0");
        if (*lb_csv_cell(r, "layout"))
            check_layout_row(r);
        else
            assert_cell(r, "lock", "");
        if (!strcmp(lb_csv_cell(r, "scenario"), "control-shared"))
            assert_cell(r, "baseline", "control-apart");
    }
    assert_int_equal(rows, a->n_lines);
    lb_csv_reader_close(r);
    unlink(path);
    lb_analysis_destroy(a);
    drop(m);
}

static char *read_source(const char *name)
{
    const char *root = getenv("LB_SOURCE_DIR");
    char path[4096], *text = calloc(1, 1 << 18);
    FILE *file;

    snprintf(path, sizeof path, "%s/lib/%s", root && *root ? root : ".", name);
    file = fopen(path, "r");
    if (!file || !text)
        fail_msg("%s: %s", path, strerror(errno));
    assert_true(fread(text, 1, (1 << 18) - 1, file) > 0);
    fclose(file);
    return text;
}

/* A column that a schema lacks is refused by the row, and the writers do not look: so their sources
 * are looked at, wherever a column is named behind a row. Those of a table have theirs from it. */
static size_t check_columns_of(const char *name, const struct lb_schema *schema)
{
    static const char row[] = "row, \"";
    char *text = read_source(name);
    size_t found = 0;

    for (const char *at = text; (at = strstr(at, row)); found++) {
        char column[64] = "";

        at += strlen(row);
        assert_true(strcspn(at, "\"") < sizeof column);
        memcpy(column, at, strcspn(at, "\""));
        if (lb_schema_find(schema, column) < 0)
            fail_msg("%s writes '%s', which %s does not have", name, column, schema->file);
    }
    free(text);
    return found;
}

static void test_columns_are_known(void **state)
{
    (void)state;
    assert_true(check_columns_of("run/samples_write.c", &lb_schema_samples) > 40);
    assert_true(check_columns_of("report/summary_write.c", &lb_schema_summary) > 40);
    for (int q = 0; q < LB_QUANTITIES; q++) {
        char column[64];

        snprintf(column, sizeof column, "%s_per_op", lb_quantity_name((enum lb_quantity)q));
        assert_true(lb_schema_find(&lb_schema_samples, column) >= 0);
        assert_true(lb_schema_find(&lb_schema_summary, column) >= 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs_by_round),
        cmocka_unit_test(test_pairs_by_regime),
        cmocka_unit_test(test_partner_roles),
        cmocka_unit_test(test_two_regimes),
        cmocka_unit_test(test_one_regime),
        cmocka_unit_test(test_regimes_link_by_link),
        cmocka_unit_test(test_regimes_of_a_large_ring),
        cmocka_unit_test(test_regimes_of_two_placements),
        cmocka_unit_test(test_one_thread_has_no_regime),
        cmocka_unit_test(test_main_regime),
        cmocka_unit_test(test_planted_differences),
        cmocka_unit_test(test_medians_and_events),
        cmocka_unit_test(test_few_pairs),
        cmocka_unit_test(test_controls_that_do_not_part),
        cmocka_unit_test(test_self_check),
        cmocka_unit_test(test_self_check_not_measured),
        cmocka_unit_test(test_spoiled_rates),
        cmocka_unit_test(test_unfair),
        cmocka_unit_test(test_lines_by_regime),
        cmocka_unit_test(test_controls_by_regime),
        cmocka_unit_test(test_self_check_stays_in_a_regime),
        cmocka_unit_test(test_roles_are_judged_apart),
        cmocka_unit_test(test_summary_rows),
        cmocka_unit_test(test_columns_are_known),
    };

    return cmocka_run_group_tests_name("analysis", tests, NULL, NULL);
}
