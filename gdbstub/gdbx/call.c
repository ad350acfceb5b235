/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A function that gdb calls in a thread which is in a system call.
 *
 * Natively the call is interrupted first. Here it ends when it ends: the thread
 * goes to the function then, with the call's result in the register that gdb
 * restores afterwards to what it was when the thread slept. So the result is
 * kept on the way and put back with the program counter. A call that the kernel
 * would have restarted (it was interrupted) is made again.
 *
 * One such thread at a time: gdb has one such call at a time on its way.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"

/* ERESTARTSYS to ERESTART_RESTARTBLOCK, include/linux/errno.h of Linux. */
#define RESTART_FIRST 512
#define RESTART_LAST 516

static struct {
    int32_t tid;            /* 0: none */
    uint64_t pc, shown;     /* of the thread in its call: PC, result register */
    uint64_t number;        /* of the call */
    bool arrived;
    uint64_t result;
} call;

/* What the result register was before gdb put an argument there. */
static struct {
    int32_t tid;
    uint64_t result;
} first;

void gdbx_call_forget(void)
{
    call.tid = first.tid = 0;
}

void gdbx_call_argument(int32_t tid, const OsiUserRegs *was)
{
    if (first.tid != tid && (int64_t)was->orig_rax >= 0) {
        first.tid = tid;
        first.result = was->rax;
    }
}

void gdbx_call_moved(int32_t tid, const OsiUserRegs *was, uint64_t pc)
{
    if (call.tid == tid && !call.arrived) {
        if (pc == call.pc) {
            gdbx_call_forget();     /* gdb has given it up */
        }
        return;
    }
    /* gdb may have said before that no call is to be restarted. */
    if (pc != was->rip && (int64_t)was->orig_rax >= 0) {
        call.tid = tid;
        call.pc = was->rip;
        call.shown = first.tid == tid ? first.result : was->rax;
        first.tid = 0;
        call.number = was->orig_rax;
        call.arrived = false;
    }
}

int32_t gdbx_call_waits(void)
{
    return call.tid && !call.arrived ? call.tid : 0;
}

void gdbx_call_arrived(CPUState *cs, int32_t tid)
{
    if (tid && call.tid == tid && !call.arrived) {
        call.arrived = true;
        call.result = gdbx.arch->result(cs);
    }
}

void gdbx_call_over(CPUState *cs, int32_t tid)
{
    uint64_t again = -call.result;

    if (call.tid != tid || !call.arrived || gdbx.arch->pc(cs) != call.pc ||
        gdbx.arch->result(cs) != call.shown) {
        return;
    }
    if (again < RESTART_FIRST || again > RESTART_LAST ||
        !gdbx.arch->call_again(cs, call.number)) {
        gdbx.arch->set_result(cs, call.result);
    }
    gdbx_call_forget();
}
