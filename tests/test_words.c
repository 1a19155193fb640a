/* SPDX-License-Identifier: MIT
 *
 * Scenarios on words: where the words lie, what the hot loops do to them, and what is found wrong
 * after a window.
 */
#include <linebounce/scenario.h>
#include <linebounce/workload.h>

#include "support/small_arena.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define THREADS_MOST 16
#define OPS          1000

struct scene {
    struct lb_workload shape;
    struct lb_draw draw;
    struct lb_site sites[THREADS_MOST];
    struct lb_placed placed;
};

static int set_up(void **state)
{
    static struct scene s;

    memset(&s, 0, sizeof s);
    *state = &s;
    return make_arena(state);
}

static void stage(struct scene *s, enum lb_scenario_kind kind, size_t offset, int threads,
                  uint64_t seed)
{
    s->shape = (struct lb_workload){.scenario = &lb_scenarios[kind],
                                    .lock = LB_LOCK_PTHREAD_MUTEX,
                                    .threads = threads,
                                    .offset_bytes = offset};
    assert_int_equal(
        lb_draw_init(&seed, 0, ARENA_BYTES, lb_workload_bytes(&s->shape) + 4096, &s->draw), 0);
    assert_int_equal(
        lb_workload_place(&s->shape, &s->draw, arena, ARENA_BYTES, NULL, s->sites, &s->placed), 0);
}

static uint64_t *word(const struct scene *s, int thread)
{
    return (uint64_t *)s->sites[thread].x[0];
}

static void run(struct scene *s, int thread, uint64_t ops)
{
    enum lb_op op = lb_scenario_op(s->shape.scenario, &s->shape.writers, thread, s->shape.threads);
    lb_hot *loop = lb_hot_find(op, s->shape.lock, false, false);
    const uintptr_t *x = s->sites[thread].x;

    assert_non_null(loop);
    loop(ops, 1, LB_SPAN_LEAST, lb_task_get(tasks, thread), x[0], x[1], x[2], x[3], x[4], x[5]);
}

static void test_words_lie_apart(void **state)
{
    static const size_t offsets[] = {8, 24, 56, 64, 72, 128, 256, 512, 4096};
    struct scene *s = *state;

    for (size_t i = 0; i < LB_COUNT(offsets); i++)
        for (int threads = 1; threads <= THREADS_MOST; threads *= 2)
            for (uint64_t seed = 1; seed < 20; seed++) {
                stage(s, LB_SCENARIO_FETCH_ADD, offsets[i], threads, seed);
                assert_int_equal((uintptr_t)word(s, 0) % 512, 0);
                for (int t = 0; t < threads; t++) {
                    assert_int_equal((uintptr_t)word(s, t) - (uintptr_t)word(s, 0),
                                     (size_t)t * offsets[i]);
                    assert_uint_in_range((uintptr_t)word(s, t) - (uintptr_t)arena, 0,
                                         ARENA_BYTES - 8);
                }
                assert_int_equal(s->placed.shares, threads < 2 ? -1 : offsets[i] < 64);
                assert_int_equal(s->placed.object_residue, -1);
            }
}

/* One op's change of its word. */
static void test_ops_change_words(void **state)
{
    static const struct {
        enum lb_scenario_kind kind;
        uint64_t after;
    } rows[] = {{LB_SCENARIO_STORE, 1}, /* the generator's state, which the saturated form keeps */
                {LB_SCENARIO_LOAD, 0},  {LB_SCENARIO_INCREMENT, OPS}, {LB_SCENARIO_FETCH_ADD, OPS},
                {LB_SCENARIO_CAS, OPS}, {LB_SCENARIO_COUNTERS, OPS}};
    struct scene *s = *state;

    for (size_t i = 0; i < LB_COUNT(rows); i++) {
        stage(s, rows[i].kind, 64, 2, 7);
        run(s, 1, OPS);
        assert_int_equal(*word(s, 1), rows[i].after);
        assert_int_equal(*word(s, 0), 0);
    }
}

/* The reader is given the words of all others, and changes none. */
static void test_sum_reads_all(void **state)
{
    struct scene *s = *state;

    stage(s, LB_SCENARIO_COUNTERS_SUM, 24, 5, 3);
    for (int t = 0; t < 4; t++) {
        assert_int_equal(s->sites[4].x[0] + (size_t)t * s->sites[4].x[1], s->sites[t].x[0]);
        *word(s, t) = (uint64_t)t;
    }
    assert_int_equal(s->sites[4].x[2], 4);
    run(s, 4, OPS);
    for (int t = 0; t < 4; t++)
        assert_int_equal(*word(s, t), t);
}

static uint64_t fallbacks(int thread)
{
    struct lb_lock_stats stats;

    lb_task_stats(lb_task_get(tasks, thread), &stats);
    return stats.fallbacks;
}

static void test_ring_alone(void **state)
{
    struct scene *s = *state;
    uint64_t before, *head, *tail;

    stage(s, LB_SCENARIO_RING, 8, 2, 5);
    head = (uint64_t *)s->sites[0].x[0];
    tail = (uint64_t *)s->sites[0].x[1];
    assert_int_equal((uintptr_t)tail - (uintptr_t)head, 8);
    assert_true(s->sites[0].x[2] >= (uintptr_t)tail + 64);
    before = fallbacks(0);
    run(s, 0, LB_RING_SLOTS); /* full */
    assert_int_equal(*head, LB_RING_SLOTS);
    assert_int_equal(fallbacks(0), before);
    run(s, 0, 3); /* nobody pops */
    assert_int_equal(*head, LB_RING_SLOTS);
    assert_int_equal(fallbacks(0), before + 3);
    before = fallbacks(1);
    run(s, 1, LB_RING_SLOTS + 2);
    assert_int_equal(*tail, LB_RING_SLOTS);
    assert_int_equal(fallbacks(1), before + 2);
    assert_int_equal(lb_workload_check(&s->shape, &s->draw, arena), 0);
}

static void *push_all(void *data)
{
    run(data, 0, 20 * OPS);
    return NULL;
}

/* What was pushed and not given up is popped or still there, in order. */
static void test_ring_of_two(void **state)
{
    struct scene *s = *state;
    uint64_t before;
    pthread_t thread;

    stage(s, LB_SCENARIO_RING, 64, 2, 9);
    before = fallbacks(0);
    assert_int_equal(pthread_create(&thread, NULL, push_all, s), 0);
    run(s, 1, 20 * OPS);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(*(uint64_t *)s->sites[0].x[0], 20 * OPS - (fallbacks(0) - before));
    assert_int_equal(lb_workload_check(&s->shape, &s->draw, arena), 0);
}

static void test_ring_is_checked(void **state)
{
    struct scene *s = *state;

    stage(s, LB_SCENARIO_RING, 64, 2, 9);
    run(s, 0, 5);
    assert_int_equal(lb_workload_check(&s->shape, &s->draw, arena), 0);
    ((uint64_t *)s->sites[0].x[2])[3]++; /* another word than the one that was pushed */
    assert_int_equal(lb_workload_check(&s->shape, &s->draw, arena), -EBUSY);
    ((uint64_t *)s->sites[0].x[2])[3]--;
    *(uint64_t *)s->sites[0].x[1] = 6; /* more popped than pushed */
    assert_int_equal(lb_workload_check(&s->shape, &s->draw, arena), -EBUSY);
}

static void *guard_all(void *data)
{
    run(data, 0, OPS);
    return NULL;
}

static void check_guarded(struct scene *s, enum lb_lock_kind kind)
{
    pthread_t thread;
    uint64_t *data;

    stage(s, LB_SCENARIO_GUARDED, 64, 2, 11);
    s->shape.lock = kind;
    assert_int_equal(
        lb_workload_place(&s->shape, &s->draw, arena, ARENA_BYTES, NULL, s->sites, &s->placed), 0);
    data = (uint64_t *)(s->sites[0].x[0] + s->sites[0].program.write[0]);
    assert_int_equal((uintptr_t)data - s->sites[0].x[0], 64);
    assert_int_equal(s->sites[0].program.write[1], 64 + 8);
    assert_int_equal(s->sites[0].program.lock, 0);
    assert_int_equal(pthread_create(&thread, NULL, guard_all, s), 0);
    run(s, 1, OPS);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(data[0], 2 * OPS);
    assert_int_equal(data[1], 2 * OPS);
    assert_int_equal(lb_workload_check(&s->shape, &s->draw, arena), 0);
    assert_int_equal(lb_lock_write(kind, (void *)s->sites[0].x[0], lb_task_get(tasks, 0), NULL), 0);
    assert_int_equal(lb_workload_check(&s->shape, &s->draw, arena), -EBUSY);
    assert_int_equal(
        lb_lock_write_unlock(kind, (void *)s->sites[0].x[0], lb_task_get(tasks, 0), NULL), 0);
}

static void test_guarded_counts_exactly(void **state)
{
    int tried = 0;

    for (enum lb_lock_kind kind = 0; kind < LB_LOCK_KINDS; kind++)
        if (lb_lock_info(kind)->plain_writers) {
            check_guarded(*state, kind);
            tried++;
        }
    assert_true(tried > 1);
}

static void test_refused_offsets(void **state)
{
    static const struct {
        enum lb_scenario_kind kind;
        size_t offset;
        int result;
    } rows[] = {{LB_SCENARIO_STORE, 0, -EINVAL},
                {LB_SCENARIO_STORE, 8, 0},
                {LB_SCENARIO_STORE, 12, -EINVAL},
                {LB_SCENARIO_STORE, LB_OFFSET_MOST, 0},
                {LB_SCENARIO_STORE, LB_OFFSET_MOST + 8, -EINVAL},
                {LB_SCENARIO_GUARDED, sizeof(pthread_mutex_t) - 8, -EINVAL},
                {LB_SCENARIO_GUARDED, sizeof(pthread_mutex_t), 0}, /* 40 on x86-64, 48 on arm64 */
                {LB_SCENARIO_SAME_OBJECT, 0, 0}};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(rows); i++) {
        struct lb_workload shape = {.scenario = &lb_scenarios[rows[i].kind],
                                    .lock = LB_LOCK_PTHREAD_MUTEX,
                                    .threads = 2,
                                    .offset_bytes = rows[i].offset};
        struct lb_why why = {""};
        assert_int_equal(lb_workload_allows(&shape, &why), rows[i].result);
        assert_int_equal(why.text[0] != '\0', rows[i].result != 0);
    }
}

static void test_watched_words(void **state)
{
    const struct lb_word count = {LB_WATCH_COUNT, ""}, owner = {LB_WATCH_OWNER, ""};
    struct scene *s = *state;
    uintptr_t address;
    unsigned bytes;

    stage(s, LB_SCENARIO_INCREMENT, 64, 2, 1);
    for (int t = 0; t < 2; t++) {
        assert_int_equal(
            lb_workload_watch(&s->shape, &s->draw, arena, t, &count, NULL, &address, &bytes), 0);
        assert_int_equal(address, s->sites[t].x[0]);
        assert_int_equal(bytes, 8);
    }
    assert_int_equal(
        lb_workload_watch(&s->shape, &s->draw, arena, 0, &owner, NULL, &address, &bytes), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_lie_apart), cmocka_unit_test(test_ops_change_words),
        cmocka_unit_test(test_sum_reads_all),   cmocka_unit_test(test_ring_alone),
        cmocka_unit_test(test_ring_of_two),     cmocka_unit_test(test_ring_is_checked),
        cmocka_unit_test(test_refused_offsets), cmocka_unit_test(test_guarded_counts_exactly),
        cmocka_unit_test(test_watched_words),
    };

    return cmocka_run_group_tests(tests, set_up, drop_arena);
}
