/* SPDX-License-Identifier: MIT
 *
 * prefetcher: Intel's adjacent-line prefetcher, which fetches the other line of a 128-byte pair and
 * so couples lines that share nothing. It is read and set through bit 1 of MSR 0x1A4
 * (MSR_MISC_FEATURE_CONTROL, one register a core; a set bit switches it off; Intel, "Disclosure of
 * Hardware Prefetcher Control on Some Intel Processors", 2014).
 *
 * The register outlives the process. So a guardian, a child of its own session, holds the old
 * values and one end of a pipe: when this process ends, in whatever way, SIGKILL included, the pipe
 * closes, and the guardian writes the old values back. Only where both are killed does the register
 * stay as it was set, until the machine starts anew or somebody writes to it.
 */
#ifndef LINEBOUNCE_PREFETCHER_H
#define LINEBOUNCE_PREFETCHER_H

#include <linebounce/base.h>

#include <stdbool.h>

LB_BEGIN_C

enum lb_prefetcher_state {
    LB_PREFETCHER_ON,
    LB_PREFETCHER_OFF,
    LB_PREFETCHER_MIXED, /* on for some PUs, off for others */
};
const char *lb_prefetcher_name(enum lb_prefetcher_state state); /* "on", "off", "mixed" */

/* Where the registers are: ROOT/N/msr for PU N, 8 bytes at offset 0x1A4, as Linux' msr module shows
 * them. NULL as `root` means this. */
#define LB_PREFETCHER_ROOT "/dev/cpu"

/* The state over those PUs. -ENOENT where there is no such file (the module msr is not loaded),
 * -EACCES, -EPERM without the right to it, -EIO where the processor has no such register. */
int lb_prefetcher_read(const char *root, const int *pu_os, int n, struct lb_why *why,
                       enum lb_prefetcher_state *state);

/* Switches it on or off on those PUs and starts the guardian. To be called while the process has
 * one thread: the guardian is forked. Only bit 1 changes. What is written is read back: -EOPNOTSUPP
 * where the register did not take it (a hypervisor may swallow it). On any error all PUs have their
 * old value again. Errors as lb_prefetcher_read, and those of fork and pipe; -EBUSY while another
 * process has set one of them and not restored it yet (flock on the register's file). */
struct lb_prefetcher;
int lb_prefetcher_set(const char *root, const int *pu_os, int n, bool on, struct lb_why *why,
                      struct lb_prefetcher **prefetcher);
/* Writes the old values back and ends the guardian. NULL-safe. 0, or the first error (the others
 * were tried all the same); -ESRCH where all is back but the guardian had died before. */
int lb_prefetcher_restore(struct lb_prefetcher *prefetcher, struct lb_why *why);

LB_END_C

#endif
