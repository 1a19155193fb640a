/* SPDX-License-Identifier: MIT
 *
 * Mappings in place of objects: laying them out, and giving them back whole whatever failed.
 */
#include "workload_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Parts begin where a page table does: no two threads share one. */
#define TABLE_BYTES ((size_t)2 << 20)
/* Keeps mappings of different threads apart: the kernel merges neighbours that are alike. */
#define GUARD_BYTES TABLE_BYTES

#define THP_FOLDER "/sys/kernel/mm/transparent_hugepage"

/* Since Linux 5.14; the C library of Debian 12 has it, older ones do not. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static bool remaps(const struct lb_workload *s)
{
    return lb_scenario_does(s->scenario, LB_OP_TOUCH_REMAP);
}

int lb_op_faults(enum lb_op op)
{
    return op == LB_OP_TOUCH || op == LB_OP_TOUCH_REMAP || op == LB_OP_TOUCH_BARE;
}

/* Bytes that a thread's part takes when every page of it was touched: a private mapping of a file
 * has the file and the copies. */
static uint64_t taken(const struct lb_scenario *scenario, size_t part_bytes)
{
    if (lb_scenario_does(scenario, LB_OP_MAP))
        return 0;
    return (scenario->mapping == LB_MAPPING_COPY ? 2 : 1) * (uint64_t)part_bytes;
}

uint64_t lb_pages_bytes(const struct lb_workload *s)
{
    return taken(s->scenario, s->part_bytes) * (uint64_t)s->threads;
}

int lb_pages_fit(const struct lb_scenario *scenario, int threads, uint64_t memory,
                 struct lb_why *why, size_t *part_bytes, double *window_ns)
{
    const double page_ns = LB_FAULT_NS / LB_SLAB_PAGE_BYTES, most_ns = LB_WINDOW_PAGES_NS * 1.2;
    bool maps = lb_scenario_does(scenario, LB_OP_MAP);
    bool fixed = maps || lb_scenario_does(scenario, LB_OP_TOUCH_REMAP);
    size_t part = LB_REMAP_BYTES;
    uint64_t need;

    if (!fixed) {
        part =
            memory / (uint64_t)threads < LB_PART_BYTES ? memory / (uint64_t)threads : LB_PART_BYTES;
        part = part / TABLE_BYTES * TABLE_BYTES;
    }
    /* A window of 2 ms at least, and a fifth of it before. */
    need = fixed ? taken(scenario, part) : (uint64_t)(LB_PAGES_WINDOW_LEAST_NS * 1.2 / page_ns);
    if (need * (uint64_t)threads > memory || (!fixed && part < need))
        return lb_fail(why, ERANGE,
                       "%s: on %d thread%s needs at least %" PRIu64
                       " MiB of memory, and --memory leaves it %" PRIu64,
                       scenario->name, threads, threads == 1 ? "" : "s",
                       (need * (uint64_t)threads + TABLE_BYTES * (uint64_t)threads) >> 20,
                       memory >> 20);
    *part_bytes = part;
    if (maps)
        *window_ns = LB_WINDOW_PAGES_NS;
    else if (fixed)
        *window_ns = LB_WINDOW_REMAP_NS;
    else
        *window_ns = ((double)part * page_ns < most_ns ? (double)part * page_ns : most_ns) / 1.2;
    return 0;
}

static size_t pages_room(const struct lb_workload *s)
{
    return ((size_t)s->threads + 1) * sizeof(struct lb_pages);
}

static struct lb_pages *pages_of(const struct lb_draw *draw, char *arena, int thread)
{
    size_t at = (draw->lock_lines + LB_APART_BYTES - 1) / LB_APART_BYTES * LB_APART_BYTES;

    return (struct lb_pages *)(void *)(arena + at) + thread;
}

/* Remembers what failed, for lb_pages_explain. */
static int fail(struct lb_pages *p, const char *call)
{
    p->error = errno;
    p->failed = call;
    return -p->error;
}

/* 4 KiB at a time is the subject. A kernel without huge pages knows no such advice. */
static int refuse_huge(struct lb_pages *p, void *map, size_t bytes)
{
    p->huge = true;
    if (!madvise(map, bytes, MADV_NOHUGEPAGE))
        return 0;
    p->huge = false;
    return errno == EINVAL && access(THP_FOLDER, F_OK)
               ? 0
               : fail(p, "huge pages cannot be turned off: madvise(MADV_NOHUGEPAGE)");
}

static void *map_fresh(struct lb_pages *p, size_t bytes, int flags, int fd)
{
    void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
    int err;

    if (map == MAP_FAILED) {
        fail(p, "mmap");
        return NULL;
    }
    if ((err = refuse_huge(p, map, bytes))) {
        munmap(map, bytes);
        return NULL;
    }
    return map;
}

/* All pages are there before any window: neither a full memory nor somebody who cuts the file can
 * make a touch fail. Through a mapping that refuses huge pages, since a plain allocation may take
 * them. */
static int populate(struct lb_pages *p, size_t bytes)
{
    void *map = map_fresh(p, bytes, MAP_SHARED, p->fd);
    int err = 0;

    if (!map)
        return -p->error;
    if (madvise(map, bytes, MADV_POPULATE_WRITE)) {
        if (errno != EINVAL) { /* that would have been a SIGBUS */
            errno = errno == EFAULT ? ENOSPC : errno;
            err = fail(p, "madvise(MADV_POPULATE_WRITE)");
        } else if (fallocate(p->fd, 0, 0, (off_t)bytes)) {
            err = fail(p, "fallocate");
        }
    }
    munmap(map, bytes);
    return err;
}

static int make_file(struct lb_pages *p, size_t bytes)
{
    p->fd = memfd_create("linebounce", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (p->fd < 0)
        return fail(p, "memfd_create");
    if (ftruncate(p->fd, (off_t)bytes))
        return fail(p, "ftruncate");
    if (fcntl(p->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
        return fail(p, "fcntl(F_ADD_SEALS)");
    return populate(p, bytes);
}

/* The first cycle begins somewhere in the part, so that windows do not all end in the same phase
 * of it. */
static int place_remapped(const struct lb_workload *s, struct lb_pages *p, uint64_t *state)
{
    void *map;
    int err;

    p->flags = MAP_ANONYMOUS | MAP_PRIVATE;
    if (lb_scenario_maps_file(s->scenario)) {
        p->flags = s->scenario->mapping == LB_MAPPING_FILE ? MAP_SHARED : MAP_PRIVATE;
        if ((err = make_file(p, s->part_bytes)))
            return err;
    }
    if (!(map = map_fresh(p, s->part_bytes, p->flags, p->fd)))
        return -p->error;
    p->base = (uintptr_t)map;
    p->bytes = s->part_bytes;
    p->end = p->base + p->bytes;
    p->at = p->base + lb_random_below(state, p->bytes / p->page_bytes) * p->page_bytes;
    return 0;
}

/* One reservation, and in it a mapping for all or one for each. */
static int place_kept(const struct lb_workload *s, struct lb_pages *all)
{
    bool apart = s->scenario->mapping == LB_MAPPING_EACH;
    size_t n = (size_t)s->threads, gap = apart ? GUARD_BYTES : 0, part = s->part_bytes;
    size_t bytes = n * (part + gap) + 2 * TABLE_BYTES;
    void *map = mmap(NULL, bytes, PROT_NONE, MAP_ANONYMOUS | MAP_PRIVATE | MAP_NORESERVE, -1, 0);
    uintptr_t first;
    int err = 0;

    if (map == MAP_FAILED)
        return fail(all, "mmap");
    all->map = (uintptr_t)map;
    all->map_bytes = bytes;
    first = (all->map + GUARD_BYTES + TABLE_BYTES - 1) / TABLE_BYTES * TABLE_BYTES;
    for (size_t i = 0; !err && i < (apart ? n : 1); i++) {
        void *at = (void *)(first + i * (part + gap));
        if (mmap(at, apart ? part : n * part, PROT_READ | PROT_WRITE,
                 MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED, -1, 0) == MAP_FAILED)
            err = fail(all, "mmap");
        else
            err = refuse_huge(all, at, apart ? part : n * part);
    }
    for (size_t i = 0; i < n; i++) {
        all[i].base = all[i].at = first + i * (part + gap);
        all[i].bytes = part;
        all[i].end = all[i].base + part;
    }
    return err;
}

/* What a thread maps or protects that touches nothing: a part, or something beside the parts. */
static void place_mapping(const struct lb_workload *s, enum lb_op op, struct lb_pages *p)
{
    p->flags = MAP_ANONYMOUS | MAP_PRIVATE;
    if (op == LB_OP_PROTECT) /* in the middle, so that the mapping falls into three */
        p->base += p->bytes / 2;
    p->bytes = lb_scenario_does(s->scenario, op) ? s->part_bytes : LB_BESIDE_BYTES;
}

/* Whether each thread's part is a line of its own in /proc/self/maps. */
static int check_apart(const struct lb_workload *s, struct lb_pages *all)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    uintptr_t from, to;
    char line[4352]; /* a path and what stands before it */
    int found = 0;

    if (!maps)
        return fail(all, "fopen(/proc/self/maps)");
    while (fgets(line, sizeof line, maps))
        for (int i = 0; sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &from, &to) == 2 && i < s->threads;
             i++)
            found += from == all[i].base && to == all[i].end;
    fclose(maps);
    errno = EXDEV;
    return found == s->threads ? 0 : fail(all, "the kernel has merged mappings: mmap");
}

static void give_back(struct lb_pages *p, bool own_mapping)
{
    if (own_mapping && p->base)
        munmap((void *)p->base, p->bytes);
    if (p->map)
        munmap((void *)p->map, p->map_bytes);
    if (p->fd >= 0)
        close(p->fd);
    p->base = p->map = 0;
    p->fd = -1;
}

static int pages_place(const struct lb_workload *s, const struct lb_draw *draw, char *arena,
                       uint32_t *picks, struct lb_site *sites, struct lb_placed *placed)
{
    bool kept = !remaps(s) && !lb_scenario_does(s->scenario, LB_OP_MAP);
    struct lb_pages *all = pages_of(draw, arena, 0);
    uint64_t state = draw->seed;
    int err = s->part_bytes < TABLE_BYTES || s->part_bytes % TABLE_BYTES ? -EINVAL : 0;

    (void)picks;
    (void)placed;
    for (int i = 0; i < s->threads; i++) {
        memset(&all[i], 0, sizeof all[i]);
        all[i].fd = -1;
        all[i].page_bytes = (size_t)sysconf(_SC_PAGESIZE);
        sites[i] = (struct lb_site){.x = {(uintptr_t)&all[i]}};
    }
    if (!err && kept)
        err = place_kept(s, all);
    for (int i = 0; !err && remaps(s) && i < s->threads; i++)
        if ((err = place_remapped(s, &all[i], &state)) && i) {
            all->error = all[i].error;
            all->failed = all[i].failed;
        }
    for (int i = 0; !err && i < s->threads; i++) {
        enum lb_op op = lb_scenario_op(s->scenario, &s->writers, i, s->threads);
        if (!lb_op_faults(op))
            place_mapping(s, op, &all[i]);
    }
    if (!err && kept && s->scenario->mapping == LB_MAPPING_EACH)
        err = check_apart(s, all);
    for (int i = 0; err && i < s->threads; i++)
        give_back(&all[i], remaps(s));
    return err;
}

static int pages_check(const struct lb_workload *s, const struct lb_draw *draw, const char *arena)
{
    const struct lb_pages *all = pages_of(draw, (char *)arena, 0);

    for (int i = 0; i < s->threads; i++)
        if (all[i].error)
            return -all[i].error;
    return 0;
}

static void pages_release(const struct lb_workload *s, const struct lb_draw *draw, char *arena)
{
    for (int i = 0; i < s->threads; i++)
        give_back(pages_of(draw, arena, i), remaps(s));
}

static int pages_watch(const struct lb_workload *s, const struct lb_draw *draw, int thread,
                       const struct lb_word *word, struct lb_why *why, struct lb_watch_place *place)
{
    (void)draw;
    (void)thread;
    (void)place;
    return lb_fail(why, ENOENT, "watch %s: scenario %s has no objects", lb_word_name(word),
                   s->scenario->name);
}

const struct lb_subject lb_subject_pages = {
    .uses_pages = true,
    .bytes = pages_room,
    .place = pages_place,
    .check = pages_check,
    .watch = pages_watch,
    .release = pages_release,
};

struct lb_kept lb_pages_keep(const struct lb_workload *s, const struct lb_draw *draw, char *arena)
{
    struct lb_pages *p = pages_of(draw, arena, 0);
    struct lb_kept kept = {p->map, p->map_bytes};

    p->map = 0;
    pages_release(s, draw, arena);
    return kept;
}

void lb_kept_drop(const struct lb_kept *kept)
{
    if (kept->map)
        munmap((void *)kept->map, kept->bytes);
}

int lb_pages_explain(const struct lb_workload *s, const struct lb_draw *draw, const char *arena,
                     int err, struct lb_why *why)
{
    const struct lb_pages *all = pages_of(draw, (char *)arena, 0);

    for (int i = 0; i < s->threads; i++)
        if (all[i].error == -err && all[i].failed)
            return lb_fail(why, -err, "%s: %s for %zu MiB a thread on %d thread%s: %s%s",
                           s->scenario->name, all[i].failed, s->part_bytes >> 20, s->threads,
                           s->threads == 1 ? "" : "s", strerror(-err),
                           err == -ENOMEM ? " (less --memory, fewer threads, or a higher limit "
                                            "of address space)"
                                          : "");
    return lb_fail(why, -err, "%s: %s", s->scenario->name, strerror(-err));
}
