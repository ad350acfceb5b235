/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking and restoring the machine. See include/replay/checkpoint.h. */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/error-report.h"
#include "qemu/int128.h"
#include "qemu/timer.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "hw/core/cpu.h"
#include "system/replay.h"
#include "replay/replay-internal.h"
#include "hw/gdbx/ide.h"
#include "replay/gdbx/devices.h"
#include "replay/gdbx/disks.h"
#include "replay/gdbx/pages.h"
#include "replay/checkpoint.h"
#include "replay/recording.h"

static uint64_t state_bytes;
static bool restoring;
static CheckpointCost cost;
static char *unfaithful;

bool checkpoint_possible(void)
{
    /* A timer that is due makes its device's state one of the moment. */
    return !replay_has_events() && !disks_busy() && !gdbx_ide_waits() &&
           qemu_clock_deadline_ns_all(QEMU_CLOCK_VIRTUAL,
                                      QEMU_TIMER_ATTR_ALL) != 0;
}

/*
 * When the next timer is due that makes the guest's time. Timers are no part of
 * the stream: a device that arms one of its own when it is loaded (e1000) has
 * the guest interrupted when the recording has nothing of it.
 */
static int64_t next_timer(void)
{
    int64_t left = qemu_clock_deadline_ns_all(QEMU_CLOCK_VIRTUAL,
                                              ~QEMU_TIMER_ATTR_EXTERNAL);

    return left < 0 ? -1 : qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + left;
}

/*
 * Devices that look at the clock when they are saved would have it recorded:
 * they get what it was last, as in a replay. While recording QEMU does not keep
 * that, nor how many events there were. In the state the next event is one of no
 * kind, which is not read while it is loaded. Both locks are held.
 */
static uint8_t *save_recording(size_t *size)
{
    const RecordingInfo *r = recording_so_far();
    uint8_t *state;

    if (!r) {
        return NULL;
    }
    replay_state.cached_clock[REPLAY_CLOCK_HOST] = r->clock[REPLAY_CLOCK_HOST];
    replay_state.cached_clock[REPLAY_CLOCK_VIRTUAL_RT] =
        r->clock[REPLAY_CLOCK_VIRTUAL_RT];
    replay_state.current_event = r->events;
    replay_state.has_unread_data = true;
    replay_mode = REPLAY_MODE_PLAY;
    state = devices_save(size);
    replay_mode = REPLAY_MODE_RECORD;
    replay_state.has_unread_data = false;
    return state;
}

Checkpoint *checkpoint_take(const char **why)
{
    int64_t start = g_get_monotonic_time();
    Checkpoint *c;
    uint8_t *state;
    size_t size;

    if (!checkpoint_possible()) {
        *why = "an event or a request to a disk is on its way";
        return NULL;
    }
    replay_save_instructions();
    state = recording_under_way() ? save_recording(&size) : devices_save(&size);
    if (!state) {
        *why = "a device cannot be saved";
        return NULL;
    }
    c = g_new0(Checkpoint, 1);
    c->icount = replay_get_current_icount();
    c->timer_ns = next_timer();
    c->state = state;
    c->size = size;
    c->recorded = recording_under_way();
    c->ram = pages_take();
    c->disks = disks_take();
    state_bytes += size;
    cost.taken++;
    cost.take_us += g_get_monotonic_time() - start;
    return c;
}

/*
 * A device whose state did not bring all of it back makes the past another one:
 * that has to be said. Saving costs a small part of what restoring does.
 */
static void complain(const Checkpoint *c)
{
    g_autofree char *names = devices_differ(c->state, c->size);

    if (!names && next_timer() != c->timer_ns) {
        names = g_strdup("a device's timer");
    }
    if (names && g_strcmp0(names, unfaithful)) {
        warn_report("gdbx: not all of the machine was brought back: %s; what "
                    "follows may differ from what was recorded",
                    names);
        g_free(unfaithful);
        unfaithful = g_steal_pointer(&names);
    }
}

const char *checkpoint_unfaithful(void)
{
    return unfaithful;
}

static void restore_memory(void *opaque)
{
    const Checkpoint *c = opaque;

    pages_restore(c->ram);
    disks_restore(c->disks);
}

bool checkpoint_restore(const Checkpoint *c)
{
    int64_t start = g_get_monotonic_time();
    CPUState *cs;
    bool ok;

    /* What is on its way belongs to the state that goes away. */
    if (!disks_settle()) {
        return false;
    }
    restoring = true;
    ok = devices_load(c->state, c->size, restore_memory, (void *)c);
    restoring = false;
    CPU_FOREACH(cs) {
        cs->cflags_next_tb = -1;
    }
    if (ok) {
        complain(c);
    }
    if (ok && c->recorded) {
        replay_state.has_unread_data = false;
        replay_fetch_data_kind();
    }
    cost.restored++;
    cost.restore_us += g_get_monotonic_time() - start;
    return ok;
}

void checkpoint_cost(CheckpointCost *now)
{
    *now = cost;
    pages_moved(&now->pages_copied, &now->pages_rewritten);
}

void checkpoint_spoil(bool disk)
{
    if (disk) {
        disks_fail_once();
    } else {
        pages_fail_once();
    }
}

bool checkpoint_restoring(void)
{
    return restoring;
}

void checkpoint_free(Checkpoint *c)
{
    state_bytes -= c->size;
    pages_free(c->ram);
    disks_free(c->disks);
    g_free(c->state);
    g_free(c);
}

uint64_t checkpoint_bytes(void)
{
    return state_bytes + pages_bytes() + disks_bytes();
}

/* Where which region of memory is: no device has that in its state. */
static bool mix_region(Int128 start, Int128 len, const MemoryRegion *mr,
                       hwaddr offset, void *opaque)
{
    uint64_t place[] = { int128_getlo(start), int128_getlo(len), offset };
    uint64_t *hash = opaque;
    const char *name = memory_region_name(mr);

    *hash = pages_mix(*hash, place, sizeof(place));
    *hash = pages_mix(*hash, name, strlen(name));
    return false;
}

static uint64_t map_hash(AddressSpace *as)
{
    uint64_t hash = 0;

    RCU_READ_LOCK_GUARD();
    flatview_for_each_range(address_space_to_flatview(as), mix_region, &hash);
    return hash;
}

bool checkpoint_hash_parts(CheckpointPart *tell, void *opaque)
{
    size_t size = 0, at = 0;
    g_autofree uint8_t *state = devices_save(&size);
    DevicesPart part;

    if (!state) {
        return false;
    }
    tell("memory", 0, map_hash(&address_space_memory), opaque);
    tell("ports", 0, map_hash(&address_space_io), opaque);
    pages_hash(tell, opaque);
    disks_hash(tell, opaque);
    while (devices_part(state, size, &at, &part)) {
        if (!part.present) {
            tell(part.name, part.instance,
                 pages_mix(0, part.data, part.len), opaque);
        }
    }
    return true;
}

static void mix_part(const char *name, unsigned instance, uint64_t of_part,
                     void *opaque)
{
    uint64_t *hash = opaque;

    *hash = pages_mix(*hash, &of_part, sizeof(of_part));
}

uint64_t checkpoint_hash(void)
{
    uint64_t hash = 1;

    return checkpoint_hash_parts(mix_part, &hash) ? hash ?: 1 : 0;
}
