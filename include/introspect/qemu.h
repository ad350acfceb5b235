/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The emulator's physical memory as introspection reads it. */
#ifndef INTROSPECT_QEMU_H
#define INTROSPECT_QEMU_H

#include "introspect/memory.h"

/*
 * Reads RAM and ROM of the system address space, never a device: a read has no
 * effect on the guest. Any thread; takes the RCU read lock itself.
 */
OsiMemory osi_qemu_memory(void);

#endif
