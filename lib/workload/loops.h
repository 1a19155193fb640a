/* SPDX-License-Identifier: MIT
 *
 * What the files of hot loops share: the pause, the stamps, and the forms of a loop. A file has
 * bodies, FORMS of them and a table of ROWs; loops.c looks in all tables.
 *
 * All words that anybody writes go through relaxed or stronger atomics: a data race is a bug even
 * when it measures well.
 */
#ifndef LB_LOOPS_H
#define LB_LOOPS_H

#include "lock/built_twice.h"

#include <linebounce/op.h>

#define INLINE static inline __attribute__((always_inline))
/* 64 keeps the loop head at the same place of a fetch block in every build. */
#define HOT __attribute__((noinline, aligned(64)))

/* The pause's chain: each multiplication waits for the one before (3 cycles on every core of the
 * last ten years); the counter runs ahead, so its last branch is known long before the chain ends.
 */
INLINE void chain(uint64_t n)
{
    uint64_t value = n;
#if defined(__x86_64__)
    __asm__ __volatile__(".p2align 4\n"
                         "1:\n\t"
                         "imulq %1, %1\n\t"
                         "decq %0\n\t"
                         "jnz 1b"
                         : "+r"(n), "+r"(value)
                         :
                         : "cc");
#elif defined(__aarch64__)
    __asm__ __volatile__("1:\n\t"
                         "mul %1, %1, %1\n\t"
                         "subs %0, %0, #1\n\t"
                         "b.ne 1b"
                         : "+r"(n), "+r"(value)
                         :
                         : "cc");
#else
    for (; n; n--) {
        value *= value;
        __asm__ __volatile__("" : "+r"(value));
    }
#endif
}

/* N multiplications as in the pause's chain, without a loop around them. */
#if defined(__x86_64__)
#define MULTIPLY(VALUE, N)                                                                         \
    __asm__ __volatile__(".rept %c1\n\timulq %0, %0\n\t.endr" : "+r"(VALUE) : "i"(N) : "cc")
#elif defined(__aarch64__)
#define MULTIPLY(VALUE, N)                                                                         \
    __asm__ __volatile__(".rept %c1\n\tmul %0, %0, %0\n\t.endr" : "+r"(VALUE) : "i"(N))
#else
#define MULTIPLY(VALUE, N)                                                                         \
    do {                                                                                           \
        for (int k = 0; k < (N); k++) {                                                            \
            VALUE *= VALUE;                                                                        \
            __asm__ __volatile__("" : "+r"(VALUE));                                                \
        }                                                                                          \
    } while (0)
#endif

/* Nothing of the op may overlap with the pause, and nothing of the pause with the next op, but
 * plain stores: they leave the store buffer during the pause, on Arm as on x86. A full dsb would
 * wait for them, and the next op would pay on the one what it does not pay on the other. */
INLINE void barrier(void)
{
#if defined(__x86_64__)
    __asm__ __volatile__("lfence" ::: "memory");
#elif defined(__aarch64__)
    __asm__ __volatile__("dsb ishld\n\tisb" ::: "memory");
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* xorshift64 (Marsaglia 2003, triple 13, 7, 17): no constant to hold in a register. */
INLINE uint64_t next(uint64_t rng)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return rng;
}

/* span / 2 + a uniform draw below span: +-50 % around span. As one product, since span / 2 beside
 * span would take a register that the loops do not have. It is drawn behind the first barrier:
 * before it the draw would go beside an op, but stand alone where there is none, and `empty` would
 * cost a dozen cycles that no op costs. */
INLINE uint64_t pause_for(uint64_t rng, uint64_t span)
{
    barrier();
    /* Or a compiler draws before the barrier, which holds memory and no registers. */
    __asm__ __volatile__("" : "+r"(rng));
    rng = next(rng);
    chain((((rng >> 33) + (UINT64_C(1) << 30)) * span) >> 31);
    barrier();
    return rng;
}

#define UNUSED_ALL (void)me, (void)x0, (void)x1, (void)x2, (void)x3, (void)x4, (void)x5

/* Whether this machine has a stamp that can be ordered. */
#if defined(__x86_64__) || defined(__aarch64__)
#define STAMPS 1
#else
#define STAMPS 0
#endif

#if STAMPS
/* The counter of lb_clock_raw, read when all loads before it are done and before anything behind it
 * begins. Plain stores may still sit in the store buffer: neither side waits for them. x86's locked
 * changes complete with their line, and with the stores before them in it, so rdtscp waits for
 * those. Arm's isb alone does not wait for data; dsb ishld does, for loads and so for atomics that
 * give back a value, but not for stores. A full dsb would wait for what rdtscp leaves buffered.
 * x86's halves are joined before the fence, so that the op begins right behind it. */
INLINE uint64_t stamp(void)
{
    uint64_t ticks;
#if defined(__x86_64__)
    __asm__ __volatile__("rdtscp\n\t"
                         "shlq $32, %%rdx\n\t"
                         "orq %%rdx, %0\n\t"
                         "lfence"
                         : "=a"(ticks)
                         :
                         : "rcx", "rdx", "cc", "memory");
#else
    __asm__ __volatile__("dsb ishld\n\t"
                         "isb\n\t"
                         "mrs %0, cntvct_el0\n\t"
                         "isb"
                         : "=r"(ticks)
                         :
                         : "memory");
#endif
    return ticks;
}

/* BODY once between two stamps. What came on the stack is loaded before the first. */
#define TIMED(NAME, BODY)                                                                          \
    static HOT struct lb_timed hot_##NAME##_timed(uint64_t rng, struct lb_task *me, uintptr_t x0,  \
                                                  uintptr_t x1, uintptr_t x2, uintptr_t x3,        \
                                                  uintptr_t x4, uintptr_t x5)                      \
    {                                                                                              \
        UNUSED_ALL;                                                                                \
        __asm__ __volatile__("" : "+r"(x4), "+r"(x5));                                             \
        const uint64_t start = stamp();                                                            \
        BODY;                                                                                      \
        return (struct lb_timed){rng, stamp() - start};                                            \
    }
#define TIMED_NAMED(NAME) hot_##NAME##_timed
#else
#define TIMED(NAME, BODY)
#define TIMED_NAMED(NAME) NULL
#endif

/* A loop around BODY in its two forms, and BODY timed. BODY may use rng (advanced where the op
 * draws). The pause goes before the op: where the loop ends, the processor has already guessed that
 * it goes on, and what it then runs ahead into has to be the barrier. After the pause it would be
 * the next op's loads, and the line would lie ready for whoever comes next: for inline locks, but
 * not for those behind a pointer (seen: 27 % of such ops waited for a line instead of 92 %). */
#define FORMS(NAME, BODY)                                                                          \
    static HOT uint64_t hot_##NAME##_paused(                                                       \
        uint64_t ops, uint64_t rng, uint64_t span, struct lb_task *me, uintptr_t x0, uintptr_t x1, \
        uintptr_t x2, uintptr_t x3, uintptr_t x4, uintptr_t x5)                                    \
    {                                                                                              \
        (void)span, UNUSED_ALL;                                                                    \
        do {                                                                                       \
            rng = pause_for(rng, span);                                                            \
            BODY;                                                                                  \
        } while (--ops);                                                                           \
        return rng;                                                                                \
    }                                                                                              \
    static HOT uint64_t hot_##NAME##_saturated(                                                    \
        uint64_t ops, uint64_t rng, uint64_t span, struct lb_task *me, uintptr_t x0, uintptr_t x1, \
        uintptr_t x2, uintptr_t x3, uintptr_t x4, uintptr_t x5)                                    \
    {                                                                                              \
        (void)span, UNUSED_ALL;                                                                    \
        do {                                                                                       \
            BODY;                                                                                  \
            __asm__ __volatile__("" ::: "memory");                                                 \
        } while (--ops);                                                                           \
        return rng;                                                                                \
    }                                                                                              \
    TIMED(NAME, BODY)

/* Volatile: gcc would read the offsets once and keep the sums on the stack. */
typedef const volatile struct lb_program *program;

/* What a role reads of its object: layout.h names the fields. Atomic, since another role may write
 * one; volatile keeps them although nobody uses the value. */
INLINE void load_fields(uintptr_t object, program p)
{
#pragma GCC unroll 16
    for (int k = 0; k < LB_LOADS; k++)
        (void)__atomic_load_n((const volatile uint32_t *)(object + p->load[k]), __ATOMIC_RELAXED);
}

INLINE volatile uint64_t *word_at(uintptr_t address)
{
    return (volatile uint64_t *)address;
}

/* Where the lock lies in its object, of the word that holds both offsets. Unpacked in every op,
 * which waits for nothing: compilers would do it once and keep the halves on the stack. */
INLINE uintptr_t lock_of(uintptr_t where)
{
    __asm__ __volatile__("" : "+r"(where));
    return where >> 16;
}

/* The lock of a row whose ops use none (whatever `indirect`), or any kind. */
#define LB_HOT_NO_LOCK  (-1)
#define LB_HOT_ANY_LOCK (-2)

/* Where every function is found. */
struct lb_hot_entry {
    enum lb_op op;
    unsigned rules; /* bit r: it is what enum lb_rules r asks for */
    int lock;
    bool indirect;
    lb_hot *loops[2]; /* paused, saturated */
    lb_hot_timed *timed;
    const char *names[2], *timed_name;
};

#define RULES(R)  (1u << LB_RULES_##R)
#define ALL_RULES ((1u << LB_RULES) - 1)
#define ROW_BY(BY, OP, NAME, LOCK, SEPARATE)                                                       \
    {                                                                                              \
        OP, BY, LOCK, SEPARATE, {hot_##NAME##_paused, hot_##NAME##_saturated}, TIMED_NAMED(NAME),  \
            {"hot_" #NAME "_paused", "hot_" #NAME "_saturated"}, "hot_" #NAME "_timed"             \
    }
#define ROW(OP, NAME, LOCK, SEPARATE) ROW_BY(ALL_RULES, OP, NAME, LOCK, SEPARATE)
#define ROWS_BY(BY, OP, OPNAME, K, LOCK)                                                           \
    ROW_BY(BY, OP, OPNAME##_##K##_inline, LOCK, false),                                            \
        ROW_BY(BY, OP, OPNAME##_##K##_indirect, LOCK, true)
#define ROWS_AT(OP, OPNAME, K, LOCK)                                                               \
    ROW(OP, OPNAME##_##K##_inline, LOCK, false), ROW(OP, OPNAME##_##K##_indirect, LOCK, true)

/* A file's table. */
struct lb_hot_table {
    const struct lb_hot_entry *entries;
    size_t n;
};
extern const struct lb_hot_table lb_hot_objects LB_TWICE(lb_hot_objects);     /* loops_objects.c */
extern const struct lb_hot_table lb_hot_straights LB_TWICE(lb_hot_straights); /* loops_straight.c */
extern const struct lb_hot_table lb_hot_accesses LB_TWICE(lb_hot_accesses);   /* loops_accesses.c */
extern const struct lb_hot_table lb_hot_words LB_TWICE(lb_hot_words);         /* loops_words.c */
extern const struct lb_hot_table lb_hot_churns LB_TWICE(lb_hot_churns);       /* loops_churn.c */
extern const struct lb_hot_table lb_hot_faults LB_TWICE(lb_hot_faults);       /* loops_pages.c */

#endif
