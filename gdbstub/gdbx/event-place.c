/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The instruction in which an event happens: see include/gdbstub/event.h. */
#include "qemu/osdep.h"
#include "exec/cpu-common.h"
#include "exec/translation-block.h"
#include "hw/core/cpu.h"
#include "tcg/tcg.h"
/* For curr_cflags(), as accel/tcg/watchpoint.c needs it. */
#include "accel/tcg/internal-common.h"
#include "gdbstub/event.h"
#include "gdbstub/gdbx/gdbx.h"

uint64_t gdbx_event_pc(CPUState *cs, uintptr_t ra)
{
    return ra ? gdbx.arch->pc_at(cs, ra) : gdbx.arch->pc(cs);
}

bool gdbx_event_repeats(CPUState *cs, uint64_t pc, uint64_t *left)
{
    return gdbx.arch->repeats(cs, pc, left);
}

bool gdbx_event_loops(CPUState *cs, uintptr_t ra)
{
    TranslationBlock *tb = ra ? tcg_tb_lookup(ra) : NULL;
    uint64_t left;

    return tb && !(tb_cflags(tb) & (CF_USE_ICOUNT | CF_SINGLE_STEP)) &&
           gdbx_event_repeats(cs, gdbx_event_pc(cs, ra), &left);
}

void gdbx_event_alone(CPUState *cs, uintptr_t ra)
{
    cpu_restore_state(cs, ra);
    cs->cflags_next_tb = curr_cflags(cs) | CF_NOIRQ | CF_SINGLE_STEP | 1;
    cpu_loop_exit_noexc(cs);
}
