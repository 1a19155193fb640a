/* SPDX-License-Identifier: MIT
 *
 * The one table of suites.
 */
#include "suite.h"

const struct suite *const suites[] = {&suite_arrays,      &suite_churn,   &suite_errors,
                                      &suite_fastpath,    &suite_fault,   &suite_harness,
                                      &suite_instruments, &suite_layouts, &suite_offset,
                                      &suite_pingpong,    &suite_whatif};
const size_t n_suites = LB_COUNT(suites);

static const char *name_at(size_t i)
{
    return suites[i]->name;
}

const char *suite_list(char *text, size_t bytes)
{
    const struct lb_names names = {"suite", name_at, n_suites, NULL};

    return lb_names_list(&names, text, bytes);
}

int suite_find(const char *name, struct lb_why *why, const struct suite **suite)
{
    const struct lb_names names = {"suite", name_at, n_suites, NULL};
    size_t found;
    int err = lb_name_find(&names, name, why, &found);

    if (!err)
        *suite = suites[found];
    return err;
}
