/* SPDX-License-Identifier: MIT
 *
 * The judging parts of the arena stage, apart from the calls that ask the kernel, for the tests.
 */
#ifndef LB_ARENA_PRIVATE_H
#define LB_ARENA_PRIVATE_H

#include <linebounce/arena.h>

#include <stdio.h>

/* Bytes of [start, end) on transparent huge pages according to a file in the format of
 * /proc/self/smaps. Mappings that reach beyond the range are not counted. */
size_t lb_arena_huge_bytes(FILE *smaps, uintptr_t start, uintptr_t end);

/* Judges what move_pages said about n pages: a node each, or -errno. 0 when all are on node_os;
 * -EXDEV with the reason when one is elsewhere; else the first -errno: then it is not known. */
int lb_arena_judge_nodes(const int *status, size_t n, int node_os, struct lb_why *why);

#endif
