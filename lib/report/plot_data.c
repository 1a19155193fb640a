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

static const struct lb_plot_kind *const kinds[] = {
    &lb_plot_layouts,  &lb_plot_onoff,   &lb_plot_causes, &lb_plot_ratio,
    &lb_plot_fairness, &lb_plot_threads, &lb_plot_offset,
};

static int put_file(const struct lb_plot_kind *kind, const struct lb_plot_rows *rows, FILE *out)
{
    const char *reason = rows->n ? kind->no_picture : kind->no_rows;
    char *pictures = NULL;
    size_t bytes;
    FILE *body = open_memstream(&pictures, &bytes);

    if (!body)
        return -ENOMEM;
    int n = rows->n ? kind->put(rows, body, &reason) : 0, err = lb_text_end(body, &pictures);
    if (n >= 0 && !err) {
        fprintf(out, "# What %s.gp draws, from %s; blocks are parted by two blank lines.\n",
                kind->name, kind->file);
        fprintf(out, "%d\t\"%s: %s in %s\"\n", n, kind->name, reason, kind->file);
        lb_dat_end_block(out);
        fputs(pictures, out);
    }
    free(pictures);
    return n < 0 ? n : err;
}

static int write_data(const struct lb_plot_kind *kind, const char *csv, const char *path,
                      struct lb_why *why)
{
    struct lb_plot_rows rows;
    struct lb_whole file;
    int err = lb_plot_rows_read(&csv, 1, kind->columns, kind->takes, why, &rows);

    if (err)
        return err;
    if (!(err = lb_whole_begin(path, why, &file))) {
        err = put_file(kind, &rows, file.out);
        if (err)
            lb_fail(why, -err, "%s: %s", path, strerror(-err));
        err = lb_whole_end(&file, err, why);
    }
    lb_plot_rows_free(&rows);
    return err;
}

int lb_plot_data(const char *run_dir, const char *name, const char *to, struct lb_why *why)
{
    char *csv = NULL, *path = NULL;
    size_t kind = 0;
    int err;

    while (kind < LB_COUNT(kinds) && strcmp(kinds[kind]->name, name))
        kind++;
    if (kind == LB_COUNT(kinds))
        return 0;
    if (asprintf(&csv, "%s/%s", run_dir, kinds[kind]->file) < 0 ||
        asprintf(&path, "%s/%s.dat", to, name) < 0)
        err = lb_fail(why, ENOMEM, "%s: %s", run_dir, strerror(ENOMEM));
    else
        err = write_data(kinds[kind], csv, path, why);
    free(csv);
    free(path);
    return err;
}
