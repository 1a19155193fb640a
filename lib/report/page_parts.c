/* SPDX-License-Identifier: MIT
 *
 * What the differences of the answer are made of, as `linebounce explain` says it.
 */
#include "page_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows of the table of all: that of a sweep would be most of the page. */
#define ROWS_MOST 120

int lb_page_explain(const char *dir, struct lb_why *why, struct lb_explanations **explanations)
{
    const struct lb_explain_request request = {.dir = dir, .work_ns = NAN};
    struct lb_why refusal;
    int err = lb_explain_create(&request, &refusal, explanations);

    if (!err)
        return 0;
    *explanations = NULL; /* nothing was timed, or it was written by an earlier version */
    return err == -ENOMEM ? lb_fail(why, ENOMEM, "%s: %s", dir, strerror(ENOMEM)) : 0;
}

/* Which of them --------------------------------------------------------------------------------
 */

static bool is_of_layout(const struct lb_found *f, const struct lb_found_cell *c,
                         const struct lb_explanation *e)
{
    const struct lb_found_layout *l = c->layout >= 0 ? &f->layouts[c->layout] : NULL;
    size_t n = strlen(e->layout);

    return l && !strncmp(l->name, e->layout, n) && !strcmp(l->lock, e->lock) &&
           (!l->name[n] || l->name[n] == '+');
}

static bool is_of_cell(const struct lb_found *f, const struct lb_found_cell *c,
                       const struct lb_explanation *e)
{
    return c->main_regime && c->regime == e->regime && fabs(c->work_ns - e->work_ns) < 1e-6 &&
           !strcmp(c->scenario_name, e->scenario) && !strcmp(c->role, e->role) &&
           !strcmp(c->placement, e->placement) && is_of_layout(f, c, e);
}

/* The largest gains and costs of the answer's table. */
static bool is_headline(const struct lb_found *f, const struct lb_explanation *e)
{
    for (size_t i = 0; i < f->n_groups; i++) {
        const int cells[] = {f->groups[i].tally.best, f->groups[i].tally.worst};
        for (size_t k = 0; k < LB_COUNT(cells); k++)
            if (cells[k] >= 0 && is_of_cell(f, &f->cells[cells[k]], e))
                return true;
    }
    return false;
}

/* Those of the page's tables. */
static bool is_shown(const struct lb_found *f, const struct lb_explanation *e)
{
    for (size_t i = 0; i < f->n_cells; i++)
        if (f->cells[i].shown && is_of_cell(f, &f->cells[i], e))
            return true;
    return false;
}

static size_t count(const struct lb_page *p,
                    bool (*wanted)(const struct lb_found *, const struct lb_explanation *))
{
    size_t n = 0;

    for (size_t i = 0; i < p->parts->n; i++)
        n += wanted(p->found, &p->parts->items[i]);
    return n;
}

/* Rows -----------------------------------------------------------------------------------------
 */

static double sum_of(const struct lb_explanation *e, enum lb_explain_kind from,
                     enum lb_explain_kind to)
{
    double sum = 0;

    for (size_t i = 0; i < e->n_parts; i++)
        if (e->parts[i].kind >= from && e->parts[i].kind <= to)
            sum += e->parts[i].ns.value;
    return sum;
}

/* With its sign, and 0 without. */
static void put_signed(FILE *out, double ns)
{
    if (fabs(ns) < 0.05)
        fputs("0", out);
    else
        fprintf(out, "%+.1f", ns);
}

static void put_ns(FILE *out, const char *label, double ns)
{
    fprintf(out, "<td data-n=\"%s\">", label);
    put_signed(out, ns);
    fputs("</td>", out);
}

/* With its kind of lock where that is not the layout's own. */
static void put_side(FILE *out, const char *layout, const char *lock)
{
    const struct lb_layout *l = NULL;

    lb_html_put(out, layout);
    if (lb_layout_find(layout, NULL, &l) || strcmp(lb_lock_info(l->lock)->name, lock) != 0)
        lb_html_print(out, " with %s", lock);
}

static void put_name(FILE *out, const struct lb_explanation *e)
{
    put_side(out, e->layout, e->lock);
    lb_html_print(out, ", %s", e->scenario);
    if (strcmp(e->role, "all") != 0)
        lb_html_print(out, ": %s", e->role);
}

static void put_row(FILE *out, const struct lb_explanation *e)
{
    fputs("<tr><th scope=\"row\">", out);
    put_name(out, e);
    fprintf(out, "</th><td data-n=\"ns an op\">%+.1f <span class=\"dim\">[%.1f, %.1f]</span></td>",
            e->total.value, e->total.lo, e->total.hi);
    if (!e->is_explained) {
        lb_html_print(out,
                      "<td class=\"t open\" colspan=\"5\">not explained by this: %s</td></tr>\n",
                      e->why_not);
        return;
    }
    put_ns(out, "lines", sum_of(e, LB_EXPLAIN_LINES, LB_EXPLAIN_MISSES));
    put_ns(out, "the op by itself", sum_of(e, LB_EXPLAIN_OWN, LB_EXPLAIN_OWN));
    put_ns(out, "asleep, preempted, spinning", sum_of(e, LB_EXPLAIN_ASLEEP, LB_EXPLAIN_SPINNING));
    put_ns(out, "the rest", e->rest.value);
    fprintf(out,
            "<td data-n=\"explained\">%.0f %% <span class=\"dim\">[%.0f, %.0f]</span></td></tr>\n",
            100 * e->explained.value, 100 * e->explained.lo, 100 * e->explained.hi);
}

static size_t put_table(struct lb_page *p,
                        bool (*wanted)(const struct lb_found *, const struct lb_explanation *))
{
    size_t n = 0;

    fputs(
        "<div class=\"scroll\" tabindex=\"0\"><table class=\"cards\"><thead><tr><th "
        "scope=\"col\">layout, scenario</th><th scope=\"col\">ns an op more [95 %]</th><th "
        "scope=\"col\">lines</th><th scope=\"col\">the op by itself</th><th scope=\"col\">asleep, "
        "preempted, spinning</th><th scope=\"col\">the rest</th><th scope=\"col\">explained"
        "</th></tr></thead><tbody>\n",
        p->out);
    for (size_t i = 0; i < p->parts->n; i++)
        if (wanted(p->found, &p->parts->items[i]) && n++ < ROWS_MOST)
            put_row(p->out, &p->parts->items[i]);
    fputs("</tbody></table></div>\n", p->out);
    return n;
}

/* Parts ----------------------------------------------------------------------------------------
 */

static void put_part(FILE *out, const char *what, const struct lb_explain_value *ns, double total,
                     double model_ns)
{
    lb_html_print(out, "<tr><th scope=\"row\">%s</th><td data-n=\"ns\">", what);
    put_signed(out, ns->value);
    fprintf(out,
            " <span class=\"dim\">[%.1f, %.1f]</span></td><td data-n=\"share\">%.0f %%</td>"
            "<td data-n=\"model\">",
            ns->lo, ns->hi, round(100 * ns->value / total) + 0.0);
    if (isfinite(model_ns))
        put_signed(out, model_ns);
    else
        fputs("–", out);
    fputs("</td></tr>\n", out);
}

static void put_parts(FILE *out, const struct lb_explanation *e)
{
    fputs("<h3>", out);
    put_name(out, e);
    fprintf(out, ": %+.1f ns an op against ", e->total.value);
    put_side(out, e->against, e->against_lock);
    lb_html_print(
        out,
        "</h3>\n<p class=\"dim small\">At %s, %.0f ns of work, a line's round trip %.0f ns; %zu "
        "rounds%s.</p>\n<div class=\"scroll\" tabindex=\"0\"><table class=\"cards\"><thead><tr><th "
        "scope=\"col\">part</th><th scope=\"col\">ns [95 %%]</th><th scope=\"col\">share</th><th "
        "scope=\"col\">model, ns</th></tr></thead><tbody>\n",
        e->placement, e->work_ns, e->round_trip_ns, e->rounds,
        e->rounds_left_out ? ", without those in which something came between" : "");
    for (size_t i = 0; i < e->n_parts; i++)
        put_part(out, e->parts[i].what, &e->parts[i].ns, e->total.value, e->parts[i].model_ns);
    put_part(out, "the rest", &e->rest, e->total.value, NAN);
    fputs("</tbody></table></div>\n", out);
}

static void put_all_parts(struct lb_page *p)
{
    bool begun = false;

    for (size_t i = 0; i < p->parts->n; i++) {
        const struct lb_explanation *e = &p->parts->items[i];
        if (!e->is_explained || !is_headline(p->found, e))
            continue;
        if (!begun)
            fputs("<details><summary>Part by part: which lines</summary>\n", p->out);
        begun = true;
        put_parts(p->out, e);
    }
    if (begun)
        fputs("</details>\n", p->out);
}

static void put_intro(struct lb_page *p)
{
    const char *handover = lb_handover_name(p->parts->handover);

    fputs("<p class=\"dim small\">The largest gains and costs of the answer. Waits for lines, and "
          "the op by itself, were timed; which lines those are follows from the layout, and model "
          "is what they come to by what lines were measured to cost. Under 80 % of a difference, "
          "or of less than 5 ns, no part is given as its cause.",
          p->out);
    if (handover)
        fprintf(p->out, " Lines are handed over %s: a load %s.",
                p->parts->handover == LB_HANDOVER_PLAIN ? "plainly" : "migratorily",
                p->parts->handover == LB_HANDOVER_PLAIN ? "shares a line that another core has "
                                                          "modified"
                                                        : "takes a modified line away");
    fputs("</p>\n", p->out);
}

void lb_page_parts(struct lb_page *p)
{
    size_t shown, headline;

    if (!p->parts || !(shown = count(p, is_shown)))
        return;
    fputs("<h2>What the differences are made of</h2>\n", p->out);
    put_intro(p);
    if ((headline = count(p, is_headline))) {
        put_table(p, is_headline);
        put_all_parts(p);
    }
    if (shown > headline) {
        fprintf(p->out, "<details><summary>All %zu that are resolved</summary>\n", shown);
        if (put_table(p, is_shown) > ROWS_MOST)
            fprintf(p->out, "<p class=\"dim small\">%zu more: linebounce explain DIR.</p>\n",
                    shown - ROWS_MOST);
        fputs("</details>\n", p->out);
    }
    p->tables++;
}
