/* SPDX-License-Identifier: MIT */
#include "suite.h"

#include <linebounce/run.h>

#include <errno.h>
#include <string.h>

const struct suite *const suites[] = {
    &suite_arrays,      &suite_churn,   &suite_errors, &suite_fastpath, &suite_harness,
    &suite_instruments, &suite_layouts, &suite_offset, &suite_pingpong, &suite_whatif};
const size_t n_suites = LB_COUNT(suites);

int suite_find(const char *name, struct lb_why *why, const struct suite **suite)
{
    for (size_t i = 0; i < n_suites; i++)
        if (!strcmp(name, suites[i]->name)) {
            *suite = suites[i];
            return 0;
        }
    char names[160] = "";
    for (size_t i = 0, used = 0; i < n_suites && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "",
                                 suites[i]->name);
    return lb_fail(why, ENOENT, "suite '%s': no such suite (known: %s)", name, names);
}

static bool any_armed(const struct settings *s)
{
    const struct lb_event *events = s->events.at;

    for (size_t i = 0; i < s->events.n; i++)
        if (lb_event_is_armed(&events[i]) && !*events[i].absent)
            return true;
    return false;
}

void request_from(const struct settings *s, const struct suite *suite, struct lb_request *r)
{
    *r = (struct lb_request){
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
        .baseline = s->baseline,
        .controls = true,
        .twins = s->twins,
        .twin_slow = s->twin_slow,
        .armed = any_armed(s),
    };
}
