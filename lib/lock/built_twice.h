/* SPDX-License-Identifier: MIT
 *
 * On arm64 all that changes a lock's words is built twice: with exclusives (LL/SC), and with the
 * single instructions of LSE, which every symbol's name then ends with. Here is every symbol of
 * both builds that another file uses; tests/check_hot.py finds those that are left out.
 */
#ifndef LB_BUILT_TWICE_H
#define LB_BUILT_TWICE_H

#if defined(__aarch64__)
#define LB_BUILT_TWICE 1
#else
#define LB_BUILT_TWICE 0
#endif

#if LB_BUILT_TWICE && defined(__ARM_FEATURE_ATOMICS)
/* lib/lock */
#define lb_futex_mutex_class   lb_futex_mutex_class_lse
#define lb_futex_mutex_slow    lb_futex_mutex_slow_lse
#define lb_futex_mutex_wake    lb_futex_mutex_wake_lse
#define lb_futex_wait          lb_futex_wait_lse
#define lb_futex_wake          lb_futex_wake_lse
#define lb_lockref_class       lb_lockref_class_lse
#define lb_lockref_slow        lb_lockref_slow_lse
#define lb_mutex24_class       lb_mutex24_class_lse
#define lb_mutex32_class       lb_mutex32_class_lse
#define lb_mutex_slow          lb_mutex_slow_lse
#define lb_mutex_wake          lb_mutex_wake_lse
#define lb_osq_lock            lb_osq_lock_lse
#define lb_osq_unlock          lb_osq_unlock_lse
#define lb_patience_ends       lb_patience_ends_lse
#define lb_qrwlock_class       lb_qrwlock_class_lse
#define lb_qrwlock_read_slow   lb_qrwlock_read_slow_lse
#define lb_qrwlock_write_slow  lb_qrwlock_write_slow_lse
#define lb_qspinlock_class     lb_qspinlock_class_lse
#define lb_qspinlock_slow      lb_qspinlock_slow_lse
#define lb_refcount_class      lb_refcount_class_lse
#define lb_refcount_read_slow  lb_refcount_read_slow_lse
#define lb_refcount_wake       lb_refcount_wake_lse
#define lb_refcount_write_slow lb_refcount_write_slow_lse
#define lb_rwsem32_class       lb_rwsem32_class_lse
#define lb_rwsem40_class       lb_rwsem40_class_lse
#define lb_rwsem_read_slow     lb_rwsem_read_slow_lse
#define lb_rwsem_read_wake     lb_rwsem_read_wake_lse
#define lb_rwsem_write_slow    lb_rwsem_write_slow_lse
#define lb_rwsem_write_wake    lb_rwsem_write_wake_lse
#define lb_seqcount_class      lb_seqcount_class_lse
#define lb_seqcount_read_slow  lb_seqcount_read_slow_lse
#define lb_seqlock_class       lb_seqlock_class_lse
#define lb_task_park           lb_task_park_lse
#define lb_task_spin           lb_task_spin_lse
#define lb_task_unpark         lb_task_unpark_lse
/* lib/workload */
#define lb_hot_accesses  lb_hot_accesses_lse
#define lb_hot_churns    lb_hot_churns_lse
#define lb_hot_faults    lb_hot_faults_lse
#define lb_hot_objects   lb_hot_objects_lse
#define lb_hot_straights lb_hot_straights_lse
#define lb_hot_words     lb_hot_words_lse
#endif

#endif
