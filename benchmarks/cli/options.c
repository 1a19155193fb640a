/* SPDX-License-Identifier: MIT
 *
 * A command line as argp reads it from a table, and what was meant by an option that nobody knows.
 */
#include "options.h"

#include "commands.h"
#include "manual.h"
#include "option_values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Keys of options without a letter, by their place; argp's own are far above. */
#define KEY_FIRST 256

/* The options that argp adds by itself. */
static const struct argp_option argps_own[] = {
    {"help", '?', 0, 0, 0, 0},
    {"usage", 1, 0, 0, 0, 0},
    {"version", 'V', 0, 0, 0, 0},
    {0},
};

/* Values -------------------------------------------------------------------------------------- */

static void *member(const struct option_row *o, void *input)
{
    return (char *)input + o->at;
}

static void store(const struct option_row *o, uint64_t n, void *input)
{
    if (o->bytes == sizeof(bool))
        *(bool *)member(o, input) = n;
    else if (o->bytes == sizeof(unsigned))
        *(unsigned *)member(o, input) = (unsigned)n;
    else
        *(uint64_t *)member(o, input) = n;
}

int option_flag(const struct option_row *o, const char *value, void *input, struct lb_why *why)
{
    (void)value, (void)why;
    store(o, true, input);
    return 0;
}

int option_text(const struct option_row *o, const char *value, void *input, struct lb_why *why)
{
    (void)why;
    *(const char **)member(o, input) = value;
    return 0;
}

int option_word(const struct option_row *o, const char *value, void *input, struct lb_why *why)
{
    size_t found;
    int err = lb_name_find(o->words, value, why, &found);

    if (!err)
        store(o, found, input);
    return err;
}

int option_name(const struct option_row *o, const char *value, void *input, struct lb_why *why)
{
    size_t found;
    int err = lb_name_find(o->words, value, why, &found);

    return err ? err : option_text(o, value, input, why);
}

int option_number(const struct option_row *o, const char *value, void *input, struct lb_why *why)
{
    return value_number(o->name, value, o->least, why, member(o, input));
}

int option_whole(const struct option_row *o, const char *value, void *input, struct lb_why *why)
{
    uint64_t n = 0;
    int err = o->none && !strcmp(value, "none")
                  ? 0
                  : value_whole(o->name, value, o->least, o->most, why, &n);

    if (!err)
        store(o, n, input);
    return err;
}

int option_span(const struct option_row *o, const char *value, void *input, struct lb_why *why)
{
    double *ns = member(o, input);

    if (!o->none || strcmp(value, "none") != 0)
        return value_span(o->name, value, o->least, o->most, why, ns);
    *ns = 0;
    return 0;
}

int option_list(const struct option_row *o, const char *value, void *input, struct lb_why *why)
{
    return values_add(member(o, input), o->name, value, why);
}

/* Tables -------------------------------------------------------------------------------------- */

/* A row that the command has. */
struct taken {
    const struct option_row *row;
    const struct option_table *table;
};

/* A command line being read. */
struct reading {
    const struct command_line *line;
    void *input;
    struct argp_option *options; /* argp's form of the rows, ended by one that is 0 */
    struct taken *taken;         /* beside them */
};

static bool is_end(const struct option_row *o)
{
    return !o->name && !o->doc;
}

static bool is_chosen(const struct option_table *t, const struct option_row *o)
{
    if (!t->only || !o->name)
        return true;
    for (const char *const *name = t->only; *name; name++)
        if (!strcmp(*name, o->name))
            return true;
    return false;
}

static size_t count_rows(const struct command_line *line)
{
    size_t n = 0;

    for (const struct option_table *t = line->tables; t->rows; t++, n++)
        for (const struct option_row *o = t->rows; !is_end(o); o++)
            n++;
    return n;
}

static void take_rows(struct reading *r)
{
    size_t n = 0;

    for (const struct option_table *t = r->line->tables; t->rows; t++) {
        if (t->header)
            r->options[n++] = (struct argp_option){.doc = t->header, .group = t->group};
        for (const struct option_row *o = t->rows; !is_end(o); o++)
            if (is_chosen(t, o)) {
                int key = !o->name ? 0 : o->letter ? o->letter : KEY_FIRST + (int)n;
                r->taken[n] = (struct taken){o, t};
                r->options[n++] = (struct argp_option){o->name, key, o->value, 0, o->doc, o->group};
            }
    }
}

void options_refuse(struct lb_why *why, int err, const char *doing)
{
    fprintf(stderr, "linebounce: %s\n", lb_explain(why, err, doing)->text);
    exit(err == -ENOMEM ? EXIT_NOT_MEASURED : EXIT_USAGE);
}

static void set(const struct reading *r, size_t i, const char *arg, struct argp_state *state)
{
    const struct option_row *o = r->taken[i].row;
    const struct option_table *t = r->taken[i].table;
    char *input = (char *)r->input + t->at;
    struct lb_why why = {""};
    int err = o->set(o, arg, input, &why);

    if (err && t->shows_usage)
        argp_error(state, "%s", why.text);
    else if (err)
        options_refuse(&why, err, "command line");
    if (o->given)
        *(bool *)(input + o->given) = true;
    if (o->noted)
        *(const char **)(void *)(input + o->noted) = o->name;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    const struct reading *r = state->input;

    for (size_t i = 0; key && (r->options[i].name || r->options[i].doc); i++)
        if (r->options[i].key == key)
            return set(r, i, arg, state), 0;
    return r->line->words ? r->line->words(key, arg, state, r->input) : ARGP_ERR_UNKNOWN;
}

/* A text of argp's with what a table holds behind it. */
static char *add_choices(int key, const char *text, void *input)
{
    const struct reading *r = input;
    char list[LB_WHY_BYTES], *more;

    if (key != ARGP_KEY_HELP_PRE_DOC || !r || !r->line->chosen)
        return (char *)(uintptr_t)text;
    lb_names_list(r->line->chosen, list, sizeof list);
    return asprintf(&more, "%s %s: %s.", text, r->line->choices, list) < 0 ? NULL : more;
}

/* Options that nobody knows ------------------------------------------------------------------- */

/* The option of a table with that name, or that begins with it, which getopt takes as well. */
static const struct argp_option *find(const struct argp_option *table, const char *name, size_t n,
                                      struct lb_nearest *nearest)
{
    for (; table->name || table->doc; table++) {
        if (!table->name)
            continue;
        if (!strncmp(table->name, name, n))
            return table;
        lb_nearest_see(table->name, nearest);
    }
    return NULL;
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
static bool takes_next(const struct argp_option *options, const char *program, const char *word)
{
    char name[LB_DISTANCE_BYTES];
    struct lb_nearest nearest = {.name = name};
    size_t n = strcspn(word, "=");
    const struct argp_option *found;

    snprintf(name, sizeof name, "%.*s", (int)n, word);
    if (!(found = find(options, word, n, &nearest)) &&
        !(found = find(argps_own, word, n, &nearest)))
        refuse(program, &nearest);
    return found->arg && !word[n];
}

/* "-o" and "-qo": whether the last of the letters takes the next word. */
static bool letters_take_next(const struct argp_option *options, const char *letters)
{
    for (; *letters; letters++)
        for (const struct argp_option *o = options; o->name || o->doc; o++)
            if (o->key == *letters && o->arg)
                return !letters[1];
    return false;
}

static void check_options(const struct argp_option *options, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (!strncmp(argv[i], "--", 2))
            i += takes_next(options, argv[0], argv[i] + 2);
        else if (argv[i][0] == '-')
            i += letters_take_next(options, argv[i] + 1);
    }
}

/* The whole ----------------------------------------------------------------------------------- */

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
    for (; table->name || table->doc; table++)
        if (table->name)
            printf("--%s\n", table->name);
}

/* As argp does for --help. */
static void __attribute__((noreturn)) describe(const struct argp *argp, struct reading *r)
{
    int err = 0;

    if (described.how == OPTIONS_MANUAL) {
        err = manual_print(argp, r->line->name, described.summary, r, described.more, stdout);
    } else {
        print_names(argp->options);
        print_names(argps_own);
    }
    if (!err && (fflush(stdout) || ferror(stdout)))
        err = -EIO;
    if (err)
        fprintf(stderr, "linebounce: help: %s\n", strerror(-err));
    exit(err ? EXIT_NOT_MEASURED : EXIT_DONE);
}

void options_parse(const struct command_line *line, int argc, char **argv, void *input)
{
    size_t n = count_rows(line) + 1;
    struct reading r = {line, input, calloc(n, sizeof *r.options), calloc(n, sizeof *r.taken)};
    struct argp argp = {r.options, parse, line->args, line->doc, NULL, add_choices, NULL};
    error_t err = r.options && r.taken ? 0 : ENOMEM;

    argv[0] = (char *)(uintptr_t)line->name; /* in argp's messages */
    if (!err) {
        take_rows(&r);
        if (described.how != OPTIONS_READ)
            describe(&argp, &r);
        check_options(r.options, argc, argv);
        err = argp_parse(&argp, argc, argv, line->flags, NULL, &r);
    }
    free(r.options);
    free(r.taken);
    if (!err)
        return;
    fprintf(stderr, "linebounce: command line: %s\n", strerror(err));
    exit(EXIT_NOT_MEASURED);
}
