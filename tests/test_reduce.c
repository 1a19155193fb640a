/* SPDX-License-Identifier: MIT
 *
 * reduce: the reduction of the block logs, by hand-made logs.
 */
#include <linebounce/crew.h>

#include "support/fake_pmu.h"
#include "support/crew_rig.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Reduction */

#define BLOCKS_MOST 32

struct made {
    struct lb_block blocks[BLOCKS_MOST];
    struct lb_log log;
};

/* One op between time-stamps, in place of the ops of a block. */
#define TIMED (1u << 31)

/* A log from pairs of (ticks, ops), ended by a 0. */
static void make_log(struct made *m, uint64_t begin, const unsigned *pairs)
{
    uint64_t end = begin;
    size_t n = 0;

    for (; pairs[2 * n]; n++) {
        end += pairs[2 * n];
        assert_true(n < BLOCKS_MOST);
        bool sampled = pairs[2 * n + 1] == TIMED;
        m->blocks[n] = (struct lb_block){
            .end = end, .ops = sampled ? 1 : pairs[2 * n + 1], .sampled = sampled};
    }
    m->log = (struct lb_log){.begin = begin, .blocks = m->blocks, .n = n};
}

static void check(const struct lb_thread_result *r, double ticks, double ops, unsigned blocks,
                  unsigned dropped)
{
    assert_true(r->measured_ns > ticks - 1e-9 && r->measured_ns < ticks + 1e-9);
    assert_true(r->ops > ops - 1e-9 && r->ops < ops + 1e-9);
    assert_int_equal(r->blocks, blocks);
    assert_int_equal(r->dropped, dropped);
}

/* Twelve blocks of 10 ticks with 2 ops each. */
#define TENS 10, 2, 10, 2, 10, 2, 10, 2, 10, 2, 10, 2, 10, 2, 10, 2, 10, 2, 10, 2, 10, 2, 10, 2, 0

static void test_reduce_leaves_out_the_warm_up(void **state)
{
    static const unsigned tens[] = {TENS};
    struct made a, b;
    struct lb_thread_result r[2] = {{0}};

    (void)state;
    make_log(&a, 1000, tens);
    make_log(&b, 1005, tens); /* its blocks lie across both edges */
    struct lb_log logs[2] = {a.log, b.log};
    assert_int_equal(lb_blocks_reduce(logs, 2, 1020, 1100, false, r), 0);
    check(&r[0], 80, 16, 8, 0);
    check(&r[1], 70, 14, 7, 0);
}

static void test_reduce_drops_a_gap_for_all(void **state)
{
    static const unsigned tens[] = {TENS};
    /* From 40 to 70: three times its due. */
    static const unsigned gap[] = {10, 2,  10, 2,  10, 2,  10, 2,  30, 2, 10,
                                   2,  10, 2,  10, 2,  10, 2,  10, 2,  0};
    struct made a, b, c;
    struct lb_thread_result r[3] = {{0}};

    (void)state;
    make_log(&a, 0, tens);
    make_log(&b, 0, gap);
    make_log(&c, 5, tens);
    struct lb_log logs[3] = {a.log, b.log, c.log};
    assert_int_equal(lb_blocks_reduce(logs, 3, 0, 120, false, r), 0);
    check(&r[0], 90, 18, 12, 3); /* 40-50, 50-60, 60-70; its neighbours only touch the gap */
    check(&r[1], 90, 18, 10, 1);
    check(&r[2], 70, 14, 11, 4); /* 35-45 to 65-75; the last block ends at 125 */
}

/* Where threads may stall each other, a log tells which blocks the kernel took time of. */
static void test_reduce_keeps_what_was_not_interrupted(void **state)
{
    static const unsigned tens[] = {TENS};
    static const unsigned pairs[] = {10, 2, 10, 2, 30, 2, 10, 2, 30, 2, 10, 2, 30, TIMED, 10, 2, 0};
    struct made a, b;
    struct lb_thread_result r[2] = {{0}};

    (void)state;
    make_log(&a, 0, pairs);
    make_log(&b, 0, tens);
    a.blocks[3].interrupted = true; /* by a tick that took next to nothing: no gap either */
    a.blocks[4].interrupted = true; /* from 60 to 90 */
    a.log.told = true;
    struct lb_log logs[2] = {a.log, b.log};
    assert_int_equal(lb_blocks_reduce(logs, 2, 0, 140, false, r), 0);
    check(&r[0], 80, 12, 7, 1);
    check(&r[1], 90, 18, 12, 3);
    /* Another's log that does not tell is judged by time. */
    a.log.told = false;
    logs[0] = a.log;
    assert_int_equal(lb_blocks_reduce(logs, 2, 0, 140, false, r), 0);
    check(&r[0], 50, 10, 7, 2);
}

static void test_reduce_judges_time_by_op(void **state)
{
    /* Blocks adapt: 40 ticks with 8 ops are no gap, 16 ticks with 2 ops are; 15, one and a half
     * times, is not. */
    static const unsigned adapted[] = {10, 2, 10, 2, 10, 2, 10, 2, 40, 8, 15, 2, 16, 2, 10, 2, 0};
    struct made a;
    struct lb_thread_result r = {0};

    (void)state;
    make_log(&a, 0, adapted);
    assert_int_equal(lb_blocks_reduce(&a.log, 1, 0, 1000, false, &r), 0);
    check(&r, 105, 20, 8, 1);
}

static void test_reduce_sees_gaps_over_the_edges(void **state)
{
    static const unsigned tens[] = {TENS};
    /* Out from 10 to 45 and from 80 to 130: neither block is whole, both hide the other thread's
     * neighbourhood. */
    static const unsigned gaps[] = {10, 2, 35, 2, 5, 1, 10, 2, 10, 2, 10, 2, 50, 2, 0};
    struct made a, b;
    struct lb_thread_result r[2] = {{0}};

    (void)state;
    make_log(&a, 0, tens);
    make_log(&b, 0, gaps);
    struct lb_log logs[2] = {a.log, b.log};
    assert_int_equal(lb_blocks_reduce(logs, 2, 20, 100, false, r), 0);
    check(&r[0], 30, 6, 8, 5); /* 50 to 80 remain */
    check(&r[1], 35, 7, 4, 0);
}

static void test_reduce_joins_gaps(void **state)
{
    static const unsigned tens[] = {TENS};
    static const unsigned late[] = {10, 2,  10, 2,  10, 2,  10, 2, 10,
                                    2,  25, 2,  10, 2,  10, 2,  0}; /* 50-75 */
    static const unsigned early[] = {10, 2, 10, 2, 10, 2, 35, 2,
                                     10, 2, 10, 2, 10, 2, 0}; /* 30-65 */
    static const unsigned inner[] = {10, 2,  10, 2,  10, 2,  10, 2, 18,
                                     2,  10, 2,  10, 2,  10, 2,  0}; /* 40-58 */
    static const unsigned outer[] = {10, 2, 10, 2, 10, 2, 50, 2,
                                     10, 2, 10, 2, 10, 2, 0}; /* 30-80 */
    struct made a, b, c;
    struct lb_thread_result r[3] = {{0}};

    (void)state;
    make_log(&a, 0, late);
    make_log(&b, 0, tens);
    make_log(&c, 0, early);
    struct lb_log logs[3] = {a.log, b.log, c.log};
    assert_int_equal(lb_blocks_reduce(logs, 3, 0, 120, false, r), 0);
    check(&r[1], 70, 14, 12, 5); /* 30 to 80 are gone */
    /* One inside the other. */
    make_log(&a, 0, inner);
    make_log(&c, 0, outer);
    logs[0] = a.log;
    logs[2] = c.log;
    assert_int_equal(lb_blocks_reduce(logs, 3, 0, 120, false, r), 0);
    check(&r[1], 70, 14, 12, 5);
}

static void test_reduce_keeps_gaps_and_cuts(void **state)
{
    /* 4 ops over 20 ticks across the start; asleep from 40 to 90; 3 ops over 30 ticks across the
     * stop. */
    static const unsigned blocks[] = {10, 2, 20, 4, 10, 2, 50, 1, 30, 3, 30, 3, 0};
    static const unsigned whole[] = {400, 40, 0};
    struct made a, b;
    struct lb_thread_result r[2] = {{0}};

    (void)state;
    make_log(&a, 0, blocks);
    make_log(&b, 0, whole);
    struct lb_log logs[2] = {a.log, b.log};
    assert_int_equal(lb_blocks_reduce(logs, 2, 20, 100, true, r), 0);
    check(&r[0], 80, 2 + 2 + 1 + 1, 4, 0);
    check(&r[1], 80, 8, 1, 0);
    assert_int_equal(lb_blocks_reduce(logs, 2, 20, 100, false, r), 0);
    check(&r[1], 0, 0, 0, 0);
}

static void test_reduce_of_nothing(void **state)
{
    static const unsigned tens[] = {TENS};
    struct made a;
    struct lb_thread_result r[2];

    (void)state;
    make_log(&a, 0, tens);
    struct lb_log logs[2] = {a.log, {.blocks = NULL}};
    for (int keep = 0; keep < 2; keep++) {
        memset(r, 0x5a, sizeof r);
        assert_int_equal(lb_blocks_reduce(logs, 2, 20, 100, keep, r), 0);
        check(&r[0], 80, 16, 8, 0);
        check(&r[1], 0, 0, 0, 0);
        /* The window lies behind the log. */
        assert_int_equal(lb_blocks_reduce(logs, 2, 500, 600, keep, r), 0);
        check(&r[0], 0, 0, 0, 0);
    }
    assert_int_equal(lb_blocks_reduce(NULL, 0, 0, 1, false, NULL), 0);
}

/* Reduction with timed ops between the blocks */

static void test_reduce_leaves_out_timed_ops(void **state)
{
    /* Six ticks each: were they to count for what an op takes, the block of 14 were no gap. */
    static const unsigned mixed[] = {10, 2,     6,  TIMED, 10, 2,     6,  TIMED, 10, 2,
                                     8,  TIMED, 16, 2,     6,  TIMED, 10, 2,     0};
    struct made a;
    struct lb_thread_result r = {.sampled_ns = -1};

    (void)state;
    make_log(&a, 0, mixed);
    assert_int_equal(lb_blocks_reduce(&a.log, 1, 0, 1000, false, &r), 0);
    check(&r, 40, 8, 5, 1);
    assert_true(is_near(r.sampled_ns, 6 + 6 + 8 + 6));
    /* Where sleeping is the subject, an op that slept is part of the story. */
    assert_int_equal(lb_blocks_reduce(&a.log, 1, 0, 1000, true, &r), 0);
    check(&r, 40 + 16 + 26, 14, 9, 0);
    assert_true(is_near(r.sampled_ns, 26));
}

/* A timed op is held against the block before it, and hides what others did meanwhile. */
static void test_reduce_finds_gaps_in_timed_ops(void **state)
{
    static const struct {
        unsigned block, ops, timed;
        bool gap;
    } cases[] = {{10, 2, 15, false}, {10, 2, 16, true}, {40, 8, 60, false}, {40, 8, 61, true}};
    static const unsigned tens[] = {TENS};
    struct made a, b;
    struct lb_thread_result r[2] = {{0}};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        const unsigned pairs[] = {
            10, 2, 10, 2, cases[i].block, cases[i].ops, cases[i].timed, TIMED, 10, 2, 10, 2, 0};
        unsigned from = 20 + cases[i].block, to = from + cases[i].timed, touched = 0;

        make_log(&a, 0, pairs);
        make_log(&b, 0, tens);
        struct lb_log logs[2] = {a.log, b.log};
        assert_int_equal(lb_blocks_reduce(logs, 2, 0, 1000, false, r), 0);
        /* Its own blocks only touch it, and it is no block itself. */
        check(&r[0], 40 + cases[i].block, 8 + cases[i].ops, 5, 0);
        assert_true(is_near(r[0].sampled_ns, cases[i].timed));
        for (unsigned at = 0; at < 120; at += 10)
            touched += at < to && at + 10 > from;
        if (!cases[i].gap)
            touched = 0;
        check(&r[1], 120 - 10 * touched, 24 - 2 * touched, 12, touched);
    }
}

/* A short timed op before it does not shorten a block's due. */
static void test_reduce_judges_blocks_by_blocks(void **state)
{
    static const unsigned pairs[] = {10, 2, 10, 2, 2, TIMED, 14, 2, 10, 2, 0};
    struct made a;
    struct lb_thread_result r = {0};

    (void)state;
    make_log(&a, 0, pairs);
    assert_int_equal(lb_blocks_reduce(&a.log, 1, 0, 1000, false, &r), 0);
    check(&r, 44, 8, 4, 0);
}

static void test_reduce_cuts_timed_ops(void **state)
{
    /* Timed ops from 10 to 20 and from 30 to 40, blocks between them. */
    static const unsigned pairs[] = {10, 2, 10, TIMED, 10, 2, 10, TIMED, 10, 2, 0};
    struct made a;
    struct lb_thread_result r = {0};

    (void)state;
    make_log(&a, 0, pairs);
    assert_int_equal(lb_blocks_reduce(&a.log, 1, 16, 38, false, &r), 0);
    check(&r, 10, 2, 1, 0);
    assert_true(is_near(r.sampled_ns, 0));
    assert_int_equal(lb_blocks_reduce(&a.log, 1, 16, 38, true, &r), 0);
    check(&r, 22, 0.4 + 2 + 0.8, 3, 0);
    assert_true(is_near(r.sampled_ns, 4 + 8));
    assert_int_equal(lb_blocks_reduce(&a.log, 1, 10, 40, false, &r), 0); /* whole at both edges */
    assert_true(is_near(r.sampled_ns, 20));
}

/* A timed op that slept over an edge hides what lies inside. */
static void test_reduce_sees_timed_gaps_over_the_edges(void **state)
{
    static const unsigned tens[] = {TENS};
    static const unsigned pairs[] = {10, 2, 35, TIMED, 10, 2, 10, 2, 10, 2, 50, TIMED, 0};
    struct made a, b;
    struct lb_thread_result r[2] = {{0}};

    (void)state;
    make_log(&a, 0, tens);
    make_log(&b, 0, pairs);
    struct lb_log logs[2] = {a.log, b.log};
    assert_int_equal(lb_blocks_reduce(logs, 2, 20, 100, false, r), 0);
    check(&r[0], 20, 4, 8, 6); /* 50 to 70: the gaps are 10 to 45 and 75 to 125 */
    check(&r[1], 30, 6, 3, 0);
    assert_true(is_near(r[1].sampled_ns, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_mask(test_reduce_leaves_out_the_warm_up),
        with_mask(test_reduce_drops_a_gap_for_all),
        with_mask(test_reduce_keeps_what_was_not_interrupted),
        with_mask(test_reduce_judges_time_by_op),
        with_mask(test_reduce_sees_gaps_over_the_edges),
        with_mask(test_reduce_joins_gaps),
        with_mask(test_reduce_keeps_gaps_and_cuts),
        with_mask(test_reduce_of_nothing),
        with_mask(test_reduce_leaves_out_timed_ops),
        with_mask(test_reduce_finds_gaps_in_timed_ops),
        with_mask(test_reduce_judges_blocks_by_blocks),
        with_mask(test_reduce_cuts_timed_ops),
        with_mask(test_reduce_sees_timed_gaps_over_the_edges),
    };

    return cmocka_run_group_tests_name("reduce", tests, setup, teardown);
}
