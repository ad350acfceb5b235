/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A node of an XArray (Linux, lib/xarray.c): what it says about one index.
 * Pure: bytes in, an entry out.
 */
#ifndef INTROSPECT_LINUX_XARRAY_H
#define INTROSPECT_LINUX_XARRAY_H

#include "introspect/memory.h"

#define OSI_XA_SLOTS        64      /* at most; 16 in small kernels */
#define OSI_XA_LEVELS       16      /* 64 bits by 4, the most there can be */
#define OSI_XA_NODE_MAX     1024    /* bytes of a node up to its last slot */

typedef struct OsiXaShape {
    unsigned word;                  /* bytes: 4 or 8 */
    uint32_t shift;                 /* offset of the byte xa_node.shift */
    uint32_t slots, n_slots;        /* offset of xa_node.slots, their number */
} OsiXaShape;

bool osi_xa_shape_ok(const OsiXaShape *s);

/* Bytes of a node that are looked at. */
static inline uint32_t osi_xa_bytes(const OsiXaShape *s)
{
    return s->slots + s->n_slots * s->word;
}

/* What a slot holds. */
bool osi_xa_is_node(uint64_t entry);
static inline uint64_t osi_xa_node(uint64_t entry)
{
    return entry - 2;
}

/* A number, not a pointer: for the page cache a page that is elsewhere. */
static inline bool osi_xa_is_value(uint64_t entry)
{
    return entry & 1;
}

/* A mark of the XArray itself (reserved, retry). */
static inline bool osi_xa_is_mark(uint64_t entry)
{
    return (entry & 3) == 2 && !osi_xa_is_node(entry);
}

typedef struct OsiXaSlot {
    uint64_t entry;         /* 0: nothing is stored there */
    unsigned shift;         /* of the node: log2 of what a slot covers */
} OsiXaSlot;

/*
 * The slot of @index in the node @bytes, which lies below a slot that covers
 * 2^@above indexes (64: it is the topmost). What a sibling refers to is
 * returned for the sibling. The error's address is the offset in the node.
 */
bool osi_xa_slot(const OsiXaShape *s, const uint8_t *bytes, uint64_t index,
                 unsigned above, OsiXaSlot *slot, OsiError *err);

#endif
