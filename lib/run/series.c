/* SPDX-License-Identifier: MIT
 *
 * From the threads' results of a window to the round's sample, and to the series.
 */
#include "run_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

double lb_off_cpu_share(const struct lb_sample *s)
{
    const struct lb_account *a = &s->account;

    return a->cpu_ns >= a->wall_ns ? 0 : 1 - a->cpu_ns / a->wall_ns;
}

/* Wall time over a role's ops. */
static double wall_ns_op(const struct lb_attempt *a, const struct lb_case *c, int role)
{
    double measured = 0, ops = 0;

    for (int i = 0; i < c->shape.threads; i++)
        if (lb_case_plays(c, role, i)) {
            measured += a->results[i].measured_ns;
            ops += a->results[i].ops;
        }
    return measured / ops / lb_case_role_threads(c, role);
}

static double per_kop_of_first(const struct lb_attempt *a, const struct lb_case *c, int role,
                               const struct lb_sample *s)
{
    if (!lb_case_has_rates(c))
        return NAN;
    if (lb_case_roles(c) == 1) /* writes are a share of its ops */
        return 1000 * s->account.mm_writes / (s->total_ops - s->account.mm_writes);
    return role ? 1000 * wall_ns_op(a, c, 0) / s->machine_ns_op : NAN;
}

void lb_runner_fold(const struct lb_attempt *a, const struct lb_case *c, int role,
                    struct lb_sample *s)
{
    double *ops = a->ops, busy = 0, measured = 0, sampled = 0, sum = 0, late = 0, late_ops = 0;
    double timed = 0, timed_ops = 0;
    bool paced = lb_workload_paced(&c->shape, role);
    size_t n = 0;

    memset(s, 0, sizeof *s);
    for (int i = 0; i < c->shape.threads; i++) {
        const struct lb_thread_result *r = &a->results[i];
        if (!lb_case_plays(c, role, i))
            continue;
        if (!n)
            s->first_ns_op = (paced ? r->busy_ns : r->measured_ns) / r->ops;
        ops[n++] = r->ops;
        measured += r->measured_ns;
        busy += paced ? r->busy_ns : r->measured_ns;
        late += r->late_ns;
        late_ops += (double)r->late_ops;
        sampled += r->sampled_ns;
        timed += r->timed_ns;
        timed_ops += (double)r->timed_ops;
        sum += r->ops;
        s->total_ops += (double)r->total_ops;
        lb_account_add(&r->account, &s->account);
    }
    s->ns_op = busy / sum;
    s->machine_ns_op = measured / sum / (double)n;
    s->per_kop_of_first = per_kop_of_first(a, c, role, s);
    s->late_ns_op = paced ? late / late_ops : NAN;
    s->jain = lb_stats_jain(ops, n);
    s->min_over_max = lb_stats_min_over_max(ops, n);
    s->cpu_ns_op = s->account.cpu_ns / s->total_ops;
    s->off_cpu_share = lb_off_cpu_share(s);
    s->own_op_ns = a->own_ns[role];
    s->own_mean_ns = a->own_mean_ns[role];
    s->wait_ns_op = timed / timed_ops - s->own_mean_ns;
    s->slow_ns = a->slow_ns[role];
    s->transfer_ns = a->transfer_ns;
    memcpy(s->costs, a->costs, sizeof s->costs);
    /* Where nothing sleeps, sampled blocks are left out of the measured time. */
    s->sampled_share = paced ? NAN : sampled / (measured + (c->blocks ? 0 : sampled));
}

void lb_runner_latency(const struct lb_attempt *a, const struct lb_case *c, int role,
                       struct lb_latency *sum)
{
    for (int i = 0; i < c->shape.threads; i++)
        if (lb_case_plays(c, role, i))
            lb_latency_merge(&a->results[i].latency, sum);
}

int lb_sum_init(const struct lb_run *run, const struct lb_case *c, struct lb_sum *sum)
{
    size_t n = (size_t)run->plan->placements[c->placement].n;

    sum->agree = LB_REGIME_AGREE;
    sum->first = calloc(n, sizeof *sum->first);
    sum->least = calloc(n, sizeof *sum->least);
    sum->most = calloc(n, sizeof *sum->most);
    sum->latency = calloc(2, sizeof *sum->latency);
    for (int role = 0; role < 2; role++) {
        sum->tallies[role] = calloc(run->n_events + 1, sizeof *sum->tallies[role]);
        if (!sum->tallies[role])
            return -ENOMEM;
    }
    return sum->first && sum->least && sum->most && sum->latency ? 0 : -ENOMEM;
}

void lb_sum_finish(struct lb_sum *sum)
{
    free(sum->first);
    free(sum->least);
    free(sum->most);
    free(sum->latency);
    free(sum->tallies[0]);
    free(sum->tallies[1]);
}

void lb_sum_add_sample(const struct lb_sample *x, int role, struct lb_sum *s)
{
    struct lb_sample *sum = &s->roles[role];

    sum->ns_op += x->ns_op;
    sum->machine_ns_op += x->machine_ns_op;
    sum->per_kop_of_first += x->per_kop_of_first;
    sum->late_ns_op += x->late_ns_op;
    sum->first_ns_op += x->first_ns_op;
    sum->jain += x->jain;
    sum->min_over_max += x->min_over_max;
    sum->cpu_ns_op += x->cpu_ns_op;
    sum->off_cpu_share += x->off_cpu_share;
    sum->own_op_ns += x->own_op_ns;
    sum->slow_ns += x->slow_ns;
    sum->own_mean_ns += x->own_mean_ns;
    sum->wait_ns_op += x->wait_ns_op;
    sum->transfer_ns += x->transfer_ns;
    for (int i = 0; i < LB_COSTS; i++)
        sum->costs[i] += x->costs[i];
    sum->sampled_share += x->sampled_share;
    sum->total_ops += x->total_ops;
    lb_account_add(&x->account, &sum->account);
}

/* Every residue counts equally, however many ops its window held. */
static void take_mean(struct lb_sample *sum, int phases)
{
    sum->ns_op /= phases;
    sum->machine_ns_op /= phases;
    sum->per_kop_of_first /= phases;
    sum->late_ns_op /= phases;
    sum->first_ns_op /= phases;
    sum->jain /= phases;
    sum->min_over_max /= phases;
    sum->cpu_ns_op /= phases;
    sum->off_cpu_share /= phases;
    sum->own_op_ns /= phases;
    sum->slow_ns /= phases;
    sum->own_mean_ns /= phases;
    sum->wait_ns_op /= phases;
    sum->transfer_ns /= phases;
    for (int i = 0; i < LB_COSTS; i++)
        sum->costs[i] /= phases;
    sum->sampled_share /= phases;
}

/* Two probes agree better than one does: over eight phases single ones would differ by luck. */
void lb_sum_add_phase(const float *before, const float *after, int n_links, struct lb_sum *sum)
{
    for (int i = 0; i < n_links; i++) {
        float mean = sqrtf(before[i] * after[i]);
        if (!sum->phases)
            sum->first[i] = before[i];
        if (!sum->phases || mean < sum->least[i])
            sum->least[i] = mean;
        if (!sum->phases || mean > sum->most[i])
            sum->most[i] = mean;
    }
    sum->phases++;
}

void lb_sum_add(struct lb_runner *b, const struct lb_attempt *a, struct lb_sum *sum)
{
    const struct lb_case *c = &b->plan->cases[a->case_index];
    struct lb_sample x;

    for (int role = 0; role < lb_case_roles(c); role++) {
        lb_runner_fold(a, c, role, &x);
        lb_sum_add_sample(&x, role, sum);
        lb_runner_latency(a, c, role, &sum->latency[role]);
        lb_runner_tally(a, c, role, sum->tallies[role]);
    }
    if (!sum->phases)
        sum->start_ns = a->start_ns;
    sum->agree = lb_runner_agreement(b, c->placement);
    lb_sum_add_phase(a->before, a->after, a->n_links, sum);
    lb_series_place(&a->placed, &b->run->series[a->case_index]);
}

void lb_series_place(const struct lb_placed *p, struct lb_series *series)
{
    if (p->object_residue >= 0) {
        series->object_residues[p->object_residue]++;
        series->lock_residues[p->lock_residue]++;
    }
    series->pairs_known += p->shares >= 0;
    series->pairs_sharing += p->shares > 0;
}

static int keep_probes(struct lb_series *series, const struct lb_sum *sum, const float *after,
                       int n_links)
{
    size_t n = series->n, links = (size_t)n_links;
    float *probes, *changes;

    series->n_links = n_links;
    if (!links)
        return 0;
    probes = realloc(series->probes, (n + 1) * links * sizeof *probes);
    if (probes)
        series->probes = probes;
    changes = realloc(series->changes, (n + 1) * links * sizeof *changes);
    if (changes)
        series->changes = changes;
    if (!probes || !changes)
        return -ENOMEM;
    for (size_t i = 0; i < links; i++) {
        probes[n * links + i] = sqrtf(sum->first[i] * after[i]);
        changes[n * links + i] = after[i] / sum->first[i];
    }
    return 0;
}

static int keep_sample(struct lb_series *series, int role, const struct lb_sample *sample)
{
    struct lb_sample *more =
        realloc(series->samples[role], (series->n + 1) * sizeof *series->samples[role]);

    if (!more)
        return -ENOMEM;
    series->samples[role] = more;
    more[series->n] = *sample;
    return 0;
}

static int keep_tallies(struct lb_series *series, int role, const struct lb_tally *tallies,
                        size_t n_events)
{
    struct lb_tally *more;

    if (!n_events)
        return 0;
    more = realloc(series->tallies[role], (series->n + 1) * n_events * sizeof *more);
    if (!more)
        return -ENOMEM;
    series->tallies[role] = more;
    memcpy(more + series->n * n_events, tallies, n_events * sizeof *more);
    return 0;
}

static int keep_latency(struct lb_series *series, int role, const struct lb_latency *latency)
{
    struct lb_latency_kept **more =
        realloc(series->latencies[role], (series->n + 1) * sizeof *series->latencies[role]);

    if (!more)
        return -ENOMEM;
    series->latencies[role] = more;
    more[series->n] = lb_latency_keep(latency);
    return more[series->n] ? 0 : -ENOMEM;
}

int lb_sum_keep(struct lb_run *run, int case_index, unsigned round, const float *after, int n_links,
                struct lb_sum *sum)
{
    const struct lb_case *c = &run->plan->cases[case_index];
    struct lb_series *series = &run->series[case_index];
    int err = 0;

    if (!lb_probes_agree(sum->least, sum->most, n_links, sum->agree)) {
        run->dropped++;
        return 0;
    }
    for (int role = 0; role < lb_case_roles(c); role++) {
        take_mean(&sum->roles[role], sum->phases);
        sum->roles[role].round = round;
        sum->roles[role].start_ns = sum->start_ns;
        if ((err = keep_sample(series, role, &sum->roles[role])) ||
            (err = keep_tallies(series, role, sum->tallies[role], run->n_events)))
            return err;
    }
    if ((err = keep_probes(series, sum, after, n_links)))
        return err;
    for (int role = 0; role < lb_case_roles(c); role++)
        if ((err = keep_latency(series, role, &sum->latency[role]))) {
            while (role--)
                free(series->latencies[role][series->n]);
            return err;
        }
    series->n++;
    return 0;
}

void lb_sum_armed(struct lb_runner *b, const struct lb_attempt *a)
{
    const struct lb_case *c = &b->plan->cases[a->case_index];
    struct lb_series *series = &b->run->series[a->case_index];
    size_t n = b->run->n_events;

    for (int role = 0; role < lb_case_roles(c); role++)
        lb_runner_tally(a, c, role, series->tallies[role] + (series->n - 1) * n);
}
