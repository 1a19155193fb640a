/* SPDX-License-Identifier: MIT
 *
 * The other half of a line: not what a layout costs, but where it goes. Accounted (CPU, switches,
 * what the locks did), timed (sampled latencies) and counted (events), side by side.
 */
#include "analysis_private.h"
#include "run/run_private.h"

#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

static const struct lb_sample *sample_of(const struct lb_run *run, const struct lb_result *l,
                                         size_t i)
{
    const struct lb_sample *s = &run->series[l->case_index].samples[l->role][i];

    return s->regime == l->regime ? s : NULL;
}

static void sum_samples(const struct lb_run *run, struct lb_result *l, struct lb_sample *sum)
{
    for (size_t i = 0; i < run->series[l->case_index].n; i++) {
        const struct lb_sample *x = sample_of(run, l, i);
        if (!x) {
            l->windows_other++;
            continue;
        }
        sum->total_ops += x->total_ops;
        lb_account_add(&x->account, &sum->account);
    }
}

static void account_faults(const struct lb_run *run, const struct lb_sample *sum,
                           struct lb_result *l)
{
    const struct lb_account *a = &sum->account;
    double faults = a->minor_faults + a->major_faults;
    int threads = lb_case_role_threads(&run->plan->cases[l->case_index], l->role);

    l->faults_per_op = faults / sum->total_ops;
    l->faults_per_cpu_s = 1e9 * faults / a->cpu_ns;
    l->faults_per_wall_s = 1e9 * faults / (a->wall_ns / threads);
}

/* Of a lock that does not count what it does, the numbers are not known, rather than 0. */
static bool is_known(const struct lb_measure *m, const struct lb_workload *shape,
                     const struct lb_account *sum)
{
    if (m->how & LB_MEASURE_LOCK && !lb_lock_info(shape->lock)->counts)
        return false;
    return !(m->how & LB_MEASURE_TICKS) || sum->wall_ns >= LB_SPLIT_LEAST_NS;
}

void lb_result_account(const struct lb_run *run, struct lb_result *l)
{
    const struct lb_workload *shape = &run->plan->cases[l->case_index].shape;
    struct lb_sample sum = {0};

    sum_samples(run, l, &sum);
    for (size_t i = 0; i < LB_MEASURES; i++) {
        const struct lb_measure *m = &lb_measures[i];
        double value = lb_account_get(&sum.account, m) / (sum.total_ops / m->per);
        *lb_account_at(&l->per, m) = is_known(m, shape, &sum.account) ? value : NAN;
    }
    if (lb_workload_paced(shape, l->role)) /* it waits on its CPU */
        l->per.cpu_ns = l->per.user_ns = NAN;
    account_faults(run, &sum, l);
}

#define SCALAR(MEMBER) offsetof(struct lb_sample, MEMBER)

static double scalar_of(const struct lb_sample *s, size_t member)
{
    return *(const double *)((const char *)s + member);
}

/* What the line's windows have of one member, where they have it. */
static size_t take_scalars(const struct lb_run *run, const struct lb_result *l, size_t member,
                           double *scratch)
{
    size_t n = 0;

    for (size_t i = 0; i < run->series[l->case_index].n; i++) {
        const struct lb_sample *x = sample_of(run, l, i);
        double value = x ? scalar_of(x, member) : NAN;
        if (isfinite(value))
            scratch[n++] = value;
    }
    return n;
}

static double median_scalar(const struct lb_run *run, const struct lb_result *l, size_t member,
                            double *scratch)
{
    double median = NAN;
    size_t n = take_scalars(run, l, member, scratch);

    if (n)
        lb_stats_median(scratch, n, &median);
    return median;
}

static double mean_scalar(const struct lb_run *run, const struct lb_result *l, size_t member,
                          double *scratch)
{
    size_t n = take_scalars(run, l, member, scratch);
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += scratch[i];
    return n ? sum / (double)n : NAN;
}

/* The mean of what the windows of a regime found, of cases like that one; NaN: nothing. A case's
 * windows have one regime between all its roles. */
struct pool {
    double sum;
    size_t n;
};

static void pool_case(const struct lb_run *run, size_t index, int role, int regime, size_t member,
                      struct pool *pool)
{
    for (size_t i = 0; i < run->series[index].n; i++) {
        const struct lb_sample *x = &run->series[index].samples[role][i];
        double value = scalar_of(x, member);
        if (x->regime != regime || !isfinite(value))
            continue;
        pool->sum += value;
        pool->n++;
    }
}

/* Same ops on as many objects with the same kind of lock: the rows that a table compares. */
static bool same_op(const struct lb_case *a, const struct lb_case *b)
{
    return a->shape.scenario == b->shape.scenario && a->shape.lock == b->shape.lock &&
           a->shape.objects == b->shape.objects && a->shape.access == b->shape.access;
}

static double threshold_ns(const struct lb_run *run, const struct lb_result *l)
{
    const struct lb_plan *p = run->plan;
    const struct lb_case *c = &p->cases[l->case_index];
    size_t place = (size_t)c->placement;
    size_t end = place + 1 < p->n_placements ? p->first_case[place + 1] : p->n_cases;
    struct pool own = {0, 0}, fetch = {0, 0};

    if (c->shape.threads < 2)
        return NAN;
    for (size_t i = p->first_case[place]; i < end; i++) {
        pool_case(run, i, 0, l->regime, SCALAR(transfer_ns), &fetch);
        if (same_op(&p->cases[i], c))
            pool_case(run, i, l->role, l->regime, SCALAR(own_op_ns), &own);
    }
    if (!own.n || !fetch.n)
        return NAN;
    double fetch_ns = fetch.sum / (double)fetch.n;
    if (fetch_ns < LB_TRANSFER_STEPS * run->clock.step_ns)
        return NAN; /* the two cannot be told apart: SMT siblings share their caches */
    return own.sum / (double)own.n + fetch_ns / 2;
}

/* The share of a line's timed ops above so many ticks, with its interval over windows. */
static int share_above(const struct lb_run *run, const struct lb_result *l, double ticks,
                       double *above, double *all, struct lb_rate *share)
{
    const struct lb_series *series = &run->series[l->case_index];
    size_t n = 0;

    for (size_t i = 0; i < series->n; i++) {
        const struct lb_latency_kept *kept = series->latencies[l->role][i];
        if (!sample_of(run, l, i) || !kept->n)
            continue;
        above[n] = lb_latency_kept_above(kept, ticks);
        all[n++] = (double)kept->n;
    }
    return lb_stats_rate(above, all, n, share);
}

/* Where windows put the share beyond a percentile anywhere between two values, it lies between the
 * percentiles of these. */
static struct lb_range quantile_range(const struct lb_run *run, const struct lb_result *l,
                                      const struct lb_latency *sum, double q, double *scratch,
                                      double *more)
{
    struct lb_range range = {NAN, NAN};
    double ticks = lb_latency_quantile(sum, q);
    struct lb_rate share;

    if (!isfinite(ticks) || share_above(run, l, ticks, scratch, more, &share))
        return range;
    double below = q - (share.hi - share.value), beyond = q + (share.value - share.lo);
    range.lo = lb_latency_quantile(sum, below) * run->clock.ns_per_tick;
    range.hi = lb_latency_quantile(sum, beyond) * run->clock.ns_per_tick;
    return range;
}

static void time_ranges(const struct lb_run *run, struct lb_result *l, const struct lb_latency *sum,
                        double *scratch, double *more)
{
    struct lb_result_latency *t = &l->latency;
    struct lb_rate slow;

    t->p50_range = quantile_range(run, l, sum, 0.5, scratch, more);
    t->p90_range = quantile_range(run, l, sum, 0.9, scratch, more);
    t->p99_range = quantile_range(run, l, sum, 0.99, scratch, more);
    t->p999_range = quantile_range(run, l, sum, 0.999, scratch, more);
    t->slow_range = (struct lb_range){NAN, NAN};
    if (sum->n && isfinite(t->slow_ns) &&
        !share_above(run, l, t->slow_ns / run->clock.ns_per_tick, scratch, more, &slow))
        t->slow_range = (struct lb_range){1000 * slow.lo, 1000 * slow.hi};
}

int lb_result_timed(const struct lb_run *run, double *scratch, double *more, struct lb_result *l)
{
    const struct lb_series *series = &run->series[l->case_index];
    struct lb_latency *sum = calloc(1, sizeof *sum);
    struct lb_result_latency *t = &l->latency;
    double ns = run->clock.ns_per_tick;

    if (!sum)
        return -ENOMEM;
    for (size_t i = 0; i < series->n; i++)
        if (series->latencies[l->role] && sample_of(run, l, i))
            lb_latency_merge_kept(series->latencies[l->role][i], sum);
    t->n = (double)sum->n;
    t->p50 = lb_latency_quantile(sum, 0.5) * ns;
    t->p90 = lb_latency_quantile(sum, 0.9) * ns;
    t->p99 = lb_latency_quantile(sum, 0.99) * ns;
    t->p999 = lb_latency_quantile(sum, 0.999) * ns;
    t->max = sum->n ? (double)sum->max * ns : NAN;
    t->own_op_ns = median_scalar(run, l, SCALAR(own_op_ns), scratch);
    t->transfer_ns = median_scalar(run, l, SCALAR(transfer_ns), scratch);
    for (int i = 0; i < LB_COSTS; i++)
        t->costs[i] =
            median_scalar(run, l, SCALAR(costs) + (size_t)i * sizeof t->costs[i], scratch);
    t->own_mean_ns = mean_scalar(run, l, SCALAR(own_mean_ns), scratch);
    t->wait_ns_op = mean_scalar(run, l, SCALAR(wait_ns_op), scratch);
    t->slow_ns = threshold_ns(run, l);
    t->slow_per_kop =
        sum->n && isfinite(t->slow_ns) ? 1000 * lb_latency_above(sum, t->slow_ns / ns) / t->n : NAN;
    t->sampled_share = median_scalar(run, l, SCALAR(sampled_share), scratch);
    if (series->latencies[l->role])
        time_ranges(run, l, sum, scratch, more);
    free(sum);
    return 0;
}

static void count_event(const struct lb_run *run, const struct lb_result *l, size_t event,
                        double *counts, double *ops, struct lb_result_count *k)
{
    const struct lb_series *series = &run->series[l->case_index];
    struct lb_rate rate;
    enum lb_count_state worst =
        run->events[event].state == LB_COUNT_COUNTED ? LB_COUNT_UNASKED : run->events[event].state;

    k->per_op = k->lo = k->hi = k->expected = NAN;
    if (lb_workload_paced(&run->plan->cases[l->case_index].shape, l->role) &&
        lb_event_counts_waits(&run->events[event].event))
        return;
    for (size_t i = 0; i < series->n; i++) {
        const struct lb_tally *t = &series->tallies[l->role][i * run->n_events + event];
        if (!sample_of(run, l, i) || t->state == LB_COUNT_UNASKED)
            continue;
        if (!isfinite(t->count)) {
            k->error = t->state > worst ? t->error : k->error;
            worst = t->state > worst ? t->state : worst;
            continue;
        }
        counts[k->windows] = t->count;
        ops[k->windows++] = t->ops;
        k->state = t->state > k->state ? t->state : k->state;
    }
    if (!k->windows)
        k->state = worst;
    if (lb_stats_rate(counts, ops, k->windows, &rate))
        return;
    k->per_op = rate.value;
    k->lo = rate.lo;
    k->hi = rate.hi;
}

int lb_result_counted(const struct lb_run *run, double *scratch, double *more, struct lb_result *l)
{
    if (!run->n_events)
        return 0;
    l->counts = calloc(run->n_events, sizeof *l->counts);
    if (!l->counts)
        return -ENOMEM;
    for (size_t i = 0; i < run->n_events; i++)
        count_event(run, l, i, scratch, more, &l->counts[i]);
    return 0;
}

/* Whether the shared control of this placement shows the event, at any work and in any regime. */
static bool control_counts(const struct lb_analysis *a, int placement, size_t event)
{
    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_case *c = &a->run->plan->cases[a->lines[i].case_index];
        if (c->shape.scenario->purpose == LB_PURPOSE_SHARED_CONTROL && c->placement == placement &&
            a->lines[i].counts && a->lines[i].counts[event].per_op >= LB_CONTROL_COUNT)
            return true;
    }
    return false;
}

void lb_analysis_doubt_zeros(struct lb_analysis *a)
{
    for (size_t i = 0; i < a->n_lines; i++) {
        struct lb_result *l = &a->lines[i];
        int placement = a->run->plan->cases[l->case_index].placement;
        for (size_t e = 0; l->counts && e < a->run->n_events; e++) {
            struct lb_result_count *k = &l->counts[e];
            if (k->windows && !(k->per_op > 0) && !control_counts(a, placement, e)) {
                k->unproved = true;
                k->per_op = k->lo = k->hi = NAN;
            }
        }
    }
}

/* The reason where no line has a value and none read 0. */
static const char *why_lost(const struct lb_run_event *e, enum lb_count_state worst, int error)
{
    if (worst != LB_COUNT_UNASKED)
        return lb_count_reason(error);
    return *e->reason ? e->reason : "its group's turn never came: more rounds are needed";
}

const char *lb_analysis_event(const struct lb_analysis *a, size_t event, const char **why)
{
    const struct lb_run_event *e = &a->run->events[event];
    enum lb_count_state worst = LB_COUNT_UNASKED;
    bool unproved = false;
    int error = 0;

    *why = e->reason;
    if (e->state != LB_COUNT_COUNTED)
        return lb_count_state_name(e->state);
    *why = NULL;
    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_result_count *k = a->lines[i].counts ? &a->lines[i].counts[event] : NULL;
        if (!k || !lb_case_is_subject(&a->run->plan->cases[a->lines[i].case_index]))
            continue;
        if (isfinite(k->per_op))
            return lb_count_state_name(LB_COUNT_COUNTED);
        unproved |= k->unproved;
        error = k->state > worst ? k->error : error;
        worst = k->state > worst ? k->state : worst;
    }
    *why = !unproved       ? why_lost(e, worst, error)
           : a->n_controls ? "it read 0, and so did the positive control: not a measured zero"
                           : "it read 0, and no positive control ran: not a measured zero";
    return unproved ? LB_UNPROVED : lb_count_state_name(worst);
}
