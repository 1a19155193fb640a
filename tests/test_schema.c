/* SPDX-License-Identifier: MIT
 *
 * The schema against the page that documents it, and the names of its columns.
 */
#include <linebounce/account.h>
#include <linebounce/answer.h>
#include <linebounce/compare.h>
#include <linebounce/events.h>
#include <linebounce/page.h>
#include <linebounce/pairs.h>
#include <linebounce/record.h>
#include <linebounce/repeat.h>

#include "support/folder_of_rows.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Schema page -------------------------------------------------------------------------------- */

static char *read_page(void)
{
    char path[1024];
    const char *source = getenv("LB_SOURCE_DIR");
    snprintf(path, sizeof path, "%s/results/README.md", source && *source ? source : ".");
    if (!exists(path))
        print_error("%s is missing; LB_SOURCE_DIR says where the sources are\n", path);
    return read_text(path);
}

/* The next table row of the page at *at, before its next heading: name without backquotes, meaning.
 * Cuts the page. False at the end of the section. */
static bool next_entry(char **at, const char **name, const char **meaning)
{
    for (char *line; (line = strsep(at, "\n"));) {
        if (strncmp(line, "## ", 3) == 0)
            return false;
        char *middle = strstr(line, "` | ");
        if (strncmp(line, "| `", 3) != 0 || !middle)
            continue;
        *middle = '\0';
        *name = line + 3;
        *meaning = middle + 4;
        char *end = strstr(middle + 4, " |");
        assert_non_null(end);
        assert_string_equal(end, " |");
        *end = '\0';
        return true;
    }
    return false;
}

static char *find_section(char *page, const char *title)
{
    char heading[64];
    snprintf(heading, sizeof heading, "\n## %s\n", title);
    char *at = strstr(page, heading);
    if (!at)
        print_error("no section '%s'\n", title);
    assert_non_null(at);
    return at + strlen(heading);
}

static void check_columns(const struct lb_schema *schema)
{
    char *page = read_page();
    char *at = find_section(page, schema->file);
    const char *name, *meaning;
    for (size_t i = 0; i < schema->n_columns; i++) {
        if (!next_entry(&at, &name, &meaning))
            fail_msg("the page ends before %s", schema->columns[i].name);
        assert_string_equal(name, schema->columns[i].name);
        assert_string_equal(meaning, schema->columns[i].meaning);
    }
    if (next_entry(&at, &name, &meaning))
        fail_msg("%s has no column %s", schema->file, name);
    free(page);
}

static void test_page_columns(void **state)
{
    (void)state;
    check_columns(&lb_schema_samples);
    check_columns(&lb_schema_summary);
    check_columns(&lb_schema_pairs);
    check_columns(&lb_schema_matrix);
    check_columns(&lb_schema_comparison);
    check_columns(&lb_schema_repeat);
    check_columns(&lb_schema_answer);
    check_columns(&lb_schema_lines);
}

static void test_page_version(void **state)
{
    (void)state;
    char sentence[64];
    snprintf(sentence, sizeof sentence, "schema version %d.", LB_SCHEMA_VERSION);
    char *page = read_page();
    assert_non_null(strstr(page, sentence));
    free(page);
}

/* Every key that every document has is on the page, and the other way round. */
static void test_page_json(void **state)
{
    (void)state;
    struct lb_json *json;
    struct lb_environment e;
    lb_environment_read(&e);
    assert_int_equal(lb_json_create(&json), 0);
    assert_int_equal(lb_json_environment(json, &e), 0);
    cJSON *root = written(json);
    char *page = read_page();
    char *at = find_section(page, "run.json");
    const char *name, *meaning;
    int n = 0;
    for (; next_entry(&at, &name, &meaning); n++)
        if (!item(root, name))
            fail_msg("run.json has no %s", name);
    assert_int_equal(n, 1 + cJSON_GetArraySize(item(root, "machine")) +
                            cJSON_GetArraySize(item(root, "build")));
    free(page);
    cJSON_Delete(root);
    lb_json_destroy(json);
}

static void check_names(const struct lb_schema *schema)
{
    assert_string_equal(schema->columns[0].name, "schema_version");
    assert_string_equal(schema->columns[1].name, "host");
    assert_string_equal(schema->columns[2].name, "run");
    for (size_t i = 0; i < schema->n_columns; i++) {
        const char *name = schema->columns[i].name;
        /* Usable as a name in any language; a meaning that a table of Markdown can hold. */
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name));
        assert_int_equal(lb_schema_find(schema, name), (int)i);
        assert_true(strlen(schema->columns[i].meaning) > 5);
        assert_null(strpbrk(schema->columns[i].meaning, "|\n`"));
    }
}

static void test_schema_names(void **state)
{
    (void)state;
    check_names(&lb_schema_samples);
    check_names(&lb_schema_summary);
}

/* What is counted as a quantity has a place in both files. */
static void test_schema_quantities(void **state)
{
    char column[64];

    (void)state;
    for (int q = 0; q < LB_QUANTITIES; q++) {
        snprintf(column, sizeof column, "%s_per_op", lb_quantity_name((enum lb_quantity)q));
        assert_true(lb_schema_find(&lb_schema_samples, column) >= 0);
        assert_true(lb_schema_find(&lb_schema_summary, column) >= 0);
    }
}

/* Each row of the table has its columns, and a member of its own. */
static void test_schema_measures(void **state)
{
    (void)state;
    for (size_t i = 0; i < LB_MEASURES; i++) {
        const struct lb_measure *m = &lb_measures[i];
        struct lb_account a = {0}, sum = {0};
        assert_true(lb_schema_find(&lb_schema_samples, m->column) >= 0);
        assert_true(!m->summary || lb_schema_find(&lb_schema_summary, m->summary) >= 0);
        *lb_account_at(&a, m) = 3;
        lb_account_add(&a, &sum);
        lb_account_add(&a, &sum);
        for (size_t k = 0; k < LB_MEASURES; k++)
            if (strcmp(m->column, "off_cpu_ns") != 0) /* which follows from others */
                assert_true(lb_account_get(&sum, &lb_measures[k]) == (k == i ? 6 : 0));
    }
}

/* Behind version, host and run the columns that name a case are the first of both files, in one
 * order. */
static void test_schema_key(void **state)
{
    (void)state;
    assert_string_equal(lb_key_column(LB_KEY_SUITE), "suite");
    assert_string_equal(lb_key_column(LB_KEY_OFFSET), "offset_bytes");
    assert_string_equal(lb_key_column(LB_KEY_WORK_NS), "work_ns");
    assert_string_equal(lb_key_column(LB_KEY_ROLE), "role");
    for (enum lb_key k = 0; k < LB_KEYS; k++)
        assert_string_equal(lb_key_column(k), lb_schema_summary.columns[3 + k].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_measures),   cmocka_unit_test(test_schema_key),
        cmocka_unit_test(test_page_columns),      cmocka_unit_test(test_page_version),
        cmocka_unit_test(test_page_json),         cmocka_unit_test(test_schema_names),
        cmocka_unit_test(test_schema_quantities),
    };
    return cmocka_run_group_tests_name("schema", tests, make_folder, remove_folder);
}
