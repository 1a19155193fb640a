/* SPDX-License-Identifier: MIT
 *
 * Where the time of a group's cases goes: the columns below its table.
 */
#include "table.h"

#include "labels.h"
#include "expected_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CELL 9

static void number(FILE *out, int width, double value)
{
    char text[32];
    double size = fabs(value);

    if (!isfinite(value))
        snprintf(text, sizeof text, "-");
    else if (!(size > 0))
        snprintf(text, sizeof text, "0");
    else if (size < 0.0095)
        snprintf(text, sizeof text, "%.1e", value);
    else
        snprintf(text, sizeof text, "%.*f", size < 9.995 ? 2 : size < 99.95 ? 1 : 0, value);
    fprintf(out, " %*s", width, text);
}

static int width_of(const struct lb_event *e)
{
    int n = (int)strlen(e->name);

    return n > CELL ? n : CELL;
}

/* An event is worth a column when any row of the group has a value of it, or could have. */
static bool has_column(const struct lb_run *run, size_t event)
{
    return run->events[event].state == LB_COUNT_COUNTED;
}

static bool any_sleeps(const struct lb_analysis *a, const int *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a->run->plan->cases[rows[i]].blocks)
            return true;
    return false;
}

static void titles(FILE *out, const struct lb_analysis *a, bool sleeps, int name_width)
{
    static const char *const timed[] = {"own", "fetch", "p50", "p90", "p99", "p99.9", "slow/k"};
    static const char *const accounted[] = {"CPU", "asleep", "preempt", "retry/k", "fallb/k"};
    static const char *const waits[] = {"own.spin", "que.spin",  "rdr.spin", "limit/k", "sleep/k",
                                        "wake/k",   "handoff/k", "user",     "system"};

    fprintf(out, "%-*s", name_width, "");
    fprintf(out, " %-*s %-*s", (CELL + 1) * (int)LB_COUNT(timed), "| timed, ns an op",
            (CELL + 1) * (int)(LB_COUNT(accounted) + (sleeps ? LB_COUNT(waits) : 0)) - 1,
            "| accounted, ns an op and events a 1000 ops");
    fprintf(out, "%s\n%-*s", a->run->n_groups + a->run->n_armed_groups ? " | counted an op" : "",
            name_width, "where it goes");
    for (size_t i = 0; i < LB_COUNT(timed); i++)
        fprintf(out, " %*s", CELL, timed[i]);
    for (size_t i = 0; i < LB_COUNT(accounted); i++)
        fprintf(out, " %*s", CELL, accounted[i]);
    for (size_t i = 0; sleeps && i < LB_COUNT(waits); i++)
        fprintf(out, " %*s", CELL, waits[i]);
    for (size_t i = 0; i < a->run->n_events; i++)
        if (has_column(a->run, i))
            fprintf(out, " %*s", width_of(&a->run->events[i].event), a->run->events[i].event.name);
    fputc('\n', out);
}

static double asleep(const struct lb_result *l)
{
    double ns = l->per.off_cpu_ns - l->per.preempted_ns;

    return isfinite(ns) ? fmax(ns, 0) : NAN;
}

static void line(FILE *out, const struct lb_run *run, const struct lb_result *l, bool sleeps)
{
    const struct lb_result_latency *t = &l->latency;
    const double timed[] = {t->own_op_ns, t->transfer_ns, t->p50,         t->p90,
                            t->p99,       t->p999,        t->slow_per_kop};
    const double accounted[] = {l->per.cpu_ns, asleep(l), l->per.preempted_ns, l->per.retries,
                                l->per.fallbacks};
    const double waits[] = {l->per.spins_owner, l->per.spins_queue, l->per.spins_reader,
                            l->per.spin_limits, l->per.sleeps,      l->per.wakes,
                            l->per.handoffs,    l->per.user_ns,     l->per.system_ns};

    for (size_t i = 0; i < LB_COUNT(timed); i++)
        number(out, CELL, t->n > 0 ? timed[i] : NAN);
    for (size_t i = 0; i < LB_COUNT(accounted); i++)
        number(out, CELL, accounted[i]);
    for (size_t i = 0; sleeps && i < LB_COUNT(waits); i++)
        number(out, CELL, waits[i]);
    for (size_t i = 0; l->counts && i < run->n_events; i++)
        if (has_column(run, i))
            number(out, width_of(&run->events[i].event), l->counts[i].per_op);
    fputc('\n', out);
}

void causes_group(FILE *out, const struct lb_analysis *a, const int *rows, size_t n, int name_width)
{
    bool sleeps = any_sleeps(a, rows, n);
    char name[CASE_LABEL_BYTES + 16], label[CASE_LABEL_BYTES];

    titles(out, a, sleeps, name_width);
    for (size_t i = 0; i < n; i++) {
        const struct lb_case *c = &a->run->plan->cases[rows[i]];
        case_label(c, label);
        for (int role = 0; role < lb_case_roles(c); role++) {
            const struct lb_result *l = lb_analysis_find(a, rows[i], role);
            if (lb_case_roles(c) > 1)
                snprintf(name, sizeof name, "%-*s %s", name_width - 9, role ? "" : label,
                         lb_case_role_name(c, role));
            else
                snprintf(name, sizeof name, "%s", label);
            if (!l)
                continue;
            fprintf(out, "%-*s", name_width, name);
            line(out, a->run, l, sleeps);
        }
    }
    expected_beside(out, a, rows, n);
}

void causes_notes(FILE *out, const struct lb_analysis *a)
{
    const struct lb_run *r = a->run;
    double share = 0;

    for (size_t i = 0; i < a->n_lines; i++)
        share = fmax(share, a->lines[i].latency.sampled_share);
    if (*r->sampling_note)
        fprintf(out, "No op was timed by itself: %s.\n", r->sampling_note);
    else
        fprintf(out,
                "Timed ops hold the timer's own %.0f ns (two ordered stamps with nothing between) "
                "and took up to %.1f %% of a window, which blocks leave out unless sleeping is the "
                "subject.\n",
                r->timer_floor_ns, 100 * share);
    for (size_t i = 0; i < r->n_events; i++) {
        const struct lb_event *e = &r->events[i].event;
        const char *why;
        lb_analysis_event(a, i, &why);
        if (e->kind == LB_EVENT_WATCH && !lb_event_is_armed(e))
            continue; /* words that nobody touches: their zero is no finding */
        if (why)
            fprintf(out, "%s has no value: %s.\n", r->events[i].event.name, why);
        else if (*r->events[i].event.caveat)
            fprintf(out, "%s: %s.\n", r->events[i].event.name, r->events[i].event.caveat);
    }
}
