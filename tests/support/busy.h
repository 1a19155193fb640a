/* SPDX-License-Identifier: MIT
 *
 * One rule for what wants a window that nobody disturbs: it is tried a bounded number of times, and
 * where none comes the machine is too busy to say anything. That is no failure: the test skips.
 */
#ifndef LB_TESTS_BUSY_H
#define LB_TESTS_BUSY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Windows of 1 or 2 ms. */
#define BUSY_TRIES 400

/* `wanted` goes behind "for": "a window of 1 ms". */
static inline void skip_busy(const char *wanted)
{
    print_message("skipped: the machine is too busy for %s\n", wanted);
    skip();
}

#endif
