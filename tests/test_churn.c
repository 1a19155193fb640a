/* SPDX-License-Identifier: MIT
 *
 * Churn: that every object is free or alive after any number of ops, that a double free is found,
 * and what memory comes to.
 */
#include <linebounce/scenario.h>
#include <linebounce/workload.h>

#include "support/small_arena.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LIVE 100

static struct lb_workload shape_of(enum lb_scenario_kind kind, const struct lb_layout *layout,
                                   int threads)
{
    return (struct lb_workload){.scenario = &lb_scenarios[kind],
                                .layout = layout,
                                .lock = layout->lock,
                                .threads = threads,
                                .objects = LIVE};
}

static void run(const struct lb_workload *s, const struct lb_site *site, uint64_t ops)
{
    lb_hot *loop = lb_hot_find(s->scenario->roles[0].op, s->lock, lb_workload_indirect(s), false);

    assert_non_null(loop);
    loop(ops, 1, LB_SPAN_LEAST, lb_task_get(tasks, 0), site->x[0], 0, 0, 0, 0, 0);
}

/* Every layout and both allocators; counts that do and do not come round the ring. */
static void test_ops_lose_nothing(void **state)
{
    static const uint64_t ops[] = {1, 7, LIVE, 3 * LIVE + 1, 5000};

    (void)state;
    for (size_t l = 0; l < lb_n_layouts; l++)
        for (int kind = LB_SCENARIO_CHURN_SLAB; kind <= LB_SCENARIO_CHURN_MALLOC; kind++) {
            struct lb_workload s = shape_of((enum lb_scenario_kind)kind, &lb_layouts[l], 2);
            struct lb_draw draw = {.seed = l};
            struct lb_site sites[2];
            struct lb_placed placed;
            assert_true(lb_workload_bytes(&s) <= ARENA_BYTES / 2);
            assert_int_equal(lb_workload_place(&s, &draw, arena, ARENA_BYTES, NULL, sites, &placed),
                             0);
            for (size_t i = 0; i < LB_COUNT(ops); i++) {
                run(&s, &sites[i % 2], ops[i]);
                assert_int_equal(lb_workload_check(&s, &draw, arena), 0);
            }
            lb_workload_release(&s, &draw, arena);
        }
}

/* What a born object holds: nothing but the pointer to its lock. */
static void test_objects_are_cleared(void **state)
{
    const struct lb_layout *layout;
    struct lb_draw draw = {.seed = 1};
    struct lb_site site;
    struct lb_placed placed;

    (void)state;
    assert_int_equal(lb_layout_find("pointer", NULL, &layout), 0);
    struct lb_workload s = shape_of(LB_SCENARIO_CHURN_SLAB, layout, 1);
    assert_int_equal(lb_workload_place(&s, &draw, arena, ARENA_BYTES, NULL, &site, &placed), 0);
    const struct lb_churn *c = (const struct lb_churn *)site.x[0];
    assert_int_equal(c->n_live, LIVE);
    for (size_t i = 0; i < LIVE; i++)
        memset((void *)(c->live[i] + 8), 0xff, 32);
    run(&s, &site, LIVE);
    for (size_t i = 0; i < LIVE; i++) {
        uintptr_t lock = *(uintptr_t *)(c->live[i] + layout->slot_offset);
        for (size_t at = 0; at < layout->size_bytes; at += 8)
            if (at != layout->slot_offset)
                assert_int_equal(*(uint64_t *)(c->live[i] + at), 0);
        assert_uint_in_range(lock, (uintptr_t)arena, (uintptr_t)arena + ARENA_BYTES);
        assert_int_equal(*(uint64_t *)lock, 0);
    }
}

static void test_unsound_lists_are_found(void **state)
{
    struct lb_workload s = shape_of(LB_SCENARIO_CHURN_SLAB, &lb_layouts[0], 1);
    struct lb_draw draw = {.seed = 1};
    struct lb_site site;
    struct lb_placed placed;
    struct lb_churn *c;
    uintptr_t kept;

    (void)state;
    assert_int_equal(lb_workload_place(&s, &draw, arena, ARENA_BYTES, NULL, &site, &placed), 0);
    c = (struct lb_churn *)site.x[0];
    assert_int_equal(lb_workload_check(&s, &draw, arena), 0);
    kept = c->live[3];
    c->live[3] = c->live[4]; /* one twice, one lost */
    assert_int_equal(lb_workload_check(&s, &draw, arena), -EBUSY);
    c->live[3] = kept + 8; /* a stranger */
    assert_int_equal(lb_workload_check(&s, &draw, arena), -EBUSY);
    c->live[3] = kept;
    *(uintptr_t *)kept = c->free_objects; /* alive and free at once */
    c->free_objects = kept;
    assert_int_equal(lb_workload_check(&s, &draw, arena), -EBUSY);
}

/* The same seed, the same order of objects; threads share no page. */
static void test_order_and_regions(void **state)
{
    struct lb_workload s = shape_of(LB_SCENARIO_CHURN_SLAB, &lb_layouts[0], 2);
    struct lb_draw draw = {.seed = 42};
    struct lb_site sites[2];
    struct lb_placed placed;
    uintptr_t first[LIVE];

    (void)state;
    assert_int_equal(lb_workload_place(&s, &draw, arena, ARENA_BYTES, NULL, sites, &placed), 0);
    const struct lb_churn *c = (const struct lb_churn *)sites[0].x[0];
    memcpy(first, c->live, sizeof first);
    assert_int_equal(sites[1].x[0] % 4096, sites[0].x[0] % 4096);
    for (size_t i = 0; i < LIVE; i++)
        assert_true(first[i] < sites[1].x[0]);
    assert_int_equal(lb_workload_place(&s, &draw, arena, ARENA_BYTES, NULL, sites, &placed), 0);
    assert_memory_equal(first, c->live, sizeof first);
    draw.seed = 43;
    assert_int_equal(lb_workload_place(&s, &draw, arena, ARENA_BYTES, NULL, sites, &placed), 0);
    assert_true(memcmp(first, c->live, sizeof first) != 0);
}

static void test_heap_bytes(void **state)
{
    (void)state;
    for (size_t l = 0; l < lb_n_layouts; l++) {
        const struct lb_layout *layout = &lb_layouts[l];
        size_t least =
            layout->size_bytes + (layout->separate ? lb_lock_info(layout->lock)->bytes : 0);
        double bytes = -1;
        int err = lb_churn_heap_bytes(layout, layout->lock, &bytes);
        if (err == -ENOTSUP) {
            print_message("this C library does not say what its heap holds\n");
            skip();
        }
        assert_int_equal(err, 0);
        assert_true(bytes >= (double)least && bytes < 3.0 * (double)least + 256);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ops_lose_nothing),
        cmocka_unit_test(test_objects_are_cleared),
        cmocka_unit_test(test_unsound_lists_are_found),
        cmocka_unit_test(test_order_and_regions),
        cmocka_unit_test(test_heap_bytes),
    };

    return cmocka_run_group_tests(tests, make_arena, drop_arena);
}
