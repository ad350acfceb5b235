/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a recording under way into its replay. See live.h.
 *
 * Checkpoints are made while recording as they are in a replay, between any two
 * slices of execution. What the log has next is not known there; so one that is
 * gone back to looks at it when all devices are loaded (checkpoint_restore()).
 *
 * Requests and events that wait belong to a future that there will not be: they
 * are let happen where the log has ended already, before the machine is made what
 * it was.
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "system/replay.h"
#include "system/runstate.h"
#include "replay/replay-internal.h"
#include "replay/recording.h"
#include "replay/gdbx/disks.h"
#include "replay/gdbx/live.h"
#include "replay/gdbx/store.h"

static bool was;

bool live_was(void)
{
    return was;
}

bool live_ends(void)
{
    off_t body;

    replay_save_instructions();
    body = ftello(replay_file);
    was = disks_settle() && recording_to_replay(body);
    if (!was) {
        error_report("gdbx: the recording %s could not be ended: it is good up "
                     "to here", replay_get_filename());
    }
    return was;
}

void live_over(void)
{
    qemu_system_shutdown_request(SHUTDOWN_CAUSE_HOST_SIGNAL);
}
