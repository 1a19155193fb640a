/* SPDX-License-Identifier: MIT
 *
 * What the files that know libbpf share: types of one BTF, and the members of a structure in it.
 * Files may be broken or hostile: every id, name and depth is checked here.
 */
#ifndef LB_STRUCTURE_BTF_H
#define LB_STRUCTURE_BTF_H

#include "structure_private.h"

#include <bpf/btf.h>

/* NULL: there is no such type. */
const struct btf_type *lb_btf_type(const struct btf *btf, uint32_t id);
/* "?" in place of a name that holds control characters, which a terminal might obey. */
const char *lb_btf_text(const struct btf *btf, uint32_t offset);
/* Without const, typedef and the like; NULL: broken. */
const struct btf_type *lb_btf_bare(const struct btf *btf, uint32_t id);

/* Types that hold themselves, or each other twice, end at so many visits: of a structure, and of
 * all others of its name together. */
#define LB_BTF_VISITS_MOST   (1 << 18)
#define LB_BTF_COMPARED_MOST (1 << 20)

/* Reads the structure `id` under that name. Every member lies inside what holds it. *visits counts
 * up to `most`. -EPROTO: broken; -E2BIG; -ENOMEM. */
int lb_btf_members(const struct btf *btf, uint32_t id, const char *name, int *visits, int most,
                   struct lb_why *why, struct lb_structure **structure);

#endif
