/* SPDX-License-Identifier: MIT
 *
 * Sentences below the table: who is faster, whether the controls part, whether the lock may
 * move.
 */
#include "table.h"

#include "labels.h"

#include <linebounce/scenario.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool same_group(const struct lb_case *a, const struct lb_case *b)
{
    return lb_case_is_subject(a) && lb_case_is_subject(b) && lb_case_is_beside(a, b);
}

static void name_line(FILE *out, const struct lb_analysis *a, const struct lb_result *l)
{
    const struct lb_case *c = &a->run->plan->cases[l->case_index];
    char label[CASE_LABEL_BYTES];

    case_label(c, label);
    fputs(label, out);
    if (lb_case_roles(c) > 1)
        fprintf(out, " (%s)", lb_case_role_name(c, l->role));
}

/* All lines of a group in a regime with one verdict, with their differences. Returns how many. */
static int list_verdict(FILE *out, const struct lb_analysis *a, size_t first, int regime,
                        enum lb_verdict verdict, int before)
{
    const struct lb_plan *p = a->run->plan;
    const char *word = verdict == LB_VERDICT_SAME ? "the same" : lb_verdict_name(verdict);
    int n = 0;

    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_result *l = &a->lines[i];
        if (l->regime != regime || !l->compared || l->comparison.verdict != verdict ||
            !same_group(&p->cases[l->case_index], &p->cases[first]))
            continue;
        if (!n)
            fprintf(out, "%s%s ", before ? "; " : " ", word);
        else
            fputs(", ", out);
        name_line(out, a, l);
        if (verdict == LB_VERDICT_FASTER || verdict == LB_VERDICT_SLOWER)
            fprintf(out, " %+.1f ns%s", l->comparison.difference.value,
                    l->comparison.unfair ? " (unfair shares)" : "");
        n++;
    }
    return n;
}

void verdict_sentence(FILE *out, const struct lb_analysis *a, size_t first, int regime)
{
    static const enum lb_verdict order[] = {LB_VERDICT_FASTER, LB_VERDICT_SAME, LB_VERDICT_SLOWER,
                                            LB_VERDICT_NOT_SLOWER, LB_VERDICT_UNRESOLVED};
    const struct lb_plan *p = a->run->plan;
    const struct lb_case *c = &p->cases[first];
    char base[LB_CASE_LAYOUT_BYTES];
    const char *withheld = NULL;
    int n = 0;

    lb_case_layout(c->base >= 0 ? &p->cases[c->base] : c, base);
    if (c->shape.scenario->by_structure) /* each has its own */
        snprintf(base, sizeof base, "each as it is");
    fprintf(out, "=> %s at %s", c->shape.scenario->name, c->work_ns > 0 ? "a pause" : "saturation");
    if (regime != lb_run_main_regime(a->run, c->placement))
        fprintf(out, ", in the rounds at %.0f ns", a->run->regime_ns[regime]);
    fprintf(out, ": against %s:", base);
    for (size_t i = 0; i < LB_COUNT(order); i++)
        n += list_verdict(out, a, first, regime, order[i], n);
    fputs(n ? ".\n" : " nothing to compare.\n", out);
    for (size_t i = 0; i < a->n_lines; i++)
        if (a->lines[i].compared && a->lines[i].regime == regime &&
            same_group(&p->cases[a->lines[i].case_index], c) && a->lines[i].comparison.no_verdict)
            withheld = a->lines[i].comparison.no_verdict;
    if (withheld)
        fprintf(out, "   (no verdict for some: %s)\n", withheld);
}

/* ", round trip 320 ns" where a placement was seen at several distances. */
static const char *at_distance(const struct lb_analysis *a, int placement, int regime,
                               char text[32])
{
    int seen = 0;

    for (int r = 0; r < a->run->n_regimes; r++)
        seen += lb_analysis_reports(a, placement, r);
    text[0] = '\0';
    if (seen > 1)
        snprintf(text, 32, ", round trip %.0f ns", a->run->regime_ns[regime]);
    return text;
}

static void print_self_check(FILE *out, const struct lb_analysis *a, const struct lb_self_check *s)
{
    bool enough = isfinite(s->at_short.lo) && isfinite(s->at_long.lo);
    const char *words = s->state == LB_SELF_CHECK_PASSED   ? "passed"
                        : s->state == LB_SELF_CHECK_FAILED ? "FAILED: columns with work are refused"
                        : enough                           ? "open (too noisy to tell)"
                                                           : "open (not enough windows)";
    char at_short[INTERVAL_BYTES], at_long[INTERVAL_BYTES], distance[32];

    if (s->state == LB_SELF_CHECK_NONE)
        return;
    interval_text("%.1f", s->at_short.value, s->at_short.lo, s->at_short.hi, at_short);
    interval_text("%.1f", s->at_long.value, s->at_long.lo, s->at_long.hi, at_long);
    fprintf(out, "pause self-check%s: sharing costs %s ns at %g ns of work and %s ns at %g: %s.\n",
            at_distance(a, s->placement, s->regime, distance), at_short, LB_WORK_CHECK_SHORT_NS,
            at_long, LB_WORK_CHECK_LONG_NS, words);
}

static void print_control(FILE *out, const struct lb_analysis *a, const struct lb_control *c)
{
    static const char *const words[] = {
        [LB_CONTROL_OPEN] = "not enough windows, or too noisy, to see whether they part",
        [LB_CONTROL_PARTS] = "they part",
        [LB_CONTROL_FAILS] = "they do NOT part: this placement cannot answer",
    };
    char difference[INTERVAL_BYTES], distance[32];

    fprintf(out, "control (%s, %g ns of work%s): one line against lines apart: ",
            a->run->plan->placements[c->placement].name, c->work_ns,
            at_distance(a, c->placement, c->regime, distance));
    if (c->state == LB_CONTROL_NONE) {
        fputs("not measured: nothing vouches for this placement.\n", out);
        return;
    }
    interval_text("%+.1f", c->difference.value, c->difference.lo, c->difference.hi, difference);
    fprintf(out, "%.2f x, %s ns: %s.\n", c->ratio.value, difference, words[c->state]);
}

void verdict_controls(FILE *out, const struct lb_analysis *a)
{
    fputc('\n', out);
    for (size_t i = 0; i < a->n_controls; i++)
        print_control(out, a, &a->controls[i]);
    for (size_t i = 0; i < a->n_self_checks; i++)
        print_self_check(out, a, &a->self_checks[i]);
}

/* Lists of scenarios and roles that may be cut, and why the first of the open ones is open. */
struct notes {
    char slower[200], unresolved[200];
    const char *why;
};

/* Appends "mixed reader" or "observer lock +57.0 ns". */
static void note(char *list, size_t bytes, const struct lb_case *c, int role,
                 const struct lb_result *with_difference)
{
    struct lb_canvas t = {list, bytes, strlen(list)};

    lb_canvas_put(&t, "%s%s%s%s", t.used ? ", " : "", c->shape.scenario->name,
                  lb_case_roles(c) > 1 ? " " : "",
                  lb_case_roles(c) > 1 ? lb_case_role_name(c, role) : "");
    if (with_difference)
        lb_canvas_put(&t, " %+.1f ns", with_difference->comparison.difference.value);
}

static void note_role(const struct lb_analysis *a, int case_index, int role, struct notes *n)
{
    const struct lb_case *c = &a->run->plan->cases[case_index];
    const struct lb_result *l = lb_analysis_find(a, case_index, role);
    const struct lb_comparison *k = l && l->compared ? &l->comparison : NULL;

    if (k && !k->unfair && k->verdict == LB_VERDICT_SLOWER)
        note(n->slower, sizeof n->slower, c, role, l);
    if (k && !k->unfair && k->verdict != LB_VERDICT_UNRESOLVED)
        return;
    note(n->unresolved, sizeof n->unresolved, c, role, NULL);
    if (!n->why)
        n->why = !k              ? "no pairs of windows"
                 : k->unfair     ? "unfair shares"
                 : k->no_verdict ? k->no_verdict
                                 : NULL;
}

static void print_answer(FILE *out, const struct lb_analysis *a, const struct lb_answer *answer)
{
    static const char *const words[] = {
        [LB_ANSWER_COSTS] = "costs here",
        [LB_ANSWER_NOTHING] = "costs nothing here",
        [LB_ANSWER_NO_COST] = "no cost found",
        [LB_ANSWER_UNDECIDED] = "undecided",
    };
    const struct lb_plan *p = a->run->plan;
    const struct lb_workload *shape = &p->cases[answer->like].shape,
                             *base = &p->cases[answer->base].shape;
    struct notes n = {{0}, {0}, NULL};
    struct lb_geometry g[2];
    char label[CASE_LABEL_BYTES];

    for (size_t i = 0; i < p->n_cases; i++)
        for (int role = 0; role < lb_case_roles(&p->cases[i]); role++)
            if (lb_answer_covers(p, answer, (int)i))
                note_role(a, (int)i, role, &n);
    case_label(&p->cases[answer->like], label);
    fprintf(out, "  %-18s %s: faster in %d, the same in %d, slower in %d%s%s%s", label,
            words[answer->kind], answer->faster, answer->same, answer->slower,
            answer->slower ? " (" : "", n.slower, answer->slower ? ")" : "");
    if (answer->not_slower)
        fprintf(out, ", not slower in %d", answer->not_slower);
    if (answer->unresolved)
        fprintf(out, ", unresolved in %d (%s%s%s)", answer->unresolved, n.unresolved,
                n.why ? ": " : "", n.why ? n.why : "");
    if (!lb_geometry_init(shape->layout, shape->lock, NULL, &g[0]) &&
        !lb_geometry_init(base->layout, base->lock, NULL, &g[1]))
        fprintf(out, "; %zu pages per 1000 objects instead of %zu", g[0].pages_per_1000,
                g[1].pages_per_1000);
    fputc('\n', out);
}

void verdict_answer(FILE *out, const struct lb_analysis *a)
{
    struct lb_answer *answers;
    char label[CASE_LABEL_BYTES];
    size_t n;

    if (lb_analysis_answers(a, &answers, &n))
        return;
    if (a->disturbance.busy) /* verdict_busy says so, of every kind of run */
        n = 0;
    else if (!n && lb_analysis_asks_alone(a))
        fputs(
            "\nMay the lock move back into the struct here? No answer: one thread alone shares no "
            "line.\n",
            out);
    for (size_t i = 0; i < n; i++) {
        if (!i || answers[i].base != answers[i - 1].base) {
            case_label(&a->run->plan->cases[answers[i].base], label);
            fprintf(out,
                    "\nMay the lock move back into the struct here? Against the separate lock "
                    "(%s), with a pause between ops:\n",
                    label);
        }
        print_answer(out, a, &answers[i]);
    }
    free(answers);
}

void verdict_busy(FILE *out, const struct lb_analysis *a)
{
    const struct lb_disturbance *d = &a->disturbance;

    if (d->busy)
        fprintf(out,
                "The machine was busy with other work: threads that never sleep were off their "
                "CPUs for %.0f %% of the time, and %.0f %% of the windows were spoiled: no verdict "
                "and no answer. Run it again on a quiet machine.\n",
                100 * d->off_cpu_share, 100 * d->spoiled_share);
}
