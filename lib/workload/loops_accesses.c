/* SPDX-License-Identifier: MIT
 *
 * The hot loops of ops that access words of an object and take no lock.
 */
#include "loops.h"

INLINE void load_word(uintptr_t address, uint64_t rng)
{
    (void)rng;
    (void)__atomic_load_n(word_at(address), __ATOMIC_RELAXED);
}

INLINE void store_word(uintptr_t address, uint64_t rng)
{
    __atomic_store_n(word_at(address), rng, __ATOMIC_RELAXED);
}

/* Several threads may write a word, so an increment may be lost, as it would be in the object that
 * is imitated; nobody looks at the sum. */
INLINE void increment_word(uintptr_t address, uint64_t rng)
{
    (void)rng;
    __atomic_store_n(word_at(address), __atomic_load_n(word_at(address), __ATOMIC_RELAXED) + 1,
                     __ATOMIC_RELAXED);
}

INLINE void add_word(uintptr_t address, uint64_t rng)
{
    (void)rng;
    __atomic_fetch_add(word_at(address), 1, __ATOMIC_ACQ_REL);
}

/* The load is part of the op, as in a loop that would try again. */
INLINE void cas_word(uintptr_t address, uint64_t rng)
{
    uint64_t seen = __atomic_load_n(word_at(address), __ATOMIC_RELAXED);

    (void)rng;
    __atomic_compare_exchange_n(word_at(address), &seen, seen + 1, false, __ATOMIC_ACQ_REL,
                                __ATOMIC_RELAXED);
}

#define WORDS1(HOW) HOW##_word(x0 + ((program)x1)->write[0], rng)
#define WORDS2(HOW) (WORDS1(HOW), HOW##_word(x0 + ((program)x1)->write[1], rng))
#define WORDS3(HOW) (WORDS2(HOW), HOW##_word(x0 + ((program)x1)->write[2], rng))
#define WORDS4(HOW) (WORDS3(HOW), HOW##_word(x0 + ((program)x1)->write[3], rng))
#define ALL_FORMS(HOW)                                                                             \
    FORMS(HOW##1, WORDS1(HOW))                                                                     \
    FORMS(HOW##2, WORDS2(HOW))                                                                     \
    FORMS(HOW##3, WORDS3(HOW))                                                                     \
    FORMS(HOW##4, WORDS4(HOW))
ALL_FORMS(load)
ALL_FORMS(store)
ALL_FORMS(increment)
ALL_FORMS(add)
ALL_FORMS(cas)
FORMS(observe, load_fields(x0, (program)x1))

#define ROW_OF(OP, HOW, N) ROW(OP + N - 1, HOW##N, LB_HOT_NO_LOCK, false)
#define ALL_ROWS(OP, HOW)                                                                          \
    ROW_OF(OP, HOW, 1), ROW_OF(OP, HOW, 2), ROW_OF(OP, HOW, 3), ROW_OF(OP, HOW, 4)
static const struct lb_hot_entry entries[] = {
    ROW(LB_OP_OBSERVE, observe, LB_HOT_NO_LOCK, false),
    ALL_ROWS(LB_OP_LOAD, load),
    ALL_ROWS(LB_OP_STORE, store),
    ALL_ROWS(LB_OP_INCREMENT, increment),
    ALL_ROWS(LB_OP_ADD, add),
    ALL_ROWS(LB_OP_CAS, cas),
};
const struct lb_hot_table lb_hot_accesses = {entries, LB_COUNT(entries)};
