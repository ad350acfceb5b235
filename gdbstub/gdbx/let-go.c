/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that come while the guest runs and gdb waits for nothing: it has let
 * go of all inferiors and stays connected.
 *
 * QEMU takes the first byte of such a packet for the wish to stop, and drops
 * it. gdb repeats the packet after two seconds, or, without acknowledgements,
 * waits for ever. So the packet is gathered here. One that needs nothing of
 * the guest (gdb closes files behind its back) is answered while it runs. For
 * any other the guest is stopped, then QEMU gets it whole; and unless gdb has
 * got hold of something by it, the guest runs on.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "system/runstate.h"
#include "qemu/main-loop.h"
#include "block/aio.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/files.h"
#include "gdbstub/gdbx/let-go.h"
#include "gdbstub/gdbx/output.h"
#include "gdbstub/gdbx/wire.h"

static char line[MAX_PACKET_LENGTH];
static size_t used;

/* "$...#xx" is whole. */
static bool is_whole(void)
{
    return used > 3 && line[used - 3] == '#';
}

static bool checksum_holds(void)
{
    char said[] = { line[used - 2], line[used - 1], 0 }, *end;
    uint8_t sum = 0;

    for (size_t i = 1; i < used - 3; i++) {
        sum += line[i];
    }
    return strtoul(said, &end, 16) == sum && !*end;
}

static bool answer(void)
{
    if (!checksum_holds()) {
        return false;
    }
    line[used - 3] = 0;
    if (!gdbx_file_needs_no_guest(line + 1)) {
        line[used - 3] = '#';
        return false;
    }
    used = 0;
    if (!gdbx_no_ack()) {
        gdb_put_buffer((const uint8_t *)"+", 1);
    }
    gdbx_hook_packet(line + 1);
    return true;
}

static bool holds_nothing(void)
{
    return gdbx.client && gdbx.machine_detached && !gdbx.inferiors->len &&
           !gdbx_views_any();
}

static void run_bh(void *opaque)
{
    if (holds_nothing() && !runstate_is_running() && !runstate_needs_reset()) {
        vm_start();
    }
}

/* Later: what calls this may be part of the stop. */
void gdbx_let_go_if_nothing(void)
{
    if (holds_nothing()) {
        gdbx_output_hurry();    /* the reply, before the machine runs */
        aio_bh_schedule_oneshot(iohandler_get_aio_context(), run_bh, NULL);
    }
}

static void pass_on(void)
{
    bool nothing = holds_nothing();
    size_t n = used;

    used = 0;
    vm_stop(RUN_STATE_PAUSED);
    for (size_t i = 0; i < n; i++) {
        gdb_read_byte(line[i]);
    }
    if (nothing) {
        run_bh(NULL);
    }
}

bool gdbx_let_go_byte(uint8_t ch)
{
    if (!gdbx.client || gdbx_run.reply_due || !runstate_is_running() ||
        (!used && ch != '$')) {
        used = 0;
        return false;
    }
    line[used++] = ch;
    if (used == sizeof(line) || (is_whole() && !answer())) {
        pass_on();
    }
    return true;
}
