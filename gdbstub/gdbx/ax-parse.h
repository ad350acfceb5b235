/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions as a person types them, made into agent expressions (ax.h).
 *
 *   expression:  ?:  ||  &&  |  ^  &  == !=  < <= > >=  << >>  + -  * / %
 *                unary ! ~ - +, parentheses, as in C
 *   numbers:     10, 0x10, 017, 'A'
 *   names:       $NAME, whatever the caller knows
 *   casts:       (u8) (s8) ... (u64) (s64), and the names that C and
 *                <stdint.h> have for them (LP64)
 *   memory:      *(u32 *)EXPR, u32[EXPR]
 *
 * Every value has 64 bits. Names, what is read as u64 and numbers above
 * INT64_MAX are unsigned; all else is signed (C's promotions, with 64 bits).
 * An operation is unsigned when one of its operands is, a shift when its left
 * one is. So `$rax < 0' is never true; say `(s64)$rax < 0'.
 *
 * Pure: GLib and libc only.
 */
#ifndef GDBX_AX_PARSE_H
#define GDBX_AX_PARSE_H

#include "ax.h"

#define GDBX_AX_MAX_NAME 64     /* with its end; longer ones are unknown */

typedef struct GdbxAxNames {
    /* The number that NAME (without $) is read by; false: there is none. */
    bool (*find)(void *opaque, const char *name, unsigned *number);
    void *opaque;
} GdbxAxNames;

/*
 * One expression at the beginning of *TEXT, which moves behind it: to the end
 * or to what cannot go on an expression (a word). NULL with *REASON (g_free),
 * which names the column, counted from 1 where *TEXT was, if there is none.
 */
GdbxAx *gdbx_ax_parse(const char **text, const GdbxAxNames *names,
                      char **reason);

/*
 * "FORMAT" [, EXPRESSION]...: prints, as the printf opcode does. A format that
 * does not end a line is given the end.
 */
GdbxAx *gdbx_ax_parse_printf(const char **text, const GdbxAxNames *names,
                             char **reason);

#endif
