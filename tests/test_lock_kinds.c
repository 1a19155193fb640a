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

#include <string.h>

union any_lock {
    struct lb_qspinlock qspinlock;
    uint32_t words[16];
};

struct fixture {
    struct lb_task_set *set;
    struct lb_task *me, *other;
    union any_lock lock;
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

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(qspinlock_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
