/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where does a thread come to user code outside of a range? While a step is
 * under way translated user code has a check in front of each instruction
 * (emit.c): it costs two comparisons in the range, and a call outside of it for
 * the threads of the process. The guest runs as a whole meanwhile, so whatever
 * the kernel does for the thread or with others is as ever.
 *
 * A signal handler is not part of a step: its frame is told by what the kernel
 * has put on the stack (introspect/linux-sigframe.c), and it has ended when the
 * stack pointer is above that frame, be it by sigreturn or by longjmp.
 *
 * Rejected: single steps from end to end (the kernel's instructions would be
 * stepped too, and a single-stepped vCPU takes no interrupts); points at the
 * exits of the range (what an indirect jump does is known too late).
 *
 * Locking: the state is written with all vCPUs stopped, later by the vCPU that
 * runs the thread; the guest's scheduler orders one after the other.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/step.h"

#define MAX_HANDLERS 16

GdbxStepWatch gdbx_step_watch;

static bool looking, known;
static uint64_t object;         /* the thread's task */
static uint64_t length;         /* of the range; none in a handler */
static OsiSignalFrame handlers[MAX_HANDLERS];
static unsigned depth;

void gdbx_step_look_for(const GdbxInferior *inf, const OsiTask *task,
                        uint64_t start, uint64_t end)
{
    CPUState *cs;

    length = end > start ? end - start : 0;
    gdbx_step_watch = (GdbxStepWatch) {
        .start = start, .length = depth ? 0 : length,
        .mask = osi_cr3_mask(gdbx_guest()),
    };
    gdbx_step_watch.space = inf->root.table & gdbx_step_watch.mask;
    gdbx_step_know(task);
    looking = true;
    CPU_FOREACH(cs) {
        gdbx_hit(cs);           /* there from now on: vCPUs may not make it */
        cs->tcg_cflags |= GDBX_CF_STEP;
    }
}

void gdbx_step_know(const OsiTask *task)
{
    object = task->object;
    known = true;
}

void gdbx_step_look_no_more(void)
{
    CPUState *cs;

    looking = known = false;
    CPU_FOREACH(cs) {
        cs->tcg_cflags &= ~GDBX_CF_STEP;
    }
}

bool gdbx_step_knows(void)
{
    return known;
}

void gdbx_step_forget_handlers(void)
{
    depth = 0;
}

bool gdbx_step_is_thread(CPUState *cs)
{
    uint64_t now;

    return gdbx_current_object(cs, &now) && now == object;
}

static bool read_cpu(void *opaque, uint64_t va, void *buf, size_t len)
{
    return gdbx.arch->read_virt(opaque, va, buf, len);
}

/* Is the thread, now at @pc, in a handler that interrupted the step? */
static bool in_handler(CPUState *cs, uint64_t pc)
{
    OsiSignalFrame frame;
    OsiCpu cpu;

    gdbx.arch->osi_cpu(cs, &cpu);
    while (depth && !osi_in_signal_handler(&handlers[depth - 1], cpu.rsp)) {
        depth--;
    }
    cpu.rip = pc;
    if (osi_signal_frame(&cpu, gdbx.arch->is_64bit(cs), read_cpu, cs, &frame)) {
        if (depth == MAX_HANDLERS) {
            return false;
        }
        handlers[depth++] = frame;
    }
    /* Each instruction of a handler comes here: its end may be in the range. */
    qatomic_set(&gdbx_step_watch.length, depth ? 0 : length);
    return depth;
}

bool gdbx_step_arrived(CPUState *cs, uint64_t pc, uintptr_t ra, bool again)
{
    GdbxHit *hit = gdbx_hit(cs);
    uint64_t now;

    if (!looking || cs->singlestep_enabled) {
        return false;
    }
    if (timeline_busy()) {
        if (timeline_looking() && gdbx_step_is_thread(cs)) {
            gdbx_back_thread_insn(pc, gdbx_icount_at(cs, ra));
        }
        return false;
    }
    if (gdbx_current_object(cs, &now)) {
        if (now != object || in_handler(cs, pc) ||
            pc - gdbx_step_watch.start < length) {
            return false;
        }
    } else if (gdbx_take_told(cs, pc, again) & GDBX_TOLD_ALL) {
        return false;       /* looked at with the guest stopped: not the one */
    }
    *hit = (GdbxHit) {
        .valid = true, .raised = true, .step = true, .pc = pc,
        .pid = gdbx_run.pid,
    };
    return true;
}
