/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio-blk devices that have been loaded without a stop of the machine. */
#ifndef HW_GDBX_VIRTIO_H
#define HW_GDBX_VIRTIO_H

/*
 * Behind a reset and the loading of all devices: what QEMU otherwise does when the
 * machine is started again. BQL.
 */
void gdbx_virtio_loaded(void);

#endif
