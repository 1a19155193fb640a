/* SPDX-License-Identifier: MIT
 *
 * Real runs on a made-up PMU: which events are counted, in which groups, in which windows, and what
 * stays empty.
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

/* Real runs on a made-up PMU */

static struct lb_event field_event(const char *field)
{
    struct lb_event e = watch_of(LB_WATCH_FIELD);

    snprintf(e.name, sizeof e.name, "bp:%s", field);
    snprintf(e.word.field, sizeof e.word.field, "%s", field);
    return e;
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
#define GOOD 3

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
    assert_int_equal(lb_analysis_create(real.run, &margin, &a), 0);
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
        assert_int_equal(lb_analysis_create(real.run, &margin, &a), 0);
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
    assert_int_equal(lb_analysis_create(real->run, &margin, &a), 0);
    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_series *s = &real->run->series[a->lines[i].case_index];
        assert_int_equal(a->lines[i].ns_op.n + a->lines[i].windows_other, s->n);
    }
    lb_analysis_destroy(a);
}

/* An armed window is counted with the round's sample; on a busy machine some are spoiled. */
static void check_armed_tallies(const struct real *real, size_t n_events)
{
    size_t seen[2] = {0, 0};

    for (size_t c = 0; c < real->plan->n_cases; c++) {
        const struct lb_series *s = &real->run->series[c];
        for (size_t i = 0; i < s->n; i++) {
            const struct lb_tally *t = &s->tallies[0][i * n_events];
            int group = turn_of(real->run, (int)s->samples[0][i].round, 2);
            for (int k = 0; k < 2; k++) {
                bool counted = t[k ? 5 : 1].state != LB_COUNT_UNASKED;
                assert_true(!counted || (real->plan->cases[c].armed && group == k));
                seen[k] += counted;
            }
            assert_true(t[1].ops <= 2 * LB_ARMED_OPS);
        }
    }
    assert_true(seen[0] > 0 && seen[1] > 0);
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
    check_armed_tallies(&real, LB_COUNT(events));
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
        assert_int_equal(lb_analysis_create(real.run, &margin, &a), 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    return cmocka_run_group_tests_name("run_counters", tests, NULL, NULL);
}
