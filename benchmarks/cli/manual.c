/* SPDX-License-Identifier: MIT
 *
 * A manual page in the macros of man(7).
 */
#include "manual.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Characters of one line; a hyphen is one that can be copied, and no end of a line. */
static void put_bytes(const char *text, size_t n, FILE *out)
{
    if (n && (*text == '.' || *text == '\''))
        fputs("\\&", out);
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\\')
            fputs("\\e", out);
        else if (text[i] == '-')
            fputs("\\-", out);
        else
            fputc(text[i], out);
}

void manual_put(const char *text, FILE *out)
{
    put_bytes(text, strlen(text), out);
    fputc('\n', out);
}

/* Paragraphs, which empty lines part. What a command ends with has a section. */
static void put_paragraphs(const char *text, FILE *out)
{
    static const char status[] = "Exit status: ";

    for (bool first = true; *text; first = false) {
        const char *end = strstr(text, "\n\n");
        size_t n = end ? (size_t)(end - text) : strlen(text);
        if (!strncmp(text, status, strlen(status))) {
            fputs(".SH \"EXIT STATUS\"\n", out);
            text += strlen(status);
            n -= strlen(status);
        } else if (!first) {
            fputs(".PP\n", out);
        }
        put_bytes(text, n, out);
        fputc('\n', out);
        text += n + strspn(text + n, "\n");
    }
}

static void put_option(const struct argp_option *o, FILE *out)
{
    fputs(".TP\n", out);
    if (o->key > ' ' && o->key < 127)
        fprintf(out, "\\fB\\-%c\\fR, ", o->key);
    fputs("\\fB\\-\\-", out);
    put_bytes(o->name, strlen(o->name), out);
    fputs("\\fR", out);
    if (o->arg) {
        fputs("=\\fI", out);
        put_bytes(o->arg, strlen(o->arg), out);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    manual_put(o->doc ? o->doc : "", out);
}

static void put_options(const struct argp_option *o, FILE *out)
{
    for (; o->name || o->doc; o++)
        if (o->name) {
            put_option(o, out);
        } else {
            fputs(".SS \"", out);
            put_bytes(o->doc, strcspn(o->doc, ":"), out);
            fputs("\"\n", out);
        }
}

/* One line a way to call it. */
static void put_synopsis(const char *program, const char *args, bool options, FILE *out)
{
    fputs(".SH SYNOPSIS\n.ad l\n", out);
    for (const char *at = args ? args : ""; at;
         at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        fprintf(out, "%s.B ", at == args || !args ? "" : ".br\n");
        manual_put(program, out);
        if (options)
            fputs("[\\fIOPTION\\fR...]\\&\n", out); /* three dots end no sentence */
        if (*at) {
            put_bytes(at, strcspn(at, "\n"), out);
            fputc('\n', out);
        }
    }
}

/* "LINEBOUNCE-RUN" of "linebounce run" */
static void put_name(const char *program, bool capital, FILE *out)
{
    for (const char *at = program; *at; at++)
        if (*at == ' ')
            fputs("\\-", out);
        else
            fputc(capital && *at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at, out);
}

static int put_doc(const struct argp *argp, void *input, FILE *out)
{
    const char *doc = argp->doc ? argp->doc : "", *behind = strchr(doc, '\v');
    char *before = strndup(doc, behind ? (size_t)(behind - doc) : strlen(doc));
    char *text = before && argp->help_filter
                     ? argp->help_filter(ARGP_KEY_HELP_PRE_DOC, before, input)
                     : before;

    int err = text ? 0 : -ENOMEM;

    fputs(".SH DESCRIPTION\n", out);
    if (text)
        put_paragraphs(text, out);
    if (text != before)
        free(text);
    free(before);
    return err;
}

int manual_print(const struct argp *argp, const char *program, const char *summary, void *input,
                 int (*more)(FILE *out), FILE *out)
{
    const char *behind = argp->doc ? strchr(argp->doc, '\v') : NULL;

    fputs(".\\\" Made by linebounce help --man, from the table of its options.\n.TH ", out);
    put_name(program, true, out);
    fputs(" 1 \"\" \"linebounce " LB_VERSION "\" \"User Commands\"\n.SH NAME\n", out);
    put_name(program, false, out);
    fputs(" \\- ", out);
    manual_put(summary, out);
    put_synopsis(program, argp->args_doc, true, out);
    int err = put_doc(argp, input, out);
    fputs(".SH OPTIONS\n", out);
    put_options(argp->options, out);
    put_options((const struct argp_option[]){{.doc = "Of every command:", .group = 1},
                                             {"help", '?', 0, 0, "All options", 0},
                                             {"usage", 1, 0, 0, "Them in short", 0},
                                             {"version", 'V', 0, 0, "The program's version", 0},
                                             {0}},
                out);
    if (!err && more)
        err = more(out);
    if (behind)
        fputs(strncmp(behind + 1, "Exit", 4) != 0 ? ".SH NOTES\n" : "", out),
            put_paragraphs(behind + 1, out);
    fputs(".SH \"SEE ALSO\"\n.BR linebounce (1)\n", out);
    return err;
}
