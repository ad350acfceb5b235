/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contents of files, as the Linux provider's files share them. */
#ifndef INTROSPECT_LINUX_PAGECACHE_H
#define INTROSPECT_LINUX_PAGECACHE_H

#include "linux.h"

/* The address_space that holds the pages of an open file. */
bool linux_file_mapping(Linux *lx, uint64_t file, uint64_t *mapping,
                        OsiError *err);

/*
 * The struct page at @index of @mapping; it is the first one of a folio, whose
 * index goes to @first. OSI_ERR_NO_SUCH: it is not in memory; *page is 0 then
 * where nothing was ever stored, 1 where it was and is elsewhere (swapped).
 */
bool linux_cached_page(Linux *lx, uint64_t mapping, uint64_t index,
                       uint64_t *page, uint64_t *first, OsiError *err);

/* One page of a file; OSI_ERR_NO_SUCH as above. */
bool linux_mapping_page(Linux *lx, uint64_t mapping, uint64_t index,
                        uint8_t to[4096], OsiError *err);

/* Bytes in the file. */
bool linux_mapping_size(Linux *lx, uint64_t mapping, uint64_t *size,
                        OsiError *err);

/*
 * linux-inode.c: what an inode says of itself. OSI_ERR_NO_SUCH: its file
 * system has let go of it.
 */
bool linux_inode_info(Linux *lx, uint64_t inode, OsiInode *out, OsiError *err);

/* linux-memmap.c: where the array of struct page is; asked once a stop. */
const LinuxMemMap *linux_memmap(Linux *lx, OsiError *err);

#endif
