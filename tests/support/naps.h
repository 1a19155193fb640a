/* SPDX-License-Identifier: MIT
 *
 * Put in front of the lock's own files (-include): before each atomic access the thread may be held
 * up, as if it had lost its CPU there.
 */
#ifndef LB_TESTS_NAPS_H
#define LB_TESTS_NAPS_H

/* Defined by the test; does nothing in threads that have not asked for it. */
void nap_here(void);

#define __atomic_load_n(...)             (nap_here(), __atomic_load_n(__VA_ARGS__))
#define __atomic_store_n(...)            (nap_here(), __atomic_store_n(__VA_ARGS__))
#define __atomic_exchange_n(...)         (nap_here(), __atomic_exchange_n(__VA_ARGS__))
#define __atomic_compare_exchange_n(...) (nap_here(), __atomic_compare_exchange_n(__VA_ARGS__))
#define __atomic_fetch_add(...)          (nap_here(), __atomic_fetch_add(__VA_ARGS__))
#define __atomic_fetch_sub(...)          (nap_here(), __atomic_fetch_sub(__VA_ARGS__))
#define __atomic_fetch_or(...)           (nap_here(), __atomic_fetch_or(__VA_ARGS__))
#define __atomic_fetch_and(...)          (nap_here(), __atomic_fetch_and(__VA_ARGS__))
#define __atomic_add_fetch(...)          (nap_here(), __atomic_add_fetch(__VA_ARGS__))
#define __atomic_sub_fetch(...)          (nap_here(), __atomic_sub_fetch(__VA_ARGS__))

#endif
