/* SPDX-License-Identifier: MIT
 *
 * protocol: what the ops that take locks of several words write and load, word by word, as
 * hardware breakpoints count it: the same number in every op, so that each is held exactly.
 */
#include "support/watch_rig.h"

/* Nested -------------------------------------------------------------------------------------- */

/* Both locks are tried: of each count 2 ops, and what failed of both is one number. */
static uintptr_t second_of(const struct rig *rig, int thread)
{
    return rig->sites[thread].x[0] + rig->sites[thread].program.second;
}

static void watch_second(struct rig *rig, int thread)
{
    uintptr_t lock = second_of(rig, thread) + rig->sites[thread].program.lock;

    watch_at(rig, thread, "bp:untouched0", count_at(rig, lock),
             lb_lock_info(rig->shape.lock)->count_bytes);
}

static void watch_nested(struct rig *rig, int thread)
{
    watch_lock(rig, thread);
    watch_second(rig, thread);
    watch(rig, thread, "bp:mm_seq:rw");
}

static void expect_nested(const struct rig *rig, int thread)
{
    uint64_t n = ops(rig, thread), retries = stats(rig, thread).retries;
    uint64_t first = counted(rig, thread, "bp:count");
    uint64_t second = counted(rig, thread, "bp:untouched0");

    assert_int_equal(first + second, 4 * n + retries);
    assert_true(first >= 2 * n && second >= 2 * n);
    assert_true(retries == 0 || (rig->shape.lock != LB_LOCK_LOCKED_ADDS && rig->shape.threads > 1));
    if (has_owner(rig->shape.lock))
        expect(rig, thread, "bp:owner", n);
    /* Two looks at each lock. */
    expect(rig, thread, "bp:mm_seq:rw", 4 * n);
    assert_int_equal(stats(rig, thread).fallbacks, 0);
    assert_int_equal(stats(rig, thread).sleeps, 0);
}

static void check_nested(struct rig *rig)
{
    for (int i = 0; i < rig->shape.threads; i++)
        watch_nested(rig, i);
    run_until_done(rig);
    for (int i = 0; i < rig->shape.threads; i++)
        expect_nested(rig, i);
}

static void test_nested(void **state)
{
    need(*state, 1);
    need_plain_atomics();
    for (int form = 0; form < 2; form++)
        for_each_read_case(*state, LB_SCENARIO_NESTED, form, check_nested);
}

static void test_nested_retries(void **state)
{
    struct rig *rig = *state;
    uint64_t retries = 0;

    need(rig, 2);
    need_plain_atomics();
    for (int i = 0; i < BESIDE_MOST && retries < 10; i++) {
        stage(rig, LB_SCENARIO_NESTED, layout(i % 2 ? "pointer" : "refcount"), LB_LOCK_REFCOUNT, 2,
              false);
        watch_nested(rig, 0);
        run_beside(rig);
        expect_nested(rig, 0);
        retries += stats(rig, 0).retries;
    }
    if (!saw_retries(retries, "nested"))
        skip();
}

/* Writes to both counts of one thread whose ops find an object write-locked by its sequence number,
 * and to the mm's lock, which each op takes once. */
static void expect_fallback(struct rig *rig, uintptr_t written, unsigned first, unsigned second)
{
    const struct lb_site *site = &rig->sites[0];

    *(uint32_t *)(written + site->program.seq) = ((struct lb_mm *)site->x[2])->lock_seq;
    watch(rig, 0, "bp:count");
    watch_second(rig, 0);
    watch(rig, 0, "bp:mm_count");
    watch(rig, 0, "bp:mm_owner");
    run_until_done(rig);
    expect(rig, 0, "bp:count", first * OPS);
    expect(rig, 0, "bp:untouched0", second * OPS);
    expect(rig, 0, "bp:mm_count", 2 * OPS);
    expect(rig, 0, "bp:mm_owner", OPS);
    assert_int_equal(stats(rig, 0).fallbacks, OPS);
}

/* The first is waited for and kept; with the second gone, the first is given back and both are
 * waited for. */
static void check_fallbacks(struct rig *rig)
{
    struct lb_workload shape = rig->shape;

    if (shape.threads > 1)
        return;
    expect_fallback(rig, rig->sites[0].x[0], 2, 2);
    stage_shape(rig, &shape, true);
    expect_fallback(rig, second_of(rig, 0), 4, 2);
}

static void test_nested_fallbacks(void **state)
{
    need(*state, 1);
    for_each_read_case(*state, LB_SCENARIO_NESTED, false, check_fallbacks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_nested_retries),
        cmocka_unit_test(test_nested_fallbacks),
    };

    return cmocka_run_group_tests_name("protocol", tests, setup, teardown);
}
