/* SPDX-License-Identifier: MIT
 *
 * What looks at a window while it runs: which events are counted in which round, and which ops are
 * timed on their own.
 */
#include "run_private.h"

#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Timed ops from which the own-cache op and the timer's floor are taken. */
#define OWN_OPS   64
#define FLOOR_OPS 1001

bool lb_event_counts_waits(const struct lb_event *e)
{
    return e->quantity == LB_EVENT_CYCLES || e->quantity == LB_EVENT_INSTRUCTIONS;
}

/* Opens the event alone, as a window will. */
static void try_event(const struct lb_runner *b, struct lb_run_event *e)
{
    struct lb_event_code code = e->code;
    uint64_t word = 0;
    struct lb_group group;

    lb_runner_open(b, &code, &word, 1, &group);
    e->state = group.leader >= 0 ? LB_COUNT_COUNTED : group.events[0].count.state;
    if (group.leader < 0)
        snprintf(e->reason, sizeof e->reason, "%s", lb_count_reason(group.events[0].count.error));
    lb_group_close(&group);
}

static void check_event(const struct lb_runner *b, const struct lb_event *event,
                        struct lb_run_event *e)
{
    struct lb_why why;

    e->event = *event;
    e->armed = lb_event_is_armed(event);
    e->state = LB_COUNT_UNSUPPORTED;
    if (*event->absent)
        snprintf(e->reason, sizeof e->reason, "%s", event->absent);
    else if (lb_event_encode(event, &why, &e->code))
        snprintf(e->reason, sizeof e->reason, "%.255s", why.text);
    else
        try_event(b, e);
}

static struct lb_thread_plan timed_alone(enum lb_op op, uintptr_t word)
{
    return (struct lb_thread_plan){.x = {word, (uintptr_t)&lb_program_of_word},
                                   .sampling.timed = lb_hot_timed_find(op, LB_LOCK_RWSEM40, false)};
}

/* Why no op is timed, or the timer's floor. */
static int check_timer(struct lb_runner *b)
{
    struct lb_run *run = b->run;
    struct lb_thread_plan empty = timed_alone(LB_OP_EMPTY, 0);
    struct lb_thread_plan add = timed_alone(LB_OP_ADD, (uintptr_t)b->arena);
    double floor, own, mean;
    int err;

    run->timer_floor_ns = NAN;
    if (!b->options->sample_every)
        snprintf(run->sampling_note, sizeof run->sampling_note, "not asked for");
    else if (!empty.sampling.timed)
        snprintf(run->sampling_note, sizeof run->sampling_note,
                 "no ordered time-stamp is known for this architecture");
    else if (run->clock.kind == LB_CLOCK_MONOTONIC)
        snprintf(run->sampling_note, sizeof run->sampling_note,
                 "the clock is a system call: too slow beside an op");
    else if (run->clock.step_ns > LB_SAMPLE_STEP_MOST_NS)
        snprintf(run->sampling_note, sizeof run->sampling_note,
                 "the clock's step of %.0f ns is too coarse beside a line's transfer",
                 run->clock.step_ns);
    if (*run->sampling_note)
        return 0;
    if ((err = lb_crew_own_op(b->crew, &empty, FLOOR_OPS, &floor, &mean)) ||
        (err = lb_crew_own_op(b->crew, &add, FLOOR_OPS, &own, &mean)))
        return err;
    run->timer_floor_ns = floor * run->clock.ns_per_tick;
    run->own_add_ns = own * run->clock.ns_per_tick;
    return 0;
}

int lb_runner_instruments(struct lb_runner *b)
{
    struct lb_run *run = b->run;
    size_t n = b->options->n_events;

    if (n && !(run->events = calloc(n, sizeof *run->events)))
        return -ENOMEM;
    run->n_events = n;
    b->n_pmus = lb_core_pmus("/sys", b->pmus);
    for (size_t i = 0; i < n; i++)
        check_event(b, &b->options->events[i], &run->events[i]);
    lb_runner_groups(b);
    return check_timer(b);
}

static unsigned greatest_common_divisor(unsigned a, unsigned b)
{
    while (b) {
        unsigned rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Groups take turns as roles do over the PUs, which would see an even number of groups at each of
 * two PUs in one role alone: once both have been round together, the groups go a step further. */
static int turn_of_group(const struct lb_runner *b, const struct lb_case *c, int groups)
{
    unsigned round = b->round / (unsigned)c->every, g = (unsigned)groups;
    unsigned pus = (unsigned)b->plan->placements[c->placement].n;
    unsigned common = greatest_common_divisor(g, pus), period = g / common * pus;

    return (int)((round + (common > 1 ? round / period : 0)) % g);
}

/* The events of this window: a timed round's group or an armed window's. */
static void choose(const struct lb_runner *b, const struct lb_case *c, struct lb_attempt *a)
{
    const struct lb_run *run = b->run;
    int groups = a->armed ? run->n_armed_groups : run->n_groups;
    int turn = groups ? turn_of_group(b, c, groups) : 0;

    a->n_events = 0;
    if (!(c->instruments & LB_INSTRUMENT_COUNTERS) || !groups)
        return;
    for (size_t i = 0; i < run->n_events; i++) {
        const struct lb_run_event *e = &run->events[i];
        bool due = e->group == turn || (!a->armed && lb_event_is_in_each(e));
        if (e->state == LB_COUNT_COUNTED && e->armed == a->armed && due &&
            a->n_events < LB_GROUP_MOST)
            a->events[a->n_events++] = (int)i;
    }
}

/* The controls answer for every watch: there, each watched word is the one that is added to. */
static bool aim(const struct lb_runner *b, const struct lb_case *c, const struct lb_attempt *a,
                int thread, struct lb_why *why, struct lb_event_code *code)
{
    enum lb_purpose purpose = c->shape.scenario->purpose;
    bool control = purpose == LB_PURPOSE_SHARED_CONTROL || purpose == LB_PURPOSE_APART_CONTROL;
    const struct lb_word count = {LB_WATCH_COUNT, ""};

    if (code->kind != LB_EVENT_WATCH || (code->word.watch >= LB_WATCH_START && !control) ||
        !a->armed)
        return true;
    return !lb_workload_watch(&c->shape, &a->draw, b->arena, thread, control ? &count : &code->word,
                              why, &code->address, &code->bytes);
}

/* A word that the case lacks leaves the group of all its threads; the first reason is kept. */
static void equip_counters(struct lb_runner *b, const struct lb_case *c, struct lb_attempt *a)
{
    choose(b, c, a);
    for (int k = 0; k < a->n_events;) {
        bool known = true;
        struct lb_why why = {""};
        for (int i = 0; known && i < c->shape.threads; i++) {
            struct lb_event_code *code = &a->codes[i * LB_GROUP_MOST + k];
            *code = b->run->events[a->events[k]].code;
            known = aim(b, c, a, i, &why, code);
        }
        if (known) {
            k++;
            continue;
        }
        struct lb_run_event *e = &b->run->events[a->events[k]];
        if (!*e->reason)
            snprintf(e->reason, sizeof e->reason, "%.255s", why.text);
        a->n_events--;
        memmove(a->events + k, a->events + k + 1, (size_t)(a->n_events - k) * sizeof *a->events);
    }
    for (int i = 0; i < c->shape.threads; i++) {
        struct lb_thread_plan *t = &a->threads[i];
        t->codes = &a->codes[i * LB_GROUP_MOST];
        t->n_codes = a->n_events;
        t->pmu_type = lb_runner_pmu_type(b, lb_crew_pu_os(b->crew, t->worker));
    }
}

/* Without a pause an op is long because its owner keeps the line for bursts, and each timed op
 * breaks one: one in 61 made contended ops of 55 ns 4 % faster. */
static uint64_t gap_of(const struct lb_runner *b, const struct lb_case *c,
                       const struct lb_attempt *a)
{
    if (b->options->sample_every != LB_SAMPLE_AUTO)
        return b->options->sample_every;
    if (c->shape.scenario->subject->uses_pages) /* no line is kept for a burst */
        return LB_SAMPLE_LONG;
    return c->work_ns > 0 && b->op_ns[a->case_index] > LB_SAMPLE_LONG_NS ? LB_SAMPLE_LONG
                                                                         : LB_SAMPLE_SHORT;
}

/* Halfway between the op in its own cache and the op that fetches one line. */
static int calibrate(struct lb_runner *b, const struct lb_case *c, struct lb_attempt *a, int role)
{
    double ticks, mean;
    int thread = 0, err;

    while (thread < c->shape.threads && !lb_case_plays(c, role, thread))
        thread++;
    if (thread == c->shape.threads)
        return 0;
    if ((err = lb_crew_own_op(b->crew, &a->threads[thread], OWN_OPS, &ticks, &mean)))
        return err;
    a->own_ns[role] = ticks * b->run->clock.ns_per_tick;
    a->own_mean_ns[role] = mean * b->run->clock.ns_per_tick;
    if (c->shape.threads > 1)
        a->slow_ns[role] = a->own_ns[role] + a->transfer_ns / 2;
    /* Within a step of the clock the two cannot be told apart: SMT siblings share their caches. */
    if (!(a->transfer_ns >= LB_TRANSFER_STEPS * b->run->clock.step_ns))
        a->slow_ns[role] = NAN;
    return 0;
}

static int equip_sampling(struct lb_runner *b, const struct lb_case *c, struct lb_attempt *a)
{
    int err = 0;

    for (int i = 0; i < c->shape.threads; i++) {
        a->threads[i].sampling = (struct lb_sampling){
            .timed = lb_workload_timed(&c->shape, i),
            .pause = c->work_ns > 0 ? lb_hot_find(LB_OP_EMPTY, c->shape.lock, false, true) : NULL,
            .every = gap_of(b, c, a),
            .slow_ticks = UINT64_MAX,
        };
    }
    /* An op tried before the window would touch its pages. */
    if (c->shape.scenario->subject->uses_pages)
        return 0;
    a->transfer_ns = b->transfer_ns;
    for (int i = 0; i < LB_COSTS; i++)
        a->costs[i] = c->shape.threads > 1 ? b->costs[i] : NAN;
    for (int role = 0; !err && role < lb_case_roles(c); role++)
        err = calibrate(b, c, a, role);
    for (int i = 0; i < c->shape.threads; i++)
        for (int role = 0; role < lb_case_roles(c); role++)
            if (lb_case_plays(c, role, i) && isfinite(a->slow_ns[role]))
                a->threads[i].sampling.slow_ticks =
                    lb_clock_ticks(&b->run->clock, a->slow_ns[role]);
    return err;
}

int lb_runner_equip(struct lb_runner *b, const struct lb_case *c, struct lb_attempt *a)
{
    for (int role = 0; role < 2; role++)
        a->own_ns[role] = a->own_mean_ns[role] = a->slow_ns[role] = NAN;
    a->transfer_ns = NAN;
    for (int i = 0; i < LB_COSTS; i++)
        a->costs[i] = NAN;
    equip_counters(b, c, a);
    if (a->armed) {
        for (int i = 0; i < c->shape.threads; i++)
            a->threads[i].ops_most = LB_ARMED_OPS;
        return 0;
    }
    /* Alone, an op on a ring waits in vain: it has no time of its own. */
    if (*b->run->sampling_note || !(c->instruments & LB_INSTRUMENT_SAMPLING) ||
        lb_scenario_does(c->shape.scenario, LB_OP_PUSH))
        return 0;
    return equip_sampling(b, c, a);
}

struct lb_count lb_runner_count(const struct lb_attempt *a, const struct lb_case *c, int role,
                                int k, double *ops)
{
    struct lb_count sum = {.state = LB_COUNT_UNASKED};

    *ops = 0;
    for (int i = 0; i < c->shape.threads; i++)
        if (lb_case_plays(c, role, i)) {
            lb_count_add(&a->results[i].counts[k], &sum);
            *ops += (double)a->results[i].total_ops;
        }
    return sum;
}

void lb_runner_tally(const struct lb_attempt *a, const struct lb_case *c, int role,
                     struct lb_tally *tallies)
{
    for (int k = 0; k < a->n_events; k++) {
        struct lb_tally *t = &tallies[a->events[k]];
        double ops;
        struct lb_count sum = lb_runner_count(a, c, role, k, &ops);
        if (sum.state == LB_COUNT_UNASKED || !(ops > 0))
            continue;
        t->count += sum.scaled;
        t->ops += ops;
        if (sum.state > t->state) {
            t->state = sum.state;
            t->error = sum.error;
        }
    }
}
