/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An exception or interrupt at which the machine stops is held back: the CPU
 * stops in front of the handler, and the first thing it does when it runs again
 * is the delivery, exactly once.
 *
 * Why not execute the instruction anew: a trap (a single step) has executed its
 * instruction already; an external interrupt is acknowledged before its vector
 * is known; and a recording has the exception noted by then, at this
 * instruction count. Held, a stop changes neither the count nor the recording.
 *
 * If gdb has moved the CPU meanwhile (a general register or the program
 * counter), an exception whose instruction would be executed anew is dropped:
 * what it was about is no longer so, and if it still is it comes again. What
 * comes from outside, and what has happened behind an instruction, is delivered
 * wherever the CPU is.
 *
 * A snapshot takes what is held along; a reset drops it.
 *
 * Locking: the record of a CPU is its thread's while that runs, the main
 * thread's while it is stopped.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/main-loop.h"
#include "cpu.h"
#include "exec/exec-all.h"
#include "migration/vmstate.h"
#include "system/reset.h"
#include "tcg/helper-tcg.h"
#include "gdbstub/gdbx-arch.h"
#include "gdbx/regs.h"
#include "gdbx/trap.h"

#define NOT_HELD (-1)

typedef struct Held {
    int32_t vector;         /* NOT_HELD: nothing */
    int32_t error;
    bool soft, hardware, external;
    uint64_t next;
    uint64_t regs[GDBX_TRACE_WORDS];
    bool now;               /* its delivery has begun */
} Held;

static Held *held;          /* per CPU */
static unsigned cpus;

static bool is_held(void *opaque)
{
    Held *h = opaque;

    return h->vector != NOT_HELD;
}

static int loaded(void *opaque, int version)
{
    qatomic_set(&gdbx_held, true);
    return 0;
}

/* In the stream only while something is held: else it is QEMU's own. */
static const VMStateDescription vmstate_held = {
    .name = "gdbx-held",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = is_held,
    .post_load = loaded,
    .fields = (const VMStateField[]) {
        VMSTATE_INT32(vector, Held),
        VMSTATE_INT32(error, Held),
        VMSTATE_BOOL(soft, Held),
        VMSTATE_BOOL(hardware, Held),
        VMSTATE_BOOL(external, Held),
        VMSTATE_UINT64(next, Held),
        VMSTATE_UINT64_ARRAY(regs, Held, GDBX_TRACE_WORDS),
        VMSTATE_END_OF_LIST()
    }
};

void gdbx_i386_forget_held(void)
{
    for (unsigned i = 0; i < cpus; i++) {
        held[i].vector = NOT_HELD;
        held[i].now = false;
    }
    qatomic_set(&gdbx_held, false);
}

static void reset(void *opaque)
{
    gdbx_i386_forget_held();
}

void gdbx_i386_held_start(void)
{
    CPUState *cs;

    if (held) {
        return;
    }
    CPU_FOREACH(cs) {
        cpus = MAX(cpus, cs->cpu_index + 1);
    }
    held = g_new0(Held, cpus);
    gdbx_i386_forget_held();
    for (unsigned i = 0; i < cpus; i++) {
        vmstate_register(NULL, i, &vmstate_held, &held[i]);
    }
    qemu_register_reset(reset, NULL);
}

/* NULL: a CPU that was plugged in later; it is never stopped here. */
static Held *of(CPUState *cs)
{
    return cs->cpu_index < cpus ? &held[cs->cpu_index] : NULL;
}

void gdbx_i386_hold(CPUState *cs, const GdbxTrap *t)
{
    Held *h = of(cs);

    BQL_LOCK_GUARD();
    h->vector = t->vector;
    h->error = t->error;
    h->soft = t->soft;
    h->hardware = t->hardware;
    h->external = t->external;
    h->next = t->next;
    gdbx_i386_trace(cs, h->regs);
    qatomic_set(&gdbx_held, true);
}

bool gdbx_i386_can_hold(CPUState *cs)
{
    return of(cs);
}

bool gdbx_i386_held_now(CPUState *cs)
{
    Held *h = of(cs);
    bool now = h && h->now;

    if (now) {
        h->now = false;
    }
    return now;
}

/* Has gdb given the CPU something else to do? */
static bool moved(CPUState *cs, const Held *h)
{
    uint64_t now[GDBX_TRACE_WORDS];

    gdbx_i386_trace(cs, now);
    return memcmp(now, h->regs, sizeof(now)) != 0;
}

/* Would the instruction raise it once more? */
static bool comes_again(const Held *h)
{
    return !h->external && !h->hardware && h->vector != EXCP01_DB;
}

static void none_held(void)
{
    for (unsigned i = 0; i < cpus; i++) {
        if (held[i].vector != NOT_HELD) {
            return;
        }
    }
    qatomic_set(&gdbx_held, false);
}

/* The thread of @cs at the head of its loop, no BQL. May not return. */
void gdbx_i386_deliver(CPUState *cs)
{
    CPUX86State *env = cpu_env(cs);
    Held *at = of(cs), h;

    if (!at || at->vector == NOT_HELD || cs->exception_index >= 0) {
        return;
    }
    h = *at;
    bql_lock();
    at->vector = NOT_HELD;
    none_held();
    if (comes_again(&h) && moved(cs, &h)) {
        env->old_exception = -1;
        bql_unlock();
        return;
    }
    at->now = qatomic_read(&gdbx_traps);
    if (h.vector == GDBX_VECTOR_TRIPLE) {
        /* Once more a fault in the delivery of a double fault. */
        raise_exception(env, EXCP08_DBLE);
    } else if (h.vector == GDBX_VECTOR_SMI) {
        do_smm_enter(env_archcpu(env));
    } else if (h.external || h.hardware) {
        do_interrupt_x86_hardirq(env, h.vector, h.hardware);
    } else {
        cs->exception_index = h.vector;
        env->error_code = h.error;
        env->exception_is_int = h.soft;
        env->exception_next_eip = h.next;
        x86_cpu_do_interrupt(cs);
        cs->exception_index = -1;
    }
    at->now = false;
    bql_unlock();
    if (cs->singlestep_enabled) {
        cs->exception_index = EXCP_DEBUG;   /* as behind any delivery */
    }
}
