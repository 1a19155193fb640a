/* SPDX-License-Identifier: MIT
 *
 * Breakpoints count exactly what writers, and readers beside them, do to the words of a case; the
 * formulas are in test_watch.c.
 */
#include "support/watch_rig.h"

/* Writers ------------------------------------------------------------------------------------- */

/* Who write-locks here never sleeps: every owner runs, so spinning ends with the lock, and nobody
 * queues (which would write the count to say so) or asks for handoff. The failed tries of the fast
 * path and of spinning are all retries. */
static void expect_writer(const struct rig *rig, int thread)
{
    const struct lb_lock_stats s = stats(rig, thread);

    assert_int_equal(s.sleeps, 0);
    assert_int_equal(s.handoffs, 0);
    expect(rig, thread, "bp:count", 2 * ops(rig, thread) + s.retries);
    expect(rig, thread, "bp:owner", 2 * ops(rig, thread));
    assert_true(s.retries >= s.steals); /* each steal follows a failed fast path */
    assert_true(s.retries == 0 || rig->shape.threads > 1);
}

static void check_writers(struct rig *rig, const struct lb_layout *l, enum lb_lock_kind lock, int n,
                          bool paused)
{
    stage(rig, LB_SCENARIO_WRITERS, l, lock, n, paused);
    for (int i = 0; i < n; i++) {
        watch_lock(rig, i);
        watch(rig, i, "bp:vm_flags:rw");
    }
    run_until_done(rig);
    for (int i = 0; i < n; i++) {
        expect_writer(rig, i);
        expect(rig, i, "bp:vm_flags:rw", 0);
    }
}

static void test_writers(void **state)
{
    struct rig *rig = *state;
    uint64_t retries = 0;

    need(rig, 1);
    for (size_t l = 0; l < n_layouts(); l++)
        for (int lock = LB_LOCK_RWSEM40; lock <= LB_LOCK_RWSEM32; lock++)
            for (int n = 1; n <= rig->n_pus; n++)
                for (int paused = 0; paused < 2; paused++) {
                    if (!allowed(LB_SCENARIO_WRITERS, nth_layout(rig, l), lock))
                        continue;
                    check_writers(rig, nth_layout(rig, l), lock, n, paused);
                    retries += stats(rig, 0).retries + (n > 1 ? stats(rig, 1).retries : 0);
                }
    /* They have met: the lock is held while its breakpoints are served. */
    assert_true(retries > 0 || rig->n_pus < 2);
}

/* One writer at full speed, unwatched. */
static void test_writer_beside_another(void **state)
{
    struct rig *rig = *state;
    uint64_t steals = 0;

    need(rig, 2);
    for (int i = 0; i < BESIDE_MOST && (i < 4 || !steals); i++) {
        stage(rig, LB_SCENARIO_WRITERS, layout("pointer"),
              i % 2 ? LB_LOCK_RWSEM32 : LB_LOCK_RWSEM40, 2, false);
        watch_lock(rig, 0);
        run_beside(rig);
        expect_writer(rig, 0);
        steals += stats(rig, 0).steals;
    }
    assert_true(steals > 0);
}

/* Readers and writers of the address space ---------------------------------------------------- */

/* The writer of `mixed` alone: its op takes the mm's lock, then the object's. */
static void check_lone_write(struct rig *rig, const struct lb_layout *l, enum lb_lock_kind lock,
                             bool paused)
{
    static const char *const object[] = {"bp:count", "bp:seq", "bp:mm_seq"};
    static const char *const mm[] = {"bp:mm_count", "bp:mm_owner", "bp:vm_start:rw"};
    struct lb_workload shape = {.scenario = &lb_scenarios[LB_SCENARIO_MIXED],
                                .layout = l,
                                .lock = lock,
                                .writers = {1, 0},
                                .threads = 1};

    for (int half = 0; half < 2; half++) {
        stage_shape(rig, &shape, paused);
        assert_int_equal(op_of(rig, 0), LB_OP_WRITE);
        for (size_t i = 0; i < LB_COUNT(object); i++)
            watch(rig, 0, half ? mm[i] : object[i]);
        if (!half && has_owner(lock))
            watch(rig, 0, "bp:owner");
        run_until_done(rig);
        expect(rig, 0, half ? "bp:mm_count" : "bp:count", 2 * OPS);
        if (half || has_owner(lock))
            expect(rig, 0, half ? "bp:mm_owner" : "bp:owner", 2 * OPS);
        expect(rig, 0, half ? "bp:vm_start:rw" : "bp:seq", half ? 0 : OPS);
        if (!half)
            expect(rig, 0, "bp:mm_seq", seq_moves(rig) * OPS);
        assert_int_equal(stats(rig, 0).retries, 0);
    }
}

static void test_lone_write(void **state)
{
    struct rig *rig = *state;

    need(rig, 1);
    for (size_t l = 0; l < n_layouts(); l++)
        for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++)
            if (allowed(LB_SCENARIO_MIXED, nth_layout(rig, l), lock))
                check_lone_write(rig, nth_layout(rig, l), lock, l % 2);
}

/* A thread that reads, or writes with a probability: what it wrote says how often. */
static void check_mix(struct rig *rig, enum lb_lock_kind lock, int n, bool paused)
{
    struct lb_workload shape = {.scenario = &lb_scenarios[LB_SCENARIO_MIXED],
                                .layout = layout("pointer"),
                                .lock = lock,
                                .writers = {0, 0.5},
                                .threads = n};

    stage_shape(rig, &shape, paused);
    for (int i = 0; i < n; i++) {
        watch(rig, i, "bp:seq");
        watch(rig, i, "bp:mm_seq");
        watch_lock(rig, i);
    }
    run_until_done(rig);
    for (int i = 0; i < n; i++) {
        uint64_t writes = counted(rig, i, "bp:seq");
        assert_uint_in_range(writes, 1, OPS - 1);
        expect(rig, i, "bp:mm_seq", seq_moves(rig) * writes);
        if (n > 1)
            continue;
        expect(rig, i, "bp:count", 2 * OPS);
        if (has_owner(lock))
            expect(rig, i, "bp:owner", OPS + writes);
    }
}

static void test_mix(void **state)
{
    struct rig *rig = *state;

    need(rig, 1);
    for (int lock = LB_LOCK_RWSEM40; lock <= LB_LOCK_REFCOUNT; lock++)
        for (int n = 1; n <= rig->n_pus; n++)
            for (int paused = 0; paused < 2; paused++)
                check_mix(rig, lock, n, paused);
}

/* A reader got its lock in so many ops; the others fell back, some of them with the lock in hand. A
 * reader may take back the mark with which a writer stopped spinning: a write to the owner. */
static void expect_mixed_reader(const struct rig *rig)
{
    const struct lb_lock_stats s = stats(rig, 0);
    uint64_t writes = counted(rig, 0, "bp:count") - s.retries, locked = writes / 2;

    assert_int_equal(writes % 2, 0);
    assert_uint_in_range(locked, ops(rig, 0) - s.fallbacks, ops(rig, 0));
    if (has_owner(rig->shape.lock)) {
        uint64_t owner = counted(rig, 0, "bp:owner");
        assert_uint_in_range(owner, locked, locked + stats(rig, 1).spin_limits);
    }
    expect(rig, 0, "bp:seq", 0);
    expect(rig, 0, "bp:mm_seq", 0);
}

/* Of a writer the retries on the mm's lock are not told from those on the object's;
 * test_writer_against_readers keeps them apart. */
static void expect_mixed_writer(const struct rig *rig)
{
    const struct lb_lock_stats s = stats(rig, 1);
    uint64_t n = ops(rig, 1), count = counted(rig, 1, "bp:count");

    expect(rig, 1, "bp:seq", n);
    expect(rig, 1, "bp:mm_seq", seq_moves(rig) * n);
    if (!has_owner(rig->shape.lock)) {
        assert_uint_in_range(count, 2 * n, 2 * n + s.retries);
        return;
    }
    assert_uint_in_range(count, 2 * n, 2 * n + s.retries + s.spin_limits + s.handoffs);
    assert_true(counted(rig, 1, "bp:owner") >= 2 * n);
}

static void check_mixed(struct rig *rig, const struct lb_layout *l, enum lb_lock_kind lock,
                        bool paused)
{
    stage(rig, LB_SCENARIO_MIXED, l, lock, 2, paused);
    for (int i = 0; i < 2; i++) {
        watch_lock(rig, i);
        watch(rig, i, "bp:seq");
        watch(rig, i, "bp:mm_seq");
    }
    run_until_done(rig);
    expect_mixed_reader(rig);
    expect_mixed_writer(rig);
}

static void test_mixed(void **state)
{
    struct rig *rig = *state;

    need(rig, 2);
    need_plain_atomics();
    for (size_t l = 0; l < n_layouts(); l++)
        for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++)
            for (int paused = 0; paused < 2; paused++)
                if (allowed(LB_SCENARIO_MIXED, nth_layout(rig, l), lock))
                    check_mixed(rig, nth_layout(rig, l), lock, paused);
}

/* The only writer meets readers that never fall back: its own op's lock is the only one that is
 * contended. Nobody but it marks the owner, and taking the lock ends the mark, so it always spins
 * first, and queues, alone and first, where its time for readers ran out. */
static void expect_writer_against_readers(const struct rig *rig, bool mm)
{
    const struct lb_lock_stats s = stats(rig, 0);
    uint64_t n = ops(rig, 0);

    if (!has_owner(rig->shape.lock)) {
        expect(rig, 0, "bp:count", 2 * n + s.retries);
    } else {
        expect(rig, 0, "bp:count", 2 * n + s.retries + s.spin_limits + s.handoffs);
        assert_true(counted(rig, 0, "bp:owner") >= 2 * n);
        if (!s.spin_limits)
            expect(rig, 0, "bp:owner", 2 * n);
    }
    if (mm) {
        expect(rig, 0, "bp:mm_count", 2 * n);
        expect(rig, 0, "bp:mm_owner", 2 * n);
    }
}

/* Such a reader tries, and goes on where it fails. */
static void expect_pairs(const struct rig *rig)
{
    uint64_t writes = counted(rig, 1, "bp:count") - stats(rig, 1).retries, locked = writes / 2;

    assert_int_equal(writes % 2, 0);
    assert_true(locked <= ops(rig, 1));
    if (has_owner(rig->shape.lock)) {
        uint64_t owner = counted(rig, 1, "bp:owner");
        assert_uint_in_range(owner, locked, locked + stats(rig, 0).spin_limits);
    }
}

static void check_against_readers(struct rig *rig, enum lb_op op, enum lb_lock_kind lock,
                                  bool readers_watched)
{
    stage(rig, LB_SCENARIO_MIXED, layout(lock == LB_LOCK_RWSEM32 ? "embedded" : "pointer"), lock, 2,
          false);
    rig->threads[0].loop = lb_hot_find(op, lock, is_indirect(rig), false);
    rig->threads[1].loop = lb_hot_find(LB_OP_ALONE, lock, is_indirect(rig), false);
    watch_lock(rig, 0);
    if (op == LB_OP_WRITE) {
        watch(rig, 0, "bp:mm_count");
        watch(rig, 0, "bp:mm_owner");
    }
    if (readers_watched)
        watch_lock(rig, 1);
    run_beside(rig);
    expect_writer_against_readers(rig, op == LB_OP_WRITE);
    if (readers_watched)
        expect_pairs(rig);
}

static void test_writer_against_readers(void **state)
{
    struct rig *rig = *state;
    uint64_t retries = 0, limits = 0;

    need(rig, 2);
    need_plain_atomics();
    for (int i = 0; i < BESIDE_MOST && (i < 6 || !retries || !limits); i++)
        for (int lock = LB_LOCK_RWSEM40; lock <= LB_LOCK_REFCOUNT; lock++)
            for (int plain = 0; plain < 2; plain++) {
                if (plain && lock == LB_LOCK_REFCOUNT)
                    continue;
                check_against_readers(rig, plain ? LB_OP_WRITER : LB_OP_WRITE, lock, i % 2);
                retries += stats(rig, 0).retries;
                limits += stats(rig, 0).spin_limits;
            }
    assert_true(retries > 0);
    assert_true(limits > 0); /* a reader's breakpoints take longer than a writer waits */
}

/* Every op falls back: to the mm's lock, which is tried, and whose owner it becomes. `looks` is how
 * often it looked at the object's count and at its sequence number. */
static void expect_fallbacks(struct rig *rig, uint64_t count_looks)
{
    watch_all(rig, "bp:count:rw");
    watch_all(rig, "bp:mm_count");
    watch_all(rig, "bp:mm_owner");
    watch_all(rig, "bp:seq:rw");
    run(rig, UNTIL_DONE_NS);
    for (int i = 0; i < rig->shape.threads; i++) {
        assert_int_equal(stats(rig, i).fallbacks, ops(rig, i));
        expect(rig, i, "bp:count:rw", count_looks * ops(rig, i));
        expect(rig, i, "bp:mm_count", 2 * ops(rig, i) + stats(rig, i).retries);
        expect(rig, i, "bp:mm_owner", ops(rig, i));
        expect(rig, i, "bp:seq:rw", ops(rig, i));
    }
}

/* Write-locked by its sequence number: the lock is not looked at. */
static void check_sequence(struct rig *rig)
{
    if (rig->shape.lock == LB_LOCK_LOCKED_ADDS)
        return;
    const struct lb_site *site = &rig->sites[0];
    *(uint32_t *)(site->x[0] + site->program.seq) = *site->program.mm.seq;
    expect_fallbacks(rig, 0);
}

static void test_fallback_by_sequence(void **state)
{
    need(*state, 1);
    for_each_read_case(*state, LB_SCENARIO_SAME_OBJECT, true, check_sequence);
}

/* Held by a writer: one look and no write. */
static void check_held(struct rig *rig)
{
    enum lb_lock_kind lock = rig->shape.lock;
    struct lb_task *holder = lb_task_get(rig->tasks, 0);
    struct lb_mm *mm = &rig->sites[0].program.mm;
    void *at = (void *)count_at(rig, rig->sites[0].x[0] + rig->sites[0].program.lock);

    if (lock == LB_LOCK_LOCKED_ADDS)
        return;
    assert_int_equal(lb_lock_write(lock, at, holder, mm), 0);
    expect_fallbacks(rig, 1);
    assert_int_equal(lb_lock_write_unlock(lock, at, holder, mm), 0);
    check_idle(rig);
}

static void test_fallback_by_lock(void **state)
{
    need(*state, 1);
    for_each_read_case(*state, LB_SCENARIO_SAME_OBJECT, false, check_held);
}

/* Words alone ---------------------------------------------------------------------------------- */

/* Suite fastpath: the lock and nothing else of the object. */
static void check_pair(struct rig *rig)
{
    for (int i = 0; i < rig->shape.threads; i++) {
        watch_lock(rig, i);
        watch(rig, i, "bp:seq:rw");
        watch(rig, i, "bp:vm_start:rw");
    }
    run_until_done(rig);
    for (int i = 0; i < rig->shape.threads; i++) {
        expect_read(rig, i);
        assert_int_equal(stats(rig, i).retries, 0);
        expect(rig, i, "bp:seq:rw", 0);
        expect(rig, i, "bp:vm_start:rw", 0);
    }
}

static void test_uncontended(void **state)
{
    need(*state, 1);
    for_each_read_case(*state, LB_SCENARIO_UNCONTENDED, true, check_pair);
}

static void check_bare_lock(struct rig *rig, enum lb_scenario_kind kind, int n, bool paused)
{
    bool straight = kind == LB_SCENARIO_STRAIGHT;

    for (int loads = 0; loads < 2; loads++) {
        stage(rig, kind, NULL, LB_LOCK_RWSEM40, n, paused);
        watch_all(rig, loads ? "bp:count:rw" : "bp:count");
        watch_all(rig, loads ? "bp:owner:rw" : "bp:owner");
        run_until_done(rig);
        for (int i = 0; i < n; i++)
            if (loads) {
                expect(rig, i, "bp:count:rw", (straight ? 3 : 2) * ops(rig, i));
                expect(rig, i, "bp:owner:rw", (straight ? 2 : 1) * ops(rig, i));
            } else {
                expect(rig, i, "bp:count", 2 * ops(rig, i));
                expect(rig, i, "bp:owner", ops(rig, i));
            }
    }
}

static void test_bare_locks(void **state)
{
    struct rig *rig = *state;

    need(rig, 1);
    for (int n = 1; n <= rig->n_pus; n++)
        for (int paused = 0; paused < 2; paused++) {
            check_bare_lock(rig, LB_SCENARIO_STRAIGHT, n, paused);
            check_bare_lock(rig, LB_SCENARIO_ADDS, n, paused);
        }
}

/* The controls: one write an op to the thread's own word, and none to the other's beside it. */
static void check_control(struct rig *rig, enum lb_scenario_kind kind, int n, bool paused)
{
    stage(rig, kind, NULL, LB_LOCK_RWSEM40, n, paused);
    for (int i = 0; i < n; i++) {
        watch(rig, i, "bp:count");
        watch(rig, i, "bp:count:rw");
        if (n > 1)
            watch_at(rig, i, "bp:untouched0:rw", rig->sites[1 - i].x[0], sizeof(uint64_t));
    }
    run_until_done(rig);
    for (int i = 0; i < n; i++) {
        expect(rig, i, "bp:count", ops(rig, i));
        expect(rig, i, "bp:count:rw", ops(rig, i));
        if (n > 1)
            expect(rig, i, "bp:untouched0:rw", 0);
        assert_int_equal(*(const uint64_t *)rig->sites[i].x[0], ops(rig, i));
    }
}

static void test_controls(void **state)
{
    struct rig *rig = *state;

    need(rig, 1);
    for (int n = 1; n <= rig->n_pus; n++)
        for (int paused = 0; paused < 2; paused++) {
            check_control(rig, LB_SCENARIO_CONTROL_SHARED, n, paused);
            check_control(rig, LB_SCENARIO_CONTROL_APART, n, paused);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writers),
        cmocka_unit_test(test_writer_beside_another),
        cmocka_unit_test(test_lone_write),
        cmocka_unit_test(test_mix),
        cmocka_unit_test(test_mixed),
        cmocka_unit_test(test_writer_against_readers),
        cmocka_unit_test(test_fallback_by_sequence),
        cmocka_unit_test(test_fallback_by_lock),
        cmocka_unit_test(test_uncontended),
        cmocka_unit_test(test_bare_locks),
        cmocka_unit_test(test_controls),
    };

    return cmocka_run_group_tests_name("watch_writers", tests, setup, teardown);
}
