/* SPDX-License-Identifier: MIT
 *
 * What counters should count an op, in closed form.
 */
#include <linebounce/expected.h>

#include <linebounce/scenario.h>

#include "op_words.h"

#include <errno.h>
#include <math.h>
#include <string.h>

const struct lb_expected_times lb_expected_times_usual = {
    .work_ns = 200,
    .period_ns = NAN,
    .own_ns = 5,
    .transfer_ns = 25,
    .costs = {[LB_COST_LOAD] = 25,
              [LB_COST_RELOAD] = 25,
              [LB_COST_UPGRADE] = 37,
              [LB_COST_TWO] = NAN,
              [LB_COST_CHAIN] = NAN},
};

/* A line that both ops touch and at least one writes. */
struct met {
    struct lb_op_visit mine, other;
    struct lb_line_wait pays, taken; /* what mine pays, and the other op for the same line */
};
struct meeting {
    struct met lines[LB_OP_WORDS_MOST];
    size_t n;
};

static double times(int n, double ns)
{
    return n ? n * ns : 0;
}

static void meet(const struct lb_op_visit *mine, const struct lb_op_visit *other,
                 enum lb_handover handover, struct meeting *m)
{
    struct met *met = &m->lines[m->n];

    *met = (struct met){.mine = *mine, .other = *other};
    if (lb_line_price(mine, other, handover, &met->pays)) {
        lb_line_price(other, mine, handover, &met->taken);
        m->n++;
    }
}

static void meet_words(const struct lb_op_words *mine, const struct lb_op_words *other,
                       enum lb_handover handover, struct meeting *m)
{
    m->n = 0;
    for (size_t i = 0; i < mine->n; i++) {
        bool seen = false;
        for (size_t k = 0; k < i; k++)
            seen |= mine->at[k].line == mine->at[i].line;
        struct lb_op_visit here = lb_op_visit_of(mine, mine->at[i].line);
        struct lb_op_visit there = lb_op_visit_of(other, mine->at[i].line);
        if (!seen)
            meet(&here, &there, handover, m);
    }
}

/* What an op waits that finds all gone: fetches overlap, upgrades come one after the other. */
static double wait_of(const struct meeting *m, const struct lb_expected_times *t)
{
    double fetch = 0, upgrades = 0;

    for (size_t i = 0; i < m->n; i++) {
        const struct lb_line_wait *w = &m->lines[i].pays;
        fetch = fmax(fetch, times(w->loads, t->costs[LB_COST_LOAD]));
        fetch = fmax(fetch, times(w->reloads, t->costs[LB_COST_RELOAD]));
        fetch = fmax(fetch, times(w->transfers, t->transfer_ns));
        upgrades += times(w->upgrades, t->costs[LB_COST_UPGRADE]);
    }
    return fetch + upgrades;
}

/* P = T + own + q wait, and q = 1 - T / (6 P). */
static double period_of(const struct meeting *m, const struct lb_expected_times *t)
{
    double wait = wait_of(m, t), sum = t->work_ns + t->own_ns + wait;

    return isnan(t->period_ns) ? (sum + sqrt(sum * sum - t->work_ns * wait * 2 / 3)) / 2
                               : t->period_ns;
}

/* The share of ops that loaded a line, waited to change it, and lost it to the other meanwhile: as
 * much as they wait of their time. */
static double lost(const struct met *line, double q, double period,
                   const struct lb_expected_times *t)
{
    if (!line->mine.writes || !line->other.writes || !line->pays.upgrades)
        return 0;
    return q * (t->costs[LB_COST_LOAD] + t->costs[LB_COST_UPGRADE]) / period;
}

/* Of one op the loads, changes and upgrades of the line. What was lost each locked op finds
 * modified; before a store it is loaded and upgraded anew. */
static void count_op(const struct lb_op_visit *visit, const struct lb_line_wait *pays, double q,
                     double lost, double counts[LB_EXPECTED_UPGRADES + 1])
{
    double anew = visit->locked ? 0 : lost;

    counts[LB_EXPECTED_LOADS] = q * (pays->loads + pays->reloads) + anew;
    counts[LB_EXPECTED_CHANGES] = q * pays->transfers + visit->locked * lost;
    counts[LB_EXPECTED_UPGRADES] = q * pays->upgrades + anew;
}

/* The lines of one place, which is `share` of all. */
static void count_lines(const struct meeting *m, enum lb_handover handover, bool paced,
                        const struct lb_expected_times *t, double share,
                        double counts[LB_EXPECTED_KINDS])
{
    double period = period_of(m, t);
    double q = paced ? 1 - 1 / 6.0 : 1 - t->work_ns / (6 * period);

    for (size_t i = 0; i < m->n; i++) {
        const struct met *line = &m->lines[i];
        double mine[LB_EXPECTED_UPGRADES + 1], other[LB_EXPECTED_UPGRADES + 1];
        bool takes = handover == LB_HANDOVER_MIGRATORY; /* a load does */
        count_op(&line->mine, &line->pays, q, lost(line, q, period, t), mine);
        count_op(&line->other, &line->taken, q, lost(line, q, period, t), other);
        for (int k = 0; k <= LB_EXPECTED_UPGRADES; k++)
            counts[k] += share * mine[k];
        /* The other's load of a line that it has itself modified before takes nothing. */
        double moved = (takes ? q * line->taken.loads : 0) + other[LB_EXPECTED_CHANGES];
        counts[LB_EXPECTED_TAKEN] += share * (moved + other[LB_EXPECTED_UPGRADES]);
        counts[LB_EXPECTED_MODIFIED] += line->mine.writes ? share * moved : 0;
    }
}

/* Whether the model knows what a lock's readers do to one another. */
static bool is_read_together(enum lb_lock_kind lock)
{
    const struct lb_lock_info *info = lb_lock_info(lock);

    return info->vma_protocol || info->lockless_reads || info->counted;
}

static int count_places(const struct lb_layout *l, enum lb_lock_kind lock,
                        const struct lb_scenario *scenario, int role, enum lb_handover handover,
                        bool paced, const struct lb_expected_times *t,
                        double counts[LB_EXPECTED_KINDS])
{
    size_t apart = scenario->objects == LB_OBJECTS_NEIGHBOURS;
    int other_role = scenario->n_roles > 1 ? !role : role, err;
    struct lb_geometry g;

    if (!is_read_together(lock))
        return -ENOTSUP;
    if ((err = lb_geometry_init(l, lock, NULL, &g)))
        return err;
    size_t places = lb_op_places(l, &g, scenario);
    for (size_t i = 0; i < places; i++) {
        struct lb_op_place at[3];
        struct lb_op_words mine, other;
        struct meeting m;
        for (size_t k = 0; k < LB_COUNT(at); k++)
            at[k] = lb_op_place_at(l, &g, i + k);
        lb_op_words_of(l, lock, scenario, role, &at[0], &at[1], &mine);
        lb_op_words_of(l, lock, scenario, other_role, &at[apart], &at[apart + 1], &other);
        meet_words(&mine, &other, handover, &m);
        count_lines(&m, handover, paced, t, 1 / (double)places, counts);
    }
    return 0;
}

/* Locked adds to words of one line, or of lines apart. */
static void count_control(enum lb_scenario_kind kind, enum lb_handover handover,
                          const struct lb_expected_times *t, double counts[LB_EXPECTED_KINDS])
{
    const struct lb_op_visit add = {.here = true, .writes = true};
    struct meeting m = {.n = 0};

    if (kind == LB_SCENARIO_CONTROL_SHARED)
        meet(&add, &add, handover, &m);
    count_lines(&m, handover, false, t, 1, counts);
}

int lb_expected_counts(const struct lb_layout *layout, enum lb_lock_kind lock,
                       const struct lb_scenario *scenario, int role, enum lb_handover handover,
                       bool paced, const struct lb_expected_times *t,
                       double counts[LB_EXPECTED_KINDS])
{
    memset(counts, 0, LB_EXPECTED_KINDS * sizeof *counts);
    if (handover == LB_HANDOVER_UNKNOWN || !(t->work_ns > 0))
        return -ENOTSUP;
    switch (scenario->kind) {
    case LB_SCENARIO_CONTROL_SHARED:
    case LB_SCENARIO_CONTROL_APART:
        count_control(scenario->kind, handover, t, counts);
        return 0;
    case LB_SCENARIO_SAME_OBJECT:
    case LB_SCENARIO_NEIGHBOURS:
    case LB_SCENARIO_OBSERVER:
    case LB_SCENARIO_NESTED:
        return count_places(layout, lock, scenario, role, handover, paced, t, counts);
    default:
        return -ENOTSUP;
    }
}

/* Events */

/* A quantity's event is an entry of the table; its string says of which machine. */
static const char *machine_of(const struct lb_event *event)
{
    for (const struct lb_event_entry *e = lb_event_table; e->event; e++)
        if ((int)e->quantity == event->quantity && !strcmp(e->event, event->string))
            return e->microarchitecture;
    return "";
}

static bool is_intel(const char *machine)
{
    static const char *const models[] = {"hsw_ep", "bdw_ep", "skx", "clx",
                                         "icx",    "spr",    "emr", "gnr"};

    for (size_t i = 0; i < LB_COUNT(models); i++)
        if (!strcmp(machine, models[i]))
            return true;
    return false;
}

static double of_intel(int quantity, enum lb_distance distance,
                       const double counts[LB_EXPECTED_KINDS])
{
    bool near = distance == LB_DISTANCE_L3, far = distance == LB_DISTANCE_REMOTE;

    switch (quantity) {
    case LB_EVENT_HITM_LOCAL:
    case LB_EVENT_HITM_REMOTE:
        return (quantity == LB_EVENT_HITM_LOCAL ? near : far) ? counts[LB_EXPECTED_LOADS] : NAN;
    case LB_EVENT_RFO_HITM:
    case LB_EVENT_RFO_HITM_REMOTE:
        return (quantity == LB_EVENT_RFO_HITM ? near : far) ? counts[LB_EXPECTED_CHANGES] : NAN;
    case LB_EVENT_RFO_SHARED:
        return near ? counts[LB_EXPECTED_UPGRADES] : NAN;
    case LB_EVENT_INVALIDATED:
        return near ? counts[LB_EXPECTED_MODIFIED] : NAN;
    default:
        return NAN;
    }
}

/* Zen 2 goes by where the line's home is, and no event of it by the socket. */
static double of_amd(const char *machine, int quantity, enum lb_distance distance,
                     const double counts[LB_EXPECTED_KINDS])
{
    bool matches = quantity == LB_EVENT_HITM_LOCAL    ? distance == LB_DISTANCE_L3
                   : quantity == LB_EVENT_HITM_REMOTE ? distance == LB_DISTANCE_PACKAGE
                   : quantity == LB_EVENT_HITM_FAR    ? distance == LB_DISTANCE_REMOTE
                                                      : false;

    if (!matches || (!strcmp(machine, "zen2") && distance != LB_DISTANCE_L3))
        return NAN;
    return counts[LB_EXPECTED_LOADS] + counts[LB_EXPECTED_CHANGES];
}

double lb_expected_of_event(const struct lb_event *event, enum lb_distance distance,
                            const double counts[LB_EXPECTED_KINDS])
{
    const char *machine = machine_of(event);

    if (distance < LB_DISTANCE_L3)
        return NAN;
    if (is_intel(machine))
        return of_intel(event->quantity, distance, counts);
    if (!strncmp(machine, "zen", 3))
        return of_amd(machine, event->quantity, distance, counts);
    if (!strncmp(machine, "arm_", 4) && event->quantity == LB_EVENT_INVALIDATED)
        return counts[LB_EXPECTED_TAKEN];
    return NAN;
}

bool lb_expected_finds(const struct lb_event *event)
{
    switch (event->quantity) {
    case LB_EVENT_HITM_LOCAL:
    case LB_EVENT_HITM_REMOTE:
    case LB_EVENT_HITM_FAR:
    case LB_EVENT_RFO_HITM:
    case LB_EVENT_RFO_HITM_REMOTE:
        return true;
    default:
        return false;
    }
}

enum lb_expectation lb_expected_judge(const double counts[LB_EXPECTED_KINDS], size_t events,
                                      double expected, double counted)
{
    double all = counts[LB_EXPECTED_LOADS] + counts[LB_EXPECTED_CHANGES];
    double most = fmax(LB_EXPECTED_APART * all, LB_EXPECTED_LEAST);

    if (!events || !(fabs(expected - all) < 1e-9))
        return LB_EXPECTATION_NONE;
    return fabs(counted - all) <= most ? LB_EXPECTATION_MET : LB_EXPECTATION_MISSED;
}
