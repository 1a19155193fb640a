/* SPDX-License-Identifier: MIT
 *
 * From settings to what one suite asks for, and whether that makes sense.
 */
#include "request.h"

#include "suite.h"

#include <linebounce/run.h>
#include <linebounce/scenario.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int suite_can_answer(const struct suite *suite, const struct settings *s,
                     const struct lb_plan *plan, struct lb_why *why)
{
    bool asked = s->threads.n || s->pus || s->placements.n, alone = false;

    if (!suite->asks_sharing || (suite->costs_alone && asked))
        return 0;
    for (size_t i = 0; i < plan->n_cases; i++) {
        if (!lb_case_is_about_sharing(&plan->cases[i]))
            continue;
        if (plan->cases[i].shape.threads > 1)
            return 0;
        alone = true;
    }
    return !alone ? 0
                  : lb_fail(why, ENODEV,
                            "suite %s: one thread alone shares no line, so nothing could be "
                            "answered: it takes two allowed CPUs%s",
                            suite->name,
                            suite->costs_alone ? " (--threads 1 measures what an op costs alone)"
                                               : "");
}

static bool any_armed(const struct settings *s)
{
    const struct lb_event *events = s->events.at;

    for (size_t i = 0; i < s->events.n; i++)
        if (lb_event_is_armed(&events[i]) && !*events[i].absent)
            return true;
    return false;
}

static struct lb_request as_given(const struct settings *s, const struct suite *suite)
{
    return (struct lb_request){
        .suite = suite->name,
        .scenarios = s->scenarios.at,
        .n_scenarios = s->scenarios.n,
        .layouts = s->layouts.at,
        .n_layouts = s->layouts.n,
        .locks = s->locks.at,
        .n_locks = s->locks.n,
        .placements = s->placements.at,
        .n_placements = s->placements.n,
        .threads = s->threads.at,
        .n_threads = s->threads.n,
        .work_ns = s->works.at,
        .n_work_ns = s->works.n,
        .objects = s->objects.at,
        .n_objects = s->objects.n,
        .access = s->access.at,
        .n_access = s->access.n,
        .offsets = s->offsets.at,
        .n_offsets = s->offsets.n,
        .homes = s->homes.at,
        .n_homes = s->homes.n,
        .pus = s->pus,
        .writers = s->writers,
        .write_every_ns = s->write_every_ns,
        .observe_every_ns = s->observe_every_ns,
        .generation = s->generation,
        .mm_form = s->mm_form,
        .baseline = s->baseline,
        .controls = true,
        .memory_bytes = s->memory_bytes,
        .first_touch = true,
        .twins = s->twins,
        .twin_slow = s->twin_slow,
        .armed = any_armed(s),
    };
}

void request_init(const struct settings *s, const struct suite *suite, struct request *r)
{
    *r = (struct request){
        .plan = as_given(s, suite),
        .rounds = s->rounds,
        .events = s->events.at,
        .n_events = s->events.n,
    };
    suite->defaults(s, r);
}

/* Sees the names of a layout's fields; whether `field` is one of them. */
static bool has_field(const struct lb_layout *l, const char *field, struct lb_nearest *nearest)
{
    const struct lb_member *member;

    for (size_t i = 0; i < l->n_accesses; i++)
        lb_nearest_see(l->accesses[i].field, nearest);
    return lb_layout_find_field(l, field) ||
           (l->structure && !lb_structure_find_member(l->structure, field, NULL, &member));
}

static int check_field(const struct lb_plan *plan, const char *field, struct lb_why *why)
{
    struct lb_nearest nearest = {.name = field};
    char near[LB_NEAREST_MOST * (LB_DISTANCE_BYTES + 2) + 16];
    const struct lb_layout *last = NULL;

    for (size_t i = 0; i < plan->n_cases; i++) {
        const struct lb_layout *l = plan->cases[i].shape.layout;
        if (l && l != last && has_field(l, field, &nearest))
            return 0;
        last = l;
    }
    for (int i = 0; i < LB_WATCHES; i++)
        lb_nearest_see(lb_watch_name((enum lb_watch)i), &nearest);
    return lb_fail(why, EINVAL, "event bp:%s: no layout here has such a field%s", field,
                   lb_nearest_text(&nearest, near, sizeof near));
}

int request_check_fields(const struct request *r, const struct lb_plan *plan, struct lb_why *why)
{
    const struct lb_event *events = r->events;
    int err = 0;

    for (size_t i = 0; !err && i < r->n_events; i++)
        if (events[i].kind == LB_EVENT_WATCH && events[i].word.watch == LB_WATCH_FIELD)
            err = check_field(plan, events[i].word.field, why);
    return err;
}

static bool any_paced(const struct lb_plan *plan, enum lb_pace pace)
{
    for (size_t i = 0; i < plan->n_cases; i++)
        if (plan->cases[i].shape.scenario->pace == pace && plan->cases[i].shape.every_ns > 0)
            return true;
    return false;
}

int request_check_rates(const struct settings *s, const struct lb_plan *plan, struct lb_why *why)
{
    if (s->suites.n > 1) /* one of them may have it */
        return 0;
    if (s->write_every_given && !any_paced(plan, LB_PACE_SECOND))
        return lb_fail(why, EINVAL,
                       "--write-every: nothing here has writers that it could set: scenario mixed "
                       "has, on two threads or more");
    if (s->observe_every_given && s->observe_every_ns > 0 && !any_paced(plan, LB_PACE_ALL))
        return lb_fail(why, EINVAL,
                       "--observe-every: nothing here goes by it: scenario observer does, with a "
                       "pause (--work-ns over 0) and on two threads or more");
    return 0;
}

static bool any_locked(const struct lb_plan *plan)
{
    for (size_t i = 0; i < plan->n_cases; i++)
        if (lb_workload_locks(&plan->cases[i].shape))
            return true;
    return false;
}

int request_check_locks(const struct settings *s, const struct lb_plan *plan, struct lb_why *why)
{
    if (!s->locks.n || s->suites.n > 1 || any_locked(plan)) /* one of several may have it */
        return 0;
    return lb_fail(why, EINVAL, "--lock: nothing here takes a lock%s%s",
                   plan->n_refused ? ": " : "", plan->n_refused ? plan->refused : "");
}

void request_finish(struct request *r)
{
    free(r->own.scenarios.at);
    free(r->own.layouts.at);
    free(r->own.offsets.at);
    free(r->own.events.at);
}

void request_offsets(const struct settings *s, size_t base, struct request *r)
{
    const size_t *given = s->offsets.at;
    bool has_base = false;

    for (size_t i = 0; i < s->offsets.n; i++) {
        list_add(&r->own.offsets, sizeof given[i], &given[i]);
        has_base |= given[i] == base;
    }
    if (!has_base)
        list_add(&r->own.offsets, sizeof base, &base);
    r->plan.offsets = r->own.offsets.at;
    r->plan.n_offsets = r->own.offsets.n;
}
