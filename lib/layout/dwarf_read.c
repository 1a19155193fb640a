/* SPDX-License-Identifier: MIT
 *
 * Files with DWARF, and the types of a name in them.
 */
#include "dwarf_read.h"

#include <ctype.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <elfutils/version.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *lb_dwarf_library(void)
{
    static char name[32];

    snprintf(name, sizeof name, "libdw %.20s", dwfl_version(NULL));
    return name;
}

/* Names --------------------------------------------------------------------------------------- */

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Spaces that part no words: compilers differ in "pool<int, 4>" and "> >". */
static const char *skip_spaces(const char *begin, const char *at, const char *end)
{
    const char *next = at;

    while (next < end && *next == ' ')
        next++;
    return next > at && at > begin && next < end && is_word(at[-1]) && is_word(*next) ? at : next;
}

static bool is_same(const char *a, size_t n, const char *b)
{
    const char *x = a, *y = b, *x_end = a + n, *y_end = b + strlen(b);

    for (;; x++, y++) {
        x = skip_spaces(a, x, x_end);
        y = skip_spaces(b, y, y_end);
        if (x == x_end || y == y_end)
            return x == x_end && y == y_end;
        if (*x != *y)
            return false;
    }
}

/* The first of a name's parts; *rest is behind its "::", NULL: it is the last. */
static size_t first_part(const char *name, const char **rest)
{
    int depth = 0;

    for (size_t i = 0; name[i]; i++) {
        depth += (name[i] == '<' || name[i] == '(') - (name[i] == '>' || name[i] == ')');
        if (!depth && name[i] == ':' && name[i + 1] == ':') {
            *rest = name + i + 2;
            return i;
        }
    }
    *rest = NULL;
    return strlen(name);
}

/* Search -------------------------------------------------------------------------------------- */

/* Types of that name: of the first sort that has any. In C a tag and a typedef may have one name.
 */
enum sort { SORT_STRUCT, SORT_UNION, SORT_TYPEDEF, SORTS };
#define FOUND_MOST (1 << 20)

struct found {
    Dwarf_Die *at;
    size_t n, room;
};

struct search {
    const char *where, *name;
    struct found found[SORTS];
    bool declared; /* only so, as far as was seen */
    bool no_memory;
    struct lb_dwarf_scopes scopes;
    struct lb_nearest *nearest; /* not NULL: the name is not there, and others are looked at */
    size_t n_units;
    char apart[160]; /* the first of files with a part of the DWARF that was not found; "" */
};

static void keep(struct search *s, enum sort sort, Dwarf_Die *die)
{
    struct found *f = &s->found[sort];
    Dwarf_Die *more;

    if (f->n == f->room) {
        size_t room = f->room ? 2 * f->room : 16;
        if (room > FOUND_MOST || !(more = realloc(f->at, room * sizeof *more))) {
            s->no_memory = true;
            return;
        }
        f->at = more;
        f->room = room;
    }
    f->at[f->n++] = *die;
}

static void found_composite(struct search *s, Dwarf_Die *die)
{
    if (lb_dwarf_flag(die, DW_AT_declaration))
        s->declared = true;
    else
        keep(s, dwarf_tag(die) == DW_TAG_union_type ? SORT_UNION : SORT_STRUCT, die);
}

/* Declared in a class or namespace and described elsewhere, as what an Impl pointer points to. */
static bool is_described_apart(struct search *s, Dwarf_Die *die)
{
    char name[LB_STRUCTURE_NAME_BYTES + 1];

    if (!dwarf_hasattr(die, DW_AT_specification))
        return false;
    lb_dwarf_qualify(&s->scopes, die, name, sizeof name);
    return is_same(name, strlen(name), s->name);
}

static void look_in(struct search *s, Dwarf_Die *holder, const char *name, int depth);

/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static void look_at(struct search *s, Dwarf_Die *die, const char *name, int depth)
{
    const char *rest, *known;
    size_t n = first_part(name, &rest);
    Dwarf_Die bare;
    int tag = dwarf_tag(die);
    bool composite = lb_dwarf_is_composite(die);

    if (tag != DW_TAG_namespace && tag != DW_TAG_typedef && !composite)
        return;
    known = lb_dwarf_name(die);
    if (composite && is_described_apart(s, die)) {
        found_composite(s, die);
        return;
    }
    /* What needs no naming. */
    if (tag == DW_TAG_namespace && (!*known || lb_dwarf_flag(die, DW_AT_export_symbols)))
        look_in(s, die, name, depth + 1);
    if (!*known || !is_same(name, n, known))
        return;
    if (rest && tag != DW_TAG_typedef)
        look_in(s, die, rest, depth + 1);
    else if (!rest && composite)
        found_composite(s, die);
    else if (!rest && tag == DW_TAG_typedef && lb_dwarf_bare(die, &bare) &&
             lb_dwarf_is_composite(&bare) && !lb_dwarf_flag(&bare, DW_AT_declaration))
        keep(s, SORT_TYPEDEF, die);
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static void look_in(struct search *s, Dwarf_Die *holder, const char *name, int depth)
{
    Dwarf_Die die;

    if (depth > LB_STRUCTURE_DEPTH_MOST)
        return;
    for (bool more = lb_dwarf_child(holder, &die); more; more = lb_dwarf_next(&die))
        look_at(s, &die, name, depth);
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static void see_names(struct search *s, Dwarf_Die *holder, const char *before, int depth)
{
    char name[2 * LB_DISTANCE_BYTES];
    Dwarf_Die die;

    if (depth > LB_STRUCTURE_DEPTH_MOST)
        return;
    for (bool more = lb_dwarf_child(holder, &die); more; more = lb_dwarf_next(&die)) {
        bool space = dwarf_tag(&die) == DW_TAG_namespace, composite = lb_dwarf_is_composite(&die);
        const char *known = space || composite ? lb_dwarf_name(&die) : "";
        if (!space && !*known)
            continue;
        bool named = *known && !(space && lb_dwarf_flag(&die, DW_AT_export_symbols));
        if (dwarf_hasattr(&die, DW_AT_specification))
            lb_dwarf_qualify(&s->scopes, &die, name, sizeof name);
        else if (snprintf(name, sizeof name, "%s%s%s", before, named && *before ? "::" : "",
                          named ? known : "") >= (int)sizeof name)
            continue;
        if (composite && !lb_dwarf_flag(&die, DW_AT_declaration))
            lb_nearest_see(name, s->nearest);
        see_names(s, &die, name, depth + 1);
    }
}

/* Of a unit, or of the .dwo file that it stands for, all that is in it: with units of types. */
static void see_unit(struct search *s, Dwarf_Die *root)
{
    s->n_units++;
    if (s->nearest)
        see_names(s, root, "", 0);
    else
        look_in(s, root, s->name, 0);
}

static void see_missing(struct search *s, const char *file)
{
    if (!*s->apart)
        snprintf(s->apart, sizeof s->apart, "%s", file);
}

static const char *dwo_name(Dwarf_Die *skeleton)
{
    Dwarf_Attribute a;
    const char *name =
        dwarf_attr(skeleton, DW_AT_dwo_name, &a) || dwarf_attr(skeleton, DW_AT_GNU_dwo_name, &a)
            ? dwarf_formstring(&a)
            : NULL;

    return name ? name : "a .dwo file";
}

/* NOLINTNEXTLINE(misc-no-recursion): a .dwo file has no skeletons that are followed */
static void see_units(struct search *s, Dwarf *dwarf, bool follow)
{
    Dwarf_CU *unit = NULL;
    Dwarf_Die die, split;
    uint8_t type;

    while (!dwarf_get_units(dwarf, unit, &unit, NULL, &type, &die, &split)) {
        if (type != DW_UT_skeleton) {
            see_unit(s, &die);
        } else if (split.addr && follow) {
            see_units(s, dwarf_cu_getdwarf(split.cu), false);
        } else {
            s->n_units++;
            see_missing(s, dwo_name(&die));
        }
    }
}

/* Once for each file with DWARF: an archive has many. */
static int see_file(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr start,
                    Dwarf *dwarf, Dwarf_Addr bias, void *context)
{
    struct search *s = context;
    Dwarf *shared;
    const char *link;
    const void *id;

    (void)module, (void)user, (void)name, (void)start, (void)bias;
    if (!dwarf)
        return DWARF_CB_OK;
    shared = dwarf_getalt(dwarf);
    see_units(s, dwarf, true);
    if (shared)
        see_units(s, shared, true);
    else if (dwelf_dwarf_gnu_debugaltlink(dwarf, &link, &id) > 0)
        see_missing(s, link);
    return DWARF_CB_OK;
}

/* What was found ------------------------------------------------------------------------------ */

static int refuse_name(struct search *s, Dwfl *dwfl, struct lb_why *why)
{
    struct lb_nearest nearest = {.name = s->name};
    char near[LB_NEAREST_MOST * LB_DISTANCE_BYTES + 32];

    if (*s->apart)
        return lb_fail(why, ENOENT,
                       "%s: structure %.90s is not in what was found of its DWARF: another part is "
                       "in %s, which %s did not find or cannot read",
                       s->where, s->name, s->apart, lb_dwarf_library());
    if (s->declared)
        return lb_fail(why, EINVAL,
                       "%s: structure %.90s is only declared there: its members are not known",
                       s->where, s->name);
    s->nearest = &nearest;
    dwfl_getdwarf(dwfl, see_file, s, 0);
    return lb_fail(why, ENOENT, "%s: has no structure %.90s%s", s->where, s->name,
                   lb_nearest_text(&nearest, near, sizeof near));
}

static int check_others(const struct search *s, const struct found *f, struct lb_why *why)
{
    struct lb_structure *first = NULL, *other = NULL;
    int visits = LB_DWARF_COMPARED_MOST;
    bool differ = false;
    int err = lb_dwarf_members(&f->at[0], s->name, false, &visits, why, &first);

    for (size_t i = 1; !err && !differ && i < f->n; i++)
        if (!(err = lb_dwarf_members(&f->at[i], s->name, false, &visits, why, &other))) {
            differ = !lb_structure_are_same(first, other);
            lb_structure_destroy(other);
        }
    if (!err && differ)
        err = lb_fail(why, EINVAL,
                      "%s: of the %zu structures called %s some differ: say which by which=1 to "
                      "which=%zu",
                      s->where, f->n, s->name, f->n);
    lb_structure_destroy(first);
    return err == -E2BIG
               ? lb_fail(why, E2BIG,
                         "%s: the structures called %s are too many to compare: say which by "
                         "which=1",
                         s->where, s->name)
               : err;
}

static int take(struct search *s, Dwfl *dwfl, unsigned which, struct lb_why *why,
                struct lb_structure **structure)
{
    int visits = LB_DWARF_VISITS_MOST, err;
    size_t sort = 0;

    while (sort < SORTS && !s->found[sort].n)
        sort++;
    if (s->no_memory)
        return lb_fail(why, ENOMEM, "%s: out of memory", s->where);
    if (sort == SORTS)
        return refuse_name(s, dwfl, why);
    if (which > s->found[sort].n)
        return lb_fail(why, EINVAL, "%s: which=%u: fewer structures are called %s", s->where, which,
                       s->name);
    if (!which && (err = check_others(s, &s->found[sort], why)))
        return err;
    return lb_dwarf_members(&s->found[sort].at[which ? which - 1 : 0], s->name, true, &visits, why,
                            structure);
}

/* Files --------------------------------------------------------------------------------------- */

static int open_file(const char *file, struct lb_why *why, Dwfl **dwfl)
{
    static char *path; /* NULL: where libdwfl looks by itself */
    static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_build_id_find_elf,
                                             .find_debuginfo = dwfl_standard_find_debuginfo,
                                             .section_address = dwfl_offline_section_address,
                                             .debuginfo_path = &path};
    int err = lb_structure_check_file(file, why);

    if (err)
        return err;
    if (!(*dwfl = dwfl_begin(&callbacks)))
        return lb_fail(why, ENOMEM, "%s: out of memory", file);
    if (dwfl_report_offline(*dwfl, "", file, -1) && !dwfl_report_end(*dwfl, NULL, NULL))
        return 0;
    err = lb_fail(why, EPROTO, "%.200s: no ELF file: %s", file, dwfl_errmsg(-1));
    dwfl_end(*dwfl);
    return err;
}

int lb_dwarf_read(const char *file, const char *name, unsigned which, struct lb_why *why,
                  struct lb_structure **structure)
{
    struct search s = {.where = file, .name = name};
    Dwfl *dwfl;
    int err = open_file(file, why, &dwfl);

    if (err)
        return err;
    dwfl_getdwarf(dwfl, see_file, &s, 0);
    err = s.n_units ? take(&s, dwfl, which, why, structure)
                    : lb_fail(why, ENOTSUP,
                              "%.200s: has no DWARF, nor has a separate file of debugging "
                              "information that was found: compile with -g",
                              file);
    for (size_t i = 0; i < SORTS; i++)
        free(s.found[i].at);
    lb_dwarf_scopes_finish(&s.scopes);
    dwfl_end(dwfl);
    return err;
}

static int see_any(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr start,
                   Dwarf *dwarf, Dwarf_Addr bias, void *context)
{
    Dwarf_CU *unit;

    (void)module, (void)user, (void)name, (void)start, (void)bias;
    *(bool *)context |= !dwarf_get_units(dwarf, NULL, &unit, NULL, NULL, NULL, NULL);
    return DWARF_CB_OK;
}

bool lb_dwarf_is_in(const char *file)
{
    Dwfl *dwfl;
    bool is = false;

    if (open_file(file, NULL, &dwfl))
        return false;
    dwfl_getdwarf(dwfl, see_any, &is, 0);
    dwfl_end(dwfl);
    return is;
}
