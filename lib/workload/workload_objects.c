/* SPDX-License-Identifier: MIT
 *
 * Laying a case out in the arena: from layout, lock, scenario and the round's draw to the addresses
 * that a hot loop works on.
 */
#include <linebounce/scenario.h>

#include "workload_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const access_names[LB_PICKINGS] = {"shared-uniform", "shared-zipf",
                                                      "private-uniform", "private-zipf"};

const char *lb_picking_name(enum lb_picking access)
{
    return access_names[access];
}

static const char *access_at(size_t i)
{
    return access_names[i];
}

int lb_picking_parse(const char *name, struct lb_why *why, enum lb_picking *access)
{
    static const struct lb_names names = {"access", access_at, LB_PICKINGS, NULL};
    size_t found;

    if (lb_name_find(&names, name, why, &found))
        return -EINVAL;
    *access = (enum lb_picking)found;
    return 0;
}

static bool is_private(enum lb_picking access)
{
    return access == LB_PICK_PRIVATE_UNIFORM || access == LB_PICK_PRIVATE_ZIPF;
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

enum lb_op lb_workload_op(const struct lb_workload *s, int i)
{
    enum lb_op op = lb_scenario_op(s->scenario, &s->writers, i, s->threads);

    if (!s->layout || !lb_op_takes_words(op))
        return op;
    return words_op(s->layout, lb_scenario_role(s->scenario, &s->writers, i, s->threads));
}

size_t lb_workload_object(const struct lb_workload_map *m, size_t i)
{
    return m->objects + lb_slab_offset(&m->geometry.object, m->first_object + i);
}

size_t lb_workload_lock(const struct lb_workload_map *m, size_t i)
{
    if (m->shape->layout->separate)
        return m->locks + lb_slab_offset(&m->geometry.lock, m->first_lock + i);
    return lb_workload_object(m, i) + m->shape->layout->lock_offset;
}

static size_t per_slab_most(const struct lb_layout *l)
{
    return (LB_SLAB_PAGE_BYTES << LB_OBJECT_ORDER) / l->size_bytes;
}

static size_t object_count(const struct lb_workload *s)
{
    switch (s->scenario->kind) {
    case LB_SCENARIO_NEIGHBOURS:
        return (size_t)s->threads;
    case LB_SCENARIO_NESTED:
        return 2;
    case LB_SCENARIO_MANY: /* private objects start at a slab of their own: at most one more slab
                              each */
        return is_private(s->access) ? (s->objects + per_slab_most(s->layout)) * (size_t)s->threads
                                     : s->objects;
    case LB_SCENARIO_UNCONTENDED:
        return (size_t)s->threads * 8; /* every eighth is used: a distance of at least 320 bytes */
    default:
        return 1;
    }
}

/* Slabs are laid out so that the drawn pair of lines holds the first count. They start at a pair,
 * not at a page: that keeps every property that sharing depends on (residue, half of the pair) and
 * lets one drawn line serve all layouts. */
static size_t slab_start(size_t pair, size_t offset_in_slab)
{
    return pair - offset_in_slab / LB_PAIR_BYTES * LB_PAIR_BYTES;
}

int lb_workload_map_init(const struct lb_workload *s, const struct lb_draw *draw,
                         struct lb_why *why, struct lb_workload_map *m)
{
    const struct lb_layout *l = s->layout;
    int err = lb_geometry_init(l, s->lock, why, &m->geometry);
    unsigned object_turn = draw->turn;

    if (err)
        return err;
    m->shape = s;
    m->count = object_count(s);
    m->first_object = m->first_lock = m->objects = m->locks = 0;
    if (s->scenario->kind == LB_SCENARIO_MANY) { /* real slabs from page boundaries on */
        m->locks = lb_slab_footprint(&m->geometry.object, m->count);
        return 0;
    }
    if (l->separate) {
        unsigned residues = m->geometry.lock_residues, objects = m->geometry.object_residues;
        m->first_lock = draw->turn % residues + (draw->odd ? residues : 0);
        m->locks = slab_start(draw->lock_pair, lb_slab_offset(&m->geometry.lock, m->first_lock));
        /* Other combinations of residues in time, once both were visited in full. */
        object_turn += draw->turn / (residues > objects ? residues : objects);
    }
    m->first_object =
        object_turn % m->geometry.object_residues + (draw->odd ? m->geometry.object_residues : 0);
    m->objects = slab_start(l->separate ? draw->object_pair : draw->lock_pair,
                            lb_slab_offset(&m->geometry.object, m->first_object) +
                                (l->separate ? 0 : l->lock_offset));
    return 0;
}

size_t lb_workload_bytes(const struct lb_workload *s)
{
    struct lb_geometry g;

    if (s->scenario->uses_words)
        return lb_words_bytes(s);
    if (lb_scenario_churns(s->scenario))
        return lb_churn_bytes(s);
    if (s->scenario->uses_pages)
        return lb_pages_room(s);
    size_t n =
        object_count(s) + 2 * LB_LINE_BYTES; /* the first index is below twice the residues */

    if (!s->layout || lb_geometry_init(s->layout, s->lock, NULL, &g))
        return (size_t)s->threads * LB_APART_BYTES + LB_APART_BYTES;
    return lb_slab_footprint(&g.object, n) +
           (s->layout->separate ? lb_slab_footprint(&g.lock, n) : 0);
}

size_t lb_workload_mm(const struct lb_workload *s, const struct lb_draw *draw)
{
    if (!lb_workload_fills(s))
        return draw->mm_offset;
    return (lb_workload_bytes(s) + LB_APART_BYTES - 1) / LB_APART_BYTES * LB_APART_BYTES;
}

int lb_draw_init(uint64_t *state, unsigned turn, size_t arena_bytes, size_t room,
                 struct lb_draw *draw)
{
    size_t quarter = arena_bytes / 4 / LB_APART_BYTES * LB_APART_BYTES;

    /* lock, object and mm come from three quarters of the arena, so that they never meet; what lies
     * before a pair is at most the room, and so is what lies behind it. */
    if (quarter < room + sizeof(struct lb_mm))
        return -ENOSPC;
    size_t spots = (quarter - room) / LB_PAIR_BYTES + 1;
    draw->turn = turn;
    draw->seed = lb_random(state);
    draw->odd = lb_random(state) & 1;
    draw->lock_pair = quarter + lb_random_below(state, spots) * LB_PAIR_BYTES;
    draw->object_pair = 2 * quarter + room / LB_PAIR_BYTES * LB_PAIR_BYTES +
                        lb_random_below(state, spots) * LB_PAIR_BYTES;
    draw->mm_offset = lb_random_below(state, (quarter - room) / LB_APART_BYTES) * LB_APART_BYTES;
    if (draw->mm_offset + sizeof(struct lb_mm) > quarter - room)
        draw->mm_offset = 0;
    return 0;
}

/* Cumulative weights 1/rank^0.99 and a search: exact, and done outside any window. */
static int zipf_picks(uint64_t *state, size_t n, uint32_t *picks, size_t n_picks)
{
    double *sums = malloc(n * sizeof *sums);
    uint32_t *spread = malloc(n * sizeof *spread);
    double sum = 0;

    if (!sums || !spread) {
        free(sums);
        free(spread);
        return -ENOMEM;
    }
    for (size_t i = 0; i < n; i++)
        sums[i] = sum += pow((double)(i + 1), -0.99);
    lb_slab_shuffle(lb_random(state), spread, n);
    for (size_t p = 0; p < n_picks; p++) {
        double u = (double)(lb_random(state) >> 11) * 0x1p-53 * sum;
        size_t lo = 0, hi = n - 1;
        while (lo < hi) {
            size_t mid = (lo + hi) / 2;
            if (sums[mid] < u)
                lo = mid + 1;
            else
                hi = mid;
        }
        picks[p] = spread[lo];
    }
    free(sums);
    free(spread);
    return 0;
}

/* Indices of one thread's objects, the same for every layout of the round; then offsets over 8. */
static int fill_picks(const struct lb_workload_map *m, const struct lb_draw *draw, uint32_t *picks)
{
    const struct lb_workload *s = m->shape;
    uint64_t state = draw->seed;
    bool zipf = s->access == LB_PICK_SHARED_ZIPF || s->access == LB_PICK_PRIVATE_ZIPF;
    int err = 0;

    if (zipf)
        err = zipf_picks(&state, s->objects, picks, LB_PICKS);
    else
        for (size_t i = 0; i < LB_PICKS; i++)
            picks[i] = (uint32_t)lb_random_below(&state, s->objects);
    for (size_t i = 0; !err && i < LB_PICKS; i++)
        picks[i] = (uint32_t)(lb_slab_offset(&m->geometry.object, picks[i]) / 8);
    return err;
}

static void init_objects(const struct lb_workload_map *m, char *arena)
{
    const struct lb_layout *l = m->shape->layout;

    for (size_t i = 0; i < m->count; i++) {
        char *object = arena + lb_workload_object(m, i);
        char *lock = arena + lb_workload_lock(m, i);
        __atomic_store_n((uint32_t *)(void *)(object + lb_program_seq(l)), 0, __ATOMIC_RELAXED);
        if (l->indirect)
            __atomic_store_n((uint64_t *)(void *)(object + l->slot_offset), (uintptr_t)lock,
                             __ATOMIC_RELAXED);
        lb_lock_init(m->shape->lock, lock);
    }
}

size_t lb_workload_object_of(const struct lb_workload *s, int i)
{
    if (s->scenario->kind == LB_SCENARIO_NEIGHBOURS)
        return (size_t)i;
    if (s->scenario->kind == LB_SCENARIO_UNCONTENDED)
        return (size_t)i * 8;
    return 0;
}

/* Without a sequence number readers compare a word that they load anyway and nobody stores to. */
size_t lb_program_seq(const struct lb_layout *l)
{
    uint16_t loads[LB_LOADS];

    if (l->seq_offset >= 0)
        return (size_t)l->seq_offset;
    return lb_layout_loads(l, 0, loads) ? loads[0] : 0;
}

static void make_program(const struct lb_workload_map *m, int role, size_t second,
                         struct lb_program *program)
{
    const struct lb_layout *l = m->shape->layout;
    struct lb_program p = {.load = {0}};
    uint16_t writes[LB_WRITES_MOST];
    enum lb_how how;
    size_t n = lb_layout_loads(l, role, p.load);

    for (size_t k = n; k < LB_LOADS; k++)
        p.load[k] = n ? p.load[n - 1] : 0;
    n = lb_layout_writes(l, role, writes, &how);
    for (size_t k = 0; k < n; k++)
        p.write[k] = writes[k];
    p.seq = (uint16_t)lb_program_seq(l);
    p.lock = (uint16_t)(l->indirect ? l->slot_offset : l->lock_offset);
    p.second = (uint16_t)second;
    *program = p;
}

static void object_site(const struct lb_workload_map *m, const char *arena, uintptr_t mm, int i,
                        struct lb_site *site)
{
    const struct lb_workload *s = m->shape;
    size_t index = lb_workload_object_of(s, i), first = lb_workload_object(m, index);

    make_program(m, lb_scenario_role(s->scenario, &s->writers, i, s->threads),
                 lb_workload_object(m, index + 1) - first, &site->program);
    site->x[0] = (uintptr_t)arena + first;
    site->x[1] = (uintptr_t)&site->program;
    site->x[2] = mm;
    site->x[3] = (uintptr_t)(s->writers.share * 0x1p32);
}

/* Thread i starts at its own place in the common draw; private objects lie in whole slabs of their
 * own. */
static void many_site(const struct lb_workload_map *m, const char *arena, uintptr_t mm,
                      const uint32_t *picks, int i, struct lb_site *site)
{
    const struct lb_workload *s = m->shape;
    size_t start = LB_PICKS / (size_t)s->threads * (size_t)i;
    size_t per_slab = m->geometry.object.per_slab;
    size_t whole_slabs = (s->objects + per_slab - 1) / per_slab * per_slab;
    size_t first = is_private(s->access) ? whole_slabs * (size_t)i : 0;

    make_program(m, 0, 0, &site->program);
    site->x[0] = (uintptr_t)arena + lb_slab_offset(&m->geometry.object, first);
    site->x[1] = (uintptr_t)&site->program;
    site->x[2] = mm;
    site->x[3] = (uintptr_t)(picks + start);
}

static void describe(const struct lb_workload_map *m, const char *arena, struct lb_placed *placed)
{
    const struct lb_workload *s = m->shape;
    uintptr_t base = (uintptr_t)arena;
    uintptr_t lock = base + lb_workload_lock(m, 0);
    size_t other = lb_workload_object_of(s, 1);

    placed->object_residue = (int)(lb_workload_object(m, 0) % LB_LINE_BYTES);
    placed->lock_residue = (int)(lock % LB_LINE_BYTES);
    placed->line_offset = (int64_t)((lock - base) / LB_LINE_BYTES * LB_LINE_BYTES);
    if (s->threads > 1 && other)
        placed->shares = lb_layout_shares(s->layout, s->lock, base + lb_workload_object(m, 0), lock,
                                          base + lb_workload_object(m, other),
                                          base + lb_workload_lock(m, other), LB_LINE_BYTES);
    if (s->scenario->kind == LB_SCENARIO_MANY) {
        placed->object_residue = placed->lock_residue = -1;
        placed->line_offset = -1;
        placed->draw_words = LB_PICKS;
    }
}

size_t lb_workload_word(const struct lb_workload *s, const struct lb_draw *draw, int i)
{
    size_t step =
        s->scenario->kind == LB_SCENARIO_CONTROL_SHARED ? sizeof(uint64_t) : LB_APART_BYTES;

    return draw->lock_pair + (size_t)i * step;
}

static void place_words(const struct lb_workload *s, const struct lb_draw *draw, char *arena,
                        struct lb_site *sites)
{
    for (int i = 0; i < s->threads; i++) {
        char *word = arena + lb_workload_word(s, draw, i);
        memset(word, 0, sizeof(uint64_t));
        if (s->scenario->kind == LB_SCENARIO_STRAIGHT || s->scenario->kind == LB_SCENARIO_ADDS)
            lb_lock_init(LB_LOCK_RWSEM40, word);
        sites[i] = (struct lb_site){.x = {(uintptr_t)word, (uintptr_t)&lb_program_of_word}};
    }
}

int lb_workload_place(const struct lb_workload *s, const struct lb_draw *draw, char *arena,
                      size_t arena_bytes, uint32_t *picks, struct lb_site *sites,
                      struct lb_placed *placed)
{
    struct lb_placed p = {-1, -1, -1, -1, 0};
    bool many = s->scenario->kind == LB_SCENARIO_MANY;
    struct lb_mm *mm = (struct lb_mm *)(void *)(arena + lb_workload_mm(s, draw));
    struct lb_workload_map m;
    int err;

    if (s->scenario->counts_objects && !s->objects)
        return -EINVAL;
    if (lb_workload_bytes(s) + sizeof *mm > arena_bytes ||
        lb_workload_mm(s, draw) + sizeof *mm > arena_bytes)
        return -ENOSPC;
    if (s->scenario->uses_pages) {
        *placed = p;
        return lb_pages_place(s, draw, arena, sites);
    }
    if (!s->scenario->uses_layout) {
        if (s->scenario->uses_words)
            lb_words_place(s, draw, arena, sites, &p);
        else
            place_words(s, draw, arena, sites);
        *placed = p;
        return 0;
    }
    if (lb_scenario_churns(s->scenario)) {
        *placed = p;
        return lb_churn_place(s, draw, arena, sites);
    }
    if ((err = lb_workload_map_init(s, draw, NULL, &m)))
        return err;
    if (many && lb_slab_footprint(&m.geometry.object, m.count) / 8 > UINT32_MAX)
        return -EINVAL; /* beyond the reach of a pick */
    if (many && (err = fill_picks(&m, draw, picks)))
        return err;
    lb_mm_init(mm);
    init_objects(&m, arena);
    for (int i = 0; i < s->threads; i++) {
        sites[i] = (struct lb_site){.x = {0}};
        if (many)
            many_site(&m, arena, (uintptr_t)mm, picks, i, &sites[i]);
        else
            object_site(&m, arena, (uintptr_t)mm, i, &sites[i]);
    }
    describe(&m, arena, &p);
    *placed = p;
    return 0;
}

/* Of a hundred thousand locks every hundredth is looked at: the check lies between windows, and a
 * lock that leaks leaks everywhere. */
#define CHECKED_MOST 1024

int lb_workload_check(const struct lb_workload *s, const struct lb_draw *draw, const char *arena)
{
    struct lb_workload_map m;
    int err;

    if (s->scenario->uses_words)
        return lb_words_check(s, draw, arena);
    if (lb_scenario_churns(s->scenario))
        return lb_churn_check(s, arena);
    if (s->scenario->uses_pages)
        return lb_pages_check(s, draw, arena);
    if (!lb_scenario_locks(s->scenario))
        return 0;
    if ((err = lb_workload_map_init(s, draw, NULL, &m)))
        return err;
    for (size_t i = 0; i < m.count; i += 1 + m.count / CHECKED_MOST)
        if (!lb_lock_is_idle(s->lock, arena + lb_workload_lock(&m, i)))
            return -EBUSY;
    const struct lb_mm *mm = (const struct lb_mm *)(const void *)(arena + lb_workload_mm(s, draw));
    return lb_lock_is_idle(LB_LOCK_RWSEM40, &mm->lock) ? 0 : -EBUSY;
}

void lb_workload_release(const struct lb_workload *s, const struct lb_draw *draw, char *arena)
{
    if (s->scenario->uses_pages)
        lb_pages_release(s, draw, arena);
    else
        lb_churn_release(s, arena);
}
