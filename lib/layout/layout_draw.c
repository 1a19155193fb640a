/* SPDX-License-Identifier: MIT
 *
 * The picture of a layout: one row a cache line, one cell eight bytes.
 */
#include <linebounce/lines.h>

#include "layout_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELL_BYTES 8
#define CELL_WIDTH 10
#define CELLS      (LB_LINE_BYTES / CELL_BYTES)
#define CELL_NAMES 64

/* The word of a lock at `lock_at` that lies in the cell, or "". */
static const char *lock_word(enum lb_lock_kind kind, size_t lock_at, size_t offset)
{
    const struct lb_lock_info *info = lb_lock_info(kind);
    size_t into;

    if (lock_at == SIZE_MAX || offset + CELL_BYTES <= lock_at || offset >= lock_at + info->bytes)
        return "";
    into = offset > lock_at ? offset - lock_at : 0;
    if (into == info->count_offset / CELL_BYTES * CELL_BYTES)
        return "COUNT";
    return info->owner_offset >= 0 && into == (size_t)info->owner_offset ? "OWNER" : "lock";
}

/* Adds a name to those in the cell. What does not fit is cut when it is drawn. */
static void add_name(char name[CELL_NAMES], const char *mark, const char *more)
{
    size_t used = strlen(name);

    snprintf(name + used, CELL_NAMES - used, "%s%s%.24s", used ? "+" : "", mark, more);
}

/* What is left of a name where another one stands in the cell already. */
static const char *short_name(const char *name)
{
    return strcmp(name, "lock_seq") ? name : "seq";
}

/* A VMA's field without what all of them begin with, where the cell is too narrow. */
static const char *fitting(const char *name)
{
    return strlen(name) > CELL_WIDTH && !strncmp(name, "vm_", 3) ? name + 3 : name;
}

/* Names of fields that start in the cell. */
static void cell_fields(const struct lb_layout *l, size_t offset, char name[CELL_NAMES])
{
    struct lb_field fields[LB_FIELDS_MOST];
    size_t n = lb_layout_fields(l, fields);

    for (size_t i = 0; i < n; i++)
        if (fields[i].offset / CELL_BYTES == offset / CELL_BYTES)
            add_name(name, "", name[0] ? short_name(fields[i].name) : fitting(fields[i].name));
}

/* Whether an op reads some of those bytes. */
static bool is_read(const struct lb_layout *l, size_t offset, size_t bytes)
{
    struct lb_field fields[LB_FIELDS_MOST];
    size_t n = lb_layout_fields(l, fields);

    for (size_t i = 0; i < n; i++)
        if (fields[i].touched && fields[i].offset >= offset && fields[i].offset < offset + bytes)
            return true;
    return false;
}

/* The lock and what is nothing but it: its words are drawn. */
static bool is_drawn_as_lock(const struct lb_layout *l, const struct lb_member *m)
{
    return !l->separate && lb_layout_is_lock(l, m) && m->bytes <= l->lock_member->lock_bytes;
}

/* Members that start in the cell; of several names of one place the first, and of one that goes on
 * from another cell two dots. */
static void cell_members(const struct lb_layout *l, size_t offset, char name[CELL_NAMES])
{
    size_t last = SIZE_MAX;
    bool goes_on = false;

    for (size_t i = 0; i < l->structure->n_members; i++) {
        const struct lb_member *m = &l->structure->members[i];
        if (!lb_layout_shows(l, m) || is_drawn_as_lock(l, m))
            continue;
        goes_on |= m->offset < offset && m->offset + m->bytes > offset;
        if (m->offset / CELL_BYTES != offset / CELL_BYTES || m->offset == last)
            continue;
        size_t here = offset + CELL_BYTES - m->offset;
        last = m->offset;
        add_name(name, is_read(l, m->offset, m->bytes < here ? m->bytes : here) ? "*" : "",
                 m->name);
    }
    if (!*name && goes_on)
        strcpy(name, "..");
}

/* What stands in the cell at `offset`, or "". */
static void cell_name(const struct lb_layout *l, enum lb_lock_kind kind, size_t lock_at,
                      bool has_fields, size_t offset, char name[CELL_NAMES])
{
    snprintf(name, CELL_NAMES, "%s", lock_word(kind, lock_at, offset));
    if (has_fields && l->structure)
        cell_members(l, offset, name);
    else if (has_fields)
        cell_fields(l, offset, name);
}

/* Who reads and who writes it, where anybody does. */
static void say_use(struct lb_canvas *c, const struct lb_part *part, size_t line)
{
    struct lb_line_use use = lb_line_use(part, line);
    char sentence[LB_LINE_SENTENCE_BYTES];

    lb_line_sentence(use, sentence);
    if (*sentence)
        lb_canvas_put(c, "         %s%s\n", sentence, use.shared ? ": they share the line" : "");
}

static void draw_lines(struct lb_canvas *c, const struct lb_layout *l, enum lb_lock_kind kind,
                       const struct lb_part *part, size_t lock_at, bool has_fields)
{
    size_t bytes = part->stride_bytes;

    for (size_t line = 0; line * LB_LINE_BYTES < bytes; line++) {
        lb_canvas_put(c, "  %4zu |", line * LB_LINE_BYTES);
        for (size_t cell = 0; cell < CELLS; cell++) {
            size_t offset = line * LB_LINE_BYTES + cell * CELL_BYTES;
            char name[CELL_NAMES] = "";
            if (offset >= bytes)
                break;
            cell_name(l, kind, lock_at, has_fields, offset, name);
            lb_canvas_put(c, "%-*.*s|", CELL_WIDTH, CELL_WIDTH, name[0] ? name : " .");
        }
        lb_canvas_put(c, "\n");
        say_use(c, part, line);
    }
}

static void list_members(struct lb_canvas *c, const struct lb_layout *l)
{
    lb_canvas_put(c, "  members (* an op reads it, # the lock):\n");
    for (size_t i = 0; i < l->structure->n_members; i++) {
        const struct lb_member *m = &l->structure->members[i];
        char bits[16] = "";
        if (!lb_layout_shows(l, m) && m != l->lock_member)
            continue;
        if (m->bits)
            snprintf(bits, sizeof bits, ":%u", m->bits);
        lb_canvas_put(c, "  %4zu %4zu %c%c %s%s: %s\n", m->offset, m->bytes,
                      is_read(l, m->offset, m->bytes) ? '*' : ' ',
                      lb_layout_is_lock(l, m) ? '#' : ' ', m->name, bits, m->type);
    }
}

static void draw_residues(struct lb_canvas *c, const char *what, const struct lb_slab *slab)
{
    bool seen[LB_LINE_BYTES] = {false};

    lb_canvas_put(c, "  %s start at", what);
    for (size_t i = 0; i < slab->per_slab; i++) {
        size_t residue = lb_slab_offset(slab, i) % LB_LINE_BYTES;
        if (!seen[residue])
            lb_canvas_put(c, "%s %zu", i ? "," : "", residue);
        seen[residue] = true;
    }
    lb_canvas_put(c, " modulo 64; %u to a slab of %zu bytes\n", slab->per_slab, slab->slab_bytes);
}

static void draw_generation(struct lb_canvas *c, const struct lb_layout *l)
{
    char rules[256];

    if (!l->generation || l->program)
        return;
    lb_generation_describe(l->generation, rules, sizeof rules);
    lb_canvas_put(c, "  as Linux %s: %s\n", l->generation->name, rules);
}

static void draw(struct lb_canvas *c, const struct lb_layout *l, enum lb_lock_kind kind,
                 const struct lb_lines *lines, const struct lb_geometry *g)
{
    const struct lb_lock_info *info = lb_lock_info(kind);

    lb_canvas_put(c, "%s: %s\n", l->name, l->meaning);
    lb_canvas_put(c, "  object of %zu bytes, aligned to %zu, stride %zu; %s %s\n", l->size_bytes,
                  l->align_bytes, g->object.stride_bytes, info->name,
                  l->separate ? "in a slab of its own" : "inside");
    draw_lines(c, l, kind, &lines->object, l->separate ? SIZE_MAX : l->lock_offset, true);
    if (l->structure)
        list_members(c, l);
    if (l->separate) {
        lb_canvas_put(c, "  the lock, %zu bytes, stride %zu:\n", info->bytes, g->lock.stride_bytes);
        draw_lines(c, l, kind, &lines->apart, 0, false);
    }
    draw_residues(c, "objects", &g->object);
    if (l->separate)
        draw_residues(c, "locks", &g->lock);
    lb_canvas_put(
        c,
        "  neighbours: in %u of %u pairs a lock's writes hit a line that the other's op touches\n",
        g->pairs_sharing, g->pairs);
    draw_generation(c, l);
    lb_canvas_put(c, "  memory: %zu bytes an object, %zu pages of 4 KiB per 1000 objects\n",
                  g->bytes_per_object, g->pages_per_1000);
}

int lb_layout_draw(const struct lb_layout *l, enum lb_lock_kind kind, char *text, size_t bytes)
{
    struct lb_canvas c = {text, bytes, 0};
    struct lb_lines lines;
    struct lb_geometry g;
    int err = lb_geometry_init(l, kind, NULL, &g);

    if (!err)
        err = lb_lines_init(l, kind, NULL, &lines);
    if (err)
        return err;
    draw(&c, l, kind, &lines, &g);
    lb_lines_finish(&lines);
    return (int)c.used;
}
