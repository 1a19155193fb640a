/* SPDX-License-Identifier: MIT
 *
 * Runs that are measured: a suite of short windows on the PUs that are there, with the calls of a
 * made-up PMU where a test wants them.
 */
#ifndef LB_TESTS_REAL_RUN_H
#define LB_TESTS_REAL_RUN_H

#include "fake_pmu.h"
#include "made_run.h"
#include "cells.h"
#include "events.h"
#include "text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static inline struct lb_csv *create_csv(const struct lb_schema *schema, char path[64])
{
    struct lb_why why = {""};
    struct lb_csv *csv = NULL;

    temporary(path);
    if (lb_csv_create(schema, path, &why, &csv))
        fail_msg("%s", why.text);
    return csv;
}

struct real {
    struct lb_topology *topology;
    struct lb_plan *plan;
    struct lb_run *run;
    char path[64];
};

static inline struct lb_topology *this_machine(void)
{
    struct lb_why why = {""};
    struct lb_topology *t = NULL;

    if (lb_topology_load(NULL, &why, &t))
        fail_msg("%s", why.text);
    if (t->n_allowed < 2 || !t->this_system) {
        print_message("skipped: two PUs of this machine are needed\n");
        lb_topology_destroy(t);
        skip();
    }
    return t;
}

/* The request's layouts are pointer and embedded. */
static inline void measure_as(struct real *real, struct lb_request *r,
                              const struct lb_run_options *options)
{
    static struct lb_layout layouts[2];
    const struct lb_layout *pointer, *embedded;
    struct lb_why why = {""};
    struct lb_csv *csv;

    assert_int_equal(lb_layout_find("pointer", NULL, &pointer), 0);
    assert_int_equal(lb_layout_find("embedded", NULL, &embedded), 0);
    layouts[0] = *pointer;
    layouts[1] = *embedded;
    r->suite = "test";
    r->layouts = layouts;
    r->n_layouts = 2;
    r->baseline = "pointer";
    real->topology = this_machine();
    if (lb_plan_create(r, real->topology, &why, &real->plan))
        fail_msg("%s", why.text);
    csv = create_csv(&lb_schema_samples, real->path);
    if (lb_run_measure(real->plan, real->topology, options, csv, &why, &real->run))
        fail_msg("%s", why.text);
    lb_csv_close(csv);
}

static inline void finish(struct real *real)
{
    lb_run_destroy(real->run);
    lb_plan_destroy(real->plan);
    lb_topology_destroy(real->topology);
    unlink(real->path);
}

static inline void check_series(const struct real *real)
{
    unsigned attempts = 0, spoiled = 0;

    for (size_t i = 0; i < real->plan->n_cases; i++) {
        const struct lb_series *s = &real->run->series[i];
        unsigned every = (unsigned)real->plan->cases[i].every;

        attempts += s->attempts;
        spoiled += s->spoiled;
        assert_true(s->attempts >= (real->run->rounds + every - 1) / every);
        assert_true(s->n <= real->run->rounds);
        for (size_t k = 0; k < s->n; k++)
            for (int role = 0; role < lb_case_roles(&real->plan->cases[i]); role++) {
                const struct lb_sample *x = &s->samples[role][k];
                assert_true(x->ns_op > 0 && x->total_ops > 0 && x->machine_ns_op > 0);
                assert_true(x->jain > 0 && x->jain <= 1.0001 && x->round < real->run->rounds);
                assert_true(k == 0 || x->round > s->samples[role][k - 1].round);
                assert_true(s->probes[k] > 0);
            }
    }
    assert_int_equal(attempts, real->run->windows);
    assert_int_equal(spoiled, real->run->windows_spoiled);
}

static const struct lb_scenario *const neighbours[] = {S(NEIGHBOURS)};
static const double headline[] = {LB_WORK_HEADLINE_NS};

struct asked {
    const struct lb_scenario *const *scenarios; /* NULL: neighbours */
    const struct lb_event *events;
    size_t n_events;
    int at_once;
    unsigned rounds;
    uint64_t every;
    bool controls, armed, instruments, real;
};

static inline void measure_events(struct real *real, const struct asked *asked)
{
    struct lb_request r = {.scenarios = asked->scenarios ? asked->scenarios : neighbours,
                           .n_scenarios = 1,
                           .writers = {1, 0},
                           .work_ns = headline,
                           .n_work_ns = 1,
                           .controls = asked->controls,
                           .armed = asked->armed,
                           .instruments = asked->instruments};
    struct lb_run_options options = {.seed = 1,
                                     .budget_s = 1e6,
                                     .rounds = asked->rounds,
                                     .precision_ns = 2,
                                     .events = asked->events,
                                     .n_events = asked->n_events,
                                     .at_once = asked->at_once,
                                     .sample_every = asked->every,
                                     .calls = asked->real ? NULL : &pmu_calls};

    measure_as(real, &r, &options);
    assert_int_equal(pmu.faults, 0);
    assert_int_equal(pmu.opened, pmu.closed);
    assert_int_equal(real->run->n_events, asked->n_events);
}

/* The next row of a window: anchors have no events. */
static inline bool next_window(struct lb_csv_reader *r)
{
    int got;

    while ((got = lb_csv_next(r, NULL)) == 1)
        if (strncmp(lb_csv_cell(r, "scenario"), "anchor-", 7))
            return true;
    assert_int_equal(got, 0);
    return false;
}

/* The k-th value of a cell of several; "" where it is unknown. */
static inline const char *part(const struct lb_csv_reader *r, const char *column, size_t k)
{
    static char text[128];
    const char *at = lb_csv_cell(r, column);

    if (!at)
        fail_msg("no column %s", column);
    for (; k; k--) {
        at = strchr(at, ';');
        if (!at)
            fail_msg("column %s has fewer values", column);
        at++;
    }
    size_t length = at ? strcspn(at, ";") : 0;

    assert_true(length < sizeof text);
    memcpy(text, at ? at : "", length);
    text[length] = '\0';
    return text;
}

#endif
