/* SPDX-License-Identifier: MIT
 *
 * A run folder of texts, and what is written of it for the scripts to draw.
 */
#ifndef DAT_FIXTURE_H
#define DAT_FIXTURE_H

#include <linebounce/base.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The folder of the present test, made before it and removed after it. */
extern char dat_folder[512];
int dat_set_up(void **state);
int dat_tear_down(void **state);
#define DAT_TEST(name) cmocka_unit_test_setup_teardown(name, dat_set_up, dat_tear_down)

/* A file of the folder: a header, then rows that `row` stands before ("3,": the schema). */
void dat_write(const char *name, const char *header, const char *row, const char *const *rows);
#define DAT_ROWS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* What lb_plot_data writes for the script; fails where it does not hold each of the texts, with
 * '|' for a tab. */
void dat_says(const char *kind, const char *const *texts);
void dat_says_not(const char *kind, const char *const *texts);
/* The same of a file of the folder that is there. */
void dat_file_says(const char *name, const char *const *texts);
#define DAT_SAYS(kind, ...)     dat_says(kind, DAT_ROWS(__VA_ARGS__))
#define DAT_SAYS_NOT(kind, ...) dat_says_not(kind, DAT_ROWS(__VA_ARGS__))

/* Whether there is a gnuplot; the test is skipped without. */
void dat_need_gnuplot(void);
/* That the script, run by hand for the folder, ends with that status and those last words. */
void dat_by_hand(const char *script, int status, const char *says);
/* The same with its data from the folder's files. */
void dat_draw_one(const char *script, int status, const char *says);
/* That plots/NAME.svg says each of the texts (or none of them), and its .png is one. */
void dat_shows(const char *name, const char *const *texts, bool shows);
#define DAT_SHOWS(name, ...)     dat_shows(name, DAT_ROWS(__VA_ARGS__), true)
#define DAT_SHOWS_NOT(name, ...) dat_shows(name, DAT_ROWS(__VA_ARGS__), false)

#endif
