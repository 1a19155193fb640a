/* SPDX-License-Identifier: MIT
 *
 * Topologies of machines that are made up.
 */
#ifndef LB_TESTS_MACHINES_H
#define LB_TESTS_MACHINES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* spec: a file below tests/topologies when it ends in .xml. `indexes=core` numbers as Linux does on
 * x86: first one thread of every core, then the siblings. */
static const struct shape {
    const char *name;
    const char *spec;
} shapes[] = {
    {"one-pu", "pu:1"},
    {"bare-pus", "pu:4"},
    {"smt1", "pack:1 numa:1 l3:1 l2:4 core:1 pu:1"},
    {"smt2-siblings-apart", "pack:1 numa:1 l3:1 l2:4 core:1 pu:2(indexes=core)"},
    {"smt2-two-packages", "pack:2 numa:1 l3:1 l2:4 core:1 pu:2(indexes=core)"},
    {"packages-interleaved", "pack:2 numa:1 l3:1 core:4 pu:1(indexes=pack:core)"},
    {"knights-landing", "pack:1 numa:1 l2:3 core:2 pu:4"},
    {"power-smt8", "pack:2 numa:1 l3:3 l2:1 core:1 pu:8"},
    {"epyc-256", "pack:2 numa:1 l3:8 l2:8 core:1 pu:2(indexes=core)"},
    {"epyc-nps4", "pack:1 numa:4 l3:2 l2:2 core:1 pu:2(indexes=core)"},
    {"sub-numa-in-l3", "pack:2 l3:1 numa:2 l2:2 core:1 pu:2"},
    {"two-dies", "pack:2 die:2 numa:1 l3:1 l2:2 core:1 pu:2"},
    {"four-dies-in-two-nodes", "pack:1 numa:2 die:2 l3:2 core:2 pu:1"},
    {"arm-clusters-no-l3", "pack:1 l2:2 core:4 pu:1"},
    {"l2-clusters-and-l3", "pack:1 numa:1 l3:1 l2:4 core:4 pu:1"},
    {"no-package", "numa:2 core:4 pu:1"},
    {"no-core", "pack:2 l3:2 pu:2"},
    {"pus-512", "pack:4 numa:2 l3:4 l2:8 core:1 pu:2(indexes=core)"},
    {"offline", "offline.xml"},
    {"cpuset", "cpuset.xml"},
    {"sparse-line128", "sparse-line128.xml"},
    {"l4-line256", "l4-line256.xml"},
    {"hybrid", "hybrid.xml"},
    {"hybrid-one-p", "hybrid-one-p.xml"},
    {"numa-unknown", "numa-unknown.xml"},
    {"numa-tiers", "numa-tiers.xml"},
    {"depths", "depths.xml"},
};

static inline const char *tests_dir(void)
{
    const char *dir = getenv("LB_TESTS_DIR");
    return dir && *dir ? dir : "tests";
}

/* NULL: this machine. */
static inline struct lb_topology *load(const char *spec)
{
    char path[4096];
    size_t length = spec ? strlen(spec) : 0;
    if (length > 4 && !strcmp(spec + length - 4, ".xml") && !strchr(spec, '/')) {
        snprintf(path, sizeof path, "%s/topologies/%s", tests_dir(), spec);
        spec = path;
    }
    struct lb_why why = {""};
    struct lb_topology *topology = NULL;
    if (lb_topology_load(spec, &why, &topology))
        fail_msg("%s", why.text);
    return topology;
}

static inline unsigned next_random(unsigned *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static inline void allow_some(struct lb_topology *t, unsigned *seed)
{
    unsigned of_eight = 1 + next_random(seed) % 8;
    t->n_allowed = 0;
    for (int i = 0; i < t->n_pus; i++) {
        t->pus[i].allowed = t->pus[i].kind != -1 && next_random(seed) % 8 < of_eight;
        t->n_allowed += t->pus[i].allowed;
    }
}

#endif
