/* SPDX-License-Identifier: MIT
 *
 * The differences of a run on one axis.
 */
#include "page_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 800
#define LEFT  190 /* of the axis: names of layouts stand before it */
#define RIGHT 730 /* and values behind it */
#define ROW   16
#define HEAD  22
#define TICKS 5

struct axis {
    const struct lb_found *found;
    const struct lb_page_view *view;
    const struct lb_found_cell **cells; /* what is drawn, by column */
    size_t n, n_panels, n_decided;
    double lo, hi, margin; /* ns */
};

static int by_column(const void *a, const void *b)
{
    const struct lb_found_cell *x = *(const struct lb_found_cell *const *)a;
    const struct lb_found_cell *y = *(const struct lb_found_cell *const *)b;
    int order = strcmp(x->scenario_name, y->scenario_name);

    if (!order)
        order = strcmp(x->role, y->role);
    return order ? order : (x > y) - (x < y);
}

static bool starts_panel(const struct axis *a, size_t i)
{
    return !i || strcmp(a->cells[i - 1]->scenario_name, a->cells[i]->scenario_name) != 0 ||
           strcmp(a->cells[i - 1]->role, a->cells[i]->role) != 0;
}

/* What is the same, or has no interval, is said in words below: the eye is for the rest. */
static bool is_drawn(const struct lb_found *f, const struct lb_found_cell *c)
{
    return lb_page_mark(f, c) != LB_MARK_SAME && c->compared && isfinite(c->diff_lo) &&
           isfinite(c->diff_hi);
}

/* Of what is decided all, of the rest the estimates: one wide interval would press all together. */
static void widen(struct axis *a, const struct lb_found_cell *c)
{
    bool open = lb_page_mark(a->found, c) == LB_MARK_OPEN;

    a->lo = fmin(a->lo, open ? c->diff : c->diff_lo);
    a->hi = fmax(a->hi, open ? c->diff : c->diff_hi);
    a->n_decided += !open;
    a->margin = fmax(a->margin, c->margin_ns);
}

static int make(const struct lb_found *f, const struct lb_page_view *v, struct axis *a)
{
    *a = (struct axis){.found = f, .view = v};
    a->cells = calloc(f->n_cells + 1, sizeof(struct lb_found_cell *));
    for (size_t i = 0; a->cells && i < f->n_cells; i++)
        if (f->cells[i].shown && lb_page_in(&f->cells[i], v) && is_drawn(f, &f->cells[i])) {
            a->cells[a->n++] = &f->cells[i];
            widen(a, &f->cells[i]);
        }
    if (!a->cells)
        return -ENOMEM;
    qsort(a->cells, a->n, sizeof(struct lb_found_cell *), by_column);
    for (size_t i = 0; i < a->n; i++)
        a->n_panels += starts_panel(a, i);
    return 0;
}

static double x_of(const struct axis *a, double ns)
{
    double clipped = fmin(fmax(ns, a->lo), a->hi);

    return LEFT + (clipped - a->lo) / (a->hi - a->lo) * (RIGHT - LEFT);
}

/* 1, 2 or 5 times a power of ten. */
static double step_of(double range)
{
    double raw = range / TICKS, power = pow(10, floor(log10(raw))), digit = raw / power;

    return power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
}

static void put_axis(FILE *out, const struct axis *a, double bottom)
{
    double step = step_of(a->hi - a->lo);

    fprintf(out, "<rect class=\"m\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%.0f\"/>",
            x_of(a, -a->margin), HEAD, x_of(a, a->margin) - x_of(a, -a->margin), bottom - HEAD);
    for (double ns = ceil(a->lo / step) * step; ns <= a->hi; ns += step) {
        double x = x_of(a, ns), value = fabs(ns) < step / 2 ? 0 : ns;
        char text[32];
        snprintf(text, sizeof text, step < 1 ? "%+.1f" : "%+.0f", value);
        if (value == 0)
            strcpy(text, "0");
        fprintf(out,
                "<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%.0f\"/>"
                "<text x=\"%.1f\" y=\"14\" text-anchor=\"middle\">%s</text>",
                value != 0 ? "g" : "z", x, x, HEAD, bottom, x, text);
    }
    fprintf(out, "<text class=\"d\" x=\"%d\" y=\"14\">ns an op</text>\n", RIGHT + 20);
}

static void put_mark(FILE *out, const struct axis *a, const struct lb_found_cell *c, double y)
{
    enum lb_page_mark mark = lb_page_mark(a->found, c);
    const char *class = mark == LB_MARK_SLOWER ? "x" : mark == LB_MARK_FASTER ? "f" : "u";
    double x = x_of(a, c->diff);
    char text[512];

    lb_page_cell_text(a->found, c, text, sizeof text);
    lb_html_print(out,
                  "<g class=\"%s\"><title>%s</title><line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" "
                  "y2=\"%.1f\" stroke-width=\"2\"/>",
                  class, text, x_of(a, c->diff_lo), x_of(a, c->diff_hi), y, y);
    if (mark == LB_MARK_SLOWER)
        fprintf(out, "<path d=\"M%.1f %.1fl5 9h-10z\"/></g>", x, y - 5);
    else
        fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/></g>", x, y);
    fprintf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LEFT - 12, y + 4);
    snprintf(text, sizeof text, "%s", c->scenario_name);
    if (c->layout >= 0)
        lb_page_layout_name(a->found, c->layout, text, sizeof text);
    lb_html_put(out, text);
    fprintf(out, "</text><text x=\"%d\" y=\"%.1f\"%s>%+.1f%s</text>\n", RIGHT + 20, y + 4,
            mark == LB_MARK_OPEN ? " class=\"d\"" : "", c->diff,
            mark == LB_MARK_SLOWER ? "!"
            : mark == LB_MARK_OPEN ? " ?"
                                   : "");
}

/* What a picture says to those who do not see it. */
static void put_label(FILE *out, const struct axis *a)
{
    char text[512];

    fputs("Differences from the baseline with 95 % intervals. ", out);
    for (size_t i = 0; i < a->n; i++) {
        lb_page_cell_text(a->found, a->cells[i], text, sizeof text);
        lb_html_print(out, "%s. ", text);
    }
}

static void put_picture(FILE *out, const struct axis *a)
{
    double height = 2.0 * HEAD + HEAD * (double)a->n_panels + ROW * (double)a->n, y = HEAD;
    char column[160];

    fprintf(out,
            "<div class=\"scroll\" tabindex=\"0\"><svg class=\"axis\" viewBox=\"0 0 %d %.0f\" "
            "role=\"img\" aria-label=\"",
            WIDTH, height);
    put_label(out, a);
    fputs("\">\n", out);
    put_axis(out, a, height - HEAD);
    for (size_t i = 0; i < a->n; i++) {
        if (starts_panel(a, i)) {
            y += HEAD;
            lb_page_column_name(a->found, a->cells[i], column, sizeof column);
            lb_html_print(out, "<text x=\"4\" y=\"%.1f\" font-weight=\"600\">%s</text>\n", y - 4,
                          column);
        }
        put_mark(out, a, a->cells[i], y + ROW / 2.0);
        y += ROW;
    }
    fputs("</svg></div>\n", out);
}

/* Those that are not drawn, and why. */
static void say_rest(FILE *out, const struct axis *a)
{
    size_t same = 0, none = 0;

    for (size_t i = 0; i < a->found->n_cells; i++) {
        const struct lb_found_cell *c = &a->found->cells[i];
        if (!c->shown || !lb_page_in(c, a->view) || is_drawn(a->found, c))
            continue;
        same += lb_page_mark(a->found, c) == LB_MARK_SAME;
        none += lb_page_mark(a->found, c) != LB_MARK_SAME;
    }
    fputs("<p class=\"dim small\">Mark: estimate, bar: its 95 % interval; grey band: the widest of "
          "their margins; "
          "triangle: slower, circle: faster, hollow: undecided.",
          out);
    if (same)
        fprintf(out, " Not drawn: %zu that are the same.", same);
    if (none)
        fprintf(out, " Not drawn: %zu that have no interval yet.", none);
    fputs("</p>\n", out);
}

static int put_view(struct lb_page *p, const struct lb_page_view *v)
{
    struct axis a;
    char name[160];
    int err = make(p->found, v, &a);

    if (!err && a.n_decided && a.hi > a.lo) {
        double pad = (a.hi - a.lo) * 0.04;
        a.lo = fmin(a.lo - pad, -a.margin - pad);
        a.hi = fmax(a.hi + pad, a.margin + pad);
        lb_page_view_name(v, name, sizeof name);
        lb_html_print(
            p->out, "<h2>The differences and their intervals</h2>\n<p class=\"dim small\">%s</p>\n",
            name);
        put_picture(p->out, &a);
        say_rest(p->out, &a);
        p->pictures++;
    } else if (!err) {
        fputs("<p class=\"dim small\">No picture of the differences: none of them is decided and "
              "other "
              "than the same.</p>\n",
              p->out);
    }
    free(a.cells);
    return err;
}

/* Of the first view: one picture. */
int lb_page_differences(struct lb_page *p)
{
    struct lb_page_view *views = NULL;
    size_t n = 0;
    int err = lb_page_views(p->found, LB_PAGE_HEADLINE, &views, &n);

    if (!err && n)
        err = put_view(p, &views[0]);
    free(views);
    return err;
}
