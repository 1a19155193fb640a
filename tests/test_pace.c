/* SPDX-License-Identifier: MIT
 *
 * Paced threads: when their ops are due, what their logs come to, and windows on real threads. No
 * duration is judged here: ops are counted against the schedule that they had.
 */
#include <linebounce/crew.h>

#include "crew/crew_private.h"
#include "support/busy.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The schedule */

enum { EVERY = 6000, OPS = 20000 };

static void test_schedule(void **state)
{
    struct lb_schedule s, same, other, late;
    uint64_t last;
    size_t differs = 0;

    (void)state;
    lb_schedule_init(7, EVERY, 1000, &s);
    lb_schedule_init(7, EVERY, 1000, &same);
    lb_schedule_init(8, EVERY, 1000, &other);
    lb_schedule_init(7, EVERY, 500000, &late);
    assert_true(s.due >= 1000 && s.due <= 1000 + EVERY);
    for (size_t i = 0; i < OPS; i++) {
        last = s.due;
        lb_schedule_next(&s);
        lb_schedule_next(&same);
        lb_schedule_next(&other);
        lb_schedule_next(&late);
        assert_true(s.due - last >= EVERY / 2 && s.due - last <= EVERY / 2 + EVERY);
        assert_int_equal(s.due, same.due);
        assert_int_equal(s.due + 499000, late.due); /* from another start, the same distances */
        differs += s.due != other.due;
    }
    assert_true(differs > OPS / 2);
    /* The mean of so many: seven standard errors are 1.5 %. */
    assert_true(fabs((double)(s.due - 1000) / OPS - EVERY) < 0.015 * EVERY);
}

/* Reduction */

enum { BLOCKS = 12 };

struct made {
    struct lb_block blocks[BLOCKS];
    struct lb_log log;
};

/* Blocks of 10, 10 and 40 ticks in turns, one op each that takes 4 of them. */
static void make_paced(struct made *m)
{
    uint64_t end = 1000;

    for (size_t i = 0; i < BLOCKS; i++) {
        end += i % 3 < 2 ? 10 : 40;
        m->blocks[i] = (struct lb_block){.end = end, .ops = 1, .busy = 4};
    }
    m->log = (struct lb_log){.begin = 1000, .blocks = m->blocks, .n = BLOCKS, .paced = true};
}

static void make_even(struct made *m)
{
    for (size_t i = 0; i < BLOCKS; i++)
        m->blocks[i] = (struct lb_block){.end = 1020 + 20 * i, .ops = 2};
    m->log = (struct lb_log){.begin = 1000, .blocks = m->blocks, .n = BLOCKS};
}

static void check_reduced(const struct lb_thread_result *r, double ticks, double busy, double ops,
                          unsigned dropped)
{
    assert_true(fabs(r->measured_ns - ticks) < 1e-9);
    assert_true(fabs(r->busy_ns - busy) < 1e-9);
    assert_true(fabs(r->ops - ops) < 1e-9);
    assert_int_equal(r->dropped, dropped);
}

/* That a block takes three times as long as another is the schedule's matter, not a gap. */
static void test_paced_blocks_have_no_due(void **state)
{
    struct made paced, even;
    struct lb_thread_result r[2] = {{0}};

    (void)state;
    make_paced(&paced);
    make_even(&even);
    struct lb_log logs[2] = {paced.log, even.log};
    assert_int_equal(lb_blocks_reduce(logs, 2, 1000, 1240, false, r), 0);
    check_reduced(&r[0], 240, 4 * BLOCKS, BLOCKS, 0);
    check_reduced(&r[1], 240, 240, 2 * BLOCKS, 0);
    logs[0].paced = false; /* the same of a thread that does not wait */
    assert_int_equal(lb_blocks_reduce(logs, 2, 1000, 1240, false, r), 0);
    assert_true(r[0].dropped > 0 && r[1].dropped > 0);
}

/* What a thread marks is left out for all. */
static void test_marked_gaps_are_dropped(void **state)
{
    struct made paced, even;
    struct lb_thread_result r[2] = {{0}};

    (void)state;
    make_paced(&paced);
    make_even(&even);
    paced.blocks[3].gap = true; /* from 1060 to 1070 */
    struct lb_log logs[2] = {paced.log, even.log};
    assert_int_equal(lb_blocks_reduce(logs, 2, 1000, 1240, false, r), 0);
    check_reduced(&r[0], 230, 44, 11, 1);
    check_reduced(&r[1], 220, 220, 22, 1);
    assert_int_equal(lb_blocks_reduce(logs, 2, 1000, 1240, true, r), 0);
    check_reduced(&r[0], 240, 48, 12, 0);
}

/* Where blocks are cut their time in ops is cut in proportion. */
static void test_cut_blocks_count_in_part(void **state)
{
    struct made paced;
    struct lb_thread_result r = {0};

    (void)state;
    make_paced(&paced);
    assert_int_equal(lb_blocks_reduce(&paced.log, 1, 1040, 1065, true, &r), 0);
    check_reduced(&r, 25, 4 * (20.0 / 40 + 5.0 / 10), 1, 0);
}

/* Windows */

struct rig {
    cpu_set_t allowed;
    struct lb_clock clock;
    int pus[2], n_pus;
};

static int setup(void **state)
{
    static struct rig rig;

    if (sched_getaffinity(0, sizeof rig.allowed, &rig.allowed) ||
        lb_clock_init(LB_CLOCK_TSC, &rig.clock))
        return -1;
    for (int cpu = 0; cpu < CPU_SETSIZE && rig.n_pus < 2; cpu++)
        if (CPU_ISSET((size_t)cpu, &rig.allowed))
            rig.pus[rig.n_pus++] = cpu;
    if (lb_clock_check_pus(&rig.clock, rig.pus, (size_t)rig.n_pus))
        return -1;
    *state = &rig;
    return 0;
}

static int restore_mask(void **state)
{
    struct rig *rig = *state;

    return sched_setaffinity(0, sizeof rig->allowed, &rig->allowed);
}

/* An op that counts itself at x0, and takes x1 ticks of the clock every x2-th time. */
static uint64_t counting(uint64_t ops, uint64_t rng, uint64_t span, struct lb_task *me,
                         uintptr_t x0, uintptr_t x1, uintptr_t x2, uintptr_t x3, uintptr_t x4,
                         uintptr_t x5)
{
    uint64_t *counter = (uint64_t *)x0; /* NOLINT */
    const struct lb_clock *clock = (const struct lb_clock *)x3;

    (void)span, (void)me, (void)x4, (void)x5;
    for (; ops; ops--)
        if (++*counter % x2 == 0)
            for (uint64_t from = lb_clock_now(clock); lb_clock_now(clock) - from < x1;)
                ;
    return rng;
}

/* Short, so that some of many lie within a time slice where other work goes on. */
#define WINDOW_NS 1e6
#define EVERY_NS  5e3

static struct lb_thread_plan paced(const struct rig *rig, uint64_t *counter, double held_ns,
                                   unsigned held_every)
{
    return (struct lb_thread_plan){
        .worker = 0,
        .loop = counting,
        .x = {(uintptr_t)counter, lb_clock_ticks(&rig->clock, held_ns), held_every,
              (uintptr_t)&rig->clock},
        .seed = 42,
        .pacing = {.every_ticks = lb_clock_ticks(&rig->clock, EVERY_NS)},
    };
}

/* How many of its ops are due between the crew's start and stop. */
static uint64_t ops_due(const struct lb_crew *crew, const struct lb_thread_plan *p)
{
    uint64_t start = crew->workers[0].slot->log.begin, n = 0;
    uint64_t stop =
        crew->board->start + crew->board->command.warmup_ticks + crew->board->command.window_ticks;
    struct lb_schedule s;

    lb_schedule_init(p->seed, p->pacing.every_ticks, start, &s);
    for (; s.due < stop; n++)
        lb_schedule_next(&s);
    return n;
}

struct outcome {
    uint64_t due, done;
    struct lb_thread_result result;
};

/* One window in which the thread was not kept off its CPU. */
static struct outcome try_paced(const struct rig *rig, double held_ns, unsigned held_every,
                                bool keep_gaps)
{
    struct lb_window_plan window = {.n_threads = 1, .window_ns = WINDOW_NS, .keep_gaps = keep_gaps};
    struct lb_crew *crew = NULL;
    struct outcome o = {0};
    uint64_t counter = 0;

    struct lb_thread_plan plan = paced(rig, &counter, held_ns, held_every);
    window.threads = &plan;
    assert_int_equal(lb_crew_create(&rig->clock, rig->pus, NULL, 1, NULL, &crew), 0);
    enum lb_spoiled spoiled = LB_SPOILED_LATE;
    for (int try = 0; try < BUSY_TRIES && spoiled; try++) {
        counter = 0;
        assert_int_equal(lb_crew_window(crew, &window, &o.result, &spoiled), 0);
        o.due = ops_due(crew, &plan);
        o.done = o.result.total_ops;
        assert_int_equal(o.done, counter);
        if (o.result.preempted_most_ns > EVERY_NS)
            spoiled = LB_SPOILED_PREEMPTED;
    }
    lb_crew_destroy(crew);
    if (spoiled)
        skip_busy("a window of 1 ms");
    return o;
}

/* As many ops as were due, whatever they took: what a long op holds up is made up for. */
static void test_ops_follow_the_schedule(void **state)
{
    const struct rig *rig = *state;
    double most = lb_clock_ns(&rig->clock, lb_clock_ticks(&rig->clock, WINDOW_NS));
    struct outcome plain = try_paced(rig, 0, 1, true);
    struct outcome held = try_paced(rig, 4 * EVERY_NS, 10, true);

    /* A thread that woke late has fewer due: each window is held against its own count. */
    assert_true(plain.due > 0 && plain.due < 280 && held.due > 9 && held.due < 280);
    assert_true(plain.done <= plain.due && plain.done + 5 >= plain.due);
    assert_true(held.done <= held.due && held.done + 9 >= held.due);
    /* Its ops' own time, without the waits: and that of the held-up ones is no op's time. */
    assert_true(plain.result.busy_ns < plain.result.measured_ns);
    assert_true(held.result.busy_ns > plain.result.busy_ns);
    assert_true(held.result.late_ns > plain.result.late_ns && held.result.late_ops > 0);
    assert_true(plain.result.measured_ns <= most * 1.0001);
}

/* More than there is time for: the thread does what it can, without a wait. */
static void test_falls_short(void **state)
{
    const struct rig *rig = *state;
    struct outcome o = try_paced(rig, 3 * EVERY_NS, 1, true);

    assert_true(o.done > 0 && 2 * o.done < o.due);
    assert_true(o.result.busy_ns > 0.5 * o.result.measured_ns);
}

/* The burst behind an interruption belongs to it: what is kept has the rate that was set. */
static void test_bursts_are_gaps(void **state)
{
    const struct rig *rig = *state;
    struct outcome o = try_paced(rig, 20 * EVERY_NS, 100, false);

    assert_true(o.result.dropped > 0 && o.result.ops > 100);
    assert_true(o.done + 30 >= o.due);
    assert_true(fabs(o.result.measured_ns / o.result.ops / EVERY_NS - 1) < 0.07);
}

/* Whose op would have to be known beforehand. */
static void test_no_picks(void **state)
{
    const struct rig *rig = *state;
    struct lb_thread_result result;
    struct lb_crew *crew = NULL;
    uint64_t counter = 0;
    uint32_t pick = 0;
    enum lb_spoiled spoiled;
    struct lb_thread_plan plan = paced(rig, &counter, 0, 1);
    struct lb_window_plan window = {.threads = &plan, .n_threads = 1, .window_ns = WINDOW_NS};

    plan.picks = 1;
    plan.picks_start = &pick;
    assert_int_equal(lb_crew_create(&rig->clock, rig->pus, NULL, 1, NULL, &crew), 0);
    assert_int_equal(lb_crew_window(crew, &window, &result, &spoiled), -EINVAL);
    lb_crew_destroy(crew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedule),
        cmocka_unit_test(test_paced_blocks_have_no_due),
        cmocka_unit_test(test_marked_gaps_are_dropped),
        cmocka_unit_test(test_cut_blocks_count_in_part),
        cmocka_unit_test_teardown(test_ops_follow_the_schedule, restore_mask),
        cmocka_unit_test_teardown(test_falls_short, restore_mask),
        cmocka_unit_test_teardown(test_bursts_are_gaps, restore_mask),
        cmocka_unit_test_teardown(test_no_picks, restore_mask),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
