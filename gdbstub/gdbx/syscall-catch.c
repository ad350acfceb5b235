/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gdb's `catch syscall': QCatchSyscalls, which names no process (gdb sends one
 * list for all), so it is about all followed ones.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/back.h"
#include "gdbstub/gdbx/rows.h"
#include "gdbstub/gdbx/syscall.h"

static struct {
    bool on;
    bool all;
    GArray *numbers;            /* uint64_t; empty with @all */
    bool complained;            /* since the last QCatchSyscalls */
} caught;

bool gdbx_catch_any(void)
{
    return caught.on;
}

void gdbx_catch_reset(void)
{
    caught.on = false;
}

static bool is_caught(const OsiCall *c, const GdbxInferior *inf)
{
    if (caught.all) {
        return true;
    }
    /* gdb's numbers are of the process's own table. */
    for (guint i = 0; c->compat32 == inf->compat32 && i < caught.numbers->len;
         i++) {
        if (g_array_index(caught.numbers, uint64_t, i) == c->number) {
            return true;
        }
    }
    return false;
}

bool gdbx_catch(CPUState *cs, const GdbxCall *call, bool entry)
{
    const GdbxDeed d = {
        .kind = entry ? GDBX_DEED_CALL : GDBX_DEED_CALL_ENDS,
        .pid = call->who.tgid, .tid = call->who.pid,
        .code = call->made.number,
    };
    bool now;
    const GdbxInferior *inf = caught.on ? gdbx_inferior(d.pid) : NULL;

    if (!inf || inf->gone || !is_caught(&call->made, inf)) {
        return false;
    }
    if (timeline_busy()) {
        return gdbx_deed_fits(&d) &&
               gdbx_back_deed(cs, &d, gdbx_instant_deed(
                   &d, entry ? call->pc : 0, gdbx_icount_at(cs, 0)));
    }
    if (gdbx_deed_try(&d, &now)) {
        return now;
    }
    if (!qatomic_xchg(&caught.complained, true)) {
        gdbx_console("gdbx: thread %d of process %d makes system call %" PRIu64
                     ", and others maybe too: gdb waits for another thread "
                     "(set schedule-multiple on)\n", (int)d.tid, (int)d.pid,
                     call->made.number);
    }
    return false;
}

/* "0", "1" or "1;hex;hex...". */
bool gdbx_pkt_catch_syscalls(const char *args)
{
    g_autoptr(GArray) numbers = g_array_new(false, false, sizeof(uint64_t));
    bool on = *args == '1';

    if (*args != '0' && *args != '1') {
        gdb_put_packet("E22");
        return true;
    }
    for (args++; on && *args == ';'; ) {
        uint64_t n;

        args++;
        if (!gdbx_parse_hex(&args, &n)) {
            break;
        }
        g_array_append_val(numbers, n);
    }
    if (*args) {
        gdb_put_packet("E22");
        return true;
    }
    if (caught.numbers) {
        g_array_unref(caught.numbers);
    }
    caught.numbers = g_steal_pointer(&numbers);
    caught.on = on;
    caught.all = !caught.numbers->len;
    caught.complained = false;
    gdbx_ok();
    return true;
}
