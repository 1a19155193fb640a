/* SPDX-License-Identifier: MIT
 *
 * The one table of suites.
 */
#include "suite.h"

/* Sorted by name. */
#define SUITES(DO)                                                                                 \
    DO(arrays)                                                                                     \
    DO(causes)                                                                                     \
    DO(churn)                                                                                      \
    DO(errors)                                                                                     \
    DO(fastpath)                                                                                   \
    DO(fault)                                                                                      \
    DO(harness)                                                                                    \
    DO(instruments)                                                                                \
    DO(layouts)                                                                                    \
    DO(offset)                                                                                     \
    DO(pingpong)                                                                                   \
    DO(whatif)

#define DECLARE(NAME) extern const struct suite suite_##NAME;
#define ADDRESS(NAME) &suite_##NAME,
SUITES(DECLARE)
const struct suite *const suites[] = {SUITES(ADDRESS)};
const size_t n_suites = LB_COUNT(suites);

static const char *name_at(size_t i)
{
    return suites[i]->name;
}

const struct lb_names suite_names = {.what = "suite", .at = name_at, .n = LB_COUNT(suites)};

int suite_find(const char *name, struct lb_why *why, const struct suite **suite)
{
    size_t found;
    int err = lb_name_find(&suite_names, name, why, &found);

    if (!err)
        *suite = suites[found];
    return err;
}
