/* SPDX-License-Identifier: MIT
 *
 * What every file of a run stands on: crew and memory, what a round draws, the ring of PUs that is
 * probed, and who plays which role.
 */
#include "run_private.h"

#include <linebounce/scenario.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Memory */

/* Where nothing asks for more: room for a draw from a thousand pages, small enough for a shared
 * machine. */
#define ARENA_LEAST ((size_t)32 << 20)

static size_t arena_need(const struct lb_plan *plan)
{
    size_t bytes = ARENA_LEAST;

    /* `many` needs its footprint once; the others draw from four times their need. */
    for (size_t i = 0; i < plan->n_cases; i++) {
        const struct lb_workload *s = &plan->cases[i].shape;
        size_t need = lb_workload_bytes(s) * (lb_workload_fills(s) ? 1 : 8);
        bytes = need + 65536 > bytes ? need + 65536 : bytes;
    }
    return bytes;
}

static int make_home(struct lb_runner *b, struct lb_runner_home *home, struct lb_why *why)
{
    struct lb_arena_info info;
    int err = lb_arena_create(arena_need(b->plan), home->node_os, why, &home->memory);

    if (err == -ENOTSUP && home->node_os >= 0)
        /* no libnuma in this build: first touch by the pinned worker 0 places it */
        err = lb_arena_create(arena_need(b->plan), -1, why, &home->memory);
    if (err)
        return err;
    lb_arena_info(home->memory, &info);
    home->base = info.base;
    b->arena_bytes = info.bytes;
    if (!*b->run->arena_note)
        snprintf(b->run->arena_note, sizeof b->run->arena_note, "%s", info.note);
    return 0;
}

int lb_runner_make_arenas(struct lb_runner *b, struct lb_why *why)
{
    size_t n = b->plan->n_placements;
    int err = 0;

    b->homes = calloc(n, sizeof *b->homes);
    b->home_of = calloc(n, sizeof *b->home_of);
    if (!b->homes || !b->home_of)
        return -ENOMEM;
    for (size_t i = 0; !err && i < n; i++) {
        const struct lb_placement *p = &b->plan->placements[i];
        int node = p->home == LB_HOME_INTERLEAVED ? LB_ARENA_INTERLEAVED : p->home_node_os;
        size_t k = 0;
        while (k < b->n_homes && b->homes[k].node_os != node)
            k++;
        b->home_of[i] = (int)k;
        if (k < b->n_homes)
            continue;
        b->homes[k].node_os = node;
        b->n_homes++;
        err = make_home(b, &b->homes[k], why);
    }
    return err;
}

void lb_runner_go_home(struct lb_runner *b, int placement)
{
    b->arena = b->homes[b->home_of[placement]].base;
}

/* Crew */

static bool is_listed(const int *list, int n, int pu_os)
{
    for (int i = 0; i < n; i++)
        if (list[i] == pu_os)
            return true;
    return false;
}

int lb_runner_list_pus(struct lb_runner *b, const struct lb_topology *t)
{
    b->pus = calloc((size_t)t->n_pus, sizeof *b->pus);
    b->nodes = calloc((size_t)t->n_pus, sizeof *b->nodes);
    if (!b->pus || !b->nodes)
        return -ENOMEM;
    for (size_t i = 0; i < b->plan->n_placements; i++)
        for (int k = 0; k < b->plan->placements[i].n; k++) {
            const struct lb_pu *pu = lb_topology_find(t, b->plan->placements[i].pu_os[k]);
            if (is_listed(b->pus, b->n_pus, pu->pu_os))
                continue;
            b->nodes[b->n_pus] = pu->node_os;
            b->pus[b->n_pus++] = pu->pu_os;
        }
    return 0;
}

int lb_runner_make_crew(struct lb_runner *b, struct lb_why *why)
{
    int err = lb_clock_make(b->pus, (size_t)b->n_pus, why, &b->run->clock);

    if (err)
        return err;
    err = lb_crew_create(&b->run->clock, b->pus, b->nodes, b->n_pus, why, &b->crew);
    if (err == -ENOTSUP) /* no libnuma: results lie where each worker first touches them */
        err = lb_crew_create(&b->run->clock, b->pus, NULL, b->n_pus, why, &b->crew);
    return err;
}

int lb_runner_worker(const struct lb_runner *b, int pu_os)
{
    for (int i = 0; i < lb_crew_size(b->crew); i++)
        if (lb_crew_pu_os(b->crew, i) == pu_os)
            return i;
    return -1;
}

int lb_runner_gather(struct lb_runner *b, int placement)
{
    const struct lb_placement *p = &b->plan->placements[placement];
    int *workers = calloc((size_t)p->n, sizeof *workers), err;

    if (!workers)
        return -ENOMEM;
    for (int i = 0; i < p->n; i++)
        workers[i] = lb_runner_worker(b, p->pu_os[i]);
    err = lb_crew_gather(b->crew, workers, p->n);
    free(workers);
    return err;
}

/* Draws */

/* The same luck for every case of the round: the largest room that any drawn shape needs. */
int lb_runner_draw(struct lb_runner *b)
{
    size_t room = 4096;

    /* From seed and round alone: a resumed run finds the same. */
    b->random = b->options->seed + b->round * UINT64_C(0x9e3779b97f4a7c15);

    for (size_t i = 0; i < b->plan->n_cases; i++) {
        const struct lb_workload *s = &b->plan->cases[i].shape;
        if (!lb_workload_fills(s) && lb_workload_bytes(s) > room)
            room = lb_workload_bytes(s);
    }
    b->round_seed = lb_random(&b->random);
    return lb_draw_init(&b->random, b->round, b->arena_bytes, room, &b->draw);
}

static bool is_drawn(const uintptr_t *lines, int n, uintptr_t line)
{
    for (int i = 0; i < n; i++)
        if (lines[i] == line)
            return true;
    return false;
}

void lb_runner_lines(struct lb_runner *b, int n, uintptr_t *lines)
{
    for (int i = 0; i < n; i++)
        do
            lines[i] = (uintptr_t)b->arena +
                       lb_random_below(&b->probing, b->arena_bytes / LB_LINE_BYTES) * LB_LINE_BYTES;
        while (is_drawn(lines, i, lines[i]));
}

/* The ring */

/* Of a large ring some links, evenly spread: probing all would take longer than the window. */
#define LINKS_MOST 8

int lb_ring_links(int threads)
{
    return threads < 2 ? 0 : threads == 2 ? 1 : threads < LINKS_MOST ? threads : LINKS_MOST;
}

void lb_ring_link(int n, int link, int ends[2])
{
    int first = n > LINKS_MOST ? (int)((int64_t)link * n / LINKS_MOST) : link;

    ends[0] = first;
    ends[1] = (first + 1) % n;
}

/* Cases */

/* Windows that let threads sleep have fewer tries: they would eat the budget of the others. Where
 * time means nothing, a better window means nothing either. */
#define REPEATS          4
#define REPEATS_BLOCKING 1

int lb_runner_repeats(const struct lb_runner *b, const struct lb_case *c)
{
    if (b->options->emulated || lb_case_is_first(c)) /* memory is touched first but once */
        return 0;
    return c->window_ns >= LB_WINDOW_BLOCKING_NS ? REPEATS_BLOCKING : REPEATS;
}

bool lb_case_plays(const struct lb_case *c, int role, int thread)
{
    return lb_case_roles(c) == 1 ||
           lb_scenario_role(c->shape.scenario, &c->shape.writers, thread, c->shape.threads) == role;
}

int lb_case_role_threads(const struct lb_case *c, int role)
{
    int n = 0;

    for (int i = 0; i < c->shape.threads; i++)
        n += lb_case_plays(c, role, i);
    return n;
}
