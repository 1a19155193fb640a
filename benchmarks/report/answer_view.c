/* SPDX-License-Identifier: MIT
 *
 * A run's answer, and what it rests on.
 */
#include "answer_view.h"

#include <linebounce/doctor.h>

#include <math.h>
#include <stdarg.h>
#include <string.h>

#define INDENT 11 /* of what stands behind "Undecided" */

/* A line of parts with ";" between, each added where there is something to say. */
struct parts {
    char text[768];
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void part(struct parts *p, const char *format, ...)
{
    va_list list;
    int n = 0;

    if (p->used && p->used < sizeof p->text)
        p->used += (size_t)snprintf(p->text + p->used, sizeof p->text - p->used, "; ");
    va_start(list, format);
    if (p->used < sizeof p->text)
        n = vsnprintf(p->text + p->used, sizeof p->text - p->used, format, list);
    va_end(list);
    p->used += n > 0 ? (size_t)n : 0;
}

static void say(FILE *out, const struct look *look, const char *title, const struct parts *p)
{
    if (p->used)
        look_text(out, look, title, INDENT, p->text);
}

/* What ran where ------------------------------------------------------------------------------- */

/* "Linux 6.18.44" of "Linux 6.18.44-fc-v657 #1 SMP ...". */
static int kernel_length(const char *kernel)
{
    size_t name = strcspn(kernel, " ");

    return (int)(kernel[name] ? name + 1 + strcspn(kernel + name + 1, " ") : name);
}

static void view_head(FILE *out, const struct look *look, const struct lb_found *f)
{
    struct parts p = {"", 0};

    part(&p, "linebounce%s%s", *f->version ? " " : "", f->version);
    if (*f->host)
        part(&p, "%s: %s%s%s", f->host, *f->cpu ? f->cpu : "unknown CPU",
             *f->hypervisor ? " in " : "", f->hypervisor);
    if (*f->kernel)
        part(&p, "%.*s", kernel_length(f->kernel), f->kernel);
    for (size_t i = 0; i < f->n_suites; i++)
        if (isfinite(f->suites[i].elapsed_s))
            part(&p, "%s%s%.0f s", f->n_suites > 1 ? f->suites[i].name : "",
                 f->n_suites > 1 ? " " : "", f->suites[i].elapsed_s);
    look_text(out, look, "", 0, p.text);
}

static void view_sentence(FILE *out, const struct look *look, const struct lb_found_suite *s)
{
    char text[3 * LB_FOUND_TEXT_BYTES + 8];

    snprintf(text, sizeof text, "%s  %s%s", s->question, s->answer,
             *s->answer && s->answer[strlen(s->answer) - 1] != '.' ? "." : "");
    look_text(out, look, "", 0, text);
}

/* The table ------------------------------------------------------------------------------------ */

struct widths {
    int name, answer, change, pages;
};

static struct widths widths_of(const struct look *look)
{
    return look->columns < LOOK_WIDE ? (struct widths){21, 14, 18, 7}
                                     : (struct widths){23, 15, 25, 10};
}

/* "-116 ns many", "+54 ns observer lock": cut where it is too long. */
static void change_text(const struct lb_found *f, int at, int width, char text[64])
{
    const struct lb_found_cell *c = at < 0 ? NULL : &f->cells[at];
    bool alone = c && !strcmp(c->role, "all");

    if (!c)
        snprintf(text, 64, "-");
    else
        snprintf(text, 64, "%+.0f ns %s%s%s", c->diff, c->scenario_name, alone ? "" : " ",
                 alone ? "" : c->role);
    if ((int)strlen(text) > width - 2)
        text[width - 2] = '\0';
}

static void pages_text(const struct lb_found_group *g, int width, char text[32])
{
    if (!isfinite(g->pages_lo))
        snprintf(text, 32, "-");
    else if (width < 10 || !(g->pages_base > 0))
        snprintf(text, 32, "%.0f", g->pages_hi);
    else
        snprintf(text, 32, "%.0f (%+.0f %%)", g->pages_hi, 100 * (g->pages_hi / g->pages_base - 1));
}

static enum look_paint paint_of(enum lb_answer_kind kind)
{
    return kind == LB_ANSWER_COSTS ? LOOK_BAD : kind == LB_ANSWER_UNDECIDED ? LOOK_OPEN : LOOK_GOOD;
}

static void view_group(FILE *out, const struct look *look, const struct lb_found *f,
                       const struct lb_found_group *g, bool pages)
{
    struct widths w = widths_of(look);
    char text[64];

    fprintf(out, "  %-*.*s", w.name, w.name - 1, g->name);
    look_cell(out, look, paint_of(g->tally.kind), -w.answer, lb_found_kind_name(g->tally.kind));
    change_text(f, g->tally.best, w.change, text);
    fprintf(out, "%-*s", w.change, text);
    change_text(f, g->tally.worst, w.change, text);
    fprintf(out, pages ? "%-*s" : "%.*s", pages ? w.change : 63, text);
    if (pages) {
        pages_text(g, w.pages, text);
        fprintf(out, "%s", text);
    }
    fputc('\n', out);
}

#define GROUPS_SHOWN 14

static void view_groups(FILE *out, const struct look *look, const struct lb_found *f, int suite)
{
    struct widths w = widths_of(look);
    bool pages = false, any = false;
    int shown = 0;

    for (size_t i = 0; i < f->n_groups; i++) {
        pages |= f->groups[i].suite == suite && isfinite(f->groups[i].pages_lo);
        any |= f->groups[i].suite == suite;
    }
    if (!any)
        return;
    fprintf(out, "  %-*s%-*s%-*s%-*s%s\n", w.name,
            f->suites[suite].asks_lock ? "the lock lies" : "layout", w.answer, "answer", w.change,
            "gains most", pages ? w.change : 0, "costs most",
            !pages         ? ""
            : w.pages < 10 ? "pg/1000"
                           : "pages/1000");
    for (size_t i = 0; i < f->n_groups; i++)
        if (f->groups[i].suite == suite && shown++ < GROUPS_SHOWN)
            view_group(out, look, f, &f->groups[i], pages);
    if (shown > GROUPS_SHOWN)
        fprintf(out, "  %d more: linebounce show result\n", shown - GROUPS_SHOWN);
}

/* Undecided ------------------------------------------------------------------------------------ */

static bool is_plain(const char *command)
{
    const char *at = strstr(command, "linebounce run");

    return at && (!at[14] || !strncmp(at + 14, " --out ", 7)) && !strstr(at + 15, " --budget") &&
           !strchr(at + (at[14] ? 21 : 14), ' ');
}

static void budget_text(double s, char text[24])
{
    if (fmod(s, 60) == 0)
        snprintf(text, 24, "%.0fm", s / 60);
    else
        snprintf(text, 24, "%.0fs", s);
}

static void view_undecided(FILE *out, const struct look *look, const struct lb_found *f,
                           const struct lb_found_suite *s)
{
    struct parts p = {"", 0}, more = {"", 0};
    char budget[24];

    if (!s->undecided || s->busy)
        return;
    part(&p, "%d of %d", s->undecided, s->shown);
    if (s->few)
        part(&p, "%d have too few pairs of windows (from %zu; it takes %d)", s->few, s->least_pairs,
             LB_FIRST_LOOK);
    if (s->wide)
        part(&p, "%d have too wide an interval", s->wide);
    if (s->not_measured)
        part(&p, "%d without a good window", s->not_measured);
    if (s->withheld)
        part(&p, "%d withheld: %s", s->withheld, s->withheld_why);
    say(out, look, "Undecided", &p);
    if (!isfinite(s->budget_s))
        return;
    budget_text(s->budget_s, budget);
    part(&more, "about %d of them would be decided by: %s --budget %s", s->decidable,
         is_plain(f->command) ? "linebounce run" : "the same command with", budget);
    say(out, look, "", &more);
}

/* Checks --------------------------------------------------------------------------------------- */

static const struct lb_found_control *headline_control(const struct lb_found *f, int suite)
{
    const struct lb_found_control *found = NULL;

    for (size_t i = 0; i < f->n_controls; i++) {
        const struct lb_found_control *k = &f->controls[i];
        if (k->suite == suite && k->main_regime &&
            (!found || (k->work_ns == LB_WORK_HEADLINE_NS && found->work_ns != k->work_ns)))
            found = k;
    }
    return found;
}

static void add_control(struct parts *p, const struct lb_found_control *k)
{
    if (!k)
        return;
    if (k->state == LB_CONTROL_PARTS)
        part(p, "sharing shows (one line costs %.2f x of two, %+.1f ns)", k->ratio, k->diff);
    else if (k->state == LB_CONTROL_FAILS)
        part(p, "sharing does NOT show between these CPUs: they cannot answer");
    else
        part(p, "too few windows to see that sharing shows");
}

static void add_pause(struct parts *p, const struct lb_found *f, int suite)
{
    for (size_t i = 0; i < f->n_pauses; i++) {
        const struct lb_found_pause *k = &f->pauses[i];
        if (k->suite != suite || !k->main_regime)
            continue;
        part(p, "%s",
             k->state == LB_SELF_CHECK_PASSED   ? "the pause hides nothing"
             : k->state == LB_SELF_CHECK_FAILED ? "the pause HIDES the cost: columns are refused"
                                                : "not known yet whether the pause hides some");
        return;
    }
}

static void view_checks(FILE *out, const struct look *look, const struct lb_found *f, int suite)
{
    const struct lb_found_suite *s = &f->suites[suite];
    struct parts p = {"", 0};

    if (!strcmp(s->ended, "interrupted"))
        part(&p, "interrupted after %.0f rounds", s->rounds);
    add_control(&p, headline_control(f, suite));
    add_pause(&p, f, suite);
    if (s->windows > 0)
        part(&p, "%.0f %% of windows spoiled%s", 100 * s->spoiled / s->windows,
             lb_spoiled_level(s->spoiled / s->windows) > LB_CHECK_UNKNOWN ? ": many" : "");
    if (s->busy)
        part(&p, "threads were off their CPUs for %.0f %% of the time", 100 * s->off_cpu_share);
    else if (s->others_share > LB_LOAD_OTHERS_MOST)
        part(&p, "other tasks had %.0f %% of the CPUs' time", 100 * s->others_share);
    if (*s->left_out)
        part(&p, "no time for %s", s->left_out);
    say(out, look, "Checks", &p);
}

static void view_machine(FILE *out, const struct look *look, const struct lb_found *f)
{
    struct parts p = {"", 0};
    double shown = lb_found_trip_ns(f);

    if (*f->hypervisor)
        part(&p, "virtual (%s)%s", f->hypervisor,
             !strcmp(f->counters, "absent") ? ", no hardware counters" : "");
    else if (!strcmp(f->counters, "absent"))
        part(&p, "no hardware counters");
    if (f->far_ns > f->near_ns)
        part(&p,
             "its CPUs were near (round trip %.0f ns) and far (%.0f ns): %.0f ns is shown, the "
             "rest by linebounce show result --far",
             f->near_ns, f->far_ns, shown);
    else if (isfinite(shown))
        part(&p, "a line's round trip between the CPUs took %.0f ns throughout", shown);
    say(out, look, "Machine", &p);
}

/* The whole ------------------------------------------------------------------------------------ */

void answer_interrupted(FILE *out, const struct lb_found *f)
{
    for (size_t i = 0; i < f->n_suites; i++) {
        const struct lb_found_suite *s = &f->suites[i];
        if (strcmp(s->ended, "interrupted") != 0 || !(s->rounds > 0))
            continue;
        fprintf(
            out,
            "\n%s: interrupted after %.0f s, %.0f round%s: %d of %d decided, %d slower so far.\n",
            s->name, s->elapsed_s, s->rounds, s->rounds > 1 ? "s" : "", s->shown - s->undecided,
            s->shown, s->tally.slower);
    }
}

static void view_suite(FILE *out, const struct look *look, const struct lb_found *f, int suite,
                       bool quiet)
{
    const struct lb_found_suite *s = &f->suites[suite];

    if (!quiet) {
        fputc('\n', out);
        if (s->shown) {
            answer_matrix(out, look, f, suite);
            fputc('\n', out);
        }
        view_undecided(out, look, f, s);
        view_checks(out, look, f, suite);
        if (suite == (int)f->n_suites - 1)
            view_machine(out, look, f);
        fputc('\n', out);
    }
    if (!s->busy && f->n_groups) {
        view_groups(out, look, f, suite);
        fputc('\n', out);
    }
    view_sentence(out, look, s);
}

void answer_view(FILE *out, const struct look *look, const struct lb_found *f, bool quiet)
{
    if (!quiet) {
        view_head(out, look, f);
        fputc('\n', out);
        for (size_t i = 0; i < f->n_suites; i++)
            view_sentence(out, look, &f->suites[i]);
    }
    for (size_t i = 0; i < f->n_suites; i++)
        view_suite(out, look, f, (int)i, quiet);
}
