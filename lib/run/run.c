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

/* The active cases that are due. Going from one placement to another wakes threads and probes anew.
 */
static int order_round(struct lb_runner *b, int *order, size_t *n)
{
    const struct lb_plan *p = b->plan;
    bool *due = calloc(p->n_cases, sizeof *due);
    int err = due ? 0 : -ENOMEM;

    for (size_t i = 0; !err && i < p->n_cases; i++)
        due[i] = lb_runner_is_due(b, i);
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
                            .look = b->look,
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
            if ((err = lb_runner_gather(b, placement)) || (err = lb_runner_costs(b, placement)))
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
        if (!err && !b->options->rounds && lb_runner_looks(b->round))
            err = lb_runner_look(b);
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
    b->noises = calloc(b->plan->n_placements, sizeof *b->noises);
    if (!b->done || !b->run->series || !b->op_ns || !b->picks || !b->probe || !b->noises)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        b->run->series[i].active = !lb_case_is_first(&b->plan->cases[i]); /* it has no rounds */
        b->done[i] = -1;
        b->op_ns[i] = 20 + b->plan->cases[i].work_ns;
    }
    if ((err = lb_runner_list_pus(b, t)))
        return err;
    lb_load_read("", b->pus, (size_t)b->n_pus, &b->load);
    if ((err = lb_row_create(&lb_schema_samples, &b->row)) || (err = lb_runner_make_crew(b, why)) ||
        (err = lb_runner_make_arenas(b, why)))
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
    free(b->noises);
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
    free(series->changes);
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
    free(run->main_regimes);
    free(run);
}
