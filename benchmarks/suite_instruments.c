/* SPDX-License-Identifier: MIT
 *
 * instruments: what looking costs. Each case bare, with counters alone, and with timed ops alone,
 * round by round beside each other: contended (two threads, one object) and not (each its own).
 */
#include "suite.h"

#include "report/labels.h"

#include <linebounce/counters.h>
#include <linebounce/scenario.h>

#include <math.h>

static const struct lb_scenario *const all[] = {&lb_scenarios[LB_SCENARIO_SAME_OBJECT],
                                                &lb_scenarios[LB_SCENARIO_UNCONTENDED]};
static const double works[] = {LB_WORK_HEADLINE_NS, 0};
#define INSTRUMENTS_ROUNDS 120

/* Where there is no PMU, four breakpoints on words that nobody touches stand for four counters. */
static void add_untouched(struct request *r)
{
    static const struct lb_microarchitecture here; /* words need none */

    for (int i = 0; i < LB_GROUP_WATCH; i++) {
        char name[32];
        struct lb_event e;
        snprintf(name, sizeof name, "bp:%s", lb_watch_name(LB_WATCH_UNTOUCHED0 + i));
        if (!lb_event_parse(name, &here, NULL, &e)) /* else none: not on this architecture */
            list_add(&r->own.events, sizeof e, &e);
    }
    r->events = r->own.events.at;
    r->n_events = r->own.events.n;
}

static void defaults(const struct settings *s, struct request *request)
{
    struct lb_request *r = &request->plan;
    static const char *const layouts[] = {"pointer", "padded"};
    const struct lb_layout *l;

    r->instruments = true;
    r->scenarios = all;
    r->n_scenarios = LB_COUNT(all);
    r->controls = false;
    r->baseline = NULL;
    if (!s->layouts.n) {
        for (size_t i = 0; i < LB_COUNT(layouts); i++)
            if (!lb_layout_find(layouts[i], NULL, &l))
                list_add(&request->own.layouts, sizeof *l, l);
        r->layouts = request->own.layouts.at;
        r->n_layouts = request->own.layouts.n;
    }
    REQUEST_ALL(r, work_ns, works);
    if (!request->rounds)
        request->rounds = INSTRUMENTS_ROUNDS;
    if (!s->events_given && !s->events.n)
        add_untouched(request);
}

/* The bare case in the same regime. */
static const struct lb_result *bare_line(const struct lb_analysis *a, const struct lb_result *l)
{
    int bare = a->run->plan->cases[l->case_index].base;

    for (size_t i = 0; i < a->n_lines; i++)
        if (a->lines[i].case_index == bare && a->lines[i].regime == l->regime)
            return &a->lines[i];
    return NULL;
}

static void print_line(const struct lb_analysis *a, const struct lb_result *l, FILE *out)
{
    const struct lb_case *c = &a->run->plan->cases[l->case_index];
    const struct lb_result *base = bare_line(a, l);
    const struct lb_estimate *d = &l->comparison.difference, *r = &l->comparison.ratio;
    char difference[INTERVAL_BYTES], ratio[INTERVAL_BYTES];
    double net = base && base->net.n ? base->net.value : NAN;

    interval_text("%+.2f", d->value, d->lo, d->hi, difference);
    interval_text("%.4f", r->value, r->lo, r->hi, ratio);
    fprintf(out, "%-12s %-9s %-9s %6g %9.2f %9.2f %-24s %-26s", c->shape.scenario->name,
            c->shape.layout->name,
            c->instruments == LB_INSTRUMENT_COUNTERS ? "counters" : "sampling", c->work_ns,
            base ? base->ns_op.median : NAN, net, difference, ratio);
    if (isfinite(net) && net > 0)
        fprintf(out, " %+7.2f %%", 100 * d->value / net);
    if (c->instruments == LB_INSTRUMENT_SAMPLING)
        fprintf(out, "  %.0f timed, %.2f %% of the time", l->latency.n,
                100 * l->latency.sampled_share);
    fputc('\n', out);
}

static void conclude(const struct lb_analysis *a, const struct settings *s, FILE *out)
{
    (void)s;
    fprintf(out, "\ncounted in windows `counters`:");
    for (size_t i = 0; i < a->run->n_events; i++)
        fprintf(out, " %s (%s)", a->run->events[i].event.name,
                lb_count_state_name(a->run->events[i].state));
    fprintf(out, "\n\n%-12s %-9s %-9s %6s %9s %9s %-24s %-26s %s\n", "case", "layout", "with",
            "work", "ns/op", "net ns", "difference ns [95 %]", "ratio [95 %]",
            "difference over net");
    for (size_t i = 0; i < a->n_lines; i++)
        if (a->lines[i].main_regime && a->lines[i].compared &&
            a->run->plan->cases[a->lines[i].case_index].twin)
            print_line(a, &a->lines[i], out);
}

const struct suite suite_instruments = {
    .name = "instruments",
    .question = "what do counters and timed ops themselves add to an op?",
    .example = "linebounce run instruments --layout pointer --events none",
    .defaults = defaults,
    .shows_tables = true,
    .conclude = conclude,
};
