/* SPDX-License-Identifier: MIT
 *
 * Pairs of PUs at a distance, and PUs in order: close together or far apart.
 */
#include <linebounce/placement.h>

#include "base/canvas.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    const char *meaning;
} distances[LB_DISTANCES] = {
    [LB_DISTANCE_NONE] = {"none", "a single thread"},
    [LB_DISTANCE_SMT] = {"smt", "the same core"},
    [LB_DISTANCE_L2] = {"l2", "different cores, the same L2"},
    [LB_DISTANCE_L3] = {"l3", "different L2, the same last-level cache"},
    [LB_DISTANCE_PACKAGE] = {"package",
                             "the same package, different last-level cache, die or NUMA node"},
    [LB_DISTANCE_REMOTE] = {"remote", "different packages"},
};

const char *lb_distance_name(enum lb_distance distance)
{
    return distances[distance].name;
}

const char *lb_distance_meaning(enum lb_distance distance)
{
    return distances[distance].meaning;
}

int lb_distance_parse(const char *name, enum lb_distance *distance)
{
    for (int i = 0; i < LB_DISTANCES; i++) {
        if (!strcmp(name, distances[i].name)) {
            *distance = (enum lb_distance)i;
            return 0;
        }
    }
    return -EINVAL;
}

/* An L3 that spans sub-NUMA clusters is one by name only: each cluster's part of it serves that
 * cluster's memory. */
static bool share(enum lb_distance level, const struct lb_pu *a, const struct lb_pu *b)
{
    switch (level) {
    case LB_DISTANCE_SMT:
        return a->core == b->core && a->core != -1;
    case LB_DISTANCE_L2:
        return a->l2 == b->l2 && a->l2 != -1;
    case LB_DISTANCE_L3:
        return a->l3 == b->l3 && a->l3 != -1 && a->node_os == b->node_os;
    case LB_DISTANCE_PACKAGE:
        return a->package == b->package; /* -1 on both: one package */
    default:
        return true;
    }
}

enum lb_distance lb_distance_between(const struct lb_pu *a, const struct lb_pu *b)
{
    if (a->pu_os == b->pu_os)
        return LB_DISTANCE_NONE;
    enum lb_distance level = LB_DISTANCE_SMT;
    while (!share(level, a, b))
        level++;
    return level;
}

/* PUs to choose from, in logical order. */
struct choice {
    const struct lb_pu **pus;
    int n;
};

#define ANY_KIND (-2) /* -1 is a PU whose kind is not known */

static int choose(const struct lb_topology *topology, bool allowed_only, int kind,
                  struct choice *out)
{
    struct choice choice = {calloc((size_t)topology->n_pus + 1, sizeof *choice.pus), 0};
    if (!choice.pus)
        return -ENOMEM;
    for (int i = 0; i < topology->n_pus; i++) {
        const struct lb_pu *pu = &topology->pus[i];
        if ((pu->allowed || !allowed_only) && (kind == ANY_KIND || kind == pu->kind))
            choice.pus[choice.n++] = pu;
    }
    *out = choice;
    return 0;
}

struct pair {
    const struct lb_pu *first, *second;
};

/* The first pair of that class. What PU i shares at one level is a run of neighbours in logical
 * order, so its partners lie behind the end of its longest nearer run and before the end of its run
 * at `distance`. ends[] only moves forward: linear on anything that is a tree. The distance is
 * still asked for, for tables that are none. */
static bool find_pair(const struct choice *choice, enum lb_distance distance, struct pair *pair)
{
    int ends[LB_DISTANCES] = {0};
    for (int i = 0; i < choice->n; i++) {
        int from = i + 1;
        for (int level = LB_DISTANCE_SMT; level <= (int)distance; level++) {
            int *end = &ends[level];
            if (*end <= i)
                *end = i + 1;
            while (*end < choice->n &&
                   share((enum lb_distance)level, choice->pus[i], choice->pus[*end]))
                ++*end;
            bool nearer = level < (int)distance;
            if (nearer && *end > from)
                from = *end;
        }
        for (int j = from; j < ends[distance]; j++) {
            if (lb_distance_between(choice->pus[i], choice->pus[j]) == distance) {
                *pair = (struct pair){choice->pus[i], choice->pus[j]};
                return true;
            }
        }
    }
    return false;
}

/* The first pair among the allowed PUs of one kind, when it comes before *best. */
static int improve_pair(const struct lb_topology *topology, enum lb_distance distance, int kind,
                        struct pair *best)
{
    struct choice choice;
    struct pair pair;
    int rc = choose(topology, true, kind, &choice);
    if (rc)
        return rc;
    if (find_pair(&choice, distance, &pair) &&
        (!best->first || pair.first->pu_index < best->first->pu_index))
        *best = pair;
    free(choice.pus);
    return 0;
}

/* The earliest of the pairs within one kind, else any pair. out->first is NULL without one. */
static int find_best_pair(const struct lb_topology *topology, enum lb_distance distance,
                          struct pair *out)
{
    struct pair best = {NULL, NULL};
    int rc = 0;
    for (int kind = 0; kind < topology->n_kinds && topology->n_kinds > 1 && !rc; kind++)
        rc = improve_pair(topology, distance, kind, &best);
    if (!rc && !best.first)
        rc = improve_pair(topology, distance, ANY_KIND, &best);
    if (!rc)
        *out = best;
    return rc;
}

static int classes_among(const struct lb_topology *topology, bool allowed_only, unsigned *classes)
{
    struct choice choice;
    struct pair pair;
    unsigned mask = 0;
    int err = choose(topology, allowed_only, ANY_KIND, &choice);
    if (err)
        return err;
    for (int i = LB_DISTANCE_SMT; i < LB_DISTANCES; i++)
        if (find_pair(&choice, (enum lb_distance)i, &pair))
            mask |= 1u << i;
    free(choice.pus);
    *classes = mask;
    return 0;
}

int lb_placement_classes(const struct lb_topology *topology, unsigned *classes)
{
    return classes_among(topology, true, classes);
}

/* Distances are those of a tree, so the farthest pair is as far as the farthest from any one. */
static enum lb_distance farthest(const struct lb_pu *const *pus, int n)
{
    enum lb_distance far = LB_DISTANCE_NONE;
    for (int i = 1; i < n; i++) {
        enum lb_distance distance = lb_distance_between(pus[0], pus[i]);
        if (distance > far)
            far = distance;
    }
    return far;
}

static int out_of_memory(struct lb_why *why)
{
    return lb_fail(why, ENOMEM, "placement: out of memory");
}

/* Makes the placement of the first n of pus, at home with the first. */
static int settle(const char *name, const struct lb_pu *const *pus, int n, struct lb_why *why,
                  struct lb_placement *out)
{
    struct lb_placement placement = {
        .distance = farthest(pus, n), .home_node_os = pus[0]->node_os, .n = n};
    snprintf(placement.name, sizeof placement.name, "%s", name);
    placement.pu_os = calloc((size_t)n, sizeof *placement.pu_os);
    if (!placement.pu_os)
        return out_of_memory(why);
    for (int i = 0; i < n; i++)
        placement.pu_os[i] = pus[i]->pu_os;
    *out = placement;
    return 0;
}

static void say_classes(struct lb_canvas *phrase, unsigned mask)
{
    const char *comma = "";
    for (int i = 0; i < LB_DISTANCES; i++) {
        if (mask & 1u << i) {
            lb_canvas_put(phrase, "%s%s", comma, distances[i].name);
            comma = ", ";
        }
    }
}

static int compare_ints(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

/* Which PUs a sentence is about. */
enum about { ABOUT_ALL, ABOUT_ALLOWED, ABOUT_ISOLATED };

static bool is_about(const struct lb_pu *pu, enum about about)
{
    return about == ABOUT_ALL || (about == ABOUT_ALLOWED ? pu->allowed : pu->isolated);
}

/* The kernel numbers of PUs as "0-3,8", at most as many pieces as are of use in a sentence. */
static void say_pus(struct lb_canvas *phrase, const struct lb_topology *topology, enum about about)
{
    int *numbers = calloc((size_t)topology->n_pus + 1, sizeof *numbers);
    if (!numbers)
        return;
    int n = 0;
    for (int i = 0; i < topology->n_pus; i++)
        if (is_about(&topology->pus[i], about))
            numbers[n++] = topology->pus[i].pu_os;
    qsort(numbers, (size_t)n, sizeof *numbers, compare_ints);
    if (!n)
        lb_canvas_put(phrase, "none");
    for (int i = 0, pieces = 0; i < n; pieces++) {
        if (pieces == 12) {
            lb_canvas_put(phrase, ",...");
            break;
        }
        int end = i;
        while (end + 1 < n && numbers[end + 1] == numbers[end] + 1)
            end++;
        lb_canvas_put(phrase, end > i ? "%s%d-%d" : "%s%d", pieces ? "," : "", numbers[i],
                      numbers[end]);
        i = end + 1;
    }
    free(numbers);
}

static void say_isolated(struct lb_canvas *phrase, const struct lb_topology *topology)
{
    bool any = false;
    for (int i = 0; i < topology->n_pus; i++)
        any |= topology->pus[i].isolated;
    if (!any)
        return;
    lb_canvas_put(phrase, "; isolated ones take part by name: --pus ");
    say_pus(phrase, topology, ABOUT_ISOLATED);
}

static int refuse_pair(const struct lb_topology *topology, enum lb_distance distance,
                       struct lb_why *why)
{
    char text[LB_WHY_BYTES] = "";
    struct lb_canvas phrase = {text, sizeof text, 0};
    unsigned there, anywhere;
    if (classes_among(topology, true, &there) || classes_among(topology, false, &anywhere))
        return out_of_memory(why);
    if (there) {
        lb_canvas_put(&phrase, "it has ");
        say_classes(&phrase, there);
    } else {
        lb_canvas_put(&phrase, "it has no pair at all, with %d allowed PU%s", topology->n_allowed,
                      topology->n_allowed == 1 ? "" : "s");
    }
    if (anywhere & 1u << distance)
        lb_canvas_put(&phrase, "; there is one, outside the cpuset or affinity mask or offline");
    say_isolated(&phrase, topology);
    return lb_fail(why, ENOENT, "placement %s: %.80s has no two PUs of that class (%s); %s",
                   distances[distance].name, topology->source, distances[distance].meaning, text);
}

int lb_placement_pair(const struct lb_topology *topology, enum lb_distance distance,
                      struct lb_why *why, struct lb_placement *placement)
{
    if (distance <= LB_DISTANCE_NONE || distance >= LB_DISTANCES)
        return lb_fail(why, EINVAL,
                       "placement: a pair wants a distance class: smt, l2, l3, package or remote");
    struct pair pair;
    if (find_best_pair(topology, distance, &pair))
        return out_of_memory(why);
    if (!pair.first)
        return refuse_pair(topology, distance, why);
    const struct lb_pu *pus[2] = {pair.first, pair.second};
    return settle(distances[distance].name, pus, 2, why, placement);
}

static int check_count(const struct lb_topology *topology, const char *what, int n,
                       struct lb_why *why)
{
    if (n < 1)
        return lb_fail(why, EINVAL, "placement %s: %d threads, wants at least 1", what, n);
    if (n <= topology->n_allowed)
        return 0;
    char text[LB_WHY_BYTES] = "";
    struct lb_canvas phrase = {text, sizeof text, 0};
    say_pus(&phrase, topology, ABOUT_ALLOWED);
    lb_canvas_put(&phrase, ")");
    say_isolated(&phrase, topology);
    return lb_fail(why, ERANGE, "placement %s: %d threads, but only %d allowed PU%s (%s", what, n,
                   topology->n_allowed, topology->n_allowed == 1 ? "" : "s", text);
}

/* The levels over which scatter deals its threads out; cores follow from the siblings. */
enum level { LEVEL_PACKAGE, LEVEL_DIE, LEVEL_NODE, LEVEL_L3, LEVEL_L2, LEVELS };

static int group_at(const struct lb_pu *pu, enum level level)
{
    const int groups[LEVELS] = {pu->package, pu->die, pu->node_os, pu->l3, pu->l2};
    return groups[level];
}

/* Sorts the levels from many groups to few. Which of dies, nodes and last-level caches holds the
 * other differs between machines (with sub-NUMA clusters a cache spans nodes, on EPYC a node spans
 * caches); in a tree the one with fewer groups is outside. */
static void finest_first(const struct choice *choice, enum level order[LEVELS])
{
    int groups[LEVELS];
    for (int level = 0; level < LEVELS; level++) {
        groups[level] = 1;
        for (int i = 1; i < choice->n; i++)
            groups[level] += group_at(choice->pus[i], (enum level)level) !=
                             group_at(choice->pus[i - 1], (enum level)level);
        int at = level;
        for (; at > 0 && groups[order[at - 1]] <= groups[level]; at--)
            order[at] = order[at - 1];
        order[at] = (enum level)level;
    }
}

/* One PU on its way to its turn. */
struct seat {
    const struct lb_pu *pu;
    int sibling; /* 0: the first allowed PU of its core, 1: the second, ... */
    int group;   /* at the level being dealt out */
    int turn;    /* within that group */
};

static int compare_seats(const void *a, const void *b)
{
    const struct seat *x = a, *y = b;
    if (x->sibling != y->sibling)
        return x->sibling - y->sibling;
    if (x->group != y->group)
        return x->group - y->group;
    if (x->turn != y->turn)
        return x->turn - y->turn;
    return x->pu->pu_index - y->pu->pu_index;
}

/* From the inside out: at each level the groups within a group are merged by turns, first all the
 * firsts, then all the seconds. Each set of siblings is dealt out on its own, so that no core gets
 * a second thread before each has one. */
static void deal(struct seat *seats, int n, const enum level order[LEVELS])
{
    for (int step = 0; step <= LEVELS; step++) {
        for (int i = 0; i < n; i++)
            seats[i].group = step < LEVELS ? group_at(seats[i].pu, order[step]) : 0;
        qsort(seats, (size_t)n, sizeof *seats, compare_seats);
        for (int i = 0, turn = 0; i < n; i++) {
            bool same = i && seats[i].sibling == seats[i - 1].sibling &&
                        seats[i].group == seats[i - 1].group;
            turn = same ? turn + 1 : 0;
            seats[i].turn = turn;
        }
    }
}

/* Reorders the choice from logical order to scatter order. */
static int scatter(struct choice *choice)
{
    struct seat *seats = calloc((size_t)choice->n + 1, sizeof *seats);
    if (!seats)
        return -ENOMEM;
    for (int i = 0; i < choice->n; i++) {
        seats[i].pu = choice->pus[i];
        if (i && share(LB_DISTANCE_SMT, choice->pus[i - 1], choice->pus[i]))
            seats[i].sibling = seats[i - 1].sibling + 1;
    }
    enum level order[LEVELS];
    finest_first(choice, order);
    deal(seats, choice->n, order);
    for (int i = 0; i < choice->n; i++)
        choice->pus[i] = seats[i].pu;
    free(seats);
    return 0;
}

/* The first n in logical order, or in that of `reorder`. */
static int ordered(const struct lb_topology *topology, const char *order, int n,
                   int (*reorder)(struct choice *), struct lb_why *why,
                   struct lb_placement *placement)
{
    char name[LB_PLACEMENT_NAME_BYTES];
    struct choice choice;
    int rc = check_count(topology, order, n, why);
    if (rc)
        return rc;
    if (choose(topology, true, ANY_KIND, &choice))
        return out_of_memory(why);
    snprintf(name, sizeof name, "%s-%d", order, n);
    rc = reorder && reorder(&choice) ? out_of_memory(why)
                                     : settle(name, choice.pus, n, why, placement);
    free(choice.pus);
    return rc;
}

int lb_placement_compact(const struct lb_topology *topology, int n, struct lb_why *why,
                         struct lb_placement *placement)
{
    return ordered(topology, "compact", n, NULL, why, placement);
}

int lb_placement_scatter(const struct lb_topology *topology, int n, struct lb_why *why,
                         struct lb_placement *placement)
{
    return ordered(topology, "scatter", n, scatter, why, placement);
}

/* An explicit list while it is read. */
struct reading {
    const struct lb_topology *topology;
    const char *list;
    struct choice chosen;
    bool *taken; /* by position in the table */
    struct lb_why *why;
};

static int refuse_pu(const struct reading *reading, int err, long pu_os)
{
    char text[LB_WHY_BYTES] = "";
    struct lb_canvas phrase = {text, sizeof text, 0};
    say_pus(&phrase, reading->topology, err == EACCES ? ABOUT_ALLOWED : ABOUT_ALL);
    if (err == EACCES)
        return lb_fail(reading->why, EACCES,
                       "PU list \"%.100s\": PU %ld is offline or outside the cpuset or affinity "
                       "mask; allowed: %s%s%.100s%s",
                       reading->list, pu_os, text,
                       reading->topology->this_system ? "; masked CPUs take part by: taskset -c "
                                                      : "",
                       reading->topology->this_system ? reading->list : "",
                       reading->topology->this_system ? " linebounce ..." : "");
    return lb_fail(reading->why, EINVAL, "PU list \"%.100s\": no PU %ld here; there are %s",
                   reading->list, pu_os, text);
}

static int take_pu(struct reading *reading, long pu_os)
{
    const struct lb_pu *pu =
        pu_os <= INT_MAX ? lb_topology_find(reading->topology, (int)pu_os) : NULL;
    if (!pu)
        return refuse_pu(reading, EINVAL, pu_os);
    if (!pu->allowed && !pu->isolated)
        return refuse_pu(reading, EACCES, pu_os);
    bool *taken = &reading->taken[pu - reading->topology->pus];
    if (*taken)
        return lb_fail(reading->why, EINVAL, "PU list \"%.100s\": PU %ld is in it twice",
                       reading->list, pu_os);
    *taken = true;
    reading->chosen.pus[reading->chosen.n++] = pu;
    return 0;
}

/* Digits only; strtol alone would take spaces and signs. Numbers too large stay at LONG_MAX, which
 * no PU has. */
static bool read_number(const char **text, long *number)
{
    if (!isdigit((unsigned char)**text))
        return false;
    char *end;
    *number = strtol(*text, &end, 10);
    *text = end;
    return true;
}

static int take_range(struct reading *reading, const char **text)
{
    const char *start = *text;
    long first, last;
    bool good = read_number(text, &first);
    last = first;
    if (good && **text == '-') {
        ++*text;
        good = read_number(text, &last);
    }
    if (!good || (**text && **text != ','))
        return lb_fail(reading->why, EINVAL,
                       "PU list \"%.100s\": wants numbers and ranges with commas, such as "
                       "\"0-3,8\", not \"%.40s\"",
                       reading->list, start);
    if (last < first)
        return lb_fail(reading->why, EINVAL,
                       "PU list \"%.100s\": the range %ld-%ld runs backwards; write %ld-%ld",
                       reading->list, first, last, last, first);
    for (long pu_os = first; pu_os <= last; pu_os++) {
        int rc = take_pu(reading, pu_os);
        if (rc)
            return rc;
    }
    return 0;
}

static int read_list(struct reading *reading)
{
    const char *text = reading->list;
    if (!*text)
        return lb_fail(reading->why, EINVAL,
                       "PU list \"\": empty; wants kernel CPU numbers such as \"0-3,8\"");
    for (;;) {
        int rc = take_range(reading, &text);
        if (rc || !*text)
            return rc;
        text++; /* the comma; a list that ends with one fails on the missing number */
    }
}

int lb_placement_list(const struct lb_topology *topology, const char *list, struct lb_why *why,
                      struct lb_placement *placement)
{
    size_t room = (size_t)topology->n_pus + 1;
    struct reading reading = {.topology = topology, .list = list, .why = why};
    reading.chosen.pus = calloc(room, sizeof *reading.chosen.pus);
    reading.taken = calloc(room, sizeof *reading.taken);
    int rc;
    if (!reading.chosen.pus || !reading.taken)
        rc = out_of_memory(why);
    else
        rc = read_list(&reading);
    if (!rc)
        rc = settle("pus", reading.chosen.pus, reading.chosen.n, why, placement);
    free(reading.taken);
    free(reading.chosen.pus);
    return rc;
}

/* A pair is two threads, whoever says how many; 0 leaves it open. */
static int named_pair(const struct lb_topology *topology, enum lb_distance distance, int n,
                      struct lb_why *why, struct lb_placement *placement)
{
    const char *name = lb_distance_name(distance);
    if (n && n != 2)
        return lb_fail(why, EINVAL,
                       "placement %s: a pair is 2 threads, not %d; compact-%d and scatter-%d take "
                       "any number",
                       name, n, n, n);
    return lb_placement_pair(topology, distance, why, placement);
}

static int named_closest(const struct lb_topology *topology, int n, struct lb_why *why,
                         struct lb_placement *placement)
{
    /* Not lb_placement_classes, which knows none where there is no memory. */
    for (int i = LB_DISTANCE_SMT; i < LB_DISTANCES; i++) {
        struct lb_placement pair;
        int err = lb_placement_pair(topology, (enum lb_distance)i, why, &pair);
        if (err == -ENOENT)
            continue;
        if (err)
            return err;
        lb_placement_finish(&pair);
        return named_pair(topology, (enum lb_distance)i, n, why, placement);
    }
    return lb_placement_compact(topology, n ? n : 1, why, placement);
}

static const char *word_at(size_t i)
{
    static const char *const orders[] = {"closest", "compact", "scatter"};

    return i < LB_COUNT(orders)
               ? orders[i]
               : lb_distance_name((enum lb_distance)(LB_DISTANCE_SMT + i - LB_COUNT(orders)));
}
#define WORDS (3 + LB_DISTANCES - LB_DISTANCE_SMT)

static int check_word(const char *word, struct lb_why *why)
{
    static const struct lb_names names = {.what = "placement",
                                          .at = word_at,
                                          .n = WORDS,
                                          .others =
                                              "compact-N, scatter-N (CPUs by number go to --pus)"};
    size_t found;

    return lb_name_find(&names, word, why, &found) ? -EINVAL : 0;
}

/* Splits "scatter-8" into its word and its count. A name without one leaves *n alone. */
static int split_name(const char *name, char word[LB_PLACEMENT_NAME_BYTES], int *n,
                      struct lb_why *why)
{
    size_t length = strcspn(name, "-");
    if (length >= LB_PLACEMENT_NAME_BYTES)
        return check_word(name, why);
    memcpy(word, name, length);
    word[length] = '\0';
    if (check_word(word, why))
        return -EINVAL;
    const char *rest = name + length;
    if (!*rest)
        return 0;
    long count;
    rest++;
    if (!read_number(&rest, &count) || *rest || !count || count > INT_MAX)
        return lb_fail(why, EINVAL,
                       "placement \"%.60s\": wants a number of threads after the dash, such as "
                       "%s-2",
                       name, word);
    if (*n && *n != count)
        return lb_fail(why, EINVAL, "placement %s: names %ld threads, but %d are asked for", name,
                       count, *n);
    *n = (int)count;
    return 0;
}

int lb_placement_named(const struct lb_topology *topology, const char *name, int n,
                       struct lb_why *why, struct lb_placement *placement)
{
    char word[LB_PLACEMENT_NAME_BYTES];
    if (n < 0)
        return lb_fail(why, EINVAL, "placement %.60s: %d threads, wants at least 1", name, n);
    int rc = split_name(name, word, &n, why);
    if (rc)
        return rc;
    enum lb_distance distance;
    if (!strcmp(word, "closest"))
        return named_closest(topology, n, why, placement);
    if (!lb_distance_parse(word, &distance))
        return named_pair(topology, distance, n, why, placement);
    if (!n)
        n = topology->n_allowed == 1 ? 1 : 2;
    if (!strcmp(word, "compact"))
        return lb_placement_compact(topology, n, why, placement);
    return lb_placement_scatter(topology, n, why, placement);
}

void lb_placement_finish(struct lb_placement *placement)
{
    if (!placement)
        return;
    free(placement->pu_os);
    *placement = (struct lb_placement){0};
}
