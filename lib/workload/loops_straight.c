/* SPDX-License-Identifier: MIT
 *
 * The hot loops that locks are held against: for each kind the straight line of what its read lock
 * and unlock do to its words when nobody is in the way, and of what its write lock does, with the
 * same orders, written out by hand: what it finds decides nothing (but of a seqcount) and is stored
 * nowhere. The lock's address is got as an op on an object gets it, which is no part of a lock: of
 * a seqcount's read it would be a third of the instructions. Here is nothing of
 * lib/lock/fast_paths.h, or a mistake there would be measured against itself.
 */
#include "loops.h"
#include "lock/lock_private.h"

/* What was found counts as used. */
#define SEEN(VALUE) __asm__ __volatile__("" : : "r"(VALUE))

INLINE volatile uint32_t *half_at(uintptr_t address)
{
    return (volatile uint32_t *)address;
}

/* The byte of a word of four that a holder alone changes. */
INLINE volatile uint8_t *holder_at(uintptr_t address)
{
    return (volatile uint8_t *)address + (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 3);
}

/* One compare-and-swap, whatever becomes of it. */
#define SWAP(WORD, SEEN_BEFORE, NEW, ORDER)                                                        \
    do {                                                                                           \
        __typeof__(*(WORD) + 0) old = (SEEN_BEFORE);                                               \
        __atomic_compare_exchange_n(WORD, &old, NEW, false, ORDER, __ATOMIC_RELAXED);              \
    } while (0)

/* rw-semaphore: load, compare-and-swap, load and store of owner, subtraction. */
INLINE void take_rwsem(uintptr_t lock, const struct lb_task *me)
{
    volatile uint64_t *count = word_at(lock), *owner = count + 1;
    uint64_t seen = __atomic_load_n(count, __ATOMIC_RELAXED);

    SWAP(count, seen, seen + LB_RWSEM_READER, __ATOMIC_ACQUIRE);
    uint64_t flags = __atomic_load_n(owner, __ATOMIC_RELAXED) & LB_OWNER_NONSPINNABLE;
    __atomic_store_n(owner, (uintptr_t)me | LB_OWNER_READER | flags, __ATOMIC_RELAXED);
}

INLINE void straight_rwsem40(uintptr_t lock, const struct lb_task *me)
{
    take_rwsem(lock, me);
    uint64_t seen = __atomic_sub_fetch(word_at(lock), LB_RWSEM_READER, __ATOMIC_RELEASE);
    SEEN(seen);
}

INLINE void straight_rwsem32(uintptr_t lock, const struct lb_task *me)
{
    straight_rwsem40(lock, me);
}

/* By LB_RULES_CLEARING: owner is loaded and swapped before the subtraction. */
INLINE void straight_rwsem40_clearing(uintptr_t lock, const struct lb_task *me)
{
    volatile uint64_t *count = word_at(lock), *owner = count + 1;

    take_rwsem(lock, me);
    uint64_t named = __atomic_load_n(owner, __ATOMIC_RELAXED);
    SWAP(owner, named, named & LB_OWNER_FLAGS, __ATOMIC_RELAXED);
    uint64_t seen = __atomic_sub_fetch(count, LB_RWSEM_READER, __ATOMIC_RELEASE);
    SEEN(seen);
}

INLINE void straight_rwsem32_clearing(uintptr_t lock, const struct lb_task *me)
{
    straight_rwsem40_clearing(lock, me);
}

INLINE void straight_refcount(uintptr_t lock, const struct lb_task *me)
{
    uint32_t seen = __atomic_load_n(half_at(lock), __ATOMIC_RELAXED);

    (void)me;
    SWAP(half_at(lock), seen, seen + 1, __ATOMIC_ACQUIRE);
    seen = __atomic_sub_fetch(half_at(lock), 1, __ATOMIC_RELEASE);
    SEEN(seen);
}

INLINE void straight_qspinlock(uintptr_t lock, const struct lb_task *me)
{
    (void)me;
    SWAP(half_at(lock), 0, LB_QSPINLOCK_HELD, __ATOMIC_ACQUIRE);
    __atomic_store_n(holder_at(lock), 0, __ATOMIC_RELEASE);
}

INLINE void straight_mutex32(uintptr_t lock, const struct lb_task *me)
{
    SWAP(word_at(lock), 0, (uintptr_t)me, __ATOMIC_ACQUIRE);
    SWAP(word_at(lock), (uintptr_t)me, 0, __ATOMIC_RELEASE);
}

INLINE void straight_mutex24(uintptr_t lock, const struct lb_task *me)
{
    straight_mutex32(lock, me);
}

INLINE void straight_qrwlock(uintptr_t lock, const struct lb_task *me)
{
    uint32_t seen = __atomic_add_fetch(half_at(lock), LB_QRWLOCK_READER, __ATOMIC_ACQUIRE);

    (void)me;
    SEEN(seen);
    __atomic_fetch_sub(half_at(lock), LB_QRWLOCK_READER, __ATOMIC_RELEASE);
}

/* Both halves at once: the count is the upper one, where the machine is little-endian. */
INLINE void straight_lockref(uintptr_t lock, const struct lb_task *me)
{
    const uint64_t one = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? (uint64_t)1 << 32 : 1;
    uint64_t both = __atomic_load_n(word_at(lock), __ATOMIC_RELAXED);

    (void)me;
    SWAP(word_at(lock), both, both + one, __ATOMIC_RELAXED);
    both = __atomic_load_n(word_at(lock), __ATOMIC_RELAXED);
    SWAP(word_at(lock), both, both - one, __ATOMIC_RELAXED);
}

#define HARDLY(CONDITION) __builtin_expect(CONDITION, 0)

/* Two loads and, alone among straight lines, the two tests of them: nothing is locked here that
 * takes so long that deciding is free, and who does not decide has read nothing. As long as no
 * writer comes neither jump is taken. */
INLINE void straight_seqcount(uintptr_t lock, const struct lb_task *me)
{
    uint32_t before;

    (void)me;
    do {
        while (HARDLY((before = __atomic_load_n(half_at(lock), __ATOMIC_ACQUIRE)) & 1))
            ;
#if defined(__aarch64__)
        __asm__ __volatile__("dmb ishld" ::: "memory");
#else
        __asm__ __volatile__("" ::: "memory");
#endif
    } while (HARDLY(__atomic_load_n(half_at(lock), __ATOMIC_RELAXED) != before));
}

INLINE void straight_seqlock(uintptr_t lock, const struct lb_task *me)
{
    straight_seqcount(lock, me);
}

INLINE void straight_futex_mutex(uintptr_t lock, const struct lb_task *me)
{
    (void)me;
    SWAP(half_at(lock), 0, 1, __ATOMIC_ACQUIRE);
    uint32_t seen = __atomic_exchange_n(half_at(lock), 0, __ATOMIC_RELEASE);
    SEEN(seen);
}

INLINE void straight_locked_adds(uintptr_t lock, const struct lb_task *me)
{
    (void)me;
    __atomic_fetch_add(word_at(lock), LB_RWSEM_READER, __ATOMIC_ACQUIRE);
    __atomic_fetch_sub(word_at(lock), LB_RWSEM_READER, __ATOMIC_RELEASE);
}

/* The same of a write lock and unlock. Of many kinds that is how readers take it too. */
INLINE void straight_write_rwsem40(uintptr_t lock, const struct lb_task *me)
{
    volatile uint64_t *count = word_at(lock), *owner = count + 1;

    SWAP(count, 0, LB_RWSEM_WRITER, __ATOMIC_ACQUIRE);
    __atomic_store_n(owner, (uintptr_t)me, __ATOMIC_RELAXED);
    __atomic_store_n(owner, 0, __ATOMIC_RELAXED);
    uint64_t seen = __atomic_fetch_sub(count, LB_RWSEM_WRITER, __ATOMIC_RELEASE);
    SEEN(seen);
}

INLINE void straight_write_rwsem32(uintptr_t lock, const struct lb_task *me)
{
    straight_write_rwsem40(lock, me);
}

INLINE void straight_write_qspinlock(uintptr_t lock, const struct lb_task *me)
{
    straight_qspinlock(lock, me);
}

INLINE void straight_write_mutex32(uintptr_t lock, const struct lb_task *me)
{
    straight_mutex32(lock, me);
}

INLINE void straight_write_mutex24(uintptr_t lock, const struct lb_task *me)
{
    straight_mutex32(lock, me);
}

INLINE void straight_write_qrwlock(uintptr_t lock, const struct lb_task *me)
{
    (void)me;
    SWAP(half_at(lock), 0, LB_QRWLOCK_WRITER, __ATOMIC_ACQUIRE);
    __atomic_store_n(holder_at(lock), 0, __ATOMIC_RELEASE);
}

INLINE void straight_write_lockref(uintptr_t lock, const struct lb_task *me)
{
    straight_qspinlock(lock, me);
}

/* One more at the begin, which no store behind it may overtake, and one at the end. */
INLINE void straight_write_seqcount(uintptr_t lock, const struct lb_task *me)
{
    volatile uint32_t *sequence = half_at(lock);

    (void)me;
    __atomic_store_n(sequence, __atomic_load_n(sequence, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
#if defined(__aarch64__)
    __asm__ __volatile__("dmb ishst" ::: "memory");
#else
    __asm__ __volatile__("" ::: "memory");
#endif
    __atomic_store_n(sequence, __atomic_load_n(sequence, __ATOMIC_RELAXED) + 1, __ATOMIC_RELEASE);
}

INLINE void straight_write_seqlock(uintptr_t lock, const struct lb_task *me)
{
    const uintptr_t spinlock = lock + offsetof(struct lb_seqlock, lock);

    SWAP(half_at(spinlock), 0, LB_QSPINLOCK_HELD, __ATOMIC_ACQUIRE);
    straight_write_seqcount(lock, me);
    __atomic_store_n(holder_at(spinlock), 0, __ATOMIC_RELEASE);
}

INLINE void straight_write_futex_mutex(uintptr_t lock, const struct lb_task *me)
{
    straight_futex_mutex(lock, me);
}

INLINE void adds(uintptr_t lock, const struct lb_task *me)
{
    volatile uint64_t *count = word_at(lock);

    __atomic_fetch_add(count, LB_RWSEM_READER, __ATOMIC_ACQUIRE);
    __atomic_store_n(count + 1, (uintptr_t)me | LB_OWNER_READER, __ATOMIC_RELAXED);
    __atomic_fetch_sub(count, LB_RWSEM_READER, __ATOMIC_RELEASE);
}
FORMS(adds, adds(x0, me))

/* The C library's locks have none: what they do is its own. WRITE: those that also have one of
 * their writers. */
#define LINES(READ, WRITE)                                                                         \
    WRITE(RWSEM40, rwsem40)                                                                        \
    WRITE(RWSEM32, rwsem32)                                                                        \
    READ(REFCOUNT, refcount)                                                                       \
    WRITE(QSPINLOCK, qspinlock)                                                                    \
    WRITE(MUTEX32, mutex32)                                                                        \
    WRITE(MUTEX24, mutex24)                                                                        \
    WRITE(QRWLOCK, qrwlock)                                                                        \
    WRITE(LOCKREF, lockref)                                                                        \
    WRITE(SEQCOUNT, seqcount)                                                                      \
    WRITE(SEQLOCK, seqlock)                                                                        \
    WRITE(FUTEX_MUTEX, futex_mutex)                                                                \
    READ(LOCKED_ADDS, locked_adds)
/* Where the lock lies is got as an op on an object gets it: of a reader from a register, of a
 * writer from its program. */
#define LINE(NAME, K) FORMS(straight_##K, straight_##K(x0 + lock_of(x4), me))
#define BOTH_LINES(NAME, K)                                                                        \
    LINE(NAME, K)                                                                                  \
    FORMS(straightwrite_##K, straight_write_##K(x0 + ((program)x1)->lock, me))
LINES(LINE, BOTH_LINES)
LINE(RWSEM40, rwsem40_clearing)
LINE(RWSEM32, rwsem32_clearing)

/* The first that fits is found. */
#define ROW_CLEARING(NAME, K)                                                                      \
    ROW_BY(RULES(CLEARING), LB_OP_STRAIGHT, straight_##K##_clearing, LB_LOCK_##NAME, false)
#define ROW_OF(NAME, K) ROW(LB_OP_STRAIGHT, straight_##K, LB_LOCK_##NAME, false),
#define ROWS_OF(NAME, K)                                                                           \
    ROW_OF(NAME, K) ROW(LB_OP_STRAIGHT_WRITE, straightwrite_##K, LB_LOCK_##NAME, false),
static const struct lb_hot_entry entries[] = {
    ROW_CLEARING(RWSEM40, rwsem40),
    ROW_CLEARING(RWSEM32, rwsem32),
    LINES(ROW_OF, ROWS_OF) /**/
    ROW(LB_OP_ADDS, adds, LB_HOT_NO_LOCK, false),
};
const struct lb_hot_table lb_hot_straights = {entries, LB_COUNT(entries)};
