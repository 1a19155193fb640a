/* SPDX-License-Identifier: MIT
 *
 * Every kind of lock among 2 to 64 threads, in random mixes, and those that are handed on in order
 * in meetings of which the order is known. A hang is a failure: the alarm ends the program.
 */
#include "support/lock_crowd.h"

#include <unistd.h>

#define ALARM_S 900

/* Where threads outnumber CPUs, a lock that is handed on in order waits for each of them to get its
 * time slice, on a busy machine for long: few ops then. */
static void writers_exclude_each_other(void **state)
{
    mix(state, 2, 2, 0, 4000);
    for (unsigned n = 4; n <= MOST_THREADS; n *= 2)
        mix(state, n, n, 0, 640 / n);
}

static void readers_see_whole_updates(void **state)
{
    mix(state, 2, 1, 0, 4000);
    mix(state, 8, 2, 0, 80);
    mix(state, MOST_THREADS, 8, 0, 10);
}

static void everybody_does_everything(void **state)
{
    mix(state, 2, 0, 10, 4000);
    mix(state, 8, 0, 50, 80);
    mix(state, MOST_THREADS, 0, 30, 10);
}

static uint32_t spin_word(struct shared *shared)
{
    return __atomic_load_n(&shared->lock.qspinlock.word, __ATOMIC_RELAXED);
}

/* The first who waits is pending, the others queue, and they get the lock in the order in which
 * they came. */
static void spinners_come_in_order(void **state)
{
    enum { N = 5 };
    struct worker workers[N];
    struct shared *shared = begin(state, workers, N);
    struct lb_task *me = main_task(shared, N);
    write_lock(shared, me);
    for (unsigned i = 0; i < N; i++) {
        start(&workers[i], run_one_write);
        const uint32_t tail = i ? (i + 1) << LB_QSPINLOCK_SHIFT : 0;
        while (spin_word(shared) != (tail | LB_QSPINLOCK_PENDING | LB_QSPINLOCK_HELD))
            sched_yield();
    }
    write_unlock(shared, me);
    join(workers, N);
    for (unsigned i = 0; i < N; i++) {
        const struct lb_lock_stats stats = stats_of(&workers[i]);
        assert_int_equal(workers[i].order, i);
        assert_true(stats.retries >= 1);
        assert_true(i ? stats.spins_queue + stats.spins_owner > 0 : stats.spins_owner > 0);
        assert_int_equal(stats.sleeps + stats.wakes + stats.handoffs, 0);
    }
    assert_int_equal(stats_of(&workers[0]).spins_queue, 0);
    end(shared);
}

/* A tail in the word, and nobody else: the next one must not take the lock past the queue. */
static void newcomers_do_not_pass_the_queue(void **state)
{
    struct worker workers[2];
    struct shared *shared = begin(state, workers, 2);
    struct lb_task *me = main_task(shared, 2);
    uint32_t word = LB_QSPINLOCK_PENDING;
    /* As by a waiter that is about to turn from pending to holder. */
    shared->lock.qspinlock.word = LB_QSPINLOCK_PENDING;
    start(&workers[0], run_one_write);
    while (!((word = spin_word(shared)) & LB_QSPINLOCK_TAIL))
        sched_yield();
    assert_int_equal(word, LB_QSPINLOCK_PENDING | 1 << LB_QSPINLOCK_SHIFT);
    start(&workers[1], run_one_write);
    while (spin_word(shared) >> LB_QSPINLOCK_SHIFT != 2)
        sched_yield();
    nap(1000000);
    assert_int_equal(shared->order, 0);
    /* It has become the holder, and leaves. */
    __atomic_fetch_add(&shared->lock.qspinlock.word, LB_QSPINLOCK_HELD - LB_QSPINLOCK_PENDING,
                       __ATOMIC_RELAXED);
    write_unlock(shared, me);
    join(workers, 2);
    assert_int_equal(workers[0].order, 0);
    assert_int_equal(workers[1].order, 1);
    end(shared);
}

/* Every kind that excludes anything: for each test a list of its own, as macros go. */
#define WITH_NONE(test, NAME, k)
#define WITH_MM(test, NAME, k)                   ON(test, NAME, k),
#define WITH_PLAIN(test, NAME, k)                ON(test, NAME, k),
#define EXCLUDES(NAME, k, readers, writers)      WITH_##writers(writers_exclude_each_other, NAME, k)
#define SEES_WHOLE(NAME, k, readers, writers)    WITH_##writers(readers_see_whole_updates, NAME, k)
#define DOES_ANYTHING(NAME, k, readers, writers) WITH_##writers(everybody_does_everything, NAME, k)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LB_LOCK_LIST(EXCLUDES)      /**/
        LB_LOCK_LIST(SEES_WHOLE)    /**/
        LB_LOCK_LIST(DOES_ANYTHING) /**/
        ON(spinners_come_in_order, QSPINLOCK, qspinlock),
        ON(newcomers_do_not_pass_the_queue, QSPINLOCK, qspinlock),
    };
    alarm(ALARM_S);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
