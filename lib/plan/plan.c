/* SPDX-License-Identifier: MIT
 *
 * From a request to cases, each with its baseline and its loop of nothing.
 */
#include <linebounce/plan.h>

#include <linebounce/crew.h>
#include <linebounce/scenario.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int grow(struct lb_plan *p, const struct lb_case *c)
{
    struct lb_case *cases;

    if (!(p->n_cases & (p->n_cases + 1)) || !p->cases) { /* full at every 2^k - 1 */
        cases = realloc(p->cases, (2 * p->n_cases + 2) * sizeof *cases);
        if (!cases)
            return -ENOMEM;
        p->cases = cases;
    }
    p->cases[p->n_cases++] = *c;
    size_t bytes = lb_workload_bytes(&c->shape);
    if (bytes > p->arena_bytes)
        p->arena_bytes = bytes;
    return 0;
}

/* The cases of a placement lie together: a search looks at them alone, so that a plan of many
 * placements is made in time linear in their number. */
static size_t first_of(const struct lb_plan *p, int placement)
{
    return p->first_case[placement];
}

static size_t end_of(const struct lb_plan *p, int placement)
{
    return (size_t)placement + 1 < p->n_begun ? p->first_case[placement + 1] : p->n_cases;
}

/* A roaming layout costs what its residues cost on average: each round visits all of them, or the
 * samples would fall into two heaps and their median would say which heap is larger. Where windows
 * are long, or objects many, the rounds or the objects take turns instead. */
static int phases_of(const struct lb_case *c)
{
    const struct lb_scenario *s = c->shape.scenario;
    struct lb_geometry g;

    if (lb_scenario_does(s, LB_OP_EMPTY))
        return LB_EMPTY_WINDOWS;
    if (!c->shape.layout || c->blocks || lb_workload_fills(&c->shape) ||
        s->objects == LB_OBJECTS_APART ||
        lb_geometry_init(c->shape.layout, c->shape.lock, NULL, &g))
        return 1;
    return (int)(g.lock_residues > g.object_residues ? g.lock_residues : g.object_residues);
}

/* Where layouts are measured with a pause too, saturated windows, which carry no headline, come
 * every second round; the loop of nothing whenever it may be wanted. */
static int every_of(const struct lb_plan *p, const struct lb_case *c)
{
    if (c->work_ns > 0 || c->shape.scenario->subject->uses_pages ||
        lb_scenario_does(c->shape.scenario, LB_OP_EMPTY))
        return 1;
    for (size_t i = first_of(p, c->placement); i < end_of(p, c->placement); i++)
        if (p->cases[i].work_ns > 0 && lb_case_is_subject(&p->cases[i]))
            return 2;
    return 1;
}

/* How often a case's paced roles begin an op. A share of all ops has no clock, and saturated
 * throughput no wait. */
static double every_ns(const struct lb_request *r, const struct lb_scenario *s,
                       const struct lb_case *c)
{
    switch (s->pace) {
    case LB_PACE_SECOND:
        return c->shape.writers.threads ? r->write_every_ns : 0;
    case LB_PACE_ALL:
        return c->work_ns <= 0           ? 0
               : r->observe_every_ns < 0 ? c->work_ns + LB_OBSERVE_MORE_NS
                                         : r->observe_every_ns;
    default:
        return 0;
    }
}

static int add_case(struct lb_plan *p, const struct lb_request *r, const struct lb_case *template,
                    const struct lb_scenario *s)
{
    struct lb_case c = *template;

    c.shape.scenario = s;
    c.shape.every_ns = every_ns(r, s, &c);
    c.blocks = lb_workload_blocks(&c.shape);
    if (!s->subject->uses_pages)
        c.window_ns = c.blocks ? LB_WINDOW_BLOCKING_NS : LB_WINDOW_NS;
    /* A pause of a microsecond leaves few ops in a short window: the self-check needs a steady
     * mean. */
    if (!c.blocks && c.work_ns > LB_WORK_HEADLINE_NS)
        c.window_ns *= 2;
    c.phases = phases_of(&c);
    return grow(p, &c);
}

static int find_empty(const struct lb_plan *p, int placement, double work_ns)
{
    for (size_t i = first_of(p, placement); i < end_of(p, placement); i++)
        if (lb_scenario_does(p->cases[i].shape.scenario, LB_OP_EMPTY) &&
            p->cases[i].work_ns == work_ns)
            return (int)i;
    return -1;
}

/* empty and, where two threads can meet, the controls, at one work. */
static int add_frame(struct lb_plan *p, const struct lb_request *r, int placement, double work_ns)
{
    struct lb_case c = {.placement = placement,
                        .work_ns = work_ns,
                        .slow = 1,
                        .instruments = r->instruments ? 0 : LB_INSTRUMENTS,
                        .base = -1,
                        .empty = -1};
    int err;

    c.shape.threads = p->placements[placement].n;
    if (find_empty(p, placement, work_ns) >= 0)
        return 0;
    if ((err = add_case(p, r, &c, &lb_scenarios[LB_SCENARIO_EMPTY])))
        return err;
    c.empty = (int)p->n_cases - 1;
    c.armed = r->armed; /* not in empty, which has no word to watch */
    if (!r->controls)
        return 0;
    if (c.shape.threads > 1 && r->alone) {
        struct lb_case alone = c;
        alone.shape.threads = 1;
        if ((err = add_case(p, r, &alone, &lb_scenarios[LB_SCENARIO_CONTROL_APART])))
            return err;
    }
    err = add_case(p, r, &c, &lb_scenarios[LB_SCENARIO_CONTROL_APART]);
    if (err || c.shape.threads < 2)
        return err;
    c.base = (int)p->n_cases - 1;
    return add_case(p, r, &c, &lb_scenarios[LB_SCENARIO_CONTROL_SHARED]);
}

static bool is_repeated(const struct lb_request *r, const struct lb_scenario *s)
{
    return lb_scenario_counts_objects(s) && r->n_objects;
}

static int add_with_twins(struct lb_plan *p, const struct lb_request *r,
                          const struct lb_scenario *s, struct lb_case c)
{
    int err;

    c.twin = 0;
    c.slow = 1;
    c.instruments = r->instruments ? 0 : LB_INSTRUMENTS;
    err = add_case(p, r, &c, s);
    if (!err && r->twins) {
        c.twin = 1;
        c.slow = 1 + r->twin_slow;
        err = add_case(p, r, &c, s);
    }
    for (int i = 1; !err && r->instruments && i <= 2; i++) {
        c.twin = i;
        c.instruments = i == 1 ? LB_INSTRUMENT_COUNTERS : LB_INSTRUMENT_SAMPLING;
        err = add_case(p, r, &c, s);
    }
    return err;
}

/* One scenario with one layout and lock, in every number of objects and access where it has them.
 */
static int add_shapes(struct lb_plan *p, const struct lb_request *r, const struct lb_scenario *s,
                      struct lb_case c)
{
    size_t objects = is_repeated(r, s) ? r->n_objects : 1;
    bool picks = lb_scenario_picks(s) && r->n_access;
    size_t access = picks ? r->n_access : 1;
    int err = 0;

    for (size_t o = 0; !err && o < objects; o++)
        for (size_t a = 0; !err && a < access; a++) {
            c.shape.objects = is_repeated(r, s) ? r->objects[o] : 0;
            c.shape.access = picks ? r->access[a] : 0;
            err = add_with_twins(p, r, s, c);
        }
    return err;
}

static void refuse(struct lb_plan *p, const struct lb_why *why)
{
    if (!p->n_refused++)
        memcpy(p->refused, why->text, sizeof p->refused);
}

static bool has_what_it_needs(const struct lb_plan *p, const struct lb_request *r,
                              const struct lb_scenario *s, const struct lb_case *c,
                              struct lb_why *why)
{
    const struct lb_workload *shape = &c->shape;
    bool mixed = lb_scenario_has_writers(s);

    why->text[0] = '\0';
    if (s->most_threads && shape->threads > s->most_threads)
        lb_fail(why, EINVAL, "%s: is for %d threads, not %d", s->name, s->most_threads,
                shape->threads);
    else if (shape->threads < s->n_roles || (mixed && shape->writers.threads >= shape->threads))
        lb_fail(why, EINVAL, "%s: needs more than %d thread%s", s->name, shape->threads,
                shape->threads == 1 ? "" : "s");
    else if (mixed && !shape->writers.threads && !(shape->writers.share > 0))
        lb_fail(why, EINVAL, "%s: needs writers", s->name);
    else if (lb_scenario_counts_objects(s) && !r->n_objects)
        lb_fail(why, EINVAL, "%s: needs a number of objects", s->name);
    else if (s->subject->uses_pages && p->placements[c->placement].home != LB_HOME_LOCAL)
        lb_fail(why, EINVAL, "%s: its pages lie where threads touch them: --home says nothing here",
                s->name);
    else if (s->subject->uses_words && !r->n_offsets)
        lb_fail(why, EINVAL, "%s: needs an offset in bytes", s->name);
    return !why->text[0];
}

/* What a lock beside words is where nobody says: the C library's. */
#define WORD_LOCK LB_LOCK_PTHREAD_MUTEX

/* One scenario with words, at every offset and with every lock that it can have. */
static int add_words(struct lb_plan *p, const struct lb_request *r, const struct lb_scenario *s,
                     struct lb_case c)
{
    size_t locks = s->uses_lock && r->n_locks ? r->n_locks : 1;
    struct lb_why why;
    int err = 0;

    if (!has_what_it_needs(p, r, s, &c, &why)) {
        refuse(p, &why);
        return 0;
    }
    for (size_t k = 0; !err && k < locks; k++)
        for (size_t i = 0; !err && i < r->n_offsets; i++) {
            c.shape.lock = s->uses_lock && r->n_locks ? r->locks[k] : WORD_LOCK;
            c.shape.scenario = s;
            c.shape.offset_bytes = c.offset_bytes = r->offsets[i];
            if (lb_scenario_allows(s, NULL, c.shape.lock, &why) ||
                lb_workload_allows(&c.shape, &why))
                refuse(p, &why);
            else
                err = add_with_twins(p, r, s, c);
        }
    return err;
}

/* The number behind LB_LAYOUT_AT, 0 without one. */
static size_t scanned_offset(const struct lb_layout *l)
{
    if (strncmp(l->name, LB_LAYOUT_AT, sizeof LB_LAYOUT_AT - 1) != 0)
        return 0;
    return strtoul(l->name + sizeof LB_LAYOUT_AT - 1, NULL, 10);
}

static int add_layouts(struct lb_plan *p, const struct lb_request *r, const struct lb_scenario *s,
                       struct lb_case c)
{
    struct lb_why why;
    int err = 0;

    if (!s->subject->uses_layout)
        return 0;
    if (!has_what_it_needs(p, r, s, &c, &why)) {
        refuse(p, &why);
        return 0;
    }
    for (size_t l = 0; !err && l < r->n_layouts; l++)
        for (size_t k = 0; !err && k < (r->n_locks ? r->n_locks : 1); k++) {
            c.shape.layout = &r->layouts[l];
            c.offset_bytes = scanned_offset(c.shape.layout);
            c.shape.lock = r->n_locks ? r->locks[k] : r->layouts[l].lock;
            c.shape.generation = r->generation;
            c.shape.mm_form = r->mm_form;
            c.shape.scenario = s;
            if (lb_scenario_allows(s, c.shape.layout, c.shape.lock, &why) ||
                lb_workload_allows(&c.shape, &why))
                refuse(p, &why);
            else
                err = add_shapes(p, r, s, c);
        }
    return err;
}

/* One scenario with pages: recycled ones, and where asked for those that nobody has touched. The
 * plain loop has neither twins nor first touches; it stands beside pft. */
static int add_pages(struct lb_plan *p, const struct lb_request *r, const struct lb_scenario *s,
                     struct lb_case c)
{
    bool kept = s->n_roles == 1 && lb_scenario_does(s, LB_OP_TOUCH);
    struct lb_why why;
    int err;

    if (!has_what_it_needs(p, r, s, &c, &why) ||
        lb_pages_fit(s, c.shape.threads, r->memory_bytes, &why, &c.shape.part_bytes,
                     &c.window_ns)) {
        refuse(p, &why);
        return 0;
    }
    err = s->internal ? add_case(p, r, &c, s) : add_with_twins(p, r, s, c);
    if (err || !kept || !r->first_touch)
        return err;
    c.shape.touch = LB_TOUCH_FIRST;
    c.empty = -1; /* which is measured in the rounds */
    c.armed = false;
    return add_case(p, r, &c, s);
}

/* Those of fastpath: one, or one for each kind of lock that has a straight line. By the rules of
 * what stands beside them. */
static int add_yardsticks(struct lb_plan *p, const struct lb_request *r,
                          const struct lb_scenario *s, struct lb_case c)
{
    size_t locks = s->uses_lock && r->n_locks ? r->n_locks : 1;
    int err = 0;

    c.shape.generation = r->generation  ? r->generation
                         : r->n_layouts ? r->layouts[0].generation
                                        : NULL;
    for (size_t k = 0; !err && k < locks; k++) {
        if (s->uses_lock)
            c.shape.lock = r->n_locks     ? r->locks[k]
                           : r->n_layouts ? r->layouts[0].lock
                                          : LB_LOCK_RWSEM40;
        if (lb_hot_find(s->roles[0].op, c.shape.lock, false, true))
            err = add_case(p, r, &c, s);
    }
    return err;
}

static int add_scenarios(struct lb_plan *p, const struct lb_request *r, int placement,
                         double work_ns)
{
    struct lb_case c = {.placement = placement,
                        .work_ns = work_ns,
                        .slow = 1,
                        .instruments = LB_INSTRUMENTS,
                        .armed = r->armed,
                        .base = -1,
                        .empty = find_empty(p, placement, work_ns)};
    int err = 0;

    c.shape.threads = p->placements[placement].n;
    c.shape.writers = r->writers;
    for (size_t i = 0; !err && i < r->n_scenarios; i++) {
        const struct lb_scenario *s = r->scenarios[i];
        if (s->subject->uses_words)
            err = add_words(p, r, s, c);
        else if (s->subject->uses_pages)
            err = add_pages(p, r, s, c);
        else if (!s->subject->uses_layout && !lb_scenario_does(s, LB_OP_EMPTY))
            err = add_yardsticks(p, r, s, c);
        else
            err = add_layouts(p, r, s, c);
    }
    return err;
}

static int grow_placements(struct lb_plan *p, const struct lb_placement *placement)
{
    struct lb_placement *more = realloc(p->placements, (p->n_placements + 1) * sizeof *more);

    if (!more)
        return -ENOMEM;
    p->placements = more;
    more[p->n_placements++] = *placement;
    return 0;
}

static int copy_placement(const struct lb_placement *from, struct lb_placement *to)
{
    *to = *from;
    to->pu_os = malloc((size_t)from->n * sizeof *to->pu_os);
    if (!to->pu_os)
        return -ENOMEM;
    memcpy(to->pu_os, from->pu_os, (size_t)from->n * sizeof *to->pu_os);
    return 0;
}

/* One placement at every home that was asked for. */
static int add_homes(struct lb_plan *p, const struct lb_request *r, const struct lb_topology *t,
                     const struct lb_placement *placement, struct lb_why *why)
{
    int err = 0;

    for (size_t i = 0; !err && i < (r->n_homes ? r->n_homes : 1); i++) {
        struct lb_placement one;
        if ((err = copy_placement(placement, &one)))
            return err;
        if (r->n_homes)
            err = lb_placement_set_home(t, r->homes[i], why, &one);
        if (!err)
            err = grow_placements(p, &one);
        if (err)
            lb_placement_finish(&one);
    }
    return err;
}

static int add_placement(struct lb_plan *p, const struct lb_request *r, const struct lb_topology *t,
                         const char *name, int threads, struct lb_why *why)
{
    struct lb_placement placement;
    int err = name ? lb_placement_named(t, name, threads, why, &placement)
                   : lb_placement_list(t, r->pus, why, &placement);

    if (err)
        return err;
    err = add_homes(p, r, t, &placement, why);
    lb_placement_finish(&placement);
    return err;
}

static int add_placements(struct lb_plan *p, const struct lb_request *r,
                          const struct lb_topology *t, struct lb_why *why)
{
    int err = 0;

    for (size_t i = 0; !err && i < r->n_made; i++) {
        struct lb_placement copy;
        err = copy_placement(&r->made[i], &copy);
        if (!err && (err = grow_placements(p, &copy)))
            lb_placement_finish(&copy);
    }
    if (r->n_made)
        return err;
    if (r->pus)
        return add_placement(p, r, t, NULL, 0, why);
    for (size_t i = 0; !err && i < (r->n_placements ? r->n_placements : 1); i++)
        for (size_t k = 0; !err && k < (r->n_threads ? r->n_threads : 1); k++) {
            int threads = r->n_threads ? r->threads[k] : 0;
            /* More than a pair, or one thread, has no distance class: close together is what is
             * meant. */
            const char *name = r->n_placements           ? r->placements[i]
                               : threads && threads != 2 ? "compact"
                                                         : "closest";
            struct lb_why little = {""};
            err = add_placement(p, r, t, name, threads, r->threads_fit && k ? &little : why);
            if (err == -ERANGE && r->threads_fit && k) {
                refuse(p, &little);
                err = 0;
            }
        }
    return err;
}

/* The lock of words, or of a structure of whatif, is no part of their layout: locks are not
 * compared to one another there. */
static int own_lock(const struct lb_case *c)
{
    const struct lb_scenario *s = c->shape.scenario;

    return (s->subject->uses_words || s->by_structure) && lb_workload_locks(&c->shape)
               ? (int)c->shape.lock
               : -1;
}

/* Of whatif: one is as the structure is, or both are moved copies of one. */
static const char *structure_of(const struct lb_case *c)
{
    const struct lb_layout *l = c->shape.layout;

    return *l->moved_from ? l->moved_from : l->name;
}

static bool same_structure(const struct lb_case *a, const struct lb_case *b)
{
    return !a->shape.scenario->by_structure || !strcmp(structure_of(a), structure_of(b));
}

static bool same_but_layout(const struct lb_case *a, const struct lb_case *b)
{
    return lb_case_is_beside(a, b) && own_lock(a) == own_lock(b) && same_structure(a, b);
}

/* The case of that scenario beside `c`, of its lock where that has one; -1: none. */
static int find_beside(const struct lb_plan *p, const struct lb_case *c,
                       const struct lb_scenario *s)
{
    for (size_t j = first_of(p, c->placement); j < end_of(p, c->placement); j++)
        if (p->cases[j].shape.scenario == s && p->cases[j].work_ns == c->work_ns &&
            (!s->uses_lock || p->cases[j].shape.lock == c->shape.lock))
            return (int)j;
    return -1;
}

static bool is_baseline(const struct lb_request *r, const struct lb_case *c)
{
    if (c->shape.scenario->subject->uses_words)
        return r->base_offset && c->shape.offset_bytes == r->base_offset;
    if (c->shape.scenario->by_structure)
        return !*c->shape.layout->moved_from;
    return r->baseline && c->shape.layout && !strcmp(c->shape.layout->name, r->baseline);
}

/* A twin is compared to its original, what stands beside another scenario to its case, all others
 * to the baseline layout with its first lock. */
static void find_base(struct lb_plan *p, const struct lb_request *r, size_t i)
{
    struct lb_case *c = &p->cases[i];

    if (c->shape.scenario->beside)
        c->base = find_beside(p, c, c->shape.scenario->beside);
    if (!lb_case_is_subject(c) || c->base >= 0)
        return;
    if (c->twin)
        c->base = (int)i - c->twin;
    if (c->twin || c->shape.scenario->subject->uses_pages)
        return;
    for (size_t j = first_of(p, c->placement); j < end_of(p, c->placement); j++) {
        const struct lb_case *b = &p->cases[j];
        if (j != i && !b->twin && same_but_layout(b, c) && is_baseline(r, b)) {
            c->base = j < i || !is_baseline(r, c) ? (int)j : -1;
            return;
        }
    }
}

static int check_baseline(const struct lb_request *r, struct lb_why *why)
{
    for (size_t i = 0; i < r->n_layouts; i++)
        if (!strcmp(r->layouts[i].name, r->baseline))
            return 0;
    return lb_fail(why, EINVAL, "baseline '%s': not among the layouts of this run", r->baseline);
}

static bool has_offset(const struct lb_request *r, size_t bytes)
{
    for (size_t i = 0; i < r->n_offsets; i++)
        if (r->offsets[i] == bytes)
            return true;
    return false;
}

static int fill(struct lb_plan *p, const struct lb_request *r, const struct lb_topology *t,
                struct lb_why *why)
{
    int err = add_placements(p, r, t, why);

    if (!err && !(p->first_case = calloc(p->n_placements, sizeof *p->first_case)))
        err = -ENOMEM;
    for (size_t i = 0; !err && i < p->n_placements; i++) {
        p->first_case[i] = p->n_cases;
        p->n_begun = i + 1;
        for (size_t w = 0; !err && w < r->n_work_ns; w++)
            err = add_frame(p, r, (int)i, r->work_ns[w]);
        if (!err && r->controls && p->placements[i].n > 1) {
            err = add_frame(p, r, (int)i, LB_WORK_CHECK_SHORT_NS);
            if (!err)
                err = add_frame(p, r, (int)i, LB_WORK_CHECK_LONG_NS);
        }
        for (size_t w = 0; !err && w < r->n_work_ns; w++)
            err = add_scenarios(p, r, (int)i, r->work_ns[w]);
    }
    for (size_t i = 0; !err && i < p->n_cases; i++) {
        p->cases[i].every = every_of(p, &p->cases[i]);
        find_base(p, r, i);
    }
    return err;
}

/* A yardstick alone is nothing where it was to stand beside a subject: the table would be empty. */
static bool measures_something(const struct lb_plan *p, const struct lb_request *r)
{
    bool subjects = false;

    for (size_t s = 0; s < r->n_scenarios; s++)
        subjects |= r->scenarios[s]->purpose == LB_PURPOSE_QUESTION;
    for (size_t i = 0; subjects && i < p->n_cases; i++)
        if (lb_case_is_subject(&p->cases[i]))
            return true;
    for (size_t i = 0; !subjects && i < p->n_cases; i++) {
        enum lb_scenario_kind kind = p->cases[i].shape.scenario->kind;
        for (size_t s = 0; s < r->n_scenarios; s++)
            if (r->scenarios[s]->kind == kind)
                return true;
    }
    return false;
}

int lb_plan_create(const struct lb_request *r, const struct lb_topology *topology,
                   struct lb_why *why, struct lb_plan **plan)
{
    struct lb_plan *p = calloc(1, sizeof *p);
    int err = p ? 0 : -ENOMEM;

    if (!err && r->baseline)
        err = check_baseline(r, why);
    if (!err && r->base_offset && !has_offset(r, r->base_offset))
        err =
            lb_fail(why, EINVAL, "baseline: an offset of %zu bytes is not among those of this run",
                    r->base_offset);
    if (!err)
        err = fill(p, r, topology, why);
    if (!err && !measures_something(p, r))
        err = lb_fail(why, EINVAL, "nothing to measure: %s",
                      p->n_refused ? p->refused : "no scenario fits");
    if (err) {
        lb_plan_destroy(p);
        return err;
    }
    snprintf(p->suite, sizeof p->suite, "%s", r->suite);
    p->memory_bytes = r->memory_bytes;
    *plan = p;
    return 0;
}

void lb_plan_destroy(struct lb_plan *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n_placements; i++)
        lb_placement_finish(&p->placements[i]);
    free(p->placements);
    free(p->first_case);
    free(p->cases);
    free(p);
}

/* Seen on two cores: command, probe and row of one window; laying out one object of `many`. */
#define OVERHEAD_S   0.25e-3
#define PER_OBJECT_S 60e-9
/* Filling a memory file before a window, and letting go of it. */
#define PER_PAGE_S 1.2e-6

static double filled_pages(const struct lb_case *c)
{
    if (!lb_scenario_maps_file(c->shape.scenario))
        return 0;
    return (double)c->shape.part_bytes / LB_SLAB_PAGE_BYTES * c->shape.threads;
}

double lb_case_round_s(const struct lb_case *c)
{
    return (c->phases + c->armed) * (c->window_ns * 1e-9 * (1 + LB_WARMUP_SHARE) + OVERHEAD_S) +
           (double)c->shape.objects * PER_OBJECT_S + filled_pages(c) * PER_PAGE_S;
}

double lb_plan_round_s(const struct lb_plan *p)
{
    double s = 0.5e-3;

    for (size_t i = 0; i < p->n_cases; i++)
        if (!lb_case_is_first(&p->cases[i]))
            s += lb_case_round_s(&p->cases[i]) / p->cases[i].every;
    return s;
}

bool lb_case_has_rates(const struct lb_case *c)
{
    return c->shape.scenario->n_roles == 2;
}

int lb_case_roles(const struct lb_case *c)
{
    if (lb_scenario_has_writers(c->shape.scenario) && !c->shape.writers.threads)
        return 1;
    return c->shape.scenario->n_roles;
}

const char *lb_case_role_name(const struct lb_case *c, int role)
{
    return lb_case_roles(c) == 1 ? "all" : c->shape.scenario->roles[role].name;
}
