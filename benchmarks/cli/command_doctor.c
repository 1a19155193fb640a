/* SPDX-License-Identifier: MIT
 *
 * linebounce doctor: what in this machine spoils results, and what to do about it.
 */
#include "commands.h"
#include "options.h"

#include "report/wrap.h"
#include "session/checkup.h"
#include "session/provenance.h"
#include "session/session.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Long enough for interrupts and load to be counted. */
#define LOOK_S 1.0
/* Where a finding's text begins, behind sign and name. */
#define INDENT 16

enum {
    KEY_PUS = 256,
    KEY_PLACEMENT = 'p',
    KEY_NO_PROBE = 257,
};

struct ask {
    struct settings settings;
    bool no_probe;
};

static const struct argp_option doctor_options[] = {
    {"placement", KEY_PLACEMENT, "NAME", 0, "The CPUs to be used (closest)", 0},
    {"pus", KEY_PUS, "LIST", 0, "... by the kernel's numbers: 0,1", 0},
    {"no-probe", KEY_NO_PROBE, 0, 0, "Measure nothing", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct ask *a = state->input;

    switch (key) {
    case KEY_PUS:
        a->settings.pus = arg;
        return 0;
    case KEY_PLACEMENT:
        list_add(&a->settings.placements, sizeof arg, &arg);
        return 0;
    case KEY_NO_PROBE:
        a->no_probe = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s': doctor takes options only", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp doctor_argp = {
    doctor_options,
    parse,
    NULL,
    "Says what in this machine spoils results, with a remedy: ok, ! (limits or moves them a "
    "little), x (spoils them), ? (the machine does not say). Looks for a second and measures for "
    "two.\vExit status: 0 nothing spoils results, 1 something does, 2 wrong usage.",
    NULL,
    NULL,
    NULL};

static void print(const struct lb_finding *f)
{
    wrap_print(f->text, printf("%-2s %-12s ", lb_check_sign(f->level), f->check), INDENT,
               WRAP_COLUMNS, stdout);
    if (*f->remedy && f->level >= LB_CHECK_WARNS)
        wrap_print(f->remedy, printf("%*s-> ", INDENT, ""), INDENT + 3, WRAP_COLUMNS, stdout);
}

static int conclude(const struct lb_facts *facts)
{
    struct lb_finding f;
    size_t n[LB_CHECK_SPOILS + 1] = {0};

    for (size_t i = 0; i < lb_n_checks(); i++) {
        lb_check(i, facts, &f);
        print(&f);
        n[f.level]++;
    }
    printf("\n%s: %zu of %zu checks ok, %zu limit or move results (!), %zu spoil them (x).\n",
           n[LB_CHECK_SPOILS] ? "Not yet" : "Ready", n[LB_CHECK_OK], lb_n_checks(),
           n[LB_CHECK_WARNS], n[LB_CHECK_SPOILS]);
    return n[LB_CHECK_SPOILS] ? EXIT_NOT_MEASURED : EXIT_DONE;
}

static int examine(const struct ask *a, const struct lb_topology *t)
{
    struct lb_placement p;
    struct lb_facts facts;
    struct lb_why why = {""};
    int err = checkup_pus(&a->settings, t, &why, &p);

    if (err)
        return session_complain(lb_explain(&why, err, "CPUs"), session_status_of(err));
    printf("CPUs to be used: ");
    for (int i = 0; i < p.n; i++)
        printf("%s%d", i ? "," : "", p.pu_os[i]);
    printf(" (%s: %s)\n\n", p.name, lb_distance_meaning(p.distance));
    fflush(stdout);
    err = checkup_look(&p, LOOK_S, &facts);
    lb_placement_finish(&p);
    if (err)
        return session_complain(lb_explain(&why, err, "doctor"), EXIT_NOT_MEASURED);
    if (!a->no_probe && facts.n_pus > 1)
        checkup_probe(&a->settings, t, &facts);
    return conclude(&facts);
}

int command_doctor(int argc, char **argv)
{
    static char name[] = "linebounce doctor";
    struct ask a = {.no_probe = false};
    struct lb_topology *t = NULL;
    struct lb_why why = {""};
    int err, status;

    settings_init(&a.settings);
    argv[0] = name;
    options_parse(&doctor_argp, argc, argv, 0, &a);
    if (a.settings.pus && a.settings.placements.n) {
        lb_fail(&why, EINVAL, "--pus: says which CPUs: leave out --placement");
        status = session_complain(&why, EXIT_USAGE);
    } else if ((err = settings_complete(&a.settings, &why)) ||
               (err = lb_topology_load(NULL, &why, &t))) {
        status = session_complain(lb_explain(&why, err, "doctor"), EXIT_NOT_MEASURED);
    } else {
        provenance_seed(&a.settings);
        status = examine(&a, t);
    }
    lb_topology_destroy(t);
    settings_finish(&a.settings);
    return status;
}
