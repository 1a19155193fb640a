/* SPDX-License-Identifier: MIT
 *
 * From an event's name to its code: quantities, libpfm4's names, raw codes, watched words.
 */
#include "events_private.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WATCH "bp:"

#if defined(__x86_64__) || defined(__i386__)
static const bool watches_count = true;
#else
static const bool watches_count = false;
#endif

/* Here */

/* More than the first processor's lines. NULL when it cannot be read. */
static char *read_cpuinfo(void)
{
    enum { MOST = 16384 };
    FILE *file = fopen("/proc/cpuinfo", "r");
    char *text = file ? malloc(MOST) : NULL;

    if (text)
        text[fread(text, 1, MOST - 1, file)] = 0;
    if (file)
        fclose(file);
    return text;
}

void lb_events_here(struct lb_microarchitecture *here)
{
    char pmu[LB_PMU_BYTES];

    *here = (struct lb_microarchitecture){{0}, {0}};
    lb_pfm_here(pmu);
    snprintf(here->pfm, sizeof here->pfm, "%s", pmu);
    const struct lb_event_row *row = lb_event_row_of_pmu(pmu);
    if (row) {
        snprintf(here->name, sizeof here->name, "%s", row->name);
        return;
    }
    char *text = lb_pfm_built ? read_cpuinfo() : NULL;
    if (text)
        snprintf(here->name, sizeof here->name, "%s", lb_cpuinfo_row(text));
    free(text);
}

/* Near names */

/* The event's own name: without its PMU and what follows. */
static void bare_name(const char *name, char bare[LB_DISTANCE_BYTES])
{
    const char *start = strstr(name, "::");

    start = start ? start + 2 : name;
    size_t n = strncmp(name, WATCH, strlen(WATCH)) ? strcspn(start, ":") : strlen(start);
    snprintf(bare, LB_DISTANCE_BYTES, "%.*s", (int)n, start);
}

static void see_near(const char *name, void *context)
{
    char bare[LB_DISTANCE_BYTES];

    bare_name(name, bare);
    lb_nearest_see_by(bare, name, context);
}

static const char *pmu_of_here(const struct lb_microarchitecture *here)
{
    return *here->pfm ? here->pfm : lb_event_row_pmu(here->name);
}

static int refuse_unknown(const char *name, const struct lb_microarchitecture *here, int err,
                          struct lb_why *why)
{
    const char *said = err == ENOTSUP ? "built without libpfm4" : "no such quantity, word or event";
    char asked[LB_DISTANCE_BYTES], text[LB_NEAREST_MOST * (LB_DISTANCE_BYTES + 2) + 16];
    struct lb_nearest near = {.name = asked};

    bare_name(name, asked);
    for (int quantity = 0; quantity < LB_QUANTITIES; quantity++)
        see_near(lb_quantity_name(quantity), &near);
    for (int watch = 0; watch < LB_WATCHES; watch++) {
        char word[LB_DISTANCE_BYTES];
        snprintf(word, sizeof word, WATCH "%s", lb_watch_name(watch));
        see_near(word, &near);
    }
    lb_pfm_events(pmu_of_here(here), see_near, &near);
    lb_pfm_events("perf", see_near, &near);

    return lb_fail(why, err, "event %.95s: %s%s", name, said,
                   lb_nearest_text(&near, text, sizeof text));
}

/* Quantities */

static void say_absent(struct lb_event *event, const struct lb_microarchitecture *here)
{
    char *absent = event->absent;
    size_t bytes = sizeof event->absent;

    if (*here->name)
        snprintf(absent, bytes, "%s has no event for %s", here->name, event->name);
    else if (!lb_pfm_built)
        snprintf(absent, bytes, "built without libpfm4");
    else if (*here->pfm)
        snprintf(absent, bytes, "no event of libpfm4's %s is known for %s", here->pfm, event->name);
    else
        snprintf(absent, bytes, "libpfm4 %s does not know this processor", lb_events_library());
}

static int encode_string(const char *string, struct lb_why *why, struct lb_event_code *code)
{
    return lb_raw_is(string) ? lb_raw_encode(string, why, code)
                             : lb_pfm_encode(string, why, code, NULL);
}

static void quantity_event(enum lb_quantity quantity, const struct lb_microarchitecture *here,
                           struct lb_event *event)
{
    const struct lb_event_entry *entry =
        lb_event_entry_find(*here->name ? here->name : "generic", quantity);
    struct lb_event_code code;
    struct lb_why why;

    *event = (struct lb_event){.kind = LB_EVENT_PMU, .quantity = quantity};
    snprintf(event->name, sizeof event->name, "%s", lb_quantity_name(quantity));
    if (!entry) {
        say_absent(event, here);
    } else if (encode_string(entry->event, &why, &code)) {
        if (lb_pfm_built)
            snprintf(event->absent, sizeof event->absent, "libpfm4 %s: %.160s", lb_events_library(),
                     why.text);
        else
            snprintf(event->absent, sizeof event->absent, "built without libpfm4");
    } else {
        snprintf(event->string, sizeof event->string, "%s", entry->event);
        snprintf(event->caveat, sizeof event->caveat, "%s", entry->caveat);
    }
}

void lb_event_defaults(const struct lb_microarchitecture *here,
                       struct lb_event events[LB_QUANTITIES])
{
    for (int quantity = 0; quantity < LB_QUANTITIES; quantity++)
        quantity_event(quantity, here, &events[quantity]);
}

/* Words */

static int refuse_watch(const char *name, struct lb_why *why)
{
    return lb_fail(why, ENOTSUP,
                   "event %.95s: hardware breakpoints count every store on x86 only; here stores "
                   "are made by load-linked and store-conditional pairs",
                   name);
}

static int parse_watch(const char *name, const struct lb_microarchitecture *here,
                       struct lb_why *why, struct lb_event *event)
{
    struct lb_event made = {.kind = LB_EVENT_WATCH, .quantity = -1};
    char word[sizeof made.name];
    const char *start = name + strlen(WATCH), *end = strchr(start, ':');
    int n = end ? (int)(end - start) : (int)strlen(start);

    snprintf(word, sizeof word, "%.*s", n, start);
    if (lb_word_parse(word, NULL, &made.word))
        return refuse_unknown(name, here, ENOENT, why);
    if (end && strcmp(end, ":w") && strcmp(end, ":rw"))
        return lb_fail(why, EINVAL, "event %.95s: after the word comes :w, :rw or nothing", name);
    if (!watches_count)
        return refuse_watch(name, why);
    made.watch_reads = end && !strcmp(end, ":rw");
    snprintf(made.name, sizeof made.name, "%s", name);
    *event = made;
    return 0;
}

/* libpfm4's events */

struct masks {
    char text[300];
    size_t at;
    unsigned more;
};

static void see_mask(const char *name, void *context)
{
    struct masks *masks = context;
    size_t room = sizeof masks->text - masks->at;

    if (masks->more || strlen(name) + 3 > room)
        masks->more++;
    else
        masks->at +=
            (size_t)snprintf(masks->text + masks->at, room, "%s%s", masks->at ? ", " : "", name);
}

static int refuse_mask(const char *name, const struct lb_why *said, struct lb_why *why)
{
    struct masks masks = {.at = 0};
    char more[32] = "";

    lb_pfm_masks(name, see_mask, &masks);
    if (!masks.at)
        return lb_fail(why, EINVAL, "%s", said->text);
    if (masks.more)
        snprintf(more, sizeof more, " and %u more", masks.more);
    return lb_fail(why, EINVAL, "%.150s; its unit masks: %s%s", said->text, masks.text, more);
}

/* Whether the event's PMU is the one here: the codes of another would count anything. */
static bool is_here(const char *pmu, const struct lb_microarchitecture *here)
{
    return !*pmu || !strcmp(pmu, here->pfm) || !strcmp(pmu, lb_event_row_pmu(here->name));
}

static const char *caveat_of(const struct lb_event_code *code)
{
    bool switches =
        code->type == PERF_TYPE_SOFTWARE && (code->config == PERF_COUNT_SW_CONTEXT_SWITCHES ||
                                             code->config == PERF_COUNT_SW_CPU_MIGRATIONS);
    return switches ? "happens in the kernel, which is not counted: reads 0" : "";
}

static int parse_pfm(const char *name, const struct lb_microarchitecture *here, struct lb_why *why,
                     struct lb_event *event)
{
    struct lb_event made = {.kind = LB_EVENT_PMU, .quantity = -1};
    struct lb_event_code code;
    struct lb_why said;
    char pmu[LB_PMU_BYTES];

    int err = lb_pfm_encode(name, &said, &code, pmu);
    if (err == -ENOENT || (err && !lb_pfm_built))
        return refuse_unknown(name, here, -err, why);
    if (err == -EINVAL)
        return refuse_mask(name, &said, why);
    if (err)
        return lb_fail(why, -err, "%s", said.text);
    if (!is_here(pmu, here))
        return lb_fail(why, ENOENT, "event %.95s: libpfm4's %s is not the processor here (%s)",
                       name, pmu, *here->name ? here->name : "unknown");
    snprintf(made.name, sizeof made.name, "%s", name);
    snprintf(made.string, sizeof made.string, "%s", name);
    snprintf(made.caveat, sizeof made.caveat, "%s", caveat_of(&code));
    *event = made;
    return 0;
}

static int parse_raw(const char *name, struct lb_why *why, struct lb_event *event)
{
    struct lb_event made = {.kind = LB_EVENT_PMU, .quantity = -1};
    struct lb_event_code code;

    int err = lb_raw_encode(name, why, &code);
    if (err)
        return err;
    snprintf(made.name, sizeof made.name, "%s", name);
    snprintf(made.string, sizeof made.string, "%s", name);
    *event = made;
    return 0;
}

int lb_event_parse(const char *name, const struct lb_microarchitecture *here, struct lb_why *why,
                   struct lb_event *event)
{
    int quantity = lb_quantity_find(name);

    if (!*name)
        return lb_fail(why, ENOENT, "event: an empty name");
    if (strlen(name) >= sizeof event->name)
        return lb_fail(why, EINVAL, "event %.40s...: longer than %zu characters", name,
                       sizeof event->name - 1);
    if (quantity >= 0) {
        quantity_event(quantity, here, event);
        return 0;
    }
    if (!strncmp(name, WATCH, strlen(WATCH)))
        return parse_watch(name, here, why, event);
    if (lb_raw_is(name))
        return parse_raw(name, why, event);
    return parse_pfm(name, here, why, event);
}

int lb_event_encode(const struct lb_event *event, struct lb_why *why, struct lb_event_code *code)
{
    if (*event->absent)
        return lb_fail(why, ENOTSUP, "event %.95s: %s", event->name, event->absent);
    if (event->kind == LB_EVENT_PMU)
        return encode_string(event->string, why, code);
    if (!watches_count)
        return refuse_watch(event->name, why);
    *code = (struct lb_event_code){.kind = LB_EVENT_WATCH,
                                   .type = PERF_TYPE_BREAKPOINT,
                                   .word = event->word,
                                   .watch_reads = event->watch_reads};
    return 0;
}

bool lb_event_is_armed(const struct lb_event *event)
{
    return event->kind == LB_EVENT_WATCH && event->word.watch < LB_WATCH_UNTOUCHED0;
}
