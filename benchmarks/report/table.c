/* SPDX-License-Identifier: MIT
 *
 * The table: a row a layout and role, a group a scenario, placement and work.
 */
#include "table.h"

#include "labels.h"

#include <linebounce/scenario.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The case that stands beside `c` at another work: same scenario, layout, lock, placement, objects.
 */
static int at_work(const struct lb_plan *p, const struct lb_case *c, double work_ns)
{
    for (size_t i = 0; i < p->n_cases; i++) {
        const struct lb_case *o = &p->cases[i];
        if (o->shape.scenario == c->shape.scenario && o->shape.layout == c->shape.layout &&
            o->shape.lock == c->shape.lock && o->placement == c->placement &&
            o->shape.objects == c->shape.objects && o->shape.access == c->shape.access &&
            o->shape.offset_bytes == c->shape.offset_bytes && o->twin == c->twin &&
            o->work_ns == work_ns)
            return (int)i;
    }
    return -1;
}

static void cell(FILE *out, int width, const char *text)
{
    fprintf(out, " %-*s", width, text);
}

static void verdict_cell(FILE *out, const struct lb_analysis *a, const struct lb_result *l)
{
    char text[32];
    const struct lb_case *c = &a->run->plan->cases[l->case_index];

    if (c->base < 0)
        snprintf(text, sizeof text, "(baseline)");
    else if (!l->compared)
        snprintf(text, sizeof text, "no pairs");
    else
        snprintf(text, sizeof text, "%s%s", l->comparison.unfair ? "unfair: " : "",
                 lb_verdict_name(l->comparison.verdict));
    cell(out, 14, text);
}

/* 1 for the baseline itself; a row without a pair has none. */
static void ratio_cell(FILE *out, const struct lb_analysis *a, const struct lb_result *l)
{
    char text[24] = "-";

    if (l->compared)
        snprintf(text, sizeof text, "%.2f", l->comparison.ratio.value);
    else if (a->run->plan->cases[l->case_index].base < 0)
        snprintf(text, sizeof text, "1");
    cell(out, 5, text);
}

/* The time of its ops holds no pause: nothing is taken off. */
static bool is_paced(const struct lb_analysis *a, const struct lb_result *l)
{
    return lb_workload_paced(&a->run->plan->cases[l->case_index].shape, l->role);
}

/* Net time with interval, ratio, difference with interval, verdict: one work's half of a row. */
static void half_row(FILE *out, const struct lb_analysis *a, const struct lb_result *l, bool wide)
{
    char text[INTERVAL_BYTES] = "-";
    const struct lb_comparison *k;

    if (!l) {
        cell(out, wide ? 64 : 43, "not measured");
        return;
    }
    k = &l->comparison;
    if (is_paced(a, l))
        interval_text(digits_of(l->ns_op.median, false), l->ns_op.median, l->ns_op.lo, l->ns_op.hi,
                      text);
    else if (l->net.n)
        interval_text(digits_of(l->net.value, false), l->net.value, l->net.lo, l->net.hi, text);
    cell(out, 20, text);
    ratio_cell(out, a, l);
    if (wide) {
        text[0] = '\0';
        if (l->compared)
            interval_text(digits_of(k->difference.value, true), k->difference.value,
                          k->difference.lo, k->difference.hi, text);
        cell(out, 22, text);
    }
    verdict_cell(out, a, l);
}

static void tail_cells(FILE *out, const struct lb_result *l, const struct lb_case *c)
{
    struct lb_geometry g;

    if (l)
        fprintf(out, " %5.2f %5.1f%%", l->min_over_max, 100 * l->off_cpu_share);
    else
        fprintf(out, " %5s %6s", "-", "-");
    if (c->shape.layout && !lb_geometry_init(c->shape.layout, c->shape.lock, NULL, &g))
        fprintf(out, " %6zu %6zu", g.bytes_per_object, g.pages_per_1000);
    fputc('\n', out);
}

static void row(FILE *out, const struct lb_analysis *a, int index, int role)
{
    const struct lb_plan *p = a->run->plan;
    const struct lb_case *c = &p->cases[index];
    int saturated = c->work_ns > 0 ? at_work(p, c, 0) : -1;
    const struct lb_result *l = lb_analysis_find(a, index, role);
    char name[CASE_LABEL_BYTES];

    case_label(c, name);
    if (role > 0)
        name[0] = '\0';
    fprintf(out, "%-*s", NAME_WIDTH, name);
    if (lb_case_roles(c) > 1)
        fprintf(out, " %-8s", lb_case_role_name(c, role));
    half_row(out, a, l, true);
    if (saturated >= 0)
        half_row(out, a, lb_analysis_find(a, saturated, role), false);
    tail_cells(out, l, c);
}

static void work_title(char *text, size_t bytes, double work_ns)
{
    if (work_ns > 0)
        snprintf(text, bytes, "at %g ns of work%s", work_ns,
                 work_ns == LB_WORK_HEADLINE_NS ? " (the headline)" : "");
    else
        snprintf(text, bytes, "saturated throughput (no pause)");
}

static void head(FILE *out, const struct lb_analysis *a, const struct lb_case *c)
{
    const struct lb_plan *p = a->run->plan;
    const struct lb_placement *place = &p->placements[c->placement];
    bool both = c->work_ns > 0 && at_work(p, c, 0) >= 0;
    double trip = a->run->regime_ns[lb_run_main_regime(a->run, c->placement)];
    char title[64];
    int names = NAME_WIDTH + (lb_case_roles(c) > 1 ? 9 : 0);

    fprintf(out, "\n%s: %s\n  %d thread%s, %s", c->shape.scenario->name,
            c->shape.scenario->question, c->shape.threads, c->shape.threads == 1 ? "" : "s",
            c->shape.threads > 1 ? lb_distance_name(place->distance) : place->name);
    fputs(", CPUs", out);
    for (int i = 0; i < place->n; i++)
        fprintf(out, "%c%d", i ? ',' : ' ', place->pu_os[i]);
    if (c->shape.threads > 1 && isfinite(trip))
        fprintf(out, ", round trip %.0f ns", trip);
    if (place->home != LB_HOME_LOCAL)
        fprintf(out, ", %s memory", lb_home_name(place->home));
    if (lb_scenario_counts_objects(c->shape.scenario))
        fprintf(out, ", %zu objects", c->shape.objects);
    if (lb_scenario_picks(c->shape.scenario))
        fprintf(out, ", %s", lb_picking_name(c->shape.access));
    rates_set(out, c);
    work_title(title, sizeof title, c->work_ns);
    fprintf(out, "\n%*s %-64s", names, "", title);
    if (both)
        fprintf(out, " %-41s", "saturated throughput (work 0)");
    fprintf(out, "\n%-*s %-20s %-5s %-22s %-14s", names, "layout", "net ns/op [95 %]", "ratio",
            "difference ns [95 %]", "verdict");
    if (both)
        fprintf(out, " %-20s %-5s %-14s", "net ns/op [95 %]", "ratio", "verdict");
    fprintf(out, " %5s %6s", "fair", "offCPU");
    if (c->shape.layout)
        fprintf(out, " %6s %6s", "B/obj", "pg/1k");
    fputc('\n', out);
}

/* Cases at work 0 stand in the row of their headline. */
static bool stands_alone(const struct lb_plan *p, const struct lb_case *c)
{
    if (!lb_case_is_subject(c))
        return false;
    if (c->work_ns > 0)
        return true;
    for (size_t i = 0; i < p->n_cases; i++)
        if (p->cases[i].work_ns > 0 && p->cases[i].shape.scenario == c->shape.scenario &&
            p->cases[i].placement == c->placement)
            return false;
    return true;
}

static bool starts_group(const struct lb_case *c, const struct lb_case *last)
{
    return !last || !lb_case_is_beside(c, last);
}

static void print_causes(FILE *out, const struct lb_analysis *a, size_t first)
{
    const struct lb_plan *p = a->run->plan;
    const struct lb_case *c = &p->cases[first];
    int *rows = calloc(p->n_cases, sizeof *rows);
    size_t n = 0;

    for (size_t i = first; rows && i < p->n_cases; i++)
        if (lb_case_is_subject(&p->cases[i]) && !starts_group(&p->cases[i], c))
            rows[n++] = (int)i;
    if (n)
        causes_group(out, a, rows, n, NAME_WIDTH + (lb_case_roles(c) > 1 ? 9 : 0));
    free(rows);
}

/* Below the rows: rates at this work, and at saturation where that stands beside it. */
static void print_rates(FILE *out, const struct lb_analysis *a, size_t first)
{
    const struct lb_plan *p = a->run->plan;
    const struct lb_case *c = &p->cases[first];
    int *rows = calloc(2 * p->n_cases, sizeof *rows), *idle = rows ? rows + p->n_cases : NULL;
    size_t n = 0, n_idle = 0;
    char title[64];

    for (size_t i = first; rows && i < p->n_cases; i++)
        if (lb_case_is_subject(&p->cases[i]) && !starts_group(&p->cases[i], c)) {
            int saturated = c->work_ns > 0 ? at_work(p, &p->cases[i], 0) : -1;
            rows[n++] = (int)i;
            if (saturated >= 0)
                idle[n_idle++] = saturated;
        }
    if (c->work_ns > 0)
        snprintf(title, sizeof title, "at %g ns", c->work_ns);
    else
        snprintf(title, sizeof title, "saturated");
    rates_group(out, a, rows, n, title);
    rates_group(out, a, idle, n_idle, "saturated");
    if (n && c->shape.every_ns > 0 && isfinite(a->run->timer_floor_ns))
        fprintf(out,
                "ns/op of what begins by the clock is an op between its time-stamps (%.0f ns "
                "by themselves).\n",
                a->run->timer_floor_ns);
    free(rows);
}

/* That of the table first, then whatever else has pairs, near first. */
static void verdict_sentences(FILE *out, const struct lb_analysis *a, size_t first)
{
    int placement = a->run->plan->cases[first].placement;
    int shown = lb_run_main_regime(a->run, placement);

    verdict_sentence(out, a, first, shown);
    for (int r = 0; r < a->run->n_regimes; r++) {
        bool pairs = false;
        for (size_t i = 0; r != shown && i < a->n_lines; i++) {
            const struct lb_result *l = &a->lines[i];
            const struct lb_case *c = &a->run->plan->cases[l->case_index];
            pairs |= l->regime == r && l->compared && isfinite(l->comparison.difference.lo) &&
                     lb_case_is_subject(c) && !starts_group(c, &a->run->plan->cases[first]);
        }
        if (pairs)
            verdict_sentence(out, a, first, r);
    }
}

static void print_group(FILE *out, const struct lb_analysis *a, size_t first)
{
    const struct lb_plan *p = a->run->plan;
    const struct lb_case *c = &p->cases[first];

    head(out, a, c);
    for (size_t i = first; i < p->n_cases; i++)
        if (lb_case_is_subject(&p->cases[i]) && !starts_group(&p->cases[i], c))
            for (int role = 0; role < lb_case_roles(c); role++)
                row(out, a, (int)i, role);
    print_rates(out, a, first);
    verdict_sentences(out, a, first);
    print_causes(out, a, first);
}

/* True when an earlier case opened this group: plans interleave objects and access within a layout.
 */
static bool is_printed(const struct lb_plan *p, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (lb_case_is_subject(&p->cases[j]) && !starts_group(&p->cases[i], &p->cases[j]))
            return true;
    return false;
}

void table_layouts(const struct lb_analysis *a, FILE *out)
{
    const struct lb_plan *p = a->run->plan;

    for (size_t i = 0; i < p->n_cases; i++)
        if (stands_alone(p, &p->cases[i]) && !is_printed(p, i))
            print_group(out, a, i);
    verdict_controls(out, a);
    verdict_answer(out, a);
}

void table_run(const struct lb_analysis *a, FILE *out)
{
    const struct lb_run *r = a->run;

    fprintf(out, "\n%u rounds, %zu windows (%zu spoiled and repeated), %.0f s, ended: %s.\n",
            r->rounds, r->windows, r->windows_spoiled, r->elapsed_s, lb_run_end_name(r->end));
    if (r->dropped)
        fprintf(out,
                "%zu samples are left out: the distance between the CPUs changed between the "
                "windows that each is the mean of (of a layout that roams, or of the loop of "
                "nothing).\n",
                r->dropped);
    verdict_busy(out, a);
    fprintf(out, "clock %s, step %.1f ns, %.0f ns a reading%s%s", lb_clock_name(&r->clock),
            r->clock.step_ns, r->clock.read_ns, *r->clock.note ? "; " : "", r->clock.note);
    if (r->steal_ticks > 0)
        fprintf(out, "; %lld ms stolen by the host", (long long)r->steal_ticks * 10);
    fputs(".\n", out);
    causes_notes(out, a);
    if (r->plan->n_placements > 1) /* each has its own: a sweep's table says which changed */
        return;
    if (r->n_regimes > 1) {
        fprintf(out, "%d distances between the same CPUs were seen during the run (round trips of",
                r->n_regimes);
        for (int i = 0; i < r->n_regimes; i++)
            fprintf(out, "%s %.0f", i ? "," : "", r->regime_ns[i]);
        fprintf(out,
                " ns): each has its own controls and verdicts. The tables show that of %.0f ns, "
                "where most pairs are; sentences below them name the others.\n",
                r->regime_ns[lb_run_main_regime(r, 0)]);
    } else if (isfinite(r->regime_ns[0])) {
        fprintf(out, "A line's round trip between the CPUs was %.0f ns throughout.\n",
                r->regime_ns[0]);
    }
}
