/* SPDX-License-Identifier: MIT
 *
 * What lines cost between two workers: fetched by loads, one, two at once and one after the other,
 * and upgraded.
 */
#include "crew_private.h"

#include <math.h>

/* clang-format off */
const struct lb_cost_columns lb_cost_columns[LB_COSTS] = {
#define ROW(COST, SAMPLE, MEANING, SUMMARY) [LB_COST_##COST] = {SAMPLE, SUMMARY},
    LB_COST_LIST(ROW)
#undef ROW
};
/* clang-format on */

const char *lb_handover_name(enum lb_handover handover)
{
    static const char *const names[] = {NULL, "plain", "migratory"};

    return names[handover];
}

double lb_handover_ratio(double fetch_load_ns, double reload_ns)
{
    return fetch_load_ns > 0 ? (fetch_load_ns + reload_ns) / fetch_load_ns : NAN;
}

enum lb_handover lb_handover_of(double ratio)
{
    return fabs(ratio - 1) <= LB_HANDOVER_APART   ? LB_HANDOVER_PLAIN
           : fabs(ratio - 2) <= LB_HANDOVER_APART ? LB_HANDOVER_MIGRATORY
                                                  : LB_HANDOVER_UNKNOWN;
}

/* Which lines a measure has, and what is timed on them. */
struct part {
    enum lb_op op;
    const uintptr_t *lines; /* LB_COST_REPEATS, or twice that: first ones, then second ones */
    bool pairs;
};

static struct part part_of(const struct lb_command *c, enum lb_cost cost)
{
    static const struct {
        enum lb_op op;
        int place; /* of its lines among all, in LB_COST_REPEATS */
        bool pairs;
    } parts[LB_COSTS] = {
        [LB_COST_LOAD] = {LB_OP_LOAD, 0, false},   [LB_COST_RELOAD] = {LB_OP_LOAD, 1, false},
        [LB_COST_UPGRADE] = {LB_OP_ADD, 1, false}, [LB_COST_TWO] = {LB_OP_LOAD + 1, 2, true},
        [LB_COST_CHAIN] = {LB_OP_CHASE, 4, true},
    };
    const uintptr_t *first = c->lines + c->n_lines + c->n_fetch + 1;

    return (struct part){parts[cost].op, first + parts[cost].place * LB_COST_REPEATS,
                         parts[cost].pairs};
}

/* The op of a part once on each of its lines, and what is in the middle of that. */
static double time_part(struct lb_worker *w, const struct part *p)
{
    lb_hot_timed *op = lb_hot_timed_find(p->op, LB_LOCK_RWSEM40, false);
    struct lb_program program = lb_program_of_word;
    double ticks[LB_COST_REPEATS];
    uint64_t rng = lb_clock_now(&w->crew->clock) | 1;

    for (int i = 0; i < LB_COST_REPEATS; i++) {
        lb_crew_dither(w->crew, &rng);
        uintptr_t one = p->lines[i], other = p->pairs ? p->lines[LB_COST_REPEATS + i] : one;
        bool swap = p->op == LB_OP_LOAD + 1 && other < one;
        program.write[1] = (uint32_t)(swap ? one - other : other - one);
        ticks[i] =
            (double)op(1, w->task, swap ? other : one, (uintptr_t)&program, 0, 0, 0, 0).ticks;
    }
    return lb_middle_mean(ticks, LB_COST_REPEATS);
}

/* Once on lines that the other has had, and again when they are this worker's own. */
static void time_both(struct lb_worker *w, const struct lb_command *c, enum lb_cost cost)
{
    struct part p = part_of(c, cost);
    double fetched = time_part(w, &p);

    w->slot->cost_ticks[cost] = fetched - time_part(w, &p);
}

/* All but those that are upgraded, which come before the pairs. */
static void modify(const struct lb_command *c)
{
    struct part load = part_of(c, LB_COST_LOAD), two = part_of(c, LB_COST_TWO);
    struct part chain = part_of(c, LB_COST_CHAIN);

    for (int i = 0; i < LB_COST_REPEATS; i++) {
        __atomic_store_n((uint64_t *)load.lines[i], 1, __ATOMIC_RELAXED);
        __atomic_store_n((uint64_t *)chain.lines[i], chain.lines[LB_COST_REPEATS + i],
                         __ATOMIC_RELAXED);
        __atomic_store_n((uint64_t *)chain.lines[LB_COST_REPEATS + i], 1, __ATOMIC_RELAXED);
    }
    for (int i = 0; i < 2 * LB_COST_REPEATS; i++)
        __atomic_store_n((uint64_t *)two.lines[i], 1, __ATOMIC_RELAXED);
}

/* What the flag says was done last. */
enum { MODIFIED = 1, TO_BE_LOADED, LOADED };

static void play_other(const struct lb_command *c, uint64_t *flag, const struct lb_limit *limit)
{
    struct part upgrade = part_of(c, LB_COST_UPGRADE);

    modify(c);
    __atomic_store_n(flag, MODIFIED, __ATOMIC_RELEASE);
    if (!lb_wait_load(flag, TO_BE_LOADED, limit))
        return;
    for (int i = 0; i < LB_COST_REPEATS; i++)
        (void)__atomic_load_n((volatile uint64_t *)upgrade.lines[i], __ATOMIC_ACQUIRE);
    __atomic_store_n(flag, LOADED, __ATOMIC_RELEASE);
}

void lb_worker_costs(struct lb_worker *w, const struct lb_command *c, uint64_t start)
{
    const struct lb_limit limit = {&w->crew->clock, start + c->most_ticks};
    struct part upgrade = part_of(c, LB_COST_UPGRADE);
    uint64_t *flag = (uint64_t *)c->lines[c->n_lines + c->n_fetch];

    if (w->index == c->worker_b) {
        play_other(c, flag, &limit);
        return;
    }
    for (int i = 0; i < LB_COSTS; i++)
        w->slot->cost_ticks[i] = NAN;
    if (!lb_wait_load(flag, MODIFIED, &limit))
        return;
    time_both(w, c, LB_COST_LOAD);
    time_both(w, c, LB_COST_TWO);
    time_both(w, c, LB_COST_CHAIN);
    for (int i = 0; i < LB_COST_REPEATS; i++)
        __atomic_add_fetch((uint64_t *)upgrade.lines[i], 1, __ATOMIC_RELAXED);
    __atomic_store_n(flag, TO_BE_LOADED, __ATOMIC_RELEASE);
    if (!lb_wait_load(flag, LOADED, &limit))
        return;
    time_both(w, c, LB_COST_RELOAD);
    time_both(w, c, LB_COST_UPGRADE);
}
