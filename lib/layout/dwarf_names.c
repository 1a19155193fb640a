/* SPDX-License-Identifier: MIT
 *
 * What types are called: of C++ with the namespaces and classes that they lie in, which DWARF tells
 * only by what lies within what.
 */
#include "dwarf_read.h"

#include "base/canvas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_BYTES LB_DWARF_TYPE_BYTES
#define DEPTH_MOST LB_STRUCTURE_DEPTH_MOST

/* Scopes -------------------------------------------------------------------------------------- */

/* All between the two addresses lies in it. */
struct lb_dwarf_scope {
    const void *begin, *end; /* NULL: to the end of what holds it */
    const char *name;        /* "": an inline namespace, or none */
    int parent, depth;
};

void lb_dwarf_scopes_finish(struct lb_dwarf_scopes *s)
{
    free(s->at);
    *s = (struct lb_dwarf_scopes){0};
}

static bool add_scope(struct lb_dwarf_scopes *s, Dwarf_Die *die, int parent)
{
    size_t room = s->room ? 2 * s->room : 256;
    struct lb_dwarf_scope *more;

    if (s->n == s->room) {
        if (!(more = realloc(s->at, room * sizeof *more)))
            return false;
        s->at = more;
        s->room = room;
    }
    s->at[s->n++] = (struct lb_dwarf_scope){
        .begin = die->addr,
        .name = lb_dwarf_flag(die, DW_AT_export_symbols) ? "" : lb_dwarf_name(die),
        .parent = parent};
    return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static void add_scopes(struct lb_dwarf_scopes *s, Dwarf_Die *holder, int parent, int depth)
{
    Dwarf_Die die;
    int last = -1;

    if (depth > DEPTH_MOST)
        return;
    for (bool more = lb_dwarf_child(holder, &die); more; more = lb_dwarf_next(&die)) {
        if (last >= 0)
            s->at[last].end = die.addr;
        last = -1;
        if ((dwarf_tag(&die) != DW_TAG_namespace && !lb_dwarf_is_composite(&die)) ||
            dwarf_haschildren(&die) <= 0 || !add_scope(s, &die, parent))
            continue;
        last = (int)s->n - 1;
        add_scopes(s, &die, last, depth + 1);
    }
}

static void enter_unit(struct lb_dwarf_scopes *s, Dwarf_Die *die)
{
    Dwarf_Die unit;

    if (s->unit == die->cu)
        return;
    s->n = 0;
    s->unit = die->cu;
    if (dwarf_diecu(die, &unit, NULL, NULL))
        add_scopes(s, &unit, -1, 0);
}

/* The innermost: what is within another stands behind it. */
static int scope_of(const struct lb_dwarf_scopes *s, const void *at)
{
    int found = -1;

    for (size_t i = 0; i < s->n; i++) {
        const struct lb_dwarf_scope *scope = &s->at[i];
        if (scope->begin < at && (scope->end ? at < scope->end : scope->parent == found))
            found = (int)i;
    }
    return found;
}

void lb_dwarf_qualify(struct lb_dwarf_scopes *s, Dwarf_Die *die, char *text, size_t bytes)
{
    int chain[DEPTH_MOST + 2], n = 0;
    Dwarf_Die declared = *die;
    Dwarf_Attribute a;

    /* What is declared in a class may be described in full outside it. */
    if (dwarf_attr(die, DW_AT_specification, &a))
        dwarf_formref_die(&a, &declared);
    enter_unit(s, &declared);
    for (int i = scope_of(s, declared.addr); i >= 0 && n < DEPTH_MOST; i = s->at[i].parent)
        chain[n++] = i;
    *text = '\0';
    while (n-- > 0)
        if (*s->at[chain[n]].name)
            lb_append(text, bytes, "%s::", s->at[chain[n]].name);
    lb_append(text, bytes, "%s", lb_dwarf_name(die));
}

/* Types --------------------------------------------------------------------------------------- */

static const char *tag_of(Dwarf_Die *type)
{
    int tag = dwarf_tag(type);

    return tag == DW_TAG_structure_type     ? "struct "
           : tag == DW_TAG_class_type       ? "class "
           : tag == DW_TAG_union_type       ? "union "
           : tag == DW_TAG_enumeration_type ? "enum "
                                            : "";
}

static void name_plain(struct lb_dwarf_scopes *s, Dwarf_Die *type, char text[TYPE_BYTES])
{
    const char *name = lb_dwarf_name(type);
    bool cpp = lb_dwarf_is_cpp(type);

    if (dwarf_tag(type) == DW_TAG_subroutine_type)
        snprintf(text, TYPE_BYTES, "function");
    else if (*name && cpp && s)
        lb_dwarf_qualify(s, type, text, TYPE_BYTES);
    else
        snprintf(text, TYPE_BYTES, "%s%.200s", cpp && *name ? "" : tag_of(type),
                 *name ? name : "{...}");
}

/* What stands behind a type that is made of another, or before it. */
static const struct {
    int tag;
    const char *before, *behind;
} made_of[] = {
    {DW_TAG_pointer_type, "", "*"},
    {DW_TAG_reference_type, "", "&"},
    {DW_TAG_rvalue_reference_type, "", "&&"},
    {DW_TAG_ptr_to_member_type, "", "::*"},
    {DW_TAG_const_type, "const ", ""},
    {DW_TAG_volatile_type, "volatile ", ""},
    {DW_TAG_restrict_type, "", ""},
    {DW_TAG_atomic_type, "_Atomic ", ""},
    {DW_TAG_array_type, "", ""},
};

static void add_dimensions(Dwarf_Die *array, char text[TYPE_BYTES])
{
    const char *space = " ";
    Dwarf_Die range;
    uint64_t n;

    for (bool more = lb_dwarf_child(array, &range); more; more = lb_dwarf_next(&range)) {
        if (dwarf_tag(&range) != DW_TAG_subrange_type || strlen(text) + 24 > TYPE_BYTES)
            continue;
        n = 0;
        if (!lb_dwarf_number(&range, DW_AT_count, &n) &&
            lb_dwarf_number(&range, DW_AT_upper_bound, &n))
            n++;
        lb_append(text, TYPE_BYTES, "%s[%llu]", space, (unsigned long long)n);
        space = "";
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static void name_type(struct lb_dwarf_scopes *s, Dwarf_Die *type, int depth, char text[TYPE_BYTES])
{
    char inner[TYPE_BYTES] = "void";
    Dwarf_Die of;
    size_t i = 0;

    while (i < LB_COUNT(made_of) && made_of[i].tag != dwarf_tag(type))
        i++;
    if (i == LB_COUNT(made_of) || depth > DEPTH_MOST) {
        name_plain(s, type, text);
        return;
    }
    if (lb_dwarf_type(type, &of))
        name_type(s, &of, depth + 1, inner);
    snprintf(text, TYPE_BYTES, "%s%.200s%s%s", made_of[i].before, inner,
             *made_of[i].behind && !strchr("*&", inner[strlen(inner) - 1]) ? " " : "",
             made_of[i].behind);
    if (dwarf_tag(type) == DW_TAG_array_type)
        add_dimensions(type, text);
}

void lb_dwarf_say_type(struct lb_dwarf_scopes *s, Dwarf_Die *type, char text[TYPE_BYTES])
{
    if (type->addr)
        name_type(s, type, 0, text);
    else
        snprintf(text, TYPE_BYTES, "void");
}
