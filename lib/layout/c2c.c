/* SPDX-License-Identifier: MIT
 *
 * The report of perf c2c. Its columns have changed with its versions, and reports are cut and sent
 * by mail: rows are told by their words, not by where they stand.
 */
#include <linebounce/c2c.h>

#include "structure_private.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MOST  24
#define LINES_MOST  4096
#define PAIR_OFFSET 128 /* perf c2c report --double-cl */

/* Columns of shares by how many there are: HITM of other sockets and of this one, from Linux 6.1 on
 * loads from a peer's cache, then stores that hit L1, that missed it, and from 5.12 on others. */
#define COLUMNS_LEAST 4
#define COLUMNS_MOST  6
static const size_t n_loads[COLUMNS_MOST + 1] = {[4] = 2, [5] = 2, [6] = 3};

struct words {
    char *at[WORDS_MOST];
    size_t n;
};

static struct words split(char *text)
{
    struct words w = {.n = 0};
    char *word;

    while (w.n < WORDS_MOST && (word = strsep(&text, " \t\r")))
        if (*word)
            w.at[w.n++] = word;
    return w;
}

static bool take_whole(const char *text, int base, uint64_t *number)
{
    char *end;

    if (!isxdigit((unsigned char)*text) || (base == 16 && strncmp(text, "0x", 2) != 0))
        return false;
    errno = 0;
    *number = strtoull(text, &end, base);
    return !*end && !errno;
}

static bool take_share(const char *text, double *share)
{
    char *end;

    if (!isdigit((unsigned char)*text))
        return false;
    *share = strtod(text, &end);
    return *end == '%' && !end[1];
}

/* Lines --------------------------------------------------------------------------------------- */

/* "0 4 2092 0 0 0 0x20ea08034080": the number, counts in the columns of the shares, the address. */
static bool take_line(const struct words *w, struct lb_c2c_line *line)
{
    size_t columns = w->n < 2 ? 0 : w->n - 2;
    uint64_t count, number;

    *line = (struct lb_c2c_line){0};
    if (columns < COLUMNS_LEAST || columns > COLUMNS_MOST || !take_whole(w->at[0], 10, &number) ||
        !take_whole(w->at[w->n - 1], 16, &line->address))
        return false;
    for (size_t i = 0; i < columns; i++) {
        if (!take_whole(w->at[1 + i], 10, &count))
            return false;
        *(i < n_loads[columns] ? &line->hitm : &line->stores) += count;
    }
    return true;
}

/* Whether loads without HITM were sampled: of the cycles behind the code's address the third is
 * theirs. */
static bool has_loads(const struct words *w, size_t offset_at)
{
    uint64_t number, cycles;
    size_t i = offset_at + 1;

    while (i < w->n && !take_whole(w->at[i], 16, &number))
        i++;
    for (size_t k = 1; k <= 3; k++)
        if (i + k < w->n && take_whole(w->at[i + k], 10, &cycles) && cycles)
            return true;
    return false;
}

/* "75.00% 49.62% 0.00% 0.00% 0.00% 0x8 ...": shares, and the offset in the line. */
static bool take_touch(const struct words *w, struct lb_c2c_touch *t)
{
    double shares[COLUMNS_MOST];
    size_t n = 0;
    uint64_t offset;

    *t = (struct lb_c2c_touch){0};
    while (n < w->n && n < COLUMNS_MOST && take_share(w->at[n], &shares[n]))
        n++;
    if (n < COLUMNS_LEAST || n == w->n || !take_whole(w->at[n], 16, &offset) ||
        offset >= PAIR_OFFSET)
        return false;
    for (size_t i = 0; i < n; i++)
        *(i < n_loads[n] ? &t->hitm : &t->stores) += shares[i];
    t->offset = (uint16_t)offset;
    t->written = t->stores > 0;
    t->read = t->hitm > 0 || has_loads(w, n);
    return true;
}

/* Code at several addresses touches one offset. */
static void add_touch(struct lb_c2c_line *line, const struct lb_c2c_touch *t)
{
    size_t i = 0;

    while (i < line->n_touches && line->touches[i].offset < t->offset)
        i++;
    if (i == line->n_touches || line->touches[i].offset != t->offset) {
        if (line->n_touches == LB_C2C_TOUCHES_MOST)
            return;
        memmove(line->touches + i + 1, line->touches + i,
                (line->n_touches++ - i) * sizeof *line->touches);
        line->touches[i] = (struct lb_c2c_touch){.offset = t->offset};
    }
    line->touches[i].read |= t->read;
    line->touches[i].written |= t->written;
    line->touches[i].hitm += t->hitm;
    line->touches[i].stores += t->stores;
}

/* Reports ---------------------------------------------------------------------------------------
 */

static int add_line(struct lb_c2c *report, const struct lb_c2c_line *line)
{
    struct lb_c2c_line *more;

    if (report->n_lines == LINES_MOST)
        return 0; /* the hottest stand in front */
    more = realloc(report->lines, (report->n_lines + 1) * sizeof *more);
    if (!more)
        return -ENOMEM;
    report->lines = more;
    report->lines[report->n_lines++] = *line;
    report->hitm += line->hitm;
    return 0;
}

static int take_text(char *text, struct lb_c2c *report)
{
    struct lb_c2c_touch touch;
    struct lb_c2c_line line;
    bool ruled = false; /* a line's own row stands between two rules */
    char *row;
    int err = 0;

    while (!err && (row = strsep(&text, "\n"))) {
        struct words w = split(row);
        bool rule = w.n == 1 && strspn(w.at[0], "-") == strlen(w.at[0]);
        if (ruled && take_line(&w, &line))
            err = add_line(report, &line);
        else if (report->n_lines && take_touch(&w, &touch))
            add_touch(&report->lines[report->n_lines - 1], &touch);
        ruled = rule;
    }
    return err;
}

void lb_c2c_destroy(struct lb_c2c *report)
{
    if (!report)
        return;
    free(report->source);
    free(report->lines);
    free(report);
}

/* A line that nobody is seen to touch says nothing. */
static bool has_touches(const struct lb_c2c *report)
{
    return report->n_lines && report->lines[0].n_touches;
}

int lb_c2c_read(const char *file, struct lb_why *why, struct lb_c2c **report)
{
    const char *where = strcmp(file, "-") ? file : "standard input";
    struct lb_c2c *r = calloc(1, sizeof *r);
    char *text = NULL;
    int err = r && (r->source = strdup(where)) ? lb_structure_read_text(file, &text) : -ENOMEM;

    if (!err)
        err = take_text(text, r);
    free(text);
    if (err)
        lb_fail(why, -err, "%.200s: %s", where, strerror(-err));
    else if (!has_touches(r))
        err = lb_fail(why, EPROTO,
                      "%.200s: no table of perf c2c report --stdio stands there (Shared Cache Line "
                      "Distribution Pareto)",
                      where);
    if (err)
        lb_c2c_destroy(r);
    else
        *report = r;
    return err;
}

/* As a structure ------------------------------------------------------------------------------ */

/* Up to the next offset that is touched, a word at the most. */
static size_t bytes_of(const struct lb_c2c_line *line, size_t i)
{
    size_t at = line->touches[i].offset, bytes = sizeof(uint64_t);

    while (at % bytes || (i + 1 < line->n_touches && at + bytes > line->touches[i + 1].offset))
        bytes /= 2;
    return bytes;
}

int lb_c2c_structure(const struct lb_c2c_line *line, struct lb_why *why,
                     struct lb_structure **structure)
{
    const struct lb_c2c_touch *last = &line->touches[line->n_touches - 1];
    struct lb_structure *s;
    char name[64], member[32], type[] = "word";
    int err = 0;

    snprintf(name, sizeof name, "line-0x%llx", (unsigned long long)line->address);
    if (!(s = lb_structure_create(name)))
        return lb_fail(why, ENOMEM, "c2c: out of memory");
    s->bytes = last->offset < LB_LINE_BYTES ? LB_LINE_BYTES : PAIR_OFFSET;
    s->align_bytes = s->bytes;
    s->partial = true;
    s->pointer_bytes = sizeof(uint64_t);
    for (size_t i = 0; !err && i < line->n_touches; i++) {
        size_t bytes = bytes_of(line, i);
        struct lb_member m = {.name = member, .type = type, .parent = -1};
        m.offset = line->touches[i].offset;
        m.bytes = m.align_bytes = bytes;
        snprintf(member, sizeof member, "at_%zu", m.offset);
        err = lb_structure_add(s, &m);
    }
    if (err || !(s->source = strdup("perf c2c"))) {
        lb_structure_destroy(s);
        return lb_fail(why, ENOMEM, "c2c: out of memory");
    }
    *structure = s;
    return 0;
}

/* In a structure ------------------------------------------------------------------------------ */

/* The outermost member that begins there, else the innermost that holds the byte; NULL: none. */
static const struct lb_member *member_at(const struct lb_structure *s, size_t offset, bool begins)
{
    const struct lb_member *holds = NULL;

    for (size_t i = 0; i < s->n_members; i++) {
        const struct lb_member *m = &s->members[i];
        if (m->offset == offset && m->bytes)
            return m;
        if (offset >= m->offset && offset < m->offset + m->bytes &&
            (!holds || m->bytes < holds->bytes))
            holds = m;
    }
    return begins ? NULL : holds;
}

static bool fits_at(const struct lb_c2c_line *line, const struct lb_structure *s, size_t begin)
{
    for (size_t i = 0; i < line->n_touches; i++)
        if (!member_at(s, begin + line->touches[i].offset, true))
            return false;
    return true;
}

int lb_c2c_place(const struct lb_c2c_line *line, const struct lb_structure *s, long at,
                 struct lb_why *why, size_t *begin)
{
    size_t step = s->align_bytes < LB_LINE_BYTES ? s->align_bytes : LB_LINE_BYTES, found = 0, n = 0;
    char places[96] = "";

    if (at != LB_C2C_ANYWHERE) {
        *begin = (size_t)at;
        return 0;
    }
    for (size_t place = 0; place < s->bytes; place += step ? step : 1)
        if (fits_at(line, s, place)) {
            size_t used = strlen(places);
            found = n++ ? found : place;
            snprintf(places + used, sizeof places - used, "%s%zu", used ? ", " : "", place);
        }
    if (n == 1) {
        *begin = found;
        return 0;
    }
    return lb_fail(
        why, EINVAL, "c2c: line 0x%llx may begin at %s of %s: say where by --c2c-at BYTES",
        (unsigned long long)line->address, n ? places : "no place where members begin", s->name);
}

/* By how much they are to blame. */
static double weight(const struct lb_c2c_touch *t, bool written)
{
    return written ? t->stores : t->hitm;
}

/* The next behind `last` in the order of their weights; NULL: no more. */
static const struct lb_c2c_touch *next_touch(const struct lb_c2c_line *line, bool written,
                                             const struct lb_c2c_touch *last)
{
    const struct lb_c2c_touch *best = NULL;

    for (size_t i = 0; i < line->n_touches; i++) {
        const struct lb_c2c_touch *t = &line->touches[i];
        if (!(written ? t->written : t->read) ||
            (last && (weight(t, written) > weight(last, written) ||
                      (weight(t, written) == weight(last, written) && t <= last))))
            continue;
        if (!best || weight(t, written) > weight(best, written))
            best = t;
    }
    return best;
}

static bool is_listed(const char *list, const char *name)
{
    size_t n = strlen(name);

    for (const char *at = list; (at = strstr(at, name)); at += n)
        if ((at == list || at[-1] == ',') && (!at[n] || at[n] == ','))
            return true;
    return false;
}

int lb_c2c_members(const struct lb_c2c_line *line, const struct lb_structure *s, size_t begin,
                   bool written, size_t most, struct lb_why *why, char **members)
{
    const struct lb_c2c_touch *t = NULL;
    char *list = strdup(""), *more;

    for (size_t n = 0; list && n < most && (t = next_touch(line, written, t));) {
        const struct lb_member *m = member_at(s, begin + t->offset, false);
        if (!m) {
            free(list);
            return lb_fail(why, EINVAL, "c2c: offset %u of the line lies in no member of %s",
                           t->offset, s->name);
        }
        if (is_listed(list, m->name))
            continue;
        n++;
        if (asprintf(&more, "%s%s%s", list, *list ? "," : "", m->name) < 0)
            more = NULL;
        free(list);
        list = more;
    }
    if (!list)
        return lb_fail(why, ENOMEM, "c2c: out of memory");
    if (!*list) {
        free(list);
        return lb_fail(why, EINVAL, "c2c: no %s of line 0x%llx in the report: say --%s",
                       written ? "store" : "load", (unsigned long long)line->address,
                       written ? "write" : "read");
    }
    *members = list;
    return 0;
}
