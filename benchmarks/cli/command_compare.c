/* SPDX-License-Identifier: MIT
 *
 * linebounce compare: the results of two sides, case by case.
 */
#include "commands.h"

#include "options.h"
#include "report/compare_text.h"

#include <linebounce/compare.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define EXIT_SLOWER 3

struct options {
    struct lb_compare_request request;
    const char **paths[2];
    const char *format, *out, *page;
    double fail_share; /* NAN: not asked for */
    bool parted;       /* the sides were parted by -- */
    bool all;          /* every case, whatever became of it */
    const char *filter;
    enum lb_compare_sort sort;
};

static const char description[] =
    "Compares the results of two builds, kernels or machines: B against A.\v"
    "Give results folders, or samples.csv or summary.csv files. Several runs a side are parted by "
    "--. There are verdicts with three runs a side or more, best measured in turns (A B A B A B): "
    "between runs of one program times differ by up to 20 %, and ratios to the baseline layout of "
    "the same run by several. With fewer, differences are shown without a verdict.\n\n"
    "Exit status: 0 done, 1 something could not be read or judged, 2 wrong usage, 3 slower than "
    "--fail-if-slower allows.";

static void add_path(struct options *o, int side, const char *path)
{
    size_t *n = &o->request.n_paths[side];
    const char **more = realloc(o->paths[side], (*n + 1) * sizeof *more);

    if (!more) {
        fputs("linebounce: out of memory\n", stderr);
        exit(EXIT_NOT_MEASURED);
    }
    o->paths[side] = more;
    more[(*n)++] = path;
    o->request.paths[side] = more;
}

/* A share from "5%" or "5". */
static int set_fail(const struct option_row *o, const char *value, void *input, struct lb_why *why)
{
    char *end;
    double percent = strtod(value, &end);

    if (end == value || (*end && strcmp(end, "%") != 0) || !(percent >= 0) || percent > 1e6)
        return lb_fail(why, EINVAL, "--%s '%s': a percentage is expected, as 5%%", o->name, value);
    ((struct options *)input)->fail_share = percent / 100;
    return 0;
}

static const char *const formats[] = {"text", "csv", "json", "commit"};
static const char *const sorts[LB_COMPARE_SORTS] = {"change", "name", "time"};
static const struct lb_names format_names = {LB_NAMES_IN("format", formats)};
static const struct lb_names sort_names = {LB_NAMES_IN("order", sorts)};

#define AT(MEMBER) OPTION_AT(struct options, MEMBER)
static const struct option_row options[] = {
    {"format", 'f', "FORMAT", "text, csv, json, or commit: a table of 72 columns (text)",
     option_name, AT(format), .words = &format_names},
    {"out", 'o', "FILE", "Write there instead of to standard output", option_text, AT(out)},
    {"fail-if-slower", 0, "PERCENT",
     "End with status 3 when any case's interval lies wholly above that: 5%", set_fail,
     AT(fail_share)},
    {"baseline", 0, "LAYOUT", "What the others are divided by within each run (as recorded)",
     option_text, AT(request.baseline)},
    {"all", 0, NULL, "Every case of both sides, group by group", option_flag, AT(all)},
    {"filter", 0, "TEXT", "Cases whose name holds this alone: embedded, mixed, l3", option_text,
     AT(filter)},
    {"sort", 0, "HOW", "change (the largest first), name or time (change)", option_word, AT(sort),
     .words = &sort_names},
    {"page", 0, "FILE", "Write the comparison as a page (HTML) too", option_text, AT(page)},
    {0},
};

/* Two paths without -- are one a side. */
static void end_of_paths(struct options *o, struct argp_state *state)
{
    size_t n = o->request.n_paths[0];

    if (!o->parted && n == 2) {
        const char *second = o->paths[0][1];
        o->request.n_paths[0] = 1;
        add_path(o, 1, second);
        return;
    }
    if (o->parted && (!n || !o->request.n_paths[1]))
        argp_error(state, "side %c has no run: A1 A2 A3 -- B1 B2 B3", n ? 'B' : 'A');
    if (!o->parted && n > 2)
        argp_error(state, "which belong together? A1 A2 A3 -- B1 B2 B3");
    if (!o->parted)
        argp_error(state, "two results folders are needed: A B");
}

static error_t words(int key, char *arg, struct argp_state *state, void *input)
{
    struct options *o = input;

    if (key != ARGP_KEY_ARG && key != ARGP_KEY_END)
        return ARGP_ERR_UNKNOWN;
    o->parted |= state->quoted > 0;
    if (key == ARGP_KEY_ARG) {
        add_path(o, state->quoted > 0 && state->next > state->quoted, arg);
        return 0;
    }
    if (o->all && (o->filter || o->sort))
        argp_error(state, "--all shows every case in the order of names: leave out --%s",
                   o->filter ? "filter" : "sort");
    end_of_paths(o, state);
    return 0;
}

/* A slip of the shell's history must not cost a run. */
static bool is_input(const struct lb_compare *c, const char *path)
{
    struct stat a, b;

    if (stat(path, &a))
        return false;
    for (size_t r = 0; r < c->n_runs; r++)
        if (!stat(c->runs[r].file, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
            return true;
    return false;
}

static int print_view(FILE *out, const struct lb_compare *c, const struct options *o, bool commit)
{
    struct lb_compare_view view;
    int err = lb_compare_view_init(c, o->filter, o->sort, &view);

    if (err)
        return err;
    if (commit)
        compare_commit(out, &view);
    else
        err = compare_brief(out, &view);
    lb_compare_view_finish(&view);
    return err;
}

static int print_to(FILE *out, const struct lb_compare *c, const struct options *o)
{
    const char *format = o->format;
    bool text_format = !strcmp(format, "text");
    char *text;
    int err;

    if (text_format && o->all)
        return compare_table(out, c);
    if (text_format || !strcmp(format, "commit"))
        return print_view(out, c, o, !text_format);
    err = strcmp(format, "csv") ? lb_compare_json(c, &text) : lb_compare_csv(c, &text);
    if (err)
        return err;
    fputs(text, out);
    free(text);
    return 0;
}

static int write_out(const struct lb_compare *c, const struct options *o)
{
    FILE *out = stdout;
    int err;

    for (int i = 0; i < 2; i++) {
        const char *path = i ? o->page : o->out;
        if (path && is_input(c, path)) {
            fprintf(stderr, "linebounce: %s: is one of the files compared\n", path);
            return EXIT_USAGE;
        }
    }
    if (o->out && !(out = fopen(o->out, "w"))) {
        fprintf(stderr, "linebounce: %s: %s\n", o->out, strerror(errno));
        return EXIT_NOT_MEASURED;
    }
    err = print_to(out, c, o);
    if (!err && o->out && (fflush(out) || ferror(out)))
        err = errno ? -errno : -EIO;
    if (o->out && fclose(out) && !err)
        err = -errno;
    if (err)
        fprintf(stderr, "linebounce: %s: %s\n", o->out ? o->out : "standard output",
                strerror(-err));
    return err ? EXIT_NOT_MEASURED : EXIT_DONE;
}

static int gate(const struct lb_compare *c, double share)
{
    size_t n = lb_compare_slower(c, share);

    if (!c->time.judged) {
        fputs("linebounce: --fail-if-slower: no case could be judged\n", stderr);
        return EXIT_NOT_MEASURED;
    }
    if (!n)
        return EXIT_DONE;
    fprintf(stderr,
            "linebounce: --fail-if-slower: %zu of %zu judged cases slower by more than %g%%\n", n,
            c->time.judged, share * 100);
    return EXIT_SLOWER;
}

static int compare(const struct options *o)
{
    struct lb_why why = {""};
    struct lb_compare *c;
    int err = lb_compare_create(&o->request, &why, &c), status;

    if (err) {
        fprintf(stderr, "linebounce: %s\n", lb_explain(&why, err, "compare")->text);
        return err == -EINVAL ? EXIT_USAGE : EXIT_NOT_MEASURED;
    }
    if (strcmp(o->format, "text") != 0)
        for (size_t i = 0; i < c->n_warnings; i++)
            fprintf(stderr, "linebounce: %s\n", c->warnings[i]);
    status = write_out(c, o);
    if (!status && o->page && (err = lb_compare_page(c, o->page, &why))) {
        fprintf(stderr, "linebounce: %s\n", lb_explain(&why, err, o->page)->text);
        status = EXIT_NOT_MEASURED;
    }
    if (!status && !isnan(o->fail_share))
        status = gate(c, o->fail_share);
    lb_compare_destroy(c);
    return status;
}

int command_compare(int argc, char **argv)
{
    static const struct option_table tables[] = {{.rows = options, .shows_usage = true}, {0}};
    static const struct command_line line = {.name = "linebounce compare",
                                             .tables = tables,
                                             .words = words,
                                             .args = "A B\nA1 A2 A3 -- B1 B2 B3",
                                             .doc = description,
                                             .flags = ARGP_IN_ORDER};
    struct options o = {.format = "text", .fail_share = NAN};
    int status;

    o.request.margin = (struct lb_margin){LB_MARGIN_NS, LB_MARGIN_SHARE};
    options_parse(&line, argc, argv, &o);
    status = compare(&o);
    free(o.paths[0]);
    free(o.paths[1]);
    return status;
}
