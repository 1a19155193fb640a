/* SPDX-License-Identifier: MIT
 *
 * One case, one window: laying out, probing, measuring, judging, keeping.
 */
#include "run_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A spoiled window is repeated this often in its round; then the round goes on without the case.
 * Long windows have fewer tries: they would eat the budget of the others. */
#define REPEATS          4
#define REPEATS_BLOCKING 1

int lb_ring_links(int threads)
{
    return threads < 2 ? 0 : threads == 2 ? 1 : threads;
}

int lb_bench_worker(const struct lb_bench *b, int pu_os)
{
    for (int i = 0; i < lb_crew_size(b->crew); i++)
        if (lb_crew_pu_os(b->crew, i) == pu_os)
            return i;
    return -1;
}

void lb_bench_lines(struct lb_bench *b, uintptr_t lines[LB_PINGPONG_LINES])
{
    for (int i = 0; i < LB_PINGPONG_LINES; i++)
        lines[i] = (uintptr_t)b->arena +
                   lb_random_below(&b->random, b->arena_bytes / LB_LINE_BYTES) * LB_LINE_BYTES;
}

/* Round trips along the ring of the placement's PUs. Its order never rotates, so link i is the same
 * pair in every probe and a virtual CPU that moves shows in its two links. */
static int probe_ring(struct lb_bench *b, const struct lb_placement *p, float *links)
{
    uintptr_t lines[LB_PINGPONG_LINES];
    int n = lb_ring_links(p->n);

    for (int i = 0; i < n; i++) {
        double ns;
        lb_bench_lines(b, lines);
        int err = lb_crew_pingpong(b->crew, lb_bench_worker(b, p->pu_os[i]),
                                   lb_bench_worker(b, p->pu_os[(i + 1) % p->n]), lines,
                                   LB_PINGPONG_LINES, LB_PINGPONG_TRIPS, &ns);
        if (err)
            return err;
        links[i] = (float)ns;
    }
    return 0;
}

static bool probes_agree(const float *a, const float *b, int n)
{
    for (int i = 0; i < n; i++)
        if (a[i] > b[i] * LB_REGIME_AGREE || b[i] > a[i] * LB_REGIME_AGREE)
            return false;
    return true;
}

/* How often the case was due before this round: what its roles and residues take turns by. A case
 * of every second round would see only even rounds. */
static unsigned turn_of(const struct lb_bench *b, const struct lb_case *c)
{
    return b->round / (unsigned)c->every;
}

/* Roles rotate over the PUs from turn to turn: thread i sits on the placement's PU (i + turn) mod
 * n, also where the case leaves some of the placement's PUs idle. */
static void plan_threads(struct lb_bench *b, const struct lb_case *c, struct lb_attempt *a)
{
    const struct lb_placement *p = &b->plan->placements[c->placement];
    bool paused = c->work_ns > 0;
    double span = c->work_ns * c->slow / b->run->chain_ns;

    for (int i = 0; i < c->shape.threads; i++) {
        enum lb_op op = lb_scenario_op(c->shape.scenario, &c->shape.writers, i, c->shape.threads);
        bool indirect = c->shape.layout && c->shape.layout->indirect;
        uint64_t seed = b->round_seed + (uint64_t)i;
        a->threads[i] = (struct lb_thread_plan){
            .worker =
                lb_bench_worker(b, p->pu_os[(i + (int)(turn_of(b, c) % (unsigned)p->n)) % p->n]),
            .loop = lb_hot_find(op, c->shape.lock, indirect, paused),
            .site = a->sites[i],
            .seed = lb_random(&seed),
            .span = span < LB_SPAN_LEAST ? LB_SPAN_LEAST : (uint64_t)(span + 0.5),
            .op_ns = b->op_ns[a->case_index],
            .picks = a->placed.draw_words,
            .picks_start = b->picks,
        };
    }
}

static int set_up(struct lb_bench *b, const struct lb_case *c, struct lb_attempt *a)
{
    int err = lb_shape_place(&c->shape, &a->draw, b->arena, b->arena_bytes, b->picks, a->sites,
                             &a->placed);

    if (!err)
        plan_threads(b, c, a);
    return err;
}

/* The probe after one window is the probe before the next, unless another placement comes. */
static int probe_before(struct lb_bench *b, const struct lb_case *c, struct lb_attempt *a)
{
    int err = 0;

    if (b->probe_placement != c->placement)
        err = probe_ring(b, &b->plan->placements[c->placement], b->probe);
    b->probe_placement = c->placement;
    memcpy(a->before, b->probe, (size_t)a->n_links * sizeof *a->before);
    return err;
}

static int measure(struct lb_bench *b, const struct lb_case *c, struct lb_attempt *a)
{
    struct lb_window_plan window = {a->threads, c->shape.threads, c->window_ns, c->blocks};
    int64_t steal = lb_environment_steal_ticks();
    int err = probe_before(b, c, a);

    if (err || (err = set_up(b, c, a)))
        return err;
    a->start_ns = lb_clock_ns(&b->run->clock, lb_clock_now(&b->run->clock) - b->start_ticks);
    if ((err = lb_crew_window(b->crew, &window, a->results, &a->spoiled)) ||
        (err = lb_shape_check(&c->shape, &a->draw, b->arena)) ||
        (err = probe_ring(b, &b->plan->placements[c->placement], b->probe)))
        return err;
    memcpy(a->after, b->probe, (size_t)a->n_links * sizeof *a->after);
    if (!a->spoiled && !probes_agree(a->before, a->after, a->n_links))
        a->spoiled = LB_SPOILED_REGIME;
    a->steal = steal < 0 ? -1 : lb_environment_steal_ticks() - steal;
    return 0;
}

void lb_bench_fold(const struct lb_attempt *a, const struct lb_case *c, int role,
                   struct lb_sample *s)
{
    double *ops = a->ops, measured = 0, sum = 0, cpu = 0, wall = 0, total = 0;
    size_t n = 0;

    memset(s, 0, sizeof *s);
    for (int i = 0; i < c->shape.threads; i++) {
        const struct lb_thread_result *r = &a->results[i];
        if (lb_case_roles(c) > 1 &&
            lb_scenario_role(c->shape.scenario, &c->shape.writers, i, c->shape.threads) != role)
            continue;
        if (!n)
            s->first_ns_op = r->measured_ns / r->ops;
        ops[n++] = r->ops;
        measured += r->measured_ns;
        sum += r->ops;
        cpu += r->cpu_ns;
        wall += r->wall_ns;
        total += (double)r->total_ops;
        s->voluntary += (double)r->voluntary;
        s->involuntary += (double)r->involuntary;
        s->fallbacks += (double)r->lock.fallbacks;
        s->retries += (double)r->lock.retries;
        s->spins += (double)(r->lock.spins_owner + r->lock.spins_queue + r->lock.spins_reader);
        s->sleeps += (double)r->lock.sleeps;
        s->handoffs += (double)r->lock.handoffs;
    }
    s->ns_op = measured / sum;
    s->machine_ns_op = s->ns_op / (double)n;
    s->jain = lb_stats_jain(ops, n);
    s->min_over_max = lb_stats_min_over_max(ops, n);
    s->cpu_ns_op = cpu / total;
    s->off_cpu_share = cpu < wall ? 1 - cpu / wall : 0;
    s->total_ops = total;
}

/* What the phases of a round add up to. */
struct sum {
    struct lb_sample roles[2];
    float *first; /* probes before the first window */
    int phases;
};

static void add_sample(struct lb_sample *sum, const struct lb_sample *x)
{
    sum->ns_op += x->ns_op;
    sum->machine_ns_op += x->machine_ns_op;
    sum->first_ns_op += x->first_ns_op;
    sum->jain += x->jain;
    sum->min_over_max += x->min_over_max;
    sum->cpu_ns_op += x->cpu_ns_op;
    sum->off_cpu_share += x->off_cpu_share;
    sum->total_ops += x->total_ops;
    sum->voluntary += x->voluntary;
    sum->involuntary += x->involuntary;
    sum->fallbacks += x->fallbacks;
    sum->retries += x->retries;
    sum->spins += x->spins;
    sum->sleeps += x->sleeps;
    sum->handoffs += x->handoffs;
}

/* Every residue counts equally, however many ops its window held. */
static void take_mean(struct lb_sample *sum, int phases)
{
    sum->ns_op /= phases;
    sum->machine_ns_op /= phases;
    sum->first_ns_op /= phases;
    sum->jain /= phases;
    sum->min_over_max /= phases;
    sum->cpu_ns_op /= phases;
    sum->off_cpu_share /= phases;
}

static void add_window(struct lb_bench *b, const struct lb_case *c, const struct lb_attempt *a,
                       struct sum *sum)
{
    struct lb_series *series = &b->run->series[a->case_index];
    struct lb_sample x;

    for (int role = 0; role < lb_case_roles(c); role++) {
        lb_bench_fold(a, c, role, &x);
        add_sample(&sum->roles[role], &x);
    }
    if (!sum->phases++)
        memcpy(sum->first, a->before, (size_t)a->n_links * sizeof *sum->first);
    if (a->placed.object_residue >= 0) {
        series->object_residues[a->placed.object_residue]++;
        series->lock_residues[a->placed.lock_residue]++;
    }
    series->pairs_known += a->placed.shares >= 0;
    series->pairs_sharing += a->placed.shares > 0;
}

static int keep_probes(struct lb_series *series, const struct sum *sum, const struct lb_attempt *a)
{
    size_t n = series->n, links = (size_t)a->n_links;
    float *more;

    series->n_links = a->n_links;
    if (!links)
        return 0;
    more = realloc(series->probes, (n + 1) * links * sizeof *series->probes);
    if (!more)
        return -ENOMEM;
    series->probes = more;
    for (size_t i = 0; i < links; i++)
        more[n * links + i] = sqrtf(sum->first[i] * a->after[i]);
    return 0;
}

/* The round's sample, unless the machine changed between its first window and its last. */
static int keep(struct lb_bench *b, const struct lb_case *c, const struct lb_attempt *a,
                struct sum *sum)
{
    struct lb_series *series = &b->run->series[a->case_index];
    size_t n = series->n;
    int err;

    if (!probes_agree(sum->first, a->after, a->n_links))
        return 0;
    for (int role = 0; role < lb_case_roles(c); role++) {
        struct lb_sample *more =
            realloc(series->samples[role], (n + 1) * sizeof *series->samples[role]);
        if (!more)
            return -ENOMEM;
        series->samples[role] = more;
        take_mean(&sum->roles[role], sum->phases);
        more[n] = sum->roles[role];
        more[n].round = b->round;
    }
    if ((err = keep_probes(series, sum, a)))
        return err;
    series->n = n + 1;
    return 0;
}

static int allocate(struct lb_attempt *a, const struct lb_placement *p)
{
    size_t n = (size_t)p->n; /* a ring has no more links than PUs, a case no more threads */

    a->n_links = lb_ring_links(p->n);
    a->sites = calloc(n, sizeof *a->sites);
    a->threads = calloc(n, sizeof *a->threads);
    a->results = calloc(n, sizeof *a->results);
    a->ops = calloc(n, sizeof *a->ops);
    a->before = calloc(n, sizeof *a->before);
    a->after = calloc(n, sizeof *a->after);
    return a->sites && a->threads && a->results && a->ops && a->before && a->after ? 0 : -ENOMEM;
}

static void release(struct lb_attempt *a)
{
    free(a->sites);
    free(a->threads);
    free(a->results);
    free(a->ops);
    free(a->before);
    free(a->after);
}

static void remember_op(struct lb_bench *b, const struct lb_attempt *a, int threads)
{
    double longest = 0;

    for (int i = 0; i < threads; i++)
        if (a->results[i].ops > 0 && a->results[i].measured_ns / a->results[i].ops > longest)
            longest = a->results[i].measured_ns / a->results[i].ops;
    if (longest > 0)
        b->op_ns[a->case_index] = longest;
}

/* A moved thread is either bad luck (somebody changed a mask and changed it back) or the end: a PU
 * is gone. */
static int recheck(struct lb_bench *b, const struct lb_case *c, struct lb_why *why)
{
    const struct lb_placement *p = &b->plan->placements[c->placement];

    return lb_topology_recheck(p->pu_os, (size_t)p->n, why);
}

/* One window with its repeats. 1: measured; 0: every attempt was spoiled. */
static int one_phase(struct lb_bench *b, const struct lb_case *c, struct lb_attempt *a,
                     struct sum *sum, struct lb_why *why)
{
    struct lb_series *series = &b->run->series[a->case_index];
    int err, most = c->blocks ? REPEATS_BLOCKING : REPEATS;

    for (a->number = 0; a->number <= most && !(b->options->stop && *b->options->stop);
         a->number++) {
        if ((err = measure(b, c, a))) {
            if (err == -EBUSY)
                lb_fail(why, EBUSY,
                        "%s: a lock was not idle after its window (a bug: please report)",
                        c->shape.scenario->name);
            return err;
        }
        series->attempts++;
        series->spoiled += a->spoiled != LB_SPOILED_NOT;
        b->run->windows_spoiled += a->spoiled != LB_SPOILED_NOT;
        remember_op(b, a, c->shape.threads);
        if ((err = lb_bench_write(b, a, why)))
            return err;
        b->window++;
        if (a->spoiled == LB_SPOILED_MOVED && (err = recheck(b, c, why)))
            return err;
        if (!a->spoiled) {
            add_window(b, c, a, sum);
            return 1;
        }
    }
    return 0;
}

int lb_bench_case(struct lb_bench *b, int case_index, struct lb_why *why)
{
    const struct lb_case *c = &b->plan->cases[case_index];
    struct lb_attempt a = {.case_index = case_index};
    const struct lb_placement *p = &b->plan->placements[c->placement];
    struct sum sum = {.first = calloc((size_t)p->n, sizeof *sum.first)};
    int got = sum.first ? allocate(&a, p) : -ENOMEM;

    for (a.phase = 0; got >= 0 && a.phase < c->phases; a.phase++) {
        a.draw = b->draw;
        /* Every residue in this round, with other partners than in the last; or one of them. */
        a.draw.turn = (unsigned)a.phase + (unsigned)c->phases * turn_of(b, c);
        if ((got = one_phase(b, c, &a, &sum, why)) == 0)
            break;
    }
    if (got > 0)
        got = keep(b, c, &a, &sum);
    release(&a);
    free(sum.first);
    return got < 0 ? got : 0;
}
