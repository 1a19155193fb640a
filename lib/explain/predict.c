/* SPDX-License-Identifier: MIT
 *
 * Cells of a folder by the model, beside what was measured.
 */
#include <linebounce/predict.h>

#include "base/number.h"
#include "explain_private.h"

#include <linebounce/scenario.h>
#include <linebounce/stats.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One case of two threads ------------------------------------------------------------------------
 */

/* What an op takes alone, and whether it waits at all, does not take many. */
#define OPS_FEW 200

static int simulate(const struct lb_model_case *c, const struct lb_line_costs *costs, double fetch,
                    double upgrade, size_t ops, struct lb_why *why, struct lb_model_result *result)
{
    const double latency[4] = {0, fetch, fetch, 0};
    struct lb_model_input in = {.n_cpus = 2,
                                .latency = latency,
                                .parameters = lb_model_usual,
                                .seed = 1,
                                .ops = ops,
                                .warm_ops = ops / 10};

    in.parameters.handover = costs->handover;
    in.parameters.upgrade_ns = upgrade;
    return lb_model_expect(c, &in, NULL, why, result);
}

static int predict(const struct lb_model_case *c, const struct lb_line_costs *costs, size_t ops,
                   struct lb_why *why, struct lb_predicted *predicted)
{
    double upgrade = isnan(costs->upgrade_ns) ? costs->fetch_ns : costs->upgrade_ns;
    struct lb_model_result result, alone;
    int err;

    if (!(costs->fetch_ns > 0) || !(upgrade >= 0) || !(costs->own_ns >= 0))
        return lb_fail(why, EINVAL, "a fetch of %g ns, an upgrade of %g: ns above 0 are expected",
                       costs->fetch_ns, upgrade);
    if ((err = simulate(c, costs, costs->fetch_ns, upgrade - costs->fetch_ns, ops, why, &result)) ||
        (err = simulate(c, costs, 0, 0, OPS_FEW, why, &alone)))
        return err;
    for (int role = 0; role < 2; role++) {
        predicted->op_ns[role] = result.roles[role].op_ns;
        predicted->wait_ns[role] = fmax(0, result.roles[role].op_ns - alone.roles[role].op_ns);
    }
    return 0;
}

int lb_predict_pair(const struct lb_model_case *c, const struct lb_line_costs *costs,
                    struct lb_why *why, struct lb_predicted *predicted)
{
    return predict(c, costs, LB_PREDICT_OPS, why, predicted);
}

/* The folder -------------------------------------------------------------------------------------
 */

enum text { SCENARIO, LAYOUT, LOCK, PLACEMENT, HOME, ROLE, GENERATION, TEXTS };
static const char *const text_columns[TEXTS] = {"scenario", "layout", "lock",      "placement",
                                                "home",     "role",   "generation"};
enum number {
    WORK,
    EVERY,
    REGIME,
    REGIME_NS,
    NET,
    WAIT,
    FETCH,
    UPGRADE,
    NUMBERS,
};
static const char *const number_columns[NUMBERS] = {"work_ns",
                                                    "every_ns",
                                                    "regime",
                                                    "regime_ns",
                                                    "net_ns_op_hl",
                                                    "wait_ns_op",
                                                    "fetch_load_ns_median",
                                                    "upgrade_ns_median"};

struct row {
    char *texts[TEXTS];
    double numbers[NUMBERS];
};
struct folder {
    struct row *rows;
    size_t n;
    struct lb_told_folder told; /* its command line */
    enum lb_handover handover;
    struct group *groups;
    size_t n_groups;
};

static void free_folder(struct folder *f)
{
    for (size_t i = 0; i < f->n; i++)
        for (int t = 0; t < TEXTS; t++)
            free(f->rows[i].texts[t]);
    free(f->rows);
    free(f->groups);
    lb_told_free(&f->told);
}

static int take_row(const struct lb_csv_reader *r, struct folder *f)
{
    struct row *more = realloc(f->rows, (f->n + 1) * sizeof *more), *to;
    bool whole = true;

    if (!more)
        return -ENOMEM;
    f->rows = more;
    to = &more[f->n++];
    for (int t = 0; t < TEXTS; t++)
        whole = (to->texts[t] = strdup(lb_csv_cell(r, text_columns[t]))) && whole;
    for (int k = 0; k < NUMBERS; k++)
        to->numbers[k] = lb_csv_number(r, number_columns[k]);
    return whole ? 0 : -ENOMEM;
}

static int read_rows(const char *dir, struct lb_why *why, struct folder *f)
{
    static const char *const needed[] = {"scenario",     "layout",  "lock",    "placement",
                                         "net_ns_op_hl", "threads", "work_ns", NULL};
    struct lb_csv_reader *r;
    char path[4200];
    int err;

    snprintf(path, sizeof path, "%s/summary.csv", dir);
    if ((err = lb_csv_open(path, needed, why, &r)))
        return err;
    while ((err = lb_csv_next(r, why)) > 0)
        if (!strcmp(lb_csv_cell(r, "threads"), "2") && lb_csv_number(r, "work_ns") > 0 &&
            (err = take_row(r, f)))
            break;
    lb_csv_reader_close(r);
    return err;
}

static enum lb_handover handover_of(const char *name)
{
    static const enum lb_handover known[] = {LB_HANDOVER_PLAIN, LB_HANDOVER_MIGRATORY};

    for (size_t i = 0; name && i < LB_COUNT(known); i++)
        if (!strcmp(lb_handover_name(known[i]), name))
            return known[i];
    return LB_HANDOVER_UNKNOWN;
}

static int read_run(const char *dir, struct lb_why *why, struct folder *f, double *ratio)
{
    char path[4200];
    struct lb_json *json;
    size_t n;
    int err;

    snprintf(path, sizeof path, "%s/run.json", dir);
    if ((err = lb_json_load(path, why, &json)))
        return err;
    *ratio = lb_json_number_at(json, "machine.handover_ratio");
    f->handover = handover_of(lb_json_text_at(json, "machine.handover"));
    lb_json_destroy(json);
    if (lb_json_read_texts(path, "run.command", NULL, &f->told.command, &n))
        f->told.command = NULL; /* then layouts of the user's own are not known */
    if (f->handover == LB_HANDOVER_UNKNOWN)
        return lb_fail(why, ENODATA,
                       "%s: run.json does not say how lines are handed over: an earlier version "
                       "wrote it, or no two CPUs were measured",
                       dir);
    return 0;
}

/* Costs of a group: the same place, pause and round trip -----------------------------------------
 */

static bool is_group(const struct row *a, const struct row *b)
{
    return !strcmp(a->texts[PLACEMENT], b->texts[PLACEMENT]) &&
           !strcmp(a->texts[HOME], b->texts[HOME]) &&
           lb_by_value(&a->numbers[WORK], &b->numbers[WORK]) == 0 &&
           lb_by_value(&a->numbers[REGIME], &b->numbers[REGIME]) == 0;
}

static bool find_scenario(const char *name, const struct lb_scenario **found)
{
    for (int i = 0; i < LB_SCENARIOS; i++)
        if (!strcmp(lb_scenarios[i].name, name)) {
            *found = &lb_scenarios[i];
            return true;
        }
    return false;
}

/* The shape of a row; false where its layout, lock or scenario is not known. */
static bool shape_of(const struct folder *f, const struct row *r, struct lb_layout *own,
                     struct lb_workload *shape)
{
    *shape = (struct lb_workload){.threads = 2};
    shape->layout = lb_told_layout(&f->told, r->texts[LAYOUT], own);
    if (r->numbers[EVERY] > 0)
        shape->every_ns = r->numbers[EVERY];
    if (lb_generation_find(r->texts[GENERATION], NULL, &shape->generation))
        shape->generation = NULL;
    return shape->layout && find_scenario(r->texts[SCENARIO], &shape->scenario) &&
           !lb_lock_parse(r->texts[LOCK], NULL, &shape->lock);
}

/* A role's op alone by the model, and whether it shares a line with the other's. */
static int model_alone(const struct lb_workload *shape, double work_ns, int role, double *ns,
                       bool *shares)
{
    const struct lb_line_costs costs = {
        .fetch_ns = 100, .upgrade_ns = NAN, .handover = LB_HANDOVER_PLAIN};
    struct lb_model_case c = {.shape = shape, .work_ns = work_ns};
    struct lb_predicted p;
    int err = predict(&c, &costs, OPS_FEW, NULL, &p);

    if (!err) {
        *ns = p.op_ns[role] - p.wait_ns[role];
        *shares = p.wait_ns[role] > 0.5;
    }
    return err;
}

static int role_of(const struct lb_scenario *s, const char *name)
{
    return s->n_roles > 1 && !strcmp(s->roles[1].name, name);
}

/* What an op takes that no line is waited for in, of the row's place and role: the median of cells
 * that share none. Of NET beyond what the model's op takes, of WAIT what timed ops show all the
 * same. 0: there is no such cell. */
static int own_of(const struct folder *f, const struct row *like, const char *scenario,
                  const char *role, enum number what, double *own_ns)
{
    double *values = calloc(f->n + 1, sizeof *values), ns = 0, median;
    size_t n = 0;
    int err = values ? 0 : -ENOMEM;

    for (size_t i = 0; !err && i < f->n; i++) {
        const struct row *r = &f->rows[i];
        struct lb_layout own;
        struct lb_workload shape;
        bool shares = true;
        if (strcmp(r->texts[SCENARIO], scenario) != 0 || strcmp(r->texts[ROLE], role) != 0 ||
            !is_group(r, like) || isnan(r->numbers[what]) || !shape_of(f, r, &own, &shape) ||
            lb_model_allows(&shape, NULL))
            continue;
        err = model_alone(&shape, r->numbers[WORK], role_of(shape.scenario, role), &ns, &shares);
        if (!err && !shares)
            values[n++] = fmax(0, r->numbers[what] - (what == NET ? ns : 0));
    }
    if (!err)
        *own_ns = n && !lb_stats_median(values, n, &median) ? median : 0;
    free(values);
    return err;
}

struct group {
    const struct row *like;
    struct lb_line_costs costs;
};

/* The rows' medians once more. */
static int median_of_group(const struct folder *f, const struct row *like, enum number what,
                           double *median)
{
    double *values = calloc(f->n + 1, sizeof *values);
    size_t n = 0;

    *median = NAN;
    for (size_t i = 0; values && i < f->n; i++)
        if (is_group(&f->rows[i], like) && !isnan(f->rows[i].numbers[what]))
            values[n++] = f->rows[i].numbers[what];
    if (n)
        lb_stats_median(values, n, median);
    free(values);
    return values ? 0 : -ENOMEM;
}

static int make_group(const struct folder *f, const struct row *r, struct group *g)
{
    int err;

    *g = (struct group){.like = r};
    g->costs.handover = f->handover;
    if ((err = median_of_group(f, r, FETCH, &g->costs.fetch_ns)) ||
        (err = median_of_group(f, r, UPGRADE, &g->costs.upgrade_ns)))
        return err;
    g->costs.upgrade_ns = fmax(0, g->costs.upgrade_ns);
    /* Where each thread locks an object of its own. */
    return own_of(f, r, lb_scenarios[LB_SCENARIO_NEIGHBOURS].name, "all", NET, &g->costs.own_ns);
}

/* Each is made once: rows of several are mixed. */
static int find_group(struct folder *f, const struct row *r, const struct group **found)
{
    struct group *more;
    size_t i = 0;
    int err;

    while (i < f->n_groups && !is_group(f->groups[i].like, r))
        i++;
    if (i == f->n_groups) {
        if (!(more = realloc(f->groups, (i + 1) * sizeof *more)))
            return -ENOMEM;
        f->groups = more;
        if ((err = make_group(f, r, &more[i])))
            return err;
        f->n_groups++;
    }
    *found = &f->groups[i];
    return 0;
}

/* Cells ------------------------------------------------------------------------------------------
 */

static int put_item(const struct folder *f, const struct row *r, const struct group *g,
                    const struct lb_workload *shape, const struct lb_predicted *p,
                    struct lb_predictions *to)
{
    int role = role_of(shape->scenario, r->texts[ROLE]), err = 0;
    bool waits = lb_workload_paced(shape, role);
    double beside = 0;

    if (waits)
        err = own_of(f, r, r->texts[SCENARIO], r->texts[ROLE], WAIT, &beside);
    if (err)
        return err;
    to->items[to->n++] = (struct lb_prediction){
        .scenario = r->texts[SCENARIO],
        .layout = r->texts[LAYOUT],
        .lock = r->texts[LOCK],
        .placement = r->texts[PLACEMENT],
        .home = r->texts[HOME],
        .role = r->texts[ROLE],
        .work_ns = r->numbers[WORK],
        .every_ns = r->numbers[EVERY],
        .regime = isnan(r->numbers[REGIME]) ? 0 : (int)r->numbers[REGIME],
        .round_trip_ns = r->numbers[REGIME_NS],
        .waits = waits,
        .model_ns = waits ? p->wait_ns[role] + beside : p->op_ns[role],
        .measured_ns = r->numbers[waits ? WAIT : NET],
        .costs = g->costs,
    };
    return 0;
}

static int predict_row(struct folder *f, const struct row *r, struct lb_predictions *to)
{
    const struct group *g;
    struct lb_layout own;
    struct lb_workload shape;
    struct lb_model_case c = {.shape = &shape, .work_ns = r->numbers[WORK]};
    struct lb_predicted p;
    int err;

    if (!shape_of(f, r, &own, &shape)) {
        to->unknown++;
        return 0;
    }
    if (lb_model_allows(&shape, NULL)) {
        to->refused++;
        return 0;
    }
    if ((err = find_group(f, r, &g)))
        return err;
    if (!(g->costs.fetch_ns > 0)) {
        to->unknown++;
        return 0;
    }
    c.own_ns = g->costs.own_ns;
    err = lb_predict_pair(&c, &g->costs, NULL, &p);
    return err ? err : put_item(f, r, g, &shape, &p, to);
}

static bool is_asked(const struct row *r, const struct lb_predict_request *q)
{
    return *r->texts[LAYOUT] && (!q->scenario || !strcmp(r->texts[SCENARIO], q->scenario)) &&
           (!q->layout || !strcmp(r->texts[LAYOUT], q->layout));
}

static int predict_rows(struct folder *f, const struct lb_predict_request *q, struct lb_why *why,
                        struct lb_predictions *to)
{
    int err = 0;

    if (!(to->items = calloc(f->n + 1, sizeof *to->items)))
        return -ENOMEM;
    for (size_t i = 0; !err && i < f->n; i++)
        if (is_asked(&f->rows[i], q))
            err = predict_row(f, &f->rows[i], to);
    if (err || to->n)
        return err;
    if (to->refused)
        return lb_fail(why, ENODATA,
                       "%s: of what is asked for the model has nothing to say: it knows lines "
                       "that cores share, not sleep, caches that overflow, or write locks that "
                       "several want at once",
                       q->dir);
    return lb_fail(why, ENODATA,
                   "%s: no case of two threads with a pause, a layout that is known and costs of "
                   "lines",
                   q->dir);
}

int lb_predict_folder(const struct lb_predict_request *q, struct lb_why *why,
                      struct lb_predictions **predictions)
{
    struct lb_predictions *p = calloc(1, sizeof *p);
    struct folder *f = calloc(1, sizeof *f);
    int err = p && f ? read_rows(q->dir, why, f) : -ENOMEM;

    if (!err)
        err = read_run(q->dir, why, f, &p->handover_ratio);
    if (!err)
        err = predict_rows(f, q, why, p);
    if (p)
        p->hidden = f;
    if (err) {
        if (!p && f)
            free_folder(f);
        if (!p)
            free(f);
        lb_predictions_destroy(p);
        return err;
    }
    *predictions = p;
    return 0;
}

void lb_predictions_destroy(struct lb_predictions *p)
{
    if (!p)
        return;
    if (p->hidden)
        free_folder(p->hidden);
    free(p->hidden);
    free(p->items);
    free(p);
}
