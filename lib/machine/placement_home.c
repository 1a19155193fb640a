/* SPDX-License-Identifier: MIT
 *
 * Where a placement's memory lies.
 */
#include <linebounce/placement.h>

#include <errno.h>
#include <string.h>

static const char *const home_names[LB_HOMES] = {"local", "remote", "interleaved", "other-kind"};

const char *lb_home_name(enum lb_home home)
{
    return home_names[home];
}

const struct lb_names lb_home_names = {LB_NAMES_IN("home", home_names)};

static int node_index(const struct lb_topology *t, int node_os)
{
    for (int i = 0; i < t->n_nodes; i++)
        if (t->nodes_os[i] == node_os)
            return i;
    return -1;
}

/* Whether any PU of the placement is nearest to that node. */
static bool is_used(const struct lb_topology *t, const struct lb_placement *p, int node_os)
{
    for (int i = 0; i < p->n; i++) {
        const struct lb_pu *pu = lb_topology_find(t, p->pu_os[i]);
        if (pu && pu->node_os == node_os)
            return true;
    }
    return false;
}

/* The farthest of the nodes that the placement's other PUs sit on, else of all; -1: no other. */
static int farthest_node(const struct lb_topology *t, const struct lb_placement *p, int local)
{
    int from = node_index(t, local), best = -1;
    float most = 0;

    for (int used = 1; used >= 0 && best < 0; used--)
        for (int i = 0; i < t->n_nodes; i++) {
            int node = t->nodes_os[i];
            float latency =
                t->node_latency && from >= 0 ? t->node_latency[from * t->n_nodes + i] : 1;
            if (t->nodes_first_os[i] == local || (used && !is_used(t, p, t->nodes_first_os[i])))
                continue;
            if (best < 0 || latency > most) {
                best = node;
                most = latency;
            }
        }
    return best;
}

/* The next node at the place of one that PUs are nearest to; -1. */
static int other_kind(const struct lb_topology *t, int local)
{
    for (int i = 0; i < t->n_nodes; i++)
        if (t->nodes_first_os[i] == local && t->nodes_os[i] != local)
            return t->nodes_os[i];
    return -1;
}

bool lb_home_exists(const struct lb_topology *t, enum lb_home home)
{
    bool apart = false, beside = false;

    for (int i = 0; i < t->n_nodes; i++) {
        apart |= t->nodes_first_os[i] != t->nodes_first_os[0];
        beside |= t->nodes_first_os[i] != t->nodes_os[i];
    }
    switch (home) {
    case LB_HOME_REMOTE:
        return apart;
    case LB_HOME_INTERLEAVED:
        return t->n_nodes > 1;
    case LB_HOME_OTHER_KIND:
        return beside;
    default:
        return true;
    }
}

int lb_placement_set_home(const struct lb_topology *t, enum lb_home home, struct lb_why *why,
                          struct lb_placement *p)
{
    const struct lb_pu *first = lb_topology_find(t, p->pu_os[0]);
    int local = first ? first->node_os : -1, node = local;

    if (home != LB_HOME_LOCAL && t->n_nodes < 2)
        return lb_fail(why, ENOENT, "home %s: %.80s has one NUMA node at most", home_names[home],
                       t->source);
    if (home == LB_HOME_INTERLEAVED)
        node = -1;
    else if (home == LB_HOME_REMOTE && (node = farthest_node(t, p, local)) < 0)
        return lb_fail(why, ENOENT, "home remote: no node elsewhere than node %d", local);
    else if (home == LB_HOME_OTHER_KIND && (node = other_kind(t, local)) < 0)
        return lb_fail(why, ENOENT, "home other-kind: one kind of memory only where node %d is",
                       local);
    p->home = home;
    p->home_node_os = node;
    return 0;
}
