/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the kernel's code is unwound, as the kernel's own tables say, for whoever
 * makes another format of them. Rules: see guest.h.
 */
#ifndef INTROSPECT_UNWIND_H
#define INTROSPECT_UNWIND_H

#include "introspect/symbol.h"

/* How a stretch of code is left. */
typedef enum OsiUnwindKind {
    OSI_UNWIND_NOTHING,     /* nothing is known: the stack ends here */
    OSI_UNWIND_END,         /* the outermost function */
    OSI_UNWIND_CALL,        /* the return address is the word below the CFA */
    OSI_UNWIND_REGS,        /* a whole struct pt_regs lies at the CFA */
    OSI_UNWIND_PARTIAL,     /* ip cs flags sp ss, a word each, lie at the CFA */
} OsiUnwindKind;

/* What offsets are added to. */
typedef enum OsiUnwindBase {
    OSI_UNWIND_SP, OSI_UNWIND_BP, OSI_UNWIND_DX, OSI_UNWIND_DI, OSI_UNWIND_R10,
    OSI_UNWIND_R13,
    OSI_UNWIND_SP_INDIRECT, /* the word at SP, then plus the offset */
    OSI_UNWIND_BP_INDIRECT, /* the word at BP plus the offset */
} OsiUnwindBase;

/* Where the caller's frame pointer is. */
typedef enum OsiUnwindBp {
    OSI_UNWIND_BP_SAME,     /* in its register */
    OSI_UNWIND_BP_AT_CFA,   /* at the CFA plus bp_offset */
    OSI_UNWIND_BP_AT_BP,    /* at BP plus bp_offset */
} OsiUnwindBp;

/* Code from @address up to the next row. CFA: the address that is worked out. */
typedef struct OsiUnwindRow {
    uint64_t address;
    OsiUnwindKind kind;
    OsiUnwindBase base;
    OsiUnwindBp bp;
    int32_t offset, bp_offset;  /* bytes */
    bool exact;             /* what is found is where the code was interrupted,
                               not a return address */
} OsiUnwindRow;

typedef bool (*OsiUnwindFn)(void *opaque, const OsiUnwindRow *row);

/*
 * All rows of the kernel proper, or of module @m, ascending by address; false
 * from @fn ends it. OSI_ERR_NO_SUCH: it has no such tables.
 */
bool osi_each_unwind(OsiGuest *g, const OsiModule *m, OsiUnwindFn fn,
                     void *opaque, OsiError *err);

/* Does all of the kernel's code keep frame pointers? Asked where it has none. */
bool osi_frame_pointers(OsiGuest *g);

/* The kernel's build id in hexadecimal, owned by @g; NULL unknown. */
const char *osi_build_id(OsiGuest *g);

#endif
