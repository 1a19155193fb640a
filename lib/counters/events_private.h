/* SPDX-License-Identifier: MIT
 *
 * The parts of the stage events: the table (events_table.c), strings of its own and
 * /proc/cpuinfo (events_text.c), and libpfm4 behind four functions that a build without it
 * answers, too (events_pfm.c, events_pfm_none.c).
 */
#ifndef LINEBOUNCE_EVENTS_PRIVATE_H
#define LINEBOUNCE_EVENTS_PRIVATE_H

#include <linebounce/events.h>

#define LB_PMU_BYTES 48

/* A row of the table and what libpfm4 calls its PMU; "" where libpfm4 4.13 has none. Ends with a
 * NULL. Two PMUs may stand for one row: the first is the one that the table's strings name. */
struct lb_event_row {
    const char *name, *pmu;
};
extern const struct lb_event_row lb_event_rows[];
/* The row of that PMU, or NULL. */
const struct lb_event_row *lb_event_row_of_pmu(const char *pmu);
/* The PMU that the row's strings name, "" for none and for a row that is not there. */
const char *lb_event_row_pmu(const char *row);
/* NULL: the row has none for the quantity. */
const struct lb_event_entry *lb_event_entry_find(const char *row, enum lb_quantity quantity);

/* "raw:config=0x12a:config1=0x103b800002": what libpfm4's perf_raw cannot say, for it takes one
 * number only. -EINVAL: malformed. */
bool lb_raw_is(const char *string);
int lb_raw_encode(const char *string, struct lb_why *why, struct lb_event_code *code);

/* The row for the first processor in the text of a /proc/cpuinfo, "" for an unknown one. */
const char *lb_cpuinfo_row(const char *text);

/* The PMU library. Called one at a time. */
extern const bool lb_pfm_built;
typedef void lb_see_name(const char *name, void *context);
/* libpfm4's name of the core PMU that it says is present, one that has a row before others; "". */
void lb_pfm_here(char pmu[LB_PMU_BYTES]);
/* -ENOENT, -EINVAL, -ENOTSUP, -ENOMEM with libpfm4's word; pmu (may be NULL) is the core PMU that
 * the event is of, "" for events that any kernel knows. What libpfm4 would set beside type and
 * config (sampling, kernel level, a CPU) is -EINVAL: it would be lost. */
int lb_pfm_encode(const char *string, struct lb_why *why, struct lb_event_code *code,
                  char pmu[LB_PMU_BYTES]);
/* Events of a PMU as "skx::INST_RETIRED". */
void lb_pfm_events(const char *pmu, lb_see_name *see, void *context);
/* Unit masks of the event that the string begins with; nothing where there is no such event. */
void lb_pfm_masks(const char *string, lb_see_name *see, void *context);

#endif
