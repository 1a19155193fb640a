/* SPDX-License-Identifier: MIT
 *
 * What vouches for the verdicts of a folder: its controls, its self-checks, the distances seen.
 */
#include "answer_private.h"

#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <string.h>

static bool is_control(const struct lb_found_cell *c)
{
    return c->scenario && c->scenario->purpose == LB_PURPOSE_SHARED_CONTROL;
}

static bool is_beside(const struct lb_found_cell *a, const struct lb_found_cell *b)
{
    return a->suite == b->suite && a->regime == b->regime && a->threads == b->threads &&
           !strcmp(a->placement, b->placement) && !strcmp(a->home, b->home);
}

static int add_control(struct lb_found *f, size_t cell)
{
    struct lb_found_control *k = lb_more(&f->controls, &f->n_controls, sizeof *k);
    const struct lb_found_cell *c = &f->cells[cell];

    if (!k)
        return -ENOMEM;
    k->cell = cell;
    k->state = !c->compared     ? LB_CONTROL_NONE
               : c->work_ns > 0 ? lb_control_judge(c->diff_lo, c->diff_hi, c->work_ns)
                                : lb_control_judge(c->ratio_lo, c->ratio_hi, c->work_ns);
    return 0;
}

static struct lb_estimate estimate(const struct lb_found_cell *c)
{
    bool known = isfinite(c->diff_lo) && isfinite(c->diff_hi);

    return (struct lb_estimate){.n = c->pairs,
                                .value = c->diff,
                                .lo = known ? c->diff_lo : (double)-INFINITY,
                                .hi = known ? c->diff_hi : (double)INFINITY};
}

/* A control at the short pause and that at the long one. */
static int add_pause(struct lb_found *f, size_t cell)
{
    const struct lb_found_cell *c = &f->cells[cell];

    for (size_t i = 0; i < f->n_cells; i++) {
        const struct lb_found_cell *o = &f->cells[i];
        struct lb_estimate at_short = estimate(c), at_long = estimate(o);
        struct lb_found_pause *p;
        if (!is_control(o) || !o->compared || o->work_ns != LB_WORK_CHECK_LONG_NS ||
            !is_beside(o, c))
            continue;
        if (!(p = lb_more(&f->pauses, &f->n_pauses, sizeof *p)))
            return -ENOMEM;
        p->at_short = cell;
        p->at_long = i;
        p->state = lb_self_check_judge(&at_short, &at_long);
    }
    return 0;
}

/* Distances of which something is said: of a main regime, or with an interval. */
static void see_distance(struct lb_found *f, const struct lb_found_cell *c)
{
    if (!c->subject || f->suites[c->suite].of_pu_pairs || !isfinite(c->regime_ns) ||
        !(c->main_regime || (c->compared && isfinite(c->diff_lo))))
        return;
    f->near_ns = fmin(f->near_ns, c->regime_ns);
    f->far_ns = fmax(f->far_ns, c->regime_ns);
    f->n_regimes = c->regime + 1 > f->n_regimes ? c->regime + 1 : f->n_regimes;
}

int lb_found_checks(struct lb_found *f)
{
    int err = 0;

    for (size_t i = 0; !err && i < f->n_cells; i++) {
        const struct lb_found_cell *c = &f->cells[i];
        see_distance(f, c);
        if (!is_control(c))
            continue;
        if (c->work_ns == LB_WORK_CHECK_SHORT_NS && c->compared)
            err = add_pause(f, i);
        if (!err)
            err = add_control(f, i);
    }
    return err;
}
