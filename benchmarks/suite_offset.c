/* SPDX-License-Identifier: MIT
 *
 * offset: what it costs that two threads' words, or a lock and the fields beside it, lie so far
 * apart, and from which distance on it costs nothing.
 */
#include "suite.h"

#include "report/table.h"

#include <linebounce/answer.h>
#include <linebounce/environment.h>
#include <linebounce/record.h>
#include <linebounce/scenario.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct lb_scenario *const all[] = {
    &lb_scenarios[LB_SCENARIO_STORE],     &lb_scenarios[LB_SCENARIO_LOAD],
    &lb_scenarios[LB_SCENARIO_INCREMENT], &lb_scenarios[LB_SCENARIO_FETCH_ADD],
    &lb_scenarios[LB_SCENARIO_CAS],       &lb_scenarios[LB_SCENARIO_READ_WRITE],
    &lb_scenarios[LB_SCENARIO_OBSERVER],  &lb_scenarios[LB_SCENARIO_SAME_OBJECT],
};
static const double works[] = {LB_WORK_HEADLINE_NS, 0};

/* Within a line, about its end, and at the ends of pairs and of blocks of 256 bytes. */
static const size_t offsets[] = {8,  16, 24,  32,  40,  48,  56,  64,
                                 72, 96, 120, 128, 192, 256, 384, 512};
static const size_t quick_offsets[] = {8, 56, 64, 120, 128, 256, 512};
#define BASE_OFFSET 512

/* The lock's offset in an object whose hot fields lie on line 0 (the head, 40 bytes) and line 2
 * (the tail and the sequence number). At 40 and 48 count and owner lie beside the head; at 56 count
 * ends line 0 and owner begins line 1: split; at 64 both lie on the other line of the head's pair,
 * at 192 on the other line of the tail's, from 256 on in pairs of their own. */
static const size_t lock_offsets[] = {40, 48, 56, 64, 192, 256, 512};
#define OBJECT_BYTES 1024
#define TAIL_OFFSET  128
#define SEQ_OFFSET   184

static void make_layout(size_t lock_offset, struct lb_layout *l)
{
    size_t end = lock_offset < TAIL_OFFSET ? TAIL_OFFSET : OBJECT_BYTES;

    *l = (struct lb_layout){
        .size_bytes = OBJECT_BYTES,
        .align_bytes = OBJECT_BYTES,
        .accesses = {LB_VMA_FIELDS(0, TAIL_OFFSET)},
        .n_accesses = LB_VMA_FIELDS_N,
        .seq_offset = SEQ_OFFSET,
        .lock_offset = lock_offset,
        .lock_room_bytes = end - lock_offset,
        .lock_align_bytes = 8,
        .lock = LB_LOCK_RWSEM40,
    };
    snprintf(l->name, sizeof l->name, LB_LAYOUT_AT "%zu", lock_offset);
    snprintf(l->meaning, sizeof l->meaning, "a scan of the lock's offset");
}

static void use_offsets(const struct settings *s, struct request *request)
{
    struct lb_request *r = &request->plan;
    size_t base = s->base_offset ? s->base_offset : BASE_OFFSET;

    if (!s->offsets.n) {
        r->offsets = s->quick ? quick_offsets : offsets;
        r->n_offsets = s->quick ? LB_COUNT(quick_offsets) : LB_COUNT(offsets);
    } else {
        request_offsets(s, base, request);
    }
    r->base_offset = base;
}

static void use_lock_offsets(const struct settings *s, struct request *request)
{
    struct list *own = &request->own.layouts;

    for (size_t i = 0; i < LB_COUNT(lock_offsets); i++) {
        struct lb_layout l;
        make_layout(lock_offsets[i], &l);
        list_add(own, sizeof l, &l);
    }
    request->plan.layouts = own->at;
    request->plan.n_layouts = own->n;
    if (!s->baseline_given || s->base_offset) /* another is not among them, which the plan says */
        request->plan.baseline = ((const struct lb_layout *)own->at)[own->n - 1].name;
}

static void defaults(const struct settings *s, struct request *request)
{
    struct lb_request *r = &request->plan;
    REQUEST_FIRST(r, scenarios, all, s->quick ? 6 : LB_COUNT(all));
    if (!s->layouts.n)
        use_lock_offsets(s, request);
    REQUEST_ALL(r, work_ns, works);
    use_offsets(s, request);
}

/* The cases of one operation at one work, by offset. */
static size_t cases_of(const struct lb_plan *p, const struct lb_case *like, int *cases,
                       size_t *bytes)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_cases; i++) {
        const struct lb_case *c = &p->cases[i];
        size_t k = n;
        if (c->shape.scenario != like->shape.scenario || c->placement != like->placement ||
            c->work_ns != like->work_ns || !c->offset_bytes || c->twin)
            continue;
        for (; k > 0 && bytes[k - 1] > c->offset_bytes; k--) {
            bytes[k] = bytes[k - 1];
            cases[k] = cases[k - 1];
        }
        bytes[k] = c->offset_bytes;
        cases[k] = (int)i;
        n++;
    }
    return n;
}

/* One operation's windows in one regime. */
static void fill(const struct lb_run *run, const int *cases, int role, int regime,
                 struct lb_scan *scan, double *ns_op)
{
    for (size_t i = 0; i < scan->n_offsets * scan->n_rounds; i++)
        ns_op[i] = NAN;
    for (size_t i = 0; i < scan->n_offsets; i++) {
        const struct lb_series *s = &run->series[cases[i]];
        for (size_t k = 0; k < s->n; k++) {
            const struct lb_sample *x = &s->samples[role][k];
            if (x->round < scan->n_rounds && x->regime == regime)
                ns_op[i * scan->n_rounds + x->round] = x->ns_op;
        }
    }
}

/* Rounds in which each offset has a window. */
static size_t whole_rounds(const struct lb_scan *scan)
{
    size_t n = 0;

    for (size_t round = 0; round < scan->n_rounds; round++) {
        bool whole = true;
        for (size_t i = 0; whole && i < scan->n_offsets; i++)
            whole = isfinite(scan->ns_op[i * scan->n_rounds + round]);
        n += whole;
    }
    return n;
}

/* The regime with most of them: offsets that are resolved are measured no longer, so that it need
 * not be the one in which the base has most windows. */
static int fill_best(const struct lb_run *run, const int *cases, int role, struct lb_scan *scan,
                     double *ns_op)
{
    size_t most = 0;
    int best = 0;

    for (int regime = 0; regime < run->n_regimes; regime++) {
        fill(run, cases, role, regime, scan, ns_op);
        size_t n = whole_rounds(scan);
        if (n > most) {
            most = n;
            best = regime;
        }
    }
    fill(run, cases, role, best, scan, ns_op);
    return best;
}

/* The size, or why it is not known. */
static const char *size_of(const struct lb_analysis *a, const struct lb_case *like, int role,
                           const struct settings *s, struct lb_interference *found)
{
    const struct lb_run *run = a->run;
    size_t n_cases = run->plan->n_cases, n;
    int *cases = calloc(n_cases, sizeof *cases);
    size_t *bytes = calloc(n_cases, sizeof *bytes);
    const char *why = "too few rounds are whole";
    double *ns_op = NULL;

    if (cases && bytes && (n = cases_of(run->plan, like, cases, bytes)) > 1 &&
        (ns_op = malloc(n * (run->rounds + 1) * sizeof *ns_op))) {
        size_t rounds = run->rounds + 1; /* the last one may be begun */
        struct lb_scan scan = {bytes, n, ns_op, rounds};
        int regime = fill_best(run, cases, role, &scan, ns_op);
        const char *doubt = lb_analysis_doubt(a, cases[0], regime);
        why = doubt ? doubt : lb_interference(&scan, &s->margin, s->seed, found) ? why : NULL;
    }
    free(cases);
    free(bytes);
    free(ns_op);
    return why;
}

static void print_name(FILE *out, const struct lb_case *c, int role)
{
    char name[64];

    snprintf(name, sizeof name, "%s%s%s", c->shape.scenario->name, lb_case_roles(c) > 1 ? " " : "",
             lb_case_roles(c) > 1 ? lb_case_role_name(c, role) : "");
    fprintf(out, "  %-24s", name);
}

static void print_size(FILE *out, const struct lb_case *c, int role,
                       const struct lb_interference *f)
{
    print_name(out, c, role);
    if (f->size_bytes)
        fprintf(out,
                " %4zu bytes (more than %zu), confidence %3.0f %%; nearer costs up to %+.1f ns, "
                "%.2f x\n",
                f->size_bytes, f->below_bytes, 100 * f->confidence, f->cost_ns, f->cost_ratio);
    else
        fprintf(out, " none seen, confidence %3.0f %%\n", 100 * f->confidence);
}

/* What the machine and the compiler say of themselves. */
static void claims(const struct settings *s, char text[LB_FOUND_TEXT_BYTES])
{
    struct lb_environment *e = calloc(1, sizeof *e);
    char line[48] = "hwloc does not know the line", constant[64] = "the compiler has no constant";

    if (s->line_bytes)
        snprintf(line, sizeof line, "hwloc says lines of %d bytes", s->line_bytes);
#ifdef __GCC_DESTRUCTIVE_SIZE
    snprintf(constant, sizeof constant, "the compiler's constant is %d", __GCC_DESTRUCTIVE_SIZE);
#endif
    if (e)
        lb_environment_read(e);
    snprintf(text, LB_FOUND_TEXT_BYTES, "%s, %s, the adjacent-line prefetcher is %.64s", line,
             constant, e && *e->prefetcher ? e->prefetcher : "not known");
    free(e);
}

/* Cases that open a scan: the first of their operation, placement and work. */
static bool opens(const struct lb_plan *p, size_t i, bool words)
{
    const struct lb_case *c = &p->cases[i];

    if (!c->offset_bytes || c->twin || c->shape.scenario->subject->uses_words != words)
        return false;
    for (size_t k = 0; k < i; k++)
        if (p->cases[k].shape.scenario == c->shape.scenario &&
            p->cases[k].placement == c->placement && p->cases[k].work_ns == c->work_ns &&
            p->cases[k].offset_bytes)
            return false;
    return true;
}

/* Over all scans of words: the largest size that is sure, and one beyond it that is not. */
struct extent {
    size_t known; /* scans that gave an answer */
    size_t bytes, perhaps_bytes;
    double confidence, perhaps_confidence;
};

static void widen(struct extent *e, const struct lb_interference *f)
{
    bool sure = f->confidence >= LB_SCAN_SURE;
    size_t *bytes = sure ? &e->bytes : &e->perhaps_bytes;
    double *confidence = sure ? &e->confidence : &e->perhaps_confidence;

    e->known++;
    if (f->size_bytes > *bytes || (f->size_bytes == *bytes && f->confidence > *confidence)) {
        *bytes = f->size_bytes;
        *confidence = f->confidence;
    }
}

static void print_extent(const struct extent *e, const struct settings *s, FILE *out)
{
    char text[LB_FOUND_TEXT_BYTES];

    if (!e->known)
        fputs("=> size of destructive interference: not known; ", out);
    else if (e->bytes)
        fprintf(out, "=> size of destructive interference here: %zu bytes (confidence %.0f %%); ",
                e->bytes, 100 * e->confidence);
    else
        fputs("=> no destructive interference is sure here; ", out);
    if (e->perhaps_bytes > e->bytes)
        fprintf(out, "perhaps %zu (confidence %.0f %%: more rounds would tell); ", e->perhaps_bytes,
                100 * e->perhaps_confidence);
    claims(s, text);
    fprintf(out, "%s.\n", text);
}

/* One scan, role by role. */
static void print_scan(const struct lb_analysis *a, const struct lb_case *c,
                       const struct settings *s, FILE *out, struct extent *extent)
{
    for (int role = 0; role < lb_case_roles(c); role++) {
        struct lb_interference f;
        const char *why = size_of(a, c, role, s, &f);
        if (why) {
            print_name(out, c, role);
            fprintf(out, " not known: %s\n", why);
            continue;
        }
        print_size(out, c, role, &f);
        widen(extent, &f);
    }
}

static void print_scans(const struct lb_analysis *a, const struct settings *s, bool words,
                        FILE *out)
{
    const struct lb_plan *p = a->run->plan;
    struct extent extent = {0};
    double work = -1;

    for (size_t i = 0; i < p->n_cases; i++) {
        const struct lb_case *c = &p->cases[i];
        if (!opens(p, i, words))
            continue;
        if (c->work_ns != work)
            fprintf(out, "\n%s at %g ns of work, beyond %g ns and %g %%:\n",
                    words ? "Destructive interference of words"
                          : "A lock's offset against the hot fields",
                    c->work_ns, s->margin.ns, 100 * s->margin.share);
        work = c->work_ns;
        print_scan(a, c, s, out, &extent);
    }
    if (words && work >= 0)
        print_extent(&extent, s, out);
}

static void conclude(const struct lb_analysis *a, const struct settings *s, FILE *out)
{
    table_layouts(a, out);
    print_scans(a, s, true, out);
    print_scans(a, s, false, out);
}

static void note_scan(const struct lb_analysis *a, const struct lb_case *c,
                      const struct settings *s, struct lb_json *json)
{
    static const char list[] = "suites.offset.scans";

    for (int role = 0; role < lb_case_roles(c); role++) {
        struct lb_interference f = {.confidence = NAN, .cost_ns = NAN, .cost_ratio = NAN};
        const char *why = size_of(a, c, role, s, &f);
        char key[48];
#define IN(NAME) (snprintf(key, sizeof key, "%s.%s", list, NAME), key)
        lb_json_push_object(json, list);
        lb_json_text(json, IN("scenario"), c->shape.scenario->name);
        lb_json_text(json, IN("role"), lb_case_role_name(c, role));
        lb_json_text(json, IN("placement"), a->run->plan->placements[c->placement].name);
        lb_json_bool(json, IN("lock"), !c->shape.scenario->subject->uses_words);
        lb_json_number(json, IN("work_ns"), c->work_ns);
        lb_json_text(json, IN("why"), why);
        lb_json_number(json, IN("size_bytes"), why ? (double)NAN : (double)f.size_bytes);
        lb_json_number(json, IN("below_bytes"), why ? (double)NAN : (double)f.below_bytes);
        lb_json_number(json, IN("confidence"), f.confidence);
        lb_json_number(json, IN("cost_ns"), f.cost_ns);
        lb_json_number(json, IN("cost_ratio"), f.cost_ratio);
#undef IN
    }
}

static void note(const struct lb_analysis *a, const struct settings *s, struct lb_json *json)
{
    const struct lb_plan *p = a->run->plan;
    char text[LB_FOUND_TEXT_BYTES];

    claims(s, text);
    lb_json_text(json, "suites.offset.claims", text);
    for (int words = 1; words >= 0; words--)
        for (size_t i = 0; i < p->n_cases; i++)
            if (opens(p, i, words))
                note_scan(a, &p->cases[i], s, json);
}

const struct suite suite_offset = {
    .name = "offset",
    .question = "how far apart do two words, or a lock and its neighbours, have to lie?",
    .example = "linebounce run offset --scenario store,fetch-add --offset 8,64,128,256",
    .has_offsets = true,
    .asks_sharing = true,
    .defaults = defaults,
    .conclude = conclude,
    .note = note,
};
