/* SPDX-License-Identifier: MIT
 *
 * linebounce summarise: several results folders, of several machines, in one table.
 */
#include "commands.h"
#include "options.h"

#include "report/machines.h"
#include "request/list.h"

#include <linebounce/page.h>

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ask {
    struct list dirs; /* const char * */
    bool csv;
    const char *page;
};

static const struct argp_option options[] = {
    {"format", 'f', "FORMAT", 0, "text or csv (text)", 0},
    {"page", 'p', "FILE", 0, "Write a page (HTML) too: the table, each machine and its answer", 0},
    {0},
};

static const char *format_at(size_t i)
{
    return i ? "csv" : "text";
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    static const struct lb_names formats = {"format", format_at, 2, NULL};
    struct ask *a = state->input;
    struct lb_why why;
    size_t found = 0;

    switch (key) {
    case 'f':
        if (lb_name_find(&formats, arg, &why, &found))
            argp_error(state, "%s", why.text);
        a->csv = found == 1;
        return 0;
    case 'p':
        a->page = arg;
        return 0;
    case ARGP_KEY_ARG:
        list_add(&a->dirs, sizeof arg, &arg);
        return 0;
    case ARGP_KEY_END:
        if (!a->dirs.n)
            argp_error(state, "which results folders?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
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
    static char name[] = "linebounce summarise";
    static const struct argp argp = {
        options,
        parse,
        "DIR...",
        "Puts the answers of several results folders, as of several machines, into one table: what "
        "each layout costs where.\vExit status: 0 done, 1 a folder could not be read (the others "
        "are shown), 2 wrong usage.",
        NULL,
        NULL,
        NULL};
    struct ask a = {.csv = false};
    struct lb_found **found;
    size_t n = 0;
    int status = EXIT_NOT_MEASURED;

    argv[0] = name;
    options_parse(&argp, argc, argv, 0, &a);
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
