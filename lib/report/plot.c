/* SPDX-License-Identifier: MIT
 *
 * Which scripts are drawn with which files and settings.
 */
#include <linebounce/plot.h>

#include <linebounce/clock.h>
#include <linebounce/record.h>

#include "plot_private.h"
#include "plot_rows.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the scripts exit with when the run has nothing for them. */
#define STATUS_NOTHING 3
/* For one script: a sweep of hundreds of CPUs takes a minute. */
#define LIMIT_S 300.0

enum file { SUMMARY, SAMPLES, MATRIX, FILES };

static const struct {
    const char *name;
    const char *const *columns;
} files[FILES] = {
    [SUMMARY] = {"summary.csv", lb_plot_summary_needed},
    [SAMPLES] = {"samples.csv", lb_plot_samples_columns},
    [MATRIX] = {"matrix.csv", lb_plot_matrix_columns},
};
struct drawing {
    /* Absolute: gnuplot takes a name that begins with < or | for a command. */
    char *run_dir, *scripts_dir, *sketch;
    char *plots;
    bool own_scripts; /* scripts_dir is a sketch, of those that are compiled in */
    size_t n_rows[FILES];
    bool any_file;
    bool emulated;
    int n_drawn, n_failed, err; /* err, first: of the first that failed */
    uint64_t end_ns;            /* CLOCK_MONOTONIC: no script is begun after it */
    struct lb_why first;
    char left_out[LB_WHY_BYTES];
};

static void leave_out(struct drawing *d, const char *sentence)
{
    size_t used = strlen(d->left_out);
    snprintf(d->left_out + used, sizeof d->left_out - used, "%s%s", used ? "; " : "", sentence);
}

/* Reads a file to its end, so that gnuplot meets no surprise. A file that is missing has no rows.
 */
static int check_file(struct drawing *d, enum file file, struct lb_why *why)
{
    struct lb_csv_reader *reader;
    struct lb_why refusal = {""};
    char *path;
    int err;

    if (asprintf(&path, "%s/%s", d->run_dir, files[file].name) < 0)
        return lb_fail(why, ENOMEM, "%s: %s", d->run_dir, strerror(ENOMEM));
    err = lb_csv_open(path, files[file].columns, &refusal, &reader);
    free(path);
    if (err == -ENOENT)
        return 0;
    if (err)
        return lb_fail(why, -err, "%s", refusal.text);
    d->any_file = true;
    while ((err = lb_csv_next(reader, &refusal)) == 1) {
        d->n_rows[file]++;
        if (!strcmp(lb_csv_cell(reader, "emulated"), "1"))
            d->emulated = true;
    }
    if (!err && lb_csv_torn(reader)) {
        char sentence[64];
        snprintf(sentence, sizeof sentence, "%s: a torn last line", files[file].name);
        leave_out(d, sentence);
    }
    lb_csv_reader_close(reader);
    return err ? lb_fail(why, -err, "%s", refusal.text) : 0;
}

/* A setting for gnuplot's -e: NAME="...", whatever is in the value: what might be a quote, an
 * expansion or an escape goes by its number. */
static void put_setting(FILE *out, const char *name, const char *value)
{
    fprintf(out, "%s=\"", name);
    for (; *value; value++)
        if (isalnum((unsigned char)*value) || strchr("/._-", *value))
            fputc(*value, out);
        else
            fprintf(out, "\\%03o", (unsigned char)*value);
    fputs("\"; ", out);
}

static char *settings(const struct drawing *d, const char *dir)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    if (!out)
        return NULL;
    put_setting(out, "dir", dir);
    put_setting(out, "out", d->sketch);
    put_setting(out, "data", d->sketch);
    if (d->emulated)
        fputs("emulated=1", out);
    lb_text_end(out, &text);
    return text;
}

/* The last line with something in it. */
static const char *last_line(char *text)
{
    size_t length = strlen(text);
    while (length && strchr(" \t\r\n", text[length - 1]))
        text[--length] = '\0';
    const char *line = strrchr(text, '\n');
    return line ? line + 1 : text;
}

/* One script of a drawing. */
struct script {
    const struct lb_plot_kind *kind;
    struct lb_gnuplot run;
    char *path;
    int err;   /* why it was not run */
    int taken; /* how its pictures were taken */
    struct lb_why why;
};

static int begin(const struct drawing *d, const struct lb_plot_kind *kind, const char *set,
                 struct script *s)
{
    *s = (struct script){.kind = kind};
    if (asprintf(&s->path, "%s/%s.gp", d->scripts_dir, kind->name) < 0) {
        s->path = NULL;
        return s->err = lb_fail(&s->why, ENOMEM, "%s: %s", kind->name, strerror(ENOMEM));
    }
    s->run = (struct lb_gnuplot){.set = set, .script = s->path};
    if (access(s->path, R_OK))
        s->err = lb_fail(&s->why, errno, "%s: %s", s->path, strerror(errno));
    return s->err;
}

static struct script *script_of(struct lb_gnuplot *run)
{
    return (struct script *)((char *)run - offsetof(struct script, run));
}

/* Writes what it draws. */
static int prepare(struct lb_gnuplot *run, void *context)
{
    const struct drawing *d = context;
    struct script *s = script_of(run);

    return s->err = lb_plot_data(d->run_dir, s->kind->name, d->sketch, &s->why);
}

static void take_pictures(struct lb_gnuplot *run, void *context)
{
    const struct drawing *d = context;
    struct script *s = script_of(run);
    struct lb_why refusal;
    int err = lb_pictures_take(d->sketch, s->kind->name, d->plots, &refusal);

    if (err)
        s->taken = lb_fail(&s->why, -err, "%s: %s", s->kind->name, refusal.text);
}

/* Of one that ended by itself: 0 where it drew or had nothing to draw. */
static int judge(struct drawing *d, struct script *s)
{
    const char *name = s->kind->name, *line = last_line(s->run.said);
    int status = s->run.status;

    if (WIFSIGNALED(status))
        return lb_fail(&s->why, EIO, "gnuplot: %s: ended by signal %d (%s)", name, WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) == STATUS_NOTHING) {
        if (!s->kind->some_runs)
            leave_out(d, *line ? line : name);
        return 0;
    }
    if (WEXITSTATUS(status))
        return lb_fail(&s->why, EIO, "gnuplot: %s: exit status %d: %s", name, WEXITSTATUS(status),
                       *line ? line : "it says nothing");
    d->n_drawn += !s->taken;
    return s->taken;
}

static int settle(struct drawing *d, struct script *s)
{
    const char *name = s->kind->name;

    if (s->err)
        return s->err;
    switch (s->run.err) {
    case 0:
        return judge(d, s);
    case -ENOENT:
        return lb_fail(&s->why, ENOENT,
                       "gnuplot: not found: install gnuplot 5.4 or later (Debian: "
                       "gnuplot-nox); the CSV files are complete without it");
    case -ETIMEDOUT:
        return lb_fail(&s->why, ETIMEDOUT, "gnuplot: %s: took over %.0f s and was ended", name,
                       LIMIT_S);
    case -ECANCELED:
        return lb_fail(&s->why, ECANCELED,
                       "no time was left for the rest (linebounce plot draws them)");
    default:
        return lb_fail(&s->why, -s->run.err, "gnuplot: %s: %s", name, strerror(-s->run.err));
    }
}

/* As many at once as there are CPUs. */
static int run(struct drawing *d, struct script *scripts, size_t n)
{
    const struct lb_gnuplot_limits limits = {lb_gnuplots_at_once(),       LIMIT_S,       d->end_ns,
                                             d->run_dir ? prepare : NULL, take_pictures, d};
    struct lb_gnuplot **runs = calloc(n + 1, sizeof *runs);
    size_t n_runs = 0;

    if (!runs)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        if (scripts[i].path && !scripts[i].err)
            runs[n_runs++] = &scripts[i].run;
    lb_gnuplots(runs, n_runs, &limits);
    free(runs);
    return 0;
}

static enum file file_of(const struct lb_plot_kind *kind)
{
    enum file file = 0;

    while (strcmp(files[file].name, kind->file) != 0)
        file++;
    return file;
}

/* In the order of the kinds, whichever ended first; what a script fails for costs its pictures
 * alone. False: the others would say the same. */
static bool take(struct drawing *d, struct script *s)
{
    char sentence[96];
    int err = 0;

    if (d->n_rows[file_of(s->kind)]) {
        err = settle(d, s);
    } else if (!s->kind->some_runs && !d->n_rows[MATRIX]) {
        /* A run of pairs has no windows, a run of windows no pairs. */
        snprintf(sentence, sizeof sentence, "%s: no rows in %s", s->kind->name, s->kind->file);
        leave_out(d, sentence);
    }
    if (!err)
        return true;
    leave_out(d, s->why.text);
    if (err == -ECANCELED)
        return false;
    d->n_failed++;
    if (!d->err) {
        d->err = err;
        d->first = s->why;
    }
    return s->err || s->run.err != -ENOENT;
}

/* Somebody who owns a folder can change it while it is drawn into. */
static int check_owner(const char *path, struct lb_why *why)
{
    int fd, err = lb_open_folder(path, why, &fd);

    if (!err)
        close(fd);
    return err;
}

/* The folder that the pictures go to: no link to another place. */
static int make_plots(struct drawing *d, struct lb_why *why)
{
    struct stat info;
    int err;

    if (asprintf(&d->plots, "%s/plots", d->run_dir) < 0) {
        d->plots = NULL;
        return lb_fail(why, ENOMEM, "%s: %s", d->run_dir, strerror(ENOMEM));
    }
    if (!d->n_rows[SUMMARY] && !d->n_rows[SAMPLES] && !d->n_rows[MATRIX])
        return 0;
    if (!lstat(d->plots, &info) && S_ISLNK(info.st_mode))
        return lb_fail(why, ELOOP, "%s: a symbolic link: pictures go to a folder", d->plots);
    if ((err = lb_make_folders(d->plots, why)) || (err = check_owner(d->plots, why)))
        return err;
    return access(d->plots, W_OK)
               ? lb_fail(why, errno, "%s: cannot write: %s", d->plots, strerror(errno))
               : 0;
}

/* Every kind of picture that is of one folder. */
static int draw_kinds(struct drawing *d, const char *set, struct script *scripts)
{
    size_t n = 0;

    for (size_t i = 0; lb_plot_kinds[i]; i++) {
        if (lb_plot_kinds[i]->several)
            continue;
        scripts[n].kind = lb_plot_kinds[i];
        if (d->n_rows[file_of(lb_plot_kinds[i])])
            begin(d, lb_plot_kinds[i], set, &scripts[n]);
        n++;
    }
    int err = run(d, scripts, n);
    for (size_t i = 0; !err && i < n && take(d, &scripts[i]); i++)
        ;
    for (size_t i = 0; i < n; i++)
        free(scripts[i].path);
    return err;
}

static int draw_all(struct drawing *d, struct lb_why *why)
{
    struct script *scripts;
    char *set;
    size_t n = 0;
    int err = make_plots(d, why);

    if (!err)
        err = lb_sketch_begin(d->run_dir, why, &d->sketch);
    if (err)
        return err;
    while (lb_plot_kinds[n])
        n++;
    set = settings(d, d->run_dir);
    scripts = calloc(n, sizeof *scripts);
    if (!set || !scripts || draw_kinds(d, set, scripts))
        err = lb_fail(why, ENOMEM, "%s: %s", d->run_dir, strerror(ENOMEM));
    free(scripts);
    free(set);
    return !err && d->err && !d->n_drawn ? lb_fail(why, -d->err, "%s", d->first.text) : err;
}

/* The absolute path of a folder that is there. */
static int find_folder(const char *path, struct lb_why *why, char **absolute)
{
    char *found = realpath(path, NULL);
    if (!found)
        return lb_fail(why, errno, "%s: %s", path, strerror(errno));
    *absolute = found;
    return 0;
}

/* The caller's scripts, or those that are compiled in; `otherwise` is where these may be written
 * where there is no other place. */
static int find_scripts(struct drawing *d, const char *given, const char *otherwise,
                        struct lb_why *why)
{
    d->own_scripts = !given;
    return given ? find_folder(given, why, &d->scripts_dir)
                 : lb_plot_scripts_write(otherwise, why, &d->scripts_dir);
}

static void finish(struct drawing *d)
{
    lb_sketch_end(d->sketch);
    free(d->run_dir);
    if (d->own_scripts)
        lb_sketch_end(d->scripts_dir);
    else
        free(d->scripts_dir);
    free(d->plots);
}

int lb_plot(const char *run_dir, const char *scripts_dir, struct lb_why *why,
            struct lb_pictures *pictures)
{
    return lb_plot_within(run_dir, scripts_dir, INFINITY, why, pictures);
}

int lb_plot_within(const char *run_dir, const char *scripts_dir, double seconds, struct lb_why *why,
                   struct lb_pictures *pictures)
{
    struct drawing d = {.end_ns = UINT64_MAX};
    int err = find_folder(run_dir, why, &d.run_dir);

    if (seconds < 1e9)
        d.end_ns = lb_clock_monotonic_ns() + (uint64_t)(seconds * 1e9);
    if (!err)
        err = check_owner(d.run_dir, why);
    for (enum file file = 0; !err && file < FILES; file++)
        err = check_file(&d, file, why);
    if (!err && !d.any_file)
        err = lb_fail(why, ENODATA,
                      "%s: nothing to draw: no samples.csv, summary.csv or matrix.csv", run_dir);
    if (!err && (err = find_scripts(&d, scripts_dir, d.run_dir, why)))
        d.n_failed = d.own_scripts; /* the page does without */
    if (!err)
        err = draw_all(&d, why);
    if (!err && d.n_drawn == 0)
        err = lb_fail(why, ENODATA, "%s: nothing to draw: %s", run_dir, d.left_out);
    finish(&d);
    if (err && d.n_failed)
        *pictures = (struct lb_pictures){0, d.n_failed};
    if (err)
        return err;
    if (why)
        snprintf(why->text, sizeof why->text, "%s", d.left_out);
    *pictures = (struct lb_pictures){d.n_drawn, d.n_failed};
    return 0;
}

/* The folders, absolute; each has been read to its end. */
static int check_hosts(const char *const *run_dirs, int n, char **absolute, struct lb_why *why)
{
    int err = 0;

    for (int i = 0; !err && i < n; i++) {
        struct drawing d = {.n_drawn = 0};
        if ((err = find_folder(run_dirs[i], why, &d.run_dir)))
            break;
        absolute[i] = d.run_dir;
        err = check_file(&d, SUMMARY, why);
        if (!err && !d.n_rows[SUMMARY])
            err = lb_fail(why, ENODATA, "%s: no rows in summary.csv", run_dirs[i]);
    }
    return err;
}

static int draw_several(struct drawing *d, const char *set, struct lb_why *why)
{
    struct script s;
    int err = begin(d, &lb_plot_several, set, &s);

    if (!err)
        err = run(d, &s, 1);
    if (!err)
        err = settle(d, &s);
    free(s.path);
    return err ? lb_fail(why, -err, "%s", *s.why.text ? s.why.text : strerror(-err)) : 0;
}

/* What is drawn of all of them: into out_dir, by way of a sketch. */
static int draw_hosts(struct drawing *d, char **dirs, const char *const *names, int n,
                      const char *out_dir, const char *scripts_dir, struct lb_why *why)
{
    char *set;
    int err = lb_make_folders(out_dir, why);

    if (!err)
        err = check_owner(out_dir, why);
    if (!err)
        err = find_folder(out_dir, why, &d->plots);
    if (!err)
        err = find_scripts(d, scripts_dir, d->plots, why);
    if (!err)
        err = lb_sketch_begin(d->plots, why, &d->sketch);
    if (err)
        return err;
    if (!(set = settings(d, d->plots)))
        return lb_fail(why, ENOMEM, "%s: %s", out_dir, strerror(ENOMEM));
    err = lb_plot_data_of((const char *const *)dirs, names, (size_t)n, "hosts", d->sketch, why);
    if (!err)
        err = draw_several(d, set, why);
    free(set);
    return !err && !d->n_drawn ? lb_fail(why, ENODATA, "%s", d->left_out) : err;
}

int lb_plot_hosts(const char *const *run_dirs, const char *const *names, int n, const char *out_dir,
                  const char *scripts_dir, struct lb_why *why)
{
    struct drawing d = {.end_ns = UINT64_MAX};
    char **dirs = calloc((size_t)n + 1, sizeof *dirs);
    int err = dirs ? check_hosts(run_dirs, n, dirs, why)
                   : lb_fail(why, ENOMEM, "%s: %s", out_dir, strerror(ENOMEM));

    if (!err)
        err = draw_hosts(&d, dirs, names, n, out_dir, scripts_dir, why);
    for (int i = 0; dirs && i < n; i++)
        free(dirs[i]);
    free(dirs);
    finish(&d);
    return err;
}
