/* SPDX-License-Identifier: MIT
 *
 * causes: what is accounted, timed and counted of a line, on samples that the test makes up. Sums
 * are sums over sums; a regime's windows alone count; and what was not counted has no value, nor
 * has a zero that no positive control stands up for.
 */
#include <linebounce/analysis.h>
#include <linebounce/scenario.h>

#include "report/expected_table.h"
#include "run/run_private.h"
#include "support/cases.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct lb_margin margin = {LB_MARGIN_NS, LB_MARGIN_SHARE};
static const float near = 60, far = 330;

/* A made-up run: observer and what frames it, at 200 ns, on two placements. */
struct made {
    struct lb_layout layouts[2];
    struct lb_plan *plan;
    struct lb_run *run;
};

enum { CYCLES, HITM, OTHER, EVENTS };

static void name_event(struct lb_run_event *e, const char *name, int quantity)
{
    snprintf(e->event.name, sizeof e->event.name, "%s", name);
    e->event.quantity = quantity;
    e->state = LB_COUNT_COUNTED;
}

static struct lb_plan *make_plan(const struct lb_layout *layouts)
{
    static const struct lb_scenario *const scenarios[] = {S(OBSERVER)};
    static const char *const placements[] = {"l3", "package"};
    static const double work_ns[] = {200};
    struct lb_request r = {.suite = "test",
                           .scenarios = scenarios,
                           .n_scenarios = 1,
                           .layouts = layouts,
                           .n_layouts = 2,
                           .placements = placements,
                           .n_placements = 2,
                           .work_ns = work_ns,
                           .n_work_ns = 1,
                           .baseline = "pointer",
                           .controls = true};
    struct lb_topology *t = NULL;
    struct lb_plan *plan = NULL;
    struct lb_why why = {""};

    if (lb_topology_load("pack:1 numa:1 l3:2 l2:2 core:1 pu:1", &why, &t) ||
        lb_plan_create(&r, t, &why, &plan))
        fail_msg("%s", why.text);
    lb_topology_destroy(t);
    return plan;
}

static int setup(void **state)
{
    static const char *const names[] = {"pointer", "embedded"};
    struct made *m = calloc(1, sizeof *m);
    const struct lb_layout *l;

    assert_non_null(m);
    for (size_t i = 0; i < LB_COUNT(names); i++) {
        assert_int_equal(lb_layout_find(names[i], NULL, &l), 0);
        m->layouts[i] = *l;
    }
    m->plan = make_plan(m->layouts);
    m->run = calloc(1, sizeof *m->run);
    assert_non_null(m->run);
    m->run->plan = m->plan;
    m->run->clock.ns_per_tick = 0.5;
    m->run->series = calloc(m->plan->n_cases, sizeof *m->run->series);
    m->run->events = calloc(EVENTS, sizeof *m->run->events);
    assert_true(m->run->series && m->run->events);
    m->run->n_events = EVENTS;
    name_event(&m->run->events[CYCLES], "cycles", LB_EVENT_CYCLES);
    name_event(&m->run->events[HITM], "hitm_local", LB_EVENT_HITM_LOCAL);
    name_event(&m->run->events[OTHER], "raw:config=0x1", -1);
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    struct made *m = *state;

    lb_run_destroy(m->run);
    lb_plan_destroy(m->plan);
    free(m);
    return 0;
}

static int observed(const struct made *m)
{
    return find_in_plan(m->plan, LB_SCENARIO_OBSERVER, "embedded", 0, 200);
}

static int control(const struct made *m)
{
    return find_in_plan(m->plan, LB_SCENARIO_CONTROL_SHARED, "", 0, 200);
}

static void *grown(void *memory, size_t n, size_t bytes)
{
    void *more = realloc(memory, (n + 1) * bytes);

    assert_non_null(more);
    memset((char *)more + n * bytes, 0, bytes);
    return more;
}

static void add_role(const struct made *m, struct lb_series *s, int role, double ops)
{
    size_t n = s->n, bytes = m->run->n_events * sizeof *s->tallies[role];
    struct lb_latency empty = {0};

    s->samples[role] = grown(s->samples[role], n, sizeof *s->samples[role]);
    s->samples[role][n] = (struct lb_sample){.round = (unsigned)n,
                                             .ns_op = 200,
                                             .machine_ns_op = 100,
                                             .jain = 1,
                                             .min_over_max = 1,
                                             .own_op_ns = (double)NAN,
                                             .slow_ns = (double)NAN,
                                             .transfer_ns = (double)NAN,
                                             .total_ops = ops};
    if (bytes)
        s->tallies[role] = grown(s->tallies[role], n, bytes);
    s->latencies[role] = grown(s->latencies[role], n, sizeof *s->latencies[role]);
    s->latencies[role][n] = lb_latency_keep(&empty);
    assert_non_null(s->latencies[role][n]);
}

/* One good round in which nothing was timed or counted: its sample of role 0. */
static struct lb_sample *add(struct made *m, int index, float probe, double ops)
{
    struct lb_series *s = &m->run->series[index];

    for (int role = 0; role < lb_case_roles(&m->plan->cases[index]); role++)
        add_role(m, s, role, ops);
    s->probes = grown(s->probes, s->n, sizeof *s->probes);
    s->probes[s->n] = probe;
    s->changes = grown(s->changes, s->n, sizeof *s->changes);
    s->changes[s->n] = 1;
    s->n_links = 1;
    s->tried = ++s->attempts;
    return &s->samples[0][s->n++];
}

/* Windows that say nothing but that there are two distances. */
static void add_distances(struct made *m)
{
    int empty = m->plan->cases[observed(m)].empty;

    for (int i = 0; i < 10; i++)
        add(m, empty, i % 2 ? near : far, 10);
}

/* What the last round of a case counted of an event. */
static void count(struct made *m, int index, int role, int event, enum lb_count_state state,
                  double value)
{
    struct lb_series *s = &m->run->series[index];
    bool known = state == LB_COUNT_COUNTED || state == LB_COUNT_SCALED;

    s->tallies[role][(s->n - 1) * m->run->n_events + (size_t)event] = (struct lb_tally){
        .count = known ? value : (double)NAN,
        .ops = s->samples[role][s->n - 1].total_ops,
        .state = state,
    };
}

/* What it timed: `n` ops of `ticks` each and one of `last`, slow above `slow`. */
static void time_ops(struct made *m, int index, int role, unsigned n, uint64_t ticks, uint64_t last,
                     uint64_t slow)
{
    struct lb_series *s = &m->run->series[index];
    struct lb_latency *sum = calloc(1, sizeof *sum);

    assert_non_null(sum);
    for (unsigned i = 0; i < n; i++)
        lb_latency_add(sum, ticks, slow);
    lb_latency_add(sum, last, slow);
    free(s->latencies[role][s->n - 1]);
    s->latencies[role][s->n - 1] = lb_latency_keep(sum);
    assert_non_null(s->latencies[role][s->n - 1]);
    free(sum);
}

static struct lb_analysis *analyse(const struct made *m)
{
    struct lb_analysis *a = NULL;

    assert_int_equal(lb_analysis_create(m->run, &margin, &a), 0);
    return a;
}

static const struct lb_result *line_in(const struct lb_analysis *a, int index, int role, int regime)
{
    for (size_t i = 0; i < a->n_lines; i++)
        if (a->lines[i].case_index == index && a->lines[i].role == role &&
            a->lines[i].regime == regime)
            return &a->lines[i];
    fail_msg("no line of case %d, role %d, regime %d", index, role, regime);
    return NULL;
}

static void assert_near(double value, double expected)
{
    if (!(fabs(value - expected) <= 1e-9 * (1 + fabs(expected))))
        fail_msg("%.15g is not %.15g", value, expected);
}

/* Accounted */

static void set_account(struct lb_sample *s, double k)
{
    s->account = (struct lb_account){.cpu_ns = 1000 * k,
                                     .wall_ns = 1500 * k,
                                     .preempted_ns = 300 * k,
                                     .voluntary = 2 * k,
                                     .involuntary = 3 * k,
                                     .fallbacks = 4 * k,
                                     .retries = 5 * k,
                                     .spins_owner = 6 * k,
                                     .spins_queue = 7 * k,
                                     .spins_reader = 8 * k,
                                     .spin_limits = 9 * k,
                                     .steals = 10 * k,
                                     .sleeps = 11 * k,
                                     .wakes = 12 * k,
                                     .handoffs = 13 * k};
}

/* `k` is the sum of what set_account was told. */
static void check_account(const struct lb_result *l, double k, double ops)
{
    double kops = ops / 1000;

    assert_near(l->per.cpu_ns, 1000 * k / ops);
    assert_near(l->per.off_cpu_ns, 500 * k / ops);
    assert_near(l->per.preempted_ns, 300 * k / ops);
    assert_near(l->per.voluntary, 2 * k / kops);
    assert_near(l->per.involuntary, 3 * k / kops);
    assert_near(l->per.fallbacks, 4 * k / kops);
    assert_near(l->per.retries, 5 * k / kops);
    assert_near(l->per.spins_owner, 6 * k / ops);
    assert_near(l->per.spins_queue, 7 * k / ops);
    assert_near(l->per.spins_reader, 8 * k / ops);
    assert_near(l->per.spin_limits, 9 * k / kops);
    assert_near(l->per.steals, 10 * k / kops);
    assert_near(l->per.sleeps, 11 * k / kops);
    assert_near(l->per.wakes, 12 * k / kops);
    assert_near(l->per.handoffs, 13 * k / kops);
}

/* Windows of few ops weigh as many as they hold, and each regime and role has its own sums. */
static void test_sums_over_sums(void **state)
{
    struct made *m = *state;
    struct lb_analysis *a;
    int c = observed(m);

    add_distances(m);
    set_account(add(m, c, near, 10), 90);
    set_account(add(m, c, near, 990), 10);
    set_account(add(m, c, far, 100), 1);
    set_account(&m->run->series[c].samples[1][0], 7);
    a = analyse(m);
    check_account(line_in(a, c, 0, 0), 100, 1000);
    check_account(line_in(a, c, 0, 1), 1, 100);
    check_account(line_in(a, c, 1, 0), 7, 1000);
    assert_int_equal(line_in(a, c, 0, 0)->windows_other, 1);
    assert_int_equal(line_in(a, c, 0, 1)->windows_other, 2);
    lb_analysis_destroy(a);
}

/* The C library's locks keep what they do to themselves; that is not 0. */
static void test_locks_that_say_nothing(void **state)
{
    struct made *m = *state;
    struct lb_analysis *a;
    const struct lb_result *l;
    int c = observed(m);

    m->plan->cases[c].shape.lock = LB_LOCK_PTHREAD_RWLOCK;
    set_account(add(m, c, near, 1000), 100);
    a = analyse(m);
    l = line_in(a, c, 0, 0);
    assert_near(l->per.fallbacks, 400); /* the harness's own */
    assert_near(l->per.voluntary, 200);
    const double unknown[] = {l->per.retries,      l->per.spins_owner, l->per.spins_queue,
                              l->per.spins_reader, l->per.spin_limits, l->per.steals,
                              l->per.sleeps,       l->per.wakes,       l->per.handoffs};
    for (size_t i = 0; i < LB_COUNT(unknown); i++)
        assert_true(isnan(unknown[i]));
    lb_analysis_destroy(a);
}

static void test_more_cpu_than_wall_time(void **state)
{
    struct made *m = *state;
    struct lb_analysis *a;
    int c = observed(m);
    struct lb_sample *s = add(m, c, near, 10);

    s->account.cpu_ns = 1001; /* the clocks of the two are not one */
    s->account.wall_ns = 1000;
    a = analyse(m);
    assert_near(line_in(a, c, 0, 0)->per.off_cpu_ns, 0);
    lb_analysis_destroy(a);
}

/* The kernel's ticks are too coarse for the split of less than a second. */
static void test_split_of_cpu_time(void **state)
{
    struct made *m = *state;
    struct lb_analysis *a;
    int c = observed(m);

    add_distances(m);
    for (int i = 0; i < 3; i++) {
        struct lb_sample *s = add(m, c, i == 2 ? far : near, i ? 300 : 100);
        s->account.wall_ns = i ? 0.5e9 - 1 : 0.5e9;
        s->account.user_ns = 3e8;
        s->account.system_ns = i ? 1e8 : 0;
    }
    a = analyse(m); /* a nanosecond is missing, and the other regime's time is not to be had */
    assert_true(isnan(line_in(a, c, 0, 0)->per.user_ns));
    assert_true(isnan(line_in(a, c, 0, 0)->per.system_ns));
    lb_analysis_destroy(a);
    m->run->series[c].samples[0][1].account.wall_ns = 0.5e9;
    a = analyse(m);
    assert_near(line_in(a, c, 0, 0)->per.user_ns, 6e8 / 400);
    assert_near(line_in(a, c, 0, 0)->per.system_ns, 1e8 / 400);
    assert_true(isnan(line_in(a, c, 0, 1)->per.user_ns));
    assert_true(isnan(line_in(a, c, 1, 0)->per.user_ns));
    lb_analysis_destroy(a);
}

/* Timed */

static void set_scalars(struct lb_sample *s, double own, double transfer, double share)
{
    s->own_op_ns = own;
    s->transfer_ns = transfer;
    s->slow_ns = own + transfer / 2;
    s->sampled_share = share;
}

/* Half a nanosecond a tick; ops of 40 and 100 ticks have buckets that are exact and 2 wide. */
static void test_latencies_of_a_regime(void **state)
{
    struct made *m = *state;
    const struct lb_result_latency *t;
    struct lb_analysis *a;
    int c = observed(m);

    add_distances(m);
    set_scalars(add(m, c, near, 10), 20, 60, 0.01);
    time_ops(m, c, 0, 299, 40, 1000, 100);
    set_scalars(add(m, c, near, 10), 30, 70, 0.04);
    time_ops(m, c, 0, 199, 40, 2000, 30); /* what this window takes for slow does not count */
    add(m, c, near, 10);                  /* nothing timed, nothing known */
    set_scalars(add(m, c, near, 10), 26, 68, 0.03);
    set_scalars(add(m, c, far, 10), 500, 600, 0.5);
    time_ops(m, c, 0, 9, 60, 50000, UINT64_MAX);
    a = analyse(m);
    t = &line_in(a, c, 0, 0)->latency;
    assert_near(t->n, 500);
    assert_near(t->p50, 20);
    assert_near(t->p90, 20);
    assert_near(t->p99, 20);
    assert_true(isnan(t->p999)); /* half a value would lie beyond it */
    assert_near(t->max, 1000);
    assert_near(t->own_op_ns, 26);
    assert_near(t->transfer_ns, 68);
    assert_near(t->slow_ns, (20 + 30 + 26) / 3.0 + (60 + 70 + 68) / 3.0 / 2);
    assert_near(t->slow_per_kop, 1000.0 * 2 / 500);
    assert_near(t->sampled_share, 0.02); /* between 0.01 and 0.03: 0 is a share as well */
    t = &line_in(a, c, 0, 1)->latency;
    assert_near(t->n, 10);
    assert_near(t->p50, 30);
    assert_true(isnan(t->p90) && isnan(t->p99) && isnan(t->p999));
    assert_near(t->max, 25000);
    assert_near(t->own_op_ns, 500);
    assert_near(t->slow_ns, 500 + 600 / 2.0);
    assert_near(t->slow_per_kop, 100); /* the one of 25 us */
    t = &line_in(a, c, 1, 0)->latency; /* the other role's */
    assert_near(t->n, 0);
    lb_analysis_destroy(a);
}

static void test_high_quantiles(void **state)
{
    struct made *m = *state;
    struct lb_analysis *a;
    int c = observed(m);

    add(m, c, near, 10);
    time_ops(m, c, 0, 4989, 40, 41, UINT64_MAX);
    add(m, c, near, 10);
    time_ops(m, c, 0, 8, 60, 62, UINT64_MAX);
    a = analyse(m);
    assert_near(line_in(a, c, 0, 0)->latency.n, 4999);
    assert_true(isnan(line_in(a, c, 0, 0)->latency.p999));
    lb_analysis_destroy(a);
    time_ops(m, c, 0, 9, 60, 62, UINT64_MAX);
    a = analyse(m);
    assert_near(line_in(a, c, 0, 0)->latency.p99, 20);
    assert_near(line_in(a, c, 0, 0)->latency.p999, 30);
    assert_near(line_in(a, c, 0, 0)->latency.max, 31);
    lb_analysis_destroy(a);
}

/* Two layouts whose windows were calibrated in steps of 10 ns, each with its luck, are held against
 * one threshold; the fetch is that of all cases of the regime. */
static void test_one_threshold(void **state)
{
    struct made *m = *state;
    int c[] = {observed(m), find_in_plan(m->plan, LB_SCENARIO_OBSERVER, "pointer", 0, 200)};

    m->run->clock.step_ns = 10;
    for (int i = 0; i < 2; i++)
        for (int window = 0; window < 4; window++) {
            double own = window < 1 + 2 * i ? 40 : 30; /* of the eight windows four say 40 */
            set_scalars(add(m, c[i], near, 10), own, 30, 0.01);
            time_ops(m, c[i], 0, 19, 100, 120, 90); /* 50 ns, and 60 once */
        }
    set_scalars(add(m, control(m), near, 10), 20, 66, 0.01);
    struct lb_analysis *a = analyse(m);
    for (int i = 0; i < 2; i++) {
        const struct lb_result_latency *t = &line_in(a, c[i], 0, 0)->latency;
        assert_near(t->slow_ns, 35 + (8 * 30 + 66) / 9.0 / 2); /* 52 ns */
        assert_near(t->slow_per_kop, 50);
    }
    lb_analysis_destroy(a);
    m->run->clock.step_ns = 12; /* a fetch of 34 ns is no three steps */
    a = analyse(m);
    assert_true(isnan(line_in(a, c[0], 0, 0)->latency.slow_ns));
    assert_true(isnan(line_in(a, c[0], 0, 0)->latency.slow_per_kop));
    lb_analysis_destroy(a);
}

/* One thread has nobody to wait for: there is no threshold, and so no slow op. */
static void test_no_threshold(void **state)
{
    struct made *m = *state;
    const struct lb_result_latency *t;
    struct lb_analysis *a;
    int c = observed(m);

    add(m, c, near, 10)->own_op_ns = 12;
    time_ops(m, c, 0, 99, 40, 41, UINT64_MAX);
    a = analyse(m);
    t = &line_in(a, c, 0, 0)->latency;
    assert_near(t->n, 100);
    assert_near(t->own_op_ns, 12);
    assert_true(isnan(t->slow_per_kop) && isnan(t->slow_ns) && isnan(t->transfer_ns));
    lb_analysis_destroy(a);
}

/* No histogram at all, as the header allows where nothing was timed. */
static void test_nothing_timed(void **state)
{
    struct made *m = *state;
    const struct lb_result_latency *t;
    struct lb_analysis *a;
    int c = observed(m);

    add(m, c, near, 10)->slow_ns = 50;
    for (int role = 0; role < 2; role++) {
        free(m->run->series[c].latencies[role][0]);
        free(m->run->series[c].latencies[role]);
        m->run->series[c].latencies[role] = NULL;
    }
    a = analyse(m);
    t = &line_in(a, c, 0, 0)->latency;
    assert_near(t->n, 0);
    assert_true(isnan(t->p50) && isnan(t->p90) && isnan(t->p99) && isnan(t->p999));
    assert_true(isnan(t->max) && isnan(t->slow_per_kop));
    lb_analysis_destroy(a);
}

/* Counted */

static void check_count(const struct lb_analysis *a, int index, int role, int event,
                        enum lb_count_state state, size_t windows, double per_op)
{
    const struct lb_result_count *k = &line_in(a, index, role, 0)->counts[event];

    assert_int_equal(k->state, state);
    assert_int_equal(k->windows, windows);
    assert_false(k->unproved);
    if (isnan(per_op))
        assert_true(isnan(k->per_op));
    else
        assert_near(k->per_op, per_op);
}

static void test_counts_are_not_diluted(void **state)
{
    static const enum lb_count_state without[] = {LB_COUNT_UNASKED, LB_COUNT_LOST, LB_COUNT_REFUSED,
                                                  LB_COUNT_UNSUPPORTED};
    struct made *m = *state;
    struct lb_analysis *a;
    int c = observed(m);

    add_distances(m);
    add(m, c, near, 100);
    count(m, c, 0, CYCLES, LB_COUNT_COUNTED, 300);
    count(m, c, 1, CYCLES, LB_COUNT_COUNTED, 70);
    for (size_t i = 0; i < LB_COUNT(without); i++) {
        add(m, c, near, 1e6);
        count(m, c, 0, CYCLES, without[i], 0);
        count(m, c, 0, OTHER, without[i], 0);
    }
    add(m, c, near, 900);
    count(m, c, 0, CYCLES, LB_COUNT_COUNTED, 200);
    add(m, c, far, 10);
    count(m, c, 0, CYCLES, LB_COUNT_SCALED, 4000); /* of another regime: nothing to these */
    a = analyse(m);
    check_count(a, c, 0, CYCLES, LB_COUNT_COUNTED, 2, 500.0 / 1000);
    check_count(a, c, 1, CYCLES, LB_COUNT_COUNTED, 1, 0.7);
    check_count(a, c, 0, HITM, LB_COUNT_UNASKED, 0, (double)NAN);
    check_count(a, c, 0, OTHER, LB_COUNT_REFUSED, 0, (double)NAN); /* the worst of the reasons */
    assert_int_equal(line_in(a, c, 0, 1)->counts[CYCLES].state, LB_COUNT_SCALED);
    assert_near(line_in(a, c, 0, 1)->counts[CYCLES].per_op, 400);
    assert_int_equal(line_in(a, c, 0, 1)->counts[OTHER].state, LB_COUNT_UNASKED);
    lb_analysis_destroy(a);
}

static void test_states_of_counts(void **state)
{
    struct made *m = *state;
    struct lb_analysis *a;
    int c = observed(m);

    m->run->events[OTHER].state = LB_COUNT_UNSUPPORTED; /* since the run began */
    add(m, c, near, 100);
    count(m, c, 0, CYCLES, LB_COUNT_SCALED, 100);
    count(m, c, 0, HITM, LB_COUNT_LOST, 0);
    add(m, c, near, 100);
    count(m, c, 0, CYCLES, LB_COUNT_COUNTED, 200);
    a = analyse(m);
    check_count(a, c, 0, CYCLES, LB_COUNT_SCALED, 2, 1.5);
    check_count(a, c, 0, HITM, LB_COUNT_LOST, 0, (double)NAN);
    check_count(a, c, 0, OTHER, LB_COUNT_UNSUPPORTED, 0, (double)NAN);
    lb_analysis_destroy(a);
}

static void test_no_events(void **state)
{
    struct made *m = *state;
    struct lb_analysis *a;
    int c = observed(m);

    m->run->n_events = 0;
    add(m, c, near, 100);
    a = analyse(m);
    assert_null(line_in(a, c, 0, 0)->counts);
    lb_analysis_destroy(a);
}

/* Zeros */

/* Whether observer's zero is believed, beside a control of that case that counted `value` over 1000
 * ops. */
static bool is_believed(struct made *m, int from, float probe, double value)
{
    struct lb_analysis *a;
    int c = observed(m);
    const struct lb_result_count *k;
    bool believed;

    add(m, c, near, 100);
    count(m, c, 0, HITM, LB_COUNT_COUNTED, 0);
    add(m, from, probe, 1000);
    count(m, from, 0, HITM, LB_COUNT_COUNTED, value);
    a = analyse(m);
    k = &line_in(a, c, 0, 0)->counts[HITM];
    believed = !k->unproved;
    assert_int_equal(k->windows, 1);
    assert_int_equal(k->state, LB_COUNT_COUNTED);
    if (believed)
        assert_near(k->per_op, 0);
    else
        assert_true(isnan(k->per_op));
    lb_analysis_destroy(a);
    m->run->series[from].n--;
    m->run->series[c].n--;
    for (int role = 0; role < 2; role++) {
        free(m->run->series[c].latencies[role][0]);
        if (role < lb_case_roles(&m->plan->cases[from]))
            free(m->run->series[from].latencies[role][0]);
    }
    return believed;
}

static void test_zeros_need_a_control(void **state)
{
    struct made *m = *state;
    int longer = find_in_plan(m->plan, LB_SCENARIO_CONTROL_SHARED, "", 0, LB_WORK_CHECK_LONG_NS);
    int apart = find_in_plan(m->plan, LB_SCENARIO_CONTROL_APART, "", 0, 200);
    int elsewhere = find_in_plan(m->plan, LB_SCENARIO_CONTROL_SHARED, "", 1, 200);
    int pointer = find_in_plan(m->plan, LB_SCENARIO_OBSERVER, "pointer", 0, 200);

    add_distances(m);
    assert_true(is_believed(m, control(m), near, 1)); /* once in 1000 ops is enough */
    assert_true(is_believed(m, control(m), near, 5000));
    assert_false(is_believed(m, control(m), near, 0.99));
    assert_false(is_believed(m, control(m), near, 0));
    /* At any work and in any regime, but of this placement, and shared. */
    assert_true(is_believed(m, longer, near, 1));
    assert_true(is_believed(m, control(m), far, 1));
    assert_false(is_believed(m, elsewhere, near, 5000));
    assert_false(is_believed(m, apart, near, 5000));
    assert_false(is_believed(m, pointer, near, 5000));
}

/* Another event's control does not do; what is not zero needs none; nor what was never counted. */
static void test_what_zeros_need(void **state)
{
    struct made *m = *state;
    struct lb_analysis *a;
    int c = observed(m);

    add(m, c, near, 1e6);
    count(m, c, 0, CYCLES, LB_COUNT_COUNTED, 0);
    count(m, c, 0, HITM, LB_COUNT_COUNTED, 1);
    count(m, c, 0, OTHER, LB_COUNT_LOST, 0);
    count(m, c, 1, HITM, LB_COUNT_SCALED, 0);
    add(m, control(m), near, 1000);
    count(m, control(m), 0, HITM, LB_COUNT_COUNTED, 0);
    count(m, control(m), 0, OTHER, LB_COUNT_COUNTED, 1000);
    a = analyse(m);
    assert_true(line_in(a, c, 0, 0)->counts[CYCLES].unproved);
    assert_true(isnan(line_in(a, c, 0, 0)->counts[CYCLES].per_op));
    check_count(a, c, 0, HITM, LB_COUNT_COUNTED, 1, 1e-6);
    check_count(a, c, 0, OTHER, LB_COUNT_LOST, 0, (double)NAN);
    assert_true(line_in(a, c, 1, 0)->counts[HITM].unproved);
    /* A control that reads 0 does not even vouch for itself. */
    assert_true(line_in(a, control(m), 0, 0)->counts[HITM].unproved);
    check_count(a, control(m), 0, OTHER, LB_COUNT_COUNTED, 1, 1);
    lb_analysis_destroy(a);
}

/* Expected: an AMD's fills, where a load takes the line away. */
static void expect_fills(struct made *m, double ratio, double locked, double observed_by)
{
    int c = observed(m);

    snprintf(m->run->events[HITM].event.string, sizeof m->run->events[HITM].event.string, "%s",
             "amd64_fam19h_zen4::DEMAND_DATA_CACHE_FILLS_FROM_SYSTEM:LOCAL_CCX");
    for (int i = 0; i < 8; i++) {
        double *costs = add(m, c, near, 1000)->costs;
        costs[LB_COST_LOAD] = 25;
        costs[LB_COST_RELOAD] = 25 * (ratio - 1);
        costs[LB_COST_UPGRADE] = 37;
        count(m, c, 0, HITM, LB_COUNT_COUNTED, locked);
        count(m, c, 1, HITM, LB_COUNT_COUNTED, observed_by);
        count(m, c, 0, CYCLES, LB_COUNT_COUNTED, 1);
    }
}

static void check_said(const struct lb_analysis *a, int row, const char *lines)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    assert_non_null(out);
    expected_beside(out, a, &row, 1);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, lines);
    free(text);
}

static void test_expected(void **state)
{
    struct made *m = *state;
    struct lb_analysis *a;
    int c = observed(m);

    expect_fills(m, 2, 900, 600);
    a = analyse(m);
    assert_near(line_in(a, c, 0, 0)->counts[HITM].expected, 1 - 1 / 6.0);
    assert_true(isnan(line_in(a, c, 0, 0)->counts[CYCLES].expected));
    assert_int_equal(line_in(a, c, 0, 0)->expected, LB_EXPECTATION_MET);
    assert_int_equal(line_in(a, c, 1, 0)->expected, LB_EXPECTATION_MISSED);
    check_said(a, c,
               "embedded lock: hitm_local expected 0.83 (model), counted 0.90\n"
               "embedded observe: hitm_local expected 0.83 (model), counted 0.60; lines found "
               "modified are over 15 %\n    off\n");
    lb_analysis_destroy(a);
}

/* A hand-over that is neither chooses no column. */
static void test_expected_of_no_handover(void **state)
{
    struct made *m = *state;
    struct lb_analysis *a;

    expect_fills(m, 1.5, 900, 600);
    a = analyse(m);
    assert_true(isnan(line_in(a, observed(m), 0, 0)->counts[HITM].expected));
    assert_int_equal(line_in(a, observed(m), 0, 0)->expected, LB_EXPECTATION_NONE);
    check_said(a, observed(m), "");
    lb_analysis_destroy(a);
}

/* Rows */

static struct lb_csv_reader *written(const struct lb_analysis *a, char path[64])
{
    struct lb_why why = {""};
    struct lb_csv_reader *reader = NULL;
    struct lb_csv *csv = NULL;
    int fd;

    strcpy(path, "/tmp/linebounce-test-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    unlink(path); /* lb_csv_create wants to make it */
    if (lb_csv_create(&lb_schema_summary, path, &why, &csv) || lb_analysis_write(a, csv, &why))
        fail_msg("%s", why.text);
    lb_csv_close(csv);
    if (lb_csv_open(path, NULL, &why, &reader))
        fail_msg("%s", why.text);
    return reader;
}

struct expected {
    const char *column, *value;
};

static void check_cells(const struct lb_csv_reader *r, const struct expected *cells, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_true(lb_schema_find(&lb_schema_summary, cells[i].column) >= 0);
        if (strcmp(lb_csv_cell(r, cells[i].column), cells[i].value))
            fail_msg("%s is '%s', not '%s'", cells[i].column, lb_csv_cell(r, cells[i].column),
                     cells[i].value);
    }
}

static void fill_rows(struct made *m)
{
    int c = observed(m);
    struct lb_sample *s;

    add(m, control(m), near, 1000);
    count(m, control(m), 0, CYCLES, LB_COUNT_COUNTED, 4000);
    count(m, control(m), 0, HITM, LB_COUNT_COUNTED, 500);
    count(m, control(m), 0, OTHER, LB_COUNT_COUNTED, 0);
    s = add(m, c, near, 1000);
    set_account(s, 100);
    set_scalars(s, 20, 60, 0.25);
    s->account.wall_ns = 2e9;
    s->account.user_ns = 1.5e9;
    s->account.system_ns = 0.25e9;
    time_ops(m, c, 0, 4999, 40, 1000, 100);
    count(m, c, 0, CYCLES, LB_COUNT_SCALED, 2500);
    count(m, c, 0, HITM, LB_COUNT_COUNTED, 0);
    count(m, c, 0, OTHER, LB_COUNT_COUNTED, 0);
    count(m, c, 1, CYCLES, LB_COUNT_LOST, 0);
    count(m, c, 1, HITM, LB_COUNT_REFUSED, 0);
}

static const struct expected first_role[] = {
    {"layout", "embedded"},
    {"cpu_ns_op_mean", "100"},
    {"off_cpu_ns_op_mean", "1999900"},
    {"preempted_ns_op_mean", "30"},
    {"user_ns_op", "1500000"},
    {"system_ns_op", "250000"},
    {"voluntary_switches_per_kop", "200"},
    {"involuntary_switches_per_kop", "300"},
    {"fallbacks_per_kop", "400"},
    {"retries_per_kop", "500"},
    {"spins_owner_per_op", "0.6"},
    {"spins_queue_per_op", "0.7"},
    {"spins_reader_per_op", "0.8"},
    {"spin_limits_per_kop", "900"},
    {"steals_per_kop", "1000"},
    {"sleeps_per_kop", "1100"},
    {"wakes_per_kop", "1200"},
    {"handoffs_per_kop", "1300"},
    {"latency_samples", "5000"},
    {"latency_p50_ns", "20"},
    {"latency_p90_ns", "20"},
    {"latency_p99_ns", "20"},
    {"latency_p999_ns", "20"},
    {"latency_max_ns", "500"},
    {"own_op_ns_median", "20"},
    {"transfer_ns_median", "60"},
    {"slow_threshold_ns", "50"},
    {"slow_ops_per_kop", "0.2"},
    {"sampled_share_median", "0.25"},
    {"events", "cycles;hitm_local;raw:config=0x1"},
    {"events_per_op", "2.5;0;"},
    {"event_windows", "1;1;1"},
    {"event_states", "scaled;counted;unproved"},
    {"events_expected", ";;"},
    {"as_expected", ""},
    {"cycles_per_op", "2.5"},
    {"hitm_local_per_op", "0"},
    {"instructions_per_op", ""},
};

/* What is not known is an empty cell. */
static const struct expected second_role[] = {
    {"layout", "embedded"},
    {"user_ns_op", ""},
    {"system_ns_op", ""},
    {"latency_samples", ""},
    {"latency_p50_ns", ""},
    {"latency_max_ns", ""},
    {"own_op_ns_median", ""},
    {"slow_ops_per_kop", ""},
    {"sampled_share_median", ""},
    {"events", "cycles;hitm_local;raw:config=0x1"},
    {"events_per_op", ";;"},
    {"event_windows", "0;0;0"},
    {"event_states", "not counted;refused;not asked"},
    {"cycles_per_op", ""},
    {"hitm_local_per_op", ""},
};

static const struct expected of_control[] = {
    {"layout", ""},
    {"fallbacks_per_kop", ""}, /* there is no lock */
    {"events_per_op", "4;0.5;"},
    {"event_states", "counted;counted;unproved"},
    {"hitm_local_per_op", "0.5"},
};

static void test_rows(void **state)
{
    struct made *m = *state;
    struct lb_analysis *a;
    struct lb_csv_reader *r;
    char path[64];

    fill_rows(m);
    a = analyse(m);
    assert_int_equal(a->n_lines, 3);
    r = written(a, path);
    assert_int_equal(lb_csv_next(r, NULL), 1);
    check_cells(r, of_control, LB_COUNT(of_control));
    assert_int_equal(lb_csv_next(r, NULL), 1);
    check_cells(r, first_role, LB_COUNT(first_role));
    assert_int_equal(lb_csv_next(r, NULL), 1);
    check_cells(r, second_role, LB_COUNT(second_role));
    assert_int_equal(lb_csv_next(r, NULL), 0);
    lb_csv_reader_close(r);
    unlink(path);
    lb_analysis_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sums_over_sums, setup, teardown),
        cmocka_unit_test_setup_teardown(test_locks_that_say_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_more_cpu_than_wall_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_split_of_cpu_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_latencies_of_a_regime, setup, teardown),
        cmocka_unit_test_setup_teardown(test_high_quantiles, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_threshold, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_threshold, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_timed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expected, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expected_of_no_handover, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counts_are_not_diluted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_states_of_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_events, setup, teardown),
        cmocka_unit_test_setup_teardown(test_zeros_need_a_control, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_zeros_need, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
    };

    return cmocka_run_group_tests_name("causes", tests, NULL, NULL);
}
