/* SPDX-License-Identifier: MIT
 *
 * /proc/config.gz unpacked.
 */
#include "kernel_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

/* Unpacks into `room` bytes at `all`, from a stream that goes on: 1 at its end, 0 when there is no
 * room left, -EPROTO where the file ends first or is no stream, -errno. */
static int fill(z_stream *z, FILE *file, unsigned char *in, size_t in_bytes)
{
    int state = Z_OK;

    while (state == Z_OK && z->avail_out) {
        if (!z->avail_in) {
            errno = 0;
            z->next_in = in;
            z->avail_in = (unsigned)fread(in, 1, in_bytes, file);
            if (ferror(file))
                return errno ? -errno : -EIO;
            if (!z->avail_in)
                return -EPROTO;
        }
        state = inflate(z, Z_NO_FLUSH);
    }
    if (state == Z_MEM_ERROR)
        return -ENOMEM;
    return state == Z_STREAM_END ? 1 : state == Z_OK ? 0 : -EPROTO;
}

static int unpack(z_stream *z, FILE *file, char **text)
{
    unsigned char in[1 << 13];
    size_t used = 0, room = 1 << 16;
    char *all = malloc(room);
    int state = all ? 0 : -ENOMEM;

    while (!state) {
        z->next_out = (unsigned char *)all + used;
        z->avail_out = (unsigned)(room - used - 1);
        state = fill(z, file, in, sizeof in);
        used = room - 1 - z->avail_out;
        if (!state) {
            char *more = room < LB_KERNEL_MOST_BYTES ? realloc(all, 2 * room) : NULL;
            state = more ? 0 : room < LB_KERNEL_MOST_BYTES ? -ENOMEM : -EFBIG;
            all = more ? more : all;
            room *= 2;
        }
    }
    if (state < 0) {
        free(all);
        return state;
    }
    all[used] = '\0';
    *text = all;
    return 0;
}

/* inflate, not gzread: to the latter a file that ends too early is a whole one since zlib 1.3.2. */
int lb_kernel_gunzip(const char *path, char **text)
{
    z_stream z = {0};
    FILE *file = fopen(path, "re");

    if (!file)
        return -errno;
    int err = inflateInit2(&z, MAX_WBITS + 16) == Z_OK ? 0 : -ENOMEM;
    if (!err) {
        err = unpack(&z, file, text);
        inflateEnd(&z);
    }
    fclose(file);
    return err;
}
