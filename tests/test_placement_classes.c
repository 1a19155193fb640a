/* SPDX-License-Identifier: MIT
 *
 * Classes of pairs that symmetry does not tell apart.
 */
#include <linebounce/placement.h>

#include "support/machines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Classes of pairs that symmetry does not tell apart */

static bool is_pair(const int *pu_os, int a, int b)
{
    return (pu_os[0] == a && pu_os[1] == b) || (pu_os[0] == b && pu_os[1] == a);
}

static size_t class_index(const struct lb_pu_pair_class *classes, size_t n, const struct lb_pu *a,
                          const struct lb_pu *b)
{
    struct lb_pu_pair_class c = lb_pu_pair_class_of(a, b), swapped = lb_pu_pair_class_of(b, a);
    size_t i = 0;

    assert_true(lb_pu_pair_class_same(&c, &swapped));
    assert_int_equal(c.distance, lb_distance_between(a, b));
    while (i < n && !lb_pu_pair_class_same(&classes[i], &c))
        i++;
    assert_true(i < n);
    return i;
}

/* Every pair is in one class, whose representative is its first pair. */
static void check_members(const struct lb_topology *t, const struct lb_pu_pair_class *classes,
                          size_t n, const bool *chosen)
{
    uint64_t *seen = calloc(n + 1, sizeof *seen);

    assert_non_null(seen);
    for (int i = 0; i < t->n_pus; i++)
        for (int k = i + 1; k < t->n_pus; k++) {
            const struct lb_pu *a = &t->pus[i], *b = &t->pus[k];
            if (!chosen[i] || !chosen[k])
                continue;
            const struct lb_pu_pair_class *c = &classes[class_index(classes, n, a, b)];
            if (!seen[c - classes]++)
                assert_true(is_pair((const int[]){c->pu_a_os, c->pu_b_os}, a->pu_os, b->pu_os));
        }
    for (size_t i = 0; i < n; i++)
        assert_int_equal(seen[i], classes[i].pairs);
    free(seen);
}

static void check_class_order(const struct lb_topology *t, const struct lb_pu_pair_class *classes,
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

static void check_class_names(const struct lb_pu_pair_class *classes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++) {
            char a[LB_PLACEMENT_NAME_BYTES], b[LB_PLACEMENT_NAME_BYTES];
            lb_pu_pair_class_name(&classes[i], false, a);
            lb_pu_pair_class_name(&classes[k], false, b);
            assert_string_not_equal(a, b);
        }
}

static void check_classes(const struct lb_topology *t)
{
    bool *chosen = calloc((size_t)t->n_pus + 1, sizeof *chosen);
    struct lb_pu_pair_class *classes = NULL;
    uint64_t pairs = 0, n_allowed = (uint64_t)t->n_allowed;
    unsigned distances = 0, there;
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
    assert_int_equal(lb_placement_classes(t, &there), 0);
    assert_int_equal(distances, there);
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
    struct lb_pu_pair_class *classes;
    size_t n;

    (void)state;
    assert_int_equal(lb_placement_pair_classes(t, NULL, &classes, &n), 0);
    assert_int_equal(n, LB_COUNT(want));
    for (size_t i = 0; i < n; i++) {
        char name[LB_PLACEMENT_NAME_BYTES];
        lb_pu_pair_class_name(&classes[i], false, name);
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
    struct lb_pu_pair_class *classes;
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
    struct lb_pu_pair_class *classes;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pair_classes),
        cmocka_unit_test(test_known_classes),
        cmocka_unit_test(test_classes_of_some),
        cmocka_unit_test(test_hybrid_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
