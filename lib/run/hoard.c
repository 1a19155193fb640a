/* SPDX-License-Identifier: MIT
 *
 * Mappings that windows of first touches leave: kept until the rounds begin, so that no page is
 * touched first twice.
 */
#include "run_private.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int lb_runner_hoard(struct lb_runner *b, const struct lb_case *c, const struct lb_attempt *a)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    struct lb_kept *more = realloc(b->hoard, (b->n_hoard + 1) * sizeof *more);

    if (!more) {
        lb_workload_release(&c->shape, &a->draw, b->arena);
        return -ENOMEM;
    }
    b->hoard = more;
    more[b->n_hoard++] = lb_pages_keep(&c->shape, &a->draw, b->arena);
    for (int i = 0; i < c->shape.threads; i++)
        b->hoard_bytes += a->results[i].total_ops * page;
    return 0;
}

void lb_runner_give_back(struct lb_runner *b)
{
    for (size_t i = 0; i < b->n_hoard; i++)
        lb_kept_drop(&b->hoard[i]);
    free(b->hoard);
    b->hoard = NULL;
    b->n_hoard = 0;
}

uint64_t lb_runner_touches_left(const struct lb_runner *b, const struct lb_case *c)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), most = b->plan->memory_bytes;

    return most > b->hoard_bytes ? (most - b->hoard_bytes) / page / (uint64_t)c->shape.threads : 0;
}
