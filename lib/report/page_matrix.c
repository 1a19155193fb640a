/* SPDX-License-Identifier: MIT
 *
 * What each layout costs more or less than the baseline, coloured and signed.
 */
#include "page_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One table: cells by row (layouts, or the scenario where there is none) and column. */
struct matrix {
    const struct lb_found *found;
    const struct lb_page_view *view;
    const struct lb_found_cell **cells; /* one for each row */
    const struct lb_found_cell **columns;
    size_t n_rows, n_columns;
    bool bases, marks; /* there are baselines; there are verdicts */
};

static bool same_row(const struct lb_found_cell *a, const struct lb_found_cell *b)
{
    return a->layout == b->layout &&
           (a->layout >= 0 || !strcmp(a->scenario_name, b->scenario_name));
}

static bool same_column(const struct lb_found_cell *a, const struct lb_found_cell *b)
{
    return !strcmp(a->scenario_name, b->scenario_name) && !strcmp(a->role, b->role) &&
           !strcmp(a->writers, b->writers) && !strcmp(a->access, b->access) &&
           !strcmp(a->touch, b->touch) && !(a->objects < b->objects) &&
           !(a->objects > b->objects) && !(a->every_ns < b->every_ns) &&
           !(a->every_ns > b->every_ns);
}

static void see(const struct lb_found_cell *c, struct matrix *m)
{
    bool row = false, column = false;

    for (size_t i = 0; i < m->n_rows; i++)
        row |= same_row(m->cells[i], c);
    for (size_t i = 0; i < m->n_columns; i++)
        column |= same_column(m->columns[i], c);
    if (!row)
        m->cells[m->n_rows++] = c;
    if (!column)
        m->columns[m->n_columns++] = c;
    m->bases |= lb_page_mark(m->found, c) == LB_MARK_BASE;
    m->marks |= lb_page_mark(m->found, c) > LB_MARK_BASE;
}

static int make(const struct lb_found *f, const struct lb_page_view *v, struct matrix *m)
{
    *m = (struct matrix){.found = f, .view = v};
    m->cells = calloc(f->n_cells + 1, sizeof(struct lb_found_cell *));
    m->columns = calloc(f->n_cells + 1, sizeof(struct lb_found_cell *));
    for (size_t i = 0; m->cells && m->columns && i < f->n_cells; i++)
        if (lb_page_in(&f->cells[i], v))
            see(&f->cells[i], m);
    return m->cells && m->columns ? 0 : -ENOMEM;
}

static void drop(struct matrix *m)
{
    free(m->cells);
    free(m->columns);
}

static const struct lb_found_cell *find(const struct matrix *m, size_t row, size_t column)
{
    for (size_t i = 0; i < m->found->n_cells; i++) {
        const struct lb_found_cell *c = &m->found->cells[i];
        if (lb_page_in(c, m->view) && same_row(c, m->cells[row]) &&
            same_column(c, m->columns[column]))
            return c;
    }
    return NULL;
}

static void put_cell(FILE *out, const struct matrix *m, const struct lb_found_cell *c)
{
    static const struct {
        const char *class, *text;
    } looks[] = {
        [LB_MARK_NONE] = {"none", "·"},      [LB_MARK_BASE] = {"base", NULL},
        [LB_MARK_FASTER] = {"faster", NULL}, [LB_MARK_SLOWER] = {"slower", NULL},
        [LB_MARK_SAME] = {"same", "="},      [LB_MARK_NOT_SLOWER] = {"same", "≤"},
        [LB_MARK_OPEN] = {"open", "?"},
    };
    enum lb_page_mark mark = c ? lb_page_mark(m->found, c) : LB_MARK_NONE;
    char text[512] = "does not go together, or was not measured";

    if (c)
        lb_page_cell_text(m->found, c, text, sizeof text);
    lb_html_print(out, "<td class=\"%s\" title=\"%s\">", looks[mark].class, text);
    if (looks[mark].text)
        fputs(looks[mark].text, out);
    else if (mark == LB_MARK_BASE)
        fprintf(out, "%.1f", c->net);
    else
        fprintf(out, "%+.1f%s", c->diff, mark == LB_MARK_SLOWER ? "!" : "");
    fputs("</td>", out);
}

static void put_head(FILE *out, const struct matrix *m)
{
    char name[160];

    lb_page_view_name(m->view, name, sizeof name);
    lb_html_print(out,
                  "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
                  "aria-label=\"differences\"><table class=\"matrix\"><caption>%s",
                  name);
    if (isfinite(m->cells[0]->regime_ns))
        lb_html_print(out, "; a line goes there and back in %.0f ns", m->cells[0]->regime_ns);
    fputs("</caption><thead><tr><th scope=\"col\">layout</th>", out);
    for (size_t i = 0; i < m->n_columns; i++) {
        lb_page_column_name(m->found, m->columns[i], name, sizeof name);
        lb_html_print(out, "<th scope=\"col\">%s</th>", name);
    }
    fputs("</tr></thead><tbody>\n", out);
}

static void put_row(FILE *out, const struct matrix *m, size_t row)
{
    const struct lb_found_cell *c = m->cells[row];
    char name[160];

    snprintf(name, sizeof name, "%s", c->scenario_name);
    if (c->layout >= 0)
        lb_page_layout_name(m->found, c->layout, name, sizeof name);
    lb_html_print(out, "<tr><th scope=\"row\">%s", name);
    if (!*c->base && m->bases && m->marks)
        fputs(" (ns an op)", out);
    fputs("</th>", out);
    for (size_t i = 0; i < m->n_columns; i++)
        put_cell(out, m, find(m, row, i));
    fputs("</tr>\n", out);
}

static int put_view(FILE *out, const struct lb_found *f, const struct lb_page_view *v)
{
    struct matrix m;
    int err = make(f, v, &m);

    if (!err && m.n_rows) {
        put_head(out, &m);
        for (size_t i = 0; i < m.n_rows; i++)
            put_row(out, &m, i);
        fputs("</tbody></table></div>\n", out);
    }
    drop(&m);
    return err;
}

/* Layouts by views: what a sweep is asked ----------------------------------------------------- */

static void put_worst(FILE *out, const struct lb_found *f, size_t layout,
                      const struct lb_page_view *v)
{
    const struct lb_found_cell *worst = NULL, *best = NULL;
    int open = 0, n = 0;
    char text[512];

    for (size_t i = 0; i < f->n_cells; i++) {
        const struct lb_found_cell *c = &f->cells[i];
        if (c->layout != (int)layout || !c->shown || !lb_page_in(c, v))
            continue;
        enum lb_page_mark mark = lb_page_mark(f, c);
        n++;
        open += mark == LB_MARK_OPEN;
        if (mark == LB_MARK_SLOWER && (!worst || c->diff > worst->diff))
            worst = c;
        if (mark == LB_MARK_FASTER && (!best || c->diff < best->diff))
            best = c;
    }
    if (worst || best)
        lb_page_cell_text(f, worst ? worst : best, text, sizeof text);
    else
        snprintf(text, sizeof text, "%d of %d undecided", open, n);
    lb_html_print(out, "<td class=\"%s\" title=\"%s\">",
                  worst  ? "slower"
                  : open ? "open"
                  : best ? "faster"
                  : n    ? "same"
                         : "none",
                  text);
    if (worst)
        fprintf(out, "%+.1f!", worst->diff);
    else if (open)
        fprintf(out, "? %d of %d", open, n);
    else if (best)
        fprintf(out, "%+.1f", best->diff);
    else
        fputs(n ? "=" : "·", out);
    fputs("</td>", out);
}

static void put_overview(FILE *out, const struct lb_found *f, const struct lb_page_view *views,
                         size_t n, int suite)
{
    char name[160];

    fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"layouts by "
          "distance\"><table class=\"matrix\"><caption>The largest cost of any scenario; where "
          "there is none the largest gain.</caption><thead><tr><th scope=\"col\">layout</th>",
          out);
    for (size_t i = 0; i < n; i++)
        if (views[i].like->suite == suite) {
            lb_page_view_name(&views[i], name, sizeof name);
            lb_html_print(out, "<th scope=\"col\">%s</th>", name);
        }
    fputs("</tr></thead><tbody>\n", out);
    for (size_t l = 0; l < f->n_layouts; l++) {
        if (f->layouts[l].suite != suite || f->layouts[l].base)
            continue;
        lb_page_layout_name(f, (int)l, name, sizeof name);
        lb_html_print(out, "<tr><th scope=\"row\">%s</th>", name);
        for (size_t i = 0; i < n; i++)
            if (views[i].like->suite == suite)
                put_worst(out, f, l, &views[i]);
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
}

/* All ----------------------------------------------------------------------------------------- */

static size_t count(const struct lb_page_view *views, size_t n, int suite)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += views[i].like->suite == suite;
    return found;
}

static void put_title(struct lb_page *p, int suite, enum lb_page_part part)
{
    static const char *const ends[] = {"", ", saturated", ", far"};
    const char *base = lb_found_base(p->found, suite);

    fputs("<h2>", p->out);
    if (p->found->n_suites > 1)
        lb_html_print(p->out, "%s. ", p->found->suites[suite].name);
    if (*base)
        lb_html_print(p->out, "What each costs more or less than %s%s, ns an op", base, ends[part]);
    else
        lb_html_print(p->out, "What each costs%s, ns an op", ends[part]);
    fputs("</h2>\n", p->out);
}

static void put_key(FILE *out)
{
    fputs("<p class=\"dim small\">−12.3 faster · +54.5! slower · = the same within the margin · "
          "≤ not slower · ? undecided · · does not go together. Point at a cell for its "
          "interval; all of them stand under “All numbers”.</p>\n",
          out);
}

/* A few distances are one after the other; of more the overview comes first and they are folded. */
static int put_suite(struct lb_page *p, const struct lb_page_view *views, size_t n, int suite,
                     enum lb_page_part part)
{
    size_t mine = count(views, n, suite);
    bool fold = mine > 1 && part == LB_PAGE_HEADLINE;
    int err = 0;

    if (!mine)
        return 0;
    put_title(p, suite, part);
    if (fold) {
        put_overview(p->out, p->found, views, n, suite);
        put_key(p->out);
        fputs("<details><summary>Every scenario at each of them</summary>\n", p->out);
    }
    for (size_t i = 0; !err && i < n; i++)
        if (views[i].like->suite == suite)
            err = put_view(p->out, p->found, &views[i]);
    if (fold)
        fputs("</details>\n", p->out);
    else
        put_key(p->out);
    p->tables++;
    return err;
}

int lb_page_matrices(struct lb_page *p, enum lb_page_part part)
{
    struct lb_page_view *views = NULL;
    size_t n = 0;
    int err = lb_page_views(p->found, part, &views, &n);

    for (size_t s = 0; !err && s < p->found->n_suites; s++)
        err = put_suite(p, views, n, (int)s, part);
    free(views);
    return err;
}
