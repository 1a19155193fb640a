/* SPDX-License-Identifier: MIT
 *
 * Types as DWARF has them: what they are called, how large they are, how they lie.
 */
#include "dwarf_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MOST LB_STRUCTURE_DEPTH_MOST

/* Steps --------------------------------------------------------------------------------------- */

bool lb_dwarf_child(Dwarf_Die *die, Dwarf_Die *child)
{
    return die->addr && dwarf_haschildren(die) > 0 && !dwarf_child(die, child) &&
           child->addr > die->addr;
}

bool lb_dwarf_next(Dwarf_Die *die)
{
    void *before = die->addr;

    return !dwarf_siblingof(die, die) && die->addr > before;
}

const char *lb_dwarf_name(Dwarf_Die *die)
{
    const char *text = dwarf_diename(die);

    for (const char *c = text; c && *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            return "?";
    return text ? text : "";
}

/* DWARF 2 has an expression that adds where a number would do. */
bool lb_dwarf_number(Dwarf_Die *die, unsigned attribute, uint64_t *number)
{
    Dwarf_Attribute a;
    Dwarf_Word word;
    Dwarf_Op *ops;
    size_t n;

    if (!dwarf_attr(die, attribute, &a))
        return false;
    if (!dwarf_formudata(&a, &word)) {
        *number = word;
        return true;
    }
    if (dwarf_getlocation(&a, &ops, &n) || n != 1 || ops->atom != DW_OP_plus_uconst)
        return false;
    *number = ops->number;
    return true;
}

bool lb_dwarf_flag(Dwarf_Die *die, unsigned attribute)
{
    Dwarf_Attribute a;
    bool set;

    return dwarf_attr(die, attribute, &a) && !dwarf_formflag(&a, &set) && set;
}

bool lb_dwarf_is_composite(Dwarf_Die *die)
{
    int tag = dwarf_tag(die);

    return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

/* The language of what dwz shares between units is not said: that of a unit in the same file. */
static int language_beside(Dwarf_Die *unit)
{
    Dwarf *dwarf = dwarf_cu_getdwarf(unit->cu);
    Dwarf_CU *other = NULL;
    Dwarf_Die die;
    int language = -1;

    while (language < 0 && !dwarf_get_units(dwarf, other, &other, NULL, NULL, &die, NULL))
        language = dwarf_srclang(&die);
    return language;
}

/* Between files nor that: C has neither namespaces nor classes. */
static int language_within(Dwarf_Die *unit)
{
    Dwarf_Die die;

    for (bool more = lb_dwarf_child(unit, &die); more; more = lb_dwarf_next(&die))
        if (dwarf_tag(&die) == DW_TAG_namespace || dwarf_tag(&die) == DW_TAG_class_type)
            return DW_LANG_C_plus_plus;
    return language_beside(unit);
}

static int language_of(Dwarf_Die *die)
{
    Dwarf_Die unit;
    int language;

    if (!dwarf_diecu(die, &unit, NULL, NULL))
        return -1;
    language = dwarf_srclang(&unit);
    return language < 0 ? language_within(&unit) : language;
}

bool lb_dwarf_is_cpp(Dwarf_Die *die)
{
    switch (language_of(die)) {
    case DW_LANG_C_plus_plus:
    case DW_LANG_C_plus_plus_03:
    case DW_LANG_C_plus_plus_11:
    case DW_LANG_C_plus_plus_14:
    case 0x2b: /* C++17 and C++20: numbers given after DWARF 5 */
    case 0x2c:
        return true;
    default:
        return false;
    }
}

/* Types --------------------------------------------------------------------------------------- */

bool lb_dwarf_type(Dwarf_Die *die, Dwarf_Die *type)
{
    Dwarf_Attribute a;
    Dwarf_Die full;

    if (!die->addr || !dwarf_attr_integrate(die, DW_AT_type, &a) || !dwarf_formref_die(&a, type))
        return false;
    /* Declared here, and described in a unit of its own (-fdebug-types-section). */
    if (dwarf_attr(type, DW_AT_signature, &a) && dwarf_formref_die(&a, &full))
        *type = full;
    return true;
}

static bool is_modifier(Dwarf_Die *type)
{
    switch (dwarf_tag(type)) {
    case DW_TAG_typedef:
    case DW_TAG_const_type:
    case DW_TAG_volatile_type:
    case DW_TAG_restrict_type:
    case DW_TAG_atomic_type:
    case DW_TAG_immutable_type:
    case DW_TAG_packed_type:
    case DW_TAG_shared_type:
        return true;
    default:
        return false;
    }
}

bool lb_dwarf_peel(Dwarf_Die *type)
{
    Dwarf_Die inner;

    if (!type->addr || !is_modifier(type))
        return false;
    *type = lb_dwarf_type(type, &inner) ? inner : (Dwarf_Die){.addr = NULL};
    return true;
}

bool lb_dwarf_bare(Dwarf_Die *type, Dwarf_Die *bare)
{
    *bare = *type;
    for (int i = 0; i < DEPTH_MOST; i++)
        if (!lb_dwarf_peel(bare))
            return bare->addr;
    return false;
}

/* Of one dimension; a flexible array's has no bound. */
static uint64_t elements_of(Dwarf_Die *range)
{
    uint64_t n;

    if (lb_dwarf_number(range, DW_AT_count, &n))
        return n;
    return lb_dwarf_number(range, DW_AT_upper_bound, &n) ? n + 1 : 0;
}

static bool is_pointer(Dwarf_Die *bare)
{
    int tag = dwarf_tag(bare);

    return tag == DW_TAG_pointer_type || tag == DW_TAG_reference_type ||
           tag == DW_TAG_rvalue_reference_type;
}

static size_t pointer_bytes(Dwarf_Die *die)
{
    Dwarf_Die unit;
    uint8_t bytes = 0;

    return dwarf_diecu(die, &unit, &bytes, NULL) && bytes ? bytes : sizeof(void *);
}

static size_t bytes_at(Dwarf_Die *type, int depth);

static size_t array_bytes(Dwarf_Die *array, int depth)
{
    Dwarf_Die range, inner;
    size_t bytes = lb_dwarf_type(array, &inner) ? bytes_at(&inner, depth + 1) : 0;

    for (bool more = lb_dwarf_child(array, &range); more; more = lb_dwarf_next(&range))
        if (dwarf_tag(&range) == DW_TAG_subrange_type &&
            __builtin_mul_overflow(bytes, elements_of(&range), &bytes))
            return SIZE_MAX;
    return bytes;
}

/* A pointer to a member of C++ is an offset, or with a function a word more. */
static size_t member_pointer_bytes(Dwarf_Die *bare)
{
    Dwarf_Die to;
    bool function = lb_dwarf_type(bare, &to) && dwarf_tag(&to) == DW_TAG_subroutine_type;

    return pointer_bytes(bare) * (function ? 2 : 1);
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static size_t bytes_at(Dwarf_Die *type, int depth)
{
    Dwarf_Die bare, inner;
    uint64_t bytes;

    if (depth > DEPTH_MOST || !lb_dwarf_bare(type, &bare))
        return 0;
    if (lb_dwarf_number(&bare, DW_AT_byte_size, &bytes))
        return bytes;
    if (is_pointer(&bare) || dwarf_tag(&bare) == DW_TAG_unspecified_type)
        return pointer_bytes(&bare);
    if (dwarf_tag(&bare) == DW_TAG_ptr_to_member_type)
        return member_pointer_bytes(&bare);
    if (dwarf_tag(&bare) == DW_TAG_array_type)
        return array_bytes(&bare, depth);
    if (dwarf_tag(&bare) == DW_TAG_enumeration_type && lb_dwarf_type(&bare, &inner))
        return bytes_at(&inner, depth + 1);
    return 0;
}

size_t lb_dwarf_bytes(Dwarf_Die *type)
{
    return bytes_at(type, 0);
}

/* Places -------------------------------------------------------------------------------------- */

/* Where a virtual base lies is an expression over the object at run time. */
bool lb_dwarf_is_member(Dwarf_Die *die)
{
    uint64_t virtuality;

    if (dwarf_tag(die) == DW_TAG_inheritance)
        return !lb_dwarf_number(die, DW_AT_virtuality, &virtuality) || !virtuality;
    return dwarf_tag(die) == DW_TAG_member && !lb_dwarf_flag(die, DW_AT_external) &&
           !lb_dwarf_flag(die, DW_AT_declaration);
}

/* DWARF 4 counts from the object's start. Before, bits were counted from the highest of a unit of
 * storage, as on a big-endian machine. */
static void place_bits(Dwarf_Die *member, Dwarf_Die *type, struct lb_dwarf_place *p)
{
    uint64_t n, storage = lb_dwarf_bytes(type);

    if (lb_dwarf_number(member, DW_AT_data_bit_offset, &n)) {
        p->bit = n;
        return;
    }
    lb_dwarf_number(member, DW_AT_byte_size, &storage);
    if (lb_dwarf_number(member, DW_AT_bit_offset, &n) && n + p->bits <= 8 * storage)
        p->bit += 8 * storage - n - p->bits;
}

struct lb_dwarf_place lb_dwarf_place(Dwarf_Die *member)
{
    struct lb_dwarf_place p = {0};
    Dwarf_Die type = {.addr = NULL};
    uint64_t n;

    lb_dwarf_type(member, &type);
    if (lb_dwarf_number(member, DW_AT_data_member_location, &n))
        p.bit = n < SIZE_MAX / 8 ? 8 * n : SIZE_MAX - 7;
    if (lb_dwarf_number(member, DW_AT_bit_size, &n) && n && n < 1024) {
        p.bits = (unsigned)n;
        place_bits(member, &type, &p);
        p.bytes = (p.bit % 8 + p.bits + 7) / 8;
    } else if (type.addr) {
        p.bytes = lb_dwarf_bytes(&type);
    }
    return p;
}

/* Alignment ----------------------------------------------------------------------------------- */

static size_t align_at(Dwarf_Die *type, int depth, int *visits);

static bool is_alignment(uint64_t n)
{
    return n && !(n & (n - 1)) && n <= LB_STRUCTURE_BYTES_MOST;
}

/* A member that lies askew says that the structure is packed. */
static size_t align_of_members(Dwarf_Die *bare, int depth, int *visits)
{
    size_t most = 1, bytes = lb_dwarf_bytes(bare);
    Dwarf_Die m, type;

    for (bool more = lb_dwarf_child(bare, &m); more; more = lb_dwarf_next(&m)) {
        if (!lb_dwarf_is_member(&m) || !lb_dwarf_type(&m, &type))
            continue;
        struct lb_dwarf_place p = lb_dwarf_place(&m);
        uint64_t align;
        if (!lb_dwarf_number(&m, DW_AT_alignment, &align) || !is_alignment(align))
            align = align_at(&type, depth + 1, visits);
        if (p.bit / 8 % align && !p.bits)
            return 1;
        most = align > most ? align : most;
    }
    return bytes % most ? 1 : most;
}

/* NOLINTNEXTLINE(misc-no-recursion): depth and visits are bounded */
static size_t align_at(Dwarf_Die *type, int depth, int *visits)
{
    Dwarf_Die bare, inner;
    uint64_t given;
    size_t bytes, most;

    if (depth > DEPTH_MOST || --*visits < 0 || !lb_dwarf_bare(type, &bare))
        return 1;
    if (lb_dwarf_number(&bare, DW_AT_alignment, &given) && is_alignment(given))
        return given;
    if (dwarf_tag(&bare) == DW_TAG_array_type)
        return lb_dwarf_type(&bare, &inner) ? align_at(&inner, depth + 1, visits) : 1;
    if (lb_dwarf_is_composite(&bare))
        return align_of_members(&bare, depth, visits);
    bytes = lb_dwarf_bytes(&bare);
    most = 2 * pointer_bytes(&bare);
    if (dwarf_tag(&bare) == DW_TAG_ptr_to_member_type || (bytes & (bytes - 1)))
        bytes = pointer_bytes(&bare);
    return bytes > most ? most : bytes ? bytes : 1;
}

size_t lb_dwarf_align(Dwarf_Die *type, int *visits)
{
    return align_at(type, 0, visits);
}
