/* SPDX-License-Identifier: MIT
 *
 * Why: what of each layout shares a line, as lines of 64 bytes.
 */
#include "page_private.h"

#include <linebounce/page.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Across in percent of the width, down in pixels. */
#define LEFT     5.0
#define BYTE     ((100.0 - LEFT) / LB_LINE_BYTES)
#define BAR      22
#define SENTENCE 16
#define GAP      6

/* A line, or several that no op touches as one. */
struct row {
    size_t first, n;
    struct lb_line_use use;
};

static bool has_lock(const struct lb_part *part, size_t line)
{
    for (size_t i = 0; i < part->n_pieces; i++)
        if (part->pieces[i].kind == LB_PIECE_LOCK && part->pieces[i].offset / LB_LINE_BYTES == line)
            return true;
    return false;
}

static bool is_idle(const struct lb_part *part, size_t line)
{
    struct lb_line_use use = lb_line_use(part, line);

    return !use.reads && !use.writes && !has_lock(part, line);
}

static struct row row_at(const struct lb_part *part, size_t line)
{
    struct row row = {line, 1, lb_line_use(part, line)};

    while (is_idle(part, line) && line + row.n < lb_part_lines(part) && is_idle(part, line + row.n))
        row.n++;
    return row;
}

static int height_of(const struct row *row)
{
    bool says = row->n > 1 || row->use.reads || row->use.writes;

    return BAR + (says ? SENTENCE : 0) + GAP;
}

static int height(const struct lb_part *part)
{
    int sum = 0;

    for (size_t line = 0; line < lb_part_lines(part);) {
        struct row row = row_at(part, line);
        sum += height_of(&row);
        line += row.n;
    }
    return sum;
}

/* As text: what the drawing says to those who do not see it. */
static void say(FILE *out, const char *what, const struct lb_part *part)
{
    char sentence[LB_LINE_SENTENCE_BYTES];

    for (size_t line = 0; line < lb_part_lines(part); line++) {
        struct lb_line_use use = lb_line_use(part, line);
        bool any = false;
        if (!use.reads && !use.writes)
            continue;
        lb_html_print(out, "%s, line at %zu: ", what, line * LB_LINE_BYTES);
        for (size_t i = 0; i < part->n_pieces; i++)
            if (part->pieces[i].offset / LB_LINE_BYTES == line &&
                part->pieces[i].kind != LB_PIECE_OTHER) {
                lb_html_print(out, "%s%s", any ? ", " : "", part->pieces[i].name);
                any = true;
            }
        lb_line_sentence(use, sentence);
        lb_html_print(out, "; %s%s. ", sentence, use.shared ? ": they share the line" : "");
    }
}

static const char *class_of(const struct lb_piece *p)
{
    switch (p->kind) {
    case LB_PIECE_POINTER:
        return "p";
    case LB_PIECE_WORD:
        return "w";
    case LB_PIECE_LOCK:
        return "l";
    case LB_PIECE_FIELD:
        return p->writes ? "w" : "r";
    default:
        return "o";
    }
}

/* One of several members of one place is enough. */
static bool is_hidden(const struct lb_part *part, size_t i)
{
    const struct lb_piece *p = &part->pieces[i];

    for (size_t k = 0; k < part->n_pieces && p->kind == LB_PIECE_OTHER; k++) {
        const struct lb_piece *o = &part->pieces[k];
        bool covers = o->offset <= p->offset && o->offset + o->bytes >= p->offset + p->bytes;
        if (k != i && covers && (k < i || o->kind != LB_PIECE_OTHER))
            return true;
    }
    return false;
}

static void put_piece(FILE *out, const struct lb_piece *p, size_t line, int y)
{
    size_t start = line * LB_LINE_BYTES, end = p->offset + p->bytes;
    size_t from = p->offset > start ? p->offset - start : 0;
    size_t to = end < start + LB_LINE_BYTES ? end - start : LB_LINE_BYTES;
    char sentence[LB_LINE_SENTENCE_BYTES];

    lb_line_sentence((struct lb_line_use){p->reads, p->writes, false}, sentence);
    lb_html_print(
        out,
        "<svg class=\"%s\" x=\"%.2f%%\" y=\"%d\" width=\"%.2f%%\" height=\"%d\"><title>%s, %zu "
        "byte%s at %zu%s%s</title><rect width=\"100%%\" height=\"100%%\"/>",
        class_of(p), LEFT + BYTE * (double)from, y, BYTE * (double)(to - from) - 0.2, BAR, p->name,
        p->bytes, p->bytes == 1 ? "" : "s", p->offset, *sentence ? ": " : "", sentence);
    if (to - from >= 4) {
        fprintf(out, "<text%s y=\"15\">", to - from < 8 ? " class=\"n\" x=\"2\"" : " x=\"4\"");
        lb_html_print(out, "%s</text>", p->name);
    }
    fputs("</svg>", out);
}

static void put_row(FILE *out, const struct lb_part *part, const struct row *row, int y)
{
    size_t at = row->first * LB_LINE_BYTES, bytes = part->stride_bytes - at;
    char sentence[LB_LINE_SENTENCE_BYTES];

    fprintf(out, "<text class=\"d\" x=\"0\" y=\"%d\">%zu</text>", y + 15, at);
    fprintf(out, "<rect class=\"e\" x=\"%.2f%%\" y=\"%d\" width=\"%.2f%%\" height=\"%d\"/>", LEFT,
            y, BYTE * (double)(bytes < LB_LINE_BYTES ? bytes : LB_LINE_BYTES), BAR);
    if (row->n > 1) {
        fprintf(out,
                "<text class=\"d\" x=\"%.1f%%\" y=\"%d\">and %zu more line%s that no op "
                "touches</text>\n",
                LEFT, y + BAR + 12, row->n - 1, row->n == 2 ? "" : "s");
        return;
    }
    for (size_t i = 0; i < part->n_pieces; i++)
        if (part->pieces[i].offset < at + LB_LINE_BYTES &&
            part->pieces[i].offset + part->pieces[i].bytes > at && !is_hidden(part, i))
            put_piece(out, &part->pieces[i], row->first, y);
    lb_line_sentence(row->use, sentence);
    if (row->use.shared)
        fprintf(out, "<rect class=\"s\" x=\"%.2f%%\" y=\"%d\" width=\"%.2f%%\" height=\"%d\"/>",
                LEFT - 0.1, y - 1, 100 - LEFT, BAR + 2);
    if (*sentence)
        fprintf(out, "<text class=\"%s\" x=\"%.1f%%\" y=\"%d\">%s%s</text>",
                row->use.shared ? "b" : "d", LEFT, y + BAR + 13, sentence,
                row->use.shared ? ": they share the line" : "");
    fputc('\n', out);
}

static void put_part(FILE *out, const char *what, const struct lb_lines *l,
                     const struct lb_part *part)
{
    int y = 2;

    lb_html_print(out,
                  "<div class=\"scroll\" tabindex=\"0\"><svg class=\"lines\" height=\"%d\" "
                  "role=\"img\" aria-label=\"%s: ",
                  height(part) + 2, l->name);
    say(out, what, part);
    fputs("\">\n", out);
    for (size_t line = 0; line < lb_part_lines(part);) {
        struct row row = row_at(part, line);
        put_row(out, part, &row, y);
        y += height_of(&row);
        line += row.n;
    }
    fputs("</svg></div>\n", out);
}

static void say_starts(FILE *out, const char *what, const struct lb_part *part)
{
    if (part->n_starts == 1 && !part->starts[0])
        return;
    fprintf(out, " %s begin %s", what, part->n_starts == 1 ? "at" : "at any of");
    for (size_t i = 0; i < part->n_starts; i++)
        fprintf(out, "%s %u", i ? "," : "", part->starts[i]);
    fputs(" bytes into a line; drawn is one that begins with it.", out);
}

/* `locks`: the layout is there with others too. */
static void put_layout(FILE *out, const struct lb_lines *l, bool locks)
{
    lb_html_print(out, "<h3>%s", l->name);
    if (locks)
        lb_html_print(out, " with %s", l->lock);
    lb_html_print(out, " <span class=\"dim\" style=\"font-weight:400\">%s</span></h3>\n",
                  l->meaning);
    put_part(out, "object", l, &l->object);
    if (l->apart.stride_bytes) {
        fputs("<p class=\"dim small\">the lock, an object of its own:</p>\n", out);
        put_part(out, "lock", l, &l->apart);
    }
    fputs("<p class=\"dim small\">", out);
    say_starts(out, "Objects", &l->object);
    if (l->apart.stride_bytes)
        say_starts(out, "Locks", &l->apart);
    if (l->pairs_sharing && *l->lock)
        fprintf(out,
                " In %u of %u pairs of neighbours a lock's writes hit a line that the other's "
                "op touches.",
                l->pairs_sharing, l->pairs);
    fputs("</p>\n", out);
}

/* Which layouts there are ---------------------------------------------------------------------- */

/* Of a folder from before there was lines.csv the built-in ones are known. */
static int draw_known(const struct lb_found *f, struct lb_lines **lines, size_t *n)
{
    struct lb_lines *list = calloc(f->n_layouts + 1, sizeof *list);
    size_t found = 0;

    if (!list)
        return -ENOMEM;
    for (size_t i = 0; i < f->n_layouts; i++) {
        const struct lb_layout *layout;
        enum lb_lock_kind kind;
        if (!lb_layout_find(f->layouts[i].name, NULL, &layout) &&
            !lb_lock_parse(f->layouts[i].lock, NULL, &kind) &&
            !lb_lines_init(layout, kind, NULL, &list[found]))
            found++;
    }
    *lines = list;
    *n = found;
    return 0;
}

/* The baseline, the user's own, what is moved, and one of each place where a lock lies. */
static bool is_telling(const struct lb_found *f, const struct lb_lines *l)
{
    for (size_t i = 0; i < f->n_layouts; i++) {
        const struct lb_found_layout *k = &f->layouts[i];
        size_t n = strlen(l->name);
        if (strncmp(k->name, l->name, n) != 0 || (k->name[n] && k->name[n] != '+'))
            continue;
        if (k->own || k->base || !f->suites[k->suite].asks_lock)
            return true;
        for (size_t g = 0; g < f->n_groups; g++)
            if (f->groups[g].first == (int)i)
                return true;
        for (size_t g = 0; g < f->n_groups; g++) /* what costs most */
            if (f->groups[g].tally.worst >= 0 &&
                f->cells[f->groups[g].tally.worst].layout == (int)i)
                return true;
    }
    return false;
}

static void put_key(FILE *out)
{
    static const struct {
        const char *class, *text;
    } keys[] = {
        {"w", "written"},
        {"l", "rest of the lock"},
        {"p", "pointer to the lock"},
        {"r", "read by an op"},
        {"o", "other"},
    };

    fputs("<p class=\"key small\">", out);
    for (size_t i = 0; i < LB_COUNT(keys); i++)
        fprintf(out, "<span><i class=\"%s\"></i>%s</span>", keys[i].class, keys[i].text);
    fputs(
        "</p>\n<p class=\"dim small\">A frame: somebody reads the line who does not write it, and "
        "somebody else writes it. Point at a field for its bytes.</p>\n",
        out);
}

static bool has_locks(const struct lb_lines *lines, size_t n, size_t i)
{
    for (size_t k = 0; k < n; k++)
        if (k != i && !strcmp(lines[k].name, lines[i].name))
            return true;
    return false;
}

static void put_all(struct lb_page *p, const struct lb_lines *lines, size_t n)
{
    size_t rest = 0;

    fputs("<h2>Why: what shares a line</h2>\n", p->out);
    put_key(p->out);
    for (size_t i = 0; i < n; i++)
        if (is_telling(p->found, &lines[i]))
            put_layout(p->out, &lines[i], has_locks(lines, n, i));
        else
            rest++;
    if (!rest)
        return;
    fprintf(p->out, "<details><summary>The other %zu layout%s</summary>\n", rest,
            rest == 1 ? "" : "s");
    for (size_t i = 0; i < n; i++)
        if (!is_telling(p->found, &lines[i]))
            put_layout(p->out, &lines[i], has_locks(lines, n, i));
    fputs("</details>\n", p->out);
}

int lb_page_lines(struct lb_page *p, struct lb_why *why)
{
    struct lb_lines *lines = NULL;
    struct lb_why refusal = {""};
    size_t n = 0;
    char path[4200];

    snprintf(path, sizeof path, "%s/%s", p->dir, lb_schema_lines.file);
    int err = lb_lines_read(path, &refusal, &lines, &n);
    if (err == -ENOENT || err == -ENODATA)
        err = draw_known(p->found, &lines, &n);
    if (err)
        return err == -ENOMEM ? err : lb_fail(why, -err, "%s", refusal.text);
    if (n)
        put_all(p, lines, n);
    lb_lines_drop(lines, n);
    return 0;
}
