/* SPDX-License-Identifier: MIT
 *
 * A case of the suite through the model: the mean of all places.
 */
#include <linebounce/model.h>

#include <errno.h>
#include <math.h>
#include <string.h>

static double *numbers_of(struct lb_model_role *r, size_t i)
{
    double *const all[] = {&r->ops,           &r->ns_op,    &r->op_ns, &r->modified_loads,
                           &r->modified_rfos, &r->upgrades, &r->clean, &r->taken,
                           &r->lost,          &r->retries};

    return i < LB_COUNT(all) ? all[i] : NULL;
}

static void add(const struct lb_model_result *from, double share, struct lb_model_result *to)
{
    struct lb_model_result one = *from;

    to->fairness = fmin(to->fairness, one.fairness);
    for (int role = 0; role < 2; role++) {
        double *sum;
        to->roles[role].threads = one.roles[role].threads;
        for (size_t i = 0; (sum = numbers_of(&to->roles[role], i)); i++)
            *sum += share * *numbers_of(&one.roles[role], i);
    }
}

static int expect_place(const struct lb_model_case *c, const struct lb_model_input *like,
                        const unsigned *cpus, size_t place, struct lb_why *why,
                        struct lb_model_result *result)
{
    struct lb_model_input in = *like;
    struct lb_model_programs p;
    int err = lb_model_programs_make(c, place, why, &p);

    if (err)
        return err;
    for (size_t i = 0; cpus && i < p.n_threads; i++)
        p.threads[i].cpu = cpus[i];
    in.threads = p.threads;
    in.n_threads = p.n_threads;
    in.n_lines = p.n_lines;
    in.n_words = p.n_words;
    in.seed += place;
    err = lb_model_run(&in, result);
    lb_model_programs_free(&p);
    return err;
}

int lb_model_expect(const struct lb_model_case *c, const struct lb_model_input *input,
                    const unsigned *cpus, struct lb_why *why, struct lb_model_result *result)
{
    struct lb_model_result mean = {.fairness = 1}, one;
    int err = lb_model_allows(c->shape, why);
    size_t n = err ? 0 : lb_model_places(c->shape, input->parameters.pair_prefetch > 0);

    for (size_t place = 0; !err && place < n; place++)
        if (!(err = expect_place(c, input, cpus, place, why, &one)))
            add(&one, 1 / (double)n, &mean);
    if (!err)
        *result = mean;
    return err;
}
