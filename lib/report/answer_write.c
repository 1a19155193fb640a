/* SPDX-License-Identifier: MIT
 *
 * verdicts.json and answer.csv.
 */
#include "answer_private.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct lb_column columns[] = {
    {"schema_version", "version of these columns"},
    {"host", "the machine's name"},
    {"run", "name of the results folder"},
    {"suite", "which suite asked for the case"},
    {"scenario", "what the threads do"},
    {"role", "part of the threads that the row speaks of; all where there is one role"},
    {"layout", "layout's name"},
    {"lock", "lock kind"},
    {"placement", "name of the placement"},
    {"threads", "number of threads in the case"},
    {"work_ns", "nominal pause between ops; 0: saturated throughput"},
    {"regime_ns", "round trip of a line between the CPUs in the row's regime"},
    {"net_ns_op", "ns an op less what the harness costs"},
    {"diff_ns", "ns an op more than the baseline"},
    {"diff_ns_ci95_lo", "95 % interval"},
    {"diff_ns_ci95_hi", "95 % interval"},
    {"verdict", "as in summary.csv; baseline: others are compared to it"},
    {"why", "of an undecided one: why"},
};
const struct lb_schema lb_schema_answer = {"answer.csv", columns, LB_COUNT(columns)};

static const char *verdict_of(const struct lb_found_cell *c)
{
    return !*c->base ? "baseline" : c->unfair ? "unresolved" : lb_verdict_name(c->verdict);
}

/* answer.csv ---------------------------------------------------------------------------------- */

static const char *run_name(const struct lb_found *f)
{
    const char *slash = strrchr(f->dir, '/');

    return slash && slash[1] ? slash + 1 : f->dir;
}

static void put_row(struct lb_row *row, const struct lb_found *f, const struct lb_found_cell *c)
{
    lb_row_clear(row);
    lb_row_text(row, "host", f->host);
    lb_row_text(row, "run", run_name(f));
    lb_row_text(row, "suite", f->suites[c->suite].name);
    lb_row_text(row, "scenario", c->scenario_name);
    lb_row_text(row, "role", c->role);
    lb_row_text(row, "layout", c->layout < 0 ? "" : f->layouts[c->layout].name);
    lb_row_text(row, "lock", c->layout < 0 ? "" : f->layouts[c->layout].lock);
    lb_row_text(row, "placement", c->placement);
    lb_row_int(row, "threads", c->threads);
    lb_row_number(row, "work_ns", c->work_ns);
    lb_row_number(row, "regime_ns", c->regime_ns);
    lb_row_number(row, "net_ns_op", c->net);
    lb_row_number(row, "diff_ns", c->diff);
    lb_row_number(row, "diff_ns_ci95_lo", c->diff_lo);
    lb_row_number(row, "diff_ns_ci95_hi", c->diff_hi);
    lb_row_text(row, "verdict", verdict_of(c));
    lb_row_text(row, "why", c->why);
}

static int write_rows(const struct lb_found *f, struct lb_why *why)
{
    struct lb_csv *csv;
    struct lb_row *row = NULL;
    char path[640];
    int err;

    snprintf(path, sizeof path, "%s/%s", f->dir, lb_schema_answer.file);
    if (unlink(path) && errno != ENOENT)
        return lb_fail(why, errno, "%s: %s", path, strerror(errno));
    if ((err = lb_csv_create(&lb_schema_answer, path, why, &csv)))
        return err;
    err = lb_row_create(&lb_schema_answer, &row);
    for (size_t i = 0; !err && i < f->n_cells; i++)
        if (f->cells[i].subject) {
            put_row(row, f, &f->cells[i]);
            err = lb_csv_append(csv, row, why);
        }
    lb_row_destroy(row);
    lb_csv_close(csv);
    return err;
}

/* verdicts.json ------------------------------------------------------------------------------- */

static void put_tally(struct lb_json *json, const struct lb_found *f, const char *list,
                      const struct lb_found_tally *t)
{
    const struct {
        const char *name;
        int value;
    } counts[] = {{"faster", t->faster},
                  {"same", t->same},
                  {"not_slower", t->not_slower},
                  {"slower", t->slower},
                  {"undecided", t->undecided}};
    char key[96];

#define IN(NAME) (snprintf(key, sizeof key, "%s.%s", list, NAME), key)
    lb_json_text(json, IN("answer"), lb_found_kind_name(t->kind));
    for (size_t i = 0; i < LB_COUNT(counts); i++)
        lb_json_number(json, IN(counts[i].name), counts[i].value);
    for (int worst = 0; worst < 2; worst++) {
        int at = worst ? t->worst : t->best;
        const struct lb_found_cell *c = at < 0 ? NULL : &f->cells[at];
        const char *name = worst ? "worst" : "best";
        if (!c) {
            lb_json_text(json, IN(name), NULL);
            continue;
        }
#define OF(NAME) (snprintf(key, sizeof key, "%s.%s.%s", list, name, NAME), key)
        lb_json_text(json, OF("scenario"), c->scenario_name);
        lb_json_text(json, OF("role"), c->role);
        lb_json_text(json, OF("layout"), c->layout < 0 ? NULL : f->layouts[c->layout].name);
        lb_json_number(json, OF("diff_ns"), c->diff);
        lb_json_number(json, OF("ci95_lo"), c->diff_lo);
        lb_json_number(json, OF("ci95_hi"), c->diff_hi);
#undef OF
    }
#undef IN
}

static void put_layouts(struct lb_json *json, const struct lb_found *f)
{
    lb_json_list(json, "layouts");
    for (size_t i = 0; i < f->n_layouts; i++) {
        const struct lb_found_layout *l = &f->layouts[i];
        lb_json_push_object(json, "layouts");
        lb_json_text(json, "layouts.suite", f->suites[l->suite].name);
        lb_json_text(json, "layouts.layout", l->name);
        lb_json_text(json, "layouts.lock", l->lock);
        lb_json_text(json, "layouts.lock_lies", lb_lies_name(l->lies));
        lb_json_bool(json, "layouts.own", l->own);
        lb_json_bool(json, "layouts.baseline", l->base);
        lb_json_number(json, "layouts.pages_per_1000", l->pages);
        put_tally(json, f, "layouts", &l->tally);
    }
}

static void put_groups(struct lb_json *json, const struct lb_found *f)
{
    lb_json_list(json, "answers");
    for (size_t i = 0; i < f->n_groups; i++) {
        const struct lb_found_group *g = &f->groups[i];
        lb_json_push_object(json, "answers");
        lb_json_text(json, "answers.suite", f->suites[g->suite].name);
        lb_json_text(json, "answers.name", g->name);
        lb_json_text(json, "answers.lock_lies", lb_lies_name(g->lies));
        lb_json_bool(json, "answers.own", g->own);
        lb_json_list(json, "answers.layouts");
        for (size_t k = 0; k < f->n_layouts; k++)
            if (lb_found_group_has(f, g, (int)k))
                lb_json_push_text(json, "answers.layouts", f->layouts[k].name);
        lb_json_number(json, "answers.pages_per_1000_lo", g->pages_lo);
        lb_json_number(json, "answers.pages_per_1000_hi", g->pages_hi);
        lb_json_number(json, "answers.pages_per_1000_baseline", g->pages_base);
        put_tally(json, f, "answers", &g->tally);
    }
}

static void put_places(struct lb_json *json, const struct lb_found *f)
{
    lb_json_list(json, "placements");
    for (size_t i = 0; i < f->n_places; i++) {
        const struct lb_found_cell *c = &f->cells[f->places[i].cell];
        lb_json_push_object(json, "placements");
        lb_json_text(json, "placements.suite", f->suites[c->suite].name);
        lb_json_text(json, "placements.placement", c->placement);
        lb_json_text(json, "placements.distance", c->distance);
        lb_json_text(json, "placements.home", c->home);
        lb_json_number(json, "placements.threads", c->threads);
        lb_json_number(json, "placements.work_ns", c->work_ns);
        lb_json_number(json, "placements.regime_ns", c->regime_ns);
        put_tally(json, f, "placements", &f->places[i].tally);
    }
}

static void put_suites(struct lb_json *json, const struct lb_found *f)
{
    lb_json_list(json, "suites");
    for (size_t i = 0; i < f->n_suites; i++) {
        const struct lb_found_suite *s = &f->suites[i];
        lb_json_push_object(json, "suites");
        lb_json_text(json, "suites.suite", s->name);
        lb_json_text(json, "suites.question", s->question);
        lb_json_text(json, "suites.sentence", s->answer);
        lb_json_text(json, "suites.baseline", s->baseline);
        lb_json_number(json, "suites.compared", s->shown);
        lb_json_number(json, "suites.undecided_in_all", s->undecided);
        lb_json_number(json, "suites.too_few_pairs", s->few);
        lb_json_number(json, "suites.too_wide", s->wide);
        lb_json_number(json, "suites.withheld", s->withheld);
        lb_json_text(json, "suites.withheld_why", s->withheld_why);
        lb_json_number(json, "suites.not_measured", s->not_measured);
        lb_json_number(json, "suites.budget_s", s->budget_s);
        lb_json_number(json, "suites.budget_decides", s->decidable);
        lb_json_bool(json, "suites.busy", s->busy);
        lb_json_number(json, "suites.off_cpu_share", s->off_cpu_share);
        lb_json_number(json, "suites.rounds", s->rounds);
        lb_json_number(json, "suites.windows", s->windows);
        lb_json_number(json, "suites.windows_spoiled", s->spoiled);
        lb_json_number(json, "suites.elapsed_s", s->elapsed_s);
        lb_json_text(json, "suites.ended", s->ended);
        lb_json_text(json, "suites.claims", s->claims);
        put_tally(json, f, "suites", &s->tally);
    }
}

static void put_cells(struct lb_json *json, const struct lb_found *f)
{
    lb_json_list(json, "cells");
    for (size_t i = 0; i < f->n_cells; i++) {
        const struct lb_found_cell *c = &f->cells[i];
        if (!c->subject)
            continue;
        lb_json_push_object(json, "cells");
        lb_json_text(json, "cells.suite", f->suites[c->suite].name);
        lb_json_text(json, "cells.scenario", c->scenario_name);
        lb_json_text(json, "cells.role", c->role);
        lb_json_text(json, "cells.layout", c->layout < 0 ? NULL : f->layouts[c->layout].name);
        lb_json_text(json, "cells.lock", c->layout < 0 ? NULL : f->layouts[c->layout].lock);
        lb_json_text(json, "cells.placement", c->placement);
        lb_json_text(json, "cells.distance", c->distance);
        lb_json_number(json, "cells.threads", c->threads);
        lb_json_number(json, "cells.work_ns", c->work_ns);
        lb_json_number(json, "cells.regime_ns", c->regime_ns);
        lb_json_bool(json, "cells.main_regime", c->main_regime);
        lb_json_bool(json, "cells.counts", c->about);
        lb_json_text(json, "cells.baseline", c->base);
        lb_json_number(json, "cells.net_ns", c->net);
        lb_json_number(json, "cells.diff_ns", c->diff);
        lb_json_number(json, "cells.ci95_lo", c->diff_lo);
        lb_json_number(json, "cells.ci95_hi", c->diff_hi);
        lb_json_text(json, "cells.verdict", verdict_of(c));
        lb_json_number(json, "cells.pairs", (double)c->pairs);
        lb_json_text(json, "cells.why", c->why);
    }
}

static void put_latencies(struct lb_json *json, const struct lb_found *f)
{
    char key[64];

    lb_json_list(json, "latencies");
    for (size_t i = 0; i < f->n_pu_pairs; i++) {
        const struct lb_found_pu_pairs *p = &f->pu_pairs[i];
        const struct lb_found_cell *c = &f->cells[p->cell];
        lb_json_push_object(json, "latencies");
        lb_json_text(json, "latencies.distance", c->placement);
        lb_json_text(json, "latencies.op", c->scenario_name);
        lb_json_number(json, "latencies.one_way_ns", c->net);
        lb_json_number(json, "latencies.ci95_lo", c->net_lo);
        lb_json_number(json, "latencies.ci95_hi", c->net_hi);
        lb_json_number(json, "latencies.pairs", (double)p->measured);
        lb_json_number(json, "latencies.pairs_possible", (double)p->possible);
        for (int slow = 0; slow < 2; slow++) {
            const struct lb_found_pu_pair *pair = slow ? &p->slowest : &p->fastest;
#define OF(NAME)                                                                                   \
    (snprintf(key, sizeof key, "latencies.%s.%s", slow ? "slowest" : "fastest", NAME), key)
            lb_json_number(json, OF("pu_a_os"), pair->a_os);
            lb_json_number(json, OF("pu_b_os"), pair->b_os);
            lb_json_number(json, OF("one_way_ns"), pair->ns);
#undef OF
        }
    }
}

static void put_scans(struct lb_json *json, const struct lb_found *f)
{
    lb_json_list(json, "scans");
    for (size_t i = 0; i < f->n_scans; i++) {
        const struct lb_found_scan *s = &f->scans[i];
        bool known = !*s->why;
        lb_json_push_object(json, "scans");
        lb_json_text(json, "scans.scenario", s->scenario);
        lb_json_text(json, "scans.role", s->role);
        lb_json_text(json, "scans.placement", s->placement);
        lb_json_bool(json, "scans.lock", s->lock);
        lb_json_number(json, "scans.work_ns", s->work_ns);
        lb_json_text(json, "scans.why", s->why);
        lb_json_number(json, "scans.size_bytes", known ? (double)s->size.size_bytes : (double)NAN);
        lb_json_number(json, "scans.below_bytes",
                       known ? (double)s->size.below_bytes : (double)NAN);
        lb_json_number(json, "scans.confidence", s->size.confidence);
        lb_json_number(json, "scans.cost_ns", s->size.cost_ns);
        lb_json_number(json, "scans.cost_ratio", s->size.cost_ratio);
    }
}

static const char *control_name(enum lb_control_state state)
{
    static const char *const names[] = {
        [LB_CONTROL_NONE] = "not measured",
        [LB_CONTROL_OPEN] = "not decided",
        [LB_CONTROL_PARTS] = "sharing shows",
        [LB_CONTROL_FAILS] = "sharing does not show",
    };

    return names[state];
}

static const char *pause_name(enum lb_self_check_state state)
{
    static const char *const names[] = {
        [LB_SELF_CHECK_NONE] = "not measured",
        [LB_SELF_CHECK_PASSED] = "hides nothing",
        [LB_SELF_CHECK_OPEN] = "not decided",
        [LB_SELF_CHECK_FAILED] = "hides the cost",
    };

    return names[state];
}

static void put_checks(struct lb_json *json, const struct lb_found *f)
{
    lb_json_list(json, "checks.controls");
    for (size_t i = 0; i < f->n_controls; i++) {
        const struct lb_found_cell *c = &f->cells[f->controls[i].cell];
        lb_json_push_object(json, "checks.controls");
        lb_json_text(json, "checks.controls.suite", f->suites[c->suite].name);
        lb_json_text(json, "checks.controls.placement", c->placement);
        lb_json_number(json, "checks.controls.work_ns", c->work_ns);
        lb_json_number(json, "checks.controls.regime_ns", c->regime_ns);
        lb_json_text(json, "checks.controls.state", control_name(f->controls[i].state));
        lb_json_number(json, "checks.controls.ratio", c->ratio);
        lb_json_number(json, "checks.controls.diff_ns", c->diff);
    }
    lb_json_list(json, "checks.pause");
    for (size_t i = 0; i < f->n_pauses; i++) {
        const struct lb_found_pause *p = &f->pauses[i];
        const struct lb_found_cell *c = &f->cells[p->at_short];
        lb_json_push_object(json, "checks.pause");
        lb_json_text(json, "checks.pause.suite", f->suites[c->suite].name);
        lb_json_text(json, "checks.pause.placement", c->placement);
        lb_json_number(json, "checks.pause.regime_ns", c->regime_ns);
        lb_json_text(json, "checks.pause.state", pause_name(p->state));
        lb_json_number(json, "checks.pause.at_short_ns", c->diff);
        lb_json_number(json, "checks.pause.at_long_ns", f->cells[p->at_long].diff);
    }
    lb_json_number(json, "checks.near_ns", f->near_ns);
    lb_json_number(json, "checks.far_ns", f->far_ns);
}

int lb_found_json(const struct lb_found *f, struct lb_json **json)
{
    struct lb_json *made;
    int err = lb_json_create(&made);

    if (err)
        return err;
    lb_json_text(made, "question", f->n_suites ? f->suites[0].question : NULL);
    lb_json_text(made, "sentence", f->n_suites ? f->suites[0].answer : NULL);
    lb_json_text(made, "baseline", f->n_suites ? f->suites[0].baseline : NULL);
    lb_json_text(made, "host", f->host);
    lb_json_text(made, "run", run_name(f));
    lb_json_text(made, "cpu", f->cpu);
    lb_json_text(made, "kernel", f->kernel);
    lb_json_text(made, "hypervisor", f->hypervisor);
    lb_json_text(made, "version", f->version);
    lb_json_text(made, "commit", f->commit);
    lb_json_text(made, "started_utc", f->started);
    put_suites(made, f);
    put_groups(made, f);
    put_places(made, f);
    put_layouts(made, f);
    put_cells(made, f);
    if (f->n_pu_pairs)
        put_latencies(made, f);
    if (f->n_scans)
        put_scans(made, f);
    put_checks(made, f);
    *json = made;
    return 0;
}

int lb_found_write(const struct lb_found *f, struct lb_why *why)
{
    struct lb_json *json;
    char path[640];
    int err = lb_found_json(f, &json);

    if (err)
        return lb_fail(why, -err, "%s: verdicts.json: %s", f->dir, strerror(-err));
    snprintf(path, sizeof path, "%s/verdicts.json", f->dir);
    err = lb_json_write(json, path, why);
    lb_json_destroy(json);
    return err ? err : write_rows(f, why);
}
