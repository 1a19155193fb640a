/* SPDX-License-Identifier: MIT
 *
 * All moves that there are, and of those that come to the same the simplest.
 */
#include "suggest_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_MOST 32

/* A move with what is told of those that come to the same. */
struct trial {
    struct lb_suggestion s;
    unsigned effort;        /* members that move, a pad, another alignment */
    bool reads;             /* what moves is only read */
    bool alone;             /* on lines of its own */
    unsigned split;         /* of those that move, how many lie over the end of a line then */
    size_t moved, distance; /* bytes, and how far the first of them goes */
};

struct search {
    const struct lb_whatif *as_is;
    const struct lb_suggest_options *options;
    struct lb_blocks blocks;
    struct lb_suggest_weight weight; /* as it is */
    struct trial *kept;
    size_t n, room, tried;
    int err;
};

/* Where blocks are put; the others stay. */
struct put {
    const struct lb_block *block;
    size_t at;
};
struct puts {
    struct put at[LB_SUGGEST_MOVES_MOST];
    size_t n, n_about;
};

/* Judging ------------------------------------------------------------------------------------ */

static size_t offset_after(const struct search *q, const struct lb_suggestion *s,
                           const struct puts *puts, const struct lb_whatif_field *f)
{
    const struct lb_block *block = lb_blocks_find(&q->blocks, f->before);

    for (size_t i = 0; i < puts->n; i++)
        if (puts->at[i].block == block)
            return f->before - block->offset + puts->at[i].at;
    return s->pad_bytes && f->before >= s->pad_at ? f->before + s->pad_bytes : f->before;
}

static bool is_gain(const struct search *q, const struct lb_suggest_weight *w)
{
    struct lb_suggest_weight now = *w;

    now.bytes = q->weight.bytes; /* memory is what it is paid with */
    return lb_suggest_class(&now, &q->weight) < 0;
}

/* A line of its own begins with what it is for. */
static bool is_crooked(const struct trial *t)
{
    return t->alone && t->s.moves[0].offset % LB_LINE_BYTES;
}

static int simpler(const struct trial *a, const struct trial *b)
{
    double lines = a->s.weight.lines - b->s.weight.lines;

    if (is_crooked(a) != is_crooked(b))
        return is_crooked(a) ? 1 : -1;
    if (a->effort != b->effort)
        return a->effort < b->effort ? -1 : 1;
    if (lines > 1e-6 || lines < -1e-6)
        return lines < 0 ? -1 : 1;
    if (a->split != b->split)
        return a->split < b->split ? -1 : 1;
    if (a->reads != b->reads)
        return a->reads ? 1 : -1;
    if (a->moved != b->moved)
        return a->moved < b->moved ? -1 : 1;
    return (a->distance > b->distance) - (a->distance < b->distance);
}

static void keep(struct search *q, const struct trial *t)
{
    size_t i = 0;

    while (i < q->n &&
           (q->kept[i].alone != t->alone || lb_suggest_class(&q->kept[i].s.weight, &t->s.weight)))
        i++;
    if (i < q->n) {
        if (simpler(t, &q->kept[i]) < 0)
            q->kept[i] = *t;
        return;
    }
    if (q->n == q->room) {
        size_t room = q->room ? 2 * q->room : 16;
        struct trial *more = realloc(q->kept, room * sizeof *more);
        if (!more) {
            q->err = -ENOMEM;
            return;
        }
        q->kept = more;
        q->room = room;
    }
    q->kept[q->n++] = *t;
}

/* Whether nothing else lies on the lines of what is moved, in objects that begin with a line. */
static bool is_alone(const struct search *q, const struct lb_suggestion *s)
{
    size_t end = lb_round_up(q->blocks.bytes, LB_LINE_BYTES);

    if (!s->n_moves || s->n_moves > s->n_about || s->weight.bytes % LB_LINE_BYTES)
        return false;
    for (size_t i = 0; i < s->n_moves; i++)
        if (s->moves[i].offset < end)
            return false;
    return true;
}

/* The trial with its lines and memory, where that parts anything. */
static void consider(struct search *q, const struct trial *begun, const struct puts *puts)
{
    static const size_t aligns[] = {0, LB_LINE_BYTES, LB_LINE_PAIR_BYTES};
    struct trial t = *begun;
    struct lb_whatif *w = &t.s.whatif;

    if (q->options->bytes_most && t.s.bytes > q->options->bytes_most)
        return;
    *w = *q->as_is;
    w->moved = true;
    w->published = NULL;
    w->bytes_after = t.s.bytes;
    for (size_t i = 0; i < w->n_fields; i++)
        w->fields[i].after = offset_after(q, &t.s, puts, &q->as_is->fields[i]);
    for (size_t i = 0; !q->err && i < LB_COUNT(aligns); i++) {
        if (aligns[i] && aligns[i] <= w->align_before)
            continue;
        t.effort = begun->effort + (aligns[i] != 0);
        t.s.align_bytes = w->align_after = aligns[i] ? aligns[i] : w->align_before;
        q->tried++;
        if (!t.effort || lb_suggest_weigh(w, true, &t.s.weight) || !is_gain(q, &t.s.weight))
            continue;
        t.alone = is_alone(q, &t.s);
        keep(q, &t);
    }
}

/* Moving members ------------------------------------------------------------------------------- */

/* Blocks that move as one: packed, in their order. */
struct unit {
    const struct lb_block *at[LB_SUGGEST_MOVES_MOST];
    size_t within[LB_SUGGEST_MOVES_MOST];
    size_t n, bytes, align_bytes;
    bool reads, together;
};

static bool has(const struct puts *puts, const struct lb_block *b)
{
    for (size_t i = 0; i < puts->n; i++)
        if (puts->at[i].block == b)
            return true;
    return false;
}

static bool overlap(size_t a, size_t a_bytes, size_t b, size_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

/* Whether nothing lies there once all that is put has left its place; those from `waiting` on have
 * none yet. */
static bool is_free(const struct search *q, const struct puts *puts, size_t waiting, size_t at,
                    size_t bytes)
{
    if (at + bytes > q->blocks.bytes)
        return false;
    for (size_t i = 0; i < waiting; i++)
        if (overlap(at, bytes, puts->at[i].at, puts->at[i].block->bytes))
            return false;
    for (size_t i = 0; i < q->blocks.n; i++) {
        const struct lb_block *b = &q->blocks.at[i];
        if (!has(puts, b) && overlap(at, bytes, b->offset, b->bytes))
            return false;
    }
    return true;
}

/* Who made room goes where the unit was. */
static bool rehouse(const struct search *q, const struct unit *u, struct puts *puts)
{
    for (size_t i = puts->n_about; i < puts->n; i++) {
        const struct lb_block *b = puts->at[i].block;
        bool housed = false;
        for (size_t k = 0; !housed && k < u->n; k++) {
            size_t end = u->at[k]->offset + u->at[k]->bytes;
            size_t at = lb_round_up(u->at[k]->offset, b->align_bytes);
            while (at < end && !is_free(q, puts, i, at, b->bytes))
                at += b->align_bytes;
            housed = at < end;
            puts->at[i].at = at;
        }
        if (!housed)
            return false;
    }
    return true;
}

/* The unit at that place, and those whom it drives away, if they may go. */
static bool put_unit(const struct search *q, const struct unit *u, size_t at, struct puts *puts)
{
    puts->n = puts->n_about = 0;
    for (size_t i = 0; i < u->n; i++)
        puts->at[puts->n++] = (struct put){u->at[i], at + u->within[i]};
    puts->n_about = puts->n;
    for (size_t i = 0; i < q->blocks.n; i++) {
        const struct lb_block *b = &q->blocks.at[i];
        if (has(puts, b) || !overlap(at, u->bytes, b->offset, b->bytes))
            continue;
        if (b->fixed || b->read || b->written || b->together || puts->n == LB_COUNT(puts->at))
            return false;
        puts->at[puts->n++] = (struct put){b, 0};
    }
    return rehouse(q, u, puts);
}

static void try_place(struct search *q, const struct unit *u, size_t at)
{
    const struct lb_blocks *b = &q->blocks;
    size_t end = at + u->bytes, from = u->at[0]->offset;
    struct trial t = {.reads = u->reads, .distance = at > from ? at - from : from - at};
    struct puts puts;

    /* What stays together does so on a line, if it fits. */
    if (u->together && u->bytes <= LB_LINE_BYTES && at / LB_LINE_BYTES != (end - 1) / LB_LINE_BYTES)
        return;
    if (end > b->end_bytes || !put_unit(q, u, at, &puts))
        return;
    for (size_t i = 0; i < puts.n; i++) {
        const struct put *p = &puts.at[i];
        if (p->at == p->block->offset)
            continue;
        t.s.moves[t.s.n_moves++] = (struct lb_move){p->block->name, p->at};
        t.s.n_about += i < puts.n_about;
        t.moved += p->block->bytes;
        t.split += p->block->bytes <= LB_LINE_BYTES &&
                   p->at / LB_LINE_BYTES != (p->at + p->block->bytes - 1) / LB_LINE_BYTES;
    }
    t.effort = (unsigned)t.s.n_moves;
    t.s.bytes = end > b->bytes ? lb_round_up(end, b->align_bytes) : b->bytes;
    if (t.effort)
        consider(q, &t, &puts);
}

/* Up to a line of its own in a pair of its own behind the end. */
static void try_unit(struct search *q, const struct unit *u)
{
    size_t most = lb_round_up(q->blocks.bytes, LB_LINE_PAIR_BYTES) + LB_LINE_BYTES;

    for (size_t at = 0; u->n && !q->err && at <= most; at += u->align_bytes)
        try_place(q, u, at);
}

static void join_unit(struct unit *u, const struct lb_block *b)
{
    if (u->n == LB_COUNT(u->at))
        return;
    u->within[u->n] = lb_round_up(u->bytes, b->align_bytes);
    u->bytes = u->within[u->n] + b->bytes;
    u->at[u->n++] = b;
    if (b->align_bytes > u->align_bytes)
        u->align_bytes = b->align_bytes;
    u->reads &= !b->written;
}

enum which { ONE, WRITTEN, ONLY_READ };

static bool belongs(const struct lb_block *b, enum which which, const struct lb_block *one)
{
    return which == ONE ? b == one : which == WRITTEN ? b->written : b->read && !b->written;
}

/* With one of those that stay together come all of them. */
static void try_units(struct search *q, enum which which, const struct lb_block *one)
{
    struct unit u = {.align_bytes = 1, .reads = true};

    for (size_t i = 0; i < q->blocks.n; i++) {
        const struct lb_block *b = &q->blocks.at[i];
        u.together |= b->together && !b->fixed && belongs(b, which, one);
    }
    for (size_t i = 0; i < q->blocks.n; i++) {
        const struct lb_block *b = &q->blocks.at[i];
        if (!b->fixed && (belongs(b, which, one) || (u.together && b->together)))
            join_unit(&u, b);
    }
    try_unit(q, &u);
}

/* Padding, alignment --------------------------------------------------------------------------- */

static bool can_shift(const struct lb_blocks *b, size_t from, size_t bytes)
{
    bool before = false, behind = false;

    for (size_t i = 0; i < b->n; i++) {
        bool shifts = i >= from;
        if (shifts && bytes % b->at[i].align_bytes)
            return false;
        before |= b->at[i].together && !shifts;
        behind |= b->at[i].together && shifts;
    }
    return !(before && behind);
}

/* The block begins a line, and all behind it go along. */
static void try_pad(struct search *q, size_t from)
{
    const struct lb_blocks *b = &q->blocks;
    const struct puts none = {.n = 0};
    size_t at = from < b->n ? b->at[from].offset : 0;
    size_t bytes = lb_round_up(at, LB_LINE_BYTES) - at;
    struct trial t = {.effort = 1, .reads = true, .distance = bytes};

    if (!bytes || !can_shift(b, from, bytes))
        return;
    for (size_t i = from; i < b->n; i++)
        t.moved += b->at[i].bytes;
    t.s.pad_at = at;
    t.s.pad_bytes = bytes;
    t.s.bytes = lb_round_up(b->bytes + bytes, b->align_bytes);
    consider(q, &t, &none);
}

static void search(struct search *q)
{
    const struct puts none = {.n = 0};
    const struct trial aligned = {.s.bytes = q->blocks.bytes};

    consider(q, &aligned, &none);
    for (size_t i = 0; !q->err && i < q->blocks.n; i++) {
        const struct lb_block *b = &q->blocks.at[i];
        if (!b->read && !b->written)
            continue;
        try_units(q, ONE, b);
        try_pad(q, i);
        try_pad(q, i + 1);
    }
    try_units(q, WRITTEN, NULL);
    try_units(q, ONLY_READ, NULL);
}

/* What is said --------------------------------------------------------------------------------- */

static void write_text(const struct search *q, struct lb_suggestion *s)
{
    struct lb_canvas to = {s->text, sizeof s->text, 0};

    for (size_t i = 0; i < s->n_moves; i++)
        lb_canvas_put(&to, "%s%s to %zu",
                      !i                ? ""
                      : i == s->n_about ? "; to make room "
                                        : ", ",
                      s->moves[i].member, s->moves[i].offset);
    if (is_alone(q, s))
        lb_canvas_put(&to, s->n_moves > 1 ? ", apart from all others" : ", a line of its own");
    if (s->pad_bytes)
        lb_canvas_put(&to, "%zu bytes of padding before %s", s->pad_bytes,
                      lb_blocks_find(&q->blocks, s->pad_at)->name);
    if (s->align_bytes != q->as_is->align_before)
        lb_canvas_put(&to, "%saligned to %zu", to.used ? "; " : "", s->align_bytes);
}

static void write_note(const struct search *q, char note[LB_SUGGEST_NOTE_BYTES])
{
    struct lb_canvas to = {note, LB_SUGGEST_NOTE_BYTES, 0};

    for (size_t i = 0; i < q->as_is->n_fields; i++) {
        const struct lb_whatif_field *f = &q->as_is->fields[i];
        const struct lb_block *b = lb_blocks_find(&q->blocks, f->before);
        const char *why = b && b->fixed ? b->fixed
                          : f->read && f->written
                              ? "is both read and written, and is parted from itself by no move"
                              : NULL;
        if (why)
            lb_canvas_put(&to, "%s%s %s", to.used ? "; " : "", f->name, why);
    }
}

static int by_class(const void *a, const void *b)
{
    const struct trial *x = a, *y = b;
    int order = lb_suggest_class(&x->s.weight, &y->s.weight);

    return order ? order : y->alone - x->alone;
}

/* Whether another comes to as little in common in less memory, or alone in as much; those that are
 * alone are held against their like, since others may lie beside what somebody uses whom nobody
 * named. */
static bool is_vain(const struct search *q, size_t at)
{
    const struct trial *t = &q->kept[at];

    for (size_t i = 0; i < at; i++) {
        const struct trial *o = &q->kept[i];
        struct lb_suggest_weight like = o->s.weight;
        like.bytes = t->s.weight.bytes;
        bool lighter =
            o->s.weight.bytes < t->s.weight.bytes ? o->alone || !t->alone : o->alone && !t->alone;
        if (lighter && lb_suggest_class(&like, &t->s.weight) <= 0)
            return true;
    }
    return false;
}

static int finish(struct search *q, struct lb_suggestions **suggestions)
{
    struct lb_suggestions *found = calloc(1, sizeof *found);

    if (!found)
        return -ENOMEM;
    if (q->n)
        qsort(q->kept, q->n, sizeof *q->kept, by_class);
    if (!(found->items = calloc(KEPT_MOST, sizeof *found->items))) {
        free(found);
        return -ENOMEM;
    }
    for (size_t i = 0; i < q->n && found->n < KEPT_MOST; i++)
        if (!is_vain(q, i)) {
            found->items[found->n] = q->kept[i].s;
            write_text(q, &found->items[found->n++]);
        }
    found->as_is = q->weight;
    found->tried = q->tried;
    write_note(q, found->note);
    *suggestions = found;
    return 0;
}

static int check(const struct lb_structure *s, const struct lb_whatif *w,
                 const struct lb_suggest_options *o, struct lb_why *why,
                 struct lb_suggest_weight *weight)
{
    if (s->is_union)
        return lb_fail(why, EINVAL, "%s: a union: all its members lie at its start", s->name);
    if (o->bytes_most && o->bytes_most < s->bytes)
        return lb_fail(why, EINVAL, "--size %zu: %s has %zu bytes as it is", o->bytes_most, s->name,
                       s->bytes);
    if (lb_suggest_weigh(w, false, weight))
        return lb_fail(why, EINVAL, "%s: %zu bytes aligned to %zu make no slab", s->name,
                       w->bytes_before, w->align_before);
    return 0;
}

int lb_suggest(const struct lb_structure *s, const struct lb_whatif *w,
               const struct lb_suggest_options *o, struct lb_why *why,
               struct lb_suggestions **suggestions)
{
    struct search q = {.as_is = w, .options = o};
    int err = check(s, w, o, why, &q.weight);

    if (!err)
        err = lb_blocks_create(s, w, o, why, &q.blocks);
    if (err)
        return err;
    search(&q);
    if (!(err = q.err))
        err = finish(&q, suggestions);
    free(q.kept);
    lb_blocks_finish(&q.blocks);
    return err ? lb_fail(why, -err, "%s: out of memory", s->name) : 0;
}

void lb_suggestions_destroy(struct lb_suggestions *found)
{
    if (!found)
        return;
    free(found->items);
    free(found);
}
