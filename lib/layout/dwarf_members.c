/* SPDX-License-Identifier: MIT
 *
 * The members of a structure or class: where they lie, what they are, and which are locks.
 */
#include "dwarf_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_BYTES LB_DWARF_TYPE_BYTES
#define PATH_BYTES 512
#define BYTES_MOST (1 << 30) /* so that offsets in bits are numbers too */

/* One structure being read. */
struct walk {
    struct lb_structure *s;
    struct lb_why *why;
    struct lb_dwarf_scopes *scopes; /* NULL: names of types alone, as of copies to compare */
    int *visits;
    bool cpp;
};

/* Locks --------------------------------------------------------------------------------------- */

/* By any name on the way to the bare type. The kernel's names mean the kernel's locks in C alone.
 */
static enum lb_structure_lock lock_of(const struct walk *w, Dwarf_Die type)
{
    enum lb_structure_lock lock = LB_STRUCTURE_NO_LOCK;
    char name[TYPE_BYTES];

    for (int i = 0; type.addr && !lock && i < LB_STRUCTURE_DEPTH_MOST; i++) {
        int tag = dwarf_tag(&type);
        if (tag == DW_TAG_atomic_type)
            return LB_STRUCTURE_C11_ATOMIC;
        /* gcc makes a base type of atomic_uint where DWARF 4 has no word for it. */
        if ((tag == DW_TAG_typedef || tag == DW_TAG_base_type || lb_dwarf_is_composite(&type)) &&
            *lb_dwarf_name(&type)) {
            if (w->cpp)
                lb_dwarf_qualify(w->scopes, &type, name, sizeof name);
            lock = lb_structure_lock_of(w->cpp ? name : lb_dwarf_name(&type));
            if (w->cpp && lb_structure_is_kernels(lock))
                lock = LB_STRUCTURE_NO_LOCK;
        }
        if (!lb_dwarf_peel(&type))
            break;
    }
    return lock;
}

/* Where a member of that name lies in a structure; false: it has none. */
static bool find_offset(Dwarf_Die *bare, const char *name, size_t *offset)
{
    Dwarf_Die m;

    for (bool more = lb_dwarf_child(bare, &m); more; more = lb_dwarf_next(&m))
        if (lb_dwarf_is_member(&m) && !strcmp(lb_dwarf_name(&m), name)) {
            *offset = lb_dwarf_place(&m).bit / 8;
            return true;
        }
    return false;
}

/* The type of the first member. */
static bool first_member(Dwarf_Die *bare, Dwarf_Die *type, size_t *n)
{
    Dwarf_Die m;

    *n = 0;
    for (bool more = lb_dwarf_child(bare, &m); more; more = lb_dwarf_next(&m))
        if (lb_dwarf_is_member(&m) && !(*n)++ && !lb_dwarf_type(&m, type))
            return false;
    return *n;
}

/* By what the lock is made of, as BTF's: a PREEMPT_RT kernel has other locks of the same names. */
static void see_words(Dwarf_Die type, struct lb_member *m)
{
    enum lb_structure_words words;
    Dwarf_Die bare, lock, first;
    size_t count, owner, n;

    if (!lb_dwarf_bare(&type, &bare))
        return;
    lock = bare;
    for (int i = 0; lb_dwarf_is_composite(&bare) && i < LB_STRUCTURE_DEPTH_MOST; i++) {
        const char *word = lb_structure_sleeping(lb_dwarf_name(&bare), &words);
        if (word && find_offset(&bare, word, &m->word_offset)) {
            m->words = words;
            return;
        }
        if (!first_member(&bare, &first, &n) || !lb_dwarf_bare(&first, &bare))
            break;
    }
    if (m->lock == LB_STRUCTURE_RWSEM &&
        !(find_offset(&lock, "count", &count) && !count && find_offset(&lock, "owner", &owner) &&
          owner == sizeof(uint64_t)))
        m->words = LB_WORDS_OTHER;
}

/* A pointer to a lock, or to a structure that a lock fills. */
static void see_pointed_lock(const struct walk *w, Dwarf_Die *pointer, struct lb_member *m)
{
    Dwarf_Die to, bare, first;
    enum lb_structure_lock lock;
    size_t n;

    if (!lb_dwarf_type(pointer, &to) || !lb_dwarf_bare(&to, &bare) || !lb_dwarf_is_composite(&bare))
        return;
    lock = lock_of(w, to);
    if (!lock && first_member(&bare, &first, &n) && n == 1 &&
        lb_dwarf_bytes(&first) == lb_dwarf_bytes(&bare)) {
        to = first;
        lock = lock_of(w, to);
    }
    if (!lock)
        return;
    m->lock = lock;
    m->points = true;
    m->lock_bytes = lb_dwarf_bytes(&to);
    m->pointed = (char *)(uintptr_t)lb_dwarf_name(&bare); /* copied when it is added */
    see_words(to, m);
}

static void see_lock(const struct walk *w, Dwarf_Die *type, struct lb_member *m)
{
    Dwarf_Die bare;

    if ((m->lock = lock_of(w, *type))) {
        m->lock_bytes = m->bytes;
        see_words(*type, m);
    } else if (lb_dwarf_bare(type, &bare) && dwarf_tag(&bare) == DW_TAG_pointer_type) {
        see_pointed_lock(w, &bare, m);
    }
}

/* Members ------------------------------------------------------------------------------------- */

/* Where members are added: what their names begin with, and who holds them. */
struct holder {
    const char *path;
    size_t bits;
    int parent, depth;
    Dwarf_Die *type;
    const struct holder *derived; /* of a base class: what has it; else NULL */
};

static int refuse_size(const struct walk *w)
{
    return lb_fail(w->why, E2BIG,
                   "structure %s: over %d members, nested over %d deep, or too much to look at",
                   w->s->name, LB_STRUCTURE_MEMBERS_MOST, LB_STRUCTURE_DEPTH_MOST);
}

static int check_place(const struct walk *w, Dwarf_Die *holder, const struct lb_dwarf_place *p,
                       const char *name)
{
    size_t offset = p->bit / 8, room = lb_dwarf_bytes(holder);

    if (offset <= room && p->bytes <= room - offset)
        return 0;
    return lb_fail(w->why, EPROTO,
                   "structure %s: broken DWARF: %.90s, %zu bytes at %zu, lies outside the %zu "
                   "bytes of what holds it",
                   w->s->name, name, p->bytes, offset, room);
}

/* Whether a name of a base class means another member in what is derived from it. */
static bool is_hidden(const struct walk *w, const struct holder *h, const char *name,
                      const char *path)
{
    size_t offset;

    for (const struct holder *d = h->derived; d; d = d->derived)
        if (find_offset(d->type, name, &offset))
            return true;
    for (size_t i = 0; h->derived && i < w->s->n_members; i++)
        if (!strcmp(w->s->members[i].name, path))
            return true;
    return false;
}

/* The member's name from the structure on; "" for what has none. -E2BIG. */
static int path_of(const struct walk *w, const struct holder *h, Dwarf_Die *member,
                   char path[PATH_BYTES])
{
    const char *name = dwarf_tag(member) == DW_TAG_inheritance ? "" : lb_dwarf_name(member);
    const char *dot = *h->path ? "." : "";
    int n = snprintf(path, PATH_BYTES, "%s%s%s", h->path, dot, name);

    if (*name && n < PATH_BYTES && is_hidden(w, h, name, path))
        n = snprintf(path, PATH_BYTES, "%s%s%s::%s", h->path, dot, lb_dwarf_name(h->type), name);
    if (!*name)
        *path = '\0';
    return n < PATH_BYTES ? 0 : refuse_size(w);
}

static void describe(const struct walk *w, Dwarf_Die *member, Dwarf_Die *type,
                     const struct lb_dwarf_place *p, struct lb_member *m)
{
    uint64_t align;

    m->bits = p->bits;
    m->bytes = p->bytes;
    m->align_bytes = lb_dwarf_align(type, w->visits);
    if (lb_dwarf_number(member, DW_AT_alignment, &align) && align && !(align & (align - 1)) &&
        align <= LB_STRUCTURE_BYTES_MOST)
        m->align_bytes = align;
    if (m->bits || m->offset % m->align_bytes)
        m->align_bytes = 1;
    if (w->scopes)
        see_lock(w, type, m);
}

static int add_member(const struct walk *w, Dwarf_Die *member, const char *path,
                      const struct lb_dwarf_place *p, const struct holder *h)
{
    Dwarf_Die type = {.addr = NULL};
    struct lb_member m = {.parent = h->parent, .offset = (h->bits + p->bit) / 8};
    char text[TYPE_BYTES];
    int err;

    lb_dwarf_type(member, &type);
    lb_dwarf_say_type(w->scopes, &type, text);
    m.name = (char *)(uintptr_t)path;
    m.type = text;
    describe(w, member, &type, p, &m);
    err = lb_structure_add(w->s, &m);
    if (err == -E2BIG)
        return refuse_size(w);
    return err ? lb_fail(w->why, -err, "structure %s: out of memory", w->s->name) : 0;
}

static int add_members(const struct walk *w, const struct holder *h);

/* NOLINTNEXTLINE(misc-no-recursion): depth and visits are bounded */
static int add_one(const struct walk *w, Dwarf_Die *member, const struct holder *h)
{
    struct lb_dwarf_place place = lb_dwarf_place(member);
    bool is_base = dwarf_tag(member) == DW_TAG_inheritance, deep;
    struct holder below = {h->path, h->bits + place.bit, h->parent, h->depth + 1, NULL, NULL};
    Dwarf_Die type, inner;
    char path[PATH_BYTES];
    int err = --*w->visits < 0 ? refuse_size(w) : path_of(w, h, member, path);

    if (err)
        return err;
    if (!lb_dwarf_type(member, &type) || !lb_dwarf_bare(&type, &inner))
        return lb_fail(w->why, EPROTO, "structure %s: a member's type is not in the DWARF",
                       w->s->name);
    err = check_place(w, h->type, &place, *path ? path : is_base ? "a base" : "one without a name");
    deep = !*path || w->scopes;
    below.type = &inner;
    below.derived = is_base ? h : *path ? NULL : h->derived;
    if (!err && *path) {
        below.path = path;
        below.parent = (int)w->s->n_members;
        err = add_member(w, member, path, &place, h);
    }
    return err || !deep || !lb_dwarf_is_composite(&inner) ? err : add_members(w, &below);
}

/* NOLINTNEXTLINE(misc-no-recursion): depth and visits are bounded */
static int add_members(const struct walk *w, const struct holder *h)
{
    Dwarf_Die m;
    int err = 0;

    if (h->depth > LB_STRUCTURE_DEPTH_MOST)
        return refuse_size(w);
    for (bool more = lb_dwarf_child(h->type, &m); !err && more; more = lb_dwarf_next(&m))
        if (lb_dwarf_is_member(&m))
            err = add_one(w, &m, h);
    return err;
}

static size_t pointer_bytes(Dwarf_Die *die)
{
    Dwarf_Die unit;
    uint8_t bytes = 0;

    return dwarf_diecu(die, &unit, &bytes, NULL) ? bytes : 0;
}

int lb_dwarf_members(Dwarf_Die *type, const char *name, bool deep, int *visits, struct lb_why *why,
                     struct lb_structure **structure)
{
    struct lb_dwarf_scopes scopes = {0};
    Dwarf_Die bare;
    struct walk w = {lb_structure_create(name), why, deep ? &scopes : NULL, visits,
                     lb_dwarf_is_cpp(type)};
    int err;

    if (!w.s || !lb_dwarf_bare(type, &bare)) {
        err = w.s ? lb_fail(why, EPROTO, "structure %s: its type is not in the DWARF", name)
                  : lb_fail(why, ENOMEM, "structure %s: out of memory", name);
        lb_structure_destroy(w.s);
        return err;
    }
    if (lb_dwarf_bytes(&bare) > BYTES_MOST) {
        lb_structure_destroy(w.s);
        return lb_fail(why, E2BIG, "structure %s: over %d bytes", name, BYTES_MOST);
    }
    w.s->form = LB_FORM_DWARF;
    w.s->is_union = dwarf_tag(&bare) == DW_TAG_union_type;
    w.s->bytes = lb_dwarf_bytes(&bare);
    w.s->pointer_bytes = pointer_bytes(&bare);
    w.s->align_bytes = lb_dwarf_align(&bare, visits);
    err = add_members(&w, &(struct holder){"", 0, -1, 0, &bare, NULL});
    lb_dwarf_scopes_finish(&scopes);
    if (err)
        lb_structure_destroy(w.s);
    else
        *structure = w.s;
    return err;
}
