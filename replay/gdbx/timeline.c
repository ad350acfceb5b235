/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's time: where are we. See include/replay/timeline.h. */
#include "qemu/osdep.h"
#include "system/cpu-timers.h"
#include "system/replay.h"
#include "replay/timeline.h"

TimelineMark timeline_now(void)
{
    TimelineMark now = { .mode = TIMELINE_LIVE };

    if (replay_mode == REPLAY_MODE_RECORD || replay_mode == REPLAY_MODE_PLAY) {
        now.mode = replay_mode == REPLAY_MODE_PLAY ? TIMELINE_REPLAY
                                                   : TIMELINE_RECORD;
        now.icount = replay_get_current_icount();
        now.file = replay_get_filename();
    } else if (icount_enabled()) {
        now.mode = TIMELINE_COUNTED;
        now.icount = icount_get_raw();
    }
    return now;
}

const char *timeline_mode_name(TimelineMode mode)
{
    static const char *const names[] = {
        [TIMELINE_LIVE] = "live", [TIMELINE_COUNTED] = "counted",
        [TIMELINE_RECORD] = "record", [TIMELINE_REPLAY] = "replay",
    };
    return names[mode];
}
