/* SPDX-License-Identifier: MIT
 *
 * The system calls behind the counters; tests put others in their place.
 */
#include "counters_private.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__aarch64__)

/* The kernel opens any raw code there, and one that the PMU lacks reads 0. Of the architecture's
 * first 64 events sysfs names those that the PMU says it has (PMCEID). Sources: Arm ARM,
 * PMCEID0_EL0; the kernel's drivers/perf/arm_pmuv3.c. */
#define COMMON_EVENTS 64
#define CHAIN         0x1e /* never named: the kernel keeps it for itself */

static uint64_t named_events; /* bit n: event n; all where nothing is named */
static pthread_once_t named_once = PTHREAD_ONCE_INIT;

/* "event=0x0011" or "event=0x11" */
static uint64_t event_bit(const char *path)
{
    unsigned long code = COMMON_EVENTS;
    FILE *file = fopen(path, "re");

    if (file && fscanf(file, "event=%lx", &code) != 1)
        code = COMMON_EVENTS;
    if (file)
        fclose(file);
    return code < COMMON_EVENTS ? (uint64_t)1 << code : 0;
}

static void read_named_events(void)
{
    struct lb_core_pmu pmus[LB_CORE_PMUS];
    char path[PATH_MAX];
    glob_t found;

    for (int i = lb_core_pmus("/sys", pmus); i-- > 0;) {
        snprintf(path, sizeof path, "/sys/bus/event_source/devices/%s/events/*", pmus[i].name);
        if (glob(path, 0, NULL, &found))
            continue;
        for (size_t k = 0; k < found.gl_pathc; k++)
            named_events |= event_bit(found.gl_pathv[k]);
        globfree(&found);
    }
    if (!named_events)
        named_events = UINT64_MAX;
}

static bool pmu_lacks(const struct perf_event_attr *attr)
{
    if (attr->type != PERF_TYPE_RAW || attr->config >= COMMON_EVENTS || attr->config == CHAIN)
        return false;
    pthread_once(&named_once, read_named_events);
    return !(named_events >> attr->config & 1);
}

#else

static bool pmu_lacks(const struct perf_event_attr *attr)
{
    (void)attr;
    return false;
}

#endif

static int system_open(struct perf_event_attr *attr, pid_t pid, int cpu, int group_fd,
                       unsigned long flags)
{
    if (pmu_lacks(attr))
        return -ENOENT;
    long fd = syscall(SYS_perf_event_open, attr, pid, cpu, group_fd, flags);
    return fd < 0 ? -errno : (int)fd;
}

static ssize_t system_read(int fd, void *buffer, size_t bytes)
{
    ssize_t got;

    do
        got = read(fd, buffer, bytes);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

static int system_control(int fd, unsigned long request, unsigned long argument)
{
    int result = ioctl(fd, request, argument);
    return result < 0 ? -errno : result;
}

static void system_unmap(void *page, size_t bytes)
{
    munmap(page, bytes);
}

static void system_close(int fd)
{
    close(fd);
}

#if defined(__x86_64__)

const uint64_t lb_counter_user_read = 0;
#define HAVE_PMC 1

static uint64_t system_pmc(uint32_t index)
{
    uint32_t low, high;
    __asm__ __volatile__("rdpmc" : "=a"(low), "=d"(high) : "c"(index));
    return (uint64_t)high << 32 | low;
}

#elif defined(__aarch64__)

const uint64_t lb_counter_user_read = 2;
#define HAVE_PMC      1

/* The cycle counter's place among the event counters (Arm ARM, PMUSERENR_EL0 and PMCCNTR_EL0). */
#define CYCLE_COUNTER 31

#define EVENT_COUNTER(n)                                                                           \
    case n:                                                                                        \
        __asm__ __volatile__("mrs %0, pmevcntr" #n "_el0" : "=r"(value));                          \
        break;
/* Selecting by PMSELR_EL0 would do with one instruction, but nobody saves that register when the
 * thread is interrupted. */
#define EVENT_COUNTERS_0(f) f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7)
#define EVENT_COUNTERS_1(f) f(8) f(9) f(10) f(11) f(12) f(13) f(14) f(15)
#define EVENT_COUNTERS_2(f) f(16) f(17) f(18) f(19) f(20) f(21) f(22) f(23)
#define EVENT_COUNTERS_3(f) f(24) f(25) f(26) f(27) f(28) f(29) f(30)

static uint64_t system_pmc(uint32_t index)
{
    uint64_t value = 0;

    __asm__ __volatile__("isb" : : : "memory");
    switch (index) {
        EVENT_COUNTERS_0(EVENT_COUNTER)
        EVENT_COUNTERS_1(EVENT_COUNTER)
        EVENT_COUNTERS_2(EVENT_COUNTER)
        EVENT_COUNTERS_3(EVENT_COUNTER)
    case CYCLE_COUNTER:
        __asm__ __volatile__("mrs %0, pmccntr_el0" : "=r"(value));
        break;
    default:
        break;
    }
    return value;
}

#else

const uint64_t lb_counter_user_read = 0;
#define HAVE_PMC 0

static uint64_t system_pmc(uint32_t index)
{
    (void)index;
    return 0;
}

#endif

/* Without the instruction a page is of no use. */
static void *system_map(int fd, size_t bytes)
{
    void *page = HAVE_PMC ? mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    return page == MAP_FAILED ? NULL : page;
}

const struct lb_counter_calls lb_counter_system = {
    .open = system_open,
    .read = system_read,
    .control = system_control,
    .map = system_map,
    .unmap = system_unmap,
    .close = system_close,
    .pmc = system_pmc,
};
