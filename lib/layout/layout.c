/* SPDX-License-Identifier: MIT */
#include <linebounce/layout.h>

#include "layout_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Offsets of the groups: Linux 6.4 to 6.14 (and the RFC), the 2023-01 series (everything behind the
 * 40-byte lock moved by 32), Linux 6.15 and later (read from a kernel's BTF). */
#define FIELDS_6_4  .head_offset = 0, .seq_offset = 40, .tail_offset = 104
#define FIELDS_2023 .head_offset = 0, .seq_offset = 40, .tail_offset = 136
#define FIELDS_6_15 .head_offset = 0, .seq_offset = 40, .tail_offset = 64

const struct lb_layout lb_layouts[] = {
    {.name = "pointer",
     .size_bytes = 176,
     .align_bytes = 8,
     FIELDS_6_4,
     .separate = true,
     .indirect = true,
     .slot_offset = 48,
     .lock_align_bytes = 8,
     .lock = LB_LOCK_RWSEM40,
     .meaning = "Linux 6.4 to 6.14 as shipped: packed objects, packed separate locks"},
    {.name = "pointer-lock-aligned",
     .size_bytes = 176,
     .align_bytes = 8,
     FIELDS_6_4,
     .separate = true,
     .indirect = true,
     .slot_offset = 48,
     .lock_align_bytes = 64,
     .lock = LB_LOCK_RWSEM40,
     .meaning = "the alignment flag on the lock cache only"},
    {.name = "pointer-aligned",
     .size_bytes = 176,
     .align_bytes = 64,
     FIELDS_6_4,
     .separate = true,
     .indirect = true,
     .slot_offset = 48,
     .lock_align_bytes = 64,
     .lock = LB_LOCK_RWSEM40,
     .meaning = "the alignment flag on both caches"},
    {.name = "pointer-256",
     .size_bytes = 256,
     .align_bytes = 8,
     FIELDS_6_4,
     .separate = true,
     .indirect = true,
     .slot_offset = 48,
     .lock_align_bytes = 8,
     .lock = LB_LOCK_RWSEM40,
     .meaning = "the object bloated to 256 bytes, the lock still apart"},
    {.name = "embedded-roaming",
     .size_bytes = 208,
     .align_bytes = 16,
     FIELDS_2023,
     .lock_offset = 48,
     .lock_room_bytes = 40,
     .lock = LB_LOCK_RWSEM40,
     .meaning = "the 2023-01 series as posted: lock inside, objects at any 16 bytes"},
    {.name = "embedded",
     .size_bytes = 208,
     .align_bytes = 64,
     FIELDS_2023,
     .lock_offset = 48,
     .lock_room_bytes = 40,
     .lock = LB_LOCK_RWSEM40,
     .meaning = "the same with aligned objects"},
    {.name = "embedded-split",
     .size_bytes = 216,
     .align_bytes = 64,
     .head_offset = 0,
     .seq_offset = 40,
     .tail_offset = 144,
     .lock_offset = 56,
     .lock_room_bytes = 40,
     .lock = LB_LOCK_RWSEM40,
     .meaning = "count ends a line and owner starts the next, as in mmap_lock before 2021"},
    {.name = "embedded-own-line",
     .size_bytes = 256,
     .align_bytes = 64,
     FIELDS_6_4,
     .lock_offset = 192,
     .lock_room_bytes = 64,
     .lock = LB_LOCK_RWSEM40,
     .meaning = "the RFC of 2024-08-08: lock in a line of its own at the end"},
    {.name = "padded",
     .size_bytes = 384,
     .align_bytes = 128,
     FIELDS_6_4,
     .lock_offset = 256,
     .lock_room_bytes = 128,
     .lock = LB_LOCK_RWSEM40,
     .meaning = "lock alone in a pair of lines: safe from an adjacent-line prefetcher"},
    {.name = "refcount",
     .size_bytes = 192,
     .align_bytes = 64,
     FIELDS_6_15,
     .lock_offset = 128,
     .lock_room_bytes = 64,
     .lock = LB_LOCK_REFCOUNT,
     .meaning = "Linux 6.15 and later: 4-byte reference count"},
    {.name = "refcount-seq",
     .size_bytes = 192,
     .align_bytes = 64,
     .head_offset = 0,
     .seq_offset = 132,
     .tail_offset = 64,
     .lock_offset = 128,
     .lock_room_bytes = 4,
     .lock = LB_LOCK_REFCOUNT,
     .meaning = "the variant that lost 6 to 10 %: sequence number beside the count"},
};
const size_t lb_n_layouts = LB_COUNT(lb_layouts);

static size_t named_fields(const struct lb_layout *l, struct lb_field fields[LB_FIELDS_MOST])
{
    size_t n = 0;

    for (size_t i = 0; i < l->n_hot; i++)
        fields[n++] = (struct lb_field){l->hot[i].name, l->hot[i].offset, l->hot[i].bytes, true};
    if (!l->seqless)
        fields[n++] = (struct lb_field){"lock_seq", l->seq_offset, LB_SEQ_BYTES, true};
    if (l->indirect)
        fields[n++] = (struct lb_field){"lock ptr", l->slot_offset, LB_SLOT_BYTES, true};
    return n;
}

size_t lb_layout_fields(const struct lb_layout *l, struct lb_field fields[LB_FIELDS_MOST])
{
    static const char *const head[] = {"vm_start", "vm_end", "vm_mm", "page_prot", "vm_flags"};
    static const struct lb_field tail[] = {
        {"anon_vma", 0, 8, true},  {"vm_ops", 8, 8, true},     {"vm_pgoff", 16, 8, true},
        {"vm_file", 24, 8, false}, {"vm_policy", 48, 8, true},
    };
    size_t n = 0;

    if (l->n_touch)
        return named_fields(l, fields);
    for (size_t i = 0; i < LB_COUNT(head); i++)
        fields[n++] = (struct lb_field){head[i], l->head_offset + 8 * i, 8, true};
    fields[n++] = (struct lb_field){"lock_seq", l->seq_offset, LB_SEQ_BYTES, true};
    for (size_t i = 0; i < LB_COUNT(tail); i++) {
        fields[n] = tail[i];
        fields[n++].offset += l->tail_offset;
    }
    if (l->indirect)
        fields[n++] = (struct lb_field){"lock ptr", l->slot_offset, LB_SLOT_BYTES, true};
    return n;
}

static const char *name_at(size_t i)
{
    return lb_layouts[i].name;
}

int lb_layout_find(const char *name, struct lb_why *why, const struct lb_layout **layout)
{
    const struct lb_names names = {"layout", name_at, lb_n_layouts, "NAME:size=..., btf:STRUCT"};
    size_t found;
    int err = lb_name_find(&names, name, why, &found);

    if (!err)
        *layout = &lb_layouts[found];
    return err;
}

static const char *const write_names[LB_WRITES] = {"store", "increment", "add"};

const char *lb_write_name(enum lb_write write)
{
    return write_names[write];
}

static const char *write_at(size_t i)
{
    return write_names[i];
}

int lb_write_parse(const char *name, struct lb_why *why, enum lb_write *write)
{
    static const struct lb_names names = {"write", write_at, LB_WRITES, NULL};
    size_t found;

    if (lb_name_find(&names, name, why, &found))
        return -EINVAL;
    *write = (enum lb_write)found;
    return 0;
}

uint64_t lb_layout_touch(const struct lb_layout *l)
{
    uint64_t offsets = 0;

    for (size_t i = 0; i < LB_TOUCH_MOST; i++)
        offsets |= (uint64_t)l->touch[i < l->n_touch ? i : 0] << 16 * i;
    return offsets;
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
