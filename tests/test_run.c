/* SPDX-License-Identifier: MIT
 *
 * Real runs of short windows, and from whose threads the figures of a role come. Nothing here
 * judges how fast anything is.
 */
#include "support/real_run.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A real run */

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
    assert_int_equal(lb_analysis_create(real.run, &margin, &a), 0);
    for (size_t i = 0; i < a->n_lines; i++)
        assert_true(!a->lines[i].compared ||
                    a->lines[i].comparison.verdict == LB_VERDICT_UNRESOLVED);
    lb_analysis_destroy(a);
    finish(&real);
}

static void keep_look(const struct lb_progress *progress, void *data)
{
    struct lb_run_look *kept = data;

    if (progress->look.compared)
        *kept = progress->look;
}

/* Of one scenario with a pause and one without: embedded against pointer once, whatever became of
 * it. The first look is after LB_FIRST_LOOK rounds. */
static void test_progress_says_how_many_are_decided(void **state)
{
    static const struct lb_scenario *const scenarios[] = {S(NEIGHBOURS)};
    static const double works[] = {0, 200};
    struct lb_run_look look = {0, 0, 0};
    struct lb_request r = {.scenarios = scenarios,
                           .n_scenarios = 1,
                           .writers = {1, 0},
                           .work_ns = works,
                           .n_work_ns = 2};
    struct lb_run_options options = {
        .seed = 1, .budget_s = 3, .precision_ns = 2, .progress = keep_look, .data = &look};
    struct real real = {0};

    (void)state;
    measure_as(&real, &r, &options);
    if (real.run->rounds > LB_FIRST_LOOK + 5) {
        assert_int_equal(look.compared, 1);
        assert_true(look.decided <= 1 && look.slower <= look.decided);
    }
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
    assert_true(lb_probes_agree(here, here, 2, 1.41));
    assert_true(lb_probes_agree(here, there, 1, 1.41));
    assert_false(lb_probes_agree(here, there, 2, 1.41));
    assert_false(lb_probes_agree(here, lost, 2, 1.41));
    assert_false(lb_probes_agree(lost, here, 2, 1.41));
    assert_false(lb_probes_agree(lost, lost, 2, 1.41));
    assert_true(lb_probes_agree(lost, lost, 0, 1.41));
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

static double six_rounds_s(const struct lb_runner *b)
{
    double s = 0;

    for (size_t i = 0; i < b->plan->n_cases; i++)
        if (b->run->series[i].active) /* the first is due in any case */
            s += lb_case_round_s(&b->plan->cases[i]) * (1 + 5.0 / b->plan->cases[i].every);
    return lb_runner_pace(b) * s;
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
        options.budget_s = 0.99 * six_rounds_s(&b);
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
                                   .timed_ns = 50.0 * k,
                                   .timed_ops = k,
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
    assert_true(near_to(s.own_mean_ns, a->own_mean_ns[role], 0));
    assert_true(near_to(s.wait_ns_op, 50 - a->own_mean_ns[role], 1e-12)); /* not of latencies cut */
    assert_true(near_to(s.transfer_ns, 70, 0) && near_to(s.costs[LB_COST_CHAIN], 140, 0));
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
                           .own_mean_ns = {21, 31},
                           .transfer_ns = 70,
                           .costs = {[LB_COST_CHAIN] = 140},
                           .ops = ops};
    struct order o = simple;
    struct made *m;
    struct lb_case c;

    (void)state;
    made_result(&results[0], 3);
    made_result(&results[1], 4);
    m = make(&o);
    c = m->plan->cases[find_in_plan(m->plan, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200)];
    check_role(&a, &c, 0, 7);
    c.blocks = true;
    check_role(&a, &c, 0, 7);
    drop(m);
    o.scenario = S(OBSERVER);
    m = make(&o);
    c = m->plan->cases[find_in_plan(m->plan, LB_SCENARIO_OBSERVER, "pointer", 0, 200)];
    check_role(&a, &c, 0, 3);
    check_role(&a, &c, 1, 4);
    drop(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_real_rounds),
        cmocka_unit_test(test_progress_says_how_many_are_decided),
        cmocka_unit_test(test_roles_and_residues_rotate),
        cmocka_unit_test(test_roles_are_their_threads),
        cmocka_unit_test(test_probes_that_did_not_meet),
        cmocka_unit_test(test_runs_that_end_at_once),
        cmocka_unit_test(test_budgets),
        cmocka_unit_test(test_what_does_not_fit_is_left_out_in_order),
        cmocka_unit_test(test_other_machines_are_not_measured),
    };

    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
