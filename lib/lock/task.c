/* SPDX-License-Identifier: MIT
 *
 * How a task waits: parked on a futex, or spinning with a limit to its patience.
 */
#include "lock_private.h"

#include <linebounce/clock.h>

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How many pauses lie between two looks at the clock: some microseconds. */
#define CLOCK_EVERY 256
/* A yield that finds nobody takes less. */
#define YIELD_NS 3000

static void futex(uint32_t *word, int op, uint32_t value)
{
    /* Errors mean that the word has changed, or a signal: the caller looks at the word again. */
    syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

void lb_futex_wait(uint32_t *word, uint32_t value)
{
    futex(word, FUTEX_WAIT_PRIVATE, value);
}

void lb_futex_wake(uint32_t *word)
{
    futex(word, FUTEX_WAKE_PRIVATE, 1);
}

void lb_task_park(struct lb_task *me)
{
    while (!__atomic_exchange_n(&me->token, 0, __ATOMIC_ACQUIRE)) {
        me->stats.sleeps++;
        __atomic_store_n(&me->on_cpu, 0, __ATOMIC_RELAXED);
        futex(&me->token, FUTEX_WAIT_PRIVATE, 0);
        __atomic_store_n(&me->on_cpu, 1, __ATOMIC_RELAXED);
    }
}

void lb_task_unpark(struct lb_task *task, struct lb_task *me)
{
    /* Whoever put a token there that is still there sees to the wake-up. */
    if (__atomic_exchange_n(&task->token, 1, __ATOMIC_RELEASE))
        return;
    me->stats.wakes++;
    futex(&task->token, FUTEX_WAKE_PRIVATE, 1);
}

bool lb_patience_ends(struct lb_patience *patience)
{
    lb_pause();
    if (++patience->loops % CLOCK_EVERY)
        return false;
    const uint64_t now_ns = lb_clock_monotonic_ns();
    if (!patience->start_ns) {
        patience->start_ns = now_ns;
        return false;
    }
    if (now_ns - patience->start_ns < LB_PATIENCE_NS)
        return false;
    patience->start_ns = 0;
    return true;
}

void lb_task_spin(struct lb_task *me, struct lb_patience *patience)
{
    if (!me->crowded && !lb_patience_ends(patience))
        return;
    const uint64_t start_ns = lb_clock_monotonic_ns();
    sched_yield();
    me->crowded = lb_clock_monotonic_ns() - start_ns > YIELD_NS;
}
