/* SPDX-License-Identifier: MIT
 *
 * Which case of B belongs to which of A, in which order they are shown, and what each is divided
 * by. Twenty thousand cases are a sweep: whatever is looked for is found in a sorted order.
 */
#include "compare_private.h"

#include <linebounce/scenario.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Orders ------------------------------------------------------------------------------------- */

#define KEY(NAME) (1u << LB_KEY_##NAME)

/* The cases sorted by all keys but the ignored ones, those that agree in them by their number. */
struct order {
    const struct lb_compare *c;
    unsigned ignored;
    size_t *at;
};

static int by_cells(const char *const a[LB_KEYS], const char *const b[LB_KEYS], unsigned ignored)
{
    int way = 0;

    for (int k = 0; !way && k < LB_KEYS; k++)
        if (!(ignored & 1u << k))
            way = strcmp(a[k], b[k]);
    return way;
}

static const char *const *cells_of(const struct lb_compare *c, size_t i)
{
    return (const char *const *)c->cases[i].cells;
}

static int by_order(const void *a, const void *b, void *order)
{
    const struct order *o = order;
    const size_t *i = a, *j = b;
    int way = by_cells(cells_of(o->c, *i), cells_of(o->c, *j), o->ignored);

    return way ? way : (*i > *j) - (*i < *j);
}

/* o->at is the caller's to free. */
static int order_cases(const struct lb_compare *c, unsigned ignored, struct order *o)
{
    *o = (struct order){c, ignored, calloc(c->n_cases + 1, sizeof *o->at)};
    if (!o->at)
        return -ENOMEM;
    for (size_t i = 0; i < c->n_cases; i++)
        o->at[i] = i;
    qsort_r(o->at, c->n_cases, sizeof *o->at, by_order, o);
    return 0;
}

/* Where the group ends that begins at place `from` of the order. */
static size_t group_end(const struct order *o, size_t from)
{
    size_t to = from + 1;

    while (to < o->c->n_cases &&
           !by_cells(cells_of(o->c, o->at[from]), cells_of(o->c, o->at[to]), o->ignored))
        to++;
    return to;
}

/* The first case with these cells, or -1. */
static int first_of(const struct order *o, const char *const cells[LB_KEYS])
{
    size_t lo = 0, hi = o->c->n_cases;

    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (by_cells(cells_of(o->c, o->at[middle]), cells, o->ignored) < 0)
            lo = middle + 1;
        else
            hi = middle;
    }
    if (lo == o->c->n_cases || by_cells(cells_of(o->c, o->at[lo]), cells, o->ignored) != 0)
        return -1;
    return (int)o->at[lo];
}

/* Matching by distance ----------------------------------------------------------------------- */

/* Case j, which only B has, becomes B's part of case i. */
static void join(struct lb_compare *c, size_t i, size_t j)
{
    struct lb_compare_case *a = &c->cases[i], *b = &c->cases[j];

    for (size_t r = c->n_side[0]; r < c->n_runs; r++) {
        struct lb_compare_unit empty = c->cases[i].units[r];
        c->cases[i].units[r] = c->cases[j].units[r];
        c->cases[j].units[r] = empty;
    }
    a->placement_b = b->cells[LB_KEY_PLACEMENT];
    b->cells[LB_KEY_PLACEMENT] = NULL;
    a->ok[1] = b->ok[1];
    a->spoiled[1] = b->spoiled[1];
    a->armed[1] = b->armed[1];
    a->here[1] = true;
    b->here[1] = false;
}

void lb_compare_case_finish(struct lb_compare *c, size_t i)
{
    for (int k = 0; k < LB_KEYS; k++)
        free(c->cases[i].cells[k]);
    free(c->cases[i].placement_b);
    for (size_t r = 0; c->cases[i].units && r < c->n_runs; r++)
        lb_compare_unit_finish(&c->cases[i].units[r]);
    free(c->cases[i].units);
}

const char *lb_compare_sides(const struct lb_compare_case *k)
{
    return !k->here[0] ? "b" : !k->here[1] ? "a" : "ab";
}

/* In cases that differ by placement alone: joins the only one of A to the only one of B. */
static void match_group(struct lb_compare *c, const size_t *group, size_t n)
{
    size_t only[2] = {0, 0}, n_only[2] = {0, 0};

    for (size_t i = 0; i < n; i++)
        for (int side = 0; side < 2; side++)
            if (c->cases[group[i]].here[side] && !c->cases[group[i]].here[!side]) {
                only[side] = group[i];
                n_only[side]++;
            }
    if (n_only[0] == 1 && n_only[1] == 1)
        join(c, only[0], only[1]);
}

/* Placements have other names elsewhere: what is left over is matched where scenario, layout and
 * all the rest leave one case on each side at that distance. */
static int match_by_distance(struct lb_compare *c)
{
    struct order o;
    size_t kept = 0;
    int err = order_cases(c, KEY(PLACEMENT), &o);

    for (size_t from = 0, to; !err && from < c->n_cases; from = to) {
        to = group_end(&o, from);
        match_group(c, o.at + from, to - from);
    }
    free(o.at);
    for (size_t i = 0; !err && i < c->n_cases; i++) {
        if (c->cases[i].here[0] || c->cases[i].here[1])
            c->cases[kept++] = c->cases[i];
        else
            lb_compare_case_finish(c, i);
    }
    c->n_cases = err ? c->n_cases : kept;
    return err;
}

/* What is shown ---------------------------------------------------------------------------- */

static int by_keys(const void *x, const void *y, void *baseline)
{
    static const enum lb_key order[] = {
        LB_KEY_SUITE,   LB_KEY_SCENARIO, LB_KEY_PLACEMENT, LB_KEY_DISTANCE,
        LB_KEY_HOME,    LB_KEY_THREADS,  LB_KEY_WRITERS,   LB_KEY_EVERY,
        LB_KEY_OBJECTS, LB_KEY_ACCESS,   LB_KEY_TOUCH,     LB_KEY_WORK_NS,
        LB_KEY_OFFSET,  LB_KEY_LAYOUT,   LB_KEY_LOCK,      LB_KEY_ROLE,
    };

    const struct lb_compare_case *a = x, *b = y;

    if (a->reference != b->reference)
        return a->reference - b->reference;
    for (size_t k = 0; k < LB_COUNT(order); k++) {
        const char *mine = a->cells[order[k]], *other = b->cells[order[k]];
        if (!strcmp(mine, other))
            continue;
        if (order[k] == LB_KEY_LAYOUT && !strcmp(mine, baseline))
            return -1;
        if (order[k] == LB_KEY_LAYOUT && !strcmp(other, baseline))
            return 1;
        return strverscmp(mine, other);
    }
    return 0;
}

size_t lb_compare_table_end(const struct lb_compare *c, size_t from)
{
    unsigned ignored = KEY(LAYOUT) | KEY(LOCK) | KEY(OFFSET) | KEY(ROLE);
    size_t to = from + 1;

    while (to < c->n_cases && !by_cells(cells_of(c, from), cells_of(c, to), ignored))
        to++;
    return to;
}

/* Bases -------------------------------------------------------------------------------------- */

/* The name that a layout is divided by: what it is a twin of (NAME~, NAME+counters) or a moved copy
 * of (NAME:moved), else the baseline. Freed by the caller; empty for the baseline itself. */
static char *base_layout(const struct lb_compare *c, const char *layout)
{
    size_t name = strcspn(layout, "~+:");

    if (layout[name])
        return strndup(layout, name);
    return strdup(strcmp(layout, c->baseline) ? c->baseline : "");
}

/* A scan of offsets is compared to its farthest one: -1 for that itself, and for other cases. */
static void find_farthest(struct lb_compare *c, const size_t *group, size_t n)
{
    long most = 0;
    int farthest = -1;

    for (size_t i = 0; i < n; i++) {
        long offset = atol(c->cases[group[i]].cells[LB_KEY_OFFSET]);
        if (offset > most) {
            most = offset;
            farthest = (int)group[i];
        }
    }
    for (size_t i = 0; i < n; i++) {
        long offset = atol(c->cases[group[i]].cells[LB_KEY_OFFSET]);
        c->cases[group[i]].base = offset > 0 && offset < most ? farthest : -1;
    }
}

static int find_scans(struct lb_compare *c)
{
    struct order o;
    int err = order_cases(c, KEY(LAYOUT) | KEY(OFFSET), &o);

    for (size_t from = 0, to; !err && from < c->n_cases; from = to) {
        to = group_end(&o, from);
        find_farthest(c, o.at + from, to - from);
    }
    free(o.at);
    return err;
}

/* The scenario beside which that of the name stands, NULL: none. */
static const char *beside(const char *scenario)
{
    for (int k = 0; k < LB_SCENARIOS; k++)
        if (lb_scenarios[k].beside && !strcmp(lb_scenarios[k].name, scenario))
            return lb_scenarios[k].beside->name;
    return NULL;
}

/* Rather the base with the same lock. A lock of fastpath goes to its straight line, or to the only
 * one there is, of an earlier run. */
static int find_base(const struct order *exact, const struct order *any_lock, size_t i)
{
    struct lb_compare_case *k = &exact->c->cases[i];
    const char *cells[LB_KEYS], *straight[LB_KEYS], *line = beside(k->cells[LB_KEY_SCENARIO]);
    char *layout = base_layout(exact->c, k->cells[LB_KEY_LAYOUT]);
    int found = -1;

    if (!layout)
        return -ENOMEM;
    memcpy(cells, k->cells, sizeof cells);
    memcpy(straight, k->cells, sizeof straight);
    cells[LB_KEY_LAYOUT] = layout;
    straight[LB_KEY_SCENARIO] = line;
    straight[LB_KEY_LAYOUT] = "";
    if (*layout)
        found = first_of(exact, cells);
    if (found < 0 && line)
        found = first_of(exact, straight);
    if (found < 0 && line)
        found = first_of(any_lock, straight);
    if (found < 0)
        found = k->base;
    if (found < 0 && *layout)
        found = first_of(any_lock, cells);
    k->base = found;
    free(layout);
    return 0;
}

static int find_bases(struct lb_compare *c)
{
    struct order exact = {.at = NULL}, any_lock = {.at = NULL};
    int err = find_scans(c);

    if (!err)
        err = order_cases(c, 0, &exact);
    if (!err)
        err = order_cases(c, KEY(LOCK), &any_lock);
    for (size_t i = 0; !err && i < c->n_cases; i++)
        if (!c->cases[i].reference)
            err = find_base(&exact, &any_lock, i);
    free(exact.at);
    free(any_lock.at);
    return err;
}

int lb_compare_arrange(struct lb_compare *c)
{
    int err = match_by_distance(c);

    if (err)
        return err;
    for (size_t i = 0; i < c->n_cases; i++)
        c->cases[i].reference = !*c->cases[i].cells[LB_KEY_LAYOUT];
    qsort_r(c->cases, c->n_cases, sizeof *c->cases, by_keys, c->baseline);
    if ((err = find_bases(c)))
        return err;
    for (size_t i = 0; i < c->n_cases; i++) {
        const struct lb_compare_case *k = &c->cases[i];
        c->n_common += k->here[0] && k->here[1] && !k->reference;
        for (int side = 0; side < 2; side++)
            c->n_only[side] += k->here[side] && !k->here[!side] && !k->reference;
    }
    return 0;
}
