/* SPDX-License-Identifier: MIT
 *
 * A structure that BTF or DWARF describes, with the fields that are named.
 */
#include "layout_private.h"

#include <linebounce/whatif.h>

#include "layout_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct lb_whatif_field *field_of(struct lb_whatif *w, const char *name)
{
    for (size_t i = 0; i < w->n_fields; i++)
        if (!strcmp(w->fields[i].name, name))
            return &w->fields[i];
    return NULL;
}

/* What the members that are written are. */
struct found {
    bool atomic;                        /* one is changed at once: an atomic, or a lock */
    struct lb_whatif_field *lock;       /* the first that some kind here is... */
    enum lb_lock_kind kind;             /* ...and which */
    bool is_lock;                       /* and no count */
    const struct lb_whatif_field *more; /* a second lock */
};

/* Itself, as atomic_t, or what is in it, as file_ref_t's counter. */
static void see_written(const struct lb_structure *s, const struct lb_member *m,
                        struct lb_whatif_field *f, struct found *found)
{
    const struct lb_member *lock;
    enum lb_lock_kind kind;

    if (lb_structure_find_lock(s, f->name, NULL, &lock) || lock->points)
        return;
    found->atomic = true;
    if (lock->offset != m->offset)
        return;
    f->into = lock->word_offset; /* PREEMPT_RT's locks are taken by a word within */
    if (!lb_layout_runs_as(lock, &kind))
        return;
    bool is_lock = !lb_structure_is_atomic(lock->lock) && lock->lock != LB_STRUCTURE_REFCOUNT;
    if (found->is_lock && is_lock && f != found->lock)
        found->more = f;
    if (found->lock && !(is_lock && !found->is_lock))
        return;
    found->lock = f;
    found->kind = kind;
    found->is_lock = is_lock;
}

/* One field of --read or --write. */
static int add_field(struct lb_whatif *w, const struct lb_structure *s, const char *name,
                     bool written, struct found *found, struct lb_why *why)
{
    struct lb_whatif_field *f = field_of(w, name);
    const struct lb_member *m;
    int err = lb_structure_find_member(s, name, why, &m);

    if (err)
        return err;
    if (!f && (w->n_fields == LB_WHATIF_FIELDS_MOST || strlen(name) >= sizeof f->name))
        return lb_fail(why, EINVAL, "whatif: %s: one field too many, or too long a name", name);
    if (!f) {
        f = &w->fields[w->n_fields++];
        memcpy(f->name, name, strlen(name) + 1);
        f->before = f->after = m->offset;
        f->bytes = m->bytes;
        f->lost = m->lock == LB_STRUCTURE_C11_ATOMIC && !m->bytes;
    }
    f->read |= !written;
    f->written |= written;
    if (written)
        see_written(s, m, f, found);
    return 0;
}

static int add_fields(struct lb_whatif *w, const struct lb_structure *s, const char *list,
                      bool written, struct found *found, struct lb_why *why)
{
    const char *option = written ? "write" : "read";
    char *copy = list ? strdup(list) : NULL, *rest = copy, *name;
    int err = 0;

    if (!list)
        return lb_fail(why, EINVAL, "whatif: %s: which fields are %s? --%s FIELD,...", s->name,
                       written ? "written" : "read", option);
    if (!copy)
        return lb_fail(why, ENOMEM, "whatif: out of memory");
    while (!err && (name = strsep(&rest, ",")))
        err = *name ? add_field(w, s, name, written, found, why)
                    : lb_fail(why, EINVAL, "--%s '%s': an empty item in the list", option, list);
    free(copy);
    return err;
}

#define MOVES_MOST 16

/* "f=128,g=64"; cuts the copy, which the moves point into. */
static int parse_moves(char *copy, const char *list, struct lb_why *why,
                       struct lb_move moves[MOVES_MOST], size_t *n)
{
    char *item;

    for (*n = 0; (item = strsep(&copy, ",")); ++*n) {
        char *value = strchr(item, '='), *end = NULL;
        if (*n == MOVES_MOST)
            return lb_fail(why, EINVAL, "--move '%s': more than %d fields", list, MOVES_MOST);
        if (value) {
            *value++ = '\0';
            moves[*n] = (struct lb_move){item, strtoul(value, &end, 10)};
        }
        if (!value || !*item || end == value || *end || *value == '-')
            return lb_fail(why, EINVAL, "--move '%s': FIELD=OFFSET,... in bytes is expected", list);
    }
    return 0;
}

/* The structure as moved, and where its fields are then. */
static int move_fields(struct lb_whatif *w, const struct lb_structure *s,
                       const struct lb_whatif_options *o, struct lb_why *why)
{
    struct lb_move moves[MOVES_MOST];
    struct lb_structure *moved;
    const struct lb_member *m;
    char *copy = strdup(o->move ? o->move : "");
    size_t n = 0;
    int err = copy ? 0 : lb_fail(why, ENOMEM, "whatif: out of memory");

    if (!err && o->move)
        err = parse_moves(copy, o->move, why, moves, &n);
    if (!err && !(err = lb_structure_move(s, moves, n, o->bytes, o->align_bytes, why, &moved))) {
        for (size_t i = 0; !err && i < w->n_fields; i++)
            if (!(err = lb_structure_find_member(moved, w->fields[i].name, why, &m)))
                w->fields[i].after = m->offset;
        w->bytes_after = moved->bytes;
        w->align_after = o->align_bytes ? o->align_bytes : w->align_before;
        lb_structure_destroy(moved);
    }
    free(copy);
    return err;
}

/* A lock is written at the word that its fast path changes. */
static void enter_locks(struct lb_whatif *w)
{
    for (size_t i = 0; i < w->n_fields; i++) {
        struct lb_whatif_field *f = &w->fields[i];
        f->before += f->into;
        f->after += f->into;
        f->bytes -= f->bytes > f->into ? f->into : f->bytes;
    }
}

static int describe(struct lb_whatif *w, const char *name, const struct lb_structure *s,
                    struct lb_why *why)
{
    char plain[LB_STRUCTURE_NAME_BYTES];

    lb_layout_plain_name(s->name, plain, sizeof plain);
    if (!*name)
        name = plain;
    if (strlen(name) >= sizeof w->name)
        return lb_fail(why, EINVAL, "whatif: the name %s is too long: give another (,name=)", name);
    snprintf(w->name, sizeof w->name, "%s", name);
    snprintf(w->structure, sizeof w->structure, "%s %.38s", s->is_union ? "union" : "struct",
             s->name);
    snprintf(w->source, sizeof w->source, "%.95s", s->source);
    w->generation = s->generation;
    w->bytes_before = s->bytes;
    w->align_before = s->slab_align_bytes  ? s->slab_align_bytes
                      : s->align_bytes < 8 ? 8
                                           : s->align_bytes;
    return 0;
}

/* How it is written, and what of it is a lock that is taken. */
static int choose_how(struct lb_whatif *w, const struct lb_whatif_options *o,
                      const struct found *found, struct lb_why *why)
{
    w->write = o->write_how >= 0 ? (enum lb_how)o->write_how
               : found->is_lock  ? LB_HOW_TAKE
               : found->atomic   ? LB_HOW_ADD
                                 : LB_HOW_STORE;
    if (o->lock && o->write_how >= 0 && !lb_how_takes(w->write))
        return lb_fail(why, EINVAL, "whatif: --lock is taken, which --write-how %s does not do",
                       lb_how_name(w->write));
    if (!o->lock && !lb_how_takes(w->write))
        return 0;
    if (found->more)
        return lb_fail(
            why, EINVAL,
            "whatif: %s: %s and %s are locks, of which one can be taken (--write-how add "
            "adds to a word of each)",
            w->structure, found->lock->name, found->more->name);
    if (found->lock)
        found->lock->locked = true;
    else if (!o->lock)
        return lb_fail(why, EINVAL,
                       "whatif: %s: no field written is a lock of a kind known here: say as which "
                       "to take the first by --lock",
                       w->structure);
    return lb_whatif_take(w, o->lock ? *o->lock : found->kind, why);
}

/* A layout of the user's own: its name is in front of its colon. */
static int read_own(const char *text, struct lb_why *why, char name[LB_LAYOUT_NAME_BYTES],
                    struct lb_structure **s)
{
    struct lb_layout layout;
    int err = lb_layout_parse(text, why, &layout);

    if (!err && !(err = lb_structure_of_layout(&layout, why, s)))
        memcpy(name, layout.name, sizeof layout.name);
    return err;
}

int lb_whatif_read(const char *text, const struct lb_whatif_options *o, struct lb_why *why,
                   char name[LB_LAYOUT_NAME_BYTES], struct lb_structure **s)
{
    if (text && !lb_layout_has_source(text) && strchr(text, ':'))
        return read_own(text, why, name, s);
    if (text)
        return lb_layout_source_read(
            text,
            "whatif takes name=, which= and base= here (fields go to --read, --write and --move)",
            why, name, s);
    *name = '\0';
    return lb_c2c_structure(o->line, why, s);
}

/* The fields of --read or --write, or what perf has seen of them. */
static int take_fields(struct lb_whatif *w, const struct lb_structure *s,
                       const struct lb_whatif_options *o, bool written, struct found *found,
                       struct lb_why *why)
{
    const char *given = written ? o->write : o->read;
    char *seen = NULL;
    size_t begin;
    int err = 0;

    if (!given && o->line && !(err = lb_c2c_place(o->line, s, o->line_at, why, &begin)))
        err = lb_c2c_members(o->line, s, begin, written, written ? LB_WRITES_MOST : LB_LOADS, why,
                             &seen);
    if (!err)
        err = add_fields(w, s, given ? given : seen, written, found, why);
    free(seen);
    return err;
}

int lb_whatif_of(const struct lb_structure *s, const char *name, const struct lb_whatif_options *o,
                 struct lb_why *why, struct lb_whatif *whatif)
{
    struct lb_whatif w = {0};
    struct found found = {0};
    int err = describe(&w, name, s, why);

    if (!err)
        err = take_fields(&w, s, o, false, &found, why);
    if (!err)
        err = take_fields(&w, s, o, true, &found, why);
    w.moved = o->move || o->bytes || o->align_bytes;
    if (!err && w.moved)
        err = move_fields(&w, s, o, why);
    if (!err)
        err = choose_how(&w, o, &found, why);
    enter_locks(&w);
    if (!err)
        *whatif = w;
    return err;
}

int lb_whatif_of_structure(const char *text, const struct lb_whatif_options *o, struct lb_why *why,
                           struct lb_whatif *whatif)
{
    struct lb_structure *s = NULL;
    char name[LB_LAYOUT_NAME_BYTES];
    int err = lb_whatif_read(text, o, why, name, &s);

    if (!err)
        err = lb_whatif_of(s, name, o, why, whatif);
    lb_structure_destroy(s);
    return err;
}
