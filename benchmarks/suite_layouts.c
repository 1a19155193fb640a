/* SPDX-License-Identifier: MIT
 *
 * layouts: the main job. Every layout in every scenario, at the headline work and saturated.
 */
#include "suite.h"

#include "report/table.h"

static const struct lb_scenario *const all[] = {
    &lb_scenarios[LB_SCENARIO_SAME_OBJECT], &lb_scenarios[LB_SCENARIO_NEIGHBOURS],
    &lb_scenarios[LB_SCENARIO_OBSERVER],    &lb_scenarios[LB_SCENARIO_NESTED],
    &lb_scenarios[LB_SCENARIO_MANY],        &lb_scenarios[LB_SCENARIO_MIXED],
    &lb_scenarios[LB_SCENARIO_WRITERS],
};
/* mixed and writers need windows of 50 ms, so that a hand-off fits: too long for a quick look. */
#define QUICK_SCENARIOS 5

static const double works[] = {LB_WORK_HEADLINE_NS, 0};
/* More than a second-level cache holds, so that footprint tells, and still laid out in some
 * milliseconds. */
static const size_t objects[] = {100000};
static const size_t quick_objects[] = {1000};

static void defaults(const struct settings *s, struct request *request)
{
    struct lb_request *r = &request->plan;
    if (!r->n_scenarios) {
        r->scenarios = all;
        r->n_scenarios = s->quick ? QUICK_SCENARIOS : LB_COUNT(all);
    }
    if (!r->n_layouts) {
        r->layouts = lb_layouts;
        r->n_layouts = lb_n_layouts;
    }
    if (!r->n_work_ns) {
        r->work_ns = works; /* the headline comes first; a quick look stops there */
        r->n_work_ns = s->quick ? 1 : LB_COUNT(works);
    }
    if (!r->n_objects) {
        r->objects = s->quick ? quick_objects : objects;
        r->n_objects = 1;
    }
}

static void conclude(const struct lb_analysis *a, const struct settings *s, FILE *out)
{
    (void)s;
    table_layouts(a, out);
}

const struct suite suite_layouts = {
    .name = "layouts",
    .question = "what does each layout cost here, in every scenario?",
    .asks_sharing = true,
    .costs_alone = true,
    .defaults = defaults,
    .conclude = conclude,
};
