/* SPDX-License-Identifier: MIT
 *
 * linebounce suggest: moves of a structure's fields, ranked by a model, and the best measured.
 */
#include "command_line.h"
#include "commands.h"
#include "run_settings.h"

#include "report/suggest_table.h"
#include "report/table.h"
#include "session/provenance.h"
#include "session/session.h"
#include "suite.h"
#include "suite_whatif.h"

#include <linebounce/scenario.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LISTED_MOST 10 /* where nothing is measured */

/* The structure as it is, and as each of the others moves it. */
static void add(struct request *r, const struct lb_whatif *as_is, const struct lb_whatif *w)
{
    struct lb_whatif copy = *w;
    struct lb_layout layouts[2];
    size_t n = 0;

    memcpy(copy.name, as_is->name, sizeof copy.name); /* that it is compared to */
    lb_whatif_layouts(&copy, NULL, layouts, &n);      /* taken by take() */
    memcpy(layouts[n - 1].name, w->name, sizeof w->name);
    layouts[n - 1].generation = *w->generation.name ? &w->generation : NULL; /* which stays */
    list_add(&r->own.layouts, sizeof *layouts, &layouts[n - 1]);
}

static void defaults(const struct settings *s, struct request *request)
{
    const struct lb_whatif *chosen = s->whatifs.at;

    for (size_t i = 0; i < s->whatifs.n; i++)
        add(request, chosen, &chosen[i]);
    suite_whatif_complete(request, 1);
}

static void closing(const struct lb_analysis *a, const struct settings *s, FILE *out)
{
    suggest_ranking(out, s, SUGGEST_MEASURED);
    suggest_measured(out, a, s);
}

static void conclude(const struct lb_analysis *a, const struct settings *s, FILE *out)
{
    table_layouts(a, out);
    fputc('\n', out);
    closing(a, s, out);
}

static const struct suite suite_suggest = {
    .name = "suggest",
    .question = "which move of these fields pays?",
    .no_layouts = true, /* but for those of its own */
    .takes_locks = true,
    .takes_structures = true,
    .asks_sharing = true,
    .defaults = defaults,
    .conclude = conclude,
    .closing = closing,
};

static int check(const struct settings *s, struct lb_why *why)
{
    const struct lb_whatif *w = s->whatifs.at;

    if (s->whatifs.n != 1)
        return lb_fail(why, EINVAL,
                       "suggest: of one structure: --layout btf:STRUCT, dwarf:PROGRAM:STRUCT or "
                       "NAME:size=..., or --preset NAME");
    if (s->locks.n > 1)
        return lb_fail(why, EINVAL, "suggest: --lock: one kind at a time");
    if (strlen(w->name) + sizeof ":moved1" > sizeof w->name)
        return lb_fail(why, EINVAL, "suggest: the name %s is too long: give another (,name=)",
                       w->name);
    return 0;
}

/* As it is: what a preset's move was is not told. */
static void forget_move(struct lb_whatif *w)
{
    char source[sizeof w->source];

    if (w->moved)
        snprintf(source, sizeof source, "as it was before %.70s", w->source);
    else
        memcpy(source, w->source, sizeof source);
    memcpy(w->source, source, sizeof source);
    w->moved = false;
    w->published = NULL;
    w->bytes_after = w->bytes_before;
    w->align_after = w->align_before;
    for (size_t i = 0; i < w->n_fields; i++)
        w->fields[i].after = w->fields[i].before;
}

/* The best become whatifs, if they can be measured. */
static int take(struct settings *s, struct lb_why *why)
{
    struct lb_layout layouts[2];
    size_t n;
    int err = 0;

    for (size_t i = 0; !err && i < s->suggestions->n && i < SUGGEST_MEASURED; i++) {
        struct lb_whatif w = s->suggestions->items[i].whatif;
        if ((err = lb_whatif_layouts(&w, why, layouts, &n)))
            break;
        int length = (int)strnlen(w.name, sizeof w.name - sizeof ":moved1");
        snprintf(w.name + length, sizeof w.name - (size_t)length, ":moved%zu", i + 1);
        list_add(&s->whatifs, sizeof w, &w);
    }
    return err;
}

static int rank(struct settings *s, struct lb_why *why)
{
    struct lb_structure *made;
    struct lb_whatif *w;
    int err = check(s, why);

    if (err)
        return err;
    w = s->whatifs.at;
    forget_move(w);
    if (!s->structures.n) {
        if ((err = lb_whatif_structure(w, why, &made)))
            return err;
        list_add(&s->structures, sizeof made, &made);
    }
    err = lb_suggest(((struct lb_structure *const *)s->structures.at)[0], w, &s->suggest, why,
                     &s->suggestions);
    return err ? err : take(s, why);
}

int command_suggest(int argc, char **argv)
{
    struct settings s;
    struct lb_why why = {""};
    const struct suite *suite = &suite_suggest;
    char **given = provenance_copy(argc, argv);
    int err, status = EXIT_DONE;

    settings_init(&s);
    list_add(&s.suites, sizeof suite, &suite);
    settings_parse_suggest(argc, argv, &s);
    provenance_seed(&s);
    if ((err = rank(&s, &why)))
        status = session_complain(lb_explain(&why, err, "suggest"), session_status_of(err));
    else if (s.dry_run || !s.suggestions->n)
        suggest_ranking(stdout, &s, LISTED_MOST);
    else
        status = run_settings(&s, NULL, given);
    settings_finish(&s);
    free(given);
    return status;
}
