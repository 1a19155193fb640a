/* SPDX-License-Identifier: MIT
 *
 * What the model of lines says of a structure: lines in common, and memory.
 */
#include "suggest_private.h"

#include <errno.h>
#include <math.h>

/* Words that an op touches, in bytes from the object's start. */
struct words {
    size_t at[LB_WHATIF_FIELDS_MOST + 2];
    size_t n;
};

/* A lock that is taken is written where its fast path writes. */
static void add_lock(const struct lb_whatif *w, size_t offset, struct words *words)
{
    const struct lb_lock_info *info = lb_lock_info(w->lock);

    words->at[words->n++] = offset + info->count_offset;
    if (info->owner_offset >= 0)
        words->at[words->n++] = offset + (size_t)info->owner_offset;
}

static struct words words_of(const struct lb_whatif *w, bool after, bool written)
{
    struct words words = {.n = 0};

    for (size_t i = 0; i < w->n_fields; i++) {
        const struct lb_whatif_field *f = &w->fields[i];
        if (written ? !f->written : !f->read)
            continue;
        if (written && f->locked && lb_how_takes(w->write))
            add_lock(w, after ? f->after : f->before, &words);
        else
            words.at[words.n++] = lb_whatif_word(f, after);
    }
    return words;
}

/* Whether the op touches that line (or pair) of an object that begins at `start`. */
static bool touches(const struct words *words, size_t start, size_t unit, size_t line)
{
    for (size_t i = 0; i < words->n; i++)
        if ((start + words->at[i]) / unit == line)
            return true;
    return false;
}

/* Lines of the one that the other touches too, or all of them (NULL); each once. */
static unsigned count(const struct words *words, const struct words *other, size_t start,
                      size_t unit)
{
    unsigned n = 0;

    for (size_t i = 0; i < words->n; i++) {
        struct words before = {.n = 0};
        size_t line = (start + words->at[i]) / unit;
        for (size_t k = 0; k < i; k++)
            before.at[before.n++] = words->at[k];
        n += !touches(&before, start, unit, line) && (!other || touches(other, start, unit, line));
    }
    return n;
}

/* Pairs in common that hold a line in common. */
static unsigned count_joined(const struct words *reads, const struct words *writes, size_t start)
{
    struct words shared = {.n = 0};

    for (size_t i = 0; i < reads->n; i++)
        if (touches(writes, start, LB_LINE_BYTES, (start + reads->at[i]) / LB_LINE_BYTES))
            shared.at[shared.n++] = reads->at[i];
    return count(&shared, NULL, start, LB_LINE_PAIR_BYTES);
}

/* Objects of a slab begin at so many places before they begin anew. */
static unsigned places_of(const struct lb_slab *slab)
{
    unsigned n = 1;

    while (n < slab->per_slab && n * slab->stride_bytes % LB_LINE_PAIR_BYTES)
        n++;
    return n;
}

int lb_suggest_weigh(const struct lb_whatif *w, bool after, struct lb_suggest_weight *weight)
{
    struct words reads = words_of(w, after, false), writes = words_of(w, after, true);
    size_t bytes = lb_round_up(after ? w->bytes_after : w->bytes_before, sizeof(uint64_t));
    struct lb_suggest_weight sum = {.shared = 0};
    struct lb_slab slab;

    if (lb_slab_init(bytes, after ? w->align_after : w->align_before, LB_OBJECT_ORDER, &slab))
        return -EINVAL;
    unsigned n = places_of(&slab);
    for (unsigned i = 0; i < n; i++) {
        size_t start = i * slab.stride_bytes;
        sum.shared += count(&reads, &writes, start, LB_LINE_BYTES);
        sum.pairs += count(&reads, &writes, start, LB_LINE_PAIR_BYTES) -
                     (double)count_joined(&reads, &writes, start);
        sum.lines +=
            count(&reads, NULL, start, LB_LINE_BYTES) + count(&writes, NULL, start, LB_LINE_BYTES);
    }
    *weight = (struct lb_suggest_weight){.shared = sum.shared / n,
                                         .pairs = sum.pairs / n,
                                         .lines = sum.lines / n,
                                         .bytes = slab.stride_bytes,
                                         .per_slab = slab.per_slab,
                                         .slab_bytes = slab.slab_bytes,
                                         .pages_per_1000 = lb_slab_pages(&slab, 1000)};
    return 0;
}

/* Means over few places: what differs does so by more than this. */
static int compare(double a, double b)
{
    return fabs(a - b) < 1e-6 ? 0 : a < b ? -1 : 1;
}

/* Pairs cost little where they cost anything: a few places more or less at which objects begin are
 * not worth a byte. */
static double in_halves(double pairs)
{
    return ceil(2 * pairs - 1e-6) / 2;
}

int lb_suggest_class(const struct lb_suggest_weight *a, const struct lb_suggest_weight *b)
{
    int order = compare(a->shared, b->shared);

    if (!order)
        order = (a->bytes > b->bytes) - (a->bytes < b->bytes);
    return order ? order : compare(in_halves(a->pairs), in_halves(b->pairs));
}
