/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one file of this room that knows QEMU: its memory as an OsiMemory. */
#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "hw/boards.h"
#include "introspect/qemu.h"

static bool read_ram(void *opaque, uint64_t pa, void *buf, size_t len)
{
    uint8_t *to = buf;

    RCU_READ_LOCK_GUARD();
    while (len) {
        hwaddr at, chunk = len;
        MemoryRegion *mr = address_space_translate(&address_space_memory, pa,
                                                   &at, &chunk, false,
                                                   MEMTXATTRS_UNSPECIFIED);

        /* RAM devices (VFIO BARs) are "ram" too, but reading them may act. */
        if (!chunk || memory_region_is_ram_device(mr) ||
            !(memory_region_is_ram(mr) || memory_region_is_romd(mr))) {
            return false;
        }
        memcpy(to, (uint8_t *)memory_region_get_ram_ptr(mr) + at, chunk);
        to += chunk;
        pa += chunk;
        len -= chunk;
    }
    return true;
}

OsiMemory osi_qemu_memory(void)
{
    return (OsiMemory) { .read = read_ram };
}

/* ---- a snapshot of where RAM is ---- */

typedef struct RamRange {
    uint64_t pa, size;
    const uint8_t *host;
    MemoryRegion *mr;           /* referenced */
} RamRange;

struct OsiQemuRam {
    GArray *ranges;             /* RamRange, ascending */
};

static bool add_range(Int128 start, Int128 len, const MemoryRegion *region,
                      hwaddr offset, void *opaque)
{
    OsiQemuRam *ram = opaque;
    MemoryRegion *mr = (MemoryRegion *)region;

    if (memory_region_is_ram(mr) && !memory_region_is_ram_device(mr)) {
        RamRange r = {
            .pa = int128_get64(start), .size = int128_get64(len), .mr = mr,
            .host = (uint8_t *)memory_region_get_ram_ptr(mr) + offset,
        };

        memory_region_ref(mr);
        g_array_append_val(ram->ranges, r);
    }
    return false;
}

OsiQemuRam *osi_qemu_ram_new(void)
{
    OsiQemuRam *ram = g_new0(OsiQemuRam, 1);

    ram->ranges = g_array_new(false, false, sizeof(RamRange));
    RCU_READ_LOCK_GUARD();
    flatview_for_each_range(address_space_to_flatview(&address_space_memory),
                            add_range, ram);
    return ram;
}

void osi_qemu_ram_free(OsiQemuRam *ram)
{
    if (!ram) {
        return;
    }
    for (guint i = 0; i < ram->ranges->len; i++) {
        memory_region_unref(g_array_index(ram->ranges, RamRange, i).mr);
    }
    g_array_unref(ram->ranges);
    g_free(ram);
}

const uint8_t *osi_qemu_ram_host(const OsiQemuRam *ram, uint64_t pa, size_t len)
{
    guint lo = 0, hi = ram->ranges->len;

    while (lo < hi) {
        guint mid = (lo + hi) / 2;
        const RamRange *r = &g_array_index(ram->ranges, RamRange, mid);

        if (pa < r->pa) {
            hi = mid;
        } else if (pa - r->pa >= r->size) {
            lo = mid + 1;
        } else if (r->size - (pa - r->pa) < len) {
            return NULL;
        } else {
            return r->host + (pa - r->pa);
        }
    }
    return NULL;
}

static bool read_ranges(void *opaque, uint64_t pa, void *buf, size_t len)
{
    const uint8_t *host = osi_qemu_ram_host(opaque, pa, len);

    if (host) {
        memcpy(buf, host, len);
    }
    return host;
}

OsiMemory osi_qemu_ram_memory(OsiQemuRam *ram)
{
    return (OsiMemory) { .read = read_ranges, .opaque = ram };
}

static bool read_quick(void *opaque, uint64_t pa, void *buf, size_t len)
{
    OsiQemuRam **ram = opaque;

    return read_ranges(*ram, pa, buf, len) || read_ram(NULL, pa, buf, len);
}

/* Where the machine's own RAM ends; that of devices lies anywhere. */
static bool note_end(Int128 start, Int128 len, const MemoryRegion *region,
                     hwaddr offset, void *opaque)
{
    uint64_t *end = opaque;

    if (region == current_machine->ram) {
        *end = MAX(*end, int128_get64(int128_add(start, len)));
    }
    return false;
}

OsiMemory osi_qemu_quick_memory(OsiQemuRam **ram)
{
    OsiMemory mem = { .read = read_quick, .opaque = ram };

    RCU_READ_LOCK_GUARD();
    flatview_for_each_range(address_space_to_flatview(&address_space_memory),
                            note_end, &mem.phys_limit);
    return mem;
}
