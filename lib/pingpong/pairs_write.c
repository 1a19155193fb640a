/* SPDX-License-Identifier: MIT
 *
 * Latencies of pairs as rows, and as a square.
 */
#include "base/number.h"

#include <linebounce/pairs.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define PAIR_COLUMNS \
    {"schema_version", "version of these columns; rows of different versions are not mixed"}, \
    {"op", "how the line was handed over: load-store or compare-and-swap"}, \
    {"pu_a_os", "kernel number of the pair's first PU"}, \
    {"pu_b_os", "of its second"}, \
    {"distance", "closest level that the two share: smt, l2, l3, package, remote"}, \
    {"class", "symmetry class: distance, and the NUMA nodes (and kinds) of the two"}, \
    {"class_pairs", "pairs in that class"}, \
    {"home", "whose NUMA node the line is homed on: a, b, or both where it is one node"}, \
    {"home_node_os", "kernel number of that node; empty without NUMA information"}

static const struct lb_column pairs[] = {
    PAIR_COLUMNS,
    {"round", "number of the round, from 0"},
    {"start_ns", "start of the measurement since the start of the run"},
    {"round_trip_ns", "median over the lines: there and back of one line by that op"},
    {"one_way_ns", "half of it"},
    {"lines", "fresh lines that it is the median of"},
    {"trips", "round trips on each"},
    {"emulated", "1 when the machine is emulated and its timing means nothing"},
};

static const struct lb_column matrix[] = {
    PAIR_COLUMNS,
    {"regime_ns",
     "median round trip of the rounds that the row speaks of: of the regimes that they fall into "
     "the one with most"},
    {"rounds", "how many they are"},
    {"rounds_other_regime", "rounds in other regimes, or in none"},
    {"one_way_ns_median", "median over these rounds of half a round trip of one line by that op"},
    {"one_way_ns_ci95_lo", "lower end of the 95 % interval of that median (order statistics)"},
    {"one_way_ns_ci95_hi", "upper end of that interval"},
    {"one_way_ns_mad", "median absolute deviation"},
    {"one_way_ns_min", "least of a round"},
    {"one_way_ns_max", "greatest of a round"},
    {"emulated", "1 when the machine is emulated and its timing means nothing"},
};
/* clang-format on */

const struct lb_schema lb_schema_pairs = {"pairs.csv", pairs, LB_COUNT(pairs)};
const struct lb_schema lb_schema_matrix = {"matrix.csv", matrix, LB_COUNT(matrix)};

static void fill_row(struct lb_row *row, const struct lb_pu_pairs *p,
                     const struct lb_pu_pair_result *l)
{
    const struct lb_pu_pair *pair = &p->plan->pairs[l->pair];
    const struct lb_pu_pair_class *c = &p->plan->classes[pair->class_index];
    char name[LB_PLACEMENT_NAME_BYTES];

    lb_pu_pair_class_name(c, false, name);
    lb_row_text(row, "op", lb_pingpong_op_name(l->op));
    lb_row_int(row, "pu_a_os", pair->pu_a_os);
    lb_row_int(row, "pu_b_os", pair->pu_b_os);
    lb_row_text(row, "distance", lb_distance_name(c->distance));
    lb_row_text(row, "class", name);
    lb_row_int(row, "class_pairs", (int64_t)c->pairs);
    lb_row_text(row, "home", lb_pu_pair_home_name(l->home));
    if (l->home_node_os >= 0)
        lb_row_int(row, "home_node_os", l->home_node_os);
}

int lb_pu_pairs_write(const struct lb_pu_pairs *p, bool emulated, struct lb_csv *csv,
                      struct lb_why *why)
{
    struct lb_row *row = NULL;
    int err = lb_row_create(&lb_schema_matrix, &row);

    for (size_t i = 0; !err && i < p->plan->measurements; i++) {
        const struct lb_pu_pair_result *l = &p->lines[i];
        if (!l->one_way.n)
            continue;
        lb_row_clear(row);
        fill_row(row, p, l);
        lb_row_number(row, "regime_ns", l->regime_ns);
        lb_row_int(row, "rounds", (int64_t)l->one_way.n);
        lb_row_int(row, "rounds_other_regime", (int64_t)l->rounds_other);
        lb_row_number(row, "one_way_ns_median", l->one_way.median);
        lb_row_number(row, "one_way_ns_ci95_lo", l->one_way.lo);
        lb_row_number(row, "one_way_ns_ci95_hi", l->one_way.hi);
        lb_row_number(row, "one_way_ns_mad", l->one_way.mad);
        lb_row_number(row, "one_way_ns_min", l->one_way.min);
        lb_row_number(row, "one_way_ns_max", l->one_way.max);
        lb_row_int(row, "emulated", emulated);
        err = lb_csv_append(csv, row, why);
    }
    lb_row_destroy(row);
    return err;
}

/* The PUs of a plan, ascending, each once. */
static int by_number(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;

    return (x > y) - (x < y);
}

static int *list_pus(const struct lb_pu_pairs_plan *p, size_t *n)
{
    int *pus = calloc(2 * p->n_pairs + 1, sizeof *pus);
    size_t kept = 0;

    for (size_t i = 0; pus && i < p->n_pairs; i++) {
        pus[2 * i] = p->pairs[i].pu_a_os;
        pus[2 * i + 1] = p->pairs[i].pu_b_os;
    }
    if (pus)
        qsort(pus, 2 * p->n_pairs, sizeof *pus, by_number);
    for (size_t i = 0; pus && i < 2 * p->n_pairs; i++)
        if (!kept || pus[kept - 1] != pus[i])
            pus[kept++] = pus[i];
    *n = kept;
    return pus;
}

static size_t place_of(const int *pus, size_t n, int pu)
{
    return (size_t)((int *)bsearch(&pu, pus, n, sizeof *pus, by_number) - pus);
}

/* cells[row x n + column]: NULL where nothing was measured. */
static void fill_square(const struct lb_pu_pairs *p, enum lb_pingpong_op op, const int *pus,
                        size_t n, const struct lb_pu_pair_result **cells)
{
    for (size_t i = 0; i < p->plan->measurements; i++) {
        const struct lb_pu_pair_result *l = &p->lines[i];
        size_t a = place_of(pus, n, p->plan->pairs[l->pair].pu_a_os);
        size_t b = place_of(pus, n, p->plan->pairs[l->pair].pu_b_os);
        if (l->op != op || !l->one_way.n)
            continue;
        if (l->home != LB_PU_PAIR_HOME_B)
            cells[a * n + b] = l;
        if (l->home != LB_PU_PAIR_HOME_A)
            cells[b * n + a] = l;
    }
}

static void print_square(FILE *out, const int *pus, size_t n,
                         const struct lb_pu_pair_result **cells)
{
    fputs("pu_os", out);
    for (size_t i = 0; i < n; i++)
        fprintf(out, ",pu_%d", pus[i]);
    fputc('\n', out);
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "%d", pus[i]);
        for (size_t k = 0; k < n; k++) {
            char number[LB_NUMBER_BYTES] = "";
            if (cells[i * n + k])
                lb_number_format(cells[i * n + k]->one_way.median, 6, number);
            fprintf(out, ",%s", number);
        }
        fputc('\n', out);
    }
}

int lb_pu_pairs_write_square(const struct lb_pu_pairs *p, enum lb_pingpong_op op, const char *path,
                             struct lb_why *why)
{
    size_t n = 0;
    int *pus = list_pus(p->plan, &n), err = 0;
    const struct lb_pu_pair_result **cells = calloc(n * n + 1, sizeof *cells);
    struct lb_whole file;

    if (!pus || !cells)
        err = lb_fail(why, ENOMEM, "%s: %s", path, strerror(ENOMEM));
    if (!err && !(err = lb_whole_begin(path, why, &file))) {
        fill_square(p, op, pus, n, cells);
        print_square(file.out, pus, n, cells);
        err = lb_whole_end(&file, 0, why);
    }
    free(pus);
    free(cells);
    return err;
}
