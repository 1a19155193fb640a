/* SPDX-License-Identifier: MIT
 *
 * A user's own layout from "NAME:key=value,...", checked before anything is measured with it.
 */
#include "layout_private.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the text said; UNSET where it said nothing. */
struct spec {
    size_t size, align, lock, slot, lockalign, room, head, tail, seq;
};
#define UNSET ((size_t)-1)

static const struct {
    const char *name;
    size_t offset;
} keys[] = {
    {"size", offsetof(struct spec, size)},
    {"align", offsetof(struct spec, align)},
    {"lock", offsetof(struct spec, lock)},
    {"slot", offsetof(struct spec, slot)},
    {"lockalign", offsetof(struct spec, lockalign)},
    {"room", offsetof(struct spec, room)},
    {"head", offsetof(struct spec, head)},
    {"tail", offsetof(struct spec, tail)},
    {"seq", offsetof(struct spec, seq)},
};

static const char *key_at(size_t i)
{
    return keys[i].name;
}

static int parse_number(const char *key, const char *value, struct lb_why *why, size_t *number)
{
    char *end;
    unsigned long long n;

    if (*number != UNSET)
        return lb_fail(why, EINVAL, "layout: %s=%s: given twice", key, value);
    errno = 0;
    n = strtoull(value, &end, 0);
    if (!isdigit((unsigned char)*value) || *end || errno ||
        n > LB_SLAB_PAGE_BYTES << LB_OBJECT_ORDER)
        return lb_fail(why, EINVAL, "layout: %s=%s: not a number of bytes between 0 and %d", key,
                       value, LB_SLAB_PAGE_BYTES << LB_OBJECT_ORDER);
    *number = (size_t)n;
    return 0;
}

static int parse_pair(char *pair, struct lb_why *why, struct spec *spec, enum lb_lock_kind *kind)
{
    static const struct lb_names names = {"key of a layout", key_at, LB_COUNT(keys), "kind"};
    char *value = strchr(pair, '=');
    size_t found;

    if (!value)
        return lb_fail(why, EINVAL, "layout: '%s': expected KEY=NUMBER", pair);
    *value++ = '\0';
    if (!strcmp(pair, "kind"))
        return lb_lock_parse(value, why, kind);
    if (lb_name_find(&names, pair, why, &found))
        return -EINVAL;
    return parse_number(pair, value, why, (size_t *)((char *)spec + keys[found].offset));
}

static int parse_pairs(const char *text, struct lb_why *why, struct spec *spec,
                       enum lb_lock_kind *kind)
{
    char *copy = strdup(text), *rest = copy, *pair;
    int err = copy ? 0 : lb_fail(why, ENOMEM, "layout: out of memory");

    while (!err && (pair = strsep(&rest, ",")))
        err = parse_pair(pair, why, spec, kind);
    free(copy);
    return err;
}

int lb_layout_check_name(const char *name, size_t length, struct lb_why *why)
{
    const struct lb_layout *known;
    char copy[LB_LAYOUT_NAME_BYTES];

    if (!length || length >= sizeof copy)
        return lb_fail(why, EINVAL, "layout: a name has 1 to %zu characters", sizeof copy - 1);
    memcpy(copy, name, length);
    copy[length] = '\0';
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)copy[i]) && !strchr("-_.", copy[i]))
            return lb_fail(why, EINVAL, "layout '%s': a name holds letters, digits, - _ .", copy);
    if (!lb_layout_find(copy, NULL, &known))
        return lb_fail(why, EINVAL, "layout '%s': a built-in layout has this name", copy);
    return 0;
}

#define GROUPS   5
#define VMA_TAIL 5 /* the first of the second group in LB_VMA_FIELDS */

/* A group of a VMA's fields begins with its first one. */
static size_t head_of(const struct lb_layout *l)
{
    return l->accesses[0].offset;
}

static size_t tail_of(const struct lb_layout *l)
{
    return l->accesses[VMA_TAIL].offset;
}

/* Groups that may not overlap: head, tail, seq, the pointer to the lock and the inline lock. The
 * unused bytes of the tail (between vm_file and vm_policy) belong to the group, as they do in the
 * kernel.
 */
static size_t occupied(const struct lb_layout *l, struct lb_field groups[GROUPS])
{
    groups[0] = (struct lb_field){"head", head_of(l), LB_HEAD_BYTES, true};
    groups[1] = (struct lb_field){"tail", tail_of(l), LB_TAIL_BYTES, true};
    groups[2] = (struct lb_field){"seq", (size_t)l->seq_offset, LB_SEQ_BYTES, true};
    size_t n = 3;
    if (l->indirect)
        groups[n++] = (struct lb_field){"slot", l->slot_offset, LB_SLOT_BYTES, true};
    if (!l->separate)
        groups[n++] = (struct lb_field){"lock", l->lock_offset, lb_lock_info(l->lock)->bytes, true};
    return n;
}

static int check_fields(const struct lb_layout *l, struct lb_why *why)
{
    struct lb_field g[GROUPS];
    size_t n = occupied(l, g);

    for (size_t i = 0; i < n; i++) {
        size_t align = g[i].bytes == LB_SEQ_BYTES ? 4 : 8;
        if (g[i].offset + g[i].bytes > l->size_bytes)
            return lb_fail(why, EINVAL,
                           "layout '%s': %s at %zu needs %zu bytes, the object ends at %zu",
                           l->name, g[i].name, g[i].offset, g[i].bytes, l->size_bytes);
        if (g[i].offset % align)
            return lb_fail(why, EINVAL, "layout '%s': %s at %zu is not aligned to %zu", l->name,
                           g[i].name, g[i].offset, align);
        for (size_t j = 0; j < i; j++)
            if (g[i].offset < g[j].offset + g[j].bytes && g[j].offset < g[i].offset + g[i].bytes)
                return lb_fail(why, EINVAL, "layout '%s': %s (%zu to %zu) overlaps %s (%zu to %zu)",
                               l->name, g[i].name, g[i].offset, g[i].offset + g[i].bytes - 1,
                               g[j].name, g[j].offset, g[j].offset + g[j].bytes - 1);
    }
    return 0;
}

/* Bytes from the lock to the next group behind it, or to the end of the object. */
static size_t natural_room(const struct lb_layout *l)
{
    struct lb_field g[GROUPS];
    size_t end = l->size_bytes, n = occupied(l, g);

    for (size_t i = 0; i < n; i++)
        if (g[i].offset > l->lock_offset && g[i].offset < end)
            end = g[i].offset;
    return end > l->lock_offset ? end - l->lock_offset : 0;
}

static size_t given(size_t value, size_t otherwise)
{
    return value == UNSET ? otherwise : value;
}

static int build(const struct spec *s, enum lb_lock_kind kind, struct lb_why *why,
                 struct lb_layout *l)
{
    if (s->size == UNSET)
        return lb_fail(why, EINVAL, "layout '%s': size= is missing", l->name);
    if (s->lock == UNSET && s->slot == UNSET)
        return lb_fail(why, EINVAL, "layout '%s': give lock= (inline) or slot= (pointer), or both",
                       l->name);
    if (s->lock != UNSET && s->lockalign != UNSET)
        return lb_fail(why, EINVAL,
                       "layout '%s': lockalign= is of separate locks: it goes with slot= alone",
                       l->name);
    if (s->lock == UNSET && s->room != UNSET)
        return lb_fail(why, EINVAL,
                       "layout '%s': room= is for an inline lock: it goes with lock=", l->name);
    l->size_bytes = s->size;
    l->align_bytes = given(s->align, 8);
    lb_layout_set_vma_fields(l, given(s->head, 0), given(s->tail, 64));
    l->seq_offset = (int)given(s->seq, 40);
    l->separate = s->lock == UNSET;
    l->indirect = s->slot != UNSET;
    l->slot_offset = given(s->slot, 0);
    l->lock_offset = given(s->lock, 0);
    l->lock_align_bytes = given(s->lockalign, 8);
    l->lock = kind;
    l->generation =
        &lb_generations[kind == LB_LOCK_REFCOUNT ? LB_GENERATION_6_15 : LB_GENERATION_6_4];
    l->lock_room_bytes = l->separate ? 0 : given(s->room, natural_room(l));
    return check_fields(l, why);
}

/* A larger room would let --lock choose a lock that lies over the next field. */
static int check_room(const struct lb_layout *l, struct lb_why *why)
{
    size_t most = natural_room(l);

    if (l->separate || l->lock_room_bytes <= most)
        return 0;
    return lb_fail(why, EINVAL,
                   "layout '%s': room=%zu: from the lock to the next field are %zu bytes", l->name,
                   l->lock_room_bytes, most);
}

int lb_layout_parse(const char *text, struct lb_why *why, struct lb_layout *layout)
{
    struct spec spec;
    struct lb_layout l = {.meaning = "given on the command line"};
    struct lb_geometry geometry;
    enum lb_lock_kind kind = LB_LOCK_RWSEM40;
    const char *colon = strchr(text, ':');
    int err;

    if (!colon)
        return lb_fail(why, EINVAL, "layout '%s': expected NAME:size=...,lock=...", text);
    memset(&spec, 0xff, sizeof spec);
    if ((err = lb_layout_check_name(text, (size_t)(colon - text), why)) ||
        (err = parse_pairs(colon + 1, why, &spec, &kind)))
        return err;
    memcpy(l.name, text, (size_t)(colon - text));
    if ((err = build(&spec, kind, why, &l)) || (err = check_room(&l, why)) ||
        (err = lb_geometry_init(&l, kind, why, &geometry)))
        return err;
    if (l.align_bytes > LB_SLAB_PAGE_BYTES)
        return lb_fail(why, EINVAL, "layout '%s': align=%zu is more than a page", l.name,
                       l.align_bytes);
    *layout = l;
    return 0;
}
