/* SPDX-License-Identifier: MIT */
#ifndef LB_JSON_PRIVATE_H
#define LB_JSON_PRIVATE_H

#include <linebounce/record.h>

#include <cjson/cJSON.h>

struct lb_json {
    cJSON *root;
    bool lost; /* a value found no memory: what is there is not all */
};

/* Reads a document, freed with cJSON_Delete. Regular files of at most 16 MiB: -ENOENT, -EPROTO
 * where it is no JSON, and what lb_read_regular says. */
int lb_json_read(const char *file, struct lb_why *why, cJSON **root);

/* What stands at a path with dots, or NULL. */
cJSON *lb_json_find(cJSON *root, const char *path);

#endif
