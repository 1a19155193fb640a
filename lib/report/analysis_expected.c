/* SPDX-License-Identifier: MIT
 *
 * What the model of lines expects of counted events, beside what was counted.
 */
#include "analysis_private.h"

#include <linebounce/expected.h>

#include <math.h>

/* Of a paced role the period is what its clock draws. */
static struct lb_expected_times times_of(const struct lb_result *l, const struct lb_case *c,
                                         bool paced)
{
    struct lb_expected_times t = {
        .work_ns = c->work_ns,
        .period_ns = paced ? NAN : l->ns_op.median,
        .own_ns = l->latency.own_mean_ns,
        .transfer_ns = l->latency.transfer_ns,
    };

    for (int i = 0; i < LB_COSTS; i++)
        t.costs[i] = l->latency.costs[i];
    return t;
}

static void expect_line(const struct lb_run *run, enum lb_handover handover, struct lb_result *l)
{
    const struct lb_case *c = &run->plan->cases[l->case_index];
    bool paced = lb_workload_paced(&c->shape, l->role);
    struct lb_expected_times t = times_of(l, c, paced);
    double counts[LB_EXPECTED_KINDS], expected = 0, counted = 0;
    size_t seen = 0;

    if (c->shape.threads != 2 ||
        lb_expected_counts(c->shape.layout, c->shape.lock, c->shape.scenario, l->role, handover,
                           paced, &t, counts))
        return;
    for (size_t i = 0; i < run->n_events; i++) {
        const struct lb_event *e = &run->events[i].event;
        struct lb_result_count *k = &l->counts[i];
        k->expected = lb_expected_of_event(e, run->plan->placements[c->placement].distance, counts);
        if (!lb_expected_finds(e) || !isfinite(k->expected) || !isfinite(k->per_op))
            continue;
        expected += k->expected;
        counted += k->per_op;
        seen++;
    }
    l->expected = lb_expected_judge(counts, seen, expected, counted);
}

int lb_analysis_expect(struct lb_analysis *a)
{
    enum lb_handover handover;
    double ratio;
    int err = a->run->n_events ? lb_run_handover(a->run, &handover, &ratio) : 0;

    for (size_t i = 0; !err && i < a->n_lines; i++)
        if (a->lines[i].counts)
            expect_line(a->run, handover, &a->lines[i]);
    return err;
}
