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
#include "gdbstub/fault.h"
#include "gdbstub/gdbx/event-points.h"
#include "gdbstub/gdbx/callstack.h"
#include "gdbstub/gdbx/syscall.h"
#include "gdbstub/gdbx/uninit.h"

static OsiCurrentRecipe *recipe;
static OsiQemuRam *ram;
static uint64_t unknown;

/* Per vCPU, its own: what it has found by the present recipe. */
static OsiCurrentQuick *quick;

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

void gdbx_current_forget(void)
{
    g_clear_pointer(&recipe, g_free);
    g_clear_pointer(&ram, osi_qemu_ram_free);
    g_clear_pointer(&quick, g_free);
}

void gdbx_current_prepare(void)
{
    bool wanted = gdbx_step_knows() || gdbx_catches_want_task() ||
                  gdbx_syscalls_know() || gdbx_faults_wanted ||
                  gdbx_calls_wanted.on;

    gdbx_current_forget();
    gdbx_points_each(look, &wanted);
    if (wanted) {
        recipe = osi_current_recipe(gdbx_guest(), NULL);
        ram = recipe ? osi_qemu_ram_new() : NULL;
        quick = recipe ? g_new0(OsiCurrentQuick, gdb_get_max_cpus()) : NULL;
    }
}

static const uint8_t *host(void *opaque, uint64_t pa, size_t len)
{
    return osi_qemu_ram_host(opaque, pa, len);
}

static bool ask_quick(CPUState *cs, uint64_t *object, OsiIds *ids)
{
    GDBX_UNINIT OsiCpu cpu;

    gdbx.arch->task_cpu(cs, &cpu);
    return osi_current_quick(recipe, &quick[cs->cpu_index], host, ram, &cpu,
                             object, ids);
}

static bool ask(CPUState *cs, OsiIds *ids)
{
    OsiMemory mem = osi_qemu_ram_memory(ram);
    OsiCpu cpu;

    gdbx.arch->osi_cpu(cs, &cpu);
    return osi_current_ids(recipe, &mem, &cpu, ids);
}

bool gdbx_current_is_ready(void)
{
    return recipe;
}

bool gdbx_current_known(CPUState *cs, OsiIds *ids)
{
    uint64_t object;

    return recipe && (ask_quick(cs, &object, ids) || ask(cs, ids));
}

OsiIds gdbx_current_ids(CPUState *cs)
{
    OsiIds ids = { 0 };

    if (!gdbx_current_known(cs, &ids)) {
        qatomic_inc(&unknown);
    }
    return ids;
}

bool gdbx_current_object(CPUState *cs, uint64_t *object)
{
    return recipe && ask_quick(cs, object, NULL);
}

uint64_t gdbx_current_unknown(void)
{
    return qatomic_read(&unknown);
}
