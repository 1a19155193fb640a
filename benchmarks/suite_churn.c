/* SPDX-License-Identifier: MIT
 *
 * churn: the other side of the trade. A lock inside the object is one allocation instead of two, in
 * a larger object: what do birth and death cost, and what does the memory come to?
 */
#include "suite.h"

#include "report/labels.h"
#include "report/table.h"

#include <linebounce/scenario.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct lb_scenario *const all[] = {
    &lb_scenarios[LB_SCENARIO_CHURN_SLAB],
    &lb_scenarios[LB_SCENARIO_CHURN_MALLOC],
};
/* Allocation is a thread's own affair: nothing is handed over that a pause would bring to light. */
static const double works[] = {0};
static const int threads[] = {1};
/* As many as a process with many mappings has VMAs. */
static const size_t objects[] = {1000};

static void defaults(const struct settings *s, struct request *request)
{
    struct lb_request *r = &request->plan;
    REQUEST_ALL(r, scenarios, all);
    REQUEST_FIRST(r, layouts, lb_layouts, lb_n_layouts);
    REQUEST_ALL(r, work_ns, works);
    if (!r->n_threads && !r->n_placements && !s->pus) {
        r->threads = threads;
        r->n_threads = LB_COUNT(threads);
    }
    REQUEST_ALL(r, objects, objects);
}

/* 4-KiB pages per 1000 objects; NaN where the C library does not say. */
static double pages(const struct lb_case *c)
{
    struct lb_geometry g;
    double bytes;

    if (lb_scenario_does(c->shape.scenario, LB_OP_CHURN_MALLOC))
        return lb_churn_heap_bytes(c->shape.layout, c->shape.lock, &bytes)
                   ? NAN
                   : ceil(1000 * bytes / LB_SLAB_PAGE_BYTES);
    return lb_geometry_init(c->shape.layout, c->shape.lock, NULL, &g) ? NAN
                                                                      : (double)g.pages_per_1000;
}

/* Time, ratio and verdict; NULL: no window was good. */
static void print_time(FILE *out, const struct lb_case *c, const struct lb_result *l)
{
    char net[INTERVAL_BYTES] = "-", ratio[16] = "-";

    if (l && l->net.n)
        interval_text("%.1f", l->net.value, l->net.lo, l->net.hi, net);
    if (l && l->compared)
        snprintf(ratio, sizeof ratio, "%.2f", l->comparison.ratio.value);
    fprintf(out, " %24s  %5s  %-12s", net, l && c->base < 0 ? "1" : ratio,
            !l            ? "not measured"
            : c->base < 0 ? "(baseline)"
            : l->compared ? lb_verdict_name(l->comparison.verdict)
                          : "-");
}

/* What the memory comes to is known without a window. */
static void print_case(FILE *out, const struct lb_analysis *a, int case_index)
{
    const struct lb_case *c = &a->run->plan->cases[case_index];
    char label[CASE_LABEL_BYTES], memory[24] = "-";

    case_label(c, label);
    if (isfinite(pages(c)))
        snprintf(memory, sizeof memory, "%.0f", pages(c));
    fprintf(out, "  %-22s %11s", label, c->shape.layout->separate ? "two" : "one");
    print_time(out, c, lb_analysis_find(a, case_index, 0));
    fprintf(out, " %7s\n", memory);
}

static void conclude(const struct lb_analysis *a, const struct settings *s, FILE *out)
{
    const struct lb_plan *p = a->run->plan;
    const struct lb_case *last = NULL;
    bool others = false; /* scenarios that the command line named, without births and deaths */

    (void)s;
    for (size_t i = 0; i < p->n_cases; i++) {
        const struct lb_case *c = &p->cases[i];
        others |= lb_case_is_subject(c) && !lb_scenario_churns(c->shape.scenario);
        if (!lb_case_is_subject(c) || !lb_scenario_churns(c->shape.scenario))
            continue;
        if (!last || !lb_case_is_beside(c, last))
            fprintf(out,
                    "\n%s: %s\n  %d thread%s, %zu objects alive a thread, %g ns of work\n"
                    "  %-22s %11s %24s  %5s  %-12s %7s\n",
                    c->shape.scenario->name, c->shape.scenario->question, c->shape.threads,
                    c->shape.threads == 1 ? "" : "s", c->shape.objects, c->work_ns, "layout",
                    "allocations", "net ns/op [95 %]", "ratio", "verdict", "pg/1k");
        last = c;
        print_case(out, a, (int)i);
    }
    if (others)
        table_layouts(a, out);
}

const struct suite suite_churn = {
    .name = "churn",
    .question = "what do allocating, initialising and freeing an object with its lock cost?",
    .example = "linebounce run churn --layout embedded,padded --threads 2",
    .defaults = defaults,
    .conclude = conclude,
};
