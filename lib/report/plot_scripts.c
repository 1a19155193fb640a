/* SPDX-License-Identifier: MIT
 *
 * The gnuplot scripts that the library carries, as files for gnuplot.
 */
#include "plot_private.h"

#include <linebounce/base.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int write_one(const char *folder, const struct lb_plot_script *script, struct lb_why *why)
{
    struct lb_whole file;
    char *path;

    if (asprintf(&path, "%s/%s", folder, script->name) < 0)
        return lb_fail(why, ENOMEM, "%s: out of memory", script->name);
    int err = lb_whole_begin(path, why, &file);
    free(path);
    if (err)
        return err;
    fwrite(script->bytes, 1, script->n_bytes, file.out);
    return lb_whole_end(&file, 0, why);
}

int lb_plot_scripts_write(const char *otherwise, struct lb_why *why, char **folder)
{
    char *made;
    int err = lb_sketch_begin(otherwise, why, &made);

    if (err)
        return err;
    for (const struct lb_plot_script *s = lb_plot_scripts; !err && s->name; s++)
        err = write_one(made, s, why);
    if (err)
        lb_sketch_end(made);
    else
        *folder = made;
    return err;
}
