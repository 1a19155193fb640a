/* SPDX-License-Identifier: MIT
 *
 * The words of an op with their addresses.
 */
#include "op_words.h"

static void add_word(struct lb_op_words *op, const char *name, uintptr_t address, bool writes,
                     bool loads)
{
    op->at[op->n++] = (struct lb_op_word){name, address / LB_LINE_BYTES, writes, loads, false};
}

/* The kernel's try-locks and references load the count and swap it; other readers add at once, and
 * those of locked_adds do nothing else. */
static bool swaps_count(const struct lb_lock_info *info)
{
    return info->vma_protocol ? info->excludes : info->counted;
}

static void add_lock(const struct lb_layout *l, enum lb_lock_kind lock, const struct lb_op_place *p,
                     struct lb_op_words *op)
{
    const struct lb_lock_info *info = lb_lock_info(lock);

    if (l->seq_offset != LB_NO_SEQ && info->vma_protocol)
        add_word(op, "seq", p->object + (uintptr_t)l->seq_offset, false, true);
    if (l->indirect)
        add_word(op, "pointer", p->object + l->slot_offset, false, true);
    add_word(op, "count", p->lock + info->count_offset, !info->lockless_reads,
             swaps_count(info) || info->lockless_reads);
    op->at[op->n - 1].locked = !info->lockless_reads;
    if (info->owner_offset >= 0 && !info->lockless_reads)
        add_word(op, "owner", p->lock + (uintptr_t)info->owner_offset, true, true);
}

static void add_fields(const struct lb_layout *l, int role, const struct lb_op_place *p,
                       struct lb_op_words *op)
{
    for (size_t i = 0; i < l->n_accesses; i++) {
        const struct lb_access *a = &l->accesses[i];
        if (a->roles & LB_ROLE_BIT(role))
            add_word(op, a->field, p->object + a->offset, a->how != LB_HOW_LOAD,
                     a->how == LB_HOW_LOAD || a->how == LB_HOW_INCREMENT || a->how == LB_HOW_CAS);
    }
}

void lb_op_words_of(const struct lb_layout *l, enum lb_lock_kind lock,
                    const struct lb_scenario *scenario, int role, const struct lb_op_place *place,
                    const struct lb_op_place *next, struct lb_op_words *words)
{
    enum lb_op op = scenario->roles[role].op;
    const struct lb_op_place *const places[] = {place, next};
    int n = scenario->objects == LB_OBJECTS_TWO ? 2 : 1;

    words->n = 0;
    for (int i = 0; i < n && (op == LB_OP_READ || op == LB_OP_NESTED); i++)
        add_lock(l, lock, places[i], words);
    for (int i = 0; i < n; i++)
        add_fields(l, role, places[i], words);
}

struct lb_op_place lb_op_place_at(const struct lb_layout *l, const struct lb_geometry *g, size_t i)
{
    const uintptr_t locks = (uintptr_t)1 << 40;
    uintptr_t object = lb_slab_offset(&g->object, i);

    return (struct lb_op_place){object, l->separate ? locks + lb_slab_offset(&g->lock, i)
                                                    : object + l->lock_offset};
}

size_t lb_op_places(const struct lb_layout *l, const struct lb_geometry *g,
                    const struct lb_scenario *scenario)
{
    bool pairs = scenario->objects == LB_OBJECTS_NEIGHBOURS || scenario->objects == LB_OBJECTS_TWO;

    return (l->separate ? g->lock.per_slab : g->object.per_slab) - pairs;
}

struct lb_op_visit lb_op_visit_of(const struct lb_op_words *op, uintptr_t line)
{
    struct lb_op_visit v = {0};

    for (size_t i = 0; i < op->n; i++) {
        const struct lb_op_word *w = &op->at[i];
        if (w->line != line)
            continue;
        if (!v.here)
            v.loads_first = w->loads;
        v.locked += w->locked;
        v.here = true;
        v.writes |= w->writes;
    }
    return v;
}
