/* SPDX-License-Identifier: MIT
 *
 * linebounce plot: the pictures of a results folder again, from its CSV.
 */
#include "commands.h"

#include "provenance.h"

#include <linebounce/plot.h>

#include <argp.h>
#include <stdio.h>

struct folders {
    char **at;
    int n;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct folders *f = state->input;

    (void)arg;
    if (key == ARGP_KEY_ARGS) {
        f->at = state->argv + state->next;
        f->n = state->argc - state->next;
        return 0;
    }
    if (key == ARGP_KEY_NO_ARGS)
        argp_error(state, "which results folder?");
    return ARGP_ERR_UNKNOWN;
}

int command_plot(int argc, char **argv)
{
    static char name[] = "linebounce plot";
    static const struct argp argp = {
        NULL,     parse,
        "DIR...", "Draws DIR/plots/ from DIR/summary.csv and DIR/samples.csv by gnuplot.",
        NULL,     NULL,
        NULL};
    struct folders f = {NULL, 0};
    int status = EXIT_DONE;

    argv[0] = name;
    argp_parse(&argp, argc, argv, 0, 0, &f);
    for (int i = 0; i < f.n; i++) {
        struct lb_why why = {""};
        int drawn;
        if (lb_plot(f.at[i], provenance_plots(), &why, &drawn)) {
            fprintf(stderr, "linebounce: %s\n", why.text);
            status = EXIT_NOT_MEASURED;
            continue;
        }
        if (*why.text)
            fprintf(stderr, "linebounce: %s: %s\n", f.at[i], why.text);
        printf("%s/plots: %d kinds of picture\n", f.at[i], drawn);
    }
    return status;
}
