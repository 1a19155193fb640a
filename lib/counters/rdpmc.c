/* SPDX-License-Identifier: MIT
 *
 * A counter read from its page in user space, without a system call.
 */
#include "counters_private.h"

#include <linebounce/clock.h>

/* The kernel changes the page on this CPU, with the thread stopped, so a second try nearly always
 * does. The bound is for a page that is not what it should be. */
#define TRIES 64

uint64_t lb_counter_clock(void)
{
    return lb_clock_raw();
}

static void compiler_barrier(void)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

bool lb_page_usable(const struct perf_event_mmap_page *page)
{
    const volatile struct perf_event_mmap_page *p = page;
    return p->cap_user_rdpmc && p->cap_user_time;
}

/* Nanoseconds since the kernel last wrote the page's times. */
static uint64_t since_update(const volatile struct perf_event_mmap_page *p, uint64_t cycles)
{
    unsigned shift = p->time_shift & 63;
    uint64_t mult = p->time_mult;

    if (p->cap_user_time_short) {
        uint64_t from = p->time_cycles;
        cycles = from + ((cycles - from) & p->time_mask);
    }
    uint64_t rest = cycles & (((uint64_t)1 << shift) - 1);
    return p->time_offset + (cycles >> shift) * mult + ((rest * mult) >> shift);
}

/* What may be torn: the caller looks at the sequence after it. */
static bool read_torn(const volatile struct perf_event_mmap_page *p,
                      uint64_t (*pmc)(uint32_t index), uint64_t (*cycles)(void),
                      struct lb_reading *reading)
{
    uint32_t index = p->index;
    unsigned width = p->pmc_width;

    if (!p->cap_user_rdpmc || !p->cap_user_time || !index || !width || width > 64)
        return false;
    uint64_t delta = since_update(p, cycles());
    /* The counter is narrower than 64 bits and starts below 0, to overflow in time. */
    int64_t counter = (int64_t)(pmc(index - 1) << (64 - width)) >> (64 - width);
    *reading = (struct lb_reading){
        .valid = true,
        .value = (uint64_t)p->offset + (uint64_t)counter,
        .enabled_ns = p->time_enabled + delta,
        .running_ns = p->time_running + delta,
    };
    return true;
}

bool lb_page_read(const struct perf_event_mmap_page *page, uint64_t (*pmc)(uint32_t index),
                  uint64_t (*cycles)(void), struct lb_reading *reading)
{
    const volatile struct perf_event_mmap_page *p = page;

    for (int i = 0; i < TRIES; i++) {
        struct lb_reading now = {0};
        uint32_t sequence = p->lock;
        compiler_barrier();
        bool got = read_torn(p, pmc, cycles, &now);
        compiler_barrier();
        if (sequence & 1 || p->lock != sequence)
            continue;
        if (got)
            *reading = now;
        return got;
    }
    return false;
}
