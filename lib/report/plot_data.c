/* SPDX-License-Identifier: MIT
 *
 * NAME.dat: what a script draws. Blocks are parted by two blank lines, cells by tabs. The first has
 * one line: the pictures that follow, and why where there are none. Then of each picture four:
 * its file, title, panels, entries and texts; "y label" of every entry; its panels; its marks.
 */
#include "plot_private.h"
#include "plot_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const lb_plot_summary_columns[] = {
    "placement",
    "distance",
    "home",
    "threads",
    "regime",
    "work_ns",
    "scenario",
    "role",
    "writers",
    "objects",
    "access",
    "layout",
    "lock",
    "ns_op_median",
    "ns_op_ci95_lo",
    "ns_op_ci95_hi",
    "net_ns_op_hl",
    "net_ns_op_ci95_lo",
    "net_ns_op_ci95_hi",
    "cpu_ns_op_mean",
    "off_cpu_ns_op_mean",
    "preempted_ns_op_mean",
    "spins_owner_per_op",
    "spins_queue_per_op",
    "spins_reader_per_op",
    "spin_limits_per_kop",
    "sleeps_per_kop",
    "wakes_per_kop",
    "handoffs_per_kop",
    "latency_samples",
    "latency_p50_ns",
    "latency_p99_ns",
    "slow_ops_per_kop",
    "events",
    "events_per_op",
    "event_states",
    "windows",
    "windows_other_regime",
    "min_over_max_median",
    "offset_bytes",
    "baseline",
    "ratio",
    "ratio_ci95_lo",
    "ratio_ci95_hi",
    "verdict",
    "unfair",
    NULL,
};
static const struct lb_plot_kind *const kinds[] = {&lb_plot_layouts, &lb_plot_onoff,
                                                   &lb_plot_causes};

/* All pictures of a kind; how many. */
static int put_pictures(size_t kind, const struct lb_plot_rows *rows, FILE *out)
{
    int n = 0;

    for (int group = 0; group < rows->n_groups; group++)
        for (size_t w = 0; w < rows->n_works; w++) {
            int drawn = kinds[kind]->picture(rows, group, rows->works[w], out);
            if (drawn < 0)
                return drawn;
            n += drawn;
        }
    return n;
}

static int put_file(size_t kind, const struct lb_plot_rows *rows, FILE *out)
{
    char *pictures = NULL;
    size_t bytes;
    FILE *body = open_memstream(&pictures, &bytes);

    if (!body)
        return -ENOMEM;
    int n = put_pictures(kind, rows, body), err = lb_text_end(body, &pictures);
    if (n >= 0 && !err) {
        fprintf(out,
                "# What %s.gp draws, from summary.csv; blocks are parted by two blank lines.\n",
                kinds[kind]->name);
        fprintf(out, "%d\t\"%s: %s in summary.csv\"\n", n, kinds[kind]->name,
                rows->n ? kinds[kind]->no_picture : kinds[kind]->no_rows);
        lb_dat_end_block(out);
        fputs(pictures, out);
    }
    free(pictures);
    return n < 0 ? n : err;
}

int lb_plot_data(const char *run_dir, const char *name, const char *to, struct lb_why *why)
{
    struct lb_plot_rows rows = {.n = 0};
    struct lb_whole file;
    char *csv = NULL, *path = NULL;
    size_t kind = 0;

    while (kind < LB_COUNT(kinds) && strcmp(kinds[kind]->name, name))
        kind++;
    if (kind == LB_COUNT(kinds))
        return 0;
    int err =
        asprintf(&csv, "%s/summary.csv", run_dir) < 0 || asprintf(&path, "%s/%s.dat", to, name) < 0
            ? lb_fail(why, ENOMEM, "%s: %s", run_dir, strerror(ENOMEM))
            : 0;
    if (!err)
        err = lb_plot_rows_read(csv, lb_plot_summary_columns, kinds[kind]->takes, why, &rows);
    if (!err && !(err = lb_whole_begin(path, why, &file))) {
        err = put_file(kind, &rows, file.out);
        if (err)
            lb_fail(why, -err, "%s: %s", path, strerror(-err));
        err = lb_whole_end(&file, err, why);
    }
    lb_plot_rows_free(&rows);
    free(csv);
    free(path);
    return err;
}
