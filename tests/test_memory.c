/* SPDX-License-Identifier: MIT
 *
 * How much memory there is to take, by cgroups that are made up.
 */
#include <linebounce/memory.h>

#include "support/folder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* Memory ------------------------------------------------------------------------------------ */

#define MIB ((uint64_t)1 << 20)

static void test_memory_v2(void **state)
{
    struct lb_memory m;

    (void)state;
    write_text(place_in_folder("/proc/meminfo"),
               "MemTotal: 8388608 kB\nMemFree: 100 kB\nMemAvailable:    1048576 kB\n");
    write_text(place_in_folder("/proc/self/cgroup"), "0::/a/b\n");
    lb_memory_read(folder, &m);
    assert_int_equal(m.available_bytes, 1024 * MIB);
    assert_true(m.cgroup_bytes == LB_MEMORY_UNKNOWN);
    assert_int_equal(m.left_bytes, 1024 * MIB);
    write_text(place_in_folder("/sys/fs/cgroup/a/b/memory.max"), "max\n");
    write_text(place_in_folder("/sys/fs/cgroup/a/b/memory.current"), "1048576\n");
    lb_memory_read(folder, &m);
    assert_true(m.cgroup_bytes == LB_MEMORY_UNKNOWN);
    write_text(place_in_folder("/sys/fs/cgroup/a/memory.max"),
               "536870912\n"); /* above: 512 MiB, 200 of them taken */
    write_text(place_in_folder("/sys/fs/cgroup/a/memory.current"), "209715200\n");
    lb_memory_read(folder, &m);
    assert_int_equal(m.cgroup_bytes, 312 * MIB);
    write_text(place_in_folder("/sys/fs/cgroup/a/memory.stat"),
               "anon 1\ninactive_file 104857600\n");
    lb_memory_read(folder, &m);
    assert_int_equal(m.cgroup_bytes, 412 * MIB);
    assert_int_equal(m.left_bytes, 412 * MIB);
    write_text(place_in_folder("/sys/fs/cgroup/a/b/memory.max"), "1048576\n"); /* full */
    lb_memory_read(folder, &m);
    assert_int_equal(m.left_bytes, 0);
}

static void test_memory_v1(void **state)
{
    struct lb_memory m;

    (void)state;
    write_text(place_in_folder("/proc/meminfo"), "MemAvailable: 1048576 kB\n");
    write_text(place_in_folder("/proc/self/cgroup"), "5:cpu,cpuacct:/x\n4:memory:/docker/1\n");
    write_text(place_in_folder("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
               "9223372036854771712\n");
    write_text(place_in_folder("/sys/fs/cgroup/memory/memory.usage_in_bytes"), "104857600\n");
    lb_memory_read(folder, &m);
    assert_true(m.cgroup_bytes == LB_MEMORY_UNKNOWN);
    write_text(place_in_folder("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
               "209715200\n"); /* as seen in a container */
    lb_memory_read(folder, &m);
    assert_int_equal(m.left_bytes, 100 * MIB);
}

static void test_memory_unknown(void **state)
{
    struct lb_memory m;

    (void)state;
    lb_memory_read(folder, &m);
    assert_true(m.left_bytes == LB_MEMORY_UNKNOWN);
    assert_int_equal(lb_memory_room(&m, "pft", UINT64_MAX / 2, NULL), 0);
}

static void test_memory_room(void **state)
{
    struct lb_memory m = {1024 * MIB, LB_MEMORY_UNKNOWN, 1024 * MIB};
    struct lb_why why = {""};

    (void)state;
    assert_int_equal(lb_memory_room(&m, "pft", 960 * MIB, &why), 0);
    assert_int_equal(lb_memory_room(&m, "pft", 961 * MIB, &why), -ENOMEM);
    assert_non_null(strstr(why.text, "pft: would take 961 MiB"));
    assert_non_null(strstr(why.text, "MemAvailable"));
    m.cgroup_bytes = m.left_bytes = 64 * MIB;
    assert_int_equal(lb_memory_room(&m, "pft", 64 * MIB, &why), -ENOMEM);
    assert_non_null(strstr(why.text, "cgroup"));
}

static void test_memory_parse(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes; /* 0: refused */
    } rows[] = {
        {"4096", 4096},
        {"512M", 512 * MIB},
        {"4G", 4096 * MIB},
        {"1.5G", 1536 * MIB},
        {"64K", 65536},
        {"1T", 1048576 * MIB},
        {"", 0},
        {"M", 0},
        {"-1G", 0},
        {"4095", 0},
        {"4GB", 0},
        {"4g", 0},
        {"nan", 0},
        {"inf", 0},
        {"1e30", 0},
        {"1 G", 0},
    };

    (void)state;
    for (size_t i = 0; i < LB_COUNT(rows); i++) {
        struct lb_why why = {""};
        uint64_t bytes = 1;
        int err = lb_memory_parse(rows[i].text, &why, &bytes);
        assert_int_equal(err, rows[i].bytes ? 0 : -EINVAL);
        assert_int_equal(bytes, rows[i].bytes ? rows[i].bytes : 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_memory_v2, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_memory_v1, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_memory_unknown, make_folder, remove_folder),
        cmocka_unit_test(test_memory_room),
        cmocka_unit_test(test_memory_parse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
