/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unwind rows of the kernel as DWARF call frame information (DWARF 4, 6.4), for
 * gdb. Numbers of registers: System V ABI for x86-64, 3.6.2; struct pt_regs:
 * arch/x86/include/uapi/asm/ptrace.h, which cannot change.
 *
 * A description (FDE) is a run of rows of one class, cut now and then so that
 * gdb has little to execute for a frame; functions do not matter here. What is
 * the same in a class stands in its CIE, so a row says the CFA and where the
 * frame pointer is, no more.
 *
 * Where code was interrupted and not called from, gdb has to know ("S"), or it
 * looks the outer frame up one byte too low. It shows such a frame as <signal
 * handler called>; system calls, which are as good as called, are left out.
 */
#include <string.h>
#include "kernel-elf.h"

#define ROWS_MAX 48             /* in one FDE */

enum { CFA_ADVANCE = 0x40, CFA_OFFSET = 0x80, CFA_RESTORE = 0xc0,
       CFA_ADVANCE1 = 0x02, CFA_ADVANCE2 = 0x03, CFA_ADVANCE4 = 0x04,
       CFA_UNDEFINED = 0x07, CFA_SAME = 0x08, CFA_DEF = 0x0c,
       CFA_DEF_OFFSET = 0x0e, CFA_DEF_EXPRESSION = 0x0f,
       CFA_EXPRESSION = 0x10, CFA_OFFSET_SF = 0x11 };
enum { OP_DEREF = 0x06, OP_CONSTS = 0x11, OP_PLUS = 0x22, OP_BREG = 0x70 };

enum { D_RDX = 1, D_RBX = 3, D_RSI = 4, D_RDI = 5, D_BP = 6, D_SP = 7,
       D_R10 = 10, D_R12 = 12, D_R13 = 13, D_RIP = 16, D_FLAGS = 49,
       D_CS = 51, D_SS = 52 };

typedef enum Class {
    CLASS_CALL, CLASS_REGS, CLASS_REGS_CALL, CLASS_PARTIAL, CLASS_END, CLASSES
} Class;

struct GdbxCfi {
    GByteArray *out;
    unsigned word;
    uint64_t base;
    guint cie[CLASSES];         /* where each is in @out */
    guint fde;                  /* the open one, 0 none */
    guint rows;                 /* in it */
    Class class;
    uint64_t start, at;         /* of it; what its last row begins at */
    OsiUnwindRow last;
    bool ended;                 /* the stack ends, by its last row */
};

/* ---- bytes ---- */

static void put(GByteArray *b, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        uint8_t byte = value >> 8 * i;

        g_byte_array_append(b, &byte, 1);
    }
}

static void put_at(GByteArray *b, guint at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        b->data[at + i] = value >> 8 * i;
    }
}

static void uleb(GByteArray *b, uint64_t value)
{
    do {
        put(b, (value & 0x7f) | (value > 0x7f ? 0x80 : 0), 1);
        value >>= 7;
    } while (value);
}

static void sleb(GByteArray *b, int64_t value)
{
    bool more = true;

    while (more) {
        uint8_t byte = value & 0x7f;

        value >>= 7;
        more = !(value == (byte & 0x40 ? -1 : 0));
        put(b, byte | (more ? 0x80 : 0), 1);
    }
}

/* DW_CFA_nop up to a multiple of a word; fills the length in. */
static void close_entry(GdbxCfi *c, guint start)
{
    while ((c->out->len - start - 4) % c->word) {
        put(c->out, 0, 1);
    }
    put_at(c->out, start, c->out->len - start - 4);
}

/* ---- CIEs ---- */

/* Saved at the CFA plus @offset, a multiple of a word. */
static void saved(GdbxCfi *c, unsigned reg, int offset)
{
    put(c->out, CFA_OFFSET_SF, 1);
    uleb(c->out, reg);
    sleb(c->out, -(offset / (int)c->word));
}

/* A caller's are unknown: rows tell of SP, BP and the return address alone. */
static void rules_of_call(GdbxCfi *c)
{
    static const uint8_t lost[] = { 0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13,
                                    14, 15 };

    saved(c, D_RIP, -(int)c->word);
    for (size_t i = 0; i < G_N_ELEMENTS(lost); i++) {
        put(c->out, CFA_UNDEFINED, 1);
        uleb(c->out, lost[i]);
    }
}

static void rules_of_regs(GdbxCfi *c)
{
    /* In the order of struct pt_regs; 0x7f: orig_ax, of no register. */
    static const uint8_t order[] = { 15, 14, 13, 12, D_BP, D_RBX, 11, 10, 9, 8,
                                     0, 2, D_RDX, D_RSI, D_RDI, 0x7f, D_RIP,
                                     D_CS, D_FLAGS, D_SP, D_SS };

    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
        if (order[i] != 0x7f) {
            saved(c, order[i], i * c->word);
        }
    }
}

static void rules_of_partial(GdbxCfi *c)
{
    static const uint8_t order[] = { D_RIP, D_CS, D_FLAGS, D_SP, D_SS };

    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
        saved(c, order[i], i * c->word);
    }
}

static void put_cie(GdbxCfi *c, Class class)
{
    bool interrupted = class == CLASS_REGS || class == CLASS_PARTIAL;
    guint start = c->cie[class] = c->out->len;

    put(c->out, 0, 4);
    put(c->out, 0xffffffff, 4);
    put(c->out, 1, 1);                          /* version */
    g_byte_array_append(c->out, (const uint8_t *)(interrupted ? "zS" : "z"),
                        interrupted ? 3 : 2);
    uleb(c->out, 1);                            /* code alignment */
    sleb(c->out, -(int)c->word);                /* data alignment */
    put(c->out, D_RIP, 1);                      /* return address */
    uleb(c->out, 0);                            /* augmentation data */
    put(c->out, CFA_DEF, 1);
    uleb(c->out, D_SP);
    uleb(c->out, c->word);
    if (class == CLASS_CALL) {
        rules_of_call(c);
    } else if (class == CLASS_REGS || class == CLASS_REGS_CALL) {
        rules_of_regs(c);
    } else if (class == CLASS_PARTIAL) {
        rules_of_partial(c);
    } else {
        put(c->out, CFA_UNDEFINED, 1);
        uleb(c->out, D_RIP);
    }
    close_entry(c, start);
}

GdbxCfi *gdbx_cfi_new(unsigned word, uint64_t base)
{
    GdbxCfi *c = g_new0(GdbxCfi, 1);

    c->out = g_byte_array_new();
    c->word = word;
    c->base = base;
    for (int i = 0; i < CLASSES; i++) {
        put_cie(c, i);
    }
    return c;
}

/* ---- FDEs ---- */

static void close_fde(GdbxCfi *c, uint64_t end)
{
    guint range = c->fde + 8 + c->word;

    if (!c->fde) {
        return;
    }
    put_at(c->out, range, end - c->start);
    if (c->word == 8) {
        put_at(c->out, range + 4, (end - c->start) >> 32);
    }
    close_entry(c, c->fde);
    c->fde = 0;
}

static void open_fde(GdbxCfi *c, Class class, uint64_t at)
{
    c->fde = c->out->len;
    c->rows = 0;
    c->class = class;
    c->start = c->at = at;
    c->ended = false;
    c->last = (OsiUnwindRow) { .base = OSI_UNWIND_SP, .offset = c->word };
    put(c->out, 0, 4);
    put(c->out, c->cie[class], 4);
    put(c->out, at - c->base, c->word);
    put(c->out, 0, c->word);
    uleb(c->out, 0);
}

static void advance(GdbxCfi *c, uint64_t to)
{
    uint64_t by = to - c->at;

    if (!by) {
        return;
    }
    if (by < 64) {
        put(c->out, CFA_ADVANCE | by, 1);
    } else if (by <= 0xff) {
        put(c->out, CFA_ADVANCE1, 1);
        put(c->out, by, 1);
    } else if (by <= 0xffff) {
        put(c->out, CFA_ADVANCE2, 1);
        put(c->out, by, 2);
    } else {
        put(c->out, CFA_ADVANCE4, 1);
        put(c->out, by, 4);
    }
    c->at = to;
}

static unsigned register_of(OsiUnwindBase base)
{
    switch (base) {
    case OSI_UNWIND_BP: case OSI_UNWIND_BP_INDIRECT:
        return D_BP;
    case OSI_UNWIND_DX:
        return D_RDX;
    case OSI_UNWIND_DI:
        return D_RDI;
    case OSI_UNWIND_R10:
        return D_R10;
    case OSI_UNWIND_R13:
        return D_R13;
    default:
        return D_SP;
    }
}

static void put_cfa(GdbxCfi *c, const OsiUnwindRow *r)
{
    g_autoptr(GByteArray) e = g_byte_array_new();
    bool plain = r->base != OSI_UNWIND_SP_INDIRECT &&
                 r->base != OSI_UNWIND_BP_INDIRECT;

    if (c->last.base == r->base && c->last.offset == r->offset) {
        return;
    }
    if (plain && r->offset >= 0) {
        /* Only behind a rule that is a register and an offset too. */
        if (c->last.base == r->base && c->last.offset >= 0) {
            put(c->out, CFA_DEF_OFFSET, 1);
        } else {
            put(c->out, CFA_DEF, 1);
            uleb(c->out, register_of(r->base));
        }
        uleb(c->out, r->offset);
        return;
    }
    put(e, OP_BREG + register_of(r->base), 1);
    sleb(e, r->base == OSI_UNWIND_SP_INDIRECT ? 0 : r->offset);
    if (!plain) {
        put(e, OP_DEREF, 1);
    }
    if (r->base == OSI_UNWIND_SP_INDIRECT && r->offset) {
        put(e, OP_CONSTS, 1);
        sleb(e, r->offset);
        put(e, OP_PLUS, 1);
    }
    put(c->out, CFA_DEF_EXPRESSION, 1);
    uleb(c->out, e->len);
    g_byte_array_append(c->out, e->data, e->len);
}

static void put_bp(GdbxCfi *c, const OsiUnwindRow *r)
{
    g_autoptr(GByteArray) e = g_byte_array_new();

    if (c->last.bp == r->bp && (r->bp == OSI_UNWIND_BP_SAME ||
                                c->last.bp_offset == r->bp_offset)) {
        return;
    }
    switch (r->bp) {
    case OSI_UNWIND_BP_SAME:
        put(c->out, CFA_SAME, 1);
        uleb(c->out, D_BP);
        return;
    case OSI_UNWIND_BP_AT_CFA:
        if (r->bp_offset % (int)c->word == 0) {
            if (r->bp_offset <= 0) {
                put(c->out, CFA_OFFSET | D_BP, 1);
                uleb(c->out, -r->bp_offset / (int)c->word);
            } else {
                saved(c, D_BP, r->bp_offset);
            }
            return;
        }
        /* No kernel does that: the stack is made of words. */
        put(c->out, CFA_UNDEFINED, 1);
        uleb(c->out, D_BP);
        return;
    case OSI_UNWIND_BP_AT_BP:
        put(e, OP_BREG + D_BP, 1);
        sleb(e, r->bp_offset);
        put(c->out, CFA_EXPRESSION, 1);
        uleb(c->out, D_BP);
        uleb(c->out, e->len);
        g_byte_array_append(c->out, e->data, e->len);
        return;
    }
}

/*
 * Between functions are bytes that nobody executes: a row that ends the stack
 * is one of the same FDE, or there would be two for each function.
 */
static void put_end(GdbxCfi *c, bool end)
{
    if (end != c->ended) {
        if (end) {
            put(c->out, CFA_UNDEFINED, 1);
            uleb(c->out, D_RIP);
        } else {
            put(c->out, CFA_RESTORE | D_RIP, 1);
        }
        c->ended = end;
    }
}

static Class class_of(const OsiUnwindRow *r, bool call)
{
    switch (r->kind) {
    case OSI_UNWIND_CALL:
        return CLASS_CALL;
    case OSI_UNWIND_REGS:
        return r->exact && !call ? CLASS_REGS : CLASS_REGS_CALL;
    case OSI_UNWIND_PARTIAL:
        return CLASS_PARTIAL;
    default:
        return CLASS_CALL;      /* see put_end() */
    }
}

void gdbx_cfi_row(GdbxCfi *c, const OsiUnwindRow *r, bool call)
{
    Class class = class_of(r, call);

    if (c->fde && (class != c->class || c->rows >= ROWS_MAX ||
                   r->address - c->at > G_MAXUINT32)) {
        close_fde(c, r->address);
    }
    if (!c->fde) {
        open_fde(c, class, r->address);
    }
    c->rows++;
    advance(c, r->address);
    if (class == CLASS_CALL) {
        put_end(c, r->kind < OSI_UNWIND_CALL);
        if (c->ended) {
            return;
        }
        put_bp(c, r);
    }
    put_cfa(c, r);
    c->last = *r;
}

void gdbx_cfi_end_in(GdbxCfi *c, uint64_t from, uint64_t to)
{
    close_fde(c, from);
    open_fde(c, CLASS_END, from);
    close_fde(c, to);
}

GByteArray *gdbx_cfi_finish(GdbxCfi *c, uint64_t end)
{
    GByteArray *out = c->out;

    close_fde(c, end);
    g_free(c);
    return out;
}
