/* SPDX-License-Identifier: MIT
 *
 * A mark in a segment register, which interrupts clear.
 */
#include <linebounce/interrupts.h>

#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static pthread_once_t tried = PTHREAD_ONCE_INIT;
static bool told;

#if defined(__x86_64__)

/* The null selector with a privilege level: as good as none, and not 0. */
#define MARK 3

static void put(unsigned selector)
{
    __asm__ volatile("mov %0, %%es" ::"r"(selector));
}

static unsigned selector(void)
{
    unsigned now;

    __asm__ volatile("mov %%es, %0" : "=r"(now));
    return now;
}

#else

#define MARK 0

static void put(unsigned selector)
{
    (void)selector;
}

static unsigned selector(void)
{
    return MARK;
}

#endif

static void try_fault(void)
{
    size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
    volatile char *page =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool stays = false;

    if (page == MAP_FAILED)
        return;
    /* Without a fault it stays, but for an interrupt just then. */
    for (int i = 0; i < 10 && !stays; i++) {
        put(MARK);
        stays = selector() == MARK;
    }
    put(MARK);
    *page = 1;
    told = stays && selector() != MARK;
    put(0);
    munmap((void *)(uintptr_t)page, bytes);
}

bool lb_interrupts_told(void)
{
    pthread_once(&tried, try_fault);
    return told;
}

void lb_interrupts_mark(void)
{
    if (lb_interrupts_told())
        put(MARK);
}

bool lb_interrupts_since_mark(void)
{
    return lb_interrupts_told() && selector() != MARK;
}

void lb_interrupts_unmark(void)
{
    if (lb_interrupts_told())
        put(0);
}
