/* SPDX-License-Identifier: MIT
 *
 * The gbench stage. Google Benchmark's state is global and init happens once, so every scenario
 * runs in a child process whose standard output and error are kept; the assertions are the
 * parent's.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <linebounce/gbench.h>

#include "support/folder.h"

#include <cjson/cJSON.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_FLAGS 8

static const char *const names[] = {"same/pointer/work_ns:200", "same/embedded/work_ns:200",
                                    "apart/pointer/work_ns:0", "apart/lost/work_ns:0"};

/* Chosen so that mean, median and spread are all different and can be checked by hand. */
static const double real_ns[] = {101.5, 99.25, 103, 100, 98.75};
static const double cpu_ns[] = {10, 20, 30, 40, 100};
static const double even_cpu_ns[] = {4, 1, 3, 2};
static const char *const counter_names[] = {"fallbacks", "once", "transfers"};
static const double counters[][3] = {
    {0, NAN, 1.25}, {0, 7.5, NAN}, {0, NAN, 2.25}, {0, NAN, 3.25}, {0, NAN, INFINITY}};

struct fixture {
    struct lb_gbench_sample five[5], four[4], one[1];
    struct lb_gbench_case cases[4];
};

static void fill(struct fixture *f)
{
    for (size_t i = 0; i < 5; i++)
        f->five[i] = (struct lb_gbench_sample){real_ns[i], cpu_ns[i], counters[i]};
    for (size_t i = 0; i < 4; i++)
        f->four[i] = (struct lb_gbench_sample){7, even_cpu_ns[i], NULL};
    f->one[0] = (struct lb_gbench_sample){0.27, 0.25, NULL};
    f->cases[0] = (struct lb_gbench_case){
        names[0], "a \"label\"", counter_names, LB_COUNT(counter_names), f->five, 5, NULL, 2};
    f->cases[1] = (struct lb_gbench_case){names[1], NULL, NULL, 0, f->four, 4, NULL, 0};
    f->cases[2] = (struct lb_gbench_case){names[2], NULL, NULL, 0, f->one, 1, NULL, 3};
    f->cases[3] =
        (struct lb_gbench_case){names[3], NULL, NULL, 0, NULL, 0, "two PUs are \"missing\"", 0};
}

/* Children: what they return, negated, is the exit status. */

static int start(int argc, char **argv)
{
    struct lb_why why = {""};
    int err = lb_gbench_init(argc, argv, &why);
    fputs(why.text, stderr);
    return err;
}

static int do_select(int argc, char **argv)
{
    bool selected[LB_COUNT(names)];
    size_t n_selected = 99;
    int err = start(argc, argv);
    if (!err)
        err = lb_gbench_select(names, LB_COUNT(names), selected, &n_selected);
    if (err)
        return err;
    for (size_t i = 0; i < LB_COUNT(names); i++)
        fputs(selected[i] ? "x" : "-", stderr);
    fprintf(stderr, "%zu", n_selected);
    return 0;
}

static int do_replay(int argc, char **argv)
{
    struct fixture f;
    struct lb_why why = {""};
    fill(&f);
    int err = do_select(argc, argv);
    if (err)
        return err;
    rewind(stderr);
    if (ftruncate(STDERR_FILENO, 0))
        return -errno;
    lb_gbench_context("seed", "42");
    lb_gbench_context("quoted", "a \"b\" \\ c");
    lb_gbench_context("seed", "43");
    err = lb_gbench_replay(f.cases, 4, &why);
    fputs(why.text, stderr);
    return err;
}

static int do_settings(int argc, char **argv)
{
    int err = start(argc, argv);
    fprintf(stderr, "%d %g %g %d", lb_gbench_repetitions(), lb_gbench_min_time_s(),
            lb_gbench_min_warmup_s(), lb_gbench_list_only());
    return err;
}

static int do_wrong_order(int argc, char **argv)
{
    struct fixture f;
    bool selected[LB_COUNT(names)] = {true, false, true, false};
    size_t n_selected = 99;
    fill(&f);
    int codes[] = {lb_gbench_select(names, LB_COUNT(names), selected, &n_selected),
                   lb_gbench_replay(f.cases, 4, NULL),
                   lb_gbench_init(argc, argv, NULL),
                   lb_gbench_init(argc, argv, NULL),
                   lb_gbench_replay(f.cases, 4, NULL),
                   lb_gbench_replay(f.cases, 4, NULL)};
    const int expected[] = {-EINVAL, -EINVAL, 0, -EALREADY, 0, -EALREADY};
    if (memcmp(codes, expected, sizeof codes) != 0)
        return -1;
    return selected[0] && !selected[1] && n_selected == 99 ? 0 : -2;
}

static int do_bad_cases(int argc, char **argv)
{
    struct fixture f;
    struct lb_why why;
    if (start(argc, argv))
        return -1;
    fill(&f);
    if (lb_gbench_replay(f.cases, 0, &why) != -EINVAL)
        return -2;
    f.cases[1].name = names[0];
    if (lb_gbench_replay(f.cases, 4, &why) != -EINVAL || !strstr(why.text, names[0]))
        return -3;
    fill(&f);
    f.four[2].cpu_ns_op = NAN;
    if (lb_gbench_replay(f.cases, 4, &why) != -EINVAL || !strstr(why.text, names[1]))
        return -4;
    fill(&f);
    f.one[0].ns_op = -1;
    if (lb_gbench_replay(f.cases, 4, &why) != -EINVAL || !strstr(why.text, names[2]))
        return -5;
    return 0;
}

/* The parent's side. */

struct outcome {
    int err;
    char out[1 << 16];
    char words[1 << 13]; /* standard error */
};

static void slurp(FILE *from, char *text, size_t bytes)
{
    rewind(from);
    size_t n = fread(text, 1, bytes - 1, from);
    text[n] = '\0';
    assert_true(n < bytes - 1);
    fclose(from);
}

static void be_child(int (*body)(int, char **), const char *const *flags, int out, int words)
{
    char program[] = "test_gbench";
    char *argv[MOST_FLAGS + 2] = {program};
    int argc = 1;
    for (; flags[argc - 1]; argc++)
        argv[argc] = strdup(flags[argc - 1]);
    dup2(out, STDOUT_FILENO);
    dup2(words, STDERR_FILENO);
    int err = body(argc, argv);
    fflush(NULL);
    _exit(-err);
}

/* With out_path standard output goes there and is not read back. */
static void run_to(const char *out_path, int (*body)(int, char **), const char *const *flags,
                   struct outcome *o)
{
    FILE *out = out_path ? fopen(out_path, "w") : tmpfile();
    FILE *words = tmpfile();
    assert_non_null(out);
    assert_non_null(words);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        be_child(body, flags, fileno(out), fileno(words));
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    o->err = -WEXITSTATUS(status);
    slurp(words, o->words, sizeof o->words);
    if (out_path)
        fclose(out);
    else
        slurp(out, o->out, sizeof o->out);
}

#define RUN(o, body, ...) run_to(NULL, body, (const char *const[]){__VA_ARGS__, NULL}, o)

static cJSON *rows_of(cJSON *document)
{
    assert_non_null(document);
    cJSON *rows = cJSON_GetObjectItemCaseSensitive(document, "benchmarks");
    assert_true(cJSON_IsArray(rows));
    return rows;
}

/* The repetition `index` (-1: the only row) of the row with this name. */
static cJSON *row_of(cJSON *document, const char *name, int index)
{
    cJSON *row;
    cJSON_ArrayForEach(row, rows_of(document))
    {
        const cJSON *at = cJSON_GetObjectItemCaseSensitive(row, "repetition_index");
        if (strcmp(cJSON_GetObjectItemCaseSensitive(row, "name")->valuestring, name) == 0 &&
            (index < 0 || (at && at->valueint == index)))
            return row;
    }
    fail_msg("no row %s %d", name, index);
    return NULL;
}

static bool has_row(cJSON *document, const char *name)
{
    const cJSON *row;
    cJSON_ArrayForEach(row, rows_of(document))
    {
        if (strcmp(cJSON_GetObjectItemCaseSensitive(row, "name")->valuestring, name) == 0)
            return true;
    }
    return false;
}

static const char *text_of(const cJSON *row, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(row, key);
    return item && cJSON_IsString(item) ? item->valuestring : NULL;
}

/* NaN when the key is absent. */
static double number_of(const cJSON *row, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(row, key);
    return item && cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
}

static void assert_near(double value, double expected, double relative)
{
    if (!(fabs(value - expected) <= relative * fabs(expected)))
        fail_msg("%.17g, expected %.17g", value, expected);
}

/* A time goes through seconds and back: two roundings. */
static const double ROUNDED = 4e-16;

static void check_repetitions(cJSON *document, double unit_ns)
{
    for (int i = 0; i < 5; i++) {
        const cJSON *row = row_of(document, names[0], i);
        assert_near(number_of(row, "real_time"), real_ns[i] / unit_ns, ROUNDED);
        assert_near(number_of(row, "cpu_time"), cpu_ns[i] / unit_ns, ROUNDED);
    }
    for (int i = 0; i < 4; i++) {
        const cJSON *row = row_of(document, names[1], i);
        assert_near(number_of(row, "real_time"), 7 / unit_ns, ROUNDED);
        assert_near(number_of(row, "cpu_time"), even_cpu_ns[i] / unit_ns, ROUNDED);
    }
    assert_near(number_of(row_of(document, names[2], 0), "real_time"), 0.27 / unit_ns, ROUNDED);
    assert_near(number_of(row_of(document, names[2], 0), "cpu_time"), 0.25 / unit_ns, ROUNDED);
}

static void test_flags_are_told_apart(void **state)
{
    (void)state;
    assert_true(lb_gbench_is_flag("--benchmark_filter=x"));
    assert_true(lb_gbench_is_flag("--benchmark_list_tests"));
    assert_true(lb_gbench_is_flag("--benchmark_no_such_thing"));
    assert_true(lb_gbench_is_flag("--v=1"));
    assert_false(lb_gbench_is_flag("--version"));
    assert_false(lb_gbench_is_flag("--v"));
    assert_false(lb_gbench_is_flag("benchmark_filter"));
    assert_false(lb_gbench_is_flag("--benchmarks"));
    assert_true(strlen(lb_gbench_version()) > 0);
}

static void test_select(void **state)
{
    static struct outcome o;
    static const struct {
        const char *flag, *selected;
    } trials[] = {
        {"--v=0", "xxxx4"},
        {"--benchmark_filter=all", "xxxx4"},
        {"--benchmark_filter=", "xxxx4"},
        {"--benchmark_filter=pointer", "x-x-2"},
        {"--benchmark_filter=-pointer", "-x-x2"},
        {"--benchmark_filter=work_ns:0$", "--xx2"},
        {"--benchmark_filter=^same/(pointer|lost)", "x---1"},
        {"--benchmark_filter=nothing", "----0"},
        {"--benchmark_enable_random_interleaving", "xxxx4"},
        {"--benchmark_repetitions=3", "xxxx4"},
        {"--benchmark_format=json", "xxxx4"},
    };
    (void)state;
    for (size_t i = 0; i < LB_COUNT(trials); i++) {
        RUN(&o, do_select, trials[i].flag);
        assert_int_equal(o.err, 0);
        assert_string_equal(o.words, trials[i].selected);
        assert_string_equal(o.out, "");
    }
}

static void test_list(void **state)
{
    static struct outcome o;
    (void)state;
    RUN(&o, do_select, "--benchmark_list_tests", "--benchmark_filter=-lost");
    assert_int_equal(o.err, 0);
    assert_string_equal(o.words, "----0");
    assert_string_equal(o.out, "same/pointer/work_ns:200\nsame/embedded/work_ns:200\n"
                               "apart/pointer/work_ns:0\n");
    RUN(&o, do_select, "--benchmark_list_tests=false");
    assert_string_equal(o.words, "xxxx4");
    assert_string_equal(o.out, "");
    /* A replay that follows all the same has nothing to add. */
    RUN(&o, do_replay, "--benchmark_list_tests=true", "--benchmark_filter=lost");
    assert_int_equal(o.err, 0);
    assert_string_equal(o.out, "apart/lost/work_ns:0\n");
}

static void test_json_repeats_the_measurement(void **state)
{
    static struct outcome o;
    (void)state;
    RUN(&o, do_replay, "--benchmark_format=json");
    assert_int_equal(o.err, 0);
    assert_string_equal(o.words, "");
    assert_null(strstr(o.out, "repeats:"));
    assert_null(strstr(o.out, "manual_time"));
    assert_null(strstr(o.out, "NaN"));
    cJSON *document = cJSON_Parse(o.out);
    check_repetitions(document, 1);
    /* 5 + 4 repetitions with 4 aggregates each, a single one, an error. */
    assert_int_equal(cJSON_GetArraySize(rows_of(document)), 9 + 8 + 1 + 1);
    const cJSON *row = row_of(document, names[0], 0);
    assert_string_equal(text_of(row, "run_name"), names[0]);
    assert_string_equal(text_of(row, "run_type"), "iteration");
    assert_string_equal(text_of(row, "time_unit"), "ns");
    assert_string_equal(text_of(row, "label"), "a \"label\"");
    assert_int_equal((int)number_of(row, "repetitions"), 5);
    assert_int_equal((int)number_of(row, "iterations"), 1);
    assert_null(text_of(row_of(document, names[1], 0), "label"));
    cJSON_Delete(document);
}

static void check_aggregate(cJSON *document, const char *name, const char *what, double real,
                            double cpu)
{
    char full[128];
    snprintf(full, sizeof full, "%s_%s", name, what);
    const cJSON *row = row_of(document, full, -1);
    assert_string_equal(text_of(row, "run_name"), name);
    assert_string_equal(text_of(row, "run_type"), "aggregate");
    assert_string_equal(text_of(row, "aggregate_name"), what);
    assert_near(number_of(row, "real_time"), real, 1e-9);
    assert_near(number_of(row, "cpu_time"), cpu, 1e-12);
}

static void check_aggregates(cJSON *document)
{
    check_aggregate(document, names[0], "mean", 100.5, 40);
    check_aggregate(document, names[0], "median", 100, 30);
    check_aggregate(document, names[0], "stddev", 1.7410485345911997, 35.35533905932738);
    check_aggregate(document, names[0], "cv", 0.017323866016827, 0.8838834764831845);
    check_aggregate(document, names[1], "mean", 7, 2.5);
    check_aggregate(document, names[1], "median", 7, 2.5);
    check_aggregate(document, names[1], "cv", 0, 0.5163977794943222);
    assert_false(has_row(document, "apart/pointer/work_ns:0_mean"));
    assert_false(has_row(document, "apart/lost/work_ns:0_mean"));
}

static void test_aggregates_are_of_the_measurement(void **state)
{
    static struct outcome o;
    (void)state;
    RUN(&o, do_replay, "--benchmark_format=json");
    cJSON *document = cJSON_Parse(o.out);
    check_aggregates(document);
    cJSON_Delete(document);
}

static void test_counters(void **state)
{
    static struct outcome o;
    (void)state;
    RUN(&o, do_replay, "--benchmark_format=json");
    cJSON *document = cJSON_Parse(o.out);
    for (int i = 0; i < 5; i++) {
        const cJSON *row = row_of(document, names[0], i);
        for (size_t k = 0; k < LB_COUNT(counter_names); k++) {
            if (isfinite(counters[i][k]))
                assert_near(number_of(row, counter_names[k]), counters[i][k], 0);
            else
                assert_false(cJSON_HasObjectItem(row, counter_names[k]));
        }
    }
    const cJSON *mean = row_of(document, "same/pointer/work_ns:200_mean", -1);
    const cJSON *stddev = row_of(document, "same/pointer/work_ns:200_stddev", -1);
    const cJSON *cv = row_of(document, "same/pointer/work_ns:200_cv", -1);
    assert_near(number_of(mean, "transfers"), 2.25, 1e-12);
    assert_near(number_of(stddev, "transfers"), 1, 1e-9);
    assert_near(number_of(mean, "once"), 7.5, 1e-12);
    assert_near(number_of(stddev, "fallbacks"), 0, 0);
    /* One value has no spread, and nothing is relative to a mean of 0. */
    assert_false(cJSON_HasObjectItem(stddev, "once"));
    assert_false(cJSON_HasObjectItem(cv, "once"));
    assert_false(cJSON_HasObjectItem(cv, "fallbacks"));
    cJSON_Delete(document);
}

/* Those that were measured; the replay has one. */
static void test_threads(void **state)
{
    static struct outcome o;
    (void)state;
    RUN(&o, do_replay, "--benchmark_format=json");
    cJSON *document = cJSON_Parse(o.out);
    assert_near(number_of(row_of(document, names[0], 0), "threads"), 2, 0);
    assert_near(number_of(row_of(document, "same/pointer/work_ns:200_mean", -1), "threads"), 2, 0);
    assert_near(number_of(row_of(document, names[1], 0), "threads"), 1, 0);
    assert_near(number_of(row_of(document, names[2], 0), "threads"), 3, 0);
    cJSON_Delete(document);
    /* A library built for debugging measured nothing here. */
    RUN(&o, do_replay, "--benchmark_format=console");
    assert_null(strstr(o.words, "DEBUG"));
    assert_null(strstr(o.out, "DEBUG"));
}

static void test_error_row(void **state)
{
    static struct outcome o;
    (void)state;
    RUN(&o, do_replay, "--benchmark_format=json");
    cJSON *document = cJSON_Parse(o.out);
    const cJSON *row = row_of(document, names[3], -1);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(row, "error_occurred")));
    assert_string_equal(text_of(row, "error_message"), "two PUs are \"missing\"");
    assert_false(cJSON_HasObjectItem(row_of(document, names[2], 0), "error_occurred"));
    cJSON_Delete(document);
    RUN(&o, do_replay, "--benchmark_format=console");
    assert_non_null(strstr(o.out, "ERROR OCCURRED: 'two PUs are \"missing\"'"));
}

static void test_interleaving_keeps_the_order(void **state)
{
    static struct outcome o;
    (void)state;
    for (int i = 0; i < 5; i++) {
        RUN(&o, do_replay, "--benchmark_format=json",
            "--benchmark_enable_random_interleaving=true");
        assert_int_equal(o.err, 0);
        cJSON *document = cJSON_Parse(o.out);
        check_repetitions(document, 1);
        check_aggregates(document);
        cJSON_Delete(document);
    }
}

static void test_other_flags_leave_the_numbers(void **state)
{
    static struct outcome o;
    (void)state;
    RUN(&o, do_replay, "--benchmark_format=json", "--benchmark_min_warmup_time=0.5",
        "--benchmark_min_time=2", "--benchmark_repetitions=9", "--benchmark_filter=pointer");
    assert_int_equal(o.err, 0);
    cJSON *document = cJSON_Parse(o.out);
    assert_int_equal(cJSON_GetArraySize(rows_of(document)), 9 + 8 + 1 + 1);
    check_repetitions(document, 1);
    cJSON_Delete(document);

    RUN(&o, do_replay, "--benchmark_format=json", "--benchmark_time_unit=us");
    document = cJSON_Parse(o.out);
    check_repetitions(document, 1000);
    assert_string_equal(text_of(row_of(document, names[0], 0), "time_unit"), "us");
    cJSON_Delete(document);
}

static void test_settings(void **state)
{
    static struct outcome o;
    (void)state;
    RUN(&o, do_settings, "--v=0");
    assert_string_equal(o.words, "0 0 0 0");
    RUN(&o, do_settings, "--benchmark_repetitions=12", "--benchmark_min_time=0.25",
        "--benchmark_min_warmup_time=1.5", "--benchmark_list_tests");
    assert_string_equal(o.words, "12 0.25 1.5 1");
    RUN(&o, do_settings, "--benchmark_min_time=0.05s", "--benchmark_min_warmup_time=2s");
    assert_string_equal(o.words, "0 0.05 2 0");
}

static void test_context(void **state)
{
    static struct outcome o;
    (void)state;
    RUN(&o, do_replay, "--benchmark_format=json", "--benchmark_context=host=a,seed=7",
        "--benchmark_context=quiet=yes");
    assert_int_equal(o.err, 0);
    assert_string_equal(o.words, "");
    cJSON *document = cJSON_Parse(o.out);
    const cJSON *context = cJSON_GetObjectItemCaseSensitive(document, "context");
    assert_string_equal(text_of(context, "host"), "a");
    assert_string_equal(text_of(context, "quiet"), "yes");
    assert_string_equal(text_of(context, "seed"), "7");
    assert_string_equal(text_of(context, "quoted"), "a \"b\" \\ c");
    assert_string_equal(text_of(context, "executable"), "test_gbench");
    cJSON_Delete(document);
    RUN(&o, do_replay, "--benchmark_format=json");
    document = cJSON_Parse(o.out);
    context = cJSON_GetObjectItemCaseSensitive(document, "context");
    assert_string_equal(text_of(context, "seed"), "42");
    cJSON_Delete(document);
}

static void test_console(void **state)
{
    static struct outcome o;
    (void)state;
    RUN(&o, do_replay, "--benchmark_color=false");
    assert_int_equal(o.err, 0);
    assert_non_null(
        strstr(o.out, "\nsame/pointer/work_ns:200                102 ns         10.0 ns "));
    assert_non_null(
        strstr(o.out, "\nsame/pointer/work_ns:200_cv            1.73 %         88.39 % "));
    assert_non_null(strstr(o.out, " fallbacks=0 transfers=1.25 a \"label\"\n"));
    assert_null(strchr(o.out, '\033'));
    assert_non_null(strstr(o.words, "Running test_gbench"));
    RUN(&o, do_replay, "--benchmark_counters_tabular", "--benchmark_color=true");
    assert_non_null(strstr(o.out, "Iterations  fallbacks  transfers"));
    assert_non_null(strchr(o.out, '\033'));
}

/* Files. */

struct output {
    char path[128], flag[160];
};

static struct output output_in_folder(void)
{
    struct output to;
    snprintf(to.path, sizeof to.path, "%s/out", folder);
    snprintf(to.flag, sizeof to.flag, "--benchmark_out=%s", to.path);
    return to;
}

static void read_and_remove(const char *path, char *text, size_t bytes)
{
    FILE *from = fopen(path, "r");
    assert_non_null(from);
    slurp(from, text, bytes);
    assert_int_equal(unlink(path), 0);
}

static void test_out_file(void **state)
{
    static struct outcome o;
    static char text[1 << 16];
    struct output to = output_in_folder();
    (void)state;
    RUN(&o, do_replay, to.flag, "--benchmark_format=json");
    assert_int_equal(o.err, 0);
    read_and_remove(to.path, text, sizeof text);
    assert_string_equal(text, o.out);

    RUN(&o, do_replay, to.flag);
    assert_non_null(strstr(o.out, "Iterations"));
    read_and_remove(to.path, text, sizeof text);
    cJSON *document = cJSON_Parse(text);
    check_repetitions(document, 1);
    check_aggregates(document);
    cJSON_Delete(document);

    RUN(&o, do_replay, to.flag, "--benchmark_out_format=console", "--benchmark_format=json");
    document = cJSON_Parse(o.out);
    assert_non_null(document);
    cJSON_Delete(document);
    read_and_remove(to.path, text, sizeof text);
    assert_non_null(strstr(text, "Iterations"));
    assert_null(strchr(text, '\033'));
}

static void test_aggregates_only(void **state)
{
    static struct outcome o;
    static char text[1 << 16];
    struct output to = output_in_folder();
    (void)state;
    for (int display_only = 0; display_only < 2; display_only++) {
        RUN(&o, do_replay, to.flag, "--benchmark_format=json",
            display_only ? "--benchmark_display_aggregates_only"
                         : "--benchmark_report_aggregates_only");
        assert_int_equal(o.err, 0);
        cJSON *shown = cJSON_Parse(o.out);
        read_and_remove(to.path, text, sizeof text);
        cJSON *written = cJSON_Parse(text);
        check_aggregates(shown);
        check_aggregates(written);
        assert_int_equal(cJSON_GetArraySize(rows_of(shown)), 4 + 4 + 1 + 1);
        assert_false(has_row(shown, names[0]));
        assert_true(has_row(shown, names[2]));
        assert_true(has_row(shown, names[3]));
        assert_int_equal(cJSON_GetArraySize(rows_of(written)), display_only ? 19 : 10);
        cJSON_Delete(shown);
        cJSON_Delete(written);
    }
}

static void test_out_file_survives_until_the_replay(void **state)
{
    static struct outcome o;
    char text[64];
    struct output to = output_in_folder();
    (void)state;
    RUN(&o, do_select, to.flag);
    assert_int_equal(o.err, 0);
    assert_int_equal(access(to.path, F_OK), -1);
    FILE *earlier = fopen(to.path, "w");
    assert_non_null(earlier);
    fputs("an earlier result", earlier);
    fclose(earlier);
    RUN(&o, do_select, to.flag, "--benchmark_filter=pointer");
    assert_int_equal(o.err, 0);
    RUN(&o, do_bad_cases, to.flag);
    assert_int_equal(o.err, 0);
    read_and_remove(to.path, text, sizeof text);
    assert_string_equal(text, "an earlier result");
}

static void test_full_disk(void **state)
{
    static struct outcome o;
    (void)state;
    RUN(&o, do_replay, "--benchmark_out=/dev/full");
    assert_int_equal(o.err, -EIO);
    assert_non_null(strstr(o.words, "--benchmark_out=/dev/full: "));
    run_to("/dev/full", do_replay, (const char *const[]){"--benchmark_format=json", NULL}, &o);
    assert_int_equal(o.err, -EIO);
    assert_non_null(strstr(o.words, "standard output: "));
}

static void test_refusals(void **state)
{
    static struct outcome o;
    static const char *const refused[] = {
        "--benchmark_format=csv",
        "--benchmark_out_format=csv",
        "--benchmark_format=xml",
        "--benchmark_format=",
        "--benchmark_format",
        "--benchmark_xyz",
        "--benchmark_xyz=1",
        "--benchmark_filters=a",
        "--benchmark_filter",
        "--benchmark_filter=(",
        "--benchmark_filter=-[a",
        "--benchmark_list_tests=perhaps",
        "--benchmark_color=pink",
        "--benchmark_color=",
        "--benchmark_time_unit=h",
        "--benchmark_repetitions=0",
        "--benchmark_repetitions=3x",
        "--benchmark_repetitions=99999999999",
        "--benchmark_min_time=-1",
        "--benchmark_min_time=soon",
        "--benchmark_min_time=10x",
        "--benchmark_min_time=s",
        "--benchmark_context=a",
        "--benchmark_context=a=1,b",
        "--benchmark_perf_counters=CYCLES",
        "--benchmark_out=/nonexistent/out",
        "--benchmark_out=/dev",
        "--v=x",
        "--help",
        "pointer",
    };
    (void)state;
    for (size_t i = 0; i < LB_COUNT(refused); i++) {
        RUN(&o, do_replay, "--benchmark_counters_tabular", refused[i]);
        assert_int_equal(o.err, -EINVAL);
        assert_int_equal(strncmp(o.words, refused[i], strlen(refused[i])), 0);
        assert_non_null(strstr(o.words, ": "));
        assert_null(strchr(o.words, '\n'));
        assert_string_equal(o.out, "");
    }
}

static void test_refusals_say_what_is_here(void **state)
{
    static struct outcome o;
    (void)state;
    RUN(&o, do_replay, "--benchmark_filters=a");
    assert_non_null(strstr(o.words, "did you mean '--benchmark_filter'?"));
    RUN(&o, do_replay, "--benchmark_format=csv");
    assert_non_null(strstr(o.words, lb_gbench_version()));
}

static void test_environment(void **state)
{
    static struct outcome o;
    (void)state;
    /* Google Benchmark itself reads these before main, which a forked child is past: this is the
     * shim's. */
    setenv("BENCHMARK_FILTER", "pointer", 1);
    RUN(&o, do_select, "--v=0");
    assert_string_equal(o.words, "x-x-2");
    RUN(&o, do_select, "--benchmark_filter=lost");
    assert_string_equal(o.words, "---x1");
    unsetenv("BENCHMARK_FILTER");
    setenv("BENCHMARK_FORMAT", "csv", 1);
    RUN(&o, do_select, "--benchmark_format=json");
    assert_int_equal(o.err, -EINVAL);
    assert_non_null(strstr(o.words, "BENCHMARK_FORMAT: csv"));
    unsetenv("BENCHMARK_FORMAT");
}

static void test_wrong_order(void **state)
{
    static struct outcome o;
    (void)state;
    RUN(&o, do_wrong_order, "--benchmark_format=json");
    assert_int_equal(o.err, 0);
    cJSON *document = cJSON_Parse(o.out);
    check_repetitions(document, 1);
    cJSON_Delete(document);
}

static void test_bad_cases(void **state)
{
    static struct outcome o;
    (void)state;
    RUN(&o, do_bad_cases, "--benchmark_format=json");
    assert_int_equal(o.err, 0);
    assert_string_equal(o.out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags_are_told_apart),
        cmocka_unit_test(test_select),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_json_repeats_the_measurement),
        cmocka_unit_test(test_aggregates_are_of_the_measurement),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_error_row),
        cmocka_unit_test(test_interleaving_keeps_the_order),
        cmocka_unit_test(test_other_flags_leave_the_numbers),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_context),
        cmocka_unit_test(test_console),
        cmocka_unit_test(test_out_file),
        cmocka_unit_test(test_aggregates_only),
        cmocka_unit_test(test_out_file_survives_until_the_replay),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_refusals_say_what_is_here),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_wrong_order),
        cmocka_unit_test(test_bad_cases),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
