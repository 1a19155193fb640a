/* SPDX-License-Identifier: MIT
 *
 * The kernel's configuration, from wherever it is kept.
 */
#include "kernel_private.h"

#include "base/canvas.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const lb_kernel_options[] = {
    "PER_VMA_LOCK", "PER_VMA_LOCK_STATS", "SMP", "NUMA", "NUMA_BALANCING",
    /* the allocator */
    "SLUB", "SLAB", "SLOB", "SLUB_TINY", "SLUB_DEBUG", "SLUB_DEBUG_ON", "SLAB_MERGE_DEFAULT",
    "SLAB_FREELIST_RANDOM", "SLAB_FREELIST_HARDENED", "RANDOM_KMALLOC_CACHES", "SLUB_CPU_PARTIAL",
    "KASAN", "KFENCE",
    /* what changes the size or the order of fields */
    "RANDSTRUCT", "GCC_PLUGIN_RANDSTRUCT", "ANON_VMA_NAME", "USERFAULTFD", "SWAP", "LOCKDEP",
    "DEBUG_LOCK_ALLOC", "PROVE_LOCKING", "LOCK_STAT", "DEBUG_RWSEMS", "DETECT_HUNG_TASK_BLOCKER",
    /* how long locks are held, and by whom */
    "RWSEM_SPIN_ON_OWNER", "PREEMPT_NONE", "PREEMPT_VOLUNTARY", "PREEMPT", "PREEMPT_LAZY",
    "PREEMPT_RT", "PREEMPT_DYNAMIC", "TRANSPARENT_HUGEPAGE", "TRANSPARENT_HUGEPAGE_ALWAYS",
    "TRANSPARENT_HUGEPAGE_MADVISE", "X86_L1_CACHE_SHIFT", "ARM64_4K_PAGES", "ARM64_64K_PAGES",
    "RANDOMIZE_BASE", "RANDOMIZE_MEMORY",
    /* what tells about it */
    "KALLSYMS", "KPROBES", "KPROBE_EVENTS", "BPF_SYSCALL", "FTRACE", "DEBUG_INFO_BTF", NULL};

_Static_assert(LB_COUNT(lb_kernel_options) <= LB_KERNEL_OPTIONS_MOST, "room for the values");

static void keep(struct lb_kernel_config *c, const char *name, size_t length, const char *value)
{
    for (size_t i = 0; lb_kernel_options[i]; i++)
        if (strlen(lb_kernel_options[i]) == length && !memcmp(lb_kernel_options[i], name, length))
            snprintf(c->value[i], sizeof c->value[i], "%s", value);
}

/* "CONFIG_NAME=value" or "# CONFIG_NAME is not set"; how many of either are in the text. */
static size_t parse(char *text, struct lb_kernel_config *c)
{
    size_t n = 0;
    char *rest = NULL;

    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        bool off = !strncmp(line, "# CONFIG_", 9);
        if (!off && strncmp(line, "CONFIG_", 7) != 0)
            continue;
        char *name = line + (off ? 9 : 7);
        size_t length = strcspn(name, off ? " " : "=");
        if (off ? strcmp(name + length, " is not set") != 0 : name[length] != '=')
            continue;
        keep(c, name, length, off ? "n" : name + length + 1);
        n++;
    }
    return n;
}

/* One source; true when it held a configuration. Else its fault goes into the note. */
static bool try_file(const char *root, const char *name, bool packed, struct lb_kernel_config *c)
{
    char path[512], *text = NULL;
    int err = lb_kernel_path(path, sizeof path, root, "%s", name);
    size_t n = 0;

    if (!err)
        err = packed ? lb_kernel_gunzip(path, &text) : lb_kernel_slurp(path, &text);
    if (!err)
        n = parse(text, c);
    free(err ? NULL : text);
    if (n) {
        snprintf(c->source, sizeof c->source, "%s", name);
        return true;
    }
    lb_note(c->note, sizeof c->note, "%s: %s", name,
            err ? lb_kernel_words(err) : "no configuration in it");
    return false;
}

void lb_kernel_read_config(const char *root, const char *release, struct lb_kernel_config *config)
{
    char name[160];

    memset(config, 0, sizeof *config);
    if (try_file(root, "/proc/config.gz", true, config)) {
        config->note[0] = '\0';
        return;
    }
    if (!release[0] || strchr(release, '/')) {
        lb_note(config->note, sizeof config->note, "the release is not known");
        return;
    }
    snprintf(name, sizeof name, "/boot/config-%s", release);
    if (try_file(root, name, false, config))
        return;
    snprintf(name, sizeof name, "/lib/modules/%s/config", release);
    try_file(root, name, false, config);
}

const char *lb_kernel_option(const struct lb_kernel *kernel, const char *name)
{
    if (!kernel->config.source[0])
        return NULL;
    for (size_t i = 0; lb_kernel_options[i]; i++)
        if (!strcmp(lb_kernel_options[i], name))
            return kernel->config.value[i];
    return NULL;
}
