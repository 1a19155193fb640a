/* SPDX-License-Identifier: MIT
 *
 * The slow path of sequence counts, and what there is to know of them, alone and with a lock for
 * their writers.
 */
#include "lock_private.h"

#include "fast_paths.h"

_Static_assert(sizeof(struct lb_seqcount) == 4 && offsetof(struct lb_seqlock, lock) == 4 &&
                   sizeof(struct lb_seqlock) == 8,
               "seqcount and seqlock lie as the kernel's do");

uint32_t lb_seqcount_read_slow(const struct lb_seqcount *seq, struct lb_task *me)
{
    struct lb_patience patience = {0};
    uint32_t seen;
    while ((seen = __atomic_load_n(&seq->sequence, __ATOMIC_ACQUIRE)) & 1) {
        me->stats.spins_owner++;
        lb_task_spin(me, &patience);
    }
    return seen;
}

static bool seqcount_is_idle(const void *lock)
{
    return !(__atomic_load_n((const uint32_t *)lock, __ATOMIC_ACQUIRE) & 1);
}

static bool seqlock_is_idle(const void *lock)
{
    const struct lb_seqlock *seq = lock;
    return seqcount_is_idle(lock) && !__atomic_load_n(&seq->lock.word, __ATOMIC_ACQUIRE);
}

const struct lb_lock_class lb_seqcount_class = {
    LB_LOCK_LISTED(SEQCOUNT, seqcount, struct lb_seqcount),
    .info.count_bytes = sizeof(uint32_t),
    .info.owner_offset = -1,
    .info.counts = true,
    .info.meaning = "sequence count: readers write nothing and read again where a writer came",
    .is_idle = seqcount_is_idle,
};

const struct lb_lock_class lb_seqlock_class = {
    LB_LOCK_LISTED(SEQLOCK, seqlock, struct lb_seqlock),
    .info.count_bytes = sizeof(uint32_t),
    .info.owner_offset = -1,
    .info.counts = true,
    .info.meaning = "the same with a spinlock that keeps its writers apart",
    .is_idle = seqlock_is_idle,
};
