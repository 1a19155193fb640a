/* SPDX-License-Identifier: MIT
 *
 * linebounce plot: the pictures and the page of results folders again, from their CSV; of several
 * folders also one picture of all.
 */
#include "commands.h"

#include "options.h"
#include "session/provenance.h"

#include <linebounce/page.h>
#include <linebounce/plot.h>
#include <linebounce/record.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct folders {
    char **at;
    int n;
    const char *out;
};

static error_t words(int key, char *arg, struct argp_state *state, void *input)
{
    struct folders *f = input;

    (void)arg;
    if (key == ARGP_KEY_NO_ARGS)
        argp_error(state, "which results folder?");
    if (key != ARGP_KEY_ARGS)
        return ARGP_ERR_UNKNOWN;
    f->at = state->argv + state->next;
    f->n = state->argc - state->next;
    return 0;
}

/* Tables are worth a page without pictures too; without good data there is none. */
static int plot_one(const char *dir)
{
    struct lb_why why = {""}, refusal = {""};
    struct lb_pictures n = {0, 0};
    int err = lb_plot(dir, provenance_plots(), &why, &n), page;

    if (err)
        lb_explain(&why, err, dir);
    if (*why.text)
        fprintf(stderr, "linebounce: %s%s%s\n", err ? "" : dir, err ? "" : ": ", why.text);
    if (err && !n.failed)
        return EXIT_NOT_MEASURED;
    if (n.drawn)
        printf("%s/plots: %d kind%s of picture\n", dir, n.drawn, n.drawn == 1 ? "" : "s");
    if ((page = lb_page_write(dir, *why.text ? why.text : NULL, &refusal))) {
        fprintf(stderr, "linebounce: %s\n", lb_explain(&refusal, page, dir)->text);
        return EXIT_NOT_MEASURED;
    }
    printf("%s/index.html\n", dir);
    return n.failed ? EXIT_NOT_MEASURED : EXIT_DONE;
}

/* A host's name; where two folders have the same, the folder's. */
static void name_of(const struct folders *f, int i, char name[256])
{
    char path[4200], other[256];

    snprintf(path, sizeof path, "%s/run.json", f->at[i]);
    if (lb_json_read_text(path, "machine.host", NULL, name, 256)) {
        snprintf(name, 256, "%s", f->at[i]);
        return;
    }
    for (int k = 0; k < f->n; k++) {
        snprintf(path, sizeof path, "%s/run.json", f->at[k]);
        if (k != i && !lb_json_read_text(path, "machine.host", NULL, other, sizeof other) &&
            !strcmp(name, other)) {
            snprintf(name, 256, "%s", f->at[i]);
            return;
        }
    }
}

static int page_together(const char *const *dirs, int n, const char *out)
{
    struct lb_found **found = calloc((size_t)n, sizeof(struct lb_found *));
    struct lb_why why = {""};
    char path[4300], picture[4300];
    int err = found ? 0 : lb_fail(&why, ENOMEM, "out of memory");

    snprintf(path, sizeof path, "%s/hosts.html", out);
    snprintf(picture, sizeof picture, "%s/hosts.png", out);
    for (int i = 0; !err && i < n; i++)
        err = lb_found_read(dirs[i], &why, &found[i]);
    if (!err && !(err = lb_make_folders(out, &why)))
        err = lb_page_hosts(found, (size_t)n, picture, path, &why);
    if (!err)
        printf("%s\n", path);
    else if (err != -ENODATA)
        fprintf(stderr, "linebounce: %s\n", lb_explain(&why, err, path)->text);
    for (int i = 0; found && i < n; i++)
        lb_found_destroy(found[i]);
    free(found);
    return err && err != -ENODATA ? EXIT_NOT_MEASURED : EXIT_DONE;
}

static int plot_together(const struct folders *f)
{
    char(*names)[256] = calloc((size_t)f->n, sizeof *names), out[4200];
    const char **list = calloc((size_t)f->n, sizeof *list);
    const char **dirs = calloc((size_t)f->n, sizeof *dirs);
    struct lb_why why = {""};
    int err = names && list && dirs ? 0 : lb_fail(&why, ENOMEM, "out of memory"), n = 0;
    int page = EXIT_DONE;

    snprintf(out, sizeof out, "%s%s", f->out ? f->out : f->at[0], f->out ? "" : "/plots");
    for (int i = 0; !err && i < f->n; i++) {
        char path[4200];
        snprintf(path, sizeof path, "%s/summary.csv", f->at[i]);
        if (access(path, F_OK)) /* of pairs alone: it has its own picture */
            continue;
        name_of(f, i, names[n]);
        list[n] = names[n];
        dirs[n++] = f->at[i];
    }
    if (!err && n < 2)
        err = lb_fail(&why, ENODATA, "%s of these folders has a summary.csv",
                      n ? "only one" : "none");
    if (!err)
        err = lb_plot_hosts(dirs, list, n, out, provenance_plots(), &why);
    if (!err)
        printf("%s/hosts.svg, hosts.png: %d folders\n", out, n);
    else
        fprintf(stderr, "linebounce: %s%s\n", err == -ENODATA ? "no picture of all: " : "",
                why.text);
    if (n > 1 && err != -ENOMEM) /* pictures are no condition of it */
        page = page_together(dirs, n, out);
    free(names);
    free(list);
    free(dirs);
    return err && err != -ENODATA ? EXIT_NOT_MEASURED : page;
}

static bool is_same(const char *a, const char *b)
{
    char *left = realpath(a, NULL), *right = realpath(b, NULL);
    bool same = left && right && !strcmp(left, right);

    free(left);
    free(right);
    return same;
}

static int check(const struct folders *f)
{
    if (f->n < 2 && f->out) {
        fputs("linebounce: --out: is for the picture of several folders\n", stderr);
        return EXIT_USAGE;
    }
    for (int i = 0; i < f->n; i++)
        for (int k = 0; k < i; k++)
            if (is_same(f->at[i], f->at[k])) {
                fprintf(stderr, "linebounce: %s: the same folder as %s\n", f->at[i], f->at[k]);
                return EXIT_USAGE;
            }
    return EXIT_DONE;
}

int command_plot(int argc, char **argv)
{
    static const struct option_row options[] = {
        {"out", 'o', "DIR", "Folder for picture and page of several folders (plots/ of the first)",
         option_text, OPTION_AT(struct folders, out)},
        {0},
    };
    static const struct option_table tables[] = {{.rows = options}, {0}};
    static const struct command_line line = {
        .name = "linebounce plot",
        .tables = tables,
        .words = words,
        .args = "DIR...",
        .doc = "Draws DIR/plots/ and DIR/index.html from the CSV files in DIR, by gnuplot. Of "
               "several folders (hosts, kernels, builds) also one picture of all, and hosts.html "
               "beside "
               "it: layouts by runs."};
    struct folders f = {NULL, 0, NULL};
    int status;

    options_parse(&line, argc, argv, &f);
    if ((status = check(&f)))
        return status;
    for (int i = 0; i < f.n; i++) {
        int one = plot_one(f.at[i]);
        status = one ? one : status;
    }
    if (f.n > 1 && !status)
        status = plot_together(&f);
    return status;
}
