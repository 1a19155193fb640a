/* SPDX-License-Identifier: MIT
 *
 * placement: which PUs the threads of a case are pinned to. Pure data, computed from a topology.
 */
#ifndef LINEBOUNCE_PLACEMENT_H
#define LINEBOUNCE_PLACEMENT_H

#include <linebounce/topology.h>

LB_BEGIN_C

/* The closest level that two PUs share, nearest first. */
enum lb_distance {
    LB_DISTANCE_NONE,    /* a single thread: no pair, no distance */
    LB_DISTANCE_SMT,     /* same core */
    LB_DISTANCE_L2,      /* different cores, same L2 */
    LB_DISTANCE_L3,      /* different L2, same last-level cache */
    LB_DISTANCE_PACKAGE, /* same package, different last-level cache or die (or no L3 at all) */
    LB_DISTANCE_REMOTE,  /* different packages or NUMA nodes of different packages */
    LB_DISTANCES
};

/* "none", "smt", "l2", "l3", "package", "remote". */
const char *lb_distance_name(enum lb_distance distance);
/* What the class means, one clause. */
const char *lb_distance_meaning(enum lb_distance distance);
/* -EINVAL for an unknown name. */
int lb_distance_parse(const char *name, enum lb_distance *distance);

/* The class of two PUs. A level is shared when both know it and agree; a PU with itself is `none`.
 * Two PUs in different packages are remote; in one package but on different NUMA nodes (sub-NUMA
 * clusters, several dies) they are `package`, even where one L3 spans the nodes. Machines without
 * package information count as one package. */
enum lb_distance lb_distance_between(const struct lb_pu *a, const struct lb_pu *b);

/* Where the memory of a case lies. */
enum lb_home {
    LB_HOME_LOCAL,       /* on the NUMA node of the placement's first PU */
    LB_HOME_REMOTE,      /* on the node that is farthest from it and has PUs of this placement where
                            there is one, else the farthest with memory; never beside the local one
                          */
    LB_HOME_INTERLEAVED, /* page by page over all nodes with memory */
    LB_HOME_OTHER_KIND,  /* on the next node at the local one's place: another kind of memory */
    LB_HOMES
};
/* "local", "remote", "interleaved", "other-kind" */
const char *lb_home_name(enum lb_home home);
extern const struct lb_names lb_home_names;
/* Whether the machine has such a home for some PU. */
bool lb_home_exists(const struct lb_topology *topology, enum lb_home home);

/* Longest name: "compact" "scatter" "pus" or a class, and a thread count or nodes. */
#define LB_PLACEMENT_NAME_BYTES 32

struct lb_placement {
    char name[LB_PLACEMENT_NAME_BYTES]; /* "l3", "l3@1", "compact-8", "scatter-8", "pus" */
    enum lb_distance distance;          /* of the pair; for more threads the farthest among them */
    enum lb_home home;                  /* local until lb_placement_set_home says otherwise */
    int home_node_os;                   /* -1: interleaved, or no NUMA information */
    int n;                              /* threads */
    int *pu_os;                         /* n of them, thread i on pu_os[i] */
};

/* init allocates; finish frees what pu_os points to. All refuse with a sentence:
 * -ENOENT  this machine has no pair of that class (why names the classes it has);
 * -ERANGE  more threads than allowed PUs;
 * -EINVAL  a PU list that does not parse, holds a PU twice or one that does not exist;
 * -EACCES  a PU that exists but is offline or outside the allowed set. */

/* The first pair (in logical order) of that class, both allowed and, where the machine is hybrid,
 * of one kind if there is such a pair. -EINVAL for LB_DISTANCE_NONE. */
int lb_placement_pair(const struct lb_topology *topology, enum lb_distance distance,
                      struct lb_why *why, struct lb_placement *placement);
/* n threads as close together as possible: logical order, so SMT siblings first. n = 1 gives the
 * first allowed PU. */
int lb_placement_compact(const struct lb_topology *topology, int n, struct lb_why *why,
                         struct lb_placement *placement);
/* n threads as far apart as possible: round-robin over packages, then dies, NUMA nodes and
 * last-level caches, then L2, then cores, and SMT siblings last: each core has a thread before one
 * has two. */
int lb_placement_scatter(const struct lb_topology *topology, int n, struct lb_why *why,
                         struct lb_placement *placement);
/* An explicit list of kernel numbers, "0,1" or "0-3,8". Threads take them in the order given. */
int lb_placement_list(const struct lb_topology *topology, const char *list, struct lb_why *why,
                      struct lb_placement *placement);
/* By name: a class ("l3"), "compact", "scatter" (n threads; 0 = two, or one on a one-PU machine),
 * "closest" (the nearest class that the machine has; compact-1 on one PU), each optionally "-N"
 * ("scatter-8"). -EINVAL also for a pair of other than two threads, and for an n that contradicts
 * "-N". */
int lb_placement_named(const struct lb_topology *topology, const char *name, int n,
                       struct lb_why *why, struct lb_placement *placement);
void lb_placement_finish(struct lb_placement *placement);

/* Gives a placement another home. -ENOENT, with the reason, for remote and interleaved memory on a
 * machine with one node. */
int lb_placement_set_home(const struct lb_topology *topology, enum lb_home home, struct lb_why *why,
                          struct lb_placement *placement);

/* The allowed PUs in logical order, or those of a placement; *n of them, freed with free. NULL: no
 * memory. */
const struct lb_pu **lb_placement_choose(const struct lb_topology *topology,
                                         const struct lb_placement *only, int *n);

/* Pairs that symmetry does not tell apart: the same distance class, the same NUMA nodes and the
 * same kinds of core. A pair stands for all of its class, because a machine's sockets, dies and
 * cores are built alike; the nodes stay in it, because they are not: on two-socket EPYC a line
 * takes 100 ns between core complexes of the socket that it is homed on and 200 on the other. */
struct lb_pu_pair_class {
    enum lb_distance distance;
    int node_a_os, node_b_os; /* ascending; -1: no NUMA information */
    int kind_a, kind_b;
    int pu_a_os, pu_b_os; /* the representative: the class's first pair in logical order */
    uint64_t pairs;       /* how many there are in it */
};
/* All classes of the allowed PUs (of those listed, where `only` is given), by distance, those of
 * one kind of core first, then in order of their first pairs: the first class of a distance is the
 * pair that lb_placement_pair gives. Freed with free. Linear in the pairs: 512 PUs have 130,816 and
 * take some milliseconds. -ENOMEM. */
int lb_placement_pair_classes(const struct lb_topology *topology, const struct lb_placement *only,
                              struct lb_pu_pair_class **classes, size_t *n);
/* The class of two PUs, as one of a single pair; and whether two are the same class. */
struct lb_pu_pair_class lb_pu_pair_class_of(const struct lb_pu *a, const struct lb_pu *b);
bool lb_pu_pair_class_same(const struct lb_pu_pair_class *a, const struct lb_pu_pair_class *b);
/* "l3", "l3@1", "remote@0-1": the name of its placement. */
void lb_pu_pair_class_name(const struct lb_pu_pair_class *class_, bool first,
                           char name[LB_PLACEMENT_NAME_BYTES]);
/* "l3" for the first class of a distance, "l3@1" or "remote@1-2" (nodes) for the others. */
int lb_placement_of_class(const struct lb_topology *topology, const struct lb_pu_pair_class *class_,
                          bool first, struct lb_why *why, struct lb_placement *placement);

/* Which classes have at least one allowed pair, as a mask of 1 << class. Linear in the number of
 * PUs (a plan for 512 PUs takes well under a second). -ENOMEM. */
int lb_placement_classes(const struct lb_topology *topology, unsigned *classes);

LB_END_C

#endif
