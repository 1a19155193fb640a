/* SPDX-License-Identifier: MIT
 *
 * arrays: the layouts that people outside the kernel ask about: arrays of per-thread counters, the
 * two ends of a ring, a lock and its data.
 */
#include "suite.h"

#include "report/labels.h"
#include "report/table.h"

#include <linebounce/scenario.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct lb_scenario *const all[] = {
    &lb_scenarios[LB_SCENARIO_COUNTERS],
    &lb_scenarios[LB_SCENARIO_COUNTERS_SUM],
    &lb_scenarios[LB_SCENARIO_RING],
    &lb_scenarios[LB_SCENARIO_GUARDED],
};
static const double works[] = {LB_WORK_HEADLINE_NS, 0};
/* Packed, right behind a mutex of 40 bytes, on lines of their own, on pairs of lines of their own.
 */
static const size_t offsets[] = {8, 40, 64, 128};
#define BASE_OFFSET 128

static void defaults(const struct settings *s, struct request *request)
{
    struct lb_request *r = &request->plan;
    size_t base = s->base_offset ? s->base_offset : BASE_OFFSET;

    REQUEST_ALL(r, scenarios, all);
    REQUEST_FIRST(r, work_ns, works, s->quick ? 1 : LB_COUNT(works));
    r->baseline = NULL; /* the layouts of other suites have no part in it */
    r->layouts = NULL;
    r->n_layouts = 0;
    r->base_offset = base;
    if (!s->offsets.n) {
        r->offsets = offsets;
        r->n_offsets = LB_COUNT(offsets);
        return;
    }
    request_offsets(s, base, request);
}

/* What an offset means where it stands. */
static const char *subject(enum lb_scenario_kind kind)
{
    switch (kind) {
    case LB_SCENARIO_COUNTERS:
        return "counters of other threads";
    case LB_SCENARIO_COUNTERS_SUM:
        return "counters, with a thread that sums them,";
    case LB_SCENARIO_RING:
        return "head and tail of a ring";
    default:
        return "a lock and its data";
    }
}

static void sentence(FILE *out, const struct lb_analysis *a, const struct lb_result *l)
{
    const struct lb_case *c = &a->run->plan->cases[l->case_index];
    const struct lb_comparison *k = &l->comparison;
    const char *verdict = lb_verdict_name(k->verdict);
    char text[INTERVAL_BYTES];

    fprintf(out, "  %s %zu bytes apart", subject(c->shape.scenario->kind), c->shape.offset_bytes);
    if (lb_case_roles(c) > 1)
        fprintf(out, " (%s)", lb_case_role_name(c, l->role));
    if (c->shape.scenario->uses_lock)
        fprintf(out, " (%s)", lb_lock_info(c->shape.lock)->name);
    interval_text("%+.1f", k->difference.value, k->difference.lo, k->difference.hi, text);
    fprintf(out, ": %s ns an op, %s%s", text, k->unfair ? "unfair: " : "", verdict);
    if (c->shape.scenario->kind == LB_SCENARIO_RING && l->per.fallbacks > 0)
        fprintf(out, "; gave up waiting %.2f times in 1000", l->per.fallbacks);
    fputc('\n', out);
}

static void conclude(const struct lb_analysis *a, const struct settings *s, FILE *out)
{
    double work = NAN;

    (void)s;
    table_layouts(a, out);
    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_result *l = &a->lines[i];
        const struct lb_case *c = &a->run->plan->cases[l->case_index];
        if (!l->main_regime || !l->compared || !c->shape.scenario->subject->uses_words || c->twin ||
            c->shape.threads < 2)
            continue;
        if (c->work_ns != work)
            fprintf(out, "\nAgainst %zu bytes apart, at %g ns of work:\n",
                    a->run->plan->cases[c->base].shape.offset_bytes, c->work_ns);
        work = c->work_ns;
        sentence(out, a, l);
    }
}

const struct suite suite_arrays = {
    .name = "arrays",
    .question = "per-thread counters, a ring's two ends, a lock beside its data: how far apart?",
    .example = "linebounce run arrays --scenario ring --offset 8,64,128",
    .no_layouts = true,
    .takes_locks = true,
    .has_offsets = true,
    .asks_sharing = true,
    .defaults = defaults,
    .conclude = conclude,
};
