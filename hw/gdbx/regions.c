/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's address map with its devices. See include/hw/regions.h. */
#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "hw/regions.h"

typedef struct Walk {
    HwRegionFn fn;
    void *opaque;
    bool port, ended;
} Walk;

static const char *kind_of(MemoryRegion *mr)
{
    if (memory_region_is_rom(mr) || memory_region_is_romd(mr)) {
        return "rom";
    }
    return memory_region_is_ram(mr) ? "ram" : "io";
}

static bool visit(Int128 start, Int128 len, const MemoryRegion *cmr,
                  hwaddr offset, void *opaque)
{
    MemoryRegion *mr = (MemoryRegion *)cmr;     /* QEMU's getters take no const */
    Object *owner = memory_region_owner(mr);
    Walk *w = opaque;
    HwRegion r = {
        .port = w->port,
        .start = int128_get64(start),
        .last = int128_get64(int128_sub(int128_add(start, len), int128_one())),
        .kind = kind_of(mr),
        .name = memory_region_name(mr),
        .device = owner ? object_get_typename(owner) : "",
    };

    if (mr == get_system_io()) {
        return false;       /* the background: no device is there */
    }
    w->ended = !w->fn(w->opaque, &r);
    return w->ended;
}

void hw_each_region(HwRegionFn fn, void *opaque)
{
    Walk w = { .fn = fn, .opaque = opaque, .port = true };

    RCU_READ_LOCK_GUARD();
    flatview_for_each_range(address_space_to_flatview(&address_space_io),
                            visit, &w);
    w.port = false;
    if (!w.ended) {
        flatview_for_each_range(
            address_space_to_flatview(&address_space_memory), visit, &w);
    }
}
