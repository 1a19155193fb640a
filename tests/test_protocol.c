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

    *(uint32_t *)(written + site->program.seq) = *site->program.mm.seq;
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

/* By generation ------------------------------------------------------------------------------- */

/* Writes of one op, word by word, as the kernels' sources have them: first what is the same in all.
 * rules: 0 for LB_RULES_PLAIN, 1 for LB_RULES_SEQCOUNT, 2 for LB_RULES_CLEARING. */
static const struct written {
    const char *name;
    unsigned read[LB_RULES], fallback[LB_RULES], write[LB_RULES];
    enum {
        OF_ALL,
        OF_OWNED,
        OF_REFCOUNT
    } of; /* what kinds of lock; the others write it not once */
} written[] = {
    {"bp:count", {2, 2, 2}, {0, 0, 0}, {2, 2, 2}, OF_ALL},
    {"bp:owner", {1, 1, 2}, {0, 0, 0}, {2, 2, 2}, OF_OWNED},
    {"bp:seq", {0, 0, 0}, {0, 0, 0}, {1, 1, 1}, OF_ALL},
    {"bp:vm_flags", {0, 0, 0}, {0, 0, 0}, {1, 1, 1}, OF_ALL},
    {"bp:mm_seq", {0, 0, 0}, {0, 0, 0}, {1, 2, 2}, OF_ALL},
    {"bp:mm_count", {0, 0, 0}, {2, 2, 2}, {2, 2, 2}, OF_ALL},
    {"bp:mm_owner", {0, 0, 0}, {1, 1, 2}, {2, 2, 2}, OF_ALL},
    {"bp:mm_wait", {0, 0, 0}, {0, 0, 0}, {2, 2, 2}, OF_REFCOUNT},
};

static bool is_written(const struct written *w, enum lb_lock_kind lock)
{
    return w->of == OF_ALL || (w->of == OF_OWNED ? has_owner(lock) : lock == LB_LOCK_REFCOUNT);
}

enum part { READ, FALL_BACK, WRITE, PARTS };

static void stage_part(struct rig *rig, const struct lb_generation *g, enum lb_mm_form form,
                       enum lb_lock_kind lock, enum part part)
{
    struct lb_workload shape = {
        .scenario = &lb_scenarios[part == WRITE ? LB_SCENARIO_MIXED : LB_SCENARIO_SAME_OBJECT],
        .layout = layout(rig->turn % 2 ? "pointer" : "padded"),
        .lock = lock,
        .writers = {1, 0},
        .threads = 1,
        .generation = g,
        .mm_form = form};

    stage_shape(rig, &shape, rig->turn % 3);
    if (part == FALL_BACK)
        *(uint32_t *)(rig->sites[0].x[0] + rig->sites[0].program.seq) =
            *rig->sites[0].program.mm.seq;
}

static unsigned wanted(const struct written *w, enum part part, enum lb_rules rules)
{
    return part == READ ? w->read[rules] : part == WRITE ? w->write[rules] : w->fallback[rules];
}

/* Four words fit at once. */
static void check_part(struct rig *rig, const struct lb_generation *g, enum lb_mm_form form,
                       enum lb_lock_kind lock, enum part part)
{
    for (size_t first = 0; first < LB_COUNT(written); first += LB_GROUP_WATCH) {
        stage_part(rig, g, form, lock, part);
        for (size_t k = first; k < first + LB_GROUP_WATCH; k++)
            if (is_written(&written[k], lock) || written[k].of == OF_REFCOUNT)
                watch(rig, 0, written[k].name);
        run_until_done(rig);
        for (size_t k = first; k < first + LB_GROUP_WATCH; k++)
            if (is_written(&written[k], lock))
                expect(rig, 0, written[k].name, wanted(&written[k], part, g->rules) * OPS);
            else if (written[k].of == OF_REFCOUNT)
                expect(rig, 0, written[k].name, 0);
    }
    assert_int_equal(stats(rig, 0).fallbacks, part == FALL_BACK ? OPS : 0);
}

static void for_each_generation(struct rig *rig,
                                void (*check)(struct rig *rig, const struct lb_generation *g,
                                              enum lb_mm_form form, enum lb_lock_kind lock))
{
    for (size_t i = 0; i < LB_GENERATIONS; i++)
        for (enum lb_mm_form form = 0; form < LB_MM_FORMS; form++)
            for (enum lb_lock_kind lock = LB_LOCK_RWSEM40; lock <= LB_LOCK_REFCOUNT; lock++)
                check(rig, &lb_generations[i], form, lock);
}

static void check_parts(struct rig *rig, const struct lb_generation *g, enum lb_mm_form form,
                        enum lb_lock_kind lock)
{
    for (enum part part = 0; part < PARTS; part++)
        check_part(rig, g, form, lock, part);
}

static void test_writes_by_generation(void **state)
{
    need(*state, 1);
    need_plain_atomics();
    for_each_generation(*state, check_parts);
}

static void stage_two(struct rig *rig, const struct lb_generation *g, enum lb_scenario_kind kind,
                      enum lb_lock_kind lock, int threads)
{
    struct lb_workload shape = {.scenario = &lb_scenarios[kind],
                                .layout = layout("pointer"),
                                .lock = lock,
                                .writers = {0, 0.5},
                                .threads = threads,
                                .generation = g};

    stage_shape(rig, &shape, rig->turn % 2);
}

/* Both readers of one lock: whoever finds another's name leaves it. */
static void check_clearing(struct rig *rig, enum lb_lock_kind lock)
{
    stage_two(rig, &lb_generations[LB_GENERATION_6_17], LB_SCENARIO_SAME_OBJECT, lock, 2);
    for (int i = 0; i < 2; i++)
        watch_lock(rig, i);
    run_until_done(rig);
    for (int i = 0; i < 2; i++) {
        expect(rig, i, "bp:count", 2 * ops(rig, i) + stats(rig, i).retries);
        assert_true(counted(rig, i, "bp:owner") >= ops(rig, i));
    }
}

/* Of both locks of `nested`, and where a thread reads or writes by chance. */
static void check_clearing_alone(struct rig *rig, enum lb_lock_kind lock)
{
    const struct lb_generation *g = &lb_generations[LB_GENERATION_7_2];

    stage_two(rig, g, LB_SCENARIO_NESTED, lock, 1);
    watch_nested(rig, 0);
    run_until_done(rig);
    expect(rig, 0, "bp:owner", 2 * OPS);
    expect(rig, 0, "bp:count", 2 * OPS);
    stage_two(rig, g, LB_SCENARIO_MIXED, lock, 1);
    watch_lock(rig, 0);
    watch(rig, 0, "bp:seq");
    watch(rig, 0, "bp:mm_seq");
    run_until_done(rig);
    uint64_t writes = counted(rig, 0, "bp:seq");
    assert_uint_in_range(writes, 1, OPS - 1);
    expect(rig, 0, "bp:mm_seq", 2 * writes);
    expect(rig, 0, "bp:owner", 2 * OPS);
    expect(rig, 0, "bp:count", 2 * OPS);
}

static void test_clearing(void **state)
{
    need(*state, 2);
    need_plain_atomics();
    for (enum lb_lock_kind lock = LB_LOCK_RWSEM40; lock <= LB_LOCK_RWSEM32; lock++) {
        check_clearing_alone(*state, lock);
        for (int i = 0; i < 4; i++)
            check_clearing(*state, lock);
    }
}

/* Where the words lie ------------------------------------------------------------------------- */

static void check_words(struct rig *rig, const struct lb_generation *g, enum lb_mm_form form,
                        enum lb_lock_kind lock)
{
    static const enum lb_watch words[] = {LB_WATCH_MM_SEQ, LB_WATCH_MM_COUNT, LB_WATCH_MM_OWNER,
                                          LB_WATCH_MM_WAIT};
    const uintptr_t kernel[] = {g->mm.seq, g->mm.lock, g->mm.lock + 8u, g->mm.writer_wait};
    uintptr_t at[LB_COUNT(words)];

    stage_part(rig, g, form, lock, READ);
    for (size_t i = 0; i < LB_COUNT(words); i++) {
        const struct lb_word word = {words[i], ""};
        unsigned bytes;
        assert_int_equal(
            lb_workload_watch(&rig->shape, &rig->draw, rig->arena, 0, &word, NULL, &at[i], &bytes),
            0);
    }
    assert_ptr_equal(rig->sites[0].program.mm.seq, at[0]);
    assert_ptr_equal(rig->sites[0].program.mm.lock, at[1]);
    assert_ptr_equal(rig->sites[0].program.mm.writer_wait, at[3]);
    for (size_t i = 0; i < LB_COUNT(words); i++)
        if (form == LB_MM_KERNEL) /* the same line, and the same half of the pair */
            assert_true((at[i] - kernel[i]) % LB_LINE_PAIR_BYTES == 0 &&
                        at[i] - at[0] == kernel[i] - kernel[0]);
        else if (i != 0 && i != 2)
            assert_true(at[i] / LB_APART_BYTES != at[i - 1] / LB_APART_BYTES);
}

static void test_words_by_generation(void **state)
{
    for_each_generation(*state, check_words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nested),           cmocka_unit_test(test_nested_retries),
        cmocka_unit_test(test_nested_fallbacks), cmocka_unit_test(test_writes_by_generation),
        cmocka_unit_test(test_clearing),         cmocka_unit_test(test_words_by_generation),
    };

    return cmocka_run_group_tests_name("protocol", tests, setup, teardown);
}
