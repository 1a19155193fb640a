/* SPDX-License-Identifier: MIT */
#ifndef LB_CREW_PRIVATE_H
#define LB_CREW_PRIVATE_H

#include <linebounce/arena.h>
#include <linebounce/crew.h>

#include "lock/lock_private.h" /* lb_pause */

#include <pthread.h>
#include <sched.h>

/* Blocks settle between half and twice their due: a 50-ms window and its warm-up hold up to 24,000
 * of 2.5 us, and a timed op after each. */
#define LB_LOG_BLOCKS 65536

enum lb_command_kind {
    LB_COMMAND_WINDOW,
    LB_COMMAND_PAIR, /* two workers: a ping-pong, a fetch, or one after the other */
    LB_COMMAND_REST, /* sleep at once, until the next command */
    LB_COMMAND_QUIT,
};

/* Written by worker 0 before it calls those whom it is for, read by them after. */
struct lb_command {
    enum lb_command_kind kind;
    const struct lb_window_plan *plan;
    uint64_t window_ticks, warmup_ticks, block_ticks;
    int worker_a, worker_b;
    const uintptr_t *lines; /* n_lines of the ping-pong, then n_fetch */
    int n_lines, trips, n_fetch;
    int n_costs; /* of what lines cost, behind those; 0: not asked for */
    enum lb_pingpong_op op;
    uint64_t most_ticks; /* of a pair: from the start until either stops to wait for the other */
};

/* What the workers share. Each word that is written while others spin on it lies on a pair of lines
 * of its own; nothing here is written inside a window. */
struct lb_board {
    _Alignas(LB_APART_BYTES) uint32_t go;    /* epoch whose `start` is valid */
    _Alignas(LB_APART_BYTES) uint64_t start; /* ticks; 0: called off, somebody is missing */
    _Alignas(LB_APART_BYTES) struct lb_command command;
};

/* A worker's own memory, on its own node: but for `call` written by it alone, and read by worker 0
 * when done. */
struct lb_slot {
    /* Epoch of the last command that is for this worker; also a futex. Each has its own, so that a
     * command wakes and waits for nobody else. */
    _Alignas(LB_APART_BYTES) uint32_t call;
    _Alignas(LB_APART_BYTES) uint32_t asleep; /* about to wait on the futex, or there */
    _Alignas(LB_APART_BYTES) uint32_t ready;  /* epoch that the worker has taken up */
    _Alignas(LB_APART_BYTES) uint32_t done;   /* epoch that the worker has finished */
    _Alignas(LB_APART_BYTES) struct lb_thread_result result;
    bool late, log_full;
    int pin_error; /* -errno of the start, 0 when on its PU */
    int schedstat; /* file that says how long the thread waited for its CPU; -1: none */
    double round_trip_ns, fetch_ticks, cost_ticks[LB_COSTS];
    struct lb_log log;
    /* For breakpoints that nothing hits. */
    _Alignas(LB_APART_BYTES) uint64_t untouched[4];
    struct lb_group group;
    struct lb_event_code codes[LB_GROUP_MOST]; /* the plan's, with the harness's addresses */
    _Alignas(LB_APART_BYTES) struct lb_latency latency;
    _Alignas(LB_APART_BYTES) struct lb_block blocks[LB_LOG_BLOCKS];
};

struct lb_worker {
    struct lb_crew *crew;
    int index, pu_os;
    pthread_t thread;
    bool started;
    struct lb_task *task;
    struct lb_arena *memory;
    struct lb_slot *slot;
};

struct lb_crew {
    struct lb_clock clock;
    int n;
    struct lb_worker *workers;
    struct lb_task_set *tasks;
    struct lb_arena *board_memory;
    struct lb_board *board;
    uint32_t epoch;
    int *members; /* workers that the present command is for, without worker 0 */
    int n_members;
    cpu_set_t *old_affinity; /* of worker 0 */
    size_t affinity_bytes;
    double wait_most_ns; /* LB_WAIT_MOST_NS, but for tests */
    int lost_pu_os;      /* see lb_crew_lost */
};

/* A wait for another thread that looks at the clock now and then. */
struct lb_wait {
    unsigned looks;
    uint64_t last_ns;
    double spent_ns;
};
/* Pauses. True when the wait has lasted longer than that; what the waiter itself was kept off its
 * CPU counts as 0.1 s at most each time, so that a machine that stood still as a whole is no reason
 * to give up. */
bool lb_wait_ends(struct lb_wait *wait, double most_ns);

/* The worker's files; called by its own thread. */
void lb_worker_open(struct lb_worker *worker);
void lb_worker_close(struct lb_worker *worker);
/* Spins, then sleeps, until there is a command after `seen` for the worker, and returns its epoch.
 * `rest`: sleeps at once. */
uint32_t lb_worker_wait(struct lb_worker *worker, uint32_t seen, bool rest);
/* One more whom the next command is for; worker 0 is in any case. */
void lb_crew_add(struct lb_crew *crew, int worker);
/* Puts a command up for the members and returns its epoch. Worker 0 then does its own part and
 * waits for them. */
uint32_t lb_crew_call(struct lb_crew *crew, const struct lb_command *command);
/* Waits until all members are ready with the epoch, or done with it, which lasts so long by plan.
 * -ETIMEDOUT: as lb_crew_lose. */
int lb_crew_wait(struct lb_crew *crew, uint32_t epoch, bool done, double lasts_ns);
/* The worker does not get to run. The members leave their PUs, so that they can run elsewhere and
 * come to an end: the command and its plan are theirs until they have. Returns -ETIMEDOUT. */
int lb_crew_lose(struct lb_crew *crew, int worker, uint32_t epoch);
/* Waits until the command's others are ready, then sets the start; by worker 0. -ETIMEDOUT: one of
 * them does not get to run; the start is called off. */
int lb_crew_give_start(struct lb_crew *crew, uint32_t epoch);
/* One worker's part in a command; worker 0 gives the start in its part of a window, and can find
 * that it is called off. */
int lb_worker_window(struct lb_worker *worker, const struct lb_thread_plan *plan,
                     const struct lb_command *command, uint32_t epoch);
void lb_worker_play(struct lb_worker *worker, const struct lb_command *command, uint64_t start);
/* Two workers wait for one another no longer than that. */
struct lb_limit {
    const struct lb_clock *clock;
    uint64_t end; /* ticks */
};
/* Whether it is; the clock is looked at now and then only. */
bool lb_limit_is_past(const struct lb_limit *limit, unsigned tries);
/* Waits for a value; false when the time was up first. */
bool lb_wait_load(uint64_t *line, uint64_t until, const struct lb_limit *limit);
/* Two workers play what the command of kind LB_COMMAND_PAIR says, on lines that were set to 0. What
 * it comes to is in the slot of worker_a. */
int lb_crew_meet(struct lb_crew *crew, struct lb_command *command);
void lb_worker_costs(struct lb_worker *worker, const struct lb_command *command, uint64_t start);
/* A pause of some steps of the clock, drawn, before an op is timed: a loop of timed ops keeps step
 * with a coarse clock, so that all of them would be rounded the same way. */
void lb_crew_dither(const struct lb_crew *crew, uint64_t *rng);
/* Sorts the values; of the middle half of them. n is at least 1. */
double lb_middle_mean(double *values, int n);
/* Spins until the board's `go` reaches the epoch, then returns the start in ticks. */
uint64_t lb_board_start(struct lb_board *board, uint32_t epoch);

#endif
