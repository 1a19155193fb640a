/* SPDX-License-Identifier: MIT
 *
 * The decisions of the clock stage as pure functions, so that a test can feed them made-up facts.
 */
#ifndef LB_CLOCK_PRIVATE_H
#define LB_CLOCK_PRIVATE_H

#include <linebounce/clock.h>

/* What CPUID and the kernel say about the time-stamp counter. */
struct lb_clock_x86_facts {
    bool tsc;            /* CPUID 1, EDX bit 4 */
    bool rdtscp;         /* CPUID 0x80000001, EDX bit 27 */
    bool invariant;      /* CPUID 0x80000007, EDX bit 8 */
    bool hypervisor;     /* CPUID 1, ECX bit 31 */
    char current[40];    /* the kernel's clock source; empty: unknown */
    char available[120]; /* those it would take, separated by blanks; empty: unknown */
};

/* True when the counter can be used. Otherwise false, and the reason in note. The hardware's word
 * counts, or in a virtual machine that hides it the kernel's choice. A counter that the kernel has
 * struck off its own list (unstable) is refused whatever CPUID says. */
bool lb_clock_x86_usable(const struct lb_clock_x86_facts *facts, char *note, size_t note_bytes);

/* One moment on both clocks. */
struct lb_clock_mark {
    uint64_t ticks;
    uint64_t raw_ns; /* CLOCK_MONOTONIC_RAW */
};

/* The length of a tick from three marks in order. -EDOM when one of the clocks stands still or the
 * two halves differ by more than 0.1 %: then the rate is not constant, or a mark is spoiled. */
int lb_clock_rate(const struct lb_clock_mark marks[3], double *ns_per_tick);

/* The step in which a counter advances, in ticks, from readings at uneven distances (a reading
 * takes longer than a step, so the smallest distance is several steps). Exact steps are the
 * greatest common divisor; a step that scaling has made fractional (26.3 shows as 26 or 27) is
 * fitted. 0 when no two readings differ. `gaps` is scratch space for n values. */
double lb_clock_step(const uint64_t *stamps, size_t n, uint64_t *gaps);

/* By how much a reading lies before one that was published earlier; the worst case of all, in
 * ticks. `stamps` is in the order of publication. 0: the counters agree as far as this can see. */
uint64_t lb_clock_behind(const uint64_t *stamps, size_t n);

/* Draws the conclusion: 0 ticks behind makes the clock synchronised; anything else makes a counter
 * CLOCK_MONOTONIC with a note that names the PUs. -ENOTSUP as lb_clock_init; nothing is changed
 * then. */
int lb_clock_settle(struct lb_clock *clock, uint64_t behind_ticks, int pu_os_first,
                    int pu_os_other);

#endif
