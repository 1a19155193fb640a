/* SPDX-License-Identifier: MIT
 *
 * counting: what this machine can count, in words, and what a run will count.
 */
#ifndef LB_COUNTING_H
#define LB_COUNTING_H

#include "request/settings.h"

#include <linebounce/counters.h>
#include <linebounce/record.h>
#include <linebounce/analysis.h>

/* Probes the machine, and completes the settings' events: all roles where there is a PMU and
 * nothing was asked for. */
void counting_begin(struct settings *settings, struct lb_counter_report *report);
/* Says on stderr what cannot be had. */
void counting_say(const struct settings *settings, const struct lb_counter_report *report);
/* run.json: counters.*, before and after the run. */
void counting_manifest(struct lb_json *json, const struct settings *settings,
                       const struct lb_counter_report *report);
void counting_manifest_run(struct lb_json *json, const struct lb_analysis *analysis);
/* linebounce show counters */
int counting_show(const struct settings *settings);

#endif
