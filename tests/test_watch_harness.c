/* SPDX-License-Identifier: MIT
 *
 * The harness touches none of the words that are watched; too many watches are refused, and those
 * of a sampled window are as many.
 */
#include "support/watch_rig.h"

/* The harness ---------------------------------------------------------------------------------- */

static const char *const harness[] = {"bp:start",    "bp:stop",    "bp:result",
                                      "bp:start:rw", "bp:stop:rw", "bp:result:rw"};

static void sample(struct rig *rig, bool paused)
{
    for (int i = 0; i < rig->shape.threads; i++)
        rig->threads[i].sampling = (struct lb_sampling){
            .timed = lb_workload_timed(&rig->shape, i),
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

/* What failed of both locks of nested is one number, and the first lock is watched. */
static void expect_writes(const struct rig *rig, int thread, const struct sampled *s)
{
    uint64_t least = s->count * ops(rig, thread), retries = stats(rig, thread).retries;

    if (s->kind == LB_SCENARIO_NESTED)
        assert_uint_in_range(counted(rig, thread, "bp:count"), least, least + retries);
    else
        expect(rig, thread, "bp:count", least + retries);
    if (s->owner)
        expect(rig, thread, "bp:owner", s->owner * ops(rig, thread));
}

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
        expect_writes(rig, i, s);
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
        cmocka_unit_test(test_harness_touches_nothing),
        cmocka_unit_test(test_harness_words_are_seen),
        cmocka_unit_test(test_untouched_words),
        cmocka_unit_test_teardown(test_slots_taken, free_slots),
        cmocka_unit_test(test_too_many_watches),
        cmocka_unit_test(test_sampling),
    };

    return cmocka_run_group_tests_name("watch_harness", tests, setup, teardown);
}
