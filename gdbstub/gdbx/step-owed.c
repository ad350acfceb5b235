/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A step that an exec or a fork of another process came in front of. gdb
 * handles such a stop by itself and resumes with a plain vCont;c, as one who has
 * forgotten that it steps a thread; yet it is that thread's stop that it waits for
 * (infrun.c: keep_going() of the thread of the event). So the step is made up for
 * then, unless gdb has shown the stop to its user.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/step.h"

static GdbxAction asked;        /* by the last resume, with others beside it */
static bool any, owed;

void gdbx_step_owe(void)
{
    owed = any;
}

void gdbx_step_owe_nothing(void)
{
    owed = false;
}

/* Is the thread still there, and resumed by one of @actions? */
static bool resumed(const GArray *actions)
{
    const GdbxInferior *inf = gdbx_inferior(asked.tid.pid);

    if (inf ? !gdbx_has_thread(inf, asked.tid.tid)
            : !gdbx_machine_cpu(asked.tid.tid)) {
        return false;
    }
    for (guint i = 0; i < actions->len; i++) {
        const GdbxAction *a = &g_array_index(actions, GdbxAction, i);

        if (!a->has_tid || a->tid.pid == -1 ||
            (a->tid.pid == asked.tid.pid && a->tid.tid == -1)) {
            return true;
        }
    }
    return false;
}

const GdbxAction *gdbx_step_asked(const GdbxAction *step, bool others,
                                  const GArray *actions)
{
    if (step) {
        any = others && step->has_tid && step->tid.pid > 0 &&
              step->tid.tid > 0 && step->tid.tid <= INT32_MAX;
        asked = *step;
    } else {
        any = owed && resumed(actions);
        step = any ? &asked : NULL;
    }
    owed = false;
    return step;
}
