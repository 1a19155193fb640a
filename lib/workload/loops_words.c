/* SPDX-License-Identifier: MIT
 *
 * The hot loops of ops on words. tests/check_hot.py disassembles this file.
 */
#include "loops.h"
#include "lock/fast_paths.h"

INLINE volatile uint64_t *word_at(uintptr_t address)
{
    return (volatile uint64_t *)address;
}

INLINE uint64_t load(uintptr_t address)
{
    return __atomic_load_n(word_at(address), __ATOMIC_RELAXED);
}

INLINE void store(uintptr_t address, uint64_t value)
{
    __atomic_store_n(word_at(address), value, __ATOMIC_RELAXED);
}

FORMS(store, store(x0, rng))
FORMS(load, (void)load(x0))
FORMS(increment, store(x0, load(x0) + 1))

/* Nobody else writes the word, so the swap succeeds; the load is part of the op, as in a loop that
 * would try again. */
#define SWAP_BODY                                                                                  \
    do {                                                                                           \
        uint64_t seen = load(x0);                                                                  \
        __atomic_compare_exchange_n(word_at(x0), &seen, seen + 1, false, __ATOMIC_ACQ_REL,         \
                                    __ATOMIC_RELAXED);                                             \
    } while (0)
FORMS(cas, SWAP_BODY)

/* The words of the other threads, one after the other: `bytes` apart, at least one. */
INLINE void sum(uintptr_t address, uintptr_t bytes, uintptr_t words)
{
    uint64_t total = 0;

    do {
        total += load(address);
        address += bytes;
    } while (--words);
    __asm__ __volatile__("" : : "r"(total));
}
FORMS(sum, sum(x0, x1, x2))

/* The ring stayed full, or empty: its other thread has stopped, or was kept off its CPU. */
static __attribute__((noinline, cold)) void give_up(struct lb_task *me)
{
    me->stats.fallbacks++;
}

/* Whether the ring's other index lets us go on, after looking so often that it will not. */
#define WAIT_WHILE(CONDITION)                                                                      \
    unsigned tries = LB_RING_TRIES;                                                                \
    while ((CONDITION) && --tries)                                                                 \
        ;                                                                                          \
    if (__builtin_expect(!tries, 0)) {                                                             \
        give_up(me);                                                                               \
        return;                                                                                    \
    }

/* A queue of one writer and one reader as Lamport wrote it (1983), without copies of the other's
 * index: where the two lie is the question. */
INLINE void push(uintptr_t head_at, uintptr_t tail_at, uintptr_t slots, struct lb_task *me)
{
    uint64_t head = load(head_at);

    WAIT_WHILE(head - __atomic_load_n(word_at(tail_at), __ATOMIC_ACQUIRE) == LB_RING_SLOTS)
    store(slots + head % LB_RING_SLOTS * sizeof(uint64_t), head);
    __atomic_store_n(word_at(head_at), head + 1, __ATOMIC_RELEASE);
}
FORMS(push, push(x0, x1, x2, me))

INLINE void pop(uintptr_t head_at, uintptr_t tail_at, uintptr_t slots, struct lb_task *me)
{
    uint64_t tail = load(tail_at);

    WAIT_WHILE(__atomic_load_n(word_at(head_at), __ATOMIC_ACQUIRE) == tail)
    uint64_t value = load(slots + tail % LB_RING_SLOTS * sizeof(uint64_t));
    __asm__ __volatile__("" : : "r"(value));
    __atomic_store_n(word_at(tail_at), tail + 1, __ATOMIC_RELEASE);
}
FORMS(pop, pop(x0, x1, x2, me))

/* Two words, as a length and a pointer beside a mutex. */
#define GUARDED_BODY(K)                                                                            \
    do {                                                                                           \
        lb_##K##_write((void *)x3, me, NULL);                                                      \
        store(x0, load(x0) + 1);                                                                   \
        store(x0 + sizeof(uint64_t), load(x0 + sizeof(uint64_t)) + 1);                             \
        lb_##K##_write_unlock((void *)x3, me, NULL);                                               \
    } while (0)
FORMS(guarded_rwsem40, GUARDED_BODY(rwsem40))
FORMS(guarded_rwsem32, GUARDED_BODY(rwsem32))
FORMS(guarded_pthread_rwlock, GUARDED_BODY(pthread_rwlock))
FORMS(guarded_pthread_mutex, GUARDED_BODY(pthread_mutex))

static const struct lb_hot_entry entries[] = {
    ROW(LB_OP_STORE, store, -1, false),
    ROW(LB_OP_LOAD, load, -1, false),
    ROW(LB_OP_INCREMENT, increment, -1, false),
    ROW(LB_OP_CAS, cas, -1, false),
    ROW(LB_OP_SUM, sum, -1, false),
    ROW(LB_OP_PUSH, push, -1, false),
    ROW(LB_OP_POP, pop, -1, false),
    ROW(LB_OP_GUARDED, guarded_rwsem40, LB_LOCK_RWSEM40, false),
    ROW(LB_OP_GUARDED, guarded_rwsem32, LB_LOCK_RWSEM32, false),
    ROW(LB_OP_GUARDED, guarded_pthread_rwlock, LB_LOCK_PTHREAD_RWLOCK, false),
    ROW(LB_OP_GUARDED, guarded_pthread_mutex, LB_LOCK_PTHREAD_MUTEX, false),
};
const struct lb_hot_table lb_hot_words = {entries, LB_COUNT(entries)};
