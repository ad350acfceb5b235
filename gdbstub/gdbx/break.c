/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Z and z: gdb's breakpoints become points owned by the inferior that is
 * selected (gdb sends Hg before, gdb-client.md section 2). Accepted wherever
 * they are: a page need not be there yet.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/rows.h"

/*
 * Watchpoints of a process need an address-space filter that QEMU's own do
 * not have: one that stops the wrong process would be worse than none.
 */
static bool other_type(const GdbxZ *z)
{
    if (!gdbx_selected()) {
        return false;
    }
    gdbx_error("watchpoints of a process are not supported; "
               "set them in the machine's inferior");
    return true;
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
        return other_type(&z);
    }
    if (z.commands && z.commands->len) {
        gdbx_error("breakpoint refused: commands are not supported");
        return true;
    }
    gdbx_point_insert(&(GdbxPointSpec) {
        .pid = gdbx.general.pid, .addr = z.addr, .hardware = z.type == 1,
        .cpl = -1, .conditions = g_steal_pointer(&z.conditions),
    });
    gdbx_ok();
    return true;
}

bool gdbx_pkt_remove(const char *args)
{
    g_auto(GdbxZ) z = { 0 };
    g_autofree char *reason = NULL;

    if (!gdbx_parse_z(args, &z, &reason)) {
        gdbx_error("not a breakpoint: %s", reason);
        return true;
    }
    if (z.type > 1) {
        return other_type(&z);
    }
    /* Removing what is gone already is no error: an exit forgets points. */
    gdbx_point_remove(gdbx.general.pid, z.addr, z.type == 1, 0);
    gdbx_ok();
    return true;
}
