/* SPDX-License-Identifier: MIT
 *
 * The parts of the stage structure: one and what is found in it (structure.c), what BTF and DWARF
 * say of it (btf_*.c, dwarf_*.c, and *_none.c in builds without the library), where it is read from
 * (structure_read.c), and what is moved (structure_move.c).
 */
#ifndef LB_STRUCTURE_PRIVATE_H
#define LB_STRUCTURE_PRIVATE_H

#include <linebounce/structure.h>

/* Reads as lb_structure_read does, without what is not in BTF (source, slab caches). `base`: the
 * file that a module's BTF builds on; NULL: none. */
int lb_btf_read(const char *file, const char *base, const char *name, unsigned which,
                struct lb_why *why, struct lb_structure **structure);

const char *lb_btf_library(void);
const char *lb_dwarf_library(void);
/* Reads DWARF as lb_structure_read_by does, without the source. */
int lb_dwarf_read(const char *file, const char *name, unsigned which, struct lb_why *why,
                  struct lb_structure **structure);
/* Whether there is DWARF in the file, or in one apart that belongs to it. */
bool lb_dwarf_is_in(const char *file);
/* The same of what pahole prints. */
int lb_pahole_read(const char *file, const char *name, unsigned which, struct lb_why *why,
                   struct lb_structure **structure);
/* -EPROTO for what is no regular file, or empty, else why it cannot be opened. */
int lb_structure_check_file(const char *file, struct lb_why *why);

/* All of a text with a NUL behind it, freed by the caller; "-" is standard input, of which every
 * call gets the same. -EFBIG: over 64 MiB; what reading says. */
int lb_structure_read_text(const char *file, char **text);

/* Whether that BTF has a function of that name: one that was not put into all its callers. */
bool lb_btf_has_function(const char *file, const char *name);

/* An empty structure of that name; NULL: no memory. */
struct lb_structure *lb_structure_create(const char *name);
/* Appends a member with copies of its texts; -ENOMEM, -E2BIG. */
int lb_structure_add(struct lb_structure *structure, const struct lb_member *member);

/* Whether that member is a lock, has locks in it, or is a part of one. */
bool lb_structure_holds_lock(const struct lb_structure *structure, const struct lb_member *member);

/* Whether all that is said of two is the same. */
bool lb_structure_are_same(const struct lb_structure *a, const struct lb_structure *b);

/* Of a PREEMPT_RT kernel: the word that is changed in what its locks begin with, by the name of
 * that; NULL, and *words untouched: it is none. */
const char *lb_structure_sleeping(const char *type, enum lb_structure_words *words);

/* What the name of a type, without `struct`, says it is. */
enum lb_structure_lock lb_structure_lock_of(const char *type);
/* Whether the kernel has it, and no program. */
bool lb_structure_is_kernels(enum lb_structure_lock lock);
/* How many bytes a typedef of C11's atomics has by its name; 0: it is none, or machines differ. */
size_t lb_structure_c11_bytes(const char *type, size_t pointer_bytes);

/* The alignment of a slab cache below `folder`, when its objects have `bytes`; 0: unknown. */
size_t lb_structure_slab_align(const char *folder, const char *cache, size_t bytes);

#endif
