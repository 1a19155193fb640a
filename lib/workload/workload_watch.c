/* SPDX-License-Identifier: MIT
 *
 * Which words of an object and its lock a breakpoint can watch.
 */
#include "workload_private.h"

#include <errno.h>
#include <string.h>

int lb_lock_watch(enum lb_lock_kind kind, size_t lock, const struct lb_watch_word *w,
                  struct lb_why *why, struct lb_watch_place *place)
{
    const struct lb_lock_info *info = lb_lock_info(kind);

    if (w == &lb_watch_words[LB_WATCH_COUNT])
        *place = (struct lb_watch_place){lock + info->count_offset, (unsigned)info->count_bytes};
    else if (info->owner_offset < 0)
        return lb_fail(why, ENOENT, "watch %s: lock %s has no owner", w->name, info->name);
    else
        *place = (struct lb_watch_place){lock + (size_t)info->owner_offset, w->bytes};
    return 0;
}

/* The field, or the word that it begins in where a breakpoint cannot hold all of it. */
static struct lb_watch_place field_at(size_t offset, size_t bytes)
{
    if (bytes <= 8 && !(bytes & (bytes - 1)) && bytes && offset % bytes == 0)
        return (struct lb_watch_place){offset, (unsigned)bytes};
    return (struct lb_watch_place){offset & ~(size_t)3, 4};
}

static int field_word(const struct lb_layout *l, const char *name, struct lb_why *why,
                      struct lb_watch_place *place)
{
    const struct lb_access *access = lb_layout_find_field(l, name);
    const struct lb_member *m;

    if (access) {
        *place = field_at(access->offset, access->bytes);
        return 0;
    }
    if (!l->structure || lb_structure_find_member(l->structure, name, NULL, &m))
        return lb_fail(why, ENOENT, "watch %s: layout %s has no such field", name, l->name);
    *place = field_at(m->offset, m->bytes);
    return 0;
}

/* A word of the object itself, from its start. */
static int inner_word(const struct lb_layout *l, const struct lb_word *word, struct lb_why *why,
                      struct lb_watch_place *place)
{
    const struct lb_watch_word *w = &lb_watch_words[word->watch];

    if (w->part == LB_PART_FIELD)
        return field_word(l, word->field, why, place);
    if (w->part == LB_PART_SLOT && !l->indirect)
        return lb_fail(why, ENOENT, "watch %s: layout %s has no pointer, its lock is inline",
                       w->name, l->name);
    if (w->part == LB_PART_SEQ && l->seq_offset < 0)
        return lb_fail(why, ENOENT, "watch %s: layout %s has no sequence number", w->name, l->name);
    *place = (struct lb_watch_place){
        w->part == LB_PART_SLOT ? l->slot_offset : (size_t)l->seq_offset, w->bytes};
    return 0;
}

/* Where the word, or the lock that it is of, lies in the address space. */
static size_t mm_word(const struct lb_workload *s, enum lb_watch watch)
{
    struct lb_mm_words words = lb_generation_words(lb_workload_generation(s), s->mm_form);

    return watch == LB_WATCH_MM_SEQ    ? words.seq
           : watch == LB_WATCH_MM_WAIT ? words.writer_wait
                                       : words.lock;
}

int lb_objects_watch(const struct lb_workload *s, const struct lb_draw *draw, int thread,
                     const struct lb_word *word, struct lb_why *why, struct lb_watch_place *place)
{
    const struct lb_watch_word *w = &lb_watch_words[word->watch];
    size_t index = lb_workload_object_of(s, thread);
    struct lb_workload_map map;
    int err = lb_workload_map_init(s, draw, why, &map);

    if (err)
        return err;
    if (w->part == LB_PART_MM) {
        *place = (struct lb_watch_place){
            lb_workload_mm(s, draw) + mm_word(s, word->watch) + w->offset, w->bytes};
        return 0;
    }
    if (lb_scenario_picks(s->scenario))
        return lb_watch_none(why, word, "each op takes another object");
    if (w->part == LB_PART_LOCK)
        return lb_lock_watch(s->lock, lb_workload_lock(&map, index), w, why, place);
    err = inner_word(s->layout, word, why, place);
    if (!err)
        place->offset += lb_workload_object(&map, index);
    return err;
}
