/* SPDX-License-Identifier: MIT
 *
 * page: what of a run folder stands on its page, that nothing of it is taken for HTML, and that a
 * page is there whole or not at all.
 */
#include <linebounce/pairs.h>
#include <linebounce/page.h>
#include <linebounce/plot.h>

#include "support/folder.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Bytes that one picture may have: as base64 they take all the room there is. */
#define ROOM (LB_PAGE_PICTURES_MOST / 4 * 3)

static char run[128];

static int make_run(void **state)
{
    if (make_folder(state))
        return -1;
    snprintf(run, sizeof run, "%s/a<b>&\"c\"", folder);
    return mkdir(run, 0700);
}

static const char *in_run(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", run, name);
    return path;
}

/* What is left of pages that were not finished. */
static int count_parts(void)
{
    DIR *dir = opendir(run);
    const struct dirent *entry;
    int n = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir)))
        n += !strncmp(entry->d_name, "index.html.", 11);
    closedir(dir);
    return n;
}

static char *page(void)
{
    struct lb_why why = {""};

    if (lb_page_write(run, NULL, &why))
        fail_msg("%s", why.text);
    assert_int_equal(count_parts(), 0);
    return read_text(in_run("index.html"));
}

static void assert_says(const char *text, const char *what)
{
    if (!strstr(text, what))
        fail_msg("the page does not say '%s'", what);
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;

    for (; (text = strstr(text, what)); text += strlen(what))
        n++;
    return n;
}

/* Each tag that is opened is closed, and nothing is fetched from elsewhere. */
static void check_whole(const char *text)
{
    static const char *const tags[] = {"html", "head", "body",  "table", "tr",
                                       "td",   "th",   "h1",    "h2",    "h3",
                                       "p",    "span", "style", "title", "figure"};

    assert_memory_equal(text, "<!DOCTYPE html>", 15);
    for (size_t i = 0; i < LB_COUNT(tags); i++) {
        char open[16], with[16], close[16];
        snprintf(open, sizeof open, "<%s>", tags[i]);
        snprintf(with, sizeof with, "<%s ", tags[i]);
        snprintf(close, sizeof close, "</%s>", tags[i]);
        assert_int_equal(count(text, open) + count(text, with), count(text, close));
    }
    assert_int_equal(count(text, "src="), count(text, "src=\"data:image/"));
    assert_null(strstr(text, "http"));
    assert_int_equal(count(text, "href="), count(text, "href=\"#"));
    assert_null(strstr(text, "url("));
    assert_null(strstr(text, "<script"));
}

/* Tables */

struct line {
    const char *scenario, *layout, *verdict;
    double net, lo, hi, ratio;
    bool unfair;
};

static void write_summary(const struct line *lines, size_t n)
{
    struct lb_row *row;
    struct lb_csv *csv;

    assert_int_equal(lb_row_create(&lb_schema_summary, &row), 0);
    assert_int_equal(lb_csv_create(&lb_schema_summary, in_run("summary.csv"), NULL, &csv), 0);
    for (size_t i = 0; i < n; i++) {
        lb_row_clear(row);
        lb_row_text(row, "scenario", lines[i].scenario);
        lb_row_text(row, "layout", lines[i].layout);
        lb_row_text(row, "lock", "rwsem40");
        lb_row_text(row, "placement", "l3");
        lb_row_int(row, "threads", 2);
        lb_row_int(row, "work_ns", 200);
        lb_row_number(row, "net_ns_op_hl", lines[i].net);
        lb_row_number(row, "net_ns_op_ci95_lo", lines[i].lo);
        lb_row_number(row, "net_ns_op_ci95_hi", lines[i].hi);
        lb_row_number(row, "ratio", lines[i].ratio);
        lb_row_number(row, "min_over_max_median", 0.987);
        lb_row_text(row, "verdict", lines[i].verdict);
        lb_row_int(row, "unfair", lines[i].unfair);
        assert_int_equal(lb_csv_append(csv, row, NULL), 0);
    }
    lb_csv_close(csv);
    lb_row_destroy(row);
}

static const struct line lines[] = {
    {"empty", "", "", 0, 0, 0, NAN, false},
    {"same-object", "pointer", "", 45.27, 44, 46.5, NAN, false},
    {"same-object", "<b>&\"x\"", "faster", 25, 24, 26, 0.5, false},
    {"observer", "pointer", "slower", 7, NAN, NAN, 1.25, true},
    {"observer", "padded", "same", NAN, NAN, NAN, NAN, false},
};

/* A table a scenario; the loop of nothing has no row; what is unknown stays empty. */
static void test_results(void **state)
{
    char *text;

    (void)state;
    write_summary(lines, LB_COUNT(lines));
    text = page();
    check_whole(text);
    assert_true(strstr(text, "<h3>same-object</h3>") < strstr(text, "<h3>observer</h3>"));
    assert_null(strstr(text, "<h3>empty</h3>"));
    assert_int_equal(count(text, "<tr><td>"), 4);
    assert_says(text, "<td>45.3 <span class=\"dim\">[44.0, 46.5]</span></td><td></td><td></td>");
    assert_says(text, "<td>0.50</td><td class=\"faster\">faster</td>");
    assert_says(text, "<td>7.0</td><td></td><td>1.25</td><td class=\"slower\">unfair: slower</td>");
    assert_says(text, "<td></td><td></td><td></td><td>same</td><td>0.99</td>");
    assert_null(strstr(text, "nan"));
    /* Cells are text, whatever is in them. */
    assert_says(text, "<tr><td>&lt;b&gt;&amp;&quot;x&quot;</td>");
    free(text);
}

static void test_a_torn_summary(void **state)
{
    char *text;

    (void)state;
    write_summary(lines, LB_COUNT(lines));
    text = read_text(in_run("summary.csv"));
    assert_int_equal(truncate(in_run("summary.csv"), (off_t)strlen(text) - 20), 0);
    free(text);
    text = page();
    check_whole(text);
    assert_int_equal(count(text, "<tr><td>"), 3);
    assert_null(strstr(text, "padded"));
    free(text);
}

static void test_matrix(void **state)
{
    struct lb_row *row;
    struct lb_csv *csv;
    char *text;

    (void)state;
    assert_int_equal(lb_row_create(&lb_schema_matrix, &row), 0);
    assert_int_equal(lb_csv_create(&lb_schema_matrix, in_run("matrix.csv"), NULL, &csv), 0);
    for (int i = 0; i < 2; i++) {
        lb_row_clear(row);
        lb_row_text(row, "op", i ? "compare-and-swap" : "load-store");
        lb_row_int(row, "pu_a_os", 0);
        lb_row_int(row, "pu_b_os", 9);
        lb_row_text(row, "class", "remote@0-1");
        lb_row_text(row, "home", "b");
        lb_row_number(row, "one_way_ns_median", 101.44);
        lb_row_number(row, "one_way_ns_ci95_lo", 100);
        lb_row_number(row, "one_way_ns_ci95_hi", 102);
        assert_int_equal(lb_csv_append(csv, row, NULL), 0);
    }
    lb_csv_close(csv);
    lb_row_destroy(row);
    text = page();
    check_whole(text);
    assert_says(text, "<h2>One-way latency</h2>");
    assert_says(text, "Half a round trip of one line, ns.");
    assert_says(text, "<tr><td>load-store</td><td>0</td><td>9</td><td>remote@0-1</td><td>b</td>"
                      "<td>101.4 <span class=\"dim\">[100.0, 102.0]</span></td></tr>");
    assert_int_equal(count(text, "<tr><td>"), 2);
    assert_null(strstr(text, "All numbers"));
    assert_says(text, "<title>A line goes from one CPU to another in 101 ns.</title>");
    free(text);
}

/* Distances */

struct verdict {
    const char *placement, *verdict;
    double diff;
};

/* Two layouts in one scenario, as a sweep measures them. */
static void write_sweep(const struct verdict *verdicts, size_t n)
{
    struct lb_row *row;
    struct lb_csv *csv;

    assert_int_equal(lb_row_create(&lb_schema_summary, &row), 0);
    assert_int_equal(lb_csv_create(&lb_schema_summary, in_run("summary.csv"), NULL, &csv), 0);
    for (size_t i = 0; i < 2 * n; i++) {
        const struct verdict *v = &verdicts[i / 2];
        bool base = i % 2 == 0;
        lb_row_clear(row);
        lb_row_text(row, "suite", "layouts");
        lb_row_text(row, "scenario", "same-object");
        lb_row_text(row, "layout", base ? "pointer" : "embedded");
        lb_row_text(row, "lock", "rwsem40");
        lb_row_text(row, "placement", v->placement);
        lb_row_int(row, "threads", 2);
        lb_row_int(row, "work_ns", 200);
        lb_row_text(row, "role", "all");
        lb_row_int(row, "regime", 0);
        lb_row_number(row, "net_ns_op_hl", 30);
        if (!base) {
            lb_row_text(row, "baseline", "pointer");
            lb_row_int(row, "pairs", 30);
            lb_row_number(row, "diff_ns", v->diff);
            lb_row_number(row, "diff_ns_ci95_lo", v->diff - 1);
            lb_row_number(row, "diff_ns_ci95_hi", v->diff + 1);
            lb_row_number(row, "margin_ns", 2);
            lb_row_text(row, "verdict", v->verdict);
        }
        assert_int_equal(lb_csv_append(csv, row, NULL), 0);
    }
    lb_csv_close(csv);
    lb_row_destroy(row);
}

static char *page_of_sweep(const struct verdict *verdicts, size_t n)
{
    write_sweep(verdicts, n);
    char *text = page();
    check_whole(text);
    assert_int_equal(unlink(in_run("summary.csv")), 0);
    return text;
}

/* The heading says whether what costs does so everywhere; layouts stand by distances. */
static void test_distances(void **state)
{
    static const struct verdict everywhere[] = {{"l3", "slower", 20}, {"remote", "slower", 90}},
                                somewhere[] = {{"l3", "same", 0}, {"remote", "slower", 90}},
                                nowhere[] = {{"l3", "faster", -20}, {"remote", "same", 0}},
                                open[] = {{"l3", "same", 0}, {"remote", "unresolved", 5}};
    char *text = page_of_sweep(everywhere, 2);

    (void)state;
    assert_says(text, "That holds at all 2 of its distances and numbers of threads.</title>");
    assert_says(text, "That holds at all 2 of its distances and numbers of threads.</h1>");
    assert_says(text, "<th scope=\"row\">embedded</th><td class=\"slower\"");
    assert_says(text, "+90.0!</td></tr>");
    free(text);
    text = page_of_sweep(somewhere, 2);
    assert_says(text,
                "Not everywhere: something costs at 1 of 2 distances and numbers of threads.");
    free(text);
    text = page_of_sweep(nowhere, 2);
    assert_says(text, "That holds at all 2 ");
    assert_says(text, "-20.0</td>");
    free(text);
    text = page_of_sweep(open, 2);
    assert_null(strstr(text, "That holds"));
    assert_null(strstr(text, "everywhere"));
    assert_says(text, "? 1 of 1</td>");
    free(text);
    text = page_of_sweep(everywhere, 1);
    assert_null(strstr(text, "That holds"));
    assert_says(text, "class=\"axis\"");
    assert_says(text,
                "embedded, same-object: +20.0 ns [+19.0, +21.0] against pointer, 30 pairs, slower");
    free(text);
}

/* One rule for pages and for doctor: what it warns of is no tick here. */
static void test_spoiled_windows(void **state)
{
    static const struct verdict same[] = {{"l3", "same", 0}};
    static const struct {
        int spoiled;
        const char *mark;
    } shares[] = {{10, "good\">✓"}, {22, "note\">!"}, {51, "bad\">✗"}};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(shares); i++) {
        char json[160], says[160];
        snprintf(json, sizeof json,
                 "{\"suites\": {\"layouts\": {\"windows\": 100, \"windows_spoiled\": %d}}}",
                 shares[i].spoiled);
        write_text(in_run("run.json"), json);
        char *text = page_of_sweep(same, 1);
        snprintf(says, sizeof says, "%s</b>%d %% of 100 windows were spoiled and left out.",
                 shares[i].mark, shares[i].spoiled);
        assert_says(text, says);
        free(text);
    }
}

/* Several runs */

/* Layouts by runs; what one has and the other has not is said. */
static void test_several_runs(void **state)
{
    static const struct verdict costs[] = {{"l3", "slower", 20}}, same[] = {{"l3", "same", 0}},
                                open[] = {{"l3", "unresolved", 5}};
    char first[160], second[160], out[200], *text;
    struct lb_found *found[2];

    (void)state;
    snprintf(first, sizeof first, "%s/first", folder);
    snprintf(second, sizeof second, "%s/second", folder);
    snprintf(out, sizeof out, "%s/hosts.html", folder);
    assert_int_equal(mkdir(first, 0700), 0);
    assert_int_equal(mkdir(second, 0700), 0);
    snprintf(run, sizeof run, "%.120s", first);
    write_sweep(costs, 1);
    write_text(in_run("run.json"), "{\"machine\": {\"host\": \"a<1>\"}}");
    snprintf(run, sizeof run, "%.120s", second);
    write_sweep(same, 1);
    assert_int_equal(lb_found_read(first, NULL, &found[0]), 0);
    assert_int_equal(lb_found_read(second, NULL, &found[1]), 0);
    assert_int_equal(lb_page_hosts(found, 2, NULL, out, NULL), 0);
    lb_found_destroy(found[1]);
    text = read_text(out);
    check_whole(text);
    assert_says(text, "<title>2 runs: embedded costs on 1.</title>");
    assert_says(text, "<h1>2 runs: embedded costs on 1.</h1>");
    assert_says(text, "<th scope=\"col\"><a href=\"#m1\">a&lt;1&gt;</a></th>"
                      "<th scope=\"col\"><a href=\"#m2\">second</a></th>");
    assert_says(text, ">+20.0!</td>");
    assert_says(text, ">=</td></tr>");
    assert_says(text, "<tr id=\"m1\"><th scope=\"row\">a&lt;1&gt;</th>");
    assert_null(strstr(text, folder)); /* where they lie is nobody's business */
    free(text);
    assert_int_equal(unlink(in_run("summary.csv")), 0);
    write_sweep(open, 1);
    assert_int_equal(lb_found_read(second, NULL, &found[1]), 0);
    assert_int_equal(lb_page_hosts(&found[1], 1, NULL, out, NULL), 0);
    text = read_text(out);
    assert_says(text, "<h1>1 run: 1 is not decided on all.</h1>");
    assert_says(text, ">? 1</td></tr>");
    free(text);
    /* Two runs of one machine are told by their folders. */
    snprintf(found[1]->host, sizeof found[1]->host, "%s", found[0]->host);
    assert_int_equal(lb_page_hosts(found, 2, NULL, out, NULL), 0);
    text = read_text(out);
    assert_says(text, ">a&lt;1&gt;, first</a>");
    assert_says(text, ">a&lt;1&gt;, second</a>");
    free(text);
    assert_int_equal(lb_page_hosts(found, 2, NULL, in_run("none/x.html"), NULL), -ENOENT);
    lb_found_destroy(found[0]);
    lb_found_destroy(found[1]);
}

/* Counted, and expected */

static void write_counted(const char *layout, const char *expected, const char *as_expected)
{
    struct lb_row *row;
    struct lb_csv *csv;

    assert_int_equal(lb_row_create(&lb_schema_summary, &row), 0);
    assert_int_equal(lb_csv_create(&lb_schema_summary, in_run("summary.csv"), NULL, &csv), 0);
    lb_row_text(row, "scenario", "observer");
    lb_row_text(row, "layout", layout);
    lb_row_text(row, "placement", "l3");
    lb_row_text(row, "role", "lock");
    lb_row_text(row, "events", "cycles;hitm_local;invalidated;rfo_hitm");
    lb_row_text(row, "events_per_op", "300.5;1.3;0.25;");
    lb_row_text(row, "events_expected", expected);
    lb_row_text(row, "as_expected", as_expected);
    assert_int_equal(lb_csv_append(csv, row, NULL), 0);
    lb_csv_close(csv);
    lb_row_destroy(row);
}

static void test_counted_and_expected(void **state)
{
    char *text;

    (void)state;
    write_counted("e&mbedded", ";0.9;0.75;0.1", "0");
    text = page();
    check_whole(text);
    assert_says(text, "Counted, and what a model expects");
    assert_says(text, "<th scope=\"row\">observer: lock</th><td class=\"t\">e&amp;mbedded</td>");
    assert_says(text, "<td class=\"slower\">expected 0.90 (model), counted 1.30 !</td></tr>");
    assert_says(text, "<td>expected 0.75 (model), counted 0.25</td></tr>"); /* is not judged */
    assert_int_equal(count(text, "(model)"), 2);
    free(text);
    assert_int_equal(unlink(in_run("summary.csv")), 0);
    write_counted("embedded", ";1.25;;", "1");
    text = page();
    assert_says(text, "<td>expected 1.25 (model), counted 1.30</td></tr>");
    free(text);
    assert_int_equal(unlink(in_run("summary.csv")), 0);
    write_counted("embedded", ";;;", "");
    text = page();
    assert_null(strstr(text, "a model expects"));
    free(text);
}

/* Facts */

static void test_facts(void **state)
{
    char *text;

    (void)state;
    write_summary(lines, LB_COUNT(lines));
    write_text(in_run("run.json"),
               "{\"machine\": {\"host\": \"h<1>\", \"cpu_model\": \"A & B\\u0001\\n\", "
               "\"hypervisor\": null}, \"run\": {\"seed\": \"77\"}}");
    text = page();
    check_whole(text);
    assert_says(text, "<th scope=\"row\">host</th><td class=\"t\">h&lt;1&gt;</td>");
    assert_says(text, "<th scope=\"row\">processor</th><td class=\"t\">A &amp; B</td>");
    assert_says(text, "<th scope=\"row\">seed</th><td class=\"t\">77</td>");
    assert_null(strstr(text, "hypervisor"));
    assert_null(strstr(text, "kernel</th>"));
    assert_says(text, "<title>What does each cost here? ");
    assert_says(text, "<h1>What does each cost here? ");
    assert_says(text, "linebounce  · h&lt;1&gt; · A &amp; B");
    assert_null(strstr(text, folder)); /* where it lies is nobody's business */
    free(text);
    write_text(in_run("run.json"), "{\"machine\""); /* what is no JSON says nothing */
    text = page();
    check_whole(text);
    free(text);
}

/* What has no answer is called by its folder. A shell's completion ends in a slash. */
static void test_folder_with_a_slash(void **state)
{
    char with[160], *text;

    (void)state;
    assert_int_equal(mkdir(in_run("plots"), 0700), 0);
    write_text(in_run("plots/layouts.svg"), "<svg></svg>");
    snprintf(with, sizeof with, "%s//", run);
    assert_int_equal(lb_page_write(with, NULL, NULL), 0);
    text = read_text(in_run("index.html"));
    assert_says(text, "<title>linebounce: a&lt;b&gt;&amp;&quot;c&quot;</title>");
    free(text);
}

/* Pictures */

/* The bytes of the n-th picture, read as a browser would; *bytes of them. */
static unsigned char *picture(const char *text, const char *type, size_t n, size_t *bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char start[64];
    unsigned char *out = malloc(strlen(text) + 1);
    unsigned bits = 0, have = 0;

    snprintf(start, sizeof start, "src=\"data:image/%s;base64,", type);
    assert_non_null(out);
    for (size_t i = 0; i <= n; i++) {
        text = strstr(text, start);
        assert_non_null(text);
        text += strlen(start);
    }
    *bytes = 0;
    size_t length = strcspn(text, "\"");
    assert_int_equal(length % 4, 0);
    for (size_t i = 0; i < length && text[i] != '='; i++) {
        const char *digit = strchr(digits, text[i]);
        assert_non_null(digit);
        bits = bits << 6 | (unsigned)(digit - digits);
        have += 6;
        if (have >= 8)
            out[(*bytes)++] = (unsigned char)(bits >> (have -= 8));
    }
    return out;
}

static void test_pictures(void **state)
{
    unsigned char bytes[8] = {0, 0xff, '<', 0x80, '"', '\n', 1, 0xfe}, *got;
    char name[48], *text;
    size_t n;

    (void)state;
    assert_int_equal(mkdir(in_run("plots"), 0700), 0);
    for (size_t i = 1; i <= sizeof bytes; i++) { /* every length of the last group */
        snprintf(name, sizeof name, "plots/layouts-%zu.svg", i);
        write_bytes(in_run(name), bytes, i);
    }
    write_text(in_run("plots/layouts-1.png"), "not taken: the svg is small");
    write_text(in_run("plots/readme.txt"), "nor this");
    write_text(in_run("plots/layouts-a\"onerror=b.svg"), "nor what gnuplot has not named");
    text = page();
    check_whole(text);
    assert_int_equal(count(text, "<img"), sizeof bytes);
    for (size_t i = 1; i <= sizeof bytes; i++) {
        got = picture(text, "svg+xml", i - 1, &n);
        assert_int_equal(n, i);
        assert_memory_equal(got, bytes, n);
        free(got);
        snprintf(name, sizeof name, "alt=\"layouts-%zu: what an op costs", i);
        assert_says(text, name);
    }
    free(text);
}

/* Not what a link gives away, what has no end, or what nobody here draws. */
static void test_pictures_that_are_none(void **state)
{
    (void)state;
    write_summary(lines, LB_COUNT(lines));
    write_text(in_run("secret"), "only root may read it");
    assert_int_equal(mkdir(in_run("plots"), 0700), 0);
    assert_int_equal(symlink("../secret", in_run("plots/layouts.svg")), 0);
    assert_int_equal(symlink("/dev/zero", in_run("plots/onoff.svg")), 0);
    assert_int_equal(mkfifo(in_run("plots/windows.svg"), 0600), 0);
    write_text(in_run("plots/causes.svg"), ""); /* as a full disk leaves it */
    write_text(in_run("plots/zz.svg"), "not of this program");
    write_text(in_run("plots/layoutsx.svg"), "nor this");
    /* A second name of a file is a file; that of the page in the making was read while it grew. */
    write_text(in_run("another"), "<p>");
    assert_int_equal(link(in_run("another"), in_run("plots/ratio.svg")), 0);
    char *text = page();
    check_whole(text);
    assert_int_equal(count(text, "<img"), 1);
    assert_says(text, "alt=\"ratio: ");
    assert_says(text, " src=\"data:image/svg+xml;base64,PHA+\"");
    free(text);
    assert_int_equal(unlink(in_run("plots/ratio.svg")), 0);
    assert_int_equal(rename(in_run("plots"), in_run("elsewhere")), 0);
    write_text(in_run("elsewhere/layouts-2.svg"), "<svg></svg>");
    assert_int_equal(symlink("elsewhere", in_run("plots")), 0);
    text = page();
    assert_int_equal(count(text, "<img"), 0);
    free(text);
}

/* Tables are worth a page without them too. */
static void test_why_there_are_no_pictures(void **state)
{
    char *text;

    (void)state;
    write_summary(lines, LB_COUNT(lines));
    assert_int_equal(lb_page_write(run, "gnuplot: <not> found", NULL), 0);
    text = read_text(in_run("index.html"));
    check_whole(text);
    assert_says(text, "No pictures by gnuplot: gnuplot: &lt;not&gt; found");
    assert_says(text, "All numbers");
    free(text);
    assert_int_equal(mkdir(in_run("plots"), 0700), 0);
    write_text(in_run("plots/layouts.svg"), "<svg></svg>");
    assert_int_equal(lb_page_write(run, "gnuplot: <not> found", NULL), 0);
    text = read_text(in_run("index.html"));
    assert_null(strstr(text, "No pictures by gnuplot"));
    free(text);
}

/* A folder's name and a cell may hold any bytes. */
static void test_bytes_that_are_no_text(void **state)
{
    char latin[160], path[200];

    (void)state;
    snprintf(latin, sizeof latin, "%s/caf\xe9", folder);
    snprintf(path, sizeof path, "%s/plots", latin);
    assert_int_equal(mkdir(latin, 0700), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(run, sizeof run, "%.120s", latin);
    write_text(in_run("plots/layouts.svg"), "<svg></svg>");
    char *text = page();
    assert_says(text, "<h1>linebounce: caf\xef\xbf\xbd</h1>");
    for (const char *at = text; *at; at += lb_utf8_length(at))
        assert_true(lb_utf8_length(at) > 0);
    free(text);
}

/* The smaller of both goes in, as long as there is room; the page says how many it leaves out. */
static void test_large_pictures(void **state)
{
    char *large = malloc(ROOM + 1), *text;
    unsigned char *got;
    size_t n;

    (void)state;
    assert_non_null(large);
    memset(large, 'x', ROOM + 1);
    assert_int_equal(mkdir(in_run("plots"), 0700), 0);
    write_bytes(in_run("plots/onoff.svg"), large, ROOM + 1);
    write_text(in_run("plots/onoff.png"), "the small one");
    write_bytes(in_run("plots/onoff-lost.svg"), large, ROOM + 1); /* without a PNG */
    write_bytes(in_run("plots/onoff-longer.svg"), large, ROOM);   /* there is less by now */
    text = page();
    check_whole(text);
    assert_int_equal(count(text, "<img"), 1);
    got = picture(text, "png", 0, &n);
    assert_int_equal(n, 13);
    assert_memory_equal(got, "the small one", n);
    assert_says(text, "2 more pictures are too large for the page");
    free(got);
    free(text);
    assert_int_equal(unlink(in_run("plots/onoff.svg")), 0);
    text = page();
    check_whole(text);
    got = picture(text, "svg+xml", 0, &n);
    assert_int_equal(n, ROOM);
    assert_says(text, "1 more picture is too large");
    free(got);
    free(text);
    free(large);
}

/* The loop of nothing is in no picture, and 0;0 of several events is none either. */
static void test_pictures_of_nothing(void **state)
{
    static const char head[] =
        "schema_version,suite,scenario,layout,placement,threads,work_ns,role,"
        "net_ns_op_hl,ratio,sleeps_per_kop,events_per_op,latency_p50_ns\n";
    char text[1024], *said;

    (void)state;
    assert_int_equal(mkdir(in_run("plots"), 0700), 0);
    write_text(in_run("plots/onoff.svg"), "<svg></svg>");
    write_text(in_run("plots/causes.svg"), "<svg></svg>");
    write_text(in_run("plots/layouts.svg"), "<svg></svg>");
    snprintf(text, sizeof text,
             "%s%d,layouts,empty,,l3,2,200,all,,,7,7,7\n"
             "%d,layouts,same-object,pointer,l3,2,200,all,1,,0,0;0,\n",
             head, LB_SCHEMA_VERSION, LB_SCHEMA_VERSION);
    write_text(in_run("summary.csv"), text);
    said = page();
    assert_int_equal(count(said, "<img"), 1);
    assert_says(said, "alt=\"layouts: ");
    assert_says(said, "No picture \u201cSpinning and sleeping\u201d: all of it is 0.");
    assert_says(said, "No picture \u201cWhere the time goes\u201d: all of it is 0.");
    free(said);
    snprintf(text, sizeof text, "%s%d,layouts,same-object,pointer,l3,2,200,all,1,,0.5,0,\n", head,
             LB_SCHEMA_VERSION);
    write_text(in_run("summary.csv"), text);
    said = page();
    assert_says(said, "alt=\"onoff: ");
    assert_int_equal(count(said, "<img"), 2);
    free(said);
}

/* A picture says that nothing in it is decided, where nothing is. */
static void test_pictures_of_what_is_undecided(void **state)
{
    static const struct verdict open[] = {{"l3", "unresolved", 3}, {"remote", "unresolved", 5}},
                                half[] = {{"l3", "unresolved", 3}, {"remote", "slower", 90}};
    char *text;

    (void)state;
    assert_int_equal(mkdir(in_run("plots"), 0700), 0);
    write_text(in_run("plots/layouts-l3-2t.svg"), "<svg></svg>");
    write_text(in_run("plots/layouts-remote-2t.svg"), "<svg></svg>");
    write_text(in_run("plots/ratio.svg"), "<svg></svg>");
    write_text(in_run("plots/windows.svg"), "<svg></svg>");
    text = page_of_sweep(open, 2);
    assert_int_equal(count(text, "picture has a verdict (1 were measured)"), 2);
    assert_int_equal(count(text, "picture has a verdict (2 were measured)"), 1);
    free(text);
    text = page_of_sweep(half, 2);
    assert_int_equal(count(text, "<figcaption"), 1); /* that at l3 */
    free(text);
}

/* One of each kind comes before the second of any. */
static void test_pictures_in_turn(void **state)
{
    char *half = malloc(ROOM / 2), *text;

    (void)state;
    assert_non_null(half);
    memset(half, 'x', ROOM / 2);
    assert_int_equal(mkdir(in_run("plots"), 0700), 0);
    write_bytes(in_run("plots/layouts.svg"), half, ROOM / 2 - 9);
    write_bytes(in_run("plots/layouts-2.svg"), half, ROOM / 2 - 9);
    write_bytes(in_run("plots/windows.svg"), half, ROOM / 2 - 9);
    text = page();
    assert_int_equal(count(text, "<img"), 2);
    assert_says(text, "alt=\"layouts: ");
    assert_says(text, "alt=\"windows: ");
    free(text);
    free(half);
}

/* Failures: the page that was there stays, and no part of another. */

static void refuse(int result, const char *what)
{
    struct lb_why why = {""};

    write_text(in_run("index.html"), "the old page");
    assert_int_equal(lb_page_write(run, NULL, &why), result);
    if (!strstr(why.text, what))
        fail_msg("\"%s\" does not say \"%s\"", why.text, what);
    assert_int_equal(lb_page_write(run, NULL, NULL), result);
    assert_int_equal(count_parts(), 0);
    char *text = read_text(in_run("index.html"));
    assert_string_equal(text, "the old page");
    free(text);
}

static void test_nothing_for_a_page(void **state)
{
    struct lb_why why = {""};

    (void)state;
    refuse(-ENODATA, "nothing for a page");
    write_text(in_run("run.json"),
               "{\"machine\": {\"host\": \"h\"}}"); /* facts alone are no page */
    refuse(-ENODATA, "nothing for a page");
    write_summary(lines, 1); /* nor is the loop of nothing */
    refuse(-ENODATA, "nothing for a page");
    write_text(in_run("summary.csv"), "");
    refuse(-ENODATA, "nothing for a page");
    assert_int_equal(mkdir(in_run("plots"), 0700), 0);
    refuse(-ENODATA, "nothing for a page");
    assert_int_equal(lb_page_write(in_run("absent"), NULL, &why), -ENOENT);
    assert_non_null(strstr(why.text, "absent: No such file"));
}

static void test_unreadable_tables(void **state)
{
    (void)state;
    write_text(in_run("summary.csv"), "a,b\n1,2\n");
    refuse(-EPROTO, "summary.csv");
    write_text(in_run("summary.csv"), "schema_version,suite,scenario,layout,placement,threads,"
                                      "work_ns,role,net_ns_op_hl,ratio\n"
                                      "1,layouts,same-object,pointer,l3,2,200,all,1,1\n");
    refuse(-EPROTO, "schema_version is '1'");
    assert_int_equal(unlink(in_run("summary.csv")), 0);
    write_summary(lines, LB_COUNT(lines));
    write_text(in_run("matrix.csv"), "schema_version,op\n3,load-store\n");
    refuse(-EPROTO, "matrix.csv");
}

/* A disk that fills up in the midst of it. */
static void test_no_room(void **state)
{
    struct rlimit before, limit;
    struct lb_why why = {""};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    char *large = calloc(1, 100000);

    (void)state;
    assert_non_null(large);
    assert_int_equal(mkdir(in_run("plots"), 0700), 0);
    write_bytes(in_run("plots/windows.svg"), large, 100000);
    free(large);
    write_text(in_run("index.html"), "the old page");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (rlim_t most = 100; most <= 100000; most *= 10) { /* at the end, and before */
        limit = before;
        limit.rlim_cur = most;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        int err = lb_page_write(run, NULL, &why);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(err, -EFBIG);
        assert_non_null(strstr(why.text, "index.html: File too large"));
        assert_int_equal(count_parts(), 0);
    }
    signal(SIGXFSZ, handler);
    char *text = read_text(in_run("index.html"));
    assert_string_equal(text, "the old page");
    free(text);
}

static void test_a_page_that_cannot_be_replaced(void **state)
{
    struct lb_why why = {""};

    (void)state;
    write_summary(lines, LB_COUNT(lines));
    assert_int_equal(mkdir(in_run("index.html"), 0700), 0);
    assert_int_equal(lb_page_write(run, NULL, &why), -EISDIR);
    assert_non_null(strstr(why.text, "index.html: Is a directory"));
    assert_int_equal(count_parts(), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_run, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(test_results),
        TEST(test_a_torn_summary),
        TEST(test_matrix),
        TEST(test_distances),
        TEST(test_spoiled_windows),
        TEST(test_several_runs),
        TEST(test_counted_and_expected),
        TEST(test_facts),
        TEST(test_folder_with_a_slash),
        TEST(test_pictures),
        TEST(test_pictures_that_are_none),
        TEST(test_why_there_are_no_pictures),
        TEST(test_bytes_that_are_no_text),
        TEST(test_large_pictures),
        TEST(test_pictures_in_turn),
        TEST(test_pictures_of_nothing),
        TEST(test_pictures_of_what_is_undecided),
        TEST(test_nothing_for_a_page),
        TEST(test_unreadable_tables),
        TEST(test_no_room),
        TEST(test_a_page_that_cannot_be_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
