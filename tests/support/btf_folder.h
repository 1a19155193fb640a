/* SPDX-License-Identifier: MIT
 *
 * A folder with all BTF made by hand, a file a fixture.
 */
#ifndef LB_TESTS_BTF_FOLDER_H
#define LB_TESTS_BTF_FOLDER_H

#include "btf_fixture.h"
#include "folder.h"

static inline int make_btf_folder(void **state)
{
    if (make_folder(state))
        return -1;
    for (size_t i = 0; btf_fixtures[i]; i++) {
        struct btf *btf = btf_fixture(btf_fixtures[i]);
        __u32 bytes;
        const void *data = btf__raw_data(btf, &bytes);
        write_bytes(in_folder(btf_fixtures[i]), data, bytes);
        btf__free(btf);
    }
    return 0;
}

#endif
