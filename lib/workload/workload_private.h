/* SPDX-License-Identifier: MIT
 *
 * Where things of a shape lie in the arena: what placing them and watching them share. Offsets are
 * from the arena's start.
 */
#ifndef LB_WORKLOAD_PRIVATE_H
#define LB_WORKLOAD_PRIVATE_H

#include <linebounce/scenario.h>
#include <linebounce/workload.h>

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

/* How many are laid out. */
size_t lb_workload_objects(const struct lb_workload *shape);
/* Whether each thread picks among objects of its own. */
static inline bool lb_picking_is_private(enum lb_picking access)
{
    return access == LB_PICK_PRIVATE_UNIFORM || access == LB_PICK_PRIVATE_ZIPF;
}

/* The op of a role; where that takes words, on as many and in the way that the layout says, which
 * may be NULL for scenarios that use none. */
enum lb_op lb_role_op(const struct lb_scenario *scenario, const struct lb_layout *layout,
                      enum lb_lock_kind lock, int role);

/* The mm. `many` fills the arena from its start, so there it lies behind the objects. */
size_t lb_workload_mm(const struct lb_workload *shape, const struct lb_draw *draw);

/* The offset of what readers compare with the mm's sequence number. */
size_t lb_program_seq(const struct lb_layout *layout);
/* Of a field by its name, where there is none of the last word that the first role loads. */
size_t lb_program_field(const struct lb_layout *layout, const char *name);

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

/* Where in the arena, and how wide. */
struct lb_watch_place {
    size_t offset;
    unsigned bytes;
};
/* There is no such word: -ENOENT with the reason. */
int lb_watch_none(struct lb_why *why, const struct lb_word *word, const char *reason);
/* A word of a lock that begins at `lock`. */
int lb_lock_watch(enum lb_lock_kind kind, size_t lock, const struct lb_watch_word *w,
                  struct lb_why *why, struct lb_watch_place *place);
int lb_objects_watch(const struct lb_workload *shape, const struct lb_draw *draw, int thread,
                     const struct lb_word *word, struct lb_why *why, struct lb_watch_place *place);

#endif
