/* SPDX-License-Identifier: MIT
 *
 * Several runs beside each other: which of their layouts are the same.
 */
#include <linebounce/answer.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *lb_found_run(const struct lb_found *f)
{
    const char *slash = strrchr(f->dir, '/');

    return slash && slash[1] ? slash + 1 : f->dir;
}

/* Suites that ask about the lock (layouts, sweep) are one; any other is itself. */
static bool same_question(const struct lb_found_suite *a, const struct lb_found_suite *b)
{
    return (a->asks_lock && b->asks_lock) || !strcmp(a->name, b->name);
}

const struct lb_found_layout *lb_found_layout_of(const struct lb_found *f,
                                                 const struct lb_found_row *row)
{
    for (size_t i = 0; i < f->n_layouts; i++) {
        const struct lb_found_layout *l = &f->layouts[i];
        if (!strcmp(l->name, row->layout->name) && !strcmp(l->lock, row->layout->lock) &&
            same_question(&f->suites[l->suite], &row->found->suites[row->layout->suite]))
            return l;
    }
    return NULL;
}

int lb_found_together(struct lb_found *const *found, size_t n, struct lb_found_row **rows,
                      size_t *n_rows)
{
    struct lb_found_row *made;
    size_t most = 0, n_made = 0;

    for (size_t i = 0; i < n; i++)
        most += found[i]->n_layouts;
    if (!(made = calloc(most + 1, sizeof *made)))
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < found[i]->n_layouts; l++) {
            struct lb_found_row row = {found[i], &found[i]->layouts[l]};
            bool known = lb_found_layout_of(found[i], &row) != row.layout;
            for (size_t k = 0; !known && k < i; k++)
                known = lb_found_layout_of(found[k], &row) != NULL;
            if (!known)
                made[n_made++] = row;
        }
    *rows = made;
    *n_rows = n_made;
    return 0;
}

const char *lb_found_row_name(const struct lb_found_row *rows, size_t n, size_t at, char *text,
                              size_t bytes)
{
    const struct lb_found_layout *mine = rows[at].layout;
    bool locks = false, suites = false;

    for (size_t i = 0; i < n; i++)
        if (i != at && !strcmp(rows[i].layout->name, mine->name)) {
            locks |= strcmp(rows[i].layout->lock, mine->lock) != 0;
            suites |= !strcmp(rows[i].layout->lock, mine->lock);
        }
    snprintf(text, bytes, "%s%s%s%s%s%s", mine->name, locks ? "+" : "", locks ? mine->lock : "",
             suites ? " (" : "", suites ? rows[at].found->suites[mine->suite].name : "",
             suites ? ")" : "");
    return text;
}

const char *lb_found_name(struct lb_found *const *found, size_t n, size_t at, char *text,
                          size_t bytes)
{
    const struct lb_found *mine = found[at];
    bool host = *mine->host, run = !host;

    for (size_t i = 0; host && i < n; i++)
        run |= i != at && !strcmp(found[i]->host, mine->host);
    snprintf(text, bytes, "%s%s%s", mine->host, host && run ? ", " : "",
             run ? lb_found_run(mine) : "");
    return text;
}
