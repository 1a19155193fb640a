/* SPDX-License-Identifier: MIT
 *
 * suite: a named set of cases and what is concluded from it. A new suite is one descriptor and one
 * row of the table in registry.c.
 */
#ifndef LB_SUITE_H
#define LB_SUITE_H

#include <linebounce/analysis.h>

#include "request/request.h"

#include <stdio.h>

struct session;
struct suite {
    const char *name;
    const char *question;
    const char *example; /* a command line, for its help */
    /* What its cases know nothing of: options for it are refused, not ignored. `measure` has no
     * windows, and so none of what only windows have. */
    bool no_layouts;
    bool takes_locks;      /* --lock means something to it although it has no layouts */
    bool has_offsets;      /* --offset means something to it whatever the scenarios */
    bool takes_structures; /* --layout names structures from BTF that need no lock, and its options
                            */
    /* Its question is what sharing costs, which one thread alone cannot answer... */
    bool asks_sharing;
    /* ...but what its ops cost one thread can be asked for by name: --threads 1. */
    bool costs_alone;
    /* Fills what the command line left open; lists in `settings` that are not empty were given. */
    void (*defaults)(const struct settings *settings, struct request *request);
    /* In place of both below: a suite whose cases are no windows plans, measures and writes by
     * itself, within `share` of what is left of the budget. Returns an exit status. */
    int (*measure)(struct session *session, const struct settings *settings, double share);
    /* Its tables are its answer: it does not compare layouts at one distance. */
    bool shows_tables;
    /* Prints table and conclusions. */
    void (*conclude)(const struct lb_analysis *analysis, const struct settings *settings,
                     FILE *out);
    /* What of these its files lack, for run.json below "suites.NAME". NULL: nothing. */
    void (*note)(const struct lb_analysis *analysis, const struct settings *settings,
                 struct lb_json *json);
    /* Of these what a comparison of layouts does not say: stands above the answer. NULL: nothing.
     */
    void (*closing)(const struct lb_analysis *analysis, const struct settings *settings, FILE *out);
};

/* What is run unless told otherwise, and swept. */
extern const struct suite suite_layouts;

/* Sorted by name. */
extern const struct suite *const suites[];
extern const size_t n_suites;

extern const struct lb_names suite_names;
/* -ENOENT with the nearest and the known names. */
int suite_find(const char *name, struct lb_why *why, const struct suite **suite);

#endif
