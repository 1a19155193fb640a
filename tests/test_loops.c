/* SPDX-License-Identifier: MIT
 *
 * The hot loops, one at a time on a thread of its own: what they leave in memory, what they load,
 * and which is found for a role.
 */
#include <linebounce/scenario.h>

#include "support/loop_scene.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

/* The hot loops */

/* What an op leaves in the sequence numbers after OPS of them. */
static void check_sequences(const struct scene *s, enum lb_op op)
{
    const struct lb_mm *mm = &s->sites[0].program.mm;
    bool writes = op == LB_OP_WRITE;

    assert_int_equal(*mm->seq, LB_MM_SEQ_FIRST + (writes ? OPS : 0));
    if (op != LB_OP_NESTED && op != LB_OP_MANY)
        assert_int_equal(*seq_word(s, 0), writes ? LB_MM_SEQ_FIRST + OPS - 1 : 0);
}

static void try_loop(struct scene *s, enum lb_scenario_kind kind, enum lb_op op,
                     const struct lb_layout *l, enum lb_lock_kind lock, bool paused)
{
    struct lb_lock_stats before, did;
    uint64_t rng;

    stage(s, kind, l, lock, 2);
    place(s);
    lb_task_stats(s->me, &before);
    rng = run_loop(s, op, paused, 0);
    did = stats_since(s, &before);
    assert_int_equal(did.fallbacks, 0);
    assert_int_equal(did.sleeps, 0);
    assert_int_equal(did.retries, 0);
    if (paused)
        assert_int_not_equal(rng, 12345);
    else
        assert_int_equal(rng, 12345);
    assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
    check_sequences(s, op);
}

static void test_loops_that_lock(void **state)
{
    struct scene *s = *state;
    int ran = 0;

    draw(s, 41, 3);
    for (size_t k = 0; k < LB_COUNT(locking); k++)
        for (size_t l = 0; l < lb_n_layouts; l++)
            for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++)
                for (int paused = 0; paused < 2; paused++) {
                    if (lb_scenario_allows(&lb_scenarios[locking[k].kind], &lb_layouts[l], lock,
                                           NULL))
                        continue;
                    try_loop(s, locking[k].kind, locking[k].op, &lb_layouts[l], lock, paused);
                    ran++;
                }
    assert_true(ran > 500);
}

static void test_mix_writes_its_share(void **state)
{
    static const double shares[] = {0.000001, 0.3, 0.5, 1};
    struct scene *s = *state;

    draw(s, 42, 3);
    for (size_t k = 0; k < LB_COUNT(shares); k++)
        for (int paused = 0; paused < 2; paused++) {
            struct lb_mm *mm;
            uint64_t rng = 12345, end;
            unsigned writes = 0;

            stage(s, LB_SCENARIO_MIXED, layout("pointer"), LB_LOCK_RWSEM40, 2);
            s->shape.writers = (struct lb_writers){0, shares[k]};
            place(s);
            end = run_loop(s, LB_OP_MIX, paused, 1);
            for (int i = 0; i < OPS; i++) {
                if (paused)
                    rng = xorshift(rng);
                rng = xorshift(rng);
                writes += (double)(rng >> 32) < shares[k] * 0x1p32 - 0.5;
            }
            mm = &s->sites[0].program.mm;
            assert_int_equal(rng, end);
            assert_int_equal(*mm->seq, LB_MM_SEQ_FIRST + writes);
            assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
            if (shares[k] >= 1)
                assert_int_equal(writes, OPS);
        }
}

/* What a lock's words come to, from where a scenario's loop has brought them. */
static void run_on_lock(struct scene *s, enum lb_scenario_kind kind, const struct lb_layout *layout,
                        lb_hot *loop, enum lb_lock_kind lock, char words[LB_APART_BYTES])
{
    stage(s, kind, layout, lock, 2);
    place(s);
    char other[LB_APART_BYTES];
    const uintptr_t *x = s->sites[1].x;
    memcpy(other, (void *)s->sites[0].x[0], sizeof other);
    const char *at = (char *)x[0] + (layout ? layout->lock_offset : 0);
    assert_true(lb_lock_is_idle(lock, at));
    loop(OPS, 5, LB_SPAN_LEAST, s->me, x[0], x[1], x[2], x[3], x[4], x[5]);
    assert_true(lb_lock_is_idle(lock, at));
    assert_memory_equal(other, (void *)s->sites[0].x[0], sizeof other);
    memcpy(words, at, lb_lock_info(lock)->bytes);
}

/* Each kind's straight line does to its words what the kind does, and leaves them free. */
static void test_straight_lines(void **state)
{
    static const enum lb_op ops[][2] = {{LB_OP_ALONE, LB_OP_STRAIGHT},
                                        {LB_OP_WRITER, LB_OP_STRAIGHT_WRITE}};
    struct scene *s = *state;
    char by_lock[LB_APART_BYTES], by_line[LB_APART_BYTES];
    unsigned ran[2] = {0, 0};

    draw(s, 43, 0);
    for (enum lb_rules rules = 0; rules < LB_RULES; rules++)
        for (enum lb_lock_kind kind = 0; kind < LB_LOCK_KINDS; kind++)
            for (int i = 0; i < 4; i++) {
                bool writes = i / 2, paused = i % 2;
                lb_hot *line = lb_hot_find_by(rules, ops[writes][1], kind, false, paused),
                       *lock = lb_hot_find_by(rules, ops[writes][0], kind, false, paused);
                if (!line)
                    continue;
                assert_non_null(lock);
                run_on_lock(s, writes ? LB_SCENARIO_UNCONTENDED_WRITE : LB_SCENARIO_UNCONTENDED,
                            layout("padded"), lock, kind, by_lock);
                run_on_lock(s, writes ? LB_SCENARIO_STRAIGHT_WRITE : LB_SCENARIO_STRAIGHT, NULL,
                            line, kind, by_line);
                assert_memory_equal(by_line, by_lock, lb_lock_info(kind)->bytes);
                ran[writes]++;
            }
    assert_true(ran[0] > ran[1] && ran[1] >= 10 * LB_RULES * 2);
}

static void test_loops_of_words(void **state)
{
    static const struct {
        enum lb_scenario_kind kind;
        enum lb_op op;
    } locks[] = {{LB_SCENARIO_STRAIGHT, LB_OP_STRAIGHT}, {LB_SCENARIO_ADDS, LB_OP_ADDS}};
    struct scene *s = *state;

    draw(s, 43, 0);
    for (int paused = 0; paused < 2; paused++) {
        stage(s, LB_SCENARIO_CONTROL_SHARED, NULL, LB_LOCK_RWSEM40, 3);
        place(s);
        run_loop(s, LB_OP_ADD, paused, 1);
        run_loop(s, LB_OP_ADD, paused, 1);
        run_loop(s, LB_OP_ADD, paused, 2);
        assert_int_equal(*(uint64_t *)s->sites[0].x[0], 0);
        assert_int_equal(*(uint64_t *)s->sites[1].x[0], 2 * OPS);
        assert_int_equal(*(uint64_t *)s->sites[2].x[0], OPS);
        for (size_t k = 0; k < LB_COUNT(locks); k++) {
            stage(s, locks[k].kind, NULL, LB_LOCK_RWSEM40, 2);
            place(s);
            run_loop(s, locks[k].op, paused, 1);
            assert_true(lb_lock_is_idle(LB_LOCK_RWSEM40, (void *)s->sites[1].x[0]));
            /* The owner store of the read lock that they stand for. */
            assert_int_not_equal(((struct lb_rwsem40 *)s->sites[1].x[0])->owner, 0);
            assert_int_equal(((struct lb_rwsem40 *)s->sites[0].x[0])->owner, 0);
        }
    }
}

static void test_observe_and_empty_write_nothing(void **state)
{
    struct scene *s = *state;
    char *copy = malloc(ARENA_BYTES);

    assert_non_null(copy);
    draw(s, 44, 3);
    for (size_t l = 0; l < lb_n_layouts; l++) {
        stage(s, LB_SCENARIO_OBSERVER, &lb_layouts[l], lb_layouts[l].lock, 2);
        place(s);
        memcpy(copy, s->arena, ARENA_BYTES);
        for (int paused = 0; paused < 2; paused++) {
            run_loop(s, LB_OP_OBSERVE, paused, 1);
            run_loop(s, LB_OP_EMPTY, paused, 1);
        }
        assert_memory_equal(copy, s->arena, ARENA_BYTES);
        /* A read moves count there and back and leaves the owner's word: nothing else. */
        run_loop(s, LB_OP_READ, true, 0);
        if (lb_lock_info(s->shape.lock)->owner_offset >= 0) {
            char *lock = lock_at(s, lock_word(s, 0));
            size_t at =
                (size_t)(lock - s->arena) + (size_t)lb_lock_info(s->shape.lock)->owner_offset;
            assert_memory_not_equal(copy + at, s->arena + at, 8);
            memcpy(copy + at, s->arena + at, 8);
        }
        assert_memory_equal(copy, s->arena, ARENA_BYTES);
    }
    free(copy);
}

/* A read that meets the write-locked sequence, or a writer, is served under the address space's
 * lock. */
static void test_reads_fall_back(void **state)
{
    struct scene *s = *state;
    struct lb_task *other = lb_task_get(s->tasks, 1);

    draw(s, 45, 3);
    for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++)
        for (int separate = 0; separate < 2; separate++)
            for (int paused = 0; paused < 2; paused++) {
                struct lb_lock_stats before, did;
                struct lb_mm *mm;
                void *held;

                if (lb_lock_info(lock)->lockless_reads)
                    continue; /* of the VMA protocol they do nothing */
                stage(s, LB_SCENARIO_SAME_OBJECT, layout(separate ? "pointer" : "padded"), lock, 2);
                place(s);
                mm = &s->sites[0].program.mm;
                held = lock_at(s, lock_word(s, 0));
                lb_task_stats(s->me, &before);
                *seq_word(s, 0) = *mm->seq;
                run_loop(s, LB_OP_READ, paused, 0);
                did = stats_since(s, &before);
                assert_int_equal(did.fallbacks, OPS);
                assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
                *seq_word(s, 0) = 0;
                if (!lb_lock_info(lock)->vma_protocol || !lb_lock_info(lock)->excludes)
                    continue;
                assert_int_equal(lb_lock_write(lock, held, other, mm), 0);
                run_loop(s, LB_OP_READ, paused, 0);
                assert_int_equal(lb_lock_write_unlock(lock, held, other, mm), 0);
                did = stats_since(s, &before);
                assert_int_equal(did.fallbacks, 2 * OPS);
                assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
            }
}

static void test_hot_find(void **state)
{
    static const enum lb_op bare[] = {LB_OP_EMPTY,    LB_OP_OBSERVE,  LB_OP_ADD,       LB_OP_ADDS,
                                      LB_OP_STORE,    LB_OP_LOAD,     LB_OP_INCREMENT, LB_OP_CAS,
                                      LB_OP_CAS + 3,  LB_OP_SUM,      LB_OP_PUSH,      LB_OP_POP,
                                      LB_OP_CYCLES30, LB_OP_CYCLES60, LB_OP_CHASE};
    lb_hot *found[(int)LB_RULES * LB_OPS * LB_LOCK_KINDS * 4];
    size_t n = 0, names = 0;

    (void)state;
    for (enum lb_rules rules = 0; rules < LB_RULES; rules++)
        for (int op = 0; op < LB_OPS; op++)
            for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++)
                for (int form = 0; form < 4; form++) {
                    lb_hot *loop = lb_hot_find_by(rules, (enum lb_op)op, lock, form & 1, form & 2);
                    bool known = false;

                    assert_int_equal(loop != NULL, has_loop((enum lb_op)op, lock, form & 1));
                    for (size_t i = 0; i < n; i++)
                        known |= found[i] == loop;
                    if (loop && !known)
                        found[n++] = loop;
                }
    for (size_t i = 0; i < LB_COUNT(bare); i++)
        for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++)
            assert_ptr_equal(lb_hot_find(bare[i], lock, lock & 1, true),
                             lb_hot_find(bare[i], LB_LOCK_RWSEM40, false, true));
    for (; lb_hot_name(names); names++) {
        assert_int_equal(strncmp(lb_hot_name(names), "hot_", 4), 0);
        for (size_t i = 0; i < names; i++)
            assert_string_not_equal(lb_hot_name(i), lb_hot_name(names));
    }
    assert_int_equal(names, n); /* every loop has one name, and no name is without a loop */
}

/* Named fields */

/* Each word once, in order; writes of one role, in the way that it has. */
static void test_words_of_a_role(void **state)
{
    static const struct lb_layout l = {
        .name = "words",
        .n_accesses = 6,
        .accesses = {{"a", 4, 4, LB_HOW_LOAD, LB_EVERY_ROLE},
                     {"b", 129, 1, LB_HOW_LOAD, LB_ROLE_BIT(0)},
                     {"c", 131, 1, LB_HOW_LOAD, LB_ROLE_BIT(0)}, /* of the same word */
                     {"d", 8, 8, LB_HOW_ADD, LB_ROLE_BIT(1)},
                     {"e", 20, 4, LB_HOW_ADD, LB_ROLE_BIT(1)},
                     {"f", 200, 8, LB_HOW_LOAD, 0}}};
    uint16_t words[LB_LOADS];
    enum lb_how how = LB_HOW_CAS;

    (void)state;
    assert_int_equal(lb_layout_loads(&l, 0, words), 2);
    assert_int_equal(words[0], 4);
    assert_int_equal(words[1], 128);
    assert_int_equal(lb_layout_loads(&l, 1, words), 1);
    assert_int_equal(lb_layout_writes(&l, 0, words, &how), 0);
    assert_int_equal(how, LB_HOW_CAS);
    assert_int_equal(lb_layout_writes(&l, 1, words, &how), 2);
    assert_int_equal(words[0], 8);
    assert_int_equal(words[1], 16);
    assert_int_equal(how, LB_HOW_ADD);
}

static void test_accesses_have_room(void **state)
{
    struct lb_access load = {.how = LB_HOW_LOAD, .bytes = 8, .roles = LB_EVERY_ROLE};
    struct lb_access add = {.how = LB_HOW_ADD, .bytes = 8, .roles = LB_ROLE_BIT(1)};
    struct lb_layout l = {.name = "full"};
    struct lb_why why = {""};
    char name[LB_FIELD_NAME_BYTES + 1];

    (void)state;
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(lb_layout_add(&l, name, load, &why), -EINVAL);
    assert_non_null(strstr(why.text, "too long a name"));
    for (size_t i = 0; i < LB_LOADS; i++, load.offset = (uint16_t)(8 * i))
        assert_int_equal(lb_layout_add(&l, "r", load, &why), 0);
    load.offset = 0;
    assert_int_equal(lb_layout_add(&l, "same word", load, &why), 0);
    load.offset = 800;
    assert_int_equal(lb_layout_add(&l, "r", load, &why), -EINVAL);
    assert_non_null(strstr(why.text, "more than 9 words are read"));
    for (size_t i = 0; i < LB_WRITES_MOST; i++, add.offset = (uint16_t)(8 * i))
        assert_int_equal(lb_layout_add(&l, "w", add, &why), 0);
    add.offset = 800;
    assert_int_equal(lb_layout_add(&l, "w", add, &why), -EINVAL);
    assert_non_null(strstr(why.text, "more than 4 words are written"));
    assert_int_equal(l.n_accesses, LB_LOADS + 1 + LB_WRITES_MOST);
    assert_ptr_equal(lb_layout_find_field(&l, "same word"), &l.accesses[LB_LOADS]);
    assert_null(lb_layout_find_field(&l, "other"));
}

/* The object of a word that stands for the sequence number where there is none. */
static void test_field_sites(void **state)
{
    struct scene *s = *state;

    draw(s, 61, 3);
    stage(s, LB_SCENARIO_NEIGHBOURS, &fields_inline, LB_LOCK_RWSEM40, 2);
    place(s);
    check_sites(s);
    assert_int_equal(s->sites[1].x[0] - s->sites[0].x[0], 256);
    stage(s, LB_SCENARIO_SAME_OBJECT, &fields_apart, LB_LOCK_RWSEM40, 2);
    place(s);
    check_program(s, 0);
    assert_int_equal(s->sites[0].program.seq, 16);
    assert_int_equal(s->sites[0].program.lock, 8);
}

static void test_field_sharing(void **state)
{
    const struct lb_layout *l = &fields_inline;
    uintptr_t far = 4096;
    struct lb_why why = {""};

    (void)state;
    /* The lock of one over the words of the other. */
    assert_true(lb_layout_shares(l, LB_LOCK_REFCOUNT, 0, far + 64, far, 8192, 64));  /* c */
    assert_true(lb_layout_shares(l, LB_LOCK_REFCOUNT, 0, far + 32, far, 8192, 64));  /* a */
    assert_true(lb_layout_shares(l, LB_LOCK_REFCOUNT, 0, far + 188, far, 8192, 64)); /* b */
    assert_false(lb_layout_shares(l, LB_LOCK_REFCOUNT, 0, far + 192, far, 8192, 64));
    assert_int_equal(
        lb_scenario_allows(&lb_scenarios[LB_SCENARIO_MIXED], &fields_apart, LB_LOCK_RWSEM40, &why),
        -EINVAL);
    assert_non_null(strstr(why.text, "no sequence number"));
    assert_int_equal(lb_scenario_allows(&lb_scenarios[LB_SCENARIO_MIXED], l, LB_LOCK_RWSEM40, NULL),
                     0);
}

static void try_field_loop(struct scene *s, size_t k, const struct lb_layout *l,
                           enum lb_lock_kind lock)
{
    struct lb_lock_stats before, did;

    for (int paused = 0; paused < 2; paused++) {
        stage(s, on_fields[k].kind, l, lock, 2);
        place(s);
        lb_task_stats(s->me, &before);
        run_loop(s, on_fields[k].op, paused, 0);
        did = stats_since(s, &before);
        assert_int_equal(did.fallbacks + did.sleeps + did.retries, 0);
        assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
    }
}

static void test_field_loops(void **state)
{
    static const struct lb_layout *const layouts[] = {&fields_inline, &fields_apart};
    struct scene *s = *state;
    int ran = 0, excluding = 0, plain_writers = 0;

    for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++) {
        excluding += lb_lock_info(lock)->excludes;
        plain_writers += lb_lock_info(lock)->plain_writers;
    }
    draw(s, 62, 3);
    for (size_t k = 0; k < LB_COUNT(on_fields); k++)
        for (size_t l = 0; l < LB_COUNT(layouts); l++)
            for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++) {
                if (lb_scenario_allows(&lb_scenarios[on_fields[k].kind], layouts[l], lock, NULL))
                    continue;
                try_field_loop(s, k, layouts[l], lock);
                ran++;
            }
    assert_int_equal(ran, 2 * LB_LOCK_KINDS * 4 + excluding + 2 * plain_writers);
}

/* Which words are loaded: each of the four in turn lies on a page that nobody may touch. */

static sigjmp_buf touched_it;
static uintptr_t touched_at;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    touched_at = (uintptr_t)info->si_addr;
    siglongjmp(touched_it, 1);
}

#define PAGES_LOADED  4
#define LOCK_OF_PAGES 64 /* on the object's first page, of which no word is loaded */

/* Runs the op on an object whose words lie at the starts of pages 1 to 4, and returns where it was
 * stopped; 0: it was not. */
static uintptr_t run_into(struct scene *s, enum lb_op op, char *object, char *second)
{
    static _Alignas(LB_APART_BYTES) char mm[LB_MM_BYTES];
    static uint32_t pick;
    static struct lb_program program;
    uintptr_t x[6] = {(uintptr_t)object, (uintptr_t)&program, (uintptr_t)mm,
                      op == LB_OP_MANY ? (uintptr_t)&pick : 0,
                      (LOCK_OF_PAGES + 64) | (uintptr_t)LOCK_OF_PAGES << 16};
    lb_hot *loop = lb_hot_find(op, LB_LOCK_RWSEM40, false, false);

    /* The lock lies behind the words, in both objects. */
    program = (struct lb_program){.seq = LOCK_OF_PAGES + 64, .lock = LOCK_OF_PAGES};
    program.second = (uint16_t)(second - object);
    for (size_t k = 0; k < LB_LOADS; k++)
        program.load[k] = (uint16_t)(4096 * (1 + k % PAGES_LOADED));
    lb_mm_init(&program.mm, mm, lb_mm_separate, LB_LOCK_RWSEM40, false);
    lb_lock_init(LB_LOCK_RWSEM40, object + LOCK_OF_PAGES);
    lb_lock_init(LB_LOCK_RWSEM40, second + LOCK_OF_PAGES);
    touched_at = 0;
    if (!sigsetjmp(touched_it, 1))
        loop(1, 12345, SPAN, s->me, x[0], x[1], x[2], x[3], x[4], x[5]);
    return touched_at;
}

static void check_touches(struct scene *s, enum lb_op op, char *memory, char *object)
{
    char *second = memory + 5 * 4096;

    assert_int_equal(run_into(s, op, memory, second), 0);
    for (size_t page = 1; page < 5; page++) {
        char *wanted = object + page * 4096;
        assert_int_equal(mprotect(wanted, 4096, PROT_NONE), 0);
        assert_int_equal(run_into(s, op, memory, second), (uintptr_t)wanted);
        assert_int_equal(mprotect(wanted, 4096, PROT_READ | PROT_WRITE), 0);
    }
}

static void test_fields_are_loaded(void **state)
{
    static const enum lb_op ops[] = {LB_OP_READ, LB_OP_OBSERVE, LB_OP_NESTED, LB_OP_MANY,
                                     LB_OP_MIX};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO}, before[2];
    char *memory =
        mmap(NULL, 10 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(memory != MAP_FAILED);
    sigaction(SIGSEGV, &action, &before[0]);
    sigaction(SIGBUS, &action, &before[1]);
    for (size_t i = 0; i < LB_COUNT(ops); i++) {
        check_touches(*state, ops[i], memory, memory);
        if (ops[i] == LB_OP_NESTED)
            check_touches(*state, ops[i], memory, memory + 5 * 4096);
    }
    sigaction(SIGSEGV, &before[0], NULL);
    sigaction(SIGBUS, &before[1], NULL);
    munmap(memory, 10 * 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loops_that_lock),
        cmocka_unit_test(test_mix_writes_its_share),
        cmocka_unit_test(test_straight_lines),
        cmocka_unit_test(test_loops_of_words),
        cmocka_unit_test(test_observe_and_empty_write_nothing),
        cmocka_unit_test(test_reads_fall_back),
        cmocka_unit_test(test_hot_find),
        cmocka_unit_test(test_words_of_a_role),
        cmocka_unit_test(test_accesses_have_room),
        cmocka_unit_test(test_field_sites),
        cmocka_unit_test(test_field_sharing),
        cmocka_unit_test(test_field_loops),
        cmocka_unit_test(test_fields_are_loaded),
    };

    return cmocka_run_group_tests_name("loops", tests, setup, teardown);
}
