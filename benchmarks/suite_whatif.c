/* SPDX-License-Identifier: MIT
 *
 * whatif: what it costs that fields which some threads read lie near fields which others write, and
 * what it would buy to move one.
 */
#include "suite_whatif.h"

#include "suite.h"

#include "report/labels.h"
#include "report/moved.h"
#include "report/table.h"

#include <linebounce/scenario.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct lb_scenario *const all[] = {&lb_scenarios[LB_SCENARIO_WHATIF]};
static const double works[] = {LB_WORK_HEADLINE_NS, 0};

/* Layouts of a structure: as it is, and as moved. */
static void add(struct request *r, const struct lb_whatif *w)
{
    struct lb_layout layouts[2];
    size_t n = 0;

    lb_whatif_layouts(w, NULL, layouts, &n); /* the settings took none that makes no layouts */
    for (size_t i = 0; i < n; i++)
        list_add(&r->own.layouts, sizeof layouts[i], &layouts[i]);
}

void suite_whatif_complete(struct request *request, size_t n_works)
{
    struct lb_request *r = &request->plan;

    r->scenarios = all;
    r->n_scenarios = LB_COUNT(all);
    r->layouts = request->own.layouts.at;
    r->n_layouts = request->own.layouts.n;
    r->baseline = NULL; /* each moved copy is compared to what it is a copy of */
    if (!r->n_work_ns) {
        r->work_ns = works;
        r->n_work_ns = n_works;
    }
}

static void defaults(const struct settings *s, struct request *request)
{
    const struct lb_whatif *chosen = s->whatifs.at;

    for (size_t i = 0; i < s->whatifs.n; i++)
        add(request, &chosen[i]);
    suite_whatif_complete(request, s->quick ? 1 : LB_COUNT(works));
}

static void print_cost(FILE *out, const struct lb_result *l)
{
    char text[INTERVAL_BYTES] = "-";

    if (l && l->net.n)
        interval_text("%.1f", l->net.value, l->net.lo, l->net.hi, text);
    fprintf(out, " %s", text);
}

/* One role at one work: as it is, as moved, the difference and what it means. */
static void print_role(FILE *out, const struct lb_analysis *a, const struct lb_whatif *w,
                       const struct moved_place *at, int role)
{
    char moved[LB_LAYOUT_NAME_BYTES + 8], text[INTERVAL_BYTES];
    const struct lb_result *before = moved_line(a, w->name, at, role), *after;

    snprintf(moved, sizeof moved, "%s:moved", w->name);
    after = w->moved ? moved_line(a, moved, at, role) : NULL;
    fprintf(out, "  %-5s at %4g ns of work: net ns/op", role ? "write" : "read", at->work_ns);
    print_cost(out, before);
    if (w->moved) {
        fputs(", moved", out);
        print_cost(out, after);
    }
    if (after && after->compared) {
        const struct lb_comparison *k = &after->comparison;
        interval_text("%+.1f", k->difference.value, k->difference.lo, k->difference.hi, text);
        fprintf(out, ": %s ns, %s%s", text, k->unfair ? "unfair: " : "",
                lb_verdict_name(k->verdict));
        if (k->no_verdict)
            fprintf(out, " (%s)", k->no_verdict);
    }
    fputc('\n', out);
}

static void print_memory(FILE *out, const struct lb_whatif *w)
{
    struct lb_layout l[2];
    struct lb_geometry g[2];
    struct lb_why why;
    size_t n;

    if (lb_whatif_layouts(w, &why, l, &n))
        return;
    for (size_t i = 0; i < n; i++)
        if (lb_geometry_init(&l[i], l[i].lock, &why, &g[i])) {
            fprintf(out, "  memory: %s\n", why.text);
            return;
        }
    if (g[0].object_residues > 1)
        fprintf(
            out,
            "  objects as they are start at %u places modulo 64: the lines above are of one that "
            "starts at a line, the times of all\n",
            g[0].object_residues);
    fprintf(out, "  memory: %zu bytes an object, %zu pages per 1000", g[0].bytes_per_object,
            g[0].pages_per_1000);
    if (n == 2)
        fprintf(out, "; moved %zu bytes, %zu pages", g[1].bytes_per_object, g[1].pages_per_1000);
    fputc('\n', out);
}

static bool is_taken(const struct lb_whatif *w, const struct lb_whatif_field *f)
{
    return lb_how_takes(w->write) && f->locked;
}

static void print_field(FILE *out, const char *before, const struct lb_whatif_field *f)
{
    fprintf(out, "%s %s at %zu", before, f->name, f->before);
    if (f->after != f->before)
        fprintf(out, " (moved %zu)", f->after);
}

static const char *const ways[LB_HOWS_ALL] = {
    [LB_HOW_STORE] = " store to", [LB_HOW_INCREMENT] = " increment", [LB_HOW_ADD] = " add to",
    [LB_HOW_CAS] = " swap",       [LB_HOW_TAKE] = " take",           [LB_HOW_LOCK] = " lock",
    [LB_HOW_SHARE] = " share"};

static const char *stores(const struct lb_whatif *w)
{
    return lb_how_takes(w->write) ? " and store to" : ways[w->write];
}

static void print_fields(FILE *out, const struct lb_whatif *w)
{
    for (int written = 0; written < 2; written++) {
        size_t n = 0;
        fputs(written ? "; half" : "  half the threads read", out);
        for (size_t i = 0; written && i < w->n_fields; i++)
            if (is_taken(w, &w->fields[i]))
                print_field(out, ways[w->write], &w->fields[i]);
        for (size_t i = 0; i < w->n_fields; i++) {
            const struct lb_whatif_field *f = &w->fields[i];
            if (written ? f->written && !is_taken(w, f) : f->read)
                print_field(out, n++ ? "," : !written ? "" : stores(w), f);
        }
    }
    fputc('\n', out);
    for (size_t i = 0; i < w->n_fields; i++)
        if (w->fields[i].lost)
            fprintf(out,
                    "  %s is an _Atomic whose type the BTF has lost (pahole and clang write void): "
                    "taken for the word that it begins in\n",
                    w->fields[i].name);
}

/* Which fields that are read share a line with one that is written, before or after the move. */
static void print_lines(FILE *out, const struct lb_whatif *w, bool after)
{
    size_t shared = 0;

    for (size_t i = 0; i < w->n_fields; i++)
        for (size_t k = 0; w->fields[i].read && k < w->n_fields; k++) {
            size_t a = lb_whatif_word(&w->fields[i], after),
                   b = lb_whatif_word(&w->fields[k], after);
            if (!w->fields[k].written)
                continue;
            if (a / LB_LINE_BYTES == b / LB_LINE_BYTES)
                fprintf(out, "%s%s and %s share line %zu", shared++ ? ", " : "", w->fields[i].name,
                        w->fields[k].name, a / LB_LINE_BYTES);
            else if (a / LB_LINE_PAIR_BYTES == b / LB_LINE_PAIR_BYTES)
                fprintf(out, "%s%s and %s lie in one pair of lines", shared++ ? ", " : "",
                        w->fields[i].name, w->fields[k].name);
        }
    if (!shared)
        fputs("no field that is read shares a pair of lines with one that is written", out);
}

/* As what the lock is taken; those that do not fit have no lines. */
static void print_place(FILE *out, const struct lb_analysis *a, const struct settings *s,
                        const struct lb_whatif *w, int placement)
{
    const enum lb_lock_kind *kinds = s->locks.n ? s->locks.at : &w->lock;
    size_t n_kinds = lb_how_takes(w->write) && s->locks.n ? s->locks.n : 1;
    const double *work = s->works.n ? s->works.at : works;
    size_t n_work = s->works.n ? s->works.n : s->quick ? 1 : LB_COUNT(works);

    for (size_t i = 0; i < n_kinds; i++) {
        struct moved_place at = {placement, 0, lb_how_takes(w->write) ? (int)kinds[i] : -1};
        if (at.lock == LB_LOCK_RWSEM40 || at.lock == LB_LOCK_RWSEM32) /* whose readers differ */
            fprintf(out, "  as %s, by the rules of Linux %s:\n", lb_lock_info(kinds[i])->name,
                    settings_generation(s, w)->name);
        else if (at.lock >= 0)
            fprintf(out, "  as %s:\n", lb_lock_info(kinds[i])->name);
        for (size_t k = 0; k < n_work; k++)
            for (int role = 0; role < 2; role++) {
                at.work_ns = work[k];
                print_role(out, a, w, &at, role);
            }
    }
}

static void print_one(FILE *out, const struct lb_analysis *a, const struct settings *s,
                      const struct lb_whatif *w)
{
    const struct lb_plan *p = a->run->plan;

    fprintf(out, "\n%s: %s, %s\n", w->name, w->structure, w->source);
    print_fields(out, w);
    fputs("  as it is: ", out);
    print_lines(out, w, false);
    if (w->moved) {
        fputs("\n  as moved: ", out);
        print_lines(out, w, true);
    }
    fputc('\n', out);
    for (size_t place = 0; place < p->n_placements; place++) {
        if (p->n_placements > 1)
            fprintf(out, "  %s, %d threads:\n", p->placements[place].name, p->placements[place].n);
        print_place(out, a, s, w, (int)place);
    }
    print_memory(out, w);
    if (w->published)
        fprintf(out, "  published: %s\n", w->published);
}

#define LINES_SHOWN 5

/* What perf has seen, of which the first is what was measured. */
static void print_lines_of(FILE *out, const struct lb_c2c *c)
{
    fprintf(out, "\nHottest lines in %s (perf c2c):\n", c->source);
    for (size_t i = 0; i < c->n_lines && i < LINES_SHOWN; i++) {
        const struct lb_c2c_line *l = &c->lines[i];
        fprintf(out, "  0x%llx: %llu HITM (%.0f %%), %llu stores;", (unsigned long long)l->address,
                (unsigned long long)l->hitm,
                c->hitm ? 100 * (double)l->hitm / (double)c->hitm : 0.0,
                (unsigned long long)l->stores);
        for (int written = 0; written < 2; written++) {
            fputs(written ? "; written" : " read", out);
            for (size_t k = 0, n = 0; k < l->n_touches; k++)
                if (written ? l->touches[k].written : l->touches[k].read)
                    fprintf(out, "%s %u", n++ ? "," : " at", l->touches[k].offset);
        }
        fputc('\n', out);
    }
    if (c->n_lines > LINES_SHOWN)
        fprintf(out, "  and %zu more\n", c->n_lines - LINES_SHOWN);
}

static void conclude(const struct lb_analysis *a, const struct settings *s, FILE *out)
{
    const struct lb_whatif *chosen = s->whatifs.at;

    table_layouts(a, out);
    fputs("\nWhat if? Half of the threads read, half write; moved against as it is.\n", out);
    if (s->c2c)
        print_lines_of(out, s->c2c);
    for (size_t i = 0; i < s->whatifs.n; i++)
        print_one(out, a, s, &chosen[i]);
}

const struct suite suite_whatif = {
    .name = "whatif",
    .question = "what does it cost that these fields lie so, and what would moving one buy?",
    .example = "linebounce run whatif --preset f_ref,dentry",
    .no_layouts = true, /* but for those of its own */
    .takes_locks = true,
    .takes_structures = true,
    .defaults = defaults,
    .conclude = conclude,
};
