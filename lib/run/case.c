/* SPDX-License-Identifier: MIT
 *
 * One case, one window: laying out, probing, measuring, judging, keeping.
 */
#include "run_private.h"

#include <linebounce/memory.h>
#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A flag and 32 lines to fetch. */
#define FETCH_LINES 33
/* Of several links each is probed shorter, so that probes stay below a tenth of a short window. A
 * virtual CPU that moves changes a round trip by a factor of 3 to 6: that shows. */
#define RING_LINES 3
#define RING_TRIPS 16

/* Round trips along the ring of the placement's PUs. Its order never rotates, so link i is the same
 * pair in every probe and a virtual CPU that moves shows in its two links. Where ops are timed,
 * also what fetching a modified line adds to an op on the nearest link. */
static int probe_ring(struct lb_runner *b, const struct lb_placement *p, float *links)
{
    uintptr_t lines[LB_PINGPONG_LINES + FETCH_LINES];
    int n = lb_ring_links(p->n), n_fetch = *b->run->sampling_note ? 0 : FETCH_LINES;
    int n_lines = n > 1 ? RING_LINES : LB_PINGPONG_LINES;
    int trips = n > 1 ? RING_TRIPS : LB_PINGPONG_TRIPS;
    double least = NAN;

    for (int i = 0; i < n; i++) {
        double ns, fetch = NAN;
        int ends[2];
        lb_ring_link(p->n, i, ends);
        lb_runner_lines(b, n_lines + n_fetch, lines);
        int err = lb_crew_probe(b->crew, lb_runner_worker(b, p->pu_os[ends[0]]),
                                lb_runner_worker(b, p->pu_os[ends[1]]), lines, n_lines, trips,
                                n_fetch, &ns, &fetch);
        if (err)
            return err;
        links[i] = (float)ns;
        least = fmin(least, fetch);
    }
    b->transfer_ns = least * b->run->clock.ns_per_tick - b->run->own_add_ns;
    return 0;
}

int lb_runner_costs(struct lb_runner *b, int placement)
{
    const struct lb_placement *p = &b->plan->placements[placement];
    uintptr_t lines[LB_COST_LINES];

    for (int i = 0; i < LB_COSTS; i++)
        b->costs[i] = NAN;
    lb_runner_go_home(b, placement);
    for (int i = 0; !*b->run->sampling_note && i < lb_ring_links(p->n); i++) {
        double ticks[LB_COSTS];
        int ends[2], err;
        lb_ring_link(p->n, i, ends);
        lb_runner_lines(b, LB_COST_LINES, lines);
        err = lb_crew_costs(b->crew, lb_runner_worker(b, p->pu_os[ends[0]]),
                            lb_runner_worker(b, p->pu_os[ends[1]]), lines, ticks);
        if (err)
            return err;
        double fetch_ns = ticks[LB_COST_LOAD] * b->run->clock.ns_per_tick;
        if (!(fetch_ns < b->costs[LB_COST_LOAD]) && !isnan(b->costs[LB_COST_LOAD]))
            continue; /* a nearer link is known */
        for (int k = 0; k < LB_COSTS; k++)
            b->costs[k] = ticks[k] * b->run->clock.ns_per_tick;
    }
    return 0;
}

/* How often the case was due before this round: what its roles and residues take turns by. A case
 * of every second round would see only even rounds. */
static unsigned turn_of(const struct lb_runner *b, const struct lb_case *c)
{
    return b->round / (unsigned)c->every;
}

/* Two hits or three of a breakpoint: what the first block of an armed window is cut for. */
#define ARMED_OP_NS 30000.0

/* Roles rotate over the PUs from turn to turn: thread i sits on the placement's PU (i + turn) mod
 * n, also where the case leaves some of the placement's PUs idle. */
/* Ops that begin as the clock steps would be timed short: they begin some steps later, drawn. */
#define DITHER_STEPS 4

static struct lb_pacing pace(const struct lb_runner *b, const struct lb_case *c, int thread)
{
    const struct lb_clock *clock = &b->run->clock;
    double span = DITHER_STEPS * clock->step_ns / b->run->chain_ns;
    int role = lb_scenario_role(c->shape.scenario, &c->shape.writers, thread, c->shape.threads);

    if (!lb_workload_paced(&c->shape, role))
        return (struct lb_pacing){.every_ticks = 0};
    return (struct lb_pacing){
        .every_ticks = lb_clock_ticks(clock, c->shape.every_ns),
        .timed = clock->kind == LB_CLOCK_MONOTONIC /* whose ticks are not the stamps' */
                     ? NULL
                     : lb_hot_timed_find(lb_workload_op(&c->shape, thread), c->shape.lock,
                                         lb_workload_indirect(&c->shape)),
        .dither = lb_hot_find(LB_OP_EMPTY, c->shape.lock, false, true),
        .dither_span = span < LB_SPAN_LEAST ? LB_SPAN_LEAST : (uint64_t)(span + 0.5),
    };
}

static void plan_threads(struct lb_runner *b, const struct lb_case *c, struct lb_attempt *a)
{
    const struct lb_placement *p = &b->plan->placements[c->placement];
    bool paused = c->work_ns > 0;
    double span = c->work_ns * c->slow / b->run->chain_ns;

    for (int i = 0; i < c->shape.threads; i++) {
        enum lb_op op = lb_workload_op(&c->shape, i);
        uint64_t seed = b->round_seed + (uint64_t)i;
        struct lb_pacing pacing = pace(b, c, i);
        a->threads[i] = (struct lb_thread_plan){
            .worker =
                lb_runner_worker(b, p->pu_os[(i + (int)(turn_of(b, c) % (unsigned)p->n)) % p->n]),
            .loop = lb_workload_loop(&c->shape, i, paused && !pacing.every_ticks),
            .seed = lb_random(&seed),
            .span = span < LB_SPAN_LEAST ? LB_SPAN_LEAST : (uint64_t)(span + 0.5),
            .op_ns = a->armed ? ARMED_OP_NS : b->op_ns[a->case_index],
            .faults_op = lb_op_faults(op),
            .picks = a->placed.draw_words,
            .picks_start = b->picks,
            .pacing = pacing,
            .ops_most = lb_case_is_first(c) ? lb_runner_touches_left(b, c) : 0,
        };
        memcpy(a->threads[i].x, a->sites[i].x, sizeof a->threads[i].x);
    }
}

/* What a window may take is there, or it does not begin: an error is better than the kernel's
 * killer. */
static int check_room(const struct lb_case *c, struct lb_why *why)
{
    struct lb_memory memory;

    if (!c->shape.scenario->subject->uses_pages)
        return 0;
    lb_memory_read("", &memory);
    return lb_memory_room(&memory, c->shape.scenario->name, lb_pages_bytes(&c->shape), why);
}

/* The sentence for what has failed in a scenario with pages; others have theirs elsewhere. */
static int explain(const struct lb_runner *b, const struct lb_case *c, const struct lb_attempt *a,
                   int err, struct lb_why *why)
{
    return err && c->shape.scenario->subject->uses_pages
               ? lb_pages_explain(&c->shape, &a->draw, b->arena, err, why)
               : err;
}

static int set_up(struct lb_runner *b, const struct lb_case *c, struct lb_attempt *a,
                  struct lb_why *why)
{
    int err = check_room(c, why);

    if (err)
        return err;
    err = lb_workload_place(&c->shape, &a->draw, b->arena, b->arena_bytes, b->picks, a->sites,
                            &a->placed);
    if (err)
        return explain(b, c, a, err, why);
    plan_threads(b, c, a);
    if ((err = lb_runner_equip(b, c, a)))
        lb_workload_release(&c->shape, &a->draw, b->arena);
    return err;
}

/* After a window: what it had outside the arena goes, but for pages that were touched first. */
static int tear_down(struct lb_runner *b, const struct lb_case *c, struct lb_attempt *a, int err,
                     struct lb_why *why)
{
    if (!err)
        err = explain(b, c, a, lb_workload_check(&c->shape, &a->draw, b->arena), why);
    if (lb_case_is_first(c))
        return err ? (lb_workload_release(&c->shape, &a->draw, b->arena), err)
                   : lb_runner_hoard(b, c, a);
    lb_workload_release(&c->shape, &a->draw, b->arena);
    return err;
}

static bool all_met(const float *links, int n)
{
    for (int i = 0; i < n; i++)
        if (isnan(links[i]))
            return false;
    return true;
}

/* The probe after one window is the probe before the next, unless another placement comes, or the
 * two had not met. */
static int probe_before(struct lb_runner *b, const struct lb_case *c, struct lb_attempt *a)
{
    int err = 0;

    if (b->probe_placement != c->placement || !all_met(b->probe, a->n_links))
        err = probe_ring(b, &b->plan->placements[c->placement], b->probe);
    b->probe_placement = c->placement;
    memcpy(a->before, b->probe, (size_t)a->n_links * sizeof *a->before);
    return err;
}

static double block_ns(const struct lb_case *c)
{
    enum lb_op op = c->shape.scenario->roles[0].op;

    return op == LB_OP_TOUCH_BARE    ? LB_BARE_BLOCK_NS
           : op == LB_OP_TOUCH_REMAP ? LB_REMAP_BLOCK_NS
                                     : 0;
}

static int measure(struct lb_runner *b, const struct lb_case *c, struct lb_attempt *a,
                   struct lb_why *why)
{
    /* Stalls stay in where threads share nothing too: what a hypervisor takes then is in both of a
     * difference, and falls out. */
    struct lb_window_plan window = {.threads = a->threads,
                                    .n_threads = c->shape.threads,
                                    .window_ns = c->window_ns,
                                    .keep_gaps = c->blocks,
                                    .stalls = c->shape.threads > 1 && !(c->work_ns > 0),
                                    .armed = a->armed,
                                    .check_faults = c->shape.scenario->subject->uses_pages,
                                    .block_ns = block_ns(c),
                                    .count_kernel = b->options->count_kernel,
                                    .calls = b->options->calls};
    int64_t steal = lb_environment_steal_ticks();
    int err = probe_before(b, c, a);

    if (err || (err = set_up(b, c, a, why)))
        return err; /* nothing was allocated, or the set-up has freed it */
    a->start_ns = lb_clock_ns(&b->run->clock, lb_clock_now(&b->run->clock) - b->start_ticks);
    err = lb_crew_window(b->crew, &window, a->results, &a->spoiled);
    err = tear_down(b, c, a, err, why);
    if (err || (err = probe_ring(b, &b->plan->placements[c->placement], b->probe)))
        return err;
    b->run->measured_s += c->window_ns * 1e-9 * (1 + LB_WARMUP_SHARE);
    memcpy(a->after, b->probe, (size_t)a->n_links * sizeof *a->after);
    lb_runner_learn(b, c->placement, a->before, a->after, a->n_links);
    if (!a->spoiled && !a->armed &&
        !lb_probes_agree(a->before, a->after, a->n_links, lb_runner_agreement(b, c->placement)))
        a->spoiled = LB_SPOILED_REGIME;
    a->steal = steal < 0 ? -1 : lb_environment_steal_ticks() - steal;
    return 0;
}

static int allocate(struct lb_attempt *a, const struct lb_placement *p)
{
    size_t n = (size_t)p->n; /* a ring has no more links than PUs, a case no more threads */

    a->n_links = lb_ring_links(p->n);
    a->sites = aligned_alloc(_Alignof(struct lb_site), n * sizeof *a->sites);
    a->threads = calloc(n, sizeof *a->threads);
    a->results = calloc(n, sizeof *a->results);
    a->ops = calloc(n, sizeof *a->ops);
    a->codes = calloc(n * LB_GROUP_MOST, sizeof *a->codes);
    a->before = calloc(n, sizeof *a->before);
    a->after = calloc(n, sizeof *a->after);
    return a->sites && a->threads && a->results && a->ops && a->codes && a->before && a->after
               ? 0
               : -ENOMEM;
}

static void release(struct lb_attempt *a)
{
    free(a->sites);
    free(a->threads);
    free(a->results);
    free(a->ops);
    free(a->codes);
    free(a->before);
    free(a->after);
}

static void remember_op(struct lb_runner *b, const struct lb_attempt *a, int threads)
{
    double longest = 0;

    for (int i = 0; i < threads; i++)
        if (a->results[i].ops > 0 && a->results[i].busy_ns / a->results[i].ops > longest)
            longest = a->results[i].busy_ns / a->results[i].ops;
    if (longest > 0)
        b->op_ns[a->case_index] = longest;
}

/* A moved thread is either bad luck (somebody changed a mask and changed it back) or the end: a PU
 * is gone. */
static int recheck(struct lb_runner *b, const struct lb_case *c, struct lb_why *why)
{
    const struct lb_placement *p = &b->plan->placements[c->placement];

    return lb_topology_recheck(p->pu_os, (size_t)p->n, why);
}

static void say_busy(const struct lb_case *c, int err, struct lb_why *why)
{
    if (err == -EBUSY)
        lb_fail(why, EBUSY, "%s: a lock was not idle after its window (a bug: please report)",
                c->shape.scenario->name);
}

/* One window with its repeats. 1: measured; 0: every attempt was spoiled. */
static int one_phase(struct lb_runner *b, const struct lb_case *c, struct lb_attempt *a,
                     struct lb_sum *sum, struct lb_why *why)
{
    struct lb_series *series = &b->run->series[a->case_index];
    int err;

    for (; a->number <= lb_runner_repeats(b, c) && !lb_runner_is_over(b); a->number++) {
        if ((err = measure(b, c, a, why))) {
            say_busy(c, err, why);
            return err;
        }
        series->attempts++;
        series->spoiled += a->spoiled != LB_SPOILED_NOT;
        series->tried += !a->number && a->spoiled != LB_SPOILED_REGIME;
        series->failed += !a->number && a->spoiled && a->spoiled != LB_SPOILED_REGIME;
        b->run->windows_spoiled += a->spoiled != LB_SPOILED_NOT;
        b->run->spoiled_by[a->spoiled] += a->spoiled != LB_SPOILED_NOT;
        remember_op(b, a, c->shape.threads);
        if ((err = lb_runner_write(b, a, why)))
            return err;
        b->window++;
        if (a->spoiled == LB_SPOILED_MOVED && (err = recheck(b, c, why)))
            return err;
        if (!a->spoiled) {
            lb_sum_add(b, a, sum);
            return 1;
        }
    }
    return 0;
}

/* One window more, in which each op hits breakpoints. It is judged and repeated by nobody: what it
 * counts is exact or missing. */
static int armed_window(struct lb_runner *b, const struct lb_case *c, struct lb_attempt *a,
                        bool kept, struct lb_why *why)
{
    int err;

    a->armed = true;
    a->phase = a->number = 0;
    a->draw = b->draw;
    a->draw.turn = (unsigned)c->phases * turn_of(b, c);
    if ((err = measure(b, c, a, why))) {
        say_busy(c, err, why);
        return err;
    }
    if ((err = lb_runner_write(b, a, why)))
        return err;
    b->window++;
    if (a->spoiled)
        return recheck(b, c, why);
    if (kept)
        lb_sum_armed(b, a);
    return 0;
}

static int phases(struct lb_runner *b, const struct lb_case *c, struct lb_attempt *a,
                  struct lb_sum *sum, struct lb_why *why)
{
    int got = 1;

    for (; got >= 0 && a->phase < c->phases; a->phase++) {
        a->draw = b->draw;
        /* Every residue in this round, with other partners than in the last; or one of them. */
        a->draw.turn = (unsigned)a->phase + (unsigned)c->phases * turn_of(b, c);
        if ((got = one_phase(b, c, a, sum, why)) == 0)
            break;
        a->number = 0;
    }
    return got;
}

/* Goes on where a resumed run was. */
static void take_pending(struct lb_runner *b, struct lb_attempt *a, struct lb_sum *sum)
{
    if (b->pending.case_index != a->case_index)
        return;
    a->phase = b->pending.phase;
    a->number = b->pending.attempts;
    lb_sum_finish(sum);
    *sum = *b->pending.sum;
    free(b->pending.sum);
    b->pending = (struct lb_pending){.case_index = -1};
}

/* All windows that are timed, and the sample that they make. */
static int timed_windows(struct lb_runner *b, const struct lb_case *c, struct lb_attempt *a,
                         struct lb_why *why)
{
    struct lb_sum sum = {0};
    int got = lb_sum_init(b->run, c, &sum);

    take_pending(b, a, &sum);
    if (!got)
        got = phases(b, c, a, &sum, why);
    if (got > 0)
        got = lb_sum_keep(b->run, a->case_index, b->round, a->after, a->n_links, &sum);
    lb_sum_finish(&sum);
    return got;
}

static bool has_sample(const struct lb_runner *b, int case_index)
{
    const struct lb_series *s = &b->run->series[case_index];

    return s->n && s->samples[0][s->n - 1].round == b->round;
}

int lb_runner_case(struct lb_runner *b, int case_index, struct lb_why *why)
{
    const struct lb_case *c = &b->plan->cases[case_index];
    struct lb_attempt a = {.case_index = case_index};
    bool timed = b->pending.case_index == case_index && !b->pending.sum;
    int got = allocate(&a, &b->plan->placements[c->placement]);

    lb_runner_go_home(b, c->placement);
    if (timed)
        b->pending.case_index = -1;
    else if (!got)
        got = timed_windows(b, c, &a, why);
    if (got >= 0 && !lb_runner_is_over(b))
        b->done[case_index] = b->round;
    if (got >= 0 && c->armed && b->run->n_armed_groups && !lb_runner_is_over(b))
        got = armed_window(b, c, &a, has_sample(b, case_index), why);
    release(&a);
    return got < 0 ? got : 0;
}
