/* SPDX-License-Identifier: MIT
 *
 * The order of a round. What is compared is measured together: a machine drifts within a second (a
 * window of same-object scatters by 1.4 ns beside one of 50 ms before, by 2.2 beside one of a
 * second before), and a pair of windows that lie apart has the drift in its difference.
 */
#include <linebounce/arena.h>
#include <linebounce/plan.h>

#include <errno.h>
#include <stdlib.h>

static void shuffle(uint64_t *random, int *order, size_t n)
{
    for (size_t i = n; i > 1; i--) { /* Fisher-Yates */
        size_t j = lb_random_below(random, i);
        int swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
}

/* What the case is held against, directly or through others: the same for all of a block. */
static int root_of(const struct lb_plan *p, int i)
{
    while (p->cases[i].base >= 0)
        i = p->cases[i].base;
    return i;
}

/* The blocks of the due cases of a placement, each named by its root. */
static size_t list_blocks(const struct lb_plan *p, const bool *due, size_t first, size_t end,
                          int *blocks)
{
    size_t n = 0, known;

    for (size_t i = first; i < end; i++) {
        int root = root_of(p, (int)i);
        for (known = 0; known < n && blocks[known] != root;)
            known++;
        if (due[i] && known == n)
            blocks[n++] = root;
    }
    return n;
}

static void order_placement(const struct lb_plan *p, const bool *due, int placement, int *blocks,
                            uint64_t *random, int *order, size_t *n)
{
    size_t first = p->first_case[placement];
    size_t end =
        (size_t)placement + 1 < p->n_placements ? p->first_case[placement + 1] : p->n_cases;
    size_t n_blocks = list_blocks(p, due, first, end, blocks);

    shuffle(random, blocks, n_blocks);
    for (size_t b = 0; b < n_blocks; b++) {
        size_t from = *n;
        for (size_t i = first; i < end; i++)
            if (due[i] && root_of(p, (int)i) == blocks[b])
                order[(*n)++] = (int)i;
        shuffle(random, order + from, *n - from);
    }
}

int lb_plan_order(const struct lb_plan *p, const bool *due, uint64_t *random, int *order, size_t *n)
{
    int *places = calloc(p->n_placements + p->n_cases, sizeof *places);

    if (!places)
        return -ENOMEM;
    *n = 0;
    for (size_t i = 0; i < p->n_placements; i++)
        places[i] = (int)i;
    shuffle(random, places, p->n_placements);
    for (size_t k = 0; k < p->n_placements; k++)
        order_placement(p, due, places[k], places + p->n_placements, random, order, n);
    free(places);
    return 0;
}
