/* SPDX-License-Identifier: MIT
 *
 * The rows of samples.csv: one a role of every window, and the round's anchors.
 */
#include "run_private.h"

#include <linebounce/scenario.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void lb_row_case(struct lb_row *row, const struct lb_plan *plan, const struct lb_case *c)
{
    struct lb_case_key key;

    lb_case_key(plan, c, &key);
    lb_row_int(row, "schema_version", LB_SCHEMA_VERSION);
    for (enum lb_key k = 0; k < LB_KEY_ROLE; k++)
        lb_row_text(row, lb_key_column(k), key.cells[k]);
}

void lb_row_quantity(struct lb_row *row, int quantity, double per_op)
{
    char column[64];

    snprintf(column, sizeof column, "%s_per_op", lb_quantity_name((enum lb_quantity)quantity));
    lb_row_number(row, column, per_op);
}

static void more_or_empty(struct lb_row *row, const char *column, bool known, uint64_t value)
{
    if (known)
        lb_row_more_int(row, column, (int64_t)value);
    else
        lb_row_more_text(row, column, "");
}

/* A count or a time; NaN: not known. */
static void more_known(struct lb_row *row, const char *column, double value)
{
    more_or_empty(row, column, isfinite(value), isfinite(value) ? (uint64_t)value : 0);
}

static void write_threads(const struct lb_runner *b, const struct lb_attempt *a,
                          const struct lb_case *c, int role)
{
    struct lb_row *row = b->row;

    for (int i = 0; i < c->shape.threads; i++) {
        const struct lb_thread_result *r = &a->results[i];
        if (!lb_case_plays(c, role, i))
            continue;
        lb_row_more_int(row, "pus_os", lb_crew_pu_os(b->crew, a->threads[i].worker));
        lb_row_more_int(row, "ops", (int64_t)(r->ops + 0.5));
        for (size_t m = 0; m < LB_MEASURES; m++)
            if (lb_measures[m].how & LB_MEASURE_THREADS)
                more_known(row, lb_measures[m].column,
                           lb_account_get(&r->account, &lb_measures[m]));
    }
}

/* As pft names them; of the whole account, as the faults are. */
static void write_faults(struct lb_row *row, const struct lb_case *c, int role,
                         const struct lb_account *a)
{
    double faults = a->minor_faults + a->major_faults;

    if (!c->shape.scenario->subject->uses_pages ||
        !lb_op_faults(c->shape.scenario->roles[role].op)) /* mappers have none to speak of */
        return;
    lb_row_number(row, "faults_per_cpu_s", 1e9 * faults / a->cpu_ns);
    lb_row_number(row, "faults_per_wall_s",
                  1e9 * faults / (a->wall_ns / lb_case_role_threads(c, role)));
}

/* What ops and locks did. */
static void write_ops(struct lb_row *row, const struct lb_case *c, const struct lb_account *a)
{
    bool counts = lb_workload_locks(&c->shape) && lb_lock_info(c->shape.lock)->counts;

    for (size_t i = 0; lb_case_is_subject(c) && i < LB_MEASURES; i++)
        if (lb_measures[i].how & LB_MEASURE_OPS &&
            (counts || !(lb_measures[i].how & LB_MEASURE_LOCK)))
            lb_row_int(row, lb_measures[i].column, (int64_t)lb_account_get(a, &lb_measures[i]));
}

/* The shared picture of the case's blocks. */
static void write_blocks(struct lb_row *row, const struct lb_attempt *a, const struct lb_case *c,
                         int role)
{
    double measured = 0;
    unsigned blocks = 0, dropped = 0;

    for (int i = 0; i < c->shape.threads; i++) {
        blocks += a->results[i].blocks;
        dropped += a->results[i].dropped;
        if (lb_case_plays(c, role, i))
            measured += a->results[i].measured_ns;
    }
    lb_row_number(row, "measured_ns", measured);
    lb_row_int(row, "blocks", blocks);
    if (!c->blocks)
        lb_row_int(row, "blocks_dropped", dropped);
}

/* "index:count" of each bucket that is not empty. */
static void write_buckets(struct lb_row *row, const struct lb_latency *sum)
{
    char one[48];

    for (size_t i = 0; i < LB_LATENCY_BUCKETS; i++)
        if (sum->buckets[i]) {
            snprintf(one, sizeof one, "%zu:%" PRIu64, i, sum->buckets[i]);
            lb_row_more_text(row, "latency_buckets", one);
        }
}

static void write_costs(struct lb_row *row, const struct lb_sample *s)
{
    lb_row_number(row, "own_op_mean_ns", s->own_mean_ns);
    lb_row_number(row, "wait_ns_op", s->wait_ns_op);
    for (int i = 0; i < LB_COSTS; i++)
        lb_row_number(row, lb_cost_columns[i].sample, s->costs[i]);
}

static void write_latency(const struct lb_runner *b, const struct lb_attempt *a,
                          const struct lb_case *c, int role)
{
    struct lb_latency *sum = calloc(1, sizeof *sum);
    double ns = b->run->clock.ns_per_tick;
    struct lb_row *row = b->row;

    if (sum)
        lb_runner_latency(a, c, role, sum);
    if (sum && sum->n) {
        lb_row_int(row, "latency_samples", (int64_t)sum->n);
        lb_row_number(row, "latency_p50_ns", lb_latency_quantile(sum, 0.5) * ns);
        lb_row_number(row, "latency_p90_ns", lb_latency_quantile(sum, 0.9) * ns);
        lb_row_number(row, "latency_p99_ns", lb_latency_quantile(sum, 0.99) * ns);
        lb_row_number(row, "latency_p999_ns", lb_latency_quantile(sum, 0.999) * ns);
        lb_row_number(row, "latency_max_ns", (double)sum->max * ns);
        lb_row_number(row, "own_op_ns", a->own_ns[role]);
        lb_row_number(row, "transfer_ns", a->transfer_ns);
        lb_row_number(row, "slow_threshold_ns", a->slow_ns[role]);
        if (isfinite(a->slow_ns[role]))
            lb_row_int(row, "slow_ops", (int64_t)sum->slow);
        if (b->options->keep_buckets)
            write_buckets(row, sum);
    }
    free(sum);
}

static void write_event(struct lb_row *row, const struct lb_event *e, const struct lb_count *k,
                        double ops, bool paced)
{
    bool has_value = isfinite(k->scaled);

    lb_row_more_text(row, "events", e->name);
    lb_row_more_text(row, "event_states", lb_count_state_name(k->state));
    more_or_empty(row, "event_counts", has_value, k->value);
    more_or_empty(row, "event_enabled_ns", k->enabled_ns > 0, k->enabled_ns);
    more_or_empty(row, "event_running_ns", k->enabled_ns > 0, k->running_ns);
    lb_row_more_number(row, "event_scaled", k->scaled);
    /* A count of 0 may be one that nobody counted: summary.csv, which knows the control, decides.
     */
    if (e->quantity >= 0 && k->scaled > 0 && !(paced && lb_event_counts_waits(e)))
        lb_row_quantity(row, e->quantity, k->scaled / ops);
}

static void write_events(const struct lb_runner *b, const struct lb_attempt *a,
                         const struct lb_case *c, int role)
{
    for (int k = 0; k < a->n_events; k++) {
        double ops;
        struct lb_count sum = lb_runner_count(a, c, role, k, &ops);
        write_event(b->row, &b->run->events[a->events[k]].event, &sum, ops,
                    lb_workload_paced(&c->shape, role));
    }
}

static void write_placed(struct lb_row *row, const struct lb_placed *p, const struct lb_case *c,
                         const struct lb_placement *place)
{
    if (place->home_node_os >= 0 && !c->shape.scenario->subject->uses_pages)
        lb_row_int(row, "home_node_os", place->home_node_os);
    if (p->object_residue >= 0)
        lb_row_int(row, "object_residue", p->object_residue);
    if (p->lock_residue >= 0)
        lb_row_int(row, "lock_residue", p->lock_residue);
    if (p->line_offset >= 0)
        lb_row_int(row, "line_offset", p->line_offset);
    if (p->shares >= 0)
        lb_row_int(row, "share_lines", p->shares);
    if (lb_workload_has_generation(&c->shape))
        lb_row_text(row, "generation", lb_workload_generation(&c->shape)->name);
}

static void write_rates(struct lb_row *row, const struct lb_case *c, const struct lb_sample *s)
{
    if (!lb_case_has_rates(c))
        return;
    lb_row_number(row, "ops_per_s", lb_sample_rate(s));
    lb_row_number(row, "ops_per_kop_of_first", s->per_kop_of_first);
    lb_row_number(row, "late_ns_op", s->late_ns_op);
}

static void write_figures(struct lb_row *row, const struct lb_case *c, const struct lb_sample *s)
{
    lb_row_number(row, "ns_op", s->ns_op);
    lb_row_number(row, "machine_ns_op", s->machine_ns_op);
    lb_row_number(row, "wall_ns", c->window_ns);
    lb_row_number(row, "jain", s->jain);
    lb_row_number(row, "min_over_max", s->min_over_max);
    lb_row_number(row, "sampled_share", s->sampled_share);
    write_rates(row, c, s);
}

static void write_sample(struct lb_runner *b, const struct lb_attempt *a, const struct lb_case *c,
                         int role)
{
    struct lb_sample s;
    struct lb_row *row = b->row;

    lb_runner_fold(a, c, role, &s);
    lb_row_text(row, "role", lb_case_role_name(c, role));
    lb_row_int(row, "round", b->round);
    lb_row_int(row, "window", (int64_t)b->window);
    lb_row_int(row, "attempt", a->number);
    if (c->phases > 1)
        lb_row_int(row, "phase", a->phase);
    lb_row_int(row, "start_ns", (int64_t)a->start_ns);
    lb_row_text(row, "status", a->spoiled ? "spoiled" : a->armed ? "armed" : "ok");
    lb_row_text(row, "reason", lb_spoiled_name(a->spoiled));
    if (!a->armed) {
        write_figures(row, c, &s);
        write_costs(row, &s);
    }
    lb_row_int(row, "total_ops", (int64_t)s.total_ops);
    for (int i = 0; i < a->n_links; i++) {
        lb_row_more_number(row, "pingpong_before_ns", (double)a->before[i]);
        lb_row_more_number(row, "pingpong_after_ns", (double)a->after[i]);
    }
    if (a->steal >= 0)
        lb_row_int(row, "steal_ticks", a->steal);
    lb_row_int(row, "emulated", b->options->emulated);
    write_faults(row, c, role, &s.account);
    write_ops(row, c, &s.account);
}

int lb_runner_write(struct lb_runner *b, const struct lb_attempt *a, struct lb_why *why)
{
    const struct lb_case *c = &b->plan->cases[a->case_index];

    for (int role = 0; b->csv && role < lb_case_roles(c); role++) {
        int err;
        lb_row_clear(b->row);
        lb_row_case(b->row, b->plan, c);
        write_sample(b, a, c, role);
        write_threads(b, a, c, role);
        write_blocks(b->row, a, c, role);
        write_placed(b->row, &a->placed, c, &b->plan->placements[c->placement]);
        write_latency(b, a, c, role);
        write_events(b, a, c, role);
        if ((err = lb_csv_append(b->csv, b->row, why)))
            return err;
    }
    return 0;
}

static int write_anchor(struct lb_runner *b, const char *name, const struct lb_placement *p,
                        double ns, struct lb_why *why)
{
    lb_row_clear(b->row);
    lb_row_int(b->row, "schema_version", LB_SCHEMA_VERSION);
    lb_row_text(b->row, "suite", b->plan->suite);
    lb_row_text(b->row, "scenario", name);
    if (p) {
        lb_row_text(b->row, "placement", p->name);
        lb_row_text(b->row, "distance", lb_distance_name(p->distance));
    }
    lb_row_int(b->row, "threads", p ? p->n : 1);
    lb_row_text(b->row, "role", "all");
    lb_row_int(b->row, "round", b->round);
    lb_row_int(b->row, "start_ns",
               (int64_t)lb_clock_ns(&b->run->clock, lb_clock_now(&b->run->clock) - b->start_ticks));
    lb_row_text(b->row, "status", "ok");
    lb_row_number(b->row, "ns_op", ns);
    lb_row_int(b->row, "emulated", b->options->emulated);
    return b->csv ? lb_csv_append(b->csv, b->row, why) : 0;
}

/* Two locked adds and a store on a line of the caller's own. */
static double adds_ns(struct lb_runner *b)
{
    enum { OPS = 4000 };
    char *lock = b->arena + b->draw.lock_lines;
    lb_hot *adds = lb_hot_find(LB_OP_ADDS, LB_LOCK_RWSEM40, false, false);
    uint64_t from;

    lb_lock_init(LB_LOCK_RWSEM40, lock);
    adds(OPS, 1, LB_SPAN_LEAST, NULL, (uintptr_t)lock, 0, 0, 0, 0, 0);
    from = lb_clock_now(&b->run->clock);
    adds(OPS, 1, LB_SPAN_LEAST, NULL, (uintptr_t)lock, 0, 0, 0, 0, 0);
    return lb_clock_ns(&b->run->clock, lb_clock_now(&b->run->clock) - from) / (double)OPS;
}

int lb_runner_anchors(struct lb_runner *b, struct lb_why *why)
{
    int err = write_anchor(b, "anchor-chain", NULL, lb_crew_chain_ns(b->crew), why);

    if (!err)
        err = write_anchor(b, "anchor-adds", NULL, adds_ns(b), why);
    for (size_t i = 0; !err && i < b->plan->n_placements; i++) {
        double ns;
        uintptr_t lines[LB_PINGPONG_LINES];
        const struct lb_placement *p = &b->plan->placements[i];
        if (p->n < 2)
            continue;
        lb_runner_lines(b, LB_PINGPONG_LINES, lines);
        err = lb_crew_pingpong(b->crew, lb_runner_worker(b, p->pu_os[0]),
                               lb_runner_worker(b, p->pu_os[1]), lines, LB_PINGPONG_LINES,
                               8 * LB_PINGPONG_TRIPS, &ns);
        if (!err)
            err = write_anchor(b, "anchor-pingpong", p, ns, why);
    }
    return err;
}
