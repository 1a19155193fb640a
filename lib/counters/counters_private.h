/* SPDX-License-Identifier: MIT */
#ifndef LB_COUNTERS_PRIVATE_H
#define LB_COUNTERS_PRIVATE_H

#include <linebounce/counters.h>

#include <linux/perf_event.h>

/* What the kernel's headers have since Linux 5.13; it is the running kernel that knows them. */
#ifndef PERF_PMU_TYPE_SHIFT
#define PERF_PMU_TYPE_SHIFT           32
#define PERF_COUNT_SW_CGROUP_SWITCHES 11
#endif

/* One counter at one moment. */
struct lb_reading {
    bool valid;
    uint64_t value, enabled_ns, running_ns;
};

/* What the kernel is told of one event. */
void lb_counter_attr(const struct lb_event_code *code, uint32_t pmu_type, bool kernel, bool leader,
                     struct perf_event_attr *attr);
/* Set in config1 of a core PMU's event that user space is to read itself: arm64 wants to be asked
 * (Documentation/arch/arm64/perf.rst), 0 elsewhere. */
extern const uint64_t lb_counter_user_read;

/* The clock that the pages' times are about: TSC, generic timer. */
uint64_t lb_counter_clock(void);
/* Whether the kernel lets user space read the counter and tell its time. */
bool lb_page_usable(const struct perf_event_mmap_page *page);
/* Reads a counter by its page, as the kernel's perf_event.h describes. False when read() must: the
 * event is not on the PMU (index 0), the page is not usable, or it never came to rest. `cycles` is
 * lb_counter_clock. */
bool lb_page_read(const struct perf_event_mmap_page *page, uint64_t (*pmc)(uint32_t index),
                  uint64_t (*cycles)(void), struct lb_reading *reading);

#endif
