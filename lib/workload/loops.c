/* SPDX-License-Identifier: MIT
 *
 * Where a hot loop is found, of the build that was chosen. This file belongs to the build without
 * LSE, or the names below would mean the other one.
 */
#include "loops.h"
#include "lock/built_twice.h"

#include <linebounce/atomics.h>

#if LB_BUILT_TWICE && defined(__ARM_FEATURE_ATOMICS)
#error "loops.c is to be built without LSE"
#endif

const struct lb_program lb_program_of_word = {.load = {0}};

__attribute__((noinline)) void lb_chain(uint64_t iterations)
{
    chain(iterations ? iterations : 1);
}

enum { TABLES = 6 };

#define TABLES_OF(S)                                                                               \
    {                                                                                              \
        &lb_hot_objects##S, &lb_hot_straights##S, &lb_hot_accesses##S, &lb_hot_words##S,           \
            &lb_hot_churns##S, &lb_hot_faults##S                                                   \
    }
static const struct lb_hot_table *const first_build[TABLES] = TABLES_OF();

#if LB_BUILT_TWICE
extern const struct lb_hot_table lb_hot_objects_lse, lb_hot_straights_lse, lb_hot_accesses_lse,
    lb_hot_words_lse, lb_hot_churns_lse, lb_hot_faults_lse;
static const struct lb_hot_table *const lse_build[TABLES] = TABLES_OF(_lse);
#endif

static const struct lb_hot_table *const *of_build(void)
{
#if LB_BUILT_TWICE
    if (lb_atomics() == LB_ATOMICS_LSE)
        return lse_build;
#endif
    return first_build;
}

/* The entry at a position over all tables. */
static const struct lb_hot_entry *entry_at(size_t index)
{
    const struct lb_hot_table *const *tables = of_build();

    for (size_t t = 0; t < TABLES; t++) {
        if (index < tables[t]->n)
            return &tables[t]->entries[index];
        index -= tables[t]->n;
    }
    return NULL;
}

static const struct lb_hot_entry *find(enum lb_rules rules, enum lb_op op, enum lb_lock_kind lock,
                                       bool indirect)
{
    const struct lb_hot_entry *e;

    for (size_t i = 0; (e = entry_at(i)); i++)
        if (e->op == op && e->rules & (1u << rules) &&
            (e->lock == LB_HOT_NO_LOCK ||
             ((e->lock == LB_HOT_ANY_LOCK || e->lock == (int)lock) && e->indirect == indirect)))
            return e;
    return NULL;
}

lb_hot *lb_hot_find_by(enum lb_rules rules, enum lb_op op, enum lb_lock_kind lock, bool indirect,
                       bool paused)
{
    const struct lb_hot_entry *e = find(rules, op, lock, indirect);

    return e ? e->loops[paused ? 0 : 1] : NULL;
}

lb_hot *lb_hot_find(enum lb_op op, enum lb_lock_kind lock, bool indirect, bool paused)
{
    return lb_hot_find_by(LB_RULES_PLAIN, op, lock, indirect, paused);
}

const char *lb_hot_name(size_t index)
{
    const struct lb_hot_entry *e = entry_at(index / 2);

    return e ? e->names[index % 2] : NULL;
}

lb_hot_timed *lb_hot_timed_find_by(enum lb_rules rules, enum lb_op op, enum lb_lock_kind lock,
                                   bool indirect)
{
    const struct lb_hot_entry *e = find(rules, op, lock, indirect);

    return e ? e->timed : NULL;
}

lb_hot_timed *lb_hot_timed_find(enum lb_op op, enum lb_lock_kind lock, bool indirect)
{
    return lb_hot_timed_find_by(LB_RULES_PLAIN, op, lock, indirect);
}

const char *lb_hot_timed_name(size_t index)
{
    const struct lb_hot_entry *e = entry_at(index);

    return STAMPS && e ? e->timed_name : NULL;
}
