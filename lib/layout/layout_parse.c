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
    char *hot;              /* NULL: the fields of a VMA */
    enum lb_lock_kind kind; /* LB_LOCK_KINDS: none was named */
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

static int take_kind(const char *value, struct lb_why *why, struct spec *spec)
{
    if (spec->kind != LB_LOCK_KINDS)
        return lb_fail(why, EINVAL, "layout: kind %s: the lock's kind is given twice", value);
    return lb_lock_parse(value, why, &spec->kind);
}

static int parse_pair(char *pair, struct lb_why *why, struct spec *spec)
{
    static const struct lb_names names = {LB_NAMES_OF("key of a layout", keys, name),
                                          .others = "kind, hot"};
    char *value = strchr(pair, '='), *kind;
    size_t found;
    int err;

    if (!value)
        return lb_fail(why, EINVAL, "layout: '%s': expected KEY=NUMBER", pair);
    *value++ = '\0';
    if (!strcmp(pair, "kind"))
        return take_kind(value, why, spec);
    if (!strcmp(pair, "hot") && spec->hot)
        return lb_fail(why, EINVAL, "layout: hot=%s: given twice", value);
    if (!strcmp(pair, "hot")) {
        spec->hot = value;
        return 0;
    }
    if ((!strcmp(pair, "lock") || !strcmp(pair, "slot")) && (kind = strchr(value, ':'))) {
        *kind++ = '\0';
        if ((err = take_kind(kind, why, spec)))
            return err;
    }
    if (lb_name_find(&names, pair, why, &found))
        return -EINVAL;
    return parse_number(pair, value, why, (size_t *)((char *)spec + keys[found].offset));
}

/* Cuts the text up in place. */
static int parse_pairs(char *text, struct lb_why *why, struct spec *spec)
{
    char *pair;
    int err = 0;

    while (!err && (pair = strsep(&text, ",")))
        err = parse_pair(pair, why, spec);
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

#define GROUPS        (LB_ACCESSES_MOST + 3)
#define WORD          sizeof(uint64_t)
#define FIELD_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:"
#define VMA_TAIL      5 /* the first of the second group in LB_VMA_FIELDS */

/* A group of a VMA's fields begins with its first one. */
static size_t head_of(const struct lb_layout *l)
{
    return l->accesses[0].offset;
}

static size_t tail_of(const struct lb_layout *l)
{
    return l->accesses[VMA_TAIL].offset;
}

/* Groups that may not overlap: head and tail or the fields by name, seq, the pointer to the lock
 * and the inline lock. The unused bytes of the tail (between vm_file and vm_policy) belong to the
 * group, as they do in the kernel.
 */
static size_t occupied(const struct lb_layout *l, struct lb_field groups[GROUPS])
{
    size_t n = 0;

    for (size_t i = 0; l->program && i < l->n_accesses; i++)
        groups[n++] = (struct lb_field){l->accesses[i].field, l->accesses[i].offset,
                                        l->accesses[i].bytes, true};
    if (!l->program) {
        groups[n++] = (struct lb_field){"head", head_of(l), LB_HEAD_BYTES, true};
        groups[n++] = (struct lb_field){"tail", tail_of(l), LB_TAIL_BYTES, true};
    }
    if (l->seq_offset >= 0)
        groups[n++] = (struct lb_field){"seq", (size_t)l->seq_offset, LB_SEQ_BYTES, true};
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
        bool named = l->program && i < l->n_accesses;
        size_t align = named ? 1 : g[i].bytes == LB_SEQ_BYTES ? 4 : 8;
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

/* "NAME@OFFSET" or "NAME@OFFSET:BYTES"; 0 bytes: not said. */
static int parse_field(const struct lb_layout *l, char *text, struct lb_why *why, char **name,
                       struct lb_access *access)
{
    char *at = strchr(text, '@'), *bytes = at ? strchr(at, ':') : NULL;
    size_t offset = UNSET, n = UNSET;
    int err;

    if (at)
        *at++ = '\0';
    if (bytes)
        *bytes++ = '\0';
    if (!at || !*text || text[strspn(text, FIELD_LETTERS)])
        return lb_fail(why, EINVAL,
                       "layout '%s': hot=%.60s: NAME@OFFSET+NAME@OFFSET:BYTES... is "
                       "expected, of letters, digits, _ . : in a name",
                       l->name, text);
    if ((err = parse_number(text, at, why, &offset)) ||
        (bytes && (err = parse_number(text, bytes, why, &n))))
        return err;
    if (!n || lb_layout_find_field(l, text))
        return lb_fail(why, EINVAL, "layout '%s': hot=: %s %s", l->name, text,
                       n ? "is named twice" : "has no bytes");
    *name = text;
    *access = (struct lb_access){.offset = (uint16_t)offset,
                                 .bytes = (uint16_t)(n == UNSET ? 0 : n),
                                 .how = LB_HOW_LOAD,
                                 .roles = LB_EVERY_ROLE};
    return 0;
}

/* Where nothing says how large a field is, as large as its place allows, a word at the most. */
static void size_fields(struct lb_layout *l)
{
    for (size_t i = 0; i < l->n_accesses; i++) {
        struct lb_access *a = &l->accesses[i];
        size_t most = WORD;
        while (most > 1 && a->offset % most)
            most /= 2;
        for (size_t k = 0; k < l->n_accesses; k++)
            if (l->accesses[k].offset > a->offset &&
                most > (size_t)l->accesses[k].offset - a->offset)
                most = (size_t)l->accesses[k].offset - a->offset;
        if (!a->bytes)
            a->bytes = (uint16_t)most;
    }
}

/* Fields of a program's structure, by hand. */
static int take_fields(const struct spec *s, struct lb_why *why, struct lb_layout *l)
{
    char *rest = s->hot, *text, *name = NULL;
    struct lb_access access;
    int err = 0;

    if (s->head != UNSET || s->tail != UNSET)
        return lb_fail(why, EINVAL,
                       "layout '%s': head= and tail= are of a VMA's fields: hot= names others",
                       l->name);
    if (s->kind == LB_LOCK_KINDS)
        return lb_fail(
            why, EINVAL,
            "layout '%s': which kind of lock? lock=OFFSET:KIND, as lock=%zu:pthread_mutex", l->name,
            s->lock == UNSET ? s->slot : s->lock);
    l->program = true;
    while (!err && (text = strsep(&rest, "+")))
        if (!(err = parse_field(l, text, why, &name, &access)))
            err = lb_layout_add(l, name, access, why);
    size_fields(l);
    l->seq_offset = s->seq == UNSET ? LB_NO_SEQ : (int)s->seq;
    return err;
}

static int build(const struct spec *s, struct lb_why *why, struct lb_layout *l)
{
    enum lb_lock_kind kind = s->kind == LB_LOCK_KINDS ? LB_LOCK_RWSEM40 : s->kind;
    int err;

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
    if (s->hot && (err = take_fields(s, why, l)))
        return err;
    if (!s->hot) {
        lb_layout_set_vma_fields(l, given(s->head, 0), given(s->tail, 64));
        l->seq_offset = (int)given(s->seq, 40);
    }
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

/* Cuts the text up in place. */
static int parse(char *text, struct lb_why *why, struct lb_layout *layout)
{
    struct spec spec;
    struct lb_layout l = {.meaning = "given on the command line"};
    struct lb_geometry geometry;
    char *colon = strchr(text, ':');
    int err;

    if (!colon)
        return lb_fail(why, EINVAL, "layout '%s': expected NAME:size=...,lock=...", text);
    memset(&spec, 0xff, sizeof spec);
    spec.hot = NULL;
    spec.kind = LB_LOCK_KINDS;
    if ((err = lb_layout_check_name(text, (size_t)(colon - text), why)))
        return err;
    memcpy(l.name, text, (size_t)(colon - text));
    if ((err = parse_pairs(colon + 1, why, &spec)) || (err = build(&spec, why, &l)) ||
        (err = check_room(&l, why)) || (err = lb_geometry_init(&l, l.lock, why, &geometry)))
        return err;
    if (l.align_bytes > LB_SLAB_PAGE_BYTES)
        return lb_fail(why, EINVAL, "layout '%s': align=%zu is more than a page", l.name,
                       l.align_bytes);
    *layout = l;
    return 0;
}

int lb_layout_parse(const char *text, struct lb_why *why, struct lb_layout *layout)
{
    char *copy = strdup(text);
    int err = copy ? parse(copy, why, layout) : lb_fail(why, ENOMEM, "layout: out of memory");

    free(copy);
    return err;
}
