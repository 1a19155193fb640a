/* SPDX-License-Identifier: MIT
 *
 * The answer of a session, written and printed.
 */
#include "present.h"

#include "exit_status.h"
#include "report/answer_view.h"
#include "report/look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool present_has(const struct session *w, const char *name)
{
    struct stat info;

    return !fstatat(w->dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) && S_ISREG(info.st_mode) &&
           info.st_size > 0;
}

/* All tables of all suites; nothing where there are none. */
static int write_tables(struct session *w, struct lb_why *why)
{
    struct lb_whole file;
    char path[600];
    int err = lb_text_end(w->tables, &w->table_text);

    w->tables = NULL;
    if (!err)
        err = lb_text_end(w->closing, &w->closing_text);
    else
        fclose(w->closing);
    w->closing = NULL;
    if (err || !*w->table_text)
        return err;
    snprintf(path, sizeof path, "%s/table.txt", w->dir);
    if ((err = lb_whole_begin(path, why, &file)))
        return err;
    fputs(w->table_text, file.out);
    return lb_whole_end(&file, 0, why);
}

int present_write(struct session *w, struct lb_found **found)
{
    struct lb_why why = {""};
    int err = write_tables(w, &why);

    if (err)
        return session_complain(lb_explain(&why, err, "table.txt"), EXIT_NOT_MEASURED);
    if ((err = lb_found_read(w->dir, &why, found)))
        return err == -ENODATA ? EXIT_DONE : session_complain(&why, EXIT_NOT_MEASURED);
    err = lb_found_write(*found, &why);
    return err ? session_complain(&why, EXIT_NOT_MEASURED) : EXIT_DONE;
}

/* Names the files that are there, no others. */
static void say_what_there_is(const struct session *w, bool pictures, FILE *out)
{
    static const char *const names[] = {
        "index.html", "table.txt",  "verdicts.json", "answer.csv",   "samples.csv", "summary.csv",
        "pairs.csv",  "matrix.csv", "run.json",      "topology.xml", "lines.csv"};
    struct look look = look_of_stdout(COLOR_NEVER);
    char text[1024];
    struct lb_canvas t = {text, sizeof text, 0};
    const char *before = " (";

    lb_canvas_put(&t, "%s", w->dir);
    for (size_t i = 0; i < LB_COUNT(names); i++)
        if (present_has(w, names[i])) {
            lb_canvas_put(&t, "%s%s", before, names[i]);
            before = ", ";
        }
    lb_canvas_put(&t, "%s)", pictures ? ", plots/" : "");
    fputc('\n', out);
    look_text(out, &look, "Results: ", 9, text);
}

int present_found(const struct settings *s, const struct lb_found *found)
{
    struct look look = look_of_stdout(s->color);
    struct lb_json *json;
    struct lb_why why = {""};
    int err = 0;

    if (s->format == FORMAT_MARKDOWN) {
        answer_markdown(stdout, found);
    } else if (s->format == FORMAT_TEXT) {
        sweep_print_matrix(found, stdout); /* the answer comes last */
        answer_view(stdout, &look, found, s->brief);
    } else if (!(err = lb_found_json(found, &json))) {
        err = lb_json_print(json, stdout);
        lb_json_destroy(json);
    }
    return err ? session_complain(lb_explain(&why, err, "answer"), EXIT_NOT_MEASURED) : EXIT_DONE;
}

/* Sentences that are too long are broken, rows of tables are not. */
static void print_closing(const char *text)
{
    for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
        size_t n = strcspn(text, "\n");
        char line[1024];
        if (strncmp(text, "=> ", 3) != 0 || n >= sizeof line) {
            printf("%.*s\n", (int)n, text);
            continue;
        }
        snprintf(line, sizeof line, "%.*s", (int)n, text);
        wrap_print(line, 0, 3, LOOK_WIDE, stdout);
    }
    putchar('\n');
}

void present(struct session *w, const struct lb_found *found, bool aside, bool pictures)
{
    const struct settings *s = w->settings;
    bool text = s->format == FORMAT_TEXT, measured = found && found->n_cells;

    if (aside || !text) {
        if (!aside && measured)
            present_found(s, found);
        say_what_there_is(w, pictures, stderr);
        return;
    }
    if ((s->verbose || w->tables_shown) && w->table_text)
        fputs(w->table_text, stdout);
    if (session_stop && measured && !s->verbose && !w->tables_shown) {
        answer_interrupted(stdout, found);
        say_what_there_is(w, pictures, stdout);
        printf("So far:  %s show result %s\n", look_program(), w->dir);
        return;
    }
    if (measured && !w->tables_shown && !s->verbose && !s->brief && w->closing_text &&
        *w->closing_text)
        print_closing(w->closing_text);
    if (measured && !w->tables_shown)
        present_found(s, found);
    say_what_there_is(w, pictures, stdout);
    if (measured && !w->tables_shown && !s->brief)
        printf("Tables:  %s show result %s [SCENARIO]\n", look_program(), w->dir);
}

/* Whether a layout of that name costs; -1: there is none. */
static int costs(const struct lb_found *found, const char *name)
{
    int answer = -1;

    for (size_t i = 0; i < found->n_layouts; i++)
        if (!strcmp(found->layouts[i].name, name))
            answer = answer > 0 || found->layouts[i].tally.kind == LB_ANSWER_COSTS;
    return answer;
}

int present_judge(const struct settings *s, const struct lb_found *found)
{
    const char *const *names = s->fail_if.at;
    struct lb_why why = {""};

    for (size_t i = 0; i < s->fail_if.n; i++) {
        int answer = costs(found, names[i]);
        if (answer < 0) {
            lb_fail(&why, ENOENT, "--fail-if: the run has no layout '%s'", names[i]);
            return session_complain(&why, EXIT_NOT_MEASURED);
        }
        if (answer > 0) {
            lb_fail(&why, EPERM, "--fail-if: %s costs here", names[i]);
            return session_complain(&why, EXIT_COSTS);
        }
    }
    for (size_t i = 0; s->require_settled && i < found->n_suites; i++)
        if (found->suites[i].tally.undecided || !found->suites[i].shown) {
            lb_fail(&why, EPERM, "--require settled: %d verdicts of the question are undecided",
                    found->suites[i].tally.undecided);
            return session_complain(&why, EXIT_UNDECIDED);
        }
    return EXIT_DONE;
}
