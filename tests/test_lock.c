/* SPDX-License-Identifier: MIT
 *
 * The locks in one thread: where their words lie and what each operation leaves in them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

/* Puts another's change between a load and the compare-and-swap on it, in this file's fast paths.
 */
static uint32_t conflict;

static uint32_t take_conflict(void)
{
    const uint32_t amount = conflict;
    conflict = 0;
    return amount;
}

#define __atomic_compare_exchange_n(word, expected, desired, weak, success, failure)               \
    (__atomic_fetch_add(word, take_conflict(), __ATOMIC_RELAXED),                                  \
     __atomic_compare_exchange_n(word, expected, desired, weak, success, failure))

#include "lock/fast_paths.h"

union any_lock {
    struct lb_rwsem40 rwsem40;
    struct lb_rwsem32 rwsem32;
    struct lb_refcount refcount;
    pthread_rwlock_t rwlock;
    pthread_mutex_t mutex;
    uint64_t count; /* of both rwsems and locked_adds */
};

struct fixture {
    struct lb_task_set *set;
    struct lb_task *me, *other;
    union any_lock lock;
    _Alignas(LB_APART_BYTES) char mm_words[LB_MM_BYTES];
    struct lb_mm mm;
};

static const enum lb_lock_kind rwsems[] = {LB_LOCK_RWSEM40, LB_LOCK_RWSEM32};
static struct fixture fixture;

static int setup(void **state)
{
    if (lb_task_set_create(2, &fixture.set))
        return -1;
    fixture.me = lb_task_get(fixture.set, 0);
    fixture.other = lb_task_get(fixture.set, 1);
    lb_mm_init(&fixture.mm, fixture.mm_words, lb_mm_separate, LB_LOCK_RWSEM40, false);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    lb_task_set_destroy(f->set);
    return 0;
}

static uint64_t owned_by(const struct lb_task *task)
{
    return (uint64_t)(uintptr_t)task;
}

static struct lb_lock_stats stats_of(const struct lb_task *task)
{
    struct lb_lock_stats stats;
    lb_task_stats(task, &stats);
    return stats;
}

static void words_lie_as_in_the_kernel(void **state)
{
    (void)state;
    for (size_t i = 0; i < LB_COUNT(rwsems); i++) {
        const struct lb_lock_info *info = lb_lock_info(rwsems[i]);
        assert_int_equal(info->count_offset, 0);
        assert_int_equal(info->count_bytes, 8);
        assert_int_equal(info->owner_offset, 8);
        assert_int_equal(info->align_bytes, 8);
    }
    assert_int_equal(lb_lock_info(LB_LOCK_RWSEM40)->bytes, 40);
    assert_int_equal(lb_lock_info(LB_LOCK_RWSEM32)->bytes, 32);
    assert_int_equal(lb_lock_info(LB_LOCK_REFCOUNT)->bytes, 4);
    assert_int_equal(offsetof(struct lb_rwsem40, osq), 16);
    assert_int_equal(offsetof(struct lb_rwsem40, wait_lock), 20);
    assert_int_equal(offsetof(struct lb_rwsem40, next), 24);
    assert_int_equal(offsetof(struct lb_rwsem32, first_waiter), 24);
}

static void tasks_share_no_lines(void **state)
{
    struct fixture *f = *state;
    assert_int_equal((uintptr_t)f->me % LB_APART_BYTES, 0);
    assert_true((uintptr_t)f->other - (uintptr_t)f->me >= LB_APART_BYTES);
    assert_int_equal(offsetof(struct lb_task, stats) / LB_LINE_PAIR_BYTES, 0);
    assert_true(offsetof(struct lb_task, on_cpu) >= LB_LINE_PAIR_BYTES);
    assert_int_equal(offsetof(struct lb_task, osq) % LB_LINE_PAIR_BYTES, 0);
    assert_int_equal(offsetof(struct lb_task, waiter) % LB_LINE_PAIR_BYTES, 0);
    assert_null(lb_task_get(f->set, 2));

    struct lb_task_set *untouched = f->set;
    assert_int_equal(lb_task_set_create(0, &untouched), -EINVAL);
    assert_ptr_equal(untouched, f->set);
    lb_task_set_destroy(NULL);
}

static void table_is_complete(void **state)
{
    (void)state;
    for (enum lb_lock_kind kind = 0; kind < LB_LOCK_KINDS; kind++) {
        const struct lb_lock_info *info = lb_lock_info(kind);
        struct lb_why why = {""};
        enum lb_lock_kind found = LB_LOCK_KINDS;
        assert_int_equal(info->kind, kind);
        assert_true(info->bytes >= info->count_offset + info->count_bytes);
        assert_true(info->bytes <= sizeof(union any_lock));
        assert_true(strlen(info->meaning) > 0);
        assert_int_equal(lb_lock_parse(info->name, &why, &found), 0);
        assert_int_equal(found, kind);
        assert_string_equal(why.text, "");
        assert_int_equal(info->excludes, kind != LB_LOCK_LOCKED_ADDS);
    }
    assert_false(lb_lock_info(LB_LOCK_REFCOUNT)->plain_writers);
    assert_false(lb_lock_info(LB_LOCK_PTHREAD_MUTEX)->vma_protocol);
    assert_false(lb_lock_info(LB_LOCK_PTHREAD_MUTEX)->counts);
    assert_false(lb_lock_info(LB_LOCK_PTHREAD_RWLOCK)->counts);
    for (enum lb_lock_kind kind = 0; kind < LB_LOCK_PTHREAD_RWLOCK; kind++)
        assert_true(lb_lock_info(kind)->counts);
    assert_true(lb_lock_info(LB_LOCK_PTHREAD_MUTEX)->sleeps_in_read);
}

static void unknown_name_is_refused(void **state)
{
    (void)state;
    struct lb_why why = {""};
    enum lb_lock_kind kind = LB_LOCK_REFCOUNT;
    assert_int_equal(lb_lock_parse("rwsem", &why, &kind), -EINVAL);
    assert_int_equal(kind, LB_LOCK_REFCOUNT);
    assert_non_null(strstr(why.text, "'rwsem'"));
    for (enum lb_lock_kind k = 0; k < LB_LOCK_KINDS; k++)
        assert_non_null(strstr(why.text, lb_lock_info(k)->name));
    assert_int_equal(lb_lock_parse("", NULL, &kind), -EINVAL);
}

static void rwsem_readers(struct fixture *f, enum lb_lock_kind kind)
{
    union any_lock *lock = &f->lock;
    lb_lock_init(kind, lock);
    assert_true(lb_lock_is_idle(kind, lock));
    assert_true(lb_lock_read_try(kind, lock, f->me));
    assert_int_equal(lock->count, LB_RWSEM_READER);
    assert_int_equal(lock->rwsem40.owner, owned_by(f->me) | LB_OWNER_READER);
    assert_false(lb_lock_is_idle(kind, lock));

    lb_lock_read(kind, lock, f->other);
    assert_int_equal(lock->count, 2 * LB_RWSEM_READER);
    assert_int_equal(lock->rwsem40.owner, owned_by(f->other) | LB_OWNER_READER);

    lb_lock_read_unlock(kind, lock, f->me, NULL);
    lb_lock_read_unlock(kind, lock, f->other, NULL);
    assert_int_equal(lock->count, 0);
    assert_int_equal(lock->rwsem40.owner, owned_by(f->other) | LB_OWNER_READER);
    assert_true(lb_lock_is_idle(kind, lock));
}

static void rwsem_writer(struct fixture *f, enum lb_lock_kind kind)
{
    union any_lock *lock = &f->lock;
    lb_lock_init(kind, lock);
    assert_int_equal(lb_lock_write(kind, lock, f->me, NULL), 0);
    assert_int_equal(lock->count, LB_RWSEM_WRITER);
    assert_int_equal(lock->rwsem40.owner, owned_by(f->me));
    assert_false(lb_lock_read_try(kind, lock, f->other));
    assert_int_equal(lock->count, LB_RWSEM_WRITER);
    assert_int_equal(lock->rwsem40.owner, owned_by(f->me));
    assert_false(lb_lock_is_idle(kind, lock));
    assert_int_equal(lb_lock_write_unlock(kind, lock, f->me, NULL), 0);
    assert_int_equal(lock->count, 0);
    assert_int_equal(lock->rwsem40.owner, 0);
    assert_true(lb_lock_is_idle(kind, lock));
}

static void rwsem_states(void **state)
{
    for (size_t i = 0; i < LB_COUNT(rwsems); i++) {
        rwsem_readers(*state, rwsems[i]);
        rwsem_writer(*state, rwsems[i]);
    }
}

static void try_gives_way_to_waiters(void **state)
{
    struct fixture *f = *state;
    const uint64_t flags[] = {LB_RWSEM_WRITER, LB_RWSEM_WAITERS, LB_RWSEM_HANDOFF,
                              LB_RWSEM_READER | LB_RWSEM_WAITERS};
    for (size_t i = 0; i < LB_COUNT(flags); i++) {
        lb_lock_init(LB_LOCK_RWSEM40, &f->lock);
        f->lock.count = flags[i];
        assert_false(lb_lock_read_try(LB_LOCK_RWSEM40, &f->lock, f->me));
        assert_int_equal(f->lock.count, flags[i]);
        assert_int_equal(f->lock.rwsem40.owner, 0);
    }
}

static void readers_keep_the_nonspinnable_mark(void **state)
{
    struct fixture *f = *state;
    lb_lock_init(LB_LOCK_RWSEM32, &f->lock);
    f->lock.rwsem32.owner = owned_by(f->other) | LB_OWNER_READER | LB_OWNER_NONSPINNABLE;
    assert_true(lb_lock_read_try(LB_LOCK_RWSEM32, &f->lock, f->me));
    assert_int_equal(f->lock.rwsem32.owner,
                     owned_by(f->me) | LB_OWNER_READER | LB_OWNER_NONSPINNABLE);
    lb_lock_read_unlock(LB_LOCK_RWSEM32, &f->lock, f->me, NULL);
    assert_true(lb_lock_is_idle(LB_LOCK_RWSEM32, &f->lock));
    lb_lock_write(LB_LOCK_RWSEM32, &f->lock, f->me, NULL);
    assert_int_equal(f->lock.rwsem32.owner, owned_by(f->me));
    lb_lock_write_unlock(LB_LOCK_RWSEM32, &f->lock, f->me, NULL);
}

/* The writer that was there when the bias was added has gone, and nobody has queued meanwhile. */
static void late_reader_keeps_its_bias(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < LB_COUNT(rwsems); i++) {
        lb_lock_init(rwsems[i], &f->lock);
        f->lock.count = LB_RWSEM_READER;
        lb_rwsem_read_slow((struct lb_rwsem *)&f->lock, f->me, LB_RWSEM_READER | LB_RWSEM_WRITER,
                           rwsems[i]);
        assert_int_equal(f->lock.count, LB_RWSEM_READER);
        assert_int_equal(f->lock.rwsem40.owner, owned_by(f->me) | LB_OWNER_READER);
        lb_lock_read_unlock(rwsems[i], &f->lock, f->me, NULL);
        assert_true(lb_lock_is_idle(rwsems[i], &f->lock));
    }
    assert_int_equal(stats_of(f->me).sleeps, 0);
}

static void conflicts_are_counted(void **state)
{
    struct fixture *f = *state;
    lb_lock_init(LB_LOCK_RWSEM40, &f->lock);
    conflict = (uint32_t)LB_RWSEM_READER;
    assert_true(lb_rwsem40_read_try(&f->lock, f->me));
    assert_int_equal(f->lock.count, 2 * LB_RWSEM_READER);
    assert_int_equal(stats_of(f->me).retries, 1);
    assert_true(lb_rwsem40_read_try(&f->lock, f->me));
    assert_int_equal(stats_of(f->me).retries, 1);

    /* A writer in between: counted, and the try is over. */
    lb_lock_init(LB_LOCK_RWSEM40, &f->lock);
    conflict = (uint32_t)LB_RWSEM_WRITER;
    assert_false(lb_rwsem40_read_try(&f->lock, f->me));
    assert_int_equal(f->lock.count, LB_RWSEM_WRITER);
    assert_int_equal(stats_of(f->me).retries, 2);

    lb_lock_init(LB_LOCK_REFCOUNT, &f->lock);
    conflict = 1;
    assert_true(lb_refcount_read_try(&f->lock, f->me));
    assert_int_equal(f->lock.refcount.count, LB_REFCOUNT_IDLE + 2);
    conflict = LB_REFCOUNT_WRITER;
    assert_false(lb_refcount_read_try(&f->lock, f->me));
    assert_int_equal(f->lock.refcount.count, LB_REFCOUNT_WRITER + LB_REFCOUNT_IDLE + 2);
    assert_int_equal(stats_of(f->me).retries, 4);
    assert_int_equal(stats_of(f->other).retries, 0);
}

static void refcount_states(void **state)
{
    struct fixture *f = *state;
    struct lb_refcount *ref = &f->lock.refcount;
    lb_lock_init(LB_LOCK_REFCOUNT, ref);
    assert_int_equal(ref->count, LB_REFCOUNT_IDLE);
    assert_true(lb_lock_is_idle(LB_LOCK_REFCOUNT, ref));
    assert_true(lb_lock_read_try(LB_LOCK_REFCOUNT, ref, f->me));
    assert_int_equal(ref->count, LB_REFCOUNT_IDLE + 1);
    assert_false(lb_lock_is_idle(LB_LOCK_REFCOUNT, ref));
    lb_lock_read(LB_LOCK_REFCOUNT, ref, f->other);
    assert_int_equal(ref->count, LB_REFCOUNT_IDLE + 2);
    lb_lock_read_unlock(LB_LOCK_REFCOUNT, ref, f->me, &f->mm);
    lb_lock_read_unlock(LB_LOCK_REFCOUNT, ref, f->other, &f->mm);
    assert_true(lb_lock_is_idle(LB_LOCK_REFCOUNT, ref));

    lb_lock_write(LB_LOCK_RWSEM40, f->mm.lock, f->me, NULL);
    assert_int_equal(lb_lock_write(LB_LOCK_REFCOUNT, ref, f->me, &f->mm), 0);
    assert_int_equal(ref->count, LB_REFCOUNT_WRITER + LB_REFCOUNT_IDLE);
    assert_null(*f->mm.writer_wait);
    assert_false(lb_lock_read_try(LB_LOCK_REFCOUNT, ref, f->other));
    assert_false(lb_lock_is_idle(LB_LOCK_REFCOUNT, ref));
    assert_int_equal(lb_lock_write_unlock(LB_LOCK_REFCOUNT, ref, f->me, &f->mm), 0);
    lb_lock_write_unlock(LB_LOCK_RWSEM40, f->mm.lock, f->me, NULL);
    assert_true(lb_lock_is_idle(LB_LOCK_REFCOUNT, ref));
    assert_int_equal(*f->mm.seq, LB_MM_SEQ_FIRST);
}

static void refcount_limits(void **state)
{
    struct fixture *f = *state;
    const uint32_t refused[] = {0, LB_REFCOUNT_WRITER - 1, LB_REFCOUNT_WRITER,
                                LB_REFCOUNT_WRITER + 1, UINT32_MAX};
    for (size_t i = 0; i < LB_COUNT(refused); i++) {
        f->lock.refcount.count = refused[i];
        assert_false(lb_lock_read_try(LB_LOCK_REFCOUNT, &f->lock, f->me));
        assert_int_equal(f->lock.refcount.count, refused[i]);
        assert_false(lb_lock_is_idle(LB_LOCK_REFCOUNT, &f->lock));
    }
    f->lock.refcount.count = LB_REFCOUNT_WRITER - 2;
    assert_true(lb_lock_read_try(LB_LOCK_REFCOUNT, &f->lock, f->me));
    assert_int_equal(f->lock.refcount.count, LB_REFCOUNT_WRITER - 1);
}

static void pthread_states(void **state)
{
    struct fixture *f = *state;
    const enum lb_lock_kind kinds[] = {LB_LOCK_PTHREAD_RWLOCK, LB_LOCK_PTHREAD_MUTEX};
    for (size_t i = 0; i < LB_COUNT(kinds); i++) {
        lb_lock_init(kinds[i], &f->lock);
        assert_true(lb_lock_is_idle(kinds[i], &f->lock));
        assert_true(lb_lock_read_try(kinds[i], &f->lock, f->me));
        assert_false(lb_lock_is_idle(kinds[i], &f->lock));
        lb_lock_read_unlock(kinds[i], &f->lock, f->me, NULL);
        assert_true(lb_lock_is_idle(kinds[i], &f->lock));
        assert_int_equal(lb_lock_write(kinds[i], &f->lock, f->me, NULL), 0);
        assert_false(lb_lock_is_idle(kinds[i], &f->lock));
        assert_int_equal(lb_lock_write_unlock(kinds[i], &f->lock, f->me, NULL), 0);
        assert_true(lb_lock_is_idle(kinds[i], &f->lock));
    }
    lb_lock_init(LB_LOCK_PTHREAD_RWLOCK, &f->lock);
    lb_lock_read(LB_LOCK_PTHREAD_RWLOCK, &f->lock, f->me);
    lb_lock_read(LB_LOCK_PTHREAD_RWLOCK, &f->lock, f->other);
    lb_lock_read_unlock(LB_LOCK_PTHREAD_RWLOCK, &f->lock, f->me, NULL);
    assert_false(lb_lock_is_idle(LB_LOCK_PTHREAD_RWLOCK, &f->lock));
    lb_lock_read_unlock(LB_LOCK_PTHREAD_RWLOCK, &f->lock, f->other, NULL);
}

static void locked_adds_states(void **state)
{
    struct fixture *f = *state;
    lb_lock_init(LB_LOCK_LOCKED_ADDS, &f->lock);
    assert_true(lb_lock_read_try(LB_LOCK_LOCKED_ADDS, &f->lock, f->me));
    lb_lock_read(LB_LOCK_LOCKED_ADDS, &f->lock, f->me);
    assert_int_equal(f->lock.count, 2 * LB_RWSEM_READER);
    assert_false(lb_lock_is_idle(LB_LOCK_LOCKED_ADDS, &f->lock));
    assert_int_equal(lb_lock_write(LB_LOCK_LOCKED_ADDS, &f->lock, f->me, NULL), -ENOTSUP);
    assert_int_equal(lb_lock_write_unlock(LB_LOCK_LOCKED_ADDS, &f->lock, f->me, NULL), -ENOTSUP);
    lb_lock_read_unlock(LB_LOCK_LOCKED_ADDS, &f->lock, f->me, NULL);
    lb_lock_read_unlock(LB_LOCK_LOCKED_ADDS, &f->lock, f->me, NULL);
    assert_true(lb_lock_is_idle(LB_LOCK_LOCKED_ADDS, &f->lock));
}

static void idle_looks_at_every_word(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < LB_COUNT(rwsems); i++) {
        const enum lb_lock_kind kind = rwsems[i];
        struct lb_rwsem40 *sem = &f->lock.rwsem40;
        const uint64_t busy_owners[] = {owned_by(f->me), owned_by(f->me) | LB_OWNER_NONSPINNABLE};
        for (size_t word = 0; word < lb_lock_info(kind)->bytes / 4; word++) {
            uint32_t bit = 4; /* in the owner's words: no reader's flag */
            lb_lock_init(kind, sem);
            memcpy((char *)sem + 4 * word, &bit, sizeof bit);
            assert_false(lb_lock_is_idle(kind, sem));
        }
        for (size_t k = 0; k < LB_COUNT(busy_owners); k++) {
            lb_lock_init(kind, sem);
            sem->owner = busy_owners[k];
            assert_false(lb_lock_is_idle(kind, sem));
        }
        lb_lock_init(kind, sem);
        sem->owner = owned_by(f->me) | LB_OWNER_READER | LB_OWNER_NONSPINNABLE;
        assert_true(lb_lock_is_idle(kind, sem));
    }
}

static void uncontended_work_counts_nothing(void **state)
{
    struct fixture *f = *state;
    const struct lb_lock_stats none = {0};
    for (enum lb_lock_kind kind = 0; kind < LB_LOCK_KINDS; kind++) {
        lb_lock_init(kind, &f->lock);
        for (int i = 0; i < 100; i++) {
            const bool read = lb_lock_read_try(kind, &f->lock, f->me);
            assert_int_equal(read, !lb_lock_info(kind)->lockless_reads);
            if (read)
                lb_lock_read_unlock(kind, &f->lock, f->me, &f->mm);
            if (!lb_lock_write(kind, &f->lock, f->me, &f->mm))
                lb_lock_write_unlock(kind, &f->lock, f->me, &f->mm);
        }
        assert_true(lb_lock_is_idle(kind, &f->lock));
    }
    const struct lb_lock_stats stats = stats_of(f->me);
    assert_memory_equal(&stats, &none, sizeof none);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(words_lie_as_in_the_kernel),
        TEST(tasks_share_no_lines),
        TEST(table_is_complete),
        TEST(unknown_name_is_refused),
        TEST(rwsem_states),
        TEST(try_gives_way_to_waiters),
        TEST(readers_keep_the_nonspinnable_mark),
        TEST(late_reader_keeps_its_bias),
        TEST(conflicts_are_counted),
        TEST(refcount_states),
        TEST(refcount_limits),
        TEST(pthread_states),
        TEST(locked_adds_states),
        TEST(idle_looks_at_every_word),
        TEST(uncontended_work_counts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
