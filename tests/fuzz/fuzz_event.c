/* SPDX-License-Identifier: MIT
 *
 * Names of --events on a processor that libpfm4 knows and on one that it does not, and raw codes.
 */
#include "fuzz.h"

#include "counters/events_private.h"

static void try_name(const char *text, const struct lb_microarchitecture *here)
{
    struct lb_why why = {""};
    struct lb_event event;
    struct lb_event_code code;

    if (lb_event_parse(text, here, &why, &event)) {
        expect(*why.text);
        return;
    }
    expect(event.name[0]);
    why.text[0] = '\0';
    expect(!lb_event_encode(&event, &why, &code) || *why.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct lb_microarchitecture known = {"zen4", "amd64_fam19h_zen4"}, unknown;
    char *text = fuzz_text(data, size);
    struct lb_event_code code;
    struct lb_why why = {""};

    try_name(text, &known);
    try_name(text, &unknown);
    if (lb_raw_is(text))
        expect(!lb_raw_encode(text, &why, &code) || *why.text);
    free(text);
    return 0;
}
