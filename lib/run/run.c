/* SPDX-License-Identifier: MIT
 *
 * A plan measured round by round, from memory and crew to the last window.
 */
#include <linebounce/run.h>

#include "run_private.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *lb_run_end_name(enum lb_run_end end)
{
    static const char *const names[] = {"precise", "budget", "rounds", "interrupted", "failed"};

    return names[end];
}

/* Where nothing asks for more: room for a draw from a thousand pages, small enough for a shared
 * machine. */
#define ARENA_LEAST ((size_t)32 << 20)

static size_t arena_need(const struct lb_plan *plan)
{
    size_t bytes = ARENA_LEAST;

    /* `many` needs its footprint once; the others draw from four times their need. */
    for (size_t i = 0; i < plan->n_cases; i++) {
        const struct lb_workload *s = &plan->cases[i].shape;
        size_t need = lb_workload_bytes(s) * (lb_workload_fills(s) ? 1 : 8);
        bytes = need + 65536 > bytes ? need + 65536 : bytes;
    }
    return bytes;
}

static int make_home(struct lb_runner *b, struct lb_runner_home *home, struct lb_why *why)
{
    struct lb_arena_info info;
    int err = lb_arena_create(arena_need(b->plan), home->node_os, why, &home->memory);

    if (err == -ENOTSUP && home->node_os >= 0)
        /* no libnuma in this build: first touch by the pinned worker 0 places it */
        err = lb_arena_create(arena_need(b->plan), -1, why, &home->memory);
    if (err)
        return err;
    lb_arena_info(home->memory, &info);
    home->base = info.base;
    b->arena_bytes = info.bytes;
    if (!*b->run->arena_note)
        snprintf(b->run->arena_note, sizeof b->run->arena_note, "%s", info.note);
    return 0;
}

/* One arena for every node that some placement calls home. */
static int make_arenas(struct lb_runner *b, struct lb_why *why)
{
    size_t n = b->plan->n_placements;
    int err = 0;

    b->homes = calloc(n, sizeof *b->homes);
    b->home_of = calloc(n, sizeof *b->home_of);
    if (!b->homes || !b->home_of)
        return -ENOMEM;
    for (size_t i = 0; !err && i < n; i++) {
        const struct lb_placement *p = &b->plan->placements[i];
        int node = p->home == LB_HOME_INTERLEAVED ? LB_ARENA_INTERLEAVED : p->home_node_os;
        size_t k = 0;
        while (k < b->n_homes && b->homes[k].node_os != node)
            k++;
        b->home_of[i] = (int)k;
        if (k < b->n_homes)
            continue;
        b->homes[k].node_os = node;
        b->n_homes++;
        err = make_home(b, &b->homes[k], why);
    }
    return err;
}

void lb_runner_go_home(struct lb_runner *b, int placement)
{
    b->arena = b->homes[b->home_of[placement]].base;
}

static bool is_listed(const int *list, int n, int pu_os)
{
    for (int i = 0; i < n; i++)
        if (list[i] == pu_os)
            return true;
    return false;
}

static int make_clock(struct lb_runner *b, const int *pus, int n, struct lb_why *why)
{
    int err = lb_clock_init(LB_CLOCK_TSC, &b->run->clock);

    if (err)
        return lb_fail(why, -err, "clock: this machine has no usable time source");
    if ((err = lb_clock_check_pus(&b->run->clock, pus, (size_t)n)))
        return lb_fail(why, -err, "clock: cannot be compared across the PUs: %s",
                       err == -ETIMEDOUT ? "two of them hardly ever run this program at once"
                                         : strerror(-err));
    return 0;
}

/* The PUs that any placement uses; the first placement's first one is the coordinator's. */
static int list_pus(struct lb_runner *b, const struct lb_topology *t)
{
    b->pus = calloc((size_t)t->n_pus, sizeof *b->pus);
    b->nodes = calloc((size_t)t->n_pus, sizeof *b->nodes);
    if (!b->pus || !b->nodes)
        return -ENOMEM;
    for (size_t i = 0; i < b->plan->n_placements; i++)
        for (int k = 0; k < b->plan->placements[i].n; k++) {
            const struct lb_pu *pu = lb_topology_find(t, b->plan->placements[i].pu_os[k]);
            if (is_listed(b->pus, b->n_pus, pu->pu_os))
                continue;
            b->nodes[b->n_pus] = pu->node_os;
            b->pus[b->n_pus++] = pu->pu_os;
        }
    return 0;
}

static int make_crew(struct lb_runner *b, struct lb_why *why)
{
    int err = make_clock(b, b->pus, b->n_pus, why);

    if (err)
        return err;
    err = lb_crew_create(&b->run->clock, b->pus, b->nodes, b->n_pus, why, &b->crew);
    if (err == -ENOTSUP) /* no libnuma: results lie where each worker first touches them */
        err = lb_crew_create(&b->run->clock, b->pus, NULL, b->n_pus, why, &b->crew);
    return err;
}

/* The same luck for every case of the round: the largest room that any drawn shape needs. */
int lb_runner_draw(struct lb_runner *b)
{
    size_t room = 4096;

    /* From seed and round alone: a resumed run finds the same. */
    b->random = b->options->seed + b->round * UINT64_C(0x9e3779b97f4a7c15);

    for (size_t i = 0; i < b->plan->n_cases; i++) {
        const struct lb_workload *s = &b->plan->cases[i].shape;
        if (!lb_workload_fills(s) && lb_workload_bytes(s) > room)
            room = lb_workload_bytes(s);
    }
    b->round_seed = lb_random(&b->random);
    return lb_draw_init(&b->random, b->round, b->arena_bytes, room, &b->draw);
}

/* The active cases that are due. Going from one placement to another wakes threads and probes anew.
 */
static int order_round(struct lb_runner *b, int *order, size_t *n)
{
    const struct lb_plan *p = b->plan;
    bool *due = calloc(p->n_cases, sizeof *due);
    int err = due ? 0 : -ENOMEM;

    for (size_t i = 0; !err && i < p->n_cases; i++)
        due[i] = b->run->series[i].active && b->round % (unsigned)p->cases[i].every == 0;
    if (!err)
        err = lb_plan_order(p, due, &b->random, order, n);
    free(due);
    return err;
}

static double elapsed_s(const struct lb_runner *b)
{
    return lb_clock_ns(&b->run->clock, lb_clock_now(&b->run->clock) - b->start_ticks) * 1e-9;
}

/* Telling takes a case's name and its median: not at every window. */
#define TELL_S 0.1

/* What is known of a case so far, for whoever watches. */
static void estimate(const struct lb_series *s, struct lb_progress *p)
{
    double *x = calloc(s->n + 1, sizeof *x);
    struct lb_summary summary;

    p->estimate_ns = p->estimate_lo_ns = p->estimate_hi_ns = NAN;
    for (size_t i = 0; x && i < s->n; i++)
        x[i] = s->samples[0][i].ns_op;
    if (x && s->n && !lb_stats_summary(x, s->n, 0.95, &summary)) {
        p->estimate_ns = summary.median;
        p->estimate_lo_ns = summary.lo;
        p->estimate_hi_ns = summary.hi;
    }
    free(x);
}

static void tell(struct lb_runner *b, size_t done, size_t n, int case_index)
{
    const struct lb_run_options *o = b->options;
    struct lb_progress p = {.round = b->round,
                            .rounds = o->rounds,
                            .window = done,
                            .windows_of_round = n,
                            .cases_active = n,
                            .elapsed_s = lb_runner_spent_s(b),
                            .budget_s = o->budget_s};
    char name[192];

    if (!o->progress || p.elapsed_s < b->told_s + TELL_S)
        return;
    b->told_s = p.elapsed_s;
    lb_case_name(b->plan, &b->plan->cases[case_index], name, sizeof name);
    p.case_name = name;
    estimate(&b->run->series[case_index], &p);
    o->progress(&p, o->data);
}

int lb_runner_gather(struct lb_runner *b, int placement)
{
    const struct lb_placement *p = &b->plan->placements[placement];
    int *workers = calloc((size_t)p->n, sizeof *workers), err;

    if (!workers)
        return -ENOMEM;
    for (int i = 0; i < p->n; i++)
        workers[i] = lb_runner_worker(b, p->pu_os[i]);
    err = lb_crew_gather(b->crew, workers, p->n);
    free(workers);
    return err;
}

static int one_round(struct lb_runner *b, int *order, struct lb_why *why)
{
    int err, placement = -1;
    size_t n;

    if ((err = lb_runner_draw(b)) || (err = order_round(b, order, &n)))
        return err;
    lb_runner_go_home(b, 0);
    if (b->anchored < b->round && (err = lb_runner_anchors(b, why)))
        return err;
    for (size_t i = 0; !err && i < n && !lb_runner_is_over(b); i++) {
        if (b->done[order[i]] == b->round)
            continue;
        lb_runner_fit(b, order, i, n);
        if (b->run->series[order[i]].left_out)
            continue;
        if (b->plan->cases[order[i]].placement != placement) {
            placement = b->plan->cases[order[i]].placement;
            if ((err = lb_runner_gather(b, placement)))
                return err;
        }
        tell(b, i, n, order[i]);
        double from_s = lb_runner_spent_s(b);
        err = lb_runner_case(b, order[i], why);
        lb_runner_took(b, order[i], lb_runner_spent_s(b) - from_s);
    }
    return err;
}

/* What comes next: another round, or which end. */
static bool goes_on(struct lb_runner *b)
{
    struct lb_run *run = b->run;
    const struct lb_run_options *o = b->options;
    bool active = false;

    for (size_t i = 0; i < b->plan->n_cases; i++)
        active |= run->series[i].active;
    if (lb_runner_is_stopped(b))
        run->end = LB_RUN_INTERRUPTED;
    else if (!active)
        run->end = LB_RUN_PRECISE;
    else if (o->rounds && b->round >= o->rounds)
        run->end = LB_RUN_ROUNDS;
    else if (lb_runner_is_over(b) || (b->round && lb_runner_next_s(b) > lb_runner_left_s(b)))
        run->end = LB_RUN_BUDGET;
    else
        return true;
    return false;
}

static int all_rounds(struct lb_runner *b, struct lb_why *why)
{
    int *order = calloc(b->plan->n_cases, sizeof *order);
    int err = order ? 0 : -ENOMEM;

    /* A resumed run's process has other memory: what it would touch first now is another tale. */
    if (!err && !b->run->windows_resumed)
        err = lb_runner_first(b, why);
    while (!err && goes_on(b)) {
        err = one_round(b, order, why);
        if (lb_runner_is_over(b)) /* in mid-round, as far as can be told */
            continue;
        b->run->rounds = ++b->round;
        if (!err && !b->options->rounds && b->round >= LB_FIRST_LOOK &&
            lb_stats_look(b->round) == b->round)
            err = lb_runner_stop_precise(b);
    }
    free(order);
    return err;
}

/* The load since the last mark, and a new mark. */
static void take_load(struct lb_runner *b, struct lb_load *load)
{
    struct lb_load_mark now;

    lb_load_read("", b->pus, (size_t)b->n_pus, &now);
    lb_load_between(&b->load, &now, 1, load);
    b->load = now;
}

static int make_bench(struct lb_runner *b, const struct lb_topology *t, struct lb_why *why)
{
    size_t n = b->plan->n_cases;
    int widest = 1, err;

    for (size_t i = 0; i < b->plan->n_placements; i++)
        widest = b->plan->placements[i].n > widest ? b->plan->placements[i].n : widest;
    b->anchored = -1;
    b->pending.case_index = -1;
    b->told_s = -TELL_S;
    b->done = calloc(n, sizeof *b->done);
    b->run->series = calloc(n, sizeof *b->run->series);
    b->op_ns = calloc(n, sizeof *b->op_ns);
    b->picks = calloc(LB_PICKS, sizeof *b->picks);
    b->probe = calloc((size_t)widest, sizeof *b->probe);
    b->probe_placement = -1;
    if (!b->done || !b->run->series || !b->op_ns || !b->picks || !b->probe)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        b->run->series[i].active = !lb_case_is_first(&b->plan->cases[i]); /* it has no rounds */
        b->done[i] = -1;
        b->op_ns[i] = 20 + b->plan->cases[i].work_ns;
    }
    if ((err = list_pus(b, t)))
        return err;
    lb_load_read("", b->pus, (size_t)b->n_pus, &b->load);
    if ((err = lb_row_create(&lb_schema_samples, &b->row)) || (err = make_crew(b, why)) ||
        (err = make_arenas(b, why)))
        return err;
    lb_runner_go_home(b, 0);
    b->run->chain_ns = lb_crew_chain_ns(b->crew);
    if ((err = lb_runner_instruments(b)))
        return err;
    take_load(b, &b->run->load_before);
    b->start_ticks = lb_clock_now(&b->run->clock);
    return b->options->resume ? lb_runner_resume(b, b->options->resume, why) : 0;
}

static void drop_bench(struct lb_runner *b)
{
    lb_crew_destroy(b->crew);
    lb_runner_give_back(b);
    for (size_t i = 0; i < b->n_homes; i++)
        lb_arena_destroy(b->homes[i].memory);
    free(b->homes);
    free(b->home_of);
    free(b->done);
    if (b->pending.case_index >= 0 && b->pending.sum) {
        lb_sum_finish(b->pending.sum);
        free(b->pending.sum);
    }
    lb_row_destroy(b->row);
    free(b->pus);
    free(b->nodes);
    free(b->op_ns);
    free(b->picks);
    free(b->probe);
}

int lb_run_measure(const struct lb_plan *plan, const struct lb_topology *topology,
                   const struct lb_run_options *options, struct lb_csv *csv, struct lb_why *why,
                   struct lb_run **result)
{
    struct lb_run *run;
    struct lb_runner b = {.plan = plan,
                          .options = options,
                          .csv = csv,
                          .random = options->seed,
                          .probing = ~options->seed};
    int64_t steal = lb_environment_steal_ticks();
    bool began = false;
    int err;

    if (!topology->this_system)
        return lb_fail(why, EINVAL,
                       "topology: %s is not this machine: it can be planned for, not measured",
                       topology->source);
    if (!(run = calloc(1, sizeof *run)))
        return -ENOMEM;
    run->plan = plan;
    b.run = run;
    lb_runner_begin_time(&b);
    if (!(err = make_bench(&b, topology, why))) {
        began = true;
        err = all_rounds(&b, why);
        take_load(&b, &run->load);
    }
    if (err) {
        run->end = LB_RUN_FAILED;
        err = b.crew ? lb_crew_explain(b.crew, err, why) : err;
    }
    if (b.crew && b.arena)
        run->elapsed_s = elapsed_s(&b);
    run->windows = b.window;
    run->pace = b.planned_s > 0 ? b.took_s / b.planned_s : NAN;
    run->steal_ticks = steal < 0 ? -1 : lb_environment_steal_ticks() - steal;
    drop_bench(&b);
    if (err && (!began || !run->windows)) {
        lb_run_destroy(run);
        return err;
    }
    *result = run;
    return err;
}

static void drop_series(struct lb_series *series)
{
    for (int role = 0; role < 2; role++) {
        for (size_t i = 0; series->latencies[role] && i < series->n; i++)
            free(series->latencies[role][i]);
        free(series->latencies[role]);
        free(series->tallies[role]);
        free(series->samples[role]);
    }
    free(series->probes);
}

void lb_run_destroy(struct lb_run *run)
{
    if (!run)
        return;
    for (size_t i = 0; run->series && i < run->plan->n_cases; i++)
        drop_series(&run->series[i]);
    free(run->series);
    free(run->events);
    free(run->regime_ns);
    free(run);
}
