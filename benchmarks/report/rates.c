/* SPDX-License-Identifier: MIT
 *
 * Rates of roles: what was set, and what came of it.
 */
#include "table.h"

#include "labels.h"

#include <linebounce/scenario.h>

#include <string.h>

#define LINE_WIDTH 80
#define INDENT     5

/* A time as options take it: "20 us". */
#define RATES_TIME_BYTES 32
static void rates_time(double ns, char text[RATES_TIME_BYTES])
{
    if (ns >= 1e6)
        snprintf(text, RATES_TIME_BYTES, "%g ms", ns / 1e6);
    else if (ns >= 1e3)
        snprintf(text, RATES_TIME_BYTES, "%g us", ns / 1e3);
    else
        snprintf(text, RATES_TIME_BYTES, "%g ns", ns);
}

void rates_set(FILE *out, const struct lb_case *c)
{
    const struct lb_workload *s = &c->shape;
    char every[RATES_TIME_BYTES];

    if (s->scenario->pace == LB_PACE_NONE)
        return;
    rates_time(s->every_ns, every);
    if (s->every_ns > 0)
        fprintf(out, "; %s begins an op every %s",
                s->scenario->pace == LB_PACE_ALL ? "each thread" : lb_case_role_name(c, 1), every);
    else if (lb_case_roles(c) == 1)
        fprintf(out, "; %g %% of all ops are writes", 100 * s->writers.share);
    else
        fputs("; no rate is set", out);
}

/* Words of a list, wrapped. */
static void item(FILE *out, const char *text, int *column)
{
    int length = (int)strlen(text);

    if (*column + 1 + length > LINE_WIDTH) {
        fprintf(out, "\n%*s", INDENT, "");
        *column = INDENT;
    }
    *column += fprintf(out, " %s", text);
}

/* A second, of all the role's threads. */
static double second_rate(const struct lb_case *c, const struct lb_result *l)
{
    if (lb_case_roles(c) > 1)
        return l->ops_per_s;
    /* One role has a share of writes among its ops. */
    return l->ops_per_s * l->per_kop_of_first / (1000 + l->per_kop_of_first);
}

static void one_case(FILE *out, const struct lb_case *c, const struct lb_result *l, bool last,
                     int *column)
{
    char text[160], label[CASE_LABEL_BYTES], short_of[48] = "";
    double share = l->ops_per_s / lb_case_rate_set(c, l->role);

    case_label(c, label);
    if (share < 1 - LB_RATES_APART_MOST)
        snprintf(short_of, sizeof short_of, " (%.0f %% of what was set)", 100 * share);
    snprintf(text, sizeof text, "%s %.0f%s, %.*f%s", label, second_rate(c, l), short_of,
             l->per_kop_of_first < 99.95 ? 1 : 0, l->per_kop_of_first, last ? "" : ";");
    item(out, text, column);
}

void rates_group(FILE *out, const struct lb_analysis *a, const int *cases, size_t n,
                 const char *title)
{
    const struct lb_plan *p = a->run->plan;
    const struct lb_case *c = n ? &p->cases[cases[0]] : NULL;
    int role = c && lb_case_roles(c) > 1, column;

    if (!c || !lb_case_has_rates(c))
        return;
    if (role)
        column = fprintf(out, "%s: ops of %s a second, per 1000 of %s:", title,
                         lb_case_role_name(c, 1), lb_case_role_name(c, 0));
    else
        column = fprintf(out, "%s: writes a second, per 1000 reads:", title);
    for (size_t i = 0; i < n; i++) {
        const struct lb_result *l = lb_analysis_find(a, cases[i], role);
        if (l)
            one_case(out, &p->cases[cases[i]], l, i + 1 == n, &column);
    }
    fputc('\n', out);
}
