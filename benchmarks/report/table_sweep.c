/* SPDX-License-Identifier: MIT
 *
 * A sweep's tables: over all placements at once, what is faster where.
 */
#include "table.h"

#include <linebounce/scenario.h>

#include <string.h>

/* One layout over all placements. */
struct over_placements {
    int verdicts[LB_VERDICTS];
    int unfair, unjudged;
    const struct lb_result *best, *worst; /* by difference to the baseline */
};

static const struct lb_case *case_of(const struct lb_analysis *a, const struct lb_result *l)
{
    return &a->run->plan->cases[l->case_index];
}

/* The same scenario and work: one table. */
static bool same_table(const struct lb_case *a, const struct lb_case *b)
{
    return a->shape.scenario == b->shape.scenario && a->work_ns == b->work_ns &&
           a->shape.objects == b->shape.objects && a->shape.access == b->shape.access;
}

/* The same row of it. */
static bool same_row(const struct lb_case *a, const struct lb_case *b)
{
    return same_table(a, b) && a->shape.layout == b->shape.layout &&
           a->shape.touch == b->shape.touch && a->shape.lock == b->shape.lock && a->twin == b->twin;
}

static struct over_placements gather(const struct lb_analysis *a, const struct lb_result *like)
{
    struct over_placements o = {0};

    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_result *l = &a->lines[i];
        const struct lb_comparison *k = &l->comparison;
        if (!l->main_regime || l->role != like->role || !same_row(case_of(a, l), case_of(a, like)))
            continue;
        if (!l->compared || k->no_verdict) {
            o.unjudged++;
            continue;
        }
        o.verdicts[k->verdict]++;
        o.unfair += k->unfair;
        if (!o.best || k->difference.value < o.best->comparison.difference.value)
            o.best = l;
        if (!o.worst || k->difference.value > o.worst->comparison.difference.value)
            o.worst = l;
    }
    return o;
}

static void print_where(FILE *out, const struct lb_analysis *a, const struct lb_result *l)
{
    const struct lb_placement *p = &a->run->plan->placements[case_of(a, l)->placement];
    char text[96];

    snprintf(text, sizeof text, "%+.1f ns (%s%s%s)", l->comparison.difference.value, p->name,
             p->home == LB_HOME_LOCAL ? "" : ", ",
             p->home == LB_HOME_LOCAL ? "" : lb_home_name(p->home));
    fprintf(out, " %-34s", text);
}

/* Pages are compared to nothing: what an op took at least and at most, and where. */
static void print_range(FILE *out, const struct lb_analysis *a, const struct lb_result *like)
{
    const struct lb_result *best = NULL, *worst = NULL;

    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_result *l = &a->lines[i];
        if (!l->main_regime || l->role != like->role || !same_row(case_of(a, l), case_of(a, like)))
            continue;
        best = !best || l->ns_op.median < best->ns_op.median ? l : best;
        worst = !worst || l->ns_op.median > worst->ns_op.median ? l : worst;
    }
    fprintf(out, " %.0f ns/op (%s) to %.0f ns/op (%s)\n", best->ns_op.median,
            a->run->plan->placements[case_of(a, best)->placement].name, worst->ns_op.median,
            a->run->plan->placements[case_of(a, worst)->placement].name);
}

static void print_row(FILE *out, const struct lb_analysis *a, const struct lb_result *l)
{
    const struct lb_case *c = case_of(a, l);
    struct over_placements o = gather(a, l);
    char layout[LB_CASE_LAYOUT_BYTES];

    lb_case_layout(c, layout);
    fprintf(out, "  %-21s %-8s", layout, lb_case_role_name(c, l->role));
    if (c->shape.scenario->subject->uses_pages && !c->twin) {
        print_range(out, a, l);
        return;
    }
    if (c->base < 0) {
        fputs(" (baseline)\n", out);
        return;
    }
    fprintf(out, " %6d %5d %6d %6d %6d", o.verdicts[LB_VERDICT_FASTER], o.verdicts[LB_VERDICT_SAME],
            o.verdicts[LB_VERDICT_NOT_SLOWER], o.verdicts[LB_VERDICT_SLOWER],
            o.verdicts[LB_VERDICT_UNRESOLVED] + o.unjudged);
    if (o.best) {
        print_where(out, a, o.best);
        print_where(out, a, o.worst);
    }
    if (o.unfair)
        fprintf(out, " %d unfair", o.unfair);
    fputc('\n', out);
}

/* Whether an earlier line opened this row, or this table. */
static bool is_printed(const struct lb_analysis *a, size_t i, bool row)
{
    const struct lb_result *l = &a->lines[i];

    for (size_t k = 0; k < i; k++) {
        const struct lb_result *o = &a->lines[k];
        if (!o->main_regime || !lb_case_is_subject(case_of(a, o)))
            continue;
        if (row ? o->role == l->role && same_row(case_of(a, o), case_of(a, l))
                : same_table(case_of(a, o), case_of(a, l)))
            return true;
    }
    return false;
}

static void print_table(FILE *out, const struct lb_analysis *a, size_t first)
{
    const struct lb_case *c = case_of(a, &a->lines[first]);

    fprintf(out, "\n%s, %g ns of work", c->shape.scenario->name, c->work_ns);
    if (lb_scenario_counts_objects(c->shape.scenario))
        fprintf(out, ", %zu objects", c->shape.objects);
    if (c->shape.scenario->subject->uses_pages)
        fprintf(out, "\n  %-21s %-8s %s\n", "pages", "role", " least and most over placements");
    else
        fprintf(out, "\n  %-21s %-8s %6s %5s %6s %6s %6s %-34s %s\n", "layout", "role", "faster",
                "same", "not s.", "slower", "unres.", " best off", " worst off");
    for (size_t i = first; i < a->n_lines; i++)
        if (a->lines[i].main_regime && same_table(case_of(a, &a->lines[i]), c) &&
            !is_printed(a, i, true))
            print_row(out, a, &a->lines[i]);
}

/* Placements where the controls did not part: they cannot answer. */
static void print_controls(FILE *out, const struct lb_analysis *a)
{
    for (size_t i = 0; i < a->n_controls; i++) {
        const struct lb_control *k = &a->controls[i];
        const struct lb_placement *p = &a->run->plan->placements[k->placement];
        if (k->regime != lb_run_main_regime(a->run, k->placement))
            continue;
        if (k->state == LB_CONTROL_FAILS)
            fprintf(out,
                    "%s (%s) at %g ns of work: the controls do not part (%.1f ns): no verdicts "
                    "there\n",
                    p->name, lb_home_name(p->home), k->work_ns, k->difference.value);
        else if (k->state != LB_CONTROL_PARTS)
            fprintf(out,
                    "%s (%s) at %g ns of work: the controls are not seen to part: no verdicts "
                    "there\n",
                    p->name, lb_home_name(p->home), k->work_ns);
    }
    for (size_t i = 0; i < a->n_self_checks; i++)
        if (a->self_checks[i].state == LB_SELF_CHECK_FAILED &&
            a->self_checks[i].regime == lb_run_main_regime(a->run, a->self_checks[i].placement))
            fprintf(out, "%s: the self-check failed: no verdicts with work there\n",
                    a->run->plan->placements[a->self_checks[i].placement].name);
}

/* Placements whose PUs were seen at more than one distance. */
static void print_regimes(FILE *out, const struct lb_analysis *a)
{
    const struct lb_plan *p = a->run->plan;
    int changed = 0;

    for (size_t i = 0; i < p->n_placements; i++) {
        int first = -1;
        bool more = false;
        for (size_t k = 0; k < a->n_lines; k++) {
            const struct lb_result *l = &a->lines[k];
            if (case_of(a, l)->placement != (int)i || p->placements[i].n < 2)
                continue;
            more |= first >= 0 && l->regime != first;
            first = l->regime;
        }
        changed += more;
    }
    if (changed)
        fprintf(out,
                "\n%d of %zu placements were seen at more than one distance (a hypervisor moved "
                "their CPUs): cases are compared within one each.\n",
                changed, p->n_placements);
}

void table_sweep(const struct lb_analysis *a, const struct settings *s, FILE *out)
{
    (void)s;
    fprintf(out,
            "\nVerdicts against the baseline over %zu placements; every one of them is in "
            "summary.csv.\n",
            a->run->plan->n_placements);
    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_result *l = &a->lines[i];
        if (l->main_regime && lb_case_is_subject(case_of(a, l)) && !is_printed(a, i, false))
            print_table(out, a, i);
    }
    fputc('\n', out);
    print_controls(out, a);
    print_regimes(out, a);
}
