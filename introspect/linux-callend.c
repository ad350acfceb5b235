/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What came of a system call, seen at the first instruction that its thread
 * executes afterwards. The kernel has changed the registers by then: for a
 * handler of a signal, so that the call is made again, or both; it says so on
 * the stack. arch/x86/kernel/signal.c of Linux, arch_do_signal_or_restart().
 *
 * What is lost on the way: a call that a signal interrupts ends in the kernel
 * with one of four errors that programs never see. Where its handler is told
 * EINTR, that is the result.
 */
#include "introspect/thread.h"

#define HANDLERS 16             /* for signals that come together */

/* restart_syscall: what the kernel puts for ERESTART_RESTARTBLOCK. */
#define RESTART_SYSCALL64 219
#define RESTART_SYSCALL32 0

/* All instructions that make one are as long: Intel SDM vol. 2. */
#define INSN_BYTES 2

static uint64_t narrow(uint64_t v, const OsiCall *call)
{
    return call->compat32 ? (uint64_t)(int32_t)v : v;
}

static bool is_again(uint64_t pc, uint64_t ax, const OsiCall *call,
                     int64_t *result)
{
    uint64_t restart = call->compat32 ? RESTART_SYSCALL32 : RESTART_SYSCALL64;

    if (pc != call->next - INSN_BYTES) {
        return false;
    }
    if (narrow(ax, call) == narrow(call->number, call)) {
        *result = OSI_CALL_RESTARTS;
        return true;
    }
    *result = OSI_CALL_CONTINUES;
    return narrow(ax, call) == restart;
}

static int64_t behind_handlers(const OsiCpu *cpu, bool code64, OsiVirtFn read,
                               void *opaque, const OsiCall *call)
{
    OsiSignalFrame f;
    int64_t result;
    OsiCpu at = *cpu;

    for (int i = 0; i <= HANDLERS; i++) {
        if (at.rip == call->next) {
            return narrow(at.gpr[OSI_RAX], call);
        }
        if (is_again(at.rip, at.gpr[OSI_RAX], call, &result)) {
            return result;
        }
        if (!osi_signal_frame(&at, code64, read, opaque, &f)) {
            break;
        }
        memcpy(at.gpr, f.gpr, sizeof(at.gpr));
        at.rsp = f.gpr[OSI_RSP];
        at.rip = f.pc;
    }
    /* sigreturn, execve: it goes on somewhere else, behind handlers or not. */
    return narrow(at.gpr[OSI_RAX], call);
}

int64_t osi_call_result(const OsiCpu *cpu, bool code64, OsiVirtFn read,
                        void *opaque, const OsiCall *call)
{
    return cpu->rip == call->next ? narrow(cpu->gpr[OSI_RAX], call)
           : behind_handlers(cpu, code64, read, opaque, call);
}
