/* SPDX-License-Identifier: MIT */
#ifndef LB_PLOT_PRIVATE_H
#define LB_PLOT_PRIVATE_H

#include <linebounce/base.h>

#include <stdbool.h>
#include <stdint.h>

/* gnuplot repeats the failing command, which can be long, before the line that says why. */
#define LB_SAID_BYTES 2048

/* One run of gnuplot on a script, `set` before it. */
struct lb_gnuplot {
    const char *set, *script;
    /* 0: it ended, `status` is waitpid's. -ETIMEDOUT: it took longer and was killed with all that
     * it started; -ENOENT: there is no gnuplot; -EACCES: there is one that cannot be executed;
     * -ECANCELED: it was not begun in time; or what preparing it and starting a process says. */
    int err, status;
    char said[LB_SAID_BYTES]; /* the end of what came out of stderr */
};
#define LB_GNUPLOTS_MOST 4
struct lb_gnuplot_limits {
    int at_once;     /* 1 to LB_GNUPLOTS_MOST */
    double seconds;  /* each */
    uint64_t end_ns; /* CLOCK_MONOTONIC: none is begun after it */
    /* Called right before a run is begun, while others run: it is not where this fails. NULL:
     * nothing. */
    int (*prepare)(struct lb_gnuplot *run, void *context);
    void (*drawn)(struct lb_gnuplot *run, void *context); /* likewise, of one with status 0 */
    void *context;
};
/* As many as there are CPUs to use and one, so that none stands idle while the next one's data is
 * written or the last ones end; at most LB_GNUPLOTS_MOST. */
int lb_gnuplots_at_once(void);
/* Makes all of the runs, begun in their order, and waits for them. They do not outlive the thread
 * that called. */
void lb_gnuplots(struct lb_gnuplot *const *runs, size_t n, const struct lb_gnuplot_limits *limits);

/* Whether a file may have that name as a picture of the script (NULL: of any of them): its name,
 * nothing or "-..." of letters, digits and .,_~-, and ".svg" or ".png". */
bool lb_picture_name(const char *name, const char *script);

/* A folder of our own to draw in, below $TMPDIR or /tmp, else below `otherwise`. Its absolute path,
 * freed with free; and away with it and the files in it. */
int lb_sketch_begin(const char *otherwise, struct lb_why *why, char **path);
void lb_sketch_end(char *path);

/* The scripts of results/plots, compiled in; the end is without a name. */
struct lb_plot_script {
    const char *name;
    const unsigned char *bytes;
    size_t n_bytes;
};
extern const struct lb_plot_script lb_plot_scripts[];
/* Writes them into a folder as lb_sketch_begin makes one, for lb_sketch_end. */
int lb_plot_scripts_write(const char *otherwise, struct lb_why *why, char **folder);

/* Writes TO/NAME.dat, what results/plots/NAME.gp draws of a run: ordered, labelled, every text in
 * quotes and printable. Nothing where the script reads the run's CSV itself. -ENOMEM, and what
 * reading and writing says. */
int lb_plot_data(const char *run_dir, const char *name, const char *to, struct lb_why *why);
/* The same of several folders in one picture, which are called by `names`. */
int lb_plot_data_of(const char *const *run_dirs, const char *const *names, size_t n,
                    const char *name, const char *to, struct lb_why *why);

/* Checks every picture of the script in the sketch, then moves all of them and SCRIPT.dat into
 * `plots`, where they replace older ones, or none. -EIO: there is none, or one that is empty or not
 * whole; what reading and writing says. */
int lb_pictures_take(const char *sketch, const char *script, const char *plots, struct lb_why *why);

#endif
