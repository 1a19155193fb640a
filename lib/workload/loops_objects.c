/* SPDX-License-Identifier: MIT
 *
 * The hot loops of ops on objects. One function per op, lock kind, {inline, indirect} and {paused,
 * saturated}, and one more that times a single op; everything in them is inlined but the locks'
 * cold slow paths. tests/check_hot.py disassembles this file and the others of its kind.
 */
#include "loops.h"
#include "lock/fast_paths.h"

#include <string.h>

INLINE uint32_t load32(uintptr_t address)
{
    return __atomic_load_n((volatile uint32_t *)address, __ATOMIC_RELAXED);
}

INLINE void store32(uintptr_t address, uint32_t value)
{
    __atomic_store_n((volatile uint32_t *)address, value, __ATOMIC_RELAXED);
}

/* The lock itself: at the address, or where the pointer there says, loaded anew in every op. */
INLINE void *at_inline(uintptr_t address)
{
    return (void *)address;
}

INLINE void *at_indirect(uintptr_t address)
{
    return (void *)(uintptr_t)__atomic_load_n((volatile uint64_t *)address, __ATOMIC_RELAXED);
}

INLINE struct lb_mm *as_mm(uintptr_t mm)
{
    return (struct lb_mm *)mm;
}

/* The kernel's first check is a hint: only the second, under the lock, orders what is read behind
 * it. */
INLINE uint32_t mm_seq(uintptr_t mm, int order)
{
    return __atomic_load_n((volatile uint32_t *)&as_mm(mm)->lock_seq, order);
}

/* The fault that could not use the VMA's lock is served under the address space's. */
static __attribute__((noinline, cold)) void fall_back(uintptr_t object, program p, uintptr_t mm,
                                                      struct lb_task *me)
{
    me->stats.fallbacks++;
    lb_rwsem40_read(&as_mm(mm)->lock, me);
    load_fields(object, p);
    lb_rwsem40_read_unlock(&as_mm(mm)->lock, me, NULL);
}

/* Unpacked in every op, which waits for nothing: compilers would do it once and keep the halves on
 * the stack. */
INLINE uintptr_t seq_of(uintptr_t where)
{
    __asm__ __volatile__("" : "+r"(where));
    return where & 0xffff;
}

INLINE uintptr_t lock_of(uintptr_t where)
{
    __asm__ __volatile__("" : "+r"(where));
    return where >> 16;
}

/* vma_start_read, for one kind K and one way AT to the lock: false where the lock may not be had.
 * Where the sequence number and the lock lie is known before the op begins, as it is to the kernel,
 * whose code holds both offsets. An op that loads them first asks for the lock's line to change it
 * before it has asked for it to read the number: where both are on one line that saves a transfer
 * which the kernel pays for (seen: 6 to 8 ns of 35). */
#define START_READ(K, AT)                                                                          \
    INLINE bool start_read_##K##_##AT(uintptr_t object, uintptr_t where, uintptr_t mm,             \
                                      struct lb_task *me, void **locked)                           \
    {                                                                                              \
        if (__builtin_expect(load32(object + seq_of(where)) == mm_seq(mm, __ATOMIC_RELAXED), 0))   \
            return false;                                                                          \
        void *lock = at_##AT(object + lock_of(where));                                             \
        if (__builtin_expect(!lb_##K##_read_try(lock, me), 0))                                     \
            return false;                                                                          \
        if (__builtin_expect(load32(object + seq_of(where)) == mm_seq(mm, __ATOMIC_ACQUIRE), 0)) { \
            lb_##K##_read_unlock(lock, me, as_mm(mm));                                             \
            return false;                                                                          \
        }                                                                                          \
        *locked = lock;                                                                            \
        return true;                                                                               \
    }

/* One object, as a page fault does. */
#define READ_BODY(K, AT)                                                                           \
    INLINE void read_##K##_##AT(uintptr_t object, program p, uintptr_t mm, uintptr_t where,        \
                                struct lb_task *me)                                                \
    {                                                                                              \
        void *lock;                                                                                \
        if (__builtin_expect(!start_read_##K##_##AT(object, where, mm, me, &lock), 0)) {           \
            fall_back(object, p, mm, me);                                                          \
            return;                                                                                \
        }                                                                                          \
        load_fields(object, p);                                                                    \
        lb_##K##_read_unlock(lock, me, as_mm(mm));                                                 \
    }

/* Two, as uffd_move_lock does. The first, where it may not be had at once, is waited for under the
 * address space's lock, which keeps writers out, and kept. Where the second may not be had the
 * first is given back, since waiting with it in hand could be for ever, and both are waited for. */
#define NESTED_BODY(K, AT)                                                                         \
    INLINE void touch_two_##K##_##AT(uintptr_t a, program p, uintptr_t mm, struct lb_task *me,     \
                                     void *lock_a, void *lock_b)                                   \
    {                                                                                              \
        load_fields(a, p);                                                                         \
        load_fields(a + p->second, p);                                                             \
        lb_##K##_read_unlock(lock_b, me, as_mm(mm));                                               \
        lb_##K##_read_unlock(lock_a, me, as_mm(mm));                                               \
    }                                                                                              \
    static __attribute__((noinline, cold)) void fall_back_##K##_##AT(                              \
        uintptr_t a, program p, uintptr_t mm, struct lb_task *me, bool both)                       \
    {                                                                                              \
        uintptr_t b = a + p->second;                                                               \
        void *lock_a = at_##AT(a + p->lock), *lock_b = at_##AT(b + p->lock);                       \
        me->stats.fallbacks++;                                                                     \
        if (!both) {                                                                               \
            lb_rwsem40_read(&as_mm(mm)->lock, me);                                                 \
            lb_##K##_read(lock_a, me);                                                             \
            lb_rwsem40_read_unlock(&as_mm(mm)->lock, me, NULL);                                    \
            both = !start_read_##K##_##AT(b, p->seq | (uintptr_t)p->lock << 16, mm, me, &lock_b);  \
            if (both)                                                                              \
                lb_##K##_read_unlock(lock_a, me, as_mm(mm));                                       \
        }                                                                                          \
        if (both) {                                                                                \
            lb_rwsem40_read(&as_mm(mm)->lock, me);                                                 \
            lb_##K##_read(lock_a, me);                                                             \
            lb_##K##_read(lock_b, me);                                                             \
            lb_rwsem40_read_unlock(&as_mm(mm)->lock, me, NULL);                                    \
        }                                                                                          \
        touch_two_##K##_##AT(a, p, mm, me, lock_a, lock_b);                                        \
    }                                                                                              \
    INLINE void nested_##K##_##AT(uintptr_t a, program p, uintptr_t mm, uintptr_t where,           \
                                  struct lb_task *me)                                              \
    {                                                                                              \
        void *lock_a, *lock_b;                                                                     \
        if (__builtin_expect(!start_read_##K##_##AT(a, where, mm, me, &lock_a), 0)) {              \
            fall_back_##K##_##AT(a, p, mm, me, false);                                             \
            return;                                                                                \
        }                                                                                          \
        if (__builtin_expect(!start_read_##K##_##AT(a + p->second, where, mm, me, &lock_b), 0)) {  \
            lb_##K##_read_unlock(lock_a, me, as_mm(mm));                                           \
            fall_back_##K##_##AT(a, p, mm, me, true);                                              \
            return;                                                                                \
        }                                                                                          \
        touch_two_##K##_##AT(a, p, mm, me, lock_a, lock_b);                                        \
    }

#define BODIES(K, AT) START_READ(K, AT) READ_BODY(K, AT) NESTED_BODY(K, AT)

/* A read lock that nobody contends, alone. */
#define ALONE_BODY(K, AT)                                                                          \
    do {                                                                                           \
        void *lock = at_##AT(x0 + lock_of(x4));                                                    \
        if (__builtin_expect(lb_##K##_read_try(lock, me), 1))                                      \
            lb_##K##_read_unlock(lock, me, as_mm(x2));                                             \
    } while (0)

/* vma_start_write, end_write_all: the sequence number is stored under the VMA's lock, then the
 * address space's moves on, which ends the write lock of every VMA at once. */
#define WRITE_BODY(K, AT)                                                                          \
    static __attribute__((noinline)) void write_##K##_##AT(uintptr_t object, program p,            \
                                                           uintptr_t mm, struct lb_task *me)       \
    {                                                                                              \
        void *lock = at_##AT(object + p->lock);                                                    \
        lb_rwsem40_write(&as_mm(mm)->lock, me, NULL);                                              \
        uint32_t now = __atomic_load_n(&as_mm(mm)->lock_seq, __ATOMIC_RELAXED);                    \
        lb_##K##_write(lock, me, as_mm(mm));                                                       \
        store32(object + p->seq, now);                                                             \
        lb_##K##_write_unlock(lock, me, as_mm(mm));                                                \
        __atomic_store_n(&as_mm(mm)->lock_seq, now + 1, __ATOMIC_RELEASE);                         \
        lb_rwsem40_write_unlock(&as_mm(mm)->lock, me, NULL);                                       \
        me->stats.mm_writes++;                                                                     \
    }

/* The object's address is an offset drawn beforehand: eight-byte units in 32 bits reach 32 GiB. */
#define MANY_BODY(K, AT)                                                                           \
    do {                                                                                           \
        uintptr_t object = x0 + 8 * (uintptr_t) * (const uint32_t *)x3;                            \
        x3 += 4;                                                                                   \
        read_##K##_##AT(object, (program)x1, x2, x4, me);                                          \
    } while (0)

#define MIX_BODY(K, AT)                                                                            \
    do {                                                                                           \
        rng = next(rng);                                                                           \
        if (__builtin_expect((rng >> 32) < x3, 0))                                                 \
            write_##K##_##AT(x0, (program)x1, x2, me);                                             \
        else                                                                                       \
            read_##K##_##AT(x0, (program)x1, x2, x4, me);                                          \
    } while (0)

#define READERS(K, AT)                                                                             \
    BODIES(K, AT)                                                                                  \
    FORMS(read_##K##_##AT, read_##K##_##AT(x0, (program)x1, x2, x4, me))                           \
    FORMS(nested_##K##_##AT, nested_##K##_##AT(x0, (program)x1, x2, x4, me))                       \
    FORMS(many_##K##_##AT, MANY_BODY(K, AT))                                                       \
    FORMS(alone_##K##_##AT, ALONE_BODY(K, AT))

#define WRITERS(K, AT)                                                                             \
    WRITE_BODY(K, AT)                                                                              \
    FORMS(write_##K##_##AT, write_##K##_##AT(x0, (program)x1, x2, me))                             \
    FORMS(mix_##K##_##AT, MIX_BODY(K, AT))

INLINE void increment(uintptr_t address)
{
    __atomic_store_n(word_at(address), __atomic_load_n(word_at(address), __ATOMIC_RELAXED) + 1,
                     __ATOMIC_RELAXED);
}

/* Write-locked; and with two words behind the lock, as a length and a pointer beside a mutex. */
#define PLAIN_BODY(K, AT, DATA)                                                                    \
    do {                                                                                           \
        void *lock = at_##AT(x0 + ((program)x1)->lock);                                            \
        lb_##K##_write(lock, me, NULL);                                                            \
        DATA;                                                                                      \
        lb_##K##_write_unlock(lock, me, NULL);                                                     \
    } while (0)
#define TWO_WORDS (increment(x0 + ((program)x1)->write[0]), increment(x0 + ((program)x1)->write[1]))
#define PLAIN(K, AT)                                                                               \
    FORMS(writer_##K##_##AT, PLAIN_BODY(K, AT, (void)0))                                           \
    FORMS(guarded_##K##_##AT, PLAIN_BODY(K, AT, TWO_WORDS))

/* What a line of the list of kinds asks for, and where it is found. */
#define LOOPS_LOCK(K, AT) READERS(K, AT)
#define LOOPS_NONE(K, AT)
#define LOOPS_MM(K, AT)    WRITERS(K, AT)
#define LOOPS_PLAIN(K, AT) WRITERS(K, AT) PLAIN(K, AT)
#define LOOPS(NAME, K, readers, writers)                                                           \
    LOOPS_##readers(K, inline) LOOPS_##readers(K, indirect) LOOPS_##writers(K, inline)             \
        LOOPS_##writers(K, indirect)
LB_LOCK_LIST(LOOPS)

FORMS(empty, (void)0)

/* Ops whose length is known: what stands between the fences has to show as long as it is. */
INLINE void multiply(uint64_t value, int n)
{
    if (n == 10)
        MULTIPLY(value, 10);
    else
        MULTIPLY(value, 20);
}
FORMS(cycles30, multiply(rng, 10))
FORMS(cycles60, multiply(rng, 20))

/* An uncontended rwsem read as a straight line: load, cmpxchg, load and store of owner, add. What
 * it finds is stored nowhere and decides nothing. */
INLINE void straight(uintptr_t lock, const struct lb_task *me)
{
    volatile uint64_t *count = (volatile uint64_t *)lock;
    volatile uint64_t *owner = count + 1;
    uint64_t seen = __atomic_load_n(count, __ATOMIC_RELAXED);

    __atomic_compare_exchange_n(count, &seen, seen + LB_RWSEM_READER, false, __ATOMIC_ACQUIRE,
                                __ATOMIC_RELAXED);
    uint64_t flags = __atomic_load_n(owner, __ATOMIC_RELAXED) & LB_OWNER_NONSPINNABLE;
    __atomic_store_n(owner, (uintptr_t)me | LB_OWNER_READER | flags, __ATOMIC_RELAXED);
    seen = __atomic_sub_fetch(count, LB_RWSEM_READER, __ATOMIC_RELEASE);
    __asm__ __volatile__("" : : "r"(seen));
}
FORMS(straight, straight(x0, me))

INLINE void adds(uintptr_t lock, const struct lb_task *me)
{
    volatile uint64_t *count = (volatile uint64_t *)lock;

    __atomic_fetch_add(count, LB_RWSEM_READER, __ATOMIC_ACQUIRE);
    __atomic_store_n(count + 1, (uintptr_t)me | LB_OWNER_READER, __ATOMIC_RELAXED);
    __atomic_fetch_sub(count, LB_RWSEM_READER, __ATOMIC_RELEASE);
}
FORMS(adds, adds(x0, me))

#define ROWS_LOCK(K, LOCK)                                                                         \
    ROWS_AT(LB_OP_READ, read, K, LOCK), ROWS_AT(LB_OP_NESTED, nested, K, LOCK),                    \
        ROWS_AT(LB_OP_MANY, many, K, LOCK), ROWS_AT(LB_OP_ALONE, alone, K, LOCK),
#define ROWS_NONE(K, LOCK)
#define ROWS_MM(K, LOCK) ROWS_AT(LB_OP_WRITE, write, K, LOCK), ROWS_AT(LB_OP_MIX, mix, K, LOCK),
#define ROWS_PLAIN(K, LOCK)                                                                        \
    ROWS_MM(K, LOCK)                                                                               \
    ROWS_AT(LB_OP_WRITER, writer, K, LOCK), ROWS_AT(LB_OP_GUARDED, guarded, K, LOCK),
#define ROWS(NAME, K, readers, writers)                                                            \
    ROWS_##readers(K, LB_LOCK_##NAME) ROWS_##writers(K, LB_LOCK_##NAME)

static const struct lb_hot_entry entries[] = {
    ROW(LB_OP_EMPTY, empty, LB_HOT_NO_LOCK, false),
    ROW(LB_OP_CYCLES30, cycles30, LB_HOT_NO_LOCK, false),
    ROW(LB_OP_CYCLES60, cycles60, LB_HOT_NO_LOCK, false),
    ROW(LB_OP_STRAIGHT, straight, LB_HOT_NO_LOCK, false),
    ROW(LB_OP_ADDS, adds, LB_HOT_NO_LOCK, false),
    /* Every op of every kind of lock. */
    LB_LOCK_LIST(ROWS) /**/
};

const struct lb_hot_table lb_hot_objects = {entries, LB_COUNT(entries)};
