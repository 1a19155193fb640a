/* SPDX-License-Identifier: MIT
 *
 * A run from its signals and files to what it concludes.
 */
#include "session.h"

#include "exit_status.h"
#include "counters_report.h"
#include "provenance.h"
#include "report/table.h"

#include <linebounce/answer.h>
#include <linebounce/load.h>
#include <linebounce/page.h>
#include <linebounce/plot.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

volatile sig_atomic_t session_stop;

static void on_signal(int signal_number)
{
    (void)signal_number;
    session_stop = 1;
}

/* A page that a mapping promises cannot be had: failing memory, or somebody cut a file. Nothing can
 * be finished from here; rows went out as they were measured, mappings go with the process. */
static void on_lost_page(int signal_number)
{
    static const char text[] =
        "linebounce: SIGBUS: a page of a mapping is gone (memory that fails, "
        "or a file that was cut): rows up to here are kept\n";

    (void)signal_number;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(EXIT_NOT_MEASURED);
    _exit(EXIT_NOT_MEASURED);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    struct sigaction lost = {.sa_handler = on_lost_page, .sa_flags = (int)SA_RESETHAND};
    struct sigaction before;

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (!sigaction(SIGHUP, NULL, &before) && before.sa_handler != SIG_IGN) /* as nohup does */
        sigaction(SIGHUP, &action, NULL);
    sigaction(SIGBUS, &lost, NULL);
}

/* Pictures and the table come out of the budget too. */
#define REPORT_S         4.0
#define REPORT_BARE_S    0.5
#define REPORT_SHARE     0.2
#define PICTURES_LEAST_S 1.0
/* No more than twice the time is kept for them on a busy machine: pictures can be drawn later. */
#define STRETCH_MOST 2.0

static uint64_t began_ns;

void session_begin_time(void)
{
    began_ns = lb_clock_monotonic_ns();
}

static double spent_s(void)
{
    return (double)(lb_clock_monotonic_ns() - began_ns) * 1e-9;
}

double session_report_s(const struct settings *s)
{
    return fmin(s->no_plots ? REPORT_BARE_S : REPORT_S, s->budget_s * REPORT_SHARE);
}

double session_left_s(const struct session *w)
{
    double budget_s = w->settings->budget_s;
    double report_s = fmin(session_report_s(w->settings) * fmin(w->stretch, STRETCH_MOST),
                           budget_s * REPORT_SHARE);

    return fmax(budget_s - spent_s() - report_s, 0);
}

/* What runs beside this process on as many CPUs as it may use, takes its part of them. */
static double stretch_of(const struct lb_topology *t)
{
    struct lb_load_mark now;

    lb_load_read("", NULL, 0, &now);
    return isfinite(now.runnable) && now.runnable > 1 ? 1 + (now.runnable - 1) / t->n_allowed : 1;
}

int session_complain(const struct lb_why *why, int status)
{
    fprintf(stderr, "linebounce: %s\n", *why->text ? why->text : "failed, and nobody said why");
    return status;
}

int session_status_of(int err)
{
    return err == -ENOMEM || err == -ENODEV || err == -EXDEV ? EXIT_NOT_MEASURED : EXIT_USAGE;
}

int session_begin(struct session *w, struct settings *s, const struct lb_topology *topology,
                  char **argv, bool measures)
{
    struct lb_environment *e = calloc(1, sizeof *e);
    struct lb_why why = {""};
    int err = 0;

    *w = (struct session){
        .settings = s, .topology = topology, .stretch = measures ? stretch_of(topology) : 1};
    if (e) {
        w->tables = open_memstream(&w->table_text, &w->table_bytes);
        w->closing = open_memstream(&w->closing_text, &w->closing_bytes);
    }
    if (!w->tables || !w->closing || lb_json_create(&w->manifest)) {
        free(e);
        session_finish(w);
        session_complain(lb_explain(&why, ENOMEM, "run.json"), 0);
        return -ENOMEM;
    }
    lb_environment_read(e);
    w->emulated = e->emulated;
    provenance_begin(w->manifest, s, topology, e, argv);
    const char *began = lb_json_text_at(w->manifest, "run.started_utc");
    snprintf(w->run_id, sizeof w->run_id, "%s", began ? began : "");
    lb_json_text(w->manifest, "run.id", w->run_id);
    if (measures && (err = checkup_begin(s, topology, w->manifest, w->findings)))
        session_complain(lb_explain(&why, err, "run.json"), 0);
    if (measures && !err &&
        (err = prefetching_begin(s, topology, e, w->manifest, &why, &w->prefetcher)))
        session_complain(lb_explain(&why, err, "prefetcher"), 0);
    free(e);
    if (measures && !err) {
        counting_begin(s, &w->counters);
        counting_manifest(w->manifest, s, &w->counters);
    }
    if (err)
        session_finish(w);
    return err;
}

/* What a sweep's rows said before it was stopped, they go on to say. */
static int take_run_id(const struct lb_csv_reader *row, void *session)
{
    struct session *w = session;

    if (*lb_csv_cell(row, "run"))
        snprintf(w->run_id, sizeof w->run_id, "%s", lb_csv_cell(row, "run"));
    lb_json_text(w->manifest, "run.id", w->run_id);
    return 1; /* all rows say the same */
}

/* A file of the folder, new or gone on with. */
static int open_file(struct session *w, const struct lb_schema *schema, bool resume,
                     struct lb_why *why, struct lb_csv **csv)
{
    char path[600];

    snprintf(path, sizeof path, "%s/%s", w->dir, schema->file);
    if (resume)
        lb_csv_each(NULL, path, NULL, NULL, take_run_id, w);
    const char *host = lb_json_text_at(w->manifest, "machine.host");
    int err =
        resume ? lb_csv_reopen(schema, path, why, csv) : lb_csv_create(schema, path, why, csv);
    if (!err && !(err = lb_csv_fill(*csv, "host", host ? host : "", why)))
        err = lb_csv_fill(*csv, "run", w->run_id, why);
    return err;
}

/* That of a sweep gone on with says what all of it says, so it is written anew. */
static int replace_summary(struct session *w, struct lb_why *why)
{
    char path[600];

    snprintf(path, sizeof path, "%s/%s", w->dir, lb_schema_summary.file);
    if (remove(path) && errno != ENOENT)
        return lb_fail(why, errno, "%s: %s", path, strerror(errno));
    return open_file(w, &lb_schema_summary, false, why, &w->summary);
}

int session_folder(struct session *w, struct lb_why *why)
{
    char path[600];
    int err = 0;

    if (*w->dir)
        return 0;
    catch_signals();
    if ((err = provenance_folder(w->settings, w->dir, sizeof w->dir, why, &w->dir_fd))) {
        w->dir[0] = '\0';
        return err;
    }
    snprintf(path, sizeof path, "%s/topology.xml", w->dir);
    if ((err = lb_topology_export(w->topology, path, why)))
        session_abandon(w);
    else
        fputs(w->findings, stderr);
    return err;
}

int session_open(struct session *w, struct lb_why *why)
{
    const char *resume = w->settings->resume;
    int err = 0;

    if (resume) { /* nothing of it is touched before it is known to fit: see session_measure */
        catch_signals();
        if (!(err = lb_open_folder(resume, why, &w->dir_fd)))
            snprintf(w->dir, sizeof w->dir, "%s", resume);
    } else {
        err = session_folder(w, why);
    }
    if (!err)
        err = open_file(w, &lb_schema_samples, resume, why, &w->samples);
    if (!err && resume)
        fputs(w->findings, stderr);
    if (!err && !resume)
        err = open_file(w, &lb_schema_summary, false, why, &w->summary);
    if (err)
        session_abandon(w);
    else
        counting_say(w->settings, &w->counters);
    return err;
}

static void drop_file(struct session *w, const struct lb_schema *schema, struct lb_csv **csv)
{
    char path[600];

    if (!*csv)
        return;
    lb_csv_close(*csv);
    *csv = NULL;
    snprintf(path, sizeof path, "%s/%s", w->dir, schema->file);
    if (!w->settings->resume)
        remove(path);
}

void session_abandon(struct session *w)
{
    drop_file(w, &lb_schema_samples, &w->samples);
    drop_file(w, &lb_schema_summary, &w->summary);
    if (*w->dir && !w->settings->resume)
        unlinkat(w->dir_fd, "topology.xml", 0);
    if (*w->dir)
        close(w->dir_fd);
    w->dir[0] = '\0';
}

struct lb_run_options session_options(const struct session *w, double budget_s, unsigned rounds)
{
    const struct settings *s = w->settings;

    return (struct lb_run_options){
        .seed = s->seed,
        .budget_s = budget_s,
        .rounds = rounds,
        .precision_ns = s->precision_ns,
        .stop = &session_stop,
        .progress = progress_show,
        .emulated = w->emulated,
        .events = s->events.at,
        .n_events = s->events.n,
        .count_kernel = s->count_kernel,
        .at_once = w->counters.at_once,
        .sample_every = s->sample_every,
    };
}

/* -ENODATA where the plan has something to say, but no window of it was good. */
static int check_found(const struct lb_analysis *a, struct lb_why *why)
{
    const struct lb_run *run = a->run;
    bool wanted = false;

    for (size_t i = 0; i < a->n_lines; i++)
        if (lb_case_is_subject(&run->plan->cases[a->lines[i].case_index]))
            return 0;
    for (size_t i = 0; i < run->plan->n_cases; i++)
        wanted |= lb_case_is_subject(&run->plan->cases[i]);
    return !wanted ? 0
                   : lb_fail(why, ENODATA,
                             "suite %s: nothing could be measured: no window was good (%zu of %zu "
                             "were spoiled; samples.csv says why)",
                             run->plan->suite, run->windows_spoiled, run->windows);
}

/* Analysis, summary.csv, and the table or Google Benchmark's. */
static int conclude(struct session *w, const struct suite *suite, struct lb_run *run,
                    struct front *front, struct lb_why *why)
{
    struct lb_analysis *a;
    int err = lb_analysis_create(run, &w->settings->margin, &a);

    if (err)
        return lb_fail(why, -err, "analysis: %s", strerror(-err));
    counting_manifest_run(w->manifest, a);
    if (!w->summary)
        err = replace_summary(w, why);
    if (!err)
        err = lb_analysis_write(a, w->summary, why);
    if (!err && provenance_has_folder(w->dir, w->dir_fd)) /* closing says when not */
        err = lb_lines_record(run->plan, w->dir, why);
    lb_found_note(a, suite->question, w->manifest); /* what is lost shows when it is written */
    if (!front) {
        if (run->rounds) {
            suite->conclude(a, w->settings, w->tables);
            if (suite->note)
                suite->note(a, w->settings, w->manifest);
            if (suite->closing)
                suite->closing(a, w->settings, w->closing);
            table_run(a, w->tables);
        } else {
            notes_unfinished(run, stdout);
        }
        notes_run(run, w->settings, run->rounds ? w->tables : stdout);
        w->tables_shown |= suite->shows_tables;
    } else if (!err) {
        err = front_replay(front, a, why);
    }
    if (!err && !session_stop && run->end != LB_RUN_FAILED)
        err = check_found(a, why);
    lb_analysis_destroy(a);
    return err;
}

int session_measure(struct session *w, const struct suite *suite, struct lb_plan *plan,
                    const struct lb_run_options *options, struct front *front)
{
    struct lb_run *run = NULL;
    struct lb_why why = {""};
    struct progress_state progress = progress_begin();
    struct lb_run_options with_progress = *options;

    with_progress.data = &progress;
    int err = lb_run_measure(plan, w->topology, &with_progress, w->samples, &why, &run);
    int status = err ? EXIT_NOT_MEASURED : EXIT_DONE;

    progress_end(&progress);
    if (err)
        session_complain(lb_explain(&why, err, "run"), 0);
    if (!run && w->settings->resume) { /* the folder stays what it was */
        status = err == -EPROTO ? EXIT_USAGE : status;
        session_abandon(w);
    }
    if (run) {
        provenance_run(w->manifest, run);
        w->elapsed_s = run->elapsed_s;
        w->measured_s = run->measured_s;
        w->windows_resumed = run->windows_resumed;
        w->rounds = run->rounds;
        w->end = run->end;
        if (!run->rounds) /* nothing that could be compared */
            status = EXIT_NOT_MEASURED;
        why.text[0] = '\0';
        if ((err = conclude(w, suite, run, front, &why)))
            status = session_complain(lb_explain(&why, err, "results"), EXIT_NOT_MEASURED);
    }
    lb_run_destroy(run);
    return session_stop ? EXIT_INTERRUPTED : status;
}

double session_picture_s(const struct session *w)
{
    double budget_s = w->settings->budget_s;

    return isfinite(budget_s) ? fmax(budget_s - spent_s(), PICTURES_LEAST_S) : INFINITY;
}

void session_finish(struct session *w)
{
    struct lb_why why = {""};

    if (lb_prefetcher_restore(w->prefetcher, &why))
        session_complain(&why, 0);
    w->prefetcher = NULL;
    lb_json_destroy(w->manifest);
    w->manifest = NULL;
    if (w->tables)
        fclose(w->tables);
    w->tables = NULL;
    free(w->table_text);
    w->table_text = NULL;
    if (w->closing)
        fclose(w->closing);
    w->closing = NULL;
    free(w->closing_text);
    w->closing_text = NULL;
}
