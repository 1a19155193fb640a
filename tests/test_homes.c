/* SPDX-License-Identifier: MIT
 *
 * Homes of memory: by name, near and far.
 */
#include <linebounce/placement.h>

#include "support/machines.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Homes */

static void test_home_names(void **state)
{
    struct lb_why why = {""};
    size_t home = LB_HOMES;

    (void)state;
    for (int i = 0; i < LB_HOMES; i++) {
        assert_int_equal(lb_name_find(&lb_home_names, lb_home_name((enum lb_home)i), NULL, &home),
                         0);
        assert_int_equal(home, i);
    }
    assert_int_equal(lb_name_find(&lb_home_names, "Local", &why, &home), -ENOENT);
    assert_int_equal(home, LB_HOMES - 1);
    assert_non_null(strstr(why.text, "local, remote, interleaved, other-kind"));
    assert_int_equal(lb_name_find(&lb_home_names, "", NULL, &home), -ENOENT);
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
        cmocka_unit_test(test_finish),       cmocka_unit_test(test_home_names),
        cmocka_unit_test(test_homes),        cmocka_unit_test(test_farthest_home),
        cmocka_unit_test(test_absent_homes), cmocka_unit_test(test_kinds_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
