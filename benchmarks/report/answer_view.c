/* SPDX-License-Identifier: MIT
 *
 * A run's answer, and what it rests on.
 */
#include "answer_view.h"

#include "answer_parts.h"

#include <linebounce/doctor.h>
#include <linebounce/scenario.h>

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define INDENT 11 /* of what stands behind "Undecided" */

/* A line of parts with ";" between, each added where there is something to say. */
struct parts {
    char text[768];
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void part(struct parts *p, const char *format, ...)
{
    struct lb_canvas t = {p->text, sizeof p->text, p->used};
    char one[sizeof p->text];
    va_list list;

    va_start(list, format);
    vsnprintf(one, sizeof one, format, list);
    va_end(list);
    lb_canvas_put(&t, "%s%s", t.used ? "; " : "", one);
    p->used = t.used;
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

/* Columns of the table of groups. With several placements each has a column as long as they fit;
 * where not even so many do, what gains and costs most says where. */
struct columns {
    int name, answer, best, worst, pages; /* widths; 0: not there */
    int panel;
    struct list panels;
};
#define PANEL 11

static bool has_pages(const struct lb_found *f, int suite)
{
    for (size_t i = 0; i < f->n_groups; i++)
        if (f->groups[i].suite == suite && isfinite(f->groups[i].pages_lo))
            return true;
    return false;
}

static struct columns columns_of(const struct look *look, const struct lb_found *f, int suite)
{
    bool wide = look->columns >= LOOK_WIDE;
    struct columns c = wide ? (struct columns){23, 15, 25, 25, 10, 0, {NULL, 0}}
                            : (struct columns){21, 14, 18, 18, 7, 0, {NULL, 0}};
    int room;

    answer_panels(f, suite, &c.panels);
    c.pages = has_pages(f, suite) ? c.pages : 0;
    if (c.panels.n < 2)
        return c;
    room = look->columns - c.name - c.answer;
    if ((int)c.panels.n * PANEL <= room) {
        c.panel = PANEL;
        c.worst = room - (int)c.panels.n * PANEL >= c.worst ? c.worst : 0;
        c.best = c.pages = 0;
    } else {
        c.best = c.worst = room / 2;
        c.pages = 0;
    }
    return c;
}

#define CHANGE_BYTES 192
/* "-116 ns many", "+54 ns observer lock": cut where it is too long. */
static void change_text(const struct lb_found *f, int at, const struct columns *w, int width,
                        char text[CHANGE_BYTES])
{
    const struct lb_found_cell *c = at < 0 ? NULL : &f->cells[at];
    bool alone = c && !strcmp(c->role, "all"), places = !w->panel && w->panels.n > 1;

    if (!c)
        snprintf(text, CHANGE_BYTES, "-");
    else
        snprintf(text, CHANGE_BYTES, "%+.0f ns %s%s%s%s%s", c->diff, c->scenario_name,
                 alone ? "" : " ", alone ? "" : c->role, places ? ", " : "",
                 places ? c->placement : "");
    if (width > 2 && (int)strlen(text) > width - 2)
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

static void view_panels(FILE *out, const struct look *look, const struct lb_found *f,
                        const struct lb_found_group *g, const struct list *panels)
{
    const struct lb_found_cell *const *list = panels->at;
    char text[ANSWER_CELL_BYTES];

    for (size_t k = 0; k < panels->n; k++) {
        struct answer_sum sum = {0};
        for (size_t i = 0; i < f->n_cells; i++)
            if (f->cells[i].about && lb_found_is_place(&f->cells[i], list[k]) &&
                lb_found_group_has(f, g, f->cells[i].layout))
                answer_sum_add(&f->cells[i], &sum);
        look_cell(out, look, answer_sum_text(&sum, text), PANEL, text);
    }
}

/* A cell, behind the blanks that are due; none stand at the end of a line. */
static void put(FILE *out, int *blanks, int width, const char *text)
{
    if (!width)
        return;
    fprintf(out, "%*s%s", *blanks, "", text);
    *blanks = width - (int)strlen(text);
}

static void view_group(FILE *out, const struct look *look, const struct lb_found *f,
                       const struct lb_found_group *g, const struct columns *w)
{
    char text[CHANGE_BYTES];
    int blanks = 2;

    snprintf(text, sizeof text, "%.*s", w->name - 1, g->name);
    put(out, &blanks, w->name, text);
    fprintf(out, "%*s", blanks, "");
    look_cell(out, look, paint_of(g->tally.kind), w->panel || w->best ? -w->answer : 0,
              lb_found_kind_name(g->tally.kind));
    blanks = 0;
    change_text(f, g->tally.best, w, w->best, text);
    put(out, &blanks, w->best, text);
    change_text(f, g->tally.worst, w, w->worst, text);
    put(out, &blanks, w->worst, text);
    pages_text(g, w->pages, text);
    put(out, &blanks, w->pages, text);
    if (w->panel) {
        fprintf(out, "%*s", blanks, "");
        view_panels(out, look, f, g, &w->panels);
    }
    fputc('\n', out);
}

static void view_groups_head(FILE *out, const struct lb_found *f, int suite,
                             const struct columns *w)
{
    const struct lb_found_cell *const *list = w->panels.at;
    char place[ANSWER_PANEL_BYTES], more[ANSWER_PANEL_BYTES];
    int blanks = 2, above = 2 + w->name + w->answer + w->worst;
    bool any = false;

    for (size_t k = 0; w->panel && k < w->panels.n; k++) {
        answer_panel_name(&w->panels, list[k], place, more);
        any |= *more != '\0';
    }
    for (size_t k = 0; any && k < w->panels.n; k++) {
        answer_panel_name(&w->panels, list[k], place, more);
        fprintf(out, "%*.*s", above + PANEL, PANEL - 1, place);
        above = 0;
    }
    if (any)
        fputc('\n', out);
    put(out, &blanks, w->name, f->suites[suite].asks_lock ? "the lock lies" : "layout");
    put(out, &blanks, w->answer, "answer");
    put(out, &blanks, w->best, "gains most");
    put(out, &blanks, w->worst, "costs most");
    put(out, &blanks, w->pages, w->pages < 10 ? "pg/1000" : "pages/1000");
    fprintf(out, "%*s", w->panel ? blanks : 0, "");
    for (size_t k = 0; w->panel && k < w->panels.n; k++) {
        answer_panel_name(&w->panels, list[k], place, more);
        fprintf(out, "%*.*s", PANEL, PANEL - 1, any ? more : place);
    }
    fputc('\n', out);
}

#define GROUPS_SHOWN 14

/* Whether the suite's groups say something that the matrix does not: layouts taken together, or
 * other placements. */
static bool wants_groups(const struct lb_found *f, int suite)
{
    struct list panels;
    size_t n = 0;

    answer_panels(f, suite, &panels);
    for (size_t i = 0; i < f->n_groups; i++)
        n += f->groups[i].suite == suite;
    free(panels.at);
    return n && (f->suites[suite].asks_lock || panels.n > 1);
}

static void view_groups(FILE *out, const struct look *look, const struct lb_found *f, int suite)
{
    struct columns w = columns_of(look, f, suite);
    int shown = 0;

    view_groups_head(out, f, suite, &w);
    for (size_t i = 0; i < f->n_groups; i++)
        if (f->groups[i].suite == suite && shown++ < GROUPS_SHOWN)
            view_group(out, look, f, &f->groups[i], &w);
    if (shown > GROUPS_SHOWN)
        fprintf(out, "  and %d more, in answer.csv\n", shown - GROUPS_SHOWN);
    free(w.panels.at);
}

/* Undecided ------------------------------------------------------------------------------------ */

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
    bool plain = lb_found_is_plain(f);

    if (!s->undecided || s->busy)
        return;
    part(&p, "%d of %d", s->undecided, s->shown);
    if (s->few)
        part(&p, "%d %s too few pairs of windows (from %zu; it takes %d)", s->few,
             s->few == 1 ? "has" : "have", s->least_pairs, LB_FIRST_LOOK);
    if (s->wide)
        part(&p, "%d %s too wide an interval", s->wide, s->wide == 1 ? "has" : "have");
    if (s->not_measured)
        part(&p, "%d without a good window", s->not_measured);
    if (s->withheld)
        part(&p, "%d withheld: %s", s->withheld, s->withheld_why);
    say(out, look, "Undecided", &p);
    if (!isfinite(s->budget_s))
        return;
    budget_text(s->budget_s, budget);
    part(&more, "about %d of them would be decided by: %s%s --budget %s", s->decidable,
         plain ? look_program() : "the same command with", plain ? " run" : "", budget);
    say(out, look, "", &more);
}

/* Checks --------------------------------------------------------------------------------------- */

/* That of the headline. */
static void add_control(struct parts *p, const struct lb_found *f, int suite)
{
    const struct lb_found_cell *found = NULL;
    enum lb_control_state state = LB_CONTROL_NONE;

    for (size_t i = 0; i < f->n_controls; i++) {
        const struct lb_found_cell *c = &f->cells[f->controls[i].cell];
        if (c->suite == suite && c->main_regime &&
            (!found || (c->work_ns == LB_WORK_HEADLINE_NS && found->work_ns != c->work_ns))) {
            found = c;
            state = f->controls[i].state;
        }
    }
    if (!found)
        return;
    if (state == LB_CONTROL_PARTS)
        part(p, "sharing shows (one line costs %.2f x of two, %+.1f ns)", found->ratio,
             found->diff);
    else if (state == LB_CONTROL_FAILS)
        part(p, "sharing does NOT show between these CPUs: they cannot answer");
    else
        part(p, "too few windows to see that sharing shows");
}

static void add_pause(struct parts *p, const struct lb_found *f, int suite)
{
    for (size_t i = 0; i < f->n_pauses; i++) {
        const struct lb_found_pause *k = &f->pauses[i];
        const struct lb_found_cell *c = &f->cells[k->at_short];
        if (c->suite != suite || !c->main_regime)
            continue;
        part(p, "%s",
             k->state == LB_SELF_CHECK_PASSED   ? "the pause hides nothing"
             : k->state == LB_SELF_CHECK_FAILED ? "the pause HIDES the cost: columns are refused"
                                                : "not known yet whether the pause hides some");
        return;
    }
}

/* How much longer a fault takes in the crew's loop than in a plain one: bare is compared to pft. */
static void add_bare(struct parts *p, const struct lb_found *f, int suite)
{
    for (size_t i = 0; i < f->n_cells; i++) {
        const struct lb_found_cell *c = &f->cells[i];
        if (c->suite == suite && c->scenario && c->scenario->kind == LB_SCENARIO_FAULT_BARE &&
            c->main_regime && c->ratio_lo > 0 && isfinite(c->ratio_hi)) {
            part(p, "the crew's loop takes %.3f x [%.3f, %.3f] of a plain loop of touches",
                 1 / c->ratio, 1 / c->ratio_hi, 1 / c->ratio_lo);
            return;
        }
    }
}

/* Rounds in which pairs of CPUs were at another distance than in most. */
static void add_moved(struct parts *p, const struct lb_found *f, int suite)
{
    size_t rows = 0, others = 0;

    for (size_t i = 0; f->suites[suite].of_pu_pairs && i < f->n_pu_pairs; i++) {
        rows += f->pu_pairs[i].rows;
        others += f->pu_pairs[i].rows_other;
    }
    if (rows)
        part(p, "%.0f rounds; %zu of %zu measurements were at another distance and do not count",
             f->suites[suite].rounds, others, rows);
}

/* By which rules a structure's lock was taken, where that is a choice. */
static void add_rules(struct parts *p, const struct lb_found *f, int suite)
{
    for (size_t i = 0; i < f->n_cells; i++) {
        const struct lb_found_cell *c = &f->cells[i];
        if (c->suite == suite && *c->generation && c->scenario && c->scenario->by_structure &&
            c->layout >= 0 && !strncmp(f->layouts[c->layout].lock, "rwsem", 5)) {
            part(p, "rw-semaphores are taken by the rules of Linux %s", c->generation);
            return;
        }
    }
}

static void view_checks(FILE *out, const struct look *look, const struct lb_found *f, int suite)
{
    const struct lb_found_suite *s = &f->suites[suite];
    struct parts p = {"", 0};

    if (!strcmp(s->ended, "interrupted"))
        part(&p, "interrupted after %.0f rounds", s->rounds);
    add_control(&p, f, suite);
    add_pause(&p, f, suite);
    add_bare(&p, f, suite);
    add_moved(&p, f, suite);
    add_rules(&p, f, suite);
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

/* At each of several placements, as long as there are few; false: there is one, or many. */
#define TRIPS_MOST 5
static bool add_trips(struct parts *p, const struct lb_found *f)
{
    struct list panels;
    const struct lb_found_cell *const *list;
    char text[256] = "";
    size_t used = 0, n = 0;

    if (f->suites[0].of_pu_pairs) /* whose table has them */
        return false;
    answer_panels(f, 0, &panels);
    list = panels.at;
    for (size_t i = 0; i < panels.n && panels.n <= TRIPS_MOST && used < sizeof text; i++)
        if (isfinite(list[i]->regime_ns) && ++n)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%.0f ns at %s",
                                     n > 1 ? ", " : "", list[i]->regime_ns, list[i]->placement);
    free(panels.at);
    if (n < 2)
        return false;
    part(p, "a line's round trip took %s", text);
    if (f->n_regimes > 1)
        part(p, "other distances by %s show result --far", look_program());
    return true;
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
    bool several = add_trips(&p, f);
    if (!several && f->n_regimes > 1 && f->far_ns > f->near_ns)
        part(&p,
             "its CPUs were near (round trip %.0f ns) and far (%.0f ns): %.0f ns is shown, the "
             "rest by %s show result --far",
             f->near_ns, f->far_ns, shown, look_program());
    else if (!several && isfinite(shown))
        part(&p, "a line's round trip between the CPUs took %.0f ns throughout", shown);
    for (size_t i = 0; i < f->n_suites; i++)
        if (*f->suites[i].claims)
            part(&p, "%s", f->suites[i].claims);
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

/* The suite's own table, else layouts against scenarios. */
static void view_table(FILE *out, const struct look *look, const struct lb_found *f, int suite)
{
    struct grid grid;
    const char *what, *note = answer_figures(f, suite, &grid, &what);

    if (note) {
        look_text(out, look, "", 0, what);
        grid_print(out, look, &grid);
        if (*note)
            look_text(out, look, "", 2, note);
        fputc('\n', out);
    } else if (f->suites[suite].shown) {
        answer_matrix(out, look, f, suite);
        fputc('\n', out);
    }
    grid_finish(&grid);
}

static void view_suite(FILE *out, const struct look *look, const struct lb_found *f, int suite,
                       bool quiet)
{
    const struct lb_found_suite *s = &f->suites[suite];
    bool groups = !s->busy && wants_groups(f, suite);

    if (!quiet)
        fputc('\n', out);
    if (!quiet || !groups)
        view_table(out, look, f, suite);
    if (!quiet) {
        view_undecided(out, look, f, s);
        view_checks(out, look, f, suite);
        if (suite == (int)f->n_suites - 1)
            view_machine(out, look, f);
        fputc('\n', out);
    }
    if (groups) {
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
