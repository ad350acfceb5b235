/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Agent expressions: the bytecode in which gdb sends breakpoint conditions
 * and dprintf commands ("The GDB Agent Expression Mechanism" in its manual).
 *
 * An expression arrives from outside, so it is verified once, decoded into an
 * array of instructions with resolved jumps, and is immutable from then on:
 * gdbx_ax_eval() needs no lock, may run in several threads on one expression,
 * allocates nothing, never recurses and ends after a bounded number of steps.
 *
 * Pure: GLib and libc only.  The files are ax.c (verifier), ax-eval.c,
 * ax-printf.c and ax-dis.c.
 *
 * Choices where the manual is silent:
 *  - the guest is little-endian (constants in the bytecode are big-endian);
 *  - integers wrap at 64 bits; INT64_MIN / -1 is INT64_MIN, its remainder 0;
 *  - a shift count is unsigned, from 64 on nothing but the sign remains;
 *  - ext n and zero_ext n take 1 <= n <= 64;
 *  - registers are zero-extended by the callback, gdb emits the ext it needs.
 */
#ifndef GDBX_AX_H
#define GDBX_AX_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bounds.  gdb's own expressions stay far below all of them. */
#define GDBX_AX_MAX_CODE   65535 /* bytes: jump targets have 16 bits */
#define GDBX_AX_MAX_STACK  64    /* values */
#define GDBX_AX_MAX_LOOP   10000 /* instructions repeated by backward jumps */
#define GDBX_AX_MAX_PRINTS 64    /* printf instructions in one evaluation */
#define GDBX_AX_MAX_PRINT  2048  /* bytes that one printf makes, rest is cut */
#define GDBX_AX_MAX_STRING 1024  /* bytes that one %s reads from the guest */

typedef struct GdbxAx GdbxAx;

typedef enum GdbxAxStatus {
    GDBX_AX_OK,
    GDBX_AX_BAD_MEMORY,     /* env->mem refused; *bad_address says where */
    GDBX_AX_BAD_REGISTER,   /* env->reg refused; *bad_address is the number */
    GDBX_AX_DIV_ZERO,
    GDBX_AX_TOO_LONG,       /* GDBX_AX_MAX_LOOP or _MAX_PRINTS exceeded */
    GDBX_AX_NO_VARIABLE,    /* no such trace state variable */
} GdbxAxStatus;

/*
 * What an expression can reach.  Callbacks run in the thread that evaluates,
 * in program order; a NULL callback refuses.  Each returns false to refuse and
 * then leaves its output alone.
 */
typedef struct GdbxAxEnv {
    /* REGNO is gdb's remote register number (order of target.xml). */
    bool (*reg)(void *opaque, unsigned regno, uint64_t *value);
    /* All LEN bytes or nothing.  LEN is 1, 2, 4, 8, or up to 64 for %s. */
    bool (*mem)(void *opaque, uint64_t addr, void *buf, size_t len);
    /* Output of one printf; TEXT is not terminated and may hold any byte. */
    void (*print)(void *opaque, const char *text, size_t len);
    /* Trace state variables, for tracepoint actions. */
    bool (*tsv_get)(void *opaque, unsigned number, int64_t *value);
    bool (*tsv_set)(void *opaque, unsigned number, int64_t value);
    void *opaque;
} GdbxAxEnv;

/*
 * Verify CODE (copied) and decode it.  Refused, with NULL and one line in
 * *REASON (may be NULL; g_free): empty or too long code, unknown or
 * floating-point opcodes, operands or jumps outside, jumps into the middle of
 * an instruction, a stack that underflows, exceeds GDBX_AX_MAX_STACK or
 * differs where paths join, code that runs off its end, a printf whose format
 * is not understood or does not fit its arguments.
 */
GdbxAx *gdbx_ax_new(const uint8_t *code, size_t len, char **reason);
void gdbx_ax_free(GdbxAx *ax);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GdbxAx, gdbx_ax_free)

/* The same bytecode?  NULL equals only NULL. */
bool gdbx_ax_equal(const GdbxAx *a, const GdbxAx *b);

/* Does an instruction of it, reachable or not, read register REGNO? */
bool gdbx_ax_reads(const GdbxAx *ax, unsigned regno);

/*
 * Run.  On GDBX_AX_OK *VALUE is the top of the stack at "end", 0 when the
 * stack is empty; else *VALUE is untouched and output made so far stays.
 * VALUE and BAD_ADDRESS may be NULL.
 *
 * The trace opcodes pop their operands and record nothing.  In printf a %s
 * whose string cannot be read prints "<error: address 0x...>" (a null pointer
 * "(null)") and goes on: one bad pointer must not end a trace.
 */
GdbxAxStatus gdbx_ax_eval(const GdbxAx *ax, const GdbxAxEnv *env,
                          uint64_t *value, uint64_t *bad_address);

/* A constant phrase, no full stop. */
const char *gdbx_ax_status_text(GdbxAxStatus status);

/* One line per instruction: "  offset  name operand". */
void gdbx_ax_disassemble(const GdbxAx *ax, GString *out);

#endif
