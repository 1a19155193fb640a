/* SPDX-License-Identifier: MIT
 *
 * A topology out of hwloc: this machine's, a file's, or one that a text describes.
 */
#include <linebounce/cpu_list.h>
#include <linebounce/topology.h>

#include <errno.h>
#include <fcntl.h>
#include <hwloc.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* More CPUs than any kernel is built for (CONFIG_NR_CPUS is 8192 at most): where the search for the
 * size of the kernel's mask gives up. */
#define MOST_CPUS (1u << 20)

/* Where a topology comes from. */
enum origin { ORIGIN_MACHINE, ORIGIN_FILE, ORIGIN_SYNTHETIC };

struct source {
    enum origin origin;
    const char *text;     /* the file's name or the description */
    const char *variable; /* the environment variable that names it, or NULL */
};

static const char *variable_set(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* A synthetic description holds no slash and no file name. */
static bool looks_like_path(const char *spec)
{
    size_t length = strlen(spec);
    return strchr(spec, '/') || (length > 4 && !strcmp(spec + length - 4, ".xml"));
}

static int classify_text(struct source *source, struct lb_why *why)
{
    struct stat status;
    const char *text = source->text;
    if (stat(text, &status)) {
        int err = errno;
        if (err != ENOENT && err != ENOTDIR && err != ENAMETOOLONG)
            return lb_fail(why, err, "topology file %.200s: %s", text, strerror(err));
        if (looks_like_path(text))
            return lb_fail(why, ENOENT, "topology file %.200s: %s", text, strerror(ENOENT));
        source->origin = ORIGIN_SYNTHETIC;
        return 0;
    }
    if (S_ISDIR(status.st_mode))
        return lb_fail(why, EINVAL, "topology file %.200s: a folder, not hwloc XML", text);
    if (access(text, R_OK)) {
        int err = errno;
        return lb_fail(why, err, "topology file %.200s: %s", text, strerror(err));
    }
    source->origin = ORIGIN_FILE;
    return 0;
}

/* The two environment variables are resolved here and not by hwloc, which silently falls back to
 * the real machine when it cannot read what they name. The order of the two is that of
 * hwloc 2.9. */
static int classify(const char *spec, struct source *source, struct lb_why *why)
{
    *source = (struct source){.origin = ORIGIN_MACHINE, .text = spec};
    if (!spec) {
        source->variable = "HWLOC_SYNTHETIC";
        source->text = variable_set(source->variable);
        if (source->text) {
            source->origin = ORIGIN_SYNTHETIC;
            return 0;
        }
        source->variable = "HWLOC_XMLFILE";
        source->text = variable_set(source->variable);
        source->origin = source->text ? ORIGIN_FILE : ORIGIN_MACHINE;
        return 0;
    }
    return classify_text(source, why);
}

#define XML_HEAD_BYTES 4096

/* A file of a later hwloc's XML, which says its version. */
static bool is_newer(const char *path, char version[16])
{
    static const char sign[] = "<topology version=\"";
    char head[XML_HEAD_BYTES + 1], *at;
    ssize_t n;
    int fd;

    if (lb_open_regular(AT_FDCWD, path, 0, NULL, &fd))
        return false;
    n = read(fd, head, XML_HEAD_BYTES);
    close(fd);
    head[n > 0 ? n : 0] = '\0';
    if (!(at = strstr(head, sign)))
        return false;
    at += strlen(sign);
    snprintf(version, 16, "%.*s", (int)strcspn(at, "\""), at);
    return atoi(version) > HWLOC_API_VERSION >> 16;
}

static int refuse_source(const struct source *source, int err, struct lb_why *why)
{
    const char *variable = source->variable ? source->variable : "";
    const char *space = source->variable ? " " : "";
    char version[16];
    if (err == ENOMEM)
        return lb_fail(why, ENOMEM, "topology: out of memory");
    if (source->origin == ORIGIN_MACHINE)
        return lb_fail(why, ENODEV, "topology of this machine: hwloc cannot read it (%s)",
                       strerror(err));
    if (source->origin == ORIGIN_FILE && access(source->text, R_OK)) {
        err = errno;
        return lb_fail(why, err, "topology file %s%s%.200s: %s", variable, space, source->text,
                       strerror(err));
    }
    if (source->origin == ORIGIN_FILE && is_newer(source->text, version))
        return lb_fail(
            why, EINVAL,
            "topology file %s%s%.200s: hwloc XML of version %s, which hwloc %s here does not "
            "read (a newer lstopo writes older ones: --export-xml-flags v2)",
            variable, space, source->text, version, lb_topology_library());
    if (source->origin == ORIGIN_FILE)
        return lb_fail(why, EINVAL, "topology file %s%s%.200s: not hwloc XML (lstopo writes it)",
                       variable, space, source->text);
    return lb_fail(why, EINVAL,
                   "topology %s%s\"%.200s\": neither a readable file nor a synthetic description "
                   "such as \"pack:2 numa:1 l3:1 core:4 pu:2\"",
                   variable, space, source->text);
}

static int open_source(const struct source *source, struct lb_why *why, hwloc_topology_t *out)
{
    hwloc_topology_t handle;
    if (hwloc_topology_init(&handle))
        return lb_fail(why, ENOMEM, "topology: out of memory");
    errno = 0;
    int failed = hwloc_topology_set_flags(handle, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
    if (!failed && source->origin == ORIGIN_FILE)
        failed = hwloc_topology_set_xml(handle, source->text);
    if (!failed && source->origin == ORIGIN_SYNTHETIC)
        failed = hwloc_topology_set_synthetic(handle, source->text);
    if (!failed)
        failed = hwloc_topology_load(handle);
    if (failed) {
        int err = errno ? errno : EINVAL;
        hwloc_topology_destroy(handle);
        return refuse_source(source, err, why);
    }
    *out = handle;
    return 0;
}

/* HWLOC_THISSYSTEM=1 makes hwloc call a foreign topology its own; binding still pins nothing there,
 * so what was not read from the running kernel is never this system. */
static bool is_this_system(hwloc_topology_t handle, const struct source *source)
{
    return source->origin == ORIGIN_MACHINE && !variable_set("HWLOC_FSROOT") &&
           !variable_set("HWLOC_CPUID_PATH") && hwloc_topology_is_thissystem(handle);
}

static void describe_source(const struct source *source, struct lb_topology *topology)
{
    char *to = topology->source;
    size_t size = sizeof topology->source;
    if (source->origin == ORIGIN_FILE)
        snprintf(to, size, "file %s", source->text);
    else if (source->origin == ORIGIN_SYNTHETIC)
        snprintf(to, size, "synthetic %s", source->text);
    else if (topology->this_system)
        snprintf(to, size, "this machine");
    else
        snprintf(to, size, "another machine, by the HWLOC_ variables of the environment");
}

/* The mask of the process's first thread. The kernel leaves out CPUs that are offline or outside
 * the cpuset. Its size is only known by trying. */
static int read_affinity(pid_t thread, cpu_set_t **out, size_t *out_bytes)
{
    for (size_t cpus = CPU_SETSIZE; cpus <= MOST_CPUS; cpus *= 2) {
        size_t bytes = CPU_ALLOC_SIZE(cpus);
        cpu_set_t *set = CPU_ALLOC(cpus);
        if (!set)
            return -ENOMEM;
        CPU_ZERO_S(bytes, set);
        if (!sched_getaffinity(thread, bytes, set)) {
            *out = set;
            *out_bytes = bytes;
            return 0;
        }
        int err = errno;
        CPU_FREE(set);
        if (err != EINVAL)
            return -err;
    }
    return -EINVAL;
}

/* Numbers objects densely as they come by. hwloc's logical_index would not do: it restarts at every
 * depth, and one type can lie at several. In logical order the PUs below one object are neighbours,
 * so an object that differs from the last one is new. */
struct numbering {
    hwloc_obj_t last;
    int count;
};

static int number(struct numbering *numbering, hwloc_obj_t object)
{
    if (!object)
        return -1;
    if (object != numbering->last) {
        numbering->last = object;
        numbering->count++;
    }
    return numbering->count - 1;
}

static hwloc_obj_t ancestor(hwloc_obj_t pu, hwloc_obj_type_t type)
{
    hwloc_obj_t object = pu->parent;
    while (object && object->type != type)
        object = object->parent;
    return object;
}

/* Memory hangs beside the tree: the nearest ancestor that has any. Of several nodes there (DRAM and
 * high-bandwidth memory) the first is taken, which is the one the kernel counts the CPU to. */
static int nearest_node(hwloc_obj_t from)
{
    for (hwloc_obj_t object = from; object; object = object->parent) {
        hwloc_obj_t memory = object->memory_first_child;
        while (memory && memory->type != HWLOC_OBJ_NUMANODE)
            memory = memory->memory_first_child;
        if (memory)
            return (int)memory->os_index;
    }
    return -1;
}

/* A node has no memory below it, so that what it hangs beside decides. */
static int first_node_beside(hwloc_obj_t node)
{
    hwloc_obj_t object = node->parent;

    while (object && hwloc_obj_type_is_memory(object->type))
        object = object->parent;
    int first = nearest_node(object);
    return first < 0 ? (int)node->os_index : first;
}

static int kind_of(hwloc_topology_t handle, hwloc_obj_t pu, int n_kinds)
{
    return n_kinds > 1 ? hwloc_cpukinds_get_by_cpuset(handle, pu->cpuset, 0) : 0;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Takes the line size of the innermost data cache that states one, and the sizes of the caches
 * above one PU. */
static void note_caches(struct lb_topology *topology, hwloc_obj_t pu)
{
    size_t outermost_bytes = 0;
    for (hwloc_obj_t object = pu->parent; object; object = object->parent) {
        if (!hwloc_obj_type_is_dcache(object->type))
            continue;
        if (!topology->line_bytes)
            topology->line_bytes = (int)object->attr->cache.linesize;
        outermost_bytes = object->attr->cache.size;
        if (object->type == HWLOC_OBJ_L2CACHE)
            topology->l2_bytes = larger(topology->l2_bytes, outermost_bytes);
    }
    topology->llc_bytes = larger(topology->llc_bytes, outermost_bytes);
}

static void fill_tree_pus(struct lb_topology *topology, hwloc_topology_t handle)
{
    struct numbering cores = {0}, l2s = {0}, l3s = {0}, dies = {0}, packages = {0};
    hwloc_const_bitmap_t allowed = hwloc_topology_get_allowed_cpuset(handle);
    hwloc_obj_t pu = NULL;
    for (int i = 0; (pu = hwloc_get_next_obj_by_type(handle, HWLOC_OBJ_PU, pu)); i++) {
        topology->pus[i] = (struct lb_pu){
            .pu_os = (int)pu->os_index,
            .pu_index = i,
            .core = number(&cores, ancestor(pu, HWLOC_OBJ_CORE)),
            .l2 = number(&l2s, ancestor(pu, HWLOC_OBJ_L2CACHE)),
            .l3 = number(&l3s, ancestor(pu, HWLOC_OBJ_L3CACHE)),
            .die = number(&dies, ancestor(pu, HWLOC_OBJ_DIE)),
            .package = number(&packages, ancestor(pu, HWLOC_OBJ_PACKAGE)),
            .node_os = nearest_node(pu),
            .kind = kind_of(handle, pu, topology->n_kinds),
            .allowed = hwloc_bitmap_isset(allowed, pu->os_index),
        };
        note_caches(topology, pu);
    }
    topology->n_cores = cores.count;
    topology->n_l3 = l3s.count;
    topology->n_packages = packages.count;
}

/* hwloc keeps offline PUs out of the tree and only in the complete set. They stay in the table, so
 * that a list which names one is told "offline" and not "does not exist". */
static int fill_pus(struct lb_topology *topology, hwloc_topology_t handle)
{
    int in_tree = hwloc_get_nbobjs_by_type(handle, HWLOC_OBJ_PU);
    int kinds = hwloc_cpukinds_get_nr(handle, 0);
    topology->n_kinds = kinds > 1 ? kinds : 1;
    hwloc_bitmap_t offline = hwloc_bitmap_alloc();
    if (!offline)
        return -ENOMEM;
    hwloc_bitmap_andnot(offline, hwloc_topology_get_complete_cpuset(handle),
                        hwloc_topology_get_topology_cpuset(handle));
    int n_offline = hwloc_bitmap_weight(offline);
    if (n_offline < 0) /* an endless set says nothing */
        n_offline = 0;
    topology->pus = calloc((size_t)in_tree + (size_t)n_offline, sizeof *topology->pus);
    if (!topology->pus) {
        hwloc_bitmap_free(offline);
        return -ENOMEM;
    }
    fill_tree_pus(topology, handle);
    int pu_os = -1;
    for (int i = in_tree; i < in_tree + n_offline; i++) {
        pu_os = hwloc_bitmap_next(offline, pu_os);
        topology->pus[i] = (struct lb_pu){pu_os, i, -1, -1, -1, -1, -1, -1, -1, false, false};
    }
    topology->n_pus = in_tree + n_offline;
    hwloc_bitmap_free(offline);
    return 0;
}

static int compare_ints(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

/* What isolcpus named; none where the kernel does not say. -ENOMEM. */
static int read_isolated(int **pu_os, size_t *n)
{
    FILE *file = fopen("/sys/devices/system/cpu/isolated", "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t bytes = file ? getline(&line, &room, file) : -1;

    *pu_os = NULL;
    *n = 0;
    if (bytes > 0 && line[bytes - 1] == '\n')
        line[bytes - 1] = '\0';
    int rc = bytes > 0 ? lb_cpus_parse(line, pu_os, n) : 0;
    free(line);
    if (file)
        fclose(file);
    return rc == -ENOMEM ? rc : 0;
}

static int apply_affinity(struct lb_topology *topology)
{
    cpu_set_t *mask;
    size_t bytes, n;
    int *isolated, rc = read_isolated(&isolated, &n);
    if (!rc)
        rc = read_affinity(getpid(), &mask, &bytes);
    for (int i = 0; !rc && i < topology->n_pus; i++) {
        struct lb_pu *pu = &topology->pus[i];
        if (CPU_ISSET_S((size_t)pu->pu_os, bytes, mask))
            continue;
        pu->isolated =
            pu->allowed && n && bsearch(&pu->pu_os, isolated, n, sizeof *isolated, compare_ints);
        pu->allowed = false;
    }
    if (!rc)
        CPU_FREE(mask);
    free(isolated);
    return rc;
}

static int node_position(const struct lb_topology *topology, hwloc_obj_t node)
{
    int node_os = (int)node->os_index;
    const int *found = bsearch(&node_os, topology->nodes_os, (size_t)topology->n_nodes,
                               sizeof node_os, compare_ints);
    return found ? (int)(found - topology->nodes_os) : -1;
}

static int fill_nodes(struct lb_topology *topology, hwloc_topology_t handle)
{
    int count = hwloc_get_nbobjs_by_type(handle, HWLOC_OBJ_NUMANODE);
    if (count <= 0)
        return 0;
    topology->nodes_os = calloc((size_t)count, sizeof *topology->nodes_os);
    topology->nodes_first_os = calloc((size_t)count, sizeof *topology->nodes_first_os);
    if (!topology->nodes_os || !topology->nodes_first_os)
        return -ENOMEM;
    hwloc_obj_t node = NULL;
    while ((node = hwloc_get_next_obj_by_type(handle, HWLOC_OBJ_NUMANODE, node)))
        topology->nodes_os[topology->n_nodes++] = (int)node->os_index;
    qsort(topology->nodes_os, (size_t)topology->n_nodes, sizeof *topology->nodes_os, compare_ints);
    while ((node = hwloc_get_next_obj_by_type(handle, HWLOC_OBJ_NUMANODE, node)))
        topology->nodes_first_os[node_position(topology, node)] = first_node_beside(node);
    return 0;
}

/* A matrix over only some of the nodes counts as unknown: a hole must not read as a distance. */
static int fill_latency(struct lb_topology *topology, hwloc_topology_t handle)
{
    struct hwloc_distances_s *found = NULL;
    unsigned count = 1;
    if (hwloc_distances_get_by_type(handle, HWLOC_OBJ_NUMANODE, &count, &found,
                                    HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0) ||
        !count || !found)
        return 0;
    size_t n = (size_t)topology->n_nodes;
    if (found->nbobjs == n && (topology->node_latency = calloc(n * n, sizeof(float)))) {
        for (size_t i = 0; i < n * n; i++) {
            int from = node_position(topology, found->objs[i / n]);
            int to = node_position(topology, found->objs[i % n]);
            if (from >= 0 && to >= 0)
                topology->node_latency[(size_t)from * n + (size_t)to] = (float)found->values[i];
        }
    }
    int rc = found->nbobjs == n && !topology->node_latency ? -ENOMEM : 0;
    hwloc_distances_release(handle, found);
    return rc;
}

static int fill(struct lb_topology *topology, const struct source *source)
{
    hwloc_topology_t handle = topology->handle;
    topology->this_system = is_this_system(handle, source);
    describe_source(source, topology);
    int rc = fill_pus(topology, handle);
    if (!rc && topology->this_system)
        rc = apply_affinity(topology);
    if (!rc)
        rc = fill_nodes(topology, handle);
    if (!rc)
        rc = fill_latency(topology, handle);
    for (int i = 0; i < topology->n_pus; i++)
        topology->n_allowed += topology->pus[i].allowed;
    return rc;
}

int lb_topology_load(const char *spec, struct lb_why *why, struct lb_topology **out)
{
    struct source source;
    int rc = classify(spec, &source, why);
    if (rc)
        return rc;
    hwloc_topology_t handle = NULL;
    rc = open_source(&source, why, &handle);
    if (rc)
        return rc;
    struct lb_topology *topology = calloc(1, sizeof *topology);
    if (!topology) {
        hwloc_topology_destroy(handle);
        return lb_fail(why, ENOMEM, "topology: out of memory");
    }
    topology->handle = handle;
    rc = fill(topology, &source);
    if (rc)
        lb_fail(why, -rc, "topology of %s: %s", topology->source, strerror(-rc));
    else if (!topology->n_pus)
        rc = lb_fail(why, ENODEV, "topology of %s: holds no processing unit", topology->source);
    if (rc) {
        lb_topology_destroy(topology);
        return rc;
    }
    *out = topology;
    return 0;
}

void lb_topology_destroy(struct lb_topology *topology)
{
    if (!topology)
        return;
    hwloc_topology_destroy(topology->handle);
    free(topology->nodes_first_os);
    free(topology->node_latency);
    free(topology->nodes_os);
    free(topology->pus);
    free(topology);
}

const struct lb_pu *lb_topology_find(const struct lb_topology *topology, int pu_os)
{
    for (int i = 0; i < topology->n_pus; i++)
        if (topology->pus[i].pu_os == pu_os)
            return &topology->pus[i];
    return NULL;
}

/* By way of memory: hwloc's own writer would take "-" for the standard output, and does not tell
 * how a write failed. */
int lb_topology_export(const struct lb_topology *topology, const char *path, struct lb_why *why)
{
    struct lb_whole file;
    char *xml;
    int length, err;

    if (hwloc_topology_export_xmlbuffer(topology->handle, &xml, &length, 0))
        return lb_fail(why, ENOMEM, "%s: %s", path, strerror(ENOMEM));
    if (!(err = lb_whole_begin(path, why, &file))) {
        fputs(xml, file.out);
        err = lb_whole_end(&file, 0, why);
    }
    hwloc_free_xmlbuffer(topology->handle, xml);
    return err;
}

static char library_version[32];

/* hwloc has no call for its release (the API number stays at 2.8 in 2.9), but it signs every
 * topology that it builds. */
static void read_library_version(void)
{
    unsigned api = hwloc_get_api_version();
    snprintf(library_version, sizeof library_version, "%u.%u.%u", api >> 16, api >> 8 & 0xff,
             api & 0xff);
    hwloc_topology_t handle;
    if (hwloc_topology_init(&handle))
        return;
    if (!hwloc_topology_set_synthetic(handle, "pu:1") && !hwloc_topology_load(handle)) {
        const char *signature =
            hwloc_obj_get_info_by_name(hwloc_get_root_obj(handle), "hwlocVersion");
        if (signature)
            snprintf(library_version, sizeof library_version, "%s", signature);
    }
    hwloc_topology_destroy(handle);
}

const char *lb_topology_library(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_library_version);
    return library_version;
}

/* Whether the kernel would still let this thread onto that PU. */
static bool can_go_to(int pu_os)
{
    size_t cpu = (size_t)pu_os;
    bool can = false;
    if (pu_os < 0 || cpu >= MOST_CPUS)
        return false;
    cpu_set_t *one = CPU_ALLOC(cpu + 1);
    if (!one)
        return true; /* no memory to ask: no ground to say that it is gone */
    CPU_ZERO_S(CPU_ALLOC_SIZE(cpu + 1), one);
    CPU_SET_S(cpu, CPU_ALLOC_SIZE(cpu + 1), one);
    can = !sched_setaffinity(0, CPU_ALLOC_SIZE(cpu + 1), one);
    CPU_FREE(one);
    return can;
}

int lb_topology_recheck(const int *pu_os, size_t n_pus, struct lb_why *why)
{
    cpu_set_t *before;
    size_t bytes;
    int rc = read_affinity(0, &before, &bytes);
    if (rc)
        return lb_fail(why, -rc, "affinity mask: %s", strerror(-rc));
    for (size_t i = 0; i < n_pus && !rc; i++)
        if (!can_go_to(pu_os[i]))
            rc = lb_fail(why, EXDEV,
                         "PU %d: no longer available (offline, or taken out of the cpuset)",
                         pu_os[i]);
    if (sched_setaffinity(0, bytes, before) && !rc)
        rc = lb_fail(why, EXDEV, "PU: this thread's own is no longer available");
    CPU_FREE(before);
    return rc;
}
