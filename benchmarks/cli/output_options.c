/* SPDX-License-Identifier: MIT
 *
 * Options for what is printed.
 */
#include "output_options.h"

#include "request/settings.h"

#include <string.h>

enum {
    KEY_VERBOSE = 'v',
    KEY_QUIET = 1024,
    KEY_FORMAT,
    KEY_MARKDOWN,
    KEY_COLOR,
    KEY_FAIL,
    KEY_REQUIRE
};

static const struct argp_option options[] = {
    {"verbose", KEY_VERBOSE, 0, 0, "All tables too, which the results folder has as table.txt", 0},
    {"quiet", KEY_QUIET, 0, 0, "The question, its answer and its table alone", 0},
    {"format", KEY_FORMAT, "FORMAT", 0, "text, json (what verdicts.json has) or markdown (text)",
     0},
    {"markdown", KEY_MARKDOWN, 0, 0, "The same as --format markdown: to paste into an issue", 0},
    {"color", KEY_COLOR, "WHEN", 0,
     "auto, always, never: auto is on a terminal, unless NO_COLOR is set (auto)", 0},
    {"fail-if", KEY_FAIL, "costs:LAYOUT", 0, "Status 3 where that layout costs; may be repeated",
     0},
    {"require", KEY_REQUIRE, "settled", 0,
     "Status 4 where a verdict that the question needs is undecided", 0},
    {0},
};

/* The index of a word among those that an option takes. */
static int word_of(struct argp_state *state, const char *option, const char *arg,
                   const char *const *words, int n)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(arg, words[i]))
            return i;
    argp_error(state, "--%s: '%s' is none of %s, %s%s%s", option, arg, words[0], words[1],
               n > 2 ? ", " : "", n > 2 ? words[2] : "");
    return 0;
}

static void add_failure(struct settings *s, char *arg, struct argp_state *state)
{
    const char *layout = arg + strlen("costs:");

    if (strncmp(arg, "costs:", 6) != 0 || !*layout)
        argp_error(state, "--fail-if: '%s' is not costs:LAYOUT", arg);
    else
        list_add(&s->fail_if, sizeof layout, &layout);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    static const char *const formats[] = {"text", "json", "markdown"};
    static const char *const colors[] = {"auto", "always", "never"};
    struct settings *s = state->input;

    switch (key) {
    case KEY_VERBOSE:
        s->verbose = true;
        return 0;
    case KEY_QUIET:
        s->brief = true;
        return 0;
    case KEY_FORMAT:
        s->format = (enum settings_format)word_of(state, "format", arg, formats, 3);
        return 0;
    case KEY_MARKDOWN:
        s->format = FORMAT_MARKDOWN;
        return 0;
    case KEY_COLOR:
        s->color = (enum settings_color)word_of(state, "color", arg, colors, 3);
        return 0;
    case KEY_FAIL:
        add_failure(s, arg, state);
        return 0;
    case KEY_REQUIRE:
        if (strcmp(arg, "settled") != 0)
            argp_error(state, "--require: '%s' is not settled", arg);
        s->require_settled = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp output_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};
