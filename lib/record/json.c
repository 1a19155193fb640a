/* SPDX-License-Identifier: MIT
 *
 * A JSON document built up by paths, and written.
 */
#include "json_private.h"
#include "base/number.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Paths -------------------------------------------------------------------------------------- */

#define KEY_BYTES 64

/* Names of 1 to 63 bytes with single dots between them. */
static bool is_path(const char *path)
{
    for (;;) {
        size_t n = strcspn(path, ".");
        if (n == 0 || n >= KEY_BYTES)
            return false;
        if (!path[n])
            return true;
        path += n + 1;
    }
}

/* Finds the object that holds the path's last name, and makes the ones on the way. A list of
 * objects on the way stands for the last of them. */
static int find_parent(cJSON *root, const char *path, cJSON **parent, const char **last)
{
    if (!is_path(path))
        return -EINVAL;
    const char *dot;
    while ((dot = strchr(path, '.'))) {
        char key[KEY_BYTES] = "";
        memcpy(key, path, (size_t)(dot - path));
        cJSON *next = cJSON_GetObjectItemCaseSensitive(root, key);
        if (!next)
            next = cJSON_AddObjectToObject(root, key);
        if (!next)
            return -ENOMEM;
        if (cJSON_IsArray(next) && next->child)
            next = next->child->prev; /* of the first the last: a list is written without walks */
        if (!cJSON_IsObject(next))
            return -EINVAL;
        root = next;
        path = dot + 1;
    }
    *parent = root;
    *last = path;
    return 0;
}

/* Remembers that a value is missing for want of memory. */
static int put(struct lb_json *json, int result)
{
    json->lost |= result == -ENOMEM;
    return result;
}

static int set_item(struct lb_json *json, const char *path, cJSON *item)
{
    cJSON *parent;
    const char *key;
    if (!item)
        return -ENOMEM;
    int result = find_parent(json->root, path, &parent, &key);
    cJSON *old = result ? NULL : cJSON_GetObjectItemCaseSensitive(parent, key);
    if (!result && old && (cJSON_IsObject(old) || cJSON_IsArray(old)))
        result = -EINVAL;
    if (!result) {
        bool done = old ? cJSON_ReplaceItemInObjectCaseSensitive(parent, key, item)
                        : cJSON_AddItemToObject(parent, key, item);
        if (done)
            return 0;
        result = -ENOMEM;
    }
    cJSON_Delete(item);
    return result;
}

/* Puts the item in place of a scalar or of nothing. Takes it over, also on failure. */
static int set(struct lb_json *json, const char *path, cJSON *item)
{
    return put(json, set_item(json, path, item));
}

/* Values ------------------------------------------------------------------------------------- */

/* A string item. File names and options may hold any bytes, JSON may not: what is no UTF-8 becomes
 * U+FFFD. */
static cJSON *new_string(const char *value)
{
    char *clean = malloc(3 * strlen(value) + 1);
    if (!clean)
        return NULL;
    char *to = clean;
    while (*value) {
        size_t n = lb_utf8_length(value);
        memcpy(to, n ? value : LB_REPLACEMENT, n ? n : 3);
        to += n ? n : 3;
        value += n ? n : 1;
    }
    *to = '\0';
    cJSON *item = cJSON_CreateString(clean);
    free(clean);
    return item;
}

int lb_json_text(struct lb_json *json, const char *path, const char *value)
{
    return set(json, path, value && *value ? new_string(value) : cJSON_CreateNull());
}

int lb_json_number(struct lb_json *json, const char *path, double value)
{
    /* Formatted here: cJSON's way to a dot depends on how it was built. */
    char text[LB_NUMBER_BYTES];
    if (!isfinite(value))
        return set(json, path, cJSON_CreateNull());
    lb_number_format_exact(value, text);
    return set(json, path, cJSON_CreateRaw(text));
}

int lb_json_bool(struct lb_json *json, const char *path, bool value)
{
    return set(json, path, cJSON_CreateBool(value));
}

static int find_array(struct lb_json *json, const char *path, cJSON **array)
{
    cJSON *parent, *found;
    const char *key;
    int result = find_parent(json->root, path, &parent, &key);
    if (result)
        return result;
    found = cJSON_GetObjectItemCaseSensitive(parent, key);
    if (!found)
        found = cJSON_AddArrayToObject(parent, key);
    if (!found)
        return -ENOMEM;
    if (!cJSON_IsArray(found))
        return -EINVAL;
    *array = found;
    return 0;
}

/* Takes the item over, also on failure. */
static int push(struct lb_json *json, const char *path, cJSON *item)
{
    cJSON *array;
    int result = item ? find_array(json, path, &array) : -ENOMEM;

    if (!result && !cJSON_AddItemToArray(array, item))
        result = -ENOMEM;
    if (result)
        cJSON_Delete(item);
    return put(json, result);
}

int lb_json_push_text(struct lb_json *json, const char *path, const char *value)
{
    return push(json, path, value ? new_string(value) : cJSON_CreateNull());
}

int lb_json_push_object(struct lb_json *json, const char *path)
{
    return push(json, path, cJSON_CreateObject());
}

int lb_json_list(struct lb_json *json, const char *path)
{
    cJSON *array;

    return put(json, find_array(json, path, &array));
}

/* Environment -------------------------------------------------------------------------------- */

static int add_texts(struct lb_json *json, const struct lb_environment *e)
{
    const struct {
        const char *path, *value;
    } texts[] = {
        {"machine.host", e->host},
        {"machine.kernel", e->kernel},
        {"machine.os", e->os},
        {"machine.arch", e->arch},
        {"machine.cpu_model", e->cpu_model},
        {"machine.cpu_vendor", e->cpu_vendor},
        {"machine.microcode", e->microcode},
        {"machine.atomics", e->atomics},
        {"machine.hypervisor", e->hypervisor},
        {"machine.governor", e->governor},
        {"machine.boost", e->boost},
        {"machine.thp", e->thp},
        {"machine.clocksource", e->clocksource},
        {"machine.prefetcher", e->prefetcher},
        {"machine.cgroup_cpuset", e->cgroup_cpuset},
        {"machine.cgroup_cpu_quota", e->cpu_quota},
        {"machine.isolated", e->isolated},
        {"machine.nohz_full", e->nohz_full},
        {"build.version", e->version},
        {"build.commit", e->commit},
        {"build.compiler", e->compiler},
        {"build.c_flags", e->c_flags},
        {"build.libraries", e->libraries},
    };
    for (size_t i = 0; i < LB_COUNT(texts); i++) {
        int result = lb_json_text(json, texts[i].path, texts[i].value);
        if (result)
            return result;
    }
    return 0;
}

int lb_json_environment(struct lb_json *json, const struct lb_environment *environment)
{
    const struct lb_environment *e = environment;
    int result = add_texts(json, e);
    if (!result)
        result = lb_json_bool(json, "machine.emulated", e->emulated);
    if (!result)
        result = set(json, "machine.smt_active",
                     e->smt_active < 0 ? cJSON_CreateNull() : cJSON_CreateBool(e->smt_active));
    if (!result)
        result = lb_json_number(
            json, "machine.perf_event_paranoid",
            e->perf_event_paranoid == LB_PARANOID_UNKNOWN ? (double)NAN : e->perf_event_paranoid);
    return result;
}

/* Document ----------------------------------------------------------------------------------- */

int lb_json_create(struct lb_json **json)
{
    struct lb_json *created = calloc(1, sizeof *created);
    if (!created)
        return -ENOMEM;
    created->root = cJSON_CreateObject();
    if (!created->root || lb_json_number(created, "schema_version", LB_SCHEMA_VERSION)) {
        lb_json_destroy(created);
        return -ENOMEM;
    }
    *json = created;
    return 0;
}

void lb_json_destroy(struct lb_json *json)
{
    if (!json)
        return;
    cJSON_Delete(json->root);
    free(json);
}

int lb_json_print(const struct lb_json *json, FILE *out)
{
    char *text = json->lost ? NULL : cJSON_Print(json->root);

    if (!text)
        return -ENOMEM;
    fprintf(out, "%s\n", text);
    cJSON_free(text);
    return 0;
}

int lb_json_write(const struct lb_json *json, const char *path, struct lb_why *why)
{
    char *text = json->lost ? NULL : cJSON_Print(json->root);
    struct lb_whole file;
    int err = text ? lb_whole_begin(path, why, &file)
                   : lb_fail(why, ENOMEM, "%s: %s", path, strerror(ENOMEM));

    if (!err) {
        fprintf(file.out, "%s\n", text);
        err = lb_whole_end(&file, 0, why);
    }
    cJSON_free(text);
    return err;
}
