/* SPDX-License-Identifier: MIT
 *
 * linebounce explain: what differences between layouts are made of.
 */
#include "commands.h"

#include "options.h"
#include "report/explain_table.h"

#include <linebounce/explain.h>

#include <argp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEY_SCENARIO = 's', KEY_LAYOUT = 'l', KEY_AGAINST = 256, KEY_WORK };

static const struct argp_option argp_options[] = {
    {"scenario", KEY_SCENARIO, "SCENARIO", 0, "This one alone", 0},
    {"layout", KEY_LAYOUT, "LAYOUT", 0, "Name the parts of this layout's difference", 0},
    {"against", KEY_AGAINST, "LAYOUT", 0, "... to this one (the run's baseline)", 0},
    {"work", KEY_WORK, "NS", 0, "At this pause alone (all but 0)", 0},
    {0},
};

static const char description[] =
    "Says what the differences between layouts in the results folder DIR are made of: waiting for "
    "lines, which are named by what lies on them, the op by itself, sleeping, spinning, and a "
    "rest.\vOf each resolved difference a line; with --layout or --against all parts, each with "
    "its 95 % interval, and what geometry and the measured costs of lines come to (model). Under "
    "80 % of a difference, or where it is under 5 ns, no part is given as its cause.\n\n"
    "Exit status: 0 done, 1 nothing could be said, 2 wrong usage.";

static double parse_work(struct argp_state *state, const char *text)
{
    char *end;
    double ns = strtod(text, &end);

    if (end == text || *end || !(ns > 0))
        argp_error(state, "--work '%s': ns above 0 are expected", text);
    return ns;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct lb_explain_request *q = state->input;

    switch (key) {
    case KEY_SCENARIO:
        q->scenario = arg;
        return 0;
    case KEY_LAYOUT:
        q->layout = arg;
        return 0;
    case KEY_AGAINST:
        q->against = arg;
        return 0;
    case KEY_WORK:
        q->work_ns = parse_work(state, arg);
        return 0;
    case ARGP_KEY_ARG:
        if (q->dir)
            argp_error(state, "one results folder at a time");
        q->dir = arg;
        return 0;
    case ARGP_KEY_END:
        if (!q->dir)
            argp_error(state, "which results folder?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int explain(const struct lb_explain_request *q)
{
    struct lb_why why = {""};
    struct lb_explanations *x;
    int err = lb_explain_create(q, &why, &x);

    if (err) {
        fprintf(stderr, "linebounce: %s\n", lb_explain(&why, err, q->dir)->text);
        return EXIT_NOT_MEASURED;
    }
    if (!q->layout && !q->against)
        explain_list(stdout, x);
    for (size_t i = 0; (q->layout || q->against) && i < x->n; i++) {
        if (i)
            putchar('\n');
        explain_parts(stdout, &x->items[i]);
    }
    lb_explain_destroy(x);
    return EXIT_DONE;
}

int command_explain(int argc, char **argv)
{
    static char name[] = "linebounce explain";
    static const struct argp argp = {argp_options, parse, "DIR", description, NULL, NULL, NULL};
    struct lb_explain_request request = {.work_ns = NAN};

    argv[0] = name;
    options_parse(&argp, argc, argv, 0, &request);
    return explain(&request);
}
