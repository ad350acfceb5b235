/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine has stopped: in whose name, and does gdb get to know.
 *
 * Runs before QEMU's own handler of the same event, which stays silent because
 * allow_stop_reply is clear afterwards (and with it its flush of all translated
 * code at each stop).
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "system/runstate.h"
#include "qemu/main-loop.h"
#include "block/aio.h"
#include "exec/cpu-interrupt.h"
#include "gdbstub/gdbx/output.h"
#include "gdbstub/gdbx/watch.h"
#include "gdbstub/gdbx/sites.h"

void gdbx_stop_reply(int sig, int64_t pid, int64_t tid, const char *more)
{
    g_autoptr(GString) s = g_string_new(NULL);
    CPUState *cs = gdbx_is_machine(pid) ? gdbx_machine_cpu(tid) : NULL;
    bool due = gdbx_run.reply_due || gdbserver_state.allow_stop_reply;

    gdbx_inferiors_refresh();
    g_string_printf(s, "T%02xthread:", sig);
    gdbx_append_tid(s, pid, tid);
    g_string_append_printf(s, ";%s", more);
    gdbx.stopped = (GdbxTid) { pid, tid };
    gdbx.general = gdbx.stopped;
    if (cs) {
        gdbserver_state.c_cpu = gdbserver_state.g_cpu = cs;
    }
    gdbserver_state.allow_stop_reply = false;
    gdbx_run.reply_due = false;
    gdbx_told_clear(NULL, GDBX_TOLD_ALL);
    if (due) {
        gdbx_output_stop(s);
    } else {
        gdbx_reply(s);      /* vAttach: gdb wants nothing in front of it */
    }
}

static GdbxTid scope_thread(CPUState *cs);

bool gdbx_hook_byte(uint8_t ch)
{
    gdbx_hook_calls[GDBX_HOOK_BYTE]++;
    if (gdbx_output_byte(ch)) {
        return true;
    }
    if (ch != 0x03 || !gdbx.client || runstate_is_running() ||
        gdbserver_state.state != RS_IDLE) {
        return false;
    }
    if (gdbx_run.reply_due && !gdbx_run.unseen) {
        /* Resumed, yet not running: a suspended guest. */
        vm_stop(RUN_STATE_PAUSED);
        if (gdbx_run.reply_due) {
            gdbx_stop_interrupted();
        }
        return true;
    }
    gdbx_run.interrupted = true;
    return true;
}

void gdbx_stop_in_scope(int sig)
{
    GdbxTid tid = scope_thread(gdbserver_state.c_cpu ?: first_cpu);

    gdbx_stop_reply(sig, tid.pid, tid.tid, "");
}

void gdbx_stop_interrupted(void)
{
    gdbx_run.interrupted = gdbx_run.stepping = false;
    gdbx_points_drop_transient();
    gdbx_stop_in_scope(GDB_SIGNAL_INT);
}

static void schedule_quietly(QEMUBHFunc *fn)
{
    /* Not the main AioContext: any nested poll (a drain) would run it. */
    aio_bh_schedule_oneshot(iohandler_get_aio_context(), fn, NULL);
}

static void quiet_bh(void *opaque)
{
    gdbx_run.unseen = false;
    if (!gdbx.client || runstate_is_running()) {
        return;
    }
    if (gdbx_run.interrupted) {
        gdbx_stop_interrupted();
    } else if (gdbx_run.stepping) {
        gdbx_step_go_on();
    } else {
        gdbx_resume_quietly();
    }
}

/*
 * One turn of the main loop later: a second vCPU that hit while the first was
 * being stopped has asked for a stop of its own, which that turn takes.
 */
static void quiet_soon(void *opaque)
{
    schedule_quietly(quiet_bh);
}

/* gdb must not see this stop: go on as soon as the handlers are through. */
void gdbx_go_on_quietly(void)
{
    gdbserver_state.allow_stop_reply = false;
    gdbx_run.unseen = true;
    schedule_quietly(quiet_soon);
}

bool gdbx_in_scope(int64_t pid)
{
    if (gdbx_is_machine(pid) && gdbx.machine_quiet) {
        return false;
    }
    return gdbx_run.scope == -1 || gdbx_run.scope == pid;
}

/* The thread in whose name a stop of @cs may be told to gdb (R5). */
static GdbxTid scope_thread(CPUState *cs)
{
    GdbxTid machine = { GDBX_MACHINE_PID, gdb_get_cpu_index(cs) };
    int64_t pid = gdbx_run.scope;
    GdbxInferior *inf;

    if (gdbx_run.pid && gdbx_run.alone && gdbx_inferior(gdbx_run.pid)) {
        return (GdbxTid) { gdbx_run.pid, gdbx_run.tid };    /* R6 */
    }

    if (pid == -1) {
        pid = gdbx.general.pid;
        if (!gdbx_inferior(pid) && gdbx.inferiors->len &&
            (gdbx.machine_detached || gdbx.machine_quiet)) {
            pid = ((GdbxInferior *)g_ptr_array_index(gdbx.inferiors, 0))->pid;
        }
    }
    inf = gdbx_inferior(pid);
    if (!inf) {
        return machine;
    }
    if (gdbx.general.pid == pid && gdbx_has_thread(inf, gdbx.general.tid)) {
        return gdbx.general;
    }
    return (GdbxTid) { pid, gdbx_some_thread(inf) ?: pid };
}

void gdbx_report_elsewhere(CPUState *cs, const char *what, uint64_t pc)
{
    GdbxTid tid = scope_thread(cs);

    gdbx_console("gdbx: CPU#%d %s at 0x%" PRIx64 ", which belongs to an "
                 "inferior that was not resumed (%s)\n",
                 cs->cpu_index, what, pc, gdbx_run.scope == -1
                 ? "select the machine's inferior and type `stepi 0' once"
                 : "set schedule-multiple on");
    /* `stepi 0' sends nothing: from now on it is taken as done. */
    gdbx.machine_quiet = false;
    gdbx_stop_reply(GDB_SIGNAL_0, tid.pid, tid.tid, "");
}

/*
 * gdb has no breakpoint there: it would take swbreak for a leftover and go on
 * (R7), so this is a trap like any other, and it is not gdb that steps over it.
 */
static void report_numbered(CPUState *cs, const GdbxHit *hit)
{
    GdbxTid tid = { GDBX_MACHINE_PID, gdb_get_cpu_index(cs) };

    gdbx_console("gdbx: point %u hit at 0x%" PRIx64 " (CPU#%d, cr3 0x%" PRIx64
                 ", cpl %d)\n", hit->number, hit->pc, cs->cpu_index,
                 gdbx.arch->address_space(cs), gdbx.arch->privilege(cs));
    gdbx_told(cs, hit->pc, GDBX_TOLD_POINT);
    if (!gdbx_in_scope(GDBX_MACHINE_PID)) {
        tid = scope_thread(cs);
    }
    gdbx_stop_reply(GDB_SIGNAL_TRAP, tid.pid, tid.tid, "");
}

static void report_hit(CPUState *cs, GdbxHit *hit)
{
    const char *more = hit->hardware ? "hwbreak:;" : "swbreak:;";
    const OsiTask *t;

    if (hit->note[0]) {
        gdbx_console("gdbx: %s\n", hit->note);
    }
    if (hit->number) {
        report_numbered(cs, hit);
        return;
    }
    if (!gdbx_in_scope(hit->pid)) {
        gdbx_report_elsewhere(cs, "hit a breakpoint", hit->pc);
        return;
    }
    hit->told = true;       /* gdb will step over it */
    if (gdbx_is_machine(hit->pid)) {
        gdbx_stop_reply(GDB_SIGNAL_TRAP, GDBX_MACHINE_PID,
                        gdb_get_cpu_index(cs), more);
        return;
    }
    t = gdbx_current(cs, NULL);
    gdbx_stop_reply(GDB_SIGNAL_TRAP, hit->pid,
                    t ? t->pid : gdbx_some_thread(gdbx_inferior(hit->pid))
                        ?: hit->pid, more);
}

/*
 * Is this hit really its owner's? After vfork, and with CLONE_VM in general,
 * another process lives in the same address space.
 */
static bool hit_is_owners(CPUState *cs, const GdbxHit *hit)
{
    const OsiTask *t;

    if (gdbx_is_machine(hit->pid)) {
        return true;
    }
    t = gdbx_current(cs, NULL);
    return !t || t->tgid == hit->pid;
}

/* The vCPU whose hit is reported: one in scope first. */
static CPUState *choose_hit(void)
{
    CPUState *cs, *best = NULL;

    CPU_FOREACH(cs) {
        GdbxHit *hit = gdbx_hit(cs);

        /* Replay passes points on its way back and stops elsewhere. */
        if (!hit->valid || hit->transient || gdbx.arch->pc(cs) != hit->pc) {
            continue;
        }
        if (!hit_is_owners(cs, hit)) {
            if (!hit->machine) {
                gdbx_told(cs, hit->pc, GDBX_TOLD_ALL);
                continue;
            }
            hit->pid = GDBX_MACHINE_PID;
        }
        if (!best || (gdbx_in_scope(hit->pid) &&
                      !gdbx_in_scope(gdbx_hit(best)->pid))) {
            best = cs;
        }
    }
    return best;
}

/* A vCPU was to execute one instruction only. */
static bool stepped(void)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        if (cs->singlestep_enabled) {
            return true;
        }
    }
    return false;
}

static void stopped_debug(void)
{
    CPUState *cpu = gdbserver_state.c_cpu ?: first_cpu;
    bool watched = gdbx_watch_pending();
    CPUState *hit, *cs;

    /* Behind the access, so told first. */
    if (watched && gdbx_watch_report()) {
        return;
    }
    hit = choose_hit();
    if (hit && !(gdbx_run.stepping && gdbx_run.alone)) {
        gdbx_run.stepping = false;
        gdbx_points_drop_transient();
        report_hit(hit, gdbx_hit(hit));
        return;
    }
    if (gdbx_run.stepping) {
        CPU_FOREACH(cs) {
            GdbxHit *h = gdbx_hit(cs);

            /* gdb hears of its thread alone (R6); the others pass. */
            if (h->valid && !h->transient) {
                if (gdbx_in_scope(h->pid) && hit_is_owners(cs, h)) {
                    gdbx_console("gdbx: CPU#%d passes the breakpoint at 0x%"
                                 PRIx64 ": gdb steps another thread alone\n",
                                 cs->cpu_index, h->pc);
                }
                gdbx_told(cs, h->pc, GDBX_TOLD_ALL);
            }
        }
        gdbx_step_stopped();
        return;
    }
    CPU_FOREACH(cs) {
        if (gdbx_hit(cs)->valid) {
            gdbx_go_on_quietly();    /* nobody's: see hit_is_owners() */
            return;
        }
    }
    if (gdbx.machine_detached || (watched && !stepped())) {
        gdbx_go_on_quietly();
        return;
    }
    if (!gdbx_in_scope(GDBX_MACHINE_PID)) {
        gdbx_report_elsewhere(cpu, "stopped", gdbx.arch->pc(cpu));
        return;
    }
    if (cpu->singlestep_enabled) {
        gdbx_step_landed(cpu);
    }
    gdbx_stop_reply(GDB_SIGNAL_TRAP, GDBX_MACHINE_PID,
                    gdb_get_cpu_index(cpu), "");
}

/* As gdb_vm_state_change() in gdbstub/system.c; -1: gdb is told nothing. */
static int signal_of(RunState state)
{
    switch (state) {
    case RUN_STATE_PAUSED:
        return GDB_SIGNAL_INT;
    case RUN_STATE_SHUTDOWN:
        return GDB_SIGNAL_QUIT;
    case RUN_STATE_IO_ERROR:
        return GDB_SIGNAL_STOP;
    case RUN_STATE_WATCHDOG:
        return GDB_SIGNAL_ALRM;
    case RUN_STATE_INTERNAL_ERROR:
        return GDB_SIGNAL_ABRT;
    case RUN_STATE_SAVE_VM:
    case RUN_STATE_RESTORE_VM:
        return -1;
    case RUN_STATE_FINISH_MIGRATE:
        return GDB_SIGNAL_XCPU;
    default:
        return GDB_SIGNAL_UNKNOWN;
    }
}

/* A hit that is not what is told now comes again at the next resume. */
static void note_counted(CPUState *cs)
{
    const GdbxHit *hit = gdbx_hit(cs);

    if (hit->valid && !hit->told && !hit->transient &&
        gdbx.arch->pc(cs) == hit->pc) {
        gdbx_told(cs, hit->pc, GDBX_TOLD_COUNTED);
    }
}

void gdbx_vm_state_change(void *opaque, bool running, RunState state)
{
    CPUState *cs;
    int sig;

    if (!gdbx.on) {
        return;
    }
    gdbx_guest_stale();
    if (running) {
        gdbx_output_overtaken();
        gdbx_told_check();
        gdbx_hits_clear();
        gdbx_watches_commit();
        gdbx_sites_commit();
        gdbx_current_prepare();
        gdbx_guest_stale();
        return;
    }
    if (!gdbx.client ||
        !(gdbx_run.reply_due || gdbserver_state.allow_stop_reply)) {
        return;
    }
    if (state == RUN_STATE_DEBUG) {
        stopped_debug();
    } else {
        sig = signal_of(state);
        if (sig < 0) {
            return;     /* a snapshot: the guest goes on by itself */
        }
        gdbx_run.stepping = false;
        gdbx_points_drop_transient();
        gdbx_inferiors_refresh();
        if (!gdbx_report_gone()) {
            gdbx_stop_in_scope(sig);
        }
        if (state == RUN_STATE_SHUTDOWN) {
            gdbx_output_hurry();    /* there may be no main loop any more */
        }
    }
    CPU_FOREACH(cs) {
        cpu_single_step(cs, 0);
        /* Asked for by a watch; the machine has stopped without it. */
        cpu_reset_interrupt(cs, CPU_INTERRUPT_DEBUG);
        note_counted(cs);
    }
}
