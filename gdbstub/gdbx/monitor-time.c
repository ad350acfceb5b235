/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `monitor gdbx time': where in the guest's time the machine is. */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "monitor/monitor.h"
#include "system/runstate.h"
#include "replay/checkpoint.h"
#include "replay/recording.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/monitor.h"

static void show_checkpoints(Monitor *mon)
{
    TimelineStatus s = timeline_status();

    if (!s.on) {
        monitor_printf(mon, "no checkpoints are made\n");
        return;
    }
    monitor_printf(mon, "%u checkpoints, instruction %" PRIu64 " to %" PRIu64
                   ", %" PRIu64 " of %" PRIu64 " MiB (%" PRIu64 " made, the "
                   "last in %" PRIu64 " us)\n", s.checkpoints, s.first, s.last,
                   s.bytes / MiB, s.budget / MiB, s.taken, s.take_us);
    if (checkpoint_unfaithful()) {
        monitor_printf(mon, "not wholly brought back: %s\n",
                       checkpoint_unfaithful());
    }
}

static void show_cost(Monitor *mon)
{
    CheckpointCost c;

    checkpoint_cost(&c);
    monitor_printf(mon, "%" PRIu64 " checkpoints made: %" PRIu64 " us, %" PRIu64
                   " pages copied\n%" PRIu64 " restored: %" PRIu64 " us, %"
                   PRIu64 " pages written\n", c.taken, c.take_us,
                   c.pages_copied, c.restored, c.restore_us,
                   c.pages_rewritten);
}

static void show_hash(Monitor *mon)
{
    if (runstate_is_running()) {
        monitor_printf(mon, "the machine runs\n");
    } else {
        monitor_printf(mon, "%016" PRIx64 "\n", checkpoint_hash());
    }
}

static void show_part(const char *name, unsigned instance, uint64_t hash,
                      void *mon)
{
    monitor_printf(mon, "%016" PRIx64 " %s/%u\n", hash, name, instance);
}

static void show_parts(Monitor *mon)
{
    if (runstate_is_running()) {
        monitor_printf(mon, "the machine runs\n");
    } else if (!checkpoint_hash_parts(show_part, mon)) {
        monitor_printf(mon, "a device cannot be saved\n");
    }
}

void gdbx_mon_time(Monitor *mon, const char *args)
{
    TimelineMark now = timeline_now();
    const RecordingInfo *all = recording_info();

    if (now.mode == TIMELINE_LIVE) {
        monitor_printf(mon, "%s: instructions are not counted (-icount "
                       "shift=auto counts them)\n",
                       timeline_mode_name(now.mode));
        return;
    }
    if (!strcmp(args, "hash") && now.mode == TIMELINE_REPLAY) {
        show_hash(mon);
        return;
    }
    if (!strcmp(args, "parts") && now.mode == TIMELINE_REPLAY) {
        show_parts(mon);
        return;
    }
    if (!strcmp(args, "cost") && now.mode == TIMELINE_REPLAY) {
        show_cost(mon);
        return;
    }
    if (!strcmp(args, "forget-page") && now.mode == TIMELINE_REPLAY) {
        checkpoint_spoil(false);
        monitor_printf(mon, "the next restore forgets a page\n");
        return;
    }
    if (!strcmp(args, "forget-block") && now.mode == TIMELINE_REPLAY) {
        checkpoint_spoil(true);
        monitor_printf(mon, "the next restore forgets a block of a disk\n");
        return;
    }
    if (*args) {
        gdbx_usage(mon, "time");
        return;
    }
    monitor_printf(mon, "%s: instruction %" PRIu64 "%s%s",
                   timeline_mode_name(now.mode), now.icount,
                   now.file ? " of " : "", now.file ? now.file : "");
    if (now.mode == TIMELINE_REPLAY && all && all->instructions) {
        monitor_printf(mon, ", %.1f %% of %" PRIu64,
                       100.0 * now.icount / all->instructions,
                       all->instructions);
    }
    monitor_printf(mon, "\n");
    if (now.mode == TIMELINE_REPLAY) {
        show_checkpoints(mon);
    }
}
