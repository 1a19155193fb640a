/* SPDX-License-Identifier: MIT
 *
 * show_kernel: what the running kernel does with its VMAs, as text and for run.json.
 */
#ifndef LB_SHOW_KERNEL_H
#define LB_SHOW_KERNEL_H

#include "settings.h"

#include <linebounce/record.h>

/* `linebounce show kernel`; returns the exit status. */
int show_kernel(const struct settings *settings);

/* The object "kernel" of run.json: what results/README.md lists there. */
void show_kernel_manifest(struct lb_json *json);

#endif
