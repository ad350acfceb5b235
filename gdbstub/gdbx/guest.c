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
#include "gdbstub/gdbx/syscall.h"

static OsiGuest *guest;
static OsiQemuRam *ram;         /* where it was at the last refresh */
static bool stale = true;
static uint64_t age;            /* how often it was refreshed */

void gdbx_guest_stale(void)
{
    stale = true;
}

/* Register sets of all vCPUs, as introspection wants them. */
static GArray *cpus_now(void)
{
    GArray *cpus = g_array_new(false, true, sizeof(OsiCpu));
    CPUState *cs;

    CPU_FOREACH(cs) {
        OsiCpu c = { 0 };

        cpu_synchronize_state(cs);
        gdbx.arch->osi_cpu(cs, &c);
        g_array_append_val(cpus, c);
    }
    return cpus;
}

static OsiGuest *new_guest(void)
{
    OsiMemory mem = osi_qemu_quick_memory(&ram);

    return osi_guest_new(&mem);
}

OsiGuest *gdbx_guest_anew(GArray **cpus)
{
    OsiGuest *g;

    gdbx_guest();           /* brings ram up to date */
    g = new_guest();

    *cpus = cpus_now();
    osi_guest_stopped(g, (OsiCpu *)(*cpus)->data, (*cpus)->len);
    return g;
}

OsiGuest *gdbx_guest(void)
{
    if (!guest) {
        guest = new_guest();
    }
    if (stale) {
        g_autoptr(GArray) cpus = cpus_now();

        osi_qemu_ram_free(ram);
        ram = osi_qemu_ram_new();
        osi_guest_stopped(guest, (OsiCpu *)cpus->data, cpus->len);
        stale = false;
        age++;
    }
    return guest;
}

uint64_t gdbx_guest_age(void)
{
    gdbx_guest();
    return age;
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

bool gdbx_user_regs(const OsiTask *t, OsiUserRegs *regs, OsiError *err)
{
    return gdbx_syscall_regs(t, regs, NULL) ||
           osi_saved_user_regs(gdbx_guest(), t, regs, err);
}

bool gdbx_user_thread(const GdbxInferior *inf, int32_t tid,
                      GdbxThread *out, GdbxSaved *saved, OsiError *err)
{
    OsiGuest *g = gdbx_guest();
    const OsiTask *t = osi_task_by_pid(g, tid, err);
    CPUState *cs;

    if (!t || inf->gone) {
        return false;
    }
    cs = gdbx_live_cpu(tid);
    if (!cs && !gdbx_user_regs(t, &saved->regs, err)) {
        return false;
    }
    *out = (GdbxThread) {
        .cs = cs, .saved = cs ? NULL : &saved->regs,
        .fpu = !cs && osi_saved_fpu(g, t, &saved->fpu, NULL) ? &saved->fpu
                                                             : NULL,
        .pid = inf->pid, .tid = tid, .root = inf->root.table,
        .view = gdbx_view(inf->pid),
    };
    return true;
}
