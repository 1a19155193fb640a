/* SPDX-License-Identifier: MIT
 *
 * environment: what a run was measured on, and with which build.
 */
#ifndef LINEBOUNCE_ENVIRONMENT_H
#define LINEBOUNCE_ENVIRONMENT_H

#include <linebounce/base.h>

#include <stdbool.h>

LB_BEGIN_C

/* The kernel's setting has negative values of its own. */
#define LB_PARANOID_UNKNOWN (-1000)

/* The machine and the build, read once at the start of a run. Texts are empty and numbers negative
 * where the machine does not say; nothing is guessed. Texts that are too long are cut. */
struct lb_environment {
    char host[68], kernel[200], os[128];
    char cpu_model[128], cpu_vendor[32], microcode[32], arch[16];
    char atomics[16];    /* lb_atomics_name of the chosen ones */
    char hypervisor[32]; /* "none" where the processor says that there is none */
    bool emulated;       /* by QEMU's TCG, as x86 can tell: times mean nothing here */
    int smt_active;      /* 1, 0, -1 unknown */
    char governor[32];   /* of all CPUs, joined by `;` where they differ */
    char boost[16];      /* on, off */
    char thp[32], clocksource[32];
    char prefetcher[64];     /* adjacent-line prefetcher's state where it can be read */
    char cgroup_cpuset[128]; /* the cgroup's CPUs, else those that the process may run on */
    char cpu_quota[16];      /* CPUs' worth of time that the cgroups leave: "1.5", or "none" */
    char isolated[128];      /* CPUs that the scheduler leaves alone (isolcpus); "none" */
    char nohz_full[128];     /* CPUs without a tick where one task runs; "none" */
    int perf_event_paranoid; /* LB_PARANOID_UNKNOWN where the kernel does not say */
    char compiler[96], c_flags[256], version[32], commit[64]; /* of this build */
    char libraries[256]; /* "hwloc 2.9.0, libnuma 2.0.16, benchmark 1.7.1, cjson 1.7.15" */
};
void lb_environment_read(struct lb_environment *environment);
/* Steal time of all CPUs in clock ticks of 10 ms since boot, from /proc/stat; -1 unknown. */
int64_t lb_environment_steal_ticks(void);

LB_END_C

#endif
