/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the ax*.c files only; ax.h is the contract. */
#ifndef GDBX_AX_INTERNAL_H
#define GDBX_AX_INTERNAL_H

#include "ax.h"

/*
 * Opcode numbers: appendix "The GDB Agent Expression Mechanism" of gdb's
 * manual, "Bytecode Descriptions".  The floating-point ones (0x01, 0x1b..0x1f)
 * are absent: no gdb has ever generated them.
 */
enum {
    AX_ADD = 0x02, AX_SUB, AX_MUL, AX_DIV_SIGNED, AX_DIV_UNSIGNED,
    AX_REM_SIGNED, AX_REM_UNSIGNED, AX_LSH, AX_RSH_SIGNED, AX_RSH_UNSIGNED,
    AX_TRACE, AX_TRACE_QUICK, AX_LOG_NOT, AX_BIT_AND, AX_BIT_OR, AX_BIT_XOR,
    AX_BIT_NOT, AX_EQUAL, AX_LESS_SIGNED, AX_LESS_UNSIGNED, AX_EXT,
    AX_REF8, AX_REF16, AX_REF32, AX_REF64,
    AX_IF_GOTO = 0x20, AX_GOTO, AX_CONST8, AX_CONST16, AX_CONST32, AX_CONST64,
    AX_REG, AX_END, AX_DUP, AX_POP, AX_ZERO_EXT, AX_SWAP, AX_GETV, AX_SETV,
    AX_TRACEV, AX_TRACENZ, AX_TRACE16,
    AX_PICK = 0x32, AX_ROT, AX_PRINTF,
    AX_OP_COUNT
};

/* What the verifier and the disassembler know of an opcode. */
typedef struct GdbxAxOp {
    const char *name;   /* gdb's; NULL: refused */
    uint8_t operand;    /* bytes that follow, the fixed part */
    uint8_t pops;
    uint8_t pushes;
} GdbxAxOp;

extern const GdbxAxOp gdbx_ax_ops[AX_OP_COUNT];

/* One decoded instruction: 16 bytes, four to a cache line. */
typedef struct GdbxAxInsn {
    uint8_t op;         /* every constN is AX_CONST64 here */
    uint16_t offset;    /* in the bytecode, for people */
    uint32_t target;    /* jumps: index of an instruction */
    uint64_t imm;       /* constant, number, shift of ext, mask of zero_ext,
                         * distance of pick, index of the format of printf */
} GdbxAxInsn;

struct GdbxAx {
    uint8_t *code;
    size_t len;
    GArray *insns;      /* of GdbxAxInsn */
    GPtrArray *formats; /* of GdbxAxFormat */
};

/* A big-endian number of SIZE bytes: operands in the bytecode. */
static inline uint64_t gdbx_ax_operand(const uint8_t *p, unsigned size)
{
    uint64_t v = 0;

    while (size--) {
        v = v << 8 | *p++;
    }
    return v;
}

/* ax-printf.c: formats, parsed when the expression is verified. */
typedef struct GdbxAxFormat GdbxAxFormat;

/*
 * TEXT is terminated and has C's escapes still in it, as gdb sends it.  NULL
 * and *REASON unless it is understood and takes exactly NARGS arguments.
 */
GdbxAxFormat *gdbx_ax_format_new(const char *text, unsigned nargs,
                                 char **reason);
void gdbx_ax_format_free(GdbxAxFormat *format);

/* TOP[0] is the first argument, TOP[-1] the second and so on down the stack. */
void gdbx_ax_print(const GdbxAxFormat *format, const uint64_t *top,
                   const GdbxAxEnv *env);

#endif
