/* SPDX-License-Identifier: MIT
 *
 * options: a command's options as a table: what --help, the manual page and completion say of each,
 * and what its value sets. argp reads the command line; what it leaves out is here: what was meant
 * by an option that nobody knows, and an end where it could not read.
 */
#ifndef LB_OPTIONS_H
#define LB_OPTIONS_H

#include <linebounce/base.h>

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct option_row;
/* Sets what an option says in its table's input. -EINVAL and the like with a sentence. */
typedef int option_set(const struct option_row *o, const char *value, void *input,
                       struct lb_why *why);

/* A row: an option, or with a `doc` alone the heading of those behind it. */
struct option_row {
    const char *name;
    int letter;        /* 0: none */
    const char *value; /* what it takes; NULL: nothing */
    const char *doc;
    option_set *set;
    size_t at, bytes;             /* the member of the input that is set, and its size */
    size_t given;                 /* a bool of the input that is set too; 0: none */
    size_t noted;                 /* a text of the input that becomes the name; 0: none */
    double least, most;           /* of numbers */
    bool none;                    /* the word "none" is 0 */
    const struct lb_names *words; /* that it takes */
    int group;                    /* as argp's: where a heading stands in --help */
};
#define OPTION_AT(TYPE, MEMBER)                                                                    \
    .at = offsetof(TYPE, MEMBER), .bytes = sizeof(((TYPE *)NULL)->MEMBER)

option_set option_flag;   /* bool */
option_set option_text;   /* const char * */
option_set option_word;   /* bool, enum or size_t: the index of one of the words */
option_set option_name;   /* const char *: one of the words */
option_set option_number; /* double, from `least` on */
option_set option_whole;  /* unsigned, size_t or uint64_t, from `least` to `most` */
option_set option_span;   /* double: ns of "20us", from `least` to `most` */
option_set option_list;   /* struct settings: the list that has the option's name */

/* Rows with the same input. */
struct option_table {
    const struct option_row *rows; /* ended by one that is 0 */
    const char *const *only;       /* those alone, ended by NULL; NULL: all */
    const char *header;            /* a heading before them; NULL: none */
    int group;                     /* of the header */
    size_t at;                     /* their input in the command's */
    bool shows_usage;              /* a refusal names the command and its --help */
};

struct command_line {
    const char *name;                  /* "linebounce run" */
    const struct option_table *tables; /* ended by one that is 0 */
    /* argp's parser of what is no option: words and the end; NULL: there are none. */
    error_t (*words)(int key, char *arg, struct argp_state *state, void *input);
    const char *args, *doc;        /* as argp's */
    const char *choices;           /* ends the doc's first part, "Suites"; NULL: nothing */
    const struct lb_names *chosen; /* all of those behind it */
    unsigned flags;                /* of argp_parse */
};

/* What options_parse does: reads the command line; or prints what there is, an option a line or as
 * a manual page, and exits. */
enum options_how { OPTIONS_READ, OPTIONS_NAMES, OPTIONS_MANUAL };
/* From here on. Of a manual page: what stands behind the name, and what writes sections of its own
 * (NULL: nothing does). */
void options_describe(enum options_how how, const char *summary, int (*more)(FILE *out));

/* argp_parse, which prints help, usage and refusals itself and exits then. Exits with a sentence
 * and 2 for an option that does not exist or a value that is none, and with 1 where there is no
 * memory to read it. */
void options_parse(const struct command_line *line, int argc, char **argv, void *input);

/* Ends the program with the sentence, or one of `err`: 1 where memory is out, else 2. */
void options_refuse(struct lb_why *why, int err, const char *doing) __attribute__((noreturn));

#endif
