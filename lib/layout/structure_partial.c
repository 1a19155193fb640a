/* SPDX-License-Identifier: MIT
 *
 * Structures of which only some members are known: those of a preset of whatif, and of a layout
 * that was given by its offsets.
 */
#include "structure_private.h"

#include "layout_private.h"

#include <linebounce/whatif.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORD sizeof(uint64_t)

static size_t align_at(size_t offset)
{
    size_t align = WORD;

    while (offset % align)
        align /= 2;
    return align;
}

static int add(struct lb_structure *s, const char *name, size_t offset, size_t bytes, int parent)
{
    char copy[LB_FIELD_NAME_BYTES], type[] = "";
    struct lb_member m = {.name = copy,
                          .type = type,
                          .offset = offset,
                          .bytes = bytes,
                          .align_bytes = align_at(offset),
                          .parent = parent};

    snprintf(copy, sizeof copy, "%s", name);
    if (s->align_bytes < m.align_bytes)
        s->align_bytes = m.align_bytes;
    return lb_structure_add(s, &m);
}

static int begin(const char *name, const char *source, size_t bytes, size_t align,
                 struct lb_structure **structure)
{
    struct lb_structure *s = lb_structure_create(name);

    if (!s || !(s->source = strdup(source))) {
        lb_structure_destroy(s);
        return -ENOMEM;
    }
    s->partial = true;
    s->bytes = bytes;
    s->align_bytes = 1;
    s->slab_align_bytes = align;
    s->pointer_bytes = WORD;
    *structure = s;
    return 0;
}

/* As large as it is said to be, else a word, or up to the next field. */
static size_t bytes_of(const struct lb_whatif *w, const struct lb_whatif_field *f)
{
    size_t bytes = f->bytes ? f->bytes : WORD;

    for (size_t i = 0; !f->bytes && i < w->n_fields; i++)
        if (w->fields[i].before > f->before && w->fields[i].before - f->before < bytes)
            bytes = w->fields[i].before - f->before;
    return bytes;
}

/* Where the member begins of which that is a part: "d_iname.8" is its byte 8. */
static size_t begin_of(const struct lb_whatif_field *f)
{
    const char *dot = strchr(f->name, '.');
    size_t within = dot ? strtoul(dot + 1, NULL, 10) : 0;

    return within < f->before ? f->before - within : f->before;
}

/* "mmap_lock.count" and "mmap_lock.owner" are parts of one member, which reaches over both. */
static int add_holder(const struct lb_whatif *w, const char *name, size_t length,
                      struct lb_structure *s, int *holder)
{
    size_t from = SIZE_MAX, to = 0;
    char top[LB_WHATIF_FIELD_BYTES];

    snprintf(top, sizeof top, "%.*s", (int)length, name);
    for (size_t i = 0; i < s->n_members; i++)
        if (s->members[i].parent < 0 && !strcmp(s->members[i].name, top))
            return *holder = (int)i, 0;
    for (size_t i = 0; i < w->n_fields; i++) {
        const struct lb_whatif_field *f = &w->fields[i];
        size_t end = f->before + bytes_of(w, f);
        if (strncmp(f->name, top, length) != 0 || (f->name[length] && f->name[length] != '.'))
            continue;
        from = begin_of(f) < from ? begin_of(f) : from;
        to = end > to ? end : to;
    }
    *holder = (int)s->n_members;
    return add(s, top, from, to - from, -1);
}

int lb_whatif_structure(const struct lb_whatif *w, struct lb_why *why,
                        struct lb_structure **structure)
{
    struct lb_structure *s = NULL;
    int err = begin(w->name, w->source, w->bytes_before, w->align_before, &s);

    for (size_t i = 0; !err && i < w->n_fields; i++) {
        const struct lb_whatif_field *f = &w->fields[i];
        size_t length = strcspn(f->name, ".");
        int holder;
        err = add_holder(w, f->name, length, s, &holder);
        if (!err && f->name[length])
            err = add(s, f->name, f->before, bytes_of(w, f), holder);
    }
    if (err) {
        lb_structure_destroy(s);
        return lb_fail(why, -err, "whatif: %s: %s", w->name, strerror(-err));
    }
    *structure = s;
    return 0;
}

/* The member that is run as that kind, by the same table that reads structures. */
static int add_lock(struct lb_structure *s, const struct lb_layout *l)
{
    struct lb_member *m;
    enum lb_lock_kind kind;
    int err = add(s, "lock", l->lock_offset, lb_lock_info(l->lock)->bytes, -1);

    if (err)
        return err;
    m = &s->members[s->n_members - 1];
    m->lock_bytes = m->bytes;
    for (int i = LB_STRUCTURE_RWSEM; i < LB_STRUCTURE_LOCKS; i++) {
        m->lock = (enum lb_structure_lock)i;
        if (lb_layout_runs_as(m, &kind) && kind == l->lock)
            return 0;
    }
    m->lock = LB_STRUCTURE_NO_LOCK; /* --lock says as what it is taken */
    m->lock_bytes = 0;
    return 0;
}

int lb_structure_of_layout(const struct lb_layout *l, struct lb_why *why,
                           struct lb_structure **structure)
{
    struct lb_structure *s = NULL;
    int err = begin(l->name, l->meaning, l->size_bytes, l->align_bytes, &s);

    for (size_t i = 0; !err && i < l->n_accesses; i++)
        err = add(s, l->accesses[i].field, l->accesses[i].offset, l->accesses[i].bytes, -1);
    if (!err && l->seq_offset >= 0)
        err = add(s, "seq", (size_t)l->seq_offset, LB_SEQ_BYTES, -1);
    if (!err && l->indirect)
        err = add(s, "slot", l->slot_offset, LB_SLOT_BYTES, -1);
    if (!err && !l->separate)
        err = add_lock(s, l);
    if (err) {
        lb_structure_destroy(s);
        return lb_fail(why, -err, "layout '%s': %s", l->name, strerror(-err));
    }
    *structure = s;
    return 0;
}
