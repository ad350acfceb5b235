/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls and returns, for the call stack (gdbstub/gdbx/callstack.h). */
#include "qemu/osdep.h"
#include "cpu.h"
#include "gdbx/event-insn.h"
#include "gdbstub/gdbx/callstack.h"

#define HELPER_H "gdbx/helper.h"
#include "exec/helper-proto.h.inc"
#undef HELPER_H

void gdbx_callstack_guards(GArray *guards)
{
    const GdbxCallsWanted *w = &gdbx_calls_wanted;
    GdbxInsnGuard g = {
        .what = GDBX_GUARD_CALLS, .cpl = -1, .last = UINT64_MAX,
        .space = w->space, .mask = w->mask,
    };

    if (w->on && (!w->pid || w->space)) {
        g_array_append_val(guards, g);
    }
}

/* A far call pushes its segment first, a word as large as the offset. */
static void call(CPUState *cs, uint64_t pc, const GdbxInsn *in)
{
    CPUX86State *env = cpu_env(cs);
    unsigned words = in->classes & GDBX_CLASS_FAR ? 2 : 1;
    uint64_t sp = gdbx_stack_top(cs) - words * in->size;
    GdbxCallFrame f = {
        .sp = in->mode == 64 ? sp : (uint32_t)sp,
        .from = pc, .back = pc + in->length, .size = in->size,
        .base = in->mode == 64 ? 0 : env->segs[R_CS].base,
    };

    gdbx_callstack_call(cs, &f);
}

void HELPER(gdbx_calls)(CPUX86State *env, target_ulong eip, void *insn)
{
    CPUState *cs = env_cpu(env);
    const GdbxInsn *in = insn;
    uint64_t pc = gdbx_linear(env, eip);
    GdbxInsn decoded;

    if (!in) {
        if (!gdbx_decode_here(cs, pc, &decoded)) {
            return;
        }
        in = &decoded;
    }
    if (in->classes & GDBX_CLASS_CALL) {
        call(cs, pc, in);
    } else {
        gdbx_callstack_return(cs, gdbx_stack_top(cs));
    }
}
