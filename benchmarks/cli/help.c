/* SPDX-License-Identifier: MIT
 *
 * linebounce help: the commands, and what can be read of each, of suites and of words; for people,
 * for man and for the completion of shells.
 */
#include "commands.h"
#include "glossary.h"
#include "options.h"
#include "suite_help.h"

#include "report/wrap.h"

#include <linebounce/layout.h>
#include <linebounce/scenario.h>

#include <argp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct command commands[] = {
    {"run", "measure: layouts (the main job), or other suites: ", command_run, &suite_names,
     suites_manual},
    {"sweep", "measure at every distance, with every number of threads; can be resumed",
     command_sweep, NULL, NULL},
    {"repeat", "measure the same several times, and say how well figures repeat", command_repeat,
     NULL, NULL},
    {"compare", "compare the results of two builds, kernels or machines", command_compare, NULL,
     NULL},
    {"suggest", "rank moves of a structure's fields by a model, and measure the best",
     command_suggest, NULL, NULL},
    {"show", "print what the program knows: ", command_show, &show_names, NULL},
    {"doctor", "say what in this machine spoils results, and what to do about it", command_doctor,
     NULL, NULL},
    {"explain", "say what differences between layouts are made of", command_explain, NULL, NULL},
    {"predict", "say what a model of lines expects of layouts, here or elsewhere", command_predict,
     NULL, NULL},
    {"summarise", "put the answers of several machines into one table", command_summarise, NULL,
     NULL},
    {"plot", "draw the pictures of a results folder again", command_plot, NULL, NULL},
    {"help", "tell more of a command, a suite, or the words of tables and pages", command_help,
     NULL, NULL},
};

/* Names ------------------------------------------------------------------------------------- */

static const char *command_at(size_t i)
{
    return commands[i].name;
}

static const char *layout_at(size_t i)
{
    return lb_layouts[i].name;
}

static const char *scenario_at(size_t i)
{
    return lb_scenarios[i].internal ? NULL : lb_scenarios[i].name;
}

static const char *lock_at(size_t i)
{
    return lb_lock_info((enum lb_lock_kind)i)->name;
}

static void print_suites(FILE *out)
{
    for (size_t i = 0; i < n_suites; i++) {
        fprintf(out, "  %-11s ", suites[i]->name);
        wrap_print(suites[i]->question, 14, 14, WRAP_COLUMNS, out);
    }
}

static const struct {
    const char *name;
    void (*print)(FILE *out);
} topics[] = {{"suites", print_suites}, {"words", glossary_print}};

/* Commands, suites, topics: what help tells of. */
static const char *told_at(size_t i)
{
    if (i < LB_COUNT(commands))
        return commands[i].name;
    i -= LB_COUNT(commands);
    return i < suite_names.n ? suites[i]->name : topics[i - suite_names.n].name;
}

static const char *kind_at(size_t i);

static const struct lb_names command_names = {"command", command_at, LB_COUNT(commands), NULL};

/* What --names lists; options are those of the command behind it. */
enum { KIND_OPTIONS, KIND_TOPICS, KINDS = 8 };
static const struct lb_names kind_names = {"kind of name", kind_at, KINDS, NULL};

/* What `kind` names; its `what` is no matter. Made here, since not all sizes are constants. */
static struct lb_names names_of(size_t kind)
{
    const struct lb_names kinds[KINDS] = {
        [KIND_OPTIONS] = {"options", NULL, 0, NULL},
        [KIND_TOPICS] = {"topics", told_at, LB_COUNT(commands) + suite_names.n + LB_COUNT(topics),
                         NULL},
        {"commands", command_at, LB_COUNT(commands), NULL},
        {"suites", suite_names.at, suite_names.n, NULL},
        {"things", show_names.at, show_names.n, NULL},
        {"layouts", layout_at, lb_n_layouts, NULL},
        {"scenarios", scenario_at, LB_SCENARIOS, NULL},
        {"locks", lock_at, LB_LOCK_KINDS, NULL},
    };

    return kinds[kind];
}

static const char *kind_at(size_t i)
{
    return names_of(i).what;
}

static void print_names(size_t kind)
{
    struct lb_names names = names_of(kind);

    for (size_t i = 0; i < names.n; i++)
        if (names.at(i))
            puts(names.at(i));
}

/* Commands ---------------------------------------------------------------------------------- */

const struct command *command_find(const char *name)
{
    struct lb_why why = {""};
    size_t found;

    if (!lb_name_find(&command_names, name, &why, &found))
        return &commands[found];
    fprintf(stderr, "linebounce: %s\n", why.text);
    return NULL;
}

static const char *summary_of(const struct command *c, char *text, size_t bytes)
{
    char list[LB_WHY_BYTES] = "";

    snprintf(text, bytes, "%s%s", c->summary,
             c->list ? lb_names_list(c->list, list, sizeof list) : "");
    return text;
}

void help_print(FILE *out)
{
    char text[2 * LB_WHY_BYTES];

    fputs("Usage: linebounce COMMAND [OPTION...]\n\n"
          "What does it cost to keep a lock inside the structure that it protects?\n\n",
          out);
    for (size_t i = 0; i < LB_COUNT(commands); i++) {
        fprintf(out, "  %-9s ", commands[i].name);
        wrap_print(summary_of(&commands[i], text, sizeof text), 12, 12, WRAP_COLUMNS, out);
    }
    fputs("\nExamples:\n"
          "  linebounce doctor                  can this machine tell?\n"
          "  linebounce run --quick             an answer in 15 s; without --quick in 90 s, surer\n"
          "  linebounce show result             the newest run's answer again\n"
          "  linebounce explain DIR             what the differences are made of\n"
          "\n'linebounce help COMMAND' or 'linebounce COMMAND --help' tells more, 'linebounce help "
          "SUITE' what a\nsuite measures, 'linebounce help words' what the words mean; 'linebounce "
          "--version' the version.\n",
          out);
}

/* Help -------------------------------------------------------------------------------------- */

struct ask {
    size_t kind; /* of --names; KINDS: not asked for */
    bool manual;
    char **rest; /* COMMAND and what stands behind it, as `show result` */
    int n_rest;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct ask *a = state->input;
    struct lb_why why;

    switch (key) {
    case 'n':
        if (lb_name_find(&kind_names, arg, &why, &a->kind))
            argp_error(state, "%s", why.text);
        return 0;
    case 'm':
        a->manual = true;
        return 0;
    case ARGP_KEY_ARGS:
        a->rest = state->argv + state->next;
        a->n_rest = state->argc - state->next;
        return 0;
    case ARGP_KEY_END:
        if ((a->manual || a->kind == KIND_OPTIONS) && !a->n_rest)
            argp_error(state, "of which command?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The command's own table tells, by --help or as `how` says. */
static int ask_command(const struct command *c, const struct ask *a, enum options_how how)
{
    static char option[] = "--help";
    char text[2 * LB_WHY_BYTES], **argv = calloc((size_t)a->n_rest + 2, sizeof *argv);
    int n = a->n_rest, status;

    if (!argv) {
        fputs("linebounce: help: out of memory\n", stderr);
        return EXIT_NOT_MEASURED;
    }
    memcpy(argv, a->rest, (size_t)n * sizeof *argv);
    if (how == OPTIONS_READ)
        argv[n++] = option;
    options_describe(how, summary_of(c, text, sizeof text), n > 1 ? NULL : c->manual);
    status = c->run(n, argv);
    free(argv);
    return status;
}

static int tell(const struct ask *a)
{
    const struct lb_names told = names_of(KIND_TOPICS);
    const struct lb_names names = {"topic", told.at, told.n, NULL};
    struct lb_why why = {""};
    size_t found;

    if (lb_name_find(&names, a->rest[0], &why, &found)) {
        fprintf(stderr, "linebounce: %s\n", why.text);
        return EXIT_USAGE;
    }
    if (found < LB_COUNT(commands))
        return ask_command(&commands[found], a, OPTIONS_READ);
    found -= LB_COUNT(commands);
    if (found >= n_suites) {
        topics[found - n_suites].print(stdout);
    } else if (suite_help(suites[found], stdout)) {
        fputs("linebounce: help: out of memory\n", stderr);
        return EXIT_NOT_MEASURED;
    }
    return EXIT_DONE;
}

int command_help(int argc, char **argv)
{
    static char name[] = "linebounce help";
    static const struct argp_option options[] = {
        {"names", 'n', "WHAT", 0,
         "One a line, for scripts: commands, topics (of help), suites, things (that show shows), "
         "layouts, scenarios, locks; or options, of the COMMAND behind it",
         0},
        {"man", 'm', 0, 0, "The command's manual page: linebounce help --man run | man -l -", 0},
        {0},
    };
    static const struct argp argp = {
        options,
        parse,
        "[COMMAND|SUITE|TOPIC]",
        "Tells what commands there are; of a command its options, of a suite what it asks, what it "
        "measures unless told otherwise and which options mean something to it. Topics are suites "
        "(all of them) and words (what tables and pages mean by theirs).",
        NULL,
        NULL,
        NULL};
    struct ask a = {.kind = KINDS};
    const struct command *c;

    argv[0] = name;
    options_parse(&argp, argc, argv, ARGP_IN_ORDER, &a);
    if (a.manual || a.kind == KIND_OPTIONS) {
        c = command_find(a.rest[0]);
        return c ? ask_command(c, &a, a.manual ? OPTIONS_MANUAL : OPTIONS_NAMES) : EXIT_USAGE;
    }
    if (a.kind < KINDS)
        print_names(a.kind);
    else if (a.n_rest)
        return tell(&a);
    else
        help_print(stdout);
    return EXIT_DONE;
}
