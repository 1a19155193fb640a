/* SPDX-License-Identifier: MIT */
#ifndef LB_SHOW_STRUCTURE_H
#define LB_SHOW_STRUCTURE_H

struct settings;

/* linebounce show structure: all members of the structures that --layout names. */
int show_structure(const struct settings *settings);

#endif
