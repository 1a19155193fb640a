/* SPDX-License-Identifier: MIT
 *
 * A made tree of /proc and /sys. The first part names the slab cache (with "1" in front: it is
 * another name, and vm_area_struct a link to it), then come the files in the order of `files`; one
 * whose part is "-" is not there.
 */
#include "fuzz.h"

#include <linebounce/kernel.h>
#include <linebounce/record.h>

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLAB "sys/kernel/slab/"

static const char *const files[] = {
    "proc/sys/kernel/osrelease",
    "boot/config-6",
    "proc/slabinfo",
    "proc/kallsyms",
    "sys/kernel/security/lockdown",
    "sys/kernel/debug/kprobes/enabled",
};
/* Of the cache, in one part each. */
static const char *const values[] = {
    "object_size",    "slab_size", "align",   "hwcache_align", "objs_per_slab", "order",
    "destroy_by_rcu", "red_zone",  "objects", "total_objects", "slabs",
};

static char cache[300]; /* its folder, by the name of the moment */

static void put(const char *path, const uint8_t **data, size_t *size)
{
    char *part = fuzz_part(data, size);

    if (!strcmp(part, "-"))
        unlink(fuzz_path(path));
    else
        fuzz_file(path, part, strlen(part));
    free(part);
}

static void make_folders(void)
{
    static const char *const folders[] = {"proc/sys/kernel", "boot", "sys/kernel/security",
                                          "sys/kernel/debug/kprobes", SLAB "cache"};
    struct lb_why why;

    for (size_t i = 0; !*cache && i < LB_COUNT(folders); i++)
        expect(!lb_make_folders(fuzz_path(folders[i]), &why));
    if (!*cache)
        strcpy(cache, SLAB "cache");
}

/* Gives the cache the name that the part says, where a file can have it. */
static void name_cache(const char *part)
{
    bool linked = *part == '1';
    const char *name = linked ? part + 1 : "vm_area_struct";
    char wanted[300];

    unlink(fuzz_path(SLAB "vm_area_struct"));
    snprintf(wanted, sizeof wanted, SLAB "%.100s", name);
    if (*name && !strchr(name, '/') && *name != '.' && !rename(fuzz_path(cache), fuzz_path(wanted)))
        strcpy(cache, wanted);
    if (linked)
        expect(!symlink(strrchr(cache, '/') + 1, fuzz_path(SLAB "vm_area_struct")) ||
               !strcmp(cache, SLAB "vm_area_struct"));
}

static void put_all(const uint8_t *data, size_t size)
{
    char *name = fuzz_part(&data, &size), path[400];

    make_folders();
    name_cache(name);
    free(name);
    for (size_t i = 0; i < LB_COUNT(files); i++)
        put(files[i], &data, &size);
    for (size_t i = 0; i < LB_COUNT(values); i++) {
        snprintf(path, sizeof path, "%s/%s", cache, values[i]);
        put(path, &data, &size);
    }
    fuzz_file("proc/config.gz", data, size); /* the rest: it may hold the byte that parts */
    if (!size)
        unlink(fuzz_path("proc/config.gz"));
}

static void check_slab(const struct lb_kernel_slab *slab)
{
    uint64_t counts[LB_KERNEL_BINS], n = 0;

    for (unsigned modulus = 64; modulus <= 128; modulus *= 2) {
        if (lb_kernel_residues(slab, modulus, counts))
            continue;
        expect(slab->placed);
        n = 0;
        for (int i = 0; i < LB_KERNEL_BINS; i++)
            n += counts[i];
        expect(n > 0);
    }
    expect(lb_kernel_pages_per_1000(slab) >= 0 || !slab->sized);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct lb_kernel kernel;
    struct lb_why why;
    char text[16384], cut[10];

    put_all(data, size);
    lb_kernel_read(fuzz_folder(), &kernel);
    check_slab(&kernel.vma);
    check_slab(&kernel.lock);
    expect(kernel.generation == LB_VMA_LOCK_UNKNOWN || *kernel.evidence);
    int length = lb_kernel_draw(&kernel, NULL, text, sizeof text);
    expect(length > 0 && length < (int)sizeof text);
    expect(lb_kernel_draw(&kernel, NULL, cut, sizeof cut) == length);
    lb_kernel_trace_missing(&kernel, fuzz_folder(), &why);
    return 0;
}
