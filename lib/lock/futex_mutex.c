/* SPDX-License-Identifier: MIT
 *
 * The slow paths of the mutex on a futex (Drepper, "Futexes Are Tricky", 2011: the second mutex).
 */
#include "lock_private.h"

#include "fast_paths.h"

enum { FREE, TAKEN, SLEPT_ON };

void lb_futex_mutex_slow(struct lb_futex_mutex *mutex, struct lb_task *me)
{
    me->stats.retries++; /* the fast path's */
    /* Whoever comes this way cannot know whether others sleep, so the state stays SLEPT_ON. */
    while (__atomic_exchange_n(&mutex->state, SLEPT_ON, __ATOMIC_ACQUIRE) != FREE) {
        me->stats.sleeps++;
        __atomic_store_n(&me->on_cpu, 0, __ATOMIC_RELAXED);
        lb_futex_wait(&mutex->state, SLEPT_ON);
        __atomic_store_n(&me->on_cpu, 1, __ATOMIC_RELAXED);
    }
}

void lb_futex_mutex_wake(struct lb_futex_mutex *mutex, struct lb_task *me)
{
    me->stats.wakes++;
    lb_futex_wake(&mutex->state);
}

static bool futex_mutex_is_idle(const void *lock)
{
    return __atomic_load_n((const uint32_t *)lock, __ATOMIC_ACQUIRE) == FREE;
}

const struct lb_lock_class lb_futex_mutex_class = {
    LB_LOCK_LISTED(FUTEX_MUTEX, futex_mutex, struct lb_futex_mutex),
    .info.count_bytes = sizeof(uint32_t),
    .info.owner_offset = -1,
    .info.counts = true,
    .info.sleeps_in_read = true,
    .info.meaning = "mutex of 4 bytes on a futex, as runtimes have; reads exclude each other",
    .is_idle = futex_mutex_is_idle,
};
