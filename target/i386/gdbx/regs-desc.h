/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Register descriptions as data; private to target/i386/gdbx. The tables are
 * constant and may be read in any thread.
 */
#ifndef TARGET_I386_GDBX_REGS_DESC_H
#define TARGET_I386_GDBX_REGS_DESC_H

#include "gdbstub/gdbx-arch.h"

/* Where the value comes from, and who may change it. */
typedef enum Kind {
    K_PLAIN,             /* QEMU's register of number @machine */
    K_ST,                /* the same, counted from the top of the x87 stack */
    K_SEG,               /* a selector: a process must not load one */
    K_SPACE,             /* address space: of a process its own root */
    K_ORIG, K_CPL,       /* of the CPU, not known to QEMU's description */
    K_PID, K_TID,        /* of the guest OS: the task */
    K_ICOUNT,            /* of the machine's time */
} Kind;

typedef struct Reg {
    const char *name, *type, *group;
    Kind kind;
    unsigned bits;
    int machine;         /* number in QEMU's own description, -1 none */
    int saved;           /* offset in OsiUserRegs, -1 never saved there */
} Reg;

/*
 * QEMU's own numbers: the order of gdb-xml/i386-{32,64}bit.xml, as in
 * target/i386/gdbstub.c. General registers come first, in the order of gdb's
 * amd64 in the one and of the encoding in the other.
 */
enum {
#ifdef TARGET_X86_64
    M_AX, M_BX, M_CX, M_DX, M_SI, M_DI, M_BP, M_SP,
#else
    M_AX, M_CX, M_DX, M_BX, M_SP, M_BP, M_SI, M_DI,
#endif
    M_RIP = CPU_NB_REGS, M_FLAGS, M_SEG, M_FSBASE = M_SEG + 6, M_GSBASE,
    M_KGSBASE, M_CR0, M_CR2, M_CR3, M_CR4, M_CR8, M_EFER, M_ST,
    M_FCTRL = M_ST + 8, M_XMM = M_ST + 16, M_MXCSR = M_XMM + CPU_NB_REGS,
};

static inline bool gdbx_i386_is_boot(GdbxView view)
{
    return view == GDBX_VIEW_REAL || view == GDBX_VIEW_PROTECTED;
}

static inline bool gdbx_i386_is_cpu(GdbxView view)
{
    return view == GDBX_VIEW_MACHINE || gdbx_i386_is_boot(view);
}

/*
 * What is added to register @r of @view to make a linear address: of the program
 * counter the base of CS; in a boot view of the stack pointer that of SS.
 */
uint32_t gdbx_i386_segment_base(CPUX86State *env, GdbxView view, const Reg *r);

/* NULL: there is no such register. */
const Reg *gdbx_i386_reg(GdbxView view, unsigned n);

/* regs-fpu.c: appends @r if it is one of the FPU's, else false. */
bool gdbx_i386_saved_fpu(const OsiFpu *fpu, const Reg *r, GByteArray *out);
/* The same of a CPU: the tags and the last instruction's places, else false. */
bool gdbx_i386_live_fpu(const CPUX86State *env, const Reg *r, GByteArray *out);

#endif
