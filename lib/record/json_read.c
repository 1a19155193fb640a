/* SPDX-License-Identifier: MIT
 *
 * Reading back a document of our own: what it says, and whether it says what another does.
 */
#include "json_private.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The plan of a sweep of 24,000 cases has some megabytes. */
#define DOCUMENT_MOST ((uint64_t)16 << 20)

cJSON *lb_json_find(cJSON *root, const char *path)
{
    char key[64];

    while (root) {
        size_t n = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)n, path);
        root = cJSON_IsArray(root) ? cJSON_GetArrayItem(root, atoi(key))
                                   : cJSON_GetObjectItemCaseSensitive(root, key);
        if (!path[n])
            break;
        path += n + 1;
    }
    return root;
}

int lb_json_read(const char *file, struct lb_why *why, cJSON **root)
{
    char *text = NULL;
    size_t bytes;
    int err = lb_read_regular(AT_FDCWD, file, DOCUMENT_MOST, why, &text, &bytes);

    if (err)
        return err;
    *root = cJSON_Parse(text);
    free(text);
    return *root ? 0 : lb_fail(why, EPROTO, "%s: no JSON document", file);
}

static int copy_texts(const cJSON *array, char **texts)
{
    const cJSON *item;
    size_t i = 0;

    cJSON_ArrayForEach(item, array)
    {
        texts[i] = strdup(cJSON_IsString(item) ? item->valuestring : "");
        if (!texts[i++])
            return -ENOMEM;
    }
    return 0;
}

void lb_json_drop_texts(char **texts)
{
    for (size_t i = 0; texts && texts[i]; i++)
        free(texts[i]);
    free(texts);
}

int lb_json_read_texts(const char *file, const char *path, struct lb_why *why, char ***texts,
                       size_t *n)
{
    cJSON *root = NULL;
    const cJSON *array;
    char **list;
    int count, err = lb_json_read(file, why, &root);

    if (err)
        return err;
    array = lb_json_find(root, path);
    count = cJSON_IsArray(array) ? cJSON_GetArraySize(array) : -1;
    list = count < 0 ? NULL : calloc((size_t)count + 1, sizeof *list);
    if (count < 0)
        err = lb_fail(why, EPROTO, "%s: has no list %s", file, path);
    else if (!list)
        err = -ENOMEM;
    else
        err = copy_texts(array, list);
    cJSON_Delete(root);
    if (err) {
        lb_json_drop_texts(list);
        return err;
    }
    *texts = list;
    *n = (size_t)count;
    return 0;
}

int lb_json_read_text(const char *file, const char *path, struct lb_why *why, char *text,
                      size_t bytes)
{
    cJSON *root = NULL;
    const cJSON *item;
    int err = lb_json_read(file, why, &root);

    if (err)
        return err;
    item = lb_json_find(root, path);
    if (cJSON_IsString(item))
        snprintf(text, bytes, "%s", item->valuestring);
    else
        err = lb_fail(why, ENODATA, "%s: has no text %s", file, path);
    cJSON_Delete(root);
    return err;
}

int lb_json_load(const char *file, struct lb_why *why, struct lb_json **json)
{
    struct lb_json *loaded = calloc(1, sizeof *loaded);
    int err = loaded ? lb_json_read(file, why, &loaded->root) : -ENOMEM;

    if (err)
        free(loaded);
    else
        *json = loaded;
    return err;
}

const char *lb_json_text_at(const struct lb_json *json, const char *path)
{
    const cJSON *item = lb_json_find(json->root, path);

    return cJSON_IsString(item) ? item->valuestring : NULL;
}

double lb_json_number_at(const struct lb_json *json, const char *path)
{
    const cJSON *item = lb_json_find(json->root, path);

    return cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
}

bool lb_json_true_at(const struct lb_json *json, const char *path)
{
    return cJSON_IsTrue(lb_json_find(json->root, path));
}

size_t lb_json_count_at(const struct lb_json *json, const char *path)
{
    const cJSON *item = lb_json_find(json->root, path);

    return cJSON_IsArray(item) ? (size_t)cJSON_GetArraySize(item) : 0;
}

const char *lb_json_name_at(const struct lb_json *json, const char *path, size_t i)
{
    const cJSON *parent = lb_json_find(json->root, path), *item;

    cJSON_ArrayForEach(item, parent)
    {
        if (!i--)
            return item->string;
    }
    return NULL;
}

/* A value in a sentence. */
static void quote(const cJSON *item, char text[120])
{
    char *printed = item ? cJSON_PrintUnformatted(item) : NULL;

    snprintf(text, 120, "%s", item ? printed ? printed : "?" : "nothing");
    free(printed);
}

/* A place at which two values may differ, as a path, and what stands there. */
struct difference {
    char *path;
    size_t bytes;
    const cJSON *was, *is;
};

static bool find_difference(const cJSON *was, const cJSON *is, struct difference *d);

static bool differs_in_array(const cJSON *was, const cJSON *is, struct difference *d)
{
    size_t used = strlen(d->path);
    int n = cJSON_GetArraySize(was), m = cJSON_GetArraySize(is);

    for (int i = 0; i < n || i < m; i++) {
        snprintf(d->path + used, d->bytes - used, "[%d]", i);
        if (find_difference(cJSON_GetArrayItem(was, i), cJSON_GetArrayItem(is, i), d))
            return true;
        d->path[used] = '\0';
    }
    return true;
}

static bool differs_in_object(const cJSON *was, const cJSON *is, struct difference *d)
{
    size_t used = strlen(d->path);
    const cJSON *item;

    for (int pass = 0; pass < 2; pass++) { /* what the one has, then what only the other has */
        const cJSON *either = pass ? is : was;
        cJSON_ArrayForEach(item, either)
        {
            snprintf(d->path + used, d->bytes - used, "%s%s", used ? "." : "", item->string);
            if (find_difference(cJSON_GetObjectItemCaseSensitive(was, item->string),
                                cJSON_GetObjectItemCaseSensitive(is, item->string), d))
                return true;
            d->path[used] = '\0';
        }
    }
    return true;
}

/* The deepest place at which two values first differ; false: nowhere. */
static bool find_difference(const cJSON *was, const cJSON *is, struct difference *d)
{
    if (was && is && cJSON_Compare(was, is, true))
        return false;
    d->was = was;
    d->is = is;
    if (cJSON_IsObject(was) && cJSON_IsObject(is))
        return differs_in_object(was, is, d);
    if (cJSON_IsArray(was) && cJSON_IsArray(is))
        return differs_in_array(was, is, d);
    return true;
}

/* A document as it reads when it was written: numbers are texts of their own while it is made. */
static cJSON *as_read(const struct lb_json *json)
{
    char *text = cJSON_PrintUnformatted(json->root);
    cJSON *root = text ? cJSON_Parse(text) : NULL;

    free(text);
    return root;
}

int lb_json_same(const struct lb_json *json, const char *file, const char *path, struct lb_why *why)
{
    char place[256], old[120], new[120];
    struct difference d = {.path = place, .bytes = sizeof place};
    cJSON *root = NULL, *here = as_read(json);
    int err = here ? lb_json_read(file, why, &root) : -ENOMEM;

    if (err) {
        cJSON_Delete(here);
        return err;
    }
    snprintf(place, sizeof place, "%s", path);
    if (find_difference(lb_json_find(root, path), lb_json_find(here, path), &d)) {
        quote(d.was, old);
        quote(d.is, new);
        err = lb_fail(why, EXDEV, "%s: %s was %s there and is %s here", file, place, old, new);
    }
    cJSON_Delete(here);
    cJSON_Delete(root);
    return err;
}
