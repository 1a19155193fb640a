/* SPDX-License-Identifier: MIT
 *
 * linebounce run: plan, measure, conclude.
 */
#include "command_line.h"
#include "commands.h"
#include "run_against.h"
#include "run_settings.h"

#include "session/provenance.h"
#include "session/session.h"

#include <linebounce/gbench.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reading the topology, checking clocks and counters, starting threads. */
#define SET_UP_S 0.5

static void print_plan(const struct lb_plan *plan, const struct settings *s, unsigned rounds)
{
    double round_s = lb_plan_round_s(plan), left_s = s->budget_s - session_report_s(s) - SET_UP_S;
    char name[192];

    printf("suite %s: %zu cases, %.2f s a round, ", plan->suite, plan->n_cases, round_s);
    if (rounds)
        printf("%u rounds asked for: %.0f s", rounds,
               fmin(rounds * round_s + s->budget_s - left_s, s->budget_s));
    else
        printf("about %.0f rounds in %.0f s", floor(fmax(left_s, 0) / round_s), s->budget_s);
    printf(", %zu MiB at least\n", plan->arena_bytes >> 20);
    if (plan->n_refused)
        printf("left out: %zu combinations (first: %s)\n", plan->n_refused, plan->refused);
    for (size_t i = 0; i < plan->n_cases; i++) {
        lb_case_name(plan, &plan->cases[i], name, sizeof name);
        puts(name);
    }
}

/* `share`: of what is left, this suite's. */
static int measure_plan(struct session *w, const struct suite *suite, const struct request *r,
                        struct lb_plan *plan, double share, struct front *front)
{
    const struct settings *s = w->settings;
    struct lb_run_options options;
    struct lb_why why = {""};
    int err;

    if (!front && (err = suite_can_answer(suite, s, plan, &why)))
        return session_complain(&why, EXIT_NOT_MEASURED);
    if (front && (err = front_select(front, plan, r->n_events > 0, &why)))
        return err > 0 ? EXIT_DONE
                       : session_complain(lb_explain(&why, err, "selection"), EXIT_USAGE);
    if (!w->samples && (err = session_open(w, &why)))
        return session_complain(lb_explain(&why, err, "results folder"), EXIT_NOT_MEASURED);
    if (plan->n_refused)
        fprintf(stderr, "linebounce: left out: %zu combinations (first: %s)\n", plan->n_refused,
                plan->refused);
    options = session_options(w, session_left_s(w) * share, front_rounds(front, r->rounds));
    options.events = r->events;
    options.n_events = r->n_events;
    options.fewer = !front;
    return session_measure(w, suite, plan, &options, front);
}

static int run_suite(struct session *w, const struct suite *suite, double share,
                     struct front *front)
{
    const struct settings *s = w->settings;
    struct request r;
    struct lb_plan *plan = NULL;
    struct lb_why why = {""};
    int err, status = EXIT_DONE;

    if (suite->measure)
        return suite->measure(w, s, share);
    request_init(s, suite, &r);
    if ((err = lb_plan_create(&r.plan, w->topology, &why, &plan)) ||
        (err = request_check_fields(&r, plan, &why)) ||
        (err = request_check_rates(s, plan, &why)) || (err = request_check_locks(s, plan, &why)) ||
        (err = request_check_scenarios(s, suite, &r, &why)))
        status = session_complain(lb_explain(&why, err, "plan"), session_status_of(err));
    else if (s->dry_run)
        print_plan(plan, s, r.rounds);
    else if (session_stop) /* big machines take seconds to plan for */
        status = EXIT_INTERRUPTED;
    else
        status = measure_plan(w, suite, &r, plan, share, front);
    lb_plan_destroy(plan);
    request_finish(&r);
    return status;
}

static int run_all(struct settings *s, const struct lb_topology *topology, struct front *front,
                   char **argv)
{
    struct session w;
    const struct suite *const *list = s->suites.at;
    int status = EXIT_DONE;

    bool measures = !s->dry_run && !(front && lb_gbench_list_only());

    s->line_bytes = topology->line_bytes;
    if (session_begin(&w, s, topology, argv, measures))
        return EXIT_NOT_MEASURED;
    for (size_t i = 0; i < s->suites.n && !session_stop; i++) {
        int one = run_suite(&w, list[i], 1.0 / (double)(s->suites.n - i), front);
        status = one ? one : status;
    }
    int closed = session_close(&w, front != NULL);
    if (closed && (!status || (status == EXIT_INTERRUPTED && closed == EXIT_NOT_MEASURED)))
        status = closed;
    session_finish(&w);
    return session_stop && !status ? EXIT_INTERRUPTED : status;
}

/* Before anything is measured: what the command line asks for must make sense here. */
static int check(const struct settings *s, const struct lb_topology *topology)
{
    struct lb_why why = {""};

    if (s->pus && (s->threads.n || s->placements.n)) {
        lb_fail(&why, EINVAL,
                "--pus: says which CPUs and how many: leave out --threads and --placement");
        return session_complain(&why, EXIT_USAGE);
    }
    if (suite_check(s, &why) || settings_check_memory(s, &why))
        return session_complain(&why, EXIT_USAGE);
    if (topology->this_system || s->dry_run)
        return EXIT_DONE;
    lb_fail(&why, EINVAL,
            "topology: %s is not this machine: it can be planned for (--dry-run), not measured",
            topology->source);
    return session_complain(&why, EXIT_USAGE);
}

int run_settings(struct settings *s, struct front *front, char **given)
{
    struct lb_topology *topology = NULL;
    struct lb_why why = {""};
    int status, err = lb_topology_load(s->topology, &why, &topology);

    if (err)
        return session_complain(lb_explain(&why, err, "topology"),
                                s->topology ? EXIT_USAGE : EXIT_NOT_MEASURED);
    if (!(status = check(s, topology)))
        status = run_all(s, topology, front, given);
    lb_topology_destroy(topology);
    return status;
}

int command_run(int argc, char **argv)
{
    struct settings s;
    struct front *front = NULL;
    struct lb_why why = {""};
    int err, status;
    char **given = provenance_copy(argc, argv);

    settings_init(&s);
    settings_parse_run(argc, argv, &s);
    provenance_seed(&s);
    if (s.against)
        status = run_against(&s, given);
    else if ((err = front_open(&s, &why, &front)))
        status = session_complain(lb_explain(&why, err, "command line"), EXIT_USAGE);
    else
        status = run_settings(&s, front, given);
    front_close(front);
    settings_finish(&s);
    free(given);
    return status;
}
