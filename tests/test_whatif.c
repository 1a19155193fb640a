/* SPDX-License-Identifier: MIT
 *
 * The scenario whatif: which words of an object its threads touch, how, and what a moved copy is
 * compared to.
 */
#include <linebounce/plan.h>
#include <linebounce/scenario.h>

#include "support/small_arena.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OPS 1000

struct scene {
    struct lb_layout layout;
    struct lb_workload shape;
    struct lb_draw draw;
    struct lb_site sites[4];
    struct lb_placed placed;
    struct lb_task_set *tasks;
};

static int set_up(void **state)
{
    static struct scene s;

    memset(&s, 0, sizeof s);
    if (lb_task_set_create(1, &s.tasks))
        return -1;
    *state = &s;
    return make_arena(state);
}

static int tear_down(void **state)
{
    lb_task_set_destroy(((struct scene *)*state)->tasks);
    return drop_arena(state);
}

static void add_words(struct lb_layout *l, enum lb_how how, int role, size_t n,
                      const uint16_t *offsets)
{
    for (size_t i = 0; i < n; i++) {
        struct lb_access access = {.offset = offsets[i],
                                   .bytes = 8,
                                   .how = (uint8_t)how,
                                   .roles = (uint8_t)LB_ROLE_BIT(role)};
        char name[8];
        snprintf(name, sizeof name, "w%u", offsets[i]);
        assert_int_equal(lb_layout_add(l, name, access, NULL), 0);
    }
}

static struct lb_layout layout_of(const char *name, enum lb_how how, size_t n_reads,
                                  const uint16_t *reads, size_t n_writes, const uint16_t *writes)
{
    struct lb_layout l = {.size_bytes = 512,
                          .align_bytes = 64,
                          .seq_offset = LB_NO_SEQ,
                          .lock = LB_LOCK_LOCKED_ADDS,
                          .lock_room_bytes = 8,
                          .lock_align_bytes = 8,
                          .lock_offset = writes[0]};

    snprintf(l.name, sizeof l.name, "%s", name);
    add_words(&l, LB_HOW_LOAD, 0, n_reads, reads);
    add_words(&l, how, 1, n_writes, writes);
    return l;
}

static void stage(struct scene *s, const struct lb_layout *layout, int threads, uint64_t seed)
{
    s->layout = *layout;
    s->shape = (struct lb_workload){.scenario = &lb_scenarios[LB_SCENARIO_WHATIF],
                                    .layout = &s->layout,
                                    .lock = layout->lock,
                                    .threads = threads};
    assert_int_equal(
        lb_draw_init(&seed, 0, ARENA_BYTES, lb_workload_bytes(&s->shape) + 4096, &s->draw), 0);
    assert_int_equal(
        lb_workload_place(&s->shape, &s->draw, arena, ARENA_BYTES, NULL, s->sites, &s->placed), 0);
}

static void run(struct scene *s, int thread, uint64_t ops, uint64_t rng)
{
    lb_hot *loop = lb_hot_find(lb_workload_op(&s->shape, thread), s->shape.lock, false, false);
    const uintptr_t *x = s->sites[thread].x;

    assert_non_null(loop);
    loop(ops, rng, LB_SPAN_LEAST, lb_task_get(s->tasks, 0), x[0], x[1], x[2], x[3], x[4], x[5]);
}

static const uint16_t all_words[LB_WRITES_MOST] = {0, 64, 200, 504};

/* Half read and half write one object, at the offsets that the layout names. */
static void test_sites(void **state)
{
    struct scene *s = *state;
    const uint16_t reads[] = {8, 200}, writes[] = {64};
    struct lb_layout l = layout_of("x", LB_HOW_ADD, 2, reads, 1, writes);

    for (uint64_t seed = 1; seed < 50; seed++) {
        stage(s, &l, 3, seed);
        assert_int_equal(s->sites[0].x[0] % 64, 0);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(s->sites[i].x[0], s->sites[0].x[0]);
            assert_ptr_equal(s->sites[i].x[1], &s->sites[i].program);
        }
        assert_int_equal(s->sites[1].program.load[0], 8);
        for (size_t k = 1; k < LB_LOADS; k++)
            assert_int_equal(s->sites[1].program.load[k], 200);
        assert_int_equal(s->sites[2].program.write[0], 64);
        assert_int_equal(s->placed.lock_residue, 0);
        assert_int_equal(lb_workload_check(&s->shape, &s->draw, arena), 0);
    }
}

/* Each op does what it says, to every word once, with every number of words. */
static void test_ops_change_words(void **state)
{
    struct scene *s = *state;

    for (int how = LB_HOW_STORE; how < LB_HOWS; how++)
        for (size_t n = 1; n <= LB_WRITES_MOST; n++) {
            struct lb_layout l = layout_of("x", (enum lb_how)how, n, all_words, n, all_words);
            stage(s, &l, 2, 7);
            uintptr_t object = s->sites[0].x[0];
            for (size_t i = 0; i < LB_WRITES_MOST; i++)
                *(uint64_t *)(object + all_words[i]) = 5;
            run(s, 0, OPS, 77); /* the reader changes nothing */
            for (size_t i = 0; i < LB_WRITES_MOST; i++)
                assert_int_equal(*(uint64_t *)(object + all_words[i]), 5);
            run(s, 1, OPS, 77);
            for (size_t i = 0; i < LB_WRITES_MOST; i++) {
                uint64_t wanted = i >= n ? 5 : how == LB_HOW_STORE ? 77 : 5 + OPS;
                assert_int_equal(*(uint64_t *)(object + all_words[i]), wanted);
            }
        }
}

/* A lock at 64 with all the room there is, and words of 4 bytes behind it. */
static struct lb_layout with_lock(enum lb_how how, enum lb_lock_kind kind, size_t n)
{
    const uint16_t reads[] = {0}, writes[] = {200, 208, 300, 504};
    struct lb_layout l = layout_of("x", LB_HOW_STORE, 1, reads, n ? n : 1, writes);

    l.taken = how;
    l.lock = kind;
    l.lock_offset = 64;
    l.lock_room_bytes = 128;
    if (!n)
        l.n_accesses--;
    return l;
}

static bool can(enum lb_how how, const struct lb_lock_info *info)
{
    bool takes = info->plain_writers || info->kind == LB_LOCK_SEQCOUNT;

    return how == LB_HOW_LOCK ? takes : how == LB_HOW_SHARE ? !info->lockless_reads : true;
}

/* In each way that a kind has: the words under it are written, those beside it are not, it was
 * changed as often as it says, and is free again. */
static void test_locks_are_taken(void **state)
{
    struct scene *s = *state;
    struct lb_why why;

    for (int how = LB_HOW_TAKE; how < LB_HOWS_ALL; how++)
        for (int kind = 0; kind < LB_LOCK_KINDS; kind++)
            for (size_t n = 0; n <= LB_WRITES_MOST; n++) {
                const struct lb_lock_info *info = lb_lock_info((enum lb_lock_kind)kind);
                struct lb_layout l = with_lock((enum lb_how)how, info->kind, n);
                int err = lb_scenario_allows(&lb_scenarios[LB_SCENARIO_WHATIF], &l, l.lock, &why);
                assert_int_equal(err, can((enum lb_how)how, info) ? 0 : -EINVAL);
                if (err)
                    continue;
                stage(s, &l, 2, 7);
                assert_true(lb_workload_locks(&s->shape));
                uintptr_t object = s->sites[0].x[0];
                memset((void *)(object + 192), 0, 512 - 192);
                run(s, 1, OPS, 77);
                assert_int_equal(*(uint32_t *)(object + 200), n > 0 ? 77 : 0);
                assert_int_equal(*(uint32_t *)(object + 204), 0);
                assert_int_equal(*(uint32_t *)(object + 208), n > 1 ? 77 : 0);
                assert_int_equal(*(uint32_t *)(object + 504), n > 3 ? 77 : 0);
                assert_int_equal(lb_workload_check(&s->shape, &s->draw, arena), 0);
                if (kind == LB_LOCK_SEQCOUNT || kind == LB_LOCK_SEQLOCK)
                    assert_int_equal(*(uint32_t *)(object + 64), 2 * OPS);
            }
}

/* Counts are referred to, others locked, unless it is said; blocking windows are for those who
 * wait. */
static void test_the_usual_way(void **state)
{
    struct lb_layout l = with_lock(LB_HOW_TAKE, LB_LOCK_LOCKREF, 1);
    struct lb_workload shape = {.scenario = &lb_scenarios[LB_SCENARIO_WHATIF],
                                .layout = &l,
                                .lock = LB_LOCK_LOCKREF,
                                .threads = 4};
    struct lb_why why;

    (void)state;
    assert_int_equal(lb_workload_op(&shape, 1), LB_OP_OBSERVE);
    assert_int_equal(lb_workload_op(&shape, 2), LB_OP_SHARE);
    assert_false(lb_workload_blocks(&shape));
    l.taken = LB_HOW_LOCK;
    assert_int_equal(lb_workload_op(&shape, 2), LB_OP_TAKE);
    assert_true(lb_workload_blocks(&shape));
    l.taken = LB_HOW_TAKE;
    shape.lock = LB_LOCK_RWSEM40;
    assert_int_equal(lb_workload_op(&shape, 2), LB_OP_TAKE);
    assert_int_equal(lb_workload_allows(&shape, &why), 0);
    shape.lock = LB_LOCK_SEQCOUNT;
    assert_int_equal(lb_workload_allows(&shape, &why), -EINVAL);
    assert_non_null(strstr(why.text, "of 4 threads 2 would write"));
    shape.threads = 2;
    assert_int_equal(lb_workload_allows(&shape, &why), 0);
    shape.lock = LB_LOCK_REFCOUNT;
    assert_int_equal(lb_workload_op(&shape, 1), LB_OP_SHARE);
    l.taken = LB_HOW_LOAD;
    assert_false(lb_workload_locks(&shape));
    assert_false(lb_workload_blocks(&shape));
}

static void test_names(void **state)
{
    (void)state;
    struct lb_why why;
    enum lb_how how;

    for (int i = LB_HOW_STORE; i < LB_HOWS_ALL; i++) {
        assert_int_equal(lb_how_parse(lb_how_name((enum lb_how)i), &why, &how), 0);
        assert_int_equal(how, i);
    }
    assert_true(lb_how_takes(LB_HOW_TAKE) && lb_how_takes(LB_HOW_SHARE));
    assert_false(lb_how_takes(LB_HOW_LOAD) || lb_how_takes(LB_HOW_CAS));
    assert_int_equal(lb_how_parse("poke", &why, &how), -EINVAL);
    assert_non_null(strstr(why.text, "'poke'"));
    assert_int_equal(lb_how_parse("load", &why, &how), -EINVAL); /* is no way to write */
}

/* A layout that does not say what is touched has no part in it. */
static void test_refused(void **state)
{
    (void)state;
    const struct lb_layout *pointer;
    struct lb_why why;

    assert_int_equal(lb_layout_find("pointer", &why, &pointer), 0);
    assert_int_equal(
        lb_scenario_allows(&lb_scenarios[LB_SCENARIO_WHATIF], pointer, LB_LOCK_RWSEM40, &why),
        -EINVAL);
    assert_non_null(strstr(why.text, "which fields are read"));
}

/* A moved copy is compared to what it was moved from, of two structures in one plan. */
static void test_bases(void **state)
{
    (void)state;
    const uint16_t reads[] = {0}, writes[] = {8}, moved[] = {64};
    const struct lb_scenario *scenario = &lb_scenarios[LB_SCENARIO_WHATIF];
    const double work = 200;
    struct lb_layout layouts[4];
    struct lb_topology *t;
    struct lb_plan *p;
    struct lb_why why;

    for (int i = 0; i < 4; i += 2) {
        layouts[i] = layout_of(i ? "b" : "a", LB_HOW_ADD, 1, reads, 1, writes);
        layouts[i + 1] = layout_of(i ? "b:moved" : "a:moved", LB_HOW_ADD, 1, reads, 1, moved);
        memcpy(layouts[i + 1].moved_from, layouts[i].name, sizeof layouts[i].name);
    }
    struct lb_request r = {.suite = "whatif",
                           .scenarios = &scenario,
                           .n_scenarios = 1,
                           .layouts = layouts,
                           .n_layouts = 4,
                           .work_ns = &work,
                           .n_work_ns = 1};
    assert_int_equal(lb_topology_load("pack:1 l3:1 core:2 pu:1", &why, &t), 0);
    assert_int_equal(lb_plan_create(&r, t, &why, &p), 0);
    size_t seen = 0;
    for (size_t i = 0; i < p->n_cases; i++) {
        const struct lb_case *c = &p->cases[i];
        if (c->shape.scenario != scenario)
            continue;
        const char *from = c->shape.layout->moved_from;
        assert_int_equal(c->base >= 0, *from != '\0');
        if (c->base >= 0)
            assert_string_equal(p->cases[c->base].shape.layout->name, from);
        seen++;
    }
    assert_int_equal(seen, 4);
    lb_plan_destroy(p);
    lb_topology_destroy(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sites),           cmocka_unit_test(test_ops_change_words),
        cmocka_unit_test(test_locks_are_taken), cmocka_unit_test(test_the_usual_way),
        cmocka_unit_test(test_names),           cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bases),
    };

    return cmocka_run_group_tests_name("touch", tests, set_up, tear_down);
}
