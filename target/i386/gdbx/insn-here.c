/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an instruction is about to do on a CPU that is in front of it. */
#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/exec-all.h"
#include "gdbx/event-insn.h"
#include "gdbstub/gdbx/gdbx.h"

#define HELPER_H "gdbx/helper.h"
#include "exec/helper-proto.h.inc"
#undef HELPER_H

bool gdbx_read_code(CPUState *cs, uint64_t pc, void *buf, size_t len)
{
    return gdbx.arch->read_virt(cs, pc, buf, len);
}

static size_t read_some(CPUState *cs, uint64_t pc, uint8_t *bytes)
{
    size_t left = TARGET_PAGE_SIZE - (pc & ~TARGET_PAGE_MASK);

    if (gdbx_read_code(cs, pc, bytes, GDBX_INSN_MAX)) {
        return GDBX_INSN_MAX;
    }
    return left < GDBX_INSN_MAX && gdbx_read_code(cs, pc, bytes, left) ? left
                                                                       : 0;
}

bool gdbx_decode_here(CPUState *cs, uint64_t pc, GdbxInsn *in)
{
    uint8_t bytes[GDBX_INSN_MAX];

    return gdbx_decode(bytes, read_some(cs, pc, bytes),
                       gdbx_code_mode(cpu_env(cs)->hflags), in);
}

void gdbx_insn_text(CPUState *cs, uint64_t pc, char *text, size_t size)
{
    uint8_t bytes[GDBX_INSN_MAX];

    if (!gdbx_disassemble(bytes, read_some(cs, pc, bytes),
                          gdbx_code_mode(cpu_env(cs)->hflags), pc, text,
                          size)) {
        g_strlcpy(text, "?", size);
    }
}

uint64_t gdbx_stack_top(CPUState *cs)
{
    CPUX86State *env = cpu_env(cs);
    uint64_t sp = env->regs[R_ESP];

    if (env->hflags & HF_CS64_MASK) {
        return sp;
    }
    return (uint32_t)(env->segs[R_SS].base +
                      (env->hflags & HF_SS32_MASK ? sp : (uint16_t)sp));
}

/* Where a call or jmp to offset @eip goes to. */
static uint64_t linear(CPUX86State *env, const GdbxInsn *in, uint64_t eip)
{
    if (in->mode == 64) {
        return eip;
    }
    return (uint32_t)(env->segs[R_CS].base +
                      (in->size == 2 ? (uint16_t)eip : (uint32_t)eip));
}

/*
 * An operand without an override is in SS when its base is the stack pointer or
 * the frame pointer, else in DS: Intel SDM vol. 1, 3.7.4.
 */
static uint64_t segment_base(CPUX86State *env, const GdbxInsn *in)
{
    int seg = in->segment >= 0 ? in->segment
            : in->base == R_ESP || in->base == R_EBP ? R_SS : R_DS;

    if (in->mode == 64 && seg != R_FS && seg != R_GS) {
        return 0;
    }
    return env->segs[seg].base;
}

static uint64_t operand(CPUX86State *env, uint64_t end, const GdbxInsn *in)
{
    uint64_t a = in->disp;

    a += in->base == -2 ? end : in->base >= 0 ? env->regs[in->base] : 0;
    a += in->index >= 0 ? env->regs[in->index] * in->scale : 0;
    if (in->address_bits < 64) {
        a &= MAKE_64BIT_MASK(0, in->address_bits);
    }
    a += segment_base(env, in);
    return in->mode == 64 ? a : (uint32_t)a;
}

static bool read_word(CPUState *cs, uint64_t at, unsigned size, uint64_t *value)
{
    uint8_t b[8] = { 0 };

    if (!gdbx.arch->read_virt(cs, at, b, size)) {
        return false;
    }
    *value = ldq_le_p(b);
    return true;
}

bool gdbx_insn_target(CPUState *cs, uint64_t pc, const GdbxInsn *in,
                      uint64_t *target)
{
    CPUX86State *env = cpu_env(cs);
    uint64_t base = in->mode == 64 ? 0 : env->segs[R_CS].base;
    uint64_t eip;

    if (in->classes & GDBX_CLASS_FAR) {
        return false;
    }
    switch (in->target) {
    case GDBX_TARGET_RELATIVE:
        eip = pc - base + in->length + in->disp;
        break;
    case GDBX_TARGET_REGISTER:
        if (in->base < 0) {
            return false;
        }
        eip = env->regs[in->base];
        break;
    case GDBX_TARGET_MEMORY:
        if (!read_word(cs, operand(env, pc + in->length, in), in->size, &eip)) {
            return false;
        }
        break;
    case GDBX_TARGET_STACK:
        if (!read_word(cs, gdbx_stack_top(cs), in->size, &eip)) {
            return false;
        }
        break;
    default:
        return false;
    }
    *target = linear(env, in, eip);
    return true;
}

uint64_t gdbx_linear(CPUX86State *env, target_ulong eip)
{
    if (env->hflags & HF_CS64_MASK) {
        return eip;
    }
    return (uint32_t)(env->segs[R_CS].base + eip);
}

void HELPER(gdbx_insn)(CPUX86State *env, target_ulong eip, void *insn,
                       uint32_t again)
{
    gdbx_insn_passes(env_cpu(env), gdbx_linear(env, eip), insn, again, GETPC());
}
