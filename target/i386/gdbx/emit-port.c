/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IN and OUT in translated code: while a point may mean a port, a call behind
 * the one and in front of the other tells of the value. Both are the last of
 * their block anyway.
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "cpu.h"
#include "exec/exec-all.h"
#include "exec/translation-block.h"
#include "tcg/tcg-op.h"
#include "gdbstub/hooks.h"

#define HELPER_H "gdbx/helper.h"
#include "exec/helper-proto.h.inc"
#include "exec/helper-gen.h.inc"
#undef HELPER_H

QEMU_BUILD_BUG_ON(GDBX_CF_PORTS &
                  (CF_CLUSTER_MASK | CF_BP_PAGE | (CF_BP_PAGE - 1)));

static bool wanted(void)
{
    return tb_cflags(tcg_ctx->gen_tb) & GDBX_CF_PORTS;
}

void gdbx_hook_port_in(int size, TCGv_i32 port, TCGv value)
{
    if (wanted()) {
        gen_helper_gdbx_in(tcg_env, port, value, tcg_constant_i32(1 << size));
    }
}

void gdbx_hook_port_out(int size, TCGv_i32 port, TCGv_i32 value)
{
    if (wanted()) {
        gen_helper_gdbx_out(tcg_env, port, value, tcg_constant_i32(1 << size));
    }
}

bool gdbx_hook_port_string(bool ports)
{
    if (!wanted()) {
        return false;
    }
    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_PORT_STRING]);
    return ports;
}

static bool is_meant(uint32_t port)
{
    return test_bit((uint16_t)port, gdbx_ports);
}

void HELPER(gdbx_in)(CPUX86State *env, uint32_t port, target_ulong value,
                     uint32_t size)
{
    if (is_meant(port)) {
        qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_PORT_IN]);
        gdbx_port_access(env_cpu(env), port, size, value, false, GETPC());
    }
}

void HELPER(gdbx_out)(CPUX86State *env, uint32_t port, uint32_t value,
                      uint32_t size)
{
    if (is_meant(port)) {
        qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_PORT_OUT]);
        gdbx_port_access(env_cpu(env), port, size, value, true, GETPC());
    }
}
