/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions as events: what event-insn.c, event-register.c share. */
#ifndef TARGET_I386_GDBX_EVENT_INSN_H
#define TARGET_I386_GDBX_EVENT_INSN_H

#include "cpu.h"
#include "gdbstub/event.h"
#include "gdbx/insn-sets.h"

/* 16, 32 or 64, by the flags of the CPU or of a block. */
unsigned gdbx_code_mode(uint32_t hflags);

/* Code at linear address @pc, without any effect. vCPU thread, or stopped. */
bool gdbx_read_code(CPUState *cs, uint64_t pc, void *buf, size_t len);

/* Decodes what is at @pc now. False: it cannot be. */
bool gdbx_decode_here(CPUState *cs, uint64_t pc, GdbxInsn *in);

/* "mov cr3, rax" of what is at @pc into @text; "?" when it cannot be told. */
void gdbx_insn_text(CPUState *cs, uint64_t pc, char *text, size_t size);

/*
 * Linear address that the call, jmp or ret at @pc goes to, if it can be known
 * in front of it. Not known: of far ones.
 */
bool gdbx_insn_target(CPUState *cs, uint64_t pc, const GdbxInsn *in,
                      uint64_t *target);

/* EIP in front of an instruction, as a linear address. */
uint64_t gdbx_linear(CPUX86State *env, target_ulong eip);

/* Linear address of the top of the stack of @cs. */
uint64_t gdbx_stack_top(CPUState *cs);

/* Fills whose @g is about, as @p says. */
void gdbx_guard_owner(GdbxInsnGuard *g, const GdbxEventPoint *p);

/*
 * The instruction @in is about to execute at @pc; NULL: it is not known yet.
 * @again: it may have been begun before (RF). Does not return if it stops.
 */
void gdbx_insn_passes(CPUState *cs, uint64_t pc, const GdbxInsn *in, bool again,
                      uintptr_t ra);

/*
 * Was it announced before, when it was begun? @again: it may have been begun
 * (RF). vCPU thread, once for each time it is begun.
 */
bool gdbx_insn_begun(CPUState *cs, uint64_t pc, const GdbxInsn *in, bool again);

/* Announces the accesses to registers. True: the machine shall stop. */
bool gdbx_register_accessed(CPUState *cs, uint64_t pc, const GdbxInsn *in,
                         const GdbxInsnSet *set, uintptr_t ra);

#endif
