/* SPDX-License-Identifier: MIT
 *
 * memory: how much more memory this process can take before the kernel would have to kill
 * something.
 */
#ifndef LINEBOUNCE_MEMORY_H
#define LINEBOUNCE_MEMORY_H

#include <linebounce/base.h>

LB_BEGIN_C

/* Where neither the kernel nor a cgroup says anything. */
#define LB_MEMORY_UNKNOWN UINT64_MAX

struct lb_memory {
    uint64_t available_bytes; /* MemAvailable; LB_MEMORY_UNKNOWN */
    /* What the tightest limit of the process's memory cgroup and its ancestors leaves, reclaimable
     * file pages counted as left; LB_MEMORY_UNKNOWN: no limit, or none that can be read. */
    uint64_t cgroup_bytes;
    uint64_t left_bytes; /* the less of the two; LB_MEMORY_UNKNOWN */
};

/* Reads /proc/meminfo, /proc/self/cgroup and the limits of cgroup v2 and v1, below `root` ("" for
 * the system; a folder in tests). What cannot be read is unknown. A v1 hierarchy whose path is not
 * below its mount, as in a container, is read at the mount. */
void lb_memory_read(const char *root, struct lb_memory *memory);

/* Whether `bytes` more can be taken: -ENOMEM with a sentence that begins with `what`, says how much
 * is left and who bounds it. 0 where nothing is known. A sixteenth of what is left stays free. */
int lb_memory_room(const struct lb_memory *memory, const char *what, uint64_t bytes,
                   struct lb_why *why);

/* "512M", "4G", "65536K", "1048576" (bytes): a size of at least one page of 4 KiB. -EINVAL. */
int lb_memory_parse(const char *text, struct lb_why *why, uint64_t *bytes);

LB_END_C

#endif
