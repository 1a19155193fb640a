/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "machine/arena_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef LB_HAVE_NUMA
#define LB_HAVE_NUMA 0
#endif

#define MIB ((size_t)1 << 20)

static struct lb_slab slab_of(size_t object_bytes, size_t align_bytes, unsigned order)
{
    struct lb_slab slab;

    assert_int_equal(lb_slab_init(object_bytes, align_bytes, order, &slab), 0);
    return slab;
}

static void slab_geometry(void **state)
{
    /* 1000 objects in whole slabs: 22 of 46, 10 of 102, 26 of 39, ... */
    const struct {
        size_t object_bytes, align_bytes;
        unsigned order;
        size_t stride_bytes;
        unsigned per_slab, residues_64;
        size_t pages_of_1000;
    } rows[] = {
        {176, 8, 1, 176, 46, 4, 44},  {40, 8, 0, 40, 102, 8, 10},    {208, 16, 1, 208, 39, 4, 52},
        {256, 8, 1, 256, 32, 1, 64},  {192, 64, 1, 192, 42, 1, 48},  {176, 64, 1, 192, 42, 1, 48},
        {216, 64, 1, 256, 32, 1, 64}, {384, 128, 1, 384, 21, 1, 96}, {40, 64, 0, 64, 64, 1, 16},
        {56, 8, 0, 56, 73, 8, 14},
    };

    (void)state;
    for (size_t i = 0; i < LB_COUNT(rows); i++) {
        struct lb_slab slab = slab_of(rows[i].object_bytes, rows[i].align_bytes, rows[i].order);

        assert_int_equal(slab.object_bytes, rows[i].object_bytes);
        assert_int_equal(slab.align_bytes, rows[i].align_bytes);
        assert_int_equal(slab.stride_bytes, rows[i].stride_bytes);
        assert_int_equal(slab.slab_bytes, LB_SLAB_PAGE_BYTES << rows[i].order);
        assert_int_equal(slab.per_slab, rows[i].per_slab);
        assert_int_equal(lb_slab_residues(&slab, 64), rows[i].residues_64);
        assert_int_equal(lb_slab_pages(&slab, 1000), rows[i].pages_of_1000);
    }
}

static void small_objects_share_a_line(void **state)
{
    struct lb_slab slab;

    (void)state;
    slab = slab_of(32, 64, 0);
    assert_int_equal(slab.align_bytes, 32);
    assert_int_equal(slab.stride_bytes, 32);
    assert_int_equal(slab.per_slab, 128);
    assert_int_equal(lb_slab_residues(&slab, 64), 2);
    assert_int_equal(slab_of(33, 64, 0).stride_bytes, 64);
    assert_int_equal(slab_of(16, 64, 0).stride_bytes, 16);
    assert_int_equal(slab_of(4, 64, 0).stride_bytes, 8);
    /* Alignments other than the line's are meant as written. */
    assert_int_equal(slab_of(32, 128, 0).stride_bytes, 128);
    assert_int_equal(slab_of(8, 16, 0).stride_bytes, 16);
    assert_int_equal(slab_of(4, 8, 0).stride_bytes, 8);
    assert_int_equal(slab_of(4, 8, 0).per_slab, 512);
}

static void objects_stay_in_their_slab(void **state)
{
    const size_t sizes[][2] = {{176, 8}, {208, 16}, {192, 64}, {384, 128},
                               {40, 8},  {32, 64},  {4, 8}};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(sizes); i++) {
        for (unsigned order = 0; order < 3; order++) {
            struct lb_slab slab = slab_of(sizes[i][0], sizes[i][1], order);
            size_t end = 0;

            for (size_t index = 0; index < 3 * slab.per_slab + 1; index++) {
                size_t first = lb_slab_offset(&slab, index), last = first + slab.object_bytes - 1;

                assert_int_equal(first / slab.slab_bytes, index / slab.per_slab);
                assert_int_equal(last / slab.slab_bytes, index / slab.per_slab);
                assert_int_equal(first % slab.align_bytes, 0);
                assert_true(first >= end);
                end = last + 1;
                assert_true(end <= lb_slab_footprint(&slab, index + 1));
            }
        }
    }
}

/* Starts of whole slabs' objects modulo a line: each of the four comes as often as the others, but
 * for the remainder of 46 by 4. */
static void residues_come_equally(void **state)
{
    struct lb_slab slab = slab_of(176, 8, 1);
    unsigned seen[64] = {0};

    (void)state;
    for (size_t index = 0; index < 2 * slab.per_slab; index++)
        seen[lb_slab_offset(&slab, index) % 64]++;
    for (unsigned residue = 0; residue < 64; residue++) {
        if (residue % 16)
            assert_int_equal(seen[residue], 0);
        else
            assert_uint_in_range(seen[residue], 2 * 11, 2 * 12);
    }
    /* They start anew in each slab. */
    assert_int_equal(lb_slab_offset(&slab, 46), 8192);
    assert_int_equal(lb_slab_offset(&slab, 47), 8192 + 176);
}

static unsigned count_residues(const struct lb_slab *slab, unsigned modulus)
{
    static unsigned char seen[1 << 15];
    unsigned found = 0;

    memset(seen, 0, sizeof seen);
    for (size_t index = 0; index < 16 * (size_t)slab->per_slab; index++) {
        unsigned char *mark = &seen[lb_slab_offset(slab, index) % modulus];

        found += !*mark;
        *mark = 1;
    }
    return found;
}

static void residues_match_a_count(void **state)
{
    const size_t sizes[][2] = {{176, 8}, {208, 16}, {192, 64}, {40, 8},
                               {4, 8},   {3000, 8}, {4096, 64}};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(sizes); i++) {
        struct lb_slab slab = slab_of(sizes[i][0], sizes[i][1], 0);

        for (unsigned modulus = 1; modulus <= 1 << 15; modulus *= 2)
            assert_int_equal(lb_slab_residues(&slab, modulus), count_residues(&slab, modulus));
        assert_int_equal(lb_slab_residues(&slab, 0), 0);
        assert_int_equal(lb_slab_residues(&slab, 48), 0);
    }
}

static void slab_refusals(void **state)
{
    struct lb_slab slab, before;

    (void)state;
    memset(&slab, 0x5a, sizeof slab);
    before = slab;
    assert_int_equal(lb_slab_init(0, 8, 0, &slab), -EINVAL);
    assert_int_equal(lb_slab_init(40, 0, 0, &slab), -EINVAL);
    assert_int_equal(lb_slab_init(40, 4, 0, &slab), -EINVAL);
    assert_int_equal(lb_slab_init(40, 24, 0, &slab), -EINVAL);
    assert_int_equal(lb_slab_init(4097, 8, 0, &slab), -EINVAL);
    assert_int_equal(lb_slab_init(SIZE_MAX, 8, 1, &slab), -EINVAL);
    assert_int_equal(lb_slab_init(40, 8192, 0, &slab), -EINVAL);
    assert_int_equal(lb_slab_init(40, 8, 11, &slab), -EINVAL);
    assert_int_equal(lb_slab_init(40, 8, 70, &slab), -EINVAL);
    assert_memory_equal(&slab, &before, sizeof slab);
    assert_int_equal(lb_slab_init(4096, 4096, 0, &slab), 0);
    assert_int_equal(slab.per_slab, 1);
}

static void footprint_in_whole_slabs(void **state)
{
    struct lb_slab slab = slab_of(176, 8, 1);

    (void)state;
    assert_int_equal(lb_slab_footprint(&slab, 0), 0);
    assert_int_equal(lb_slab_pages(&slab, 0), 0);
    assert_int_equal(lb_slab_footprint(&slab, 1), 8192);
    assert_int_equal(lb_slab_footprint(&slab, 46), 8192);
    assert_int_equal(lb_slab_footprint(&slab, 47), 16384);
}

static void shuffle_is_a_permutation(void **state)
{
    enum { N = 1000 };
    static uint32_t order[N], again[N], other[N];
    unsigned seen[N] = {0}, in_place = 0;

    (void)state;
    lb_slab_shuffle(7, order, N);
    lb_slab_shuffle(7, again, N);
    lb_slab_shuffle(8, other, N);
    for (size_t i = 0; i < N; i++) {
        assert_true(order[i] < N);
        seen[order[i]]++;
        in_place += order[i] == i;
    }
    for (size_t i = 0; i < N; i++)
        assert_int_equal(seen[i], 1);
    assert_true(in_place < 20);
    assert_memory_equal(order, again, sizeof order);
    assert_memory_not_equal(order, other, sizeof order);
    lb_slab_shuffle(7, order, 0);
    lb_slab_shuffle(7, order, 1);
    assert_int_equal(order[0], 0);
}

/* Worked out apart from this code, from the definitions of splitmix64 and Fisher-Yates. */
static void shuffle_is_the_same_everywhere(void **state)
{
    const uint32_t of_1[10] = {9, 0, 1, 4, 8, 2, 3, 7, 6, 5};
    const uint32_t of_42[10] = {8, 3, 6, 5, 4, 0, 9, 2, 1, 7};
    uint32_t order[10];
    uint64_t zero = 0;

    (void)state;
    assert_true(lb_random(&zero) == 0xe220a8397b1dcdafu);
    lb_slab_shuffle(1, order, 10);
    assert_memory_equal(order, of_1, sizeof order);
    lb_slab_shuffle(42, order, 10);
    assert_memory_equal(order, of_42, sizeof order);
}

/* Every order of three equally often: a naive swap with any position would give 4 : 5. */
static void shuffle_is_fair(void **state)
{
    unsigned seen[27] = {0};

    (void)state;
    for (uint64_t seed = 0; seed < 60000; seed++) {
        uint32_t order[3];

        lb_slab_shuffle(seed, order, 3);
        seen[order[0] * 9 + order[1] * 3 + order[2]]++;
    }
    const unsigned orders[] = {5, 7, 11, 15, 19, 21};
    for (size_t i = 0; i < LB_COUNT(orders); i++)
        assert_uint_in_range(seen[orders[i]], 9600, 10400);
}

static void assert_zeroed(const struct lb_arena_info *info)
{
    const unsigned char *bytes = info->base;

    for (size_t i = 0; i < info->bytes; i++) {
        if (bytes[i])
            fail_msg("byte %zu is %d", i, bytes[i]);
    }
}

static void arena_is_aligned_and_zeroed(void **state)
{
    const size_t sizes[] = {1, 4096, 100000, 2 * MIB, 5 * MIB + 1};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(sizes); i++) {
        struct lb_arena *arena = NULL;
        struct lb_arena_info info;

        assert_int_equal(lb_arena_create(sizes[i], -1, NULL, &arena), 0);
        lb_arena_info(arena, &info);
        assert_int_equal((uintptr_t)info.base % (2 * MIB), 0);
        assert_true(info.bytes >= sizes[i] && info.bytes < sizes[i] + info.page_bytes);
        assert_int_equal(info.bytes % info.page_bytes, 0);
        assert_int_equal(info.node_os, -1);
        assert_false(info.node_bound);
        assert_false(info.node_verified);
        assert_true(info.huge == (info.note[0] == '\0'));
        assert_zeroed(&info);
        memset(info.base, 0xff, info.bytes);
        lb_arena_destroy(arena);
    }
    lb_arena_destroy(NULL);
}

/* True when the page is mapped and yet cannot be read. */
static bool is_guard(char *page, size_t page_bytes)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    ssize_t written = write(ends[1], page, 1);
    int err = errno;
    close(ends[0]);
    close(ends[1]);
    return written < 0 && err == EFAULT && !madvise(page, page_bytes, MADV_NORMAL);
}

static void arena_has_guards(void **state)
{
    const size_t sizes[] = {1, 2 * MIB};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(sizes); i++) {
        struct lb_arena *arena = NULL;
        struct lb_arena_info info;

        assert_int_equal(lb_arena_create(sizes[i], -1, NULL, &arena), 0);
        lb_arena_info(arena, &info);
        assert_true(is_guard((char *)info.base - info.page_bytes, info.page_bytes));
        assert_true(is_guard((char *)info.base + info.bytes, info.page_bytes));
        assert_false(is_guard(info.base, info.page_bytes));
        lb_arena_destroy(arena);
    }
}

/* Three of one kind, side by side for the kernel: each must still see its own huge pages only. */
static void arenas_do_not_touch(void **state)
{
    struct lb_arena *arenas[3];
    struct lb_arena_info info[3];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(lb_arena_create(4 * MIB, -1, NULL, &arenas[i]), 0);
        lb_arena_info(arenas[i], &info[i]);
        memset(info[i].base, (int)i + 1, info[i].bytes);
        assert_true(info[i].huge == (info[i].note[0] == '\0'));
    }
    for (size_t i = 0; i < 3; i++) {
        const char *bytes = info[i].base;

        assert_int_equal(bytes[0], i + 1);
        assert_int_equal(bytes[info[i].bytes - 1], i + 1);
        for (size_t j = 0; j < i; j++)
            assert_true((uintptr_t)info[i].base >= (uintptr_t)info[j].base + info[j].bytes + 4096 ||
                        (uintptr_t)info[j].base >= (uintptr_t)info[i].base + info[i].bytes + 4096);
        lb_arena_destroy(arenas[i]);
    }
}

#if LB_HAVE_NUMA

static void arena_is_on_the_node_it_claims(void **state)
{
    struct lb_arena *arena = NULL;
    struct lb_arena_info info;
    struct lb_why why = {""};

    (void)state;
    /* A node that surely has memory: the one that an unbound arena lies on. */
    assert_int_equal(lb_arena_create(4096, -1, NULL, &arena), 0);
    lb_arena_info(arena, &info);
    int node_os = lb_arena_node_of(info.base);
    lb_arena_destroy(arena);
    if (node_os < 0) {
        print_message("[ SKIP ] the kernel does not say where memory lies: %s\n",
                      strerror(-node_os));
        skip();
    }
    assert_int_equal(lb_arena_create(3 * MIB, node_os, &why, &arena), 0);
    lb_arena_info(arena, &info);
    assert_int_equal(info.node_os, node_os);
    assert_true(info.node_verified);
    assert_true(info.node_bound == (strstr(info.note, "not bound") == NULL));
    for (size_t at = 0; at < info.bytes; at += info.page_bytes)
        assert_int_equal(lb_arena_node_of((char *)info.base + at + 5), node_os);
    assert_zeroed(&info);
    assert_string_equal(why.text, "");
    lb_arena_destroy(arena);
    assert_true(lb_arena_node_of(NULL) < 0);
}

#define NO_NODE EINVAL
#else

static void arena_is_on_the_node_it_claims(void **state)
{
    struct lb_arena *arena = NULL;
    struct lb_why why = {""};

    (void)state;
    assert_int_equal(lb_arena_create(4096, 0, &why, &arena), -ENOTSUP);
    assert_non_null(strstr(why.text, "libnuma"));
    assert_null(arena);
    assert_int_equal(lb_arena_node_of(&arena), -ENOTSUP);
}

#define NO_NODE ENOTSUP
#endif

static void arena_refusals(void **state)
{
    const struct {
        size_t bytes;
        int node_os, err;
    } rows[] = {
        {0, -1, EINVAL},
        {0, 0, EINVAL},
        {4096, 999, NO_NODE},
        {4096, 1 << 30, NO_NODE},
        {4096, -3, EINVAL},
        {SIZE_MAX, -1, ENOMEM},
        {SIZE_MAX / 2, -1, ENOMEM},
        {(size_t)1 << 46, -1, ENOMEM},
    };

    (void)state;
    for (size_t i = 0; i < LB_COUNT(rows); i++) {
        struct lb_arena *const untouched = (struct lb_arena *)&rows;
        struct lb_arena *arena = untouched;
        struct lb_why why = {""};

        assert_int_equal(lb_arena_create(rows[i].bytes, rows[i].node_os, &why, &arena),
                         -rows[i].err);
        assert_ptr_equal(arena, untouched);
        assert_memory_equal(why.text, "arena: ", 7);
        assert_int_equal(lb_arena_create(rows[i].bytes, rows[i].node_os, NULL, &arena),
                         -rows[i].err);
    }
}

static void judging_the_nodes(void **state)
{
    const int good[] = {1, 1, 1}, wrong[] = {1, -ENOENT, 2}, unknown[] = {1, -ENOENT, -EFAULT};
    struct lb_why why = {""};

    (void)state;
    assert_int_equal(lb_arena_judge_nodes(good, 3, 1, &why), 0);
    assert_int_equal(lb_arena_judge_nodes(unknown, 3, 1, &why), -ENOENT);
    assert_string_equal(why.text, "");
    assert_int_equal(lb_arena_judge_nodes(wrong, 3, 1, &why), -EXDEV);
    assert_non_null(strstr(why.text, "on node 2, not on node 1"));
    assert_int_equal(lb_arena_judge_nodes(good, 3, 0, NULL), -EXDEV);
}

static void counting_huge_pages(void **state)
{
    char text[] = "00400000-00500000 r-xp 00000000 08:01 17  /bin/abc-def\n"
                  "AnonHugePages:      2048 kB\n"
                  "7f0000200000-7f0000600000 rw-p 00000000 00:00 0 \n"
                  "Size:               4096 kB\n"
                  "AnonHugePages:      2048 kB\n"
                  "ShmemPmdMapped:        8 kB\n"
                  "7f0000600000-7f0000800000 rw-p 00000000 00:00 0 \n"
                  "AnonHugePages:      1024 kB\n"
                  "7f0000800000-7f0000a00000 rw-p 00000000 00:00 0 \n"
                  "AnonHugePages:       512 kB\n";
    FILE *smaps = fmemopen(text, sizeof text - 1, "r");

    (void)state;
    assert_non_null(smaps);
    assert_int_equal(lb_arena_huge_bytes(smaps, 0x7f0000200000, 0x7f0000800000), 3 * MIB);
    rewind(smaps);
    /* A mapping that begins before the range is another's too. */
    assert_int_equal(lb_arena_huge_bytes(smaps, 0x7f0000400000, 0x7f0000800000), MIB);
    fclose(smaps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slab_geometry),
        cmocka_unit_test(small_objects_share_a_line),
        cmocka_unit_test(objects_stay_in_their_slab),
        cmocka_unit_test(residues_come_equally),
        cmocka_unit_test(residues_match_a_count),
        cmocka_unit_test(slab_refusals),
        cmocka_unit_test(footprint_in_whole_slabs),
        cmocka_unit_test(shuffle_is_a_permutation),
        cmocka_unit_test(shuffle_is_the_same_everywhere),
        cmocka_unit_test(shuffle_is_fair),
        cmocka_unit_test(arena_is_aligned_and_zeroed),
        cmocka_unit_test(arena_has_guards),
        cmocka_unit_test(arenas_do_not_touch),
        cmocka_unit_test(arena_is_on_the_node_it_claims),
        cmocka_unit_test(arena_refusals),
        cmocka_unit_test(judging_the_nodes),
        cmocka_unit_test(counting_huge_pages),
    };

    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
