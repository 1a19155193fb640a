/* SPDX-License-Identifier: MIT
 *
 * The parts of the stage structure: one and what is found in it (structure.c), what BTF says of it
 * (btf_read.c, and btf_none.c in builds without libbpf), where it is read from
 * (structure_read.c), and what is moved (structure_move.c).
 */
#ifndef LB_STRUCTURE_PRIVATE_H
#define LB_STRUCTURE_PRIVATE_H

#include <linebounce/structure.h>

/* Reads as lb_structure_read does, without what is not in BTF (source, slab caches). `base`: the
 * file that a module's BTF builds on; NULL: none. */
int lb_btf_read(const char *file, const char *base, const char *name, unsigned which,
                struct lb_why *why, struct lb_structure **structure);

/* Whether that BTF has a function of that name: one that was not put into all its callers. */
bool lb_btf_has_function(const char *file, const char *name);

/* An empty structure of that name; NULL: no memory. */
struct lb_structure *lb_structure_create(const char *name);
/* Appends a member with copies of its texts; -ENOMEM, -E2BIG. */
int lb_structure_add(struct lb_structure *structure, const struct lb_member *member);

/* What the name of a type, without `struct`, says it is. */
enum lb_structure_lock lb_structure_lock_of(const char *type);
/* How many bytes a typedef of C11's atomics has by its name; 0: it is none, or machines differ. */
size_t lb_structure_c11_bytes(const char *type, size_t pointer_bytes);

/* The alignment of a slab cache below `folder`, when its objects have `bytes`; 0: unknown. */
size_t lb_structure_slab_align(const char *folder, const char *cache, size_t bytes);

#endif
