/* SPDX-License-Identifier: MIT
 *
 * Which atomics a machine has, and that each build of the hot loops works with them.
 */
#include <linebounce/atomics.h>
#include <linebounce/environment.h>
#include <linebounce/op.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OPS 1000

static int undo(void **state)
{
    lb_atomics_choose(*state, NULL);
    return 0;
}

/* Where the caller knows what machine this is: an emulated one. */
static void the_first_choice(void **state)
{
    const char *expected = getenv("LB_EXPECT_ATOMICS");

    (void)state;
    assert_true(lb_atomics_usable(lb_atomics()));
    if (expected)
        assert_string_equal(lb_atomics_name(lb_atomics()), expected);
#if defined(__aarch64__)
    assert_true(lb_atomics_usable(LB_ATOMICS_LLSC));
    assert_true(lb_atomics() == LB_ATOMICS_LSE || !lb_atomics_usable(LB_ATOMICS_LSE));
#elif defined(__x86_64__)
    assert_int_equal(lb_atomics(), LB_ATOMICS_LOCKED);
#endif
}

static void what_cannot_run_is_refused(void **state)
{
    const enum lb_atomics before = lb_atomics();
    unsigned refused = 0;

    (void)state;
    for (enum lb_atomics a = 0; a < LB_ATOMICS_KINDS; a++) {
        struct lb_why why = {""};
        if (lb_atomics_usable(a))
            continue;
        assert_int_equal(lb_atomics_choose(lb_atomics_name(a), &why), -ENOTSUP);
        assert_non_null(strstr(why.text, lb_atomics_name(a)));
        assert_non_null(strstr(why.text, lb_atomics_name(before)));
        assert_int_equal(lb_atomics(), before);
        refused++;
    }
    assert_true(refused >= LB_ATOMICS_KINDS - 2);
}

static void unknown_names_are_refused_with_the_nearest(void **state)
{
    const enum lb_atomics before = lb_atomics();
    struct lb_why why = {""};

    (void)state;
    assert_int_equal(lb_atomics_choose("lcked", &why), -EINVAL);
    assert_non_null(strstr(why.text, "locked"));
    assert_int_equal(lb_atomics(), before);
}

static void add_with(enum lb_atomics atomics, uint64_t *word, struct lb_task *me)
{
    struct lb_environment *e = calloc(1, sizeof *e);

    assert_int_equal(lb_atomics_choose(lb_atomics_name(atomics), NULL), 0);
    assert_int_equal(lb_atomics(), atomics);
    assert_non_null(e);
    lb_environment_read(e);
    assert_string_equal(e->atomics, lb_atomics_name(atomics));
    free(e);
    for (int paused = 0; paused < 2; paused++)
        lb_hot_find(LB_OP_ADD, LB_LOCK_RWSEM40, false, paused)(
            OPS, 1, LB_SPAN_LEAST, me, (uintptr_t)word, (uintptr_t)&lb_program_of_word, 0, 0, 0, 0);
}

static void each_kind_has_loops_of_its_own(void **state)
{
    _Alignas(64) uint64_t word = 0;
    lb_hot *found[LB_ATOMICS_KINDS] = {NULL};
    struct lb_task_set *set;
    uint64_t expected = 0;

    (void)state;
    assert_int_equal(lb_task_set_create(1, &set), 0);
    for (enum lb_atomics a = 0; a < LB_ATOMICS_KINDS; a++) {
        if (!lb_atomics_usable(a))
            continue;
        add_with(a, &word, lb_task_get(set, 0));
        assert_int_equal(word, expected += 2 * OPS);
        found[a] = lb_hot_find(LB_OP_READ, LB_LOCK_RWSEM40, false, true);
        for (enum lb_atomics b = 0; b < a; b++)
            assert_true(!found[b] || found[a] != found[b]);
    }
    lb_task_set_destroy(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_choice),
        cmocka_unit_test(what_cannot_run_is_refused),
        cmocka_unit_test(unknown_names_are_refused_with_the_nearest),
        cmocka_unit_test_prestate_setup_teardown(each_kind_has_loops_of_its_own, NULL, undo,
                                                 (void *)(uintptr_t)lb_atomics_name(lb_atomics())),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
