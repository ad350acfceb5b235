/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that emit checks share: emit.c, emit-insn.c. */
#ifndef TARGET_I386_GDBX_EMIT_H
#define TARGET_I386_GDBX_EMIT_H

#include "gdbstub/gdbx/emit.h"

struct DisasContextBase;

/* The same, with what x86 needs. */
typedef struct GdbxI386Site {
    GdbxSite site;
    TCGv eip;
    uint32_t cc_op;      /* CCOp known at translation, or CC_OP_DYNAMIC */
} GdbxI386Site;

/*
 * Stores the state of the flags. It is restored from what insn_start says, but
 * string instructions take that back further on.
 */
void gdbx_i386_sync_flags(const GdbxI386Site *s);

/* Is a check of insn-sets.h wanted in front of the instruction? */
bool gdbx_i386_insn_wanted(const struct DisasContextBase *db);
/* Emits it, if that was said of the same instruction just before. */
void gdbx_i386_emit_insn(const struct DisasContextBase *db,
                         const GdbxI386Site *s);

#endif
