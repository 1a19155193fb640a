/* SPDX-License-Identifier: MIT
 *
 * Rows that nobody wrote are refused, and say why.
 */
#include <linebounce/run.h>

#include "support/cut_run.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Rows that nobody wrote */

static void refuse(struct text from, int result, const char *what)
{
    struct lb_run_options options = plain.options;
    struct lb_why why = {""};
    struct lb_run *run = NULL;
    char path[64];

    temporary(path);
    write_bytes(path, from.at, from.bytes);
    options.resume = path;
    assert_int_equal(try_run(plain.plan, &options, path, &why, &run), result);
    assert_null(run);
    if (!strstr(why.text, what) || !strstr(why.text, path))
        fail_msg("\"%s\" does not say \"%s\"", why.text, what);
    assert_true(is_text(path, from)); /* nothing was cut off or added */
    unlink(path);
    free(from.at);
}

static void test_strange_cells(void **state)
{
    static const char stranger[] = "a row of a case that is not in the plan";
    static const char nobody[] = "a row that this program has not written";
    static const struct {
        const char *column, *value, *what;
    } rows[] = {
        {"scenario", "neighbours", stranger}, {"layout", "padded", stranger},
        {"home", "remote", stranger},         {"work_ns", "199", stranger},
        {"role", "reader", nobody},           {"status", "fine", nobody},
    };

    (void)state;
    need_two_pus();
    long window = window_of_two(plain.text, 3);
    size_t line = line_of_window(plain.text, window, 0);
    for (size_t i = 0; i < LB_COUNT(rows); i++)
        refuse(with_cell(plain.text, plain.text.at + line, rows[i].column, rows[i].value), -EPROTO,
               rows[i].what);
    refuse(with_cell(plain.text, plain.text.at + line, "schema_version", "2"), -EPROTO,
           "schema_version is '2'");
}

/* Numbers that no run writes are refused before anything is measured; file, line, column and cell
 * are named. */
static void test_impossible_cells(void **state)
{
    static const struct {
        const char *column, *value;
    } cells[] = {
        {"start_ns", ""},
        {"start_ns", "-5"},
        {"start_ns", "1e300"},
        {"start_ns", "0"}, /* before the window before it */
        {"round", ""},
        {"round", "-1"},
        {"round", "0.5"},
        {"round", "7"}, /* one follows the other */
        {"round", "4294967295"},
        {"round", "1e300"},
        {"window", ""},
        {"window", "3.5"},
        {"window", "1e300"},
        {"ns_op", ""},
        {"ns_op", "0"},
        {"ns_op", "-3"},
        {"ns_op", "1e300"},
        {"ns_op", "fast"},
        {"machine_ns_op", "-1"},
        {"jain", "7"},
        {"min_over_max", "-0.1"},
        {"total_ops", ""},
        {"total_ops", "x"},
        {"cpu_ns", "1;-2"},
        {"preempted_ns", "1;;x"},
        {"retries", "1e300"},
        {"sleeps", "0.5"},
        {"pingpong_after_ns", "0"},
        {"latency_max_ns", "-1"},
        {"latency_buckets", "99999999:1"},
        {"latency_buckets", "3"},
        {"latency_buckets", "3:-1"},
        {"latency_buckets", "3:x"},
    };
    char sentence[128], place[64];

    (void)state;
    need_two_pus();
    size_t line = line_of_window(plain.text, 1, 0), number = 1;
    /* Good, however busy the machine is. */
    struct text good = with_cell(plain.text, plain.text.at + line, "status", "ok");
    good = replace_cell(replace_cell(good, line, "ns_op", "50"), line, "machine_ns_op", "25");
    for (size_t i = 0; i < line; i++)
        number += good.at[i] == '\n';
    snprintf(place, sizeof place, ":%zu: ", number);
    for (size_t i = 0; i < LB_COUNT(cells); i++) {
        snprintf(sentence, sizeof sentence, "%s%s is '%s', which no run writes there", place,
                 cells[i].column, cells[i].value);
        refuse(with_cell(good, good.at + line, cells[i].column, cells[i].value), -EPROTO, sentence);
    }
    free(good.at);
}

/* A copy without the bytes from one place to another. */
static struct text without(struct text t, size_t from, size_t to)
{
    return append(copy_text(t, from), t.at + to, t.bytes - to);
}

static void test_rows_out_of_order(void **state)
{
    static const char roles[] = "roles of a window out of order";
    static const char windows[] = "rows are missing, there twice or out of order";

    (void)state;
    need_two_pus();
    long window = window_of_two(plain.text, 3);
    size_t first = line_of_window(plain.text, window, 0);
    size_t second = line_of_window(plain.text, window, 1);
    size_t third = (size_t)(line_after(plain.text.at + second) - plain.text.at);
    struct text swapped =
        append(copy_text(plain.text, first), plain.text.at + second, third - second);
    swapped = append(swapped, plain.text.at + first, second - first);
    swapped = append(swapped, plain.text.at + third, plain.text.bytes - third);
    refuse(swapped, -EPROTO, roles);
    refuse(without(plain.text, first, second), -EPROTO, roles);
    refuse(without(plain.text, second, third), -EPROTO, roles);
    refuse(without(plain.text, first, third), -EPROTO, windows);
    /* The same row, the same window twice. */
    struct text twice =
        append(copy_text(plain.text, second), plain.text.at + first, plain.text.bytes - first);
    refuse(twice, -EPROTO, roles);
    twice = append(copy_text(plain.text, third), plain.text.at + first, plain.text.bytes - first);
    refuse(twice, -EPROTO, windows);
    /* Its sentence says which row. */
    refuse(without(plain.text, first, third), -EPROTO, "rows are missing");
}

/* Without a file there is nothing to go on with; of another kind it is left alone. */
static void test_strange_files(void **state)
{
    struct lb_run_options options = plain.options;
    struct lb_why why = {""};
    struct lb_run *run = NULL;

    (void)state;
    need_two_pus();
    options.resume = "/tmp/linebounce-resume-there-is-no-such-file";
    assert_int_equal(lb_run_measure(plain.plan, topology, &options, NULL, &why, &run), -ENOENT);
    assert_null(run);
    assert_non_null(strstr(why.text, options.resume));
    struct text other = append((struct text){NULL, 0}, "a,b\n1,2\n", 8);
    refuse(other, -EPROTO, "its columns are not those of samples.csv");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strange_cells),
        cmocka_unit_test(test_impossible_cells),
        cmocka_unit_test(test_rows_out_of_order),
        cmocka_unit_test(test_strange_files),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
