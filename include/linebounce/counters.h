/* SPDX-License-Identifier: MIT
 *
 * counters: counting events on one thread, honestly. A group of counters is opened by the thread
 * that it counts, enabled and read at the edges of a window, and closed after it; nothing happens
 * inside. This is the only stage that knows perf_event_open.
 *
 * There are three ways to read a zero that nobody counted: a group that never got onto the PMU, a
 * raw event that the PMU lacks (it opens and reads 0), and an event that exclude_kernel makes
 * meaningless. So a count is a value only together with its state, and a zero of a raw event is
 * believed only after a positive control has counted (analysis.h).
 */
#ifndef LINEBOUNCE_COUNTERS_H
#define LINEBOUNCE_COUNTERS_H

#include <linebounce/events.h>

#include <stdbool.h>
#include <sys/types.h>

LB_BEGIN_C

/* The system calls, so that a test can fail them one by one. Results are >= 0 or -errno. */
struct perf_event_attr;
struct lb_counter_calls {
    int (*open)(struct perf_event_attr *attr, pid_t pid, int cpu, int group_fd,
                unsigned long flags);
    ssize_t (*read)(int fd, void *buffer, size_t bytes);
    int (*control)(int fd, unsigned long request, unsigned long argument);
    void *(*map)(int fd, size_t bytes); /* NULL: cannot be mapped */
    void (*unmap)(void *page, size_t bytes);
    void (*close)(int fd);
    uint64_t (*pmc)(uint32_t index); /* the counter itself: rdpmc, mrs */
};
extern const struct lb_counter_calls lb_counter_system;

enum lb_count_state {
    LB_COUNT_UNASKED,     /* not in this window's group */
    LB_COUNT_COUNTED,     /* on the PMU throughout: exact */
    LB_COUNT_SCALED,      /* on the PMU for a part of the time, scaled up */
    LB_COUNT_LOST,        /* never on the PMU, or thrown off it: no value ("not counted") */
    LB_COUNT_UNSUPPORTED, /* the machine has no such event: ENOENT, EOPNOTSUPP, ENODEV, ENXIO, and
                             EINVAL of an event on its own */
    LB_COUNT_REFUSED,     /* it may have, but not for us: EACCES, EPERM, ENOSYS, EMFILE, ENOSPC
                             (breakpoints: all slots taken), and whatever else open says */
};
const char *lb_count_state_name(enum lb_count_state state); /* "counted", "not counted", ... */

/* What an errno means for an event, in words. */
const char *lb_count_reason(int error);

/* One event over one window. */
struct lb_count {
    enum lb_count_state state;
    /* errno of the refusal, 0 none. Of a lost count: E2BIG the group does not fit, ENODATA an event
     * that reads 0 whatever happens as long as the kernel is left out (context switches), else of
     * the call that failed, EIO a reading that makes no sense, 0 not on the PMU. */
    int error;
    uint64_t value; /* as read; 0 and meaningless unless counted or scaled */
    uint64_t enabled_ns, running_ns;
    double scaled; /* value x enabled / running; NaN unless counted or scaled */
};

/* Sums of two counts of one event (threads of a role, windows of a round): values, times and scaled
 * add up; the state is the worse of the two in the order counted, scaled, lost, unsupported,
 * refused, and scaled is NaN when either has no value. Unasked adds nothing. */
void lb_count_add(const struct lb_count *addend, struct lb_count *sum);

/* At most so many events in a group; more are split over rounds. Cycles and instructions and at
 * most three more fit the programmable counters of every PMU of the table, beside a watchdog. */
#define LB_GROUP_MOST 8
#define LB_GROUP_PMU  5
/* x86 and Arm cores have at least four hardware breakpoints. */
#define LB_GROUP_WATCH 4

/* Opened by the thread that it counts, for any PU, in user space alone unless `kernel`. Each event
 * has a state of its own: what cannot be opened is left out of the group and its count says why;
 * the rest is counted. The leader is pinned, so that a group that cannot have the PMU reads as lost
 * and not as 0. Plain data; the thread's own. */
struct lb_group {
    const struct lb_counter_calls *calls;
    int n;
    int leader; /* index of the first that opened, -1: none did */
    int error;  /* errno of a reading that failed since begin, 0 none */
    struct lb_group_event {
        int fd; /* -1: not open */
        uint64_t id;
        struct lb_count count; /* as of opening: of an open event lost, as it has no value yet */
        void *page;            /* mapped for rdpmc, NULL: read() */
        bool begun;            /* the three below are a reading of the last begin */
        uint64_t before, enabled_before, running_before;
    } events[LB_GROUP_MOST];
};

/* Always leaves a group that begin, end and close accept. Returns the number of events that are
 * open. `codes` holds n <= LB_GROUP_MOST. pmu_type is the perf type of the calling PU's core PMU on
 * hybrid machines (lb_core_pmus), 0 elsewhere: generic hardware events are then asked of that PMU
 * (PERF_PMU_TYPE_SHIFT). An event that only fails beside the others (EINVAL, but opens alone) is
 * LB_COUNT_LOST with error E2BIG: the group does not fit. */
int lb_group_open(const struct lb_counter_calls *calls, const struct lb_event_code *codes, int n,
                  uint32_t pmu_type, bool kernel, struct lb_group *group);
/* At the edge of a window, in the order enable, read; and read, disable. end fills n counts: the
 * differences of the two readings. A pinned group that lost the PMU reads as lost; one whose
 * running time did not move too. Values come from rdpmc where the kernel allows it for an event and
 * it was on the PMU all the time, else from read(). */
void lb_group_begin(struct lb_group *group);
void lb_group_end(struct lb_group *group, struct lb_count *counts);
/* Unmaps, then closes. Idempotent. */
void lb_group_close(struct lb_group *group);

/* Core PMUs of this machine, from sysfs: one on most, two on hybrid ones. */
#define LB_CORE_PMUS 4
struct lb_core_pmu {
    char name[32]; /* "cpu", "cpu_core", "armv8_pmuv3_0" */
    uint32_t type;
    char cpus[256]; /* kernel's list, "0-7"; "" means all */
};
/* `sys` is "/sys" or a test's folder. Returns how many; 0 where there is none (virtual machines).
 */
int lb_core_pmus(const char *sys, struct lb_core_pmu pmus[LB_CORE_PMUS]);
/* The PMU of a PU, NULL: none. */
const struct lb_core_pmu *lb_core_pmu_of(const struct lb_core_pmu *pmus, int n, int pu_os);

/* What can be counted on this machine, now, by this process. */
enum lb_pmu_state {
    LB_PMU_PRESENT,
    LB_PMU_ABSENT,  /* ENOENT, EOPNOTSUPP, ENODEV: no hardware counters, as in most virtual machines
                     */
    LB_PMU_REFUSED, /* EACCES, EPERM by perf_event_paranoid: it may be there */
    LB_PMU_SECCOMP, /* ENOSYS, or EPERM where paranoid would allow it: a container's filter */
};
const char *lb_pmu_state_name(enum lb_pmu_state state);

struct lb_counter_report {
    enum lb_pmu_state state;
    int error;       /* errno of opening cycles, 0 none */
    int paranoid;    /* perf_event_paranoid; LB_PARANOID_NONE: no such file */
    int at_once;     /* how many counters run at once in one group (cycles opened again and again);
                        0: none or not tried */
    int breakpoints; /* how many hardware breakpoints could be armed at once */
    int breakpoint_error; /* errno where that is 0 */
    bool software;        /* perf's own events (task-clock) count */
    bool rdpmc;           /* counter and time can be read without a system call */
    bool kernel;          /* counting the kernel is allowed too */
    char sentence[256];   /* what is the matter, for people: state and reason */
    char remedy[256];     /* the exact thing to do about it; "" when nothing can or need be done */
};
#define LB_PARANOID_NONE (-1000)
/* Opens and closes events on the calling thread. `root` is "" or a test's folder that stands for
 * "/" (below it: /sys and /proc/sys/kernel/perf_event_paranoid). `hypervisor` is lb_environment's
 * word or "": the sentence for LB_PMU_ABSENT says whether this is a virtual machine. */
void lb_counters_probe(const struct lb_counter_calls *calls, const char *root,
                       const char *hypervisor, struct lb_counter_report *report);

LB_END_C

#endif
