/* SPDX-License-Identifier: MIT
 *
 * linebounce explain: what differences between layouts are made of.
 */
#include "commands.h"

#include "options.h"
#include "report/explain_table.h"

#include <linebounce/explain.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char description[] =
    "Says what the differences between layouts in the results folder DIR are made of: waiting for "
    "lines, which are named by what lies on them, the op by itself, sleeping, spinning, and a "
    "rest.\vOf each resolved difference a line; with --layout or --against all parts, each with "
    "its 95 % interval, and what geometry and the measured costs of lines come to (model). Under "
    "80 % of a difference, or where it is under 5 ns, no part is given as its cause.\n\n"
    "Exit status: 0 done, 1 nothing could be said, 2 wrong usage.";

static int set_work(const struct option_row *o, const char *value, void *input, struct lb_why *why)
{
    char *end;
    double ns = strtod(value, &end);

    if (end == value || *end || !(ns > 0))
        return lb_fail(why, EINVAL, "--%s '%s': ns above 0 are expected", o->name, value);
    ((struct lb_explain_request *)input)->work_ns = ns;
    return 0;
}

#define AT(MEMBER) OPTION_AT(struct lb_explain_request, MEMBER)
static const struct option_row options[] = {
    {"scenario", 's', "SCENARIO", "This one alone", option_text, AT(scenario)},
    {"layout", 'l', "LAYOUT", "Name the parts of this layout's difference", option_text,
     AT(layout)},
    {"against", 0, "LAYOUT", "... to this one (the run's baseline)", option_text, AT(against)},
    {"work", 0, "NS", "At this pause alone (all but 0)", set_work, AT(work_ns)},
    {0},
};

static error_t words(int key, char *arg, struct argp_state *state, void *input)
{
    struct lb_explain_request *q = input;

    if (key == ARGP_KEY_END && !q->dir)
        argp_error(state, "which results folder?");
    if (key != ARGP_KEY_ARG)
        return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
    if (q->dir)
        argp_error(state, "one results folder at a time");
    q->dir = arg;
    return 0;
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
    static const struct option_table tables[] = {{.rows = options, .shows_usage = true}, {0}};
    static const struct command_line line = {.name = "linebounce explain",
                                             .tables = tables,
                                             .words = words,
                                             .args = "DIR",
                                             .doc = description};
    struct lb_explain_request request = {.work_ns = NAN};

    options_parse(&line, argc, argv, &request);
    return explain(&request);
}
