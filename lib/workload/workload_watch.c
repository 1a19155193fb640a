/* SPDX-License-Identifier: MIT */
#include <linebounce/scenario.h>

#include "workload_private.h"

#include <errno.h>
#include <string.h>

/* Where in the arena, and how wide. */
struct place {
    size_t offset;
    unsigned bytes;
};

static int none(struct lb_why *why, const struct lb_word *word, const char *reason)
{
    return lb_fail(why, ENOENT, "watch %s: %s", lb_word_name(word), reason);
}

/* A word of a lock that begins at `lock`. */
static int lock_word(enum lb_lock_kind kind, size_t lock, const struct lb_watch_word *w,
                     struct lb_why *why, struct place *place)
{
    const struct lb_lock_info *info = lb_lock_info(kind);

    if (w == &lb_watch_words[LB_WATCH_COUNT])
        *place = (struct place){lock + info->count_offset, (unsigned)info->count_bytes};
    else if (info->owner_offset < 0)
        return lb_fail(why, ENOENT, "watch %s: lock %s has no owner", w->name, info->name);
    else
        *place = (struct place){lock + (size_t)info->owner_offset, w->bytes};
    return 0;
}

/* Scenarios without objects: a word or a bare lock a thread. */
static int bare_word(const struct lb_workload *s, const struct lb_draw *draw, int thread,
                     const struct lb_word *word, struct lb_why *why, struct place *place)
{
    bool lock = s->scenario->kind == LB_SCENARIO_STRAIGHT || s->scenario->kind == LB_SCENARIO_ADDS;
    const struct lb_watch_word *w = &lb_watch_words[word->watch];
    size_t at = lb_workload_word(s, draw, thread);

    if (s->scenario->kind == LB_SCENARIO_EMPTY)
        return none(why, word, "the scenario touches no memory");
    if (w->part != LB_PART_LOCK)
        return lb_fail(why, ENOENT, "watch %s: scenario %s has no objects", lb_word_name(word),
                       s->scenario->name);
    if (lock)
        return lock_word(LB_LOCK_RWSEM40, at, w, why, place);
    if (word->watch != LB_WATCH_COUNT)
        return lb_fail(why, ENOENT, "watch %s: scenario %s has no lock", w->name,
                       s->scenario->name);
    *place = (struct place){at, sizeof(uint64_t)};
    return 0;
}

/* The field, or the word that it begins in where a breakpoint cannot hold all of it. */
static struct place field_at(size_t offset, size_t bytes)
{
    if (bytes <= 8 && !(bytes & (bytes - 1)) && bytes && offset % bytes == 0)
        return (struct place){offset, (unsigned)bytes};
    return (struct place){offset & ~(size_t)3, 4};
}

static int field_word(const struct lb_layout *l, const char *name, struct lb_why *why,
                      struct place *place)
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
                      struct place *place)
{
    const struct lb_watch_word *w = &lb_watch_words[word->watch];

    if (w->part == LB_PART_FIELD)
        return field_word(l, word->field, why, place);
    if (w->part == LB_PART_SLOT && !l->indirect)
        return lb_fail(why, ENOENT, "watch %s: layout %s has no pointer, its lock is inline",
                       w->name, l->name);
    if (w->part == LB_PART_SEQ && l->seq_offset < 0)
        return lb_fail(why, ENOENT, "watch %s: layout %s has no sequence number", w->name, l->name);
    *place =
        (struct place){w->part == LB_PART_SLOT ? l->slot_offset : (size_t)l->seq_offset, w->bytes};
    return 0;
}

static int object_word(const struct lb_workload *s, const struct lb_draw *draw, int thread,
                       const struct lb_word *word, struct lb_why *why, struct place *place)
{
    const struct lb_watch_word *w = &lb_watch_words[word->watch];
    size_t index = lb_workload_object_of(s, thread);
    struct lb_workload_map map;
    int err = lb_workload_map_init(s, draw, why, &map);

    if (err)
        return err;
    if (w->part == LB_PART_MM) {
        *place = (struct place){lb_workload_mm(s, draw) + w->offset, w->bytes};
        return 0;
    }
    if (s->scenario->kind == LB_SCENARIO_MANY)
        return none(why, word, "each op takes another object");
    if (w->part == LB_PART_LOCK)
        return lock_word(s->lock, lb_workload_lock(&map, index), w, why, place);
    err = inner_word(s->layout, word, why, place);
    if (!err)
        place->offset += lb_workload_object(&map, index);
    return err;
}

int lb_workload_watch(const struct lb_workload *shape, const struct lb_draw *draw, char *arena,
                      int thread, const struct lb_word *word, struct lb_why *why,
                      uintptr_t *address, unsigned *bytes)
{
    struct place place = {0, 0};
    int err;

    if ((unsigned)word->watch >= LB_WATCHES)
        return lb_fail(why, EINVAL, "watch %d: no such word", (int)word->watch);
    const struct lb_watch_word *w = &lb_watch_words[word->watch];
    if (w->part == LB_PART_HARNESS)
        return none(why, word, "a word of the harness");
    if (thread < 0 || thread >= shape->threads)
        return lb_fail(why, EINVAL, "watch %s: thread %d of %d", lb_word_name(word), thread,
                       shape->threads);
    if (shape->scenario->uses_words)
        err = lb_words_watch(shape, draw, thread, word, why, &place.offset, &place.bytes);
    else if (lb_scenario_churns(shape->scenario))
        err = none(why, word, "each op takes another object");
    else if (shape->scenario->uses_layout)
        err = object_word(shape, draw, thread, word, why, &place);
    else
        err = bare_word(shape, draw, thread, word, why, &place);
    if (err)
        return err;
    *address = (uintptr_t)arena + place.offset;
    *bytes = place.bytes;
    return 0;
}
