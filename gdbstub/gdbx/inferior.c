/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Followed processes: which guest processes gdb knows as inferiors, and the
 * packets that begin and end that: vAttach, D, vKill, ?.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/watch.h"
#include "gdbstub/gdbx/rows.h"

/* gdb itself becomes slow (quadratic) long before this. */
#define MAX_INFERIORS 256

GdbxInferior *gdbx_inferior(int64_t pid)
{
    for (guint i = 0; i < gdbx.inferiors->len; i++) {
        GdbxInferior *inf = g_ptr_array_index(gdbx.inferiors, i);
        if (inf->pid == pid) {
            return inf;
        }
    }
    return NULL;
}

GdbxInferior *gdbx_selected(void)
{
    return gdbx_inferior(gdbx.general.pid);
}

CPUState *gdbx_machine_cpu(int64_t tid)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        if (gdb_get_cpu_index(cs) == tid) {
            return cs;
        }
    }
    return NULL;
}

void gdbx_inferiors_reset(void)
{
    int first = gdb_get_cpu_index(first_cpu);

    g_ptr_array_set_size(gdbx.inferiors, 0);
    gdbx.machine_detached = false;
    gdbx.machine_quiet = true;
    gdbx.general = (GdbxTid) { GDBX_MACHINE_PID, first };
    gdbx.stopped = gdbx.general;
    gdbx_run = (GdbxRun) { .scope = -1 };
    gdbx_guest_stale();
}

static bool fill(GdbxInferior *inf, const OsiTask *t)
{
    OsiUserRegs regs;
    CPUState *cs;

    if (!t->root.table) {
        return false;
    }
    inf->pid = t->tgid;
    inf->root = t->root;
    inf->object = t->object;
    cs = gdbx_live_cpu(t->pid);
    if (cs) {
        inf->compat32 = !gdbx.arch->is_64bit(cs);
    } else if (osi_saved_user_regs(gdbx_guest(), t, &regs, NULL)) {
        inf->compat32 = regs.compat32;
    }
    return true;
}

void gdbx_inferiors_refresh(void)
{
    for (guint i = 0; i < gdbx.inferiors->len; i++) {
        GdbxInferior *inf = g_ptr_array_index(gdbx.inferiors, i);
        OsiError err = { 0 };
        const OsiTask *t = osi_task_by_pid(gdbx_guest(), inf->pid, &err);

        if (!t && err.kind != OSI_ERR_NO_SUCH) {
            continue;   /* the list could not be read: that proves nothing */
        }
        if (!t || t->object != inf->object || !fill(inf, t)) {
            inf->gone = true;
            gdbx_points_forget(inf->pid);
            gdbx_watches_forget(inf->pid);
        } else {
            gdbx_points_respace(inf);
            gdbx_watches_respace(inf);
        }
    }
}

int32_t gdbx_some_thread(const GdbxInferior *inf)
{
    size_t n = 0;
    const OsiTask *t = osi_tasks(gdbx_guest(), &n, NULL);
    int32_t some = 0;

    for (size_t i = 0; t && i < n; i++) {
        if (t[i].tgid == inf->pid && t[i].pid) {
            if (t[i].on_cpu) {
                return t[i].pid;
            }
            if (!some || t[i].pid == inf->pid) {
                some = t[i].pid;
            }
        }
    }
    return some;
}

bool gdbx_has_thread(const GdbxInferior *inf, int32_t tid)
{
    const OsiTask *t = osi_task_by_pid(gdbx_guest(), tid, NULL);

    return t && t->tgid == inf->pid;
}

/* vAttach;PID: the guest is stopped already, so the reply is immediate. */
bool gdbx_pkt_attach(const char *args)
{
    g_autofree GdbxInferior *inf = g_new0(GdbxInferior, 1);
    OsiError err = { 0 };
    const OsiTask *t;
    uint64_t pid;
    int32_t tid;

    if (!gdbx_parse_hex(&args, &pid) || *args || pid > INT32_MAX) {
        gdbx_error("attach: malformed process id");
        return true;
    }
    if (gdbx_is_machine(pid)) {
        gdbx.machine_detached = false;
        gdbx_stop_reply(GDB_SIGNAL_TRAP, pid,
                        gdb_get_cpu_index(gdbserver_state.g_cpu), "");
        return true;
    }
    if (gdbx_inferior(pid)) {
        gdbx_error("attach: process %d is attached already", (int)pid);
        return true;
    }
    if (gdbx.inferiors->len >= MAX_INFERIORS) {
        gdbx_error("attach: %d processes are attached already", MAX_INFERIORS);
        return true;
    }
    t = osi_task_by_pid(gdbx_guest(), pid, &err);
    if (!t || t->tgid != t->pid) {
        gdbx_error("attach: no guest process %d%s%s", (int)pid,
                   err.message[0] ? ": " : "", err.message);
        return true;
    }
    if (!fill(inf, t)) {
        gdbx_error("attach: guest process %d (%s) has no user memory",
                   (int)pid, t->comm);
        return true;
    }
    tid = gdbx_some_thread(inf);
    g_ptr_array_add(gdbx.inferiors, g_steal_pointer(&inf));
    gdbx_stop_reply(GDB_SIGNAL_TRAP, pid, tid ? tid : pid, "");
    return true;
}

/*
 * Nothing may end by a slip of the hand: gdb sends vKill for the machine when
 * `attach` is typed in its inferior (R13), and a guest process is the guest's.
 */
bool gdbx_pkt_kill(const char *args)
{
    gdbx_error("kill: the stub does not kill; use detach, or `monitor quit`");
    return true;
}

static void drop(GdbxInferior *inf)
{
    gdbx_points_forget(inf->pid);
    gdbx_watches_forget(inf->pid);
    if (gdbx.general.pid == inf->pid || gdbx.stopped.pid == inf->pid) {
        gdbx.general = (GdbxTid) { GDBX_MACHINE_PID,
            gdb_get_cpu_index(gdbserver_state.g_cpu ?: first_cpu) };
    }
    if (gdbx.stopped.pid == inf->pid) {
        gdbx.stopped = gdbx.general;
    }
    g_ptr_array_remove(gdbx.inferiors, inf);
}

/*
 * D;PID. The guest goes on when gdb has let go of everything, as with QEMU's
 * own stub; while one inferior is held it stays stopped.
 */
bool gdbx_pkt_detach(const char *args)
{
    GdbxInferior *inf;
    uint64_t pid;

    if (*args++ != ';' || !gdbx_parse_hex(&args, &pid) || *args) {
        gdb_put_packet("E22");
        return true;
    }
    if (gdbx_is_machine(pid)) {
        gdbx_points_forget(pid);
        gdbx_watches_forget(pid);
        gdb_breakpoint_remove_all(first_cpu);
        gdbx.machine_detached = true;
    } else {
        inf = gdbx_inferior(pid);
        if (!inf) {
            gdbx_error("detach: process %u is not attached", (unsigned)pid);
            return true;
        }
        drop(inf);
    }
    if (gdbx.machine_detached && !gdbx.inferiors->len) {
        gdb_continue();
    }
    gdbx_ok();
    return true;
}

/* A new gdb begins: forget what an earlier one left. QEMU answers. */
bool gdbx_pkt_query_stop(const char *args)
{
    gdbx_inferiors_reset();
    gdbx_points_reset();
    gdbx_watches_reset();
    if (gdbserver_state.c_cpu) {
        gdbx.general.tid = gdb_get_cpu_index(gdbserver_state.c_cpu);
        gdbx.stopped = gdbx.general;
    }
    return false;
}
