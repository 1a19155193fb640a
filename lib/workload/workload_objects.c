/* SPDX-License-Identifier: MIT
 *
 * Laying out objects of a layout: from lock, scenario and the round's draw to the addresses that a
 * hot loop works on.
 */
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

const struct lb_names lb_picking_names = {LB_NAMES_IN("access", access_names)};

static size_t objects_bytes(const struct lb_workload *s)
{
    /* The first index is below twice the residues. */
    size_t n = lb_workload_objects(s) + 2 * LB_LINE_BYTES;
    struct lb_geometry g;

    if (lb_geometry_init(s->layout, s->lock, NULL, &g))
        return ((size_t)s->threads + 1) * LB_APART_BYTES;
    return lb_slab_footprint(&g.object, n) +
           (s->layout->separate ? lb_slab_footprint(&g.lock, n) : 0);
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

static void make_program(const struct lb_workload_map *m, int role, size_t second,
                         const struct lb_mm *mm, struct lb_program *program)
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
    p.n_writes = (uint32_t)n;
    p.seq = (uint16_t)lb_program_seq(l);
    p.lock = (uint16_t)(l->indirect ? l->slot_offset : l->lock_offset);
    p.second = (uint16_t)second;
    p.vm_mm = (uint16_t)lb_program_field(l, "vm_mm");
    p.written = (uint32_t)lb_program_field(l, "vm_flags");
    p.mm = *mm;
    *program = p;
}

/* What all ops on objects are told but the object and the fourth word. */
static void set_common(struct lb_site *site, const struct lb_mm *mm)
{
    site->x[1] = (uintptr_t)&site->program;
    site->x[2] = (uintptr_t)mm->seq;
    site->x[4] = site->program.seq | (uintptr_t)site->program.lock << 16;
}

static void object_site(const struct lb_workload_map *m, const char *arena, const struct lb_mm *mm,
                        int i, struct lb_site *site)
{
    const struct lb_workload *s = m->shape;
    size_t index = lb_workload_object_of(s, i), first = lb_workload_object(m, index);

    make_program(m, lb_scenario_role(s->scenario, &s->writers, i, s->threads),
                 lb_workload_object(m, index + 1) - first, mm, &site->program);
    site->x[0] = (uintptr_t)arena + first;
    set_common(site, mm);
    site->x[3] = (uintptr_t)(s->writers.share * 0x1p32);
}

/* Thread i starts at its own place in the common draw; private objects lie in whole slabs of their
 * own. */
static void many_site(const struct lb_workload_map *m, const char *arena, const struct lb_mm *mm,
                      const uint32_t *picks, int i, struct lb_site *site)
{
    const struct lb_workload *s = m->shape;
    size_t start = LB_PICKS / (size_t)s->threads * (size_t)i;
    size_t per_slab = m->geometry.object.per_slab;
    size_t whole_slabs = (s->objects + per_slab - 1) / per_slab * per_slab;
    size_t first = lb_picking_is_private(s->access) ? whole_slabs * (size_t)i : 0;

    make_program(m, 0, 0, mm, &site->program);
    site->x[0] = (uintptr_t)arena + lb_slab_offset(&m->geometry.object, first);
    set_common(site, mm);
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
    if (lb_scenario_picks(s->scenario)) {
        placed->object_residue = placed->lock_residue = -1;
        placed->line_offset = -1;
        placed->draw_words = LB_PICKS;
    }
}

static int objects_place(const struct lb_workload *s, const struct lb_draw *draw, char *arena,
                         uint32_t *picks, struct lb_site *sites, struct lb_placed *placed)
{
    const struct lb_generation *g = lb_workload_generation(s);
    struct lb_mm mm;
    bool many = lb_scenario_picks(s->scenario);
    struct lb_workload_map m;
    int err = lb_workload_map_init(s, draw, NULL, &m);

    if (err)
        return err;
    if (many && lb_slab_footprint(&m.geometry.object, m.count) / 8 > UINT32_MAX)
        return -EINVAL; /* beyond the reach of a pick */
    if (many && (err = fill_picks(&m, draw, picks)))
        return err;
    lb_mm_init(&mm, arena + lb_workload_mm(s, draw), lb_generation_words(g, s->mm_form), g->mm_lock,
               g->rules == LB_RULES_CLEARING);
    init_objects(&m, arena);
    for (int i = 0; i < s->threads; i++) {
        sites[i] = (struct lb_site){.x = {0}};
        if (many)
            many_site(&m, arena, &mm, picks, i, &sites[i]);
        else
            object_site(&m, arena, &mm, i, &sites[i]);
    }
    describe(&m, arena, placed);
    return 0;
}

/* Of a hundred thousand locks every hundredth is looked at: the check lies between windows, and a
 * lock that leaks leaks everywhere. */
#define CHECKED_MOST 1024

static int objects_check(const struct lb_workload *s, const struct lb_draw *draw, const char *arena)
{
    struct lb_workload_map m;
    int err;

    if (!lb_workload_locks(s))
        return 0;
    if ((err = lb_workload_map_init(s, draw, NULL, &m)))
        return err;
    for (size_t i = 0; i < m.count; i += 1 + m.count / CHECKED_MOST)
        if (!lb_lock_is_idle(s->lock, arena + lb_workload_lock(&m, i)))
            return -EBUSY;
    const struct lb_generation *g = lb_workload_generation(s);
    size_t lock = lb_workload_mm(s, draw) + lb_generation_words(g, s->mm_form).lock;
    return lb_lock_is_idle(g->mm_lock, arena + lock) ? 0 : -EBUSY;
}

const struct lb_subject lb_subject_objects = {
    .uses_layout = true,
    .bytes = objects_bytes,
    .place = objects_place,
    .check = objects_check,
    .watch = lb_objects_watch,
};
