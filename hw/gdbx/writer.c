/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who writes to RAM. See include/hw/writer.h. */
#include "qemu/osdep.h"
#include "hw/qdev-core.h"
#include "hw/writer.h"

void hw_writer_name(AddressSpace *as, char *text, size_t size)
{
    /* A PCI device is the owner of the region that its bus-master space shows. */
    Object *owner = as ? memory_region_owner(as->root) : NULL;
    DeviceState *dev = owner
        ? (DeviceState *)object_dynamic_cast(owner, TYPE_DEVICE) : NULL;
    g_autofree char *path = dev ? qdev_get_dev_path(dev) : NULL;
    const char *bus = dev && dev->parent_bus
        ? object_get_typename(OBJECT(dev->parent_bus)) : NULL;

    if (path && bus) {
        g_snprintf(text, size, "device %s (%s %s)",
                   object_get_typename(owner), bus, path);
    } else if (owner) {
        g_snprintf(text, size, "device %s", object_get_typename(owner));
    } else {
        g_snprintf(text, size, "a device");
    }
}
