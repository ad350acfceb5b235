/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who writes to RAM when it is not an instruction. */
#ifndef HW_WRITER_H
#define HW_WRITER_H

#include "exec/memory.h"

/*
 * Words for the device behind @as, the address space through which it does its
 * DMA: "device e1000 (PCI 0000:00:03.0)". Devices without one of their own
 * share the system's, and NULL is for who did not say: "a device". Writes at most
 * @size bytes. Any thread that is in the middle of such an access.
 */
void hw_writer_name(AddressSpace *as, char *text, size_t size);

#endif
