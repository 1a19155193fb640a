/* SPDX-License-Identifier: MIT
 *
 * Two result folders that are compared: samples.csv of A and of B, then run.json of A and of B.
 */
#include "fuzz.h"

#include <linebounce/compare.h>

#include <string.h>
#include <unistd.h>

static void write_out(const struct lb_compare *c)
{
    char *text;

    expect(!lb_compare_csv(c, &text));
    free(text);
    expect(!lb_compare_json(c, &text));
    free(text);
    expect(lb_compare_slower(c, 0.05) <= c->n_cases);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"a/samples.csv", "b/samples.csv", "a/run.json",
                                        "b/run.json"};
    struct lb_why why = {""};
    struct lb_compare *compare;

    expect(!lb_make_folders(fuzz_path("a"), &why) && !lb_make_folders(fuzz_path("b"), &why));
    for (size_t i = 0; i < LB_COUNT(names); i++) {
        char *part = fuzz_part(&data, &size);
        fuzz_file(names[i], part, strlen(part));
        free(part);
    }
    const char *a[] = {fuzz_path("a")}, *b[] = {fuzz_path("b")};
    struct lb_compare_request request = {.paths = {a, b}, .n_paths = {1, 1}, .margin = {2, 0.02}};
    if (!lb_compare_create(&request, &why, &compare)) {
        write_out(compare);
        lb_compare_destroy(compare);
    } else {
        expect(*why.text);
    }
    return 0;
}
