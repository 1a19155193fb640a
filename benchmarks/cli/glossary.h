/* SPDX-License-Identifier: MIT
 *
 * glossary: the words that tables, pages and refusals use.
 */
#ifndef LB_GLOSSARY_H
#define LB_GLOSSARY_H

#include <stdio.h>

void glossary_print(FILE *out);

#endif
