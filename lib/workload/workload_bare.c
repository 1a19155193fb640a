/* SPDX-License-Identifier: MIT
 *
 * Laying out scenarios without objects: a word or a bare lock a thread, in the drawn line (at most
 * eight, then more lines) or each on lines of its own.
 */
#include "workload_private.h"

#include <errno.h>
#include <string.h>

static size_t bare_bytes(const struct lb_workload *s)
{
    return ((size_t)s->threads + 1) * LB_APART_BYTES;
}

static size_t word_of(const struct lb_workload *s, const struct lb_draw *draw, int i)
{
    bool apart = s->scenario->objects == LB_OBJECTS_APART;

    return draw->lock_lines + (size_t)i * (apart ? LB_APART_BYTES : sizeof(uint64_t));
}

/* Whether the words are locks, and of which kind: those of ADDS are as rwsem's fast path has them.
 */
static bool are_locks(const struct lb_workload *s, enum lb_lock_kind *kind)
{
    *kind = s->scenario->uses_lock ? s->lock : LB_LOCK_RWSEM40;
    return s->scenario->uses_lock || lb_scenario_does(s->scenario, LB_OP_ADDS);
}

static bool touches_nothing(const struct lb_scenario *s)
{
    return lb_scenario_does(s, LB_OP_EMPTY) || lb_scenario_does(s, LB_OP_CYCLES30) ||
           lb_scenario_does(s, LB_OP_CYCLES60);
}

static int bare_place(const struct lb_workload *s, const struct lb_draw *draw, char *arena,
                      uint32_t *picks, struct lb_site *sites, struct lb_placed *placed)
{
    enum lb_lock_kind kind;
    bool locks = are_locks(s, &kind);

    (void)picks;
    (void)placed;
    for (int i = 0; i < s->threads; i++) {
        char *word = arena + word_of(s, draw, i);
        memset(word, 0, sizeof(uint64_t));
        if (locks)
            lb_lock_init(kind, word);
        sites[i] = (struct lb_site){.x = {(uintptr_t)word, (uintptr_t)&lb_program_of_word}};
    }
    return 0;
}

static int bare_watch(const struct lb_workload *s, const struct lb_draw *draw, int thread,
                      const struct lb_word *word, struct lb_why *why, struct lb_watch_place *place)
{
    const struct lb_watch_word *w = &lb_watch_words[word->watch];
    size_t at = word_of(s, draw, thread);
    enum lb_lock_kind kind;

    if (touches_nothing(s->scenario))
        return lb_watch_none(why, word, "the scenario touches no memory");
    if (w->part != LB_PART_LOCK)
        return lb_fail(why, ENOENT, "watch %s: scenario %s has no objects", lb_word_name(word),
                       s->scenario->name);
    if (are_locks(s, &kind))
        return lb_lock_watch(kind, at, w, why, place);
    if (word->watch != LB_WATCH_COUNT)
        return lb_fail(why, ENOENT, "watch %s: scenario %s has no lock", w->name,
                       s->scenario->name);
    *place = (struct lb_watch_place){at, sizeof(uint64_t)};
    return 0;
}

const struct lb_subject lb_subject_bare = {
    .bytes = bare_bytes,
    .place = bare_place,
    .watch = bare_watch,
};
