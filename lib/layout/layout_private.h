/* SPDX-License-Identifier: MIT */
#ifndef LB_LAYOUT_PRIVATE_H
#define LB_LAYOUT_PRIVATE_H

#include <linebounce/layout.h>

/* Accesses, the sequence number, the pointer. */
#define LB_FIELDS_MOST (LB_ACCESSES_MOST + 2)

/* One field of an object, for pictures and checks. */
struct lb_field {
    const char *name;
    size_t offset;
    size_t bytes;
    bool touched; /* an op loads it */
};

/* All fields of the layout without its lock; returns how many. */
size_t lb_layout_fields(const struct lb_layout *layout, struct lb_field fields[LB_FIELDS_MOST]);

/* Whether the member is the lock (or the pointer to it), or holds it. */
bool lb_layout_is_lock(const struct lb_layout *layout, const struct lb_member *member);
/* Members as a drawing shows them: those that no other holds, and parts that an op reads. */
bool lb_layout_shows(const struct lb_layout *layout, const struct lb_member *member);

/* A text that names a structure, cut up in place. */
struct lb_source {
    struct lb_structure_query query; /* points into the text */
    char *options;                   /* behind the first comma; NULL: none */
};
/* `text` is what sentences quote. -EINVAL. */
int lb_source_cut(char *copy, const char *text, struct lb_why *why, struct lb_source *source);

bool lb_structure_is_vma(const struct lb_structure *structure);
/* By the rules of which kernel its locks are taken: of a module its kernel's. What is no kernel has
 * none (its name is ""): programs with DWARF are not searched for one. */
void lb_structure_take_generation(struct lb_structure *structure, const char *base);

/* A name of C++ as a layout can have it: without what a template is of, and with dots in place of
 * other characters. */
void lb_layout_plain_name(const char *name, char *plain, size_t bytes);

/* -EINVAL: a name that a layout cannot have, or a built-in has. */
int lb_layout_check_name(const char *name, size_t length, struct lb_why *why);

/* Which kind here is what the member is, by its type and size; false: none is. */
bool lb_layout_runs_as(const struct lb_member *member, enum lb_lock_kind *kind);

/* The layout as a structure, of which its fields and lock ("lock") are known. -ENOMEM. */
int lb_structure_of_layout(const struct lb_layout *layout, struct lb_why *why,
                           struct lb_structure **structure);

/* The fields of a vm_area_struct, and nothing else. */
void lb_layout_set_vma_fields(struct lb_layout *layout, size_t head, size_t tail);

#endif
