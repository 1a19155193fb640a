/* SPDX-License-Identifier: MIT
 *
 * Objects that live and die: slabs with free lists, or the C library's heap, a region a thread.
 */
#include "workload_private.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* One thread's region, as offsets from its start: struct lb_churn, then these. */
struct region {
    struct lb_geometry geometry;
    size_t n_live, n_objects; /* kept alive; laid out: one more, so that the list never runs dry */
    size_t live, objects, locks, bytes;
    bool slab; /* objects come from slabs of the region, not from the heap */
};

static size_t round_up(size_t bytes, size_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

static int region_init(const struct lb_workload *s, bool slab, struct region *r)
{
    int err = lb_geometry_init(s->layout, s->lock, NULL, &r->geometry);

    if (err)
        return err;
    r->n_live = s->objects;
    r->n_objects = s->objects + 1;
    r->live = round_up(sizeof(struct lb_churn), LB_APART_BYTES);
    r->objects = round_up(r->live + r->n_live * sizeof(uintptr_t), LB_SLAB_PAGE_BYTES);
    r->locks = r->objects;
    r->bytes = r->objects;
    r->slab = slab;
    if (!slab)
        return 0;
    r->locks += lb_slab_footprint(&r->geometry.object, r->n_objects);
    r->bytes = r->locks;
    if (s->layout->separate)
        r->bytes += lb_slab_footprint(&r->geometry.lock, r->n_objects);
    r->bytes = round_up(r->bytes, LB_SLAB_PAGE_BYTES);
    return 0;
}

static int region_of(const struct lb_workload *s, struct region *r)
{
    return region_init(s, lb_scenario_does(s->scenario, LB_OP_CHURN_SLAB), r);
}

static size_t churn_bytes(const struct lb_workload *s)
{
    struct region r;

    return region_of(s, &r) ? 0 : r.bytes * (size_t)s->threads;
}

/* Strings free objects together in shuffled order; the first of the list is returned. */
static int string_up(const struct lb_slab *slab, uintptr_t first, size_t n, uint64_t seed,
                     uintptr_t *list)
{
    uint32_t *order = calloc(n, sizeof *order);

    if (!order)
        return -ENOMEM;
    lb_slab_shuffle(seed, order, n);
    *list = 0;
    for (size_t i = 0; i < n; i++) {
        uintptr_t object = first + lb_slab_offset(slab, order[i]);
        *(uintptr_t *)object = *list;
        *list = object;
    }
    free(order);
    return 0;
}

static uintptr_t take(uintptr_t *list)
{
    uintptr_t object = *list;

    *list = *(uintptr_t *)object;
    return object;
}

static void *allocate(size_t room, size_t align)
{
    return align > 16 ? aligned_alloc(align, room) : malloc(room);
}

static void free_live(struct lb_churn *c)
{
    for (size_t i = 0; i < c->n_live; i++) {
        char *object = (char *)c->live[i];
        if (object && c->lock_bytes)
            free(*(void **)(void *)(object + c->slot_offset));
        free(object);
        c->live[i] = 0;
    }
}

/* One object, with its lock where that lies apart; 0: no memory. */
static uintptr_t give_birth(struct lb_churn *c, bool slab)
{
    uintptr_t object =
        slab ? take(&c->free_objects) : (uintptr_t)allocate(c->object_room, c->object_align);
    uintptr_t lock;

    if (!object || !c->lock_bytes)
        return object;
    lock = slab ? take(&c->free_locks) : (uintptr_t)allocate(c->lock_room, c->lock_align);
    if (!lock) {
        free((void *)object);
        return 0;
    }
    *(uintptr_t *)(object + c->slot_offset) = lock;
    return object;
}

static void describe(const struct lb_workload *s, const struct region *r, struct lb_churn *c)
{
    const struct lb_layout *l = s->layout;
    size_t lock_bytes = lb_lock_info(s->lock)->bytes;

    c->n_live = r->n_live;
    c->oldest = 0;
    c->object_bytes = l->size_bytes / sizeof(uintptr_t) * sizeof(uintptr_t);
    c->object_align = l->align_bytes;
    c->object_room = round_up(l->size_bytes, l->align_bytes);
    c->lock_bytes = l->separate ? round_up(lock_bytes, sizeof(uintptr_t)) : 0;
    c->lock_align = l->separate ? l->lock_align_bytes : 0;
    c->lock_room = l->separate ? round_up(lock_bytes, l->lock_align_bytes) : 0;
    c->slot_offset = l->indirect ? l->slot_offset : 0;
}

static int place_region(const struct lb_workload *s, const struct region *r, uint64_t seed,
                        char *at)
{
    struct lb_churn *c = (struct lb_churn *)(void *)at;
    int err = 0;

    memset(c, 0, sizeof *c);
    c->live = (uintptr_t *)(void *)(at + r->live);
    describe(s, r, c);
    memset(c->live, 0, r->n_live * sizeof *c->live);
    if (r->slab)
        err = string_up(&r->geometry.object, (uintptr_t)at + r->objects, r->n_objects, seed,
                        &c->free_objects);
    if (r->slab && !err && s->layout->separate)
        err = string_up(&r->geometry.lock, (uintptr_t)at + r->locks, r->n_objects, ~seed,
                        &c->free_locks);
    for (size_t i = 0; !err && i < r->n_live; i++) {
        c->live[i] = give_birth(c, r->slab);
        err = c->live[i] ? 0 : -ENOMEM;
    }
    if (err && !r->slab)
        free_live(c);
    return err;
}

static int churn_place(const struct lb_workload *s, const struct lb_draw *draw, char *arena,
                       uint32_t *picks, struct lb_site *sites, struct lb_placed *placed)
{
    struct region r;
    int err = region_of(s, &r);

    (void)picks;
    (void)placed;
    for (int i = 0; !err && i < s->threads; i++) {
        char *at = arena + (size_t)i * r.bytes;
        err = place_region(s, &r, draw->seed + (uint64_t)i, at);
        sites[i] = (struct lb_site){.x = {(uintptr_t)at}};
    }
    return err;
}

static void churn_release(const struct lb_workload *s, const struct lb_draw *draw, char *arena)
{
    struct region r;

    (void)draw;
    if (region_of(s, &r) || r.slab)
        return;
    for (int i = 0; i < s->threads; i++)
        free_live((struct lb_churn *)(void *)(arena + (size_t)i * r.bytes));
}

/* Where an address lies in a slab cache: the object's number, or -1 when it is none's start. */
static int64_t index_of(const struct lb_slab *slab, uintptr_t first, size_t n, uintptr_t object)
{
    size_t at = object - first, index;

    if (object < first)
        return -1;
    index = at / slab->slab_bytes * slab->per_slab + at % slab->slab_bytes / slab->stride_bytes;
    return index < n && lb_slab_offset(slab, index) == at ? (int64_t)index : -1;
}

/* Marks one object as accounted for; false when it is a stranger, or the second of its number. */
static bool mark(const struct lb_slab *slab, uintptr_t first, size_t n, uintptr_t object,
                 unsigned char *seen)
{
    int64_t index = index_of(slab, first, n, object);

    return index >= 0 && !seen[index]++;
}

/* Every object (or lock) is free or alive, and none is both: what the ops did was sound. */
static int account(const struct lb_slab *slab, uintptr_t first, size_t n, uintptr_t list,
                   const struct lb_churn *c, bool locks)
{
    unsigned char *seen = calloc(n, 1);
    size_t found = 0;
    bool sound = seen != NULL;

    for (; sound && list; list = *(const uintptr_t *)list, found++)
        sound = mark(slab, first, n, list, seen);
    for (size_t i = 0; sound && i < c->n_live; i++, found++) {
        uintptr_t object = c->live[i];
        sound =
            mark(slab, first, n, locks ? *(uintptr_t *)(object + c->slot_offset) : object, seen);
    }
    free(seen);
    if (!seen)
        return -ENOMEM;
    return sound && found == n ? 0 : -EBUSY;
}

static int churn_check(const struct lb_workload *s, const struct lb_draw *draw, const char *arena)
{
    struct region r;
    int err = region_of(s, &r);

    (void)draw;
    if (err || !r.slab)
        return err;
    for (int i = 0; !err && i < s->threads; i++) {
        const char *at = arena + (size_t)i * r.bytes;
        const struct lb_churn *c = (const struct lb_churn *)(const void *)at;
        err = account(&r.geometry.object, (uintptr_t)at + r.objects, r.n_objects, c->free_objects,
                      c, false);
        if (!err && s->layout->separate)
            err = account(&r.geometry.lock, (uintptr_t)at + r.locks, r.n_objects, c->free_locks, c,
                          true);
    }
    return err;
}

static int churn_watch(const struct lb_workload *s, const struct lb_draw *draw, int thread,
                       const struct lb_word *word, struct lb_why *why, struct lb_watch_place *place)
{
    (void)s;
    (void)draw;
    (void)thread;
    (void)place;
    return lb_watch_none(why, word, "each op takes another object");
}

const struct lb_subject lb_subject_churn = {
    .uses_layout = true,
    .bytes = churn_bytes,
    .place = churn_place,
    .check = churn_check,
    .watch = churn_watch,
    .release = churn_release,
};

/* What the heap hands out and sets aside for one allocation. */
static size_t in_use(void)
{
#ifdef LB_HAVE_MALLINFO2
    return mallinfo2().uordblks;
#else
    return 0;
#endif
}

#define COUNTED 1000

int lb_churn_heap_bytes(const struct lb_layout *layout, enum lb_lock_kind lock, double *per_object)
{
    struct lb_workload s = {.layout = layout, .lock = lock, .threads = 1, .objects = COUNTED};
    struct region r;
    int err = region_init(&s, false, &r);
    char *at = err ? NULL : aligned_alloc(LB_SLAB_PAGE_BYTES, r.bytes);
    size_t before;

    if (err)
        return err;
    if (!at)
        return -ENOMEM;
    before = in_use();
    err = place_region(&s, &r, 0, at);
    size_t after = in_use();
    if (!err) {
        free_live((struct lb_churn *)(void *)at);
        if (after <= before)
            err = -ENOTSUP; /* this C library does not say */
        else
            *per_object = (double)(after - before) / COUNTED;
    }
    free(at);
    return err;
}
