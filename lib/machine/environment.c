/* SPDX-License-Identifier: MIT
 *
 * What the machine says of itself, read from its files.
 */
#include "environment_private.h"

#include "base/sys_files.h"

#include <linebounce/atomics.h>

#include <glob.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#define HAVE_CPUID 1
#else
#define HAVE_CPUID 0
#endif

/* Facts of the build, defined by the build system for this file. */
#ifndef LB_VERSION
#define LB_VERSION ""
#endif
#ifndef LB_COMPILER
#ifdef __clang__
#define LB_COMPILER __VERSION__
#else
#define LB_COMPILER "gcc " __VERSION__
#endif
#endif
#ifndef LB_C_FLAGS
#define LB_C_FLAGS ""
#endif
#ifndef LB_LIBRARIES
#define LB_LIBRARIES ""
#endif

/* Where MISC_FEATURE_CONTROL is documented: Intel, "Disclosure of Hardware Prefetcher Control on
 * Some Intel Processors" (2014). A set bit switches the prefetcher off. */
#define MSR_MISC_FEATURE_CONTROL 0x1a4
#define ADJACENT_LINE_OFF        2u

/* Cuts what is too long. */
static void copy(char *out, size_t size, const char *text)
{
    size_t n = strlen(text);
    n = n < size ? n : size - 1;
    memcpy(out, text, n);
    out[n] = '\0';
}

/* Processor ---------------------------------------------------------------------------------- */

/* Codes of Arm's MIDR register, bits 31 to 24, as the Arm ARM assigns them. */
static const struct {
    const char *code, *name;
} implementers[] = {
    {"0x41", "ARM"},       {"0x42", "Broadcom"}, {"0x43", "Cavium"},        {"0x46", "Fujitsu"},
    {"0x48", "HiSilicon"}, {"0x4e", "NVIDIA"},   {"0x50", "Applied Micro"}, {"0x51", "Qualcomm"},
    {"0x61", "Apple"},     {"0xc0", "Ampere"},
};

#define CPUINFO "/proc/cpuinfo"

/* Arm gives numbers only. */
static void read_arm_cpu(const char *root, struct lb_environment *e)
{
    char implementer[16] = "", part[16] = "", variant[16] = "", revision[16] = "";
    lb_sys_value(implementer, sizeof implementer, root, CPUINFO, "CPU implementer", ':');
    lb_sys_value(part, sizeof part, root, CPUINFO, "CPU part", ':');
    lb_sys_value(variant, sizeof variant, root, CPUINFO, "CPU variant", ':');
    lb_sys_value(revision, sizeof revision, root, CPUINFO, "CPU revision", ':');
    if (!implementer[0] || !part[0])
        return;
    copy(e->cpu_vendor, sizeof e->cpu_vendor, implementer);
    for (size_t i = 0; i < LB_COUNT(implementers); i++)
        if (strcmp(implementers[i].code, implementer) == 0)
            copy(e->cpu_vendor, sizeof e->cpu_vendor, implementers[i].name);
    snprintf(e->cpu_model, sizeof e->cpu_model, "implementer %s part %s variant %s revision %s",
             implementer, part, variant[0] ? variant : "?", revision[0] ? revision : "?");
}

static void read_cpu(const char *root, struct lb_environment *e)
{
    /* x86 and s390, then POWER, RISC-V and LoongArch. */
    static const char *const model_keys[] = {"model name", "cpu", "uarch", "Model Name"};
    for (size_t i = 0; i < LB_COUNT(model_keys) && !e->cpu_model[0]; i++)
        lb_sys_value(e->cpu_model, sizeof e->cpu_model, root, CPUINFO, model_keys[i], ':');
    lb_sys_value(e->cpu_vendor, sizeof e->cpu_vendor, root, CPUINFO, "vendor_id", ':');
    lb_sys_value(e->microcode, sizeof e->microcode, root, CPUINFO, "microcode", ':');
    if (!e->cpu_model[0])
        read_arm_cpu(root, e);
}

/* Hypervisor --------------------------------------------------------------------------------- */

/* No hypervisor but an emulator: every access takes what its translation takes. */
#define TCG "QEMU TCG"

/* Part of a text that only this hypervisor's machines show. */
struct sign {
    const char *part, *name;
};

static bool match(const char *text, const struct sign *signs, size_t n, char *out, size_t size)
{
    for (size_t i = 0; i < n; i++) {
        if (strstr(text, signs[i].part)) {
            copy(out, size, signs[i].name);
            return true;
        }
    }
    return false;
}

/* The name behind the signature that an x86 hypervisor shows, the signature itself when it is not a
 * known one, "" when there is none. */
static void ask_cpuid(char *out, size_t size)
{
#if HAVE_CPUID
    static const struct sign signatures[] = {
        {"KVMKVMKVM", "KVM"},         {"Linux KVM Hv", "KVM"},        {"Microsoft Hv", "Hyper-V"},
        {"VMwareVMware", "VMware"},   {"XenVMMXenVMM", "Xen"},        {"TCGTCGTCGTCG", TCG},
        {"bhyve bhyve", "bhyve"},     {"VBoxVBoxVBox", "VirtualBox"}, {"ACRNACRNACRN", "ACRN"},
        {" lrpepyh vr", "Parallels"}, {"prl hyperv", "Parallels"},
    };
    unsigned int a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & 1u << 31))
        return;
    __cpuid(0x40000000, a, b, c, d);
    const unsigned int registers[] = {b, c, d};
    char signature[sizeof registers + 1] = "";
    memcpy(signature, registers, sizeof registers);
    if (!match(signature, signatures, LB_COUNT(signatures), out, size))
        copy(out, size, signature);
#else
    (void)out, (void)size;
#endif
}

/* What the firmware tells about the machine, readable for everyone. Names of clouds are left out:
 * the same name is on their bare-metal machines. */
static void ask_firmware(const char *root, char *out, size_t size)
{
    static const char *const files[] = {
        "/sys/class/dmi/id/product_name",
        "/sys/class/dmi/id/sys_vendor",
        "/sys/firmware/devicetree/base/hypervisor/compatible",
    };
    static const struct sign signs[] = {
        {"KVM", "KVM"},
        {"linux,kvm", "KVM"},
        {"VMware", "VMware"},
        {"VirtualBox", "VirtualBox"},
        {"HVM domU", "Xen"},
        {"xen,xen", "Xen"},
        {"Parallels", "Parallels"},
        {"Virtual Machine", "Hyper-V"}, /* after "KVM Virtual Machine" */
        {"QEMU", "QEMU"},
    };
    for (size_t i = 0; i < LB_COUNT(files); i++) {
        char text[128];
        if (lb_sys_line(text, sizeof text, root, "%s", files[i]) &&
            match(text, signs, LB_COUNT(signs), out, size))
            return;
    }
}

static void read_hypervisor(const char *root, struct lb_environment *e)
{
    char *name = e->hypervisor;
    size_t size = sizeof e->hypervisor;
    /* x86 only: the kernel shows the processor's hypervisor bit, and sets it for Xen's paravirtual
     * guests, which see the bare processor. */
    char flags[4096] = "";
    lb_sys_value(flags, sizeof flags, root, CPUINFO, "flags", ':');
    if (flags[0] && !strstr(flags, " hypervisor")) {
        copy(name, size, "none");
        return;
    }
    if (!root[0])
        ask_cpuid(name, size);
    char type[8];
    if (!name[0] && lb_sys_line(type, sizeof type, root, "/sys/hypervisor/type"))
        copy(name, size, strcmp(type, "xen") == 0 ? "Xen" : type);
    if (!name[0])
        ask_firmware(root, name, size);
}

/* Settings ----------------------------------------------------------------------------------- */

/* "1" and "0" as the words; anything else as "". `inverted` for files that say "off". */
static void read_switch(char *out, size_t size, const char *root, const char *name, bool inverted)
{
    char text[8];
    if (!lb_sys_line(text, sizeof text, root, "%s", name) || !strchr("01", text[0]) || text[1])
        return;
    copy(out, size, (text[0] == '1') != inverted ? "on" : "off");
}

/* The governors of all frequency domains, each once, joined by `;`. */
static void read_governors(const char *root, char *out, size_t size)
{
    char *pattern;
    if (asprintf(&pattern, "%s/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor", root) <
        0)
        return;
    glob_t found = {0};
    if (glob(pattern, 0, NULL, &found) != 0)
        found.gl_pathc = 0;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char governor[32];
        bool known = !lb_sys_line(governor, sizeof governor, "", "%s", found.gl_pathv[i]) ||
                     strstr(out, governor); /* no governor's name is a part of another's */
        size_t length = strlen(out);
        if (!known)
            snprintf(out + length, size - length, "%s%s", length ? ";" : "", governor);
    }
    free(pattern);
    globfree(&found);
}

static void read_boost(const char *root, struct lb_environment *e)
{
#define CPU "/sys/devices/system/cpu/"
    read_switch(e->boost, sizeof e->boost, root, CPU "cpufreq/boost", false);
    if (!e->boost[0])
        read_switch(e->boost, sizeof e->boost, root, CPU "intel_pstate/no_turbo", true);
    if (!e->boost[0])
        read_switch(e->boost, sizeof e->boost, root, CPU "cpufreq/policy0/boost", false);
#undef CPU
}

/* Of "always [madvise] never" the word in brackets. */
static void read_thp(const char *root, char *out, size_t size)
{
    char text[128];
    lb_sys_line(text, sizeof text, root, "/sys/kernel/mm/transparent_hugepage/enabled");
    char *from = strchr(text, '[');
    char *end = from ? strchr(from, ']') : NULL;
    if (!end)
        return;
    *end = '\0';
    copy(out, size, from + 1);
}

/* Only on a bare-metal Intel processor: hypervisors answer 0 for registers that they do not have.
 */
static void read_prefetcher(const char *root, struct lb_environment *e)
{
    if (strcmp(e->cpu_vendor, "GenuineIntel") != 0 || strcmp(e->hypervisor, "none") != 0)
        return;
    FILE *file = lb_sys_open(root, "/dev/cpu/0/msr");
    if (!file)
        return;
    uint64_t value;
    if (pread(fileno(file), &value, sizeof value, MSR_MISC_FEATURE_CONTROL) == sizeof value)
        snprintf(e->prefetcher, sizeof e->prefetcher,
                 "adjacent-line %s (CPU 0, MSR 0x1a4 = 0x%" PRIx64 ")",
                 value & ADJACENT_LINE_OFF ? "off" : "on", value);
    fclose(file);
}

struct cgroup {
    const char *root;
    char *cpus;
    size_t bytes;
    double quota;
};

/* The CPUs of the closest that says them. */
static bool see_cpus(const char *folder, bool v2, void *context)
{
    const struct cgroup *c = context;

    return lb_sys_line(c->cpus, c->bytes, c->root, "%s/%s", folder,
                       v2 ? "cpuset.cpus.effective" : "cpuset.effective_cpus");
}

static void read_cgroup(const char *root, struct lb_environment *e)
{
    struct cgroup c = {root, e->cgroup_cpuset, sizeof e->cgroup_cpuset, (double)NAN};

    lb_sys_cgroups(root, "cpuset", see_cpus, &c);
    if (!*c.cpus)
        lb_sys_value(c.cpus, c.bytes, root, "/proc/self/status", "Cpus_allowed_list", ':');
}

/* CPUs' worth of time that a cgroup may use: infinite without a quota, NaN where it does not say.
 */
static double quota_in(const char *root, const char *folder)
{
    char text[64], period[64];
    double quota, per;

    if (lb_sys_line(text, sizeof text, root, "%s/cpu.max",
                    folder)) /* "150000 100000", "max 100000" */
        return sscanf(text, "%lf %lf", &quota, &per) == 2 ? quota / per : (double)INFINITY;
    if (!lb_sys_line(text, sizeof text, root, "%s/cpu.cfs_quota_us", folder) ||
        !lb_sys_line(period, sizeof period, root, "%s/cpu.cfs_period_us", folder))
        return (double)NAN;
    quota = strtod(text, NULL);
    return quota > 0 ? quota / strtod(period, NULL) : (double)INFINITY;
}

/* The tightest of a cgroup and those above it. */
static bool see_quota(const char *folder, bool v2, void *context)
{
    struct cgroup *c = context;

    (void)v2;
    c->quota = fmin(c->quota, quota_in(c->root, folder)); /* of a NaN and a number, the number */
    return false;
}

static void read_quota(const char *root, struct lb_environment *e)
{
    struct cgroup c = {root, NULL, 0, (double)NAN};

    lb_sys_cgroups(root, "cpu", see_quota, &c);
    if (isinf(c.quota))
        copy(e->cpu_quota, sizeof e->cpu_quota, "none");
    else if (!isnan(c.quota))
        snprintf(e->cpu_quota, sizeof e->cpu_quota, "%g", c.quota);
}

/* A list of CPUs; an empty one is "none", which a file that is not there does not say. */
static void read_cpus(char *out, size_t size, const char *root, const char *name)
{
    FILE *file = lb_sys_open(root, "/sys/devices/system/cpu/%s", name);

    out[0] = '\0';
    if (!file)
        return;
    fclose(file);
    if (!lb_sys_line(out, size, root, "/sys/devices/system/cpu/%s", name) || out[0] == '(')
        copy(out, size, "none"); /* "(null)" where the kernel could and was not told to */
}

static void read_settings(const char *root, struct lb_environment *e)
{
    char text[32];
    read_quota(root, e);
    read_cpus(e->isolated, sizeof e->isolated, root, "isolated");
    read_cpus(e->nohz_full, sizeof e->nohz_full, root, "nohz_full");
    e->smt_active = -1;
    if (lb_sys_line(text, sizeof text, root, "/sys/devices/system/cpu/smt/active"))
        e->smt_active = text[0] == '1' ? 1 : text[0] == '0' ? 0 : -1;
    read_governors(root, e->governor, sizeof e->governor);
    read_boost(root, e);
    read_thp(root, e->thp, sizeof e->thp);
    lb_sys_line(e->clocksource, sizeof e->clocksource, root,
                "/sys/devices/system/clocksource/clocksource0/current_clocksource");
    read_prefetcher(root, e);
    e->emulated = !strcmp(e->hypervisor, TCG);
    read_cgroup(root, e);
    e->perf_event_paranoid = LB_PARANOID_UNKNOWN;
    if (lb_sys_line(text, sizeof text, root, "/proc/sys/kernel/perf_event_paranoid"))
        e->perf_event_paranoid = (int)strtol(text, NULL, 10);
}

/* The whole ------------------------------------------------------------------------------------ */

/* /etc/os-release quotes like a shell; pretty names hold nothing that would be escaped. */
static void read_os(const char *root, char *out, size_t size)
{
    char text[128] = "";
    lb_sys_value(text, sizeof text, root, "/etc/os-release", "PRETTY_NAME", '=');
    if (!text[0])
        lb_sys_value(text, sizeof text, root, "/usr/lib/os-release", "PRETTY_NAME", '=');
    size_t n = strlen(text);
    bool quoted = n >= 2 && strchr("\"'", text[0]) && text[n - 1] == text[0];
    if (quoted)
        text[n - 1] = '\0';
    copy(out, size, text + quoted);
}

void lb_environment_read_below(const char *root, struct lb_environment *environment)
{
    struct lb_environment *e = environment;
    memset(e, 0, sizeof *e);
    struct utsname name;
    if (uname(&name) == 0) {
        copy(e->host, sizeof e->host, name.nodename);
        snprintf(e->kernel, sizeof e->kernel, "%s %s %s", name.sysname, name.release, name.version);
        copy(e->arch, sizeof e->arch, name.machine);
    }
    read_os(root, e->os, sizeof e->os);
    read_cpu(root, e);
    read_hypervisor(root, e);
    read_settings(root, e);
    copy(e->atomics, sizeof e->atomics, lb_atomics_name(lb_atomics()));
    copy(e->compiler, sizeof e->compiler, LB_COMPILER);
    copy(e->c_flags, sizeof e->c_flags, LB_C_FLAGS);
    copy(e->version, sizeof e->version, LB_VERSION);
    copy(e->commit, sizeof e->commit, lb_environment_commit);
    copy(e->libraries, sizeof e->libraries, LB_LIBRARIES);
}

int64_t lb_environment_steal_ticks_below(const char *root)
{
    char line[512];
    long long steal;
    /* cpu user nice system idle iowait irq softirq steal; kernels before 2.6.11 end earlier. */
    if (!lb_sys_line(line, sizeof line, root, "/proc/stat") ||
        sscanf(line, "cpu %*s %*s %*s %*s %*s %*s %*s %lld", &steal) != 1 || steal < 0)
        return -1;
    long per_second = sysconf(_SC_CLK_TCK);
    return per_second > 0 ? steal * 100 / per_second : -1;
}

void lb_environment_read(struct lb_environment *environment)
{
    lb_environment_read_below("", environment);
}

int64_t lb_environment_steal_ticks(void)
{
    return lb_environment_steal_ticks_below("");
}
