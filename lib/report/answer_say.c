/* SPDX-License-Identifier: MIT
 *
 * The answer as one sentence.
 */
#include "answer_private.h"

#include <math.h>
#include <string.h>

#define LOCK_QUESTION "May the lock move into the struct?"

const char *lb_found_kind_name(enum lb_answer_kind kind)
{
    static const char *const names[] = {
        [LB_ANSWER_COSTS] = "COSTS",
        [LB_ANSWER_NOTHING] = "costs nothing",
        [LB_ANSWER_NO_COST] = "no cost found",
        [LB_ANSWER_UNDECIDED] = "undecided",
    };

    return names[kind];
}

/* "an own layout as itself, among the hot fields": what a sentence calls a group. */
static void add_name(struct lb_canvas *t, const struct lb_found *f, const struct lb_found_group *g)
{
    bool count = g->lies == LB_LIES_COUNT;

    if (!f->suites[g->suite].asks_lock)
        lb_canvas_put(t, "%s", g->name);
    else if (g->own)
        lb_canvas_put(t, "as %s%s%s%s", g->name, count ? "" : " (",
                      count ? "" : lb_found_lies_text(g->lies), count ? "" : ")");
    else
        lb_canvas_put(t, "%s%s", count ? "as " : "", g->name);
}

/* "a, b and c": the groups of that kind. Returns how many. */
static int add_groups(struct lb_canvas *t, const struct lb_found *f, int suite,
                      const enum lb_answer_kind kinds[2])
{
    int n = 0, done = 0;

    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < f->n_groups; i++) {
            const struct lb_found_group *g = &f->groups[i];
            if (g->suite != suite || (g->tally.kind != kinds[0] && g->tally.kind != kinds[1]))
                continue;
            if (!pass) {
                n++;
                continue;
            }
            lb_canvas_put(t, "%s", !done ? "" : done == n - 1 ? " and " : ", ");
            add_name(t, f, g);
            done++;
        }
    return n;
}

static double worst_of(const struct lb_found *f, const struct lb_found_tally *t)
{
    return t->worst < 0 ? (double)NAN : f->cells[t->worst].diff;
}

/* Where something was measured: " (2 threads, l3)". */
static void add_place(struct lb_canvas *t, const struct lb_found_cell *c)
{
    bool home = *c->home && strcmp(c->home, "local") != 0, crowd = c->threads > 1;

    lb_canvas_put(t, " (%d thread%s%s%s%s%s)", c->threads, crowd ? "s" : "", crowd ? ", " : "",
                  crowd ? c->placement : "", home ? ", memory " : "", home ? c->home : "");
}

static bool is_one_place(const struct lb_found *f, int suite)
{
    const struct lb_found_cell *first = NULL;

    for (size_t i = 0; i < f->n_cells; i++) {
        const struct lb_found_cell *c = &f->cells[i];
        if (c->suite != suite || !c->shown)
            continue;
        if (first && (c->threads != first->threads || strcmp(c->placement, first->placement) != 0 ||
                      (*c->home && *first->home && strcmp(c->home, first->home) != 0)))
            return false;
        first = first ? first : c;
    }
    return true;
}

static void capital(char *text)
{
    if (*text >= 'a' && *text <= 'z')
        *text = (char)(*text - 'a' + 'A');
}

/* "Not among the hot fields: that costs up to 54 ns; in a line of its own no cost was found." */
static void say_lock(const struct lb_found *f, int suite, struct lb_canvas *t)
{
    static const enum lb_answer_kind costs[2] = {LB_ANSWER_COSTS, LB_ANSWER_COSTS},
                                     fine[2] = {LB_ANSWER_NO_COST, LB_ANSWER_NOTHING},
                                     open[2] = {LB_ANSWER_UNDECIDED, LB_ANSWER_UNDECIDED};
    char none[LB_FOUND_TEXT_BYTES];
    struct lb_canvas aside = {.text = none, .bytes = sizeof none};
    bool any = add_groups(&aside, f, suite, costs) > 0, more;

    if (any) {
        lb_canvas_put(t, "not ");
        add_groups(t, f, suite, costs);
        lb_canvas_put(t, ": it costs up to %.0f ns there", worst_of(f, &f->suites[suite].tally));
        if (!is_one_place(f, suite))
            add_place(t, &f->cells[f->suites[suite].tally.worst]);
    }
    aside.used = 0;
    if ((more = add_groups(&aside, f, suite, fine) > 0)) {
        lb_canvas_put(t, "%s", any ? "; " : "");
        add_groups(t, f, suite, fine);
        lb_canvas_put(t, " no cost was found");
    }
    aside.used = 0;
    if (add_groups(&aside, f, suite, open) > 0) {
        lb_canvas_put(t, "%s", any || more ? "; undecided " : "undecided ");
        add_groups(t, f, suite, open);
    }
}

/* Where of the worst or best: "embedded in observer lock". */
static void add_case(struct lb_canvas *t, const struct lb_found *f, int at)
{
    const struct lb_found_cell *c = &f->cells[at];

    lb_canvas_put(t, "%+.1f ns, %s%s%s", c->diff, c->layout < 0 ? "" : f->layouts[c->layout].name,
                  c->layout < 0 ? "" : " in ", c->scenario_name);
    if (strcmp(c->role, "all") != 0)
        lb_canvas_put(t, " %s", c->role);
    if (!is_one_place(f, c->suite))
        add_place(t, c);
}

static void say_extremes(const struct lb_found *f, const struct lb_found_tally *n,
                         struct lb_canvas *t)
{
    if (n->worst >= 0) {
        lb_canvas_put(t, "; costs most: ");
        add_case(t, f, n->worst);
    }
    if (n->best >= 0) {
        lb_canvas_put(t, "; gains most: ");
        add_case(t, f, n->best);
    }
}

static void say_others(const struct lb_found *f, int suite, struct lb_canvas *t)
{
    const struct lb_found_suite *s = &f->suites[suite];
    const struct lb_found_tally *n = &s->tally;
    const struct {
        int n;
        const char *word;
    } counts[] = {{n->slower, "slower"},
                  {n->faster, "faster"},
                  {n->same, "the same"},
                  {n->not_slower, "not slower"},
                  {n->undecided, "undecided"}};
    bool any = false;

    if (*s->baseline && !strcmp(lb_found_base(f, suite), s->baseline)) /* of all */
        lb_canvas_put(t, "against %s: ", s->baseline);
    for (size_t i = 0; i < LB_COUNT(counts); i++)
        if (counts[i].n) {
            lb_canvas_put(t, "%s%d %s", any ? ", " : "", counts[i].n, counts[i].word);
            any = true;
        }
    say_extremes(f, n, t);
}

/* Pairs of CPUs -------------------------------------------------------------------------------- */

static void add_ns(struct lb_canvas *t, double ns)
{
    lb_canvas_put(t, ns < 99.95 ? "%.1f ns" : "%.0f ns", ns);
}

static void add_pair(struct lb_canvas *t, const struct lb_found_pu_pair *pair,
                     const struct lb_found_pu_pairs *of, bool first)
{
    add_ns(t, pair->ns);
    lb_canvas_put(t, "%s (CPUs %d and %d, %s)", first ? " one way" : "", pair->a_os, pair->b_os,
                  lb_distance_name(of->distance));
}

/* From the fastest to the slowest, by the op that all are told by. */
static void say_span(const struct lb_found *f, struct lb_canvas *t)
{
    const struct lb_found_pu_pairs *least = NULL, *most = NULL;

    for (size_t i = 0; i < f->n_pu_pairs; i++) {
        const struct lb_found_pu_pairs *p = &f->pu_pairs[i];
        if (p->op != LB_PINGPONG_LOAD_STORE || !p->measured)
            continue;
        least = !least || p->fastest.ns < least->fastest.ns ? p : least;
        most = !most || p->slowest.ns > most->slowest.ns ? p : most;
    }
    if (!least) {
        lb_canvas_put(t, "no answer: nothing was measured by %s",
                      lb_pingpong_op_name(LB_PINGPONG_LOAD_STORE));
        return;
    }
    if (least->fastest.a_os == most->slowest.a_os && least->fastest.b_os == most->slowest.b_os) {
        add_pair(t, &least->fastest, least, true);
        return;
    }
    lb_canvas_put(t, "from ");
    add_pair(t, &least->fastest, least, true);
    lb_canvas_put(t, " to ");
    add_pair(t, &most->slowest, most, false);
}

/* Neighbouring distances that are the same, or of which nothing is known. */
static void say_apart(const struct lb_found *f, struct lb_canvas *t)
{
    int distances = 0, apart = 0;

    for (size_t i = 0; i < f->n_pu_pairs; i++) {
        const struct lb_found_cell *c = &f->cells[f->pu_pairs[i].cell];
        if (f->pu_pairs[i].op != LB_PINGPONG_LOAD_STORE)
            continue;
        distances++;
        if (!*c->base)
            continue;
        if (c->verdict == LB_VERDICT_SLOWER || c->verdict == LB_VERDICT_FASTER)
            apart++;
        else if (c->verdict == LB_VERDICT_SAME)
            lb_canvas_put(t, "; %s and %s are the same", c->base, c->placement);
        else
            lb_canvas_put(t, "; undecided whether %s takes more than %s", c->placement, c->base);
    }
    if (distances == 2 && apart == 1)
        lb_canvas_put(t, "; both distances are told apart");
    else if (distances > 2 && apart == distances - 1)
        lb_canvas_put(t, "; all %d distances are told apart", distances);
}

static void say_ops(const struct lb_found *f, struct lb_canvas *t)
{
    const struct lb_found_cell *most = NULL, *least = NULL, *same = NULL;
    int n = 0;

    for (size_t i = 0; i < f->n_pu_pairs; i++) {
        const struct lb_found_cell *c = &f->cells[f->pu_pairs[i].cell];
        if (f->pu_pairs[i].op != LB_PINGPONG_CAS || !c->compared)
            continue;
        n++;
        if (c->verdict == LB_VERDICT_SLOWER && (!most || c->diff > most->diff))
            most = c;
        if (c->verdict == LB_VERDICT_FASTER && (!least || c->diff < least->diff))
            least = c;
        same = c->verdict == LB_VERDICT_SAME ? c : same;
    }
    if (!most && !least && !same)
        return;
    lb_canvas_put(t, "; by %s ", lb_pingpong_op_name(LB_PINGPONG_CAS));
    if (!most && !least) {
        lb_canvas_put(t, "the same");
        return;
    }
    lb_canvas_put(t, n > 1 ? "up to " : "");
    add_ns(t, fabs(most ? most->diff : least->diff));
    lb_canvas_put(t, most ? " more" : " less");
}

static void say_pairs(const struct lb_found *f, struct lb_canvas *t)
{
    say_span(f, t);
    say_apart(f, t);
    say_ops(f, t);
}

/* Scans of offsets ----------------------------------------------------------------------------- */

/* The largest size that is sure, and one beyond it that is not. */
static void say_scan(const struct lb_found *f, int suite, bool lock, struct lb_canvas *t)
{
    const struct lb_found_scan *sure = NULL, *perhaps = NULL;
    int n = 0, known = 0;

    for (size_t i = 0; i < f->n_scans; i++) {
        const struct lb_found_scan *s = &f->scans[i];
        bool is_sure = s->size.confidence >= LB_SCAN_SURE;
        const struct lb_found_scan **to = is_sure ? &sure : &perhaps;
        if (s->suite != suite || s->lock != lock)
            continue;
        n++;
        known += !*s->why;
        if (!*s->why && (!*to || s->size.size_bytes > (*to)->size.size_bytes))
            *to = s;
    }
    if (!n)
        return;
    lb_canvas_put(t, "%s%s ", t->used ? "; " : "", lock ? "a lock:" : "two words:");
    if (!known)
        lb_canvas_put(t, "not known");
    else if (!sure || !sure->size.size_bytes)
        lb_canvas_put(t, "no offset is sure to cost anything");
    else
        lb_canvas_put(
            t, lock ? "from offset %zu on (confidence %.0f %%)" : "%zu bytes (confidence %.0f %%)",
            sure->size.size_bytes, 100 * sure->size.confidence);
    if (perhaps && perhaps->size.size_bytes > (sure ? sure->size.size_bytes : 0))
        lb_canvas_put(t, ", perhaps %zu (%.0f %%)", perhaps->size.size_bytes,
                      100 * perhaps->size.confidence);
}

static bool has_scans(const struct lb_found *f, int suite)
{
    for (size_t i = 0; i < f->n_scans; i++)
        if (f->scans[i].suite == suite)
            return true;
    return false;
}

static void say_scans(const struct lb_found *f, int suite, struct lb_canvas *t)
{
    say_scan(f, suite, false, t);
    say_scan(f, suite, true, t);
    say_extremes(f, &f->suites[suite].tally, t);
}

/* Costs without a comparison ------------------------------------------------------------------- */

static bool is_cost(const struct lb_found_cell *c, int suite)
{
    return c->suite == suite && c->subject && c->measured && !c->twin && c->main_regime &&
           isfinite(c->net);
}

static bool is_same_thing(const struct lb_found_cell *a, const struct lb_found_cell *b)
{
    return a->layout == b->layout && a->work_ns == b->work_ns &&
           !strcmp(a->scenario_name, b->scenario_name) && !strcmp(a->role, b->role);
}

static void add_thing(struct lb_canvas *t, const struct lb_found_cell *c)
{
    bool alone = !strcmp(c->role, "all");

    lb_canvas_put(t, "%s%s%s", c->scenario_name, alone ? "" : " ", alone ? "" : c->role);
}

/* The first of all where it was measured, and what costs most. */
static void say_costs(const struct lb_found *f, int suite, struct lb_canvas *t)
{
    const struct lb_found_cell *first = NULL, *most = NULL;

    for (size_t i = 0; i < f->n_cells; i++) {
        const struct lb_found_cell *c = &f->cells[i];
        if (!is_cost(c, suite))
            continue;
        most = !most || c->net > most->net ? c : most;
        if (first && !is_same_thing(c, first))
            continue;
        if (!first) {
            lb_canvas_put(t, "an op of ");
            add_thing(t, c);
        }
        lb_canvas_put(t, first ? ", " : " takes ");
        add_ns(t, c->net);
        add_place(t, c);
        first = first ? first : c;
    }
    if (!first) {
        lb_canvas_put(t, "nothing to compare: summary.csv has what each costs");
        return;
    }
    if (is_same_thing(most, first))
        return;
    lb_canvas_put(t, "; most: ");
    add_thing(t, most);
    lb_canvas_put(t, " ");
    add_ns(t, most->net);
    add_place(t, most);
}

/* One thread shares no line. */
static bool is_alone(const struct lb_found *f, int suite)
{
    for (size_t i = 0; i < f->n_cells; i++)
        if (f->cells[i].suite == suite && f->cells[i].shown && f->cells[i].threads > 1)
            return false;
    return f->suites[suite].shown > 0;
}

static void say(struct lb_found *f, int suite)
{
    struct lb_found_suite *s = &f->suites[suite];
    struct lb_canvas t = {.text = s->answer, .bytes = sizeof s->answer};
    bool about_sharing = s->tally.undecided == s->shown && is_alone(f, suite);

    if (s->asks_lock || !*s->question)
        snprintf(s->question, sizeof s->question, "%s",
                 s->asks_lock ? LOCK_QUESTION : "What does each cost here?");
    if (s->busy)
        lb_canvas_put(&t, "no answer: the machine was busy with other work");
    else if (s->of_pu_pairs)
        say_pairs(f, &t);
    else if (!s->shown)
        say_costs(f, suite, &t);
    else if (about_sharing)
        lb_canvas_put(&t, "no answer: one thread alone shares no line");
    else if (has_scans(f, suite))
        say_scans(f, suite, &t);
    else if (s->asks_lock)
        say_lock(f, suite, &t);
    else
        say_others(f, suite, &t);
    capital(s->answer);
    capital(s->question);
}

void lb_found_say(struct lb_found *f)
{
    for (size_t i = 0; i < f->n_suites; i++)
        say(f, (int)i);
}

const char *lb_found_title(const struct lb_found *f, char *text, size_t bytes)
{
    const struct lb_found_suite *s = f->n_suites ? &f->suites[0] : NULL;

    snprintf(text, bytes, "%s%s%s", s ? s->question : "", s ? " " : "", s ? s->answer : "");
    return text;
}

double lb_found_trip_ns(const struct lb_found *f)
{
    for (size_t i = 0; i < f->n_cells; i++)
        if (f->cells[i].main_regime && f->cells[i].subject && isfinite(f->cells[i].regime_ns) &&
            !f->suites[f->cells[i].suite].of_pu_pairs)
            return f->cells[i].regime_ns;
    return (double)NAN;
}
