/* SPDX-License-Identifier: MIT
 *
 * watch: hardware breakpoints on real threads count each write of an op, and each load, and nothing
 * else. What an op does to a word is a number that follows from the source, so every count below is
 * held exactly, per thread; nothing depends on time or luck but how often threads meet.
 *
 * The formulas. A compare-and-swap that fails writes too, and counts in the lock's retries.
 *
 *   read        count 2 ops + retries   owner ops     (a load more of each with loads counted)
 *   writer      count 2 ops + retries   owner 2 ops
 *   write       count 2 ops             owner 2 ops   of the mm's lock and of the object's; seq ops
 *   add         the word ops
 *
 * A writer against readers of its object: count 2 ops + retries + spin limits + handoffs, as who
 * queues says so in the count, and who has waited for long asks there for handoff.
 */
#include "support/watch_rig.h"

/* Reads -------------------------------------------------------------------------------------- */

static void watch_reads(struct rig *rig)
{
    for (int i = 0; i < rig->shape.threads; i++)
        watch_lock(rig, i);
    watch_all(rig, "bp:seq");
    watch_all(rig, "bp:mm_count");
}

static void expect_reads(const struct rig *rig)
{
    for (int i = 0; i < rig->shape.threads; i++) {
        expect_read(rig, i);
        expect(rig, i, "bp:seq", 0);
        expect(rig, i, "bp:mm_count", 0);
    }
}

static void check_reads(struct rig *rig)
{
    watch_reads(rig);
    run_until_done(rig);
    expect_reads(rig);
    if (rig->shape.lock == LB_LOCK_LOCKED_ADDS)
        for (int i = 0; i < rig->shape.threads; i++)
            assert_int_equal(stats(rig, i).retries, 0);
}

static void test_same_object(void **state)
{
    need(*state, 1);
    for (int form = 0; form < 2; form++)
        for_each_read_case(*state, LB_SCENARIO_SAME_OBJECT, form, check_reads);
}

/* A thread that runs at full speed makes the other's compare-and-swaps fail. */
static bool check_retries(struct rig *rig, const struct lb_layout *l, enum lb_lock_kind lock)
{
    uint64_t retries = 0;

    for (int i = 0; i < BESIDE_MOST && retries < 10; i++) {
        stage(rig, LB_SCENARIO_SAME_OBJECT, l, lock, 2, false);
        watch_lock(rig, 0);
        run_beside(rig);
        expect_read(rig, 0);
        retries += stats(rig, 0).retries;
    }
    return saw_retries(retries, l->name);
}

static void test_retries_are_counted(void **state)
{
    struct rig *rig = *state;

    need(rig, 2);
    bool seen = check_retries(rig, layout("pointer"), LB_LOCK_RWSEM40);
    seen &= check_retries(rig, layout("embedded"), LB_LOCK_RWSEM32);
    seen &= check_retries(rig, layout("pointer"), LB_LOCK_REFCOUNT);
    seen &= check_retries(rig, layout("refcount"), LB_LOCK_REFCOUNT);
    if (!seen)
        skip();
}

static uintptr_t address_of(struct rig *rig, int thread, enum lb_watch watch, unsigned *bytes)
{
    const struct lb_word word = {watch, ""};
    uintptr_t address = 0;

    assert_int_equal(lb_workload_watch(&rig->shape, &rig->draw, rig->arena, thread, &word, NULL,
                                       &address, bytes),
                     0);
    return address;
}

/* Objects that lie side by side are written by their own thread alone. */
static void check_neighbours(struct rig *rig)
{
    unsigned bytes;

    for (int i = 0; i < rig->shape.threads; i++) {
        watch_lock(rig, i);
        if (rig->shape.threads < 2)
            continue;
        uintptr_t other = address_of(rig, 1 - i, LB_WATCH_COUNT, &bytes);
        watch_at(rig, i, "bp:untouched0:rw", other, bytes);
    }
    run_until_done(rig);
    for (int i = 0; i < rig->shape.threads; i++) {
        expect_read(rig, i);
        assert_int_equal(stats(rig, i).retries, 0);
        if (rig->shape.threads > 1)
            expect(rig, i, "bp:untouched0:rw", 0);
    }
}

static void test_neighbours(void **state)
{
    need(*state, 1);
    for_each_read_case(*state, LB_SCENARIO_NEIGHBOURS, false, check_neighbours);
}

/* `many` with one object: every pick is known. */
static void check_many(struct rig *rig, const struct lb_layout *l, enum lb_lock_kind lock, int n)
{
    struct lb_workload shape = {.scenario = &lb_scenarios[LB_SCENARIO_MANY],
                                .layout = l,
                                .lock = lock,
                                .threads = n,
                                .objects = 1,
                                .access = LB_PICK_SHARED_ZIPF};

    stage_shape(rig, &shape, false);
    for (int i = 0; i < n; i++) {
        uintptr_t object = rig->sites[i].x[0] + 8 * (uintptr_t)rig->picks[0];
        watch_at(rig, i, "bp:count", count_at(rig, object + rig->sites[i].program.lock),
                 lb_lock_info(lock)->count_bytes);
        watch(rig, i, "bp:mm_seq:rw");
        watch(rig, i, "bp:mm_count:rw");
    }
    run_until_done(rig);
    for (int i = 0; i < n; i++) {
        expect(rig, i, "bp:count", 2 * ops(rig, i) + stats(rig, i).retries);
        expect(rig, i, "bp:mm_seq:rw", 2 * ops(rig, i));
        expect(rig, i, "bp:mm_count:rw", 0);
    }
}

static void test_many(void **state)
{
    struct rig *rig = *state;

    need(rig, 1);
    need_plain_atomics();
    for (size_t l = 0; l < n_layouts(); l++)
        for (int n = 1; n <= rig->n_pus; n++)
            check_many(rig, nth_layout(rig, l), nth_layout(rig, l)->lock, n);
}

/* What a layout touches ------------------------------------------------------------------------ */

/* Loads and writes of a read by one thread, per op. */
static const struct touched {
    const char *name;
    unsigned times;
} touched[] = {
    {"bp:vm_start:rw", 1},  {"bp:vm_end:rw", 1},   {"bp:vm_mm:rw", 1},  {"bp:vm_page_prot:rw", 1},
    {"bp:vm_flags:rw", 1},  {"bp:anon_vma:rw", 1}, {"bp:vm_ops:rw", 1}, {"bp:vm_pgoff:rw", 1},
    {"bp:vm_policy:rw", 1}, {"bp:seq:rw", 2},      {"bp:count:rw", 3},  {"bp:mm_seq:rw", 2},
    {"bp:mm_count:rw", 0},  {"bp:mm_owner:rw", 0},
};

static void check_group(struct rig *rig, const struct touched *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        watch(rig, 0, list[i].name);
    run_until_done(rig);
    for (size_t i = 0; i < n; i++)
        expect(rig, 0, list[i].name, list[i].times * ops(rig, 0));
    watch_nothing(rig);
}

static void check_pointer(struct rig *rig)
{
    const struct lb_word pointer = {LB_WATCH_POINTER, ""};
    struct lb_why why = {""};
    uintptr_t address = 1;
    unsigned bytes = 2;

    if (rig->shape.layout->indirect)
        watch(rig, 0, "bp:pointer:rw");
    else
        assert_int_equal(lb_workload_watch(&rig->shape, &rig->draw, rig->arena, 0, &pointer, &why,
                                           &address, &bytes),
                         -ENOENT);
    if (has_owner(rig->shape.lock))
        watch(rig, 0, "bp:owner:rw");
    watch(rig, 0, "bp:vm_file:rw"); /* is placed but not loaded */
    run_until_done(rig);
    if (rig->shape.layout->indirect)
        expect(rig, 0, "bp:pointer:rw", ops(rig, 0));
    if (has_owner(rig->shape.lock))
        expect(rig, 0, "bp:owner:rw", 2 * ops(rig, 0));
    expect(rig, 0, "bp:vm_file:rw", 0);
    watch_nothing(rig);
}

static void test_what_a_layout_touches(void **state)
{
    struct rig *rig = *state;

    need(rig, 1);
    need_plain_atomics();
    for (size_t l = 0; l < n_layouts(); l++)
        for (int lock = LB_LOCK_RWSEM40; lock <= LB_LOCK_REFCOUNT; lock++) {
            if (!allowed(LB_SCENARIO_SAME_OBJECT, nth_layout(rig, l), lock))
                continue;
            stage(rig, LB_SCENARIO_SAME_OBJECT, nth_layout(rig, l), lock, 1, l % 2);
            rig->threads[0].ops_most = 20;
            for (size_t i = 0; i < LB_COUNT(touched); i += LB_GROUP_WATCH)
                check_group(rig, touched + i,
                            LB_COUNT(touched) - i < LB_GROUP_WATCH ? LB_COUNT(touched) - i
                                                                   : LB_GROUP_WATCH);
            check_pointer(rig);
        }
}

/* Observers write nothing and do not even look at the lock. */
static void check_observer(struct rig *rig, const struct lb_layout *l, enum lb_lock_kind lock)
{
    for (size_t i = 0; i < 9; i += 2) {
        stage(rig, LB_SCENARIO_OBSERVER, l, lock, 2, i % 4);
        assert_int_equal(op_of(rig, 1), LB_OP_OBSERVE);
        watch_lock(rig, 0);
        watch(rig, 1, "bp:count:rw");
        if (has_owner(lock))
            watch(rig, 1, "bp:owner:rw");
        watch(rig, 1, touched[i].name);
        watch(rig, 1, i + 1 < 9 ? touched[i + 1].name : "bp:seq:rw");
        run_until_done(rig);
        expect_read(rig, 0);
        assert_int_equal(stats(rig, 0).retries, 0);
        expect(rig, 1, "bp:count:rw", 0);
        if (has_owner(lock))
            expect(rig, 1, "bp:owner:rw", 0);
        expect(rig, 1, touched[i].name, ops(rig, 1));
        expect(rig, 1, i + 1 < 9 ? touched[i + 1].name : "bp:seq:rw", i + 1 < 9 ? ops(rig, 1) : 0);
    }
}

static void test_observers(void **state)
{
    struct rig *rig = *state;

    need(rig, 2);
    for (size_t l = 0; l < n_layouts(); l++)
        check_observer(rig, nth_layout(rig, l), nth_layout(rig, l)->lock);
    check_observer(rig, layout("pointer"), LB_LOCK_REFCOUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_object),
        cmocka_unit_test(test_retries_are_counted),
        cmocka_unit_test(test_neighbours),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_what_a_layout_touches),
        cmocka_unit_test(test_observers),
    };

    return cmocka_run_group_tests_name("watch", tests, setup, teardown);
}
