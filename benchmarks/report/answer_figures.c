/* SPDX-License-Identifier: MIT
 *
 * Latencies of pairs, sizes of interference, costs by place.
 */
#include "answer_parts.h"

#include "labels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Pairs of CPUs -------------------------------------------------------------------------------- */

/* "+5.9! [+5.6, +6.1]", "= [-0.2, +0.1]", "? [-9.0, +12.1]". */
static void put_difference(struct grid *g, const struct lb_found_cell *c)
{
    char mark[ANSWER_CELL_BYTES], lo[24], hi[24];
    enum look_paint paint;

    if (!c || !*c->base) {
        grid_put(g, LOOK_PLAIN, "-");
        return;
    }
    paint = answer_cell(c, mark);
    if (!isfinite(c->diff_lo)) {
        grid_put(g, paint, "%s", mark);
        return;
    }
    snprintf(lo, sizeof lo, "%+.*f", fabs(c->diff_lo) < 99.95, c->diff_lo);
    snprintf(hi, sizeof hi, "%+.*f", fabs(c->diff_hi) < 99.95, c->diff_hi);
    grid_put(g, paint, "%s [%s, %s]", mark, lo, hi);
}

static const struct lb_found_pu_pairs *
at_distance(const struct lb_found *f, enum lb_distance distance, enum lb_pingpong_op op)
{
    for (size_t i = 0; i < f->n_pu_pairs; i++)
        if (f->pu_pairs[i].distance == distance && f->pu_pairs[i].op == op)
            return &f->pu_pairs[i];
    return NULL;
}

static void put_pair(struct grid *g, const struct lb_found_pu_pair *pair)
{
    grid_put(g, LOOK_PLAIN, "%d,%d: %.*f", pair->a_os, pair->b_os, pair->ns < 99.95, pair->ns);
}

static void put_distance(struct grid *g, const struct lb_found *f,
                         const struct lb_found_pu_pairs *p, bool several, bool many)
{
    const struct lb_found_pu_pairs *swap = at_distance(f, p->distance, LB_PINGPONG_CAS);
    const struct lb_found_cell *c = &f->cells[p->cell];
    char text[INTERVAL_BYTES];

    grid_row(g);
    grid_put(g, LOOK_PLAIN, "%s", lb_distance_name(p->distance));
    grid_put(g, LOOK_PLAIN, "%zu of %zu", p->measured, p->possible);
    interval_text(digits_of(c->net, false), c->net, c->net_lo, c->net_hi, text);
    grid_put(g, LOOK_PLAIN, "%s", text);
    put_difference(g, swap ? &f->cells[swap->cell] : NULL);
    if (several) {
        char mark[ANSWER_CELL_BYTES] = "-";
        enum look_paint paint = *c->base ? answer_cell(c, mark) : LOOK_PLAIN;
        grid_put(g, paint, "%s", mark);
    }
    if (many) {
        put_pair(g, &p->fastest);
        put_pair(g, &p->slowest);
    }
}

static void put_pairs(struct grid *g, const struct lb_found *f)
{
    bool several = false, many = false;

    for (size_t i = 0; i < f->n_pu_pairs; i++) {
        several |= f->pu_pairs[i].distance != f->pu_pairs[0].distance;
        many |= f->pu_pairs[i].measured > 1;
    }
    grid_row(g);
    grid_put(g, LOOK_STRONG, "sharing");
    grid_put(g, LOOK_STRONG, "pairs");
    grid_put(g, LOOK_STRONG, "%s", lb_pingpong_op_name(LB_PINGPONG_LOAD_STORE));
    grid_put(g, LOOK_STRONG, "%s", lb_pingpong_op_name(LB_PINGPONG_CAS));
    if (several)
        grid_put(g, LOOK_STRONG, "than nearer");
    if (many) {
        grid_put(g, LOOK_STRONG, "fastest");
        grid_put(g, LOOK_STRONG, "slowest");
    }
    for (size_t i = 0; i < f->n_pu_pairs; i++)
        if (f->pu_pairs[i].op == LB_PINGPONG_LOAD_STORE)
            put_distance(g, f, &f->pu_pairs[i], several, many);
}

/* Sizes of interference ------------------------------------------------------------------------ */

static const struct lb_found_scan *first_scan(const struct lb_found *f, int suite)
{
    for (size_t i = 0; i < f->n_scans; i++)
        if (f->scans[i].suite == suite)
            return &f->scans[i];
    return NULL;
}

/* That of the first scan: the headline. */
static bool is_headline(const struct lb_found_scan *s, const struct lb_found_scan *first)
{
    return s->suite == first->suite && s->work_ns == first->work_ns;
}

/* The first clause of why nothing is known. */
static int reason_length(const struct lb_found_scan *s)
{
    return (int)strcspn(s->why, ":");
}

static void put_scan(struct grid *g, const struct lb_found_scan *s, bool places)
{
    bool alone = !strcmp(s->role, "all");

    grid_row(g);
    grid_put(g, LOOK_PLAIN, "%s%s%s", s->scenario, alone ? "" : " ", alone ? "" : s->role);
    if (places)
        grid_put(g, LOOK_PLAIN, "%s", s->placement);
    if (*s->why) {
        grid_put(g, LOOK_OPEN, "?");
        grid_put(g, LOOK_PLAIN, "-");
        grid_put(g, LOOK_PLAIN, "%.*s", reason_length(s), s->why);
        return;
    }
    if (s->size.size_bytes)
        grid_put(g, LOOK_PLAIN, "%s%zu bytes", s->lock ? "from " : "", s->size.size_bytes);
    else
        grid_put(g, LOOK_PLAIN, "none seen");
    grid_put(g, s->size.confidence < LB_SCAN_SURE ? LOOK_OPEN : LOOK_PLAIN, "%.0f %%",
             100 * s->size.confidence);
    if (s->size.size_bytes)
        grid_put(g, LOOK_BAD, "up to %+.1f ns, %.2f x", s->size.cost_ns, s->size.cost_ratio);
    else
        grid_put(g, LOOK_PLAIN, "-");
}

static void put_scans(struct grid *g, const struct lb_found *f, int suite)
{
    const struct lb_found_scan *first = first_scan(f, suite);
    bool places = false;

    for (size_t i = 0; i < f->n_scans; i++)
        places |= f->scans[i].suite == suite && strcmp(f->scans[i].placement, first->placement);
    grid_row(g);
    grid_put(g, LOOK_STRONG, "op");
    if (places)
        grid_put(g, LOOK_STRONG, "at");
    grid_put(g, LOOK_STRONG, "has to be apart");
    grid_put(g, LOOK_STRONG, "confidence");
    grid_put(g, LOOK_STRONG, "nearer costs");
    for (size_t i = 0; i < f->n_scans; i++)
        if (is_headline(&f->scans[i], first))
            put_scan(g, &f->scans[i], places);
}

/* Costs ---------------------------------------------------------------------------------------- */

static bool is_cost(const struct lb_found_cell *c, int suite)
{
    return c->suite == suite && c->subject && !c->twin && c->main_regime;
}

static bool is_thing(const struct lb_found_cell *a, const struct lb_found_cell *b)
{
    return a->layout == b->layout && !strcmp(a->scenario_name, b->scenario_name) &&
           !strcmp(a->role, b->role);
}

static void put_cost(struct grid *g, const struct lb_found *f, const struct list *panels,
                     const struct lb_found_cell *like, bool layouts)
{
    const struct lb_found_cell *const *list = panels->at;
    bool alone = !strcmp(like->role, "all");

    grid_row(g);
    grid_put(g, LOOK_PLAIN, "%s%s%s%s%s", like->scenario_name, alone ? "" : " ",
             alone ? "" : like->role, layouts ? " " : "",
             layouts ? f->layouts[like->layout].name : "");
    for (size_t k = 0; k < panels->n; k++) {
        const struct lb_found_cell *at = NULL;
        char text[INTERVAL_BYTES] = ".";
        for (size_t i = 0; i < f->n_cells && !at; i++)
            if (is_cost(&f->cells[i], like->suite) && is_thing(&f->cells[i], like) &&
                lb_found_is_place(&f->cells[i], list[k]))
                at = &f->cells[i];
        if (at && !at->measured)
            snprintf(text, sizeof text, "?");
        else if (at)
            interval_text(digits_of(at->net, false), at->net, at->net_lo, at->net_hi, text);
        grid_put(g, LOOK_PLAIN, "%s", text);
    }
}

static void put_costs_head(struct grid *g, const struct list *panels)
{
    const struct lb_found_cell *const *list = panels->at;
    char place[ANSWER_PANEL_BYTES], more[ANSWER_PANEL_BYTES];

    grid_row(g);
    grid_put(g, LOOK_STRONG, "ns an op [95 %%]");
    for (size_t k = 0; k < panels->n; k++) {
        answer_panel_name(panels, list[k], place, more);
        grid_put(g, LOOK_STRONG, "%s%s%s", place, *more ? ", " : "", more);
    }
}

static bool several_layouts(const struct lb_found *f, int suite)
{
    int first = -1;

    for (size_t i = 0; i < f->n_cells; i++) {
        const struct lb_found_cell *c = &f->cells[i];
        if (!is_cost(c, suite) || c->layout < 0)
            continue;
        if (first >= 0 && c->layout != first)
            return true;
        first = c->layout;
    }
    return false;
}

static void put_costs(struct grid *g, const struct lb_found *f, int suite)
{
    struct list panels;
    bool layouts = several_layouts(f, suite);

    answer_panels(f, suite, &panels);
    put_costs_head(g, &panels);
    for (size_t i = 0; i < f->n_cells && panels.n; i++) {
        bool known = false;
        if (!is_cost(&f->cells[i], suite))
            continue;
        for (size_t k = 0; k < i && !known; k++)
            known = is_cost(&f->cells[k], suite) && is_thing(&f->cells[k], &f->cells[i]);
        if (!known)
            put_cost(g, f, &panels, &f->cells[i], layouts && f->cells[i].layout >= 0);
    }
    free(panels.at);
}

const char *answer_figures(const struct lb_found *f, int suite, struct grid *g, const char **what)
{
    *g = (struct grid){.n_columns = 0};
    if (f->suites[suite].of_pu_pairs) {
        if (!f->n_pu_pairs)
            return NULL;
        put_pairs(g, f);
        *what = "One way of a line in ns, half a round trip, by what the two CPUs share:";
        return "compare-and-swap: more or less than load-store; +1.0! slower, -1.0 faster, = same, "
               "? undecided";
    }
    if (first_scan(f, suite)) {
        put_scans(g, f, suite);
        *what = first_scan(f, suite)->work_ns > 0
                    ? "From how far apart on nothing is seen to cost, with work between ops:"
                    : "From how far apart on nothing is seen to cost, without a pause:";
        return "";
    }
    if (f->suites[suite].shown)
        return NULL;
    put_costs(g, f, suite);
    *what = "What an op costs; nothing here was compared:";
    return g->rows.n > 1 ? "" : NULL;
}
