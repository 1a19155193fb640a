/* SPDX-License-Identifier: MIT
 *
 * The hot loops of ops on words of several threads.
 */
#include "loops.h"
#include "lock/lock_private.h"

INLINE uint64_t load(uintptr_t address)
{
    return __atomic_load_n(word_at(address), __ATOMIC_RELAXED);
}

INLINE void store(uintptr_t address, uint64_t value)
{
    __atomic_store_n(word_at(address), value, __ATOMIC_RELAXED);
}

/* The second load cannot begin before the first is done. */
INLINE void chase(uintptr_t address)
{
    (void)load((uintptr_t)load(address));
}
FORMS(chase, chase(x0))

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

static const struct lb_hot_entry entries[] = {
    ROW(LB_OP_CHASE, chase, LB_HOT_NO_LOCK, false),
    ROW(LB_OP_SUM, sum, LB_HOT_NO_LOCK, false),
    ROW(LB_OP_PUSH, push, LB_HOT_NO_LOCK, false),
    ROW(LB_OP_POP, pop, LB_HOT_NO_LOCK, false),
};
const struct lb_hot_table lb_hot_words = {entries, LB_COUNT(entries)};
