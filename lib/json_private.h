/* SPDX-License-Identifier: MIT */
#ifndef LB_JSON_PRIVATE_H
#define LB_JSON_PRIVATE_H

#include <linebounce/record.h>

#include <cjson/cJSON.h>

struct lb_json {
    cJSON *root;
};

/* What stands at a path with dots, or NULL. */
cJSON *lb_json_find(cJSON *root, const char *path);

#endif
