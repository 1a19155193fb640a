/* SPDX-License-Identifier: MIT
 *
 * How long the statistics of a run of 100,000 windows take, and one look at it: `meson test
 * --benchmark statistics`. Nothing is measured but that, and nothing is asserted.
 */
#include "support/made_run.h"

#include <stdio.h>
#include <time.h>

#define WINDOWS 100000

static double cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* All layouts, scenarios and works of a default run. */
static struct made *make_whole(void)
{
    static const double works[] = {LB_WORK_HEADLINE_NS, 0};
    static const enum lb_scenario_kind kinds[] = {
        LB_SCENARIO_SAME_OBJECT, LB_SCENARIO_NEIGHBOURS, LB_SCENARIO_NESTED, LB_SCENARIO_MANY,
        LB_SCENARIO_OBSERVER,    LB_SCENARIO_MIXED,      LB_SCENARIO_WRITERS};
    static const int threads = 2;
    const struct lb_scenario *scenarios[LB_COUNT(kinds)];
    struct made *m = calloc(1, sizeof *m);
    struct lb_topology *t = NULL;
    struct lb_why why = {""};

    for (size_t i = 0; i < LB_COUNT(kinds); i++)
        scenarios[i] = &lb_scenarios[kinds[i]];
    struct lb_request r = {.suite = "test",
                           .scenarios = scenarios,
                           .n_scenarios = LB_COUNT(kinds),
                           .layouts = lb_layouts,
                           .n_layouts = lb_n_layouts,
                           .writers = {1, 0},
                           .write_every_ns = LB_WRITE_EVERY_NS,
                           .observe_every_ns = 400,
                           .threads = &threads,
                           .n_threads = 1,
                           .work_ns = works,
                           .n_work_ns = LB_COUNT(works),
                           .baseline = "pointer",
                           .controls = true};
    if (!m || lb_topology_load(pair_machine, &why, &t) || lb_plan_create(&r, t, &why, &m->plan) ||
        !(m->run = calloc(1, sizeof *m->run)) ||
        !(m->run->series = calloc(m->plan->n_cases, sizeof *m->run->series))) {
        fprintf(stderr, "%s\n", why.text);
        exit(1);
    }
    lb_topology_destroy(t);
    m->run->plan = m->plan;
    m->random = 1;
    return m;
}

static void fill_all(struct made *m)
{
    unsigned rounds = (unsigned)(WINDOWS / m->plan->n_cases) + 1;

    for (size_t i = 0; i < m->plan->n_cases; i++)
        for (unsigned round = 0; round < rounds; round++) {
            float probe = (float)(80 + (double)lb_random_below(&m->random, 8001) / 1000);
            double level = 0.3 * ((double)(round % 7) - 3); /* rounds correlate */
            double ns = m->plan->cases[i].work_ns + 20 + (double)(i % 11) + level +
                        (double)lb_random_below(&m->random, 4001) / 1000;
            add(m, (int)i, round, ns, &probe);
        }
    m->run->rounds = rounds;
    printf("%zu cases, %u rounds, %zu windows\n", m->plan->n_cases, rounds,
           m->plan->n_cases * rounds);
}

static void look(struct made *m)
{
    struct lb_run_options options = {.precision_ns = 2};
    struct lb_runner b = {.run = m->run, .plan = m->plan, .options = &options};
    b.round = 20;
    double from = cpu_s();
    int err = lb_runner_look(&b);

    printf("a look: %.3f s of CPU%s\n", cpu_s() - from, err ? " (failed)" : "");
}

int main(void)
{
    struct made *m = make_whole();
    struct lb_analysis *a = NULL;
    double from;
    int err;

    fill_all(m);
    look(m);
    from = cpu_s();
    err = lb_analysis_create(m->run, &margin, &a);
    printf("statistics: %.3f s of CPU%s\n", cpu_s() - from, err ? " (failed)" : "");
    lb_analysis_destroy(a);
    drop(m);
    return err != 0;
}
