/* SPDX-License-Identifier: MIT
 *
 * What geometry and the costs of lines account for, from what a folder tells.
 */
#include "explain_private.h"

#include "base/number.h"

#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#define RFC "size=256,align=64,head=0,tail=104,seq=40,lock=192"
const char *const lb_chain_layouts[] = {LB_CHAIN_CHASE ":" RFC ",slot=48",
                                        LB_CHAIN_KIND ":" RFC ",kind=refcount",
                                        LB_CHAIN_BOTH ":" RFC ",slot=48,kind=refcount", NULL};

/* "NAME:..." */
static bool is_text_of(const char *text, const char *name)
{
    size_t length = strlen(name);

    return !strncmp(text, name, length) && text[length] == ':';
}

const struct lb_layout *lb_told_layout(const struct lb_told_folder *f, const char *name,
                                       struct lb_layout *own)
{
    const struct lb_layout *found;

    for (size_t i = 0; i < lb_n_layouts; i++)
        if (!strcmp(lb_layouts[i].name, name))
            return lb_layout_find(name, NULL, &found) ? NULL : found;
    for (char **a = f->command; a && *a; a++) {
        const char *text = strncmp(*a, "--layout=", 9) ? *a : *a + 9;
        if (is_text_of(text, name) && !lb_layout_parse(text, NULL, own))
            return own;
    }
    for (size_t i = 0; lb_chain_layouts[i]; i++)
        if (is_text_of(lb_chain_layouts[i], name) &&
            !lb_layout_parse(lb_chain_layouts[i], NULL, own))
            return own;
    return NULL;
}

/* The share of ops that find what the other has had in the meantime, of two threads that take their
 * turns independently: pauses T are drawn +-50 %, so that two ops of one thread follow one another
 * without the other's between them in T / (6 P) of all cases, P being the whole period. */
static double visits(const struct lb_told_series *s, const struct lb_scenario *scenario,
                     const double mean[LB_TOLDS])
{
    double work = lb_number_parse(s->cells[LB_KEY_WORK_NS]);

    if (scenario->pace == LB_PACE_ALL)
        return 1 - 1 / 6.0; /* the period is what is drawn */
    return work > 0 ? 1 - work / (6 * mean[LB_TOLD_NS_OP]) : NAN;
}

static enum lb_scenario_kind scenario_of(const char *name)
{
    int kind = 0;

    while (kind < LB_SCENARIOS && strcmp(lb_scenarios[kind].name, name) != 0)
        kind++;
    return (enum lb_scenario_kind)kind;
}

static int role_of(const struct lb_scenario *s, const char *name)
{
    for (int role = 0; role < s->n_roles; role++)
        if (!strcmp(s->roles[role].name, name))
            return role;
    return -1;
}

/* What an op pays for each line if it finds all gone, times how often it does: as timed ops say
 * where they can be told apart, else as two independent threads would. */
static void price(const struct lb_told_series *s, const struct lb_scenario *scenario,
                  const double mean[LB_TOLDS], struct lb_told_lines *m)
{
    double shared = 0, often = visits(s, scenario, mean);

    for (size_t i = 0; i < m->n; i++)
        shared += m->lines[i].share;
    if (isfinite(mean[LB_TOLD_SLOW]) && shared > 0)
        often = mean[LB_TOLD_SLOW] / fmin(shared, 1);
    m->sum = 0;
    for (size_t i = 0; i < m->n; i++) {
        double ns = lb_line_wait_ns(&m->lines[i], mean[LB_TOLD_TRANSFER], mean + LB_TOLD_COSTS);
        m->ns[i] = often * m->lines[i].share * ns;
        m->sum += m->ns[i];
    }
}

int lb_told_model(const struct lb_told_folder *f, const struct lb_told_series *s,
                  const double mean[LB_TOLDS], enum lb_handover handover, struct lb_told_lines *m)
{
    enum lb_scenario_kind kind = scenario_of(s->cells[LB_KEY_SCENARIO]);
    struct lb_layout own;
    const struct lb_layout *l = lb_told_layout(f, s->cells[LB_KEY_LAYOUT], &own);
    enum lb_lock_kind lock;
    int err, role;

    m->n = 0;
    m->sum = NAN;
    if (kind == LB_SCENARIOS || strcmp(s->cells[LB_KEY_THREADS], "2") != 0)
        return -ENOTSUP;
    role = role_of(&lb_scenarios[kind], s->cells[LB_KEY_ROLE]);
    if (!l || role < 0 || lb_lock_parse(s->cells[LB_KEY_LOCK], NULL, &lock))
        return -ENOENT;
    if ((err = lb_line_waits_of(l, lock, kind, role, handover, m->lines, &m->n)))
        return err;
    price(s, &lb_scenarios[kind], mean, m);
    return 0;
}
