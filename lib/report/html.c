/* SPDX-License-Identifier: MIT
 *
 * A run's pictures and tables on one page that needs nothing else.
 */
#include <linebounce/plot.h>
#include <linebounce/record.h>

#include "plot_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct page {
    const char *dir, *without;
    FILE *out;
    size_t pictures, tables; /* what a page is for */
};

/* Returns how many bytes it took. Names and cells may hold any, HTML may not; control characters
 * are none of it either. */
static size_t put_character(FILE *out, const char *text)
{
    size_t n = lb_utf8_length(text);

    if (!n)
        fputs(LB_REPLACEMENT, out);
    else if ((unsigned char)*text >= ' ')
        fwrite(text, 1, n, out);
    return n ? n : 1;
}

/* Text between tags, or in an attribute's quotes. */
static void put(FILE *out, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            text += put_character(out, text) - 1;
        }
}

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<style>\n"
    ":root { color-scheme: light dark }\n"
    "body { font: 15px/1.5 sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem }\n"
    "table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums }\n"
    "td, th { padding: .15rem .6rem; border-bottom: 1px solid #8884; text-align: right }\n"
    "td:first-child, th:first-child { text-align: left }\n"
    "img { max-width: 100%; background: #fff; margin: .5rem 0 }\n"
    ".faster { color: #00875f } .slower { color: #d5480a } .note { color: #888 }\n"
    "@media print { h2 { break-after: avoid } img, tr { break-inside: avoid } }\n"
    "</style>\n";

/* What run.json says, as far as it says it. */
static void put_facts(struct page *p)
{
    static const struct {
        const char *path, *label;
    } facts[] = {
        {"machine.host", "host"},
        {"machine.cpu_model", "processor"},
        {"machine.hypervisor", "hypervisor"},
        {"machine.kernel", "kernel"},
        {"run.started_utc", "started"},
        {"run.seed", "seed"},
        {"build.commit", "commit"},
        {"build.compiler", "compiler"},
    };
    char path[4200], text[400];

    snprintf(path, sizeof path, "%s/run.json", p->dir);
    fputs("<table>\n", p->out);
    for (size_t i = 0; i < LB_COUNT(facts); i++)
        if (!lb_json_read_text(path, facts[i].path, NULL, text, sizeof text)) {
            fprintf(p->out, "<tr><th>%s</th><td style=\"text-align:left\">", facts[i].label);
            put(p->out, text);
            fputs("</td></tr>\n", p->out);
        }
    fputs("</table>\n", p->out);
}

static void put_base64(FILE *out, const unsigned char *b, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (; n; b += n < 3 ? n : 3, n -= n < 3 ? n : 3) {
        unsigned bits =
            (unsigned)b[0] << 16 | (n > 1 ? (unsigned)b[1] << 8 : 0) | (n > 2 ? b[2] : 0);
        fputc(digits[bits >> 18], out);
        fputc(digits[bits >> 12 & 63], out);
        fputc(n > 1 ? digits[bits >> 6 & 63] : '=', out);
        fputc(n > 2 ? digits[bits & 63] : '=', out);
    }
}

/* One picture: NAME.svg, or NAME.png where that is large. One that cannot be had is left out. */
static void put_picture(struct page *p, int plots, const char *svg)
{
    int stem = (int)strlen(svg) - 4;
    char png[NAME_MAX + 1], *bytes;
    size_t n;
    int err = lb_read_regular(plots, svg, LB_PAGE_SVG_MOST, NULL, &bytes, &n);
    bool large = err == -EFBIG;

    snprintf(png, sizeof png, "%.*s.png", stem, svg);
    if (large)
        err = lb_read_regular(plots, png, LB_PAGE_PNG_MOST, NULL, &bytes, &n);
    if (err)
        return;
    if (n && !p->pictures++)
        fputs("<h2>Pictures</h2>\n", p->out);
    if (n) {
        fprintf(p->out, "<figure><img alt=\"%.*s\" src=\"data:image/%s;base64,", stem, svg,
                large ? "png" : "svg+xml");
        put_base64(p->out, (const unsigned char *)bytes, n);
        fputs("\"></figure>\n", p->out);
    }
    free(bytes);
}

static int is_svg(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');

    return dot && !strcmp(dot, ".svg") && lb_picture_name(entry->d_name, NULL);
}

static void put_pictures(struct page *p)
{
    struct dirent **entries = NULL;
    int dir = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int plots = openat(dir, "plots", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    int n = plots < 0 ? 0 : scandirat(plots, ".", &entries, is_svg, alphasort);

    for (int i = 0; i < n; i++) {
        put_picture(p, plots, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (plots >= 0)
        close(plots);
    if (dir >= 0)
        close(dir);
    if (p->pictures || !p->without)
        return;
    fputs("<p class=\"note\">No pictures: ", p->out);
    put(p->out, p->without);
    fputs("</p>\n", p->out);
}

/* "12.3 [11, 13]", empty without a value. */
static void put_interval(FILE *out, const struct lb_csv_reader *r, const char *value,
                         const char *lo, const char *hi, int digits)
{
    double x = lb_csv_number(r, value), a = lb_csv_number(r, lo), b = lb_csv_number(r, hi);

    fputs("<td>", out);
    if (isfinite(x))
        fprintf(out, "%.*f", digits, x);
    if (isfinite(x) && isfinite(a) && isfinite(b))
        fprintf(out, " <span class=\"note\">[%.*f, %.*f]</span>", digits, a, digits, b);
    fputs("</td>", out);
}

static void put_cell(FILE *out, const struct lb_csv_reader *r, const char *column)
{
    fputs("<td>", out);
    put(out, lb_csv_cell(r, column));
    fputs("</td>", out);
}

static void put_verdict(FILE *out, const struct lb_csv_reader *r)
{
    const char *verdict = lb_csv_cell(r, "verdict");
    bool marked = !strcmp(verdict, "faster") || !strcmp(verdict, "slower");

    fprintf(out, "<td%s%s%s>", marked ? " class=\"" : "", marked ? verdict : "",
            marked ? "\"" : "");
    if (!strcmp(lb_csv_cell(r, "unfair"), "1"))
        fputs("unfair: ", out);
    put(out, verdict);
    fputs("</td>", out);
}

static void put_row(FILE *out, const struct lb_csv_reader *r)
{
    static const char *const before[] = {"layout", "lock",    "role",    "placement",
                                         "home",   "threads", "work_ns", "regime_ns"};

    fputs("<tr>", out);
    for (size_t i = 0; i < LB_COUNT(before); i++)
        put_cell(out, r, before[i]);
    if (*lb_csv_cell(r, "every_ns") && !*lb_csv_cell(r, "net_ns_op_hl")) /* a paced role's op */
        put_interval(out, r, "ns_op_median", "ns_op_ci95_lo", "ns_op_ci95_hi", 1);
    else
        put_interval(out, r, "net_ns_op_hl", "net_ns_op_ci95_lo", "net_ns_op_ci95_hi", 1);
    put_interval(out, r, "ratio", "ratio_ci95_lo", "ratio_ci95_hi", 2);
    put_verdict(out, r);
    put_interval(out, r, "min_over_max_median", "", "", 2);
    put_cell(out, r, "bytes_per_object");
    fputs("</tr>\n", out);
}

static void put_scenario(FILE *out, const char *scenario, bool open)
{
    if (open)
        fputs("</table>\n", out);
    fputs("<h3>", out);
    put(out, scenario);
    fputs("</h3>\n<table><tr><th>layout</th><th>lock</th><th>role</th><th>placement</th>"
          "<th>home</th><th>threads</th><th>work ns</th><th>round trip ns</th><th>net ns/op [95 "
          "%]</th>"
          "<th>ratio [95 %]</th><th>verdict</th><th>min/max</th><th>B/object</th></tr>\n",
          out);
}

/* A file that is not there or empty is no fault of the page's, so nothing is said of it. */
static int open_table(const char *path, const char *const *needed, struct lb_why *why,
                      struct lb_csv_reader **r)
{
    struct lb_why refusal;
    int err = lb_csv_open(path, needed, &refusal, r);

    return err && err != -ENOENT && err != -ENODATA ? lb_fail(why, -err, "%s", refusal.text) : err;
}

/* Rows with a layout, in the order of the file, a table a scenario. */
static int put_summary(struct page *p, struct lb_why *why)
{
    static const char *const needed[] = {"scenario", "layout", "net_ns_op_hl", "ratio", NULL};
    char path[4200], last[64] = "";
    struct lb_csv_reader *r;
    int err;

    snprintf(path, sizeof path, "%s/summary.csv", p->dir);
    if ((err = open_table(path, needed, why, &r)))
        return err == -ENOENT || err == -ENODATA ? 0 : err;
    while ((err = lb_csv_next(r, why)) == 1) {
        const char *scenario = lb_csv_cell(r, "scenario");
        if (!*lb_csv_cell(r, "layout"))
            continue;
        if (!*last)
            fputs("<h2>Results</h2>\n", p->out);
        if (strncmp(scenario, last, sizeof last - 1) != 0)
            put_scenario(p->out, scenario, *last);
        snprintf(last, sizeof last, "%s", *scenario ? scenario : "?");
        put_row(p->out, r);
    }
    lb_csv_reader_close(r);
    if (*last)
        fputs("</table>\n", p->out);
    p->tables += *last != 0;
    return err;
}

static int put_matrix(struct page *p, struct lb_why *why)
{
    static const char *const needed[] = {"op",   "pu_a_os",           "pu_b_os",
                                         "home", "one_way_ns_median", NULL};
    static const char *const shown[] = {"op", "pu_a_os", "pu_b_os", "class", "home"};
    char path[4200];
    struct lb_csv_reader *r;
    size_t n = 0;
    int err;

    snprintf(path, sizeof path, "%s/matrix.csv", p->dir);
    if ((err = open_table(path, needed, why, &r)))
        return err == -ENOENT || err == -ENODATA ? 0 : err;
    while ((err = lb_csv_next(r, why)) == 1) {
        if (!n++)
            fputs("<h2>One-way latency</h2>\n<p>Half a round trip of one line, ns.</p>\n<table><tr>"
                  "<th>op</th><th>CPU a</th><th>CPU b</th><th>class</th><th>homed on</th>"
                  "<th>ns [95 %]</th></tr>\n",
                  p->out);
        fputs("<tr>", p->out);
        for (size_t i = 0; i < LB_COUNT(shown); i++)
            put_cell(p->out, r, shown[i]);
        put_interval(p->out, r, "one_way_ns_median", "one_way_ns_ci95_lo", "one_way_ns_ci95_hi", 1);
        fputs("</tr>\n", p->out);
    }
    lb_csv_reader_close(r);
    if (n)
        fputs("</table>\n", p->out);
    p->tables += n > 0;
    return err;
}

/* "20260101T000000Z" of "results/host/20260101T000000Z/". */
static void put_last_name(FILE *out, const char *path)
{
    size_t end = strlen(path), from;
    char name[256];

    while (end > 1 && path[end - 1] == '/')
        end--;
    for (from = end; from > 0 && path[from - 1] != '/';)
        from--;
    snprintf(name, sizeof name, "%.*s", (int)(end - from), path + from);
    put(out, name);
}

static int put_page(struct page *p, struct lb_why *why)
{
    int err;

    fputs(head, p->out);
    fputs("<title>linebounce: ", p->out);
    put_last_name(p->out, p->dir);
    fputs("</title>\n</head>\n<body>\n<h1>linebounce: ", p->out);
    put_last_name(p->out, p->dir);
    fputs("</h1>\n", p->out);
    put_facts(p);
    put_pictures(p);
    if ((err = put_summary(p, why)) || (err = put_matrix(p, why)))
        return err;
    fputs("</body>\n</html>\n", p->out);
    return p->pictures + p->tables ? 0 : lb_fail(why, ENODATA, "%s: nothing for a page", p->dir);
}

int lb_page_write(const char *run_dir, const char *without, struct lb_why *why)
{
    struct page p = {.dir = run_dir, .without = without};
    struct lb_whole file;
    struct stat info;
    char *path;
    int err;

    if (stat(run_dir, &info))
        return lb_fail(why, errno, "%s: %s", run_dir, strerror(errno));
    if (asprintf(&path, "%s/index.html", run_dir) < 0)
        return lb_fail(why, ENOMEM, "%s: %s", run_dir, strerror(ENOMEM));
    if (!(err = lb_whole_begin(path, why, &file))) {
        p.out = file.out;
        err = lb_whole_end(&file, put_page(&p, why), why);
    }
    free(path);
    return err;
}
