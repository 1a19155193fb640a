/* SPDX-License-Identifier: MIT
 *
 * Laying out scenarios on words: where each word lies, and what is checked after a window.
 */
#include "workload_private.h"

#include <errno.h>
#include <string.h>

/* Words begin at a boundary of this much, so that two of them share a line, a pair of lines or a
 * block of 256 bytes exactly when their offset says so, and never by the luck of the draw. */
#define WORDS_ALIGN ((size_t)512)

/* A ring's slots: behind both indices, on lines of their own. */
static size_t slots_at(const struct lb_workload *s, size_t base)
{
    return base +
           (s->offset_bytes + sizeof(uint64_t) + WORDS_ALIGN - 1) / WORDS_ALIGN * WORDS_ALIGN;
}

/* Writers that come under another lock in the kernel have none here. */
static int one_at_a_time(const struct lb_workload *s, struct lb_why *why)
{
    const struct lb_lock_info *lock = lb_lock_info(s->lock);
    int n = 0;

    for (int i = 0; i < s->threads && !lock->plain_writers; i++)
        n += lb_workload_op(s, i) == LB_OP_TAKE;
    if (n < 2)
        return 0;
    return lb_fail(why, EINVAL,
                   "%s with lock %s: its writers come one at a time under another lock: of %d "
                   "threads %d would write",
                   s->scenario->name, lock->name, s->threads, n);
}

int lb_workload_allows(const struct lb_workload *s, struct lb_why *why)
{
    const struct lb_lock_info *lock = lb_lock_info(s->lock);
    const char *name = s->scenario->name;
    size_t offset = s->offset_bytes;

    if (s->layout)
        return one_at_a_time(s, why);
    if (!s->scenario->subject->uses_words)
        return 0;
    if (!offset || offset % sizeof(uint64_t) || offset > LB_OFFSET_MOST)
        return lb_fail(why, EINVAL, "%s: an offset of %zu bytes: wants a multiple of 8 up to %d",
                       name, offset, LB_OFFSET_MOST);
    if (s->scenario->uses_lock && offset < lock->bytes)
        return lb_fail(why, EINVAL,
                       "%s: an offset of %zu bytes lies within the lock %s (%zu bytes)", name,
                       offset, lock->name, lock->bytes);
    return 0;
}

static size_t words_bytes(const struct lb_workload *s)
{
    size_t words = (size_t)(s->threads > 2 ? s->threads : 2);

    return WORDS_ALIGN + slots_at(s, 0) + words * s->offset_bytes +
           (LB_RING_SLOTS + 2) * sizeof(uint64_t) + LB_APART_BYTES;
}

static size_t words_base(const struct lb_draw *draw)
{
    return draw->lock_lines / WORDS_ALIGN * WORDS_ALIGN;
}

/* The lock is the object then, and its data lie behind it. */
static void guarded_site(const struct lb_workload *s, uintptr_t base, struct lb_site *site)
{
    site->program.write[0] = (uint16_t)s->offset_bytes;
    site->program.write[1] = (uint16_t)(s->offset_bytes + sizeof(uint64_t));
    site->x[0] = base;
    site->x[1] = (uintptr_t)&site->program;
}

static void site_of(const struct lb_workload *s, uintptr_t base, int i, struct lb_site *site)
{
    enum lb_op op = lb_scenario_op(s->scenario, &s->writers, i, s->threads);

    *site = (struct lb_site){.x = {0}};
    switch (op) {
    case LB_OP_SUM:
        *site = (struct lb_site){.x = {base, s->offset_bytes, (uintptr_t)s->threads - 1}};
        break;
    case LB_OP_PUSH:
    case LB_OP_POP:
        *site = (struct lb_site){.x = {base, base + s->offset_bytes, slots_at(s, base)}};
        break;
    case LB_OP_GUARDED:
        guarded_site(s, base, site);
        break;
    default:
        site->x[0] = base + (size_t)i * s->offset_bytes;
        site->x[1] = (uintptr_t)&lb_program_of_word;
    }
}

static void describe(const struct lb_workload *s, size_t base, struct lb_placed *placed)
{
    placed->line_offset = (int64_t)(base / LB_LINE_BYTES * LB_LINE_BYTES);
    if (s->threads > 1 || s->scenario->uses_lock)
        placed->shares = s->offset_bytes < LB_LINE_BYTES;
}

static int words_place(const struct lb_workload *s, const struct lb_draw *draw, char *arena,
                       uint32_t *picks, struct lb_site *sites, struct lb_placed *placed)
{
    size_t base = words_base(draw), bytes = words_bytes(s) - WORDS_ALIGN;

    (void)picks;
    memset(arena + base, 0, bytes);
    if (s->scenario->uses_lock)
        lb_lock_init(s->lock, arena + base);
    for (int i = 0; i < s->threads; i++)
        site_of(s, (uintptr_t)arena + base, i, &sites[i]);
    describe(s, base, placed);
    return 0;
}

static uint64_t word_at(const char *arena, size_t offset)
{
    return __atomic_load_n((const uint64_t *)(const void *)(arena + offset), __ATOMIC_RELAXED);
}

/* The lock is idle; a ring holds no more than it can, and what is in it is what was pushed. */
static int words_check(const struct lb_workload *s, const struct lb_draw *draw, const char *arena)
{
    size_t base = words_base(draw);

    if (s->scenario->uses_lock && !lb_lock_is_idle(s->lock, arena + base))
        return -EBUSY;
    if (lb_scenario_does(s->scenario, LB_OP_PUSH)) {
        uint64_t head = word_at(arena, base), tail = word_at(arena, base + s->offset_bytes);
        if (head - tail > LB_RING_SLOTS)
            return -EBUSY;
        for (uint64_t i = tail; i != head; i++)
            if (word_at(arena, slots_at(s, base) + i % LB_RING_SLOTS * sizeof(uint64_t)) != i)
                return -EBUSY;
    }
    return 0;
}

static int words_watch(const struct lb_workload *s, const struct lb_draw *draw, int thread,
                       const struct lb_word *word, struct lb_why *why, struct lb_watch_place *place)
{
    enum lb_op op = lb_scenario_op(s->scenario, &s->writers, thread, s->threads);
    size_t offset = (size_t)thread * s->offset_bytes;

    if (word->watch != LB_WATCH_COUNT || op == LB_OP_SUM)
        return lb_fail(why, ENOENT, "%s: has no word %s", s->scenario->name, lb_word_name(word));
    if (op == LB_OP_POP || op == LB_OP_GUARDED)
        offset = s->offset_bytes; /* the data; a lock's words are other suites' subject */
    else if (op == LB_OP_PUSH)
        offset = 0;
    *place = (struct lb_watch_place){words_base(draw) + offset, sizeof(uint64_t)};
    return 0;
}

const struct lb_subject lb_subject_words = {
    .uses_words = true,
    .bytes = words_bytes,
    .place = words_place,
    .check = words_check,
    .watch = words_watch,
};
