/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses of CPUs to devices, as the files event-*.c of this room see them.
 *
 * access.c        from the hooks to the kinds of events
 * filter.c        which accesses a point means: `io' and `mmio'
 * names.c         regions and devices by name
 * last.c          the last value that passed at an address
 * event-io.c      ports
 * event-mmio.c    memory of devices
 * event-pci.c     PCI configuration space, which is behind both
 *
 * All in the vCPU thread that makes the access, but for what says otherwise.
 */
#ifndef HW_GDBX_ACCESS_H
#define HW_GDBX_ACCESS_H

#include "exec/memory.h"
#include "gdbstub/event.h"

/* One access of an instruction, as it arrives at a region. */
typedef struct HwAccess {
    bool port;              /* I/O port space, else physical memory */
    bool write;
    uint64_t address;       /* port, or physical address */
    MemoryRegion *mr;       /* that has it, if only QEMU's for what has none */
    uint64_t offset;        /* in @mr */
    unsigned size;          /* bytes: 1, 2, 4, 8 */
    uint64_t value;         /* that was read, or is being written */
} HwAccess;

/* An address range, or what has a name; in one direction or both. */
typedef struct HwFilter {
    bool port, memory;      /* the spaces it is about */
    uint64_t first, last;   /* addresses, inclusive */
    char *name;             /* of a region or its device; NULL: any */
    uint64_t offset, offset_last;       /* in what has that name, inclusive */
    int access;             /* BP_MEM_READ, BP_MEM_WRITE or both */
    unsigned size;          /* 0: any */
} HwFilter;

/* --- access.c ------------------------------------------------------------- */
/* Fields of `io' and `mmio', in this order; a port is known for ports only. */
enum {
    HW_FIELD_ADDRESS, HW_FIELD_VALUE, HW_FIELD_SIZE, HW_FIELD_WRITE,
    HW_FIELD_OFFSET, HW_FIELD_COUNT, HW_FIELD_PORT,
    /* HwAccess.mr, while match() is asked; it has no name. */
    HW_FIELD_REGION = GDBX_EVENT_FIELDS - 1
};

/* GdbxEventType.match and .text of both. */
bool hw_event_match(const void *filter, const GdbxEvent *ev);
void hw_event_text(CPUState *cs, GdbxEvent *ev);

/* GdbxEventType.changed of all kinds here. */
void hw_points_changed(void);

/* How event-pci.c hears of what may be configuration space. */
typedef bool (*HwConfigFn)(CPUState *cs, const HwAccess *a, uint64_t pc,
                           uintptr_t ra);
/* @wants: is @a one for which a point may be hit? @seen: true stops @cs. */
void hw_config_listener(bool (*wants)(const HwAccess *a), HwConfigFn seen);

/* --- filter.c --------------------------------------------------------------- */
/* As GdbxEventType.parse of `io' (@port) and `mmio'. */
HwFilter *hw_filter_parse(const char **args, bool port, char **why);
HwFilter *hw_filter_range(bool port, uint64_t first, uint64_t last, int access);
void hw_filter_free(void *filter);
void hw_filter_describe(const void *filter, GString *out);
bool hw_filter_match(const HwFilter *f, const HwAccess *a);
/* "N" or "N-M", numbers up to @max. */
bool hw_word_range(const char *word, uint64_t max, uint64_t *first,
                   uint64_t *last);
/* "in", "read", "out", "write": BP_MEM_*; else 0. */
int hw_word_access(const char *word);
/*
 * The next word or "several words", which may be empty. *args moves behind it.
 * NULL: there is none. g_free() it.
 */
char *hw_next_name(const char **args);

/* --- names.c ---------------------------------------------------------------- */
/*
 * Has @mr, a region around it, or the device of either this name (or id, or
 * type)? Then *@offset, which was in @mr, is in what has it.
 */
bool hw_region_named(const MemoryRegion *mr, const char *name,
                     uint64_t *offset);
/*
 * Is there anything called @name that one can access by memory (@memory) or at
 * all? Else *@why (g_free) says what is called nearly so. Main thread.
 */
bool hw_name_known(const char *name, bool memory, char **why);
/* Appends what is there: "e1000-mmio+0x38 (e1000 0000:00:03.0)". Any thread. */
void hw_append_place(GString *out, bool port, uint64_t address);

/* --- last.c ------------------------------------------------------------------ */
void hw_last_note(const HwAccess *a);
/* What was not seen is 0. vCPUs stopped. */
void hw_last_read(bool port, uint64_t address, uint8_t *buf, size_t len);

#endif
