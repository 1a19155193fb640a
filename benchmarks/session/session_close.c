/* SPDX-License-Identifier: MIT
 *
 * The end of a session: what is still to be written, and what is there of it all.
 */
#include "exit_status.h"
#include "present.h"
#include "provenance.h"
#include "session.h"

#include <linebounce/page.h>
#include <linebounce/plot.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int check_folder(const struct session *w, struct lb_why *why)
{
    if (provenance_has_folder(w->dir, w->dir_fd))
        return 0;
    return lb_fail(why, ENOENT,
                   "%s: the results folder was removed or renamed while it was measured: results "
                   "are lost",
                   w->dir);
}

static int check_csv(struct lb_csv **csv)
{
    struct lb_why why = {""};
    int err = *csv ? lb_csv_check(*csv, &why) : 0;

    lb_csv_close(*csv);
    *csv = NULL;
    return err ? session_complain(&why, EXIT_NOT_MEASURED) : EXIT_DONE;
}

/* Pictures can be drawn again; a page is missed. */
static int draw(const struct session *w, bool *pictures)
{
    struct lb_why why = {""}, refusal = {""};
    struct lb_pictures n = {0, 0};
    int err;

    lb_plot_within(w->dir, provenance_plots(), session_picture_s(w), &why, &n);
    if (*why.text) /* what failed, or what a run of this kind has no picture of */
        fprintf(stderr, "linebounce: plots: %s\n", why.text);
    *pictures = n.drawn > 0;
    err = lb_page_write(w->dir, *why.text ? why.text : NULL, &refusal);
    return err && err != -ENODATA ? session_complain(&refusal, EXIT_NOT_MEASURED) : EXIT_DONE;
}

int session_close(struct session *w, bool quiet)
{
    struct lb_why why = {""};
    struct lb_found *found = NULL;
    char path[600];
    bool pictures = false;
    int status;

    if (!*w->dir)
        return EXIT_DONE;
    if (check_folder(w, &why)) {
        lb_csv_close(w->samples);
        lb_csv_close(w->summary);
        w->samples = w->summary = NULL;
        close(w->dir_fd);
        return session_complain(&why, EXIT_NOT_MEASURED);
    }
    status = check_csv(&w->samples) | check_csv(&w->summary);
    snprintf(path, sizeof path, "%s/run.json", w->dir);
    if (lb_json_write(w->manifest, path, &why))
        status = session_complain(&why, EXIT_NOT_MEASURED);
    else if (present_write(w, &found))
        status = EXIT_NOT_MEASURED;
    if (!w->settings->no_plots && draw(w, &pictures))
        status = EXIT_NOT_MEASURED;
    if (!present_has(w, "topology.xml")) {
        fprintf(stderr, "linebounce: %s/topology.xml: is gone\n", w->dir);
        status = EXIT_NOT_MEASURED;
    }
    present(w, found, quiet, pictures);
    if (found && !quiet && !status)
        status = present_judge(w->settings, found);
    lb_found_destroy(found);
    close(w->dir_fd);
    return status;
}
