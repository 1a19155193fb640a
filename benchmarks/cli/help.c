/* SPDX-License-Identifier: MIT
 *
 * linebounce help: the commands, and what can be read of each, of suites and of words; for people,
 * for man and for the completion of shells.
 */
#include "commands.h"
#include "glossary.h"
#include "options.h"
#include "suite_help.h"

#include "report/look.h"

#include <linebounce/layout.h>
#include <linebounce/scenario.h>

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

static const struct lb_names command_names = {LB_NAMES_OF("command", commands, name)};

/* Made here, since not all sizes are constants. */
static struct lb_names told_names(void)
{
    return (struct lb_names){
        .what = "topic", .at = told_at, .n = LB_COUNT(commands) + suite_names.n + LB_COUNT(topics)};
}

/* What --names lists; options are those of the command behind it. */
enum { KIND_OPTIONS, KIND_TOPICS };
static const struct {
    const char *name;
    const struct lb_names *names;
} kinds[] = {
    [KIND_OPTIONS] = {"options", NULL},
    [KIND_TOPICS] = {"topics", NULL},
    {"commands", &command_names},
    {"suites", &suite_names},
    {"things", &show_names},
    {"layouts", &lb_layout_names},
    {"scenarios", &lb_scenario_names},
    {"locks", &lb_lock_names},
};
static const struct lb_names kind_names = {LB_NAMES_OF("kind of name", kinds, name)};

static void print_names(size_t kind)
{
    const struct lb_names told = told_names(), *names = kinds[kind].names;

    names = names ? names : &told;
    for (size_t i = 0; i < names->n; i++)
        if (lb_names_at(names, i))
            puts(lb_names_at(names, i));
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
    size_t kind; /* of --names; their number: not asked for */
    bool manual;
    char **rest; /* COMMAND and what stands behind it, as `show result` */
    int n_rest;
};

static error_t words(int key, char *arg, struct argp_state *state, void *input)
{
    struct ask *a = input;

    (void)arg;
    if (key == ARGP_KEY_END && (a->manual || a->kind == KIND_OPTIONS) && !a->n_rest)
        argp_error(state, "of which command?");
    if (key != ARGP_KEY_ARGS)
        return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
    a->rest = state->argv + state->next;
    a->n_rest = state->argc - state->next;
    return 0;
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
    const struct lb_names names = told_names();
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
    static const struct option_row options[] = {
        {"names", 'n', "WHAT",
         "One a line, for scripts: commands, topics (of help), suites, things (that show shows), "
         "layouts, scenarios, locks; or options, of the COMMAND behind it",
         option_word, OPTION_AT(struct ask, kind), .words = &kind_names},
        {"man", 'm', NULL, "The command's manual page: linebounce help --man run | man -l -",
         option_flag, OPTION_AT(struct ask, manual)},
        {0},
    };
    static const struct option_table tables[] = {{.rows = options, .shows_usage = true}, {0}};
    static const struct command_line line = {
        .name = "linebounce help",
        .tables = tables,
        .words = words,
        .args = "[COMMAND|SUITE|TOPIC]",
        .doc = "Tells what commands there are; of a command its options, of a suite what it asks, "
               "what it "
               "measures unless told otherwise and which options mean something to it. Topics are "
               "suites "
               "(all of them) and words (what tables and pages mean by theirs).",
        .flags = ARGP_IN_ORDER};
    struct ask a = {.kind = LB_COUNT(kinds)};
    const struct command *c;

    options_parse(&line, argc, argv, &a);
    if (a.manual || a.kind == KIND_OPTIONS) {
        c = command_find(a.rest[0]);
        return c ? ask_command(c, &a, a.manual ? OPTIONS_MANUAL : OPTIONS_NAMES) : EXIT_USAGE;
    }
    if (a.kind < LB_COUNT(kinds))
        print_names(a.kind);
    else if (a.n_rest)
        return tell(&a);
    else
        help_print(stdout);
    return EXIT_DONE;
}
