/* SPDX-License-Identifier: MIT
 *
 * How worker 0 calls the others to a command, waits for them and gives the start, and what it does
 * when one of them never gets to run.
 */
#include "crew_private.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/* An idle worker spins this long for the next command, then sleeps. */
#define IDLE_SPIN_NS 3e6
/* From "all are ready" to the start: time for `go` and `start` to reach every worker. */
#define LEAD_NS            4000.0
#define LEAD_PER_THREAD_NS 500.0

static void sleep_until_called(struct lb_slot *slot, uint32_t seen)
{
    __atomic_store_n(&slot->asleep, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&slot->call, __ATOMIC_SEQ_CST) == seen)
        syscall(SYS_futex, &slot->call, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
    __atomic_store_n(&slot->asleep, 0, __ATOMIC_SEQ_CST);
}

uint32_t lb_worker_wait(struct lb_worker *w, uint32_t seen, bool rest)
{
    const struct lb_clock *clock = &w->crew->clock;
    uint64_t until = lb_clock_now(clock) + lb_clock_ticks(clock, rest ? 0 : IDLE_SPIN_NS);
    uint32_t now;

    while ((now = __atomic_load_n(&w->slot->call, __ATOMIC_ACQUIRE)) == seen) {
        lb_pause();
        if (lb_clock_now(clock) >= until)
            sleep_until_called(w->slot, seen);
    }
    return now;
}

void lb_crew_add(struct lb_crew *crew, int worker)
{
    if (worker > 0)
        crew->members[crew->n_members++] = worker;
}

static void call(struct lb_slot *slot, uint32_t epoch)
{
    __atomic_store_n(&slot->call, epoch, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&slot->asleep, __ATOMIC_SEQ_CST))
        syscall(SYS_futex, &slot->call, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

uint32_t lb_crew_call(struct lb_crew *crew, const struct lb_command *command)
{
    crew->board->command = *command;
    crew->epoch = crew->epoch + 1 ? crew->epoch + 1 : 2;
    for (int i = 0; i < crew->n_members; i++)
        call(crew->workers[crew->members[i]].slot, crew->epoch);
    return crew->epoch;
}

#define LOOK_EVERY 256
#define JUMP_NS    1e8

bool lb_wait_ends(struct lb_wait *w, double most_ns)
{
    lb_pause();
    if (w->looks++ % LOOK_EVERY)
        return false;
    uint64_t now = lb_clock_monotonic_ns();
    double step = w->last_ns ? (double)(now - w->last_ns) : 0;
    w->last_ns = now;
    w->spent_ns += step < JUMP_NS ? step : JUMP_NS;
    return w->spent_ns > most_ns;
}

int lb_crew_lose(struct lb_crew *crew, int worker, uint32_t epoch)
{
    crew->lost_pu_os = crew->workers[worker].pu_os;
    for (int i = 0; i < crew->n_members; i++)
        pthread_setaffinity_np(crew->workers[crew->members[i]].thread, crew->affinity_bytes,
                               crew->old_affinity);
    __atomic_store_n(&crew->board->start, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&crew->board->go, epoch, __ATOMIC_RELEASE);
    for (int i = 0; i < crew->n_members; i++)
        while (__atomic_load_n(&crew->workers[crew->members[i]].slot->done, __ATOMIC_ACQUIRE) !=
               epoch)
            sched_yield();
    return -ETIMEDOUT;
}

int lb_crew_wait(struct lb_crew *crew, uint32_t epoch, bool done, double lasts_ns)
{
    for (int i = 0; i < crew->n_members; i++) {
        struct lb_slot *slot = crew->workers[crew->members[i]].slot;
        uint32_t *word = done ? &slot->done : &slot->ready;
        struct lb_wait wait = {0};
        while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != epoch)
            if (lb_wait_ends(&wait, lasts_ns + crew->wait_most_ns))
                return lb_crew_lose(crew, crew->members[i], epoch);
    }
    return 0;
}

int lb_crew_lost(const struct lb_crew *crew)
{
    return crew->lost_pu_os;
}

int lb_crew_explain(const struct lb_crew *crew, int err, struct lb_why *why)
{
    if (err != -ETIMEDOUT || lb_crew_lost(crew) < 0)
        return err;
    return lb_fail(why, ETIMEDOUT,
                   "PU %d: the thread pinned there did not get to run for %.0f s: another task "
                   "keeps that CPU to itself",
                   crew->lost_pu_os, crew->wait_most_ns * 1e-9);
}

/* All are ready: the start lies far enough ahead for every one to hear of it. */
int lb_crew_give_start(struct lb_crew *crew, uint32_t epoch)
{
    int err = lb_crew_wait(crew, epoch, false, 0);

    if (err)
        return err;
    uint64_t lead =
        lb_clock_ticks(&crew->clock, LEAD_NS + LEAD_PER_THREAD_NS * (crew->n_members + 1));
    __atomic_store_n(&crew->board->start, lb_clock_now(&crew->clock) + lead, __ATOMIC_RELAXED);
    __atomic_store_n(&crew->board->go, epoch, __ATOMIC_RELEASE);
    return 0;
}

uint64_t lb_board_start(struct lb_board *board, uint32_t epoch)
{
    /* Worker 0 gives it, or calls it off when its patience with the others ends. */
    while (__atomic_load_n(&board->go, __ATOMIC_ACQUIRE) != epoch)
        lb_pause();
    return __atomic_load_n(&board->start, __ATOMIC_RELAXED);
}
