/* SPDX-License-Identifier: MIT
 *
 * The lines that two ops have in common, and what they wait for them.
 */
#include <linebounce/line_waits.h>

#include "op_words.h"

#include <errno.h>
#include <math.h>
#include <string.h>

bool lb_line_price(const struct lb_op_visit *mine, const struct lb_op_visit *other,
                   enum lb_handover handover, struct lb_line_wait *line)
{
    bool migratory = handover == LB_HANDOVER_MIGRATORY;

    if (!other->here || !(mine->writes || other->writes))
        return false;
    if (other->writes) {
        line->loads = mine->loads_first;
        line->transfers = !mine->loads_first;
        line->upgrades = !migratory && mine->loads_first && mine->writes;
    } else if (mine->loads_first) {
        /* The other's load left it shared, or took it: then ours brings it back as shared. */
        line->reloads = migratory;
        line->upgrades = 1;
    } else {
        line->transfers = migratory;
        line->upgrades = !migratory;
    }
    return true;
}

#define READ_NAMES_MOST 3

static bool is_named(const struct lb_op_words *const ops[2], size_t at, uintptr_t line, bool writes)
{
    const char *name = ops[at % 2]->at[at / 2].name;

    for (size_t k = 0; k < at; k++) {
        const struct lb_op_words *op = ops[k % 2];
        const struct lb_op_word *w = &op->at[k / 2];
        if (k / 2 < op->n && w->line == line && w->writes == writes && !strcmp(w->name, name))
            return true;
    }
    return false;
}

/* In the order of the ops' words, whose name each is, so that a line has one name.
 *
 * The names of words on the line that are written by either, or of those that are only read. */
static size_t put_names(const struct lb_op_words *const ops[2], uintptr_t line, bool writes,
                        size_t most, const char *before, struct lb_canvas *to)
{
    size_t n = 0;

    for (size_t at = 0; at < 2 * LB_OP_WORDS_MOST; at++) {
        const struct lb_op_words *op = ops[at % 2];
        const struct lb_op_word *w = &op->at[at / 2];
        if (at / 2 >= op->n || w->line != line || w->writes != writes ||
            is_named(ops, at, line, writes))
            continue;
        if (n < most)
            lb_canvas_put(to, "%s%s", n ? ", " : before, w->name);
        n++;
    }
    if (n > most)
        lb_canvas_put(to, ", ...");
    return n;
}

static void name_line(const struct lb_op_words *mine, const struct lb_op_words *other,
                      uintptr_t line, struct lb_line_wait *result)
{
    const struct lb_op_words *const ops[2] = {mine, other};
    struct lb_canvas to = {result->words, sizeof result->words, 0};

    put_names(ops, line, true, LB_OP_WORDS_MOST, "", &to);
    put_names(ops, line, false, READ_NAMES_MOST, " beside ", &to);
}

static bool is_same(const struct lb_line_wait *a, const struct lb_line_wait *b)
{
    return !strcmp(a->words, b->words) && a->loads == b->loads && a->transfers == b->transfers &&
           a->reloads == b->reloads && a->upgrades == b->upgrades && a->together == b->together;
}

static int keep_line(const struct lb_line_wait *found, double share, struct lb_line_wait *lines,
                     size_t *n)
{
    size_t k = 0;

    while (k < *n && !is_same(&lines[k], found))
        k++;
    if (k == LB_LINE_WAITS_MOST)
        return -E2BIG;
    if (k == *n) {
        lines[(*n)++] = *found;
        lines[k].share = 0;
    }
    lines[k].share += share;
    return 0;
}

static bool is_first(const struct lb_op_words *op, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (op->at[k].line == op->at[i].line)
            return false;
    return true;
}

/* The lines of one place, which is `share` of all. */
static int add_place(const struct lb_op_words *mine, const struct lb_op_words *other,
                     enum lb_handover handover, double share, struct lb_line_wait *lines, size_t *n)
{
    struct lb_line_wait found[LB_OP_WORDS_MOST];
    size_t here = 0;
    int err = 0, loads = 0;

    for (size_t i = 0; i < mine->n; i++) {
        uintptr_t line = mine->at[i].line;
        struct lb_op_visit me = lb_op_visit_of(mine, line), it = lb_op_visit_of(other, line);
        found[here] = (struct lb_line_wait){.share = 0};
        if (!is_first(mine, i) || !lb_line_price(&me, &it, handover, &found[here]))
            continue;
        name_line(mine, other, line, &found[here]);
        loads += found[here++].loads;
    }
    for (size_t i = 0; !err && i < here; i++) {
        found[i].together = found[i].loads ? loads : 0;
        err = keep_line(&found[i], share, lines, n);
    }
    return err;
}

int lb_line_waits_of(const struct lb_layout *l, enum lb_lock_kind lock, enum lb_scenario_kind kind,
                     int role, enum lb_handover handover,
                     struct lb_line_wait lines[LB_LINE_WAITS_MOST], size_t *n)
{
    const struct lb_scenario *scenario = &lb_scenarios[kind];
    bool apart = scenario->objects == LB_OBJECTS_NEIGHBOURS;
    int other_role = scenario->n_roles > 1 ? !role : role;
    struct lb_geometry g;
    size_t found = 0;
    int err;

    if (kind != LB_SCENARIO_SAME_OBJECT && kind != LB_SCENARIO_NEIGHBOURS &&
        kind != LB_SCENARIO_OBSERVER && kind != LB_SCENARIO_WHATIF)
        return -ENOTSUP;
    if ((err = lb_geometry_init(l, lock, NULL, &g)))
        return err;
    size_t places = lb_op_places(l, &g, scenario);
    for (size_t i = 0; !err && i < places; i++) {
        struct lb_op_place here = lb_op_place_at(l, &g, i),
                           there = lb_op_place_at(l, &g, i + apart);
        struct lb_op_words mine, other;
        lb_op_words_of(l, lock, scenario, role, &here, NULL, &mine);
        lb_op_words_of(l, lock, scenario, other_role, &there, NULL, &other);
        err = add_place(&mine, &other, handover, 1 / (double)places, lines, &found);
    }
    if (!err)
        *n = found;
    return err;
}

/* n of nothing costs nothing, whether it is known what one costs or not. */
static double times(int n, double ns)
{
    return n ? n * ns : 0;
}

double lb_line_wait_ns(const struct lb_line_wait *line, double transfer_ns,
                       const double costs[LB_COSTS])
{
    double load = line->together > 1 ? costs[LB_COST_TWO] / line->together : costs[LB_COST_LOAD];

    return times(line->loads, load) + times(line->transfers, transfer_ns) +
           times(line->reloads, costs[LB_COST_RELOAD]) +
           times(line->upgrades, costs[LB_COST_UPGRADE]);
}
