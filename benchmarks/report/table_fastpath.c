/* SPDX-License-Identifier: MIT
 *
 * The table of suite fastpath: a row a lock kind.
 */
#include "interval.h"
#include "table.h"

/* A kind, or what kinds are held against. */
static void name_of(const struct lb_case *c, char name[NAME_WIDTH + 1])
{
    const char *lock = lb_lock_info(c->shape.lock)->name;

    if (c->shape.layout)
        snprintf(name, NAME_WIDTH + 1, "%s", lock);
    else if (c->shape.scenario->uses_lock)
        snprintf(name, NAME_WIDTH + 1, "  line of %s", lock);
    else
        snprintf(name, NAME_WIDTH + 1, "%s", c->shape.scenario->name);
}

void table_fastpath(const struct lb_analysis *a, FILE *out)
{
    char text[INTERVAL_BYTES], name[NAME_WIDTH + 1];

    fprintf(out, "\nuncontended read lock and unlock, one thread\n%-*s %-22s %s\n", NAME_WIDTH,
            "lock", "ns/op [95 %]", "ratio to its straight line [95 %]");
    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_result *l = &a->lines[i];
        const struct lb_case *c = &a->run->plan->cases[l->case_index];
        if (lb_scenario_does(c->shape.scenario, LB_OP_EMPTY))
            continue;
        interval_text("%.2f", l->ns_op.median, l->ns_op.lo, l->ns_op.hi, text);
        name_of(c, name);
        fprintf(out, "%-*s %-22s", NAME_WIDTH, name, text);
        text[0] = '\0';
        if (l->compared)
            interval_text("%.3f", l->comparison.ratio.value, l->comparison.ratio.lo,
                          l->comparison.ratio.hi, text);
        fprintf(out, "%s%s\n", *text ? " " : "", text);
    }
}
