/* SPDX-License-Identifier: MIT
 *
 * Where things of a shape lie in the arena: what placing them and watching them share. Offsets are
 * from the arena's start.
 */
#ifndef LB_WORKLOAD_PRIVATE_H
#define LB_WORKLOAD_PRIVATE_H

#include <linebounce/scenario.h>

/* Slab starts, and the index of the first object. */
struct lb_workload_map {
    const struct lb_workload *shape;
    struct lb_geometry geometry;
    size_t objects, locks; /* the first slab of each; locks only when separate */
    size_t first_object, first_lock;
    size_t count; /* objects laid out */
};

/* For scenarios with a layout. -EINVAL as lb_layout_allows. */
int lb_workload_map_init(const struct lb_workload *shape, const struct lb_draw *draw,
                         struct lb_why *why, struct lb_workload_map *map);
/* Object i of the map, and its lock. */
size_t lb_workload_object(const struct lb_workload_map *map, size_t i);
size_t lb_workload_lock(const struct lb_workload_map *map, size_t i);
/* The object that a thread works on, in `nested` the first; in `many` there is none. */
size_t lb_workload_object_of(const struct lb_workload *shape, int thread);

/* The mm. `many` fills the arena from its start, so there it lies behind the objects. */
size_t lb_workload_mm(const struct lb_workload *shape, const struct lb_draw *draw);
/* A thread's word in scenarios without objects: in the drawn line (at most eight, then more lines),
 * or 256 bytes apart. */
size_t lb_workload_word(const struct lb_workload *shape, const struct lb_draw *draw, int thread);

/* The offset of what readers compare with the mm's sequence number. */
size_t lb_program_seq(const struct lb_layout *layout);

/* Scenarios on words (shape_words.c). */
size_t lb_words_bytes(const struct lb_workload *shape);
/* Where the first word, the ring's head or the lock lies. */
size_t lb_words_base(const struct lb_draw *draw);
int lb_words_place(const struct lb_workload *shape, const struct lb_draw *draw, char *arena,
                   struct lb_site *sites, struct lb_placed *placed);
int lb_words_check(const struct lb_workload *shape, const struct lb_draw *draw, const char *arena);
int lb_words_watch(const struct lb_workload *shape, const struct lb_draw *draw, int thread,
                   const struct lb_word *word, struct lb_why *why, size_t *offset, unsigned *bytes);

/* Scenarios of churn (shape_churn.c). */
size_t lb_churn_bytes(const struct lb_workload *shape);
int lb_churn_place(const struct lb_workload *shape, const struct lb_draw *draw, char *arena,
                   struct lb_site *sites);
int lb_churn_check(const struct lb_workload *shape, const char *arena);
void lb_churn_release(const struct lb_workload *shape, char *arena);

/* Scenarios with pages (shape_fault.c): a struct lb_pages a thread, behind the drawn pair of
 * lines. */
size_t lb_pages_room(const struct lb_workload *shape);
int lb_pages_place(const struct lb_workload *shape, const struct lb_draw *draw, char *arena,
                   struct lb_site *sites);
/* The errno of what failed in an op. */
int lb_pages_check(const struct lb_workload *shape, const struct lb_draw *draw, const char *arena);
void lb_pages_release(const struct lb_workload *shape, const struct lb_draw *draw, char *arena);

/* What a word that can be watched belongs to. */
enum lb_watch_part {
    LB_PART_LOCK,
    LB_PART_FIELD,
    LB_PART_SEQ,
    LB_PART_SLOT,
    LB_PART_MM,
    LB_PART_HARNESS
};
/* Offsets within the part; those of the lock depend on its kind. */
struct lb_watch_word {
    const char *name;
    enum lb_watch_part part;
    unsigned offset, bytes;
};
extern const struct lb_watch_word lb_watch_words[LB_WATCHES];

#endif
