/* SPDX-License-Identifier: MIT
 *
 * front: the two faces of a run: progress on the terminal, and Google Benchmark's output in place
 * of the table.
 */
#ifndef LB_FRONT_H
#define LB_FRONT_H

#include "request/settings.h"

#include <linebounce/analysis.h>

#include <stdbool.h>

/* Progress, always to stderr. On a terminal one line that is rewritten: a bar, the time left, the
 * case at hand and what is known of it. Elsewhere a plain line at the start, which tells a log that
 * the run goes, then one a minute; without the time left as long as that is not known. */
struct progress_state {
    bool terminal;
    double last_s;
    bool shown;
};
struct progress_state progress_begin(void);
void progress_show(const struct lb_progress *progress, void *state);
void progress_end(struct progress_state *state);

/* Google Benchmark's face; NULL when no --benchmark_ flag was given: all functions then do nothing.
 */
struct front;
int front_open(const struct settings *settings, struct lb_why *why, struct front **front);
void front_close(struct front *front);
/* Leaves only the selected cases (and what they are compared to, and the positive controls where
 * events are counted) in the plan. 1: nothing is to be
 * measured (a list was asked for); -ENOENT when the filter selects nothing. */
int front_select(struct front *front, struct lb_plan *plan, bool counts, struct lb_why *why);
/* Rounds: --benchmark_repetitions, else those given. */
unsigned front_rounds(const struct front *front, unsigned rounds);
int front_replay(struct front *front, const struct lb_analysis *analysis, struct lb_why *why);

/* Repetitions where Google Benchmark's flags name none. */
#define FRONT_REPETITIONS 10

#endif
