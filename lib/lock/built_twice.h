/* SPDX-License-Identifier: MIT
 *
 * On arm64 all that changes a lock's words is built twice: with exclusives (LL/SC), and with the
 * single instructions of LSE, where every symbol's name ends with that. What another file uses is
 * declared with LB_TWICE(its name) behind it; tests/check_hot_arm.py finds what is left out.
 */
#ifndef LB_BUILT_TWICE_H
#define LB_BUILT_TWICE_H

#if defined(__aarch64__)
#define LB_BUILT_TWICE 1
#else
#define LB_BUILT_TWICE 0
#endif

#if LB_BUILT_TWICE && defined(__ARM_FEATURE_ATOMICS)
#define LB_TWICE(NAME) __asm__(#NAME "_lse")
#else
#define LB_TWICE(NAME)
#endif

#endif
