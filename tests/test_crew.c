/* SPDX-License-Identifier: MIT
 *
 * crew: the reduction of the block logs by hand-made logs, and windows on real threads: what they
 * count, where they run, what spoils them. Nothing here looks at how long anything took but at
 * bounds that hold on any machine.
 */
#include <linebounce/crew.h>

#include "crew/crew_private.h"
#include "support/fake_pmu.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Reduction */

#define BLOCKS_MOST 32

struct made {
    struct lb_block blocks[BLOCKS_MOST];
    struct lb_log log;
};

/* One op between time-stamps, in place of the ops of a block. */
#define TIMED (1u << 31)

/* A log from pairs of (ticks, ops), ended by a 0. */
static void make_log(struct made *m, uint64_t begin, const unsigned *pairs)
{
    uint64_t end = begin;
    size_t n = 0;

    for (; pairs[2 * n]; n++) {
        end += pairs[2 * n];
        assert_true(n < BLOCKS_MOST);
        bool sampled = pairs[2 * n + 1] == TIMED;
        m->blocks[n] = (struct lb_block){
            .end = end, .ops = sampled ? 1 : pairs[2 * n + 1], .sampled = sampled};
    }
    m->log = (struct lb_log){.begin = begin, .blocks = m->blocks, .n = n};
}

static void check(const struct lb_thread_result *r, double ticks, double ops, unsigned blocks,
                  unsigned dropped)
{
    assert_true(r->measured_ns > ticks - 1e-9 && r->measured_ns < ticks + 1e-9);
    assert_true(r->ops > ops - 1e-9 && r->ops < ops + 1e-9);
    assert_int_equal(r->blocks, blocks);
    assert_int_equal(r->dropped, dropped);
}

/* Twelve blocks of 10 ticks with 2 ops each. */
#define TENS 10, 2, 10, 2, 10, 2, 10, 2, 10, 2, 10, 2, 10, 2, 10, 2, 10, 2, 10, 2, 10, 2, 10, 2, 0

static void test_reduce_leaves_out_the_warm_up(void **state)
{
    static const unsigned tens[] = {TENS};
    struct made a, b;
    struct lb_thread_result r[2] = {{0}};

    (void)state;
    make_log(&a, 1000, tens);
    make_log(&b, 1005, tens); /* its blocks lie across both edges */
    struct lb_log logs[2] = {a.log, b.log};
    assert_int_equal(lb_blocks_reduce(logs, 2, 1020, 1100, false, r), 0);
    check(&r[0], 80, 16, 8, 0);
    check(&r[1], 70, 14, 7, 0);
}

static void test_reduce_drops_a_gap_for_all(void **state)
{
    static const unsigned tens[] = {TENS};
    /* From 40 to 70: three times its due. */
    static const unsigned gap[] = {10, 2,  10, 2,  10, 2,  10, 2,  30, 2, 10,
                                   2,  10, 2,  10, 2,  10, 2,  10, 2,  0};
    struct made a, b, c;
    struct lb_thread_result r[3] = {{0}};

    (void)state;
    make_log(&a, 0, tens);
    make_log(&b, 0, gap);
    make_log(&c, 5, tens);
    struct lb_log logs[3] = {a.log, b.log, c.log};
    assert_int_equal(lb_blocks_reduce(logs, 3, 0, 120, false, r), 0);
    check(&r[0], 90, 18, 12, 3); /* 40-50, 50-60, 60-70; its neighbours only touch the gap */
    check(&r[1], 90, 18, 10, 1);
    check(&r[2], 70, 14, 11, 4); /* 35-45 to 65-75; the last block ends at 125 */
}

static void test_reduce_judges_time_by_op(void **state)
{
    /* Blocks adapt: 40 ticks with 8 ops are no gap, 16 ticks with 2 ops are; 15, one and a half
     * times, is not. */
    static const unsigned adapted[] = {10, 2, 10, 2, 10, 2, 10, 2, 40, 8, 15, 2, 16, 2, 10, 2, 0};
    struct made a;
    struct lb_thread_result r = {0};

    (void)state;
    make_log(&a, 0, adapted);
    assert_int_equal(lb_blocks_reduce(&a.log, 1, 0, 1000, false, &r), 0);
    check(&r, 105, 20, 8, 1);
}

static void test_reduce_sees_gaps_over_the_edges(void **state)
{
    static const unsigned tens[] = {TENS};
    /* Out from 10 to 45 and from 80 to 130: neither block is whole, both hide the other thread's
     * neighbourhood. */
    static const unsigned gaps[] = {10, 2, 35, 2, 5, 1, 10, 2, 10, 2, 10, 2, 50, 2, 0};
    struct made a, b;
    struct lb_thread_result r[2] = {{0}};

    (void)state;
    make_log(&a, 0, tens);
    make_log(&b, 0, gaps);
    struct lb_log logs[2] = {a.log, b.log};
    assert_int_equal(lb_blocks_reduce(logs, 2, 20, 100, false, r), 0);
    check(&r[0], 30, 6, 8, 5); /* 50 to 80 remain */
    check(&r[1], 35, 7, 4, 0);
}

static void test_reduce_joins_gaps(void **state)
{
    static const unsigned tens[] = {TENS};
    static const unsigned late[] = {10, 2,  10, 2,  10, 2,  10, 2, 10,
                                    2,  25, 2,  10, 2,  10, 2,  0}; /* 50-75 */
    static const unsigned early[] = {10, 2, 10, 2, 10, 2, 35, 2,
                                     10, 2, 10, 2, 10, 2, 0}; /* 30-65 */
    static const unsigned inner[] = {10, 2,  10, 2,  10, 2,  10, 2, 18,
                                     2,  10, 2,  10, 2,  10, 2,  0}; /* 40-58 */
    static const unsigned outer[] = {10, 2, 10, 2, 10, 2, 50, 2,
                                     10, 2, 10, 2, 10, 2, 0}; /* 30-80 */
    struct made a, b, c;
    struct lb_thread_result r[3] = {{0}};

    (void)state;
    make_log(&a, 0, late);
    make_log(&b, 0, tens);
    make_log(&c, 0, early);
    struct lb_log logs[3] = {a.log, b.log, c.log};
    assert_int_equal(lb_blocks_reduce(logs, 3, 0, 120, false, r), 0);
    check(&r[1], 70, 14, 12, 5); /* 30 to 80 are gone */
    /* One inside the other. */
    make_log(&a, 0, inner);
    make_log(&c, 0, outer);
    logs[0] = a.log;
    logs[2] = c.log;
    assert_int_equal(lb_blocks_reduce(logs, 3, 0, 120, false, r), 0);
    check(&r[1], 70, 14, 12, 5);
}

static void test_reduce_keeps_gaps_and_cuts(void **state)
{
    /* 4 ops over 20 ticks across the start; asleep from 40 to 90; 3 ops over 30 ticks across the
     * stop. */
    static const unsigned blocks[] = {10, 2, 20, 4, 10, 2, 50, 1, 30, 3, 30, 3, 0};
    static const unsigned whole[] = {400, 40, 0};
    struct made a, b;
    struct lb_thread_result r[2] = {{0}};

    (void)state;
    make_log(&a, 0, blocks);
    make_log(&b, 0, whole);
    struct lb_log logs[2] = {a.log, b.log};
    assert_int_equal(lb_blocks_reduce(logs, 2, 20, 100, true, r), 0);
    check(&r[0], 80, 2 + 2 + 1 + 1, 4, 0);
    check(&r[1], 80, 8, 1, 0);
    assert_int_equal(lb_blocks_reduce(logs, 2, 20, 100, false, r), 0);
    check(&r[1], 0, 0, 0, 0);
}

static void test_reduce_of_nothing(void **state)
{
    static const unsigned tens[] = {TENS};
    struct made a;
    struct lb_thread_result r[2];

    (void)state;
    make_log(&a, 0, tens);
    struct lb_log logs[2] = {a.log, {.blocks = NULL}};
    for (int keep = 0; keep < 2; keep++) {
        memset(r, 0x5a, sizeof r);
        assert_int_equal(lb_blocks_reduce(logs, 2, 20, 100, keep, r), 0);
        check(&r[0], 80, 16, 8, 0);
        check(&r[1], 0, 0, 0, 0);
        /* The window lies behind the log. */
        assert_int_equal(lb_blocks_reduce(logs, 2, 500, 600, keep, r), 0);
        check(&r[0], 0, 0, 0, 0);
    }
    assert_int_equal(lb_blocks_reduce(NULL, 0, 0, 1, false, NULL), 0);
}

/* Reduction with timed ops between the blocks */

static bool is_near(double a, double b)
{
    return a > b - 1e-9 && a < b + 1e-9;
}

static void test_reduce_leaves_out_timed_ops(void **state)
{
    /* Six ticks each: were they to count for what an op takes, the block of 14 were no gap. */
    static const unsigned mixed[] = {10, 2,     6,  TIMED, 10, 2,     6,  TIMED, 10, 2,
                                     8,  TIMED, 16, 2,     6,  TIMED, 10, 2,     0};
    struct made a;
    struct lb_thread_result r = {.sampled_ns = -1};

    (void)state;
    make_log(&a, 0, mixed);
    assert_int_equal(lb_blocks_reduce(&a.log, 1, 0, 1000, false, &r), 0);
    check(&r, 40, 8, 5, 1);
    assert_true(is_near(r.sampled_ns, 6 + 6 + 8 + 6));
    /* Where sleeping is the subject, an op that slept is part of the story. */
    assert_int_equal(lb_blocks_reduce(&a.log, 1, 0, 1000, true, &r), 0);
    check(&r, 40 + 16 + 26, 14, 9, 0);
    assert_true(is_near(r.sampled_ns, 26));
}

/* A timed op is held against the block before it, and hides what others did meanwhile. */
static void test_reduce_finds_gaps_in_timed_ops(void **state)
{
    static const struct {
        unsigned block, ops, timed;
        bool gap;
    } cases[] = {{10, 2, 15, false}, {10, 2, 16, true}, {40, 8, 60, false}, {40, 8, 61, true}};
    static const unsigned tens[] = {TENS};
    struct made a, b;
    struct lb_thread_result r[2] = {{0}};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        const unsigned pairs[] = {
            10, 2, 10, 2, cases[i].block, cases[i].ops, cases[i].timed, TIMED, 10, 2, 10, 2, 0};
        unsigned from = 20 + cases[i].block, to = from + cases[i].timed, touched = 0;

        make_log(&a, 0, pairs);
        make_log(&b, 0, tens);
        struct lb_log logs[2] = {a.log, b.log};
        assert_int_equal(lb_blocks_reduce(logs, 2, 0, 1000, false, r), 0);
        /* Its own blocks only touch it, and it is no block itself. */
        check(&r[0], 40 + cases[i].block, 8 + cases[i].ops, 5, 0);
        assert_true(is_near(r[0].sampled_ns, cases[i].timed));
        for (unsigned at = 0; at < 120; at += 10)
            touched += at < to && at + 10 > from;
        if (!cases[i].gap)
            touched = 0;
        check(&r[1], 120 - 10 * touched, 24 - 2 * touched, 12, touched);
    }
}

/* A short timed op before it does not shorten a block's due. */
static void test_reduce_judges_blocks_by_blocks(void **state)
{
    static const unsigned pairs[] = {10, 2, 10, 2, 2, TIMED, 14, 2, 10, 2, 0};
    struct made a;
    struct lb_thread_result r = {0};

    (void)state;
    make_log(&a, 0, pairs);
    assert_int_equal(lb_blocks_reduce(&a.log, 1, 0, 1000, false, &r), 0);
    check(&r, 44, 8, 4, 0);
}

static void test_reduce_cuts_timed_ops(void **state)
{
    /* Timed ops from 10 to 20 and from 30 to 40, blocks between them. */
    static const unsigned pairs[] = {10, 2, 10, TIMED, 10, 2, 10, TIMED, 10, 2, 0};
    struct made a;
    struct lb_thread_result r = {0};

    (void)state;
    make_log(&a, 0, pairs);
    assert_int_equal(lb_blocks_reduce(&a.log, 1, 16, 38, false, &r), 0);
    check(&r, 10, 2, 1, 0);
    assert_true(is_near(r.sampled_ns, 0));
    assert_int_equal(lb_blocks_reduce(&a.log, 1, 16, 38, true, &r), 0);
    check(&r, 22, 0.4 + 2 + 0.8, 3, 0);
    assert_true(is_near(r.sampled_ns, 4 + 8));
    assert_int_equal(lb_blocks_reduce(&a.log, 1, 10, 40, false, &r), 0); /* whole at both edges */
    assert_true(is_near(r.sampled_ns, 20));
}

/* A timed op that slept over an edge hides what lies inside. */
static void test_reduce_sees_timed_gaps_over_the_edges(void **state)
{
    static const unsigned tens[] = {TENS};
    static const unsigned pairs[] = {10, 2, 35, TIMED, 10, 2, 10, 2, 10, 2, 50, TIMED, 0};
    struct made a, b;
    struct lb_thread_result r[2] = {{0}};

    (void)state;
    make_log(&a, 0, tens);
    make_log(&b, 0, pairs);
    struct lb_log logs[2] = {a.log, b.log};
    assert_int_equal(lb_blocks_reduce(logs, 2, 20, 100, false, r), 0);
    check(&r[0], 20, 4, 8, 6); /* 50 to 70: the gaps are 10 to 45 and 75 to 125 */
    check(&r[1], 30, 6, 3, 0);
    assert_true(is_near(r[1].sampled_ns, 0));
}

/* Windows */

struct rig {
    struct lb_clock clock;
    cpu_set_t allowed; /* before any crew */
    int pus[2], n_pus;
    struct lb_arena *memory;
    char *arena;
    uint64_t *words[2]; /* of the controls, far apart */
};

static int setup(void **state)
{
    static struct rig rig;
    struct lb_arena_info info;

    memset(&rig, 0, sizeof rig);
    if (sched_getaffinity(0, sizeof rig.allowed, &rig.allowed) ||
        lb_clock_init(LB_CLOCK_TSC, &rig.clock) || lb_arena_create(1 << 22, -1, NULL, &rig.memory))
        return -1;
    for (int cpu = 0; cpu < CPU_SETSIZE && rig.n_pus < 2; cpu++)
        if (CPU_ISSET((size_t)cpu, &rig.allowed))
            rig.pus[rig.n_pus++] = cpu;
    if (lb_clock_check_pus(&rig.clock, rig.pus, (size_t)rig.n_pus))
        return -1;
    lb_arena_info(rig.memory, &info);
    rig.arena = info.base;
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;

    lb_arena_destroy(rig->memory);
    return 0;
}

/* A test that fails with its crew alive leaves the next ones pinned. */
static int restore_mask(void **state)
{
    struct rig *rig = *state;

    return sched_setaffinity(0, sizeof rig->allowed, &rig->allowed);
}
#define with_mask(test) cmocka_unit_test_teardown(test, restore_mask)

static void need(const struct rig *rig, int pus)
{
    if (rig->n_pus >= pus)
        return;
    print_message("skipped: %d PUs are needed, this process may use %d\n", pus, rig->n_pus);
    skip();
}

static struct lb_crew *make_crew(const struct rig *rig, int n)
{
    struct lb_why why = {""};
    struct lb_crew *crew = NULL;

    if (lb_crew_create(&rig->clock, rig->pus, NULL, n, &why, &crew))
        fail_msg("%s", why.text);
    assert_int_equal(lb_crew_size(crew), n);
    for (int i = 0; i < n; i++)
        assert_int_equal(lb_crew_pu_os(crew, i), rig->pus[i]);
    assert_int_equal(lb_crew_pu_os(crew, n), -1);
    assert_int_equal(lb_crew_pu_os(crew, -1), -1);
    return crew;
}

/* Adds on a word of its own for each of n threads, the last worker first. */
static void plan_adds(struct rig *rig, struct lb_thread_plan *threads, int n, bool paused)
{
    for (int i = 0; i < n; i++) {
        rig->words[i] = (uint64_t *)(void *)(rig->arena + 4096 * (i + 1));
        *rig->words[i] = 0;
        threads[i] = (struct lb_thread_plan){
            .worker = n - 1 - i,
            .loop = lb_hot_find(LB_OP_ADD, LB_LOCK_RWSEM40, false, paused),
            .x = {(uintptr_t)rig->words[i], (uintptr_t)&lb_program_of_word},
            .seed = 42,
            .span = 100,
            .op_ns = 20,
        };
    }
}

/* A thread that was kept off its PU may find the window over; then the window is spoiled. */
static void check_result(const struct rig *rig, const struct lb_window_plan *plan, int i,
                         enum lb_spoiled spoiled, const struct lb_thread_result *r)
{
    int pu_os = rig->pus[plan->threads[i].worker];

    assert_int_equal(r->pu_start, pu_os);
    assert_int_equal(r->pu_end, pu_os);
    assert_true(r->total_ops > 0 || spoiled);
    assert_true(r->ops >= 0 && r->ops <= (double)r->total_ops);
    assert_true(r->dropped <= r->blocks);
    assert_true(r->measured_ns >= 0 && r->measured_ns <= plan->window_ns * 1.0001);
    /* The account covers all blocks. */
    assert_true(r->account.wall_ns >= r->measured_ns * 0.9999);
    assert_true(r->account.cpu_ns >= 0);
    assert_true(r->account.user_ns >= 0 && r->account.system_ns >= 0);
    assert_true(r->account.voluntary >= 0 && r->account.involuntary >= 0 &&
                r->account.preempted_ns >= 0);
}

static void try_window(struct rig *rig, struct lb_crew *crew, int n, bool paused, bool keep_gaps)
{
    struct lb_thread_plan threads[2];
    struct lb_thread_result results[2];
    struct lb_window_plan plan = {
        .threads = threads, .n_threads = n, .window_ns = LB_WINDOW_NS, .keep_gaps = keep_gaps};
    enum lb_spoiled spoiled = LB_SPOILED_REGIME;

    plan_adds(rig, threads, n, paused);
    memset(results, 0x5a, sizeof results);
    assert_int_equal(lb_crew_window(crew, &plan, results, &spoiled), 0);
    assert_int_not_equal(spoiled, LB_SPOILED_REGIME);
    assert_int_not_equal(spoiled, LB_SPOILED_MOVED);
    assert_int_not_equal(spoiled, LB_SPOILED_LOG);
    for (int i = 0; i < n; i++) {
        check_result(rig, &plan, i, spoiled, &results[i]);
        assert_int_equal(results[i].total_ops, *rig->words[i]);
        if (keep_gaps)
            assert_int_equal(results[i].dropped, 0);
        else
            assert_true(results[i].ops == (double)(uint64_t)results[i].ops);
        if (!spoiled)
            assert_true(results[i].ops > 0 && results[i].measured_ns > 0 && results[i].blocks > 0);
        if (!spoiled && !keep_gaps)
            assert_true(results[i].dropped <= results[i].blocks);
    }
}

static void test_window_of_one(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew = make_crew(rig, 1);

    for (int form = 0; form < 4; form++)
        try_window(rig, crew, 1, form & 1, form & 2);
    lb_crew_destroy(crew);
}

static void test_window_of_two(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew;

    need(rig, 2);
    crew = make_crew(rig, 2);
    for (int form = 0; form < 12; form++)
        try_window(rig, crew, 2, form & 1, form & 2);
    lb_crew_destroy(crew);
}

/* Both words in one line: no add is lost. */
static void test_window_on_a_shared_word(void **state)
{
    struct rig *rig = *state;
    struct lb_thread_plan threads[2];
    struct lb_thread_result results[2];
    struct lb_window_plan plan = {.threads = threads, .n_threads = 2, .window_ns = LB_WINDOW_NS};
    enum lb_spoiled spoiled;
    struct lb_crew *crew;

    need(rig, 2);
    crew = make_crew(rig, 2);
    plan_adds(rig, threads, 2, false);
    threads[1].x[0] = threads[0].x[0];
    assert_int_equal(lb_crew_window(crew, &plan, results, &spoiled), 0);
    assert_int_equal(results[0].total_ops + results[1].total_ops, *rig->words[0]);
    assert_int_equal(*rig->words[1], 0);
    lb_crew_destroy(crew);
}

/* A window need not have worker 0 in it, nor all others. */
static void test_window_of_some(void **state)
{
    struct rig *rig = *state;
    struct lb_thread_plan threads[2];
    struct lb_thread_result results[2];
    struct lb_window_plan plan = {.threads = threads, .n_threads = 1, .window_ns = LB_WINDOW_NS};
    enum lb_spoiled spoiled;
    struct lb_crew *crew;

    need(rig, 2);
    crew = make_crew(rig, 2);
    for (int worker = 0; worker < 2; worker++)
        for (int time = 0; time < 3; time++) {
            plan_adds(rig, threads, 2, false);
            threads[0].worker = worker;
            memset(&results[1], 0x5a, sizeof results[1]);
            assert_int_equal(lb_crew_window(crew, &plan, results, &spoiled), 0);
            check_result(rig, &plan, 0, spoiled, results);
            assert_int_equal(results[0].total_ops, *rig->words[0]);
            assert_int_equal(*rig->words[1], 0);
            assert_int_equal(results[1].blocks, 0x5a5a5a5a);
        }
    lb_crew_destroy(crew);
}

/* Workers that went to sleep between windows hear of the next one. */
static void test_window_after_a_rest(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew;

    need(rig, 2);
    crew = make_crew(rig, 2);
    for (int i = 0; i < 3; i++) {
        usleep(20000);
        try_window(rig, crew, 2, false, false);
    }
    usleep(20000);
    lb_crew_destroy(crew);
}

/* The locks' statistics are those of the window alone. */
static void test_window_counts_lock_events(void **state)
{
    struct rig *rig = *state;
    struct lb_workload shape = {
        .scenario = &lb_scenarios[LB_SCENARIO_SAME_OBJECT], .layout = &lb_layouts[0], .threads = 1};
    struct lb_crew *crew = make_crew(rig, 1);
    struct lb_thread_plan thread = {.seed = 1, .op_ns = 20};
    struct lb_site site;
    struct lb_window_plan plan = {.threads = &thread, .n_threads = 1, .window_ns = LB_WINDOW_NS};
    struct lb_thread_result r;
    struct lb_placed placed;
    struct lb_draw draw;
    enum lb_spoiled spoiled;
    uint64_t random = 1;

    assert_int_equal(lb_draw_init(&random, 0, 1 << 22, 1 << 19, &draw), 0);
    assert_int_equal(lb_workload_place(&shape, &draw, rig->arena, 1 << 22, NULL, &site, &placed),
                     0);
    memcpy(thread.x, site.x, sizeof thread.x);
    thread.loop = lb_hot_find(LB_OP_READ, shape.lock, true, false);
    assert_int_equal(lb_crew_window(crew, &plan, &r, &spoiled), 0);
    assert_int_equal(r.account.fallbacks, 0);
    *(uint32_t *)(site.x[0] + site.program.seq) = 1; /* write-locked by its sequence number */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lb_crew_window(crew, &plan, &r, &spoiled), 0);
        assert_int_equal(r.account.fallbacks, r.total_ops);
    }
    assert_int_equal(lb_workload_check(&shape, &draw, rig->arena), 0);
    lb_crew_destroy(crew);
}

/* The draw of `many` is cyclic: a sanitised build sees any step beyond its end. */
static void test_window_goes_round_the_draw(void **state)
{
    struct rig *rig = *state;
    struct lb_workload shape = {.scenario = &lb_scenarios[LB_SCENARIO_MANY],
                                .layout = &lb_layouts[0],
                                .threads = 1,
                                .objects = 16};
    struct lb_crew *crew = make_crew(rig, 1);
    uint32_t *picks = malloc(LB_PICKS * sizeof *picks);
    struct lb_site site;
    struct lb_thread_plan thread = {.seed = 1, .op_ns = 1, .picks = LB_PICKS, .picks_start = picks};
    struct lb_window_plan plan = {
        .threads = &thread, .n_threads = 1, .window_ns = 5 * LB_WINDOW_NS};
    struct lb_thread_result r;
    struct lb_placed placed;
    struct lb_draw draw;
    enum lb_spoiled spoiled;
    uint64_t random = 1, ops = 0;

    assert_non_null(picks);
    assert_int_equal(lb_draw_init(&random, 0, 1 << 22, 1 << 19, &draw), 0);
    assert_int_equal(lb_workload_place(&shape, &draw, rig->arena, 1 << 22, picks, &site, &placed),
                     0);
    memcpy(thread.x, site.x, sizeof thread.x);
    thread.loop = lb_hot_find(LB_OP_MANY, shape.lock, true, false);
    thread.x[3] += 4 * (LB_PICKS - 3); /* near the end already */
    for (int i = 0; i < 50 && ops <= 2 * LB_PICKS; i++) {
        assert_int_equal(lb_crew_window(crew, &plan, &r, &spoiled), 0);
        ops += r.total_ops;
    }
    assert_int_equal(lb_workload_check(&shape, &draw, rig->arena), 0);
    free(picks);
    lb_crew_destroy(crew);
}

static void test_window_refuses(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew = make_crew(rig, rig->n_pus);
    struct lb_thread_plan threads[2];
    struct lb_thread_result results[2];
    enum lb_spoiled spoiled = LB_SPOILED_REGIME;
    struct lb_window_plan plan = {.threads = threads, .n_threads = 0, .window_ns = LB_WINDOW_NS};

    memset(results, 0x5a, sizeof results);
    plan_adds(rig, threads, 2, false);
    assert_int_equal(lb_crew_window(crew, &plan, results, &spoiled), -EINVAL);
    plan.n_threads = 2;
    threads[0].worker = threads[1].worker = 0;
    assert_int_equal(lb_crew_window(crew, &plan, results, &spoiled), -EINVAL);
    plan.n_threads = 1;
    threads[0].worker = rig->n_pus;
    assert_int_equal(lb_crew_window(crew, &plan, results, &spoiled), -EINVAL);
    threads[0].worker = -1;
    assert_int_equal(lb_crew_window(crew, &plan, results, &spoiled), -EINVAL);
    threads[0].worker = 0;
    threads[0].loop = NULL;
    assert_int_equal(lb_crew_window(crew, &plan, results, &spoiled), -EINVAL);
    assert_int_equal(spoiled, LB_SPOILED_REGIME);
    assert_int_equal(results[0].blocks, 0x5a5a5a5a);
    assert_int_equal(*rig->words[0], 0);
    lb_crew_destroy(crew);
}

/* What spoils */

/* The kernel's number of the crew's thread on that PU: the one that may run nowhere else, but for
 * this one. */
static pid_t thread_on(int pu_os)
{
    DIR *dir = opendir("/proc/self/task");
    struct dirent *entry;
    pid_t found = -1;

    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        pid_t tid = (pid_t)atoi(entry->d_name);
        cpu_set_t set;

        if (tid > 0 && tid != gettid() && !sched_getaffinity(tid, sizeof set, &set) &&
            CPU_COUNT(&set) == 1 && CPU_ISSET((size_t)pu_os, &set))
            found = tid;
    }
    closedir(dir);
    return found;
}

static void pin(pid_t tid, int pu_os)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)pu_os, &set);
    assert_int_equal(sched_setaffinity(tid, sizeof set, &set), 0);
}

static void test_moved_thread_spoils(void **state)
{
    struct rig *rig = *state;
    struct lb_thread_plan threads[2];
    struct lb_thread_result results[2];
    struct lb_window_plan plan = {.threads = threads, .n_threads = 2, .window_ns = LB_WINDOW_NS};
    enum lb_spoiled spoiled;
    struct lb_crew *crew;
    pid_t tid;

    need(rig, 2);
    crew = make_crew(rig, 2);
    tid = thread_on(rig->pus[1]);
    assert_true(tid > 0);
    plan_adds(rig, threads, 2, false);
    pin(tid, rig->pus[0]);
    assert_int_equal(lb_crew_window(crew, &plan, results, &spoiled), 0);
    assert_int_equal(spoiled, LB_SPOILED_MOVED);
    assert_int_equal(results[0].pu_start, rig->pus[0]); /* threads[0] is worker 1 */
    assert_int_equal(results[0].total_ops, *rig->words[0]);
    pin(tid, rig->pus[1]);
    try_window(rig, crew, 2, false, false);
    pin(0, rig->pus[1]); /* the caller may be moved as well */
    assert_int_equal(lb_crew_window(crew, &plan, results, &spoiled), 0);
    assert_int_equal(spoiled, LB_SPOILED_MOVED);
    pin(0, rig->pus[0]);
    try_window(rig, crew, 2, false, false);
    lb_crew_destroy(crew);
}

/* Windows in which nobody was late to the start, as far as that takes. */
static enum lb_spoiled punctual_window(struct lb_crew *crew, const struct lb_window_plan *plan,
                                       struct lb_thread_result *results)
{
    enum lb_spoiled spoiled = LB_SPOILED_LATE;

    for (int i = 0; i < 20 && spoiled == LB_SPOILED_LATE; i++)
        assert_int_equal(lb_crew_window(crew, plan, results, &spoiled), 0);
    return spoiled;
}

static void test_op_longer_than_the_window_spoils(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew = make_crew(rig, 1);
    struct lb_thread_plan thread;
    struct lb_thread_result r;
    struct lb_window_plan plan = {.threads = &thread, .n_threads = 1, .window_ns = LB_WINDOW_NS};

    plan_adds(rig, &thread, 1, true);
    /* At least half of it is drawn: twice the window and its warm-up. An iteration takes no less
     * than 0.2 ns. */
    thread.span = (uint64_t)(20 * 1.2 * LB_WINDOW_NS);
    thread.op_ns = 1e9;
    assert_int_equal(punctual_window(crew, &plan, &r), LB_SPOILED_EMPTY);
    assert_int_equal(r.blocks, 0);
    assert_int_equal(r.total_ops, 1);
    lb_crew_destroy(crew);
}

static void test_full_log_spoils(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew = make_crew(rig, 1);
    struct lb_thread_plan thread;
    struct lb_thread_result r;
    double block_ns = LB_BLOCK_LEAST_NS;
    struct lb_window_plan plan = {.threads = &thread, .n_threads = 1, .window_ns = 0};

    if (LB_BLOCK_STEPS * rig->clock.step_ns > block_ns)
        block_ns = LB_BLOCK_STEPS * rig->clock.step_ns;
    if (LB_BLOCK_READS * rig->clock.read_ns > block_ns)
        block_ns = LB_BLOCK_READS * rig->clock.read_ns;
    /* Ends when the log is full, and on a fraction of a CPU that takes a multiple of the time. */
    plan.window_ns = 200 * block_ns * LB_LOG_BLOCKS;
    plan_adds(rig, &thread, 1, false);
    assert_int_equal(punctual_window(crew, &plan, &r), LB_SPOILED_LOG);
    assert_true(r.blocks <= LB_LOG_BLOCKS);
    lb_crew_destroy(crew);
}

/* A thread that is kept from its CPU: in a signal's handler it sleeps beside it. */
static useconds_t kept_us;

static void keep_off(int signal_number)
{
    (void)signal_number;
    usleep(__atomic_load_n(&kept_us, __ATOMIC_RELAXED));
}

static void keep_from_cpu(const struct lb_crew *crew, int worker, int ms)
{
    struct sigaction action = {.sa_handler = keep_off};

    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    __atomic_store_n(&kept_us, 1000 * (useconds_t)ms, __ATOMIC_RELAXED);
    assert_int_equal(pthread_kill(crew->workers[worker].thread, SIGUSR1), 0);
    usleep(1000); /* until it is there */
}

static void test_a_worker_that_is_late_is_waited_for(void **state)
{
    struct rig *rig = *state;
    struct lb_thread_plan threads[2];
    struct lb_thread_result r[2];
    struct lb_window_plan plan = {.threads = threads, .n_threads = 2, .window_ns = 1e6};
    enum lb_spoiled spoiled;

    need(rig, 2);
    struct lb_crew *crew = make_crew(rig, 2);
    plan_adds(rig, threads, 2, false);
    keep_from_cpu(crew, 1, 200);
    assert_int_equal(lb_crew_window(crew, &plan, r, &spoiled), 0);
    assert_int_equal(lb_crew_lost(crew), -1);
    lb_crew_destroy(crew);
}

static void test_a_worker_that_never_runs_ends_the_crew(void **state)
{
    struct rig *rig = *state;
    struct lb_thread_plan threads[2];
    struct lb_thread_result r[2];
    struct lb_window_plan plan = {.threads = threads, .n_threads = 2, .window_ns = 1e6};
    enum lb_spoiled spoiled;
    uintptr_t line = (uintptr_t)rig->arena;
    struct lb_why why = {""};
    double ns = 7;

    need(rig, 2);
    for (int command = 0; command < 2; command++) {
        struct lb_crew *crew = make_crew(rig, 2);
        plan_adds(rig, threads, 2, false);
        crew->wait_most_ns = 2e7;
        keep_from_cpu(crew, 1, 1000);
        assert_int_equal(command ? lb_crew_pingpong(crew, 0, 1, &line, 1, 4, &ns)
                                 : lb_crew_window(crew, &plan, r, &spoiled),
                         -ETIMEDOUT);
        assert_int_equal(lb_crew_lost(crew), rig->pus[1]);
        assert_int_equal(lb_crew_explain(crew, -ETIMEDOUT, &why), -ETIMEDOUT);
        assert_non_null(strstr(why.text, "did not get to run"));
        /* Its threads are pinned no more: nothing is measured with it. */
        assert_int_equal(lb_crew_window(crew, &plan, r, &spoiled), -ETIMEDOUT);
        assert_int_equal(lb_crew_pingpong(crew, 0, 1, &line, 1, 4, &ns), -ETIMEDOUT);
        assert_int_equal(lb_crew_gather(crew, (const int[]){0, 1}, 2), -ETIMEDOUT);
        assert_true(ns == 7);
        lb_crew_destroy(crew);
    }
}

static void test_two_that_do_not_meet_give_up(void **state)
{
    struct rig *rig = *state;
    uintptr_t lines[8];
    double ns = 7, ticks = 7;

    need(rig, 2);
    struct lb_crew *crew = make_crew(rig, 2);
    for (int i = 0; i < 8; i++)
        lines[i] = (uintptr_t)(rig->arena + 4096 * i);
    /* A line that is there twice holds the last trip's number the second time: the swap that both
     * wait for never comes. */
    lines[1] = lines[0];
    assert_int_equal(lb_crew_volley(crew, LB_PINGPONG_CAS, 0, 1, lines, 3, 4, &ns), 0);
    assert_true(isnan(ns));
    lines[1] = (uintptr_t)(rig->arena + 4096);
    assert_int_equal(lb_crew_volley(crew, LB_PINGPONG_CAS, 0, 1, lines, 3, 4, &ns), 0);
    assert_true(ns > 0);
    if (lb_hot_timed_find(LB_OP_ADD, LB_LOCK_RWSEM40, false)) {
        assert_int_equal(lb_crew_probe(crew, 0, 1, lines, 3, 4, 4, &ns, &ticks), 0);
        assert_true(ns > 0 && ticks > 0);
    }
    lb_crew_destroy(crew);
}

static void test_spoiled_names(void **state)
{
    (void)state;
    assert_string_equal(lb_spoiled_name(LB_SPOILED_NOT), "");
    for (int i = LB_SPOILED_LATE; i <= LB_SPOILED_REGIME; i++)
        for (int j = LB_SPOILED_NOT; j < i; j++)
            assert_string_not_equal(lb_spoiled_name((enum lb_spoiled)i),
                                    lb_spoiled_name((enum lb_spoiled)j));
    assert_string_equal(lb_spoiled_name(LB_SPOILED_MOVED), "moved");
}

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
    double ticks = 7;

    /* The median of the last ones: the first only fetch. */
    thread.sampling.timed = scripted_own;
    for (int n = 1; n <= LB_OWN_OPS_MOST; n = 4 * n + 1) {
        own_calls = 0;
        assert_int_equal(lb_crew_own_op(crew, &thread, n, &ticks), 0);
        assert_true(own_calls > (uint64_t)n);
        assert_true(is_near(ticks, 100000 - (double)own_calls + 1 + n / 2));
    }
    assert_int_equal(script.faults, 0);
    ticks = 7;
    own_calls = 0;
    assert_int_equal(lb_crew_own_op(crew, &thread, 0, &ticks), -EINVAL);
    assert_int_equal(lb_crew_own_op(crew, &thread, -1, &ticks), -EINVAL);
    assert_int_equal(lb_crew_own_op(crew, &thread, LB_OWN_OPS_MOST + 1, &ticks), -EINVAL);
    thread.sampling.timed = NULL;
    assert_int_equal(lb_crew_own_op(crew, &thread, 1, &ticks), -EINVAL);
    assert_true(own_calls == 0 && is_near(ticks, 7));
    lb_crew_destroy(crew);
}

static void test_real_own_ops(void **state)
{
    struct rig *rig = *state;
    struct lb_thread_plan thread;
    struct lb_crew *crew;
    double floor = -1, add = -1;

    need_stamps();
    crew = make_crew(rig, 1);
    plan_adds(rig, &thread, 1, false);
    thread.sampling = sample_adds(1, UINT64_MAX);
    assert_int_equal(lb_crew_own_op(crew, &thread, LB_OWN_OPS_MOST, &add), 0);
    assert_true(*rig->words[0] >= LB_OWN_OPS_MOST);
    thread.sampling.timed = lb_hot_timed_find(LB_OP_EMPTY, LB_LOCK_RWSEM40, false);
    assert_int_equal(lb_crew_own_op(crew, &thread, LB_OWN_OPS_MOST, &floor), 0);
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

/* Ping-pong and chain */

static void test_pingpong(void **state)
{
    struct rig *rig = *state;
    uintptr_t lines[LB_PINGPONG_LINES];
    struct lb_crew *crew;
    double ns;

    need(rig, 2);
    crew = make_crew(rig, 2);
    for (int i = 0; i < LB_PINGPONG_LINES; i++)
        lines[i] = (uintptr_t)rig->arena + 8192 * (uintptr_t)i;
    lines[3] = lines[2]; /* drawn twice: allowed */
    for (int i = 0; i < 20; i++) {
        ns = 0;
        assert_int_equal(lb_crew_pingpong(crew, i & 1, !(i & 1), lines, 1 + i % LB_PINGPONG_LINES,
                                          LB_PINGPONG_TRIPS, &ns),
                         0);
        assert_true(isnan(ns) || (ns > 0 && ns < 1e9)); /* NaN: the two hardly met */
        if (i % 5 == 4)
            try_window(rig, crew, 2, false, false);
    }
    lb_crew_destroy(crew);
}

static void test_pingpong_refuses(void **state)
{
    struct rig *rig = *state;
    uintptr_t lines[LB_PINGPONG_MOST + 1];
    struct lb_crew *crew = make_crew(rig, rig->n_pus);
    double ns = 7;

    for (int i = 0; i < (int)LB_COUNT(lines); i++)
        lines[i] = (uintptr_t)rig->arena + 64 * (uintptr_t)i;
    assert_int_equal(lb_crew_pingpong(crew, 0, 0, lines, 1, 1, &ns), -EINVAL);
    assert_int_equal(lb_crew_pingpong(crew, 0, rig->n_pus, lines, 1, 1, &ns), -EINVAL);
    assert_int_equal(lb_crew_pingpong(crew, -1, 0, lines, 1, 1, &ns), -EINVAL);
    if (rig->n_pus > 1) {
        assert_int_equal(lb_crew_pingpong(crew, 0, 1, lines, 0, 1, &ns), -EINVAL);
        assert_int_equal(lb_crew_pingpong(crew, 0, 1, lines, 1, 0, &ns), -EINVAL);
        assert_int_equal(lb_crew_pingpong(crew, 0, 1, lines, LB_PINGPONG_MOST + 1, 1, &ns),
                         -EINVAL);
    }
    assert_true(ns > 6.9 && ns < 7.1);
    lb_crew_destroy(crew);
}

static void test_chain(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew = make_crew(rig, 1);

    assert_true(lb_crew_chain_ns(crew) > 0);
    lb_crew_destroy(crew);
}

/* Making and ending */

static void test_create_refuses(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew = (struct lb_crew *)rig;
    int twice[2] = {rig->pus[0], rig->pus[0]}, none[2] = {rig->pus[0], 1 << 20}, negative = -1;
    struct lb_why why = {""};
    cpu_set_t after;

    assert_int_equal(lb_crew_create(&rig->clock, twice, NULL, 2, &why, &crew), -EINVAL);
    assert_non_null(strstr(why.text, "twice"));
    assert_int_equal(lb_crew_create(&rig->clock, twice, NULL, 0, &why, &crew), -EINVAL);
    assert_non_null(strstr(why.text, "no PU"));
    assert_true(lb_crew_create(&rig->clock, none, NULL, 2, &why, &crew) < 0);
    assert_non_null(strstr(why.text, "1048576"));
    assert_true(lb_crew_create(&rig->clock, none + 1, NULL, 1, &why, &crew) < 0);
    assert_true(lb_crew_create(&rig->clock, &negative, NULL, 1, NULL, &crew) < 0);
    assert_ptr_equal(crew, rig);
    assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
    assert_true(CPU_EQUAL(&rig->allowed, &after));
}

static void test_affinity_comes_back(void **state)
{
    struct rig *rig = *state;
    cpu_set_t inside, after;
    struct lb_crew *crew;

    crew = make_crew(rig, rig->n_pus);
    assert_int_equal(sched_getaffinity(0, sizeof inside, &inside), 0);
    assert_int_equal(CPU_COUNT(&inside), 1);
    assert_true(CPU_ISSET((size_t)rig->pus[0], &inside));
    assert_int_equal(sched_getcpu(), rig->pus[0]);
    lb_crew_destroy(crew);
    assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
    assert_true(CPU_EQUAL(&rig->allowed, &after));
    lb_crew_destroy(NULL);
}

static int open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = 0;

    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void test_many_lives(void **state)
{
    struct rig *rig = *state;
    int before = open_files();

    for (int i = 0; i < 40; i++) {
        struct lb_crew *crew = make_crew(rig, rig->n_pus);
        if (i % 8 == 0)
            try_window(rig, crew, rig->n_pus, false, false);
        lb_crew_destroy(crew);
    }
    assert_int_equal(open_files(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_mask(test_reduce_leaves_out_the_warm_up),
        with_mask(test_reduce_drops_a_gap_for_all),
        with_mask(test_reduce_judges_time_by_op),
        with_mask(test_reduce_sees_gaps_over_the_edges),
        with_mask(test_reduce_joins_gaps),
        with_mask(test_reduce_keeps_gaps_and_cuts),
        with_mask(test_reduce_of_nothing),
        with_mask(test_reduce_leaves_out_timed_ops),
        with_mask(test_reduce_finds_gaps_in_timed_ops),
        with_mask(test_reduce_judges_blocks_by_blocks),
        with_mask(test_reduce_cuts_timed_ops),
        with_mask(test_reduce_sees_timed_gaps_over_the_edges),
        with_mask(test_window_of_one),
        with_mask(test_window_of_two),
        with_mask(test_window_on_a_shared_word),
        with_mask(test_window_of_some),
        with_mask(test_window_after_a_rest),
        with_mask(test_window_counts_lock_events),
        with_mask(test_window_goes_round_the_draw),
        with_mask(test_window_refuses),
        with_mask(test_moved_thread_spoils),
        with_mask(test_op_longer_than_the_window_spoils),
        with_mask(test_full_log_spoils),
        with_mask(test_spoiled_names),
        with_mask(test_window_times_ops),
        with_mask(test_one_op_in_every_is_timed),
        with_mask(test_timed_ops_are_given_the_site),
        with_mask(test_timed_ops_go_round_the_draw),
        with_mask(test_ops_most),
        with_mask(test_own_op),
        with_mask(test_real_own_ops),
        with_mask(test_fetch),
        with_mask(test_fetch_refuses),
        with_mask(test_window_counts_events),
        with_mask(test_window_counts_what_opens),
        with_mask(test_window_asks_for_the_right_thing),
        with_mask(test_real_breakpoints),
        with_mask(test_a_worker_that_is_late_is_waited_for),
        with_mask(test_a_worker_that_never_runs_ends_the_crew),
        with_mask(test_two_that_do_not_meet_give_up),
        with_mask(test_pingpong),
        with_mask(test_pingpong_refuses),
        with_mask(test_chain),
        with_mask(test_create_refuses),
        with_mask(test_affinity_comes_back),
        with_mask(test_many_lives),
    };

    return cmocka_run_group_tests_name("crew", tests, setup, teardown);
}
