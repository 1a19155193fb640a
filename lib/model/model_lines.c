/* SPDX-License-Identifier: MIT
 *
 * Lines of the model: who has them, who asks for them, and the order of events.
 */
#include "model_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

double lb_sim_draw(struct lb_sim *sim)
{
    return (double)(lb_random(&sim->random) >> 11) * 0x1p-53;
}

/* Events: a heap ---------------------------------------------------------------------------------
 */

static bool before(const struct lb_sim_event *a, const struct lb_sim_event *b)
{
    return a->at < b->at || (a->at <= b->at && a->order < b->order);
}

void lb_sim_push(struct lb_sim *sim, const struct lb_sim_event *event)
{
    struct lb_sim_event e = *event;
    size_t i = sim->n_heap;

    if (i == sim->heap_room) {
        size_t room = i ? 2 * i : 256;
        struct lb_sim_event *more = realloc(sim->heap, room * sizeof *more);
        if (!more) {
            sim->error = -ENOMEM;
            return;
        }
        sim->heap = more;
        sim->heap_room = room;
    }
    e.order = sim->order++;
    for (sim->n_heap++; i && before(&e, &sim->heap[(i - 1) / 2]); i = (i - 1) / 2)
        sim->heap[i] = sim->heap[(i - 1) / 2];
    sim->heap[i] = e;
}

struct lb_sim_event lb_sim_pop(struct lb_sim *sim)
{
    struct lb_sim_event first = sim->heap[0], last = sim->heap[--sim->n_heap];
    size_t i = 0, child;

    while ((child = 2 * i + 1) < sim->n_heap) {
        child += child + 1 < sim->n_heap && before(&sim->heap[child + 1], &sim->heap[child]);
        if (before(&last, &sim->heap[child]))
            break;
        sim->heap[i] = sim->heap[child];
        i = child;
    }
    sim->heap[i] = last;
    return first;
}

/* Who has a line ---------------------------------------------------------------------------------
 */

static bool in_set(const struct lb_sim_set *s, unsigned cpu)
{
    return s->words[cpu / 64] >> cpu % 64 & 1;
}

static void put_in(struct lb_sim_set *s, unsigned cpu)
{
    s->words[cpu / 64] |= (uint64_t)1 << cpu % 64;
}

bool lb_sim_has(const struct lb_sim_line *l, unsigned cpu)
{
    return l->owner == (int)cpu || in_set(&l->copy, cpu);
}

bool lb_sim_exclusive(const struct lb_sim_line *l, unsigned cpu)
{
    return l->owner == (int)cpu && !l->owned;
}

static double latency(const struct lb_sim *sim, int from, unsigned to)
{
    return sim->in->latency[(size_t)from * sim->in->n_cpus + to];
}

/* The first CPU of the set from `cpu` on; n_cpus: there is none. */
static unsigned next_in(const struct lb_sim *sim, const struct lb_sim_set *s, unsigned cpu)
{
    unsigned n = (unsigned)sim->in->n_cpus;

    while (cpu < n && !in_set(s, cpu))
        cpu = s->words[cpu / 64] >> cpu % 64 ? cpu + 1 : (cpu / 64 + 1) * 64;
    return cpu < n ? cpu : n;
}

/* Latencies between a core and sharers other than it; how many there are. */
static size_t reach(const struct lb_sim *sim, const struct lb_sim_line *l, unsigned cpu,
                    double *nearest, double *farthest)
{
    const unsigned n = (unsigned)sim->in->n_cpus;
    size_t sharers = 0;

    *nearest = INFINITY;
    *farthest = 0;
    for (unsigned i = next_in(sim, &l->copy, 0); i < n; i = next_in(sim, &l->copy, i + 1)) {
        if (i == cpu)
            continue;
        double ns = latency(sim, (int)i, cpu);
        *nearest = fmin(*nearest, ns);
        *farthest = fmax(*farthest, ns);
        sharers++;
    }
    return sharers;
}

/* Asking for it ----------------------------------------------------------------------------------
 */

/* The request's way: to the owner, or who is about to be, or the nearest core that has a copy. That
 * to memory is in its price. */
static double way_to(const struct lb_sim *sim, const struct lb_sim_line *l, unsigned cpu)
{
    int owner = l->owner >= 0 ? l->owner : l->coming;
    double nearest, farthest;

    if (owner >= 0)
        return latency(sim, owner, cpu);
    return reach(sim, l, cpu, &nearest, &farthest) ? nearest : 0;
}

static void ask(struct lb_sim *sim, unsigned line, const struct lb_sim_request *request)
{
    const struct lb_sim_line *l = &sim->lines[line];

    sim->asked[request->cpu * sim->in->n_lines + line] = 1;
    lb_sim_push(sim, &(struct lb_sim_event){.at = sim->now + sim->par->request_share *
                                                                 way_to(sim, l, request->cpu),
                                            .kind = LB_SIM_ARRIVE,
                                            .subject = line,
                                            .request = *request});
}

static void ask_for_buddy(struct lb_sim *sim, unsigned line, struct lb_sim_request request)
{
    const struct lb_sim_line *l = &sim->lines[line];

    if (line >= sim->in->n_lines || sim->asked[request.cpu * sim->in->n_lines + line] ||
        (request.exclusive ? lb_sim_exclusive(l, request.cpu) : lb_sim_has(l, request.cpu)))
        return;
    request.prefetch = true;
    ask(sim, line, &request);
}

void lb_sim_ask(struct lb_sim *sim, unsigned line, struct lb_sim_request request)
{
    bool misses = !lb_sim_has(&sim->lines[line], request.cpu);

    if (sim->asked[request.cpu * sim->in->n_lines + line])
        return;
    ask(sim, line, &request);
    if (misses && sim->par->pair_prefetch > 0 && lb_sim_draw(sim) < sim->par->pair_prefetch)
        ask_for_buddy(sim, line ^ 1, request);
}

void lb_sim_arrive(struct lb_sim *sim, unsigned line, const struct lb_sim_request *request)
{
    struct lb_sim_line *l = &sim->lines[line];

    l->queue[l->waiting++] = *request;
    lb_sim_serve(sim, line);
}

/* Serving who waits ------------------------------------------------------------------------------
 */

static struct lb_model_role *counts_of(struct lb_sim *sim, int cpu)
{
    return &sim->roles[sim->in->threads[sim->thread_of[cpu]].role];
}

/* A core loses its copy to another. */
static void take(struct lb_sim *sim, unsigned from, const struct lb_sim_request *by)
{
    if (!sim->warm)
        return;
    counts_of(sim, (int)from)->lost++;
    sim->roles[by->role].taken++;
}

static void count(const struct lb_sim *sim, const struct lb_sim_request *r, double *what)
{
    if (sim->warm && !r->prefetch)
        ++*what;
}

static void first_fetch(struct lb_sim_line *l, unsigned cpu)
{
    l->coming = (int)cpu;
    l->dirty = l->modified = false;
}

/* A load; ns that it takes. */
static double give_copy(struct lb_sim *sim, struct lb_sim_line *l, const struct lb_sim_request *r)
{
    struct lb_model_role *counts = &sim->roles[r->role];
    double ns, farthest;
    int owner = l->owner;

    if (owner < 0) {
        if (!reach(sim, l, r->cpu, &ns, &farthest)) {
            first_fetch(l, r->cpu);
            return sim->par->memory_ns;
        }
        count(sim, r, &counts->clean);
        return ns * sim->par->clean_share;
    }
    count(sim, r, &counts->modified_loads);
    if (sim->par->handover == LB_HANDOVER_MIGRATORY && l->modified && !l->owned) {
        take(sim, (unsigned)owner, r);
        l->owner = LB_SIM_NOBODY;
        l->coming = (int)r->cpu;
        l->modified = false;
    } else if ((sim->par->handover == LB_HANDOVER_MIGRATORY || sim->par->owned) && l->dirty) {
        l->owned = true;
    } else {
        put_in(&l->copy, (unsigned)owner);
        l->owner = LB_SIM_NOBODY;
        l->dirty = l->modified = l->owned = false;
    }
    return latency(sim, owner, r->cpu);
}

static void invalidate(struct lb_sim *sim, struct lb_sim_line *l, const struct lb_sim_request *r)
{
    const unsigned n = (unsigned)sim->in->n_cpus;

    for (unsigned i = next_in(sim, &l->copy, 0); i < n; i = next_in(sim, &l->copy, i + 1))
        if (i != r->cpu)
            take(sim, i, r);
    if (l->owner >= 0 && l->owner != (int)r->cpu)
        take(sim, (unsigned)l->owner, r);
    memset(&l->copy, 0, sizeof l->copy);
    l->owner = LB_SIM_NOBODY;
    l->coming = (int)r->cpu;
    l->dirty = true;
    l->owned = l->modified = false;
}

/* A change; ns that it takes. `beyond`: of it, what is no hand-over. */
static double give_all(struct lb_sim *sim, struct lb_sim_line *l, const struct lb_sim_request *r,
                       double *beyond)
{
    struct lb_model_role *counts = &sim->roles[r->role];
    bool had = lb_sim_has(l, r->cpu), other = l->owner >= 0 && l->owner != (int)r->cpu;
    double nearest, ns;
    size_t sharers = reach(sim, l, r->cpu, &nearest, &ns);

    if (other)
        ns = fmax(ns, latency(sim, l->owner, r->cpu));
    if (had) {
        *beyond = sim->par->upgrade_ns;
        count(sim, r, &counts->upgrades);
    } else if (other) {
        count(sim, r, &counts->modified_rfos);
    } else if (sharers) {
        count(sim, r, &counts->clean);
    } else {
        ns = sim->par->memory_ns;
    }
    invalidate(sim, l, r);
    return ns;
}

static size_t choose(struct lb_sim *sim, const struct lb_sim_line *l)
{
    size_t best = 0;

    if (sim->par->arbitration == LB_MODEL_RANDOM)
        return (size_t)(lb_sim_draw(sim) * (double)l->waiting);
    if (sim->par->arbitration == LB_MODEL_FIFO || l->owner < 0)
        return 0;
    for (size_t i = 1; i < l->waiting; i++)
        if (latency(sim, l->owner, l->queue[i].cpu) < latency(sim, l->owner, l->queue[best].cpu))
            best = i;
    return best;
}

void lb_sim_serve(struct lb_sim *sim, unsigned line)
{
    struct lb_sim_line *l = &sim->lines[line];
    double ns = 0, beyond = 0;

    if (l->busy || !l->waiting)
        return;
    if (sim->now < l->stays_until) {
        if (!l->wake_set)
            lb_sim_push(sim, &(struct lb_sim_event){
                                 .at = l->stays_until, .kind = LB_SIM_SERVE, .subject = line});
        l->wake_set = true;
        return;
    }
    size_t k = choose(sim, l);
    struct lb_sim_request r = l->queue[k];
    memmove(&l->queue[k], &l->queue[k + 1], (--l->waiting - k) * sizeof *l->queue);
    if (r.exclusive && !lb_sim_exclusive(l, r.cpu))
        ns = give_all(sim, l, &r, &beyond);
    else if (!r.exclusive && !lb_sim_has(l, r.cpu))
        ns = give_copy(sim, l, &r);
    l->busy = true;
    ns = fmax(0, (1 - sim->par->request_share) * ns + beyond);
    lb_sim_push(sim, &(struct lb_sim_event){
                         .at = sim->now + ns, .kind = LB_SIM_LAND, .subject = line, .request = r});
}

void lb_sim_land(struct lb_sim *sim, unsigned line, const struct lb_sim_request *r)
{
    struct lb_sim_line *l = &sim->lines[line];

    l->busy = false;
    if (!r->exclusive)
        l->reader = r->reads ? (int)r->cpu : LB_SIM_NOBODY;
    else if (l->reader != (int)r->cpu)
        l->reader = LB_SIM_NOBODY;
    sim->asked[r->cpu * sim->in->n_lines + line] = 0;
    if (l->coming == (int)r->cpu) {
        l->owner = l->coming;
        l->coming = LB_SIM_NOBODY;
        l->fresh = !r->prefetch;
        if (!r->prefetch)
            l->stays_until = fmax(l->stays_until, sim->now + sim->par->residence_ns);
    } else if (l->owner != (int)r->cpu) {
        put_in(&l->copy, r->cpu);
    }
}

bool lb_sim_may_leave(const struct lb_sim *sim, unsigned line)
{
    const struct lb_sim_line *l = &sim->lines[line];

    return l->waiting && !l->busy && sim->now >= l->stays_until;
}

void lb_sim_change(struct lb_sim *sim, unsigned line, double ns)
{
    struct lb_sim_line *l = &sim->lines[line];

    l->fresh = false;
    l->reader = LB_SIM_NOBODY;
    l->modified = l->dirty = true;
    l->stays_until = fmax(l->stays_until, sim->now + ns);
}
