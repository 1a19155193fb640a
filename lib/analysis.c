/* SPDX-License-Identifier: MIT */
#include "analysis_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the estimates of one line work with. */
struct desk {
    struct lb_analysis *a;
    struct lb_run *run;
    const struct lb_margin *margin;
    uint64_t seed;
    double *left, *right;
};

enum measure { MACHINE, JAIN, MIN_OVER_MAX, CPU, OFF_CPU };

static double pick(const struct lb_sample *s, enum measure what)
{
    switch (what) {
    case MACHINE:
        return s->machine_ns_op;
    case JAIN:
        return s->jain;
    case MIN_OVER_MAX:
        return s->min_over_max;
    case CPU:
        return s->cpu_ns_op;
    case OFF_CPU:
        return s->off_cpu_share;
    }
    return NAN;
}

static double median_of(struct desk *d, const struct lb_line *l, enum measure what)
{
    const struct lb_series *s = &d->run->series[l->case_index];
    double median = NAN;
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++) {
        double value = pick(&s->samples[l->role][i], what);
        if (s->samples[l->role][i].regime == l->regime && isfinite(value))
            d->left[n++] = value;
    }
    if (n)
        lb_stats_median(d->left, n, &median);
    return median;
}

static int summarise(struct desk *d, struct lb_line *l)
{
    const struct lb_case *c = &d->run->plan->cases[l->case_index];
    size_t n = lb_run_pairs(d->run, l->case_index, l->role, -1, 0, l->regime, d->left, d->right);
    int err = lb_stats_summary(d->left, n, 0.95, &l->ns_op);

    if (err)
        return err;
    if (c->empty >= 0) {
        n = lb_run_pairs(d->run, l->case_index, l->role, c->empty, 0, l->regime, d->left, d->right);
        for (size_t i = 0; i < n; i++)
            d->left[i] -= d->right[i];
        if (n && (err = lb_stats_location(d->left, n, 0.95, d->seed, &l->net)))
            return err;
    }
    l->machine_ns_op = median_of(d, l, MACHINE);
    l->jain = median_of(d, l, JAIN);
    l->min_over_max = median_of(d, l, MIN_OVER_MAX);
    l->cpu_ns_op = median_of(d, l, CPU);
    l->off_cpu_share = median_of(d, l, OFF_CPU);
    lb_line_account(d->run, l);
    if ((err = lb_line_timed(d->run, d->left, l)))
        return err;
    return lb_line_counted(d->run, l);
}

static int compare(struct desk *d, struct lb_line *l)
{
    const struct lb_case *c = &d->run->plan->cases[l->case_index];
    const struct lb_series *own = &d->run->series[l->case_index], *other;
    struct lb_line base = {.case_index = c->base, .regime = l->regime};
    struct lb_pair pair = {.base_ns_op = d->right, .ns_op = d->left, .seed = d->seed};
    double fairness;
    int err;

    if (c->base < 0)
        return 0;
    other = &d->run->series[c->base];
    base.role = lb_run_partner_role(d->run, l->case_index, l->role, c->base);
    fairness = median_of(d, &base, MIN_OVER_MAX);
    pair.min_over_max = fairness < l->min_over_max ? fairness : l->min_over_max;
    pair.spoiled_gap =
        lb_stats_rate_gap(own->spoiled, own->attempts, other->spoiled, other->attempts);
    pair.n = lb_run_pairs(d->run, l->case_index, l->role, c->base, base.role, l->regime, d->left,
                          d->right);
    if (!pair.n)
        return 0;
    if ((err = lb_stats_compare(&pair, d->margin, &l->comparison)))
        return err;
    l->compared = true;
    l->pairs = pair.n;
    return 0;
}

/* One line for every regime in which the case has a window. */
static int add_lines(struct desk *d, int case_index, int role)
{
    int main_regime = lb_run_main_regime(d->run, case_index, role, d->left, d->right), err = 0;

    for (int r = 0; !err && r < d->run->n_regimes; r++) {
        struct lb_line l = {
            .case_index = case_index, .role = role, .regime = r, .main_regime = r == main_regime};
        struct lb_line *more;
        if (!lb_run_pairs(d->run, case_index, role, -1, 0, r, d->left, d->right))
            continue;
        more = realloc(d->a->lines, (d->a->n_lines + 1) * sizeof *more);
        if (!more)
            return -ENOMEM;
        d->a->lines = more;
        if ((err = summarise(d, &l)) || (err = compare(d, &l))) {
            free(l.counts);
            break;
        }
        more[d->a->n_lines++] = l;
    }
    return err;
}

const struct lb_line *lb_analysis_find(const struct lb_analysis *a, int case_index, int role)
{
    for (size_t i = 0; i < a->n_lines; i++)
        if (a->lines[i].case_index == case_index && a->lines[i].role == role &&
            a->lines[i].main_regime)
            return &a->lines[i];
    return NULL;
}

static bool do_part(const struct lb_comparison *k, double work_ns)
{
    return work_ns > 0 ? k->difference.value >= LB_CONTROL_NS : k->ratio.value >= LB_CONTROL_RATIO;
}

static int add_controls(struct lb_analysis *a)
{
    const struct lb_plan *plan = a->run->plan;

    a->controls = calloc(plan->n_cases + 1, sizeof *a->controls);
    if (!a->controls)
        return -ENOMEM;
    for (size_t i = 0; i < plan->n_cases; i++) {
        const struct lb_case *c = &plan->cases[i];
        struct lb_control *k = &a->controls[a->n_controls];
        const struct lb_line *l;
        if (c->shape.scenario->kind != LB_SCENARIO_CONTROL_SHARED)
            continue;
        a->n_controls++;
        k->placement = c->placement;
        k->work_ns = c->work_ns;
        l = lb_analysis_find(a, (int)i, 0);
        if (!l || !l->compared)
            continue;
        k->measured = true;
        k->ratio = l->comparison.ratio;
        k->difference = l->comparison.difference;
        k->parts = do_part(&l->comparison, c->work_ns);
    }
    return 0;
}

/* The compared line of the shared control at that place, work and regime, or NULL. */
static const struct lb_line *control_line(const struct lb_analysis *a, int placement,
                                          double work_ns, int regime)
{
    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_line *l = &a->lines[i];
        const struct lb_case *c = &a->run->plan->cases[l->case_index];
        if (l->compared && l->regime == regime && c->placement == placement &&
            c->work_ns == work_ns && c->shape.scenario->kind == LB_SCENARIO_CONTROL_SHARED)
            return l;
    }
    return NULL;
}

static const struct lb_control *find_control(const struct lb_analysis *a, int placement,
                                             double work_ns)
{
    for (size_t i = 0; i < a->n_controls; i++)
        if (a->controls[i].placement == placement && a->controls[i].work_ns == work_ns)
            return &a->controls[i];
    return NULL;
}

/* Agreement within a fifth: of the estimates, or, where they are wide, of anything in their
 * intervals. */
static enum lb_self_check_state judge(const struct lb_estimate *s, const struct lb_estimate *l)
{
    double low = 1 - LB_SELF_CHECK_SHARE, high = 1 + LB_SELF_CHECK_SHARE;

    if (l->value >= low * s->value && l->value <= high * s->value)
        return LB_SELF_CHECK_PASSED;
    if (l->hi >= low * s->lo && l->lo <= high * s->hi)
        return LB_SELF_CHECK_OPEN;
    return LB_SELF_CHECK_FAILED;
}

/* Both estimates come from one regime: the one with most pairs of the two. */
static void self_check(const struct lb_analysis *a, struct lb_self_check *check)
{
    size_t most = 0;

    for (int r = 0; r < a->run->n_regimes; r++) {
        const struct lb_line *s = control_line(a, check->placement, LB_WORK_CHECK_SHORT_NS, r);
        const struct lb_line *l = control_line(a, check->placement, LB_WORK_CHECK_LONG_NS, r);
        size_t n = s && l ? (s->pairs < l->pairs ? s->pairs : l->pairs) : 0;
        if (n <= most)
            continue;
        most = n;
        check->at_short = s->comparison.difference;
        check->at_long = l->comparison.difference;
        check->state = judge(&check->at_short, &check->at_long);
    }
}

static int add_self_checks(struct lb_analysis *a)
{
    a->n_self_checks = a->run->plan->n_placements;
    a->self_checks = calloc(a->n_self_checks, sizeof *a->self_checks);
    if (!a->self_checks)
        return -ENOMEM;
    for (size_t p = 0; p < a->n_self_checks; p++) {
        a->self_checks[p].placement = (int)p;
        self_check(a, &a->self_checks[p]);
    }
    return 0;
}

/* What the controls say in the regime, or, where they were not measured in it, in their own. */
static const char *controls_fail(const struct lb_analysis *a, int placement, double work_ns,
                                 int regime)
{
    const struct lb_control *k = find_control(a, placement, work_ns);
    const struct lb_line *l = control_line(a, placement, work_ns, regime);

    bool parts = l ? do_part(&l->comparison, work_ns) : !k || (k->measured && k->parts);

    if (parts)
        return NULL;
    return l || k->measured ? "the controls do not part: this placement cannot answer"
                            : "the controls were not measured: nothing vouches for this placement";
}

/* Controls that do not part, or a pause that hides the cost, take the verdict away. */
static void withhold(struct lb_analysis *a)
{
    for (size_t i = 0; i < a->n_lines; i++) {
        struct lb_line *l = &a->lines[i];
        const struct lb_case *c = &a->run->plan->cases[l->case_index];
        if (!l->compared || !lb_case_is_subject(c) || l->comparison.no_verdict)
            continue;
        l->comparison.no_verdict = controls_fail(a, c->placement, c->work_ns, l->regime);
        if (!l->comparison.no_verdict && c->work_ns > 0 &&
            a->self_checks[c->placement].state == LB_SELF_CHECK_FAILED)
            l->comparison.no_verdict = "the pause hides the cost of sharing: column refused";
    }
}

/* Holm's correction over the pairs of layouts; controls are no contest. */
static int decide(struct lb_analysis *a)
{
    struct lb_comparison *all = calloc(a->n_lines + 1, sizeof *all);
    size_t n = 0;
    int err = 0;

    if (!all)
        return -ENOMEM;
    for (size_t i = 0; i < a->n_lines; i++)
        if (a->lines[i].compared &&
            lb_case_is_subject(&a->run->plan->cases[a->lines[i].case_index]))
            all[n++] = a->lines[i].comparison;
    if (n)
        err = lb_stats_holm(all, n);
    n = 0;
    for (size_t i = 0; i < a->n_lines; i++)
        if (a->lines[i].compared &&
            lb_case_is_subject(&a->run->plan->cases[a->lines[i].case_index]))
            a->lines[i].comparison = all[n++];
    free(all);
    return err;
}

int lb_analysis_create(struct lb_run *run, const struct lb_margin *margin, uint64_t seed,
                       struct lb_analysis **analysis)
{
    struct lb_analysis *a = calloc(1, sizeof *a);
    struct desk d = {.a = a, .run = run, .margin = margin, .seed = seed};
    size_t longest = lb_run_longest(run);
    int err;

    d.left = calloc(longest + 1, sizeof *d.left);
    d.right = calloc(longest + 1, sizeof *d.right);
    err = a && d.left && d.right ? lb_run_regimes(run) : -ENOMEM;
    if (!err)
        a->run = run;
    for (size_t i = 0; !err && i < run->plan->n_cases; i++)
        for (int role = 0; !err && role < lb_case_roles(&run->plan->cases[i]); role++)
            err = add_lines(&d, (int)i, role);
    free(d.left);
    free(d.right);
    if (!err)
        err = add_controls(a);
    if (!err)
        err = add_self_checks(a);
    if (!err) {
        lb_analysis_doubt(a);
        withhold(a);
        err = decide(a);
    }
    if (err) {
        lb_analysis_destroy(a);
        return err;
    }
    *analysis = a;
    return 0;
}

void lb_analysis_destroy(struct lb_analysis *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->n_lines; i++)
        free(a->lines[i].counts);
    free(a->lines);
    free(a->controls);
    free(a->self_checks);
    free(a);
}
