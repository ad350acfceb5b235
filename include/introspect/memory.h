/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory as the introspection room sees it: a reader of physical
 * memory, page-table walks from a chosen root, and one kind of error.
 *
 * Nothing here knows CPUState: the same code runs in the emulator, on a saved
 * memory image and on forged bytes in a unit test.
 */
#ifndef INTROSPECT_MEMORY_H
#define INTROSPECT_MEMORY_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a question could not be answered. */
typedef enum OsiErrorKind {
    OSI_OK = 0,
    OSI_ERR_NO_OS,        /* no guest OS recognised (firmware, boot loader) */
    OSI_ERR_UNMAPPED,     /* a virtual address has no translation */
    OSI_ERR_NOT_RAM,      /* a physical address is not RAM */
    OSI_ERR_BAD_DATA,     /* guest data contradicts itself (cycle, range...) */
    OSI_ERR_NO_SUCH,      /* no such task, symbol, member, feature */
    OSI_ERR_UNSUPPORTED,  /* known, but not done for this guest */
    OSI_ERR_LIMIT,        /* a bound on work was reached */
} OsiErrorKind;

/*
 * One way to fail in this room. Caller-owned, plain data, may be NULL where a
 * function says so. On failure the other outputs are untouched.
 */
typedef struct OsiError {
    OsiErrorKind kind;
    uint64_t address;     /* guest address the message is about, or 0 */
    char message[192];    /* one sentence, no newline */
} OsiError;

G_GNUC_PRINTF(4, 5)
bool osi_fail(OsiError *err, OsiErrorKind kind, uint64_t address,
              const char *fmt, ...);   /* always returns false; err may be NULL */

/*
 * Reader of guest-physical memory (not RAM offsets: above the PCI hole the two
 * differ). @read copies [pa, pa+len) to @buf and returns false, with @buf
 * unspecified, when any byte is not RAM. It must have no effect on the guest.
 * Not thread-safe: used by one thread at a time, with the guest stopped or
 * from a vCPU thread that owns the question.
 */
typedef struct OsiMemory {
    bool (*read)(void *opaque, uint64_t pa, void *buf, size_t len);
    void *opaque;
    uint64_t phys_limit;  /* one past the highest RAM address, bytes; 0 unknown */
} OsiMemory;

typedef enum OsiPaging {
    OSI_PAGING_NONE = 0,  /* CR0.PG clear: linear = physical */
    OSI_PAGING_32BIT,     /* 2 levels, 4-byte entries */
    OSI_PAGING_PAE,       /* 3 levels, 8-byte entries */
    OSI_PAGING_4LEVEL,
    OSI_PAGING_5LEVEL,
} OsiPaging;

/* A root of page tables: an address space as the hardware knows it. */
typedef struct OsiRoot {
    OsiPaging paging;
    uint64_t table;       /* physical address of the top table, bytes */
} OsiRoot;

/* Leaf found by a walk. Intel SDM vol. 3A ch. 4 / AMD APM vol. 2 ch. 5. */
typedef struct OsiLeaf {
    uint64_t pa;          /* physical address of the byte asked for */
    uint64_t size;        /* bytes mapped by the leaf: 4K, 2M/4M, 1G */
    bool writable, user, executable;  /* ANDed over the levels */
} OsiLeaf;

/* @err may be NULL. Never faults, never sets accessed/dirty bits. */
bool osi_translate(const OsiMemory *mem, OsiRoot root, uint64_t va,
                   OsiLeaf *leaf, OsiError *err);

/* All or nothing: reads [va, va+len) through @root. @err may be NULL. */
bool osi_read(const OsiMemory *mem, OsiRoot root, uint64_t va,
              void *buf, size_t len, OsiError *err);

/* One entry on the way to an address. */
typedef struct OsiLevel {
    int level;            /* counts down to 1, which maps 4 KiB */
    uint64_t address;     /* physical address of the entry */
    uint64_t entry;       /* its value */
    bool present, leaf;
    uint64_t next;        /* present: physical address of the next table; of a
                             leaf, of the byte asked for */
} OsiLevel;

/*
 * The walk for @va, from the top table down to a leaf or an entry that is not
 * present. False + @err when there is none, or a table is not RAM.
 */
typedef bool (*OsiLevelFn)(void *opaque, const OsiLevel *level);
bool osi_each_level(const OsiMemory *mem, OsiRoot root, uint64_t va,
                    OsiLevelFn fn, void *opaque, OsiError *err);

/*
 * Enumerate leaves that map [lo, hi) in ascending order until @fn returns
 * false. Bounded: visits at most @max_leaves leaves.
 */
typedef bool (*OsiLeafFn)(void *opaque, uint64_t va, const OsiLeaf *leaf);
bool osi_each_leaf(const OsiMemory *mem, OsiRoot root, uint64_t lo, uint64_t hi,
                   size_t max_leaves, OsiLeafFn fn, void *opaque,
                   OsiError *err);

#endif
