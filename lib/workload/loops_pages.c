/* SPDX-License-Identifier: MIT
 *
 * The hot loops of faults: the kernel is what they measure, so system calls are part of them. Each
 * thread has its own part. tests/check_hot.py disassembles this file.
 */
#include "loops.h"
#include "lock/lock_private.h"

#include <errno.h>
#include <sys/mman.h>

/* A byte written, by an instruction that no sanitizer adds shadow memory to: that would fault too.
 */
INLINE void touch(uintptr_t at)
{
#if defined(__x86_64__)
    __asm__ __volatile__("movb $1, (%0)" : : "r"(at) : "memory");
#elif defined(__aarch64__)
    __asm__ __volatile__("strb %w1, [%0]" : : "r"(at), "r"(1) : "memory");
#else
    __atomic_store_n((volatile char *)at, 1, __ATOMIC_RELAXED);
#endif
}

/* From now on the spare byte is touched, over and over: lb_workload_check says what went wrong. */
static uintptr_t lose(struct lb_pages *p, const char *call)
{
    p->error = errno;
    p->failed = call;
    p->page_bytes = 0;
    p->end = 0;
    return (uintptr_t)&p->spare;
}

/* The part is used up: its pages go back. */
static __attribute__((noinline, cold)) uintptr_t lb_recycle_slow(struct lb_pages *p,
                                                                 struct lb_task *me)
{
    me->stats.fallbacks++;
    if (madvise((void *)p->base, p->bytes, MADV_DONTNEED))
        return lose(p, "madvise");
    return p->base;
}

/* The part is used up: it goes, and another comes. */
static __attribute__((noinline, cold)) uintptr_t lb_remap_slow(struct lb_pages *p,
                                                               struct lb_task *me)
{
    void *map;

    me->stats.fallbacks++;
    if (munmap((void *)p->base, p->bytes))
        return lose(p, "munmap");
    p->base = 0;
    map = mmap(NULL, p->bytes, PROT_READ | PROT_WRITE, p->flags, p->fd, 0);
    if (map == MAP_FAILED)
        return lose(p, "mmap");
    p->base = (uintptr_t)map;
    p->end = p->base + p->bytes;
    if (p->huge && madvise(map, p->bytes, MADV_NOHUGEPAGE)) {
        munmap(map, p->bytes);
        p->base = 0;
        return lose(p, "madvise");
    }
    return p->base;
}

static __attribute__((noinline, cold)) void lb_refused_slow(struct lb_pages *p, struct lb_task *me,
                                                            const char *call)
{
    me->stats.fallbacks++;
    p->error = errno;
    p->failed = call;
}

INLINE void touch_next(struct lb_pages *p, struct lb_task *me)
{
    uintptr_t at = p->at;

    touch(at);
    at += p->page_bytes;
    if (__builtin_expect(at == p->end, 0))
        at = lb_recycle_slow(p, me);
    p->at = at;
}

INLINE void touch_remap(struct lb_pages *p, struct lb_task *me)
{
    uintptr_t at = p->at;

    touch(at);
    at += p->page_bytes;
    if (__builtin_expect(at == p->end, 0))
        at = lb_remap_slow(p, me);
    p->at = at;
}

INLINE void map_unmap(struct lb_pages *p, struct lb_task *me)
{
    void *map = mmap(NULL, p->bytes, PROT_READ | PROT_WRITE, p->flags, -1, 0);

    if (__builtin_expect(map == MAP_FAILED || munmap(map, p->bytes), 0))
        lb_refused_slow(p, me, map == MAP_FAILED ? "mmap" : "munmap");
}

INLINE void protect(struct lb_pages *p, struct lb_task *me)
{
    void *strip = (void *)p->base;

    if (__builtin_expect(mprotect(strip, p->bytes, PROT_READ) ||
                             mprotect(strip, p->bytes, PROT_READ | PROT_WRITE),
                         0))
        lb_refused_slow(p, me, "mprotect");
}

FORMS(touch_keep, touch_next((struct lb_pages *)x0, me))
FORMS(touch_remap, touch_remap((struct lb_pages *)x0, me))
FORMS(map, map_unmap((struct lb_pages *)x0, me))
FORMS(protect, protect((struct lb_pages *)x0, me))

/* What everybody would write who times page faults: nothing but the touches between two looks at
 * the clock. Parts are long; where one ends, it is given back outside the inner loop. */
INLINE void walk(struct lb_pages *p, struct lb_task *me, uint64_t ops)
{
    while (ops) {
        uintptr_t at = p->at, page = p->page_bytes, end = p->end;

        for (; ops && at != end; ops--, at += page)
            touch(at);
        p->at = at == end ? lb_recycle_slow(p, me) : at;
    }
}

/* With a pause before each touch there is no plain loop left. */
INLINE void step(struct lb_pages *p, struct lb_task *me)
{
    uintptr_t at = p->at;

    if (__builtin_expect(at == p->end, 0))
        at = lb_recycle_slow(p, me);
    touch(at);
    p->at = at + p->page_bytes;
}

static HOT uint64_t hot_touch_bare_saturated(uint64_t ops, uint64_t rng, uint64_t span,
                                             struct lb_task *me, uintptr_t x0, uintptr_t x1,
                                             uintptr_t x2, uintptr_t x3, uintptr_t x4, uintptr_t x5)
{
    (void)span, UNUSED_ALL;
    walk((struct lb_pages *)x0, me, ops);
    return rng;
}

static HOT uint64_t hot_touch_bare_paused(uint64_t ops, uint64_t rng, uint64_t span,
                                          struct lb_task *me, uintptr_t x0, uintptr_t x1,
                                          uintptr_t x2, uintptr_t x3, uintptr_t x4, uintptr_t x5)
{
    UNUSED_ALL;
    do {
        rng = pause_for(rng, span);
        step((struct lb_pages *)x0, me);
    } while (--ops);
    return rng;
}
TIMED(touch_bare, step((struct lb_pages *)x0, me))

static const struct lb_hot_entry entries[] = {
    ROW(LB_OP_TOUCH, touch_keep, LB_HOT_NO_LOCK, false),
    ROW(LB_OP_TOUCH_REMAP, touch_remap, LB_HOT_NO_LOCK, false),
    ROW(LB_OP_MAP, map, LB_HOT_NO_LOCK, false),
    ROW(LB_OP_PROTECT, protect, LB_HOT_NO_LOCK, false),
    ROW(LB_OP_TOUCH_BARE, touch_bare, LB_HOT_NO_LOCK, false),
};
const struct lb_hot_table lb_hot_faults = {entries, LB_COUNT(entries)};
