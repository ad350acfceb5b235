/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A node of a maple tree (Linux, lib/maple_tree.c): what it says about ranges.
 * Pure: bytes in, entries out.
 */
#ifndef INTROSPECT_LINUX_MAPLE_H
#define INTROSPECT_LINUX_MAPLE_H

#include "introspect/memory.h"

#define OSI_MAPLE_NODE      256     /* bytes, and their alignment */
#define OSI_MAPLE_SLOTS     64      /* more than a node of 4-byte words holds */

typedef enum OsiMapleType {
    OSI_MAPLE_DENSE, OSI_MAPLE_LEAF, OSI_MAPLE_RANGE, OSI_MAPLE_ARANGE,
} OsiMapleType;

/* Where pivots and slots lie in a node; bytes and numbers of words. */
typedef struct OsiMaplePart {
    uint16_t pivot, pivots, slot, slots;
} OsiMaplePart;

typedef struct OsiMapleShape {
    unsigned word;                  /* bytes: 4 or 8 */
    OsiMaplePart range, arange;     /* maple_range_64, maple_arange_64 */
} OsiMapleShape;

/* What the kernel does for a word size, for want of a description. */
OsiMapleShape osi_maple_shape(unsigned word);

/* Does every part lie in a node? */
bool osi_maple_shape_ok(const OsiMapleShape *s);

typedef struct OsiMapleEntry {
    uint64_t min, max;              /* both belong to it */
    uint64_t value;                 /* a node (see below), or what is stored */
} OsiMapleEntry;

/* Is the root, or a slot of a node that is no leaf, a node? Its parts. */
bool osi_maple_is_node(uint64_t root);
static inline uint64_t osi_maple_node(uint64_t entry)
{
    return entry & ~(uint64_t)(OSI_MAPLE_NODE - 1);
}

static inline unsigned osi_maple_type(uint64_t entry)
{
    return entry >> 3 & 15;
}

static inline bool osi_maple_is_leaf(uint64_t entry)
{
    return osi_maple_type(entry) <= OSI_MAPLE_LEAF;
}

/*
 * The entries of the node @bytes of type @type that covers [min, max], empty
 * slots left out; @out has room for OSI_MAPLE_SLOTS. The error's address is
 * the offset in the node.
 */
bool osi_maple_entries(const OsiMapleShape *s, unsigned type,
                       const uint8_t bytes[OSI_MAPLE_NODE], uint64_t min,
                       uint64_t max, OsiMapleEntry *out, size_t *n,
                       OsiError *err);

#endif
