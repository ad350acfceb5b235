/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A step of a followed process's thread: an instruction of its user code, or
 * what is executed until it leaves a range, whatever the kernel and other tasks
 * do meanwhile.
 *
 * One instruction of a thread that is in user mode is a single step of its vCPU.
 * All else (the way through the kernel, a thread that sleeps, a range) is
 * looked for while the guest runs as a whole (step-watch.c). A range of a thread
 * that gdb resumed alone is made of single steps too, so that no other thread
 * runs but while it is in the kernel.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/output.h"
#include "gdbstub/gdbx/step.h"
#include "gdbstub/gdbx/watch.h"

void gdbx_step_end(void)
{
    gdbx_run.stepping = false;
    gdbx_step_look_no_more();
    gdbx_step_forget_handlers();
    gdbx_step_exit_forget();
}

static bool in_range(uint64_t pc)
{
    return pc >= gdbx_run.start && pc < gdbx_run.end;
}

/* Points count in front of an instruction, not in front of the first one. */
static void single_step(const OsiTask *t, CPUState *cs)
{
    g_autofree char *states = gdbx_all_states(gdbx_run.alone ? 0 : 'c');
    int flags = gdbserver_state.sstep_flags;

    states[cs->cpu_index] = 's';
    gdbx_run.cs = cs;
    gdbx_run.begun = true;
    gdbx_run.from = gdbx.arch->pc(cs);
    gdbx.arch->trace(cs, gdbx_run.before);
    if (gdbx_run.alone && gdbx_run.end) {
        gdbx_step_know(t);
    }
    if (!gdbx_run.alone) {
        /* What the thread waits for may need the time and the interrupts. */
        gdbserver_state.sstep_flags &= ~(SSTEP_NOIRQ | SSTEP_NOTIMER);
    }
    gdbx_start(states);
    gdbserver_state.sstep_flags = flags;
}

static void look_for(const GdbxInferior *inf, const OsiTask *t, CPUState *cs)
{
    gdbx_run.cs = NULL;
    if (gdbx_run.alone) {
        gdbx_step_look_for(inf, t, 0, 0);
    } else {
        gdbx_step_look_for(inf, t, gdbx_run.start, gdbx_run.end);
    }
    if (cs) {
        gdbx_run.begun = true;
        gdbx_told(cs, gdbx.arch->pc(cs), GDBX_TOLD_ALL);
    }
    gdbx_resume_quietly();
}

static void give_up(const char *why)
{
    gdbx_console("gdbx: thread %d %s\n", gdbx_run.tid, why);
    gdbx_step_end();
    gdbx_stop_reply(GDB_SIGNAL_0, gdbx_run.pid, gdbx_run.tid, "");
}

/*
 * The thread is gone. Of one that was resumed alone gdb must hear of no other
 * (R6): what runs there is nothing any more.
 */
static void tell_exit(const GdbxInferior *inf)
{
    g_autoptr(GString) s = g_string_new("N");
    int32_t other = inf ? gdbx_some_thread(inf) : 0;

    gdbx_console("gdbx: thread %d exits\n", gdbx_run.tid);
    gdbx_step_end();
    gdbx_inferiors_refresh();
    if (gdbx_report_gone()) {
        return;
    }
    if (gdbx_run.alone || !other) {
        /* What gdb asks next is about any thread, and this one is no more. */
        gdbx.stopped = other ? (GdbxTid) { gdbx_run.pid, other }
            : (GdbxTid) { GDBX_MACHINE_PID, gdb_get_cpu_index(first_cpu) };
        gdbx.general = gdbx.stopped;
        gdbx_run.reply_due = gdbserver_state.allow_stop_reply = false;
        gdbx_output_stop(s);
    } else {
        gdbx_stop_reply(GDB_SIGNAL_0, gdbx_run.pid, other, "");
    }
}

/* gdb may ask for its registers. */
static bool has_registers(int32_t tid)
{
    const OsiTask *t = osi_task_by_pid(gdbx_guest(), tid, NULL);
    OsiUserRegs regs;

    return t && (gdbx_live_cpu(tid) ||
                 gdbx_user_regs(t, &regs, NULL));
}

/* Takes the step of gdbx_run.tid on. */
void gdbx_step_go_on(void)
{
    GdbxInferior *inf = gdbx_inferior(gdbx_run.pid);
    CPUState *cs = gdbx_live_cpu(gdbx_run.tid);
    const OsiTask *t = osi_task_by_pid(gdbx_guest(), gdbx_run.tid, NULL);
    OsiUserRegs regs;

    if (!inf || !t || t->tgid != inf->pid) {
        tell_exit(inf);
        return;
    }
    gdbx_step_expect_exit();
    if (cs && (gdbx_run.alone || !in_range(gdbx.arch->pc(cs)))) {
        single_step(t, cs);
        return;
    }
    if (!cs && !gdbx_run.begun) {
        if (!gdbx_user_regs(t, &regs, NULL)) {
            give_up("cannot be stepped: its user registers are not known");
            return;
        }
        gdbx_run.begun = true;
        gdbx_run.from = regs.rip;
        /* As with ptrace, the end of a system call is the end of its step. */
        gdbx_run.in_call = (int64_t)regs.orig_rax >= 0;
    }
    look_for(inf, t, cs);
}

static bool runs_on(CPUState *cs, int32_t tid)
{
    const OsiTask *t = gdbx_current(cs, NULL);

    return t && t->pid == tid;
}

/* The CPU on which the thread has come to user code, as was looked for. */
static CPUState *arrival(void)
{
    CPUState *cs, *found = NULL;

    CPU_FOREACH(cs) {
        GdbxHit *hit = gdbx_hit(cs);

        if (!hit->valid || !hit->step) {
            continue;
        }
        if (runs_on(cs, gdbx_run.tid)) {
            found = cs;
        } else {
            gdbx_told(cs, hit->pc, GDBX_TOLD_ALL);   /* another thread came by */
        }
    }
    return found;
}

/*
 * Nothing has been executed: the machine stopped for a reason of its own before
 * the step began. A jump to itself looks the same; hence not for ever. Under a
 * storm of signals on four CPUs more than three such stops in a row were seen.
 */
static bool began(CPUState *cs)
{
    uint64_t now[GDBX_TRACE_WORDS];

    gdbx.arch->trace(cs, now);
    return memcmp(now, gdbx_run.before, sizeof(now)) || ++gdbx_run.again > 100;
}

/*
 * Is the step over, the thread being in front of user code at @pc? When it has
 * come out of the kernel: not if that is where it went in, for then the
 * instruction has yet to be executed (a fault, a system call to be restarted).
 */
static bool over(CPUState *cs, uint64_t pc, bool arrived)
{
    if (arrived && pc == gdbx_run.from && !gdbx_run.in_call &&
        !in_range(pc)) {
        return false;
    }
    return !in_range(pc) || gdbx_point_here(cs, pc);
}

/* A step of a process's thread came to a stop of the machine. */
void gdbx_step_stopped(void)
{
    CPUState *cs = arrival();
    bool arrived = cs;

    if (qatomic_read(&gdbx_run.exited)) {
        if (has_registers(gdbx_run.tid)) {
            give_up("exits");
        } else {
            tell_exit(gdbx_inferior(gdbx_run.pid));
        }
        return;
    }
    if (!cs && gdbx_run.cs && gdbx.arch->privilege(gdbx_run.cs) == 3 &&
        runs_on(gdbx_run.cs, gdbx_run.tid) && began(gdbx_run.cs)) {
        cs = gdbx_run.cs;
    }
    if (cs) {
        gdbx_call_arrived(cs, gdbx_run.tid);
    }
    if (cs && gdbx_run.passing) {
        gdbx_step_end();
    } else if (cs && over(cs, gdbx.arch->pc(cs), arrived)) {
        gdbx_step_landed(cs);
        gdbx_step_end();
        gdbx_stop_reply(GDB_SIGNAL_TRAP, gdbx_run.pid, gdbx_run.tid, "");
        return;
    }
    gdbx_go_on_quietly();
}

bool gdbx_step_again(CPUState *cs)
{
    uint64_t pc;

    if (!gdbx_run.stepping || !gdbx_run.alone || gdbx_run.cs != cs ||
        gdbx_watch_pending() || gdbx.arch->privilege(cs) != 3) {
        return false;
    }
    pc = gdbx.arch->pc(cs);
    return in_range(pc) && !gdbx_point_here(cs, pc) &&
           gdbx_step_is_thread(cs);
}
