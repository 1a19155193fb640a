/* SPDX-License-Identifier: MIT
 *
 * Options for what is printed.
 */
#include "output_options.h"

#include "request/settings.h"

#include <errno.h>
#include <string.h>

/* The index of a word among those that an option takes. */
static int set_word(const struct option_row *o, const char *value, void *input, struct lb_why *why)
{
    char list[LB_WHY_BYTES];

    return !option_word(o, value, input, NULL)
               ? 0
               : lb_fail(why, EINVAL, "--%s: '%s' is none of %s", o->name, value,
                         lb_names_list(o->words, list, sizeof list));
}

static int set_markdown(const struct option_row *o, const char *value, void *input,
                        struct lb_why *why)
{
    (void)o, (void)value, (void)why;
    ((struct settings *)input)->format = FORMAT_MARKDOWN;
    return 0;
}

static int add_failure(const struct option_row *o, const char *value, void *input,
                       struct lb_why *why)
{
    const char *layout = value + strlen("costs:");

    if (strncmp(value, "costs:", 6) != 0 || !*layout)
        return lb_fail(why, EINVAL, "--%s: '%s' is not costs:LAYOUT", o->name, value);
    list_add(&((struct settings *)input)->fail_if, sizeof layout, &layout);
    return 0;
}

static int set_require(const struct option_row *o, const char *value, void *input,
                       struct lb_why *why)
{
    if (strcmp(value, "settled") != 0)
        return lb_fail(why, EINVAL, "--%s: '%s' is not settled", o->name, value);
    return option_flag(o, value, input, why);
}

static const char *const formats[] = {"text", "json", "markdown"};
static const char *const colors[] = {"auto", "always", "never"};
static const struct lb_names format_names = {LB_NAMES_IN("format", formats)};
static const struct lb_names color_names = {LB_NAMES_IN("color", colors)};

#define AT(MEMBER) OPTION_AT(struct settings, MEMBER)
const struct option_row output_options[] = {
    {"verbose", 'v', NULL, "All tables too, which the results folder has as table.txt", option_flag,
     AT(verbose)},
    {"quiet", 0, NULL, "The question, its answer and its table alone", option_flag, AT(brief)},
    {"format", 0, "FORMAT", "text, json (what verdicts.json has) or markdown (text)", set_word,
     AT(format), .words = &format_names},
    {"markdown", 0, NULL, "The same as --format markdown: to paste into an issue", set_markdown,
     AT(format)},
    {"color", 0, "WHEN",
     "auto, always, never: auto is on a terminal, unless NO_COLOR is set (auto)", set_word,
     AT(color), .words = &color_names},
    {"fail-if", 0, "costs:LAYOUT", "Status 3 where that layout costs; may be repeated", add_failure,
     AT(fail_if)},
    {"require", 0, "settled", "Status 4 where a verdict that the question needs is undecided",
     set_require, AT(require_settled)},
    {0},
};
