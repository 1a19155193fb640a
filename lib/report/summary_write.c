/* SPDX-License-Identifier: MIT
 *
 * The rows of summary.csv.
 */
#include <linebounce/analysis.h>

#include <linebounce/scenario.h>

#include "run/run_private.h"

#include <math.h>
#include <stdio.h>

static void write_counts(struct lb_row *row, const struct lb_analysis *a, const struct lb_result *l)
{
    const struct lb_series *s = &a->run->series[l->case_index];

    lb_row_int(row, "regime", l->regime);
    lb_row_number(row, "regime_ns", s->n_links ? a->run->regime_ns[l->regime] : NAN);
    lb_row_int(row, "windows", (int64_t)l->ns_op.n);
    lb_row_int(row, "windows_spoiled", s->spoiled);
    lb_row_int(row, "windows_other_regime", (int64_t)l->windows_other);
}

static void write_times(struct lb_row *row, const struct lb_result *l)
{
    lb_row_number(row, "ns_op_median", l->ns_op.median);
    lb_row_number(row, "ns_op_ci95_lo", l->ns_op.lo);
    lb_row_number(row, "ns_op_ci95_hi", l->ns_op.hi);
    lb_row_number(row, "ns_op_mad", l->ns_op.mad);
    lb_row_number(row, "ns_op_min", l->ns_op.min);
    lb_row_number(row, "ns_op_max", l->ns_op.max);
    if (l->net.n) {
        lb_row_number(row, "net_ns_op_hl", l->net.value);
        lb_row_number(row, "net_ns_op_ci95_lo", l->net.lo);
        lb_row_number(row, "net_ns_op_ci95_hi", l->net.hi);
        lb_row_number(row, "net_ns_op_mean", l->net.mean);
    }
    lb_row_number(row, "machine_ns_op_median", l->machine_ns_op);
    lb_row_number(row, "ops_per_s_median", l->ops_per_s);
    lb_row_number(row, "ops_per_kop_of_first_median", l->per_kop_of_first);
    lb_row_number(row, "late_ns_op_median", l->late_ns_op);
    lb_row_number(row, "jain_median", l->jain);
    lb_row_number(row, "min_over_max_median", l->min_over_max);
    lb_row_number(row, "cpu_ns_op_median", l->cpu_ns_op);
    lb_row_number(row, "off_cpu_share_median", l->off_cpu_share);
}

/* The measures whose `how` has `bits` of all that `mask` asks for. */
static void write_account(struct lb_row *row, const struct lb_result *l, unsigned mask,
                          unsigned bits)
{
    for (size_t i = 0; i < LB_MEASURES; i++)
        if (lb_measures[i].summary && (lb_measures[i].how & mask) == bits)
            lb_row_number(row, lb_measures[i].summary, lb_account_get(&l->per, &lb_measures[i]));
}

static void write_faults(struct lb_row *row, const struct lb_case *c, const struct lb_result *l)
{
    if (!c->shape.scenario->subject->uses_pages)
        return;
    lb_row_number(row, "faults_per_op", l->faults_per_op);
    write_account(row, l, LB_MEASURE_PAGES, LB_MEASURE_PAGES);
    if (!lb_op_faults(c->shape.scenario->roles[l->role].op)) /* mappers have none to speak of */
        return;
    lb_row_number(row, "faults_per_cpu_s", l->faults_per_cpu_s);
    lb_row_number(row, "faults_per_wall_s", l->faults_per_wall_s);
}

static void write_range(struct lb_row *row, const char *of, const struct lb_range *range)
{
    char name[64];

    snprintf(name, sizeof name, "%s_ci95_lo", of);
    lb_row_number(row, name, range->lo);
    snprintf(name, sizeof name, "%s_ci95_hi", of);
    lb_row_number(row, name, range->hi);
}

static void write_latency(struct lb_row *row, const struct lb_result_latency *t)
{
    if (!(t->n > 0))
        return;
    lb_row_int(row, "latency_samples", (int64_t)t->n);
    lb_row_number(row, "latency_p50_ns", t->p50);
    lb_row_number(row, "latency_p90_ns", t->p90);
    lb_row_number(row, "latency_p99_ns", t->p99);
    lb_row_number(row, "latency_p999_ns", t->p999);
    lb_row_number(row, "latency_max_ns", t->max);
    lb_row_number(row, "own_op_ns_median", t->own_op_ns);
    lb_row_number(row, "own_op_mean_ns", t->own_mean_ns);
    lb_row_number(row, "wait_ns_op", t->wait_ns_op);
    lb_row_number(row, "transfer_ns_median", t->transfer_ns);
    for (int i = 0; i < LB_COSTS; i++)
        lb_row_number(row, lb_cost_columns[i].summary, t->costs[i]);
    lb_row_number(row, "slow_threshold_ns", t->slow_ns);
    lb_row_number(row, "slow_ops_per_kop", t->slow_per_kop);
    write_range(row, "slow_ops_per_kop", &t->slow_range);
    write_range(row, "latency_p50_ns", &t->p50_range);
    write_range(row, "latency_p90_ns", &t->p90_range);
    write_range(row, "latency_p99_ns", &t->p99_range);
    write_range(row, "latency_p999_ns", &t->p999_range);
    lb_row_number(row, "sampled_share_median", t->sampled_share);
}

static void write_counts_of_events(struct lb_row *row, const struct lb_run *run,
                                   const struct lb_result *l)
{
    for (size_t i = 0; l->counts && i < run->n_events; i++) {
        const struct lb_result_count *k = &l->counts[i];
        const struct lb_event *e = &run->events[i].event;
        lb_row_more_text(row, "events", e->name);
        lb_row_more_number(row, "events_per_op", k->per_op);
        lb_row_more_number(row, "events_per_op_ci95_lo", k->lo);
        lb_row_more_number(row, "events_per_op_ci95_hi", k->hi);
        lb_row_more_int(row, "event_windows", (int64_t)k->windows);
        lb_row_more_text(row, "event_states",
                         k->unproved ? LB_UNPROVED : lb_count_state_name(k->state));
        lb_row_more_number(row, "events_expected", k->expected);
        if (e->quantity >= 0)
            lb_row_quantity(row, e->quantity, k->per_op);
    }
    if (l->expected != LB_EXPECTATION_NONE)
        lb_row_int(row, "as_expected", l->expected == LB_EXPECTATION_MET);
}

/* "0:5;16:5;32:5;48:5": how many windows lay at each residue. */
static void write_residues(struct lb_row *row, const char *column, const unsigned n[LB_LINE_BYTES])
{
    char text[LB_LINE_BYTES * 16] = "";
    struct lb_canvas t = {text, sizeof text, 0};

    for (int r = 0; r < LB_LINE_BYTES; r++)
        if (n[r])
            lb_canvas_put(&t, "%s%d:%u", t.used ? ";" : "", r, n[r]);
    lb_row_text(row, column, text);
}

static void write_heap(struct lb_row *row, const struct lb_case *c)
{
    double bytes;

    if (lb_churn_heap_bytes(c->shape.layout, c->shape.lock, &bytes))
        return;
    lb_row_number(row, "bytes_per_object", bytes);
    lb_row_int(row, "pages_per_1000_objects", (int64_t)ceil(1000 * bytes / LB_SLAB_PAGE_BYTES));
}

static void write_layout(struct lb_row *row, const struct lb_analysis *a, const struct lb_result *l)
{
    const struct lb_series *s = &a->run->series[l->case_index];
    const struct lb_case *c = &a->run->plan->cases[l->case_index];
    struct lb_geometry g;

    if (c->shape.scenario->uses_lock)
        write_account(row, l, LB_MEASURE_OPS, LB_MEASURE_OPS);
    else if (lb_scenario_does(c->shape.scenario, LB_OP_PUSH) ||
             c->shape.scenario->subject->uses_pages)
        write_account(row, l, LB_MEASURE_OPS | LB_MEASURE_LOCK, LB_MEASURE_OPS);
    if (!c->shape.layout || lb_geometry_init(c->shape.layout, c->shape.lock, NULL, &g))
        return;
    if (lb_scenario_does(c->shape.scenario, LB_OP_CHURN_MALLOC)) {
        write_heap(row, c);
        return;
    }
    if (lb_workload_has_generation(&c->shape))
        lb_row_text(row, "generation", lb_workload_generation(&c->shape)->name);
    lb_row_int(row, "bytes_per_object", (int64_t)g.bytes_per_object);
    lb_row_int(row, "pages_per_1000_objects", (int64_t)g.pages_per_1000);
    write_account(row, l, LB_MEASURE_OPS, LB_MEASURE_OPS);
    write_residues(row, "residues", s->object_residues);
    write_residues(row, "lock_residues", s->lock_residues);
    if (s->pairs_known)
        lb_row_int(row, "sharing_windows", s->pairs_sharing);
}

static void write_comparison(struct lb_row *row, const struct lb_analysis *a,
                             const struct lb_result *l)
{
    const struct lb_case *c = &a->run->plan->cases[l->case_index];
    const struct lb_comparison *k = &l->comparison;
    char base[LB_CASE_LAYOUT_BYTES];

    if (c->base < 0 || !l->compared)
        return;
    const struct lb_case *other = &a->run->plan->cases[c->base];
    lb_case_layout(other, base);
    lb_row_text(row, "baseline",
                other->shape.scenario == c->shape.scenario ? base : other->shape.scenario->name);
    lb_row_int(row, "pairs", (int64_t)l->pairs);
    lb_row_number(row, "ratio", k->ratio.value);
    lb_row_number(row, "ratio_ci95_lo", k->ratio.lo);
    lb_row_number(row, "ratio_ci95_hi", k->ratio.hi);
    lb_row_number(row, "diff_ns", k->difference.value);
    lb_row_number(row, "diff_ns_ci95_lo", k->difference.lo);
    lb_row_number(row, "diff_ns_ci95_hi", k->difference.hi);
    lb_row_text(row, "diff_method",
                k->difference.method == LB_STATS_SIGNED_RANK ? "signed-rank" : "block-variance");
    lb_row_number(row, "diff_mean_ns", k->difference.mean);
    lb_row_int(row, "diff_two_humped", k->difference.humped);
    lb_row_number(row, "diff_lag1", k->difference.lag1);
    lb_row_number(row, "margin_ns", k->margin_ns);
    if (!lb_case_is_subject(c))
        return;
    lb_row_number(row, "p_holm", k->p_holm);
    lb_row_text(row, "verdict", lb_verdict_name(k->verdict));
    lb_row_int(row, "unfair", k->unfair);
    lb_row_text(row, "note", k->no_verdict);
}

int lb_analysis_write(const struct lb_analysis *a, struct lb_csv *csv, struct lb_why *why)
{
    struct lb_row *row = NULL;
    int err = lb_row_create(&lb_schema_summary, &row);

    for (size_t i = 0; !err && i < a->n_lines; i++) {
        const struct lb_result *l = &a->lines[i];
        const struct lb_case *c = &a->run->plan->cases[l->case_index];
        lb_row_clear(row);
        lb_row_case(row, a->run->plan, c);
        lb_row_text(row, "role", lb_case_role_name(c, l->role));
        write_counts(row, a, l);
        write_times(row, l);
        write_account(row, l, LB_MEASURE_PAGES | LB_MEASURE_OPS, 0);
        write_faults(row, c, l);
        write_layout(row, a, l);
        write_latency(row, &l->latency);
        write_counts_of_events(row, a->run, l);
        write_comparison(row, a, l);
        err = lb_csv_append(csv, row, why);
    }
    lb_row_destroy(row);
    return err;
}
