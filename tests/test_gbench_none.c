/* SPDX-License-Identifier: MIT
 *
 * The gbench stage of a build without libbenchmark: everything is refused with a reason.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <linebounce/gbench.h>

#include <errno.h>
#include <string.h>

static void test_flags_are_still_told_apart(void **state)
{
    (void)state;
    assert_true(lb_gbench_is_flag("--benchmark_filter=x"));
    assert_true(lb_gbench_is_flag("--v=1"));
    assert_false(lb_gbench_is_flag("--version"));
    assert_string_equal(lb_gbench_version(), "not built in");
}

static void test_everything_is_refused(void **state)
{
    char program[] = "linebounce", flag[] = "--benchmark_filter=x";
    char *argv[] = {program, flag, NULL};
    const char *const names[] = {"a"};
    bool selected[] = {true};
    size_t n_selected = 99;
    struct lb_why why = {""};
    (void)state;
    assert_int_equal(lb_gbench_init(2, argv, &why), -ENOTSUP);
    assert_int_equal(strncmp(why.text, flag, strlen(flag)), 0);
    assert_non_null(strstr(why.text, "libbenchmark"));
    assert_int_equal(lb_gbench_init(1, argv, NULL), -ENOTSUP);
    assert_int_equal(lb_gbench_select(names, 1, selected, &n_selected), -ENOTSUP);
    assert_true(selected[0]);
    assert_int_equal(n_selected, 99);
    lb_gbench_context("key", "value");
    assert_int_equal(lb_gbench_replay(NULL, 0, &why), -ENOTSUP);
    assert_int_equal(lb_gbench_repetitions(), 0);
    assert_true(lb_gbench_min_time_s() <= 0);
    assert_true(lb_gbench_min_warmup_s() <= 0);
    assert_false(lb_gbench_list_only());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags_are_still_told_apart),
        cmocka_unit_test(test_everything_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
