/* SPDX-License-Identifier: MIT
 *
 * Rows of a CSV file in the order in which pictures show them, and the text that pictures have.
 */
#ifndef LB_PLOT_ROWS_H
#define LB_PLOT_ROWS_H

#include <linebounce/base.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A sweep has many placements: a picture of each is drawn of the first of them. */
#define LB_PLOT_GROUPS_MOST 6

/* Names in the order in which they were first seen: lb_seen_order is that of a name of `length`
 * bytes, from 0; -ENOMEM. */
struct lb_seen {
    char **list;
    size_t n;
};
int lb_seen_order(struct lb_seen *seen, const char *name, size_t length);
/* As if all scenarios of the program had been seen: for files whose rows stand in an order that was
 * drawn. -ENOMEM. */
int lb_seen_scenarios(struct lb_seen *seen);
void lb_seen_free(struct lb_seen *seen);

/* Of the orders the least is shown first. They follow the file, which has the order of the run, so
 * that pictures of layouts, scenarios and locks that nobody has heard of are drawn like others;
 * where that order was drawn (samples.csv) the program's own stand before those. */
struct lb_plot_row {
    char **cells;
    double work_ns; /* NaN: the row has none */
    int group;      /* where it ran and in which regime; -1: of too many */
    int place;      /* where it ran, whatever the regime; none is too many */
    int source;     /* which of the files it is from */
    int64_t panel;  /* scenario, role, writers, their rate, objects */
    int64_t entry;  /* layout and lock; a twin (A/A run) stands behind its original */
};

struct lb_plot_rows {
    const char *const *columns;
    size_t n_columns, n;
    struct lb_plot_row *rows;
    int n_groups, n_places;
    double *works; /* the headline, other pauses from short to long, 0 */
    size_t n_works;
    const char *const *sources; /* what the files are called: the caller's, or NULL */
    size_t n_sources;
};

struct lb_plot_files {
    const char *const *paths, *const *names;
    size_t n;
};

/* Reads the rows that the kind takes of all files one after the other. -ENOMEM, and what
 * lb_csv_open and lb_csv_next say. */
struct lb_plot_kind;
int lb_plot_rows_read(const struct lb_plot_kind *kind, const struct lb_plot_files *files,
                      struct lb_why *why, struct lb_plot_rows *rows);
void lb_plot_rows_free(struct lb_plot_rows *rows);

/* A cell, "" when empty; and as a number, NaN when it is none. */
const char *lb_plot_cell(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                         const char *column);
double lb_plot_number(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                      const char *column);
/* A value with the ends of its interval; an end that is unknown is the value. Columns: value, low,
 * high. */
struct lb_plot_value {
    double value, low, high;
};
struct lb_plot_value lb_plot_value(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                                   const char *const columns[3]);
/* What an axis has to hold: begins as LB_PLOT_RANGE. */
struct lb_plot_range {
    double low, high;
};
#define LB_PLOT_RANGE ((struct lb_plot_range){INFINITY, -INFINITY})
void lb_plot_range_add(struct lb_plot_range *range, const struct lb_plot_value *value);
/* The row that speaks for its case where pictures do not tell regimes apart: that with most of the
 * windows. */
bool lb_plot_speaks(const struct lb_plot_rows *rows, const struct lb_plot_row *row);
/* Whether the memory lies at home: that is where nothing else is said. */
bool lb_plot_is_local(const struct lb_plot_rows *rows, const struct lb_plot_row *row);
/* Its distance's place among those that are known, from near to far; LB_DISTANCES: another. */
int lb_plot_distance(const struct lb_plot_rows *rows, const struct lb_plot_row *row);

/* The rows of one picture: those of a group (or LB_PLOT_ANYWHERE) and work that `shows` (NULL:
 * all).
 */
#define LB_PLOT_ANYWHERE (-2)
typedef bool lb_plot_shows(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                           const void *context);
struct lb_chart {
    const struct lb_plot_rows *rows;
    const struct lb_plot_row **shown;                       /* by panel, entry, place */
    const struct lb_plot_row **panels, **entries, **places; /* one row of each, in order */
    size_t n, n_panels, n_entries, n_places;
};
int lb_chart_make(const struct lb_plot_rows *rows, int group, double work_ns, lb_plot_shows *shows,
                  const void *context, struct lb_chart *chart);
void lb_chart_free(struct lb_chart *chart);
/* Where a row stands, from 1: panels from the first on, entries from below. */
int lb_chart_panel(const struct lb_chart *chart, const struct lb_plot_row *row);
int lb_chart_y(const struct lb_chart *chart, const struct lb_plot_row *row);
/* The same from the first on, from 1. */
int lb_chart_entry(const struct lb_chart *chart, const struct lb_plot_row *row);
int lb_chart_place(const struct lb_chart *chart, const struct lb_plot_row *row);
/* Whether a panel has a row of an entry, both from 0. */
bool lb_chart_has(const struct lb_chart *chart, size_t panel, size_t entry);

/* A text in quotes as gnuplot reads it from a file, whatever is in it; a number, or NaN. */
void lb_dat_text(FILE *out, const char *text);
void lb_dat_number(FILE *out, double value);
void lb_dat_numbers(FILE *out, const double *numbers, size_t n);
void lb_dat_end_block(FILE *out);
/* Begins the line of a picture: file, title, numbers of panels and entries. */
void lb_dat_head(FILE *out, const struct lb_chart *chart, const char *file, const char *title);
/* The same of a kind that has a picture of every group and work: "WHAT, work 200 nsMORE: GROUP". */
void lb_dat_work_head(FILE *out, const struct lb_chart *chart, const char *kind, const char *what,
                      double work_ns, const char *more);
/* Ends the block before. Lines "y label" of the entries; a label names the lock where one layout
 * has several. */
void lb_dat_entries(FILE *out, const struct lb_chart *chart);
/* The same for a picture that has them in a legend: numbered from the first. */
void lb_dat_legend(FILE *out, const struct lb_chart *chart);
/* Begins the line of a panel: its number and title. */
void lb_dat_panel(FILE *out, const struct lb_chart *chart, size_t panel);
/* The whole line, with what its axis has to hold: `range` and the values in these columns. */
void lb_dat_range_panel(FILE *out, const struct lb_chart *chart, size_t panel,
                        const char *const columns[3], struct lb_plot_range range);
/* A line of marks: panel, entry, `third`, and the value in these columns with its interval. */
void lb_dat_mark(FILE *out, const struct lb_chart *chart, const struct lb_plot_row *row, int third,
                 const char *const columns[3]);
/* A line: a number and its label. */
void lb_dat_label(FILE *out, size_t number, const char *label);
#define LB_DAT_TEXT_BYTES 512
/* The placement with its home where that is not local: both would be one otherwise. */
#define LB_DAT_PLACE_BYTES 256
void lb_dat_place(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                  char text[LB_DAT_PLACE_BYTES]);
/* What a panel is called, and where the rows of a group ran. */
void lb_dat_panel_title(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                        char text[LB_DAT_TEXT_BYTES]);
void lb_dat_group_title(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                        char text[LB_DAT_TEXT_BYTES]);
void lb_dat_work_title(double work_ns, char text[LB_DAT_TEXT_BYTES]);
/* A picture's file without its ending: `begin`, and what tells its group from the first. */
void lb_dat_file(const struct lb_plot_rows *rows, const struct lb_plot_row *row, const char *begin,
                 char text[LB_DAT_TEXT_BYTES]);
/* The same of a picture of all groups. */
void lb_dat_name(const struct lb_plot_rows *rows, const char *kind, double work_ns,
                 char text[LB_DAT_TEXT_BYTES]);

/* Whether a row is read; may look at its cells and work_ns alone. */
typedef bool lb_plot_takes(const struct lb_plot_rows *rows, const struct lb_plot_row *row);

/* What NAME.gp draws, and from which file of a run. */
struct lb_plot_kind {
    const char *name, *file;
    const char *const *columns;
    lb_plot_takes *takes;
    /* Writes the pictures of one work, of each group or of all `together` (LB_PLOT_ANYWHERE).
     * Returns how many; -ENOMEM. */
    int (*picture)(const struct lb_plot_rows *rows, int group, double work_ns, FILE *out);
    bool together;
    /* In its place: writes all. */
    int (*put)(const struct lb_plot_rows *rows, FILE *out);
    const char *no_rows, *no_picture;
    const char *one_place; /* in place of the latter where there is but one placement; NULL */
    bool shuffled;         /* the order of the file was drawn */
    bool some_runs;        /* only some have it: nothing is said where it is not drawn */
    bool several;          /* of several folders together */
    /* In place of columns, takes and those two, where rows are too many to be kept as text: as
     * `put`, and what reading says. */
    int (*read)(const char *csv, FILE *out, const char **reason, struct lb_why *why);
};
extern const struct lb_plot_kind lb_plot_causes, lb_plot_fairness, lb_plot_heatmap, lb_plot_layouts,
    lb_plot_offset, lb_plot_onoff, lb_plot_ratio, lb_plot_residues, lb_plot_several,
    lb_plot_threads, lb_plot_windows;
/* All of them; NULL-terminated. */
extern const struct lb_plot_kind *const lb_plot_kinds[];

/* Columns that are needed of each file, and all that are read of summary.csv; NULL-terminated. */
#define LB_PLOT_SUMMARY .file = "summary.csv", .columns = lb_plot_summary_columns
extern const char *const lb_plot_summary_needed[], *const lb_plot_summary_columns[],
                                                       *const lb_plot_samples_columns[],
                                                           *const lb_plot_matrix_columns[];

#endif
