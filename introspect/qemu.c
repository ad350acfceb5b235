/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one file of this room that knows QEMU: its memory as an OsiMemory. */
#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
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
