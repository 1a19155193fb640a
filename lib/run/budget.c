/* SPDX-License-Identifier: MIT
 *
 * Time: how long windows take here beside what was planned, and what fits into the budget.
 */
#include "run_private.h"

#include <linebounce/scenario.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Below so many rounds there is no interval of 95 %: fewer scenarios tell more. */
#define ROUNDS_LEAST 6
/* That much of the plan counts as having taken as long as planned before anything has. */
#define PRIOR_S 0.25

void lb_runner_begin_time(struct lb_runner *b)
{
    double ns = b->options->budget_s * 1e9;

    b->begin_ns = lb_clock_monotonic_ns();
    b->end_ns = ns < 1e18 ? b->begin_ns + (uint64_t)ns : UINT64_MAX;
}

double lb_runner_spent_s(const struct lb_runner *b)
{
    return (double)(lb_clock_monotonic_ns() - b->begin_ns) * 1e-9;
}

double lb_runner_left_s(const struct lb_runner *b)
{
    uint64_t now = lb_clock_monotonic_ns();

    if (b->end_ns == UINT64_MAX)
        return INFINITY;
    return now < b->end_ns ? (double)(b->end_ns - now) * 1e-9 : 0;
}

bool lb_runner_is_stopped(const struct lb_runner *b)
{
    return b->options->stop && *b->options->stop;
}

bool lb_runner_is_over(const struct lb_runner *b)
{
    return lb_runner_is_stopped(b) || lb_runner_left_s(b) <= 0;
}

void lb_runner_took(struct lb_runner *b, int case_index, double took_s)
{
    b->planned_s += lb_case_round_s(&b->plan->cases[case_index]);
    b->took_s += took_s;
}

double lb_runner_pace(const struct lb_runner *b)
{
    return (PRIOR_S + b->took_s) / (PRIOR_S + b->planned_s);
}

double lb_runner_next_s(const struct lb_runner *b)
{
    double s = 0;

    for (size_t i = 0; i < b->plan->n_cases; i++)
        if (lb_runner_is_due(b, i))
            s += lb_case_round_s(&b->plan->cases[i]);
    return lb_runner_pace(b) * s;
}

/* The rest of this round and those that are wanted after it, at the pace so far. */
static double needed_s(const struct lb_runner *b, unsigned rounds, const int *order, size_t from,
                       size_t n)
{
    double rest_s = 0, round_s = 0;

    for (size_t i = from; i < n; i++)
        if (b->run->series[order[i]].active)
            rest_s += lb_case_round_s(&b->plan->cases[order[i]]);
    for (size_t i = 0; i < b->plan->n_cases; i++)
        if (b->run->series[i].active)
            round_s += lb_case_round_s(&b->plan->cases[i]) / b->plan->cases[i].every;
    return lb_runner_pace(b) * (rest_s + (rounds - 1 - b->round) * round_s);
}

static bool is_one_group(const struct lb_case *a, const struct lb_case *b)
{
    return a->shape.scenario == b->shape.scenario && a->work_ns == b->work_ns;
}

/* The last case that is measured and that verdicts are about: of those without a pause, which carry
 * no headline, as long as there are any. -1 where none could go without being the last group. */
static int find_last(const struct lb_runner *b)
{
    int last[2] = {-1, -1};

    for (size_t i = 0; i < b->plan->n_cases; i++) {
        const struct lb_case *c = &b->plan->cases[i];
        if (!b->run->series[i].active || !lb_case_is_subject(c))
            continue;
        last[c->work_ns > 0] = (int)i;
    }
    int found = last[0] >= 0 ? last[0] : last[1];
    for (size_t i = 0; found >= 0 && i < b->plan->n_cases; i++)
        if (b->run->series[i].active && lb_case_is_subject(&b->plan->cases[i]) &&
            !is_one_group(&b->plan->cases[i], &b->plan->cases[found]))
            return found;
    return -1;
}

static void leave_out(struct lb_runner *b, int found)
{
    const struct lb_case *c = &b->plan->cases[found];
    struct lb_run *run = b->run;
    size_t used = strlen(run->left_out);

    for (size_t i = 0; i < b->plan->n_cases; i++)
        if (is_one_group(&b->plan->cases[i], c) && run->series[i].active) {
            run->series[i].active = false;
            run->series[i].left_out = true;
            run->cases_left_out++;
        }
    snprintf(run->left_out + used, sizeof run->left_out - used, "%s%s (work %g ns)",
             used ? ", " : "", c->shape.scenario->name, c->work_ns);
}

void lb_runner_fit(struct lb_runner *b, const int *order, size_t from, size_t n)
{
    unsigned asked = b->options->rounds;
    unsigned rounds = asked && asked < ROUNDS_LEAST ? asked : ROUNDS_LEAST;
    int found;

    if (!b->options->fewer || b->round >= rounds)
        return;
    while (needed_s(b, rounds, order, from, n) > lb_runner_left_s(b) && (found = find_last(b)) >= 0)
        leave_out(b, found);
}
