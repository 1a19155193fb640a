/* SPDX-License-Identifier: MIT
 *
 * A small arena with a scene in it: a layout in a scenario, drawn and placed.
 */
#ifndef LB_TESTS_SCENE_H
#define LB_TESTS_SCENE_H

#include <linebounce/scenario.h>

#include "cases.h"
#include "workload/workload_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_BYTES  ((size_t)4 << 20)
#define THREADS_MOST 24

/* A case and what lb_workload_place made of it. */
struct scene {
    struct lb_arena *memory;
    char *arena;
    uint32_t *picks;
    struct lb_task_set *tasks;
    struct lb_task *me;
    struct lb_workload shape;
    struct lb_draw draw;
    struct lb_site sites[THREADS_MOST];
    struct lb_placed placed;
};

static inline int setup(void **state)
{
    static struct scene scene;
    struct lb_arena_info info;

    memset(&scene, 0, sizeof scene);
    if (lb_arena_create(ARENA_BYTES, -1, NULL, &scene.memory) ||
        lb_task_set_create(2, &scene.tasks))
        return -1;
    lb_arena_info(scene.memory, &info);
    scene.arena = info.base;
    scene.picks = calloc(LB_PICKS, sizeof *scene.picks);
    scene.me = lb_task_get(scene.tasks, 0);
    *state = &scene;
    return scene.picks ? 0 : -1;
}

static inline int teardown(void **state)
{
    struct scene *s = *state;

    lb_arena_destroy(s->memory);
    lb_task_set_destroy(s->tasks);
    free(s->picks);
    return 0;
}

static inline void draw(struct scene *s, uint64_t seed, unsigned turn)
{
    assert_int_equal(lb_draw_init(&seed, turn, ARENA_BYTES, ARENA_BYTES / 8, &s->draw), 0);
}

static inline void place(struct scene *s)
{
    assert_int_equal(lb_workload_place(&s->shape, &s->draw, s->arena, ARENA_BYTES, s->picks,
                                       s->sites, &s->placed),
                     0);
}

static inline void stage(struct scene *s, enum lb_scenario_kind kind, const struct lb_layout *l,
                         enum lb_lock_kind lock, int threads)
{
    s->shape = (struct lb_workload){.scenario = &lb_scenarios[kind],
                                    .layout = l,
                                    .lock = lock,
                                    .threads = threads,
                                    .writers = {1, 0},
                                    .objects = 100};
    if (!s->shape.scenario->subject->uses_layout)
        s->shape.layout = NULL;
    assert_true(threads <= THREADS_MOST);
}

/* The lock that the word at `at` is or points to. */
static inline void *lock_at(const struct scene *s, uintptr_t at)
{
    return (void *)(s->shape.layout->indirect ? *(uintptr_t *)at : at);
}

static inline uintptr_t offset_of(const struct scene *s, const void *address)
{
    uintptr_t offset = (uintptr_t)address - (uintptr_t)s->arena;

    assert_uint_in_range(offset, 0, ARENA_BYTES - 1);
    return offset;
}

static inline bool overlap(uintptr_t a, size_t a_bytes, uintptr_t b, size_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

static inline uintptr_t lock_word(const struct scene *s, int i)
{
    return s->sites[i].x[0] + s->sites[i].program.lock;
}

static inline uint32_t *seq_word(const struct scene *s, int i)
{
    return (uint32_t *)(s->sites[i].x[0] + s->sites[i].program.seq);
}

static inline void check_object(const struct scene *s, uintptr_t base, uintptr_t lock_word)
{
    const struct lb_layout *l = s->shape.layout;
    const struct lb_lock_info *info = lb_lock_info(s->shape.lock);
    uintptr_t lock = (uintptr_t)lock_at(s, lock_word);
    uintptr_t mm = (uintptr_t)s->arena + lb_workload_mm(&s->shape, &s->draw);
    struct lb_geometry g;

    assert_int_equal(lb_geometry_init(l, s->shape.lock, NULL, &g), 0);
    offset_of(s, (void *)base);
    offset_of(s, (void *)(base + l->size_bytes - 1));
    offset_of(s, (void *)lock);
    offset_of(s, (void *)(lock + info->bytes - 1));
    assert_int_equal(base % g.object.align_bytes, 0);
    assert_int_equal(lock % info->align_bytes, 0);
    assert_false(overlap(base, l->size_bytes, mm, LB_MM_BYTES));
    assert_false(overlap(lock, info->bytes, mm, LB_MM_BYTES));
    if (l->separate) {
        assert_int_equal(lock_word, base + l->slot_offset);
        assert_int_equal(lock % g.lock.align_bytes, 0);
        assert_false(overlap(base, l->size_bytes, lock, info->bytes));
    } else {
        assert_int_equal(lock, base + l->lock_offset);
    }
    assert_true(lb_lock_is_idle(s->shape.lock, (void *)lock));
}

static inline void check_first(const struct scene *s)
{
    uintptr_t lock = offset_of(s, lock_at(s, lock_word(s, 0)));
    uintptr_t count = lock + lb_lock_info(s->shape.lock)->count_offset;
    uintptr_t base = offset_of(s, (void *)s->sites[0].x[0]);

    assert_int_equal(count / LB_LINE_PAIR_BYTES, s->draw.lock_lines / LB_LINE_PAIR_BYTES);
    assert_int_equal(s->placed.line_offset, count / LB_LINE_BYTES * LB_LINE_BYTES);
    assert_int_equal(s->placed.lock_residue, lock % LB_LINE_BYTES);
    assert_int_equal(s->placed.object_residue, base % LB_LINE_BYTES);
}

/* Every field that the thread's role reads, each at its offset, and nothing else. */
static inline void check_program(const struct scene *s, int i)
{
    const struct lb_program *p = &s->sites[i].program;
    uint16_t loads[LB_LOADS];
    size_t n = lb_layout_loads(
        s->shape.layout,
        lb_scenario_role(s->shape.scenario, &s->shape.writers, i, s->shape.threads), loads);

    assert_ptr_equal(s->sites[i].x[1], p);
    assert_int_equal((uintptr_t)p % LB_APART_BYTES, 0);
    for (size_t k = 0; k < LB_LOADS; k++)
        assert_int_equal(p->load[k], loads[k < n ? k : n - 1]);
}

static inline void check_sites(const struct scene *s)
{
    const struct lb_layout *l = s->shape.layout;
    const struct lb_mm *mm = &s->sites[0].program.mm;

    assert_int_equal(*mm->seq, LB_MM_SEQ_FIRST);
    assert_int_equal(lb_workload_mm(&s->shape, &s->draw) % LB_APART_BYTES, 0);
    assert_true(lb_lock_is_idle(mm->lock_kind, mm->lock));
    for (int i = 0; i < s->shape.threads; i++) {
        const struct lb_program *p = &s->sites[i].program;
        const uintptr_t *x = s->sites[i].x;

        assert_ptr_equal(x[2], mm->seq);
        assert_ptr_equal(p->mm.seq, mm->seq);
        check_program(s, i);
        check_object(s, x[0], x[0] + p->lock);
        assert_int_equal(p->seq, l->seq_offset);
        assert_int_equal(x[4], p->seq | p->lock << 16);
        assert_int_equal(*seq_word(s, i), 0);
        if (s->shape.scenario->kind == LB_SCENARIO_NESTED)
            check_object(s, x[0] + p->second, x[0] + p->second + p->lock);
    }
    check_first(s);
}

static const enum lb_scenario_kind with_objects[] = {
    LB_SCENARIO_SAME_OBJECT, LB_SCENARIO_NEIGHBOURS, LB_SCENARIO_OBSERVER,    LB_SCENARIO_MIXED,
    LB_SCENARIO_WRITERS,     LB_SCENARIO_NESTED,     LB_SCENARIO_UNCONTENDED,
};

static inline void stage_many(struct scene *s, const struct lb_layout *l, size_t objects,
                              int threads, enum lb_picking access)
{
    stage(s, LB_SCENARIO_MANY, l, l->lock, threads);
    s->shape.objects = objects;
    s->shape.access = access;
    place(s);
    assert_int_equal(s->placed.draw_words, LB_PICKS);
    assert_int_equal(s->placed.lock_residue, -1);
    assert_int_equal(s->placed.object_residue, -1);
    assert_int_equal(s->placed.line_offset, -1);
    assert_int_equal(s->placed.shares, -1);
}

#endif
