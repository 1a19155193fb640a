/* SPDX-License-Identifier: MIT
 *
 * What bpftrace prints: a map of residues.
 */
#include "fuzz.h"

#include <linebounce/kernel.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct lb_why why = {""};
    struct lb_kernel_trace trace;
    uint64_t n = 0;

    if (lb_kernel_trace_parse(text, &why, &trace)) {
        expect(*why.text);
    } else {
        for (int i = 0; i < LB_KERNEL_BINS; i++)
            n += trace.counts[i];
        expect(n == trace.n && n > 0);
    }
    free(text);
    return 0;
}
