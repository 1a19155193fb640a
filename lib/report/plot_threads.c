/* SPDX-License-Identifier: MIT
 *
 * threads.dat: what an op costs, and how many there are in a second, against the number of threads.
 */
#include "plot_rows.h"

#include <linebounce/placement.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CLASSES_MOST 16

/* Curves of threads close together, and far apart. */
enum family { COMPACT, SCATTER, FAMILIES };

static const char *const columns[] = {"ns_op_median", "ns_op_ci95_lo", "ns_op_ci95_hi"};

struct point {
    double threads;
    struct lb_plot_value ns, rate; /* million ops a second */
};

/* Distances of a picture's threads, from near to far: a panel each. */
struct classes {
    const char *names[CLASSES_MOST];
    int ranks[CLASSES_MOST], n;
};

static bool takes(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    return *lb_plot_cell(rows, row, "layout") && !isnan(row->work_ns) &&
           lb_plot_is_local(rows, row) && lb_plot_number(rows, row, "threads") > 0 &&
           lb_plot_speaks(rows, row);
}

static bool is_known(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                     const void *panel)
{
    return lb_plot_number(rows, row, columns[0]) > 0 &&
           (!panel || row->panel == *(const int64_t *)panel);
}

/* One thread alone is at no distance: it stands at the start of every panel. */
static bool is_alone(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    const char *distance = lb_plot_cell(rows, row, "distance");

    return !*distance || !strcmp(distance, lb_distance_name(LB_DISTANCE_NONE));
}

static enum family family_of(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    return strncmp(lb_plot_cell(rows, row, "placement"), "scatter", 7) ? COMPACT : SCATTER;
}

static void add_class(struct classes *c, const char *name, int rank)
{
    int place = c->n;

    for (int i = 0; i < c->n; i++)
        if (!strcmp(c->names[i], name))
            return;
    if (c->n == CLASSES_MOST)
        return;
    for (; place && c->ranks[place - 1] > rank; place--) {
        c->names[place] = c->names[place - 1];
        c->ranks[place] = c->ranks[place - 1];
    }
    c->names[place] = name;
    c->ranks[place] = rank;
    c->n++;
}

static void find_classes(const struct lb_chart *c, struct classes *classes)
{
    classes->n = 0;
    for (size_t i = 0; i < c->n; i++)
        if (!is_alone(c->rows, c->shown[i]))
            add_class(classes, lb_plot_cell(c->rows, c->shown[i], "distance"),
                      lb_plot_distance(c->rows, c->shown[i]));
}

static struct point point_of(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    struct point p = {.threads = lb_plot_number(rows, row, "threads"),
                      .ns = lb_plot_value(rows, row, columns)};
    double all = 1e3 * p.threads;

    p.rate = (struct lb_plot_value){all / p.ns.value, all / p.ns.high,
                                    all / (p.ns.low > 0 ? p.ns.low : p.ns.value)};
    if (!isnan(lb_plot_number(rows, row, "late_ns_op_median"))) { /* paced: it waits between ops */
        double rate = 1e-6 * lb_plot_number(rows, row, "ops_per_s_median");
        p.rate = (struct lb_plot_value){rate, rate, rate};
    }
    return p;
}

static int by_threads(const void *a, const void *b)
{
    const struct point *x = a, *y = b;
    double left[] = {x->threads, x->ns.value}, right[] = {y->threads, y->ns.value};
    int first = lb_by_value(&left[0], &right[0]);

    return first ? first : lb_by_value(&left[1], &right[1]);
}

/* The points of one curve by their threads; how many. Of threads far apart, one alone belongs to a
 * curve only where there is another. */
static size_t find_curve(const struct lb_chart *c, const struct lb_plot_row *entry,
                         const char *class, enum family family, struct point *points)
{
    size_t n = 0, n_alone = 0;

    for (size_t i = 0; i < c->n; i++) {
        const struct lb_plot_row *row = c->shown[i];
        bool alone = is_alone(c->rows, row);
        if (row->entry != entry->entry ||
            (!alone && (strcmp(lb_plot_cell(c->rows, row, "distance"), class) != 0 ||
                        family_of(c->rows, row) != family)))
            continue;
        points[n++] = point_of(c->rows, row);
        n_alone += alone;
    }
    qsort(points, n, sizeof *points, by_threads);
    return family == COMPACT || n > n_alone ? n : 0;
}

/* Class, entry, family, threads, ns/op and million ops a second with their intervals. */
static void put_point(FILE *out, int class, size_t entry, int family, const struct point *p)
{
    fprintf(out, "%d\t%zu\t%d\t", class, entry, family);
    lb_dat_numbers(out,
                   (double[]){p->threads, p->ns.value, p->ns.low, p->ns.high, p->rate.value,
                              p->rate.low, p->rate.high},
                   7);
    fputc('\n', out);
}

/* Class, entry, family, threads, ns/op and rate: where there are several of so many threads their
 * mean. */
static void put_curve(FILE *out, int class, size_t entry, int family, const struct point *points,
                      size_t n)
{
    for (size_t i = 0, k; i < n; i = k) {
        double ns = 0, rate = 0;
        for (k = i; k < n && points[k].threads == points[i].threads; k++) {
            ns += points[k].ns.value;
            rate += points[k].rate.value;
        }
        fprintf(out, "%d\t%zu\t%d\t", class, entry, family);
        lb_dat_numbers(
            out, (double[]){points[i].threads, ns / (double)(k - i), rate / (double)(k - i)}, 3);
        fputc('\n', out);
    }
}

static void put_curves(FILE *out, const struct lb_chart *c, const struct classes *classes,
                       bool marks, struct point *points)
{
    for (int class = 0; class < classes->n; class ++)
        for (size_t e = 0; e < c->n_entries; e++)
            for (int family = 0; family < FAMILIES; family++) {
                size_t n = find_curve(c, c->entries[e], classes->names[class], (enum family)family,
                                      points);
                for (size_t i = 0; marks && i < n; i++)
                    put_point(out, class + 1, e + 1, family + 1, &points[i]);
                if (!marks)
                    put_curve(out, class + 1, e + 1, family + 1, points, n);
            }
    lb_dat_end_block(out);
}

static void base_name(const struct lb_chart *all, size_t p, char text[LB_DAT_TEXT_BYTES])
{
    const struct lb_plot_row *row = all->panels[p];
    const char *role = lb_plot_cell(all->rows, row, "role");
    const char *objects = lb_plot_cell(all->rows, row, "objects");
    bool one_role = !*role || !strcmp(role, "all");

    snprintf(text, LB_DAT_TEXT_BYTES, "threads-%.60s%s%.30s%s%.20s",
             lb_plot_cell(all->rows, row, "scenario"), one_role ? "" : "-", one_role ? "" : role,
             *objects ? "-" : "", objects);
}

/* Scenario, role and objects, and what else tells its panel from an earlier one of these. */
static void name_of(const struct lb_chart *all, size_t p, double work_ns,
                    char text[LB_DAT_TEXT_BYTES])
{
    const char *writers = lb_plot_cell(all->rows, all->panels[p], "writers");
    const char *access = lb_plot_cell(all->rows, all->panels[p], "access");
    const char *every = lb_plot_cell(all->rows, all->panels[p], "every_ns");
    char own[LB_DAT_TEXT_BYTES], other[LB_DAT_TEXT_BYTES], name[2 * LB_DAT_TEXT_BYTES];
    bool taken = false;

    base_name(all, p, own);
    for (size_t k = 0; k < p; k++) {
        base_name(all, k, other);
        taken |= !strcmp(own, other);
    }
    if (taken)
        snprintf(name, sizeof name, "%s%s%.20s%s%.20s%s%.30s", own, *writers ? "-" : "", writers,
                 *every ? "-every" : "", every, *access ? "-" : "", access);
    else
        snprintf(name, sizeof name, "%s", own);
    lb_dat_name(all->rows, name, work_ns, text);
}

/* Beyond what all pictures have (a panel a class): most threads, ends of both axes, a note. */
static void put_head(FILE *out, const struct lb_chart *all, const struct lb_chart *c, size_t p,
                     double work_ns, const struct classes *classes)
{
    struct lb_plot_range ns = LB_PLOT_RANGE, rate = LB_PLOT_RANGE;
    char file[LB_DAT_TEXT_BYTES], panel[LB_DAT_TEXT_BYTES], work[LB_DAT_TEXT_BYTES];
    char title[3 * LB_DAT_TEXT_BYTES];
    double most = 0;

    for (size_t i = 0; i < c->n; i++) {
        struct point point = point_of(c->rows, c->shown[i]);
        lb_plot_range_add(&ns, &point.ns);
        lb_plot_range_add(&rate, &point.rate);
        most = fmax(most, point.threads);
    }
    name_of(all, p, work_ns, file);
    lb_dat_panel_title(c->rows, c->shown[0], panel);
    lb_dat_work_title(work_ns, work);
    snprintf(title, sizeof title, "%s against threads, %s", panel, work);
    lb_dat_text(out, file);
    fputc('\t', out);
    lb_dat_text(out, title);
    fprintf(out, "\t%d\t%zu\t", classes->n, c->n_entries);
    lb_dat_numbers(out, (double[]){most, ns.low, ns.high, rate.low, rate.high}, 5);
    fputs("\t\"Filled, full: close together (compact); hollow, dashed: far apart (scatter). Bars: "
          "95 %\"\n",
          out);
}

static int put_picture(FILE *out, const struct lb_chart *all, size_t p, double work_ns,
                       const struct lb_chart *c)
{
    struct classes classes;
    struct point *points = calloc(c->n + 1, sizeof *points);

    if (!points)
        return -ENOMEM;
    find_classes(c, &classes);
    put_head(out, all, c, p, work_ns, &classes);
    lb_dat_legend(out, c);
    for (int class = 0; class < classes.n; class ++)
        lb_dat_label(out, (size_t) class + 1, classes.names[class]);
    lb_dat_end_block(out);
    put_curves(out, c, &classes, true, points);
    put_curves(out, c, &classes, false, points);
    free(points);
    return 0;
}

/* Whether there are two numbers of threads. */
static bool is_curve(const struct lb_chart *c)
{
    for (size_t i = 1; i < c->n; i++)
        if (lb_plot_number(c->rows, c->shown[i], "threads") !=
            lb_plot_number(c->rows, c->shown[0], "threads"))
            return true;
    return false;
}

/* One of each scenario and role that has a curve. */
static int pictures(const struct lb_plot_rows *rows, int group, double work_ns, FILE *out)
{
    struct lb_chart all = {.n = 0};
    int n = 0, err = lb_chart_make(rows, group, work_ns, is_known, NULL, &all);

    for (size_t p = 0; !err && p < all.n_panels; p++) {
        struct lb_chart chart = {.n = 0};
        err = lb_chart_make(rows, group, work_ns, is_known, &all.panels[p]->panel, &chart);
        if (!err && is_curve(&chart)) {
            err = put_picture(out, &all, p, work_ns, &chart);
            n++;
        }
        lb_chart_free(&chart);
    }
    lb_chart_free(&all);
    return err ? err : n;
}

const struct lb_plot_kind lb_plot_threads = {
    .name = "threads",
    .some_runs = true,
    LB_PLOT_SUMMARY,
    .takes = takes,
    .picture = pictures,
    .together = true,
    .no_rows = "no rows of layouts",
    .no_picture = "no case with two numbers of threads",
};
