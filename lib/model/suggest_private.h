/* SPDX-License-Identifier: MIT */
#ifndef LB_SUGGEST_PRIVATE_H
#define LB_SUGGEST_PRIVATE_H

#include <linebounce/suggest.h>

/* Members of the same bytes, or that share some: what moves as one, or cannot move. */
struct lb_block {
    const char *name; /* of the first of them */
    size_t offset, bytes, align_bytes;
    const char *fixed; /* why it cannot move; NULL: it can */
    bool read, written;
    bool together; /* one of those that move as one */
};

struct lb_blocks {
    struct lb_block *at; /* by offset, and none over another */
    size_t n;
    size_t bytes, align_bytes; /* of the structure */
    size_t end_bytes;          /* nothing may lie from here on; SIZE_MAX: it may grow */
};

int lb_blocks_create(const struct lb_structure *structure, const struct lb_whatif *whatif,
                     const struct lb_suggest_options *options, struct lb_why *why,
                     struct lb_blocks *blocks);
void lb_blocks_finish(struct lb_blocks *blocks);
/* The block that holds that byte; NULL: none does. */
struct lb_block *lb_blocks_find(const struct lb_blocks *blocks, size_t offset);

/* Less than 0: the first is better, by lines shared, memory, and pairs counted in halves. */
int lb_suggest_class(const struct lb_suggest_weight *a, const struct lb_suggest_weight *b);

static inline size_t lb_round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

#endif
