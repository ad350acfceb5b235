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
#include "replay/timeline.h"
#include "gdbstub/gdbx/back.h"
#include "gdbstub/gdbx/event-points.h"
#include "gdbstub/gdbx/callstack.h"
#include "gdbstub/gdbx/index.h"
#include "gdbstub/gdbx/os-stops.h"
#include "gdbstub/gdbx/let-go.h"
#include "gdbstub/gdbx/output.h"
#include "gdbstub/gdbx/place.h"
#include "gdbstub/gdbx/roots.h"
#include "gdbstub/gdbx/signals.h"
#include "gdbstub/gdbx/wire.h"
#include "gdbstub/gdbx/watch.h"
#include "gdbstub/gdbx/sites.h"
#include "gdbstub/gdbx/step.h"
#include "gdbstub/gdbx/syscall.h"

void gdbx_stop_reply(int sig, int64_t pid, int64_t tid, const char *more)
{
    g_autoptr(GString) s = g_string_new(NULL);
    CPUState *cs = gdbx_is_machine(pid) ? gdbx_machine_cpu(tid) : NULL;
    bool due = gdbx_run.reply_due || gdbserver_state.allow_stop_reply;

    gdbx_inferiors_refresh();
    /* What an attach stops, a SIGSTOP would have. */
    gdbx_siginfo_note(due ? sig : GDB_SIGNAL_STOP, pid, tid, more);
    gdbx_doctor_stop(more);
    if (due && gdbx_is_machine(pid)) {
        gdbx_kernel_offer();
    }
    gdbx_when_stopped(sig, more);
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

bool gdbx_hook_byte(uint8_t ch)
{
    gdbx_hook_calls[GDBX_HOOK_BYTE]++;
    if (gdbx_output_byte(ch) || gdbx_wire_byte(ch) || gdbx_let_go_byte(ch)) {
        return true;
    }
    if (gdbx.client && timeline_busy()) {
        if (ch == 0x03) {
            timeline_interrupt();
        }
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
    GdbxTid tid = gdbx_scope_thread(gdbserver_state.c_cpu ?: first_cpu);

    gdbx_stop_reply(sig, tid.pid, tid.tid, "");
}

void gdbx_stop_interrupted(void)
{
    gdbx_run.interrupted = false;
    gdbx_step_end();
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
    if (pid == GDBX_MACHINE_PID && gdbx.machine_quiet) {
        return false;
    }
    return gdbx_run.scope == -1 || gdbx_run.scope == pid;
}

bool gdbx_may_hear_of(GdbxTid tid)
{
    return !gdbx_run.pid || !gdbx_run.alone ||
           (tid.pid == gdbx_run.pid && tid.tid == gdbx_run.tid);
}

/* gdb cannot stop in one that has no registers any more. */
static GdbxInferior *live(int64_t pid)
{
    GdbxInferior *inf = gdbx_inferior(pid);

    return inf && !inf->gone ? inf : NULL;
}

static GdbxInferior *any_live(void)
{
    for (guint i = 0; i < gdbx.inferiors->len; i++) {
        GdbxInferior *inf = g_ptr_array_index(gdbx.inferiors, i);

        if (!inf->gone) {
            return inf;
        }
    }
    return NULL;
}

GdbxTid gdbx_scope_thread(CPUState *cs)
{
    GdbxTid machine = { gdbx_cpu_pid(), gdb_get_cpu_index(cs) };
    int64_t pid = gdbx_run.scope;
    GdbxInferior *inf;

    inf = gdbx_run.alone ? live(gdbx_run.pid) : NULL;
    if (inf && (gdbx_run.stepping || gdbx_has_thread(inf, gdbx_run.tid))) {
        return (GdbxTid) { gdbx_run.pid, gdbx_run.tid };    /* R6 */
    }

    if (pid == -1) {
        pid = gdbx.general.pid;
        if (!live(pid) && any_live() &&
            (gdbx.machine_detached || gdbx.machine_quiet)) {
            pid = any_live()->pid;
        }
    }
    inf = live(pid);
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
    GdbxTid tid = gdbx_scope_thread(cs);

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
    GdbxTid tid = { gdbx_cpu_pid(), gdb_get_cpu_index(cs) };

    g_autofree char *what =
        g_strdup_printf("point %u hit at 0x%" PRIx64 " (CPU#%d, cr3 0x%" PRIx64
                        ", cpl %d)", hit->number, hit->pc, cs->cpu_index,
                        gdbx.arch->address_space(cs),
                        gdbx.arch->privilege(cs));

    gdbx_console("gdbx: %s\n", what);
    gdbx_when_event(what);
    gdbx_told(cs, hit->pc, GDBX_TOLD_POINT);
    if (!gdbx_in_scope(tid.pid)) {
        tid = gdbx_scope_thread(cs);
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
        gdbx_back_present(gdbx_instant_point(hit->pc, 0).id);
        report_numbered(cs, hit);
        return;
    }
    if (!gdbx_in_scope(hit->pid)) {
        gdbx_report_elsewhere(cs, "hit a breakpoint", hit->pc);
        return;
    }
    hit->told = true;       /* gdb will step over it */
    gdbx_back_present(gdbx_instant_point(hit->pc, 0).id);
    if (gdbx_is_machine(hit->pid)) {
        gdbx_stop_reply(GDB_SIGNAL_TRAP, hit->pid, gdb_get_cpu_index(cs),
                        more);
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
static bool hit_is_owners(CPUState *cs, GdbxHit *hit)
{
    const OsiTask *t;

    if (gdbx_is_machine(hit->pid)) {
        return true;
    }
    t = gdbx_current(cs, NULL);
    if (t && t->tgid != hit->pid && gdbx_inferior(t->tgid) &&
        gdbx_is_vfork(hit->pid, t->tgid)) {
        hit->pid = t->tgid;     /* gdb inserts once for both */
    }
    return !t || t->tgid == hit->pid;
}

/*
 * gdb hears of its thread alone (R6). Once for each place: a thread that waits
 * in the kernel for one that never comes may do so for hours.
 */
static void say_passed(CPUState *cs, uint64_t pc)
{
    for (unsigned i = 0; i < gdbx_run.n_passed; i++) {
        if (gdbx_run.passed[i] == pc) {
            return;
        }
    }
    if (gdbx_run.n_passed == GDBX_PASSED_SAID) {
        return;
    }
    gdbx_run.passed[gdbx_run.n_passed++] = pc;
    gdbx_console("gdbx: CPU#%d passes the breakpoint at 0x%" PRIx64 ": gdb "
                 "has resumed another thread alone\n", cs->cpu_index, pc);
}

/* gdb lets one thread of a process go on (scheduler-locking), and that is another. */
static bool is_others(CPUState *cs, const GdbxHit *hit)
{
    const OsiTask *t;

    if (!gdbx_run.alone || gdbx_run.stepping || hit->number ||
        !gdbx_in_scope(hit->pid)) {
        return false;
    }
    t = gdbx_current(cs, NULL);
    return t && t->pid != gdbx_run.tid;
}

/* The vCPU whose hit is reported: one in scope first. */
static CPUState *choose_hit(void)
{
    CPUState *cs, *best = NULL;

    CPU_FOREACH(cs) {
        GdbxHit *hit = gdbx_hit(cs);

        /* Replay passes points on its way back and stops elsewhere. */
        if (!hit->valid || hit->step || hit->event ||
            gdbx.arch->pc(cs) != hit->pc) {
            continue;
        }
        if (!hit_is_owners(cs, hit)) {
            if (!hit->machine) {
                gdbx_told(cs, hit->pc, GDBX_TOLD_ALL);
                continue;
            }
            hit->pid = hit->machine;
        }
        if (is_others(cs, hit)) {
            say_passed(cs, hit->pc);
            gdbx_told(cs, hit->pc, GDBX_TOLD_ALL);
            continue;
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

bool gdbx_report_hit(void)
{
    CPUState *cs = choose_hit();

    if (cs) {
        report_hit(cs, gdbx_hit(cs));
    }
    return cs;
}

static void stopped_debug(void)
{
    CPUState *cpu = gdbserver_state.c_cpu ?: first_cpu;
    CPUState *hit, *cs;

    /* Behind the access, so told first. */
    if ((gdbx_watch_pending() && gdbx_watch_report()) ||
        (gdbx_event_pending() && gdbx_event_report())) {
        return;
    }
    if (gdbx_events_pending() && gdbx_events_report()) {
        return;
    }
    hit = choose_hit();
    if (hit && !(gdbx_run.stepping && gdbx_run.alone)) {
        gdbx_step_end();
        report_hit(hit, gdbx_hit(hit));
        return;
    }
    if (gdbx_run.stepping) {
        CPU_FOREACH(cs) {
            GdbxHit *h = gdbx_hit(cs);

            if (h->valid && !h->step && !h->event) {
                if (gdbx_in_scope(h->pid) && hit_is_owners(cs, h)) {
                    say_passed(cs, h->pc);
                }
                gdbx_told(cs, h->pc, GDBX_TOLD_ALL);
            }
        }
        gdbx_step_stopped();
        return;
    }
    CPU_FOREACH(cs) {
        /* A step of the machine would be lost. */
        if (gdbx_hit(cs)->valid && !(gdbx_hit(cs)->event && stepped())) {
            gdbx_go_on_quietly();    /* nobody's: see hit_is_owners() */
            return;
        }
    }
    /* Nothing at all: what was asked for has been told with another stop. */
    if ((gdbx.machine_detached && !gdbx_views_any()) || !stepped()) {
        gdbx_go_on_quietly();
        return;
    }
    if (!gdbx_in_scope(gdbx_cpu_pid())) {
        gdbx_report_elsewhere(cpu, "stopped", gdbx.arch->pc(cpu));
        return;
    }
    if (cpu->singlestep_enabled) {
        gdbx_step_landed(cpu);
    }
    gdbx_stop_reply(GDB_SIGNAL_TRAP, gdbx_cpu_pid(), gdb_get_cpu_index(cpu),
                    "");
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

    if (hit->valid && !hit->told && !hit->step && !hit->event &&
        gdbx.arch->pc(cs) == hit->pc) {
        gdbx_told(cs, hit->pc, GDBX_TOLD_COUNTED);
    }
}

void gdbx_prepare_run(void)
{
    gdbx_watches_commit();
    gdbx_signals_prepare();
    gdbx_roots_prepare();
    gdbx_catches_commit();
    gdbx_os_events_prepare();
    gdbx_syscalls_prepare();
    gdbx_sites_commit();
    gdbx_current_prepare();
    gdbx_callstack_prepare();
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
        gdbx_event_told_check();
        gdbx_hits_clear();
        gdbx_index_prepare();
        gdbx_prepare_run();
        gdbx_index_started();
        gdbx_guest_stale();
        return;
    }
    gdbx_index_stopped();
    if (!gdbx.client ||
        !(gdbx_run.reply_due || gdbserver_state.allow_stop_reply)) {
        return;
    }
    gdbx_events_stopped();
    if (timeline_busy() && gdbx_back_stopped(state)) {
        /* Told, or it goes on. */
    } else if (state == RUN_STATE_DEBUG) {
        stopped_debug();
    } else {
        sig = signal_of(state);
        if (sig < 0) {
            return;     /* a snapshot: the guest goes on by itself */
        }
        gdbx_step_end();
        gdbx_inferiors_refresh();
        if (!gdbx_report_gone()) {
            gdbx_stop_in_scope(sig);
        }
        if (state == RUN_STATE_SHUTDOWN) {
            gdbx_output_hurry();    /* there may be no main loop any more */
        }
    }
    gdbx_step_look_no_more();
    CPU_FOREACH(cs) {
        cpu_single_step(cs, 0);
        /* Asked for by a watch; the machine has stopped without it. */
        cpu_reset_interrupt(cs, CPU_INTERRUPT_DEBUG);
        note_counted(cs);
    }
}
