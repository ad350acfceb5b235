/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page walks that are remembered, for conditions that read memory which the
 * guest itself has not got in its TLB.
 *
 * A walk is kept with the page-table entries it went by. It is right for as
 * long as these have the same contents, and CR3 and the mode are the same: a
 * few loads tell. So nothing has to be flushed when the guest changes its
 * tables, and the guest sees nothing of it (no accessed bits).
 */
#ifndef TARGET_I386_GDBX_WALK_H
#define TARGET_I386_GDBX_WALK_H

#include "cpu.h"

/* Main thread with the BQL, once the machine is there. */
void gdbx_i386_walk_start(void);

/*
 * RAM behind linear @va of @cs, good for the rest of its 4 KiB page and until
 * the vCPU leaves translated code; NULL: not by this way (no RAM, not long
 * mode, nested paging). The vCPU's own thread, in translated code.
 */
const void *gdbx_i386_walk(CPUState *cs, uint64_t va);

#endif
