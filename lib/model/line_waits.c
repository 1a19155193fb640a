/* SPDX-License-Identifier: MIT
 *
 * The words of an op with their addresses, and the lines that two ops have in common.
 */
#include <linebounce/line_waits.h>

#include "base/canvas.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* One word of an op. */
struct word {
    const char *name;
    uintptr_t line;
    bool writes, loads; /* loads: before anything is written to it */
};
/* Sequence number, pointer, count, owner, and the fields of the layout. */
enum { WORDS_MOST = 4 + LB_ACCESSES_MOST };
struct op {
    struct word words[WORDS_MOST];
    size_t n;
};

/* Where an object and its lock lie. */
struct place {
    uintptr_t object, lock;
};

static void add_word(struct op *op, const char *name, uintptr_t address, bool writes, bool loads)
{
    op->words[op->n++] = (struct word){name, address / LB_LINE_BYTES, writes, loads};
}

/* A read lock by try: the kernel's loads the count before it swaps it; others change it at once. */
static void add_lock(const struct lb_layout *l, enum lb_lock_kind lock, const struct place *p,
                     struct op *op)
{
    const struct lb_lock_info *info = lb_lock_info(lock);

    if (l->seq_offset != LB_NO_SEQ && info->vma_protocol)
        add_word(op, "seq", p->object + (uintptr_t)l->seq_offset, false, true);
    if (l->indirect)
        add_word(op, "pointer", p->object + l->slot_offset, false, true);
    add_word(op, "count", p->lock + info->count_offset, !info->lockless_reads, info->vma_protocol);
    if (info->owner_offset >= 0 && !info->lockless_reads)
        add_word(op, "owner", p->lock + (uintptr_t)info->owner_offset, true, true);
}

static void add_fields(const struct lb_layout *l, int role, const struct place *p, struct op *op)
{
    for (size_t i = 0; i < l->n_accesses; i++) {
        const struct lb_access *a = &l->accesses[i];
        if (a->roles & LB_ROLE_BIT(role))
            add_word(op, a->field, p->object + a->offset, a->how != LB_HOW_LOAD,
                     a->how == LB_HOW_LOAD || a->how == LB_HOW_INCREMENT || a->how == LB_HOW_CAS);
    }
}

static void make_op(const struct lb_layout *l, enum lb_lock_kind lock,
                    const struct lb_scenario *scenario, int role, const struct place *p,
                    struct op *op)
{
    op->n = 0;
    if (scenario->roles[role].op == LB_OP_READ)
        add_lock(l, lock, p, op);
    add_fields(l, role, p, op);
}

/* What an op does to a line: whether it comes with a load, writes, or is there at all. */
struct visit {
    bool here, loads_first, writes;
};

static struct visit visit_of(const struct op *op, uintptr_t line)
{
    struct visit v = {0};

    for (size_t i = 0; i < op->n; i++) {
        const struct word *w = &op->words[i];
        if (w->line != line)
            continue;
        if (!v.here)
            v.loads_first = w->loads;
        v.here = true;
        v.writes |= w->writes;
    }
    return v;
}

/* False: nobody waits for it. */
static bool price(const struct visit *mine, const struct visit *other, enum lb_handover handover,
                  struct lb_line_wait *line)
{
    bool migratory = handover == LB_HANDOVER_MIGRATORY;

    if (!other->here || !(mine->writes || other->writes))
        return false;
    if (other->writes) {
        line->loads = mine->loads_first;
        line->transfers = !mine->loads_first;
        line->upgrades = !migratory && mine->loads_first && mine->writes;
    } else if (mine->loads_first) {
        /* The other's load left it shared, or took it: then ours brings it back as shared. */
        line->reloads = migratory;
        line->upgrades = 1;
    } else {
        line->transfers = migratory;
        line->upgrades = !migratory;
    }
    return true;
}

#define READ_NAMES_MOST 3

static bool is_named(const struct op *const ops[2], size_t at, uintptr_t line, bool writes)
{
    const char *name = ops[at % 2]->words[at / 2].name;

    for (size_t k = 0; k < at; k++) {
        const struct op *op = ops[k % 2];
        const struct word *w = &op->words[k / 2];
        if (k / 2 < op->n && w->line == line && w->writes == writes && !strcmp(w->name, name))
            return true;
    }
    return false;
}

/* In the order of the ops' words, whose name each is, so that a line has one name.
 *
 * The names of words on the line that are written by either, or of those that are only read. */
static size_t put_names(const struct op *const ops[2], uintptr_t line, bool writes, size_t most,
                        const char *before, struct lb_canvas *to)
{
    size_t n = 0;

    for (size_t at = 0; at < 2 * WORDS_MOST; at++) {
        const struct op *op = ops[at % 2];
        const struct word *w = &op->words[at / 2];
        if (at / 2 >= op->n || w->line != line || w->writes != writes ||
            is_named(ops, at, line, writes))
            continue;
        if (n < most)
            lb_canvas_put(to, "%s%s", n ? ", " : before, w->name);
        n++;
    }
    if (n > most)
        lb_canvas_put(to, ", ...");
    return n;
}

static void name_line(const struct op *mine, const struct op *other, uintptr_t line,
                      struct lb_line_wait *result)
{
    const struct op *const ops[2] = {mine, other};
    struct lb_canvas to = {result->words, sizeof result->words, 0};

    put_names(ops, line, true, WORDS_MOST, "", &to);
    put_names(ops, line, false, READ_NAMES_MOST, " beside ", &to);
}

static bool is_same(const struct lb_line_wait *a, const struct lb_line_wait *b)
{
    return !strcmp(a->words, b->words) && a->loads == b->loads && a->transfers == b->transfers &&
           a->reloads == b->reloads && a->upgrades == b->upgrades;
}

static int keep_line(const struct lb_line_wait *found, double share, struct lb_line_wait *lines,
                     size_t *n)
{
    size_t k = 0;

    while (k < *n && !is_same(&lines[k], found))
        k++;
    if (k == LB_LINE_WAITS_MOST)
        return -E2BIG;
    if (k == *n) {
        lines[(*n)++] = *found;
        lines[k].share = 0;
    }
    lines[k].share += share;
    return 0;
}

/* The lines of one place, which is `share` of all. */
static int add_place(const struct op *mine, const struct op *other, enum lb_handover handover,
                     double share, struct lb_line_wait *lines, size_t *n)
{
    int err = 0;

    for (size_t i = 0; !err && i < mine->n; i++) {
        uintptr_t line = mine->words[i].line;
        struct lb_line_wait found = {.share = 0};
        bool seen = false;
        for (size_t k = 0; k < i; k++)
            seen |= mine->words[k].line == line;
        struct visit here = visit_of(mine, line), there = visit_of(other, line);
        if (seen || !price(&here, &there, handover, &found))
            continue;
        name_line(mine, other, line, &found);
        err = keep_line(&found, share, lines, n);
    }
    return err;
}

/* Where object i of a slab and its lock are: locks that lie apart come one after the other in a
 * slab of theirs. */
static struct place place_at(const struct lb_layout *l, const struct lb_geometry *g, size_t i)
{
    const uintptr_t locks = (uintptr_t)1 << 40;
    uintptr_t object = lb_slab_offset(&g->object, i);

    return (struct place){object, l->separate ? locks + lb_slab_offset(&g->lock, i)
                                              : object + l->lock_offset};
}

int lb_line_waits_of(const struct lb_layout *l, enum lb_lock_kind lock, enum lb_scenario_kind kind,
                     int role, enum lb_handover handover,
                     struct lb_line_wait lines[LB_LINE_WAITS_MOST], size_t *n)
{
    const struct lb_scenario *scenario = &lb_scenarios[kind];
    bool apart = scenario->objects == LB_OBJECTS_NEIGHBOURS;
    int other_role = scenario->n_roles > 1 ? !role : role;
    struct lb_geometry g;
    size_t found = 0;
    int err;

    if (kind != LB_SCENARIO_SAME_OBJECT && kind != LB_SCENARIO_NEIGHBOURS &&
        kind != LB_SCENARIO_OBSERVER && kind != LB_SCENARIO_WHATIF)
        return -ENOTSUP;
    if ((err = lb_geometry_init(l, lock, NULL, &g)))
        return err;
    size_t per_slab = l->separate ? g.lock.per_slab : g.object.per_slab;
    size_t places = per_slab - apart;
    for (size_t i = 0; !err && i < places; i++) {
        struct place here = place_at(l, &g, i), there = place_at(l, &g, i + apart);
        struct op mine, other;
        make_op(l, lock, scenario, role, &here, &mine);
        make_op(l, lock, scenario, other_role, &there, &other);
        err = add_place(&mine, &other, handover, 1 / (double)places, lines, &found);
    }
    if (!err)
        *n = found;
    return err;
}

/* n of nothing costs nothing, whether it is known what one costs or not. */
static double times(int n, double ns)
{
    return n ? n * ns : 0;
}

double lb_line_wait_ns(const struct lb_line_wait *line, double transfer_ns,
                       const double costs[LB_COSTS])
{
    return times(line->loads, costs[LB_COST_LOAD]) + times(line->transfers, transfer_ns) +
           times(line->reloads, costs[LB_COST_RELOAD]) +
           times(line->upgrades, costs[LB_COST_UPGRADE]);
}
