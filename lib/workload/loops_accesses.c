/* SPDX-License-Identifier: MIT
 *
 * The hot loops of ops on some words of one object. tests/check_hot.py disassembles this file.
 */
#include "loops.h"

INLINE volatile uint64_t *word_at(uintptr_t address)
{
    return (volatile uint64_t *)address;
}

INLINE void whatif_read(uintptr_t address, uint64_t rng)
{
    (void)rng;
    (void)__atomic_load_n(word_at(address), __ATOMIC_RELAXED);
}

INLINE void whatif_store(uintptr_t address, uint64_t rng)
{
    __atomic_store_n(word_at(address), rng, __ATOMIC_RELAXED);
}

/* Several threads may write a word, so an increment may be lost, as it would be in the object that
 * is imitated; nobody looks at the sum. */
INLINE void whatif_increment(uintptr_t address, uint64_t rng)
{
    (void)rng;
    __atomic_store_n(word_at(address), __atomic_load_n(word_at(address), __ATOMIC_RELAXED) + 1,
                     __ATOMIC_RELAXED);
}

INLINE void whatif_add(uintptr_t address, uint64_t rng)
{
    (void)rng;
    __atomic_fetch_add(word_at(address), 1, __ATOMIC_ACQ_REL);
}

#define TOUCH1(OP) whatif_##OP(x0, rng)
#define TOUCH2(OP) (TOUCH1(OP), whatif_##OP(x1, rng))
#define TOUCH3(OP) (TOUCH2(OP), whatif_##OP(x2, rng))
#define TOUCH4(OP) (TOUCH3(OP), whatif_##OP(x3, rng))
#define TOUCH5(OP) (TOUCH4(OP), whatif_##OP(x4, rng))
#define TOUCH6(OP) (TOUCH5(OP), whatif_##OP(x5, rng))
#define ALL_FORMS(OP)                                                                              \
    FORMS(whatif_##OP##1, TOUCH1(OP))                                                              \
    FORMS(whatif_##OP##2, TOUCH2(OP))                                                              \
    FORMS(whatif_##OP##3, TOUCH3(OP))                                                              \
    FORMS(whatif_##OP##4, TOUCH4(OP))                                                              \
    FORMS(whatif_##OP##5, TOUCH5(OP))                                                              \
    FORMS(whatif_##OP##6, TOUCH6(OP))
ALL_FORMS(read)
ALL_FORMS(store)
ALL_FORMS(increment)
ALL_FORMS(add)

#define ROW_OF(OP, NAME, N) ROW(OP + N - 1, whatif_##NAME##N, LB_HOT_NO_LOCK, false)
#define ALL_ROWS(OP, NAME)                                                                         \
    ROW_OF(OP, NAME, 1), ROW_OF(OP, NAME, 2), ROW_OF(OP, NAME, 3), ROW_OF(OP, NAME, 4),            \
        ROW_OF(OP, NAME, 5), ROW_OF(OP, NAME, 6)
static const struct lb_hot_entry entries[] = {
    ALL_ROWS(LB_OP_WHATIF_READ, read),
    ALL_ROWS(LB_OP_WHATIF_STORE, store),
    ALL_ROWS(LB_OP_WHATIF_INCREMENT, increment),
    ALL_ROWS(LB_OP_WHATIF_ADD, add),
};
const struct lb_hot_table lb_hot_whatifs = {entries, LB_COUNT(entries)};
