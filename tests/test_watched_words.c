/* SPDX-License-Identifier: MIT
 *
 * Which words of a case can be watched, by name, and that they are those that its ops change.
 */
#include <linebounce/scenario.h>

#include "support/loop_scene.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Watched words */

static void test_watch_names(void **state)
{
    struct lb_word word = {LB_WATCH_COUNT, ""};
    struct lb_why why = {""};

    (void)state;
    for (int i = 0; i < LB_WATCHES; i++) {
        assert_int_equal(lb_word_parse(lb_watch_name((enum lb_watch)i), &why, &word), 0);
        assert_int_equal(word.watch, i);
        assert_string_equal(lb_word_name(&word), lb_watch_name((enum lb_watch)i));
    }
    assert_int_equal(lb_word_parse("d_lockref.lock", &why, &word), 0);
    assert_int_equal(word.watch, LB_WATCH_FIELD);
    assert_string_equal(lb_word_name(&word), "d_lockref.lock");
    assert_int_equal(lb_word_parse("", &why, &word), -EINVAL);
    assert_int_equal(lb_word_parse("4th", &why, &word), -EINVAL);
    assert_int_equal(lb_word_parse("a b", &why, &word), -EINVAL);
    assert_string_equal(lb_word_name(&word), "d_lockref.lock");
}

static int watch(struct scene *s, int thread, enum lb_watch watch, struct lb_why *why,
                 uintptr_t *address, unsigned *bytes)
{
    const struct lb_word word = {watch, ""};

    return lb_workload_watch(&s->shape, &s->draw, s->arena, thread, &word, why, address, bytes);
}

/* A field's address, which must be there and `wanted` bytes wide. */
static uintptr_t watched_field(struct scene *s, int thread, const char *field, unsigned wanted)
{
    struct lb_why why = {""};
    struct lb_word word;
    uintptr_t address = 0;
    unsigned bytes = 0;

    if (lb_word_parse(field, &why, &word) ||
        lb_workload_watch(&s->shape, &s->draw, s->arena, thread, &word, &why, &address, &bytes))
        fail_msg("%s", why.text);
    assert_int_equal(bytes, wanted);
    assert_int_equal(address % bytes, 0);
    return address;
}

static void refused_field(struct scene *s, int thread, const char *field, const char *reason)
{
    struct lb_why why = {""};
    struct lb_word word;
    uintptr_t address = 1;
    unsigned bytes = 2;

    assert_int_equal(lb_word_parse(field, &why, &word), 0);
    assert_int_equal(
        lb_workload_watch(&s->shape, &s->draw, s->arena, thread, &word, &why, &address, &bytes),
        -ENOENT);
    assert_int_equal(address, 1);
    assert_int_equal(bytes, 2);
    if (!strstr(why.text, reason))
        fail_msg("'%s' lacks '%s'", why.text, reason);
}

/* The word's address, which must be there and `wanted` bytes wide. */
static uintptr_t watched(struct scene *s, int thread, enum lb_watch word, unsigned wanted)
{
    struct lb_why why = {""};
    uintptr_t address = 0;
    unsigned bytes = 0;

    if (watch(s, thread, word, &why, &address, &bytes))
        fail_msg("%s", why.text);
    assert_int_equal(bytes, wanted);
    assert_int_equal(address % bytes, 0);
    return address;
}

static void refused(struct scene *s, int thread, enum lb_watch word, int err, const char *reason)
{
    struct lb_why why = {""};
    uintptr_t address = 1;
    unsigned bytes = 2;

    assert_int_equal(watch(s, thread, word, &why, &address, &bytes), err);
    assert_int_equal(address, 1);
    assert_int_equal(bytes, 2);
    if (!strstr(why.text, reason) || strncmp(why.text, "watch ", 6) != 0)
        fail_msg("'%s' lacks '%s'", why.text, reason);
    assert_int_equal(watch(s, thread, word, NULL, &address, &bytes), err);
}

/* The words of one thread, from what its loop is given. */
static void check_watches(struct scene *s, int thread)
{
    const struct lb_layout *l = s->shape.layout;
    const struct lb_lock_info *info = lb_lock_info(s->shape.lock);
    const uintptr_t *x = s->sites[thread].x;
    uintptr_t lock = (uintptr_t)lock_at(s, lock_word(s, thread));
    struct lb_mm *mm = &((struct lb_program *)x[1])->mm;

    assert_int_equal(watched(s, thread, LB_WATCH_COUNT, (unsigned)info->count_bytes),
                     lock + info->count_offset);
    if (info->owner_offset >= 0)
        assert_int_equal(watched(s, thread, LB_WATCH_OWNER, 8), lock + (size_t)info->owner_offset);
    else
        refused(s, thread, LB_WATCH_OWNER, -ENOENT, info->name);
    if (l->indirect)
        assert_int_equal(watched(s, thread, LB_WATCH_POINTER, 8), lock_word(s, thread));
    else
        refused(s, thread, LB_WATCH_POINTER, -ENOENT, l->name);
    assert_ptr_equal(watched(s, thread, LB_WATCH_SEQ, 4), seq_word(s, thread));
    for (size_t i = 0; i < l->n_accesses; i++)
        assert_int_equal(watched_field(s, thread, l->accesses[i].field, l->accesses[i].bytes),
                         x[0] + l->accesses[i].offset);
    refused_field(s, thread, "vm_nothing", "no such field");
    assert_ptr_equal(watched(s, thread, LB_WATCH_MM_SEQ, 4), mm->seq);
    assert_ptr_equal(watched(s, thread, LB_WATCH_MM_COUNT, 8), mm->lock);
    assert_ptr_equal(watched(s, thread, LB_WATCH_MM_OWNER, 8), (char *)mm->lock + 8);
}

/* A user's layout: a lock that lies inline and is reached through a pointer. */
static const struct lb_layout *reached_layout(void)
{
    static struct lb_layout l;

    assert_int_equal(
        lb_layout_parse("reached:size=256,align=64,head=8,slot=48,lock=192,seq=56", NULL, &l), 0);
    return &l;
}

static void test_watches_of_every_case(void **state)
{
    struct scene *s = *state;
    int looked = 0;

    for (unsigned turn = 0; turn < 17; turn++) {
        draw(s, turn * 79 + 1, turn);
        for (size_t k = 0; k < LB_COUNT(with_objects); k++)
            for (size_t l = 0; l <= lb_n_layouts; l++)
                for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++) {
                    const struct lb_layout *look =
                        l < lb_n_layouts ? &lb_layouts[l] : reached_layout();

                    if (lb_scenario_allows(&lb_scenarios[with_objects[k]], look, lock, NULL))
                        continue;
                    stage(s, with_objects[k], look, lock, 5);
                    place(s);
                    for (int i = 0; i < 5; i++, looked++)
                        check_watches(s, i);
                }
    }
    assert_true(looked > 10000);
}

/* Fields of the program, other members of the structure, and none that it has not. */
static void test_field_watches(void **state)
{
    static char start[] = "vm_start", flags[] = "vm_flags", type[] = "unsigned long";
    static struct lb_member members[] = {{.name = start, .type = type, .offset = 72, .bytes = 8},
                                         {.name = flags, .type = type, .offset = 81, .bytes = 3}};
    static const struct lb_structure structure = {
        .name = "s", .bytes = 256, .members = members, .n_members = LB_COUNT(members)};
    struct scene *s = *state;
    struct lb_layout named = fields_inline;

    draw(s, 64, 3);
    named.structure = &structure;
    stage(s, LB_SCENARIO_NEIGHBOURS, &named, LB_LOCK_RWSEM40, 2);
    place(s);
    assert_int_equal(watched_field(s, 1, "vm_start", 8), s->sites[1].x[0] + 72);
    assert_int_equal(watched_field(s, 1, "b", 1), s->sites[1].x[0] + 129);
    /* No breakpoint is three bytes wide: the word that it begins in. */
    assert_int_equal(watched_field(s, 1, "vm_flags", 4), s->sites[1].x[0] + 80);
    assert_ptr_equal(watched(s, 1, LB_WATCH_SEQ, 4), seq_word(s, 1));
    refused_field(s, 0, "vm_policy", "layout fields has no such field");
    stage(s, LB_SCENARIO_NEIGHBOURS, &fields_apart, LB_LOCK_RWSEM40, 2);
    place(s);
    refused(s, 0, LB_WATCH_SEQ, -ENOENT, "no sequence number");
    refused_field(s, 0, "vm_mm", "no such field");
}

/* What taking the lock changes: the watched count, and nothing outside the lock. */
static void check_changes(struct scene *s, int thread, const char *copy)
{
    const struct lb_lock_info *info = lb_lock_info(s->shape.lock);
    size_t lock = offset_of(s, lock_at(s, lock_word(s, thread)));
    size_t count =
        offset_of(s, (void *)watched(s, thread, LB_WATCH_COUNT, (unsigned)info->count_bytes));

    struct lb_mm *mm = &s->sites[thread].program.mm;
    if (info->lockless_reads)
        lb_lock_write(s->shape.lock, s->arena + lock, s->me, mm);
    else
        lb_lock_read(s->shape.lock, s->arena + lock, s->me);
    assert_memory_not_equal(s->arena + count, copy + count, info->count_bytes);
    assert_memory_equal(s->arena, copy, lock);
    assert_memory_equal(s->arena + lock + info->bytes, copy + lock + info->bytes,
                        ARENA_BYTES - lock - info->bytes);
    if (info->owner_offset >= 0)
        assert_int_equal(*(uint64_t *)watched(s, thread, LB_WATCH_OWNER, 8) & ~LB_OWNER_FLAGS,
                         (uintptr_t)s->me);
    if (info->lockless_reads)
        lb_lock_write_unlock(s->shape.lock, s->arena + lock, s->me, mm);
    else
        lb_lock_read_unlock(s->shape.lock, s->arena + lock, s->me, mm);
    memcpy(s->arena + lock, copy + lock, info->bytes);
}

static void test_watched_words_change(void **state)
{
    struct scene *s = *state;
    char *copy = malloc(ARENA_BYTES);

    assert_non_null(copy);
    draw(s, 62, 6);
    for (size_t l = 0; l < lb_n_layouts; l++)
        for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++) {
            if (lb_layout_allows(&lb_layouts[l], lock, NULL))
                continue;
            stage(s, LB_SCENARIO_NEIGHBOURS, &lb_layouts[l], lock, 3);
            place(s);
            memcpy(copy, s->arena, ARENA_BYTES);
            for (int i = 0; i < 3; i++)
                check_changes(s, i, copy);
        }
    free(copy);
    /* Both sequence numbers are stored by a write op. */
    stage(s, LB_SCENARIO_MIXED, layout("pointer"), LB_LOCK_RWSEM40, 2);
    place(s);
    run_loop(s, LB_OP_WRITE, false, 1);
    assert_int_equal(*(uint32_t *)watched(s, 1, LB_WATCH_SEQ, 4), LB_MM_SEQ_FIRST + OPS - 1);
    assert_int_equal(*(uint32_t *)watched(s, 1, LB_WATCH_MM_SEQ, 4), LB_MM_SEQ_FIRST + OPS);
}

static void test_watches_without_objects(void **state)
{
    static const enum lb_scenario_kind controls[] = {LB_SCENARIO_CONTROL_SHARED,
                                                     LB_SCENARIO_CONTROL_APART};
    struct scene *s = *state;

    draw(s, 63, 0);
    for (size_t k = 0; k < LB_COUNT(controls); k++) {
        stage(s, controls[k], NULL, LB_LOCK_REFCOUNT, 12);
        place(s);
        for (int i = 0; i < 12; i++) {
            assert_int_equal(watched(s, i, LB_WATCH_COUNT, 8), s->sites[i].x[0]);
            refused(s, i, LB_WATCH_OWNER, -ENOENT, "no lock");
        }
        run_loop(s, LB_OP_ADD, false, 11);
        assert_int_equal(*(uint64_t *)watched(s, 11, LB_WATCH_COUNT, 8), OPS);
        assert_int_equal(*(uint64_t *)watched(s, 10, LB_WATCH_COUNT, 8), 0);
    }
    for (int k = LB_SCENARIO_STRAIGHT; k <= LB_SCENARIO_ADDS; k++) {
        stage(s, (enum lb_scenario_kind)k, NULL, LB_LOCK_RWSEM32, 3);
        place(s);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(watched(s, i, LB_WATCH_COUNT, 8), s->sites[i].x[0]);
            assert_int_equal(watched(s, i, LB_WATCH_OWNER, 8), s->sites[i].x[0] + 8);
        }
        run_loop(s, k == LB_SCENARIO_ADDS ? LB_OP_ADDS : LB_OP_STRAIGHT, false, 1);
        assert_int_equal(*(uint64_t *)watched(s, 1, LB_WATCH_OWNER, 8),
                         (uintptr_t)s->me | LB_OWNER_READER);
    }
}

/* Words that a case lacks, each with its reason. */
static void test_watch_refusals(void **state)
{
    struct scene *s = *state;

    draw(s, 64, 2);
    stage(s, LB_SCENARIO_EMPTY, NULL, LB_LOCK_RWSEM40, 2);
    for (int w = 0; w < LB_WATCH_START; w++)
        refused(s, 1, (enum lb_watch)w, -ENOENT, "touches no memory");
    for (int k = LB_SCENARIO_CONTROL_SHARED; k <= LB_SCENARIO_ADDS; k++) {
        stage(s, (enum lb_scenario_kind)k, NULL, LB_LOCK_RWSEM40, 2);
        for (int w = LB_WATCH_POINTER; w < LB_WATCH_START && !lb_scenarios[k].subject->uses_layout;
             w++)
            refused(s, 0, (enum lb_watch)w, -ENOENT, lb_scenarios[k].name);
    }
    for (int k = 0; k < LB_SCENARIOS; k++) {
        stage(s, (enum lb_scenario_kind)k, layout("pointer"), LB_LOCK_RWSEM40, 2);
        for (int w = LB_WATCH_START; w < LB_WATCHES; w++)
            refused(s, 0, (enum lb_watch)w, -ENOENT, "a word of the harness");
        refused(s, 0, LB_WATCHES, -EINVAL, "no such word");
        refused(s, 2, LB_WATCH_COUNT, -EINVAL, "thread 2 of 2");
        refused(s, -1, LB_WATCH_COUNT, -EINVAL, "thread -1");
    }
    stage(s, LB_SCENARIO_PFT, NULL, LB_LOCK_RWSEM40, 2);
    for (int w = 0; w < LB_WATCH_START; w++)
        refused(s, 1, (enum lb_watch)w, -ENOENT, "scenario pft has no objects");
    stage(s, LB_SCENARIO_SAME_OBJECT, layout("embedded-own-line"), LB_LOCK_PTHREAD_MUTEX, 2);
    refused(s, 0, LB_WATCH_OWNER, -ENOENT, "lock pthread_mutex has no owner");
    refused(s, 0, LB_WATCH_POINTER, -ENOENT, "layout embedded-own-line has no pointer");
}

static int watch_count(struct scene *s, uintptr_t *address)
{
    const struct lb_word count = {LB_WATCH_COUNT, ""};
    unsigned bytes;

    return lb_workload_watch(&s->shape, &s->draw, s->arena, 1, &count, NULL, address, &bytes);
}

/* What a scenario is, its row says: one that nobody knows is laid out, checked, watched alike. */
static void test_an_unknown_row_is_laid_out_alike(void **state)
{
    struct scene *s = *state;

    draw(s, 5, 3);
    for (int k = 0; k < LB_SCENARIOS; k++) {
        struct lb_scenario row = lb_scenarios[k];
        uintptr_t x[2][6], watched[2] = {0, 0};
        int err[2];
        if (row.subject->uses_pages) /* each has a mapping of its own */
            continue;
        row.kind = LB_SCENARIOS;
        for (int unknown = 0; unknown < 2; unknown++) {
            stage(s, (enum lb_scenario_kind)k, layout("pointer"), LB_LOCK_RWSEM40, 2);
            s->shape.offset_bytes = 64;
            if (unknown)
                s->shape.scenario = &row;
            place(s);
            memcpy(x[unknown], s->sites[1].x, sizeof x[unknown]);
            assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
            err[unknown] = watch_count(s, &watched[unknown]);
            lb_workload_release(&s->shape, &s->draw, s->arena);
        }
        assert_memory_equal(x[0], x[1], sizeof x[0]);
        assert_int_equal(err[1], err[0]);
        assert_int_equal(watched[1], watched[0]);
    }
}

static void test_watch_of_a_lock_that_does_not_fit(void **state)
{
    struct scene *s = *state;
    struct lb_why why = {""};
    uintptr_t address = 1;
    unsigned bytes = 2;

    draw(s, 65, 2);
    stage(s, LB_SCENARIO_SAME_OBJECT, layout("refcount-seq"), LB_LOCK_RWSEM40, 2);
    assert_int_equal(watch(s, 0, LB_WATCH_COUNT, &why, &address, &bytes), -EINVAL);
    assert_non_null(strstr(why.text, "refcount-seq"));
    assert_int_equal(address, 1);
    assert_int_equal(bytes, 2);
}

static void test_watches_of_many(void **state)
{
    struct scene *s = *state;
    const struct lb_mm *mm;

    draw(s, 66, 3);
    for (enum lb_picking access = 0; access < LB_PICKINGS; access++) {
        stage_many(s, layout("pointer"), 1000, 3, access);
        mm = &s->sites[2].program.mm;
        assert_ptr_equal(watched(s, 2, LB_WATCH_MM_SEQ, 4), mm->seq);
        assert_ptr_equal(watched(s, 2, LB_WATCH_MM_COUNT, 8), mm->lock);
        assert_ptr_equal(watched(s, 2, LB_WATCH_MM_OWNER, 8), (char *)mm->lock + 8);
        for (int w = 0; w < LB_WATCH_MM_SEQ; w++)
            refused(s, 2, (enum lb_watch)w, -ENOENT, "each op takes another object");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_field_watches),
        cmocka_unit_test(test_watch_names),
        cmocka_unit_test(test_watches_of_every_case),
        cmocka_unit_test(test_watched_words_change),
        cmocka_unit_test(test_watches_without_objects),
        cmocka_unit_test(test_watch_refusals),
        cmocka_unit_test(test_watch_of_a_lock_that_does_not_fit),
        cmocka_unit_test(test_an_unknown_row_is_laid_out_alike),
        cmocka_unit_test(test_watches_of_many),
    };

    return cmocka_run_group_tests_name("watched_words", tests, setup, teardown);
}
