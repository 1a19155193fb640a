/* SPDX-License-Identifier: MIT
 *
 * The words of an op with the lines that they lie on: what layout, kind of lock and scenario say,
 * in the order in which the op comes to them.
 */
#ifndef LB_OP_WORDS_H
#define LB_OP_WORDS_H

#include <linebounce/line_waits.h>

struct lb_op_word {
    const char *name;
    uintptr_t line;
    bool writes, loads; /* loads: before anything is written to it */
    bool locked;        /* changed by a locked op */
};

/* Sequence number, pointer, count, owner, and the fields of the layout; of two objects. */
enum { LB_OP_WORDS_MOST = 2 * (4 + LB_ACCESSES_MOST) };
struct lb_op_words {
    struct lb_op_word at[LB_OP_WORDS_MOST];
    size_t n;
};

/* Where an object and its lock lie, by address. */
struct lb_op_place {
    uintptr_t object, lock;
};
/* Object i of a slab; locks that lie apart come one after the other in a slab of theirs. */
struct lb_op_place lb_op_place_at(const struct lb_layout *layout,
                                  const struct lb_geometry *geometry, size_t i);
/* How many objects, or neighbours, a slab has the ops of a scenario work on. */
size_t lb_op_places(const struct lb_layout *layout, const struct lb_geometry *geometry,
                    const struct lb_scenario *scenario);

/* Of an op that locks and reads, reads without a lock, or only writes, on the object at `place`
 * and, of scenarios that take two, on its neighbour, which is `next`. */
void lb_op_words_of(const struct lb_layout *layout, enum lb_lock_kind lock,
                    const struct lb_scenario *scenario, int role, const struct lb_op_place *place,
                    const struct lb_op_place *next, struct lb_op_words *words);

/* What an op does to a line: whether it is there at all, comes with a load, writes, and how many
 * words it changes there by locked ops. */
struct lb_op_visit {
    bool here, loads_first, writes;
    int locked;
};
struct lb_op_visit lb_op_visit_of(const struct lb_op_words *words, uintptr_t line);

/* What an op pays for a line that it finds gone, set in `line`; false: nobody waits for it. */
bool lb_line_price(const struct lb_op_visit *mine, const struct lb_op_visit *other,
                   enum lb_handover handover, struct lb_line_wait *line);

#endif
