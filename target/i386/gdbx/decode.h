/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an instruction is and which registers it names, by capstone: what can be
 * known from its bytes alone, wherever it stands. capstone's types end in
 * decode*.c.
 */
#ifndef TARGET_I386_GDBX_DECODE_H
#define TARGET_I386_GDBX_DECODE_H

#include "hw/core/cpu.h"
#include "gdbx/isa-regs.h"

/* Longest instruction, bytes: Intel SDM vol. 2, 2.3.11. */
#define GDBX_INSN_MAX 15

/* Classes, as bits. An instruction may be in several. */
enum {
    GDBX_CLASS_CALL = 1 << 0,       /* far ones too */
    GDBX_CLASS_RET = 1 << 1,        /* far ones too; not iret */
    GDBX_CLASS_JMP = 1 << 2,        /* unconditional */
    GDBX_CLASS_JCC = 1 << 3,        /* conditional, loop and jcxz too */
    GDBX_CLASS_INDIRECT = 1 << 4,   /* call or jmp whose target is data */
    GDBX_CLASS_SYSCALL = 1 << 5,    /* syscall, sysenter, int 0x80 */
    GDBX_CLASS_MMX = 1 << 6,
    GDBX_CLASS_SSE = 1 << 7,
    GDBX_CLASS_AVX = 1 << 8,
    GDBX_CLASS_FPU = 1 << 9,        /* x87: opcodes 0xd8..0xdf, and wait */
    GDBX_CLASS_PRIVILEGED = 1 << 10,
    GDBX_CLASS_STRING = 1 << 11,
    GDBX_CLASS_REP = 1 << 12,       /* repeated string instruction */
    GDBX_CLASS_LOCK = 1 << 13,      /* with a lock prefix */
    GDBX_CLASS_FAR = 1 << 14,
};

typedef enum GdbxTargetKind {
    GDBX_TARGET_NONE,
    GDBX_TARGET_RELATIVE,   /* @disp from the end of the instruction */
    GDBX_TARGET_REGISTER,   /* in general register @base */
    GDBX_TARGET_MEMORY,     /* in memory at the operand */
    GDBX_TARGET_STACK,      /* on top of the stack */
} GdbxTargetKind;

/* General registers by number as instructions have it; -1: none, -2: rip. */
typedef struct GdbxInsn {
    uint8_t length;         /* bytes */
    uint8_t mode;           /* 16, 32, 64 */
    uint8_t size;           /* of what it pushes, pops or takes as target */
    uint8_t address_bits;
    uint8_t element;        /* STRING: bytes of one of its elements */
    uint16_t id;            /* capstone's number of the mnemonic */
    uint32_t classes;
    GdbxTargetKind target;
    int8_t base, index;     /* of the operand of a target in memory */
    uint8_t scale;
    int8_t segment;         /* R_ES..., of an override; -1: none */
    int64_t disp;
    GdbxIsaSet reads, writes;
    /* A register that becomes a copy of another, or a constant. */
    int16_t moves_to;       /* GdbxIsaReg, -1: no such */
    int16_t moves_from;     /* GdbxIsaReg, -1: @constant */
    uint8_t move_bytes;     /* 4 or 8: what is above becomes 0 */
    uint64_t constant;
} GdbxInsn;

/*
 * Decodes what @bytes begin with. False: capstone does not know it, or it is
 * longer than @len. Any thread.
 */
bool gdbx_decode(const uint8_t *bytes, size_t len, unsigned mode,
                 GdbxInsn *out);

/* "call qword ptr [rax + 8]" into @text; @pc: its address. */
bool gdbx_disassemble(const uint8_t *bytes, size_t len, unsigned mode,
                      uint64_t pc, char *text, size_t size);

/* Number of a mnemonic, in capstone's (Intel's) spelling; 0: there is none. */
unsigned gdbx_mnemonic(const char *name);
/* The other way; NULL: none. A constant. */
const char *gdbx_mnemonic_name(unsigned id);

#endif
