/* SPDX-License-Identifier: MIT
 *
 * interrupts: whether the kernel took the CPU away from a thread, if only for a tick of its timer.
 *
 * On x86-64 a selector that names no segment lies in a segment register that 64-bit code has no use
 * for (ES). Whenever the processor returns from the kernel by IRET, as it does from interrupts,
 * exceptions and switches of threads but not from system calls, it clears what user code may not
 * have there. So a mark that is still in place says that nothing came between; it costs a few
 * cycles, no line of memory and no system call. Where interrupts end otherwise (FRED, ERETU; other
 * architectures) the mark says nothing, and lb_interrupts_told is false. What a hypervisor does
 * without the kernel's knowing leaves the mark in place.
 */
#ifndef LINEBOUNCE_INTERRUPTS_H
#define LINEBOUNCE_INTERRUPTS_H

#include <linebounce/base.h>

#include <stdbool.h>

LB_BEGIN_C

/* Whether a mark is lost here as it should be: tried once in the process, with a page fault. */
bool lb_interrupts_told(void);

/* Of the calling thread. The mark is put in place; whether it has been lost since (then it is to be
 * put in place anew); it is taken away. Without lb_interrupts_told they do nothing, and nothing was
 * ever lost. */
void lb_interrupts_mark(void);
bool lb_interrupts_since_mark(void);
void lb_interrupts_unmark(void);

LB_END_C

#endif
