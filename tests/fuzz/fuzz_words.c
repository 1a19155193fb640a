/* SPDX-License-Identifier: MIT
 *
 * Short texts of the command line and of the machine: the first byte says whose.
 */
#include "fuzz.h"

#include "counters/events_private.h"
#include "base/number.h"

#include <linebounce/memory.h>
#include <linebounce/placement.h>
#include <linebounce/scenario.h>
#include <linebounce/workload.h>

#include <math.h>
#include <string.h>

static void try_names(const char *text)
{
    const struct lb_scenario *scenario;
    const struct lb_layout *layout;
    enum lb_lock_kind lock;
    size_t found;
    enum lb_how write;
    struct lb_why why = {""};

    expect(!lb_name_find(&lb_home_names, text, &why, &found) || *why.text);
    expect(!lb_name_find(&lb_picking_names, text, &why, &found) || *why.text);
    expect(!lb_scenario_find(text, &why, &scenario) || *why.text);
    expect(!lb_lock_parse(text, &why, &lock) || *why.text);
    expect(!lb_how_parse(text, &why, &write) || *why.text);
    expect(!lb_layout_find(text, &why, &layout) || *why.text);
}

static void try_number(const char *text)
{
    char written[LB_NUMBER_BYTES];
    double value = lb_number_parse(text);

    expect(isnan(value) || isfinite(value));
    if (isnan(value))
        return;
    lb_number_format_exact(value, written);
    expect(strlen(written) < sizeof written);
    expect(lb_number_parse(written) == value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lb_writers writers;
    struct lb_why why = {""};
    uint64_t bytes;

    if (!size)
        return 0;
    char *text = fuzz_text(data + 1, size - 1);
    switch (*data) {
    case 'w':
        expect(!lb_writers_parse(text, &why, &writers) || *why.text);
        break;
    case 'm':
        expect(!lb_memory_parse(text, &why, &bytes) || *why.text);
        break;
    case 'c':
        lb_cpuinfo_row(text);
        break;
    case 'n':
        try_names(text);
        break;
    case '0':
        try_number(text);
        break;
    default:
        break;
    }
    free(text);
    return 0;
}
