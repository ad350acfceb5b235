/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several members of one guest structure by one read of guest memory. Lists
 * of thousands of mappings and names are read so.
 */
#ifndef INTROSPECT_LINUX_BLOCK_H
#define INTROSPECT_LINUX_BLOCK_H

#include "linux.h"

/* The largest stretch between two members that are wanted together. */
#define LINUX_SPREAD_MAX 1024

typedef struct LinuxBlock {
    uint64_t object;
    uint32_t at, len;               /* the part that was read */
    uint8_t bytes[LINUX_SPREAD_MAX];
} LinuxBlock;

/*
 * Read what covers the @n members @f of @object, a @what ("dentry"). Members
 * that this kernel does not have are left out.
 */
bool linux_block_read(Linux *lx, LinuxBlock *b, uint64_t object,
                      const OsiField *const *f, size_t n, const char *what,
                      OsiError *err);

/* One of them; 0 when the kernel has no such member. */
static inline uint64_t linux_block(const LinuxBlock *b, const OsiField *f)
{
    return f->size ? osi_le(b->bytes + f->offset - b->at, f->size) : 0;
}

#endif
