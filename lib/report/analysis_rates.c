/* SPDX-License-Identifier: MIT
 *
 * Whether two cases met the same rate of what their roles do to one another: a verdict about their
 * times rests on that.
 */
#include "analysis_private.h"
#include "run/run_private.h"

#include <linebounce/scenario.h>

#include <math.h>

static const struct lb_result *line_of(const struct lb_analysis *a, int case_index, int role,
                                       int regime)
{
    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_result *l = &a->lines[i];
        if (l->case_index == case_index && l->role == role && l->regime == regime)
            return l;
    }
    return NULL;
}

double lb_case_rate_set(const struct lb_case *c, int role)
{
    return lb_workload_paced(&c->shape, role)
               ? 1e9 / c->shape.every_ns * lb_case_role_threads(c, role)
               : NAN;
}

static bool falls_short(const struct lb_case *c, const struct lb_result *l)
{
    return l->ops_per_s < (1 - LB_RATES_APART_MOST) * lb_case_rate_set(c, l->role);
}

bool lb_rates_differ(double a, double b)
{
    return fmax(a, b) > (1 + LB_RATES_APART_MOST) * fmin(a, b);
}

/* What there is to say of one role, at its rate a second or, where no clock sets it, beside the
 * other role's. */
static const char *doubt(const struct lb_case *c, const struct lb_result *own,
                         const struct lb_result *base)
{
    if (lb_workload_paced(&c->shape, own->role)) {
        if (falls_short(c, own) || falls_short(c, base))
            return "a side fell short of the rate that was set: its ops take longer than their "
                   "interval";
        if (lb_rates_differ(own->ops_per_s, base->ops_per_s))
            return "the sides' rates differ by more than 10 % (ops a second)";
        return NULL;
    }
    return lb_rates_differ(own->per_kop_of_first, base->per_kop_of_first)
               ? "the sides' rates differ by more than 10 % (ops of the second role per 1000 of "
                 "the first)"
               : NULL;
}

const char *lb_analysis_rates(const struct lb_analysis *a, const struct lb_result *l)
{
    const struct lb_case *c = &a->run->plan->cases[l->case_index];
    bool paced = c->shape.every_ns > 0;
    const char *why = NULL;

    if (c->shape.scenario->pace == LB_PACE_NONE || c->base < 0)
        return NULL;
    for (int role = 0; !why && role < lb_case_roles(c); role++) {
        const struct lb_result *own = line_of(a, l->case_index, role, l->regime);
        const struct lb_result *base = line_of(a, c->base, role, l->regime);
        /* Readers beside a paced writer come as fast as they can. */
        if (own && base && lb_workload_paced(&c->shape, role) == paced)
            why = doubt(c, own, base);
    }
    return why;
}
