/* SPDX-License-Identifier: MIT
 *
 * A run.json: texts and lists of it by path, and held against a document of ours.
 */
#include "fuzz.h"

#include <linebounce/record.h>

#include <errno.h>
#include <string.h>

static void read_path(const char *file, const char *path)
{
    struct lb_why why = {""};
    char **texts, text[40];
    size_t n;

    if (!lb_json_read_texts(file, path, &why, &texts, &n)) {
        for (size_t i = 0; i < n; i++)
            expect(texts[i]);
        expect(!texts[n]);
        lb_json_drop_texts(texts);
    } else {
        expect(*why.text);
    }
    why.text[0] = '\0';
    if (!lb_json_read_text(file, path, &why, text, sizeof text))
        expect(strlen(text) < sizeof text);
    else
        expect(*why.text);
}

static void hold_against(const char *file)
{
    static struct lb_json *ours;
    struct lb_why why = {""};

    if (!ours) {
        expect(!lb_json_create(&ours));
        expect(!lb_json_text(ours, "plan.suite", "sweep"));
        expect(!lb_json_number(ours, "plan.work_ns", 0.1));
        expect(!lb_json_push_text(ours, "plan.layouts", "pointer"));
        expect(!lb_json_push_text(ours, "plan.layouts", "embedded"));
        expect(!lb_json_bool(ours, "plan.controls.on", true));
    }
    expect(!lb_json_same(ours, file, "plan", &why) || *why.text);
    expect(!lb_json_same(ours, file, "machine", &why) || *why.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[] = {"run.command",
                                        "plan.layouts",
                                        "machine.host",
                                        "a.b.c",
                                        "sweep.arguments",
                                        "identity.arguments",
                                        ""};
    const char *file = fuzz_file("run.json", data, size);

    for (size_t i = 0; i < LB_COUNT(paths); i++)
        read_path(file, paths[i]);
    hold_against(file);
    return 0;
}
