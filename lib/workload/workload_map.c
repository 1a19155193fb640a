/* SPDX-License-Identifier: MIT
 *
 * Where the objects of a case lie in the arena, and their locks.
 */
#include "workload_private.h"

/* Of objects apart every eighth is used: a distance of at least 320 bytes. */
#define APART 8

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

size_t lb_workload_objects(const struct lb_workload *s)
{
    switch (s->scenario->objects) {
    case LB_OBJECTS_NEIGHBOURS:
        return (size_t)s->threads;
    case LB_OBJECTS_TWO:
        return 2;
    case LB_OBJECTS_PICKED: /* private objects start at a slab of their own: at most one more slab
                               each */
        return lb_picking_is_private(s->access)
                   ? (s->objects + per_slab_most(s->layout)) * (size_t)s->threads
                   : s->objects;
    case LB_OBJECTS_APART:
        return (size_t)s->threads * APART;
    default:
        return 1;
    }
}

/* Slabs are laid out so that the drawn pair of lines holds the first count. They start at a pair,
 * not at a page: that keeps every property that sharing depends on (residue, half of the pair) and
 * lets one drawn line serve all layouts. */
static size_t slab_start(size_t pair, size_t offset_in_slab)
{
    return pair - offset_in_slab / LB_LINE_PAIR_BYTES * LB_LINE_PAIR_BYTES;
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
    m->count = lb_workload_objects(s);
    m->first_object = m->first_lock = m->objects = m->locks = 0;
    if (lb_scenario_picks(s->scenario)) { /* real slabs from page boundaries on */
        m->locks = lb_slab_footprint(&m->geometry.object, m->count);
        return 0;
    }
    if (l->separate) {
        unsigned residues = m->geometry.lock_residues, objects = m->geometry.object_residues;
        m->first_lock = draw->turn % residues + (draw->odd ? residues : 0);
        m->locks = slab_start(draw->lock_lines, lb_slab_offset(&m->geometry.lock, m->first_lock));
        /* Other combinations of residues in time, once both were visited in full. */
        object_turn += draw->turn / (residues > objects ? residues : objects);
    }
    m->first_object =
        object_turn % m->geometry.object_residues + (draw->odd ? m->geometry.object_residues : 0);
    m->objects = slab_start(l->separate ? draw->object_lines : draw->lock_lines,
                            lb_slab_offset(&m->geometry.object, m->first_object) +
                                (l->separate ? 0 : l->lock_offset));
    return 0;
}

size_t lb_workload_object_of(const struct lb_workload *s, int i)
{
    if (s->scenario->objects == LB_OBJECTS_NEIGHBOURS)
        return (size_t)i;
    if (s->scenario->objects == LB_OBJECTS_APART)
        return (size_t)i * APART;
    return 0;
}

/* Other structures than a VMA: what they have instead is a word that the op loads anyway. */
size_t lb_program_field(const struct lb_layout *l, const char *name)
{
    const struct lb_access *field = lb_layout_find_field(l, name);
    uint16_t loads[LB_LOADS];
    size_t n;

    if (field)
        return field->offset & ~(size_t)3;
    n = lb_layout_loads(l, 0, loads);
    return n ? loads[n - 1] : lb_program_seq(l);
}

/* Without a sequence number readers compare a word that they load anyway and nobody stores to. */
size_t lb_program_seq(const struct lb_layout *l)
{
    uint16_t loads[LB_LOADS];

    if (l->seq_offset >= 0)
        return (size_t)l->seq_offset;
    return lb_layout_loads(l, 0, loads) ? loads[0] : 0;
}
