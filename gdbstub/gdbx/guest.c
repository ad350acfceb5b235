/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest OS as the stub asks for it: introspection, kept fresh.
 *
 * A question asked at a stop refreshes the register sets once; the walks
 * themselves happen inside introspect/ at the first question that needs them.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "system/hw_accel.h"
#include "introspect/qemu.h"
#include "gdbstub/gdbx/gdbx.h"

static OsiGuest *guest;
static bool stale = true;

void gdbx_guest_stale(void)
{
    stale = true;
}

OsiGuest *gdbx_guest(void)
{
    CPUState *cs;

    if (!guest) {
        OsiMemory mem = osi_qemu_memory();
        guest = osi_guest_new(&mem);
    }
    if (stale) {
        g_autoptr(GArray) cpus = g_array_new(false, true, sizeof(OsiCpu));

        CPU_FOREACH(cs) {
            OsiCpu c = { 0 };
            cpu_synchronize_state(cs);
            gdbx.arch->osi_cpu(cs, &c);
            g_array_append_val(cpus, c);
        }
        osi_guest_stopped(guest, (OsiCpu *)cpus->data, cpus->len);
        stale = false;
    }
    return guest;
}

const OsiTask *gdbx_current(CPUState *cs, OsiError *err)
{
    return osi_current_task(gdbx_guest(), cs->cpu_index, err);
}

CPUState *gdbx_live_cpu(int32_t tid)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        if (gdbx.arch->privilege(cs) == 3) {
            const OsiTask *t = gdbx_current(cs, NULL);
            if (t && t->pid == tid && tid) {
                return cs;
            }
        }
    }
    return NULL;
}

bool gdbx_user_thread(const GdbxInferior *inf, int32_t tid,
                      GdbxThread *out, OsiUserRegs *regs, OsiError *err)
{
    OsiGuest *g = gdbx_guest();
    const OsiTask *t = osi_task_by_pid(g, tid, err);
    CPUState *cs;

    if (!t) {
        return false;
    }
    cs = gdbx_live_cpu(tid);
    if (!cs && !osi_saved_user_regs(g, t, regs, err)) {
        return false;
    }
    *out = (GdbxThread) {
        .cs = cs, .saved = cs ? NULL : regs,
        .pid = inf->pid, .tid = tid, .root = inf->root.table,
        .view = gdbx_view(inf->pid),
    };
    return true;
}
