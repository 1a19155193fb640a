/* SPDX-License-Identifier: MIT
 *
 * A tree of /proc, /sys and /boot that is made up.
 */
#ifndef LB_TESTS_KERNEL_TREE_H
#define LB_TESTS_KERNEL_TREE_H

#include <linebounce/kernel.h>

#include "folder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct lb_kernel k; /* too large for some stacks under a sanitizer */

static inline void put(const char *name, const char *text)
{
    write_text(place_in_folder(name), text);
}

static inline void put_link(const char *name, const char *target)
{
    assert_int_equal(symlink(target, place_in_folder(name)), 0);
}

#define SLAB "/sys/kernel/slab/"

/* A cache's files; -1 leaves one out. */
struct cache {
    const char *folder;
    int object, stride, align, hwcache, per_slab, order, rcu, red_zone;
};

static inline void put_value(const struct cache *c, const char *file, int value)
{
    char name[160], text[32];

    snprintf(name, sizeof name, SLAB "%s/%s", c->folder, file);
    snprintf(text, sizeof text, "%d\n", value);
    if (value >= 0)
        put(name, text);
}

static inline void put_cache(const struct cache *c)
{
    char name[160];

    put_value(c, "object_size", c->object);
    put_value(c, "slab_size", c->stride);
    put_value(c, "align", c->align);
    put_value(c, "hwcache_align", c->hwcache);
    put_value(c, "objs_per_slab", c->per_slab);
    put_value(c, "order", c->order);
    put_value(c, "destroy_by_rcu", c->rcu);
    put_value(c, "red_zone", c->red_zone);
    snprintf(name, sizeof name, SLAB "%s/objects", c->folder);
    put(name, "2646 N0=2000 N1=646\n");
    snprintf(name, sizeof name, SLAB "%s/total_objects", c->folder);
    put(name, "2877 N0=2877\n");
}

static inline void put_release(const char *release, const char *config)
{
    char name[160];

    snprintf(name, sizeof name, "%s\n", release);
    put("/proc/sys/kernel/osrelease", name);
    snprintf(name, sizeof name, "/boot/config-%s", release);
    if (config)
        put(name, config);
}

#define CONFIG_COMMON                                                                              \
    "#\n# Automatically generated file; DO NOT EDIT.\n#\nCONFIG_SMP=y\nCONFIG_SLUB=y\n"            \
    "CONFIG_SLUB_DEBUG=y\nCONFIG_SLAB_MERGE_DEFAULT=y\n# CONFIG_DEBUG_LOCK_ALLOC is not set\n"     \
    "CONFIG_NUMA_BALANCING=y\nCONFIG_ANON_VMA_NAME=y\nCONFIG_USERFAULTFD=y\nCONFIG_SWAP=y\n"       \
    "CONFIG_X86_L1_CACHE_SHIFT=6\nCONFIG_KPROBES=y\nCONFIG_BPF_SYSCALL=y\n"

#define CONFIG_LOCK CONFIG_COMMON "CONFIG_PER_VMA_LOCK=y\n"

/* Linux 6.8, as distributions build it: both caches can be merged, and are not. */
static inline void put_68(void)
{
    put_release("6.8.0-45-generic", CONFIG_LOCK);
    put_cache(&(struct cache){":A-0000176", 176, 176, 8, 0, 46, 1, 0, 0});
    put_cache(&(struct cache){":A-0000040", 40, 40, 8, 0, 102, 0, 0, 0});
    put_link(SLAB "vm_area_struct", ":A-0000176");
    put_link(SLAB "vma_lock", ":A-0000040");
}

static inline void put_symbols(int flags)
{
    char text[512];

    snprintf(text, sizeof text,
             "0000000000000000 T _text\n%s%s"
             "0000000000000000 T vm_area_alloc\n0000000000000000 t helper\t[module]\n",
             flags & 1 ? "0000000000000000 T lock_vma_under_rcu\n" : "",
             flags & 2   ? "0000000000000000 T vma_mark_detached\n"
             : flags & 4 ? "0000000000000000 t vma_mark_detached\n"
                         : "");
    put("/proc/kallsyms", text);
}

/* The text; freed by the caller. */
static inline char *draw(const struct lb_kernel_trace *trace)
{
    int length = lb_kernel_draw(&k, trace, NULL, 0);
    char *text = malloc((size_t)length + 1);

    assert_non_null(text);
    assert_int_equal(lb_kernel_draw(&k, trace, text, (size_t)length + 1), length);
    assert_int_equal(strlen(text), length);
    return text;
}

#endif
