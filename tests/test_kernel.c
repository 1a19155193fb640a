/* SPDX-License-Identifier: MIT
 *
 * kernel: made-up trees of several kernels, good and bad.
 */
#include <linebounce/kernel.h>

#include "support/kernel_tree.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#if LB_HAVE_ZLIB
#include <zlib.h>
#endif

#include <cmocka.h>

/* Trees ---------------------------------------------------------------------------------------- */

static void take_away(const char *name)
{
    assert_int_equal(remove(place_in_folder(name)), 0);
}

static void put_618(void)
{
    put_release("6.18.44", CONFIG_LOCK);
    put_cache(&(struct cache){"vm_area_struct", 192, 192, 64, 1, 21, 0, 1, 0});
}

/* Kernels -------------------------------------------------------------------------------------- */

static void test_refcount(void **state)
{
    uint64_t counts[LB_KERNEL_BINS];

    (void)state;
    put_618();
    lb_kernel_read(folder, &k);
    assert_string_equal(k.release, "6.18.44");
    assert_int_equal(k.major, 6);
    assert_int_equal(k.minor, 18);
    assert_string_equal(k.config.source, "/boot/config-6.18.44");
    assert_string_equal(lb_kernel_option(&k, "PER_VMA_LOCK"), "y");
    assert_string_equal(lb_kernel_option(&k, "DEBUG_LOCK_ALLOC"), "n");
    assert_string_equal(lb_kernel_option(&k, "X86_L1_CACHE_SHIFT"), "6");
    assert_string_equal(lb_kernel_option(&k, "NUMA"), ""); /* NUMA_BALANCING is there */
    assert_string_equal(lb_kernel_option(&k, "SLUB_DEBUG_ON"), "");
    assert_null(lb_kernel_option(&k, "NO_SUCH_OPTION"));
    assert_string_equal(k.allocator, "SLUB");
    assert_int_equal(k.vma.present, 1);
    assert_string_equal(k.vma.cache, "vm_area_struct");
    assert_false(k.vma.mergeable);
    assert_int_equal(k.vma.n_shared, 0);
    assert_int_equal(k.vma.object_bytes, 192);
    assert_int_equal(k.vma.hwcache_align, 1);
    assert_int_equal(k.vma.typesafe_by_rcu, 1);
    assert_int_equal(k.vma.objects, 2646);
    assert_string_equal(k.vma.note, "");
    assert_int_equal(k.lock.present, 0);
    assert_int_equal(k.generation, LB_VMA_LOCK_REFCOUNT);
    assert_has(k.evidence, "type-safe by RCU");
    assert_int_equal(lb_kernel_pages_per_1000(&k.vma), 48);
    assert_int_equal(lb_kernel_residues(&k.vma, 64, counts), 0);
    assert_int_equal(counts[0], 21);
    assert_int_equal(lb_kernel_residues(&k.vma, 128, counts), 0);
    assert_int_equal(counts[0], 11);
    assert_int_equal(counts[8], 10);
    assert_int_equal(lb_kernel_residues(&k.vma, 32, counts), -EINVAL);
}

static void test_separate(void **state)
{
    static const unsigned expected[][2] = {{0, 12}, {16, 11}, {32, 11}, {48, 12}};
    uint64_t counts[LB_KERNEL_BINS];

    (void)state;
    put_68();
    lb_kernel_read(folder, &k);
    assert_int_equal(k.generation, LB_VMA_LOCK_SEPARATE);
    assert_true(k.vma.mergeable);
    assert_int_equal(k.vma.n_shared, 0);
    assert_string_equal(k.vma.cache, ":A-0000176");
    assert_int_equal(lb_kernel_residues(&k.vma, 64, counts), 0);
    for (size_t i = 0; i < LB_COUNT(expected); i++)
        assert_int_equal(counts[expected[i][0] / 8], expected[i][1]);
    /* Published: 54 pages for both (history of the lock, 176 and 40 bytes). */
    assert_int_equal(lb_kernel_pages_per_1000(&k.vma) + lb_kernel_pages_per_1000(&k.lock), 54);
    assert_int_equal(lb_kernel_residues(&k.lock, 64, counts), 0);
    for (size_t i = 0; i < 8; i++)
        assert_uint_in_range(counts[i], 12, 13);

    char *text = draw(NULL);
    assert_has(text, "separate: an rwsem in an object of its own");
    assert_has(text, "modulo 64, in a slab of 46 (computed):\n"
                     "@[16]: 11\n@[32]: 11\n@[0]: 12\n@[48]: 12\n");
    assert_has(text, "54 pages of 4 KiB per 1000 VMAs with their locks\n");
    free(text);
}

static void test_none(void **state)
{
    (void)state;
    put_release("6.1.0-40-amd64", CONFIG_COMMON);
    put_cache(&(struct cache){":A-0000152", 152, 152, 8, 0, 26, 0, 0, 0});
    put_link(SLAB "vm_area_struct", ":A-0000152");
    lb_kernel_read(folder, &k);
    assert_int_equal(k.generation, LB_VMA_LOCK_NONE);
    assert_has(k.evidence, "not in the configuration");
    assert_int_equal(k.lock.present, 0);
    char *text = draw(NULL);
    assert_has(text, "vma_lock: no such cache");
    free(text);
}

static void test_merged(void **state)
{
    (void)state;
    put_release("6.8.0", CONFIG_LOCK);
    put_cache(&(struct cache){":0000256", 256, 256, 8, 0, 16, 0, 0, 0});
    put_link(SLAB "vm_area_struct", ":0000256");
    put_link(SLAB "kmalloc-like", ":0000256");
    put_link(SLAB "aio_kiocb", ":0000256");
    put_link(SLAB "another", ":0000512");
    lb_kernel_read(folder, &k);
    assert_string_equal(k.vma.cache, ":0000256");
    assert_int_equal(k.vma.n_shared, 2);
    assert_string_equal(k.vma.shared, "aio_kiocb, kmalloc-like");
    /* Its size is the largest of three, so it tells nothing about the lock. */
    assert_int_equal(k.generation, LB_VMA_LOCK_UNKNOWN);
    char *text = draw(NULL);
    assert_has(text, "merged: it is :0000256, shared with 2 others: aio_kiocb, kmalloc-like\n");
    assert_has(text, "256 bytes (the largest of those that share)");
    free(text);
}

static void test_merged_with_one(void **state)
{
    (void)state;
    put_release("6.8.0", CONFIG_LOCK);
    put_cache(&(struct cache){":0000256", 256, 256, 8, 0, 16, 0, 0, 0});
    put_link(SLAB "vm_area_struct", ":0000256");
    put_link(SLAB "aio_kiocb", ":0000256");
    lb_kernel_read(folder, &k);
    char *text = draw(NULL);
    assert_has(text, "shared with 1 other: aio_kiocb\n");
    free(text);
}

static void test_many_sharers(void **state)
{
    (void)state;
    put_68();
    for (int i = 0; i < 40; i++) {
        char name[64];
        snprintf(name, sizeof name, SLAB "a_long_name_of_a_cache_%02d", i);
        put_link(name, ":A-0000176");
    }
    lb_kernel_read(folder, &k);
    assert_int_equal(k.vma.n_shared, 40);
    assert_string_equal(k.vma.shared + strlen(k.vma.shared) - 5, ", ...");
}

#define SLABINFO                                                                                   \
    "slabinfo - version: 2.1\n"                                                                    \
    "# name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables\n"           \
    "vma_lock            2000   2040     40  102    1 : tunables    0    0    0\n"                 \
    "vm_area_struct_2    2646   2667    200   20    1 : tunables    0    0    0\n"                 \
    "vm_area_struct      2646   2668    176   46    2 : tunables    0    0    0\n"

static void test_other_allocator(void **state)
{
    (void)state;
    put_release("6.6.1", "CONFIG_SLAB=y\n# CONFIG_SLUB is not set\nCONFIG_PER_VMA_LOCK=y\n");
    put("/sys/kernel/fscaps", "1\n");
    put("/proc/slabinfo", SLABINFO);
    lb_kernel_read(folder, &k);
    assert_string_equal(k.allocator, "SLAB");
    assert_string_equal(k.vma.source, "slabinfo");
    assert_int_equal(k.vma.stride_bytes, 176);
    assert_int_equal(k.vma.order, 1);
    assert_int_equal(k.vma.object_bytes, -1);
    assert_int_equal(lb_kernel_pages_per_1000(&k.vma), 44);
    assert_false(k.vma.placed);
    assert_has(k.vma.note, "the allocator is not SLUB");
    assert_has(k.vma.note, "SLAB colours its slabs");
    assert_int_equal(k.generation, LB_VMA_LOCK_SEPARATE);
    char *text = draw(NULL);
    assert_has(text, "modulo 64 not known");
    free(text);
}

static void test_no_folder(void **state)
{
    static const struct {
        const char *config, *made, *words;
    } cases[] = {
        {CONFIG_LOCK, NULL, "sysfs is not mounted"},
        {CONFIG_LOCK, "/sys/kernel/fscaps", "the reason is not known"},
        {"CONFIG_SLUB=y\n# CONFIG_SLUB_DEBUG is not set\nCONFIG_PER_VMA_LOCK=y\n", NULL,
         "SLUB without SLUB_DEBUG"},
    };

    (void)state;
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        put_release("6.8.0", cases[i].config);
        if (cases[i].made)
            put(cases[i].made, "1\n");
        lb_kernel_read(folder, &k);
        assert_int_equal(k.vma.present, -1);
        assert_int_equal(k.lock.present, -1);
        assert_has(k.vma.note, cases[i].words);
        assert_has(k.vma.note, "/proc/slabinfo: No such file");
        assert_int_equal(k.generation, LB_VMA_LOCK_UNKNOWN);
        char *text = draw(NULL);
        assert_has(text, "vm_area_struct: not known whether there is one\n");
        free(text);
    }
    /* A merged cache is in slabinfo by another name, or not at all. */
    put("/proc/slabinfo", "slabinfo - version: 2.1\nvma_lockx 1 2 40 102 1\n");
    lb_kernel_read(folder, &k);
    assert_int_equal(k.lock.present, -1);
    assert_has(k.lock.note, "which a merged cache is not either");
}

static void test_nothing(void **state)
{
    (void)state;
    lb_kernel_read(folder, &k);
    assert_string_equal(k.release, "");
    assert_int_equal(k.major, -1);
    assert_string_equal(k.config.source, "");
    assert_has(k.config.note, "the release is not known");
    assert_null(lb_kernel_option(&k, "SLUB"));
    assert_string_equal(k.allocator, "");
    assert_string_equal(k.lockdown, "");
    assert_has(k.lockdown_note, "No such file");
    assert_int_equal(k.symbols.per_vma, -1);
    assert_int_equal(k.generation, LB_VMA_LOCK_UNKNOWN);
    assert_int_equal(lb_kernel_pages_per_1000(&k.vma), -1);
    free(draw(NULL));
}

/* Reading -------------------------------------------------------------------------------------- */

/* What a user who is not root sees: names, not contents. */
static void test_not_root(void **state)
{
    bool was_root = !geteuid();

    (void)state;
    put_68();
    assert_int_equal(chmod(place_in_folder(SLAB ":A-0000176/object_size"), 0), 0);
    for (const char *const *file = (const char *const[]){"slab_size", "align", "objs_per_slab",
                                                         "order", "destroy_by_rcu", NULL};
         *file; file++) {
        char name[160];
        snprintf(name, sizeof name, SLAB ":A-0000176/%s", *file);
        assert_int_equal(chmod(place_in_folder(name), 0), 0);
    }
    if (was_root)
        assert_int_equal(seteuid(65534), 0);
    lb_kernel_read(folder, &k);
    if (was_root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(k.vma.object_bytes, -1);
    assert_int_equal(k.vma.stride_bytes, 176); /* of the folder's name */
    assert_int_equal(k.vma.per_slab, -1);
    assert_string_equal(k.vma.note, "object_size and others: wants root");
    assert_false(k.vma.sized);
    assert_int_equal(k.generation, LB_VMA_LOCK_SEPARATE);
    char *text = draw(NULL);
    assert_has(text, "? bytes, aligned to ?, cache-line flag off, every 176 bytes\n");
    free(text);
}

static void test_odd_numbers(void **state)
{
    static const char *const odd[] = {"19x\n", "", "-3\n", "99999999999999999999\n", " 5\n", "\n"};

    (void)state;
    put_618();
    for (size_t i = 0; i < LB_COUNT(odd); i++) {
        put(SLAB "vm_area_struct/objs_per_slab", odd[i]);
        lb_kernel_read(folder, &k);
        assert_int_equal(k.vma.per_slab, -1);
        assert_int_equal(k.vma.object_bytes, 192);
        assert_has(k.vma.note, "objs_per_slab: no number");
        assert_false(k.vma.sized);
    }
    static const char *const wrong[] = {"22\n", "0\n", "4000000000\n"};
    for (size_t i = 0; i < LB_COUNT(wrong); i++) {
        put(SLAB "vm_area_struct/objs_per_slab", wrong[i]);
        lb_kernel_read(folder, &k);
        if (sysconf(_SC_PAGESIZE) == 4096 || i > 0)
            assert_has(k.vma.note, "the numbers do not go together");
    }
    put(SLAB "vm_area_struct/objs_per_slab", "20\n");
    put(SLAB "vm_area_struct/slab_size", "193\n");
    lb_kernel_read(folder, &k);
    assert_false(k.vma.sized);
    put(SLAB "vm_area_struct/slab_size", "200\n");
    put(SLAB "vm_area_struct/order", "63\n");
    lb_kernel_read(folder, &k);
    assert_false(k.vma.sized);
}

/* A folder in place of a file: it can be opened and not read. */
static void test_unreadable(void **state)
{
    (void)state;
    put_618();
    take_away(SLAB "vm_area_struct/order");
    put(SLAB "vm_area_struct/order/inside", "");
    lb_kernel_read(folder, &k);
    assert_int_equal(k.vma.order, -1);
    assert_string_equal(k.vma.note, "order: Is a directory");
    assert_int_equal(k.vma.per_slab, 21);
    take_away(SLAB "vm_area_struct/object_size");
    lb_kernel_read(folder, &k);
    assert_has(k.vma.note, "object_size and others: No such file");
}

static void test_red_zone(void **state)
{
    uint64_t counts[LB_KERNEL_BINS];

    (void)state;
    put_68();
    put_cache(&(struct cache){":A-0000176", 176, 200, 8, 0, 40, 1, 0, 1});
    lb_kernel_read(folder, &k);
    assert_int_equal(k.vma.first_bytes, 8);
    assert_int_equal(lb_kernel_residues(&k.vma, 64, counts), 0);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(counts[i], 5);
    put_cache(&(struct cache){":A-0000176", 176, 256, 64, 1, 32, 1, 0, 1});
    lb_kernel_read(folder, &k);
    assert_int_equal(lb_kernel_residues(&k.vma, 128, counts), 0);
    assert_int_equal(counts[0], 0);
    assert_int_equal(counts[8], 32);
    /* Without the file there are no red zones; with one that says nothing, nobody knows. */
    take_away(SLAB ":A-0000176/red_zone");
    lb_kernel_read(folder, &k);
    assert_true(k.vma.placed);
    put(SLAB ":A-0000176/red_zone", "?");
    lb_kernel_read(folder, &k);
    assert_true(k.vma.sized);
    assert_false(k.vma.placed);
}

static void test_lockdown(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"none [integrity] confidentiality\n", "integrity"},
        {"[none] integrity confidentiality\n", "none"},
        {"none integrity\n", ""},
        {"[a word that is far too long to be one of the states\n", ""},
        {"[a word that is far too long to be one of the states]\n", ""},
    };

    (void)state;
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        put("/sys/kernel/security/lockdown", cases[i].text);
        lb_kernel_read(folder, &k);
        assert_string_equal(k.lockdown, cases[i].expected);
        assert_int_equal(!*k.lockdown_note, !!*cases[i].expected);
    }
}

/* The packed configuration --------------------------------------------------------------------- */

#if LB_HAVE_ZLIB
static size_t pack(const char *text, unsigned char *out, size_t room)
{
    z_stream z = {0};

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)(uintptr_t)text;
    z.avail_in = (unsigned)strlen(text);
    z.next_out = out;
    z.avail_out = (unsigned)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(deflateEnd(&z), Z_OK);
    return z.total_out;
}

static void test_packed(void **state)
{
    unsigned char bytes[4096];
    char text[sizeof CONFIG_LOCK + 64];

    (void)state;
    snprintf(text, sizeof text, "%sCONFIG_NUMA=y\n", CONFIG_LOCK);
    size_t n = pack(text, bytes, sizeof bytes);
    put_618();
    write_bytes(place_in_folder("/proc/config.gz"), bytes, n);
    lb_kernel_read(folder, &k);
    assert_string_equal(k.config.source, "/proc/config.gz");
    assert_string_equal(k.config.note, "");
    assert_string_equal(lb_kernel_option(&k, "NUMA"), "y");

    /* Cut anywhere, or changed: the next source counts, and the note says so. */
    for (size_t cut = 0; cut < n; cut++) {
        write_bytes(place_in_folder("/proc/config.gz"), bytes, cut);
        lb_kernel_read(folder, &k);
        assert_string_equal(k.config.source, "/boot/config-6.18.44");
        assert_string_equal(lb_kernel_option(&k, "NUMA"), "");
        assert_has(k.config.note, "/proc/config.gz: damaged");
    }
    bytes[n / 2] ^= 0x55;
    write_bytes(place_in_folder("/proc/config.gz"), bytes, n);
    lb_kernel_read(folder, &k);
    assert_has(k.config.note, "/proc/config.gz: damaged");
    /* One that is not packed at all. */
    put("/proc/config.gz", CONFIG_LOCK);
    take_away("/boot/config-6.18.44");
    lb_kernel_read(folder, &k);
    assert_string_equal(k.config.source, "");
    assert_null(lb_kernel_option(&k, "PER_VMA_LOCK"));
    assert_has(k.config.note, "/lib/modules/6.18.44/config: No such file");
}

static void test_packed_too_large(void **state)
{
    unsigned char *bytes = malloc(1 << 20);
    char *text = malloc((32 << 20) + 1);

    (void)state;
    assert_non_null(bytes);
    assert_non_null(text);
    memset(text, '#', 32 << 20);
    text[32 << 20] = '\0';
    write_bytes(place_in_folder("/proc/config.gz"), bytes, pack(text, bytes, 1 << 20));
    lb_kernel_read(folder, &k);
    assert_string_equal(k.config.source, "");
    assert_has(k.config.note, "/proc/config.gz: File too large");
    free(text);
    free(bytes);
}
#else

static void test_not_packed(void **state)
{
    (void)state;
    put_618();
    put("/proc/config.gz", "?");
    lb_kernel_read(folder, &k);
    assert_string_equal(k.config.source, "/boot/config-6.18.44");
    assert_has(k.config.note, "this build has no zlib");
}
#endif

static void test_config_lines(void **state)
{
    (void)state;
    put_release("6.8.0",
                "CONFIG_SMP=m\n CONFIG_NUMA=y\n#CONFIG_SWAP is not set\nCONFIG_SLUBX=y\n"
                "CONFIG_SLUB\nCONFIG_KASAN=y # no\nCONFIG_LOCKDEP=far_too_long_a_value_\n");
    lb_kernel_read(folder, &k);
    assert_string_equal(lb_kernel_option(&k, "SMP"), "m");
    assert_string_equal(lb_kernel_option(&k, "NUMA"), "");
    assert_string_equal(lb_kernel_option(&k, "SWAP"), "");
    assert_string_equal(lb_kernel_option(&k, "SLUB"), "");
    assert_string_equal(lb_kernel_option(&k, "LOCKDEP"), "far_too_long_a_");
    put("/boot/config-6.8.0", "nothing of the kind\n");
    lb_kernel_read(folder, &k);
    assert_string_equal(k.config.source, "");
    assert_has(k.config.note, "no configuration in it");
    /* A release that leads elsewhere. */
    put("/proc/sys/kernel/osrelease", "../../proc/sys\n");
    lb_kernel_read(folder, &k);
    assert_string_equal(k.config.source, "");
    assert_int_equal(k.major, -1);
}

/* Generations ---------------------------------------------------------------------------------- */

struct generation {
    const char *release, *config;
    int object, rcu; /* of vm_area_struct; -1: no such file */
    int lock;        /* there is a vma_lock */
    int symbols;     /* -1: no list; bit 0: lock_vma_under_rcu, bit 1: vma_mark_detached,
                           bit 2: a local one */
    enum lb_vma_lock expected;
    const char *evidence;
};

#define CONFIG_DEBUG_LOCKS "CONFIG_PER_VMA_LOCK=y\nCONFIG_DEBUG_LOCK_ALLOC=y\n"
#define CONFIG_OFF         "# CONFIG_PER_VMA_LOCK is not set\n"

static const struct generation generations[] = {
    /* The RFC of 2024-08: 256 bytes, aligned, no cache for the lock. */
    {"6.11.0-rfc", CONFIG_LOCK, 256, 0, 0, 1, LB_VMA_LOCK_EMBEDDED, "room for an rwsem"},
    {"6.3.0-v1", CONFIG_LOCK, 208, 0, 0, -1, LB_VMA_LOCK_EMBEDDED, "room for an rwsem"},
    {"6.20.0-mine", CONFIG_LOCK, 256, 0, 0, 1, LB_VMA_LOCK_EMBEDDED, "room for an rwsem"},
    /* With lock debugging the size says nothing. */
    {"6.11.0", CONFIG_DEBUG_LOCKS, 256, 0, 0, 1, LB_VMA_LOCK_UNKNOWN, "lock debugging"},
    {"6.11.0", CONFIG_LOCK, 192, 0, 0, 1, LB_VMA_LOCK_UNKNOWN, "few for an rwsem"},
    /* Type-safe before 6.15: either series. */
    {"6.12.0-v5", CONFIG_LOCK, 256, 1, 0, 1, LB_VMA_LOCK_UNKNOWN, "room for an rwsem or a count"},
    {"6.12.0-v10", CONFIG_LOCK, 192, 1, 0, 1, LB_VMA_LOCK_REFCOUNT, "too few for an rwsem"},
    {"6.12.0-v10", CONFIG_LOCK, 256, 1, 0, 3, LB_VMA_LOCK_REFCOUNT, "vma_mark_detached"},
    {"6.12.0", CONFIG_OFF "CONFIG_SLUB=y\n", 192, 1, 0, 0, LB_VMA_LOCK_NONE, "PER_VMA_LOCK is n"},
    {"6.18.0-mine", CONFIG_LOCK, 256, 1, 0, 1, LB_VMA_LOCK_UNKNOWN, "room for an rwsem or a count"},
    {"6.18.0", CONFIG_LOCK, 256, 1, 0, 3, LB_VMA_LOCK_REFCOUNT, "vma_mark_detached"},
    /* A local copy of an inline function is not the refcount's. */
    {"6.11.0", CONFIG_LOCK, 256, 0, 0, 5, LB_VMA_LOCK_EMBEDDED, "no function vma_mark_detached"},
    /* Fields that are configured away make room. */
    {"6.12.0", "CONFIG_PER_VMA_LOCK=y\n# CONFIG_DEBUG_LOCK_ALLOC is not set\n", 192, 1, 0, 1,
     LB_VMA_LOCK_UNKNOWN, "either"},
    {"5.14.0-503.el9", CONFIG_LOCK, 216, 0, 1, -1, LB_VMA_LOCK_SEPARATE, "a backport"},
    {"6.16.0-back", CONFIG_LOCK, 176, 0, 1, -1, LB_VMA_LOCK_SEPARATE, "a patched kernel"},
    {"6.8.0", NULL, 176, 0, 1, -1, LB_VMA_LOCK_SEPARATE, "neither configuration nor symbols"},
    /* Contradictions. */
    {"6.8.0", CONFIG_OFF, 176, 0, 1, -1, LB_VMA_LOCK_UNKNOWN, "nothing should use it"},
    {"6.8.0", CONFIG_LOCK, 192, 1, 1, -1, LB_VMA_LOCK_UNKNOWN, "contradicts it: vm_area_struct"},
    {"6.8.0", NULL, 192, 0, 1, 3, LB_VMA_LOCK_UNKNOWN, "contradicts it: the function"},
    /* Without a configuration. */
    {"6.1.0", NULL, 152, 0, 0, 0, LB_VMA_LOCK_NONE, "no function lock_vma_under_rcu"},
    {"6.18.0", NULL, 192, 1, 0, 1, LB_VMA_LOCK_REFCOUNT, "the release is from 6.15"},
    {"6.18.0", NULL, 192, 1, 0, -1, LB_VMA_LOCK_UNKNOWN, "neither"},
    /* Not root: the flag cannot be read, the symbols can. */
    {"6.18.0", CONFIG_LOCK, -1, -1, 0, 3, LB_VMA_LOCK_REFCOUNT, "vma_mark_detached"},
    {"6.18.0", CONFIG_LOCK, -1, -1, 0, -1, LB_VMA_LOCK_UNKNOWN, "as what is not known"},
};

static void test_generations(void **state)
{
    for (size_t i = 0; i < LB_COUNT(generations); i++) {
        const struct generation *g = &generations[i];
        put_release(g->release, g->config);
        put_cache(&(struct cache){"vm_area_struct", g->object, g->object < 0 ? -1 : 256, 64, 1, 16,
                                  0, g->rcu, 0});
        if (g->lock)
            put_cache(&(struct cache){"vma_lock", 40, 40, 8, 0, 102, 0, 0, 0});
        if (g->symbols >= 0)
            put_symbols(g->symbols);
        lb_kernel_read(folder, &k);
        if (k.generation != g->expected)
            fail_msg("row %zu, %s: %s, not %s: %s", i, g->release, lb_vma_lock_name(k.generation),
                     lb_vma_lock_name(g->expected), k.evidence);
        assert_has(k.evidence, g->evidence);
        assert_int_equal(remove_folder(state), 0);
        assert_int_equal(make_folder(state), 0);
    }
}

static void test_names(void **state)
{
    (void)state;
    for (enum lb_vma_lock lock = 0; lock < LB_VMA_LOCKS; lock++) {
        assert_true(lb_vma_lock_name(lock)[0]);
        assert_true(lb_vma_lock_meaning(lock)[0]);
    }
}

/* The text ---------------------------------------------------------------------------------------
 */

static void test_draw_is_cut(void **state)
{
    char text[100];

    (void)state;
    put_618();
    lb_kernel_read(folder, &k);
    memset(text, 'x', sizeof text);
    int length = lb_kernel_draw(&k, NULL, text, 50);
    assert_true(length > 500);
    assert_int_equal(strlen(text), 49);
    assert_int_equal(text[50], 'x');
    assert_int_equal(lb_kernel_draw(&k, NULL, NULL, 0), length);
}

/* The machine itself: whatever it shows, nothing breaks. */
static void test_here(void **state)
{
    (void)state;
    lb_kernel_read(NULL, &k);
    assert_true(k.release[0]);
    assert_true(k.evidence[0]);
    free(draw(NULL));
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_refcount),
        TEST(test_separate),
        TEST(test_none),
        TEST(test_merged),
        TEST(test_merged_with_one),
        TEST(test_many_sharers),
        TEST(test_other_allocator),
        TEST(test_no_folder),
        TEST(test_nothing),
        TEST(test_not_root),
        TEST(test_odd_numbers),
        TEST(test_unreadable),
        TEST(test_red_zone),
        TEST(test_lockdown),
#if LB_HAVE_ZLIB
        TEST(test_packed),
        TEST(test_packed_too_large),
#else
        TEST(test_not_packed),
#endif
        TEST(test_config_lines),
        TEST(test_generations),
        cmocka_unit_test(test_names),
        TEST(test_draw_is_cut),
        cmocka_unit_test(test_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
