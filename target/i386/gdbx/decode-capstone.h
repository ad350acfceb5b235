/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between decode.c and decode-regs.c: nobody else sees capstone. */
#ifndef TARGET_I386_GDBX_DECODE_CAPSTONE_H
#define TARGET_I386_GDBX_DECODE_CAPSTONE_H

#include <capstone.h>
#include "gdbx/decode.h"

/* Fills the sets of @out, whose classes are known. */
void gdbx_decode_registers(csh h, const cs_insn *in, GdbxInsn *out);

#endif
