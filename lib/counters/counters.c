/* SPDX-License-Identifier: MIT
 *
 * A group of counters opened, begun, ended and read on the thread that it counts.
 */
#include <linebounce/counters.h>

#include "counters_private.h"

#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

static const char *const state_names[] = {
    [LB_COUNT_UNASKED] = "not asked",
    [LB_COUNT_COUNTED] = "counted",
    [LB_COUNT_SCALED] = "scaled",
    [LB_COUNT_LOST] = "not counted",
    [LB_COUNT_UNSUPPORTED] = "not supported",
    [LB_COUNT_REFUSED] = "refused",
};

const char *lb_count_state_name(enum lb_count_state state)
{
    return state_names[state];
}

/* errno's own words say little of events. */
const char *lb_count_reason(int error)
{
    switch (error) {
    case ENOENT:
    case EOPNOTSUPP:
    case ENODEV:
        return "the kernel has no such event on this machine";
    case ENODATA:
        return "it happens in the kernel, which is not counted (--count-kernel)";
    case E2BIG:
        return "it does not fit beside the others of its group";
    case 0:
        return "it never got onto the PMU, or was thrown off";
    case ENXIO:
        return "a virtual machine keeps the register that it needs to itself";
    case ENOSPC:
        return "all hardware breakpoints are taken";
    case EACCES:
    case EPERM:
        return "not allowed (linebounce show counters says what would help)";
    default:
        return strerror(error);
    }
}

static bool has_value(const struct lb_count *count)
{
    return count->state == LB_COUNT_COUNTED || count->state == LB_COUNT_SCALED;
}

static struct lb_count no_value(enum lb_count_state state, int error)
{
    return (struct lb_count){.state = state, .error = error, .scaled = (double)NAN};
}

void lb_count_add(const struct lb_count *addend, struct lb_count *sum)
{
    struct lb_count total = *sum;

    if (addend->state == LB_COUNT_UNASKED)
        return;
    if (sum->state == LB_COUNT_UNASKED) {
        *sum = *addend;
        return;
    }
    if (addend->state > total.state) {
        total.state = addend->state;
        total.error = addend->error;
    }
    total.enabled_ns += addend->enabled_ns;
    total.running_ns += addend->running_ns;
    total.value = has_value(&total) ? sum->value + addend->value : 0;
    total.scaled = has_value(&total) ? sum->scaled + addend->scaled : (double)NAN;
    *sum = total;
}

/* Opening ------------------------------------------------------------------------------------ */

static bool is_generic(const struct lb_event_code *code)
{
    return code->type == PERF_TYPE_HARDWARE || code->type == PERF_TYPE_HW_CACHE;
}

void lb_counter_attr(const struct lb_event_code *code, uint32_t pmu_type, bool kernel, bool leader,
                     struct perf_event_attr *attr)
{
    memset(attr, 0, sizeof *attr);
    attr->size = sizeof *attr;
    attr->read_format = PERF_FORMAT_GROUP | PERF_FORMAT_ID | PERF_FORMAT_TOTAL_TIME_ENABLED |
                        PERF_FORMAT_TOTAL_TIME_RUNNING;
    attr->exclude_kernel = !kernel;
    attr->exclude_hv = 1;
    attr->disabled = leader;
    attr->pinned = leader;
    if (code->kind == LB_EVENT_WATCH) {
        attr->type = PERF_TYPE_BREAKPOINT;
        attr->bp_type = code->watch_reads ? HW_BREAKPOINT_RW : HW_BREAKPOINT_W;
        attr->bp_addr = code->address;
        attr->bp_len = code->bytes;
        return;
    }
    attr->type = code->type;
    attr->config = code->config;
    attr->config1 = code->config1;
    attr->config2 = code->config2;
    if (is_generic(code) && pmu_type)
        attr->config |= (uint64_t)pmu_type << PERF_PMU_TYPE_SHIFT;
    if (is_generic(code) || code->type == PERF_TYPE_RAW || (pmu_type && code->type == pmu_type))
        attr->config1 |= lb_counter_user_read;
}

/* Events that open and then read 0 whatever happens. The scheduler's software events and the
 * kernel's tracepoints occur in the kernel, where exclude_kernel does not look (uprobes share the
 * tracepoints' type and are given up with them); the last two of the software events count nothing
 * by themselves. */
static bool reads_nothing(const struct lb_event_code *code, bool kernel)
{
    if (code->kind != LB_EVENT_PMU)
        return false;
    if (code->type == PERF_TYPE_TRACEPOINT)
        return !kernel;
    if (code->type != PERF_TYPE_SOFTWARE)
        return false;
    switch (code->config) {
    case PERF_COUNT_SW_CONTEXT_SWITCHES:
    case PERF_COUNT_SW_CPU_MIGRATIONS:
    case PERF_COUNT_SW_CGROUP_SWITCHES:
        return !kernel;
    case PERF_COUNT_SW_DUMMY:
    case PERF_COUNT_SW_BPF_OUTPUT:
        return true;
    default:
        return false;
    }
}

static struct lb_count refusal(int error)
{
    switch (error) {
    case ENOENT:
    case EOPNOTSUPP:
    case ENODEV:
    case ENXIO:
    case EINVAL:
        return no_value(LB_COUNT_UNSUPPORTED, error);
    default:
        return no_value(LB_COUNT_REFUSED, error);
    }
}

static int leader_fd(const struct lb_group *group)
{
    return group->leader < 0 ? -1 : group->events[group->leader].fd;
}

static int open_attr(const struct lb_group *group, struct perf_event_attr *attr, int group_fd)
{
    return group->calls->open(attr, 0, -1, group_fd, PERF_FLAG_FD_CLOEXEC);
}

/* What the kernel says of an event that it did not take beside the others, taken by itself: 0 when
 * it is content. */
static int open_alone(const struct lb_group *group, const struct lb_event_code *code,
                      uint32_t pmu_type, bool kernel)
{
    struct perf_event_attr attr;

    lb_counter_attr(code, pmu_type, kernel, true, &attr);
    int fd = open_attr(group, &attr, -1);
    if (fd < 0)
        return fd;
    group->calls->close(fd);
    return 0;
}

static struct lb_count open_event(struct lb_group *group, const struct lb_event_code *code,
                                  uint32_t pmu_type, bool kernel, struct lb_group_event *event)
{
    struct perf_event_attr attr;
    bool leads = group->leader < 0;

    if (reads_nothing(code, kernel))
        return no_value(LB_COUNT_LOST, ENODATA);
    lb_counter_attr(code, pmu_type, kernel, leads, &attr);
    int fd = open_attr(group, &attr, leader_fd(group));
    if (fd == -EINVAL && !leads) {
        fd = open_alone(group, code, pmu_type, kernel);
        return fd ? refusal(-fd) : no_value(LB_COUNT_LOST, E2BIG);
    }
    if (fd < 0)
        return refusal(-fd);
    int err = group->calls->control(fd, PERF_EVENT_IOC_ID, (unsigned long)&event->id);
    if (err < 0) {
        group->calls->close(fd);
        return refusal(-err);
    }
    event->fd = fd;
    return no_value(LB_COUNT_LOST, 0);
}

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static void unmap_all(struct lb_group *group)
{
    for (int i = 0; i < group->n; i++) {
        if (group->events[i].page)
            group->calls->unmap(group->events[i].page, page_bytes());
        group->events[i].page = NULL;
    }
}

/* All events by rdpmc or none: one event that needs read() gives the others' values with it. */
static void map_all(struct lb_group *group)
{
    for (int i = 0; i < group->n; i++) {
        struct lb_group_event *event = &group->events[i];
        if (event->fd < 0)
            continue;
        event->page = group->calls->map(event->fd, page_bytes());
        if (!event->page || !lb_page_usable(event->page)) {
            unmap_all(group);
            return;
        }
    }
}

int lb_group_open(const struct lb_counter_calls *calls, const struct lb_event_code *codes, int n,
                  uint32_t pmu_type, bool kernel, struct lb_group *group)
{
    int open = 0;

    *group = (struct lb_group){.calls = calls, .n = n, .leader = -1};
    for (int i = 0; i < LB_GROUP_MOST; i++) {
        group->events[i].fd = -1;
        group->events[i].count = no_value(LB_COUNT_UNASKED, 0);
    }
    for (int i = 0; i < n; i++) {
        struct lb_group_event *event = &group->events[i];
        event->count = open_event(group, &codes[i], pmu_type, kernel, event);
        if (event->fd < 0)
            continue;
        open++;
        if (group->leader < 0)
            group->leader = i;
    }
    map_all(group);
    return open;
}

void lb_group_close(struct lb_group *group)
{
    unmap_all(group);
    /* The leader last: without it a sibling would be a group of its own. */
    for (int i = group->n - 1; i >= 0; i--) {
        if (group->events[i].fd >= 0)
            group->calls->close(group->events[i].fd);
        group->events[i].fd = -1;
        group->events[i].begun = false;
    }
    group->leader = -1;
}

/* Reading ------------------------------------------------------------------------------------ */

/* What read() gives for a group: its size, the leader's times, and (value, id) of each event. */
#define GROUP_WORDS(n) (3 + 2 * (size_t)(n))

static void take_group(const struct lb_group *group, const uint64_t *words,
                       struct lb_reading *readings)
{
    for (int i = 0; i < group->n; i++) {
        for (uint64_t k = 0; group->events[i].fd >= 0 && k < words[0]; k++) {
            const uint64_t *pair = &words[GROUP_WORDS(k)];
            if (pair[1] != group->events[i].id)
                continue;
            readings[i] = (struct lb_reading){true, pair[0], words[1], words[2]};
            break;
        }
    }
}

/* 0 also when the pinned group is off the PMU for good: then no reading is valid. */
static int read_group(const struct lb_group *group, struct lb_reading *readings)
{
    uint64_t words[GROUP_WORDS(LB_GROUP_MOST)];
    ssize_t got = group->calls->read(leader_fd(group), words, sizeof words);

    if (got <= 0)
        return (int)-got;
    if ((size_t)got < GROUP_WORDS(0) * sizeof *words || words[0] > LB_GROUP_MOST ||
        (size_t)got < GROUP_WORDS(words[0]) * sizeof *words)
        return EIO;
    take_group(group, words, readings);
    return 0;
}

static bool read_pages(const struct lb_group *group, struct lb_reading *readings)
{
    for (int i = 0; i < group->n; i++) {
        const struct lb_group_event *event = &group->events[i];
        if (event->fd >= 0 && (!event->page || !lb_page_read(event->page, group->calls->pmc,
                                                             lb_counter_clock, &readings[i])))
            return false;
    }
    return true;
}

static bool has_begun(const struct lb_group *group)
{
    for (int i = 0; i < group->n; i++)
        if (group->events[i].begun)
            return true;
    return false;
}

static bool ran_throughout(const struct lb_group *group, const struct lb_reading *readings)
{
    for (int i = 0; i < group->n; i++) {
        const struct lb_group_event *event = &group->events[i];
        if (event->fd >= 0 && readings[i].enabled_ns - event->enabled_before !=
                                  readings[i].running_ns - event->running_before)
            return false;
    }
    return true;
}

void lb_group_begin(struct lb_group *group)
{
    struct lb_reading now[LB_GROUP_MOST] = {0};

    for (int i = 0; i < group->n; i++)
        group->events[i].begun = false;
    group->error = 0;
    if (group->leader < 0)
        return;
    /* The leader alone: its siblings were opened enabled and follow it, all at one moment.
     * PERF_IOC_FLAG_GROUP would switch them one after the other. */
    int err = group->calls->control(leader_fd(group), PERF_EVENT_IOC_ENABLE, 0);
    group->error = err < 0 ? -err : 0;
    if (!group->error && !read_pages(group, now)) {
        memset(now, 0, sizeof now);
        group->error = read_group(group, now);
    }
    for (int i = 0; !group->error && i < group->n; i++) {
        struct lb_group_event *event = &group->events[i];
        event->begun = now[i].valid;
        event->before = now[i].value;
        event->enabled_before = now[i].enabled_ns;
        event->running_before = now[i].running_ns;
    }
}

static struct lb_count difference(const struct lb_group_event *event, const struct lb_reading *now,
                                  int error)
{
    struct lb_count count = no_value(LB_COUNT_LOST, error);

    if (!event->begun || !now->valid)
        return count;
    uint64_t value = now->value - event->before;
    count.enabled_ns = now->enabled_ns - event->enabled_before;
    count.running_ns = now->running_ns - event->running_before;
    /* Counts never fall; one that does is no count. */
    if (!count.running_ns || now->value < event->before)
        return count;
    count.value = value;
    if (count.running_ns < count.enabled_ns) {
        count.state = LB_COUNT_SCALED;
        count.scaled = (double)value * (double)count.enabled_ns / (double)count.running_ns;
    } else {
        count.state = LB_COUNT_COUNTED;
        count.scaled = (double)value;
    }
    return count;
}

void lb_group_end(struct lb_group *group, struct lb_count *counts)
{
    struct lb_reading now[LB_GROUP_MOST] = {0};

    if (has_begun(group) && (!read_pages(group, now) || !ran_throughout(group, now))) {
        memset(now, 0, sizeof now);
        group->error = read_group(group, now);
    }
    if (group->leader >= 0)
        group->calls->control(leader_fd(group), PERF_EVENT_IOC_DISABLE, 0);
    for (int i = 0; i < group->n; i++) {
        struct lb_group_event *event = &group->events[i];
        counts[i] = event->fd < 0 ? event->count : difference(event, &now[i], group->error);
        event->begun = false;
    }
}
