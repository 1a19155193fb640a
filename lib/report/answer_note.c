/* SPDX-License-Identifier: MIT
 *
 * What run.json keeps of a run so that its files alone can be asked for the answer.
 */
#include <linebounce/answer.h>

#include <linebounce/scenario.h>

#include <stdio.h>
#include <string.h>

struct note {
    const struct lb_analysis *a;
    struct lb_json *json;
    char key[96];
};

static const char *key(struct note *n, const char *name)
{
    snprintf(n->key, sizeof n->key, "suites.%s.%s", n->a->run->plan->suite, name);
    return n->key;
}

static bool is_own(const struct lb_layout *l)
{
    return lb_layout_find(l->name, NULL, &(const struct lb_layout *){NULL}) != 0;
}

static bool is_same_layout(const struct lb_case *a, const struct lb_case *b)
{
    return a->shape.layout == b->shape.layout && a->shape.lock == b->shape.lock;
}

/* Of each layout and lock once. */
static void put_layout(struct note *n, const struct lb_case *c)
{
    const struct lb_layout *l = c->shape.layout;
    bool locks = lb_scenario_locks(c->shape.scenario);
    enum lb_lies lies = locks ? lb_layout_lies(l, c->shape.lock) : LB_LIES_NOWHERE;
    struct lb_geometry g;

    lb_json_push_object(n->json, key(n, "layouts"));
    lb_json_text(n->json, key(n, "layouts.name"), l->name);
    lb_json_text(n->json, key(n, "layouts.lock"), lb_lock_info(c->shape.lock)->name);
    lb_json_text(n->json, key(n, "layouts.own_lock"), lb_lock_info(l->lock)->name);
    lb_json_text(n->json, key(n, "layouts.lies"), lb_lies_name(lies));
    lb_json_bool(n->json, key(n, "layouts.own"), is_own(l));
    lb_json_text(n->json, key(n, "layouts.moved_from"), l->moved_from);
    lb_json_text(n->json, key(n, "layouts.meaning"), l->meaning);
    if (!lb_geometry_init(l, c->shape.lock, NULL, &g))
        lb_json_number(n->json, key(n, "layouts.pages_per_1000"), (double)g.pages_per_1000);
}

static void put_layouts(struct note *n)
{
    const struct lb_plan *p = n->a->run->plan;

    for (size_t i = 0; i < p->n_cases; i++) {
        bool known = !p->cases[i].shape.layout || !lb_case_is_subject(&p->cases[i]);
        for (size_t k = 0; !known && k < i; k++)
            known = p->cases[k].shape.layout && is_same_layout(&p->cases[k], &p->cases[i]);
        if (!known)
            put_layout(n, &p->cases[i]);
    }
}

static void put_placements(struct note *n)
{
    const struct lb_run *run = n->a->run;

    for (size_t i = 0; i < run->plan->n_placements; i++) {
        const struct lb_placement *p = &run->plan->placements[i];
        lb_json_push_object(n->json, key(n, "placements"));
        lb_json_text(n->json, key(n, "placements.name"), p->name);
        lb_json_text(n->json, key(n, "placements.home"), lb_home_name(p->home));
        lb_json_number(n->json, key(n, "placements.main_regime"), lb_run_main_regime(run, (int)i));
        for (int k = 0; k < p->n; k++) {
            char text[16];
            snprintf(text, sizeof text, "%d", p->pu_os[k]);
            lb_json_push_text(n->json, key(n, "placements.cpus"), text);
        }
    }
}

/* A case of which no window was good has no row. */
static void put_missing(struct note *n)
{
    const struct lb_plan *p = n->a->run->plan;
    char layout[LB_CASE_LAYOUT_BYTES];

    lb_json_list(n->json, key(n, "not_measured"));
    for (size_t i = 0; i < p->n_cases; i++)
        for (int role = 0; role < lb_case_roles(&p->cases[i]); role++) {
            const struct lb_case *c = &p->cases[i];
            if (!lb_case_is_subject(c) || lb_analysis_find(n->a, (int)i, role))
                continue;
            lb_case_layout(c, layout);
            lb_json_push_object(n->json, key(n, "not_measured"));
            lb_json_text(n->json, key(n, "not_measured.scenario"), c->shape.scenario->name);
            lb_json_text(n->json, key(n, "not_measured.role"), lb_case_role_name(c, role));
            lb_json_text(n->json, key(n, "not_measured.layout"), layout);
            lb_json_text(n->json, key(n, "not_measured.lock"),
                         lb_scenario_locks(c->shape.scenario) ? lb_lock_info(c->shape.lock)->name
                                                              : "");
            lb_json_text(n->json, key(n, "not_measured.placement"),
                         p->placements[c->placement].name);
            lb_json_number(n->json, key(n, "not_measured.work_ns"), c->work_ns);
            lb_json_number(n->json, key(n, "not_measured.threads"), c->shape.threads);
            lb_json_bool(n->json, key(n, "not_measured.baseline"), c->base < 0);
        }
}

int lb_found_note(const struct lb_analysis *a, const char *question, struct lb_json *json)
{
    struct note n = {.a = a, .json = json};
    int err = lb_json_text(json, key(&n, "question"), question);

    lb_json_number(json, key(&n, "off_cpu_share"), a->disturbance.off_cpu_share);
    lb_json_bool(json, key(&n, "busy"), a->disturbance.busy);
    put_layouts(&n);
    put_placements(&n);
    put_missing(&n);
    return err;
}
