/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A replay does not wait for time.
 *
 * While the guest was idle, the recorder slept until its next timer was due.
 * Those timers' clocks are read from the log in a replay: they advance when the
 * log is read on, not with time. QEMU's main loop computes how long to sleep from
 * them all the same, sleeps, and only then reads on: an idle guest takes as long
 * as it took, or longer. So it is told not to sleep when what the log has next is
 * for it to take. The order of events stays the log's.
 *
 * Where the log has instructions next nothing changes: the main loop sleeps and
 * the vCPU executes. Nor while the machine is stopped.
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "system/replay.h"
#include "system/runstate.h"
#include "replay/replay-internal.h"
#include "replay/gdbx/pace.h"

/*
 * Does only the main loop take these? While the vCPU has to take what is next, two
 * threads that ask for the locks in turns would only hinder it.
 */
static bool for_main_loop(unsigned kind)
{
    return (kind >= EVENT_CLOCK && kind <= EVENT_CLOCK_LAST) ||
           kind == EVENT_CHECKPOINT + CHECKPOINT_CLOCK_WARP_START ||
           kind == EVENT_CHECKPOINT + CHECKPOINT_CLOCK_HOST ||
           kind == EVENT_CHECKPOINT + CHECKPOINT_CLOCK_VIRTUAL_RT;
}

/* BQL and the replay mutex are held. */
static void about_to_poll(Notifier *n, void *data)
{
    MainLoopPoll *poll = data;

    if (poll->state == MAIN_LOOP_POLL_FILL &&
        replay_mode == REPLAY_MODE_PLAY && runstate_is_running() &&
        replay_state.has_unread_data &&
        for_main_loop(replay_state.data_kind)) {
        poll->timeout = 0;
    }
}

void pace_begin(void)
{
    static Notifier notifier = { .notify = about_to_poll };

    main_loop_poll_add_notifier(&notifier);
}
