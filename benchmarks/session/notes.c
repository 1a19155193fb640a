/* SPDX-License-Identifier: MIT
 *
 * Sentences on what stood in a run's way.
 */
#include "session.h"

#include <linebounce/atomics.h>

#include <math.h>

/* As far as it is a multiple worth a word. */
static void say_pace(const struct lb_run *r, FILE *out)
{
    if (r->pace >= 1.5)
        fprintf(out, " (windows take %.*f times as long as on a machine of their own)",
                r->pace < 10 ? 1 : 0, r->pace);
}

void notes_load(const struct lb_load *before, const struct lb_load *l, FILE *out)
{
    if (!lb_load_matters(l))
        return;
    fprintf(out, "Other load on the CPUs used: other tasks had %.0f %% of their time",
            100 * l->others_share);
    if (l->stolen_share > LB_LOAD_STOLEN_MOST)
        fprintf(out, ", the host %.0f %%", 100 * l->stolen_share);
    if (before->runnable >= 1)
        fprintf(out, "; %.0f ran or wanted to on this machine before the run", before->runnable);
    fputs(".\n", out);
}

/* What was chosen against what the machine's other locks do. */
static void say_atomics(FILE *out)
{
    if (lb_atomics() == LB_ATOMICS_LLSC && lb_atomics_usable(LB_ATOMICS_LSE))
        fputs(
            "Locks changed their words by load- and store-exclusives (--atomics llsc). Kernel and "
            "C library use LSE here: the pthread kinds do not compare with the others.\n",
            out);
}

void notes_run(const struct lb_run *r, const struct settings *s, FILE *out)
{
    if (r->cases_left_out) {
        fprintf(out, "The budget of %g s does not hold six rounds of everything", s->budget_s);
        say_pace(r, out);
        fprintf(out, ": %zu of %zu cases were left out: %s.\n", r->cases_left_out, r->plan->n_cases,
                r->left_out);
    }
    if (s->rounds && r->end == LB_RUN_BUDGET) {
        fprintf(out, "%u of the %u rounds asked for fit into the budget of %g s", r->rounds,
                s->rounds, s->budget_s);
        say_pace(r, out);
        fputs(".\n", out);
    }
    say_atomics(out);
    notes_load(&r->load_before, &r->load, out);
}

void notes_unfinished(const struct lb_run *r, FILE *out)
{
    size_t cases = 0;

    for (size_t i = 0; i < r->plan->n_cases; i++)
        cases += r->series[i].n > 0;
    fprintf(out, "\n%s: %s in round 1, after %zu of %zu cases and %.1f s", r->plan->suite,
            r->end == LB_RUN_INTERRUPTED ? "interrupted"
            : r->end == LB_RUN_BUDGET    ? "the budget ended"
                                         : "it failed",
            cases, r->plan->n_cases, r->elapsed_s);
    say_pace(r, out);
    fputs(".\nWithout one whole round there is nothing to compare: no table.\n", out);
}
