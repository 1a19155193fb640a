/* SPDX-License-Identifier: MIT
 *
 * heatmap.dat: one-way latency of a line between every two CPUs.
 */
#include "plot_rows.h"

#include <linebounce/record.h>

#include "base/number.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Hundreds of CPUs have a hundred thousand pairs: they are kept as numbers. */
struct cell {
    int op, row, column; /* CPUs by the kernel's numbers */
    double ns;           /* NaN: not measured, by whatever op */
};

struct matrix {
    struct lb_seen ops;
    struct cell *cells;
    int *cpus; /* those of all cells, sorted */
    size_t n, n_cpus;
    size_t n_changed; /* cells that were seen at another distance too */
};

/* The line lies at home on the node of the row's CPU. */
static int add_cell(struct matrix *m, int op, double row, double column, double ns)
{
    struct cell *cell = lb_more(&m->cells, &m->n, sizeof *cell);

    if (!cell)
        return -ENOMEM;
    *cell = (struct cell){op, (int)row, (int)column, ns};
    return 0;
}

static bool is_cpu(double number)
{
    return number >= 0 && number < 1e9 && number == floor(number);
}

static int add_row(const struct lb_csv_reader *reader, void *matrix)
{
    struct matrix *m = matrix;
    const char *op = lb_csv_cell(reader, "op"), *home = lb_csv_cell(reader, "home");
    double a = lb_csv_number(reader, "pu_a_os"), b = lb_csv_number(reader, "pu_b_os");
    double ns = lb_csv_number(reader, "one_way_ns_median");
    bool both = !strcmp(home, "both"), at_a = both || !strcmp(home, "a");
    bool at_b = both || !strcmp(home, "b");
    int of = 0, err = 0;

    if (!is_cpu(a) || !is_cpu(b) || !(at_a || at_b))
        return 0;
    if (!isnan(ns) && (of = lb_seen_order(&m->ops, op, strlen(op))) < 0)
        return of;
    if (at_a)
        err = add_cell(m, of, a, b, ns);
    if (!err && at_b)
        err = add_cell(m, of, b, a, ns);
    if (lb_csv_number(reader, "rounds_other_regime") > 0)
        m->n_changed += (size_t)at_a + (size_t)at_b;
    return err;
}

static int by_number(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return x < y ? -1 : x > y;
}

static int by_place(const void *a, const void *b)
{
    const struct cell *x = a, *y = b;
    int first = by_number(&x->op, &y->op), second = by_number(&x->row, &y->row);

    return first ? first : second ? second : by_number(&x->column, &y->column);
}

static int sort(struct matrix *m)
{
    size_t n = 0;

    if (!(m->cpus = calloc(2 * m->n, sizeof *m->cpus)))
        return -ENOMEM;
    qsort(m->cells, m->n, sizeof *m->cells, by_place);
    for (size_t i = 0; i < m->n; i++) {
        m->cpus[m->n_cpus++] = m->cells[i].row;
        m->cpus[m->n_cpus++] = m->cells[i].column;
    }
    qsort(m->cpus, m->n_cpus, sizeof *m->cpus, by_number);
    for (size_t i = 0; i < m->n_cpus; i++)
        if (i == 0 || m->cpus[i] != m->cpus[n - 1])
            m->cpus[n++] = m->cpus[i];
    m->n_cpus = n;
    return 0;
}

/* From 1, as they stand along both sides. */
static size_t place_of(const struct matrix *m, int cpu)
{
    const int *found = bsearch(&cpu, m->cpus, m->n_cpus, sizeof *m->cpus, by_number);
    return (size_t)(found - m->cpus) + 1;
}

/* Operation, name, least and greatest latency. */
static void put_op(FILE *out, const struct matrix *m, size_t op)
{
    struct lb_plot_range range = LB_PLOT_RANGE;

    for (size_t i = 0; i < m->n; i++) {
        double ns = m->cells[i].ns;
        if ((size_t)m->cells[i].op == op)
            lb_plot_range_add(&range, &(struct lb_plot_value){ns, ns, ns});
    }
    fprintf(out, "%zu\t", op + 1);
    lb_dat_text(out, m->ops.list[op]);
    fputc('\t', out);
    lb_dat_numbers(out, (double[]){range.low, range.high}, 2);
    fputc('\n', out);
}

/* Operation, column, row, latency, the same as it is shown; what was not measured has no line. */
static void put_cell(FILE *out, const struct matrix *m, const struct cell *cell)
{
    char text[LB_NUMBER_BYTES];

    if (isnan(cell->ns))
        return;
    fprintf(out, "%d\t%zu\t%zu\t", cell->op + 1, place_of(m, cell->column), place_of(m, cell->row));
    lb_dat_number(out, cell->ns);
    lb_number_format(cell->ns, 3, text);
    fprintf(out, "\t\"%s\"\n", text);
}

static void put_picture(FILE *out, const struct matrix *m)
{
    char note[96] = "";

    if (m->n_changed)
        snprintf(note, sizeof note, "%zu of the cells were seen at another distance too",
                 m->n_changed);
    fprintf(out,
            "\"heatmap\"\t\"One-way latency of a line: half a round trip\"\t%zu\t%zu\t\"%s\"\n",
            m->ops.n, m->n_cpus, note);
    lb_dat_end_block(out);
    for (size_t i = 0; i < m->n_cpus; i++)
        fprintf(out, "%zu\t\"%d\"\n", i + 1, m->cpus[i]);
    lb_dat_end_block(out);
    for (size_t op = 0; op < m->ops.n; op++)
        put_op(out, m, op);
    lb_dat_end_block(out);
    for (size_t i = 0; i < m->n; i++)
        put_cell(out, m, &m->cells[i]);
    lb_dat_end_block(out);
}

static int put(const char *csv, FILE *out, const char **reason, struct lb_why *why)
{
    struct matrix m = {.n = 0};
    int err = lb_csv_each(NULL, csv, NULL, why, add_row, &m);
    bool any = false;

    (void)reason;
    for (size_t i = 0; !err && i < m.n; i++)
        any |= !isnan(m.cells[i].ns);
    if (any && sort(&m))
        err = lb_fail(why, ENOMEM, "%s: %s", csv, strerror(ENOMEM));
    else if (any)
        put_picture(out, &m);
    lb_seen_free(&m.ops);
    free(m.cells);
    free(m.cpus);
    return err ? err : any;
}

const struct lb_plot_kind lb_plot_heatmap = {
    .name = "heatmap",
    .some_runs = true,
    .file = "matrix.csv",
    .no_picture = "no pair was measured",
    .read = put,
};
