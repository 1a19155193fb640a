/* SPDX-License-Identifier: MIT
 *
 * suite: a named set of cases and what is concluded from it. A new suite is one descriptor and one
 * row of the table in registry.c.
 */
#ifndef LB_SUITE_H
#define LB_SUITE_H

#include <linebounce/analysis.h>
#include <linebounce/plan.h>

#include "settings.h"

#include <stdio.h>

struct session;
struct suite {
    const char *name;
    const char *question;
    /* What its cases know nothing of: options for it are refused, not ignored. `measure` has no
     * windows, and so none of what only windows have. */
    bool no_layouts;
    bool has_offsets; /* --offset means something to it whatever the scenarios */
    /* Fills what the command line left open; lists in `settings` that are not empty were given. */
    void (*defaults)(struct settings *settings, struct lb_request *request);
    /* In place of both below: a suite whose cases are no windows plans, measures and writes by
     * itself. Returns an exit status. */
    int (*measure)(struct session *session, struct settings *settings);
    /* Prints table and conclusions. */
    void (*conclude)(const struct lb_analysis *analysis, const struct settings *settings,
                     FILE *out);
};

extern const struct suite suite_arrays, suite_churn, suite_errors, suite_fastpath, suite_fault,
    suite_harness, suite_instruments, suite_layouts, suite_offset, suite_pingpong, suite_whatif;

/* Sorted by name. */
extern const struct suite *const suites[];
extern const size_t n_suites;

/* -ENOENT with the known names. */
int suite_find(const char *name, struct lb_why *why, const struct suite **suite);

/* The first option given that only whatif has; NULL when none was. */
const char *suite_whatif_option(const struct settings *settings);
/* Whether every option that was given means something to one of the suites at least; -EINVAL with
 * the first that does not. */
int suite_check(const struct settings *settings, struct lb_why *why);

/* A request from the settings, before a suite's defaults: lists as given. */
void request_from(const struct settings *settings, const struct suite *suite,
                  struct lb_request *request);

#endif
