/* SPDX-License-Identifier: MIT
 *
 * What a look between rounds decides: which cases are measured on, and how often.
 */
#include "support/made_run.h"

struct costs {
    double more, noise; /* than the baseline; +- */
};

/* 45 rounds of the layouts embedded, padded and refcount. */
struct scene {
    struct made *m;
    struct lb_run_options options;
    struct lb_runner bench;
    int base, others[3], empty, control;
};

/* Noise that neighbours in time do not share. */
static void fill_noisy(struct made *m, int index, double ns, double noise)
{
    for (unsigned round = 0; round < 45; round++)
        add(m, index, round, ns + noise * (2 * fmod(0.618034 * round, 1) - 1), &near);
}

static int find_purpose(const struct lb_plan *plan, int purpose)
{
    for (size_t i = 0; i < plan->n_cases; i++)
        if ((int)plan->cases[i].shape.scenario->purpose == purpose)
            return (int)i;
    fail();
    return -1;
}

static void set_up(const struct costs costs[3], struct scene *s)
{
    static const char *const names[] = {"embedded", "padded", "refcount"};

    *s = (struct scene){.m = make(&full), .options = {.precision_ns = 2}};
    s->bench = (struct lb_runner){.run = s->m->run, .plan = s->m->plan, .options = &s->options};
    fill_frame(s->m, 0, 45, 40, near);
    s->base = find_in_plan(s->m->plan, LB_SCENARIO_NEIGHBOURS, "pointer", 0, 200);
    fill_noisy(s->m, s->base, 250, 0);
    for (int i = 0; i < 3; i++) {
        s->others[i] = find_in_plan(s->m->plan, LB_SCENARIO_NEIGHBOURS, names[i], 0, 200);
        fill_noisy(s->m, s->others[i], 250 + costs[i].more, costs[i].noise);
    }
    s->empty = s->m->plan->cases[s->base].empty;
    s->control = find_purpose(s->m->plan, LB_PURPOSE_SHARED_CONTROL);
    for (size_t i = 0; i < s->m->plan->n_cases; i++)
        s->m->run->series[i].active = true;
}

static const struct lb_series *series(const struct scene *s, int index)
{
    return &s->m->run->series[index];
}

/* One that looks at widths too. */
static void look(struct scene *s)
{
    s->bench.round = 45;
    assert_int_equal(lb_runner_look(&s->bench), 0);
}

/* In how many of the rounds `from` to `to` a case is due. */
static int due(struct scene *s, int index, unsigned from, unsigned to)
{
    int n = 0;

    for (s->bench.round = from; s->bench.round < to; s->bench.round++)
        n += lb_runner_is_due(&s->bench, (size_t)index);
    return n;
}

static void test_what_is_settled_and_wide_comes_rarely(void **state)
{
    /* Narrow and settled; on the margin of 5 ns, and narrow; wide, and settled. */
    static const struct costs costs[] = {{-20, 0.5}, {5.1, 0.5}, {60, 40}};
    struct scene s;

    (void)state;
    set_up(costs, &s);
    look(&s);
    for (int i = 0; i < 3; i++) { /* one look may be luck */
        assert_true(series(&s, s.others[i])->active);
        assert_int_equal(due(&s, s.others[i], 0, 64), 64);
    }
    look(&s);
    assert_int_equal(s.bench.look.compared, 3);
    assert_int_equal(s.bench.look.decided, 2);
    assert_int_equal(s.bench.look.slower, 1);
    assert_false(series(&s, s.others[0])->active);
    assert_int_equal(due(&s, s.others[0], 0, 64), 0);
    assert_int_equal(due(&s, s.others[1], 0, 64), 64);
    assert_int_equal(due(&s, s.others[2], 0, 64), 16);
    assert_int_equal(due(&s, s.others[2], 32, 40), 8);
    /* What they are held against serves the more frequent; controls stay, and are narrow. */
    assert_int_equal(due(&s, s.base, 0, 64), 64);
    assert_int_equal(due(&s, s.empty, 0, 64), 64);
    assert_int_equal(due(&s, s.control, 0, 64), 16);
    drop(s.m);
}

static void test_a_base_comes_as_rarely_as_its_pairs(void **state)
{
    static const struct costs costs[] = {{-20, 0.5}, {0, 0.5}, {60, 40}};
    struct scene s;

    (void)state;
    set_up(costs, &s);
    look(&s);
    look(&s);
    assert_false(series(&s, s.others[1])->active);
    assert_int_equal(due(&s, s.others[2], 0, 64), 16);
    assert_int_equal(due(&s, s.base, 0, 64), 16);
    assert_int_equal(due(&s, s.empty, 0, 64), 16);
    drop(s.m);
}

/* Which would never end where a difference is just the margin. */
static void test_an_open_pair_alone_does_not_keep_a_run_going(void **state)
{
    static const struct costs costs[] = {{-20, 0.5}, {5.1, 0.5}, {30, 0.5}};
    struct scene s;

    (void)state;
    set_up(costs, &s);
    look(&s);
    look(&s);
    for (size_t i = 0; i < s.m->plan->n_cases; i++)
        assert_false(series(&s, (int)i)->active);
    drop(s.m);
}

/* A 95 % interval that happens to clear the margin settles nothing: that would be to stop where
 * luck is. */
static void test_what_just_clears_the_margin_is_not_settled(void **state)
{
    static const struct costs costs[] = {{-20, 0.5}, {1.4, 16}, {60, 40}};
    struct scene s;
    struct lb_location *at = NULL;
    struct lb_estimate e;
    double d[45], p;

    (void)state;
    set_up(costs, &s);
    for (size_t i = 0; i < 45; i++)
        d[i] =
            series(&s, s.others[1])->samples[0][i].ns_op - series(&s, s.base)->samples[0][i].ns_op;
    assert_int_equal(lb_stats_locate(d, 45, &at), 0);
    assert_int_equal(lb_stats_beside(at, 5, NULL, &e, &p), 0);
    lb_stats_location_drop(at);
    assert_true(e.hi < 5 && p < 0.025 && p > LB_SETTLED_P);
    look(&s);
    look(&s);
    assert_int_equal(s.bench.look.decided, 3);
    assert_int_equal(due(&s, s.others[1], 0, 64), 64);
    drop(s.m);
}

/* What was settled at one distance is not at another. */
static void test_another_distance_opens_it_again(void **state)
{
    static const struct costs costs[] = {{-20, 0.5}, {5.1, 0.5}, {60, 40}};
    struct scene s;

    (void)state;
    set_up(costs, &s);
    look(&s);
    look(&s);
    fill_frame(s.m, 45, 105, 40, far);
    fill(s.m, s.base, 45, 105, 300, far);
    for (int i = 0; i < 3; i++)
        fill(s.m, s.others[i], 45, 105, 306, far);
    look(&s);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(series(&s, s.others[i])->settled_looks, 0);
        assert_int_equal(due(&s, s.others[i], 0, 64), 64);
    }
    drop(s.m);
}

/* Widths are looked at seldom, since a narrow one may be luck; what is settled often. */
static void test_when_there_is_a_look(void **state)
{
    static const struct costs costs[] = {{-20, 0.5}, {0, 0.5}, {60, 40}};
    unsigned looks = 0;
    struct scene s;

    (void)state;
    for (unsigned round = 0; round < 1000; round++) {
        looks += lb_runner_looks(round);
        if (round >= LB_FIRST_LOOK && lb_stats_look(round) == round)
            assert_true(lb_runner_looks(round));
    }
    assert_false(lb_runner_looks(19));
    assert_true(lb_runner_looks(20) && !lb_runner_looks(21) && lb_runner_looks(25));
    assert_uint_in_range(looks, 20, 60);
    set_up(costs, &s);
    for (s.bench.round = 35; s.bench.round <= 40; s.bench.round += 5)
        assert_int_equal(lb_runner_look(&s.bench), 0);
    assert_int_equal(series(&s, s.others[0])->precise_looks, 0);
    assert_int_equal(series(&s, s.others[0])->settled_looks, 2);
    assert_int_equal(due(&s, s.others[0], 0, 64), 16);
    drop(s.m);
}

static void test_settled_leaves_room_for_holm(void **state)
{
    (void)state;
    assert_true(lb_stats_settled_p(1) <= LB_SETTLED_P && lb_stats_settled_p(1) >= LB_SETTLED_P);
    for (size_t n = 1; n < 100000; n *= 10)
        assert_true(2 * lb_stats_settled_p(n) * (double)n < 0.01);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_settled_and_wide_comes_rarely),
        cmocka_unit_test(test_a_base_comes_as_rarely_as_its_pairs),
        cmocka_unit_test(test_an_open_pair_alone_does_not_keep_a_run_going),
        cmocka_unit_test(test_what_just_clears_the_margin_is_not_settled),
        cmocka_unit_test(test_another_distance_opens_it_again),
        cmocka_unit_test(test_when_there_is_a_look),
        cmocka_unit_test(test_settled_leaves_room_for_holm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
