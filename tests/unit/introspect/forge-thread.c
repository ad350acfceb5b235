/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What sleeping threads of the forged kernel left: the switch frame, a stack
 * of three calls that ORC tables unwind, saved FPU registers.
 *
 * Function i is at FK_FUNCTION(i), 8 bytes each. Those with i % 3 == 0 have a
 * frame of 32 bytes and save BP; the others 16 bytes. Function FK_LAST is
 * where a stack ends.
 */
#include "forge-parts.h"

enum { SP_NEW = 3, PREV_NEW = 8, SP_OLD = 5, PREV_OLD = 1 };

#define FRAME_BYTES 56

/* Calls: functions 9 <- 10 <- 12, then FK_LAST. */
static const int calls[] = { 10, 12, FK_LAST };

static unsigned frame_of(int function)
{
    return function % 3 ? 16 : 32;
}

static uint64_t put_stack(ForgeKernel *k, uint64_t at)
{
    int here = 9;

    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
        uint64_t cfa = at + frame_of(here);

        forge_poke(k, cfa - 8, FK_FUNCTION(calls[i]) + 4);
        forge_poke(k, cfa - 16, 0xb9000 + here);
        at = cfa;
        here = calls[i];
    }
    return at;
}

/* XMM i has i in each byte; x87 and SSE are in use, AVX is not. */
static void put_fpu(ForgeKernel *k, uint64_t task)
{
    uint64_t s = forge_bytes(k, forge_struct_size(k->types, "fpstate"), 64);
    uint8_t *regs = forge_at(k, forge_at_member(k, s, "fpstate", "regs"));

    for (int i = 0; i < 16; i++) {
        memset(regs + 160 + 16 * i, i, 16);
    }
    put16(regs, 0x37f);
    put32(regs + 24, 0x1f80);
    put64(regs + 512, 3);
    forge_set(k, s, "fpstate", "size", 832);
    forge_set(k, task, "task_struct", "thread.fpu.fpstate", s);
}

void forge_sleep(ForgeKernel *k, int who)
{
    uint64_t sp = k->stack[who] + FK_STACK - 1024, task = k->task[who];

    forge_set(k, sp, "inactive_task_frame", "ret_addr", FK_FUNCTION(9) + 4);
    forge_set(k, sp, "inactive_task_frame", "bp", 0xb0);
    forge_set(k, sp, "inactive_task_frame", "bx", 0xb1);
    forge_set(k, sp, "inactive_task_frame", "r12", 0xc);
    forge_set(k, sp, "inactive_task_frame", "r13", 0xd);
    forge_set(k, sp, "inactive_task_frame", "r14", 0xe);
    forge_set(k, sp, "inactive_task_frame", "r15", 0xf);
    put_stack(k, sp + FRAME_BYTES);
    forge_set(k, task, "task_struct", "thread.sp", sp);
    put_fpu(k, task);
}

/* Of 6.4 and on: sp_reg 4 bits, bp_reg 4, type 3, signal 1. */
static void put_entry(ForgeKernel *k, uint8_t *e, int i)
{
    unsigned sp = k->opt.new_orc ? SP_NEW : SP_OLD;
    unsigned prev = k->opt.new_orc ? PREV_NEW : PREV_OLD;
    bool saves = i % 3 == 0;

    put16(e, i == FK_LAST ? 0 : frame_of(i));
    put16(e + 2, saves ? -16 : 0);
    e[4] = i == FK_LAST ? 0 : sp | (saves ? prev : 0) << 4;
    e[5] = i == FK_LAST ? 1 : 2;
}

void forge_unwind_tables(ForgeKernel *k)
{
    for (int i = 0; i < FK_FUNCTIONS; i++) {
        uint64_t at = FK_BASE + FK_ORC_IP + 4 * i;

        put32(forge_at(k, at), FK_FUNCTION(i) - at);
        put_entry(k, forge_at(k, FK_BASE + FK_ORC + 6 * i), i);
    }
    for (int i = 0; i < 16; i++) {
        forge_poke(k, FK_BASE + FK_CALLS + 8 * i, FK_FUNCTION(i));
    }
}
