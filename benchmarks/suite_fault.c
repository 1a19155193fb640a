/* SPDX-License-Identifier: MIT
 *
 * fault: the running kernel. What does a page fault cost here, on how many threads, in one mapping
 * or in many, and beside a thread that changes the address space?
 */
#include "suite.h"

#include "report/labels.h"
#include "report/table.h"

#include <linebounce/scenario.h>

#include <math.h>
#include <stdlib.h>

/* The plain loop comes along for the harness's sake: see print_bare. */
static const struct lb_scenario *const all[] = {
    &lb_scenarios[LB_SCENARIO_PFT],           &lb_scenarios[LB_SCENARIO_FAULT_BARE],
    &lb_scenarios[LB_SCENARIO_PRIVATE],       &lb_scenarios[LB_SCENARIO_FAULT_MAP],
    &lb_scenarios[LB_SCENARIO_FAULT_PROTECT], &lb_scenarios[LB_SCENARIO_MAPPER],
    &lb_scenarios[LB_SCENARIO_MAP],           &lb_scenarios[LB_SCENARIO_FILE_PRIVATE],
    &lb_scenarios[LB_SCENARIO_FILE_SHARED],
};
/* The others have windows of 0.6 s: a quick look has too few of those. */
#define QUICK_SCENARIOS 7

/* A kernel's fault is long enough: nothing has to lie between two. */
static const double works[] = {0};
static const int threads[] = {1, 2};

/* The plain loop comes along with pft. */
static void add_bare(const struct settings *s, struct request *r)
{
    const struct lb_scenario *bare = &lb_scenarios[LB_SCENARIO_FAULT_BARE];
    const struct lb_scenario *const *given = s->scenarios.at;
    struct list *own = &r->own.scenarios;
    bool wanted = false;

    for (size_t i = 0; i < s->scenarios.n; i++) {
        list_add(own, sizeof *given, &given[i]);
        wanted |= given[i]->kind == LB_SCENARIO_PFT;
    }
    if (wanted)
        list_add(own, sizeof bare, &bare);
    r->plan.scenarios = own->at;
    r->plan.n_scenarios = own->n;
}

static void defaults(const struct settings *s, struct request *request)
{
    struct lb_request *r = &request->plan;
    if (s->scenarios.n)
        add_bare(s, request);
    REQUEST_FIRST(r, scenarios, all, s->quick ? QUICK_SCENARIOS : LB_COUNT(all));
    r->baseline = NULL; /* the layouts of other suites have no part in it */
    r->layouts = NULL;
    r->n_layouts = 0;
    r->controls = false; /* for lines that bounce; here the kernel decides what does */
    REQUEST_ALL(r, work_ns, works);
    if (!r->n_threads && !r->n_placements && !s->pus) {
        r->threads = threads;
        r->n_threads = LB_COUNT(threads);
        r->threads_fit = true;
    }
}

/* Thousands with three digits: "541 k", "1.09 M". */
static void rate(double per_s, char *text, size_t bytes)
{
    if (!isfinite(per_s))
        snprintf(text, bytes, "-");
    else if (per_s < 999.5e3)
        snprintf(text, bytes, "%.3g k", per_s / 1e3);
    else
        snprintf(text, bytes, "%.3g M", per_s / 1e6);
}

static void print_line(FILE *out, const struct lb_analysis *a, const struct lb_result *l)
{
    const struct lb_case *c = &a->run->plan->cases[l->case_index];
    bool faults = lb_op_faults(c->shape.scenario->roles[l->role].op);
    char ns_op[INTERVAL_BYTES], cpu[24], wall[24], name[96], touch[LB_CASE_LAYOUT_BYTES];

    lb_case_layout(c, touch);
    snprintf(name, sizeof name, "%s%s%s", c->shape.scenario->name, lb_case_roles(c) > 1 ? " " : "",
             lb_case_roles(c) > 1 ? lb_case_role_name(c, l->role) : "");
    rate(faults ? l->faults_per_cpu_s : NAN, cpu, sizeof cpu);
    rate(faults ? l->faults_per_wall_s : NAN, wall, sizeof wall);
    interval_text("%.0f", l->ns_op.median, l->ns_op.lo, l->ns_op.hi, ns_op);
    fprintf(out, "  %-21s %-8s %-20s %7s %7s %5.3f %4.2f %5.1f%% %5.2f %5.2f\n", name, touch, ns_op,
            cpu, wall, l->faults_per_op, l->min_over_max, 100 * l->off_cpu_share, l->per.voluntary,
            l->per.involuntary);
}

static void print_head(FILE *out, const struct lb_placement *p)
{
    fprintf(out, "\n%d thread%s, %s, CPUs", p->n, p->n == 1 ? "" : "s",
            p->n > 1 ? lb_distance_name(p->distance) : p->name);
    for (int i = 0; i < p->n; i++)
        fprintf(out, "%c%d", i ? ',' : ' ', p->pu_os[i]);
    fprintf(out, "\n  %-21s %-8s %-20s %7s %7s %5s %4s %6s %5s %5s\n", "workload", "pages",
            "ns/op [95 %]", "/CPU s", "/wall s", "fl/op", "fair", "offCPU", "vol/k", "inv/k");
}

/* A workload without a good window has no line. */
static void print_missing(FILE *out, const struct lb_run *run, int placement)
{
    char touch[LB_CASE_LAYOUT_BYTES];

    for (size_t i = 0; i < run->plan->n_cases; i++) {
        const struct lb_case *c = &run->plan->cases[i];
        const struct lb_series *s = &run->series[i];
        if (s->n || c->placement != placement || !c->shape.scenario->subject->uses_pages ||
            !lb_case_is_subject(c))
            continue;
        lb_case_layout(c, touch);
        fprintf(out, "  %-21s %-8s no good window (%u tried): why, say the rows of samples.csv\n",
                c->shape.scenario->name, touch, s->attempts);
    }
}

/* How much longer a fault takes in the crew's loop than in a plain one: bare is compared to pft. */
static void print_bare(FILE *out, const struct lb_result *l)
{
    const struct lb_estimate *r = &l->comparison.ratio;

    if (l->compared && r->lo > 0 && isfinite(r->hi)) /* two pairs have no interval */
        fprintf(out,
                "  The crew's loop around pft takes %.4f times [%.4f, %.4f] what a plain loop of "
                "touches does (%zu pairs).\n",
                1 / r->value, 1 / r->hi, 1 / r->lo, l->pairs);
}

static void conclude(const struct lb_analysis *a, const struct settings *s, FILE *out)
{
    const struct lb_plan *p = a->run->plan;

    (void)s;
    for (size_t k = 0; k < p->n_placements; k++) {
        print_head(out, &p->placements[k]);
        for (int pass = 0; pass < 2; pass++)
            for (size_t i = 0; i < a->n_lines; i++) {
                const struct lb_result *l = &a->lines[i];
                const struct lb_case *c = &p->cases[l->case_index];
                if (!l->main_regime || c->placement != (int)k ||
                    !c->shape.scenario->subject->uses_pages)
                    continue;
                if (!pass && lb_case_is_subject(c))
                    print_line(out, a, l);
                else if (pass && c->shape.scenario->kind == LB_SCENARIO_FAULT_BARE)
                    print_bare(out, l);
            }
        print_missing(out, a->run, (int)k);
    }
}

const struct suite suite_fault = {
    .name = "fault",
    .question = "what does a page fault cost in this kernel, alone and beside others?",
    .example = "linebounce run fault --scenario pft,private --threads 1,2",
    .defaults = defaults,
    .conclude = conclude,
};
