/* SPDX-License-Identifier: MIT
 *
 * The only place that knows libbpf.
 */
#include "structure_private.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file may be broken or hostile: types that hold themselves, or each other twice, end here. */
#define VISITS_MOST (1 << 18)

#define TYPE_BYTES 256

/* What libbpf says, in place of its printing it. Its function has no context. */
static char said[160];
static unsigned unknown_kind; /* 0: none was met */

static int __attribute__((format(printf, 2, 0)))
hear(enum libbpf_print_level level, const char *format, va_list args)
{
    char text[sizeof said];

    vsnprintf(text, sizeof text, format, args);
    if (sscanf(text, "libbpf: Unsupported BTF_KIND:%u", &unknown_kind) != 1 &&
        sscanf(text, "Unsupported BTF_KIND:%u", &unknown_kind) != 1 && level == LIBBPF_DEBUG)
        return 0;
    text[strcspn(text, "\n")] = '\0';
    memcpy(said, text, sizeof said);
    return 0;
}

const char *lb_structure_library(void)
{
    static char name[32];

    snprintf(name, sizeof name, "libbpf %u.%u", libbpf_major_version(), libbpf_minor_version());
    return name;
}

/* One structure being read. */
struct walk {
    const struct btf *btf;
    struct lb_structure *s;
    int visits;
};

static const struct btf_type *type_at(const struct btf *btf, uint32_t id)
{
    return id < btf__type_cnt(btf) ? btf__type_by_id(btf, id) : NULL;
}

static const char *text_at(const struct btf *btf, uint32_t offset)
{
    const char *text = btf__name_by_offset(btf, offset);

    return text ? text : "";
}

static bool is_modifier(const struct btf_type *t)
{
    return btf_is_mod(t) || btf_is_typedef(t);
}

/* Without const, typedef and the like; NULL: broken. */
static const struct btf_type *bare(const struct btf *btf, uint32_t id)
{
    const struct btf_type *t = type_at(btf, id);

    for (int i = 0; t && is_modifier(t) && i < LB_STRUCTURE_DEPTH_MOST; i++)
        t = type_at(btf, t->type);
    return t && is_modifier(t) ? NULL : t;
}

/* A lock by any name on the way to the bare type. */
static enum lb_structure_lock lock_of(const struct btf *btf, uint32_t id)
{
    const struct btf_type *t = type_at(btf, id);
    enum lb_structure_lock lock = LB_STRUCTURE_NO_LOCK;

    for (int i = 0; t && !lock && i < LB_STRUCTURE_DEPTH_MOST; i++) {
        if (btf_is_typedef(t) || btf_is_struct(t))
            lock = lb_structure_lock_of(text_at(btf, t->name_off));
        if (!is_modifier(t))
            break;
        t = type_at(btf, t->type);
    }
    return lock;
}

static size_t bytes_of(const struct btf *btf, uint32_t id)
{
    int64_t bytes = btf__resolve_size(btf, id);

    return bytes > 0 ? (size_t)bytes : 0;
}

/* The type as C writes it, nearly: arrays and pointers stand behind what they are of. */
static void name_type(const struct btf *btf, uint32_t id, int depth, char text[TYPE_BYTES])
{
    const struct btf_type *t = type_at(btf, id);
    const char *name = t ? text_at(btf, t->name_off) : "";
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
        snprintf(text, TYPE_BYTES, "%s%.200s",
                 btf_is_struct(t)     ? "struct "
                 : btf_is_union(t)    ? "union "
                 : btf_is_fwd(t)      ? "struct "
                 : btf_is_any_enum(t) ? "enum "
                                      : "",
                 *name ? name : "{...}");
}

static size_t align_of(struct walk *w, uint32_t id, int depth);

/* A member that lies askew says that the structure is packed. */
static size_t align_of_members(struct walk *w, const struct btf_type *t, int depth)
{
    const struct btf_member *m = btf_members(t);
    size_t most = 1;

    for (uint32_t i = 0; i < btf_vlen(t); i++) {
        size_t align = align_of(w, m[i].type, depth + 1);
        if (btf_member_bit_offset(t, i) / 8 % align && !btf_member_bitfield_size(t, i))
            return 1;
        most = align > most ? align : most;
    }
    return t->size % most ? 1 : most;
}

/* libbpf's own does not survive a broken file. */
static size_t align_of(struct walk *w, uint32_t id, int depth)
{
    const struct btf_type *t = bare(w->btf, id);
    size_t pointer = btf__pointer_size(w->btf), bytes;

    if (!t || depth > LB_STRUCTURE_DEPTH_MOST || ++w->visits > VISITS_MOST)
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

/* A pointer to a lock, or to a structure that a lock fills. */
static void see_pointed_lock(const struct walk *w, const struct btf_type *pointer,
                             struct lb_member *m)
{
    const struct btf_type *t = bare(w->btf, pointer->type);
    enum lb_structure_lock lock = lock_of(w->btf, pointer->type);
    uint32_t at = pointer->type;

    if (!t || !btf_is_struct(t))
        return;
    if (!lock && btf_vlen(t) == 1) {
        at = btf_members(t)->type;
        lock = bytes_of(w->btf, at) == t->size ? lock_of(w->btf, at) : LB_STRUCTURE_NO_LOCK;
    }
    if (!lock)
        return;
    m->lock = lock;
    m->points = true;
    m->lock_bytes = bytes_of(w->btf, at);
    m->pointed = (char *)(uintptr_t)text_at(w->btf, t->name_off); /* copied when it is added */
}

static void describe(struct walk *w, const struct btf_type *holder, uint32_t i, size_t base_bits,
                     struct lb_member *m)
{
    uint32_t id = btf_members(holder)[i].type;
    size_t bit = base_bits + btf_member_bit_offset(holder, i);
    const struct btf_type *t = bare(w->btf, id);

    m->offset = bit / 8;
    m->bits = btf_member_bitfield_size(holder, i);
    m->bytes = m->bits ? (bit % 8 + m->bits + 7) / 8 : bytes_of(w->btf, id);
    m->align_bytes = align_of(w, id, 0);
    if (m->bits || m->offset % m->align_bytes)
        m->align_bytes = 1;
    if ((m->lock = lock_of(w->btf, id)))
        m->lock_bytes = m->bytes;
    else if (t && btf_is_ptr(t))
        see_pointed_lock(w, t, m);
}

/* Where members are added: what their names begin with, and who holds them. */
struct holder {
    const char *path;
    size_t bits;
    int parent, depth;
};

/* NOLINTNEXTLINE(misc-no-recursion): depth and visits are bounded */
static int add_members(struct walk *w, const struct btf_type *t, const struct holder *h)
{
    int err = 0;

    if (h->depth > LB_STRUCTURE_DEPTH_MOST)
        return -E2BIG;
    for (uint32_t i = 0; !err && i < btf_vlen(t); i++) {
        const struct btf_member *b = &btf_members(t)[i];
        const struct btf_type *inner = bare(w->btf, b->type);
        const char *name = text_at(w->btf, b->name_off);
        struct lb_member m = {.parent = h->parent};
        char path[512], type[TYPE_BYTES];
        struct holder below = {h->path, h->bits + btf_member_bit_offset(t, i), h->parent,
                               h->depth + 1};
        if (++w->visits > VISITS_MOST)
            return -E2BIG;
        if (!inner)
            return -EPROTO;
        if (*name) {
            snprintf(path, sizeof path, "%s%s%s", h->path, *h->path ? "." : "", name);
            name_type(w->btf, b->type, 0, type);
            m.name = path;
            m.type = type;
            describe(w, t, i, h->bits, &m);
            below.path = path;
            below.parent = (int)w->s->n_members;
            err = lb_structure_add(w->s, &m);
        }
        if (!err && btf_is_composite(inner))
            err = add_members(w, inner, &below);
    }
    return err;
}

static int read_type(const struct btf *btf, uint32_t id, const char *name, struct lb_why *why,
                     struct lb_structure **structure)
{
    const struct btf_type *t = bare(btf, id);
    struct walk w = {.btf = btf, .s = lb_structure_create(name)};
    int err = !w.s ? -ENOMEM : !t ? -EPROTO : 0;

    if (!err) {
        w.s->is_union = btf_is_union(t);
        w.s->bytes = t->size;
        w.s->pointer_bytes = btf__pointer_size(btf);
        w.s->align_bytes = align_of(&w, id, 0);
        err = add_members(&w, t, &(struct holder){"", 0, -1, 0});
    }
    if (!err) {
        *structure = w.s;
        return 0;
    }
    lb_structure_destroy(w.s);
    if (err == -E2BIG)
        return lb_fail(why, E2BIG, "structure %s: over %d members, or nested over %d deep", name,
                       LB_STRUCTURE_MEMBERS_MOST, LB_STRUCTURE_DEPTH_MOST);
    return lb_fail(why, -err, "structure %s: %s", name,
                   err == -EPROTO ? "a member's type is not in the BTF" : strerror(-err));
}

static bool are_same(const struct lb_structure *a, const struct lb_structure *b)
{
    if (a->bytes != b->bytes || a->n_members != b->n_members || a->is_union != b->is_union)
        return false;
    for (size_t i = 0; i < a->n_members; i++) {
        const struct lb_member *x = &a->members[i], *y = &b->members[i];
        if (x->offset != y->offset || x->bytes != y->bytes || x->bits != y->bits ||
            strcmp(x->name, y->name) != 0 || strcmp(x->type, y->type) != 0)
            return false;
    }
    return true;
}

/* Types of that name: of the first sort that has any. In C a tag and a typedef may have one name.
 */
enum sort { SORT_STRUCT, SORT_UNION, SORT_TYPEDEF, SORTS };

static bool is_of(const struct btf *btf, const struct btf_type *t, enum sort sort)
{
    const struct btf_type *inner;

    if (sort == SORT_STRUCT || sort == SORT_UNION)
        return sort == SORT_STRUCT ? btf_is_struct(t) : btf_is_union(t);
    inner = btf_is_typedef(t) ? bare(btf, t->type) : NULL;
    return inner && btf_is_composite(inner);
}

/* The ids of that name from `after` on; 0: no more. */
static uint32_t next_named(const struct btf *btf, const char *name, enum sort sort, uint32_t after)
{
    for (uint32_t id = after + 1; id < btf__type_cnt(btf); id++) {
        const struct btf_type *t = btf__type_by_id(btf, id);
        if (t->name_off && is_of(btf, t, sort) && !strcmp(text_at(btf, t->name_off), name))
            return id;
    }
    return 0;
}

static int refuse_name(const struct btf *btf, const char *where, const char *name,
                       struct lb_why *why)
{
    struct lb_nearest nearest = {.name = name};
    char near[LB_NEAREST_MOST * LB_DISTANCE_BYTES + 32];

    for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
        const struct btf_type *t = btf__type_by_id(btf, id);
        const char *known = text_at(btf, t->name_off);
        if (*known && btf_is_fwd(t) && !strcmp(known, name))
            return lb_fail(why, EINVAL,
                           "%s: structure %.90s is only declared there: its members are not known",
                           where, name);
        if (*known && btf_is_composite(t))
            lb_nearest_see(known, &nearest);
    }
    return lb_fail(why, ENOENT, "%s: has no structure %.90s%s", where, name,
                   lb_nearest_text(&nearest, near, sizeof near));
}

/* The name's first meaning is in *structure. */
static int check_others(const struct btf *btf, const char *where, enum sort sort, uint32_t first,
                        struct lb_why *why, const struct lb_structure *structure)
{
    unsigned n = 1;
    bool differ = false;
    char sizes[120];
    size_t used = (size_t)snprintf(sizes, sizeof sizes, "%zu", structure->bytes);

    for (uint32_t id = first; (id = next_named(btf, structure->name, sort, id)); n++) {
        struct lb_structure *other;
        int err = read_type(btf, id, structure->name, why, &other);
        if (err)
            return err;
        differ |= !are_same(structure, other);
        if (used < sizeof sizes)
            used += (size_t)snprintf(sizes + used, sizeof sizes - used, ", %zu", other->bytes);
        lb_structure_destroy(other);
    }
    if (!differ)
        return 0;
    return lb_fail(why, EINVAL,
                   "%s: %u different structures are called %s (%s bytes): say which by which=1 to "
                   "which=%u",
                   where, n, structure->name, sizes, n);
}

static int find(const struct btf *btf, const char *where, const char *name, unsigned which,
                struct lb_why *why, struct lb_structure **structure)
{
    uint32_t first = 0, id;
    unsigned k = 1;
    struct lb_structure *s;
    enum sort sort;
    int err;

    for (sort = SORT_STRUCT; sort < SORTS; sort++)
        if ((first = next_named(btf, name, sort, 0)))
            break;
    if (!first)
        return refuse_name(btf, where, name, why);
    for (id = first; id && k < which; k++)
        id = next_named(btf, name, sort, id);
    if (!id)
        return lb_fail(why, EINVAL, "%s: which=%u: fewer structures are called %s", where, which,
                       name);
    if ((err = read_type(btf, id, name, why, &s)))
        return err;
    if (!which && (err = check_others(btf, where, sort, first, why, s))) {
        lb_structure_destroy(s);
        return err;
    }
    *structure = s;
    return 0;
}

/* What can be said without libbpf, which gives one errno for several of these. */
static int check_file(const char *file, bool kernel, struct lb_why *why)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = fd < 0 ? errno : 0;
    struct stat info;

    if (kernel && err == ENOENT)
        return lb_fail(why, ENOTSUP,
                       "%s: this kernel has no BTF: one built with CONFIG_DEBUG_INFO_BTF=y has; or "
                       "name a file that has, as btf:FILE:STRUCT",
                       file);
    if (!err && fstat(fd, &info))
        err = errno;
    if (fd >= 0)
        close(fd);
    if (err)
        return lb_fail(why, err, "%.200s: %s", file, strerror(err));
    if (!S_ISREG(info.st_mode))
        return lb_fail(why, EPROTO, "%.200s: is no regular file", file);
    if (!info.st_size)
        return lb_fail(why, EPROTO, "%.200s: is empty", file);
    return 0;
}

static int refuse_file(const char *file, int err, struct lb_why *why)
{
    if (unknown_kind)
        return lb_fail(why, EPROTO,
                       "%.200s: has BTF of a kind (%u) that %s does not know: a newer libbpf reads "
                       "it",
                       file, unknown_kind, lb_structure_library());
    if (err == ENOMEM)
        return lb_fail(why, ENOMEM, "%.200s: out of memory", file);
    if (err == ENOENT || err == ENODATA)
        return lb_fail(why, ENOTSUP, "%.200s: an ELF file without BTF (a section .BTF)", file);
    if (err >= __LIBBPF_ERRNO__START && !strstr(said, "BTF"))
        return lb_fail(why, EPROTO, "%.200s: neither BTF nor an ELF file with BTF", file);
    return lb_fail(why, EPROTO, "%.200s: broken BTF%s%s", file, *said ? ": " : "", said);
}

static int parse(const char *file, struct btf *base, struct lb_why *why, struct btf **btf)
{
    libbpf_print_fn_t before;
    int err;

    *said = '\0';
    unknown_kind = 0;
    before = libbpf_set_print(hear);
    errno = 0;
    *btf = base ? btf__parse_split(file, base) : btf__parse(file, NULL);
    err = errno;
    libbpf_set_print(before);
    return *btf ? 0 : refuse_file(file, err, why);
}

int lb_btf_read(const char *file, const char *base, const char *name, unsigned which,
                struct lb_why *why, struct lb_structure **structure)
{
    const char *path = file ? file : LB_STRUCTURE_KERNEL;
    struct btf *btf = NULL, *below = NULL;
    int err;

    if (!*name || strlen(name) >= LB_STRUCTURE_NAME_BYTES)
        return lb_fail(why, EINVAL, "structure '%.80s': a name has 1 to %d characters", name,
                       LB_STRUCTURE_NAME_BYTES - 1);
    if ((err = check_file(path, !file, why)) || (base && (err = check_file(base, true, why))))
        return err;
    if (base && (err = parse(base, NULL, why, &below)))
        return err;
    if (!(err = parse(path, below, why, &btf)))
        err = find(btf, path, name, which, why, structure);
    btf__free(btf);
    btf__free(below);
    return err;
}
