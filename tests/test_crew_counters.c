/* SPDX-License-Identifier: MIT
 *
 * Windows in which events are counted.
 */
#include <linebounce/crew.h>

#include "support/fake_pmu.h"
#include "support/crew_rig.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Counters in windows */

static struct lb_event_code raw(uint64_t config)
{
    return (struct lb_event_code){.kind = LB_EVENT_PMU, .type = PERF_TYPE_RAW, .config = config};
}

static struct lb_event_code watch_on(enum lb_watch watch, const void *word)
{
    return (struct lb_event_code){.kind = LB_EVENT_WATCH,
                                  .word.watch = watch,
                                  .address = (uintptr_t)word,
                                  .bytes = word ? sizeof(uint64_t) : 0};
}

/* Adds on every PU, counted by the made-up PMU; the window itself must be as any other. */
static void count_window(struct rig *rig, struct lb_crew *crew, const struct lb_event_code *codes,
                         int n_codes, struct lb_thread_result *results)
{
    struct lb_thread_plan threads[2];
    struct lb_window_plan plan = {.threads = threads,
                                  .n_threads = rig->n_pus,
                                  .window_ns = LB_WINDOW_NS,
                                  .calls = &pmu_calls};
    enum lb_spoiled spoiled;

    plan_adds(rig, threads, rig->n_pus, false);
    for (int i = 0; i < rig->n_pus; i++) {
        threads[i].codes = codes;
        threads[i].n_codes = n_codes;
    }
    memset(results, 0x5a, sizeof *results * (size_t)rig->n_pus);
    assert_int_equal(lb_crew_window(crew, &plan, results, &spoiled), 0);
    assert_int_not_equal(spoiled, LB_SPOILED_MOVED);
    assert_int_equal(pmu.faults, 0);
    assert_int_equal(pmu.opened, pmu.closed);
    for (int i = 0; i < rig->n_pus; i++) {
        check_result(rig, &plan, i, spoiled, &results[i]);
        assert_int_equal(results[i].total_ops, *rig->words[i]);
        for (int k = n_codes; k < LB_GROUP_MOST; k++)
            assert_int_equal(results[i].counts[k].state, LB_COUNT_UNASKED);
    }
}

static void check_count(const struct lb_count *count, enum lb_count_state state, int error,
                        double scaled)
{
    assert_int_equal(count->state, state);
    assert_int_equal(count->error, error);
    if (isnan(scaled)) {
        assert_true(isnan(count->scaled));
        assert_int_equal(count->value, 0);
    } else {
        assert_true(is_near(count->scaled, scaled));
    }
}

/* The thread on the first PU fares so, the other one well. */
static void check_counts(const struct rig *rig, const struct lb_thread_result *results, int n_codes,
                         const struct lb_event_code *codes, enum lb_count_state state, int error,
                         double factor)
{
    for (int i = 0; i < rig->n_pus; i++)
        for (int k = 0; k < n_codes; k++) {
            bool first = i == rig->n_pus - 1; /* worker 0 is the last of the plan */
            check_count(&results[i].counts[k], first ? state : LB_COUNT_COUNTED, first ? error : 0,
                        (first ? factor : 1) * (double)pmu_step((unsigned)codes[k].config));
        }
}

static void test_window_counts_events(void **state)
{
    static const struct {
        enum pmu_trick trick;
        enum lb_count_state state;
        int error;
        double factor;
    } cases[] = {
        {PMU_COUNTS, LB_COUNT_COUNTED, 0, 1},         {PMU_HALF, LB_COUNT_SCALED, 0, 2},
        {PMU_STILL, LB_COUNT_LOST, 0, (double)NAN},   {PMU_GONE, LB_COUNT_LOST, 0, (double)NAN},
        {PMU_FAILS, LB_COUNT_LOST, EIO, (double)NAN},
    };
    const struct lb_event_code codes[] = {raw(1), raw(2), raw(3)};
    struct rig *rig = *state;
    struct lb_crew *crew = make_crew(rig, rig->n_pus);
    struct lb_thread_result results[2];

    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        pmu_start();
        pmu.trick = cases[i].trick;
        pmu.trick_pu_os = rig->pus[0];
        count_window(rig, crew, codes, LB_COUNT(codes), results);
        assert_int_equal(pmu.opened, (int)LB_COUNT(codes) * rig->n_pus);
        assert_int_equal(pmu.n_groups, rig->n_pus);
        check_counts(rig, results, LB_COUNT(codes), codes, cases[i].state, cases[i].error,
                     cases[i].factor);
    }
    /* Nothing is opened for nobody, and nothing of the last window is left. */
    pmu_start();
    count_window(rig, crew, NULL, 0, results);
    assert_int_equal(pmu.opened, 0);
    lb_crew_destroy(crew);
}

/* Each errno of opening, first, second and last of the group, on one thread alone. */
static void test_window_counts_what_opens(void **state)
{
    static const struct {
        int error;
        enum lb_count_state state;
    } cases[] = {{EACCES, LB_COUNT_REFUSED},     {EPERM, LB_COUNT_REFUSED},
                 {ENOSYS, LB_COUNT_REFUSED},     {EMFILE, LB_COUNT_REFUSED},
                 {ENOSPC, LB_COUNT_REFUSED},     {ENOENT, LB_COUNT_UNSUPPORTED},
                 {EINVAL, LB_COUNT_UNSUPPORTED}, {ENXIO, LB_COUNT_UNSUPPORTED}};
    const struct lb_event_code codes[] = {raw(1), raw(2), raw(3)};
    struct rig *rig = *state;
    struct lb_crew *crew = make_crew(rig, rig->n_pus);
    struct lb_thread_result results[2];

    for (size_t i = 0; i < 3 * LB_COUNT(cases); i++) {
        int bad = (int)(i % 3), error = cases[i / 3].error;

        pmu_start();
        pmu_rule((unsigned)bad + 1, error, rig->pus[0]);
        count_window(rig, crew, codes, LB_COUNT(codes), results);
        for (int t = 0; t < rig->n_pus; t++)
            for (int k = 0; k < (int)LB_COUNT(codes); k++) {
                bool is_bad = k == bad && t == rig->n_pus - 1;
                check_count(&results[t].counts[k], is_bad ? cases[i / 3].state : LB_COUNT_COUNTED,
                            is_bad ? error : 0,
                            is_bad ? (double)NAN : (double)pmu_step((unsigned)k + 1));
            }
    }
    /* All of them; and one that only fails beside the others. */
    pmu_start();
    for (unsigned k = 1; k <= 3; k++)
        pmu_rule(k, EACCES, rig->pus[0]);
    count_window(rig, crew, codes, LB_COUNT(codes), results);
    check_counts(rig, results, LB_COUNT(codes), codes, LB_COUNT_REFUSED, EACCES, (double)NAN);
    pmu_start();
    pmu.slots = 2;
    count_window(rig, crew, codes, LB_COUNT(codes), results);
    for (int t = 0; t < rig->n_pus; t++) {
        check_count(&results[t].counts[1], LB_COUNT_COUNTED, 0, (double)pmu_step(2));
        check_count(&results[t].counts[2], LB_COUNT_LOST, E2BIG, (double)NAN);
    }
    lb_crew_destroy(crew);
}

/* What the kernel was asked, by the last event of the group that was opened there. */
static struct perf_event_attr attr_of(int k)
{
    return pmu.events[k].attr;
}

static void test_window_asks_for_the_right_thing(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew = make_crew(rig, 1);
    struct lb_thread_plan thread;
    struct lb_thread_result r;
    struct lb_window_plan plan = {
        .threads = &thread, .n_threads = 1, .window_ns = LB_WINDOW_NS, .calls = &pmu_calls};
    const struct lb_slot *slot = crew->workers[0].slot;
    enum lb_spoiled spoiled;
    uint64_t word = 0;
    struct lb_event_code codes[] = {
        {.kind = LB_EVENT_PMU, .type = PERF_TYPE_HARDWARE, .config = 1},
        watch_on(LB_WATCH_COUNT, &word),
        watch_on(LB_WATCH_START, NULL),
        watch_on(LB_WATCH_STOP, NULL),
        watch_on(LB_WATCH_RESULT, NULL),
        watch_on(LB_WATCH_UNTOUCHED0, NULL),
        watch_on(LB_WATCH_UNTOUCHED3, NULL),
        watch_on(LB_WATCH_START, &word), /* aimed at something else */
    };
    const void *const words[] = {NULL,
                                 &word,
                                 &crew->board->start,
                                 &crew->board->command.window_ticks,
                                 &slot->result.total_ops,
                                 &slot->untouched[0],
                                 &slot->untouched[3],
                                 &word};

    pmu_start();
    plan_adds(rig, &thread, 1, false);
    thread.codes = codes;
    thread.n_codes = LB_COUNT(codes);
    thread.pmu_type = 9;
    for (int kernel = 0; kernel < 2; kernel++) {
        plan.count_kernel = kernel;
        assert_int_equal(lb_crew_window(crew, &plan, &r, &spoiled), 0);
        assert_int_equal(pmu.faults, 0);
        assert_int_equal(attr_of(0).config, 9ull << 32 | 1);
        for (int k = 0; k < (int)LB_COUNT(codes); k++)
            assert_int_equal(attr_of(k).exclude_kernel, !kernel);
        for (int k = 1; k < (int)LB_COUNT(codes); k++) {
            assert_int_equal(attr_of(k).bp_addr, (uintptr_t)words[k]);
            assert_int_equal(attr_of(k).bp_len, 8);
            check_count(&r.counts[k], LB_COUNT_COUNTED, 0, (double)pmu_step(PMU_WATCH));
        }
    }
    assert_int_equal(codes[2].address, 0); /* the plan is the caller's */
    thread.n_codes = LB_GROUP_MOST + 1;
    assert_int_equal(lb_crew_window(crew, &plan, &r, &spoiled), -EINVAL);
    thread.n_codes = -1;
    assert_int_equal(lb_crew_window(crew, &plan, &r, &spoiled), -EINVAL);
    lb_crew_destroy(crew);
}

/* Real breakpoints: every op stores to its word once, and the harness touches nothing of its own
 * while the window runs. */
static void test_real_breakpoints(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew = make_crew(rig, 1);
    struct lb_thread_plan thread;
    struct lb_thread_result r;
    struct lb_window_plan plan = {
        .threads = &thread, .n_threads = 1, .window_ns = LB_WINDOW_NS, .armed = true};
    struct lb_event_code codes[4];
    enum lb_spoiled spoiled;

    plan_adds(rig, &thread, 1, false);
    codes[0] = watch_on(LB_WATCH_COUNT, rig->words[0]);
    codes[1] = watch_on(LB_WATCH_START, NULL);
    codes[2] = watch_on(LB_WATCH_STOP, NULL);
    codes[3] = watch_on(LB_WATCH_RESULT, NULL);
    codes[1].watch_reads = codes[2].watch_reads = true;
    thread.codes = codes;
    thread.n_codes = LB_COUNT(codes);
    thread.ops_most = 50;
    assert_int_equal(lb_crew_window(crew, &plan, &r, &spoiled), 0);
    assert_int_equal(r.total_ops, *rig->words[0]);
    bool all = true;
    for (int k = 0; k < 4; k++)
        all = all && r.counts[k].state == LB_COUNT_COUNTED;
#if defined(__x86_64__)
    if (all) {
        assert_int_equal(r.counts[0].value, r.total_ops);
        for (int k = 1; k < 4; k++)
            assert_int_equal(r.counts[k].value, 0);
    }
#endif
    lb_crew_destroy(crew);
    if (!all) {
        print_message("skipped: four breakpoints cannot be armed here: %s\n",
                      lb_count_state_name(r.counts[0].state));
        skip();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_mask(test_window_counts_events),
        with_mask(test_window_counts_what_opens),
        with_mask(test_window_asks_for_the_right_thing),
        with_mask(test_real_breakpoints),
    };

    return cmocka_run_group_tests_name("crew_counters", tests, setup, teardown);
}
