/* SPDX-License-Identifier: MIT */
#include "front.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#define REWRITE_S 0.2
#define LINE_S    10.0

struct progress_state progress_begin(void)
{
    return (struct progress_state){isatty(STDERR_FILENO) == 1, -INFINITY, false};
}

void progress_show(const struct lb_progress *p, void *data)
{
    struct progress_state *s = data;
    double left = p->budget_s > p->elapsed_s ? p->budget_s - p->elapsed_s : 0;

    if (p->elapsed_s - s->last_s < (s->terminal ? REWRITE_S : LINE_S))
        return;
    s->last_s = p->elapsed_s;
    s->shown = true;
    if (s->terminal)
        fprintf(stderr, "\r\033[Kround %u, window %zu of %zu, %.0f s, at most %.0f s left: %.60s",
                p->round + 1, p->window + 1, p->windows_of_round, p->elapsed_s, left, p->case_name);
    else
        fprintf(stderr, "linebounce: round %u, %.0f s, at most %.0f s left\n", p->round + 1,
                p->elapsed_s, left);
}

void progress_end(struct progress_state *s)
{
    if (s->terminal && s->shown)
        fputs("\r\033[K", stderr);
    fflush(stderr);
}
