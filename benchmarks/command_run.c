/* SPDX-License-Identifier: MIT
 *
 * linebounce run: plan, measure, conclude.
 */
#include "commands.h"

#include "counting.h"
#include "front.h"
#include "provenance.h"
#include "settings.h"
#include "suite.h"
#include "table.h"

#include <linebounce/analysis.h>
#include <linebounce/gbench.h>
#include <linebounce/plot.h>
#include <linebounce/record.h>
#include <linebounce/run.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stop;

static void on_signal(int signal_number)
{
    (void)signal_number;
    stop = 1;
}

/* The first signal ends the run after the window in flight; the second ends the program. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGXFSZ,
           SIG_IGN); /* a file that may not grow is an error of write(2), with a sentence */
}

static int complain(const struct lb_why *why, int status)
{
    fprintf(stderr, "linebounce: %s\n", why->text);
    return status;
}

/* Wrong usage is what the user can mend on the command line. */
static int status_of(int err)
{
    return err == -ENOMEM || err == -ENODEV || err == -EXDEV ? EXIT_NOT_MEASURED : EXIT_USAGE;
}

static void print_plan(const struct lb_plan *plan, const struct settings *s)
{
    double round_s = lb_plan_round_s(plan);
    char name[192];

    printf("suite %s: %zu cases, %.2f s a round, ", plan->suite, plan->n_cases, round_s);
    if (s->rounds)
        printf("%u rounds asked for: %.0f s", s->rounds, s->rounds * round_s);
    else
        printf("about %.0f rounds in %.0f s", s->budget_s / round_s, s->budget_s);
    printf(", %zu MiB at least\n", plan->arena_bytes >> 20);
    if (plan->n_refused)
        printf("left out: %zu combinations (first: %s)\n", plan->n_refused, plan->refused);
    for (size_t i = 0; i < plan->n_cases; i++) {
        lb_case_name(plan, &plan->cases[i], name, sizeof name);
        puts(name);
    }
}

/* Pictures and the table come out of the budget too. */
#define REPORT_S          4.0
#define REPORT_SHARE_MOST 0.2

static double measuring_budget(const struct settings *s)
{
    double report_s = s->no_plots ? 0.5 : REPORT_S;
    double share =
        (s->budget_s -
         (report_s < s->budget_s * REPORT_SHARE_MOST ? report_s : s->budget_s * REPORT_SHARE_MOST));

    return share / (double)s->suites.n;
}

struct session {
    const struct settings *settings;
    const struct lb_topology *topology;
    struct lb_csv *samples, *summary;
    struct lb_json *manifest;
    struct lb_counter_report counters;
    char dir[512];
};

static int open_results(struct session *w, struct lb_why *why)
{
    char path[600];
    int err;

    if ((err = provenance_folder(w->settings, w->dir, sizeof w->dir, why)))
        return err;
    snprintf(path, sizeof path, "%s/samples.csv", w->dir);
    if ((err = lb_csv_create(&lb_schema_samples, path, why, &w->samples)))
        return err;
    snprintf(path, sizeof path, "%s/summary.csv", w->dir);
    if ((err = lb_csv_create(&lb_schema_summary, path, why, &w->summary)))
        return err;
    snprintf(path, sizeof path, "%s/topology.xml", w->dir);
    if ((err = lb_topology_export(w->topology, path)))
        return lb_fail(why, -err, "%s: %s", path, strerror(-err));
    counting_say(w->settings, &w->counters);
    return 0;
}

/* Analysis, summary.csv, and the table or Google Benchmark's. */
static int conclude(struct session *w, const struct suite *suite, struct lb_run *run,
                    struct front *front, struct lb_why *why)
{
    struct lb_analysis *a;
    int err = lb_analysis_create(run, &w->settings->margin, w->settings->seed, &a);

    if (err)
        return lb_fail(why, -err, "analysis: %s", strerror(-err));
    counting_manifest_run(w->manifest, a);
    err = lb_analysis_write(a, w->summary, why);
    if (!front) {
        suite->conclude(a, w->settings, stdout);
        table_run(a, stdout);
        fflush(stdout);
    } else if (!err) {
        err = front_replay(front, a, why);
    }
    lb_analysis_destroy(a);
    return err;
}

static int run_plan(struct session *w, const struct suite *suite, struct lb_plan *plan,
                    struct front *front)
{
    const struct settings *s = w->settings;
    struct lb_run *run = NULL;
    struct lb_why why = {""};
    struct progress_state progress = progress_begin();
    struct lb_run_options options = {
        .seed = s->seed,
        .budget_s = measuring_budget(s),
        .rounds = front_rounds(front, s),
        .precision_ns = s->precision_ns,
        .stop = &stop,
        .progress = progress_show,
        .data = &progress,
        .events = s->events.at,
        .n_events = s->events.n,
        .count_kernel = s->count_kernel,
        .at_once = w->counters.at_once,
        .sample_every = s->sample_every,
    };
    int err = lb_run_measure(plan, w->topology, &options, w->samples, &why, &run);
    int status = err ? EXIT_NOT_MEASURED : EXIT_DONE;

    progress_end(&progress);
    if (err)
        complain(&why, 0);
    if (run) {
        provenance_run(w->manifest, run);
        if (conclude(w, suite, run, front, &why))
            status = complain(&why, EXIT_NOT_MEASURED);
    }
    lb_run_destroy(run);
    return stop ? EXIT_INTERRUPTED : status;
}

static int run_suite(struct session *w, struct settings *s, const struct suite *suite,
                     struct front *front)
{
    struct lb_request request;
    struct lb_plan *plan;
    struct lb_why why;
    unsigned rounds = s->rounds;
    size_t n_events = s->events.n;
    int err, status;

    request_from(s, suite, &request);
    suite->defaults(s, &request);
    if ((err = lb_plan_create(&request, w->topology, &why, &plan)))
        return complain(&why, status_of(err));
    if (s->dry_run) {
        print_plan(plan, s);
        status = EXIT_DONE;
    } else if (front && (err = front_select(front, plan, s->events.n > 0, &why))) {
        status = err > 0 ? EXIT_DONE : complain(&why, EXIT_USAGE);
    } else if (!w->samples && (err = open_results(w, &why))) {
        status = complain(&why, EXIT_NOT_MEASURED);
    } else {
        if (plan->n_refused)
            fprintf(stderr, "linebounce: left out: %zu combinations (first: %s)\n", plan->n_refused,
                    plan->refused);
        status = run_plan(w, suite, plan, front);
    }
    lb_plan_destroy(plan);
    s->rounds = rounds; /* a suite's defaults are its own */
    s->events.n = n_events;
    return status;
}

static void close_results(struct session *w, bool quiet)
{
    struct lb_why why;
    char path[600];
    FILE *out = quiet ? stderr : stdout;
    int drawn = 0;

    lb_csv_close(w->samples);
    lb_csv_close(w->summary);
    snprintf(path, sizeof path, "%s/run.json", w->dir);
    if (lb_json_write(w->manifest, path, &why))
        complain(&why, 0);
    why.text[0] = '\0';
    if (!w->settings->no_plots)
        lb_plot(w->dir, provenance_plots(), &why, &drawn);
    if (*why.text) /* what failed, or what a run of this kind has no picture of */
        fprintf(stderr, "linebounce: plots: %s\n", why.text);
    fprintf(out, "\nResults: %s (samples.csv, summary.csv, run.json, topology.xml%s)\n", w->dir,
            drawn ? ", plots/" : "");
}

static int run_all(struct settings *s, const struct lb_topology *topology, struct front *front,
                   char **argv)
{
    struct session w = {.settings = s, .topology = topology};
    const struct suite *const *list = s->suites.at;
    int status = EXIT_DONE;

    if (lb_json_create(&w.manifest))
        return EXIT_NOT_MEASURED;
    provenance_begin(w.manifest, s, topology, argv);
    if (!s->dry_run && !(front && lb_gbench_list_only())) {
        counting_begin(s, &w.counters);
        counting_manifest(w.manifest, s, &w.counters);
    }
    for (size_t i = 0; i < s->suites.n && !stop; i++) {
        int one = run_suite(&w, s, list[i], front);
        status = one ? one : status;
    }
    if (w.samples)
        close_results(&w, front != NULL);
    lb_json_destroy(w.manifest);
    return status;
}

/* Before anything is measured: what the command line asks for must make sense here. */
static int check(const struct settings *s, const struct lb_topology *topology)
{
    struct lb_why why;

    if (s->pus && (s->threads.n || s->placements.n)) {
        lb_fail(&why, EINVAL,
                "--pus: says which CPUs and how many: leave out --threads and --placement");
        return complain(&why, EXIT_USAGE);
    }
    if (topology->this_system || s->dry_run)
        return EXIT_DONE;
    lb_fail(&why, EINVAL,
            "topology: %s is not this machine: it can be planned for (--dry-run), not measured",
            topology->source);
    return complain(&why, EXIT_USAGE);
}

int command_run(int argc, char **argv)
{
    struct settings s;
    struct lb_topology *topology = NULL;
    struct front *front = NULL;
    struct lb_why why;
    int err, status;
    char **given = provenance_copy(argc, argv);

    settings_init(&s);
    settings_parse_run(argc, argv, &s);
    provenance_seed(&s);
    catch_signals();
    if ((err = lb_topology_load(s.topology, &why, &topology)))
        status = complain(&why, s.topology ? EXIT_USAGE : EXIT_NOT_MEASURED);
    else if ((err = front_open(&s, &why, &front)))
        status = complain(&why, EXIT_USAGE);
    else if (!(status = check(&s, topology)))
        status = run_all(&s, topology, front, given);
    front_close(front);
    lb_topology_destroy(topology);
    settings_finish(&s);
    free(given);
    return status;
}
