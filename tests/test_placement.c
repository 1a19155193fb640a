/* SPDX-License-Identifier: MIT
 *
 * placement: golden placements on many machines, the rules that hold on all of them, and the
 * refusals. LB_UPDATE_GOLDEN=1 rewrites the golden files; read them before they are committed.
 */
#include <linebounce/placement.h>

#include "support/machines.h"
#include "support/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Rendering */

static void render_number(FILE *out, const char *name, int number)
{
    if (number >= 0)
        fprintf(out, " %s %d", name, number);
}

static void render_table(FILE *out, const struct lb_topology *t)
{
    for (int i = 0; i < t->n_pus; i++) {
        const struct lb_pu *pu = &t->pus[i];
        fprintf(out, "  %d: PU %d", pu->pu_index, pu->pu_os);
        render_number(out, "core", pu->core);
        render_number(out, "l2", pu->l2);
        render_number(out, "l3", pu->l3);
        render_number(out, "die", pu->die);
        render_number(out, "package", pu->package);
        render_number(out, "node", pu->node_os);
        render_number(out, "kind", t->n_kinds > 1 ? pu->kind : -1);
        fprintf(out, "%s\n", pu->allowed ? "" : " not allowed");
    }
}

/* Runs of three or more are drawn together; lines are folded. */
static void render_placement(FILE *out, const struct lb_placement *p)
{
    int column = fprintf(out, "%s (%s):", p->name, lb_distance_name(p->distance));
    for (int i = 0; i < p->n;) {
        int end = i;
        while (end + 1 < p->n && p->pu_os[end + 1] == p->pu_os[end] + 1)
            end++;
        if (column > 90) {
            fputs("\n   ", out);
            column = 3;
        }
        if (end > i + 1) {
            column += fprintf(out, " %d-%d", p->pu_os[i], p->pu_os[end]);
            i = end + 1;
        } else {
            column += fprintf(out, " %d", p->pu_os[i++]);
        }
    }
    fputs("\n", out);
}

static void render_named(FILE *out, const struct lb_topology *t, const char *name, int n)
{
    struct lb_why why = {""};
    struct lb_placement placement;
    if (lb_placement_named(t, name, n, &why, &placement))
        fail_msg("%s", why.text);
    render_placement(out, &placement);
    lb_placement_finish(&placement);
}

static void render(FILE *out, const struct shape *shape, const struct lb_topology *t)
{
    static const int counts[] = {1, 2, 3, 4, 8};
    fprintf(out, "%s\n", shape->spec);
    fprintf(out, "PUs %d allowed %d cores %d L3 %d packages %d nodes %d kinds %d\n", t->n_pus,
            t->n_allowed, t->n_cores, t->n_l3, t->n_packages, t->n_nodes, t->n_kinds);
    if (t->n_pus <= 20)
        render_table(out, t);
    unsigned classes;
    assert_int_equal(lb_placement_classes(t, &classes), 0);
    fputs("classes:", out);
    for (int i = 0; i < LB_DISTANCES; i++)
        if (classes & 1u << i)
            fprintf(out, " %s", lb_distance_name((enum lb_distance)i));
    fputs("\n", out);
    for (int i = 0; i < LB_DISTANCES; i++)
        if (classes & 1u << i)
            render_named(out, t, lb_distance_name((enum lb_distance)i), 0);
    fputs("closest is ", out);
    render_named(out, t, "closest", 0);
    for (int word = 0; word < 2; word++) {
        const char *name = word ? "scatter" : "compact";
        for (size_t i = 0; i < LB_COUNT(counts); i++)
            if (counts[i] < t->n_allowed)
                render_named(out, t, name, counts[i]);
        render_named(out, t, name, t->n_allowed);
    }
}

/* Golden files */

/* The lines that differ, golden with -, what came with +. */
static void print_difference(const char *golden, const char *now)
{
    while (*golden || *now) {
        int golden_length = (int)strcspn(golden, "\n"), length = (int)strcspn(now, "\n");
        if (golden_length != length || strncmp(golden, now, (size_t)length)) {
            print_error("-%.*s\n", golden_length, golden);
            print_error("+%.*s\n", length, now);
        }
        golden += golden_length + (golden[golden_length] == '\n');
        now += length + (now[length] == '\n');
    }
}

static int check_golden(const struct shape *shape)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/golden/placement-%s.txt", tests_dir(), shape->name);
    struct lb_topology *topology = load(shape->spec);
    char *now = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&now, &size);
    assert_non_null(out);
    render(out, shape, topology);
    assert_int_equal(fclose(out), 0);
    lb_topology_destroy(topology);
    const char *update = getenv("LB_UPDATE_GOLDEN");
    int wrong = 0;
    if (update && !strcmp(update, "1")) {
        write_text(path, now);
    } else {
        char *golden = try_read_text(path);
        wrong = !golden || strcmp(golden, now);
        if (wrong) {
            print_error("%s:\n", path);
            print_difference(golden ? golden : "", now);
        }
        free(golden);
    }
    free(now);
    return wrong;
}

static void test_golden(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < LB_COUNT(shapes); i++)
        wrong += check_golden(&shapes[i]);
    assert_int_equal(wrong, 0);
}

/* Rules that hold on every machine, with any set of PUs allowed */

/* All pairs, one after the other: what the linear search must find. */
static bool reference_pair(const struct lb_topology *t, enum lb_distance distance, bool one_kind,
                           int pair[2])
{
    for (int i = 0; i < t->n_pus; i++) {
        for (int j = i + 1; j < t->n_pus; j++) {
            const struct lb_pu *a = &t->pus[i], *b = &t->pus[j];
            if (!a->allowed || !b->allowed || (one_kind && a->kind != b->kind) ||
                lb_distance_between(a, b) != distance)
                continue;
            pair[0] = a->pu_os;
            pair[1] = b->pu_os;
            return true;
        }
    }
    return false;
}

static void check_pairs(const struct lb_topology *t)
{
    unsigned classes;
    assert_int_equal(lb_placement_classes(t, &classes), 0);
    for (int i = LB_DISTANCE_SMT; i < LB_DISTANCES; i++) {
        enum lb_distance distance = (enum lb_distance)i;
        int want[2];
        struct lb_placement got;
        bool there =
            reference_pair(t, distance, true, want) || reference_pair(t, distance, false, want);
        assert_int_equal(classes >> i & 1, there);
        int rc = lb_placement_pair(t, distance, NULL, &got);
        assert_int_equal(rc, there ? 0 : -ENOENT);
        if (!there)
            continue;
        assert_int_equal(got.n, 2);
        assert_int_equal(got.distance, distance);
        assert_memory_equal(got.pu_os, want, sizeof want);
        lb_placement_finish(&got);
    }
}

static enum lb_distance reference_farthest(const struct lb_topology *t,
                                           const struct lb_placement *p)
{
    enum lb_distance far = LB_DISTANCE_NONE;
    for (int i = 0; i < p->n; i++) {
        for (int j = 0; j < i; j++) {
            enum lb_distance distance = lb_distance_between(lb_topology_find(t, p->pu_os[i]),
                                                            lb_topology_find(t, p->pu_os[j]));
            far = distance > far ? distance : far;
        }
    }
    return far;
}

static int allowed_in_core(const struct lb_topology *t, int core)
{
    int n = 0;
    for (int i = 0; i < t->n_pus; i++)
        n += t->pus[i].allowed && t->pus[i].core == core;
    return n;
}

/* No thread joins a core while another allowed core has fewer than that one and room. */
static void check_siblings_last(const struct lb_topology *t, const struct lb_placement *p)
{
    int *used = calloc((size_t)t->n_cores + 1, sizeof *used);
    assert_non_null(used);
    for (int i = 0; i < p->n && t->n_cores; i++) {
        int core = lb_topology_find(t, p->pu_os[i])->core;
        for (int other = 0; other < t->n_cores; other++)
            if (used[other] < used[core])
                assert_true(used[other] == allowed_in_core(t, other));
        used[core]++;
    }
    free(used);
}

static void check_whole(const struct lb_topology *t, const struct lb_placement *p)
{
    bool *seen = calloc((size_t)t->n_pus, sizeof *seen);
    assert_non_null(seen);
    for (int i = 0; i < p->n; i++) {
        const struct lb_pu *pu = lb_topology_find(t, p->pu_os[i]);
        assert_non_null(pu);
        assert_true(pu->allowed);
        assert_false(seen[pu - t->pus]);
        seen[pu - t->pus] = true;
    }
    free(seen);
}

static void check_orders(const struct lb_topology *t, int n, bool slow)
{
    struct lb_placement compact, scatter;
    assert_int_equal(lb_placement_compact(t, n, NULL, &compact), 0);
    assert_int_equal(lb_placement_scatter(t, n, NULL, &scatter), 0);
    assert_int_equal(compact.n, n);
    assert_int_equal(scatter.n, n);
    check_whole(t, &compact);
    check_whole(t, &scatter);
    for (int i = 1; i < n; i++)
        assert_true(lb_topology_find(t, compact.pu_os[i - 1])->pu_index <
                    lb_topology_find(t, compact.pu_os[i])->pu_index);
    if (slow) {
        assert_int_equal(compact.distance, reference_farthest(t, &compact));
        assert_int_equal(scatter.distance, reference_farthest(t, &scatter));
        check_siblings_last(t, &scatter);
    }
    lb_placement_finish(&compact);
    lb_placement_finish(&scatter);
}

static void test_rules(void **state)
{
    (void)state;
    unsigned seed = 2463534242u;
    for (size_t i = 0; i < LB_COUNT(shapes); i++) {
        struct lb_topology *t = load(shapes[i].spec);
        bool small = t->n_pus <= 64;
        for (int round = 0; round < (small ? 40 : 2); round++) {
            check_pairs(t);
            if (t->n_allowed) {
                check_orders(t, t->n_allowed, small);
                check_orders(t, 1 + (int)(next_random(&seed) % (unsigned)t->n_allowed), small);
            }
            allow_some(t, &seed);
        }
        lb_topology_destroy(t);
    }
}

/* On regular machines every prefix of scatter loads the packages and last-level caches evenly. */
static void test_scatter_is_even(void **state)
{
    (void)state;
    static const char *const regular[] = {"smt2-two-packages", "epyc-256", "power-smt8", "pus-512"};
    for (size_t i = 0; i < LB_COUNT(shapes); i++) {
        bool wanted = false;
        for (size_t k = 0; k < LB_COUNT(regular); k++)
            wanted |= !strcmp(regular[k], shapes[i].name);
        if (!wanted)
            continue;
        struct lb_topology *t = load(shapes[i].spec);
        struct lb_placement p;
        assert_int_equal(lb_placement_scatter(t, t->n_allowed, NULL, &p), 0);
        int packages[8] = {0}, l3s[64] = {0};
        for (int n = 0; n < p.n; n++) {
            const struct lb_pu *pu = lb_topology_find(t, p.pu_os[n]);
            assert_int_equal(packages[pu->package]++, n / t->n_packages);
            assert_int_equal(l3s[pu->l3]++, n / t->n_l3);
        }
        lb_placement_finish(&p);
        lb_topology_destroy(t);
    }
}

/* Words and lists */

static void test_distances(void **state)
{
    (void)state;
    for (int i = 0; i < LB_DISTANCES; i++) {
        enum lb_distance back = LB_DISTANCES;
        assert_int_equal(lb_distance_parse(lb_distance_name((enum lb_distance)i), &back), 0);
        assert_int_equal(back, i);
        assert_true(strlen(lb_distance_meaning((enum lb_distance)i)) > 0);
    }
    enum lb_distance untouched = LB_DISTANCE_L3;
    assert_int_equal(lb_distance_parse("L3", &untouched), -EINVAL);
    assert_int_equal(lb_distance_parse("", &untouched), -EINVAL);
    assert_int_equal(untouched, LB_DISTANCE_L3);
    struct lb_pu a = {.pu_os = 0, .core = -1, .l2 = -1, .l3 = -1, .package = -1}, b = a;
    assert_int_equal(lb_distance_between(&a, &b), LB_DISTANCE_NONE);
    b.pu_os = 1;
    assert_int_equal(lb_distance_between(&a, &b), LB_DISTANCE_PACKAGE);
    b.node_os = 1; /* nodes alone do not make it remote */
    assert_int_equal(lb_distance_between(&a, &b), LB_DISTANCE_PACKAGE);
    b.package = 1;
    assert_int_equal(lb_distance_between(&a, &b), LB_DISTANCE_REMOTE);
    b.package = a.package;
    a.l3 = b.l3 = 0; /* an L3 that spans sub-NUMA clusters */
    assert_int_equal(lb_distance_between(&a, &b), LB_DISTANCE_PACKAGE);
    b.node_os = a.node_os;
    assert_int_equal(lb_distance_between(&a, &b), LB_DISTANCE_L3);
}

static void assert_list(const struct lb_topology *t, const char *list, const int *want, int n,
                        enum lb_distance distance)
{
    struct lb_why why = {""};
    struct lb_placement p;
    if (lb_placement_list(t, list, &why, &p))
        fail_msg("%s", why.text);
    assert_string_equal(p.name, "pus");
    assert_int_equal(p.n, n);
    assert_int_equal(p.distance, distance);
    assert_memory_equal(p.pu_os, want, (size_t)n * sizeof *want);
    lb_placement_finish(&p);
}

static void test_lists(void **state)
{
    (void)state;
    struct lb_topology *t = load("pack:2 numa:1 l3:1 l2:4 core:1 pu:2(indexes=core)");
    assert_list(t, "5", (const int[]){5}, 1, LB_DISTANCE_NONE);
    assert_list(t, "8,0", (const int[]){8, 0}, 2, LB_DISTANCE_SMT);
    assert_list(t, "2-2,0-1,3", (const int[]){2, 0, 1, 3}, 4, LB_DISTANCE_L3);
    assert_list(t, "0-3,8,15", (const int[]){0, 1, 2, 3, 8, 15}, 6, LB_DISTANCE_REMOTE);
    assert_list(t, "007", (const int[]){7}, 1, LB_DISTANCE_NONE);
    lb_topology_destroy(t);
}

struct refusal {
    const char *list;
    int rc;
    const char *says;
};

static void check_list_refusals(const char *spec, const struct refusal *refusals, size_t n)
{
    struct lb_topology *t = load(spec);
    for (size_t i = 0; i < n; i++) {
        struct lb_why why = {""};
        struct lb_placement p = {.n = 77};
        assert_int_equal(lb_placement_list(t, refusals[i].list, &why, &p), refusals[i].rc);
        assert_int_equal(p.n, 77);
        if (!strstr(why.text, refusals[i].says))
            fail_msg("\"%s\" does not say \"%s\"", why.text, refusals[i].says);
        assert_int_equal(lb_placement_list(t, refusals[i].list, NULL, &p), refusals[i].rc);
    }
    lb_topology_destroy(t);
}

static void test_list_refusals(void **state)
{
    (void)state;
    static const struct refusal syntax[] = {
        {"", -EINVAL, "empty"},
        {",", -EINVAL, "wants numbers"},
        {"0,", -EINVAL, "wants numbers"},
        {"0,,1", -EINVAL, "not \",1\""},
        {"a", -EINVAL, "not \"a\""},
        {"0x1", -EINVAL, "wants numbers"},
        {" 0", -EINVAL, "wants numbers"},
        {"0 ,1", -EINVAL, "wants numbers"},
        {"+1", -EINVAL, "wants numbers"},
        {"-1", -EINVAL, "wants numbers"},
        {"0-", -EINVAL, "wants numbers"},
        {"0-1-2", -EINVAL, "wants numbers"},
        {"3-1", -EINVAL, "write 1-3"},
        {"0,0", -EINVAL, "PU 0 is in it twice"},
        {"0-2,1", -EINVAL, "PU 1 is in it twice"},
        {"4", -EINVAL, "no PU 4 here; there are 0-3"},
        {"0-1000000000", -EINVAL, "no PU 4 here"},
        {"4294967296", -EINVAL, "no PU 4294967296 here"},
        {"99999999999999999999999", -EINVAL, "no PU"},
    };
    check_list_refusals("pack:1 l3:1 core:4 pu:1", syntax, LB_COUNT(syntax));
    static const struct refusal offline[] = {
        {"0,3", -EACCES, "PU 3 is offline or outside"},
        {"7", -EACCES, "allowed: 0-2,4-5"},
        {"8", -EINVAL, "there are 0-7"},
    };
    check_list_refusals("offline.xml", offline, LB_COUNT(offline));
    static const struct refusal cpuset[] = {{"1-5", -EACCES, "PU 5 is"}};
    check_list_refusals("cpuset.xml", cpuset, LB_COUNT(cpuset));
    static const struct refusal sparse[] = {{"4", -EINVAL, "there are 0-3,8-11,88-91,168-171"}};
    check_list_refusals("sparse-line128.xml", sparse, LB_COUNT(sparse));
}

/* isolcpus takes CPUs out of every mask: a list may name them, and refusals say so. */
static void test_isolated(void **state)
{
    struct lb_topology *t = load("pack:1 l3:1 core:4 pu:1");
    struct lb_placement p;
    struct lb_why why = {""};

    (void)state;
    for (int i = 1; i < 4; i++) {
        t->pus[i].allowed = false;
        t->pus[i].isolated = i > 1;
    }
    t->n_allowed = 1;
    assert_int_equal(lb_placement_list(t, "2-3", &why, &p), 0);
    assert_int_equal(p.pu_os[0] + 10 * p.pu_os[1], 32);
    lb_placement_finish(&p);
    assert_int_equal(lb_placement_list(t, "0-1", &why, &p), -EACCES);
    assert_int_equal(lb_placement_compact(t, 2, &why, &p), -ERANGE);
    assert_non_null(
        strstr(why.text, "1 allowed PU (0); isolated ones take part by name: --pus 2-3"));
    assert_int_equal(lb_placement_pair(t, LB_DISTANCE_L3, &why, &p), -ENOENT);
    assert_non_null(strstr(why.text, "by name: --pus 2-3"));
    assert_int_equal(lb_placement_named(t, "closest", 0, &why, &p), 0);
    assert_int_equal(p.n, 1);
    lb_placement_finish(&p);
    lb_topology_destroy(t);
}

static void refuse_named(const char *spec, const char *name, int n, int rc, const char *says)
{
    struct lb_topology *t = load(spec);
    struct lb_why why = {""};
    struct lb_placement p = {.n = 77};
    assert_int_equal(lb_placement_named(t, name, n, &why, &p), rc);
    assert_int_equal(p.n, 77);
    if (!strstr(why.text, says))
        fail_msg("\"%s\" does not say \"%s\"", why.text, says);
    lb_topology_destroy(t);
}

static void test_name_refusals(void **state)
{
    (void)state;
    const char *smt2 = "pack:1 l3:1 core:2 pu:2", *knl = "pack:1 l2:2 core:2 pu:1";
    refuse_named(smt2, "remote", 0, -ENOENT, "it has smt, l3");
    refuse_named(knl, "l3", 0, -ENOENT, "it has l2, package");
    refuse_named("pu:1", "smt", 0, -ENOENT, "no pair at all, with 1 allowed PU");
    refuse_named("cpuset.xml", "package", 0, -ENOENT, "it has smt, l3, remote");
    refuse_named("offline.xml", "remote", 2, -ENOENT, "it has smt, l3");
    refuse_named(smt2, "compact", 5, -ERANGE, "5 threads, but only 4 allowed PUs (0-3)");
    refuse_named(smt2, "scatter-9", 0, -ERANGE, "9 threads");
    refuse_named("cpuset.xml", "scatter-7", 0, -ERANGE, "only 6 allowed PUs (1-4,9-10)");
    refuse_named("pu:1", "closest", 2, -ERANGE, "only 1 allowed PU (0)");
    refuse_named(smt2, "l3", 4, -EINVAL, "compact-4 and scatter-4");
    refuse_named(smt2, "l3-1", 0, -EINVAL, "a pair is 2 threads");
    refuse_named(smt2, "scatter-2", 4, -EINVAL, "names 2 threads, but 4");
    refuse_named(smt2, "scatter", -1, -EINVAL, "at least 1");
    static const char *const unknown[] = {"",
                                          "none",
                                          "L3",
                                          "l4",
                                          "compact8",
                                          "pus",
                                          "-2",
                                          "0,1",
                                          "a-name-that-is-longer-than-any-placement-has-room-for",
                                          "anamethatislongerthananyplacementhasroomfor"};
    for (size_t i = 0; i < LB_COUNT(unknown); i++)
        refuse_named(smt2, unknown[i], 0, -EINVAL,
                     "There are: closest, compact, scatter, smt, l2, l3, package");
    refuse_named(smt2, "0,1", 0, -EINVAL, "--pus");
    static const char *const counts[] = {"compact-",   "compact-0",
                                         "compact-x",  "compact--1",
                                         "compact-2x", "compact-99999999999999999999"};
    for (size_t i = 0; i < LB_COUNT(counts); i++)
        refuse_named(smt2, counts[i], 0, -EINVAL, "compact-2");
}

static void assert_named(const struct lb_topology *t, const char *name, int n, const char *called,
                         const int *pu_os, int n_pus)
{
    struct lb_why why = {""};
    struct lb_placement p;
    if (lb_placement_named(t, name, n, &why, &p))
        fail_msg("%s", why.text);
    assert_string_equal(p.name, called);
    assert_int_equal(p.n, n_pus);
    assert_memory_equal(p.pu_os, pu_os, (size_t)n_pus * sizeof *pu_os);
    lb_placement_finish(&p);
}

static void test_names(void **state)
{
    (void)state;
    struct lb_topology *t = load("pack:2 numa:1 l3:1 core:2 pu:2");
    assert_named(t, "compact", 0, "compact-2", (const int[]){0, 1}, 2);
    assert_named(t, "scatter", 0, "scatter-2", (const int[]){0, 4}, 2);
    assert_named(t, "scatter-3", 0, "scatter-3", (const int[]){0, 4, 2}, 3);
    assert_named(t, "scatter-3", 3, "scatter-3", (const int[]){0, 4, 2}, 3);
    assert_named(t, "l3-2", 0, "l3", (const int[]){0, 2}, 2);
    assert_named(t, "closest", 0, "smt", (const int[]){0, 1}, 2);
    lb_topology_destroy(t);
    t = load("pu:1");
    assert_named(t, "compact", 0, "compact-1", (const int[]){0}, 1);
    assert_named(t, "scatter", 0, "scatter-1", (const int[]){0}, 1);
    assert_named(t, "closest", 0, "compact-1", (const int[]){0}, 1);
    lb_topology_destroy(t);
}

static void test_counts(void **state)
{
    (void)state;
    struct lb_topology *t = load("pu:2");
    struct lb_placement p = {.n = 77};
    assert_int_equal(lb_placement_compact(t, 0, NULL, &p), -EINVAL);
    assert_int_equal(lb_placement_scatter(t, -3, NULL, &p), -EINVAL);
    assert_int_equal(lb_placement_compact(t, 3, NULL, &p), -ERANGE);
    assert_int_equal(lb_placement_pair(t, LB_DISTANCE_NONE, NULL, &p), -EINVAL);
    assert_int_equal(lb_placement_pair(t, LB_DISTANCES, NULL, &p), -EINVAL);
    assert_int_equal(p.n, 77);
    lb_topology_destroy(t);
}

/* A machine that would have the class if all its PUs were allowed says so. */
static void test_hidden_class(void **state)
{
    (void)state;
    struct lb_topology *t = load("pack:2 l3:1 core:1 pu:1");
    t->pus[1].allowed = false;
    t->n_allowed = 1;
    struct lb_why why = {""};
    struct lb_placement p;
    assert_int_equal(lb_placement_pair(t, LB_DISTANCE_REMOTE, &why, &p), -ENOENT);
    assert_non_null(strstr(why.text, "outside the cpuset"));
    lb_topology_destroy(t);
}

/* One kind is preferred to an earlier mixed pair; a mixed pair is better than none. */
static void test_hybrid(void **state)
{
    (void)state;
    struct lb_topology *t = load("hybrid-one-p.xml");
    assert_named(t, "l3", 0, "l3", (const int[]){2, 6}, 2);
    for (int i = 6; i < t->n_pus; i++)
        t->pus[i].allowed = false;
    t->n_allowed = 6;
    assert_named(t, "l3", 0, "l3", (const int[]){0, 2}, 2);
    lb_topology_destroy(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),          cmocka_unit_test(test_rules),
        cmocka_unit_test(test_scatter_is_even), cmocka_unit_test(test_distances),
        cmocka_unit_test(test_lists),           cmocka_unit_test(test_list_refusals),
        cmocka_unit_test(test_name_refusals),   cmocka_unit_test(test_names),
        cmocka_unit_test(test_counts),          cmocka_unit_test(test_hidden_class),
        cmocka_unit_test(test_hybrid),          cmocka_unit_test(test_isolated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
