/* SPDX-License-Identifier: MIT
 *
 * Measuring pairs: a crew of all their PUs, of whom two are awake at a time.
 */
#include <linebounce/arena.h>
#include <linebounce/pairs.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for fresh lines: a thousand pages a home, as a run draws them from. */
#define HOME_BYTES ((size_t)16 << 20)
/* Trips of a pair's first time, before its round trip is known. */
#define FIRST_TRIPS 16
#define TRIPS_MOST  65536

struct home {
    int node_os;
    struct lb_arena *memory;
    char *base;
    size_t bytes;
};

struct measuring {
    const struct lb_pu_pairs_plan *plan;
    const struct lb_topology *topology;
    const struct lb_run_options *options;
    struct lb_pu_pairs *out;
    struct lb_crew *crew;
    int *worker_of; /* by position of the PU in the topology; -1 */
    struct home *homes;
    size_t n_homes;
    float *trips_ns; /* round trips: measurements x rounds; NaN where there is none */
    struct lb_csv *csv;
    struct lb_row *row;
    int *pus; /* the crew's: kernel numbers */
    int n_pus;
    struct lb_load_mark load; /* the last reading */
    uint64_t random, start_ticks;
    uint64_t begin_ns, end_ns; /* CLOCK_MONOTONIC: the call, and when it has to return */
    unsigned round;
    double told_s;
};

static double elapsed_s(const struct measuring *m)
{
    const struct lb_clock *clock = &m->out->clock;

    return lb_clock_ns(clock, lb_clock_now(clock) - m->start_ticks) * 1e-9;
}

static double spent_s(const struct measuring *m)
{
    return (double)(lb_clock_monotonic_ns() - m->begin_ns) * 1e-9;
}

static int worker_on(const struct measuring *m, int pu_os)
{
    return m->worker_of[lb_topology_find(m->topology, pu_os) - m->topology->pus];
}

/* The measurements of the plan as lines: pair by pair, op by op, home by home. */
static int list_lines(struct measuring *m)
{
    const struct lb_pu_pairs_plan *p = m->plan;
    size_t n = 0;

    m->out->lines = calloc(p->measurements, sizeof *m->out->lines);
    if (!m->out->lines)
        return -ENOMEM;
    for (size_t i = 0; i < p->n_pairs; i++) {
        const struct lb_pu_pair_class *c = &p->classes[p->pairs[i].class_index];
        bool one = c->node_a_os == c->node_b_os;
        for (int op = 0; op < LB_PINGPONG_OPS; op++)
            for (int home = 0; home < (one ? 1 : 2); home++)
                m->out->lines[n++] = (struct lb_pu_pair_result){
                    .pair = i,
                    .op = (enum lb_pingpong_op)op,
                    .home = one ? LB_PU_PAIR_HOME_BOTH : (enum lb_pu_pair_home)home,
                    .home_node_os = home ? c->node_b_os : c->node_a_os,
                    .regime_ns = NAN,
                };
    }
    return 0;
}

static int take_worker(struct measuring *m, int pu_os, int *nodes)
{
    const struct lb_pu *pu = lb_topology_find(m->topology, pu_os);

    if (!pu)
        return -EINVAL;
    int *worker = &m->worker_of[pu - m->topology->pus];
    if (*worker < 0) {
        *worker = m->n_pus;
        nodes[m->n_pus] = pu->node_os;
        m->pus[m->n_pus++] = pu->pu_os;
    }
    return 0;
}

static int make_crew(struct measuring *m, struct lb_why *why)
{
    size_t room = (size_t)m->topology->n_pus;
    int *nodes = calloc(room, sizeof *nodes), err = nodes ? 0 : -ENOMEM;

    m->pus = calloc(room, sizeof *m->pus);
    m->worker_of = malloc(room * sizeof *m->worker_of);
    if (!m->pus || !m->worker_of)
        err = -ENOMEM;
    for (size_t i = 0; !err && i < room; i++)
        m->worker_of[i] = -1;
    for (size_t i = 0; !err && i < m->plan->n_pairs; i++)
        if (!(err = take_worker(m, m->plan->pairs[i].pu_a_os, nodes)))
            err = take_worker(m, m->plan->pairs[i].pu_b_os, nodes);
    if (!err) {
        lb_load_read("", m->pus, (size_t)m->n_pus, &m->load);
        err = lb_clock_make(m->pus, (size_t)m->n_pus, why, &m->out->clock);
    }
    if (!err)
        err = lb_crew_create(&m->out->clock, m->pus, nodes, m->n_pus, why, &m->crew);
    if (err == -ENOTSUP) /* no libnuma: results lie where each worker first touches them */
        err = lb_crew_create(&m->out->clock, m->pus, NULL, m->n_pus, why, &m->crew);
    free(nodes);
    return err;
}

static int make_home(struct measuring *m, int node_os, struct lb_why *why)
{
    struct home *h = &m->homes[m->n_homes];
    struct lb_arena_info info;
    int err;

    h->node_os = node_os;
    err = lb_arena_create(HOME_BYTES, node_os, why, &h->memory);
    if (err == -ENOTSUP)
        err = lb_arena_create(HOME_BYTES, -1, why, &h->memory);
    if (err)
        return err;
    lb_arena_info(h->memory, &info);
    h->base = info.base;
    h->bytes = info.bytes;
    if (!*m->out->note)
        snprintf(m->out->note, sizeof m->out->note, "%s", info.note);
    m->n_homes++;
    return 0;
}

static struct home *home_on(struct measuring *m, int node_os)
{
    for (size_t i = 0; i < m->n_homes; i++)
        if (m->homes[i].node_os == node_os)
            return &m->homes[i];
    return NULL;
}

static int make_homes(struct measuring *m, struct lb_why *why)
{
    int err = 0;

    m->homes = calloc((size_t)m->topology->n_nodes + 1, sizeof *m->homes);
    if (!m->homes)
        return -ENOMEM;
    for (size_t i = 0; !err && i < m->plan->measurements; i++)
        if (!home_on(m, m->out->lines[i].home_node_os))
            err = make_home(m, m->out->lines[i].home_node_os, why);
    return err;
}

static bool is_drawn(const uintptr_t *lines, int n, uintptr_t line)
{
    for (int i = 0; i < n; i++)
        if (lines[i] == line)
            return true;
    return false;
}

static void draw_lines(struct measuring *m, const struct home *h, uintptr_t *lines)
{
    for (int i = 0; i < LB_PU_PAIRS_LINES; i++)
        do
            lines[i] = (uintptr_t)h->base +
                       lb_random_below(&m->random, h->bytes / LB_LINE_BYTES) * LB_LINE_BYTES;
        while (is_drawn(lines, i, lines[i]));
}

/* NaN, of two CPUs that did not meet, asks for few. */
static int bounded_trips(double trips)
{
    return !(trips >= FIRST_TRIPS) ? FIRST_TRIPS : trips > TRIPS_MOST ? TRIPS_MOST : (int)trips;
}

/* Trips that take about the time that a line is due. */
static int trips_for(const struct measuring *m, size_t line)
{
    double last = NAN;

    for (unsigned r = m->round; r-- > 0 && isnan(last);)
        last = (double)m->trips_ns[line * m->plan->rounds + r];
    if (!(last > 0))
        return 0;
    return bounded_trips(m->plan->line_ns / last);
}

static int write_row(struct measuring *m, const struct lb_pu_pair_result *l, int trips,
                     double start_ns, double trip_ns, struct lb_why *why)
{
    const struct lb_pu_pair *pair = &m->plan->pairs[l->pair];
    const struct lb_pu_pair_class *c = &m->plan->classes[pair->class_index];
    char name[LB_PLACEMENT_NAME_BYTES];

    if (!m->csv)
        return 0;
    lb_row_clear(m->row);
    lb_pu_pair_class_name(c, false, name);
    lb_row_text(m->row, "op", lb_pingpong_op_name(l->op));
    lb_row_int(m->row, "pu_a_os", pair->pu_a_os);
    lb_row_int(m->row, "pu_b_os", pair->pu_b_os);
    lb_row_text(m->row, "distance", lb_distance_name(c->distance));
    lb_row_text(m->row, "class", name);
    lb_row_int(m->row, "class_pairs", (int64_t)c->pairs);
    lb_row_text(m->row, "home", lb_pu_pair_home_name(l->home));
    if (l->home_node_os >= 0)
        lb_row_int(m->row, "home_node_os", l->home_node_os);
    lb_row_int(m->row, "round", m->round);
    lb_row_int(m->row, "start_ns", (int64_t)start_ns);
    lb_row_number(m->row, "round_trip_ns", trip_ns);
    lb_row_number(m->row, "one_way_ns", trip_ns / 2);
    lb_row_int(m->row, "lines", LB_PU_PAIRS_LINES);
    lb_row_int(m->row, "trips", trips);
    lb_row_int(m->row, "emulated", m->options->emulated);
    return lb_csv_append(m->csv, m->row, why);
}

static int measure_line(struct measuring *m, size_t index, struct lb_why *why)
{
    const struct lb_pu_pair_result *l = &m->out->lines[index];
    const struct lb_pu_pair *pair = &m->plan->pairs[l->pair];
    const int workers[2] = {worker_on(m, pair->pu_a_os), worker_on(m, pair->pu_b_os)};
    uintptr_t lines[LB_PU_PAIRS_LINES];
    double from_s = elapsed_s(m), ns;
    int err = lb_crew_gather(m->crew, workers, 2), trips = trips_for(m, index);

    draw_lines(m, home_on(m, l->home_node_os), lines);
    if (!err && !trips) {
        err = lb_crew_volley(m->crew, l->op, workers[0], workers[1], lines, 1, FIRST_TRIPS, &ns);
        trips = err ? 0 : bounded_trips(m->plan->line_ns / ns);
    }
    if (!err)
        err = lb_crew_volley(m->crew, l->op, workers[0], workers[1], lines, LB_PU_PAIRS_LINES,
                             trips, &ns);
    if (err)
        return err;
    m->trips_ns[index * m->plan->rounds + m->round] = (float)ns;
    if (!isnan(ns))
        m->out->measured_s +=
            LB_PU_PAIRS_LINES * (trips + 4) * ns * 1e-9; /* four trips warm a line */
    return write_row(m, l, trips, from_s * 1e9, ns, why);
}

#define TELL_S 0.1

static void tell(struct measuring *m, size_t done, const struct lb_pu_pair_result *l)
{
    const struct lb_pu_pair *pair = &m->plan->pairs[l->pair];
    double now_s = spent_s(m);
    char name[64];

    if (!m->options->progress || now_s < m->told_s + TELL_S)
        return;
    m->told_s = now_s;
    snprintf(name, sizeof name, "pingpong/%s/%d-%d", lb_pingpong_op_name(l->op), pair->pu_a_os,
             pair->pu_b_os);
    m->options->progress(&(struct lb_progress){m->round,
                                               m->plan->rounds,
                                               done,
                                               m->plan->measurements,
                                               m->plan->measurements,
                                               now_s,
                                               m->options->budget_s,
                                               {0, 0, 0},
                                               name,
                                               NAN,
                                               NAN,
                                               NAN},
                         m->options->data);
}

/* Stopped, or the budget is spent. */
static bool is_over(const struct measuring *m)
{
    return (m->options->stop && *m->options->stop) || lb_clock_monotonic_ns() >= m->end_ns;
}

static int one_round(struct measuring *m, uint32_t *order, struct lb_why *why)
{
    int err = 0;

    lb_slab_shuffle(lb_random(&m->random), order, m->plan->measurements);
    for (size_t i = 0; !err && i < m->plan->measurements && !is_over(m); i++) {
        tell(m, i, &m->out->lines[order[i]]);
        err = measure_line(m, order[i], why);
    }
    if (!err && !is_over(m))
        m->out->rounds = m->round + 1;
    return err;
}

static int all_rounds(struct measuring *m, struct lb_why *why)
{
    uint32_t *order = calloc(m->plan->measurements, sizeof *order);
    int err = order ? 0 : -ENOMEM;

    for (m->round = 0; !err && m->round < m->plan->rounds && !is_over(m); m->round++) {
        if (m->round && spent_s(m) + elapsed_s(m) / m->round > m->options->budget_s)
            break;
        err = one_round(m, order, why);
    }
    free(order);
    return err;
}

/* The regime with most of a line's rounds. */
static int summarise(struct measuring *m, size_t index)
{
    struct lb_pu_pair_result *l = &m->out->lines[index];
    size_t rounds = m->plan->rounds, n = 0, kept = 0;
    double *trips = calloc(rounds, sizeof *trips);
    int *labels = calloc(rounds, sizeof *labels), clusters = 1, best = 0;
    int err = trips && labels ? 0 : -ENOMEM;

    for (size_t r = 0; !err && r < rounds; r++)
        if (m->trips_ns[index * rounds + r] > 0)
            trips[n++] = (double)m->trips_ns[index * rounds + r];
    if (!err && n)
        err = lb_stats_regimes(&(struct lb_trips){.ns = trips, .n = n}, labels, &clusters);
    for (int c = 0; !err && c < clusters; c++) {
        size_t here = 0;
        for (size_t i = 0; i < n; i++)
            here += labels[i] == c;
        if (here > kept) {
            kept = here;
            best = c;
        }
    }
    kept = 0;
    for (size_t i = 0; !err && i < n; i++)
        if (labels[i] == best)
            trips[kept++] = trips[i] / 2;
    if (!err && kept)
        err = lb_stats_summary(trips, kept, 0.95, &l->one_way);
    l->rounds_other = n - kept;
    l->regime_ns = kept ? 2 * l->one_way.median : NAN;
    free(trips);
    free(labels);
    return err;
}

/* The load since the last reading, and a new one. */
static void take_load(struct measuring *m, struct lb_load *load)
{
    struct lb_load_mark now;

    lb_load_read("", m->pus, (size_t)m->n_pus, &now);
    lb_load_between(&m->load, &now, 1, load);
    m->load = now;
}

static int make(struct measuring *m, struct lb_why *why)
{
    size_t n = m->plan->measurements * m->plan->rounds;
    int err = list_lines(m);

    m->trips_ns = malloc(n * sizeof *m->trips_ns);
    if (!m->trips_ns)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        m->trips_ns[i] = NAN;
    if (err || (err = lb_row_create(&lb_schema_pairs, &m->row)) || (err = make_crew(m, why)))
        return err;
    if ((err = make_homes(m, why)))
        return err;
    take_load(m, &m->out->load_before);
    m->start_ticks = lb_clock_now(&m->out->clock);
    m->told_s = -TELL_S;
    return 0;
}

static void drop(struct measuring *m)
{
    lb_crew_destroy(m->crew);
    for (size_t i = 0; i < m->n_homes; i++)
        lb_arena_destroy(m->homes[i].memory);
    lb_row_destroy(m->row);
    free(m->homes);
    free(m->pus);
    free(m->worker_of);
    free(m->trips_ns);
}

int lb_pu_pairs_measure(const struct lb_pu_pairs_plan *plan, const struct lb_topology *topology,
                        const struct lb_run_options *options, struct lb_csv *csv,
                        struct lb_why *why, struct lb_pu_pairs **pairs)
{
    struct lb_pu_pairs *out;
    struct measuring m = {.plan = plan,
                          .topology = topology,
                          .options = options,
                          .csv = csv,
                          .random = options->seed};
    int err;

    if (!topology->this_system)
        return lb_fail(why, EINVAL,
                       "topology: %s is not this machine: it can be planned for, not measured",
                       topology->source);
    if (!(out = calloc(1, sizeof *out)))
        return -ENOMEM;
    out->plan = plan;
    m.out = out;
    m.begin_ns = lb_clock_monotonic_ns();
    m.end_ns =
        options->budget_s < 1e9 ? m.begin_ns + (uint64_t)(options->budget_s * 1e9) : UINT64_MAX;
    if (!(err = make(&m, why)))
        err = all_rounds(&m, why);
    if (err && m.crew)
        err = lb_crew_explain(m.crew, err, why);
    if (m.crew && m.start_ticks) {
        out->elapsed_s = elapsed_s(&m);
        take_load(&m, &out->load);
    }
    for (size_t i = 0; m.trips_ns && out->lines && i < plan->measurements; i++) {
        int bad = summarise(&m, i);
        err = err ? err : bad;
    }
    drop(&m);
    if (err && !(out->measured_s > 0)) {
        lb_pu_pairs_destroy(out);
        return err;
    }
    *pairs = out;
    return err;
}

void lb_pu_pairs_destroy(struct lb_pu_pairs *p)
{
    if (!p)
        return;
    free(p->lines);
    free(p);
}
