/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The instruction that a CPU is in the middle of. */
#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/cpu-common.h"
#include "gdbx/regs.h"
#include "gdbx/insn.h"

/* Longer ones raise #GP: Intel SDM vol. 2, 2.3.11. */
#define MAX_LENGTH 15

/*
 * The unwinder puts the state of the instruction into the CPU. What it changes,
 * all that x86_restore_state_to_opc() does included, is put back: the code
 * goes on.
 */
uint64_t gdbx_i386_pc_at(CPUState *cs, uintptr_t ra)
{
    CPUX86State *env = cpu_env(cs);
    uint16_t low = cs->neg.icount_decr.u16.low;
    target_ulong eip = env->eip;
    CCOp cc_op = env->cc_op;
    uint64_t pc;

    cpu_restore_state(cs, ra);
    pc = gdbx_i386_linear(env, env->eip);
    cs->neg.icount_decr.u16.low = low;
    env->eip = eip;
    env->cc_op = cc_op;
    return pc;
}

/* Legacy prefixes, SDM vol. 2, 2.1.1, but for REP and address size. */
static bool is_prefix(uint8_t byte)
{
    static const uint8_t all[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66,
                                   0xf0 };

    return memchr(all, byte, sizeof(all));
}

/* INS, OUTS; MOVS, CMPS; STOS, LODS, SCAS: SDM vol. 2, appendix A. */
static bool is_string(uint8_t opcode)
{
    return (opcode >= 0x6c && opcode <= 0x6f) ||
           (opcode >= 0xa4 && opcode <= 0xa7) ||
           (opcode >= 0xaa && opcode <= 0xaf);
}

/* RCX as the address size has it. */
static uint64_t counter(CPUX86State *env, bool other_size)
{
    if (env->hflags & HF_CS64_MASK) {
        return other_size ? (uint32_t)env->regs[R_ECX] : env->regs[R_ECX];
    }
    return !(env->hflags & HF_CS32_MASK) == !other_size
           ? (uint16_t)env->regs[R_ECX] : (uint32_t)env->regs[R_ECX];
}

bool gdbx_i386_repeats(CPUState *cs, uint64_t pc, uint64_t *left)
{
    CPUX86State *env = cpu_env(cs);
    bool cs64 = env->hflags & HF_CS64_MASK;
    bool rep = false, other_size = false;
    uint8_t byte = 0;

    for (int i = 0; i < MAX_LENGTH; i++) {
        if (!gdbx_i386_read_virt(cs, pc + i, &byte, 1)) {
            return false;
        }
        if (byte == 0xf2 || byte == 0xf3) {
            rep = true;
        } else if (byte == 0x67) {
            other_size = true;
        } else if (!is_prefix(byte) && !(cs64 && (byte & 0xf0) == 0x40)) {
            break;
        }
    }
    if (!rep || !is_string(byte)) {
        return false;
    }
    *left = counter(env, other_size);
    return true;
}
