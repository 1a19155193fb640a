/* SPDX-License-Identifier: MIT
 *
 * Windows whose ops are timed one by one, an op alone, and one fetch.
 */
#include <linebounce/crew.h>

#include "support/crew_rig.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Timed ops in windows */

static void need_stamps(void)
{
    if (lb_hot_timed_find(LB_OP_ADD, LB_LOCK_RWSEM40, false))
        return;
    print_message("skipped: no ordered time-stamp is known for this architecture\n");
    skip();
}

static struct lb_sampling sample_adds(uint64_t every, uint64_t slow_ticks)
{
    return (struct lb_sampling){
        .timed = lb_hot_timed_find(LB_OP_ADD, LB_LOCK_RWSEM40, false),
        .pause = lb_hot_find(LB_OP_EMPTY, LB_LOCK_RWSEM40, false, true),
        .every = every,
        .slow_ticks = slow_ticks,
    };
}

/* The window just run, from the crew's own memory. */
static uint64_t warm_end_of(const struct lb_crew *crew)
{
    return crew->board->start + crew->board->command.warmup_ticks;
}

static uint64_t stop_of(const struct lb_crew *crew)
{
    return warm_end_of(crew) + crew->board->command.window_ticks;
}

/* What a log says of its timed ops. */
struct tale {
    uint64_t ops, timed; /* all, and the timed ones among them */
    uint64_t measured;   /* timed ones that began in the measured part */
    double whole_ticks;  /* of those that lay in it */
    bool apart;          /* the first is a block, and none follows another */
};

static struct tale read_log(const struct lb_crew *crew, int worker)
{
    const struct lb_log *log = &crew->workers[worker].slot->log;
    uint64_t warm_end = warm_end_of(crew), stop = stop_of(crew), from = log->begin;
    struct tale t = {.apart = true};

    for (size_t i = 0; i < log->n; i++) {
        const struct lb_block *b = &log->blocks[i];
        t.ops += b->ops;
        if (b->sampled) {
            t.timed++;
            t.measured += from >= warm_end;
            t.whole_ticks += from >= warm_end && b->end <= stop ? (double)(b->end - from) : 0;
            t.apart = t.apart && i && !b[-1].sampled && b->ops == 1;
        }
        from = b->end;
    }
    return t;
}

static uint64_t sum_of_buckets(const struct lb_latency *latency)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < LB_LATENCY_BUCKETS; i++)
        sum += latency->buckets[i];
    return sum;
}

static void check_timed(const struct rig *rig, const struct lb_crew *crew,
                        const struct lb_thread_plan *p, const struct lb_thread_result *r)
{
    struct tale t = read_log(crew, p->worker);
    uint64_t fast = r->latency.buckets[0];

    assert_true(t.apart);
    assert_int_equal(r->total_ops, t.ops);
    assert_int_equal(r->latency.n, t.measured);
    assert_int_equal(sum_of_buckets(&r->latency), r->latency.n);
    assert_int_equal(r->latency.slow, p->sampling.slow_ticks ? 0 : r->latency.n - fast);
    assert_true(!r->latency.n == !r->latency.max || fast == r->latency.n);
    double ns = t.whole_ticks * rig->clock.ns_per_tick;
    assert_true(r->sampled_ns >= ns * 0.999999 - 1e-6);
    assert_true(p->sampling.slow_ticks == UINT64_MAX || r->sampled_ns <= ns * 1.000001 + 1e-6);
}

/* With and without gaps kept, with and without a threshold. */
static void try_timed(struct rig *rig, struct lb_crew *crew, int n, int form)
{
    struct lb_thread_plan threads[2];
    struct lb_thread_result results[2];
    bool keep_gaps = form & 1;
    struct lb_window_plan plan = {
        .threads = threads, .n_threads = n, .window_ns = LB_WINDOW_NS, .keep_gaps = keep_gaps};
    enum lb_spoiled spoiled;

    plan_adds(rig, threads, n, form & 2);
    for (int i = 0; i < n; i++)
        threads[i].sampling = sample_adds(form & 4 ? 1 : 97, keep_gaps ? UINT64_MAX : 0);
    memset(results, 0x5a, sizeof results);
    assert_int_equal(lb_crew_window(crew, &plan, results, &spoiled), 0);
    for (int i = 0; i < n; i++) {
        check_result(rig, &plan, i, spoiled, &results[i]);
        assert_int_equal(results[i].total_ops, *rig->words[i]);
        check_timed(rig, crew, &threads[i], &results[i]);
    }
}

static void test_window_times_ops(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew;

    need_stamps();
    crew = make_crew(rig, rig->n_pus);
    for (int form = 0; form < 8; form++)
        try_timed(rig, crew, 1 + (form + 1) % rig->n_pus, form);
    /* Nothing of it is left in a window that times nothing. */
    try_window(rig, crew, rig->n_pus, false, false);
    for (int i = 0; i < rig->n_pus; i++) {
        assert_int_equal(read_log(crew, i).timed, 0);
        assert_int_equal(crew->workers[i].slot->latency.n, 0);
    }
    lb_crew_destroy(crew);
}

/* Between them lie the gaps that the seed draws, to the block: no more, no fewer. */
static void check_gaps(const struct lb_crew *crew, uint64_t seed, uint64_t every)
{
    const struct lb_log *log = &crew->workers[0].slot->log;
    uint64_t stop = stop_of(crew), gaps = ~seed, gap = 1 + lb_random_below(&gaps, 2 * every - 1);

    for (size_t i = 0; i < log->n; i++) {
        const struct lb_block *b = &log->blocks[i];
        bool due = gap <= b->ops && b->end < stop;
        assert_false(b->sampled);
        assert_int_equal(due, i + 1 < log->n && b[1].sampled);
        gap -= due ? 0 : b->ops;
        if (due) {
            gap = 1 + lb_random_below(&gaps, 2 * every - 1);
            assert_uint_in_range(gap, 1, 2 * every - 1);
            i++;
        }
    }
}

/* Pauses of thousands of ticks leave few ops in a block, so that about one op in `every` is timed.
 */
static void test_one_op_in_every_is_timed(void **state)
{
    enum { EVERY = 40 };
    struct rig *rig = *state;
    struct lb_thread_plan thread;
    struct lb_thread_result r;
    struct lb_window_plan plan = {
        .threads = &thread, .n_threads = 1, .window_ns = 5 * LB_WINDOW_NS};
    enum lb_spoiled spoiled;
    struct lb_crew *crew;
    uint64_t ops = 0, timed = 0;

    need_stamps();
    crew = make_crew(rig, 1);
    plan_adds(rig, &thread, 1, true);
    thread.span = 1500;
    thread.op_ns = 1e6;
    thread.sampling = sample_adds(EVERY, UINT64_MAX);
    for (int i = 0; i < 10; i++) {
        thread.seed = 1000 + (uint64_t)i;
        assert_int_equal(lb_crew_window(crew, &plan, &r, &spoiled), 0);
        check_gaps(crew, thread.seed, EVERY);
        struct tale t = read_log(crew, 0);
        ops += t.ops;
        timed += t.timed;
    }
    /* The seeds are fixed, so the gaps add up to what they always do; only the blocks' ends vary.
     */
    if (ops > 50 * EVERY)
        assert_uint_in_range(timed * EVERY, ops / 2, 3 * ops / 2);
    lb_crew_destroy(crew);
}

/* A pause, an op and a timed op that are made up, in the caller's thread: what they are told. */
static struct script {
    uint64_t rng;   /* what the next is to be given */
    uintptr_t next; /* `many`: where the next pick lies, unless it wraps */
    uintptr_t start, end;
    unsigned loops, timed, pauses, faults, wraps[2];
    uint64_t ticks;
} script;

static void follow_cursor(uintptr_t cursor, uint64_t ops, bool timed)
{
    if (!script.end)
        return;
    bool wraps = cursor == script.start && script.next != script.start;
    /* It wraps where the ops would not fit, and nowhere else. */
    script.faults += cursor != (wraps ? script.start : script.next);
    script.faults += wraps != (script.next + 4 * ops > script.end);
    script.faults += cursor + 4 * ops > script.end;
    script.wraps[timed] += wraps;
    script.next = cursor + 4 * ops;
}

static uint64_t scripted_loop(uint64_t ops, uint64_t rng, uint64_t span, struct lb_task *me,
                              uintptr_t x0, uintptr_t x1, uintptr_t x2, uintptr_t x3, uintptr_t x4,
                              uintptr_t x5)
{
    script.loops++;
    script.faults += rng != script.rng || span != 100 || !me || x0 != 10 || x1 != 11 || x2 != 12 ||
                     x4 != 14 || x5 != 15;
    follow_cursor(x3, ops, false);
    lb_chain(3 * ops);
    return ++script.rng;
}

static struct lb_timed scripted_timed(uint64_t rng, struct lb_task *me, uintptr_t x0, uintptr_t x1,
                                      uintptr_t x2, uintptr_t x3, uintptr_t x4, uintptr_t x5)
{
    script.timed++;
    script.faults += rng != script.rng || !me || x0 != 10 || x1 != 11 || x2 != 12 || x4 != 14 ||
                     x5 != 15 || (!script.end && x3 != 13);
    follow_cursor(x3, 1, true);
    return (struct lb_timed){++script.rng, script.ticks++};
}

static uint64_t scripted_pause(uint64_t ops, uint64_t rng, uint64_t span, struct lb_task *me,
                               uintptr_t x0, uintptr_t x1, uintptr_t x2, uintptr_t x3, uintptr_t x4,
                               uintptr_t x5)
{
    script.pauses++;
    script.faults +=
        ops != 1 || rng != script.rng || span != 100 || !me || x0 || x1 || x2 || x3 || x4 || x5;
    return ++script.rng;
}

static struct lb_thread_plan scripted_plan(bool paused)
{
    script = (struct script){.rng = 42};
    return (struct lb_thread_plan){
        .loop = scripted_loop,
        .x = {10, 11, 12, 13, 14, 15},
        .seed = 42,
        .span = 100,
        .op_ns = 1e9,
        .sampling = {scripted_timed, paused ? scripted_pause : NULL, 1, 1000},
    };
}

/* One generator runs through blocks, timed ops and the pauses after them. */
static void test_timed_ops_are_given_the_site(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew = make_crew(rig, 1);

    for (int paused = 0; paused < 2; paused++) {
        struct lb_thread_plan thread = scripted_plan(paused);
        struct lb_window_plan plan = {
            .threads = &thread, .n_threads = 1, .window_ns = LB_WINDOW_NS, .armed = true};
        struct lb_thread_result r;
        enum lb_spoiled spoiled;

        assert_int_equal(lb_crew_window(crew, &plan, &r, &spoiled), 0);
        struct tale t = read_log(crew, 0);
        assert_int_equal(script.faults, 0);
        assert_int_equal(script.timed, t.timed);
        assert_int_equal(script.pauses, paused ? t.timed : 0);
        /* The latencies are those that the timed op gave. */
        assert_int_equal(r.latency.max, r.latency.n ? script.ticks - 1 : 0);
        uint64_t first = script.ticks - r.latency.n; /* of the measured part */
        uint64_t last_fast = first > 1001 ? first : script.ticks < 1001 ? script.ticks : 1001;
        assert_int_equal(r.latency.slow, script.ticks - last_fast);
    }
    lb_crew_destroy(crew);
}

/* The draw of `many` is cyclic for timed ops too: here the first of all has no pick left. */
static void test_timed_ops_go_round_the_draw(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew = make_crew(rig, 1);
    uint32_t *picks = calloc(LB_PICKS, sizeof *picks);
    struct lb_thread_plan thread = scripted_plan(true);
    struct lb_window_plan plan = {
        .threads = &thread, .n_threads = 1, .window_ns = LB_WINDOW_NS, .armed = true};
    struct lb_thread_result r;
    enum lb_spoiled spoiled;

    assert_non_null(picks);
    thread.picks = LB_PICKS;
    thread.picks_start = picks;
    script.start = (uintptr_t)picks;
    script.end = (uintptr_t)(picks + LB_PICKS);
    thread.x[3] = script.next = script.end - 4;
    assert_int_equal(lb_crew_window(crew, &plan, &r, &spoiled), 0);
    assert_int_equal(script.faults, 0);
    if (script.loops) /* it was not off its PU for the whole window */
        assert_true(script.wraps[true] >= 1 || !script.timed);
    if (r.total_ops > 2 * LB_PICKS)
        assert_true(script.wraps[false] + script.wraps[true] >= 2);
    free(picks);
    lb_crew_destroy(crew);
}

/* To the op, whatever is timed; fewer only when the window is over. */
static void test_ops_most(void **state)
{
    static const uint64_t numbers[] = {1, 2, 3, 7, 100, 1000};
    struct rig *rig = *state;
    struct lb_crew *crew = make_crew(rig, 1);
    struct lb_thread_plan thread;
    struct lb_thread_result r;
    struct lb_window_plan plan = {
        .threads = &thread, .n_threads = 1, .window_ns = LB_WINDOW_NS, .armed = true};
    enum lb_spoiled spoiled;

    for (size_t i = 0; i < 3 * LB_COUNT(numbers); i++) {
        plan_adds(rig, &thread, 1, false);
        thread.ops_most = numbers[i / 3];
        thread.op_ns = i % 2 ? 20 : 1e9;
        if (i % 3)
            thread.sampling = sample_adds(i % 3 == 1 ? 1 : 5, UINT64_MAX);
        assert_int_equal(lb_crew_window(crew, &plan, &r, &spoiled), 0);
        assert_int_equal(spoiled, LB_SPOILED_NOT); /* armed: an early end spoils nothing */
        assert_int_equal(r.total_ops, *rig->words[0]);
        const struct lb_log *log = &crew->workers[0].slot->log;
        bool over = !log->n || log->blocks[log->n - 1].end >= stop_of(crew);
        assert_true(r.total_ops == thread.ops_most || (over && r.total_ops < thread.ops_most));
    }
    /* Without breakpoints to excuse it, a window that ended in its warm-up says nothing. */
    thread.ops_most = 1;
    plan.armed = false;
    assert_int_equal(punctual_window(crew, &plan, &r), LB_SPOILED_EMPTY);
    lb_crew_destroy(crew);
}

/* One op alone, and one fetch */

static uint64_t own_calls;

static struct lb_timed scripted_own(uint64_t rng, struct lb_task *me, uintptr_t x0, uintptr_t x1,
                                    uintptr_t x2, uintptr_t x3, uintptr_t x4, uintptr_t x5)
{
    script.faults += rng != 42 + own_calls || !me || x0 != 10 || x1 != 11 || x2 != 12 || x3 != 13 ||
                     x4 != 14 || x5 != 15;
    return (struct lb_timed){rng + 1, 100000 - own_calls++};
}

static void test_own_op(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew = make_crew(rig, 1);
    struct lb_thread_plan thread = scripted_plan(false);
    double ticks = 7, mean = 7;

    /* The median of the last ones: the first only fetch. */
    thread.sampling.timed = scripted_own;
    for (int n = 1; n <= LB_OWN_OPS_MOST; n = 4 * n + 1) {
        own_calls = 0;
        assert_int_equal(lb_crew_own_op(crew, &thread, n, &ticks, &mean), 0);
        assert_true(own_calls > (uint64_t)n);
        assert_true(is_near(ticks, 100000 - (double)own_calls + 1 + n / 2));
        /* They fall by one each, so that half of them is around their middle. */
        assert_true(is_near(mean, 100000 - (double)own_calls + 1 + (n - 1) / 2.0));
    }
    assert_int_equal(script.faults, 0);
    ticks = mean = 7;
    own_calls = 0;
    assert_int_equal(lb_crew_own_op(crew, &thread, 0, &ticks, &mean), -EINVAL);
    assert_int_equal(lb_crew_own_op(crew, &thread, -1, &ticks, &mean), -EINVAL);
    assert_int_equal(lb_crew_own_op(crew, &thread, LB_OWN_OPS_MOST + 1, &ticks, &mean), -EINVAL);
    thread.sampling.timed = NULL;
    assert_int_equal(lb_crew_own_op(crew, &thread, 1, &ticks, &mean), -EINVAL);
    assert_true(own_calls == 0 && is_near(ticks, 7) && is_near(mean, 7));
    lb_crew_destroy(crew);
}

static void test_real_own_ops(void **state)
{
    struct rig *rig = *state;
    struct lb_thread_plan thread;
    struct lb_crew *crew;
    double floor = -1, add = -1, mean;

    need_stamps();
    crew = make_crew(rig, 1);
    plan_adds(rig, &thread, 1, false);
    thread.sampling = sample_adds(1, UINT64_MAX);
    assert_int_equal(lb_crew_own_op(crew, &thread, LB_OWN_OPS_MOST, &add, &mean), 0);
    assert_true(*rig->words[0] >= LB_OWN_OPS_MOST);
    thread.sampling.timed = lb_hot_timed_find(LB_OP_EMPTY, LB_LOCK_RWSEM40, false);
    assert_int_equal(lb_crew_own_op(crew, &thread, LB_OWN_OPS_MOST, &floor, &mean), 0);
    /* A coarse clock sees neither. */
    assert_true(add > 0 || rig->clock.step_ns > 2);
    assert_true(floor > 0 || rig->clock.step_ns > 2);
    assert_true(add >= 0 && add < 1e9 && floor >= 0 && floor < 1e9);
    lb_crew_destroy(crew);
}

static void test_fetch(void **state)
{
    struct rig *rig = *state;
    uintptr_t lines[LB_PINGPONG_MOST];
    struct lb_crew *crew;
    double ticks;

    need(rig, 2);
    need_stamps();
    crew = make_crew(rig, 2);
    for (int i = 0; i < LB_PINGPONG_MOST; i++)
        lines[i] = (uintptr_t)rig->arena + 4096 * (uintptr_t)i;
    for (int time = 0; time < 12; time++) {
        int n = time % 3 == 0 ? 2 : time % 3 == 1 ? 33 : LB_PINGPONG_MOST;

        ticks = -1;
        assert_int_equal(lb_crew_fetch(crew, time & 1, !(time & 1), lines, n, &ticks), 0);
        assert_true((ticks > 0 || rig->clock.step_ns > 2) && ticks >= 0 && ticks < 1e9);
        /* Both have added to every line but the flag's. */
        for (int i = 0; i < n; i++)
            assert_int_equal(*(uint64_t *)lines[i], i ? 2 : 1);
        if (time % 4 == 3)
            try_window(rig, crew, 2, false, false);
    }
    lb_crew_destroy(crew);
}

/* What was done to the lines says that all of it was done; how long it took is not asserted. */
static void test_costs(void **state)
{
    struct rig *rig = *state;
    uintptr_t lines[LB_COST_LINES];
    double ticks[LB_COSTS] = {0};
    struct lb_crew *crew;

    need(rig, 2);
    need_stamps();
    crew = make_crew(rig, 2);
    for (int i = 0; i < LB_COST_LINES; i++) /* backwards: the second of a pair lies before it */
        lines[i] = (uintptr_t)rig->arena + 4096 * (uintptr_t)(LB_COST_LINES - i);
    for (int time = 0; time < 4; time++) {
        const uintptr_t *line = lines + 1;

        assert_int_equal(lb_crew_costs(crew, time & 1, !(time & 1), lines, ticks), 0);
        for (int i = 0; i < LB_COSTS; i++)
            assert_true(fabs(ticks[i]) < 1e9);
        for (int i = 0; i < LB_COST_REPEATS; i++) {
            assert_int_equal(*(uint64_t *)line[i], 1);                   /* loaded alone */
            assert_int_equal(*(uint64_t *)line[LB_COST_REPEATS + i], 3); /* added to three times */
            assert_int_equal(*(uint64_t *)line[4 * LB_COST_REPEATS + i],
                             line[5 * LB_COST_REPEATS + i]); /* leads to the next */
        }
        if (time == 2)
            try_window(rig, crew, 2, false, false);
    }
    assert_int_equal(lb_crew_costs(crew, 0, 0, lines, ticks), -EINVAL);
    lines[7] = lines[20];
    assert_int_equal(lb_crew_costs(crew, 0, 1, lines, ticks), -EINVAL);
    lb_crew_destroy(crew);
}

/* The same line is a load's and an upgrade's: what a load takes says how it was handed over. */
static void test_handover(void **state)
{
    (void)state;
    assert_int_equal(lb_handover_of(lb_handover_ratio(100, 4)), LB_HANDOVER_PLAIN);
    assert_int_equal(lb_handover_of(lb_handover_ratio(100, -20)), LB_HANDOVER_PLAIN);
    assert_int_equal(lb_handover_of(lb_handover_ratio(100, 93)), LB_HANDOVER_MIGRATORY);
    assert_int_equal(lb_handover_of(lb_handover_ratio(100, 50)), LB_HANDOVER_UNKNOWN);
    assert_int_equal(lb_handover_of(lb_handover_ratio(100, 140)), LB_HANDOVER_UNKNOWN);
    assert_true(isnan(lb_handover_ratio(0, 3)) && isnan(lb_handover_ratio((double)NAN, 3)));
    assert_int_equal(lb_handover_of((double)NAN), LB_HANDOVER_UNKNOWN);
    assert_null(lb_handover_name(LB_HANDOVER_UNKNOWN));
}

static void test_fetch_refuses(void **state)
{
    struct rig *rig = *state;
    uintptr_t lines[LB_PINGPONG_MOST + 1];
    struct lb_crew *crew = make_crew(rig, rig->n_pus);
    double ticks = 7;

    for (int i = 0; i < (int)LB_COUNT(lines); i++)
        lines[i] = (uintptr_t)rig->arena + 64 * (uintptr_t)i;
    assert_int_equal(lb_crew_fetch(crew, 0, 0, lines, 2, &ticks), -EINVAL);
    /* A line in both parts of a probe: one worker would change it while the other waits on it. */
    uintptr_t line = lines[6];
    double ns;
    lines[6] = lines[4];
    assert_int_equal(lb_crew_probe(crew, 0, 1, lines, 5, 8, 4, &ns, &ticks), -EINVAL);
    lines[6] = line;
    assert_int_equal(lb_crew_fetch(crew, 0, rig->n_pus, lines, 2, &ticks), -EINVAL);
    assert_int_equal(lb_crew_fetch(crew, -1, 0, lines, 2, &ticks), -EINVAL);
    if (rig->n_pus > 1)
        for (int n = -1; n < 3; n++)
            assert_int_equal(
                lb_crew_fetch(crew, 0, 1, lines, n == 2 ? LB_PINGPONG_MOST + 1 : n, &ticks),
                -EINVAL);
    assert_true(is_near(ticks, 7));
    lb_crew_destroy(crew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_mask(test_window_times_ops),
        with_mask(test_one_op_in_every_is_timed),
        with_mask(test_timed_ops_are_given_the_site),
        with_mask(test_timed_ops_go_round_the_draw),
        with_mask(test_ops_most),
        with_mask(test_own_op),
        with_mask(test_real_own_ops),
        with_mask(test_fetch),
        with_mask(test_costs),
        cmocka_unit_test(test_handover),
        with_mask(test_fetch_refuses),
    };

    return cmocka_run_group_tests_name("crew_timed", tests, setup, teardown);
}
