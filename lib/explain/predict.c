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
    if (fetch > 0 && costs->handover == LB_HANDOVER_MIGRATORY)
        in.parameters.claim_ns = LB_PREDICT_CLAIM_NS;
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
    WINDOWS,
    NET,
    WAIT,
    TRANSFER,
    FETCH,
    RELOAD,
    CHAIN,
    UPGRADE,
    NUMBERS,
};
static const char *const number_columns[NUMBERS] = {"work_ns",
                                                    "every_ns",
                                                    "regime",
                                                    "regime_ns",
                                                    "windows",
                                                    "net_ns_op_hl",
                                                    "wait_ns_op",
                                                    "transfer_ns_median",
                                                    "fetch_load_ns_median",
                                                    "reload_ns_median",
                                                    "fetch_chain_ns_median",
                                                    "upgrade_ns_median"};

struct row {
    char *texts[TEXTS];
    double numbers[NUMBERS];
    double alone_ns; /* its op alone by the model; NaN: it shares a line, or is not known */
};
struct folder {
    struct row *rows;
    size_t n;
    struct lb_told_folder told; /* its command line */
    enum lb_handover handover;
    double step_ns; /* of its clock */
};

static void free_folder(struct folder *f)
{
    for (size_t i = 0; i < f->n; i++)
        for (int t = 0; t < TEXTS; t++)
            free(f->rows[i].texts[t]);
    free(f->rows);
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

/* Costs of lines at a place ----------------------------------------------------------------------
 */

static bool is_place(const struct row *a, const struct row *b)
{
    return !strcmp(a->texts[PLACEMENT], b->texts[PLACEMENT]) &&
           !strcmp(a->texts[HOME], b->texts[HOME]) &&
           lb_by_value(&a->numbers[WORK], &b->numbers[WORK]) == 0;
}

/* A transfer is measured around each window, the other costs once a round. Where CPUs moved in
 * between they are of two distances, and say nothing of the window. */
static bool is_sound(const struct folder *f, const struct row *r)
{
    double transfer = r->numbers[TRANSFER], fetch = r->numbers[FETCH], apart = 2 * f->step_ns;

    return !(fetch > 2 * transfer + apart) && !(transfer > 2 * fetch + apart);
}

/* Regimes are parted by round trips, of which several may go with one distance. */
static bool is_as_far(const struct folder *f, const struct row *a, const struct row *b)
{
    double x = a->numbers[TRANSFER], y = b->numbers[TRANSFER];

    if (lb_by_value(&a->numbers[REGIME], &b->numbers[REGIME]) == 0)
        return true;
    return fabs(x - y) <= fmax(f->step_ns, fmin(x, y) / 4);
}

/* The mean over windows; NaN: nobody has measured it. */
static double cost_of(const struct folder *f, const struct row *like, enum number what)
{
    double sum = 0, windows = 0;

    for (size_t i = 0; i < f->n; i++) {
        const struct row *r = &f->rows[i];
        if (!is_place(r, like) || !is_as_far(f, r, like) || !is_sound(f, r) ||
            isnan(r->numbers[what]))
            continue;
        sum += r->numbers[WINDOWS] * r->numbers[what];
        windows += r->numbers[WINDOWS];
    }
    return windows > 0 ? sum / windows : NAN;
}

/* Clocks are coarse beside a fetch from near by: where a load takes the line away four of the costs
 * are one, and their mean is known better than any. */
static double fetch_of(const struct folder *f, const struct row *like)
{
    double fetch = cost_of(f, like, FETCH);
    double all = (fetch + cost_of(f, like, RELOAD) + cost_of(f, like, CHAIN)) / 4;

    return f->handover == LB_HANDOVER_MIGRATORY && all > 0 ? all : fetch;
}

/* Where single rounds are too coarse to tell, the mean of all may. */
static void find_handover(struct folder *f, double *ratio)
{
    double sums[2] = {0, 0};

    for (size_t i = 0; i < f->n; i++) {
        const double *x = f->rows[i].numbers;
        if (!isnan(x[FETCH]) && !isnan(x[RELOAD])) {
            sums[0] += x[WINDOWS] * x[FETCH];
            sums[1] += x[WINDOWS] * x[RELOAD];
        }
    }
    *ratio = lb_handover_ratio(sums[0], sums[1]);
    f->handover = lb_handover_of(*ratio);
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
    f->step_ns = fmax(0, lb_json_number_at(json, "clock.step_ns"));
    lb_json_destroy(json);
    if (lb_json_read_texts(path, "run.command", NULL, &f->told.command, &n))
        f->told.command = NULL; /* then layouts of the user's own are not known */
    if (f->handover == LB_HANDOVER_UNKNOWN)
        find_handover(f, ratio);
    if (f->handover == LB_HANDOVER_UNKNOWN)
        return lb_fail(why, ENODATA,
                       "%s: nothing there says how lines are handed over: an earlier version wrote "
                       "it, or no two CPUs were measured, or what they say is neither",
                       dir);
    return 0;
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

/* By the model, before anything is asked of a row: each is asked often. */
static int find_alone(struct folder *f)
{
    int err = 0;

    for (size_t i = 0; !err && i < f->n; i++) {
        struct row *r = &f->rows[i];
        struct lb_layout own;
        struct lb_workload shape;
        double ns;
        bool shares;
        r->alone_ns = NAN;
        if (!shape_of(f, r, &own, &shape) || lb_model_allows(&shape, NULL))
            continue;
        err = model_alone(&shape, r->numbers[WORK], role_of(shape.scenario, r->texts[ROLE]), &ns,
                          &shares);
        if (!err && !shares)
            r->alone_ns = ns;
    }
    return err;
}

/* An op takes the same in its own cache wherever the other thread is. */
static bool is_same_op(const struct folder *f, const struct row *a, const struct row *b)
{
    struct lb_layout own[2];
    const struct lb_layout *x = lb_told_layout(&f->told, a->texts[LAYOUT], &own[0]),
                           *y = lb_told_layout(&f->told, b->texts[LAYOUT], &own[1]);

    return x && y && x->indirect == y->indirect && !strcmp(a->texts[LOCK], b->texts[LOCK]);
}

/* What an op takes that no line is waited for in: of NET what the model's op lacks, of WAIT what
 * timed ops wait all the same. The median of cells of that scenario and role that share no line; of
 * those of the row's kind of op, or of all where there is none. 0: there is none at all. */
static int own_of(const struct folder *f, const struct row *like, const char *scenario,
                  const char *role, enum number what, double *own_ns)
{
    double *values = calloc(2 * f->n + 1, sizeof *values), *same = values + f->n;
    size_t n = 0, n_same = 0;

    if (!values)
        return -ENOMEM;
    for (size_t i = 0; i < f->n; i++) {
        const struct row *r = &f->rows[i];
        if (strcmp(r->texts[SCENARIO], scenario) != 0 || strcmp(r->texts[ROLE], role) != 0 ||
            !is_place(r, like) || isnan(r->numbers[what]) || isnan(r->alone_ns))
            continue;
        values[n] = fmax(0, r->numbers[what] - (what == NET ? r->alone_ns : 0));
        if (is_same_op(f, r, like))
            same[n_same++] = values[n];
        n++;
    }
    *own_ns = 0;
    if (n)
        lb_stats_median(n_same ? same : values, n_same ? n_same : n, own_ns);
    free(values);
    return 0;
}

static int costs_of(const struct folder *f, const struct row *r, struct lb_line_costs *costs)
{
    double upgrade = cost_of(f, r, UPGRADE);

    *costs = (struct lb_line_costs){.fetch_ns = fetch_of(f, r),
                                    .upgrade_ns = upgrade < 0 ? 0 : upgrade,
                                    .handover = f->handover};
    /* Where each thread locks an object of its own. */
    return own_of(f, r, lb_scenarios[LB_SCENARIO_NEIGHBOURS].name, "all", NET, &costs->own_ns);
}

/* Cells ------------------------------------------------------------------------------------------
 */

static int put_item(const struct folder *f, const struct row *r, const struct lb_line_costs *costs,
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
        .costs = *costs,
    };
    return 0;
}

static int predict_row(const struct folder *f, const struct row *r, struct lb_predictions *to)
{
    struct lb_line_costs costs;
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
    if ((err = costs_of(f, r, &costs)))
        return err;
    if (!(costs.fetch_ns > 0)) {
        to->unknown++;
        return 0;
    }
    c.own_ns = costs.own_ns;
    err = lb_predict_pair(&c, &costs, NULL, &p);
    return err ? err : put_item(f, r, &costs, &shape, &p, to);
}

static bool is_asked(const struct row *r, const struct lb_predict_request *q)
{
    return *r->texts[LAYOUT] && (!q->scenario || !strcmp(r->texts[SCENARIO], q->scenario)) &&
           (!q->layout || !strcmp(r->texts[LAYOUT], q->layout));
}

static int predict_rows(const struct folder *f, const struct lb_predict_request *q,
                        struct lb_why *why, struct lb_predictions *to)
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
    if (!err && !(err = find_alone(f)))
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
