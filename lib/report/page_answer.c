/* SPDX-License-Identifier: MIT
 *
 * What a page begins with: the answer's table, and what vouches for it.
 */
#include "page_private.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

/* The answer ---------------------------------------------------------------------------------- */

static void put_case(FILE *out, const struct lb_found *f, int at, const char *label,
                     const char *class)
{
    const struct lb_found_cell *c = at < 0 ? NULL : &f->cells[at];
    char text[512], column[160];

    fprintf(out, "<td data-n=\"%s\"", label);
    if (!c) {
        fputs(">–</td>", out);
        return;
    }
    lb_page_cell_text(f, c, text, sizeof text);
    lb_page_column_name(f, c, column, sizeof column);
    lb_html_print(out, " class=\"%s\" title=\"%s\">%+.1f ns, %s</td>", class, text, c->diff,
                  column);
}

static void put_pages(FILE *out, const struct lb_found_group *g)
{
    if (!isfinite(g->pages_lo))
        return;
    fprintf(out, "<td data-n=\"pages per 1000\">%.0f", g->pages_lo);
    if (g->pages_hi > g->pages_lo)
        fprintf(out, " to %.0f", g->pages_hi);
    if (g->pages_base > 0) {
        double more = g->pages_lo / g->pages_base - 1, most = g->pages_hi / g->pages_base - 1;
        fprintf(out, " (%+.0f %%", 100 * more);
        if (most > more)
            fprintf(out, " to %+.0f %%", 100 * most);
        fputs(")", out);
    }
    fputs("</td>", out);
}

static void put_group(FILE *out, const struct lb_found *f, const struct lb_found_group *g)
{
    static const char *const classes[] = {
        [LB_ANSWER_COSTS] = "slower t",
        [LB_ANSWER_NOTHING] = "t",
        [LB_ANSWER_NO_COST] = "t",
        [LB_ANSWER_UNDECIDED] = "open t",
    };
    const struct lb_found_tally *t = &g->tally;
    int decided = t->faster + t->same + t->not_slower + t->slower;
    bool first = true;

    char name[160];

    snprintf(name, sizeof name, "%s", g->name);
    if (!strcmp(g->name, f->layouts[g->first].name))
        lb_page_layout_name(f, g->first, name, sizeof name);
    lb_html_print(out, "<tr><th scope=\"row\">%s", name);
    for (size_t i = 0; i < f->n_layouts; i++)
        if (lb_found_group_has(f, g, (int)i) && strcmp(f->layouts[i].name, g->name) != 0) {
            fputs(first ? " <span class=\"dim small\">" : ", ", out);
            lb_html_put(out, f->layouts[i].name);
            first = false;
        }
    fprintf(out, "%s</th><td class=\"%s\"><strong>", first ? "" : "</span>", classes[t->kind]);
    lb_html_print(out, "%s</strong></td>", lb_found_kind_name(t->kind));
    put_case(out, f, t->best, "gains most", "gain");
    put_case(out, f, t->worst, "costs most", "cost");
    fprintf(out, "<td data-n=\"undecided\">%d of %d</td>", t->undecided, decided + t->undecided);
    put_pages(out, g);
    fputs("</tr>\n", out);
}

static bool any_pages(const struct lb_found *f, int suite)
{
    for (size_t i = 0; i < f->n_groups; i++)
        if (f->groups[i].suite == suite && isfinite(f->groups[i].pages_lo))
            return true;
    return false;
}

static size_t groups_of(const struct lb_found *f, int suite)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n_groups; i++)
        n += f->groups[i].suite == suite;
    return n;
}

static void put_suite(struct lb_page *p, int suite)
{
    const struct lb_found *f = p->found;
    const struct lb_found_suite *s = &f->suites[suite];

    if (suite) { /* the first is the page's title */
        lb_html_print(p->out, "<h2>%s %s</h2>\n", s->question, s->answer);
    }
    if (!groups_of(f, suite))
        return;
    fprintf(p->out,
            "<div class=\"scroll\"><table class=\"cards\"><thead><tr><th scope=\"col\">%s</th>"
            "<th scope=\"col\" class=\"t\">answer</th><th scope=\"col\">gains most</th>"
            "<th scope=\"col\">costs most</th><th scope=\"col\">undecided</th>%s</tr></thead>"
            "<tbody>\n",
            s->asks_lock ? "where the lock lies" : "layout",
            any_pages(f, suite) ? "<th scope=\"col\">pages per 1000</th>" : "");
    for (size_t i = 0; i < f->n_groups; i++)
        if (f->groups[i].suite == suite)
            put_group(p->out, f, &f->groups[i]);
    fputs("</tbody></table></div>\n", p->out);
    p->tables++;
    if (*lb_found_base(f, suite)) {
        lb_html_print(
            p->out,
            "<p class=\"dim small\">Against <strong>%s</strong>; differences in ns an op.</p>\n",
            lb_found_base(f, suite));
    }
}

void lb_page_answer(struct lb_page *p)
{
    for (size_t s = 0; p->found && s < p->found->n_suites; s++)
        put_suite(p, (int)s);
}

/* Trust --------------------------------------------------------------------------------------- */

/* By what the controls show. */
static void say_controls(struct lb_page *p)
{
    const struct lb_found *f = p->found;
    size_t n[LB_CONTROL_FAILS + 1] = {0}, all = 0;
    const struct lb_found_cell *one = NULL;

    for (size_t i = 0; i < f->n_controls; i++) {
        const struct lb_found_cell *c = &f->cells[f->controls[i].cell];
        if (c->main_regime) {
            n[f->controls[i].state]++;
            all++;
            one = c->work_ns > 0 && !one ? c : one;
        }
    }
    if (!all)
        lb_page_item(p->out, LB_CHECK_WARNS,
                     "No controls were measured: nothing shows that sharing a line costs here.");
    else if (n[LB_CONTROL_PARTS] == all && one)
        lb_page_item(p->out, LB_CHECK_OK,
                     "Sharing shows: two words of one line cost %.1f ns [%.1f, %.1f] more than "
                     "words far apart.",
                     one->diff, one->diff_lo, one->diff_hi);
    else
        lb_page_item(
            p->out,
            n[LB_CONTROL_FAILS]          ? LB_CHECK_SPOILS
            : n[LB_CONTROL_PARTS] == all ? LB_CHECK_OK
                                         : LB_CHECK_WARNS,
            "Controls that show what sharing costs: %zu of %zu; open: %zu; showing nothing: %zu.",
            n[LB_CONTROL_PARTS], all, n[LB_CONTROL_OPEN] + n[LB_CONTROL_NONE], n[LB_CONTROL_FAILS]);
}

static void say_pause(struct lb_page *p)
{
    static const struct {
        enum lb_check_level level;
        const char *text;
    } says[] = {
        [LB_SELF_CHECK_NONE] = {LB_CHECK_WARNS, "Whether the pause hides a cost was not measured."},
        [LB_SELF_CHECK_PASSED] = {LB_CHECK_OK, "The pause between ops hides nothing"},
        [LB_SELF_CHECK_OPEN] = {LB_CHECK_WARNS, "Whether the pause hides a cost is open"},
        [LB_SELF_CHECK_FAILED] = {LB_CHECK_SPOILS,
                                  "The pause hides a cost: no column with work counts"},
    };

    for (size_t i = 0; i < p->found->n_pauses; i++) {
        const struct lb_found_pause *k = &p->found->pauses[i];
        const struct lb_found_cell *cells = p->found->cells;
        if (cells[k->at_short].main_regime)
            lb_page_item(
                p->out, says[k->state].level,
                "%s: sharing costs %.1f ns after a short one and %.1f ns after a long one.",
                says[k->state].text, cells[k->at_short].diff, cells[k->at_long].diff);
    }
}

static void say_windows(struct lb_page *p)
{
    for (size_t i = 0; i < p->found->n_suites; i++) {
        const struct lb_found_suite *s = &p->found->suites[i];
        double share = s->spoiled / s->windows;
        if (s->windows > 0)
            lb_page_item(p->out, lb_spoiled_level(share),
                         "%s%s%.0f %% of %.0f windows were spoiled and left out.",
                         p->found->n_suites > 1 ? s->name : "", p->found->n_suites > 1 ? ": " : "",
                         100 * share, s->windows);
        if (s->busy)
            lb_page_item(p->out, LB_CHECK_SPOILS,
                         "The machine was busy with other work: no verdict stands.");
        else if (s->others_share > LB_LOAD_OTHERS_MOST)
            lb_page_item(p->out, LB_CHECK_WARNS,
                         "Other tasks had %.0f %% of the time of the CPUs used.",
                         100 * s->others_share);
    }
}

static void say_distances(struct lb_page *p)
{
    const struct lb_found *f = p->found;

    if (f->n_regimes > 1 && f->far_ns > f->near_ns)
        lb_page_item(
            p->out, LB_CHECK_WARNS,
            "Its CPUs were near (a line goes there and back in %.0f ns) and far (%.0f ns) by "
            "turns: what was measured at %.0f ns is shown, the rest stands below.",
            f->near_ns, f->far_ns, lb_found_trip_ns(f));
}

static void say_machine(struct lb_page *p)
{
    const struct lb_found *f = p->found;

    if (*f->hypervisor && strcmp(f->hypervisor, "none") != 0)
        lb_page_item(p->out, LB_CHECK_WARNS, "A virtual machine (%s).", f->hypervisor);
    if (*f->counters && strcmp(f->counters, "counted") != 0 && *f->counters_why)
        lb_page_item(p->out, LB_CHECK_WARNS, "%c%s.",
                     f->counters_why[0] >= 'a' ? f->counters_why[0] - 32 : f->counters_why[0],
                     f->counters_why + 1);
}

static void say_undecided(struct lb_page *p)
{
    for (size_t i = 0; i < p->found->n_suites; i++) {
        const struct lb_found_suite *s = &p->found->suites[i];
        char few[96] = "", wide[96] = "", withheld[400] = "", none[96] = "";
        if (!s->undecided) {
            if (s->shown)
                lb_page_item(p->out, LB_CHECK_OK, "All %d comparisons are decided.", s->shown);
            continue;
        }
        if (s->few)
            snprintf(few, sizeof few, "; %d too few pairs of windows (%zu and more)", s->few,
                     s->least_pairs);
        if (s->wide)
            snprintf(wide, sizeof wide, "; %d too wide an interval", s->wide);
        if (s->withheld)
            snprintf(withheld, sizeof withheld, "; %d withheld: %.300s", s->withheld,
                     s->withheld_why);
        if (s->not_measured)
            snprintf(none, sizeof none, "; %d without a good window", s->not_measured);
        lb_page_item(p->out, LB_CHECK_WARNS, "%d of %d comparisons are undecided%s%s%s%s.",
                     s->undecided, s->shown, few, wide, withheld, none);
        if (isfinite(s->budget_s)) {
            bool minutes = s->budget_s >= 60 && fmod(s->budget_s, 60) == 0;
            lb_page_item(p->out, LB_CHECK_WARNS,
                         "More time would decide them, as far as this run can tell: "
                         "%s --budget %.0f%s.",
                         lb_found_is_plain(p->found) ? "linebounce run" : "the same command with",
                         minutes ? s->budget_s / 60 : s->budget_s, minutes ? "m" : "s");
        }
    }
}

/* What was found of the machine before the run, as sentences in run.json; false: nothing. */
static bool say_findings(struct lb_page *p)
{
    char path[4200], **texts;
    size_t n;

    snprintf(path, sizeof path, "%s/run.json", p->dir);
    if (lb_json_read_texts(path, "machine.findings", NULL, &texts, &n))
        return false;
    for (size_t i = 0; i < n; i++)
        if (strlen(texts[i]) > 2) /* "! what: ..." or "x what: ..." */
            lb_page_item(p->out, *texts[i] == 'x' ? LB_CHECK_SPOILS : LB_CHECK_WARNS, "%c%s.",
                         toupper((unsigned char)texts[i][2]), texts[i] + 3);
    lb_json_drop_texts(texts);
    return n > 0;
}

void lb_page_trust(struct lb_page *p)
{
    if (!p->found || !p->found->n_suites)
        return;
    fputs("<section class=\"trust\"><h2>Can this be trusted?</h2><ul>\n", p->out);
    if (p->found->n_layouts) /* of pairs of CPUs there are none */
        say_controls(p);
    say_pause(p);
    say_windows(p);
    say_distances(p);
    if (!say_findings(p))
        say_machine(p); /* of a run that did not look */
    say_undecided(p);
    fputs("</ul></section>\n", p->out);
}
