/* SPDX-License-Identifier: MIT
 *
 * Two result folders that are compared: samples.csv of A and of B, then run.json of A and of B.
 */
#include "fuzz.h"

#include <linebounce/compare_view.h>

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

/* What people are shown: names, the answer, parts that differ, a page. */
static void show(const struct lb_compare *c)
{
    struct lb_compare_view view;
    struct lb_why why = {""};
    char text[LB_COMPARE_NAME_BYTES];

    expect(!lb_compare_view_init(c, NULL, LB_COMPARE_BY_CHANGE, &view));
    expect(view.n <= c->n_common && view.n_changed <= view.n);
    for (size_t i = 0; i < view.n; i++)
        expect(*lb_compare_name(&view, view.rows[i], text));
    for (size_t i = 0; i < c->n_differences; i++)
        for (int side = 0; side < 2; side++)
            lb_compare_part(&c->differences[i], side, 72, text, sizeof text);
    lb_compare_view_finish(&view);
    expect(!lb_compare_page(c, fuzz_path("page.html"), &why));
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
        show(compare);
        lb_compare_destroy(compare);
    } else {
        expect(*why.text);
    }
    return 0;
}
