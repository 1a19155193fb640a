/* SPDX-License-Identifier: MIT
 *
 * A comparison on one page: the answer, what changed, what vouches for it, and who was compared.
 */
#include <linebounce/compare_view.h>

#include <linebounce/page.h>

#include "report/html.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows of one table. The rest is for programs, which have other formats. */
#define ROWS_MOST 400
/* Differences without a verdict that are shown unfolded. */
#define LARGEST_MOST 12
/* What is left for all but tables of cases. */
#define BYTES_KEPT 60000

struct page {
    const struct lb_compare *c;
    const struct lb_compare_view *view;
    FILE *out;
};

static void put_number(FILE *out, const char *label, double value)
{
    char text[32] = "";

    if (isfinite(value))
        snprintf(text, sizeof text, "%.*f", value < 999.5 ? 1 : 0, value);
    lb_html_td(out, "", label, text);
}

static const char *class_of(enum lb_verdict v)
{
    return v == LB_VERDICT_SLOWER ? "slower" : v == LB_VERDICT_FASTER ? "faster" : "";
}

static void put_case(const struct page *p, const struct lb_compare_case *k)
{
    const struct lb_contrast *x = lb_compare_contrast(k);
    enum lb_verdict verdict = lb_compare_verdict(k);
    char name[LB_COMPARE_NAME_BYTES], ratio[LB_COMPARE_RATIO_BYTES], text[96];

    lb_html_print(p->out, "<tr><th scope=\"row\">%s</th>", lb_compare_name(p->view, k, name));
    put_number(p->out, "A ns/op", k->time.side[0]);
    put_number(p->out, "B ns/op", k->time.side[1]);
    lb_html_td(p->out, "", "B/A", lb_compare_ratio(x, ratio));
    snprintf(text, sizeof text, "%s%s%s", x->unfair ? "unfair: " : "", lb_verdict_name(verdict),
             x == &k->relative ? " *" : "");
    lb_html_td(p->out, class_of(verdict), "verdict", text);
    fputs("</tr>\n", p->out);
}

/* Rows from..to of the view, as many as there is room for. */
static void put_cases(const struct page *p, size_t from, size_t to)
{
    size_t most = to - from < ROWS_MOST ? to : from + ROWS_MOST, i = from;

    fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"cases\">"
          "<table class=\"cards\"><thead><tr><th scope=\"col\">case</th>"
          "<th scope=\"col\">A ns/op</th><th scope=\"col\">B ns/op</th>"
          "<th scope=\"col\">B/A [95 %]</th><th scope=\"col\">verdict</th></tr></thead><tbody>\n",
          p->out);
    for (; i < most && ftell(p->out) < (long)(LB_PAGE_MOST - BYTES_KEPT); i++)
        put_case(p, p->view->rows[i]);
    fputs("</tbody></table></div>\n", p->out);
    if (i < to)
        fprintf(p->out, "<p class=\"dim\">%zu more: linebounce compare --format csv has all.</p>\n",
                to - i);
}

static void put_star(const struct page *p)
{
    bool any = false;

    for (size_t i = 0; i < p->view->n_changed; i++)
        any |= lb_compare_contrast(p->view->rows[i]) == &p->view->rows[i]->relative;
    if (!any)
        return;
    lb_html_print(p->out,
                  "<p class=\"dim small\">* beside the base (%s) of the same run, where times of "
                  "different runs say nothing.</p>\n",
                  p->c->baseline);
}

static void put_changed(const struct page *p)
{
    const struct lb_compare_view *v = p->view;
    char common[512];

    lb_compare_common(v, common, sizeof common);
    if (v->n_changed)
        fprintf(p->out, "<h2>Changed: %zu of %zu cases", v->n_changed, v->n);
    else
        fprintf(p->out, "<h2>None of %zu cases is seen to change", v->n);
    lb_html_print(p->out, "%s</h2>\n", common);
    if (v->n_changed) {
        put_cases(p, 0, v->n_changed);
        put_star(p);
    } else if (v->n) {
        fputs("<p>The largest differences, of which none is a verdict:</p>\n", p->out);
        put_cases(p, 0, v->n < LARGEST_MOST ? v->n : LARGEST_MOST);
    }
    fprintf(p->out, "<p>Not changed: %zu the same, %zu not slower.</p>\n",
            lb_compare_count(v, LB_VERDICT_SAME), lb_compare_count(v, LB_VERDICT_NOT_SLOWER));
}

static int put_undecided(const struct page *p)
{
    struct lb_compare_reason *reasons;
    size_t n;
    int err = lb_compare_reasons(p->view, &reasons, &n);

    if (err)
        return err;
    if (n)
        fprintf(p->out, "<h2>Undecided: %zu of %zu cases</h2>\n<ul>\n",
                lb_compare_count(p->view, LB_VERDICT_UNRESOLVED), p->view->n);
    for (size_t i = 0; i < n; i++) {
        lb_html_print(p->out, "<li>%zu: %s</li>\n", reasons[i].n, reasons[i].note);
    }
    if (n)
        fputs("</ul>\n", p->out);
    free(reasons);
    return 0;
}

/* Names --------------------------------------------------------------------------------------- */

/* Where the last name of a run's path begins, of "A/samples.csv" as of "A" the folder's, and how
 * long it is. What stands before it is nobody's business. */
static size_t name_in(const char *path, size_t *bytes)
{
    size_t end = strlen(path), from;

    if (end > 4 && !strcmp(path + end - 4, ".csv") && strchr(path, '/'))
        while (path[end - 1] != '/')
            end--;
    while (end > 1 && path[end - 1] == '/')
        end--;
    for (from = end; from && path[from - 1] != '/';)
        from--;
    *bytes = end - from;
    return from;
}

/* A sentence that may name runs, without where they lie. */
static void put_warning(const struct page *p, const char *warning)
{
    char text[LB_HTML_TEXT_BYTES], *at;
    size_t bytes;

    snprintf(text, sizeof text, "%s", warning);
    for (size_t r = 0; r < p->c->n_runs; r++) {
        const char *path = p->c->runs[r].path;
        size_t from = name_in(path, &bytes);
        while (from && (at = strstr(text, path)))
            memmove(at, at + from, strlen(at + from) + 1);
    }
    lb_page_item(p->out, LB_CHECK_WARNS, "%c%s.", toupper((unsigned char)*text), text + !!*text);
}

/* Trust --------------------------------------------------------------------------------------- */

/* Windows of a run, and those that were spoiled, as its run.json says; without one what stands in
 * its rows. Of a summary, whose rows each repeat it, that is not known. */
static void count_windows(const struct page *p, size_t r, double *windows, double *spoiled)
{
    const struct lb_compare_run *run = &p->c->runs[r];
    const struct lb_json *record = p->c->runs[r].record;
    const char *suite;
    char path[160];

    *windows = *spoiled = 0;
    for (size_t i = 0; record && (suite = lb_json_name_at(record, "suites", i)); i++) {
        snprintf(path, sizeof path, "suites.%.100s.windows", suite);
        *windows += lb_json_number_at(record, path);
        snprintf(path, sizeof path, "suites.%.100s.windows_spoiled", suite);
        *spoiled += lb_json_number_at(record, path);
    }
    if (*windows > 0 || run->summary)
        return;
    *windows = (double)run->rows;
    *spoiled = (double)run->spoiled;
}

static void say_spoiled(const struct page *p, int side)
{
    double all = 0, spoiled = 0;

    for (size_t r = 0; r < p->c->n_runs; r++) {
        double n, bad;
        count_windows(p, r, &n, &bad);
        if (p->c->runs[r].side == side && n > 0) {
            all += n;
            spoiled += bad;
        }
    }
    if (all > 0)
        lb_page_item(p->out, lb_spoiled_level(spoiled / all),
                     "Side %c: %.0f %% of %.0f windows were spoiled and left out.", 'A' + side,
                     100 * spoiled / all, all);
}

static void put_trust(const struct page *p)
{
    const struct lb_compare *c = p->c;
    bool enough = c->n_side[0] >= LB_COMPARE_RUNS && c->n_side[1] >= LB_COMPARE_RUNS;

    fputs("<section class=\"trust\"><h2>Can this be trusted?</h2><ul>\n", p->out);
    if (enough)
        lb_page_item(p->out, LB_CHECK_OK,
                     "%zu runs of A and %zu of B: judged by how far runs of a side lie apart.",
                     c->n_side[0], c->n_side[1]);
    else
        lb_page_item(p->out, LB_CHECK_WARNS,
                     "%zu run%s of A and %zu of B: a verdict needs %d of each, measured in turns "
                     "(linebounce run --against).",
                     c->n_side[0], c->n_side[0] == 1 ? "" : "s", c->n_side[1], LB_COMPARE_RUNS);
    say_spoiled(p, 0);
    say_spoiled(p, 1);
    if (c->n_only[0] || c->n_only[1])
        lb_page_item(p->out, LB_CHECK_WARNS, "Only on one side: %zu cases of A, %zu of B.",
                     c->n_only[0], c->n_only[1]);
    for (size_t i = 0; i < c->n_warnings; i++)
        put_warning(p, c->warnings[i]);
    fputs("</ul></section>\n", p->out);
}

/* Sides --------------------------------------------------------------------------------------- */

/* A run with the machine that its run.json names; without one that is not known. */
static void put_run(const struct page *p, size_t r)
{
    const struct lb_compare_run *run = &p->c->runs[r];
    static const char *const keys[][2] = {{"machine", "machine.host"},
                                          {"processor", "machine.cpu_model"},
                                          {"system", "machine.kernel"},
                                          {"program", "build.commit"}};
    const struct lb_json *record = p->c->runs[r].record;
    const char *begun = record ? lb_json_text_at(record, "run.started_utc") : NULL;
    double windows, spoiled;
    size_t bytes, from = name_in(run->path, &bytes);
    char text[64] = "";

    lb_html_print(p->out, "<tr><th scope=\"row\">%c:&#160;%.*s</th>", 'A' + run->side, (int)bytes,
                  run->path + from);
    for (size_t i = 0; i < LB_COUNT(keys); i++) {
        const char *value = record ? lb_json_text_at(record, keys[i][1]) : NULL;
        lb_html_td(p->out, "t", keys[i][0], value ? value : "");
    }
    lb_html_td(p->out, "", "begun", begun ? begun : "");
    count_windows(p, r, &windows, &spoiled);
    if (windows > 0)
        snprintf(text, sizeof text, "%.0f %%", 100 * spoiled / windows);
    lb_html_td(p->out, "", "windows spoiled", text);
    fputs("</tr>\n", p->out);
}

static void put_runs(const struct page *p)
{
    fputs("<h2>Who is compared</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
          "aria-label=\"runs\"><table class=\"cards\"><thead><tr><th scope=\"col\">run</th>"
          "<th scope=\"col\" class=\"t\">machine</th><th scope=\"col\" class=\"t\">processor</th>"
          "<th scope=\"col\" class=\"t\">system</th><th scope=\"col\" class=\"t\">program</th>"
          "<th scope=\"col\">begun</th><th scope=\"col\">windows spoiled</th></tr></thead>"
          "<tbody>\n",
          p->out);
    for (size_t r = 0; r < p->c->n_runs; r++)
        put_run(p, r);
    fputs("</tbody></table></div>\n", p->out);
}

static void put_differences(const struct page *p)
{
    char part[512];

    if (!p->c->n_differences)
        fputs("<p>The runs record no difference.</p>\n", p->out);
    else
        fputs("<h2>What differs besides</h2>\n<div class=\"scroll\" tabindex=\"0\" "
              "role=\"region\" aria-label=\"differences\"><table class=\"cards facts\"><thead><tr>"
              "<th scope=\"col\">what</th><th scope=\"col\" class=\"t\">A</th><th scope=\"col\" "
              "class=\"t\">B</th></tr></thead><tbody>\n",
              p->out);
    for (size_t i = 0; i < p->c->n_differences; i++) {
        const struct lb_compare_difference *d = &p->c->differences[i];
        lb_html_print(p->out, "<tr><th scope=\"row\">%s</th>", d->what);
        for (int side = 0; side < 2; side++)
            lb_html_td(p->out, "t", side ? "B" : "A",
                       lb_compare_part(d, side, 240, part, sizeof part));
        fputs("</tr>\n", p->out);
    }
    if (p->c->n_differences)
        fputs("</tbody></table></div>\n", p->out);
}

/* The whole ----------------------------------------------------------------------------------- */

static int put_page(const struct page *p)
{
    char answer[1024];
    int err;

    lb_page_begin(p->out, lb_compare_answer(p->view, answer, sizeof answer));
    lb_html_print(p->out, "<p class=\"dim small\">linebounce compare</p>\n<h1>%s</h1>\n", answer);
    put_trust(p);
    put_changed(p);
    if ((err = put_undecided(p)))
        return err;
    put_runs(p);
    put_differences(p);
    if (p->view->n > p->view->n_changed) {
        fprintf(p->out, "<details><summary>Every %scase</summary>\n",
                p->view->n_changed ? "other " : "");
        put_cases(p, p->view->n_changed, p->view->n);
        fputs("</details>\n", p->out);
    }
    lb_page_end(p->out);
    return 0;
}

int lb_compare_page(const struct lb_compare *c, const char *path, struct lb_why *why)
{
    struct lb_compare_view view = {.rows = NULL};
    struct lb_whole file;
    int err = lb_compare_view_init(c, NULL, LB_COMPARE_BY_CHANGE, &view);

    if (err)
        lb_fail(why, -err, "%s: %s", path, strerror(-err));
    else if (!(err = lb_whole_begin(path, why, &file))) {
        const struct page p = {c, &view, file.out};
        if ((err = put_page(&p)))
            lb_fail(why, -err, "%s: %s", path, strerror(-err));
        err = lb_whole_end(&file, err, why);
    }
    lb_compare_view_finish(&view);
    return err;
}
