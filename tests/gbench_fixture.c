/* SPDX-License-Identifier: MIT
 *
 * Replays made-up measurements through the gbench stage, as a program whose JSON other tools can be
 * tried on: gbench_fixture SCALE REPETITIONS [--benchmark_...]. All times are multiplied by SCALE.
 */
#include <linebounce/gbench.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_REPETITIONS 64

static const char *const names[] = {
    "same-object/pointer/work_ns:200/threads:2",
    "same-object/embedded/work_ns:200/threads:2",
    "neighbours/embedded-own-line/work_ns:0/threads:2",
};
static const char *const counter_names[] = {"fallbacks", "transfers"};

struct fixture {
    struct lb_gbench_sample samples[LB_COUNT(names)][MOST_REPETITIONS];
    double counters[LB_COUNT(names)][MOST_REPETITIONS][LB_COUNT(counter_names)];
};

static void fill(struct fixture *f, double scale, size_t n_samples)
{
    for (size_t c = 0; c < LB_COUNT(names); c++) {
        for (size_t i = 0; i < n_samples; i++) {
            double ns = 100.0 * (double)(c + 1) + (double)(i * 7 % 11);
            f->counters[c][i][0] = 0;
            f->counters[c][i][1] = i % 2 ? 1.5 : NAN;
            f->samples[c][i] = (struct lb_gbench_sample){
                .ns_op = ns * scale, .cpu_ns_op = ns * scale * 2, .counters = f->counters[c][i]};
        }
    }
}

static int replay(const struct fixture *f, size_t n_samples, struct lb_why *why)
{
    bool selected[LB_COUNT(names)];
    struct lb_gbench_case cases[LB_COUNT(names)];
    size_t n = 0, n_selected = 0;
    int err = lb_gbench_select(names, LB_COUNT(names), selected, &n_selected);
    if (err)
        return lb_fail(why, -err, "select: %d", err);
    for (size_t c = 0; c < LB_COUNT(names); c++) {
        if (selected[c])
            cases[n++] = (struct lb_gbench_case){.name = names[c],
                                                 .counter_names = counter_names,
                                                 .n_counters = LB_COUNT(counter_names),
                                                 .samples = f->samples[c],
                                                 .n_samples = n_samples};
    }
    return lb_gbench_replay(cases, n, why);
}

int main(int argc, char **argv)
{
    static struct fixture fixture;
    struct lb_why why = {""};
    double scale = argc > 2 ? atof(argv[1]) : 0;
    size_t n_samples = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    if (scale <= 0 || n_samples < 1 || n_samples > MOST_REPETITIONS) {
        fputs("gbench_fixture: usage: gbench_fixture SCALE REPETITIONS [FLAG...]\n", stderr);
        return 2;
    }
    fill(&fixture, scale, n_samples);
    argv[2] = argv[0];
    int err = lb_gbench_init(argc - 2, argv + 2, &why);
    if (!err)
        err = replay(&fixture, n_samples, &why);
    if (err)
        fprintf(stderr, "gbench_fixture: %s\n", why.text);
    return err ? 1 : 0;
}
