/* SPDX-License-Identifier: MIT
 *
 * scenario: the descriptors, where a case's objects, locks and words lie in the arena, that every
 * hot loop does what its op says and leaves its locks idle, that a timed op does what one round of
 * its loop does, and which words can be watched.
 */
#include <linebounce/clock.h>
#include <linebounce/scenario.h>

#include "layout/layout_private.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define ARENA_BYTES  ((size_t)4 << 20)
#define THREADS_MOST 24

/* A case and what lb_workload_place made of it. */
struct scene {
    struct lb_arena *memory;
    char *arena;
    uint32_t *picks;
    struct lb_task_set *tasks;
    struct lb_task *me;
    struct lb_workload shape;
    struct lb_draw draw;
    struct lb_site sites[THREADS_MOST];
    struct lb_placed placed;
};

static int setup(void **state)
{
    static struct scene scene;
    struct lb_arena_info info;

    memset(&scene, 0, sizeof scene);
    if (lb_arena_create(ARENA_BYTES, -1, NULL, &scene.memory) ||
        lb_task_set_create(2, &scene.tasks))
        return -1;
    lb_arena_info(scene.memory, &info);
    scene.arena = info.base;
    scene.picks = calloc(LB_PICKS, sizeof *scene.picks);
    scene.me = lb_task_get(scene.tasks, 0);
    *state = &scene;
    return scene.picks ? 0 : -1;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    lb_arena_destroy(s->memory);
    lb_task_set_destroy(s->tasks);
    free(s->picks);
    return 0;
}

static const struct lb_layout *layout(const char *name)
{
    const struct lb_layout *found = NULL;

    assert_int_equal(lb_layout_find(name, NULL, &found), 0);
    return found;
}

static void draw(struct scene *s, uint64_t seed, unsigned turn)
{
    assert_int_equal(lb_draw_init(&seed, turn, ARENA_BYTES, ARENA_BYTES / 8, &s->draw), 0);
}

static void place(struct scene *s)
{
    assert_int_equal(lb_workload_place(&s->shape, &s->draw, s->arena, ARENA_BYTES, s->picks,
                                       s->sites, &s->placed),
                     0);
}

static void stage(struct scene *s, enum lb_scenario_kind kind, const struct lb_layout *l,
                  enum lb_lock_kind lock, int threads)
{
    s->shape = (struct lb_workload){.scenario = &lb_scenarios[kind],
                                    .layout = l,
                                    .lock = lock,
                                    .threads = threads,
                                    .writers = {1, 0},
                                    .objects = 100};
    if (!s->shape.scenario->subject->uses_layout)
        s->shape.layout = NULL;
    assert_true(threads <= THREADS_MOST);
}

/* The lock that the word at `at` is or points to. */
static void *lock_at(const struct scene *s, uintptr_t at)
{
    return (void *)(s->shape.layout->indirect ? *(uintptr_t *)at : at);
}

static uintptr_t offset_of(const struct scene *s, const void *address)
{
    uintptr_t offset = (uintptr_t)address - (uintptr_t)s->arena;

    assert_uint_in_range(offset, 0, ARENA_BYTES - 1);
    return offset;
}

static bool overlap(uintptr_t a, size_t a_bytes, uintptr_t b, size_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

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
            assert_int_equal(s->draw.lock_pair % LB_PAIR_BYTES, 0);
            assert_int_equal(s->draw.object_pair % LB_PAIR_BYTES, 0);
            assert_int_equal(s->draw.mm_offset % LB_APART_BYTES, 0);
            mm_end = s->draw.mm_offset + sizeof(struct lb_mm);
            /* A slab reaches at most the room to either side of its pair. */
            assert_true(mm_end + room <= s->draw.lock_pair);
            assert_true(s->draw.lock_pair + room <=
                        s->draw.object_pair + LB_PAIR_BYTES - room % LB_PAIR_BYTES);
            assert_true(s->draw.object_pair + room <= ARENA_BYTES);
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
    assert_int_not_equal(a.lock_pair, b.lock_pair);
    assert_int_not_equal(a.seed, b.seed);
    /* The next round is another. */
    assert_int_equal(lb_draw_init(&x, 4, ARENA_BYTES, 4096, &b), 0);
    assert_int_not_equal(a.lock_pair, b.lock_pair);
}

static void test_draw_covers_the_arena(void **state)
{
    struct scene *s = *state;
    uint64_t random = 1;
    size_t least = ARENA_BYTES, most = 0;
    int odd = 0;

    for (int i = 0; i < 4000; i++) {
        assert_int_equal(lb_draw_init(&random, 0, ARENA_BYTES, 4096, &s->draw), 0);
        least = s->draw.lock_pair < least ? s->draw.lock_pair : least;
        most = s->draw.lock_pair > most ? s->draw.lock_pair : most;
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

static uintptr_t lock_word(const struct scene *s, int i)
{
    return s->sites[i].x[0] + s->sites[i].program.lock;
}

static uint32_t *seq_word(const struct scene *s, int i)
{
    return (uint32_t *)(s->sites[i].x[0] + s->sites[i].program.seq);
}

static void check_object(const struct scene *s, uintptr_t base, uintptr_t lock_word)
{
    const struct lb_layout *l = s->shape.layout;
    const struct lb_lock_info *info = lb_lock_info(s->shape.lock);
    uintptr_t lock = (uintptr_t)lock_at(s, lock_word);
    uintptr_t mm = (uintptr_t)s->sites[0].x[2];
    struct lb_geometry g;

    assert_int_equal(lb_geometry_init(l, s->shape.lock, NULL, &g), 0);
    offset_of(s, (void *)base);
    offset_of(s, (void *)(base + l->size_bytes - 1));
    offset_of(s, (void *)lock);
    offset_of(s, (void *)(lock + info->bytes - 1));
    assert_int_equal(base % g.object.align_bytes, 0);
    assert_int_equal(lock % info->align_bytes, 0);
    assert_false(overlap(base, l->size_bytes, mm, sizeof(struct lb_mm)));
    assert_false(overlap(lock, info->bytes, mm, sizeof(struct lb_mm)));
    if (l->separate) {
        assert_int_equal(lock_word, base + l->slot_offset);
        assert_int_equal(lock % g.lock.align_bytes, 0);
        assert_false(overlap(base, l->size_bytes, lock, info->bytes));
    } else {
        assert_int_equal(lock, base + l->lock_offset);
    }
    assert_true(lb_lock_is_idle(s->shape.lock, (void *)lock));
}

static void check_first(const struct scene *s)
{
    uintptr_t lock = offset_of(s, lock_at(s, lock_word(s, 0)));
    uintptr_t count = lock + lb_lock_info(s->shape.lock)->count_offset;
    uintptr_t base = offset_of(s, (void *)s->sites[0].x[0]);

    assert_int_equal(count / LB_PAIR_BYTES, s->draw.lock_pair / LB_PAIR_BYTES);
    assert_int_equal(s->placed.line_offset, count / LB_LINE_BYTES * LB_LINE_BYTES);
    assert_int_equal(s->placed.lock_residue, lock % LB_LINE_BYTES);
    assert_int_equal(s->placed.object_residue, base % LB_LINE_BYTES);
}

/* Every field that the thread's role reads, each at its offset, and nothing else. */
static void check_program(const struct scene *s, int i)
{
    const struct lb_program *p = &s->sites[i].program;
    uint16_t loads[LB_LOADS];
    size_t n = lb_layout_loads(
        s->shape.layout,
        lb_scenario_role(s->shape.scenario, &s->shape.writers, i, s->shape.threads), loads);

    assert_ptr_equal(s->sites[i].x[1], p);
    assert_int_equal((uintptr_t)p % LB_APART_BYTES, 0);
    for (size_t k = 0; k < LB_LOADS; k++)
        assert_int_equal(p->load[k], loads[k < n ? k : n - 1]);
}

static void check_sites(const struct scene *s)
{
    const struct lb_layout *l = s->shape.layout;
    const struct lb_mm *mm = (const struct lb_mm *)s->sites[0].x[2];

    assert_int_equal(mm->lock_seq, 1);
    assert_int_equal((uintptr_t)mm % LB_APART_BYTES, 0);
    assert_true(lb_lock_is_idle(LB_LOCK_RWSEM40, &mm->lock));
    for (int i = 0; i < s->shape.threads; i++) {
        const struct lb_program *p = &s->sites[i].program;
        const uintptr_t *x = s->sites[i].x;

        assert_ptr_equal(x[2], mm);
        check_program(s, i);
        check_object(s, x[0], x[0] + p->lock);
        assert_int_equal(p->seq, l->seq_offset);
        assert_int_equal(*seq_word(s, i), 0);
        if (s->shape.scenario->kind == LB_SCENARIO_NESTED)
            check_object(s, x[0] + p->second, x[0] + p->second + p->lock);
    }
    check_first(s);
}

static const enum lb_scenario_kind with_objects[] = {
    LB_SCENARIO_SAME_OBJECT, LB_SCENARIO_NEIGHBOURS, LB_SCENARIO_OBSERVER,    LB_SCENARIO_MIXED,
    LB_SCENARIO_WRITERS,     LB_SCENARIO_NESTED,     LB_SCENARIO_UNCONTENDED,
};

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
                (uintptr_t)lock_at(s, lock_word(s, i + 1)), LB_PAIR_BYTES);

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

        assert_int_equal(at / LB_LINE_BYTES, s->draw.lock_pair / LB_LINE_BYTES + (size_t)i / 8);
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
                         s->draw.lock_pair + (size_t)i * LB_APART_BYTES);
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

static void stage_many(struct scene *s, const struct lb_layout *l, size_t objects, int threads,
                       enum lb_picking access)
{
    stage(s, LB_SCENARIO_MANY, l, l->lock, threads);
    s->shape.objects = objects;
    s->shape.access = access;
    place(s);
    assert_int_equal(s->placed.draw_words, LB_PICKS);
    assert_int_equal(s->placed.lock_residue, -1);
    assert_int_equal(s->placed.object_residue, -1);
    assert_int_equal(s->placed.line_offset, -1);
    assert_int_equal(s->placed.shares, -1);
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
    assert_false(overlap(base, l->size_bytes, s->sites[i].x[2], sizeof(struct lb_mm)));
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
        mm = (struct lb_mm *)s->sites[0].x[2];
        for (int i = 0; i < 3; i++) {
            void *lock = lock_at(s, lock_word(s, i));

            lb_lock_read(s->shape.lock, lock, s->me);
            assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), -EBUSY);
            lb_lock_read_unlock(s->shape.lock, lock, s->me, mm);
            assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
        }
        lb_lock_read(LB_LOCK_RWSEM40, &mm->lock, s->me);
        assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), -EBUSY);
        lb_lock_read_unlock(LB_LOCK_RWSEM40, &mm->lock, s->me, NULL);
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
    lock = &((struct lb_mm *)s->sites[0].x[2])->lock;
    lb_lock_read(LB_LOCK_RWSEM40, lock, s->me);
    assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), -EBUSY);
    lb_lock_read_unlock(LB_LOCK_RWSEM40, lock, s->me, NULL);
}

/* The hot loops */

#define OPS  7
#define SPAN 9

static uint64_t run_loop(struct scene *s, enum lb_op op, bool paused, int thread)
{
    const struct lb_layout *l = s->shape.layout;
    lb_hot *loop = lb_hot_find(op, s->shape.lock, l && l->indirect, paused);
    const uintptr_t *x = s->sites[thread].x;

    assert_non_null(loop);
    return loop(OPS, 12345, SPAN, s->me, x[0], x[1], x[2], x[3], x[4], x[5]);
}

static struct lb_lock_stats stats_since(struct scene *s, const struct lb_lock_stats *before)
{
    struct lb_lock_stats now, difference;

    lb_task_stats(s->me, &now);
    lb_lock_stats_sub(&now, before, &difference);
    return difference;
}

/* What an op leaves in the sequence numbers after OPS of them. */
static void check_sequences(const struct scene *s, enum lb_op op)
{
    const struct lb_mm *mm = (const struct lb_mm *)s->sites[0].x[2];
    bool writes = op == LB_OP_WRITE;

    assert_int_equal(mm->lock_seq, writes ? 1 + OPS : 1);
    if (op != LB_OP_NESTED && op != LB_OP_MANY)
        assert_int_equal(*seq_word(s, 0), writes ? OPS : 0);
}

static void try_loop(struct scene *s, enum lb_scenario_kind kind, enum lb_op op,
                     const struct lb_layout *l, enum lb_lock_kind lock, bool paused)
{
    struct lb_lock_stats before, did;
    uint64_t rng;

    stage(s, kind, l, lock, 2);
    place(s);
    lb_task_stats(s->me, &before);
    rng = run_loop(s, op, paused, 0);
    did = stats_since(s, &before);
    assert_int_equal(did.fallbacks, 0);
    assert_int_equal(did.sleeps, 0);
    assert_int_equal(did.retries, 0);
    if (paused)
        assert_int_not_equal(rng, 12345);
    else
        assert_int_equal(rng, 12345);
    assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
    check_sequences(s, op);
}

static const struct {
    enum lb_scenario_kind kind;
    enum lb_op op;
} locking[] =
    {
        {LB_SCENARIO_SAME_OBJECT, LB_OP_READ}, {LB_SCENARIO_MIXED, LB_OP_WRITE},
        {LB_SCENARIO_WRITERS, LB_OP_WRITER},   {LB_SCENARIO_NESTED, LB_OP_NESTED},
        {LB_SCENARIO_MANY, LB_OP_MANY},        {LB_SCENARIO_UNCONTENDED, LB_OP_ALONE},
},
  plain[] = {
      {LB_SCENARIO_EMPTY, LB_OP_EMPTY},        {LB_SCENARIO_OBSERVER, LB_OP_OBSERVE},
      {LB_SCENARIO_CONTROL_SHARED, LB_OP_ADD}, {LB_SCENARIO_STRAIGHT, LB_OP_STRAIGHT},
      {LB_SCENARIO_ADDS, LB_OP_ADDS},
};

static void test_loops_that_lock(void **state)
{
    struct scene *s = *state;
    int ran = 0;

    draw(s, 41, 3);
    for (size_t k = 0; k < LB_COUNT(locking); k++)
        for (size_t l = 0; l < lb_n_layouts; l++)
            for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++)
                for (int paused = 0; paused < 2; paused++) {
                    if (lb_scenario_allows(&lb_scenarios[locking[k].kind], &lb_layouts[l], lock,
                                           NULL))
                        continue;
                    try_loop(s, locking[k].kind, locking[k].op, &lb_layouts[l], lock, paused);
                    ran++;
                }
    assert_true(ran > 500);
}

/* The loop's generator, written down a second time: xorshift64 with 13, 7, 17. */
static uint64_t xorshift(uint64_t x)
{
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

static void test_mix_writes_its_share(void **state)
{
    static const double shares[] = {0.000001, 0.3, 0.5, 1};
    struct scene *s = *state;

    draw(s, 42, 3);
    for (size_t k = 0; k < LB_COUNT(shares); k++)
        for (int paused = 0; paused < 2; paused++) {
            struct lb_mm *mm;
            uint64_t rng = 12345, end;
            unsigned writes = 0;

            stage(s, LB_SCENARIO_MIXED, layout("pointer"), LB_LOCK_RWSEM40, 2);
            s->shape.writers = (struct lb_writers){0, shares[k]};
            place(s);
            end = run_loop(s, LB_OP_MIX, paused, 1);
            for (int i = 0; i < OPS; i++) {
                if (paused)
                    rng = xorshift(rng);
                rng = xorshift(rng);
                writes += (double)(rng >> 32) < shares[k] * 0x1p32 - 0.5;
            }
            mm = (struct lb_mm *)s->sites[0].x[2];
            assert_int_equal(rng, end);
            assert_int_equal(mm->lock_seq, 1 + writes);
            assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
            if (shares[k] >= 1)
                assert_int_equal(writes, OPS);
        }
}

static void test_loops_of_words(void **state)
{
    static const struct {
        enum lb_scenario_kind kind;
        enum lb_op op;
    } locks[] = {{LB_SCENARIO_STRAIGHT, LB_OP_STRAIGHT}, {LB_SCENARIO_ADDS, LB_OP_ADDS}};
    struct scene *s = *state;

    draw(s, 43, 0);
    for (int paused = 0; paused < 2; paused++) {
        stage(s, LB_SCENARIO_CONTROL_SHARED, NULL, LB_LOCK_RWSEM40, 3);
        place(s);
        run_loop(s, LB_OP_ADD, paused, 1);
        run_loop(s, LB_OP_ADD, paused, 1);
        run_loop(s, LB_OP_ADD, paused, 2);
        assert_int_equal(*(uint64_t *)s->sites[0].x[0], 0);
        assert_int_equal(*(uint64_t *)s->sites[1].x[0], 2 * OPS);
        assert_int_equal(*(uint64_t *)s->sites[2].x[0], OPS);
        for (size_t k = 0; k < LB_COUNT(locks); k++) {
            stage(s, locks[k].kind, NULL, LB_LOCK_RWSEM40, 2);
            place(s);
            run_loop(s, locks[k].op, paused, 1);
            assert_true(lb_lock_is_idle(LB_LOCK_RWSEM40, (void *)s->sites[1].x[0]));
            /* The owner store of the read lock that they stand for. */
            assert_int_not_equal(((struct lb_rwsem40 *)s->sites[1].x[0])->owner, 0);
            assert_int_equal(((struct lb_rwsem40 *)s->sites[0].x[0])->owner, 0);
        }
    }
}

static void test_observe_and_empty_write_nothing(void **state)
{
    struct scene *s = *state;
    char *copy = malloc(ARENA_BYTES);

    assert_non_null(copy);
    draw(s, 44, 3);
    for (size_t l = 0; l < lb_n_layouts; l++) {
        stage(s, LB_SCENARIO_OBSERVER, &lb_layouts[l], lb_layouts[l].lock, 2);
        place(s);
        memcpy(copy, s->arena, ARENA_BYTES);
        for (int paused = 0; paused < 2; paused++) {
            run_loop(s, LB_OP_OBSERVE, paused, 1);
            run_loop(s, LB_OP_EMPTY, paused, 1);
        }
        assert_memory_equal(copy, s->arena, ARENA_BYTES);
        /* A read moves count there and back and leaves the owner's word: nothing else. */
        run_loop(s, LB_OP_READ, true, 0);
        if (lb_lock_info(s->shape.lock)->owner_offset >= 0) {
            char *lock = lock_at(s, lock_word(s, 0));
            size_t at =
                (size_t)(lock - s->arena) + (size_t)lb_lock_info(s->shape.lock)->owner_offset;
            assert_memory_not_equal(copy + at, s->arena + at, 8);
            memcpy(copy + at, s->arena + at, 8);
        }
        assert_memory_equal(copy, s->arena, ARENA_BYTES);
    }
    free(copy);
}

/* A read that meets the write-locked sequence, or a writer, is served under the address space's
 * lock. */
static void test_reads_fall_back(void **state)
{
    struct scene *s = *state;
    struct lb_task *other = lb_task_get(s->tasks, 1);

    draw(s, 45, 3);
    for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++)
        for (int separate = 0; separate < 2; separate++)
            for (int paused = 0; paused < 2; paused++) {
                struct lb_lock_stats before, did;
                struct lb_mm *mm;
                void *held;

                stage(s, LB_SCENARIO_SAME_OBJECT, layout(separate ? "pointer" : "padded"), lock, 2);
                place(s);
                mm = (struct lb_mm *)s->sites[0].x[2];
                held = lock_at(s, lock_word(s, 0));
                lb_task_stats(s->me, &before);
                *seq_word(s, 0) = mm->lock_seq;
                run_loop(s, LB_OP_READ, paused, 0);
                did = stats_since(s, &before);
                assert_int_equal(did.fallbacks, OPS);
                assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
                *seq_word(s, 0) = 0;
                if (!lb_lock_info(lock)->vma_protocol || !lb_lock_info(lock)->excludes)
                    continue;
                assert_int_equal(lb_lock_write(lock, held, other, mm), 0);
                run_loop(s, LB_OP_READ, paused, 0);
                assert_int_equal(lb_lock_write_unlock(lock, held, other, mm), 0);
                did = stats_since(s, &before);
                assert_int_equal(did.fallbacks, 2 * OPS);
                assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
            }
}

static bool has_loop(enum lb_op op, enum lb_lock_kind lock)
{
    switch (op) {
    case LB_OP_GUARDED:
    case LB_OP_WRITER:
        return lb_lock_info(lock)->plain_writers;
    case LB_OP_WRITE:
    case LB_OP_MIX:
        return lb_lock_info(lock)->excludes;
    default:
        return true;
    }
}

static void test_hot_find(void **state)
{
    static const enum lb_op bare[] = {LB_OP_EMPTY, LB_OP_OBSERVE, LB_OP_ADD,  LB_OP_STRAIGHT,
                                      LB_OP_ADDS,  LB_OP_STORE,   LB_OP_LOAD, LB_OP_INCREMENT,
                                      LB_OP_CAS,   LB_OP_CAS + 3, LB_OP_SUM,  LB_OP_PUSH,
                                      LB_OP_POP};
    lb_hot *found[(int)LB_OPS * LB_LOCK_KINDS * 4];
    size_t n = 0, names = 0;

    (void)state;
    for (int op = 0; op < LB_OPS; op++)
        for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++)
            for (int form = 0; form < 4; form++) {
                lb_hot *loop = lb_hot_find((enum lb_op)op, lock, form & 1, form & 2);
                bool known = false;

                assert_int_equal(loop != NULL, has_loop((enum lb_op)op, lock));
                for (size_t i = 0; i < n; i++)
                    known |= found[i] == loop;
                if (loop && !known)
                    found[n++] = loop;
            }
    for (size_t i = 0; i < LB_COUNT(bare); i++)
        for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++)
            assert_ptr_equal(lb_hot_find(bare[i], lock, lock & 1, true),
                             lb_hot_find(bare[i], LB_LOCK_RWSEM40, false, true));
    for (; lb_hot_name(names); names++) {
        assert_int_equal(strncmp(lb_hot_name(names), "hot_", 4), 0);
        for (size_t i = 0; i < names; i++)
            assert_string_not_equal(lb_hot_name(i), lb_hot_name(names));
    }
    assert_int_equal(names, n); /* every loop has one name, and no name is without a loop */
}

/* Named fields */

static const struct lb_layout fields_inline = {
    .name = "fields",
    .size_bytes = 256,
    .align_bytes = 64,
    .seq_offset = 40,
    .lock_offset = 192,
    .lock_room_bytes = 64,
    .n_accesses = 3,
    .accesses = {{"a", 4, 4, LB_HOW_LOAD, LB_EVERY_ROLE},
                 {"b", 129, 1, LB_HOW_LOAD, LB_EVERY_ROLE},
                 {"c", 72, 8, LB_HOW_LOAD, LB_EVERY_ROLE}},
};
/* No sequence number: the first word stands for it; the lock lies apart. */
static const struct lb_layout fields_apart = {
    .name = "fields-apart",
    .size_bytes = 24,
    .align_bytes = 8,
    .seq_offset = LB_NO_SEQ,
    .separate = true,
    .indirect = true,
    .slot_offset = 8,
    .lock_align_bytes = 8,
    .n_accesses = 1,
    .accesses = {{"a", 16, 8, LB_HOW_LOAD, LB_EVERY_ROLE}},
};

/* Each word once, in order; writes of one role, in the way that it has. */
static void test_words_of_a_role(void **state)
{
    static const struct lb_layout l = {
        .name = "words",
        .n_accesses = 6,
        .accesses = {{"a", 4, 4, LB_HOW_LOAD, LB_EVERY_ROLE},
                     {"b", 129, 1, LB_HOW_LOAD, LB_ROLE_BIT(0)},
                     {"c", 131, 1, LB_HOW_LOAD, LB_ROLE_BIT(0)}, /* of the same word */
                     {"d", 8, 8, LB_HOW_ADD, LB_ROLE_BIT(1)},
                     {"e", 20, 4, LB_HOW_ADD, LB_ROLE_BIT(1)},
                     {"f", 200, 8, LB_HOW_LOAD, 0}}};
    uint16_t words[LB_LOADS];
    enum lb_how how = LB_HOW_CAS;

    (void)state;
    assert_int_equal(lb_layout_loads(&l, 0, words), 2);
    assert_int_equal(words[0], 4);
    assert_int_equal(words[1], 128);
    assert_int_equal(lb_layout_loads(&l, 1, words), 1);
    assert_int_equal(lb_layout_writes(&l, 0, words, &how), 0);
    assert_int_equal(how, LB_HOW_CAS);
    assert_int_equal(lb_layout_writes(&l, 1, words, &how), 2);
    assert_int_equal(words[0], 8);
    assert_int_equal(words[1], 16);
    assert_int_equal(how, LB_HOW_ADD);
}

static void test_accesses_have_room(void **state)
{
    struct lb_access load = {.how = LB_HOW_LOAD, .bytes = 8, .roles = LB_EVERY_ROLE};
    struct lb_access add = {.how = LB_HOW_ADD, .bytes = 8, .roles = LB_ROLE_BIT(1)};
    struct lb_layout l = {.name = "full"};
    struct lb_why why = {""};
    char name[LB_FIELD_NAME_BYTES + 1];

    (void)state;
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(lb_layout_add(&l, name, load, &why), -EINVAL);
    assert_non_null(strstr(why.text, "too long a name"));
    for (size_t i = 0; i < LB_LOADS; i++, load.offset = (uint16_t)(8 * i))
        assert_int_equal(lb_layout_add(&l, "r", load, &why), 0);
    load.offset = 0;
    assert_int_equal(lb_layout_add(&l, "same word", load, &why), 0);
    load.offset = 800;
    assert_int_equal(lb_layout_add(&l, "r", load, &why), -EINVAL);
    assert_non_null(strstr(why.text, "more than 9 words are read"));
    for (size_t i = 0; i < LB_WRITES_MOST; i++, add.offset = (uint16_t)(8 * i))
        assert_int_equal(lb_layout_add(&l, "w", add, &why), 0);
    add.offset = 800;
    assert_int_equal(lb_layout_add(&l, "w", add, &why), -EINVAL);
    assert_non_null(strstr(why.text, "more than 4 words are written"));
    assert_int_equal(l.n_accesses, LB_LOADS + 1 + LB_WRITES_MOST);
    assert_ptr_equal(lb_layout_find_field(&l, "same word"), &l.accesses[LB_LOADS]);
    assert_null(lb_layout_find_field(&l, "other"));
}

/* The object of a word that stands for the sequence number where there is none. */
static void test_field_sites(void **state)
{
    struct scene *s = *state;

    draw(s, 61, 3);
    stage(s, LB_SCENARIO_NEIGHBOURS, &fields_inline, LB_LOCK_RWSEM40, 2);
    place(s);
    check_sites(s);
    assert_int_equal(s->sites[1].x[0] - s->sites[0].x[0], 256);
    stage(s, LB_SCENARIO_SAME_OBJECT, &fields_apart, LB_LOCK_RWSEM40, 2);
    place(s);
    check_program(s, 0);
    assert_int_equal(s->sites[0].program.seq, 16);
    assert_int_equal(s->sites[0].program.lock, 8);
}

static void test_field_sharing(void **state)
{
    const struct lb_layout *l = &fields_inline;
    uintptr_t far = 4096;
    struct lb_why why = {""};

    (void)state;
    /* The lock of one over the words of the other. */
    assert_true(lb_layout_shares(l, LB_LOCK_REFCOUNT, 0, far + 64, far, 8192, 64));  /* c */
    assert_true(lb_layout_shares(l, LB_LOCK_REFCOUNT, 0, far + 32, far, 8192, 64));  /* a */
    assert_true(lb_layout_shares(l, LB_LOCK_REFCOUNT, 0, far + 188, far, 8192, 64)); /* b */
    assert_false(lb_layout_shares(l, LB_LOCK_REFCOUNT, 0, far + 192, far, 8192, 64));
    assert_int_equal(
        lb_scenario_allows(&lb_scenarios[LB_SCENARIO_MIXED], &fields_apart, LB_LOCK_RWSEM40, &why),
        -EINVAL);
    assert_non_null(strstr(why.text, "no sequence number"));
    assert_int_equal(lb_scenario_allows(&lb_scenarios[LB_SCENARIO_MIXED], l, LB_LOCK_RWSEM40, NULL),
                     0);
}

static const struct {
    enum lb_scenario_kind kind;
    enum lb_op op;
} on_fields[] = {
    {LB_SCENARIO_SAME_OBJECT, LB_OP_READ}, {LB_SCENARIO_NESTED, LB_OP_NESTED},
    {LB_SCENARIO_MANY, LB_OP_MANY},        {LB_SCENARIO_MIXED, LB_OP_WRITE},
    {LB_SCENARIO_WRITERS, LB_OP_WRITER},   {LB_SCENARIO_UNCONTENDED, LB_OP_ALONE},
};

static void try_field_loop(struct scene *s, size_t k, const struct lb_layout *l,
                           enum lb_lock_kind lock)
{
    struct lb_lock_stats before, did;

    for (int paused = 0; paused < 2; paused++) {
        stage(s, on_fields[k].kind, l, lock, 2);
        place(s);
        lb_task_stats(s->me, &before);
        run_loop(s, on_fields[k].op, paused, 0);
        did = stats_since(s, &before);
        assert_int_equal(did.fallbacks + did.sleeps + did.retries, 0);
        assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
    }
}

static void test_field_loops(void **state)
{
    static const struct lb_layout *const layouts[] = {&fields_inline, &fields_apart};
    struct scene *s = *state;
    int ran = 0;

    draw(s, 62, 3);
    for (size_t k = 0; k < LB_COUNT(on_fields); k++)
        for (size_t l = 0; l < LB_COUNT(layouts); l++)
            for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++) {
                if (lb_scenario_allows(&lb_scenarios[on_fields[k].kind], layouts[l], lock, NULL))
                    continue;
                try_field_loop(s, k, layouts[l], lock);
                ran++;
            }
    assert_int_equal(ran, 2 * 6 * 4 + 5 + 2 * 4);
}

/* Which words are loaded: each of the four in turn lies on a page that nobody may touch. */

static sigjmp_buf touched_it;
static uintptr_t touched_at;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    touched_at = (uintptr_t)info->si_addr;
    siglongjmp(touched_it, 1);
}

#define PAGES_LOADED  4
#define LOCK_OF_PAGES 64 /* on the object's first page, of which no word is loaded */

/* Runs the op on an object whose words lie at the starts of pages 1 to 4, and returns where it was
 * stopped; 0: it was not. */
static uintptr_t run_into(struct scene *s, enum lb_op op, char *object, char *second)
{
    static struct lb_mm mm;
    static uint32_t pick;
    static struct lb_program program;
    uintptr_t x[6] = {(uintptr_t)object, (uintptr_t)&program, (uintptr_t)&mm,
                      op == LB_OP_MANY ? (uintptr_t)&pick : 0};
    lb_hot *loop = lb_hot_find(op, LB_LOCK_RWSEM40, false, false);

    /* The lock lies behind the words, in both objects. */
    program = (struct lb_program){.seq = LOCK_OF_PAGES + 64, .lock = LOCK_OF_PAGES};
    program.second = (uint16_t)(second - object);
    for (size_t k = 0; k < LB_LOADS; k++)
        program.load[k] = (uint16_t)(4096 * (1 + k % PAGES_LOADED));
    lb_mm_init(&mm);
    lb_lock_init(LB_LOCK_RWSEM40, object + LOCK_OF_PAGES);
    lb_lock_init(LB_LOCK_RWSEM40, second + LOCK_OF_PAGES);
    touched_at = 0;
    if (!sigsetjmp(touched_it, 1))
        loop(1, 12345, SPAN, s->me, x[0], x[1], x[2], x[3], x[4], x[5]);
    return touched_at;
}

static void check_touches(struct scene *s, enum lb_op op, char *memory, char *object)
{
    char *second = memory + 5 * 4096;

    assert_int_equal(run_into(s, op, memory, second), 0);
    for (size_t page = 1; page < 5; page++) {
        char *wanted = object + page * 4096;
        assert_int_equal(mprotect(wanted, 4096, PROT_NONE), 0);
        assert_int_equal(run_into(s, op, memory, second), (uintptr_t)wanted);
        assert_int_equal(mprotect(wanted, 4096, PROT_READ | PROT_WRITE), 0);
    }
}

static void test_fields_are_loaded(void **state)
{
    static const enum lb_op ops[] = {LB_OP_READ, LB_OP_OBSERVE, LB_OP_NESTED, LB_OP_MANY,
                                     LB_OP_MIX};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO}, before[2];
    char *memory =
        mmap(NULL, 10 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(memory != MAP_FAILED);
    sigaction(SIGSEGV, &action, &before[0]);
    sigaction(SIGBUS, &action, &before[1]);
    for (size_t i = 0; i < LB_COUNT(ops); i++) {
        check_touches(*state, ops[i], memory, memory);
        if (ops[i] == LB_OP_NESTED)
            check_touches(*state, ops[i], memory, memory + 5 * 4096);
    }
    sigaction(SIGSEGV, &before[0], NULL);
    sigaction(SIGBUS, &before[1], NULL);
    munmap(memory, 10 * 4096);
}

/* Timed ops */

static bool timed_here(void)
{
    if (lb_hot_timed_find(LB_OP_EMPTY, LB_LOCK_RWSEM40, false))
        return true;
    assert_null(lb_hot_timed_name(0));
    print_message("skipped: no ordered time-stamp on this architecture\n");
    return false;
}

static struct lb_timed run_timed(struct scene *s, enum lb_op op, const uintptr_t *x, uint64_t rng)
{
    const struct lb_layout *l = s->shape.layout;
    lb_hot_timed *timed = lb_hot_timed_find(op, s->shape.lock, l && l->indirect);

    assert_non_null(timed);
    return timed(rng, s->me, x[0], x[1], x[2], x[3], x[4], x[5]);
}

/* From the same start, the loop with one op and the timed op leave the same bytes, statistics and
 * generator. `pick`: at which word of the draw, for MANY. */
static void compare_timed(struct scene *s, enum lb_op op, uint64_t rng, size_t pick)
{
    static char after[ARENA_BYTES];
    const struct lb_layout *l = s->shape.layout;
    lb_hot *loop = lb_hot_find(op, s->shape.lock, l && l->indirect, false);
    struct lb_lock_stats before, looped, did;
    uintptr_t x[6];
    uint64_t end;

    place(s);
    memcpy(x, s->sites[0].x, sizeof x);
    if (op == LB_OP_MANY)
        x[3] += 4 * pick;
    lb_task_stats(s->me, &before);
    end = loop(1, rng, SPAN, s->me, x[0], x[1], x[2], x[3], x[4], x[5]);
    looped = stats_since(s, &before);
    memcpy(after, s->arena, ARENA_BYTES);
    place(s);
    lb_task_stats(s->me, &before);
    struct lb_timed timed = run_timed(s, op, x, rng);
    did = stats_since(s, &before);
    assert_int_equal(timed.rng, end);
    assert_memory_equal(&did, &looped, sizeof did);
    assert_memory_equal(s->arena, after, ARENA_BYTES);
    assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
}

static void test_timed_ops_do_what_loops_do(void **state)
{
    struct scene *s = *state;
    int ran = 0;

    if (!timed_here())
        skip();
    draw(s, 51, 3);
    for (size_t k = 0; k < LB_COUNT(locking); k++)
        for (size_t l = 0; l < lb_n_layouts; l++)
            for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++) {
                if (lb_scenario_allows(&lb_scenarios[locking[k].kind], &lb_layouts[l], lock, NULL))
                    continue;
                stage(s, locking[k].kind, &lb_layouts[l], lock, 2);
                compare_timed(s, locking[k].op, 12345, l);
                ran++;
            }
    assert_true(ran > 250);
    for (size_t k = 0; k < LB_COUNT(plain); k++) {
        stage(s, plain[k].kind, layout("pointer"), LB_LOCK_RWSEM40, 2);
        compare_timed(s, plain[k].op, 12345, 0);
    }
}

static void test_timed_fields_do_what_loops_do(void **state)
{
    struct scene *s = *state;

    if (!timed_here())
        skip();
    draw(s, 63, 3);
    for (size_t k = 0; k < LB_COUNT(on_fields); k++)
        for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++) {
            if (lb_scenario_allows(&lb_scenarios[on_fields[k].kind], &fields_inline, lock, NULL))
                continue;
            stage(s, on_fields[k].kind, &fields_inline, lock, 2);
            compare_timed(s, on_fields[k].op, 12345, 0);
        }
}

static void test_timed_mix_draws_as_its_loop(void **state)
{
    struct scene *s = *state;
    int writes = 0;

    if (!timed_here())
        skip();
    draw(s, 52, 3);
    stage(s, LB_SCENARIO_MIXED, layout("pointer"), LB_LOCK_RWSEM40, 2);
    s->shape.writers = (struct lb_writers){0, 0.5};
    for (uint64_t rng = 1; rng < 1000; rng += 37) {
        uint64_t seed = rng << 40 | rng;

        compare_timed(s, LB_OP_MIX, seed, 0);
        assert_int_equal(run_timed(s, LB_OP_MIX, s->sites[0].x, seed).rng, xorshift(seed));
        writes += ((struct lb_mm *)s->sites[0].x[2])->lock_seq > 1;
    }
    assert_uint_in_range(writes, 5, 22); /* of 27 */
}

/* The op is done to the object of the word at the cursor, and to no other. */
static void test_timed_many_takes_the_pick_at_its_cursor(void **state)
{
    struct scene *s = *state;

    if (!timed_here())
        skip();
    draw(s, 53, 3);
    for (size_t at = 0; at < 20; at++) {
        uintptr_t x[6], picked_owner;

        stage_many(s, layout(at % 2 ? "pointer" : "embedded"), 1000, 2, LB_PICK_SHARED_UNIFORM);
        memcpy(x, s->sites[1].x, sizeof x);
        x[3] += 4 * at;
        picked_owner = (uintptr_t)lock_at(s, lock_word(s, 1) + 8 * (uintptr_t) * (uint32_t *)x[3]) +
                       offsetof(struct lb_rwsem40, owner);
        assert_int_equal(*(uint64_t *)picked_owner, 0);
        run_timed(s, LB_OP_MANY, x, 12345);
        assert_int_equal(*(uint64_t *)picked_owner, (uintptr_t)s->me | LB_OWNER_READER);
    }
}

static void test_timed_reads_fall_back(void **state)
{
    struct scene *s = *state;

    if (!timed_here())
        skip();
    draw(s, 54, 3);
    for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++) {
        struct lb_lock_stats before;

        stage(s, LB_SCENARIO_SAME_OBJECT, layout("padded"), lock, 2);
        place(s);
        *seq_word(s, 0) = ((struct lb_mm *)s->sites[0].x[2])->lock_seq;
        lb_task_stats(s->me, &before);
        assert_int_equal(run_timed(s, LB_OP_READ, s->sites[0].x, 12345).rng, 12345);
        assert_int_equal(stats_since(s, &before).fallbacks, 1);
        assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
    }
}

#define TIMED_RUNS 20000

/* The stamps lie within readings taken around the call, and time goes by between them: with steps
 * below a microsecond some of the runs, which take at least 100 us together, see a step. */
static void test_ticks(void **state)
{
    struct scene *s = *state;
    struct lb_clock clock;
    cpu_set_t all, here;
    uint64_t sum = 0;

    if (!timed_here())
        skip();
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&here);
    CPU_SET(sched_getcpu(), &here);
    assert_int_equal(sched_setaffinity(0, sizeof here, &here), 0);
    assert_int_equal(lb_clock_init(LB_CLOCK_TSC, &clock), 0);
    draw(s, 55, 3);
    stage(s, LB_SCENARIO_SAME_OBJECT, layout("pointer"), LB_LOCK_RWSEM40, 2);
    place(s);
    for (int i = 0; i < TIMED_RUNS; i++) {
        uint64_t before = lb_clock_raw();
        uint64_t ticks = run_timed(s, i % 8 ? LB_OP_READ : LB_OP_EMPTY, s->sites[0].x, 1).ticks;

        assert_true(ticks <= lb_clock_raw() - before);
        if (i % 8)
            sum += ticks;
    }
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
    if (clock.kind == LB_CLOCK_MONOTONIC || clock.step_ns > 1000)
        print_message("ticks are not looked at: %s\n", clock.note);
    else
        assert_true(sum > 0);
}

static void test_hot_timed_find(void **state)
{
    lb_hot_timed *found[(int)LB_OPS * LB_LOCK_KINDS * 2];
    size_t n = 0, names = 0;

    (void)state;
    if (!timed_here())
        skip();
    for (int op = 0; op < LB_OPS; op++)
        for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++)
            for (int indirect = 0; indirect < 2; indirect++) {
                lb_hot_timed *timed = lb_hot_timed_find((enum lb_op)op, lock, indirect);
                bool known = false;

                assert_int_equal(timed != NULL, has_loop((enum lb_op)op, lock));
                for (size_t i = 0; i < n; i++)
                    known |= found[i] == timed;
                if (timed && !known)
                    found[n++] = timed;
            }
    for (; lb_hot_timed_name(names); names++) {
        const char *name = lb_hot_timed_name(names);

        assert_int_equal(strncmp(name, "hot_", 4), 0);
        assert_string_equal(name + strlen(name) - strlen("_timed"), "_timed");
        for (size_t i = 0; i < names; i++)
            assert_string_not_equal(lb_hot_timed_name(i), name);
    }
    assert_int_equal(names, n);
}

/* Watched words */

static void test_watch_names(void **state)
{
    struct lb_word word = {LB_WATCH_COUNT, ""};
    struct lb_why why = {""};

    (void)state;
    for (int i = 0; i < LB_WATCHES; i++) {
        assert_int_equal(lb_word_parse(lb_watch_name((enum lb_watch)i), &why, &word), 0);
        assert_int_equal(word.watch, i);
        assert_string_equal(lb_word_name(&word), lb_watch_name((enum lb_watch)i));
    }
    assert_int_equal(lb_word_parse("d_lockref.lock", &why, &word), 0);
    assert_int_equal(word.watch, LB_WATCH_FIELD);
    assert_string_equal(lb_word_name(&word), "d_lockref.lock");
    assert_int_equal(lb_word_parse("", &why, &word), -EINVAL);
    assert_int_equal(lb_word_parse("4th", &why, &word), -EINVAL);
    assert_int_equal(lb_word_parse("a b", &why, &word), -EINVAL);
    assert_string_equal(lb_word_name(&word), "d_lockref.lock");
}

static int watch(struct scene *s, int thread, enum lb_watch watch, struct lb_why *why,
                 uintptr_t *address, unsigned *bytes)
{
    const struct lb_word word = {watch, ""};

    return lb_workload_watch(&s->shape, &s->draw, s->arena, thread, &word, why, address, bytes);
}

/* A field's address, which must be there and `wanted` bytes wide. */
static uintptr_t watched_field(struct scene *s, int thread, const char *field, unsigned wanted)
{
    struct lb_why why = {""};
    struct lb_word word;
    uintptr_t address = 0;
    unsigned bytes = 0;

    if (lb_word_parse(field, &why, &word) ||
        lb_workload_watch(&s->shape, &s->draw, s->arena, thread, &word, &why, &address, &bytes))
        fail_msg("%s", why.text);
    assert_int_equal(bytes, wanted);
    assert_int_equal(address % bytes, 0);
    return address;
}

static void refused_field(struct scene *s, int thread, const char *field, const char *reason)
{
    struct lb_why why = {""};
    struct lb_word word;
    uintptr_t address = 1;
    unsigned bytes = 2;

    assert_int_equal(lb_word_parse(field, &why, &word), 0);
    assert_int_equal(
        lb_workload_watch(&s->shape, &s->draw, s->arena, thread, &word, &why, &address, &bytes),
        -ENOENT);
    assert_int_equal(address, 1);
    assert_int_equal(bytes, 2);
    if (!strstr(why.text, reason))
        fail_msg("'%s' lacks '%s'", why.text, reason);
}

/* The word's address, which must be there and `wanted` bytes wide. */
static uintptr_t watched(struct scene *s, int thread, enum lb_watch word, unsigned wanted)
{
    struct lb_why why = {""};
    uintptr_t address = 0;
    unsigned bytes = 0;

    if (watch(s, thread, word, &why, &address, &bytes))
        fail_msg("%s", why.text);
    assert_int_equal(bytes, wanted);
    assert_int_equal(address % bytes, 0);
    return address;
}

static void refused(struct scene *s, int thread, enum lb_watch word, int err, const char *reason)
{
    struct lb_why why = {""};
    uintptr_t address = 1;
    unsigned bytes = 2;

    assert_int_equal(watch(s, thread, word, &why, &address, &bytes), err);
    assert_int_equal(address, 1);
    assert_int_equal(bytes, 2);
    if (!strstr(why.text, reason) || strncmp(why.text, "watch ", 6) != 0)
        fail_msg("'%s' lacks '%s'", why.text, reason);
    assert_int_equal(watch(s, thread, word, NULL, &address, &bytes), err);
}

/* The words of one thread, from what its loop is given. */
static void check_watches(struct scene *s, int thread)
{
    const struct lb_layout *l = s->shape.layout;
    const struct lb_lock_info *info = lb_lock_info(s->shape.lock);
    const uintptr_t *x = s->sites[thread].x;
    uintptr_t lock = (uintptr_t)lock_at(s, lock_word(s, thread));
    struct lb_mm *mm = (struct lb_mm *)x[2];

    assert_int_equal(watched(s, thread, LB_WATCH_COUNT, (unsigned)info->count_bytes),
                     lock + info->count_offset);
    if (info->owner_offset >= 0)
        assert_int_equal(watched(s, thread, LB_WATCH_OWNER, 8), lock + (size_t)info->owner_offset);
    else
        refused(s, thread, LB_WATCH_OWNER, -ENOENT, info->name);
    if (l->indirect)
        assert_int_equal(watched(s, thread, LB_WATCH_POINTER, 8), lock_word(s, thread));
    else
        refused(s, thread, LB_WATCH_POINTER, -ENOENT, l->name);
    assert_ptr_equal(watched(s, thread, LB_WATCH_SEQ, 4), seq_word(s, thread));
    for (size_t i = 0; i < l->n_accesses; i++)
        assert_int_equal(watched_field(s, thread, l->accesses[i].field, l->accesses[i].bytes),
                         x[0] + l->accesses[i].offset);
    refused_field(s, thread, "vm_nothing", "no such field");
    assert_ptr_equal(watched(s, thread, LB_WATCH_MM_SEQ, 4), &mm->lock_seq);
    assert_ptr_equal(watched(s, thread, LB_WATCH_MM_COUNT, 8), &mm->lock.count);
    assert_ptr_equal(watched(s, thread, LB_WATCH_MM_OWNER, 8), &mm->lock.owner);
}

/* A user's layout: a lock that lies inline and is reached through a pointer. */
static const struct lb_layout *reached_layout(void)
{
    static struct lb_layout l;

    assert_int_equal(
        lb_layout_parse("reached:size=256,align=64,head=8,slot=48,lock=192,seq=56", NULL, &l), 0);
    return &l;
}

static void test_watches_of_every_case(void **state)
{
    struct scene *s = *state;
    int looked = 0;

    for (unsigned turn = 0; turn < 17; turn++) {
        draw(s, turn * 79 + 1, turn);
        for (size_t k = 0; k < LB_COUNT(with_objects); k++)
            for (size_t l = 0; l <= lb_n_layouts; l++)
                for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++) {
                    const struct lb_layout *look =
                        l < lb_n_layouts ? &lb_layouts[l] : reached_layout();

                    if (lb_scenario_allows(&lb_scenarios[with_objects[k]], look, lock, NULL))
                        continue;
                    stage(s, with_objects[k], look, lock, 5);
                    place(s);
                    for (int i = 0; i < 5; i++, looked++)
                        check_watches(s, i);
                }
    }
    assert_true(looked > 10000);
}

/* Fields of the program, other members of the structure, and none that it has not. */
static void test_field_watches(void **state)
{
    static char start[] = "vm_start", flags[] = "vm_flags", type[] = "unsigned long";
    static struct lb_member members[] = {{.name = start, .type = type, .offset = 72, .bytes = 8},
                                         {.name = flags, .type = type, .offset = 81, .bytes = 3}};
    static const struct lb_structure structure = {
        .name = "s", .bytes = 256, .members = members, .n_members = LB_COUNT(members)};
    struct scene *s = *state;
    struct lb_layout named = fields_inline;

    draw(s, 64, 3);
    named.structure = &structure;
    stage(s, LB_SCENARIO_NEIGHBOURS, &named, LB_LOCK_RWSEM40, 2);
    place(s);
    assert_int_equal(watched_field(s, 1, "vm_start", 8), s->sites[1].x[0] + 72);
    assert_int_equal(watched_field(s, 1, "b", 1), s->sites[1].x[0] + 129);
    /* No breakpoint is three bytes wide: the word that it begins in. */
    assert_int_equal(watched_field(s, 1, "vm_flags", 4), s->sites[1].x[0] + 80);
    assert_ptr_equal(watched(s, 1, LB_WATCH_SEQ, 4), seq_word(s, 1));
    refused_field(s, 0, "vm_policy", "layout fields has no such field");
    stage(s, LB_SCENARIO_NEIGHBOURS, &fields_apart, LB_LOCK_RWSEM40, 2);
    place(s);
    refused(s, 0, LB_WATCH_SEQ, -ENOENT, "no sequence number");
    refused_field(s, 0, "vm_mm", "no such field");
}

/* What taking the lock changes: the watched count, and nothing outside the lock. */
static void check_changes(struct scene *s, int thread, const char *copy)
{
    const struct lb_lock_info *info = lb_lock_info(s->shape.lock);
    size_t lock = offset_of(s, lock_at(s, lock_word(s, thread)));
    size_t count =
        offset_of(s, (void *)watched(s, thread, LB_WATCH_COUNT, (unsigned)info->count_bytes));

    lb_lock_read(s->shape.lock, s->arena + lock, s->me);
    assert_memory_not_equal(s->arena + count, copy + count, info->count_bytes);
    assert_memory_equal(s->arena, copy, lock);
    assert_memory_equal(s->arena + lock + info->bytes, copy + lock + info->bytes,
                        ARENA_BYTES - lock - info->bytes);
    if (info->owner_offset >= 0)
        assert_int_equal(*(uint64_t *)watched(s, thread, LB_WATCH_OWNER, 8),
                         (uintptr_t)s->me | LB_OWNER_READER);
    lb_lock_read_unlock(s->shape.lock, s->arena + lock, s->me,
                        (struct lb_mm *)s->sites[thread].x[2]);
    memcpy(s->arena + lock, copy + lock, info->bytes);
}

static void test_watched_words_change(void **state)
{
    struct scene *s = *state;
    char *copy = malloc(ARENA_BYTES);

    assert_non_null(copy);
    draw(s, 62, 6);
    for (size_t l = 0; l < lb_n_layouts; l++)
        for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++) {
            if (lb_layout_allows(&lb_layouts[l], lock, NULL))
                continue;
            stage(s, LB_SCENARIO_NEIGHBOURS, &lb_layouts[l], lock, 3);
            place(s);
            memcpy(copy, s->arena, ARENA_BYTES);
            for (int i = 0; i < 3; i++)
                check_changes(s, i, copy);
        }
    free(copy);
    /* Both sequence numbers are stored by a write op. */
    stage(s, LB_SCENARIO_MIXED, layout("pointer"), LB_LOCK_RWSEM40, 2);
    place(s);
    run_loop(s, LB_OP_WRITE, false, 1);
    assert_int_equal(*(uint32_t *)watched(s, 1, LB_WATCH_SEQ, 4), OPS);
    assert_int_equal(*(uint32_t *)watched(s, 1, LB_WATCH_MM_SEQ, 4), OPS + 1);
}

static void test_watches_without_objects(void **state)
{
    static const enum lb_scenario_kind controls[] = {LB_SCENARIO_CONTROL_SHARED,
                                                     LB_SCENARIO_CONTROL_APART};
    struct scene *s = *state;

    draw(s, 63, 0);
    for (size_t k = 0; k < LB_COUNT(controls); k++) {
        stage(s, controls[k], NULL, LB_LOCK_REFCOUNT, 12);
        place(s);
        for (int i = 0; i < 12; i++) {
            assert_int_equal(watched(s, i, LB_WATCH_COUNT, 8), s->sites[i].x[0]);
            refused(s, i, LB_WATCH_OWNER, -ENOENT, "no lock");
        }
        run_loop(s, LB_OP_ADD, false, 11);
        assert_int_equal(*(uint64_t *)watched(s, 11, LB_WATCH_COUNT, 8), OPS);
        assert_int_equal(*(uint64_t *)watched(s, 10, LB_WATCH_COUNT, 8), 0);
    }
    for (int k = LB_SCENARIO_STRAIGHT; k <= LB_SCENARIO_ADDS; k++) {
        stage(s, (enum lb_scenario_kind)k, NULL, LB_LOCK_REFCOUNT, 3);
        place(s);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(watched(s, i, LB_WATCH_COUNT, 8), s->sites[i].x[0]);
            assert_int_equal(watched(s, i, LB_WATCH_OWNER, 8), s->sites[i].x[0] + 8);
        }
        run_loop(s, k == LB_SCENARIO_ADDS ? LB_OP_ADDS : LB_OP_STRAIGHT, false, 1);
        assert_int_equal(*(uint64_t *)watched(s, 1, LB_WATCH_OWNER, 8),
                         (uintptr_t)s->me | LB_OWNER_READER);
    }
}

/* Words that a case lacks, each with its reason. */
static void test_watch_refusals(void **state)
{
    struct scene *s = *state;

    draw(s, 64, 2);
    stage(s, LB_SCENARIO_EMPTY, NULL, LB_LOCK_RWSEM40, 2);
    for (int w = 0; w < LB_WATCH_START; w++)
        refused(s, 1, (enum lb_watch)w, -ENOENT, "touches no memory");
    for (int k = LB_SCENARIO_CONTROL_SHARED; k <= LB_SCENARIO_ADDS; k++) {
        stage(s, (enum lb_scenario_kind)k, NULL, LB_LOCK_RWSEM40, 2);
        for (int w = LB_WATCH_POINTER; w < LB_WATCH_START && !lb_scenarios[k].subject->uses_layout;
             w++)
            refused(s, 0, (enum lb_watch)w, -ENOENT, lb_scenarios[k].name);
    }
    for (int k = 0; k < LB_SCENARIOS; k++) {
        stage(s, (enum lb_scenario_kind)k, layout("pointer"), LB_LOCK_RWSEM40, 2);
        for (int w = LB_WATCH_START; w < LB_WATCHES; w++)
            refused(s, 0, (enum lb_watch)w, -ENOENT, "a word of the harness");
        refused(s, 0, LB_WATCHES, -EINVAL, "no such word");
        refused(s, 2, LB_WATCH_COUNT, -EINVAL, "thread 2 of 2");
        refused(s, -1, LB_WATCH_COUNT, -EINVAL, "thread -1");
    }
    stage(s, LB_SCENARIO_PFT, NULL, LB_LOCK_RWSEM40, 2);
    for (int w = 0; w < LB_WATCH_START; w++)
        refused(s, 1, (enum lb_watch)w, -ENOENT, "scenario pft has no objects");
    stage(s, LB_SCENARIO_SAME_OBJECT, layout("embedded-own-line"), LB_LOCK_PTHREAD_MUTEX, 2);
    refused(s, 0, LB_WATCH_OWNER, -ENOENT, "lock pthread_mutex has no owner");
    refused(s, 0, LB_WATCH_POINTER, -ENOENT, "layout embedded-own-line has no pointer");
}

static int watch_count(struct scene *s, uintptr_t *address)
{
    const struct lb_word count = {LB_WATCH_COUNT, ""};
    unsigned bytes;

    return lb_workload_watch(&s->shape, &s->draw, s->arena, 1, &count, NULL, address, &bytes);
}

/* What a scenario is, its row says: one that nobody knows is laid out, checked, watched alike. */
static void test_an_unknown_row_is_laid_out_alike(void **state)
{
    struct scene *s = *state;

    draw(s, 5, 3);
    for (int k = 0; k < LB_SCENARIOS; k++) {
        struct lb_scenario row = lb_scenarios[k];
        uintptr_t x[2][6], watched[2] = {0, 0};
        int err[2];
        if (row.subject->uses_pages) /* each has a mapping of its own */
            continue;
        row.kind = LB_SCENARIOS;
        for (int unknown = 0; unknown < 2; unknown++) {
            stage(s, (enum lb_scenario_kind)k, layout("pointer"), LB_LOCK_RWSEM40, 2);
            s->shape.offset_bytes = 64;
            if (unknown)
                s->shape.scenario = &row;
            place(s);
            memcpy(x[unknown], s->sites[1].x, sizeof x[unknown]);
            assert_int_equal(lb_workload_check(&s->shape, &s->draw, s->arena), 0);
            err[unknown] = watch_count(s, &watched[unknown]);
            lb_workload_release(&s->shape, &s->draw, s->arena);
        }
        assert_memory_equal(x[0], x[1], sizeof x[0]);
        assert_int_equal(err[1], err[0]);
        assert_int_equal(watched[1], watched[0]);
    }
}

static void test_watch_of_a_lock_that_does_not_fit(void **state)
{
    struct scene *s = *state;
    struct lb_why why = {""};
    uintptr_t address = 1;
    unsigned bytes = 2;

    draw(s, 65, 2);
    stage(s, LB_SCENARIO_SAME_OBJECT, layout("refcount-seq"), LB_LOCK_RWSEM40, 2);
    assert_int_equal(watch(s, 0, LB_WATCH_COUNT, &why, &address, &bytes), -EINVAL);
    assert_non_null(strstr(why.text, "refcount-seq"));
    assert_int_equal(address, 1);
    assert_int_equal(bytes, 2);
}

static void test_watches_of_many(void **state)
{
    struct scene *s = *state;
    const struct lb_mm *mm;

    draw(s, 66, 3);
    for (enum lb_picking access = 0; access < LB_PICKINGS; access++) {
        stage_many(s, layout("pointer"), 1000, 3, access);
        mm = (const struct lb_mm *)s->sites[2].x[2];
        assert_ptr_equal(watched(s, 2, LB_WATCH_MM_SEQ, 4), &mm->lock_seq);
        assert_ptr_equal(watched(s, 2, LB_WATCH_MM_COUNT, 8), &mm->lock.count);
        assert_ptr_equal(watched(s, 2, LB_WATCH_MM_OWNER, 8), &mm->lock.owner);
        for (int w = 0; w < LB_WATCH_MM_SEQ; w++)
            refused(s, 2, (enum lb_watch)w, -ENOENT, "each op takes another object");
    }
}

/* Descriptors */

static void test_descriptors(void **state)
{
    static const char *const named[] = {"same-object", "neighbours", "observer", "mixed",
                                        "writers",     "nested",     "many",     "empty"};
    const struct lb_scenario *found = NULL, *untouched;
    struct lb_why why = {""};

    (void)state;
    for (int i = 0; i < LB_SCENARIOS; i++) {
        const struct lb_scenario *s = &lb_scenarios[i];
        assert_int_equal(s->kind, i);
        assert_true(s->name && s->question && s->question[0]);
        assert_uint_in_range(s->n_roles, 1, 2);
        assert_uint_in_range(s->n_roles, 1, 2);
        assert_int_equal(lb_scenario_find(s->name, &why, &found), s->internal ? -ENOENT : 0);
        if (!s->internal)
            assert_ptr_equal(found, s);
    }
    for (size_t i = 0; i < LB_COUNT(named); i++)
        assert_int_equal(lb_scenario_find(named[i], NULL, &found), 0);
    untouched = found;
    assert_int_equal(lb_scenario_find("faults", &why, &found), -ENOENT);
    assert_ptr_equal(found, untouched);
    for (size_t i = 0; i < LB_COUNT(named); i++)
        assert_non_null(strstr(why.text, named[i]));
    assert_null(strstr(why.text, "control"));
}

static void test_roles(void **state)
{
    const struct lb_scenario *observer = &lb_scenarios[LB_SCENARIO_OBSERVER];
    const struct lb_scenario *mixed = &lb_scenarios[LB_SCENARIO_MIXED];
    struct lb_writers one = {1, 0}, two = {2, 0}, share = {0, 0.05};
    int locks = 0;

    (void)state;
    for (int i = 0; i < 5; i++)
        locks += lb_scenario_op(observer, &one, i, 5) == LB_OP_READ;
    assert_int_equal(locks, 3);
    assert_int_equal(lb_scenario_op(observer, &one, 2, 5), LB_OP_READ);
    assert_int_equal(lb_scenario_op(observer, &one, 3, 5), LB_OP_OBSERVE);
    assert_int_equal(lb_scenario_op(observer, &one, 1, 2), LB_OP_OBSERVE);
    assert_int_equal(lb_scenario_role(mixed, &two, 1, 4), 0);
    assert_int_equal(lb_scenario_role(mixed, &two, 2, 4), 1);
    assert_int_equal(lb_scenario_op(mixed, &two, 1, 4), LB_OP_READ);
    assert_int_equal(lb_scenario_op(mixed, &two, 3, 4), LB_OP_WRITE);
    for (int i = 0; i < 4; i++)
        assert_int_equal(lb_scenario_op(mixed, &share, i, 4), LB_OP_MIX);
    for (int k = 0; k < LB_SCENARIOS; k++)
        for (int i = 0; i < 4 && lb_scenarios[k].n_roles == 1; i++) {
            assert_int_equal(lb_scenario_role(&lb_scenarios[k], &one, i, 4), 0);
            assert_string_equal(lb_scenarios[k].roles[0].name, "all");
        }
}

/* Threads of each role, n being allowed. */
static void check_players(const struct lb_scenario *s, const struct lb_writers *writers, int n)
{
    int players[2] = {0, 0};

    for (int i = 0; i < n; i++) {
        int role = lb_scenario_role(s, writers, i, n);
        assert_uint_in_range(role, 0, s->n_roles - 1);
        players[role]++;
    }
    for (int role = 0; role < s->n_roles; role++)
        if (!players[role])
            fail_msg("%s on %d threads: nobody plays role %s", s->name, n, s->roles[role].name);
}

static void test_every_role_is_played(void **state)
{
    (void)state;
    for (int k = 0; k < LB_SCENARIOS; k++) {
        const struct lb_scenario *s = &lb_scenarios[k];
        int most = s->most_threads ? s->most_threads : 70;
        assert_true((s->players == LB_PLAYERS_ALL) == (s->n_roles == 1));
        for (int n = s->n_roles; n <= most; n++)
            for (int writing = 1; writing < (lb_scenario_has_writers(s) ? n : 2); writing++)
                check_players(s, &(struct lb_writers){writing, 0}, n);
    }
}

static void test_who_plays_the_second_role(void **state)
{
    static const struct {
        const char *name;
        int threads, first;
    } expected[] = {
        {"observer", 5, 3},     {"read-write", 5, 3}, {"whatif", 4, 2},    {"mixed", 5, 3},
        {"counters-sum", 5, 4}, {"ring", 2, 1},       {"fault-map", 5, 4}, {"fault-protect", 5, 4},
    };
    struct lb_writers two = {2, 0};
    size_t with_two = 0;

    (void)state;
    for (size_t k = 0; k < LB_COUNT(expected); k++) {
        const struct lb_scenario *s;
        assert_int_equal(lb_scenario_find(expected[k].name, NULL, &s), 0);
        for (int i = 0; i < expected[k].threads; i++)
            assert_int_equal(lb_scenario_role(s, &two, i, expected[k].threads),
                             i >= expected[k].first);
    }
    for (int k = 0; k < LB_SCENARIOS; k++)
        with_two += lb_scenarios[k].n_roles == 2;
    assert_int_equal(with_two, LB_COUNT(expected));
}

/* A row that names an op which has no loop for a lock is refused, whatever scenario it is. */
static void test_a_new_row_is_refused_where_it_has_no_loop(void **state)
{
    struct lb_scenario row = lb_scenarios[LB_SCENARIO_SAME_OBJECT];
    struct lb_why why = {""};

    (void)state;
    row.name = "watched-writer";
    row.n_roles = 2;
    row.players = LB_PLAYERS_FIRST_HALF;
    row.roles[0] = (struct lb_role){"write", LB_OP_WRITER};
    row.roles[1] = (struct lb_role){"observe", LB_OP_OBSERVE};
    assert_int_equal(lb_scenario_allows(&row, layout("embedded"), LB_LOCK_RWSEM40, &why), 0);
    assert_int_equal(lb_scenario_allows(&row, layout("refcount"), LB_LOCK_REFCOUNT, &why), -EINVAL);
    assert_non_null(strstr(why.text, "watched-writer with lock refcount"));
    row.roles[1].op = LB_OPS;
    why.text[0] = '\0';
    assert_int_equal(lb_scenario_allows(&row, layout("embedded"), LB_LOCK_RWSEM40, &why), -EINVAL);
    assert_non_null(strstr(why.text, "observe has no loop"));
}

static void test_writers_parse(void **state)
{
    static const char *const bad[] = {"",    "0",    "-1",          "1.5", "x",    "1x",
                                      "0%",  "101%", "5%%",         "nan", "nan%", "inf",
                                      "-5%", "1e12", "99999999999", "%"};
    struct lb_writers writers = {7, 7};
    struct lb_why why;

    (void)state;
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        why.text[0] = '\0';
        if (lb_writers_parse(bad[i], &why, &writers) != -EINVAL)
            fail_msg("'%s' is taken", bad[i]);
        assert_non_null(strstr(why.text, bad[i]));
        assert_true(writers.threads == 7 && writers.share > 6);
    }
    assert_int_equal(lb_writers_parse("3", NULL, &writers), 0);
    assert_true(writers.threads == 3 && writers.share <= 0);
    assert_int_equal(lb_writers_parse("5%", NULL, &writers), 0);
    assert_true(writers.threads == 0 && writers.share > 0.0499 && writers.share < 0.0501);
    assert_int_equal(lb_writers_parse("100%", NULL, &writers), 0);
    assert_int_equal(lb_writers_parse("0.1%", NULL, &writers), 0);
    assert_true(writers.share > 0.0009 && writers.share < 0.0011);
}

static void test_access_names(void **state)
{
    enum lb_picking access = LB_PICKINGS;
    struct lb_why why = {""};

    (void)state;
    for (int i = 0; i < LB_PICKINGS; i++) {
        assert_int_equal(lb_picking_parse(lb_picking_name((enum lb_picking)i), NULL, &access), 0);
        assert_int_equal(access, i);
    }
    assert_int_equal(lb_picking_parse("zipf", &why, &access), -EINVAL);
    assert_int_equal(access, LB_PICKINGS - 1);
    assert_non_null(strstr(why.text, "shared-zipf"));
}

static void test_allowed_combinations(void **state)
{
    struct lb_why why = {""};
    const struct lb_scenario *s = lb_scenarios;

    (void)state;
    assert_int_equal(
        lb_scenario_allows(&s[LB_SCENARIO_WRITERS], layout("refcount"), LB_LOCK_REFCOUNT, &why),
        -EINVAL);
    assert_non_null(strstr(why.text, "refcount"));
    assert_int_equal(
        lb_scenario_allows(&s[LB_SCENARIO_MIXED], layout("refcount"), LB_LOCK_REFCOUNT, &why), 0);
    assert_int_equal(
        lb_scenario_allows(&s[LB_SCENARIO_WRITERS], layout("pointer"), LB_LOCK_LOCKED_ADDS, &why),
        -EINVAL);
    assert_int_equal(
        lb_scenario_allows(&s[LB_SCENARIO_MIXED], layout("pointer"), LB_LOCK_LOCKED_ADDS, &why),
        -EINVAL);
    assert_int_equal(lb_scenario_allows(&s[LB_SCENARIO_SAME_OBJECT], layout("refcount-seq"),
                                        LB_LOCK_RWSEM40, &why),
                     -EINVAL);
    assert_non_null(strstr(why.text, "refcount-seq"));
    assert_int_equal(lb_scenario_allows(&s[LB_SCENARIO_EMPTY], NULL, LB_LOCK_RWSEM40, &why), 0);
    /* What is allowed has a loop for every role, and the other way round. */
    for (int k = 0; k < LB_SCENARIOS; k++)
        for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++) {
            bool all = s[k].kind != LB_SCENARIO_WHATIF; /* pointer does not say what is touched */
            for (int role = 0; role < s[k].n_roles; role++)
                all &= lb_hot_find(s[k].roles[role].op, lock, !s[k].uses_lock, true) != NULL;
            assert_int_equal(lb_scenario_allows(&s[k], layout("pointer"), lock, &why) == 0, all);
        }
}

static void test_which_block(void **state)
{
    (void)state;
    assert_true(lb_scenario_blocks(&lb_scenarios[LB_SCENARIO_MIXED], LB_LOCK_REFCOUNT));
    assert_true(lb_scenario_blocks(&lb_scenarios[LB_SCENARIO_WRITERS], LB_LOCK_RWSEM40));
    assert_false(lb_scenario_blocks(&lb_scenarios[LB_SCENARIO_SAME_OBJECT], LB_LOCK_RWSEM40));
    assert_true(lb_scenario_blocks(&lb_scenarios[LB_SCENARIO_SAME_OBJECT], LB_LOCK_PTHREAD_MUTEX));
    assert_true(lb_scenario_blocks(&lb_scenarios[LB_SCENARIO_NESTED], LB_LOCK_PTHREAD_MUTEX));
    assert_false(lb_scenario_blocks(&lb_scenarios[LB_SCENARIO_NEIGHBOURS], LB_LOCK_PTHREAD_MUTEX));
    assert_false(lb_scenario_blocks(&lb_scenarios[LB_SCENARIO_EMPTY], LB_LOCK_PTHREAD_MUTEX));
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
        cmocka_unit_test(test_loops_that_lock),
        cmocka_unit_test(test_mix_writes_its_share),
        cmocka_unit_test(test_loops_of_words),
        cmocka_unit_test(test_observe_and_empty_write_nothing),
        cmocka_unit_test(test_reads_fall_back),
        cmocka_unit_test(test_hot_find),
        cmocka_unit_test(test_words_of_a_role),
        cmocka_unit_test(test_accesses_have_room),
        cmocka_unit_test(test_field_sites),
        cmocka_unit_test(test_field_sharing),
        cmocka_unit_test(test_field_watches),
        cmocka_unit_test(test_field_loops),
        cmocka_unit_test(test_fields_are_loaded),
        cmocka_unit_test(test_timed_fields_do_what_loops_do),
        cmocka_unit_test(test_timed_ops_do_what_loops_do),
        cmocka_unit_test(test_timed_mix_draws_as_its_loop),
        cmocka_unit_test(test_timed_many_takes_the_pick_at_its_cursor),
        cmocka_unit_test(test_timed_reads_fall_back),
        cmocka_unit_test(test_ticks),
        cmocka_unit_test(test_hot_timed_find),
        cmocka_unit_test(test_watch_names),
        cmocka_unit_test(test_watches_of_every_case),
        cmocka_unit_test(test_watched_words_change),
        cmocka_unit_test(test_watches_without_objects),
        cmocka_unit_test(test_watch_refusals),
        cmocka_unit_test(test_watch_of_a_lock_that_does_not_fit),
        cmocka_unit_test(test_an_unknown_row_is_laid_out_alike),
        cmocka_unit_test(test_watches_of_many),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_every_role_is_played),
        cmocka_unit_test(test_who_plays_the_second_role),
        cmocka_unit_test(test_a_new_row_is_refused_where_it_has_no_loop),
        cmocka_unit_test(test_writers_parse),
        cmocka_unit_test(test_access_names),
        cmocka_unit_test(test_allowed_combinations),
        cmocka_unit_test(test_which_block),
    };

    return cmocka_run_group_tests_name("shape", tests, setup, teardown);
}
