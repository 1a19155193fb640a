/* SPDX-License-Identifier: MIT
 *
 * Writes BTF made by hand for the tests of the command line. Usage: make_btf FIXTURE FILE
 */
#include "support/btf_fixture.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    struct btf *btf = argc == 3 ? btf_fixture(argv[1]) : NULL;
    __u32 bytes = 0;
    const void *data = btf ? btf__raw_data(btf, &bytes) : NULL;
    FILE *file = data ? fopen(argv[2], "wbe") : NULL;
    int failed = !file || fwrite(data, 1, bytes, file) != bytes;

    if (file && fclose(file))
        failed = 1;
    btf__free(btf);
    if (failed)
        fprintf(stderr, "usage: make_btf FIXTURE FILE\n");
    return failed;
}
