/* SPDX-License-Identifier: MIT
 *
 * Facts of a machine that decide what its results are worth, from files read twice.
 */
#include "environment_private.h"

#include "base/sys_files.h"

#include <linebounce/cpu_list.h>
#include <linebounce/doctor.h>

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct lb_facts_mark {
    char *root;
    int *pu_os, *siblings_os;
    size_t n, n_siblings;
    struct lb_load_mark load, siblings;
    double *interrupts; /* n of them */
    double swapped;
};

#define CPUS "/sys/devices/system/cpu/"

static double number_of(const char *root, const char *name, const char *key, char separator)
{
    char text[64] = "", *end;

    lb_sys_value(text, sizeof text, root, name, key, separator);
    double value = strtod(text, &end);
    return end == text ? NAN : value;
}

static bool is_among(const int *pu_os, size_t n, int pu)
{
    for (size_t i = 0; i < n; i++)
        if (pu_os[i] == pu)
            return true;
    return false;
}

/* Hardware threads of the same cores that are not used. */
static int find_siblings(struct lb_facts_mark *m)
{
    for (size_t i = 0; i < m->n; i++) {
        char list[128];
        int *found = NULL;
        size_t n = 0;
        lb_sys_line(list, sizeof list, m->root, CPUS "cpu%d/topology/thread_siblings_list",
                    m->pu_os[i]);
        if (lb_cpus_parse(list, &found, &n) == -ENOMEM)
            return -ENOMEM;
        int *more = realloc(m->siblings_os, (m->n_siblings + n + 1) * sizeof *more);
        m->siblings_os = more ? more : m->siblings_os;
        for (size_t k = 0; more && k < n; k++)
            if (!is_among(m->pu_os, m->n, found[k]) && !is_among(more, m->n_siblings, found[k]))
                more[m->n_siblings++] = found[k];
        free(found);
        if (!more)
            return -ENOMEM;
    }
    return 0;
}

/* Which column of /proc/interrupts each CPU has: "           CPU0       CPU2". */
static size_t read_columns(const char *line, int *columns, size_t most)
{
    size_t n = 0;

    for (const char *at = line; n < most && (at = strstr(at, "CPU")); at += 3)
        columns[n++] = atoi(at + 3);
    return n;
}

/* " 24:   5   0  IO-APIC ...": lines with fewer numbers than CPUs are counted for none of them. */
static void add_interrupts(const char *line, const int *columns, size_t n_columns,
                           const struct lb_facts_mark *m, double *interrupts)
{
    const char *at = strchr(line, ':');
    double *values = calloc(n_columns + 1, sizeof *values);
    size_t n = 0;

    while (at && values && n < n_columns) {
        char *end;
        values[n] = (double)strtoull(at + 1, &end, 10);
        if (end == at + 1)
            break;
        at = end - 1;
        n++;
    }
    for (size_t c = 0; n == n_columns && c < n; c++)
        for (size_t i = 0; i < m->n; i++)
            if (m->pu_os[i] == columns[c])
                interrupts[i] += values[c];
    free(values);
}

static void read_interrupts(const struct lb_facts_mark *m, double *interrupts)
{
    FILE *file = lb_sys_open(m->root, "/proc/interrupts");
    int *columns = calloc(LB_CPUS_MOST, sizeof *columns);
    char *line = NULL;
    size_t room = 0, n_columns = 0;
    bool known = file && columns && getline(&line, &room, file) > 0 &&
                 (n_columns = read_columns(line, columns, LB_CPUS_MOST)) > 0;

    for (size_t i = 0; i < m->n; i++)
        interrupts[i] = known ? 0 : NAN;
    while (known && getline(&line, &room, file) > 0)
        add_interrupts(line, columns, n_columns, m, interrupts);
    free(line);
    free(columns);
    if (file)
        fclose(file);
}

static double read_swapped(const char *root)
{
    return number_of(root, "/proc/vmstat", "pswpin", ' ') +
           number_of(root, "/proc/vmstat", "pswpout", ' ');
}

static void mark_destroy(struct lb_facts_mark *m)
{
    free(m->root);
    free(m->pu_os);
    free(m->siblings_os);
    free(m->interrupts);
    free(m);
}

int lb_facts_begin(const char *root, const int *pu_os, size_t n, struct lb_facts_mark **mark)
{
    struct lb_facts_mark *m = calloc(1, sizeof *m);

    if (!m)
        return -ENOMEM;
    m->n = n;
    m->root = strdup(root);
    m->pu_os = malloc((n + 1) * sizeof *m->pu_os);
    m->interrupts = calloc(n + 1, sizeof *m->interrupts);
    if (m->pu_os && n)
        memcpy(m->pu_os, pu_os, n * sizeof *pu_os);
    if (!m->root || !m->pu_os || !m->interrupts || find_siblings(m)) {
        mark_destroy(m);
        return -ENOMEM;
    }
    read_interrupts(m, m->interrupts);
    m->swapped = read_swapped(root);
    lb_load_read(root, m->siblings_os, m->n_siblings, &m->siblings);
    lb_load_read(root, m->pu_os, n, &m->load);
    *mark = m;
    return 0;
}

static void take_loads(struct lb_facts_mark *m, struct lb_facts *f)
{
    struct lb_load_mark now;

    lb_load_read(m->root, m->pu_os, m->n, &now);
    lb_load_between(&m->load, &now, 1, &f->load);
    lb_load_read(m->root, m->siblings_os, m->n_siblings, &now);
    now.own_s = m->siblings.own_s; /* this process is on the CPUs used, if anywhere */
    lb_load_between(&m->siblings, &now, 1, &f->siblings);
    f->n_siblings = m->n_siblings;
    if (f->load.wall_s < LB_LOAD_LEAST_S)
        f->load.others_share = f->load.stolen_share = f->siblings.others_share = NAN;
}

static int take_interrupts(const struct lb_facts_mark *m, double wall_s, struct lb_facts *f)
{
    double *now = calloc(m->n + 1, sizeof *now);

    if (!now)
        return -ENOMEM;
    read_interrupts(m, now);
    f->interrupts_per_s = NAN;
    for (size_t i = 0; i < m->n && wall_s >= LB_LOAD_LEAST_S; i++) {
        double rate = (now[i] - m->interrupts[i]) / wall_s;
        if (isnan(f->interrupts_per_s) || rate > f->interrupts_per_s) {
            f->interrupts_per_s = rate;
            f->interrupts_pu_os = m->pu_os[i];
        }
    }
    free(now);
    f->swapped_per_s =
        wall_s >= LB_LOAD_LEAST_S ? (read_swapped(m->root) - m->swapped) / wall_s : NAN;
    return 0;
}

/* Which of the isolated CPUs this process may not run on. */
static int take_cpus(const char *root, struct lb_facts *f)
{
    int *allowed = NULL, *isolated = NULL, *online = NULL;
    size_t n_isolated = 0, n_outside = 0;

    lb_sys_line(f->online, sizeof f->online, root, CPUS "online");
    lb_sys_value(f->allowed, sizeof f->allowed, root, "/proc/self/status", "Cpus_allowed_list",
                 ':');
    if (lb_cpus_parse(f->online, &online, &f->n_online) == -ENOMEM ||
        lb_cpus_parse(f->allowed, &allowed, &f->n_allowed) == -ENOMEM ||
        lb_cpus_parse(f->environment.isolated, &isolated, &n_isolated) == -ENOMEM) {
        free(online);
        free(allowed);
        return -ENOMEM;
    }
    for (size_t i = 0; f->n_allowed && i < n_isolated; i++)
        if (!is_among(allowed, f->n_allowed, isolated[i]))
            isolated[n_outside++] = isolated[i];
    lb_cpus_text(isolated, n_outside, f->isolated_outside, sizeof f->isolated_outside);
    free(online);
    free(allowed);
    free(isolated);
    return 0;
}

/* Whether a process of that name runs. */
static int runs(const char *root, const char *name)
{
    char pattern[PATH_MAX], comm[64];
    glob_t found = {0};
    int yes = 0;

    snprintf(pattern, sizeof pattern, "%s/proc/[0-9]*/comm", root);
    if (glob(pattern, GLOB_NOSORT, NULL, &found))
        return -1;
    for (size_t i = 0; !yes && i < found.gl_pathc; i++) {
        lb_sys_line(comm, sizeof comm, "", "%s", found.gl_pathv[i]);
        yes = !strcmp(comm, name);
    }
    globfree(&found);
    return yes;
}

static bool has_pmu(const char *root)
{
    static const char *const patterns[] = {"cpu", "cpu_core", "armv[0-9]*", "cpum_cf",
                                           "power[0-9]*"};
    char path[PATH_MAX];
    bool found = false;

    for (size_t i = 0; !found && i < LB_COUNT(patterns); i++) {
        glob_t g = {0};
        snprintf(path, sizeof path, "%s/sys/bus/event_source/devices/%s", root, patterns[i]);
        found = !glob(path, GLOB_NOSORT, NULL, &g) && g.gl_pathc;
        globfree(&g);
    }
    return found;
}

static void take_rest(const char *root, struct lb_facts *f)
{
    const char *job = *root ? NULL : getenv("SLURM_JOB_ID");
    char path[PATH_MAX];

    snprintf(f->job, sizeof f->job, "%.31s", job ? job : "");
    f->swap_used_kib = number_of(root, "/proc/meminfo", "SwapTotal", ':') -
                       number_of(root, "/proc/meminfo", "SwapFree", ':');
    f->irqbalance = runs(root, "irqbalance");
    f->pmu = has_pmu(root);
    snprintf(path, sizeof path, "%s/sys/kernel/btf/vmlinux", root);
    f->btf = !access(path, F_OK);
    f->gnuplot = lb_sys_program(path, sizeof path, root, "gnuplot");
}

int lb_facts_end(struct lb_facts_mark *m, struct lb_facts *facts)
{
    struct lb_facts *f = calloc(1, sizeof *f);
    int err = f ? 0 : -ENOMEM;

    if (!err) {
        lb_environment_read_below(m->root, &f->environment);
        f->n_pus = m->n;
        lb_cpus_text(m->pu_os, m->n, f->used, sizeof f->used);
        take_loads(m, f);
        err = take_interrupts(m, f->load.wall_s, f);
    }
    if (!err && !(err = take_cpus(m->root, f))) {
        take_rest(m->root, f);
        f->probe.controls_part = -1;
        f->probe.spoiled_why = "";
        *facts = *f;
    }
    free(f);
    mark_destroy(m);
    return err;
}
