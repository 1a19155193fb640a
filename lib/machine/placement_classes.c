/* SPDX-License-Identifier: MIT
 *
 * Pairs of PUs that symmetry does not tell apart.
 */
#include <linebounce/placement.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The classes so far, found by walking: there are few, some per distance and pair of nodes. */
struct classes {
    struct lb_pu_pair_class *at;
    size_t n;
};

bool lb_pu_pair_class_same(const struct lb_pu_pair_class *x, const struct lb_pu_pair_class *y)
{
    return x->distance == y->distance && x->node_a_os == y->node_a_os &&
           x->node_b_os == y->node_b_os && x->kind_a == y->kind_a && x->kind_b == y->kind_b;
}

/* The class of two PUs as a set of one; the node that is lower comes first, and its PU with it. */
struct lb_pu_pair_class lb_pu_pair_class_of(const struct lb_pu *a, const struct lb_pu *b)
{
    bool swap = a->node_os > b->node_os || (a->node_os == b->node_os && a->kind > b->kind);
    const struct lb_pu *x = swap ? b : a, *y = swap ? a : b;

    return (struct lb_pu_pair_class){
        lb_distance_between(a, b), x->node_os, y->node_os, x->kind, y->kind, x->pu_os, y->pu_os, 1};
}

static int add(struct classes *c, const struct lb_pu_pair_class *new, size_t *last)
{
    struct lb_pu_pair_class *more;

    /* Neighbours in logical order are mostly of the class before them. */
    if (*last < c->n && lb_pu_pair_class_same(&c->at[*last], new)) {
        c->at[*last].pairs++;
        return 0;
    }
    for (*last = 0; *last < c->n; ++*last)
        if (lb_pu_pair_class_same(&c->at[*last], new)) {
            c->at[*last].pairs++;
            return 0;
        }
    more = realloc(c->at, (c->n + 1) * sizeof *more);
    if (!more)
        return -ENOMEM;
    c->at = more;
    more[c->n++] = *new;
    return 0;
}

static int rank(const struct lb_pu_pair_class *c)
{
    return 2 * (int)c->distance + (c->kind_a != c->kind_b);
}

/* Stable: insertion, as there are few. */
static void sort_by_distance(struct classes *c)
{
    for (size_t i = 1; i < c->n; i++) {
        struct lb_pu_pair_class moved = c->at[i];
        size_t k = i;
        for (; k > 0 && rank(&c->at[k - 1]) > rank(&moved); k--)
            c->at[k] = c->at[k - 1];
        c->at[k] = moved;
    }
}

static bool is_taken(const struct lb_pu *pu, const struct lb_placement *only)
{
    for (int i = 0; only && i < only->n; i++)
        if (only->pu_os[i] == pu->pu_os)
            return true;
    return !only && pu->allowed;
}

const struct lb_pu **lb_placement_choose(const struct lb_topology *t,
                                         const struct lb_placement *only, int *n)
{
    const struct lb_pu **pus = calloc((size_t)t->n_pus + 1, sizeof *pus);

    *n = 0;
    for (int i = 0; pus && i < t->n_pus; i++)
        if (is_taken(&t->pus[i], only))
            pus[(*n)++] = &t->pus[i];
    return pus;
}

int lb_placement_pair_classes(const struct lb_topology *t, const struct lb_placement *only,
                              struct lb_pu_pair_class **classes, size_t *n)
{
    struct classes c = {NULL, 0};
    size_t last = 0;
    int n_pus, err = 0;
    const struct lb_pu **pus = lb_placement_choose(t, only, &n_pus);

    if (!pus)
        return -ENOMEM;
    for (int i = 0; !err && i < n_pus; i++)
        for (int k = i + 1; !err && k < n_pus; k++) {
            struct lb_pu_pair_class one = lb_pu_pair_class_of(pus[i], pus[k]);
            err = add(&c, &one, &last);
        }
    free(pus);
    if (err) {
        free(c.at);
        return err;
    }
    sort_by_distance(&c);
    *classes = c.at;
    *n = c.n;
    return 0;
}

void lb_pu_pair_class_name(const struct lb_pu_pair_class *c, bool first,
                           char name[LB_PLACEMENT_NAME_BYTES])
{
    const char *distance = lb_distance_name(c->distance);

    if (first)
        snprintf(name, LB_PLACEMENT_NAME_BYTES, "%s", distance);
    else if (c->kind_a != c->kind_b || c->kind_a > 0)
        snprintf(name, LB_PLACEMENT_NAME_BYTES, "%s@%d-%dk%d-%d", distance, c->node_a_os,
                 c->node_b_os, c->kind_a, c->kind_b);
    else if (c->node_a_os != c->node_b_os)
        snprintf(name, LB_PLACEMENT_NAME_BYTES, "%s@%d-%d", distance, c->node_a_os, c->node_b_os);
    else
        snprintf(name, LB_PLACEMENT_NAME_BYTES, "%s@%d", distance, c->node_a_os);
}

int lb_placement_of_class(const struct lb_topology *t, const struct lb_pu_pair_class *c, bool first,
                          struct lb_why *why, struct lb_placement *placement)
{
    struct lb_placement p;
    char list[32];
    int err;

    snprintf(list, sizeof list, "%d,%d", c->pu_a_os, c->pu_b_os);
    if ((err = lb_placement_list(t, list, why, &p)))
        return err;
    lb_pu_pair_class_name(c, first, p.name);
    *placement = p;
    return 0;
}
