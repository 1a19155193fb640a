/* SPDX-License-Identifier: MIT
 *
 * A kernel for counters that a test makes up: it opens, reads and refuses as the test says, and
 * checks what it is asked.
 */
#ifndef LB_TESTS_FAKE_KERNEL_H
#define LB_TESTS_FAKE_KERNEL_H

#include <linebounce/counters.h>

#include "counters/counters_private.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define FAKE_EVENTS 256
#define FAKE_RULES  8
#define FAKE_FD     1000 /* of the first event: no real file */
#define FAKE_ID     70
#define FAKE_LOG    64

enum fake_read { READ_GROUP, READ_NOTHING, READ_ERROR, READ_SHORT, READ_MANY, READ_OTHERS };

struct fake_event {
    bool open, mapped;
    struct perf_event_attr attr;
    int group_fd;
    uint64_t value;
};

static struct fake {
    struct fake_event events[FAKE_EVENTS];
    int n;
    /* Script: events that fail, by config. */
    struct fake_rule {
        uint64_t config;
        int error;        /* alone, or wherever it is */
        int error_beside; /* 0: as alone */
    } rules[FAKE_RULES];
    int n_rules;
    int open_error, id_error, enable_error, kernel_error; /* of every call */
    int opens_most;                                       /* EMFILE after so many, 0: any number */
    int pmu_slots, watch_slots;                           /* 0: any number */
    int pinned_slots; /* more hardware events than that open, but are not scheduled */
    enum fake_read read_begin, read_end;
    int read_error;
    size_t short_bytes;
    uint64_t first_value; /* of every event */
    bool backwards;       /* readings in the order of ids */
    uint64_t enabled, running;
    /* What moves by itself between two readings. */
    uint64_t step_ns, step_pmu, step_watch, step_software;
    struct perf_event_mmap_page *pages; /* of the events, NULL: none can be mapped */
    int unmappable;                     /* event without a page, -1 none */
    /* Seen. */
    int reads, maps, closes;
    bool enabled_now;
    char log[FAKE_LOG]; /* e enable, d disable, r read */
} fake;

static inline void start_fake(void)
{
    memset(&fake, 0, sizeof fake);
    fake.enabled = fake.running = 5000;
    fake.first_value = 100;
    fake.unmappable = -1;
}

static inline void note(char what)
{
    size_t length = strlen(fake.log);
    if (length + 1 < sizeof fake.log)
        fake.log[length] = what;
}

static inline struct fake_event *fake_event_of(int fd)
{
    assert_uint_in_range(fd, FAKE_FD, FAKE_FD + fake.n - 1);
    assert_true(fake.events[fd - FAKE_FD].open);
    return &fake.events[fd - FAKE_FD];
}

static inline bool in_group(int i, int leader_fd)
{
    return fake.events[i].open &&
           (i + FAKE_FD == leader_fd || fake.events[i].group_fd == leader_fd);
}

static inline bool is_hardware(const struct perf_event_attr *attr)
{
    return attr->type != PERF_TYPE_SOFTWARE && attr->type != PERF_TYPE_BREAKPOINT;
}

static inline int count_open(int leader_fd, bool watches)
{
    int n = 0;
    for (int i = 0; i < fake.n; i++)
        n += watches ? fake.events[i].open && fake.events[i].attr.type == PERF_TYPE_BREAKPOINT
                     : in_group(i, leader_fd) && is_hardware(&fake.events[i].attr);
    return n;
}

static inline int fake_refusal(const struct perf_event_attr *attr, int group_fd)
{
    if (fake.open_error)
        return fake.open_error;
    if (fake.opens_most && fake.n >= fake.opens_most)
        return EMFILE;
    if (fake.kernel_error && !attr->exclude_kernel)
        return fake.kernel_error;
    if (attr->type == PERF_TYPE_BREAKPOINT && fake.watch_slots &&
        count_open(-1, true) >= fake.watch_slots)
        return ENOSPC;
    if (is_hardware(attr) && group_fd >= 0 && fake.pmu_slots &&
        count_open(group_fd, false) >= fake.pmu_slots)
        return EINVAL;
    for (int i = 0; i < fake.n_rules; i++)
        if (attr->config == fake.rules[i].config && attr->type != PERF_TYPE_BREAKPOINT)
            return group_fd >= 0 && fake.rules[i].error_beside ? fake.rules[i].error_beside
                                                               : fake.rules[i].error;
    return 0;
}

static inline int fake_open(struct perf_event_attr *attr, pid_t pid, int cpu, int group_fd,
                            unsigned long flags)
{
    assert_int_equal(pid, 0);
    assert_int_equal(cpu, -1);
    assert_int_equal(flags, PERF_FLAG_FD_CLOEXEC);
    if (group_fd != -1)
        assert_int_equal(fake_event_of(group_fd)->group_fd, -1);
    int error = fake_refusal(attr, group_fd);
    if (error)
        return -error;
    assert_true(fake.n < FAKE_EVENTS);
    fake.events[fake.n] = (struct fake_event){
        .open = true, .attr = *attr, .group_fd = group_fd, .value = fake.first_value};
    return FAKE_FD + fake.n++;
}

static inline void move_on(int leader_fd)
{
    for (int i = 0; i < fake.n; i++) {
        struct fake_event *e = &fake.events[i];
        if (!in_group(i, leader_fd))
            continue;
        e->value += e->attr.type == PERF_TYPE_BREAKPOINT ? fake.step_watch
                    : is_hardware(&e->attr)              ? fake.step_pmu
                                                         : fake.step_software;
    }
    fake.enabled += fake.step_ns;
    fake.running += fake.step_ns;
}

static inline size_t fill_group(int leader_fd, uint64_t *words)
{
    size_t n = 0;

    words[1] = fake.enabled;
    words[2] = fake.running;
    for (int k = 0; k < fake.n; k++) {
        int i = fake.backwards ? fake.n - 1 - k : k;
        if (!in_group(i, leader_fd))
            continue;
        words[3 + 2 * n] = fake.events[i].value;
        words[4 + 2 * n] = FAKE_ID + (uint64_t)i;
        n++;
    }
    words[0] = n;
    return 3 + 2 * n;
}

static inline ssize_t fake_read(int fd, void *buffer, size_t bytes)
{
    uint64_t words[3 + 2 * FAKE_EVENTS];
    enum fake_read how = fake.reads++ % 2 ? fake.read_end : fake.read_begin;

    note('r');
    assert_int_equal(fake_event_of(fd)->group_fd, -1);
    assert_true(fake.enabled_now);
    if (fake.reads % 2 == 0)
        move_on(fd);
    if (how == READ_ERROR)
        return -fake.read_error;
    if (how == READ_NOTHING || (fake.pinned_slots && count_open(fd, false) > fake.pinned_slots))
        return 0;
    size_t size = fill_group(fd, words) * sizeof *words;
    assert_true(size <= bytes);
    if (how == READ_MANY)
        words[0] = UINT64_MAX / 4;
    if (how == READ_OTHERS)
        words[4] = 1;
    memcpy(buffer, words, size);
    return (ssize_t)(how == READ_SHORT ? fake.short_bytes : size);
}

static inline int fake_control(int fd, unsigned long request, unsigned long argument)
{
    struct fake_event *event = fake_event_of(fd);

    if (request == PERF_EVENT_IOC_ID) {
        if (fake.id_error)
            return -fake.id_error;
        *(uint64_t *)argument = FAKE_ID + (uint64_t)(event - fake.events);
        return 0;
    }
    assert_int_equal(event->group_fd, -1);
    assert_int_equal(event->attr.disabled, 1);
    if (request == PERF_EVENT_IOC_ENABLE && fake.enable_error)
        return -fake.enable_error;
    note(request == PERF_EVENT_IOC_ENABLE ? 'e' : 'd');
    assert_true(request == PERF_EVENT_IOC_ENABLE || request == PERF_EVENT_IOC_DISABLE);
    fake.enabled_now = request == PERF_EVENT_IOC_ENABLE;
    fake.reads = 0;
    return 0;
}

static inline void *fake_map(int fd, size_t bytes)
{
    struct fake_event *event = fake_event_of(fd);

    assert_int_equal(bytes, sysconf(_SC_PAGESIZE));
    if (!fake.pages || event - fake.events == fake.unmappable)
        return NULL;
    event->mapped = true;
    fake.maps++;
    return &fake.pages[event - fake.events];
}

static inline void fake_unmap(void *page, size_t bytes)
{
    struct fake_event *event = &fake.events[(struct perf_event_mmap_page *)page - fake.pages];

    assert_int_equal(bytes, sysconf(_SC_PAGESIZE));
    assert_true(event->mapped && event->open);
    event->mapped = false;
    fake.maps--;
}

/* The page goes before the file, and siblings go before their leader. */
static inline void fake_close(int fd)
{
    struct fake_event *event = fake_event_of(fd);

    assert_false(event->mapped);
    for (int i = 0; i < fake.n; i++)
        assert_false(fake.events[i].open && fake.events[i].group_fd == fd);
    event->open = false;
    fake.closes++;
}

/* Counter `index` holds 1000 x index. */
static inline uint64_t fake_pmc(uint32_t index)
{
    return 1000 * (uint64_t)index;
}

static const struct lb_counter_calls fake_calls = {
    .open = fake_open,
    .read = fake_read,
    .control = fake_control,
    .map = fake_map,
    .unmap = fake_unmap,
    .close = fake_close,
    .pmc = fake_pmc,
};

static inline int still_open(void)
{
    int n = 0;
    for (int i = 0; i < fake.n; i++)
        n += fake.events[i].open;
    return n;
}

static inline struct lb_event_code raw(uint64_t config)
{
    return (struct lb_event_code){.kind = LB_EVENT_PMU, .type = PERF_TYPE_RAW, .config = config};
}

static inline struct lb_event_code software(uint64_t config)
{
    return (struct lb_event_code){
        .kind = LB_EVENT_PMU, .type = PERF_TYPE_SOFTWARE, .config = config};
}

static inline struct lb_event_code watch(const volatile uint64_t *word, bool reads)
{
    return (struct lb_event_code){.kind = LB_EVENT_WATCH,
                                  .watch_reads = reads,
                                  .address = (uintptr_t)word,
                                  .bytes = sizeof *word};
}

/* A value goes with its state; without one there is none, not even 0. */
static inline void check_honest(const struct lb_count *count)
{
    if (count->state == LB_COUNT_COUNTED || count->state == LB_COUNT_SCALED) {
        assert_true(count->running_ns > 0);
        assert_true(count->scaled >= (double)count->value);
        assert_int_equal(count->error, 0);
    } else {
        assert_int_equal(count->value, 0);
        assert_true(isnan(count->scaled));
    }
}

static inline void check_counted(const struct lb_count *count, uint64_t value)
{
    check_honest(count);
    assert_int_equal(count->state, LB_COUNT_COUNTED);
    assert_int_equal(count->value, value);
    assert_true(count->scaled == (double)value);
    assert_int_equal(count->enabled_ns, count->running_ns);
}

static inline void check_without(const struct lb_count *count, enum lb_count_state state, int error)
{
    check_honest(count);
    assert_int_equal(count->state, state);
    assert_int_equal(count->error, error);
}

static inline void move(int i, uint64_t by)
{
    fake.events[i].value += by;
}

static inline void pass(uint64_t enabled, uint64_t running)
{
    fake.enabled += enabled;
    fake.running += running;
}

/* Nothing is left behind, and closing again does nothing. */
static inline void check_close(struct lb_group *group)
{
    struct lb_count counts[LB_GROUP_MOST];

    lb_group_close(group);
    assert_int_equal(still_open(), 0);
    assert_int_equal(fake.maps, 0);
    int closes = fake.closes;
    lb_group_close(group);
    assert_int_equal(fake.closes, closes);
    lb_group_begin(group);
    lb_group_end(group, counts);
    for (int i = 0; i < group->n; i++) {
        check_honest(&counts[i]);
        assert_int_not_equal(counts[i].state, LB_COUNT_COUNTED);
    }
}

/* Holds counter 4, which fake_pmc says is at 4000, and 10 ns since the update. */
static inline struct perf_event_mmap_page make_page(void)
{
    struct perf_event_mmap_page page;

    memset(&page, 0, sizeof page);
    page.cap_user_rdpmc = 1;
    page.cap_user_time = 1;
    page.lock = 2;
    page.index = 5;
    page.pmc_width = 48;
    page.offset = 100000;
    page.time_enabled = 700;
    page.time_running = 600;
    page.time_offset = 10;
    return page;
}

struct machine {
    char root[64];
};

static inline void make_machine(struct machine *m)
{
    char path[256];
    static const char *const folders[] = {"/proc",
                                          "/proc/sys",
                                          "/proc/sys/kernel",
                                          "/sys",
                                          "/sys/bus",
                                          "/sys/bus/event_source",
                                          "/sys/bus/event_source/devices"};

    strcpy(m->root, "/tmp/linebounce_counters_XXXXXX");
    assert_non_null(mkdtemp(m->root));
    for (size_t i = 0; i < LB_COUNT(folders); i++) {
        snprintf(path, sizeof path, "%s%s", m->root, folders[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
}

static inline void put(const struct machine *m, const char *name, const char *text)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", m->root, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static inline void put_pmu(const struct machine *m, const char *name, const char *type,
                           const char *cpus)
{
    char path[256];

    snprintf(path, sizeof path, "%s/sys/bus/event_source/devices/%s", m->root, name);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "sys/bus/event_source/devices/%s/type", name);
    put(m, path, type);
    snprintf(path, sizeof path, "sys/bus/event_source/devices/%s/cpus", name);
    if (cpus)
        put(m, path, cpus);
}

static inline void remove_all(const char *folder)
{
    char path[512];
    struct dirent *entry;
    DIR *entries = opendir(folder);

    assert_non_null(entries);
    while ((entry = readdir(entries))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        assert_true(snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)sizeof path);
        if (unlink(path))
            remove_all(path);
    }
    closedir(entries);
    assert_int_equal(rmdir(folder), 0);
}

static volatile uint64_t words[8];

#endif
