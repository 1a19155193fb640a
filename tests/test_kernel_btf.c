/* SPDX-License-Identifier: MIT
 *
 * kernel: which generation of the VMA's lock it is when ordinary users can read little but BTF.
 */
#include <linebounce/kernel.h>

#include "support/btf_fixture.h"
#include "support/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct lb_kernel k; /* too large for some stacks under a sanitizer */

static const char *const folders[] = {"/boot/.", "/proc/sys/kernel/.", "/sys/kernel/btf/.",
                                      "/sys/kernel/slab/."};

static int make_root(void **state)
{
    int err = make_folder(state);

    for (size_t i = 0; i < LB_COUNT(folders) && !err; i++)
        place_in_folder(folders[i]);
    return err;
}

static void put(const char *name, const void *data, size_t bytes)
{
    write_bytes(place_in_folder(name), data, bytes);
}

static void put_btf(const char *fixture)
{
    struct btf *btf = btf_fixture(fixture);
    __u32 bytes;
    const void *data = btf__raw_data(btf, &bytes);

    put("/sys/kernel/btf/vmlinux", data, bytes);
    btf__free(btf);
}

static void read_it(const char *config, const char *fixture)
{
    put("/proc/sys/kernel/osrelease", "7.2.0\n", 6);
    put("/boot/config-7.2.0", config, strlen(config));
    put_btf(fixture);
    lb_kernel_read(folder, &k);
}

#define ON  "CONFIG_PER_VMA_LOCK=y\n"
#define OFF "# CONFIG_PER_VMA_LOCK is not set\n"
#define NO  "CONFIG_SLUB=y\n"

/* Neither a slab cache nor a symbol can be read. */
static void test_decides(void **state)
{
    static const struct {
        const char *config, *fixture;
        enum lb_vma_lock expected;
        const char *said;
    } rows[] = {
        {ON, "6.4", LB_VMA_LOCK_SEPARATE, "its BTF has rw_semaphore behind vm_lock at 48"},
        {ON, "inline", LB_VMA_LOCK_EMBEDDED, "its BTF has rw_semaphore vm_lock.lock at 192"},
        {ON, "6.15", LB_VMA_LOCK_REFCOUNT, "its BTF has refcount_t vm_refcnt at 128"},
        {"", "6.15", LB_VMA_LOCK_REFCOUNT, "its BTF has refcount_t"},
        {NO, "6.1", LB_VMA_LOCK_NONE, "its BTF has no lock in vm_area_struct"},
        {OFF, "6.1", LB_VMA_LOCK_NONE, "its BTF has no lock in vm_area_struct"},
        /* The structures of another kernel, or of a patched one. */
        {OFF, "6.15", LB_VMA_LOCK_UNKNOWN, "that contradicts it: refcount_t vm_refcnt at 128"},
        {ON, "odd", LB_VMA_LOCK_UNKNOWN, "no BTF that says it: "},
    };

    (void)state;
    for (size_t i = 0; i < LB_COUNT(rows); i++) {
        read_it(rows[i].config, rows[i].fixture);
        if (k.generation != rows[i].expected)
            fail_msg("row %zu: %s: %s", i, lb_vma_lock_name(k.generation), k.evidence);
        assert_has(k.evidence, rows[i].said);
    }
}

/* A cache of that name and a count in the VMA cannot both be. */
static void test_contradicted(void **state)
{
    char path[128];

    (void)state;
    snprintf(path, sizeof path, "%s/sys/kernel/slab/vma_lock", folder);
    assert_int_equal(mkdir(path, 0755), 0);
    put("/sys/kernel/slab/vma_lock/object_size", "40\n", 3);
    read_it(ON, "6.15");
    assert_int_equal(k.generation, LB_VMA_LOCK_UNKNOWN);
    assert_has(k.evidence, "there is a cache vma_lock");
    assert_has(k.evidence, "that contradicts it: refcount_t vm_refcnt at 128");
    read_it(ON, "6.4");
    assert_int_equal(k.generation, LB_VMA_LOCK_SEPARATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decides),
        cmocka_unit_test(test_contradicted),
    };

    return cmocka_run_group_tests(tests, make_root, remove_folder);
}
