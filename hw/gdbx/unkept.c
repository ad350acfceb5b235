/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices whose state cannot be saved while the machine runs. See unkept.h.
 *
 * A SCSI device (usb-storage has one inside) saves its open requests and asserts
 * that the machine is stopped; that there are none makes no difference. What
 * cannot be migrated (nvme) has no state to save, and QEMU looks for its members
 * all the same.
 */
#include "qemu/osdep.h"
#include "hw/qdev-core.h"
#include "hw/scsi/scsi.h"
#include "migration/vmstate.h"
#include "hw/gdbx/unkept.h"

static GPtrArray *found;        /* DeviceState */

static bool is_kept(DeviceState *dev)
{
    const VMStateDescription *d = qdev_get_vmsd(dev);

    return !object_dynamic_cast(OBJECT(dev), TYPE_SCSI_DEVICE) &&
           !(d && d->unmigratable);
}

static void comes(DeviceListener *listener, DeviceState *dev)
{
    if (!is_kept(dev)) {
        g_ptr_array_add(found, dev);
    }
}

static void goes(DeviceListener *listener, DeviceState *dev)
{
    g_ptr_array_remove(found, dev);
}

static DeviceListener listener = { .realize = comes, .unrealize = goes };

const char *gdbx_unkept(void)
{
    if (!found) {
        found = g_ptr_array_new();
        device_listener_register(&listener);    /* tells those that are there */
    }
    return found->len
           ? object_get_typename(g_ptr_array_index(found, 0)) : NULL;
}
