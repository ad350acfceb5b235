/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page tables as they are, for what an OS keeps in entries not present. */
#ifndef INTROSPECT_PAGING_H
#define INTROSPECT_PAGING_H

#include "introspect/memory.h"

/*
 * The entry at which a walk for @va ends: a leaf, or the first one that is not
 * present. @size: bytes that it covers. False when there is no such entry
 * (no paging, a table that is not RAM).
 */
bool osi_entry(const OsiMemory *mem, OsiRoot root, uint64_t va,
               uint64_t *entry, uint64_t *size);

#endif
