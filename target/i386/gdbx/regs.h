/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Register layout of x86 user threads, as data. */
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

const char *gdbx_i386_process_xml(bool compat32);
unsigned gdbx_i386_process_regs(bool compat32, unsigned *in_g);
bool gdbx_i386_read_user(const GdbxUserThread *t, unsigned n, GByteArray *out,
                         unsigned *size);
unsigned gdbx_i386_write_user(const GdbxUserThread *t, unsigned n,
                              const uint8_t *buf, size_t len);
bool gdbx_i386_condition_reg(CPUState *cs, GdbxView view, unsigned n,
                             uint64_t pc, uint64_t *value);

#endif
