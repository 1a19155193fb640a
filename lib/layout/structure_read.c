/* SPDX-License-Identifier: MIT
 *
 * Reading a structure from BTF, and what the running kernel says of where its objects lie.
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

static int name_source(const char *file, struct lb_structure *s)
{
    struct utsname kernel;

    if (file)
        return (s->source = strdup(file)) ? 0 : -ENOMEM;
    if (uname(&kernel) || asprintf(&s->source, "this kernel %s", kernel.release) < 0) {
        s->source = NULL;
        return -ENOMEM;
    }
    s->slab_align_bytes = lb_structure_slab_align(LB_STRUCTURE_SLABS, s->name, s->bytes);
    s->pointed_align_bytes = pointed_align(s);
    s->running = true;
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
    if (err)
        return err;
    if (name_source(kernel ? NULL : file, s)) {
        lb_structure_destroy(s);
        return lb_fail(why, ENOMEM, "%s: out of memory", name);
    }
    *structure = s;
    return 0;
}
