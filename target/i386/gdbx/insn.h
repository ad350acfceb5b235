/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The instruction that a CPU is in the middle of: for the rows of arch.c. */
#ifndef GDBX_I386_INSN_H
#define GDBX_I386_INSN_H

#include "hw/core/cpu.h"
#include "gdbstub/gdbx-arch.h"

/* As GdbxArch.pc_at and .repeats. */
uint64_t gdbx_i386_pc_at(CPUState *cs, uintptr_t ra);
bool gdbx_i386_repeats(CPUState *cs, uint64_t pc, uint64_t *left);

/* As GdbxArch.begun_before and .forget_faults. */
GdbxBegun gdbx_i386_begun_before(CPUState *cs, uint64_t pc);
void gdbx_i386_forget_faults(void);

/* arch.c: EIP of @env as a linear address; GdbxArch.read_virt. */
uint64_t gdbx_i386_linear(CPUX86State *env, uint64_t eip);
bool gdbx_i386_read_virt(CPUState *cs, uint64_t va, void *buf, size_t len);

#endif
