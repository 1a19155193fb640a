/* SPDX-License-Identifier: MIT
 *
 * What the fuzz targets share. A target is a reader: any bytes are given to it, and it may refuse
 * them, but neither touch memory that is not its own, nor hang, nor hand on what it promised to
 * have checked. The sanitizers see the first two; `expect` stands for the third.
 */
#ifndef LB_FUZZ_H
#define LB_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define expect(condition)                                                                          \
    ((condition)                                                                                   \
         ? (void)0                                                                                 \
         : (fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition), abort()))

/* The process's own folder, below $TMPDIR; removed at its end. */
const char *fuzz_folder(void);
/* The path of that name in it, good for the next 7 calls. */
const char *fuzz_path(const char *name);
/* Writes the bytes into the file of that name in it, and returns its path. */
const char *fuzz_file(const char *name, const void *bytes, size_t n);

/* The parts of an input are parted by this byte: no reader means anything by it. */
#define FUZZ_PART '\f'
/* Cuts off the next part and returns a copy with a NUL behind it, freed by the caller. */
char *fuzz_part(const uint8_t **data, size_t *size);
/* The whole input as a text; NULs in it end it early. */
char *fuzz_text(const uint8_t *data, size_t size);

#endif
