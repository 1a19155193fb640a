/* SPDX-License-Identifier: MIT
 *
 * What stands behind options: numbers, times, and lists of what the library and the suites know by
 * name.
 */
#include "option_values.h"

#include <linebounce/layout.h>
#include <linebounce/run.h>
#include <linebounce/scenario.h>

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int value_number(const char *option, const char *text, double least, struct lb_why *why,
                 double *value)
{
    char *end;
    double n = strtod(text, &end);

    if (end == text || *end || !(n >= least) || n > MOST_NUMBER)
        return lb_fail(why, EINVAL, "--%s '%s': a number of at least %g is expected", option, text,
                       least);
    *value = n;
    return 0;
}

int value_whole(const char *option, const char *text, double least, double most, struct lb_why *why,
                uint64_t *value)
{
    double n;
    int err = value_number(option, text, least, why, &n);

    if (err)
        return err;
    if (n > most || n != (double)(uint64_t)n)
        return lb_fail(why, EINVAL, "--%s '%s': a whole number up to %.0f is expected", option,
                       text, most);
    *value = (uint64_t)n;
    return 0;
}

int value_time(const char *text, struct lb_why *why, double *s)
{
    char *end;
    double n = strtod(text, &end);
    double unit = !*end || !strcmp(end, "s") ? 1
                  : !strcmp(end, "m")        ? 60
                  : !strcmp(end, "h")        ? 3600
                                             : 0;

    if (end == text || !(n > 0) || n > MOST_NUMBER || unit == 0)
        return lb_fail(why, EINVAL, "--budget '%s': a time is expected, as 90s, 30m or 2h", text);
    *s = n * unit;
    return 0;
}

static const struct {
    const char *name;
    double ns;
} units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};

/* "20 us" of 20000. */
static void write_span(double ns, char text[32])
{
    size_t i = 0;

    while (i + 1 < LB_COUNT(units) && ns >= units[i + 1].ns)
        i++;
    snprintf(text, 32, "%g%s", ns / units[i].ns, units[i].name);
}

int value_span(const char *option, const char *text, double least, double most, struct lb_why *why,
               double *ns)
{
    char *end, from[32], to[32];
    double n = strtod(text, &end), unit = 0;

    for (size_t i = 0; i < LB_COUNT(units); i++)
        if (!strcmp(end, units[i].name))
            unit = units[i].ns;
    if (end == text || unit == 0 || !(n * unit >= least) || n * unit > most) {
        write_span(least, from);
        write_span(most, to);
        return lb_fail(why, EINVAL, "--%s '%s': a time from %s to %s is expected, as 20us or 500ns",
                       option, text, from, to);
    }
    *ns = n * unit;
    return 0;
}

/* Options with a list, and how an item is added to it. */
struct listed {
    const char *name;
    int (*add)(const struct listed *, struct settings *, const char *, struct lb_why *);
    size_t list;                  /* where in struct settings */
    const struct lb_names *words; /* enums */
    size_t bytes;                 /* of whole numbers */
    double least, most;
};

static struct list *list_of(const struct listed *l, struct settings *s)
{
    return (struct list *)(void *)((char *)s + l->list);
}

static int add_text(const struct listed *l, struct settings *s, const char *text,
                    struct lb_why *why)
{
    if (!*text)
        return lb_fail(why, EINVAL, "--%s: an empty item in the list", l->name);
    list_add(list_of(l, s), sizeof text, &text);
    return 0;
}

static int add_word(const struct listed *l, struct settings *s, const char *text,
                    struct lb_why *why)
{
    size_t found;
    int err = lb_name_find(l->words, text, why, &found);
    unsigned word = (unsigned)found;

    if (!err)
        list_add(list_of(l, s), sizeof word, &word);
    return err;
}

static int add_whole(const struct listed *l, struct settings *s, const char *text,
                     struct lb_why *why)
{
    uint64_t n = 0;
    int err = value_whole(l->name, text, l->least, l->most, why, &n), number = (int)n;

    if (!err)
        list_add(list_of(l, s), l->bytes,
                 l->bytes == sizeof number ? (const void *)&number : (const void *)&n);
    return err;
}

static int add_work(const struct listed *l, struct settings *s, const char *text,
                    struct lb_why *why)
{
    double ns;
    int err = value_number(l->name, text, 0, why, &ns);

    if (!err)
        list_add(&s->works, sizeof ns, &ns);
    return err;
}

static int add_scenario(const struct listed *l, struct settings *s, const char *text,
                        struct lb_why *why)
{
    const struct lb_scenario *scenario;
    int err = lb_scenario_find(text, why, &scenario);

    (void)l;
    if (!err)
        list_add(&s->scenarios, sizeof scenario, &scenario);
    return err;
}

static int add_preset(const struct listed *l, struct settings *s, const char *text,
                      struct lb_why *why)
{
    const struct lb_whatif *preset;
    int err = lb_whatif_find(text, why, &preset);

    (void)l;
    if (!err)
        list_add(&s->whatifs, sizeof *preset, preset);
    return err;
}

static bool is_same_event(const struct lb_event *a, const struct lb_event *b, const char *name)
{
    if (a->kind == LB_EVENT_WATCH && b->kind == LB_EVENT_WATCH && !*a->absent)
        return !strcmp(lb_word_name(&a->word), lb_word_name(&b->word)) &&
               a->watch_reads == b->watch_reads;
    return !strcmp(a->name, name);
}

/* What this machine cannot count is left out with the reason, as a run on other machines may have
 * it; a name that nobody knows is a mistake. */
static int add_event(const struct listed *l, struct settings *s, const char *text,
                     struct lb_why *why)
{
    static struct lb_microarchitecture here;
    struct lb_event e = {.quantity = -1};
    int err;

    (void)l;
    if (s->events_none || (s->events_given && !strcmp(text, "none")))
        return lb_fail(why, EINVAL, "--events: none goes alone");
    s->events_given = true;
    s->events_none = !strcmp(text, "none");
    if (s->events_none)
        return 0;
    if (!*here.name)
        lb_events_here(&here);
    err = lb_event_parse(text, &here, why, &e);
    if (err && (err != -ENOTSUP || strncmp(text, "bp:", 3)))
        return err;
    for (size_t i = 0; i < s->events.n; i++)
        if (is_same_event(&((const struct lb_event *)s->events.at)[i], &e, text))
            return lb_fail(why, EINVAL, "--events: %s is named twice", text);
    if (err) {
        snprintf(e.name, sizeof e.name, "%s", text);
        snprintf(e.absent, sizeof e.absent, "%.199s", why->text);
    }
    list_add(&s->events, sizeof e, &e);
    return 0;
}

#define LIST(MEMBER) .list = offsetof(struct settings, MEMBER)
static const struct listed lists[] = {
    {"lock", add_word, LIST(locks), .words = &lb_lock_names},
    {"scenario", add_scenario, LIST(scenarios)},
    {"placement", add_text, LIST(placements)},
    {"threads", add_whole, LIST(threads), .bytes = sizeof(int), .least = 1, .most = MOST_THREADS},
    {"work-ns", add_work, LIST(works)},
    {"objects", add_whole, LIST(objects), .bytes = sizeof(size_t), .least = 1, .most = MOST_NUMBER},
    {"access", add_word, LIST(access), .words = &lb_picking_names},
    {"offset", add_whole, LIST(offsets), .bytes = sizeof(size_t), .least = 8,
     .most = LB_OFFSET_MOST},
    {"home", add_word, LIST(homes), .words = &lb_home_names},
    {"preset", add_preset, LIST(whatifs)},
    {"events", add_event, LIST(events)},
    {"layout", add_text, LIST(layout_texts)},
};

/* Splits at commas; an empty item is refused. The copy lives as long as the settings. */
static int each(const struct listed *l, struct settings *s, const char *text, struct lb_why *why)
{
    char *copy = strdup(text), *item;
    int err = 0;

    if (!copy)
        return -ENOMEM;
    list_add(&s->strings, sizeof copy, &copy);
    while (!err && (item = strsep(&copy, ","))) {
        if (!*item)
            return lb_fail(why, EINVAL, "--%s '%s': an empty item in the list", l->name, text);
        if ((err = l->add(l, s, item, why)))
            lb_explain(why, err, item);
    }
    return err;
}

/* Layouts of the user's own hold commas themselves: "pointer,btf:FILE:STRUCT,hot=a,padded" parts
 * where another colon stands before "=", and before the name of a built-in. */
static bool begins_layout(const char *item)
{
    const struct lb_layout *known;
    char name[LB_LAYOUT_NAME_BYTES];
    const char *comma = lb_layout_comma(item);
    size_t n = comma ? (size_t)(comma - item) : strlen(item);

    if (memchr(item, ':', n) && !memchr(item, '=', strcspn(item, ":")))
        return true;
    snprintf(name, sizeof name, "%.*s", (int)n, item);
    return n < sizeof name && !lb_layout_find(name, NULL, &known);
}

static int each_layout(const struct listed *l, struct settings *s, const char *text,
                       struct lb_why *why)
{
    char *copy = strdup(text), *item = copy;
    const char *comma;
    int err;

    if (!copy)
        return -ENOMEM;
    list_add(&s->strings, sizeof copy, &copy);
    for (comma = lb_layout_comma(copy); comma; comma = lb_layout_comma(comma + 1)) {
        if (memchr(item, ':', (size_t)(comma - item)) && !begins_layout(comma + 1))
            continue;
        copy[comma - copy] = '\0';
        if ((err = add_text(l, s, item, why)))
            return err;
        item = copy + (comma - copy) + 1;
    }
    return add_text(l, s, item, why);
}

/* The first of a list's options in a second command line takes the place of the first one's. */
static void renew(struct settings *s, size_t i)
{
    if (s->again && !(s->renewed >> i & 1)) {
        list_of(&lists[i], s)->n = 0;
        if (lists[i].add == add_event)
            s->events_given = s->events_none = false;
    }
    s->renewed |= UINT64_C(1) << i;
}

int values_add(struct settings *s, const char *option, const char *text, struct lb_why *why)
{
    int err;

    for (size_t i = 0; i < LB_COUNT(lists); i++) {
        if (strcmp(lists[i].name, option) != 0)
            continue;
        renew(s, i);
        err = (strcmp(option, "layout") ? each : each_layout)(&lists[i], s, text, why);
        if (err)
            lb_explain(why, err, option);
        return err;
    }
    return NO_LIST;
}
