/* SPDX-License-Identifier: MIT
 *
 * The locks of a VMA among threads, in constructed meetings: one thread at a time is let go so that
 * the slow paths are taken in a known order. A hang is a failure: the alarm ends the program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/lock_crowd.h"

#include <sched.h>
#include <unistd.h>

#define ALARM_S 120

/* Blocking readers without a pause; the writer is to get its turns all the same. */
static void writer_gets_past_readers(void **state)
{
    enum { READERS = 4, WRITES = 40 };
    struct worker workers[READERS + 1];
    struct shared *shared = begin(state, workers, READERS + 1);
    workers[READERS].ops = WRITES;
    workers[READERS].write_percent = 100;
    for (unsigned i = 0; i < READERS; i++)
        start(&workers[i], run_reads_until_stop);
    start(&workers[READERS], run_mix);
    join(&workers[READERS], 1);
    __atomic_store_n(&shared->stop, 1, __ATOMIC_RELAXED);
    join(workers, READERS);
    assert_int_equal(shared->first, WRITES);
    for (unsigned i = 0; i <= READERS; i++)
        assert_int_equal(workers[i].torn, 0);
    end(shared);
}

static struct lb_rwsem *rwsem_of(struct shared *shared)
{
    return (struct lb_rwsem *)&shared->lock;
}

static uint64_t count_of(struct shared *shared)
{
    return __atomic_load_n(&rwsem_of(shared)->count, __ATOMIC_RELAXED);
}

static uint64_t owner_of(struct shared *shared)
{
    return __atomic_load_n(&rwsem_of(shared)->owner, __ATOMIC_RELAXED);
}

/* Takes the lock for the main thread as an owner that looks asleep, so that writers queue at once.
 */
static void write_lock_asleep(struct shared *shared, struct lb_task *me)
{
    write_lock(shared, me);
    __atomic_store_n(&me->on_cpu, 0, __ATOMIC_RELAXED);
}

static void sleeping_readers_are_woken_together(void **state)
{
    enum { WRITER = 2, N = 5 };
    struct worker workers[N];
    struct shared *shared = begin(state, workers, N);
    struct lb_task *me = main_task(shared, N);
    write_lock_asleep(shared, me);
    for (unsigned i = 0; i < N; i++) {
        start(&workers[i], i == WRITER ? run_one_write : run_one_read);
        wait_until_asleep(&workers[i]);
    }
    assert_int_equal(count_of(shared), LB_RWSEM_WRITER | LB_RWSEM_WAITERS);
    assert_false(lb_lock_read_try(shared->kind, &shared->lock, me));
    write_unlock(shared, me);
    join(workers, N);
    /* Those behind the writer came before it, as readers are let in together. */
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(workers[i].order, 0);
        assert_int_equal(stats_of(&workers[i]).sleeps, 1);
        assert_int_equal(stats_of(&workers[i]).spins_owner, 0);
    }
    assert_int_equal(shared->order, 1);
    struct lb_lock_stats stats;
    lb_task_stats(me, &stats);
    assert_int_equal(stats.wakes, N - 1);
    end(shared);
}

static void wait_for_bits(struct shared *shared, uint64_t bits)
{
    while ((count_of(shared) & bits) != bits)
        nap(100000);
}

static void first_writer_gets_it_by_handoff(void **state)
{
    struct worker workers[2];
    struct shared *shared = begin(state, workers, 2);
    struct lb_task *me = main_task(shared, 2);
    write_lock_asleep(shared, me);
    start(&workers[0], run_one_write);
    wait_until_asleep(&workers[0]);
    nap(2 * LB_RWSEM_HANDOFF_NS);
    assert_false(count_of(shared) & LB_RWSEM_HANDOFF);
    /* A wake-up that finds the lock taken, as by somebody who stole it. */
    lb_task_unpark(workers[0].me, me);
    wait_for_bits(shared, LB_RWSEM_HANDOFF);
    /* A spinner is quicker than one who must be woken, but the lock is promised. */
    wait_until_asleep(&workers[0]);
    __atomic_store_n(&me->on_cpu, 1, __ATOMIC_RELAXED);
    start(&workers[1], run_one_write);
    while (__atomic_load_n(&rwsem_of(shared)->osq, __ATOMIC_RELAXED) != 2)
        sched_yield();
    nap(1000000);
    write_unlock(shared, me);
    join(workers, 2);
    assert_int_equal(workers[0].order, 0);
    assert_int_equal(stats_of(&workers[0]).handoffs, 1);
    assert_true(stats_of(&workers[0]).sleeps >= 1);
    assert_int_equal(stats_of(&workers[1]).handoffs, 0);
    end(shared);
}

static void first_readers_get_it_by_handoff(void **state)
{
    struct worker workers[2];
    struct shared *shared = begin(state, workers, 2);
    struct lb_task *me = main_task(shared, 2);
    write_lock_asleep(shared, me);
    for (unsigned i = 0; i < 2; i++) {
        start(&workers[i], run_one_read);
        wait_until_asleep(&workers[i]);
    }
    nap(2 * LB_RWSEM_HANDOFF_NS);
    /* As if the lock had been stolen before the readers could have it, twice. */
    for (unsigned i = 0; i < 2; i++) {
        lb_rwsem_write_wake(rwsem_of(shared), me, shared->kind);
        assert_int_equal(count_of(shared), LB_RWSEM_WRITER | LB_RWSEM_WAITERS | LB_RWSEM_HANDOFF);
    }
    write_unlock(shared, me);
    join(workers, 2);
    assert_int_equal(stats_of(&workers[0]).handoffs, 1);
    assert_int_equal(stats_of(&workers[1]).handoffs, 0);
    end(shared);
}

/* The bias of a writer that has left without waking anybody, as seen just before it does. */
static void leave_unnoticed(struct shared *shared)
{
    __atomic_store_n(&rwsem_of(shared)->owner, 0, __ATOMIC_RELAXED);
    __atomic_fetch_sub(&rwsem_of(shared)->count, LB_RWSEM_WRITER, __ATOMIC_RELEASE);
}

/* Both ends of the wait list, as the lock's words name them. */
static void check_list(struct shared *shared, const struct worker *first, const struct worker *last)
{
    struct lb_rwsem *sem = rwsem_of(shared);
    while (__atomic_exchange_n(&sem->wait_lock, 1, __ATOMIC_ACQUIRE))
        sched_yield();
    struct lb_waiter *found = sem->first, *found_last = sem->first->prev;
    struct lb_waiter *named_last =
        shared->kind == LB_LOCK_RWSEM40 ? shared->lock.rwsem40.prev : found_last;
    __atomic_store_n(&sem->wait_lock, 0, __ATOMIC_RELEASE);
    assert_ptr_equal(found, &first->me->waiter);
    assert_ptr_equal(found_last, &last->me->waiter);
    assert_ptr_equal(named_last, &last->me->waiter);
}

static void reader_that_steals_lets_readers_in(void **state)
{
    enum { WRITER = 1, N = 3 };
    struct worker workers[N];
    struct shared *shared = begin(state, workers, N);
    struct lb_task *me = main_task(shared, N);
    struct lb_lock_stats stats;
    write_lock_asleep(shared, me);
    for (unsigned i = 0; i < N; i++) {
        start(&workers[i], i == WRITER ? run_one_write : run_one_read);
        wait_until_asleep(&workers[i]);
        check_list(shared, &workers[0], &workers[i]);
    }
    leave_unnoticed(shared);

    lb_lock_read(shared->kind, &shared->lock, me);
    lb_task_stats(me, &stats);
    assert_int_equal(stats.steals, 1);
    assert_int_equal(stats.sleeps, 0);
    join(&workers[0], 1);
    join(&workers[2], 1);
    check_list(shared, &workers[WRITER], &workers[WRITER]);
    assert_int_equal(count_of(shared), LB_RWSEM_READER | LB_RWSEM_WAITERS);
    lb_lock_read_unlock(shared->kind, &shared->lock, me, NULL);
    join(&workers[WRITER], 1);
    end(shared);
}

/* A reader that has added its bias and found a writer. */
static void *run_late_read(void *arg)
{
    struct worker *worker = arg;
    struct shared *shared = worker->shared;
    lb_rwsem_read_slow(rwsem_of(shared), worker->me,
                       LB_RWSEM_READER | LB_RWSEM_WAITERS | LB_RWSEM_WRITER, shared->kind);
    worker->order = shared->order;
    lb_lock_read_unlock(shared->kind, &shared->lock, worker->me, NULL);
    return NULL;
}

/* The bias of a reader that is about to queue makes the woken writer fail; when the reader takes it
 * back, it has to wake that writer again. */
static void reader_that_queues_wakes_the_first(void **state)
{
    struct worker workers[2];
    struct shared *shared = begin(state, workers, 2);
    struct lb_task *me = main_task(shared, 2);
    write_lock_asleep(shared, me);
    start(&workers[0], run_one_write);
    wait_until_asleep(&workers[0]);
    __atomic_fetch_add(&rwsem_of(shared)->count, LB_RWSEM_READER, __ATOMIC_ACQUIRE);
    write_unlock(shared, me);
    while (__atomic_load_n(&workers[0].me->token, __ATOMIC_ACQUIRE))
        sched_yield();
    wait_until_asleep(&workers[0]);
    start(&workers[1], run_late_read);
    join(workers, 2);
    assert_int_equal(workers[1].order, 1);
    assert_int_equal(stats_of(&workers[0]).sleeps, 2);
    end(shared);
}

static void reader_behind_a_crowd_queues(void **state)
{
    struct worker workers[2];
    struct shared *shared = begin(state, workers, 2);
    struct lb_task *me = main_task(shared, 2);
    lb_lock_read(shared->kind, &shared->lock, me);
    start(&workers[0], run_one_write);
    wait_until_asleep(&workers[0]);
    start(&workers[1], run_one_read);
    wait_until_asleep(&workers[1]);
    assert_int_equal(count_of(shared), LB_RWSEM_READER | LB_RWSEM_WAITERS);
    lb_lock_read_unlock(shared->kind, &shared->lock, me, NULL);
    join(workers, 2);
    assert_int_equal(workers[1].order, 1);
    assert_int_equal(stats_of(&workers[1]).steals, 0);
    end(shared);
}

static void spinning_on_readers_ends(void **state)
{
    struct worker workers[2];
    struct shared *shared = begin(state, workers, 2);
    struct lb_task *me = main_task(shared, 2);
    lb_lock_read(shared->kind, &shared->lock, me);
    for (unsigned i = 0; i < 2; i++) {
        start(&workers[i], run_one_write);
        wait_until_asleep(&workers[i]);
        assert_true(owner_of(shared) & LB_OWNER_NONSPINNABLE);
    }
    assert_false(lb_lock_read_try(shared->kind, &shared->lock, me));
    lb_lock_read_unlock(shared->kind, &shared->lock, me, NULL);
    join(workers, 2);
    assert_int_equal(stats_of(&workers[0]).spin_limits, 1);
    assert_true(stats_of(&workers[0]).spins_reader >= LB_RWSEM_CLOCK_EVERY);
    assert_int_equal(stats_of(&workers[1]).spins_reader, 0);
    assert_int_equal(stats_of(&workers[1]).spin_limits, 0);
    assert_int_equal(owner_of(shared), 0);
    end(shared);
}

/* The main thread is first in the spinners' queue and never hands it on: the others can only leave
 * it themselves, from the middle and from the end. */
static void spinners_leave_the_queue(void **state)
{
    enum { N = 4 };
    struct worker workers[N];
    struct shared *shared = begin(state, workers, N);
    struct lb_task *me = main_task(shared, N);
    uint32_t *tail = &rwsem_of(shared)->osq;
    write_lock(shared, me);
    assert_true(lb_osq_lock(tail, &rwsem_of(shared)->owner, lb_owner_spinnable, me));
    for (unsigned i = 0; i < N; i++) {
        start(&workers[i], run_one_write);
        while (__atomic_load_n(tail, __ATOMIC_RELAXED) != i + 1)
            sched_yield();
    }
    __atomic_store_n(&me->on_cpu, 0, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < N; i++)
        wait_until_asleep(&workers[i]);
    assert_int_equal(__atomic_load_n(tail, __ATOMIC_RELAXED), N + 1);
    lb_osq_unlock(tail, me);
    assert_int_equal(__atomic_load_n(tail, __ATOMIC_RELAXED), 0);
    write_unlock(shared, me);
    join(workers, N);
    for (unsigned i = 0; i < N; i++) {
        assert_true(stats_of(&workers[i]).spins_queue > 0);
        assert_int_equal(stats_of(&workers[i]).spins_owner, 0);
    }
    assert_int_equal(shared->order, N);
    end(shared);
}

#define QUEUED 8

/* The queue alone, with an owner that nobody may spin on: who waits for long leaves. */
static void *run_queue(void *arg)
{
    struct worker *worker = arg;
    struct shared *shared = worker->shared;
    const uint64_t owner = LB_OWNER_READER | LB_OWNER_NONSPINNABLE;
    for (unsigned i = 0; i < worker->ops; i++) {
        if (!lb_osq_lock(&rwsem_of(shared)->osq, &owner, lb_owner_spinnable, worker->me)) {
            worker->reads++;
            continue;
        }
        shared->first++;
        if (lb_random_below(&worker->seed, 8) == 0)
            nap(200000);
        worker->writes++;
        lb_osq_unlock(&rwsem_of(shared)->osq, worker->me);
    }
    return NULL;
}

static void queue_survives_those_who_leave(void **state)
{
    struct worker workers[QUEUED];
    struct shared *shared = begin(state, workers, QUEUED);
    uint64_t locked = 0, left = 0;
    for (unsigned i = 0; i < QUEUED; i++)
        workers[i].ops = 1000;
    for (unsigned i = 0; i < QUEUED; i++)
        start(&workers[i], run_queue);
    join(workers, QUEUED);
    for (unsigned i = 0; i < QUEUED; i++) {
        locked += workers[i].writes;
        left += workers[i].reads;
    }
    assert_int_equal(shared->first, locked);
    assert_int_equal(locked + left, QUEUED * 1000);
    assert_true(left > 0);
    end(shared);
}

static void refcount_writer_waits_for_readers(void **state)
{
    struct worker workers[1];
    struct shared *shared = begin(state, workers, 1);
    struct lb_task *me = main_task(shared, 1);
    uint32_t *count = &shared->lock.refcount.count;
    assert_true(lb_lock_read_try(shared->kind, &shared->lock, me));
    lb_lock_read(shared->kind, &shared->lock, me);
    start(&workers[0], run_one_write);
    wait_until_asleep(&workers[0]);
    assert_int_equal(__atomic_load_n(count, __ATOMIC_RELAXED), LB_REFCOUNT_WRITER + 3);
    assert_false(lb_lock_read_try(shared->kind, &shared->lock, me));
    lb_lock_read_unlock(shared->kind, &shared->lock, me, &shared->mm);
    /* A wake-up too many changes nothing. */
    lb_task_unpark(workers[0].me, me);
    assert_int_equal(__atomic_load_n(count, __ATOMIC_RELAXED), LB_REFCOUNT_WRITER + 2);
    lb_lock_read_unlock(shared->kind, &shared->lock, me, &shared->mm);
    join(workers, 1);
    assert_true(stats_of(&workers[0]).sleeps >= 1);
    end(shared);
}

#define EACH_RWSEM(test) ON(test, RWSEM40, rwsem40), ON(test, RWSEM32, rwsem32)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH_RWSEM(writer_gets_past_readers),
        ON(writer_gets_past_readers, REFCOUNT, refcount),
        EACH_RWSEM(sleeping_readers_are_woken_together),
        EACH_RWSEM(first_writer_gets_it_by_handoff),
        EACH_RWSEM(first_readers_get_it_by_handoff),
        EACH_RWSEM(reader_that_steals_lets_readers_in),
        EACH_RWSEM(reader_that_queues_wakes_the_first),
        EACH_RWSEM(reader_behind_a_crowd_queues),
        EACH_RWSEM(spinning_on_readers_ends),
        EACH_RWSEM(spinners_leave_the_queue),
        EACH_RWSEM(queue_survives_those_who_leave),
        ON(refcount_writer_waits_for_readers, REFCOUNT, refcount),
    };
    alarm(ALARM_S);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
