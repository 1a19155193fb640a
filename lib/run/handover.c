/* SPDX-License-Identifier: MIT
 *
 * How modified lines are handed over, from what the rounds have found lines to cost.
 */
#include <linebounce/run.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* What a round found stands in all its samples of the placement, whichever case they are of. */
static size_t take_ratios(const struct lb_run *run, int placement, double *ratios)
{
    size_t n = 0;

    for (size_t c = 0; c < run->plan->n_cases; c++) {
        const struct lb_series *s = &run->series[c];
        for (size_t i = 0; run->plan->cases[c].placement == placement && i < s->n; i++) {
            const double *costs = s->samples[0][i].costs;
            double ratio = lb_handover_ratio(costs[LB_COST_LOAD], costs[LB_COST_RELOAD]);
            if (costs[LB_COST_LOAD] >= LB_TRANSFER_STEPS * run->clock.step_ns && isfinite(ratio))
                ratios[n++] = ratio;
        }
    }
    return n;
}

int lb_run_handover(const struct lb_run *run, enum lb_handover *handover, double *ratio)
{
    double *ratios = calloc(run->plan->n_cases * lb_run_longest(run) + 1, sizeof *ratios);
    enum lb_handover found = LB_HANDOVER_UNKNOWN;
    bool agree = true;
    double first = NAN;

    if (!ratios)
        return -ENOMEM;
    for (size_t p = 0; p < run->plan->n_placements; p++) {
        size_t n = take_ratios(run, (int)p, ratios);
        double median;
        if (!n || lb_stats_median(ratios, n, &median))
            continue;
        if (isnan(first)) {
            first = median;
            found = lb_handover_of(median);
        }
        agree = agree && found == lb_handover_of(median);
    }
    free(ratios);
    *handover = agree ? found : LB_HANDOVER_UNKNOWN;
    *ratio = first;
    return 0;
}
