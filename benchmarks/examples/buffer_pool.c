/* SPDX-License-Identifier: MIT
 *
 * A buffer pool as small as one can be: what benchmarks/own-program.md looks into. Readers look a
 * page up by its number and pin it; who pins writes on the line that all others read.
 */
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#define PAGES 64

struct page {
    uint64_t page_id;
    uint32_t flags;
    atomic_uint pins;
    uint64_t lsn;
    void *frame;
    pthread_mutex_t latch;
    struct page *next;
};

struct pool {
    alignas(64) struct page pages[PAGES];
    pthread_spinlock_t lock;
    unsigned dirty : 7, closing : 1;
};

static struct pool pool;

static struct page *pin(uint64_t page_id)
{
    struct page *page = &pool.pages[page_id % PAGES];

    atomic_fetch_add(&page->pins, 1);
    return page->page_id == page_id ? page : NULL;
}

int main(void)
{
    for (uint64_t i = 0; i < PAGES; i++)
        pool.pages[i].page_id = i;
    printf("%u pins\n", atomic_load(&pin(17)->pins));
    return 0;
}
