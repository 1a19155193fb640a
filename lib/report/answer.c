/* SPDX-License-Identifier: MIT
 *
 * A results folder as an answer, from its files to its sentences.
 */
#include "answer_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void lb_found_destroy(struct lb_found *f)
{
    if (!f)
        return;
    free(f->suites);
    free(f->layouts);
    free(f->groups);
    free(f->places);
    free(f->cells);
    free(f->controls);
    free(f->pauses);
    free(f->pu_pairs);
    free(f->scans);
    free(f);
}

int lb_found_read(const char *dir, struct lb_why *why, struct lb_found **found)
{
    struct lb_found *f = calloc(1, sizeof *f);
    int err = f ? 0 : -ENOMEM;

    if (!err) {
        snprintf(f->dir, sizeof f->dir, "%s", dir);
        f->near_ns = f->far_ns = f->budget_s = f->cpus = NAN;
        f->margin = (struct lb_margin){LB_MARGIN_NS, LB_MARGIN_SHARE};
        err = lb_found_rows(f, why);
    }
    if (!err)
        err = lb_found_read_pu_pairs(f, why);
    if (!err && !(err = lb_found_sort(f)) && !(err = lb_found_checks(f))) {
        lb_found_count(f);
        lb_found_say(f);
    }
    if (err == -ENOMEM)
        lb_explain(why, err, dir);
    if (err)
        lb_found_destroy(f);
    else
        *found = f;
    return err;
}

bool lb_found_is_plain(const struct lb_found *f)
{
    const char *at = strstr(f->command, "linebounce run");

    if (!at)
        return false;
    at += strlen("linebounce run");
    if (!strncmp(at, " --out ", 7))
        at += 7 + strcspn(at + 7, " ");
    return !*at;
}
