/* SPDX-License-Identifier: MIT
 *
 * A comparison as a person reads it: the sides, case by case, and why some have no verdict.
 */
#include "compare_text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *compare_shown(const char *text)
{
    static char texts[8][1024];
    static unsigned next;
    char *to = texts[next++ % LB_COUNT(texts)];

    lb_printable(text, to, sizeof texts[0]);
    return to;
}

void compare_side(FILE *out, const struct lb_compare *c, int side)
{
    size_t spoiled = 0, armed = 0, rows = 0, n = 0;

    fprintf(out, "%c:", 'A' + side);
    for (size_t r = 0; r < c->n_runs; r++) {
        const struct lb_compare_run *run = &c->runs[r];
        if (run->side != side)
            continue;
        fprintf(out, "%s %s", n++ ? "," : "", compare_shown(run->path));
        rows += run->rows;
        spoiled += run->spoiled;
        armed += run->armed;
    }
    fprintf(out, " (%zu run%s, %zu rows; left out: %zu spoiled, %zu armed)\n", n, n == 1 ? "" : "s",
            rows, spoiled, armed);
}

static void print_words(FILE *out, const struct lb_compare *c)
{
    compare_side(out, c, 0);
    compare_side(out, c, 1);
    fputs(c->n_differences ? "\nWhat differs besides:\n" : "\nThe runs record no difference.\n",
          out);
    for (size_t i = 0; i < c->n_differences; i++) {
        const struct lb_compare_difference *d = &c->differences[i];
        char parts[2][1024];
        for (int side = 0; side < 2; side++)
            lb_compare_part(d, side, sizeof parts[0] - 16, parts[side], sizeof parts[0]);
        fprintf(out, "  %-21s %s | %s\n", d->what, parts[0], parts[1]);
    }
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

    fprintf(out, "\n%s, %s thread%s, %s", compare_shown(k->cells[LB_KEY_SCENARIO]),
            compare_shown(k->cells[LB_KEY_THREADS]),
            strcmp(k->cells[LB_KEY_THREADS], "1") ? "s" : "",
            compare_shown(k->cells[LB_KEY_PLACEMENT]));
    if (k->placement_b)
        fprintf(out, " against %s", compare_shown(k->placement_b));
    if (strcmp(k->cells[LB_KEY_PLACEMENT], k->cells[LB_KEY_DISTANCE]) != 0)
        fprintf(out, " (%s)", compare_shown(k->cells[LB_KEY_DISTANCE]));
    if (*k->cells[LB_KEY_HOME] && strcmp(k->cells[LB_KEY_HOME], "local") != 0)
        fprintf(out, ", %s memory", compare_shown(k->cells[LB_KEY_HOME]));
    if (*writers)
        fprintf(out, ", writers %s", compare_shown(writers));
    if (*k->cells[LB_KEY_EVERY])
        fprintf(out, ", an op every %s ns", compare_shown(k->cells[LB_KEY_EVERY]));
    if (*k->cells[LB_KEY_OBJECTS])
        fprintf(out, ", %s objects%s%s", compare_shown(k->cells[LB_KEY_OBJECTS]),
                *k->cells[LB_KEY_ACCESS] ? ", " : "", compare_shown(k->cells[LB_KEY_ACCESS]));
    if (strcmp(work, "0") != 0)
        fprintf(out, ", %s ns of work\n", compare_shown(work));
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
    char text[LB_COMPARE_RATIO_BYTES], verdict[48];
    size_t reason = number_of(r, x->note);
    int n = snprintf(verdict, sizeof verdict, "%s%s", x->unfair ? "unfair: " : "",
                     lb_verdict_name(x->verdict));
    if (reason)
        snprintf(verdict + n, sizeof verdict - (size_t)n, " (%zu)", reason);
    fprintf(out, " %-20s %-*s", *lb_compare_ratio(x, text) ? text : "-", last ? 0 : 18, verdict);
}

static void print_row(FILE *out, const struct lb_compare_case *k, struct reasons *r,
                      bool is_reference)
{
    char name[128];
    const char *layout = is_reference ? k->cells[LB_KEY_SCENARIO] : k->cells[LB_KEY_LAYOUT];
    bool locks = !is_reference && *k->cells[LB_KEY_LOCK];

    snprintf(name, sizeof name, "%s%s%s%s%s", compare_shown(layout), locks ? "+" : "",
             locks ? compare_shown(k->cells[LB_KEY_LOCK]) : "",
             strcmp(k->cells[LB_KEY_ROLE], "all") ? " " : "",
             strcmp(k->cells[LB_KEY_ROLE], "all") ? compare_shown(k->cells[LB_KEY_ROLE]) : "");
    fprintf(out, "%-38s", name);
    print_number(out, k->time.side[0]);
    print_number(out, k->time.side[1]);
    if (is_reference) {
        fprintf(out, isfinite(k->time.ratio) ? " %.3f" : " -", k->time.ratio);
        if (*k->cells[LB_KEY_WORK_NS])
            fprintf(out, "  (%s, %s ns of work)", compare_shown(k->cells[LB_KEY_PLACEMENT]),
                    compare_shown(k->cells[LB_KEY_WORK_NS]));
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
                fprintf(out, "%s%s", between, compare_shown(k->cells[key]));
                between = "/";
            }
        fputc('\n', out);
    }
}

static void print_tally(FILE *out, const struct lb_compare_tally *t)
{
    fprintf(out, "%zu faster, %zu slower, %zu same, %zu not slower, %zu unresolved\n",
            t->verdicts[LB_VERDICT_FASTER], t->verdicts[LB_VERDICT_SLOWER],
            t->verdicts[LB_VERDICT_SAME], t->verdicts[LB_VERDICT_NOT_SLOWER],
            t->verdicts[LB_VERDICT_UNRESOLVED]);
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

int compare_table(FILE *out, const struct lb_compare *c)
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
        fprintf(out, "beside the base (%s) of the same run: ", compare_shown(base_name(c)));
        print_tally(out, &c->relative);
    }
    free(r.at);
    free(r.n);
    return err;
}
