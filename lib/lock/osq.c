/* SPDX-License-Identifier: MIT
 *
 * The queue of spinners: an MCS lock that a waiting task can leave.
 *
 * The tail is an index + 1 in 4 bytes; nodes lie in the tasks. `next` of a node is not NULL only
 * while its successor stands right behind it, and whoever takes it out with an exchange decides
 * what happens to the successor: the holder hands the queue on, a leaving node ties it to its own
 * predecessor.
 *
 * A task gives up when the lock's owner can no longer be spun on. Queued tasks leave the owner's
 * line alone, as the kernel's do, and look at it only when their patience ends; the first one looks
 * at it all the time and leaves at once, so the queue drains from the front as well.
 */
#include "lock_private.h"

#include <sched.h>

/* Ends the task's part at the end of the queue: where it is the last, the tail goes back to
 * `before` (an index + 1, or 0); otherwise its successor is taken out of it and returned. */
static struct lb_task *osq_detach(uint32_t *tail, struct lb_task *me, uint32_t before)
{
    struct lb_patience patience = {0};
    for (;;) {
        uint32_t last = me->index + 1;
        if (__atomic_load_n(tail, __ATOMIC_RELAXED) == last &&
            __atomic_compare_exchange_n(tail, &last, before, false, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED))
            return NULL;
        /* Empty while the successor has not yet tied itself on, or is leaving. */
        if (__atomic_load_n(&me->osq.next, __ATOMIC_RELAXED)) {
            struct lb_task *next = __atomic_exchange_n(&me->osq.next, NULL, __ATOMIC_ACQ_REL);
            if (next)
                return next;
        }
        if (lb_patience_ends(&patience))
            sched_yield();
    }
}

/* Cuts the task off from its predecessor, so that the queue cannot be handed to it any more.
 * Returns the predecessor, or NULL when the queue was handed over first. */
static struct lb_task *osq_cut(struct lb_task *me)
{
    struct lb_patience patience = {0};
    for (;;) {
        /* Read anew each time: the predecessor may itself leave and name another. */
        struct lb_task *prev = __atomic_load_n(&me->osq.prev, __ATOMIC_RELAXED);
        struct lb_task *expected = me;
        if (__atomic_compare_exchange_n(&prev->osq.next, &expected, NULL, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED))
            return prev;
        if (__atomic_load_n(&me->osq.head, __ATOMIC_ACQUIRE))
            return NULL;
        if (lb_patience_ends(&patience))
            sched_yield();
    }
}

/* Takes a waiting task out of the queue. True when it became the first meanwhile. */
static bool osq_leave(uint32_t *tail, struct lb_task *me)
{
    struct lb_task *prev = osq_cut(me);
    if (!prev)
        return true;
    /* prev cannot go while its `next` is empty and the tail is not itself: it waits in
     * osq_detach for one of the two below. */
    struct lb_task *next = osq_detach(tail, me, prev->index + 1);
    if (next) {
        __atomic_store_n(&next->osq.prev, prev, __ATOMIC_RELAXED);
        __atomic_store_n(&prev->osq.next, next, __ATOMIC_RELEASE);
    }
    return false;
}

bool lb_osq_lock(uint32_t *tail, const uint64_t *owner, bool (*spinnable)(uint64_t owner),
                 struct lb_task *me)
{
    __atomic_store_n(&me->osq.next, NULL, __ATOMIC_RELAXED);
    __atomic_store_n(&me->osq.head, 0, __ATOMIC_RELAXED);
    const uint32_t last = __atomic_exchange_n(tail, me->index + 1, __ATOMIC_ACQ_REL);
    if (!last)
        return true;

    struct lb_task *prev = &me->tasks[last - 1];
    __atomic_store_n(&me->osq.prev, prev, __ATOMIC_RELAXED);
    /* The node is complete before prev can find it. */
    __atomic_store_n(&prev->osq.next, me, __ATOMIC_RELEASE);

    struct lb_patience patience = {0};
    while (!__atomic_load_n(&me->osq.head, __ATOMIC_ACQUIRE)) {
        me->stats.spins_queue++;
        if (!lb_patience_ends(&patience))
            continue;
        if (!spinnable(__atomic_load_n(owner, __ATOMIC_RELAXED)))
            return osq_leave(tail, me);
        sched_yield();
    }
    return true;
}

void lb_osq_unlock(uint32_t *tail, struct lb_task *me)
{
    struct lb_task *next = osq_detach(tail, me, 0);
    if (next)
        __atomic_store_n(&next->osq.head, 1, __ATOMIC_RELEASE);
}
