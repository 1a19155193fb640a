/* SPDX-License-Identifier: MIT
 *
 * dat_fixture: see the header.
 */
#include "dat_fixture.h"

#include "report/plot_private.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

char dat_folder[512];

static const char *scripts(void)
{
    const char *given = getenv("LB_PLOT_SCRIPTS");

    return given ? given : "results/plots";
}

int dat_set_up(void **state)
{
    const char *parent = getenv("TMPDIR");

    (void)state;
    snprintf(dat_folder, sizeof dat_folder, "%.400s/lb-dat-XXXXXX",
             parent && *parent ? parent : "/tmp");
    return mkdtemp(dat_folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

int dat_tear_down(void **state)
{
    (void)state;
    return nftw(dat_folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static char *path_of(const char *name)
{
    char *path;

    assert_true(asprintf(&path, "%s/%s", dat_folder, name) > 0);
    return path;
}

void dat_write(const char *name, const char *header, const char *row, const char *const *rows)
{
    char *path = path_of(name);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fprintf(file, "%s\n", header);
    for (; *rows; rows++)
        fprintf(file, "%s%s\n", row, *rows);
    assert_int_equal(fclose(file), 0);
    free(path);
}

static char *text_of(const char *name)
{
    char *path = path_of(name), *text = NULL;
    FILE *file = fopen(path, "r");
    size_t room = 0;

    if (!file || getdelim(&text, &room, '\0', file) < 0)
        fail_msg("%s cannot be read", path);
    fclose(file);
    free(path);
    return text;
}

static void look(const char *name, const char *const *texts, bool says)
{
    char *text = text_of(name);

    for (char *s = text; *s; s++)
        if (*s == '\t')
            *s = '|';
    for (; *texts; texts++)
        if (!strstr(text, *texts) == says)
            fail_msg("%s says%s '%s':\n%s", name, says ? " not" : "", *texts, text);
    free(text);
}

static void write_data(const char *kind, char name[64])
{
    struct lb_why why = {""};

    if (lb_plot_data(dat_folder, kind, dat_folder, &why))
        fail_msg("%s", why.text);
    snprintf(name, 64, "%s.dat", kind);
}

void dat_says(const char *kind, const char *const *texts)
{
    char name[64];

    write_data(kind, name);
    look(name, texts, true);
}

void dat_says_not(const char *kind, const char *const *texts)
{
    char name[64];

    write_data(kind, name);
    look(name, texts, false);
}

void dat_file_says(const char *name, const char *const *texts)
{
    look(name, texts, true);
}

/* Drawing ------------------------------------------------------------------------------------- */

void dat_need_gnuplot(void)
{
    if (system("gnuplot --version >/dev/null 2>&1") == 0)
        return;
    print_message("gnuplot is not installed\n");
    skip();
}

void dat_by_hand(const char *script, int status, const char *says)
{
    char command[4096], said[2048] = "";
    FILE *pipe;

    snprintf(command, sizeof command, "gnuplot -d -e \"dir='%s'\" %s/%s.gp 2>&1", dat_folder,
             scripts(), script);
    assert_non_null(pipe = popen(command, "r"));
    size_t n = fread(said, 1, sizeof said - 1, pipe);
    said[n ? n - 1 : 0] = '\0'; /* without the last newline */
    const char *newline = strrchr(said, '\n'), *line = newline ? newline + 1 : said;
    int ended = pclose(pipe);
    if (!WIFEXITED(ended) || WEXITSTATUS(ended) != status || !strstr(line, says))
        fail_msg("%s: status %d, '%s', not '%s'", script, WEXITSTATUS(ended), said, says);
}

void dat_draw_one(const char *script, int status, const char *says)
{
    struct lb_why why = {""};
    char *plots = path_of("plots");

    if (lb_make_folders(plots, &why) || lb_plot_data(dat_folder, script, plots, &why))
        fail_msg("%s", why.text);
    free(plots);
    dat_by_hand(script, status, says);
}

void dat_shows(const char *name, const char *const *texts, bool shows)
{
    char file[128], *svg;

    snprintf(file, sizeof file, "plots/%s.png", name);
    char *png = text_of(file);
    assert_memory_equal(png, "\x89PNG", 4);
    free(png);
    snprintf(file, sizeof file, "plots/%s.svg", name);
    svg = text_of(file);
    assert_non_null(strstr(svg, "</svg>"));
    for (; *texts; texts++)
        if (!strstr(svg, *texts) == shows)
            fail_msg("%s: '%s' is %sthere", file, *texts, shows ? "not " : "");
    free(svg);
}
