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

static int put_each(const struct lb_plot_kind *kind, const struct lb_plot_rows *rows, FILE *out)
{
    int n = 0, first = kind->together ? LB_PLOT_ANYWHERE : 0;
    int end = kind->together ? first + 1 : rows->n_groups;

    for (int group = first; group < end; group++)
        for (size_t w = 0; w < rows->n_works; w++) {
            int drawn = kind->picture(rows, group, rows->works[w], out);
            if (drawn < 0)
                return drawn;
            n += drawn;
        }
    return n;
}

/* The pictures of files; how many, or -errno. */
static int put_pictures(const struct lb_plot_kind *kind, const struct lb_plot_files *files,
                        FILE *out, const char **reason, struct lb_why *why)
{
    struct lb_plot_rows rows;

    if (kind->read)
        return kind->read(files->paths[0], out, reason, why);
    int err = lb_plot_rows_read(kind, files, why, &rows);
    if (err)
        return err;
    *reason = !rows.n                                ? kind->no_rows
              : kind->one_place && rows.n_places < 2 ? kind->one_place
                                                     : kind->no_picture;
    int n = !rows.n ? 0 : kind->picture ? put_each(kind, &rows, out) : kind->put(&rows, out);
    lb_plot_rows_free(&rows);
    return n < 0 ? lb_fail(why, -n, "%s: %s", files->paths[0], strerror(-n)) : n;
}

static int write_file(const struct lb_plot_kind *kind, int n, const char *reason,
                      const char *pictures, const char *path, struct lb_why *why)
{
    struct lb_whole file;
    int err = lb_whole_begin(path, why, &file);

    if (err)
        return err;
    fprintf(file.out, "# What %s.gp draws, from %s; blocks are parted by two blank lines.\n",
            kind->name, kind->file);
    fprintf(file.out, "%d\t\"%s: %s in %s\"\n", n, kind->name, reason, kind->file);
    lb_dat_end_block(file.out);
    fputs(pictures, file.out);
    return lb_whole_end(&file, 0, why);
}

static int write_data(const struct lb_plot_kind *kind, const struct lb_plot_files *files,
                      const char *path, struct lb_why *why)
{
    const char *reason = kind->no_picture;
    char *pictures = NULL;
    size_t bytes;
    FILE *body = open_memstream(&pictures, &bytes);

    if (!body)
        return lb_fail(why, ENOMEM, "%s: %s", path, strerror(ENOMEM));
    int n = put_pictures(kind, files, body, &reason, why), err = n < 0 ? n : 0;
    if (lb_text_end(body, &pictures) && !err)
        err = lb_fail(why, ENOMEM, "%s: %s", path, strerror(ENOMEM));
    if (!err)
        err = write_file(kind, n, reason, pictures, path, why);
    free(pictures);
    return err;
}

static const struct lb_plot_kind *find_kind(const char *name)
{
    size_t i = 0;

    while (lb_plot_kinds[i] && strcmp(lb_plot_kinds[i]->name, name))
        i++;
    return lb_plot_kinds[i];
}

int lb_plot_data_of(const char *const *run_dirs, const char *const *names, size_t n,
                    const char *name, const char *to, struct lb_why *why)
{
    const struct lb_plot_kind *kind = find_kind(name);
    char **csv = calloc(n + 1, sizeof *csv), *path = NULL;
    struct lb_plot_files files = {(const char *const *)csv, names, n};
    bool whole = csv && asprintf(&path, "%s/%s.dat", to, name) >= 0;
    int err = 0;

    for (size_t i = 0; whole && kind && i < n; i++)
        whole = asprintf(&csv[i], "%s/%s", run_dirs[i], kind->file) >= 0;
    if (!whole)
        err = lb_fail(why, ENOMEM, "%s: %s", to, strerror(ENOMEM));
    else if (kind)
        err = write_data(kind, &files, path, why);
    for (size_t i = 0; csv && i < n; i++)
        free(csv[i]);
    free(csv);
    free(path);
    return err;
}

int lb_plot_data(const char *run_dir, const char *name, const char *to, struct lb_why *why)
{
    return lb_plot_data_of(&run_dir, NULL, 1, name, to, why);
}
