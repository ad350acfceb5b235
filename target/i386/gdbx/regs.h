/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers of x86 CPUs and user threads; their layout is regs-desc.c. */
#ifndef TARGET_I386_GDBX_REGS_H
#define TARGET_I386_GDBX_REGS_H

#include "gdbstub/gdbx-arch.h"

/*
 * Where a register is while translated code runs; for conditions. Each is an
 * unsigned integer, zero-extended to 64 bits.
 */
typedef enum GdbxPlaceKind {
    GDBX_PLACE_NONE,
    GDBX_PLACE_GPR,      /* env->regs[index], its low 32 bits if @bits is 32 */
    GDBX_PLACE_PC,       /* EIP/RIP (no CS base); low 32 bits if @bits is 32 */
    GDBX_PLACE_CPL,      /* privilege level: known at translation */
    GDBX_PLACE_ENV,      /* field of @bits (16, 32, 64) at @offset in env */
    GDBX_PLACE_CONST,    /* @value */
} GdbxPlaceKind;

typedef struct GdbxRegPlace {
    GdbxPlaceKind kind;
    unsigned index, bits;
    size_t offset;       /* bytes from the start of CPUX86State */
    uint64_t value;
} GdbxRegPlace;

/*
 * Where register @n of @view is in code that is 64-bit (@cs64) or not. False,
 * and @out untouched, when there is no such register or it is not a plain
 * field: then only gdbx_i386_condition_reg() knows. Any thread.
 */
bool gdbx_i386_reg_place(GdbxView view, bool cs64, unsigned n,
                         GdbxRegPlace *out);

/* The members of GdbxArch of these names. */
const char *gdbx_i386_description(GdbxView view);
bool gdbx_i386_reg_info(GdbxView view, unsigned n, GdbxRegInfo *out);
bool gdbx_i386_read_reg(const GdbxThread *t, unsigned n, GByteArray *out);
const char *gdbx_i386_write_saved(const GdbxThread *t, unsigned n,
                                  const uint8_t *buf, GdbxSavedReg *out);
bool gdbx_i386_write_reg(const GdbxThread *t, unsigned n, const uint8_t *buf);
bool gdbx_i386_condition_reg(CPUState *cs, GdbxView view, unsigned n,
                             uint64_t pc, uintptr_t ra, uint64_t *value);
unsigned gdbx_i386_insns_left(CPUState *cs, uintptr_t ra);
uint64_t gdbx_i386_pc(CPUState *cs);
void gdbx_i386_trace(CPUState *cs, uint64_t words[GDBX_TRACE_WORDS]);

#endif
