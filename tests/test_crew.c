/* SPDX-License-Identifier: MIT
 *
 * crew: windows on real threads: what they count and where they run. Nothing here looks at how long
 * anything took but at bounds that hold on any machine.
 */
#include <linebounce/crew.h>
#include <linebounce/scenario.h>
#include <linebounce/workload.h>

#include "support/crew_rig.h"
#include "support/text.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Windows */

static void test_window_of_one(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew = make_crew(rig, 1);

    for (int form = 0; form < 4; form++)
        try_window(rig, crew, 1, form & 1, form & 2);
    lb_crew_destroy(crew);
}

static void test_window_of_two(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew;

    need(rig, 2);
    crew = make_crew(rig, 2);
    for (int form = 0; form < 12; form++)
        try_window(rig, crew, 2, form & 1, form & 2);
    lb_crew_destroy(crew);
}

/* Both words in one line: no add is lost. */
static void test_window_on_a_shared_word(void **state)
{
    struct rig *rig = *state;
    struct lb_thread_plan threads[2];
    struct lb_thread_result results[2];
    struct lb_window_plan plan = {.threads = threads, .n_threads = 2, .window_ns = LB_WINDOW_NS};
    enum lb_spoiled spoiled;
    struct lb_crew *crew;

    need(rig, 2);
    crew = make_crew(rig, 2);
    plan_adds(rig, threads, 2, false);
    threads[1].x[0] = threads[0].x[0];
    assert_int_equal(lb_crew_window(crew, &plan, results, &spoiled), 0);
    assert_int_equal(results[0].total_ops + results[1].total_ops, *rig->words[0]);
    assert_int_equal(*rig->words[1], 0);
    lb_crew_destroy(crew);
}

/* A window need not have worker 0 in it, nor all others. */
static void test_window_of_some(void **state)
{
    struct rig *rig = *state;
    struct lb_thread_plan threads[2];
    struct lb_thread_result results[2];
    struct lb_window_plan plan = {.threads = threads, .n_threads = 1, .window_ns = LB_WINDOW_NS};
    enum lb_spoiled spoiled;
    struct lb_crew *crew;

    need(rig, 2);
    crew = make_crew(rig, 2);
    for (int worker = 0; worker < 2; worker++)
        for (int time = 0; time < 3; time++) {
            plan_adds(rig, threads, 2, false);
            threads[0].worker = worker;
            memset(&results[1], 0x5a, sizeof results[1]);
            assert_int_equal(lb_crew_window(crew, &plan, results, &spoiled), 0);
            check_result(rig, &plan, 0, spoiled, results);
            assert_int_equal(results[0].total_ops, *rig->words[0]);
            assert_int_equal(*rig->words[1], 0);
            assert_int_equal(results[1].blocks, 0x5a5a5a5a);
        }
    lb_crew_destroy(crew);
}

/* Workers that went to sleep between windows hear of the next one. */
static void test_window_after_a_rest(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew;

    need(rig, 2);
    crew = make_crew(rig, 2);
    for (int i = 0; i < 3; i++) {
        usleep(20000);
        try_window(rig, crew, 2, false, false);
    }
    usleep(20000);
    lb_crew_destroy(crew);
}

/* The locks' statistics are those of the window alone. */
static void test_window_counts_lock_events(void **state)
{
    struct rig *rig = *state;
    struct lb_workload shape = {
        .scenario = &lb_scenarios[LB_SCENARIO_SAME_OBJECT], .layout = &lb_layouts[0], .threads = 1};
    struct lb_crew *crew = make_crew(rig, 1);
    struct lb_thread_plan thread = {.seed = 1, .op_ns = 20};
    struct lb_site site;
    struct lb_window_plan plan = {.threads = &thread, .n_threads = 1, .window_ns = LB_WINDOW_NS};
    struct lb_thread_result r;
    struct lb_placed placed;
    struct lb_draw draw;
    enum lb_spoiled spoiled;
    uint64_t random = 1;

    assert_int_equal(lb_draw_init(&random, 0, 1 << 22, 1 << 19, &draw), 0);
    assert_int_equal(lb_workload_place(&shape, &draw, rig->arena, 1 << 22, NULL, &site, &placed),
                     0);
    memcpy(thread.x, site.x, sizeof thread.x);
    thread.loop = lb_hot_find(LB_OP_READ, shape.lock, true, false);
    assert_int_equal(lb_crew_window(crew, &plan, &r, &spoiled), 0);
    assert_int_equal(r.account.fallbacks, 0);
    /* Write-locked by its sequence number. */
    *(uint32_t *)(site.x[0] + site.program.seq) = *(const uint32_t *)site.x[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lb_crew_window(crew, &plan, &r, &spoiled), 0);
        assert_int_equal(r.account.fallbacks, r.total_ops);
    }
    assert_int_equal(lb_workload_check(&shape, &draw, rig->arena), 0);
    lb_crew_destroy(crew);
}

/* The draw of `many` is cyclic: a sanitised build sees any step beyond its end. */
static void test_window_goes_round_the_draw(void **state)
{
    struct rig *rig = *state;
    struct lb_workload shape = {.scenario = &lb_scenarios[LB_SCENARIO_MANY],
                                .layout = &lb_layouts[0],
                                .threads = 1,
                                .objects = 16};
    struct lb_crew *crew = make_crew(rig, 1);
    uint32_t *picks = malloc(LB_PICKS * sizeof *picks);
    struct lb_site site;
    struct lb_thread_plan thread = {.seed = 1, .op_ns = 1, .picks = LB_PICKS, .picks_start = picks};
    struct lb_window_plan plan = {
        .threads = &thread, .n_threads = 1, .window_ns = 5 * LB_WINDOW_NS};
    struct lb_thread_result r;
    struct lb_placed placed;
    struct lb_draw draw;
    enum lb_spoiled spoiled;
    uint64_t random = 1, ops = 0;

    assert_non_null(picks);
    assert_int_equal(lb_draw_init(&random, 0, 1 << 22, 1 << 19, &draw), 0);
    assert_int_equal(lb_workload_place(&shape, &draw, rig->arena, 1 << 22, picks, &site, &placed),
                     0);
    memcpy(thread.x, site.x, sizeof thread.x);
    thread.loop = lb_hot_find(LB_OP_MANY, shape.lock, true, false);
    thread.x[3] += 4 * (LB_PICKS - 3); /* near the end already */
    for (int i = 0; i < 50 && ops <= 2 * LB_PICKS; i++) {
        assert_int_equal(lb_crew_window(crew, &plan, &r, &spoiled), 0);
        ops += r.total_ops;
    }
    assert_int_equal(lb_workload_check(&shape, &draw, rig->arena), 0);
    free(picks);
    lb_crew_destroy(crew);
}

static void test_window_refuses(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew = make_crew(rig, rig->n_pus);
    struct lb_thread_plan threads[2];
    struct lb_thread_result results[2];
    enum lb_spoiled spoiled = LB_SPOILED_REGIME;
    struct lb_window_plan plan = {.threads = threads, .n_threads = 0, .window_ns = LB_WINDOW_NS};

    memset(results, 0x5a, sizeof results);
    plan_adds(rig, threads, 2, false);
    assert_int_equal(lb_crew_window(crew, &plan, results, &spoiled), -EINVAL);
    plan.n_threads = 2;
    threads[0].worker = threads[1].worker = 0;
    assert_int_equal(lb_crew_window(crew, &plan, results, &spoiled), -EINVAL);
    plan.n_threads = 1;
    threads[0].worker = rig->n_pus;
    assert_int_equal(lb_crew_window(crew, &plan, results, &spoiled), -EINVAL);
    threads[0].worker = -1;
    assert_int_equal(lb_crew_window(crew, &plan, results, &spoiled), -EINVAL);
    threads[0].worker = 0;
    threads[0].loop = NULL;
    assert_int_equal(lb_crew_window(crew, &plan, results, &spoiled), -EINVAL);
    assert_int_equal(spoiled, LB_SPOILED_REGIME);
    assert_int_equal(results[0].blocks, 0x5a5a5a5a);
    assert_int_equal(*rig->words[0], 0);
    lb_crew_destroy(crew);
}

/* Ping-pong and chain */

static void test_pingpong(void **state)
{
    struct rig *rig = *state;
    uintptr_t lines[LB_PINGPONG_LINES];
    struct lb_crew *crew;
    double ns;

    need(rig, 2);
    crew = make_crew(rig, 2);
    for (int i = 0; i < LB_PINGPONG_LINES; i++)
        lines[i] = (uintptr_t)rig->arena + 8192 * (uintptr_t)i;
    lines[3] = lines[2]; /* drawn twice: allowed */
    for (int i = 0; i < 20; i++) {
        ns = 0;
        assert_int_equal(lb_crew_pingpong(crew, i & 1, !(i & 1), lines, 1 + i % LB_PINGPONG_LINES,
                                          LB_PINGPONG_TRIPS, &ns),
                         0);
        assert_true(isnan(ns) || (ns > 0 && ns < 1e9)); /* NaN: the two hardly met */
        if (i % 5 == 4)
            try_window(rig, crew, 2, false, false);
    }
    lb_crew_destroy(crew);
}

static void test_pingpong_refuses(void **state)
{
    struct rig *rig = *state;
    uintptr_t lines[LB_PINGPONG_MOST + 1];
    struct lb_crew *crew = make_crew(rig, rig->n_pus);
    double ns = 7;

    for (int i = 0; i < (int)LB_COUNT(lines); i++)
        lines[i] = (uintptr_t)rig->arena + 64 * (uintptr_t)i;
    assert_int_equal(lb_crew_pingpong(crew, 0, 0, lines, 1, 1, &ns), -EINVAL);
    assert_int_equal(lb_crew_pingpong(crew, 0, rig->n_pus, lines, 1, 1, &ns), -EINVAL);
    assert_int_equal(lb_crew_pingpong(crew, -1, 0, lines, 1, 1, &ns), -EINVAL);
    if (rig->n_pus > 1) {
        assert_int_equal(lb_crew_pingpong(crew, 0, 1, lines, 0, 1, &ns), -EINVAL);
        assert_int_equal(lb_crew_pingpong(crew, 0, 1, lines, 1, 0, &ns), -EINVAL);
        assert_int_equal(lb_crew_pingpong(crew, 0, 1, lines, LB_PINGPONG_MOST + 1, 1, &ns),
                         -EINVAL);
    }
    assert_true(ns > 6.9 && ns < 7.1);
    lb_crew_destroy(crew);
}

static void test_chain(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew = make_crew(rig, 1);

    assert_true(lb_crew_chain_ns(crew) > 0);
    lb_crew_destroy(crew);
}

/* Making and ending */

static void test_create_refuses(void **state)
{
    struct rig *rig = *state;
    struct lb_crew *crew = (struct lb_crew *)rig;
    int twice[2] = {rig->pus[0], rig->pus[0]}, none[2] = {rig->pus[0], 1 << 20}, negative = -1;
    struct lb_why why = {""};
    cpu_set_t after;

    assert_int_equal(lb_crew_create(&rig->clock, twice, NULL, 2, &why, &crew), -EINVAL);
    assert_non_null(strstr(why.text, "twice"));
    assert_int_equal(lb_crew_create(&rig->clock, twice, NULL, 0, &why, &crew), -EINVAL);
    assert_non_null(strstr(why.text, "no PU"));
    assert_true(lb_crew_create(&rig->clock, none, NULL, 2, &why, &crew) < 0);
    assert_non_null(strstr(why.text, "1048576"));
    assert_true(lb_crew_create(&rig->clock, none + 1, NULL, 1, &why, &crew) < 0);
    assert_true(lb_crew_create(&rig->clock, &negative, NULL, 1, NULL, &crew) < 0);
    assert_ptr_equal(crew, rig);
    assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
    assert_true(CPU_EQUAL(&rig->allowed, &after));
}

static void test_affinity_comes_back(void **state)
{
    struct rig *rig = *state;
    cpu_set_t inside, after;
    struct lb_crew *crew;

    crew = make_crew(rig, rig->n_pus);
    assert_int_equal(sched_getaffinity(0, sizeof inside, &inside), 0);
    assert_int_equal(CPU_COUNT(&inside), 1);
    assert_true(CPU_ISSET((size_t)rig->pus[0], &inside));
    assert_int_equal(sched_getcpu(), rig->pus[0]);
    lb_crew_destroy(crew);
    assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
    assert_true(CPU_EQUAL(&rig->allowed, &after));
    lb_crew_destroy(NULL);
}

static void test_many_lives(void **state)
{
    struct rig *rig = *state;
    int before = open_files();

    for (int i = 0; i < 40; i++) {
        struct lb_crew *crew = make_crew(rig, rig->n_pus);
        if (i % 8 == 0)
            try_window(rig, crew, rig->n_pus, false, false);
        lb_crew_destroy(crew);
    }
    assert_int_equal(open_files(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_mask(test_window_of_one),
        with_mask(test_window_of_two),
        with_mask(test_window_on_a_shared_word),
        with_mask(test_window_of_some),
        with_mask(test_window_after_a_rest),
        with_mask(test_window_counts_lock_events),
        with_mask(test_window_goes_round_the_draw),
        with_mask(test_window_refuses),
        with_mask(test_pingpong),
        with_mask(test_pingpong_refuses),
        with_mask(test_chain),
        with_mask(test_create_refuses),
        with_mask(test_affinity_comes_back),
        with_mask(test_many_lives),
    };

    return cmocka_run_group_tests_name("crew", tests, setup, teardown);
}
