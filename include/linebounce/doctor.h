/* SPDX-License-Identifier: MIT
 *
 * doctor: what of a machine spoils results, and what to do about it: a table of checks, each a
 * sentence and a remedy, over facts that were read before.
 */
#ifndef LINEBOUNCE_DOCTOR_H
#define LINEBOUNCE_DOCTOR_H

#include <linebounce/environment.h>
#include <linebounce/load.h>

LB_BEGIN_C

/* What a short measurement said; the program makes it. */
struct lb_doctor_probe {
    bool known;                /* there was one */
    double near_ns, far_ns;    /* round trips of a line: of the nearest regime, of the farthest */
    double spoiled_share;      /* of its windows, 0 to 1 */
    const char *spoiled_why;   /* the most frequent reason; "" */
    int controls_part;         /* 1: what shares a line is seen to cost, 0: not, -1: not known */
    double controls_lo_ns;     /* the least that sharing costs by its 95 % interval; NaN: unknown */
    char failed[LB_WHY_BYTES]; /* why there was none; "" */
};

/* Facts of a machine. Texts are empty and numbers negative or NaN where it does not say. */
struct lb_facts {
    struct lb_environment environment;
    size_t n_pus;                   /* CPUs that are to be used */
    char used[64];                  /* which, with ranges, cut to fit */
    char online[128], allowed[128]; /* of the machine; of this process */
    size_t n_online, n_allowed;
    char isolated_outside[128]; /* isolated, but not allowed */
    char job[32];               /* Slurm's number of this job */
    struct lb_load load;        /* beside this process on the CPUs used */
    struct lb_load siblings;    /* on hardware threads of their cores that are not used */
    size_t n_siblings;          /* how many there are */
    double interrupts_per_s;    /* of the CPU used that has most */
    int interrupts_pu_os;
    double swapped_per_s; /* pages swapped in or out, in the whole system */
    double swap_used_kib;
    int irqbalance; /* runs: 1, does not: 0, -1: not known */
    bool pmu;       /* the kernel has a PMU of cores */
    bool btf, gnuplot;
    struct lb_doctor_probe probe;
};

/* Two readings, of which loads and rates are the difference. */
struct lb_facts_mark;
/* Reads below `root` ("" for the machine; a folder in tests) for those CPUs (kernel numbers; they
 * are copied). -ENOMEM. */
int lb_facts_begin(const char *root, const int *pu_os, size_t n, struct lb_facts_mark **mark);
/* Reads again and fills all but the probe, which is then not known; the mark is gone after it. A
 * span under LB_LOAD_LEAST_S leaves shares of load and rates unknown. -ENOMEM. */
int lb_facts_end(struct lb_facts_mark *mark, struct lb_facts *facts);

enum lb_check_level {
    LB_CHECK_OK,
    LB_CHECK_UNKNOWN, /* the machine does not say */
    LB_CHECK_WARNS,   /* limits what can be measured, or moves it a little */
    LB_CHECK_SPOILS,  /* results are not to be trusted before it is mended */
};
/* "ok", "?", "!", "x". */
const char *lb_check_sign(enum lb_check_level level);

struct lb_finding {
    const char *check; /* its name: "load" */
    enum lb_check_level level;
    char text[160];   /* what is */
    char remedy[160]; /* what to do; "" where there is nothing to do */
};

/* Interrupts a second of one CPU. A tick is up to 1000; at some microseconds each, with what the
 * handler evicts, twice that is 1 % of the CPU, and ten times that no window of 5 ms is free of
 * ten of them. */
#define LB_INTERRUPTS_WARN  2000.0
#define LB_INTERRUPTS_SPOIL 20000.0
/* Spoiled windows are measured again, which keeps what is left honest; but when half of them are,
 * what is left was picked by luck. */
#define LB_DOCTOR_SPOILED_WARN 0.10
#define LB_DOCTOR_SPOILED_MOST 0.50
/* What a share of spoiled windows means, 0 to 1: the rule of doctor, of a run's checks and of
 * pages. OK, WARNS or SPOILS; UNKNOWN for NaN. */
enum lb_check_level lb_spoiled_level(double share);
/* Round trips that differ by more: verdicts are given within one regime. */
#define LB_DOCTOR_FAR 1.3

/* The checks in the order in which they are shown. */
size_t lb_n_checks(void);
void lb_check(size_t i, const struct lb_facts *facts, struct lb_finding *finding);

LB_END_C

#endif
