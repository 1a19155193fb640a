/* SPDX-License-Identifier: MIT
 *
 * linebounce doctor: what in this machine spoils results, and what to do about it.
 */
#include "commands.h"
#include "options.h"

#include "report/look.h"
#include "session/checkup.h"
#include "session/provenance.h"
#include "session/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Long enough for interrupts and load to be counted. */
#define LOOK_S 1.0
/* Where a finding's text begins, behind sign and name. */
#define INDENT 16

struct ask {
    struct settings settings;
    bool no_probe;
};

static int set_placement(const struct option_row *o, const char *value, void *input,
                         struct lb_why *why)
{
    (void)o, (void)why;
    list_add(&((struct ask *)input)->settings.placements, sizeof value, &value);
    return 0;
}

static const struct option_row options[] = {
    {"placement", 'p', "NAME", "The CPUs to be used (closest)", set_placement,
     OPTION_AT(struct ask, settings.placements)},
    {"pus", 0, "LIST", "... by the kernel's numbers: 0,1", option_text,
     OPTION_AT(struct ask, settings.pus)},
    {"no-probe", 0, NULL, "Measure nothing", option_flag, OPTION_AT(struct ask, no_probe)},
    {0},
};

static error_t words(int key, char *arg, struct argp_state *state, void *input)
{
    (void)input;
    if (key == ARGP_KEY_ARG)
        argp_error(state, "'%s': doctor takes options only", arg);
    return ARGP_ERR_UNKNOWN;
}

static const struct option_table tables[] = {{.rows = options}, {0}};
static const struct command_line line = {
    .name = "linebounce doctor",
    .tables = tables,
    .words = words,
    .doc = "Says what in this machine spoils results, with a remedy: ok, ! (limits or moves them a "
           "little), x (spoils them), ? (the machine does not say). Looks for a second and "
           "measures for "
           "two.\vExit status: 0 nothing spoils results, 1 something does, 2 wrong usage."};

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
    struct ask a = {.no_probe = false};
    struct lb_topology *t = NULL;
    struct lb_why why = {""};
    int err, status;

    settings_init(&a.settings);
    options_parse(&line, argc, argv, &a);
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
