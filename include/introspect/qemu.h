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

/*
 * Where RAM is at this moment, for readers that must be fast: no lock, no look
 * at the memory map. What is plugged in later is not in it; what is unplugged
 * stays readable. Made and freed in the main thread; any thread may read in
 * between, but a read must lie within one range.
 */
typedef struct OsiQemuRam OsiQemuRam;

OsiQemuRam *osi_qemu_ram_new(void);
void osi_qemu_ram_free(OsiQemuRam *ram);
OsiMemory osi_qemu_ram_memory(OsiQemuRam *ram);
/* Where @len bytes at @pa are in this process, as long as @ram lives; or NULL. */
const uint8_t *osi_qemu_ram_host(const OsiQemuRam *ram, uint64_t pa, size_t len);

/*
 * The best of both: looks at *@ram first, at the memory map for what is not in
 * it. The owner replaces *@ram when the map may have changed, between
 * questions.
 */
OsiMemory osi_qemu_quick_memory(OsiQemuRam **ram);

#endif
