/* SPDX-License-Identifier: MIT
 *
 * Which cells are about the question, and layouts in groups.
 */
#include "answer_private.h"

#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <string.h>

/* What a cell was compared to ------------------------------------------------------------------ */

static bool is_group(const struct lb_found_cell *a, const struct lb_found_cell *b)
{
    return a->suite == b->suite && !strcmp(a->scenario_name, b->scenario_name);
}

/* A row without pairs does not name its baseline: its neighbours do. */
static void find_base(struct lb_found *f, struct lb_found_cell *c)
{
    const char *name = c->layout < 0 ? "" : f->layouts[c->layout].name;
    const char *moved = strstr(name, ":moved"), *common = NULL;

    if (*c->base || !c->subject || !*name)
        return;
    if (moved) {
        snprintf(c->base, sizeof c->base, "%.*s", (int)(moved - name), name);
        return;
    }
    for (size_t i = 0; i < f->n_cells; i++) {
        const struct lb_found_cell *o = &f->cells[i];
        if (!*o->base || !o->compared || !is_group(o, c))
            continue;
        if (!strcmp(o->base, name))
            return;
        common = strchr(f->layouts[o->layout < 0 ? 0 : o->layout].name, ':') ? common : o->base;
    }
    if (common && !c->twin)
        snprintf(c->base, sizeof c->base, "%s", common);
}

static enum lb_lies base_lies(const struct lb_found *f, const struct lb_found_cell *c)
{
    for (size_t i = 0; i < f->n_layouts; i++)
        if (f->layouts[i].suite == c->suite && !strcmp(f->layouts[i].name, c->base))
            return f->layouts[i].lies;
    return LB_LIES_NOWHERE;
}

/* Whether it belongs to the answer about a lock: the rule of lb_analysis_answers. */
static bool asks_lock(const struct lb_found *f, const struct lb_found_cell *c)
{
    enum lb_lies lies = c->layout < 0 ? LB_LIES_NOWHERE : f->layouts[c->layout].lies;

    return c->shown && c->work_ns > 0 && c->threads > 1 && c->scenario &&
           lb_scenario_locks(c->scenario) && !lb_scenario_churns(c->scenario) &&
           lies > LB_LIES_APART && base_lies(f, c) == LB_LIES_APART;
}

struct kinds {
    bool pauses, threads, locks; /* any of the suite has */
};

static struct kinds kinds_of(const struct lb_found *f, int suite)
{
    struct kinds k = {false, false, false};

    for (size_t i = 0; i < f->n_cells; i++) {
        const struct lb_found_cell *c = &f->cells[i];
        if (c->suite == suite && c->subject && *c->base) {
            k.pauses |= c->work_ns > 0;
            k.threads |= c->threads > 1;
        }
    }
    return k;
}

static void mark_suite(struct lb_found *f, int suite)
{
    struct kinds k = kinds_of(f, suite);

    for (size_t i = 0; i < f->n_cells; i++) {
        struct lb_found_cell *c = &f->cells[i];
        if (c->suite != suite)
            continue;
        c->shown =
            c->subject && !c->twin && *c->base && c->main_regime && (c->work_ns > 0 || !k.pauses);
        k.locks |= asks_lock(f, c);
    }
    f->suites[suite].asks_lock = k.locks;
    for (size_t i = 0; i < f->n_cells; i++) {
        struct lb_found_cell *c = &f->cells[i];
        if (c->suite != suite)
            continue;
        /* One thread alone has no verdict on a lock that is shared. */
        c->shown &= !k.locks || c->threads > 1;
        c->about = k.locks ? asks_lock(f, c) : c->shown && (c->threads > 1 || !k.threads);
    }
}

/* Layouts -------------------------------------------------------------------------------------- */

static void mark_layouts(struct lb_found *f)
{
    for (size_t i = 0; i < f->n_cells; i++) {
        const struct lb_found_cell *c = &f->cells[i];
        for (size_t k = 0; k < f->n_layouts && *c->base; k++)
            if (f->layouts[k].suite == c->suite && !strcmp(f->layouts[k].name, c->base)) {
                f->layouts[k].base = true;
                if (c->layout >= 0)
                    f->layouts[c->layout].pages_base = f->layouts[k].pages;
            }
    }
}

static void choose_baseline(struct lb_found *f, int suite)
{
    size_t most = 0;

    for (size_t k = 0; k < f->n_layouts; k++) {
        size_t n = 0;
        for (size_t i = 0; i < f->n_cells && f->layouts[k].base; i++)
            n += f->cells[i].suite == suite && !strcmp(f->cells[i].base, f->layouts[k].name);
        if (f->layouts[k].suite == suite && n > most) {
            most = n;
            snprintf(f->suites[suite].baseline, sizeof f->suites[suite].baseline, "%s",
                     f->layouts[k].name);
        }
    }
}

const char *lb_found_base(const struct lb_found *f, int suite)
{
    const char *baseline = f->suites[suite].baseline;

    for (size_t i = 0; i < f->n_layouts; i++)
        if (f->layouts[i].suite == suite && f->layouts[i].base &&
            strcmp(f->layouts[i].name, baseline) != 0)
            return "what it is compared to";
    return baseline;
}

/* Groups --------------------------------------------------------------------------------------- */

const char *lb_found_lies_text(enum lb_lies lies)
{
    static const char *const texts[LB_LIES] = {
        [LB_LIES_NOWHERE] = "no lock",
        [LB_LIES_APART] = "by pointer",
        [LB_LIES_AMONG] = "among the hot fields",
        [LB_LIES_LINE] = "in a line of its own",
        [LB_LIES_LINE_PAIR] = "alone in two lines",
        [LB_LIES_COUNT] = "a reference count",
    };

    return texts[lies];
}

bool lb_found_group_has(const struct lb_found *f, const struct lb_found_group *g, int layout)
{
    const struct lb_found_layout *l = layout < 0 ? NULL : &f->layouts[layout];

    if (!l || l->suite != g->suite)
        return false;
    if (g->own || !f->suites[g->suite].asks_lock)
        return layout == g->first;
    return !l->own && l->lies == g->lies;
}

static bool is_about(const struct lb_found *f, size_t layout)
{
    for (size_t i = 0; i < f->n_cells; i++)
        if (f->cells[i].about && f->cells[i].layout == (int)layout)
            return true;
    return false;
}

static void name_group(const struct lb_found *f, struct lb_found_group *g)
{
    const struct lb_found_layout *l = &f->layouts[g->first];
    enum lb_lock_kind kind;

    if (g->own || !f->suites[g->suite].asks_lock)
        snprintf(g->name, sizeof g->name, "%s", l->name);
    else if (g->lies == LB_LIES_COUNT && !lb_lock_parse(l->lock, NULL, &kind))
        snprintf(g->name, sizeof g->name, "a %zu-byte count", lb_lock_info(kind)->bytes);
    else
        snprintf(g->name, sizeof g->name, "%s", lb_found_lies_text(g->lies));
}

static void join(struct lb_found_group *g, const struct lb_found_layout *l)
{
    g->n_layouts++;
    g->pages_lo = fmin(g->pages_lo, l->pages);
    g->pages_hi = fmax(g->pages_hi, l->pages);
    g->pages_base = fmin(g->pages_base, l->pages_base);
}

static int add_group(struct lb_found *f, size_t layout)
{
    const struct lb_found_layout *l = &f->layouts[layout];
    struct lb_found_group *g;

    for (size_t i = 0; i < f->n_groups; i++)
        if (lb_found_group_has(f, &f->groups[i], (int)layout)) {
            join(&f->groups[i], l);
            return 0;
        }
    g = lb_more(&f->groups, &f->n_groups, sizeof *g);
    if (!g)
        return -ENOMEM;
    g->suite = l->suite;
    g->lies = l->lies;
    g->own = l->own;
    g->first = (int)layout;
    g->pages_lo = g->pages_hi = g->pages_base = NAN;
    join(g, l);
    name_group(f, g);
    return 0;
}

/* The user's own first; the rest where it first stands in the run. */
static int make_groups(struct lb_found *f)
{
    int err = 0;

    for (size_t s = 0; s < f->n_suites; s++)
        for (int own = 1; own >= 0; own--)
            for (size_t i = 0; !err && i < f->n_layouts; i++)
                if (f->layouts[i].suite == (int)s && f->layouts[i].own == own && is_about(f, i))
                    err = add_group(f, i);
    return err;
}

/* Places --------------------------------------------------------------------------------------- */

bool lb_found_is_place(const struct lb_found_cell *a, const struct lb_found_cell *b)
{
    return a->suite == b->suite && a->threads == b->threads && a->work_ns == b->work_ns &&
           !strcmp(a->placement, b->placement) &&
           (!*a->home || !*b->home || !strcmp(a->home, b->home));
}

static int add_place(struct lb_found *f, size_t cell)
{
    struct lb_found_place *p;

    for (size_t i = 0; i < f->n_places; i++)
        if (lb_found_is_place(&f->cells[f->places[i].cell], &f->cells[cell]))
            return 0;
    p = lb_more(&f->places, &f->n_places, sizeof *p);
    if (!p)
        return -ENOMEM;
    p->cell = cell;
    return 0;
}

static int make_places(struct lb_found *f)
{
    int err = 0;

    for (size_t s = 0; s < f->n_suites; s++)
        for (size_t i = 0; !err && i < f->n_cells; i++)
            if (f->cells[i].suite == (int)s && f->cells[i].shown)
                err = add_place(f, i);
    return err;
}

int lb_found_sort(struct lb_found *f)
{
    int err;

    for (size_t i = 0; i < f->n_cells; i++)
        find_base(f, &f->cells[i]);
    for (size_t s = 0; s < f->n_suites; s++)
        mark_suite(f, (int)s);
    mark_layouts(f);
    for (size_t s = 0; s < f->n_suites; s++)
        choose_baseline(f, (int)s);
    err = make_groups(f);
    return err ? err : make_places(f);
}
