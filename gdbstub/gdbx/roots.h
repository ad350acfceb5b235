/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page tables of guest processes that gdb does not follow, for points that
 * are dear where it is not known whose code is about to be executed. They are
 * looked up while the guest stands still. When such a process begins another
 * program, ends, or comes into being, the guest stops for a moment, unseen by
 * gdb, and all is looked up again.
 *
 * Main thread, no vCPU runs.
 */
#ifndef GDBX_ROOTS_H
#define GDBX_ROOTS_H

#include <stdint.h>

typedef enum GdbxRootState {
    GDBX_ROOT_UNKNOWN,      /* not to be told, or not kept up to date */
    GDBX_ROOT_KNOWN,
    GDBX_ROOT_NONE,         /* there is no such process now */
} GdbxRootState;

/* The guest is about to run, or points have gone: asks who is wanted now. */
void gdbx_roots_prepare(void);
/* From gdbx_catches_roots() and its like: the process, or the thread, @id is. */
void gdbx_root_want(int32_t id);

/*
 * Of one that is wanted. KNOWN: physical address of its top page table in
 * *@table. Not known: with no guest OS, for threads of the kernel, in a replay
 * (where one goes back, and events of the guest OS are not seen on the way).
 */
GdbxRootState gdbx_root_of(int32_t id, uint64_t *table);

#endif
