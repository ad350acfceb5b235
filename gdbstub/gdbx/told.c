/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a CPU is let pass because it was told already.
 *
 * gdb steps over the breakpoints it knows. A point of `monitor gdbx break', or
 * commands that have run before another point stopped the CPU at the same
 * place, it knows not: the next resume would tell them again. So their place is
 * kept with the CPU's registers; so is the place of a stop that gdb does not see. An interrupt that comes first leaves them as
 * they are when the CPU is back; a CPU that gdb has moved, or that comes by in
 * the next turn of a loop, differs in the program counter or in a register.
 *
 * Locking: a CPU's entry belongs to its thread, or to whoever has stopped it.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"

typedef struct Told {
    unsigned what;
    uint64_t pc, space;
    uint64_t regs[GDBX_TRACE_WORDS];
} Told;

static Told *all;

static void fill(Told *t, CPUState *cs, uint64_t pc, unsigned what)
{
    t->what = what;
    t->pc = pc;
    t->space = gdbx.arch->address_space(cs);
    gdbx.arch->trace(cs, t->regs);
}

void gdbx_told_init(void)
{
    if (!all) {
        all = g_new0(Told, gdb_get_max_cpus());
    }
}

void gdbx_told(CPUState *cs, uint64_t pc, unsigned what)
{
    Told *t = &all[cs->cpu_index];

    fill(t, cs, pc, what | (t->pc == pc ? t->what : 0));
}

unsigned gdbx_take_told(CPUState *cs, uint64_t pc)
{
    Told *t = &all[cs->cpu_index];
    unsigned what = t->what;
    Told now;

    if (!what || t->pc != pc) {
        return 0;
    }
    fill(&now, cs, pc, what);
    if (now.space != t->space ||
        memcmp(now.regs, t->regs, GDBX_TRACE_GENERAL * sizeof(now.regs[0]))) {
        return 0;   /* somebody else, while the one that was told waits */
    }
    t->what = 0;
    return what;
}

void gdbx_told_check(void)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        Told *t = all ? &all[cs->cpu_index] : NULL;

        if (t && t->what && gdbx.arch->pc(cs) == t->pc) {
            fill(t, cs, t->pc, t->what);
        } else if (t) {
            t->what = 0;
        }
    }
}

void gdbx_told_clear(CPUState *cs, unsigned what)
{
    for (int i = 0; all && i < gdb_get_max_cpus(); i++) {
        if (!cs || cs->cpu_index == i) {
            all[i].what &= ~what;
        }
    }
}
