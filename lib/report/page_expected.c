/* SPDX-License-Identifier: MIT
 *
 * What counters counted, beside what a model of lines expects of them.
 */
#include "page_private.h"

#include <linebounce/record.h>

#include <errno.h>
#include <string.h>

/* The rest stands in summary.csv. */
#define ROWS_MOST 150

static void put_row(struct lb_page *p, const struct lb_csv_reader *r, const struct lb_counted *k)
{
    const char *role = lb_csv_cell(r, "role"), *layout = lb_csv_cell(r, "layout");

    lb_html_print(p->out, "<tr><th scope=\"row\">%s", lb_csv_cell(r, "scenario"));
    if (strcmp(role, "all") != 0)
        lb_html_print(p->out, ": %s", role);
    lb_html_print(p->out, "</th><td class=\"t\">%s</td><td class=\"t\">%s</td><td class=\"t\">%s",
                  layout, lb_csv_cell(r, "placement"), k->event);
    fprintf(p->out, "</td><td%s>expected %.2f (model), counted %.2f%s</td></tr>\n",
            k->missed ? " class=\"slower\"" : "", k->expected, k->counted, k->missed ? " !" : "");
}

static void put_head(struct lb_page *p)
{
    fputs(
        "<details><summary>Counted, and what a model expects</summary>\n<p class=\"dim small\">A "
        "count an op. The model is of two threads and the lines that they share, by the hand-over "
        "that was found by time. !: lines found modified elsewhere are over 15 % off; ticks, "
        "prefetches and timed ops are none of the model.</p>\n<div class=\"scroll\" "
        "tabindex=\"0\"><table><thead><tr><th scope=\"col\">scenario</th><th scope=\"col\" "
        "class=\"t\">layout</th><th scope=\"col\" class=\"t\">CPUs</th><th scope=\"col\" "
        "class=\"t\">event</th><th scope=\"col\">an op</th></tr></thead><tbody>\n",
        p->out);
}

struct events {
    struct lb_page *page;
    size_t n;
};

static int put_events(const struct lb_csv_reader *r, void *of)
{
    struct lb_counted counted;
    struct events *e = of;
    size_t at = 0;

    while (lb_counted_next(r, &at, &counted)) {
        if (!e->n)
            put_head(e->page);
        if (e->n++ < ROWS_MOST)
            put_row(e->page, r, &counted);
    }
    return 0;
}

int lb_page_expected(struct lb_page *p)
{
    static const char *const needed[] = {"scenario", "layout", "events_expected", NULL};
    struct events e = {p, 0};
    int err = lb_csv_each(p->dir, "summary.csv", needed, NULL, put_events, &e);

    if (e.n)
        fputs("</tbody></table></div>\n", p->out);
    if (e.n > ROWS_MOST)
        fprintf(p->out, "<p class=\"dim small\">%zu more in summary.csv.</p>\n", e.n - ROWS_MOST);
    if (e.n)
        fputs("</details>\n", p->out);
    p->tables += e.n > 0;
    return err == -ENOMEM ? err : 0; /* of an earlier version: others refuse what is none */
}
