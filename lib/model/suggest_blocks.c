/* SPDX-License-Identifier: MIT
 *
 * A structure as blocks, each of which moves as a whole or not at all.
 */
#include "suggest_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char bit_field[] = "is a bit-field, which shares its bytes";
static const char in_union[] = "shares its bytes with others (an anonymous union)";
static const char unsized[] = "has no size that is known";
static const char is_first[] = "has to stay first";
static const char with_first[] = "stays with what has to stay first";

static int by_offset(const void *a, const void *b)
{
    const struct lb_block *x = a, *y = b;

    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

/* Nothing may lie behind an array without a length at the end. */
static bool is_flexible(const struct lb_structure *s, const struct lb_member *m)
{
    return !m->bytes && !m->lock && m->offset + sizeof(uint64_t) >= s->bytes;
}

static void add_member(const struct lb_structure *s, const struct lb_member *m, struct lb_blocks *b)
{
    struct lb_block block = {.name = m->name,
                             .offset = m->offset,
                             .bytes = m->bytes ? m->bytes : 1,
                             .align_bytes = m->align_bytes ? m->align_bytes : 1};

    if (is_flexible(s, m) && m->offset < b->end_bytes)
        b->end_bytes = m->offset;
    if (m->parent >= 0 || (!m->bytes && !m->lock)) /* empty: it is in nobody's way */
        return;
    block.fixed = m->bits ? bit_field : m->bytes ? NULL : unsized;
    b->at[b->n++] = block;
}

/* Other names of exactly the same bytes go along; what shares some of them is a union's. */
static void join(struct lb_block *block, const struct lb_block *other)
{
    size_t end = other->offset + other->bytes;

    if (!block->fixed)
        block->fixed = other->fixed ? other->fixed
                       : other->offset == block->offset && other->bytes == block->bytes ? NULL
                                                                                        : in_union;
    if (end > block->offset + block->bytes)
        block->bytes = end - block->offset;
    if (other->align_bytes > block->align_bytes)
        block->align_bytes = other->align_bytes;
}

static void join_all(struct lb_blocks *b)
{
    size_t n = 0;

    qsort(b->at, b->n, sizeof *b->at, by_offset);
    for (size_t i = 0; i < b->n; i++) {
        struct lb_block *last = n ? &b->at[n - 1] : NULL;
        if (last && b->at[i].offset < last->offset + last->bytes)
            join(last, &b->at[i]);
        else
            b->at[n++] = b->at[i];
    }
    b->n = n;
}

struct lb_block *lb_blocks_find(const struct lb_blocks *b, size_t offset)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->at[i].offset <= offset && offset < b->at[i].offset + b->at[i].bytes)
            return &b->at[i];
    return NULL;
}

static void mark_fields(const struct lb_whatif *w, struct lb_blocks *b)
{
    for (size_t i = 0; i < w->n_fields; i++) {
        struct lb_block *block = lb_blocks_find(b, w->fields[i].before);
        if (!block)
            continue;
        block->read |= w->fields[i].read;
        block->written |= w->fields[i].written;
    }
}

static int find(const struct lb_structure *s, const struct lb_blocks *b, const char *name,
                struct lb_why *why, struct lb_block **block)
{
    const struct lb_member *m;
    int err = lb_structure_find_member(s, name, why, &m);

    if (!err && !(*block = lb_blocks_find(b, m->offset)))
        err = lb_fail(why, EINVAL, "%s: %s %s", s->name, name, unsized);
    return err;
}

static int hold_first(const struct lb_structure *s, const char *name, struct lb_why *why,
                      struct lb_blocks *b)
{
    struct lb_block *block;
    int err = name ? find(s, b, name, why, &block) : 0;

    if (err || !name)
        return err;
    if (block->offset)
        return lb_fail(why, EINVAL,
                       "--first %s: it lies at %zu in %s, behind %s: what is first can stay so",
                       name, block->offset, s->name, b->at[0].name);
    block->fixed = is_first;
    return 0;
}

static int hold_together(const struct lb_structure *s, const char *list, struct lb_why *why,
                         struct lb_blocks *b)
{
    char *copy = list ? strdup(list) : NULL, *rest = copy, *name;
    struct lb_block *block = NULL;
    bool stay = false;
    int err = 0;

    if (list && !copy)
        return lb_fail(why, ENOMEM, "%s: out of memory", s->name);
    while (!err && (name = strsep(&rest, ","))) {
        if (!*name)
            err = lb_fail(why, EINVAL, "--together '%s': an empty item in the list", list);
        else if (!(err = find(s, b, name, why, &block)) && block->fixed && block->fixed != is_first)
            err = lb_fail(why, EINVAL, "--together: %s: %s %s, and cannot be moved", s->name, name,
                          block->fixed);
        if (!err)
            block->together = true;
        stay |= !err && block->fixed;
    }
    for (size_t i = 0; stay && i < b->n; i++)
        if (b->at[i].together && !b->at[i].fixed)
            b->at[i].fixed = with_first;
    free(copy);
    return err;
}

int lb_blocks_create(const struct lb_structure *s, const struct lb_whatif *w,
                     const struct lb_suggest_options *o, struct lb_why *why,
                     struct lb_blocks *blocks)
{
    struct lb_blocks b = {.at = calloc(s->n_members + 1, sizeof *b.at),
                          .bytes = s->bytes,
                          .align_bytes = s->align_bytes ? s->align_bytes : 1,
                          .end_bytes = SIZE_MAX};
    int err;

    if (!b.at)
        return lb_fail(why, ENOMEM, "%s: out of memory", s->name);
    for (size_t i = 0; i < s->n_members; i++)
        add_member(s, &s->members[i], &b);
    join_all(&b);
    mark_fields(w, &b);
    if ((err = hold_first(s, o->first, why, &b)) || (err = hold_together(s, o->together, why, &b)))
        lb_blocks_finish(&b);
    else
        *blocks = b;
    return err;
}

void lb_blocks_finish(struct lb_blocks *b)
{
    free(b->at);
    b->at = NULL;
    b->n = 0;
}
