/* SPDX-License-Identifier: MIT
 *
 * fastpath: what an uncontended read lock and unlock cost, and a write lock, for every kind of
 * lock, on one thread; beside each the same instructions as a straight line, and two locked adds
 * with a store.
 */
#include "suite.h"

#include "report/labels.h"
#include "report/table.h"

#include <linebounce/scenario.h>

#include <math.h>

static const struct lb_scenario *const all[] = {
    &lb_scenarios[LB_SCENARIO_STRAIGHT],          &lb_scenarios[LB_SCENARIO_ADDS],
    &lb_scenarios[LB_SCENARIO_UNCONTENDED],       &lb_scenarios[LB_SCENARIO_STRAIGHT_WRITE],
    &lb_scenarios[LB_SCENARIO_UNCONTENDED_WRITE],
};
static const enum lb_lock_kind kinds[] = {LB_LOCK_LIST(LB_LOCK_ENUM)};
static const double saturated[] = {0};
static const int one[] = {1};
/* Rounds that the figures are defined over. */
#define FASTPATH_ROUNDS 30

static void defaults(const struct settings *s, struct request *request)
{
    struct lb_request *r = &request->plan;
    const struct lb_layout *padded;

    r->scenarios = all;
    r->n_scenarios = LB_COUNT(all);
    r->controls = false;
    r->baseline = NULL;
    if (!s->layouts.n && !lb_layout_find("padded", NULL, &padded)) {
        r->layouts = padded; /* every kind fits into it */
        r->n_layouts = 1;
    }
    REQUEST_ALL(r, locks, kinds);
    REQUEST_FIRST(r, work_ns, saturated, 1);
    if (!r->n_threads && !r->pus) {
        r->threads = one;
        r->n_threads = 1;
    }
    if (!request->rounds)
        request->rounds = FASTPATH_ROUNDS;
}

static const struct lb_result *find(const struct lb_analysis *a, enum lb_scenario_kind kind,
                                    enum lb_lock_kind lock)
{
    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_workload *shape = &a->run->plan->cases[a->lines[i].case_index].shape;
        if (shape->scenario->kind == kind && (!shape->layout || shape->lock == lock))
            return &a->lines[i];
    }
    return NULL;
}

/* What a lock may cost over its straight line. */
#define WITHIN 1.05

static bool is_dear(const struct lb_result *l)
{
    return l->comparison.ratio.lo > WITHIN;
}

/* Kinds whose whole interval lies above that, of readers or of writers. */
static void print_dear(const struct lb_analysis *a, enum lb_scenario_kind kind, FILE *out)
{
    const char *who = kind == LB_SCENARIO_UNCONTENDED ? "read" : "write";
    size_t n = 0, dear = 0;

    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_result *l = &a->lines[i];
        const struct lb_workload *shape = &a->run->plan->cases[l->case_index].shape;
        if (shape->scenario->kind != kind || !l->compared)
            continue;
        n++;
        if (is_dear(l) && !dear++)
            fprintf(out, "a %s lock for certain over %g x of its straight line:", who, WITHIN);
        if (is_dear(l))
            fprintf(out, "%s %s", dear > 1 ? "," : "", lb_lock_info(shape->lock)->name);
    }
    if (n && !dear)
        fprintf(out, "a %s lock: of %zu kinds none is for certain over %g x of its straight line",
                who, n, WITHIN);
    if (n)
        fputs(".\n", out);
}

static void conclude(const struct lb_analysis *a, const struct settings *s, FILE *out)
{
    const struct lb_result *adds = find(a, LB_SCENARIO_ADDS, 0);
    const struct lb_result *rwsem = find(a, LB_SCENARIO_UNCONTENDED, LB_LOCK_RWSEM40);
    char text[INTERVAL_BYTES];

    (void)s;
    table_fastpath(a, out);
    fputc('\n', out);
    print_dear(a, LB_SCENARIO_UNCONTENDED, out);
    print_dear(a, LB_SCENARIO_UNCONTENDED_WRITE, out);
    if (!rwsem || !rwsem->compared || !adds || !adds->compared)
        return;
    const struct lb_estimate *r = &rwsem->comparison.ratio;
    interval_text("%.3f", r->value, r->lo, r->hi, text);
    fprintf(out,
            "rwsem40 read lock and unlock, times of the same straight line of instructions: %s; "
            "of two locked adds and a store: %.3f.\n",
            text, r->value / adds->comparison.ratio.value);
}

const struct suite suite_fastpath = {
    .name = "fastpath",
    .question = "what does an uncontended lock cost, for every kind of lock?",
    .example = "linebounce run fastpath --lock rwsem40,refcount",
    .defaults = defaults,
    .shows_tables = true,
    .conclude = conclude,
};
