/* SPDX-License-Identifier: MIT
 *
 * What a row of the table of scenarios means: who plays what, and with which layouts and locks.
 */
#include "workload_private.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *lb_touch_name(enum lb_touch touch)
{
    static const char *const names[LB_TOUCHES] = {"recycled", "first"};

    return names[touch];
}

int lb_writers_parse(const char *text, struct lb_why *why, struct lb_writers *writers)
{
    char *end;
    double n;

    errno = 0;
    n = strtod(text, &end);
    if (end == text || errno || n <= 0)
        return lb_fail(why, EINVAL, "writers '%s': a number of threads (1) or a share of ops (5%%)",
                       text);
    if (!strcmp(end, "%") && n <= 100) {
        *writers = (struct lb_writers){0, n / 100};
        return 0;
    }
    if (*end || !(n <= INT_MAX) || n != (int)n)
        return lb_fail(why, EINVAL, "writers '%s': a whole number of threads, or 0 to 100 %%",
                       text);
    *writers = (struct lb_writers){(int)n, 0};
    return 0;
}

int lb_scenario_role(const struct lb_scenario *scenario, const struct lb_writers *writers, int i,
                     int n)
{
    switch (scenario->players) {
    case LB_PLAYERS_FIRST_HALF:
        return i >= (n + 1) / 2;
    case LB_PLAYERS_ALL_BUT_LAST:
        return i >= n - 1;
    case LB_PLAYERS_ALL_BUT_WRITERS:
        return i >= n - writers->threads;
    default:
        return 0;
    }
}

enum lb_op lb_scenario_op(const struct lb_scenario *scenario, const struct lb_writers *writers,
                          int i, int n)
{
    if (lb_scenario_has_writers(scenario) && !writers->threads)
        return LB_OP_MIX;
    return scenario->roles[lb_scenario_role(scenario, writers, i, n)].op;
}

static bool has_op(const struct lb_scenario *scenario, enum lb_op op)
{
    for (int i = 0; i < scenario->n_roles; i++)
        if (scenario->roles[i].op == op)
            return true;
    return false;
}

/* Whether the layout says what the roles write that write fields, and what the others load. */
static bool has_fields(const struct lb_scenario *scenario, const struct lb_layout *layout)
{
    uint16_t words[LB_LOADS];
    enum lb_how how;

    for (int i = 0; i < scenario->n_roles; i++)
        if (lb_op_takes_words(scenario->roles[i].op)
                ? !lb_layout_writes(layout, i, words, &how) && !layout->taken
                : scenario->roles[i].op == LB_OP_OBSERVE && !lb_layout_loads(layout, i, words))
            return false;
    return true;
}

bool lb_scenario_locks(const struct lb_scenario *scenario)
{
    for (int i = 0; scenario->subject->uses_layout && i < scenario->n_roles; i++)
        if (scenario->roles[i].op != LB_OP_OBSERVE && !lb_op_takes_words(scenario->roles[i].op))
            return true;
    return scenario->uses_lock;
}

bool lb_workload_locks(const struct lb_workload *s)
{
    return lb_scenario_locks(s->scenario) ||
           (s->scenario->by_structure && s->layout && s->layout->taken);
}

bool lb_workload_has_generation(const struct lb_workload *s)
{
    return s->scenario->subject->uses_layout && lb_workload_locks(s) &&
           !lb_scenario_churns(s->scenario);
}

/* An op on words, as many and in the way that the layout says for the role. */
static enum lb_op words_op(const struct lb_layout *l, int role)
{
    static const enum lb_op ops[LB_HOWS] = {[LB_HOW_LOAD] = LB_OP_LOAD,
                                            [LB_HOW_STORE] = LB_OP_STORE,
                                            [LB_HOW_INCREMENT] = LB_OP_INCREMENT,
                                            [LB_HOW_ADD] = LB_OP_ADD,
                                            [LB_HOW_CAS] = LB_OP_CAS};
    uint16_t words[LB_WRITES_MOST];
    enum lb_how how = LB_HOW_STORE;
    size_t n = lb_layout_writes(l, role, words, &how);

    return ops[how] + (enum lb_op)(n ? n - 1 : 0);
}

/* How a lock of that kind is taken. */
static enum lb_op lock_op(enum lb_how how, enum lb_lock_kind lock)
{
    bool share = how == LB_HOW_SHARE || (how == LB_HOW_TAKE && lb_lock_info(lock)->counted);

    return share ? LB_OP_SHARE : LB_OP_TAKE;
}

enum lb_op lb_role_op(const struct lb_scenario *s, const struct lb_layout *l,
                      enum lb_lock_kind lock, int role)
{
    enum lb_op op = s->roles[role].op;

    if (!l || !lb_op_takes_words(op))
        return op;
    return l->taken ? lock_op(l->taken, lock) : words_op(l, role);
}

/* A loop for every role. */
static int has_loops(const struct lb_scenario *scenario, const struct lb_layout *layout,
                     enum lb_lock_kind lock, struct lb_why *why)
{
    bool indirect = layout && layout->separate;

    for (int i = 0; i < scenario->n_roles; i++)
        if (!lb_hot_find(lb_role_op(scenario, layout, lock, i), lock, indirect, true))
            return lb_fail(why, EINVAL, "%s with lock %s: its role %s has no loop for that",
                           scenario->name, lb_lock_info(lock)->name, scenario->roles[i].name);
    return 0;
}

/* Why a kind cannot be taken so; NULL: it can. */
static const char *no_way(enum lb_how how, const struct lb_lock_info *info)
{
    bool lock = how == LB_HOW_LOCK && !info->plain_writers && !info->lockless_reads;

    if (how == LB_HOW_SHARE && info->lockless_reads)
        return "its readers take nothing";
    return !lock             ? NULL
           : !info->excludes ? "it has no write side"
                             : "its writers need the address space's lock: see mixed";
}

int lb_scenario_allows(const struct lb_scenario *scenario, const struct lb_layout *layout,
                       enum lb_lock_kind lock, struct lb_why *why)
{
    const struct lb_lock_info *info = lb_lock_info(lock);

    if (scenario->subject->uses_words && scenario->uses_lock && !info->plain_writers)
        return lb_fail(why, EINVAL, "%s with lock %s: %s", scenario->name, info->name,
                       info->excludes ? "its writers come one at a time under another lock"
                                      : "it has no write side");
    if (!scenario->subject->uses_layout)
        return has_loops(scenario, NULL, lock, why);
    if (!has_fields(scenario, layout))
        return lb_fail(why, EINVAL, "%s with layout %s: which fields are read, and which written?",
                       scenario->name, layout->name);
    /* A sequence count's writers need any lock, or nobody else. */
    bool alone = info->lockless_reads && scenario->objects == LB_OBJECTS_APART;
    if (has_op(scenario, LB_OP_WRITER) && !info->plain_writers && !alone)
        return lb_fail(why, EINVAL, "%s with lock %s: %s", scenario->name, info->name,
                       info->excludes ? "its writers need the address space's lock: see mixed"
                                      : "it has no write side");
    if (has_op(scenario, LB_OP_WRITE) && layout->seq_offset < 0)
        return lb_fail(why, EINVAL,
                       "%s with layout %s: it has no sequence number for writers to store: name "
                       "one by seq=",
                       scenario->name, layout->name);
    if (has_op(scenario, LB_OP_WRITE) && !info->excludes)
        return lb_fail(why, EINVAL, "%s with lock %s: it has no write side", scenario->name,
                       info->name);
    const char *no = scenario->by_structure ? no_way(layout->taken, info) : NULL;
    if (no)
        return lb_fail(why, EINVAL, "%s with lock %s: %s", scenario->name, info->name, no);
    int err = lb_layout_allows(layout, lock, why);
    return err ? err : has_loops(scenario, layout, lock, why);
}

bool lb_scenario_blocks(const struct lb_scenario *scenario, enum lb_lock_kind lock)
{
    bool shares_object = scenario->objects == LB_OBJECTS_ONE ||
                         scenario->objects == LB_OBJECTS_TWO ||
                         scenario->objects == LB_OBJECTS_PICKED;

    return scenario->blocks ||
           (shares_object && lb_scenario_locks(scenario) && lb_lock_info(lock)->sleeps_in_read);
}

/* Spinlocks do not sleep, but a holder that was interrupted holds up the others as long. */
bool lb_workload_blocks(const struct lb_workload *s)
{
    bool taken = s->scenario->by_structure && s->layout && s->layout->taken;
    enum lb_op op = taken ? lb_role_op(s->scenario, s->layout, s->lock, 1) : LB_OP_EMPTY;

    return lb_scenario_blocks(s->scenario, s->lock) || op == LB_OP_TAKE ||
           (op == LB_OP_SHARE && lb_lock_info(s->lock)->sleeps_in_read);
}
