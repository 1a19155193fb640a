/* SPDX-License-Identifier: MIT
 *
 * What two workers do together outside windows: send a line to and fro, and fetch lines that the
 * other has written.
 */
#include "crew_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* See LB_MEET_MOST_NS. */
#define MEET_LEAST_NS 1e8
#define TRIP_MOST_NS  1e5

/* Waits for `from` and puts `to` in its place; every try takes the line. */
static bool wait_swap(uint64_t *line, uint64_t from, uint64_t to, const struct lb_limit *l)
{
    uint64_t seen = from;

    for (unsigned n = 1;
         !__atomic_compare_exchange_n(line, &seen, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
         n++) {
        if (lb_limit_is_past(l, n))
            return false;
        seen = from;
    }
    return true;
}

/* A's half of one trip is to make `k - 1` of `k - 2`, B's to make `k` of it. */
static bool trips(uint64_t *line, const struct lb_command *c, bool is_a, uint64_t first,
                  uint64_t last, const struct lb_limit *l)
{
    bool met = true;

    for (uint64_t k = first; met && k <= last; k += 2) {
        if (c->op == LB_PINGPONG_CAS) {
            met = wait_swap(line, is_a ? k - 2 : k - 1, is_a ? k - 1 : k, l);
        } else if (is_a) {
            __atomic_store_n(line, k - 1, __ATOMIC_RELEASE);
            met = lb_wait_load(line, k, l);
        } else if ((met = lb_wait_load(line, k - 1, l))) {
            __atomic_store_n(line, k, __ATOMIC_RELEASE);
        }
    }
    return met && (!is_a || c->op != LB_PINGPONG_CAS || lb_wait_load(line, last, l));
}

static void fetch(struct lb_worker *w, const struct lb_command *c, uint64_t start)
{
    lb_hot_timed *add = lb_hot_timed_find(LB_OP_ADD, LB_LOCK_RWSEM40, false);
    const struct lb_limit limit = {&w->crew->clock, start + c->most_ticks};
    const uintptr_t *lines = c->lines + c->n_lines;
    const uintptr_t of_word = (uintptr_t)&lb_program_of_word;
    uint64_t *flag = (uint64_t *)lines[0];
    double ticks[LB_PINGPONG_MOST];
    int n = c->n_fetch - 1;

    if (w->index == c->worker_b) {
        for (int i = 1; i <= n; i++)
            __atomic_add_fetch((uint64_t *)lines[i], 1, __ATOMIC_RELAXED);
        __atomic_store_n(flag, 1, __ATOMIC_RELEASE);
        return;
    }
    w->slot->fetch_ticks = NAN;
    if (!lb_wait_load(flag, 1, &limit))
        return;
    for (int i = 0; i < n; i++)
        ticks[i] = (double)add(1, w->task, lines[i + 1], of_word, 0, 0, 0, 0).ticks;
    qsort(ticks, (size_t)n, sizeof *ticks, lb_by_value);
    w->slot->fetch_ticks = ticks[(n - 1) / 2];
}

/* Trips on a line before its clock starts: the first fetches it from wherever it was. */
#define PINGPONG_WARM 4

static void pingpong(struct lb_worker *w, const struct lb_command *c, uint64_t start)
{
    const struct lb_clock *clock = &w->crew->clock;
    const struct lb_limit limit = {clock, start + c->most_ticks};
    const uint64_t warm = 2 * PINGPONG_WARM, last = warm + 2 * (uint64_t)c->trips;
    double ns[LB_PINGPONG_MOST];
    bool is_a = w->index == c->worker_a, met = true;

    for (int i = 0; met && i < c->n_lines; i++) {
        uint64_t *line = (uint64_t *)c->lines[i];
        met = trips(line, c, is_a, 2, warm, &limit);
        uint64_t from = lb_clock_now(clock);
        met = met && trips(line, c, is_a, warm + 2, last, &limit);
        ns[i] = lb_clock_ns(clock, lb_clock_now(clock) - from) / c->trips;
    }
    if (!is_a)
        return;
    if (met)
        qsort(ns, (size_t)c->n_lines, sizeof *ns, lb_by_value);
    w->slot->round_trip_ns = met ? ns[c->n_lines / 2] : NAN;
}

void lb_worker_play(struct lb_worker *w, const struct lb_command *c, uint64_t start)
{
    if (start && c->n_lines)
        pingpong(w, c, start);
    if (start && c->n_fetch)
        fetch(w, c, start);
    if (start && c->n_costs)
        lb_worker_costs(w, c, start);
}

static bool is_probe(const struct lb_crew *crew, const struct lb_command *c)
{
    if (c->worker_a == c->worker_b || c->worker_a < 0 || c->worker_b < 0 ||
        c->worker_a >= crew->n || c->worker_b >= crew->n)
        return false;
    if (c->n_lines < 0 || c->n_lines > LB_PINGPONG_MOST || c->n_fetch < 0 ||
        c->n_fetch > LB_PINGPONG_MOST)
        return false;
    if ((c->n_lines && c->trips < 1) || c->n_fetch == 1 ||
        !(c->n_lines || c->n_fetch || c->n_costs))
        return false;
    if (c->n_fetch + c->n_costs && !lb_hot_timed_find(LB_OP_ADD, LB_LOCK_RWSEM40, false))
        return false;
    /* A line in both parts would be changed by one worker while the other still waits on it. */
    for (int i = 0; i < c->n_lines; i++)
        for (int k = 0; k < c->n_fetch; k++)
            if (c->lines[i] == c->lines[c->n_lines + k])
                return false;
    return true;
}

/* How long two workers wait for one another at most. */
static uint64_t meet_ticks(const struct lb_clock *clock, const struct lb_command *c)
{
    double ns = MEET_LEAST_NS + TRIP_MOST_NS * c->trips * c->n_lines;

    return lb_clock_ticks(clock, ns < LB_MEET_MOST_NS ? ns : LB_MEET_MOST_NS);
}

int lb_crew_meet(struct lb_crew *crew, struct lb_command *c)
{
    uint32_t epoch;
    int err;

    if (!is_probe(crew, c))
        return -EINVAL;
    if (lb_crew_lost(crew) >= 0)
        return -ETIMEDOUT;
    for (int i = 0; i < c->n_lines + c->n_fetch + c->n_costs; i++)
        __atomic_store_n((uint64_t *)c->lines[i], 0, __ATOMIC_RELAXED);
    crew->n_members = 0;
    lb_crew_add(crew, c->worker_a);
    lb_crew_add(crew, c->worker_b);
    c->most_ticks = meet_ticks(&crew->clock, c);
    epoch = lb_crew_call(crew, c);
    if ((err = lb_crew_give_start(crew, epoch)))
        return err;
    if (c->worker_a == 0 || c->worker_b == 0)
        lb_worker_play(&crew->workers[0], c, crew->board->start);
    return lb_crew_wait(crew, epoch, true, LB_MEET_MOST_NS);
}

static int meet(struct lb_crew *crew, struct lb_command *c, double *round_trip_ns,
                double *fetch_ticks)
{
    int err = lb_crew_meet(crew, c);

    if (err)
        return err;
    if (c->n_lines)
        *round_trip_ns = crew->workers[c->worker_a].slot->round_trip_ns;
    if (c->n_fetch)
        *fetch_ticks = crew->workers[c->worker_a].slot->fetch_ticks;
    return 0;
}

int lb_crew_probe(struct lb_crew *crew, int worker_a, int worker_b, const uintptr_t *lines,
                  int n_lines, int trips, int n_fetch, double *round_trip_ns, double *fetch_ticks)
{
    struct lb_command c = {.kind = LB_COMMAND_PAIR,
                           .worker_a = worker_a,
                           .worker_b = worker_b,
                           .lines = lines,
                           .n_lines = n_lines,
                           .trips = trips,
                           .n_fetch = n_fetch};

    return meet(crew, &c, round_trip_ns, fetch_ticks);
}

int lb_crew_volley(struct lb_crew *crew, enum lb_pingpong_op op, int worker_a, int worker_b,
                   const uintptr_t *lines, int n_lines, int trips, double *round_trip_ns)
{
    struct lb_command c = {.kind = LB_COMMAND_PAIR,
                           .worker_a = worker_a,
                           .worker_b = worker_b,
                           .lines = lines,
                           .n_lines = n_lines,
                           .trips = trips,
                           .op = op};

    return n_lines < 1 ? -EINVAL : meet(crew, &c, round_trip_ns, NULL);
}

int lb_crew_pingpong(struct lb_crew *crew, int worker_a, int worker_b, const uintptr_t *lines,
                     int n_lines, int trips, double *round_trip_ns)
{
    return lb_crew_volley(crew, LB_PINGPONG_LOAD_STORE, worker_a, worker_b, lines, n_lines, trips,
                          round_trip_ns);
}

const char *lb_pingpong_op_name(enum lb_pingpong_op op)
{
    static const char *const names[LB_PINGPONG_OPS] = {"load-store", "compare-and-swap"};

    return names[op];
}

int lb_crew_fetch(struct lb_crew *crew, int worker_a, int worker_b, const uintptr_t *lines,
                  int n_lines, double *ticks)
{
    if (n_lines < 2)
        return -EINVAL;
    return lb_crew_probe(crew, worker_a, worker_b, lines, 0, 0, n_lines, NULL, ticks);
}

static bool all_differ(const uintptr_t *lines, int n)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            if (lines[i] == lines[k])
                return false;
    return true;
}

int lb_crew_costs(struct lb_crew *crew, int worker_a, int worker_b, const uintptr_t *lines,
                  double ticks[LB_COSTS])
{
    struct lb_command c = {.kind = LB_COMMAND_PAIR,
                           .worker_a = worker_a,
                           .worker_b = worker_b,
                           .lines = lines,
                           .n_costs = LB_COST_LINES};
    int err = all_differ(lines, LB_COST_LINES) ? lb_crew_meet(crew, &c) : -EINVAL;

    for (int i = 0; !err && i < LB_COSTS; i++)
        ticks[i] = crew->workers[worker_a].slot->cost_ticks[i];
    return err;
}
