/* SPDX-License-Identifier: MIT
 *
 * cpu_list: CPU numbers as the kernel lists them: "0-3,8".
 */
#ifndef LINEBOUNCE_CPU_LIST_H
#define LINEBOUNCE_CPU_LIST_H

#include <linebounce/base.h>

LB_BEGIN_C

/* Writes the numbers in ascending order, neighbours as ranges, whatever order they come in. What
 * does not fit is cut behind a whole item and ends in "...". Returns text. -1 and other negative
 * numbers are left out; of none the text is empty. */
const char *lb_cpus_text(const int *pu_os, size_t n, char *text, size_t bytes);

/* Reads such a list, as files of the kernel hold it; the numbers come ascending, each once, and are
 * freed with free. "" and "none" are no CPUs (*pu_os NULL). -EINVAL for any other text, for a range
 * that runs backwards and for numbers from LB_CPUS_MOST on; -ENOMEM. */
#define LB_CPUS_MOST 65536
int lb_cpus_parse(const char *list, int **pu_os, size_t *n);

LB_END_C

#endif
