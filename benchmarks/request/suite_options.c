/* SPDX-License-Identifier: MIT
 *
 * Which options mean something to a suite. It is asked as a run asks it, once with nothing given
 * and once with the option, so that what is said and refused is what is done.
 */
#include "request.h"

#include "suite.h"

#include <linebounce/scenario.h>

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* What a suite has to have, for an option to mean something to it. */
enum part { WINDOWS, LAYOUTS, LOCKS, OFFSETS, PAIRS, STRUCTURES };

/* What a scenario has to have. */
static bool locks(const struct lb_scenario *s)
{
    return lb_scenario_locks(s) || s->uses_lock;
}

static bool has_many(const struct lb_scenario *s)
{
    return s->objects == LB_OBJECTS_PICKED || s->objects == LB_OBJECTS_ALIVE;
}

static bool picks(const struct lb_scenario *s)
{
    return s->objects == LB_OBJECTS_PICKED;
}

static bool paces_writers(const struct lb_scenario *s)
{
    return s->pace == LB_PACE_SECOND;
}

static bool paces_all(const struct lb_scenario *s)
{
    return s->pace == LB_PACE_ALL;
}

static bool uses_pages(const struct lb_scenario *s)
{
    return s->subject->uses_pages;
}

/* An item of a list, with which a suite is asked. */
static const struct lb_scenario *const scenario_given[] = {&lb_scenarios[LB_SCENARIO_SAME_OBJECT]};
static const enum lb_lock_kind lock_given[] = {LB_LOCK_RWSEM32};
static const char *const placement_given[] = {"compact"};
static const int threads_given[] = {3};
static const double work_given[] = {77};
static const size_t objects_given[] = {77};
static const enum lb_home home_given[] = {LB_HOME_REMOTE};
static const enum lb_picking access_given[] = {LB_PICK_PRIVATE_ZIPF};

/* In the order in which they are told and refused. What was given lies in the settings: a list that
 * is not empty, or a flag that is set; 0: neither, of the options of structures, of which
 * suite_whatif_option knows. Where a request keeps the list: `at` and `n`. `is`: NULL: any scenario
 * will do. */
#define OF(MEMBER) offsetof(struct settings, MEMBER)
#define LISTED(OPTION, PART, LIST, VALUE, MEMBER, IS)                                              \
    {                                                                                              \
        OPTION, PART, true, IS, OF(LIST), 0, VALUE, sizeof *(VALUE),                               \
            offsetof(struct lb_request, MEMBER), offsetof(struct lb_request, n_##MEMBER)           \
    }
#define PLAIN(OPTION, PART, IS, LIST, FLAG)                                                        \
    {                                                                                              \
        OPTION, PART, true, IS, LIST, FLAG, NULL, 0, 0, 0                                          \
    }
#define UNTOLD(OPTION, LIST, FLAG)                                                                 \
    {                                                                                              \
        OPTION, WINDOWS, false, NULL, LIST, FLAG, NULL, 0, 0, 0                                    \
    }
static const struct option {
    const char *name;
    enum part part;
    bool told; /* in the help of a suite */
    bool (*is)(const struct lb_scenario *);
    size_t list, flag;
    const void *value;
    size_t bytes, at, n;
} options[] = {
    LISTED("scenario", WINDOWS, scenarios, scenario_given, scenarios, NULL),
    LISTED("layout", LAYOUTS, layouts, lb_layouts, layouts, NULL),
    PLAIN("baseline", LAYOUTS, NULL, 0, OF(baseline_given)),
    LISTED("lock", LOCKS, locks, lock_given, locks, locks),
    PLAIN("offset", OFFSETS, NULL, OF(offsets), 0),
    LISTED("placement", WINDOWS, placements, placement_given, placements, NULL),
    LISTED("threads", WINDOWS, threads, threads_given, threads, NULL),
    LISTED("work-ns", WINDOWS, works, work_given, work_ns, NULL),
    LISTED("objects", WINDOWS, objects, objects_given, objects, has_many),
    LISTED("access", WINDOWS, access, access_given, access, picks),
    LISTED("home", WINDOWS, homes, home_given, homes, NULL),
    PLAIN("write-every", WINDOWS, paces_writers, 0, OF(write_every_given)),
    PLAIN("writers", WINDOWS, paces_writers, 0, OF(writers_given)),
    PLAIN("observe-every", WINDOWS, paces_all, 0, OF(observe_every_given)),
    PLAIN("memory", WINDOWS, uses_pages, 0, OF(memory_given)),
    PLAIN("all-pairs", PAIRS, NULL, 0, OF(all_pairs)),
    PLAIN("read", STRUCTURES, NULL, 0, 0),
    PLAIN("write", STRUCTURES, NULL, 0, 0),
    PLAIN("write-how", STRUCTURES, NULL, 0, 0),
    PLAIN("c2c", STRUCTURES, NULL, 0, 0),
    PLAIN("move", STRUCTURES, NULL, 0, 0),
    PLAIN("align", STRUCTURES, NULL, 0, 0),
    PLAIN("size", STRUCTURES, NULL, 0, 0),
    PLAIN("preset", STRUCTURES, NULL, 0, 0),
    UNTOLD("events", OF(events), 0),
    UNTOLD("benchmark_...", OF(gbench), 0),
    UNTOLD("twins", 0, OF(twins)),
};
#undef OF

/* One suite ---------------------------------------------------------------------------------- */

static bool has_part(const struct suite *s, enum part part)
{
    switch (part) {
    case WINDOWS:
        return !s->measure;
    case LAYOUTS:
        return !s->measure && !s->no_layouts;
    case LOCKS:
        return s->takes_locks || (!s->measure && !s->no_layouts);
    case OFFSETS:
        return s->has_offsets;
    case PAIRS:
        return s->measure != NULL;
    default:
        return s->takes_structures;
    }
}

/* What the suite asks for where this option alone is given; NULL: none. */
static void ask(const struct suite *suite, const struct option *o, struct settings *s,
                struct request *r)
{
    settings_init(s);
    list_add(&s->suites, sizeof suite, &suite);
    if (o)
        list_add((struct list *)(void *)((char *)s + o->list), o->bytes, o->value);
    request_init(s, suite, r);
}

/* Whether it asks for something else then. */
static bool heeds(const struct suite *suite, const struct option *o)
{
    struct settings s[2];
    struct request r[2];

    for (int i = 0; i < 2; i++)
        ask(suite, i ? o : NULL, &s[i], &r[i]);
    const char *with = (const char *)&r[1].plan, *without = (const char *)&r[0].plan;
    size_t n = *(const size_t *)(const void *)(with + o->n);
    bool differs = n != *(const size_t *)(const void *)(without + o->n) ||
                   (n && memcmp(with + o->at, without + o->at, sizeof(void *)));
    for (int i = 0; i < 2; i++) {
        request_finish(&r[i]);
        settings_finish(&s[i]);
    }
    return differs;
}

static bool has_baseline(const struct suite *suite)
{
    struct settings s;
    struct request r;

    ask(suite, NULL, &s, &r);
    bool has = r.plan.baseline != NULL;
    request_finish(&r);
    settings_finish(&s);
    return has;
}

/* Structures are taken by a list of their own, and so are the kinds of their locks. */
static bool is_of_structure(const struct suite *suite, const struct option *o)
{
    return suite->takes_structures && (!strcmp(o->name, "layout") || !strcmp(o->name, "lock"));
}

static bool takes(const struct suite *suite, const struct option *o)
{
    if (is_of_structure(suite, o))
        return true;
    if (!has_part(suite, o->part))
        return false;
    if (!suite->defaults)
        return true;
    if (!strcmp(o->name, "baseline"))
        return has_baseline(suite);
    return !o->value || heeds(suite, o);
}

static bool any_scenario(const struct lb_request *r, bool (*is)(const struct lb_scenario *))
{
    for (size_t i = 0; i < r->n_scenarios; i++)
        if (is(r->scenarios[i]))
            return true;
    return false;
}

static bool goes_with(const struct suite *suite, const struct lb_request *r, const struct option *o)
{
    return !o->is || is_of_structure(suite, o) || any_scenario(r, o->is);
}

void suite_tell_options(const struct suite *suite, const struct lb_request *r, FILE *out)
{
    const char *before = "";

    for (size_t i = 0; i < LB_COUNT(options); i++)
        if (options[i].told && takes(suite, &options[i]) && goes_with(suite, r, &options[i])) {
            fprintf(out, "%s--%s", before, options[i].name);
            before = ", ";
        }
}

/* What was given ------------------------------------------------------------------------------ */

const char *suite_whatif_option(const struct settings *s)
{
    const struct lb_whatif_options *o = &s->whatif;

    return s->whatifs.n       ? "preset"
           : !s->whatif_given ? NULL
           : o->read          ? "read"
           : o->write         ? "write"
           : o->move          ? "move"
           : o->align_bytes   ? "align"
           : o->bytes         ? "size"
                              : "write-how";
}

static bool is_given(const struct settings *s, const struct option *o)
{
    const char *base = (const char *)s, *whatif = suite_whatif_option(s);

    if (o->list)
        return ((const struct list *)(const void *)(base + o->list))->n > 0;
    if (o->flag)
        return *(const bool *)(base + o->flag);
    return whatif && !strcmp(whatif, o->name);
}

static bool any_takes(const struct settings *s, const struct option *o)
{
    const struct suite *const *list = s->suites.at;

    for (size_t i = 0; i < s->suites.n; i++)
        if (takes(list[i], o))
            return true;
    return false;
}

static bool any_has_offsets(const struct settings *s)
{
    const struct suite *const *list = s->suites.at;
    const struct lb_scenario *const *scenarios = s->scenarios.at;

    for (size_t i = 0; i < s->suites.n; i++)
        if (list[i]->has_offsets)
            return true;
    for (size_t i = 0; i < s->scenarios.n; i++)
        if (scenarios[i]->subject->uses_words)
            return true;
    return false;
}

/* Scenarios with words have offsets in any suite, and may be compared with one of them. */
static bool is_taken(const struct settings *s, const struct option *o)
{
    if (!strcmp(o->name, "offset"))
        return any_has_offsets(s);
    return any_takes(s, o) ||
           (!strcmp(o->name, "baseline") && s->base_offset && any_has_offsets(s));
}

int suite_check(const struct settings *s, struct lb_why *why)
{
    const struct suite *const *list = s->suites.at;

    for (size_t i = 0; i < LB_COUNT(options); i++)
        if (is_given(s, &options[i]) && !is_taken(s, &options[i]))
            return lb_fail(why, EINVAL, "--%s: means nothing to %s%s", options[i].name,
                           s->suites.n > 1 ? "any of these suites" : "suite ",
                           s->suites.n > 1 ? "" : list[0]->name);
    return 0;
}

int request_check_scenarios(const struct settings *s, const struct suite *suite,
                            const struct request *r, struct lb_why *why)
{
    if (s->suites.n > 1) /* one of them may have such a scenario */
        return 0;
    for (size_t i = 0; i < LB_COUNT(options); i++) {
        bool offset = !strcmp(options[i].name, "offset"); /* which a sweep takes by scenario */
        if (is_given(s, &options[i]) &&
            !(offset ? any_has_offsets(s) : goes_with(suite, &r->plan, &options[i])))
            return lb_fail(why, EINVAL, "--%s: means nothing to the scenarios here%s",
                           options[i].name,
                           !s->scenarios.n && s->quick ? " (--quick leaves some out)" : "");
    }
    return 0;
}
