/* SPDX-License-Identifier: MIT
 *
 * The line that tells how far a run is: rewritten on a terminal, now and then elsewhere.
 */
#include "gbench_front.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REWRITE_S 0.2
#define LINE_S    60.0
/* A terminal that does not say how wide it is. */
#define COLUMNS      80
#define COLUMNS_MOST 200
#define BAR          20

/* One that can wipe its line. */
static bool is_terminal(void)
{
    const char *kind = getenv("TERM");

    return isatty(STDERR_FILENO) == 1 && kind && *kind && strcmp(kind, "dumb") != 0;
}

struct progress_state progress_begin(void)
{
    return (struct progress_state){is_terminal(), -INFINITY, false};
}

static int columns(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < BAR)
        return COLUMNS;
    return size.ws_col < COLUMNS_MOST ? size.ws_col : COLUMNS_MOST;
}

/* Which part is done, 0 to 1: by rounds where their number is given, else by the budget. */
static double share_done(const struct lb_progress *p)
{
    double round = p->windows_of_round ? (double)p->window / (double)p->windows_of_round : 0;
    double share = p->rounds ? (p->round + round) / p->rounds : p->elapsed_s / p->budget_s;

    return share >= 0 && share <= 1 ? share : share > 1 ? 1 : 0;
}

/* By the rounds asked for and by the budget, whichever ends first; NaN: not known yet. */
static double left_s(const struct lb_progress *p)
{
    double share = share_done(p);
    double budget = p->budget_s > p->elapsed_s ? p->budget_s - p->elapsed_s : 0;

    if (!p->rounds)
        return budget;
    return share > 0 ? fmin(p->elapsed_s * (1 - share) / share, budget) : NAN;
}

static void clock_time(double s, char text[24])
{
    if (s >= 3600)
        snprintf(text, 24, "%.0f:%02d:%02d", floor(s / 3600), (int)fmod(s / 60, 60),
                 (int)fmod(s, 60));
    else
        snprintf(text, 24, "%d:%02d", (int)s / 60, (int)s % 60);
}

/* "[####......] 41 %, 12:33 left, round 31, 38 of 88 decided, 4 slower so far: NAME: 41.2 ns [40.9,
 * 41.6]" */
static void compose(const struct lb_progress *p, bool bar, char *text, size_t bytes)
{
    struct lb_canvas t = {text, bytes, 0};
    double share = share_done(p);
    int filled = (int)(share * BAR);
    char left[24];

    if (bar)
        lb_canvas_put(&t, "[%.*s%.*s] ", filled, "####################", BAR - filled,
                      "....................");
    lb_canvas_put(&t, "%.0f %%, ", share * 100);
    if (isfinite(left_s(p))) {
        clock_time(left_s(p), left);
        lb_canvas_put(&t, "%s%s left, ", p->rounds ? "" : "at most ", left);
    }
    lb_canvas_put(&t, "round %u", p->round + 1);
    if (p->rounds)
        lb_canvas_put(&t, " of %u", p->rounds);
    if (p->look.compared)
        lb_canvas_put(&t, ", %zu of %zu decided, %zu slower so far", p->look.decided,
                      p->look.compared, p->look.slower);
    lb_canvas_put(&t, ": %s", p->case_name);
    if (isfinite(p->estimate_ns))
        lb_canvas_put(&t, ": %.1f ns", p->estimate_ns);
    if (isfinite(p->estimate_lo_ns))
        lb_canvas_put(&t, " [%.1f, %.1f]", p->estimate_lo_ns, p->estimate_hi_ns);
}

void progress_show(const struct lb_progress *p, void *data)
{
    struct progress_state *s = data;
    char text[400];

    if (p->elapsed_s - s->last_s < (s->terminal ? REWRITE_S : LINE_S))
        return;
    s->last_s = p->elapsed_s;
    s->shown = true;
    compose(p, s->terminal, text, sizeof text);
    if (s->terminal)
        fprintf(stderr, "\r\033[K%.*s", columns() - 1, text);
    else
        fprintf(stderr, "linebounce: %s\n", text);
}

void progress_end(struct progress_state *s)
{
    if (s->terminal && s->shown)
        fputs("\r\033[K", stderr);
    fflush(stderr);
}
