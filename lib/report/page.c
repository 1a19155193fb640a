/* SPDX-License-Identifier: MIT
 *
 * A run on one page that needs nothing else: the answer first, what it rests on folded behind it.
 */
#include <linebounce/page.h>

#include <linebounce/record.h>

#include "page_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* "20260101T000000Z" of "results/host/20260101T000000Z/". */
static void last_name(const char *path, char *name, size_t bytes)
{
    size_t end = strlen(path), from;

    while (end > 1 && path[end - 1] == '/')
        end--;
    for (from = end; from > 0 && path[from - 1] != '/';)
        from--;
    snprintf(name, bytes, "%.*s", (int)(end - from), path + from);
}

/* Whether the answer holds at every distance: how many of the views have a layout that costs. */
static void say_distances(const struct lb_found *f, char *text, size_t bytes)
{
    struct lb_page_view *views = NULL;
    size_t n = 0, costs = 0, open = 0, mine = 0, used = strlen(text);

    if (lb_page_views(f, LB_PAGE_HEADLINE, &views, &n))
        return;
    for (size_t v = 0; v < n; v++) {
        bool cost = false, undecided = false;
        for (size_t i = 0; i < f->n_cells; i++)
            if (f->cells[i].about && lb_page_in(&f->cells[i], &views[v])) {
                cost |= lb_page_mark(f, &f->cells[i]) == LB_MARK_SLOWER;
                undecided |= lb_page_mark(f, &f->cells[i]) == LB_MARK_OPEN;
            }
        mine += views[v].like->suite == 0;
        costs += views[v].like->suite == 0 && cost;
        open += views[v].like->suite == 0 && !cost && undecided;
    }
    free(views);
    if (mine < 2 || (!costs && open))
        return;
    if (costs == mine || !costs)
        snprintf(text + used, bytes - used,
                 " That holds at all %zu of its distances and numbers of "
                 "threads.",
                 mine);
    else
        snprintf(text + used, bytes - used,
                 " Not everywhere: something costs at %zu of %zu distances and numbers of "
                 "threads%s.",
                 costs, mine, open ? ", and not all others are decided" : "");
}

static int widen(const struct lb_csv_reader *row, void *range)
{
    double ns = lb_csv_number(row, "one_way_ns_median"), *ends = range;

    ends[0] = fmin(ends[0], ns);
    ends[1] = fmax(ends[1], ns);
    return 0;
}

/* Of a folder of pairs of CPUs. */
static bool title_of_pairs(const char *dir, char *text, size_t bytes)
{
    double ends[2] = {NAN, NAN};

    lb_csv_each(dir, "matrix.csv", NULL, NULL, widen, ends);
    if (!isfinite(ends[0]))
        return false;
    if (ends[1] - ends[0] < 1)
        snprintf(text, bytes, "A line goes from one CPU to another in %.0f ns.", ends[1]);
    else
        snprintf(text, bytes, "A line goes from one CPU to another in %.0f to %.0f ns.", ends[0],
                 ends[1]);
    return true;
}

static void title_of(const struct lb_page *p, char *text, size_t bytes)
{
    char name[256];

    if ((!p->found || (!p->found->n_layouts && !p->found->n_cells)) &&
        title_of_pairs(p->dir, text, bytes))
        return;
    if (p->found && p->found->n_suites) {
        lb_found_title(p->found, text, bytes);
        if (*text && !strchr(".?!", text[strlen(text) - 1]) && strlen(text) + 1 < bytes)
            strcat(text, ".");
        say_distances(p->found, text, bytes);
        return;
    }
    last_name(p->dir, name, sizeof name);
    snprintf(text, bytes, "linebounce: %s", name);
}

static void put_head(struct lb_page *p)
{
    const struct lb_found *f = p->found;
    char title[1200];

    title_of(p, title, sizeof title);
    lb_page_begin(p->out, title);
    fputs("<p class=\"dim small\">", p->out);
    if (f && *f->host)
        lb_html_print(p->out, "linebounce %s · %s · %s%s%s · %s · %s", f->version, f->host, f->cpu,
                      *f->hypervisor && strcmp(f->hypervisor, "none") != 0 ? " in " : "",
                      strcmp(f->hypervisor, "none") != 0 ? f->hypervisor : "", f->kernel,
                      f->started);
    else
        fputs("linebounce", p->out);
    lb_html_print(p->out, "</p>\n<h1>%s</h1>\n", title);
}

/* A fold that is there only if there is something to fold. */
static int put_folded(struct lb_page *p, enum lb_page_part part, const char *title)
{
    struct lb_page_view *views = NULL;
    size_t n = 0;
    int err = lb_page_views(p->found, part, &views, &n);

    free(views);
    if (err || !n)
        return err;
    fprintf(p->out, "<details><summary>%s</summary>\n", title);
    err = lb_page_matrices(p, part);
    fputs("</details>\n", p->out);
    return err;
}

static int put_found(struct lb_page *p, struct lb_why *why)
{
    int err;

    lb_page_answer(p);
    lb_page_trust(p);
    if (!(err = lb_page_matrices(p, LB_PAGE_HEADLINE)) && !(err = lb_page_lines(p, why))) {
        lb_page_parts(p);
        err = lb_page_differences(p);
    }
    if (!err && !(err = put_folded(p, LB_PAGE_SATURATED, "Saturated: ops without a pause")) &&
        !(err = put_folded(p, LB_PAGE_FAR, "Far CPUs: windows at another distance")))
        err = lb_page_expected(p);
    return err == -ENOMEM ? lb_fail(why, ENOMEM, "%s: %s", p->dir, strerror(ENOMEM)) : err;
}

static int put_page(struct lb_page *p, struct lb_why *why)
{
    int err;

    put_head(p);
    if (p->found && (err = put_found(p, why)))
        return err;
    if ((err = lb_page_latencies(p, why)))
        return err;
    lb_page_pictures(p);
    if ((err = lb_page_numbers(p, why)))
        return err;
    lb_page_facts(p);
    lb_page_end(p->out);
    return p->pictures + p->tables ? 0 : lb_fail(why, ENODATA, "%s: nothing for a page", p->dir);
}

/* A folder without windows may have pairs of CPUs, or pictures. Where run.json is no JSON, or no
 * file, tables are worth a page all the same; a summary.csv that cannot be read is refused by them.
 */
static int read_found(const char *dir, struct lb_why *why, struct lb_found **found)
{
    struct lb_why refusal = {""};
    int err = lb_found_read(dir, &refusal, found);

    if (err == -ENOENT || err == -ENODATA || err == -EPROTO || err == -ENXIO) {
        *found = NULL;
        return 0;
    }
    return err ? lb_fail(why, -err, "%s", refusal.text) : 0;
}

/* What all but the pictures takes: a run at several distances has long tables. */
static int measure_text(const struct lb_page *page, struct lb_why *why, size_t *bytes)
{
    struct lb_page p = *page;
    char *text = NULL;

    p.room = 0;
    if (!(p.out = open_memstream(&text, bytes)))
        return lb_fail(why, ENOMEM, "%s: %s", p.dir, strerror(ENOMEM));
    int err = put_page(&p, why);
    if (fclose(p.out) && !err)
        err = lb_fail(why, ENOMEM, "%s: %s", p.dir, strerror(ENOMEM));
    free(text);
    return err == -ENODATA ? 0 : err; /* there may be pictures */
}

static int put_within(struct lb_page *p, struct lb_why *why)
{
    size_t bytes = 0;
    int err = measure_text(p, why, &bytes);

    p->room = bytes < LB_PAGE_MOST ? LB_PAGE_MOST - bytes : 0;
    if (p->room > LB_PAGE_PICTURES_MOST)
        p->room = LB_PAGE_PICTURES_MOST;
    return err ? err : put_page(p, why);
}

static int write_page(struct lb_page *p, struct lb_why *why)
{
    struct lb_whole file;
    char *path;
    int err;

    if (asprintf(&path, "%s/index.html", p->dir) < 0)
        return lb_fail(why, ENOMEM, "%s: %s", p->dir, strerror(ENOMEM));
    if (!(err = lb_whole_begin(path, why, &file))) {
        p->out = file.out;
        err = lb_whole_end(&file, put_within(p, why), why);
    }
    free(path);
    return err;
}

int lb_page_write(const char *run_dir, const char *without, struct lb_why *why)
{
    struct lb_page p = {.dir = run_dir, .without = without};
    struct lb_explanations *parts = NULL;
    struct lb_found *found = NULL;
    struct stat info;
    int err;

    if (stat(run_dir, &info))
        return lb_fail(why, errno, "%s: %s", run_dir, strerror(errno));
    if ((err = read_found(run_dir, why, &found)))
        return err;
    if (!found || !(err = lb_page_explain(run_dir, why, &parts))) {
        p.found = found;
        p.parts = parts;
        err = write_page(&p, why);
    }
    lb_explain_destroy(parts);
    lb_found_destroy(found);
    return err;
}
