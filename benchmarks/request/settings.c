/* SPDX-License-Identifier: MIT
 *
 * What `run` and `show` were told, from its defaults to its layouts.
 */
#include "settings.h"

#include "suite.h"

#include <linebounce/layout.h>
#include <linebounce/memory.h>
#include <linebounce/run.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void settings_init(struct settings *s)
{
    memset(s, 0, sizeof *s);
    s->writers.threads = 1;
    s->observe_every_ns = LB_EVERY_BY_WORK;
    s->baseline = LB_BASELINE;
    s->sample_every = LB_SAMPLE_AUTO;
    s->whatif.write_how = -1;
    s->whatif.line_at = LB_C2C_ANYWHERE;
    s->precision_ns = DEFAULT_PRECISION_NS;
    s->margin = (struct lb_margin){LB_MARGIN_NS, LB_MARGIN_SHARE};
}

void settings_finish(struct settings *s)
{
    struct list *lists[] = {&s->suites,     &s->scenarios, &s->layouts,      &s->locks,
                            &s->placements, &s->threads,   &s->works,        &s->objects,
                            &s->access,     &s->offsets,   &s->homes,        &s->gbench,
                            &s->events,     &s->whatifs,   &s->layout_texts, &s->fail_if};
    char **strings = s->strings.at;

    for (size_t i = 0; i < s->strings.n; i++)
        free(strings[i]);
    free(s->strings.at);
    for (size_t i = 0; i < s->structures.n; i++)
        lb_structure_destroy(((struct lb_structure **)s->structures.at)[i]);
    free(s->structures.at);
    for (size_t i = 0; i < LB_COUNT(lists); i++)
        free(lists[i]->at);
    lb_c2c_destroy(s->c2c);
    lb_suggestions_destroy(s->suggestions);
}

/* A power of two, so that a sweep that is gone on with finds the same although a little more or
 * less is left. */
static void complete_memory(struct settings *s)
{
    struct lb_memory memory;

    if (s->memory_given)
        return;
    lb_memory_read("", &memory);
    s->memory_bytes = DEFAULT_MEMORY_MOST;
    while (s->memory_bytes > memory.left_bytes / 4)
        s->memory_bytes /= 2;
}

int settings_check_memory(const struct settings *s, struct lb_why *why)
{
    struct lb_memory memory;

    if (!s->memory_given || s->dry_run)
        return 0;
    lb_memory_read("", &memory);
    return lb_memory_room(&memory, "--memory", s->memory_bytes, why);
}

static int read_layout(struct settings *s, const char *text, struct lb_why *why,
                       struct lb_layout *layout)
{
    const struct lb_layout *known;
    struct lb_structure *structure;
    int err;

    if (lb_layout_has_source(text)) {
        if (!(err = lb_layout_read(text, why, &structure, layout)))
            list_add(&s->structures, sizeof structure, &structure);
    } else if (strchr(text, ':')) {
        err = lb_layout_parse(text, why, layout);
    } else if (!(err = lb_layout_find(text, why, &known))) {
        *layout = *known;
    }
    return err;
}

static int add_layout(struct settings *s, const char *text, struct lb_why *why)
{
    const struct lb_layout *others = s->layouts.at;
    struct lb_layout layout;
    int err = read_layout(s, text, why, &layout);

    if (err)
        return err;
    for (size_t i = 0; i < s->layouts.n; i++)
        if ((layout.structure || others[i].structure) && !strcmp(others[i].name, layout.name))
            return lb_fail(
                why, EINVAL,
                "--layout %s: another layout is called %s: give one of them another name (name=)",
                text, layout.name);
    list_add(&s->layouts, sizeof layout, &layout);
    return 0;
}

static bool takes_structures(const struct settings *s)
{
    const struct suite *const *list = s->suites.at;

    for (size_t i = 0; i < s->suites.n; i++)
        if (list[i]->takes_structures)
            return true;
    return false;
}

static int add_whatif(struct settings *s, const char *text, struct lb_why *why)
{
    char name[LB_LAYOUT_NAME_BYTES];
    struct lb_structure *structure;
    struct lb_layout layouts[2];
    struct lb_whatif w;
    size_t n;
    int err;

    if (text && !strchr(text, ':'))
        return lb_fail(why, EINVAL,
                       "layout '%s': whatif takes structures: btf:, dwarf: or pahole:FILE:STRUCT, "
                       "or NAME:size=...",
                       text);
    s->whatif.lock = s->locks.at;
    if ((err = lb_whatif_read(text, &s->whatif, why, name, &structure)))
        return err;
    list_add(&s->structures, sizeof structure, &structure);
    if (!(err = lb_whatif_of(structure, name, &s->whatif, why, &w)) &&
        !(err = lb_whatif_layouts(&w, why, layouts, &n)))
        list_add(&s->whatifs, sizeof w, &w);
    return err;
}

/* Presets too: each by the first kind, of which the plan makes all. */
static int take_locks(struct settings *s, struct lb_why *why)
{
    const enum lb_lock_kind *kinds = s->locks.at;
    struct lb_whatif *whatifs = s->whatifs.at;
    int err = 0;

    for (size_t i = 0; !err && s->locks.n && i < s->whatifs.n; i++)
        err = lb_whatif_take(&whatifs[i], kinds[0], why);
    return err;
}

/* Read once: standard input has no second time. */
static int settle_c2c(struct settings *s, struct lb_why *why)
{
    int err = 0;

    if (!s->c2c_file)
        return 0;
    if (!takes_structures(s))
        return lb_fail(why, EINVAL, "--c2c is for suite whatif: linebounce run whatif --c2c FILE");
    if (!s->c2c)
        err = lb_c2c_read(s->c2c_file, why, &s->c2c);
    if (err)
        return err;
    s->whatif.line = &s->c2c->lines[0];
    return s->layout_texts.n ? 0 : add_whatif(s, NULL, why);
}

const struct lb_generation *settings_generation(const struct settings *s, const struct lb_whatif *w)
{
    return s->generation         ? s->generation
           : *w->generation.name ? &w->generation
                                 : &lb_generations[LB_GENERATION_6_4];
}

int settings_settle_layouts(struct settings *s, struct lb_why *why)
{
    const char *const *texts = s->layout_texts.at;
    bool whatif = takes_structures(s), all;
    int err;

    s->layouts.n = 0;
    if ((err = settle_c2c(s, why)))
        return err;
    for (size_t i = 0; i < s->layout_texts.n; i++)
        if ((err = whatif ? add_whatif(s, texts[i], why) : add_layout(s, texts[i], why))) {
            lb_explain(why, err, texts[i]);
            return err;
        }
    all = whatif && !s->whatif_given && !s->whatifs.n;
    for (size_t i = 0; all && i < lb_n_whatif_presets; i++)
        list_add(&s->whatifs, sizeof lb_whatif_presets[i], &lb_whatif_presets[i]);
    if (whatif && (err = take_locks(s, why)))
        return err;
    if (whatif && s->whatif_given && !s->layout_texts.n && !s->c2c)
        return lb_fail(why, EINVAL,
                       "whatif: of which structure? --layout btf:FILE:STRUCT, dwarf:FILE:STRUCT");
    if (whatif && s->suites.n > 1 && s->layout_texts.n)
        return lb_fail(why, EINVAL,
                       "whatif: its structures are for it alone: leave out the other suites");
    return 0;
}

/* The baseline is measured whether it was listed or not. */
static int complete_layouts(struct settings *s, struct lb_why *why)
{
    const struct lb_layout *baseline;
    struct lb_layout *layouts = s->layouts.at;
    int err;

    if (s->base_offset) /* whether it is among those of the run is the suites' matter */
        return 0;
    if (!s->layouts.n && (!s->baseline_given || !lb_layout_find(s->baseline, NULL, &baseline)))
        return 0;
    for (size_t i = 0; i < s->layouts.n; i++)
        if (!strcmp(layouts[i].name, s->baseline))
            return 0;
    if ((err = lb_layout_find(s->baseline, why, &baseline)))
        return err;
    list_add(&s->layouts, sizeof *baseline, baseline);
    layouts = s->layouts.at;
    memmove(layouts + 1, layouts, (s->layouts.n - 1) * sizeof *layouts);
    layouts[0] = *baseline;
    return 0;
}

/* Writers that are given alone write back to back. */
static int complete_rates(struct settings *s, struct lb_why *why)
{
    if (s->write_every_given && !s->writers.threads)
        return lb_fail(why, EINVAL,
                       "--write-every: a share of all ops (--writers %g%%) has no clock: give a "
                       "number of writers, or leave one out",
                       100 * s->writers.share);
    if (!s->write_every_given)
        s->write_every_ns = s->writers_given ? 0 : LB_WRITE_EVERY_NS;
    return 0;
}

int settings_complete(struct settings *s, struct lb_why *why)
{
    int err = settings_settle_layouts(s, why);

    if (!err)
        err = complete_layouts(s, why);
    if (!err)
        err = complete_rates(s, why);
    if (!err)
        complete_memory(s);
    return err;
}
