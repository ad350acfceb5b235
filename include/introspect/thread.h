/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a thread was doing: registers, stack, system call. Rules: guest.h. */
#ifndef INTROSPECT_THREAD_H
#define INTROSPECT_THREAD_H

#include "introspect/task.h"

/* User registers of a thread, general purpose part. */
typedef struct OsiUserRegs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi, orig_rax, rip, cs, rflags, rsp, ss;
    uint64_t fs_base, gs_base;    /* 0 where unknown */
    bool compat32;                /* 32-bit code segment */
} OsiUserRegs;

/* Saved user registers of a thread that is not in user mode on a CPU now. */
bool osi_saved_user_regs(OsiGuest *g, const OsiTask *t, OsiUserRegs *regs,
                         OsiError *err);

/* Where a saved register is: all of its bytes are RAM there. */
typedef struct OsiPlace {
    uint64_t pa;            /* physical address */
    unsigned bytes;         /* 4 or 8 */
} OsiPlace;

/*
 * Of the register at byte @offset of OsiUserRegs; those from r15 to ss only.
 * What is written there is what the thread goes on with (but for the result of
 * a system call that it is in). False for a thread that is in the middle of
 * entering or leaving the kernel, where some have not been saved yet or have
 * been loaded already.
 */
bool osi_saved_user_place(OsiGuest *g, const OsiTask *t, size_t offset,
                          OsiPlace *place, OsiError *err);

/*
 * A signal handler that has not executed anything yet, from the frame that the
 * kernel has built for it.
 */
typedef struct OsiSignalFrame {
    uint64_t sp;            /* stack pointer at its first instruction */
    uint64_t low;           /* lowest address of the stack for handlers that it
                               is on; 0: on the thread's own */
    uint64_t pc;            /* where it has interrupted the thread */
    uint64_t gpr[OSI_GPRS]; /* RSP, RDI, RSI, RDX, RCX, RAX there; others 0 */
    unsigned word;          /* bytes of a pointer */
} OsiSignalFrame;

/* Reads memory as @cpu sees it; without any effect on the guest. */
typedef bool (*OsiVirtFn)(void *opaque, uint64_t va, void *buf, size_t len);

/*
 * Is @cpu in front of a handler's first instruction? @code64: it executes
 * 64-bit code. Needs no guest object: any thread may ask of its own CPU.
 */
bool osi_signal_frame(const OsiCpu *cpu, bool code64, OsiVirtFn read,
                      void *opaque, OsiSignalFrame *out);
/*
 * A system call as a thread has made it, for its end. Numbers and results of
 * Linux's ABI.
 */
typedef struct OsiCall {
    uint64_t number;
    uint64_t next;          /* where it goes on behind the call */
    bool compat32;          /* by the 32-bit table */
} OsiCall;

/* It will be made again: ERESTARTSYS, ERESTART_RESTARTBLOCK of Linux. */
#define OSI_CALL_RESTARTS   (-512)
#define OSI_CALL_CONTINUES  (-516)

/*
 * The result of @call: its thread has come back to user mode on @cpu, having
 * executed nothing. Signal handlers may come in between. Any thread may ask of
 * its own CPU.
 */
int64_t osi_call_result(const OsiCpu *cpu, bool code64, OsiVirtFn read,
                        void *opaque, const OsiCall *call);

/* Has the handler not been left yet, the stack pointer being @sp? */
bool osi_in_signal_handler(const OsiSignalFrame *f, uint64_t sp);

/*
 * FPU, SSE and AVX registers that the kernel saved for a thread off the CPU.
 * Layout of @fxsave: Intel SDM vol. 1 table 10-2. A component that the thread
 * has not used is in its initial state there.
 */
typedef struct OsiFpu {
    uint8_t fxsave[512];
    uint8_t ymm_high[16][16];
    bool has_ymm;
} OsiFpu;

bool osi_saved_fpu(OsiGuest *g, const OsiTask *t, OsiFpu *fpu, OsiError *err);

/* Kernel registers of a task off the CPU, as its last switch left them. */
typedef struct OsiKernelRegs {
    uint64_t rip, rsp, rbp, rbx, r12, r13, r14, r15;
    uint64_t rsi, rdi;      /* 32-bit kernels only (no r12..r15 there) */
} OsiKernelRegs;

bool osi_kernel_regs(OsiGuest *g, const OsiTask *t, OsiKernelRegs *regs,
                     OsiError *err);

typedef struct OsiFrame {
    uint64_t pc;            /* kernel address */
    uint64_t sp;            /* value of the stack pointer in that function */
    bool exact;             /* @pc is the instruction itself (an interrupt or
                               the top frame), not a return address: look a
                               return address up by pc - 1 */
    bool guess;             /* found without unwind data */
} OsiFrame;

/*
 * Kernel stack of a task, innermost first: asleep from its switch frame, on a
 * CPU in kernel mode from that CPU's registers. A stack that cannot be
 * unwound to its end gives what was found and fills @err with the reason
 * (kind != OSI_OK) while returning true; *n <= @max. False: no frame at all.
 */
bool osi_kernel_stack(OsiGuest *g, const OsiTask *t, OsiFrame *frames,
                      size_t max, size_t *n, OsiError *err);

/* The system call that a thread is in. */
typedef struct OsiSyscall {
    int64_t number;         /* -1: in the kernel for another reason */
    uint64_t args[6];
    uint64_t sp, pc;        /* user stack pointer and program counter */
    bool compat32;          /* numbered by the 32-bit table */
    char name[48];          /* as the kernel's own table; "" unknown */
} OsiSyscall;

/* OSI_ERR_NO_SUCH for a thread that is in user mode now. */
bool osi_syscall(OsiGuest *g, const OsiTask *t, OsiSyscall *sc, OsiError *err);

#endif
