/* SPDX-License-Identifier: MIT
 *
 * record: rows, run.json and folders, in any locale.
 */
#include <linebounce/record.h>

#include "support/folder_of_rows.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

/* Helpers ------------------------------------------------------------------------------------ */

/* How many files in the test's folder have `part` in their names. */
static size_t count_files(const char *part)
{
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    size_t n = 0;
    for (struct dirent *entry; (entry = readdir(entries));)
        n += strstr(entry->d_name, part) != NULL;
    closedir(entries);
    return n;
}

/* Rows --------------------------------------------------------------------------------------- */

static void test_row_cells(void **state)
{
    (void)state;
    struct lb_row *row = new_row();
    assert_line(row, "3,,,\n");
    assert_int_equal(lb_row_text(row, "name", "first"), 0);
    assert_int_equal(lb_row_text(row, "name", "later"), 0);
    assert_int_equal(lb_row_int(row, "count", INT64_MIN), 0);
    assert_int_equal(lb_row_number(row, "value", 12.3456789), 0);
    assert_line(row, "3,later,-9223372036854775808,12.3457\n");
    assert_int_equal(lb_row_text(row, "name", NULL), 0);
    assert_int_equal(lb_row_number(row, "count", (double)NAN), 0);
    assert_int_equal(lb_row_number(row, "value", (double)-INFINITY), 0);
    assert_line(row, "3,,,\n");
    lb_row_text(row, "name", "x");
    lb_row_clear(row);
    assert_line(row, "3,,,\n");
    lb_row_destroy(row);
    lb_row_destroy(NULL);
}

static void test_row_unknown_column(void **state)
{
    (void)state;
    struct lb_row *row = new_row();
    assert_int_equal(lb_row_text(row, "nam", "x"), -EINVAL);
    assert_int_equal(lb_row_int(row, "Name", 1), -EINVAL);
    assert_int_equal(lb_row_number(row, "", 1), -EINVAL);
    assert_int_equal(lb_row_more_int(row, "names", 1), -EINVAL);
    assert_int_equal(lb_row_more_number(row, "x", 1), -EINVAL);
    assert_line(row, "3,,,\n");
    lb_row_destroy(row);
    assert_int_equal(lb_schema_find(&small, "value"), 3);
    assert_int_equal(lb_schema_find(&small, "values"), -1);
}

static void test_row_many_values(void **state)
{
    (void)state;
    struct lb_row *row = new_row();
    for (int i = 0; i < 3; i++)
        assert_int_equal(lb_row_more_int(row, "count", i), 0);
    /* An unknown value keeps its place, also the first and the last one. */
    lb_row_more_number(row, "value", (double)NAN);
    lb_row_more_number(row, "value", 2.5);
    lb_row_more_number(row, "value", (double)INFINITY);
    assert_line(row, "3,,0;1;2,;2.5;\n");
    lb_row_int(row, "count", 7);
    lb_row_more_int(row, "count", 8);
    lb_row_number(row, "value", 1);
    assert_line(row, "3,,7;8,1\n");
    lb_row_clear(row);
    lb_row_more_int(row, "count", 9);
    assert_line(row, "3,,9,\n");
    /* Texts likewise; an empty one is a place, none is nothing. */
    lb_row_clear(row);
    assert_int_equal(lb_row_more_text(row, "name", "one"), 0);
    assert_int_equal(lb_row_more_text(row, "name", NULL), 0);
    assert_int_equal(lb_row_more_text(row, "name", ""), 0);
    assert_int_equal(lb_row_more_text(row, "name", "a, b"), 0);
    assert_int_equal(lb_row_more_text(row, "other", "x"), -EINVAL);
    assert_line(row, "3,\"one;;a, b\",,\n");
    lb_row_destroy(row);
}

/* Locale ------------------------------------------------------------------------------------- */

static void test_locale(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE",      "fr_FR.UTF-8",
                                        "fr_FR.utf8",  "pl_PL.utf8", "ps_AF.utf8", "es_ES.utf8"};
    const char *found = NULL;
    for (size_t i = 0; i < LB_COUNT(names) && !found; i++)
        if (setlocale(LC_ALL, names[i]) && strcmp(localeconv()->decimal_point, ".") != 0)
            found = names[i];
    if (!found) {
        setlocale(LC_ALL, "C");
        print_message("no locale without a decimal point is installed\n");
        skip();
    }
    struct lb_row *row = new_row();
    lb_row_int(row, "count", 1234567);
    lb_row_number(row, "value", 1234.5);
    char *line = line_of(row);
    lb_row_destroy(row);
    struct lb_csv_reader *reader = open_text(SMALL_HEADER "3,a,1,1234.5\n");
    int next = lb_csv_next(reader, NULL);
    double value = lb_csv_number(reader, "value");
    lb_csv_reader_close(reader);
    struct lb_json *json;
    assert_int_equal(lb_json_create(&json), 0);
    lb_json_number(json, "value", 1234.5);
    int written = lb_json_write(json, in_folder("locale.json"), NULL);
    lb_json_destroy(json);
    setlocale(LC_ALL, "C");

    assert_string_equal(line, "3,,1234567,1234.5\n");
    free(line);
    assert_int_equal(next, 1);
    assert_true(value == 1234.5);
    assert_int_equal(written, 0);
    char *text = read_text(in_folder("locale.json"));
    assert_non_null(strstr(text, "1234.5"));
    free(text);
}

/* JSON --------------------------------------------------------------------------------------- */

static void test_json_values(void **state)
{
    (void)state;
    struct lb_json *json;
    assert_int_equal(lb_json_create(&json), 0);
    assert_int_equal(lb_json_text(json, "a.b.c", "deep"), 0);
    assert_int_equal(lb_json_text(json, "a.b.d", ""), 0);
    assert_int_equal(lb_json_text(json, "a.e", NULL), 0);
    assert_int_equal(lb_json_number(json, "clock.step_ns", 0.1), 0);
    assert_int_equal(lb_json_number(json, "clock.rate", (double)NAN), 0);
    assert_int_equal(lb_json_number(json, "big", 4503599627370497.0), 0);
    assert_int_equal(lb_json_bool(json, "yes", true), 0);
    assert_int_equal(lb_json_bool(json, "no", false), 0);
    assert_int_equal(lb_json_push_text(json, "argv", "run"), 0);
    assert_int_equal(lb_json_push_text(json, "argv", ""), 0);
    assert_int_equal(lb_json_push_text(json, "argv", NULL), 0);
    assert_int_equal(lb_json_text(json, "a.b.c", "\"quoted\"\n\t\\"), 0);

    cJSON *root = written(json);
    assert_true(cJSON_GetNumberValue(item(root, "schema_version")) == LB_SCHEMA_VERSION);
    assert_string_equal(text_at(root, "a.b.c"), "\"quoted\"\n\t\\");
    assert_true(cJSON_IsNull(item(root, "a.b.d")));
    assert_true(cJSON_IsNull(item(root, "a.e")));
    assert_true(cJSON_GetNumberValue(item(root, "clock.step_ns")) == 0.1);
    assert_true(cJSON_IsNull(item(root, "clock.rate")));
    assert_true(cJSON_GetNumberValue(item(root, "big")) == 4503599627370497.0);
    assert_true(cJSON_IsTrue(item(root, "yes")));
    assert_true(cJSON_IsFalse(item(root, "no")));
    assert_int_equal(cJSON_GetArraySize(item(root, "argv")), 3);
    assert_string_equal(text_at(root, "argv.0"), "run");
    assert_string_equal(text_at(root, "argv.1"), "");
    assert_true(cJSON_IsNull(item(root, "argv.2")));
    cJSON_Delete(root);
    lb_json_destroy(json);
    lb_json_destroy(NULL);
}

static void test_json_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           ".",
        "a.",         ".a",
        "a..b",       "argv",
        "object",     "text.below",
        "argv.below", "0123456789012345678901234567890123456789012345678901234567890123",
    };
    struct lb_json *json;
    assert_int_equal(lb_json_create(&json), 0);
    lb_json_push_text(json, "argv", "run");
    lb_json_text(json, "object.name", "x");
    lb_json_text(json, "text", "y");
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        assert_int_equal(lb_json_text(json, bad[i], "z"), -EINVAL);
        assert_int_equal(lb_json_number(json, bad[i], 1), -EINVAL);
        assert_int_equal(lb_json_bool(json, bad[i], true), -EINVAL);
    }
    assert_int_equal(lb_json_push_text(json, "text", "z"), -EINVAL);
    assert_int_equal(lb_json_push_text(json, "object", "z"), -EINVAL);
    cJSON *root = written(json);
    assert_int_equal(cJSON_GetArraySize(root), 4);
    assert_int_equal(cJSON_GetArraySize(item(root, "argv")), 1);
    assert_string_equal(text_at(root, "object.name"), "x");
    assert_string_equal(text_at(root, "text"), "y");
    cJSON_Delete(root);
    lb_json_destroy(json);
}

static void test_json_utf8(void **state)
{
    (void)state;
#define BAD "\xef\xbf\xbd"
    static const char *const texts[][2] = {
        {"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"a\xff"
         "b",
         "a" BAD "b"},
        {"\xc0\xaf", BAD BAD},                 /* overlong */
        {"\xe0\x80\xaf", BAD BAD BAD},         /* overlong */
        {"\xed\xa0\x80", BAD BAD BAD},         /* surrogate */
        {"\xf4\x90\x80\x80", BAD BAD BAD BAD}, /* past the last character */
        {"cut \xe2\x82", "cut " BAD BAD},
    };
    struct lb_json *json;
    assert_int_equal(lb_json_create(&json), 0);
    for (size_t i = 0; i < LB_COUNT(texts); i++)
        assert_int_equal(lb_json_push_text(json, "texts", texts[i][0]), 0);
    cJSON *root = written(json);
    for (size_t i = 0; i < LB_COUNT(texts); i++) {
        char path[32];
        snprintf(path, sizeof path, "texts.%zu", i);
        assert_string_equal(text_at(root, path), texts[i][1]);
    }
    cJSON_Delete(root);
    lb_json_destroy(json);
}

static int write_json_over_limit(const char *path)
{
    struct lb_json *json;
    struct lb_why why = {""};
    struct rlimit limit = {10, 10};
    signal(SIGXFSZ, SIG_IGN);
    if (lb_json_create(&json) || lb_json_text(json, "a", "some text") ||
        setrlimit(RLIMIT_FSIZE, &limit))
        return 1;
    return lb_json_write(json, path, &why) == -EFBIG && strstr(why.text, path) ? 0 : 2;
}

static void test_json_write_fails(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_json *json;
    assert_int_equal(lb_json_create(&json), 0);
    assert_int_equal(lb_json_write(json, in_folder("no/such/run.json"), &why), -ENOENT);
    assert_non_null(strstr(why.text, "no/such/run.json: No such file"));
    /* The rename fails. */
    const char *path = in_folder("taken.json");
    assert_int_equal(mkdir(path, 0777), 0);
    assert_int_equal(lb_json_write(json, path, &why), -EISDIR);
    assert_int_equal(count_files("taken.json"), 1);
    lb_json_destroy(json);
    /* The write fails: what was there stays. */
    path = in_folder("kept.json");
    write_text(path, "old");
    assert_int_equal(run_child(write_json_over_limit, path), 0);
    assert_int_equal(count_files("kept.json"), 1);
    char *text = read_text(path);
    assert_string_equal(text, "old");
    free(text);
}

/* Folders ------------------------------------------------------------------------------------ */

static void test_make_folders(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct stat status;
    assert_int_equal(lb_make_folders(in_folder("x//y/z/"), &why), 0);
    assert_int_equal(stat(in_folder("x/y/z"), &status), 0);
    assert_true(S_ISDIR(status.st_mode));
    assert_int_equal(lb_make_folders(in_folder("x/y/z"), &why), 0);
    assert_int_equal(lb_make_folders("/", &why), 0);
    assert_int_equal(lb_make_folders(".", &why), 0);
    assert_string_equal(why.text, "");
    write_text(in_folder("x/file"), "");
    assert_int_equal(lb_make_folders(in_folder("x/file"), &why), -ENOTDIR);
    assert_int_equal(lb_make_folders(in_folder("x/file/y/z"), &why), -ENOTDIR);
    assert_non_null(strstr(why.text, "x/file: "));
    assert_int_equal(lb_make_folders("", &why), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_cells),       cmocka_unit_test(test_row_unknown_column),
        cmocka_unit_test(test_row_many_values), cmocka_unit_test(test_locale),
        cmocka_unit_test(test_json_values),     cmocka_unit_test(test_json_refuses),
        cmocka_unit_test(test_json_utf8),       cmocka_unit_test(test_json_write_fails),
        cmocka_unit_test(test_make_folders),
    };
    return cmocka_run_group_tests_name("record", tests, make_folder, remove_folder);
}
