/* SPDX-License-Identifier: MIT
 *
 * placement: golden placements on many machines, the rules that hold on all of them, and the
 * refusals. LB_UPDATE_GOLDEN=1 rewrites the golden files; read them before they are committed.
 */
#include <linebounce/placement.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* spec: a file below tests/topologies when it ends in .xml. `indexes=core` numbers as Linux does on
 * x86: first one thread of every core, then the siblings. */
static const struct shape {
    const char *name;
    const char *spec;
} shapes[] = {
    {"one-pu", "pu:1"},
    {"bare-pus", "pu:4"},
    {"smt1", "pack:1 numa:1 l3:1 l2:4 core:1 pu:1"},
    {"smt2-siblings-apart", "pack:1 numa:1 l3:1 l2:4 core:1 pu:2(indexes=core)"},
    {"smt2-two-packages", "pack:2 numa:1 l3:1 l2:4 core:1 pu:2(indexes=core)"},
    {"packages-interleaved", "pack:2 numa:1 l3:1 core:4 pu:1(indexes=pack:core)"},
    {"knights-landing", "pack:1 numa:1 l2:3 core:2 pu:4"},
    {"power-smt8", "pack:2 numa:1 l3:3 l2:1 core:1 pu:8"},
    {"epyc-256", "pack:2 numa:1 l3:8 l2:8 core:1 pu:2(indexes=core)"},
    {"epyc-nps4", "pack:1 numa:4 l3:2 l2:2 core:1 pu:2(indexes=core)"},
    {"sub-numa-in-l3", "pack:2 l3:1 numa:2 l2:2 core:1 pu:2"},
    {"two-dies", "pack:2 die:2 numa:1 l3:1 l2:2 core:1 pu:2"},
    {"four-dies-in-two-nodes", "pack:1 numa:2 die:2 l3:2 core:2 pu:1"},
    {"arm-clusters-no-l3", "pack:1 l2:2 core:4 pu:1"},
    {"l2-clusters-and-l3", "pack:1 numa:1 l3:1 l2:4 core:4 pu:1"},
    {"no-package", "numa:2 core:4 pu:1"},
    {"no-core", "pack:2 l3:2 pu:2"},
    {"pus-512", "pack:4 numa:2 l3:4 l2:8 core:1 pu:2(indexes=core)"},
    {"offline", "offline.xml"},
    {"cpuset", "cpuset.xml"},
    {"sparse-line128", "sparse-line128.xml"},
    {"l4-line256", "l4-line256.xml"},
    {"hybrid", "hybrid.xml"},
    {"hybrid-one-p", "hybrid-one-p.xml"},
    {"numa-unknown", "numa-unknown.xml"},
    {"numa-tiers", "numa-tiers.xml"},
    {"depths", "depths.xml"},
};

static const char *tests_dir(void)
{
    const char *dir = getenv("LB_TESTS_DIR");
    return dir && *dir ? dir : "tests";
}

static struct lb_topology *load(const char *spec)
{
    char path[4096];
    size_t length = strlen(spec);
    if (length > 4 && !strcmp(spec + length - 4, ".xml")) {
        snprintf(path, sizeof path, "%s/topologies/%s", tests_dir(), spec);
        spec = path;
    }
    struct lb_why why = {""};
    struct lb_topology *topology = NULL;
    if (lb_topology_load(spec, &why, &topology))
        fail_msg("%s", why.text);
    return topology;
}

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
    unsigned classes = lb_placement_classes(t);
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

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    char *text = NULL;
    size_t size = 0;
    if (getdelim(&text, &size, '\0', file) < 0) {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file))
        fail_msg("cannot write %s: %s", path, strerror(errno));
}

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
        char *golden = read_text(path);
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

static unsigned next_random(unsigned *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void allow_some(struct lb_topology *t, unsigned *seed)
{
    unsigned of_eight = 1 + next_random(seed) % 8;
    t->n_allowed = 0;
    for (int i = 0; i < t->n_pus; i++) {
        t->pus[i].allowed = t->pus[i].kind != -1 && next_random(seed) % 8 < of_eight;
        t->n_allowed += t->pus[i].allowed;
    }
}

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
    unsigned classes = lb_placement_classes(t);
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

/* Classes of pairs that symmetry does not tell apart */

static bool is_pair(const int *pu_os, int a, int b)
{
    return (pu_os[0] == a && pu_os[1] == b) || (pu_os[0] == b && pu_os[1] == a);
}

static size_t class_index(const struct lb_pair_class *classes, size_t n, const struct lb_pu *a,
                          const struct lb_pu *b)
{
    struct lb_pair_class c = lb_pair_class_of(a, b), swapped = lb_pair_class_of(b, a);
    size_t i = 0;

    assert_true(lb_pair_class_same(&c, &swapped));
    assert_int_equal(c.distance, lb_distance_between(a, b));
    while (i < n && !lb_pair_class_same(&classes[i], &c))
        i++;
    assert_true(i < n);
    return i;
}

/* Every pair is in one class, whose representative is its first pair. */
static void check_members(const struct lb_topology *t, const struct lb_pair_class *classes,
                          size_t n, const bool *chosen)
{
    uint64_t *seen = calloc(n + 1, sizeof *seen);

    assert_non_null(seen);
    for (int i = 0; i < t->n_pus; i++)
        for (int k = i + 1; k < t->n_pus; k++) {
            const struct lb_pu *a = &t->pus[i], *b = &t->pus[k];
            if (!chosen[i] || !chosen[k])
                continue;
            const struct lb_pair_class *c = &classes[class_index(classes, n, a, b)];
            if (!seen[c - classes]++)
                assert_true(is_pair((const int[]){c->pu_a_os, c->pu_b_os}, a->pu_os, b->pu_os));
        }
    for (size_t i = 0; i < n; i++)
        assert_int_equal(seen[i], classes[i].pairs);
    free(seen);
}

static void check_class_order(const struct lb_topology *t, const struct lb_pair_class *classes,
                              size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool first = !i || classes[i - 1].distance != classes[i].distance;
        struct lb_placement p, named;

        assert_true(!i || classes[i - 1].distance <= classes[i].distance);
        assert_true(lb_topology_find(t, classes[i].pu_a_os)->node_os == classes[i].node_a_os);
        assert_true(classes[i].node_a_os <= classes[i].node_b_os);
        assert_int_equal(lb_placement_of_class(t, &classes[i], first, NULL, &p), 0);
        assert_int_equal(p.distance, classes[i].distance);
        assert_int_equal(p.n, 2);
        assert_int_equal(strchr(p.name, '@') == NULL, first);
        if (first) { /* what `--placement l3` means is what is called l3 here */
            assert_int_equal(lb_placement_named(t, p.name, 0, NULL, &named), 0);
            assert_true(is_pair(p.pu_os, named.pu_os[0], named.pu_os[1]));
            lb_placement_finish(&named);
        }
        lb_placement_finish(&p);
    }
}

static void check_class_names(const struct lb_pair_class *classes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++) {
            char a[LB_PLACEMENT_NAME_BYTES], b[LB_PLACEMENT_NAME_BYTES];
            lb_pair_class_name(&classes[i], false, a);
            lb_pair_class_name(&classes[k], false, b);
            assert_string_not_equal(a, b);
        }
}

static void check_classes(const struct lb_topology *t)
{
    bool *chosen = calloc((size_t)t->n_pus + 1, sizeof *chosen);
    struct lb_pair_class *classes = NULL;
    uint64_t pairs = 0, n_allowed = (uint64_t)t->n_allowed;
    unsigned distances = 0;
    size_t n = 77;

    assert_non_null(chosen);
    for (int i = 0; i < t->n_pus; i++)
        chosen[i] = t->pus[i].allowed;
    assert_int_equal(lb_placement_pair_classes(t, NULL, &classes, &n), 0);
    for (size_t i = 0; i < n; i++) {
        pairs += classes[i].pairs;
        distances |= 1u << classes[i].distance;
    }
    assert_int_equal(pairs, n_allowed * (n_allowed - (n_allowed > 0)) / 2);
    assert_int_equal(distances, lb_placement_classes(t));
    check_members(t, classes, n, chosen);
    check_class_order(t, classes, n);
    check_class_names(classes, n);
    free(classes);
    free(chosen);
}

static void test_pair_classes(void **state)
{
    unsigned seed = 88172645u;

    (void)state;
    for (size_t i = 0; i < LB_COUNT(shapes); i++) {
        struct lb_topology *t = load(shapes[i].spec);
        for (int round = 0; round < (t->n_pus <= 64 ? 10 : 1); round++) {
            check_classes(t);
            allow_some(t, &seed);
        }
        lb_topology_destroy(t);
    }
}

/* Two sockets of two nodes each: what symmetry joins, and what it does not. */
static void test_known_classes(void **state)
{
    static const struct {
        const char *name;
        int pu_a_os, pu_b_os;
        uint64_t pairs;
    } want[] = {{"l3@0", 0, 1, 6},        {"l3@1", 4, 5, 6},         {"l3@2", 8, 9, 6},
                {"l3@3", 12, 13, 6},      {"package@0-1", 0, 4, 16}, {"package@2-3", 8, 12, 16},
                {"remote@0-2", 0, 8, 16}, {"remote@0-3", 0, 12, 16}, {"remote@1-2", 4, 8, 16},
                {"remote@1-3", 4, 12, 16}};
    struct lb_topology *t = load("pack:2 numa:2 l3:1 core:4 pu:1");
    struct lb_pair_class *classes;
    size_t n;

    (void)state;
    assert_int_equal(lb_placement_pair_classes(t, NULL, &classes, &n), 0);
    assert_int_equal(n, LB_COUNT(want));
    for (size_t i = 0; i < n; i++) {
        char name[LB_PLACEMENT_NAME_BYTES];
        lb_pair_class_name(&classes[i], false, name);
        assert_string_equal(name, want[i].name);
        assert_int_equal(classes[i].pu_a_os, want[i].pu_a_os);
        assert_int_equal(classes[i].pu_b_os, want[i].pu_b_os);
        assert_int_equal(classes[i].pairs, want[i].pairs);
    }
    free(classes);
    lb_topology_destroy(t);
}

/* Of a list only; in logical order, whatever the order of the list. */
static void test_classes_of_some(void **state)
{
    struct lb_topology *t = load("pack:2 numa:1 l3:1 core:4 pu:2");
    struct lb_pair_class *classes;
    bool chosen[16] = {false};
    struct lb_placement only;
    size_t n;

    (void)state;
    assert_int_equal(lb_placement_list(t, "9,2,8,4", NULL, &only), 0);
    for (int i = 0; i < only.n; i++)
        chosen[only.pu_os[i]] = true;
    assert_int_equal(lb_placement_pair_classes(t, &only, &classes, &n), 0);
    check_members(t, classes, n, chosen);
    assert_int_equal(n, 3); /* siblings 8 and 9, cores 2 and 4, and across */
    assert_int_equal(classes[2].pairs, 4);
    free(classes);
    lb_placement_finish(&only);
    assert_int_equal(lb_placement_list(t, "3", NULL, &only), 0);
    assert_int_equal(lb_placement_pair_classes(t, &only, &classes, &n), 0);
    assert_int_equal(n, 0);
    free(classes);
    lb_placement_finish(&only);
    lb_topology_destroy(t);
}

static void check_hybrid_classes(const char *spec, int same_kind)
{
    struct lb_topology *t = load(spec);
    struct lb_pair_class *classes;
    size_t n, at = 0;

    assert_int_equal(lb_placement_pair_classes(t, NULL, &classes, &n), 0);
    while (at < n && classes[at].distance != LB_DISTANCE_L3)
        at++;
    assert_int_equal(n - at, 2);
    assert_int_equal(classes[at].kind_a, same_kind);
    assert_int_equal(classes[at].kind_b, same_kind);
    assert_int_equal(classes[at + 1].kind_a, 0);
    assert_int_equal(classes[at + 1].kind_b, 1);
    assert_int_equal(lb_topology_find(t, classes[at + 1].pu_b_os)->kind, 1);
    free(classes);
    lb_topology_destroy(t);
}

/* One kind comes first, as in test_hybrid, and kinds are told apart. */
static void test_hybrid_classes(void **state)
{
    (void)state;
    check_hybrid_classes("hybrid.xml", 1);
    check_hybrid_classes("hybrid-one-p.xml", 0);
}

/* Homes */

static void test_home_names(void **state)
{
    struct lb_why why = {""};
    enum lb_home home = LB_HOMES;

    (void)state;
    for (int i = 0; i < LB_HOMES; i++) {
        assert_int_equal(lb_home_parse(lb_home_name((enum lb_home)i), NULL, &home), 0);
        assert_int_equal(home, i);
    }
    assert_int_equal(lb_home_parse("Local", &why, &home), -EINVAL);
    assert_int_equal(home, LB_HOMES - 1);
    assert_non_null(strstr(why.text, "local, remote, interleaved, other-kind"));
    assert_int_equal(lb_home_parse("", NULL, &home), -EINVAL);
}

static void assert_home(const struct lb_topology *t, const char *pus, enum lb_home home,
                        int node_os)
{
    struct lb_placement p;

    assert_int_equal(lb_placement_list(t, pus, NULL, &p), 0);
    assert_int_equal(p.home, LB_HOME_LOCAL);
    assert_int_equal(lb_placement_set_home(t, home, NULL, &p), 0);
    assert_int_equal(p.home, home);
    assert_int_equal(p.home_node_os, node_os);
    lb_placement_finish(&p);
}

static void test_homes(void **state)
{
    struct lb_topology *t = load("pack:2 numa:2 l3:1 core:4 pu:1");

    (void)state;
    assert_home(t, "5,0", LB_HOME_LOCAL, 1); /* of the first */
    assert_home(t, "5,0", LB_HOME_INTERLEAVED, -1);
    assert_home(t, "5,0", LB_HOME_REMOTE, 0);    /* where the other one is */
    assert_home(t, "0,15,5", LB_HOME_REMOTE, 1); /* nothing says which is farther: the first */
    assert_home(t, "5,6", LB_HOME_REMOTE, 0);    /* none of theirs: the first other one */
    lb_topology_destroy(t);
    t = load("numa-tiers.xml"); /* memory without PUs counts as well */
    assert_home(t, "0,1", LB_HOME_LOCAL, 0);
    assert_home(t, "2,3", LB_HOME_REMOTE, 0);
    lb_topology_destroy(t);
    t = load("numa-unknown.xml");
    assert_home(t, "0,1", LB_HOME_LOCAL, 0);
    assert_home(t, "2,3", LB_HOME_LOCAL, -1);
    lb_topology_destroy(t);
}

/* Distances between nodes as a machine tells them. */
static void test_farthest_home(void **state)
{
    static float latency[] = {10, 12, 32, 22, 12, 10, 22, 32, 32, 22, 10, 12, 22, 32, 12, 10};
    struct lb_topology *t = load("pack:2 numa:2 l3:1 core:4 pu:1"), told = *t;

    (void)state;
    told.node_latency = latency;
    assert_home(&told, "0", LB_HOME_REMOTE, 2);
    assert_home(&told, "4,5", LB_HOME_REMOTE, 3);
    assert_home(&told, "0,12", LB_HOME_REMOTE, 3); /* not 2, which is farther: nobody is there */
    assert_home(&told, "0,4,12", LB_HOME_REMOTE, 3);
    assert_home(&told, "0,12,4,8", LB_HOME_REMOTE, 2);
    lb_topology_destroy(t);
}

/* A second node at the same place is as near: another kind of memory, not a remote one. */
static void test_kinds_of_memory(void **state)
{
    struct lb_topology *t = load("pack:1 [numa(memory=8GB)] [numa(memory=4GB)] l3:1 core:4 pu:1");
    struct lb_placement p;
    struct lb_why why = {""};

    (void)state;
    assert_home(t, "0,1", LB_HOME_LOCAL, 0);
    assert_home(t, "0,1", LB_HOME_OTHER_KIND, 1);
    assert_home(t, "0,1", LB_HOME_INTERLEAVED, -1);
    assert_int_equal(lb_placement_list(t, "0,1", NULL, &p), 0);
    assert_int_equal(lb_placement_set_home(t, LB_HOME_REMOTE, &why, &p), -ENOENT);
    assert_non_null(strstr(why.text, "no node elsewhere"));
    lb_placement_finish(&p);
    assert_false(lb_home_exists(t, LB_HOME_REMOTE));
    assert_true(lb_home_exists(t, LB_HOME_OTHER_KIND));
    lb_topology_destroy(t);
    t = load("pack:2 [numa(memory=8GB)] [numa(memory=4GB)] l3:1 core:2 pu:1");
    /* Nodes in order: 0 and 1 at the first package, 2 and 3 at the second. */
    assert_home(t, "0,1", LB_HOME_REMOTE, 2);
    assert_home(t, "2,3", LB_HOME_REMOTE, 0);
    assert_home(t, "2,3", LB_HOME_OTHER_KIND, 3);
    assert_true(lb_home_exists(t, LB_HOME_REMOTE));
    lb_topology_destroy(t);
    t = load("pack:2 numa:1 l3:1 core:2 pu:1");
    assert_false(lb_home_exists(t, LB_HOME_OTHER_KIND));
    lb_topology_destroy(t);
}

static void test_absent_homes(void **state)
{
    static const enum lb_home absent[] = {LB_HOME_REMOTE, LB_HOME_INTERLEAVED};
    struct lb_topology *t = load("pack:1 l3:1 core:2 pu:1");

    (void)state;
    assert_home(t, "1,0", LB_HOME_LOCAL, 0);
    for (size_t i = 0; i < LB_COUNT(absent); i++) {
        struct lb_why why = {""};
        struct lb_placement p;
        assert_int_equal(lb_placement_list(t, "1,0", NULL, &p), 0);
        assert_int_equal(lb_placement_set_home(t, absent[i], &why, &p), -ENOENT);
        assert_int_equal(p.home, LB_HOME_LOCAL);
        assert_int_equal(p.home_node_os, 0);
        assert_non_null(strstr(why.text, lb_home_name(absent[i])));
        assert_non_null(strstr(why.text, "one NUMA node"));
        lb_placement_finish(&p);
    }
    lb_topology_destroy(t);
}

static void test_finish(void **state)
{
    (void)state;
    struct lb_topology *t = load("pack:1 core:4 pu:1");
    struct lb_placement p;
    assert_int_equal(lb_placement_list(t, "3,1", NULL, &p), 0);
    lb_topology_destroy(t);
    assert_int_equal(p.pu_os[0], 3); /* outlives the topology */
    lb_placement_finish(&p);
    assert_null(p.pu_os);
    lb_placement_finish(&p);
    lb_placement_finish(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),          cmocka_unit_test(test_rules),
        cmocka_unit_test(test_scatter_is_even), cmocka_unit_test(test_distances),
        cmocka_unit_test(test_lists),           cmocka_unit_test(test_list_refusals),
        cmocka_unit_test(test_name_refusals),   cmocka_unit_test(test_names),
        cmocka_unit_test(test_counts),          cmocka_unit_test(test_hidden_class),
        cmocka_unit_test(test_hybrid),          cmocka_unit_test(test_finish),
        cmocka_unit_test(test_pair_classes),    cmocka_unit_test(test_known_classes),
        cmocka_unit_test(test_classes_of_some), cmocka_unit_test(test_hybrid_classes),
        cmocka_unit_test(test_home_names),      cmocka_unit_test(test_homes),
        cmocka_unit_test(test_farthest_home),   cmocka_unit_test(test_absent_homes),
        cmocka_unit_test(test_kinds_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
