/* SPDX-License-Identifier: MIT
 *
 * What differences between layouts are made of, as tables.
 */
#include "explain_table.h"

#include <math.h>
#include <string.h>

#define WHAT 60 /* columns of what a part is */

static void put_value(FILE *out, const struct lb_explain_value *v)
{
    char interval[40];

    snprintf(interval, sizeof interval, "[%.1f, %.1f]", v->lo, v->hi);
    fprintf(out, " %8.1f %-16s", v->value, interval);
}

static void put_side(FILE *out, const char *layout, const char *lock, const char *other)
{
    fprintf(out, "%s", layout);
    if (strcmp(lock, other) != 0)
        fprintf(out, " (%s)", lock);
}

static void put_title(FILE *out, const struct lb_explanation *e)
{
    bool all = !strcmp(e->role, "all");

    fprintf(out, "%s%s%s: ", e->scenario, all ? "" : ", ", all ? "" : e->role);
    put_side(out, e->layout, e->lock, e->against_lock);
    fputs(" against ", out);
    put_side(out, e->against, e->against_lock, e->lock);
    fprintf(out, ": %+.1f [%.1f, %.1f] ns an op\n", e->total.value, e->total.lo, e->total.hi);
    fprintf(out, "at %s, %.0f ns of work", e->placement, e->work_ns);
    if (isfinite(e->round_trip_ns))
        fprintf(out, ", a line's round trip %.0f ns", e->round_trip_ns);
    fprintf(out, "; %zu rounds", e->rounds);
    if (e->rounds_left_out)
        fprintf(out, ", %zu left out: something came between", e->rounds_left_out);
    fputs(".\n", out);
}

static void put_part(FILE *out, const struct lb_explain_part *part, double total)
{
    fprintf(out, "%-*.*s", WHAT, WHAT, part->what);
    put_value(out, &part->ns);
    fprintf(out, " %4.0f %%", 100 * part->ns.value / total);
    if (isfinite(part->model_ns))
        fprintf(out, " %6.1f", part->model_ns);
    fputc('\n', out);
}

void explain_parts(FILE *out, const struct lb_explanation *e)
{
    put_title(out, e);
    if (!e->is_explained) {
        fprintf(out, "not explained by this: %s.\n", e->why_not);
        return;
    }
    fprintf(out, "%-*s %8s %-16s %6s %6s\n", WHAT, "", "ns", "[95 %]", "share", "model");
    for (size_t i = 0; i < e->n_parts; i++)
        put_part(out, &e->parts[i], e->total.value);
    fprintf(out, "%-*s", WHAT, "the rest");
    put_value(out, &e->rest);
    fprintf(out, " %4.0f %%\n", 100 * e->rest.value / e->total.value);
    fprintf(out, "explained %.0f %% [%.0f, %.0f]; rest %+.1f ns\n", 100 * e->explained.value,
            100 * e->explained.lo, 100 * e->explained.hi, e->rest.value);
}

/* Of each kind its sum; lines and misses are waits. */
static double sum_of(const struct lb_explanation *e, enum lb_explain_kind from,
                     enum lb_explain_kind to)
{
    double sum = 0;

    for (size_t i = 0; i < e->n_parts; i++)
        if (e->parts[i].kind >= from && e->parts[i].kind <= to)
            sum += e->parts[i].ns.value;
    return sum;
}

static void put_line(FILE *out, const struct lb_explanation *e)
{
    char name[64];
    bool all = !strcmp(e->role, "all");

    snprintf(name, sizeof name, "%s%s%s", e->scenario, all ? "" : " ", all ? "" : e->role);
    fprintf(out, "%-17.17s %-20.20s %-8.8s %5.0f %7.1f", name, e->layout, e->placement,
            e->round_trip_ns, e->total.value);
    if (!e->is_explained) {
        bool small = fabs(e->total.value) < LB_EXPLAIN_LEAST;
        fprintf(out, "  %s\n", small ? "under 5 ns" : "not explained by this");
        return;
    }
    fprintf(out, " %7.1f %6.1f %7.1f %6.1f %4.0f %% [%.0f, %.0f]\n",
            sum_of(e, LB_EXPLAIN_LINES, LB_EXPLAIN_MISSES),
            sum_of(e, LB_EXPLAIN_OWN, LB_EXPLAIN_OWN),
            sum_of(e, LB_EXPLAIN_ASLEEP, LB_EXPLAIN_SPINNING), e->rest.value,
            100 * e->explained.value, 100 * e->explained.lo, 100 * e->explained.hi);
}

static void put_handover(FILE *out, const struct lb_explanations *x)
{
    const char *name = lb_handover_name(x->handover);

    if (isnan(x->handover_ratio))
        return;
    if (name)
        fprintf(out, "Lines are handed over %s: a load %s (ratio %.2f).\n",
                x->handover == LB_HANDOVER_PLAIN ? "plainly" : "migratorily",
                x->handover == LB_HANDOVER_PLAIN ? "shares a modified line"
                                                 : "takes a modified line away",
                x->handover_ratio);
    else
        fprintf(out, "How lines are handed over is not known (ratio %.2f).\n", x->handover_ratio);
}

void explain_list(FILE *out, const struct lb_explanations *x)
{
    fprintf(out, "%-17s %-20s %-8s %5s %7s %7s %6s %7s %6s %s\n", "", "layout", "", "trip", "total",
            "lines", "own", "waits", "rest", "explained");
    for (size_t i = 0; i < x->n; i++)
        put_line(out, &x->items[i]);
    if (x->unresolved)
        fprintf(out, "%zu differences more are not resolved: their interval holds 0.\n",
                x->unresolved);
    put_handover(out, x);
    fputs("total: ns an op against the baseline; lines: waits for them; own: the op by itself; "
          "waits: asleep,\npreempted and spinning. --scenario S --layout B --against A names the "
          "parts.\n",
          out);
}
