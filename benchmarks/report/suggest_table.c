/* SPDX-License-Identifier: MIT
 *
 * Moves by rank, with what they buy and weigh.
 */
#include "suggest_table.h"

#include "labels.h"
#include "look.h"
#include "moved.h"

#include <string.h>

#define MOVE  52 /* columns of a move; what is longer has a line of its own */
#define ROLES 2

static const char *const role_names[ROLES] = {"read", "write"};

/* Ranking -------------------------------------------------------------------------------------- */

static void put_weight(FILE *out, const struct lb_suggest_weight *w,
                       const struct lb_suggest_weight *as_is)
{
    fprintf(out, " %6.4g %6.4g %6.4g %7zu", w->shared, w->pairs, w->lines, w->bytes);
    if (as_is)
        fprintf(out, " %+6ld", (long)w->bytes - (long)as_is->bytes);
    else
        fprintf(out, " %6s", "");
    fprintf(out, " %6u\n", w->per_slab);
}

static void put_move(FILE *out, size_t rank, const struct lb_suggestion *s,
                     const struct lb_suggest_weight *as_is)
{
    bool fits = strlen(s->text) <= MOVE;

    fprintf(out, "%3zu  %-*s", rank, fits ? MOVE : 0, s->text);
    if (!fits)
        fprintf(out, "\n     %-*s", MOVE, "");
    put_weight(out, &s->weight, as_is);
}

static void put_fields(FILE *out, const struct lb_whatif *w)
{
    struct look look = {.columns = LOOK_WIDE};
    char text[1200];
    size_t used = (size_t)snprintf(text, sizeof text, "%s, %s:", w->structure, w->source);

    for (int written = 0; written < ROLES; written++) {
        const char *before = written ? "; written " : " read ";
        for (size_t i = 0; i < w->n_fields && used < sizeof text; i++) {
            const struct lb_whatif_field *f = &w->fields[i];
            if (!(written ? f->written : f->read))
                continue;
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s at %zu", before,
                                     f->name, f->before);
            before = ", ";
        }
    }
    look_text(out, &look, "", 2, text);
}

static void put_note(FILE *out, const char *title, const char *text)
{
    struct look look = {.columns = LOOK_WIDE};

    if (*text)
        look_text(out, &look, title, 2, text);
}

static void say_nothing(FILE *out, const struct lb_suggestions *found)
{
    const struct lb_suggest_weight *w = &found->as_is;

    if (w->shared > 0 || w->pairs > 0)
        fprintf(out,
                "No move buys anything: of %zu tried none parts what is read from what is "
                "written any further.\n",
                found->tried);
    else
        fputs("No move buys anything: no field that is read shares a line, or a pair of lines, "
              "with one that\nis written.\n",
              out);
}

/* Whether some of the moves listed leaves neighbours on one line. */
static bool any_packed(const struct lb_suggestions *found, size_t most)
{
    for (size_t i = 0; i < found->n && i < most; i++)
        if (found->items[i].weight.bytes % LB_LINE_BYTES)
            return true;
    return false;
}

void suggest_ranking(FILE *out, const struct settings *s, size_t most)
{
    const struct lb_whatif *w = s->whatifs.at;
    const struct lb_suggestions *found = s->suggestions;

    put_fields(out, w);
    if (!found->n)
        say_nothing(out, found);
    if (found->n) {
        fprintf(out, "\n%5s%-*s %6s %6s %6s %7s %6s %6s\n", "", MOVE,
                "by a model of lines, not measured", "shared", "pairs", "lines", "bytes", "",
                "slab");
        fprintf(out, "%5s%-*s", "", MOVE, "as it is");
        put_weight(out, &found->as_is, NULL);
    }
    for (size_t i = 0; i < found->n && i < most; i++)
        put_move(out, i + 1, &found->items[i], &found->as_is);
    if (found->n > most)
        fprintf(out, "%5sand %zu more\n", "", found->n - most);
    if (found->n)
        fprintf(out,
                "  shared: lines that the one reads and the other writes; pairs: pairs of lines "
                "likewise, which\n  cost only where a prefetcher joins them; lines: that both "
                "touch; bytes an object; objects in\n  a slab of %zu KiB\n",
                found->as_is.slab_bytes / 1024);
    put_note(out, "  ", found->note);
    put_note(
        out, "  ",
        any_packed(found, most)
            ? "of one object: where bytes are no multiple of 64, neighbours share lines as well"
            : "");
    put_note(out, "  ",
             w->n_fields && found->n && ((struct lb_structure *const *)s->structures.at)[0]->partial
                 ? "what lies between the fields named is not known: it would change places with "
                   "what moves"
                 : "");
}

/* What was measured ---------------------------------------------------------------------------- */

/* Of one move at one place, both roles. */
struct outcome {
    const struct lb_result *role[ROLES];
    int faster, slower, open; /* roles */
    double gain_ns;           /* of those that are faster */
};

static struct outcome outcome_of(const struct lb_analysis *a, const char *layout,
                                 const struct moved_place *at)
{
    struct outcome o = {.open = 0};

    for (int i = 0; i < ROLES; i++) {
        const struct lb_result *l = o.role[i] = moved_line(a, layout, at, i);
        bool judged = l && l->compared && !l->comparison.unfair;
        enum lb_verdict verdict = judged ? l->comparison.verdict : LB_VERDICT_UNRESOLVED;
        o.faster += verdict == LB_VERDICT_FASTER;
        o.slower += verdict == LB_VERDICT_SLOWER;
        o.open += verdict == LB_VERDICT_UNRESOLVED;
        if (verdict == LB_VERDICT_FASTER)
            o.gain_ns -= l->comparison.difference.value;
    }
    return o;
}

#define CELL 44

/* "-44.1 [-45.0, -43.2] faster"; why one is undecided is told once for all. */
static void put_cell(FILE *out, const struct lb_result *l, bool last)
{
    const struct lb_comparison *k = l ? &l->comparison : NULL;
    char text[INTERVAL_BYTES + 24] = "-";

    if (l && l->compared) {
        bool open = k->unfair || k->verdict == LB_VERDICT_UNRESOLVED;
        interval_text("%+.1f", k->difference.value, k->difference.lo, k->difference.hi, text);
        strcat(text, " ");
        strcat(text, open ? "undecided" : lb_verdict_name(k->verdict));
    } else if (l && l->net.n) {
        interval_text("%.1f", l->net.value, l->net.lo, l->net.hi, text);
    }
    fprintf(out, "%-*s%s", last ? 0 : CELL, text, last ? "\n" : " ");
}

static void put_outcome(FILE *out, size_t rank, const struct outcome *o)
{
    if (rank)
        fprintf(out, "%3zu  ", rank);
    else
        fprintf(out, "%5s", "");
    for (int i = 0; i < ROLES; i++)
        put_cell(out, o->role[i], i == ROLES - 1);
}

/* " 44.1 ns a read and 33.1 ns a write" of those that are faster. */
static void put_gain(FILE *out, const struct outcome *o)
{
    const char *before = " ";

    for (int i = 0; i < ROLES; i++) {
        if (!o->role[i] || !o->role[i]->compared ||
            o->role[i]->comparison.verdict != LB_VERDICT_FASTER)
            continue;
        fprintf(out, "%s%.1f ns a %s", before, -o->role[i]->comparison.difference.value,
                role_names[i]);
        before = " and ";
    }
}

/* What stands first is the lighter one: another has to gain clearly more. */
static void put_answer(FILE *out, const struct settings *s, const struct outcome *o, size_t n)
{
    const struct lb_suggestions *found = s->suggestions;
    size_t best = n;
    int open = 0, slower = 0;

    for (size_t i = 0; i < n; i++) {
        open += o[i].open;
        slower += o[i].slower;
        if (o[i].faster && !o[i].slower &&
            (best == n || o[i].gain_ns > o[best].gain_ns + ROLES * LB_MARGIN_NS))
            best = i;
    }
    fputs("=> ", out);
    if (best < n) {
        const struct lb_suggestion *b = &found->items[best];
        long more = (long)b->weight.bytes - (long)found->as_is.bytes;
        fprintf(out, "%zu (%s) buys", best + 1, b->text);
        put_gain(out, &o[best]);
        if (more)
            fprintf(out,
                    ", and weighs %ld bytes an object more (%zu in place of %zu pages per 1000)",
                    more, b->weight.pages_per_1000, found->as_is.pages_per_1000);
        else
            fputs(", and weighs nothing", out);
    } else {
        fputs(open     ? "whether a move pays is undecided here"
              : slower ? "no move is faster here that slows nobody down"
                       : "none of these moves is measured to buy anything here",
              out);
    }
    fputs(".\n", out);
}

static int lock_of(const struct settings *s)
{
    const struct lb_whatif *w = s->whatifs.at;

    return lb_how_takes(w->write) ? (int)w->lock : -1;
}

static void put_place(FILE *out, const struct lb_analysis *a, const struct settings *s,
                      const struct moved_place *at)
{
    const struct lb_whatif *w = s->whatifs.at;
    struct outcome o[SUGGEST_MEASURED + 1];
    size_t n = s->whatifs.n;

    for (size_t i = 0; i < n && i < LB_COUNT(o); i++)
        o[i] = outcome_of(a, w[i].name, at);
    fprintf(out,
            "\nMeasured: net ns an op as it is, and what moves make of it (%g ns of work, %s):\n",
            at->work_ns, a->run->plan->placements[at->placement].name);
    fprintf(out, "%5s%-*s %s\n", "", CELL, role_names[0], role_names[1]);
    for (size_t i = 0; i < n && i < LB_COUNT(o); i++)
        put_outcome(out, i, &o[i]);
    put_answer(out, s, o + 1, n - 1);
}

void suggest_measured(FILE *out, const struct lb_analysis *a, const struct settings *s)
{
    const double usual = LB_WORK_HEADLINE_NS, *works = s->works.n ? s->works.at : &usual;
    struct moved_place at = {.lock = lock_of(s)};

    for (; at.placement < (int)a->run->plan->n_placements; at.placement++)
        for (size_t i = 0; i < (s->works.n ? s->works.n : 1); i++) {
            at.work_ns = works[i];
            put_place(out, a, s, &at);
        }
}
