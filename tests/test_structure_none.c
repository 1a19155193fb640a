/* SPDX-License-Identifier: MIT
 *
 * structure: a build without libbpf says so.
 */
#include <linebounce/structure.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_refused(void **state)
{
    struct lb_structure *s = NULL;
    struct lb_why why = {""};

    (void)state;
    assert_int_equal(lb_structure_read(NULL, "vm_area_struct", 0, &why, &s), -ENOTSUP);
    assert_non_null(strstr(why.text, "has no libbpf"));
    assert_int_equal(lb_structure_read("/nowhere", "x", 0, NULL, &s), -ENOTSUP);
    assert_null(s);
    assert_string_equal(lb_structure_library(), "not built in");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
