/* SPDX-License-Identifier: MIT
 *
 * structure: builds without libbpf and without libdw say so.
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
    assert_string_equal(lb_structure_library(LB_FORM_BTF), "not built in");
}

static void test_refused_dwarf(void **state)
{
    const struct lb_structure_query query = {
        .form = LB_FORM_DWARF, .file = "/proc/self/exe", .name = "x"};
    struct lb_structure *s = NULL;
    struct lb_why why = {""};

    (void)state;
    assert_int_equal(lb_structure_read_by(&query, &why, &s), -ENOTSUP);
    assert_non_null(strstr(why.text, "has no libdw"));
    assert_null(s);
    assert_string_equal(lb_structure_library(LB_FORM_DWARF), "not built in");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_refused_dwarf)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
