/* SPDX-License-Identifier: MIT
 *
 * A structure by itself, as the command line names it: no lock and no fields are needed.
 */
#ifndef LB_STRUCTURE_SOURCE_H
#define LB_STRUCTURE_SOURCE_H

#include <linebounce/layout.h>

/* Reads "btf:STRUCT" or "btf:FILE:STRUCT" with ",which=" and ",base=", and with ",name=" where
 * `name` is not NULL; it is "" where none was given. `wanted` ends the sentence about another key.
 * Errors of lb_structure_read_on; -EINVAL for a text that does not parse. */
int structure_source_read(const char *text, const char *wanted, struct lb_why *why,
                          char name[LB_LAYOUT_NAME_BYTES], struct lb_structure **structure);

#endif
