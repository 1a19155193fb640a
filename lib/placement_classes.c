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
    struct lb_pair_class *at;
    size_t n;
};

static bool is_same(const struct lb_pair_class *x, const struct lb_pair_class *y)
{
    return x->distance == y->distance && x->node_a_os == y->node_a_os &&
           x->node_b_os == y->node_b_os && x->kind_a == y->kind_a && x->kind_b == y->kind_b;
}

/* The class of two PUs as a set of one; the node that is lower comes first, and its PU with it. */
static struct lb_pair_class class_of(const struct lb_pu *a, const struct lb_pu *b)
{
    bool swap = a->node_os > b->node_os || (a->node_os == b->node_os && a->kind > b->kind);
    const struct lb_pu *x = swap ? b : a, *y = swap ? a : b;

    return (struct lb_pair_class){
        lb_distance_between(a, b), x->node_os, y->node_os, x->kind, y->kind, x->pu_os, y->pu_os, 1};
}

static int add(struct classes *c, const struct lb_pair_class *new, size_t *last)
{
    struct lb_pair_class *more;

    /* Neighbours in logical order are mostly of the class before them. */
    if (*last < c->n && is_same(&c->at[*last], new)) {
        c->at[*last].pairs++;
        return 0;
    }
    for (*last = 0; *last < c->n; ++*last)
        if (is_same(&c->at[*last], new)) {
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

/* Stable by distance: insertion, as there are few. */
static void sort_by_distance(struct classes *c)
{
    for (size_t i = 1; i < c->n; i++) {
        struct lb_pair_class moved = c->at[i];
        size_t k = i;
        for (; k > 0 && c->at[k - 1].distance > moved.distance; k--)
            c->at[k] = c->at[k - 1];
        c->at[k] = moved;
    }
}

int lb_placement_pair_classes(const struct lb_topology *t, struct lb_pair_class **classes,
                              size_t *n)
{
    struct classes c = {NULL, 0};
    size_t last = 0;
    int err = 0;

    for (int i = 0; !err && i < t->n_pus; i++)
        for (int k = i + 1; t->pus[i].allowed && !err && k < t->n_pus; k++) {
            if (!t->pus[k].allowed)
                continue;
            struct lb_pair_class one = class_of(&t->pus[i], &t->pus[k]);
            err = add(&c, &one, &last);
        }
    if (err) {
        free(c.at);
        return err;
    }
    sort_by_distance(&c);
    *classes = c.at;
    *n = c.n;
    return 0;
}

int lb_placement_of_class(const struct lb_topology *t, const struct lb_pair_class *c, bool first,
                          struct lb_why *why, struct lb_placement *placement)
{
    struct lb_placement p;
    char list[32];
    int err;

    snprintf(list, sizeof list, "%d,%d", c->pu_a_os, c->pu_b_os);
    if ((err = lb_placement_list(t, list, why, &p)))
        return err;
    if (first)
        snprintf(p.name, sizeof p.name, "%s", lb_distance_name(c->distance));
    else if (c->kind_a != c->kind_b || c->kind_a > 0)
        snprintf(p.name, sizeof p.name, "%s@%d-%dk%d-%d", lb_distance_name(c->distance),
                 c->node_a_os, c->node_b_os, c->kind_a, c->kind_b);
    else if (c->node_a_os != c->node_b_os)
        snprintf(p.name, sizeof p.name, "%s@%d-%d", lb_distance_name(c->distance), c->node_a_os,
                 c->node_b_os);
    else
        snprintf(p.name, sizeof p.name, "%s@%d", lb_distance_name(c->distance), c->node_a_os);
    *placement = p;
    return 0;
}
