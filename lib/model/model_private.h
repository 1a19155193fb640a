/* SPDX-License-Identifier: MIT */
#ifndef LB_MODEL_PRIVATE_H
#define LB_MODEL_PRIVATE_H

#include <linebounce/model.h>

/* CPUs as a set. */
struct lb_sim_set {
    uint64_t words[LB_MODEL_CPUS_MOST / 64];
};

/* Somebody wants a line, to read it or to change it. */
struct lb_sim_request {
    unsigned cpu;
    int role;
    bool exclusive, prefetch;
    bool reads; /* asked for by a load whose op changes the line later, if at all */
};

enum lb_sim_kind {
    LB_SIM_STEP,   /* thread `subject` goes on */
    LB_SIM_ARRIVE, /* a request comes to line `subject` */
    LB_SIM_SERVE,  /* line `subject` may leave again */
    LB_SIM_LAND,   /* line `subject` is where it was asked for */
};
struct lb_sim_event {
    double at;
    uint64_t order; /* of those at one time, the first that was made comes first */
    enum lb_sim_kind kind;
    unsigned subject;
    struct lb_sim_request request;
};

#define LB_SIM_NOBODY (-1)
struct lb_sim_line {
    int owner;                    /* who has it exclusively, or answers for it (owned) */
    int coming;                   /* whose it will be */
    bool modified;                /* by its owner, since it came */
    bool dirty;                   /* memory does not have it */
    bool owned;                   /* the owner shares it, and answers for it */
    bool busy;                    /* it changes hands */
    bool fresh;                   /* it came for an access that is still to be made */
    bool wake_set;                /* an event SERVE stands */
    int reader;                   /* whose load brought it last, and has not changed it since */
    double stays_until;           /* it does not leave before */
    struct lb_sim_set copy;       /* sharers but the owner */
    struct lb_sim_request *queue; /* room for one a CPU */
    size_t waiting;
};

struct lb_sim_thread {
    const struct lb_model_thread *program;
    size_t at;      /* the step that comes */
    double began;   /* of the op */
    double due;     /* PACE: the next op */
    int waits_for;  /* a line, or LB_SIM_NOBODY */
    bool drains;    /* waits for its stores */
    bool claims;    /* has changed a line that a load had brought */
    int changed;    /* the line of a locked change that just ended */
    size_t pending; /* stores under way */
    bool *stored;   /* by step */
    uint64_t *seen; /* by word */
    size_t ops;     /* of those that count */
};

struct lb_sim {
    const struct lb_model_input *in;
    const struct lb_model_parameters *par;
    struct lb_sim_thread *threads;
    struct lb_sim_line *lines;
    struct lb_sim_request *queues;
    int *thread_of; /* by CPU */
    uint8_t *asked; /* by CPU and line: a request is under way */
    uint64_t *version;
    unsigned *writer; /* by word: the thread that stored last, and one more */
    uint64_t *seen;
    bool *stored;
    struct lb_sim_event *heap;
    size_t n_heap, heap_room;
    uint64_t order, random;
    double now;
    size_t ops; /* since the start, or since warm */
    bool warm;
    int error;
    struct lb_model_role *roles; /* of the result: sums */
};

/* 0..1 */
double lb_sim_draw(struct lb_sim *sim);
/* Where there is no memory left the simulation's error says so. */
void lb_sim_push(struct lb_sim *sim, const struct lb_sim_event *event);
struct lb_sim_event lb_sim_pop(struct lb_sim *sim);

bool lb_sim_has(const struct lb_sim_line *line, unsigned cpu);       /* may be loaded */
bool lb_sim_exclusive(const struct lb_sim_line *line, unsigned cpu); /* may be changed */
/* The core asks for a line, and, if it prefetches, for its buddy. */
void lb_sim_ask(struct lb_sim *sim, unsigned line, struct lb_sim_request request);
void lb_sim_arrive(struct lb_sim *sim, unsigned line, const struct lb_sim_request *request);
/* The next in the queue gets the line, if it may leave. */
void lb_sim_serve(struct lb_sim *sim, unsigned line);
/* It has come. */
void lb_sim_land(struct lb_sim *sim, unsigned line, const struct lb_sim_request *request);
/* Whether somebody waits and the line could leave at once. */
bool lb_sim_may_leave(const struct lb_sim *sim, unsigned line);
/* Its owner changes it, and keeps it for so long. */
void lb_sim_change(struct lb_sim *sim, unsigned line, double ns);

/* The thread goes on with its steps until it has to wait or time passes. */
void lb_sim_resume(struct lb_sim *sim, unsigned thread);
/* An event STEP: whether a pause ended, then as resume. */
void lb_sim_step(struct lb_sim *sim, unsigned thread);
/* A line has come to the CPU of the thread. */
void lb_sim_landed(struct lb_sim *sim, unsigned thread, unsigned line);

#endif
