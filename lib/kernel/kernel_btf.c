/* SPDX-License-Identifier: MIT
 *
 * Which lock the kernel's own description of a VMA has: everyone may read it.
 */
#include "kernel_private.h"

#include <linebounce/structure.h>

#include <errno.h>
#include <stdio.h>

static void describe(const struct lb_member *m, enum lb_vma_lock lock, struct lb_kernel_btf *b)
{
    b->known = true;
    b->lock = lock;
    snprintf(b->text, sizeof b->text, "%.20s %s%.60s at %zu", lb_structure_lock_name(m->lock),
             m->points ? "behind " : "", m->name, m->offset);
}

/* Before Linux 6.4 the only one is an atomic, which is no lock. */
static void take_lock(const struct lb_structure *s, struct lb_kernel_btf *b)
{
    const struct lb_member *m;
    struct lb_why why = {""};
    int err = lb_structure_find_lock(s, NULL, &why, &m);

    if (err == -ENOENT || (!err && lb_structure_is_atomic(m->lock))) {
        b->known = true;
        b->lock = LB_VMA_LOCK_NONE;
        snprintf(b->text, sizeof b->text, "no lock in vm_area_struct");
    } else if (err) {
        snprintf(b->text, sizeof b->text, "%.120s", why.text);
    } else if (m->lock == LB_STRUCTURE_RWSEM) {
        describe(m, m->points ? LB_VMA_LOCK_SEPARATE : LB_VMA_LOCK_EMBEDDED, b);
    } else if (m->lock == LB_STRUCTURE_REFCOUNT && !m->points) {
        describe(m, LB_VMA_LOCK_REFCOUNT, b);
    } else {
        describe(m, LB_VMA_LOCK_UNKNOWN, b);
    }
}

void lb_kernel_read_btf(const char *root, struct lb_kernel_btf *btf)
{
    struct lb_structure *s;
    struct lb_why why = {""};
    char path[512];

    *btf = (struct lb_kernel_btf){.lock = LB_VMA_LOCK_UNKNOWN};
    if (lb_kernel_path(path, sizeof path, root, "%s", LB_STRUCTURE_KERNEL) ||
        lb_structure_read(path, "vm_area_struct", 0, &why, &s)) {
        snprintf(btf->text, sizeof btf->text, "%.140s", why.text);
        return;
    }
    take_lock(s, btf);
    lb_structure_destroy(s);
    if (lb_generation_read(path, &why, &btf->generation)) {
        *btf->generation.name = '\0';
        snprintf(btf->generation_note, sizeof btf->generation_note, "%.150s", why.text);
    }
}
