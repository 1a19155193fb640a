/* SPDX-License-Identifier: MIT
 *
 * A command line as argp reads it, and what was meant by an option that nobody knows.
 */
#include "options.h"

#include "commands.h"
#include "manual.h"

#include <linebounce/base.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The options that argp adds by itself. */
static const struct argp_option argps_own[] = {
    {"help", '?', 0, 0, 0, 0},
    {"usage", 1, 0, 0, 0, 0},
    {"version", 'V', 0, 0, 0, 0},
    {0},
};

static bool is_end(const struct argp_option *o)
{
    return !o->name && !o->key && !o->doc && !o->group;
}

/* The option of a table with that name, or that begins with it, which getopt takes as well. */
static const struct argp_option *find(const struct argp_option *table, const char *name, size_t n,
                                      struct lb_nearest *nearest)
{
    for (; table && !is_end(table); table++) {
        if (!table->name)
            continue;
        if (!strncmp(table->name, name, n))
            return table;
        lb_nearest_see(table->name, nearest);
    }
    return NULL;
}

static const struct argp_option *find_any(const struct argp *argp, const char *name, size_t n,
                                          struct lb_nearest *nearest)
{
    const struct argp_option *found = find(argp->options, name, n, nearest);

    for (const struct argp_child *c = argp->children; !found && c && c->argp; c++)
        found = find(c->argp->options, name, n, nearest);
    return found ? found : find(argps_own, name, n, nearest);
}

static void __attribute__((noreturn)) refuse(const char *program, const struct lb_nearest *nearest)
{
    fprintf(stderr, "linebounce: unknown option '--%.60s'", nearest->name);
    if (nearest->n)
        fprintf(stderr, ": did you mean '--%s'?", nearest->best[0].name);
    fprintf(stderr, "%s '%s --help' lists all\n", nearest->n ? "" : ":", program);
    exit(EXIT_USAGE);
}

/* Whether the option's value is the next word. */
static bool takes_next(const struct argp *argp, const char *program, const char *word)
{
    char name[LB_DISTANCE_BYTES];
    struct lb_nearest nearest = {.name = name};
    size_t n = strcspn(word, "=");
    const struct argp_option *found;

    snprintf(name, sizeof name, "%.*s", (int)n, word);
    found = find_any(argp, word, n, &nearest);
    if (!found)
        refuse(program, &nearest);
    return found->arg && !(found->flags & OPTION_ARG_OPTIONAL) && !word[n];
}

/* "-o" and "-qo": whether the last of the letters takes the next word. */
static bool letters_take_next(const struct argp_option *table, const char *letters)
{
    for (; *letters; letters++)
        for (const struct argp_option *o = table; o && !is_end(o); o++)
            if (o->key == *letters && o->arg)
                return !letters[1];
    return false;
}

static struct {
    enum options_how how;
    const char *summary;
    int (*more)(FILE *out);
} described;

void options_describe(enum options_how how, const char *summary, int (*more)(FILE *out))
{
    described.how = how;
    described.summary = summary;
    described.more = more;
}

static void print_names(const struct argp_option *table)
{
    for (; table && !is_end(table); table++)
        if (table->name)
            printf("--%s\n", table->name);
}

/* As argp does for --help. */
static void __attribute__((noreturn))
describe(const struct argp *argp, const char *program, void *input)
{
    int err = 0;

    if (described.how == OPTIONS_MANUAL) {
        err = manual_print(argp, program, described.summary, input, described.more, stdout);
    } else {
        print_names(argp->options);
        for (const struct argp_child *c = argp->children; c && c->argp; c++)
            print_names(c->argp->options);
        print_names(argps_own);
    }
    if (!err && (fflush(stdout) || ferror(stdout)))
        err = -EIO;
    if (err)
        fprintf(stderr, "linebounce: help: %s\n", strerror(-err));
    exit(err ? EXIT_NOT_MEASURED : EXIT_DONE);
}

void options_parse(const struct argp *argp, int argc, char **argv, unsigned flags, void *input)
{
    if (described.how != OPTIONS_READ)
        describe(argp, argv[0], input);
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (!strncmp(argv[i], "--", 2))
            i += takes_next(argp, argv[0], argv[i] + 2);
        else if (argv[i][0] == '-')
            i += letters_take_next(argp->options, argv[i] + 1);
    }
    int err = argp_parse(argp, argc, argv, flags, NULL, input);
    if (!err)
        return;
    fprintf(stderr, "linebounce: command line: %s\n", strerror(err));
    exit(EXIT_NOT_MEASURED);
}
