/* SPDX-License-Identifier: MIT
 *
 * The fast paths, for the hot loops, with the slow ones that they leave for: for each kind K of
 * LB_LOCK_LIST
 *
 *   bool lb_K_read_try(void *lock, struct lb_task *me);
 *   void lb_K_read(void *lock, struct lb_task *me);
 *   void lb_K_read_unlock(void *lock, struct lb_task *me, struct lb_mm *mm);
 *
 * or, where readers take nothing,
 *
 *   uint32_t lb_K_read_begin(const void *lock, struct lb_task *me);
 *   bool lb_K_read_again(const void *lock, struct lb_task *me, uint32_t seen);
 *
 * and, where it has a write side,
 *
 *   void lb_K_write(void *lock, struct lb_task *me, struct lb_mm *mm);
 *   void lb_K_write_unlock(void *lock, struct lb_task *me, struct lb_mm *mm);
 *
 * No fast path touches memory but the lock's own words; a failed compare-and-swap and a slow path
 * also count in me->stats. Each order below is the weakest that the lock needs: acquire where it is
 * taken, release where it is given back. All changes of a count are read-modify-writes, so a
 * release stays visible to an acquire through those in between.
 */
#ifndef LINEBOUNCE_LOCK_INLINE_H
#define LINEBOUNCE_LOCK_INLINE_H

#include "lock_private.h"

#include <pthread.h>

#define LB_FAST_PATH static inline __attribute__((always_inline))
#define LB_RARELY(x) __builtin_expect(!!(x), 0)

#define LB_RWSEM_LOCKED    (LB_RWSEM_WRITER | LB_RWSEM_READERS)
#define LB_RWSEM_NO_READER (LB_RWSEM_WRITER | LB_RWSEM_WAITERS | LB_RWSEM_HANDOFF)

/* `count` is what adding the reader's bias gave. */
LB_SLOW_PATH void lb_rwsem_read_slow(struct lb_rwsem *sem, struct lb_task *me, uint64_t count,
                                     enum lb_lock_kind kind) LB_TWICE(lb_rwsem_read_slow);
LB_SLOW_PATH void lb_rwsem_write_slow(struct lb_rwsem *sem, struct lb_task *me,
                                      enum lb_lock_kind kind) LB_TWICE(lb_rwsem_write_slow);
/* The last reader left, or a writer did, and there are waiters. */
LB_SLOW_PATH void lb_rwsem_read_wake(struct lb_rwsem *sem, struct lb_task *me,
                                     enum lb_lock_kind kind) LB_TWICE(lb_rwsem_read_wake);
LB_SLOW_PATH void lb_rwsem_write_wake(struct lb_rwsem *sem, struct lb_task *me,
                                      enum lb_lock_kind kind) LB_TWICE(lb_rwsem_write_wake);

/* The owner is a hint for spinners and protects nothing: relaxed. A reader keeps the mark that
 * stops writers from spinning; it leaves its name behind when it unlocks, unless LB_RULES_CLEARING.
 */
LB_FAST_PATH void lb_rwsem_set_reader(struct lb_rwsem *sem, const struct lb_task *reader)
{
    const uint64_t old = __atomic_load_n(&sem->owner, __ATOMIC_RELAXED);
    __atomic_store_n(&sem->owner,
                     (uint64_t)(uintptr_t)reader | LB_OWNER_READER | (old & LB_OWNER_NONSPINNABLE),
                     __ATOMIC_RELAXED);
}

LB_FAST_PATH void lb_rwsem_set_writer(struct lb_rwsem *sem, const struct lb_task *writer)
{
    __atomic_store_n(&sem->owner, (uint64_t)(uintptr_t)writer, __ATOMIC_RELAXED);
}

LB_FAST_PATH bool lb_rwsem_read_try(struct lb_rwsem *sem, struct lb_task *me)
{
    uint64_t count = __atomic_load_n(&sem->count, __ATOMIC_RELAXED);
    for (;;) {
        if (LB_RARELY(count & LB_RWSEM_NO_READER))
            return false;
        if (__atomic_compare_exchange_n(&sem->count, &count, count + LB_RWSEM_READER, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            break;
        me->stats.retries++;
    }
    lb_rwsem_set_reader(sem, me);
    return true;
}

LB_FAST_PATH void lb_rwsem_read(struct lb_rwsem *sem, struct lb_task *me, enum lb_lock_kind kind)
{
    const uint64_t count = __atomic_add_fetch(&sem->count, LB_RWSEM_READER, __ATOMIC_ACQUIRE);
    if (LB_RARELY(count & LB_RWSEM_NO_READER))
        lb_rwsem_read_slow(sem, me, count, kind);
    else
        lb_rwsem_set_reader(sem, me);
}

LB_FAST_PATH void lb_rwsem_read_unlock(struct lb_rwsem *sem, struct lb_task *me,
                                       enum lb_lock_kind kind)
{
    const uint64_t count = __atomic_sub_fetch(&sem->count, LB_RWSEM_READER, __ATOMIC_RELEASE);
    if (LB_RARELY((count & (LB_RWSEM_LOCKED | LB_RWSEM_WAITERS)) == LB_RWSEM_WAITERS))
        lb_rwsem_read_wake(sem, me, kind);
}

/* A reader that is named in `owner` takes its name out, and leaves the marks. */
LB_FAST_PATH void lb_rwsem_clear_reader(struct lb_rwsem *sem, const struct lb_task *me)
{
    uint64_t owner = __atomic_load_n(&sem->owner, __ATOMIC_RELAXED);
    while ((owner & ~LB_OWNER_FLAGS) == (uint64_t)(uintptr_t)me &&
           !__atomic_compare_exchange_n(&sem->owner, &owner, owner & LB_OWNER_FLAGS, false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

LB_FAST_PATH void lb_rwsem_write(struct lb_rwsem *sem, struct lb_task *me, enum lb_lock_kind kind)
{
    uint64_t count = 0;
    if (LB_RARELY(!__atomic_compare_exchange_n(&sem->count, &count, LB_RWSEM_WRITER, false,
                                               __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
        lb_rwsem_write_slow(sem, me, kind);
    else
        lb_rwsem_set_writer(sem, me);
}

LB_FAST_PATH void lb_rwsem_write_unlock(struct lb_rwsem *sem, struct lb_task *me,
                                        enum lb_lock_kind kind)
{
    /* Cleared first, or it could erase the next owner. */
    __atomic_store_n(&sem->owner, 0, __ATOMIC_RELAXED);
    const uint64_t count = __atomic_fetch_sub(&sem->count, LB_RWSEM_WRITER, __ATOMIC_RELEASE);
    if (LB_RARELY(count & LB_RWSEM_WAITERS))
        lb_rwsem_write_wake(sem, me, kind);
}

#define LB_RWSEM_FAST_PATHS(k, kind)                                                               \
    LB_FAST_PATH bool lb_##k##_read_try(void *lock, struct lb_task *me)                            \
    {                                                                                              \
        return lb_rwsem_read_try(lock, me);                                                        \
    }                                                                                              \
    LB_FAST_PATH void lb_##k##_read(void *lock, struct lb_task *me)                                \
    {                                                                                              \
        lb_rwsem_read(lock, me, kind);                                                             \
    }                                                                                              \
    LB_FAST_PATH void lb_##k##_read_unlock(void *lock, struct lb_task *me, struct lb_mm *mm)       \
    {                                                                                              \
        (void)mm;                                                                                  \
        lb_rwsem_read_unlock(lock, me, kind);                                                      \
    }                                                                                              \
    LB_FAST_PATH void lb_##k##_write(void *lock, struct lb_task *me, struct lb_mm *mm)             \
    {                                                                                              \
        (void)mm;                                                                                  \
        lb_rwsem_write(lock, me, kind);                                                            \
    }                                                                                              \
    LB_FAST_PATH void lb_##k##_write_unlock(void *lock, struct lb_task *me, struct lb_mm *mm)      \
    {                                                                                              \
        (void)mm;                                                                                  \
        lb_rwsem_write_unlock(lock, me, kind);                                                     \
    }

LB_RWSEM_FAST_PATHS(rwsem40, LB_LOCK_RWSEM40)
LB_RWSEM_FAST_PATHS(rwsem32, LB_LOCK_RWSEM32)

/* The same locks by LB_RULES_CLEARING: readers differ. */
#define LB_RWSEM_CLEARING_PATHS(k)                                                                 \
    LB_FAST_PATH bool lb_##k##_clearing_read_try(void *lock, struct lb_task *me)                   \
    {                                                                                              \
        return lb_##k##_read_try(lock, me);                                                        \
    }                                                                                              \
    LB_FAST_PATH void lb_##k##_clearing_read(void *lock, struct lb_task *me)                       \
    {                                                                                              \
        lb_##k##_read(lock, me);                                                                   \
    }                                                                                              \
    LB_FAST_PATH void lb_##k##_clearing_read_unlock(void *lock, struct lb_task *me,                \
                                                    struct lb_mm *mm)                              \
    {                                                                                              \
        lb_rwsem_clear_reader(lock, me);                                                           \
        lb_##k##_read_unlock(lock, me, mm);                                                        \
    }

LB_RWSEM_CLEARING_PATHS(rwsem40)
LB_RWSEM_CLEARING_PATHS(rwsem32)

/* With more than this the next reader would pass for a writer. */
#define LB_REFCOUNT_LIMIT (LB_REFCOUNT_WRITER - 1)

LB_SLOW_PATH void lb_refcount_read_slow(struct lb_refcount *ref, struct lb_task *me)
    LB_TWICE(lb_refcount_read_slow);
LB_SLOW_PATH void lb_refcount_write_slow(struct lb_refcount *ref, struct lb_task *me)
    LB_TWICE(lb_refcount_write_slow);
LB_SLOW_PATH void lb_refcount_wake(struct lb_refcount *ref, struct lb_task *me, struct lb_mm *mm)
    LB_TWICE(lb_refcount_wake);

LB_FAST_PATH bool lb_refcount_read_try(void *lock, struct lb_task *me)
{
    struct lb_refcount *ref = lock;
    uint32_t count = __atomic_load_n(&ref->count, __ATOMIC_RELAXED);
    for (;;) {
        /* One comparison for both: 0 (detached) wraps round to the largest value. */
        if (LB_RARELY(count - 1 >= LB_REFCOUNT_LIMIT - 1))
            return false;
        if (__atomic_compare_exchange_n(&ref->count, &count, count + 1, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return true;
        me->stats.retries++;
    }
}

/* There is no bias to add at once: a reader counts only when no writer is about, as in
 * vma_start_read_locked. Normally the caller keeps writers out with the address space's lock. */
LB_FAST_PATH void lb_refcount_read(void *lock, struct lb_task *me)
{
    if (LB_RARELY(!lb_refcount_read_try(lock, me)))
        lb_refcount_read_slow(lock, me);
}

LB_FAST_PATH void lb_refcount_read_unlock(void *lock, struct lb_task *me, struct lb_mm *mm)
{
    struct lb_refcount *ref = lock;
    const uint32_t count = __atomic_sub_fetch(&ref->count, 1, __ATOMIC_RELEASE);
    if (LB_RARELY(count == LB_REFCOUNT_WRITER + LB_REFCOUNT_IDLE))
        lb_refcount_wake(ref, me, mm);
}

/* As __vma_start_write: the offset is added to what was loaded, then the writer names itself,
 * whether or not a reader is about, and looks at the count again. The acquire makes the readers'
 * critical sections end before the writer's begins. Objects here are never detached (count 0). */
LB_FAST_PATH void lb_refcount_write(void *lock, struct lb_task *me, struct lb_mm *mm)
{
    struct lb_refcount *ref = lock;
    uint32_t count = __atomic_load_n(&ref->count, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&ref->count, &count, count + LB_REFCOUNT_WRITER, false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        me->stats.retries++;
    __atomic_store_n(mm->writer_wait, me, __ATOMIC_RELEASE);
    lb_full_barrier(me);
    if (LB_RARELY(__atomic_load_n(&ref->count, __ATOMIC_ACQUIRE) !=
                  LB_REFCOUNT_WRITER + LB_REFCOUNT_IDLE))
        lb_refcount_write_slow(ref, me);
    __atomic_store_n(mm->writer_wait, NULL, __ATOMIC_RELEASE);
}

LB_FAST_PATH void lb_refcount_write_unlock(void *lock, struct lb_task *me, struct lb_mm *mm)
{
    struct lb_refcount *ref = lock;
    (void)me;
    (void)mm;
    __atomic_fetch_sub(&ref->count, LB_REFCOUNT_WRITER, __ATOMIC_RELEASE);
}

/* Kinds that know no readers: whoever reads takes the lock as a writer does. */
#define LB_EXCLUSIVE_READS(k)                                                                      \
    LB_FAST_PATH void lb_##k##_read(void *lock, struct lb_task *me)                                \
    {                                                                                              \
        lb_##k##_write(lock, me, NULL);                                                            \
    }                                                                                              \
    LB_FAST_PATH bool lb_##k##_read_try(void *lock, struct lb_task *me)                            \
    {                                                                                              \
        lb_##k##_write(lock, me, NULL);                                                            \
        return true;                                                                               \
    }                                                                                              \
    LB_FAST_PATH void lb_##k##_read_unlock(void *lock, struct lb_task *me, struct lb_mm *mm)       \
    {                                                                                              \
        lb_##k##_write_unlock(lock, me, mm);                                                       \
    }

/* `word` is what the compare-and-swap found. */
LB_SLOW_PATH void lb_qspinlock_slow(struct lb_qspinlock *lock, struct lb_task *me, uint32_t word)
    LB_TWICE(lb_qspinlock_slow);

/* The lowest byte of a word of four, which some holder alone changes. */
LB_FAST_PATH uint8_t *lb_lowest_byte(void *word)
{
    return (uint8_t *)word + (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 3);
}

LB_FAST_PATH void lb_qspinlock_write(void *lock, struct lb_task *me, struct lb_mm *mm)
{
    struct lb_qspinlock *spin = lock;
    uint32_t word = 0;
    (void)mm;
    if (LB_RARELY(!__atomic_compare_exchange_n(&spin->word, &word, LB_QSPINLOCK_HELD, false,
                                               __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
        lb_qspinlock_slow(spin, me, word);
}

/* The holder alone changes its byte: a store is enough. */
LB_FAST_PATH void lb_qspinlock_write_unlock(void *lock, struct lb_task *me, struct lb_mm *mm)
{
    (void)me;
    (void)mm;
    __atomic_store_n(lb_lowest_byte(lock), 0, __ATOMIC_RELEASE);
}

LB_EXCLUSIVE_READS(qspinlock)

LB_SLOW_PATH void lb_mutex_slow(struct lb_mutex *mutex, struct lb_task *me, enum lb_lock_kind kind)
    LB_TWICE(lb_mutex_slow);
LB_SLOW_PATH void lb_mutex_wake(struct lb_mutex *mutex, struct lb_task *me) LB_TWICE(lb_mutex_wake);

/* The owner is the lock: one word tells who has it and whether somebody waits. */
LB_FAST_PATH void lb_mutex_lock(struct lb_mutex *mutex, struct lb_task *me, enum lb_lock_kind kind)
{
    uint64_t owner = 0;
    if (LB_RARELY(!__atomic_compare_exchange_n(&mutex->owner, &owner, (uintptr_t)me, false,
                                               __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
        lb_mutex_slow(mutex, me, kind);
}

LB_FAST_PATH void lb_mutex_unlock(struct lb_mutex *mutex, struct lb_task *me)
{
    uint64_t owner = (uintptr_t)me;
    if (LB_RARELY(!__atomic_compare_exchange_n(&mutex->owner, &owner, 0, false, __ATOMIC_RELEASE,
                                               __ATOMIC_RELAXED)))
        lb_mutex_wake(mutex, me);
}

#define LB_MUTEX_FAST_PATHS(k, kind)                                                               \
    LB_FAST_PATH void lb_##k##_write(void *lock, struct lb_task *me, struct lb_mm *mm)             \
    {                                                                                              \
        (void)mm;                                                                                  \
        lb_mutex_lock(lock, me, kind);                                                             \
    }                                                                                              \
    LB_FAST_PATH void lb_##k##_write_unlock(void *lock, struct lb_task *me, struct lb_mm *mm)      \
    {                                                                                              \
        (void)mm;                                                                                  \
        lb_mutex_unlock(lock, me);                                                                 \
    }                                                                                              \
    LB_EXCLUSIVE_READS(k)

LB_MUTEX_FAST_PATHS(mutex32, LB_LOCK_MUTEX32)
LB_MUTEX_FAST_PATHS(mutex24, LB_LOCK_MUTEX24)

#define LB_QRWLOCK_NO_READER (LB_QRWLOCK_WRITER | LB_QRWLOCK_WAITING)

LB_SLOW_PATH void lb_qrwlock_read_slow(struct lb_qrwlock *lock, struct lb_task *me)
    LB_TWICE(lb_qrwlock_read_slow);
LB_SLOW_PATH void lb_qrwlock_write_slow(struct lb_qrwlock *lock, struct lb_task *me)
    LB_TWICE(lb_qrwlock_write_slow);

LB_FAST_PATH void lb_qrwlock_read(void *lock, struct lb_task *me)
{
    struct lb_qrwlock *rw = lock;
    const uint32_t count = __atomic_add_fetch(&rw->count, LB_QRWLOCK_READER, __ATOMIC_ACQUIRE);
    if (LB_RARELY(count & LB_QRWLOCK_NO_READER))
        lb_qrwlock_read_slow(rw, me);
}

LB_FAST_PATH bool lb_qrwlock_read_try(void *lock, struct lb_task *me)
{
    lb_qrwlock_read(lock, me);
    return true;
}

LB_FAST_PATH void lb_qrwlock_read_unlock(void *lock, struct lb_task *me, struct lb_mm *mm)
{
    (void)me;
    (void)mm;
    __atomic_fetch_sub(&((struct lb_qrwlock *)lock)->count, LB_QRWLOCK_READER, __ATOMIC_RELEASE);
}

LB_FAST_PATH void lb_qrwlock_write(void *lock, struct lb_task *me, struct lb_mm *mm)
{
    struct lb_qrwlock *rw = lock;
    uint32_t count = 0;
    (void)mm;
    if (LB_RARELY(!__atomic_compare_exchange_n(&rw->count, &count, LB_QRWLOCK_WRITER, false,
                                               __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
        lb_qrwlock_write_slow(rw, me);
}

/* The writer alone changes its byte. */
LB_FAST_PATH void lb_qrwlock_write_unlock(void *lock, struct lb_task *me, struct lb_mm *mm)
{
    (void)me;
    (void)mm;
    __atomic_store_n(lb_lowest_byte(lock), 0, __ATOMIC_RELEASE);
}

/* The halves of a lockref in its word. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LB_LOCKREF_ONE  ((uint64_t)1 << 32)
#define LB_LOCKREF_LOCK ((uint64_t)UINT32_MAX)
#else
#define LB_LOCKREF_ONE  ((uint64_t)1)
#define LB_LOCKREF_LOCK ((uint64_t)UINT32_MAX << 32)
#endif

/* Both at once. */
typedef uint64_t __attribute__((may_alias)) lb_lockref_word;
LB_FAST_PATH lb_lockref_word *lb_lockref_both(struct lb_lockref *ref)
{
    return (lb_lockref_word *)(void *)ref;
}

LB_SLOW_PATH void lb_lockref_slow(struct lb_lockref *ref, struct lb_task *me, uint64_t change)
    LB_TWICE(lb_lockref_slow);

/* Relaxed: a reference protects nothing but the object's life. */
LB_FAST_PATH void lb_lockref_change(struct lb_lockref *ref, struct lb_task *me, uint64_t change)
{
    uint64_t both = __atomic_load_n(lb_lockref_both(ref), __ATOMIC_RELAXED);
    if (LB_RARELY(both & LB_LOCKREF_LOCK) ||
        LB_RARELY(!__atomic_compare_exchange_n(lb_lockref_both(ref), &both, both + change, false,
                                               __ATOMIC_RELAXED, __ATOMIC_RELAXED)))
        lb_lockref_slow(ref, me, change);
}

LB_FAST_PATH void lb_lockref_read(void *lock, struct lb_task *me)
{
    lb_lockref_change(lock, me, LB_LOCKREF_ONE);
}

LB_FAST_PATH bool lb_lockref_read_try(void *lock, struct lb_task *me)
{
    lb_lockref_read(lock, me);
    return true;
}

LB_FAST_PATH void lb_lockref_read_unlock(void *lock, struct lb_task *me, struct lb_mm *mm)
{
    (void)mm;
    lb_lockref_change(lock, me, -LB_LOCKREF_ONE);
}

LB_FAST_PATH void lb_lockref_write(void *lock, struct lb_task *me, struct lb_mm *mm)
{
    lb_qspinlock_write(&((struct lb_lockref *)lock)->lock, me, mm);
}

LB_FAST_PATH void lb_lockref_write_unlock(void *lock, struct lb_task *me, struct lb_mm *mm)
{
    lb_qspinlock_write_unlock(&((struct lb_lockref *)lock)->lock, me, mm);
}

/* Order among stores, and among loads, around data that are read without a lock. Not C's fences,
 * which the thread sanitizer does not know; x86 keeps both orders by itself. */
LB_FAST_PATH void lb_order_stores(void)
{
#if defined(__x86_64__)
    __asm__ __volatile__("" ::: "memory");
#elif defined(__aarch64__)
    __asm__ __volatile__("dmb ishst" ::: "memory");
#else
    __atomic_thread_fence(__ATOMIC_RELEASE);
#endif
}

LB_FAST_PATH void lb_order_loads(void)
{
#if defined(__x86_64__)
    __asm__ __volatile__("" ::: "memory");
#elif defined(__aarch64__)
    __asm__ __volatile__("dmb ishld" ::: "memory");
#else
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
#endif
}

LB_SLOW_PATH uint32_t lb_seqcount_read_slow(const struct lb_seqcount *seq, struct lb_task *me)
    LB_TWICE(lb_seqcount_read_slow);

LB_FAST_PATH uint32_t lb_seqcount_read_begin(const void *lock, struct lb_task *me)
{
    const struct lb_seqcount *seq = lock;
    const uint32_t seen = __atomic_load_n(&seq->sequence, __ATOMIC_ACQUIRE);
    return LB_RARELY(seen & 1) ? lb_seqcount_read_slow(seq, me) : seen;
}

LB_FAST_PATH bool lb_seqcount_read_again(const void *lock, struct lb_task *me, uint32_t seen)
{
    const struct lb_seqcount *seq = lock;
    lb_order_loads();
    if (LB_RARELY(__atomic_load_n(&seq->sequence, __ATOMIC_RELAXED) != seen)) {
        me->stats.retries++;
        return true;
    }
    return false;
}

/* Writers come one at a time: plain changes will do. */
LB_FAST_PATH void lb_seqcount_write(void *lock, struct lb_task *me, struct lb_mm *mm)
{
    struct lb_seqcount *seq = lock;
    (void)me;
    (void)mm;
    __atomic_store_n(&seq->sequence, __atomic_load_n(&seq->sequence, __ATOMIC_RELAXED) + 1,
                     __ATOMIC_RELAXED);
    lb_order_stores();
}

LB_FAST_PATH void lb_seqcount_write_unlock(void *lock, struct lb_task *me, struct lb_mm *mm)
{
    struct lb_seqcount *seq = lock;
    (void)me;
    (void)mm;
    __atomic_store_n(&seq->sequence, __atomic_load_n(&seq->sequence, __ATOMIC_RELAXED) + 1,
                     __ATOMIC_RELEASE);
}

LB_FAST_PATH uint32_t lb_seqlock_read_begin(const void *lock, struct lb_task *me)
{
    return lb_seqcount_read_begin(lock, me);
}

LB_FAST_PATH bool lb_seqlock_read_again(const void *lock, struct lb_task *me, uint32_t seen)
{
    return lb_seqcount_read_again(lock, me, seen);
}

LB_FAST_PATH void lb_seqlock_write(void *lock, struct lb_task *me, struct lb_mm *mm)
{
    struct lb_seqlock *seq = lock;
    lb_qspinlock_write(&seq->lock, me, mm);
    lb_seqcount_write(&seq->seqcount, me, mm);
}

/* The sequence ends under the lock: its changes are plain, and the next writer's could lose it. */
LB_FAST_PATH void lb_seqlock_write_unlock(void *lock, struct lb_task *me, struct lb_mm *mm)
{
    struct lb_seqlock *seq = lock;
    lb_seqcount_write_unlock(&seq->seqcount, me, mm);
    lb_qspinlock_write_unlock(&seq->lock, me, mm);
}

LB_SLOW_PATH void lb_futex_mutex_slow(struct lb_futex_mutex *mutex, struct lb_task *me)
    LB_TWICE(lb_futex_mutex_slow);
LB_SLOW_PATH void lb_futex_mutex_wake(struct lb_futex_mutex *mutex, struct lb_task *me)
    LB_TWICE(lb_futex_mutex_wake);

LB_FAST_PATH void lb_futex_mutex_write(void *lock, struct lb_task *me, struct lb_mm *mm)
{
    struct lb_futex_mutex *mutex = lock;
    uint32_t state = 0;
    (void)mm;
    if (LB_RARELY(!__atomic_compare_exchange_n(&mutex->state, &state, 1, false, __ATOMIC_ACQUIRE,
                                               __ATOMIC_RELAXED)))
        lb_futex_mutex_slow(mutex, me);
}

LB_FAST_PATH void lb_futex_mutex_write_unlock(void *lock, struct lb_task *me, struct lb_mm *mm)
{
    struct lb_futex_mutex *mutex = lock;
    (void)mm;
    if (LB_RARELY(__atomic_exchange_n(&mutex->state, 0, __ATOMIC_RELEASE) != 1))
        lb_futex_mutex_wake(mutex, me);
}

LB_EXCLUSIVE_READS(futex_mutex)

/* The pthread kinds can fail only when they are misused; a measured loop does not look. */
#define LB_PTHREAD_FAST_PATHS(k, type, read_lock, write_lock, unlock)                              \
    LB_FAST_PATH void lb_##k##_read(void *lock, struct lb_task *me)                                \
    {                                                                                              \
        (void)me;                                                                                  \
        read_lock((type *)lock);                                                                   \
    }                                                                                              \
    LB_FAST_PATH bool lb_##k##_read_try(void *lock, struct lb_task *me)                            \
    {                                                                                              \
        lb_##k##_read(lock, me);                                                                   \
        return true;                                                                               \
    }                                                                                              \
    LB_FAST_PATH void lb_##k##_read_unlock(void *lock, struct lb_task *me, struct lb_mm *mm)       \
    {                                                                                              \
        (void)me;                                                                                  \
        (void)mm;                                                                                  \
        unlock((type *)lock);                                                                      \
    }                                                                                              \
    LB_FAST_PATH void lb_##k##_write(void *lock, struct lb_task *me, struct lb_mm *mm)             \
    {                                                                                              \
        (void)me;                                                                                  \
        (void)mm;                                                                                  \
        write_lock((type *)lock);                                                                  \
    }                                                                                              \
    LB_FAST_PATH void lb_##k##_write_unlock(void *lock, struct lb_task *me, struct lb_mm *mm)      \
    {                                                                                              \
        (void)me;                                                                                  \
        (void)mm;                                                                                  \
        unlock((type *)lock);                                                                      \
    }

LB_PTHREAD_FAST_PATHS(pthread_rwlock, pthread_rwlock_t, pthread_rwlock_rdlock,
                      pthread_rwlock_wrlock, pthread_rwlock_unlock)
LB_PTHREAD_FAST_PATHS(pthread_mutex, pthread_mutex_t, pthread_mutex_lock, pthread_mutex_lock,
                      pthread_mutex_unlock)

LB_FAST_PATH void lb_locked_adds_read(void *lock, struct lb_task *me)
{
    (void)me;
    __atomic_fetch_add((uint64_t *)lock, LB_RWSEM_READER, __ATOMIC_ACQUIRE);
}

LB_FAST_PATH bool lb_locked_adds_read_try(void *lock, struct lb_task *me)
{
    lb_locked_adds_read(lock, me);
    return true;
}

LB_FAST_PATH void lb_locked_adds_read_unlock(void *lock, struct lb_task *me, struct lb_mm *mm)
{
    (void)me;
    (void)mm;
    __atomic_fetch_sub((uint64_t *)lock, LB_RWSEM_READER, __ATOMIC_RELEASE);
}

#endif
