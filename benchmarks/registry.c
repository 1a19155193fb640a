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
