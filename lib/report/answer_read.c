/* SPDX-License-Identifier: MIT
 *
 * What stands in summary.csv and run.json, as cells.
 */
#include "answer_private.h"

#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#define PATH_BYTES 640

int lb_found_suite_index(const struct lb_found *f, const char *name)
{
    for (size_t i = 0; i < f->n_suites; i++)
        if (!strcmp(f->suites[i].name, name))
            return (int)i;
    return -1;
}

static int add_suite(struct lb_found *f, const char *name, int *at)
{
    struct lb_found_suite *s;

    *at = lb_found_suite_index(f, name);
    if (*at >= 0)
        return 0;
    s = lb_more(&f->suites, &f->n_suites, sizeof *s);
    if (!s)
        return -ENOMEM;
    *at = (int)f->n_suites - 1;
    snprintf(s->name, sizeof s->name, "%s", name);
    s->rounds = s->windows = s->spoiled = s->elapsed_s = s->off_cpu_share = NAN;
    s->others_share = s->budget_s = NAN;
    return 0;
}

/* Layouts ------------------------------------------------------------------------------------ */

static int layout_at(const struct lb_found *f, int suite, const char *name, const char *lock)
{
    for (size_t i = 0; i < f->n_layouts; i++)
        if (f->layouts[i].suite == suite && !strcmp(f->layouts[i].name, name) &&
            !strcmp(f->layouts[i].lock, lock))
            return (int)i;
    return -1;
}

static int add_layout(struct lb_found *f, int suite, const char *name, const char *lock)
{
    struct lb_found_layout *l = lb_more(&f->layouts, &f->n_layouts, sizeof *l);
    const struct lb_layout *known;
    enum lb_lock_kind kind;

    if (!l)
        return -ENOMEM;
    snprintf(l->name, sizeof l->name, "%s", name);
    snprintf(l->lock, sizeof l->lock, "%s", lock);
    l->suite = suite;
    l->pages = l->pages_base = NAN;
    if (!lb_layout_find(name, NULL, &known) && !lb_lock_parse(lock, NULL, &kind))
        l->lies = lb_layout_lies(known, kind);
    return 0;
}

/* "embedded~" is embedded's twin, "embedded+sampling" what looking at it costs. */
static bool is_twin(const char *layout)
{
    return strpbrk(layout, "~+") != NULL;
}

/* Cells -------------------------------------------------------------------------------------- */

struct lb_found_cell *lb_found_add_cell(struct lb_found *f)
{
    struct lb_found_cell *c = lb_more(&f->cells, &f->n_cells, sizeof *c);

    if (!c)
        return NULL;
    c->ns_op = c->net = c->diff = c->diff_lo = c->diff_hi = c->net_lo = c->net_hi = NAN;
    c->ratio = c->ratio_lo = c->ratio_hi = c->pages = c->regime_ns = c->margin_ns = NAN;
    c->every_ns = c->objects = c->offset_bytes = c->min_over_max = c->off_cpu_share = NAN;
    return c;
}

#define COPY(TO, FROM) snprintf(TO, sizeof(TO), "%s", FROM)

static void read_texts(const struct lb_csv_reader *csv, struct lb_found_cell *c)
{
    COPY(c->scenario_name, lb_csv_cell(csv, "scenario"));
    COPY(c->role, lb_csv_cell(csv, "role"));
    COPY(c->placement, lb_csv_cell(csv, "placement"));
    COPY(c->distance, lb_csv_cell(csv, "distance"));
    COPY(c->home, lb_csv_cell(csv, "home"));
    COPY(c->access, lb_csv_cell(csv, "access"));
    COPY(c->writers, lb_csv_cell(csv, "writers"));
    COPY(c->touch, lb_csv_cell(csv, "touch"));
    COPY(c->generation, lb_csv_cell(csv, "generation"));
    COPY(c->base, lb_csv_cell(csv, "baseline"));
    COPY(c->why, lb_csv_cell(csv, "note"));
}

static void read_numbers(const struct lb_csv_reader *csv, struct lb_found_cell *c)
{
    const struct {
        const char *column;
        double *to;
    } numbers[] = {
        {"work_ns", &c->work_ns},
        {"every_ns", &c->every_ns},
        {"objects", &c->objects},
        {"offset_bytes", &c->offset_bytes},
        {"regime_ns", &c->regime_ns},
        {"ns_op_median", &c->ns_op},
        {"net_ns_op_hl", &c->net},
        {"net_ns_op_ci95_lo", &c->net_lo},
        {"net_ns_op_ci95_hi", &c->net_hi},
        {"ratio", &c->ratio},
        {"ratio_ci95_lo", &c->ratio_lo},
        {"ratio_ci95_hi", &c->ratio_hi},
        {"diff_ns", &c->diff},
        {"diff_ns_ci95_lo", &c->diff_lo},
        {"diff_ns_ci95_hi", &c->diff_hi},
        {"margin_ns", &c->margin_ns},
        {"min_over_max_median", &c->min_over_max},
        {"off_cpu_share_median", &c->off_cpu_share},
        {"pages_per_1000_objects", &c->pages},
    };

    for (size_t i = 0; i < LB_COUNT(numbers); i++)
        *numbers[i].to = lb_csv_number(csv, numbers[i].column);
}

/* 0 where the cell is empty. */
static size_t count_of(const struct lb_csv_reader *csv, const char *column)
{
    double value = lb_csv_number(csv, column);

    return value > 0 && value < 1e15 ? (size_t)value : 0;
}

static void read_counts(const struct lb_csv_reader *csv, struct lb_found_cell *c)
{
    c->threads = (int)count_of(csv, "threads");
    c->regime = (int)count_of(csv, "regime");
    c->windows = count_of(csv, "windows");
    c->spoiled = count_of(csv, "windows_spoiled");
    c->pairs = count_of(csv, "pairs");
    c->unfair = count_of(csv, "unfair") > 0;
    c->compared = c->pairs > 0;
    c->measured = true;
}

static const struct lb_scenario *scenario_named(const char *name)
{
    for (size_t i = 0; i < LB_SCENARIOS; i++)
        if (!strcmp(lb_scenarios[i].name, name))
            return &lb_scenarios[i];
    return NULL;
}

static enum lb_verdict verdict_named(const char *name)
{
    for (int v = 0; v < LB_VERDICTS; v++)
        if (!strcmp(lb_verdict_name((enum lb_verdict)v), name))
            return (enum lb_verdict)v;
    return LB_VERDICT_UNRESOLVED;
}

/* Of a paced role nothing is taken off. */
static void take_gross(struct lb_found_cell *c, double lo, double hi)
{
    if (isfinite(c->net))
        return;
    c->net = c->ns_op;
    c->net_lo = lo;
    c->net_hi = hi;
}

static int find_layout(struct lb_found *f, struct lb_found_cell *c, const char *name,
                       const char *lock)
{
    c->scenario = scenario_named(c->scenario_name);
    c->subject = c->scenario ? c->scenario->purpose == LB_PURPOSE_QUESTION : *name != '\0';
    c->twin = is_twin(name);
    c->layout = -1;
    if (!*name || !c->subject)
        return 0;
    c->layout = layout_at(f, c->suite, name, lock);
    if (c->layout < 0) {
        if (add_layout(f, c->suite, name, lock))
            return -ENOMEM;
        c->layout = (int)f->n_layouts - 1;
    }
    if (isfinite(c->pages))
        f->layouts[c->layout].pages = c->pages;
    return 0;
}

static int add_row(const struct lb_csv_reader *csv, void *found)
{
    struct lb_found *f = found;
    struct lb_found_cell *c = lb_more(&f->cells, &f->n_cells, sizeof *c);
    int err = c ? add_suite(f, lb_csv_cell(csv, "suite"), &c->suite) : -ENOMEM;

    if (err)
        return err;
    read_texts(csv, c);
    read_numbers(csv, c);
    read_counts(csv, c);
    take_gross(c, lb_csv_number(csv, "ns_op_ci95_lo"), lb_csv_number(csv, "ns_op_ci95_hi"));
    c->verdict = verdict_named(lb_csv_cell(csv, "verdict"));
    return find_layout(f, c, lb_csv_cell(csv, "layout"), lb_csv_cell(csv, "lock"));
}

static int read_summary(struct lb_found *f, struct lb_why *why)
{
    static const char *const needed[] = {"suite",   "scenario", "layout", "placement",
                                         "threads", "work_ns",  "role",   NULL};
    int err = lb_csv_each(f->dir, "summary.csv", needed, why, add_row, f);

    return err == -ENODATA ? 0 : err;
}

/* run.json ----------------------------------------------------------------------------------- */

static void take_text(const struct lb_json *json, const char *path, char *to, size_t bytes)
{
    const char *text = lb_json_text_at(json, path);

    if (text)
        lb_printable(text, to, bytes);
}
#define TAKE(PATH, TO) take_text(json, PATH, TO, sizeof(TO))

static void read_command(struct lb_found *f, const struct lb_json *json)
{
    struct lb_canvas t = {f->command, sizeof f->command, 0};
    char path[64];

    for (size_t i = 0; i < lb_json_count_at(json, "run.command"); i++) {
        snprintf(path, sizeof path, "run.command.%zu", i);
        const char *word = lb_json_text_at(json, path);
        if (word)
            lb_canvas_put(&t, "%s%s", i ? " " : "", word);
    }
}

static void read_machine(struct lb_found *f, const struct lb_json *json)
{
    TAKE("machine.host", f->host);
    TAKE("machine.cpu_model", f->cpu);
    TAKE("machine.kernel", f->kernel);
    TAKE("machine.hypervisor", f->hypervisor);
    TAKE("build.version", f->version);
    TAKE("build.commit", f->commit);
    TAKE("run.started_utc", f->started);
    TAKE("counters.state", f->counters);
    TAKE("counters.sentence", f->counters_why);
    f->budget_s = lb_json_number_at(json, "run.budget_s");
    f->cpus = lb_json_number_at(json, "topology.pus_allowed");
    if (lb_json_number_at(json, "run.margin_ns") >= 0 &&
        lb_json_number_at(json, "run.margin_share") >= 0)
        f->margin = (struct lb_margin){lb_json_number_at(json, "run.margin_ns"),
                                       lb_json_number_at(json, "run.margin_share")};
    read_command(f, json);
}

/* "suites.layouts.NAME": a buffer of its own for each path. */
struct place {
    const struct lb_json *json;
    char suite[24], path[128];
};

static const char *in_suite(struct place *p, const char *name)
{
    snprintf(p->path, sizeof p->path, "suites.%s.%s", p->suite, name);
    return p->path;
}

static const char *in_list(struct place *p, const char *list, size_t i, const char *name)
{
    snprintf(p->path, sizeof p->path, "suites.%s.%s.%zu.%s", p->suite, list, i, name);
    return p->path;
}

static double number_in(struct place *p, const char *name)
{
    return lb_json_number_at(p->json, in_suite(p, name));
}

static void read_suite(struct place *p, struct lb_found_suite *s)
{
    s->rounds = number_in(p, "rounds");
    s->windows = number_in(p, "windows");
    s->spoiled = number_in(p, "windows_spoiled");
    s->elapsed_s = number_in(p, "elapsed_s");
    s->off_cpu_share = number_in(p, "off_cpu_share");
    s->others_share = number_in(p, "others_share");
    s->busy = lb_json_true_at(p->json, in_suite(p, "busy"));
    take_text(p->json, in_suite(p, "question"), s->question, sizeof s->question);
    take_text(p->json, in_suite(p, "ended"), s->ended, sizeof s->ended);
    take_text(p->json, in_suite(p, "left_out"), s->left_out, sizeof s->left_out);
    take_text(p->json, in_suite(p, "claims"), s->claims, sizeof s->claims);
}

static enum lb_lies lies_named(const char *name)
{
    for (int i = 0; name && i < LB_LIES; i++)
        if (!strcmp(lb_lies_name((enum lb_lies)i), name))
            return (enum lb_lies)i;
    return LB_LIES_NOWHERE;
}

static void read_layouts(struct place *p, struct lb_found *f, int suite)
{
    for (size_t i = 0; i < lb_json_count_at(p->json, in_suite(p, "layouts")); i++) {
        const char *name = lb_json_text_at(p->json, in_list(p, "layouts", i, "name"));
        const char *lock = lb_json_text_at(p->json, in_list(p, "layouts", i, "lock"));
        int at = name && lock ? layout_at(f, suite, name, lock) : -1;
        if (at < 0 && name) /* of a scenario that takes none */
            at = layout_at(f, suite, name, "");
        if (at < 0)
            continue;
        f->layouts[at].lies =
            lies_named(lb_json_text_at(p->json, in_list(p, "layouts", i, "lies")));
        f->layouts[at].own = lb_json_true_at(p->json, in_list(p, "layouts", i, "own"));
    }
}

static void read_placements(struct place *p, struct lb_found *f, int suite)
{
    for (size_t i = 0; i < lb_json_count_at(p->json, in_suite(p, "placements")); i++) {
        const char *name = lb_json_text_at(p->json, in_list(p, "placements", i, "name"));
        const char *home = lb_json_text_at(p->json, in_list(p, "placements", i, "home"));
        double main = lb_json_number_at(p->json, in_list(p, "placements", i, "main_regime"));
        for (size_t k = 0; name && home && k < f->n_cells; k++) {
            struct lb_found_cell *c = &f->cells[k];
            if (c->suite == suite && !strcmp(c->placement, name) && !strcmp(c->home, home))
                c->main_regime = c->regime == (int)main;
        }
    }
}

/* Planned, and no window was good. */
static int read_missing(struct place *p, struct lb_found *f, int suite)
{
    int err = 0;

    for (size_t i = 0; !err && i < lb_json_count_at(p->json, in_suite(p, "not_measured")); i++) {
        struct lb_found_cell *c = lb_found_add_cell(f);
        char name[LB_FOUND_NAME_BYTES] = "", lock[24] = "";
        if (!c)
            return -ENOMEM;
        c->suite = suite;
        c->main_regime = true;
#define MISSING(NAME) lb_json_text_at(p->json, in_list(p, "not_measured", i, NAME))
        COPY(c->scenario_name, MISSING("scenario") ? MISSING("scenario") : "");
        COPY(c->role, MISSING("role") ? MISSING("role") : "");
        COPY(c->placement, MISSING("placement") ? MISSING("placement") : "");
        COPY(name, MISSING("layout") ? MISSING("layout") : "");
        COPY(lock, MISSING("lock") ? MISSING("lock") : "");
        COPY(c->why, "no window was good");
#undef MISSING
        c->work_ns = lb_json_number_at(p->json, in_list(p, "not_measured", i, "work_ns"));
        c->threads = (int)lb_json_number_at(p->json, in_list(p, "not_measured", i, "threads"));
        err = find_layout(f, c, name, lock);
    }
    return err;
}

/* Sizes are whole, and not above what an object can have. */
static size_t bytes_in(struct place *p, size_t i, const char *name)
{
    double bytes = lb_json_number_at(p->json, in_list(p, "scans", i, name));

    return bytes > 0 && bytes < 1e9 ? (size_t)bytes : 0;
}

static int read_scans(struct place *p, struct lb_found *f, int suite)
{
    for (size_t i = 0; i < lb_json_count_at(p->json, in_suite(p, "scans")); i++) {
        struct lb_found_scan *s = lb_more(&f->scans, &f->n_scans, sizeof *s);
        if (!s)
            return -ENOMEM;
#define SCAN(NAME, TO) take_text(p->json, in_list(p, "scans", i, NAME), TO, sizeof(TO))
        SCAN("scenario", s->scenario);
        SCAN("role", s->role);
        SCAN("placement", s->placement);
        SCAN("why", s->why);
#undef SCAN
        s->suite = suite;
        s->lock = lb_json_true_at(p->json, in_list(p, "scans", i, "lock"));
        s->work_ns = lb_json_number_at(p->json, in_list(p, "scans", i, "work_ns"));
        s->size.size_bytes = bytes_in(p, i, "size_bytes");
        s->size.below_bytes = bytes_in(p, i, "below_bytes");
        s->size.confidence = lb_json_number_at(p->json, in_list(p, "scans", i, "confidence"));
        s->size.cost_ns = lb_json_number_at(p->json, in_list(p, "scans", i, "cost_ns"));
        s->size.cost_ratio = lb_json_number_at(p->json, in_list(p, "scans", i, "cost_ratio"));
    }
    return 0;
}

static int read_record(struct lb_found *f, struct lb_why *why)
{
    struct lb_json *json;
    char path[PATH_BYTES];
    const char *name;
    int err;

    snprintf(path, sizeof path, "%s/run.json", f->dir);
    if ((err = lb_json_load(path, why, &json)))
        return err;
    read_machine(f, json);
    for (size_t i = 0; !err && (name = lb_json_name_at(json, "suites", i)); i++) {
        struct place p = {.json = json};
        int suite;
        snprintf(p.suite, sizeof p.suite, "%s", name);
        if ((err = add_suite(f, name, &suite)))
            break;
        read_suite(&p, &f->suites[suite]);
        read_layouts(&p, f, suite);
        read_placements(&p, f, suite);
        if (!(err = read_missing(&p, f, suite)))
            err = read_scans(&p, f, suite);
    }
    lb_json_destroy(json);
    return err;
}

static bool is_beside(const struct lb_found_cell *a, const struct lb_found_cell *b)
{
    return a->suite == b->suite && !strcmp(a->placement, b->placement) && !strcmp(a->home, b->home);
}

/* Of a run that did not say: the regime of a placement with most pairs, or windows where those are
 * equal. */
#define REGIMES_MOST 256
static void guess_main(struct lb_found *f, size_t at)
{
    size_t sums[REGIMES_MOST] = {0}, best = 0;

    for (size_t i = at; i < f->n_cells; i++)
        if (is_beside(&f->cells[i], &f->cells[at]))
            sums[f->cells[i].regime % REGIMES_MOST] +=
                (f->cells[i].pairs << 20) + f->cells[i].windows;
    for (size_t r = 0; r < REGIMES_MOST; r++)
        best = sums[r] > sums[best] ? r : best;
    for (size_t i = at; i < f->n_cells; i++)
        if (is_beside(&f->cells[i], &f->cells[at]))
            f->cells[i].main_regime = (size_t)f->cells[i].regime % REGIMES_MOST == best;
}

static bool knows_main(const struct lb_found *f, const struct lb_found_cell *like)
{
    for (size_t i = 0; i < f->n_cells; i++)
        if (f->cells[i].main_regime && f->cells[i].measured && is_beside(&f->cells[i], like))
            return true;
    return false;
}

int lb_found_rows(struct lb_found *f, struct lb_why *why)
{
    struct lb_why other = {""};
    int err = read_summary(f, why), record;

    if (err && err != -ENOENT)
        return err;
    record = read_record(f, err ? why : &other);
    if (record && record != -ENOENT)
        return lb_fail(why, -record, "%s", *other.text ? other.text : why->text);
    if (err && record)
        return lb_fail(why, ENOENT, "%s: holds neither summary.csv nor run.json", f->dir);
    for (size_t i = 0; i < f->n_cells; i++)
        if ((!i || !is_beside(&f->cells[i], &f->cells[i - 1])) && f->cells[i].measured &&
            !knows_main(f, &f->cells[i]))
            guess_main(f, i);
    return f->n_suites ? 0 : lb_fail(why, ENODATA, "%s: no suite was measured", f->dir);
}
