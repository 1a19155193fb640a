/* SPDX-License-Identifier: MIT
 *
 * The scenario whatif: which words of an object its threads touch, how, and what a moved copy is
 * compared to.
 */
#include <linebounce/plan.h>
#include <linebounce/scenario.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_BYTES ((size_t)8 << 20)
#define OPS         1000

struct scene {
    struct lb_arena *memory;
    char *arena;
    struct lb_layout layout;
    struct lb_shape shape;
    struct lb_draw draw;
    struct lb_site sites[4];
    struct lb_placed placed;
};

static int set_up(void **state)
{
    static struct scene s;
    struct lb_arena_info info;

    memset(&s, 0, sizeof s);
    if (lb_arena_create(ARENA_BYTES, -1, NULL, &s.memory))
        return -1;
    lb_arena_info(s.memory, &info);
    s.arena = info.base;
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    lb_arena_destroy(s->memory);
    return 0;
}

static struct lb_layout layout_of(const char *name, enum lb_write write, size_t n_reads,
                                  const size_t *reads, size_t n_writes, const size_t *writes)
{
    struct lb_layout l = {.size_bytes = 512,
                          .align_bytes = 64,
                          .lock = LB_LOCK_LOCKED_ADDS,
                          .lock_room_bytes = 8,
                          .lock_align_bytes = 8,
                          .lock_offset = writes[0],
                          .write = write,
                          .reads.n = n_reads,
                          .writes.n = n_writes};

    snprintf(l.name, sizeof l.name, "%s", name);
    memcpy(l.reads.offset, reads, n_reads * sizeof *reads);
    memcpy(l.writes.offset, writes, n_writes * sizeof *writes);
    return l;
}

static void stage(struct scene *s, const struct lb_layout *layout, int threads, uint64_t seed)
{
    s->layout = *layout;
    s->shape = (struct lb_shape){.scenario = &lb_scenarios[LB_SCENARIO_WHATIF],
                                 .layout = &s->layout,
                                 .lock = layout->lock,
                                 .threads = threads};
    assert_int_equal(
        lb_draw_init(&seed, 0, ARENA_BYTES, lb_shape_bytes(&s->shape) + 4096, &s->draw), 0);
    assert_int_equal(
        lb_shape_place(&s->shape, &s->draw, s->arena, ARENA_BYTES, NULL, s->sites, &s->placed), 0);
}

static void run(struct scene *s, int thread, uint64_t ops, uint64_t rng)
{
    lb_hot *loop = lb_hot_find(lb_shape_op(&s->shape, thread), s->shape.lock, false, false);
    const uintptr_t *x = s->sites[thread].x;

    assert_non_null(loop);
    loop(ops, rng, LB_SPAN_LEAST, NULL, x[0], x[1], x[2], x[3], x[4], x[5]);
}

static const size_t all_words[LB_TOUCHED_MOST] = {0, 8, 64, 128, 200, 504};

/* Half read and half write one object, at the offsets that the layout names. */
static void test_sites(void **state)
{
    struct scene *s = *state;
    const size_t reads[] = {8, 200}, writes[] = {64};
    struct lb_layout l = layout_of("x", LB_WRITE_ADD, 2, reads, 1, writes);

    for (uint64_t seed = 1; seed < 50; seed++) {
        stage(s, &l, 3, seed);
        uintptr_t object = s->sites[0].x[0] - 8;
        assert_int_equal(object % 64, 0);
        assert_int_equal(s->sites[0].x[1], object + 200);
        assert_int_equal(s->sites[1].x[0], object + 8);
        assert_int_equal(s->sites[2].x[0], object + 64);
        assert_int_equal(s->sites[2].x[1], 0);
        assert_int_equal(s->placed.lock_residue, 0);
        assert_int_equal(lb_shape_check(&s->shape, &s->draw, s->arena), 0);
    }
}

/* Each op does what it says, to every word once, with every number of words. */
static void test_ops_change_words(void **state)
{
    struct scene *s = *state;

    for (int write = 0; write < LB_WRITES; write++)
        for (size_t n = 1; n <= LB_TOUCHED_MOST; n++) {
            struct lb_layout l = layout_of("x", (enum lb_write)write, n, all_words, n, all_words);
            stage(s, &l, 2, 7);
            for (size_t i = 0; i < LB_TOUCHED_MOST; i++)
                *(uint64_t *)(s->sites[1].x[0] + all_words[i] - all_words[0]) = 5;
            run(s, 0, OPS, 77); /* the reader changes nothing */
            for (size_t i = 0; i < LB_TOUCHED_MOST; i++)
                assert_int_equal(*(uint64_t *)(s->sites[1].x[0] + all_words[i]), 5);
            run(s, 1, OPS, 77);
            for (size_t i = 0; i < LB_TOUCHED_MOST; i++) {
                uint64_t wanted = i >= n ? 5 : write == LB_WRITE_STORE ? 77 : 5 + OPS;
                assert_int_equal(*(uint64_t *)(s->sites[1].x[0] + all_words[i]), wanted);
            }
        }
}

static void test_names(void **state)
{
    (void)state;
    struct lb_why why;
    enum lb_write write;

    for (int i = 0; i < LB_WRITES; i++) {
        assert_int_equal(lb_write_parse(lb_write_name((enum lb_write)i), &why, &write), 0);
        assert_int_equal(write, i);
    }
    assert_int_equal(lb_write_parse("poke", &why, &write), -EINVAL);
    assert_non_null(strstr(why.text, "'poke'"));
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
    const size_t reads[] = {0}, writes[] = {8}, moved[] = {64};
    const struct lb_scenario *scenario = &lb_scenarios[LB_SCENARIO_WHATIF];
    const double work = 200;
    struct lb_layout layouts[4];
    struct lb_topology *t;
    struct lb_plan *p;
    struct lb_why why;

    for (int i = 0; i < 4; i += 2) {
        layouts[i] = layout_of(i ? "b" : "a", LB_WRITE_ADD, 1, reads, 1, writes);
        layouts[i + 1] = layout_of(i ? "b:moved" : "a:moved", LB_WRITE_ADD, 1, reads, 1, moved);
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
        cmocka_unit_test(test_sites), cmocka_unit_test(test_ops_change_words),
        cmocka_unit_test(test_names), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bases),
    };

    return cmocka_run_group_tests_name("touch", tests, set_up, tear_down);
}
