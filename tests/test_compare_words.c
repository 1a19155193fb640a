/* SPDX-License-Identifier: MIT
 *
 * What compare says: differences, refusals, summaries, CSV and JSON; and its arithmetic.
 */
#include "support/compared_runs.h"

#include <linebounce/compare_view.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* Words -------------------------------------------------------------------------------------- */

static const struct lb_compare_difference *difference(const struct lb_compare *c, const char *what)
{
    for (size_t i = 0; i < c->n_differences; i++)
        if (!strcmp(c->differences[i].what, what))
            return &c->differences[i];
    return NULL;
}

static void test_differences(void **state)
{
    struct lb_compare *c;

    (void)state;
    make_six(1);
    put_record("A1", "2026-01-01T00:00:00Z", "one", ", \"margin_ns\": 2");
    put_record("A2", "2026-01-01T00:01:00Z", "one", ", \"margin_ns\": 2.5");
    put_record("A3", "2026-01-01T00:02:00Z", "one", ", \"margin_ns\": 2");
    put_record("B1", "2026-01-01T00:03:00Z", "two", ", \"margin_ns\": 2");
    put_record("B2", "2026-01-01T00:04:00Z", "two", ", \"margin_ns\": 2");
    put_record("B3", "2026-01-01T00:05:00Z", "two", ", \"margin_ns\": 2");
    c = compare(ALL_SIX);
    assert_string_equal(difference(c, "processor")->side[0], "one");
    assert_string_equal(difference(c, "processor")->side[1], "two");
    assert_string_equal(difference(c, "margin (ns)")->side[0], "2; 2.5");
    assert_null(difference(c, "host"));
    assert_null(difference(c, "command")); /* where results went is no difference */
    assert_true(warns(c, "all runs of A came before those of B"));
    assert_false(warns(c, "copies"));
    lb_compare_destroy(c);
    put_record("A2", "2026-01-01T00:00:00Z", "one", "");
    put_record("B1", "2025-12-31T00:00:00Z", "two", "");
    c = compare(ALL_SIX);
    assert_true(warns(c, "copies of one run"));
    assert_false(warns(c, "came before"));
    assert_false(warns(c, "no run.json"));
    lb_compare_destroy(c);
    make_run("C", 1, 1);
    c = compare("A1 -- C");
    assert_true(warns(c, "no run.json"));
    lb_compare_destroy(c);
}

static void test_refusals(void **state)
{
    struct writer w;
    struct made m = usual;
    struct lb_compare *c = NULL;

    (void)state;
    make_run("A", 100, 120);
    make_run("B", 100, 120);
    refuses("A", EINVAL, "side B has no run");
    refuses("-- B", EINVAL, "side A has no run");
    refuses("A -- A", EINVAL, "the same results");
    refuses("A -- A/samples.csv", EINVAL, "the same results");
    refuses("A B -- B", EINVAL, "the same results");
    refuses("A -- nowhere", ENOENT, "nowhere: ");
    assert_int_equal(mkdir(in_folder("none"), 0777), 0);
    refuses("A -- none", ENOENT, "no samples.csv and no summary.csv");
    put_text("text", "w", "hello\n");
    refuses("A -- text", EPROTO, "no column schema_version");
    put_text("empty", "w", "");
    refuses("A -- empty", ENODATA, "no header line");
    put_text("old", "w", "schema_version,suite\n1,x\n");
    refuses("A -- old", EPROTO, "no column scenario");
    open_run(&w, "header");
    close_run(&w);
    refuses("A -- header", ENODATA, "no rows");
    open_run(&w, "emulated");
    m.emulated = 1;
    put_rounds(&w, m);
    close_run(&w);
    refuses("A -- emulated", EPROTO, "emulated");
    m = usual;
    open_run(&w, "other");
    m.layout = "mine";
    put_rounds(&w, m);
    close_run(&w);
    refuses("A -- other", ENODATA, "no case that both sides measured");
    open_run(&w, "twice");
    put_rounds(&w, usual);
    put_rounds(&w, usual);
    close_run(&w);
    refuses("A -- twice", EPROTO, "rounds do not count up");
    assert_int_equal(compare_with("A -- B", "mine", &c), -EINVAL);
    assert_non_null(strstr(why.text, "baseline 'mine'"));
    put_text("B/run.json", "w", "{");
    refuses("A -- B", EPROTO, "no JSON");
    put_text("B/run.json", "w", "{\"schema_version\": 1}");
    refuses("A -- B", EPROTO, "schema_version");
}

static void test_another_version(void **state)
{
    char text[8192];
    FILE *file;
    size_t n;

    (void)state;
    make_run("A", 100, 120);
    make_run("B", 100, 120);
    file = fopen(in_folder("B/samples.csv"), "r+");
    assert_non_null(file);
    n = fread(text, 1, sizeof text, file);
    for (size_t i = 0; i + 1 < n; i++)
        if (text[i] == '\n') {
            fseek(file, (long)i + 1, SEEK_SET);
            fputc('9', file);
            break;
        }
    assert_int_equal(fclose(file), 0);
    refuses("A -- B", EPROTO, "schema_version is '9");
}

/* Arithmetic --------------------------------------------------------------------------------- */

enum { TRIALS = 4000, ROUNDS = 20, LAYOUTS = 10, RUNS_MOST = 6 };

static const struct lb_prior nothing[2] = {{0, 0}, {0, 0}};

static struct lb_compare_heard heard(const double *medians, size_t n)
{
    struct lb_compare_heard h = {.runs = n};

    for (size_t i = 0; i < n; i++)
        h.mean += medians[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        h.square += (medians[i] - h.mean) * (medians[i] - h.mean) / ((double)n - 1);
    return h;
}

/* A side that does not differ, whose rounds have noise of 2 %. */
static struct lb_compare_heard draw(size_t runs, double between, double rho)
{
    double medians[RUNS_MOST], x[ROUNDS];

    for (size_t r = 0; r < runs; r++) {
        double own = between * (noise() - 1), level = noise() - 1;
        for (int k = 0; k < ROUNDS; k++) {
            level = rho * level + sqrt(1 - rho * rho) * (noise() - 1);
            x[k] = own + level;
        }
        assert_int_equal(lb_stats_median(x, ROUNDS, &medians[r]), 0);
    }
    return heard(medians, runs);
}

/* How often intervals of runs that do not differ hold 0, in hundredths. */
static double coverage(size_t runs, const double between[2], double rho)
{
    int inside = 0;

    for (int t = 0; t < TRIALS; t++) {
        struct lb_compare_heard side[2] = {draw(runs, between[0], rho),
                                           draw(runs, between[1], rho)};
        struct lb_compare_interval i;
        assert_int_equal(lb_compare_interval(side, nothing, 0.002, &i), 0);
        inside += i.lo <= 0 && i.hi >= 0;
        assert_true((i.p <= 0.05) == (i.lo > 0.002 || i.hi < -0.002));
    }
    return 100.0 * inside / TRIALS;
}

/* 95 % intervals hold 0 in 93 to 97 of 100, whatever is noise of the rounds and what of the runs,
 * correlated rounds and one noisier side included. */
static void test_coverage(void **state)
{
    static const struct {
        double between[2], rho; /* of the rounds' noise */
    } mixes[] = {
        {{0, 0}, 0},   {{1, 1}, 0}, {{5, 5}, 0}, {{0, 0}, 0.6},
        {{1, 1}, 0.8}, {{1, 3}, 0}, {{0, 5}, 0},
    };

    (void)state;
    noise_state = 3;
    for (size_t runs = 3; runs <= RUNS_MOST; runs += 3)
        for (size_t i = 0; i < LB_COUNT(mixes); i++) {
            double held = coverage(runs, mixes[i].between, mixes[i].rho);
            if (held < 93 || held > 97)
                fail_msg("%zu runs, mix %zu: %g %%", runs, i, held);
        }
}

/* Three runs a side of ten layouts of one table; layout k has `ratio`^k of the noise of the first.
 */
static void moderated(double ratio, double *held, double *width)
{
    double between[LAYOUTS], wide = 0, alone = 0;
    int inside = 0;

    for (int k = 0; k < LAYOUTS; k++)
        between[k] = pow(ratio, k);
    for (int t = 0; t < TRIALS / LAYOUTS; t++) {
        struct lb_compare_heard side[LAYOUTS][2];
        double squares[2][LAYOUTS], df[LAYOUTS];
        struct lb_compare_interval i;
        for (int k = 0; k < LAYOUTS; k++)
            for (int s = 0; s < 2; s++) {
                side[k][s] = draw(3, between[k], 0);
                squares[s][k] = side[k][s].square;
                df[k] = 2;
            }
        struct lb_prior prior[2] = {lb_stats_prior(squares[0], df, LAYOUTS),
                                    lb_stats_prior(squares[1], df, LAYOUTS)};
        for (int k = 0; k < LAYOUTS; k++) {
            assert_int_equal(lb_compare_interval(side[k], nothing, 0, &i), 0);
            alone += i.hi - i.lo;
            assert_int_equal(lb_compare_interval(side[k], prior, 0, &i), 0);
            wide += i.hi - i.lo;
            inside += i.lo <= 0 && i.hi >= 0;
        }
    }
    *held = 100.0 * inside / TRIALS;
    *width = wide / alone;
}

/* What the others of the table say makes intervals narrower, and no less right. */
static void test_moderated(void **state)
{
    static const double ratios[] = {1, 1.1, 1.4};

    (void)state;
    noise_state = 5;
    for (size_t i = 0; i < LB_COUNT(ratios); i++) {
        double held, width;
        moderated(ratios[i], &held, &width);
        if (held < 93 || held > 97 || width > 0.95)
            fail_msg("noise x %g a layout: %g %%, width x %g", ratios[i], held, width);
    }
}

/* Half-widths by a table of Student's t. */
static void test_interval(void **state)
{
    const double a[] = {0, 0.01, 0.02}, b[] = {0.1, 0.11, 0.12}, two[] = {0, 0.02}, one[] = {1, 1};
    const struct lb_prior prior[2] = {{4e-4, 4}, {4e-4, 4}};
    struct lb_compare_heard side[2] = {heard(a, 3), heard(b, 3)}, less[2];
    struct lb_compare_interval i;

    (void)state;
    assert_int_equal(lb_compare_interval(side, nothing, 0, &i), 0);
    near(i.value, 0.1, 1e-12);
    near(i.hi, 0.1 + 2.776445 * 0.01 * sqrt(2.0 / 3), 1e-8); /* 4 degrees */
    near(i.lo, 0.1 - 2.776445 * 0.01 * sqrt(2.0 / 3), 1e-8);
    assert_int_equal(lb_compare_interval(side, prior, 0, &i), 0);
    near(i.value, 0.1, 1e-12);
    near(i.hi, 0.1 + 2.178813 * sqrt(3e-4 * 2 / 3), 1e-8); /* 12 degrees */
    less[0] = less[1] = heard(two, 2);
    assert_int_equal(lb_compare_interval(less, nothing, 0, &i), 0);
    near(i.hi, 4.302653 * 0.01 * M_SQRT2, 1e-8); /* 2 degrees */
    near(i.p, 1, 1e-12);
    less[0] = (struct lb_compare_heard){.square = NAN, .runs = 1};
    assert_int_equal(lb_compare_interval(less, prior, 0, &i), -ENODATA);
    less[0] = less[1] = heard(one, 2);
    assert_int_equal(lb_compare_interval(less, nothing, 0, &i), -ENODATA);
}

/* Summaries and documents -------------------------------------------------------------------- */

static void make_summary(const char *name, double pointer, double embedded)
{
    struct lb_csv *csv;
    struct lb_row *row;
    struct made m = usual;

    assert_int_equal(lb_make_folders(in_folder(name), &why), 0);
    char file[64];
    snprintf(file, sizeof file, "%s/summary.csv", name);
    assert_int_equal(lb_csv_create(&lb_schema_summary, in_folder(file), &why, &csv), 0);
    assert_int_equal(lb_row_create(&lb_schema_summary, &row), 0);
    for (int i = 0; i < 4; i++) { /* two layouts in two regimes */
        double ns = i % 2 ? embedded : pointer, other = i / 2 ? 5 : 1;
        m.layout = i % 2 ? "embedded" : "pointer";
        put_case(row, &m);
        lb_row_int(row, "windows", i / 2 ? 10 : 45);
        lb_row_int(row, "windows_spoiled", 3);
        lb_row_number(row, "regime_ns", i / 2 ? 310 : 90);
        lb_row_number(row, "ns_op_median", other * ns);
        lb_row_number(row, "ns_op_ci95_lo", other * ns * 0.99);
        lb_row_number(row, "ns_op_ci95_hi", other * ns * 1.01);
        lb_row_number(row, "min_over_max_median", 0.9);
        if (i % 2) {
            lb_row_text(row, "baseline", "pointer");
            lb_row_number(row, "ratio", ns / pointer);
            lb_row_number(row, "ratio_ci95_lo", ns / pointer * 0.99);
            lb_row_number(row, "ratio_ci95_hi", ns / pointer * 1.01);
        }
        assert_int_equal(lb_csv_append(csv, row, &why), 0);
    }
    lb_csv_close(csv);
    lb_row_destroy(row);
}

static void test_summaries(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    for (int i = 0; i < 6; i++)
        make_summary(six[i], (i % 2 ? 150 : 100) + i / 2, i % 2 ? 200 : 120);
    c = compare("A1 A2/summary.csv A3 -- B1/summary.csv B2 B3");
    k = find(c, "embedded");
    near(k->time.side[0], 120, 0.01);
    assert_int_equal(k->time.verdict, LB_VERDICT_UNRESOLVED);
    assert_non_null(strstr(k->time.note, "to the last digit"));
    assert_int_equal(find(c, "pointer")->time.verdict, LB_VERDICT_SLOWER);
    assert_int_equal(k->relative.verdict, LB_VERDICT_SLOWER);
    near(k->relative.ratio, 200.0 / 151 / (120.0 / 101), 0.001);
    assert_int_equal(k->spoiled[1], 9);
    assert_int_equal(k->relative.rounds[0], 135);
    lb_compare_destroy(c);
    make_run("W", 100, 120);
    refuses("A1 -- W", EINVAL, "give one kind for all");
    /* recorded against pointer */
    assert_int_equal(compare_with("A1 -- B1", "embedded", &c), 0);
    assert_non_null(strstr(find(c, "pointer")->relative.note, "no run of side A"));
    lb_compare_destroy(c);
}

/* Of long texts the part that differs, wherever it lies: never the same of both sides. */
static void test_parts_that_differ(void **state)
{
    char many[2000] = "", a[2400], b[2400], parts[2][256];
    static const struct {
        const char *before, *a, *b, *behind, *shown_a, *shown_b;
    } texts[] = {
        {"", "one", "two", "", "one", "two"},
        {"", "pointer: 6.17, M", "pointer: 6.14, M", "M", "pointer: 6.17, ...",
         "pointer: 6.14, ..."},
        {"M", "embedded: 6.17 rules", "embedded: 6.14 rules", "M", "... embedded: 6.17 ...",
         "... embedded: 6.14 ..."},
        {"M", "more", "", "", "... more", "... "},
        {"", "one; two", "one; two", "M", "one; two ", "one; two "},
    };

    (void)state;
    for (int i = 0; i < 60; i++)
        strcat(many, i % 2 ? "a clause of its own, " : "another of them; ");
    strcat(many, "end; ");
    for (size_t i = 0; i < LB_COUNT(texts); i++) {
        const char *before = *texts[i].before ? many : "", *behind = *texts[i].behind ? many : "";
        struct lb_compare_difference d = {.what = "what", .side = {a, b}};
        snprintf(a, sizeof a, "%s%.*s%s%s", before, (int)strcspn(texts[i].a, "M"), texts[i].a,
                 *behind ? " " : "", behind);
        snprintf(b, sizeof b, "%s%.*s%s%s", before, (int)strcspn(texts[i].b, "M"), texts[i].b,
                 *behind ? " " : "", behind);
        for (int side = 0; side < 2; side++)
            lb_compare_part(&d, side, 72, parts[side], sizeof parts[0]);
        assert_true(strlen(parts[0]) <= 72 + 8);
        if (!strcmp(a, b)) { /* runs of a side differ: the beginning is shown */
            assert_int_equal(strncmp(parts[0], texts[i].shown_a, strlen(texts[i].shown_a)), 0);
            assert_string_equal(parts[0], parts[1]);
            continue;
        }
        assert_string_equal(parts[0], texts[i].shown_a);
        assert_string_equal(parts[1], texts[i].shown_b);
    }
}

/* A word without an end, and one of several bytes a character. */
static void test_parts_of_long_words(void **state)
{
    char a[900], b[900], parts[2][256];
    struct lb_compare_difference d = {.what = "what", .side = {a, b}};

    (void)state;
    for (size_t unit = 1; unit <= 2; unit++) {
        *a = '\0';
        for (size_t i = 0; i < 200; i++)
            strcat(a, unit == 1 ? "x" : "\u00e9");
        snprintf(b, sizeof b, "%sb%s", a, a);
        snprintf(a + strlen(a), 2, "a");
        strncat(a, b, 200 * unit);
        for (int side = 0; side < 2; side++)
            lb_compare_part(&d, side, 72, parts[side], sizeof parts[0]);
        assert_non_null(strchr(parts[0], 'a'));
        assert_non_null(strchr(parts[1], 'b'));
        assert_null(strstr(parts[0], "\\x")); /* no character was cut */
    }
}

/* The page holds what files say as text, and names no folder. */
static void test_page(void **state)
{
    struct lb_compare *c;
    char *text;

    (void)state;
    make_six(1.5);
    c = compare(ALL_SIX);
    assert_int_equal(lb_compare_page(c, in_folder("page.html"), &why), 0);
    text = read_text(in_folder("page.html"));
    assert_non_null(strstr(text, "<title>B against A: slower in 1 of 2 cases (+"));
    assert_non_null(strstr(text, "<h1>B against A: slower in 1 of 2 cases (+"));
    assert_non_null(strstr(text, "<h2>Changed: 1 of 2 cases"));
    assert_non_null(strstr(text, "<td class=\"slower\" data-n=\"verdict\">slower"));
    assert_non_null(strstr(text, "<tr><th scope=\"row\">B:&#160;B3</th>"));
    assert_non_null(strstr(text, "3 runs of A and 3 of B"));
    assert_null(strstr(text, folder));
    free(text);
    assert_int_equal(lb_compare_page(c, in_folder("none/page.html"), &why), -ENOENT);
    assert_non_null(strstr(why.text, "none/page.html"));
    lb_compare_destroy(c);
}

static void test_csv(void **state)
{
    struct lb_compare *c;
    struct lb_csv_reader *csv;
    char *text;
    int rows = 0;

    (void)state;
    make_six(1.2);
    c = compare(ALL_SIX);
    assert_int_equal(lb_compare_csv(c, &text), 0);
    put_text("compare.csv", "w", text);
    free(text);
    assert_int_equal(lb_csv_open(in_folder("compare.csv"), NULL, &why, &csv), 0);
    while (lb_csv_next(csv, &why) == 1) {
        bool is_base = !strcmp(lb_csv_cell(csv, "layout"), "pointer");
        rows++;
        assert_string_equal(lb_csv_cell(csv, "sides"), "ab");
        assert_int_equal((int)lb_csv_number(csv, "windows_b"), 90);
        assert_int_equal((int)lb_csv_number(csv, "time_runs_a"), 3);
        assert_int_equal(isnan(lb_csv_number(csv, "relative_ratio")), is_base);
        if (is_base)
            continue;
        assert_string_equal(lb_csv_cell(csv, "time_verdict"), "slower");
        assert_string_equal(lb_csv_cell(csv, "base"), "pointer");
        near(lb_csv_number(csv, "time_ratio"), find(c, "embedded")->time.ratio, 1e-4);
    }
    assert_int_equal(rows, 2);
    lb_csv_reader_close(csv);
    lb_compare_destroy(c);
}

static void test_json(void **state)
{
    struct lb_compare *c;
    char *text;
    cJSON *root, *first, *time;

    (void)state;
    make_run("A", 100, 120);
    make_run("B", 100, 150);
    c = compare("A -- B");
    assert_int_equal(lb_compare_json(c, &text), 0);
    lb_compare_destroy(c);
    root = cJSON_Parse(text);
    free(text);
    assert_non_null(root);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(root, "runs")), 2);
    assert_true(cJSON_GetArraySize(cJSON_GetObjectItem(root, "warnings")) >= 1);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(root, "cases")), 2);
    first = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "cases"), 0);
    assert_string_equal(cJSON_GetObjectItem(first, "layout")->valuestring, "pointer");
    assert_string_equal(cJSON_GetObjectItem(first, "work_ns")->valuestring, "200");
    time = cJSON_GetObjectItem(first, "time");
    assert_string_equal(cJSON_GetObjectItem(time, "verdict")->valuestring, "unresolved");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(time, "ci95_lo"))); /* unknown, never 0 */
    assert_true(cJSON_IsNumber(cJSON_GetObjectItem(time, "ratio")));
    assert_int_equal(
        cJSON_GetObjectItem(cJSON_GetObjectItem(root, "relative"), "unresolved")->valueint, 1);
    cJSON_Delete(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_differences),
        TEST(test_refusals),
        TEST(test_another_version),
        TEST(test_coverage),
        TEST(test_moderated),
        TEST(test_interval),
        TEST(test_summaries),
        TEST(test_csv),
        TEST(test_json),
        TEST(test_parts_that_differ),
        TEST(test_parts_of_long_words),
        TEST(test_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
