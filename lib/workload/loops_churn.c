/* SPDX-License-Identifier: MIT
 *
 * The hot loops of churn: the oldest object dies, another is born in its place in the ring. Each
 * thread has its own objects. tests/check_hot.py disassembles this file.
 */
#include "loops.h"
#include "lock/lock_private.h"

#include <stdlib.h>
#include <string.h>

INLINE uintptr_t get(uintptr_t address)
{
    return __atomic_load_n((volatile uintptr_t *)address, __ATOMIC_RELAXED);
}

INLINE void put(uintptr_t address, uintptr_t value)
{
    __atomic_store_n((volatile uintptr_t *)address, value, __ATOMIC_RELAXED);
}

/* Born objects are cleared by the C library's memset, as the kernel's vma_init clears a VMA; what a
 * lock's own words begin with costs nothing more. */
INLINE void clear(uintptr_t at, size_t bytes)
{
    memset((void *)at, 0, bytes);
    __asm__ __volatile__("" : : : "memory");
}

/* A slab's free list through the first word of each free object: what SLUB does on its fast path,
 * without the compare-and-swap that keeps its interrupts out. */
INLINE void free_slab(uintptr_t *list, uintptr_t object)
{
    put(object, get((uintptr_t)list));
    put((uintptr_t)list, object);
}

INLINE uintptr_t alloc_slab(uintptr_t *list)
{
    uintptr_t object = get((uintptr_t)list);

    put((uintptr_t)list, get(object));
    return object;
}

/* malloc gives 16 bytes of alignment; objects that want more are another function's. */
INLINE uintptr_t alloc_heap(size_t bytes, size_t align)
{
    return (uintptr_t)(align > 16 ? aligned_alloc(align, bytes) : malloc(bytes));
}

/* There is no memory: the place in the ring stays empty. */
static __attribute__((noinline, cold)) void no_memory(struct lb_task *me)
{
    me->stats.fallbacks++;
}

INLINE void next_place(struct lb_churn *c)
{
    c->oldest = c->oldest + 1 == c->n_live ? 0 : c->oldest + 1;
}

INLINE void slab_inline(struct lb_churn *c)
{
    uintptr_t place = (uintptr_t)&c->live[c->oldest], object;

    free_slab(&c->free_objects, get(place));
    object = alloc_slab(&c->free_objects);
    clear(object, c->object_bytes);
    put(place, object);
    next_place(c);
}

INLINE void slab_separate(struct lb_churn *c)
{
    uintptr_t place = (uintptr_t)&c->live[c->oldest], object = get(place), lock;

    free_slab(&c->free_locks, get(object + c->slot_offset));
    free_slab(&c->free_objects, object);
    object = alloc_slab(&c->free_objects);
    lock = alloc_slab(&c->free_locks);
    clear(object, c->object_bytes);
    clear(lock, c->lock_bytes);
    put(object + c->slot_offset, lock);
    put(place, object);
    next_place(c);
}

INLINE void heap_inline(struct lb_churn *c, struct lb_task *me)
{
    uintptr_t place = (uintptr_t)&c->live[c->oldest], object;

    free((void *)get(place));
    object = alloc_heap(c->object_room, c->object_align);
    put(place, object);
    next_place(c);
    if (__builtin_expect(!object, 0))
        no_memory(me);
    else
        clear(object, c->object_bytes);
}

INLINE void heap_separate(struct lb_churn *c, struct lb_task *me)
{
    uintptr_t place = (uintptr_t)&c->live[c->oldest], object = get(place), lock;

    if (__builtin_expect(object != 0, 1))
        free((void *)get(object + c->slot_offset));
    free((void *)object);
    object = alloc_heap(c->object_room, c->object_align);
    lock = alloc_heap(c->lock_room, c->lock_align);
    if (__builtin_expect(!object || !lock, 0)) {
        free((void *)object);
        free((void *)lock);
        object = 0;
        no_memory(me);
    } else {
        clear(object, c->object_bytes);
        clear(lock, c->lock_bytes);
        put(object + c->slot_offset, lock);
    }
    put(place, object);
    next_place(c);
}

FORMS(churn_slab_inline, slab_inline((struct lb_churn *)x0))
FORMS(churn_slab_separate, slab_separate((struct lb_churn *)x0))
FORMS(churn_malloc_inline, heap_inline((struct lb_churn *)x0, me))
FORMS(churn_malloc_separate, heap_separate((struct lb_churn *)x0, me))

/* No form knows the kind of lock: its size is data. */
static const struct lb_hot_entry entries[] = {
    ROW(LB_OP_CHURN_SLAB, churn_slab_inline, LB_HOT_ANY_LOCK, false),
    ROW(LB_OP_CHURN_SLAB, churn_slab_separate, LB_HOT_ANY_LOCK, true),
    ROW(LB_OP_CHURN_MALLOC, churn_malloc_inline, LB_HOT_ANY_LOCK, false),
    ROW(LB_OP_CHURN_MALLOC, churn_malloc_separate, LB_HOT_ANY_LOCK, true),
};
const struct lb_hot_table lb_hot_churns = {entries, LB_COUNT(entries)};
