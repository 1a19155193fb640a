/* SPDX-License-Identifier: MIT
 *
 * Where a case lies in memory: the draw, sites of every layout and scenario, residues, many
 * objects.
 */
#include <linebounce/scenario.h>

#include "support/scene.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The draw */

static void test_draw_keeps_its_distance(void **state)
{
    struct scene *s = *state;
    static const size_t rooms[] = {128, 4096, 100000, ARENA_BYTES / 8, ARENA_BYTES / 4 - 1024};

    for (size_t r = 0; r < LB_COUNT(rooms); r++)
        for (uint64_t seed = 1; seed < 2000; seed++) {
            size_t room = rooms[r], mm_end;
            uint64_t random = seed;

            assert_int_equal(lb_draw_init(&random, (unsigned)seed, ARENA_BYTES, room, &s->draw), 0);
            assert_int_not_equal(random, seed);
            assert_int_equal(s->draw.turn, seed);
            assert_int_equal(s->draw.lock_lines % LB_LINE_PAIR_BYTES, 0);
            assert_int_equal(s->draw.object_lines % LB_LINE_PAIR_BYTES, 0);
            assert_int_equal(s->draw.mm_offset % LB_APART_BYTES, 0);
            mm_end = s->draw.mm_offset + LB_MM_BYTES;
            /* A slab reaches at most the room to either side of its pair. */
            assert_true(mm_end + room <= s->draw.lock_lines);
            assert_true(s->draw.lock_lines + room <=
                        s->draw.object_lines + LB_LINE_PAIR_BYTES - room % LB_LINE_PAIR_BYTES);
            assert_true(s->draw.object_lines + room <= ARENA_BYTES);
        }
}

static void test_draw_depends_on_the_seed_alone(void **state)
{
    struct lb_draw a, b;
    uint64_t x = 5, y = 5, z = 6;

    (void)state;
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    assert_int_equal(lb_draw_init(&x, 3, ARENA_BYTES, 4096, &a), 0);
    assert_int_equal(lb_draw_init(&y, 3, ARENA_BYTES, 4096, &b), 0);
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(x, y);
    assert_int_equal(lb_draw_init(&z, 3, ARENA_BYTES, 4096, &b), 0);
    assert_int_not_equal(a.lock_lines, b.lock_lines);
    assert_int_not_equal(a.seed, b.seed);
    /* The next round is another. */
    assert_int_equal(lb_draw_init(&x, 4, ARENA_BYTES, 4096, &b), 0);
    assert_int_not_equal(a.lock_lines, b.lock_lines);
}

static void test_draw_covers_the_arena(void **state)
{
    struct scene *s = *state;
    uint64_t random = 1;
    size_t least = ARENA_BYTES, most = 0;
    int odd = 0;

    for (int i = 0; i < 4000; i++) {
        assert_int_equal(lb_draw_init(&random, 0, ARENA_BYTES, 4096, &s->draw), 0);
        least = s->draw.lock_lines < least ? s->draw.lock_lines : least;
        most = s->draw.lock_lines > most ? s->draw.lock_lines : most;
        odd += s->draw.odd;
    }
    assert_true(most - least > ARENA_BYTES / 5);
    assert_uint_in_range(odd, 1800, 2200);
}

static void test_draw_refuses_a_small_arena(void **state)
{
    struct lb_draw drawn, untouched;
    uint64_t random = 7;

    (void)state;
    memset(&drawn, 0x5a, sizeof drawn);
    untouched = drawn;
    assert_int_equal(lb_draw_init(&random, 0, 65536, 65536 / 4 + 1, &drawn), -ENOSPC);
    assert_int_equal(lb_draw_init(&random, 0, 0, 1, &drawn), -ENOSPC);
    assert_memory_equal(&drawn, &untouched, sizeof drawn);
    assert_int_equal(random, 7);
}

/* Where things lie */

static void test_sites_of_every_case(void **state)
{
    static const int threads[] = {1, 2, 5};
    struct scene *s = *state;

    for (unsigned turn = 0; turn < 17; turn++) {
        draw(s, turn * 77 + 1, turn);
        memset(s->arena, (int)turn, ARENA_BYTES);
        for (size_t k = 0; k < LB_COUNT(with_objects); k++)
            for (size_t l = 0; l < lb_n_layouts; l++)
                for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++)
                    for (size_t t = 0; t < LB_COUNT(threads); t++) {
                        if (lb_scenario_allows(&lb_scenarios[with_objects[k]], &lb_layouts[l], lock,
                                               NULL))
                            continue;
                        stage(s, with_objects[k], &lb_layouts[l], lock, threads[t]);
                        assert_true(lb_workload_bytes(&s->shape) <= ARENA_BYTES / 8);
                        place(s);
                        check_sites(s);
                        assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
                    }
    }
}

static void test_one_object_for_all(void **state)
{
    static const enum lb_scenario_kind kinds[] = {LB_SCENARIO_SAME_OBJECT, LB_SCENARIO_OBSERVER,
                                                  LB_SCENARIO_MIXED, LB_SCENARIO_WRITERS,
                                                  LB_SCENARIO_NESTED};
    struct scene *s = *state;

    draw(s, 1, 1);
    for (size_t k = 0; k < LB_COUNT(kinds); k++) {
        stage(s, kinds[k], layout("pointer"), LB_LOCK_RWSEM40, 6);
        place(s);
        for (int i = 1; i < 6; i++)
            assert_int_equal(s->sites[i].x[0], s->sites[0].x[0]);
        assert_int_equal(s->placed.shares, -1);
    }
}

static void test_neighbours_are_a_stride_apart(void **state)
{
    struct scene *s = *state;
    struct lb_geometry g;

    for (size_t l = 0; l < lb_n_layouts; l++)
        for (unsigned turn = 0; turn < 16; turn++) {
            draw(s, turn + 1, turn);
            stage(s, LB_SCENARIO_NEIGHBOURS, &lb_layouts[l], lb_layouts[l].lock, 4);
            place(s);
            assert_int_equal(lb_geometry_init(&lb_layouts[l], lb_layouts[l].lock, NULL, &g), 0);
            for (int i = 0; i + 1 < 4; i++) {
                char *a = lock_at(s, lock_word(s, i)), *b = lock_at(s, lock_word(s, i + 1));

                assert_int_equal(s->sites[i + 1].x[0] - s->sites[i].x[0], g.object.stride_bytes);
                assert_int_equal(b - a, lb_layouts[l].separate ? g.lock.stride_bytes
                                                               : g.object.stride_bytes);
            }
            assert_uint_in_range(s->placed.shares, 0, 1);
        }
}

static void test_nested_second_object(void **state)
{
    struct scene *s = *state;
    struct lb_geometry g;

    draw(s, 9, 2);
    for (size_t l = 0; l < lb_n_layouts; l++) {
        stage(s, LB_SCENARIO_NESTED, &lb_layouts[l], lb_layouts[l].lock, 2);
        place(s);
        assert_int_equal(lb_geometry_init(&lb_layouts[l], lb_layouts[l].lock, NULL, &g), 0);
        assert_int_equal(s->sites[0].program.second, g.object.stride_bytes);
        assert_ptr_not_equal(lock_at(s, lock_word(s, 0)),
                             lock_at(s, lock_word(s, 0) + s->sites[0].program.second));
    }
}

/* Nobody's writes may reach another thread's line, not even through a prefetcher that couples
 * pairs. */
static void test_uncontended_objects_are_far_apart(void **state)
{
    struct scene *s = *state;

    for (size_t l = 0; l < lb_n_layouts; l++) {
        draw(s, l + 1, (unsigned)l);
        stage(s, LB_SCENARIO_UNCONTENDED, &lb_layouts[l], lb_layouts[l].lock, 4);
        place(s);
        for (int i = 0; i + 1 < 4; i++) {
            uintptr_t a = s->sites[i].x[0], b = s->sites[i + 1].x[0];
            bool shares = lb_layout_shares(
                s->shape.layout, s->shape.lock, a, (uintptr_t)lock_at(s, lock_word(s, i)), b,
                (uintptr_t)lock_at(s, lock_word(s, i + 1)), LB_LINE_PAIR_BYTES);

            assert_false(shares);
        }
    }
}

/* Residues */

/* Rounds that a layout needs at the least to show all its residues: what one round's phases go
 * through. */
static unsigned phases(const struct lb_geometry *g)
{
    return g->lock_residues > g->object_residues ? g->lock_residues : g->object_residues;
}

static void check_round(struct scene *s, const struct lb_geometry *g, unsigned round)
{
    unsigned objects[LB_LINE_BYTES] = {0}, locks[LB_LINE_BYTES] = {0};
    unsigned n = phases(g);

    for (unsigned turn = round * n; turn < (round + 1) * n; turn++) {
        draw(s, turn + 1, turn);
        place(s);
        objects[s->placed.object_residue]++;
        locks[s->placed.lock_residue]++;
    }
    for (int r = 0; r < LB_LINE_BYTES; r++) {
        assert_true(objects[r] == 0 || objects[r] == n / g->object_residues);
        assert_true(locks[r] == 0 || locks[r] == n / g->lock_residues);
    }
}

static void test_residues_are_visited_equally(void **state)
{
    struct scene *s = *state;
    struct lb_geometry g;

    for (size_t l = 0; l < lb_n_layouts; l++)
        for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++) {
            if (lb_geometry_init(&lb_layouts[l], lock, NULL, &g))
                continue;
            stage(s, LB_SCENARIO_NEIGHBOURS, &lb_layouts[l], lock, 2);
            for (unsigned round = 0; round < 9; round++)
                check_round(s, &g, round);
        }
}

/* In time every lock residue meets every object residue, and each in both halves of a pair of
 * lines. */
static void test_combinations_of_residues(void **state)
{
    struct scene *s = *state;
    unsigned met[LB_LINE_BYTES][LB_LINE_BYTES] = {{0}}, halves[2] = {0};

    stage(s, LB_SCENARIO_NEIGHBOURS, layout("pointer"), LB_LOCK_RWSEM40, 2);
    for (unsigned turn = 0; turn < 8 * 4 * 4; turn++) {
        draw(s, turn + 1, turn);
        place(s);
        met[s->placed.object_residue][s->placed.lock_residue]++;
        halves[s->placed.line_offset / LB_LINE_BYTES % 2]++;
    }
    for (int object = 0; object < LB_LINE_BYTES; object += 16)
        for (int lock = 0; lock < LB_LINE_BYTES; lock += 8)
            assert_int_equal(met[object][lock], 4);
    assert_true(halves[0] > 32 && halves[1] > 32);
}

static void test_half_of_the_neighbours_share(void **state)
{
    struct scene *s = *state;
    int sharing = 0;

    stage(s, LB_SCENARIO_NEIGHBOURS, layout("pointer"), LB_LOCK_RWSEM40, 2);
    for (unsigned turn = 0; turn < 8; turn++) {
        draw(s, 100 + turn, turn);
        place(s);
        sharing += s->placed.shares;
    }
    assert_int_equal(sharing, 4);
    stage(s, LB_SCENARIO_NEIGHBOURS, layout("pointer-aligned"), LB_LOCK_RWSEM40, 2);
    place(s);
    assert_int_equal(s->placed.shares, 0);
    stage(s, LB_SCENARIO_NEIGHBOURS, layout("pointer"), LB_LOCK_RWSEM40, 1);
    place(s);
    assert_int_equal(s->placed.shares, -1);
}

/* The odd draw moves a roaming position by half a pair, and leaves its residue alone. */
static void test_odd_takes_the_other_half(void **state)
{
    struct scene *s = *state;
    static const char *const roaming[] = {"pointer", "embedded-roaming"};

    for (size_t i = 0; i < LB_COUNT(roaming); i++) {
        int64_t line[2];
        int residue[2];

        stage(s, LB_SCENARIO_SAME_OBJECT, layout(roaming[i]), LB_LOCK_RWSEM40, 2);
        draw(s, 3, 5);
        for (int odd = 0; odd < 2; odd++) {
            s->draw.odd = odd;
            place(s);
            line[odd] = s->placed.line_offset;
            residue[odd] = s->placed.lock_residue;
        }
        assert_int_equal(residue[0], residue[1]);
        assert_int_equal(line[0] ^ line[1], LB_LINE_BYTES);
    }
}

/* Words */

static void test_control_words(void **state)
{
    struct scene *s = *state;

    draw(s, 4, 0);
    stage(s, LB_SCENARIO_CONTROL_SHARED, NULL, LB_LOCK_RWSEM40, 20);
    place(s);
    for (int i = 0; i < 20; i++) {
        uintptr_t at = offset_of(s, (void *)s->sites[i].x[0]);

        assert_int_equal(at / LB_LINE_BYTES, s->draw.lock_lines / LB_LINE_BYTES + (size_t)i / 8);
        assert_int_equal(at % LB_LINE_BYTES, (size_t)i % 8 * 8);
        assert_int_equal(*(uint64_t *)s->sites[i].x[0], 0);
    }
    assert_int_equal(s->placed.line_offset, -1);
    assert_int_equal(s->placed.lock_residue, -1);
    assert_int_equal(s->placed.object_residue, -1);
    assert_int_equal(s->placed.shares, -1);
    assert_int_equal(s->placed.draw_words, 0);
    stage(s, LB_SCENARIO_CONTROL_APART, NULL, LB_LOCK_RWSEM40, 20);
    place(s);
    for (int i = 0; i < 20; i++)
        assert_int_equal(offset_of(s, (void *)s->sites[i].x[0]),
                         s->draw.lock_lines + (size_t)i * LB_APART_BYTES);
    assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
}

/* Many */

static const struct lb_layout *const *all_layouts(void)
{
    static const struct lb_layout *all[16];

    for (size_t i = 0; i < lb_n_layouts; i++)
        all[i] = &lb_layouts[i];
    return all;
}

/* The number of the object that a pick leads thread `i` to. */
static size_t picked(const struct scene *s, const struct lb_geometry *g, int i, uint32_t pick)
{
    uintptr_t base = s->sites[i].x[0] + 8 * (uintptr_t)pick;
    uintptr_t at = offset_of(s, (void *)base);
    size_t slab = at / g->object.slab_bytes, in_slab = at % g->object.slab_bytes;

    assert_int_equal(in_slab % g->object.stride_bytes, 0);
    assert_true(in_slab / g->object.stride_bytes < g->object.per_slab);
    return slab * g->object.per_slab + in_slab / g->object.stride_bytes;
}

static void check_pick(const struct scene *s, const struct lb_geometry *g, int i, uint32_t pick)
{
    const struct lb_layout *l = s->shape.layout;
    const struct lb_program *p = &s->sites[i].program;
    uintptr_t base = s->sites[i].x[0] + 8 * (uintptr_t)pick;

    picked(s, g, i, pick);
    check_program(s, i);
    assert_int_equal(p->seq, l->seq_offset);
    assert_int_equal(*(uint32_t *)(base + p->seq), 0);
    assert_false(overlap(base, l->size_bytes,
                         (uintptr_t)s->arena + lb_workload_mm(&s->shape, &s->draw), LB_MM_BYTES));
    assert_true(lb_lock_is_idle(s->shape.lock, lock_at(s, base + p->lock)));
    offset_of(s, lock_at(s, base + p->lock));
    if (l->separate)
        assert_true((uintptr_t)lock_at(s, base + p->lock) > base + l->size_bytes - 1);
}

static void test_many_picks_lie_in_objects(void **state)
{
    static const size_t counts[] = {1, 16, 1000};
    struct scene *s = *state;
    struct lb_geometry g;

    draw(s, 21, 3);
    for (size_t l = 0; l < lb_n_layouts; l++)
        for (size_t k = 0; k < LB_COUNT(counts); k++)
            for (enum lb_picking access = 0; access < LB_PICKINGS; access++) {
                memset(s->arena, 0xa5, ARENA_BYTES);
                stage_many(s, all_layouts()[l], counts[k], 3, access);
                assert_int_equal(lb_geometry_init(s->shape.layout, s->shape.lock, NULL, &g), 0);
                for (int i = 0; i < 3; i++) {
                    const uint32_t *start = (const uint32_t *)s->sites[i].x[3];
                    assert_ptr_equal(start, s->picks + LB_PICKS / 3 * i);
                    for (size_t p = 0; p < LB_PICKS; p += 61)
                        check_pick(s, &g, i, s->picks[p]);
                }
                assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
            }
}

static void test_many_private_objects_are_private(void **state)
{
    struct scene *s = *state;
    struct lb_geometry g;
    static unsigned char owner[16384];

    draw(s, 22, 3);
    stage_many(s, layout("pointer"), 1000, 3, LB_PICK_PRIVATE_ZIPF);
    assert_int_equal(lb_geometry_init(s->shape.layout, s->shape.lock, NULL, &g), 0);
    memset(owner, 0, sizeof owner);
    for (int i = 0; i < 3; i++)
        for (size_t p = 0; p < LB_PICKS; p++) {
            size_t object = picked(s, &g, i, s->picks[p]);
            assert_uint_in_range(object, 0, sizeof owner - 1);
            assert_true(owner[object] == 0 || owner[object] == i + 1);
            owner[object] = (unsigned char)(i + 1);
        }
    /* Whole slabs of their own: no page is shared. */
    for (size_t page = 0; page + g.object.per_slab <= sizeof owner; page += g.object.per_slab)
        for (size_t k = 1; k < g.object.per_slab; k++)
            assert_true(!owner[page + k] || !owner[page] || owner[page + k] == owner[page]);
    stage_many(s, layout("pointer"), 1000, 3, LB_PICK_SHARED_UNIFORM);
    assert_int_equal(s->sites[0].x[0], s->sites[2].x[0]);
}

static int by_falling_count(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

    return (x < y) - (x > y);
}

/* How often each object is picked, most often first. Returns how many are picked at all. */
static size_t count_picks(struct scene *s, enum lb_picking access, unsigned counts[1000])
{
    struct lb_geometry g;
    size_t seen = 0;

    stage_many(s, layout("embedded"), 1000, 1, access);
    assert_int_equal(lb_geometry_init(s->shape.layout, s->shape.lock, NULL, &g), 0);
    memset(counts, 0, 1000 * sizeof *counts);
    for (size_t p = 0; p < LB_PICKS; p++) {
        size_t object = picked(s, &g, 0, s->picks[p]);
        assert_uint_in_range(object, 0, 999);
        counts[object]++;
    }
    qsort(counts, 1000, sizeof *counts, by_falling_count);
    for (size_t i = 0; i < 1000; i++)
        seen += counts[i] > 0;
    return seen;
}

/* 131072 picks of 1000: 131 each when uniform, with a standard deviation of 11; with weights
 * 1/rank^0.99, whose sum is 7.7, the first gets 13 % and the second half of that. */
static void test_many_uniform_and_zipf(void **state)
{
    struct scene *s = *state;
    unsigned counts[1000];

    draw(s, 23, 3);
    assert_int_equal(count_picks(s, LB_PICK_SHARED_UNIFORM, counts), 1000);
    assert_uint_in_range(counts[0], 131, 131 + 60);
    assert_uint_in_range(counts[999], 131 - 60, 131);
    assert_uint_in_range(count_picks(s, LB_PICK_SHARED_ZIPF, counts), 900, 1000);
    assert_uint_in_range(counts[0], 16000, 18200);
    assert_uint_in_range(counts[1], counts[0] / 2 - 400, counts[0] / 2 + 400);
    assert_uint_in_range(counts[99], counts[0] / 120, counts[0] / 80);
}

static void test_many_draws_the_same_for_every_layout(void **state)
{
    struct scene *s = *state;
    static uint32_t first[LB_PICKS];
    size_t same = 0;

    for (enum lb_picking access = 0; access < LB_PICKINGS; access++) {
        struct lb_geometry a, b;

        draw(s, 24, 3);
        stage_many(s, layout("pointer"), 500, 2, access);
        memcpy(first, s->picks, sizeof first);
        stage_many(s, layout("pointer"), 500, 2, access);
        assert_memory_equal(first, s->picks, sizeof first);
        assert_int_equal(lb_geometry_init(s->shape.layout, s->shape.lock, NULL, &a), 0);
        stage_many(s, layout("padded"), 500, 2, access);
        assert_int_equal(lb_geometry_init(s->shape.layout, s->shape.lock, NULL, &b), 0);
        for (size_t p = 0; p < LB_PICKS; p++) {
            size_t at = 8 * (size_t)first[p];
            size_t index = at / a.object.slab_bytes * a.object.per_slab +
                           at % a.object.slab_bytes / a.object.stride_bytes;
            assert_int_equal(8 * (size_t)s->picks[p], lb_slab_offset(&b.object, index));
        }
        /* Another round draws anew. */
        draw(s, 25, 4);
        stage_many(s, layout("pointer"), 500, 2, access);
        for (size_t p = 0; p < LB_PICKS; p++)
            same += first[p] == s->picks[p];
    }
    assert_true(same < LB_PICKS / 4);
}

static void test_place_refuses(void **state)
{
    struct scene *s = *state;
    struct lb_placed untouched;

    draw(s, 26, 0);
    memset(&s->placed, 0x5a, sizeof s->placed);
    untouched = s->placed;
    stage(s, LB_SCENARIO_MANY, layout("pointer"), LB_LOCK_RWSEM40, 1);
    s->shape.objects = 100000;
    assert_true(lb_workload_bytes(&s->shape) > 100000 * 216);
    assert_int_equal(lb_workload_place(&s->shape, &s->draw, s->arena, ARENA_BYTES, s->picks,
                                       s->sites, &s->placed),
                     -ENOSPC);
    s->shape.objects = 0;
    assert_int_equal(lb_workload_place(&s->shape, &s->draw, s->arena, ARENA_BYTES, s->picks,
                                       s->sites, &s->placed),
                     -EINVAL);
    stage(s, LB_SCENARIO_SAME_OBJECT, layout("refcount-seq"), LB_LOCK_RWSEM40, 1);
    assert_int_equal(lb_workload_place(&s->shape, &s->draw, s->arena, ARENA_BYTES, s->picks,
                                       s->sites, &s->placed),
                     -EINVAL);
    assert_memory_equal(&s->placed, &untouched, sizeof untouched);
}

/* A lock that is not idle */

static void test_check_reports_a_held_lock(void **state)
{
    struct scene *s = *state;
    struct lb_mm *mm;

    draw(s, 31, 3);
    for (size_t l = 0; l < lb_n_layouts; l++) {
        stage(s, LB_SCENARIO_NEIGHBOURS, &lb_layouts[l], lb_layouts[l].lock, 3);
        place(s);
        mm = &s->sites[0].program.mm;
        for (int i = 0; i < 3; i++) {
            void *lock = lock_at(s, lock_word(s, i));

            lb_lock_read(s->shape.lock, lock, s->me);
            assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), -EBUSY);
            lb_lock_read_unlock(s->shape.lock, lock, s->me, mm);
            assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
        }
        lb_lock_read(LB_LOCK_RWSEM40, mm->lock, s->me);
        assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), -EBUSY);
        lb_lock_read_unlock(LB_LOCK_RWSEM40, mm->lock, s->me, NULL);
        assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
    }
}

static void test_check_of_many(void **state)
{
    struct scene *s = *state;
    void *lock;

    draw(s, 32, 3);
    stage_many(s, layout("pointer"), 200, 2, LB_PICK_PRIVATE_UNIFORM);
    for (int i = 0; i < 2; i++)
        for (size_t p = 0; p < 50; p++) {
            lock = lock_at(s, lock_word(s, i) + 8 * (uintptr_t)s->picks[p]);
            assert_int_equal(lb_lock_write(s->shape.lock, lock, s->me, NULL), 0);
            assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), -EBUSY);
            assert_int_equal(lb_lock_write_unlock(s->shape.lock, lock, s->me, NULL), 0);
        }
    assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
    lock = s->sites[0].program.mm.lock;
    lb_lock_read(LB_LOCK_RWSEM40, lock, s->me);
    assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), -EBUSY);
    lb_lock_read_unlock(LB_LOCK_RWSEM40, lock, s->me, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_draw_keeps_its_distance),
        cmocka_unit_test(test_draw_depends_on_the_seed_alone),
        cmocka_unit_test(test_draw_covers_the_arena),
        cmocka_unit_test(test_draw_refuses_a_small_arena),
        cmocka_unit_test(test_sites_of_every_case),
        cmocka_unit_test(test_one_object_for_all),
        cmocka_unit_test(test_neighbours_are_a_stride_apart),
        cmocka_unit_test(test_nested_second_object),
        cmocka_unit_test(test_uncontended_objects_are_far_apart),
        cmocka_unit_test(test_residues_are_visited_equally),
        cmocka_unit_test(test_combinations_of_residues),
        cmocka_unit_test(test_half_of_the_neighbours_share),
        cmocka_unit_test(test_odd_takes_the_other_half),
        cmocka_unit_test(test_control_words),
        cmocka_unit_test(test_many_picks_lie_in_objects),
        cmocka_unit_test(test_many_private_objects_are_private),
        cmocka_unit_test(test_many_uniform_and_zipf),
        cmocka_unit_test(test_many_draws_the_same_for_every_layout),
        cmocka_unit_test(test_place_refuses),
        cmocka_unit_test(test_check_reports_a_held_lock),
        cmocka_unit_test(test_check_of_many),
    };

    return cmocka_run_group_tests_name("shape", tests, setup, teardown);
}
