/* SPDX-License-Identifier: MIT */
#ifndef LB_SHOW_RESULT_H
#define LB_SHOW_RESULT_H

/* linebounce show result [DIR] [SCENARIO]; argv[0] is its name. An exit status. */
int show_result(int argc, char **argv);

#endif
