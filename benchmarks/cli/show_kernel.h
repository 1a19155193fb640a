/* SPDX-License-Identifier: MIT
 *
 * show_kernel: what the running kernel does with its VMAs, as text.
 */
#ifndef LB_SHOW_KERNEL_H
#define LB_SHOW_KERNEL_H

#include "request/settings.h"

/* `linebounce show kernel`; returns the exit status. */
int show_kernel(const struct settings *settings);

#endif
