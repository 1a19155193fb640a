/* SPDX-License-Identifier: MIT
 *
 * Scenarios as they describe themselves: roles and who plays them, what goes with what, words.
 */
#include <linebounce/scenario.h>

#include "support/scene.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Descriptors */

static void test_descriptors(void **state)
{
    static const char *const named[] = {"same-object", "neighbours", "observer", "mixed",
                                        "writers",     "nested",     "many",     "empty"};
    const struct lb_scenario *found = NULL, *untouched;
    struct lb_why why = {""};

    (void)state;
    for (int i = 0; i < LB_SCENARIOS; i++) {
        const struct lb_scenario *s = &lb_scenarios[i];
        assert_int_equal(s->kind, i);
        assert_true(s->name && s->question && s->question[0]);
        assert_uint_in_range(s->n_roles, 1, 2);
        assert_uint_in_range(s->n_roles, 1, 2);
        assert_int_equal(lb_scenario_find(s->name, &why, &found), s->internal ? -ENOENT : 0);
        if (!s->internal)
            assert_ptr_equal(found, s);
    }
    for (size_t i = 0; i < LB_COUNT(named); i++)
        assert_int_equal(lb_scenario_find(named[i], NULL, &found), 0);
    untouched = found;
    assert_int_equal(lb_scenario_find("faults", &why, &found), -ENOENT);
    assert_ptr_equal(found, untouched);
    for (size_t i = 0; i < LB_COUNT(named); i++)
        assert_non_null(strstr(why.text, named[i]));
    assert_null(strstr(why.text, "control"));
}

static void test_roles(void **state)
{
    const struct lb_scenario *observer = &lb_scenarios[LB_SCENARIO_OBSERVER];
    const struct lb_scenario *mixed = &lb_scenarios[LB_SCENARIO_MIXED];
    struct lb_writers one = {1, 0}, two = {2, 0}, share = {0, 0.05};
    int locks = 0;

    (void)state;
    for (int i = 0; i < 5; i++)
        locks += lb_scenario_op(observer, &one, i, 5) == LB_OP_READ;
    assert_int_equal(locks, 3);
    assert_int_equal(lb_scenario_op(observer, &one, 2, 5), LB_OP_READ);
    assert_int_equal(lb_scenario_op(observer, &one, 3, 5), LB_OP_OBSERVE);
    assert_int_equal(lb_scenario_op(observer, &one, 1, 2), LB_OP_OBSERVE);
    assert_int_equal(lb_scenario_role(mixed, &two, 1, 4), 0);
    assert_int_equal(lb_scenario_role(mixed, &two, 2, 4), 1);
    assert_int_equal(lb_scenario_op(mixed, &two, 1, 4), LB_OP_READ);
    assert_int_equal(lb_scenario_op(mixed, &two, 3, 4), LB_OP_WRITE);
    for (int i = 0; i < 4; i++)
        assert_int_equal(lb_scenario_op(mixed, &share, i, 4), LB_OP_MIX);
    for (int k = 0; k < LB_SCENARIOS; k++)
        for (int i = 0; i < 4 && lb_scenarios[k].n_roles == 1; i++) {
            assert_int_equal(lb_scenario_role(&lb_scenarios[k], &one, i, 4), 0);
            assert_string_equal(lb_scenarios[k].roles[0].name, "all");
        }
}

/* Threads of each role, n being allowed. */
static void check_players(const struct lb_scenario *s, const struct lb_writers *writers, int n)
{
    int players[2] = {0, 0};

    for (int i = 0; i < n; i++) {
        int role = lb_scenario_role(s, writers, i, n);
        assert_uint_in_range(role, 0, s->n_roles - 1);
        players[role]++;
    }
    for (int role = 0; role < s->n_roles; role++)
        if (!players[role])
            fail_msg("%s on %d threads: nobody plays role %s", s->name, n, s->roles[role].name);
}

static void test_every_role_is_played(void **state)
{
    (void)state;
    for (int k = 0; k < LB_SCENARIOS; k++) {
        const struct lb_scenario *s = &lb_scenarios[k];
        int most = s->most_threads ? s->most_threads : 70;
        assert_true((s->players == LB_PLAYERS_ALL) == (s->n_roles == 1));
        for (int n = s->n_roles; n <= most; n++)
            for (int writing = 1; writing < (lb_scenario_has_writers(s) ? n : 2); writing++)
                check_players(s, &(struct lb_writers){writing, 0}, n);
    }
}

static void test_who_plays_the_second_role(void **state)
{
    static const struct {
        const char *name;
        int threads, first;
    } expected[] = {
        {"observer", 5, 3},     {"read-write", 5, 3}, {"whatif", 4, 2},    {"mixed", 5, 3},
        {"counters-sum", 5, 4}, {"ring", 2, 1},       {"fault-map", 5, 4}, {"fault-protect", 5, 4},
    };
    struct lb_writers two = {2, 0};
    size_t with_two = 0;

    (void)state;
    for (size_t k = 0; k < LB_COUNT(expected); k++) {
        const struct lb_scenario *s;
        assert_int_equal(lb_scenario_find(expected[k].name, NULL, &s), 0);
        for (int i = 0; i < expected[k].threads; i++)
            assert_int_equal(lb_scenario_role(s, &two, i, expected[k].threads),
                             i >= expected[k].first);
    }
    for (int k = 0; k < LB_SCENARIOS; k++)
        with_two += lb_scenarios[k].n_roles == 2;
    assert_int_equal(with_two, LB_COUNT(expected));
}

/* A row that names an op which has no loop for a lock is refused, whatever scenario it is. */
static void test_a_new_row_is_refused_where_it_has_no_loop(void **state)
{
    struct lb_scenario row = lb_scenarios[LB_SCENARIO_SAME_OBJECT];
    struct lb_why why = {""};

    (void)state;
    row.name = "watched-writer";
    row.n_roles = 2;
    row.players = LB_PLAYERS_FIRST_HALF;
    row.roles[0] = (struct lb_role){"write", LB_OP_WRITER};
    row.roles[1] = (struct lb_role){"observe", LB_OP_OBSERVE};
    assert_int_equal(lb_scenario_allows(&row, layout("embedded"), LB_LOCK_RWSEM40, &why), 0);
    assert_int_equal(lb_scenario_allows(&row, layout("refcount"), LB_LOCK_REFCOUNT, &why), -EINVAL);
    assert_non_null(strstr(why.text, "watched-writer with lock refcount"));
    row.roles[1].op = LB_OPS;
    why.text[0] = '\0';
    assert_int_equal(lb_scenario_allows(&row, layout("embedded"), LB_LOCK_RWSEM40, &why), -EINVAL);
    assert_non_null(strstr(why.text, "observe has no loop"));
}

static void test_writers_parse(void **state)
{
    static const char *const bad[] = {"",    "0",    "-1",          "1.5", "x",    "1x",
                                      "0%",  "101%", "5%%",         "nan", "nan%", "inf",
                                      "-5%", "1e12", "99999999999", "%"};
    struct lb_writers writers = {7, 7};
    struct lb_why why;

    (void)state;
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        why.text[0] = '\0';
        if (lb_writers_parse(bad[i], &why, &writers) != -EINVAL)
            fail_msg("'%s' is taken", bad[i]);
        assert_non_null(strstr(why.text, bad[i]));
        assert_true(writers.threads == 7 && writers.share > 6);
    }
    assert_int_equal(lb_writers_parse("3", NULL, &writers), 0);
    assert_true(writers.threads == 3 && writers.share <= 0);
    assert_int_equal(lb_writers_parse("5%", NULL, &writers), 0);
    assert_true(writers.threads == 0 && writers.share > 0.0499 && writers.share < 0.0501);
    assert_int_equal(lb_writers_parse("100%", NULL, &writers), 0);
    assert_int_equal(lb_writers_parse("0.1%", NULL, &writers), 0);
    assert_true(writers.share > 0.0009 && writers.share < 0.0011);
}

static void test_access_names(void **state)
{
    size_t access = LB_PICKINGS;
    struct lb_why why = {""};

    (void)state;
    for (int i = 0; i < LB_PICKINGS; i++) {
        assert_int_equal(
            lb_name_find(&lb_picking_names, lb_picking_name((enum lb_picking)i), NULL, &access), 0);
        assert_int_equal(access, i);
    }
    assert_int_equal(lb_name_find(&lb_picking_names, "zipf", &why, &access), -ENOENT);
    assert_int_equal(access, LB_PICKINGS - 1);
    assert_non_null(strstr(why.text, "shared-zipf"));
}

static void test_allowed_combinations(void **state)
{
    struct lb_why why = {""};
    const struct lb_scenario *s = lb_scenarios;

    (void)state;
    assert_int_equal(
        lb_scenario_allows(&s[LB_SCENARIO_WRITERS], layout("refcount"), LB_LOCK_REFCOUNT, &why),
        -EINVAL);
    assert_non_null(strstr(why.text, "refcount"));
    assert_int_equal(
        lb_scenario_allows(&s[LB_SCENARIO_MIXED], layout("refcount"), LB_LOCK_REFCOUNT, &why), 0);
    assert_int_equal(
        lb_scenario_allows(&s[LB_SCENARIO_WRITERS], layout("pointer"), LB_LOCK_LOCKED_ADDS, &why),
        -EINVAL);
    assert_int_equal(
        lb_scenario_allows(&s[LB_SCENARIO_MIXED], layout("pointer"), LB_LOCK_LOCKED_ADDS, &why),
        -EINVAL);
    assert_int_equal(lb_scenario_allows(&s[LB_SCENARIO_SAME_OBJECT], layout("refcount-seq"),
                                        LB_LOCK_RWSEM40, &why),
                     -EINVAL);
    assert_non_null(strstr(why.text, "refcount-seq"));
    assert_int_equal(lb_scenario_allows(&s[LB_SCENARIO_EMPTY], NULL, LB_LOCK_RWSEM40, &why), 0);
    /* What is allowed has a loop for every role, and the other way round. */
    for (int k = 0; k < LB_SCENARIOS; k++)
        for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++) {
            bool all = s[k].kind != LB_SCENARIO_WHATIF; /* pointer does not say what is touched */
            for (int role = 0; role < s[k].n_roles; role++)
                all &= lb_hot_find(s[k].roles[role].op, lock, !s[k].uses_lock, true) != NULL;
            /* A sequence count's writers, more than one of them. */
            all &= s[k].kind != LB_SCENARIO_WRITERS || lb_lock_info(lock)->plain_writers;
            assert_int_equal(lb_scenario_allows(&s[k], layout("pointer"), lock, &why) == 0, all);
        }
}

static void test_which_block(void **state)
{
    (void)state;
    assert_true(lb_scenario_blocks(&lb_scenarios[LB_SCENARIO_MIXED], LB_LOCK_REFCOUNT));
    assert_true(lb_scenario_blocks(&lb_scenarios[LB_SCENARIO_WRITERS], LB_LOCK_RWSEM40));
    assert_false(lb_scenario_blocks(&lb_scenarios[LB_SCENARIO_SAME_OBJECT], LB_LOCK_RWSEM40));
    assert_true(lb_scenario_blocks(&lb_scenarios[LB_SCENARIO_SAME_OBJECT], LB_LOCK_PTHREAD_MUTEX));
    assert_true(lb_scenario_blocks(&lb_scenarios[LB_SCENARIO_NESTED], LB_LOCK_PTHREAD_MUTEX));
    assert_false(lb_scenario_blocks(&lb_scenarios[LB_SCENARIO_NEIGHBOURS], LB_LOCK_PTHREAD_MUTEX));
    assert_false(lb_scenario_blocks(&lb_scenarios[LB_SCENARIO_EMPTY], LB_LOCK_PTHREAD_MUTEX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_every_role_is_played),
        cmocka_unit_test(test_who_plays_the_second_role),
        cmocka_unit_test(test_a_new_row_is_refused_where_it_has_no_loop),
        cmocka_unit_test(test_writers_parse),
        cmocka_unit_test(test_access_names),
        cmocka_unit_test(test_allowed_combinations),
        cmocka_unit_test(test_which_block),
    };

    return cmocka_run_group_tests_name("scenario", tests, setup, teardown);
}
