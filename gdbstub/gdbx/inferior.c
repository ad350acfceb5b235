/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Followed processes: which guest processes gdb knows as inferiors, and the
 * packets that begin and end that: vAttach, D, vKill, ?.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/let-go.h"
#include "gdbstub/gdbx/os-stops.h"
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
    gdbx_tasks_reset();
    gdbx_views_reset();
    gdbx.machine_detached = false;
    gdbx.machine_quiet = true;
    gdbx.general = (GdbxTid) { GDBX_MACHINE_PID, first };
    gdbx.stopped = gdbx.general;
    gdbx_step_end();
    gdbx_call_forget();
    gdbx_run = (GdbxRun) { .scope = -1 };
    gdbx_events_reset();
    gdbx_guest_stale();
}

/* Of the other threads, one with memory: the leader may have ended before. */
static const OsiTask *other_thread(int32_t pid)
{
    size_t n = 0;
    const OsiTask *t = osi_tasks(gdbx_guest(), &n, NULL);

    for (size_t i = 0; t && i < n; i++) {
        if (t[i].tgid == pid && t[i].root.table) {
            return &t[i];
        }
    }
    return NULL;
}

const OsiTask *gdbx_process_task(int32_t pid, OsiError *err)
{
    const OsiTask *t = osi_task_by_pid(gdbx_guest(), pid, err);
    const OsiTask *other = t && !t->root.table ? other_thread(pid) : NULL;

    return other ? other : t;
}

/* The thread that execs becomes the leader, and is another object then. */
static bool is_same(const GdbxInferior *inf, const OsiTask *leader)
{
    return inf->started && leader->start_time
        ? leader->start_time == inf->started : leader->object == inf->object;
}

/* @leader stands for the process, and some thread of it has memory. */
static bool fill(GdbxInferior *inf, const OsiTask *leader)
{
    const OsiTask *t = gdbx_process_task(leader->tgid, NULL);
    bool changed = t && inf->root.table && inf->root.table != t->root.table;
    OsiUserRegs regs;
    CPUState *cs;

    if (!t || !t->root.table) {
        return false;
    }
    inf->pid = t->tgid;
    inf->root = t->root;
    inf->object = leader->object;
    inf->started = leader->start_time;
    if (changed) {
        gdbx_events_space_changed(inf);
    }
    cs = gdbx_live_cpu(t->pid);
    if (cs) {
        inf->compat32 = !gdbx.arch->is_64bit(cs);
    } else if (gdbx_user_regs(t, &regs, NULL)) {
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
        if (!t || !is_same(inf, t) || !fill(inf, t)) {
            inf->gone = true;
            gdbx_points_forget(inf->pid);
            gdbx_watches_forget(inf->pid);
        } else {
            gdbx_points_respace(inf);
            gdbx_watches_respace(inf);
        }
    }
}

bool gdbx_is_thread(const GdbxInferior *inf, const OsiTask *t)
{
    return t->tgid == inf->pid && t->pid && t->root.table;
}

int32_t gdbx_some_thread(const GdbxInferior *inf)
{
    size_t n = 0;
    const OsiTask *t = osi_tasks(gdbx_guest(), &n, NULL);
    int32_t some = 0;

    for (size_t i = 0; t && i < n; i++) {
        if (gdbx_is_thread(inf, &t[i])) {
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

    return t && gdbx_is_thread(inf, t);
}

GdbxInferior *gdbx_inferior_add(int32_t pid, bool must, char *why)
{
    g_autofree GdbxInferior *inf = g_new0(GdbxInferior, 1);
    GdbxInferior *known = gdbx_inferior(pid);
    OsiError err = { 0 };
    const OsiTask *t;

    if (known) {
        return known;
    }
    if (gdbx.inferiors->len >= MAX_INFERIORS) {
        snprintf(why, 160, "%d processes are attached already", MAX_INFERIORS);
        return NULL;
    }
    t = osi_task_by_pid(gdbx_guest(), pid, &err);
    if ((!t || t->tgid != t->pid) && !must) {
        snprintf(why, 160, "no guest process %d%s%.100s", (int)pid,
                 err.message[0] ? ": " : "", err.message);
        return NULL;
    }
    if ((!t || !fill(inf, t)) && !must) {
        snprintf(why, 160, "guest process %d (%s) has no user memory",
                 (int)pid, t->comm);
        return NULL;
    }
    inf->gone = !inf->pid;
    inf->pid = pid;
    g_ptr_array_add(gdbx.inferiors, inf);
    return g_steal_pointer(&inf);
}

/* vAttach;PID: the guest is stopped already, so the reply is immediate. */
bool gdbx_pkt_attach(const char *args)
{
    const GdbxInferior *inf;
    char why[160];
    uint64_t pid;

    if (!gdbx_parse_hex(&args, &pid) || *args || pid > INT32_MAX) {
        gdbx_error("attach: malformed process id");
        return true;
    }
    if (gdbx_view_attached(pid)) {
        gdbx_error("attach: %d is attached already", (int)pid);
        return true;
    }
    if (gdbx_is_machine(pid)) {
        gdbx_view_attach(pid);
        gdbx.machine_detached &= pid != GDBX_MACHINE_PID;
        gdbx_stop_reply(GDB_SIGNAL_TRAP, pid,
                        gdb_get_cpu_index(gdbserver_state.g_cpu), "");
        return true;
    }
    if (gdbx_inferior(pid)) {
        gdbx_error("attach: process %d is attached already", (int)pid);
        return true;
    }
    inf = gdbx_inferior_add(pid, false, why);
    if (!inf) {
        gdbx_error("attach: %s", why);
        return true;
    }
    gdbx_stop_reply(GDB_SIGNAL_TRAP, pid, gdbx_some_thread(inf) ?: pid, "");
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

void gdbx_inferior_drop(GdbxInferior *inf)
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
        gdbx_view_detach(pid);
        if (pid == GDBX_MACHINE_PID) {
            gdb_breakpoint_remove_all(first_cpu);
            gdbx.machine_detached = true;
        }
    } else {
        inf = gdbx_inferior(pid);
        if (!inf) {
            gdbx_error("detach: process %u is not attached", (unsigned)pid);
            return true;
        }
        gdbx_inferior_drop(inf);
    }
    if (gdbx.machine_detached && !gdbx.inferiors->len && !gdbx_views_any()) {
        gdbx_events_update();
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
    if (!gdbx.begins_with_none) {
        return false;
    }
    gdbx.machine_detached = true;
    gdb_put_packet("W00");      /* no process; extended-remote goes on */
    if (gdbx.found_running) {
        gdbx_let_go_if_nothing();
    }
    return true;
}
