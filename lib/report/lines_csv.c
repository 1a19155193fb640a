/* SPDX-License-Identifier: MIT
 *
 * lines.csv: what lies in each line of a run's layouts, a row a piece.
 */
#include <linebounce/page.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct lb_column columns[] = {
    {"schema_version", "version of these columns; rows of different versions are not mixed"},
    {"layout", "name of the layout"},
    {"lock", "kind of lock in it; empty where nobody locks (whatif)"},
    {"moved_from", "the layout that this is a moved copy of; empty otherwise"},
    {"meaning", "what it stands for"},
    {"part", "object, or lock where that is an object of its own"},
    {"size_bytes", "of the part"},
    {"stride_bytes", "from one to the next in a slab"},
    {"starts", "bytes into a line of 64 at which it begins, in the slab's order, joined by ;"},
    {"neighbour_pairs", "pairs of neighbours in a slab"},
    {"neighbour_pairs_sharing",
     "of them: a word written under the one lock lies on a line that the other's op touches"},
    {"offset_bytes", "of the piece, from the part's start"},
    {"bytes", "of the piece"},
    {"field", "name of the field, or count, owner and lock: what of the lock it is"},
    {"kind",
     "field, pointer (to the lock), lock word (written whenever it is taken or given back), lock "
     "(the rest of it), or other (no op touches it)"},
    {"read_by", "every op, whoever locks, readers or writers; empty: nobody"},
    {"written_by", "likewise"},
};
/* clang-format on */

const struct lb_schema lb_schema_lines = {"lines.csv", columns, LB_COUNT(columns)};

/* Writing ------------------------------------------------------------------------------------ */

static void fill_part(struct lb_row *row, const struct lb_lines *l, const struct lb_part *part)
{
    lb_row_clear(row);
    lb_row_text(row, "layout", l->name);
    lb_row_text(row, "lock", l->lock);
    lb_row_text(row, "moved_from", l->moved_from);
    lb_row_text(row, "meaning", l->meaning);
    lb_row_text(row, "part", part == &l->object ? "object" : "lock");
    lb_row_int(row, "size_bytes", (int64_t)part->size_bytes);
    lb_row_int(row, "stride_bytes", (int64_t)part->stride_bytes);
    for (size_t i = 0; i < part->n_starts; i++)
        lb_row_more_int(row, "starts", part->starts[i]);
    lb_row_int(row, "neighbour_pairs", l->pairs);
    lb_row_int(row, "neighbour_pairs_sharing", l->pairs_sharing);
}

static int write_part(const struct lb_lines *l, const struct lb_part *part, struct lb_row *row,
                      struct lb_csv *csv, struct lb_why *why)
{
    int err = 0;

    for (size_t i = 0; !err && i < part->n_pieces; i++) {
        const struct lb_piece *p = &part->pieces[i];
        fill_part(row, l, part);
        lb_row_int(row, "offset_bytes", (int64_t)p->offset);
        lb_row_int(row, "bytes", (int64_t)p->bytes);
        lb_row_text(row, "field", p->name);
        lb_row_text(row, "kind", lb_piece_kind_name(p->kind));
        lb_row_text(row, "read_by", lb_by_name(p->reads));
        lb_row_text(row, "written_by", lb_by_name(p->writes));
        err = lb_csv_append(csv, row, why);
    }
    return err;
}

int lb_lines_write(const struct lb_lines *lines, struct lb_csv *csv, struct lb_why *why)
{
    struct lb_row *row;
    int err = lb_row_create(&lb_schema_lines, &row);

    if (err)
        return lb_fail(why, -err, "lines.csv: %s", strerror(-err));
    if (!(err = write_part(lines, &lines->object, row, csv, why)))
        err = write_part(lines, &lines->apart, row, csv, why);
    lb_row_destroy(row);
    return err;
}

/* Reading ------------------------------------------------------------------------------------ */

/* What a file of somebody else's may not have more of than makes sense. */
#define BYTES_MOST (1 << 20)

static size_t number(const struct lb_csv_reader *r, const char *column)
{
    double value = lb_csv_number(r, column);

    return value > 0 && value < BYTES_MOST ? (size_t)value : 0;
}

#define TAKE(TO, COLUMN) snprintf(TO, sizeof(TO), "%s", lb_csv_cell(r, COLUMN))

static void read_layout(const struct lb_csv_reader *r, struct lb_lines *l)
{
    TAKE(l->name, "layout");
    TAKE(l->lock, "lock");
    TAKE(l->moved_from, "moved_from");
    TAKE(l->meaning, "meaning");
    l->pairs = (unsigned)number(r, "neighbour_pairs");
    l->pairs_sharing = (unsigned)number(r, "neighbour_pairs_sharing");
}

static void read_starts(const char *text, struct lb_part *part)
{
    char *end;

    for (; *text && part->n_starts < LB_LINE_BYTES; text = *end ? end + 1 : end) {
        unsigned long start = strtoul(text, &end, 10);
        if (end == text)
            return;
        part->starts[part->n_starts++] = (unsigned)(start % LB_LINE_BYTES);
    }
}

static enum lb_piece_kind kind_named(const char *name)
{
    for (int i = 0; i < LB_PIECE_KINDS; i++)
        if (!strcmp(name, lb_piece_kind_name((enum lb_piece_kind)i)))
            return (enum lb_piece_kind)i;
    return LB_PIECE_OTHER;
}

static int read_piece(const struct lb_csv_reader *r, struct lb_lines *l)
{
    bool object = strcmp(lb_csv_cell(r, "part"), "lock") != 0;
    struct lb_part *part = object ? &l->object : &l->apart;
    struct lb_piece *p = lb_more(&part->pieces, &part->n_pieces, sizeof *p);

    if (!p)
        return -ENOMEM;
    if (part->n_pieces == 1) {
        part->size_bytes = number(r, "size_bytes");
        part->stride_bytes = number(r, "stride_bytes");
        read_starts(lb_csv_cell(r, "starts"), part);
    }
    *p = (struct lb_piece){.offset = number(r, "offset_bytes"),
                           .bytes = number(r, "bytes"),
                           .kind = kind_named(lb_csv_cell(r, "kind")),
                           .reads = lb_by_find(lb_csv_cell(r, "read_by")),
                           .writes = lb_by_find(lb_csv_cell(r, "written_by"))};
    TAKE(p->name, "field");
    return 0;
}

/* What the file has, or had before the run was gone on with. */
struct known {
    struct lb_lines *at;
    size_t n;
};

/* Into the row's layout: the last one, or a new one behind it. */
static int take_row(const struct lb_csv_reader *r, void *known)
{
    struct known *k = known;
    struct lb_lines *l = k->n ? &k->at[k->n - 1] : NULL;

    if (!l || strcmp(l->name, lb_csv_cell(r, "layout")) != 0 ||
        strcmp(l->lock, lb_csv_cell(r, "lock")) != 0) {
        if (!(l = lb_more(&k->at, &k->n, sizeof *l)))
            return -ENOMEM;
        read_layout(r, l);
    }
    return read_piece(r, l);
}

int lb_lines_read(const char *path, struct lb_why *why, struct lb_lines **lines, size_t *n)
{
    static const char *const needed[] = {"layout", "part", "offset_bytes", "bytes", "field", NULL};
    struct known known = {NULL, 0};
    int err = lb_csv_each(NULL, path, needed, why, take_row, &known);

    if (err) {
        lb_lines_drop(known.at, known.n);
        return err;
    }
    *lines = known.at;
    *n = known.n;
    return 0;
}

void lb_lines_drop(struct lb_lines *lines, size_t n)
{
    for (size_t i = 0; i < n; i++)
        lb_lines_finish(&lines[i]);
    free(lines);
}

/* Of a plan ---------------------------------------------------------------------------------- */

static bool is_known(const struct known *known, const char *layout, const char *lock)
{
    for (size_t i = 0; i < known->n; i++)
        if (!strcmp(known->at[i].name, layout) &&
            (!*known->at[i].lock || !strcmp(known->at[i].lock, lock)))
            return true;
    return false;
}

static bool was_before(const struct lb_plan *plan, size_t i)
{
    const struct lb_workload *shape = &plan->cases[i].shape;

    for (size_t k = 0; k < i; k++)
        if (plan->cases[k].shape.layout == shape->layout &&
            plan->cases[k].shape.lock == shape->lock)
            return true;
    return false;
}

static int record(const struct lb_plan *plan, const struct known *known, struct lb_csv *csv,
                  struct lb_why *why)
{
    int err = 0;

    for (size_t i = 0; !err && i < plan->n_cases; i++) {
        const struct lb_workload *shape = &plan->cases[i].shape;
        struct lb_lines lines;
        if (!shape->layout || was_before(plan, i) ||
            is_known(known, shape->layout->name, lb_lock_info(shape->lock)->name))
            continue;
        if ((err = lb_lines_init(shape->layout, shape->lock, why, &lines)))
            continue;
        err = lb_lines_write(&lines, csv, why);
        lb_lines_finish(&lines);
    }
    return err;
}

static bool has_layouts(const struct lb_plan *plan)
{
    for (size_t i = 0; i < plan->n_cases; i++)
        if (plan->cases[i].shape.layout)
            return true;
    return false;
}

int lb_lines_record(const struct lb_plan *plan, const char *dir, struct lb_why *why)
{
    struct known known = {NULL, 0};
    struct lb_csv *csv;
    char path[4200];
    int err;

    if (!has_layouts(plan))
        return 0;
    snprintf(path, sizeof path, "%s/%s", dir, lb_schema_lines.file);
    err = lb_lines_read(path, why, &known.at, &known.n);
    if (err == -ENOENT)
        err = lb_csv_create(&lb_schema_lines, path, why, &csv);
    else if (!err || err == -ENODATA)
        err = lb_csv_reopen(&lb_schema_lines, path, why, &csv);
    if (!err) {
        err = record(plan, &known, csv, why);
        lb_csv_close(csv);
    }
    lb_lines_drop(known.at, known.n);
    return err;
}
