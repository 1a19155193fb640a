/* SPDX-License-Identifier: MIT
 *
 * BTF made by hand: structures of several generations of the kernel, and odd ones.
 */
#ifndef BTF_FIXTURE_H
#define BTF_FIXTURE_H

#include <bpf/btf.h>

/* "6.4", "6.15", "moved" (the same with its refcount at 184), "inline" (lock at 192, 256 bytes),
 * "inline-32" (the same with the semaphore of 2026), "odd"; "more" (locks of PREEMPT_RT
 * kernels, unions, C11's atomics), "hostile" (members outside of what holds them), "copies" (40,000
 * structures of two names); NULL for another. */
struct btf *btf_fixture(const char *name);
extern const char *const btf_fixtures[]; /* ends with a NULL */

#endif
