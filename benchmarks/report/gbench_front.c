/* SPDX-License-Identifier: MIT
 *
 * A plan thinned to what Google Benchmark's flags select, and its samples told in its output.
 */
#include "gbench_front.h"

#include <linebounce/gbench.h>
#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 224

struct front {
    char (*names)[NAME_BYTES]; /* one a case and role: 2 x case + role */
    bool *selected;
};

int front_open(const struct settings *s, struct lb_why *why, struct front **front)
{
    char **argv;
    static char name[] = "linebounce"; /* Google Benchmark keeps it */
    int err;

    if (!s->gbench.n)
        return 0;
    if (s->suites.n != 1)
        return lb_fail(why, EINVAL, "--benchmark_...: one suite at a time");
    argv = calloc(s->gbench.n + 2, sizeof *argv);
    *front = calloc(1, sizeof **front);
    if (!argv || !*front) {
        free(argv);
        return -ENOMEM;
    }
    argv[0] = name;
    memcpy(argv + 1, s->gbench.at, s->gbench.n * sizeof *argv);
    err = lb_gbench_init((int)s->gbench.n + 1, argv, why);
    free(argv);
    if (!err && lb_gbench_min_warmup_s() > 0)
        return lb_fail(why, EINVAL,
                       "--benchmark_min_warmup_time: the warm-up is a fifth of each window and is "
                       "not set apart");
    return err;
}

void front_close(struct front *f)
{
    if (!f)
        return;
    free(f->names);
    free(f->selected);
    free(f);
}

/* Which names stand for measurements: controls and empties at other works serve the table only. */
static size_t list_names(struct front *f, const struct lb_plan *p, const char **names,
                         size_t *slots)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_cases; i++)
        for (int role = 0; role < lb_case_roles(&p->cases[i]); role++) {
            size_t slot = 2 * i + (size_t)role;
            char *name = f->names[slot];
            int used = lb_case_name(p, &p->cases[i], name, NAME_BYTES);
            if (lb_case_roles(&p->cases[i]) > 1 && used > 0 && used < NAME_BYTES)
                snprintf(name + used, NAME_BYTES - (size_t)used, "/role:%s",
                         lb_case_role_name(&p->cases[i], role));
            slots[n] = slot;
            names[n++] = name;
        }
    return n;
}

/* A window of --benchmark_min_time seconds, where that is more than the scenario's own. */
static void lengthen(struct lb_plan *p)
{
    double ns = lb_gbench_min_time_s() * 1e9;

    for (size_t i = 0; i < p->n_cases; i++)
        if (ns > p->cases[i].window_ns)
            p->cases[i].window_ns = ns;
}

/* Cases that nobody selected and nobody needs are taken out of the plan, and the indices follow. */
static void thin(struct front *f, struct lb_plan *p, bool counts)
{
    bool keep[p->n_cases];
    int moved[p->n_cases];
    size_t n = 0;

    for (size_t i = 0; i < p->n_cases; i++)
        keep[i] = f->selected[2 * i] || f->selected[2 * i + 1] ||
                  (counts && p->cases[i].shape.scenario->purpose == LB_PURPOSE_SHARED_CONTROL);
    for (size_t i = p->n_cases; i-- > 0;) {
        if (!keep[i])
            continue;
        if (p->cases[i].empty >= 0)
            keep[p->cases[i].empty] = true;
    }
    for (size_t i = 0; i < p->n_cases; i++) {
        moved[i] = keep[i] ? (int)n : -1;
        if (!keep[i])
            continue;
        memcpy(f->names[2 * n], f->names[2 * i], 2 * NAME_BYTES);
        f->selected[2 * n] = f->selected[2 * i];
        f->selected[2 * n + 1] = f->selected[2 * i + 1];
        p->cases[n++] = p->cases[i];
    }
    p->n_cases = n;
    for (size_t i = 0; i < n; i++) {
        struct lb_case *c = &p->cases[i];
        c->base = c->base < 0 ? -1 : moved[c->base];
        c->empty = c->empty < 0 ? -1 : moved[c->empty];
    }
}

int front_select(struct front *f, struct lb_plan *p, bool counts, struct lb_why *why)
{
    size_t most = 2 * p->n_cases, n, n_selected = 0;
    const char **names = calloc(most, sizeof *names);
    size_t *slots = calloc(most, sizeof *slots);
    bool *chosen = calloc(most, sizeof *chosen);
    int err = -ENOMEM;

    f->names = calloc(most, sizeof *f->names);
    f->selected = calloc(most, sizeof *f->selected);
    if (names && slots && chosen && f->names && f->selected) {
        n = list_names(f, p, names, slots);
        err = lb_gbench_select(names, n, chosen, &n_selected);
        for (size_t i = 0; !err && i < n; i++)
            f->selected[slots[i]] = chosen[i];
    }
    free(names);
    free(slots);
    free(chosen);
    if (err)
        return lb_fail(why, -err, "--benchmark_filter: %s", strerror(-err));
    if (lb_gbench_list_only())
        return 1;
    if (!n_selected)
        return lb_fail(why, ENOENT,
                       "--benchmark_filter: selects none of the benchmarks "
                       "(--benchmark_list_tests prints them)");
    thin(f, p, counts);
    lengthen(p);
    return 0;
}

unsigned front_rounds(const struct front *f, unsigned rounds)
{
    if (!f)
        return rounds;
    if (lb_gbench_repetitions() > 0)
        return (unsigned)lb_gbench_repetitions();
    return rounds ? rounds : FRONT_REPETITIONS;
}

static const char *const counter_names[] = {
    "net_ns_op",         "machine_ns_op",  "off_cpu_share",    "min_over_max",
    "fallbacks_per_kop", "latency_p50_ns", "slow_ops_per_kop", "ops_per_s",
};
#define COUNTERS LB_COUNT(counter_names)

/* The fixed counters, then one an event. */
struct columns {
    const char **names;
    size_t n;
};

static double empty_in_round(const struct lb_run *run, const struct lb_case *c, unsigned round)
{
    const struct lb_series *e = c->empty < 0 ? NULL : &run->series[c->empty];

    for (size_t i = 0; e && i < e->n; i++)
        if (e->samples[0][i].round == round)
            return e->samples[0][i].ns_op;
    return NAN;
}

/* The threshold of slow ops that holds for a sample. */
static double threshold_ns(const struct lb_analysis *a, int case_index, int role, int regime)
{
    for (size_t i = 0; i < a->n_lines; i++)
        if (a->lines[i].case_index == case_index && a->lines[i].role == role &&
            a->lines[i].regime == regime)
            return a->lines[i].latency.slow_ns;
    return NAN;
}

static void fill_latency(const struct lb_run *run, double slow_ns,
                         const struct lb_latency_kept *kept, double *v)
{
    struct lb_latency *latency = calloc(1, sizeof *latency);

    v[0] = v[1] = NAN;
    if (latency && kept->n) {
        lb_latency_merge_kept(kept, latency);
        v[0] = lb_latency_quantile(latency, 0.5) * run->clock.ns_per_tick;
        v[1] =
            1000 * lb_latency_above(latency, slow_ns / run->clock.ns_per_tick) / (double)latency->n;
        if (!isfinite(slow_ns))
            v[1] = NAN;
    }
    free(latency);
}

static void fill_sample(const struct lb_analysis *a, int case_index, int role, size_t k, double *v)
{
    const struct lb_run *run = a->run;
    const struct lb_case *c = &run->plan->cases[case_index];
    const struct lb_series *s = &run->series[case_index];
    const struct lb_sample *x = &s->samples[role][k];
    const struct lb_result *line = lb_analysis_find(a, case_index, role);

    v[0] = lb_workload_paced(&c->shape, role) ? NAN : x->ns_op - empty_in_round(run, c, x->round);
    v[1] = x->machine_ns_op;
    v[2] = x->off_cpu_share;
    v[3] = x->min_over_max;
    v[4] = lb_case_is_subject(c) ? 1000 * x->account.fallbacks / x->total_ops : NAN;
    fill_latency(run, threshold_ns(a, case_index, role, x->regime), s->latencies[role][k], v + 5);
    v[7] = lb_case_has_rates(c) ? lb_sample_rate(x) : NAN;
    for (size_t e = 0; e < run->n_events; e++) {
        const struct lb_tally *t = &s->tallies[role][k * run->n_events + e];
        bool believed = line && line->counts && !line->counts[e].unproved;
        v[COUNTERS + e] = believed && t->ops > 0 ? t->count / t->ops : NAN;
    }
}

/* All repetitions of one case and role; counters of sample k start at counters + k x columns. */
static int fill_case(const struct lb_analysis *a, const struct columns *columns, const char *name,
                     int case_index, int role, struct lb_gbench_case *g)
{
    const struct lb_series *s = &a->run->series[case_index];
    struct lb_gbench_sample *samples = calloc(s->n + 1, sizeof *samples);
    double *counters = calloc((s->n + 1) * columns->n, sizeof *counters);

    if (!samples || !counters) {
        free(samples);
        free(counters);
        return -ENOMEM;
    }
    for (size_t k = 0; k < s->n; k++) {
        const struct lb_sample *x = &s->samples[role][k];
        fill_sample(a, case_index, role, k, counters + k * columns->n);
        samples[k] = (struct lb_gbench_sample){x->ns_op, x->cpu_ns_op, counters + k * columns->n};
    }
    *g = (struct lb_gbench_case){
        .name = name,
        .counter_names = columns->names,
        .n_counters = columns->n,
        .samples = samples,
        .n_samples = s->n,
        .error = "every window was spoiled",
        .threads = a->run->plan->cases[case_index].shape.threads,
    };
    samples[s->n].counters = counters; /* the row behind the last keeps the block for freeing */
    return 0;
}

static int name_columns(const struct lb_run *run, struct columns *columns)
{
    columns->n = COUNTERS + run->n_events;
    columns->names = calloc(columns->n, sizeof *columns->names);
    if (!columns->names)
        return -ENOMEM;
    memcpy(columns->names, counter_names, sizeof counter_names);
    for (size_t e = 0; e < run->n_events; e++)
        columns->names[COUNTERS + e] = run->events[e].event.name;
    return 0;
}

int front_replay(struct front *f, const struct lb_analysis *a, struct lb_why *why)
{
    const struct lb_run *run = a->run;
    struct lb_gbench_case *cases = calloc(2 * run->plan->n_cases, sizeof *cases);
    struct columns columns = {NULL, 0};
    size_t n = 0;
    int err = cases ? name_columns(run, &columns) : -ENOMEM;

    for (size_t i = 0; !err && i < run->plan->n_cases; i++)
        for (int role = 0; !err && role < lb_case_roles(&run->plan->cases[i]); role++)
            if (f->selected[2 * i + (size_t)role])
                err = fill_case(a, &columns, f->names[2 * i + (size_t)role], (int)i, role,
                                &cases[n++]);
    if (!err)
        err = lb_gbench_replay(cases, n, why);
    for (size_t i = 0; cases && i < n; i++) {
        if (cases[i].samples)
            free((void *)(uintptr_t)cases[i].samples[cases[i].n_samples].counters);
        free((void *)(uintptr_t)cases[i].samples);
    }
    free(columns.names);
    free(cases);
    return err;
}
