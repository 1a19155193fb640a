/* SPDX-License-Identifier: MIT
 *
 * A crew, and what a window of it needs.
 */
#ifndef LB_TESTS_CREW_RIG_H
#define LB_TESTS_CREW_RIG_H

#include <linebounce/crew.h>

#include "busy.h"
#include "crew/crew_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static inline bool is_near(double a, double b)
{
    return a > b - 1e-9 && a < b + 1e-9;
}

struct rig {
    struct lb_clock clock;
    cpu_set_t allowed; /* before any crew */
    int pus[2], n_pus;
    struct lb_arena *memory;
    char *arena;
    uint64_t *words[2]; /* of the controls, far apart */
};

static inline int setup(void **state)
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

static inline int teardown(void **state)
{
    struct rig *rig = *state;

    lb_arena_destroy(rig->memory);
    return 0;
}

/* A test that fails with its crew alive leaves the next ones pinned. */
static inline int restore_mask(void **state)
{
    struct rig *rig = *state;

    return sched_setaffinity(0, sizeof rig->allowed, &rig->allowed);
}

#define with_mask(test) cmocka_unit_test_teardown(test, restore_mask)

static inline void need(const struct rig *rig, int pus)
{
    if (rig->n_pus >= pus)
        return;
    print_message("skipped: %d PUs are needed, this process may use %d\n", pus, rig->n_pus);
    skip();
}

static inline struct lb_crew *make_crew(const struct rig *rig, int n)
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
static inline void plan_adds(struct rig *rig, struct lb_thread_plan *threads, int n, bool paused)
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
static inline void check_result(const struct rig *rig, const struct lb_window_plan *plan, int i,
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

static inline void try_window(struct rig *rig, struct lb_crew *crew, int n, bool paused,
                              bool keep_gaps)
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

/* A window in which nobody was late to the start. */
static inline enum lb_spoiled punctual_window(struct lb_crew *crew,
                                              const struct lb_window_plan *plan,
                                              struct lb_thread_result *results)
{
    enum lb_spoiled spoiled = LB_SPOILED_LATE;

    for (int i = 0; i < BUSY_TRIES && spoiled == LB_SPOILED_LATE; i++)
        assert_int_equal(lb_crew_window(crew, plan, results, &spoiled), 0);
    if (spoiled == LB_SPOILED_LATE)
        skip_busy("a thread to be there in time");
    return spoiled;
}

#endif
