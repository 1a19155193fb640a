/* SPDX-License-Identifier: MIT
 *
 * topology: the machine's processing units and what they share, read once through hwloc.
 *
 * Only topology.c knows hwloc. Everything else works on this plain table, so that a machine which
 * is not here (hwloc XML, a synthetic description) is planned for by the same code.
 */
#ifndef LINEBOUNCE_TOPOLOGY_H
#define LINEBOUNCE_TOPOLOGY_H

#include <linebounce/base.h>

#include <stdbool.h>
#include <stdio.h>

LB_BEGIN_C

/* One processing unit (logical CPU). The group numbers are dense indices in hwloc's logical order;
 * two PUs share a thing when their numbers for it are equal and not -1. -1: the machine has no such
 * level, or hwloc does not know it for this PU. */
struct lb_pu {
    int pu_os;    /* the kernel's number: what affinity calls and sched_getcpu use */
    int pu_index; /* hwloc's logical index: neighbours in it are neighbours in the tree. Offline PUs
                   * have no place there: they come last, with -1 for all that follows */
    int core;
    int l2;
    int l3; /* the last-level cache; -1 on machines without one (Knights Landing) */
    int die;
    int package;
    int node_os;  /* nearest NUMA node (kernel number); -1: no NUMA information */
    int kind;     /* hybrid CPU kind by rising efficiency class; 0 on uniform machines */
    bool allowed; /* online and inside this process's cpuset and affinity mask */
    /* Not allowed only because the kernel was told to isolate it (isolcpus), which takes it out of
     * every mask: a list of PUs may name it, nothing else chooses it. */
    bool isolated;
};

struct lb_topology {
    struct lb_pu *pus; /* sorted by pu_index; every PU that hwloc knows, also those not allowed */
    int n_pus;
    int n_allowed;
    /* Over all PUs; 0 where the machine has no such level (n_l3: no L3). n_kinds is at least 1. */
    int n_cores, n_l3, n_packages, n_nodes, n_kinds;
    int *nodes_os; /* kernel numbers of the NUMA nodes, n_nodes long, ascending */
    /* Of each of them, the first node at the same place, which is what pu.node_os names: itself,
     * but for a second kind of memory there (HBM beside DRAM). */
    int *nodes_first_os;
    float *node_latency; /* n_nodes x n_nodes, relative (10 = local), or NULL when unknown */
    int line_bytes;      /* of the innermost data cache that states it; 0 when unknown */
    size_t l2_bytes;     /* of one L2 (the largest); 0 when unknown */
    size_t llc_bytes; /* of one outermost cache (the largest), be it L2, L3 or L4; 0 when unknown */
    bool this_system; /* false for XML and synthetic: may be planned, never measured */
    char source[256]; /* "this machine", "file FILE" or "synthetic STRING", cut to fit */
    void *handle;     /* hwloc's own, for the XML export; only topology.c looks inside */
};

/* Loads the topology. spec NULL: this machine; a readable file: hwloc XML; anything else: a
 * synthetic description ("pack:2 numa:1 l3:8 core:8 pu:2"). May take seconds on big machines: load
 * once. HWLOC_SYNTHETIC and HWLOC_XMLFILE are honoured when spec is NULL, and what they name must
 * load (hwloc alone would fall back to the real machine); this_system is then false, whatever
 * HWLOC_THISSYSTEM says. Errors: -EINVAL (neither file nor description; why quotes it), -ENOENT (a
 * path that does not exist), -EACCES (a file that may not be read), -ENODEV (no PU at all, or hwloc
 * cannot read the machine), -ENOMEM. */
int lb_topology_load(const char *spec, struct lb_why *why, struct lb_topology **topology);
void lb_topology_destroy(struct lb_topology *topology);

/* The PU with that kernel number, or NULL. */
const struct lb_pu *lb_topology_find(const struct lb_topology *topology, int pu_os);

/* Writes hwloc XML (the v2 format) to `path`, whole or not at all. -errno from the write. */
int lb_topology_export(const struct lb_topology *topology, const char *path, struct lb_why *why);

/* hwloc's version at run time as "2.9.0"; a static string. */
const char *lb_topology_library(void);

/* Asks the kernel for every one of the PUs whether it would still let a thread run there (the
 * calling thread visits each and gets its own mask back): 0, or -EXDEV with the first that is
 * offline or out of the cpuset. For the middle of a run, between windows. */
int lb_topology_recheck(const int *pu_os, size_t n_pus, struct lb_why *why);

LB_END_C

#endif
