/* SPDX-License-Identifier: MIT
 *
 * pingpong: one-way latency of a line between every pair of CPUs.
 */
#include "exit_status.h"
#include "session/provenance.h"
#include "session/session.h"
#include "suite.h"

#include <linebounce/pairs.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUESTION "how long does one line take between any two CPUs?"
/* A terminal shows so many columns of a matrix. */
#define SQUARE_MOST 16

static void print_plan(const struct lb_pu_pairs_plan *p, FILE *out)
{
    char name[LB_PLACEMENT_NAME_BYTES];

    fprintf(out,
            "suite pingpong: %zu of %llu pairs, %zu measurements a round, %u rounds of %.2f s: "
            "%.1f s\n",
            p->n_pairs, (unsigned long long)p->n_possible, p->measurements, p->rounds, p->round_s,
            p->rounds * p->round_s);
    if (!p->all && p->n_pairs < p->n_possible)
        fprintf(out,
                "one pair of CPUs stands for each class that symmetry does not tell apart: all "
                "pairs do not fit into the budget (--budget, --all-pairs)\n");
    for (size_t i = 0; i < p->n_classes; i++) {
        const struct lb_pu_pair_class *c = &p->classes[i];
        lb_pu_pair_class_name(c, false, name);
        fprintf(out, "  %-14s %8llu pair%s, such as CPUs %d,%d\n", name,
                (unsigned long long)c->pairs, c->pairs == 1 ? "" : "s", c->pu_a_os, c->pu_b_os);
    }
}

/* One class, op and home: the median pair with its interval, and the extremes over pairs. */
static void print_class(FILE *out, const struct lb_pu_pairs *p, size_t class_index,
                        enum lb_pingpong_op op, enum lb_pu_pair_home home)
{
    const struct lb_pu_pairs_plan *plan = p->plan;
    double *medians = calloc(plan->measurements, sizeof *medians);
    const struct lb_pu_pair_result *any = NULL;
    char name[LB_PLACEMENT_NAME_BYTES];
    size_t n = 0, other = 0;

    for (size_t i = 0; medians && i < plan->measurements; i++) {
        const struct lb_pu_pair_result *l = &p->lines[i];
        if (plan->pairs[l->pair].class_index != class_index || l->op != op || l->home != home ||
            !l->one_way.n)
            continue;
        medians[n++] = l->one_way.median;
        other += l->rounds_other > 0;
        any = l;
    }
    if (n) {
        qsort(medians, n, sizeof *medians, lb_by_value);
        lb_pu_pair_class_name(&plan->classes[class_index], false, name);
        fprintf(out, "%-14s %-17s %-5s %8.1f", name, lb_pingpong_op_name(op),
                lb_pu_pair_home_name(home), medians[n / 2]);
        if (n == 1 && isfinite(any->one_way.lo))
            fprintf(out, " [%.1f, %.1f]", any->one_way.lo, any->one_way.hi);
        if (n > 1)
            fprintf(out, " over %zu pairs, %.1f to %.1f", n, medians[0], medians[n - 1]);
        if (other)
            fprintf(out, "; %zu seen at another distance too", other);
        fputc('\n', out);
    }
    free(medians);
}

static void print_table(FILE *out, const struct lb_pu_pairs *p)
{
    fprintf(
        out,
        "\none-way latency, ns: half a round trip of one line, handed over by a store that loads "
        "wait for\n(load-store), or by compare-and-swap on both sides; medians over %u rounds of "
        "the median of %d fresh lines\n\n%-14s %-17s %-5s %8s\n",
        p->rounds, LB_PU_PAIRS_LINES, "class", "op", "home", "ns");
    for (size_t c = 0; c < p->plan->n_classes; c++)
        for (int op = 0; op < LB_PINGPONG_OPS; op++)
            for (int home = 0; home <= LB_PU_PAIR_HOME_BOTH; home++)
                print_class(out, p, c, (enum lb_pingpong_op)op, (enum lb_pu_pair_home)home);
}

static void copy_file(const char *path, FILE *out)
{
    FILE *in = fopen(path, "re");
    char line[4096];

    while (in && fgets(line, sizeof line, in)) {
        for (char *cell = line, *end; (end = strpbrk(cell, ",\n")); cell = end + 1)
            fprintf(out, "%8.*s", (int)(end - cell < 8 ? end - cell : 8), cell);
        fputc('\n', out);
    }
    if (in)
        fclose(in);
}

/* The squares, to files and, where they are small, among the tables. */
static int write_squares(const struct session *w, const struct lb_pu_pairs *p, struct lb_why *why)
{
    int err = 0;

    for (int op = 0; !err && op < LB_PINGPONG_OPS; op++) {
        char path[640];
        snprintf(path, sizeof path, "%s/matrix-%s.csv", w->dir,
                 lb_pingpong_op_name((enum lb_pingpong_op)op));
        err = lb_pu_pairs_write_square(p, (enum lb_pingpong_op)op, path, why);
        if (err || w->topology->n_allowed > SQUARE_MOST || w->topology->n_allowed < 3)
            continue;
        fprintf(w->tables, "\n%s, row: where the line is homed\n",
                lb_pingpong_op_name((enum lb_pingpong_op)op));
        copy_file(path, w->tables);
    }
    return err;
}

static void record(struct lb_json *json, const struct lb_pu_pairs *p)
{
    enum lb_run_end end = session_stop                   ? LB_RUN_INTERRUPTED
                          : p->rounds == p->plan->rounds ? LB_RUN_ROUNDS
                                                         : LB_RUN_BUDGET;

    lb_json_text(json, "suites.pingpong.question", QUESTION);
    lb_json_text(json, "suites.pingpong.ended", lb_run_end_name(end));
    lb_json_number(json, "suites.pingpong.pairs", (double)p->plan->n_pairs);
    lb_json_number(json, "suites.pingpong.pairs_possible", (double)p->plan->n_possible);
    lb_json_number(json, "suites.pingpong.rounds", p->rounds);
    lb_json_number(json, "suites.pingpong.planned_s", p->plan->rounds * p->plan->round_s);
    lb_json_number(json, "suites.pingpong.elapsed_s", p->elapsed_s);
    lb_json_number(json, "suites.pingpong.measured_s", p->measured_s);
    provenance_load(json, "pingpong", &p->load_before, &p->load);
}

static int write_matrix(const struct session *w, const struct lb_pu_pairs *p, struct lb_why *why)
{
    struct lb_csv *csv = NULL;
    char path[600];
    int err;

    snprintf(path, sizeof path, "%s/%s", w->dir, lb_schema_matrix.file);
    if ((err = lb_csv_create(&lb_schema_matrix, path, why, &csv)))
        return err;
    err = lb_pu_pairs_write(p, w->emulated, csv, why);
    lb_csv_close(csv);
    return err ? err : write_squares(w, p, why);
}

static int conclude(const struct session *w, const struct lb_pu_pairs *p, struct lb_why *why)
{
    int err;

    record(w->manifest, p);
    print_plan(p->plan, w->tables);
    if (p->rounds)
        print_table(w->tables, p);
    else
        puts("\npingpong: not one whole round was measured: no table.");
    err = write_matrix(w, p, why);
    fprintf(w->tables,
            "\n%u rounds, %.1f s where %.1f s were planned, %.0f %% of it at play; clock %s.\n",
            p->rounds, p->elapsed_s, p->plan->rounds * p->plan->round_s,
            100 * p->measured_s / p->elapsed_s, lb_clock_name(&p->clock));
    notes_load(&p->load_before, &p->load, w->tables);
    return err;
}

static int measure_plan(struct session *w, const struct lb_pu_pairs_plan *plan, double share,
                        struct lb_csv *csv)
{
    struct lb_run_options options = session_options(w, session_left_s(w) * share, plan->rounds);
    struct progress_state progress = progress_begin();
    struct lb_pu_pairs *p = NULL;
    struct lb_why why = {""};
    int status = EXIT_DONE;

    options.data = &progress;
    int err = lb_pu_pairs_measure(plan, w->topology, &options, csv, &why, &p);
    if (err)
        status = session_complain(lb_explain(&why, err, "pairs"), EXIT_NOT_MEASURED);
    progress_end(&progress);
    if (p) {
        why.text[0] = '\0';
        if ((err = conclude(w, p, &why)))
            status = session_complain(lb_explain(&why, err, "matrix"), EXIT_NOT_MEASURED);
        if (!p->rounds)
            status = EXIT_NOT_MEASURED;
    }
    lb_pu_pairs_destroy(p);
    return session_stop ? EXIT_INTERRUPTED : status;
}

static int measure(struct session *w, const struct settings *s, double share)
{
    struct lb_pu_pairs_request r = {.topology = w->topology,
                                    .pus = s->pus,
                                    .all = s->all_pairs,
                                    .budget_s = session_left_s(w) * share,
                                    .rounds = s->rounds};
    struct lb_pu_pairs_plan *plan;
    struct lb_csv *csv = NULL;
    struct lb_why why = {""};
    char path[600];
    int status, err = lb_pu_pairs_plan_create(&r, &why, &plan);

    if (err)
        return session_complain(lb_explain(&why, err, "plan"), session_status_of(err));
    if (s->dry_run) {
        print_plan(plan, stdout);
        lb_pu_pairs_plan_destroy(plan);
        return EXIT_DONE;
    }
    err = session_folder(w, &why);
    snprintf(path, sizeof path, "%s/%s", w->dir, lb_schema_pairs.file);
    if (!err)
        err = lb_csv_create(&lb_schema_pairs, path, &why, &csv);
    status = err ? session_complain(lb_explain(&why, err, "results folder"), EXIT_NOT_MEASURED)
                 : measure_plan(w, plan, share, csv);
    lb_csv_close(csv);
    lb_pu_pairs_plan_destroy(plan);
    return status;
}

const struct suite suite_pingpong = {
    .name = "pingpong",
    .question = QUESTION,
    .example = "linebounce run pingpong --all-pairs",
    .measure = measure,
};
