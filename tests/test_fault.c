/* SPDX-License-Identifier: MIT
 *
 * Page faults: that each op causes exactly those that it says, that mappings are as they should be,
 * that failures leave nothing behind.
 */
#include <linebounce/crew.h>
#include <linebounce/plan.h>
#include <linebounce/scenario.h>

#include "support/sanitized.h"
#include "support/small_arena.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define PART_BYTES ((size_t)2 << 20)
#define THREADS    2

/* Calls that can be made to fail: these stand before the C library's. */
static struct {
    int memfd_create, ftruncate, huge, populate; /* errno, 0: goes through */
} failing;

int memfd_create(const char *name, unsigned flags)
{
    if (failing.memfd_create) {
        errno = failing.memfd_create;
        return -1;
    }
    return (int)syscall(SYS_memfd_create, name, flags);
}

int ftruncate(int fd, off_t bytes)
{
    if (failing.ftruncate) {
        errno = failing.ftruncate;
        return -1;
    }
    return (int)syscall(SYS_ftruncate, fd, bytes);
}

int madvise(void *address, size_t bytes, int advice)
{
    int failed = advice == MADV_NOHUGEPAGE       ? failing.huge
                 : advice == MADV_POPULATE_WRITE ? failing.populate
                                                 : 0;

    if (failed) {
        errno = failed;
        return -1;
    }
    return (int)syscall(SYS_madvise, address, bytes, advice);
}

/* A placed shape. */
struct scene {
    struct lb_workload shape;
    struct lb_draw draw;
    struct lb_site sites[THREADS];
    struct lb_placed placed;
};

static struct scene scene_of(enum lb_scenario_kind kind, int threads)
{
    struct scene s = {
        .shape = {.scenario = &lb_scenarios[kind], .threads = threads, .part_bytes = PART_BYTES},
        .draw = {.seed = 7, .lock_lines = 3 * LB_LINE_PAIR_BYTES}};

    return s;
}

static int try_place(struct scene *s)
{
    return lb_workload_place(&s->shape, &s->draw, arena, ARENA_BYTES, NULL, s->sites, &s->placed);
}

static struct scene placed(enum lb_scenario_kind kind, int threads)
{
    struct scene s = scene_of(kind, threads);

    assert_int_equal(try_place(&s), 0);
    return s;
}

static struct lb_pages *pages(const struct scene *s, int thread)
{
    return (struct lb_pages *)s->sites[thread].x[0];
}

static enum lb_op op_of(const struct scene *s, int thread)
{
    return lb_scenario_op(s->shape.scenario, &s->shape.writers, thread, s->shape.threads);
}

static void run(const struct scene *s, int thread, uint64_t ops)
{
    lb_hot *loop = lb_hot_find(op_of(s, thread), LB_LOCK_RWSEM40, false, false);

    assert_non_null(loop);
    loop(ops, 1, LB_SPAN_LEAST, lb_task_get(tasks, (unsigned)thread), s->sites[thread].x[0], 0, 0,
         0, 0, 0);
}

static void release(struct scene *s)
{
    lb_workload_release(&s->shape, &s->draw, arena);
}

static bool is_pages(int kind)
{
    return lb_scenarios[kind].subject->uses_pages;
}

static long faults(void)
{
    struct rusage usage;

    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

static uint64_t recycled(void)
{
    struct lb_lock_stats stats;

    lb_task_stats(lb_task_get(tasks, 0), &stats);
    return stats.fallbacks;
}

/* Sanitizers have memory of their own, which faults too. */
static void assert_faults(long found, uint64_t wanted)
{
    if (SANITIZED)
        assert_true(found >= (long)wanted);
    else
        assert_int_equal(found, wanted);
}

/* Bytes mapped over a range that are writable, in how many lines, or all lines for 0..UINTPTR_MAX.
 */
static int lines_of_maps(uintptr_t from, uintptr_t to)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[4352], mode[8];
    uintptr_t a, b;
    int n = 0;

    assert_non_null(maps);
    while (fgets(line, sizeof line, maps))
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &a, &b, mode) == 3 && a < to && b > from)
            n += from ? mode[1] == 'w' : !strstr(line, "[heap]");
    fclose(maps);
    return n;
}

static int files_open(void)
{
    int n = 0;

    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) != -1;
    return n;
}

static size_t mapped_bytes(void)
{
    FILE *statm = fopen("/proc/self/statm", "re");
    size_t n = 0;

    assert_non_null(statm);
    assert_int_equal(fscanf(statm, "%zu", &n), 1);
    fclose(statm);
    return n * (size_t)sysconf(_SC_PAGESIZE);
}

/* What there was before a test, and that it is all there is after. */
struct before {
    size_t mapped;
    int files;
};

static struct before look(void)
{
    mapped_bytes(); /* stdio's buffer comes from the heap */
    return (struct before){mapped_bytes(), files_open()};
}

static void assert_nothing_left(const struct before *b)
{
    assert_int_equal(files_open(), b->files);
    if (!SANITIZED)
        assert_int_equal(mapped_bytes(), b->mapped);
}

/* Ops --------------------------------------------------------------------------------------- */

static void test_each_touch_is_one_fault(void **state)
{
    const uint64_t per_part = PART_BYTES / (size_t)sysconf(_SC_PAGESIZE);
    const uint64_t ops[] = {1, 2, 100, per_part, 3 * per_part + 7, 1};

    (void)state;
    for (int kind = 0; kind < LB_SCENARIOS; kind++) {
        if (!is_pages(kind) || !lb_op_faults(lb_scenarios[kind].roles[0].op))
            continue;
        struct scene s = placed((enum lb_scenario_kind)kind, THREADS);
        run(&s, 0, 3); /* the loop's own code, and what the C library links late */
        run(&s, 0, per_part);
        for (size_t i = 0; i < LB_COUNT(ops); i++) {
            long before = faults();
            run(&s, 0, ops[i]);
            assert_faults(faults() - before, ops[i]);
        }
        assert_int_equal(lb_workload_check(&s.shape, &s.draw, arena), 0);
        release(&s);
    }
}

static void test_mappers_do_not_fault(void **state)
{
    static const enum lb_scenario_kind kinds[] = {LB_SCENARIO_MAPPER, LB_SCENARIO_FAULT_MAP,
                                                  LB_SCENARIO_FAULT_PROTECT};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(kinds); i++) {
        struct scene s = placed(kinds[i], THREADS);
        assert_int_equal(lb_op_faults(op_of(&s, THREADS - 1)), 0);
        run(&s, THREADS - 1, 2);
        long before = faults();
        run(&s, THREADS - 1, 50);
        if (!SANITIZED)
            assert_int_equal(faults() - before, 0);
        assert_int_equal(lb_workload_check(&s.shape, &s.draw, arena), 0);
        release(&s);
    }
}

/* The loop, its timed op and the plain loop walk the same way. */
static void test_forms_agree(void **state)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    static const enum lb_scenario_kind kinds[] = {LB_SCENARIO_PFT, LB_SCENARIO_FAULT_BARE,
                                                  LB_SCENARIO_MAP};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(kinds); i++) {
        struct scene s = placed(kinds[i], 1);
        lb_hot *paused = lb_hot_find(op_of(&s, 0), LB_LOCK_RWSEM40, false, true);
        lb_hot_timed *timed = lb_hot_timed_find(op_of(&s, 0), LB_LOCK_RWSEM40, false);
        uintptr_t from;
        pages(&s, 0)->at = from = pages(&s, 0)->base;
        run(&s, 0, 5);
        assert_int_equal(pages(&s, 0)->at, from + 5 * page);
        paused(4, 1, LB_SPAN_LEAST, lb_task_get(tasks, 0), s.sites[0].x[0], 0, 0, 0, 0, 0);
        assert_int_equal(pages(&s, 0)->at, from + 9 * page);
        if (timed) {
            timed(1, lb_task_get(tasks, 0), s.sites[0].x[0], 0, 0, 0, 0, 0);
            assert_int_equal(pages(&s, 0)->at, from + 10 * page);
        }
        for (size_t k = 0; k < 9; k++)
            assert_int_equal(*(char *)(from + k * page), 1);
        release(&s);
    }
}

static void test_parts_come_round(void **state)
{
    const uint64_t per_part = PART_BYTES / (size_t)sysconf(_SC_PAGESIZE);
    static const enum lb_scenario_kind kinds[] = {LB_SCENARIO_PFT, LB_SCENARIO_FAULT_BARE};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(kinds); i++) {
        struct scene s = placed(kinds[i], 1);
        const struct lb_pages *p = pages(&s, 0);
        uint64_t before = recycled();
        run(&s, 0, per_part - 1);
        assert_int_equal(recycled() - before, 0);
        assert_int_equal(*(char *)p->base, 1);
        run(&s, 0, 1);
        assert_int_equal(recycled() - before, 1);
        assert_int_equal(p->at, p->base);
        assert_int_equal(*(char *)p->base, 0); /* it was given back */
        release(&s);
    }
}

/* Mappings ---------------------------------------------------------------------------------- */

static void test_private_mappings_are_apart(void **state)
{
    struct scene s = placed(LB_SCENARIO_PRIVATE, THREADS);

    (void)state;
    for (int i = 0; i < THREADS; i++)
        run(&s, i, 10);
    for (int i = 0; i < THREADS; i++) {
        const struct lb_pages *p = pages(&s, i);
        assert_int_equal(p->base % PART_BYTES, 0);
        assert_int_equal(lines_of_maps(p->base, p->end), 1);
    }
    assert_int_equal(lines_of_maps(pages(&s, 0)->base, pages(&s, 1)->end), 2);
    release(&s);
    s = placed(LB_SCENARIO_PFT, THREADS);
    assert_int_equal(pages(&s, 1)->base, pages(&s, 0)->end);
    assert_int_equal(lines_of_maps(pages(&s, 0)->base, pages(&s, 1)->end), 1);
    release(&s);
}

/* A strip in the middle of the last part falls out of the mapping and comes back. */
static void test_protect_splits_the_mapping(void **state)
{
    struct scene s = placed(LB_SCENARIO_FAULT_PROTECT, THREADS);
    const struct lb_pages *first = pages(&s, 0), *last = pages(&s, 1);

    (void)state;
    assert_int_equal(last->bytes, LB_BESIDE_BYTES);
    assert_true(last->base > first->end && last->base + last->bytes < last->end);
    assert_int_equal(mprotect((void *)last->base, last->bytes, PROT_READ), 0);
    assert_int_equal(lines_of_maps(first->base, last->end), 2);
    run(&s, 1, 3);
    assert_int_equal(lines_of_maps(first->base, last->end), 1);
    release(&s);
}

/* Nobody can take pages from under a mapping: a touch never ends in SIGBUS for that. */
static void test_files_cannot_be_cut(void **state)
{
    struct scene s = placed(LB_SCENARIO_FILE_SHARED, THREADS);
    struct stat info;

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(ftruncate(pages(&s, i)->fd, 0), -1);
        assert_int_equal(errno, EPERM);
        assert_int_equal(fstat(pages(&s, i)->fd, &info), 0);
        assert_int_equal(info.st_size, PART_BYTES);
        assert_int_equal(info.st_blocks * 512, PART_BYTES); /* every page is there */
    }
    assert_int_not_equal(pages(&s, 0)->fd, pages(&s, 1)->fd);
    release(&s);
}

/* The flags of the mapping that begins at an address, as smaps says them. */
static bool has_flag(uintptr_t at, const char *flag)
{
    FILE *smaps = fopen("/proc/self/smaps", "re");
    char line[4352], *mode;
    uintptr_t a, b;
    bool here = false, found = false;

    assert_non_null(smaps);
    while (fgets(line, sizeof line, smaps)) {
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &a, &b) == 2 && strchr(line, '-'))
            here = a <= at && at < b;
        mode = strstr(line, "VmFlags:");
        found |= here && mode && strstr(mode, flag);
    }
    fclose(smaps);
    return found;
}

/* Also of the mapping that takes the first one's place. */
static void test_huge_pages_are_refused(void **state)
{
    const uint64_t per_part = PART_BYTES / (size_t)sysconf(_SC_PAGESIZE);

    (void)state;
    if (access("/sys/kernel/mm/transparent_hugepage", F_OK))
        skip();
    for (int kind = 0; kind < LB_SCENARIOS; kind++) {
        if (!is_pages(kind) || !lb_op_faults(lb_scenarios[kind].roles[0].op))
            continue;
        struct scene s = placed((enum lb_scenario_kind)kind, THREADS);
        for (int i = 0; i < THREADS; i++)
            assert_true(has_flag(pages(&s, i)->base, " nh"));
        run(&s, 0, 2 * per_part);
        assert_true(has_flag(pages(&s, 0)->base, " nh"));
        release(&s);
    }
}

static void test_nothing_is_left(void **state)
{
    (void)state;
    for (int kind = 0; kind < LB_SCENARIOS; kind++) {
        if (!is_pages(kind))
            continue;
        struct before b = look();
        struct scene s = placed((enum lb_scenario_kind)kind, THREADS);
        for (int i = 0; i < THREADS; i++)
            run(&s, i, 1000);
        assert_int_equal(lb_workload_check(&s.shape, &s.draw, arena), 0);
        release(&s);
        assert_nothing_left(&b);
    }
}

static void test_kept_mappings(void **state)
{
    struct before b = look();
    struct scene s = placed(LB_SCENARIO_PRIVATE, THREADS);
    uintptr_t first = pages(&s, 0)->base;
    struct lb_kept kept;

    (void)state;
    run(&s, 0, 10);
    kept = lb_pages_keep(&s.shape, &s.draw, arena);
    assert_true(kept.map <= first && first < kept.map + kept.bytes);
    assert_int_equal(*(char *)first, 1);
    lb_kept_drop(&kept);
    assert_nothing_left(&b);
}

/* Failures ---------------------------------------------------------------------------------- */

static void assert_explained(const struct scene *s, int err, const char *word)
{
    struct lb_why why = {""};

    assert_int_equal(lb_pages_explain(&s->shape, &s->draw, arena, err, &why), err);
    assert_non_null(strstr(why.text, s->shape.scenario->name));
    if (!strstr(why.text, word))
        fail_msg("'%s' does not say %s", why.text, word);
}

static void test_calls_that_fail(void **state)
{
    static const struct {
        int *call;
        int error, expected;
        enum lb_scenario_kind kind;
        const char *word;
    } rows[] = {
        {&failing.memfd_create, EMFILE, -EMFILE, LB_SCENARIO_FILE_SHARED, "memfd_create"},
        {&failing.ftruncate, EFBIG, -EFBIG, LB_SCENARIO_FILE_PRIVATE, "ftruncate"},
        {&failing.huge, EPERM, -EPERM, LB_SCENARIO_PFT, "MADV_NOHUGEPAGE"},
        {&failing.huge, EPERM, -EPERM, LB_SCENARIO_PRIVATE, "MADV_NOHUGEPAGE"},
        {&failing.huge, EPERM, -EPERM, LB_SCENARIO_MAP, "MADV_NOHUGEPAGE"},
        {&failing.huge, EPERM, -EPERM, LB_SCENARIO_FILE_SHARED, "MADV_NOHUGEPAGE"},
        {&failing.populate, EFAULT, -ENOSPC, LB_SCENARIO_FILE_SHARED, "No space left"},
        {&failing.populate, ENOMEM, -ENOMEM, LB_SCENARIO_FILE_PRIVATE, "POPULATE_WRITE"},
    };

    (void)state;
    for (size_t i = 0; i < LB_COUNT(rows); i++) {
        struct before b = look();
        struct scene s = scene_of(rows[i].kind, THREADS);
        *rows[i].call = rows[i].error;
        int err = try_place(&s);
        *rows[i].call = 0;
        assert_int_equal(err, rows[i].expected);
        assert_explained(&s, err, rows[i].word);
        assert_nothing_left(&b);
    }
}

/* Kernels before 5.14 have no MADV_POPULATE_WRITE. */
static void test_old_kernels_fill_files(void **state)
{
    struct scene s = scene_of(LB_SCENARIO_FILE_SHARED, 1);
    struct stat info;

    (void)state;
    failing.populate = EINVAL;
    int err = try_place(&s);
    failing.populate = 0;
    assert_int_equal(err, 0);
    assert_int_equal(fstat(pages(&s, 0)->fd, &info), 0);
    assert_int_equal(info.st_blocks * 512, PART_BYTES);
    release(&s);
}

static struct rlimit limit_memory(size_t bytes)
{
    struct rlimit old, limit;

    assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
    limit = old;
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    return old;
}

/* The second thread's mapping is the one that fails. */
static void test_memory_ends_half_way(void **state)
{
    static const enum lb_scenario_kind kinds[] = {LB_SCENARIO_PFT, LB_SCENARIO_PRIVATE,
                                                  LB_SCENARIO_MAP, LB_SCENARIO_FILE_PRIVATE};

    (void)state;
    if (SANITIZED)
        skip();
    for (size_t i = 0; i < LB_COUNT(kinds); i++) {
        struct before b = look();
        struct scene s = scene_of(kinds[i], THREADS);
        struct rlimit old = limit_memory(b.mapped + PART_BYTES + PART_BYTES / 2);
        int err = try_place(&s);
        setrlimit(RLIMIT_AS, &old);
        assert_int_equal(err, -ENOMEM);
        assert_explained(&s, err, "mmap");
        assert_nothing_left(&b);
    }
}

/* In the loop: it goes on without touching anything, and the check says so. */
static void test_remapping_fails(void **state)
{
    const uint64_t per_part = PART_BYTES / (size_t)sysconf(_SC_PAGESIZE);

    (void)state;
    if (SANITIZED)
        skip();
    struct before b = look();
    struct scene s = placed(LB_SCENARIO_MAP, 1);
    run(&s, 0, 1);
    struct rlimit old = limit_memory(mapped_bytes() - (size_t)sysconf(_SC_PAGESIZE));
    run(&s, 0, 3 * per_part);
    setrlimit(RLIMIT_AS, &old);
    assert_int_equal(lb_workload_check(&s.shape, &s.draw, arena), -ENOMEM);
    assert_explained(&s, -ENOMEM, "mmap");
    release(&s);
    assert_nothing_left(&b);
}

static void test_mapping_fails(void **state)
{
    (void)state;
    if (SANITIZED)
        skip();
    struct scene s = placed(LB_SCENARIO_MAPPER, 1);
    struct rlimit old = limit_memory(mapped_bytes() + PART_BYTES / 2);
    run(&s, 0, 5);
    setrlimit(RLIMIT_AS, &old);
    assert_int_equal(lb_workload_check(&s.shape, &s.draw, arena), -ENOMEM);
    assert_explained(&s, -ENOMEM, "mmap");
    release(&s);
}

static void test_part_sizes(void **state)
{
    struct scene s = scene_of(LB_SCENARIO_PFT, 1);

    (void)state;
    s.shape.part_bytes = 0;
    assert_int_equal(try_place(&s), -EINVAL);
    s.shape.part_bytes = PART_BYTES + 4096;
    assert_int_equal(try_place(&s), -EINVAL);
}

/* Fitting ----------------------------------------------------------------------------------- */

static void test_fit(void **state)
{
    const uint64_t mib = 1 << 20;
    size_t part = 0;
    double ns = 0;
    struct lb_why why = {""};

    (void)state;
    for (int kind = 0; kind < LB_SCENARIOS; kind++)
        for (int threads = 1; is_pages(kind) && threads <= 64; threads *= 2)
            for (uint64_t most = 16 * mib; most <= 65536 * mib; most *= 2) {
                const struct lb_scenario *s = &lb_scenarios[kind];
                int err = lb_pages_fit(s, threads, most, &why, &part, &ns);
                struct lb_workload shape = {.scenario = s, .threads = threads, .part_bytes = part};
                if (err) {
                    assert_int_equal(err, -ERANGE);
                    assert_non_null(strstr(why.text, s->name));
                    continue;
                }
                assert_true(lb_pages_bytes(&shape) <= most);
                assert_true(ns >= LB_PAGES_WINDOW_LEAST_NS && part % PART_BYTES == 0);
                if (s->roles[0].op == LB_OP_TOUCH) /* no window walks through more than its part */
                    assert_true(1.2 * ns / LB_FAULT_NS * 4096 <= (double)part * 1.001);
            }
    assert_int_equal(lb_pages_fit(&lb_scenarios[LB_SCENARIO_MAP], 2, 255 * mib, &why, &part, &ns),
                     -ERANGE);
    assert_int_equal(lb_pages_fit(&lb_scenarios[LB_SCENARIO_MAP], 2, 256 * mib, &why, &part, &ns),
                     0);
    assert_int_equal(part, LB_REMAP_BYTES);
    assert_int_equal(
        lb_pages_fit(&lb_scenarios[LB_SCENARIO_FILE_PRIVATE], 2, 511 * mib, &why, &part, &ns),
        -ERANGE);
    assert_int_equal(lb_pages_fit(&lb_scenarios[LB_SCENARIO_MAPPER], 64, mib, &why, &part, &ns), 0);
}

/* Plans ------------------------------------------------------------------------------------- */

static struct lb_plan *plan_of(struct lb_topology *t, uint64_t most, const enum lb_home *home,
                               struct lb_why *why)
{
    const struct lb_scenario *scenarios[] = {
        &lb_scenarios[LB_SCENARIO_PFT], &lb_scenarios[LB_SCENARIO_FAULT_BARE],
        &lb_scenarios[LB_SCENARIO_PRIVATE], &lb_scenarios[LB_SCENARIO_MAP],
        &lb_scenarios[LB_SCENARIO_FAULT_MAP]};
    const double work = 0;
    const int threads[] = {1, 2};
    struct lb_request r = {.suite = "fault",
                           .scenarios = scenarios,
                           .n_scenarios = LB_COUNT(scenarios),
                           .threads = threads,
                           .n_threads = LB_COUNT(threads),
                           .work_ns = &work,
                           .n_work_ns = 1,
                           .homes = home,
                           .n_homes = home ? 1 : 0,
                           .memory_bytes = most,
                           .first_touch = true};
    struct lb_plan *p = NULL;

    lb_plan_create(&r, t, why, &p);
    return p;
}

static void test_plan(void **state)
{
    struct lb_topology *t;
    struct lb_why why = {""};
    struct lb_plan *p;
    int first = 0, bare = 0, map = 0;

    (void)state;
    assert_int_equal(lb_topology_load("core:2 pu:1", &why, &t), 0);
    p = plan_of(t, (uint64_t)128 << 20, NULL, &why);
    assert_non_null(p);
    for (size_t i = 0; i < p->n_cases; i++) {
        const struct lb_case *c = &p->cases[i];
        char name[192];
        lb_case_name(p, c, name, sizeof name);
        first += lb_case_is_first(c);
        map += c->shape.scenario->kind == LB_SCENARIO_MAP;
        if (lb_case_is_first(c)) {
            assert_true(c->empty < 0 && c->base < 0);
            assert_non_null(strstr(name, "/first/"));
        }
        if (c->shape.scenario->kind != LB_SCENARIO_FAULT_BARE)
            continue;
        bare++;
        assert_false(lb_case_is_subject(c));
        assert_true(c->base >= 0);
        assert_int_equal(p->cases[c->base].shape.scenario->kind, LB_SCENARIO_PFT);
        assert_int_equal(p->cases[c->base].placement, c->placement);
        assert_false(lb_case_is_first(&p->cases[c->base]));
    }
    assert_int_equal(first, 4); /* pft and private, on one thread and on two */
    assert_int_equal(bare, 2);
    assert_int_equal(map, 1);          /* on two threads it needs 256 MiB */
    assert_int_equal(p->n_refused, 2); /* that, and fault-map on one thread */
    lb_plan_destroy(p);
    assert_null(plan_of(t, 1 << 20, NULL, &why));
    assert_non_null(strstr(why.text, "--memory"));
    lb_topology_destroy(t);
}

static void test_plan_of_other_homes(void **state)
{
    const enum lb_home remote = LB_HOME_REMOTE;
    struct lb_topology *t;
    struct lb_why why = {""};

    (void)state;
    assert_int_equal(lb_topology_load("pack:2 [numa] core:2 pu:1", &why, &t), 0);
    assert_null(plan_of(t, (uint64_t)4 << 30, &remote, &why));
    assert_non_null(strstr(why.text, "--home"));
    lb_topology_destroy(t);
}

/* Windows ----------------------------------------------------------------------------------- */

static enum lb_spoiled window(struct scene *s, enum lb_op op, int faults_op,
                              struct lb_thread_result *r)
{
    struct lb_clock clock;
    struct lb_crew *crew;
    int pu_os = sched_getcpu();
    struct lb_thread_plan thread = {.loop = lb_hot_find(op, LB_LOCK_RWSEM40, false, false),
                                    .x = {s->sites[0].x[0]},
                                    .op_ns = 1000,
                                    .faults_op = faults_op};
    struct lb_window_plan plan = {.threads = &thread,
                                  .n_threads = 1,
                                  .window_ns = LB_WINDOW_NS,
                                  .keep_gaps = true,
                                  .check_faults = true};
    enum lb_spoiled spoiled;

    assert_int_equal(lb_clock_init(LB_CLOCK_TSC, &clock), 0);
    assert_int_equal(lb_crew_create(&clock, &pu_os, NULL, 1, NULL, &crew), 0);
    assert_int_equal(lb_crew_window(crew, &plan, r, &spoiled), 0);
    assert_int_equal(lb_crew_window(crew, &plan, r, &spoiled), 0); /* with all code there */
    lb_crew_destroy(crew);
    return spoiled;
}

static void test_windows_count_faults(void **state)
{
    struct scene s = placed(LB_SCENARIO_PFT, 1);
    struct lb_thread_result r;

    (void)state;
    enum lb_spoiled spoiled = window(&s, LB_OP_TOUCH, 1, &r);
    assert_true(r.total_ops > 0);
    assert_faults((long)(r.account.minor_faults + r.account.major_faults), r.total_ops);
    if (!SANITIZED)
        assert_int_not_equal(spoiled, LB_SPOILED_FAULTS);
    /* More than what the op says. */
    spoiled = window(&s, LB_OP_TOUCH, 0, &r);
    assert_true(spoiled == LB_SPOILED_FAULTS || r.total_ops <= LB_FAULTS_MORE);
    /* Fewer: as when a huge page comes in one fault. */
    assert_int_equal(window(&s, LB_OP_EMPTY, 1, &r), LB_SPOILED_FAULTS);
    assert_string_equal(lb_spoiled_name(LB_SPOILED_FAULTS), "faults");
    release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_touch_is_one_fault),
        cmocka_unit_test(test_mappers_do_not_fault),
        cmocka_unit_test(test_forms_agree),
        cmocka_unit_test(test_parts_come_round),
        cmocka_unit_test(test_private_mappings_are_apart),
        cmocka_unit_test(test_protect_splits_the_mapping),
        cmocka_unit_test(test_files_cannot_be_cut),
        cmocka_unit_test(test_huge_pages_are_refused),
        cmocka_unit_test(test_nothing_is_left),
        cmocka_unit_test(test_kept_mappings),
        cmocka_unit_test(test_calls_that_fail),
        cmocka_unit_test(test_old_kernels_fill_files),
        cmocka_unit_test(test_memory_ends_half_way),
        cmocka_unit_test(test_remapping_fails),
        cmocka_unit_test(test_mapping_fails),
        cmocka_unit_test(test_part_sizes),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_plan_of_other_homes),
        cmocka_unit_test(test_windows_count_faults),
    };

    return cmocka_run_group_tests(tests, make_arena, drop_arena);
}
