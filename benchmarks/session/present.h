/* SPDX-License-Identifier: MIT
 *
 * present: what a session leaves for a person to read, in its folder and on standard output.
 */
#ifndef LB_PRESENT_H
#define LB_PRESENT_H

#include "session.h"

#include <linebounce/answer.h>

/* Whether the folder has that file, with something in it. */
bool present_has(const struct session *session, const char *name);
/* Writes table.txt, verdicts.json and answer.csv. *found is NULL where nothing was measured that
 * they could be of; the caller destroys it. An exit status. */
int present_write(struct session *session, struct lb_found **found);
/* Prints the answer as the settings want it, and which files there are; with `aside` these alone,
 * to stderr. */
void present(struct session *session, const struct lb_found *found, bool aside, bool pictures);
/* What --format, --quiet and the rest say of a folder's answer, to standard output. */
int present_found(const struct settings *settings, const struct lb_found *found);
/* What --fail-if and --require make of it: an exit status, with a sentence to stderr. */
int present_judge(const struct settings *settings, const struct lb_found *found);

#endif
