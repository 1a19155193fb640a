/* SPDX-License-Identifier: MIT
 *
 * Rates of roles: what a plan sets, what a run records, and which verdicts rest on them. Rates of
 * real runs are counts against recorded time.
 */
#include <linebounce/analysis.h>
#include <linebounce/scenario.h>

#include "report/table.h"
#include "support/busy.h"
#include "support/real_run.h"
#include "support/sanitized.h"
#include "support/text.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct lb_scenario *const mixed[] = {S(MIXED)}, *const observer[] = {S(OBSERVER)};

/* The plan */

static struct lb_plan *plan_of(const struct lb_scenario *const *scenario, struct lb_writers writers,
                               double write_every_ns, double observe_every_ns, double work_ns)
{
    static struct lb_layout layout;
    const struct lb_layout *pointer;
    struct lb_request r = {.suite = "test",
                           .scenarios = scenario,
                           .n_scenarios = 1,
                           .layouts = &layout,
                           .n_layouts = 1,
                           .writers = writers,
                           .write_every_ns = write_every_ns,
                           .observe_every_ns = observe_every_ns,
                           .work_ns = &work_ns,
                           .n_work_ns = 1};
    struct lb_topology *t = NULL;
    struct lb_plan *plan = NULL;

    assert_int_equal(lb_layout_find("pointer", NULL, &pointer), 0);
    layout = *pointer;
    assert_int_equal(lb_topology_load(pair_machine, NULL, &t), 0);
    assert_int_equal(lb_plan_create(&r, t, NULL, &plan), 0);
    lb_topology_destroy(t);
    return plan;
}

/* What the last case's rows are called by, and which of its roles go by the clock. */
static void expect_paced(struct lb_plan *plan, const char *every, bool first, bool second)
{
    const struct lb_case *c = &plan->cases[plan->n_cases - 1];
    struct lb_case_key key;
    char name[192], part[64];

    lb_case_key(plan, c, &key);
    assert_string_equal(key.cells[LB_KEY_EVERY], every);
    lb_case_name(plan, c, name, sizeof name);
    snprintf(part, sizeof part, "/every_ns:%s/", every);
    assert_int_equal(strstr(name, part) != NULL, *every != '\0');
    assert_int_equal(lb_workload_paced(&c->shape, 0), first);
    assert_int_equal(lb_workload_paced(&c->shape, 1), second);
    lb_plan_destroy(plan);
}

static void test_what_is_paced(void **state)
{
    const struct lb_writers one = {1, 0}, share = {0, 0.01};
    static const struct lb_scenario *const same[] = {S(SAME_OBJECT)};

    (void)state;
    expect_paced(plan_of(mixed, one, 20e3, 0, 200), "20000", false, true);
    expect_paced(plan_of(mixed, one, 20e3, 0, 0), "20000", false, true);
    expect_paced(plan_of(mixed, one, 0, 0, 200), "", false, false);
    expect_paced(plan_of(mixed, share, 20e3, 0, 200), "", false, false); /* which has no clock */
    expect_paced(plan_of(observer, one, 20e3, LB_EVERY_BY_WORK, 200), "400", true, true);
    expect_paced(plan_of(observer, one, 0, LB_EVERY_BY_WORK, 1000), "1200", true, true);
    expect_paced(plan_of(observer, one, 0, LB_EVERY_BY_WORK, 0), "", false, false); /* saturated */
    expect_paced(plan_of(observer, one, 0, 700, 200), "700", true, true);
    expect_paced(plan_of(observer, one, 0, 0, 200), "", false, false);
    expect_paced(plan_of(same, one, 20e3, 700, 200), "", false, false);
}

/* The rule */

static const struct order paced_writer = {.machine = pair_machine,
                                          .scenario = S(MIXED),
                                          .work_ns = 200,
                                          .controls = true,
                                          .write_every_ns = 20e3};
static const struct order free_writer = {
    .machine = pair_machine, .scenario = S(MIXED), .work_ns = 200, .controls = true};
static const struct order paced_roles = {.machine = pair_machine,
                                         .scenario = S(OBSERVER),
                                         .work_ns = 200,
                                         .controls = true,
                                         .observe_every_ns = 400};
static const struct order single = {
    .machine = pair_machine, .scenario = S(SAME_OBJECT), .work_ns = 200, .controls = true};

#define ROUNDS 40

/* Readers of embedded cost 30 ns more, its writer 60. */
static struct made *make_mixed(const struct order *o)
{
    struct made *m = make(o);

    fill_frame(m, 0, ROUNDS, 24, near);
    fill(m, find_in_plan(m->plan, o->scenario->kind, "pointer", 0, 200), 0, ROUNDS, 250, near);
    fill(m, find_in_plan(m->plan, o->scenario->kind, "embedded", 0, 200), 0, ROUNDS, 280, near);
    return m;
}

/* So many ops a second of a role, so many of the second role per 1000 of the first. */
static void set_rate(struct made *m, const char *layout, int role, double per_s, double per_kop)
{
    enum lb_scenario_kind kind = m->plan->cases[m->plan->n_cases - 1].shape.scenario->kind;
    struct lb_series *s = &m->run->series[find_in_plan(m->plan, kind, layout, 0, 200)];

    for (size_t i = 0; i < s->n; i++) {
        s->samples[role][i].machine_ns_op = 1e9 / per_s;
        s->samples[role][i].per_kop_of_first = role ? per_kop : NAN;
    }
}

/* What is said of embedded in a role: a verdict, or the reason that there is none. */
static void expect(const struct made *m, int role, const char *reason)
{
    enum lb_scenario_kind kind = m->plan->cases[m->plan->n_cases - 1].shape.scenario->kind;
    struct lb_analysis *a = analyse(m);
    const struct lb_result *l =
        lb_analysis_find(a, find_in_plan(m->plan, kind, "embedded", 0, 200), role);

    assert_non_null(l);
    assert_true(l->compared);
    if (reason && (!l->comparison.no_verdict || !strstr(l->comparison.no_verdict, reason)))
        fail_msg("'%s' instead of '%s'", l->comparison.no_verdict, reason);
    if (!reason && l->comparison.no_verdict)
        fail_msg("no verdict: %s", l->comparison.no_verdict);
    assert_int_equal(l->comparison.verdict, reason ? LB_VERDICT_UNRESOLVED : LB_VERDICT_SLOWER);
    lb_analysis_destroy(a);
}

static void expect_both(const struct made *m, const char *reason)
{
    expect(m, 0, reason);
    expect(m, 1, reason);
}

static void test_rates_a_second(void **state)
{
    struct made *m = make_mixed(&paced_writer);

    (void)state;
    set_rate(m, "pointer", 1, 50000, 11);
    set_rate(m, "embedded", 1, 50000, 14); /* its readers are slower, and meet as many a second */
    expect_both(m, NULL);
    set_rate(m, "embedded", 1, 54000, 11);
    expect_both(m, NULL);
    set_rate(m, "embedded", 1, 56000, 11);
    expect_both(m, "differ by more than 10 % (ops a second)");
    set_rate(m, "embedded", 1, 46000, 11);
    expect_both(m, NULL);
    set_rate(m, "pointer", 1, 51000, 11);
    expect_both(m, "differ by more than 10 % (ops a second)");
    drop(m);
}

/* Where both sides are as slow, they are equal and still not what was asked for. */
static void test_rates_that_fall_short(void **state)
{
    struct made *m = make_mixed(&paced_writer);

    (void)state;
    set_rate(m, "pointer", 1, 44000, 11);
    set_rate(m, "embedded", 1, 44000, 11);
    expect_both(m, "fell short of the rate that was set");
    set_rate(m, "pointer", 1, 46000, 11);
    set_rate(m, "embedded", 1, 46000, 11);
    expect_both(m, NULL);
    drop(m);
}

static void test_rates_beside_the_other_role(void **state)
{
    struct made *m = make_mixed(&free_writer);

    (void)state;
    set_rate(m, "pointer", 1, 900000, 326);
    set_rate(m, "embedded", 1, 700000, 340); /* a second is nobody's setting */
    expect_both(m, NULL);
    set_rate(m, "embedded", 1, 900000, 559);
    expect_both(m, "of the second role per 1000 of the first");
    drop(m);
}

/* Of two roles each has to reach its rate. */
static void test_rates_of_both_roles(void **state)
{
    struct made *m = make_mixed(&paced_roles);

    (void)state;
    for (int role = 0; role < 2; role++) {
        set_rate(m, "pointer", role, 2.5e6, 1000);
        set_rate(m, "embedded", role, 2.5e6, 1000);
    }
    expect_both(m, NULL);
    for (int role = 0; role < 2; role++) {
        set_rate(m, "embedded", role, 2.0e6, 1000);
        expect_both(m, "fell short");
        set_rate(m, "embedded", role, 2.5e6, 1000);
    }
    drop(m);
}

/* One role is as fast as it is: that is the question. */
static void test_rates_of_others_are_their_result(void **state)
{
    struct made *m = make_mixed(&single);

    (void)state;
    set_rate(m, "pointer", 0, 4e6, 0);
    set_rate(m, "embedded", 0, 2e6, 0);
    expect(m, 0, NULL);
    drop(m);
}

/* What is empty, and what is said */

static char *say(const struct made *m)
{
    struct lb_analysis *a = analyse(m);
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    assert_non_null(out);
    table_layouts(a, out);
    fclose(out);
    lb_analysis_destroy(a);
    return text;
}

static void test_table_says_the_rates(void **state)
{
    struct made *m = make_mixed(&paced_writer);
    char *text;

    (void)state;
    set_rate(m, "pointer", 1, 50012, 11.24);
    set_rate(m, "embedded", 1, 31000, 8.06);
    text = say(m);
    assert_has(text, "; writer begins an op every 20 us");
    assert_has(text, "at 200 ns: ops of writer a second, per 1000 of reader: pointer 50012, 11.2;\n"
                     "      embedded 31000 (62 % of what was set), 8.1");
    assert_has(text, "fell short of the rate that was set");
    free(text);
    drop(m);
}

/* Of the line's rows in the file: role by role. */
static void check_cells(const struct made *m, const char *column, const char *reader,
                        const char *writer)
{
    struct lb_analysis *a = analyse(m);
    struct lb_csv_reader *r;
    struct lb_csv *csv;
    char path[64];
    int rows = 0;

    csv = create_csv(&lb_schema_summary, path);
    assert_int_equal(lb_analysis_write(a, csv, NULL), 0);
    lb_csv_close(csv);
    r = open_csv(path);
    while (lb_csv_next(r, NULL) == 1) {
        const char *wanted = strcmp(lb_csv_cell(r, "role"), "writer") ? reader : writer;
        if (strcmp(lb_csv_cell(r, "layout"), "pointer"))
            continue;
        rows++;
        if (strcmp(wanted, "*") ? strcmp(lb_csv_cell(r, column), wanted) != 0
                                : !*lb_csv_cell(r, column))
            fail_msg("%s of %s is '%s'", column, lb_csv_cell(r, "role"), lb_csv_cell(r, column));
    }
    assert_int_equal(rows, 2);
    lb_csv_reader_close(r);
    unlink(path);
    lb_analysis_destroy(a);
}

/* A writer's time holds no pause that could be taken off, and its CPU is busy waiting. */
static void test_cells_that_mean_nothing_are_empty(void **state)
{
    static const char *const of_readers[] = {"net_ns_op_hl", "net_ns_op_ci95_lo",
                                             "cpu_ns_op_median", "cpu_ns_op_mean"};
    struct made *m = make_mixed(&paced_writer);

    (void)state;
    set_rate(m, "pointer", 0, 4e6, 0);
    set_rate(m, "pointer", 1, 50000, 11.25);
    for (size_t i = 0; i < LB_COUNT(of_readers); i++)
        check_cells(m, of_readers[i], "*", "");
    check_cells(m, "ns_op_median", "*", "*");
    check_cells(m, "every_ns", "20000", "20000");
    check_cells(m, "ops_per_s_median", "*", "50000");
    check_cells(m, "ops_per_kop_of_first_median", "", "11.25");
    drop(m);
    m = make_mixed(&free_writer);
    for (size_t i = 0; i < LB_COUNT(of_readers); i++)
        check_cells(m, of_readers[i], "*", "*");
    check_cells(m, "every_ns", "", "");
    drop(m);
}

/* Real runs: windows of 2 ms in mixed too, since of those of 50 ms none is good on a busy machine.
 */

static void measure_short(struct real *real, struct lb_request *r,
                          const struct lb_run_options *options)
{
    static const char *const names[] = {"pointer", "embedded"};
    static struct lb_layout layouts[2];
    struct lb_why why = {""};

    for (size_t i = 0; i < 2; i++) {
        const struct lb_layout *l;
        assert_int_equal(lb_layout_find(names[i], NULL, &l), 0);
        layouts[i] = *l;
    }
    *real = (struct real){.topology = this_machine()};
    r->suite = "test";
    r->layouts = layouts;
    r->n_layouts = 2;
    if (lb_plan_create(r, real->topology, &why, &real->plan))
        fail_msg("%s", why.text);
    for (size_t i = 0; i < real->plan->n_cases; i++)
        real->plan->cases[i].window_ns = LB_WINDOW_NS;
    if (lb_run_measure(real->plan, real->topology, options, NULL, &why, &real->run))
        fail_msg("%s", why.text);
}

static void measure_paced(struct real *real, const struct lb_scenario *const *scenario,
                          struct lb_writers writers, unsigned rounds)
{
    struct lb_request r = {.scenarios = scenario,
                           .n_scenarios = 1,
                           .writers = writers,
                           .write_every_ns = LB_WRITE_EVERY_NS,
                           .observe_every_ns = LB_EVERY_BY_WORK,
                           .work_ns = headline,
                           .n_work_ns = 1};
    struct lb_run_options options = {
        .seed = 1, .budget_s = 1e6, .rounds = rounds, .precision_ns = 2};

    measure_short(real, &r, &options);
}

static const struct lb_series *series_of(const struct real *real, size_t layout)
{
    return &real->run->series[real->plan->n_cases - 2 + layout];
}

static void needs_windows(struct real *real, size_t n)
{
    if (n)
        return;
    finish(real);
    skip_busy("a good window");
}

/* Both roles at the rate that was set, and at one another's. */
static void test_roles_of_observer_have_one_rate(void **state)
{
    struct real real;
    double rates[2] = {0, 0}, per_kop = 0;
    size_t n = 0;

    (void)state;
    if (SANITIZED) {
        print_message("skipped: under a sanitizer an op takes longer than the time between two\n");
        skip();
    }
    measure_paced(&real, observer, (struct lb_writers){1, 0}, 6);
    for (size_t layout = 0; layout < 2; layout++)
        for (size_t i = 0; i < series_of(&real, layout)->n; i++) {
            const struct lb_sample *lock = &series_of(&real, layout)->samples[0][i];
            const struct lb_sample *observe = &series_of(&real, layout)->samples[1][i];
            rates[0] += lb_sample_rate(lock);
            rates[1] += lb_sample_rate(observe);
            per_kop += observe->per_kop_of_first;
            assert_true(observe->ns_op < 400 && observe->late_ns_op >= 0);
            assert_true(isnan(observe->sampled_share) && isnan(lock->per_kop_of_first));
            n++;
        }
    needs_windows(&real, n);
    assert_true(fabs(rates[0] / (double)n / 2.5e6 - 1) < 0.1);
    assert_true(fabs(rates[1] / (double)n / 2.5e6 - 1) < 0.1);
    assert_true(fabs(per_kop / (double)n - 1000) < 100);
    finish(&real);
}

/* Every layout of a round has the same schedule: as many writes. */
static void test_layouts_meet_as_many_writes(void **state)
{
    struct real real;
    double rates = 0;
    size_t n = 0;

    (void)state;
    measure_paced(&real, mixed, (struct lb_writers){1, 0}, 12);
    for (size_t i = 0; i < series_of(&real, 0)->n; i++)
        for (size_t j = 0; j < series_of(&real, 1)->n; j++) {
            const struct lb_sample *a = &series_of(&real, 0)->samples[1][i];
            const struct lb_sample *b = &series_of(&real, 1)->samples[1][j];
            /* Who was held up for long makes up for it after the stop, where nothing counts. */
            if (a->round != b->round || a->late_ns_op > 1000 || b->late_ns_op > 1000)
                continue;
            /* Of 120; the last may come after the stop. */
            assert_true(fabs(a->total_ops - b->total_ops) <= 3);
            rates += lb_sample_rate(a);
            assert_true(near_to(a->account.mm_writes, a->total_ops, 0) && a->per_kop_of_first > 0);
            n++;
        }
    needs_windows(&real, n);
    assert_true(fabs(rates / (double)n / 5e4 - 1) < 0.1);
    finish(&real);
}

/* A share is what was asked for, and counted. */
static void test_share_is_counted(void **state)
{
    struct real real;
    size_t n = 0;

    (void)state;
    measure_paced(&real, mixed, (struct lb_writers){0, 0.05}, 12);
    for (size_t layout = 0; layout < 2; layout++)
        for (size_t i = 0; i < series_of(&real, layout)->n; i++) {
            const struct lb_sample *x = &series_of(&real, layout)->samples[0][i];
            double writes = x->account.mm_writes;
            assert_true(
                near_to(x->per_kop_of_first, 1000 * writes / (x->total_ops - writes), 1e-6));
            assert_true(fabs(writes / x->total_ops - 0.05) < 0.02);
            n++;
        }
    needs_windows(&real, n);
    finish(&real);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_paced),
        cmocka_unit_test(test_rates_a_second),
        cmocka_unit_test(test_rates_that_fall_short),
        cmocka_unit_test(test_rates_beside_the_other_role),
        cmocka_unit_test(test_rates_of_both_roles),
        cmocka_unit_test(test_rates_of_others_are_their_result),
        cmocka_unit_test(test_table_says_the_rates),
        cmocka_unit_test(test_cells_that_mean_nothing_are_empty),
        cmocka_unit_test(test_roles_of_observer_have_one_rate),
        cmocka_unit_test(test_layouts_meet_as_many_writes),
        cmocka_unit_test(test_share_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
