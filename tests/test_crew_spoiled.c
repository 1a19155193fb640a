/* SPDX-License-Identifier: MIT
 *
 * What spoils a window, and threads that are late or never run.
 */
#include <linebounce/crew.h>

#include "support/crew_rig.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_mask(test_moved_thread_spoils),
        with_mask(test_op_longer_than_the_window_spoils),
        with_mask(test_full_log_spoils),
        with_mask(test_spoiled_names),
        with_mask(test_a_worker_that_is_late_is_waited_for),
        with_mask(test_a_worker_that_never_runs_ends_the_crew),
        with_mask(test_two_that_do_not_meet_give_up),
    };

    return cmocka_run_group_tests_name("crew_spoiled", tests, setup, teardown);
}
