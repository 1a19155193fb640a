/* SPDX-License-Identifier: MIT
 *
 * What a worker does inside a window and a ping-pong.
 */
#include "crew_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

void lb_worker_open(struct lb_worker *w)
{
    w->slot->schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

void lb_worker_close(struct lb_worker *w)
{
    if (w->slot->schedstat >= 0)
        close(w->slot->schedstat);
    w->slot->schedstat = -1;
}

uint64_t lb_board_start(struct lb_board *board, uint32_t epoch)
{
    while (__atomic_load_n(&board->go, __ATOMIC_ACQUIRE) != epoch)
        lb_pause();
    return __atomic_load_n(&board->start, __ATOMIC_RELAXED);
}

/* The system's account of this thread: asked as the warm-up begins and after the stop, never in
 * between. */
struct account {
    double cpu_ns, wall_ns;
    double delay_ns; /* runnable but not running; negative where the kernel does not say */
    long voluntary, involuntary;
    struct lb_lock_stats lock;
    int pu_os;
};

/* The second number of schedstat: time spent waiting for the CPU (kernels with CONFIG_SCHED_INFO).
 */
static double run_delay_ns(const struct lb_worker *w)
{
    char text[96];
    ssize_t n = w->slot->schedstat < 0 ? -1 : pread(w->slot->schedstat, text, sizeof text - 1, 0);
    unsigned long long running, waiting;

    if (n <= 0)
        return -1;
    text[n] = '\0';
    return sscanf(text, "%llu %llu", &running, &waiting) == 2 ? (double)waiting : -1;
}

static void take_account(const struct lb_worker *w, struct account *a)
{
    struct timespec cpu;
    struct rusage usage;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    getrusage(RUSAGE_THREAD, &usage);
    a->cpu_ns = (double)cpu.tv_sec * 1e9 + (double)cpu.tv_nsec;
    a->wall_ns = lb_clock_ns(&w->crew->clock, lb_clock_now(&w->crew->clock));
    a->voluntary = usage.ru_nvcsw;
    a->involuntary = usage.ru_nivcsw;
    a->delay_ns = run_delay_ns(w);
    a->pu_os = sched_getcpu();
    lb_task_stats(w->task, &a->lock);
}

static void settle_account(const struct account *before, const struct account *after,
                           struct lb_thread_result *r)
{
    r->cpu_ns = after->cpu_ns - before->cpu_ns;
    r->wall_ns = after->wall_ns - before->wall_ns;
    r->voluntary = after->voluntary - before->voluntary;
    r->involuntary = after->involuntary - before->involuntary;
    if (before->delay_ns >= 0 && after->delay_ns >= 0)
        r->preempted_ns = after->delay_ns - before->delay_ns;
    else /* no better bound than all the time that it was off the CPU */
        r->preempted_ns = r->involuntary && r->wall_ns > r->cpu_ns ? r->wall_ns - r->cpu_ns : 0;
    r->pu_start = before->pu_os;
    r->pu_end = after->pu_os;
    lb_lock_stats_sub(&after->lock, &before->lock, &r->lock);
}

/* Ops of a block never exceed half the draw of `many`, nor what a loop of nothing does in a block.
 */
#define BLOCK_OPS_MOST (LB_PICKS / 2)

static uint64_t first_block(const struct lb_thread_plan *p, const struct lb_clock *clock,
                            uint64_t block_ticks)
{
    double ops = lb_clock_ns(clock, block_ticks) / (p->op_ns > 0.2 ? p->op_ns : 0.2);

    return ops < 1 ? 1 : ops > BLOCK_OPS_MOST ? BLOCK_OPS_MOST : (uint64_t)ops;
}

/* Blocks adapt by doubling and halving, so that an op that is ten times slower than believed does
 * not overrun the window. Returns the number of blocks. */
static size_t run_blocks(const struct lb_worker *w, const struct lb_thread_plan *p,
                         uint64_t block_ticks, uint64_t start, uint64_t stop, uint64_t *total_ops)
{
    const struct lb_clock clock = w->crew->clock;
    struct lb_block *blocks = w->slot->blocks;
    uint64_t n = first_block(p, &clock, block_ticks), rng = p->seed ? p->seed : 1;
    uintptr_t cursor = p->site.x[1];
    uint64_t before = start, ops = 0;
    size_t k = 0;

    while (before < stop && k < LB_LOG_BLOCKS) {
        if (p->picks && cursor + 4 * n > (uintptr_t)(p->picks_start + p->picks))
            cursor = (uintptr_t)p->picks_start;
        rng = p->loop(n, rng, p->span, w->task, p->site.x[0], cursor, p->site.x[2], p->site.x[3],
                      p->site.x[4], p->site.x[5]);
        uint64_t now = lb_clock_now(&clock);
        blocks[k++] = (struct lb_block){now, n};
        ops += n;
        if (p->picks)
            cursor += 4 * n;
        if (now - before < block_ticks / 2 && n < BLOCK_OPS_MOST / 2)
            n *= 2;
        else if (now - before > block_ticks * 2 && n > 1)
            n /= 2;
        before = now;
    }
    *total_ops = ops;
    return k;
}

void lb_worker_window(struct lb_worker *w, const struct lb_thread_plan *p,
                      const struct lb_command *c, uint32_t epoch)
{
    struct lb_slot *slot = w->slot;
    struct account before, after;
    uint64_t start, now, total = 0;

    take_account(w, &before); /* for its caches' sake: it is taken again below, without the wait */
    /* Worker 0 gives the start itself, when it is as ready as the others. */
    if (w->index == 0)
        lb_crew_give_start(w->crew, epoch);
    else
        __atomic_store_n(&slot->ready, epoch, __ATOMIC_RELEASE);
    start = lb_board_start(w->crew->board, epoch);
    now = lb_clock_now(&w->crew->clock);
    slot->late = now >= start;
    while (now < start)
        now = lb_clock_now(&w->crew->clock);
    take_account(w, &before);
    now = lb_clock_now(&w->crew->clock);
    slot->log.begin = now;
    slot->log.blocks = slot->blocks;
    uint64_t stop = start + c->warmup_ticks + c->window_ticks;
    slot->log.n = run_blocks(w, p, c->block_ticks, now, stop, &total);
    slot->log_full = slot->log.n == LB_LOG_BLOCKS && slot->blocks[slot->log.n - 1].end < stop;
    take_account(w, &after);
    settle_account(&before, &after, &slot->result);
    slot->result.total_ops = total;
    __atomic_store_n(&slot->done, epoch, __ATOMIC_RELEASE);
}

static void volley(uint64_t *line, uint64_t mine, uint64_t theirs)
{
    __atomic_store_n(line, mine, __ATOMIC_RELEASE);
    while (__atomic_load_n(line, __ATOMIC_ACQUIRE) != theirs)
        ;
}

/* Trips on a line before its clock starts: the first fetches it from wherever it was. */
#define PINGPONG_WARM 4

void lb_worker_pingpong(struct lb_worker *w, const struct lb_command *c)
{
    const struct lb_clock *clock = &w->crew->clock;
    double ns[LB_PINGPONG_MOST];
    int n = c->n_lines;

    for (int i = 0; i < n; i++) {
        uint64_t *line = (uint64_t *)c->lines[i];
        uint64_t last = 2 * (uint64_t)(PINGPONG_WARM + c->trips), from = 0;
        if (w->index == c->worker_b) {
            for (uint64_t k = 2; k <= last; k += 2) {
                while (__atomic_load_n(line, __ATOMIC_ACQUIRE) != k - 1)
                    ;
                __atomic_store_n(line, k, __ATOMIC_RELEASE);
            }
            continue;
        }
        for (uint64_t k = 2; k <= last; k += 2) {
            if (k == 2 * PINGPONG_WARM + 2)
                from = lb_clock_now(clock);
            volley(line, k - 1, k);
        }
        ns[i] = lb_clock_ns(clock, lb_clock_now(clock) - from) / c->trips;
    }
    if (w->index == c->worker_a) {
        qsort(ns, (size_t)n, sizeof *ns, lb_by_value);
        w->slot->round_trip_ns = ns[n / 2];
    }
}
