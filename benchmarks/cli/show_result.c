/* SPDX-License-Identifier: MIT
 *
 * linebounce show result: the answer and the tables of a results folder, from its files.
 */
#include "show_result.h"

#include "commands.h"
#include "options.h"
#include "output_options.h"
#include "report/answer_view.h"
#include "session/present.h"

#include <linebounce/scenario.h>

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct wish {
    struct settings settings;
    struct answer_choice choice;
    const char *dir;
};

static bool is_folder(const char *path)
{
    struct stat info;

    return !stat(path, &info) && S_ISDIR(info.st_mode);
}

static bool is_scenario(const char *name)
{
    return !lb_scenario_find(name, NULL, &(const struct lb_scenario *){NULL});
}

static void take(struct wish *w, const char *arg, struct argp_state *state)
{
    struct lb_why why = {""};
    const struct lb_scenario *scenario;

    if (!w->dir && is_folder(arg))
        w->dir = arg;
    else if (!w->choice.scenario && is_scenario(arg))
        w->choice.scenario = arg;
    else if (strchr(arg, '/') || w->choice.scenario)
        argp_error(state, "%s: no such folder", arg);
    else if (lb_scenario_find(arg, &why, &scenario))
        argp_error(state, "%s: no such folder, and no scenario: %s", arg, why.text);
}

static error_t words(int key, char *arg, struct argp_state *state, void *input)
{
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    take(input, arg, state);
    return 0;
}

/* Folders are named by the time in UTC, whatever the host. */
static const char *time_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The newest below results/. */
static int find_newest(char *dir, size_t bytes, struct lb_why *why)
{
    glob_t found;
    size_t newest = 0;

    if (glob("results/*/*/run.json", 0, NULL, &found))
        return lb_fail(why, ENOENT, "show result: which folder? There is none below results/");
    for (size_t i = 0; i < found.gl_pathc; i++) {
        *strrchr(found.gl_pathv[i], '/') = '\0';
        if (strncmp(found.gl_pathv[i], "results/reference/", 18) != 0 &&
            strcmp(time_of(found.gl_pathv[i]), time_of(found.gl_pathv[newest])) > 0)
            newest = i;
    }
    snprintf(dir, bytes, "%s", found.gl_pathv[newest]);
    globfree(&found);
    return 0;
}

static int print_tables(const char *dir)
{
    char path[640], *text;
    size_t bytes;
    struct lb_why why = {""};
    int err;

    snprintf(path, sizeof path, "%s/table.txt", dir);
    if ((err = lb_read_regular(AT_FDCWD, path, 0, &why, &text, &bytes)))
        return session_complain(&why, EXIT_NOT_MEASURED);
    fwrite(text, 1, bytes, stdout);
    free(text);
    return EXIT_DONE;
}

static int show(const struct wish *w, const char *dir)
{
    const struct answer_choice *c = &w->choice;
    struct lb_found *found;
    struct lb_why why = {""};
    int status = EXIT_DONE, err = lb_found_read(dir, &why, &found);

    if (err)
        return session_complain(&why, err == -ENOENT ? EXIT_USAGE : EXIT_NOT_MEASURED);
    if (w->settings.verbose)
        status = print_tables(dir);
    if (!c->scenario && !c->saturated && !c->far && !c->why)
        status |= present_found(&w->settings, found);
    else if ((err = answer_tables(stdout, found, c, &why)))
        status = session_complain(lb_explain(&why, err, dir), EXIT_NOT_MEASURED);
    if (!status)
        status = present_judge(&w->settings, found);
    lb_found_destroy(found);
    return status;
}

int show_result(int argc, char **argv)
{
    static const struct option_row options[] = {
        {"saturated", 0, NULL, "Tables of saturated throughput, without a pause", option_flag,
         OPTION_AT(struct wish, choice.saturated)},
        {"far", 0, NULL, "Tables of the other distances that were seen", option_flag,
         OPTION_AT(struct wish, choice.far)},
        {"why", 0, NULL, "Tables of where the time goes: on and off the CPU, slow ops", option_flag,
         OPTION_AT(struct wish, choice.why)},
        {0},
    };
    static const struct option_table tables[] = {
        {.rows = options},
        {.rows = output_options, .at = offsetof(struct wish, settings), .shows_usage = true},
        {0}};
    static const struct command_line line = {
        .name = "linebounce show result",
        .tables = tables,
        .words = words,
        .args = "[DIR] [SCENARIO]",
        .doc =
            "Prints the answer of a results folder, from its files; of the newest below results/ "
            "unless DIR says otherwise. With SCENARIO, --saturated, --far or --why: its tables."};
    struct wish w = {.dir = NULL};
    struct lb_why why = {""};
    char newest[512];
    int status;

    settings_init(&w.settings);
    options_parse(&line, argc, argv, &w);
    if (!w.dir && find_newest(newest, sizeof newest, &why))
        status = session_complain(&why, EXIT_USAGE);
    else
        status = show(&w, w.dir ? w.dir : newest);
    settings_finish(&w.settings);
    return status;
}
