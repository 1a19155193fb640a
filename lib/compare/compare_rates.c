/* SPDX-License-Identifier: MIT
 *
 * How often roles came on either side: times are compared at equal rates.
 */
#include "compare_private.h"

#include <linebounce/analysis.h>
#include <linebounce/scenario.h>

#include <math.h>
#include <string.h>

static bool judges_rates(const char *name)
{
    for (size_t i = 0; i < LB_SCENARIOS; i++)
        if (!strcmp(lb_scenarios[i].name, name))
            return lb_scenarios[i].pace != LB_PACE_NONE;
    return false;
}

/* Ops a second of a role that a clock paces, which alone can be late; else beside the first role's.
 */
void lb_compare_add_rate(const struct lb_csv_reader *csv, bool summary, double windows,
                         struct lb_compare_unit *u)
{
    bool paced = !isnan(lb_csv_number(csv, summary ? "late_ns_op_median" : "late_ns_op"));
    const char *column = paced     ? summary ? "ops_per_s_median" : "ops_per_s"
                         : summary ? "ops_per_kop_of_first_median"
                                   : "ops_per_kop_of_first";
    double rate = lb_csv_number(csv, column);

    if (!(rate >= 0) || !isfinite(rate) || !judges_rates(lb_csv_cell(csv, "scenario")) ||
        (!paced && *lb_csv_cell(csv, "every_ns"))) /* readers beside a paced writer */
        return;
    u->rates += windows * rate;
    u->n_rates += windows;
}

/* The mean of a side's runs, each of its windows. */
static double side_rate(const struct lb_compare *c, size_t i, int side)
{
    double sum = 0;
    size_t n = 0;

    for (size_t r = 0; r < c->n_runs; r++) {
        const struct lb_compare_unit *u = &c->cases[i].units[r];
        if (c->runs[r].side != side || !(u->n_rates > 0))
            continue;
        sum += u->rates / u->n_rates;
        n++;
    }
    return n ? sum / (double)n : NAN;
}

void lb_compare_rates(struct lb_compare *c)
{
    for (size_t i = 0; i < c->n_cases; i++)
        for (int side = 0; side < 2; side++)
            c->cases[i].rate[side] = side_rate(c, i, side);
}

static bool same_but_role(const struct lb_compare_case *a, const struct lb_compare_case *b)
{
    for (int k = 0; k < LB_KEY_ROLE; k++)
        if (strcmp(a->cells[k], b->cells[k]) != 0)
            return false;
    return true;
}

/* The roles of a case lie together. */
bool lb_compare_rates_apart(const struct lb_compare *c, size_t i)
{
    size_t from = i, to = i + 1;
    bool apart = false;

    while (from && same_but_role(&c->cases[from - 1], &c->cases[i]))
        from--;
    while (to < c->n_cases && same_but_role(&c->cases[to], &c->cases[i]))
        to++;
    for (size_t k = from; k < to; k++)
        apart |= lb_rates_differ(c->cases[k].rate[0], c->cases[k].rate[1]);
    return apart;
}
