/* SPDX-License-Identifier: MIT
 *
 * What counters should count an op, by itself and beside what they did.
 */
#include "expected_table.h"

#include "labels.h"
#include "look.h"

#include <linebounce/expected.h>
#include <linebounce/scenario.h>

#include <math.h>
#include <string.h>

#define SHOWN (LB_EXPECTED_TAKEN + 1)

static const enum lb_handover handovers[] = {LB_HANDOVER_MIGRATORY, LB_HANDOVER_PLAIN};

static bool is_shown(const struct settings *s, enum lb_handover handover)
{
    return s->handover == LB_HANDOVER_UNKNOWN || s->handover == handover;
}

/* False: the model does not say. */
static bool put_counts(FILE *out, const struct settings *s, const struct lb_scenario *scenario,
                       const struct lb_layout *l, enum lb_lock_kind lock, int role)
{
    double counts[LB_EXPECTED_KINDS];

    for (size_t h = 0; h < LB_COUNT(handovers); h++) {
        if (!is_shown(s, handovers[h]))
            continue;
        if (lb_expected_counts(l, lock, scenario, role, handovers[h], scenario->pace == LB_PACE_ALL,
                               &lb_expected_times_usual, counts))
            return false;
        for (int k = 0; k < SHOWN; k++)
            fprintf(out, "%s %5.*f", k ? "" : "  ", counts[k] > 0 ? 2 : 0, counts[k]);
    }
    return true;
}

static void put_case(FILE *out, const struct settings *s, const struct lb_scenario *scenario,
                     const struct lb_layout *l, enum lb_lock_kind lock)
{
    char name[64] = "";

    if (l)
        snprintf(name, sizeof name, "%s%s%s", l->name, lock == l->lock ? "" : "+",
                 lock == l->lock ? "" : lb_lock_info(lock)->name);
    for (int role = 0; role < scenario->n_roles; role++) {
        fprintf(out, "%-14s %-21s %-7s", scenario->name, name,
                scenario->n_roles > 1 ? scenario->roles[role].name : "");
        if (!put_counts(out, s, scenario, l, lock, role))
            fputs("  not expected by this model", out);
        fputc('\n', out);
    }
}

static void put_scenario(FILE *out, const struct settings *s, const struct lb_scenario *scenario)
{
    const struct lb_layout *layouts = s->layouts.n ? s->layouts.at : lb_layouts;
    const enum lb_lock_kind *locks = s->locks.at;
    size_t n = s->layouts.n ? s->layouts.n : lb_n_layouts;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < (s->locks.n ? s->locks.n : 1); k++) {
            enum lb_lock_kind lock = s->locks.n ? locks[k] : layouts[i].lock;
            if (!lb_layout_allows(&layouts[i], lock, NULL))
                put_case(out, s, scenario, &layouts[i], lock);
        }
}

static void put_head(FILE *out, const struct settings *s)
{
    const struct lb_expected_times *t = &lb_expected_times_usual;

    fprintf(out,
            "What counters should count an op, by a model of two threads and their lines: %.0f ns "
            "between ops,\nlines that take %.0f ns to fetch and %.0f to upgrade. Nothing was "
            "measured.\n\n%44s",
            t->work_ns, t->costs[LB_COST_LOAD], t->costs[LB_COST_UPGRADE], "");
    for (size_t h = 0; h < LB_COUNT(handovers); h++)
        if (is_shown(s, handovers[h]))
            fprintf(out, "     %-21s", lb_handover_name(handovers[h]));
    fprintf(out, "\n%-14s %-21s %-7s", "scenario", "layout", "role");
    for (size_t h = 0; h < LB_COUNT(handovers); h++)
        if (is_shown(s, handovers[h]))
            fprintf(out, "   %5s %5s %5s %5s", "L", "R", "U", "I");
    fputc('\n', out);
}

void expected_table(FILE *out, const struct settings *s)
{
    static const enum lb_scenario_kind known[] = {LB_SCENARIO_SAME_OBJECT, LB_SCENARIO_NEIGHBOURS,
                                                  LB_SCENARIO_OBSERVER, LB_SCENARIO_NESTED};
    const struct lb_scenario *const *asked = s->scenarios.at;

    put_head(out, s);
    if (!s->scenarios.n) {
        put_case(out, s, &lb_scenarios[LB_SCENARIO_CONTROL_SHARED], NULL, LB_LOCK_RWSEM40);
        put_case(out, s, &lb_scenarios[LB_SCENARIO_CONTROL_APART], NULL, LB_LOCK_RWSEM40);
    }
    for (size_t i = 0; i < (s->scenarios.n ? s->scenarios.n : LB_COUNT(known)); i++)
        put_scenario(out, s, s->scenarios.n ? asked[i] : &lb_scenarios[known[i]]);
    fputs("\nL: loads that found the line modified, or taken, in another core's cache. R: stores "
          "and locked ops\nthat did. U: those that changed a line which both had, and took the "
          "other's copy. I: lines that\nanother core took away from this one.\n"
          "On Intel hitm_* counts L, rfo_hitm* R, rfo_shared U, and invalidated what was modified "
          "here of I;\non AMD hitm_* counts L + R; on Arm invalidated counts I.\n"
          "Which hand-over a machine has is found by time: machine.handover in run.json of any run "
          "there.\n",
          out);
}

/* Beside counts -------------------------------------------------------------------------------
 */

static void put_beside(FILE *out, const struct lb_analysis *a, const struct lb_result *l,
                       const char *name)
{
    char text[1024] = "";
    struct lb_canvas t = {text, sizeof text, 0};

    for (size_t i = 0; l->counts && i < a->run->n_events; i++) {
        const struct lb_result_count *k = &l->counts[i];
        if (isfinite(k->expected) && isfinite(k->per_op))
            lb_canvas_put(&t, "%s%s expected %.2f (model), counted %.2f", t.used ? "; " : "",
                          a->run->events[i].event.name, k->expected, k->per_op);
    }
    if (t.used && l->expected == LB_EXPECTATION_MISSED)
        lb_canvas_put(&t, "; lines found modified are over %.0f %% off", 100 * LB_EXPECTED_APART);
    if (t.used) {
        fprintf(out, "%s: ", name);
        wrap_print(text, (int)strlen(name) + 2, 4, WRAP_COLUMNS, out);
    }
}

void expected_beside(FILE *out, const struct lb_analysis *a, const int *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct lb_case *c = &a->run->plan->cases[rows[i]];
        char label[CASE_LABEL_BYTES], name[CASE_LABEL_BYTES + 16];
        case_label(c, label);
        for (int role = 0; role < lb_case_roles(c); role++) {
            const struct lb_result *l = lb_analysis_find(a, rows[i], role);
            snprintf(name, sizeof name, "%s%s%s", label, lb_case_roles(c) > 1 ? " " : "",
                     lb_case_roles(c) > 1 ? lb_case_role_name(c, role) : "");
            if (l)
                put_beside(out, a, l, name);
        }
    }
}
