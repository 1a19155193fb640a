/* SPDX-License-Identifier: MIT
 *
 * The table of generations, and what follows from a row.
 */
#include <linebounce/generation.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ROW(ID, NAME, RULES, LOCK, MMAP_LOCK, SEQ, WAIT, MEANING)                                  \
    [LB_GENERATION_##ID] = {.name = NAME,                                                          \
                            .rules = LB_RULES_##RULES,                                             \
                            .mm_lock = LB_LOCK_##LOCK,                                             \
                            .mm = {.lock = MMAP_LOCK, .seq = SEQ, .writer_wait = WAIT},            \
                            .meaning = MEANING}

/* Offsets of distributions' kernels for x86-64. Before 6.15 there is no vma_writer_wait: a
 * reference count's writers are named behind mm_lock_seq there. */
const struct lb_generation lb_generations[LB_GENERATIONS] = {
    ROW(6_4, "6.4", PLAIN, RWSEM40, 184, 240, 248, "Linux 6.4 and 6.5: the lock per VMA begins"),
    ROW(6_6, "6.6", PLAIN, RWSEM40, 176, 232, 240, "Linux 6.6 to 6.10"),
    ROW(6_11, "6.11", PLAIN, RWSEM40, 168, 224, 232, "Linux 6.11 to 6.13"),
    ROW(6_14, "6.14", SEQCOUNT, RWSEM40, 184, 240, 248, "Linux 6.14: mm_lock_seq is a seqcount"),
    ROW(6_15, "6.15", SEQCOUNT, RWSEM40, 184, 248, 240,
        "Linux 6.15, 6.16, and later without DETECT_HUNG_TASK_BLOCKER: a count in the VMA"),
    ROW(6_17, "6.17", CLEARING, RWSEM40, 184, 248, 240, "Linux 6.17 to 6.19: up_read clears owner"),
    ROW(7_0, "7.0", CLEARING, RWSEM40, 400, 464, 456, "Linux 7.0 and 7.1: another mm_struct"),
    ROW(7_2, "7.2", CLEARING, RWSEM32, 408, 464, 456, "Linux 7.2 and later: a shorter mmap_lock"),
};

static const char *name_at(size_t i)
{
    return lb_generations[i].name;
}

int lb_generation_find(const char *name, struct lb_why *why, const struct lb_generation **g)
{
    static const struct lb_names names = {.what = "generation", .at = name_at, .n = LB_GENERATIONS};
    size_t found;

    if (lb_name_find(&names, name, why, &found))
        return -EINVAL;
    *g = &lb_generations[found];
    return 0;
}

static const char *const form_names[LB_MM_FORMS] = {"kernel", "separate"};
const struct lb_names lb_mm_form_names = {LB_NAMES_IN("mm", form_names)};

const char *lb_mm_form_name(enum lb_mm_form form)
{
    return form_names[form];
}

/* Moves the words to the first pair of lines that one of them is on. */
static struct lb_mm_words moved(struct lb_mm_words w)
{
    uint16_t first = w.lock < w.seq ? w.lock : w.seq;

    if (w.writer_wait < first)
        first = w.writer_wait;
    first -= first % LB_LINE_PAIR_BYTES;
    return (struct lb_mm_words){.seq = (uint16_t)(w.seq - first),
                                .lock = (uint16_t)(w.lock - first),
                                .writer_wait = (uint16_t)(w.writer_wait - first)};
}

struct lb_mm_words lb_generation_words(const struct lb_generation *g, enum lb_mm_form form)
{
    return form == LB_MM_SEPARATE ? lb_mm_separate : moved(g->mm);
}

static bool overlap(size_t a, size_t a_bytes, size_t b, size_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

/* Files with BTF may be broken or hostile. */
static bool are_apart(const struct lb_mm_words *w, size_t lock_bytes)
{
    return w->lock % sizeof(uint64_t) == 0 && w->seq % sizeof(uint32_t) == 0 &&
           w->writer_wait % sizeof(void *) == 0 &&
           !overlap(w->lock, lock_bytes, w->seq, sizeof(uint32_t)) &&
           !overlap(w->lock, lock_bytes, w->writer_wait, sizeof(void *)) &&
           !overlap(w->seq, sizeof(uint32_t), w->writer_wait, sizeof(void *));
}

int lb_generation_make(enum lb_rules rules, enum lb_lock_kind mm_lock, struct lb_mm_words mm,
                       struct lb_generation *generation)
{
    const size_t room = LB_MM_BYTES - sizeof(struct lb_rwsem40);
    struct lb_mm_words m = moved(mm);
    struct lb_generation made = {.rules = rules, .mm_lock = mm_lock, .mm = mm};
    const struct lb_generation *like = NULL;

    if (m.seq > room || m.lock > room || m.writer_wait > room)
        return -ERANGE;
    if (!are_apart(&mm, lb_lock_info(mm_lock)->bytes))
        return -EINVAL;
    for (size_t i = 0; i < LB_GENERATIONS; i++) {
        const struct lb_generation *g = &lb_generations[i];
        if (g->rules != rules || g->mm_lock != mm_lock)
            continue;
        like = g;
        if (!memcmp(&g->mm, &mm, sizeof mm)) {
            *generation = *g;
            return 0;
        }
    }
    snprintf(made.name, sizeof made.name, "btf-%.16s", like ? like->name : "other");
    snprintf(made.meaning, sizeof made.meaning, "as its BTF says");
    *generation = made;
    return 0;
}

int lb_generation_describe(const struct lb_generation *g, char *text, size_t bytes)
{
    return snprintf(text, bytes,
                    "mmap_lock %u (%s), mm_lock_seq %u (+%d a write), vma_writer_wait %u; "
                    "up_read %s owner",
                    g->mm.lock, lb_lock_info(g->mm_lock)->name, g->mm.seq,
                    g->rules == LB_RULES_PLAIN ? 1 : 2, g->mm.writer_wait,
                    g->rules == LB_RULES_CLEARING ? "clears" : "leaves");
}
