/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a CPU is let pass because it was told already.
 *
 * gdb steps over the breakpoints it knows. A point of `monitor gdbx break', or
 * commands that have run before another point stopped the CPU at the same
 * place, it knows not: the next resume would tell them again. So their place is
 * kept with the CPU's registers; so is the place of a stop that gdb does not
 * see. An interrupt that comes first leaves them as they are when the thread is
 * back, on whatever CPU; one that gdb has moved, or that comes by in the next
 * turn of a loop, differs in the program counter or in a register.
 *
 * Locking: a lock of its own; any thread.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/lockable.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"

typedef struct Told {
    unsigned what;       /* not passed yet */
    unsigned taken;      /* passed; again if the instruction is begun again */
    uint64_t pc, space;
    uint64_t regs[GDBX_TRACE_WORDS];
} Told;

static QemuMutex lock;
static Told *all;        /* per vCPU: a thread may move on before it goes on */
static bool any;

static void fill(Told *t, CPUState *cs, uint64_t pc)
{
    t->pc = pc;
    t->space = gdbx.arch->address_space(cs);
    gdbx.arch->trace(cs, t->regs);
}

void gdbx_told_init(void)
{
    if (!all) {
        qemu_mutex_init(&lock);
        all = g_new0(Told, gdb_get_max_cpus());
    }
}

void gdbx_told(CPUState *cs, uint64_t pc, unsigned what)
{
    Told *t = &all[cs->cpu_index];

    QEMU_LOCK_GUARD(&lock);
    if (t->pc != pc) {
        t->what = t->taken = 0;
    }
    t->what |= what;
    fill(t, cs, pc);
    qatomic_set(&any, true);
}

/* @again: string instructions have changed registers on their way. */
static bool same(const Told *a, const Told *b, bool again)
{
    if (a->pc != b->pc || a->space != b->space) {
        return false;
    }
    for (int i = 0; i < GDBX_TRACE_GENERAL; i++) {
        if (a->regs[i] != b->regs[i] &&
            !(again && (gdbx.arch->string_regs & (1u << i)))) {
            return false;
        }
    }
    return true;
}

unsigned gdbx_take_told(CPUState *cs, uint64_t pc, bool again)
{
    Told now = { .pc = 0 };

    if (!qatomic_read(&any)) {
        return 0;
    }
    QEMU_LOCK_GUARD(&lock);
        for (int i = 0; i < gdb_get_max_cpus(); i++) {
        Told *t = &all[i];
        unsigned what = t->what | (again ? t->taken : 0);

        if (!what || t->pc != pc) {
            continue;
        }
        if (!now.pc) {
            fill(&now, cs, pc);
        }
        if (same(t, &now, again)) {
            t->taken |= t->what;
            t->what = 0;
            return what;
        }
        /* Somebody else, while the one that was told waits. */
    }
    return 0;
}

void gdbx_told_check(void)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        Told *t = all ? &all[cs->cpu_index] : NULL;

        if (t && t->what && gdbx.arch->pc(cs) == t->pc) {
            fill(t, cs, t->pc);
        } else if (t) {
            t->what = t->taken = 0;
        }
    }
}

void gdbx_told_clear(CPUState *cs, unsigned what)
{
    for (int i = 0; all && i < gdb_get_max_cpus(); i++) {
        if (!cs || cs->cpu_index == i) {
            all[i].what &= ~what;
            all[i].taken &= ~what;
        }
    }
}
