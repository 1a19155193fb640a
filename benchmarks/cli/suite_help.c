/* SPDX-License-Identifier: MIT
 *
 * Of a suite's defaults: they are asked for as a run asks, with nothing given, so that what is said
 * here is what is done there.
 */
#include "suite_help.h"

#include "manual.h"
#include "report/look.h"

#include <linebounce/scenario.h>

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MOST 12

/* Text that grows. */
struct words {
    FILE *out;
    size_t n;
};

__attribute__((format(printf, 2, 3))) static void word(struct words *w, const char *format, ...)
{
    va_list args;

    if (w->n++ < NAMES_MOST) {
        va_start(args, format);
        fputs(w->n > 1 ? ", " : "", w->out);
        vfprintf(w->out, format, args);
        va_end(args);
    }
}

static void end(struct words *w, const char *unit)
{
    if (w->n > NAMES_MOST)
        fprintf(w->out, " and %zu more", w->n - NAMES_MOST);
    fputs(unit, w->out);
}

static void say_scenarios(const struct lb_request *r, FILE *out)
{
    struct words w = {out, 0};

    for (size_t i = 0; i < r->n_scenarios; i++)
        word(&w, "%s", r->scenarios[i]->name);
    end(&w, "");
}

static void say_layouts(const struct lb_request *r, FILE *out)
{
    struct words w = {out, 0};

    for (size_t i = 0; i < r->n_layouts; i++)
        word(&w, "%s", r->layouts[i].name);
    end(&w, "");
    if (r->n_layouts && r->baseline)
        fprintf(out, "; compared with %s", r->baseline);
}

static void say_locks(const struct lb_request *r, FILE *out)
{
    struct words w = {out, 0};

    for (size_t i = 0; i < r->n_locks; i++)
        word(&w, "%s", lb_lock_info(r->locks[i])->name);
    end(&w, "");
}

static void say_offsets(const struct lb_request *r, FILE *out)
{
    struct words w = {out, 0};

    for (size_t i = 0; i < r->n_offsets; i++)
        word(&w, "%zu", r->offsets[i]);
    end(&w, r->n_offsets ? " bytes" : "");
    if (r->n_offsets && r->base_offset)
        fprintf(out, "; compared with %zu", r->base_offset);
}

static void say_works(const struct lb_request *r, FILE *out)
{
    struct words w = {out, 0};

    for (size_t i = 0; i < r->n_work_ns; i++)
        word(&w, "%g", r->work_ns[i]);
    end(&w, r->n_work_ns ? " ns between ops" : "");
}

static void say_threads(const struct lb_request *r, FILE *out)
{
    struct words w = {out, 0};

    for (size_t i = 0; i < r->n_threads; i++)
        word(&w, "%d", r->threads[i]);
    if (!w.n && r->n_scenarios)
        word(&w, "2, on the closest CPUs");
    end(&w, "");
}

static void say_objects(const struct lb_request *r, FILE *out)
{
    struct words w = {out, 0};

    for (size_t i = 0; i < r->n_objects; i++)
        word(&w, "%zu", r->objects[i]);
    end(&w, "");
}

static const struct {
    const char *label;
    void (*say)(const struct lb_request *, FILE *);
} facts[] = {
    {"scenarios", say_scenarios}, {"layouts", say_layouts}, {"locks", say_locks},
    {"offsets", say_offsets},     {"pauses", say_works},    {"threads", say_threads},
    {"objects", say_objects},
};

static void say_options(const struct suite *suite, const struct lb_request *none, FILE *out)
{
    suite_tell_options(suite, none, out);
    fputs("; and what every suite takes: linebounce run --help", out);
}

/* The whole --------------------------------------------------------------------------------- */

struct form {
    void (*entry)(const char *label, const char *text, FILE *out);
    FILE *out;
};

/* What `say` makes of the request, or of the suite's options; nothing where it says nothing. */
static int put_entry(const struct form *form, const struct suite *suite, const struct lb_request *r,
                     size_t i)
{
    char *kept = NULL;
    size_t bytes;
    FILE *text = open_memstream(&kept, &bytes);

    int err;

    if (!text)
        return -ENOMEM;
    if (i < LB_COUNT(facts))
        facts[i].say(r, text);
    else
        say_options(suite, r, text);
    if (!(err = lb_text_end(text, &kept)) && *kept)
        form->entry(i < LB_COUNT(facts) ? facts[i].label : "options", kept, form->out);
    free(kept);
    return err;
}

static int put_suite(const struct suite *suite, const struct form *form)
{
    struct settings s;
    struct request r = {.rounds = 0};
    int err;

    settings_init(&s);
    list_add(&s.suites, sizeof suite, &suite);
    if (!(err = settings_complete(&s, NULL)) && suite->defaults)
        request_init(&s, suite, &r);
    for (size_t i = 0; !err && i <= LB_COUNT(facts); i++)
        err = put_entry(form, suite, &r.plan, i);
    form->entry("example", suite->example, form->out);
    request_finish(&r);
    settings_finish(&s);
    return err;
}

static void put_line(const char *label, const char *text, FILE *out)
{
    fprintf(out, "  %-10s ", label);
    wrap_print(text, 13, 13, WRAP_COLUMNS, out);
}

int suite_help(const struct suite *suite, FILE *out)
{
    const struct form form = {put_line, out};

    fprintf(out, "linebounce run %s\n\n", suite->name);
    wrap_print(suite->question, 0, 0, WRAP_COLUMNS, out);
    fputs("\nUnless told otherwise:\n", out);
    return put_suite(suite, &form);
}

static void put_roff(const char *label, const char *text, FILE *out)
{
    fprintf(out, ".RS\n.PD 0\n.TP 11\n%s\n", label);
    manual_put(text, out);
    fputs(".PD\n.RE\n", out);
}

int suites_manual(FILE *out)
{
    const struct form form = {put_roff, out};

    int err = 0;

    fputs(".SH SUITES\n", out);
    for (size_t i = 0; !err && i < n_suites; i++) {
        fprintf(out, ".TP\n.B %s\n", suites[i]->name);
        manual_put(suites[i]->question, out);
        err = put_suite(suites[i], &form);
    }
    return err;
}
