/* SPDX-License-Identifier: MIT
 *
 * What is recorded of a machine, from made-up files of it.
 */
#include <linebounce/record.h>

#include "machine/environment_private.h"
#include "support/folder_of_rows.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmocka.h>

/* Environment -------------------------------------------------------------------------------- */

/* A machine of files below the folder `name`. */
static void put_machine(const char *name, const char *const (*files)[2], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s%s", folder, name, files[i][0]);
        char *slash = strrchr(path, '/');
        *slash = '\0';
        assert_int_equal(lb_make_folders(path, NULL), 0);
        *slash = '/';
        write_text(path, files[i][1]);
    }
}

static void test_environment_x86(void **state)
{
    (void)state;
    static const char *const files[][2] = {
        {"/etc/os-release", "NAME=Some\nPRETTY_NAME=\"Some Linux 12\"\n"},
        {"/proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: A CPU @ 2 GHz\n"
                          "microcode\t: 0x2b\nflags\t\t: fpu hypervisor lahf_lm\n\nprocessor\t: "
                          "1\nmodel name\t: other\n"},
        {"/sys/class/dmi/id/sys_vendor", "QEMU\n"},
        {"/sys/class/dmi/id/product_name", "Standard PC (Q35 + ICH9, 2009)\n"},
        {"/sys/devices/system/cpu/smt/active", "1\n"},
        {"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"},
        {"/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "performance\n"},
        {"/sys/devices/system/cpu/cpu2/cpufreq/scaling_governor", "powersave\n"},
        {"/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n"},
        {"/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"},
        {"/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"},
        {"/proc/sys/kernel/perf_event_paranoid", "-1\n"},
        {"/proc/self/cgroup", "0::/user.slice/job\n"},
        {"/sys/fs/cgroup/user.slice/cpuset.cpus.effective", "2-3\n"},
        {"/sys/fs/cgroup/cpuset.cpus.effective", "0-7\n"},
        {"/proc/self/status", "Name:\tx\nCpus_allowed_list:\t5\n"},
        {"/proc/stat", "cpu  1 2 3 4 5 6 7 89 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n"},
    };
    put_machine("x86", files, LB_COUNT(files));
    struct lb_environment e;
    lb_environment_read_below(in_folder("x86"), &e);
    assert_string_equal(e.os, "Some Linux 12");
    assert_string_equal(e.cpu_vendor, "GenuineIntel");
    assert_string_equal(e.cpu_model, "A CPU @ 2 GHz");
    assert_string_equal(e.microcode, "0x2b");
    assert_string_equal(e.hypervisor, "QEMU");
    assert_int_equal(e.smt_active, 1);
    assert_string_equal(e.governor, "powersave;performance");
    assert_string_equal(e.boost, "off");
    assert_string_equal(e.thp, "madvise");
    assert_string_equal(e.clocksource, "tsc");
    assert_int_equal(e.perf_event_paranoid, -1);
    assert_string_equal(e.cgroup_cpuset, "2-3");
    assert_string_equal(e.prefetcher, "");
    assert_int_equal(lb_environment_steal_ticks_below(in_folder("x86")),
                     89 * 100 / sysconf(_SC_CLK_TCK));
}

static void test_environment_arm(void **state)
{
    (void)state;
    static const char *const files[][2] = {
        {"/usr/lib/os-release", "PRETTY_NAME=Plain\n"},
        {"/proc/cpuinfo", "processor\t: 0\nBogoMIPS\t: 243.75\nCPU implementer\t: 0x41\n"
                          "CPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\n"
                          "CPU revision\t: 1\n"},
        {"/sys/class/dmi/id/product_name", "KVM Virtual Machine\n"},
        {"/sys/devices/system/cpu/smt/active", "0\n"},
        {"/sys/devices/system/cpu/cpufreq/boost", "1\n"},
        {"/sys/kernel/mm/transparent_hugepage/enabled", "always madvise\n"},
        {"/proc/self/cgroup", "7:memory:/a\n4:cpu,cpuset:/job/\n0::/\n"},
        {"/sys/fs/cgroup/cpuset/job/cpuset.effective_cpus", "0,4-5\n"},
        {"/sys/fs/cgroup/cpuset.cpus.effective", "0-7\n"},
    };
    put_machine("arm", files, LB_COUNT(files));
    struct lb_environment e;
    lb_environment_read_below(in_folder("arm"), &e);
    assert_string_equal(e.os, "Plain");
    assert_string_equal(e.cpu_vendor, "ARM");
    assert_string_equal(e.cpu_model, "implementer 0x41 part 0xd0c variant 0x3 revision 1");
    assert_string_equal(e.microcode, "");
    assert_string_equal(e.hypervisor, "KVM");
    assert_int_equal(e.smt_active, 0);
    assert_string_equal(e.boost, "on");
    assert_string_equal(e.thp, "");
    assert_string_equal(e.cgroup_cpuset, "0,4-5");
}

/* The register that tells the prefetcher is believed on bare metal only. */
static void test_environment_prefetcher(void **state)
{
    (void)state;
    static const char *const files[][2] = {
        {"/proc/cpuinfo", "vendor_id\t: GenuineIntel\nflags\t\t: fpu vme\n"},
        {"/sys/class/dmi/id/sys_vendor", "QEMU\n"},
        {"/dev/cpu/0/msr", ""},
    };
    put_machine("bare", files, LB_COUNT(files));
    char registers[0x200] = {0};
    uint64_t value = 0x22; /* in the machine's byte order, as the device gives it */
    memcpy(registers + 0x1a4, &value, sizeof value);
    write_bytes(in_folder("bare/dev/cpu/0/msr"), registers, sizeof registers);
    struct lb_environment e;
    lb_environment_read_below(in_folder("bare"), &e);
    assert_string_equal(e.hypervisor, "none");
    assert_string_equal(e.prefetcher, "adjacent-line off (CPU 0, MSR 0x1a4 = 0x22)");
    memset(registers, 0, sizeof registers);
    write_bytes(in_folder("bare/dev/cpu/0/msr"), registers, sizeof registers);
    lb_environment_read_below(in_folder("bare"), &e);
    assert_string_equal(e.prefetcher, "adjacent-line on (CPU 0, MSR 0x1a4 = 0x0)");

    write_text(in_folder("bare/proc/cpuinfo"),
               "vendor_id\t: GenuineIntel\nflags\t\t: fpu hypervisor\n");
    lb_environment_read_below(in_folder("bare"), &e);
    assert_string_equal(e.hypervisor, "QEMU");
    assert_string_equal(e.prefetcher, "");
    write_text(in_folder("bare/proc/cpuinfo"), "vendor_id\t: AuthenticAMD\nflags\t\t: fpu\n");
    lb_environment_read_below(in_folder("bare"), &e);
    assert_string_equal(e.prefetcher, "");
}

/* The tightest quota on the way up counts. */
static void test_environment_quota(void **state)
{
    static const struct {
        const char *files[4][2];
        const char *quota;
    } cases[] = {
        {{{"/proc/self/cgroup", "0::/a/b\n"},
          {"/sys/fs/cgroup/a/b/cpu.max", "max 100000\n"},
          {"/sys/fs/cgroup/a/cpu.max", "150000 100000\n"}},
         "1.5"},
        {{{"/proc/self/cgroup", "0::/a/b\n"},
          {"/sys/fs/cgroup/a/b/cpu.max", "50000 100000\n"},
          {"/sys/fs/cgroup/a/cpu.max", "150000 100000\n"}},
         "0.5"},
        {{{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/cpu.max", "max 100000\n"}}, "none"},
        {{{"/proc/self/cgroup", "3:cpuset:/x\n2:cpuacct,cpu:/x\n"},
          {"/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "20000\n"},
          {"/sys/fs/cgroup/cpu/x/cpu.cfs_period_us", "10000\n"}},
         "2"},
        {{{"/proc/self/cgroup", "2:cpu:/\n"},
          {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"},
          {"/sys/fs/cgroup/cpu/cpu.cfs_period_us", "10000\n"}},
         "none"},
        {{{"/proc/self/cgroup", "3:cpuset:/\n"}}, ""},
    };
    struct lb_environment e;

    (void)state;
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        char name[16];
        size_t n = 0;
        while (n < LB_COUNT(cases[i].files) && cases[i].files[n][0])
            n++;
        snprintf(name, sizeof name, "quota%zu", i);
        put_machine(name, cases[i].files, n);
        lb_environment_read_below(in_folder(name), &e);
        assert_string_equal(e.cpu_quota, cases[i].quota);
    }
}

static void test_environment_isolated(void **state)
{
    static const char *const files[][2] = {{"/sys/devices/system/cpu/isolated", "2-3\n"},
                                           {"/sys/devices/system/cpu/nohz_full", "(null)\n"}};
    static const char *const empty[][2] = {{"/sys/devices/system/cpu/isolated", "\n"}};
    struct lb_environment e;

    (void)state;
    put_machine("isolated", files, LB_COUNT(files));
    lb_environment_read_below(in_folder("isolated"), &e);
    assert_string_equal(e.isolated, "2-3");
    assert_string_equal(e.nohz_full, "none");
    put_machine("shared", empty, LB_COUNT(empty));
    lb_environment_read_below(in_folder("shared"), &e);
    assert_string_equal(e.isolated, "none");
    assert_string_equal(e.nohz_full, "");
}

/* A machine that says nothing: nothing is guessed. */
static void test_environment_unknown(void **state)
{
    (void)state;
    static const char *const files[][2] = {{"/proc/self/status", "Cpus_allowed_list:\t1,3\n"}};
    put_machine("mute", files, LB_COUNT(files));
    struct lb_environment e;
    lb_environment_read_below(in_folder("mute"), &e);
    const char *const texts[] = {e.os,          e.cpu_model, e.cpu_vendor, e.microcode,
                                 e.hypervisor,  e.governor,  e.boost,      e.thp,
                                 e.clocksource, e.prefetcher};
    for (size_t i = 0; i < LB_COUNT(texts); i++)
        assert_string_equal(texts[i], "");
    assert_int_equal(e.smt_active, -1);
    assert_int_equal(e.perf_event_paranoid, LB_PARANOID_UNKNOWN);
    assert_string_equal(e.cgroup_cpuset, "1,3");
    assert_int_equal(lb_environment_steal_ticks_below(in_folder("mute")), -1);

    struct lb_json *json;
    assert_int_equal(lb_json_create(&json), 0);
    assert_int_equal(lb_json_environment(json, &e), 0);
    cJSON *root = written(json);
    assert_true(cJSON_IsNull(item(root, "machine.hypervisor")));
    assert_true(cJSON_IsNull(item(root, "machine.smt_active")));
    assert_true(cJSON_IsNull(item(root, "machine.perf_event_paranoid")));
    assert_string_equal(text_at(root, "machine.cgroup_cpuset"), "1,3");
    cJSON_Delete(root);
    lb_json_destroy(json);
}

static void test_environment_here(void **state)
{
    (void)state;
    struct lb_environment e;
    struct utsname name;
    assert_int_equal(uname(&name), 0);
    lb_environment_read(&e);
    assert_string_equal(e.host, name.nodename);
    assert_string_equal(e.arch, name.machine);
    assert_non_null(strstr(e.kernel, name.release));
    assert_string_not_equal(e.compiler, "");
#if defined(__x86_64__)
    assert_string_not_equal(e.cpu_vendor, "");
    char *cpuinfo = read_text("/proc/cpuinfo");
    bool is_virtual = strstr(cpuinfo, " hypervisor") != NULL;
    free(cpuinfo);
    assert_int_equal(strcmp(e.hypervisor, "none") == 0, !is_virtual);
#endif
    assert_true(lb_environment_steal_ticks() >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_environment_x86),        cmocka_unit_test(test_environment_arm),
        cmocka_unit_test(test_environment_prefetcher), cmocka_unit_test(test_environment_quota),
        cmocka_unit_test(test_environment_isolated),   cmocka_unit_test(test_environment_unknown),
        cmocka_unit_test(test_environment_here),
    };
    return cmocka_run_group_tests_name("environment", tests, make_folder, remove_folder);
}
