/* SPDX-License-Identifier: MIT
 *
 * samples.csv of a sweep that was stopped: what `sweep --resume` takes from it. The plan is the one
 * that its rows are of: one pair of CPUs and one, two layouts, two scenarios, watched words.
 */
#include "fuzz.h"

#include "run/run_private.h"

#include <linebounce/plan.h>
#include <linebounce/scenario.h>
#include <linebounce/sweep.h>
#include <linebounce/topology.h>

#include <math.h>
#include <string.h>

#define S(KIND) &lb_scenarios[LB_SCENARIO_##KIND]

static const struct lb_plan *make_plan(void)
{
    static struct lb_layout layouts[2];
    static const double work = LB_WORK_HEADLINE_NS;
    static const int threads[] = {1, 2};
    const struct lb_scenario *scenarios[] = {S(SAME_OBJECT), S(MIXED)};
    const struct lb_layout *roaming, *pointer;
    static struct lb_topology *topology; /* used as long as the process lives */
    static struct lb_sweep *sweep;
    struct lb_why why;

    expect(!lb_topology_load("pack:1 numa:1 l3:1 core:2 pu:1", &why, &topology));
    expect(!lb_layout_find("embedded-roaming", &why, &roaming));
    expect(!lb_layout_find("pointer", &why, &pointer));
    layouts[0] = *roaming;
    layouts[1] = *pointer;
    struct lb_sweep_request r = {.topology = topology,
                                 .rounds = 2,
                                 .plan = {.suite = "sweep",
                                          .scenarios = scenarios,
                                          .n_scenarios = 2,
                                          .layouts = layouts,
                                          .n_layouts = 2,
                                          .threads = threads,
                                          .n_threads = 2,
                                          .work_ns = &work,
                                          .n_work_ns = 1,
                                          .baseline = "pointer",
                                          .controls = true,
                                          .armed = true,
                                          .writers = {.threads = 1}}};
    expect(!lb_sweep_create(&r, &why, &sweep));
    return sweep->plan;
}

static struct lb_run *make_run(const struct lb_plan *plan)
{
    static const char *const events[] = {"cycles", "bp:count"};
    struct lb_run *run = calloc(1, sizeof *run);

    expect(run);
    run->plan = plan;
    run->clock.ns_per_tick = 0.4;
    run->n_events = LB_COUNT(events);
    run->events = calloc(run->n_events, sizeof *run->events);
    run->series = calloc(plan->n_cases, sizeof *run->series);
    expect(run->events && run->series);
    for (size_t i = 0; i < run->n_events; i++)
        strcpy(run->events[i].event.name, events[i]);
    run->n_armed_groups = 1;
    return run;
}

static void check_series(const struct lb_run *run)
{
    for (size_t i = 0; i < run->plan->n_cases; i++)
        for (size_t k = 0; k < run->series[i].n; k++)
            expect(run->series[i].samples[0][k].round <= run->rounds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct lb_plan *plan;
    static const struct lb_run_options options = {.seed = 7, .rounds = 2, .keep_buckets = true};
    const char *path = fuzz_file("samples.csv", data, size);
    struct lb_why why = {""};

    if (!plan)
        plan = make_plan();
    struct lb_run *run = make_run(plan);
    struct lb_runner b = {.plan = plan, .options = &options, .run = run, .anchored = -1};
    b.pending.case_index = -1;
    b.done = malloc(plan->n_cases * sizeof *b.done);
    b.noises = calloc(plan->n_placements, sizeof *b.noises);
    expect(b.done && b.noises);
    for (size_t i = 0; i < plan->n_cases; i++)
        b.done[i] = -1;
    if (!lb_runner_resume(&b, path, &why))
        check_series(run);
    else
        expect(*why.text);
    if (b.pending.sum)
        lb_sum_finish(b.pending.sum);
    free(b.pending.sum);
    free(b.done);
    free(b.noises);
    lb_run_destroy(run);
    return 0;
}
