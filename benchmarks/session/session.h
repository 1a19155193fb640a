/* SPDX-License-Identifier: MIT
 *
 * session: what `run` and `sweep` share: signals, the results folder, a plan measured and
 * concluded.
 */
#ifndef LB_SESSION_H
#define LB_SESSION_H

#include "checkup.h"
#include "report/gbench_front.h"
#include "request/settings.h"
#include "suite.h"

#include <linebounce/counters.h>
#include <linebounce/prefetcher.h>
#include <linebounce/record.h>
#include <linebounce/run.h>

#include <signal.h>
#include <stdio.h>

/* Set by SIGINT, SIGTERM, and SIGHUP unless that was ignored. */
extern volatile sig_atomic_t session_stop;

struct session {
    const struct settings *settings;
    const struct lb_topology *topology;
    struct lb_csv *samples, *summary;
    struct lb_json *manifest;
    struct lb_counter_report counters;
    struct lb_prefetcher *prefetcher; /* NULL: left alone */
    bool emulated;                    /* the machine is: times mean nothing */
    double stretch; /* how much longer than alone this process takes beside what runs here */
    double elapsed_s, measured_s; /* of the last plan, as in struct lb_run */
    size_t windows_resumed;
    unsigned rounds;
    enum lb_run_end end;
    /* What the suites conclude, with all their tables: goes into table.txt, and to standard output
     * where that is asked for or the suite has no other answer. */
    FILE *tables, *closing; /* and of them what stands above the answer */
    char *table_text, *closing_text;
    size_t table_bytes, closing_bytes;
    bool tables_shown;
    char dir[512];
    char run_id[32];              /* when the folder was begun: in every row */
    char findings[CHECKUP_BYTES]; /* on what spoils results, said when the folder is open */
    int dir_fd; /* of dir, where that is not empty: the folder stays this session's alone */
};

/* The program begins: --budget is counted from here. */
void session_begin_time(void);
/* Of the budget, for rounds: what is neither spent nor needed for table and pictures. Not below 0.
 */
double session_left_s(const struct session *session);
/* That table and pictures may take of a budget, on a machine without other load. */
double session_report_s(const struct settings *settings);
/* Prints the sentence (lb_explain makes one where the callee wrote none); returns the status. */
int session_complain(const struct lb_why *why, int status);
/* Wrong usage is what the user can mend on the command line. */
int session_status_of(int err);

/* Begins the manifest, and where `measures` sets the prefetcher and probes the counters. To be
 * called before there are threads. On an error, which it has said, nothing is left to finish. */
int session_begin(struct session *session, struct settings *settings,
                  const struct lb_topology *topology, char **argv, bool measures);
/* Makes the folder, once; topology.xml goes there. From now on the first signal ends the run after
 * the window in flight, so that what is there is concluded; the second ends the program. Before,
 * there is nothing to conclude and the first one ends it. */
int session_folder(struct session *session, struct lb_why *why);
/* The folder and the files of windows, or opens those of the sweep that is resumed. */
int session_open(struct session *session, struct lb_why *why);
/* Closes the files again. Those of a new run, which hold nothing yet, are removed; a folder that is
 * gone on with stays what it was. Its name is forgotten. */
void session_abandon(struct session *session);
/* Options of a run from the settings. */
struct lb_run_options session_options(const struct session *session, double budget_s,
                                      unsigned rounds);
/* Measures and concludes; an exit status. A folder that was to be gone on with and does not fit is
 * left as it was and forgotten (`dir` is empty then). */
int session_measure(struct session *session, const struct suite *suite, struct lb_plan *plan,
                    const struct lb_run_options *options, struct front *front);
/* Pictures may take what is left of the budget, and a little more than nothing. */
double session_picture_s(const struct session *session);
/* Writes run.json, draws, looks whether all files are there and whole, and names those that are; an
 * exit status. Does nothing where nothing was opened. */
int session_close(struct session *session, bool quiet);
void session_finish(struct session *session);

/* Below the table: scenarios left out and rounds that were not measured for want of time, atomics
 * that are not what this machine's kernel uses, and other load where it matters. Nothing where
 * nothing is to be said. */
void notes_run(const struct lb_run *run, const struct settings *settings, FILE *out);
/* Instead of a table, where there is not one whole round: how far the run came. */
void notes_unfinished(const struct lb_run *run, FILE *out);
void notes_load(const struct lb_load *before, const struct lb_load *load, FILE *out);

/* Sets the adjacent-line prefetcher of all allowed CPUs as --prefetcher says; *prefetcher is NULL
 * where it says nothing. -ENOTSUP, with a sentence, in a virtual machine and on processors other
 * than Intel's. To be called before there are threads. run.json: prefetcher.*. */
int prefetching_begin(const struct settings *settings, const struct lb_topology *topology,
                      const struct lb_environment *environment, struct lb_json *manifest,
                      struct lb_why *why, struct lb_prefetcher **prefetcher);

#endif
