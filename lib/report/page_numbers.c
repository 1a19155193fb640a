/* SPDX-License-Identifier: MIT
 *
 * All numbers of a folder as tables, and what it says of run and machine.
 */
#include "page_private.h"

#include <linebounce/record.h>

#include <errno.h>
#include <math.h>
#include <string.h>

/* "12.3 [11, 13]", empty without a value. */
static void put_interval(FILE *out, const struct lb_csv_reader *r, const char *value,
                         const char *lo, const char *hi, int digits)
{
    double x = lb_csv_number(r, value), a = lb_csv_number(r, lo), b = lb_csv_number(r, hi);

    fputs("<td>", out);
    if (isfinite(x))
        fprintf(out, "%.*f", digits, x);
    if (isfinite(x) && isfinite(a) && isfinite(b))
        fprintf(out, " <span class=\"dim\">[%.*f, %.*f]</span>", digits, a, digits, b);
    fputs("</td>", out);
}

static void put_cell(FILE *out, const struct lb_csv_reader *r, const char *column)
{
    lb_html_print(out, "<td>%s</td>", lb_csv_cell(r, column));
}

static void put_verdict(FILE *out, const struct lb_csv_reader *r)
{
    const char *verdict = lb_csv_cell(r, "verdict");
    bool marked = !strcmp(verdict, "faster") || !strcmp(verdict, "slower");

    fprintf(out, "<td%s%s%s>", marked ? " class=\"" : "", marked ? verdict : "",
            marked ? "\"" : "");
    if (!strcmp(lb_csv_cell(r, "unfair"), "1"))
        fputs("unfair: ", out);
    lb_html_print(out, "%s</td>", verdict);
}

/* What a table of a scenario may hold in common, and says once. */
#define CONSTANTS 6
static const struct {
    const char *column, *label;
} constants[CONSTANTS] = {
    {"lock", "lock"},       {"placement", "placement"}, {"home", "homed"},
    {"threads", "threads"}, {"work_ns", "work ns"},     {"regime_ns", "round trip ns"},
};

/* Rows of one scenario, one after the other, as the file has them. */
struct table {
    char scenario[64];
    char common[CONSTANTS][64];
    bool varies[CONSTANTS], roles;
    size_t n, from, at; /* rows of it, the first of the file's that are its, and that reached */
    FILE *out;          /* NULL: they are only seen */
};

static void see(struct table *t, const struct lb_csv_reader *r)
{
    for (size_t i = 0; i < CONSTANTS; i++) {
        const char *value = lb_csv_cell(r, constants[i].column);
        if (!t->n)
            snprintf(t->common[i], sizeof t->common[i], "%s", value);
        t->varies[i] |= strncmp(value, t->common[i], sizeof t->common[i] - 1) != 0;
    }
    t->roles |= strcmp(lb_csv_cell(r, "role"), "all") != 0;
    t->n++;
}

static void put_row(FILE *out, const struct table *t, const struct lb_csv_reader *r)
{
    fputs("<tr>", out);
    put_cell(out, r, "layout");
    if (t->roles)
        put_cell(out, r, "role");
    for (size_t i = 0; i < CONSTANTS; i++)
        if (t->varies[i])
            put_cell(out, r, constants[i].column);
    if (*lb_csv_cell(r, "every_ns") && !*lb_csv_cell(r, "net_ns_op_hl")) /* a paced role's op */
        put_interval(out, r, "ns_op_median", "ns_op_ci95_lo", "ns_op_ci95_hi", 1);
    else
        put_interval(out, r, "net_ns_op_hl", "net_ns_op_ci95_lo", "net_ns_op_ci95_hi", 1);
    put_interval(out, r, "diff_ns", "diff_ns_ci95_lo", "diff_ns_ci95_hi", 1);
    put_interval(out, r, "ratio", "ratio_ci95_lo", "ratio_ci95_hi", 2);
    put_verdict(out, r);
    put_interval(out, r, "min_over_max_median", "", "", 2);
    put_cell(out, r, "bytes_per_object");
    fputs("</tr>\n", out);
}

static void put_head(FILE *out, const struct table *t)
{
    bool any = false;

    lb_html_print(out, "<h3>%s</h3>\n<div class=\"scroll\" tabindex=\"0\"><table><caption>",
                  t->scenario);
    for (size_t i = 0; i < CONSTANTS; i++)
        if (!t->varies[i] && *t->common[i]) {
            lb_html_print(out, "%s%s %s", any ? ", " : "", constants[i].label, t->common[i]);
            any = true;
        }
    fprintf(out, "</caption><thead><tr><th>layout</th>%s", t->roles ? "<th>role</th>" : "");
    for (size_t i = 0; i < CONSTANTS; i++)
        if (t->varies[i])
            fprintf(out, "<th>%s</th>", constants[i].label);
    fputs("<th>net ns/op [95 %]</th><th>difference ns [95 %]</th><th>ratio [95 %]</th>"
          "<th>verdict</th><th>min/max</th><th>B/object</th></tr></thead><tbody>\n",
          out);
}

/* A file that is not there or empty is no fault of the page's, so nothing is said of it. */
static int each_row(struct lb_page *p, const char *file, const char *const *needed,
                    struct lb_why *why, int (*each)(const struct lb_csv_reader *row, void *context),
                    void *context)
{
    struct lb_why refusal = {""};
    int err = lb_csv_each(p->dir, file, needed, &refusal, each, context);

    return err >= 0 || err == -ENOENT || err == -ENODATA ? 0
                                                         : lb_fail(why, -err, "%s", refusal.text);
}

/* Ends with the first row of another scenario. */
static int take_row(const struct lb_csv_reader *r, void *table)
{
    struct table *t = table;
    const char *scenario = *lb_csv_cell(r, "scenario") ? lb_csv_cell(r, "scenario") : "?";

    if (!*lb_csv_cell(r, "layout") || t->at++ < t->from)
        return 0;
    if (t->at - 1 == t->from && !t->out)
        snprintf(t->scenario, sizeof t->scenario, "%s", scenario);
    if (strncmp(scenario, t->scenario, sizeof t->scenario - 1) != 0) {
        t->at--;
        return 1;
    }
    if (t->out)
        put_row(t->out, t, r);
    else
        see(t, r);
    return 0;
}

/* Rows with a layout, in the order of the file, a table a scenario. */
int lb_page_numbers(struct lb_page *p, struct lb_why *why)
{
    static const char *const needed[] = {"scenario", "layout", "net_ns_op_hl", "ratio", NULL};
    size_t from = 0;
    int err = 0;

    while (!err) {
        struct table t = {.from = from};
        if ((err = each_row(p, "summary.csv", needed, why, take_row, &t)) || !t.n)
            break;
        if (!from)
            fputs("<details><summary>All numbers</summary>\n", p->out);
        put_head(p->out, &t);
        t.at = 0;
        t.out = p->out;
        err = each_row(p, "summary.csv", needed, why, take_row, &t);
        fputs("</tbody></table></div>\n", p->out);
        from = t.at;
        p->tables++;
    }
    if (from)
        fputs("</details>\n", p->out);
    return err;
}

struct latencies {
    FILE *out;
    size_t n;
};

static int put_latency(const struct lb_csv_reader *r, void *latencies)
{
    static const char *const shown[] = {"op", "pu_a_os", "pu_b_os", "class", "home"};
    struct latencies *l = latencies;

    if (!l->n++)
        fputs("<h2>One-way latency</h2>\n<div class=\"scroll\" tabindex=\"0\"><table>"
              "<caption>Half a round trip of one line, ns.</caption><thead><tr>"
              "<th>op</th><th>CPU a</th><th>CPU b</th><th>class</th><th>homed on</th>"
              "<th>ns [95 %]</th></tr></thead><tbody>\n",
              l->out);
    fputs("<tr>", l->out);
    for (size_t i = 0; i < LB_COUNT(shown); i++)
        put_cell(l->out, r, shown[i]);
    put_interval(l->out, r, "one_way_ns_median", "one_way_ns_ci95_lo", "one_way_ns_ci95_hi", 1);
    fputs("</tr>\n", l->out);
    return 0;
}

int lb_page_latencies(struct lb_page *p, struct lb_why *why)
{
    static const char *const needed[] = {"op",   "pu_a_os",           "pu_b_os",
                                         "home", "one_way_ns_median", NULL};
    struct latencies l = {p->out, 0};
    int err = each_row(p, "matrix.csv", needed, why, put_latency, &l);

    if (l.n)
        fputs("</tbody></table></div>\n", p->out);
    p->tables += l.n > 0;
    return err;
}

/* What run.json says, as far as it says it. */
void lb_page_facts(struct lb_page *p)
{
    static const struct {
        const char *path, *label;
    } facts[] = {
        {"machine.host", "host"},
        {"machine.cpu_model", "processor"},
        {"machine.hypervisor", "hypervisor"},
        {"machine.kernel", "kernel"},
        {"machine.os", "system"},
        {"machine.governor", "governor"},
        {"machine.boost", "boost"},
        {"machine.thp", "huge pages"},
        {"run.started_utc", "started"},
        {"run.seed", "seed"},
        {"build.version", "version"},
        {"build.commit", "commit"},
        {"build.compiler", "compiler"},
        {"build.c_flags", "flags"},
        {"counters.sentence", "counters"},
    };
    char path[4200], text[400], **words;
    size_t n;

    snprintf(path, sizeof path, "%s/run.json", p->dir);
    if (lb_json_read_text(path, "machine.host", NULL, text, sizeof text) &&
        lb_json_read_text(path, "build.version", NULL, text, sizeof text))
        return;
    fputs("<details><summary>Machine, build, seed and the command to repeat</summary>\n<table>\n",
          p->out);
    for (size_t i = 0; i < LB_COUNT(facts); i++)
        if (!lb_json_read_text(path, facts[i].path, NULL, text, sizeof text)) {
            lb_html_print(p->out, "<tr><th scope=\"row\">%s</th><td class=\"t\">%s</td></tr>\n",
                          facts[i].label, text);
        }
    fputs("</table>\n", p->out);
    if (!lb_json_read_texts(path, "run.command", NULL, &words, &n)) {
        fputs("<p>To repeat it: <code>", p->out);
        for (size_t i = 0; i < n; i++)
            lb_html_print(p->out, "%s%s", i ? " " : "", words[i]);
        if (!lb_json_read_text(path, "run.seed", NULL, text, sizeof text))
            lb_html_print(p->out, " --seed %s", text);
        fputs("</code></p>\n", p->out);
        lb_json_drop_texts(words);
    }
    fputs("</details>\n", p->out);
}
