/* SPDX-License-Identifier: MIT
 *
 * linebounce summarise: several results folders, of several machines, in one table.
 */
#include "commands.h"
#include "options.h"

#include "report/machines.h"
#include "request/list.h"

#include <linebounce/page.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ask {
    struct list dirs; /* const char * */
    bool csv;
    const char *page;
};

static const char *const formats[] = {"text", "csv"};
static const struct lb_names format_names = {LB_NAMES_IN("format", formats)};

static const struct option_row options[] = {
    {"format", 'f', "FORMAT", "text or csv (text)", option_word, OPTION_AT(struct ask, csv),
     .words = &format_names},
    {"page", 'p', "FILE", "Write a page (HTML) too: the table, each machine and its answer",
     option_text, OPTION_AT(struct ask, page)},
    {0},
};

static error_t words(int key, char *arg, struct argp_state *state, void *input)
{
    struct ask *a = input;

    if (key == ARGP_KEY_ARG)
        list_add(&a->dirs, sizeof arg, &arg);
    else if (key == ARGP_KEY_END && !a->dirs.n)
        argp_error(state, "which results folders?");
    return key == ARGP_KEY_ARG || key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
}

/* What cannot be read is said and left out; 0 where all could be. */
static int read_all(const struct ask *a, struct lb_found **found, size_t *n)
{
    const char *const *dirs = a->dirs.at;
    int status = EXIT_DONE;

    for (size_t i = 0; i < a->dirs.n; i++) {
        struct lb_why why = {""};
        int err = lb_found_read(dirs[i], &why, &found[*n]);
        if (!err) {
            ++*n;
            continue;
        }
        fprintf(stderr, "linebounce: %s\n", lb_explain(&why, err, dirs[i])->text);
        status = EXIT_NOT_MEASURED;
    }
    return status;
}

static int say_all(const struct ask *a, struct lb_found *const *found, size_t n)
{
    struct lb_why why = {""};
    int err = 0;

    if (!n)
        return EXIT_DONE; /* what was wrong has been said */
    if (a->csv)
        machines_csv(found, n, stdout);
    else
        err = machines_text(found, n, stdout);
    if (!err && a->page)
        err = lb_page_hosts(found, n, NULL, a->page, &why);
    if (err)
        fprintf(stderr, "linebounce: %s\n", lb_explain(&why, err, "summarise")->text);
    return err ? EXIT_NOT_MEASURED : EXIT_DONE;
}

int command_summarise(int argc, char **argv)
{
    static const struct option_table tables[] = {{.rows = options, .shows_usage = true}, {0}};
    static const struct command_line line = {.name = "linebounce summarise",
                                             .tables = tables,
                                             .words = words,
                                             .args = "DIR...",
                                             .doc =
                                                 "Puts the answers of several results folders, as "
                                                 "of several machines, into one table: what "
                                                 "each layout costs where.\vExit status: 0 done, 1 "
                                                 "a folder could not be read (the others "
                                                 "are shown), 2 wrong usage."};
    struct ask a = {.csv = false};
    struct lb_found **found;
    size_t n = 0;
    int status = EXIT_NOT_MEASURED;

    options_parse(&line, argc, argv, &a);
    if (!(found = calloc(a.dirs.n, sizeof *found))) {
        fputs("linebounce: summarise: out of memory\n", stderr);
    } else {
        status = read_all(&a, found, &n);
        if (say_all(&a, found, n))
            status = EXIT_NOT_MEASURED;
    }
    for (size_t i = 0; i < n; i++)
        lb_found_destroy(found[i]);
    free(found);
    free(a.dirs.at);
    return status;
}
