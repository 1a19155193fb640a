/* SPDX-License-Identifier: MIT
 *
 * The kernel's release, symbols and allocator, and the reading of all that is known of it.
 */
#include "kernel_private.h"

#include "base/canvas.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file's first line without its end; "" when there is none. */
static int read_line(const char *root, const char *name, char *out, size_t bytes)
{
    char path[512], *text;
    int err = lb_kernel_path(path, sizeof path, root, "%s", name);

    if (!err)
        err = lb_kernel_slurp(path, &text);
    if (err)
        return err;
    text[strcspn(text, "\n")] = '\0';
    snprintf(out, bytes, "%s", text);
    free(text);
    return 0;
}

/* Parts of the whole --------------------------------------------------------------------------- */

static void read_release(const char *root, struct lb_kernel *k)
{
    k->major = k->minor = -1;
    if (read_line(root, "/proc/sys/kernel/osrelease", k->release, sizeof k->release))
        return;
    int major, minor;
    if (sscanf(k->release, "%4d.%4d", &major, &minor) == 2 && major > 0 && minor >= 0) {
        k->major = major;
        k->minor = minor;
    }
}

#define LOCKDOWN "/sys/kernel/security/lockdown"

static void read_lockdown(const char *root, struct lb_kernel *k)
{
    char line[96];
    int err = read_line(root, LOCKDOWN, line, sizeof line);

    if (err) {
        lb_append(k->lockdown_note, sizeof k->lockdown_note, LOCKDOWN ": %s%s",
                  lb_kernel_words(err),
                  err == -ENOENT ? " (no lockdown module, or no securityfs)" : "");
        return;
    }
    /* The state in force is the one in brackets. */
    const char *from = strchr(line, '['), *end = from ? strchr(from, ']') : NULL;
    if (end && (size_t)(end - from) <= sizeof k->lockdown)
        snprintf(k->lockdown, sizeof k->lockdown, "%.*s", (int)(end - from - 1), from + 1);
    else
        lb_append(k->lockdown_note, sizeof k->lockdown_note, LOCKDOWN ": not understood");
}

static void read_allocator(struct lb_kernel *k)
{
    static const char *const names[] = {"SLUB", "SLAB", "SLOB"};

    for (size_t i = 0; i < LB_COUNT(names); i++) {
        const char *value = lb_kernel_option(k, names[i]);
        if (value && !strcmp(value, "y"))
            snprintf(k->allocator, sizeof k->allocator, "%s", names[i]);
    }
    /* SLUB alone has this directory. */
    if (!k->allocator[0] && !strcmp(k->vma.source, "sysfs"))
        snprintf(k->allocator, sizeof k->allocator, "SLUB");
}

/* A line is "ADDRESS TYPE NAME", with "\t[MODULE]" behind it for modules' own. */
static void take_symbol(char *line, struct lb_kernel_symbols *s)
{
    char *type = strchr(line, ' ');

    if (!type || !type[1] || type[2] != ' ')
        return;
    char *name = type + 3;
    name[strcspn(name, "\n")] = '\0';
    if (!strcmp(name, "lock_vma_under_rcu"))
        s->per_vma = 1;
    else if (!strcmp(name, "vma_mark_detached") && type[1] == 'T')
        s->refcount = 1;
    else if (!strcmp(name, "vm_area_alloc"))
        s->alloc = 1;
}

void lb_kernel_read_symbols(const char *root, struct lb_kernel_symbols *symbols)
{
    struct lb_kernel_symbols s = {0, 0, 0};
    char path[512], *line = NULL;
    size_t room = 0, n = 0;
    FILE *file =
        lb_kernel_path(path, sizeof path, root, "/proc/kallsyms") ? NULL : fopen(path, "re");

    /* They stand next to each other, in the first half of the list: the rest takes as long again.
     */
    while (file && (s.per_vma + s.refcount + s.alloc < 3) && getline(&line, &room, file) > 0) {
        take_symbol(line, &s);
        n++;
    }
    free(line);
    /* An absence is one only in a whole list. */
    if (!file || ferror(file) || !n) {
        s.per_vma = s.per_vma ? 1 : -1;
        s.refcount = s.refcount ? 1 : -1;
        s.alloc = s.alloc ? 1 : -1;
    }
    if (file)
        fclose(file);
    *symbols = s;
}

/* The whole ------------------------------------------------------------------------------------ */

void lb_kernel_read(const char *root, struct lb_kernel *kernel)
{
    struct lb_kernel *k = kernel;

    memset(k, 0, sizeof *k);
    k->symbols = (struct lb_kernel_symbols){-1, -1, -1};
    read_release(root, k);
    lb_kernel_read_config(root, k->release, &k->config);
    read_allocator(k);
    read_lockdown(root, k);
    lb_kernel_read_slab(root, k, "vm_area_struct", &k->vma);
    lb_kernel_read_slab(root, k, "vma_lock", &k->lock);
    read_allocator(k);
    lb_kernel_read_btf(root, &k->btf);
    if (lb_kernel_wants_symbols(k))
        lb_kernel_read_symbols(root, &k->symbols);
    lb_kernel_decide(k);
}
