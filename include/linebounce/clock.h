/* SPDX-License-Identifier: MIT
 *
 * clock: one time source for all threads of a run, validated before it is used.
 */
#ifndef LINEBOUNCE_CLOCK_H
#define LINEBOUNCE_CLOCK_H

#include <linebounce/base.h>

#include <stdbool.h>
#include <time.h>

LB_BEGIN_C

enum lb_clock_kind {
    LB_CLOCK_TSC,       /* x86 time-stamp counter, read with rdtscp */
    LB_CLOCK_CNTVCT,    /* Arm generic timer, read after an isb */
    LB_CLOCK_MONOTONIC, /* clock_gettime(CLOCK_MONOTONIC): works everywhere, costs more */
};

/* A validated time source. Plain data: copy it into each thread. Ticks are the unit of
 * lb_clock_now; ns_per_tick is 1 for CLOCK_MONOTONIC. */
struct lb_clock {
    enum lb_clock_kind kind;
    double ns_per_tick; /* calibrated against CLOCK_MONOTONIC_RAW, which no NTP slews */
    double step_ns;     /* smallest advance seen between two different readings */
    double read_ns;     /* what one reading costs, median of many back to back */
    bool invariant;     /* the hardware or the kernel vouches for a constant rate */
    bool synchronised;  /* lb_clock_check_pus found no PU behind another */
    char note[160];     /* why the preferred source was not taken; empty when it was */
};

/* Chooses the finest source that is invariant, calibrates it and measures step and read cost.
 * Falls back to CLOCK_MONOTONIC with a note (never silently). `prefer` names the source to try
 * first; pass LB_CLOCK_TSC on x86 (LB_CLOCK_CNTVCT is tried in its place on Arm). Takes about
 * 20 ms. Returns -ENOTSUP when not even CLOCK_MONOTONIC works. */
int lb_clock_init(enum lb_clock_kind prefer, struct lb_clock *clock);

/* Checks that the counters of the given PUs (kernel numbers) agree: a thread pinned to each PU in
 * turn exchanges readings with one on the first, and no reading may lie before one that was taken
 * earlier elsewhere. On disagreement the clock becomes CLOCK_MONOTONIC, with a note. One PU passes.
 * Returns -errno when a thread cannot be made or pinned, -ETIMEDOUT when two do not get to run at
 * once for 5 s (nothing is changed then). */
int lb_clock_check_pus(struct lb_clock *clock, const int *pu_os, size_t n_pus);

/* Both, for threads on those PUs; the finest source there is. Errors as of both, with a sentence.
 */
int lb_clock_make(const int *pu_os, size_t n_pus, struct lb_why *why, struct lb_clock *clock);

const char *lb_clock_name(const struct lb_clock *clock);

/* The clock in ns of CLOCK_MONOTONIC, for time-outs and progress; not for measuring. */
uint64_t lb_clock_monotonic_ns(void);

#if defined(__x86_64__)
/* rdtscp waits for all earlier loads, so the time of an op's misses cannot slip behind it; CPUID as
 * a serialiser traps in virtual machines (13,000 cycles seen) and is never used. */
static inline uint64_t lb_clock_raw(void)
{
    uint32_t lo, hi, aux;
    __asm__ __volatile__("rdtscp" : "=a"(lo), "=d"(hi), "=c"(aux) : : "memory");
    return (uint64_t)hi << 32 | lo;
}
#elif defined(__aarch64__)
static inline uint64_t lb_clock_raw(void)
{
    uint64_t ticks;
    __asm__ __volatile__("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
    return ticks;
}
#else
static inline uint64_t lb_clock_raw(void)
{
    return lb_clock_monotonic_ns();
}
#endif

/* Now, in ticks of this clock. */
static inline uint64_t lb_clock_now(const struct lb_clock *clock)
{
    return clock->kind == LB_CLOCK_MONOTONIC ? lb_clock_monotonic_ns() : lb_clock_raw();
}

static inline double lb_clock_ns(const struct lb_clock *clock, uint64_t ticks)
{
    return (double)ticks * clock->ns_per_tick;
}

static inline uint64_t lb_clock_ticks(const struct lb_clock *clock, double ns)
{
    return (uint64_t)(ns / clock->ns_per_tick + 0.5);
}

LB_END_C

#endif
