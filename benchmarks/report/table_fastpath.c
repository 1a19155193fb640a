/* SPDX-License-Identifier: MIT
 *
 * The table of suite fastpath: a row a lock kind.
 */
#include "interval.h"
#include "table.h"

void table_fastpath(const struct lb_analysis *a, FILE *out)
{
    char text[INTERVAL_BYTES];

    fprintf(out, "\nuncontended read lock and unlock, one thread\n%-*s %-22s %s\n", NAME_WIDTH,
            "lock", "ns/op [95 %]", "ratio to the straight line [95 %]");
    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_result *l = &a->lines[i];
        const struct lb_case *c = &a->run->plan->cases[l->case_index];
        if (lb_scenario_does(c->shape.scenario, LB_OP_EMPTY))
            continue;
        interval_text("%.2f", l->ns_op.median, l->ns_op.lo, l->ns_op.hi, text);
        fprintf(out, "%-*s %-22s", NAME_WIDTH,
                c->shape.layout ? lb_lock_info(c->shape.lock)->name : c->shape.scenario->name,
                text);
        text[0] = '\0';
        if (l->compared)
            interval_text("%.3f", l->comparison.ratio.value, l->comparison.ratio.lo,
                          l->comparison.ratio.hi, text);
        fprintf(out, "%s%s\n", *text ? " " : "", text);
    }
}
