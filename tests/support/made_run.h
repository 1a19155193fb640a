/* SPDX-License-Identifier: MIT
 *
 * Runs that a test makes up: a plan for a machine of two PUs, and samples with planted costs,
 * distances and noise. Nothing is measured.
 */
#ifndef LB_TESTS_MADE_RUN_H
#define LB_TESTS_MADE_RUN_H

#include <linebounce/analysis.h>
#include <linebounce/scenario.h>

#include "run/run_private.h"
#include "cells.h"
#include "cases.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char pair_machine[] = "pack:1 numa:1 l3:2 l2:2 core:1 pu:1";
static const struct lb_margin margin = {LB_MARGIN_NS, LB_MARGIN_SHARE};

/* Pieces of a made-up run. */
struct made {
    struct lb_layout layouts[4];
    struct lb_plan *plan;
    struct lb_run *run;
    uint64_t random;
};

struct order {
    const char *machine;
    const struct lb_scenario *scenario;
    const char *const *placements;
    size_t n_placements;
    int threads;
    double work_ns;
    bool controls;
    const char *mine; /* a user's layout in place of refcount; NULL: none */
    double write_every_ns, observe_every_ns;
};

static inline struct lb_plan *make_plan(const struct order *o, const struct lb_layout *layouts,
                                        size_t n)
{
    const struct lb_scenario *scenarios[] = {o->scenario};
    struct lb_request r = {.suite = "test",
                           .scenarios = scenarios,
                           .n_scenarios = 1,
                           .layouts = layouts,
                           .n_layouts = n,
                           .writers = {1, 0},
                           .write_every_ns = o->write_every_ns,
                           .observe_every_ns = o->observe_every_ns,
                           .placements = o->placements,
                           .n_placements = o->n_placements,
                           .threads = &o->threads,
                           .n_threads = o->threads ? 1 : 0,
                           .work_ns = &o->work_ns,
                           .n_work_ns = 1,
                           .baseline = "pointer",
                           .controls = o->controls};
    struct lb_topology *t = NULL;
    struct lb_why why = {""};
    struct lb_plan *plan = NULL;

    if (lb_topology_load(o->machine, &why, &t) || lb_plan_create(&r, t, &why, &plan))
        fail_msg("%s", why.text);
    lb_topology_destroy(t);
    return plan;
}

/* pointer is the baseline; three others. */
static inline struct made *make(const struct order *o)
{
    static const char *const names[] = {"pointer", "embedded", "padded", "refcount"};
    struct made *m = calloc(1, sizeof *m);

    assert_non_null(m);
    for (size_t i = 0; i < LB_COUNT(names); i++) {
        const struct lb_layout *l;
        assert_int_equal(lb_layout_find(names[i], NULL, &l), 0);
        m->layouts[i] = *l;
    }
    if (o->mine)
        assert_int_equal(lb_layout_parse(o->mine, NULL, &m->layouts[3]), 0);
    m->plan = make_plan(o, m->layouts, LB_COUNT(names));
    m->run = calloc(1, sizeof *m->run);
    assert_non_null(m->run);
    m->run->plan = m->plan;
    m->run->series = calloc(m->plan->n_cases, sizeof *m->run->series);
    assert_non_null(m->run->series);
    m->random = 1;
    return m;
}

static inline void drop(struct made *m)
{
    lb_run_destroy(m->run);
    lb_plan_destroy(m->plan);
    free(m);
}

/* One good round of a case; role 1, where there is one, takes twice as long. */
static inline struct lb_sample *add(struct made *m, int index, unsigned round, double ns,
                                    const float *probes)
{
    struct lb_series *s = &m->run->series[index];
    const struct lb_case *c = &m->plan->cases[index];
    size_t links = (size_t)lb_ring_links(c->shape.threads);

    for (int role = 0; role < lb_case_roles(c); role++) {
        s->samples[role] = realloc(s->samples[role], (s->n + 1) * sizeof *s->samples[role]);
        assert_non_null(s->samples[role]);
        s->samples[role][s->n] = (struct lb_sample){.round = round,
                                                    .ns_op = ns * (role + 1),
                                                    .machine_ns_op = ns / 2,
                                                    .jain = 1,
                                                    .min_over_max = 0.9,
                                                    .cpu_ns_op = ns,
                                                    .off_cpu_share = 0.25,
                                                    .total_ops = 2000,
                                                    .account = {.voluntary = 1,
                                                                .fallbacks = 4,
                                                                .retries = 6,
                                                                .spins_owner = 5000,
                                                                .spins_reader = 1000,
                                                                .sleeps = 2},
                                                    .regime = 77};
    }
    if (links) {
        s->probes = realloc(s->probes, (s->n + 1) * links * sizeof *s->probes);
        assert_non_null(s->probes);
        memcpy(&s->probes[s->n * links], probes, links * sizeof *probes);
        s->changes = realloc(s->changes, (s->n + 1) * links * sizeof *s->changes);
        assert_non_null(s->changes);
        for (size_t i = 0; i < links; i++)
            s->changes[s->n * links + i] = 1;
    }
    s->n_links = (int)links;
    s->attempts++;
    s->tried++;
    return &s->samples[0][s->n++];
}

static const float near = 60, far = 330;

/* Rounds `from` to `to` of a case at one distance, with noise of +-0.5 ns. */
static inline void fill(struct made *m, int index, unsigned from, unsigned to, double ns,
                        float probe)
{
    for (unsigned round = from; round < to; round++) {
        double noise = (double)lb_random_below(&m->random, 1001) / 1000 - 0.5;
        add(m, index, round, ns + noise, &probe);
    }
}

/* The frame of a run: empty, and controls that cost `shared` ns more together than apart. */
static inline void fill_frame(struct made *m, unsigned from, unsigned to, double shared,
                              float probe)
{
    for (size_t i = 0; i < m->plan->n_cases; i++) {
        const struct lb_case *c = &m->plan->cases[i];
        if (lb_scenario_does(c->shape.scenario, LB_OP_EMPTY))
            fill(m, (int)i, from, to, 5 + c->work_ns, probe);
        else if (c->shape.scenario->kind == LB_SCENARIO_CONTROL_APART)
            fill(m, (int)i, from, to, 10 + c->work_ns, probe);
        else if (c->shape.scenario->purpose == LB_PURPOSE_SHARED_CONTROL)
            fill(m, (int)i, from, to, 10 + c->work_ns + shared, probe);
    }
}

static inline struct lb_analysis *analyse(const struct made *m)
{
    struct lb_analysis *a = NULL;

    assert_int_equal(lb_analysis_create(m->run, &margin, &a), 0);
    return a;
}

static const struct order simple = {
    .machine = pair_machine, .scenario = S(SAME_OBJECT), .work_ns = 200};

static const struct order full = {
    .machine = pair_machine, .scenario = S(NEIGHBOURS), .work_ns = 200, .controls = true};

static inline const struct lb_result *line_of(const struct lb_analysis *a, const struct made *m,
                                              const char *layout)
{
    double work_ns = m->plan->cases[m->plan->n_cases - 1].work_ns;
    const struct lb_result *l =
        lb_analysis_find(a, find_in_plan(m->plan, LB_SCENARIO_NEIGHBOURS, layout, 0, work_ns), 0);

    assert_non_null(l);
    return l;
}

/* The baseline costs 250; the others -20, +0.3 and +30. */
static inline void fill_layouts(struct made *m, unsigned from, unsigned to, float probe)
{
    static const struct {
        const char *name;
        double more;
    } costs[] = {{"pointer", 0}, {"embedded", -20}, {"padded", 0.3}, {"refcount", 30}};
    double work_ns = m->plan->cases[m->plan->n_cases - 1].work_ns;

    for (size_t i = 0; i < LB_COUNT(costs); i++)
        fill(m, find_in_plan(m->plan, LB_SCENARIO_NEIGHBOURS, costs[i].name, 0, work_ns), from, to,
             work_ns + 50 + costs[i].more, probe);
}

#endif
