/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reader of one address space that remembers translations.
 *
 * Valid for as long as the guest stands still: osi_reader_init() again after
 * it has run. Fields of guest structures are read by the thousand, and a
 * 4-level walk costs four reads of guest memory each.
 */
#ifndef INTROSPECT_READER_H
#define INTROSPECT_READER_H

#include "introspect/memory.h"

#define OSI_READER_SLOTS 64

typedef struct OsiReader {
    const OsiMemory *mem;   /* borrowed */
    OsiRoot root;
    struct {
        uint64_t page;      /* virtual page number + 1; 0 = empty */
        uint64_t pa;        /* physical address of that page */
    } slot[OSI_READER_SLOTS];
} OsiReader;

void osi_reader_init(OsiReader *r, const OsiMemory *mem, OsiRoot root);

/* All or nothing; @buf is unspecified on failure. @err may be NULL. */
bool osi_reader_read(OsiReader *r, uint64_t va, void *buf, size_t len,
                     OsiError *err);

/* Little-endian integer of @size bytes (1, 2, 4, 8). */
bool osi_reader_uint(OsiReader *r, uint64_t va, size_t size, uint64_t *value,
                     OsiError *err);

/*
 * NUL-terminated string of at most @max - 1 bytes; longer ones are cut. Stops
 * at the first NUL, so what lies behind it need not be mapped.
 */
bool osi_reader_string(OsiReader *r, uint64_t va, char *buf, size_t max,
                       OsiError *err);

#endif
