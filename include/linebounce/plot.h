/* SPDX-License-Identifier: MIT
 *
 * plot: pictures of a run, drawn by gnuplot from its CSV files.
 *
 * This stage checks the files, writes what a picture shows (plots/NAME.dat: ordered, labelled) and
 * runs gnuplot on results/plots/NAME.gp, without a shell. The scripts draw that data alone, and can
 * be run by hand. They are compiled into the library too: scripts_dir NULL draws by those.
 */
#ifndef LINEBOUNCE_PLOT_H
#define LINEBOUNCE_PLOT_H

#include <linebounce/base.h>

LB_BEGIN_C

/* Draws into RUN_DIR/plots (made when missing), each as SVG and PNG, the data beside it; all but
 * layouts (the headline work and 0) at every work:
 *   layouts    summary.csv: ns/op per layout at the headline work and at work 0;
 *   onoff      summary.csv: time on the CPU, asleep, preempted; spins and sleeps where ops block;
 *   causes     summary.csv: latencies of timed ops, slow ones, and counted events per op;
 *   residues   samples.csv: ns/op by the address modulo 64 of objects that roam;
 *   windows    samples.csv: every window in order of time;
 *   threads    summary.csv: ns/op and throughput against threads, one panel a distance class;
 *   ratio, fairness  summary.csv: at every placement, where there are several;
 *   offset     summary.csv: ns/op by the offset of words and locks;
 *   heatmap    matrix.csv: one-way latency between every two CPUs.
 * They are drawn in a folder of their own and replace those that are there only when all of a
 * script's are whole; as many scripts are drawn at once as there are CPUs to use and one, at most
 * four, and gnuplot has five minutes for each. A picture that the run has nothing for (a file
 * missing or without rows, no layout that roams, neither writers nor mixed, nothing timed or
 * counted) is left out, and so are a torn last line of a file and the rows of samples.csv that are
 * armed. A script that fails costs its own pictures, no others.
 *
 * On success at least one script drew, and why says what was left out and what failed; it is empty
 * when nothing was. Failures: -ENOENT   the folder, a script, or gnuplot is missing (why says
 * which, and what to install); -EPERM  the folder is somebody else's; -ELOOP  a file or
 * RUN_DIR/plots is a symbolic link; -ENODATA  there is nothing to draw at all, or a CSV file
 * without a header; -EPROTO a CSV file lacks a column, has another schema_version or is no CSV;
 * where no script drew, what the first of them failed for: -EIO   gnuplot failed (why has the last
 * line that it said) or left no whole picture, -ETIMEDOUT; and what reading the files, making the
 * folder or starting a process returns. */
struct lb_pictures {
    int drawn, failed; /* scripts */
};
int lb_plot(const char *run_dir, const char *scripts_dir, struct lb_why *why,
            struct lb_pictures *pictures);

/* The same within a time: pictures that are not begun by then are left out, and why says so. */
int lb_plot_within(const char *run_dir, const char *scripts_dir, double seconds, struct lb_why *why,
                   struct lb_pictures *pictures);

/* Draws OUT_DIR/hosts.svg and .png, from OUT_DIR/hosts.dat: the same layouts in several run
 * folders, one colour each, called by `names`; hosts-saturated and such at other works. OUT_DIR is
 * made when missing. Failures as lb_plot. */
int lb_plot_hosts(const char *const *run_dirs, const char *const *names, int n, const char *out_dir,
                  const char *scripts_dir, struct lb_why *why);

LB_END_C

#endif
