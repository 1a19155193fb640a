/* SPDX-License-Identifier: MIT
 *
 * suite_whatif: what whatif asks for, and suggest too.
 */
#ifndef LB_SUITE_WHATIF_H
#define LB_SUITE_WHATIF_H

#include "request/request.h"

/* Completes a request whose own layouts are there: scenario whatif of these, each compared to what
 * it is a copy of; where no pause was given, the first `n_works` of the headline and 0. */
void suite_whatif_complete(struct request *request, size_t n_works);

#endif
