/* SPDX-License-Identifier: MIT */
#include "verdicts.h"

#include "interval.h"
#include "table.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static bool same_group(const struct lb_case *a, const struct lb_case *b)
{
    return lb_case_is_subject(a) && lb_case_is_subject(b) &&
           a->shape.scenario == b->shape.scenario && a->placement == b->placement &&
           a->work_ns == b->work_ns && a->shape.objects == b->shape.objects &&
           a->shape.access == b->shape.access;
}

static void name_line(FILE *out, const struct lb_analysis *a, const struct lb_line *l)
{
    const struct lb_case *c = &a->run->plan->cases[l->case_index];
    char label[CASE_LABEL_BYTES];

    case_label(c, label);
    fputs(label, out);
    if (lb_case_roles(c) > 1)
        fprintf(out, " (%s)", lb_case_role_name(c, l->role));
}

/* All lines of a group with one verdict, with their differences. Returns how many. */
static int list_verdict(FILE *out, const struct lb_analysis *a, size_t first,
                        enum lb_verdict verdict, const char *word, int before)
{
    const struct lb_plan *p = a->run->plan;
    int n = 0;

    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_line *l = &a->lines[i];
        if (!l->main_regime || !l->compared || l->comparison.verdict != verdict ||
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

void verdict_sentence(FILE *out, const struct lb_analysis *a, size_t first)
{
    const struct lb_plan *p = a->run->plan;
    const struct lb_case *c = &p->cases[first];
    char base[LB_CASE_LAYOUT_BYTES];
    const char *withheld = NULL;
    int n = 0;

    lb_case_layout(c->base >= 0 ? &p->cases[c->base] : c, base);
    if (c->shape.scenario->kind == LB_SCENARIO_WHATIF) /* each has its own */
        snprintf(base, sizeof base, "each as it is");
    fprintf(out, "=> %s at %s: against %s:", c->shape.scenario->name,
            c->work_ns > 0 ? "a pause" : "saturation", base);
    n += list_verdict(out, a, first, LB_VERDICT_FASTER, "faster", n);
    n += list_verdict(out, a, first, LB_VERDICT_SAME, "the same", n);
    n += list_verdict(out, a, first, LB_VERDICT_SLOWER, "slower", n);
    n += list_verdict(out, a, first, LB_VERDICT_UNRESOLVED, "unresolved", n);
    fputs(n ? ".\n" : " nothing to compare.\n", out);
    for (size_t i = 0; i < a->n_lines; i++)
        if (a->lines[i].compared && same_group(&p->cases[a->lines[i].case_index], c) &&
            a->lines[i].comparison.no_verdict)
            withheld = a->lines[i].comparison.no_verdict;
    if (withheld)
        fprintf(out, "   (no verdict for some: %s)\n", withheld);
}

static void print_self_check(FILE *out, const struct lb_self_check *s)
{
    static const char *const words[] = {
        [LB_SELF_CHECK_PASSED] = "passed",
        [LB_SELF_CHECK_OPEN] = "open (too noisy to tell)",
        [LB_SELF_CHECK_FAILED] = "FAILED: columns with work are refused",
    };

    char at_short[INTERVAL_BYTES], at_long[INTERVAL_BYTES];

    if (s->state == LB_SELF_CHECK_NONE)
        return;
    interval_text("%.1f", s->at_short.value, s->at_short.lo, s->at_short.hi, at_short);
    interval_text("%.1f", s->at_long.value, s->at_long.lo, s->at_long.hi, at_long);
    fprintf(out, "pause self-check: sharing costs %s ns at %g ns of work and %s ns at %g: %s.\n",
            at_short, LB_WORK_CHECK_SHORT_NS, at_long, LB_WORK_CHECK_LONG_NS, words[s->state]);
}

void verdict_controls(FILE *out, const struct lb_analysis *a)
{
    fputc('\n', out);
    for (size_t i = 0; i < a->n_controls; i++) {
        const struct lb_control *c = &a->controls[i];
        if (!c->measured)
            continue;
        fprintf(
            out,
            "control (%s, %g ns of work): one line against lines apart: %.2f x, %+.1f ns: %s.\n",
            a->run->plan->placements[c->placement].name, c->work_ns, c->ratio.value,
            c->difference.value,
            c->parts ? "they part" : "they do NOT part: this placement cannot answer");
    }
    for (size_t i = 0; i < a->n_self_checks; i++)
        print_self_check(out, &a->self_checks[i]);
}

/* Verdicts of a layout against the baseline over all headline lines. */
struct tally {
    int faster, same, slower, unresolved;
    char slower_in[200], unresolved_in[200];
};

/* Appends "mixed reader" or "observer lock +57.0 ns" to a list that may be cut. */
static void note(char *list, size_t bytes, const struct lb_analysis *a, const struct lb_line *l,
                 bool with_difference)
{
    const struct lb_case *c = &a->run->plan->cases[l->case_index];
    size_t used = strlen(list);

    used += (size_t)snprintf(list + used, bytes - used, "%s%s%s%s", used ? ", " : "",
                             c->shape.scenario->name, lb_case_roles(c) > 1 ? " " : "",
                             lb_case_roles(c) > 1 ? lb_case_role_name(c, l->role) : "");
    if (with_difference && used < bytes)
        snprintf(list + used, bytes - used, " %+.1f ns", l->comparison.difference.value);
}

static struct tally count(const struct lb_analysis *a, const char *layout)
{
    struct tally t = {0};

    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_line *l = &a->lines[i];
        const struct lb_case *c = &a->run->plan->cases[l->case_index];
        if (!l->compared || !l->main_regime || !c->shape.layout || c->twin || !(c->work_ns > 0) ||
            strcmp(c->shape.layout->name, layout))
            continue;
        t.faster += l->comparison.verdict == LB_VERDICT_FASTER;
        t.same += l->comparison.verdict == LB_VERDICT_SAME;
        t.slower += l->comparison.verdict == LB_VERDICT_SLOWER;
        t.unresolved += l->comparison.verdict == LB_VERDICT_UNRESOLVED;
        if (l->comparison.verdict == LB_VERDICT_SLOWER)
            note(t.slower_in, sizeof t.slower_in, a, l, true);
        if (l->comparison.verdict == LB_VERDICT_UNRESOLVED)
            note(t.unresolved_in, sizeof t.unresolved_in, a, l, false);
    }
    return t;
}

static const struct lb_layout *measured_layout(const struct lb_analysis *a, const char *name)
{
    for (size_t i = 0; i < a->run->plan->n_cases; i++) {
        const struct lb_layout *l = a->run->plan->cases[i].shape.layout;
        if (l && !strcmp(l->name, name))
            return l;
    }
    return NULL;
}

static void answer_for(FILE *out, const struct lb_analysis *a, const struct lb_layout *layout,
                       const struct lb_geometry *base)
{
    struct tally t = count(a, layout->name);
    struct lb_geometry g;

    if (!(t.faster + t.same + t.slower + t.unresolved) ||
        lb_geometry_init(layout, layout->lock, NULL, &g))
        return;
    fprintf(out, "  %-18s %s: faster in %d, the same in %d, slower in %d%s%s%s", layout->name,
            t.slower                 ? "costs here"
            : t.faster + t.same == 0 ? "not settled here"
            : t.unresolved           ? "no cost found"
                                     : "costs nothing here",
            t.faster, t.same, t.slower, t.slower ? " (" : "", t.slower_in, t.slower ? ")" : "");
    if (t.unresolved)
        fprintf(out, ", unresolved in %d (%s)", t.unresolved, t.unresolved_in);
    fprintf(out, "; %zu pages per 1000 objects instead of %zu\n", g.pages_per_1000,
            base->pages_per_1000);
}

void verdict_answer(FILE *out, const struct lb_analysis *a)
{
    static const char *const inside[] = {"embedded", "embedded-own-line", "padded", "refcount"};
    const struct lb_layout *pointer = measured_layout(a, LB_BASELINE);
    struct lb_geometry base;
    bool any = false;

    if (!pointer || lb_geometry_init(pointer, pointer->lock, NULL, &base))
        return;
    for (size_t i = 0; i < LB_COUNT(inside); i++) {
        const struct lb_layout *l = measured_layout(a, inside[i]);
        struct tally t = l ? count(a, inside[i]) : (struct tally){0};
        if (!l || !(t.faster + t.same + t.slower + t.unresolved))
            continue;
        if (!any)
            fprintf(out,
                    "\nMay the lock move back into the struct here? Against the separate lock "
                    "(%s), with a pause between ops:\n",
                    LB_BASELINE);
        any = true;
        answer_for(out, a, l, &base);
    }
}
