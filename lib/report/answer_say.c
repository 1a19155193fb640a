/* SPDX-License-Identifier: MIT
 *
 * The answer as one sentence.
 */
#include "answer_private.h"

#include <math.h>
#include <stdarg.h>
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

/* Text that is added to and cut where it is full. */
struct text {
    char *at;
    size_t bytes, used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
    va_list list;
    int n;

    va_start(list, format);
    n = t->used < t->bytes ? vsnprintf(t->at + t->used, t->bytes - t->used, format, list) : 0;
    va_end(list);
    t->used += n > 0 ? (size_t)n : 0;
}

/* "an own layout as itself, among the hot fields": what a sentence calls a group. */
static void add_name(struct text *t, const struct lb_found *f, const struct lb_found_group *g)
{
    bool count = g->lies == LB_LIES_COUNT;

    if (!f->suites[g->suite].asks_lock)
        add(t, "%s", g->name);
    else if (g->own)
        add(t, "as %s%s%s%s", g->name, count ? "" : " (", count ? "" : lb_found_lies_text(g->lies),
            count ? "" : ")");
    else
        add(t, "%s%s", count ? "as " : "", g->name);
}

/* "a, b and c": the groups of that kind. Returns how many. */
static int add_groups(struct text *t, const struct lb_found *f, int suite,
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
            add(t, "%s", !done ? "" : done == n - 1 ? " and " : ", ");
            add_name(t, f, g);
            done++;
        }
    return n;
}

static double worst_of(const struct lb_found *f, const struct lb_found_tally *t)
{
    return t->worst < 0 ? (double)NAN : f->cells[t->worst].diff;
}

static void capital(char *text)
{
    if (*text >= 'a' && *text <= 'z')
        *text = (char)(*text - 'a' + 'A');
}

/* "Not among the hot fields: that costs up to 54 ns; in a line of its own no cost was found." */
static void say_lock(const struct lb_found *f, int suite, struct text *t)
{
    static const enum lb_answer_kind costs[2] = {LB_ANSWER_COSTS, LB_ANSWER_COSTS},
                                     fine[2] = {LB_ANSWER_NO_COST, LB_ANSWER_NOTHING},
                                     open[2] = {LB_ANSWER_UNDECIDED, LB_ANSWER_UNDECIDED};
    char none[LB_FOUND_TEXT_BYTES];
    struct text aside = {.at = none, .bytes = sizeof none};
    bool any = add_groups(&aside, f, suite, costs) > 0, more;

    if (any) {
        add(t, "not ");
        add_groups(t, f, suite, costs);
        add(t, ": it costs up to %.0f ns there", worst_of(f, &f->suites[suite].tally));
    }
    aside.used = 0;
    if ((more = add_groups(&aside, f, suite, fine) > 0)) {
        add(t, "%s", any ? "; " : "");
        add_groups(t, f, suite, fine);
        add(t, " no cost was found");
    }
    aside.used = 0;
    if (add_groups(&aside, f, suite, open) > 0) {
        add(t, "%s", any || more ? "; undecided " : "undecided ");
        add_groups(t, f, suite, open);
    }
}

/* Where of the worst or best: "embedded in observer lock". */
static void add_case(struct text *t, const struct lb_found *f, int at)
{
    const struct lb_found_cell *c = &f->cells[at];

    add(t, "%+.1f ns, %s%s%s", c->diff, c->layout < 0 ? "" : f->layouts[c->layout].name,
        c->layout < 0 ? "" : " in ", c->scenario_name);
    if (strcmp(c->role, "all") != 0)
        add(t, " %s", c->role);
}

static void say_others(const struct lb_found *f, int suite, struct text *t)
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

    if (*s->baseline)
        add(t, "against %s: ", s->baseline);
    for (size_t i = 0; i < LB_COUNT(counts); i++)
        if (counts[i].n) {
            add(t, "%s%d %s", any ? ", " : "", counts[i].n, counts[i].word);
            any = true;
        }
    if (n->worst >= 0) {
        add(t, "; costs most: ");
        add_case(t, f, n->worst);
    }
    if (n->best >= 0) {
        add(t, "; gains most: ");
        add_case(t, f, n->best);
    }
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
    struct text t = {.at = s->answer, .bytes = sizeof s->answer};
    bool about_sharing = s->tally.undecided == s->shown && is_alone(f, suite);

    if (s->asks_lock || !*s->question)
        snprintf(s->question, sizeof s->question, "%s",
                 s->asks_lock ? LOCK_QUESTION : "What does each cost here?");
    if (s->busy)
        add(&t, "no answer: the machine was busy with other work");
    else if (!s->shown)
        add(&t, "nothing to compare: summary.csv has what each costs");
    else if (about_sharing)
        add(&t, "no answer: one thread alone shares no line");
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
        if (f->cells[i].main_regime && f->cells[i].subject && isfinite(f->cells[i].regime_ns))
            return f->cells[i].regime_ns;
    return (double)NAN;
}
