/* SPDX-License-Identifier: MIT
 *
 * Which events are counted together. Nothing is multiplexed: more events than counters take turns,
 * a group a round. What goes together is tried on the machine, since counters differ in what they
 * can count.
 */
#include "run_private.h"

/* Some microseconds of work for a group on trial. */
#define TRIAL_ITERATIONS 10000

bool lb_event_is_in_each(const struct lb_run_event *e)
{
    return e->group < 0 &&
           (e->event.quantity == LB_EVENT_CYCLES || e->event.quantity == LB_EVENT_INSTRUCTIONS);
}

uint32_t lb_runner_pmu_type(const struct lb_runner *b, int pu_os)
{
    const struct lb_core_pmu *pmu = lb_core_pmu_of(b->pmus, b->n_pmus, pu_os);

    return b->n_pmus > 1 && pmu ? pmu->type : 0;
}

int lb_runner_open(const struct lb_runner *b, struct lb_event_code *codes, uint64_t *words, int n,
                   struct lb_group *group)
{
    for (int i = 0; i < n; i++)
        if (codes[i].kind == LB_EVENT_WATCH) {
            codes[i].address = (uintptr_t)&words[i];
            codes[i].bytes = sizeof words[i];
        }
    return lb_group_open(b->options->calls ? b->options->calls : &lb_counter_system, codes, n,
                         lb_runner_pmu_type(b, lb_crew_pu_os(b->crew, 0)), b->options->count_kernel,
                         group);
}

/* One kind of group while it is filled: numbers first to end. */
struct shelf {
    struct lb_runner *bench;
    enum lb_event_kind kind;
    bool armed;
    bool apart; /* cycles and instructions take turns like the others */
    int room;   /* for events of its own */
    int first, end;
};

/* In every group of a timed round beside its own events. */
static bool is_common(const struct shelf *s, const struct lb_run_event *e)
{
    return !s->armed && !s->apart && e->state == LB_COUNT_COUNTED && lb_event_is_in_each(e);
}

static bool is_own(const struct shelf *s, const struct lb_run_event *e)
{
    return e->state == LB_COUNT_COUNTED && e->event.kind == s->kind && e->armed == s->armed &&
           !is_common(s, e);
}

/* Codes of a group as it is, the common ones first; -1: those alone. Returns how many; *own of them
 * are the group's own. */
static int codes_of(const struct shelf *s, int group, int *own,
                    struct lb_event_code codes[LB_GROUP_MOST])
{
    const struct lb_run *run = s->bench->run;
    int n = 0;

    for (size_t i = 0; i < run->n_events && n < LB_GROUP_MOST; i++)
        if (is_common(s, &run->events[i]))
            codes[n++] = run->events[i].code;
    *own = -n;
    for (size_t i = 0; group >= 0 && i < run->n_events && n < LB_GROUP_MOST; i++)
        if (is_own(s, &run->events[i]) && run->events[i].group == group)
            codes[n++] = run->events[i].code;
    *own += n;
    return n;
}

/* Opens the group and lets it run for a moment: some kernels (arm64) take more events than there
 * are counters, and then run none of them. */
static bool fits(const struct lb_runner *b, struct lb_event_code *codes, int n)
{
    struct lb_group group;
    uint64_t words[LB_GROUP_MOST] = {0};
    struct lb_count counts[LB_GROUP_MOST];
    bool good = lb_runner_open(b, codes, words, n, &group) == n;

    lb_group_begin(&group);
    lb_chain(TRIAL_ITERATIONS);
    lb_group_end(&group, counts);
    lb_group_close(&group);
    for (int i = 0; good && i < n; i++)
        good = counts[i].running_ns > 0;
    return good;
}

/* Whether a group (-1: of the common ones alone) takes one more. */
static bool takes(const struct shelf *s, int group, const struct lb_run_event *e)
{
    struct lb_event_code codes[LB_GROUP_MOST];
    int own, n = codes_of(s, group, &own, codes);

    if (own >= s->room || n >= LB_GROUP_MOST)
        return false;
    codes[n] = e->code;
    return fits(s->bench, codes, n + 1);
}

/* Into the first group that takes it, else a new one. */
static void place(struct shelf *s, struct lb_run_event *e)
{
    for (int group = s->first; group < s->end; group++)
        if (takes(s, group, e)) {
            e->group = group;
            return;
        }
    e->group = s->end++;
}

static void fill(struct shelf *s)
{
    struct lb_run *run = s->bench->run;

    for (size_t i = 0; i < run->n_events; i++)
        if (is_own(s, &run->events[i]))
            place(s, &run->events[i]);
}

/* Cycles and instructions go into each group, so that every ratio to them is of one window, unless
 * they leave no room or do not go together with each of the others. */
static void make_room(struct shelf *s)
{
    const struct lb_run *run = s->bench->run;
    struct lb_event_code codes[LB_GROUP_MOST];
    int own, common = codes_of(s, -1, &own, codes), room = s->room;

    s->room = room - common;
    s->apart = s->room < 1 || (common && !fits(s->bench, codes, common));
    for (size_t i = 0; !s->apart && i < run->n_events; i++)
        s->apart = is_own(s, &run->events[i]) && !takes(s, -1, &run->events[i]);
    if (s->apart)
        s->room = room;
}

void lb_runner_groups(struct lb_runner *b)
{
    struct lb_run *run = b->run;
    struct shelf pmu = {.bench = b, .kind = LB_EVENT_PMU, .room = LB_GROUP_PMU};
    struct shelf words = {.bench = b, .kind = LB_EVENT_WATCH, .room = LB_GROUP_WATCH};
    struct shelf armed = {
        .bench = b, .kind = LB_EVENT_WATCH, .armed = true, .room = LB_GROUP_WATCH};
    struct lb_event_code codes[LB_GROUP_MOST];
    int own;

    if (b->options->at_once > 0 && b->options->at_once < pmu.room)
        pmu.room = b->options->at_once;
    for (size_t i = 0; i < run->n_events; i++)
        run->events[i].group = -1;
    make_room(&pmu);
    fill(&pmu);
    words.apart = pmu.apart;
    words.first = words.end = pmu.end;
    fill(&words);
    fill(&armed);
    run->n_groups = words.end;
    if (!run->n_groups && codes_of(&pmu, -1, &own, codes))
        run->n_groups = 1; /* nothing but cycles and instructions */
    run->n_armed_groups = armed.end;
}
