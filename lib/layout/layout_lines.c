/* SPDX-License-Identifier: MIT
 *
 * What lies in each line of an object, and who touches it.
 */
#include <linebounce/lines.h>

#include "layout_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BYTES 8 /* of a field whose length nobody said its word is accessed */

static const char *const kind_names[LB_PIECE_KINDS] = {"other", "field", "pointer", "lock word",
                                                       "lock"};

const char *lb_piece_kind_name(enum lb_piece_kind kind)
{
    return kind_names[kind];
}

/* By bits. An op that locks is an op too. */
static const struct {
    const char *name;
    bool many;
} parties[1 << LB_BY_BITS] = {
    [LB_BY_FIRST] = {"readers", true},
    [LB_BY_SECOND] = {"writers", true},
    [LB_BY_EVERY_OP] = {"every op", false},
    [LB_BY_LOCKING] = {"whoever locks", false},
    [LB_BY_LOCKING | LB_BY_FIRST] = {"readers and whoever locks", true},
    [LB_BY_LOCKING | LB_BY_SECOND] = {"writers and whoever locks", true},
    [LB_BY_LOCKING | LB_BY_EVERY_OP] = {"every op", false},
};

const char *lb_by_name(unsigned by)
{
    return by && by < LB_COUNT(parties) ? parties[by].name : "";
}

unsigned lb_by_find(const char *name)
{
    for (unsigned by = 1; by < LB_COUNT(parties); by++)
        if (!strcmp(parties[by].name, name))
            return by;
    return 0;
}

/* Pieces ------------------------------------------------------------------------------------- */

static struct lb_piece *add(struct lb_part *part, const char *name, enum lb_piece_kind kind,
                            size_t offset, size_t bytes)
{
    struct lb_piece *p = &part->pieces[part->n_pieces++];

    *p = (struct lb_piece){.kind = kind, .offset = offset, .bytes = bytes ? bytes : 1};
    snprintf(p->name, sizeof p->name, "%s", name);
    return p;
}

static struct lb_piece *find(struct lb_part *part, const char *name, size_t offset)
{
    for (size_t i = 0; i < part->n_pieces; i++)
        if (part->pieces[i].offset == offset && !strcmp(part->pieces[i].name, name))
            return &part->pieces[i];
    return NULL;
}

/* A field that the one reads and the other writes is one piece. */
static void add_access(struct lb_part *part, const struct lb_access *a)
{
    struct lb_piece *p = find(part, a->field, a->offset);
    unsigned by = a->roles & LB_BY_EVERY_OP;

    if (!p)
        p = add(part, a->field, LB_PIECE_OTHER, a->offset,
                a->bytes ? a->bytes : WORD_BYTES - a->offset % WORD_BYTES);
    if (by)
        p->kind = LB_PIECE_FIELD;
    if (a->how != LB_HOW_STORE && a->how != LB_HOW_ADD)
        p->reads |= by;
    if (a->how != LB_HOW_LOAD)
        p->writes |= by;
}

/* A word of the lock, and the bytes of the lock in front of it that are none. */
static size_t add_word(struct lb_part *part, const char *name, size_t lock_at, size_t used,
                       size_t offset, size_t bytes)
{
    if (offset > used)
        add(part, "lock", LB_PIECE_LOCK, lock_at + used, offset - used);
    if (bytes)
        add(part, name, LB_PIECE_WORD, lock_at + offset, bytes)->writes = LB_BY_LOCKING;
    return offset + bytes;
}

static void add_lock(struct lb_part *part, const struct lb_lock_info *info, size_t lock_at)
{
    size_t used = 0;

    if (info->owner_offset < 0 || (size_t)info->owner_offset > info->count_offset)
        used = add_word(part, "count", lock_at, used, info->count_offset, info->count_bytes);
    if (info->owner_offset >= 0)
        used = add_word(part, "owner", lock_at, used, (size_t)info->owner_offset, sizeof(uint64_t));
    if (used <= info->count_offset)
        used = add_word(part, "count", lock_at, used, info->count_offset, info->count_bytes);
    add_word(part, "", lock_at, used, info->bytes, 0);
    for (size_t i = 0; info->lockless_reads && i < part->n_pieces; i++)
        if (part->pieces[i].kind == LB_PIECE_WORD)
            part->pieces[i].reads = LB_BY_EVERY_OP; /* what readers compare */
}

/* Where the first word that is written stands for a lock that is not taken (lb_whatif_layouts). */
static bool nobody_locks(const struct lb_layout *l)
{
    bool writes = false;

    for (size_t i = 0; i < l->n_accesses; i++)
        writes |= l->accesses[i].how != LB_HOW_LOAD;
    return writes && !lb_how_takes(l->taken);
}

/* What stands in its place already by another name. */
static bool is_named(const struct lb_layout *l, const struct lb_member *m)
{
    return (l->seq_offset >= 0 && m->offset == (size_t)l->seq_offset) ||
           (l->indirect && m->offset == l->slot_offset) || lb_layout_find_field(l, m->name);
}

static void add_members(const struct lb_layout *l, struct lb_part *part)
{
    for (size_t i = 0; i < l->structure->n_members; i++) {
        const struct lb_member *m = &l->structure->members[i];
        bool lock = l->lock_member && lb_layout_is_lock(l, m);
        if (lb_layout_shows(l, m) && !lock && !is_named(l, m))
            add(part, m->name, LB_PIECE_OTHER, m->offset, m->bytes);
    }
}

static int by_offset(const void *a, const void *b)
{
    const struct lb_piece *x = a, *y = b;

    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return (x->bytes < y->bytes) - (x->bytes > y->bytes); /* what holds others first */
}

static int make_object(const struct lb_layout *l, const struct lb_lock_info *info,
                       struct lb_part *part)
{
    size_t members = l->structure ? l->structure->n_members : 0;

    part->pieces = calloc(members + LB_ACCESSES_MOST + 8, sizeof *part->pieces);
    if (!part->pieces)
        return -ENOMEM;
    for (size_t i = 0; i < l->n_accesses; i++)
        add_access(part, &l->accesses[i]);
    if (l->seq_offset >= 0)
        add(part, "lock_seq", LB_PIECE_FIELD, (size_t)l->seq_offset, LB_SEQ_BYTES)->reads =
            LB_BY_LOCKING;
    if (l->indirect)
        add(part, "lock ptr", LB_PIECE_POINTER, l->slot_offset, LB_SLOT_BYTES)->reads =
            LB_BY_LOCKING;
    if (!l->separate && !nobody_locks(l))
        add_lock(part, info, l->lock_offset);
    if (l->structure)
        add_members(l, part);
    qsort(part->pieces, part->n_pieces, sizeof *part->pieces, by_offset);
    return 0;
}

static int make_apart(const struct lb_lock_info *info, struct lb_part *part)
{
    part->pieces = calloc(8, sizeof *part->pieces);
    if (!part->pieces)
        return -ENOMEM;
    add_lock(part, info, 0);
    return 0;
}

/* Parts -------------------------------------------------------------------------------------- */

static void measure(const struct lb_slab *slab, size_t bytes, struct lb_part *part)
{
    bool seen[LB_LINE_BYTES] = {false};

    part->size_bytes = bytes;
    part->stride_bytes = slab->stride_bytes;
    for (size_t i = 0; i < slab->per_slab; i++) {
        unsigned start = (unsigned)(lb_slab_offset(slab, i) % LB_LINE_BYTES);
        if (!seen[start])
            part->starts[part->n_starts++] = start;
        seen[start] = true;
    }
}

int lb_lines_init(const struct lb_layout *l, enum lb_lock_kind lock, struct lb_why *why,
                  struct lb_lines *lines)
{
    const struct lb_lock_info *info = lb_lock_info(lock);
    struct lb_lines made = {.pairs = 0};
    struct lb_geometry g;
    int err = lb_geometry_init(l, lock, why, &g);

    if (err)
        return err;
    memcpy(made.name, l->name, sizeof made.name);
    memcpy(made.moved_from, l->moved_from, sizeof made.moved_from);
    memcpy(made.meaning, l->meaning, sizeof made.meaning);
    snprintf(made.lock, sizeof made.lock, "%s", nobody_locks(l) ? "" : info->name);
    made.pairs = g.pairs;
    made.pairs_sharing = g.pairs_sharing;
    measure(&g.object, l->size_bytes, &made.object);
    if (l->separate)
        measure(&g.lock, info->bytes, &made.apart);
    err = make_object(l, info, &made.object);
    if (!err && l->separate)
        err = make_apart(info, &made.apart);
    if (err) {
        lb_lines_finish(&made);
        return lb_fail(why, ENOMEM, "layout '%s': %s", l->name, strerror(ENOMEM));
    }
    *lines = made;
    return 0;
}

void lb_lines_finish(struct lb_lines *lines)
{
    free(lines->object.pieces);
    free(lines->apart.pieces);
    lines->object.pieces = lines->apart.pieces = NULL;
}

/* Lines -------------------------------------------------------------------------------------- */

size_t lb_part_lines(const struct lb_part *part)
{
    return (part->stride_bytes + LB_LINE_BYTES - 1) / LB_LINE_BYTES;
}

struct lb_line_use lb_line_use(const struct lb_part *part, size_t line)
{
    struct lb_line_use use = {0, 0, false};

    for (size_t i = 0; i < part->n_pieces; i++)
        if (part->pieces[i].offset / LB_LINE_BYTES == line) {
            use.reads |= part->pieces[i].reads;
            use.writes |= part->pieces[i].writes;
        }
    use.shared = use.writes && use.reads & ~use.writes;
    return use;
}

void lb_line_sentence(struct lb_line_use use, char sentence[LB_LINE_SENTENCE_BYTES])
{
    const char *reader = lb_by_name(use.reads), *writer = lb_by_name(use.writes);
    const char *reads = parties[use.reads].many ? "read" : "reads";
    const char *writes = parties[use.writes].many ? "write" : "writes";

    if (use.reads && use.reads == use.writes)
        snprintf(sentence, LB_LINE_SENTENCE_BYTES, "%s %s and %s", reader, reads, writes);
    else
        snprintf(sentence, LB_LINE_SENTENCE_BYTES, "%s%s%s%s%s%s%s", reader, use.reads ? " " : "",
                 use.reads ? reads : "", use.reads && use.writes ? ", " : "", writer,
                 use.writes ? " " : "", use.writes ? writes : "");
}
