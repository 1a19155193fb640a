/* SPDX-License-Identifier: MIT */
#ifndef LB_LIST_H
#define LB_LIST_H

#include <stddef.h>

/* A list that grows; values are of the type that the comment names. */
struct list {
    void *at;
    size_t n;
};

/* Appends a copy of `bytes` at `value`; exits with a sentence when memory is out. */
void *list_add(struct list *list, size_t bytes, const void *value);

#endif
