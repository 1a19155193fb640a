/* SPDX-License-Identifier: MIT
 *
 * layouts: the main job. Every layout in every scenario, at the headline work and saturated.
 */
#include "suite.h"

#include "report/table.h"

#include <linebounce/scenario.h>

static const double works[] = {LB_WORK_HEADLINE_NS, 0};
/* More than a second-level cache holds, so that footprint tells, and still laid out in some
 * milliseconds. */
static const size_t objects[] = {100000};
static const size_t quick_objects[] = {1000};

/* All that are about objects of a layout as it is. Those that sleep come last, and not at all in a
 * quick look: they need windows of 10 ms, so that a hand-off fits. */
static void add_scenarios(const struct settings *s, struct request *request)
{
    struct list *list = &request->own.scenarios;

    for (int blocks = 0; blocks <= !s->quick; blocks++)
        for (size_t i = 0; i < LB_SCENARIOS; i++) {
            const struct lb_scenario *k = &lb_scenarios[i];
            if (k->subject == &lb_subject_objects && !k->internal && !k->by_structure &&
                k->blocks == blocks)
                list_add(list, sizeof k, &k);
        }
    request->plan.scenarios = list->at;
    request->plan.n_scenarios = list->n;
}

static void defaults(const struct settings *s, struct request *request)
{
    struct lb_request *r = &request->plan;
    if (!r->n_scenarios)
        add_scenarios(s, request);
    REQUEST_FIRST(r, layouts, lb_layouts, lb_n_layouts);
    /* The headline comes first; a quick look stops there. */
    REQUEST_FIRST(r, work_ns, works, s->quick ? 1 : LB_COUNT(works));
    REQUEST_FIRST(r, objects, s->quick ? quick_objects : objects, 1);
}

static void conclude(const struct lb_analysis *a, const struct settings *s, FILE *out)
{
    (void)s;
    table_layouts(a, out);
}

const struct suite suite_layouts = {
    .name = "layouts",
    .question = "what does each layout cost here, in every scenario?",
    .example = "linebounce run layouts --layout pointer,mine:size=256,lock=192 --scenario observer",
    .asks_sharing = true,
    .costs_alone = true,
    .defaults = defaults,
    .conclude = conclude,
};
