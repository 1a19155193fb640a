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

static struct lb_mutex *mutex_of(struct shared *shared)
{
    return (struct lb_mutex *)&shared->lock;
}

static uint64_t mutex_word(struct shared *shared)
{
    return __atomic_load_n(&mutex_of(shared)->owner, __ATOMIC_RELAXED);
}

/* Takes the mutex for the main thread as an owner that looks asleep: others queue at once. */
static void mutex_lock_asleep(struct shared *shared, struct lb_task *me)
{
    write_lock(shared, me);
    __atomic_store_n(&me->on_cpu, 0, __ATOMIC_RELAXED);
}

/* Both ends of the wait list, as the lock's words name them. */
static void check_list(struct shared *shared, struct lb_task *me, const struct worker *first,
                       const struct worker *last)
{
    struct lb_mutex *mutex = mutex_of(shared);
    lb_qspinlock_write(&mutex->wait_lock, me, NULL);
    assert_ptr_equal(mutex->first, &first->me->waiter);
    assert_ptr_equal(mutex->first->prev, &last->me->waiter);
    if (shared->kind == LB_LOCK_MUTEX32)
        assert_ptr_equal(shared->lock.mutex32.prev, &last->me->waiter);
    lb_qspinlock_write_unlock(&mutex->wait_lock, me, NULL);
}

/* Each who unlocks wakes the next. */
static void mutex_sleepers_come_in_order(void **state)
{
    enum { N = 4 };
    struct worker workers[N];
    struct shared *shared = begin(state, workers, N);
    struct lb_task *me = main_task(shared, N);
    mutex_lock_asleep(shared, me);
    for (unsigned i = 0; i < N; i++) {
        start(&workers[i], run_one_write);
        wait_until_asleep(&workers[i]);
        check_list(shared, me, &workers[0], &workers[i]);
    }
    assert_int_equal(mutex_word(shared), (uintptr_t)me | LB_MUTEX_WAITERS);
    write_unlock(shared, me);
    join(workers, N);
    for (unsigned i = 0; i < N; i++) {
        const struct lb_lock_stats stats = stats_of(&workers[i]);
        assert_int_equal(workers[i].order, i);
        assert_int_equal(stats.sleeps, 1);
        assert_int_equal(stats.spins_owner + stats.handoffs + stats.steals, 0);
    }
    end(shared);
}

/* Woken too late the first waiter asks for the lock itself, and no spinner can take it then. */
static void mutex_is_handed_over(void **state)
{
    struct worker workers[2];
    struct shared *shared = begin(state, workers, 2);
    struct lb_task *me = main_task(shared, 2);
    mutex_lock_asleep(shared, me);
    start(&workers[0], run_one_write);
    wait_until_asleep(&workers[0]);
    lb_task_unpark(workers[0].me, me);
    while (!(mutex_word(shared) & LB_MUTEX_HANDOFF))
        nap(100000);
    wait_until_asleep(&workers[0]);
    assert_int_equal(mutex_word(shared), (uintptr_t)me | LB_MUTEX_WAITERS | LB_MUTEX_HANDOFF);
    __atomic_store_n(&me->on_cpu, 1, __ATOMIC_RELAXED);
    start(&workers[1], run_one_write);
    while (__atomic_load_n(&mutex_of(shared)->osq, __ATOMIC_RELAXED) != 2)
        sched_yield();
    nap(1000000);
    write_unlock(shared, me);
    join(workers, 2);
    assert_int_equal(workers[0].order, 0);
    assert_int_equal(stats_of(&workers[0]).handoffs, 1);
    assert_int_equal(stats_of(&workers[1]).handoffs, 0);
    assert_true(stats_of(&workers[1]).spins_owner > 0);
    end(shared);
}

/* A spinner takes the lock as it is freed, without sleeping. */
static void mutex_is_spun_for(void **state)
{
    struct worker workers[1];
    struct shared *shared = begin(state, workers, 1);
    struct lb_task *me = main_task(shared, 1);
    write_lock(shared, me);
    start(&workers[0], run_one_write);
    while (__atomic_load_n(&mutex_of(shared)->osq, __ATOMIC_RELAXED) != 1)
        sched_yield();
    nap(1000000);
    assert_int_equal(mutex_word(shared), (uintptr_t)me);
    write_unlock(shared, me);
    join(workers, 1);
    assert_int_equal(stats_of(&workers[0]).sleeps, 0);
    assert_int_equal(stats_of(&workers[0]).steals, 1);
    end(shared);
}

static uint32_t rw_count(struct shared *shared)
{
    return __atomic_load_n(&shared->lock.qrwlock.count, __ATOMIC_RELAXED);
}

/* A writer waits for the readers that are there; those that come later wait behind it. */
static void reader_comes_behind_a_waiting_writer(void **state)
{
    struct worker workers[2];
    struct shared *shared = begin(state, workers, 2);
    struct lb_task *me = main_task(shared, 2);
    lb_lock_read(shared->kind, &shared->lock, me);
    start(&workers[0], run_one_write);
    while (rw_count(shared) != (LB_QRWLOCK_READER | LB_QRWLOCK_WAITING))
        sched_yield();
    start(&workers[1], run_one_read);
    /* It stands at the spinlock, behind the writer that holds it. */
    while (!(__atomic_load_n(&shared->lock.qrwlock.wait_lock.word, __ATOMIC_RELAXED) &
             LB_QSPINLOCK_PENDING))
        sched_yield();
    assert_int_equal(rw_count(shared), LB_QRWLOCK_READER | LB_QRWLOCK_WAITING);
    lb_lock_read_unlock(shared->kind, &shared->lock, me, NULL);
    join(workers, 2);
    assert_int_equal(workers[0].order, 0);
    assert_int_equal(workers[1].order, 1);
    end(shared);
}

/* References are neither taken nor dropped while the lock is held. */
static void references_wait_for_the_lock(void **state)
{
    struct worker workers[2];
    struct shared *shared = begin(state, workers, 2);
    struct lb_task *me = main_task(shared, 2);
    write_lock(shared, me);
    for (unsigned i = 0; i < 2; i++)
        start(&workers[i], run_one_read);
    while (
        !(__atomic_load_n(&shared->lock.lockref.lock.word, __ATOMIC_RELAXED) & LB_QSPINLOCK_TAIL))
        sched_yield();
    assert_int_equal(__atomic_load_n(&shared->lock.lockref.count, __ATOMIC_RELAXED), 1);
    write_unlock(shared, me);
    join(workers, 2);
    for (unsigned i = 0; i < 2; i++)
        assert_true(stats_of(&workers[i]).retries > 0);
    end(shared);
}

/* Who waits for a write that is under way does not read meanwhile. */
static void *run_one_look(void *arg)
{
    struct worker *worker = arg;
    read_without_lock(worker);
    worker->order = __atomic_load_n(&worker->shared->stop, __ATOMIC_RELAXED);
    return NULL;
}

static void look_waits_for_the_writer(void **state)
{
    struct worker workers[1];
    struct shared *shared = begin(state, workers, 1);
    struct lb_task *me = main_task(shared, 1);
    write_lock(shared, me);
    count_up(shared, &shared->first);
    start(&workers[0], run_one_look);
    nap(2000000);
    __atomic_store_n(&shared->stop, 1, __ATOMIC_RELAXED);
    count_up(shared, &shared->second);
    write_unlock(shared, me);
    join(workers, 1);
    assert_int_equal(workers[0].order, 1);
    assert_int_equal(workers[0].torn, 0);
    assert_int_equal(workers[0].reads, 1);
    end(shared);
}

static void futex_sleepers_are_woken(void **state)
{
    enum { N = 3 };
    struct worker workers[N];
    struct shared *shared = begin(state, workers, N);
    struct lb_task *me = main_task(shared, N);
    uint64_t wakes = 0;
    write_lock(shared, me);
    for (unsigned i = 0; i < N; i++) {
        start(&workers[i], run_one_write);
        wait_until_asleep(&workers[i]);
        assert_int_equal(__atomic_load_n(&shared->lock.futex_mutex.state, __ATOMIC_RELAXED), 2);
    }
    write_unlock(shared, me);
    join(workers, N);
    for (unsigned i = 0; i < N; i++) {
        assert_true(stats_of(&workers[i]).sleeps >= 1);
        wakes += stats_of(&workers[i]).wakes;
    }
    assert_int_equal(wakes, N); /* the last one cannot know that it is the last */
    assert_int_equal(shared->order, N);
    end(shared);
}

/* Every kind that excludes anything: for each test a list of its own, as macros go. */
#define WITH_NONE(test, NAME, k)
#define WITH_MM(test, NAME, k)                   ON(test, NAME, k),
#define WITH_PLAIN(test, NAME, k)                ON(test, NAME, k),
#define EXCLUDES(NAME, k, readers, writers)      WITH_##writers(writers_exclude_each_other, NAME, k)
#define SEES_WHOLE(NAME, k, readers, writers)    WITH_##writers(readers_see_whole_updates, NAME, k)
#define DOES_ANYTHING(NAME, k, readers, writers) WITH_##writers(everybody_does_everything, NAME, k)

#define EACH_MUTEX(test) ON(test, MUTEX32, mutex32), ON(test, MUTEX24, mutex24)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LB_LOCK_LIST(EXCLUDES)      /**/
        LB_LOCK_LIST(SEES_WHOLE)    /**/
        LB_LOCK_LIST(DOES_ANYTHING) /**/
        ON(spinners_come_in_order, QSPINLOCK, qspinlock),
        ON(newcomers_do_not_pass_the_queue, QSPINLOCK, qspinlock),
        EACH_MUTEX(mutex_sleepers_come_in_order),
        EACH_MUTEX(mutex_is_handed_over),
        EACH_MUTEX(mutex_is_spun_for),
        ON(reader_comes_behind_a_waiting_writer, QRWLOCK, qrwlock),
        ON(references_wait_for_the_lock, LOCKREF, lockref),
        ON(look_waits_for_the_writer, SEQCOUNT, seqcount),
        ON(look_waits_for_the_writer, SEQLOCK, seqlock),
        ON(futex_sleepers_are_woken, FUTEX_MUTEX, futex_mutex),
    };
    alarm(ALARM_S);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
