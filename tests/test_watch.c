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

static void expect_read(const struct rig *rig, int thread)
{
    const struct lb_lock_stats s = stats(rig, thread);

    expect(rig, thread, "bp:count", 2 * ops(rig, thread) + s.retries);
    if (has_owner(rig->shape.lock))
        expect(rig, thread, "bp:owner", ops(rig, thread));
    assert_int_equal(s.fallbacks, 0);
    assert_int_equal(s.sleeps, 0);
    assert_true(s.retries == 0 || rig->shape.threads > 1);
}

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
            expect(rig, 0, "bp:mm_seq", OPS);
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
        expect(rig, i, "bp:mm_seq", writes);
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

/* Of a rw-semaphore's writer the retries on the mm's lock are not told from those on the object's;
 * test_writer_against_readers keeps them apart. */
static void expect_mixed_writer(const struct rig *rig)
{
    const struct lb_lock_stats s = stats(rig, 1);
    uint64_t n = ops(rig, 1), count = counted(rig, 1, "bp:count");

    expect(rig, 1, "bp:seq", n);
    expect(rig, 1, "bp:mm_seq", n);
    if (!has_owner(rig->shape.lock)) {
        assert_int_equal(count, 2 * n);
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
        expect(rig, 0, "bp:count", 2 * n);
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

/* Every op falls back: to the mm's lock, which a blocking read takes at once, and whose owner it
 * becomes. `looks` is how often it looked at the object's count and at its sequence number. */
static void expect_fallbacks(struct rig *rig, uint64_t count_looks)
{
    watch_all(rig, "bp:count:rw");
    watch_all(rig, "bp:mm_count");
    watch_all(rig, "bp:mm_owner");
    watch_all(rig, "bp:seq:rw");
    run(rig, UNTIL_DONE_NS);
    for (int i = 0; i < rig->shape.threads; i++) {
        assert_int_equal(stats(rig, i).fallbacks, ops(rig, i));
        assert_int_equal(stats(rig, i).retries, 0);
        expect(rig, i, "bp:count:rw", count_looks * ops(rig, i));
        expect(rig, i, "bp:mm_count", 2 * ops(rig, i));
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
    *(uint32_t *)(site->x[0] + site->program.seq) = ((struct lb_mm *)site->x[2])->lock_seq;
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
    struct lb_mm *mm = (struct lb_mm *)rig->sites[0].x[2];
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

/* The harness ---------------------------------------------------------------------------------- */

static const char *const harness[] = {"bp:start",    "bp:stop",    "bp:result",
                                      "bp:start:rw", "bp:stop:rw", "bp:result:rw"};

static void sample(struct rig *rig, bool paused)
{
    for (int i = 0; i < rig->shape.threads; i++)
        rig->threads[i].sampling = (struct lb_sampling){
            .timed = lb_hot_timed_find(op_of(rig, i), rig->shape.lock, is_indirect(rig)),
            .pause = paused ? lb_hot_find(LB_OP_EMPTY, rig->shape.lock, false, true) : NULL,
            .every = 7,
            .slow_ticks = UINT64_MAX,
        };
}

/* Many ops in many blocks: no thread writes or reads the harness's words from its first block to
 * its last. */
static void check_harness(struct rig *rig, int n, bool sampled, const char *const names[3])
{
    stage(rig, LB_SCENARIO_SAME_OBJECT, layout("embedded"), LB_LOCK_RWSEM40, n, sampled);
    if (sampled)
        sample(rig, true);
    for (int i = 0; i < n; i++)
        rig->threads[i].ops_most = 20000;
    for (int i = 0; i < 3; i++)
        watch_all(rig, names[i]);
    run_until_done(rig);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 3; k++)
            expect(rig, i, names[k], 0);
}

static void test_harness_touches_nothing(void **state)
{
    struct rig *rig = *state;

    need(rig, 1);
    for (int n = 1; n <= rig->n_pus; n++)
        for (int half = 0; half < 2; half++)
            for (int turn = 0; turn < rig->n_pus; turn++)
                for (int sampled = 0; sampled < 2; sampled++)
                    check_harness(rig, n, sampled, harness + 3 * half);
}

static uintptr_t word_of(const struct rig *rig, int worker, enum lb_watch word)
{
    struct lb_slot *slot = rig->crew->workers[worker].slot;

    switch (word) {
    case LB_WATCH_START:
        return (uintptr_t)&rig->crew->board->start;
    case LB_WATCH_STOP:
        return (uintptr_t)&rig->crew->board->command.window_ticks;
    case LB_WATCH_RESULT:
        return (uintptr_t)&slot->result.total_ops;
    default:
        return (uintptr_t)&slot->untouched[word - LB_WATCH_UNTOUCHED0];
    }
}

/* The same breakpoints see who does write there: a loop that adds to that very word. (All have read
 * the words before the first block.) */
static void check_sight(struct rig *rig, int worker, const char *name)
{
    struct lb_event_code *code;

    stage(rig, LB_SCENARIO_CONTROL_APART, NULL, LB_LOCK_RWSEM40, 1, false);
    rig->threads[0].worker = worker;
    code = add_watch(rig, 0, name);
    assert_int_equal(code->address, 0);
    rig->threads[0].x[0] = word_of(rig, worker, code->word.watch);
    run_until_done(rig);
    expect(rig, 0, name, OPS);
}

static void test_harness_words_are_seen(void **state)
{
    static const char *const untouched[] = {"bp:untouched0", "bp:untouched1", "bp:untouched2",
                                            "bp:untouched3"};
    struct rig *rig = *state;

    need(rig, 1);
    for (int worker = 0; worker < rig->n_pus; worker++) {
        for (size_t i = 0; i < LB_COUNT(harness); i++)
            check_sight(rig, worker, harness[i]);
        for (size_t i = 0; i < LB_COUNT(untouched); i++)
            check_sight(rig, worker, untouched[i]);
    }
}

/* Nobody touches them, and the breakpoints were armed all the time. */
static void test_untouched_words(void **state)
{
    static const char *const names[] = {"bp:untouched0:rw", "bp:untouched1", "bp:untouched2:rw",
                                        "bp:untouched3"};
    struct rig *rig = *state;

    need(rig, 1);
    for (int n = 1; n <= rig->n_pus; n++) {
        stage(rig, LB_SCENARIO_SAME_OBJECT, layout("pointer"), LB_LOCK_RWSEM40, n, false);
        for (int i = 0; i < n; i++)
            rig->threads[i].ops_most = 200000;
        for (size_t k = 0; k < LB_COUNT(names); k++)
            watch_all(rig, names[k]);
        run_until_done(rig);
        for (int i = 0; i < n; i++)
            for (size_t k = 0; k < LB_COUNT(names); k++)
                expect(rig, i, names[k], 0);
    }
}

/* Refusals and samples --------------------------------------------------------------------------
 */

static void expect_refused(const struct rig *rig, int thread, const char *name)
{
    const struct lb_count *count = count_of(rig, thread, name);

    assert_int_equal(count->state, LB_COUNT_REFUSED);
    assert_int_equal(count->error, ENOSPC);
    assert_true(isnan(count->scaled));
}

/* Four watches a thread on a machine with `left` free slots for worker 0, and all for worker 1. */
static void check_slots(struct rig *rig, int left)
{
    static const char *const names[] = {"bp:count", "bp:owner", "bp:seq:rw", "bp:vm_start:rw"};
    static const unsigned times[] = {2, 1, 2, 1};

    stage(rig, LB_SCENARIO_NEIGHBOURS, layout("pointer"), LB_LOCK_RWSEM40, rig->n_pus, false);
    for (int k = 0; k < LB_GROUP_WATCH; k++)
        watch_all(rig, names[k]);
    run_until_done(rig);
    for (int i = 0; i < rig->shape.threads; i++)
        for (int k = 0; k < LB_GROUP_WATCH; k++)
            if (rig->threads[i].worker || k < left)
                expect(rig, i, names[k], times[k] * ops(rig, i));
            else
                expect_refused(rig, i, names[k]);
}

static void test_slots_taken(void **state)
{
    struct rig *rig = *state;
    uint64_t words[LB_GROUP_WATCH] = {0};

    need(rig, 1);
    for (int n = LB_GROUP_WATCH; n >= 0; n--) {
        assert_int_equal(take_slots(n, words, &rig->taken), n);
        check_slots(rig, LB_GROUP_WATCH - n);
        check_slots(rig, LB_GROUP_WATCH - n);
        lb_group_close(&rig->taken);
    }
}

/* More watches than slots: the first ones count. */
static void test_too_many_watches(void **state)
{
    struct rig *rig = *state;
    uint64_t words[LB_GROUP_MOST] = {0};
    struct lb_group group;

    need(rig, 1);
    int slots = take_slots(LB_GROUP_MOST, words, &group);
    lb_group_close(&group);
    stage(rig, LB_SCENARIO_CONTROL_APART, NULL, LB_LOCK_RWSEM40, rig->n_pus, false);
    for (int k = 0; k < LB_GROUP_MOST; k++)
        watch_all(rig, "bp:count");
    run_until_done(rig);
    for (int i = 0; i < rig->n_pus; i++)
        for (int k = 0; k < LB_GROUP_MOST; k++) {
            const struct lb_count *count = &rig->results[i].counts[k];
            assert_int_equal(count->state, k < slots ? LB_COUNT_COUNTED : LB_COUNT_REFUSED);
            assert_int_equal(count->value, k < slots ? OPS : 0);
        }
}

/* Timed ops are ops too, in the counts and in total_ops. */
static void expect_samples(const struct rig *rig, int thread)
{
    const struct lb_log *log = &rig->crew->workers[rig->threads[thread].worker].slot->log;
    uint64_t all = 0, sampled = 0;

    for (size_t i = 0; i < log->n; i++) {
        all += log->blocks[i].ops;
        sampled += log->blocks[i].sampled;
    }
    assert_int_equal(all, ops(rig, thread));
    assert_uint_in_range(sampled, 1, OPS - 1);
}

static const struct sampled {
    enum lb_scenario_kind kind;
    enum lb_lock_kind lock;
    unsigned count, owner; /* writes an op, without retries */
} sampled[] = {
    {LB_SCENARIO_SAME_OBJECT, LB_LOCK_RWSEM40, 2, 1},
    {LB_SCENARIO_SAME_OBJECT, LB_LOCK_RWSEM32, 2, 1},
    {LB_SCENARIO_SAME_OBJECT, LB_LOCK_REFCOUNT, 2, 0},
    {LB_SCENARIO_SAME_OBJECT, LB_LOCK_LOCKED_ADDS, 2, 0},
    {LB_SCENARIO_NEIGHBOURS, LB_LOCK_RWSEM40, 2, 1},
    {LB_SCENARIO_WRITERS, LB_LOCK_RWSEM40, 2, 2},
    {LB_SCENARIO_WRITERS, LB_LOCK_RWSEM32, 2, 2},
    {LB_SCENARIO_NESTED, LB_LOCK_RWSEM40, 2, 1},
    {LB_SCENARIO_UNCONTENDED, LB_LOCK_REFCOUNT, 2, 0},
    {LB_SCENARIO_STRAIGHT, LB_LOCK_RWSEM40, 2, 1},
    {LB_SCENARIO_ADDS, LB_LOCK_RWSEM40, 2, 1},
    {LB_SCENARIO_CONTROL_SHARED, LB_LOCK_RWSEM40, 1, 0},
};

static void check_sampled(struct rig *rig, const struct sampled *s, const struct lb_layout *l,
                          int n, bool paused)
{
    stage(rig, s->kind, l, s->lock, n, paused);
    sample(rig, paused);
    for (int i = 0; i < n; i++) {
        assert_non_null(rig->threads[i].sampling.timed);
        rig->threads[i].op_ns = 30000; /* more blocks than one */
    }
    watch_all(rig, "bp:count");
    if (s->owner)
        watch_all(rig, "bp:owner");
    run_until_done(rig);
    for (int i = 0; i < n; i++) {
        expect(rig, i, "bp:count", s->count * ops(rig, i) + stats(rig, i).retries);
        if (s->owner)
            expect(rig, i, "bp:owner", s->owner * ops(rig, i));
        expect_samples(rig, i);
    }
}

static void test_sampling(void **state)
{
    struct rig *rig = *state;

    need(rig, 1);
    for (size_t k = 0; k < LB_COUNT(sampled); k++)
        for (int n = 1; n <= rig->n_pus; n++)
            for (int form = 0; form < 4; form++) {
                const struct lb_layout *l = layout(form & 2 ? "pointer" : "padded");
                check_sampled(rig, &sampled[k], l, n, form & 1);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_object),
        cmocka_unit_test(test_retries_are_counted),
        cmocka_unit_test(test_neighbours),
        cmocka_unit_test(test_many),
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
        cmocka_unit_test(test_what_a_layout_touches),
        cmocka_unit_test(test_observers),
        cmocka_unit_test(test_harness_touches_nothing),
        cmocka_unit_test(test_harness_words_are_seen),
        cmocka_unit_test(test_untouched_words),
        cmocka_unit_test_teardown(test_slots_taken, free_slots),
        cmocka_unit_test(test_too_many_watches),
        cmocka_unit_test(test_sampling),
    };

    return cmocka_run_group_tests_name("watch", tests, setup, teardown);
}
