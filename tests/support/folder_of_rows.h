/* SPDX-License-Identifier: MIT
 *
 * A folder for each test, and a small schema.
 */
#ifndef LB_TESTS_FOLDER_OF_ROWS_H
#define LB_TESTS_FOLDER_OF_ROWS_H

#include <linebounce/record.h>

#include "folder.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static inline bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static const struct lb_column small_columns[] = {
    {"schema_version", ""},
    {"name", ""},
    {"count", ""},
    {"value", ""},
};

static const struct lb_schema small = {"small.csv", small_columns, LB_COUNT(small_columns)};

#define SMALL_HEADER "schema_version,name,count,value\n"

static inline struct lb_row *new_row(void)
{
    struct lb_row *row;
    assert_int_equal(lb_row_create(&small, &row), 0);
    return row;
}

/* Writes one row into a new file and gives the line back that it became, to be freed. */
static inline char *line_of(const struct lb_row *row)
{
    struct lb_why why = {""};
    struct lb_csv *csv;
    const char *path = in_folder("line.csv");
    unlink(path);
    assert_int_equal(lb_csv_create(&small, path, &why, &csv), 0);
    assert_int_equal(lb_csv_append(csv, row, &why), 0);
    lb_csv_close(csv);
    char *text = read_text(path);
    assert_memory_equal(text, SMALL_HEADER, strlen(SMALL_HEADER));
    memmove(text, text + strlen(SMALL_HEADER), strlen(text) - strlen(SMALL_HEADER) + 1);
    return text;
}

static inline void assert_line(const struct lb_row *row, const char *expected)
{
    char *line = line_of(row);
    assert_string_equal(line, expected);
    free(line);
}

/* Writes the text and opens it as CSV, which has to succeed. */
static inline struct lb_csv_reader *open_text(const char *text)
{
    struct lb_why why = {""};
    struct lb_csv_reader *reader;
    const char *path = in_folder("read.csv");
    write_text(path, text);
    int result = lb_csv_open(path, NULL, &why, &reader);
    if (result)
        print_error("%s\n", why.text);
    assert_int_equal(result, 0);
    return reader;
}

static inline int run_child(int (*function)(const char *), const char *path)
{
    pid_t child = fork();
    if (child == 0)
        _exit(function(path));
    int status = 0;
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static inline cJSON *written(const struct lb_json *json)
{
    struct lb_why why = {""};
    const char *path = in_folder("run.json");
    assert_int_equal(lb_json_write(json, path, &why), 0);
    char *text = read_text(path);
    assert_int_equal(text[strlen(text) - 1], '\n');
    cJSON *root = cJSON_Parse(text);
    assert_non_null(root);
    free(text);
    return root;
}

/* The item at a path with dots; a number as the last name indexes an array. */
static inline const cJSON *item(const cJSON *root, const char *path)
{
    char copy[256];
    snprintf(copy, sizeof copy, "%s", path);
    for (char *rest = copy, *name; root && (name = strsep(&rest, "."));)
        root = cJSON_IsArray(root) ? cJSON_GetArrayItem(root, atoi(name))
                                   : cJSON_GetObjectItemCaseSensitive(root, name);
    return root;
}

static inline const char *text_at(const cJSON *root, const char *path)
{
    const char *text = cJSON_GetStringValue(item(root, path));
    return text ? text : "(no text)";
}

#endif
