/* SPDX-License-Identifier: MIT
 *
 * A case as it is laid out: what is the same for every subject, and the way to the one it has.
 */
#include "workload_private.h"

#include <errno.h>

enum lb_op lb_workload_op(const struct lb_workload *s, int i)
{
    enum lb_op op = lb_scenario_op(s->scenario, &s->writers, i, s->threads);

    if (!s->layout || !lb_op_takes_words(op))
        return op;
    return lb_role_op(s->scenario, s->layout, s->lock,
                      lb_scenario_role(s->scenario, &s->writers, i, s->threads));
}

bool lb_workload_paced(const struct lb_workload *s, int role)
{
    return s->every_ns > 0 &&
           (s->scenario->pace == LB_PACE_ALL || (s->scenario->pace == LB_PACE_SECOND && role == 1));
}

bool lb_workload_fills(const struct lb_workload *s)
{
    return lb_scenario_counts_objects(s->scenario);
}

bool lb_workload_indirect(const struct lb_workload *s)
{
    if (!s->layout)
        return false;
    return lb_scenario_churns(s->scenario) ? s->layout->separate : s->layout->indirect;
}

const struct lb_generation *lb_workload_generation(const struct lb_workload *s)
{
    if (s->generation)
        return s->generation;
    return s->layout && s->layout->generation ? s->layout->generation
                                              : &lb_generations[LB_GENERATION_6_4];
}

lb_hot *lb_workload_loop(const struct lb_workload *s, int i, bool paused)
{
    return lb_hot_find_by(lb_workload_generation(s)->rules, lb_workload_op(s, i), s->lock,
                          lb_workload_indirect(s), paused);
}

lb_hot_timed *lb_workload_timed(const struct lb_workload *s, int i)
{
    return lb_hot_timed_find_by(lb_workload_generation(s)->rules, lb_workload_op(s, i), s->lock,
                                lb_workload_indirect(s));
}

size_t lb_workload_bytes(const struct lb_workload *s)
{
    return s->scenario->subject->bytes(s);
}

size_t lb_workload_mm(const struct lb_workload *s, const struct lb_draw *draw)
{
    if (!lb_workload_fills(s))
        return draw->mm_offset;
    return (lb_workload_bytes(s) + LB_APART_BYTES - 1) / LB_APART_BYTES * LB_APART_BYTES;
}

int lb_draw_init(uint64_t *state, unsigned turn, size_t arena_bytes, size_t room,
                 struct lb_draw *draw)
{
    size_t quarter = arena_bytes / 4 / LB_APART_BYTES * LB_APART_BYTES;

    /* lock, object and mm come from three quarters of the arena, so that they never meet; what lies
     * before a pair is at most the room, and so is what lies behind it. */
    if (quarter < room + (size_t)LB_MM_BYTES)
        return -ENOSPC;
    size_t spots = (quarter - room) / LB_LINE_PAIR_BYTES + 1;
    draw->turn = turn;
    draw->seed = lb_random(state);
    draw->odd = lb_random(state) & 1;
    draw->lock_lines = quarter + lb_random_below(state, spots) * LB_LINE_PAIR_BYTES;
    draw->object_lines = 2 * quarter + room / LB_LINE_PAIR_BYTES * LB_LINE_PAIR_BYTES +
                         lb_random_below(state, spots) * LB_LINE_PAIR_BYTES;
    draw->mm_offset = lb_random_below(state, (quarter - room) / LB_APART_BYTES) * LB_APART_BYTES;
    if (draw->mm_offset + (size_t)LB_MM_BYTES > quarter - room)
        draw->mm_offset = 0;
    return 0;
}

int lb_workload_place(const struct lb_workload *s, const struct lb_draw *draw, char *arena,
                      size_t arena_bytes, uint32_t *picks, struct lb_site *sites,
                      struct lb_placed *placed)
{
    struct lb_placed p = {-1, -1, -1, -1, 0};
    int err;

    if (lb_scenario_counts_objects(s->scenario) && !s->objects)
        return -EINVAL;
    if (lb_workload_bytes(s) + (size_t)LB_MM_BYTES > arena_bytes ||
        lb_workload_mm(s, draw) + (size_t)LB_MM_BYTES > arena_bytes)
        return -ENOSPC;
    if ((err = s->scenario->subject->place(s, draw, arena, picks, sites, &p)))
        return err;
    *placed = p;
    return 0;
}

int lb_workload_check(const struct lb_workload *s, const struct lb_draw *draw, const char *arena)
{
    const struct lb_subject *subject = s->scenario->subject;

    return subject->check ? subject->check(s, draw, arena) : 0;
}

void lb_workload_release(const struct lb_workload *s, const struct lb_draw *draw, char *arena)
{
    if (s->scenario->subject->release)
        s->scenario->subject->release(s, draw, arena);
}

int lb_workload_watch(const struct lb_workload *s, const struct lb_draw *draw, char *arena,
                      int thread, const struct lb_word *word, struct lb_why *why,
                      uintptr_t *address, unsigned *bytes)
{
    struct lb_watch_place place = {0, 0};
    int err;

    if ((unsigned)word->watch >= LB_WATCHES)
        return lb_fail(why, EINVAL, "watch %d: no such word", (int)word->watch);
    if (lb_watch_words[word->watch].part == LB_PART_HARNESS)
        return lb_watch_none(why, word, "a word of the harness");
    if (thread < 0 || thread >= s->threads)
        return lb_fail(why, EINVAL, "watch %s: thread %d of %d", lb_word_name(word), thread,
                       s->threads);
    if ((err = s->scenario->subject->watch(s, draw, thread, word, why, &place)))
        return err;
    *address = (uintptr_t)arena + place.offset;
    *bytes = place.bytes;
    return 0;
}
