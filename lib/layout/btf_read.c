/* SPDX-License-Identifier: MIT
 *
 * Files with BTF, and the types of a name in them.
 */
#include "btf_read.h"

#include "base/canvas.h"

#include <bpf/libbpf.h>
#include <byteswap.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What libbpf says, in place of its printing it. Its function has no context. */
static char said[160];
static unsigned unknown_kind; /* 0: none was met */
static bool bad_names;        /* in every libbpf's words: Invalid or Malformed BTF string section */

static int __attribute__((format(printf, 2, 0)))
hear(enum libbpf_print_level level, const char *format, va_list args)
{
    char text[sizeof said];

    vsnprintf(text, sizeof text, format, args);
    bad_names = bad_names || strstr(text, "BTF string section");
    if (sscanf(text, "libbpf: Unsupported BTF_KIND:%u", &unknown_kind) != 1 &&
        sscanf(text, "Unsupported BTF_KIND:%u", &unknown_kind) != 1 && level == LIBBPF_DEBUG)
        return 0;
    text[strcspn(text, "\n")] = '\0';
    memcpy(said, text, sizeof said);
    return 0;
}

const char *lb_btf_library(void)
{
    static char name[32];

    snprintf(name, sizeof name, "libbpf %u.%u", libbpf_major_version(), libbpf_minor_version());
    return name;
}

/* Types of that name: of the first sort that has any. In C a tag and a typedef may have one name.
 */
enum sort { SORT_STRUCT, SORT_UNION, SORT_TYPEDEF, SORTS };

static bool is_of(const struct btf *btf, const struct btf_type *t, enum sort sort)
{
    const struct btf_type *inner;

    if (sort == SORT_STRUCT || sort == SORT_UNION)
        return sort == SORT_STRUCT ? btf_is_struct(t) : btf_is_union(t);
    inner = btf_is_typedef(t) ? lb_btf_bare(btf, t->type) : NULL;
    return inner && btf_is_composite(inner);
}

/* The ids of that name from `after` on; 0: no more. */
static uint32_t next_named(const struct btf *btf, const char *name, enum sort sort, uint32_t after)
{
    for (uint32_t id = after + 1; id < btf__type_cnt(btf); id++) {
        const struct btf_type *t = btf__type_by_id(btf, id);
        if (t->name_off && is_of(btf, t, sort) && !strcmp(lb_btf_text(btf, t->name_off), name))
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
        const char *known = lb_btf_text(btf, t->name_off);
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

/* Whether two types are the same without a look at their members' types: copies that a linker left,
 * or 40,000 of a hostile file. */
static bool are_alike(const struct btf_type *a, const struct btf_type *b)
{
    return a->info == b->info && a->size == b->size &&
           !memcmp(btf_members(a), btf_members(b), btf_vlen(a) * sizeof(struct btf_member));
}

/* All of that name as far as it takes to find one that differs from the first. */
struct others {
    unsigned n;
    bool differ;
    char sizes[120];
};

static int see_others(const struct btf *btf, enum sort sort, uint32_t first,
                      const struct lb_structure *structure, struct lb_why *why, struct others *o)
{
    const struct btf_type *a = lb_btf_bare(btf, first), *b;
    int visits = 0;

    for (uint32_t id = first; id; id = next_named(btf, structure->name, sort, id), o->n++) {
        struct lb_structure *other;
        if (!(b = lb_btf_bare(btf, id)))
            continue;
        lb_append(o->sizes, sizeof o->sizes, "%s%u", *o->sizes ? ", " : "", b->size);
        if (o->differ || are_alike(a, b))
            continue;
        int err =
            lb_btf_members(btf, id, structure->name, &visits, LB_BTF_COMPARED_MOST, why, &other);
        if (err)
            return err;
        o->differ = !lb_structure_are_same(structure, other);
        lb_structure_destroy(other);
    }
    return 0;
}

/* The name's first meaning is in *structure. */
static int check_others(const struct btf *btf, const char *where, enum sort sort, uint32_t first,
                        struct lb_why *why, const struct lb_structure *structure)
{
    struct others o = {0};
    int err = see_others(btf, sort, first, structure, why, &o);

    if (err == -E2BIG)
        return lb_fail(why, E2BIG,
                       "%s: the structures called %s are too many to compare: say which by which=1",
                       where, structure->name);
    if (err || !o.differ)
        return err;
    return lb_fail(why, EINVAL,
                   "%s: %u different structures are called %s (%s bytes): say which by which=1 to "
                   "which=%u",
                   where, o.n, structure->name, o.sizes, o.n);
}

static int find(const struct btf *btf, const char *where, const char *name, unsigned which,
                struct lb_why *why, struct lb_structure **structure)
{
    uint32_t first = 0, id;
    unsigned k = 1;
    int visits = 0;
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
    if ((err = lb_btf_members(btf, id, name, &visits, LB_BTF_VISITS_MOST, why, &s)))
        return err;
    if (!which && (err = check_others(btf, where, sort, first, why, s))) {
        lb_structure_destroy(s);
        return err;
    }
    *structure = s;
    return 0;
}

/* The running kernel's is not there: it has none, or nobody can see. */
static int refuse_kernel(struct lb_why *why)
{
    if (access("/sys/kernel", F_OK))
        return lb_fail(why, ENOTSUP,
                       "%s: there is no sysfs at /sys (a container, or a chroot without it), so "
                       "that nobody can see what this kernel's structures are: mount it, or name a "
                       "file with BTF, as btf:FILE:STRUCT",
                       LB_STRUCTURE_KERNEL);
    return lb_fail(why, ENOTSUP,
                   "%s: this kernel has no BTF: one built with CONFIG_DEBUG_INFO_BTF=y has; or "
                   "name a file that has, as btf:FILE:STRUCT",
                   LB_STRUCTURE_KERNEL);
}

/* What can be said without libbpf, which gives one errno for several of these. */
static int check_file(const char *file, struct lb_why *why)
{
    if (!strcmp(file, LB_STRUCTURE_KERNEL) && access(file, F_OK) && errno == ENOENT)
        return refuse_kernel(why);
    return lb_structure_check_file(file, why);
}

static int refuse_file(const char *file, int err, struct lb_why *why)
{
    if (unknown_kind)
        return lb_fail(why, EPROTO,
                       "%.200s: has BTF of a kind (%u) that %s does not know: a newer libbpf reads "
                       "it",
                       file, unknown_kind, lb_btf_library());
    if (err == ENOMEM)
        return lb_fail(why, ENOMEM, "%.200s: out of memory", file);
    if (err == ENOENT || err == ENODATA)
        return lb_fail(why, ENOTSUP, "%.200s: an ELF file without BTF (a section .BTF)", file);
    if (err >= __LIBBPF_ERRNO__START && !strstr(said, "BTF"))
        return lb_fail(why, EPROTO, "%.200s: neither BTF nor an ELF file with BTF", file);
    return lb_fail(why, EPROTO, "%.200s: broken BTF%s%s", file, *said ? ": " : "", said);
}

static int try(const char *file, struct btf *base, struct btf **btf)
{
    libbpf_print_fn_t before;
    int err;

    *said = '\0';
    unknown_kind = 0;
    bad_names = false;
    before = libbpf_set_print(hear);
    errno = 0;
    *btf = base ? btf__parse_split(file, base) : btf__parse(file, NULL);
    err = errno;
    libbpf_set_print(before);
    return *btf ? 0 : err ? err : EINVAL;
}

/* Whether a file that cannot be read alone goes on where another's BTF ends: its names do not begin
 * with the empty one, which libbpf minds only without a base. On an empty base some libraries read
 * it, and some mind the types that are missing. */
static bool goes_on(const char *file)
{
    struct btf *nothing = NULL, *btf = NULL;
    bool does = try(file, NULL, &btf) && bad_names && (nothing = btf__new_empty()) &&
                (!try(file, nothing, &btf) || !bad_names);

    btf__free(btf);
    btf__free(nothing);
    return does;
}

static int parse(const char *file, struct lb_why *why, struct btf **btf)
{
    int err = try(file, NULL, btf), refused;

    if (!err)
        return 0;
    refused = refuse_file(file, err, why);
    if (refused != -EPROTO || unknown_kind || !goes_on(file))
        return refused;
    return lb_fail(
        why, EPROTO,
        "%.200s: BTF that goes on where another's ends, as a kernel module's does: say "
        "by base=FILE where that is (the vmlinux that it was built with; " LB_STRUCTURE_KERNEL
        " for a module of this kernel)",
        file);
}

/* Whether a name begins at that offset of all names, and not within one. */
static bool begins(const struct btf *btf, uint32_t offset)
{
    const char *before = offset ? btf__name_by_offset(btf, offset - 1) : "";

    return btf__name_by_offset(btf, offset) && before && !*before;
}

static bool fits(const struct btf *btf, const struct btf_type *t)
{
    for (uint32_t i = 0; btf_is_composite(t) && i < btf_vlen(t); i++)
        if (!begins(btf, btf_members(t)[i].name_off) || !lb_btf_type(btf, btf_members(t)[i].type))
            return false;
    return begins(btf, t->name_off);
}

static uint32_t text_bytes(const struct btf *btf)
{
    uint32_t bytes;
    const struct btf_header *h = btf__raw_data(btf, &bytes);

    return !h ? 0 : h->magic == BTF_MAGIC ? h->str_len : bswap_32(h->str_len);
}

static int refuse_base(const char *file, const char *base, struct lb_why *why)
{
    return lb_fail(why, EPROTO,
                   "%.150s: does not go on where %.150s ends: its base is the very kernel that it "
                   "was built with",
                   file, base);
}

/* With another kernel's BTF below it a module's types would be any: not every libbpf looks. */
static int check_base(const char *file, const struct btf *btf, const char *base,
                      const struct btf *below, struct lb_why *why)
{
    const char *first = btf__name_by_offset(btf, text_bytes(below));

    if (first && !*first)
        return lb_fail(
            why, EPROTO,
            "%.150s: has all its types itself and goes on nowhere: leave out base=", file);
    for (uint32_t id = btf__type_cnt(below); id < btf__type_cnt(btf); id++)
        if (!fits(btf, btf__type_by_id(btf, id)))
            return refuse_base(file, base, why);
    return 0;
}

static int parse_on(const char *file, const char *base, struct btf *below, struct lb_why *why,
                    struct btf **btf)
{
    int err = try(file, below, btf);

    if (!err)
        return check_base(file, *btf, base, below, why);
    err = refuse_file(file, err, why);
    return err == -EPROTO && !unknown_kind && goes_on(file) ? refuse_base(file, base, why) : err;
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
    if ((err = check_file(path, why)) || (base && (err = check_file(base, why))))
        return err;
    if (base && (err = parse(base, why, &below)))
        return err;
    err = base ? parse_on(path, base, below, why, &btf) : parse(path, why, &btf);
    if (!err)
        err = find(btf, path, name, which, why, structure);
    btf__free(btf);
    btf__free(below);
    return err;
}

bool lb_btf_has_function(const char *file, const char *name)
{
    const char *path = file ? file : LB_STRUCTURE_KERNEL;
    struct btf *btf = NULL;
    struct lb_why why;
    bool has = false;

    if (check_file(path, &why) || parse(path, &why, &btf))
        return false;
    for (uint32_t id = 1; !has && id < btf__type_cnt(btf); id++) {
        const struct btf_type *t = btf__type_by_id(btf, id);
        has = btf_is_func(t) && !strcmp(lb_btf_text(btf, t->name_off), name);
    }
    btf__free(btf);
    return has;
}
