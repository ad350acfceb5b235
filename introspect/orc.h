/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ORC, the unwind tables of x86-64 Linux: for each range of code, where the
 * caller's stack pointer is. Pure: tables as bytes in, a rule out.
 *
 * Layout: arch/x86/include/asm/orc_types.h of Linux. It is no ABI: an entry's
 * bit fields come from BTF, the numbers of registers and kinds from what the
 * tables and two entries that the kernel itself makes up say.
 */
#ifndef INTROSPECT_ORC_H
#define INTROSPECT_ORC_H

#include "btf.h"

/* What a number in an entry means. */
typedef enum OsiOrcBase {
    OSI_ORC_UNDEFINED = 0,
    OSI_ORC_PREV_SP,        /* the caller's stack pointer */
    OSI_ORC_SP,
    OSI_ORC_BP,
    OSI_ORC_DX,
    OSI_ORC_DI,
    OSI_ORC_R10,
    OSI_ORC_R13,
    OSI_ORC_SP_INDIRECT,    /* the word at SP, plus the offset */
    OSI_ORC_BP_INDIRECT,    /* the word at BP + offset */
    OSI_ORC_UNKNOWN,        /* a number that no known coding has */
    OSI_ORC_BASES
} OsiOrcBase;

typedef enum OsiOrcKind {
    OSI_ORC_NOTHING,        /* no unwinding from here */
    OSI_ORC_END,            /* the outermost frame */
    OSI_ORC_CALL,           /* a return address lies below the caller's SP */
    OSI_ORC_REGS,           /* a whole struct pt_regs */
    OSI_ORC_PARTIAL,        /* only what the CPU pushed: ip cs flags sp ss */
} OsiOrcKind;

/* How to leave a frame. */
typedef struct OsiOrcRule {
    OsiOrcKind kind;
    OsiOrcBase sp, bp;
    int32_t sp_offset, bp_offset;   /* bytes */
    bool exact;             /* the next pc is where it was interrupted */
    uint8_t sp_number;      /* as in the table, for messages */
} OsiOrcRule;

/* Members of an entry; end and signal: size 0 = there is none. */
typedef struct OsiOrcLayout {
    OsiField sp_offset, bp_offset, sp_reg, bp_reg, type, end, signal;
    uint32_t size;          /* bytes of an entry */
} OsiOrcLayout;

/* What the numbers mean. */
typedef struct OsiOrcCoding {
    uint8_t base[16];       /* OsiOrcBase by number */
    uint8_t call;           /* the number of OSI_ORC_CALL */
    const char *name;       /* "5.10" or "7.2" numbers, for evidence */
} OsiOrcCoding;

/* Borrowed bytes: @n addresses (s32, each relative to itself) and entries. */
typedef struct OsiOrcTable {
    const uint8_t *ip, *entries;
    size_t n;
    uint64_t ip_va;         /* guest address of ip[0] */
} OsiOrcTable;

/* Layout from the kernel's types; false: the members are not as expected. */
bool osi_orc_layout(const OsiBtf *btf, OsiOrcLayout *l, OsiError *err);

/* Without types: the @i-th layout that was ever used; false: no such. */
bool osi_orc_known_layout(unsigned i, OsiOrcLayout *l);

/*
 * What the numbers mean, by how often they occur: the commonest base of the
 * stack pointer is SP, the commonest kind a call. False when the table looks
 * like nothing known: unsorted addresses, no such dominance.
 */
bool osi_orc_coding(const OsiOrcTable *t, const OsiOrcLayout *l,
                    OsiOrcCoding *c, OsiError *err);

/*
 * A second witness, may be asked after that: the entry that the kernel uses
 * where it has a frame pointer (orc_fp_entry). Does it say the same?
 */
bool osi_orc_agrees(const OsiOrcLayout *l, const OsiOrcCoding *c,
                    const uint8_t *fp_entry);

/* The rule for @pc; false when no entry covers it. */
bool osi_orc_find(const OsiOrcTable *t, const OsiOrcLayout *l,
                  const OsiOrcCoding *c, uint64_t pc, OsiOrcRule *rule);

/* Where the code of entry @i < @t->n begins. */
uint64_t osi_orc_address(const OsiOrcTable *t, size_t i);

/* Decode one entry. */
void osi_orc_rule(const OsiOrcLayout *l, const OsiOrcCoding *c,
                  const uint8_t *entry, OsiOrcRule *rule);

#endif
