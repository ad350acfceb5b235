/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small assembler of agent expressions, for tests.  Its opcode table was
 * typed from gdb's manual and shares nothing with the code under test: a
 * number that is wrong there disagrees with a number here.
 *
 *     "const8 5; loop: dup; if_goto loop; printf 1 'i=%d'; byte 0xff; end"
 *
 * A bad program is a mistake in a test and aborts.
 */
#ifndef GDBX_AX_ASM_H
#define GDBX_AX_ASM_H

#include <glib.h>
#include <stdint.h>

GByteArray *ax_asm(const char *program);

#endif
