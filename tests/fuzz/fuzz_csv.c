/* SPDX-License-Identifier: MIT
 *
 * A CSV file: read row by row, every cell by name, and opened again to go on writing.
 */
#include "fuzz.h"

#include <linebounce/record.h>

#include <math.h>
#include <string.h>
#include <unistd.h>

static void read_cells(const struct lb_csv_reader *reader)
{
    for (size_t i = 0; i < lb_schema_samples.n_columns; i++) {
        const char *name = lb_schema_samples.columns[i].name;
        double number = lb_csv_number(reader, name);
        expect(*lb_csv_cell(reader, name) || isnan(number));
    }
}

/* How many rows there are; -1: an error, which has a sentence. */
static long read_rows(const char *path, const char *const *needed)
{
    struct lb_why why = {""};
    struct lb_csv_reader *reader;
    long n = 0;
    int got;

    if (lb_csv_open(path, needed, &why, &reader)) {
        expect(*why.text);
        return -1;
    }
    while ((got = lb_csv_next(reader, &why)) == 1) {
        read_cells(reader);
        n++;
    }
    expect(got == 0 || *why.text);
    expect(lb_csv_torn(reader) <= 1);
    lb_csv_reader_close(reader);
    return got ? -1 : n;
}

/* A row that is appended can be read back, behind all that could be read before. */
static void append(const char *path)
{
    struct lb_why why = {""};
    struct lb_csv *csv;
    struct lb_row *row;
    long before = read_rows(path, NULL);

    if (lb_csv_reopen(&lb_schema_samples, path, &why, &csv)) {
        expect(*why.text);
        return;
    }
    expect(!lb_row_create(&lb_schema_samples, &row));
    expect(!lb_row_text(row, "layout", "a\"b,c\n"));
    expect(!lb_csv_append(csv, row, &why));
    lb_row_destroy(row);
    lb_csv_close(csv);
    expect(before < 0 || read_rows(path, NULL) == before + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const needed[] = {"ns_op", NULL};
    const char *path = fuzz_file("samples.csv", data, size);

    read_rows(path, needed);
    append(path);
    return 0;
}
