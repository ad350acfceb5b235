/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Z and z: gdb's breakpoints become points, its watchpoints watches, owned by
 * the inferior that is selected (gdb sends Hg before, gdb-client.md section 2).
 * Accepted wherever they are: a page need not be there yet.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/watch.h"
#include "gdbstub/gdbx/rows.h"

static GdbxWatchSpec watch_spec(const GdbxZ *z)
{
    return (GdbxWatchSpec) {
        .pid = gdbx.general.pid, .addr = z->addr, .len = z->kind,
        .type = z->type,
    };
}

static void insert_watch(const GdbxZ *z)
{
    GdbxWatchSpec spec = watch_spec(z);
    g_autofree char *why = NULL;

    if (gdbx_watch_insert(&spec, &why)) {
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
    if (z.type > 1) {
        insert_watch(&z);
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
        gdbx_watch_remove(&spec);
    } else {
        gdbx_point_remove(gdbx.general.pid, z.addr, z.type == 1, 0);
    }
    gdbx_ok();
    return true;
}
