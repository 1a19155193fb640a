/* SPDX-License-Identifier: MIT
 *
 * The members of a structure: where they lie, what they are, and which are locks.
 */
#include "btf_read.h"

#include "base/canvas.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_BYTES 256
#define PATH_BYTES 512

/* One structure being read. */
struct walk {
    const struct btf *btf;
    struct lb_structure *s;
    struct lb_why *why;
    int *visits, visits_most;
};

/* Types --------------------------------------------------------------------------------------- */

const struct btf_type *lb_btf_type(const struct btf *btf, uint32_t id)
{
    return id < btf__type_cnt(btf) ? btf__type_by_id(btf, id) : NULL;
}

const char *lb_btf_text(const struct btf *btf, uint32_t offset)
{
    const char *text = btf__name_by_offset(btf, offset);

    for (const char *c = text; c && *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            return "?";
    return text ? text : "";
}

static bool is_modifier(const struct btf_type *t)
{
    return btf_is_mod(t) || btf_is_typedef(t);
}

const struct btf_type *lb_btf_bare(const struct btf *btf, uint32_t id)
{
    const struct btf_type *t = lb_btf_type(btf, id);

    for (int i = 0; t && is_modifier(t) && i < LB_STRUCTURE_DEPTH_MOST; i++)
        t = lb_btf_type(btf, t->type);
    return t && is_modifier(t) ? NULL : t;
}

/* No member of C is void: pahole and clang leave that of what was _Atomic, and of arrays of such.
 * `bytes`: what the typedef's name says it has; 0: nothing does. */
static bool is_lost_atomic(const struct btf *btf, uint32_t id, size_t *bytes)
{
    size_t each = 0, n = 1;

    for (int i = 0; id && i < LB_STRUCTURE_DEPTH_MOST; i++) {
        const struct btf_type *t = lb_btf_type(btf, id);
        if (!t || !(is_modifier(t) || btf_is_array(t)))
            return false;
        if (btf_is_typedef(t) && !each)
            each = lb_structure_c11_bytes(lb_btf_text(btf, t->name_off), btf__pointer_size(btf));
        if (btf_is_array(t) && __builtin_mul_overflow(n, btf_array(t)->nelems, &n))
            return false;
        id = btf_is_array(t) ? btf_array(t)->type : t->type;
    }
    return !id && !__builtin_mul_overflow(each, n, bytes);
}

/* SIZE_MAX: more than fits anywhere. */
static size_t bytes_of(const struct btf *btf, uint32_t id)
{
    int64_t bytes = btf__resolve_size(btf, id);
    size_t lost;

    if (bytes >= 0)
        return (size_t)bytes;
    if (bytes == -E2BIG)
        return SIZE_MAX;
    return is_lost_atomic(btf, id, &lost) ? lost : 0;
}

/* A lock by any name on the way to the bare type. */
static enum lb_structure_lock lock_of(const struct btf *btf, uint32_t id)
{
    const struct btf_type *t = lb_btf_type(btf, id);
    enum lb_structure_lock lock = LB_STRUCTURE_NO_LOCK;

    if (!id)
        return LB_STRUCTURE_C11_ATOMIC;
    for (int i = 0; t && !lock && i < LB_STRUCTURE_DEPTH_MOST; i++) {
        if (btf_is_typedef(t) || btf_is_struct(t))
            lock = lb_structure_lock_of(lb_btf_text(btf, t->name_off));
        if (!is_modifier(t))
            break;
        if (!t->type && !lock)
            return LB_STRUCTURE_C11_ATOMIC;
        t = lb_btf_type(btf, t->type);
    }
    return lock;
}

static const char *tag_of(const struct btf_type *t)
{
    return btf_is_struct(t)     ? "struct "
           : btf_is_union(t)    ? "union "
           : btf_is_fwd(t)      ? "struct "
           : btf_is_any_enum(t) ? "enum "
                                : "";
}

/* The type as C writes it, nearly: arrays and pointers stand behind what they are of. */
static void name_type(const struct btf *btf, uint32_t id, int depth, char text[TYPE_BYTES])
{
    const struct btf_type *t = lb_btf_type(btf, id);
    const char *name = t ? lb_btf_text(btf, t->name_off) : "";
    char inner[TYPE_BYTES] = "?";

    if (!t || depth > LB_STRUCTURE_DEPTH_MOST) {
        snprintf(text, TYPE_BYTES, "?");
        return;
    }
    if (btf_is_ptr(t) || btf_is_mod(t))
        name_type(btf, t->type, depth + 1, inner);
    else if (btf_is_array(t))
        name_type(btf, btf_array(t)->type, depth + 1, inner);
    if (!id)
        snprintf(text, TYPE_BYTES, "void");
    else if (btf_is_ptr(t))
        snprintf(text, TYPE_BYTES, "%.200s%s*", inner,
                 *inner && inner[strlen(inner) - 1] == '*' ? "" : " ");
    else if (btf_is_array(t))
        snprintf(text, TYPE_BYTES, "%.200s [%u]", inner, btf_array(t)->nelems);
    else if (btf_is_const(t) || btf_is_volatile(t))
        snprintf(text, TYPE_BYTES, "%s %.200s", btf_is_const(t) ? "const" : "volatile", inner);
    else if (btf_is_mod(t))
        snprintf(text, TYPE_BYTES, "%.200s", inner);
    else if (btf_is_func_proto(t))
        snprintf(text, TYPE_BYTES, "function");
    else
        snprintf(text, TYPE_BYTES, "%s%.200s", tag_of(t), *name ? name : "{...}");
}

/* As name_type, and what an _Atomic has lost is said. */
static void say_type(const struct btf *btf, uint32_t id, char text[TYPE_BYTES])
{
    size_t bytes;

    name_type(btf, id, 0, text);
    if (is_lost_atomic(btf, id, &bytes))
        lb_append(text, TYPE_BYTES, " (an _Atomic%s)", bytes ? "" : " whose type the BTF has lost");
}

/* Alignment ----------------------------------------------------------------------------------- */

static size_t align_of(struct walk *w, uint32_t id, int depth);

/* Of a member at that offset: what has lost its type lies at a multiple of its size. */
static size_t align_at(struct walk *w, uint32_t id, size_t offset, int depth)
{
    size_t most = btf__pointer_size(w->btf), lost;

    if (!is_lost_atomic(w->btf, id, &lost))
        return align_of(w, id, depth);
    for (most = most ? most : 1; offset % most;)
        most /= 2;
    return most;
}

/* A member that lies askew says that the structure is packed. */
static size_t align_of_members(struct walk *w, const struct btf_type *t, int depth)
{
    const struct btf_member *m = btf_members(t);
    size_t most = 1;

    for (uint32_t i = 0; i < btf_vlen(t); i++) {
        size_t offset = btf_member_bit_offset(t, i) / 8;
        size_t align = align_at(w, m[i].type, offset, depth + 1);
        if (offset % align && !btf_member_bitfield_size(t, i))
            return 1;
        most = align > most ? align : most;
    }
    return t->size % most ? 1 : most;
}

/* libbpf's own does not survive a broken file. */
static size_t align_of(struct walk *w, uint32_t id, int depth)
{
    const struct btf_type *t = lb_btf_bare(w->btf, id);
    size_t pointer = btf__pointer_size(w->btf), bytes;

    if (!t || depth > LB_STRUCTURE_DEPTH_MOST || ++*w->visits > w->visits_most)
        return 1;
    if (btf_is_ptr(t))
        return pointer ? pointer : 1;
    if (btf_is_array(t))
        return align_of(w, btf_array(t)->type, depth + 1);
    if (btf_is_composite(t))
        return align_of_members(w, t, depth);
    bytes = btf_is_int(t) || btf_is_float(t) || btf_is_any_enum(t) ? t->size : 1;
    return bytes < pointer && bytes ? bytes : pointer ? pointer : 1;
}

/* Locks --------------------------------------------------------------------------------------- */

/* Where a member of that name lies in a structure; false: it has none. */
static bool find_offset(const struct btf *btf, const struct btf_type *t, const char *name,
                        size_t *offset)
{
    for (uint32_t i = 0; i < btf_vlen(t); i++)
        if (!strcmp(lb_btf_text(btf, btf_members(t)[i].name_off), name)) {
            *offset = btf_member_bit_offset(t, i) / 8;
            return true;
        }
    return false;
}

static bool is_sleeping(const struct btf *btf, const struct btf_type *t, struct lb_member *m)
{
    enum lb_structure_words words;
    const char *word = lb_structure_sleeping(lb_btf_text(btf, t->name_off), &words);

    if (!word || !find_offset(btf, t, word, &m->word_offset))
        return false;
    m->words = words;
    return true;
}

/* By what the lock is made of, not by its name: a PREEMPT_RT kernel has other locks of the same
 * names, and releases differ. */
static void see_words(const struct btf *btf, uint32_t id, struct lb_member *m)
{
    const struct btf_type *t = lb_btf_bare(btf, id), *lock = t;
    size_t count, owner;

    for (int i = 0; t && btf_is_composite(t) && i < LB_STRUCTURE_DEPTH_MOST; i++) {
        if (is_sleeping(btf, t, m))
            return;
        t = btf_vlen(t) ? lb_btf_bare(btf, btf_members(t)->type) : NULL;
    }
    if (m->lock == LB_STRUCTURE_RWSEM &&
        !(lock && find_offset(btf, lock, "count", &count) && !count &&
          find_offset(btf, lock, "owner", &owner) && owner == sizeof(uint64_t)))
        m->words = LB_WORDS_OTHER;
}

/* A pointer to a lock, or to a structure that a lock fills. */
static void see_pointed_lock(const struct walk *w, const struct btf_type *pointer,
                             struct lb_member *m)
{
    const struct btf_type *t = lb_btf_bare(w->btf, pointer->type);
    uint32_t at = pointer->type;
    enum lb_structure_lock lock;

    if (!t || !btf_is_struct(t))
        return;
    lock = lock_of(w->btf, at);
    if (!lock && btf_vlen(t) == 1) {
        at = btf_members(t)->type;
        lock = bytes_of(w->btf, at) == t->size ? lock_of(w->btf, at) : LB_STRUCTURE_NO_LOCK;
    }
    if (!lock)
        return;
    m->lock = lock;
    m->points = true;
    m->lock_bytes = bytes_of(w->btf, at);
    m->pointed = (char *)(uintptr_t)lb_btf_text(w->btf, t->name_off); /* copied when it is added */
    see_words(w->btf, at, m);
}

/* Members ------------------------------------------------------------------------------------- */

/* Where a member lies in what holds it. */
struct place {
    size_t bit;
    unsigned bits; /* of a bit-field; 0: none */
    size_t bytes;
};

/* Before bit-fields had a field of their own, their type said how many bits it has. */
static struct place place_of(const struct btf *btf, const struct btf_type *holder, uint32_t i)
{
    uint32_t id = btf_members(holder)[i].type;
    const struct btf_type *t = lb_btf_bare(btf, id);
    struct place p = {btf_member_bit_offset(holder, i), btf_member_bitfield_size(holder, i), 0};

    if (!btf_kflag(holder) && t && btf_is_int(t) && btf_int_bits(t) < 8 * t->size) {
        p.bits = btf_int_bits(t);
        p.bit += btf_int_offset(t);
    }
    p.bytes = p.bits ? (p.bit % 8 + p.bits + 7) / 8 : bytes_of(btf, id);
    return p;
}

static int check_place(const struct walk *w, const struct btf_type *holder, const struct place *p,
                       const char *name)
{
    size_t offset = p->bit / 8;

    if (p->bit % 8 && !p->bits)
        return lb_fail(w->why, EPROTO,
                       "structure %s: broken BTF: %.90s begins within a byte and is no bit-field",
                       w->s->name, name);
    if (offset > holder->size || p->bytes > holder->size - offset)
        return lb_fail(w->why, EPROTO,
                       "structure %s: broken BTF: %.90s, %zu bytes at %zu, lies outside the %u "
                       "bytes of what holds it",
                       w->s->name, name, p->bytes, offset, holder->size);
    return 0;
}

static void describe(struct walk *w, uint32_t id, size_t base_bits, const struct place *p,
                     struct lb_member *m)
{
    const struct btf_type *t = lb_btf_bare(w->btf, id);

    m->offset = (base_bits + p->bit) / 8;
    m->bits = p->bits;
    m->bytes = p->bytes;
    m->align_bytes = align_at(w, id, m->offset, 0);
    if (m->bits || m->offset % m->align_bytes)
        m->align_bytes = 1;
    if ((m->lock = lock_of(w->btf, id))) {
        m->lock_bytes = m->bytes;
        see_words(w->btf, id, m);
    } else if (t && btf_is_ptr(t)) {
        see_pointed_lock(w, t, m);
    }
}

/* Where members are added: what their names begin with, and who holds them. */
struct holder {
    const char *path;
    size_t bits;
    int parent, depth;
};

static int refuse_size(const struct walk *w)
{
    return lb_fail(w->why, E2BIG,
                   "structure %s: over %d members, nested over %d deep, or too much to look at",
                   w->s->name, LB_STRUCTURE_MEMBERS_MOST, LB_STRUCTURE_DEPTH_MOST);
}

static int add_member(struct walk *w, uint32_t id, const char *path, const struct place *place,
                      const struct holder *h)
{
    struct lb_member m = {.parent = h->parent};
    char type[TYPE_BYTES];
    int err;

    say_type(w->btf, id, type);
    m.name = (char *)(uintptr_t)path;
    m.type = type;
    describe(w, id, h->bits, place, &m);
    err = lb_structure_add(w->s, &m);
    if (err == -E2BIG)
        return refuse_size(w);
    return err ? lb_fail(w->why, -err, "structure %s: out of memory", w->s->name) : 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): depth and visits are bounded */
static int add_members(struct walk *w, const struct btf_type *t, const struct holder *h)
{
    int err = 0;

    if (h->depth > LB_STRUCTURE_DEPTH_MOST)
        return refuse_size(w);
    for (uint32_t i = 0; !err && i < btf_vlen(t); i++) {
        const struct btf_member *b = &btf_members(t)[i];
        const struct btf_type *inner = lb_btf_bare(w->btf, b->type);
        const char *name = lb_btf_text(w->btf, b->name_off);
        struct place place = place_of(w->btf, t, i);
        struct holder below = {h->path, h->bits + place.bit, h->parent, h->depth + 1};
        char path[PATH_BYTES];
        int length = snprintf(path, sizeof path, "%s%s%s", h->path, *h->path ? "." : "", name);
        if (++*w->visits > w->visits_most || length >= (int)sizeof path)
            return refuse_size(w);
        if (!inner)
            return lb_fail(w->why, EPROTO, "structure %s: a member's type is not in the BTF",
                           w->s->name);
        err = check_place(w, t, &place, *name ? path : "a member without a name");
        if (!err && *name) {
            below.path = path;
            below.parent = (int)w->s->n_members;
            err = add_member(w, b->type, path, &place, h);
        }
        if (!err && btf_is_composite(inner))
            err = add_members(w, inner, &below);
    }
    return err;
}

int lb_btf_members(const struct btf *btf, uint32_t id, const char *name, int *visits, int most,
                   struct lb_why *why, struct lb_structure **structure)
{
    const struct btf_type *t = lb_btf_bare(btf, id);
    struct walk w = {btf, lb_structure_create(name), why, visits, most};
    int err;

    if (!w.s || !t) {
        lb_structure_destroy(w.s);
        return t ? lb_fail(why, ENOMEM, "structure %s: out of memory", name)
                 : lb_fail(why, EPROTO, "structure %s: its type is not in the BTF", name);
    }
    w.s->is_union = btf_is_union(t);
    w.s->bytes = t->size;
    w.s->pointer_bytes = btf__pointer_size(btf);
    w.s->align_bytes = align_of(&w, id, 0);
    err = add_members(&w, t, &(struct holder){"", 0, -1, 0});
    if (err)
        lb_structure_destroy(w.s);
    else
        *structure = w.s;
    return err;
}
