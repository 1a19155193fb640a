/* SPDX-License-Identifier: MIT
 *
 * harness: what the harness itself costs, whether it hides or adds something to what it measures,
 * and whether its threads disturb each other: the loop of nothing, ops of 30 and 60 cycles, and the
 * apart control on one thread against two.
 */
#include "suite.h"

#include "report/labels.h"

#include <linebounce/scenario.h>

#include <math.h>
#include <stdlib.h>

static const struct lb_scenario *const all[] = {&lb_scenarios[LB_SCENARIO_EMPTY],
                                                &lb_scenarios[LB_SCENARIO_CYCLES30],
                                                &lb_scenarios[LB_SCENARIO_CYCLES60]};
static const double works[] = {0, LB_WORK_HEADLINE_NS};
#define HARNESS_ROUNDS 45

static void defaults(const struct settings *s, struct request *request)
{
    struct lb_request *r = &request->plan;

    (void)s;
    r->scenarios = all;
    r->n_scenarios = LB_COUNT(all);
    r->baseline = NULL;
    r->layouts = NULL;
    r->n_layouts = 0;
    REQUEST_ALL(r, work_ns, works);
    r->alone = true;
    if (!request->rounds)
        request->rounds = HARNESS_ROUNDS;
}

static int find_case(const struct lb_plan *p, enum lb_scenario_kind kind, int threads,
                     double work_ns)
{
    for (size_t i = 0; i < p->n_cases; i++)
        if (p->cases[i].shape.scenario->kind == kind && p->cases[i].shape.threads == threads &&
            p->cases[i].work_ns == work_ns)
            return (int)i;
    return -1;
}

/* log of the first thread's time beside another thread over its time alone, round by round on the
 * same PU. */
static size_t log_ratios(const struct lb_series *two, const struct lb_series *one, double *ratios)
{
    size_t n = 0, k = 0;

    for (size_t i = 0; i < two->n; i++) {
        const struct lb_sample *x = &two->samples[0][i];
        while (k < one->n && one->samples[0][k].round < x->round)
            k++;
        if (k < one->n && one->samples[0][k].round == x->round)
            ratios[n++] = log(x->first_ns_op / one->samples[0][k].first_ns_op);
    }
    return n;
}

static void print_pair(const struct lb_analysis *a, FILE *out)
{
    const struct lb_run *run = a->run;
    int two = find_case(run->plan, LB_SCENARIO_CONTROL_APART, 2, 0);
    int one = find_case(run->plan, LB_SCENARIO_CONTROL_APART, 1, 0);
    double *ratios = calloc(lb_run_longest(run) + 1, sizeof *ratios);
    char text[INTERVAL_BYTES];
    struct lb_estimate e;
    size_t n;

    if (ratios && one >= 0 && two >= 0) {
        n = log_ratios(&run->series[two], &run->series[one], ratios);
        if (n && !lb_stats_location(ratios, n, 0.95, NULL, &e)) {
            interval_text("%.4f", exp(e.value), exp(e.lo), exp(e.hi), text);
            fprintf(out,
                    "A thread's own line with a second thread at work on another, times of alone: "
                    "%s, %zu pairs.\n",
                    text, n);
        }
    }
    free(ratios);
}

/* What each op costs more than nothing, in cycles of the pause's chain, which takes three an
 * iteration: of the ops of known length as much as they are long, of an add no less than 0. */
static void print_cycles(const struct lb_analysis *a, FILE *out)
{
    double cycle_ns = a->run->chain_ns / 3;
    char text[INTERVAL_BYTES];

    fprintf(out, "\n%-16s %7s %8s %26s\n", "beside empty", "threads", "work ns",
            "cycles/op [95 %]");
    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_result *l = &a->lines[i];
        const struct lb_case *c = &a->run->plan->cases[l->case_index];
        if (!l->net.n || c->work_ns <= 0)
            continue;
        interval_text("%.1f", l->net.value / cycle_ns, l->net.lo / cycle_ns, l->net.hi / cycle_ns,
                      text);
        fprintf(out, "%-16s %7d %8g %26s\n", c->shape.scenario->name, c->shape.threads, c->work_ns,
                text);
    }
}

static void conclude(const struct lb_analysis *a, const struct settings *s, FILE *out)
{
    char text[INTERVAL_BYTES];

    (void)s;
    fprintf(out, "\n%-16s %7s %8s %22s\n", "case", "threads", "work ns", "ns/op [95 %]");
    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_result *l = &a->lines[i];
        const struct lb_case *c = &a->run->plan->cases[l->case_index];
        interval_text("%.3f", l->ns_op.median, l->ns_op.lo, l->ns_op.hi, text);
        fprintf(out, "%-16s %7d %8g %s\n", c->shape.scenario->name, c->shape.threads, c->work_ns,
                text);
    }
    print_cycles(a, out);
    fputc('\n', out);
    print_pair(a, out);
}

const struct suite suite_harness = {
    .name = "harness",
    .question = "what does the harness itself cost, and do its threads disturb each other?",
    .example = "linebounce run harness --work-ns 0,200",
    .defaults = defaults,
    .shows_tables = true,
    .conclude = conclude,
};
