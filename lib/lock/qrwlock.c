/* SPDX-License-Identifier: MIT
 *
 * The slow paths of the queued rwlock: whoever has to wait queues at the spinlock beside the count,
 * and waits for the count as its holder. Readers behind a writer so come behind it.
 */
#include "lock_private.h"

#include "fast_paths.h"

_Static_assert(offsetof(struct lb_qrwlock, wait_lock) == 4 && sizeof(struct lb_qrwlock) == 8,
               "qrwlock lies as the kernel's does");

static void spin(struct lb_task *me, struct lb_patience *patience)
{
    me->stats.spins_owner++;
    lb_task_spin(me, patience);
}

void lb_qrwlock_read_slow(struct lb_qrwlock *lock, struct lb_task *me)
{
    struct lb_patience patience = {0};
    __atomic_fetch_sub(&lock->count, LB_QRWLOCK_READER, __ATOMIC_RELAXED);
    lb_qspinlock_write(&lock->wait_lock, me, NULL);
    __atomic_fetch_add(&lock->count, LB_QRWLOCK_READER, __ATOMIC_RELAXED);
    while (__atomic_load_n(&lock->count, __ATOMIC_ACQUIRE) & LB_QRWLOCK_WRITER)
        spin(me, &patience);
    lb_qspinlock_write_unlock(&lock->wait_lock, me, NULL);
}

void lb_qrwlock_write_slow(struct lb_qrwlock *lock, struct lb_task *me)
{
    struct lb_patience patience = {0};
    uint32_t count = 0;
    me->stats.retries++; /* the fast path's */
    lb_qspinlock_write(&lock->wait_lock, me, NULL);
    if (__atomic_load_n(&lock->count, __ATOMIC_RELAXED) ||
        !__atomic_compare_exchange_n(&lock->count, &count, LB_QRWLOCK_WRITER, false,
                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        /* From now on readers queue behind. */
        __atomic_fetch_or(&lock->count, LB_QRWLOCK_WAITING, __ATOMIC_RELAXED);
        for (;; spin(me, &patience)) {
            count = LB_QRWLOCK_WAITING;
            if (__atomic_load_n(&lock->count, __ATOMIC_RELAXED) == count &&
                __atomic_compare_exchange_n(&lock->count, &count, LB_QRWLOCK_WRITER, false,
                                            __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
                break;
        }
    }
    lb_qspinlock_write_unlock(&lock->wait_lock, me, NULL);
}

static bool qrwlock_is_idle(const void *lock)
{
    const struct lb_qrwlock *rw = lock;
    return !__atomic_load_n(&rw->count, __ATOMIC_ACQUIRE) &&
           !__atomic_load_n(&rw->wait_lock.word, __ATOMIC_ACQUIRE);
}

const struct lb_lock_class lb_qrwlock_class = {
    LB_LOCK_LISTED(QRWLOCK, qrwlock, struct lb_qrwlock),
    .info.count_bytes = sizeof(uint32_t),
    .info.owner_offset = -1,
    .info.counts = true,
    .info.meaning = "queued reader-writer spinlock, the kernel's rwlock_t",
    .is_idle = qrwlock_is_idle,
};
