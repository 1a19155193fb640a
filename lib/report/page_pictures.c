/* SPDX-License-Identifier: MIT
 *
 * Pictures that gnuplot drew, folded by what they are about.
 */
#include "page_private.h"
#include "plot_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const of_sleep[] = {"off_cpu_ns_op_mean",
                                       "preempted_ns_op_mean",
                                       "spins_owner_per_op",
                                       "spins_queue_per_op",
                                       "spins_reader_per_op",
                                       "sleeps_per_kop",
                                       NULL};
static const char *const of_causes[] = {"latency_p50_ns", "slow_ops_per_kop", "events_per_op",
                                        NULL};

/* By the script that draws it; the first that fits. */
static const struct {
    const char *script, *title, *text;
    /* Of summary.csv: where all of them are 0 or empty there is nothing to see. NULL: not looked at
     * for that. */
    const char *const *columns;
    bool compares; /* with a baseline: said where none of what it shows is decided */
} folds[] = {
    {"layouts", "Costs by layout",
     "what an op costs in each layout, a panel a scenario, with 95 % intervals", NULL, true},
    {"onoff", "Spinning and sleeping",
     "how an op's time parts into running, sleeping and being preempted, with spins and sleeps",
     of_sleep, false},
    {"causes", "Where the time goes",
     "latencies of timed ops, how many waited for a line, and counted events per op", of_causes,
     false},
    {"residues", "Addresses", "what an op costs by where in a line its object begins", NULL, false},
    {"windows", "Every window", "every window in order of time: its ns an op, a mark a window",
     NULL, false},
    {"threads", "Number of threads", "what an op costs and how many are made against threads", NULL,
     false},
    {"ratio", "Ratios by placement", "what each layout costs over the baseline at each placement",
     NULL, true},
    {"fairness", "Shares of the threads", "fewest over most ops of the threads", NULL, false},
    {"offset", "Offsets", "what an op costs by how far apart words lie", NULL, true},
    {"heatmap", "Latency between CPUs", "one-way latency between any two CPUs", NULL, false},
};

static int has_value(const struct lb_csv_reader *r, void *columns)
{
    const char *const *names = columns;
    bool any = false;

    for (size_t i = 0; names[i] && *lb_csv_cell(r, "layout"); i++)
        any |= lb_csv_cell(r, names[i])[strspn(lb_csv_cell(r, names[i]), "0.;")] != '\0';
    return any;
}

/* Whether any row has a value in one of the columns that is not 0; true where that is not known. */
static bool shows(const struct lb_page *p, const char *const *columns)
{
    return !columns ||
           lb_csv_each(p->dir, "summary.csv", NULL, NULL, has_value, (void *)columns) != 0;
}

static int is_svg(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');

    return dot && !strcmp(dot, ".svg") && lb_picture_name(entry->d_name, NULL);
}

/* The smaller of NAME.svg and NAME.png, where either fits. */
static int read_picture(int plots, const char *name, size_t most, bool *png, char **bytes,
                        size_t *n)
{
    char other[NAME_MAX + 1], *svg = NULL, *small = NULL;
    size_t n_svg = 0, n_small = 0;
    int err = lb_read_regular(plots, name, most, NULL, &svg, &n_svg), none;

    snprintf(other, sizeof other, "%.*s.png", (int)strlen(name) - 4, name);
    none = lb_read_regular(plots, other, most, NULL, &small, &n_small);
    *png = !none && n_small && (err || n_small < n_svg);
    *bytes = *png ? small : svg;
    *n = *png ? n_small : n_svg;
    free(*png ? svg : small);
    return *png || !err ? 0 : err;
}

/* One that is drawn, as long as it is wanted and fits. */
struct picture {
    const char *name;
    size_t fold, n;
    char *bytes; /* NULL: it is left out */
    bool png;
};

static void take(struct lb_page *p, int plots, struct picture *picture)
{
    size_t most = p->room / 4 * 3; /* as base64 three bytes take four */
    int err =
        most ? read_picture(plots, picture->name, most, &picture->png, &picture->bytes, &picture->n)
             : -EFBIG;

    p->too_large += err == -EFBIG;
    if (err)
        picture->bytes = NULL;
    else
        p->room -= (picture->n + 2) / 3 * 4;
}

static size_t fold_of(const char *name)
{
    for (size_t i = 0; i < LB_COUNT(folds); i++) {
        size_t n = strlen(folds[i].script);
        if (!strncmp(name, folds[i].script, n) && (name[n] == '.' || name[n] == '-'))
            return i;
    }
    return LB_COUNT(folds);
}

/* Short names first: they are of the headline and of the main distance. */
static int by_length(const void *a, const void *b)
{
    const struct picture *x = a, *y = b;
    size_t n = strlen(x->name), m = strlen(y->name);

    return n != m ? (n > m) - (n < m) : strcmp(x->name, y->name);
}

/* The first of each kind, then the second of each: a page without any of a kind says less. */
static void take_all(struct lb_page *p, int plots, struct picture *pictures, size_t n)
{
    size_t left = n;

    for (size_t rank = 0; left && rank < n; rank++)
        for (size_t fold = 0; fold < LB_COUNT(folds); fold++) {
            size_t seen = 0;
            for (size_t i = 0; i < n; i++)
                if (pictures[i].fold == fold && seen++ == rank) {
                    take(p, plots, &pictures[i]);
                    left--;
                }
        }
}

/* Whether a picture's name has the placement and regime of a cell: "layouts-remote-2t-regime1". */
static bool is_named(const char *stem, const struct lb_found_cell *c)
{
    bool home = *c->home && strcmp(c->home, "local") != 0;
    char suffix[128];
    struct lb_canvas t = {suffix, sizeof suffix, 0};
    size_t n = strlen(stem);

    lb_canvas_put(&t, "-%s%s%s-%dt", c->placement, home ? "," : "", home ? c->home : "",
                  c->threads);
    if (c->regime)
        lb_canvas_put(&t, "-regime%d", c->regime);
    return n > t.used && !strcmp(stem + n - t.used, suffix);
}

/* Comparisons in a picture, as far as its name tells which: the work, and placement and regime
 * where it has those; one without them is of the first or of all. */
static size_t count_compared(const struct lb_found *f, const char *stem, size_t *open)
{
    bool saturated = strstr(stem, "-saturated") != NULL, named = false;
    bool all_works = !strncmp(stem, "offset", 6); /* in panels */
    size_t n = 0;

    *open = 0;
    for (size_t i = 0; i < f->n_cells && !named; i++)
        named = is_named(stem, &f->cells[i]);
    for (size_t i = 0; i < f->n_cells; i++) {
        const struct lb_found_cell *c = &f->cells[i];
        if (!c->subject || c->twin || !*c->base || (named && !is_named(stem, c)) ||
            (!all_works && saturated != (c->work_ns == 0)))
            continue;
        n++;
        *open += lb_page_mark(f, c) == LB_MARK_OPEN;
    }
    return n;
}

/* A picture of differences of which none is decided says so. */
static void put_caption(struct lb_page *p, const struct picture *picture)
{
    char stem[NAME_MAX + 1];
    size_t n, open = 0;

    if (!folds[picture->fold].compares || !p->found)
        return;
    snprintf(stem, sizeof stem, "%.*s", (int)strlen(picture->name) - 4, picture->name);
    n = count_compared(p->found, stem, &open);
    if (n && open == n)
        fprintf(
            p->out,
            "<figcaption class=\"dim small\">Undecided: no difference from the baseline in this "
            "picture has a verdict (%zu were measured).</figcaption>",
            n);
}

static void put_picture(struct lb_page *p, const struct picture *picture)
{
    fprintf(p->out, "<figure><img loading=\"lazy\" alt=\"%.*s: %s\" src=\"data:image/%s;base64,",
            (int)strlen(picture->name) - 4, picture->name, folds[picture->fold].text,
            picture->png ? "png" : "svg+xml");
    lb_html_base64(p->out, picture->bytes, picture->n);
    fputs("\">", p->out);
    put_caption(p, picture);
    fputs("</figure>\n", p->out);
    p->pictures++;
}

static void put_fold(struct lb_page *p, const struct picture *pictures, size_t n, size_t fold)
{
    bool open = false;

    for (size_t i = 0; i < n; i++) {
        if (pictures[i].fold != fold || !pictures[i].bytes || !pictures[i].n)
            continue;
        if (!open)
            fprintf(p->out, "<details><summary>%s</summary>\n<p class=\"dim small\">%s.</p>\n",
                    folds[fold].title, folds[fold].text);
        open = true;
        put_picture(p, &pictures[i]);
    }
    if (open)
        fputs("</details>\n", p->out);
}

/* What is left out since it shows nothing. */
static void drop_empty(struct lb_page *p, struct picture *pictures, size_t *n)
{
    for (size_t fold = 0; fold < LB_COUNT(folds); fold++) {
        size_t kept = 0;
        if (shows(p, folds[fold].columns))
            continue;
        for (size_t i = 0; i < *n; i++)
            if (pictures[i].fold != fold)
                pictures[kept++] = pictures[i];
        if (kept < *n)
            fprintf(p->out, "<p class=\"dim small\">No picture “%s”: all of it is 0.</p>\n",
                    folds[fold].title);
        *n = kept;
    }
}

static void put_all(struct lb_page *p, int plots, struct dirent **entries, size_t n)
{
    struct picture *pictures = calloc(n + 1, sizeof *pictures);
    size_t found = 0;

    for (size_t i = 0; pictures && i < n; i++)
        if (fold_of(entries[i]->d_name) < LB_COUNT(folds))
            pictures[found++] =
                (struct picture){.name = entries[i]->d_name, .fold = fold_of(entries[i]->d_name)};
    if (pictures)
        qsort(pictures, found, sizeof *pictures, by_length);
    drop_empty(p, pictures, &found);
    take_all(p, plots, pictures, found);
    for (size_t fold = 0; fold < LB_COUNT(folds); fold++)
        put_fold(p, pictures, found, fold);
    for (size_t i = 0; i < found; i++)
        free(pictures[i].bytes);
    free(pictures);
}

void lb_page_pictures(struct lb_page *p)
{
    struct dirent **entries = NULL;
    int dir = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int plots = openat(dir, "plots", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    int n = plots < 0 ? 0 : scandirat(plots, ".", &entries, is_svg, NULL);
    size_t before = p->pictures;

    if (n > 0)
        put_all(p, plots, entries, (size_t)n);
    for (int i = 0; i < n; i++)
        free(entries[i]);
    free(entries);
    if (plots >= 0)
        close(plots);
    if (dir >= 0)
        close(dir);
    if (p->too_large)
        fprintf(p->out,
                "<p class=\"dim small\">%zu more picture%s %s too large for the page: "
                "plots/ has %s.</p>\n",
                p->too_large, p->too_large == 1 ? "" : "s", p->too_large == 1 ? "is" : "are",
                p->too_large == 1 ? "it" : "them");
    if (p->pictures > before || !p->without)
        return;
    lb_html_print(p->out, "<p class=\"dim small\">No pictures by gnuplot: %s</p>\n", p->without);
}
