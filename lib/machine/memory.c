/* SPDX-License-Identifier: MIT
 *
 * What machine and cgroups leave of memory.
 */
#include <linebounce/memory.h>

#include "base/sys_files.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cgroup v1 says "no limit" with the largest number of whole pages that a long holds. */
#define NO_LIMIT_V1 ((uint64_t)INT64_MAX / 65536 * 65536)

/* Names of a hierarchy's files. */
static const struct {
    const char *limit, *usage, *inactive;
} hierarchies[] = {{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"},
                   {"memory.max", "memory.current", "inactive_file"}};

/* LB_MEMORY_UNKNOWN also for "max". */
static uint64_t number_of(const char *text)
{
    uint64_t value;

    return sscanf(text, "%" SCNu64, &value) == 1 ? value : LB_MEMORY_UNKNOWN;
}

static uint64_t number_in(const char *root, const char *folder, const char *name)
{
    char text[64];

    lb_sys_line(text, sizeof text, root, "%s/%s", folder, name);
    return number_of(text);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

struct cgroup {
    const char *root;
    uint64_t left;
};

/* What the limit of one cgroup leaves. */
static bool see(const char *folder, bool v2, void *context)
{
    struct cgroup *c = context;
    uint64_t limit = number_in(c->root, folder, hierarchies[v2].limit);
    uint64_t usage = number_in(c->root, folder, hierarchies[v2].usage), inactive;
    char name[PATH_MAX], text[64] = "";

    if (limit >= NO_LIMIT_V1 || usage == LB_MEMORY_UNKNOWN)
        return false;
    snprintf(name, sizeof name, "%s/memory.stat", folder);
    lb_sys_value(text, sizeof text, c->root, name, hierarchies[v2].inactive, ' ');
    if ((inactive = number_of(text)) != LB_MEMORY_UNKNOWN)
        usage -= least(inactive, usage);
    c->left = least(c->left, limit > usage ? limit - usage : 0);
    return false;
}

void lb_memory_read(const char *root, struct lb_memory *m)
{
    struct cgroup c = {root, LB_MEMORY_UNKNOWN};
    char text[64] = "";

    lb_sys_value(text, sizeof text, root, "/proc/meminfo", "MemAvailable", ':');
    m->available_bytes = number_of(text);
    if (m->available_bytes != LB_MEMORY_UNKNOWN)
        m->available_bytes *= 1024;
    lb_sys_cgroups(root, "memory", see, &c);
    m->cgroup_bytes = c.left;
    m->left_bytes = least(m->available_bytes, m->cgroup_bytes);
}

int lb_memory_room(const struct lb_memory *m, const char *what, uint64_t bytes, struct lb_why *why)
{
    uint64_t usable = m->left_bytes - m->left_bytes / 16;

    if (m->left_bytes == LB_MEMORY_UNKNOWN || bytes <= usable)
        return 0;
    return lb_fail(why, ENOMEM,
                   "%s: would take %" PRIu64 " MiB, and %s leaves %" PRIu64
                   " MiB: less --memory or fewer threads",
                   what, bytes >> 20,
                   m->cgroup_bytes <= m->available_bytes ? "the memory cgroup's limit"
                                                         : "this machine (MemAvailable)",
                   m->left_bytes >> 20);
}

int lb_memory_parse(const char *text, struct lb_why *why, uint64_t *bytes)
{
    static const char units[] = "KMGT";
    char *end;
    double n = strtod(text, &end), value;
    const char *unit = *end ? strchr(units, *end) : NULL;

    value = n * (unit ? (double)(UINT64_C(1) << (10 * (unit - units + 1))) : 1);
    if (end == text || (*end && (!unit || end[1])) || !(value >= 4096) || !(value < 0x1p60))
        return lb_fail(why, EINVAL, "memory '%s': a size of at least 4K is expected, as 512M or 4G",
                       text);
    *bytes = (uint64_t)value;
    return 0;
}
