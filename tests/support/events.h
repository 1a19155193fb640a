/* SPDX-License-Identifier: MIT
 *
 * Events as a run is asked to count them.
 */
#ifndef LB_TESTS_EVENTS_H
#define LB_TESTS_EVENTS_H

#include <linebounce/events.h>

#include <stdio.h>

/* One of the made-up PMU; with a quantity it is called as the quantity. */
static inline struct lb_event event_of(unsigned config, int quantity)
{
    struct lb_event e = {.kind = LB_EVENT_PMU, .quantity = quantity};

    snprintf(e.string, sizeof e.string, "raw:config=0x%x", config);
    snprintf(e.name, sizeof e.name, "%s",
             quantity < 0 ? e.string : lb_quantity_name((enum lb_quantity)quantity));
    return e;
}

static inline struct lb_event watch_of(enum lb_watch watch)
{
    struct lb_event e = {.kind = LB_EVENT_WATCH, .quantity = -1, .word.watch = watch};

    snprintf(e.name, sizeof e.name, "bp:%s", lb_watch_name(watch));
    return e;
}

#endif
