/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's time: where are we. See include/replay/timeline.h. */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/seqlock.h"
#include "qemu/timer.h"
#include "hw/core/cpu.h"
#include "system/cpu-timers.h"
#include "system/cpu-timers-internal.h"
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

/*
 * icount_get_raw() would end the emulator here ("Bad icount read"): it counts
 * whole blocks, and moves the machine's clocks by what it counts.
 */
uint64_t timeline_icount_at(CPUState *cs, unsigned left)
{
    if (!icount_enabled()) {
        return 0;
    }
    return qatomic_read_i64(&timers_state.qemu_icount) + cs->icount_budget -
           (cs->neg.icount_decr.u16.low + cs->icount_extra) - left;
}

int64_t timeline_ns_at(CPUState *cs, unsigned left)
{
    if (!icount_enabled()) {
        return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    }
    return qatomic_read_i64(&timers_state.qemu_icount_bias) +
           icount_to_ns(timeline_icount_at(cs, left));
}

const char *timeline_mode_name(TimelineMode mode)
{
    static const char *const names[] = {
        [TIMELINE_LIVE] = "live", [TIMELINE_COUNTED] = "counted",
        [TIMELINE_RECORD] = "record", [TIMELINE_REPLAY] = "replay",
    };
    return names[mode];
}
