/* SPDX-License-Identifier: MIT
 *
 * A posted matrix: cells, names, the square that they make.
 */
#include <linebounce/matrix.h>

#include "base/number.h"
#include "matrix_private.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FILE_MOST    ((uint64_t)64 << 20)
#define LATENCY_MOST 1e6 /* ns */
#define CELL_BYTES   32

/* A cell of the file, of which the first characters count. */
struct cell {
    char text[CELL_BYTES];
};
struct grid {
    struct cell *cells;
    size_t n, room;
    size_t *rows, n_rows, rows_room; /* where each begins; and one behind the last */
    size_t *lines;                   /* in the file, from 1 */
};

/* Cells ------------------------------------------------------------------------------------------
 */

static int add_cell(struct grid *g, const char *text, size_t n)
{
    if (g->n == g->room) {
        size_t room = 2 * g->room + 256;
        struct cell *more = realloc(g->cells, room * sizeof *more);
        if (!more)
            return -ENOMEM;
        g->cells = more;
        g->room = room;
    }
    while (n && strchr(" \"'", text[0]))
        text++, n--;
    while (n && strchr(" \"'", text[n - 1]))
        n--;
    snprintf(g->cells[g->n++].text, CELL_BYTES, "%.*s",
             (int)(n < CELL_BYTES - 1 ? n : CELL_BYTES - 1), text);
    return 0;
}

static int add_row(struct grid *g, size_t line)
{
    if (g->n_rows + 2 > g->rows_room) {
        size_t room = 2 * g->rows_room + 64;
        size_t *rows = realloc(g->rows, room * sizeof *rows);
        g->rows = rows ? rows : g->rows;
        size_t *lines = realloc(g->lines, room * sizeof *lines);
        g->lines = lines ? lines : g->lines;
        if (!rows || !lines)
            return -ENOMEM;
        g->rows_room = room;
    }
    g->lines[g->n_rows] = line;
    g->rows[g->n_rows++] = g->n;
    g->rows[g->n_rows] = g->n;
    return 0;
}

/* Blanks part cells where nothing else does. */
static int split(struct grid *g, const char *line, size_t n, const char *marks)
{
    bool blanks = strchr(marks, ' ') != NULL;
    size_t at = 0;
    int err = 0;

    while (!err && at <= n) {
        while (blanks && at < n && strchr(marks, line[at]))
            at++;
        if (blanks && at == n)
            break;
        size_t end = at;
        while (end < n && !strchr(marks, line[end]))
            end++;
        err = add_cell(g, line + at, end - at);
        at = end + 1;
    }
    return err;
}

static const char *marks_of(const char *text)
{
    return strchr(text, ',') ? "," : strchr(text, ';') ? ";" : strchr(text, '\t') ? "\t" : " ";
}

/* A row of a triangle may hold nothing but separators. */
static bool is_blank(const char *line, size_t n, const char *marks)
{
    return strspn(line, *marks == '\t' ? " " : " \t") >= n;
}

static int make_grid(const char *text, struct grid *g)
{
    const char *marks = marks_of(text);
    int err = 0;

    if (!strncmp(text, "\xef\xbb\xbf", 3))
        text += 3;
    for (size_t line = 1; !err && *text; line++) {
        size_t whole = strcspn(text, "\n"), n = whole;
        n -= n && text[n - 1] == '\r';
        if (!is_blank(text, n, marks) && text[0] != '#' && !(err = add_row(g, line)) &&
            !(err = split(g, text, n, marks)))
            g->rows[g->n_rows] = g->n;
        text += whole + (text[whole] == '\n');
    }
    return err;
}

static size_t width_of(const struct grid *g, size_t row)
{
    return g->rows[row + 1] - g->rows[row];
}

static const char *cell_at(const struct grid *g, size_t row, size_t i)
{
    return i < width_of(g, row) ? g->cells[g->rows[row] + i].text : "";
}

/* Nothing is known; NaN said in letters is an error of the file's. */
static bool is_nothing(const char *text)
{
    static const char *const words[] = {"", "-", "--", "x", "X", ".", "n/a", "N/A", "na", "NA"};

    for (size_t i = 0; i < LB_COUNT(words); i++)
        if (!strcmp(text, words[i]))
            return true;
    return false;
}

/* Of "52", "52.1ns", "52±1", "52+-1"; NaN: no number. */
static double number_of(const char *text)
{
    char copy[CELL_BYTES];
    size_t n = strspn(text, "0123456789.eE-"), end;

    snprintf(copy, sizeof copy, "%.*s", (int)n, text);
    end = n + strspn(text + n, " ");
    if (text[end] && strncmp(text + end, "ns", 2) != 0 && strncmp(text + end, "±", 2) != 0 &&
        strncmp(text + end, "+-", 2) != 0 && strncmp(text + end, "+/-", 3) != 0)
        return NAN;
    return lb_number_parse(copy);
}

static bool is_name(const char *text)
{
    return !is_nothing(text) && isnan(number_of(text)) && strcasecmp(text, "nan") != 0 &&
           strcasecmp(text, "inf") != 0 &&
           strpbrk(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJK"
                         "LMNOPQRSTUVWXYZ") != NULL;
}

/* Names ------------------------------------------------------------------------------------------
 */

/* How the file is laid out. */
struct shape {
    size_t first;    /* the row of data */
    size_t corner;   /* cells before the names in the line of names */
    bool heads;      /* there is such a line */
    bool labels;     /* rows begin with a name */
    size_t n;        /* CPUs */
    size_t skips;    /* 1: a triangle without its diagonal, of which one row is empty */
    size_t *columns; /* by row: which of the names it has */
};

/* The last number in a name. */
static int number_in(const char *name)
{
    const char *last = NULL;

    for (const char *at = name; *at; at++)
        if (*at >= '0' && *at <= '9' && (at == name || at[-1] < '0' || at[-1] > '9'))
            last = at;
    return last ? (int)fmin(strtod(last, NULL), 1e6) : -1;
}

static bool all_rows_named(const struct grid *g, size_t first)
{
    for (size_t r = first; r < g->n_rows; r++)
        if (!is_name(cell_at(g, r, 0)))
            return false;
    return g->n_rows > first;
}

/* "pu_3", "CPU 3" and "3" are one. */
static bool is_same_name(const char *a, const char *b)
{
    int number = number_in(a);

    return number >= 0 ? number == number_in(b) : !strcmp(a, b);
}

/* Where a row's first cell stands among the names; n: nowhere. */
static size_t place_among(const struct grid *g, const struct shape *s, const char *name)
{
    size_t i = 0;

    while (i < s->n && !is_same_name(cell_at(g, 0, s->corner + i), name))
        i++;
    return i;
}

/* Whether rows begin with the names of the first line, each once, when that has `corner` cells
 * before them. */
static bool names_match(const struct grid *g, struct shape *s, bool *seen)
{
    s->n = width_of(g, 0) - s->corner;
    if (width_of(g, 0) <= s->corner || g->n_rows - 1 != s->n || s->n < 2)
        return false;
    memset(seen, 0, s->n * sizeof *seen);
    for (size_t r = 1; r < g->n_rows; r++) {
        size_t i = place_among(g, s, cell_at(g, r, 0));
        if (i == s->n || seen[i])
            return false;
        seen[i] = true;
        s->columns[r - 1] = i;
    }
    return true;
}

static void name_in_order(struct shape *s, size_t n)
{
    s->n = n;
    for (size_t i = 0; i < n; i++)
        s->columns[i] = i;
}

/* Names in a line of their own: texts, or numbers with which the rows begin too. */
static int find_heads(const char *name, const struct grid *g, bool *seen, struct lb_why *why,
                      struct shape *s)
{
    size_t texts = 0;

    for (size_t i = 0; i < width_of(g, 0); i++)
        texts += is_name(cell_at(g, 0, i));
    for (s->corner = 0; s->corner < 2; s->corner++)
        if (names_match(g, s, seen)) {
            s->heads = s->labels = true;
            s->first = 1;
            return 0;
        }
    s->corner = 0;
    if (!texts || (texts == 1 && all_rows_named(g, 0)))
        return 0;
    s->heads = true;
    s->first = 1;
    name_in_order(s, g->n_rows - 1);
    if (all_rows_named(g, 1))
        return lb_fail(why, EINVAL,
                       "%s: the names of its rows are not those of its columns: give both, or none",
                       name);
    if (width_of(g, 0) != s->n)
        return lb_fail(why, EINVAL, "%s: not a square: %zu names, %zu rows", name, width_of(g, 0),
                       s->n);
    return 0;
}

/* A triangle of n rows is one of n CPUs with their diagonal, or of one more without: where the
 * cells that would be the diagonal are latencies like the others. */
static bool lacks_diagonal(const struct grid *g, const struct shape *s, size_t most)
{
    bool lower = width_of(g, 0) == s->labels + 1u && most == g->n_rows;
    bool upper = width_of(g, g->n_rows - 1) == s->labels + 1u && most == g->n_rows;
    double least = INFINITY, diagonal = 0;

    for (size_t r = 0; r < g->n_rows; r++)
        for (size_t i = s->labels; i < width_of(g, r); i++) {
            double ns = number_of(cell_at(g, r, i));
            if (i == (lower ? width_of(g, r) - 1 : (size_t)s->labels))
                diagonal = fmax(diagonal, ns);
            else
                least = fmin(least, ns);
        }
    return (lower || upper) && diagonal > 0 && diagonal >= least;
}

static int find_shape(const char *name, const struct grid *g, struct lb_why *why, struct shape *s)
{
    bool *seen = calloc(g->n_rows + g->n + 1, sizeof *seen);
    int err = seen ? find_heads(name, g, seen, why, s) : -ENOMEM;
    size_t most = 0;

    free(seen);
    if (err || s->heads)
        return err;
    s->labels = all_rows_named(g, 0);
    for (size_t r = 0; r < g->n_rows; r++)
        most = width_of(g, r) > most ? width_of(g, r) : most;
    most -= s->labels;
    s->skips = lacks_diagonal(g, s, most);
    name_in_order(s, (most > g->n_rows ? most : g->n_rows) + s->skips);
    return 0;
}

/* The square -------------------------------------------------------------------------------------
 */

static int put_cell(const char *name, const char *text, size_t line, enum lb_matrix_cell cell,
                    bool diagonal, struct lb_why *why, double *to)
{
    double ns = number_of(text);

    if (is_nothing(text) || diagonal)
        return 0;
    if (!strcasecmp(text, "nan"))
        return lb_fail(why, EINVAL, "%s:%zu: NaN between two CPUs: it was not measured?", name,
                       line);
    if (isnan(ns))
        return lb_fail(why, EINVAL, "%s:%zu: '%s' is no latency in ns", name, line, text);
    if (!(ns > 0))
        return lb_fail(why, EINVAL, "%s:%zu: %s ns between two CPUs: a latency is above 0", name,
                       line, text);
    if (ns > LATENCY_MOST)
        return lb_fail(why, EINVAL, "%s:%zu: %s ns between two CPUs: over a millisecond", name,
                       line, text);
    *to = cell == LB_MATRIX_TRIP ? ns / 2 : ns;
    return 0;
}

/* A square has rows of one width; those of a triangle grow or shrink by a cell. With names, each
 * row says where it belongs. */
static int check_widths(const char *name, const struct grid *g, const struct shape *s,
                        struct lb_why *why)
{
    size_t first = width_of(g, s->first), rows = g->n_rows - s->first;
    size_t last = width_of(g, g->n_rows - 1);

    for (size_t r = s->first; r < g->n_rows; r++) {
        size_t i = r - s->first, width = width_of(g, r);
        size_t expected = last > first ? first + i : last < first ? first - i : first;
        if (width < s->labels || width - s->labels > s->n || width != expected)
            return lb_fail(why, EINVAL, "%s:%zu: not a square: %zu cells in a row, of %zu CPUs",
                           name, g->lines[r], width - (width ? s->labels : 0), s->n);
    }
    if (rows + s->skips != s->n || (first == last && rows > 1 && first - s->labels != s->n))
        return lb_fail(why, EINVAL, "%s: not a square: %zu rows, %zu columns", name, rows,
                       first > last ? first : last);
    return 0;
}

static int fill(const char *name, const struct grid *g, const struct shape *s,
                enum lb_matrix_cell cell, struct lb_why *why, double *ns)
{
    bool upper = width_of(g, s->first) > width_of(g, g->n_rows - 1);
    int err = check_widths(name, g, s, why);

    for (size_t r = s->first; !err && r < g->n_rows; r++) {
        size_t width = width_of(g, r) - s->labels;
        size_t row = s->heads ? s->columns[r - 1] : r + (upper ? 0 : s->skips);
        size_t from = upper ? s->n - width : 0;
        for (size_t i = 0; !err && i < width; i++)
            err = put_cell(name, cell_at(g, r, i + s->labels), g->lines[r], cell, from + i == row,
                           why, &ns[row * s->n + from + i]);
    }
    return err;
}

/* The other way, where a cell is missing. */
static int complete(const char *name, const struct shape *s, struct lb_why *why,
                    struct lb_matrix *m)
{
    size_t missing = 0;

    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < i; k++) {
            double *a = &m->ns[i * s->n + k], *b = &m->ns[k * s->n + i];
            if (isnan(*a) && isnan(*b))
                return lb_fail(why, EINVAL, "%s: nothing between its CPUs %zu and %zu, neither way",
                               name, k + 1, i + 1);
            missing += isnan(*a) || isnan(*b);
            *a = isnan(*a) ? *b : *a;
            *b = isnan(*b) ? *a : *b;
        }
    m->triangle = missing == s->n * (s->n - 1) / 2;
    return 0;
}

static int number_cpus(const char *name, const struct grid *g, const struct shape *s,
                       struct lb_why *why, struct lb_matrix *m)
{
    m->named = s->heads || s->labels;
    for (size_t i = 0; i < s->n; i++) {
        int number = s->heads    ? number_in(cell_at(g, 0, s->corner + i))
                     : s->labels ? number_in(cell_at(g, i, 0))
                                 : (int)i;
        m->cpus[i] = number < 0 ? (int)i : number;
        for (size_t k = 0; k < i; k++)
            if (m->cpus[k] == m->cpus[i])
                return lb_fail(why, EINVAL, "%s: CPU %d is there twice", name, m->cpus[i]);
    }
    return 0;
}

static int make_square(const char *name, const struct grid *g, const struct shape *s,
                       enum lb_matrix_cell cell, struct lb_why *why, struct lb_matrix *m)
{
    int err;

    if (s->n > LB_MATRIX_CPUS_MOST)
        return lb_fail(why, E2BIG, "%s: %zu CPUs: at most %d", name, s->n, LB_MATRIX_CPUS_MOST);
    if (s->n < 2)
        return lb_fail(why, EINVAL, "%s: no matrix of two CPUs or more", name);
    m->n = s->n;
    m->ns = calloc(s->n * s->n, sizeof *m->ns);
    m->cpus = calloc(s->n, sizeof *m->cpus);
    if (!m->ns || !m->cpus)
        return -ENOMEM;
    for (size_t i = 0; i < s->n * s->n; i++)
        m->ns[i] = i % (s->n + 1) ? NAN : 0;
    if ((err = fill(name, g, s, cell, why, m->ns)) || (err = complete(name, s, why, m)) ||
        (err = number_cpus(name, g, s, why, m)))
        return err;
    return lb_matrix_check(name, m, why);
}

int lb_matrix_parse(const char *name, const char *text, enum lb_matrix_cell cell,
                    struct lb_why *why, struct lb_matrix **matrix)
{
    struct lb_matrix *m = calloc(1, sizeof *m);
    struct grid g = {0};
    struct shape s = {0};
    int err = m ? make_grid(text, &g) : -ENOMEM;

    if (!err && !g.n_rows)
        err = lb_fail(why, EINVAL, "%s: no matrix of two CPUs or more", name);
    if (!err && !(s.columns = calloc(g.n_rows + g.n + 2, sizeof *s.columns)))
        err = -ENOMEM;
    if (!err && !(err = find_shape(name, &g, why, &s)))
        err = make_square(name, &g, &s, cell, why, m);
    free(g.cells);
    free(g.rows);
    free(g.lines);
    free(s.columns);
    if (err)
        lb_matrix_destroy(m);
    else
        *matrix = m;
    return err;
}

int lb_matrix_read(const char *path, enum lb_matrix_cell cell, struct lb_why *why,
                   struct lb_matrix **matrix)
{
    char *text;
    size_t n;
    int err = lb_read_regular(AT_FDCWD, path, FILE_MOST, why, &text, &n);

    if (err)
        return err;
    if (strlen(text) != n)
        err = lb_fail(why, EINVAL, "%s: a NUL byte: no text", path);
    else
        err = lb_matrix_parse(path, text, cell, why, matrix);
    free(text);
    return err;
}

void lb_matrix_destroy(struct lb_matrix *m)
{
    if (!m)
        return;
    free(m->ns);
    free(m->cpus);
    free(m);
}
