/* SPDX-License-Identifier: MIT
 *
 * A structure with members moved, as a patch would: what is not named stays where it is.
 */
#include "structure_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct lb_structure *copy_of(const struct lb_structure *s)
{
    struct lb_structure *c = lb_structure_create(s->name);
    int err = c ? 0 : -ENOMEM;

    for (size_t i = 0; !err && i < s->n_members; i++)
        err = lb_structure_add(c, &s->members[i]);
    if (err || !(c->source = strdup(s->source ? s->source : ""))) {
        lb_structure_destroy(c);
        return NULL;
    }
    c->form = s->form;
    c->running = s->running;
    c->is_union = s->is_union;
    c->partial = s->partial;
    c->bytes = s->bytes;
    c->align_bytes = s->align_bytes;
    c->pointer_bytes = s->pointer_bytes;
    c->slab_align_bytes = s->slab_align_bytes;
    c->pointed_align_bytes = s->pointed_align_bytes;
    return c;
}

/* Which move takes a member along: by its name, or as another name of the same bytes; -1: none. */
static int taken_by(const struct lb_structure *s, const struct lb_member *const *movers, size_t n,
                    const struct lb_member *m)
{
    const struct lb_member *top = lb_structure_top(s, m);

    for (size_t k = 0; k < n; k++)
        if (top == movers[k] ||
            (top->offset == movers[k]->offset && top->bytes == movers[k]->bytes && !top->bits))
            return (int)k;
    return -1;
}

static int find_mover(const struct lb_structure *s, const struct lb_move *move,
                      const struct lb_member *const *before, size_t n, struct lb_why *why,
                      const struct lb_member **mover)
{
    const struct lb_member *m;
    int err = lb_structure_find_member(s, move->member, why, &m);

    if (err)
        return err;
    if (m->parent >= 0)
        return lb_fail(why, EINVAL,
                       "%s: %s is a part of %s, which can be moved; parting them is another "
                       "structure",
                       s->name, m->name, lb_structure_top(s, m)->name);
    if (m->bits)
        return lb_fail(why, EINVAL, "%s: %s is a bit-field: it shares its bytes", s->name, m->name);
    if (move->offset > LB_STRUCTURE_BYTES_MOST)
        return lb_fail(why, EINVAL, "%s: %s at %zu: the most is %d", s->name, m->name, move->offset,
                       LB_STRUCTURE_BYTES_MOST);
    if (move->offset % m->align_bytes)
        return lb_fail(why, EINVAL, "%s: %s wants to lie at a multiple of %zu, not at %zu", s->name,
                       m->name, m->align_bytes, move->offset);
    if (taken_by(s, before, n, m) >= 0)
        return lb_fail(why, EINVAL, "%s: %s is moved twice", s->name, m->name);
    *mover = m;
    return 0;
}

static bool overlap(const struct lb_member *a, const struct lb_member *b)
{
    return a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;
}

/* Whether no member but those of that move lies within so many bytes from `at` on. */
static bool is_free(const struct lb_structure *s, const int *taken, int move, size_t at,
                    size_t bytes)
{
    for (size_t i = 0; i < s->n_members; i++) {
        const struct lb_member *m = &s->members[i];
        if (m->parent < 0 && taken[i] != move && m->offset < at + bytes &&
            at < m->offset + m->bytes)
            return false;
    }
    return true;
}

#define PLACES_MOST 4

/* Where the member would fit instead. Behind the end it always does. */
static const char *say_places(const struct lb_structure *s, const int *taken, int move,
                              const struct lb_member *m, char *text, size_t bytes)
{
    struct lb_canvas c = {.text = text, .bytes = bytes};
    size_t step = m->align_bytes ? m->align_bytes : 1;
    int n = 0;

    for (size_t at = 0; at + m->bytes <= s->bytes && n < PLACES_MOST; at += step)
        if (is_free(s, taken, move, at, m->bytes))
            lb_canvas_put(&c, n++ ? ", %zu" : "%zu", at);
    lb_canvas_put(&c, "%s%zu", n ? " or " : "", (s->bytes + step - 1) / step * step);
    return text;
}

/* Members that did not move may share their bytes, as unions' do. */
static int check_overlaps(const struct lb_structure *s, const int *taken, struct lb_why *why)
{
    char places[128];

    for (size_t i = 0; i < s->n_members; i++) {
        const struct lb_member *a = &s->members[i];
        for (size_t j = 0; taken[i] >= 0 && a->parent < 0 && j < s->n_members; j++) {
            const struct lb_member *b = &s->members[j];
            if (b->parent < 0 && taken[j] != taken[i] && overlap(a, b))
                return lb_fail(why, EINVAL,
                               "%s: %s at %zu to %zu would lie over %s at %zu to %zu: move that "
                               "too, or take a free place: %s",
                               s->name, a->name, a->offset, a->offset + a->bytes - 1, b->name,
                               b->offset, b->offset + b->bytes - 1,
                               say_places(s, taken, taken[i], a, places, sizeof places));
        }
    }
    return 0;
}

static int fit_align(struct lb_structure *s, size_t align, struct lb_why *why)
{
    if (!align)
        return 0;
    if (align & (align - 1))
        return lb_fail(why, EINVAL, "%s: an alignment of %zu is no power of two", s->name, align);
    if (align < s->align_bytes)
        return lb_fail(why, EINVAL, "%s: an alignment of %zu: its members want %zu", s->name, align,
                       s->align_bytes);
    s->align_bytes = align;
    return 0;
}

static int fit_bytes(struct lb_structure *s, size_t bytes, struct lb_why *why)
{
    size_t end = 0, align = s->align_bytes ? s->align_bytes : 1;
    const struct lb_member *last = NULL;

    for (size_t i = 0; i < s->n_members; i++)
        if (s->members[i].offset + s->members[i].bytes > end) {
            last = &s->members[i];
            end = last->offset + last->bytes;
        }
    if (bytes && end > bytes)
        return lb_fail(why, EINVAL, "%s: %s at %zu ends at %zu, past the size of %zu", s->name,
                       last->name, last->offset, end, bytes);
    if (bytes)
        s->bytes = bytes;
    else if (end > s->bytes)
        s->bytes = (end + align - 1) / align * align;
    return 0;
}

static int apply(struct lb_structure *s, const struct lb_move *moves, size_t n,
                 const struct lb_member **movers, int *taken, struct lb_why *why)
{
    int err = 0;

    if (n && s->is_union)
        return lb_fail(why, EINVAL, "%s: a union: all its members lie at its start", s->name);
    for (size_t k = 0; !err && k < n; k++)
        err = find_mover(s, &moves[k], movers, k, why, &movers[k]);
    if (err)
        return err;
    for (size_t i = 0; i < s->n_members; i++)
        taken[i] = taken_by(s, movers, n, &s->members[i]);
    for (size_t k = 0; k < n; k++) {
        size_t from = movers[k]->offset;
        for (size_t i = 0; i < s->n_members; i++)
            if (taken[i] == (int)k)
                s->members[i].offset += moves[k].offset - from;
    }
    return check_overlaps(s, taken, why);
}

int lb_structure_move(const struct lb_structure *s, const struct lb_move *moves, size_t n,
                      size_t bytes, size_t align_bytes, struct lb_why *why,
                      struct lb_structure **moved)
{
    struct lb_structure *c = copy_of(s);
    const struct lb_member **movers = calloc(n + 1, sizeof *movers);
    int *taken = calloc(s->n_members + 1, sizeof *taken);
    int err;

    if (!c || !movers || !taken)
        err = lb_fail(why, ENOMEM, "%s: out of memory", s->name);
    else if (!(err = apply(c, moves, n, movers, taken, why)) &&
             !(err = fit_align(c, align_bytes, why)))
        err = fit_bytes(c, bytes, why);
    free(movers);
    free(taken);
    if (err)
        lb_structure_destroy(c);
    else
        *moved = c;
    return err;
}
