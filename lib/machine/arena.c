/* SPDX-License-Identifier: MIT
 *
 * Measured memory: mapped, bound to its node, filled, and verified.
 */
#include "arena_private.h"

#include "base/canvas.h"
#include "base/sys_files.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef LB_HAVE_NUMA
#define LB_HAVE_NUMA 0
#endif

#if LB_HAVE_NUMA
#include <numa.h>
#include <numaif.h>
#endif

/* The huge page of x86 and of Arm with 4-KiB pages. */
#define HUGE_BYTES ((size_t)2 << 20)

#define THP_MODE "/sys/kernel/mm/transparent_hugepage/enabled"

/* Pages that are asked for their node: spread evenly, the last one included. */
#define SAMPLED_PAGES 64

/* The largest block of Linux's page allocator by default (4 MiB of 4-KiB pages). */
#define SLAB_ORDER_MAX 10

struct lb_arena {
    struct lb_arena_info info;
    size_t used_bytes; /* info.bytes, rounded up to huge pages where it holds one */
    void *map;         /* with a guard page on either side */
    size_t map_bytes;
};

static size_t round_up(size_t bytes, size_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

/* What the record says beside the rest. */
#define NOTE(...) lb_note(info->note, sizeof info->note, __VA_ARGS__)

int lb_arena_judge_nodes(const int *status, size_t n, int node_os, struct lb_why *why)
{
    int unknown = 0;

    for (size_t i = 0; i < n; i++) {
        if (status[i] >= 0 && status[i] != node_os)
            return lb_fail(why, EXDEV, "arena: memory is on node %d, not on node %d as asked",
                           status[i], node_os);
        if (status[i] < 0 && !unknown)
            unknown = status[i];
    }
    return unknown;
}

#if LB_HAVE_NUMA

/* Room for every node number that Linux can be built for (1024); libnuma's own masks are not used
 * because it exits when it cannot allocate one. */
#define NODES_MAX 1024
#define MASK_BITS (sizeof(unsigned long) * CHAR_BIT)

static int check_node(int node_os, struct lb_why *why)
{
    if (numa_available() < 0)
        return lb_fail(why, ENOTSUP, "arena: node %d: the kernel offers no NUMA calls", node_os);
    if (node_os == LB_ARENA_INTERLEAVED) {
        if (numa_bitmask_weight(numa_all_nodes_ptr) > 1)
            return 0;
        return lb_fail(why, ENOENT, "arena: cannot interleave: memory from one node only");
    }
    if (node_os >= NODES_MAX || node_os > numa_max_node())
        return lb_fail(why, EINVAL, "arena: node %d does not exist (the last is %d)", node_os,
                       numa_max_node());
    return 0;
}

/* The nodes that pages of an interleaved arena go to. */
static bool is_interleaved_on(int node)
{
    return numa_bitmask_isbitset(numa_all_nodes_ptr, (unsigned)node);
}

static int interleave(struct lb_arena *arena, struct lb_why *why)
{
    struct lb_arena_info *info = &arena->info;
    unsigned long mask[NODES_MAX / MASK_BITS + 1] = {0};

    for (int i = 0; i <= numa_max_node() && i < NODES_MAX; i++)
        if (is_interleaved_on(i))
            mask[(size_t)i / MASK_BITS] |= 1ul << ((size_t)i % MASK_BITS);
    (void)madvise(info->base, arena->used_bytes, MADV_NOHUGEPAGE);
    if (mbind(info->base, arena->used_bytes, MPOL_INTERLEAVE, mask, NODES_MAX + 1, 0))
        return lb_fail(why, errno, "arena: cannot interleave memory: %s", strerror(errno));
    info->node_bound = true;
    return 0;
}

/* A sandbox may forbid mbind. Then the pages lie where the first touch puts them, which is noted,
 * and the verification decides. */
static int bind_node(struct lb_arena *arena, struct lb_why *why)
{
    struct lb_arena_info *info = &arena->info;
    unsigned long mask[NODES_MAX / MASK_BITS + 1] = {0};

    if (info->node_os == LB_ARENA_INTERLEAVED)
        return interleave(arena, why);
    if (info->node_os < 0)
        return 0;
    mask[(size_t)info->node_os / MASK_BITS] |= 1ul << ((size_t)info->node_os % MASK_BITS);
    if (!mbind(info->base, arena->used_bytes, MPOL_BIND, mask, NODES_MAX + 1, 0)) {
        info->node_bound = true;
        return 0;
    }
    int err = errno;
    if (err == EINVAL)
        return lb_fail(why, err, "arena: node %d does not exist or may not be used by this process",
                       info->node_os);
    if (err != EPERM && err != ENOSYS)
        return lb_fail(why, err, "arena: cannot bind to node %d: %s", info->node_os, strerror(err));
    NOTE("not bound to node %d: %s", info->node_os, strerror(err));
    return 0;
}

/* Every node holds some of the pages, unless there are fewer pages than that takes. */
static int judge_interleaved(const int *status, size_t n, struct lb_why *why)
{
    for (int node = 0; node <= numa_max_node(); node++) {
        bool holds = false;
        if (!is_interleaved_on(node))
            continue;
        for (size_t i = 0; i < n; i++) {
            if (status[i] < 0)
                return status[i];
            holds |= status[i] == node;
        }
        if (!holds && n >= SAMPLED_PAGES)
            return lb_fail(why, EXDEV, "arena: interleaved memory has no page on node %d", node);
    }
    return 0;
}

static int verify_node(struct lb_arena *arena, struct lb_why *why)
{
    struct lb_arena_info *info = &arena->info;
    bool interleaved = info->node_os == LB_ARENA_INTERLEAVED;
    size_t n_pages = info->bytes / info->page_bytes;
    size_t n = n_pages < SAMPLED_PAGES ? n_pages : SAMPLED_PAGES;
    void *pages[SAMPLED_PAGES];
    int status[SAMPLED_PAGES];

    if (info->node_os < 0 && !interleaved)
        return 0;
    for (size_t i = 0; i < n; i++) {
        /* Neighbours of an interleaved arena, since an even stride may meet one node only. */
        size_t page = n == 1 ? 0 : interleaved ? i : i * ((n_pages - 1) / (n - 1));
        if (i == n - 1 && !interleaved)
            page = n_pages - 1;
        pages[i] = (char *)info->base + page * info->page_bytes;
        status[i] = -ENOENT;
    }
    int err = move_pages(0, n, pages, NULL, status, 0) ? -errno : 0;
    if (!err)
        err = interleaved ? judge_interleaved(status, n, why)
                          : lb_arena_judge_nodes(status, n, info->node_os, why);
    if (err == -EXDEV)
        return err;
    if (err)
        NOTE("node %d not verified: %s", info->node_os, strerror(-err));
    info->node_verified = !err;
    return 0;
}

int lb_arena_node_of(const void *address)
{
    uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    void *page = (void *)((uintptr_t)address & ~(page_bytes - 1));
    int status = -ENOENT;

    if (numa_available() < 0)
        return -ENOTSUP;
    /* No nodes to move to: a query. */
    if (move_pages(0, 1, &page, NULL, &status, 0))
        return -errno;
    return status;
}

#else

static int check_node(int node_os, struct lb_why *why)
{
    return lb_fail(why, ENOTSUP, "arena: node %d: this build has no libnuma", node_os);
}

static int bind_node(struct lb_arena *arena, struct lb_why *why)
{
    (void)arena;
    (void)why;
    return 0;
}

static int verify_node(struct lb_arena *arena, struct lb_why *why)
{
    (void)arena;
    (void)why;
    return 0;
}

int lb_arena_node_of(const void *address)
{
    (void)address;
    return -ENOTSUP;
}

#endif

size_t lb_arena_huge_bytes(FILE *smaps, uintptr_t start, uintptr_t end)
{
    char line[PATH_MAX + 128];
    bool inside = false;
    size_t kib = 0;

    while (fgets(line, sizeof line, smaps)) {
        uintptr_t from, to;
        size_t here;

        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
            inside = from >= start && to <= end;
        else if (inside && sscanf(line, "AnonHugePages: %zu kB", &here) == 1)
            kib += here;
    }
    return kib * 1024;
}

/* Why there are no huge pages, as far as the kernel's own switch tells. */
static void note_small_pages(struct lb_arena_info *info, size_t huge_bytes, size_t used_bytes)
{
    char mode[64];

    lb_sys_line(mode, sizeof mode, "", THP_MODE);
    NOTE("%zu of %zu KiB on huge pages (transparent_hugepage: %s)", huge_bytes / 1024,
         used_bytes / 1024, mode[0] ? mode : "unknown");
}

static void check_huge(struct lb_arena *arena)
{
    struct lb_arena_info *info = &arena->info;
    uintptr_t start = (uintptr_t)info->base;

    if (arena->used_bytes < HUGE_BYTES) {
        NOTE("small pages: less than a huge page was asked for");
        return;
    }
    FILE *smaps = fopen("/proc/self/smaps", "re");
    if (!smaps) {
        NOTE("huge pages unknown: cannot read /proc/self/smaps");
        return;
    }
    size_t huge_bytes = lb_arena_huge_bytes(smaps, start, start + arena->used_bytes);
    fclose(smaps);
    info->huge = huge_bytes >= arena->used_bytes / 10 * 9;
    if (!info->huge)
        note_small_pages(info, huge_bytes, arena->used_bytes);
}

static int check_request(size_t bytes, int node_os, struct lb_why *why)
{
    long n_pages = sysconf(_SC_PHYS_PAGES);
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);

    if (!bytes)
        return lb_fail(why, EINVAL, "arena: 0 bytes asked for");
    if (node_os < -1 && node_os != LB_ARENA_INTERLEAVED)
        return lb_fail(why, EINVAL, "arena: node %d does not exist", node_os);
    /* Where the kernel overcommits, the mapping would succeed and the touching would kill. */
    if (n_pages > 0 && bytes / page_bytes >= (size_t)n_pages)
        return lb_fail(why, ENOMEM, "arena: %zu MiB asked for, the machine has %zu", bytes >> 20,
                       (size_t)n_pages * page_bytes >> 20);
    if (bytes > SIZE_MAX - 4 * HUGE_BYTES)
        return lb_fail(why, ENOMEM, "arena: %zu bytes asked for", bytes);
    return node_os == -1 ? 0 : check_node(node_os, why);
}

/* Reserves more than is needed, gives back what lies beyond the alignment, and leaves a guard page
 * on either side: overruns fault, and the kernel cannot merge the mapping with a neighbour's, so
 * its entry in smaps is the arena's alone. */
static int map_aligned(struct lb_arena *arena, struct lb_why *why)
{
    struct lb_arena_info *info = &arena->info;
    size_t guard = info->page_bytes;
    size_t reserved = arena->used_bytes + HUGE_BYTES + 2 * guard;
    char *map = mmap(NULL, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED)
        return lb_fail(why, errno, "arena: cannot map %zu bytes: %s", info->bytes, strerror(errno));
    char *base = (char *)round_up((uintptr_t)map + guard, HUGE_BYTES);
    char *end = base + arena->used_bytes + guard;

    if (base - guard > map)
        munmap(map, (size_t)(base - guard - map));
    if (end < map + reserved)
        munmap(end, (size_t)(map + reserved - end));
    info->base = base;
    arena->map = base - guard;
    arena->map_bytes = arena->used_bytes + 2 * guard;
    if (!mprotect(base, arena->used_bytes, PROT_READ | PROT_WRITE))
        return 0;
    int err = errno;
    munmap(arena->map, arena->map_bytes);
    return lb_fail(why, err, "arena: cannot have %zu bytes: %s", info->bytes, strerror(err));
}

static int fill(struct lb_arena *arena, struct lb_why *why)
{
    struct lb_arena_info *info = &arena->info;

    /* Both before the first touch, which decides what kind of page and where. A kernel without huge
     * pages refuses the advice; smaps tells. */
    if (arena->used_bytes >= HUGE_BYTES && info->node_os != LB_ARENA_INTERLEAVED)
        (void)madvise(info->base, arena->used_bytes, MADV_HUGEPAGE);
    int err = bind_node(arena, why);
    if (err)
        return err;
    for (size_t at = 0; at < arena->used_bytes; at += info->page_bytes)
        ((volatile char *)info->base)[at] = 0;
    err = verify_node(arena, why);
    if (err)
        return err;
    if (info->node_os != LB_ARENA_INTERLEAVED)
        check_huge(arena);
    return 0;
}

int lb_arena_create(size_t bytes, int node_os, struct lb_why *why, struct lb_arena **arena)
{
    int err = check_request(bytes, node_os, why);

    if (err)
        return err;
    struct lb_arena *made = calloc(1, sizeof *made);
    if (!made)
        return lb_fail(why, ENOMEM, "arena: no memory");
    made->info.node_os = node_os;
    made->info.page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    made->info.bytes = round_up(bytes, made->info.page_bytes);
    made->used_bytes = made->info.bytes;
    /* The tail of an arena of several huge pages gets a whole one too, at most doubling it. */
    if (made->used_bytes >= HUGE_BYTES)
        made->used_bytes = round_up(made->used_bytes, HUGE_BYTES);
    err = map_aligned(made, why);
    if (err) {
        free(made);
        return err;
    }
    err = fill(made, why);
    if (err) {
        lb_arena_destroy(made);
        return err;
    }
    *arena = made;
    return 0;
}

void lb_arena_destroy(struct lb_arena *arena)
{
    if (!arena)
        return;
    munmap(arena->map, arena->map_bytes);
    free(arena);
}

void lb_arena_info(const struct lb_arena *arena, struct lb_arena_info *info)
{
    *info = arena->info;
}

int lb_slab_init(size_t object_bytes, size_t align_bytes, unsigned order, struct lb_slab *slab)
{
    if (align_bytes < 8 || align_bytes & (align_bytes - 1) || order > SLAB_ORDER_MAX)
        return -EINVAL;
    size_t slab_bytes = (size_t)LB_SLAB_PAGE_BYTES << order;
    if (!object_bytes || object_bytes > slab_bytes || align_bytes > slab_bytes)
        return -EINVAL;
    /* Only the alignment of a line is a wish to avoid straddling, which a half or a quarter of a
     * line fulfils too; a larger one (a pair of lines) is meant as it is written. */
    if (align_bytes == LB_LINE_BYTES) {
        while (align_bytes > 8 && object_bytes <= align_bytes / 2)
            align_bytes /= 2;
    }
    size_t stride_bytes = round_up(object_bytes, align_bytes);
    *slab = (struct lb_slab){
        .object_bytes = object_bytes,
        .align_bytes = align_bytes,
        .stride_bytes = stride_bytes,
        .slab_bytes = slab_bytes,
        .order = order,
        .per_slab = (unsigned)(slab_bytes / stride_bytes),
    };
    return 0;
}

unsigned lb_slab_residues(const struct lb_slab *slab, unsigned modulus)
{
    size_t stride_period = modulus, stride = slab->stride_bytes;

    if (!modulus || modulus & (modulus - 1))
        return 0;
    /* A modulus beyond the slab sees the slabs themselves at different residues. */
    if (modulus > slab->slab_bytes)
        return (unsigned)(modulus / slab->slab_bytes) * slab->per_slab;
    for (; stride_period > 1 && stride % 2 == 0; stride /= 2)
        stride_period /= 2;
    return stride_period < slab->per_slab ? (unsigned)stride_period : slab->per_slab;
}

size_t lb_slab_pages(const struct lb_slab *slab, size_t n)
{
    return lb_slab_footprint(slab, n) / LB_SLAB_PAGE_BYTES;
}

void lb_slab_shuffle(uint64_t seed, uint32_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    for (size_t i = n; i > 1; i--) {
        size_t other = (size_t)lb_random_below(&seed, i);
        uint32_t moved = order[i - 1];

        order[i - 1] = order[other];
        order[other] = moved;
    }
}
