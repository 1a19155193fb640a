/* SPDX-License-Identifier: MIT
 *
 * What the files that know libdw share: types of one program, and the members of a structure in it.
 * Files may be broken or hostile: every depth and every step to a sibling is checked here.
 */
#ifndef LB_STRUCTURE_DWARF_H
#define LB_STRUCTURE_DWARF_H

#include "structure_private.h"

#include <dwarf.h>
#include <elfutils/libdw.h>

#define LB_DWARF_TYPE_BYTES 256

/* Steps to a child and a sibling; false: there is none, or it would lead back. */
bool lb_dwarf_child(Dwarf_Die *die, Dwarf_Die *child);
bool lb_dwarf_next(Dwarf_Die *die);

/* "" where there is none, "?" in place of one with control characters. */
const char *lb_dwarf_name(Dwarf_Die *die);
bool lb_dwarf_number(Dwarf_Die *die, unsigned attribute, uint64_t *number);
bool lb_dwarf_flag(Dwarf_Die *die, unsigned attribute);
bool lb_dwarf_is_composite(Dwarf_Die *die); /* struct, class, union */
bool lb_dwarf_is_cpp(Dwarf_Die *die);       /* of its unit's language */

/* The type that a member, pointer, array or typedef is of; false: void. */
bool lb_dwarf_type(Dwarf_Die *die, Dwarf_Die *type);
/* Without const, typedef and the like; false: void, or broken. */
bool lb_dwarf_bare(Dwarf_Die *type, Dwarf_Die *bare);
/* One step of that: false where the type is bare. *type is void then: `addr` NULL. */
bool lb_dwarf_peel(Dwarf_Die *type);
/* SIZE_MAX: more than fits anywhere; 0: not known either. */
size_t lb_dwarf_bytes(Dwarf_Die *type);
/* Natural alignment, or what alignas asks for. *visits counts down. */
size_t lb_dwarf_align(Dwarf_Die *type, int *visits);
/* Where a member lies in what holds it, in bits. `bits`: of a bit-field; 0: none. */
struct lb_dwarf_place {
    size_t bit, bytes;
    unsigned bits;
};
struct lb_dwarf_place lb_dwarf_place(Dwarf_Die *member);
/* A member that lies in the object: none that is static, and no virtual base. */
bool lb_dwarf_is_member(Dwarf_Die *die);

/* Namespaces and classes of the unit that was last asked for. */
struct lb_dwarf_scopes {
    void *unit;
    struct lb_dwarf_scope *at;
    size_t n, room;
};
void lb_dwarf_scopes_finish(struct lb_dwarf_scopes *scopes);
/* The name with its namespaces and classes before it; inline ones and those without a name are left
 * out. */
void lb_dwarf_qualify(struct lb_dwarf_scopes *scopes, Dwarf_Die *die, char *text, size_t bytes);
/* The type as C or C++ writes it, nearly: arrays and pointers stand behind what they are of. NULL
 * for scopes: names alone. */
void lb_dwarf_say_type(struct lb_dwarf_scopes *scopes, Dwarf_Die *type,
                       char text[LB_DWARF_TYPE_BYTES]);

/* Types that hold themselves, or each other twice, end at so many visits. */
#define LB_DWARF_VISITS_MOST   (1 << 18)
#define LB_DWARF_COMPARED_MOST (1 << 22)

/* Reads the structure under that name. `deep`: with what is in named members, with locks and with
 * names of types that tell namespaces. *visits counts down. -EPROTO: broken; -E2BIG; -ENOMEM. */
int lb_dwarf_members(Dwarf_Die *type, const char *name, bool deep, int *visits, struct lb_why *why,
                     struct lb_structure **structure);

#endif
