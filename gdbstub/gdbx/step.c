/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A step of a followed process's thread: one instruction of its user code,
 * whatever the kernel and other tasks do meanwhile.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"

/*
 * Takes the step of gdbx_run.tid on. Live in user mode: single-step that vCPU
 * (with the others stopped, so that none slips past a breakpoint gdb has
 * lifted). Else run everything until the thread's user code goes on.
 */
void gdbx_step_go_on(void)
{
    GdbxInferior *inf = gdbx_inferior(gdbx_run.pid);
    CPUState *cs = gdbx_live_cpu(gdbx_run.tid);
    g_autofree char *states = NULL;
    const OsiTask *t;
    OsiUserRegs regs;

    if (cs) {
        states = gdbx_all_states(0);
        states[cs->cpu_index] = 's';
        gdbx_run.cs = cs;
        gdbx_run.waiting = false;
        gdbx_run.from = gdbx.arch->pc(cs);
        gdbx.arch->trace(cs, gdbx_run.before);
        gdbx_points_drop_transient();
        gdbx_start(states);
        return;
    }
    t = osi_task_by_pid(gdbx_guest(), gdbx_run.tid, NULL);
    if (inf && t && !gdbx_run.waiting &&
        osi_saved_user_regs(gdbx_guest(), t, &regs, NULL)) {
        gdbx_point_transient(inf, regs.rip);
        /* In a system call: as with ptrace, its end is the end of the step. */
        gdbx_run.arrive = (int64_t)regs.orig_rax >= 0 ? regs.rip : 0;
    } else if (!gdbx_run.waiting) {
        gdbx_console("gdbx: thread %d cannot be stepped: its user registers are "
                     "not known\n", gdbx_run.tid);
        gdbx_run.stepping = false;
        gdbx_stop_reply(GDB_SIGNAL_0, gdbx_run.pid, gdbx_run.tid, "");
        return;
    }
    gdbx_run.cs = NULL;
    gdbx_run.waiting = true;
    gdbx_resume_quietly();
}

static bool runs_on(CPUState *cs, int32_t tid)
{
    const OsiTask *t = gdbx_current(cs, NULL);

    return t && t->pid == tid;
}

/* Has the thread come back to user mode where that ends its step? */
static bool arrived(void)
{
    bool done = false;
    CPUState *cs;

    CPU_FOREACH(cs) {
        GdbxHit *hit = gdbx_hit(cs);

        if (!hit->valid || !hit->transient) {
            continue;
        }
        if (!runs_on(cs, gdbx_run.tid)) {
            gdbx_told(cs, hit->pc, GDBX_TOLD_ALL);   /* another thread came by */
        } else if (hit->pc == gdbx_run.arrive) {
            done = true;
        }
    }
    return done;
}

/*
 * Nothing has been executed: the machine stopped for a reason of its own before
 * the step began. A jump to itself looks the same; hence not for ever.
 */
static bool began(CPUState *cs)
{
    uint64_t now[GDBX_TRACE_WORDS];

    gdbx.arch->trace(cs, now);
    return memcmp(now, gdbx_run.before, sizeof(now)) || ++gdbx_run.again > 3;
}

/* A step of a process's thread came to a stop of the machine. */
void gdbx_step_stopped(void)
{
    GdbxInferior *inf = gdbx_inferior(gdbx_run.pid);
    CPUState *cs = gdbx_run.cs;
    bool complete, user = cs && gdbx.arch->privilege(cs) == 3;
    bool there = arrived();

    if (!there && user && runs_on(cs, gdbx_run.tid) && began(cs)) {
        gdbx_step_landed(cs);
        there = true;
    }
    if (there) {
        gdbx_run.stepping = false;
        gdbx_points_drop_transient();
        gdbx_stop_reply(GDB_SIGNAL_TRAP, gdbx_run.pid, gdbx_run.tid, "");
        return;
    }
    if (cs && !user && inf) {
        /* The kernel has not saved the registers yet: ask the CPU. */
        uint64_t to = gdbx.arch->user_return(cs, gdbx_run.from, &complete);

        gdbx_point_transient(inf, to);
        gdbx_run.arrive = complete ? to : 0;
        gdbx_run.waiting = true;
        gdbx_run.cs = NULL;
    }
    gdbx_go_on_quietly();
}
