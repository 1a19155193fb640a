/* SPDX-License-Identifier: MIT
 *
 * The table of layouts, which kinds of lock each takes, and what its objects come to in memory.
 */
#include <linebounce/layout.h>

#include "layout_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Offsets of the groups: Linux 6.4 to 6.14 (and the RFC), the 2023-01 series (everything behind the
 * 40-byte lock moved by 32), Linux 6.15 and later (read from a kernel's BTF). */
#define FIELDS(HEAD, SEQ, TAIL)                                                                    \
    .accesses = {LB_VMA_FIELDS(HEAD, TAIL)}, .n_accesses = LB_VMA_FIELDS_N, .seq_offset = (SEQ)
#define FIELDS_6_4  FIELDS(0, 40, 104)
#define FIELDS_2023 FIELDS(0, 40, 136)
#define FIELDS_6_15 FIELDS(0, 40, 64)

/* Locks in the object, at an offset with so much room, and one behind a pointer in its slot. */
#define RWSEM(OFFSET, ROOM)                                                                        \
    .lock_offset = (OFFSET), .lock_room_bytes = (ROOM), .lock = LB_LOCK_RWSEM40,                   \
    .generation = &lb_generations[LB_GENERATION_6_4]
#define REFCOUNT(OFFSET, ROOM)                                                                     \
    .lock_offset = (OFFSET), .lock_room_bytes = (ROOM), .lock = LB_LOCK_REFCOUNT,                  \
    .generation = &lb_generations[LB_GENERATION_6_15]
#define POINTER(LOCK_ALIGN)                                                                        \
    FIELDS_6_4, .separate = true, .indirect = true, .slot_offset = 48,                             \
                .lock_align_bytes = (LOCK_ALIGN), .lock = LB_LOCK_RWSEM40,                         \
                .generation = &lb_generations[LB_GENERATION_6_4]

const struct lb_layout lb_layouts[] = {
    {.name = "pointer",
     .size_bytes = 176,
     .align_bytes = 8,
     POINTER(8),
     .meaning = "Linux 6.4 to 6.14 as shipped: packed objects, packed separate locks"},
    {.name = "pointer-lock-aligned",
     .size_bytes = 176,
     .align_bytes = 8,
     POINTER(64),
     .meaning = "the alignment flag on the lock cache only"},
    {.name = "pointer-aligned",
     .size_bytes = 176,
     .align_bytes = 64,
     POINTER(64),
     .meaning = "the alignment flag on both caches"},
    {.name = "pointer-256",
     .size_bytes = 256,
     .align_bytes = 8,
     POINTER(8),
     .meaning = "the object bloated to 256 bytes, the lock still apart"},
    {.name = "embedded-roaming",
     .size_bytes = 208,
     .align_bytes = 16,
     FIELDS_2023,
     RWSEM(48, 40),
     .meaning = "the 2023-01 series as posted: lock inside, objects at any 16 bytes"},
    {.name = "embedded",
     .size_bytes = 208,
     .align_bytes = 64,
     FIELDS_2023,
     RWSEM(48, 40),
     .meaning = "the same with aligned objects"},
    {.name = "embedded-split",
     .size_bytes = 216,
     .align_bytes = 64,
     FIELDS(0, 40, 144),
     RWSEM(56, 40),
     .meaning = "count ends a line and owner starts the next, as in mmap_lock before 2021"},
    {.name = "embedded-own-line",
     .size_bytes = 256,
     .align_bytes = 64,
     FIELDS_6_4,
     RWSEM(192, 64),
     .meaning = "the RFC of 2024-08-08: lock in a line of its own at the end"},
    {.name = "padded",
     .size_bytes = 384,
     .align_bytes = 128,
     FIELDS_6_4,
     RWSEM(256, 128),
     .meaning = "lock alone in a pair of lines: safe from an adjacent-line prefetcher"},
    {.name = "refcount",
     .size_bytes = 192,
     .align_bytes = 64,
     FIELDS_6_15,
     REFCOUNT(128, 64),
     .meaning = "Linux 6.15 and later: 4-byte reference count"},
    {.name = "refcount-seq",
     .size_bytes = 192,
     .align_bytes = 64,
     FIELDS(0, 132, 64),
     REFCOUNT(128, 4),
     .meaning = "the variant that lost 6 to 10 %: sequence number beside the count"},
};
const size_t lb_n_layouts = LB_COUNT(lb_layouts);

size_t lb_layout_fields(const struct lb_layout *l, struct lb_field fields[LB_FIELDS_MOST])
{
    size_t n = 0;

    for (size_t i = 0; i < l->n_accesses; i++) {
        const struct lb_access *a = &l->accesses[i];
        fields[n++] = (struct lb_field){a->field, a->offset, a->bytes, a->roles != 0};
    }
    if (l->seq_offset >= 0)
        fields[n++] = (struct lb_field){"lock_seq", (size_t)l->seq_offset, LB_SEQ_BYTES, true};
    if (l->indirect)
        fields[n++] = (struct lb_field){"lock ptr", l->slot_offset, LB_SLOT_BYTES, true};
    return n;
}

bool lb_layout_is_lock(const struct lb_layout *l, const struct lb_member *m)
{
    const struct lb_member *lock = l->lock_member;

    while (lock != m && lock->parent >= 0)
        lock = &l->structure->members[lock->parent];
    return lock == m;
}

bool lb_layout_shows(const struct lb_layout *l, const struct lb_member *m)
{
    return m->parent < 0 || lb_layout_find_field(l, m->name);
}

void lb_layout_set_vma_fields(struct lb_layout *l, size_t head, size_t tail)
{
    const struct lb_access fields[LB_VMA_FIELDS_N] = {LB_VMA_FIELDS(head, tail)};

    memcpy(l->accesses, fields, sizeof fields);
    l->n_accesses = LB_VMA_FIELDS_N;
}

/* Loads are of 4 bytes: that brings the line of any field. */
static size_t words_of(const struct lb_layout *l, int role, bool load,
                       uint16_t words[LB_ACCESSES_MOST])
{
    unsigned bytes = load || l->taken ? 4 : 8;
    size_t n = 0;

    for (size_t i = 0; i < l->n_accesses; i++) {
        const struct lb_access *a = &l->accesses[i];
        uint16_t word = (uint16_t)(a->offset & ~(bytes - 1));
        bool known = false;
        for (size_t k = 0; k < n; k++)
            known |= words[k] == word;
        if (!known && a->roles & LB_ROLE_BIT(role) && (a->how == LB_HOW_LOAD) == load)
            words[n++] = word;
    }
    return n;
}

size_t lb_layout_loads(const struct lb_layout *l, int role, uint16_t offsets[LB_LOADS])
{
    uint16_t words[LB_ACCESSES_MOST];
    size_t n = words_of(l, role, true, words);

    memcpy(offsets, words, n * sizeof *words);
    return n;
}

size_t lb_layout_writes(const struct lb_layout *l, int role, uint16_t offsets[LB_WRITES_MOST],
                        enum lb_how *how)
{
    uint16_t words[LB_ACCESSES_MOST];
    size_t n = words_of(l, role, false, words);

    memcpy(offsets, words, n * sizeof *words);
    for (size_t i = 0; i < l->n_accesses; i++)
        if (l->accesses[i].roles & LB_ROLE_BIT(role) && l->accesses[i].how != LB_HOW_LOAD)
            *how = (enum lb_how)l->accesses[i].how;
    return n;
}

const struct lb_access *lb_layout_find_field(const struct lb_layout *l, const char *field)
{
    for (size_t i = 0; i < l->n_accesses; i++)
        if (!strcmp(l->accesses[i].field, field))
            return &l->accesses[i];
    return NULL;
}

int lb_layout_add(struct lb_layout *l, const char *field, struct lb_access access,
                  struct lb_why *why)
{
    bool load = access.how == LB_HOW_LOAD;
    uint16_t words[LB_ACCESSES_MOST];

    if (strlen(field) >= sizeof access.field)
        return lb_fail(why, EINVAL, "layout '%s': %.80s...: too long a name", l->name, field);
    if (l->n_accesses == LB_ACCESSES_MOST)
        return lb_fail(why, EINVAL, "layout '%s': %s: more than %d fields", l->name, field,
                       LB_ACCESSES_MOST);
    snprintf(access.field, sizeof access.field, "%s", field);
    l->accesses[l->n_accesses++] = access;
    for (int role = 0; role < 2; role++)
        if (words_of(l, role, load, words) > (load ? LB_LOADS : LB_WRITES_MOST)) {
            l->n_accesses--;
            return lb_fail(why, EINVAL, "layout '%s': %s: more than %d words are %s", l->name,
                           field, load ? LB_LOADS : LB_WRITES_MOST, load ? "read" : "written");
        }
    return 0;
}

static const char *name_at(size_t i)
{
    return lb_layouts[i].name;
}

const struct lb_names lb_layout_names = {.what = "layout",
                                         .at = name_at,
                                         .n = LB_COUNT(lb_layouts),
                                         .others = "NAME:size=..., btf:STRUCT"};

int lb_layout_find(const char *name, struct lb_why *why, const struct lb_layout **layout)
{
    size_t found;
    int err = lb_name_find(&lb_layout_names, name, why, &found);

    if (!err)
        *layout = &lb_layouts[found];
    return err;
}

static const char *const how_names[LB_HOWS_ALL] = {"load", "store", "increment", "add",
                                                   "cas",  "take",  "lock",      "share"};

const char *lb_how_name(enum lb_how how)
{
    return how_names[how];
}

int lb_how_parse(const char *name, struct lb_why *why, enum lb_how *how)
{
    static const struct lb_names names = {.what = "write",
                                          .n = LB_HOWS_ALL - LB_HOW_STORE,
                                          .first = &how_names[LB_HOW_STORE],
                                          .stride_bytes = sizeof how_names[0]};
    size_t found;

    if (lb_name_find(&names, name, why, &found))
        return -EINVAL;
    *how = (enum lb_how)(found + LB_HOW_STORE);
    return 0;
}

int lb_layout_allows(const struct lb_layout *l, enum lb_lock_kind kind, struct lb_why *why)
{
    const struct lb_lock_info *info = lb_lock_info(kind);

    if (l->separate)
        return 0;
    if (info->bytes > l->lock_room_bytes)
        return lb_fail(why, EINVAL, "layout '%s': %s needs %zu bytes, there are %zu at %zu",
                       l->name, info->name, info->bytes, l->lock_room_bytes, l->lock_offset);
    if (l->lock_offset % info->align_bytes)
        return lb_fail(why, EINVAL, "layout '%s': %s wants to lie at a multiple of %zu, not at %zu",
                       l->name, info->name, info->align_bytes, l->lock_offset);
    return 0;
}

int lb_geometry_init(const struct lb_layout *l, enum lb_lock_kind kind, struct lb_why *why,
                     struct lb_geometry *geometry)
{
    const struct lb_lock_info *info = lb_lock_info(kind);
    struct lb_geometry g = {0};
    int err = lb_layout_allows(l, kind, why);

    if (err)
        return err;
    if (lb_slab_init(l->size_bytes, l->align_bytes, LB_OBJECT_ORDER, &g.object))
        return lb_fail(why, EINVAL, "layout '%s': %zu bytes aligned to %zu make no slab", l->name,
                       l->size_bytes, l->align_bytes);
    g.bytes_per_object = g.object.stride_bytes;
    g.pages_per_1000 = lb_slab_pages(&g.object, 1000);
    g.object_residues = lb_slab_residues(&g.object, LB_LINE_BYTES);
    g.lock_residues = g.object_residues;
    g.pairs = g.object.per_slab - 1;
    if (l->separate) {
        if (lb_slab_init(info->bytes, l->lock_align_bytes, LB_LOCK_ORDER, &g.lock))
            return lb_fail(why, EINVAL, "layout '%s': its locks make no slab", l->name);
        g.bytes_per_object += g.lock.stride_bytes;
        g.pages_per_1000 += lb_slab_pages(&g.lock, 1000);
        g.lock_residues = lb_slab_residues(&g.lock, LB_LINE_BYTES);
        g.pairs = g.lock.per_slab - 1;
    }
    for (unsigned i = 0; i < g.pairs; i++) {
        /* Objects of separate locks are put far apart here: they are only read. */
        uintptr_t a = l->separate ? 0 : lb_slab_offset(&g.object, i);
        uintptr_t b = l->separate ? 4096 : lb_slab_offset(&g.object, i + 1);
        uintptr_t locks = (uintptr_t)1 << 30;
        uintptr_t lock_a = l->separate ? locks + lb_slab_offset(&g.lock, i) : a + l->lock_offset;
        uintptr_t lock_b =
            l->separate ? locks + lb_slab_offset(&g.lock, i + 1) : b + l->lock_offset;
        g.pairs_sharing += lb_layout_shares(l, kind, a, lock_a, b, lock_b, LB_LINE_BYTES);
    }
    *geometry = g;
    return 0;
}

/* The words of the lock that a read or write op writes: count, and owner where there is one. */
static size_t written_words(enum lb_lock_kind kind, uintptr_t lock, uintptr_t words[2])
{
    const struct lb_lock_info *info = lb_lock_info(kind);

    words[0] = lock + info->count_offset;
    if (info->owner_offset < 0)
        return 1;
    words[1] = lock + (uintptr_t)info->owner_offset;
    return 2;
}

static bool writes_line_of(const struct lb_layout *l, enum lb_lock_kind kind, uintptr_t writer_lock,
                           uintptr_t object, uintptr_t lock, size_t line_bytes)
{
    struct lb_field fields[LB_FIELDS_MOST];
    size_t n_fields = lb_layout_fields(l, fields);
    uintptr_t written[2], other[2];
    size_t n_written = written_words(kind, writer_lock, written);
    size_t n_other = written_words(kind, lock, other);

    for (size_t i = 0; i < n_written; i++) {
        for (size_t j = 0; j < n_other; j++)
            if (written[i] / line_bytes == other[j] / line_bytes)
                return true;
        for (size_t j = 0; j < n_fields; j++)
            if (fields[j].touched &&
                written[i] / line_bytes == (object + fields[j].offset) / line_bytes)
                return true;
    }
    return false;
}

bool lb_layout_shares(const struct lb_layout *l, enum lb_lock_kind kind, uintptr_t object_a,
                      uintptr_t lock_a, uintptr_t object_b, uintptr_t lock_b, size_t line_bytes)
{
    return writes_line_of(l, kind, lock_a, object_b, lock_b, line_bytes) ||
           writes_line_of(l, kind, lock_b, object_a, lock_a, line_bytes);
}
