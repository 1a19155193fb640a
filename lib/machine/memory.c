/* SPDX-License-Identifier: MIT
 *
 * What machine and cgroups leave of memory.
 */
#include <linebounce/memory.h>

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOUNT_V2 "/sys/fs/cgroup"
#define MOUNT_V1 "/sys/fs/cgroup/memory"
/* cgroup v1 says "no limit" with the largest number of whole pages that a long holds. */
#define NO_LIMIT_V1 ((uint64_t)INT64_MAX / 65536 * 65536)

/* Names of a hierarchy's files. */
struct hierarchy {
    const char *mount, *limit, *usage, *inactive;
};

static const struct hierarchy v2 = {MOUNT_V2, "memory.max", "memory.current", "inactive_file "};
static const struct hierarchy v1 = {MOUNT_V1, "memory.limit_in_bytes", "memory.usage_in_bytes",
                                    "total_inactive_file "};

static FILE *open_below(const char *root, const char *folder, const char *name)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s%s/%s", root, folder, name);

    return n > 0 && n < (int)sizeof path ? fopen(path, "re") : NULL;
}

/* The number behind `key` at the start of a line (NULL: the first line's). LB_MEMORY_UNKNOWN. */
static uint64_t number_in(const char *root, const char *folder, const char *name, const char *key)
{
    FILE *file = open_below(root, folder, name);
    uint64_t value = LB_MEMORY_UNKNOWN;
    char line[256];

    while (file && value == LB_MEMORY_UNKNOWN && fgets(line, sizeof line, file)) {
        size_t length = key ? strlen(key) : 0;
        if (length && strncmp(line, key, length) != 0)
            continue;
        if (sscanf(line + length, "%" SCNu64, &value) != 1)
            value = LB_MEMORY_UNKNOWN; /* "max" */
        if (!key)
            break;
    }
    if (file)
        fclose(file);
    return value;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What the limit of one cgroup leaves. */
static uint64_t left_in(const char *root, const struct hierarchy *h, const char *folder)
{
    uint64_t limit = number_in(root, folder, h->limit, NULL);
    uint64_t usage = number_in(root, folder, h->usage, NULL);
    uint64_t inactive = number_in(root, folder, "memory.stat", h->inactive);

    if (limit >= NO_LIMIT_V1 || usage == LB_MEMORY_UNKNOWN)
        return LB_MEMORY_UNKNOWN;
    if (inactive != LB_MEMORY_UNKNOWN)
        usage -= least(inactive, usage);
    return limit > usage ? limit - usage : 0;
}

/* The same over a cgroup and all above it, up to the mount. */
static uint64_t left_up(const char *root, const struct hierarchy *h, const char *path)
{
    size_t mount = strlen(h->mount);
    uint64_t left = LB_MEMORY_UNKNOWN;
    char folder[PATH_MAX];

    if (snprintf(folder, sizeof folder, "%s%s", h->mount, path) >= (int)sizeof folder)
        return left;
    for (;;) {
        char *slash;
        left = least(left, left_in(root, h, folder));
        slash = strrchr(folder, '/');
        if (!slash || slash < folder + mount)
            return left;
        *slash = '\0';
    }
}

/* Lines of /proc/self/cgroup: number:controllers:path; v2 has no controllers. */
static uint64_t left_of_line(const char *root, char *line)
{
    char *controllers = strchr(line, ':'), *path;

    if (!controllers || !(path = strchr(controllers + 1, ':')))
        return LB_MEMORY_UNKNOWN;
    *controllers++ = '\0';
    *path++ = '\0';
    path[strcspn(path, "\n")] = '\0';
    if (!*controllers)
        return left_up(root, &v2, path);
    for (char *one = strtok(controllers, ","); one; one = strtok(NULL, ","))
        if (!strcmp(one, "memory"))
            return left_up(root, &v1, path);
    return LB_MEMORY_UNKNOWN;
}

void lb_memory_read(const char *root, struct lb_memory *m)
{
    FILE *file = open_below(root, "/proc/self", "cgroup");
    uint64_t kib = number_in(root, "/proc", "meminfo", "MemAvailable:");
    char line[PATH_MAX + 64];

    m->available_bytes = kib == LB_MEMORY_UNKNOWN ? kib : kib * 1024;
    m->cgroup_bytes = LB_MEMORY_UNKNOWN;
    while (file && fgets(line, sizeof line, file))
        m->cgroup_bytes = least(m->cgroup_bytes, left_of_line(root, line));
    if (file)
        fclose(file);
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
