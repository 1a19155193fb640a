/* SPDX-License-Identifier: MIT
 *
 * causes: a chain of designs, each step of which changes one property. What each step costs adds up
 * to what the last design costs more than the first.
 */
#include "suite.h"

#include "exit_status.h"

#include "report/labels.h"

#include <linebounce/explain.h>
#include <linebounce/scenario.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The chain that is taken unless layouts were named: the lock as shipped to Linux 6.14, to the
 * reference count in 192 bytes. */
static const struct link {
    const char *name;
    const char *step; /* what has changed since the one before it */
} chain[] = {
    {"pointer", NULL},
    {"pointer-lock-aligned", "each lock on a line of its own"},
    {"pointer-aligned", "objects aligned to lines"},
    {LB_CHAIN_CHASE, "lock in the object, by pointer: place, size"},
    {"embedded-own-line", "no pointer chase"},
    {LB_CHAIN_KIND, "refcount: the kind of lock, the rules of its kernels"},
    {"refcount", "refcount in 192 bytes: order, size"},
};
enum { FROM_CHASE = 3, FROM_OWN = 4, TO_OWN = 5 };
/* LB_CHAIN_BOTH, the fourth corner of {kind} x {chase}, comes last. */

static const struct lb_scenario *const asked[] = {
    &lb_scenarios[LB_SCENARIO_NEIGHBOURS], &lb_scenarios[LB_SCENARIO_SAME_OBJECT],
    &lb_scenarios[LB_SCENARIO_MANY],       &lb_scenarios[LB_SCENARIO_OBSERVER],
    &lb_scenarios[LB_SCENARIO_NESTED],
};
static const double works[] = {LB_WORK_HEADLINE_NS};
static const size_t objects[] = {100000};

/* Built in, or of the chain alone: what these tables have cannot be wrong, only be
 * without memory. */
static void add_layout(struct list *list, const char *name)
{
    size_t length = strlen(name);
    struct lb_layout made;

    for (size_t i = 0; i < lb_n_layouts; i++)
        if (!strcmp(lb_layouts[i].name, name))
            list_add(list, sizeof made, &lb_layouts[i]);
    for (size_t i = 0; lb_chain_layouts[i]; i++) {
        if (strncmp(lb_chain_layouts[i], name, length) != 0 || lb_chain_layouts[i][length] != ':')
            continue;
        if (lb_layout_parse(lb_chain_layouts[i], NULL, &made)) {
            fputs("linebounce: out of memory\n", stderr);
            exit(EXIT_NOT_MEASURED);
        }
        list_add(list, sizeof made, &made);
    }
}

/* From the baseline on, where that is a part of the chain. */
static void add_chain(const struct settings *s, struct request *request)
{
    size_t from = 0;

    for (size_t i = 0; s->baseline_given && i < LB_COUNT(chain); i++)
        if (!strcmp(chain[i].name, s->baseline))
            from = i;
    for (size_t i = from; i < LB_COUNT(chain); i++)
        add_layout(&request->own.layouts, chain[i].name);
    if (from <= FROM_CHASE)
        add_layout(&request->own.layouts, LB_CHAIN_BOTH);
    request->plan.layouts = request->own.layouts.at;
    request->plan.n_layouts = request->own.layouts.n;
}

static void defaults(const struct settings *s, struct request *request)
{
    struct lb_request *r = &request->plan;

    if (!r->n_layouts)
        add_chain(s, request);
    r->n_locks = 0; /* the kind is a step of the chain */
    REQUEST_ALL(r, scenarios, asked);
    REQUEST_ALL(r, work_ns, works);
    REQUEST_ALL(r, objects, objects);
}

/* Conclusion ------------------------------------------------------------------------------------
 */

enum { CELLS_MOST = 16, COLUMNS = 3 };

/* One scenario, role, placement and work: its cases in the order of the chain, and what the steps
 * come to: one a case but the first, then their sum, then the corner's. */
struct column {
    const struct lb_plan *plan;
    int cases[CELLS_MOST], role, regime;
    size_t n, rounds, left_out;
    bool square; /* the last case is the corner */
    struct lb_weighted found[CELLS_MOST + 1];
    size_t n_found; /* 0: too few rounds */
};

static const struct lb_layout *layout_of(const struct column *c, size_t i)
{
    return c->plan->cases[c->cases[i]].shape.layout;
}

static bool is_corner(const struct lb_layout *l)
{
    return !strcmp(l->name, LB_CHAIN_BOTH);
}

static const struct lb_sample *sample_in(const struct lb_run *run, const struct column *c, size_t i,
                                         unsigned round)
{
    const struct lb_series *s = &run->series[c->cases[i]];

    for (size_t k = 0; k < s->n; k++)
        if (s->samples[c->role][k].round == round && s->samples[c->role][k].regime == c->regime)
            return &s->samples[c->role][k];
    return NULL;
}

/* Rounds in which every design was measured in the regime; rows of c->n. */
static size_t take_rounds(const struct lb_run *run, const struct column *c, double *rows)
{
    const struct lb_series *first = &run->series[c->cases[0]];
    size_t n = 0;

    for (size_t k = 0; k < first->n; k++) {
        bool whole = true;
        for (size_t i = 0; whole && i < c->n; i++) {
            const struct lb_sample *x = sample_in(run, c, i, first->samples[c->role][k].round);
            whole = x && isfinite(x->ns_op);
            if (whole)
                rows[n * c->n + i] = x->ns_op;
        }
        n += whole;
    }
    return n;
}

#define FAR       6.0 /* scaled median deviations */
#define FAR_LEAST 2.0 /* ns */

/* Marks the rounds in which design i lies far from its median. */
static void mark_far(const struct column *c, const double *rows, size_t n, size_t i, double *values,
                     bool *far)
{
    double median = 0, mad = 0;

    for (size_t k = 0; k < n; k++)
        values[k] = rows[k * c->n + i];
    lb_stats_median(values, n, &median);
    for (size_t k = 0; k < n; k++)
        values[k] = fabs(values[k] - median);
    lb_stats_median(values, n, &mad);
    for (size_t k = 0; k < n; k++)
        far[k] |= values[k] > fmax(FAR * 1.4826 * mad, FAR_LEAST);
}

/* Without rounds in which something came between: means would be of that alone. */
static size_t drop_far(const struct column *c, double *rows, size_t n)
{
    double *values = calloc(n + 1, sizeof *values);
    bool *far = calloc(n + 1, sizeof *far);
    size_t kept = values && far ? 0 : n;

    for (size_t i = 0; values && far && i < c->n; i++) {
        mark_far(c, rows, n, i, values, far);
        if (i + 1 < c->n)
            continue;
        for (size_t k = 0; k < n; k++)
            if (!far[k])
                memmove(rows + kept++ * c->n, rows + k * c->n, c->n * sizeof *rows);
    }
    free(values);
    free(far);
    return kept;
}

static size_t in_chain(const struct column *c, size_t link)
{
    const char *name = chain[link].name;

    for (size_t i = 0; i < c->n; i++)
        if (!strcmp(layout_of(c, i)->name, name))
            return i;
    return 0;
}

static size_t put_weights(const struct column *c, double *weights)
{
    size_t steps = c->n - 1 - c->square, m = 0;

    for (; m < steps; m++) {
        weights[m * c->n + m] = -1;
        weights[m * c->n + m + 1] = 1;
    }
    weights[m * c->n] = -1;
    weights[m * c->n + steps] = 1;
    m++;
    if (!c->square)
        return m;
    /* The kind of lock without the chase, less what it is with it. */
    weights[m * c->n + in_chain(c, TO_OWN)] += 1;
    weights[m * c->n + in_chain(c, FROM_OWN)] -= 1;
    weights[m * c->n + c->n - 1] -= 1;
    weights[m * c->n + in_chain(c, FROM_CHASE)] += 1;
    return m + 1;
}

static void estimate(const struct lb_run *run, struct column *c)
{
    double *rows = calloc(lb_run_longest(run) * c->n + 1, sizeof *rows);
    double weights[(CELLS_MOST + 1) * CELLS_MOST] = {0};
    size_t n, m;

    if (!rows)
        return;
    n = take_rounds(run, c, rows);
    c->rounds = n >= LB_FIRST_LOOK / 3 ? drop_far(c, rows, n) : n;
    c->left_out = n - c->rounds;
    m = put_weights(c, weights);
    if (c->rounds >= 6 && !lb_stats_contrasts(rows, c->rounds, c->n, weights, m, 1, c->found))
        c->n_found = m;
    free(rows);
}

/* The cases of a column: the given one and those beside it. */
static void take_cases(const struct lb_analysis *a, const struct lb_case *c, int role,
                       struct column *to)
{
    const struct lb_plan *p = a->run->plan;

    *to = (struct column){
        .plan = p, .role = role, .regime = lb_run_main_regime(a->run, c->placement)};
    for (size_t k = 0; k < p->n_cases && to->n < CELLS_MOST; k++)
        if (p->cases[k].placement == c->placement && !p->cases[k].twin &&
            lb_case_is_beside(&p->cases[k], c))
            to->cases[to->n++] = (int)k;
    to->square = to->n > FROM_CHASE && is_corner(layout_of(to, to->n - 1));
}

/* The columns of a run, in the plan's order: a case of the first design begins one a role. */
static size_t find_columns(const struct lb_analysis *a, struct column *columns, size_t most)
{
    const struct lb_plan *p = a->run->plan;
    const struct lb_layout *first = NULL;
    size_t n = 0;

    for (size_t i = 0; i < p->n_cases && n < most; i++) {
        const struct lb_case *c = &p->cases[i];
        if (!lb_case_is_subject(c) || !c->shape.layout || c->twin || !(c->work_ns > 0))
            continue;
        first = first ? first : c->shape.layout;
        if (strcmp(c->shape.layout->name, first->name) != 0)
            continue;
        for (int role = 0; role < lb_case_roles(c) && n < most; role++) {
            take_cases(a, c, role, &columns[n]);
            estimate(a->run, &columns[n++]);
        }
    }
    return n;
}

/* One correction for all that the tables call a step. */
static void correct(struct column *columns, size_t n)
{
    struct lb_weighted **all = calloc(n * (CELLS_MOST + 1) + 1, sizeof(struct lb_weighted *));
    size_t m = 0;

    for (size_t i = 0; all && i < n; i++)
        for (size_t k = 0; k < columns[i].n_found; k++)
            if (k != columns[i].n - 1 - columns[i].square) /* the sum is no step */
                all[m++] = &columns[i].found[k];
    if (all)
        lb_stats_holm_of(all, m);
    free(all);
}

#define LABEL 24
#define WIDTH 24

static void put_label(FILE *out, const struct column *c, size_t k)
{
    char text[64];
    size_t steps = c->n - 1 - c->square;

    if (k < steps)
        snprintf(text, sizeof text, "+ %s", layout_of(c, k + 1)->name);
    else
        snprintf(text, sizeof text, "%s", k == steps ? "sum of the steps" : "order matters by");
    fprintf(out, "%-*.*s", LABEL, LABEL, text);
}

/* The last of a line ends it. */
static void put_padded(FILE *out, const char *text, bool last)
{
    if (last)
        fprintf(out, " %s\n", text);
    else
        fprintf(out, " %-*s", WIDTH, text);
}

static void put_cell(FILE *out, const struct column *c, size_t k, bool last)
{
    const struct lb_weighted *w = &c->found[k];
    bool step = k != c->n - 1 - c->square;
    char text[INTERVAL_BYTES + 1] = "-";

    if (k < c->n_found) {
        interval_text("%+.1f", w->value, w->lo, w->hi, text);
        if (step && w->p_holm <= 0.05)
            strcat(text, "*");
    }
    put_padded(out, text, last);
}

static void put_heads(FILE *out, const struct column *c, size_t n)
{
    fprintf(out, "%-*s", LABEL, "ns an op");
    for (size_t i = 0; i < n; i++) {
        const struct lb_case *k = &c[i].plan->cases[c[i].cases[0]];
        char text[64];
        snprintf(text, sizeof text, "%s%s%s", k->shape.scenario->name,
                 lb_case_roles(k) > 1 ? " " : "",
                 lb_case_roles(k) > 1 ? lb_case_role_name(k, c[i].role) : "");
        put_padded(out, text, i + 1 == n);
    }
}

static void put_columns(FILE *out, const struct column *c, size_t n)
{
    size_t lines = 0;

    put_heads(out, c, n);
    for (size_t i = 0; i < n; i++)
        lines = c[i].n_found > lines ? c[i].n_found : lines;
    for (size_t k = 0; k < lines; k++) {
        size_t longest = 0;
        while (longest + 1 < n && c[longest].n_found <= k)
            longest++;
        put_label(out, &c[longest], k);
        for (size_t i = 0; i < n; i++)
            put_cell(out, &c[i], k, i + 1 == n);
    }
    if (!lines)
        fputs("  too few rounds in which every design was measured\n", out);
}

static void put_legend(FILE *out, const struct column *c)
{
    for (size_t i = 1; i < LB_COUNT(chain); i++)
        for (size_t k = 1; k < c->n; k++) {
            const char *name = chain[i].name;
            if (!strcmp(layout_of(c, k)->name, name))
                fprintf(out, "  + %-22s %s\n", name, chain[i].step);
        }
}

static void put_foot(FILE *out, const struct column *columns, size_t n)
{
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < n; i++)
        least = columns[i].rounds < least ? columns[i].rounds : least;
    fprintf(out, "Each line changes one property of the design before it, from %s on:\n",
            layout_of(columns, 0)->name);
    put_legend(out, columns);
    fprintf(
        out,
        "*: not 0, Holm's correction over all of these. Means of the rounds that have all designs "
        "(%zu at\nleast), with 95 %% intervals by a bootstrap of blocks of rounds.\n",
        least);
    if (columns->square)
        fputs("Order: what the kind of lock costs more without the pointer chase than with it.\n",
              out);
}

enum { COLUMNS_MOST = 60 };

static void conclude(const struct lb_analysis *a, const struct settings *s, FILE *out)
{
    struct column *columns = calloc(COLUMNS_MOST, sizeof *columns);
    size_t n = columns ? find_columns(a, columns, COLUMNS_MOST) : 0;

    (void)s;
    correct(columns, n);
    for (size_t i = 0; i < n; i += COLUMNS) {
        put_columns(out, columns + i, n - i < COLUMNS ? n - i : COLUMNS);
        fputc('\n', out);
    }
    if (n)
        put_foot(out, columns, n);
    free(columns);
}

const struct suite suite_causes = {
    .name = "causes",
    .question = "which property of a layout costs what? a chain of designs, one change a step",
    .example = "linebounce run causes --scenario many --baseline pointer-aligned",
    .asks_sharing = true,
    .shows_tables = true,
    .defaults = defaults,
    .conclude = conclude,
};
