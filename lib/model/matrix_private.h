/* SPDX-License-Identifier: MIT */
#ifndef LB_MATRIX_PRIVATE_H
#define LB_MATRIX_PRIVATE_H

#include <linebounce/matrix.h>

/* Whether a whole square can be a machine's; finds its classes. -EINVAL, -ENOMEM. */
int lb_matrix_check(const char *name, struct lb_matrix *matrix, struct lb_why *why);

#endif
