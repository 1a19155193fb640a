/* SPDX-License-Identifier: MIT
 *
 * What this machine lets a process count, found out by trying.
 */
#include <linebounce/counters.h>

#include "base/sys_files.h"
#include "counters_private.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Core PMUs ---------------------------------------------------------------------------------- */

/* What the kernel calls core PMUs: "cpu" on x86, power and RISC-V, "cpu_core" and "cpu_atom" on
 * hybrid x86, "cpum_cf" on s390; on Arm the architecture or the core follows the prefix. */
static bool is_core_pmu(const char *name)
{
    static const char *const whole[] = {"cpu", "cpum_cf"};
    static const char *const prefixes[] = {"cpu_", "armv7_", "armv8_", "armv9_", "apple_"};

    for (size_t i = 0; i < LB_COUNT(whole); i++)
        if (!strcmp(name, whole[i]))
            return true;
    for (size_t i = 0; i < LB_COUNT(prefixes); i++)
        if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
            return true;
    return false;
}

static bool take_number(const char *text, long *number)
{
    char *end;

    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end || errno)
        return false;
    *number = value;
    return true;
}

static bool read_core_pmu(const char *folder, const char *name, struct lb_core_pmu *pmu)
{
    char text[32];
    long type;

    if (!is_core_pmu(name) || strlen(name) >= sizeof pmu->name)
        return false;
    lb_sys_line(text, sizeof text, folder, "/%s/type", name);
    if (!take_number(text, &type) || type < 0 || type > UINT32_MAX)
        return false;
    *pmu = (struct lb_core_pmu){.type = (uint32_t)type};
    strcpy(pmu->name, name);
    lb_sys_line(pmu->cpus, sizeof pmu->cpus, folder, "/%s/cpus", name);
    /* Too long a list must not end in half a number. */
    char *comma = strrchr(pmu->cpus, ',');
    if (strlen(pmu->cpus) == sizeof pmu->cpus - 1 && comma)
        *comma = '\0';
    return true;
}

static int by_name(const void *a, const void *b)
{
    const struct lb_core_pmu *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* More than any machine has: all are read before the first LB_CORE_PMUS are taken, as the order in
 * a folder is anybody's. */
#define CORE_PMUS_MOST 16

int lb_core_pmus(const char *sys, struct lb_core_pmu pmus[LB_CORE_PMUS])
{
    struct lb_core_pmu found[CORE_PMUS_MOST];
    char folder[PATH_MAX / 2];
    struct dirent *entry;
    int n = 0;

    if (snprintf(folder, sizeof folder, "%s/bus/event_source/devices", sys) >= (int)sizeof folder)
        return 0;
    DIR *devices = opendir(folder);
    if (!devices)
        return 0;
    while (n < CORE_PMUS_MOST && (entry = readdir(devices)))
        if (read_core_pmu(folder, entry->d_name, &found[n]))
            n++;
    closedir(devices);
    qsort(found, (size_t)n, sizeof *found, by_name);
    n = n < LB_CORE_PMUS ? n : LB_CORE_PMUS;
    memcpy(pmus, found, (size_t)n * sizeof *pmus);
    return n;
}

static bool list_has(const char *list, long pu_os)
{
    for (const char *at = list; *at;) {
        char *end;
        long first = strtol(at, &end, 10), last = first;
        if (end == at)
            return false;
        if (*end == '-')
            last = strtol(end + 1, &end, 10);
        if (pu_os >= first && pu_os <= last)
            return true;
        at = *end == ',' ? end + 1 : "";
    }
    return false;
}

const struct lb_core_pmu *lb_core_pmu_of(const struct lb_core_pmu *pmus, int n, int pu_os)
{
    for (int i = 0; i < n; i++)
        if (!pmus[i].cpus[0] || list_has(pmus[i].cpus, pu_os))
            return &pmus[i];
    return NULL;
}

/* Trying ------------------------------------------------------------------------------------- */

static const char *const state_names[] = {
    [LB_PMU_PRESENT] = "present",
    [LB_PMU_ABSENT] = "absent",
    [LB_PMU_REFUSED] = "refused",
    [LB_PMU_SECCOMP] = "seccomp",
};

const char *lb_pmu_state_name(enum lb_pmu_state state)
{
    return state_names[state];
}

/* Long enough for any counter to move. */
#define SPIN 20000

static void spin(void)
{
    for (volatile int i = 0; i < SPIN; i++)
        ;
}

static const struct lb_event_code cycles = {
    .kind = LB_EVENT_PMU, .type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_CPU_CYCLES};
static const struct lb_event_code task_clock = {
    .kind = LB_EVENT_PMU, .type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_TASK_CLOCK};

/* What came of `n` counters of cycles in one group. */
enum outcome {
    OUTCOME_CLOSED, /* one did not open; report->error says why a single one did not */
    OUTCOME_LOST,   /* opened, not scheduled */
    OUTCOME_ZERO,   /* counts nothing */
    OUTCOME_COUNTED,
};

static bool reads_itself(const struct lb_group *group)
{
    struct lb_reading reading;
    const struct lb_group_event *event = &group->events[0];
    return event->page && lb_page_read(event->page, group->calls->pmc, lb_counter_clock, &reading);
}

static enum outcome try_cycles(const struct lb_counter_calls *calls, uint32_t pmu_type, int n,
                               struct lb_counter_report *report)
{
    struct lb_event_code codes[LB_GROUP_MOST] = {0};
    struct lb_count counts[LB_GROUP_MOST];
    struct lb_group group;
    enum outcome outcome = OUTCOME_COUNTED;

    for (int i = 0; i < n; i++)
        codes[i] = cycles;
    int open = lb_group_open(calls, codes, n, pmu_type, false, &group);
    if (n == 1)
        report->error = group.events[0].count.error;
    if (open == n) {
        lb_group_begin(&group);
        spin();
        report->rdpmc = report->rdpmc || reads_itself(&group);
        lb_group_end(&group, counts);
        for (int i = 0; i < n; i++) {
            if (counts[i].state != LB_COUNT_COUNTED)
                outcome = OUTCOME_LOST;
            else if (!counts[i].value && outcome == OUTCOME_COUNTED)
                outcome = OUTCOME_ZERO;
        }
    } else {
        outcome = OUTCOME_CLOSED;
    }
    lb_group_close(&group);
    return outcome;
}

/* Arms as many as there are and checks that each counts what is stored. */
static void try_breakpoints(const struct lb_counter_calls *calls, struct lb_counter_report *report)
{
    enum { STORES = 3 };
    volatile uint64_t words[LB_GROUP_MOST] = {0};
    struct lb_event_code codes[LB_GROUP_MOST];
    struct lb_count counts[LB_GROUP_MOST];
    struct lb_group group;

    for (int i = 0; i < LB_GROUP_MOST; i++)
        codes[i] = (struct lb_event_code){
            .kind = LB_EVENT_WATCH, .address = (uintptr_t)&words[i], .bytes = sizeof words[i]};
    int open = lb_group_open(calls, codes, LB_GROUP_MOST, 0, false, &group);
    lb_group_begin(&group);
    for (int i = 0; i < STORES * LB_GROUP_MOST; i++)
        words[i % LB_GROUP_MOST] = (uint64_t)i;
    lb_group_end(&group, counts);
    lb_group_close(&group);
    for (int i = 0; i < LB_GROUP_MOST; i++)
        report->breakpoints += counts[i].state == LB_COUNT_COUNTED && counts[i].value == STORES;
    if (!report->breakpoints)
        report->breakpoint_error = open ? EIO : counts[0].error;
}

static bool try_software(const struct lb_counter_calls *calls, bool kernel)
{
    struct lb_count count;
    struct lb_group group;

    lb_group_open(calls, &task_clock, 1, 0, kernel, &group);
    lb_group_begin(&group);
    spin();
    lb_group_end(&group, &count);
    lb_group_close(&group);
    return count.state == LB_COUNT_COUNTED && count.value;
}

/* Saying ------------------------------------------------------------------------------------- */

static void say(struct lb_counter_report *report, const char *sentence, const char *remedy)
{
    snprintf(report->sentence, sizeof report->sentence, "%s", sentence);
    snprintf(report->remedy, sizeof report->remedy, "%s", remedy);
}

static const char *until_then(const struct lb_counter_report *report)
{
#if defined(__x86_64__)
    if (report->breakpoints)
        return "until then use timed latency and bp: events";
#endif
    (void)report;
    return "until then use timed latency";
}

static void say_absent(const char *hypervisor, enum outcome first, struct lb_counter_report *report)
{
    bool virtual = hypervisor[0] && strcmp(hypervisor, "none") != 0;
    char machine[96] = "the kernel drives no PMU of this processor";
    const char *remedy = "look for \"Performance Events\" or \"PMU\" in the kernel's log";

    if (virtual) {
        snprintf(machine, sizeof machine, "this is a virtual machine (%.32s) %s", hypervisor,
                 first == OUTCOME_ZERO ? "whose PMU counts nothing" : "without a PMU");
        remedy = "have the host pass a PMU to the guest (KVM: -cpu host,pmu=on; cloud: a metal or "
                 "whole-socket instance)";
    } else if (first == OUTCOME_ZERO) {
        snprintf(machine, sizeof machine, "cycles can be opened, but read 0");
    }
    snprintf(report->sentence, sizeof report->sentence, "no hardware counters: %s", machine);
    snprintf(report->remedy, sizeof report->remedy, "%s; %s", remedy, until_then(report));
}

/* Debian's and Ubuntu's kernels know levels over 2, which refuse all of perf_event_open before they
 * look for a PMU. */
static bool paranoid_refuses(const struct lb_counter_report *report)
{
    return report->paranoid > 2;
}

#define SYSCTL "sudo sysctl kernel.perf_event_paranoid=2"
#define DOCKER                                                                                     \
    "docker run --cap-add PERFMON, or --security-opt seccomp=FILE with a profile that allows "     \
    "perf_event_open"

static void say_refused(struct lb_counter_report *report)
{
    char *to = report->sentence;
    size_t bytes = sizeof report->sentence;
    bool permission = report->error == EACCES || report->error == EPERM;

    if (permission && paranoid_refuses(report)) {
        snprintf(to, bytes,
                 "perf_event_paranoid is %d: counting needs CAP_SYS_ADMIN (CAP_PERFMON is not "
                 "enough on Debian); whether there are hardware counters is not known",
                 report->paranoid);
        snprintf(report->remedy, sizeof report->remedy, "%s",
                 report->error == EPERM ? SYSCTL "; in a container also " DOCKER : SYSCTL);
    } else if (permission) {
        say(report,
            "perf_event_open is refused (EACCES), and not by perf_event_paranoid: a security "
            "module such as SELinux stands in the way",
            "look for perf_event in the audit log (ausearch -m avc) and allow it for this program");
    } else {
        snprintf(to, bytes, "hardware counters cannot be opened: %s", strerror(report->error));
        snprintf(report->remedy, sizeof report->remedy, "%s",
                 report->error == EMFILE ? "raise the limit of open files: ulimit -n" : "");
    }
}

static void say_seccomp(struct lb_counter_report *report)
{
    if (report->error == EPERM)
        say(report, "perf_event_open is refused (EPERM) by a filter, as containers have", DOCKER);
    else if (report->paranoid == LB_PARANOID_NONE)
        say(report,
            "perf_event_open does not exist here (ENOSYS): a kernel without CONFIG_PERF_EVENTS, or "
            "a sandbox",
            "run it outside the sandbox, on a kernel with CONFIG_PERF_EVENTS");
    else
        say(report, "perf_event_open is hidden (ENOSYS) by a filter, as containers have", DOCKER);
}

static void say_present(struct lb_counter_report *report)
{
    if (!report->at_once) {
        say(report,
            "hardware counters are there, but all are taken: by the NMI watchdog, another "
            "measurement, or the host",
            "end other measurements (perf, profilers); sudo sysctl kernel.nmi_watchdog=0");
        return;
    }
    snprintf(report->sentence, sizeof report->sentence, "hardware counters: %s%d count at once, %s",
             report->at_once < LB_GROUP_MOST ? "" : ">= ", report->at_once,
             report->kernel ? "user space and kernel" : "user space alone");
}

static enum lb_pmu_state judge(const struct lb_counter_report *report, enum outcome first)
{
    if (first == OUTCOME_ZERO)
        return LB_PMU_ABSENT;
    if (first != OUTCOME_CLOSED)
        return LB_PMU_PRESENT;
    switch (report->error) {
    case ENOENT:
    case EOPNOTSUPP:
    case ENODEV:
    case ENXIO:
    case EINVAL:
        return LB_PMU_ABSENT;
    case ENOSYS:
        return LB_PMU_SECCOMP;
    case EPERM:
        return paranoid_refuses(report) ? LB_PMU_REFUSED : LB_PMU_SECCOMP;
    default:
        return LB_PMU_REFUSED;
    }
}

/* 0 on machines with one core PMU. */
static uint32_t pmu_type_here(const char *root)
{
    struct lb_core_pmu pmus[LB_CORE_PMUS];
    char sys[PATH_MAX / 4];

    snprintf(sys, sizeof sys, "%s/sys", root);
    int n = lb_core_pmus(sys, pmus);
    const struct lb_core_pmu *here = n > 1 ? lb_core_pmu_of(pmus, n, sched_getcpu()) : NULL;
    return here ? here->type : 0;
}

void lb_counters_probe(const struct lb_counter_calls *calls, const char *root,
                       const char *hypervisor, struct lb_counter_report *report)
{
    char text[32];
    long paranoid = LB_PARANOID_NONE;
    uint32_t pmu_type = pmu_type_here(root);

    *report = (struct lb_counter_report){0};
    lb_sys_line(text, sizeof text, root, "/proc/sys/kernel/perf_event_paranoid");
    take_number(text, &paranoid);
    report->paranoid = (int)paranoid;
    enum outcome first = try_cycles(calls, pmu_type, 1, report), last = first;
    while (last == OUTCOME_COUNTED && ++report->at_once < LB_GROUP_MOST)
        last = try_cycles(calls, pmu_type, report->at_once + 1, report);
    try_breakpoints(calls, report);
    report->software = try_software(calls, false);
    report->kernel = try_software(calls, true);
    report->state = judge(report, first);
    if (report->state == LB_PMU_PRESENT)
        say_present(report);
    else if (report->state == LB_PMU_ABSENT)
        say_absent(hypervisor, first, report);
    else if (report->state == LB_PMU_SECCOMP)
        say_seccomp(report);
    else
        say_refused(report);
}
