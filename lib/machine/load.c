/* SPDX-License-Identifier: MIT
 *
 * /proc/stat read twice: what else ran on the CPUs in between.
 */
#include <linebounce/load.h>

#include "base/sys_files.h"

#include <linebounce/clock.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static bool is_among(const int *pu_os, size_t n, int pu)
{
    for (size_t i = 0; i < n; i++)
        if (pu_os[i] == pu)
            return true;
    return false;
}

/* "cpu3 user nice system idle iowait irq softirq steal ...": guests' time is part of user's. */
static bool take_cpu(const char *line, const int *pu_os, size_t n, double *busy, double *stolen)
{
    unsigned long long t[8];
    int pu;

    /* The line of all CPUs has a blank there. */
    if (strncmp(line, "cpu", 3) != 0 || !isdigit((unsigned char)line[3]) ||
        sscanf(line, "cpu%d %llu %llu %llu %llu %llu %llu %llu %llu", &pu, &t[0], &t[1], &t[2],
               &t[3], &t[4], &t[5], &t[6], &t[7]) != 9 ||
        !is_among(pu_os, n, pu))
        return false;
    *busy += (double)(t[0] + t[1] + t[2] + t[5] + t[6]);
    *stolen += (double)t[7];
    return true;
}

static double own_s(void)
{
    struct rusage u;

    if (getrusage(RUSAGE_SELF, &u))
        return NAN;
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

void lb_load_read(const char *root, const int *pu_os, size_t n, struct lb_load_mark *mark)
{
    struct lb_load_mark m = {.n_pus = n, .own_s = own_s(), .runnable = NAN};
    char line[512];
    double per_second = (double)sysconf(_SC_CLK_TCK);
    size_t found = 0;
    FILE *file = lb_sys_open(root, "/proc/stat");

    m.wall_s = (double)lb_clock_monotonic_ns() * 1e-9;
    /* Lines of interrupts are longer than any buffer: their rests match nothing. */
    while (file && fgets(line, sizeof line, file)) {
        found += take_cpu(line, pu_os, n, &m.busy_s, &m.stolen_s);
        sscanf(line, "procs_running %lf", &m.runnable);
    }
    if (file)
        fclose(file);
    bool known = found == n && per_second > 0;
    m.busy_s = known ? m.busy_s / per_second : NAN;
    m.stolen_s = known ? m.stolen_s / per_second : NAN;
    *mark = m;
}

static double share(double part_s, double whole_s)
{
    if (!isfinite(part_s) || whole_s <= 0)
        return NAN;
    return part_s < 0 ? 0 : part_s > whole_s ? 1 : part_s / whole_s;
}

void lb_load_between(const struct lb_load_mark *from, const struct lb_load_mark *to,
                     int own_threads, struct lb_load *load)
{
    double wall_s = to->wall_s - from->wall_s, all_s = wall_s * (double)from->n_pus;
    double others = from->runnable - own_threads;

    load->wall_s = wall_s;
    load->others_share = share(to->busy_s - from->busy_s - (to->own_s - from->own_s), all_s);
    load->stolen_share = share(to->stolen_s - from->stolen_s, all_s);
    load->runnable = others < 0 ? 0 : others;
}

bool lb_load_matters(const struct lb_load *l)
{
    return l->wall_s >= LB_LOAD_LEAST_S &&
           (l->others_share > LB_LOAD_OTHERS_MOST || l->stolen_share > LB_LOAD_STOLEN_MOST);
}
