/* SPDX-License-Identifier: MIT
 *
 * A fuzz target without a fuzzer: every file of a folder is given to it once.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#define INPUT_MOST ((size_t)1 << 20)

static void replay(const char *folder, const char *name)
{
    static uint8_t bytes[INPUT_MOST];
    char path[1024];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *in = fopen(path, "re");
    expect(in);
    size_t n = fread(bytes, 1, sizeof bytes, in);
    expect(!ferror(in) && n < sizeof bytes);
    fclose(in);
    printf("%s: %zu bytes\n", name, n);
    fflush(stdout);
    LLVMFuzzerTestOneInput(bytes, n);
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    int n = 0;

    if (!folder) {
        fprintf(stderr, "usage: replay FOLDER\n");
        return 2;
    }
    for (struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.') {
            replay(argv[1], entry->d_name);
            n++;
        }
    closedir(folder);
    return !n;
}
