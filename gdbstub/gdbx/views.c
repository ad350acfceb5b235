/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Views of the machine for firmware and boot code. gdb fixes an inferior's
 * registers and architecture when it meets it; a CPU that changes its mode does
 * not. So the CPUs can be attached to once more, as 16-bit ones (i8086) and as
 * 32-bit ones (i386): other inferiors, with other pids, of the same machine.
 * Program counters and stack pointers are linear there, since gdb knows of no
 * segments. While a CPU is in 64-bit code its registers are unknown in a view:
 * half of one would be wrong.
 */
#include "qemu/osdep.h"
#include "monitor/monitor.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/monitor.h"

static struct {
    int64_t pid;
    const char *doc;
    bool attached;
} views[] = {
    { GDBX_REAL_PID, "16-bit code, real mode: i8086" },
    { GDBX_PROTECTED_PID, "32-bit code: i386" },
};

void gdbx_views_reset(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
        views[i].attached = false;
    }
}

bool gdbx_views_any(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
        if (views[i].attached) {
            return true;
        }
    }
    return false;
}

static void set_attached(int64_t pid, bool attached)
{
    for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
        if (views[i].pid == pid) {
            views[i].attached = attached;
        }
    }
}

bool gdbx_view_attached(int64_t pid)
{
    for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
        if (views[i].pid == pid) {
            return views[i].attached;
        }
    }
    return false;
}

void gdbx_view_attach(int64_t pid)
{
    set_attached(pid, true);
}

void gdbx_view_detach(int64_t pid)
{
    set_attached(pid, false);
}

int64_t gdbx_cpu_pid(void)
{
    int64_t pid = gdbx_run.scope > 0 ? gdbx_run.scope : gdbx.general.pid;

    return gdbx_view_attached(pid) ? pid : GDBX_MACHINE_PID;
}

void gdbx_mon_views(Monitor *mon, const char *args)
{
    monitor_printf(mon, "  attach %d  the machine, 64-bit registers\n",
                   GDBX_MACHINE_PID);
    for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
        monitor_printf(mon, "  attach %" PRId64 "  %s%s\n", views[i].pid,
                       views[i].doc, views[i].attached ? ", attached" : "");
    }
}
