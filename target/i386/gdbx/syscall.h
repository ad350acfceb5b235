/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GdbxArch.write_standing of x86, and what else it needs of system calls. */
#ifndef I386_GDBX_SYSCALL_H
#define I386_GDBX_SYSCALL_H

const char *gdbx_i386_write_standing(CPUState *cs, size_t offset,
                                     uint64_t value);


/* GdbxArch.thread_key. */
uint64_t gdbx_i386_thread_key(CPUState *cs);

#endif
