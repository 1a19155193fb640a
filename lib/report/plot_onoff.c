/* SPDX-License-Identifier: MIT
 *
 * onoff.dat: what the time of an op went into where sleeping is the subject.
 */
#include "plot_rows.h"

#include <linebounce/lock.h>
#include <linebounce/scenario.h>

#include "base/number.h"

#include <math.h>
#include <string.h>

enum part { CPU, OFF, PREEMPTED, OWNER, QUEUE, READER, SLEEPS, WAKES, HANDOFFS, LIMITS, PARTS };

static const char *const part_columns[PARTS] = {
    [CPU] = "cpu_ns_op_mean",
    [OFF] = "off_cpu_ns_op_mean",
    [PREEMPTED] = "preempted_ns_op_mean",
    [OWNER] = "spins_owner_per_op",
    [QUEUE] = "spins_queue_per_op",
    [READER] = "spins_reader_per_op",
    [SLEEPS] = "sleeps_per_kop",
    [WAKES] = "wakes_per_kop",
    [HANDOFFS] = "handoffs_per_kop",
    [LIMITS] = "spin_limits_per_kop",
};

/* Right ends of the bars, and the marks: the columns of a line of marks from the third. */
enum end {
    END_CPU,
    END_ASLEEP,
    END_PREEMPTED,
    END_UNDIVIDED, /* where nobody knows how long threads were runnable */
    END_OWNER,
    END_QUEUE,
    END_READER,
    END_SLEEPS,
    END_WAKES,
    END_HANDOFFS,
    END_LIMITS,
    ENDS
};

/* Whether sleeping on a layout's lock is the scenario's subject. */
static bool blocks(const char *name)
{
    for (size_t i = 0; i < LB_SCENARIOS; i++)
        if (!strcmp(lb_scenarios[i].name, name))
            return lb_scenarios[i].blocks && lb_scenarios[i].subject == &lb_subject_objects;
    return false;
}

/* The C library's locks tell nobody what they do inside. */
static double part_of(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                      enum part part)
{
    enum lb_lock_kind kind;

    if (part >= OWNER && !lb_lock_parse(lb_plot_cell(rows, row, "lock"), NULL, &kind) &&
        !lb_lock_info(kind)->counts)
        return NAN;
    return lb_plot_number(rows, row, part_columns[part]);
}

static bool takes(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    bool any = false;

    if (!*lb_plot_cell(rows, row, "layout") || isnan(row->work_ns) ||
        !blocks(lb_plot_cell(rows, row, "scenario")))
        return false;
    for (enum part part = 0; part < PARTS; part++)
        any |= part != OFF && part != PREEMPTED &&
               !isnan(lb_plot_number(rows, row, part_columns[part]));
    return any;
}

/* Clocks differ a little: preempted is no more than all that is off the CPU. */
static void ends_of(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                    double ends[ENDS])
{
    double p[PARTS];

    for (enum part part = 0; part < PARTS; part++)
        p[part] = part_of(rows, row, part);
    bool divided = !isnan(p[OFF]) && !isnan(p[PREEMPTED]);
    ends[END_CPU] = p[CPU];
    ends[END_ASLEEP] = divided ? p[CPU] + p[OFF] - fmin(p[OFF], p[PREEMPTED]) : NAN;
    ends[END_PREEMPTED] = divided ? p[CPU] + p[OFF] : NAN;
    ends[END_UNDIVIDED] = divided ? NAN : p[CPU] + p[OFF];
    ends[END_OWNER] = p[OWNER];
    ends[END_QUEUE] = p[OWNER] + p[QUEUE];
    ends[END_READER] = p[OWNER] + p[QUEUE] + p[READER];
    for (int i = 0; i < 4; i++)
        ends[END_SLEEPS + i] = p[SLEEPS + i];
}

/* The last end that is known, 0 where none is. */
static double last_of(const double *ends, int n)
{
    while (n && isnan(ends[n - 1]))
        n--;
    return n ? ends[n - 1] : 0;
}

/* A figure beside a bar, or what is said where there is none. */
static void put_figure(FILE *out, double figure, int digits, const char *unit, double first)
{
    char text[LB_NUMBER_BYTES];

    if (isnan(figure)) {
        fprintf(out, "\t\"%s\"", isnan(first) ? "not measured" : "in part");
        return;
    }
    lb_number_format(figure, digits, text);
    fprintf(out, "\t\"%s%s\"", text, unit);
}

static void put_mark(FILE *out, const struct lb_chart *c, const struct lb_plot_row *row)
{
    double ends[ENDS], all = part_of(c->rows, row, CPU) + part_of(c->rows, row, OFF);
    bool marked = false;

    ends_of(c->rows, row, ends);
    fprintf(out, "%d\t%d\t", lb_chart_panel(c, row), lb_chart_y(c, row));
    lb_dat_numbers(out, ends, ENDS);
    for (enum end end = END_SLEEPS; end < ENDS; end++)
        marked |= !isnan(ends[end]);
    fputc('\t', out);
    lb_dat_number(out, last_of(ends, END_UNDIVIDED + 1));
    put_figure(out, all > 0 ? 100 * part_of(c->rows, row, OFF) / all : NAN, 2, " %", ends[END_CPU]);
    fputc('\t', out);
    lb_dat_number(out, last_of(ends + END_OWNER, 3));
    put_figure(out, ends[END_READER], 3, "", ends[END_OWNER]);
    fprintf(out, "\t\"%s\"\n", marked ? "" : "not measured");
}

/* Entries that a scenario was not run with have a line too. */
static void put_absent(FILE *out, size_t panel, size_t y)
{
    double ends[ENDS];

    for (enum end end = 0; end < ENDS; end++)
        ends[end] = NAN;
    fprintf(out, "%zu\t%zu\t", panel, y);
    lb_dat_numbers(out, ends, ENDS);
    fputs("\t0\t\"not run\"\t0\t\"\"\t\"\"\n", out);
}

/* Panel, title, the largest end of each column of panels, the least mark over 0. */
static void put_panel(FILE *out, const struct lb_chart *c, size_t p)
{
    double numbers[] = {NAN, NAN, NAN, NAN}, ends[ENDS];

    for (size_t i = 0; i < c->n; i++) {
        if (c->shown[i]->panel != c->panels[p]->panel)
            continue;
        ends_of(c->rows, c->shown[i], ends);
        for (enum end end = 0; end < ENDS; end++) {
            int of = end < END_OWNER ? 0 : end < END_SLEEPS ? 1 : 2;
            numbers[of] = fmax(numbers[of], ends[end]);
            if (of == 2 && ends[end] > 0)
                numbers[3] = fmin(numbers[3], ends[end]);
        }
    }
    lb_dat_panel(out, c, p);
    lb_dat_numbers(out, numbers, LB_COUNT(numbers));
    fputc('\n', out);
}

static void put(FILE *out, const struct lb_chart *c, double work_ns)
{
    double ends[ENDS];
    bool divided = false, undivided = false;

    for (size_t i = 0; i < c->n; i++) {
        ends_of(c->rows, c->shown[i], ends);
        divided |= !isnan(ends[END_ASLEEP]);
        undivided |= !isnan(ends[END_UNDIVIDED]);
    }
    lb_dat_work_head(out, c, "onoff", "Spinning and sleeping", work_ns, "");
    fprintf(out, "\t%d\t%d\n", divided, undivided);
    lb_dat_entries(out, c);
    for (size_t p = 0; p < c->n_panels; p++)
        put_panel(out, c, p);
    lb_dat_end_block(out);
    for (size_t i = 0; i < c->n; i++)
        put_mark(out, c, c->shown[i]);
    for (size_t p = 0; p < c->n_panels; p++)
        for (size_t e = 0; e < c->n_entries; e++)
            if (!lb_chart_has(c, p, e))
                put_absent(out, p + 1, c->n_entries - e);
    lb_dat_end_block(out);
}

static int picture(const struct lb_plot_rows *rows, int group, double work_ns, FILE *out)
{
    struct lb_chart chart = {.n = 0};
    int err = lb_chart_make(rows, group, work_ns, NULL, NULL, &chart);

    if (chart.n)
        put(out, &chart, work_ns);
    lb_chart_free(&chart);
    return err ? err : chart.n != 0;
}

const struct lb_plot_kind lb_plot_onoff = {
    .name = "onoff",
    LB_PLOT_SUMMARY,
    .takes = takes,
    .picture = picture,
    .no_rows = "no times or spins of writers or mixed",
    .no_picture = "no times or spins of writers or mixed",
};
