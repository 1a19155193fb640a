/* SPDX-License-Identifier: MIT
 *
 * The picture of a layout: one row a cache line, one cell eight bytes.
 */
#include "layout_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELL_BYTES 8
#define CELL_WIDTH 10
#define CELLS      (LB_LINE_BYTES / CELL_BYTES)

/* A buffer that counts what did not fit, as snprintf does. */
struct canvas {
    char *text;
    size_t bytes, used;
};

static void __attribute__((format(printf, 2, 3))) put(struct canvas *c, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(c->used < c->bytes ? c->text + c->used : NULL,
                  c->used < c->bytes ? c->bytes - c->used : 0, format, args);
    va_end(args);
    if (n > 0)
        c->used += (size_t)n;
}

/* What stands in the cell at `offset`: names of fields that start in it, the lock's words, or "".
 */
static void cell_name(const struct lb_layout *l, enum lb_lock_kind kind, size_t lock_at,
                      bool has_fields, size_t offset, char name[32])
{
    const struct lb_lock_info *info = lb_lock_info(kind);
    struct lb_field fields[LB_FIELDS_MOST];
    size_t n = has_fields ? lb_layout_fields(l, fields) : 0;

    name[0] = '\0';
    if (lock_at != SIZE_MAX && offset + CELL_BYTES > lock_at && offset < lock_at + info->bytes) {
        size_t into = offset > lock_at ? offset - lock_at : 0;
        if (into == info->count_offset / CELL_BYTES * CELL_BYTES)
            strcpy(name, "COUNT");
        else if (info->owner_offset >= 0 && into == (size_t)info->owner_offset)
            strcpy(name, "OWNER");
        else
            strcpy(name, "lock");
    }
    for (size_t i = 0; i < n; i++)
        if (fields[i].offset / CELL_BYTES == offset / CELL_BYTES) {
            if (name[0])
                strcat(name, "+");
            strncat(name, fields[i].name[0] == 'l' && name[0] ? "seq" : fields[i].name, 12);
        }
}

static void draw_lines(struct canvas *c, const struct lb_layout *l, enum lb_lock_kind kind,
                       size_t bytes, size_t lock_at, bool has_fields)
{
    for (size_t line = 0; line * LB_LINE_BYTES < bytes; line++) {
        put(c, "  %4zu |", line * LB_LINE_BYTES);
        for (size_t cell = 0; cell < CELLS; cell++) {
            size_t offset = line * LB_LINE_BYTES + cell * CELL_BYTES;
            char name[32] = "";
            if (offset >= bytes)
                break;
            cell_name(l, kind, lock_at, has_fields, offset, name);
            put(c, "%-*.*s|", CELL_WIDTH, CELL_WIDTH, name[0] ? name : " .");
        }
        put(c, "\n");
    }
}

static void draw_residues(struct canvas *c, const char *what, const struct lb_slab *slab)
{
    bool seen[LB_LINE_BYTES] = {false};

    put(c, "  %s start at", what);
    for (size_t i = 0; i < slab->per_slab; i++) {
        size_t residue = lb_slab_offset(slab, i) % LB_LINE_BYTES;
        if (!seen[residue])
            put(c, "%s %zu", i ? "," : "", residue);
        seen[residue] = true;
    }
    put(c, " modulo 64; %u to a slab of %zu bytes\n", slab->per_slab, slab->slab_bytes);
}

int lb_layout_draw(const struct lb_layout *l, enum lb_lock_kind kind, char *text, size_t bytes)
{
    struct canvas c = {text, bytes, 0};
    const struct lb_lock_info *info = lb_lock_info(kind);
    struct lb_geometry g;
    int err = lb_geometry_init(l, kind, NULL, &g);

    if (err)
        return err;
    put(&c, "%s: %s\n", l->name, l->meaning);
    put(&c, "  object of %zu bytes, aligned to %zu, stride %zu; %s %s\n", l->size_bytes,
        l->align_bytes, g.object.stride_bytes, info->name,
        l->separate ? "in a slab of its own" : "inside");
    draw_lines(&c, l, kind, g.object.stride_bytes, l->separate ? SIZE_MAX : l->lock_offset, true);
    if (l->separate) {
        put(&c, "  the lock, %zu bytes, stride %zu:\n", info->bytes, g.lock.stride_bytes);
        draw_lines(&c, l, kind, g.lock.stride_bytes, 0, false);
    }
    draw_residues(&c, "objects", &g.object);
    if (l->separate)
        draw_residues(&c, "locks", &g.lock);
    put(&c,
        "  neighbours: in %u of %u pairs a lock's writes hit a line that the other's op touches\n",
        g.pairs_sharing, g.pairs);
    put(&c, "  memory: %zu bytes an object, %zu pages of 4 KiB per 1000 objects\n",
        g.bytes_per_object, g.pages_per_1000);
    return (int)c.used;
}
