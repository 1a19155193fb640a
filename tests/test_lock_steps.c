/* SPDX-License-Identifier: MIT
 *
 * What others can see of a lock's words while one thread takes it and gives it back: every state
 * before and after each atomic access (support/naps.h), one after the other. Threads meet only some
 * of them, and seldom.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lock/fast_paths.h"

#define STATES_MOST 16

struct seen {
    uint64_t words[2];
};

static union {
    struct lb_rwsem40 rwsem;
    struct lb_seqlock seqlock;
    uint64_t words[8];
} lock;

static struct {
    enum lb_lock_kind kind;
    bool looks;
    unsigned n;
    struct seen states[STATES_MOST];
} watch;

static struct seen look(void)
{
    if (watch.kind == LB_LOCK_SEQLOCK || watch.kind == LB_LOCK_SEQCOUNT)
        return (struct seen){{lock.seqlock.lock.word, lock.seqlock.seqcount.sequence}};
    return (struct seen){{lock.rwsem.count, lock.rwsem.owner}};
}

/* Before each access: what that before it has left. */
void nap_here(void)
{
    if (!watch.looks)
        return;
    const struct seen now = look();
    const struct seen *last = watch.n ? &watch.states[watch.n - 1] : NULL;
    if (last && now.words[0] == last->words[0] && now.words[1] == last->words[1])
        return;
    assert_true(watch.n < STATES_MOST);
    watch.states[watch.n++] = now;
}

static void begin(enum lb_lock_kind kind)
{
    watch.kind = kind;
    watch.n = 0;
    lb_lock_init(kind, &lock);
    watch.looks = true;
}

/* All that was seen is as expected: {first word, second word} in their order. */
static void expect(const uint64_t (*states)[2], unsigned n)
{
    nap_here();
    watch.looks = false;
    for (unsigned i = 0; i < n && i < watch.n; i++)
        for (unsigned k = 0; k < 2; k++)
            if (watch.states[i].words[k] != states[i][k])
                fail_msg("%s, state %u: word %u is %llx, expected %llx",
                         lb_lock_info(watch.kind)->name, i, k,
                         (unsigned long long)watch.states[i].words[k],
                         (unsigned long long)states[i][k]);
    assert_int_equal(watch.n, n);
}

static struct lb_task_set *set;
static struct lb_task *me;

static int setup(void **state)
{
    (void)state;
    if (lb_task_set_create(1, &set))
        return -1;
    me = lb_task_get(set, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lb_task_set_destroy(set);
    return 0;
}

/* The sequence is odd under the lock alone: else the next writer begins while this one ends, both
 * changes are plain, and one is lost. */
static void test_seqlock_writer(void **state)
{
    static const uint64_t states[][2] = {{0, 0}, {1, 0}, {1, 1}, {1, 2}, {0, 2}};

    (void)state;
    begin(LB_LOCK_SEQLOCK);
    lb_lock_write(LB_LOCK_SEQLOCK, &lock, me, NULL);
    lb_lock_write_unlock(LB_LOCK_SEQLOCK, &lock, me, NULL);
    expect(states, LB_COUNT(states));
}

static void test_seqcount_writer(void **state)
{
    static const uint64_t states[][2] = {{0, 0}, {0, 1}, {0, 2}};

    (void)state;
    begin(LB_LOCK_SEQCOUNT);
    lb_lock_write(LB_LOCK_SEQCOUNT, &lock, me, NULL);
    lb_lock_write_unlock(LB_LOCK_SEQCOUNT, &lock, me, NULL);
    expect(states, LB_COUNT(states));
}

/* The owner is named behind the count's change and taken out before it: between others would find
 * the next owner's name, or wipe it out. */
static void test_rwsem_writer(void **state)
{
    const uint64_t name = (uintptr_t)me;
    const uint64_t states[][2] = {{0, 0}, {1, 0}, {1, name}, {1, 0}, {0, 0}};
    static const enum lb_lock_kind kinds[] = {LB_LOCK_RWSEM40, LB_LOCK_RWSEM32};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(kinds); i++) {
        begin(kinds[i]);
        lb_lock_write(kinds[i], &lock, me, NULL);
        lb_lock_write_unlock(kinds[i], &lock, me, NULL);
        expect(states, LB_COUNT(states));
    }
}

/* Tried or waited for, and given back: by the rules of earlier kernels the name stays, by those of
 * later ones it goes before the count. */
static void test_rwsem_reader(void **state)
{
    const uint64_t name = (uintptr_t)me | LB_OWNER_READER, one = LB_RWSEM_READER;
    const uint64_t leaving[][2] = {{0, 0}, {one, 0}, {one, name}, {0, name}};
    const uint64_t clearing[][2] = {
        {0, 0}, {one, 0}, {one, name}, {one, LB_OWNER_READER}, {0, LB_OWNER_READER}};
    static const enum lb_lock_kind kinds[] = {LB_LOCK_RWSEM40, LB_LOCK_RWSEM32};

    (void)state;
    for (size_t i = 0; i < 4 * LB_COUNT(kinds); i++) {
        const enum lb_lock_kind kind = kinds[i / 4];
        struct lb_mm mm = {.clears_owner = i & 1};
        begin(kind);
        if (i & 2)
            assert_true(lb_lock_read_try(kind, &lock, me));
        else
            lb_lock_read(kind, &lock, me);
        lb_lock_read_unlock(kind, &lock, me, &mm);
        expect(i & 1 ? clearing : leaving, i & 1 ? LB_COUNT(clearing) : LB_COUNT(leaving));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seqlock_writer),
        cmocka_unit_test(test_seqcount_writer),
        cmocka_unit_test(test_rwsem_writer),
        cmocka_unit_test(test_rwsem_reader),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
