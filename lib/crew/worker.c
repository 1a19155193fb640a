/* SPDX-License-Identifier: MIT
 *
 * What a worker does inside a window: ops in blocks, and the system's account of them.
 */
#include "crew_private.h"

#include <linebounce/interrupts.h>

#include <fcntl.h>
#include <math.h>
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

/* The system's account of this thread: asked as the warm-up begins and after the stop, never in
 * between. */
struct reading {
    struct lb_account account;
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
        return NAN;
    text[n] = '\0';
    return sscanf(text, "%llu %llu", &running, &waiting) == 2 ? (double)waiting : NAN;
}

static double time_ns(const struct timeval *t)
{
    return (double)t->tv_sec * 1e9 + (double)t->tv_usec * 1e3;
}

static void take_usage(struct lb_account *a)
{
    struct rusage u;
    bool known = !getrusage(RUSAGE_THREAD, &u);

    a->user_ns = known ? time_ns(&u.ru_utime) : NAN;
    a->system_ns = known ? time_ns(&u.ru_stime) : NAN;
    a->voluntary = known ? (double)u.ru_nvcsw : NAN;
    a->involuntary = known ? (double)u.ru_nivcsw : NAN;
    a->minor_faults = known ? (double)u.ru_minflt : NAN;
    a->major_faults = known ? (double)u.ru_majflt : NAN;
}

static void take_account(const struct lb_worker *w, struct reading *reading)
{
    struct lb_account *a = &reading->account;
    struct lb_lock_stats stats;
    struct timespec cpu;
    bool known = !clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);

    a->cpu_ns = known ? (double)cpu.tv_sec * 1e9 + (double)cpu.tv_nsec : NAN;
    take_usage(a);
    a->wall_ns = lb_clock_ns(&w->crew->clock, lb_clock_now(&w->crew->clock));
    a->preempted_ns = run_delay_ns(w);
    reading->pu_os = sched_getcpu();
    lb_task_stats(w->task, &stats);
    lb_account_take_locks(&stats, a);
}

/* The most that a thread can have been kept off its CPU, where the kernel does not say how long. */
static double kept_off_most_ns(const struct lb_account *a)
{
    if (isnan(a->involuntary) || isnan(a->cpu_ns))
        return a->wall_ns;
    return a->involuntary > 0 ? a->off_cpu_ns : 0;
}

static void settle_account(const struct reading *before, const struct reading *after,
                           struct lb_thread_result *r)
{
    struct lb_account *a = &r->account;

    lb_account_sub(&after->account, &before->account, a);
    r->preempted_most_ns = isnan(a->preempted_ns) ? kept_off_most_ns(a) : a->preempted_ns;
    r->pu_start = before->pu_os;
    r->pu_end = after->pu_os;
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

/* A thread's way through a window. */
struct course {
    const struct lb_thread_plan *plan;
    struct lb_task *task;
    struct lb_slot *slot;
    struct lb_clock clock;
    uint64_t rng, gaps;   /* generators of the pauses, and of the gaps between timed ops */
    uint64_t gap;         /* ops until the next timed one */
    uint64_t counts_from; /* ticks: timed ops before that belong to the warm-up */
    uintptr_t cursor;
    uint64_t before, ops;
    uint64_t gap_ticks;        /* paced: an op that takes or begins late by more makes a gap */
    uint64_t behind_until;     /* paced: what an interruption held up is being made up for */
    uint64_t timed_most;       /* a timed op that takes more was interrupted */
    uint64_t timed, timed_ops; /* ticks of timed ops of the measured part, and their number */
    uint64_t late, late_ops;   /* paced: ticks by which ops of the measured part began late */
    size_t blocks;
};

/* `many`: the draw is cyclic, and no loop may read over its end. */
static void take_picks(struct course *c, uint64_t n)
{
    const struct lb_thread_plan *p = c->plan;

    if (p->picks && c->cursor + 4 * n > (uintptr_t)(p->picks_start + p->picks))
        c->cursor = (uintptr_t)p->picks_start;
}

/* Since it was last asked. */
static bool was_interrupted(void)
{
    bool was = lb_interrupts_since_mark();

    if (was)
        lb_interrupts_mark();
    return was;
}

static uint64_t log_block(struct course *c, uint32_t ops, bool sampled)
{
    uint64_t now = lb_clock_now(&c->clock), took = now - c->before;

    c->slot->blocks[c->blocks++] = (struct lb_block){
        .end = now, .ops = ops, .sampled = sampled, .interrupted = was_interrupted()};
    c->ops += ops;
    if (c->plan->picks)
        c->cursor += 4 * (uintptr_t)ops;
    c->before = now;
    return took;
}

static uint64_t run_block(struct course *c, uint64_t n)
{
    const struct lb_thread_plan *p = c->plan;

    take_picks(c, n);
    c->rng = p->loop(n, c->rng, p->span, c->task, p->x[0], p->x[1], p->x[2], c->cursor, p->x[4],
                     p->x[5]);
    return log_block(c, (uint32_t)n, false);
}

static uint64_t draw_gap(struct course *c)
{
    return 1 + lb_random_below(&c->gaps, 2 * c->plan->sampling.every - 1);
}

static void note_timed(struct course *c, uint64_t ticks)
{
    lb_latency_add(&c->slot->latency, ticks, c->plan->sampling.slow_ticks);
    if (ticks > c->timed_most)
        return;
    c->timed += ticks;
    c->timed_ops++;
}

static void run_sample(struct course *c)
{
    const struct lb_thread_plan *p = c->plan;
    const struct lb_sampling *s = &p->sampling;
    struct lb_timed t;

    take_picks(c, 1);
    if (s->pause)
        c->rng = s->pause(1, c->rng, p->span, c->task, 0, 0, 0, 0, 0, 0);
    t = s->timed(c->rng, c->task, p->x[0], p->x[1], p->x[2], c->cursor, p->x[4], p->x[5]);
    c->rng = t.rng;
    if (c->before >= c->counts_from)
        note_timed(c, t.ticks);
    log_block(c, 1, true);
    c->gap = draw_gap(c);
}

/* Blocks adapt by doubling and halving, so that an op that is ten times slower than believed does
 * not overrun the window. */
static void run_blocks(struct course *c, uint64_t block_ticks, uint64_t stop)
{
    uint64_t n = first_block(c->plan, &c->clock, block_ticks);
    uint64_t most = c->plan->ops_most ? c->plan->ops_most : UINT64_MAX;

    /* The last entry of the log is for a block, since a timed op may follow the last but one. */
    while (c->before < stop && c->blocks < LB_LOG_BLOCKS - 1 && c->ops < most) {
        n = n < most - c->ops ? n : most - c->ops;
        uint64_t took = run_block(c, n);
        if (c->plan->sampling.timed && c->before < stop && c->ops < most) {
            if (c->gap <= n)
                run_sample(c);
            else
                c->gap -= n;
        }
        if (took < block_ticks / 2 && n < BLOCK_OPS_MOST / 2)
            n *= 2;
        else if (took > block_ticks * 2 && n > 1)
            n /= 2;
    }
}

static uint64_t wait_until(const struct lb_clock *clock, uint64_t due)
{
    uint64_t now;

    do
        now = lb_clock_now(clock);
    while (now < due);
    return now;
}

/* Returns its ticks. */
static uint64_t run_paced_op(struct course *c)
{
    const struct lb_thread_plan *p = c->plan;
    const struct lb_pacing *g = &p->pacing;
    const uintptr_t *x = p->x;

    if (g->dither)
        c->rng = g->dither(1, c->rng, g->dither_span, c->task, 0, 0, 0, 0, 0, 0);
    if (g->timed) {
        struct lb_timed t = g->timed(c->rng, c->task, x[0], x[1], x[2], x[3], x[4], x[5]);
        c->rng = t.rng;
        return t.ticks;
    }
    uint64_t from = lb_clock_now(&c->clock);
    c->rng = p->loop(1, c->rng, p->span, c->task, x[0], x[1], x[2], x[3], x[4], x[5]);
    return lb_clock_now(&c->clock) - from;
}

/* An op that was due at `due` and began at `begin`, the thread being free since `free_from`. After
 * an interruption ops come in a burst, which is part of the gap; unless it lasts so long that the
 * thread cannot keep up anyway. */
static void note_paced_op(struct course *c, uint64_t due, uint64_t free_from, uint64_t begin,
                          uint64_t ticks)
{
    struct lb_block *b = &c->slot->blocks[c->blocks];

    b->ops++;
    b->busy = ticks < UINT32_MAX - b->busy ? b->busy + (uint32_t)ticks : UINT32_MAX;
    if (ticks > c->gap_ticks || begin - (due > free_from ? due : free_from) > c->gap_ticks)
        c->behind_until = begin + ticks + 4 * (begin - due + ticks);
    else if (due > free_from)
        c->behind_until = 0;
    b->gap |= begin < c->behind_until;
    c->ops++;
    if (begin < c->counts_from)
        return;
    c->late += begin - due;
    c->late_ops++;
    if (c->plan->sampling.timed)
        note_timed(c, ticks);
}

/* Ops as they are due, until a block's time is over. The last block of all may be a mere wait. */
static void run_paced_block(struct course *c, struct lb_schedule *s, uint64_t full, uint64_t stop,
                            uint64_t most)
{
    uint64_t now = c->before;

    c->slot->blocks[c->blocks] = (struct lb_block){0};
    do {
        uint64_t free_from = now;
        now = wait_until(&c->clock, s->due < stop ? s->due : stop);
        if (now >= stop)
            break;
        note_paced_op(c, s->due, free_from, now, run_paced_op(c));
        lb_schedule_next(s);
        now = lb_clock_now(&c->clock);
    } while (now < full && now < stop && c->ops < most);
    c->slot->blocks[c->blocks++].end = now;
    c->before = now;
}

static void run_paced(struct course *c, uint64_t block_ticks, uint64_t stop)
{
    uint64_t most = c->plan->ops_most ? c->plan->ops_most : UINT64_MAX;
    struct lb_schedule schedule;

    lb_schedule_init(c->plan->seed, c->plan->pacing.every_ticks, c->before, &schedule);
    while (c->before < stop && c->blocks < LB_LOG_BLOCKS && c->ops < most)
        run_paced_block(c, &schedule, c->before + block_ticks, stop, most);
}

static uintptr_t harness_word(const struct lb_worker *w, enum lb_watch watch)
{
    struct lb_board *board = w->crew->board;

    switch (watch) {
    case LB_WATCH_START:
        return (uintptr_t)&board->start;
    case LB_WATCH_STOP:
        return (uintptr_t)&board->command.window_ticks;
    case LB_WATCH_RESULT:
        return (uintptr_t)&w->slot->result.total_ops;
    case LB_WATCH_UNTOUCHED0:
    case LB_WATCH_UNTOUCHED1:
    case LB_WATCH_UNTOUCHED2:
    case LB_WATCH_UNTOUCHED3:
        return (uintptr_t)&w->slot->untouched[watch - LB_WATCH_UNTOUCHED0];
    default:
        return 0;
    }
}

static void open_group(struct lb_worker *w, const struct lb_thread_plan *p,
                       const struct lb_window_plan *window)
{
    struct lb_event_code *codes = w->slot->codes;

    for (int i = 0; i < p->n_codes; i++) {
        codes[i] = p->codes[i];
        if (codes[i].kind == LB_EVENT_WATCH && !codes[i].address) {
            codes[i].address = harness_word(w, codes[i].word.watch);
            codes[i].bytes = sizeof(uint64_t);
        }
    }
    lb_group_open(window->calls ? window->calls : &lb_counter_system, codes, p->n_codes,
                  p->pmu_type, window->count_kernel, &w->slot->group);
}

/* What is counted: from here to the end of the last block, and nothing else of the harness. */
static void measure(struct lb_worker *w, const struct lb_thread_plan *p, const struct lb_command *c,
                    uint64_t start)
{
    struct lb_slot *slot = w->slot;
    uint64_t stop = start + c->warmup_ticks + c->window_ticks;
    struct course course = {.plan = p,
                            .task = w->task,
                            .slot = slot,
                            .clock = w->crew->clock,
                            .rng = p->seed ? p->seed : 1,
                            .gaps = ~p->seed,
                            /* What a block that is full of ops may take beyond its due. */
                            .gap_ticks = (uint64_t)((LB_GAP_FACTOR - 1) * (double)c->block_ticks),
                            .counts_from = start + c->warmup_ticks,
                            .cursor = p->x[3]};

    course.timed_most = c->plan->keep_gaps ? UINT64_MAX : course.gap_ticks;
    memset(&slot->latency, 0, sizeof slot->latency);
    if (p->sampling.timed && !p->pacing.every_ticks)
        course.gap = draw_gap(&course);
    if (p->n_codes)
        lb_group_begin(&slot->group);
    lb_interrupts_mark();
    course.before = lb_clock_now(&w->crew->clock);
    slot->log = (struct lb_log){
        .begin = course.before, .blocks = slot->blocks, .paced = p->pacing.every_ticks != 0};
    if (p->pacing.every_ticks)
        run_paced(&course, c->block_ticks, stop);
    else
        run_blocks(&course, c->block_ticks, stop);
    lb_interrupts_unmark();
    if (p->n_codes)
        lb_group_end(&slot->group, slot->result.counts);
    slot->log.n = course.blocks;
    slot->log_full = course.blocks >= LB_LOG_BLOCKS - 1 && course.before < stop;
    slot->result.total_ops = course.ops;
    slot->result.late_ns = (double)course.late; /* ticks until they are collected */
    slot->result.late_ops = course.late_ops;
    slot->result.timed_ns = (double)course.timed; /* likewise */
    slot->result.timed_ops = course.timed_ops;
}

int lb_worker_window(struct lb_worker *w, const struct lb_thread_plan *p,
                     const struct lb_command *c, uint32_t epoch)
{
    struct lb_slot *slot = w->slot;
    struct reading before = {0}, after = {0};
    uint64_t start, now;
    int err = 0;

    memset(slot->result.counts, 0, sizeof slot->result.counts);
    if (p->n_codes)
        open_group(w, p, c->plan);
    take_account(w, &before); /* for its caches' sake: it is taken again below, without the wait */
    /* Worker 0 gives the start itself, when it is as ready as the others. */
    if (w->index == 0)
        err = lb_crew_give_start(w->crew, epoch);
    else
        __atomic_store_n(&slot->ready, epoch, __ATOMIC_RELEASE);
    if ((start = lb_board_start(w->crew->board, epoch))) {
        now = lb_clock_now(&w->crew->clock);
        slot->late = now >= start;
        while (now < start)
            now = lb_clock_now(&w->crew->clock);
        take_account(w, &before);
        measure(w, p, c, start);
        take_account(w, &after);
        settle_account(&before, &after, &slot->result);
    }
    if (p->n_codes)
        lb_group_close(&slot->group);
    __atomic_store_n(&slot->done, epoch, __ATOMIC_RELEASE);
    return err;
}
