/* SPDX-License-Identifier: MIT
 *
 * What the threads of will-it-scale's page_fault1 do, written down a second time and without this
 * project's harness: the suite `fault` is held against it (benchmarks/validation/fault.sh). Each
 * pinned thread maps 128 MiB, writes a byte into every page, unmaps, and counts its pages; the main
 * thread looks at the counters once a second.
 *
 * Usage: fault_reference SECONDS CPU...
 * Prints the median over seconds of all threads' pages, and their pages per CPU second.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MAPPED_BYTES ((size_t)128 << 20)
/* Its first seconds are not counted: will-it-scale drops as many. */
#define WARM_UP_S    2
#define SECONDS_MOST 3600

struct toucher {
    pthread_t thread;
    int cpu;
    _Alignas(128) uint64_t pages;
};

static bool pin(const struct toucher *t)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)t->cpu, &set);
    return !pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

static void *touch(void *argument)
{
    struct toucher *t = argument;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    bool pinned = pin(t);

    while (pinned) {
        char *map =
            mmap(NULL, MAPPED_BYTES, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
        if (map == MAP_FAILED)
            break;
        for (size_t at = 0; at < MAPPED_BYTES; at += page) {
            *(volatile char *)(map + at) = 1;
            __atomic_store_n(&t->pages, t->pages + 1, __ATOMIC_RELAXED);
        }
        munmap(map, MAPPED_BYTES);
    }
    fprintf(stderr, "fault_reference: CPU %d: cannot pin or map\n", t->cpu);
    exit(1);
}

static double now_s(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t count(const struct toucher *touchers, int n)
{
    uint64_t sum = 0;

    for (int i = 0; i < n; i++)
        sum += __atomic_load_n(&touchers[i].pages, __ATOMIC_RELAXED);
    return sum;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, by_value);
    return (x[n / 2] + x[(n - 1) / 2]) / 2;
}

static void watch(const struct toucher *touchers, int n, int seconds)
{
    double rates[SECONDS_MOST], before_s = 0, cpu_s = 0;
    uint64_t before = 0, first = 0;

    for (int i = -WARM_UP_S; i < seconds; i++) {
        sleep(1);
        double s = now_s(CLOCK_MONOTONIC);
        uint64_t pages = count(touchers, n);
        if (i >= 0) {
            rates[i] = (double)(pages - before) / (s - before_s);
        } else {
            cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID);
            first = pages;
        }
        before = pages;
        before_s = s;
    }
    cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu_s;
    printf("%.0f %.0f\n", median(rates, seconds), (double)(before - first) / cpu_s);
}

int main(int argc, char **argv)
{
    int n = argc - 2, seconds = argc > 2 ? atoi(argv[1]) : 0;
    struct toucher *touchers;

    if (seconds < 1 || seconds > SECONDS_MOST) {
        fputs("usage: fault_reference SECONDS CPU...\n", stderr);
        return 2;
    }
    touchers = aligned_alloc(128, (size_t)n * sizeof *touchers);
    for (int i = 0; touchers && i < n; i++) {
        touchers[i].cpu = atoi(argv[i + 2]);
        touchers[i].pages = 0;
        if (pthread_create(&touchers[i].thread, NULL, touch, &touchers[i]))
            return 1;
    }
    if (!touchers)
        return 1;
    watch(touchers, n, seconds);
    return 0; /* the threads go with the process */
}
