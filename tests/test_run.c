/* SPDX-License-Identifier: MIT
 *
 * run and analysis: pairs, regimes and verdicts on samples that the test makes up, and one small
 * real run where two PUs are allowed. Of the real run only what must hold on any machine is asked.
 */
#include <linebounce/analysis.h>

#include "fake_pmu.h"
#include "made_run.h"
#include "run/run_private.h"

#include <ctype.h>
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
    int a = find_case(m, LB_SCENARIO_SAME_OBJECT, "embedded", 0, 200);
    int b = find_case(m, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200);
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
    int a = find_case(m, LB_SCENARIO_SAME_OBJECT, "embedded", 0, 200);
    int b = find_case(m, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200);
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
    a = find_case(m, LB_SCENARIO_OBSERVER, "embedded", 0, 200);
    b = find_case(m, LB_SCENARIO_OBSERVER, "pointer", 0, 200);
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
    a = find_case(m, LB_SCENARIO_OBSERVER, "pointer", 0, 200);
    for (unsigned round = 0; round < LB_COUNT(probes); round++)
        add(m, a, round, 10, &probes[round]);
    for (int time = 0; time < 3; time++) { /* as often as one likes */
        assert_int_equal(lb_run_regimes(m->run), 0);
        assert_int_equal(m->run->n_regimes, 2);
        for (size_t k = 0; k < LB_COUNT(probes); k++)
            assert_int_equal(regime_of(m, a, k), expected[k]);
        /* Medians, as the header says: of 59, 60, 61, 90 and of 305, 330, 345. */
        assert_true(near_to(m->run->regime_ns[0], 60.5, 1e-3));
        assert_true(near_to(m->run->regime_ns[1], 330, 1e-3));
    }
    drop(m);
}

static void test_one_regime(void **state)
{
    struct made *m = make(&simple);
    int a = find_case(m, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200);

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
    a = find_case(m, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200);
    for (unsigned round = 0; round < LB_COUNT(probes); round++)
        add(m, a, round, 10, probes[round]);
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
    a = find_case(m, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200);
    for (unsigned round = 0; round < 2 * 9; round++) {
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
    static const float other =
        110; /* less than twice l3's 60: one cluster, were they thrown together */
    struct order o = simple;
    struct made *m;
    int a, b;

    (void)state;
    o.placements = names;
    o.n_placements = 2;
    m = make(&o);
    a = find_case(m, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200);
    b = find_case(m, LB_SCENARIO_SAME_OBJECT, "pointer", 1, 200);
    for (unsigned round = 0; round < 4; round++) {
        add(m, a, round, 10, round % 2 ? &far : &near);
        add(m, b, round, 10, &other);
    }
    assert_int_equal(lb_run_regimes(m->run), 0);
    assert_int_equal(m->run->n_regimes, 3);
    assert_int_equal(regime_of(m, a, 0), 0);
    assert_int_equal(regime_of(m, b, 0), 1);
    assert_int_equal(regime_of(m, a, 1), 2);
    assert_true(near_to(m->run->regime_ns[0], 60, 1e-3));
    assert_true(near_to(m->run->regime_ns[1], 110, 1e-3));
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
    a = find_case(m, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200);
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
    int a = find_case(m, LB_SCENARIO_SAME_OBJECT, "embedded", 0, 200);
    int b = find_case(m, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200);
    double left[32], right[32];

    (void)state;
    fill(m, a, 0, 6, 10, near); /* most windows near, most pairs far */
    fill(m, a, 6, 10, 10, far);
    fill(m, b, 4, 6, 10, near);
    fill(m, b, 6, 10, 10, far);
    assert_int_equal(lb_run_regimes(m->run), 0);
    assert_int_equal(lb_run_main_regime(m->run, a, 0, left, right), 1);
    assert_int_equal(lb_run_main_regime(m->run, b, 0, left, right), 1);
    drop(m);
    /* Never together with its base: the windows decide, and the line is found. */
    m = make(&simple);
    fill(m, a, 0, 6, 10, far);
    fill(m, b, 10, 12, 10, near);
    struct lb_analysis *analysis = analyse(m);
    assert_int_equal(lb_run_main_regime(m->run, a, 0, left, right), 1);
    assert_non_null(lb_analysis_find(analysis, a, 0));
    assert_false(lb_analysis_find(analysis, a, 0)->compared);
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
    fill_frame(m, 0, 19, 24, near);
    fill_layouts(m, 0, 19, near);
    check_withheld(m, "20 pairs");
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
        int c = find_case(m, LB_SCENARIO_CONTROL_SHARED, "", 0, work);
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
    int c = find_case(m, LB_SCENARIO_NEIGHBOURS, "pointer", 0, 200);

    (void)state;
    fill_frame(m, 0, 30, 24, near);
    fill_layouts(m, 0, 30, near);
    m->run->series[c].attempts = 33;
    m->run->series[c].spoiled = 3;
    check_withheld(m, NULL); /* 9 points */
    m->run->series[c].attempts = 34;
    m->run->series[c].spoiled = 4;
    check_withheld(m, NULL); /* 12 against none: Fisher's exact test says p = 0.11 */
    m->run->series[c].attempts = 40;
    m->run->series[c].spoiled = 10;
    check_withheld(m, "spoiled windows");
    drop(m);
}

static void test_unfair(void **state)
{
    struct made *m = make(&full);
    struct lb_analysis *a;
    int c = find_case(m, LB_SCENARIO_NEIGHBOURS, "pointer", 0, 200);

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
    int c = find_case(m, LB_SCENARIO_NEIGHBOURS, "embedded", 0, 200);

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
    int c = find_case(m, LB_SCENARIO_NEIGHBOURS, "embedded", 0, 200);

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
    c = find_case(m, LB_SCENARIO_OBSERVER, "embedded", 0, 200);
    fill_frame(m, 0, 30, 24, near);
    fill(m, find_case(m, LB_SCENARIO_OBSERVER, "pointer", 0, 200), 0, 30, 250, near);
    fill(m, c, 0, 30, 250, near);
    for (size_t k = 0; k < 30; k++)
        m->run->series[c].samples[1][k].ns_op += 60;
    a = analyse(m);
    assert_int_equal(lb_analysis_find(a, c, 0)->comparison.verdict, LB_VERDICT_SAME);
    assert_int_equal(lb_analysis_find(a, c, 1)->comparison.verdict, LB_VERDICT_SLOWER);
    assert_true(near_to(lb_analysis_find(a, c, 1)->comparison.difference.value, 60, 1.5));
    assert_null(lb_analysis_find(a, c, 2));
    assert_null(lb_analysis_find(a, find_case(m, LB_SCENARIO_OBSERVER, "padded", 0, 200), 0));
    lb_analysis_destroy(a);
    drop(m);
}

/* Records */

static void temporary(char path[64])
{
    int fd;

    strcpy(path, "/tmp/linebounce-test-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    unlink(path); /* lb_csv_create wants to make it */
}

static struct lb_csv *create_csv(const struct lb_schema *schema, char path[64])
{
    struct lb_why why = {""};
    struct lb_csv *csv = NULL;

    temporary(path);
    if (lb_csv_create(schema, path, &why, &csv))
        fail_msg("%s", why.text);
    return csv;
}

static struct lb_csv_reader *open_csv(const char *path)
{
    struct lb_why why = {""};
    struct lb_csv_reader *reader = NULL;

    if (lb_csv_open(path, NULL, &why, &reader))
        fail_msg("%s", why.text);
    return reader;
}

static void assert_cell(const struct lb_csv_reader *r, const char *column, const char *value)
{
    assert_true(lb_schema_find(&lb_schema_summary, column) >= 0 ||
                lb_schema_find(&lb_schema_samples, column) >= 0);
    assert_string_equal(lb_csv_cell(r, column), value);
}

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
    for (int role = 0; role < LB_EVENT_ROLES; role++) {
        char column[64];

        snprintf(column, sizeof column, "%s_per_op", lb_event_role_name((enum lb_event_role)role));
        assert_true(lb_schema_find(&lb_schema_samples, column) >= 0);
        assert_true(lb_schema_find(&lb_schema_summary, column) >= 0);
    }
}

/* A real run */

struct real {
    struct lb_topology *topology;
    struct lb_plan *plan;
    struct lb_run *run;
    char path[64];
};

static struct lb_topology *this_machine(void)
{
    struct lb_why why = {""};
    struct lb_topology *t = NULL;

    if (lb_topology_load(NULL, &why, &t))
        fail_msg("%s", why.text);
    if (t->n_allowed < 2 || !t->this_system) {
        print_message("skipped: two PUs of this machine are needed\n");
        lb_topology_destroy(t);
        skip();
    }
    return t;
}

/* The request's layouts are pointer and embedded. */
static void measure_as(struct real *real, struct lb_request *r,
                       const struct lb_run_options *options)
{
    static struct lb_layout layouts[2];
    const struct lb_layout *pointer, *embedded;
    struct lb_why why = {""};
    struct lb_csv *csv;

    assert_int_equal(lb_layout_find("pointer", NULL, &pointer), 0);
    assert_int_equal(lb_layout_find("embedded", NULL, &embedded), 0);
    layouts[0] = *pointer;
    layouts[1] = *embedded;
    r->suite = "test";
    r->layouts = layouts;
    r->n_layouts = 2;
    r->baseline = "pointer";
    real->topology = this_machine();
    if (lb_plan_create(r, real->topology, &why, &real->plan))
        fail_msg("%s", why.text);
    csv = create_csv(&lb_schema_samples, real->path);
    if (lb_run_measure(real->plan, real->topology, options, csv, &why, &real->run))
        fail_msg("%s", why.text);
    lb_csv_close(csv);
}

static void measure(struct real *real, const struct lb_scenario *const *scenarios, size_t n,
                    const double *works, size_t n_works, unsigned rounds)
{
    struct lb_request r = {.scenarios = scenarios,
                           .n_scenarios = n,
                           .writers = {1, 0},
                           .work_ns = works,
                           .n_work_ns = n_works};
    struct lb_run_options options = {
        .seed = 1, .budget_s = 1e6, .rounds = rounds, .precision_ns = 2};

    measure_as(real, &r, &options);
}

static void finish(struct real *real)
{
    lb_run_destroy(real->run);
    lb_plan_destroy(real->plan);
    lb_topology_destroy(real->topology);
    unlink(real->path);
}

static void check_series(const struct real *real)
{
    unsigned attempts = 0, spoiled = 0;

    for (size_t i = 0; i < real->plan->n_cases; i++) {
        const struct lb_series *s = &real->run->series[i];

        attempts += s->attempts;
        spoiled += s->spoiled;
        assert_true(s->attempts >= real->run->rounds);
        assert_true(s->n <= real->run->rounds);
        for (size_t k = 0; k < s->n; k++)
            for (int role = 0; role < lb_case_roles(&real->plan->cases[i]); role++) {
                const struct lb_sample *x = &s->samples[role][k];
                assert_true(x->ns_op > 0 && x->total_ops > 0 && x->machine_ns_op > 0);
                assert_true(x->jain > 0 && x->jain <= 1.0001 && x->round < real->run->rounds);
                assert_true(k == 0 || x->round > s->samples[role][k - 1].round);
                assert_true(s->probes[k] > 0);
            }
    }
    assert_int_equal(attempts, real->run->windows);
    assert_int_equal(spoiled, real->run->windows_spoiled);
}

/* Rows of windows; anchors are counted apart. */
static size_t check_rows(const struct real *real, size_t *anchors)
{
    struct lb_csv_reader *r = open_csv(real->path);
    size_t rows = 0;
    int got;

    *anchors = 0;
    while ((got = lb_csv_next(r, NULL)) == 1) {
        bool ok = !strcmp(lb_csv_cell(r, "status"), "ok");

        assert_cell(r, "suite", "test");
        assert_cell(r, "emulated", "0");
        if (!strncmp(lb_csv_cell(r, "scenario"), "anchor-", 7)) {
            ++*anchors;
            assert_true(lb_csv_number(r, "ns_op") > 0 ||
                        !strcmp(lb_csv_cell(r, "scenario"), "anchor-pingpong"));
            continue;
        }
        rows++;
        assert_int_equal(ok, !*lb_csv_cell(r, "reason"));
        assert_true(!ok || lb_csv_number(r, "ns_op") > 0);
        assert_true(!ok || lb_csv_number(r, "total_ops") > 0);
        /* On a busy machine two threads may not meet: then the window is spoiled. */
        assert_true(!ok || lb_csv_number(r, "pingpong_before_ns") > 0);
        assert_true(!ok || lb_csv_number(r, "pingpong_after_ns") > 0);
    }
    assert_int_equal(got, 0);
    assert_int_equal(lb_csv_torn(r), 0);
    lb_csv_reader_close(r);
    return rows;
}

static void test_two_real_rounds(void **state)
{
    static const struct lb_scenario *const scenarios[] = {S(NEIGHBOURS)};
    static const double works[] = {0, 200};
    struct real real = {0};
    struct lb_analysis *a = NULL;
    size_t anchors;

    (void)state;
    measure(&real, scenarios, 1, works, 2, 2);
    assert_int_equal(real.run->rounds, 2);
    assert_int_equal(real.run->end, LB_RUN_ROUNDS);
    assert_string_equal(lb_run_end_name(real.run->end), "rounds");
    assert_true(real.run->chain_ns > 0 && real.run->elapsed_s > 0);
    check_series(&real);
    assert_int_equal(check_rows(&real, &anchors), real.run->windows);
    assert_int_equal(anchors, 2 * 3);
    assert_int_equal(lb_analysis_create(real.run, &margin, 1, &a), 0);
    for (size_t i = 0; i < a->n_lines; i++)
        assert_true(!a->lines[i].compared ||
                    a->lines[i].comparison.verdict == LB_VERDICT_UNRESOLVED);
    lb_analysis_destroy(a);
    finish(&real);
}

/* Roles change their PUs from one time to the next, and residues their turn, in cases of every
 * second round too. */
static void test_roles_and_residues_rotate(void **state)
{
    static const struct lb_scenario *const scenarios[] = {S(MIXED)};
    static const double works[] = {200, 0};
    char pus[2][4][16] = {{""}};
    int residues[2][4] = {{-1, -1, -1, -1}, {-1, -1, -1, -1}};
    struct real real = {0};
    struct lb_csv_reader *r;

    (void)state;
    measure(&real, scenarios, 1, works, 2, 4);
    r = open_csv(real.path);
    while (lb_csv_next(r, NULL) == 1) {
        int saturated = lb_csv_number(r, "work_ns") <= 0;
        unsigned round = (unsigned)lb_csv_number(r, "round");

        if (strcmp(lb_csv_cell(r, "role"), "writer") || strcmp(lb_csv_cell(r, "layout"), "pointer"))
            continue;
        assert_uint_in_range(round, 0, 3);
        snprintf(pus[saturated][round], sizeof pus[0][0], "%s", lb_csv_cell(r, "pus_os"));
        residues[saturated][round] = (int)lb_csv_number(r, "lock_residue");
    }
    lb_csv_reader_close(r);
    for (int round = 0; round < 4; round++) {
        assert_int_equal(residues[0][round], 40 * round % 64);
        assert_int_equal(residues[1][round], round % 2 ? -1 : 40 * (round / 2) % 64);
    }
    assert_string_not_equal(pus[0][0], pus[0][1]);
    assert_string_equal(pus[0][0], pus[0][2]);
    assert_string_not_equal(pus[1][0], pus[1][2]);
    finish(&real);
}

static void test_probes_that_did_not_meet(void **state)
{
    const float here[2] = {100, 100}, there[2] = {100, 142}, lost[2] = {100, NAN};

    (void)state;
    assert_true(lb_probes_agree(here, here, 2));
    assert_true(lb_probes_agree(here, there, 1));
    assert_false(lb_probes_agree(here, there, 2));
    assert_false(lb_probes_agree(here, lost, 2));
    assert_false(lb_probes_agree(lost, here, 2));
    assert_false(lb_probes_agree(lost, lost, 2));
    assert_true(lb_probes_agree(lost, lost, 0));
}

static void test_runs_that_end_at_once(void **state)
{
    static const struct lb_scenario *const scenarios[] = {S(SAME_OBJECT)};
    volatile sig_atomic_t stop = 1;
    double work = 0;
    struct lb_request r = {.suite = "test",
                           .scenarios = scenarios,
                           .n_scenarios = 1,
                           .layouts = lb_layouts,
                           .n_layouts = 1,
                           .work_ns = &work,
                           .n_work_ns = 1,
                           .baseline = "pointer"};
    struct lb_run_options options = {.seed = 1, .budget_s = 1e6, .stop = &stop};
    struct lb_topology *t = this_machine();
    struct lb_plan *plan = NULL;
    struct lb_run *run = NULL;

    (void)state;
    assert_int_equal(lb_plan_create(&r, t, NULL, &plan), 0);
    assert_int_equal(lb_run_measure(plan, t, &options, NULL, NULL, &run), 0);
    assert_int_equal(run->end, LB_RUN_INTERRUPTED);
    assert_int_equal(run->windows, 0);
    assert_int_equal(run->rounds, 0);
    lb_run_destroy(run);
    lb_plan_destroy(plan);
    lb_topology_destroy(t);
}

/* The budget holds for all of it, and what does not fit goes in a fixed order. */
static void test_budgets(void **state)
{
    static const struct lb_scenario *const scenarios[] = {S(SAME_OBJECT), S(OBSERVER)};
    const double works[] = {200, 0};
    struct lb_request r = {.scenarios = scenarios,
                           .n_scenarios = 2,
                           .work_ns = works,
                           .n_work_ns = 2,
                           .controls = true};
    struct lb_run_options options = {.seed = 1, .budget_s = 1e-9};
    struct real real;

    (void)state;
    measure_as(&real, &r, &options); /* setting up takes longer */
    assert_int_equal(real.run->end, LB_RUN_BUDGET);
    assert_int_equal(real.run->windows, 0);
    assert_true(isnan(real.run->pace));
    finish(&real);
    options.fewer = true;
    options.rounds = 2;
    options.budget_s = 1e6;
    measure_as(&real, &r, &options);
    assert_int_equal(real.run->rounds, 2);
    assert_int_equal(real.run->cases_left_out, 0);
    assert_string_equal(real.run->left_out, "");
    assert_true(real.run->pace > 0 && real.run->load.wall_s > 0);
    finish(&real);
}

/* A bench without a crew: what fits is arithmetic. */
static void test_what_does_not_fit_is_left_out_in_order(void **state)
{
    static const struct lb_scenario *const scenarios[] = {S(SAME_OBJECT), S(OBSERVER)};
    static const char *const wanted[] = {"", "observer (work 0 ns)",
                                         "observer (work 0 ns), same-object (work 0 ns)",
                                         ("observer (work 0 ns), same-object (work 0 ns), "
                                          "observer (work 200 ns)")};
    const double works[] = {200, 0};
    struct lb_request r = {.suite = "test",
                           .scenarios = scenarios,
                           .n_scenarios = 2,
                           .layouts = lb_layouts,
                           .n_layouts = 2,
                           .baseline = lb_layouts[0].name,
                           .work_ns = works,
                           .n_work_ns = 2,
                           .controls = true};
    struct lb_run_options options = {.fewer = true};
    struct lb_topology *t = NULL;
    struct lb_run run = {.n_regimes = 0};
    struct lb_runner b = {.run = &run, .options = &options};
    struct lb_plan *plan = NULL;
    int order[64];

    (void)state;
    assert_int_equal(lb_topology_load(pair_machine, NULL, &t), 0);
    assert_int_equal(lb_plan_create(&r, t, NULL, &plan), 0);
    b.plan = run.plan = plan;
    run.series = calloc(plan->n_cases, sizeof *run.series);
    for (size_t i = 0; i < plan->n_cases; i++) {
        order[i] = (int)i;
        run.series[i].active = true;
    }
    options.budget_s = 1e6;
    lb_runner_begin_time(&b);
    lb_runner_fit(&b, order, 0, plan->n_cases);
    assert_string_equal(run.left_out, wanted[0]);
    for (size_t i = 1; i < LB_COUNT(wanted); i++) {
        /* Six rounds of what is left do not fit into 99 % of what they take, at ten times the
         * planned time. */
        b.planned_s = 10;
        b.took_s = 102.25;
        options.budget_s = 0.99 * 6 * lb_runner_next_s(&b);
        lb_runner_begin_time(&b);
        lb_runner_fit(&b, order, 0, plan->n_cases);
        assert_string_equal(run.left_out, wanted[i]);
    }
    options.budget_s = 1e-3; /* the last group stays: what there is time for of it is measured */
    lb_runner_begin_time(&b);
    lb_runner_fit(&b, order, 0, plan->n_cases);
    assert_string_equal(run.left_out, wanted[3]);
    assert_int_equal(run.cases_left_out, 6);
    for (size_t i = 0; i < plan->n_cases; i++)
        assert_int_equal(run.series[i].active, !lb_case_is_subject(&plan->cases[i]) ||
                                                   (plan->cases[i].work_ns == 200 &&
                                                    plan->cases[i].shape.scenario == scenarios[0]));
    free(run.series);
    lb_plan_destroy(plan);
    lb_topology_destroy(t);
}

static void test_other_machines_are_not_measured(void **state)
{
    static const struct lb_scenario *const scenarios[] = {S(SAME_OBJECT)};
    double work = 0;
    struct lb_request r = {.suite = "test",
                           .scenarios = scenarios,
                           .n_scenarios = 1,
                           .layouts = lb_layouts,
                           .n_layouts = 1,
                           .work_ns = &work,
                           .n_work_ns = 1,
                           .baseline = "pointer"};
    struct lb_run_options options = {.seed = 1, .budget_s = 1};
    struct lb_topology *t = NULL;
    struct lb_plan *plan = NULL;
    struct lb_run *run = NULL;
    struct lb_why why = {""};

    (void)state;
    assert_int_equal(lb_topology_load(pair_machine, NULL, &t), 0);
    assert_int_equal(lb_plan_create(&r, t, NULL, &plan), 0);
    assert_int_equal(lb_run_measure(plan, t, &options, NULL, &why, &run), -EINVAL);
    assert_null(run);
    assert_non_null(strstr(why.text, "not this machine"));
    lb_plan_destroy(plan);
    lb_topology_destroy(t);
}

/* From threads to roles */

static void made_result(struct lb_thread_result *r, unsigned k)
{
    *r = (struct lb_thread_result){.measured_ns = 1000.0 * k,
                                   .ops = 10.0 * k,
                                   .total_ops = 13 * k,
                                   .sampled_ns = 250.0 * k,
                                   .account = {.cpu_ns = 900.0 * k,
                                               .wall_ns = 1200.0 * k,
                                               .user_ns = 800.0 * k,
                                               .system_ns = 100.0 * k,
                                               .voluntary = k,
                                               .involuntary = 2.0 * k,
                                               .preempted_ns = 50.0 * k,
                                               .fallbacks = 3 * k,
                                               .wakes = 4 * k}};
    r->counts[0] = (struct lb_count){.state = LB_COUNT_COUNTED, .value = k, .scaled = k};
    for (unsigned i = 0; i < k; i++)
        lb_latency_add(&r->latency, 10 * k, 0);
}

/* `k` is the sum of what the role's threads were made of. */
static void check_role(const struct lb_attempt *a, const struct lb_case *c, int role, unsigned k)
{
    struct lb_tally tally = {.count = 1, .ops = 1, .state = LB_COUNT_COUNTED};
    struct lb_latency *latency = calloc(1, sizeof *latency);
    struct lb_sample s;

    assert_non_null(latency);
    lb_runner_fold(a, c, role, &s);
    assert_true(near_to(s.ns_op, 100, 1e-9) && near_to(s.total_ops, 13.0 * k, 1e-9));
    assert_true(near_to(s.account.cpu_ns, 900.0 * k, 1e-9) &&
                near_to(s.account.wall_ns, 1200.0 * k, 1e-9));
    assert_true(near_to(s.account.user_ns, 800.0 * k, 1e-9) &&
                near_to(s.account.system_ns, 100.0 * k, 1e-9));
    assert_true(near_to(s.account.preempted_ns, 50.0 * k, 1e-9));
    assert_true(near_to(s.account.voluntary, k, 1e-9) &&
                near_to(s.account.involuntary, 2.0 * k, 1e-9));
    assert_int_equal(s.account.fallbacks, 3 * k);
    assert_int_equal(s.account.wakes, 4 * k);
    assert_true(near_to(s.own_op_ns, a->own_ns[role], 0));
    assert_true(near_to(s.slow_ns, a->slow_ns[role], 0));
    assert_true(near_to(s.transfer_ns, 70, 0));
    /* Timed ops are in the measured time where sleeping is the subject, and beside it elsewhere. */
    assert_true(near_to(s.sampled_share, c->blocks ? 0.25 : 0.2, 1e-12));
    lb_runner_latency(a, c, role, latency);
    assert_int_equal(latency->n, k);
    lb_runner_tally(a, c, role, &tally);
    assert_true(near_to(tally.count, 1 + k, 1e-9) && near_to(tally.ops, 1 + 13.0 * k, 1e-9));
    free(latency);
}

static void test_roles_are_their_threads(void **state)
{
    static struct lb_thread_result results[2];
    double ops[2];
    struct lb_attempt a = {.results = results,
                           .n_events = 1,
                           .own_ns = {20, 30},
                           .slow_ns = {50, 60},
                           .transfer_ns = 70,
                           .ops = ops};
    struct order o = simple;
    struct made *m;
    struct lb_case c;

    (void)state;
    made_result(&results[0], 3);
    made_result(&results[1], 4);
    m = make(&o);
    c = m->plan->cases[find_case(m, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200)];
    check_role(&a, &c, 0, 7);
    c.blocks = true;
    check_role(&a, &c, 0, 7);
    drop(m);
    o.scenario = S(OBSERVER);
    m = make(&o);
    c = m->plan->cases[find_case(m, LB_SCENARIO_OBSERVER, "pointer", 0, 200)];
    check_role(&a, &c, 0, 3);
    check_role(&a, &c, 1, 4);
    drop(m);
}

/* Real runs on a made-up PMU */

static const struct lb_scenario *const neighbours[] = {S(NEIGHBOURS)};
static const double headline[] = {LB_WORK_HEADLINE_NS};

/* An event of the made-up PMU; with a role it is called as the role. */
static struct lb_event event_of(unsigned config, int role)
{
    struct lb_event e = {.kind = LB_EVENT_PMU, .role = role};

    snprintf(e.string, sizeof e.string, "raw:config=0x%x", config);
    snprintf(e.name, sizeof e.name, "%s",
             role < 0 ? e.string : lb_event_role_name((enum lb_event_role)role));
    return e;
}

static struct lb_event watch_of(enum lb_watch watch)
{
    struct lb_event e = {.kind = LB_EVENT_WATCH, .role = -1, .word.watch = watch};

    snprintf(e.name, sizeof e.name, "bp:%s", lb_watch_name(watch));
    return e;
}

static struct lb_event field_event(const char *field)
{
    struct lb_event e = watch_of(LB_WATCH_FIELD);

    snprintf(e.name, sizeof e.name, "bp:%s", field);
    snprintf(e.word.field, sizeof e.word.field, "%s", field);
    return e;
}

struct asked {
    const struct lb_scenario *const *scenarios; /* NULL: neighbours */
    const struct lb_event *events;
    size_t n_events;
    int at_once;
    unsigned rounds;
    uint64_t every;
    bool controls, armed, instruments, real;
};

static void measure_events(struct real *real, const struct asked *asked)
{
    struct lb_request r = {.scenarios = asked->scenarios ? asked->scenarios : neighbours,
                           .n_scenarios = 1,
                           .writers = {1, 0},
                           .work_ns = headline,
                           .n_work_ns = 1,
                           .controls = asked->controls,
                           .armed = asked->armed,
                           .instruments = asked->instruments};
    struct lb_run_options options = {.seed = 1,
                                     .budget_s = 1e6,
                                     .rounds = asked->rounds,
                                     .precision_ns = 2,
                                     .events = asked->events,
                                     .n_events = asked->n_events,
                                     .at_once = asked->at_once,
                                     .sample_every = asked->every,
                                     .calls = asked->real ? NULL : &pmu_calls};

    measure_as(real, &r, &options);
    assert_int_equal(pmu.faults, 0);
    assert_int_equal(pmu.opened, pmu.closed);
    assert_int_equal(real->run->n_events, asked->n_events);
}

/* The next row of a window: anchors have no events. */
static bool next_window(struct lb_csv_reader *r)
{
    int got;

    while ((got = lb_csv_next(r, NULL)) == 1)
        if (strncmp(lb_csv_cell(r, "scenario"), "anchor-", 7))
            return true;
    assert_int_equal(got, 0);
    return false;
}

/* The k-th value of a cell of several; "" where it is unknown. */
static const char *part(const struct lb_csv_reader *r, const char *column, size_t k)
{
    static char text[128];
    const char *at = lb_csv_cell(r, column);

    for (; k; k--) {
        at = strchr(at, ';');
        assert_non_null(at);
        at++;
    }
    snprintf(text, sizeof text, "%.*s", (int)strcspn(at, ";"), at);
    return text;
}

static size_t parts(const struct lb_csv_reader *r, const char *column)
{
    const char *at = lb_csv_cell(r, column);
    size_t n = *at ? 1 : 0;

    while ((at = strchr(at, ';'))) {
        at++;
        n++;
    }
    return n;
}

/* To the six digits of a cell. */
static void assert_about(const struct lb_csv_reader *r, const char *column, double value)
{
    if (!near_to(lb_csv_number(r, column), value, 1e-5 * fabs(value)))
        fail_msg("%s is %s, not %.10g", column, lb_csv_cell(r, column), value);
}

/* A spoiled window may hold no op at all. */
static void assert_per_op(const struct lb_csv_reader *r, const char *column, double count)
{
    double ops = lb_csv_number(r, "total_ops");

    if (ops > 0)
        assert_about(r, column, count / ops);
    else
        assert_cell(r, column, "");
}

#define FAULTS 8
static const struct {
    int error;
    enum lb_count_state state;
    const char *says; /* NULL: the errno's own words */
} faults[FAULTS] = {
    {EACCES, LB_COUNT_REFUSED, "not allowed"},
    {EPERM, LB_COUNT_REFUSED, "not allowed"},
    {ENOSYS, LB_COUNT_REFUSED, NULL},
    {EMFILE, LB_COUNT_REFUSED, NULL},
    {ENOSPC, LB_COUNT_REFUSED, "breakpoints are taken"},
    {ENOENT, LB_COUNT_UNSUPPORTED, "no such event"},
    {EINVAL, LB_COUNT_UNSUPPORTED, NULL},
    {ENXIO, LB_COUNT_UNSUPPORTED, "virtual machine"},
};

/* Three good ones, two that cannot even be asked for, and one for each errno. */
#define GOOD  3
#define MIXED (GOOD + 2 + FAULTS)

static void mixed_events(struct lb_event events[MIXED])
{
    pmu_start();
    events[0] = event_of(1, LB_EVENT_CYCLES);
    events[1] = event_of(2, LB_EVENT_INSTRUCTIONS);
    events[2] = event_of(3, LB_EVENT_LLC_MISS);
    events[3] = event_of(4, LB_EVENT_L2_MISS);
    strcpy(events[3].absent, "this machine lacks it");
    events[4] = event_of(5, -1);
    strcpy(events[4].string, "raw:nonsense");
    for (unsigned i = 0; i < FAULTS; i++) {
        events[5 + i] = event_of(6 + i, i ? -1 : LB_EVENT_HITM_LOCAL);
        pmu_rule(6 + i, faults[i].error, -1);
    }
}

static void check_reasons(const struct lb_run *run)
{
    for (size_t i = 0; i < MIXED; i++) {
        const struct lb_run_event *e = &run->events[i];
        enum lb_count_state state = i < GOOD ? LB_COUNT_COUNTED
                                    : i < 5  ? LB_COUNT_UNSUPPORTED
                                             : faults[i - 5].state;

        assert_int_equal(e->state, state);
        assert_int_equal(!*e->reason, i < GOOD);
        assert_false(e->armed);
        if (i < 5)
            continue;
        const char *says = faults[i - 5].says;
        assert_non_null(strstr(e->reason, says ? says : strerror(faults[i - 5].error)));
    }
    assert_string_equal(run->events[3].reason, "this machine lacks it");
    assert_non_null(strstr(run->events[4].reason, "raw:nonsense"));
    assert_int_equal(run->n_groups, 1);
    assert_int_equal(run->n_armed_groups, 0);
}

/* Counts of a window on two threads, in the order of the run's events. */
static void check_counted_row(const struct lb_csv_reader *r)
{
    static const char *const columns[] = {"cycles_per_op", "instructions_per_op",
                                          "llc_miss_per_op"};

    assert_cell(r, "events", "cycles;instructions;llc_miss");
    assert_cell(r, "event_states", "counted;counted;counted");
    assert_int_equal(parts(r, "event_counts"), GOOD);
    for (unsigned k = 0; k < GOOD; k++) {
        double count = 2.0 * (double)pmu_step(k + 1);
        assert_true(near_to(atof(part(r, "event_counts", k)), count, 1e-9));
        assert_true(near_to(atof(part(r, "event_scaled", k)), count, 1e-9));
        assert_true(near_to(atof(part(r, "event_enabled_ns", k)), 2 * PMU_NS, 1e-9));
        assert_true(near_to(atof(part(r, "event_running_ns", k)), 2 * PMU_NS, 1e-9));
        assert_per_op(r, columns[k], count);
    }
    assert_cell(r, "hitm_local_per_op", "");
    assert_cell(r, "l2_miss_per_op", "");
}

/* Sum over sum: what each event counted in the kept windows, over their ops. */
static double expected_per_op(const struct lb_run *run, const struct lb_result *l, size_t event)
{
    const struct lb_series *s = &run->series[l->case_index];
    double count = 0, ops = 0;

    for (size_t i = 0; i < s->n; i++) {
        const struct lb_tally *t = &s->tallies[l->role][i * run->n_events + event];
        if (s->samples[l->role][i].regime != l->regime || t->state == LB_COUNT_UNASKED ||
            !isfinite(t->count))
            continue;
        count += t->count;
        ops += t->ops;
    }
    return ops > 0 ? count / ops : (double)NAN;
}

static void check_summary_of_mixed(const struct lb_analysis *a, const struct lb_result *l,
                                   const struct lb_csv_reader *r)
{
    assert_int_equal(parts(r, "events"), MIXED);
    for (size_t i = 0; i < MIXED; i++) {
        const struct lb_result_count *k = &l->counts[i];
        assert_string_equal(part(r, "events", i), a->run->events[i].event.name);
        assert_string_equal(part(r, "event_states", i),
                            lb_count_state_name(a->run->events[i].state));
        assert_int_equal(k->windows, i < GOOD ? l->ns_op.n : 0);
        assert_int_equal(atoi(part(r, "event_windows", i)), (int)k->windows);
        if (i < GOOD)
            assert_true(near_to(k->per_op, expected_per_op(a->run, l, i), 1e-12));
        else
            assert_string_equal(part(r, "events_per_op", i), "");
    }
    assert_about(r, "cycles_per_op", l->counts[0].per_op);
    assert_about(r, "llc_miss_per_op", l->counts[2].per_op);
    assert_cell(r, "hitm_local_per_op", "");
    assert_cell(r, "l2_miss_per_op", "");
}

static void test_events_are_counted(void **state)
{
    struct lb_event events[MIXED];
    struct asked asked = {.events = events, .n_events = MIXED, .rounds = 2};
    struct real real = {0};
    struct lb_analysis *a = NULL;
    struct lb_csv_reader *r;
    struct lb_csv *csv;
    char path[64];
    size_t rows = 0;

    (void)state;
    mixed_events(events);
    measure_events(&real, &asked);
    check_reasons(real.run);
    check_series(&real);
    r = open_csv(real.path);
    for (; next_window(r); rows++)
        check_counted_row(r);
    lb_csv_reader_close(r);
    assert_int_equal(rows, real.run->windows);
    assert_int_equal(lb_analysis_create(real.run, &margin, 1, &a), 0);
    csv = create_csv(&lb_schema_summary, path);
    assert_int_equal(lb_analysis_write(a, csv, NULL), 0);
    lb_csv_close(csv);
    r = open_csv(path);
    for (size_t i = 0; i < a->n_lines; i++) {
        assert_true(next_window(r));
        check_summary_of_mixed(a, &a->lines[i], r);
    }
    lb_csv_reader_close(r);
    unlink(path);
    lb_analysis_destroy(a);
    finish(&real);
}

/* Groups that take turns */

static bool has_config(const struct pmu_group *g, unsigned config)
{
    for (int i = 0; i < g->n; i++)
        if (g->configs[i] == config)
            return true;
    return false;
}

/* Cycles and instructions in each, at most so many in any; every other config somewhere. */
static void check_groups(int most, unsigned last_config)
{
    assert_uint_in_range(pmu.n_groups, 1, PMU_GROUPS);
    for (unsigned c = 1; c <= last_config; c++) {
        bool somewhere = false;
        for (unsigned i = 0; i < pmu.n_groups; i++)
            somewhere |= has_config(&pmu.groups[i], c);
        assert_true(somewhere);
    }
    for (unsigned i = 0; i < pmu.n_groups; i++) {
        int watches = 0;
        for (int k = 0; k < pmu.groups[i].n; k++)
            watches += pmu.groups[i].configs[k] == PMU_WATCH;
        assert_uint_in_range(pmu.groups[i].n - watches, 2, most);
        assert_uint_in_range(watches, 0, LB_GROUP_WATCH);
        assert_true(has_config(&pmu.groups[i], 1) && has_config(&pmu.groups[i], 2));
    }
}

#define PLENTY 9

/* A group a round; where the number of groups shares a factor with that of the PUs, a step more
 * each time that both have been round, or each group would see one rotation of the roles alone. */
static int turn_of(const struct lb_run *run, int round, int groups)
{
    int pus = run->plan->placements[0].n, both = groups;

    while (both % pus)
        both += groups;
    return (round + (both < groups * pus ? round / both : 0)) % groups;
}

/* Which of the events 2 to PLENTY - 1 a round's window counts, by the groups' turns. */
static void check_turn(const struct lb_csv_reader *r, const struct lb_run *run, size_t n_events)
{
    int turn = turn_of(run, (int)lb_csv_number(r, "round"), run->n_groups);
    size_t k = 0;

    for (size_t i = 0; i < n_events; i++) {
        if (i >= 2 && run->events[i].group != turn)
            continue;
        assert_string_equal(part(r, "events", k++), run->events[i].event.name);
    }
    assert_int_equal(parts(r, "events"), k);
}

static void check_turns(const struct asked *asked, int n_groups)
{
    struct real real = {0};
    struct lb_csv_reader *r;

    measure_events(&real, asked);
    assert_int_equal(real.run->n_groups, n_groups);
    assert_int_equal(real.run->events[0].group, -1);
    assert_int_equal(real.run->events[1].group, -1);
    r = open_csv(real.path);
    while (next_window(r))
        check_turn(r, real.run, asked->n_events);
    lb_csv_reader_close(r);
    for (size_t c = 0; c < real.plan->n_cases; c++)
        for (size_t k = 0; k < real.run->series[c].n * asked->n_events; k++) {
            const struct lb_series *s = &real.run->series[c];
            int group = real.run->events[k % asked->n_events].group;
            int round = (int)s->samples[0][k / asked->n_events].round;
            int turn = turn_of(real.run, round, n_groups);
            bool due = group < 0 || group == turn;
            assert_int_equal(s->tallies[0][k].state, due ? LB_COUNT_COUNTED : LB_COUNT_UNASKED);
            assert_int_equal(s->tallies[0][k].ops > 0, due);
        }
    finish(&real);
}

static void test_groups_take_turns(void **state)
{
    static const struct {
        int at_once, n_groups, most;
    } cases[] = {{0, 3, 5}, {16, 3, 5}, {4, 4, 4}, {3, 7, 3}};
    struct lb_event events[PLENTY];
    struct asked asked = {.events = events, .n_events = PLENTY};

    (void)state;
    for (unsigned i = 0; i < PLENTY; i++)
        events[i] = event_of(i + 1, i == 0 ? LB_EVENT_CYCLES : i == 1 ? LB_EVENT_INSTRUCTIONS : -1);
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        pmu_start();
        pmu.slots = cases[i].most; /* a kernel that would not take more */
        asked.at_once = cases[i].at_once;
        asked.rounds = 2 * (unsigned)cases[i].n_groups + 1;
        check_turns(&asked, cases[i].n_groups);
        /* The checks at the start enable nothing. */
        check_groups(cases[i].most, PLENTY);
    }
    /* Cycles and instructions alone are counted in each round as well. */
    pmu_start();
    asked.n_events = 2;
    asked.rounds = 2;
    check_turns(&asked, 1);
    check_groups(2, 2);
}

/* No room beside cycles and instructions: then these take turns too, and nothing is lost. */
static void test_groups_of_few_counters(void **state)
{
    struct lb_event events[] = {event_of(1, LB_EVENT_CYCLES), event_of(2, LB_EVENT_INSTRUCTIONS),
                                event_of(3, -1), event_of(4, -1)};
    struct asked asked = {.events = events, .n_events = LB_COUNT(events)};

    (void)state;
    /* Whether it was told how many there are or finds out by trying. */
    for (int i = 0; i < 6; i++) {
        static const int groups[] = {4, 2, 2};
        struct real real = {0};
        int slots = 1 + i % 3;

        pmu_start();
        pmu.slots = slots;
        asked.at_once = i < 3 ? slots : 0;
        asked.rounds = (unsigned)groups[slots - 1];
        measure_events(&real, &asked);
        assert_int_equal(real.run->n_groups, asked.rounds);
        for (size_t c = 0; c < real.plan->n_cases; c++)
            for (size_t k = 0; k < real.run->series[c].n * asked.n_events; k++)
                assert_uint_in_range(real.run->series[c].tallies[0][k].state, LB_COUNT_UNASKED,
                                     LB_COUNT_COUNTED);
        finish(&real);
    }
}

#if defined(__x86_64__)
/* Words that nobody touches are no reason for windows of their own: they come in turns. */
static void test_untouched_words_take_turns(void **state)
{
    struct lb_event events[] = {event_of(1, LB_EVENT_CYCLES), event_of(2, LB_EVENT_INSTRUCTIONS),
                                event_of(3, -1), watch_of(LB_WATCH_UNTOUCHED0),
                                watch_of(LB_WATCH_UNTOUCHED1)};
    struct asked asked = {.events = events, .n_events = LB_COUNT(events), .rounds = 3};

    (void)state;
    pmu_start();
    check_turns(&asked, 2);
    check_groups(3, 3);
}
#endif

/* What was not counted has no value */

static void check_lost_row(const struct lb_csv_reader *r)
{
    assert_cell(r, "events", "cycles;raw:config=0x3");
    assert_cell(r, "event_states", "not counted;not counted");
    assert_cell(r, "event_counts", ";");
    assert_cell(r, "event_scaled", ";");
    assert_cell(r, "cycles_per_op", "");
    assert_true(lb_csv_number(r, "ns_op") > 0 || strcmp(lb_csv_cell(r, "status"), "ok"));
}

static void test_stolen_counters(void **state)
{
    static const enum pmu_trick tricks[] = {PMU_GONE, PMU_STILL, PMU_FAILS};
    struct lb_event events[] = {event_of(1, LB_EVENT_CYCLES), event_of(3, -1)};
    struct asked asked = {.events = events, .n_events = LB_COUNT(events), .rounds = 3};
    enum { UNTIL = 25 }; /* groups: in the second round at the latest, on one thread of two */

    (void)state;
    for (size_t i = 0; i < LB_COUNT(tricks); i++) {
        struct real real = {0};
        struct lb_analysis *a = NULL;
        struct lb_csv_reader *r;
        size_t counted = 0, lost = 0;

        pmu_start();
        pmu.trick = tricks[i];
        pmu.tricks_from = UNTIL;
        measure_events(&real, &asked);
        r = open_csv(real.path);
        while (next_window(r)) {
            bool known = !strcmp(lb_csv_cell(r, "event_states"), "counted;counted");
            if (!known)
                check_lost_row(r);
            counted += known;
            lost += !known;
        }
        lb_csv_reader_close(r);
        assert_true(counted > 0 && lost > 0);
        check_series(&real);
        assert_int_equal(lb_analysis_create(real.run, &margin, 1, &a), 0);
        for (size_t k = 0; k < a->n_lines; k++) {
            const struct lb_result_count *c = &a->lines[k].counts[0];
            double per_op = expected_per_op(real.run, &a->lines[k], 0);
            assert_true(c->windows ? near_to(c->per_op, per_op, 1e-12) && per_op > 0
                                   : isnan(c->per_op));
            assert_int_equal(c->state, c->windows ? LB_COUNT_COUNTED : LB_COUNT_LOST);
        }
        lb_analysis_destroy(a);
        finish(&real);
    }
}

static void test_scaled_counts(void **state)
{
    struct lb_event events[] = {event_of(1, LB_EVENT_CYCLES)};
    struct asked asked = {.events = events, .n_events = 1, .rounds = 1};
    struct real real = {0};
    struct lb_csv_reader *r;
    double step;

    (void)state;
    pmu_start();
    pmu.trick = PMU_HALF;
    step = (double)pmu_step(1);
    measure_events(&real, &asked);
    r = open_csv(real.path);
    while (next_window(r)) {
        assert_cell(r, "event_states", "scaled");
        assert_about(r, "event_counts", 2 * step);
        assert_about(r, "event_scaled", 4 * step);
        assert_about(r, "event_enabled_ns", 2 * PMU_NS);
        assert_about(r, "event_running_ns", PMU_NS);
        assert_per_op(r, "cycles_per_op", 4 * step);
    }
    lb_csv_reader_close(r);
    finish(&real);
}

/* A role's counts are those of its threads: one counts scaled, whichever role it plays. */
static void test_counts_by_role(void **state)
{
    static const struct lb_scenario *const observer[] = {S(OBSERVER)};
    struct lb_event events[] = {event_of(1, LB_EVENT_CYCLES)};
    struct asked asked = {.scenarios = observer, .events = events, .n_events = 1, .rounds = 2};
    struct real real = {0};
    struct lb_csv_reader *r;
    size_t scaled = 0, exact = 0;
    int pu_os;

    (void)state;
    real.topology = this_machine();
    pu_os = real.topology->pus[0].pu_os;
    lb_topology_destroy(real.topology);
    pmu_start();
    pmu.trick = PMU_HALF;
    pmu.trick_pu_os = pu_os;
    measure_events(&real, &asked);
    r = open_csv(real.path);
    while (next_window(r)) {
        if (strcmp(lb_csv_cell(r, "scenario"), "observer"))
            continue;
        bool here = (int)lb_csv_number(r, "pus_os") == pu_os;
        assert_cell(r, "event_states", here ? "scaled" : "counted");
        assert_about(r, "event_counts", (double)pmu_step(1));
        assert_about(r, "event_scaled", (here ? 2 : 1) * (double)pmu_step(1));
        scaled += here;
        exact += !here;
    }
    lb_csv_reader_close(r);
    assert_true(exact > 0);
    assert_int_equal(scaled > 0, pu_os == real.plan->placements[0].pu_os[0] ||
                                     pu_os == real.plan->placements[0].pu_os[1]);
    finish(&real);
}

/* Armed windows */

#if defined(__x86_64__)
static const char *const timing_columns[] = {"ns_op",          "machine_ns_op",  "wall_ns",
                                             "jain",           "min_over_max",   "sampled_share",
                                             "latency_p50_ns", "latency_samples"};

static void check_armed_row(const struct lb_csv_reader *r, const struct lb_run *run)
{
    double ops = lb_csv_number(r, "total_ops");

    for (size_t i = 0; i < LB_COUNT(timing_columns); i++)
        assert_cell(r, timing_columns[i], "");
    assert_cell(r, "reason", "");
    assert_cell(r, "attempt", "0");
    assert_true(ops >= 0 && ops <= 2 * LB_ARMED_OPS);
    for (size_t k = 0; k < parts(r, "events"); k++) {
        assert_memory_equal(part(r, "events", k), "bp:", 3);
        assert_int_equal(strcmp(part(r, "events", k), "bp:untouched0") != 0, true);
    }
    assert_true(parts(r, "events") <= LB_GROUP_WATCH);
    assert_true(run->n_armed_groups > 0);
}

/* One armed window a case and round, beside windows that know nothing of it. */
static void check_armed_rows(const struct real *real, const char *unarmed)
{
    unsigned seen[64][8] = {{0}};
    struct lb_csv_reader *r = open_csv(real->path);

    assert_uint_in_range(real->plan->n_cases, 1, 64);
    while (next_window(r)) {
        bool armed = !strcmp(lb_csv_cell(r, "status"), "armed");
        bool spoiled = !strcmp(lb_csv_cell(r, "status"), "spoiled");

        if (armed)
            check_armed_row(r, real->run);
        if (!armed && !spoiled) {
            assert_true(lb_csv_number(r, "ns_op") > 0);
            assert_cell(r, "events", unarmed);
        }
        for (size_t c = 0; c < real->plan->n_cases && armed; c++) {
            const struct lb_case *x = &real->plan->cases[c];
            char layout[LB_CASE_LAYOUT_BYTES];
            lb_case_layout(x, layout);
            seen[c][(int)lb_csv_number(r, "round")] +=
                !strcmp(x->shape.scenario->name, lb_csv_cell(r, "scenario")) &&
                !strcmp(layout, lb_csv_cell(r, "layout")) &&
                near_to(x->work_ns, lb_csv_number(r, "work_ns"), 1e-9);
        }
    }
    lb_csv_reader_close(r);
    for (size_t c = 0; c < real->plan->n_cases; c++)
        for (unsigned round = 0; round < real->run->rounds; round++)
            assert_int_equal(seen[c][round], real->plan->cases[c].armed);
}

/* They are in no statistics of time. */
static void check_armed_statistics(const struct real *real)
{
    size_t attempts = 0, armed = 0;
    struct lb_analysis *a = NULL;

    for (size_t i = 0; i < real->plan->n_cases; i++) {
        const struct lb_series *s = &real->run->series[i];
        attempts += s->attempts;
        armed += real->plan->cases[i].armed ? real->run->rounds : 0;
        assert_true(s->n <= real->run->rounds);
    }
    assert_int_equal(attempts + armed, real->run->windows);
    assert_int_equal(lb_analysis_create(real->run, &margin, 1, &a), 0);
    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_series *s = &real->run->series[a->lines[i].case_index];
        assert_int_equal(a->lines[i].ns_op.n + a->lines[i].windows_other, s->n);
    }
    lb_analysis_destroy(a);
}

static void test_armed_windows(void **state)
{
    struct lb_event events[] = {event_of(1, LB_EVENT_CYCLES), watch_of(LB_WATCH_COUNT),
                                watch_of(LB_WATCH_OWNER),     field_event("vm_start"),
                                watch_of(LB_WATCH_SEQ),       watch_of(LB_WATCH_STOP),
                                watch_of(LB_WATCH_UNTOUCHED0)};
    struct asked asked = {.events = events,
                          .n_events = LB_COUNT(events),
                          .rounds = 3,
                          .controls = true,
                          .armed = true};
    struct real real = {0};

    (void)state;
    pmu_start();
    measure_events(&real, &asked);
    assert_int_equal(real.run->n_armed_groups, 2);
    assert_int_equal(real.run->n_groups, 1);
    for (size_t i = 0; i < LB_COUNT(events); i++) {
        assert_int_equal(real.run->events[i].armed, i > 0 && i < 6);
        assert_int_equal(real.run->events[i].state, LB_COUNT_COUNTED);
    }
    check_armed_rows(&real, "cycles;bp:untouched0");
    check_armed_statistics(&real);
    /* An armed window is counted with the round's sample. */
    for (size_t c = 0; c < real.plan->n_cases; c++) {
        const struct lb_series *s = &real.run->series[c];
        for (size_t i = 0; i < s->n; i++) {
            const struct lb_tally *t = &s->tallies[0][i * LB_COUNT(events)];
            bool first = turn_of(real.run, (int)s->samples[0][i].round, 2) == 0;
            bool armed = real.plan->cases[c].armed;
            assert_int_equal(t[1].state != LB_COUNT_UNASKED, armed && first);
            assert_int_equal(t[5].state != LB_COUNT_UNASKED, armed && !first);
            assert_true(t[1].ops <= 2 * LB_ARMED_OPS);
        }
    }
    finish(&real);
    /* Where no breakpoint can be had, no window is spent on them. */
    pmu_start();
    pmu_rule(PMU_WATCH, ENOSPC, -1);
    measure_events(&real, &asked);
    assert_int_equal(real.run->n_armed_groups, 0);
    assert_non_null(strstr(real.run->events[1].reason, "breakpoints are taken"));
    struct lb_csv_reader *r = open_csv(real.path);
    while (next_window(r))
        assert_string_not_equal(lb_csv_cell(r, "status"), "armed");
    lb_csv_reader_close(r);
    finish(&real);
}

/* The controls answer for every word, those of the harness too: one add an op. */
static void check_real_controls(const struct real *real)
{
    struct lb_csv_reader *r = open_csv(real->path);

    while (next_window(r)) {
        bool control = !strncmp(lb_csv_cell(r, "scenario"), "control-", 8);
        if (strcmp(lb_csv_cell(r, "status"), "armed"))
            continue;
        for (size_t k = 0; control && k < parts(r, "events"); k++) {
            assert_string_equal(part(r, "event_states", k), "counted");
            assert_true(
                near_to(atof(part(r, "event_scaled", k)), lb_csv_number(r, "total_ops"), 1e-9));
        }
        /* Neighbours lock objects of their own: two stores to the count an op, none to stop. */
        for (size_t k = 0; !control && k < parts(r, "events"); k++) {
            double ops = lb_csv_number(r, "total_ops");
            bool stop = !strcmp(part(r, "events", k), "bp:stop");
            assert_true(near_to(atof(part(r, "event_scaled", k)), stop ? 0 : 2 * ops, 1e-9));
        }
    }
    lb_csv_reader_close(r);
}

static void test_real_armed_windows(void **state)
{
    struct lb_event events[] = {watch_of(LB_WATCH_COUNT), watch_of(LB_WATCH_STOP)};
    struct asked asked = {.events = events,
                          .n_events = LB_COUNT(events),
                          .rounds = 2,
                          .controls = true,
                          .armed = true,
                          .real = true};
    struct real real = {0};
    struct lb_analysis *a = NULL;
    char reason[512];

    (void)state;
    pmu_start();
    measure_events(&real, &asked);
    snprintf(reason, sizeof reason, "%s%s", real.run->events[0].reason, real.run->events[1].reason);
    if (!*reason) {
        check_armed_rows(&real, "");
        check_armed_statistics(&real);
        check_real_controls(&real);
        /* What the harness does not touch reads 0, and the shared control vouches for that. */
        assert_int_equal(lb_analysis_create(real.run, &margin, 1, &a), 0);
        for (size_t i = 0; i < a->n_lines; i++)
            if (real.plan->cases[a->lines[i].case_index].shape.layout &&
                a->lines[i].counts[1].windows)
                assert_true(near_to(a->lines[i].counts[1].per_op, 0, 0));
        lb_analysis_destroy(a);
    }
    finish(&real);
    if (*reason) {
        print_message("skipped: no breakpoint can be armed here: %s\n", reason);
        skip();
    }
}
#endif

/* Timed ops */

static void check_untimed(const struct lb_csv_reader *r)
{
    static const char *const columns[] = {"latency_samples", "latency_p50_ns",    "latency_max_ns",
                                          "own_op_ns",       "slow_threshold_ns", "transfer_ns",
                                          "slow_ops"};

    for (size_t i = 0; i < LB_COUNT(columns); i++)
        assert_cell(r, columns[i], "");
}

static void check_timed(const struct lb_csv_reader *r, double step_ns)
{
    double n = lb_csv_number(r, "latency_samples"), share = lb_csv_number(r, "sampled_share");
    double own = lb_csv_number(r, "own_op_ns"), transfer = lb_csv_number(r, "transfer_ns");

    assert_true(n > 0 && own >= 0 && isfinite(transfer));
    if (transfer > 1.01 * LB_TRANSFER_STEPS * step_ns) {
        assert_about(r, "slow_threshold_ns", own + transfer / 2);
        assert_true(lb_csv_number(r, "slow_ops") >= 0 && lb_csv_number(r, "slow_ops") <= n);
    } else if (transfer < 0.99 * LB_TRANSFER_STEPS * step_ns) {
        assert_cell(r, "slow_threshold_ns", "");
        assert_cell(r, "slow_ops", "");
    }
    assert_true(lb_csv_number(r, "latency_max_ns") >= 0);
    assert_int_equal(isnan(lb_csv_number(r, "latency_p50_ns")), n < 2);
    assert_int_equal(isnan(lb_csv_number(r, "latency_p999_ns")), n < 5000);
    assert_true(isnan(lb_csv_number(r, "latency_p99_ns")) ||
                lb_csv_number(r, "latency_p99_ns") <= lb_csv_number(r, "latency_max_ns") * 1.001);
    assert_true(share > 0 && share < 1);
}

/* The histograms kept are those of the good windows, a round each. */
static void check_kept(const struct real *real, bool timed)
{
    struct lb_analysis *a = NULL;
    size_t timed_lines = 0;

    assert_int_equal(lb_analysis_create(real->run, &margin, 1, &a), 0);
    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_result *l = &a->lines[i];
        const struct lb_series *s = &real->run->series[l->case_index];
        double n = 0;
        for (size_t k = 0; k < s->n; k++)
            if (s->samples[l->role][k].regime == l->regime)
                n += (double)s->latencies[l->role][k]->n;
        assert_true(near_to(l->latency.n, n, 0));
        assert_int_equal(isfinite(l->latency.max), n > 0);
        timed_lines += n > 0;
    }
    assert_int_equal(timed_lines > 0, timed && a->n_lines);
    lb_analysis_destroy(a);
}

static void test_nothing_timed_unasked(void **state)
{
    struct asked asked = {.rounds = 1};
    struct real real = {0};
    struct lb_csv_reader *r;

    (void)state;
    pmu_start();
    measure_events(&real, &asked);
    assert_string_equal(real.run->sampling_note, "not asked for");
    assert_true(isnan(real.run->timer_floor_ns));
    r = open_csv(real.path);
    while (next_window(r)) {
        check_untimed(r);
        assert_cell(r, "events", "");
        assert_cell(r, "event_states", "");
    }
    lb_csv_reader_close(r);
    check_kept(&real, false);
    assert_int_equal(pmu.opened, 0);
    finish(&real);
}

static void need_sampling(struct real *real)
{
    char note[160];

    if (!*real->run->sampling_note)
        return;
    snprintf(note, sizeof note, "%s", real->run->sampling_note);
    finish(real);
    print_message("skipped: no op is timed here: %s\n", note);
    skip();
}

static void test_timed_ops(void **state)
{
    struct asked asked = {.rounds = 2, .every = 7};
    struct real real = {0};
    struct lb_csv_reader *r;

    (void)state;
    pmu_start();
    measure_events(&real, &asked);
    need_sampling(&real);
    assert_true(real.run->timer_floor_ns >= 0 && real.run->own_add_ns >= 0);
    r = open_csv(real.path);
    while (next_window(r))
        if (!strcmp(lb_csv_cell(r, "status"), "ok"))
            check_timed(r, real.run->clock.step_ns);
    lb_csv_reader_close(r);
    check_series(&real);
    check_kept(&real, true);
    finish(&real);
}

/* Each instrument alone, and neither; the frame is bare. */
static void test_instruments_apart(void **state)
{
    struct lb_event events[] = {event_of(1, LB_EVENT_CYCLES)};
    struct asked asked = {
        .events = events, .n_events = 1, .rounds = 2, .every = 7, .instruments = true};
    struct real real = {0};
    struct lb_csv_reader *r;
    size_t counted = 0, timed = 0, bare = 0;

    (void)state;
    pmu_start();
    measure_events(&real, &asked);
    need_sampling(&real);
    r = open_csv(real.path);
    while (next_window(r)) {
        bool counts = strstr(lb_csv_cell(r, "layout"), "+counters") != NULL;
        bool times = strstr(lb_csv_cell(r, "layout"), "+sampling") != NULL;
        bool ok = !strcmp(lb_csv_cell(r, "status"), "ok");

        assert_cell(r, "events", counts ? "cycles" : "");
        assert_int_equal(isfinite(lb_csv_number(r, "cycles_per_op")),
                         counts && lb_csv_number(r, "total_ops") > 0);
        if (!times)
            check_untimed(r);
        else if (ok)
            check_timed(r, real.run->clock.step_ns);
        counted += counts;
        timed += times;
        bare += !counts && !times;
    }
    lb_csv_reader_close(r);
    assert_true(counted > 0 && timed > 0 && bare > 0);
    finish(&real);
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
        cmocka_unit_test(test_two_real_rounds),
        cmocka_unit_test(test_roles_and_residues_rotate),
        cmocka_unit_test(test_roles_are_their_threads),
        cmocka_unit_test(test_events_are_counted),
        cmocka_unit_test(test_groups_take_turns),
        cmocka_unit_test(test_groups_of_few_counters),
#if defined(__x86_64__)
        cmocka_unit_test(test_untouched_words_take_turns),
        cmocka_unit_test(test_armed_windows),
        cmocka_unit_test(test_real_armed_windows),
#endif
        cmocka_unit_test(test_stolen_counters),
        cmocka_unit_test(test_scaled_counts),
        cmocka_unit_test(test_counts_by_role),
        cmocka_unit_test(test_nothing_timed_unasked),
        cmocka_unit_test(test_timed_ops),
        cmocka_unit_test(test_instruments_apart),
        cmocka_unit_test(test_probes_that_did_not_meet),
        cmocka_unit_test(test_runs_that_end_at_once),
        cmocka_unit_test(test_budgets),
        cmocka_unit_test(test_what_does_not_fit_is_left_out_in_order),
        cmocka_unit_test(test_other_machines_are_not_measured),
    };

    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
