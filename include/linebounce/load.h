/* SPDX-License-Identifier: MIT
 *
 * load: what else runs on the CPUs that are measured on, as the kernel's accounts say.
 */
#ifndef LINEBOUNCE_LOAD_H
#define LINEBOUNCE_LOAD_H

#include <linebounce/base.h>

#include <stdbool.h>

LB_BEGIN_C

/* One reading of the accounts. Times are sums over the CPUs; NaN where the kernel does not say. */
struct lb_load_mark {
    size_t n_pus;
    double wall_s;
    double busy_s, stolen_s; /* of the CPUs: at work for any task; kept back by the host */
    double own_s;            /* CPU time of this process, wherever it ran */
    double runnable;         /* tasks that run or want to, in the whole system, this one included */
};

/* Between two readings. Shares are of the time of all CPUs together, 0 to 1; NaN: not known. */
struct lb_load {
    double wall_s;       /* how long the readings lay apart; 0: there were no two */
    double others_share; /* other tasks and interrupts were at work there */
    double stolen_share; /* a host kept the CPUs to itself */
    double runnable;     /* other tasks that ran or wanted to as the span began, anywhere */
};

/* Accounts move in ticks of 10 ms (1 to 4 on some kernels): over less time a share says nothing. */
#define LB_LOAD_LEAST_S 0.2
/* More than that on the CPUs used moves what is measured, and is said. */
#define LB_LOAD_OTHERS_MOST 0.05
#define LB_LOAD_STOLEN_MOST 0.02

/* Reads /proc/stat for those CPUs (kernel numbers), below `root` ("" for the system; a folder in
 * tests). */
void lb_load_read(const char *root, const int *pu_os, size_t n, struct lb_load_mark *mark);
/* `own_threads`: how many of the tasks that ran at `from` are this process's. */
void lb_load_between(const struct lb_load_mark *from, const struct lb_load_mark *to,
                     int own_threads, struct lb_load *load);
/* Whether a span that was long enough had more other load than LB_LOAD_OTHERS_MOST or
 * LB_LOAD_STOLEN_MOST. */
bool lb_load_matters(const struct lb_load *load);

LB_END_C

#endif
