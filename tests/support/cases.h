/* SPDX-License-Identifier: MIT
 *
 * Scenarios, layouts and cases of a plan by what names them.
 */
#ifndef LB_TESTS_CASES_H
#define LB_TESTS_CASES_H

#include <linebounce/plan.h>
#include <linebounce/scenario.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define S(KIND) &lb_scenarios[LB_SCENARIO_##KIND]

static inline const struct lb_layout *layout(const char *name)
{
    const struct lb_layout *found = NULL;

    assert_int_equal(lb_layout_find(name, NULL, &found), 0);
    return found;
}

static inline int find_in_plan(const struct lb_plan *plan, enum lb_scenario_kind kind,
                               const char *layout_name, int placement, double work_ns)
{
    for (size_t i = 0; i < plan->n_cases; i++) {
        const struct lb_case *c = &plan->cases[i];
        const char *name = c->shape.layout ? c->shape.layout->name : "";
        if (c->shape.scenario->kind == kind && !strcmp(name, layout_name) &&
            c->placement == placement && c->work_ns >= work_ns && c->work_ns <= work_ns)
            return (int)i;
    }
    fail_msg("no such case: %s %s", lb_scenarios[kind].name, layout_name);
    return -1;
}

#endif
