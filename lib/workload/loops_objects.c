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

/* What a fault reads of its VMA: layout.h names the fields. Nobody writes them while a loop runs,
 * so these loads race with nothing, and volatile keeps them although nobody uses the value. Not
 * atomic ones: gcc takes the addresses of those for values of their own and spills them to the
 * stack. */
INLINE void touch(uintptr_t head, uintptr_t tail_offset)
{
    const volatile uint64_t *h = (const volatile uint64_t *)head;
    const volatile uint64_t *t = (const volatile uint64_t *)(head + tail_offset);

    (void)h[0];
    (void)h[1];
    (void)h[2];
    (void)h[3];
    (void)h[4];
    (void)t[0];
    (void)t[1];
    (void)t[2];
    (void)t[6];
}

/* The words of named fields: LB_TOUCH_MOST offsets in one register, since the loops have no more of
 * them. They are unpacked in every op, which waits for nothing; gcc would do it once and keep the
 * addresses on the stack. */
INLINE void touch_fields(uintptr_t object, uintptr_t offsets)
{
    __asm__ __volatile__("" : "+r"(offsets));
    (void)*(const volatile uint32_t *)(object + (offsets & 0xffff));
    offsets >>= 16;
    (void)*(const volatile uint32_t *)(object + (offsets & 0xffff));
    offsets >>= 16;
    (void)*(const volatile uint32_t *)(object + (offsets & 0xffff));
    offsets >>= 16;
    (void)*(const volatile uint32_t *)(object + offsets);
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

INLINE uint32_t mm_seq(uintptr_t mm)
{
    return __atomic_load_n((volatile uint32_t *)&as_mm(mm)->lock_seq, __ATOMIC_ACQUIRE);
}

/* The fault that could not use the VMA's lock is served under the address space's. */
#define FALL_BACK(F)                                                                               \
    static __attribute__((noinline, cold)) void fall_back##F(uintptr_t head, uintptr_t others,     \
                                                             uintptr_t mm, struct lb_task *me)     \
    {                                                                                              \
        me->stats.fallbacks++;                                                                     \
        lb_rwsem40_read(&as_mm(mm)->lock, me);                                                     \
        touch##F(head, others);                                                                    \
        lb_rwsem40_read_unlock(&as_mm(mm)->lock, me, NULL);                                        \
    }
FALL_BACK()
FALL_BACK(_fields)

/* The bodies of ops that lock, for one kind K and one way AT to the lock, on groups of fields (F is
 * empty; `others` is the tail's offset from the head) or on named ones (_fields; all offsets). The
 * tail's address is made where it is used: made before, it would take a register over the whole op.
 */
#define BODIES(K, AT, F)                                                                           \
    INLINE void read##F##_##K##_##AT(uintptr_t head, uintptr_t others, uintptr_t seq,              \
                                     uintptr_t lock_at, uintptr_t mm, struct lb_task *me)          \
    {                                                                                              \
        void *lock;                                                                                \
        if (__builtin_expect(load32(seq) == mm_seq(mm), 0)) {                                      \
            fall_back##F(head, others, mm, me);                                                    \
            return;                                                                                \
        }                                                                                          \
        lock = at_##AT(lock_at);                                                                   \
        if (__builtin_expect(!lb_##K##_read_try(lock, me), 0)) {                                   \
            fall_back##F(head, others, mm, me);                                                    \
            return;                                                                                \
        }                                                                                          \
        if (__builtin_expect(load32(seq) == mm_seq(mm), 0)) {                                      \
            lb_##K##_read_unlock(lock, me, as_mm(mm));                                             \
            fall_back##F(head, others, mm, me);                                                    \
            return;                                                                                \
        }                                                                                          \
        touch##F(head, others);                                                                    \
        lb_##K##_read_unlock(lock, me, as_mm(mm));                                                 \
    }                                                                                              \
    INLINE void nested##F##_##K##_##AT(uintptr_t a, uintptr_t others, uintptr_t b,                 \
                                       uintptr_t lock_a_at, uintptr_t mm, uintptr_t lock_b_at,     \
                                       struct lb_task *me)                                         \
    {                                                                                              \
        void *lock_a = at_##AT(lock_a_at), *lock_b = at_##AT(lock_b_at);                           \
        lb_##K##_read(lock_a, me);                                                                 \
        lb_##K##_read(lock_b, me);                                                                 \
        touch##F(a, others);                                                                       \
        touch##F(b, others);                                                                       \
        lb_##K##_read_unlock(lock_b, me, as_mm(mm));                                               \
        lb_##K##_read_unlock(lock_a, me, as_mm(mm));                                               \
    }

/* A read lock that nobody contends, alone. */
#define PAIR_BODY(K, AT)                                                                           \
    do {                                                                                           \
        void *lock = at_##AT(x3);                                                                  \
        if (__builtin_expect(lb_##K##_read_try(lock, me), 1))                                      \
            lb_##K##_read_unlock(lock, me, as_mm(x4));                                             \
    } while (0)

/* vma_start_write, end_write_all: the sequence number is stored under the VMA's lock, then the
 * address space's moves on, which ends the write lock of every VMA at once. */
#define WRITE_BODY(K, AT)                                                                          \
    static __attribute__((noinline)) void write_##K##_##AT(uintptr_t seq, uintptr_t lock_at,       \
                                                           uintptr_t mm, struct lb_task *me)       \
    {                                                                                              \
        void *lock = at_##AT(lock_at);                                                             \
        lb_rwsem40_write(&as_mm(mm)->lock, me, NULL);                                              \
        uint32_t now = __atomic_load_n(&as_mm(mm)->lock_seq, __ATOMIC_RELAXED);                    \
        lb_##K##_write(lock, me, as_mm(mm));                                                       \
        store32(seq, now);                                                                         \
        lb_##K##_write_unlock(lock, me, as_mm(mm));                                                \
        __atomic_store_n(&as_mm(mm)->lock_seq, now + 1, __ATOMIC_RELEASE);                         \
        lb_rwsem40_write_unlock(&as_mm(mm)->lock, me, NULL);                                       \
    }

/* The object's address is an offset drawn beforehand: eight-byte units in 32 bits reach 32 GiB. */
#define MANY_BODY(K, AT, F)                                                                        \
    do {                                                                                           \
        uintptr_t head = x0 + 8 * (uintptr_t) * (const uint32_t *)x1;                              \
        x1 += 4;                                                                                   \
        read##F##_##K##_##AT(head, x2, head + x3, head + x5, x4, me);                              \
    } while (0)

#define MIX_BODY(K, AT, F)                                                                         \
    do {                                                                                           \
        rng = next(rng);                                                                           \
        if (__builtin_expect((rng >> 32) < x5, 0))                                                 \
            write_##K##_##AT(x2, x3, x4, me);                                                      \
        else                                                                                       \
            read##F##_##K##_##AT(x0, OTHERS##F, x2, x3, x4, me);                                   \
    } while (0)

/* The second word of a site, as bodies want it: the tail's address, or offsets. */
#define OTHERS        (x1 - x0)
#define OTHERS_fields x1

#define READERS_OF(K, AT, F)                                                                       \
    BODIES(K, AT, F)                                                                               \
    FORMS(read##F##_##K##_##AT, read##F##_##K##_##AT(x0, OTHERS##F, x2, x3, x4, me))               \
    FORMS(nested##F##_##K##_##AT, nested##F##_##K##_##AT(x0, x1, x2, x3, x4, x5, me))              \
    FORMS(many##F##_##K##_##AT, MANY_BODY(K, AT, F))

#define READERS(K, AT)                                                                             \
    READERS_OF(K, AT, )                                                                            \
    READERS_OF(K, AT, _fields)                                                                     \
    FORMS(pair_##K##_##AT, PAIR_BODY(K, AT))

#define WRITERS(K, AT)                                                                             \
    WRITE_BODY(K, AT)                                                                              \
    FORMS(write_##K##_##AT, write_##K##_##AT(x2, x3, x4, me))                                      \
    FORMS(mix_##K##_##AT, MIX_BODY(K, AT, ))                                                       \
    FORMS(mix_fields_##K##_##AT, MIX_BODY(K, AT, _fields))

#define PLAIN_BODY(K, AT)                                                                          \
    do {                                                                                           \
        void *lock = at_##AT(x3);                                                                  \
        lb_##K##_write(lock, me, NULL);                                                            \
        lb_##K##_write_unlock(lock, me, NULL);                                                     \
    } while (0)
#define PLAIN(K, AT) FORMS(writer_##K##_##AT, PLAIN_BODY(K, AT))

#define BOTH(WHAT, K) WHAT(K, inline) WHAT(K, indirect)

BOTH(READERS, rwsem40)
BOTH(READERS, rwsem32)
BOTH(READERS, refcount)
BOTH(READERS, pthread_rwlock)
BOTH(READERS, pthread_mutex)
BOTH(READERS, locked_adds)
BOTH(WRITERS, rwsem40)
BOTH(WRITERS, rwsem32)
BOTH(WRITERS, refcount)
BOTH(WRITERS, pthread_rwlock)
BOTH(WRITERS, pthread_mutex)
BOTH(PLAIN, rwsem40)
BOTH(PLAIN, rwsem32)
BOTH(PLAIN, pthread_rwlock)
BOTH(PLAIN, pthread_mutex)

FORMS(empty, (void)0)
FORMS(observe, touch(x0, x1 - x0))
FORMS(observe_fields, touch_fields(x0, x1))
FORMS(add, (void)__atomic_fetch_add((volatile uint64_t *)x0, 1, __ATOMIC_RELAXED))

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

__attribute__((noinline)) void lb_chain(uint64_t iterations)
{
    chain(iterations ? iterations : 1);
}

#define ROWS_READ(K, LOCK)                                                                         \
    ROWS_AT(LB_OP_READ, read, K, LOCK), ROWS_AT(LB_OP_NESTED, nested, K, LOCK),                    \
        ROWS_AT(LB_OP_MANY, many, K, LOCK), ROWS_AT(LB_OP_PAIR, pair, K, LOCK),                    \
        ROWS_AT(LB_OP_READ_FIELDS, read_fields, K, LOCK),                                          \
        ROWS_AT(LB_OP_NESTED_FIELDS, nested_fields, K, LOCK),                                      \
        ROWS_AT(LB_OP_MANY_FIELDS, many_fields, K, LOCK)
#define ROWS_WRITE(K, LOCK)                                                                        \
    ROWS_AT(LB_OP_WRITE, write, K, LOCK), ROWS_AT(LB_OP_MIX, mix, K, LOCK),                        \
        ROWS_AT(LB_OP_MIX_FIELDS, mix_fields, K, LOCK)

static const struct lb_hot_entry entries[] = {
    ROWS_READ(rwsem40, LB_LOCK_RWSEM40),
    ROWS_READ(rwsem32, LB_LOCK_RWSEM32),
    ROWS_READ(refcount, LB_LOCK_REFCOUNT),
    ROWS_READ(pthread_rwlock, LB_LOCK_PTHREAD_RWLOCK),
    ROWS_READ(pthread_mutex, LB_LOCK_PTHREAD_MUTEX),
    ROWS_READ(locked_adds, LB_LOCK_LOCKED_ADDS),
    ROWS_WRITE(rwsem40, LB_LOCK_RWSEM40),
    ROWS_WRITE(rwsem32, LB_LOCK_RWSEM32),
    ROWS_WRITE(refcount, LB_LOCK_REFCOUNT),
    ROWS_WRITE(pthread_rwlock, LB_LOCK_PTHREAD_RWLOCK),
    ROWS_WRITE(pthread_mutex, LB_LOCK_PTHREAD_MUTEX),
    ROWS_AT(LB_OP_WRITER, writer, rwsem40, LB_LOCK_RWSEM40),
    ROWS_AT(LB_OP_WRITER, writer, rwsem32, LB_LOCK_RWSEM32),
    ROWS_AT(LB_OP_WRITER, writer, pthread_rwlock, LB_LOCK_PTHREAD_RWLOCK),
    ROWS_AT(LB_OP_WRITER, writer, pthread_mutex, LB_LOCK_PTHREAD_MUTEX),
    ROW(LB_OP_EMPTY, empty, -1, false),
    ROW(LB_OP_OBSERVE, observe, -1, false),
    ROW(LB_OP_OBSERVE_FIELDS, observe_fields, -1, false),
    ROW(LB_OP_ADD, add, -1, false),
    ROW(LB_OP_STRAIGHT, straight, -1, false),
    ROW(LB_OP_ADDS, adds, -1, false),
};

const struct lb_hot_table lb_hot_locks = {entries, LB_COUNT(entries)};

static const struct lb_hot_table *const tables[] = {&lb_hot_locks, &lb_hot_words, &lb_hot_churns,
                                                    &lb_hot_faults, &lb_hot_whatifs};

/* The entry at a position over all tables. */
static const struct lb_hot_entry *entry_at(size_t index)
{
    for (size_t t = 0; t < LB_COUNT(tables); t++) {
        if (index < tables[t]->n)
            return &tables[t]->entries[index];
        index -= tables[t]->n;
    }
    return NULL;
}

static const struct lb_hot_entry *find(enum lb_op op, enum lb_lock_kind lock, bool indirect)
{
    const struct lb_hot_entry *e;

    for (size_t i = 0; (e = entry_at(i)); i++)
        if (e->op == op &&
            (e->lock == LB_HOT_NO_LOCK ||
             ((e->lock == LB_HOT_ANY_LOCK || e->lock == (int)lock) && e->indirect == indirect)))
            return e;
    return NULL;
}

lb_hot *lb_hot_find(enum lb_op op, enum lb_lock_kind lock, bool indirect, bool paused)
{
    const struct lb_hot_entry *e = find(op, lock, indirect);

    return e ? e->loops[paused ? 0 : 1] : NULL;
}

const char *lb_hot_name(size_t index)
{
    const struct lb_hot_entry *e = entry_at(index / 2);

    return e ? e->names[index % 2] : NULL;
}

lb_hot_timed *lb_hot_timed_find(enum lb_op op, enum lb_lock_kind lock, bool indirect)
{
    const struct lb_hot_entry *e = find(op, lock, indirect);

    return e ? e->timed : NULL;
}

const char *lb_hot_timed_name(size_t index)
{
    const struct lb_hot_entry *e = entry_at(index);

    return STAMPS && e ? e->timed_name : NULL;
}
