/* SPDX-License-Identifier: MIT
 *
 * run.json of both sides, and the comparison as JSON.
 */
#include "compare_private.h"
#include "record/json_private.h"
#include "base/number.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reading ------------------------------------------------------------------------------------ */

/* What is told when it differs: all of results/README.md but what no two runs share (times, rounds,
 * the clock's calibration). */
static const struct {
    const char *key, *what;
} told[] = {
    {"machine.host", "host"},
    {"machine.cpu_model", "processor"},
    {"machine.cpu_vendor", "vendor"},
    {"machine.microcode", "microcode"},
    {"machine.arch", "architecture"},
    {"machine.atomics", "atomics"},
    {"machine.hypervisor", "hypervisor"},
    {"machine.kernel", "kernel"},
    {"kernel.lock_generation", "VMA lock"},
    {"kernel.vma_object_bytes", "VMA's size (bytes)"},
    {"kernel.vma_stride_bytes", "VMA to VMA (bytes)"},
    {"kernel.lock_stride_bytes", "VMA lock to lock (bytes)"},
    {"machine.os", "system"},
    {"machine.smt_active", "SMT active"},
    {"machine.governor", "governor"},
    {"machine.boost", "boost"},
    {"machine.thp", "huge pages"},
    {"machine.clocksource", "kernel's clock source"},
    {"machine.prefetcher", "prefetcher"},
    {"prefetcher.set_to", "prefetcher set to"},
    {"machine.cgroup_cpuset", "CPUs allowed"},
    {"machine.cgroup_cpu_quota", "CPU quota"},
    {"machine.isolated", "isolated CPUs"},
    {"machine.nohz_full", "CPUs without ticks"},
    {"build.version", "version"},
    {"build.commit", "commit"},
    {"build.compiler", "compiler"},
    {"build.c_flags", "compiler's flags"},
    {"build.libraries", "libraries"},
    {"topology.source", "topology"},
    {"topology.hwloc", "hwloc"},
    {"topology.pus", "CPUs"},
    {"topology.pus_allowed", "CPUs usable"},
    {"topology.line_bytes", "line size"},
    {"clock.source", "clock"},
    {"clock.invariant", "clock invariant"},
    {"clock.synchronised", "clocks synchronised"},
    {"clock.note", "clock's note"},
    {"memory.note", "memory's note"},
    {"counters.state", "counters"},
    {"latency.note", "timed ops"},
    {"run.command", "command"},
    {"run.layouts", "layouts from BTF"},
    {"run.generation", "generation"},
    {"run.mm", "address space"},
    {"run.generations", "layouts' generations"},
    {"run.baseline", "baseline"},
    {"run.margin_ns", "margin (ns)"},
    {"run.margin_share", "margin (share)"},
    {"run.precision_ns", "precision (ns)"},
    {"run.budget_s", "budget (s)"},
    {"run.seed", "seed"},
};

static int read_record(struct lb_compare_run *run, struct lb_why *why)
{
    const char *slash = strrchr(run->file, '/');
    char *path;
    int err;

    if (asprintf(&path, "%.*srun.json", slash ? (int)(slash - run->file) + 1 : 0, run->file) < 0)
        return -ENOMEM;
    err = lb_json_load(path, why, &run->record);
    free(path);
    return err == -ENOENT ? 0 : err;
}

/* What a run's record has there; NULL: nothing, or there is no record. */
static const cJSON *value_in(const struct lb_compare *c, size_t r, const char *key)
{
    return c->runs[r].record ? lb_json_find(c->runs[r].record->root, key) : NULL;
}

/* A command line without where its results went. */
static void print_command(const cJSON *words, FILE *out)
{
    const cJSON *word;
    bool is_folder = false;

    cJSON_ArrayForEach(word, words)
    {
        const char *text = cJSON_IsString(word) ? word->valuestring : "?";
        bool skip = is_folder;
        is_folder = !strcmp(text, "--out") || !strcmp(text, "-o");
        if (!skip && !is_folder && strncmp(text, "--out=", 6) != 0)
            fprintf(out, "%s%s", word == words->child ? "" : " ", text);
    }
}

/* A value in words; NULL without memory. */
static char *print_value(const cJSON *value)
{
    char *text = NULL, number[LB_NUMBER_BYTES];
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    if (!out)
        return NULL;
    if (cJSON_IsString(value))
        fputs(value->valuestring, out);
    else if (cJSON_IsBool(value))
        fputs(cJSON_IsTrue(value) ? "yes" : "no", out);
    else if (cJSON_IsArray(value))
        print_command(value, out);
    else if (cJSON_IsNumber(value) && isfinite(value->valuedouble))
        lb_number_format_exact(value->valuedouble, number), fputs(number, out);
    else
        fputs("unknown", out);
    return lb_text_end(out, &text) ? NULL : text;
}

/* The different values of a side, joined by "; ". Runs without run.json say nothing. */
static int side_value(const struct lb_compare *c, int side, const char *key, char **joined)
{
    char **values = calloc(c->n_runs, sizeof *values);
    size_t n = 0, bytes;
    FILE *out = open_memstream(joined, &bytes);
    int err = values && out ? 0 : -ENOMEM;

    for (size_t r = 0; !err && r < c->n_runs; r++) {
        bool known = c->runs[r].side != side || !c->runs[r].record;
        char *value = known ? NULL : print_value(value_in(c, r, key));
        if (known)
            continue;
        if (!value)
            err = -ENOMEM;
        for (size_t k = 0; !err && !known && k < n; k++)
            known = !strcmp(values[k], value);
        if (err || known) {
            free(value);
            continue;
        }
        fprintf(out, "%s%s", n ? "; " : "", value);
        values[n++] = value;
    }
    if (!err && !n)
        fputs("unknown", out);
    for (size_t k = 0; k < n; k++)
        free(values[k]);
    free(values);
    return out && lb_text_end(out, joined) ? -ENOMEM : err;
}

static int add_differences(struct lb_compare *c)
{
    c->differences = calloc(LB_COUNT(told), sizeof *c->differences);
    if (!c->differences)
        return -ENOMEM;
    for (size_t i = 0; i < LB_COUNT(told); i++) {
        struct lb_compare_difference *d = &c->differences[c->n_differences];
        int err = 0;
        d->what = told[i].what;
        for (int side = 0; !err && side < 2; side++)
            err = side_value(c, side, told[i].key, &d->side[side]);
        /* Also what differs between the runs of a side, though both sides have it. */
        if (err || strcmp(d->side[0], d->side[1]) != 0 || strstr(d->side[0], "; ")) {
            c->n_differences++;
        } else {
            free(d->side[0]);
            free(d->side[1]);
            d->side[0] = d->side[1] = NULL;
        }
        if (err)
            return err;
    }
    return 0;
}

static const char *text_of(const struct lb_compare *c, size_t r, const char *key)
{
    const cJSON *value = value_in(c, r, key);

    return cJSON_IsString(value) ? value->valuestring : "";
}

static bool says_the_same(const struct lb_compare *c, size_t a, size_t b, const char *key)
{
    return *text_of(c, a, key) && !strcmp(text_of(c, a, key), text_of(c, b, key));
}

/* Regimes of different processors are not each other's. */
static int check_machines(struct lb_compare *c, bool *apart)
{
    int warned = 0, err = 0;

    for (size_t i = 0; i < c->n_side[0]; i++)
        for (size_t j = c->n_side[0]; !err && j < c->n_runs; j++) {
            const char *a = text_of(c, i, "machine.cpu_model");
            const char *b = text_of(c, j, "machine.cpu_model");
            if (!*a || !*b || !strcmp(a, b))
                continue;
            *apart = true;
            if (says_the_same(c, i, j, "machine.host") && !warned++)
                err = lb_compare_warn(c,
                                      "both sides say that they are host %s, but their processors "
                                      "differ: is it one machine?",
                                      text_of(c, i, "machine.host"));
        }
    return err;
}

/* Runs of which one is a copy of the other. */
static int check_copies(struct lb_compare *c)
{
    int err = 0;

    for (size_t j = 0; j < c->n_runs; j++)
        for (size_t i = 0; !err && i < j; i++)
            if (says_the_same(c, i, j, "run.started_utc") && says_the_same(c, i, j, "run.seed") &&
                says_the_same(c, i, j, "machine.host"))
                err = lb_compare_warn(c, "%s and %s are copies of one run", c->runs[i].path,
                                      c->runs[j].path);
    return err;
}

/* With drift in the machine, one side after the other is no comparison: A B A B A B is. */
static int check_order(struct lb_compare *c)
{
    const char *first[2] = {NULL, NULL}, *last[2] = {NULL, NULL};

    if (c->n_side[0] < 2 || c->n_side[1] < 2)
        return 0;
    for (size_t r = 0; r < c->n_runs; r++) {
        const char *at = text_of(c, r, "run.started_utc");
        int side = c->runs[r].side;
        if (!*at)
            return 0;
        if (!first[side] || strcmp(at, first[side]) < 0)
            first[side] = at;
        if (!last[side] || strcmp(at, last[side]) > 0)
            last[side] = at;
    }
    for (int side = 0; side < 2; side++)
        if (strcmp(last[side], first[!side]) < 0 &&
            says_the_same(c, 0, c->n_side[0], "machine.host"))
            return lb_compare_warn(c,
                                   "all runs of %c came before those of %c: what drifted between "
                                   "them looks like a difference; alternate them",
                                   'A' + side, 'B' - side);
    return 0;
}

static int check_record(struct lb_compare *c, size_t r, struct lb_why *why)
{
    const cJSON *version = value_in(c, r, "schema_version");

    if (!c->runs[r].record)
        return lb_compare_warn(c, "%s: no run.json beside it: what it ran on is not known",
                               c->runs[r].file);
    if (!cJSON_IsNumber(version) || version->valuedouble != LB_SCHEMA_VERSION)
        return lb_fail(why, EPROTO,
                       "%s: its run.json has not schema_version %d, which this program "
                       "reads",
                       c->runs[r].path, LB_SCHEMA_VERSION);
    if (!c->baseline && *text_of(c, r, "run.baseline"))
        return (c->baseline = strdup(text_of(c, r, "run.baseline"))) ? 0 : -ENOMEM;
    return 0;
}

int lb_compare_records(struct lb_compare *c, bool *apart, struct lb_why *why)
{
    int err = 0;

    for (size_t r = 0; !err && r < c->n_runs; r++)
        if (!(err = read_record(&c->runs[r], why)))
            err = check_record(c, r, why);
    if (!err && !(err = add_differences(c)) && !(err = check_machines(c, apart)) &&
        !(err = check_copies(c)))
        err = check_order(c);
    return err;
}

/* Writing ------------------------------------------------------------------------------------ */

/* Numbers are formatted here: cJSON's way to a dot depends on how it was built. */
static bool put(cJSON *object, const char *name, double value)
{
    char text[LB_NUMBER_BYTES];

    if (!isfinite(value))
        return cJSON_AddNullToObject(object, name) != NULL;
    lb_number_format(value, 6, text);
    return cJSON_AddRawToObject(object, name, text) != NULL;
}

static bool put_count(cJSON *object, const char *name, size_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%zu", value);
    return cJSON_AddRawToObject(object, name, text) != NULL;
}

static bool put_text(cJSON *object, const char *name, const char *text)
{
    return (*text ? cJSON_AddStringToObject(object, name, text)
                  : cJSON_AddNullToObject(object, name)) != NULL;
}

static bool put_pair(cJSON *object, const char *name, const double side[2])
{
    cJSON *pair = cJSON_AddObjectToObject(object, name);

    return pair && put(pair, "a", side[0]) && put(pair, "b", side[1]);
}

static bool put_counts(cJSON *object, const char *name, const size_t side[2])
{
    cJSON *pair = cJSON_AddObjectToObject(object, name);

    return pair && put_count(pair, "a", side[0]) && put_count(pair, "b", side[1]);
}

static bool put_contrast(cJSON *object, const char *name, const struct lb_contrast *x)
{
    cJSON *o = cJSON_AddObjectToObject(object, name);

    return o && put_pair(o, "value", x->side) && put_counts(o, "runs", x->runs) &&
           put_counts(o, "rounds", x->rounds) && put_pair(o, "regime_ns", x->regime_ns) &&
           put(o, "ratio", x->ratio) && put(o, "ci95_lo", x->lo) && put(o, "ci95_hi", x->hi) &&
           put(o, "margin_share", x->margin) && put(o, "p_holm", x->p_holm) &&
           put_text(o, "verdict", *x->note ? "unresolved" : lb_verdict_name(x->verdict)) &&
           cJSON_AddBoolToObject(o, "unfair", x->unfair) && put_text(o, "note", x->note);
}

static bool put_case(const struct lb_compare *c, const struct lb_compare_case *k, cJSON *array)
{
    cJSON *o = cJSON_CreateObject();
    bool done = o && cJSON_AddItemToArray(array, o);

    for (size_t i = 0; done && i < LB_KEYS; i++) /* named as in the schema */
        done = put_text(o, lb_key_column((enum lb_key)i), k->cells[i]);
    return done && put_text(o, "placement_b", k->placement_b ? k->placement_b : "") &&
           put_text(o, "sides", lb_compare_sides(k)) &&
           cJSON_AddBoolToObject(o, "reference", k->reference) && put_counts(o, "windows", k->ok) &&
           put_counts(o, "windows_spoiled", k->spoiled) &&
           put_counts(o, "windows_armed", k->armed) && put_pair(o, "rate", k->rate) &&
           put_text(o, "base", k->base < 0 ? "" : c->cases[k->base].cells[LB_KEY_LAYOUT]) &&
           put_contrast(o, "time", &k->time) && put_contrast(o, "relative", &k->relative);
}

static bool put_run(const struct lb_compare_run *run, cJSON *array)
{
    cJSON *o = cJSON_CreateObject();

    return o && cJSON_AddItemToArray(array, o) && put_text(o, "side", run->side ? "b" : "a") &&
           put_text(o, "path", run->path) && put_text(o, "file", run->file) &&
           put_count(o, "rows", run->rows) && put_count(o, "windows_spoiled", run->spoiled) &&
           put_count(o, "windows_armed", run->armed) && put_count(o, "unusable", run->unusable) &&
           put_count(o, "torn", run->torn);
}

static bool put_tally(cJSON *root, const char *name, const struct lb_compare_tally *t)
{
    cJSON *o = cJSON_AddObjectToObject(root, name);
    bool done = o != NULL;

    for (int v = LB_VERDICTS - 1; done && v >= 0; v--)
        done = put_count(o, lb_verdict_name((enum lb_verdict)v), t->verdicts[v]);
    return done && put_count(o, "judged", t->judged);
}

static bool put_words(const struct lb_compare *c, cJSON *root)
{
    cJSON *differences = cJSON_AddObjectToObject(root, "differences");
    cJSON *warnings = cJSON_AddArrayToObject(root, "warnings");
    bool done = differences && warnings;

    for (size_t i = 0; done && i < c->n_differences; i++) {
        cJSON *pair = cJSON_AddObjectToObject(differences, c->differences[i].what);
        done = pair && put_text(pair, "a", c->differences[i].side[0]) &&
               put_text(pair, "b", c->differences[i].side[1]);
    }
    for (size_t i = 0; done && i < c->n_warnings; i++) {
        cJSON *text = cJSON_CreateString(c->warnings[i]);
        done = text && cJSON_AddItemToArray(warnings, text);
    }
    return done;
}

static bool put_all(const struct lb_compare *c, cJSON *root)
{
    cJSON *array;
    bool done;

    done = put_count(root, "schema_version", LB_SCHEMA_VERSION) &&
           put_text(root, "baseline", c->baseline) &&
           (array = cJSON_AddArrayToObject(root, "runs")) != NULL;
    for (size_t r = 0; done && r < c->n_runs; r++)
        done = put_run(&c->runs[r], array);
    done = done && put_words(c, root) && put_tally(root, "time", &c->time) &&
           put_tally(root, "relative", &c->relative) &&
           put_count(root, "cases_common", c->n_common) &&
           put_counts(root, "cases_only", c->n_only) &&
           (array = cJSON_AddArrayToObject(root, "cases")) != NULL;
    for (size_t i = 0; done && i < c->n_cases; i++)
        done = put_case(c, &c->cases[i], array);
    return done;
}

int lb_compare_json(const struct lb_compare *c, char **text)
{
    cJSON *root = cJSON_CreateObject();
    char *printed = root && put_all(c, root) ? cJSON_Print(root) : NULL, *copy = NULL;

    cJSON_Delete(root);
    if (printed && asprintf(&copy, "%s\n", printed) < 0)
        copy = NULL;
    cJSON_free(printed);
    if (!copy)
        return -ENOMEM;
    *text = copy;
    return 0;
}
