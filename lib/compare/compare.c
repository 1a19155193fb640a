/* SPDX-License-Identifier: MIT
 *
 * A comparison from its creation to its end: the order of its steps, and what it warns of.
 */
#include "compare_private.h"

#include <linebounce/layout.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int check_request(const struct lb_compare_request *q, struct lb_why *why)
{
    for (int side = 0; side < 2; side++)
        if (!q->n_paths[side])
            return lb_fail(why, EINVAL, "compare: side %c has no run", 'A' + side);
    if (!(q->margin.ns >= 0 && q->margin.share >= 0))
        return lb_fail(why, EINVAL, "compare: a margin below 0");
    return 0;
}

static int add_runs(struct lb_compare *c, const struct lb_compare_request *q)
{
    c->runs = calloc(q->n_paths[0] + q->n_paths[1], sizeof *c->runs);
    if (!c->runs)
        return -ENOMEM;
    for (int side = 0; side < 2; side++) {
        c->n_side[side] = q->n_paths[side];
        for (size_t i = 0; i < q->n_paths[side]; i++)
            c->runs[c->n_runs++] = (struct lb_compare_run){.side = side, .path = q->paths[side][i]};
    }
    return 0;
}

static int warn_of_rows(struct lb_compare *c)
{
    int err = 0;

    for (size_t r = 0; !err && r < c->n_runs; r++) {
        const struct lb_compare_run *run = &c->runs[r];
        if (run->torn)
            err = lb_compare_warn(c, "%s: the last line is torn and left out", run->file);
        if (!err && run->unusable)
            err = lb_compare_warn(c, "%s: %zu row%s without a usable number left out", run->file,
                                  run->unusable, run->unusable == 1 ? "" : "s");
    }
    for (int side = 0; !err && side < 2; side++)
        if (c->n_side[side] < LB_COMPARE_RUNS) {
            err = lb_compare_warn(c, "fewer than three runs a side: between runs of one program "
                                     "times differed by 20 %% and ratios to a baseline by several, "
                                     "so differences are shown without a verdict");
            break;
        }
    return err;
}

/* The recorded baseline of the first run that says one has been put in place by the records. */
static int choose_baseline(struct lb_compare *c, const struct lb_compare_request *q)
{
    if (q->baseline || !c->baseline) {
        free(c->baseline);
        c->baseline = strdup(q->baseline ? q->baseline : LB_BASELINE);
    }
    return c->baseline ? 0 : -ENOMEM;
}

/* A baseline that was asked for has to be there; one that was recorded may be missing. */
static int check_baseline(const struct lb_compare *c, const char *asked, struct lb_why *why)
{
    for (size_t i = 0; i < c->n_cases; i++)
        if (!asked || !strcmp(c->cases[i].cells[LB_KEY_LAYOUT], asked))
            return 0;
    return lb_fail(why, EINVAL, "baseline '%s': no layout of these results", asked);
}

static void count(struct lb_compare *c)
{
    for (size_t i = 0; i < c->n_cases; i++) {
        const struct lb_compare_case *k = &c->cases[i];
        if (k->reference || !k->here[0] || !k->here[1])
            continue;
        c->time.verdicts[k->time.verdict]++;
        c->time.judged += !*k->time.note;
        if (k->base < 0)
            continue;
        c->relative.verdicts[k->relative.verdict]++;
        c->relative.judged += !*k->relative.note;
    }
}

int lb_compare_gather(struct lb_compare *c, const struct lb_compare_request *q, bool *apart,
                      struct lb_why *why)
{
    struct lb_compare_index index = {NULL, 0};
    int err = add_runs(c, q);

    for (size_t r = 0; !err && r < c->n_runs; r++)
        err = lb_compare_read(c, r, &index, why);
    free(index.slots);
    if (err || (err = lb_compare_records(c, apart, why)) || (err = choose_baseline(c, q)) ||
        (err = lb_compare_arrange(c)) || (err = check_baseline(c, q->baseline, why)))
        return err;
    return lb_compare_regimes(c, *apart);
}

static int fill(struct lb_compare *c, const struct lb_compare_request *q, struct lb_why *why)
{
    bool apart = false;
    int err = check_request(q, why);

    if (err || (err = lb_compare_gather(c, q, &apart, why)) || (err = warn_of_rows(c)))
        return err;
    if (!c->n_common)
        return lb_fail(why, ENODATA, "%s and %s: no case that both sides measured", c->runs[0].path,
                       c->runs[c->n_side[0]].path);
    if ((err = lb_compare_judge(c, &q->margin, apart)))
        return err;
    count(c);
    return 0;
}

int lb_compare_create(const struct lb_compare_request *request, struct lb_why *why,
                      struct lb_compare **compare)
{
    struct lb_compare *c = calloc(1, sizeof *c);
    int err = c ? fill(c, request, why) : -ENOMEM;

    if (err == -ENOMEM)
        lb_fail(why, ENOMEM, "compare: not enough memory");
    if (err == -EOVERFLOW)
        lb_fail(why, EOVERFLOW, "compare: more regimes of rings than can be numbered");
    if (err) {
        lb_compare_destroy(c);
        return err;
    }
    *compare = c;
    return 0;
}

void lb_compare_destroy(struct lb_compare *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n_cases; i++)
        lb_compare_case_finish(c, i);
    for (size_t r = 0; c->runs && r < c->n_runs; r++) {
        free(c->runs[r].file);
        lb_json_destroy(c->runs[r].record);
    }
    for (size_t i = 0; i < c->n_differences; i++) {
        free(c->differences[i].side[0]);
        free(c->differences[i].side[1]);
    }
    for (size_t i = 0; i < c->n_warnings; i++)
        free(c->warnings[i]);
    free(c->runs);
    free(c->cases);
    free(c->differences);
    free(c->warnings);
    free(c->baseline);
    free(c);
}

size_t lb_compare_slower(const struct lb_compare *c, double share)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_cases; i++) {
        const struct lb_compare_case *k = &c->cases[i];
        n += !k->reference && !*k->time.note && k->time.lo > 1 + share;
    }
    return n;
}
