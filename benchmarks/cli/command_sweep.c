/* SPDX-License-Identifier: MIT
 *
 * linebounce sweep: every distance class, thread count and home of this machine, in one plan that
 * can be interrupted and gone on with.
 */
#include "command_line.h"
#include "commands.h"

#include "session/sweep_identity.h"
#include "session/provenance.h"
#include "session/session.h"
#include "report/sweep_plan.h"
#include "report/table.h"

#include <linebounce/sweep.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Past a second-level cache, and laid out in a fraction of a window. */
static const size_t objects[] = {10000};

static void defaults(const struct settings *s, struct request *r)
{
    suite_layouts.defaults(s, r);
    if (!s->objects.n && !s->quick) {
        r->plan.objects = objects;
        r->plan.n_objects = LB_COUNT(objects);
    }
}

static const struct suite suite_sweep = {
    .name = "sweep",
    .question = "what does each layout cost at every distance, with every number of threads?",
    .asks_sharing = true,
    .costs_alone = true,
    .defaults = defaults,
    .shows_tables = true,
    .conclude = table_sweep,
};

/* Setting up, and the table and pictures at the end. */
#define AROUND_S 5.0

static double planned_s(const struct lb_sweep *w)
{
    return w->rounds * w->round_s + AROUND_S;
}

static struct lb_sweep_request sweep_request(const struct settings *s,
                                             const struct request *request,
                                             const struct lb_topology *topology)
{
    return (struct lb_sweep_request){
        .plan = request->plan,
        .topology = topology,
        .budget_s = s->budget_given ? fmax(s->budget_s - AROUND_S, s->budget_s / 2) : 0,
        .rounds = request->rounds,
    };
}

static int make_sweep(const struct settings *s, const struct request *request,
                      const struct lb_topology *topology, struct lb_why *why,
                      struct lb_sweep **sweep)
{
    struct lb_sweep_request r = sweep_request(s, request, topology);

    return lb_sweep_create(&r, why, sweep);
}

/* The plan: at length where that is asked for, with other budgets where nothing is measured. */
static int print_plan(const struct session *w, const struct request *request,
                      const struct lb_sweep *sweep)
{
    const struct settings *s = w->settings;
    struct lb_sweep_request r = sweep_request(s, request, w->topology);

    int err = sweep_print_plan(sweep, AROUND_S, s->seed, stdout);

    if (!err && s->verbose)
        sweep_print_cases(sweep->plan, stdout);
    else if (!err && s->dry_run && !s->budget_given && !s->rounds)
        err = sweep_print_budgets(&r, AROUND_S, planned_s(sweep), stdout);
    if (!err && s->dry_run && !s->verbose)
        puts("--verbose lists all cases");
    fflush(stdout);
    return err;
}

static void record(struct lb_json *manifest, const struct lb_sweep *w)
{
    lb_json_number(manifest, "sweep.cases", (double)w->plan->n_cases);
    lb_json_number(manifest, "sweep.placements", (double)w->plan->n_placements);
    lb_json_number(manifest, "sweep.rounds", w->rounds);
    lb_json_number(manifest, "sweep.estimated_s", w->rounds * w->round_s);
    lb_json_text(manifest, "sweep.absent", w->absent);
    for (int i = 0; i < w->n_cuts; i++)
        lb_json_push_text(manifest, "sweep.cuts", w->cuts[i]);
}

/* The plan, and whether the sweep that is to be gone on with is this one. */
static int find_sweep(const struct session *w, const struct request *r, struct lb_why *why,
                      struct lb_sweep **sweep)
{
    const struct settings *s = w->settings;
    struct lb_sweep *made = NULL;
    int err = s->resume ? identity_check_here(s->resume, w->topology, why) : 0;

    if (!err)
        err = make_sweep(s, r, w->topology, why, &made);
    if (!err)
        err = request_check_fields(r, made->plan, why);
    if (!err)
        err = request_check_rates(s, made->plan, why);
    if (!err)
        err = request_check_scenarios(s, &suite_sweep, r, why);
    if (!err && s->resume)
        err = identity_check_plan(s, s->resume, made, why);
    if (err) {
        lb_sweep_destroy(made);
        return err;
    }
    *sweep = made;
    return 0;
}

/* Opens the folder: a new one gets the sweep's identity, or is left as it was. */
static int open_sweep(struct session *w, const struct lb_sweep *sweep, char **arguments,
                      struct lb_why *why)
{
    const struct settings *s = w->settings;
    int err = session_open(w, why);

    if (!err && !s->resume)
        err = identity_write(s, w->dir, w->topology, sweep, arguments, why);
    if (err)
        session_abandon(w);
    return err;
}

/* How good the estimate was, and how much of the time went into measuring. */
static void say_times(const struct session *w, const struct lb_sweep *sweep)
{
    sweep_print_time(w->elapsed_s, stdout);
    fputs(" where ", stdout);
    sweep_print_time(planned_s(sweep), stdout);
    printf(" were planned; %.1f %% of it in windows and their warm-ups.\n",
           100 * w->measured_s / w->elapsed_s);
    if (w->windows_resumed)
        printf("%zu windows were there from before.\n", w->windows_resumed);
    lb_json_number(w->manifest, "sweep.windows_share", w->measured_s / w->elapsed_s);
    lb_json_number(w->manifest, "sweep.windows_resumed", (double)w->windows_resumed);
}

static int measure(struct session *w, const struct lb_sweep *sweep)
{
    double left_s = w->settings->budget_given ? session_left_s(w) : INFINITY;
    struct lb_run_options options = session_options(w, left_s, sweep->rounds);
    char samples[600];
    int status;

    snprintf(samples, sizeof samples, "%s/samples.csv", w->dir);
    options.keep_buckets = true;
    options.fewer = false; /* it can be gone on with */
    options.resume = w->settings->resume ? samples : NULL;
    status = session_measure(w, &suite_sweep, sweep->plan, &options, NULL);
    if (w->elapsed_s > 0)
        say_times(w, sweep);
    if (*w->dir && (status != EXIT_DONE || w->end == LB_RUN_BUDGET))
        fprintf(stderr,
                "linebounce: what was measured is kept; go on with: linebounce sweep "
                "--resume %s\n",
                w->dir);
    return status;
}

static int measure_request(struct session *w, const struct request *r, char **arguments)
{
    const struct settings *s = w->settings;
    struct lb_sweep *sweep;
    struct lb_why why = {""};
    int status, err = find_sweep(w, r, &why, &sweep);

    if (!err && !s->dry_run && (err = suite_can_answer(&suite_sweep, s, sweep->plan, &why)))
        lb_sweep_destroy(sweep);
    if (err)
        return session_complain(lb_explain(&why, err, "plan"),
                                err == -EXDEV ? EXIT_USAGE : session_status_of(err));
    if ((err = print_plan(w, r, sweep))) {
        status = session_complain(lb_explain(&why, err, "plan"), EXIT_NOT_MEASURED);
    } else if (s->dry_run) {
        status = EXIT_DONE;
    } else if ((err = open_sweep(w, sweep, arguments, &why))) {
        status = session_complain(lb_explain(&why, err, "results folder"),
                                  s->resume && err != -EBUSY ? EXIT_USAGE : EXIT_NOT_MEASURED);
    } else {
        record(w->manifest, sweep);
        status = measure(w, sweep);
        if (session_close(w, false) && (!status || status == EXIT_INTERRUPTED))
            status = EXIT_NOT_MEASURED;
    }
    lb_sweep_destroy(sweep);
    return status;
}

static int sweep_here(struct session *w, char **arguments)
{
    struct request r;
    int status;

    request_init(w->settings, &suite_sweep, &r);
    status = measure_request(w, &r, arguments);
    request_finish(&r);
    return status;
}

static int check(const struct settings *s, const struct lb_topology *topology)
{
    struct lb_why why = {""};

    if (s->resume && s->out)
        lb_fail(&why, EINVAL, "--resume %s: goes on in that folder: leave out --out", s->resume);
    else if (s->resume && s->dry_run)
        lb_fail(&why, EINVAL, "--resume: with --dry-run there is nothing to go on with");
    else if (s->pus)
        lb_fail(&why, EINVAL,
                "--pus: a sweep finds its own CPUs: use --placement and --threads, "
                "or restrict the process with taskset");
    else if (s->all_pairs)
        lb_fail(&why, EINVAL, "--all-pairs: is for suite pingpong: a sweep takes one pair a class");
    else if (suite_whatif_option(s))
        lb_fail(&why, EINVAL, "--%s: is for suite whatif, which has no sweep",
                suite_whatif_option(s));
    else if (!topology->this_system && !s->dry_run)
        lb_fail(&why, EINVAL,
                "topology: %s is not this machine: it can be planned for (--dry-run), not measured",
                topology->source);
    else if (!settings_check_memory(s, &why))
        return EXIT_DONE;
    return session_complain(&why, EXIT_USAGE);
}

static int run(struct settings *s, char **given, char **arguments)
{
    struct lb_topology *topology = NULL;
    struct session w;
    struct lb_why why = {""};
    int status, err = lb_topology_load(s->topology, &why, &topology);

    if (err)
        return session_complain(lb_explain(&why, err, "topology"),
                                s->topology ? EXIT_USAGE : EXIT_NOT_MEASURED);
    status = check(s, topology);
    if (!status && session_begin(&w, s, topology, given, !s->dry_run)) {
        status = EXIT_NOT_MEASURED;
    } else if (!status) {
        status = sweep_here(&w, arguments);
        session_finish(&w);
    }
    lb_topology_destroy(topology);
    return status;
}

/* A folder may come from somebody else: what is written to a register is asked for here and now. */
static int check_prefetcher(const char *before, const char *now, const char *dir)
{
    struct lb_why why;

    if (before ? now && !strcmp(before, now) : !now)
        return EXIT_DONE;
    if (before)
        lb_fail(&why, EINVAL,
                "--resume %s: that sweep was begun with --prefetcher %s: give it again", dir,
                before);
    else
        lb_fail(&why, EINVAL,
                "--resume %s: that sweep was begun without --prefetcher: leave it out", dir);
    return session_complain(&why, EXIT_USAGE);
}

/* The options of the sweep that is gone on with, then those given now: what they change is found as
 * a difference of the plans. */
static int parse_resumed(struct settings *s, int argc, char **argv, char ***stored)
{
    char **copy = NULL;
    struct lb_why why = {""};
    size_t n;

    int err = identity_arguments(s->resume, &why, stored, &n);
    if (err)
        return session_complain(lb_explain(&why, err, s->resume), EXIT_USAGE);
    if (!(copy = provenance_copy((int)n, *stored))) { /* the parser puts a name into it */
        lb_fail(&why, ENOMEM, "--resume: out of memory");
        return session_complain(&why, EXIT_NOT_MEASURED);
    }
    settings_finish(s);
    settings_init(s);
    settings_parse_sweep((int)n, copy, s);
    s->out = NULL;
    const char *prefetcher = s->prefetcher;
    s->prefetcher = NULL;
    settings_parse_again(argc, argv, s);
    free(copy);
    return check_prefetcher(prefetcher, s->prefetcher, s->resume);
}

int command_sweep(int argc, char **argv)
{
    struct settings s;
    char **given = provenance_copy(argc, argv), **again = provenance_copy(argc, argv);
    char **stored = NULL;
    int status = EXIT_DONE;

    settings_init(&s);
    settings_parse_sweep(argc, argv, &s);
    if (s.resume)
        status = parse_resumed(&s, argc, again, &stored);
    if (!status) {
        provenance_seed(&s);
        status = run(&s, given, given);
    }
    settings_finish(&s);
    identity_drop(stored);
    free(given);
    free(again);
    return status;
}
