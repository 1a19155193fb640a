/* SPDX-License-Identifier: MIT
 *
 * Writing DIR/sweep.json, and holding a plan and a machine against it.
 */
#include "sweep_identity.h"

#include <linebounce/record.h>
#include <linebounce/run.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a over all that a round depends on. */
static uint64_t digest_bytes(uint64_t h, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < n; i++)
        h = (h ^ at[i]) * UINT64_C(1099511628211);
    return h;
}

static uint64_t digest_number(uint64_t h, double value)
{
    return digest_bytes(h, &value, sizeof value);
}

static uint64_t digest_layout(uint64_t h, const struct lb_layout *l)
{
    const size_t words[] = {l->size_bytes,      l->align_bytes, (size_t)l->seq_offset,
                            l->separate,        l->indirect,    l->slot_offset,
                            l->lock_offset,     l->lock,        l->lock_room_bytes,
                            l->lock_align_bytes};

    h = digest_bytes(h, words, sizeof words);
    for (size_t i = 0; i < l->n_accesses; i++) {
        const struct lb_access *a = &l->accesses[i];
        const unsigned access[] = {a->offset, a->bytes, a->how, a->roles};
        h = digest_bytes(h, access, sizeof access);
    }
    return h;
}

/* Of cases that have one: by which rules, and where the address space's words lie. */
static uint64_t digest_generation(uint64_t h, const struct lb_workload *shape)
{
    const struct lb_generation *g = lb_workload_generation(shape);
    struct lb_mm_words words = lb_generation_words(g, shape->mm_form);

    if (!lb_workload_has_generation(shape))
        return h;
    h = digest_number(h, g->rules);
    h = digest_number(h, g->mm_lock);
    return digest_bytes(h, &words, sizeof words);
}

static uint64_t digest_plan(const struct lb_plan *plan)
{
    uint64_t h = UINT64_C(14695981039346656037);
    char name[192];

    for (size_t i = 0; i < plan->n_cases; i++) {
        const struct lb_case *c = &plan->cases[i];
        const struct lb_placement *p = &plan->placements[c->placement];
        int n = lb_case_name(plan, c, name, sizeof name);
        h = digest_bytes(h, name, n < (int)sizeof name ? (size_t)n : sizeof name - 1);
        if (c->shape.layout)
            h = digest_layout(h, c->shape.layout);
        h = digest_bytes(h, p->pu_os, (size_t)p->n * sizeof *p->pu_os);
        h = digest_number(h, p->home_node_os);
        h = digest_number(h, c->shape.writers.threads + c->shape.writers.share);
        h = digest_number(h, c->shape.every_ns);
        h = digest_generation(h, &c->shape);
        h = digest_number(h, c->window_ns);
        h = digest_number(h, c->phases);
        h = digest_number(h, c->every);
    }
    return h;
}

static void put_placements(struct lb_json *json, const struct lb_plan *plan)
{
    for (size_t i = 0; i < plan->n_placements; i++) {
        const struct lb_placement *p = &plan->placements[i];
        char pus[256], text[400];
        struct lb_canvas t = {pus, sizeof pus, 0};
        for (int k = 0; k < p->n && t.used < sizeof pus - 12; k++)
            lb_canvas_put(&t, "%s%d", k ? "," : "", p->pu_os[k]);
        snprintf(text, sizeof text, "%s on %s, memory %s", p->name, pus, lb_home_name(p->home));
        lb_json_push_text(json, "plan.placements", text);
    }
}

/* Those of the first placement; the others' are in the digest. */
static void put_cases(struct lb_json *json, const struct lb_plan *plan)
{
    size_t end = plan->n_placements > 1 ? plan->first_case[1] : plan->n_cases;
    char name[192];

    for (size_t i = 0; i < end; i++) {
        lb_case_name(plan, &plan->cases[i], name, sizeof name);
        lb_json_push_text(json, "plan.first_cases", name);
    }
}

static void put_sampling(struct lb_json *json, uint64_t every)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, every);
    lb_json_text(json, "plan.sample_every",
                 every == LB_SAMPLE_AUTO ? "by the op"
                 : every                 ? text
                                         : "none");
}

static const char *place_of(const struct lb_layout *l)
{
    return l->separate ? "separate" : l->indirect ? "indirect" : "inline";
}

/* Those that were asked for: a name says nothing of one of the user's own. Where the fields lie is
 * in the digest. */
static void put_layouts(struct lb_json *json, const struct settings *s)
{
    const struct lb_layout *layouts = s->layouts.at;

    for (size_t i = 0; i < s->layouts.n; i++) {
        const struct lb_layout *l = &layouts[i];
        char text[640];
        snprintf(text, sizeof text,
                 "%s: size %zu, align %zu, seq %d; %s %s, slot %zu, lock %zu, room %zu, "
                 "lockalign %zu",
                 l->name, l->size_bytes, l->align_bytes, l->seq_offset, place_of(l),
                 lb_lock_info(l->lock)->name, l->slot_offset, l->lock_offset, l->lock_room_bytes,
                 l->lock_align_bytes);
        lb_json_push_text(json, "plan.layouts", text);
    }
}

/* The first difference is the one that is told: what says most goes first. */
static void put_plan(struct lb_json *json, const struct settings *s, const struct lb_sweep *w)
{
    const struct lb_event *events = s->events.at;
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, s->seed);
    lb_json_text(json, "plan.seed", text);
    lb_json_text(json, "plan.generation", s->generation ? s->generation->name : "of each layout");
    lb_json_text(json, "plan.mm", lb_mm_form_name(s->mm_form));
    put_placements(json, w->plan);
    put_layouts(json, s);
    put_cases(json, w->plan);
    if (s->writers.share > 0)
        lb_json_number(json, "plan.writers_share", s->writers.share);
    else
        lb_json_number(json, "plan.writers", s->writers.threads);
    lb_json_number(json, "plan.write_every_ns", s->write_every_ns);
    if (s->observe_every_ns >= 0)
        lb_json_number(json, "plan.observe_every_ns", s->observe_every_ns);
    lb_json_number(json, "plan.rounds", w->rounds);
    for (size_t i = 0; i < s->events.n; i++)
        lb_json_push_text(json, "plan.events", events[i].name);
    put_sampling(json, s->sample_every);
    lb_json_bool(json, "plan.count_kernel", s->count_kernel);
    lb_json_number(json, "plan.cases", (double)w->plan->n_cases);
    snprintf(text, sizeof text, "%016" PRIx64, digest_plan(w->plan));
    lb_json_text(json, "plan.digest", text);
}

/* Machine and build. */
static int describe(const struct lb_topology *t, struct lb_why *why, struct lb_json **json)
{
    struct lb_environment *e = calloc(1, sizeof *e);
    struct lb_json *j = NULL;
    int err = e ? lb_json_create(&j) : -ENOMEM;

    if (err) {
        free(e);
        return lb_fail(why, -err, "sweep.json: %s", strerror(-err));
    }
    lb_environment_read(e);
    lb_json_environment(j, e);
    free(e);
    lb_json_number(j, "machine.pus", t->n_pus);
    lb_json_number(j, "machine.pus_allowed", t->n_allowed);
    lb_json_number(j, "machine.nodes", t->n_nodes);
    *json = j;
    return 0;
}

static void file_name(char *path, size_t bytes, const char *dir)
{
    snprintf(path, bytes, "%s/sweep.json", dir);
}

int identity_write(const struct settings *s, const char *dir, const struct lb_topology *t,
                   const struct lb_sweep *w, char **arguments, struct lb_why *why)
{
    struct lb_json *json;
    char path[600], seed[24];
    int err = describe(t, why, &json);

    if (err)
        return err;
    put_plan(json, s, w);
    for (char **a = arguments; *a; a++)
        lb_json_push_text(json, "arguments", *a);
    snprintf(seed, sizeof seed, "%" PRIu64, s->seed);
    lb_json_push_text(json, "arguments", "--seed");
    lb_json_push_text(json, "arguments", seed);
    file_name(path, sizeof path, dir);
    err = lb_json_write(json, path, why);
    lb_json_destroy(json);
    return err;
}

int identity_check_here(const char *dir, const struct lb_topology *t, struct lb_why *why)
{
    struct lb_json *json;
    char path[600];
    int err = describe(t, why, &json);

    if (err)
        return err;
    file_name(path, sizeof path, dir);
    if (!(err = lb_json_same(json, path, "build", why)))
        err = lb_json_same(json, path, "machine", why);
    lb_json_destroy(json);
    return err;
}

int identity_check_plan(const struct settings *s, const char *dir, const struct lb_sweep *w,
                        struct lb_why *why)
{
    struct lb_json *json = NULL;
    char path[600];
    int err = lb_json_create(&json);

    if (err)
        return lb_fail(why, -err, "sweep.json: %s", strerror(-err));
    put_plan(json, s, w);
    file_name(path, sizeof path, dir);
    err = lb_json_same(json, path, "plan", why);
    lb_json_destroy(json);
    return err;
}

int identity_arguments(const char *dir, struct lb_why *why, char ***arguments, size_t *n)
{
    char path[600];
    int err;

    file_name(path, sizeof path, dir);
    err = lb_json_read_texts(path, "arguments", why, arguments, n);
    if (err == -ENOENT || err == -ENOTDIR)
        return lb_fail(why, ENOENT, "--resume %s: no sweep was begun there (no sweep.json)", dir);
    if (!err && (!*n || strcmp(**arguments, "sweep") != 0)) {
        lb_json_drop_texts(*arguments);
        *arguments = NULL;
        return lb_fail(why, EPROTO, "%s: arguments is not the command line of a sweep", path);
    }
    return err;
}

void identity_drop(char **arguments)
{
    lb_json_drop_texts(arguments);
}
