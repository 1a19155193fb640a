/* SPDX-License-Identifier: MIT
 *
 * May the lock move back into the object? What a run's verdicts come to, layout by layout.
 */
#include <linebounce/analysis.h>

#include <linebounce/scenario.h>

#include <errno.h>
#include <stdlib.h>

/* A lock inside the object against one of its own, with a pause, over any number of threads. */
static bool asks(const struct lb_plan *p, const struct lb_case *c)
{
    const struct lb_layout *layout = c->shape.layout;

    return layout && lb_workload_locks(&c->shape) && !lb_scenario_churns(c->shape.scenario) &&
           !layout->separate && !c->twin && c->work_ns > 0 && c->base >= 0 &&
           p->cases[c->base].shape.layout && p->cases[c->base].shape.layout->separate;
}

bool lb_answer_covers(const struct lb_plan *p, const struct lb_answer *answer, int case_index)
{
    const struct lb_case *c = &p->cases[case_index], *like = &p->cases[answer->like];

    return asks(p, c) && c->shape.threads > 1 && c->shape.layout == like->shape.layout &&
           c->shape.lock == like->shape.lock;
}

/* One role of one case; NULL: no window was good. */
static void count(const struct lb_result *l, struct lb_answer *answer)
{
    const struct lb_comparison *k = l && l->compared ? &l->comparison : NULL;
    enum lb_verdict verdict = k && !k->unfair ? k->verdict : LB_VERDICT_UNRESOLVED;

    answer->faster += verdict == LB_VERDICT_FASTER;
    answer->same += verdict == LB_VERDICT_SAME;
    answer->slower += verdict == LB_VERDICT_SLOWER;
    answer->not_slower += verdict == LB_VERDICT_NOT_SLOWER;
    answer->unresolved += verdict == LB_VERDICT_UNRESOLVED;
}

static void answer_for(const struct lb_analysis *a, int like, struct lb_answer *answer)
{
    const struct lb_plan *p = a->run->plan;

    *answer = (struct lb_answer){.like = like, .base = p->cases[like].base};
    for (size_t i = 0; i < p->n_cases; i++)
        for (int role = 0; role < lb_case_roles(&p->cases[i]); role++)
            if (lb_answer_covers(p, answer, (int)i))
                count(lb_analysis_find(a, (int)i, role), answer);
    answer->kind = answer->slower       ? LB_ANSWER_COSTS
                   : answer->unresolved ? LB_ANSWER_UNDECIDED
                   : answer->not_slower ? LB_ANSWER_NO_COST
                                        : LB_ANSWER_NOTHING;
}

int lb_analysis_answers(const struct lb_analysis *a, struct lb_answer **answers, size_t *n)
{
    const struct lb_plan *p = a->run->plan;
    struct lb_answer *list = calloc(p->n_cases + 1, sizeof *list);
    size_t found = 0;

    if (!list)
        return -ENOMEM;
    for (size_t i = 0; i < p->n_cases; i++) {
        bool known = !asks(p, &p->cases[i]) || p->cases[i].shape.threads < 2;
        for (size_t k = 0; !known && k < found; k++)
            known = lb_answer_covers(p, &list[k], (int)i);
        if (!known)
            answer_for(a, (int)i, &list[found++]);
    }
    if (!found) {
        free(list);
        list = NULL;
    }
    *answers = list;
    *n = found;
    return 0;
}

bool lb_analysis_asks_alone(const struct lb_analysis *a)
{
    const struct lb_plan *p = a->run->plan;

    for (size_t i = 0; i < p->n_cases; i++)
        if (asks(p, &p->cases[i]) && p->cases[i].shape.threads == 1)
            return true;
    return false;
}
