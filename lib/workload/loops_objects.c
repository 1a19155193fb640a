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

/* The program lies in a thread's own memory, and nobody changes it. */
INLINE struct lb_mm *mm_of(program p)
{
    return (struct lb_mm *)(uintptr_t)&p->mm;
}

/* The kernel's first check is a hint: only the second, under the lock, orders what is read behind
 * it. */
INLINE uint32_t mm_seq(uintptr_t seq, int order)
{
    return __atomic_load_n((volatile uint32_t *)seq, order);
}

/* mmap_lock. The two kinds that it can be differ in their slow paths alone. */
INLINE void mm_read(program p, struct lb_task *me)
{
    lb_rwsem_read(mm_of(p)->lock, me, mm_of(p)->lock_kind);
}

INLINE void mm_read_unlock(program p, struct lb_task *me)
{
    if (mm_of(p)->clears_owner)
        lb_rwsem_clear_reader(mm_of(p)->lock, me);
    lb_rwsem_read_unlock(mm_of(p)->lock, me, mm_of(p)->lock_kind);
}

/* The fault that could not use the VMA's lock is served under the address space's, which is tried
 * before it is waited for. */
static __attribute__((noinline, cold)) void fall_back(uintptr_t object, program p,
                                                      struct lb_task *me)
{
    me->stats.fallbacks++;
    if (!lb_rwsem_read_try(mm_of(p)->lock, me))
        mm_read(p, me);
    load_fields(object, p);
    mm_read_unlock(p, me);
}

/* Unpacked in every op, which waits for nothing: compilers would do it once and keep the halves on
 * the stack. */
INLINE uintptr_t seq_of(uintptr_t where)
{
    __asm__ __volatile__("" : "+r"(where));
    return where & 0xffff;
}

/* vma_start_read, for one kind K and one way AT to the lock: false where the lock may not be had.
 * Where the sequence number and the lock lie is known before the op begins, as it is to the kernel,
 * whose code holds both offsets. An op that loads them first asks for the lock's line to change it
 * before it has asked for it to read the number: where both are on one line that saves a transfer
 * which the kernel pays for (seen: 6 to 8 ns of 35). */
#define START_READ(K, AT)                                                                          \
    INLINE bool start_read_##K##_##AT(uintptr_t object, uintptr_t where, program p, uintptr_t seq, \
                                      struct lb_task *me, void **locked)                           \
    {                                                                                              \
        if (__builtin_expect(load32(object + seq_of(where)) == mm_seq(seq, __ATOMIC_RELAXED), 0))  \
            return false;                                                                          \
        void *lock = at_##AT(object + lock_of(where));                                             \
        if (__builtin_expect(!lb_##K##_read_try(lock, me), 0))                                     \
            return false;                                                                          \
        if (__builtin_expect(load32(object + seq_of(where)) == mm_seq(seq, __ATOMIC_ACQUIRE),      \
                             0)) {                                                                 \
            lb_##K##_read_unlock(lock, me, mm_of(p));                                              \
            return false;                                                                          \
        }                                                                                          \
        *locked = lock;                                                                            \
        return true;                                                                               \
    }

/* One object, as a page fault does. */
#define READ_BODY(K, AT)                                                                           \
    INLINE void read_##K##_##AT(uintptr_t object, program p, uintptr_t seq, uintptr_t where,       \
                                struct lb_task *me)                                                \
    {                                                                                              \
        void *lock;                                                                                \
        if (__builtin_expect(!start_read_##K##_##AT(object, where, p, seq, me, &lock), 0)) {       \
            fall_back(object, p, me);                                                              \
            return;                                                                                \
        }                                                                                          \
        load_fields(object, p);                                                                    \
        lb_##K##_read_unlock(lock, me, mm_of(p));                                                  \
    }

/* Two, as uffd_move_lock does. The first, where it may not be had at once, is waited for under the
 * address space's lock, which keeps writers out, and kept. Where the second may not be had the
 * first is given back, since waiting with it in hand could be for ever, and both are waited for. */
#define NESTED_BODY(K, AT)                                                                         \
    INLINE void touch_two_##K##_##AT(uintptr_t a, program p, struct lb_task *me, void *lock_a,     \
                                     void *lock_b)                                                 \
    {                                                                                              \
        load_fields(a, p);                                                                         \
        load_fields(a + p->second, p);                                                             \
        lb_##K##_read_unlock(lock_b, me, mm_of(p));                                                \
        lb_##K##_read_unlock(lock_a, me, mm_of(p));                                                \
    }                                                                                              \
    static __attribute__((noinline, cold)) void fall_back_##K##_##AT(                              \
        uintptr_t a, program p, uintptr_t seq, struct lb_task *me, bool both)                      \
    {                                                                                              \
        uintptr_t b = a + p->second;                                                               \
        void *lock_a = at_##AT(a + p->lock), *lock_b = at_##AT(b + p->lock);                       \
        me->stats.fallbacks++;                                                                     \
        if (!both) {                                                                               \
            mm_read(p, me);                                                                        \
            lb_##K##_read(lock_a, me);                                                             \
            mm_read_unlock(p, me);                                                                 \
            both =                                                                                 \
                !start_read_##K##_##AT(b, p->seq | (uintptr_t)p->lock << 16, p, seq, me, &lock_b); \
            if (both)                                                                              \
                lb_##K##_read_unlock(lock_a, me, mm_of(p));                                        \
        }                                                                                          \
        if (both) {                                                                                \
            mm_read(p, me);                                                                        \
            lb_##K##_read(lock_a, me);                                                             \
            lb_##K##_read(lock_b, me);                                                             \
            mm_read_unlock(p, me);                                                                 \
        }                                                                                          \
        touch_two_##K##_##AT(a, p, me, lock_a, lock_b);                                            \
    }                                                                                              \
    INLINE void nested_##K##_##AT(uintptr_t a, program p, uintptr_t seq, uintptr_t where,          \
                                  struct lb_task *me)                                              \
    {                                                                                              \
        void *lock_a, *lock_b;                                                                     \
        if (__builtin_expect(!start_read_##K##_##AT(a, where, p, seq, me, &lock_a), 0)) {          \
            fall_back_##K##_##AT(a, p, seq, me, false);                                            \
            return;                                                                                \
        }                                                                                          \
        if (__builtin_expect(!start_read_##K##_##AT(a + p->second, where, p, seq, me, &lock_b),    \
                             0)) {                                                                 \
            lb_##K##_read_unlock(lock_a, me, mm_of(p));                                            \
            fall_back_##K##_##AT(a, p, seq, me, true);                                             \
            return;                                                                                \
        }                                                                                          \
        touch_two_##K##_##AT(a, p, me, lock_a, lock_b);                                            \
    }

#define BODIES(K, AT) START_READ(K, AT) READ_BODY(K, AT) NESTED_BODY(K, AT)

/* A read lock that nobody contends, alone. */
#define ALONE_BODY(K, AT)                                                                          \
    do {                                                                                           \
        void *lock = at_##AT(x0 + lock_of(x4));                                                    \
        if (__builtin_expect(lb_##K##_read_try(lock, me), 1))                                      \
            lb_##K##_read_unlock(lock, me, mm_of((program)x1));                                    \
    } while (0)

/* mm_lock_seq by LB_RULES_PLAIN and by LB_RULES_SEQCOUNT, where it is odd while the address space
 * is write-locked. Returns what it is then. */
INLINE uint32_t begin_plain(uintptr_t seq)
{
    return load32(seq);
}

INLINE void end_plain(uintptr_t seq, uint32_t now)
{
    __atomic_store_n((volatile uint32_t *)seq, now + 1, __ATOMIC_RELEASE);
}

INLINE uint32_t begin_seqcount(uintptr_t seq)
{
    uint32_t now = load32(seq) + 1;

    store32(seq, now);
    lb_order_stores();
    return now;
}

INLINE void end_seqcount(uintptr_t seq, uint32_t now)
{
    lb_order_stores();
    store32(seq, now + 1);
}

/* mmap_write_lock; vma_start_write, which looks whether the VMA is write-locked already and stores
 * the sequence number under the VMA's lock; a change of the VMA (vm_flags_set); mmap_write_unlock,
 * with end_write_all, which ends the write lock of every VMA at once. */
#define WRITE_BODY(K, V, AT, HOW)                                                                  \
    static __attribute__((noinline)) void write_##V##_##AT(uintptr_t object, program p,            \
                                                           uintptr_t seq, struct lb_task *me)      \
    {                                                                                              \
        lb_rwsem_write(mm_of(p)->lock, me, mm_of(p)->lock_kind);                                   \
        uint32_t now = begin_##HOW(seq);                                                           \
        (void)load32(object + p->vm_mm);                                                           \
        if (__builtin_expect(load32(object + p->seq) != load32(seq), 1)) {                         \
            void *lock = at_##AT(object + p->lock);                                                \
            lb_##K##_write(lock, me, mm_of(p));                                                    \
            store32(object + p->seq, now);                                                         \
            lb_##K##_write_unlock(lock, me, mm_of(p));                                             \
        }                                                                                          \
        store32(object + p->written, load32(object + p->written));                                 \
        end_##HOW(seq, now);                                                                       \
        lb_rwsem_write_unlock(mm_of(p)->lock, me, mm_of(p)->lock_kind);                            \
        me->stats.mm_writes++;                                                                     \
    }

/* The object's address is an offset drawn beforehand: eight-byte units in 32 bits reach 32 GiB. */
#define MANY_BODY(K, AT)                                                                           \
    do {                                                                                           \
        uintptr_t object = x0 + 8 * (uintptr_t) * (const uint32_t *)x3;                            \
        x3 += 4;                                                                                   \
        read_##K##_##AT(object, (program)x1, x2, x4, me);                                          \
    } while (0)

#define MIX_BODY(K, V, AT)                                                                         \
    do {                                                                                           \
        rng = next(rng);                                                                           \
        if (__builtin_expect((rng >> 32) < x3, 0))                                                 \
            write_##V##_##AT(x0, (program)x1, x2, me);                                             \
        else                                                                                       \
            read_##K##_##AT(x0, (program)x1, x2, x4, me);                                          \
    } while (0)

/* Without a lock: what was read counts where no writer came meanwhile. */
#define RETRY_BODIES(K, AT)                                                                        \
    INLINE void read_##K##_##AT(uintptr_t object, program p, uintptr_t seq, uintptr_t where,       \
                                struct lb_task *me)                                                \
    {                                                                                              \
        const void *lock = at_##AT(object + lock_of(where));                                       \
        uint32_t seen;                                                                             \
        (void)seq;                                                                                 \
        do {                                                                                       \
            seen = lb_##K##_read_begin(lock, me);                                                  \
            load_fields(object, p);                                                                \
        } while (__builtin_expect(lb_##K##_read_again(lock, me, seen), 0));                        \
    }                                                                                              \
    INLINE void nested_##K##_##AT(uintptr_t a, program p, uintptr_t seq, uintptr_t where,          \
                                  struct lb_task *me)                                              \
    {                                                                                              \
        uintptr_t b = a + p->second;                                                               \
        const void *lock_a = at_##AT(a + lock_of(where)), *lock_b = at_##AT(b + lock_of(where));   \
        uint32_t seen_a, seen_b;                                                                   \
        (void)seq;                                                                                 \
        do {                                                                                       \
            seen_a = lb_##K##_read_begin(lock_a, me);                                              \
            seen_b = lb_##K##_read_begin(lock_b, me);                                              \
            load_fields(a, p);                                                                     \
            load_fields(b, p);                                                                     \
        } while (__builtin_expect(lb_##K##_read_again(lock_b, me, seen_b), 0) ||                   \
                 __builtin_expect(lb_##K##_read_again(lock_a, me, seen_a), 0));                    \
    }
#define RETRY_ALONE_BODY(K, AT)                                                                    \
    do {                                                                                           \
        const void *lock = at_##AT(x0 + lock_of(x4));                                              \
        (void)lb_##K##_read_again(lock, me, lb_##K##_read_begin(lock, me));                        \
    } while (0)

#define READ_FORMS(K, AT, ALONE)                                                                   \
    FORMS(read_##K##_##AT, read_##K##_##AT(x0, (program)x1, x2, x4, me))                           \
    FORMS(nested_##K##_##AT, nested_##K##_##AT(x0, (program)x1, x2, x4, me))                       \
    FORMS(many_##K##_##AT, MANY_BODY(K, AT))                                                       \
    FORMS(alone_##K##_##AT, ALONE(K, AT))

#define WRITERS_AS(K, V, AT, HOW)                                                                  \
    WRITE_BODY(K, V, AT, HOW)                                                                      \
    FORMS(write_##V##_##AT, write_##V##_##AT(x0, (program)x1, x2, me))                             \
    FORMS(mix_##V##_##AT, MIX_BODY(K, V, AT))
#define WRITERS(K, AT) WRITERS_AS(K, K, AT, plain) WRITERS_AS(K, K##_seqcount, AT, seqcount)

/* The rw-semaphores by LB_RULES_CLEARING, which writers are the same to. */
#define CLEARING(K, AT)                                                                            \
    BODIES(K##_clearing, AT)                                                                       \
    READ_FORMS(K##_clearing, AT, ALONE_BODY)                                                       \
    FORMS(mix_##K##_clearing_##AT, MIX_BODY(K##_clearing, K##_seqcount, AT))

INLINE void increment(uintptr_t address)
{
    __atomic_store_n(word_at(address), __atomic_load_n(word_at(address), __ATOMIC_RELAXED) + 1,
                     __ATOMIC_RELAXED);
}

/* Write-locked; and with two words behind the lock, as a length and a pointer beside a mutex. A
 * seqcount's writer keeps others away by nothing of its own: it is found where it is alone. */
#define PLAIN_BODY(K, AT, DATA)                                                                    \
    do {                                                                                           \
        void *lock = at_##AT(x0 + ((program)x1)->lock);                                            \
        lb_##K##_write(lock, me, NULL);                                                            \
        DATA;                                                                                      \
        lb_##K##_write_unlock(lock, me, NULL);                                                     \
    } while (0)
#define WRITER(K, AT) FORMS(writer_##K##_##AT, PLAIN_BODY(K, AT, (void)0))

#define TWO_WORDS (increment(x0 + ((program)x1)->write[0]), increment(x0 + ((program)x1)->write[1]))
#define PLAIN(K, AT)                                                                               \
    WRITER(K, AT)                                                                                  \
    FORMS(guarded_##K##_##AT, PLAIN_BODY(K, AT, TWO_WORDS))

/* As many words as the program says: the same branches for a structure as it is and as moved. */
INLINE void write_under(uintptr_t object, program p, uint64_t rng)
{
    for (uint32_t k = 0; k < p->n_writes; k++)
        store32(object + p->write[k], (uint32_t)rng);
}

/* Taken as writers or as readers do, words written under it, given back. */
#define TAKE_BODY(K)                                                                               \
    do {                                                                                           \
        void *lock = at_inline(x0 + ((program)x1)->lock);                                          \
        lb_##K##_write(lock, me, mm_of((program)x1));                                              \
        write_under(x0, (program)x1, rng);                                                         \
        lb_##K##_write_unlock(lock, me, mm_of((program)x1));                                       \
    } while (0)
#define SHARE_BODY(K)                                                                              \
    do {                                                                                           \
        void *lock = at_inline(x0 + ((program)x1)->lock);                                          \
        lb_##K##_read(lock, me);                                                                   \
        write_under(x0, (program)x1, rng);                                                         \
        lb_##K##_read_unlock(lock, me, mm_of((program)x1));                                        \
    } while (0)
/* A reference count's writers need the address space's lock: LB_OP_WRITE. */
#define TAKES_PLAIN_LOCK(K)  FORMS(take_##K, TAKE_BODY(K))
#define TAKES_PLAIN_COUNT(K) TAKES_PLAIN_LOCK(K)
#define TAKES_PLAIN_RETRY(K) TAKES_PLAIN_LOCK(K)
#define TAKES_MM_RETRY(K)    TAKES_PLAIN_LOCK(K) WRITER(K, inline) WRITER(K, indirect)
#define TAKES_MM_LOCK(K)
#define TAKES_NONE_LOCK(K)
#define SHARES_LOCK(K)  FORMS(share_##K, SHARE_BODY(K))
#define SHARES_COUNT(K) SHARES_LOCK(K)
#define SHARES_RETRY(K)

/* What a line of the list of kinds asks for, and where it is found. */
#define LOOPS_LOCK(K, AT)  BODIES(K, AT) READ_FORMS(K, AT, ALONE_BODY)
#define LOOPS_COUNT(K, AT) LOOPS_LOCK(K, AT)
#define LOOPS_RETRY(K, AT) RETRY_BODIES(K, AT) READ_FORMS(K, AT, RETRY_ALONE_BODY)
#define LOOPS_NONE(K, AT)
#define LOOPS_MM(K, AT)    WRITERS(K, AT)
#define LOOPS_PLAIN(K, AT) WRITERS(K, AT) PLAIN(K, AT)
#define LOOPS(NAME, K, readers, writers)                                                           \
    LOOPS_##readers(K, inline) LOOPS_##readers(K, indirect) LOOPS_##writers(K, inline)             \
        LOOPS_##writers(K, indirect) SHARES_##readers(K) TAKES_##writers##_##readers(K)
LB_LOCK_LIST(LOOPS)
CLEARING(rwsem40, inline)
CLEARING(rwsem40, indirect)
CLEARING(rwsem32, inline)
CLEARING(rwsem32, indirect)
SHARES_LOCK(rwsem40_clearing)
SHARES_LOCK(rwsem32_clearing)

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

#define PLAIN_RULES    RULES(PLAIN)
#define SEQCOUNT_RULES (RULES(SEQCOUNT) | RULES(CLEARING))

/* The first that fits is found: the readers of rw-semaphores by LB_RULES_CLEARING stand before
 * those for all rules. */
#define ROWS_CLEARING(K, LOCK)                                                                     \
    ROWS_BY(RULES(CLEARING), LB_OP_READ, read, K##_clearing, LOCK),                                \
        ROWS_BY(RULES(CLEARING), LB_OP_NESTED, nested, K##_clearing, LOCK),                        \
        ROWS_BY(RULES(CLEARING), LB_OP_MANY, many, K##_clearing, LOCK),                            \
        ROWS_BY(RULES(CLEARING), LB_OP_ALONE, alone, K##_clearing, LOCK),                          \
        ROWS_BY(RULES(CLEARING), LB_OP_MIX, mix, K##_clearing, LOCK),                              \
        ROW_BY(RULES(CLEARING), LB_OP_SHARE, share_##K##_clearing, LOCK, false)
#define ROWS_RETRY(K, LOCK)                                                                        \
    ROWS_AT(LB_OP_READ, read, K, LOCK), ROWS_AT(LB_OP_NESTED, nested, K, LOCK),                    \
        ROWS_AT(LB_OP_MANY, many, K, LOCK), ROWS_AT(LB_OP_ALONE, alone, K, LOCK),
#define ROWS_LOCK(K, LOCK)  ROWS_RETRY(K, LOCK) ROW(LB_OP_SHARE, share_##K, LOCK, false),
#define ROWS_COUNT(K, LOCK) ROWS_LOCK(K, LOCK)
#define ROWS_NONE(K, LOCK)
#define ROWS_MM(K, LOCK)                                                                           \
    ROWS_BY(PLAIN_RULES, LB_OP_WRITE, write, K, LOCK),                                             \
        ROWS_BY(PLAIN_RULES, LB_OP_MIX, mix, K, LOCK),                                             \
        ROWS_BY(SEQCOUNT_RULES, LB_OP_WRITE, write, K##_seqcount, LOCK),                           \
        ROWS_BY(SEQCOUNT_RULES, LB_OP_MIX, mix, K##_seqcount, LOCK),
#define ROWS_PLAIN(K, LOCK)                                                                        \
    ROWS_MM(K, LOCK)                                                                               \
    ROWS_AT(LB_OP_WRITER, writer, K, LOCK), ROWS_AT(LB_OP_GUARDED, guarded, K, LOCK),
#define ROWS_TAKES(K, LOCK)       ROW(LB_OP_TAKE, take_##K, LOCK, false),
#define ROWS_PLAIN_LOCK(K, LOCK)  ROWS_TAKES(K, LOCK)
#define ROWS_PLAIN_COUNT(K, LOCK) ROWS_TAKES(K, LOCK)
#define ROWS_PLAIN_RETRY(K, LOCK) ROWS_TAKES(K, LOCK)
#define ROWS_MM_RETRY(K, LOCK)    ROWS_TAKES(K, LOCK) ROWS_AT(LB_OP_WRITER, writer, K, LOCK),
#define ROWS_MM_LOCK(K, LOCK)
#define ROWS_NONE_LOCK(K, LOCK)
#define ROWS(NAME, K, readers, writers)                                                            \
    ROWS_##readers(K, LB_LOCK_##NAME) ROWS_##writers(K, LB_LOCK_##NAME)                            \
        ROWS_##writers##_##readers(K, LB_LOCK_##NAME)

static const struct lb_hot_entry entries[] = {
    ROW(LB_OP_EMPTY, empty, LB_HOT_NO_LOCK, false),
    ROW(LB_OP_CYCLES30, cycles30, LB_HOT_NO_LOCK, false),
    ROW(LB_OP_CYCLES60, cycles60, LB_HOT_NO_LOCK, false), ROWS_CLEARING(rwsem40, LB_LOCK_RWSEM40),
    ROWS_CLEARING(rwsem32, LB_LOCK_RWSEM32),
    /* Every op of every kind of lock. */
    LB_LOCK_LIST(ROWS) /**/
};

const struct lb_hot_table lb_hot_objects = {entries, LB_COUNT(entries)};
