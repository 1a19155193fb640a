/* SPDX-License-Identifier: MIT
 *
 * Reading a structure from where it is described, and what the running kernel says of where its
 * objects lie.
 */
#include "structure_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

static bool read_number(const char *folder, const char *cache, const char *attribute,
                        size_t *number)
{
    char path[256];
    FILE *file;
    bool read;

    if (snprintf(path, sizeof path, "%s/%s/%s", folder, cache, attribute) >= (int)sizeof path)
        return false;
    file = fopen(path, "re");
    if (!file)
        return false;
    read = fscanf(file, "%zu", number) == 1;
    fclose(file);
    return read;
}

size_t lb_structure_slab_align(const char *folder, const char *cache, size_t bytes)
{
    size_t align, object;

    if (strchr(cache, '/') || !read_number(folder, cache, "object_size", &object) ||
        object != bytes || !read_number(folder, cache, "align", &align))
        return 0;
    return align && !(align & (align - 1)) ? align : 0;
}

/* Locks that this structure points to and that lie in a cache of their own. */
static size_t pointed_align(const struct lb_structure *s)
{
    const struct lb_member *lock;

    if (lb_structure_find_lock(s, NULL, NULL, &lock) || !lock->points || !lock->pointed)
        return 0;
    return lb_structure_slab_align(LB_STRUCTURE_SLABS, lock->pointed, lock->lock_bytes);
}

static int name_kernel(struct lb_structure *s)
{
    struct utsname kernel;

    if (uname(&kernel) || asprintf(&s->source, "this kernel %s", kernel.release) < 0) {
        s->source = NULL;
        return -ENOMEM;
    }
    s->slab_align_bytes = lb_structure_slab_align(LB_STRUCTURE_SLABS, s->name, s->bytes);
    s->pointed_align_bytes = pointed_align(s);
    s->running = true;
    return 0;
}

/* Hands it on with its source, or destroys it. */
static int finish(struct lb_structure *s, const char *file, struct lb_why *why,
                  struct lb_structure **structure)
{
    if (file ? !(s->source = strdup(file)) : name_kernel(s)) {
        lb_fail(why, ENOMEM, "%s: out of memory", s->name);
        lb_structure_destroy(s);
        return -ENOMEM;
    }
    *structure = s;
    return 0;
}

#define MODULES "/sys/kernel/btf/"

int lb_structure_read(const char *file, const char *name, unsigned which, struct lb_why *why,
                      struct lb_structure **structure)
{
    return lb_structure_read_on(file, NULL, name, which, why, structure);
}

int lb_structure_read_on(const char *file, const char *base, const char *name, unsigned which,
                         struct lb_why *why, struct lb_structure **structure)
{
    bool kernel = !file || !strcmp(file, LB_STRUCTURE_KERNEL);
    struct lb_structure *s;
    int err;

    if (!base && !kernel && !strncmp(file, MODULES, strlen(MODULES)))
        base = LB_STRUCTURE_KERNEL;
    err = lb_btf_read(kernel && !base ? NULL
                      : file          ? file
                                      : LB_STRUCTURE_KERNEL,
                      base, name, which, why, &s);
    if (err == -ENOTSUP && !kernel && lb_dwarf_is_in(file))
        return lb_fail(why, ENOTSUP,
                       "%.200s: an ELF file without BTF, but with DWARF: dwarf:FILE:STRUCT reads "
                       "that",
                       file);
    return err ? err : finish(s, kernel ? NULL : file, why, structure);
}

static int read_btf(const struct lb_structure_query *q, struct lb_why *why, struct lb_structure **s)
{
    return lb_structure_read_on(q->file, q->base, q->name, q->which, why, s);
}

static int read_dwarf(const struct lb_structure_query *q, struct lb_why *why,
                      struct lb_structure **structure)
{
    struct lb_structure *s;
    int err = lb_dwarf_read(q->file, q->name, q->which, why, &s);

    return err ? err : finish(s, q->file, why, structure);
}

static int read_pahole(const struct lb_structure_query *q, struct lb_why *why,
                       struct lb_structure **structure)
{
    struct lb_structure *s;
    int err = lb_pahole_read(q->file, q->name, q->which, why, &s);

    return err ? err : finish(s, q->file, why, structure);
}

static const char *no_library(void)
{
    return "";
}

static const struct {
    const char *name;
    int (*read)(const struct lb_structure_query *query, struct lb_why *why,
                struct lb_structure **structure);
    const char *(*library)(void);
} forms[LB_STRUCTURE_FORMS] = {
    [LB_FORM_BTF] = {"btf", read_btf, lb_btf_library},
    [LB_FORM_DWARF] = {"dwarf", read_dwarf, lb_dwarf_library},
    [LB_FORM_PAHOLE] = {"pahole", read_pahole, no_library},
};

const char *lb_structure_form_name(enum lb_structure_form form)
{
    return forms[form].name;
}

const char *lb_structure_library(enum lb_structure_form form)
{
    return forms[form].library();
}

int lb_structure_read_by(const struct lb_structure_query *q, struct lb_why *why,
                         struct lb_structure **structure)
{
    if (q->form != LB_FORM_BTF && !q->file)
        return lb_fail(why, EINVAL, "structure %.90s: of which file? %s:FILE:STRUCT", q->name,
                       forms[q->form].name);
    if (q->form != LB_FORM_BTF && q->base)
        return lb_fail(why, EINVAL, "structure %.90s: base= is of BTF alone", q->name);
    if ((!*q->name && q->form != LB_FORM_PAHOLE) || strlen(q->name) >= LB_STRUCTURE_NAME_BYTES)
        return lb_fail(why, EINVAL, "structure '%.80s': a name has 1 to %d characters", q->name,
                       LB_STRUCTURE_NAME_BYTES - 1);
    return forms[q->form].read(q, why, structure);
}
