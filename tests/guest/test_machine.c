/* SPDX-License-Identifier: MIT
 *
 * Runs inside an emulated machine with two NUMA nodes: that threads are where they were pinned, and
 * memory where it was asked for. `test_machine offline N` takes PU N away in the middle.
 */
#include <linebounce/arena.h>
#include <linebounce/crew.h>
#include <linebounce/op.h>
#include <linebounce/placement.h>

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PUS_MOST 64

static struct lb_topology *topology;
static int offline = -1;

static int load(void **state)
{
    (void)state;
    return lb_topology_load(NULL, NULL, &topology);
}

static int drop(void **state)
{
    (void)state;
    lb_topology_destroy(topology);
    return 0;
}

/* A window of nothing on a placement: each thread says from inside where it runs. */
static void run_on(const struct lb_placement *p)
{
    struct lb_clock clock;
    struct lb_crew *crew;
    struct lb_thread_plan threads[PUS_MOST];
    struct lb_thread_result *results = calloc((size_t)p->n, sizeof *results);
    enum lb_spoiled spoiled;
    struct lb_why why = {""};

    assert_non_null(results);
    assert_true(p->n <= PUS_MOST);
    assert_int_equal(lb_clock_init(LB_CLOCK_TSC, &clock), 0);
    assert_int_equal(lb_crew_create(&clock, p->pu_os, NULL, p->n, &why, &crew), 0);
    memset(threads, 0, sizeof threads);
    for (int i = 0; i < p->n; i++) {
        threads[i].worker = i;
        threads[i].loop = lb_hot_find(LB_OP_EMPTY, LB_LOCK_RWSEM40, false, false);
        threads[i].op_ns = 10;
        assert_int_equal(lb_crew_pu_os(crew, i), p->pu_os[i]);
    }
    assert_int_equal(lb_crew_window(crew,
                                    &(struct lb_window_plan){.threads = threads,
                                                             .n_threads = p->n,
                                                             .window_ns = LB_WINDOW_NS},
                                    results, &spoiled),
                     0);
    for (int i = 0; i < p->n; i++) {
        assert_int_equal(results[i].pu_start, p->pu_os[i]);
        assert_int_equal(results[i].pu_end, p->pu_os[i]);
    }
    lb_crew_destroy(crew);
    free(results);
}

static void test_pins_of_every_class(void **state)
{
    (void)state;
    for (int d = LB_DISTANCE_SMT; d < LB_DISTANCES; d++) {
        struct lb_placement p;
        if (lb_placement_pair(topology, (enum lb_distance)d, NULL, &p))
            continue;
        run_on(&p);
        lb_placement_finish(&p);
    }
}

static void test_pins_of_crowds(void **state)
{
    static const char *const names[] = {"compact", "scatter"};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(names); i++)
        for (int n = 1; n <= topology->n_allowed; n = n < 4 ? n + 1 : 2 * n) {
            struct lb_placement p;
            assert_int_equal(lb_placement_named(topology, names[i], n, NULL, &p), 0);
            run_on(&p);
            lb_placement_finish(&p);
        }
}

static void test_memory_on_each_node(void **state)
{
    (void)state;
    assert_int_equal(topology->n_nodes, 2);
    for (int i = 0; i < topology->n_nodes; i++) {
        struct lb_arena *arena;
        struct lb_arena_info info;
        int node = topology->nodes_os[i];
        assert_int_equal(lb_arena_create((size_t)4 << 20, node, NULL, &arena), 0);
        lb_arena_info(arena, &info);
        assert_true(info.node_bound && info.node_verified);
        for (size_t at = 0; at < info.bytes; at += (size_t)1 << 20)
            assert_int_equal(lb_arena_node_of((char *)info.base + at), node);
        lb_arena_destroy(arena);
    }
}

static void test_interleaved_memory(void **state)
{
    struct lb_arena *arena;
    struct lb_arena_info info;
    int on_first = 0, pages = 0;

    (void)state;
    assert_int_equal(lb_arena_create((size_t)4 << 20, LB_ARENA_INTERLEAVED, NULL, &arena), 0);
    lb_arena_info(arena, &info);
    assert_true(info.node_bound && info.node_verified);
    for (size_t at = 0; at < info.bytes; at += info.page_bytes, pages++)
        on_first += lb_arena_node_of((char *)info.base + at) == topology->nodes_os[0];
    assert_uint_in_range(on_first, pages * 2 / 5, pages * 3 / 5);
    lb_arena_destroy(arena);
}

/* The nodes of the homes of the farthest pair. */
static void test_homes(void **state)
{
    struct lb_placement p;
    const struct lb_pu *first, *second;

    (void)state;
    assert_int_equal(lb_placement_pair(topology, LB_DISTANCE_REMOTE, NULL, &p), 0);
    first = lb_topology_find(topology, p.pu_os[0]);
    second = lb_topology_find(topology, p.pu_os[1]);
    assert_int_not_equal(first->node_os, second->node_os);
    assert_int_equal(lb_placement_set_home(topology, LB_HOME_LOCAL, NULL, &p), 0);
    assert_int_equal(p.home_node_os, first->node_os);
    assert_int_equal(lb_placement_set_home(topology, LB_HOME_REMOTE, NULL, &p), 0);
    assert_int_equal(p.home_node_os, second->node_os);
    assert_int_equal(lb_placement_set_home(topology, LB_HOME_INTERLEAVED, NULL, &p), 0);
    assert_int_equal(p.home_node_os, -1);
    lb_placement_finish(&p);
}

/* A PU that goes away in the middle of a run is found between two windows, and refused after. */
static void test_offline(void **state)
{
    char path[96], list[16];
    struct lb_placement p;
    struct lb_topology *after;
    struct lb_why why = {""};
    FILE *file;

    (void)state;
    if (offline < 0) {
        print_message("no PU to take offline\n");
        skip();
    }
    assert_int_equal(lb_topology_recheck(&offline, 1, &why), 0);
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/online", offline);
    assert_non_null(file = fopen(path, "w"));
    assert_true(fputs("0", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(lb_topology_recheck(&offline, 1, &why), -EXDEV);
    snprintf(list, sizeof list, "%d", offline);
    assert_non_null(strstr(why.text, list));
    assert_int_equal(lb_topology_load(NULL, NULL, &after), 0);
    assert_int_equal(lb_placement_list(after, list, &why, &p), -EACCES);
    assert_non_null(strstr(why.text, "offline"));
    lb_topology_destroy(after);
    assert_non_null(file = fopen(path, "w"));
    assert_true(fputs("1", file) >= 0);
    assert_int_equal(fclose(file), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pins_of_every_class),
        cmocka_unit_test(test_pins_of_crowds),
        cmocka_unit_test(test_memory_on_each_node),
        cmocka_unit_test(test_interleaved_memory),
        cmocka_unit_test(test_homes),
        cmocka_unit_test(test_offline),
    };

    if (argc == 3 && !strcmp(argv[1], "offline"))
        offline = atoi(argv[2]);
    return cmocka_run_group_tests(tests, load, drop);
}
