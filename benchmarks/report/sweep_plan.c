/* SPDX-License-Identifier: MIT
 *
 * A sweep's plan for a person: placements by kind, CPUs as ranges, what budgets would leave out.
 */
#include "sweep_plan.h"

#include "look.h"

#include <linebounce/cpu_list.h>

#include <stdbool.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void sweep_print_time(double s, FILE *out)
{
    if (s < 10)
        fprintf(out, "%.1f s", s);
    else if (s < 120)
        fprintf(out, "%.0f s", s);
    else if (s < 7200)
        fprintf(out, "%.0f min", s / 60);
    else
        fprintf(out, "%.1f h", s / 3600);
}

/* Placements of one kind: pairs of a distance, or crowds in an order. */
struct kind {
    char name[LB_PLACEMENT_NAME_BYTES]; /* without what follows - or @ */
    size_t n, n_homes;
    enum lb_home homes[LB_HOMES];
    int counts[64]; /* numbers of threads, each once */
    size_t n_counts;
    int *pus;
    size_t n_pus;
};

/* Six distances and none, with their pairs, and two orders: no sweep has more kinds than this. */
#define KINDS_MOST 32

static void name_kind(const struct lb_placement *p, char name[LB_PLACEMENT_NAME_BYTES])
{
    snprintf(name, LB_PLACEMENT_NAME_BYTES, "%.*s", (int)strcspn(p->name, "-@"), p->name);
}

static struct kind *kind_of(struct kind *kinds, size_t *n, const struct lb_placement *p)
{
    char name[LB_PLACEMENT_NAME_BYTES];
    size_t i = 0;

    name_kind(p, name);
    while (i < *n && strcmp(kinds[i].name, name) != 0)
        i++;
    if (i == KINDS_MOST)
        return NULL;
    if (i == *n) {
        memcpy(kinds[i].name, name, sizeof name);
        ++*n;
    }
    return &kinds[i];
}

/* false: no memory. */
static bool take(struct kind *k, const struct lb_placement *p)
{
    size_t i = 0;
    int *more = realloc(k->pus, (k->n_pus + (size_t)p->n) * sizeof *more);

    if (!more)
        return false;
    k->pus = more;
    memcpy(more + k->n_pus, p->pu_os, (size_t)p->n * sizeof *more);
    k->n_pus += (size_t)p->n;
    k->n++;
    while (i < k->n_homes && k->homes[i] != p->home)
        i++;
    if (i == k->n_homes && i < LB_HOMES)
        k->homes[k->n_homes++] = p->home;
    for (i = 0; i < k->n_counts && k->counts[i] != p->n;)
        i++;
    if (i == k->n_counts && i < LB_COUNT(k->counts))
        k->counts[k->n_counts++] = p->n;
    return true;
}

/* Of numbers of threads: the first and the last. */
#define COUNTS_SHOWN 6

static void print_kind(const struct kind *k, FILE *out)
{
    char cpus[26], line[512]; /* what is left of a line */
    struct lb_canvas t = {line, sizeof line, 0};

    lb_canvas_put(&t, "%zu placement%s, ", k->n, k->n == 1 ? "" : "s");
    for (size_t i = 0; i < k->n_counts; i++)
        if (i < COUNTS_SHOWN || i + 1 == k->n_counts)
            lb_canvas_put(&t, "%s%d",
                          !i                                         ? ""
                          : i + 1 < k->n_counts || i <= COUNTS_SHOWN ? ", "
                                                                     : ", ... ",
                          k->counts[i]);
    lb_canvas_put(&t, " thread%s, memory ", k->n_counts == 1 && k->counts[0] == 1 ? "" : "s");
    for (size_t i = 0; i < k->n_homes; i++)
        lb_canvas_put(&t, "%s%s", i ? ", " : "", lb_home_name(k->homes[i]));
    lb_canvas_put(&t, "; CPUs %s", lb_cpus_text(k->pus, k->n_pus, cpus, sizeof cpus));
    wrap_print(line, fprintf(out, "  %-8s ", k->name), 11, WRAP_COLUMNS, out);
}

static int print_placements(const struct lb_plan *plan, FILE *out)
{
    struct kind *kinds = calloc(KINDS_MOST, sizeof *kinds);
    size_t n = 0;
    bool whole = kinds != NULL;

    for (size_t i = 0; whole && i < plan->n_placements; i++) {
        struct kind *k = kind_of(kinds, &n, &plan->placements[i]);
        whole = k && take(k, &plan->placements[i]);
    }
    for (size_t i = 0; whole && i < n; i++)
        print_kind(&kinds[i], out);
    for (size_t i = 0; i < n; i++)
        free(kinds[i].pus);
    free(kinds);
    return whole ? 0 : -ENOMEM;
}

/* Different values that subjects of the plan have, by that member. */
static size_t count_different(const struct lb_plan *plan,
                              bool (*same)(const struct lb_case *a, const struct lb_case *b))
{
    const struct lb_case *seen[256];
    size_t n = 0;

    for (size_t i = 0; i < plan->n_cases; i++) {
        const struct lb_case *c = &plan->cases[i];
        size_t k = 0;
        if (!lb_case_is_subject(c))
            continue;
        while (k < n && !same(seen[k], c))
            k++;
        if (k == n && n < LB_COUNT(seen))
            seen[n++] = c;
    }
    return n;
}

static bool same_layout(const struct lb_case *a, const struct lb_case *b)
{
    return a->shape.layout == b->shape.layout && a->shape.lock == b->shape.lock;
}

static bool same_scenario(const struct lb_case *a, const struct lb_case *b)
{
    return a->shape.scenario == b->shape.scenario;
}

static bool same_work(const struct lb_case *a, const struct lb_case *b)
{
    return a->work_ns >= b->work_ns && a->work_ns <= b->work_ns;
}

/* "11 layouts, 7 scenarios, 2 pauses" */
static void print_shape(const struct lb_plan *plan, FILE *out)
{
    const struct {
        const char *what;
        bool (*same)(const struct lb_case *a, const struct lb_case *b);
    } parts[] = {{"layout", same_layout}, {"scenario", same_scenario}, {"pause", same_work}};

    fputs("each with up to", out);
    for (size_t i = 0; i < LB_COUNT(parts); i++) {
        size_t n = count_different(plan, parts[i].same);
        fprintf(out, "%s %zu %s%s", i ? " x" : "", n, parts[i].what, n == 1 ? "" : "s");
    }
    fputs(", and the controls\n", out);
}

int sweep_print_plan(const struct lb_sweep *w, double around_s, uint64_t seed, FILE *out)
{
    int err;

    fprintf(out, "sweep: %zu cases on %zu placement%s, %u round%s of %.1f s, ", w->plan->n_cases,
            w->plan->n_placements, w->plan->n_placements == 1 ? "" : "s", w->rounds,
            w->rounds == 1 ? "" : "s", w->round_s);
    sweep_print_time(w->rounds * w->round_s + around_s, out);
    fprintf(out, "; seed %llu\n", (unsigned long long)seed);
    if ((err = print_placements(w->plan, out)))
        return err;
    print_shape(w->plan, out);
    if (*w->absent)
        fprintf(out, "absent on this machine: %s\n", w->absent);
    for (int i = 0; i < w->n_cuts; i++)
        wrap_print(w->cuts[i], fprintf(out, "cut to fit the budget: "), 2, WRAP_COLUMNS, out);
    if (w->plan->n_refused) {
        char text[LB_WHY_BYTES + 16];
        snprintf(text, sizeof text, "(first: %s)", w->plan->refused);
        wrap_print(
            text,
            fprintf(out, "left out: %zu combinations that do not go together ", w->plan->n_refused),
            2, WRAP_COLUMNS, out);
    }
    return 0;
}

void sweep_print_cases(const struct lb_plan *plan, FILE *out)
{
    char name[192];

    for (size_t i = 0; i < plan->n_placements; i++) {
        const struct lb_placement *p = &plan->placements[i];
        char cpus[2048];
        fprintf(out, "  %-14s %-8s %-12s", p->name, lb_distance_name(p->distance),
                lb_home_name(p->home));
        if (p->home_node_os >= 0)
            fprintf(out, " node %-3d", p->home_node_os);
        else
            fprintf(out, " %-8s", "");
        fprintf(out, " CPUs %s\n", lb_cpus_text(p->pu_os, (size_t)p->n, cpus, sizeof cpus));
    }
    for (size_t i = 0; i < plan->n_cases; i++) {
        lb_case_name(plan, &plan->cases[i], name, sizeof name);
        fprintf(out, "%s\n", name);
    }
}

/* A coffee, a meal, a night, a weekend. */
static const struct {
    const char *name;
    double s;
} budgets[] = {{"10m", 600}, {"1h", 3600}, {"8h", 28800}, {"60h", 216000}};

static void print_budget(const struct lb_sweep *w, const char *name, FILE *out)
{
    char text[LB_SWEEP_CUTS * 220];
    struct lb_canvas t = {text, sizeof text, 0};

    lb_canvas_put(&t, "%zu placements, %u rounds", w->plan->n_placements, w->rounds);
    for (int i = 0; i < w->n_cuts; i++)
        lb_canvas_put(&t, "%s %.*s", i ? ";" : ":", (int)strcspn(w->cuts[i], ":"), w->cuts[i]);
    wrap_print(text, fprintf(out, "--budget %-4s ", name), 14, WRAP_COLUMNS, out);
}

int sweep_print_budgets(const struct lb_sweep_request *request, double around_s, double whole_s,
                        FILE *out)
{
    for (size_t i = 0; i < LB_COUNT(budgets) && budgets[i].s < whole_s; i++) {
        struct lb_sweep_request r = *request;
        struct lb_sweep *w = NULL;
        r.budget_s = budgets[i].s - around_s;
        int err = lb_sweep_create(&r, NULL, &w);
        if (err == -ENOMEM)
            return err;
        if (err) {
            fprintf(out, "--budget %-4s is too short for one round\n", budgets[i].name);
            continue;
        }
        print_budget(w, budgets[i].name, out);
        lb_sweep_destroy(w);
    }
    return 0;
}
