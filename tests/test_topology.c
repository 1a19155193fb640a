/* SPDX-License-Identifier: MIT
 *
 * topology: machines that are not here, read from XML and synthetic descriptions, and this one.
 */
#include <linebounce/topology.h>

#include "support/machines.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* The environment must not choose the machine: each test that wants these sets them itself. */
static const char *const hwloc_variables[] = {
    "HWLOC_SYNTHETIC", "HWLOC_XMLFILE", "HWLOC_THISSYSTEM", "HWLOC_FSROOT", "HWLOC_CPUID_PATH"};

static int clear_environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < LB_COUNT(hwloc_variables); i++)
        unsetenv(hwloc_variables[i]);
    return 0;
}

static void topology_path(const char *name, char *path, size_t bytes)
{
    snprintf(path, bytes, "%s/topologies/%s", tests_dir(), name);
}

static struct lb_topology *load_file(const char *name)
{
    char path[4096];
    topology_path(name, path, sizeof path);
    return load(path);
}

static const struct lb_pu *pu(const struct lb_topology *topology, int pu_os)
{
    const struct lb_pu *found = lb_topology_find(topology, pu_os);
    if (!found)
        fail_msg("no PU %d", pu_os);
    return found;
}

static void assert_pu(const struct lb_topology *topology, struct lb_pu want)
{
    const struct lb_pu *got = pu(topology, want.pu_os);
    assert_int_equal(got->pu_index, want.pu_index);
    assert_int_equal(got->core, want.core);
    assert_int_equal(got->l2, want.l2);
    assert_int_equal(got->l3, want.l3);
    assert_int_equal(got->die, want.die);
    assert_int_equal(got->package, want.package);
    assert_int_equal(got->node_os, want.node_os);
    assert_int_equal(got->kind, want.kind);
    assert_int_equal(got->allowed, want.allowed);
}

static void test_synthetic(void **state)
{
    (void)state;
    struct lb_topology *t = load("pack:2 die:2 numa:1 l3:1(size=32MiB) l2:2(size=1MiB) core:1 "
                                 "pu:2(indexes=core)");
    assert_int_equal(t->n_pus, 16);
    assert_int_equal(t->n_allowed, 16);
    assert_int_equal(t->n_cores, 8);
    assert_int_equal(t->n_l3, 4);
    assert_int_equal(t->n_packages, 2);
    assert_int_equal(t->n_nodes, 4);
    assert_int_equal(t->n_kinds, 1);
    assert_int_equal(t->nodes_os[3], 3);
    assert_null(t->node_latency);
    assert_int_equal(t->l2_bytes, 1 << 20);
    assert_int_equal(t->llc_bytes, 32 << 20);
    assert_false(t->this_system);
    assert_int_equal(strncmp(t->source, "synthetic pack:2", 16), 0);
    assert_pu(t, (struct lb_pu){0, 0, 0, 0, 0, 0, 0, 0, 0, true, false});
    assert_pu(t, (struct lb_pu){8, 1, 0, 0, 0, 0, 0, 0, 0, true, false});
    assert_pu(t, (struct lb_pu){14, 13, 6, 6, 3, 3, 1, 3, 0, true, false});
    assert_null(lb_topology_find(t, 16));
    assert_null(lb_topology_find(t, -1));
    lb_topology_destroy(t);
    lb_topology_destroy(NULL);
}

static void test_bare_pus(void **state)
{
    (void)state;
    struct lb_topology *t = load("pu:3");
    assert_int_equal(t->n_pus, 3);
    assert_int_equal(t->n_cores, 0);
    assert_int_equal(t->n_l3, 0);
    assert_int_equal(t->n_packages, 0);
    assert_int_equal(t->line_bytes, 0);
    assert_int_equal(t->l2_bytes, 0);
    assert_int_equal(t->llc_bytes, 0);
    assert_pu(t, (struct lb_pu){2, 2, -1, -1, -1, -1, -1, 0, 0, true, false});
    lb_topology_destroy(t);
}

/* On machines without an L3 the outermost cache is the L2. */
static void test_no_l3(void **state)
{
    (void)state;
    struct lb_topology *t = load("pack:1 l2:4(size=1MiB) core:2 pu:4");
    assert_int_equal(t->n_l3, 0);
    assert_int_equal(t->pus[31].l3, -1);
    assert_int_equal(t->pus[31].l2, 3);
    assert_int_equal(t->llc_bytes, 1 << 20);
    lb_topology_destroy(t);
}

static void test_offline(void **state)
{
    (void)state;
    struct lb_topology *t = load_file("offline.xml");
    assert_int_equal(t->n_pus, 8);
    assert_int_equal(t->n_allowed, 5);
    assert_int_equal(t->n_cores, 3);
    assert_int_equal(t->line_bytes, 64);
    assert_false(t->this_system);
    assert_int_equal(strncmp(t->source, "file ", 5), 0);
    assert_pu(t, (struct lb_pu){2, 4, 2, 2, 0, -1, 0, 0, 0, true, false});
    assert_pu(t, (struct lb_pu){3, 5, -1, -1, -1, -1, -1, -1, -1, false, false});
    assert_pu(t, (struct lb_pu){7, 7, -1, -1, -1, -1, -1, -1, -1, false, false});
    lb_topology_destroy(t);
}

static void test_cpuset(void **state)
{
    (void)state;
    struct lb_topology *t = load_file("cpuset.xml");
    assert_int_equal(t->n_pus, 16);
    assert_int_equal(t->n_allowed, 6);
    assert_int_equal(t->n_cores, 8);
    assert_pu(t, (struct lb_pu){0, 0, 0, -1, 0, -1, 0, 0, 0, false, false});
    assert_pu(t, (struct lb_pu){9, 3, 1, -1, 0, -1, 0, 0, 0, true, false});
    assert_pu(t, (struct lb_pu){15, 15, 7, -1, 1, -1, 1, 1, 0, false, false});
    assert_non_null(t->node_latency);
    assert_int_equal((int)t->node_latency[0], 10);
    assert_int_equal((int)t->node_latency[1], 21);
    lb_topology_destroy(t);
}

static void test_sparse(void **state)
{
    (void)state;
    struct lb_topology *t = load_file("sparse-line128.xml");
    assert_int_equal(t->n_pus, 16);
    assert_int_equal(t->line_bytes, 128);
    assert_int_equal(t->n_nodes, 2);
    assert_int_equal(t->nodes_os[0], 0);
    assert_int_equal(t->nodes_os[1], 8);
    assert_int_equal((int)t->node_latency[2], 40);
    assert_pu(t, (struct lb_pu){171, 15, 3, 3, 3, -1, 1, 8, 0, true, false});
    assert_null(lb_topology_find(t, 4));
    lb_topology_destroy(t);
}

static void test_l4(void **state)
{
    (void)state;
    struct lb_topology *t = load_file("l4-line256.xml");
    assert_int_equal(t->line_bytes, 256);
    assert_int_equal(t->n_l3, 4);
    assert_int_equal(t->llc_bytes, 64 << 20);
    lb_topology_destroy(t);
}

static void test_hybrid(void **state)
{
    (void)state;
    struct lb_topology *t = load_file("hybrid.xml");
    assert_int_equal(t->n_kinds, 2);
    assert_int_equal(pu(t, 0)->kind, 1);
    assert_int_equal(pu(t, 3)->kind, 1);
    assert_int_equal(pu(t, 4)->kind, 0);
    assert_int_equal(pu(t, 7)->l2, 2);
    assert_int_equal(t->l2_bytes, 2 << 20);
    lb_topology_destroy(t);
}

static void test_numa(void **state)
{
    (void)state;
    struct lb_topology *t = load_file("numa-unknown.xml");
    assert_int_equal(t->n_nodes, 1);
    assert_int_equal(pu(t, 1)->node_os, 0);
    assert_int_equal(pu(t, 2)->node_os, -1);
    lb_topology_destroy(t);
    t = load_file("numa-tiers.xml");
    assert_int_equal(t->n_nodes, 5);
    assert_int_equal(t->nodes_os[4], 4);
    assert_int_equal(pu(t, 0)->node_os, 0);
    assert_int_equal(pu(t, 3)->node_os, 1);
    lb_topology_destroy(t);
}

/* L2 at two depths: hwloc's own index restarts at each, the numbers here must not. */
static void test_depths(void **state)
{
    (void)state;
    struct lb_topology *t = load_file("depths.xml");
    assert_int_equal(t->n_pus, 16);
    for (int i = 0; i < t->n_pus; i++)
        assert_int_equal(t->pus[i].l2, i / 2);
    assert_int_equal(t->l2_bytes, 8 << 20);
    lb_topology_destroy(t);
}

static void test_refusals(void **state)
{
    (void)state;
    char folder[4096], not_xml[4096];
    topology_path("", folder, sizeof folder);
    snprintf(not_xml, sizeof not_xml, "%s/test_topology.c", tests_dir());
    const struct {
        const char *spec;
        int rc;
        const char *says;
    } cases[] = {
        {"", -EINVAL, "\"\""},
        {"-", -EINVAL, "\"-\""},
        {"nonsense", -EINVAL, "\"nonsense\""},
        {"pack:2", -EINVAL, "\"pack:2\""},
        {"pu:0", -EINVAL, "pu:0"},
        {"no/such/file", -ENOENT, "no/such/file: No such file"},
        {"missing.xml", -ENOENT, "missing.xml"},
        {folder, -EINVAL, "folder"},
        {not_xml, -EINVAL, "not hwloc XML"},
    };
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        struct lb_why why = {""};
        struct lb_topology *topology = NULL;
        assert_int_equal(lb_topology_load(cases[i].spec, &why, &topology), cases[i].rc);
        assert_null(topology);
        assert_non_null(strstr(why.text, cases[i].says));
        assert_int_equal(lb_topology_load(cases[i].spec, NULL, &topology), cases[i].rc);
    }
}

/* A later hwloc's file is XML, and neither is it one that is broken. */
static void test_newer_xml(void **state)
{
    static const char head[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                               "<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n"
                               "<topology version=\"%s\">\n";
    static const char *const says[][2] = {{"99.1", "hwloc XML of version 99.1"},
                                          {"2.0", "not hwloc XML"}};
    char path[] = "/tmp/linebounce-xml-XXXXXX";
    struct lb_topology *topology = NULL;
    struct lb_why why;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < LB_COUNT(says); i++) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fprintf(file, head, says[i][0]);
        fclose(file);
        assert_int_equal(lb_topology_load(path, &why, &topology), -EINVAL);
        if (!strstr(why.text, says[i][1]))
            fail_msg("%s", why.text);
    }
    assert_int_equal(remove(path), 0);
}

/* A foreign topology from the environment is never this system, even where it claims to be. */
static void test_environment(void **state)
{
    (void)state;
    setenv("HWLOC_THISSYSTEM", "1", 1);
    setenv("HWLOC_SYNTHETIC", "pu:7", 1);
    struct lb_topology *t = load(NULL);
    assert_int_equal(t->n_pus, 7);
    assert_int_equal(t->n_allowed, 7);
    assert_false(t->this_system);
    assert_string_equal(t->source, "synthetic pu:7");
    lb_topology_destroy(t);
    t = load("pu:5"); /* an explicit word wins */
    assert_int_equal(t->n_pus, 5);
    assert_false(t->this_system);
    lb_topology_destroy(t);

    char path[4096];
    topology_path("hybrid.xml", path, sizeof path);
    unsetenv("HWLOC_SYNTHETIC");
    setenv("HWLOC_XMLFILE", path, 1);
    t = load(NULL);
    assert_int_equal(t->n_kinds, 2);
    assert_int_equal(t->n_allowed, 8);
    assert_false(t->this_system);
    lb_topology_destroy(t);
}

/* hwloc alone would quietly describe the real machine instead. */
static void test_bad_environment(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_topology *topology = NULL;
    setenv("HWLOC_SYNTHETIC", "nonsense", 1);
    assert_int_equal(lb_topology_load(NULL, &why, &topology), -EINVAL);
    assert_non_null(strstr(why.text, "HWLOC_SYNTHETIC"));
    unsetenv("HWLOC_SYNTHETIC");
    setenv("HWLOC_XMLFILE", "no/such/file", 1);
    assert_int_equal(lb_topology_load(NULL, &why, &topology), -ENOENT);
    assert_non_null(strstr(why.text, "HWLOC_XMLFILE"));
    setenv("HWLOC_XMLFILE", "", 1);
    topology = load(NULL);
    assert_string_equal(topology->source, "this machine");
    lb_topology_destroy(topology);
}

static int first_allowed(const struct lb_topology *topology)
{
    for (int i = 0; i < topology->n_pus; i++)
        if (topology->pus[i].allowed)
            return topology->pus[i].pu_os;
    return -1;
}

static void test_this_machine(void **state)
{
    (void)state;
    struct lb_topology *t = load(NULL);
    assert_true(t->this_system);
    assert_string_equal(t->source, "this machine");
    assert_true(t->n_allowed >= 1);
    assert_true(t->n_allowed <= t->n_pus);
    cpu_set_t mask;
    if (!sched_getaffinity(0, sizeof mask, &mask))
        for (int i = 0; i < t->n_pus; i++)
            if (t->pus[i].allowed)
                assert_true(CPU_ISSET((size_t)t->pus[i].pu_os, &mask));
    int used = first_allowed(t);
    assert_int_equal(lb_topology_recheck(&used, 1, NULL), 0);
    lb_topology_destroy(t);
}

static void test_affinity_mask(void **state)
{
    (void)state;
    cpu_set_t before, one;
    struct lb_topology *t = load(NULL);
    int first = first_allowed(t), last = first;
    for (int i = 0; i < t->n_pus; i++)
        if (t->pus[i].allowed)
            last = t->pus[i].pu_os;
    lb_topology_destroy(t);
    if (first == last || sched_getaffinity(0, sizeof before, &before))
        skip();
    CPU_ZERO(&one);
    CPU_SET((size_t)last, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    t = load(NULL);
    int n_allowed = t->n_allowed, only = first_allowed(t);
    lb_topology_destroy(t);
    /* A mask of the thread's own takes no PU away: workers of the process may run there. */
    const int both[] = {last, first};
    int rc_both = lb_topology_recheck(both, 2, NULL), back = sched_getcpu();
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    assert_int_equal(n_allowed, 1);
    assert_int_equal(only, last);
    assert_int_equal(rc_both, 0);
    assert_int_equal(back, last);
}

static void test_recheck_impossible(void **state)
{
    (void)state;
    struct lb_why why = {""};
    assert_int_equal(lb_topology_recheck((const int[]){1 << 24}, 1, &why), -EXDEV);
    assert_non_null(strstr(why.text, "PU 16777216:"));
    assert_int_equal(lb_topology_recheck((const int[]){1000}, 1, NULL), -EXDEV);
    assert_int_equal(lb_topology_recheck((const int[]){-1}, 1, NULL), -EXDEV);
    assert_int_equal(lb_topology_recheck(NULL, 0, NULL), 0);
}

static void assert_same_tables(const struct lb_topology *a, const struct lb_topology *b)
{
    assert_int_equal(a->n_pus, b->n_pus);
    for (int i = 0; i < a->n_pus; i++)
        assert_pu(b, a->pus[i]);
}

static void test_export(void **state)
{
    (void)state;
    char path[] = "/tmp/linebounce-topology-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    static const char *const names[] = {"offline.xml", "cpuset.xml", "hybrid.xml", "depths.xml"};
    for (size_t i = 0; i < LB_COUNT(names); i++) {
        struct lb_topology *t = load_file(names[i]);
        struct lb_why why = {""};
        assert_int_equal(lb_topology_export(t, path, NULL), 0);
        struct lb_topology *again = load(path);
        assert_same_tables(t, again);
        lb_topology_destroy(again);
        assert_int_equal(lb_topology_export(t, "no/such/folder/x.xml", &why), -ENOENT);
        assert_string_equal(why.text, "no/such/folder/x.xml: No such file or directory");
        lb_topology_destroy(t);
    }
    unlink(path);
}

/* A disk that fills up leaves the file that was there, and no part of another. */
static void test_export_without_room(void **state)
{
    (void)state;
    char path[] = "/tmp/linebounce-topology-XXXXXX", beside[64];
    struct rlimit before, limit;
    struct lb_why why = {""};
    struct lb_topology *t = load_file("offline.xml");
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    int fd = mkstemp(path);

    assert_int_equal(write(fd, "old", 3), 3);
    close(fd);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 1000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int err = lb_topology_export(t, path, &why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(err, -EFBIG);
    assert_non_null(strstr(why.text, ": File too large"));
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 3);
    snprintf(beside, sizeof beside, "%s.%ld.tmp", path, (long)getpid());
    assert_int_equal(access(beside, F_OK), -1);
    unlink(path);
    lb_topology_destroy(t);
}

static void test_library(void **state)
{
    (void)state;
    unsigned major = 0, minor = 0, patch = 0;
    int end = 0;
    const char *version = lb_topology_library();
    assert_int_equal(sscanf(version, "%u.%u.%u%n", &major, &minor, &patch, &end), 3);
    assert_true(major >= 2);
    assert_ptr_equal(lb_topology_library(), version);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_synthetic, clear_environment),
        cmocka_unit_test_setup(test_bare_pus, clear_environment),
        cmocka_unit_test_setup(test_no_l3, clear_environment),
        cmocka_unit_test_setup(test_offline, clear_environment),
        cmocka_unit_test_setup(test_cpuset, clear_environment),
        cmocka_unit_test_setup(test_sparse, clear_environment),
        cmocka_unit_test_setup(test_l4, clear_environment),
        cmocka_unit_test_setup(test_hybrid, clear_environment),
        cmocka_unit_test_setup(test_numa, clear_environment),
        cmocka_unit_test_setup(test_depths, clear_environment),
        cmocka_unit_test_setup(test_refusals, clear_environment),
        cmocka_unit_test_setup(test_newer_xml, clear_environment),
        cmocka_unit_test_setup(test_environment, clear_environment),
        cmocka_unit_test_setup(test_bad_environment, clear_environment),
        cmocka_unit_test_setup(test_this_machine, clear_environment),
        cmocka_unit_test_setup(test_affinity_mask, clear_environment),
        cmocka_unit_test_setup(test_recheck_impossible, clear_environment),
        cmocka_unit_test_setup(test_export, clear_environment),
        cmocka_unit_test_setup(test_export_without_room, clear_environment),
        cmocka_unit_test_setup(test_library, clear_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
