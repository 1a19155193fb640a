/* SPDX-License-Identifier: MIT
 *
 * Which clock is fit to be used, how fast it runs, its step and what a reading costs.
 */
#include "clock_private.h"

#include "base/sys_files.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/"

/* Two halves of 10 ms: a bracket of 60 ns at each end leaves an error of a few parts per million.
 */
#define CALIBRATION_HALF_NS 10000000
#define CALIBRATION_TRIES   3
#define BRACKETS            32
#define RATE_TOLERANCE      1e-3

#define STEP_READINGS 2048
#define READ_BATCHES  31
#define READ_BATCH    64

/* Below this a fractional step cannot be told from a dense set of distances. */
#define FIT_STEP_MIN 8
#define FIT_OFF_MAX  2.0
#define FIT_DISTINCT 4

/* No kernel numbers its PUs this high; it bounds the size of a CPU set. */
#define PU_OS_MAX 65535

#define EXCHANGES    1000 /* per thread of a pair */
#define TURN_ABORT   UINT32_MAX
#define TURN_NOBODY  (UINT32_MAX - 1) /* until both threads exist */
#define SPINS_A_TURN 20000 /* then the processor is offered to others, such as the partner */
#define MEET_MOST_NS UINT64_C(5000000000) /* for all exchanges of a pair */

uint64_t lb_clock_monotonic_ns(void)
{
    struct timespec now;

    /* lb_clock_init has tried this clock; it does not fail later. */
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

const char *lb_clock_name(const struct lb_clock *clock)
{
    switch (clock->kind) {
    case LB_CLOCK_TSC:
        return "tsc";
    case LB_CLOCK_CNTVCT:
        return "cntvct";
    case LB_CLOCK_MONOTONIC:
        break;
    }
    return "CLOCK_MONOTONIC";
}

static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);

    while (*list) {
        size_t span = strcspn(list, " ");

        if (span == length && !memcmp(list, word, length))
            return true;
        list += span;
        list += strspn(list, " ");
    }
    return false;
}

bool lb_clock_x86_usable(const struct lb_clock_x86_facts *facts, char *note, size_t note_bytes)
{
    if (!facts->tsc || !facts->rdtscp) {
        snprintf(note, note_bytes, "tsc not used: the processor has no %s",
                 facts->tsc ? "rdtscp" : "time-stamp counter");
        return false;
    }
    if (facts->available[0] && !has_word(facts->available, "tsc")) {
        snprintf(note, note_bytes, "tsc not used: the kernel holds it unstable (it offers %.80s)",
                 facts->available);
        return false;
    }
    if (facts->invariant || (facts->hypervisor && !strcmp(facts->current, "tsc")))
        return true;
    snprintf(note, note_bytes,
             "tsc not used: neither CPUID nor the kernel (clock source %.40s) vouches for its rate",
             facts->current[0] ? facts->current : "unknown");
    return false;
}

#if defined(__x86_64__)

static bool counter_usable(char *note, size_t note_bytes)
{
    struct lb_clock_x86_facts facts = {0};
    unsigned a, b, c, d;

    if (__get_cpuid(1, &a, &b, &c, &d)) {
        facts.tsc = d >> 4 & 1;
        facts.hypervisor = c >> 31 & 1;
    }
    if (__get_cpuid(0x80000001, &a, &b, &c, &d))
        facts.rdtscp = d >> 27 & 1;
    if (__get_cpuid(0x80000007, &a, &b, &c, &d))
        facts.invariant = d >> 8 & 1;
    lb_sys_line(facts.current, sizeof facts.current, "", CLOCKSOURCE "current_clocksource");
    lb_sys_line(facts.available, sizeof facts.available, "", CLOCKSOURCE "available_clocksource");
    return lb_clock_x86_usable(&facts, note, note_bytes);
}

static const enum lb_clock_kind counter_kind = LB_CLOCK_TSC;

#elif defined(__aarch64__)

/* The architecture demands a constant rate and one count for all PUs. */
static bool counter_usable(char *note, size_t note_bytes)
{
    (void)note;
    (void)note_bytes;
    return true;
}

static const enum lb_clock_kind counter_kind = LB_CLOCK_CNTVCT;

#else

static bool counter_usable(char *note, size_t note_bytes)
{
    snprintf(note, note_bytes, "no counter of this architecture is supported");
    return false;
}

static const enum lb_clock_kind counter_kind = LB_CLOCK_MONOTONIC;

#endif

int lb_clock_rate(const struct lb_clock_mark marks[3], double *ns_per_tick)
{
    double rate[2];

    for (int half = 0; half < 2; half++) {
        const struct lb_clock_mark *from = &marks[half], *to = &marks[half + 1];

        if (to->ticks <= from->ticks || to->raw_ns <= from->raw_ns)
            return -EDOM;
        rate[half] = (double)(to->raw_ns - from->raw_ns) / (double)(to->ticks - from->ticks);
    }
    double ratio = rate[1] / rate[0];
    if (ratio < 1 - RATE_TOLERANCE || ratio > 1 + RATE_TOLERANCE)
        return -EDOM;
    *ns_per_tick =
        (double)(marks[2].raw_ns - marks[0].raw_ns) / (double)(marks[2].ticks - marks[0].ticks);
    return 0;
}

/* Reads both clocks as one moment: of many brackets the tightest, which nothing interrupted. */
static int take_mark(struct lb_clock_mark *mark)
{
    struct lb_clock_mark best = {0, 0};
    uint64_t tightest = UINT64_MAX;

    for (int i = 0; i < BRACKETS; i++) {
        struct timespec raw;
        uint64_t before = lb_clock_raw();
        if (clock_gettime(CLOCK_MONOTONIC_RAW, &raw))
            return -errno;
        uint64_t width = lb_clock_raw() - before;

        if (width >= tightest)
            continue;
        tightest = width;
        best.ticks = before + width / 2;
        best.raw_ns = (uint64_t)raw.tv_sec * 1000000000u + (uint64_t)raw.tv_nsec;
    }
    *mark = best;
    return 0;
}

static int calibrate(double *ns_per_tick)
{
    const struct timespec half = {.tv_nsec = CALIBRATION_HALF_NS};
    int err = -EDOM;

    for (int try = 0; try < CALIBRATION_TRIES && err == -EDOM; try++) {
        struct lb_clock_mark marks[3];

        for (int i = 0; i < 3; i++) {
            /* A sleep that a signal cuts short only makes the half shorter. */
            if (i)
                clock_nanosleep(CLOCK_MONOTONIC, 0, &half, NULL);
            err = take_mark(&marks[i]);
            if (err)
                return err;
        }
        err = lb_clock_rate(marks, ns_per_tick);
    }
    return err;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Refines `step` so that each small gap (ascending) is a multiple of it within two ticks, which is
 * what rounding at both ends can do; 0 when one is not, or too few gaps differ to tell. */
static double fit_step(const uint64_t *gaps, size_t n, double step)
{
    double sum = 0, multiples = 0;
    size_t distinct = 0;

    for (size_t i = 0; i < n && gaps[i] <= 16 * gaps[0]; i++) {
        if (i && gaps[i] == gaps[i - 1])
            continue;
        double gap = (double)gaps[i];
        double multiple = (double)(uint64_t)(gap / step + 0.5);
        double off = gap - multiple * step;

        if (off > FIT_OFF_MAX || off < -FIT_OFF_MAX)
            return 0;
        sum += gap;
        multiples += multiple;
        step = sum / multiples;
        distinct++;
    }
    return distinct >= FIT_DISTINCT ? step : 0;
}

double lb_clock_step(const uint64_t *stamps, size_t n, uint64_t *gaps)
{
    uint64_t divisor = 0;
    size_t n_gaps = 0;

    for (size_t i = 1; i < n; i++) {
        /* A thread that moved to a PU that is behind: lb_clock_check_pus deals with that. */
        if (stamps[i] <= stamps[i - 1])
            continue;
        gaps[n_gaps] = stamps[i] - stamps[i - 1];
        divisor = greatest_common_divisor(divisor, gaps[n_gaps++]);
    }
    if (divisor >= FIT_STEP_MIN || !n_gaps)
        return (double)divisor;
    qsort(gaps, n_gaps, sizeof *gaps, compare_u64);
    for (unsigned part = 1; part <= 64; part++) {
        double guess = (double)gaps[0] / part;
        double step = guess < FIT_STEP_MIN ? 0 : fit_step(gaps, n_gaps, guess);

        if (step > 0)
            return step;
    }
    return (double)divisor;
}

/* 0 when no step was seen. */
static double measure_step_ns(const struct lb_clock *clock)
{
    uint64_t stamps[STEP_READINGS], gaps[STEP_READINGS];

    for (unsigned i = 0; i < STEP_READINGS; i++) {
        /* Uneven distances, so that many multiples of the step are seen. */
        for (unsigned wait = i * 37 % 64; wait; wait--)
            __asm__ __volatile__("");
        stamps[i] = lb_clock_now(clock);
    }
    return lb_clock_step(stamps, STEP_READINGS, gaps) * clock->ns_per_tick;
}

static double measure_read_ns(const struct lb_clock *clock)
{
    double cost_ns[READ_BATCHES];

    for (int batch = 0; batch < READ_BATCHES; batch++) {
        uint64_t first = lb_clock_now(clock), last = first;

        for (int i = 0; i < READ_BATCH; i++)
            last = lb_clock_now(clock);
        cost_ns[batch] = last > first ? lb_clock_ns(clock, last - first) / READ_BATCH : 0;
    }
    qsort(cost_ns, READ_BATCHES, sizeof cost_ns[0], lb_by_value);
    return cost_ns[READ_BATCHES / 2];
}

static int take_monotonic(const char *note, struct lb_clock *clock)
{
    struct lb_clock made = {.kind = LB_CLOCK_MONOTONIC, .ns_per_tick = 1, .invariant = true};
    struct timespec now, resolution;

    if (clock_gettime(CLOCK_MONOTONIC, &now) || clock_getres(CLOCK_MONOTONIC, &resolution))
        return -ENOTSUP;
    made.step_ns = measure_step_ns(&made);
    /* A clock that only moves at timer ticks stands still for all readings. */
    if (made.step_ns <= 0)
        made.step_ns = (double)resolution.tv_sec * 1e9 + (double)resolution.tv_nsec;
    made.read_ns = measure_read_ns(&made);
    snprintf(made.note, sizeof made.note, "%s", note);
    *clock = made;
    return 0;
}

/* True when the machine's counter was taken; otherwise the reason is in note. */
static bool take_counter(char *note, size_t note_bytes, struct lb_clock *clock)
{
    struct lb_clock made = {.kind = counter_kind, .invariant = true};

    if (!counter_usable(note, note_bytes))
        return false;
    int err = calibrate(&made.ns_per_tick);
    if (err == -EDOM) {
        snprintf(note, note_bytes, "%s not used: it does not advance at a constant rate",
                 lb_clock_name(&made));
        return false;
    }
    if (err) {
        snprintf(note, note_bytes, "%s not used: no CLOCK_MONOTONIC_RAW to calibrate it (error %d)",
                 lb_clock_name(&made), -err);
        return false;
    }
    made.step_ns = measure_step_ns(&made);
    made.read_ns = measure_read_ns(&made);
    if (made.step_ns <= 0) {
        snprintf(note, note_bytes, "%s not used: it stands still", lb_clock_name(&made));
        return false;
    }
    *clock = made;
    return true;
}

int lb_clock_init(enum lb_clock_kind prefer, struct lb_clock *clock)
{
    char note[sizeof clock->note] = "";

    if (prefer != LB_CLOCK_MONOTONIC && take_counter(note, sizeof note, clock))
        return 0;
    return take_monotonic(note, clock);
}

uint64_t lb_clock_behind(const uint64_t *stamps, size_t n)
{
    uint64_t latest = 0, worst = 0;

    for (size_t i = 0; i < n; i++) {
        if (stamps[i] >= latest)
            latest = stamps[i];
        else if (latest - stamps[i] > worst)
            worst = latest - stamps[i];
    }
    return worst;
}

int lb_clock_settle(struct lb_clock *clock, uint64_t behind_ticks, int pu_os_first, int pu_os_other)
{
    char note[sizeof clock->note];

    if (!behind_ticks) {
        clock->synchronised = true;
        return 0;
    }
    snprintf(note, sizeof note, "%s not %s: PU %d and PU %d disagree by %.0f ns",
             lb_clock_name(clock), clock->kind == LB_CLOCK_MONOTONIC ? "reliable" : "used",
             pu_os_first, pu_os_other, lb_clock_ns(clock, behind_ticks));
    if (clock->kind != LB_CLOCK_MONOTONIC)
        return take_monotonic(note, clock);
    clock->synchronised = false;
    memcpy(clock->note, note, sizeof note);
    return 0;
}

/* Two threads take turns; each stamps its turn before it gives the turn away. The stamps lie apart
 * from the word of the turn and from each other's, which keeps the hand-over short: an offset that
 * is smaller than a hand-over cannot be seen. */
struct exchange {
    _Alignas(LB_APART_BYTES) _Atomic uint32_t turn;
    const struct lb_clock *clock;
    uint64_t end_ns; /* CLOCK_MONOTONIC: then the other is waited for no longer */
};

struct party {
    _Alignas(LB_APART_BYTES) struct exchange *exchange;
    uint32_t number; /* 0 or 1: whose turn is the even one */
    int pu_os;
    int err;
    uint64_t stamps[EXCHANGES];
};

static bool await_turn(struct exchange *exchange, uint32_t mine)
{
    for (unsigned spins = 1;; spins++) {
        uint32_t turn = atomic_load_explicit(&exchange->turn, memory_order_acquire);

        if (turn == mine || turn == TURN_ABORT)
            return turn == mine;
        if (spins % SPINS_A_TURN)
            continue;
        sched_yield();
        if (lb_clock_monotonic_ns() >= exchange->end_ns)
            atomic_store_explicit(&exchange->turn, TURN_ABORT, memory_order_release);
    }
}

static void *run_party(void *data)
{
    struct party *party = data;
    struct exchange *exchange = party->exchange;

    for (uint32_t i = 0; i < EXCHANGES; i++) {
        uint32_t mine = 2 * i + party->number;

        if (!await_turn(exchange, mine)) {
            party->err = -ETIMEDOUT;
            return NULL;
        }
        party->stamps[i] = lb_clock_now(exchange->clock);
        atomic_store_explicit(&exchange->turn, mine + 1, memory_order_release);
    }
    /* A pin that binds nothing would let both threads read one counter. */
    if (sched_getcpu() != party->pu_os)
        party->err = -EXDEV;
    return NULL;
}

static int start_party(struct party *party, pthread_t *thread)
{
    pthread_attr_t attributes;
    size_t n_pus = (size_t)party->pu_os + 1;
    cpu_set_t *set = CPU_ALLOC(n_pus);

    if (!set)
        return -ENOMEM;
    CPU_ZERO_S(CPU_ALLOC_SIZE(n_pus), set);
    CPU_SET_S((size_t)party->pu_os, CPU_ALLOC_SIZE(n_pus), set);
    int err = pthread_attr_init(&attributes);
    if (!err) {
        err = pthread_attr_setaffinity_np(&attributes, CPU_ALLOC_SIZE(n_pus), set);
        if (!err)
            err = pthread_create(thread, &attributes, run_party, party);
        pthread_attr_destroy(&attributes);
    }
    CPU_FREE(set);
    return -err;
}

/* A thread whose CPU another task keeps to itself ends elsewhere. */
static void join_party(pthread_t thread, uint64_t end_ns)
{
    cpu_set_t *set = CPU_ALLOC(PU_OS_MAX + 1);
    size_t bytes = CPU_ALLOC_SIZE(PU_OS_MAX + 1);
    uint64_t now_ns = lb_clock_monotonic_ns();
    struct timespec until;

    if (set && !sched_getaffinity(0, bytes, set) && !clock_gettime(CLOCK_REALTIME, &until)) {
        until.tv_sec += 1 + (time_t)((end_ns > now_ns ? end_ns - now_ns : 0) / 1000000000u);
        if (!pthread_timedjoin_np(thread, NULL, &until)) {
            CPU_FREE(set);
            return;
        }
        pthread_setaffinity_np(thread, bytes, set);
    }
    CPU_FREE(set);
    pthread_join(thread, NULL);
}

static int run_pair(struct exchange *exchange, struct party parties[2])
{
    pthread_t threads[2];
    int err = start_party(&parties[0], &threads[0]);

    if (err)
        return err;
    err = start_party(&parties[1], &threads[1]);
    /* Only now, with no turn given away yet, is nobody else writing this word. */
    atomic_store_explicit(&exchange->turn, err ? TURN_ABORT : 0, memory_order_release);
    if (!err)
        join_party(threads[1], exchange->end_ns);
    join_party(threads[0], exchange->end_ns);
    if (err)
        return err;
    return parties[0].err ? parties[0].err : parties[1].err;
}

static int check_pair(const struct lb_clock *clock, int pu_os_first, int pu_os_other,
                      uint64_t *behind_ticks)
{
    struct exchange exchange = {
        .turn = TURN_NOBODY, .clock = clock, .end_ns = lb_clock_monotonic_ns() + MEET_MOST_NS};
    struct party parties[2] = {{.exchange = &exchange, .number = 0, .pu_os = pu_os_first},
                               {.exchange = &exchange, .number = 1, .pu_os = pu_os_other}};
    uint64_t stamps[2 * EXCHANGES];
    int err = run_pair(&exchange, parties);

    if (err)
        return err;
    for (size_t i = 0; i < LB_COUNT(stamps); i++)
        stamps[i] = parties[i % 2].stamps[i / 2];
    *behind_ticks = lb_clock_behind(stamps, LB_COUNT(stamps));
    return 0;
}

/* Finds the PU that disagrees most with the first one. */
static int check_all(const struct lb_clock *clock, const int *pu_os, size_t n_pus, int *worst_pu_os,
                     uint64_t *worst_ticks)
{
    *worst_pu_os = pu_os[0];
    *worst_ticks = 0;
    for (size_t i = 1; i < n_pus; i++) {
        uint64_t behind_ticks;

        /* Two threads that wait for each other on one PU would only measure the scheduler. */
        if (pu_os[i] == pu_os[0])
            continue;
        int err = check_pair(clock, pu_os[0], pu_os[i], &behind_ticks);
        if (err)
            return err;
        if (behind_ticks > *worst_ticks) {
            *worst_ticks = behind_ticks;
            *worst_pu_os = pu_os[i];
        }
    }
    return 0;
}

int lb_clock_check_pus(struct lb_clock *clock, const int *pu_os, size_t n_pus)
{
    struct lb_clock checked = *clock;
    enum lb_clock_kind before;

    if (!pu_os || !n_pus)
        return -EINVAL;
    for (size_t i = 0; i < n_pus; i++) {
        if (pu_os[i] < 0 || pu_os[i] > PU_OS_MAX)
            return -EINVAL;
    }
    /* A clock that takes the counter's place has to stand the same check. */
    do {
        uint64_t behind_ticks;
        int worst_pu_os;
        int err = check_all(&checked, pu_os, n_pus, &worst_pu_os, &behind_ticks);

        before = checked.kind;
        if (!err)
            err = lb_clock_settle(&checked, behind_ticks, pu_os[0], worst_pu_os);
        if (err)
            return err;
    } while (checked.kind != before);
    *clock = checked;
    return 0;
}

int lb_clock_make(const int *pu_os, size_t n_pus, struct lb_why *why, struct lb_clock *clock)
{
    int err = lb_clock_init(LB_CLOCK_TSC, clock);

    if (err)
        return lb_fail(why, -err, "clock: this machine has no usable time source");
    if ((err = lb_clock_check_pus(clock, pu_os, n_pus)))
        return lb_fail(why, -err, "clock: cannot be compared across the PUs: %s",
                       err == -ETIMEDOUT ? "two of them hardly ever run this program at once"
                                         : strerror(-err));
    return 0;
}
