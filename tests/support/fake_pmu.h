/* SPDX-License-Identifier: MIT
 *
 * A PMU and its kernel that a test makes up: calls for lb_window_plan and lb_run_options. Any
 * thread may open, enable and read; the script is written while nobody does. Events are told apart
 * by the low byte of their config; one of config c moves by pmu_step(c) between two readings.
 */
#ifndef LB_TESTS_FAKE_PMU_H
#define LB_TESTS_FAKE_PMU_H

#include "counters/counters_private.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#define PMU_FDS    256
#define PMU_RULES  16
#define PMU_GROUPS 4096
#define PMU_FD     5000 /* of the first event: no real file */
/* Between two readings, and what it counts in them. */
#define PMU_NS    2000u
#define PMU_WATCH 0x57 /* stands for the config of a breakpoint, which has none */

enum pmu_trick {
    PMU_COUNTS,
    PMU_HALF,  /* on the PMU for half of the time */
    PMU_STILL, /* its running time does not move */
    PMU_GONE,  /* pinned and thrown off: the second reading has no bytes */
    PMU_FAILS, /* the second reading fails with EIO */
};

static struct pmu {
    pthread_mutex_t mutex;
    struct pmu_event {
        bool open;
        struct perf_event_attr attr;
        int group_fd, pu_os;
        unsigned reads; /* since it was enabled */
    } events[PMU_FDS];
    /* Script. pu_os -1: on all. */
    struct pmu_rule {
        unsigned config;
        int error, pu_os;
    } rules[PMU_RULES];
    int n_rules;
    enum pmu_trick trick;
    int trick_pu_os;
    int slots;            /* hardware events that fit a group; 0: any number */
    unsigned still;       /* events of this config never move; 0: none */
    unsigned tricks_from; /* the trick is played from this group on */
    /* Seen. */
    int opened, closed, faults;
    unsigned n_groups; /* enabled ones */
    struct pmu_group {
        unsigned configs[LB_GROUP_MOST];
        int n, pu_os;
    } groups[PMU_GROUPS];
} pmu;

static inline void pmu_start(void)
{
    memset(&pmu, 0, sizeof pmu);
    pthread_mutex_init(&pmu.mutex, NULL);
    pmu.trick_pu_os = -1;
}

static inline void pmu_rule(unsigned config, int error, int pu_os)
{
    pmu.rules[pmu.n_rules++] = (struct pmu_rule){config, error, pu_os};
}

static inline uint64_t pmu_step(unsigned config)
{
    return config && config == pmu.still ? 0 : 1000 + 10 * config;
}

static inline unsigned pmu_config(const struct perf_event_attr *attr)
{
    return attr->type == PERF_TYPE_BREAKPOINT ? PMU_WATCH : (unsigned)(attr->config & 0xff);
}

/* A fault is what a kernel would never see from a sound program. */
static inline struct pmu_event *pmu_event_of(int fd)
{
    static struct pmu_event nobody;
    bool known = fd >= PMU_FD && fd < PMU_FD + PMU_FDS && pmu.events[fd - PMU_FD].open;

    pmu.faults += !known;
    return known ? &pmu.events[fd - PMU_FD] : &nobody;
}

static inline bool pmu_in_group(int i, int leader_fd)
{
    return pmu.events[i].open && (PMU_FD + i == leader_fd || pmu.events[i].group_fd == leader_fd);
}

static inline int pmu_hardware_in(int leader_fd)
{
    int n = 0;

    for (int i = 0; i < PMU_FDS; i++)
        n += pmu_in_group(i, leader_fd) && pmu.events[i].attr.type != PERF_TYPE_BREAKPOINT;
    return n;
}

static inline int pmu_refusal(const struct perf_event_attr *attr, int group_fd, int pu_os)
{
    for (int i = 0; i < pmu.n_rules; i++)
        if (pmu.rules[i].config == pmu_config(attr) &&
            (pmu.rules[i].pu_os < 0 || pmu.rules[i].pu_os == pu_os))
            return pmu.rules[i].error;
    bool full = pmu.slots && group_fd >= 0 && attr->type != PERF_TYPE_BREAKPOINT &&
                pmu_hardware_in(group_fd) >= pmu.slots;
    return full ? EINVAL : 0;
}

static inline int pmu_open(struct perf_event_attr *attr, pid_t pid, int cpu, int group_fd,
                           unsigned long flags)
{
    int pu_os = sched_getcpu(), fd = -EMFILE;

    pthread_mutex_lock(&pmu.mutex);
    pmu.faults += pid != 0 || cpu != -1 || flags != PERF_FLAG_FD_CLOEXEC;
    if (group_fd >= 0)
        pmu.faults += pmu_event_of(group_fd)->pu_os != pu_os;
    int error = pmu_refusal(attr, group_fd, pu_os);
    for (int i = 0; i < PMU_FDS && fd < 0; i++)
        if (!pmu.events[i].open)
            fd = PMU_FD + i;
    if (error) {
        fd = -error;
    } else if (fd >= 0) {
        pmu.events[fd - PMU_FD] = (struct pmu_event){true, *attr, group_fd, pu_os, 0};
        pmu.opened++;
    }
    pthread_mutex_unlock(&pmu.mutex);
    return fd;
}

/* The trick is a matter of the group, so that it is the same in both of its readings. */
static inline enum pmu_trick pmu_trick_of(const struct pmu_event *leader)
{
    bool here = pmu.trick_pu_os < 0 || pmu.trick_pu_os == leader->pu_os;

    return here && pmu.n_groups > pmu.tricks_from ? pmu.trick : PMU_COUNTS;
}

static inline ssize_t pmu_fill(int fd, uint64_t round, enum pmu_trick trick, uint64_t *words)
{
    uint64_t running = trick == PMU_STILL ? 0 : trick == PMU_HALF ? PMU_NS / 2 : PMU_NS;
    size_t n = 0;

    for (int i = 0; i < PMU_FDS; i++) {
        if (!pmu_in_group(i, fd) || n == LB_GROUP_MOST)
            continue;
        words[3 + 2 * n] = 77 + round * pmu_step(pmu_config(&pmu.events[i].attr));
        words[4 + 2 * n++] = 9000 + (uint64_t)i;
    }
    words[0] = n;
    words[1] = 500 + round * PMU_NS;
    words[2] = 400 + round * running;
    return (ssize_t)((3 + 2 * n) * sizeof *words);
}

static inline ssize_t pmu_read(int fd, void *buffer, size_t bytes)
{
    uint64_t words[3 + 2 * LB_GROUP_MOST];
    ssize_t got;

    pthread_mutex_lock(&pmu.mutex);
    struct pmu_event *leader = pmu_event_of(fd);
    enum pmu_trick trick = pmu_trick_of(leader);
    uint64_t round = leader->reads++;
    got = pmu_fill(fd, round, trick, words);
    pmu.faults += leader->pu_os != sched_getcpu() || leader->group_fd != -1 || (size_t)got > bytes;
    if ((size_t)got <= bytes)
        memcpy(buffer, words, (size_t)got);
    if (round && trick == PMU_GONE)
        got = 0;
    else if (round && trick == PMU_FAILS)
        got = -EIO;
    pthread_mutex_unlock(&pmu.mutex);
    return got;
}

static inline void pmu_note_group(int fd)
{
    struct pmu_group *g = &pmu.groups[pmu.n_groups++ % PMU_GROUPS];

    *g = (struct pmu_group){.pu_os = sched_getcpu()};
    for (int i = 0; i < PMU_FDS; i++)
        if (pmu_in_group(i, fd) && g->n < LB_GROUP_MOST)
            g->configs[g->n++] = pmu_config(&pmu.events[i].attr);
}

static inline int pmu_control(int fd, unsigned long request, unsigned long argument)
{
    pthread_mutex_lock(&pmu.mutex);
    struct pmu_event *event = pmu_event_of(fd);
    if (request == PERF_EVENT_IOC_ID)
        *(uint64_t *)argument = 9000 + (uint64_t)(fd - PMU_FD);
    else if (request == PERF_EVENT_IOC_ENABLE)
        pmu_note_group(fd);
    event->reads = request == PERF_EVENT_IOC_ENABLE ? 0 : event->reads;
    pthread_mutex_unlock(&pmu.mutex);
    return 0;
}

static inline void *pmu_map(int fd, size_t bytes)
{
    (void)fd, (void)bytes;
    return NULL;
}

static inline void pmu_unmap(void *page, size_t bytes)
{
    (void)page, (void)bytes;
}

static inline void pmu_close(int fd)
{
    pthread_mutex_lock(&pmu.mutex);
    pmu_event_of(fd)->open = false;
    pmu.closed++;
    pthread_mutex_unlock(&pmu.mutex);
}

static inline uint64_t pmu_pmc(uint32_t index)
{
    return index;
}

static const struct lb_counter_calls pmu_calls = {
    .open = pmu_open,
    .read = pmu_read,
    .control = pmu_control,
    .map = pmu_map,
    .unmap = pmu_unmap,
    .close = pmu_close,
    .pmc = pmu_pmc,
};

#endif
