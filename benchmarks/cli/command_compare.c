/* SPDX-License-Identifier: MIT
 *
 * linebounce compare: the results of two sides, case by case.
 */
#include "commands.h"

#include "options.h"

#include <linebounce/compare.h>

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    EXIT_SLOWER = 3,
    KEY_FORMAT = 'f',
    KEY_OUT = 'o',
    KEY_FAIL = 256,
    KEY_BASELINE,
};

struct options {
    struct lb_compare_request request;
    const char **paths[2];
    const char *format, *out;
    double fail_share; /* NAN: not asked for */
    bool parted;       /* the sides were parted by -- */
};

static const struct argp_option argp_options[] = {
    {"format", KEY_FORMAT, "FORMAT", 0, "text, csv or json (text)", 0},
    {"out", KEY_OUT, "FILE", 0, "Write there instead of to standard output", 0},
    {"fail-if-slower", KEY_FAIL, "PERCENT", 0,
     "End with status 3 when any case's interval lies wholly above that: 5%", 0},
    {"baseline", KEY_BASELINE, "LAYOUT", 0,
     "What the others are divided by within each run (as recorded)", 0},
    {0},
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
static double parse_percent(struct argp_state *state, const char *text)
{
    char *end;
    double percent = strtod(text, &end);

    if (end == text || (*end && strcmp(end, "%") != 0) || !(percent >= 0) || percent > 1e6)
        argp_error(state, "--fail-if-slower '%s': a percentage is expected, as 5%%", text);
    return percent / 100;
}

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

static const char *format_at(size_t i)
{
    static const char *const names[] = {"text", "csv", "json"};

    return names[i];
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    static const struct lb_names formats = {"format", format_at, 3, NULL};
    struct options *o = state->input;
    struct lb_why why;
    size_t found;

    switch (key) {
    case KEY_FORMAT:
        if (lb_name_find(&formats, arg, &why, &found))
            argp_error(state, "%s", why.text);
        o->format = arg;
        return 0;
    case KEY_OUT:
        o->out = arg;
        return 0;
    case KEY_FAIL:
        o->fail_share = parse_percent(state, arg);
        return 0;
    case KEY_BASELINE:
        o->request.baseline = arg;
        return 0;
    case ARGP_KEY_ARG:
        o->parted |= state->quoted > 0;
        add_path(o, state->quoted > 0 && state->next > state->quoted, arg);
        return 0;
    case ARGP_KEY_END:
        o->parted |= state->quoted > 0;
        end_of_paths(o, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Text --------------------------------------------------------------------------------------- */

/* What stands in files, and their names. Good for eight calls; longer texts are cut. */
static const char *shown(const char *text)
{
    static char texts[8][1024];
    static unsigned next;
    char *to = texts[next++ % LB_COUNT(texts)];

    lb_printable(text, to, sizeof texts[0]);
    return to;
}

static void print_side(FILE *out, const struct lb_compare *c, int side)
{
    size_t spoiled = 0, armed = 0, rows = 0, n = 0;

    fprintf(out, "%c:", 'A' + side);
    for (size_t r = 0; r < c->n_runs; r++) {
        const struct lb_compare_run *run = &c->runs[r];
        if (run->side != side)
            continue;
        fprintf(out, "%s %s", n++ ? "," : "", shown(run->path));
        rows += run->rows;
        spoiled += run->spoiled;
        armed += run->armed;
    }
    fprintf(out, " (%zu run%s, %zu rows; left out: %zu spoiled, %zu armed)\n", n, n == 1 ? "" : "s",
            rows, spoiled, armed);
}

static void print_words(FILE *out, const struct lb_compare *c)
{
    print_side(out, c, 0);
    print_side(out, c, 1);
    fputs(c->n_differences ? "\nWhat differs besides:\n" : "\nThe runs record no difference.\n",
          out);
    for (size_t i = 0; i < c->n_differences; i++)
        fprintf(out, "  %-21s %s | %s\n", c->differences[i].what, shown(c->differences[i].side[0]),
                shown(c->differences[i].side[1]));
    for (size_t i = 0; i < c->n_warnings; i++)
        fprintf(out, "%snote: %s.\n", i ? "" : "\n", c->warnings[i]);
}

/* What a row names itself; an offset and a touch stand in the layout's name. */
static bool is_in_row(int key)
{
    return key == LB_KEY_LAYOUT || key == LB_KEY_LOCK || key == LB_KEY_ROLE ||
           key == LB_KEY_OFFSET || key == LB_KEY_TOUCH;
}

static bool starts_group(const struct lb_compare_case *k, const struct lb_compare_case *last)
{
    for (int i = 0; last && i < LB_KEYS; i++)
        if (!is_in_row(i) && strcmp(k->cells[i], last->cells[i]) != 0)
            return true;
    return !last;
}

static void print_head(FILE *out, const struct lb_compare_case *k)
{
    const char *writers = k->cells[LB_KEY_WRITERS], *work = k->cells[LB_KEY_WORK_NS];

    fprintf(out, "\n%s, %s thread%s, %s", shown(k->cells[LB_KEY_SCENARIO]),
            shown(k->cells[LB_KEY_THREADS]), strcmp(k->cells[LB_KEY_THREADS], "1") ? "s" : "",
            shown(k->cells[LB_KEY_PLACEMENT]));
    if (k->placement_b)
        fprintf(out, " against %s", shown(k->placement_b));
    if (strcmp(k->cells[LB_KEY_PLACEMENT], k->cells[LB_KEY_DISTANCE]) != 0)
        fprintf(out, " (%s)", shown(k->cells[LB_KEY_DISTANCE]));
    if (*k->cells[LB_KEY_HOME] && strcmp(k->cells[LB_KEY_HOME], "local") != 0)
        fprintf(out, ", %s memory", shown(k->cells[LB_KEY_HOME]));
    if (*writers)
        fprintf(out, ", writers %s", shown(writers));
    if (*k->cells[LB_KEY_OBJECTS])
        fprintf(out, ", %s objects%s%s", shown(k->cells[LB_KEY_OBJECTS]),
                *k->cells[LB_KEY_ACCESS] ? ", " : "", shown(k->cells[LB_KEY_ACCESS]));
    if (strcmp(work, "0") != 0)
        fprintf(out, ", %s ns of work\n", shown(work));
    else
        fputs(", saturated throughput (no pause)\n", out);
    fprintf(out, "%-38s %9s %9s %-20s %-18s %-20s %s\n", "layout", "A ns/op", "B ns/op",
            "B/A [95 %]", "verdict", "beside the base", "verdict");
}

static void print_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, " %9.*f", value < 999.5 ? 2 : 0, value);
    else
        fprintf(out, " %9s", "-");
}

/* Different reasons for no verdict, numbered from 1 in the order of the table. */
struct reasons {
    const char **at;
    size_t *n; /* how often each is given */
    size_t count;
};

/* The reason's number, 0 for none; a new one is added. */
static size_t number_of(struct reasons *r, const char *note)
{
    size_t i = 0;

    if (!*note)
        return 0;
    while (i < r->count && strcmp(r->at[i], note) != 0)
        i++;
    if (i == r->count)
        r->at[r->count++] = note;
    r->n[i]++;
    return i + 1;
}

static void print_contrast(FILE *out, const struct lb_contrast *x, struct reasons *r, bool last)
{
    char text[64] = "-", verdict[48];
    size_t reason = number_of(r, x->note);
    int n;

    if (isfinite(x->lo))
        snprintf(text, sizeof text, "%.3f [%.3f, %.3f]", x->ratio, x->lo, x->hi);
    else if (isfinite(x->ratio))
        snprintf(text, sizeof text, "%.3f", x->ratio);
    n = snprintf(verdict, sizeof verdict, "%s%s", x->unfair ? "unfair: " : "",
                 lb_verdict_name(x->verdict));
    if (reason)
        snprintf(verdict + n, sizeof verdict - (size_t)n, " (%zu)", reason);
    fprintf(out, " %-20s %-*s", text, last ? 0 : 18, verdict);
}

static void print_row(FILE *out, const struct lb_compare_case *k, struct reasons *r,
                      bool is_reference)
{
    char name[128];
    const char *layout = is_reference ? k->cells[LB_KEY_SCENARIO] : k->cells[LB_KEY_LAYOUT];
    bool locks = !is_reference && *k->cells[LB_KEY_LOCK];

    snprintf(name, sizeof name, "%s%s%s%s%s", shown(layout), locks ? "+" : "",
             locks ? shown(k->cells[LB_KEY_LOCK]) : "",
             strcmp(k->cells[LB_KEY_ROLE], "all") ? " " : "",
             strcmp(k->cells[LB_KEY_ROLE], "all") ? shown(k->cells[LB_KEY_ROLE]) : "");
    fprintf(out, "%-38s", name);
    print_number(out, k->time.side[0]);
    print_number(out, k->time.side[1]);
    if (is_reference) {
        fprintf(out, isfinite(k->time.ratio) ? " %.3f" : " -", k->time.ratio);
        if (*k->cells[LB_KEY_WORK_NS])
            fprintf(out, "  (%s, %s ns of work)", shown(k->cells[LB_KEY_PLACEMENT]),
                    shown(k->cells[LB_KEY_WORK_NS]));
        fputc('\n', out);
        return;
    }
    print_contrast(out, &k->time, r, k->base < 0);
    if (k->base >= 0)
        print_contrast(out, &k->relative, r, true);
    fputc('\n', out);
}

static void print_cases(FILE *out, const struct lb_compare *c, struct reasons *r)
{
    const struct lb_compare_case *last = NULL;
    bool references = false;

    for (size_t i = 0; i < c->n_cases; i++) {
        const struct lb_compare_case *k = &c->cases[i];
        if (!k->here[0] || !k->here[1])
            continue;
        if (k->reference && !references)
            fputs("\nFor reference, not judged (the loop of nothing, controls, anchors):\n", out);
        references = k->reference;
        if (!references && starts_group(k, last))
            print_head(out, k);
        print_row(out, k, r, references);
        last = k;
    }
}

static void print_reasons(FILE *out, const struct reasons *r)
{
    if (r->count)
        fputs("\nNot judged:\n", out);
    for (size_t i = 0; i < r->count; i++)
        fprintf(out, "  (%zu) %s: %zu time%s\n", i + 1, r->at[i], r->n[i], r->n[i] == 1 ? "" : "s");
}

static void print_only(FILE *out, const struct lb_compare *c, int side)
{
    if (!c->n_only[side])
        return;
    fprintf(out, "\nOnly on side %c (%zu):\n", 'A' + side, c->n_only[side]);
    for (size_t i = 0; i < c->n_cases; i++) {
        const struct lb_compare_case *k = &c->cases[i];
        const char *between = "  ";
        if (k->reference || !k->here[side] || k->here[!side])
            continue;
        for (int key = LB_KEY_SCENARIO; key < LB_KEYS; key++)
            if (*k->cells[key] && key != LB_KEY_DISTANCE) {
                fprintf(out, "%s%s", between, shown(k->cells[key]));
                between = "/";
            }
        fputc('\n', out);
    }
}

static void print_tally(FILE *out, const struct lb_compare_tally *t)
{
    fprintf(out, "%zu faster, %zu slower, %zu same, %zu unresolved\n",
            t->verdicts[LB_VERDICT_FASTER], t->verdicts[LB_VERDICT_SLOWER],
            t->verdicts[LB_VERDICT_SAME], t->verdicts[LB_VERDICT_UNRESOLVED]);
}

/* Scans of offsets and moved copies have other bases than the baseline. */
static const char *base_name(const struct lb_compare *c)
{
    bool any = false;

    for (size_t i = 0; i < c->n_cases; i++) {
        int base = c->cases[i].base;
        any |= base >= 0;
        if (base >= 0 && !strcmp(c->cases[base].cells[LB_KEY_LAYOUT], c->baseline))
            return c->baseline;
    }
    return any ? "each its own" : c->baseline;
}

static int print_text(FILE *out, const struct lb_compare *c)
{
    struct reasons r = {.at = calloc(2 * c->n_cases + 1, sizeof *r.at),
                        .n = calloc(2 * c->n_cases + 1, sizeof *r.n)};
    int err = r.at && r.n ? 0 : -ENOMEM;

    if (!err) {
        print_words(out, c);
        print_cases(out, c, &r);
        print_reasons(out, &r);
        print_only(out, c, 0);
        print_only(out, c, 1);
        fprintf(out, "\nB against A, %zu cases of both:\ntime: ", c->n_common);
        print_tally(out, &c->time);
        fprintf(out, "beside the base (%s) of the same run: ", shown(base_name(c)));
        print_tally(out, &c->relative);
    }
    free(r.at);
    free(r.n);
    return err;
}

/* The command -------------------------------------------------------------------------------- */

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

static int print_to(FILE *out, const struct lb_compare *c, const char *format)
{
    char *text;
    int err;

    if (!strcmp(format, "text"))
        return print_text(out, c);
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

    if (o->out && is_input(c, o->out)) {
        fprintf(stderr, "linebounce: %s: is one of the files compared\n", o->out);
        return EXIT_USAGE;
    }
    if (o->out && !(out = fopen(o->out, "w"))) {
        fprintf(stderr, "linebounce: %s: %s\n", o->out, strerror(errno));
        return EXIT_NOT_MEASURED;
    }
    err = print_to(out, c, o->format);
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
    if (!status && !isnan(o->fail_share))
        status = gate(c, o->fail_share);
    lb_compare_destroy(c);
    return status;
}

int command_compare(int argc, char **argv)
{
    static char name[] = "linebounce compare";
    static const struct argp argp = {
        argp_options, parse, "A B\nA1 A2 A3 -- B1 B2 B3", description, NULL, NULL, NULL};
    struct options o = {.format = "text", .fail_share = NAN};
    int status;

    o.request.margin = (struct lb_margin){LB_MARGIN_NS, LB_MARGIN_SHARE};
    argv[0] = name;
    options_parse(&argp, argc, argv, ARGP_IN_ORDER, &o);
    status = compare(&o);
    free(o.paths[0]);
    free(o.paths[1]);
    return status;
}
