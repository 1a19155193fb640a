/* SPDX-License-Identifier: MIT
 *
 * The tables of suite fastpath, of readers and of writers: a row a lock kind.
 */
#include "labels.h"
#include "table.h"

#include <linebounce/scenario.h>

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

static bool of_writers(const struct lb_scenario *s)
{
    return lb_scenario_does(s, LB_OP_WRITER) || lb_scenario_does(s, LB_OP_STRAIGHT_WRITE);
}

static void print_line(const struct lb_result *l, const struct lb_case *c, FILE *out)
{
    char text[INTERVAL_BYTES], name[NAME_WIDTH + 1];

    interval_text("%.2f", l->ns_op.median, l->ns_op.lo, l->ns_op.hi, text);
    name_of(c, name);
    fprintf(out, "%-*s %-22s", NAME_WIDTH, name, text);
    text[0] = '\0';
    if (l->compared)
        interval_text("%.3f", l->comparison.ratio.value, l->comparison.ratio.lo,
                      l->comparison.ratio.hi, text);
    fprintf(out, "%s%s\n", *text ? " " : "", text);
}

/* What readers do, or what writers do; nothing where none of them were measured. */
static void print_side(const struct lb_analysis *a, bool writers, FILE *out)
{
    size_t n = 0;

    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_case *c = &a->run->plan->cases[a->lines[i].case_index];
        if (lb_scenario_does(c->shape.scenario, LB_OP_EMPTY) ||
            of_writers(c->shape.scenario) != writers)
            continue;
        if (!n++)
            fprintf(out, "\nuncontended %s lock and unlock, one thread\n%-*s %-22s %s\n",
                    writers ? "write" : "read", NAME_WIDTH, "lock", "ns/op [95 %]",
                    "ratio to its straight line [95 %]");
        print_line(&a->lines[i], c, out);
    }
}

void table_fastpath(const struct lb_analysis *a, FILE *out)
{
    print_side(a, false, out);
    print_side(a, true, out);
}
