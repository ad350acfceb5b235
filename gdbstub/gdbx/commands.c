/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands of a point: dprintf in gdb's agent style. They run in the vCPU
 * thread, which goes on behind them.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/output.h"

static void print(void *opaque, const char *text, size_t len)
{
    gdbx_output(text, len);
}

/* Once for a point: it may be passed a million times a second. */
static void complain(GdbxPoint *p, const char *why)
{
    g_autofree char *line = NULL;

    if (!qatomic_xchg(&p->complained, true)) {
        line = g_strdup_printf("gdbx: %s (said once)\n", why);
        gdbx_output(line, strlen(line));
    }
}

void gdbx_run_commands(CPUState *cs, GdbxPoint *p, uintptr_t ra,
                       const char *note)
{
    GdbxEvaluation e;
    GdbxAxEnv env = gdbx_evaluation(&e, cs, p, ra);

    /* What is passed backwards is told (back.h); the way there is not. */
    if (timeline_busy() && !timeline_looking()) {
        return;
    }
    if (note[0]) {
        complain(p, note);
    }
    env.print = print;
    for (guint i = 0; i < p->commands->len; i++) {
        uint64_t bad = 0;
        GdbxAxStatus st = gdbx_ax_eval(g_ptr_array_index(p->commands, i), &env,
                                       NULL, &bad);

        if (st != GDBX_AX_OK) {
            g_autofree char *why = g_strdup_printf(
                "command at 0x%" PRIx64 " ended early: %s (0x%" PRIx64 ")",
                p->addr, gdbx_ax_status_text(st), bad);

            complain(p, why);
        }
    }
}
