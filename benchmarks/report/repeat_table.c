/* SPDX-License-Identifier: MIT
 *
 * How runs repeat: a line a scenario and role, and a matrix of all layouts.
 */
#include "repeat_table.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of the matrix: what fits 100 columns. */
#define NAME_WIDTH   21
#define CELL_WIDTH   8
#define COLUMNS_MOST 9
/* Lines that are not of the scenarios or of the matrix, and those left for what the command adds.
 */
#define FIXED_LINES 13

static const enum lb_key together[] = {LB_KEY_SUITE, LB_KEY_SCENARIO, LB_KEY_PLACEMENT,
                                       LB_KEY_HOME,  LB_KEY_THREADS,  LB_KEY_WORK_NS,
                                       LB_KEY_ROLE};

/* Cases of one scenario and role, of the headline. */
struct group {
    const struct lb_repeat_case *like;
};

struct sheet {
    const struct lb_repeat *repeat;
    struct group *groups;
    size_t n_groups;
    double *values;
};

static bool is_headline(const struct lb_repeat *repeat, const struct lb_repeat_case *k)
{
    return strtod(k->cells[LB_KEY_WORK_NS], NULL) == repeat->work_ns;
}

static bool belongs(const struct sheet *s, const struct group *g, const struct lb_repeat_case *k)
{
    if (!is_headline(s->repeat, k))
        return false;
    for (size_t i = 0; i < LB_COUNT(together); i++)
        if (strcmp(g->like->cells[together[i]], k->cells[together[i]]) != 0)
            return false;
    return true;
}

static int make_sheet(const struct lb_repeat *repeat, struct sheet *s)
{
    *s = (struct sheet){.repeat = repeat,
                        .groups = calloc(repeat->n_cases + 1, sizeof *s->groups),
                        .values = calloc(repeat->n_cases + 1, sizeof *s->values)};
    if (!s->groups || !s->values)
        return -ENOMEM;
    for (size_t i = 0; i < repeat->n_cases; i++) {
        const struct lb_repeat_case *k = &repeat->cases[i];
        bool known = !is_headline(repeat, k);
        for (size_t g = 0; !known && g < s->n_groups; g++)
            known = belongs(s, &s->groups[g], k);
        if (!known)
            s->groups[s->n_groups++].like = k;
    }
    return 0;
}

typedef double pick(const struct lb_repeat_case *k);

static double net_raw(const struct lb_repeat_case *k)
{
    return 100 * lb_spread_cv(&k->net.raw);
}

static double net_adjusted(const struct lb_repeat_case *k)
{
    return 100 * lb_spread_cv(&k->net.adjusted);
}

static double difference_raw(const struct lb_repeat_case *k)
{
    return k->difference.raw.sd;
}

static double difference_adjusted(const struct lb_repeat_case *k)
{
    return k->difference.adjusted.sd;
}

/* Median and worst over the group's cases. */
static void print_figure(FILE *out, struct sheet *s, const struct group *g, pick *of)
{
    double median = NAN, worst = NAN;
    size_t n = 0;

    for (size_t i = 0; i < s->repeat->n_cases; i++) {
        double value = of(&s->repeat->cases[i]);
        if (!belongs(s, g, &s->repeat->cases[i]) || isnan(value))
            continue;
        s->values[n++] = value;
        worst = fmax(worst, value);
    }
    if (n && !lb_stats_median(s->values, n, &median))
        fprintf(out, "  %6.2f %6.2f", median, worst);
    else
        fprintf(out, "  %6s %6s", "-", "-");
}

static const char *role_of(const struct group *g)
{
    const char *role = g->like->cells[LB_KEY_ROLE];

    return *role ? role : "all";
}

static void print_groups(FILE *out, struct sheet *s, size_t most)
{
    static pick *const figures[] = {net_raw, net_adjusted, difference_raw, difference_adjusted};

    fprintf(out, "Between runs, at %g ns of work; median and worst over layouts:\n",
            s->repeat->work_ns);
    fprintf(out, "%-24s %-29s  %s\n", "", "CV of net ns/op in %",
            "standard deviation of difference in ns");
    fprintf(out, "%-13s %-9s  %-14s  %-14s  %-14s  %-14s\n", "scenario", "role", "as measured",
            "at one trip", "as measured", "at one trip");
    for (size_t g = 0; g < s->n_groups && g < most; g++) {
        fprintf(out, "%-13.13s %-9.9s", s->groups[g].like->cells[LB_KEY_SCENARIO],
                role_of(&s->groups[g]));
        for (size_t f = 0; f < LB_COUNT(figures); f++)
            print_figure(out, s, &s->groups[g], figures[f]);
        fputc('\n', out);
    }
    if (s->n_groups > most)
        fprintf(out, "and %zu more in repeat.csv\n", s->n_groups - most);
}

/* Matrix ------------------------------------------------------------------------------------- */

static bool is_first_of_layout(const struct sheet *s, size_t i)
{
    const struct lb_repeat_case *cases = s->repeat->cases;

    if (!is_headline(s->repeat, &cases[i]))
        return false;
    for (size_t j = 0; j < i; j++)
        if (is_headline(s->repeat, &cases[j]) &&
            !strcmp(cases[j].cells[LB_KEY_LAYOUT], cases[i].cells[LB_KEY_LAYOUT]) &&
            !strcmp(cases[j].cells[LB_KEY_LOCK], cases[i].cells[LB_KEY_LOCK]))
            return false;
    return true;
}

static void print_cell(FILE *out, const struct sheet *s, const struct group *g,
                       const struct lb_repeat_case *row)
{
    for (size_t i = 0; i < s->repeat->n_cases; i++) {
        const struct lb_repeat_case *k = &s->repeat->cases[i];
        double cv = net_adjusted(k);
        if (!belongs(s, g, k) || isnan(cv) ||
            strcmp(k->cells[LB_KEY_LAYOUT], row->cells[LB_KEY_LAYOUT]) != 0 ||
            strcmp(k->cells[LB_KEY_LOCK], row->cells[LB_KEY_LOCK]) != 0)
            continue;
        fprintf(out, "%*.1f%s", CELL_WIDTH - 1, cv, k->net.depends ? "*" : " ");
        return;
    }
    fprintf(out, "%*s ", CELL_WIDTH - 1, "-");
}

static void print_head(FILE *out, const struct sheet *s)
{
    fprintf(out, "%-*s", NAME_WIDTH, "");
    for (size_t g = 0; g < s->n_groups; g++)
        fprintf(out, "%*.*s ", CELL_WIDTH - 1, CELL_WIDTH - 1,
                s->groups[g].like->cells[LB_KEY_SCENARIO]);
    fprintf(out, "\n%-*s", NAME_WIDTH, "layout");
    for (size_t g = 0; g < s->n_groups; g++)
        fprintf(out, "%*.*s ", CELL_WIDTH - 1, CELL_WIDTH - 1, role_of(&s->groups[g]));
    fputc('\n', out);
}

static void print_matrix(FILE *out, const struct sheet *s, size_t most)
{
    size_t rows = 0, left = 0;

    if (s->n_groups > COLUMNS_MOST)
        return;
    fputs("\nCV of net ns/op between runs in % (*: at one round trip, on which it depends):\n",
          out);
    print_head(out, s);
    for (size_t i = 0; i < s->repeat->n_cases; i++) {
        const struct lb_repeat_case *k = &s->repeat->cases[i];
        if (!is_first_of_layout(s, i))
            continue;
        if (rows == most) {
            left++;
            continue;
        }
        rows++;
        fprintf(out, "%-*.*s", NAME_WIDTH, NAME_WIDTH - 1, k->cells[LB_KEY_LAYOUT]);
        for (size_t g = 0; g < s->n_groups; g++)
            print_cell(out, s, &s->groups[g], k);
        fputc('\n', out);
    }
    if (left)
        fprintf(out, "and %zu more in repeat.csv\n", left);
}

/* Runs --------------------------------------------------------------------------------------- */

/* Those that have rounds where most runs do. */
static void print_trips(FILE *out, const struct lb_repeat *repeat, size_t n)
{
    double least = INFINITY, most = 0, mean = 0, squares = 0;

    for (size_t r = 0; r < repeat->n_runs; r++) {
        double ns = repeat->runs[r].regime_ns;
        if (isnan(ns))
            continue;
        least = fmin(least, ns);
        most = fmax(most, ns);
        mean += ns / (double)n;
    }
    for (size_t r = 0; r < repeat->n_runs; r++)
        if (!isnan(repeat->runs[r].regime_ns))
            squares += pow(repeat->runs[r].regime_ns - mean, 2);
    fprintf(out, ", round trips of %.1f to %.1f ns (CV %.1f %%)", least, most,
            100 * sqrt(squares / (double)(n - 1)) / mean);
}

static void print_runs(FILE *out, const struct lb_repeat *repeat)
{
    size_t few = SIZE_MAX, many = 0, n = 0;

    for (size_t r = 0; r < repeat->n_runs; r++) {
        const struct lb_repeat_run *run = &repeat->runs[r];
        if (isnan(run->regime_ns))
            continue;
        few = run->rounds < few ? run->rounds : few;
        many = run->rounds > many ? run->rounds : many;
        n++;
    }
    fprintf(out, "%zu runs", repeat->n_runs);
    if (n && n < repeat->n_runs)
        fprintf(out, ", %zu of them", n);
    if (n)
        fprintf(out, " of %zu to %zu rounds", few, many);
    if (n > 1)
        print_trips(out, repeat, n);
    fprintf(out, ";\n%zu of %zu pairs of runs met in one regime.\n", repeat->pairs_together,
            repeat->pairs);
}

static void print_decided(FILE *out, const struct lb_repeat *repeat)
{
    size_t least = SIZE_MAX, most = 0;

    if (!repeat->asked)
        return;
    for (size_t r = 0; r < repeat->n_runs; r++) {
        least = repeat->runs[r].decided < least ? repeat->runs[r].decided : least;
        most = repeat->runs[r].decided > most ? repeat->runs[r].decided : most;
    }
    fprintf(out, "Decided of %zu comparisons at %g ns: %g in the median of runs (%zu to %zu).\n",
            repeat->asked, repeat->work_ns, repeat->decided_median, least, most);
}

int repeat_table(FILE *out, const struct lb_repeat *repeat)
{
    struct sheet s;
    int err = make_sheet(repeat, &s);

    if (!err) {
        size_t left = REPEAT_LINES - FIXED_LINES;
        size_t shown = s.n_groups < left / 2 ? s.n_groups : left / 2;
        print_runs(out, repeat);
        print_decided(out, repeat);
        fputc('\n', out);
        print_groups(out, &s, shown);
        print_matrix(out, &s, left - shown);
    }
    free(s.groups);
    free(s.values);
    return err;
}
