/* SPDX-License-Identifier: MIT
 *
 * The slow path of the lockref, and what there is to know of it.
 */
#include "lock_private.h"

#include "fast_paths.h"

_Static_assert(offsetof(struct lb_lockref, count) == 4 && sizeof(struct lb_lockref) == 8,
               "lockref lies as the kernel's does");

/* While the lock is free the word is tried again, for some time; else the count is changed under
 * the lock, where nobody changes both. */
void lb_lockref_slow(struct lb_lockref *ref, struct lb_task *me, uint64_t change)
{
    uint64_t both = __atomic_load_n(lb_lockref_both(ref), __ATOMIC_RELAXED);
    me->stats.retries++; /* the fast path's, or it saw the lock taken */
    for (int i = 0; i < LB_LOCKREF_TRIES && !(both & LB_LOCKREF_LOCK); i++) {
        if (__atomic_compare_exchange_n(lb_lockref_both(ref), &both, both + change, false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return;
        me->stats.retries++;
    }
    const uint32_t by = change == LB_LOCKREF_ONE ? 1 : -1u;
    lb_qspinlock_write(&ref->lock, me, NULL);
    __atomic_store_n(&ref->count, __atomic_load_n(&ref->count, __ATOMIC_RELAXED) + by,
                     __ATOMIC_RELAXED);
    lb_qspinlock_write_unlock(&ref->lock, me, NULL);
}

static void lockref_init(void *lock)
{
    ((struct lb_lockref *)lock)->count = 1;
}

static bool lockref_is_idle(const void *lock)
{
    return __atomic_load_n((const lb_lockref_word *)lock, __ATOMIC_ACQUIRE) == LB_LOCKREF_ONE;
}

const struct lb_lock_class lb_lockref_class = {
    LB_LOCK_LISTED(LOCKREF, lockref, struct lb_lockref),
    .info.count_bytes = sizeof(uint64_t),
    .info.owner_offset = -1,
    .info.counts = true,
    .info.meaning = "spinlock and reference count in one word: a read takes and drops a reference",
    .init = lockref_init,
    .is_idle = lockref_is_idle,
};
