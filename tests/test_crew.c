/* SPDX-License-Identifier: MIT
 *
 * crew: the reduction of the block logs by hand-made logs, and windows on real threads: what they
 * count, where they run, what spoils them. Nothing here looks at how long anything took but at
 * bounds that hold on any machine.
 */
#include <linebounce/crew.h>

#include "crew_private.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
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

/* A log from pairs of (ticks, ops), ended by a 0. */
static void make_log(struct made *m, uint64_t begin, const unsigned *pairs)
{
    uint64_t end = begin;
    size_t n = 0;

    for (; pairs[2 * n]; n++) {
        end += pairs[2 * n];
        assert_true(n < BLOCKS_MOST);
        m->blocks[n] = (struct lb_block){end, pairs[2 * n + 1]};
    }
    m->log = (struct lb_log){begin, m->blocks, n};
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
    struct lb_log logs[2] = {a.log, {0, NULL, 0}};
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
            .site = {{(uintptr_t)rig->words[i]}},
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
    assert_true(r->wall_ns >= r->measured_ns * 0.9999);
    assert_true(r->cpu_ns >= 0);
    assert_true(r->voluntary >= 0 && r->involuntary >= 0 && r->preempted_ns >= 0);
}

static void try_window(struct rig *rig, struct lb_crew *crew, int n, bool paused, bool keep_gaps)
{
    struct lb_thread_plan threads[2];
    struct lb_thread_result results[2];
    struct lb_window_plan plan = {threads, n, LB_WINDOW_NS, keep_gaps};
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
    struct lb_window_plan plan = {threads, 2, LB_WINDOW_NS, false};
    enum lb_spoiled spoiled;
    struct lb_crew *crew;

    need(rig, 2);
    crew = make_crew(rig, 2);
    plan_adds(rig, threads, 2, false);
    threads[1].site = threads[0].site;
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
    struct lb_window_plan plan = {threads, 1, LB_WINDOW_NS, false};
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
    struct lb_shape shape = {
        .scenario = &lb_scenarios[LB_SCENARIO_SAME_OBJECT], .layout = &lb_layouts[0], .threads = 1};
    struct lb_crew *crew = make_crew(rig, 1);
    struct lb_thread_plan thread = {.seed = 1, .op_ns = 20};
    struct lb_window_plan plan = {&thread, 1, LB_WINDOW_NS, false};
    struct lb_thread_result r;
    struct lb_placed placed;
    struct lb_draw draw;
    enum lb_spoiled spoiled;
    uint64_t random = 1;

    assert_int_equal(lb_draw_init(&random, 0, 1 << 22, 1 << 19, &draw), 0);
    assert_int_equal(
        lb_shape_place(&shape, &draw, rig->arena, 1 << 22, NULL, &thread.site, &placed), 0);
    thread.loop = lb_hot_find(LB_OP_READ, shape.lock, true, false);
    assert_int_equal(lb_crew_window(crew, &plan, &r, &spoiled), 0);
    assert_int_equal(r.lock.fallbacks, 0);
    *(uint32_t *)thread.site.x[2] = 1; /* write-locked by its sequence number */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lb_crew_window(crew, &plan, &r, &spoiled), 0);
        assert_int_equal(r.lock.fallbacks, r.total_ops);
    }
    assert_int_equal(lb_shape_check(&shape, &draw, rig->arena), 0);
    lb_crew_destroy(crew);
}

/* The draw of `many` is cyclic: a sanitised build sees any step beyond its end. */
static void test_window_goes_round_the_draw(void **state)
{
    struct rig *rig = *state;
    struct lb_shape shape = {.scenario = &lb_scenarios[LB_SCENARIO_MANY],
                             .layout = &lb_layouts[0],
                             .threads = 1,
                             .objects = 16};
    struct lb_crew *crew = make_crew(rig, 1);
    uint32_t *picks = malloc(LB_PICKS * sizeof *picks);
    struct lb_thread_plan thread = {.seed = 1, .op_ns = 1, .picks = LB_PICKS, .picks_start = picks};
    struct lb_window_plan plan = {&thread, 1, 5 * LB_WINDOW_NS, false};
    struct lb_thread_result r;
    struct lb_placed placed;
    struct lb_draw draw;
    enum lb_spoiled spoiled;
    uint64_t random = 1, ops = 0;

    assert_non_null(picks);
    assert_int_equal(lb_draw_init(&random, 0, 1 << 22, 1 << 19, &draw), 0);
    assert_int_equal(
        lb_shape_place(&shape, &draw, rig->arena, 1 << 22, picks, &thread.site, &placed), 0);
    thread.loop = lb_hot_find(LB_OP_MANY, shape.lock, true, false);
    thread.site.x[1] += 4 * (LB_PICKS - 3); /* near the end already */
    for (int i = 0; i < 50 && ops <= 2 * LB_PICKS; i++) {
        assert_int_equal(lb_crew_window(crew, &plan, &r, &spoiled), 0);
        ops += r.total_ops;
    }
    assert_int_equal(lb_shape_check(&shape, &draw, rig->arena), 0);
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
    struct lb_window_plan plan = {threads, 0, LB_WINDOW_NS, false};

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
    struct lb_window_plan plan = {threads, 2, LB_WINDOW_NS, false};
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
    struct lb_window_plan plan = {&thread, 1, LB_WINDOW_NS, false};

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
    struct lb_window_plan plan = {&thread, 1, 0, false};

    if (LB_BLOCK_STEPS * rig->clock.step_ns > block_ns)
        block_ns = LB_BLOCK_STEPS * rig->clock.step_ns;
    if (LB_BLOCK_READS * rig->clock.read_ns > block_ns)
        block_ns = LB_BLOCK_READS * rig->clock.read_ns;
    plan.window_ns = 5 * block_ns * LB_LOG_BLOCKS; /* ends when the log is full */
    plan_adds(rig, &thread, 1, false);
    assert_int_equal(punctual_window(crew, &plan, &r), LB_SPOILED_LOG);
    assert_true(r.blocks <= LB_LOG_BLOCKS);
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
        assert_true(ns > 0 && ns < 1e9);
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
        cmocka_unit_test(test_reduce_leaves_out_the_warm_up),
        cmocka_unit_test(test_reduce_drops_a_gap_for_all),
        cmocka_unit_test(test_reduce_judges_time_by_op),
        cmocka_unit_test(test_reduce_sees_gaps_over_the_edges),
        cmocka_unit_test(test_reduce_joins_gaps),
        cmocka_unit_test(test_reduce_keeps_gaps_and_cuts),
        cmocka_unit_test(test_reduce_of_nothing),
        cmocka_unit_test(test_window_of_one),
        cmocka_unit_test(test_window_of_two),
        cmocka_unit_test(test_window_on_a_shared_word),
        cmocka_unit_test(test_window_of_some),
        cmocka_unit_test(test_window_after_a_rest),
        cmocka_unit_test(test_window_counts_lock_events),
        cmocka_unit_test(test_window_goes_round_the_draw),
        cmocka_unit_test(test_window_refuses),
        cmocka_unit_test(test_moved_thread_spoils),
        cmocka_unit_test(test_op_longer_than_the_window_spoils),
        cmocka_unit_test(test_full_log_spoils),
        cmocka_unit_test(test_spoiled_names),
        cmocka_unit_test(test_pingpong),
        cmocka_unit_test(test_pingpong_refuses),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_create_refuses),
        cmocka_unit_test(test_affinity_comes_back),
        cmocka_unit_test(test_many_lives),
    };

    return cmocka_run_group_tests_name("crew", tests, setup, teardown);
}
