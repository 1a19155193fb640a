/* SPDX-License-Identifier: MIT
 *
 * An op that is timed does what its loop does, and ticks are sound.
 */
#include <linebounce/clock.h>
#include <linebounce/scenario.h>

#include "support/loop_scene.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Timed ops */

static bool timed_here(void)
{
    if (lb_hot_timed_find(LB_OP_EMPTY, LB_LOCK_RWSEM40, false))
        return true;
    assert_null(lb_hot_timed_name(0));
    print_message("skipped: no ordered time-stamp on this architecture\n");
    return false;
}

static struct lb_timed run_timed(struct scene *s, enum lb_op op, const uintptr_t *x, uint64_t rng)
{
    const struct lb_layout *l = s->shape.layout;
    lb_hot_timed *timed = lb_hot_timed_find(op, s->shape.lock, l && l->indirect);

    assert_non_null(timed);
    return timed(rng, s->me, x[0], x[1], x[2], x[3], x[4], x[5]);
}

/* From the same start, the loop with one op and the timed op leave the same bytes, statistics and
 * generator. `pick`: at which word of the draw, for MANY. */
static void compare_timed(struct scene *s, enum lb_op op, uint64_t rng, size_t pick)
{
    static char after[ARENA_BYTES];
    const struct lb_layout *l = s->shape.layout;
    lb_hot *loop = lb_hot_find(op, s->shape.lock, l && l->indirect, false);
    struct lb_lock_stats before, looped, did;
    uintptr_t x[6];
    uint64_t end;

    place(s);
    memcpy(x, s->sites[0].x, sizeof x);
    if (op == LB_OP_MANY)
        x[3] += 4 * pick;
    lb_task_stats(s->me, &before);
    end = loop(1, rng, SPAN, s->me, x[0], x[1], x[2], x[3], x[4], x[5]);
    looped = stats_since(s, &before);
    memcpy(after, s->arena, ARENA_BYTES);
    place(s);
    lb_task_stats(s->me, &before);
    struct lb_timed timed = run_timed(s, op, x, rng);
    did = stats_since(s, &before);
    assert_int_equal(timed.rng, end);
    assert_memory_equal(&did, &looped, sizeof did);
    assert_memory_equal(s->arena, after, ARENA_BYTES);
    assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
}

static void test_timed_ops_do_what_loops_do(void **state)
{
    struct scene *s = *state;
    int ran = 0;

    if (!timed_here())
        skip();
    draw(s, 51, 3);
    for (size_t k = 0; k < LB_COUNT(locking); k++)
        for (size_t l = 0; l < lb_n_layouts; l++)
            for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++) {
                if (lb_scenario_allows(&lb_scenarios[locking[k].kind], &lb_layouts[l], lock, NULL))
                    continue;
                stage(s, locking[k].kind, &lb_layouts[l], lock, 2);
                compare_timed(s, locking[k].op, 12345, l);
                ran++;
            }
    assert_true(ran > 250);
    for (size_t k = 0; k < LB_COUNT(plain); k++) {
        stage(s, plain[k].kind, layout("pointer"), LB_LOCK_RWSEM40, 2);
        compare_timed(s, plain[k].op, 12345, 0);
    }
}

static void test_timed_fields_do_what_loops_do(void **state)
{
    struct scene *s = *state;

    if (!timed_here())
        skip();
    draw(s, 63, 3);
    for (size_t k = 0; k < LB_COUNT(on_fields); k++)
        for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++) {
            if (lb_scenario_allows(&lb_scenarios[on_fields[k].kind], &fields_inline, lock, NULL))
                continue;
            stage(s, on_fields[k].kind, &fields_inline, lock, 2);
            compare_timed(s, on_fields[k].op, 12345, 0);
        }
}

static void test_timed_mix_draws_as_its_loop(void **state)
{
    struct scene *s = *state;
    int writes = 0;

    if (!timed_here())
        skip();
    draw(s, 52, 3);
    stage(s, LB_SCENARIO_MIXED, layout("pointer"), LB_LOCK_RWSEM40, 2);
    s->shape.writers = (struct lb_writers){0, 0.5};
    for (uint64_t rng = 1; rng < 1000; rng += 37) {
        uint64_t seed = rng << 40 | rng;

        compare_timed(s, LB_OP_MIX, seed, 0);
        assert_int_equal(run_timed(s, LB_OP_MIX, s->sites[0].x, seed).rng, xorshift(seed));
        writes += *s->sites[0].program.mm.seq > LB_MM_SEQ_FIRST;
    }
    assert_uint_in_range(writes, 5, 22); /* of 27 */
}

/* The op is done to the object of the word at the cursor, and to no other. */
static void test_timed_many_takes_the_pick_at_its_cursor(void **state)
{
    struct scene *s = *state;

    if (!timed_here())
        skip();
    draw(s, 53, 3);
    for (size_t at = 0; at < 20; at++) {
        uintptr_t x[6], picked_owner;

        stage_many(s, layout(at % 2 ? "pointer" : "embedded"), 1000, 2, LB_PICK_SHARED_UNIFORM);
        memcpy(x, s->sites[1].x, sizeof x);
        x[3] += 4 * at;
        picked_owner = (uintptr_t)lock_at(s, lock_word(s, 1) + 8 * (uintptr_t) * (uint32_t *)x[3]) +
                       offsetof(struct lb_rwsem40, owner);
        assert_int_equal(*(uint64_t *)picked_owner, 0);
        run_timed(s, LB_OP_MANY, x, 12345);
        assert_int_equal(*(uint64_t *)picked_owner, (uintptr_t)s->me | LB_OWNER_READER);
    }
}

static void test_timed_reads_fall_back(void **state)
{
    struct scene *s = *state;

    if (!timed_here())
        skip();
    draw(s, 54, 3);
    for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++) {
        struct lb_lock_stats before;

        if (lb_lock_info(lock)->lockless_reads)
            continue;
        stage(s, LB_SCENARIO_SAME_OBJECT, layout("padded"), lock, 2);
        place(s);
        *seq_word(s, 0) = *s->sites[0].program.mm.seq;
        lb_task_stats(s->me, &before);
        assert_int_equal(run_timed(s, LB_OP_READ, s->sites[0].x, 12345).rng, 12345);
        assert_int_equal(stats_since(s, &before).fallbacks, 1);
        assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
    }
}

#define TIMED_RUNS 20000

/* The stamps lie within readings taken around the call, and time goes by between them: with steps
 * below a microsecond some of the runs, which take at least 100 us together, see a step. */
static void test_ticks(void **state)
{
    struct scene *s = *state;
    struct lb_clock clock;
    cpu_set_t all, here;
    uint64_t sum = 0;

    if (!timed_here())
        skip();
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&here);
    CPU_SET(sched_getcpu(), &here);
    assert_int_equal(sched_setaffinity(0, sizeof here, &here), 0);
    assert_int_equal(lb_clock_init(LB_CLOCK_TSC, &clock), 0);
    draw(s, 55, 3);
    stage(s, LB_SCENARIO_SAME_OBJECT, layout("pointer"), LB_LOCK_RWSEM40, 2);
    place(s);
    for (int i = 0; i < TIMED_RUNS; i++) {
        uint64_t before = lb_clock_raw();
        uint64_t ticks = run_timed(s, i % 8 ? LB_OP_READ : LB_OP_EMPTY, s->sites[0].x, 1).ticks;

        assert_true(ticks <= lb_clock_raw() - before);
        if (i % 8)
            sum += ticks;
    }
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
    if (clock.kind == LB_CLOCK_MONOTONIC || clock.step_ns > 1000)
        print_message("ticks are not looked at: %s\n", clock.note);
    else
        assert_true(sum > 0);
}

static void test_hot_timed_find(void **state)
{
    lb_hot_timed *found[(int)LB_RULES * LB_OPS * LB_LOCK_KINDS * 2];
    size_t n = 0, names = 0;

    (void)state;
    if (!timed_here())
        skip();
    for (enum lb_rules rules = 0; rules < LB_RULES; rules++)
        for (int op = 0; op < LB_OPS; op++)
            for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++)
                for (int indirect = 0; indirect < 2; indirect++) {
                    lb_hot_timed *timed =
                        lb_hot_timed_find_by(rules, (enum lb_op)op, lock, indirect);
                    bool known = false;

                    assert_int_equal(timed != NULL, has_loop((enum lb_op)op, lock, indirect));
                    for (size_t i = 0; i < n; i++)
                        known |= found[i] == timed;
                    if (timed && !known)
                        found[n++] = timed;
                }
    for (; lb_hot_timed_name(names); names++) {
        const char *name = lb_hot_timed_name(names);

        assert_int_equal(strncmp(name, "hot_", 4), 0);
        assert_string_equal(name + strlen(name) - strlen("_timed"), "_timed");
        for (size_t i = 0; i < names; i++)
            assert_string_not_equal(lb_hot_timed_name(i), name);
    }
    assert_int_equal(names, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timed_fields_do_what_loops_do),
        cmocka_unit_test(test_timed_ops_do_what_loops_do),
        cmocka_unit_test(test_timed_mix_draws_as_its_loop),
        cmocka_unit_test(test_timed_many_takes_the_pick_at_its_cursor),
        cmocka_unit_test(test_timed_reads_fall_back),
        cmocka_unit_test(test_ticks),
        cmocka_unit_test(test_hot_timed_find),
    };

    return cmocka_run_group_tests_name("timed_ops", tests, setup, teardown);
}
