/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers of the architecture as instructions name them. */
#ifndef TARGET_I386_GDBX_ISA_REGS_H
#define TARGET_I386_GDBX_ISA_REGS_H

/* A register stands for all of its parts: rax for eax, ax, al, ah. */
typedef enum GdbxIsaReg {
    GDBX_ISA_GPR = 0,       /* + number as instructions have it */
    GDBX_ISA_XMM = 16,      /* + number; ymm too */
    GDBX_ISA_CR = 32,
    GDBX_ISA_DR = 48,
    GDBX_ISA_SEG = 56,      /* + R_ES... */
    GDBX_ISA_FLAGS = 62,
    GDBX_ISA_FS_BASE, GDBX_ISA_GS_BASE, GDBX_ISA_GDTR, GDBX_ISA_IDTR,
    GDBX_ISA_LDTR, GDBX_ISA_TR, GDBX_ISA_XCR0, GDBX_ISA_MXCSR,
    GDBX_ISA_MM = 80,
    GDBX_ISA_FLAG = 96,     /* + bit of EFLAGS, up to AC (18) */
    GDBX_ISA_REGS = 128
} GdbxIsaReg;

typedef struct GdbxIsaSet {
    uint64_t w[GDBX_ISA_REGS / 64];
} GdbxIsaSet;

static inline void gdbx_isa_add(GdbxIsaSet *s, unsigned reg)
{
    s->w[reg / 64] |= 1ull << (reg % 64);
}

static inline bool gdbx_isa_has(const GdbxIsaSet *s, unsigned reg)
{
    return s->w[reg / 64] >> (reg % 64) & 1;
}

/* By the name a person types: "rsp", "eax" (= rax), "cr3", "flags.if". -1. */
int gdbx_isa_reg(const char *name);
/* A constant; "?" for a number that is none. */
const char *gdbx_isa_name(unsigned reg);

/*
 * Its value on @cs, whose state is synchronised (the flags' too); of more than
 * 64 bits the low ones. vCPU thread of @cs, or stopped.
 */
uint64_t gdbx_isa_value(CPUState *cs, unsigned reg);

#endif
