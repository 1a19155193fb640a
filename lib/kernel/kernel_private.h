/* SPDX-License-Identifier: MIT
 *
 * What the files of the stage kernel share.
 */
#ifndef LB_KERNEL_PRIVATE_H
#define LB_KERNEL_PRIVATE_H

#include <linebounce/kernel.h>

/* More than any file that is read whole: a configuration has 300 KB. */
#define LB_KERNEL_MOST_BYTES ((size_t)16 << 20)

/* root + the formatted name; -ENAMETOOLONG. */
int lb_kernel_path(char *path, size_t bytes, const char *root, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The whole file as text, freed by the caller; -EFBIG over LB_KERNEL_MOST_BYTES. */
int lb_kernel_slurp(const char *path, char **text);
/* The same, unpacked. -EPROTO: no whole gzip file; -ENOTSUP: a build without zlib. */
int lb_kernel_gunzip(const char *path, char **text);
/* In words: ENOTSUP and EPROTO as lb_kernel_gunzip means them. */
const char *lb_kernel_words(int err);

void lb_kernel_read_config(const char *root, const char *release, struct lb_kernel_config *config);
/* kernel->config and ->allocator are there already. */
void lb_kernel_read_slab(const char *root, const struct lb_kernel *kernel, const char *name,
                         struct lb_kernel_slab *slab);
void lb_kernel_read_btf(const char *root, struct lb_kernel_btf *btf);
void lb_kernel_read_symbols(const char *root, struct lb_kernel_symbols *symbols);

/* Whether the generation cannot be told without the symbols. */
bool lb_kernel_wants_symbols(const struct lb_kernel *kernel);
/* generation and evidence, from the rest. */
void lb_kernel_decide(struct lb_kernel *kernel);

#endif
