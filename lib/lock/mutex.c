/* SPDX-License-Identifier: MIT
 *
 * The slow paths of the mutex, for both of its forms.
 *
 * Who finds it taken spins while the owner runs, one at a time through the spinners' queue, and
 * else queues and sleeps. WAITERS says that the wait list is not empty: whoever unlocks then wakes
 * the first. Woken and too late, that one asks by HANDOFF for the lock itself; the owner then does
 * not free it but writes the waiter in as the owner, with PICKUP until the waiter has seen it.
 * Flags but HANDOFF and PICKUP change under wait_lock.
 */
#include "lock_private.h"

#include "fast_paths.h"

#include <sched.h>

_Static_assert(offsetof(struct lb_mutex32, owner) == 0 &&
                   offsetof(struct lb_mutex32, wait_lock) == 8 &&
                   offsetof(struct lb_mutex32, osq) == 12 &&
                   offsetof(struct lb_mutex32, next) == 16 && sizeof(struct lb_mutex32) == 32,
               "mutex32 lies as the kernel's did");
_Static_assert(offsetof(struct lb_mutex24, first_waiter) == 16 && sizeof(struct lb_mutex24) == 24,
               "mutex24 lies as the kernel's does");
_Static_assert(offsetof(struct lb_mutex, first) == offsetof(struct lb_mutex32, next) &&
                   sizeof(struct lb_mutex) == sizeof(struct lb_mutex24),
               "both forms begin alike");
_Static_assert(_Alignof(struct lb_task) > LB_MUTEX_FLAGS, "a task's address leaves room for flags");

static struct lb_waiter **last_of(struct lb_mutex *mutex, enum lb_lock_kind kind)
{
    return kind == LB_LOCK_MUTEX32 ? &((struct lb_mutex32 *)mutex)->prev : NULL;
}

static uint64_t owner_of(const struct lb_mutex *mutex)
{
    return __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED);
}

static struct lb_task *task_of(uint64_t owner)
{
    return (struct lb_task *)(uintptr_t)(owner & ~LB_MUTEX_FLAGS);
}

/* Nobody, or one who runs. */
static bool spinnable(uint64_t owner)
{
    const struct lb_task *task = task_of(owner);
    return !task || __atomic_load_n(&task->on_cpu, __ATOMIC_RELAXED);
}

/* What the word becomes for a task that tries: with the task as owner where it may have the lock;
 * with HANDOFF where it may not and is the first waiter. As it was: nothing is to be done. */
static uint64_t tried(uint64_t owner, const struct lb_task *me, bool first)
{
    if (!task_of(owner))
        return owner | (uintptr_t)me;
    if (owner & LB_MUTEX_PICKUP)
        return task_of(owner) == me ? owner & ~LB_MUTEX_PICKUP : owner;
    return first ? owner | LB_MUTEX_HANDOFF : owner;
}

static bool try_lock(struct lb_mutex *mutex, struct lb_task *me, bool first)
{
    uint64_t owner = owner_of(mutex), wanted;
    for (;; me->stats.retries++) {
        wanted = tried(owner, me, first);
        if (wanted == owner)
            return false;
        if (__atomic_compare_exchange_n(&mutex->owner, &owner, wanted, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            break;
    }
    me->stats.handoffs += (owner & LB_MUTEX_PICKUP) != 0;
    return task_of(wanted) == me;
}

/* Tries until the lock is had, or its owner does not run. */
static bool spin_on_owner(struct lb_mutex *mutex, struct lb_task *me)
{
    struct lb_patience patience = {0};
    while (!try_lock(mutex, me, false)) {
        if (!spinnable(owner_of(mutex)))
            return false;
        me->stats.spins_owner++;
        if (lb_patience_ends(&patience))
            sched_yield();
    }
    return true;
}

static bool spin(struct lb_mutex *mutex, struct lb_task *me)
{
    if (!spinnable(owner_of(mutex)) || !lb_osq_lock(&mutex->osq, &mutex->owner, spinnable, me))
        return false;
    const bool taken = spin_on_owner(mutex, me);
    lb_osq_unlock(&mutex->osq, me);
    me->stats.steals += taken;
    return taken;
}

/* Sleeps until woken and tries again, until the lock is had. Under wait_lock, before and after. */
static void sleep_for(struct lb_mutex *mutex, struct lb_task *me)
{
    bool taken = try_lock(mutex, me, false);
    while (!taken) {
        lb_qspinlock_write_unlock(&mutex->wait_lock, me, NULL);
        lb_task_park(me);
        lb_qspinlock_write(&mutex->wait_lock, me, NULL);
        const bool first = mutex->first == &me->waiter;
        if (try_lock(mutex, me, first))
            return;
        if (!first)
            continue;
        /* It is next: no queue of spinners for that one. */
        lb_qspinlock_write_unlock(&mutex->wait_lock, me, NULL);
        taken = spin_on_owner(mutex, me);
        lb_qspinlock_write(&mutex->wait_lock, me, NULL);
    }
}

void lb_mutex_slow(struct lb_mutex *mutex, struct lb_task *me, enum lb_lock_kind kind)
{
    me->stats.retries++; /* the fast path's */
    if (try_lock(mutex, me, false) || spin(mutex, me))
        return;
    me->waiter.task = me;
    lb_qspinlock_write(&mutex->wait_lock, me, NULL);
    lb_waiter_add(&mutex->first, last_of(mutex, kind), &me->waiter);
    if (mutex->first == &me->waiter)
        __atomic_fetch_or(&mutex->owner, LB_MUTEX_WAITERS, __ATOMIC_RELAXED);
    sleep_for(mutex, me);
    lb_waiter_remove(&mutex->first, last_of(mutex, kind), &me->waiter);
    if (!mutex->first)
        __atomic_fetch_and(&mutex->owner, ~LB_MUTEX_FLAGS, __ATOMIC_RELAXED);
    lb_qspinlock_write_unlock(&mutex->wait_lock, me, NULL);
}

/* Under wait_lock: the owner's word becomes `next`, which may be nobody. */
static void hand_over(struct lb_mutex *mutex, const struct lb_task *next)
{
    uint64_t owner = owner_of(mutex), wanted;
    do {
        wanted = owner & LB_MUTEX_WAITERS;
        if (next)
            wanted |= (uintptr_t)next | LB_MUTEX_PICKUP;
    } while (!__atomic_compare_exchange_n(&mutex->owner, &owner, wanted, false, __ATOMIC_RELEASE,
                                          __ATOMIC_RELAXED));
}

void lb_mutex_wake(struct lb_mutex *mutex, struct lb_task *me)
{
    uint64_t owner = owner_of(mutex);
    while (!(owner & LB_MUTEX_HANDOFF) &&
           !__atomic_compare_exchange_n(&mutex->owner, &owner, owner & LB_MUTEX_FLAGS, false,
                                        __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        ;
    if (!(owner & (LB_MUTEX_WAITERS | LB_MUTEX_HANDOFF)))
        return;
    lb_qspinlock_write(&mutex->wait_lock, me, NULL);
    struct lb_task *next = mutex->first ? mutex->first->task : NULL;
    if (owner & LB_MUTEX_HANDOFF)
        hand_over(mutex, next);
    lb_qspinlock_write_unlock(&mutex->wait_lock, me, NULL);
    if (next)
        lb_task_unpark(next, me);
}

static bool is_idle(const struct lb_mutex *mutex, const struct lb_waiter *last)
{
    /* acquire: what the last owner did is seen. */
    return !__atomic_load_n(&mutex->owner, __ATOMIC_ACQUIRE) &&
           !__atomic_load_n(&mutex->osq, __ATOMIC_RELAXED) &&
           !__atomic_load_n(&mutex->wait_lock.word, __ATOMIC_ACQUIRE) && !mutex->first && !last;
}

static bool mutex32_is_idle(const void *lock)
{
    return is_idle(lock, ((const struct lb_mutex32 *)lock)->prev);
}

static bool mutex24_is_idle(const void *lock)
{
    return is_idle(lock, NULL);
}

const struct lb_lock_class lb_mutex32_class = {
    LB_LOCK_LISTED(MUTEX32, mutex32, struct lb_mutex32),
    .info.count_bytes = sizeof(uint64_t),
    .info.owner_offset = offsetof(struct lb_mutex32, owner),
    .info.counts = true,
    .info.sleeps_in_read = true,
    .info.meaning = "mutex with a list head of two pointers, Linux before 2026",
    .is_idle = mutex32_is_idle,
};

const struct lb_lock_class lb_mutex24_class = {
    LB_LOCK_LISTED(MUTEX24, mutex24, struct lb_mutex24),
    .info.count_bytes = sizeof(uint64_t),
    .info.owner_offset = offsetof(struct lb_mutex24, owner),
    .info.counts = true,
    .info.sleeps_in_read = true,
    .info.meaning = "mutex with one pointer to its first waiter, Linux of 2026",
    .is_idle = mutex24_is_idle,
};
