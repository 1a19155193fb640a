/* SPDX-License-Identifier: MIT
 *
 * request: what one suite asks for.
 */
#ifndef LB_REQUEST_H
#define LB_REQUEST_H

#include "settings.h"

#include <linebounce/plan.h>

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

struct suite;

/* What was not given: an array's items, the first `n` of them. */
#define REQUEST_FIRST(REQUEST, MEMBER, ARRAY, N)                                                   \
    ((REQUEST)->n_##MEMBER ? (void)0                                                               \
                           : (void)((REQUEST)->MEMBER = (ARRAY), (REQUEST)->n_##MEMBER = (N)))
#define REQUEST_ALL(REQUEST, MEMBER, ARRAY) REQUEST_FIRST(REQUEST, MEMBER, ARRAY, LB_COUNT(ARRAY))

/* Whether the plan can answer the suite's question: -ENODEV where it is about threads that share
 * lines and there is no case of two threads. */
int suite_can_answer(const struct suite *suite, const struct settings *settings,
                     const struct lb_plan *plan, struct lb_why *why);

/* The first option given that only whatif has; NULL when none was. */
const char *suite_whatif_option(const struct settings *settings);
/* Writes the options that mean something to the suite, or to a scenario of the request, with commas
 * between them, without those that all suites take. */
void suite_tell_options(const struct suite *suite, const struct lb_request *request, FILE *out);
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
/* Whether rates that were given mean something to a case of the plan: -EINVAL with what they are
 * for.
 */
int request_check_rates(const struct settings *settings, const struct lb_plan *plan,
                        struct lb_why *why);
/* Whether kinds of lock that were given are taken in a case of the plan: -EINVAL with why not. */
int request_check_locks(const struct settings *settings, const struct lb_plan *plan,
                        struct lb_why *why);
/* Whether every option that was given means something to a scenario of the request; -EINVAL with
 * the first that does not. What the checks above have words for is theirs. */
int request_check_scenarios(const struct settings *settings, const struct suite *suite,
                            const struct request *request, struct lb_why *why);
/* The offsets given, and the base's behind them where it is not among them: it is measured whether
 * it was listed or not, as a baseline layout is. */
void request_offsets(const struct settings *settings, size_t base, struct request *request);

#endif
