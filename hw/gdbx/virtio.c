/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-blk devices that have been loaded. See virtio.h.
 *
 * Whether each write is followed by a flush is not in the device's state: it
 * follows from what the guest has negotiated, and is worked out when the status
 * is set, which QEMU does once more when the machine starts. Left as the reset has
 * made it, a replay waits for the end of a flush that nobody requests.
 */
#include "qemu/osdep.h"
#include "hw/virtio/virtio.h"
#include "hw/virtio/virtio-blk.h"
#include "hw/gdbx/virtio.h"

static GPtrArray *disks;        /* VirtIODevice */

static void comes(DeviceListener *listener, DeviceState *dev)
{
    if (object_dynamic_cast(OBJECT(dev), TYPE_VIRTIO_BLK)) {
        g_ptr_array_add(disks, VIRTIO_DEVICE(dev));
    }
}

static void goes(DeviceListener *listener, DeviceState *dev)
{
    g_ptr_array_remove(disks, dev);
}

static DeviceListener listener = { .realize = comes, .unrealize = goes };

void gdbx_virtio_loaded(void)
{
    if (!disks) {
        disks = g_ptr_array_new();
        device_listener_register(&listener);    /* tells those that are there */
    }
    for (guint i = 0; i < disks->len; i++) {
        VirtIODevice *vdev = g_ptr_array_index(disks, i);

        VIRTIO_DEVICE_GET_CLASS(vdev)->set_status(vdev, vdev->status);
    }
}
