/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls: what the CPU sees of them, made into beginnings and ends.
 *
 * syscall.c          calls that threads are in; who is meant
 * syscall-catch.c    gdb's `catch syscall', in followed processes
 * syscall-event.c    `monitor gdbx break|log|count syscall'
 * target/i386/gdbx/syscall.c  the instructions that make calls and end them
 *
 * An end is a return to user mode of a thread that has begun a call. What the
 * kernel does meanwhile (other tasks, signals, the thread on another CPU) needs
 * no knowledge of it: the object of the current task tells the thread.
 *
 * Locking: the calls have a lock of their own; the rest is written while no
 * vCPU runs.
 */
#ifndef GDBX_SYSCALL_H
#define GDBX_SYSCALL_H

#include "introspect/thread.h"
#include "gdbstub/gdbx/gdbx.h"

/* Fields of an event of the kind `syscall'. */
enum {
    GDBX_CALL_NUMBER, GDBX_CALL_ENTRY, GDBX_CALL_RESULT, GDBX_CALL_ARG0,
    GDBX_CALL_COMPAT32 = GDBX_CALL_ARG0 + 6, GDBX_CALL_FIELDS
};

typedef struct GdbxCall {
    OsiCall made;
    uint64_t arg[6];
    uint64_t pc;            /* linear address of the instruction */
    OsiIds who;             /* 0: it could not be told */
    bool no_args;           /* they were gone when somebody began to care */
} GdbxCall;

/* --- what the arch asks and says; vCPU thread, state synchronised --- */

/* Does anybody want to know of calls in the address space of @cs? */
bool gdbx_syscall_meant(CPUState *cs);
/*
 * @cs is in front of the instruction that makes @call, of which @who is filled
 * here. True: it stops behind the instruction.
 */
bool gdbx_syscall_begins(CPUState *cs, GdbxCall *call);
/*
 * It does so, @regs being the user registers as the kernel is going to save
 * them; gdb reads them while the CPU stands at the kernel's first instruction.
 */
void gdbx_syscall_stands(CPUState *cs, const OsiUserRegs *regs);
/* @cs has come back to user mode and has executed nothing there. */
void gdbx_syscall_ends(CPUState *cs);

/* --- the rest of the stub; main thread, no vCPU runs --- */

/* The guest is about to run. */
void gdbx_syscalls_prepare(void);
/* The client is gone or begins anew. */
void gdbx_syscalls_reset(void);
/* Is the task of a running CPU needed (current.c)? */
bool gdbx_syscalls_know(void);
/*
 * Registers of a thread that stands at the beginning of a call; false: it does
 * not. @cs: the CPU, may be NULL.
 */
bool gdbx_syscall_regs(const OsiTask *t, OsiUserRegs *regs, CPUState **cs);
/* Writes there; NULL or why it cannot be. */
const char *gdbx_syscall_write(const OsiTask *t, size_t offset, uint64_t value);

/* --- syscall-catch.c --- */
bool gdbx_catch_any(void);
void gdbx_catch_reset(void);
/* vCPU thread: does @call concern gdb? True: stop; it will be told. */
bool gdbx_catch(CPUState *cs, const GdbxCall *call, bool entry);


/* --- syscall-event.c --- */
/* vCPU thread: does anybody want to know how @call ends? */
bool gdbx_syscall_end_wanted(const GdbxCall *call);
/*
 * vCPU thread: announces a call (@result NULL) or its end. True: the machine
 * shall stop for it, behind the instruction.
 */
bool gdbx_syscall_event(CPUState *cs, const GdbxCall *call,
                        const int64_t *result);

#endif
