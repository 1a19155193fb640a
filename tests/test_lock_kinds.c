/* SPDX-License-Identifier: MIT
 *
 * The locks that are not a VMA's, in one thread: where their words lie and what each operation
 * leaves in them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lock/fast_paths.h"

#include <errno.h>

union any_lock {
    struct lb_qspinlock qspinlock;
    struct lb_mutex32 mutex32;
    struct lb_qrwlock qrwlock;
    struct lb_lockref lockref;
    struct lb_seqlock seqlock;
    uint32_t words[16];
};

struct fixture {
    struct lb_task_set *set;
    struct lb_task *me, *other;
    union any_lock lock;
    struct lb_mm mm;
};

static struct fixture fixture;

static int setup(void **state)
{
    if (lb_task_set_create(2, &fixture.set))
        return -1;
    fixture.me = lb_task_get(fixture.set, 0);
    fixture.other = lb_task_get(fixture.set, 1);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    lb_task_set_destroy(f->set);
    return 0;
}

static struct lb_lock_stats stats_of(const struct lb_task *task)
{
    struct lb_lock_stats stats;
    lb_task_stats(task, &stats);
    return stats;
}

/* A lock without readers: reading takes it as writing does. */
static void expect_exclusive(struct fixture *f, enum lb_lock_kind kind, uint32_t held)
{
    lb_lock_init(kind, &f->lock);
    assert_true(lb_lock_is_idle(kind, &f->lock));
    assert_int_equal(lb_lock_write(kind, &f->lock, f->me, NULL), 0);
    assert_int_equal(f->lock.words[0], held);
    assert_false(lb_lock_is_idle(kind, &f->lock));
    assert_int_equal(lb_lock_write_unlock(kind, &f->lock, f->me, NULL), 0);
    assert_true(lb_lock_is_idle(kind, &f->lock));
    assert_true(lb_lock_read_try(kind, &f->lock, f->me));
    assert_int_equal(f->lock.words[0], held);
    lb_lock_read_unlock(kind, &f->lock, f->me, NULL);
    lb_lock_read(kind, &f->lock, f->me);
    assert_int_equal(f->lock.words[0], held);
    lb_lock_read_unlock(kind, &f->lock, f->me, NULL);
    assert_true(lb_lock_is_idle(kind, &f->lock));
}

static void qspinlock_states(void **state)
{
    struct fixture *f = *state;
    const struct lb_lock_info *info = lb_lock_info(LB_LOCK_QSPINLOCK);
    assert_int_equal(info->bytes, 4);
    assert_int_equal(info->align_bytes, 4);
    assert_int_equal(info->count_bytes, 4);
    assert_false(info->sleeps_in_read);
    expect_exclusive(f, LB_LOCK_QSPINLOCK, LB_QSPINLOCK_HELD);
    /* Unlocking is a store of one byte: those who wait keep theirs. */
    lb_lock_write(LB_LOCK_QSPINLOCK, &f->lock, f->me, NULL);
    f->lock.qspinlock.word |= LB_QSPINLOCK_PENDING | 7u << LB_QSPINLOCK_SHIFT;
    lb_lock_write_unlock(LB_LOCK_QSPINLOCK, &f->lock, f->me, NULL);
    assert_int_equal(f->lock.qspinlock.word, LB_QSPINLOCK_PENDING | 7u << LB_QSPINLOCK_SHIFT);
    assert_false(lb_lock_is_idle(LB_LOCK_QSPINLOCK, &f->lock));
    assert_int_equal(stats_of(f->me).retries, 0);
}

static void expect_bytes(enum lb_lock_kind kind, size_t bytes, size_t align, size_t count_bytes)
{
    const struct lb_lock_info *info = lb_lock_info(kind);
    assert_int_equal(info->bytes, bytes);
    assert_int_equal(info->align_bytes, align);
    assert_int_equal(info->count_offset, 0);
    assert_int_equal(info->count_bytes, count_bytes);
    assert_true(info->counts);
    assert_true(info->excludes);
}

static void words_lie_as_in_the_kernel(void **state)
{
    (void)state;
    expect_bytes(LB_LOCK_QSPINLOCK, 4, 4, 4);
    expect_bytes(LB_LOCK_MUTEX32, 32, 8, 8);
    expect_bytes(LB_LOCK_MUTEX24, 24, 8, 8);
    expect_bytes(LB_LOCK_QRWLOCK, 8, 4, 4);
    expect_bytes(LB_LOCK_LOCKREF, 8, 8, 8);
    expect_bytes(LB_LOCK_SEQCOUNT, 4, 4, 4);
    expect_bytes(LB_LOCK_SEQLOCK, 8, 4, 4);
    expect_bytes(LB_LOCK_FUTEX_MUTEX, 4, 4, 4);
    assert_int_equal(lb_lock_info(LB_LOCK_MUTEX32)->owner_offset, 0);
    assert_int_equal(lb_lock_info(LB_LOCK_MUTEX24)->owner_offset, 0);
    assert_int_equal(offsetof(struct lb_mutex32, wait_lock), 8);
    assert_int_equal(offsetof(struct lb_mutex32, osq), 12);
    assert_int_equal(offsetof(struct lb_mutex32, next), 16);
    assert_int_equal(offsetof(struct lb_mutex24, first_waiter), 16);
    assert_int_equal(offsetof(struct lb_qrwlock, wait_lock), 4);
    assert_int_equal(offsetof(struct lb_lockref, count), 4);
    assert_int_equal(offsetof(struct lb_seqlock, lock), 4);
}

static void which_sleep_and_which_look(void **state)
{
    (void)state;
    for (enum lb_lock_kind k = 0; k < LB_LOCK_KINDS; k++) {
        const struct lb_lock_info *info = lb_lock_info(k);
        assert_int_equal(info->sleeps_in_read, k == LB_LOCK_MUTEX32 || k == LB_LOCK_MUTEX24 ||
                                                   k == LB_LOCK_FUTEX_MUTEX ||
                                                   k == LB_LOCK_PTHREAD_MUTEX);
        assert_int_equal(info->lockless_reads, k == LB_LOCK_SEQCOUNT || k == LB_LOCK_SEQLOCK);
        assert_int_equal(info->plain_writers, k != LB_LOCK_REFCOUNT && k != LB_LOCK_SEQCOUNT &&
                                                  k != LB_LOCK_LOCKED_ADDS);
    }
}

static void mutex_states(void **state)
{
    struct fixture *f = *state;
    const enum lb_lock_kind kinds[] = {LB_LOCK_MUTEX32, LB_LOCK_MUTEX24};
    for (size_t i = 0; i < LB_COUNT(kinds); i++) {
        struct lb_mutex32 *mutex = &f->lock.mutex32;
        expect_exclusive(f, kinds[i], (uint32_t)(uintptr_t)f->me);
        lb_lock_write(kinds[i], mutex, f->me, NULL);
        assert_int_equal(mutex->owner, (uintptr_t)f->me);
        /* Flags without anybody in the list: as a waiter leaves them that has just gone. */
        mutex->owner |= LB_MUTEX_WAITERS;
        lb_lock_write_unlock(kinds[i], mutex, f->me, NULL);
        assert_int_equal(mutex->owner, LB_MUTEX_WAITERS);
        assert_false(lb_lock_is_idle(kinds[i], mutex));
        mutex->owner = (uintptr_t)f->me | LB_MUTEX_WAITERS | LB_MUTEX_HANDOFF;
        lb_lock_write_unlock(kinds[i], mutex, f->me, NULL);
        assert_int_equal(mutex->owner, LB_MUTEX_WAITERS);
        /* Handed over: the flag goes, the lock is its own. */
        mutex->owner = (uintptr_t)f->me | LB_MUTEX_PICKUP | LB_MUTEX_WAITERS;
        lb_lock_write(kinds[i], mutex, f->me, NULL);
        assert_int_equal(mutex->owner, (uintptr_t)f->me | LB_MUTEX_WAITERS);
        assert_int_equal(stats_of(f->me).handoffs, i + 1);
    }
    assert_int_equal(stats_of(f->me).wakes, 0);
}

static void qrwlock_states(void **state)
{
    struct fixture *f = *state;
    struct lb_qrwlock *rw = &f->lock.qrwlock;
    lb_lock_init(LB_LOCK_QRWLOCK, rw);
    assert_true(lb_lock_read_try(LB_LOCK_QRWLOCK, rw, f->me));
    lb_lock_read(LB_LOCK_QRWLOCK, rw, f->other);
    assert_int_equal(rw->count, 2 * LB_QRWLOCK_READER);
    lb_lock_read_unlock(LB_LOCK_QRWLOCK, rw, f->me, NULL);
    assert_false(lb_lock_is_idle(LB_LOCK_QRWLOCK, rw));
    lb_lock_read_unlock(LB_LOCK_QRWLOCK, rw, f->other, NULL);
    assert_true(lb_lock_is_idle(LB_LOCK_QRWLOCK, rw));
    lb_lock_write(LB_LOCK_QRWLOCK, rw, f->me, NULL);
    assert_int_equal(rw->count, LB_QRWLOCK_WRITER);
    /* Who waits is left in the word. */
    rw->count |= LB_QRWLOCK_WAITING;
    lb_lock_write_unlock(LB_LOCK_QRWLOCK, rw, f->me, NULL);
    assert_int_equal(rw->count, LB_QRWLOCK_WAITING);
    assert_int_equal(rw->wait_lock.word, 0);
}

static void lockref_states(void **state)
{
    struct fixture *f = *state;
    struct lb_lockref *ref = &f->lock.lockref;
    lb_lock_init(LB_LOCK_LOCKREF, ref);
    assert_int_equal(ref->count, 1);
    assert_true(lb_lock_is_idle(LB_LOCK_LOCKREF, ref));
    assert_true(lb_lock_read_try(LB_LOCK_LOCKREF, ref, f->me));
    lb_lock_read(LB_LOCK_LOCKREF, ref, f->other);
    assert_int_equal(ref->count, 3);
    assert_int_equal(ref->lock.word, 0);
    /* References keep nobody from the lock. */
    lb_lock_write(LB_LOCK_LOCKREF, ref, f->me, NULL);
    assert_int_equal(ref->lock.word, LB_QSPINLOCK_HELD);
    assert_int_equal(ref->count, 3);
    lb_lock_write_unlock(LB_LOCK_LOCKREF, ref, f->me, NULL);
    lb_lock_read_unlock(LB_LOCK_LOCKREF, ref, f->me, NULL);
    assert_false(lb_lock_is_idle(LB_LOCK_LOCKREF, ref));
    lb_lock_read_unlock(LB_LOCK_LOCKREF, ref, f->other, NULL);
    assert_true(lb_lock_is_idle(LB_LOCK_LOCKREF, ref));
}

/* Readers write nothing, and are told when a writer has been there. */
static void seqcounts_tell_readers(void **state)
{
    struct fixture *f = *state;
    const enum lb_lock_kind kinds[] = {LB_LOCK_SEQCOUNT, LB_LOCK_SEQLOCK};
    for (size_t i = 0; i < LB_COUNT(kinds); i++) {
        struct lb_seqlock *lock = &f->lock.seqlock;
        uint32_t seen = 7;
        lb_lock_init(kinds[i], lock);
        assert_false(lb_lock_read_try(kinds[i], lock, f->me));
        assert_int_equal(lb_lock_read(kinds[i], lock, f->me), -ENOTSUP);
        assert_int_equal(lb_lock_read_unlock(kinds[i], lock, f->me, NULL), -ENOTSUP);
        assert_int_equal(lb_lock_read_begin(kinds[i], lock, f->me, &seen), 0);
        assert_int_equal(seen, 0);
        assert_false(lb_lock_read_again(kinds[i], lock, f->me, seen));
        assert_true(lb_lock_is_idle(kinds[i], lock));
        assert_int_equal(stats_of(f->me).retries, i);

        lb_lock_write(kinds[i], lock, f->other, &f->mm);
        assert_int_equal(lock->seqcount.sequence, 1);
        assert_int_equal(i ? lock->lock.word : LB_QSPINLOCK_HELD, LB_QSPINLOCK_HELD);
        assert_false(lb_lock_is_idle(kinds[i], lock));
        lb_lock_write_unlock(kinds[i], lock, f->other, &f->mm);
        assert_int_equal(lock->seqcount.sequence, 2);
        assert_true(lb_lock_is_idle(kinds[i], lock));
        assert_true(lb_lock_read_again(kinds[i], lock, f->me, seen));
        assert_int_equal(stats_of(f->me).retries, i + 1);
    }
    uint32_t seen = 7;
    assert_int_equal(lb_lock_read_begin(LB_LOCK_QSPINLOCK, &f->lock, f->me, &seen), -ENOTSUP);
    assert_int_equal(seen, 7);
    assert_true(lb_lock_read_again(LB_LOCK_QSPINLOCK, &f->lock, f->me, seen));
}

static void futex_mutex_states(void **state)
{
    struct fixture *f = *state;
    expect_exclusive(f, LB_LOCK_FUTEX_MUTEX, 1);
    /* With a sleeper marked, unlocking wakes, and counts it. */
    lb_lock_write(LB_LOCK_FUTEX_MUTEX, &f->lock, f->me, NULL);
    f->lock.words[0] = 2;
    lb_lock_write_unlock(LB_LOCK_FUTEX_MUTEX, &f->lock, f->me, NULL);
    assert_int_equal(f->lock.words[0], 0);
    assert_int_equal(stats_of(f->me).wakes, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(words_lie_as_in_the_kernel),
        TEST(which_sleep_and_which_look),
        TEST(qspinlock_states),
        TEST(mutex_states),
        TEST(qrwlock_states),
        TEST(lockref_states),
        TEST(seqcounts_tell_readers),
        TEST(futex_mutex_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
