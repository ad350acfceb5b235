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

/* Which description of the registers a number belongs to. */
typedef enum GdbxView {
    GDBX_VIEW_MACHINE,   /* QEMU's own, all of the CPU */
    GDBX_VIEW_PROCESS,   /* a user thread: GNU/Linux's standard set + ours */
    GDBX_VIEW_PROCESS32, /* the same of a 32-bit program */
} GdbxView;

/*
 * A user thread's registers, wherever they are: @cs when it is in user mode
 * on that CPU now (live), else @saved. Exactly one is non-NULL.
 */
typedef struct GdbxUserThread {
    CPUState *cs;
    const OsiUserRegs *saved;
    int32_t pid, tid;
    uint64_t root;       /* physical address of its page tables */
    bool compat32;       /* 32-bit program */
} GdbxUserThread;

typedef struct GdbxArch {
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

    /* General registers, PC and flags; state must be synchronised. */
    void (*trace)(CPUState *cs, uint64_t words[GDBX_TRACE_WORDS]);

    /*
     * @cs has just entered the kernel from the user instruction at @from: where
     * user code goes on. @complete: the instruction is done then (a system
     * call); else it will be executed again (a fault).
     */
    uint64_t (*user_return)(CPUState *cs, uint64_t from, bool *complete);

    /* Target description of a process: a whole <target> document. */
    const char *(*process_xml)(bool compat32);

    /* Number of registers in GDBX_VIEW_PROCESS; @in_g: of those in `g`. */
    unsigned (*process_regs)(bool compat32, unsigned *in_g);

    /*
     * Appends register @n of @t in target byte order to @out; false when it
     * is not available now (@out then has its size appended to @size).
     */
    bool (*read_user)(const GdbxUserThread *t, unsigned n, GByteArray *out,
                      unsigned *size);

    /* Live threads only. Returns bytes consumed, 0 = cannot be written. */
    unsigned (*write_user)(const GdbxUserThread *t, unsigned n,
                           const uint8_t *buf, size_t len);

    /*
     * Plain integer value of register @n for a condition, in the vCPU thread
     * at an instruction boundary; @pc is the instruction's linear address.
     */
    bool (*condition_reg)(CPUState *cs, GdbxView view, unsigned n, uint64_t pc,
                          uint64_t *value);

    /*
     * Guest virtual memory as @cs sees it now, without any effect on the guest
     * (no fault, no accessed bit). vCPU thread or stopped.
     */
    bool (*read_virt)(CPUState *cs, uint64_t va, void *buf, size_t len);
} GdbxArch;

/* @arch must live for ever. Later calls replace earlier ones. */
void gdbx_register_arch(const GdbxArch *arch);

/*
 * Called by the arch's check in translated code: does the instruction at
 * linear address @pc stop @cs? vCPU thread; all state but the PC synchronised.
 */
bool gdbx_point_hit(CPUState *cs, uint64_t pc);

/* Whether there may be points at all; a cheap first test for that. */
bool gdbx_points_armed(void);

#endif
