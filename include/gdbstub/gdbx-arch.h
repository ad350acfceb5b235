/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the stub extension asks of a CPU architecture: one const struct,
 * registered once at start-up by target/<arch>/gdbx. Knows CPU events and
 * registers, no guest OS and no packets.
 */
#ifndef GDBSTUB_GDBX_ARCH_H
#define GDBSTUB_GDBX_ARCH_H

#include "introspect/event.h"
#include "introspect/process.h"
#include "introspect/symbol.h"
#include "introspect/thread.h"

/* What any instruction but a jump to itself changes something of. */
#define GDBX_TRACE_WORDS 18
/* The first of them: the general registers alone, synchronised everywhere. */
#define GDBX_TRACE_GENERAL 16

/* Which description of the registers a number belongs to. */
typedef enum GdbxView {
    GDBX_VIEW_MACHINE,   /* a CPU: the standard set, control registers, ours */
    GDBX_VIEW_PROCESS,   /* a user thread: GNU/Linux's standard set + ours */
    GDBX_VIEW_PROCESS32, /* the same of a 32-bit program */
    /*
     * A CPU in code that is not 64-bit, with linear addresses in its program
     * counter and stack pointer; unknown while it is in 64-bit code.
     */
    GDBX_VIEW_REAL, GDBX_VIEW_PROTECTED,
} GdbxView;

/* Who knows the value of a register. */
typedef enum GdbxRegSource {
    GDBX_REG_CPU,        /* the CPU, or what was saved of it: the arch */
    GDBX_REG_OSPID,      /* guest OS: process id of the task */
    GDBX_REG_OSTID,      /* guest OS: thread id of the task */
    GDBX_REG_ICOUNT,     /* instructions executed by the machine */
} GdbxRegSource;

typedef struct GdbxRegInfo {
    const char *name;    /* a constant */
    unsigned bytes;
    GdbxRegSource source;
    bool in_g;           /* part of the `g` packet; those come first */
} GdbxRegInfo;

/*
 * A thread whose registers are asked for, wherever they are: a CPU of the
 * machine, or a user thread that is in user mode on @cs now (live), or else
 * @saved. Exactly one of the two is non-NULL.
 */
typedef struct GdbxThread {
    GdbxView view;
    CPUState *cs;
    const OsiUserRegs *saved;
    uint64_t known;      /* with @saved: a bit for each of its words that is
                            known; 0: all of them */
    const OsiFpu *fpu;   /* with @saved, where it is known; else NULL */
    int32_t pid, tid;    /* the guest OS's; 0 unknown */
    uint64_t root;       /* with @saved or of a user thread: physical address of
                            its page tables; 0 unknown */
} GdbxThread;

/* A saved register as it is to be: OsiUserRegs' word at @offset is @value. */
typedef struct GdbxSavedReg {
    size_t offset;
    uint64_t value;
} GdbxSavedReg;

typedef enum GdbxBegun {
    GDBX_BEGUN_NO,      /* an interrupt came in front of it */
    GDBX_BEGUN_YES,
    GDBX_BEGUN_MAYBE,   /* it was before anything was noted */
} GdbxBegun;

typedef struct GdbxArch {
    /* The stub starts, perhaps not for the first time. Main thread. */
    void (*start)(void);

    /* Copies what introspection needs. Main thread, vCPUs stopped. */
    void (*osi_cpu)(CPUState *cs, OsiCpu *out);
    /* Of that only what osi_current_quick() asks for. vCPU thread. */
    void (*task_cpu)(CPUState *cs, OsiCpu *out);

    /* Address-space register as loaded (x86: CR3). Any thread that owns @cs. */
    uint64_t (*address_space)(CPUState *cs);

    /*
     * Thread pointer of a user thread (x86: FS or, in 32-bit programs, GS
     * base); 0 unknown.
     */
    uint64_t (*thread_pointer)(const GdbxThread *t);

    /* Privilege level, 0 = most privileged. */
    int (*privilege)(CPUState *cs);

    /* Whether @cs executes 64-bit code now. */
    bool (*is_64bit)(CPUState *cs);

    /* Linear address of the next instruction; state must be synchronised. */
    uint64_t (*pc)(CPUState *cs);

    /* Words of trace() that a string instruction changes on its way, as bits. */
    uint32_t string_regs;

    /* General registers, PC and flags; state must be synchronised. */
    void (*trace)(CPUState *cs, uint64_t words[GDBX_TRACE_WORDS]);

    /* Target description: a whole <target> document, a constant. */
    const char *(*description)(GdbxView view);

    /* False: @view has no register @n. Any thread. */
    bool (*reg_info)(GdbxView view, unsigned n, GdbxRegInfo *out);

    /*
     * Appends register @n of @t, whose source is the CPU, in target byte
     * order to @out; false when its value is not known.
     */
    bool (*read_reg)(const GdbxThread *t, unsigned n, GByteArray *out);

    /*
     * The same the other way; live threads only. @buf: as many bytes as the
     * register has. False, and nothing changed, when it cannot be written.
     */
    bool (*write_reg)(const GdbxThread *t, unsigned n, const uint8_t *buf);

    /*
     * The same of a thread that is saved: what would have to be written. NULL,
     * or the reason why it cannot be.
     */
    const char *(*write_saved)(const GdbxThread *t, unsigned n,
                               const uint8_t *buf, GdbxSavedReg *out);

    /*
     * The register at @offset of OsiUserRegs, of a thread whose system call
     * begins on @cs (gdbstub/gdbx/syscall.h). NULL, or why it cannot be.
     */
    const char *(*write_standing)(CPUState *cs, size_t offset, uint64_t value);

    /*
     * What tells the thread that @cs runs in user mode from all others while it
     * lives, where its task cannot be told; 0: nothing does. vCPU thread.
     */
    uint64_t (*thread_key)(CPUState *cs);

    /* The register that a system call's result is in; @cs is in user mode. */
    uint64_t (*result)(CPUState *cs);
    void (*set_result)(CPUState *cs, uint64_t value);
    /*
     * @cs is behind a system call, which is to be made again: @number. False:
     * that is not what is in front of it.
     */
    bool (*call_again)(CPUState *cs, uint64_t number);

    /*
     * Plain integer value of register @n, whose source is the CPU, for a
     * condition, in the vCPU thread in front of an instruction at linear
     * address @pc. @ra: host return address into translated code, 0 outside.
     */
    bool (*condition_reg)(CPUState *cs, GdbxView view, unsigned n, uint64_t pc,
                          uintptr_t ra, uint64_t *value);

    /*
     * How many instructions of the block of translated code that @ra is in
     * have not been executed, that at @ra included. vCPU thread.
     */
    unsigned (*insns_left)(CPUState *cs, uintptr_t ra);

    /* Linear address of the instruction that @ra is in. vCPU thread. */
    uint64_t (*pc_at)(CPUState *cs, uintptr_t ra);

    /* See gdbx_event_repeats(). vCPU thread, in the instruction at @pc. */
    bool (*repeats)(CPUState *cs, uint64_t pc, uint64_t *left);

    /*
     * Guest virtual memory as @cs sees it now, without any effect on the guest
     * (no fault, no accessed bit). vCPU thread or stopped.
     */
    bool (*read_virt)(CPUState *cs, uint64_t va, void *buf, size_t len);

    /*
     * @cs is at the first instruction of a function of the kernel: it returns at
     * once, with 0. False: there is no stack to return from. vCPUs stopped.
     */
    bool (*leave_function)(CPUState *cs);

    /*
     * Delivers the exception or interrupt in front of which @cs has stopped, if
     * there is one. Its thread, at the head of its loop; may not return.
     */
    void (*deliver)(CPUState *cs);
    /*
     * Nothing is held back any more: the state of the CPUs is replaced. Main
     * thread, vCPUs stopped. What a loaded VMState has comes behind it.
     */
    void (*forget_held)(void);

    /* What is recorded of calls has changed (gdbstub/gdbx/callstack.h). */
    void (*calls_changed)(void);

    /*
     * @cs is in front of the instruction at @pc, which may have been begun before:
     * has it been, and faulted? What is noted of that while gdbx_back_looks counts
     * once. vCPU thread.
     */
    GdbxBegun (*begun_before)(CPUState *cs, uint64_t pc);
    /* The machine has become what it was at another time. No vCPU executes. */
    void (*forget_faults)(void);

    /* Throws translated code of the page at RAM offset @ram away. vCPU thread. */
    void (*drop_code)(uint64_t ram);
} GdbxArch;

/* @arch must live for ever. Later calls replace earlier ones. */
void gdbx_register_arch(const GdbxArch *arch);

/*
 * Called by the arch's check in translated code: does the instruction at
 * linear address @pc stop @cs? vCPU thread; all state but the PC and the
 * condition codes synchronised. @ra: host return address into translated code,
 * or 0. @again: it may have been begun before (x86: RF, which is set behind a
 * fault, one of the fetch too, and within a repeated string instruction).
 */
bool gdbx_point_hit(CPUState *cs, uint64_t pc, uintptr_t ra, bool again);

/*
 * The same of a step: called in front of user code outside of what a step goes
 * on in (gdbstub/gdbx/step.h).
 */
bool gdbx_step_arrived(CPUState *cs, uint64_t pc, uintptr_t ra, bool again);

/* Whether there may be points at all; a cheap first test for that. */
bool gdbx_points_armed(void);

/*
 * What compiled code writes has an element per vCPU; one for all when they
 * take turns. gdbx_unread[]: memory could not be read for a condition.
 */
unsigned gdbx_slot(CPUState *cs);
extern uint8_t *gdbx_unread;

#endif
