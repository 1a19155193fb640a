/* SPDX-License-Identifier: MIT
 *
 * Verdicts counted: by layout, by group, by suite; what is undecided and what would decide it.
 */
#include "answer_private.h"

#include <math.h>
#include <string.h>

static bool is_decided(const struct lb_found_cell *c)
{
    return c->measured && c->compared && !c->unfair && c->verdict != LB_VERDICT_UNRESOLVED;
}

static void count_one(const struct lb_found *f, size_t at, struct lb_found_tally *t)
{
    const struct lb_found_cell *c = &f->cells[at];
    enum lb_verdict verdict = is_decided(c) ? c->verdict : LB_VERDICT_UNRESOLVED;

    t->faster += verdict == LB_VERDICT_FASTER;
    t->same += verdict == LB_VERDICT_SAME;
    t->slower += verdict == LB_VERDICT_SLOWER;
    t->not_slower += verdict == LB_VERDICT_NOT_SLOWER;
    t->undecided += verdict == LB_VERDICT_UNRESOLVED;
    if (verdict == LB_VERDICT_FASTER && (t->best < 0 || c->diff < f->cells[t->best].diff))
        t->best = (int)at;
    if (verdict == LB_VERDICT_SLOWER && (t->worst < 0 || c->diff > f->cells[t->worst].diff))
        t->worst = (int)at;
}

static void conclude(struct lb_found_tally *t)
{
    t->kind = t->slower              ? LB_ANSWER_COSTS
              : t->undecided         ? LB_ANSWER_UNDECIDED
              : t->not_slower        ? LB_ANSWER_NO_COST
              : t->faster || t->same ? LB_ANSWER_NOTHING
                                     : LB_ANSWER_UNDECIDED;
}

static const struct lb_found_tally none = {.best = -1, .worst = -1};

static void count_layouts(struct lb_found *f)
{
    for (size_t i = 0; i < f->n_layouts; i++)
        f->layouts[i].tally = none;
    for (size_t i = 0; i < f->n_cells; i++)
        if (f->cells[i].about && f->cells[i].layout >= 0)
            count_one(f, i, &f->layouts[f->cells[i].layout].tally);
    for (size_t i = 0; i < f->n_layouts; i++)
        conclude(&f->layouts[i].tally);
}

static void count_groups(struct lb_found *f)
{
    for (size_t g = 0; g < f->n_groups; g++) {
        struct lb_found_group *group = &f->groups[g];
        group->tally = none;
        for (size_t i = 0; i < f->n_cells; i++)
            if (f->cells[i].about && lb_found_group_has(f, group, f->cells[i].layout))
                count_one(f, i, &group->tally);
        conclude(&group->tally);
    }
}

static void count_places(struct lb_found *f)
{
    for (size_t p = 0; p < f->n_places; p++) {
        struct lb_found_place *place = &f->places[p];
        place->tally = none;
        for (size_t i = 0; i < f->n_cells; i++)
            if (f->cells[i].about && lb_found_is_place(&f->cells[i], &f->cells[place->cell]))
                count_one(f, i, &place->tally);
        conclude(&place->tally);
    }
}

/* Why they are undecided ----------------------------------------------------------------------- */

static bool is_few(const struct lb_found_cell *c)
{
    return *c->why ? !strncmp(c->why, "fewer than", 10) : c->pairs < LB_FIRST_LOOK && !c->unfair;
}

/* Rounds for one that is still open, over those that there were; NaN: no number of them. */
static double more_of(const struct lb_found_cell *c)
{
    double half = (c->diff_hi - c->diff_lo) / 2, room = fabs(fabs(c->diff) - c->margin_ns);
    double shrink = half / fmax(room, c->margin_ns / 4);

    if (!c->pairs)
        return NAN;
    double few = (double)LB_FIRST_LOOK / (double)c->pairs;
    return isfinite(shrink) ? fmax(few, shrink * shrink) : few;
}

/* No run is said to need more than this many times its own time: noise and machine are others by
 * then. */
#define MORE_MOST 8

static void explain(struct lb_found_suite *s, const struct lb_found_cell *c, double *more)
{
    s->undecided++;
    if (!c->measured) {
        s->not_measured++;
    } else if (is_few(c)) {
        s->least_pairs = !s->few || c->pairs < s->least_pairs ? c->pairs : s->least_pairs;
        s->few++;
    } else if (*c->why || c->unfair) {
        s->withheld++;
        if (!*s->withheld_why)
            snprintf(s->withheld_why, sizeof s->withheld_why, "%s",
                     c->unfair ? "unequal shares of ops" : c->why);
    } else {
        s->wide++;
    }
    if (*c->why && !is_few(c)) /* longer measured it is withheld as well */
        return;
    double rounds = more_of(c);
    if (rounds <= MORE_MOST) {
        s->decidable++;
        *more = fmax(*more, rounds);
    }
}

/* Up to the next whole half minute, or minute from five on. */
static double round_up(double s)
{
    double step = s > 300 ? 60 : 30;

    return ceil(s / step) * step;
}

static void count_suites(struct lb_found *f)
{
    for (size_t k = 0; k < f->n_suites; k++) {
        struct lb_found_suite *s = &f->suites[k];
        double more = 0;
        s->tally = none;
        for (size_t i = 0; i < f->n_cells; i++) {
            const struct lb_found_cell *c = &f->cells[i];
            if (c->suite != (int)k)
                continue;
            if (c->about)
                count_one(f, i, &s->tally);
            s->shown += c->shown;
            if (c->shown && !is_decided(c))
                explain(s, c, &more);
        }
        conclude(&s->tally);
        s->budget_s = more > 1 && !s->busy ? round_up(s->elapsed_s * more * 1.1) : NAN;
    }
}

/* What summary.csv leaves to the numbers. */
static void name_reasons(struct lb_found *f)
{
    for (size_t i = 0; i < f->n_cells; i++) {
        struct lb_found_cell *c = &f->cells[i];
        if (!*c->base || *c->why || is_decided(c))
            continue;
        snprintf(c->why, sizeof c->why, "%s",
                 c->unfair                  ? "unequal shares of ops"
                 : c->pairs < LB_FIRST_LOOK ? "too few pairs of windows"
                                            : "too wide an interval");
    }
}

void lb_found_count(struct lb_found *f)
{
    count_layouts(f);
    count_groups(f);
    count_places(f);
    count_suites(f);
    name_reasons(f);
}
