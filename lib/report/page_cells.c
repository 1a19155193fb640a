/* SPDX-License-Identifier: MIT
 *
 * Which cells stand in one table, and how each is told.
 */
#include "page_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Views -------------------------------------------------------------------------------------- */

bool lb_page_in(const struct lb_found_cell *c, const struct lb_page_view *v)
{
    const struct lb_found_cell *o = v->like;

    return c->suite == o->suite && c->threads == o->threads && c->work_ns == o->work_ns &&
           c->main_regime != v->far && c->subject && !c->twin &&
           !strcmp(c->placement, o->placement) &&
           (!*c->home || !*o->home ||
            !strcmp(c->home, o->home)); /* of what was not measured none */
}

/* Far from the main distance only what has an interval is worth a word. */
static bool takes(const struct lb_found_cell *c, enum lb_page_part part)
{
    bool compared = c->subject && !c->twin && *c->base;

    switch (part) {
    case LB_PAGE_HEADLINE:
        return c->shown;
    case LB_PAGE_SATURATED:
        return compared && c->main_regime && !c->shown && c->work_ns == 0;
    default:
        return compared && !c->main_regime && c->work_ns > 0 && isfinite(c->diff_lo);
    }
}

static bool is_known(const struct lb_page_view *views, size_t n, const struct lb_found_cell *c)
{
    for (size_t i = 0; i < n; i++)
        if (lb_page_in(c, &views[i]))
            return true;
    return false;
}

int lb_page_views(const struct lb_found *f, enum lb_page_part part, struct lb_page_view **views,
                  size_t *n)
{
    struct lb_page_view *list = calloc(f->n_cells + 1, sizeof *list);
    size_t found = 0;

    if (!list)
        return -ENOMEM;
    for (size_t i = 0; i < f->n_cells; i++) {
        const struct lb_found_cell *c = &f->cells[i];
        if (f->suites[c->suite].of_pu_pairs || !takes(c, part) || is_known(list, found, c))
            continue;
        list[found++] = (struct lb_page_view){c, part == LB_PAGE_FAR};
    }
    *views = list;
    *n = found;
    return 0;
}

void lb_page_view_name(const struct lb_page_view *view, char *text, size_t bytes)
{
    const struct lb_found_cell *v = view->like;
    bool home = *v->home && strcmp(v->home, "local") != 0;
    int used = snprintf(text, bytes, "%d thread%s%s%s%s%s", v->threads, v->threads == 1 ? "" : "s",
                        *v->placement ? " on " : "", v->placement, home ? ", homed on " : "",
                        home ? v->home : "");

    if (used < 0 || (size_t)used >= bytes)
        return;
    if (v->work_ns > 0)
        snprintf(text + used, bytes - (size_t)used, ", %g ns of other work between ops",
                 v->work_ns);
    else if (v->work_ns == 0)
        snprintf(text + used, bytes - (size_t)used, ", saturated (no pause between ops)");
}

void lb_page_layout_name(const struct lb_found *f, int layout, char *text, size_t bytes)
{
    const struct lb_found_layout *l = &f->layouts[layout];
    bool locks = false;

    for (size_t i = 0; i < f->n_layouts; i++)
        locks |= f->layouts[i].suite == l->suite && !strcmp(f->layouts[i].name, l->name) &&
                 strcmp(f->layouts[i].lock, l->lock) != 0;
    snprintf(text, bytes, "%s%s%s", l->name, locks ? " with " : "", locks ? l->lock : "");
}

/* Columns ------------------------------------------------------------------------------------ */

static bool same_column(const struct lb_found_cell *a, const struct lb_found_cell *b)
{
    return !strcmp(a->scenario_name, b->scenario_name) && !strcmp(a->role, b->role);
}

/* Adds ", NAME VALUE" where cells of that scenario and role differ by it. */
static void add_number(const struct lb_found *f, const struct lb_found_cell *c, size_t at,
                       const char *before, const char *after, char *text, size_t bytes)
{
    double value = *(const double *)((const char *)c + at);
    size_t used = strlen(text);

    if (!isfinite(value))
        return;
    for (size_t i = 0; i < f->n_cells; i++) {
        const struct lb_found_cell *o = &f->cells[i];
        double other = *(const double *)((const char *)o + at);
        if (o->suite == c->suite && same_column(o, c) && isfinite(other) && other != value) {
            snprintf(text + used, bytes - used, ", %s%g%s", before, value, after);
            return;
        }
    }
}

static void add_text(const struct lb_found *f, const struct lb_found_cell *c, size_t at, char *text,
                     size_t bytes)
{
    const char *value = (const char *)c + at;
    size_t used = strlen(text);

    for (size_t i = 0; *value && i < f->n_cells; i++) {
        const struct lb_found_cell *o = &f->cells[i];
        const char *other = (const char *)o + at;
        if (o->suite == c->suite && same_column(o, c) && *other && strcmp(other, value) != 0) {
            snprintf(text + used, bytes - used, ", %s", value);
            return;
        }
    }
}

void lb_page_column_name(const struct lb_found *f, const struct lb_found_cell *c, char *text,
                         size_t bytes)
{
    bool all = !strcmp(c->role, "all") || !*c->role;

    snprintf(text, bytes, "%s%s%s", c->scenario_name, all ? "" : ": ", all ? "" : c->role);
    add_number(f, c, offsetof(struct lb_found_cell, objects), "", " objects", text, bytes);
    add_number(f, c, offsetof(struct lb_found_cell, every_ns), "every ", " ns", text, bytes);
    add_text(f, c, offsetof(struct lb_found_cell, writers), text, bytes);
    add_text(f, c, offsetof(struct lb_found_cell, access), text, bytes);
    add_text(f, c, offsetof(struct lb_found_cell, touch), text, bytes);
}

/* Cells -------------------------------------------------------------------------------------- */

/* Of a suite that compares, what has no baseline is one, or its baseline was not measured. */
static bool is_base(const struct lb_found *f, const struct lb_found_cell *c)
{
    bool any = false;

    for (size_t i = 0; i < f->n_layouts; i++)
        any |= f->layouts[i].suite == c->suite && f->layouts[i].base;
    return !any || c->layout < 0 || f->layouts[c->layout].base;
}

enum lb_page_mark lb_page_mark(const struct lb_found *f, const struct lb_found_cell *c)
{
    static const enum lb_page_mark marks[LB_VERDICTS] = {
        [LB_VERDICT_FASTER] = LB_MARK_FASTER,   [LB_VERDICT_SLOWER] = LB_MARK_SLOWER,
        [LB_VERDICT_SAME] = LB_MARK_SAME,       [LB_VERDICT_NOT_SLOWER] = LB_MARK_NOT_SLOWER,
        [LB_VERDICT_UNRESOLVED] = LB_MARK_OPEN,
    };

    if (!*c->base)
        return !is_base(f, c)                    ? LB_MARK_OPEN
               : c->measured && isfinite(c->net) ? LB_MARK_BASE
                                                 : LB_MARK_NONE;
    return c->measured && c->compared && !c->unfair ? marks[c->verdict] : LB_MARK_OPEN;
}

void lb_page_cell_text(const struct lb_found *f, const struct lb_found_cell *c, char *text,
                       size_t bytes)
{
    static const char *const words[] = {
        [LB_MARK_NONE] = "not measured", [LB_MARK_BASE] = "the baseline",
        [LB_MARK_FASTER] = "faster",     [LB_MARK_SLOWER] = "slower",
        [LB_MARK_SAME] = "the same",     [LB_MARK_NOT_SLOWER] = "not slower",
        [LB_MARK_OPEN] = "undecided",
    };
    enum lb_page_mark mark = lb_page_mark(f, c);
    const char *why = *c->base || mark != LB_MARK_OPEN ? c->why : "its baseline was not measured";
    char column[160], value[160] = "", layout[160] = "";

    lb_page_column_name(f, c, column, sizeof column);
    if (c->layout >= 0)
        lb_page_layout_name(f, c->layout, layout, sizeof layout);
    if (mark == LB_MARK_BASE && isfinite(c->net_lo))
        snprintf(value, sizeof value, " %.1f ns [%.1f, %.1f],", c->net, c->net_lo, c->net_hi);
    else if (c->compared && isfinite(c->diff_lo) && isfinite(c->diff_hi))
        snprintf(value, sizeof value, " %+.1f ns [%+.1f, %+.1f] against %s, %zu pairs,", c->diff,
                 c->diff_lo, c->diff_hi, c->base, c->pairs);
    else if (c->compared)
        snprintf(value, sizeof value, " %zu pair%s,", c->pairs, c->pairs == 1 ? "" : "s");
    snprintf(text, bytes, "%s%s%s:%s %s%s%s", layout, *layout ? ", " : "", column, value,
             words[mark], *why ? ": " : "", why);
}
