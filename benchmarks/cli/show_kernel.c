/* SPDX-License-Identifier: MIT
 *
 * What the running kernel does with its VMAs, on the terminal and in run.json.
 */
#include "show_kernel.h"

#include "commands.h"

#include <linebounce/kernel.h>

#include <stdio.h>
#include <stdlib.h>

/* Enough for some thousand addresses; bpftrace itself takes a second or two to attach. */
#define TRACE_S       3
#define TRACE_LIMIT_S 20.0

static int no_memory(void)
{
    fputs("linebounce: show: out of memory\n", stderr);
    return EXIT_NOT_MEASURED;
}

static int print(const struct lb_kernel *k, const struct lb_kernel_trace *trace)
{
    int length = lb_kernel_draw(k, trace, NULL, 0);
    char *text = malloc((size_t)length + 1);

    if (!text)
        return no_memory();
    lb_kernel_draw(k, trace, text, (size_t)length + 1);
    fputs(text, stdout);
    free(text);
    return EXIT_DONE;
}

int show_kernel(const struct settings *s)
{
    struct lb_kernel *k = malloc(sizeof *k);
    struct lb_kernel_trace trace;
    struct lb_why why = {""};
    int status, err = 0;

    if (!k)
        return no_memory();
    lb_kernel_read(NULL, k);
    if (s->trace && !(err = lb_kernel_trace_missing(k, NULL, &why)))
        err = lb_kernel_trace_run(TRACE_S, TRACE_LIMIT_S, &why, &trace);
    status = print(k, s->trace && !err ? &trace : NULL);
    if (err) {
        fflush(stdout);
        fprintf(stderr, "linebounce: %s\n", lb_explain(&why, err, "trace")->text);
        status = EXIT_NOT_MEASURED;
    }
    free(k);
    return status;
}
