/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the stub extension asks of a CPU architecture: one const struct,
 * registered once at start-up by target/<arch>/gdbx. Knows CPU events and
 * registers, no guest OS and no packets.
 */
#ifndef GDBSTUB_GDBX_ARCH_H
#define GDBSTUB_GDBX_ARCH_H

#include "introspect/guest.h"

/* What any instruction but a jump to itself changes something of. */
#define GDBX_TRACE_WORDS 18
/* The first of them: the general registers alone, synchronised everywhere. */
#define GDBX_TRACE_GENERAL 16

/* Which description of the registers a number belongs to. */
typedef enum GdbxView {
    GDBX_VIEW_MACHINE,   /* a CPU: the standard set, control registers, ours */
    GDBX_VIEW_PROCESS,   /* a user thread: GNU/Linux's standard set + ours */
    GDBX_VIEW_PROCESS32, /* the same of a 32-bit program */
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
    int32_t pid, tid;    /* the guest OS's; 0 unknown */
    uint64_t root;       /* user thread: physical address of its page tables */
} GdbxThread;

typedef struct GdbxArch {
    /* The stub starts, perhaps not for the first time. Main thread. */
    void (*start)(void);

    /* Copies what introspection needs. Main thread, vCPUs stopped. */
    void (*osi_cpu)(CPUState *cs, OsiCpu *out);

    /* Address-space register as loaded (x86: CR3). Any thread that owns @cs. */
    uint64_t (*address_space)(CPUState *cs);

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

    /*
     * @cs has just entered the kernel from the user instruction at @from: where
     * user code goes on. @complete: the instruction is done then (a system
     * call); else it will be executed again (a fault).
     */
    uint64_t (*user_return)(CPUState *cs, uint64_t from, bool *complete);

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

    /*
     * Guest virtual memory as @cs sees it now, without any effect on the guest
     * (no fault, no accessed bit). vCPU thread or stopped.
     */
    bool (*read_virt)(CPUState *cs, uint64_t va, void *buf, size_t len);

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

/* Whether there may be points at all; a cheap first test for that. */
bool gdbx_points_armed(void);

/*
 * What compiled code writes has an element per vCPU; one for all when they
 * take turns. gdbx_unread[]: memory could not be read for a condition.
 */
unsigned gdbx_slot(CPUState *cs);
extern uint8_t *gdbx_unread;

#endif
