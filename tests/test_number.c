/* SPDX-License-Identifier: MIT
 *
 * Numbers as they are written and read back, and text fit to be shown.
 */
#include "base/number.h"
#include "support/folder_of_rows.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Numbers ------------------------------------------------------------------------------------ */

static const struct {
    double value;
    const char *text;
} six_digits[] = {
    {0, "0"},
    {-0.0, "0"},
    {1, "1"},
    {-1.5, "-1.5"},
    {0.1, "0.1"},
    {1e6, "1000000"},
    {1234567.8, "1234570"},
    {999999.5, "1000000"},
    {0.9999996, "1"},
    {545.25, "545.25"},
    {12.3456789, "12.3457"},
    {0.000123456789, "0.000123457"},
    {1e-6, "0.000001"},
    {1.5e-7, "1.5e-7"},
    {1e20, "100000000000000000000"},
    {-2.5e21, "-2.5e21"},
    {1.7976931348623157e308, "1.79769e308"},
    {4.9406564584124654e-324, "4.94066e-324"},
};

static void test_number_format(void **state)
{
    (void)state;
    for (size_t i = 0; i < LB_COUNT(six_digits); i++) {
        char text[LB_NUMBER_BYTES];
        lb_number_format(six_digits[i].value, 6, text);
        assert_string_equal(text, six_digits[i].text);
        double back = lb_number_parse(text);
        if (fabs(six_digits[i].value) < 1e308)
            assert_true(fabs(back - six_digits[i].value) <= 5.1e-6 * fabs(six_digits[i].value));
    }
}

static void test_number_exact(void **state)
{
    (void)state;
    static const double values[] = {0.1,  1.0 / 3,  2.2250738585072014e-308, 9007199254740991.0,
                                    1e22, -6.02e23, 1.7976931348623157e308,  5e-324};
    char text[LB_NUMBER_BYTES];
    for (size_t i = 0; i < LB_COUNT(values); i++) {
        lb_number_format_exact(values[i], text);
        assert_true(lb_number_parse(text) == values[i]);
    }
    lb_number_format_exact(0.1, text);
    assert_string_equal(text, "0.1");
    lb_number_format_exact(9007199254740991.0, text);
    assert_string_equal(text, "9007199254740991");
}

static void test_number_parse_refuses(void **state)
{
    (void)state;
    static const char *const texts[] = {"",      " 1", "1 ", "0x10", "inf", "nan",   "1,5", "1;2",
                                        "1.2.3", "1e", "e5", "-",    ".",   "1e999", "ok"};
    for (size_t i = 0; i < LB_COUNT(texts); i++)
        assert_true(isnan(lb_number_parse(texts[i])));
}

/* Showing ------------------------------------------------------------------------------------ */

static void test_printable(void **state)
{
    static const char *const texts[][2] = {
        {"", ""},
        {"plain, \\ and 'quoted' \xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x92",
         "plain, \\ and 'quoted' \xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x92"},
        {"\x1b[2J", "\\x1b[2J"},
        {"a\nb\rc\td", "a\\x0ab\\x0dc\\x09d"},
        {"\x7f\xc2\x9b", "\\x7f\\xc2\\x9b"},                   /* DEL, and CSI as one character */
        {"\xe2\x80\xaex", "\\xe2\\x80\\xaex"},                 /* the rest from right to left */
        {"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},                   /* a line of its own */
        {"caf\xe9", "caf\\xe9"},                               /* Latin-1 */
        {"\xc0\x8a\xed\xa0\x80", "\\xc0\\x8a\\xed\\xa0\\x80"}, /* overlong, a surrogate */
    };
    struct lb_why why;
    char shown[128];

    (void)state;
    for (size_t i = 0; i < LB_COUNT(texts); i++) {
        assert_int_equal(lb_printable(texts[i][0], shown, sizeof shown), strlen(texts[i][1]));
        assert_string_equal(shown, texts[i][1]);
        assert_int_equal(lb_printable(texts[i][0], NULL, 0), strlen(texts[i][1]));
    }
    /* Whole characters only, and none behind one that has no room. */
    assert_int_equal(lb_printable("ab\nc", shown, 6), 7);
    assert_string_equal(shown, "ab");
    lb_printable("ab\xe2\x82\xac", shown, 5);
    assert_string_equal(shown, "ab");
    /* Sentences name files, and what stands in them. */
    assert_int_equal(lb_fail(&why, EPROTO, "%s: no JSON", "a\x1b[1m\nlinebounce: b"), -EPROTO);
    assert_string_equal(why.text, "a\\x1b[1m\\x0alinebounce: b: no JSON");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number_format),
        cmocka_unit_test(test_number_exact),
        cmocka_unit_test(test_number_parse_refuses),
        cmocka_unit_test(test_printable),
    };
    return cmocka_run_group_tests_name("number", tests, make_folder, remove_folder);
}
