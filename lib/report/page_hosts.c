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

#define NAME_BYTES 704

struct hosts {
    struct lb_found *const *found;
    size_t n;
    struct lb_found_row *rows;
    size_t n_rows;
    FILE *out;
};

static bool is_compared(const struct hosts *h, const struct lb_found_row *row)
{
    for (size_t i = 0; i < h->n; i++) {
        const struct lb_found_layout *l = lb_found_layout_of(h->found[i], row);
        if (l && l->tally.faster + l->tally.same + l->tally.not_slower + l->tally.slower +
                     l->tally.undecided)
            return true;
    }
    return false;
}

/* Those that are compared with another in any of the runs. */
static int collect(struct hosts *h)
{
    size_t all;
    int err = lb_found_together(h->found, h->n, &h->rows, &all);

    for (size_t i = 0; !err && i < all; i++)
        if (is_compared(h, &h->rows[i]))
            h->rows[h->n_rows++] = h->rows[i];
    return err;
}

static const char *row_name(const struct hosts *h, size_t row, char text[NAME_BYTES])
{
    return lb_found_row_name(h->rows, h->n_rows, row, text, NAME_BYTES);
}

/* On how many of the runs a layout costs, and whether all of them have decided. */
static size_t costs_of(const struct hosts *h, size_t row, bool *open)
{
    size_t costs = 0;

    *open = false;
    for (size_t k = 0; k < h->n; k++) {
        const struct lb_found_layout *l = lb_found_layout_of(h->found[k], &h->rows[row]);
        costs += l && l->tally.kind == LB_ANSWER_COSTS;
        *open |= !l || l->tally.kind == LB_ANSWER_UNDECIDED;
    }
    return costs;
}

/* "embedded, padded cost on 3": the layouts that cost on so many runs. Returns how many. */
static size_t say_costs(const struct hosts *h, size_t costs, bool first, FILE *out)
{
    size_t n = 0;

    for (size_t i = 0; i < h->n_rows; i++) {
        bool open;
        char name[NAME_BYTES];
        if (costs_of(h, i, &open) == costs)
            fprintf(out, "%s%s", n++ || !first ? ", " : "", row_name(h, i, name));
    }
    if (n)
        fprintf(out, " %s on %zu", n == 1 ? "costs" : "cost", costs);
    return n;
}

/* "3 runs: embedded costs on 3; 2 layouts have no cost on any; 1 is not decided on all." */
static int title_of(const struct hosts *h, char *text, size_t bytes)
{
    FILE *out = fmemopen(text, bytes, "w");
    size_t costing = 0, none = 0, rest = 0;

    if (!out)
        return -ENOMEM;
    fprintf(out, "%zu run%s: ", h->n, h->n == 1 ? "" : "s");
    for (size_t costs = h->n; costs; costs--)
        costing += say_costs(h, costs, !costing, out);
    for (size_t i = 0; i < h->n_rows; i++) {
        bool open;
        size_t costs = costs_of(h, i, &open);
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
    return 0;
}

/* Where it lies is nobody's business. */
static void put_name(const struct hosts *h, size_t host)
{
    char text[NAME_BYTES];

    lb_html_put(h->out, lb_found_name(h->found, h->n, host, text, sizeof text));
}

static void put_cell(const struct hosts *h, size_t host, const struct lb_found_row *row)
{
    const struct lb_found *f = h->found[host];
    const struct lb_found_layout *l = lb_found_layout_of(f, row);
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
    lb_html_print(h->out, "<td class=\"%s\" title=\"%s\">",
                  !t              ? "none"
                  : t->worst >= 0 ? "slower"
                  : open          ? "open"
                  : t->best >= 0  ? "faster"
                                  : "same",
                  text);
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
    char name[NAME_BYTES];

    fputs("<h2>Layouts by runs, ns an op</h2>\n<div class=\"scroll\" tabindex=\"0\" "
          "role=\"region\" aria-label=\"layouts by runs\"><table class=\"matrix\"><caption>The "
          "largest cost of any scenario; where there is none the largest gain.</caption><thead><tr>"
          "<th scope=\"col\">layout</th>",
          h->out);
    for (size_t i = 0; i < h->n; i++) {
        fprintf(h->out, "<th scope=\"col\"><a href=\"#m%zu\">", i + 1);
        put_name(h, i);
        fputs("</a></th>", h->out);
    }
    fputs("</tr></thead><tbody>\n", h->out);
    for (size_t r = 0; r < h->n_rows; r++) {
        lb_html_print(h->out, "<tr><th scope=\"row\">%s</th>", row_name(h, r, name));
        for (size_t i = 0; i < h->n; i++)
            put_cell(h, i, &h->rows[r]);
        fputs("</tr>\n", h->out);
    }
    fputs("</tbody></table></div>\n<p class=\"dim small\">+54.5! costs · −12.3 gains, and costs "
          "nowhere · = the same · ? so many are undecided · · not measured there. Point at a cell "
          "for its interval.</p>\n",
          h->out);
}

static void put_spoiled(const struct hosts *h, const struct lb_found *f)
{
    double windows = 0, spoiled = 0;

    for (size_t s = 0; s < f->n_suites; s++) {
        windows += isfinite(f->suites[s].windows) ? f->suites[s].windows : 0;
        spoiled += isfinite(f->suites[s].spoiled) ? f->suites[s].spoiled : 0;
    }
    fputs("<td data-n=\"spoiled\">", h->out);
    if (windows > 0)
        fprintf(h->out, "%.0f %%%s", 100 * spoiled / windows,
                lb_spoiled_level(spoiled / windows) > LB_CHECK_UNKNOWN ? " !" : "");
    fputs("</td>", h->out);
}

/* A line of the table of machines, to which the columns of the others lead. */
static void put_machine(const struct hosts *h, size_t host)
{
    const struct lb_found *f = h->found[host];
    bool guest = *f->hypervisor && strcmp(f->hypervisor, "none") != 0;
    char cpu[sizeof f->cpu + sizeof f->hypervisor + 8];
    int open = 0, all = 0;

    for (size_t s = 0; s < f->n_suites; s++) {
        open += f->suites[s].undecided;
        all += f->suites[s].shown;
    }
    fprintf(h->out, "<tr id=\"m%zu\"><th scope=\"row\">", host + 1);
    put_name(h, host);
    fputs("</th>", h->out);
    snprintf(cpu, sizeof cpu, "%s%s%s", f->cpu, guest ? " in " : "", guest ? f->hypervisor : "");
    lb_html_td(h->out, "t", "processor", cpu);
    lb_html_td(h->out, "t", "system", f->kernel);
    lb_html_print(h->out, "<td data-n=\"begun\">%s</td><td data-n=\"round trip\">", f->started);
    if (isfinite(f->near_ns))
        fprintf(h->out, "%.0f", f->near_ns);
    if (f->far_ns > f->near_ns)
        fprintf(h->out, " to %.0f", f->far_ns);
    fprintf(h->out, "%s</td>", isfinite(f->near_ns) ? " ns" : "");
    put_spoiled(h, f);
    fprintf(h->out, "<td data-n=\"undecided\">%d of %d</td></tr>\n", open, all);
}

static void put_machines(const struct hosts *h)
{
    fputs("<h2>The machines</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
          "aria-label=\"machines\"><table class=\"cards\"><thead><tr><th>machine</th>"
          "<th class=\"t\">processor</th><th class=\"t\">system</th><th>begun</th>"
          "<th>a line's round trip</th><th>windows spoiled</th><th>undecided</th></tr></thead>"
          "<tbody>\n",
          h->out);
    for (size_t i = 0; i < h->n; i++)
        put_machine(h, i);
    fputs("</tbody></table></div>\n", h->out);
}

static bool says_the_same(const struct hosts *h, size_t a, size_t b)
{
    char titles[2][1200];

    return !strcmp(lb_found_title(h->found[a], titles[0], sizeof titles[0]),
                   lb_found_title(h->found[b], titles[1], sizeof titles[1]));
}

/* Each machine's own sentence, once for all that say it. */
static void put_answers(const struct hosts *h)
{
    char title[1200];

    fputs("<h2>What each says</h2>\n", h->out);
    for (size_t i = 0; i < h->n; i++) {
        bool said = false;
        for (size_t k = 0; k < i; k++)
            said |= says_the_same(h, i, k);
        if (said)
            continue;
        for (size_t k = i; k < h->n; k++)
            if (says_the_same(h, i, k)) {
                fprintf(h->out, "%s<a href=\"#m%zu\">", k == i ? "<p>" : ", ", k + 1);
                put_name(h, k);
                fputs("</a>", h->out);
            }
        lb_html_print(h->out, ": %s</p>\n", lb_found_title(h->found[i], title, sizeof title));
    }
}

/* The picture of all of them, where it was drawn. */
static void put_picture(FILE *out, const char *path)
{
    char *bytes;
    size_t n;

    if (!path || lb_read_regular(AT_FDCWD, path, LB_PAGE_PICTURES_MOST / 4 * 3, NULL, &bytes, &n))
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

static int put_page(struct hosts *h, const char *picture)
{
    char title[1200];
    int err = collect(h);

    if (!err && (err = title_of(h, title, sizeof title)))
        free(h->rows);
    if (err)
        return err;
    lb_page_begin(h->out, title);
    lb_html_print(h->out, "<h1>%s</h1>\n", title);
    put_layouts(h);
    put_machines(h);
    put_answers(h);
    put_picture(h->out, picture);
    lb_page_end(h->out);
    free(h->rows);
    return 0;
}

int lb_page_hosts(struct lb_found *const *found, size_t n, const char *picture, const char *path,
                  struct lb_why *why)
{
    struct hosts h = {.found = found, .n = n};
    struct lb_whole file;
    int err = lb_whole_begin(path, why, &file);

    if (err)
        return err;
    h.out = file.out;
    if ((err = put_page(&h, picture)))
        lb_fail(why, -err, "%s: %s", path, strerror(-err));
    return lb_whole_end(&file, err, why);
}
