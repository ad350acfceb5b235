/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * $ospid and $ostid in conditions: the guest's task on a CPU that runs.
 *
 * Introspection proper looks at a guest that stands still and keeps what it has
 * found; a vCPU thread may not ask it. So when the guest is started with such a
 * condition armed, the main thread makes a recipe, and vCPUs follow it without
 * a lock. The recipe changes only while they are stopped.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "hw/core/cpu.h"
#include "introspect/qemu.h"
#include "gdbstub/gdbx/gdbx.h"

static OsiCurrentRecipe *recipe;
static OsiQemuRam *ram;
static uint64_t unknown;

static bool reads_task(GdbxView view, const GPtrArray *expressions)
{
    GdbxRegInfo info;

    for (guint i = 0; expressions && i < expressions->len; i++) {
        for (unsigned n = 0; gdbx.arch->reg_info(view, n, &info); n++) {
            if ((info.source == GDBX_REG_OSPID ||
                 info.source == GDBX_REG_OSTID) &&
                gdbx_ax_reads(g_ptr_array_index(expressions, i), n)) {
                return true;
            }
        }
    }
    return false;
}

static void look(const GdbxPoint *p, void *opaque)
{
    bool *wanted = opaque;

    *wanted = *wanted || (p->armed && (reads_task(p->view, p->conditions) ||
                                       reads_task(p->view, p->commands)));
}

void gdbx_current_prepare(void)
{
    bool wanted = false;

    g_clear_pointer(&recipe, g_free);
    g_clear_pointer(&ram, osi_qemu_ram_free);
    gdbx_points_each(look, &wanted);
    if (wanted) {
        recipe = osi_current_recipe(gdbx_guest(), NULL);
        ram = recipe ? osi_qemu_ram_new() : NULL;
    }
}

OsiIds gdbx_current_ids(CPUState *cs)
{
    OsiIds ids = { 0 };

    if (recipe) {
        const OsiMemory mem = osi_qemu_ram_memory(ram);
        OsiCpu cpu;

        gdbx.arch->osi_cpu(cs, &cpu);
        if (osi_current_ids(recipe, &mem, &cpu, &ids)) {
            return ids;
        }
    }
    qatomic_inc(&unknown);
    return ids;
}

uint64_t gdbx_current_unknown(void)
{
    return qatomic_read(&unknown);
}
