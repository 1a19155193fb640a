/* SPDX-License-Identifier: MIT
 *
 * suite: a named set of cases and what is concluded from it. A new suite is one descriptor and one
 * row of the table in registry.c.
 */
#ifndef LB_SUITE_H
#define LB_SUITE_H

#include <linebounce/analysis.h>
#include <linebounce/plan.h>

#include "cli/settings.h"

#include <stdio.h>

/* What one suite measures: a plan's request, how long, and what is counted. It is made anew for
 * each suite, from settings that none may change: no suite finds what another one wanted. */
struct request {
    struct lb_request plan; /* lists of the settings, of the suite's constants, or of those below */
    unsigned rounds;        /* 0: until it is precise, or the budget ends */
    const struct lb_event *events;
    size_t n_events;
    /* Memory of the request's own, for what neither settings nor constants hold. */
    struct {
        struct list scenarios; /* const struct lb_scenario * */
        struct list layouts;   /* struct lb_layout */
        struct list offsets;   /* size_t */
        struct list events;    /* struct lb_event */
    } own;
};

struct session;
struct suite {
    const char *name;
    const char *question;
    /* What its cases know nothing of: options for it are refused, not ignored. `measure` has no
     * windows, and so none of what only windows have. */
    bool no_layouts;
    bool has_offsets; /* --offset means something to it whatever the scenarios */
    /* Its question is what sharing costs, which one thread alone cannot answer... */
    bool asks_sharing;
    /* ...but what its ops cost one thread can be asked for by name: --threads 1. */
    bool costs_alone;
    /* Fills what the command line left open; lists in `settings` that are not empty were given. */
    void (*defaults)(const struct settings *settings, struct request *request);
    /* In place of both below: a suite whose cases are no windows plans, measures and writes by
     * itself, within `share` of what is left of the budget. Returns an exit status. */
    int (*measure)(struct session *session, const struct settings *settings, double share);
    /* Prints table and conclusions. */
    void (*conclude)(const struct lb_analysis *analysis, const struct settings *settings,
                     FILE *out);
};

extern const struct suite suite_arrays, suite_churn, suite_errors, suite_fastpath, suite_fault,
    suite_harness, suite_instruments, suite_layouts, suite_offset, suite_pingpong, suite_whatif;

/* Sorted by name. */
extern const struct suite *const suites[];
extern const size_t n_suites;

/* Their names, comma-separated. Returns text. */
const char *suite_list(char *text, size_t bytes);
/* -ENOENT with the nearest and the known names. */
int suite_find(const char *name, struct lb_why *why, const struct suite **suite);

/* Whether the plan can answer the suite's question: -ENODEV where it is about threads that share
 * lines and there is no case of two threads. */
int suite_can_answer(const struct suite *suite, const struct settings *settings,
                     const struct lb_plan *plan, struct lb_why *why);

/* The first option given that only whatif has; NULL when none was. */
const char *suite_whatif_option(const struct settings *settings);
/* Whether every option that was given means something to one of the suites at least; -EINVAL with
 * the first that does not. */
int suite_check(const struct settings *settings, struct lb_why *why);

/* What the suite asks for: the lists of the settings as given, then its defaults. It borrows from
 * the settings, and plans borrow from it. */
void request_init(const struct settings *settings, const struct suite *suite,
                  struct request *request);
void request_finish(struct request *request);
/* Whether every field that is to be watched (--events bp:FIELD) is one of some layout of the plan:
 * -EINVAL with the names that are near. */
int request_check_fields(const struct request *request, const struct lb_plan *plan,
                         struct lb_why *why);
/* The offsets given, and the base's behind them where it is not among them: it is measured whether
 * it was listed or not, as a baseline layout is. */
void request_offsets(const struct settings *settings, size_t base, struct request *request);

#endif
