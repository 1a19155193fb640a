/* SPDX-License-Identifier: MIT
 *
 * Latencies between all CPUs, as people post them.
 */
#include "fuzz.h"

#include <linebounce/matrix.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct lb_why why = {""};
    struct lb_matrix *m;
    size_t pairs = 0;

    if (lb_matrix_parse("text", text, LB_MATRIX_HALF, &why, &m)) {
        expect(*why.text);
    } else {
        expect(m->n >= 2 && m->n <= LB_MATRIX_CPUS_MOST);
        for (size_t i = 0; i < m->n * m->n; i++)
            expect(i % (m->n + 1) ? m->ns[i] > 0 && m->ns[i] <= 1e6 : m->ns[i] == 0);
        for (size_t i = 0; i < m->n_classes; i++)
            pairs += m->class_pairs[i];
        expect(pairs == m->n * (m->n - 1) / 2);
        lb_matrix_destroy(m);
    }
    free(text);
    return 0;
}
