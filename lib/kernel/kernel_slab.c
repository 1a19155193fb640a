/* SPDX-License-Identifier: MIT
 *
 * A cache as sysfs shows it, or as /proc/slabinfo does.
 */
#include "kernel_private.h"

#include "base/canvas.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLAB_FOLDER "/sys/kernel/slab"
#define SLABINFO    "/proc/slabinfo"

/* A sentence more of what is amiss. */
#define NOTE(...) lb_note(s->note, sizeof s->note, __VA_ARGS__)

/* Numbers -------------------------------------------------------------------------------------- */

/* A whole number with nothing but white space behind it, or with the counts of nodes ("21 N0=21").
 */
static int parse_number(const char *text, int64_t *value)
{
    char *end;

    if (*text < '0' || *text > '9')
        return -EPROTO;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (errno || (*end && *end != '\n' && *end != ' '))
        return -EPROTO;
    *value = n;
    return 0;
}

struct file {
    const char *name;
    int64_t *value;
    bool optional; /* absent where the kernel lacks the feature: then it is 0 */
};

/* All files of one cache. One sentence for those that fail alike. */
static void read_numbers(const char *root, struct lb_kernel_slab *s, const struct file *files,
                         size_t n)
{
    int first_err = 0;
    size_t failed = 0;
    const char *first = NULL;

    for (size_t i = 0; i < n; i++) {
        char path[600], *text = NULL;
        int err =
            lb_kernel_path(path, sizeof path, root, SLAB_FOLDER "/%s/%s", s->cache, files[i].name);
        if (!err)
            err = lb_kernel_slurp(path, &text);
        if (err == -ENOENT && files[i].optional) {
            *files[i].value = 0;
            continue;
        }
        if (!err && parse_number(text, files[i].value))
            NOTE("%s: no number: '%.20s'", files[i].name, (text[strcspn(text, "\n")] = 0, text));
        free(text);
        if (err && !failed++) {
            first = files[i].name;
            first_err = err;
        }
    }
    if (failed)
        NOTE("%s%s: %s", first, failed > 1 ? " and others" : "", lb_kernel_words(first_err));
}

/* What follows from them ----------------------------------------------------------------------- */

/* Whether the numbers go together: whole objects in whole pages. */
static void size_up(struct lb_kernel_slab *s)
{
    int64_t page = sysconf(_SC_PAGESIZE);

    if (s->stride_bytes < 0 || s->per_slab < 0 || s->order < 0)
        return;
    if (s->order > 10 || s->stride_bytes < 1 || s->per_slab < 1 || s->stride_bytes % 8 ||
        s->per_slab > (page << s->order) / s->stride_bytes ||
        (s->object_bytes >= 0 && s->object_bytes > s->stride_bytes)) {
        NOTE("the numbers do not go together: %" PRId64 " objects of %" PRId64 ", every %" PRId64
             " bytes, in a slab of order %" PRId64 " with pages of %" PRId64,
             s->per_slab, s->object_bytes, s->stride_bytes, s->order, page);
        return;
    }
    s->sized = true;
    s->slab = (struct lb_slab){
        .object_bytes = (size_t)(s->object_bytes > 0 ? s->object_bytes : s->stride_bytes),
        .align_bytes = (size_t)(s->align_bytes > 0 ? s->align_bytes : 8),
        .stride_bytes = (size_t)s->stride_bytes,
        .slab_bytes = (size_t)page << s->order,
        .order = (unsigned)s->order,
        .per_slab = (unsigned)s->per_slab,
    };
}

/* SLUB lays objects from the start of a slab, one stride apart; a red zone pushes them by a
 * pointer, rounded up to the alignment (calculate_sizes in mm/slub.c, since 4.6). */
static void place(struct lb_kernel_slab *s)
{
    if (!s->sized || s->red_zone < 0)
        return;
    if (s->red_zone) {
        if (s->align_bytes < 8 || s->align_bytes % 8)
            return;
        s->first_bytes = (size_t)s->align_bytes;
    }
    s->placed = true;
}

int lb_kernel_residues(const struct lb_kernel_slab *slab, unsigned modulus,
                       uint64_t counts[LB_KERNEL_BINS])
{
    if (modulus != LB_LINE_BYTES && modulus != LB_LINE_PAIR_BYTES)
        return -EINVAL;
    if (!slab->placed)
        return -ENODATA;
    memset(counts, 0, LB_KERNEL_BINS * sizeof *counts);
    for (size_t i = 0; i < slab->slab.per_slab; i++)
        counts[(slab->first_bytes + lb_slab_offset(&slab->slab, i)) % modulus / 8]++;
    return 0;
}

int64_t lb_kernel_pages_per_1000(const struct lb_kernel_slab *slab)
{
    return slab->sized ? (int64_t)lb_slab_pages(&slab->slab, 1000) : -1;
}

/* sysfs ---------------------------------------------------------------------------------------- */

/* Where a name of the folder leads: the last part of the link, or the name itself. */
static void resolve(const char *root, const char *name, char *target, size_t bytes)
{
    char path[600], link[256];
    ssize_t n = lb_kernel_path(path, sizeof path, root, SLAB_FOLDER "/%s", name)
                    ? -1
                    : readlink(path, link, sizeof link - 1);

    link[n > 0 ? n : 0] = '\0';
    const char *slash = strrchr(link, '/');
    snprintf(target, bytes, "%s", n > 0 ? slash ? slash + 1 : link : name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void share(struct lb_kernel_slab *s, char **names, size_t n)
{
    if (n)
        qsort(names, n, sizeof *names, by_name);
    s->n_shared = (int)n;
    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(s->shared);
        if (used + strlen(names[i]) + 7 > sizeof s->shared) {
            lb_append(s->shared, sizeof s->shared, ", ...");
            break;
        }
        lb_append(s->shared, sizeof s->shared, "%s%s", i ? ", " : "", names[i]);
    }
    for (size_t i = 0; i < n; i++)
        free(names[i]);
}

/* The other links to the same directory. */
static void find_sharers(const char *root, struct lb_kernel_slab *s)
{
    char path[600], target[64], **names = NULL;
    size_t n = 0;
    DIR *folder = lb_kernel_path(path, sizeof path, root, SLAB_FOLDER) ? NULL : opendir(path);

    if (!folder)
        return;
    for (struct dirent *e; (e = readdir(folder));) {
        if (!strcmp(e->d_name, s->name) || !strcmp(e->d_name, s->cache) ||
            (e->d_type != DT_LNK && e->d_type != DT_UNKNOWN))
            continue;
        resolve(root, e->d_name, target, sizeof target);
        if (strcmp(target, s->cache) != 0)
            continue;
        char **more = realloc(names, (n + 1) * sizeof *names);
        names = more ? more : names;
        if (more && (names[n] = strdup(e->d_name)))
            n++;
    }
    closedir(folder);
    share(s, names, n);
    free(names);
}

/* A made-up name ends in the size from object to object (create_unique_id in mm/slub.c): the one
 * number that everyone can read. */
static void read_made_up_name(struct lb_kernel_slab *s)
{
    int64_t size;
    const char *digits = s->cache + strcspn(s->cache, "0123456789");

    s->mergeable = s->cache[0] == ':';
    if (s->mergeable && s->stride_bytes < 0 && strlen(digits) == 7 && !parse_number(digits, &size))
        s->stride_bytes = size;
}

static void read_sysfs(const char *root, struct lb_kernel_slab *s)
{
    const struct file files[] = {
        {"object_size", &s->object_bytes, false},
        {"slab_size", &s->stride_bytes, false},
        {"align", &s->align_bytes, false},
        {"hwcache_align", &s->hwcache_align, false},
        {"objs_per_slab", &s->per_slab, false},
        {"order", &s->order, false},
        {"destroy_by_rcu", &s->typesafe_by_rcu, false},
        {"red_zone", &s->red_zone, true},
        {"objects", &s->objects, true},
        {"total_objects", &s->objects_total, true},
        {"slabs", &s->slabs, true},
    };

    s->present = 1;
    snprintf(s->source, sizeof s->source, "sysfs");
    resolve(root, s->name, s->cache, sizeof s->cache);
    read_numbers(root, s, files, LB_COUNT(files));
    read_made_up_name(s);
    if (s->mergeable)
        find_sharers(root, s);
    else
        s->n_shared = 0;
    size_up(s);
    place(s);
}

/* /proc/slabinfo ------------------------------------------------------------------------------- */

/* "name active total objsize objperslab pagesperslab : ...": objsize is from object to object. */
static bool take_line(const char *line, struct lb_kernel_slab *s)
{
    char name[64];
    int64_t active, total, size, per_slab, pages;

    if (sscanf(line, "%63s %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, name, &active,
               &total, &size, &per_slab, &pages) != 6 ||
        strcmp(name, s->name) != 0)
        return false;
    s->present = 1;
    snprintf(s->source, sizeof s->source, "slabinfo");
    snprintf(s->cache, sizeof s->cache, "%s", s->name);
    s->objects = active;
    s->objects_total = total;
    s->stride_bytes = size;
    s->per_slab = per_slab;
    for (int64_t order = 0; order <= 10; order++)
        if (INT64_C(1) << order == pages)
            s->order = order;
    size_up(s);
    return true;
}

static void read_slabinfo(const char *root, const struct lb_kernel *k, struct lb_kernel_slab *s)
{
    char path[512], *text = NULL, *rest = NULL;
    int err = lb_kernel_path(path, sizeof path, root, SLABINFO);
    bool found = false;

    if (!err)
        err = lb_kernel_slurp(path, &text);
    if (err) {
        NOTE(SLABINFO ": %s", lb_kernel_words(err));
        return;
    }
    for (char *line = strtok_r(text, "\n", &rest); line && !found;
         line = strtok_r(NULL, "\n", &rest))
        found = take_line(line, s);
    free(text);
    /* Of merged caches it lists the first one's name only, so an absence says nothing. */
    if (!found)
        NOTE(SLABINFO " does not list it, which a merged cache is not either");
    else
        NOTE(SLABINFO " has sizes only: where objects start in a slab is not known (%s)",
             !strcmp(k->allocator, "SLAB") ? "SLAB colours its slabs"
                                           : "red zones are not shown there");
}

/* The whole ------------------------------------------------------------------------------------ */

/* Why the folder is not there, as far as the configuration tells. */
static const char *no_folder(const char *root, const struct lb_kernel *k)
{
    char path[512];
    const char *debug = lb_kernel_option(k, "SLUB_DEBUG");

    if (!lb_kernel_path(path, sizeof path, root, "/sys/kernel") && access(path, F_OK))
        return "sysfs is not mounted on /sys";
    if (!strcmp(k->allocator, "SLAB") || !strcmp(k->allocator, "SLOB"))
        return "the allocator is not SLUB, and only that has it";
    if (debug && strcmp(debug, "y") != 0)
        return "SLUB without SLUB_DEBUG";
    return "it does not exist; the reason is not known";
}

void lb_kernel_read_slab(const char *root, const struct lb_kernel *kernel, const char *name,
                         struct lb_kernel_slab *slab)
{
    struct lb_kernel_slab *s = slab;
    char path[512];
    struct stat status;

    *s = (struct lb_kernel_slab){.present = -1, .n_shared = -1};
    s->object_bytes = s->stride_bytes = s->align_bytes = s->hwcache_align = s->per_slab = -1;
    s->order = s->typesafe_by_rcu = s->red_zone = s->objects = s->objects_total = s->slabs = -1;
    snprintf(s->name, sizeof s->name, "%s", name);
    if (lb_kernel_path(path, sizeof path, root, SLAB_FOLDER "/%s", name))
        return;
    if (!stat(path, &status)) {
        read_sysfs(root, s);
        return;
    }
    int err = errno;
    lb_kernel_path(path, sizeof path, root, SLAB_FOLDER);
    if (err == ENOENT && !access(path, R_OK | X_OK)) {
        /* A broken link is one as well as a cache that was never made. */
        s->present = 0;
        return;
    }
    NOTE(SLAB_FOLDER ": %s",
         err == ENOENT && access(path, F_OK) ? no_folder(root, kernel) : strerror(err));
    read_slabinfo(root, kernel, s);
}
