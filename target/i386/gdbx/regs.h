/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Register layout of x86 user threads, as data. */
#ifndef TARGET_I386_GDBX_REGS_H
#define TARGET_I386_GDBX_REGS_H

#include "gdbstub/gdbx-arch.h"

const char *gdbx_i386_process_xml(bool compat32);
unsigned gdbx_i386_process_regs(bool compat32, unsigned *in_g);
bool gdbx_i386_read_user(const GdbxUserThread *t, unsigned n, GByteArray *out,
                         unsigned *size);
unsigned gdbx_i386_write_user(const GdbxUserThread *t, unsigned n,
                              const uint8_t *buf, size_t len);
bool gdbx_i386_condition_reg(CPUState *cs, GdbxView view, unsigned n,
                             uint64_t pc, uint64_t *value);

#endif
