/* SPDX-License-Identifier: MIT
 *
 * The slow paths of the reference count.
 */
#include "lock_private.h"

#include "fast_paths.h"

#include <sched.h>

/* Readers of a reference count have no place to sleep; a writer is short, as its lock is released
 * within vma_start_write. */
void lb_refcount_read_slow(struct lb_refcount *ref, struct lb_task *me)
{
    struct lb_patience patience = {0};
    while (!lb_refcount_read_try(ref, me)) {
        if (lb_patience_ends(&patience))
            sched_yield();
    }
}

/* Whoever sees another's last decrement too late for the load in front is found by that reader. */
void lb_refcount_write_slow(struct lb_refcount *ref, struct lb_task *me)
{
    do
        lb_task_park(me);
    while (__atomic_load_n(&ref->count, __ATOMIC_ACQUIRE) != LB_REFCOUNT_WRITER + LB_REFCOUNT_IDLE);
}

void lb_refcount_wake(struct lb_refcount *ref, struct lb_task *me, struct lb_mm *mm)
{
    (void)ref;
    /* The decrement before, the name behind; the writer has its name before and the count behind:
     * one of the two sees the other. If that writer has gone meanwhile, the next one gets a token
     * too many, which does no harm. */
    lb_full_barrier(me);
    struct lb_task *writer = __atomic_load_n(mm->writer_wait, __ATOMIC_RELAXED);
    if (writer)
        lb_task_unpark(writer, me);
}

static void refcount_init(void *lock)
{
    ((struct lb_refcount *)lock)->count = LB_REFCOUNT_IDLE;
}

static bool refcount_is_idle(const void *lock)
{
    return __atomic_load_n((const uint32_t *)lock, __ATOMIC_ACQUIRE) == LB_REFCOUNT_IDLE;
}

const struct lb_lock_class lb_refcount_class = {
    LB_LOCK_LISTED(REFCOUNT, refcount, struct lb_refcount),
    .info.count_bytes = sizeof(uint32_t),
    .info.owner_offset = -1,
    .info.vma_protocol = true,
    .info.counts = true,
    .info.meaning = "4-byte count of readers, Linux 6.15 and later",
    .init = refcount_init,
    .is_idle = refcount_is_idle,
};
