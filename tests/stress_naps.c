/* SPDX-License-Identifier: MIT
 *
 * Every kind of lock among threads that are held up anywhere: before any atomic access of the lock
 * (support/naps.h), by a signal, or as a whole process that is stopped. No update may be lost,
 * everybody has to come to an end, and in the end the lock is idle. What is drawn follows from
 * $LB_STRESS_SEED (1 by default). A hang is a failure: the alarm ends the program.
 */
#include <sched.h>

/* Within a section the crowd yields: here it may be held up longer. */
static int nap_inside(void);
#define YIELD_EVERY 4
#define sched_yield nap_inside
#include "support/lock_crowd.h"
#undef sched_yield

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALARM_S 1800

/* Naps --------------------------------------------------------------------------------------- */

#define NAP_LONG_NS   (LB_RWSEM_HANDOFF_NS * 3 / 2)
#define NAP_INSIDE_NS 200000

static _Thread_local uint64_t napping; /* the state of what is drawn; 0: no naps */
static uint64_t seed = 1;

/* Often a yield, now and then a nap, seldom one that is longer than a first waiter's patience. */
void nap_here(void)
{
    if (!napping)
        return;
    const uint64_t draw = lb_random_below(&napping, 4096);
    napping += !napping;
    if (!draw)
        nap(NAP_LONG_NS);
    else if (draw < 64)
        nap((long)draw * 3000);
    else if (draw < 512)
        sched_yield();
}

static int nap_inside(void)
{
    if (!napping)
        return sched_yield();
    /* Long enough, at times, for one who was wrongly let in to wake up and look. */
    nap(lb_random_below(&napping, 8) ? NAP_INSIDE_NS : NAP_LONG_NS);
    napping += !napping;
    return 0;
}

static void *run_napping(void *arg)
{
    struct worker *worker = arg;
    napping = (worker->seed + 1) * 1000003 + seed;
    run_mix(worker);
    napping = 0;
    return NULL;
}

static struct shared *begin_seeded(void **state, struct worker *workers, unsigned n)
{
    struct shared *shared = begin(state, workers, n);
    for (unsigned i = 0; i < n; i++)
        workers[i].seed = seed * MOST_THREADS + i;
    return shared;
}

/* Half of the threads only write, the others half of the time. */
static void mix_with_naps(void **state, unsigned n, unsigned ops, struct lb_lock_stats *sum)
{
    struct worker workers[MOST_THREADS];
    struct shared *shared = begin_seeded(state, workers, n);
    for (unsigned i = 0; i < n; i++) {
        workers[i].ops = ops;
        workers[i].write_percent = i % 2 ? 100 : 50;
        start(&workers[i], run_napping);
    }
    join(workers, n);
    check_mix(shared, workers, n);
    for (unsigned i = 0; i < n; i++) {
        const struct lb_lock_stats stats = stats_of(&workers[i]);
        const uint64_t *from = (const uint64_t *)&stats;
        for (size_t k = 0; k < sizeof stats / sizeof *from; k++)
            ((uint64_t *)sum)[k] += from[k];
    }
    end(shared);
}

static void naps_lose_no_update(void **state)
{
    struct lb_lock_stats stats = {0};
    mix_with_naps(state, 2, 400, &stats);
    mix_with_naps(state, 3, 300, &stats);
    mix_with_naps(state, 8, 20, &stats);
    mix_with_naps(state, MOST_THREADS, 1, &stats);
}

/* Other draws, until all of what a lock counts has come to pass, and some more. */
static void naps_lead_everywhere(void **state)
{
    const uint64_t first_seed = seed;
    const unsigned least_rounds = 12;
    struct lb_lock_stats s = {0};
    while (seed < first_seed + least_rounds ||
           !(s.retries && s.spins_owner && s.spins_queue && s.spins_reader && s.steals &&
             s.sleeps && s.wakes && s.handoffs && s.spin_limits)) {
        mix_with_naps(state, 6, 60, &s);
        seed++;
    }
    seed = first_seed;
}

/* Stops -------------------------------------------------------------------------------------- */

static void *run_until_stop(void *arg)
{
    struct worker *worker = arg;
    const unsigned at_once = 16;
    worker->ops = at_once;
    while (!__atomic_load_n(&worker->shared->stop, __ATOMIC_RELAXED))
        run_mix(worker);
    worker->ops = (unsigned)(worker->writes + worker->reads);
    return NULL;
}

static struct shared *start_until_stop(void **state, struct worker *workers, unsigned n)
{
    struct shared *shared = begin_seeded(state, workers, n);
    for (unsigned i = 0; i < n; i++) {
        workers[i].write_percent = i % 2 ? 100 : 30;
        start(&workers[i], run_until_stop);
    }
    return shared;
}

static uint32_t signals_taken, next_nap_ns; /* atomic */

static void nap_in_handler(int number)
{
    (void)number;
    nap((long)__atomic_load_n(&next_nap_ns, __ATOMIC_RELAXED));
    __atomic_fetch_add(&signals_taken, 1, __ATOMIC_RELAXED);
}

/* One thread at a time is held up wherever it is, up to twice a first waiter's patience. */
static void stopped_threads_lose_no_update(void **state)
{
    enum { N = 6, SIGNALS = 40 };
    struct worker workers[N];
    const struct sigaction action = {.sa_handler = nap_in_handler};
    uint64_t draws = seed;
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    struct shared *shared = start_until_stop(state, workers, N);
    for (unsigned i = 0; i < SIGNALS; i++) {
        const uint32_t before = __atomic_load_n(&signals_taken, __ATOMIC_RELAXED);
        __atomic_store_n(&next_nap_ns, (uint32_t)lb_random_below(&draws, 2 * LB_RWSEM_HANDOFF_NS),
                         __ATOMIC_RELAXED);
        assert_int_equal(pthread_kill(workers[lb_random_below(&draws, N)].thread, SIGUSR1), 0);
        while (__atomic_load_n(&signals_taken, __ATOMIC_RELAXED) == before)
            nap(200000);
    }
    __atomic_store_n(&shared->stop, 1, __ATOMIC_RELAXED);
    join(workers, N);
    check_mix(shared, workers, N);
    end(shared);
}

/* The process that is stopped: threads until the pipe is closed. It must not come back from here.
 */
static void play_until_closed(void **state, int pipe_end)
{
    enum { N = 6 };
    struct worker workers[N];
    struct shared *shared = start_until_stop(state, workers, N);
    uint64_t writes = 0, torn = 0;
    char byte;
    const bool closed = read(pipe_end, &byte, 1) == 0;
    __atomic_store_n(&shared->stop, 1, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < N; i++) {
        pthread_join(workers[i].thread, NULL);
        writes += workers[i].writes;
        torn += workers[i].torn;
    }
    _exit(closed && writes && !torn && shared->first == writes && shared->second == writes &&
                  lb_lock_is_idle(shared->kind, &shared->lock)
              ? 0
              : 1);
}

static void stop_and_continue(pid_t child, uint64_t *draws)
{
    int status;
    nap((long)lb_random_below(draws, 4000000));
    assert_int_equal(kill(child, SIGSTOP), 0);
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    assert_true(WIFSTOPPED(status));
    nap((long)lb_random_below(draws, 2 * LB_RWSEM_HANDOFF_NS));
    assert_int_equal(kill(child, SIGCONT), 0);
}

static void a_stopped_process_goes_on(void **state)
{
    enum { STOPS = 20 };
    uint64_t draws = seed;
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        alarm(ALARM_S);
        close(ends[1]);
        play_until_closed(state, ends[0]);
    }
    close(ends[0]);
    for (unsigned i = 0; i < STOPS; i++)
        stop_and_continue(child, &draws);
    close(ends[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define WITH_NONE(test, NAME, k)
#define WITH_MM(test, NAME, k)          ON(test, NAME, k),
#define WITH_PLAIN(test, NAME, k)       ON(test, NAME, k),
#define NAPS(NAME, k, readers, writers) WITH_##writers(naps_lose_no_update, NAME, k)
#define STOPPED_THREADS(NAME, k, readers, writers)                                                 \
    WITH_##writers(stopped_threads_lose_no_update, NAME, k)
#define STOPPED_PROCESS(NAME, k, readers, writers)                                                 \
    WITH_##writers(a_stopped_process_goes_on, NAME, k)

int main(void)
{
    const char *given = getenv("LB_STRESS_SEED");
    const struct CMUnitTest tests[] = {
        LB_LOCK_LIST(STOPPED_PROCESS) /**/
        LB_LOCK_LIST(NAPS)            /**/
        LB_LOCK_LIST(STOPPED_THREADS) /**/
        ON(naps_lead_everywhere, RWSEM40, rwsem40),
        ON(naps_lead_everywhere, RWSEM32, rwsem32),
    };
    if (given)
        seed = strtoull(given, NULL, 10);
    alarm(ALARM_S);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
