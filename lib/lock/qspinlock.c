/* SPDX-License-Identifier: MIT
 *
 * The slow path of the queued spinlock.
 *
 * The first who waits sets the pending byte and looks at the lock's word; those behind it stand in
 * an MCS queue and look at nodes of their own. The queue's first waits until neither holder nor
 * pending is there, takes the lock and calls up the next. Nobody gets past the queue: with a tail
 * or a pending byte in the word, newcomers queue.
 */
#include "lock_private.h"

#include "fast_paths.h"

_Static_assert(sizeof(struct lb_qspinlock) == 4, "qspinlock lies as the kernel's does");

/* How often a hand-over from pending to holder is looked at before the waiter queues. */
#define HAND_OVER_LOOKS 1

#define WAITED_FOR (LB_QSPINLOCK_LOCKED | LB_QSPINLOCK_PENDING)

/* Waits until none of the bits is set; acquire: what the holder did is seen. */
static uint32_t wait_for(struct lb_qspinlock *lock, struct lb_task *me, uint32_t bits)
{
    struct lb_patience patience = {0};
    uint32_t word;
    while ((word = __atomic_load_n(&lock->word, __ATOMIC_ACQUIRE)) & bits) {
        me->stats.spins_owner++;
        lb_task_spin(me, &patience);
    }
    return word;
}

/* Sets the pending byte, waits for the holder and becomes it. False when somebody else is pending
 * or queued. */
static bool wait_as_pending(struct lb_qspinlock *lock, struct lb_task *me)
{
    const uint32_t word = __atomic_fetch_or(&lock->word, LB_QSPINLOCK_PENDING, __ATOMIC_ACQUIRE);
    if (word & ~LB_QSPINLOCK_LOCKED) {
        if (!(word & LB_QSPINLOCK_PENDING))
            __atomic_fetch_and(&lock->word, ~LB_QSPINLOCK_PENDING, __ATOMIC_RELAXED);
        return false;
    }
    if (word & LB_QSPINLOCK_LOCKED)
        wait_for(lock, me, LB_QSPINLOCK_LOCKED);
    /* Both bytes at once: a gap between them would let another one in. */
    __atomic_fetch_add(&lock->word, LB_QSPINLOCK_HELD - LB_QSPINLOCK_PENDING, __ATOMIC_RELAXED);
    return true;
}

/* Puts the task at the end of the queue and waits until it is the first. */
static void wait_for_turn(struct lb_qspinlock *lock, struct lb_task *me)
{
    const uint32_t tail = (me->index + 1) << LB_QSPINLOCK_SHIFT;
    uint32_t word = __atomic_load_n(&lock->word, __ATOMIC_RELAXED);
    /* release: the node is complete before the next one can find it. */
    while (!__atomic_compare_exchange_n(&lock->word, &word, (word & ~LB_QSPINLOCK_TAIL) | tail,
                                        false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        me->stats.retries++;
    if (!(word & LB_QSPINLOCK_TAIL))
        return;
    struct lb_task *before = &me->tasks[(word >> LB_QSPINLOCK_SHIFT) - 1];
    struct lb_patience patience = {0};
    __atomic_store_n(&before->mcs.next, me, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&me->mcs.head, __ATOMIC_ACQUIRE)) {
        me->stats.spins_queue++;
        lb_task_spin(me, &patience);
    }
}

/* Makes whoever queued behind the task the first. */
static void call_next(struct lb_task *me)
{
    struct lb_patience patience = {0};
    struct lb_task *next;
    while (!(next = __atomic_load_n(&me->mcs.next, __ATOMIC_ACQUIRE)))
        lb_task_spin(me, &patience);
    __atomic_store_n(&next->mcs.head, 1, __ATOMIC_RELEASE);
}

static void wait_in_queue(struct lb_qspinlock *lock, struct lb_task *me)
{
    const uint32_t tail = (me->index + 1) << LB_QSPINLOCK_SHIFT;
    __atomic_store_n(&me->mcs.next, NULL, __ATOMIC_RELAXED);
    __atomic_store_n(&me->mcs.head, 0, __ATOMIC_RELAXED);
    wait_for_turn(lock, me);
    uint32_t word = wait_for(lock, me, WAITED_FOR);
    /* As the only one it takes its tail along; a pending byte that is set just now fails this, and
     * whoever set it sees the tail and queues. */
    if ((word & LB_QSPINLOCK_TAIL) == tail &&
        __atomic_compare_exchange_n(&lock->word, &word, LB_QSPINLOCK_HELD, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED))
        return;
    __atomic_store_n(lb_lowest_byte(lock), LB_QSPINLOCK_HELD, __ATOMIC_RELAXED);
    call_next(me);
}

void lb_qspinlock_slow(struct lb_qspinlock *lock, struct lb_task *me, uint32_t word)
{
    me->stats.retries++; /* the fast path's */
    for (int i = 0; word == LB_QSPINLOCK_PENDING && i < HAND_OVER_LOOKS; i++) {
        lb_pause();
        word = __atomic_load_n(&lock->word, __ATOMIC_RELAXED);
    }
    if ((word & ~LB_QSPINLOCK_LOCKED) || !wait_as_pending(lock, me))
        wait_in_queue(lock, me);
}

static bool qspinlock_is_idle(const void *lock)
{
    return !__atomic_load_n((const uint32_t *)lock, __ATOMIC_ACQUIRE);
}

const struct lb_lock_class lb_qspinlock_class = {
    LB_LOCK_LISTED(QSPINLOCK, qspinlock, struct lb_qspinlock),
    .info.count_bytes = sizeof(uint32_t),
    .info.owner_offset = -1,
    .info.counts = true,
    .info.meaning = "queued spinlock, the kernel's spinlock_t; reads exclude each other",
    .is_idle = qspinlock_is_idle,
};
