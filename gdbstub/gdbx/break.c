/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Z and z: gdb's breakpoints become points, its watchpoints watches, owned by
 * the inferior that is selected (gdb sends Hg before, gdb-client.md section 2).
 * Accepted wherever they are: a page need not be there yet.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/event-points.h"
#include "gdbstub/gdbx/watch.h"
#include "gdbstub/gdbx/rows.h"

static GdbxWatchSpec watch_spec(const GdbxZ *z)
{
    return (GdbxWatchSpec) {
        .pid = gdbx.general.pid, .addr = z->addr, .len = z->kind,
        .type = z->type,
    };
}

/* A physical address is RAM's, or else a device's: an event. */
static bool insert_in_ram_or_window(const GdbxWatchSpec *spec, char **why)
{
    bool window = gdbx_event_in_window(spec->addr);

    if ((!window || gdbx_in_phys_window(spec->addr)) &&
        gdbx_watch_insert(spec, why)) {
        return true;
    }
    if (!window) {
        return false;
    }
    g_clear_pointer(why, g_free);
    return gdbx_event_window_insert(spec->pid, spec->addr, spec->len,
                                    spec->type, why);
}

static void insert_watch(const GdbxZ *z)
{
    GdbxWatchSpec spec = watch_spec(z);
    g_autofree char *why = NULL;

    if (insert_in_ram_or_window(&spec, &why)) {
        gdbx_ok();
    } else {
        gdbx_error("watchpoint at 0x%" PRIx64 " refused: %s", z->addr, why);
    }
}

bool gdbx_pkt_insert(const char *args)
{
    g_auto(GdbxZ) z = { 0 };
    g_autofree char *reason = NULL;

    if (!gdbx_parse_z(args, &z, &reason)) {
        gdbx_error("breakpoint refused: %s", reason);
        return true;
    }
    if (gdbx_selected() && gdbx_selected()->renewed) {
        gdbx_ok();      /* of a program that it does not run any more */
        return true;
    }
    if (z.type > 1) {
        insert_watch(&z);
        return true;
    }
    if (gdbx_in_phys_window(z.addr) || gdbx_event_in_window(z.addr)) {
        gdbx_error("breakpoint at 0x%" PRIx64 " refused: nobody executes this"
                   " address; physical memory and events have watchpoints",
                   z.addr);
        return true;
    }
    if (gdbx_point_insert(&(GdbxPointSpec) {
            .pid = gdbx.general.pid, .addr = z.addr, .hardware = z.type == 1,
            .cpl = -1, .conditions = g_steal_pointer(&z.conditions),
            .commands = g_steal_pointer(&z.commands),
        })) {
        gdbx_ok();
    } else {
        gdbx_error("breakpoint refused: there are %d already",
                   GDBX_MAX_POINTS);
    }
    return true;
}

bool gdbx_pkt_remove(const char *args)
{
    g_auto(GdbxZ) z = { 0 };
    GdbxWatchSpec spec;
    g_autofree char *reason = NULL;

    if (!gdbx_parse_z(args, &z, &reason)) {
        gdbx_error("not a breakpoint: %s", reason);
        return true;
    }
    /* Removing what is gone already is no error: an exit forgets points. */
    if (z.type > 1) {
        spec = watch_spec(&z);
        if (!gdbx_event_window_remove(spec.pid, spec.addr, spec.len,
                                      spec.type)) {
            gdbx_watch_remove(&spec);
        }
    } else {
        gdbx_point_remove(gdbx.general.pid, z.addr, z.type == 1, 0);
    }
    gdbx_ok();
    return true;
}
