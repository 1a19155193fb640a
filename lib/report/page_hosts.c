/* SPDX-License-Identifier: MIT
 *
 * Several runs on one page: layouts as rows, machines as columns.
 */
#include <linebounce/page.h>

#include "page_private.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct hosts {
    const char *const *names; /* of the columns */
    struct lb_found **found;
    size_t n;
    const struct lb_found_layout **rows; /* each layout of any of them, as one of them has it */
    size_t n_rows;
    FILE *out;
};

/* The same layout with the same lock in another run; NULL: it has none. */
static const struct lb_found_layout *layout_in(const struct lb_found *f,
                                               const struct lb_found_layout *like)
{
    for (size_t i = 0; i < f->n_layouts; i++)
        if (!strcmp(f->layouts[i].name, like->name) && !strcmp(f->layouts[i].lock, like->lock))
            return &f->layouts[i];
    return NULL;
}

static bool is_compared(const struct lb_found_layout *l)
{
    const struct lb_found_tally *t = &l->tally;

    return t->faster + t->same + t->not_slower + t->slower + t->undecided > 0;
}

static int collect(struct hosts *h)
{
    size_t most = 0;

    for (size_t i = 0; i < h->n; i++)
        most += h->found[i]->n_layouts;
    h->rows = calloc(most + 1, sizeof(struct lb_found_layout *));
    if (!h->rows)
        return -ENOMEM;
    for (size_t i = 0; i < h->n; i++)
        for (size_t l = 0; l < h->found[i]->n_layouts; l++) {
            const struct lb_found_layout *layout = &h->found[i]->layouts[l];
            bool known = false;
            for (size_t k = 0; k < h->n_rows; k++)
                known |= !strcmp(h->rows[k]->name, layout->name) &&
                         !strcmp(h->rows[k]->lock, layout->lock);
            if (!known && is_compared(layout))
                h->rows[h->n_rows++] = layout;
        }
    return 0;
}

/* On how many of the runs a layout costs, and whether all of them have decided. */
static size_t costs_of(const struct hosts *h, size_t row, bool *open)
{
    size_t costs = 0;

    *open = false;
    for (size_t k = 0; k < h->n; k++) {
        const struct lb_found_layout *l = layout_in(h->found[k], h->rows[row]);
        costs += l && l->tally.kind == LB_ANSWER_COSTS;
        *open |= !l || l->tally.kind == LB_ANSWER_UNDECIDED;
    }
    return costs;
}

/* "3 runs: embedded costs on 3; 2 layouts cost nothing on any; 1 is not decided on all." */
static void title_of(const struct hosts *h, char *text, size_t bytes)
{
    FILE *out = fmemopen(text, bytes, "w");
    size_t costing = 0, none = 0, rest = 0;

    if (!out)
        return;
    fprintf(out, "%zu runs: ", h->n);
    for (size_t i = 0; i < h->n_rows; i++) {
        bool open;
        size_t costs = costs_of(h, i, &open);
        if (costs)
            fprintf(out, "%s%s costs on %zu", costing++ ? ", " : "", h->rows[i]->name, costs);
        none += !costs && !open;
        rest += !costs && open;
    }
    if (none)
        fprintf(out, "%s%zu layout%s no cost on any", costing ? "; " : "", none,
                none == 1 ? " has" : "s have");
    if (rest)
        fprintf(out, "%s%zu %s not decided on all", costing || none ? "; " : "", rest,
                rest == 1 ? "is" : "are");
    fputs(h->n_rows ? "." : "nothing is compared in any.", out);
    fclose(out);
    text[bytes - 1] = '\0';
}

/* A folder by its last name, where no other is called so: where it lies is nobody's business. */
static const char *name_of(const struct hosts *h, size_t host)
{
    const char *name = h->names[host], *slash = strrchr(name, '/');

    if (!slash || !slash[1])
        return name;
    for (size_t i = 0; i < h->n; i++) {
        const char *other = strrchr(h->names[i], '/');
        if (i != host && !strcmp(other ? other + 1 : h->names[i], slash + 1))
            return name;
    }
    return slash + 1;
}

static void put_cell(const struct hosts *h, size_t host, const struct lb_found_layout *row)
{
    const struct lb_found *f = h->found[host];
    const struct lb_found_layout *l = layout_in(f, row);
    const struct lb_found_tally *t = l ? &l->tally : NULL;
    const struct lb_found_cell *told = !t              ? NULL
                                       : t->worst >= 0 ? &f->cells[t->worst]
                                       : t->best >= 0  ? &f->cells[t->best]
                                                       : NULL;
    bool open = t && t->kind == LB_ANSWER_UNDECIDED;
    char text[512] = "not measured there";

    if (told)
        lb_page_cell_text(f, told, text, sizeof text);
    else if (t)
        snprintf(text, sizeof text, "%d undecided, %d the same", t->undecided,
                 t->same + t->not_slower);
    fprintf(h->out, "<td class=\"%s\" title=\"",
            !t              ? "none"
            : t->worst >= 0 ? "slower"
            : open          ? "open"
            : t->best >= 0  ? "faster"
                            : "same");
    lb_html_put(h->out, text);
    fputs("\">", h->out);
    if (!t)
        fputs("·", h->out);
    else if (t->worst >= 0)
        fprintf(h->out, "%+.1f!", told->diff);
    else if (open)
        fprintf(h->out, "? %d", t->undecided);
    else if (told)
        fprintf(h->out, "%+.1f", told->diff);
    else
        fputs("=", h->out);
    fputs("</td>", h->out);
}

static void put_layouts(const struct hosts *h)
{
    fputs("<h2>Layouts by runs, ns an op</h2>\n<div class=\"scroll\" tabindex=\"0\" "
          "role=\"region\" aria-label=\"layouts by runs\"><table class=\"matrix\"><caption>The "
          "largest cost of any scenario; where there is none the largest gain.</caption><thead><tr>"
          "<th scope=\"col\">layout</th>",
          h->out);
    for (size_t i = 0; i < h->n; i++) {
        fputs("<th scope=\"col\">", h->out);
        lb_html_put(h->out, name_of(h, i));
        fputs("</th>", h->out);
    }
    fputs("</tr></thead><tbody>\n", h->out);
    for (size_t r = 0; r < h->n_rows; r++) {
        fputs("<tr><th scope=\"row\">", h->out);
        lb_html_put(h->out, h->rows[r]->name);
        fputs("</th>", h->out);
        for (size_t i = 0; i < h->n; i++)
            put_cell(h, i, h->rows[r]);
        fputs("</tr>\n", h->out);
    }
    fputs("</tbody></table></div>\n<p class=\"dim small\">+54.5! costs · −12.3 gains, and costs "
          "nowhere · = the same · ? so many are undecided · · not measured there. Point at a cell "
          "for its interval.</p>\n",
          h->out);
}

static void put_text(FILE *out, const char *label, const char *text)
{
    fprintf(out, "<td class=\"t\" data-n=\"%s\">", label);
    lb_html_put(out, *text ? text : "–");
    fputs("</td>", out);
}

static void put_machines(const struct hosts *h)
{
    fputs(
        "<h2>The machines</h2>\n<div class=\"scroll\"><table class=\"cards\"><thead><tr><th>machine"
        "</th><th class=\"t\">processor</th><th class=\"t\">system</th><th>a line's round trip"
        "</th><th>undecided</th></tr></thead><tbody>\n",
        h->out);
    for (size_t i = 0; i < h->n; i++) {
        const struct lb_found *f = h->found[i];
        int open = 0, all = 0;
        for (size_t s = 0; s < f->n_suites; s++) {
            open += f->suites[s].undecided;
            all += f->suites[s].shown;
        }
        fputs("<tr><th scope=\"row\">", h->out);
        lb_html_put(h->out, name_of(h, i));
        fputs("</th>", h->out);
        put_text(h->out, "processor", f->cpu);
        put_text(h->out, "system", f->kernel);
        fputs("<td data-n=\"round trip\">", h->out);
        if (isfinite(f->near_ns))
            fprintf(h->out, "%.0f ns", f->near_ns);
        if (f->far_ns > f->near_ns)
            fprintf(h->out, " to %.0f ns", f->far_ns);
        fprintf(h->out, "</td><td data-n=\"undecided\">%d of %d</td></tr>\n", open, all);
    }
    fputs("</tbody></table></div>\n", h->out);
}

/* Each machine's own sentence. */
static void put_answers(const struct hosts *h)
{
    char title[1200];

    fputs("<h2>What each says</h2>\n", h->out);
    for (size_t i = 0; i < h->n; i++) {
        fputs("<p><strong>", h->out);
        lb_html_put(h->out, name_of(h, i));
        fputs("</strong>: ", h->out);
        lb_html_put(h->out, lb_found_title(h->found[i], title, sizeof title));
        fputs("</p>\n", h->out);
    }
}

/* The picture of all of them, where it was drawn beside the page. */
static void put_picture(FILE *out, const char *path)
{
    char picture[4200], *bytes;
    const char *slash = strrchr(path, '/');
    size_t n;

    snprintf(picture, sizeof picture, "%.*shosts.png", slash ? (int)(slash - path) + 1 : 0, path);
    if (lb_read_regular(AT_FDCWD, picture, LB_PAGE_PICTURES_MOST / 4 * 3, NULL, &bytes, &n))
        return;
    if (n) {
        fputs(
            "<details><summary>Costs by layout and machine</summary><figure><img alt=\"what an op "
            "costs in each layout, a colour a machine, with 95 % intervals\" "
            "src=\"data:image/png;base64,",
            out);
        lb_html_base64(out, bytes, n);
        fputs("\"></figure></details>\n", out);
    }
    free(bytes);
}

static int put_page(struct hosts *h, const char *path)
{
    char title[1200];
    int err = collect(h);

    if (err)
        return err;
    title_of(h, title, sizeof title);
    lb_page_begin(h->out, title);
    fputs("<h1>", h->out);
    lb_html_put(h->out, title);
    fputs("</h1>\n", h->out);
    put_layouts(h);
    put_answers(h);
    put_machines(h);
    put_picture(h->out, path);
    fputs("</body>\n</html>\n", h->out);
    free(h->rows);
    return 0;
}

int lb_page_hosts(const char *const *run_dirs, const char *const *names, size_t n, const char *path,
                  struct lb_why *why)
{
    struct hosts h = {.names = names, .n = n};
    struct lb_whole file;
    int err = 0;

    h.found = calloc(n + 1, sizeof *h.found);
    if (!h.found)
        return lb_fail(why, ENOMEM, "%s: %s", path, strerror(ENOMEM));
    for (size_t i = 0; !err && i < n; i++)
        err = lb_found_read(run_dirs[i], why, &h.found[i]);
    if (!err && !(err = lb_whole_begin(path, why, &file))) {
        h.out = file.out;
        if ((err = put_page(&h, path)))
            lb_fail(why, -err, "%s: %s", path, strerror(-err));
        err = lb_whole_end(&file, err, why);
    }
    for (size_t i = 0; i < n; i++)
        lb_found_destroy(h.found[i]);
    free(h.found);
    return err;
}
