/* SPDX-License-Identifier: MIT
 *
 * What of this machine spoils results, and a measurement of two seconds that shows whether it does.
 */
#include "checkup.h"

#include "suite.h"

#include <linebounce/analysis.h>
#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PROBE_S 2.0
/* Past LB_LOAD_LEAST_S: shares of a shorter span say nothing. */
#define GLANCE_S   (1.25 * LB_LOAD_LEAST_S)
#define LINES_MOST 3

int checkup_pus(const struct settings *s, const struct lb_topology *t, struct lb_why *why,
                struct lb_placement *p)
{
    const char *const *named = s->placements.at;
    const int *threads = s->threads.at;
    int n = s->threads.n ? threads[0] : 0;
    const char *usual = n == 0 || n == 2 ? "closest" : "compact"; /* the former is a pair */

    return s->pus ? lb_placement_list(t, s->pus, why, p)
                  : lb_placement_named(t, s->placements.n ? named[0] : usual, n, why, p);
}

static void wait_s(double s)
{
    struct timespec t = {(time_t)s, (long)((s - floor(s)) * 1e9)};

    while (nanosleep(&t, &t) && errno == EINTR)
        ;
}

/* Whether any task beside this one runs or wants to. */
static bool has_company(void)
{
    struct lb_load_mark now;

    lb_load_read("", NULL, 0, &now);
    return now.runnable > 1;
}

int checkup_look(const struct lb_placement *p, double span_s, struct lb_facts *facts)
{
    struct lb_facts_mark *mark;
    int err = lb_facts_begin("", p->pu_os, (size_t)p->n, &mark);

    if (err)
        return err;
    if (span_s > 0)
        wait_s(span_s);
    else if (has_company())
        wait_s(GLANCE_S);
    return lb_facts_end(mark, facts);
}

/* What is looked for has to be seen in the regime that tables show. */
static void take_controls(const struct lb_analysis *a, struct lb_doctor_probe *p)
{
    int regime = lb_run_main_regime(a->run, 0);

    p->controls_part = -1;
    p->controls_lo_ns = NAN;
    for (size_t i = 0; i < a->n_controls; i++) {
        const struct lb_control *c = &a->controls[i];
        if (c->placement || c->regime != regime || c->work_ns <= 0)
            continue;
        if (c->state == LB_CONTROL_FAILS)
            p->controls_part = 0;
        if (c->state == LB_CONTROL_PARTS && p->controls_part < 0) {
            p->controls_part = 1;
            p->controls_lo_ns = c->difference.lo;
        }
    }
}

static void take_run(struct lb_analysis *a, struct lb_doctor_probe *p)
{
    const struct lb_run *run = a->run;
    size_t most = 0;

    p->known = true;
    p->spoiled_share = a->disturbance.spoiled_share;
    for (size_t i = 1; i < LB_SPOILED_KINDS; i++)
        most = run->spoiled_by[i] > run->spoiled_by[most] ? i : most;
    p->spoiled_why = lb_spoiled_name((enum lb_spoiled)most);
    p->near_ns = run->n_regimes ? run->regime_ns[0] : NAN;
    p->far_ns = run->n_regimes ? run->regime_ns[run->n_regimes - 1] : NAN;
    take_controls(a, p);
}

/* Two layouts beside the controls: few enough for a dozen rounds. */
static int make_plan(const struct settings *s, const struct lb_topology *t, struct lb_why *why,
                     struct lb_plan **plan)
{
    static const struct lb_scenario *const scenario = &lb_scenarios[LB_SCENARIO_SAME_OBJECT];
    static const double work_ns = LB_WORK_HEADLINE_NS;
    struct request r;
    int err;

    request_init(s, &suite_layouts, &r);
    r.plan.suite = "doctor";
    r.plan.scenarios = &scenario;
    r.plan.work_ns = &work_ns;
    r.plan.n_scenarios = r.plan.n_work_ns = 1;
    r.plan.layouts = lb_layouts;
    r.plan.n_layouts = 2;
    r.plan.baseline = lb_layouts[0].name;
    err = lb_plan_create(&r.plan, t, why, plan);
    request_finish(&r);
    return err;
}

static int measure(const struct settings *s, const struct lb_plan *plan,
                   const struct lb_topology *t, struct lb_why *why, struct lb_doctor_probe *p)
{
    const struct lb_run_options options = {
        .seed = s->seed, .budget_s = PROBE_S, .precision_ns = 1e-3, /* until the time is spent */
    };
    struct lb_run *run = NULL;
    struct lb_analysis *a;
    int err = lb_run_measure(plan, t, &options, NULL, why, &run);

    if (!err && !(err = lb_analysis_create(run, &s->margin, &a))) {
        take_run(a, p);
        lb_analysis_destroy(a);
    }
    lb_run_destroy(run);
    return err;
}

void checkup_probe(const struct settings *s, const struct lb_topology *t, struct lb_facts *facts)
{
    struct lb_doctor_probe *p = &facts->probe;
    struct lb_plan *plan = NULL;
    struct lb_why why = {""};
    int err = make_plan(s, t, &why, &plan);

    if (!err)
        err = measure(s, plan, t, &why, p);
    if (err)
        snprintf(p->failed, sizeof p->failed, "%s", lb_explain(&why, err, "probe")->text);
    lb_plan_destroy(plan);
}

static int record(const struct lb_finding *f, struct lb_json *manifest)
{
    char text[sizeof f->text + sizeof f->remedy + 64];

    snprintf(text, sizeof text, "%s %s: %s%s%s", lb_check_sign(f->level), f->check, f->text,
             *f->remedy ? "; remedy: " : "", f->remedy);
    return lb_json_push_text(manifest, "machine.findings", text);
}

static void say(const struct lb_finding *f, bool last, char said[CHECKUP_BYTES])
{
    size_t used = strlen(said);

    snprintf(said + used, CHECKUP_BYTES - used, "linebounce: %s: %s%s\n", f->check, f->text,
             last ? " (linebounce doctor says more)" : "");
}

/* One thread is measured where it was asked for: suites that cannot answer with it refuse. */
static bool is_asked_for(const struct lb_finding *f, const struct lb_placement *p)
{
    return p->n == 1 && !strcmp(f->check, "CPUs");
}

int checkup_begin(const struct settings *s, const struct lb_topology *t, struct lb_json *manifest,
                  char said[CHECKUP_BYTES])
{
    struct lb_placement p;
    struct lb_facts facts;
    struct lb_finding f;
    size_t spoil = 0, found = 0;
    int err = checkup_pus(s, t, NULL, &p);

    *said = '\0';
    if (err) /* the plan will say what is wrong with it */
        return err == -ENOMEM ? err : lb_json_text(manifest, "machine.findings", NULL);
    err = checkup_look(&p, 0, &facts);
    for (size_t i = 0; !err && i < lb_n_checks(); i++) {
        lb_check(i, &facts, &f);
        if (f.level < LB_CHECK_WARNS || is_asked_for(&f, &p))
            continue;
        found++;
        err = record(&f, manifest);
        if (f.level == LB_CHECK_SPOILS && ++spoil <= LINES_MOST)
            say(&f, spoil == LINES_MOST, said);
    }
    lb_placement_finish(&p);
    return err || found ? err : lb_json_text(manifest, "machine.findings", NULL);
}
