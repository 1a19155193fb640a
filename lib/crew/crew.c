/* SPDX-License-Identifier: MIT
 *
 * A crew from its first thread to its last, and the windows that it plays.
 */
#include <linebounce/crew.h>

#include "crew_private.h"

#include <linebounce/interrupts.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const spoiled_names[] = {
    [LB_SPOILED_NOT] = "",
    [LB_SPOILED_LATE] = "late",
    [LB_SPOILED_MOVED] = "moved",
    [LB_SPOILED_GAPS] = "gaps",
    [LB_SPOILED_PREEMPTED] = "preempted",
    [LB_SPOILED_LOG] = "log",
    [LB_SPOILED_EMPTY] = "empty",
    [LB_SPOILED_REGIME] = "regime",
    [LB_SPOILED_FAULTS] = "faults",
};

const char *lb_spoiled_name(enum lb_spoiled spoiled)
{
    return spoiled_names[spoiled];
}

/* Ops before those that lb_crew_own_op takes the median of: they fetch the lines. */
#define OWN_OP_WARM 8

static const struct lb_thread_plan *part_of(const struct lb_command *c, int worker)
{
    for (int i = 0; i < c->plan->n_threads; i++)
        if (c->plan->threads[i].worker == worker)
            return &c->plan->threads[i];
    return NULL;
}

static void obey(struct lb_worker *w, uint32_t epoch)
{
    const struct lb_command *c = &w->crew->board->command;
    const struct lb_thread_plan *part = c->kind == LB_COMMAND_WINDOW ? part_of(c, w->index) : NULL;

    if (part) {
        lb_worker_window(w, part, c, epoch);
        return;
    }
    __atomic_store_n(&w->slot->ready, epoch, __ATOMIC_RELEASE);
    if (c->kind == LB_COMMAND_PAIR && (w->index == c->worker_a || w->index == c->worker_b))
        lb_worker_play(w, c, lb_board_start(w->crew->board, epoch));
    __atomic_store_n(&w->slot->done, epoch, __ATOMIC_RELEASE);
}

static void *worker_main(void *argument)
{
    struct lb_worker *w = argument;
    enum lb_command_kind kind = LB_COMMAND_WINDOW;
    uint32_t seen = 0;

    w->slot->pin_error = sched_getcpu() == w->pu_os ? 0 : -EXDEV;
    lb_worker_open(w);
    __atomic_store_n(&w->slot->done, 1, __ATOMIC_RELEASE);
    for (;;) {
        seen = lb_worker_wait(w, seen, kind == LB_COMMAND_REST);
        kind = w->crew->board->command.kind;
        if (kind == LB_COMMAND_QUIT) {
            lb_worker_close(w);
            return NULL;
        }
        obey(w, seen);
    }
}

static bool is_among(const int *workers, int n, int worker)
{
    for (int i = 0; i < n; i++)
        if (workers[i] == worker)
            return true;
    return false;
}

int lb_crew_gather(struct lb_crew *crew, const int *workers, int n)
{
    struct lb_command c = {.kind = LB_COMMAND_REST};
    uint32_t epoch;
    int err;

    for (int i = 0; i < n; i++)
        if (workers[i] < 0 || workers[i] >= crew->n)
            return -EINVAL;
    if (lb_crew_lost(crew) >= 0)
        return -ETIMEDOUT;
    crew->n_members = 0;
    for (int i = 1; i < crew->n; i++)
        if (!is_among(workers, n, i) &&
            !__atomic_load_n(&crew->workers[i].slot->asleep, __ATOMIC_ACQUIRE))
            lb_crew_add(crew, i);
    epoch = lb_crew_call(crew, &c);
    if ((err = lb_crew_wait(crew, epoch, true, 0)))
        return err;
    for (int i = 0; i < crew->n_members; i++) {
        struct lb_wait wait = {0};
        while (!__atomic_load_n(&crew->workers[crew->members[i]].slot->asleep, __ATOMIC_ACQUIRE))
            if (lb_wait_ends(&wait, crew->wait_most_ns))
                return lb_crew_lose(crew, crew->members[i], epoch);
    }
    return 0;
}

static bool plan_is_sound(const struct lb_crew *crew, const struct lb_window_plan *plan)
{
    for (int i = 0; i < plan->n_threads; i++) {
        if (plan->threads[i].worker < 0 || plan->threads[i].worker >= crew->n ||
            !plan->threads[i].loop || plan->threads[i].n_codes < 0 ||
            plan->threads[i].n_codes > LB_GROUP_MOST ||
            (plan->threads[i].pacing.every_ticks && plan->threads[i].picks))
            return false;
        for (int j = 0; j < i; j++)
            if (plan->threads[i].worker == plan->threads[j].worker)
                return false;
    }
    return plan->n_threads > 0;
}

static bool has_moved(const struct lb_crew *crew, const struct lb_window_plan *plan,
                      const struct lb_thread_result *results)
{
    for (int i = 0; i < plan->n_threads; i++) {
        int pu_os = crew->workers[plan->threads[i].worker].pu_os;
        if (results[i].pu_start != pu_os || results[i].pu_end != pu_os)
            return true;
    }
    return false;
}

/* One fault for each page touched, warm-up and gaps included on both sides. */
static bool faults_agree(const struct lb_window_plan *plan, const struct lb_thread_result *results)
{
    for (int i = 0; plan->check_faults && i < plan->n_threads; i++) {
        const struct lb_thread_result *r = &results[i];
        /* NaN agrees with nothing. */
        double faults = r->account.minor_faults + r->account.major_faults;
        double touched = (double)r->total_ops * plan->threads[i].faults_op;
        if (!(faults >= touched && faults <= touched + LB_FAULTS_MORE))
            return false;
    }
    return true;
}

/* A thread that moved goes before all else: it may be the reason for the rest, and may mean that a
 * PU is gone. */
static enum lb_spoiled judge(const struct lb_crew *crew, const struct lb_window_plan *plan,
                             const struct lb_thread_result *results)
{
    unsigned blocks = 0, dropped = 0;

    if (has_moved(crew, plan, results))
        return LB_SPOILED_MOVED;
    if (plan->armed)
        return LB_SPOILED_NOT;
    if (!faults_agree(plan, results))
        return LB_SPOILED_FAULTS;
    for (int i = 0; i < plan->n_threads; i++) {
        const struct lb_worker *w = &crew->workers[plan->threads[i].worker];
        const struct lb_thread_result *r = &results[i];
        if (w->slot->late)
            return LB_SPOILED_LATE;
        if (w->slot->log_full)
            return LB_SPOILED_LOG;
        if (plan->keep_gaps && r->preempted_most_ns > LB_PREEMPTED_MOST * r->account.wall_ns)
            return LB_SPOILED_PREEMPTED;
        blocks += r->blocks;
        dropped += r->dropped;
    }
    if (dropped > LB_DROPPED_MOST * blocks)
        return LB_SPOILED_GAPS;
    for (int i = 0; i < plan->n_threads; i++)
        if (!(results[i].ops > 0))
            return LB_SPOILED_EMPTY;
    return LB_SPOILED_NOT;
}

/* Less CPU time than wall time, that no other task of this system explains. */
static double untold_ns(const struct lb_account *a)
{
    return a->off_cpu_ns - (isnan(a->preempted_ns) ? 0 : a->preempted_ns);
}

static int collect(struct lb_crew *crew, const struct lb_window_plan *plan,
                   const struct lb_command *command, struct lb_thread_result *results)
{
    struct lb_log *logs = calloc((size_t)plan->n_threads, sizeof *logs);
    uint64_t warm_end = crew->board->start + command->warmup_ticks;
    int err;

    if (!logs)
        return -ENOMEM;
    for (int i = 0; i < plan->n_threads; i++) {
        const struct lb_slot *slot = crew->workers[plan->threads[i].worker].slot;
        results[i] = slot->result;
        results[i].latency = slot->latency;
        logs[i] = slot->log;
        logs[i].told =
            plan->stalls && !slot->log.paced && lb_interrupts_told() &&
            untold_ns(&slot->result.account) <= LB_UNTOLD_MOST * slot->result.account.wall_ns;
    }
    err = lb_blocks_reduce(logs, plan->n_threads, warm_end, warm_end + command->window_ticks,
                           plan->keep_gaps, results);
    for (int i = 0; i < plan->n_threads; i++) {
        results[i].measured_ns *= crew->clock.ns_per_tick;
        results[i].sampled_ns *= crew->clock.ns_per_tick;
        results[i].busy_ns *= crew->clock.ns_per_tick;
        results[i].late_ns *= crew->clock.ns_per_tick;
        results[i].timed_ns *= crew->clock.ns_per_tick;
    }
    free(logs);
    return err;
}

static uint64_t block_ticks(const struct lb_clock *clock, const struct lb_window_plan *plan)
{
    double ns = plan->block_ns > LB_BLOCK_LEAST_NS ? plan->block_ns : LB_BLOCK_LEAST_NS;

    if (LB_BLOCK_STEPS * clock->step_ns > ns)
        ns = LB_BLOCK_STEPS * clock->step_ns;
    if (LB_BLOCK_READS * clock->read_ns > ns)
        ns = LB_BLOCK_READS * clock->read_ns;
    return lb_clock_ticks(clock, ns);
}

int lb_crew_window(struct lb_crew *crew, const struct lb_window_plan *plan,
                   struct lb_thread_result *results, enum lb_spoiled *spoiled)
{
    struct lb_command c = {
        .kind = LB_COMMAND_WINDOW,
        .plan = plan,
        .window_ticks = lb_clock_ticks(&crew->clock, plan->window_ns),
        .warmup_ticks = lb_clock_ticks(&crew->clock, plan->window_ns * LB_WARMUP_SHARE),
        .block_ticks = block_ticks(&crew->clock, plan),
    };
    const struct lb_thread_plan *part;
    uint32_t epoch;
    int err;

    if (!plan_is_sound(crew, plan))
        return -EINVAL;
    if (lb_crew_lost(crew) >= 0)
        return -ETIMEDOUT;
    crew->n_members = 0;
    for (int i = 0; i < plan->n_threads; i++)
        lb_crew_add(crew, plan->threads[i].worker);
    epoch = lb_crew_call(crew, &c);
    if ((part = part_of(&c, 0)))
        err = lb_worker_window(&crew->workers[0], part, &c, epoch);
    else
        err = lb_crew_give_start(crew, epoch);
    if (err || (err = lb_crew_wait(crew, epoch, true, plan->window_ns * (1 + LB_WARMUP_SHARE))))
        return err;
    if ((err = collect(crew, plan, &c, results)))
        return err;
    *spoiled = judge(crew, plan, results);
    return 0;
}

int lb_crew_own_op(struct lb_crew *crew, const struct lb_thread_plan *p, int n, double *ticks,
                   double *mean)
{
    const uintptr_t *x = p->x;
    double taken[LB_OWN_OPS_MOST];
    uint64_t rng = p->seed ? p->seed : 1, dither = rng;

    if (!p->sampling.timed || n < 1 || n > LB_OWN_OPS_MOST)
        return -EINVAL;
    for (int i = -OWN_OP_WARM; i < n; i++) {
        lb_crew_dither(crew, &dither);
        struct lb_timed t =
            p->sampling.timed(rng, crew->workers[0].task, x[0], x[1], x[2], x[3], x[4], x[5]);
        rng = t.rng;
        if (i >= 0)
            taken[i] = (double)t.ticks;
    }
    *mean = lb_middle_mean(taken, n);
    *ticks = taken[n / 2];
    return 0;
}

double lb_crew_chain_ns(struct lb_crew *crew)
{
    enum { RUNS = 9, ITERATIONS = 20000 };
    double ns[RUNS];

    for (int i = 0; i < RUNS; i++) {
        uint64_t from = lb_clock_now(&crew->clock);
        lb_chain(ITERATIONS);
        ns[i] = lb_clock_ns(&crew->clock, lb_clock_now(&crew->clock) - from) / (double)ITERATIONS;
    }
    qsort(ns, RUNS, sizeof *ns, lb_by_value);
    return ns[RUNS / 2];
}

int lb_crew_size(const struct lb_crew *crew)
{
    return crew->n;
}

int lb_crew_pu_os(const struct lb_crew *crew, int worker)
{
    return worker >= 0 && worker < crew->n ? crew->workers[worker].pu_os : -1;
}

static cpu_set_t *one_cpu(int pu_os, size_t *bytes)
{
    size_t cpu = (size_t)pu_os;
    cpu_set_t *set = CPU_ALLOC(cpu + 1);

    *bytes = CPU_ALLOC_SIZE(cpu + 1);
    if (set) {
        CPU_ZERO_S(*bytes, set);
        CPU_SET_S(cpu, *bytes, set);
    }
    return set;
}

/* Until it runs on its PU. */
static int await_worker(struct lb_worker *w)
{
    struct lb_crew *crew = w->crew;
    struct lb_wait wait = {0};

    while (__atomic_load_n(&w->slot->done, __ATOMIC_ACQUIRE) != 1) {
        sched_yield();
        if (!lb_wait_ends(&wait, crew->wait_most_ns))
            continue;
        crew->n_members = 0;
        lb_crew_add(crew, w->index);
        return lb_crew_lose(crew, w->index, 1);
    }
    return 0;
}

static int start_worker(struct lb_worker *w, struct lb_why *why)
{
    pthread_attr_t attributes;
    size_t bytes;
    cpu_set_t *set = one_cpu(w->pu_os, &bytes);
    int err;

    if (!set)
        return -ENOMEM;
    pthread_attr_init(&attributes);
    err = pthread_attr_setaffinity_np(&attributes, bytes, set);
    if (!err)
        err = pthread_create(&w->thread, &attributes, worker_main, w);
    pthread_attr_destroy(&attributes);
    CPU_FREE(set);
    if (err)
        return lb_fail(why, err, "PU %d: cannot start a thread pinned there: %s", w->pu_os,
                       strerror(err));
    w->started = true;
    if ((err = await_worker(w)))
        return lb_crew_explain(w->crew, err, why);
    if (w->slot->pin_error)
        return lb_fail(why, EXDEV, "PU %d: the thread pinned there runs elsewhere", w->pu_os);
    return 0;
}

static int pin_caller(struct lb_crew *crew, struct lb_why *why)
{
    int pu_os = crew->workers[0].pu_os;
    size_t bytes;
    cpu_set_t *set = one_cpu(pu_os, &bytes);
    int err = 0;

    crew->affinity_bytes = CPU_ALLOC_SIZE(4096);
    crew->old_affinity = CPU_ALLOC(4096);
    if (!set || !crew->old_affinity) {
        CPU_FREE(set);
        return -ENOMEM;
    }
    if (sched_getaffinity(0, crew->affinity_bytes, crew->old_affinity)) {
        err = lb_fail(why, errno, "crew: cannot read the affinity: %s", strerror(errno));
        CPU_FREE(crew->old_affinity); /* nothing that could be restored */
        crew->old_affinity = NULL;
    } else if (sched_setaffinity(0, bytes, set))
        err = lb_fail(why, errno, "PU %d: cannot pin to it: %s", pu_os, strerror(errno));
    else if (sched_getcpu() != pu_os)
        err = lb_fail(why, EXDEV, "PU %d: pinned to it, but running on %d", pu_os, sched_getcpu());
    CPU_FREE(set);
    return err;
}

static int make_worker(struct lb_crew *crew, int i, int pu_os, int node_os, struct lb_why *why)
{
    struct lb_worker *w = &crew->workers[i];
    struct lb_arena_info info;
    int err;

    w->crew = crew;
    w->index = i;
    w->pu_os = pu_os;
    w->task = lb_task_get(crew->tasks, (unsigned)i);
    if ((err = lb_arena_create(sizeof *w->slot, node_os, why, &w->memory)))
        return err;
    lb_arena_info(w->memory, &info);
    w->slot = info.base;
    w->slot->schedstat = -1;
    if (i)
        return start_worker(w, why);
    lb_worker_open(w);
    return pin_caller(crew, why);
}

static int make_board(struct lb_crew *crew, struct lb_why *why)
{
    struct lb_arena_info info;
    int err = lb_arena_create(sizeof *crew->board, -1, why, &crew->board_memory);

    if (err)
        return err;
    lb_arena_info(crew->board_memory, &info);
    crew->board = info.base;
    return lb_task_set_create((unsigned)crew->n, &crew->tasks);
}

int lb_crew_create(const struct lb_clock *clock, const int *pu_os, const int *node_os, int n,
                   struct lb_why *why, struct lb_crew **result)
{
    struct lb_crew *crew;
    int err;

    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            if (pu_os[i] == pu_os[j])
                return lb_fail(why, EINVAL, "PU %d: named twice", pu_os[i]);
    if (n < 1)
        return lb_fail(why, EINVAL, "crew: no PU");
    crew = calloc(1, sizeof *crew);
    if (!crew || !(crew->workers = calloc((size_t)n, sizeof *crew->workers)) ||
        !(crew->members = calloc((size_t)n, sizeof *crew->members))) {
        free(crew ? crew->workers : NULL);
        free(crew);
        return -ENOMEM;
    }
    crew->clock = *clock;
    crew->n = n;
    crew->epoch = 1;
    crew->wait_most_ns = LB_WAIT_MOST_NS;
    crew->lost_pu_os = -1;
    err = make_board(crew, why);
    for (int i = 0; !err && i < n; i++)
        err = make_worker(crew, i, pu_os[i], node_os ? node_os[i] : -1, why);
    if (err) {
        lb_crew_destroy(crew);
        return err;
    }
    *result = crew;
    return 0;
}

void lb_crew_destroy(struct lb_crew *crew)
{
    if (!crew)
        return;
    crew->n_members = 0;
    for (int i = 1; i < crew->n; i++)
        if (crew->workers[i].started)
            lb_crew_add(crew, i);
    if (crew->board && crew->tasks)
        lb_crew_call(crew, &(struct lb_command){.kind = LB_COMMAND_QUIT});
    for (int i = 0; i < crew->n; i++) {
        struct lb_worker *w = &crew->workers[i];
        if (w->started)
            pthread_join(w->thread, NULL);
        else if (w->slot)
            lb_worker_close(w);
        lb_arena_destroy(w->memory);
    }
    if (crew->old_affinity) {
        sched_setaffinity(0, crew->affinity_bytes, crew->old_affinity);
        CPU_FREE(crew->old_affinity);
    }
    lb_task_set_destroy(crew->tasks);
    lb_arena_destroy(crew->board_memory);
    free(crew->members);
    free(crew->workers);
    free(crew);
}
