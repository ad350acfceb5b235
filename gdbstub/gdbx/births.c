/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that has a new program: a point where its code begins.
 *
 * The kernel function of an exec runs before the new program's registers are
 * in place. So the machine stops there unseen, and gdb is told when the process
 * comes to its first instruction, before it is executed: with the registers and
 * memory that the program finds.
 *
 * Main thread with all vCPUs stopped, but at_entry().
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/os-stops.h"
#include "gdbstub/gdbx/os-note.h"

/* Owners of these points: one for each process, and no inferior. */
#define OWNER(pid) ((int64_t)INT32_MIN - (pid))

static void at_entry(CPUState *cs, const GdbxPoint *p, uintptr_t ra)
{
    if (!timeline_busy()) {
        gdbx_deed_born(cs, OWNER(p->pid));
    }
}

void gdbx_birth_watch(const OsiTask *t, uint64_t entry)
{
    GdbxPointSpec spec = {
        .pid = OWNER(t->tgid), .addr = entry, .cpl = 3,
        .has_space = true, .space = t->root.table, .passed = at_entry,
    };

    gdbx_birth_forget(t->tgid);
    if (!gdbx_point_insert(&spec)) {
        gdbx_console("gdbx: process %d begins unseen: there are %d points "
                     "already\n", (int)t->tgid, GDBX_MAX_POINTS);
    }
}

void gdbx_birth_forget(int32_t pid)
{
    gdbx_points_forget(OWNER(pid));
}
