/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CPU is about to enter a handler: which of the two kinds of event is it, and
 * does the machine stop in front. Exceptions that gdb's own points raise
 * (EXCP_DEBUG) never come here, so an int3 or a #DB is the guest's own.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "cpu.h"
#include "exec/exec-all.h"
#include "hw/core/cpu.h"
#include "system/replay.h"
#include "gdbstub/fault.h"
#include "gdbx/regs.h"
#include "gdbx/trap.h"

bool gdbx_traps;

void gdbx_i386_traps_changed(void)
{
    qatomic_set(&gdbx_traps, gdbx_event_wanted(GDBX_EVENT_EXCEPTION) ||
                             gdbx_event_wanted(GDBX_EVENT_INTERRUPT));
}

/*
 * #DB is a fault when it comes of an instruction breakpoint or of debug
 * registers that are in use, else a trap. DR6: BS is bit 14, BD bit 13; DR7 has
 * the type of breakpoint n at bit 16 + 4n, 0: execution. Intel SDM vol. 3, 19.2.
 */
static GdbxTrapKind kind_of_debug(CPUX86State *env)
{
    uint64_t hit = env->dr[6];

    if (hit & 1 << 14) {
        return GDBX_TRAP_TRAP;
    }
    for (int i = 0; i < 4; i++) {
        if ((hit >> i & 1) && (env->dr[7] >> (16 + 4 * i) & 3) == 0) {
            return GDBX_TRAP_FAULT;
        }
    }
    return hit & 1 << 13 ? GDBX_TRAP_FAULT : GDBX_TRAP_TRAP;
}

static GdbxTrapKind kind_of(CPUX86State *env, const GdbxTrap *t)
{
    switch (t->vector) {
    case EXCP01_DB:
        return t->soft ? GDBX_TRAP_INT : kind_of_debug(env);
    case EXCP03_INT3:
    case EXCP04_INTO:
        return GDBX_TRAP_TRAP;
    case EXCP08_DBLE:
    case EXCP12_MCHK:
    case GDBX_VECTOR_TRIPLE:
        return t->soft ? GDBX_TRAP_INT : GDBX_TRAP_ABORT;
    default:
        return t->soft ? GDBX_TRAP_INT : GDBX_TRAP_FAULT;
    }
}

static void put(GdbxEvent *ev, int field, uint64_t value)
{
    ev->field[field] = value;
    ev->known |= 1u << field;
}

/* Vectors that push an error code: Intel SDM vol. 3, table 7-1. */
static bool has_error(const GdbxTrap *t)
{
    return !t->soft && t->vector < 32 &&
           (1u << t->vector & (1u << 8 | 0x1fu << 10 | 1u << 17 | 1u << 21));
}

static void fill_exception(CPUX86State *env, const GdbxTrap *t, GdbxEvent *ev)
{
    ev->kind = GDBX_EVENT_EXCEPTION;
    put(ev, GDBX_EXC_VECTOR, t->vector);
    if (has_error(t)) {
        put(ev, GDBX_EXC_ERROR, (uint32_t)t->error);
    }
    if (t->vector == EXCP0E_PAGE && !t->soft) {
        put(ev, GDBX_EXC_ADDRESS, env->cr[2]);
    }
    put(ev, GDBX_EXC_CPL, env->hflags & HF_CPL_MASK);
    put(ev, GDBX_EXC_KIND, kind_of(env, t));
    put(ev, GDBX_EXC_NEXT, t->soft ? t->next : env->eip);
    put(ev, GDBX_EXC_SOFT, t->soft);
    gdbx_i386_exception_seen(t->vector, (uint32_t)t->error);
}

static void fill_interrupt(CPUX86State *env, const GdbxTrap *t, GdbxEvent *ev)
{
    ev->kind = GDBX_EVENT_INTERRUPT;
    put(ev, GDBX_IRQ_VECTOR, t->vector);
    put(ev, GDBX_IRQ_CPL, env->hflags & HF_CPL_MASK);
    put(ev, GDBX_IRQ_HW, t->hardware);
    gdbx_i386_interrupt_seen(t->vector);
}

/*
 * A guest of the guest's hypervisor is entered with an interrupt inside of
 * VMRUN; QEMU leaves a halt behind with a pending single step outside of its
 * loop, where nothing can be held.
 */
void gdbx_trap_seen(CPUState *cs, int vector, bool soft, int error,
                    uint64_t next, bool hw, uintptr_t ra)
{
    CPUX86State *env = cpu_env(cs);
    GdbxTrap t = {
        .vector = vector, .soft = soft, .hardware = hw, .error = error,
        .next = next, .external = cs->exception_index < 0 && !ra &&
                                  vector != GDBX_VECTOR_TRIPLE,
    };
    GdbxEvent ev = { .ra = ra, .pc = gdbx_i386_pc(cs), .behind = true };

    if (gdbx_i386_held_now(cs)) {
        return;
    }
    /* A machine check is taken as an interrupt is, and is an exception. */
    if (t.hardware) {
        fill_interrupt(env, &t, &ev);
    } else {
        fill_exception(env, &t, &ev);
    }
    if (!gdbx_event_wanted(ev.kind)) {
        return;
    }
    if (qatomic_read(&gdbx_faults_wanted) && !t.hardware &&
        ev.field[GDBX_EXC_CPL] == 3) {
        gdbx_fault_note(cs, &ev);
    }
    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_INTERRUPT]);
    if (!gdbx_event(cs, &ev)) {
        return;
    }
    if (cs->halted || !gdbx_i386_can_hold(cs)) {
        gdbx_event_stop_behind(cs);
        return;
    }
    gdbx_i386_hold(cs, &t);
    if (t.external) {
        /* As the caller would, behind the delivery. */
        replay_interrupt();
    }
    gdbx_event_stop_front(cs, ra);
}
